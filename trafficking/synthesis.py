"""New receptors: each synthesis arrow of each cell makes them when its own hazard clock says so."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from trafficking import births
from trafficking.clocks import Clocks
from trafficking.identity import identities_of

_BATCH = 4096


@dataclass(frozen=True)
class Newborn:
    """Receptors made in a window, in order of cell, source and time; all arrays (n,).

    cells int64; arrows uint8, by which they came; born_min float64; and the columns of a slab: states are those they
    are made into, targets and draws are still to be given.
    """

    cells: np.ndarray
    arrows: np.ndarray
    born_min: np.ndarray
    states: np.ndarray
    targets: np.ndarray
    identities: np.ndarray
    draws: np.ndarray

    @property
    def columns(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        return self.states, self.targets, self.identities, self.draws


class Synthesis:
    """The sources of all cells: how many receptors each has made, and when it makes the next."""

    def __init__(self, clocks: Clocks) -> None:
        cells, n = clocks.cells, len(clocks.itinerary.synthesis)
        self._clocks = clocks
        self._born, self._next_reading = np.zeros((len(cells), n), np.int64), np.zeros((len(cells), n))
        self._keys = np.zeros((len(cells), n), np.uint64)
        births.begin_sources(cells.source, cells.bits, self._keys, self._next_reading)
        self._arrows = clocks.itinerary.synthesis.astype(np.uint8)
        # Filled by one batch after another.
        self._cells, self._made_by, self._numbers = (np.zeros(_BATCH, np.int64) for _ in range(3))
        self._times = np.zeros(_BATCH)

    @property
    def tables(self) -> tuple[np.ndarray, ...]:
        """keys, born, next_reading and arrows, as `windows.carry` calls them."""
        return self._keys, self._born, self._next_reading, self._arrows

    def saved(self) -> dict[str, np.ndarray]:
        return {"born": self._born.copy(), "next_reading": self._next_reading.copy()}

    def take_up(self, saved: Mapping[str, np.ndarray]) -> None:
        self._born[:], self._next_reading[:] = saved["born"], saved["next_reading"]

    def make(self, end_min: float) -> Iterator[Newborn]:
        """Receptors made up to `end_min`, not yet advanced, in batches."""
        at, last = 0, self._born.size
        while at < last:
            made, at = births.make(
                at, end_min, self._keys, self._born, self._next_reading, self._clocks.sources,
                self._cells, self._made_by, self._numbers, self._times,
            )  # fmt: skip
            if made:
                cells, by = self._cells[:made].copy(), self._made_by[:made]
                arrows = self._arrows[by]
                yield Newborn(
                    cells,
                    arrows,
                    self._times[:made].copy(),
                    self._clocks.enters[arrows],
                    np.zeros(made),
                    identities_of(by + 1, self._clocks.cells.bits[cells], self._numbers[:made]),
                    np.zeros(made, np.uint32),
                )
