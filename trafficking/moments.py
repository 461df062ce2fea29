"""Exact variances and covariances between times, where receptors do not act on each other.

Every receptor then walks for itself, so numbers scatter as sums of independent walks: those present at the start, of
whom there is a fixed total (or a Poisson one, or given numbers in each state), and the newborn, who are Poisson.
"""

from __future__ import annotations

import numpy as np

from trafficking import propagator
from trafficking.arguments import on_a_scenario
from trafficking.cells import Start, replicas
from trafficking.itinerary import Itinerary
from trafficking.scenario import Scenario
from trafficking.simulation import Run
from trafficking.starting import starting_cells
from trafficking.tally import Passed


@on_a_scenario
def exact_moments(scenario: Scenario, times_min: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Variances of the counts, and covariances of each state's count with itself at the next time.

    Args:
        scenario: without coupling. times_min: (n,), rising, up to the scenario's end.

    Returns:
        (n, n_states) and (n - 1, n_states), in receptors squared. An end counts all that ever came to it.
    """
    if scenario.itinerary.couplings:
        raise ValueError(f"moments: exact only without coupling; {', '.join(scenario.itinerary.couplings)} is on")
    if scenario.treatments or scenario.medium is not None:
        raise ValueError("moments: exact only where rates are those of one itinerary, without treatments or a medium")
    between = _transitions(scenario, times_min)
    since_start, total = [], np.eye(len(between[0]))
    for transition in between:
        total = total @ transition
        since_start.append(total)
    expected = _expected(scenario, times_min)
    start = starting_cells(scenario, replicas(scenario.receptors, seed=0, replicates=[0]))[0].expected[0]
    lost = [[_shared(scenario, start, one, other) for one, other in pair] for pair in _pairs(since_start)]
    variance = np.array([e - same for e, (same, _) in zip(expected, lost, strict=True)])
    following = [
        e * np.diag(transition) - next_
        for e, transition, (_, next_) in zip(expected[:-1], between[1:], lost[:-1], strict=True)
    ]
    return variance, np.array(following)


def _pairs(matrices: list[np.ndarray]) -> list[tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]]:
    following = [*matrices[1:], matrices[-1]]
    return [((now, now), (now, later)) for now, later in zip(matrices, following, strict=True)]


def _shared(scenario: Scenario, start: np.ndarray, one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """(n_states,) what receptors of a fixed total take from the Poisson variance, by being in one place at a time."""
    if scenario.start.counts is not None:
        return np.einsum("k,ki,ki->i", start.astype(float), one, other)
    if scenario.start.total == "poisson" or start.sum() == 0:
        return np.zeros(len(start))
    return (start @ one) * (start @ other) / start.sum()


def _expected(scenario: Scenario, times_min: np.ndarray) -> np.ndarray:
    run = Run(scenario.changed(resolution="mean"))
    run.advance()
    recorded = run.recorded
    return recorded["counts"][np.searchsorted(recorded["time_min"], times_min)]


class _Transport:
    """In the place of receptors: the chances that lead from each state to each, under the rates of a run."""

    def __init__(self, itinerary: Itinerary, start: Start, **_: object) -> None:
        self.counts = np.zeros((1, len(start.shares)), dtype=np.int64)
        self.matrix = np.eye(len(start.shares))
        self._itinerary = itinerary

    def advance(
        self,
        rates: np.ndarray,
        start_min: float,
        end_min: float,
        records: np.ndarray,
        cell_records: np.ndarray | None = None,
    ) -> Passed:
        n = len(self.matrix)
        generator = np.zeros((n + 1, n + 1))
        propagator.fill(rates[0], self._itinerary.sources, self._itinerary.targets, generator)
        self.matrix = self.matrix @ propagator.propagate(generator, end_min - start_min)[0][:n, :n]
        passages = np.zeros((len(records) + 1, rates.shape[1]), dtype=np.int64)
        return Passed(passages, np.zeros((len(records), n), dtype=np.int64), np.zeros((0, 1, n), dtype=np.int64))


def _transitions(scenario: Scenario, times_min: np.ndarray) -> list[np.ndarray]:
    """(n_states, n_states) chances from the start to the first time, and from each time to the next."""
    run = Run(scenario.changed(resolution="agents"), populate=_Transport)
    transport = run.population
    assert isinstance(transport, _Transport)
    transitions = []
    for time in times_min.tolist():
        run.advance(time)
        if run.time_min != time:
            raise ValueError(f"moments: {time!r} min is not the end of a window")
        transitions.append(transport.matrix)
        transport.matrix = np.eye(len(transport.matrix))
    return transitions
