"""Mean curves for fits, which need thousands of them: the laws and the propagator of `mean`, in windows that grow.

A window is short after a jump of insulin and longer the longer it lasts, since curves are steep at first. Without
coupling a window costs no accuracy; with it the error stays below a thousandth of R0. What a fit finds is simulated in
full afterwards.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numba import njit

from trafficking import compiled, propagator, units, window
from trafficking import itinerary as itinerary_module
from trafficking.equality import by_value
from trafficking.itinerary import Itinerary
from trafficking.master_equation import insulin_free
from trafficking.propagator import carry, propagate_cells
from trafficking.scenario import Scenario, override
from trafficking.window import WindowRates, all_rates

_FIRST_MIN, _LONGEST_MIN, _GROWTH = 0.5, 20.0, 0.07


@by_value
@dataclass(frozen=True, eq=False)
class Sketch:
    """What readings ask of a result: expected receptors over R0 at rising times."""

    scenario: Scenario
    counts: pd.DataFrame

    @cached_property
    def surface(self) -> np.ndarray:
        """(n,) receptors at the membrane over R0."""
        return self._sum(self.scenario.itinerary.mask("membrane"))

    @cached_property
    def live(self) -> np.ndarray:
        """(n,) live receptors over R0."""
        return self._sum(self.scenario.itinerary.live)

    def _sum(self, mask: np.ndarray) -> np.ndarray:
        return self.counts.to_numpy()[:, 1:][:, mask].sum(axis=1)


class Sketcher:
    """A bench for readings (see `readings.Bench`) on which one itinerary after another lives the same experiments.

    Their insulin has to be constant between jumps, and nothing may be done to the cells.
    """

    def __init__(self) -> None:
        self._scenarios: dict[tuple[int, str], tuple[Scenario, Scenario]] = {}
        self._known: dict[int, Sketch] = {}

    def take(self, itinerary: Itinerary, *, maturation_min: float | None = None) -> None:
        """From now on the cells have this itinerary, and make as many receptors as they need at rest.

        Args:
            maturation_min: how long new receptors, of one synthesis arrow, take to the surface; None: no time.
        """
        self._rest, made = insulin_free(itinerary)
        self._made = itinerary.with_synthesis(made)
        if maturation_min is not None:
            self._made = self._made.maturing(maturation_min)
            self._rest = np.concatenate([[made * maturation_min], self._rest])
        self._known.clear()

    def run(self, scenario: Scenario, changes: dict[str, str] | None = None) -> Any:
        """The curves of a scenario, with some of its values changed by the path of the key."""
        changed = self._changed(scenario, changes or {})
        if id(changed) not in self._known:
            self._known[id(changed)] = self._drawn(changed)
        return self._known[id(changed)]

    def doses(self, scenario: Scenario, doses_nM: Sequence[float]) -> list[Any]:
        """One result per dose, given in place of the first level of insulin."""
        return [self.run(scenario, {"exposure[0].insulin": units.text(dose, "insulin")}) for dose in doses_nM]

    def _changed(self, scenario: Scenario, changes: dict[str, str]) -> Scenario:
        key = (id(scenario), repr(sorted(changes.items())))
        if key not in self._scenarios:  # kept with the scenario itself, whose id is then no one else's
            given: dict[str, Any] = scenario.to_dict()
            for path, text in changes.items():
                given = override(given, path, text)
            self._scenarios[key] = scenario, Scenario.from_dict(given) if changes else scenario
        return self._scenarios[key][1]

    def _drawn(self, scenario: Scenario) -> Sketch:
        old = scenario.itinerary
        makes = sum(old.transitions[i].rate for i in old.synthesis) > 0.0
        itinerary = self._made if makes else self._made.with_synthesis(0.0)
        start = self._rest if scenario.start.state == "insulin_free" else scenario.start_fractions[0]
        compiled.keep(ENTRIES, __file__, propagator.__file__, window.__file__, itinerary_module.__file__)
        ends, insulin = _windows(scenario)
        tables = WindowRates(itinerary).tables
        counts = np.empty((len(ends) + 1, len(start)))
        _live_through(*tables, insulin, np.diff(ends, prepend=0.0), start, counts)
        table = pd.DataFrame(counts, columns=list(itinerary.state_names))
        table.insert(0, "time_min", np.append(0.0, ends))
        return Sketch(scenario, table)


def _windows(scenario: Scenario) -> tuple[np.ndarray, np.ndarray]:
    """(n,) ends of the windows, min, and (n,) insulin in each, nM."""
    edges = sorted({0.0, *scenario.protocol.edges, scenario.duration_min})
    ends, insulin = [], []
    for begin, end in zip(edges[:-1], edges[1:], strict=True):
        now = begin
        while now < end:
            now += min(max(_FIRST_MIN, _GROWTH * (now - begin)), _LONGEST_MIN)
            now = end if now > end - 0.5 * _FIRST_MIN else now
            ends.append(now)
            insulin.append(scenario.protocol.value(begin))
    return np.array(ends), np.array(insulin)


@njit(nogil=True, error_model="numpy")
def _live_through(
    numbers, load, membrane, bound, sources, targets, active, messenger, coupled, insulin, lasting, start, counts
):
    """Writes the expected receptors of a cell over R0 at the start and at the end of each window into `counts`."""
    n = len(start) + 1
    now, rates = start.copy().reshape(1, -1), np.zeros((1, len(numbers)))
    transition, integral = np.zeros((1, n, n)), np.zeros((1, n, n))
    one, mrna = np.ones(1), np.ones(1)
    counts[0] = start
    for row in range(len(lasting)):
        all_rates(
            numbers, load, membrane, bound, sources, targets, active, messenger, coupled,
            insulin[row], now, one, mrna, lasting[row], rates,
        )  # fmt: skip
        propagate_cells(rates, sources, targets, lasting[row], transition, integral)
        carry(transition, one, now)
        counts[row + 1] = now[0]


ENTRIES = (_live_through,)
