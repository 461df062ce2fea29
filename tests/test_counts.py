"""Numbers without identities: the propagator against a library's, and exact laws of the random numbers."""

import math

import numpy as np
import pytest
from scipy import stats
from scipy.linalg import expm

from cells import exchange, five_states
from trafficking import propagator
from trafficking.cells import Start, drawn
from trafficking.counts import Numbers
from trafficking.itinerary import Itinerary, State, Transition

FALSE_ALARM = 1e-6  # of each statistical test here; the seeds are fixed


def immigration_death(born: float, die: float) -> Itinerary:
    states = (State("alive", "membrane"), State("dead", "out"))
    return Itinerary(states, (Transition("make", None, "alive", born), Transition("die", "alive", "dead", die)))


def one_cell(itinerary: Itinerary, placed: list[int], copy_number: int, *, replicate: int = 0) -> Numbers:
    numbers = np.array(placed)
    begun = Start(np.array([numbers.sum()]), numbers / max(numbers.sum(), 1), numbers)
    cells = drawn(copy_number, 1, 0.0, 0.0, seed=3, replicate=replicate)
    return Numbers(itinerary, begun, cells=cells, seed=3, replicate=replicate)


def lives(itinerary: Itinerary, start: list[int], times: list[float], n: int, copy_number: int = 1) -> np.ndarray:
    """(n, n_times, n_states) numbers in independent replicates at the end of each stretch."""
    rates = itinerary.rates(0.0, np.zeros(len(start)))
    rows = []
    for replicate in range(n):
        numbers = one_cell(itinerary, start, copy_number, replicate=replicate)
        rows.append(numbers.advance(rates[None], 0.0, times[-1], np.array(times)).counts)
    return np.array(rows)


@pytest.mark.parametrize("minutes", [1e-6, 0.3, 17.0, 3_000.0])
def test_the_propagator_is_the_exponential_and_its_integral(minutes):
    itinerary = five_states()
    n = len(itinerary.states)
    matrix = np.zeros((n + 1, n + 1))
    propagator.fill(itinerary.rates(0.0, np.zeros(n)), itinerary.sources, itinerary.targets, matrix)
    transition, integral = propagator.propagate(matrix, minutes)
    both = np.zeros((2 * n + 2, 2 * n + 2))
    both[: n + 1, : n + 1], both[: n + 1, n + 1 :] = matrix, np.eye(n + 1)
    library = expm(both * minutes)
    assert np.allclose(transition, library[: n + 1, : n + 1], rtol=1e-12, atol=1e-13)
    assert np.allclose(integral / minutes, library[: n + 1, n + 1 :] / minutes, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("start", [0, 90])
def test_immigration_and_death_settle_at_a_poisson_law(start):
    seen = lives(immigration_death(6.0, 0.2), [start, 0], [100.0], 1_500)[:, 0, 0]
    assert abs(seen.mean() - 30.0) < 4.9 * math.sqrt(30.0 / len(seen))
    # Index of dispersion of a Poisson law; its sampling law is chi-square to a good approximation.
    dispersion = (len(seen) - 1) * seen.var(ddof=1) / seen.mean()
    assert FALSE_ALARM / 2 < stats.chi2.cdf(dispersion, len(seen) - 1) < 1.0 - FALSE_ALARM / 2
    assert stats.chi2.cdf(0.8 * dispersion, len(seen) - 1) < FALSE_ALARM / 2


def test_immigration_from_an_empty_cell_is_poisson_on_the_way():
    seen = lives(immigration_death(6.0, 0.2), [0, 0], [1.0, 4.0], 1_000)
    for row, minutes in enumerate((1.0, 4.0)):
        alive = 30.0 * (1.0 - math.exp(-0.2 * minutes))
        for state, expected in ((0, alive), (1, 6.0 * minutes - alive)):
            assert abs(seen[:, row, state].mean() - expected) < 4.9 * math.sqrt(expected / len(seen))


def test_pure_decay_is_binomial():
    seen = lives(immigration_death(0.0, 0.05), [40, 0], [10.0], 6_000)[:, 0, 0]
    expected = stats.binom.pmf(np.arange(41), 40, math.exp(-0.5))
    observed = np.bincount(seen, minlength=41)
    keep = expected * len(seen) > 5.0
    tail = [observed[~keep].sum(), expected[~keep].sum() * len(seen)]
    chi = stats.chisquare([*observed[keep], tail[0]], [*(expected[keep] * len(seen)), tail[1]])
    assert chi.pvalue > FALSE_ALARM
    wrong = stats.binom.pmf(np.arange(41), 40, math.exp(-0.54)) * len(seen)
    assert stats.chisquare(observed[keep], wrong[keep] * observed[keep].sum() / wrong[keep].sum()).pvalue < FALSE_ALARM


def test_exchange_has_the_exact_covariance_between_times():
    there, back, n, lag = 0.3, 0.1, 100, 2.0
    p = there / (there + back)
    seen = lives(exchange(there, back), [25, 75], [40.0, 40.0 + lag], 2_000)[:, :, 1]
    products = np.prod(seen - n * p, axis=1)
    expected = n * p * (1 - p) * math.exp(-(there + back) * lag)
    assert abs(products.mean() - expected) < 4.9 * products.std() / math.sqrt(len(products))


def test_receptors_are_conserved_and_passages_are_expectations():
    itinerary = five_states()
    rates = itinerary.rates(0.0, np.zeros(6))
    numbers = one_cell(itinerary, [1_000, 0, 0, 0, 0, 0], 1_000)
    passages, counts, _ = numbers.advance(rates[None], 0.0, 50.0, np.array([10.0, 50.0]))
    assert counts.dtype == np.int64
    assert counts[-1].sum() >= 1_000
    assert passages[:, -1] == pytest.approx([5.0, 20.0, 0.0])


def test_a_proportional_start_is_a_multinomial():
    itinerary = exchange(0.3, 0.1)
    begun = Start(np.array([1_000.0]), np.array([0.25, 0.75]))
    cells = drawn(1, 1, 0.0, 0.0, seed=1)
    starts = np.array([Numbers(itinerary, begun, cells=cells, seed=s).counts[0] for s in range(400)])
    assert set(starts.sum(axis=1)) == {1_000}
    dispersion = 399 * starts[:, 0].var(ddof=1) / 187.5
    assert FALSE_ALARM / 2 < stats.chi2.cdf(dispersion, 399) < 1.0 - FALSE_ALARM / 2
