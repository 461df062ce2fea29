"""When a synthesis arrow makes receptors, and how the newborn live on to the end of their window, compiled."""

from __future__ import annotations

import numpy as np

from trafficking.kernel import ANCHOR, WIDE, advance_receptor, enter_state, leaving_time, record_grid, record_row
from trafficking.stream import draw_exponential, jitted, stream_key


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
def make(at, end, keys, born, next_reading, sources, cells, made_by, numbers, times):
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


ENTRIES = (advance_newborn, begin_sources, make, source_wait)
