"""Receptors without identities: expected numbers (`mean`) and exact random ones (`counts`).

Inside a window all rates are constant, so the expected numbers obey a linear equation, dn/dt = n Q + inflow, and one
matrix exponential carries them to the end of a stretch without any step-size error. The same matrix holds the chances
by which random numbers scatter. Both cost the same for a thousand receptors and for a million.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

import numpy as np

from trafficking import compiled, propagator
from trafficking.cells import Cells, Start
from trafficking.identity import philox
from trafficking.itinerary import Itinerary
from trafficking.tally import Passed


class _Uncounted(ABC):
    """What `Expectation` and `Numbers` share: the stretches between records, their propagators, expected passages."""

    counts: np.ndarray

    def __init__(self, itinerary: Itinerary, cells: Cells) -> None:
        compiled.keep(propagator.ENTRIES, propagator.__file__)
        self._itinerary, self._making = itinerary, cells.making
        n = len(itinerary.states) + 1
        self._known: tuple[bytes, float] | None = None
        self._transition = np.zeros((len(cells), n, n))
        self._integral = np.zeros((len(cells), n, n))

    def advance(
        self,
        rates: np.ndarray,
        start_min: float,
        end_min: float,
        records: np.ndarray,
        cell_records: np.ndarray | None = None,
    ) -> Passed:
        """Carries the numbers from `start_min` to `end_min` under frozen `rates`; see `Receptors.advance`.

        Passages are expectations, given the counts at the start of each stretch between two records.
        """
        stops = [*records.tolist(), end_min]
        passages = np.zeros((len(stops), rates.shape[1]))
        totals = np.zeros((len(records), self.counts.shape[1]), dtype=self.counts.dtype)
        wanted = set() if cell_records is None else set(cell_records.tolist())
        of_cells = [np.zeros((0, *self.counts.shape), dtype=self.counts.dtype)]
        now = start_min
        for row, stop in enumerate(stops):
            if stop > now:
                self._propagate(rates, stop - now)
                propagator.passages(
                    rates, self._itinerary.sources, self.counts, self._making, self._integral, stop - now, passages[row]
                )
                self._carry()
            if row < len(records):
                totals[row] = self.counts.sum(axis=0)
                if stop in wanted:
                    of_cells.append(self.counts[None])
            now = stop
        return Passed(passages, totals, np.concatenate(of_cells))

    def treat(self, to: np.ndarray, keep: np.ndarray, occasion: int, now_min: float) -> None:
        """Moves the receptors of each state to the state `to`, each kept with the chance `keep`; see `Receptors`."""
        kept, self.counts = self._kept(keep), np.zeros_like(self.counts)
        for state, target in enumerate(to.tolist()):
            self.counts[:, target] += kept[:, state]

    def _kept(self, keep: np.ndarray) -> np.ndarray:
        return self.counts * keep

    def _propagate(self, rates: np.ndarray, lasting_min: float) -> None:
        """exp of each cell's generator over the stretch and its integral; the last row is a receptor being made."""
        key = (rates.tobytes(), lasting_min)
        if key != self._known:
            propagator.propagate_cells(
                rates, self._itinerary.sources, self._itinerary.targets, lasting_min, self._transition, self._integral
            )
            self._known = key

    @abstractmethod
    def _carry(self) -> None:
        """Carries `counts` through the stretch whose propagator is known."""


class Expectation(_Uncounted):
    """The expected receptors of some cells: what `receptors.Receptors` is to single ones.

    counts: (n_cells, n_states) expected receptors now; an end holds all that ever arrived.
    """

    def __init__(
        self,
        itinerary: Itinerary,
        start: Start,
        *,
        cells: Cells,
        saved: Mapping[str, np.ndarray] | None = None,
        **_: object,
    ) -> None:
        super().__init__(itinerary, cells)
        self.counts = np.array(start.expected if saved is None else saved["counts"], dtype=float)

    def save(self) -> dict[str, np.ndarray]:
        """Everything that the numbers need to go on, at the end of a window."""
        return {"counts": self.counts.copy()}

    def _carry(self) -> None:
        propagator.carry(self._transition, self._making, self.counts)


class Numbers(_Uncounted):
    """Exact random numbers of receptors in each state, without identities: the resolution `counts`.

    At the end of each stretch the receptors of a state scatter over all states by the transition matrix (a
    multinomial), and the receptors made meanwhile arrive as independent Poisson numbers, those that died within the
    stretch among the degraded. A transition matrix forgets the path: passages are expectations. All cells of a run
    draw from one stream.

    counts: (n_cells, n_states) receptors now; an end holds all that ever arrived.
    """

    def __init__(
        self,
        itinerary: Itinerary,
        start: Start,
        *,
        cells: Cells,
        seed: int,
        replicate: int = 0,
        saved: Mapping[str, np.ndarray] | None = None,
        **_: object,
    ) -> None:
        """Draws the starting cells at time 0, or takes up those that were `saved` by `save`."""
        super().__init__(itinerary, cells)
        self._generator = philox(seed, replicate, "counts")
        if saved is not None:
            self.counts = saved["counts"].copy()
            self._generator.bit_generator.state = _philox_state(saved["stream"])
        elif start.placed is not None or not start.totals.any():
            self.counts = start.expected.astype(np.int64)
        else:
            self.counts = self._generator.multinomial(np.rint(start.totals).astype(np.int64), start.shares)

    def save(self) -> dict[str, np.ndarray]:
        """Everything that the numbers need to go on, at the end of a window."""
        state: Any = self._generator.bit_generator.state
        parts = (state["state"]["counter"], state["state"]["key"], state["buffer"])
        rest = np.array([state["buffer_pos"], state["has_uint32"], state["uinteger"]], dtype=np.uint64)
        return {"counts": self.counts.copy(), "stream": np.concatenate([*parts, rest])}

    def _kept(self, keep: np.ndarray) -> np.ndarray:
        if np.all(keep == 1.0):
            return self.counts
        return self._generator.binomial(self.counts, np.broadcast_to(keep, self.counts.shape))

    def _carry(self) -> None:
        propagator.scatter(self._generator, self._transition, self._making, self.counts)


def _philox_state(saved: np.ndarray) -> dict[str, Any]:
    """numpy's own form of the state of a Philox generator, from the 13 words that `Numbers.save` keeps."""
    position, has_uint32, uinteger = saved[10:].tolist()
    return {
        "bit_generator": "Philox",
        "state": {"counter": saved[:4], "key": saved[4:6]},
        "buffer": saved[6:10],
        "buffer_pos": position,
        "has_uint32": has_uint32,
        "uinteger": uinteger,
    }
