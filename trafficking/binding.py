"""A binding measurement: labelled insulin on cells in the cold, and the errors of the counter.

At 4 C receptors stay where they are (`data/bench.toml`), so each free site binds for itself: the chance that it holds a
tracer at the end follows from the cold rates of the itinerary, without any further assumption.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from trafficking import propagator
from trafficking.faults import shown
from trafficking.identity import check_seed, philox
from trafficking.itinerary import Itinerary
from trafficking.scenario import Scenario
from trafficking.treatments import at_celsius

LEAST_MIN = 240.0  # min: a cold incubation at the bench takes hours anyway
LONGEST_MIN = 1e6
_TIME_CONSTANTS = 8.0  # e^-8 is 0.03 %: less than an error of counting


@dataclass(frozen=True)
class Noise:
    """The errors of a reading.

    binding_cv: coefficient of variation from well to well (cells plated, volumes), log-normal of mean 1. counts: what
    the counter registers for the largest reading of the assay; readings scatter as Poisson counts. 0: no such error.
    """

    binding_cv: float = 0.05
    counts: float = 10_000.0

    def __post_init__(self) -> None:
        for name in ("binding_cv", "counts"):
            value = getattr(self, name)
            if not 0.0 <= value < 1e12:
                raise ValueError(f"noise.{name}: {value!r} given; a number of at least 0 is needed")


class Reader:
    """Takes readings. Its random numbers are those of the assay alone: no receptor's path depends on them."""

    def __init__(self, *, seed: int, replicate: int, noise: Noise | None, discrete: bool) -> None:
        """discrete: whether single receptors bind at random, as at `agents` and `counts`."""
        self._generator = philox(seed, replicate, "assay")
        self._noise, self._discrete = noise, discrete

    def bind(self, receptors: Any, share: Any) -> np.ndarray:
        """How many of some receptors hold a tracer, each with the chance `share`."""
        numbers = np.asarray(receptors, dtype=float)
        if not self._discrete:
            return numbers * share
        whole = np.rint(numbers).astype(np.int64)
        return np.asarray(self._generator.binomial(whole, np.clip(share, 0.0, 1.0)), dtype=float)

    def read(self, values: Any) -> np.ndarray:
        """Values as the experimenter writes them down, in the same unit."""
        exact = np.asarray(values, dtype=float)
        if self._noise is None or not exact.size:
            return exact
        width = np.sqrt(np.log1p(self._noise.binding_cv**2))
        seen = exact * np.exp(width * self._generator.standard_normal(exact.shape) - 0.5 * width**2)
        most = float(exact.max())
        if self._noise.counts > 0.0 and most > 0.0:
            per_count = most / self._noise.counts
            seen = self._generator.poisson(seen / per_count) * per_count
        return seen


def reader_of(scenario: Scenario, seed: int, replicate: int, noise: Noise | None) -> Reader:
    """A reader for cells of a scenario."""
    if noise is not None and not isinstance(noise, Noise):
        raise ValueError(f"noise: {shown(noise)} given; a Noise is needed, or None")
    check_seed(seed, replicate)
    return Reader(seed=seed, replicate=replicate, noise=noise, discrete=scenario.resolution != "mean")


def share_bound(
    itinerary: Itinerary,
    insulin_nM: float,
    minutes: float,
    celsius: float = 4.0,
    *,
    within: Sequence[str] = ("membrane",),
) -> float:
    """Chance that a free surface receptor holds insulin after `minutes` in this much of it, held in the cold.

    within: the compartments whose insulin counts; in the cold there is none but at the membrane.
    """
    cold = at_celsius(itinerary, celsius)
    surface = itinerary.mask("membrane")
    rates = cold.rates(insulin_nM, np.zeros(len(itinerary.states)))
    matrix = np.zeros((len(itinerary.states) + 1,) * 2)
    matrix[:-1, :-1] = itinerary.generator(rates)
    transition = propagator.propagate(matrix, float(minutes))[0]
    start = np.flatnonzero(surface & ~itinerary.bound)
    if not len(start):
        raise ValueError("binding: the itinerary has no free state at the membrane")
    return float(transition[start[0], :-1][itinerary.bound & itinerary.mask(*within)].sum())


def settling_min(itinerary: Itinerary, celsius: float = 4.0) -> float:
    """Minutes until even the thinnest tracer has settled: eight times the slowest time constant at the membrane.

    Without insulin in the medium binding is at its slowest, and release alone sets the pace. What never settles, such
    as a site that lets nothing go, is not waited for.
    """
    surface = itinerary.mask("membrane")
    rates = at_celsius(itinerary, celsius).rates(0.0, np.zeros(len(itinerary.states)))
    matrix = itinerary.generator(rates)[np.ix_(surface, surface)]
    np.fill_diagonal(matrix, 0.0)
    np.fill_diagonal(matrix, -matrix.sum(axis=1))  # what leaves the surface has no part in the balance there
    speeds = np.abs(np.linalg.eigvals(matrix).real)
    moving = speeds[speeds > 1e-9 * speeds.max(initial=0.0)]
    return float(np.clip(_TIME_CONSTANTS / moving.min(initial=np.inf), LEAST_MIN, LONGEST_MIN))


def free_nM(total_nM: float, sites_nM: float, share: Callable[[float], float]) -> float:
    """Insulin left in a dish when so many sites have bound `share(free)` of themselves; the root of a balance."""
    if sites_nM <= 0.0:
        return total_nM
    from scipy.optimize import brentq  # heavy

    return float(brentq(lambda free: free + sites_nM * share(free) - total_nM, 0.0, total_nM, xtol=1e-15 * total_nM))
