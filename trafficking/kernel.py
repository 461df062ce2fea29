"""What one receptor does next: the only stepping rule of the program, compiled.

Every state has a hazard clock: the integral of the total rate out of it. A receptor that enters a state draws a unit
exponential, adds it to the clock's reading and leaves when the clock gets there; then it draws its destination in
proportion to the rates of that moment. This is the random time change of Kurtz (Anderson 2007, doi 10.1063/1.2799998):
exact however fast the rates are, and indifferent to where a window ends.

The kernel knows arrays and numbers. Times are minutes; a rate is per minute and receptor.

Tables that several functions share; a row of `clock`, `share` and `alarm` belongs to one cell, and within a row each
state has WIDE numbers, so that no address needs a multiplication:
    clock: (n_cells, (n_states + 1) * WIDE) float64 - in the columns ORIGIN, READING, DWELL, ANCHOR, RATE. A clock reads
        READING at the minute ANCHOR and runs at RATE. ORIGIN and DWELL serve `leaving_time`: the anchor and 1 / rate,
        or infinity and 0 for a clock that stands still. LIMIT: a reading that no target of a receptor that leaves in
        this window is above. USUAL: see below. The last clock stands still for ever: free slots are in its "state".
    share: (n_cells, n_states * WIDE) float64 - cumulative share of each way out of a state, in the itinerary's order.
    arrow, to: (n_states * WIDE,) uint8 - which transition each way is, and the state it leads to; NO_ARROW: no way.

Receptors that stay where they are cost nothing where few move: slots come in groups of GROUP, and each group has an
alarm, a reading of its cell's alarm clock before which nobody in it leaves. That clock runs at least as fast as any
hazard clock does relative to its USUAL rate, so the alarms stay true when rates change; they are set anew once rates
are far from usual. An alarm decides who is looked at, never what happens.
    alarm: (n_cells, 5) float64 - AT_END, what the alarm clock reads at the window's end; DUE, the reading up to which
        groups are looked at; SLOWEST, the least rate of a clock over its usual one; SLACK, minutes that rounding may
        cost; QUIET, whether alarms are kept at all.
"""

from __future__ import annotations

import numpy as np

from trafficking.stream import draw_exponential, draw_uniform, inlined, jitted, stream_key

NO_ARROW = np.uint8(255)
WIDE = 8  # of the tables: at most so many ways lead out of a state
GROUP = 32  # slots that share an alarm
TILE = 2048  # slots that are looked at before those who move are carried
ORIGIN, READING, DWELL, ANCHOR, RATE, USUAL, LIMIT = range(7)
AT_END, DUE, SLOWEST, SLACK, QUIET = range(5)
LONGEST_CLOCK = 2.0**33  # beyond this a float64 no longer resolves a millionth of a mean dwell time

_ROUNDING = 2.0**-46  # generous, beside the 2^-53 of one operation
_FEW = 1.0 / GROUP  # share of receptors that move in a window, below which alarms pay


@inlined
def clock_at(clock, state, time):
    """What the hazard clock of `state` reads at `time`."""
    return clock[state * WIDE + READING] + (time - clock[state * WIDE + ANCHOR]) * clock[state * WIDE + RATE]


@jitted
def turn_clock(clock, state, rate, now):
    """Lets the clock of `state` run at another `rate` from `now` on; one whose rate stays the same is not touched."""
    if clock[state * WIDE + RATE] != rate:
        clock[state * WIDE + READING] = clock_at(clock, state, now)
        clock[state * WIDE + ANCHOR] = now
        clock[state * WIDE + RATE] = rate
        # A stopped clock gets nowhere: the formula for leaving gives infinity, without a question asked.
        clock[state * WIDE + ORIGIN] = now if rate > 0.0 else np.inf
        clock[state * WIDE + DWELL] = 1.0 / rate if rate > 0.0 else 0.0


@jitted
def set_rates(rates, now, clock, share, arrow):
    """Gives all arrows of one cell their `rates` ((n_transitions,) per minute) from `now` on.

    The last way that is open takes what rounding leaves; a closed one behind it gets nothing.
    """
    for state in range(len(arrow) // WIDE):
        total = 0.0
        last = 0
        for way in range(WIDE):
            at = state * WIDE + way
            if arrow[at] != NO_ARROW and rates[arrow[at]] > 0.0:
                total += rates[arrow[at]]
                last = way
            share[at] = total
        for way in range(WIDE):
            at = state * WIDE + way
            share[at] = share[at] / total if way < last else np.inf
        turn_clock(clock, state, total, now)


@jitted
def begin_window(rates, births, now, end, counts, clock, share, arrow, alarm, sources):
    """Sets the clocks of all cells for the window from `now` to `end`.

    Args:
        rates: (n_cells, n_transitions) per minute and receptor. births: (n_cells, n_sources) per minute and cell.
        counts: (n_cells, n_states) receptors at `now`. sources: (n_cells, n_sources * WIDE), clocks of the births.

    Returns:
        The highest reading of any clock at its anchor.
    """
    highest = 0.0
    for cell in range(len(clock)):
        set_rates(rates[cell], now, clock[cell], share[cell], arrow)
        _set_alarm(now, end, counts[cell], clock[cell], alarm[cell])
        for state in range(counts.shape[1]):
            highest = max(highest, clock[cell, state * WIDE + READING])
        for source in range(births.shape[1]):
            turn_clock(sources[cell], source, births[cell, source], now)
            highest = max(highest, sources[cell, source * WIDE + READING])
    return highest


@jitted
def _set_alarm(now, end, counts, clock, alarm):
    """LIMIT of every state, and the alarm clock of one cell, for the window from `now` to `end`."""
    fastest, slowest, longest = 0.0, np.inf, 0.0
    moving = present = 0.0
    fresh = alarm[QUIET] == 0.0
    for state in range(len(counts)):
        at = state * WIDE
        rate, usual = clock[at + RATE], clock[at + USUAL]
        clock[at + LIMIT] = -np.inf
        if rate > 0.0:
            reading = clock_at(clock, state, end)
            clock[at + LIMIT] = reading + _ROUNDING * (reading + rate * (abs(now) + abs(end)))
            longest = max(longest, reading * clock[at + DWELL])
            moving += counts[state] * rate
            present += counts[state]
        if (rate > 0.0) != (usual > 0.0):
            fresh = True
        elif rate > 0.0:
            fastest = max(fastest, rate / usual)
            slowest = min(slowest, rate / usual)
    if fresh or fastest > 4.0 or slowest < 0.25:
        fresh = True
        for state in range(len(counts)):
            clock[state * WIDE + USUAL] = clock[state * WIDE + RATE]
        fastest = slowest = 1.0
    alarm[QUIET] = 1.0 if moving * (end - now) < _FEW * present else 0.0
    alarm[AT_END] += fastest * (end - now)
    alarm[DUE] = np.inf if fresh else alarm[AT_END]
    alarm[SLOWEST] = min(slowest, 1.0)
    alarm[SLACK] = _ROUNDING * (abs(end) + longest)


@inlined
def leaving_time(clock, state, target):
    """When a receptor that leaves `state` as its clock reads `target` does so at the present rates."""
    return clock[state * WIDE + ORIGIN] + (target - clock[state * WIDE + READING]) * clock[state * WIDE + DWELL]


@inlined
def enter_state(state, time, key, draw, clock):
    """Reading of the clock at which a receptor that enters `state` at `time` will leave; the stream's new position."""
    wait, draw = draw_exponential(key, draw)
    return clock_at(clock, state, time) + wait, draw


@inlined
def advance_receptor(state, target, draw, key, now, end, clock, share, arrow, to, ways):
    """The next transition of one receptor up to and including `end`.

    Args:
        state, target, draw: the receptor's state, the clock reading at which it leaves, its position in its stream.
        now: when it was last known to be in `state`; it leaves no earlier.
        clock, share: those of its cell. ways: as many lead out of a state at most.

    Returns:
        transition (-1: none up to `end`), its time, and the receptor's new state, target and draw.
    """
    time = leaving_time(clock, state, target)
    if time > end:
        return -1, end, state, target, draw
    time = max(time, now)
    chance = draw_uniform(key, draw)
    way = state * WIDE
    for other in range(ways - 1):
        way += chance >= share[state * WIDE + other]
    transition = np.int64(arrow[way])
    state = np.int64(to[way])
    target, draw = enter_state(state, time, key, draw + 1, clock)
    return transition, time, state, target, draw


@inlined
def record_row(time, records, per_min):
    """Index of the first record that sees an event at `time`; len(records) if none does.

    per_min: records per minute if they lie on an even grid. It makes a guess, which comparing times puts right.
    """
    n = len(records)
    if n == 0 or time > records[n - 1]:
        return n
    row = min(max(int((time - records[0]) * per_min) + 1, 0), n - 1)
    while row > 0 and records[row - 1] >= time:
        row -= 1
    while records[row] < time:
        row += 1
    return row


@inlined
def records_per_min(records):
    """The guess of `record_row`."""
    return (len(records) - 1) / (records[-1] - records[0]) if len(records) > 1 else 0.0


@inlined
def _candidates(states, targets, low, high, clock, movers, flags):
    """Writes the slots in [low, high) whose receptors may leave in this window into `movers`; how many."""
    # In two passes, without a branch to mispredict; one pass would wait for its own writes.
    for i in range(low, high):
        flags[i - low] = targets[i] <= clock[np.int64(states[i]) * WIDE + LIMIT]
    moving = 0
    for i in range(low, high):
        movers[moving] = i
        moving += flags[i - low]
    return moving


@inlined
def _woken(states, targets, alarms, low, high, end, clock, alarm, movers):
    """`_candidates` among the groups whose alarm is due; sets their alarms by those who stay."""
    moving = 0
    for group in range(low // GROUP, (high + GROUP - 1) // GROUP):
        if alarms[group] > alarm[DUE]:
            continue
        soonest = np.inf
        for i in range(max(low, group * GROUP), min(high, (group + 1) * GROUP)):
            state = np.int64(states[i])
            if targets[i] <= clock[state * WIDE + LIMIT]:
                movers[moving] = i
                moving += 1
            else:
                soonest = min(soonest, leaving_time(clock, state, targets[i]))
        alarms[group] = _alarm_for(soonest, end, alarm)
    return moving


@inlined
def _alarm_for(time, end, alarm):
    """A reading that the alarm clock does not reach before `time`, which is after `end`."""
    return alarm[AT_END] + max(time - end - alarm[SLACK], 0.0) * alarm[SLOWEST]


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
    own,
    movers,
    flags,
):
    """Carries the receptors in the slots [low, high) from `now` to `end` and counts their transitions by record.

    Args:
        states (n,) uint8, targets (n,) float64, identities (n,) uint64, draws (n,) uint32: the receptors, in place;
            a receptor that reaches an end leaves its slot free. alarms: (n / GROUP,). low, high: multiples of GROUP.
        first: (n_cells + 1,) where the slots of each cell begin. used: (n_cells,) where those ever used end.
        keys: (n_cells,) uint64, the keys of the cells' paths.
        left: (n_states,) uint8, what a slot holds when its receptor came to each state: that, or free for an end.
        records: (m,) rising times. passages: (m + 1, n_transitions) int64, added to.
        cell_rows: (m + 1,) the row of `by_cell` to which each row of passages belongs.
        by_cell: (n_cells, k + 1, n_transitions) int64, added to.
        own: like passages, zero, left so. movers, flags: (TILE,) uint32 and uint8. They are room to work in.
    """
    per_min = records_per_min(records)
    cell = 0
    while cell + 1 < len(used) and first[cell + 1] <= low:
        cell += 1
    while cell < len(used) and first[cell] < high:
        key, table, chances, bell = keys[cell], clock[cell], share[cell], alarm[cell]
        quiet = bell[QUIET] > 0.0
        stop = min(high, used[cell])
        for tile in range(max(low, first[cell]), stop, TILE):
            if quiet:
                moving = _woken(states, targets, alarms, tile, min(tile + TILE, stop), end, table, bell, movers)
            else:
                moving = _candidates(states, targets, tile, min(tile + TILE, stop), table, movers, flags)
            for mover in range(moving):
                i = movers[mover]
                state, target, draw = np.int64(states[i]), targets[i], np.int64(draws[i])
                stream, time = stream_key(key, identities[i]), now
                while True:
                    transition, time, state, target, draw = advance_receptor(
                        state, target, draw, stream, time, end, table, chances, arrow, to, ways
                    )
                    if transition < 0:
                        break
                    own[record_row(time, records, per_min), transition] += 1
                states[i] = left[state]
                targets[i] = target
                draws[i] = np.uint32(draw)
                if quiet:
                    group = i // GROUP
                    alarms[group] = min(alarms[group], _alarm_for(leaving_time(table, state, target), end, bell))
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
    per_min = records_per_min(records)
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
            at = record_row(when[row], records, per_min)
            passages[at, what[row]] += 1
            by_cell[cell, cell_rows[at], what[row]] += 1
        states[i] = left[state]
        targets[i] = target
        draws[i] = np.uint32(draw)
    return len(states), rows


ENTRIES = (
    advance,
    advance_followed,
    advance_receptor,
    begin_window,
    enter_state,
    record_row,
    set_rates,
    turn_clock,
)
