"""What one receptor does next: the only stepping rule of the program, compiled.

Every state has a hazard clock: the integral of the total rate out of it. A receptor that enters a state draws a unit
exponential, adds it to the clock's reading and leaves when the clock gets there; then it draws its destination in
proportion to the rates of that moment. This is the random time change of Kurtz (Anderson 2007, doi 10.1063/1.2799998):
exact however fast the rates are, and indifferent to where a window ends.

Random numbers are a pure function of (run, receptor, draw): a 64-bit mixer in counter mode. The exponential comes from
a ziggurat of 256 layers (Marsaglia & Tsang 2000, doi 10.18637/jss.v005.i08) whose tables and whose logarithm use only
+ - * / and exact scaling, so that every machine, and plain Python, gives the same bits.

The kernel knows arrays and numbers. Times are minutes; a rate is per minute and receptor.

Tables that several functions share:
    clock: (4, n_states) float64 - anchor time, reading at the anchor, rate (0: stopped), mean dwell time 1 / rate.
    share: (n_states, n_ways) float64 - cumulative share of each way out of a state, in the itinerary's order.
    arrow: (n_states, n_ways) int64 - which transition each way is.
    enters: (n_transitions,) int64 - the state that each transition leads to.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

FREE_SLOT = np.uint8(255)
LONGEST_CLOCK = 2.0**33  # beyond this a float64 no longer resolves a millionth of a mean dwell time

_STEP = np.uint64(0x9E3779B97F4A7C15)  # 2^64 over the golden ratio
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)  # Stafford's 13th variant of the 64-bit finaliser, as in SplitMix64
_MIX_2 = np.uint64(0x94D049BB133111EB)  # (Steele, Lea & Flood 2014, doi 10.1145/2660193.2660195)
_S27, _S30, _S31, _S11 = np.uint64(27), np.uint64(30), np.uint64(31), np.uint64(11)
_LAYER = np.uint64(0xFF)
_ONE = np.uint64(1)
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

natural_log = njit(nogil=True)(_natural_log)


@njit(nogil=True)
def mix(word):
    """A bijection of 64-bit words in which every bit of the input moves half of the output's."""
    word = (word ^ (word >> _S30)) * _MIX_1
    word = (word ^ (word >> _S27)) * _MIX_2
    return word ^ (word >> _S31)


@njit(nogil=True)
def stream_key(run_key, identity):
    """The key of one receptor's stream within the stream of a run."""
    return mix(run_key ^ mix(identity + _STEP))


@njit(nogil=True)
def draw_word(key, draw):
    """The 64 random bits at position `draw` of a stream."""
    return mix(key ^ ((np.uint64(draw) + _ONE) * _STEP))


@njit(nogil=True)
def draw_uniform(key, draw):
    """A number in [0, 1) with 53 random bits, at position `draw` of a stream."""
    return float(draw_word(key, draw) >> _S11) * _TO_UNIT


@njit(nogil=True)
def draw_exponential(key, draw):
    """A unit exponential, and the position in the stream after the words it took (one in 99 of 100 cases)."""
    beyond = 0.0
    while True:
        word = draw_word(key, draw)
        draw += 1
        layer = int(word & _LAYER)
        x = float(word >> _S11) * _TO_UNIT * _X[layer]
        if x < _X[layer + 1]:
            return beyond + x, draw
        if layer == 0:
            # In the tail the exponential starts afresh: it has no memory.
            beyond += _EDGE
            continue
        height = _Y[layer] + draw_uniform(key, draw) * (_Y[layer + 1] - _Y[layer])
        draw += 1
        if x < -natural_log(height):
            return beyond + x, draw


@njit(nogil=True)
def clock_at(clock, state, time):
    """What the hazard clock of `state` reads at `time`."""
    return clock[1, state] + (time - clock[0, state]) * clock[2, state]


@njit(nogil=True)
def turn_clock(clock, state, rate, now):
    """Lets the clock of `state` run at another `rate` from `now` on; one whose rate stays the same is not touched."""
    if clock[2, state] != rate:
        clock[1, state] = clock_at(clock, state, now)
        clock[0, state] = now
        clock[2, state] = rate
        clock[3, state] = 1.0 / rate if rate > 0.0 else np.inf


@njit(nogil=True)
def set_rates(rates, now, clock, share, arrow):
    """Gives all arrows between states their `rates` ((n_transitions,) per minute) from `now` on.

    The last way that is open takes what rounding leaves; a closed one behind it gets nothing.
    """
    for state in range(len(arrow)):
        total = 0.0
        last = 0
        for way in range(arrow.shape[1]):
            if arrow[state, way] >= 0 and rates[arrow[state, way]] > 0.0:
                total += rates[arrow[state, way]]
                last = way
            share[state, way] = total
        for way in range(arrow.shape[1]):
            share[state, way] = share[state, way] / total if way < last else np.inf
        turn_clock(clock, state, total, now)


@njit(nogil=True)
def enter_state(state, time, key, draw, clock):
    """Reading of the clock at which a receptor that enters `state` at `time` will leave; the stream's new position."""
    wait, draw = draw_exponential(key, draw)
    return clock_at(clock, state, time) + wait, draw


@njit(nogil=True)
def advance_receptor(state, target, draw, key, now, end, clock, share, arrow, enters):
    """The next transition of one receptor up to and including `end`.

    Args:
        state, target, draw: the receptor's state, the clock reading at which it leaves, its position in its stream.
        now: when it was last known to be in `state`; it leaves no earlier.

    Returns:
        transition (-1: none up to `end`), its time, and the receptor's new state, target and draw.
    """
    if clock[2, state] <= 0.0:
        return -1, end, state, target, draw
    time = max(clock[0, state] + (target - clock[1, state]) * clock[3, state], now)
    if time > end:
        return -1, end, state, target, draw
    chance = draw_uniform(key, draw)
    way = 0
    while chance >= share[state, way]:
        way += 1
    transition = arrow[state, way]
    state = enters[transition]
    target, draw = enter_state(state, time, key, draw + 1, clock)
    return transition, time, state, target, draw


@njit(nogil=True)
def record_row(time, records):
    """Index of the first record that sees an event at `time`; len(records) if none does."""
    n = len(records)
    if n == 0 or time > records[n - 1]:
        return n
    row = 0
    if n > 1 and time > records[0]:
        # A guess on an even grid, put right by comparing times: the product decides nothing.
        row = min(int((time - records[0]) / (records[n - 1] - records[0]) * (n - 1)), n - 1)
    while row > 0 and records[row - 1] >= time:
        row -= 1
    while records[row] < time:
        row += 1
    return row


@njit(nogil=True)
def advance(
    states, targets, identities, draws, since, run_key, end, clock, share, arrow, enters, gone, records, passages
):
    """Carries a block of receptors to `end` and counts their transitions by record.

    Args:
        states (n,) uint8, targets (n,) float64, identities (n,) uint64, draws (n,) uint32: the receptors, in place;
            a receptor that reaches an end leaves its slot free.
        since: (n,) when each was last known, or (1,) one time for all.
        gone: (n_states,) bool, the ends. records: (m,) rising times. passages: (m + 1, n_transitions) int64, added to.
    """
    together = since[0]
    own_time = len(since) > 1
    for i in range(len(states)):
        if states[i] == FREE_SLOT:
            continue
        state = np.int64(states[i])
        if clock[2, state] <= 0.0:
            continue
        target = targets[i]
        if clock[0, state] + (target - clock[1, state]) * clock[3, state] > end:
            continue
        draw = np.int64(draws[i])
        key = stream_key(run_key, identities[i])
        now = since[i] if own_time else together
        while not gone[state]:
            transition, now, state, target, draw = advance_receptor(
                state, target, draw, key, now, end, clock, share, arrow, enters
            )
            if transition < 0:
                break
            passages[record_row(now, records), transition] += 1
        states[i] = FREE_SLOT if gone[state] else np.uint8(state)
        targets[i] = target
        draws[i] = np.uint32(draw)


@njit(nogil=True)
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
    gone,
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
    rows = 0
    for i in range(len(states)):
        if states[i] == FREE_SLOT:
            continue
        state, target, draw = np.int64(states[i]), targets[i], np.int64(draws[i])
        key = stream_key(run_key, identities[i])
        now = since[i] if len(since) > 1 else since[0]
        first = rows
        while not gone[state]:
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
            passages[record_row(when[row], records), what[row]] += 1
        states[i] = FREE_SLOT if gone[state] else np.uint8(state)
        targets[i] = target
        draws[i] = np.uint32(draw)
    return len(states), rows


@njit(nogil=True)
def births(source_key, born, next_reading, clock, source, end, times):
    """Times up to and including `end` at which one synthesis arrow makes receptors, as many as `times` holds.

    Args:
        source_key: key of the source's stream. born: receptors it has made so far. next_reading: reading of its clock
            at the next birth. clock: (4, n_sources), as the table above.

    Returns:
        How many were made, and the reading of the clock at the next birth.
    """
    made = 0
    while made < len(times) and clock[2, source] > 0.0:
        time = max(clock[0, source] + (next_reading - clock[1, source]) * clock[3, source], clock[0, source])
        if time > end:
            break
        times[made] = time
        made += 1
        next_reading += source_wait(source_key, born + made)
    return made, next_reading


@njit(nogil=True)
def source_wait(source_key, index):
    """The unit exponential between the births `index` - 1 and `index` of a source, whatever the others took."""
    wait, _ = draw_exponential(stream_key(source_key, np.uint64(index)), 0)
    return wait


@njit(nogil=True)
def place(states, cursor, count, slots):
    """Finds up to `count` free slots from `cursor` on; returns how many, and where the search stopped."""
    found = 0
    while cursor < len(states) and found < count:
        if states[cursor] == FREE_SLOT:
            slots[found] = cursor
            found += 1
        cursor += 1
    return found, cursor


@njit(nogil=True)
def draw_states(states, identities, start_key, share):
    """Draws the starting state of each receptor from `share` ((n_states,) cumulative, last entry infinite)."""
    for i in range(len(states)):
        chance = draw_uniform(stream_key(start_key, identities[i]), 0)
        state = 0
        while chance >= share[state]:
            state += 1
        states[i] = np.uint8(state)


@njit(nogil=True)
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
    set_rates,
    settle,
    source_wait,
    stream_key,
    turn_clock,
)
