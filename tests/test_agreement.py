"""Three resolutions, one law: single receptors and random numbers scatter around expected ones, in every tissue."""

import pytest

from cells import SWITCHED_ON
from trafficking.io import load_scenario, scenario_names
from trafficking.library import tissue, tissues
from trafficking.scenario import Scenario
from trafficking.verification import compare, verify

# Each comparison raises a false alarm in one of 100,000 programs that are right; the seeds are fixed.
ALPHA = 1e-5
UNCOUPLED = {"endocytosis": False, "sorting": False, "transcription": False}


def step_in(name: str, **changes: object) -> Scenario:
    """A tissue from its lean steady state (culture: no insulin) to ten times its obese insulin (culture: 10 nM)."""
    lean, obese = tissue(name).lean, tissue(name).obese
    before, after = ("0 nM", "10 nM") if lean is None else ("lean", f"{10.0 * obese.value} nM")
    given = {
        "name": f"step_{name}",
        "tissue": name,
        "exposure": [
            {"kind": "constant", "insulin": before, "duration": "20 min"},
            {"kind": "constant", "insulin": after, "duration": "3 h"},
            {"kind": "ramp", "start": after, "end": before, "over": "30 min", "duration": "1 h"},
        ],
    }
    return Scenario.from_dict(given | changes)


@pytest.mark.parametrize("name", tissues())
def test_agents_agree_with_the_mean_equations_in_every_tissue(name):
    given = step_in(name)
    report = verify(given, replicates=12 if given.itinerary.couplings else 40, receptors=1_000, alpha=ALPHA)
    assert report.coupled == (name not in ("culture", "3t3_c2", "htc"))  # the cell lines do without
    assert report.passed, report.text


def test_agents_agree_with_the_mean_equations_where_endosomes_crowd_and_the_gene_is_silenced():
    report = verify(step_in("culture", parameters=SWITCHED_ON), replicates=12, receptors=1_000, alpha=ALPHA)
    assert report.coupled
    assert report.passed, report.text


@pytest.mark.parametrize("name", tissues())
def test_without_coupling_agents_agree_with_the_exact_master_equation(name):
    report = verify(step_in(name, coupling=UNCOUPLED), replicates=40, receptors=2_000, alpha=ALPHA)
    assert not report.coupled
    assert report.passed, report.text


@pytest.mark.parametrize("symbol", ["kon", "koff", "ke0", "kdis", "kfast"])
@pytest.mark.parametrize("laws", [{}, SWITCHED_ON])
def test_a_rate_off_by_ten_percent_is_found_out(symbol, laws):
    right = step_in("culture", parameters=laws)
    value = tissue("culture").values[symbol].value * 1.1
    unit = "/nM/min" if symbol == "kon" else "/min"
    wrong = step_in("culture", parameters=laws | {symbol: f"{value!r} {unit}"})
    replicates = 30 if right.itinerary.couplings else 60  # a coupled comparison has a second, larger set besides
    report = compare(wrong, right, replicates=replicates, receptors=4_000, seed=1, alpha=ALPHA)
    for resolution in ("agents", "counts"):
        of_it = (report.table["resolution"] == resolution) & (report.table["what"] == "mean")
        assert report.table[of_it]["z"].abs().max() > report.limit, (resolution, report.text)


@pytest.mark.slow
@pytest.mark.parametrize("name", scenario_names())
def test_the_resolutions_agree_on_every_shipped_scenario(name):
    report = verify(load_scenario(name), alpha=ALPHA)
    assert report.passed, report.text


def test_a_check_without_scatter_is_refused():
    with pytest.raises(ValueError, match="at least 4"):
        verify(step_in("culture"), replicates=2)


def test_a_state_that_one_resolution_believes_empty_is_compared():
    right = step_in("culture", coupling=UNCOUPLED)
    wrong = step_in("culture", coupling=UNCOUPLED, parameters={"ksort": "0 /min"})
    for tested, mean in ((wrong, right), (right, wrong)):
        report = compare(tested, mean, resolutions=("agents",), replicates=16, receptors=4_000, seed=1, alpha=ALPHA)
        deviations = report.table[report.table["state"] == "recycling_endosome"]["z"].abs()
        assert deviations.max() > report.limit


def test_scatter_that_is_too_wide_is_found_out():
    right = step_in("culture", coupling=UNCOUPLED)
    wrong = step_in("culture", coupling=UNCOUPLED, start={"state": "insulin_free", "total": "poisson"})
    report = compare(wrong, right, replicates=60, receptors=2_000, seed=1, alpha=ALPHA)
    means = report.table["what"] == "mean"
    assert report.table[means]["z"].abs().max() < report.limit
    for resolution in ("agents", "counts"):
        of_it = (report.table["resolution"] == resolution) & ~means
        assert report.table[of_it]["z"].abs().max() > report.limit, (resolution, report.text)


def test_windows_that_end_off_the_minute_are_no_obstacle():
    ramp = [{"kind": "ramp", "start": "0 nM", "end": "10 nM", "over": "30.5 min", "duration": "1 h"}]
    given = step_in("culture", coupling=UNCOUPLED, exposure=ramp, window="7 min")
    report = verify(given, replicates=20, receptors=1_000, alpha=ALPHA)
    assert report.passed, report.text
    assert set(report.table["what"]) > {"mean"}
