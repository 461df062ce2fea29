"""New receptors: each synthesis arrow of each cell makes them when its own hazard clock says so."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from trafficking.clocks import Clocks
from trafficking.identity import identities_of
from trafficking.kernel import ANCHOR, WIDE, advance_receptor, enter_state, leaving_time, record_grid, record_row
from trafficking.stream import draw_exponential, jitted, stream_key

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
        begin_sources(cells.source, cells.bits, self._keys, self._next_reading)
        self._arrows = clocks.itinerary.synthesis.astype(np.uint8)
        # Filled by one batch after another.
        self._cells, self._made_by, self._numbers = (np.zeros(_BATCH, np.int64) for _ in range(3))
        self._times = np.zeros(_BATCH)

    def saved(self) -> dict[str, np.ndarray]:
        return {"born": self._born.copy(), "next_reading": self._next_reading.copy()}

    def take_up(self, saved: Mapping[str, np.ndarray]) -> None:
        self._born[:], self._next_reading[:] = saved["born"], saved["next_reading"]

    def make(self, end_min: float) -> Iterator[Newborn]:
        """Receptors made up to `end_min`, not yet advanced, in batches."""
        at, last = 0, self._born.size
        while at < last:
            made, at = births(
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


@jitted
def begin_sources(source_keys, bits, keys, next_reading):
    """Gives each source of each cell the key of its stream, and the reading of its clock at its first birth."""
    for cell in range(keys.shape[0]):
        for source in range(keys.shape[1]):
            keys[cell, source] = stream_key(source_keys[cell], bits[cell] | np.uint64(source))
            next_reading[cell, source] = source_wait(keys[cell, source], 0)


@jitted
def source_wait(source_key, index):
    """The unit exponential between the births `index` - 1 and `index` of a source, whatever the others took."""
    wait, _ = draw_exponential(stream_key(source_key, np.uint64(index)), 0)
    return wait


@jitted
def births(at, end, keys, born, next_reading, sources, cells, made_by, numbers, times):
    """Births up to and including `end`, from source `at` on (numbered cell by cell), as many as the arrays hold.

    Args:
        keys (n_cells, n_sources) uint64, born (receptors made so far) and next_reading (of its clock, at the
            next birth): each source's, carried on. sources: (n_cells, n_sources * WIDE), as the clocks above.
        cells, made_by (source), numbers, times: (capacity,), filled from the start.

    Returns:
        How many were made, and where to go on: n_cells * n_sources when all are done.
    """
    n_sources = born.shape[1]
    made = 0
    while at < born.size:
        cell, source = at // n_sources, at % n_sources
        clock = sources[cell]
        while True:
            time = leaving_time(clock, source, next_reading[cell, source])
            if time > end:
                break
            if made == len(times):
                return made, at
            cells[made], made_by[made], numbers[made] = cell, source, born[cell, source]
            times[made] = max(time, clock[source * WIDE + ANCHOR])
            made += 1
            born[cell, source] += 1
            next_reading[cell, source] += source_wait(keys[cell, source], born[cell, source])
        at += 1
    return made, at


@jitted
def advance_newborn(
    states,
    targets,
    identities,
    draws,
    cells,
    since,
    births,
    apart,
    keys,
    end,
    clock,
    share,
    arrow,
    to,
    ways,
    left,
    records,
    cell_rows,
    passages,
    by_cell,
):
    """Lets receptors made in this window begin, and carries all but those `apart` to its `end`.

    Args:
        states: (n,) uint8, the state each is made into. since: (n,) minutes of birth. births: (n,) uint8, the arrow by
            which each came. apart: (n,) bool, counted and given a target, but not carried.
    """
    per_min, shift = record_grid(records)
    for i in range(len(states)):
        cell, time, transition = cells[i], since[i], np.int64(births[i])
        stream = stream_key(keys[cell], identities[i])
        state = np.int64(states[i])
        target, draw = enter_state(state, time, stream, 0, clock[cell])
        while transition >= 0:
            at = record_row(time, records, per_min, shift)
            passages[at, transition] += 1
            by_cell[cell, cell_rows[at], transition] += 1
            if apart[i]:
                break
            transition, time, state, target, draw = advance_receptor(
                state, target, draw, stream, time, end, clock[cell], share[cell], arrow, to, ways
            )
        states[i] = left[state]
        targets[i] = target
        draws[i] = np.uint32(draw)


ENTRIES = (advance_newborn, begin_sources, births, source_wait)
