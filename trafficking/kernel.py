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

from trafficking.stream import (
    draw_exponential,
    draw_uniform,
    inlined,
    jitted,
)

NO_ARROW = np.uint8(255)
WIDE = 8  # of the tables: at most so many ways lead out of a state
GROUP = 8  # slots that share an alarm: a line of memory
ORIGIN, READING, DWELL, ANCHOR, RATE, USUAL, LIMIT = range(7)
AT_END, DUE, SLOWEST, SLACK, QUIET, AGE = range(6)
ALARM = 6  # columns of that table
LONGEST_CLOCK = 2.0**33  # beyond this a float64 no longer resolves a millionth of a mean dwell time

_ONE = np.uint64(1)
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
    transition, state = way_out(state, draw_uniform(key, draw), share, arrow, to, ways)
    target, draw = enter_state(state, time, key, draw + 1, clock)
    return transition, time, state, target, draw


@inlined
def way_out(state, chance, share, arrow, to, ways):
    """The transition by which a receptor leaves `state`, and where it leads, as `chance`, uniform in [0, 1), has it."""
    first = state * WIDE
    way = first + (chance >= share[first])
    if ways > 2:  # the same for every receptor, so that nothing is mispredicted
        way += chance >= share[first + 1]
    if ways > 3:
        for other in range(2, WIDE - 1):
            way += chance >= share[first + other]
    return np.int64(arrow[way]), np.int64(to[way])


@inlined
def record_row(time, records, per_min, shift):
    """Index of the first record that sees an event at `time`; the number of records if none does.

    records: (m + 2,) rising, of which the first is -inf and the last inf; index 0 is that of the first finite one.
    per_min, shift: the guess of `record_grid`, which comparing times puts right.
    """
    return row_at(np.uint64(np.int64(min(max(time * per_min + shift, 0.0), len(records) - 2.0))), time, records)


@inlined
def row_at(guess, time, records):
    """`record_row`, from a guess, which comparing times puts right."""
    row = guess
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


ENTRIES = (
    advance_receptor,
    begin_window,
    enter_state,
    record_row,
    set_rates,
    turn_clock,
)
