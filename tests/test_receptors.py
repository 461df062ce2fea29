"""Receptors as arrays: exactness, identity, and independence of windows, threads and neighbours."""

import hashlib
import math
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from scipy import stats
from scipy.linalg import expm

from cells import cell, closed, columns, constant_rates, exchange, five_states, portrait
from trafficking import kernel
from trafficking.identity import cell_bits, identities_of, identity_text
from trafficking.itinerary import Itinerary, State, Transition
from trafficking.receptors import Receptors

FALSE_ALARM = 1e-6  # of each statistical test here; the seeds are fixed


def carry(receptors, ends, records=()):
    """Passages of all windows that end at `ends`, recorded at `records`."""
    now, total = 0.0, None
    for end in ends:
        seen = np.array([r for r in records if now < r <= end])
        passages, _, _ = receptors.advance(constant_rates(receptors), now, float(end), seen)
        total = passages.sum(axis=0) if total is None else total + passages.sum(axis=0)
        now = float(end)
    return total


def test_without_coupling_no_window_changes_a_bit():
    whole = cell(five_states(), {"M": 30_000}, follow=50)
    pieces = cell(five_states(), {"M": 30_000}, follow=50)
    generator = np.random.default_rng(5)
    ends = sorted([*generator.uniform(0.0, 120.0, 37).tolist(), 120.0])
    carry(whole, [120.0])
    carry(pieces, ends)
    assert portrait(whole).tobytes() == portrait(pieces).tobytes()
    assert all(np.array_equal(a, b) for a, b in zip(whole.take_log(), pieces.take_log(), strict=True))


def wandering_rates(receptors: Receptors, seed: int) -> np.ndarray:
    """(30, n_transitions) rates of one stretch after another: some drift, some jump a hundredfold, some stop."""
    generator = np.random.default_rng(seed)
    rates = [0.1 * constant_rates(receptors)[0]]
    for _ in range(29):
        change = np.exp(generator.normal(0.0, generator.choice([0.1, 0.5, 3.0]), len(rates[0])))
        rates.append(np.minimum(rates[-1] * change, 0.3) * (generator.random(len(change)) > 0.1))
        rates[-1] = np.where(rates[-1] == 0.0, rates[0] * (generator.random(len(change)) > 0.5), rates[-1])
    return np.array(rates)


@pytest.mark.parametrize("seed", range(4))
def test_sleeping_through_short_windows_changes_no_bit(seed):
    # In windows of 0.02 min a few receptors in a thousand move, and most groups of slots are not looked at.
    long, short = (cell(five_states(), {"M": 3_000}, follow=30, seed=seed) for _ in range(2))
    asleep = 0
    for stretch, rates in enumerate(wandering_rates(long, seed)):
        long.advance(rates[None], float(stretch), stretch + 1.0, np.zeros(0))
        for k in range(50):
            start, end = stretch + k / 50.0, stretch + (k + 1) / 50.0
            short.advance(rates[None], start, end, np.zeros(0))
            bell = short.clocks.alarm[0]
            asleep += bell[kernel.QUIET] > 0.0 and np.isfinite(bell[kernel.DUE])
    assert portrait(long).tobytes() == portrait(short).tobytes()
    assert all(np.array_equal(a, b) for a, b in zip(long.take_log(), short.take_log(), strict=True))
    assert asleep > 500


def test_receptors_whose_clock_stood_still_wake_when_it_goes_on():
    # Binding stops and goes on, all else keeps its pace: nothing but binding itself may set the alarms anew.
    long, short = (cell(five_states(make=0.0), {"M": 2_000}) for _ in range(2))
    slow = 0.02 * constant_rates(long)
    names = [t.name for t in long.clocks.itinerary.transitions]
    stopped = slow.copy()
    stopped[:, [names.index("bind"), names.index("enter_free")]] = 0.0
    for stretch in range(40):
        rates = stopped if stretch % 4 in (1, 2) else slow
        long.advance(rates, 5.0 * stretch, 5.0 * stretch + 5.0, np.zeros(0))
        for minute in range(5):
            short.advance(rates, 5.0 * stretch + minute, 5.0 * stretch + minute + 1.0, np.zeros(0))
    assert portrait(long).tobytes() == portrait(short).tobytes()
    assert long.counts[0, 0] < 1_900


def test_receptors_made_into_an_end_are_followed_no_further():
    states = (State("surface", "membrane"), State("out", "out"))
    itinerary = Itinerary(states, (Transition("make", None, "out", 0.5), Transition("lose", "surface", "out", 0.01)))
    receptors = cell(itinerary, {"surface": 500}, follow=500)
    carry(receptors, [5.0, 10.0])
    identities, _, transitions = receptors.take_log()
    assert set(receptors.followed_alive()[1].tolist()) == {0}
    assert (transitions == 0).sum() == len(np.unique(identities[transitions == 0])) > 2_000


def test_alarms_do_not_drift_over_many_windows():
    # At 10^8 min a sum of short windows is off by more than rounding of one: an alarm must still ring in time.
    step, begin = 2.0**-7, 6.8e7
    long, short = (cell(exchange(1e-3, 1e-3), {"outside": 3_000}) for _ in range(2))
    usual = constant_rates(long)
    for receptors in (long, short):
        receptors.advance(usual, 0.0, 1.0, np.zeros(0))
        receptors.advance(0.0 * usual, 1.0, begin, np.zeros(0))
        receptors.advance(usual, begin, begin + step, np.zeros(0))
    long.advance(1.3 * usual, begin + step, begin + 6_001 * step, np.zeros(0))
    for k in range(1, 6_001):
        short.advance(1.3 * usual, begin + k * step, begin + (k + 1) * step, np.zeros(0))
    assert portrait(long).tobytes() == portrait(short).tobytes()


def test_recording_and_following_move_no_receptor():
    plain = cell(five_states(), {"M": 20_000})
    watched = cell(five_states(), {"M": 20_000}, follow=700)
    carry(plain, [60.0])
    carry(watched, [60.0], records=np.arange(0.25, 60.0, 0.25))
    assert portrait(plain).tobytes() == portrait(watched).tobytes()


@pytest.mark.parametrize("threads", [2, 3, 5])
def test_threads_change_no_bit(threads):
    one = cell(five_states(), {"M": 100_000}, threads=1)
    many = cell(five_states(), {"M": 100_000}, threads=threads)
    records = np.arange(1.0, 31.0)
    passages = [r.advance(constant_rates(r), 0.0, 30.0, records)[0] for r in (one, many)]
    assert np.array_equal(*passages)
    assert portrait(one).tobytes() == portrait(many).tobytes()


def test_two_simulations_in_two_threads_at_once_are_those_of_one_after_the_other():
    def life(seed):
        receptors = cell(five_states(), {"M": 60_000}, seed=seed, threads=2)
        carry(receptors, np.arange(1.0, 41.0))
        return portrait(receptors).tobytes()

    with ThreadPoolExecutor(2) as pool:
        together = list(pool.map(life, (1, 2)))
    assert together == [life(1), life(2)]
    assert together[0] != together[1]


def test_one_more_receptor_changes_no_other():
    few = cell(five_states(make=0.0), {"M": 500})
    more = cell(five_states(make=0.0), {"M": 501})
    for receptors in (few, more):
        carry(receptors, [50.0])
    kept, also = (dict(zip(*(c.tolist() for c in columns(r)[2:0:-1]), strict=True)) for r in (few, more))
    assert kept == {identity: target for identity, target in also.items() if identity != 500}


def test_receptors_are_conserved_without_synthesis_and_degradation():
    receptors = cell(closed(five_states()), {"M": 5_000, "E": 700}, follow=100)
    identities = columns(receptors)[2]
    for minute in range(1, 61):
        receptors.advance(constant_rates(receptors), minute - 1.0, float(minute), np.zeros(0))
        assert receptors.counts.sum() == 5_700
        states, _, alive, _ = columns(receptors)
        assert np.array_equal(alive, identities)
        assert np.array_equal(np.bincount(states, minlength=6), receptors.counts[0])


def test_counts_are_those_of_the_receptors_alive_and_every_birth_and_end_is_accounted_for():
    receptors = cell(five_states(destroy=0.4, commit=0.2), {"M": 20_000}, follow=300)
    passages = carry(receptors, np.arange(2.0, 202.0, 2.0))
    states, _, identities, _ = columns(receptors)
    names = list(receptors.clocks.itinerary.state_names)
    expected = receptors.counts[0].copy()
    expected[names.index("out")] = 0
    assert np.array_equal(np.bincount(states, minlength=6), expected)
    made, destroyed = passages[-1], passages[-2]
    assert receptors.counts.sum() == 20_000 + made
    assert receptors.counts[0, names.index("out")] == destroyed > 5_000
    assert len(np.unique(identities)) == len(identities)


def test_freed_slots_are_used_again():
    receptors = cell(five_states(destroy=1.0, commit=1.0, make=0.05), {"M": 10_000}, copy_number=10_000)
    carry(receptors, np.arange(1.0, 401.0))
    assert receptors.counts[0, -1] > 50_000
    assert sum(len(slab.states) for slab in receptors._slabs) < 20_000


def test_the_followed_write_down_the_whole_path():
    receptors = cell(five_states(), {"M": 4_000}, follow=400)
    start = dict(zip(*(a.tolist() for a in receptors.followed_alive()), strict=True))
    carry(receptors, [30.0, 90.0])
    identities, times, transitions = (column.tolist() for column in receptors.take_log())
    itinerary = receptors.clocks.itinerary
    state, last = dict(start), {}
    for identity, time, transition in zip(identities, times, transitions, strict=True):
        source = itinerary.sources[transition]
        assert source == -1 and identity not in state or state[identity] == source
        assert time >= last.get(identity, 0.0)
        state[identity], last[identity] = itinerary.targets[transition], time
    now = dict(zip(*(a.tolist() for a in receptors.followed_alive()), strict=True))
    assert now == {identity: s for identity, s in state.items() if itinerary.state_names[s] != "out"}
    assert len(start) == 400
    assert len(identities) > 5_000


def test_births_are_a_poisson_process():
    receptors = cell(five_states(make=0.5), {"M": 0}, copy_number=2_000, follow=2_000)
    receptors.advance(constant_rates(receptors), 0.0, 20.0, np.zeros(0))
    identities, times, transitions = receptors.take_log()
    born = np.sort(times[transitions == len(receptors.clocks.itinerary.transitions) - 1])
    gaps = np.diff(born)
    assert stats.kstest(gaps, "expon", args=(0.0, 1.0 / 1_000.0)).pvalue > FALSE_ALARM
    assert stats.kstest(gaps, "expon", args=(0.0, 1.0 / 1_050.0)).pvalue < FALSE_ALARM
    assert abs(np.corrcoef(gaps[:-1], gaps[1:])[0, 1]) < 5.0 / math.sqrt(len(gaps))


def chi_square_of_counts(itinerary: Itinerary, minutes: float, believed: Itinerary) -> float:
    """p-value of the final states of many receptors from one state against the exact law of `believed`."""
    receptors = cell(itinerary, {"M": 60_000})
    carry(receptors, [minutes])
    share = expm(believed.generator(believed.rates(0.0, np.zeros(6))) * minutes)[0]
    return float(stats.chisquare(receptors.counts[0], share / share.sum() * receptors.counts.sum()).pvalue)


@pytest.mark.parametrize("minutes", [0.5, 10.0, 300.0])
def test_final_states_follow_the_master_equation(minutes):
    itinerary = five_states(make=0.0)
    assert chi_square_of_counts(itinerary, minutes, itinerary) > FALSE_ALARM
    assert chi_square_of_counts(itinerary, minutes, five_states(make=0.0, bind=0.66, sort=0.165)) < FALSE_ALARM


def test_two_state_exchange_has_the_exact_covariance_between_times():
    # Cov(n(s), n(t)) of N receptors in equilibrium: N p (1 - p) exp(-(a + b)(t - s)).
    there, back, n, lag = 0.3, 0.1, 400, 2.0
    itinerary, pairs = exchange(there, back), []
    p = there / (there + back)
    for seed in range(1_500):
        receptors = cell(itinerary, {"outside": round(n * (1 - p)), "inside": round(n * p)}, seed=seed)
        rates = constant_rates(receptors)
        receptors.advance(rates, 0.0, 40.0, np.zeros(0))
        first = receptors.counts[0, 1]
        receptors.advance(rates, 40.0, 40.0 + lag, np.zeros(0))
        pairs.append((first, receptors.counts[0, 1]))
    products = np.prod(np.array(pairs) - n * p, axis=1)
    expected = n * p * (1 - p) * math.exp(-(there + back) * lag)
    error = products.std() / math.sqrt(len(products))
    assert abs(products.mean() - expected) < 4.9 * error
    assert abs(products.mean() - 1.5 * expected) > 4.9 * error


def test_zero_rates_stop_the_clock_and_keep_what_is_left():
    itinerary = exchange(0.2, 0.0)
    paused, straight = (cell(itinerary, {"outside": 5_000}) for _ in range(2))
    on, off = itinerary.rates(0.0, np.zeros(2))[None], np.zeros((1, 2))
    paused.advance(on, 0.0, 3.0, np.zeros(0))
    paused.advance(off, 3.0, 103.0, np.zeros(0))
    before = paused.counts.copy()
    paused.advance(on, 103.0, 110.0, np.zeros(0))
    straight.advance(on, 0.0, 3.0, np.zeros(0))
    assert np.array_equal(before, straight.counts)
    straight.advance(on, 3.0, 10.0, np.zeros(0))
    assert np.array_equal(paused.counts, straight.counts)


def test_a_zero_length_window_moves_nobody_and_an_empty_cell_stays_empty():
    receptors = cell(five_states(), {"M": 100})
    before = portrait(receptors).tobytes()
    receptors.advance(constant_rates(receptors), 0.0, 0.0, np.zeros(0))
    assert portrait(receptors).tobytes() == before
    empty = cell(five_states(make=0.0), {})
    assert carry(empty, [1e4]).sum() == 0


def test_an_unused_state_and_a_closed_arrow_at_the_end_change_no_bit():
    plain = five_states()
    more = Itinerary(
        (*plain.states, State("unused", "membrane")),
        (*plain.transitions, Transition("never", "M", "unused", 0.0)),
    )
    one, other = (cell(itinerary, {"M": 5_000}) for itinerary in (plain, more))
    for receptors in (one, other):
        carry(receptors, [100.0])
    assert portrait(one).tobytes() == portrait(other).tobytes()


def test_scaling_time_and_rates_by_a_power_of_two_changes_no_path():
    slow = cell(five_states(), {"M": 5_000}, follow=5_000)
    rates = {name: 4.0 * t.rate for name, t in ((t.name, t) for t in five_states().transitions)}
    fast = cell(five_states(**rates), {"M": 5_000}, follow=5_000)
    carry(slow, [80.0])
    carry(fast, [20.0])
    assert np.array_equal(slow.take_log()[1], 4.0 * fast.take_log()[1])


def test_a_duration_beyond_float_precision_is_refused():
    receptors = cell(exchange(1.0, 1.0), {"outside": 1})
    rates = constant_rates(receptors)
    with pytest.raises(ValueError, match="beyond float precision"):
        receptors.clocks.begin_window(2.0 * rates, 1e10, 1e10, receptors.counts)


def test_identities_say_how_a_receptor_came_to_be():
    numbers = np.array([0, 17, (1 << 36) - 1])
    here, there = cell_bits(np.array([0, 5]))
    started, born = identities_of(0, here, numbers), identities_of(1, there, numbers)
    assert [identity_text(int(i)) for i in started[:2]] == ["start-0", "start-17"]
    assert identity_text(int(born[1])) == "cell5-born-17"
    assert len(set(started.tolist()) | set(born.tolist())) == 6


# Made with Python 3.11 and numpy 2.4 on x86-64. The rule of stepping uses + - * / and integers only, so any 64-bit
# machine and any version must give these very bytes; where they change on purpose, runs change, and the log says so.
KNOWN = "c6f92f898ff220d371295ea21fc78c2a656355c642bb62afc5ccb1ff502bae73"


def test_these_receptors_are_the_same_on_every_machine_and_with_every_python():
    receptors = cell(five_states(), {"M": 3_000, "E": 40}, seed=11, follow=70)
    carry(receptors, [0.5, 31.0, 400.0])
    seen = hashlib.sha256(portrait(receptors).tobytes() + receptors.take_log()[1].tobytes()).hexdigest()
    assert seen == KNOWN
