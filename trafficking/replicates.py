"""Many replicates of one small cell, side by side."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from trafficking.arguments import on_a_scenario
from trafficking.cells import replicas
from trafficking.identity import check_seed
from trafficking.scenario import Scenario
from trafficking.simulation import Run

_NUMBERS_AT_ONCE = 2_000_000  # of replicates side by side


@on_a_scenario
def replicated(
    scenario: Scenario, replicates: Sequence[int], *, seed: int = 1, threads: int | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """The counts of many replicates of a scenario of one cell, those of `simulate` to the last bit.

    At `agents` they run side by side, which for small cells is many times faster than one after the other.

    Returns:
        (n,) minutes of the rows; (n_replicates, n, n_states) receptors.
    """
    if scenario.cells.number > 1:
        raise ValueError(f"replicated: {scenario.name} has {scenario.cells.number:,} cells; one is needed")
    if not len(replicates):
        raise ValueError("replicates: none given; at least one is needed")
    for replicate in replicates:
        check_seed(seed, replicate)
    if scenario.resolution != "agents" or scenario.medium is not None:  # cells side by side would share the medium
        runs = [Run(scenario, seed=seed, replicate=replicate, threads=1) for replicate in replicates]
        for run in runs:
            run.advance()
        return runs[0].recorded["time_min"], np.array([run.recorded["counts"] for run in runs])
    rows = scenario.duration_min / scenario.record_min + 2.0
    side_by_side = max(int(_NUMBERS_AT_ONCE / (rows * len(scenario.itinerary.transitions))), 1)
    times, parts = np.zeros(0), []
    quiet = scenario.changed(follow=0)
    for first in range(0, len(replicates), side_by_side):
        batch = replicates[first : first + side_by_side]
        run = Run(quiet, seed=seed, threads=threads, cells=replicas(scenario.receptors, seed=seed, replicates=batch))
        run.advance()
        times, counts = run.recorded_cells
        parts.append(counts.transpose(1, 0, 2))
    return times, np.concatenate(parts)
