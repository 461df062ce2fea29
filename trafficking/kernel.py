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
    alarm: (n_cells, ALARM) float64 - AT_END, what the alarm clock reads at the window's end; DUE, the reading up to
        which groups are looked at; SLOWEST, the least rate of a clock over its usual one; SLACK, minutes that rounding
        may cost; QUIET, whether alarms are kept at all; AGE, windows since they were last set anew.
"""

from __future__ import annotations

import numpy as np

from trafficking.stream import draw_exponential, draw_uniform, draw_word, in_layer, inlined, jitted, layer_of, stream_key, uniform_of

NO_ARROW = np.uint8(255)
WIDE = 8  # of the tables: at most so many ways lead out of a state
LANES = 512
GROUP = 8  # slots that share an alarm: a line of memory
TILE = 2048  # slots that are looked at before those who move are carried
ORIGIN, READING, DWELL, ANCHOR, RATE, USUAL, LIMIT = range(7)
AT_END, DUE, SLOWEST, SLACK, QUIET, AGE = range(6)
ALARM = 6  # columns of that table
LONGEST_CLOCK = 2.0**33  # beyond this a float64 no longer resolves a millionth of a mean dwell time

_ONE, _TWO = np.uint64(1), np.uint64(2)
_ROUNDING = 2.0**-46  # generous, beside the 2^-53 of one operation
_OLDEST = 1024.0  # windows
_ROUNDING_OF_SUM = 2.0**-40  # more than 1024 roundings
_FEW = 1.0 / 32.0  # share of receptors that move in a window, below which alarms pay


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
def begin_window(rates, synthesis, making, now, end, counts, clock, share, arrow, alarm, sources):
    """Sets the clocks of all cells for the window from `now` to `end`.

    Args:
        rates: (n_cells, n_transitions) per minute and receptor. synthesis: (n_sources,) transitions that make them.
        making: (n_cells,) what multiplies their rates.
        counts: (n_cells, n_states) receptors at `now`. sources: (n_cells, n_sources * WIDE), clocks of the births.

    Returns:
        The highest reading of any clock at its anchor, and the transitions to be expected in the window.
    """
    highest = expected = 0.0
    for cell in range(len(clock)):
        set_rates(rates[cell], now, clock[cell], share[cell], arrow)
        expected += _set_alarm(now, end, counts[cell], clock[cell], alarm[cell])
        for state in range(counts.shape[1]):
            highest = max(highest, clock[cell, state * WIDE + READING])
        for source in range(len(synthesis)):
            turn_clock(sources[cell], source, rates[cell, synthesis[source]] * making[cell], now)
            highest = max(highest, sources[cell, source * WIDE + READING])
    return highest, expected


@jitted
def _set_alarm(now, end, counts, clock, alarm):
    """LIMIT of every state, and the alarm clock of one cell, for the window from `now` to `end`.

    Returns:
        The transitions to be expected if the receptors stay distributed as they are.
    """
    fastest, slowest, longest = 0.0, np.inf, 0.0
    moving = present = 0.0
    fresh = alarm[QUIET] == 0.0 or alarm[AGE] >= _OLDEST
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
    # The reading is a sum: it starts from nothing each time, and what rounding may cost in so many windows is added.
    alarm[AGE] = 0.0 if fresh else alarm[AGE] + 1.0
    alarm[AT_END] = fastest * (end - now) if fresh else alarm[AT_END] + fastest * (end - now)
    alarm[DUE] = np.inf if fresh else alarm[AT_END] * (1.0 + _ROUNDING_OF_SUM)
    alarm[SLOWEST] = min(slowest, 1.0)
    alarm[SLACK] = _ROUNDING * (abs(end) + longest)
    return moving * (end - now)


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
    wait, draw = draw_exponential(key, draw + 1)
    transition, state, target = leave_state(state, time, chance, wait, clock, share, arrow, to, ways)
    return transition, time, state, target, draw


@inlined
def leave_state(state, time, chance, wait, clock, share, arrow, to, ways):
    """The way that a receptor takes which leaves `state` at `time`, and its new state and target.

    chance: uniform in [0, 1), which decides the way. wait: a unit exponential, for the new state.
    """
    first = state * WIDE
    way = first + (chance >= share[first])
    if ways > 2:  # the same for every receptor, so that nothing is mispredicted
        way += chance >= share[first + 1]
    if ways > 3:
        for other in range(2, WIDE - 1):
            way += chance >= share[first + other]
    state = np.int64(to[way])
    return np.int64(arrow[way]), state, clock_at(clock, state, time) + wait


@inlined
def record_row(time, records, per_min, shift):
    """Index of the first record that sees an event at `time`; the number of records if none does.

    records: (m + 2,) rising, of which the first is -inf and the last inf; index 0 is that of the first finite one.
    per_min, shift: the guess of `record_grid`, which comparing times puts right.
    """
    row = np.uint64(np.int64(min(max(time * per_min + shift, 0.0), len(records) - 2.0)))
    while records[row] >= time:
        row -= _ONE
    while records[row + _ONE] < time:
        row += _ONE
    return row


@inlined
def record_grid(records):
    """Records per minute and the index of minute 0, if the finite records lie on an even grid."""
    n = len(records) - 2
    if n < 2:
        return 0.0, 0.0
    per_min = (n - 1) / (records[n] - records[1])
    return per_min, 1.0 - records[1] * per_min


@jitted
def _candidates(states, targets, clock, movers, flags):
    """Writes which of these receptors may leave in this window into `movers`, as places in the arrays; how many."""
    # In two passes, without a branch to mispredict; one pass would wait for its own writes. A function of its own, so
    # that the compiler takes several receptors at a time.
    for i in range(len(states)):
        flags[i] = targets[i] <= clock[np.int64(states[i]) * WIDE + LIMIT]
    moving = np.uint64(0)
    for i in range(len(states)):
        movers[moving] = np.uint32(i)
        moving += np.uint64(flags[i])
    return np.int64(moving)


@jitted
def _woken(states, targets, alarms, end, clock, alarm, movers, flags):
    """`_candidates` among the groups whose alarm is due; sets these alarms by those who stay.

    The arrays begin with a group; the last group may be cut short.
    """
    for group in range(len(alarms)):
        flags[group] = alarms[group] <= alarm[DUE]
    moving = 0
    for group in range(len(alarms)):
        if flags[group] == 0:
            continue
        soonest = np.inf
        for i in range(group * GROUP, min(len(states), (group + 1) * GROUP)):
            state = np.int64(states[i])
            if targets[i] <= clock[state * WIDE + LIMIT]:
                movers[moving] = i
                moving += 1
            else:
                soonest = min(soonest, leaving_time(clock, state, targets[i]))
        alarms[group] = _alarm_for(soonest, end, alarm)
    return moving


@jitted
def _fetch(identities, draws, movers, moving, flags):
    """Touches what the movers need: they lie far apart, and memory answers many calls in the time of one."""
    for mover in range(moving):
        flags[mover] = identities[movers[mover]] + draws[movers[mover]]


@inlined
def _alarm_for(time, end, alarm):
    """A reading that the alarm clock does not reach before `time`, which is after `end`."""
    return alarm[AT_END] + max(time - end - alarm[SLACK], 0.0) * alarm[SLOWEST]


@jitted
def _draw_lanes(keys, drawn, going, chances, waits, layers, unsure):
    """What the next transition of each lane takes from its stream, which moves on.

    In passes, each short enough to be compiled for several lanes at a time; the long way to an exponential is the
    last.
    """
    for lane in range(going):
        chances[lane] = uniform_of(draw_word(keys[lane], drawn[lane]))
    for lane in range(going):
        word = draw_word(keys[lane], drawn[lane] + _ONE)
        waits[lane] = uniform_of(word)
        layers[lane] = layer_of(word)
        drawn[lane] += _TWO
    few = np.uint64(0)
    for lane in range(going):
        waits[lane], sure = in_layer(np.uint64(layers[lane]), waits[lane])
        unsure[few] = lane
        few += np.uint64(not sure)
    for one in range(few):
        lane = unsure[one]
        waits[lane], draw = draw_exponential(keys[lane], np.int64(drawn[lane]) - 1)
        drawn[lane] = np.uint64(draw)


@jitted
def _keys(cell_key, keys, going):
    for lane in range(going):
        keys[lane] = stream_key(cell_key, keys[lane])


@jitted
def _rows(times, going, per_min, shift, last, rows):
    """The guess of `record_row` for each lane."""
    for lane in range(going):
        rows[lane] = np.uint32(np.int64(min(max(times[lane] * per_min + shift, 0.0), last)))


@jitted
def _carry(
    states, targets, identities, draws, movers, cell_key, now, end, clock, share, arrow, to, ways, left, records,
    per_min, shift, own, times, words, slots,
):  # fmt: skip
    """Carries the movers to `end`, all by one transition, then all who still move by another, and so on.

    One receptor's transitions wait for each other; those of many do not, and the processor works on several at once.
    """
    times, chances, waits = times[0], times[1], times[2]
    keys, drawn = words[0], words[1]
    slots, unsure, layers, rows = slots[0], slots[1], slots[2], slots[3]
    last = len(records) - 2.0
    going = np.uint64(0)
    for k in range(len(movers)):
        i = np.uint64(movers[k])
        time = leaving_time(clock, np.int64(states[i]), targets[i])
        times[going] = max(time, now)
        keys[going] = identities[i]
        drawn[going] = draws[i]
        slots[going] = i
        going += np.uint64(time <= end)
    _keys(cell_key, keys, going)
    while going > 0:
        _draw_lanes(keys, drawn, going, chances, waits, layers, unsure)
        _rows(times, going, per_min, shift, last, rows)
        still = np.uint64(0)
        for lane in range(going):
            i = np.uint64(slots[lane])
            time = times[lane]
            transition, state, target = leave_state(
                np.int64(states[i]), time, chances[lane], waits[lane], clock, share, arrow, to, ways
            )
            row = np.uint64(rows[lane])
            while records[row] >= time:
                row -= _ONE
            while records[row + _ONE] < time:
                row += _ONE
            own[row, transition] += 1
            then = leaving_time(clock, state, target)
            states[i] = left[state]
            targets[i] = target
            draws[i] = np.uint32(drawn[lane])
            times[still] = max(then, time)
            keys[still] = keys[lane]
            drawn[still] = drawn[lane]
            slots[still] = np.uint32(i)
            still += np.uint64(then <= end)
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
    lanes,
    words,
    slots,
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
        own: like passages, zero, left so. movers, flags: (TILE,) uint32 and uint8. They are room to work in.
    """
    per_min, shift = record_grid(records)
    cell = 0
    while cell + 1 < len(used) and first[cell + 1] <= low:
        cell += 1
    while cell < len(used) and first[cell] < high:
        key, table, chances, bell = keys[cell], clock[cell], share[cell], alarm[cell]
        quiet = bell[QUIET] > 0.0
        stop = min(high, used[cell])
        for tile in range(max(low, first[cell]), stop, TILE):
            beyond = min(tile + TILE, stop)
            if quiet:
                bells = alarms[tile // GROUP : (beyond + GROUP - 1) // GROUP]
                moving = _woken(states[tile:beyond], targets[tile:beyond], bells, end, table, bell, movers, flags)
                _fetch(identities[tile:beyond], draws[tile:beyond], movers, moving, flags)
            else:
                moving = _candidates(states[tile:beyond], targets[tile:beyond], table, movers, flags)
            for some in range(0, moving, LANES):
                _carry(
                    states[tile:beyond], targets[tile:beyond], identities[tile:beyond], draws[tile:beyond],
                    movers[some : min(some + LANES, moving)], key, now, end, table, chances, arrow, to, ways,
                    left, records, per_min, shift, own, lanes, words, slots,
                )  # fmt: skip
            if quiet:
                for mover in range(moving):
                    i = tile + np.int64(movers[mover])
                    due = _alarm_for(leaving_time(table, np.int64(states[i]), targets[i]), end, bell)
                    alarms[i // GROUP] = min(alarms[i // GROUP], due)
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
