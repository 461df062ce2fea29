"""What happened in a window: passages along every arrow, by record and by cell, and the counts that follow."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from trafficking.itinerary import Itinerary
from trafficking.stream import jitted


class Passed(NamedTuple):
    """passages: (n_records + 1, n_transitions) of all cells, up to each record and after the last. counts: (n_records,
    n_states) receptors of all cells at each record. cells: (n_cell_records, n_cells, n_states) those of each cell.
    """

    passages: np.ndarray
    counts: np.ndarray
    cells: np.ndarray


class Tally:
    """Passages of a window, as the kernel adds to them.

    records: (m + 2,), rising times between -inf and inf.
    cell_rows: (m + 1,) the row of `by_cell` to which each row of passages belongs.
    passages: (m + 1, n_transitions) int64. by_cell: (n_cells, n_cell_records + 1, n_transitions) int64.
    """

    def __init__(self, records: np.ndarray, cell_records: np.ndarray | None, n_cells: int, n_transitions: int) -> None:
        """cell_records: those of the records at which each cell's own counts are wanted."""
        self.records = padded(records)
        self.cell_rows = np.zeros(len(records) + 1, dtype=np.int64)
        wanted = 0
        if cell_records is not None and len(cell_records):
            wanted = len(cell_records)
            self.cell_rows[:-1] = np.searchsorted(cell_records, records)
            self.cell_rows[-1] = wanted
        self.passages = np.zeros((len(records) + 1, n_transitions), dtype=np.int64)
        self.by_cell = np.zeros((n_cells, wanted + 1, n_transitions), dtype=np.int64)

    @property
    def tables(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """records, cell_rows, passages and by_cell."""
        return self.records, self.cell_rows, self.passages, self.by_cell

    def another(self) -> Tally:
        """An empty one alike, for another thread."""
        other = Tally.__new__(Tally)
        other.records, other.cell_rows = self.records, self.cell_rows
        other.passages, other.by_cell = np.zeros(self.passages.shape, np.int64), np.zeros(self.by_cell.shape, np.int64)
        return other

    def add(self, other: Tally) -> None:
        self.passages += other.passages
        self.by_cell += other.by_cell

    def close(self, counts: np.ndarray, itinerary: Itinerary) -> Passed:
        """Carries `counts` ((n_cells, n_states) int64, in place) over the window."""
        n_records, n_cell_records = len(self.records) - 2, self.by_cell.shape[1] - 1
        at_records = np.empty((n_records, counts.shape[1]), np.int64)
        of_cells = np.empty((n_cell_records, *counts.shape), np.int64)
        total = np.empty(counts.shape[1], np.int64)
        close(itinerary.sources, itinerary.targets, self.passages, self.by_cell, counts, total, at_records, of_cells)
        return Passed(self.passages, at_records, of_cells)


def padded(records: np.ndarray) -> np.ndarray:
    """(m,) rising times, between -inf and inf, as the kernel wants them."""
    between = np.empty(len(records) + 2)
    between[0], between[1:-1], between[-1] = -np.inf, records, np.inf
    return between


@jitted
def close(sources, targets, passages, by_cell, counts, total, at_records, of_cells):
    """See `Tally.close`; total: (n_states,), room to work in."""
    total[:] = 0
    for cell in range(len(counts)):
        for row in range(by_cell.shape[1]):
            _pass(sources, targets, by_cell[cell, row], counts[cell], 1)
            if row < len(of_cells):
                for state in range(len(total)):
                    of_cells[row, cell, state] = counts[cell, state]
        for state in range(len(total)):
            total[state] += counts[cell, state]
    for row in range(len(at_records) - 1, -1, -1):
        _pass(sources, targets, passages[row + 1], total, -1)
        for state in range(len(total)):
            at_records[row, state] = total[state]


@jitted
def _pass(sources, targets, passages, counts, sign):
    """Adds one row of passages to (n_states,) counts, or takes it back."""
    for arrow in range(len(passages)):
        counts[targets[arrow]] += sign * passages[arrow]
        if sources[arrow] >= 0:
            counts[sources[arrow]] -= sign * passages[arrow]


ENTRIES = (close,)
