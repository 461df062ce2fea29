"""What is done to cells at a time acts on the arrows it is meant for, from that minute on, and on nothing else."""

import numpy as np
import pytest
from scipy.stats import chi2, norm

from cells import SWITCHED_ON
from trafficking.lives import cohort, lives
from trafficking.replicates import replicated
from trafficking.scenario import Scenario, ScenarioError
from trafficking.simulation import Run, simulate
from trafficking.snapshot import Snapshot

RESOLUTIONS = ["agents", "counts", "mean"]
UNCOUPLED = {"endocytosis": False, "sorting": False, "transcription": False}
TABLES = ("counts", "events", "exposure", "histories", "cells")
DECAY = {
    "states": [{"name": "here", "compartment": "membrane"}, {"name": "gone", "compartment": "out"}],
    "transitions": [
        {"name": "loss", "source": "here", "target": "gone", "law": "constant", "rate": "0.01 /min"},
        {"name": "making", "target": "here", "law": "synthesis", "rate": "0.01 /min"},
    ],
}


def scenario(*treatments: dict, **changes) -> Scenario:
    given = {
        "name": "bench",
        "parameters": SWITCHED_ON,
        "receptors": 2_000,
        "follow": 200,
        "exposure": [
            {"kind": "constant", "insulin": "10 nM", "duration": "1 h"},
            {"kind": "washout", "duration": "1 h"},
        ],
        "treatments": list(treatments),
    }
    return Scenario.from_dict(given | changes)


def decaying(*treatments: dict, **changes) -> Scenario:
    alone = {
        "itinerary": DECAY,
        "parameters": {},
        "start": {"counts": {"here": 1_000}},
        "receptors": 1_000,
        "coupling": UNCOUPLED,
    }
    return scenario(*treatments, **(alone | changes))


def rows(result) -> np.ndarray:
    return result.counts[list(result.scenario.itinerary.state_names)].to_numpy()


# -- exact laws --------------------------------------------------------------------------------------------------------


def test_under_cycloheximide_receptors_decay_from_that_minute_on():
    # 17.3 min is neither a row nor the end of a window.
    run = simulate(decaying({"kind": "cycloheximide", "at": "17.3 min"}, resolution="mean"))
    times = run.counts["time_min"].to_numpy()
    exact = 1_000.0 * np.exp(-0.01 * np.maximum(times - 17.3, 0.0))
    assert np.allclose(run.counts["here"], exact, rtol=1e-12)


def decayed(strength: float) -> np.ndarray:
    given = decaying({"kind": "cycloheximide", "at": "17.3 min", "strength": strength}, record="30 min")
    return replicated(given, range(200), seed=2)[1][:, -1, 0]


def test_single_receptors_under_cycloheximide_follow_the_exact_law():
    # Poisson-born and binomially lost: before 17.3 min 1,000 e^-kt of the first stay, later all decay.
    stay, later = np.exp(-0.01 * 17.3), np.exp(-0.01 * (120.0 - 17.3))
    mean = 1_000.0 * later
    variance = 1_000.0 * (stay * later * (1.0 - stay * later) + (1.0 - stay) * later)
    limit = norm.isf(0.5e-4)

    def deviation(seen: np.ndarray) -> float:
        return abs(seen.mean() - mean) / np.sqrt(variance / len(seen))

    assert deviation(decayed(1.0)) < limit
    assert deviation(decayed(0.97)) > limit
    scatter = decayed(1.0).var(ddof=1) / variance
    assert chi2.ppf(0.5e-4, 199) / 199 < scatter < chi2.isf(0.5e-4, 199) / 199


@pytest.mark.parametrize("resolution", RESOLUTIONS)
def test_at_4_celsius_insulin_binds_to_its_equilibrium_and_nothing_else_happens(resolution):
    cold = scenario(
        {"kind": "temperature", "at": "0 min", "celsius": 4.0},
        resolution=resolution,
        start={"state": "insulin_free"},
        exposure=[{"kind": "constant", "insulin": "3 nM", "duration": "10 h"}],
        receptors=20_000,
        follow=0,
    )
    result = simulate(cold)
    moved = result.events.drop(columns=["from_min", "to_min", "replicate"]).sum()
    assert set(moved.index[moved > 0.0]) <= {"association", "dissociation", "endosomal_dissociation"}
    assert np.allclose(result.surface, result.surface[0])
    values = {arrow.name: arrow.rate for arrow in cold.itinerary.transitions}
    share = 3.0 / (3.0 + values["dissociation"] / values["association"])
    bound, n = float(result.counts["surface_bound"].iloc[-1]), float(result.surface[-1])
    allowed = 1e-6 * n if resolution == "mean" else 4.0 * np.sqrt(n * share * (1.0 - share))
    assert abs(bound - n * share) < allowed


def test_at_5_celsius_receptors_do_move():
    result = simulate(scenario({"kind": "temperature", "at": "0 min", "celsius": 5.0}, resolution="mean"))
    assert result.events["bound_internalisation"].iloc[30] > 0.0


@pytest.mark.parametrize(
    ("kind", "blocked"),
    [
        ("cycloheximide", {"synthesis"}),
        ("chloroquine", {"lysosomal_degradation"}),
        ("monensin", {"fast_recycling", "slow_recycling"}),
        (
            "phenylarsine_oxide",
            {"basal_internalisation", "bound_internalisation", "free_constitutive_loss", "bound_constitutive_loss"},
        ),
    ],
)
@pytest.mark.parametrize("resolution", RESOLUTIONS)
def test_a_drug_blocks_its_arrows_while_it_is_there_and_no_other(kind, blocked, resolution):
    given = scenario(
        {"kind": kind, "at": "20.25 min", "until": "40 min"}, resolution=resolution, record="15 s", receptors=20_000
    )
    events = simulate(given).events
    there = (events["from_min"] >= 20.25) & (events["to_min"] <= 40.0)
    arrows = [arrow.name for arrow in given.itinerary.transitions]
    silent = {name for name in arrows if events.loc[there, name].sum() == 0.0}
    assert silent == blocked
    assert all(events.loc[events["to_min"] > 40.0, name].sum() > 0.0 for name in blocked)


def test_a_kinase_inhibitor_lets_bound_receptors_in_as_fast_as_free_ones():
    given = scenario({"kind": "kinase_inhibitor", "at": "10 min"}, resolution="mean", tissue="liver")
    events, counts = simulate(given).events, simulate(given).counts
    free = events["basal_internalisation"] / counts["surface_free"][:-1]
    bound = events["bound_internalisation"] / counts["surface_bound"][:-1]
    assert np.allclose(free[40:50], bound[40:50], rtol=0.02)
    assert bound[5] > 2.0 * free[5]


def test_halving_the_window_halves_no_switch():
    # Coupled: the minute of the treatment is exact, whatever the window.
    given = {"kind": "phenylarsine_oxide", "at": "20.3 min"}
    coarse, fine = (simulate(scenario(given, resolution="mean", window=w)).surface for w in ("2 min", "7.5 s"))
    assert np.abs(coarse - fine).max() < 0.3


# -- labels ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("coupling", "at"), [({}, "20 min"), (UNCOUPLED, "20.5 min")])
def test_a_label_changes_no_receptor(coupling, at):
    # Coupled, it may cut a window, in which rates are then read twice; where one ends anyway it changes nothing.
    plain = simulate(scenario(coupling=coupling), seed=4)
    marked = simulate(scenario({"kind": "label", "at": at}, coupling=coupling), seed=4)
    names = list(plain.scenario.itinerary.state_names)
    together = marked.counts[names].to_numpy() + marked.counts[[f"labelled_{name}" for name in names]].to_numpy()
    assert np.array_equal(together, plain.counts[names])


def test_the_labelled_are_the_cohort_of_the_followed():
    given = scenario({"kind": "label", "at": "20 min"}, receptors=300, follow=10_000, coupling=UNCOUPLED)
    marked = simulate(given, seed=4)
    alone = simulate(scenario(receptors=300, follow=10_000, coupling=UNCOUPLED), seed=4)
    followed = cohort(alone, 20.0, ["surface_free", "surface_bound"]).set_index("time_min")
    seen = marked.counts.set_index("time_min")
    for state in alone.scenario.itinerary.state_names:
        # Receptors that never move are not in the histories; all but they agree.
        late = followed.index > 20.0
        if state not in ("surface_free", "surface_bound"):
            assert np.array_equal(followed[state][late], seen.loc[followed.index[late], f"labelled_{state}"]), state


def test_a_pulse_labels_those_who_are_made_in_it():
    given = scenario({"kind": "label", "of": "newborn", "at": "20 min", "until": "50 min"}, resolution="mean")
    result = simulate(given)
    made = result.events["labelled_synthesis"].to_numpy()
    assert np.all(made[:20] == 0.0)
    assert np.all(made[20:50] > 0.0)
    assert np.all(made[50:] == 0.0)
    assert np.all(result.events["synthesis"].to_numpy()[20:50] == 0.0)
    assert np.allclose(result.live, simulate(scenario(resolution="mean")).live)


# -- division ----------------------------------------------------------------------------------------------------------

DIVIDED = {"kind": "division", "at": "30 min"}


def kept(resolution: str, n: int = 300) -> tuple[np.ndarray, np.ndarray]:
    """Live receptors after the division at 30 min, and those of the same runs without it."""
    changes = {"receptors": 200, "resolution": resolution, "coupling": UNCOUPLED, "record": "30 min"}
    there, whole = (replicated(scenario(*t, **changes), range(n), seed=5)[1] for t in ([DIVIDED], []))
    inside = ~scenario(**changes).itinerary.out
    return there[:, 1][:, inside].sum(axis=1), whole[:, 1][:, inside].sum(axis=1)


def scatter_of_division(after: np.ndarray, before: np.ndarray) -> float:
    """Mean squared deviation from one half, in units of the binomial variance."""
    return float((((after - 0.5 * before) ** 2) / (0.25 * before)).mean())


@pytest.mark.parametrize("resolution", ["agents", "counts"])
def test_division_halves_the_receptors_binomially(resolution):
    after, before = kept(resolution)
    low, high = (chi2.ppf(chance, len(after)) / len(after) for chance in (1e-5, 1.0 - 1e-5))
    assert low < scatter_of_division(after, before) < high
    assert abs((after - 0.5 * before).sum()) < 4.5 * np.sqrt(0.25 * before.sum())
    # An even split of each cell, or one cell's draw for all its receptors, is found out.
    assert scatter_of_division(before // 2, before) < low
    assert scatter_of_division(np.where(np.arange(len(before)) % 2, before, 0), before) > high


def test_division_halves_the_expectation():
    result = simulate(scenario(DIVIDED, resolution="mean", record="10 s", coupling=UNCOUPLED))
    whole = simulate(scenario(resolution="mean", record="10 s", coupling=UNCOUPLED))
    assert np.allclose(result.live[180], 0.5 * whole.live[180])
    assert result.counts["degraded"].iloc[180] == whole.counts["degraded"].iloc[180]


def test_those_who_stay_live_as_they_would_have_done():
    divided, whole = (simulate(scenario(*t, coupling=UNCOUPLED), seed=6) for t in ([DIVIDED], []))
    left = set(divided.histories.loc[divided.histories["target"] == "daughter", "receptor"])
    assert 50 < len(left) < 150
    stayed = divided.histories[~divided.histories["receptor"].isin(left)].reset_index(drop=True)
    expected = whole.histories[whole.histories["receptor"].isin(set(stayed["receptor"]))].reset_index(drop=True)
    assert stayed.equals(expected)
    assert set(lives(divided).dropna(subset="ended_min")["receptor"]) >= left


def test_two_divisions_at_one_time_are_two_draws():
    twice = simulate(scenario(DIVIDED, DIVIDED, receptors=20_000, follow=0, coupling=UNCOUPLED))
    whole = simulate(scenario(receptors=20_000, follow=0, coupling=UNCOUPLED))
    assert abs(twice.live[30] / whole.live[30] - 0.25) < 0.02


# -- the same bits -----------------------------------------------------------------------------------------------------

MANY = [
    {"kind": "division", "at": "14.2 min"},
    {"kind": "label", "at": "20 min"},
    {"kind": "monensin", "at": "20.4 min", "until": "41 min", "strength": 0.8},
    {"kind": "temperature", "at": "50 min", "until": "55 min", "celsius": 16},
    {"kind": "label", "of": "newborn", "at": "61 min", "until": "70 min"},
    {"kind": "division", "at": "90 min"},
]


@pytest.mark.parametrize("coupling", [{}, UNCOUPLED])
@pytest.mark.parametrize("resolution", RESOLUTIONS)
def test_a_treated_run_in_pieces_is_the_uninterrupted_one(resolution, coupling):
    given = scenario(*MANY, resolution=resolution, coupling=coupling)
    run = Run(given, seed=9)
    for until in (0.0, 14.2, 20.0, 33.0, 61.0, 90.0):
        run.advance(until)
        run = Run.resume(Snapshot.from_bytes(run.snapshot().to_bytes()), threads=1)
    run.advance()
    whole = simulate(given, seed=9)
    for name in TABLES:
        assert getattr(run.result(), name).equals(getattr(whole, name)), name


def test_threads_change_no_bit_of_a_treated_run():
    one, three = (simulate(scenario(*MANY, receptors=60_000), seed=2, threads=n) for n in (1, 3))
    for name in TABLES:
        assert getattr(one, name).equals(getattr(three, name)), name


def test_without_coupling_the_window_changes_no_bit_of_a_treated_run():
    one, other = (simulate(scenario(*MANY, coupling=UNCOUPLED, window=w), seed=2) for w in ("1 min", "7 min"))
    assert np.array_equal(rows(one), rows(other))


def test_a_treated_run_stopped_early_is_that_of_its_shorter_scenario():
    run = Run(scenario(*MANY), seed=3)
    run.advance(61.0)
    short = run.so_far()
    assert [treatment.kind for treatment in short.scenario.treatments] == [t["kind"] for t in MANY[:5]]
    again = simulate(Scenario.from_dict(short.scenario.to_dict()), seed=3)
    for name in TABLES:
        assert getattr(again, name).equals(getattr(short, name)), name


def test_a_steered_run_keeps_its_treatments():
    run = Run(scenario(*MANY), seed=3)
    run.advance(30.0)
    run.steer(1.0)
    run.advance()
    again = simulate(run.scenario, seed=3)
    for name in TABLES:
        assert getattr(again, name).equals(getattr(run.result(), name)), name


def test_replicates_side_by_side_divide_as_they_do_alone():
    given = scenario(*MANY, receptors=150, coupling=UNCOUPLED, follow=0)
    _, counts = replicated(given, range(3, 6), seed=4)
    for row, replicate in enumerate(range(3, 6)):
        assert np.array_equal(counts[row], rows(simulate(given, seed=4, replicate=replicate)))


def test_many_cells_are_treated_each():
    given = scenario(*MANY, cells={"number": 4, "record": ["20 min", "90 min"]}, receptors=500)
    result = simulate(given, seed=4)
    names = list(given.itinerary.state_names)
    for time in (20.0, 90.0):
        of_cells = result.cells.loc[result.cells["time_min"] == time, names].sum()
        assert np.array_equal(of_cells, result.counts.loc[result.counts["time_min"] == time, names].iloc[0])


def test_objects_are_treated_as_arrays_are():
    from trafficking.agents import TraffickingModel

    given = scenario(*MANY, receptors=200)
    model = TraffickingModel(given, seed=8)
    while model.running:
        model.step()
    assert np.array_equal(model.run.recorded["counts"], rows(simulate(given, seed=8)))


# -- rows and times ----------------------------------------------------------------------------------------------------


def test_the_row_of_a_treatment_has_it_and_the_one_before_has_not():
    result = simulate(scenario({"kind": "label", "at": "0.5 h"}, resolution="mean"))
    labelled = result.counts["labelled_surface_free"].to_numpy()
    assert labelled[29] == 0.0
    assert labelled[30] > 0.0


def test_a_treatment_that_begins_at_the_start_or_comes_at_the_end_acts_there():
    result = simulate(
        scenario({"kind": "division", "at": "0 min"}, {"kind": "division", "at": "2 h"}, resolution="mean")
    )
    whole = simulate(scenario(resolution="mean"))
    assert np.isclose(result.live[0], 0.5 * whole.live[0])
    assert result.live[-1] < 0.6 * result.live[-2]


def test_a_time_that_rounds_to_a_row_is_that_row():
    given = scenario({"kind": "label", "at": "0.1 h"})  # 6.000000000000001 min
    assert given.treatments[0].at_min == 6.0


def test_a_scenario_with_treatments_goes_through_its_file_form():
    given = scenario(*MANY)
    assert Scenario.from_dict(given.to_dict()) == given
    assert "treatments" not in scenario().to_dict()


def test_cold_says_what_it_assumes():
    assert any("Q10" in line for line in scenario({"kind": "temperature", "at": "1 min"}).assumptions)
    assert not any("Q10" in line for line in scenario().assumptions)


# -- what cannot be meant ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("treatment", "said"),
    [
        ({"kind": "cyclohexamide", "at": "1 min"}, "did you mean 'cycloheximide'"),
        ({"kind": "division"}, "treatments[0].at: missing"),
        ({"kind": "division", "at": "1 min", "until": "2 min"}, "treatments[0].until: no such key"),
        ({"kind": "division", "at": 5}, "treatments[0].at: 5 given"),
        ({"kind": "division", "at": "3 h"}, "treatments[0].at: 3 h given; the run ends at 2 h"),
        ({"kind": "monensin", "at": "2 min", "until": "1 min"}, "must come after `at`, 2 min"),
        ({"kind": "monensin", "at": "2 min", "strength": 1.5}, "treatments[0].strength: 1.5 given"),
        ({"kind": "temperature", "at": "2 min", "celsius": 99}, "treatments[0].celsius: 99 given"),
        ({"kind": "label", "at": "2 min", "until": "3 min"}, "goes with of = 'newborn' only"),
        ({"kind": "label", "at": "2 min", "of": "newborn"}, "the end of the pulse is needed"),
        ({"kind": "fresh_medium", "at": "2 min"}, "it needs a finite medium"),
    ],
)
def test_a_treatment_that_cannot_be_meant_is_refused(treatment, said):
    with pytest.raises(ScenarioError) as refused:
        scenario(treatment)
    assert said in str(refused.value)


def test_a_drug_without_an_arrow_to_block_is_refused():
    with pytest.raises(ScenarioError, match="the itinerary has no arrow for it"):
        decaying({"kind": "monensin", "at": "1 min"})
