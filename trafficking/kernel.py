"""What one receptor does next: the only stepping rule of the program, compiled.

Every state has a hazard clock: the integral of the total rate out of it. A receptor that enters a state draws a unit
exponential, adds it to the clock's reading and leaves when the clock gets there; then it draws its destination in
proportion to the rates of that moment. This is the random time change of Kurtz (Anderson 2007, doi 10.1063/1.2799998):
exact however fast the rates are, and indifferent to where a window ends.

Random numbers are a pure function of (run, receptor, draw): a 64-bit mixer in counter mode. The exponential comes from
a ziggurat of 256 layers (Marsaglia & Tsang 2000, doi 10.18637/jss.v005.i08) whose tables and whose logarithm use only
+ - * / and exact scaling, so that every machine, and plain Python, gives the same bits.

The kernel knows arrays and numbers. Times are minutes; a rate is per minute and receptor.

Tables that several functions share, flat, with WIDE numbers to a state so that no address needs a multiplication:
    clock: (n_states * WIDE,) float64 - in the columns ORIGIN, READING, DWELL, ANCHOR, RATE. A clock reads READING at
        the minute ANCHOR and runs at RATE. ORIGIN and DWELL serve `leaving_time`: the anchor and 1 / rate, or infinity
        and 0 for a clock that stands still.
    share: (n_states * WIDE,) float64 - cumulative share of each way out of a state, in the itinerary's order.
    arrow: (n_states * WIDE,) uint8 - which transition each way is; NO_ARROW where there is none.
    enters: (n_transitions,) uint8 - the state that each transition leads to.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

FREE_SLOT = NO_ARROW = np.uint8(255)
WIDE = 8  # of the tables: at most so many ways lead out of a state
ORIGIN, READING, DWELL, ANCHOR, RATE = range(5)
LONGEST_CLOCK = 2.0**33  # beyond this a float64 no longer resolves a millionth of a mean dwell time

_STEP = np.uint64(0x9E3779B97F4A7C15)  # 2^64 over the golden ratio
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)  # Stafford's 13th variant of the 64-bit finaliser, as in SplitMix64
_MIX_2 = np.uint64(0x94D049BB133111EB)  # (Steele, Lea & Flood 2014, doi 10.1145/2660193.2660195)
_S27, _S30, _S31, _S11 = np.uint64(27), np.uint64(30), np.uint64(31), np.uint64(11)
_LAYER = np.uint64(0xFF)
_NONE, _ONE = np.uint64(0), np.uint64(1)
_TO_UNIT = 2.0**-53
_LN2 = 0.6931471805599453
_ROOT_HALF = 0.7071067811865476
_LAYERS = 256
_EDGE = 7.69711747013104972  # where the bottom layer's tail begins, and the common area of all layers, for 256 layers
_AREA = 0.0039496598225815571993
_EXP_MINUS_EDGE = 0.00045413435384149675  # exp(-_EDGE)


def _natural_log(x: float) -> float:
    """ln(x) for x > 0, within about one unit in the last place: exact scaling, then the series of artanh."""
    mantissa, exponent = math.frexp(x)
    if mantissa < _ROOT_HALF:
        mantissa *= 2.0
        exponent -= 1
    s = (mantissa - 1.0) / (mantissa + 1.0)
    z = s * s
    series = 1.0 / 23.0
    for k in range(21, 1, -2):
        series = series * z + 1.0 / k
    return exponent * _LN2 + (2.0 * s + 2.0 * s * z * series)


def _ziggurat() -> tuple[np.ndarray, np.ndarray]:
    """Right edges x and heights y = exp(-x) of the layers of equal area; x[0] is the bottom layer's virtual width."""
    x, y = [_AREA / _EXP_MINUS_EDGE, _EDGE], [0.0, _EXP_MINUS_EDGE]
    for _ in range(_LAYERS - 2):
        y.append(y[-1] + _AREA / x[-1])
        x.append(-_natural_log(y[-1]))
    return np.array([*x, 0.0]), np.array([*y, 1.0])


_X, _Y = _ziggurat()

# Numpy's error model asks no question before a division. Without numba's reference counts an event does not pay for
# eight atomic additions; no function here allocates. Together with inlining they make an event three times faster.
_compiled = njit(nogil=True, error_model="numpy", _nrt=False)
_inlined = njit(nogil=True, error_model="numpy", _nrt=False, forceinline=True)

natural_log = _compiled(_natural_log)


@_inlined
def mix(word):
    """A bijection of 64-bit words in which every bit of the input moves half of the output's."""
    word = (word ^ (word >> _S30)) * _MIX_1
    word = (word ^ (word >> _S27)) * _MIX_2
    return word ^ (word >> _S31)


@_inlined
def stream_key(run_key, identity):
    """The key of one receptor's stream within the stream of a run."""
    return mix(run_key ^ mix(identity + _STEP))


@_inlined
def draw_word(key, draw):
    """The 64 random bits at position `draw` of a stream."""
    return mix(key ^ ((np.uint64(draw) + _ONE) * _STEP))


@_inlined
def draw_uniform(key, draw):
    """A number in [0, 1) with 53 random bits, at position `draw` of a stream."""
    return np.int64(draw_word(key, draw) >> _S11) * _TO_UNIT


@_inlined
def draw_exponential(key, draw):
    """A unit exponential, and the position in the stream after the words it took (one in 99 of 100 cases)."""
    word = draw_word(key, draw)
    layer = word & _LAYER
    x = np.int64(word >> _S11) * _TO_UNIT * _X[layer]
    if x < _X[layer + _ONE]:
        return x, draw + 1
    return _draw_again(key, draw + 1, layer, x)


@_compiled
def _draw_again(key, draw, layer, x):
    """The other one in a hundred; apart, so that the common case stays small enough to be compiled in place."""
    beyond = 0.0
    while True:
        if layer == _NONE:
            # In the tail the exponential starts afresh: it has no memory.
            beyond += _EDGE
        else:
            height = _Y[layer] + draw_uniform(key, draw) * (_Y[layer + _ONE] - _Y[layer])
            draw += 1
            if x < -natural_log(height):
                return beyond + x, draw
        word = draw_word(key, draw)
        draw += 1
        layer = word & _LAYER
        x = np.int64(word >> _S11) * _TO_UNIT * _X[layer]
        if x < _X[layer + _ONE]:
            return beyond + x, draw


@_inlined
def clock_at(clock, state, time):
    """What the hazard clock of `state` reads at `time`."""
    return clock[state * WIDE + READING] + (time - clock[state * WIDE + ANCHOR]) * clock[state * WIDE + RATE]


@_compiled
def turn_clock(clock, state, rate, now):
    """Lets the clock of `state` run at another `rate` from `now` on; one whose rate stays the same is not touched."""
    if clock[state * WIDE + RATE] != rate:
        clock[state * WIDE + READING] = clock_at(clock, state, now)
        clock[state * WIDE + ANCHOR] = now
        clock[state * WIDE + RATE] = rate
        # A stopped clock gets nowhere: the formula for leaving gives infinity, without a question asked.
        clock[state * WIDE + ORIGIN] = now if rate > 0.0 else np.inf
        clock[state * WIDE + DWELL] = 1.0 / rate if rate > 0.0 else 0.0


@_compiled
def set_rates(rates, now, clock, share, arrow):
    """Gives all arrows between states their `rates` ((n_transitions,) per minute) from `now` on.

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


@_inlined
def leaving_time(clock, state, target):
    """When a receptor that leaves `state` as its clock reads `target` does so at the present rates."""
    return clock[state * WIDE + ORIGIN] + (target - clock[state * WIDE + READING]) * clock[state * WIDE + DWELL]


@_inlined
def enter_state(state, time, key, draw, clock):
    """Reading of the clock at which a receptor that enters `state` at `time` will leave; the stream's new position."""
    wait, draw = draw_exponential(key, draw)
    return clock_at(clock, state, time) + wait, draw


@_inlined
def advance_receptor(state, target, draw, key, now, end, clock, share, arrow, enters):
    """The next transition of one receptor up to and including `end`.

    Args:
        state, target, draw: the receptor's state, the clock reading at which it leaves, its position in its stream.
        now: when it was last known to be in `state`; it leaves no earlier.

    Returns:
        transition (-1: none up to `end`), its time, and the receptor's new state, target and draw.
    """
    time = leaving_time(clock, state, target)
    if time > end:
        return -1, end, state, target, draw
    time = max(time, now)
    chance = draw_uniform(key, draw)
    way = 0
    for other in range(WIDE - 1):
        way += chance >= share[state * WIDE + other]
    transition = np.int64(arrow[state * WIDE + way])
    state = np.int64(enters[transition])
    target, draw = enter_state(state, time, key, draw + 1, clock)
    return transition, time, state, target, draw


@_inlined
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


@_compiled
def advance(
    states,
    targets,
    identities,
    draws,
    since,
    run_key,
    end,
    clock,
    share,
    arrow,
    enters,
    left,
    records,
    passages,
    moves,
    movers,
):
    """Carries a block of receptors to `end` and counts their transitions by record.

    Args:
        states (n,) uint8, targets (n,) float64, identities (n,) uint64, draws (n,) uint32: the receptors, in place;
            a receptor that reaches an end leaves its slot free.
        since: (n,) when each was last known, or (1,) one time for all.
        left: (n_states,) uint8, what a slot holds when its receptor came to each state: FREE_SLOT for an end.
        records: (m,) rising times. passages: (m + 1, n_transitions) int64, added to.
        moves (n,) uint8, movers (n,) uint32: room to work in. clock has a row for FREE_SLOT too, which stands still.
    """
    per_min = (len(records) - 1) / (records[-1] - records[0]) if len(records) > 1 else 0.0
    together = since[0]
    own_time = len(since) > 1
    # Who moves at all, first, in two passes without a branch to mispredict; one pass would wait for its own writes.
    for i in range(len(states)):
        moves[i] = leaving_time(clock, np.int64(states[i]), targets[i]) <= end
    moving = 0
    for i in range(len(states)):
        movers[moving] = i
        moving += moves[i]
    for mover in range(moving):
        i = movers[mover]
        state, target, draw = np.int64(states[i]), targets[i], np.int64(draws[i])
        key = stream_key(run_key, identities[i])
        now = since[i] if own_time else together
        while True:
            transition, now, state, target, draw = advance_receptor(
                state, target, draw, key, now, end, clock, share, arrow, enters
            )
            if transition < 0:
                break
            passages[record_row(now, records, per_min), transition] += 1
        states[i] = left[state]
        targets[i] = target
        draws[i] = np.uint32(draw)


@_compiled
def advance_followed(
    states,
    targets,
    identities,
    draws,
    since,
    run_key,
    end,
    clock,
    share,
    arrow,
    enters,
    left,
    records,
    passages,
    who,
    when,
    what,
):
    """`advance` for followed receptors, writing every transition into the log.

    Args:
        who (index of the receptor), when (minutes), what (transition): (capacity,) arrays, filled from the start.

    Returns:
        How many receptors were carried, in order, and how many log rows they filled. A receptor whose transitions no
        longer fit is left as it was, for a second call with a fresh log.
    """
    per_min = (len(records) - 1) / (records[-1] - records[0]) if len(records) > 1 else 0.0
    rows = 0
    for i in range(len(states)):
        if states[i] == FREE_SLOT:
            continue
        state, target, draw = np.int64(states[i]), targets[i], np.int64(draws[i])
        key = stream_key(run_key, identities[i])
        now = since[i] if len(since) > 1 else since[0]
        first = rows
        while True:
            transition, now, state, target, draw = advance_receptor(
                state, target, draw, key, now, end, clock, share, arrow, enters
            )
            if transition < 0:
                break
            if rows == len(who):
                return i, first
            who[rows], when[rows], what[rows] = i, now, transition
            rows += 1
        for row in range(first, rows):
            passages[record_row(when[row], records, per_min), what[row]] += 1
        states[i] = left[state]
        targets[i] = target
        draws[i] = np.uint32(draw)
    return len(states), rows


@_compiled
def births(source_key, born, next_reading, clock, source, end, times):
    """Times up to and including `end` at which one synthesis arrow makes receptors, as many as `times` holds.

    Args:
        source_key: key of the source's stream. born: receptors it has made so far. next_reading: reading of its clock
            at the next birth. clock: (n_sources * WIDE,), as the table above.

    Returns:
        How many were made, and the reading of the clock at the next birth.
    """
    made = 0
    while made < len(times):
        time = max(leaving_time(clock, source, next_reading), clock[source * WIDE + ANCHOR])
        if time > end:
            break
        times[made] = time
        made += 1
        next_reading += source_wait(source_key, born + made)
    return made, next_reading


@_compiled
def source_wait(source_key, index):
    """The unit exponential between the births `index` - 1 and `index` of a source, whatever the others took."""
    wait, _ = draw_exponential(stream_key(source_key, np.uint64(index)), 0)
    return wait


@_compiled
def place(states, cursor, count, slots):
    """Finds up to `count` free slots from `cursor` on; returns how many, and where the search stopped."""
    found = 0
    while cursor < len(states) and found < count:
        if states[cursor] == FREE_SLOT:
            slots[found] = cursor
            found += 1
        cursor += 1
    return found, cursor


@_compiled
def draw_states(states, identities, start_key, share):
    """Draws the starting state of each receptor from `share` ((n_states,) cumulative, last entry infinite)."""
    for i in range(len(states)):
        chance = draw_uniform(stream_key(start_key, identities[i]), 0)
        state = 0
        while chance >= share[state]:
            state += 1
        states[i] = np.uint8(state)


@_compiled
def settle(states, targets, identities, draws, since, run_key, clock):
    """Gives receptors that begin in `states` at `since` ((n,) or (1,) minutes) their first targets."""
    for i in range(len(states)):
        time = since[i] if len(since) > 1 else since[0]
        target, draw = enter_state(np.int64(states[i]), time, stream_key(run_key, identities[i]), 0, clock)
        targets[i] = target
        draws[i] = np.uint32(draw)


ENTRIES = (
    advance,
    advance_followed,
    advance_receptor,
    births,
    draw_states,
    enter_state,
    place,
    record_row,
    set_rates,
    settle,
    source_wait,
    stream_key,
    turn_clock,
)
