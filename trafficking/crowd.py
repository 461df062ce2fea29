"""Receptors of a slab carried through a window, many at a time, and those who are followed.

Who may leave in the window is found first: among all slots, or where few move among the groups whose alarm is due. The
movers then take one transition each, all who still move a second one, and so on. One receptor's transitions wait for
each other; those of many do not, and the processor works on several at once. What each does stands in `kernel`.
"""

from __future__ import annotations

import numpy as np

from trafficking.kernel import (
    AT_END,
    DUE,
    GROUP,
    LIMIT,
    NO_ARROW,
    QUIET,
    SLACK,
    SLOWEST,
    WIDE,
    advance_receptor,
    clock_at,
    leaving_time,
    record_grid,
    record_row,
    row_at,
    way_out,
)
from trafficking.stream import (
    draw_exponential,
    draw_uniform,
    draw_word,
    in_layer,
    inlined,
    jitted,
    layer_of,
    stream_key,
    uniform_of,
)

TILE = 2048  # slots, or alarms, that are looked at before those who move are carried
LANES = 504  # movers that are carried side by side
_ONE, _TWO = np.uint64(1), np.uint64(2)
_EIGHT = 8  # flags in a word


def room_to_work() -> tuple[np.ndarray, ...]:
    """What `advance` calls movers, flags, floats, words, places and due; of one thread."""
    return (
        np.empty((GROUP + 1) * TILE, np.uint32),
        np.empty(TILE, np.uint8),
        np.empty((4, LANES)),
        np.empty((2, LANES), np.uint64),
        np.empty((6, LANES), np.uint32),
        np.empty(TILE + _EIGHT, np.uint32),
    )


@jitted
def _candidates(states, targets, tile, clock, movers, moving, flags):
    """Adds those of these receptors who may leave in this window to the movers, by slot; how many there are then.

    tile: the slot of the first.
    """
    # In two passes, without a branch to mispredict; one pass would wait for its own writes. A function of its own, so
    # that the compiler takes several receptors at a time.
    for i in range(len(states)):
        flags[i] = targets[i] <= clock[np.int64(states[i]) * WIDE + LIMIT]
    moving = np.uint64(moving)
    for i in range(len(states)):
        movers[moving] = np.uint32(tile + i)
        moving += np.uint64(flags[i])
    return np.int64(moving)


@jitted
def _woken(states, targets, tile, alarms, end, clock, alarm, movers, moving, flags, due):
    """`_candidates` among the groups whose alarm is due; sets these alarms by those who stay.

    The arrays begin with a group; the last group may be cut short. due: room for as many groups.
    """
    for group in range(len(alarms)):
        flags[group] = alarms[group] <= alarm[DUE]
    words = -(-len(alarms) // _EIGHT)
    flags[len(alarms) : words * _EIGHT] = 0
    sleeping = flags.view(np.uint64)  # most words are zero: eight groups that sleep are passed over at once
    awake = np.uint64(0)
    for word in range(words):
        if sleeping[word] != 0:
            for group in range(_EIGHT * word, _EIGHT * word + _EIGHT):
                due[awake] = group
                awake += np.uint64(flags[group])
    moving = np.uint64(moving)
    for each in range(awake):
        group = np.int64(due[each])
        soonest = np.inf
        for i in range(group * GROUP, min(len(states), (group + 1) * GROUP)):
            state = np.int64(states[i])
            leaves = targets[i] <= clock[state * WIDE + LIMIT]
            time = leaving_time(clock, state, targets[i])
            movers[moving] = np.uint32(tile + i)
            moving += np.uint64(leaves)
            soonest = min(soonest, np.inf if leaves else time)
        alarms[group] = _alarm_for(soonest, end, alarm)
    return np.int64(moving)


@inlined
def _alarm_for(time, end, alarm):
    """A reading that the alarm clock does not reach before `time`, which is after `end`."""
    return alarm[AT_END] + max(time - end - alarm[SLACK], 0.0) * alarm[SLOWEST]


@jitted
def _set_alarms(states, targets, alarms, movers, end, clock, alarm):
    """Brings the alarms of the groups of those who moved forward to when they leave next."""
    for mover in range(len(movers)):
        i = movers[mover]
        due = _alarm_for(leaving_time(clock, np.int64(states[i]), targets[i]), end, alarm)
        alarms[i // GROUP] = min(alarms[i // GROUP], due)


@jitted
def _draw(keys, drawn, going, chances, waits, layers, unsure):
    """What the next transition of each lane takes from its stream, which moves on: a chance and a wait.

    In passes, each short enough to be compiled for several lanes at a time; the long way to an exponential is the
    last.
    """
    for lane in range(going):
        chances[lane] = draw_uniform(keys[lane], drawn[lane])
    for lane in range(going):
        word = draw_word(keys[lane], drawn[lane] + _ONE)
        waits[lane] = uniform_of(word)
        layers[lane] = layer_of(word)
    few = np.uint64(0)
    for lane in range(going):
        waits[lane], sure = in_layer(np.uint64(layers[lane]), waits[lane])
        unsure[few] = lane
        few += np.uint64(not sure)
        drawn[lane] += _TWO
    for one in range(few):
        lane = unsure[one]
        waits[lane], draw = draw_exponential(keys[lane], np.int64(drawn[lane] - _ONE))
        drawn[lane] = np.uint64(draw)


@jitted
def _set_keys(cell_key, keys, going):
    """Makes identities into the keys of their streams."""
    for lane in range(going):
        keys[lane] = stream_key(cell_key, keys[lane])


@jitted
def _guess_rows(times, going, per_min, shift, last, rows):
    """The guess of `record_row` for each lane."""
    for lane in range(going):
        rows[lane] = np.uint32(np.int64(min(max(times[lane] * per_min + shift, 0.0), last)))


@jitted
def _carry(
    states, targets, identities, draws, movers, cell_key, now, end, clock, share, arrow, to, ways, left, records,
    per_min, shift, own, floats, words, places,
):  # fmt: skip
    """Carries the receptors in the slots `movers`, LANES at most, from `now` to `end`."""
    times, next_times, chances, waits = floats[0], floats[1], floats[2], floats[3]
    keys, drawn = words[0], words[1]
    slots, layers, unsure, rows = places[0], places[1], places[2], places[3]
    ways_taken, reached = places[4], places[5]
    going = np.uint64(0)
    for mover in range(len(movers)):
        i = np.uint64(movers[mover])
        time = leaving_time(clock, np.int64(states[i]), targets[i])
        times[going], keys[going], drawn[going], slots[going] = max(time, now), identities[i], draws[i], i
        going += np.uint64(time <= end)
    _set_keys(cell_key, keys, going)
    while going > 0:
        _draw(keys, drawn, going, chances, waits, layers, unsure)
        _guess_rows(times, going, per_min, shift, len(records) - 2.0, rows)
        for lane in range(going):
            i = np.uint64(slots[lane])
            transition, state = way_out(np.int64(states[i]), chances[lane], share, arrow, to, ways)
            states[i], ways_taken[lane], reached[lane] = left[state], transition, state
        for lane in range(going):
            i, state = np.uint64(slots[lane]), np.int64(reached[lane])
            targets[i] = clock_at(clock, state, times[lane]) + waits[lane]
            draws[i] = np.uint32(drawn[lane])
            next_times[lane] = leaving_time(clock, state, targets[i])
        still = np.uint64(0)
        for lane in range(going):
            own[row_at(np.uint64(rows[lane]), times[lane], records), ways_taken[lane]] += 1
            time = max(next_times[lane], times[lane])
            times[still], keys[still], drawn[still], slots[still] = time, keys[lane], drawn[lane], slots[lane]
            still += np.uint64(time <= end)
        going = still


@jitted
def advance(
    states,
    targets,
    identities,
    draws,
    alarms,
    low,
    high,
    first,
    used,
    keys,
    now,
    end,
    clock,
    share,
    arrow,
    to,
    ways,
    alarm,
    left,
    records,
    cell_rows,
    passages,
    by_cell,
    vacant,
    own,
    movers,
    flags,
    floats,
    words,
    places,
    due,
):
    """Carries the receptors in the slots [low, high) from `now` to `end` and counts their transitions by record.

    Args:
        states (n,) uint8, targets (n,) float64, identities (n,) uint64, draws (n,) uint32: the receptors, in place;
            a receptor that reaches an end leaves its slot free. alarms: (n / GROUP,). low, high: multiples of GROUP.
        first: (n_cells + 1,) where the slots of each cell begin. used: (n_cells,) where those ever used end.
        keys: (n_cells,) uint64, the keys of the cells' paths.
        left: (n_states,) uint8, what a slot holds when its receptor came to each state: that, or free for an end.
        records: (m + 2,), see `record_row`. passages: (m + 1, n_transitions) int64, added to.
        cell_rows: (m + 1,) the row of `by_cell` to which each row of passages belongs.
        by_cell: (n_cells, k + 1, n_transitions) int64, added to. vacant: (n_cells,) int64, added to: slots left free.
        own: like passages, zero, left so. movers, flags, floats, words, places, due: `room_to_work`.
    """
    per_min, shift = record_grid(records)
    cell = 0
    while cell + 1 < len(used) and first[cell + 1] <= low:
        cell += 1
    while cell < len(used) and first[cell] < high:
        key, table, chances, bell = keys[cell], clock[cell], share[cell], alarm[cell]
        quiet = bell[QUIET] > 0.0
        stop = min(high, used[cell])
        moving = 0
        size = TILE * GROUP if quiet else TILE
        for tile in range(max(low, first[cell]), stop, size):
            beyond = min(tile + size, stop)
            some_states, some_targets = states[tile:beyond], targets[tile:beyond]
            if quiet:
                bells = alarms[tile // GROUP : (beyond + GROUP - 1) // GROUP]
                moving = _woken(some_states, some_targets, tile, bells, end, table, bell, movers, moving, flags, due)
            else:
                moving = _candidates(some_states, some_targets, tile, table, movers, moving, flags)
            if moving < TILE and beyond < stop:
                continue
            for begin in range(0, moving, LANES):
                some = movers[begin : min(begin + LANES, moving)]
                _carry(
                    states, targets, identities, draws, some, key, now, end, table, chances, arrow, to, ways, left,
                    records, per_min, shift, own, floats, words, places,
                )  # fmt: skip
            if quiet:
                _set_alarms(states, targets, alarms, movers[:moving], end, table, bell)
            moving = 0
        for at in range(len(arrow)):
            if arrow[at] != NO_ARROW and left[to[at]] != to[at]:
                for row in range(len(own)):
                    vacant[cell] += own[row, arrow[at]]
        for row in range(len(own)):
            for transition in range(own.shape[1]):
                passages[row, transition] += own[row, transition]
                by_cell[cell, cell_rows[row], transition] += own[row, transition]
                own[row, transition] = 0
        cell += 1


@jitted
def advance_followed(
    states,
    targets,
    identities,
    draws,
    cells,
    since,
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
    who,
    when,
    what,
):
    """`advance` for followed receptors, all of whom are alive, writing every transition into the log.

    Args:
        cells: (n,) int64. since: (n,) minutes at which each was last known.
        who (index of the receptor), when (minutes), what (transition): (capacity,) arrays, filled from the start.

    Returns:
        How many receptors were carried, in order, and how many log rows they filled. A receptor whose transitions no
        longer fit is left as it was, for a second call with a fresh log.
    """
    per_min, shift = record_grid(records)
    rows = 0
    for i in range(len(states)):
        state, target, draw, time = np.int64(states[i]), targets[i], np.int64(draws[i]), since[i]
        cell = cells[i]
        stream = stream_key(keys[cell], identities[i])
        first = rows
        while True:
            transition, time, state, target, draw = advance_receptor(
                state, target, draw, stream, time, end, clock[cell], share[cell], arrow, to, ways
            )
            if transition < 0:
                break
            if rows == len(who):
                return i, first
            who[rows], when[rows], what[rows] = i, time, transition
            rows += 1
        for row in range(first, rows):
            at = record_row(when[row], records, per_min, shift)
            passages[at, what[row]] += 1
            by_cell[cell, cell_rows[at], what[row]] += 1
        states[i] = left[state]
        targets[i] = target
        draws[i] = np.uint32(draw)
    return len(states), rows


ENTRIES = (advance, advance_followed)
