"""Expected numbers against independent solutions of the same equations."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from cells import closed, exchange, five_states
from trafficking.cells import Start, drawn
from trafficking.counts import Expectation
from trafficking.itinerary import Itinerary, State, Transition
from trafficking.master_equation import insulin_free
from trafficking.window import WindowRates


def test_rows_of_the_generator_sum_to_zero():
    itinerary = five_states()
    generator = itinerary.generator(itinerary.rates(0.0, np.zeros(6)))
    assert np.abs(generator.sum(axis=1)).max() < 1e-15
    assert np.all(generator - np.diag(np.diag(generator)) >= 0.0)


def test_expected_numbers_and_passages_solve_the_linear_equations():
    itinerary = five_states()
    rates = itinerary.rates(0.0, np.zeros(6))
    start = np.array([1000.0, 50.0, 20.0, 10.0, 5.0, 0.0])
    records = np.array([0.5, 3.0, 40.0])
    begun = Start(np.array([start.sum()]), start / start.sum())
    expectation = Expectation(itinerary, begun, cells=drawn(1000.0, 1, 0.0, 0.0, seed=1))
    passages, counts, _ = expectation.advance(rates[None], 0.0, 60.0, records)

    def flow(_time, y):
        n = y[:6]
        through = np.where(itinerary.sources >= 0, n[itinerary.sources] * rates, 1000.0 * rates)
        return np.concatenate([through @ itinerary.incidence, through])

    y = solve_ivp(flow, (0, 60), np.concatenate([start, np.zeros(9)]), rtol=1e-11, atol=1e-9, t_eval=[*records, 60.0]).y
    assert np.allclose(expectation.counts[0], y[:6, -1], rtol=1e-8)
    assert np.allclose(counts, y[:6, :3].T, rtol=1e-8)
    assert np.allclose(np.cumsum(passages, axis=0).T, y[6:], rtol=1e-7, atol=1e-7)


def test_exchange_settles_at_the_ratio_of_its_rates():
    fractions, synthesis = insulin_free(exchange(0.3, 0.1))
    assert np.allclose(fractions, [0.25, 0.75], rtol=1e-11)
    assert synthesis == 0.0


def test_a_cell_that_only_gains_or_only_loses_has_no_steady_state():
    states = (State("surface", "membrane"), State("out", "out"))
    gains = Itinerary(states, (Transition("make", None, "surface", 1.0),))
    loses = Itinerary(states, (Transition("lose", "surface", "out", 1.0),))
    with pytest.raises(ValueError, match="no steady state"):
        insulin_free(gains)
    with pytest.raises(ValueError, match="no steady state"):
        insulin_free(loses)


def test_the_insulin_free_cell_holds_r0_and_stays():
    fractions, synthesis = insulin_free(five_states())
    balanced = five_states().with_synthesis(synthesis)
    assert fractions[balanced.live].sum() == pytest.approx(1.0, abs=1e-11)
    rates = balanced.rates(0.0, fractions)
    still = fractions @ balanced.generator(rates) + balanced.inflow(rates)
    assert np.abs(still[~balanced.out]).max() < 1e-12


def test_without_coupling_the_rates_of_a_window_are_the_laws_themselves():
    itinerary = closed(five_states())
    counts = np.array([np.full(6, 0.2), np.full(6, 30.0)])
    rates, mrna = WindowRates(itinerary)(1.0, counts, np.array([1.0, 150.0]), np.array([0.7, 0.8]), 5.0)
    assert np.array_equal(rates, [itinerary.rates(1.0, np.full(6, 0.2), messenger) for messenger in (0.7, 0.8)])
    assert mrna.tolist() == [0.7, 0.8]
