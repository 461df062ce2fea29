"""In a finite medium no insulin is lost: it is in the medium, on or in receptors, or destroyed."""

import numpy as np
import pytest

from trafficking.replicates import replicated
from trafficking.scenario import Scenario, ScenarioError
from trafficking.simulation import Run, simulate
from trafficking.snapshot import Snapshot

UNCOUPLED = {"endocytosis": False, "sorting": False, "transcription": False}
AVOGADRO = 6.02214076e23
TABLES = ("counts", "events", "exposure", "histories", "cells")


def scenario(cells_per_ml: float | None = 1e7, **changes) -> Scenario:
    given = {
        "name": "dish",
        "receptors": 20_000,
        "follow": 50,
        "start": {"state": "insulin_free"},
        "exposure": [{"kind": "constant", "insulin": "0.5 nM", "duration": "4 h"}],
    }
    if cells_per_ml is not None:
        given["medium"] = {"cells_per_ml": cells_per_ml}
    return Scenario.from_dict(given | changes)


def whole_nM(result) -> np.ndarray:
    """Insulin in the medium, on and in receptors, and destroyed, at each row."""
    bound = [state.name for state in result.scenario.itinerary.states if state.bound]
    per_receptor = result.scenario.medium.cells_per_ml * 1e3 / AVOGADRO * 1e9 / result.scenario.cells.number
    held = result.counts[bound].sum(axis=1) * per_receptor
    return (result.exposure["insulin_nM"] + held + result.exposure["destroyed_nM"]).to_numpy()


@pytest.mark.parametrize("coupling", [{}, UNCOUPLED])
@pytest.mark.parametrize("resolution", ["agents", "counts", "mean"])
def test_medium_bound_and_destroyed_are_what_was_given(resolution, coupling):
    result = simulate(scenario(resolution=resolution, coupling=coupling, record="3 min"), seed=2)
    assert np.allclose(whole_nM(result), 0.5, rtol=1e-9)
    assert result.exposure["insulin_nM"].iloc[-1] < 0.45
    assert result.exposure["destroyed_nM"].iloc[-1] > 0.02
    # Were endosomal insulin to come back, the sum would not close.
    assert not np.allclose(whole_nM(result) - result.exposure["destroyed_nM"], 0.5, rtol=1e-3)


def test_what_is_destroyed_is_what_is_released_inside_or_lost_with_a_receptor():
    result = simulate(scenario(), seed=2)
    inside = result.events[["endosomal_dissociation", "bound_commitment", "bound_constitutive_loss"]].to_numpy().sum()
    assert np.isclose(result.exposure["destroyed_nM"].iloc[-1], inside * 1e7 * 1e12 / AVOGADRO)


def test_many_receptors_in_little_medium_bind_as_the_law_of_mass_action_says():
    # At 4 C nothing but binding: free insulin solves K_D B / (R - B) + B = I.
    cold = scenario(
        1e8,
        resolution="mean",
        treatments=[{"kind": "temperature", "at": "0 min"}],
        exposure=[{"kind": "constant", "insulin": "2 nM", "duration": "24 h"}],
    )
    result = simulate(cold)
    values = {arrow.name: arrow.rate for arrow in cold.itinerary.transitions}
    K_D = values["dissociation"] / values["association"]
    sites = float(result.surface[0]) * 1e8 * 1e12 / AVOGADRO
    half = 0.5 * (sites + 2.0 + K_D)
    bound = half - np.sqrt(half**2 - sites * 2.0)
    assert np.isclose(result.exposure["insulin_nM"].iloc[-1], 2.0 - bound, rtol=1e-6)


def test_without_cells_to_speak_of_the_medium_is_a_clamp():
    few, clamped = (simulate(scenario(cells, resolution="mean")) for cells in (1e-3, None))
    assert np.allclose(few.surface, clamped.surface, rtol=1e-8)
    assert "destroyed_nM" not in clamped.exposure


def test_the_error_of_the_window_falls_to_a_quarter():
    def left(window: str) -> float:
        given = scenario(4e7, resolution="mean", coupling=UNCOUPLED, window=window, record="32 min")
        return float(simulate(given).exposure["insulin_nM"].iloc[1])

    exact = left("3 s")
    errors = [abs(left(window) - exact) for window in ("2 min", "1 min", "0.5 min")]
    assert errors[0] < 2e-4
    assert errors[1] < 0.32 * errors[0]
    assert errors[2] < 0.32 * errors[1]


def test_a_crowd_of_cells_never_takes_more_than_there_is():
    result = simulate(
        scenario(1e10, resolution="mean", exposure=[{"kind": "constant", "insulin": "0.1 nM", "duration": "10 min"}])
    )
    insulin = result.exposure["insulin_nM"].to_numpy()
    assert np.all(insulin >= 0.0)
    assert np.all(np.diff(insulin[:5]) <= 0.0)
    assert insulin[5] < 1e-3
    assert np.allclose(whole_nM(result), 0.1, rtol=1e-6)


def test_agents_and_counts_deplete_as_the_mean_equations_say():
    changes = {"receptors": 2_000, "coupling": UNCOUPLED, "record": "1 h", "cells": 1, "follow": 0}
    expected = simulate(scenario(1e8, resolution="mean", **changes)).surface
    for resolution in ("agents", "counts"):
        given = scenario(1e8, resolution=resolution, **changes)
        runs = np.array([simulate(given, seed=4, replicate=i).surface for i in range(30)])
        assert np.all(np.abs(runs.mean(axis=0) - expected) < 4.5 * runs.std(axis=0, ddof=1) / np.sqrt(30) + 0.5)


def test_the_medium_is_fresh_where_the_exposure_changes_or_the_file_says_so():
    exposure = [{"kind": "constant", "insulin": insulin, "duration": "1 h"} for insulin in ("1 nM", "1 nM", "0.2 nM")]
    given = scenario(resolution="mean", exposure=exposure, treatments=[{"kind": "fresh_medium", "at": "90 min"}])
    insulin = simulate(given).exposure["insulin_nM"].to_numpy()
    assert insulin[60] < insulin[59] < insulin[0] == 1.0  # the same insulin again is no change
    assert insulin[90] == 1.0 > insulin[89]
    assert insulin[120] == 0.2


@pytest.mark.parametrize("resolution", ["agents", "counts", "mean"])
def test_a_run_in_pieces_or_steered_is_the_uninterrupted_one(resolution):
    run = Run(scenario(resolution=resolution), seed=9)
    for until in (0.0, 14.0, 33.0):
        run.advance(until)
        run = Run.resume(Snapshot.from_bytes(run.snapshot().to_bytes()), threads=1)
    assert run.recorded["insulin_nM"][-1] == run.insulin_nM < 0.5
    short = run.so_far()
    run.steer(2.0)
    assert run.insulin_nM == run.recorded["insulin_nM"][-1] == 2.0
    run.advance()
    for result in (short, run.result()):
        again = simulate(Scenario.from_dict(result.scenario.to_dict()), seed=9)
        for name in TABLES:
            assert getattr(again, name).equals(getattr(result, name)), name


def test_threads_change_no_bit():
    one, three = (simulate(scenario(receptors=40_000), seed=2, threads=n) for n in (1, 3))
    for name in TABLES:
        assert getattr(one, name).equals(getattr(three, name)), name


def test_many_cells_share_one_medium():
    several = simulate(scenario(cells=20, receptors=1_000, resolution="mean"), seed=1)
    assert np.allclose(whole_nM(several), 0.5)


@pytest.mark.parametrize(("resolution", "within"), [("mean", 1e-9), ("agents", 0.01)])
def test_both_daughters_of_a_division_stay_in_the_dish(resolution, within):
    # At agents the followed daughter has half of the bound receptors but for chance: 6,000 bound, so 1 in 100 of the
    # bound insulin at most (a false alarm in 10^4), and that is a tenth of the insulin given.
    treatments = [{"kind": "division", "at": "90 min"}, {"kind": "division", "at": "3 h"}]
    given = scenario(resolution=resolution, treatments=treatments, record="10 min", follow=0)
    result = simulate(given, seed=4)
    per_receptor = given.medium.cells_per_ml * 1e12 / AVOGADRO
    bound = [state.name for state in given.itinerary.states if state.bound]
    times, held = result.exposure["time_min"].to_numpy(), result.counts[bound].sum(axis=1).to_numpy() * per_receptor
    free = (result.exposure["insulin_nM"] + result.exposure["destroyed_nM"]).to_numpy()
    crowd = 2.0 ** sum(times >= at for at in (90.0, 180.0))
    assert np.allclose(free + held * crowd, 0.5, rtol=within)
    assert not np.allclose(free + held, 0.5, rtol=0.01)  # as if the other daughter had left with what it holds
    resumed = Run(given, seed=4)
    resumed.advance(120.0)
    resumed = Run.resume(Snapshot.from_bytes(resumed.snapshot().to_bytes()))
    resumed.advance()
    assert resumed.result().exposure.equals(result.exposure)


def test_a_smooth_exposure_cannot_be_given_to_a_dish():
    ramp = {"kind": "ramp", "start": "0 nM", "end": "1 nM", "over": "1 h", "duration": "1 h"}
    with pytest.raises(ScenarioError, match=r"exposure\[0\].kind: 'ramp' given; a finite medium is changed at once"):
        scenario(exposure=[ramp])


@pytest.mark.parametrize(
    ("medium", "said"), [({}, "missing"), ({"cells_per_ml": 0.0}, "0.0 given"), (3, "a table is needed")]
)
def test_a_medium_that_cannot_be_meant_is_refused(medium, said):
    with pytest.raises(ScenarioError, match=said):
        Scenario.from_dict(scenario(None).to_dict() | {"medium": medium})


def test_each_replicate_has_a_medium_of_its_own():
    given = scenario(
        3e9, receptors=500, record="1 h", exposure=[{"kind": "constant", "insulin": "1 nM", "duration": "2 h"}]
    )
    _, counts = replicated(given, range(2), seed=3)
    for replicate in range(2):
        alone = simulate(given, seed=3, replicate=replicate)
        assert np.array_equal(counts[replicate], alone.counts[list(given.itinerary.state_names)])


def test_a_run_that_ends_where_its_medium_was_changed_ends_in_the_old_one():
    run = Run(scenario(receptors=2_000, follow=0), seed=1)
    run.advance(20.0)
    run.steer(3.0)
    for ended in (run, Run.resume(Snapshot.from_bytes(run.snapshot().to_bytes()))):
        now = ended.so_far()
        afresh = simulate(now.scenario, seed=1)
        assert all(getattr(now, name).equals(getattr(afresh, name)) for name in TABLES)
    run.advance()
    assert run.result().exposure.equals(simulate(run.scenario, seed=1).exposure)
