"""A scenario is complete once it is made, writes itself down whole, and the shipped ones come out as they say."""

import json
import math
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trafficking import exposure, library
from trafficking.forms import segment_table
from trafficking.io import load_scenario, scenario_names
from trafficking.scenario import Scenario, ScenarioError, override
from trafficking.simulation import simulate

SHIPPED = scenario_names()
ORGANS = ("adipose", "liver", "muscle", "ovary", "pancreas")
HOUR = {"kind": "constant", "duration": "1 h", "insulin": "1 nM"}


def scenario(**given):
    return Scenario.from_dict({"name": "test", "exposure": [HOUR]} | given)


def segment(**given):
    return scenario(exposure=[given]).protocol.segments[0]


def surface_percent(made, times_min):
    """Surface receptors at `mean` in % of the reference."""
    run = simulate(Scenario.from_dict(made.to_dict() | {"resolution": "mean"}))
    recorded = run.counts["time_min"].to_numpy()
    rows = np.searchsorted(recorded, times_min)
    assert recorded[rows].tolist() == list(times_min)
    return run.surface[rows] / run.reference.surface * 100.0


# -- what is shipped ---------------------------------------------------------------------------------------------------


def test_all_promised_scenarios_are_shipped():
    meals = {f"three_meals_{who}_{organ}" for who in ("lean", "obese") for organ in ORGANS}
    promised = {"chronic_insulin", "chronic_hyperinsulinaemia", "chronic_hyperinsulinaemia_muscle", "basal"}
    promised |= {"acute_exposure", "washout", "ogtt", "pulsatile_insulin", "constant_same_mean", "cell_population"}
    assert set(SHIPPED) >= promised | meals


@pytest.mark.parametrize("name", SHIPPED)
def test_every_shipped_scenario_says_what_it_asks_what_it_expects_and_where_that_is_from(name):
    shipped = load_scenario(name)
    assert shipped.name == name
    assert shipped.title
    assert shipped.question.endswith("?")
    assert shipped.expected.endswith(".")
    assert shipped.sources
    assert shipped.expect
    assert all(expected.at_min <= shipped.duration_min for expected in shipped.expect)


@pytest.mark.parametrize("name", SHIPPED)
def test_every_shipped_scenario_survives_being_written_as_json_and_read_again(name):
    shipped = load_scenario(name)
    assert Scenario.from_dict(json.loads(json.dumps(shipped.to_dict(), allow_nan=False))) == shipped


@pytest.mark.parametrize("name", SHIPPED)
def test_every_shipped_scenario_comes_out_at_mean_as_it_says(name):
    shipped = load_scenario(name)
    got = surface_percent(shipped, [expected.at_min for expected in shipped.expect])
    for expected, percent in zip(shipped.expect, got, strict=True):
        assert percent == pytest.approx(expected.surface_percent, abs=expected.tolerance), expected.at_min


def test_an_expectation_can_fail():
    """The twin of the test above: with half the destruction more receptors are left than `chronic_insulin` says."""
    wrong = load_scenario("chronic_insulin", {"parameters.kL": "0.004 /min"})
    expected = wrong.expect[2]
    (percent,) = surface_percent(wrong, [expected.at_min])
    assert percent > expected.surface_percent + 5.0 * expected.tolerance


def test_chronic_insulin_is_an_hour_without_a_day_at_10_nM_and_a_day_of_washout():
    protocol = load_scenario("chronic_insulin").protocol
    assert [(s.duration_min, s.insulin_nM) for s in protocol.segments] == [(60.0, 0.0), (1440.0, 10.0), (1440.0, 0.0)]


@pytest.mark.parametrize("organ", ORGANS)
@pytest.mark.parametrize("who", ["lean", "obese"])
def test_meals_bring_each_organ_its_mean_insulin_over_a_day(who, organ):
    shipped = load_scenario(f"three_meals_{who}_{organ}")
    mean = getattr(library.tissue(organ), who).value
    assert shipped.tissue == organ
    assert shipped.protocol.mean(1440.0, 2880.0) == pytest.approx(mean, rel=0.01)


def test_pulsatile_and_constant_insulin_have_the_same_mean_and_the_same_start():
    pulses, flat = load_scenario("pulsatile_insulin"), load_scenario("constant_same_mean")
    assert pulses.protocol.mean(0.0, pulses.duration_min) == pytest.approx(flat.protocol.mean(0.0, 60.0), rel=1e-12)
    assert pulses.start == flat.start
    assert pulses.duration_min == flat.duration_min


def test_the_tolerance_test_has_the_insulin_that_was_recorded():
    """Mean of 20 healthy people, 54.7 uU/mL an hour after the drink (10.1038/s41540-022-00213-0); muscle sees 0.6."""
    assert load_scenario("ogtt").protocol.value(60.0) == pytest.approx(0.6 * 54.7 * 6e-3)


# -- complete once it is made ------------------------------------------------------------------------------------------


def test_a_scenario_needs_only_a_name_and_an_exposure():
    made = scenario()
    assert (made.tissue, made.receptors, made.resolution) == ("culture", 100_000, "agents")
    assert (made.window_min, made.record_min, made.follow, made.reference) == (1.0, 1.0, 400, "insulin_free")
    assert made.duration_min == 60.0


@pytest.mark.parametrize("tissue", library.tissues())
def test_a_tissue_gives_its_receptors_its_insulin_and_its_balance(tissue):
    made, known = scenario(tissue=tissue), library.tissue(tissue)
    assert made.receptors == known.receptors.value
    assert made.evidence.lean_nM == (known.lean.value if known.lean else None)
    live = made.reference_counts[made.itinerary.live].sum()
    assert live == pytest.approx(made.receptors, rel=1e-9)


def test_a_small_cell_is_a_large_one_with_fewer_receptors():
    small, large = scenario(receptors=1000), scenario()
    assert small.itinerary == large.itinerary
    assert small.reference_surface == pytest.approx(large.reference_surface / 100.0)


def test_numpy_integers_are_integers():
    assert scenario(receptors=np.int64(500)).receptors == 500


def test_a_complete_scenario_is_read_again_without_the_library(monkeypatch):
    written = load_scenario("chronic_hyperinsulinaemia").to_dict()
    expected = Scenario.from_dict(written)

    def closed(name):
        raise AssertionError("the library was asked")

    monkeypatch.setattr(library, "tissue", closed)
    assert Scenario.from_dict(written) == expected


def test_names_of_insulin_become_numbers():
    made = scenario(tissue="liver", exposure=[{**HOUR, "insulin": "lean"}, {**HOUR, "insulin": "obese"}])
    assert [s.insulin_nM for s in made.protocol.segments] == [0.25, 0.58]
    assert [s["insulin"] for s in made.to_dict()["exposure"]] == ["0.25 nM", "0.58 nM"]


def test_a_cell_starts_at_the_steady_state_of_the_insulin_it_starts_with():
    assert scenario().start_insulin_nM == 1.0
    assert scenario(tissue="liver", start={"insulin": "lean"}).start_insulin_nM == 0.25
    assert scenario(start={"insulin": "60 uU/mL"}).start_insulin_nM == 0.36


def test_changing_what_is_given_later_does_not_move_a_complete_start():
    written = scenario(tissue="liver", exposure=[{**HOUR, "insulin": "lean"}]).to_dict()
    again = Scenario.from_dict(written | {"exposure": [{**HOUR, "insulin": "5 nM"}]})
    assert again.start_insulin_nM == 0.25


@pytest.mark.parametrize("state", ["steady", "insulin_free", "surface"])
def test_starts_hold_their_receptors_where_they_say(state):
    made = scenario(start={"state": state}, parameters={"smax": 0.05})
    fractions, mrna = made.start_fractions
    surface = fractions[made.itinerary.mask("membrane")].sum()
    live = fractions[made.itinerary.live].sum()
    if state == "surface":
        assert surface == live == 1.0
    elif state == "insulin_free":
        assert (live, mrna) == (pytest.approx(1.0), 1.0)
        assert surface == pytest.approx(0.85866, abs=1e-5)
    else:
        assert live < 0.9
        assert mrna < 1.0


def test_a_start_may_be_counted_out():
    made = scenario(start={"counts": {"surface_free": 600, "lysosome": 5}}, receptors=1000)
    assert made.start.state == "counts"
    assert made.start_fractions[0].tolist() == [0.6, 0.0, 0.0, 0.0, 0.0, 0.005, 0.0]


def test_an_empty_cell_is_a_start():
    assert scenario(start={"counts": {}}).start_fractions[0].sum() == 0.0


def test_percent_are_of_the_reference_that_is_named():
    insulin_free, lean, start = (
        scenario(tissue="liver", reference=reference, start={"insulin": "obese"})
        for reference in ("insulin_free", "lean", "start")
    )
    assert [made.reference_label for made in (insulin_free, lean, start)] == ["insulin-free", "lean", "start"]
    assert insulin_free.reference_surface > lean.reference_surface > start.reference_surface
    assert start.reference_surface / lean.reference_surface == pytest.approx(0.667, abs=0.001)


def test_a_tissue_with_an_itinerary_of_its_own_keeps_its_insulin_but_not_its_assumptions():
    made = scenario(tissue="liver", **OWN)
    assert made.evidence.lean_nM == 0.25
    assert made.assumptions == []


def test_synthesis_is_solved_unless_it_is_given():
    (solved,) = (t.rate for t in scenario().itinerary.transitions if t.source is None)
    assert solved * 100_000 == pytest.approx(122.0657, abs=1e-4)
    (fixed,) = (t.rate for t in scenario(parameters={"ksyn": "0.06 /h"}).itinerary.transitions if t.source is None)
    assert fixed == 0.001


def test_a_changed_constant_is_in_the_itinerary_and_among_the_assumptions():
    made = scenario(parameters={"koff": "1.8 /h"})
    rates = {t.name: t.rate for t in made.itinerary.transitions}
    assert rates["dissociation"] == 0.03
    assert made.assumptions[-1] == "koff = 0.03 /min (changed)"
    assert Scenario.from_dict(made.to_dict()) == made


def test_switches_turn_the_couplings_off_and_balance_the_cell_again():
    on = scenario(tissue="liver")
    off = scenario(tissue="liver", coupling={"endocytosis": False, "sorting": False, "transcription": False})
    assert on.itinerary.couplings == ("endocytosis", "sorting", "transcription")
    assert off.itinerary.couplings == ()
    assert off.reference_counts[off.itinerary.live].sum() == pytest.approx(120_000, rel=1e-9)
    assert Scenario.from_dict(off.to_dict()) == off


def test_a_scenario_cannot_be_changed():
    with pytest.raises(ValueError, match="frozen"):
        scenario().receptors = 5


# -- exposures ---------------------------------------------------------------------------------------------------------


def test_every_kind_of_exposure_is_read_with_its_units():
    assert segment(kind="washout", duration="2 d") == exposure.Constant(2880.0, 0.0)
    ramp = segment(kind="ramp", duration="1 h", start="0 nM", end="500 pM", over="30 min")
    assert ramp == exposure.Ramp(60.0, 0.0, 0.5, 30.0)
    pulses = {"base": "0 nM", "peak": "60 uU/mL", "width": "90 s", "period": "5 min"}
    assert segment(kind="pulses", duration="1 h", **pulses) == exposure.PulseTrain(60.0, 0.0, 0.36, 1.5, 5.0, 0.0)
    meals = {"basal": "0.1 nM", "rise": "1 nM", "peak_after": "45 min", "meal_times": ["8 h", "13 h"]}
    assert segment(kind="meals", duration="1 d", **meals) == exposure.Meals(1440.0, 0.1, 1.0, 45.0, (480.0, 780.0))
    swing = {"mean": "1 nM", "amplitude": "0.5 nM", "period": "2 h", "phase": "-30 min"}
    assert segment(kind="oscillation", duration="1 d", **swing) == exposure.Oscillation(1440.0, 1.0, 0.5, 120.0, -30.0)


def test_a_series_is_numbers_with_the_units_of_its_columns():
    given = {"times": [0, 0.5, 2], "insulin": [10, 60, 20], "time_unit": "h", "insulin_unit": "uU/mL"}
    got = segment(kind="series", **given, scale=0.5)
    assert (got.duration_min, got.times_min) == (120.0, (0.0, 30.0, 120.0))
    assert got.insulin_nM == pytest.approx((0.03, 0.18, 0.06))
    assert segment(kind="series", **given, duration="3 h").duration_min == 180.0


def test_a_series_in_a_file_becomes_numbers(tmp_path):
    (tmp_path / "ogtt.csv").write_text("time [min],insulin [pM]\n0,40\n30,300\n120,224\n")
    (tmp_path / "mine.toml").write_text('name = "mine"\n[[exposure]]\nkind = "series"\nfile = "ogtt.csv"\n')
    made = load_scenario(tmp_path / "mine.toml")
    assert made.protocol.segments == (exposure.Series(120.0, (0.0, 30.0, 120.0), (0.04, 0.3, 0.224)),)
    assert "file" not in made.to_dict()["exposure"][0]


times = st.floats(1e-3, 1e6)
doses = st.floats(0.0, 1e5)


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_every_segment_is_written_and_read_again_bit_for_bit(data):
    def draw(values):
        return data.draw(values)

    period = draw(times)
    mean = draw(doses)
    knots = sorted(draw(st.lists(times, min_size=1, max_size=5, unique=True)))
    made = draw(
        st.sampled_from(
            [
                exposure.Constant(draw(times), draw(doses)),
                exposure.Ramp(draw(times), draw(doses), draw(doses), draw(times)),
                exposure.PulseTrain(period * 7.3, draw(doses), draw(doses), 0.3 * period, period, draw(times)),
                exposure.Meals(period * 7.3, draw(doses), draw(doses), 0.2 * period, (0.1 * period,), period),
                exposure.Oscillation(draw(times), mean, mean / 3.0, period, -draw(times)),
                exposure.Series(draw(times), tuple(knots), tuple(draw(doses) for _ in knots)),
            ]
        )
    )
    again = scenario(exposure=[segment_table(made)], record="1 d", window="1 d", resolution="mean")
    assert again.protocol.segments == (made,)


# -- another like it ---------------------------------------------------------------------------------------------------


def test_a_steered_scenario_is_the_same_up_to_then_and_is_written_whole():
    made = load_scenario("chronic_insulin")
    steered = made.steered(600.0, 3.0, made.duration_min)
    assert [steered.protocol.value(t) for t in (0.0, 599.0, 600.0, 2940.0)] == [0.0, 10.0, 3.0, 3.0]
    assert steered.start == made.start
    assert steered.itinerary == made.itinerary
    assert [expected.at_min for expected in steered.expect] == [90.0, 300.0]
    assert Scenario.from_dict(steered.to_dict()) == steered


def test_a_scenario_can_be_cut_and_prolonged():
    made = load_scenario("chronic_insulin")
    short, long = made.lasting(120.0), made.lasting(5000.0)
    assert (short.duration_min, long.duration_min) == (120.0, 5000.0)
    assert [s.duration_min for s in short.protocol.segments] == [60.0, 60.0]
    assert long.protocol.value(4999.0) == 0.0
    assert [expected.at_min for expected in short.expect] == [90.0]
    assert long.expect == made.expect
    assert made.lasting(made.duration_min) is made


@pytest.mark.parametrize("duration_min", [0.0, -1.0, math.nan, math.inf])
def test_a_scenario_lasts_some_time(duration_min):
    with pytest.raises(ValueError, match="duration"):
        scenario().lasting(duration_min)


def test_overrides_make_another_scenario():
    tables = {"name": "test", "exposure": [HOUR]}
    made = Scenario.from_dict(override(override(tables, "exposure[0].insulin", "2 nM"), "coupling.sorting", "false"))
    assert made.protocol.value(0.0) == 2.0
    assert not made.coupling.sorting


# -- honesty -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tissue", "insulin", "says"),
    [
        ("culture", "10 nM", ""),
        ("culture", "0 nM", ""),
        ("culture", "100 nM", "cell in culture: 100 nM is outside what was measured, 0.5 to 17.2 nM"),
        ("culture", "0.1 nM", "cell in culture: 0.1 nM is outside what was measured, 0.5 to 17.2 nM"),
        ("liver", "lean", ""),
        ("liver", "obese", "liver cell: 0.58 nM is outside what was measured, 0.05 to 0.55 nM"),
        ("adipose", "lean", "fat cell: 0.06 nM is outside what was measured, 17.2 nM"),
        ("ovary", "lean", "ovarian cell: no receptor kinetics were found for ovarian cells"),
        ("pancreas", "0 nM", "beta cell: no receptor kinetics were found for beta cells"),
    ],
)
def test_insulin_that_was_not_measured_is_said_to_be_extrapolated(tissue, insulin, says):
    made = scenario(tissue=tissue, exposure=[{**HOUR, "insulin": insulin}])
    assert made.extrapolated == ([says] if says else [])


def test_assumptions_are_those_of_the_tissue():
    assert "R0 = 20,000 receptors (assumption)" in scenario(tissue="ovary").assumptions
    assert "kfast = 0.05 /min (fit)" in scenario().assumptions


def test_a_billion_receptors_are_possible_at_mean():
    assert scenario(receptors=10**9, resolution="mean").receptors == 10**9


# -- many cells --------------------------------------------------------------------------------------------------------


def test_one_mean_cell_is_what_there_is_by_default():
    made = scenario()
    assert (made.cells.number, made.cells.size_cv, made.cells.synthesis_cv, made.cells.record_min) == (1, 0.3, 0.0, ())
    assert "record" not in made.to_dict()["cells"]
    assert not any("CV" in said for said in made.assumptions)


def test_a_number_of_cells_may_stand_for_their_table():
    assert scenario(cells=1000) == scenario(cells={"number": 1000})
    shipped = load_scenario("basal", {"cells": "20", "cells.size_cv": "0.5"})
    assert (shipped.cells.number, shipped.cells.size_cv) == (20, 0.5)


def test_a_number_of_cells_leaves_the_rest_of_a_table_as_it_is():
    for key in ("cells", "cells.number"):
        cells = load_scenario("cell_population", {key: "7"}).cells
        assert (cells.number, cells.synthesis_cv) == (7, 0.2)


def test_cells_are_written_down_at_the_start_the_end_and_ten_times_between():
    made = scenario(cells=5, exposure=[{**HOUR, "duration": "101.5 min"}], record="30 s")
    times = made.cells.record_min
    assert len(times) == 12
    assert (times[0], times[-1]) == (0.0, 101.5)
    assert np.diff(times) == pytest.approx(101.5 / 11.0, abs=0.5)
    assert all(time * 2.0 == round(time * 2.0) for time in times)
    assert Scenario.from_dict(made.to_dict()) == made


def test_in_a_short_run_the_times_of_the_cells_are_distinct():
    assert scenario(cells=5, exposure=[{**HOUR, "duration": "2.5 min"}]).cells.record_min == (0.0, 1.0, 2.0, 2.5)


def test_times_of_the_cells_are_exact_steps_in_rising_order():
    step = 1.0 / 3.0
    made = scenario(cells={"number": 2, "record": ["1 h", "0.1 h", "0 h", "6 min"]}, record="20 s")
    assert made.cells.record_min == (0.0, 18 * step, 60.0)


def test_a_shorter_scenario_keeps_the_times_of_the_cells_that_it_reaches():
    made = scenario(cells={"number": 2, "record": ["0 h", "20 min", "1 h"]})
    assert made.lasting(30.0).cells.record_min == (0.0, 20.0)
    assert made.lasting(90.0).cells.record_min == (0.0, 20.0, 60.0)
    assert scenario(cells={"number": 2, "record": ["1 h"]}).lasting(30.0).cells.record_min == ()


def test_an_end_off_the_steps_is_no_time_of_a_longer_scenario():
    odd = scenario(cells={"number": 2, "record": ["0 h", "59.5 min"]}, exposure=[{**HOUR, "duration": "59.5 min"}])
    assert odd.cells.record_min == (0.0, 59.5)
    assert odd.lasting(90.0).cells.record_min == (0.0,)


def test_a_steered_scenario_keeps_the_times_of_the_cells():
    made = scenario(cells=3)
    assert made.steered(30.0, 5.0, 120.0).cells.record_min == made.cells.record_min


def test_a_single_cell_is_not_written_down_apart_whatever_the_file_says():
    assert load_scenario("cell_population", {"cells": "1"}).cells.record_min == ()


def test_how_cells_differ_is_among_the_assumptions():
    assert scenario(cells=2).assumptions[0] == "cell size CV = 0.3 (assumption)"
    said = scenario(cells={"number": 2, "size_cv": 0.5, "synthesis_cv": 0.2}).assumptions
    assert said[:2] == ["cell size CV = 0.5 (changed)", "cell synthesis CV = 0.2 (changed)"]


def test_what_a_laboratory_may_ask_for_is_not_too_much():
    year = {"exposure": [{**HOUR, "duration": "365 d"}], "record": "1 h"}
    assert scenario(**year).receptors == 100_000
    assert scenario(**year, cells=1000, receptors=10_000).cells.number == 1000
    assert scenario(receptors=10**8).receptors == 10**8
    assert scenario(receptors=1000, cells=100_000).cells.number == 100_000
    assert scenario(receptors=10**9, cells=100_000, resolution="counts").cells.number == 100_000


# -- any other receptor ------------------------------------------------------------------------------------------------

OWN = {
    "receptors": 1000,
    "itinerary": {
        "states": [
            {"name": "outside", "compartment": "membrane"},
            {"name": "inside", "compartment": "early_endosome"},
            {"name": "gone", "compartment": "out"},
        ],
        "transitions": [
            {"name": "in", "source": "outside", "target": "inside", "law": "constant", "rate": "0.2 /min"},
            {"name": "back", "source": "inside", "target": "outside", "law": "constant", "rate": "0.1 /min"},
            {"name": "end", "source": "inside", "target": "gone", "law": "constant", "rate": "0.05 /min"},
            {"name": "make", "law": "synthesis", "target": "outside"},
        ],
    },
}


def test_any_receptor_can_be_described():
    made = scenario(**OWN)
    assert made.tissue == "own"
    assert made.extrapolated == ["own: the itinerary is the scenario's own"]
    # Balance by hand: make = 0.05 inside, 0.2 outside = 0.15 inside, outside + inside = 1.
    assert made.reference_counts.tolist() == pytest.approx([1000 * 0.15 / 0.35, 1000 * 0.2 / 0.35, 0.0])
    (made_per_min,) = (t.rate for t in made.itinerary.transitions if t.source is None)
    assert made_per_min == pytest.approx(0.05 * 0.2 / 0.35)
    assert Scenario.from_dict(made.to_dict()) == made


def test_receptors_that_are_neither_made_nor_lost_have_a_balance_too():
    closed = {**OWN["itinerary"], "transitions": OWN["itinerary"]["transitions"][:2]}
    made = scenario(receptors=90, itinerary=closed)
    assert made.reference_counts.tolist() == pytest.approx([30.0, 60.0, 0.0])


def own(arrows, **more):
    """Outside, inside, lost and gone, with these arrows, in a cell that starts with ten receptors outside."""
    places = {"outside": "membrane", "inside": "early_endosome", "lost": "lysosome", "gone": "out"}
    transitions = [
        {"name": f"{source}_{target}", "target": target, "rate": "0.1 /min"}
        | ({"law": "synthesis"} if source == "make" else {"law": "constant", "source": source})
        for source, target in arrows
    ]
    states = [{"name": name, "compartment": place} for name, place in places.items()]
    given = {"receptors": 10, "start": {"counts": {"outside": 10}}, "reference": "start"}
    return scenario(itinerary={"states": states, "transitions": transitions}, **given | more)


def test_shipped_itineraries_leave_nothing_to_remark():
    assert {name: load_scenario(name).remarks for name in SHIPPED} == dict.fromkeys(SHIPPED, [])


def test_a_state_that_no_receptor_reaches_is_allowed_and_said():
    arrows = [("make", "outside"), ("outside", "gone"), ("inside", "gone"), ("lost", "gone")]
    unreachable = "no path from synthesis or the start leads to {}, so it stays empty"
    assert own(arrows).remarks == [unreachable.format("inside"), unreachable.format("lost")]
    there = {"counts": {"outside": 10, "inside": 1}}
    assert own(arrows, start=there).remarks == [unreachable.format("lost")]


def test_an_arrow_that_never_fires_leads_nowhere():
    arrows = [("make", "outside"), ("outside", "inside"), ("inside", "lost"), ("lost", "gone")]
    given = own(arrows).to_dict()
    given["itinerary"]["transitions"][2]["rate"] = "0 /min"
    assert [remark.partition(",")[0] for remark in Scenario.from_dict(given).remarks] == [
        "no path from synthesis or the start leads to lost",
        "no path from synthesis or the start leads to gone",
        "no arrow leads out of inside",
    ]


def test_a_state_without_a_way_out_is_allowed_and_said():
    arrows = [("make", "outside"), ("outside", "inside"), ("outside", "gone"), ("inside", "lost")]
    assert own(arrows).remarks == ["no arrow leads out of lost, which is not an end, so receptors pile up there"]
    assert own(arrows[1:]).remarks == ["no arrow leads out of lost, which is not an end"]


def test_receptors_that_are_made_and_go_round_for_ever_are_said():
    arrows = [("make", "outside"), ("outside", "inside"), ("inside", "outside"), ("lost", "gone")]
    assert own(arrows, start={"counts": {"outside": 1, "lost": 1}}).remarks == [
        "no path leads from outside, inside to an end, so receptors pile up there"
    ]


def test_a_closed_cycle_without_synthesis_is_a_receptor_like_any_other():
    arrows = [("outside", "inside"), ("inside", "outside"), ("lost", "gone")]
    assert own(arrows, start={"counts": {"outside": 1, "lost": 1}}).remarks == []


def test_every_law_can_be_written_and_read_again():
    made = scenario(tissue="liver")
    laws = {arrow["name"]: arrow["law"] for arrow in made.to_dict()["itinerary"]["transitions"]}
    assert laws["association"] == "first_order_in_ligand"
    assert laws["bound_internalisation"] == "hill_in_occupancy"
    assert laws["fast_recycling"] == "saturable_in_load"
    assert laws["synthesis"] == "synthesis"
    assert laws["slow_recycling"] == "constant"
    plain = library.tissue("liver").itinerary()
    assert made.itinerary == plain.with_synthesis(sum(t.rate for t in made.itinerary.transitions if t.source is None))


# -- for editors and for the impatient ---------------------------------------------------------------------------------


def test_the_schema_tells_an_editor_keys_units_and_words():
    schema = Scenario.json_schema()
    json.dumps(schema, allow_nan=False)
    assert schema["required"] == ["name", "exposure"]
    assert schema["additionalProperties"] is False
    assert schema["properties"]["resolution"]["enum"] == ["agents", "counts", "mean"]
    assert "liver" in schema["properties"]["tissue"]["examples"]
    assert schema["properties"]["parameters"]["properties"]["ke0"]["type"] == "string"
    insulin = schema["$defs"]["ConstantForm"]["properties"]["insulin"]
    assert insulin["type"] == "string"
    assert "10 nM" in insulin["examples"]
    assert "default" not in schema["properties"]["receptors"]
    assert "default" not in schema["properties"]["window"]  # it depends on the exposure
    assert [form.get("type") for form in schema["properties"]["cells"]["anyOf"]] == ["integer", None]
    assert "default" not in schema["$defs"]["Cells"]["properties"]["record"]
    assert "guess" in schema["$defs"]["Cells"]["properties"]["size_cv"]["description"]


def test_reading_a_scenario_needs_no_heavy_library():
    code = """
import sys
from trafficking.scenario import Scenario
Scenario.from_dict({"name": "x", "exposure": [{"kind": "washout", "duration": "1 h"}]})
heavy = {"numba", "scipy.linalg", "pandas", "pyarrow", "matplotlib", "mesa", "solara"} & set(sys.modules)
print(sorted(heavy))
"""
    finished = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (finished.stdout, finished.stderr) == ("[]\n", "")


def test_a_wrong_scenario_is_a_value_error():
    with pytest.raises(ValueError, match="name: missing"):
        Scenario.from_dict({})
    assert issubclass(ScenarioError, ValueError)
