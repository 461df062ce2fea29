"""The rows of a run, as they are written down: at the multiples of the recording step and at the end."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from trafficking.cell_forms import ended
from trafficking.scenario import Scenario

_ROWS = ("time_min", "counts", "mrna", "passages")


class Record:
    """Rows of all cells together, and at chosen times of each cell."""

    def __init__(self, scenario: Scenario, n_cells: int, *, every_cell: bool = False) -> None:
        """every_cell: every row is written down for each cell too, not only at the scenario's chosen times."""
        self._step = scenario.record_min
        self._duration = scenario.duration_min
        self._cell_times = np.array(scenario.cells.record_min)
        self._every_cell = every_cell
        self._parts: list[tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]] = []
        self._cells = [(np.zeros(0), np.zeros((0, n_cells, len(scenario.itinerary.states)), dtype=np.int64))]
        counted = np.int64 if scenario.resolution == "agents" else np.float64
        self._pending = np.zeros(len(scenario.itinerary.transitions), dtype=counted)

    def begin(self, counts: np.ndarray, mrna: float) -> None:
        """The row of time 0; counts: (n_cells, n_states)."""
        self._parts.append((np.zeros(1), counts.sum(axis=0)[None], np.array([mrna]), self._pending[None]))
        if self._every_cell or 0.0 in self._cell_times:
            self._cells = [(np.zeros(1), counts[None].copy())]

    def between(self, start: float, end: float) -> np.ndarray:
        """Record times in (start, end], each a whole number of steps, and the end of the run."""
        first, last = self._steps(start) + 1, self._steps(end)
        times = np.arange(first, last + 1) * self._step
        if end >= self._duration:
            if len(times) and ended(float(times[-1]), end) == end:
                times = times[:-1]
            times = np.append(times, end)
        return times

    def _steps(self, time: float) -> int:
        """The last step that is not after `time`, decided by comparing times."""
        steps = int(time / self._step)
        while steps * self._step > time:
            steps -= 1
        while (steps + 1) * self._step <= time:
            steps += 1
        return steps

    def of_cells(self, records: np.ndarray) -> np.ndarray | None:
        """Those of the records at which each cell is written down; None if at none."""
        if self._every_cell:
            return records
        if not len(self._cell_times):
            return None
        known = np.searchsorted(self._cell_times, records)
        return records[self._cell_times[np.minimum(known, len(self._cell_times) - 1)] == records]

    def next_after(self, now: float) -> float:
        return float(self.between(now, min(now + 2.0 * self._step, self._duration))[0])

    def add(self, records: np.ndarray, counts: np.ndarray, mrna: np.ndarray, passages: np.ndarray) -> None:
        """Takes a window: counts at each record, and passages up to each record and after the last."""
        passages[0] += self._pending
        self._pending = passages[-1]
        if len(records):
            self._parts.append((records, counts, mrna, passages[:-1]))

    def add_cells(self, records: np.ndarray, counts: np.ndarray) -> None:
        """Takes (n_records, n_cells, n_states) counts."""
        self._cells.append((records, counts))

    def extend(self, scenario: Scenario) -> None:
        """The run is now that of `scenario`; a row that stood only because it was the end is given back."""
        times, counts, mrna, passages = self._parts[-1]
        ended = times[-1] == self._duration < scenario.duration_min
        if ended and round(times[-1] / self._step) * self._step != times[-1]:
            self._pending = self._pending + passages[-1]
            self._parts[-1] = times[:-1], counts[:-1], mrna[:-1], passages[:-1]
            if len(times) == 1:
                self._parts.pop()
            at, of_cells = self.cells()
            self._cells = [(at[at < self._duration], of_cells[at < self._duration])]
        self._duration = scenario.duration_min
        self._cell_times = np.array(scenario.cells.record_min)

    def closed(
        self, end: float, counts: np.ndarray, mrna: float
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """`rows`, ending with a row of this minute; counts: (n_states,)."""
        columns = self.rows()
        if ended(float(columns[0][-1]), end) == end:
            return np.append(columns[0][:-1], end), *columns[1:]
        last = np.array([end]), counts[None], np.array([mrna]), self._pending[None]
        times, all_counts, messenger, passages = (np.concatenate(pair) for pair in zip(columns, last, strict=True))
        return times, all_counts, messenger, passages

    def save(self) -> dict[str, np.ndarray]:
        rows = dict(zip(_ROWS, self.rows(), strict=True)) | {"pending": self._pending}
        rows |= dict(zip(("cell_time_min", "cell_counts"), self.cells(), strict=True))
        return {f"record.{name}": column.copy() for name, column in rows.items()}

    def take_up(self, saved: Mapping[str, np.ndarray]) -> None:
        times, counts, mrna, passages = (saved[f"record.{name}"] for name in _ROWS)
        self._parts, self._pending = [(times, counts, mrna, passages)], saved["record.pending"]
        self._cells = [(saved["record.cell_time_min"], saved["record.cell_counts"])]

    def rows(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Times (n,), counts (n, n_states), mrna (n,), passages since the row before (n, n_transitions)."""
        if len(self._parts) > 1:  # joined for good, so that asking again is cheap
            times, counts, mrna, passages = (np.concatenate(column) for column in zip(*self._parts, strict=True))
            self._parts = [(times, counts, mrna, passages)]
        return self._parts[0]

    def cells(self) -> tuple[np.ndarray, np.ndarray]:
        """Times (k,) at which each cell was written down, and counts (k, n_cells, n_states)."""
        if len(self._cells) > 1:
            times, counts = (np.concatenate(column) for column in zip(*self._cells, strict=True))
            self._cells = [(times, counts)]
        return self._cells[0]
