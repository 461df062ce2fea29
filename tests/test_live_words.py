"""What Live says and draws of one moment: every part of the screen by the same level, and all that acts on the cell."""

import numpy as np
import pytest

from test_simulation import scenario
from trafficking.dashboard import felt, picture, scenes, words
from trafficking.simulation import Run


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
