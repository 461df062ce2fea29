"""The stepping rule against the laws that it must obey."""

import json
import math
import os
import subprocess
import sys
import textwrap

import numpy as np
import pytest
from scipy import stats

from cells import cell, constant_rates, exchange, five_states
from trafficking import kernel, stream
from trafficking.tally import padded

FALSE_ALARM = 1e-6  # of each statistical test here; the seeds are fixed


def key_of(run: int, identity: int) -> np.uint64:
    return np.uint64(stream.stream_key(np.uint64(run), np.uint64(identity)))  # compiled code hands back a plain int


def words(n: int, run: int = 7, identity: int = 0) -> np.ndarray:
    key = key_of(run, identity)
    return np.array([stream.draw_word(key, i) for i in range(n)], dtype=np.uint64)


def exponentials(n: int, run: int = 7) -> np.ndarray:
    key = key_of(run, 0)
    values, draw = [], 0
    for _ in range(n):
        value, draw = stream.draw_exponential(key, draw)
        values.append(value)
    return np.array(values)


def python_mix(word: int) -> int:
    mask = (1 << 64) - 1
    word = ((word ^ (word >> 30)) * 0xBF58476D1CE4E5B9) & mask
    word = ((word ^ (word >> 27)) * 0x94D049BB133111EB) & mask
    return word ^ (word >> 31)


def test_the_mixer_is_the_finaliser_of_splitmix64():
    # SplitMix64 seeded with 1234567 gives these words first; they are the generator's usual test vector.
    known = [6457827717110365317, 3203168211198807973, 9817491932198370423, 4593380528125082431, 16408922859458223821]
    mask, step = (1 << 64) - 1, 0x9E3779B97F4A7C15
    assert [int(stream.mix(np.uint64((1234567 + step * (i + 1)) & mask))) for i in range(5)] == known


def test_a_stream_is_a_pure_function_of_run_receptor_and_draw():
    mask, step = (1 << 64) - 1, 0x9E3779B97F4A7C15
    run, identity, draw = 2**63 + 12345, (1 << 56) + 99, 41
    key = python_mix(run ^ python_mix((identity + step) & mask))
    expected = python_mix(key ^ (((draw + 1) * step) & mask))
    assert int(stream.draw_word(key_of(run, identity), draw)) == expected


@pytest.mark.parametrize("axis", ["identity", "run", "draw"])
def test_neighbouring_streams_are_independent(axis):
    n = 20_000
    if axis == "draw":
        drawn = words(n + 1)
    else:
        keys = [key_of(3, i) if axis == "identity" else key_of(i, 3) for i in range(n + 1)]
        drawn = np.array([stream.draw_word(key, 0) for key in keys], dtype=np.uint64)
    u = drawn / 2.0**64
    assert len(np.unique(drawn)) == n + 1
    assert stats.kstest(u, "uniform").pvalue > FALSE_ALARM
    pairs, _, _ = np.histogram2d(u[:-1], u[1:], bins=16, range=[[0, 1], [0, 1]])
    assert stats.chisquare(pairs.ravel()).pvalue > FALSE_ALARM
    # Between neighbours half of the 64 bits differ.
    differing = np.unpackbits((drawn[:-1] ^ drawn[1:]).view(np.uint8)).sum()
    assert stats.binomtest(int(differing), 64 * n).pvalue > FALSE_ALARM


def test_the_logarithm_is_right_to_the_last_bits():
    generator = np.random.default_rng(1)
    numbers = np.concatenate(
        [generator.random(20_000), 10.0 ** generator.uniform(-300, 300, 20_000), [1.0, 0.5, 2.0**-53]]
    )
    for x in numbers.tolist():
        exact = math.log(x)
        assert abs(stream.natural_log(x) - exact) <= 4e-16 * max(abs(exact), 1e-3)


def test_waiting_times_are_unit_exponential():
    drawn = exponentials(200_000)
    assert stats.kstest(drawn, "expon").pvalue > FALSE_ALARM
    for power, expected in ((1, 1.0), (2, 2.0), (3, 6.0)):
        error = (drawn**power).std() / math.sqrt(len(drawn))
        assert abs((drawn**power).mean() - expected) < 5.0 * error
    # The tail beyond the last layer of the ziggurat is reached, and has the right weight.
    beyond = int((drawn > 7.69711747013104972).sum())
    assert stats.binomtest(beyond, len(drawn), math.exp(-7.69711747013104972)).pvalue > FALSE_ALARM


def test_the_test_of_waiting_times_can_fail():
    assert stats.kstest(1.02 * exponentials(200_000), "expon").pvalue < FALSE_ALARM


def dwell_times(rate_out: float, other: float) -> np.ndarray:
    """First dwell times of receptors that can leave by two arrows."""
    itinerary = five_states(release=rate_out, enter_bound=other)
    receptors = cell(itinerary, {"B": 40_000}, follow=40_000)
    receptors.advance(constant_rates(receptors), 0.0, 500.0, np.zeros(0))
    identities, times, _ = receptors.take_log()
    _, first = np.unique(identities, return_index=True)
    started = identities[first] < np.uint64(1 << 56)
    return times[first][started]


def test_dwell_time_is_exponential_with_the_sum_of_the_rates_out():
    dwell = dwell_times(0.2, 0.07)
    assert len(dwell) == 40_000
    assert stats.kstest(dwell, "expon", args=(0.0, 1.0 / 0.27)).pvalue > FALSE_ALARM


def test_dwell_time_with_a_rate_off_by_three_percent_is_found_out():
    assert stats.kstest(dwell_times(0.2081, 0.07), "expon", args=(0.0, 1.0 / 0.27)).pvalue < FALSE_ALARM


def test_destinations_are_in_proportion_to_their_rates():
    receptors = cell(five_states(), {"E": 40_000})
    passages = receptors.advance(constant_rates(receptors), 0.0, 200.0, np.zeros(0))[0].sum(axis=0)
    names = [t.name for t in receptors.clocks.itinerary.transitions]
    sorted_, committed = (int(passages[names.index(name)]) for name in ("sort", "commit"))
    assert stats.binomtest(committed, sorted_ + committed, 0.01 / 0.16).pvalue > FALSE_ALARM
    assert stats.binomtest(committed, sorted_ + committed, 0.0115 / 0.16).pvalue < FALSE_ALARM


def test_a_closed_arrow_is_never_taken():
    receptors = cell(five_states(commit=0.0), {"E": 20_000})
    passages = receptors.advance(constant_rates(receptors), 0.0, 300.0, np.zeros(0))[0].sum(axis=0)
    names = [t.name for t in receptors.clocks.itinerary.transitions]
    assert passages[names.index("commit")] == 0
    assert passages[names.index("sort")] > 20_000


def test_a_state_without_ways_out_holds_its_receptors():
    receptors = cell(exchange(0.3, 0.0), {"outside": 1_000})
    receptors.advance(constant_rates(receptors), 0.0, 1e6, np.zeros(0))
    assert receptors.counts.tolist() == [[0, 1_000]]


def test_an_event_at_the_time_of_a_record_belongs_to_it():
    records = [1.0, 2.0, 3.0, 7.5, 7.75]
    between = padded(np.array(records))
    guesses = kernel.record_grid(between), (0.0, 0.0), (1e6, 0.0), (-1e6, 3.0)  # put right by comparing times
    for guess in guesses:
        for row, time in enumerate(records):
            assert kernel.record_row(time, between, *guess) == row
            assert kernel.record_row(np.nextafter(time, 0.0), between, *guess) == row
            assert kernel.record_row(np.nextafter(time, 99.0), between, *guess) == row + 1
    assert kernel.record_row(0.0, padded(np.zeros(0)), 0.0, 0.0) == 0
    assert kernel.record_grid(padded(np.array([4.0]))) == (0.0, 0.0)


def test_a_receptor_leaves_no_earlier_than_it_came():
    clocks = cell(exchange(3.0, 3.0), {"outside": 1}).clocks
    table = clocks.tables_of(0)
    # A target that rounding has put a little before the present must fire now, not in the past.
    _, time, _, _, _ = kernel.advance_receptor(0, 3.0 * 10.0 - 1e-9, 1, np.uint64(5), 10.0, 11.0, *table)
    assert time == 10.0


INTERPRETED = """
    import json, sys
    import numpy as np
    sys.path.insert(0, {tests!r})
    with np.errstate(over="ignore"):
        from cells import cell, constant_rates, five_states, portrait
        receptors = cell(five_states(), {{"M": 60}}, follow=10, seed=3)
        for start, end in ((0.0, 7.0), (7.0, 61.5)):
            receptors.advance(constant_rates(receptors), start, end, np.arange(start + 1, end))
        log = receptors.take_log()
    print(json.dumps([portrait(receptors).tolist(), log[1].tolist(), receptors.counts.tolist()]))
"""


def test_interpreted_and_compiled_receptors_are_the_same_to_the_last_bit():
    outcomes = []
    for disabled in ("0", "1"):
        script = textwrap.dedent(INTERPRETED).format(tests=os.path.dirname(__file__))
        environment = os.environ | {"NUMBA_DISABLE_JIT": disabled}
        done = subprocess.run(
            [sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True
        )
        outcomes.append(json.loads(done.stdout))
    assert outcomes[0] == outcomes[1]
    assert len(outcomes[0][1]) > 50
