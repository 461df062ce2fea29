"""The hazard clocks of all cells, as the kernel reads them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from trafficking import kernel
from trafficking.cells import Cells
from trafficking.itinerary import Itinerary


class Clocks:
    """Clocks of every state and every synthesis arrow of each cell.

    free: the "state" of a slot that holds nobody. left: (n_states,) what a slot holds once its receptor came to each
    state. gone: (n_states,) true for ends. enters: (n_transitions,) the state that each leads to. tables: clock, share,
    arrow, to and ways, as the kernel names them.
    """

    def __init__(self, itinerary: Itinerary, cells: Cells) -> None:
        n = len(itinerary.states)
        self.itinerary, self.cells, self.free = itinerary, cells, n
        self.enters = itinerary.targets.astype(np.uint8)
        self.gone = itinerary.out
        self.left = np.where(itinerary.out, n, np.arange(n)).astype(np.uint8)
        self._arrow, self._to, self._ways = _ways_out(itinerary)
        self._share = np.full((len(cells), n * kernel.WIDE), np.inf)
        self.states = _standing_still(len(cells), n + 1)
        self.sources = _standing_still(len(cells), len(itinerary.synthesis))
        self.alarm = np.zeros((len(cells), kernel.ALARM))
        self._making = cells.making
        self.tables = (self.states, self._share, self._arrow, self._to, self._ways)

    @property
    def all_tables(self) -> tuple[np.ndarray | int, ...]:
        """`tables` and what `windows.carry` wants besides."""
        making = self.itinerary.synthesis
        return *self.tables, self.alarm, self.left, self.enters, self.sources, making, self.free

    def begin_window(self, rates: np.ndarray, now_min: float, end_min: float, counts: np.ndarray) -> float:
        """Up to `end_min` the arrows have these rates; a clock whose rate stays the same is not touched.

        Args:
            rates: (n_cells, n_transitions). counts: (n_cells, n_states) receptors at `now_min`.

        Returns:
            The transitions to be expected up to then.

        Raises:
            ValueError: a clock has run for too long to be exact.
        """
        reading, expected = kernel.begin_window(
            rates, self.itinerary.synthesis, self._making, now_min, end_min, counts,
            self.states, self._share, self._arrow, self.alarm, self.sources,
        )  # fmt: skip
        self.check(reading)
        return expected

    def check(self, reading: float) -> None:
        """Refuses a reading of a clock beyond which it is no longer exact."""
        if reading > kernel.LONGEST_CLOCK:
            raise ValueError(
                "duration: a hazard clock passed 2^33 mean dwell times, beyond float precision; shorten the run or "
                "slow the fastest rate"
            )

    def saved(self) -> dict[str, np.ndarray]:
        """Anchors, readings and rates; all else follows from the rates of the next window."""
        columns = [kernel.ORIGIN, kernel.READING, kernel.DWELL, kernel.ANCHOR, kernel.RATE]
        return {name: _by_column(getattr(self, name))[:, :, columns] for name in ("states", "sources")}

    def take_up(self, saved: Mapping[str, np.ndarray]) -> None:
        for name in ("states", "sources"):
            _by_column(getattr(self, name))[:, :, : saved[name].shape[2]] = saved[name]

    def tables_of(self, cell: int) -> tuple[np.ndarray | int, ...]:
        """`tables` of one cell, for `kernel.advance_receptor`."""
        return self.states[cell], self._share[cell], self._arrow, self._to, self._ways


def _by_column(clocks: np.ndarray) -> np.ndarray:
    """(n_cells, n_clocks, WIDE) view of a table of clocks."""
    return clocks.reshape(len(clocks), -1, kernel.WIDE)


def _standing_still(n_cells: int, n_clocks: int) -> np.ndarray:
    clocks = np.zeros((n_cells, n_clocks, kernel.WIDE))
    clocks[:, :, kernel.ORIGIN] = np.inf
    clocks[:, :, kernel.LIMIT] = -np.inf
    return clocks.reshape(n_cells, -1)


def _ways_out(itinerary: Itinerary) -> tuple[np.ndarray, np.ndarray, int]:
    """(n_states * WIDE,) the transitions out of each state in the itinerary's order, padded with NO_ARROW, and where
    they lead; and how many there are at most."""
    arrow = np.full((len(itinerary.states), kernel.WIDE), kernel.NO_ARROW)
    to = np.zeros(arrow.shape, dtype=np.uint8)
    most = 1
    for state in range(len(arrow)):
        ways = np.flatnonzero(itinerary.sources == state)
        arrow[state, : len(ways)], to[state, : len(ways)] = ways, itinerary.targets[ways]
        most = max(most, len(ways))
    return arrow.ravel(), to.ravel(), most
