"""Two futures of one run: the way back changes no bit, and what was done by hand can be run again as a scenario."""

import io as streams
import zipfile

import pandas as pd
import pytest

from sessions import Opened, until
from trafficking import io, scenario_text, treatments
from trafficking.dashboard import exports, forks, picture, scenes, words
from trafficking.dashboard.forks import INSULIN, Future
from trafficking.dashboard.futures import Branching
from trafficking.dashboard.plot import TimeSeries
from trafficking.dashboard.scenes import Steering
from trafficking.scenario import Scenario
from trafficking.simulation import Run, simulate

RESOLUTIONS = ["agents", "counts", "mean"]


def small(name: str = "chronic_insulin", resolution: str = "agents") -> Scenario:
    return io.load_scenario(name, {"receptors": "2000", "resolution": resolution})


def watched(scenario: Scenario, until_min: float, seed: int = 1) -> Future:
    """A run that was carried to a minute as a page does it: in pieces, with states kept on the way."""
    future = Future(Run(scenario, seed=seed))
    while future.run.time_min < until_min:
        came = future.run.time_min
        future.run.advance(min(came + 40.0, until_min))
        future.keep()
        assert future.run.time_min > came
    return future


def finished(future: Future) -> dict[str, bytes]:
    future.run.advance()
    return io.table_files(future.run.result())


# -- back in time ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("resolution", RESOLUTIONS)
@pytest.mark.parametrize("name", ["chronic_insulin", "three_meals_lean_liver"])
@pytest.mark.parametrize("at_min", [0.0, 61.0, 700.0])
def test_where_nothing_is_changed_both_futures_are_the_same_bytes(name: str, resolution: str, at_min: float):
    one = watched(small(name, resolution), 1400.0)
    other = one.back(at_min)
    other.run.advance(at_min)
    assert other.run.time_min <= at_min
    assert finished(other) == finished(one) == io.table_files(simulate(small(name, resolution)))


def test_with_another_seed_the_second_future_is_another():
    one = watched(small(), 700.0)
    assert finished(watched(small(), 700.0, seed=2).back(300.0))["counts.csv"] != finished(one)["counts.csv"]


@pytest.mark.parametrize("resolution", RESOLUTIONS)
def test_a_change_leaves_the_past_as_it_was_and_replays_as_a_scenario(resolution: str):
    one = watched(small(resolution=resolution), 1400.0)
    other = one.back(300.0)
    other.run.advance(300.0)
    other.steer(0.5)
    other.run.advance(500.0)
    other.treat("monensin", 1.0)
    tables, kept = finished(other), finished(one)
    rows = {name: pd.read_csv(streams.BytesIO(files["counts.csv"])) for name, files in {"a": tables, "b": kept}.items()}
    before = {name: table[table["time_min"] <= 300.0] for name, table in rows.items()}
    pd.testing.assert_frame_equal(before["a"], before["b"])
    assert not rows["a"].equals(rows["b"])
    assert tables == io.table_files(simulate(other.run.scenario))


def test_states_are_kept_on_the_way_and_spare_most_of_the_work():
    one = watched(small(), 2900.0)
    times = [state.time_min for state in one._kept]
    assert len(times) == forks._STATES - 1
    assert max(b - a for a, b in zip([0.0, *times], [*times, 2900.0], strict=True)) < 2940.0 / forks._STATES + 60.0
    assert one.back(1000.0).run.time_min == max(time for time in times if time <= 1000.0)
    assert one.back(10.0).run.time_min == 0.0


def test_of_a_cell_too_large_no_state_is_kept_and_the_way_back_starts_at_the_start(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(forks, "_LARGEST_STATE", 1000)
    one = watched(small(), 1400.0)
    assert one._kept == []
    assert finished(one.back(900.0)) == finished(one)


def test_a_run_made_longer_again_and_again_keeps_few_states():
    one = watched(small(resolution="mean"), 2940.0)
    for i in range(6):
        one.steer(0.1 * (i + 1))
        while not one.run.finished:
            one.run.advance(one.run.time_min + 40.0)
            one.keep()
    assert len(one._kept) <= forks._STATES + 4
    assert finished(one.back(5000.0)) == finished(one)


# -- what is done by hand ----------------------------------------------------------------------------------------------


def test_every_change_is_written_down_with_old_and_new():
    future = watched(small(), 100.0)
    future.steer(2.0)
    future.steer(3.0)  # the hand had not finished
    future.treat("chloroquine", 1.0)
    future.run.advance(200.0)
    future.treat("chloroquine", 0.0)
    future.treat("temperature", 23.0)
    future.steer(3.0)  # nothing new
    assert future.steering == (
        Steering(100.0, INSULIN, 10.0, 3.0),
        Steering(100.0, "chloroquine", 0.0, 1.0),
        Steering(200.0, "chloroquine", 1.0, 0.0),
        Steering(200.0, "temperature", 37.0, 23.0),
    )
    assert dict(scenes.levels(future.run)) == dict.fromkeys(treatments.SWITCHES, 0.0) | {"temperature": 23.0}


def test_back_in_time_other_changes_stay_planned_until_they_are_made_anew():
    one = watched(small(), 100.0)
    one.steer(2.0)
    one.run.advance(200.0)
    one.treat("monensin", 1.0)
    one.run.advance(300.0)
    other = one.back(50.0)
    other.run.advance(50.0)
    assert (other.passed(), other.steering) == ((), one.steering)
    other.steer(0.7)
    assert [row.name for row in other.steering] == [INSULIN, "monensin"]
    other.run.advance(250.0)
    assert [row.time_min for row in other.passed()] == [50.0, 200.0]
    assert dict(scenes.levels(other.run))["monensin"] == 1.0
    assert other.run.insulin_nM == 0.7


def test_a_treatment_after_the_end_takes_the_run_further():
    future = watched(small(resolution="mean"), 2940.0)
    future.treat("cycloheximide", 1.0)
    assert future.run.duration_min == 2940.0 + forks.FURTHER_MIN
    assert finished(future) == io.table_files(simulate(future.run.scenario))


@pytest.mark.parametrize("resolution", RESOLUTIONS)
@pytest.mark.parametrize("name", ["chronic_insulin", "three_meals_lean_liver", "cycloheximide_chase"])
@pytest.mark.parametrize("at_min", [0.0, 100.0])
def test_a_run_treated_on_the_way_is_that_of_its_own_scenario(name: str, resolution: str, at_min: float):
    run = Run(small(name, resolution), seed=3)
    run.advance(at_min)
    for treatment, level in (
        ("cycloheximide", 0.5),
        ("monensin", 1.0),
        ("temperature", 25.0),
        ("kinase_inhibitor", 1.0),
    ):
        run.treat(treatments.switched(run.scenario.treatments, treatment, run.time_min, level))
    run.advance(at_min + 100.0)
    for treatment, level in (("monensin", 0.0), ("temperature", 37.0)):
        run.treat(treatments.switched(run.scenario.treatments, treatment, run.time_min, level))
    run.advance()
    assert io.table_files(run.result()) == io.table_files(simulate(run.scenario, seed=3))
    assert io.table_files(run.result()) != io.table_files(simulate(small(name, resolution), seed=3))


def test_the_past_of_a_run_is_not_treated():
    run = Run(small())
    run.advance(100.0)
    with pytest.raises(ValueError, match="the past up to 100 min, .* stay as they are"):
        run.treat(treatments.switched((), "monensin", 50.0, 1.0))


@pytest.mark.parametrize(
    ("name", "level", "said"),
    [
        ("monesin", 1.0, "'monesin' given; allowed are .*; did you mean 'monensin'"),
        ("monensin", 1.5, "strength: 1.5 given; a number of at least 0, at most 1"),
        ("temperature", 60.0, "celsius: 60.0 given; a number of at least 0, at most 45"),
    ],
)
def test_what_is_no_treatment_is_refused(name: str, level: float, said: str):
    with pytest.raises(ValueError, match=said):
        treatments.switched((), name, 10.0, level)


def test_switching_on_and_off_at_one_minute_has_done_nothing():
    on = treatments.switched((), "monensin", 10.0, 1.0)
    assert treatments.switched(on, "monensin", 10.0, 0.0) == ()
    off = treatments.switched(on, "monensin", 20.0, 0.0)
    assert treatments.switched(off, "monensin", 20.0, 1.0) == on
    assert [treatments.level(off, "monensin", time) for time in (5.0, 10.0, 20.0)] == [0.0, 1.0, 0.0]


# -- the session -------------------------------------------------------------------------------------------------------


def test_a_session_goes_back_changes_one_thing_and_shows_both_futures(opened: Opened):
    one, screen = opened(small())
    until(lambda: screen.last.time_min > 600.0)
    one.fork(300.0)
    until(lambda: screen.last.status == "paused")
    assert screen.last.time_min == 300.0
    ghost = screen.last.ghost
    assert (ghost.from_min, ghost.steering) == (300.0, ())
    assert ghost.moment.recorded["time_min"][-1] > 600.0
    one.steer(0.2)
    one.play()
    until(lambda: screen.last.status == "finished")
    shown = picture.Picture(screen.last, screen.last.moment, picture.Ground.of(screen.last))
    times, columns = shown.ghost
    assert (times[0], columns[0, -1]) == (300.0, 10.0)
    assert columns[1, -1] < shown.curves[0, -1]
    assert len(shown.ghost_frame) == 4 * (2 + len(picture.LINES)) * len(times)
    assert screen.last.steering == (Steering(300.0, INSULIN, 10.0, 0.2),)
    result, _, _ = one.taken()
    assert io.table_files(result) == io.table_files(simulate(result.scenario))


def test_both_futures_can_be_gone_on_with_or_dropped(opened: Opened):
    one, screen = opened(small())
    until(lambda: screen.last.time_min > 600.0)
    one.pause()
    until(lambda: screen.last.status == "paused")
    came = screen.last.time_min
    one.fork(300.0)
    until(lambda: screen.last.time_min == 300.0)
    one.steer(0.2)
    one.swap()
    until(lambda: screen.last.time_min == came)
    assert screen.last.ghost.steering == (Steering(300.0, INSULIN, 10.0, 0.2),)
    assert screen.last.moment.insulin_nM == 10.0
    one.play()
    until(lambda: screen.last.status == "finished")
    assert io.table_files(one.taken()[0]) == io.table_files(simulate(small()))
    one.drop()
    until(lambda: screen.last.ghost is None)
    assert one.other() is None


def test_both_futures_go_out_with_the_whole_run_and_the_steering_as_a_scenario(opened: Opened):
    one, screen = opened(small())
    until(lambda: screen.last.time_min > 600.0)
    one.fork(300.0)
    until(lambda: screen.last.status == "paused")
    one.steer(0.2)
    one.play()
    until(lambda: screen.last.time_min > 500.0)
    one.pause()
    until(lambda: screen.last.status == "paused")
    find = exports.of_run(one.taken, one.other)
    whole, scenario = streams.BytesIO(), streams.BytesIO()
    find(exports.WHOLE).write(whole)
    find(exports.SCENARIO).write(scenario)
    with zipfile.ZipFile(whole) as archive:
        files = {name.rsplit("/", 1)[1]: archive.read(name) for name in archive.namelist()}
    left = pd.read_csv(streams.BytesIO(files[exports.OTHER]))
    assert left["Insulin (nM)"].iloc[-1] == 10.0
    assert files[exports.OTHER_STEERING] == b"time_min,name,old,new\n"
    again = simulate(scenario_text.read(scenario.getvalue().decode()))
    for name, content in io.table_files(again).items():
        assert files[name] == content
    assert files[exports.SCENARIO] == scenario.getvalue()


def test_a_treatment_that_the_cell_has_no_arrow_for_is_said(opened: Opened):
    decay = {
        "states": [{"name": "here", "compartment": "membrane"}, {"name": "gone", "compartment": "out"}],
        "transitions": [{"name": "loss", "source": "here", "target": "gone", "law": "constant", "rate": "0.01 /min"}],
    }
    plain = Scenario.from_dict(
        {
            "name": "decay",
            "itinerary": decay,
            "receptors": 100,
            "reference": "start",
            "start": {"counts": {"here": 100}},
            "exposure": [{"kind": "washout", "duration": "10 h"}],
        }
    )
    one, screen = opened(plain, speed="5 min/s")
    until(lambda: screen.scenes and screen.last.moment is not None)
    one.treat("monensin", 1.0)
    until(lambda: "the itinerary has no arrow for it" in screen.last.message)
    assert screen.last.steering == ()


def test_the_line_under_the_plot_reads_a_time_and_says_what_is_no_past(opened: Opened):
    one, screen = opened(small())
    curve = TimeSeries()
    line = Branching(curve, one)
    until(lambda: screen.last.time_min > 600.0)
    line.show(screen.last)
    line.hear({"do": "open"})
    assert (line.widget.state["text"], curve.picked_min, curve.picking) == ("1 h", 60.0, True)
    line.pick(300.2)
    assert line.widget.state["text"] == "5 h"
    line.hear({"do": "at", "text": "90 h"})
    assert "a time from 0 min to now" in line.widget.state["fault"]
    line.hear({"do": "back", "text": "soon"})
    assert "does not begin with a plain number" in line.widget.state["fault"]
    assert screen.last.ghost is None
    line.hear({"do": "back", "text": "4 h"})
    until(lambda: screen.last.ghost is not None and screen.last.status == "paused")
    line.show(screen.last)
    assert line.widget.state["legend"] == "Pale: the other future, from 4 h on."
    assert not curve.picking


def test_a_future_is_named_by_what_was_changed_in_it():
    said = words.other_future(240.0, [(240.0, INSULIN, 0.5), (300.0, "monensin", 1.0), (360.0, "monensin", 0.0)])
    assert said == (
        "Pale: the other future, from 4 h on (0.5 nM from 4 h on, monensin from 5 h on, monensin off from 6 h on)."
    )
