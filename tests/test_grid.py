"""Windows of smooth insulin: short enough for a thousandth of R0, chosen by the exposure, kept where they are given."""

import math

import numpy as np
import pytest

from trafficking import exposure, grid, io, report
from trafficking.dashboard.draft import KINDS
from trafficking.exposure import Exposure
from trafficking.scenario import Scenario, ScenarioError
from trafficking.simulation import Run, simulate
from trafficking.timetable import Timetable


def drawn(*segments: dict, **keys: object) -> Scenario:
    return Scenario.from_dict({"name": "drawn", "resolution": "mean", "exposure": list(segments), **keys})


def swing(mean: float, amplitude: float, period: str = "7 min", **keys: object) -> dict:
    given = {"kind": "oscillation", "duration": "30 min", "mean": f"{mean} nM", "amplitude": f"{amplitude} nM"}
    return given | {"period": period} | keys


def ramp(end: str, over: str, duration: str) -> dict:
    return {"kind": "ramp", "start": "0 nM", "end": end, "over": over, "duration": duration}


def series(times: list[float], insulin: list[float]) -> dict:
    return {"kind": "series", "times": times, "insulin": insulin}


def off(scenario: Scenario, finer: int = 2) -> float:
    """At most so much is any compartment off at a recorded time, over R0, seen beside windows so many times finer.

    The error is of second order: of it a quarter is left at half the window, so that three quarters are seen, or more.
    """
    fine = scenario.changed(window=f"{scenario.window_min / finer!r} min")
    one, other = (simulate(each.changed(resolution="mean", cells=1)).counts for each in (scenario, fine))
    states = [name for name, out in zip(scenario.itinerary.state_names, scenario.itinerary.out, strict=True) if not out]
    apart = np.abs(one[states].to_numpy() - other[states].to_numpy()).max()
    return float(apart) / scenario.receptors * finer**2 / (finer**2 - 1)


SHIPPED = [*io.scenario_names(), *io.published_names()]
ORGANS = ("adipose", "liver", "muscle", "ovary", "pancreas")
SMOOTH = ["ogtt", *(f"three_meals_{who}_{organ}" for who in ("lean", "obese") for organ in ORGANS)]


def test_insulin_is_smooth_in_these_shipped_scenarios_alone():
    made = [io.load_scenario(name) for name in SHIPPED]
    cuts = {each.name: grid.cut(each.protocol, each.unlabelled) for each in made}
    assert {name for name, cut in cuts.items() if cut.windows} == set(SMOOTH)
    assert {cut.finest_min for cut in cuts.values()} == {1.0}  # as before windows were chosen: no number moves


@pytest.mark.parametrize("name", SMOOTH)
def test_every_shipped_scenario_is_within_a_thousandth(name: str):
    assert off(io.load_scenario(name).lasting(540.0)) < grid.TOLERANCE


DRAWN = {
    "the page's ramp": ({"kind": "ramp", **KINDS["ramp"].example}, {}),
    "the page's oscillation": ({"kind": "oscillation", **KINDS["oscillation"].example}, {}),
    "the page's meals": ({"kind": "meals", **KINDS["meals"].example, "duration": "9 h"}, {}),
    "pulses of a pancreas": (swing(3.0, 3.0), {"record": "3 s"}),
    "pulses at the liver": (swing(0.8, 0.8), {"record": "5 s", "tissue": "liver"}),
    "fast and high": (swing(100.0, 100.0, "2 min", duration="3 min"), {"record": "0.2 s"}),
    "slow and high": (swing(300.0, 300.0, "4 h", duration="130 min", phase="1 h"), {"record": "10 s"}),
    "a steep ramp": (ramp("1 uM", "5 min", "10 min"), {"record": "0.5 s", "tissue": "liver"}),
    "a slow ramp": (ramp("30 nM", "2 h", "2 h"), {"record": "10 s", "tissue": "muscle"}),
    "a step in a table": (series([0.0, 5.0, 5.1, 8.0], [0.1, 0.1, 50.0, 40.0]), {"record": "0.3 s"}),
    "steep meals": (
        {"kind": "meals", "duration": "20 min", "basal": "0 nM", "rise": "40 nM", "peak_after": "3 min",
         "meal_times": ["1 min", "5 min"], "every": "15 min"},
        {"record": "2 s"},
    ),
    "a receptor that binds faster": (swing(10.0, 10.0), {"record": "3 s", "parameters": {"kon": "0.2 /nM/min"}}),
}  # fmt: skip


@pytest.mark.parametrize("what", DRAWN)
def test_every_drawn_exposure_is_within_a_thousandth(what: str):
    segment, keys = DRAWN[what]
    assert off(drawn(segment, **keys), finer=4) < grid.TOLERANCE


def test_windows_of_a_minute_are_not_enough_for_a_period_of_seven():
    segment, keys = DRAWN["pulses of a pancreas"]
    assert off(drawn(segment, **keys, window="1 min")) > 4.0 * grid.TOLERANCE


def test_the_bound_is_met_and_not_undercut_by_much():
    # Receptors without insulin, under a ramp: at first all of the surface is free, as the bound takes it to be.
    for tissue in ("culture", "liver"):
        steep = drawn(ramp("100 nM", "10 min", "10 min"), record="0.5 s", tissue=tissue)
        assert 0.5 * grid.TOLERANCE < off(steep, finer=8) < grid.TOLERANCE


# -- slopes ------------------------------------------------------------------------------------------------------------

SHAPES = [
    exposure.Ramp(30.0, 1.0, 9.0, 20.0),
    exposure.Oscillation(60.0, 3.0, 2.0, 7.0, -1.0),
    exposure.Series(40.0, (2.0, 5.0, 5.5, 50.0), (1.0, 2.0, 9.0, 0.0)),
    exposure.Meals(4000.0, 0.1, 2.0, 45.0, (420.0, 750.0, 1110.0)),
    exposure.Meals(400.0, 0.0, 2.0, 45.0, (3.0, 20.0, 31.0), 50.0),
]


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: type(shape).__name__)
def test_no_shape_is_steeper_than_its_pieces_say(shape: exposure.Segment):
    times = np.linspace(0.0, shape.duration_min, 20_001)
    values = np.array([shape.value(time) for time in times.tolist()])
    bounds = np.array([grid.piece_from(shape, time).slope_nM_per_min for time in times.tolist()])
    slopes = np.abs(np.diff(values) / np.diff(times))
    inner = bounds[1:] == bounds[:-1]
    assert (slopes <= bounds[:-1] * (1.0 + 1e-9) + 1e-12)[inner].all()
    assert slopes.max() > 0.5 * bounds.max()  # of surges that overlap all count, those that fall as well


def test_the_grid_of_a_shape_does_not_depend_on_how_long_it_lasts():
    for shape in SHAPES:
        longer = Exposure((exposure.Constant(5.0, 1.0), shape))
        shorter = longer.steered(9.0, 0.0, 20.0)
        assert grid.window_from(longer, 5.0, 0.06) == grid.window_from(shorter, 5.0, 0.06)


# -- given and filled in -----------------------------------------------------------------------------------------------


def test_a_window_that_is_given_is_kept_and_said_to_be_coarse():
    given = drawn(swing(3.0, 3.0), window="1 min")
    said = "window: 1 min given, where smooth insulin needs 13.2 s: up to 2 % of R0 may be off; without `window`"
    assert [remark[: len(said)] for remark in given.remarks] == [said]
    assert said in report.caution(given)
    assert given.changed(receptors=1000).window_min == given.lasting(10.0).window_min == 1.0
    assert given.steered(10.0, 1.0, 20.0).window_min == 1.0
    assert Scenario.from_dict(given.to_dict()).window_filled_in_min is None
    assert drawn(swing(3.0, 3.0), window="0.1 min").remarks == []
    assert drawn(ramp("0.1 nM", "1 h", "1 h"), window="1 min").remarks == []


def test_a_window_that_is_filled_in_follows_the_exposure():
    chosen = drawn(swing(3.0, 3.0))
    tables = chosen.to_dict()
    assert (tables["window"], tables["window_filled_in"], chosen.remarks) == ("0.22 min", "0.22 min", [])
    again = Scenario.from_dict(tables)
    assert again == chosen
    assert again.to_dict() == tables
    still = again.changed(exposure=[{"kind": "constant", "duration": "1 h", "insulin": "1 nM"}])
    assert (still.window_min, still.window_filled_in_min) == (1.0, 1.0)
    assert still.changed(exposure=tables["exposure"]) == chosen
    given = chosen.changed(window="2 min")
    assert (given.window_min, "window_filled_in" in given.to_dict()) == (2.0, False)
    assert given.changed(exposure=tables["exposure"]).window_min == 2.0


def test_a_run_says_its_window_and_is_run_again_from_itself(tmp_path):
    chosen = drawn(swing(3.0, 3.0, duration="15 min"), resolution="agents", receptors=500)
    result = simulate(chosen, seed=3)
    io.save(result, tmp_path / "run")
    assert io.read_manifest(tmp_path / "run")["scenario"]["window"] == "0.22 min"
    loaded = io.load_run(tmp_path / "run").scenario
    assert io.table_files(simulate(loaded, seed=3)) == io.table_files(result)
    assert io.table_files(simulate(chosen.changed(window="1 min"), seed=3)) != io.table_files(result)


# -- where nothing moves -----------------------------------------------------------------------------------------------


def test_constant_insulin_is_cut_as_it_was_beside_a_steep_ramp():
    steps = ({"kind": "constant", "duration": "1 h", "insulin": "1 nM"}, ramp("100 nM", "1 min", "2 h"))
    coupled = drawn(*steps, tissue="muscle")
    assert coupled.itinerary.couplings
    stretches = [Timetable(coupled).stretch(time).window_min for time in (0.0, 60.0, 61.0)]
    assert stretches == [1.0, 0.036, 1.0]
    assert coupled.window_min == 0.036
    run = Run(coupled)
    steps_taken = 0
    while not run.finished:
        run.advance_window()
        steps_taken += 1
    assert steps_taken == 180  # a step stays a minute
    plain = simulate(coupled)
    assert np.array_equal(run.result().counts.to_numpy(), plain.counts.to_numpy())


def test_cells_that_bind_faster_when_warm_get_shorter_windows_from_then_on():
    warm = {"kind": "temperature", "at": "10 min", "celsius": 45.0}
    timetable = Timetable(drawn(swing(3.0, 3.0), treatments=[warm]))
    before, after = (timetable.stretch(time).window_min for time in (0.0, 10.0))
    assert before == 0.22
    assert after < 0.22


@pytest.mark.parametrize("change", ["cut", "steered"])
def test_a_run_that_ends_early_keeps_every_bit_of_what_came_before(change: str):
    whole = drawn(ramp("20 nM", "10 min", "12 min"), swing(3.0, 3.0), resolution="agents", receptors=300, record="1 s")
    early = whole.lasting(25.0) if change == "cut" else whole.steered(25.0, 0.0, 30.0)
    a, b = (simulate(each, seed=5).counts for each in (whole, early))
    assert a[a["time_min"] < 25.0].equals(b[b["time_min"] < 25.0])


# -- edges -------------------------------------------------------------------------------------------------------------


def test_points_that_hardly_differ_in_time_end_a_run_as_others_do():
    for times in ([0.0, 5e-324, 1.0], [0.0, 5.0, math.nextafter(5.0, 6.0), 6.0], [1e-300, 2e-300, 1.0]):
        result = simulate(drawn(series(times, [float(i % 2) * 1e5 for i in range(len(times))])))
        assert result.counts["time_min"].iloc[-1] == times[-1]


def test_insulin_that_no_window_can_follow_is_said():
    extreme = drawn(swing(1e6, 1e6, duration="1 d"))
    assert extreme.remarks[0].startswith("window: 0.084 s is not short enough: up to 1.3 % of R0 may be off")
    with pytest.raises(ScenarioError, match=r"window: 0.084 s needed where insulin is steepest, for 1.54e\+07 windows"):
        drawn(swing(1e6, 1e6, duration="15 d"))


def test_an_itinerary_without_insulin_needs_no_fine_windows():
    own = {
        "states": [{"name": "surface", "compartment": "membrane"}, {"name": "gone", "compartment": "out"}],
        "transitions": [{"name": "loss", "source": "surface", "target": "gone", "law": "constant", "rate": "0.1 /min"}],
    }
    lone = drawn(swing(1e3, 1e3), itinerary=own, receptors=100, start={"state": "surface"}, reference="start")
    assert lone.window_min == 1.0
