"""Many cells: each its own size, its own coupling and its own random numbers, and together one run."""

import numpy as np
import pytest
from scipy import stats

from cells import columns
from test_simulation import UNCOUPLED, scenario
from trafficking.cells import drawn
from trafficking.identity import MOST_CELLS
from trafficking.replicates import replicated
from trafficking.simulation import Run, simulate
from trafficking.snapshot import Snapshot

FALSE_ALARM = 1e-6  # of each statistical test here; the seeds are fixed
TIMES = ["0 min", "60 min", "180 min", "210 min"]


def several(number: int, **changes: object):
    spread = {name: changes.pop(name) for name in ("size_cv", "synthesis_cv") if name in changes}
    cells = {"number": number, "record": TIMES} | spread
    return scenario(**{"receptors": 300, "follow": 0, "cells": cells} | changes)


def cell_counts(run: Run) -> np.ndarray:
    run.advance()
    return run.recorded_cells[1]


# -- how cells differ --------------------------------------------------------------------------------------------------


def test_sizes_are_log_normal_with_mean_one_and_the_given_spread():
    cells = drawn(1_000.0, 20_000, 0.4, 0.15, seed=2)
    logs = np.log(cells.copy_number / 1_000.0)
    width = np.sqrt(np.log1p(0.4**2))
    assert stats.kstest(logs / width + 0.5 * width, "norm").pvalue > FALSE_ALARM
    assert stats.kstest(logs / width, "norm").pvalue < FALSE_ALARM
    assert abs(np.corrcoef(logs, np.log(cells.synthesis))[0, 1]) < 5.0 / np.sqrt(20_000)
    assert cells.synthesis.std() == pytest.approx(0.15, rel=0.05)
    assert cells.synthesis.mean() == pytest.approx(1.0, abs=0.01)


def test_one_cell_is_the_mean_cell():
    cell = drawn(1_000.0, 1, 0.4, 0.4, seed=2)
    assert cell.copy_number.tolist() == [1_000.0]
    assert cell.synthesis.tolist() == [1.0]


def test_cells_of_another_seed_or_replicate_are_others():
    sizes = [drawn(1.0, 5, 0.4, 0.0, seed=s, replicate=r).copy_number.tolist() for s, r in ((1, 0), (1, 1), (2, 0))]
    assert sizes[0] != sizes[1] != sizes[2] != sizes[0]


@pytest.mark.parametrize("resolution", ["agents", "mean"])
def test_a_larger_cell_at_rest_stays_at_rest_and_one_that_makes_more_grows(resolution):
    quiet = [{"kind": "constant", "insulin": "0 nM", "duration": "5 d"}]
    cells = {"number": 40, "size_cv": 0.5, "synthesis_cv": 0.5, "record": ["0 d", "5 d"]}
    more = {"exposure": quiet, "record": "1 h", "cells": cells, "coupling": UNCOUPLED}
    given = scenario(receptors=4_000, follow=0, resolution=resolution, **more)
    run = Run(given, seed=1)
    start, end = cell_counts(run)
    growth = end[:, :5].sum(axis=1) / start[:, :5].sum(axis=1)
    # Receptors at rest turn over in half a day, so after five days a cell holds what it makes.
    error = 0.0 if resolution == "mean" else 5.0 * np.sqrt(2.0 / start.sum(axis=1)).max()
    assert np.abs(growth / run.cells.synthesis - 1.0).max() < 0.01 + error


# -- cells do not touch each other -------------------------------------------------------------------------------------


@pytest.mark.parametrize("coupling", [{}, UNCOUPLED])
def test_one_more_cell_changes_no_other(coupling):
    few, more = (cell_counts(Run(several(n, coupling=coupling), seed=5)) for n in (6, 7))
    assert np.array_equal(few, more[:, :6])


@pytest.mark.parametrize("coupling", [{}, UNCOUPLED])
def test_the_first_cell_of_many_alike_is_the_cell_that_stands_alone(coupling):
    run = Run(several(4, size_cv=0.0, coupling=coupling), seed=5)
    alone = Run(scenario(receptors=300, follow=0, coupling=coupling), seed=5)
    counts = cell_counts(run)
    alone.advance()
    rows = np.searchsorted(alone.recorded["time_min"], run.recorded_cells[0])
    assert np.array_equal(counts[:, 0], alone.recorded["counts"][rows])
    assert not np.array_equal(counts[:, 0], counts[:, 1])
    assert np.array_equal(run._mrna[:1], alone._mrna)


@pytest.mark.parametrize("coupling", [{}, UNCOUPLED])
@pytest.mark.parametrize("resolution", ["agents", "counts", "mean"])
def test_the_cells_add_up_to_the_totals(resolution, coupling):
    run = Run(several(9, resolution=resolution, coupling=coupling), seed=5)
    counts = cell_counts(run)
    recorded = run.recorded
    rows = np.searchsorted(recorded["time_min"], run.recorded_cells[0])
    assert run.recorded_cells[0].tolist() == [0.0, 60.0, 180.0, 210.0]
    assert np.allclose(counts.sum(axis=1), recorded["counts"][rows], rtol=1e-12)
    assert np.array_equal(run.cell_counts.sum(axis=0), run.counts)


def test_counts_of_a_cell_are_its_receptors_alive():
    run = Run(several(12, synthesis_cv=1.5, size_cv=1.0), seed=5)
    run.advance()
    states, _, identities, _ = columns(run.population)
    which = (identities >> np.uint64(36)).astype(np.int64) % MOST_CELLS
    seen = np.zeros((12, len(run.states)), dtype=np.int64)
    np.add.at(seen, (which, states), 1)
    alive = ~run.itinerary.out
    assert np.array_equal(seen[:, alive], run.cell_counts[:, alive])
    assert len(np.unique(identities)) == len(identities)


# -- the same bytes ----------------------------------------------------------------------------------------------------


def test_threads_change_no_bit_of_any_cell():
    given = several(40, receptors=2_000, size_cv=1.0)
    one, two, five = (cell_counts(Run(given, seed=2, threads=threads)) for threads in (1, 2, 5))
    assert np.array_equal(one, two)
    assert np.array_equal(one, five)


@pytest.mark.parametrize("coupling", [{}, UNCOUPLED])
@pytest.mark.parametrize("resolution", ["agents", "counts", "mean"])
def test_resumed_cells_are_the_uninterrupted_ones(resolution, coupling):
    given = several(5, resolution=resolution, coupling=coupling, follow=60, synthesis_cv=0.5)
    run = Run(given, seed=9)
    for until in (0.0, 44.0, 151.0):
        run.advance(until)
        run = Run.resume(Snapshot.from_bytes(run.snapshot().to_bytes()), threads=1)
    run.advance()
    whole = simulate(given, seed=9)
    for name in ("counts", "events", "exposure", "histories", "cells"):
        assert getattr(run.result(), name).equals(getattr(whole, name)), name


def test_without_coupling_neither_window_nor_record_changes_a_cell():
    runs = [
        several(8, coupling=UNCOUPLED, window=window, record=record)
        for window, record in (("1 min", "1 min"), ("7 min", "5 min"))
    ]
    assert np.array_equal(*(cell_counts(Run(given, seed=3)) for given in runs))


def test_the_followed_are_spread_over_the_cells():
    result = simulate(several(10, follow=100), seed=3)
    cells = result.histories["receptor"].str.extract(r"^cell(\d+)-")[0].fillna("0").astype(int)
    assert set(cells) == set(range(10))
    assert 60 <= result.histories["receptor"].nunique() <= 250


# -- replicates side by side -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("coupling", [{}, UNCOUPLED])
@pytest.mark.parametrize("resolution", ["agents", "counts"])
def test_replicates_side_by_side_are_those_one_after_the_other(resolution, coupling):
    given = scenario(receptors=150, resolution=resolution, coupling=coupling, start={"total": "poisson"})
    times, counts = replicated(given, range(3, 9), seed=4)
    for row, replicate in enumerate(range(3, 9)):
        alone = simulate(given, seed=4, replicate=replicate).counts
        assert np.array_equal(times, alone["time_min"])
        assert np.array_equal(counts[row], alone[list(given.itinerary.state_names)].to_numpy())


def test_replicates_of_many_cells_are_refused():
    with pytest.raises(ValueError, match="one is needed"):
        replicated(several(3), range(2))


# -- the law -----------------------------------------------------------------------------------------------------------


def spread_of_surface(synthesis_cv: float) -> tuple[float, float]:
    run = Run(several(3_000, size_cv=0.5, synthesis_cv=synthesis_cv, coupling=UNCOUPLED), seed=8)
    end = cell_counts(run)[-1]
    surface = end[:, run.itinerary.mask("membrane")].sum(axis=1)
    return float(surface.mean()), float(surface.var(ddof=1))


def test_the_histogram_of_surface_receptors_has_the_variance_of_sizes_and_of_counting():
    # Without coupling a cell of size f holds about Poisson(f m), less what a fixed start takes: the variance over cells
    # is cv^2 m^2 from sizes, and from counting between half of m and m.
    mean, variance = spread_of_surface(0.0)
    sizes = 0.25 * mean**2
    error = variance * np.sqrt((2.0 + 15.0) / 3_000)  # a log-normal law of this width has a long tail
    assert sizes + 0.4 * mean - 4.9 * error < variance < sizes + mean + 4.9 * error
    assert not sizes + 0.4 * mean - 4.9 * error < 1.6 * variance < sizes + mean + 4.9 * error
