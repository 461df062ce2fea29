"""What Live says and draws of one moment: every part of the screen by the same level, and all that acts on the cell."""

import numpy as np
import pytest

from test_simulation import scenario
from trafficking import results
from trafficking.dashboard import cell_view, felt, picture, scenes, words
from trafficking.dashboard.forks import Future
from trafficking.simulation import Run
from trafficking.treatments import SWITCHES


@pytest.mark.parametrize(("reference", "level"), words.REFERENCES.items())
def test_sentence_numbers_and_felt_signal_are_of_one_level(reference: str, level: str):
    """A cell that starts under much insulin recovers beyond its start, and above what is 100 % or not: all say so."""
    start = {"state": "steady", "insulin": "10 nM"}
    given = scenario(tissue="muscle", reference=reference, start=start, parameters={}, resolution="mean")
    run = Run(given, seed=1)
    run.advance(5.0)
    run.steer(0.0, until_min=1440.0)
    run.advance()
    moment = scenes.Moment.of(run)
    scene = scenes.Scene("finished", 1, run.scenario, time_min=run.time_min, moment=moment)
    shown = picture.Picture(scene, moment, picture.Ground.of(scene))
    _, percent, rest = shown.headline
    assert f" of {level} (" in rest
    assert level in words.base(shown.ground.base, shown.ground.of_words)
    seen = felt.Feeling.of_moment(moment, run.scenario)
    assert 100.0 * seen.now.surface / seen.usual.surface == pytest.approx(shown.now[0][1], rel=1e-9)
    assert f"with {percent} of the receptors" in seen.words
    assert level in seen.words
    curves = np.frombuffer(seen.curves, dtype="<f4")
    highest = curves[len(curves) // 2 :].max()
    assert f"gives {100.0 * seen.most:.0f} % of the signal" in seen.words
    assert highest == pytest.approx(seen.most, rel=2e-3), "the plot says what the words say"
    assert max(seen.most, curves.max(), seen.view["signal"]) < seen.top, "and holds it"
    assert max(seen.rungs) < seen.top <= 1.5 * max(1.0, seen.most)
    if reference == "start":
        assert seen.most > 1.2


def test_the_sentence_says_all_that_acts_on_the_cell_now():
    future = Future(Run(scenario(resolution="mean"), seed=1))
    cell = cell_view.Cell()

    def said() -> tuple[str, str]:
        run = future.run
        moment = scenes.Moment.of(run)
        shown = scenes.Scene("paused", 1, run.scenario, time_min=run.time_min, moment=moment, levels=scenes.levels(run))
        cell.show(shown, moment)
        headline = picture.Picture(shown, moment, picture.Ground.of(shown)).headline
        return headline[2].partition(") ")[2], cell.view.clock

    future.run.advance(60.0)
    assert said() == ("after 30 min at 10 nM.", "1 h · 10 nM")
    future.treat("monensin", 1.0)
    assert said() == ("after 30 min at 10 nM, with monensin.", "1 h · 10 nM · monensin")
    future.treat("chloroquine", 0.4)
    future.treat("temperature", 4.0)
    sentence, clock = said()
    assert sentence == "after 30 min at 10 nM, with chloroquine at 40 % and monensin, at 4 °C."
    assert clock == "1 h · 10 nM · chloroquine at 40 % · monensin · 4 °C"
    future.run.advance(70.0)
    for name in ("monensin", "chloroquine"):
        future.treat(name, 0.0)
    assert said()[0] == "after 40 min at 10 nM, at 4 °C."
    future.treat("temperature", 37.0)
    assert said()[0] == "after 40 min at 10 nM."


@pytest.mark.parametrize("name", SWITCHES)
def test_a_treatment_of_the_scenario_is_marked_on_the_plot(name: str):
    """And one by hand is marked once, as by hand."""
    drug = {"celsius": 25.0} if name == "temperature" else {"strength": 0.5}
    given = scenario(treatments=[{"kind": name, "at": "40 min", "until": "1 h", **drug}])
    end = words.change(name, 37.0 if name == "temperature" else 0.0)
    marks = picture.Ground(given, results.reference(given), ()).marks
    assert [40.0, words.change(name, 25.0 if name == "temperature" else 0.5), False] in marks
    assert [60.0, end, False] in marks
    assert len(marks) == 4, "insulin comes and goes as well"
    by_hand = (scenes.Steering(60.0, name, 0.5, 0.0),)
    assert [60.0, end, False] not in picture.Ground(given, results.reference(given), by_hand).marks
