"""Many windows of receptors in one compiled call, to the same bits as a call for each.

Where few receptors move in a window, the way back into Python costs more than they do. Here the rates are read, the
receptors carried, the newborn made and housed and the counts closed for one window after another, by one thread.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit

from trafficking import births, compiled, crowd, kernel, slots, stream, tally, window
from trafficking import itinerary as itinerary_module
from trafficking.crowd import advance, advance_followed
from trafficking.identity import SOURCE_BIT
from trafficking.kernel import LONGEST_CLOCK, begin_window
from trafficking.window import all_rates

SLOT_NS, TRANSITION_NS = 0.3, 12.0  # what a slot costs in a window, and a transition
_MADE = 1024  # newborn that are made before they are carried
_SOURCE = np.uint64(SOURCE_BIT)
_growing = njit(nogil=True, error_model="numpy")  # unlike `stream.jitted` it may allocate, window by window


@dataclass(frozen=True)
class Plan:
    """Windows of one stretch of the exposure, one after another, and what is recorded in them.

    start_min; ends_min: (n,) of each window. insulin_nM: (n,) means. records_min: rising times in (start, last end] at
    which counts are wanted; cell_records_min: those among them at which each cell's own are, or None.
    """

    start_min: float
    ends_min: np.ndarray
    insulin_nM: np.ndarray
    records_min: np.ndarray
    cell_records_min: np.ndarray | None

    def __len__(self) -> int:
        return len(self.ends_min)

    def tables(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """What `carry` calls `record`.

        padded: for each window its records between -inf and inf, one window after another. rows: for each window the
        row of its own cell records to which each row of its passages belongs. at, cells_at: (n + 1,) how many records,
        and cell records, lie before each window.
        """
        records, n = self.records_min, len(self)
        chosen = self.cell_records_min if self.cell_records_min is not None else records[:0]
        at = np.searchsorted(records, self.ends_min, side="right")
        cells_at = np.searchsorted(chosen, self.ends_min, side="right")
        at, cells_at = np.append(0, at), np.append(0, cells_at)
        padded = np.insert(records, at[:-1], -np.inf)  # before each window's own records
        padded = np.insert(padded, at[1:] + np.arange(1, n + 1), np.inf)
        # A row of passages belongs to the first cell record that is not before it.
        rows = np.searchsorted(chosen, np.append(records, np.inf))
        row_of = np.concatenate(
            [np.minimum(rows[at[k] : at[k + 1] + 1], cells_at[k + 1]) - cells_at[k] for k in range(n)]
        )
        return padded, row_of, at, cells_at


def workspace(record: tuple[np.ndarray, ...], n_cells: int, n_transitions: int) -> tuple[object, ...]:
    """Room for `carry` to work in; record: `Plan.tables`."""
    rows, cell_rows = (int(np.diff(at).max()) + 1 for at in record[2:])
    columns = (
        np.zeros(_MADE, np.int64), np.zeros(_MADE, np.uint8), np.zeros(_MADE), np.zeros(_MADE, np.uint64),
        np.zeros(_MADE, np.uint32),
    )  # fmt: skip
    newborn = (
        columns, np.zeros(_MADE, np.int64), np.zeros(_MADE, np.int64), np.zeros(_MADE), np.zeros(_MADE, np.uint8),
        np.zeros(_MADE, np.bool_), np.zeros(_MADE, np.int64), np.zeros(_MADE, np.int64),
    )  # fmt: skip
    return (
        np.zeros((rows, n_transitions), np.int64),
        np.zeros(n_cells * cell_rows * n_transitions, np.int64),
        crowd.room_to_work(),
        newborn,
    )


@_growing
def _joined(columns, more, chosen):
    """These receptors, and those of some more that are `chosen`."""
    a, b, c, d, e = columns
    f, g, h, i, j = more
    return (
        np.append(a, f[chosen]), np.append(b, g[chosen]), np.append(c, h[chosen]), np.append(d, i[chosen]),
        np.append(e, j[chosen]),
    )  # fmt: skip


@_growing
def _alive(columns, free):
    living = np.flatnonzero(columns[1] != free)
    if len(living) == len(columns[1]):
        return columns
    a, b, c, d, e = columns
    return a[living], b[living], c[living], d[living], e[living]


@_growing
def _longer(log, rows):
    """The log with room for so many rows."""
    if rows <= len(log[0]):
        return log
    who, when, what, which = log
    more = 2 * rows - len(who)
    return (
        np.append(who, np.zeros(more, np.uint64)), np.append(when, np.zeros(more)),
        np.append(what, np.zeros(more, np.int64)), np.append(which, np.zeros(more, np.int64)),
    )  # fmt: skip


@_growing
def _follow(
    some, since, paths, end, clock, share, arrow, to, ways, left, records, its_rows, passed, of_each, log, rows
):  # fmt: skip
    """`advance_followed` for all of `some`, with a log that grows as it must; the log, and how many rows it has."""
    cells, states, targets, identities, draws = some
    begun = 0
    while begun < len(cells):
        who, when, what, which = log
        carried, more = advance_followed(
            states[begun:], targets[begun:], identities[begun:], draws[begun:], cells[begun:], since[begun:], paths,
            end, clock, share, arrow, to, ways, left, records, its_rows, passed, of_each,
            which[rows:], when[rows:], what[rows:],
        )  # fmt: skip
        for row in range(rows, rows + more):
            who[row] = identities[begun + which[row]]
        begun += carried
        rows += more
        if begun < len(cells):
            log = _longer(log, 2 * len(who))
    return log, rows


@_growing
def carry(start, ends, insulin, law, cells, clocks, slab, sources, followed, every, record, out, room, most_ns):
    """Carries one slab of receptors, and the followed, from `start` through windows that end at `ends`.

    Args:
        ends, insulin: (n,) the end of each window, and the mean insulin in it, nM.
        law: `WindowRates.tables`. cells: copy_number, making, bits and path of `Cells`.
        clocks: `Clocks.tables`, then alarm, left, enters, sources, the transitions that make receptors, and free.
        slab: columns of a `Slab`, alarms, first, used, seek, vacant. sources: keys, born, next_reading, arrows.
        followed: cells, states, targets, identities, draws. every: one of so many newborn is followed; 0: none.
        record: `Plan.tables`. room: `workspace`.
        out: counts (n_cells, n_states), in place; mrna (n + 1, n_cells), of which the first row is given; passages
            (n_records + 1, n_transitions), added to; at_records (n_records, n_states); of_cells (n_cell_records,
            n_cells, n_states).
        most_ns: stops after the window in which so much work was done, or in which somebody found no slot.

    Returns:
        How many windows were carried; the transitions to be expected in one more like the last; the highest reading of
        a clock; the followed; their log (identities, minutes, transitions); and those newborn that found no slot, as
        `followed`.
    """
    copy_number, making, bits, paths = cells
    clock, share, arrow, to, ways, alarm, left, enters, source_clocks, synthesis, free = clocks
    states, targets, identities, draws, alarms, first, used, seek, vacant = slab
    source_keys, born, next_reading, made_arrows = sources
    padded, row_of, record_at, cell_record_at = record
    counts, mrna, passages, at_records, of_cells = out
    own, by_cell, (movers, flags, floats, words, places, due), newborn = room
    columns, by, numbers, times, new_arrows, apart, waiting, which = newborn
    new_cells, new_states, new_targets, new_identities, new_draws = columns
    n_cells, n_transitions = len(counts), passages.shape[1]
    rates, total = np.zeros((n_cells, n_transitions)), np.zeros(counts.shape[1], np.int64)
    log = np.zeros(256, np.uint64), np.zeros(256), np.zeros(256, np.int64), np.zeros(256, np.int64)
    rows = done = 0
    lost = np.zeros(0, np.int64), np.zeros(0, np.uint8), np.zeros(0), np.zeros(0, np.uint64), np.zeros(0, np.uint32)
    now, spent, expected, highest = start, 0.0, 0.0, 0.0
    while done < len(ends) and spent < most_ns and len(lost[0]) == 0:
        end, low, high = ends[done], record_at[done], record_at[done + 1]
        cell_low, cell_high = cell_record_at[done], cell_record_at[done + 1]
        records, its_rows = padded[low + 2 * done : high + 2 * done + 2], row_of[low + done : high + done + 1]
        passed = passages[low : high + 1]
        size = n_cells * (cell_high - cell_low + 1) * n_transitions
        by_cell[:size] = 0
        of_each = by_cell[:size].reshape((n_cells, cell_high - cell_low + 1, n_transitions))

        mrna[done + 1] = mrna[done]
        all_rates(*law, insulin[done], counts, copy_number, mrna[done + 1], end - now, rates)
        reading, expected = begin_window(
            rates, synthesis, making, now, end, counts, clock, share, arrow, alarm, source_clocks
        )
        highest = max(highest, reading)
        if highest > LONGEST_CLOCK:
            break
        advance(
            states, targets, identities, draws, alarms, 0, len(states), first, used, paths, now, end,
            clock, share, arrow, to, ways, alarm, left, records, its_rows, passed, of_each, vacant,
            own[: high - low + 1], movers, flags, floats, words, places, due,
        )  # fmt: skip
        spent += SLOT_NS * slots.in_use(first, used) + TRANSITION_NS * expected
        since = np.full(len(followed[0]), now)
        at = 0
        while at < born.size:
            made, at = births.make(
                at, end, source_keys, born, next_reading, source_clocks, new_cells, by, numbers, times
            )
            for i in range(made):
                new_arrows[i] = made_arrows[by[i]]
                new_states[i] = enters[new_arrows[i]]
                number = np.uint64(numbers[i])
                new_identities[i] = number | bits[new_cells[i]] | np.uint64(by[i] + 1) << _SOURCE
                apart[i] = every > 0 and (numbers[i] * n_cells + new_cells[i]) % every == 0
            births.advance_newborn(
                new_states[:made], new_targets[:made], new_identities[:made], new_draws[:made], new_cells[:made],
                times[:made], new_arrows[:made], apart[:made], paths, end, clock, share, arrow, to, ways, left,
                records, its_rows, passed, of_each,
            )  # fmt: skip
            chosen = homeless = 0
            log = _longer(log, rows + made)
            for i in range(made):
                if apart[i]:
                    log[0][rows], log[1][rows], log[2][rows] = new_identities[i], times[i], new_arrows[i]
                    rows += 1
                if new_states[i] == free:  # made into an end
                    continue
                if apart[i]:
                    which[chosen] = i
                    chosen += 1
                else:
                    waiting[homeless] = i
                    homeless += 1
            homeless = slots.house(
                states, targets, identities, draws, alarms, first, used, seek, vacant, free,
                new_states, new_targets, new_identities, new_draws, new_cells, waiting, homeless,
            )  # fmt: skip
            if homeless:
                lost = _joined(lost, columns, waiting[:homeless])
            if chosen:
                followed = _joined(followed, columns, which[:chosen])
                since = np.append(since, times[which[:chosen]])
        if len(since):
            log, rows = _follow(
                followed, since, paths, end, clock, share, arrow, to, ways, left, records, its_rows, passed, of_each,
                log, rows,
            )  # fmt: skip
            followed = _alive(followed, free)
        tally.close(
            law[4], law[5], passed, of_each, counts, total,
            at_records[low:high], of_cells[cell_low:cell_high],
        )  # fmt: skip
        now = end
        done += 1
    return done, expected, highest, followed, (log[0][:rows], log[1][:rows], log[2][:rows]), lost


def compile_all() -> None:
    """Lets the compiled code be kept between runs."""
    compiled.keep(
        (carry,), __file__, births.__file__, crowd.__file__, slots.__file__, tally.__file__, kernel.__file__,
        stream.__file__, window.__file__, itinerary_module.__file__,
    )  # fmt: skip
