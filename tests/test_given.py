"""What a scenario gives is kept by every experiment made of it, and told apart from what was filled in."""

from pathlib import Path

import numpy as np
import pytest

from trafficking import assays, dishes, dose_curves, io, scenario_text
from trafficking.causes import loss_by_cause
from trafficking.dashboard import links
from trafficking.dashboard.draft import Draft
from trafficking.dashboard.kept import Kept
from trafficking.results import step_of
from trafficking.scenario import Scenario
from trafficking.simulation import simulate

HOUR = {"kind": "constant", "duration": "1 h", "insulin": "1 nM"}
LIVED_IN_INSULIN = {"state": "steady", "insulin": "10 nM"}
WASHED = [{"kind": "washout", "duration": "4 h"}]


def adipose(**given) -> Scenario:
    """Cells of 20,000 receptors at `mean`, 4 h without insulin."""
    tables = {"name": "given", "tissue": "adipose", "receptors": 20_000, "resolution": "mean", "record": "10 min"}
    return Scenario.from_dict({**tables, "exposure": WASHED, **given})


PREINCUBATED = adipose(start=LIVED_IN_INSULIN)


def bound_after(scenario: Scenario, dose_nM: float, minutes: float) -> float:
    """Tracer on the cells of a scenario after so long at a dose, written out by hand."""
    exposure = [{"kind": "constant", "insulin": f"{dose_nM} nM", "duration": f"{minutes} min"}]
    given = Scenario.from_dict(scenario.to_dict() | {"exposure": exposure})
    return float(assays.surface_binding(given, at_min=[minutes])["bound_receptors"].iloc[0])


# -- told apart --------------------------------------------------------------------------------------------------------


def test_a_start_that_is_given_differs_from_the_same_one_filled_in():
    given, filled_in = adipose(start={"insulin": "0 nM"}), adipose()
    assert given.start_insulin_nM == filled_in.start_insulin_nM == 0.0
    assert (given.start.insulin_nM, given.start.filled_in_nM) == (0.0, None)
    assert (filled_in.start.insulin_nM, filled_in.start.filled_in_nM) == (None, 0.0)
    assert given != filled_in


def by_file(scenario: Scenario, _: Path) -> Scenario:
    return scenario_text.read(scenario_text.written(scenario))


def by_run(scenario: Scenario, folder: Path) -> Scenario:
    short = simulate(scenario.lasting(10.0))
    io.save(short, folder / "run")
    return io.load_run(folder / "run").scenario


def by_link(scenario: Scenario, _: Path) -> Scenario:
    kept = Kept(scenario, scenario, seed=1, time_min=0.0)
    return links.read(links.written(kept))[0].scenario


def by_editor(scenario: Scenario, _: Path) -> Scenario:
    return Draft.of(scenario, own=True).scenario


def by_steering(scenario: Scenario, _: Path) -> Scenario:
    return scenario.steered(0.0, 3.0, 60.0)


WAYS = [by_file, by_run, by_link, by_editor, by_steering]


@pytest.mark.parametrize("way", WAYS)
def test_a_scenario_that_comes_back_still_knows_what_was_given(way, tmp_path: Path):
    for start in (LIVED_IN_INSULIN, {"state": "steady"}):
        sent = adipose(start=start)
        came = way(sent, tmp_path / start.get("insulin", "none"))
        assert came.start == sent.start


def test_a_filled_in_start_stays_when_the_exposure_changes_and_gives_way_to_a_given_one():
    made = adipose(exposure=[HOUR])
    assert made.changed(exposure=WASHED).start_insulin_nM == 1.0
    written = made.to_dict()
    assert Scenario.from_dict(written | {"start": written["start"] | {"insulin": "5 nM"}}).start_insulin_nM == 5.0
    free = Scenario.from_dict(written | {"start": written["start"] | {"state": "insulin_free"}})
    assert (free.start.filled_in_nM, free.start_insulin_nM) == (None, 0.0)


def test_times_given_for_the_cells_outlast_another_exposure():
    cells = {"number": 3, "record": ["20 min", "1 h"]}
    made = adipose(cells=cells)
    assert made.changed(exposure=[{**HOUR, "duration": "30 min"}]).cells.record_min == (20.0,)
    assert made.changed(exposure=[HOUR], cells=cells).cells.record_min == (20.0, 60.0)
    assert made.changed(receptors=100).cells.record_min == (20.0, 60.0)


def test_times_filled_in_for_the_cells_follow_the_run():
    made = adipose(cells=3)
    assert "record" not in made.to_dict()["cells"]
    assert Scenario.from_dict(made.to_dict()) == made
    assert made.changed(exposure=[HOUR]).cells.record_min == adipose(cells=3, exposure=[HOUR]).cells.record_min
    assert made.changed(record="7 min").cells.record_min == adipose(cells=3, record="7 min").cells.record_min


# -- assays ------------------------------------------------------------------------------------------------------------


def test_a_dose_scan_of_cells_that_lived_in_insulin_is_that_of_each_dose_by_hand():
    doses = [0.0, 0.1, 1.0, 10.0]
    by_hand = [bound_after(PREINCUBATED, dose, 240.0) for dose in doses]
    found = assays.dose_response(PREINCUBATED, doses_nM=doses, exposure_min=240.0)
    np.testing.assert_allclose(found["bound_receptors"], by_hand, rtol=1e-12)
    np.testing.assert_array_equal(np.round(found["bound_receptors"], 1), [351.9, 345.5, 314.2, 313.1])


def test_a_dose_scan_of_cells_without_a_start_of_their_own_begins_at_rest():
    fed = adipose(exposure=[{**HOUR, "insulin": "10 nM"}])
    found = assays.dose_response(fed, doses_nM=[0.0, 1.0], exposure_min=240.0)
    rested = adipose(start={"insulin": "0 nM"})
    by_hand = [bound_after(rested, dose, 240.0) for dose in (0.0, 1.0)]
    np.testing.assert_allclose(found["bound_receptors"], by_hand, rtol=1e-12)


def test_recovery_begins_with_cells_as_they_are_given():
    found = assays.recovery(PREINCUBATED, insulin_nM=1.0, exposure_min=240.0, after_min=[0.0])
    expected = [bound_after(PREINCUBATED, dose, 240.0) for dose in (1.0, 0.0)]
    seen = found[["bound_receptors", "control_receptors"]].iloc[0]
    np.testing.assert_allclose(seen, expected, rtol=1e-12)


def test_a_dose_curve_keeps_the_start_and_the_treatments():
    drug = {"kind": "kinase_inhibitor", "at": "0 min"}
    given = adipose(start=LIVED_IN_INSULIN, treatments=[drug])
    found = dose_curves.sweep(given, doses_nM=[1.0], exposure_min=60.0)
    by_hand = simulate(Scenario.from_dict(given.to_dict() | {"exposure": [HOUR]}))
    assert found.values["surface"][0, 1] == pytest.approx(by_hand.surface[-1], rel=1e-12)
    untreated = simulate(adipose(start=LIVED_IN_INSULIN, exposure=[HOUR]))
    assert abs(by_hand.surface[-1] - untreated.surface[-1]) > 100.0


def test_a_treatment_beyond_a_dose_curve_is_refused_by_name():
    late = adipose(treatments=[{"kind": "kinase_inhibitor", "at": "2 h"}])
    with pytest.raises(ValueError, match=r"treatments\[0\]\.at: 2 h given; the run ends at 1 h"):
        dose_curves.sweep(late, doses_nM=[1.0], exposure_min=60.0)


def test_the_causes_of_a_loss_are_those_of_the_cells_that_are_given():
    given = adipose(start=LIVED_IN_INSULIN, exposure=[HOUR])
    whole = loss_by_cause(given, at_min=60.0).iloc[0]
    assert whole["live_receptors"] == pytest.approx(simulate(given).live[-1], rel=1e-12)
    control = simulate(adipose(start=LIVED_IN_INSULIN, exposure=[{**HOUR, "insulin": "0 nM"}]))
    assert whole["control_receptors"] == pytest.approx(control.live[-1], rel=1e-12)


def test_uptake_of_a_tracer_starts_where_the_cells_do_or_is_refused():
    with pytest.raises(ValueError, match=r"^start: .* receptors of a cell hold insulin from the start"):
        assays.endocytic_rate(PREINCUBATED)
    counted = adipose(start={"counts": {"surface_free": 1_000}})
    rows = assays.endocytic_rate(counted, insulin_nM=100.0, until_min=1.0)
    assert 500.0 < rows["surface_receptors"].max() < 1_000.0
    drawn = adipose(start={"total": "poisson"}, resolution="counts")
    assert dishes.resting(drawn)["total"] == "poisson"
    assert not assays.endocytic_rate(drawn).equals(assays.endocytic_rate(replace_total(drawn)))


def replace_total(scenario: Scenario) -> Scenario:
    return scenario.changed(start={"total": "rounded"})


def test_a_label_is_followed_every_minute_whatever_times_the_cells_have():
    given = adipose(
        cells={"number": 2, "record": ["7.5 min"]}, record="7.5 min", exposure=[{**HOUR, "duration": "15 min"}]
    )
    assert len(assays.label_protection(given)) == 16


# -- what is said of a run ---------------------------------------------------------------------------------------------


def test_the_first_step_is_seen_from_the_insulin_that_the_cell_was_used_to():
    step = step_of(adipose(start={"insulin": "0 nM"}, exposure=[{**HOUR, "insulin": "10 nM"}]))
    assert step is not None
    assert (step.at_min, step.before_nM, step.after_nM) == (0.0, 0.0, 10.0)
    assert step_of(adipose(exposure=[HOUR])) is None
    assert step_of(adipose(start={"insulin": "1 nM"}, exposure=[HOUR])) is None


def test_the_file_says_at_which_resolution_an_assay_is_done_and_mean_is_only_a_default(tmp_path: Path):
    file = tmp_path / "cells.toml"
    file.write_text('name = "x"\nresolution = "counts"\n[[exposure]]\nkind = "washout"\nduration = "1 h"\n')
    assert io.load_scenario(file, defaults={"resolution": "mean"}).resolution == "counts"
    assert io.load_scenario("basal", defaults={"resolution": "mean"}).resolution == "mean"
    assert io.load_scenario(file, {"resolution": "agents"}, defaults={"resolution": "mean"}).resolution == "agents"
