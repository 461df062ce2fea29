"""Steady states of the mean equations: the balance of a cell without insulin, and at any insulin.

Numbers of receptors appear here as fractions of the cell's R0, as floats of shape (n_states,).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from trafficking import blas
from trafficking.itinerary import Itinerary

_ROUNDS = 5_000
_CLOSE = 1e-13


def insulin_free(itinerary: Itinerary) -> tuple[np.ndarray, float]:
    """The balanced cell without insulin, scaled so that its live receptors are R0.

    Returns:
        fractions (n_states,) over R0, summing to 1 over `itinerary.live`; and the synthesis that keeps them, in R0
        per minute, shared among the synthesis arrows in the proportion of their rates.

    Raises:
        ValueError: receptors are made but cannot leave, or leave but are not made: there is no such balance.
    """
    made = _unit_inflow(itinerary)
    live = itinerary.live

    def balanced(fractions: np.ndarray) -> np.ndarray:
        generator = itinerary.generator(itinerary.rates(0.0, fractions))
        if made is None:
            return _stationary(itinerary, generator)
        numbers = _solve_balance(itinerary, generator, made)
        return numbers / numbers[live].sum()

    fractions = _fixed_point(balanced, np.where(itinerary.out, 0.0, 1.0 / live.sum()))
    if made is None:
        return fractions, 0.0
    generator = itinerary.generator(itinerary.rates(0.0, fractions))
    return fractions, _rounded(1.0 / _solve_balance(itinerary, generator, made)[live].sum())


def steady_state(itinerary: Itinerary, insulin_nM: float) -> tuple[np.ndarray, float]:
    """The balance of the mean equations at constant insulin, coupling and messenger included.

    Returns:
        fractions (n_states,) over R0 (zero in the ends) and the messenger relative to insulin-free.

    Raises:
        ValueError: no balance exists or none was found.
    """
    made = _unit_inflow(itinerary)
    synthesis = sum(itinerary.transitions[i].rate for i in itinerary.synthesis)
    transcription = itinerary.transcription

    def balanced(fractions: np.ndarray) -> np.ndarray:
        generator = itinerary.generator(itinerary.rates(insulin_nM, fractions))
        if made is None:
            return _stationary(itinerary, generator)
        mrna = transcription.target(itinerary.activity(fractions)) if transcription else 1.0
        return _solve_balance(itinerary, generator, made) * synthesis * mrna

    fractions = _fixed_point(balanced, insulin_free(itinerary)[0])
    return fractions, transcription.target(itinerary.activity(fractions)) if transcription else 1.0


def _unit_inflow(itinerary: Itinerary) -> np.ndarray | None:
    """(n_states,) inflow of one R0 per minute, shared as the synthesis arrows share it; None without any."""
    arrows = itinerary.synthesis
    if len(arrows) == 0:
        return None
    rates = np.array([itinerary.transitions[i].rate for i in arrows])
    share = rates / rates.sum() if rates.sum() > 0.0 else np.full(len(arrows), 1.0 / len(arrows))
    inflow = np.zeros(len(itinerary.states))
    np.add.at(inflow, itinerary.targets[arrows], share)
    return inflow


def _solve_balance(itinerary: Itinerary, generator: np.ndarray, inflow: np.ndarray) -> np.ndarray:
    """(n_states,) numbers at which what flows in flows out, over the states that new receptors can reach."""
    reached = _reached(generator, inflow > 0.0) & ~itinerary.out
    numbers = np.zeros(len(inflow))
    block = generator[np.ix_(reached, reached)]
    try:
        numbers[reached] = np.linalg.solve(block.T, -inflow[reached])
    except np.linalg.LinAlgError:
        numbers[:] = np.nan
    # A nearly singular system answers with huge or negative numbers instead of failing.
    if not (np.all(np.isfinite(numbers)) and np.all(numbers > -1e-9) and numbers.max() < 1e12):
        raise ValueError(
            "no steady state: receptors are made but some can never leave; add a way to an end (compartment out), "
            "or give the start as integers per state and the synthesis as a number"
        )
    return np.maximum(numbers, 0.0)


def _stationary(itinerary: Itinerary, generator: np.ndarray) -> np.ndarray:
    """(n_states,) stationary shares of an itinerary that neither makes nor loses receptors."""
    n = len(generator)
    if np.any(generator[:, itinerary.out] > 0.0):
        raise ValueError(
            "no steady state: receptors are lost but none are made; add a synthesis arrow, or give the start as "
            "integers per state"
        )
    system = np.vstack([generator.T, itinerary.live.astype(float)])
    shares, _, rank, _ = np.linalg.lstsq(system, np.append(np.zeros(n), 1.0), rcond=None)
    if rank < n - int(itinerary.out.sum()) or np.any(shares < -1e-9):
        raise ValueError("no single steady state: the itinerary falls apart; give the start as integers per state")
    return np.where(itinerary.out, 0.0, np.maximum(shares, 0.0))


def _reached(generator: np.ndarray, start: np.ndarray) -> np.ndarray:
    """(n_states,) true for states that a path of positive rates reaches from `start`."""
    reached = start.copy()
    for _ in range(len(start)):
        reached = reached | ((generator > 0.0) & reached[:, None]).any(axis=0)
    return reached


def _fixed_point(balanced: Callable[[np.ndarray], np.ndarray], fractions: np.ndarray) -> np.ndarray:
    """Half steps towards balanced(x) = x; they also settle the negative feedback of transcription."""
    with blas.one_thread():
        for _ in range(_ROUNDS):
            new = balanced(fractions)
            if np.max(np.abs(new - fractions)) <= _CLOSE * max(1.0, float(np.max(new))):
                return np.array([_rounded(x) for x in new])
            fractions = 0.5 * (fractions + new)
    raise ValueError("no steady state was found: the balance keeps moving; give the start as integers per state")


def _rounded(value: float) -> float:
    """Twelve digits, so that the last bits of a linear-algebra library do not reach the receptors."""
    return float(f"{value:.12g}")
