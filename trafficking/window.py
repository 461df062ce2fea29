"""The rates of one window, compiled: what couples receptors to each other is read here and nowhere else.

The laws are read at the midpoint of the window that a backward Euler half step predicts from its start: stable however
fast binding is, never negative, and of second order over many windows. The messenger is integrated exactly over the
window towards the midpoint's target; its mean sets synthesis. Without coupling the rates are the laws themselves.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from trafficking import compiled
from trafficking import itinerary as itinerary_module
from trafficking.itinerary import Itinerary, arrow_rates, messenger_target

_arrow_rates = njit(nogil=True, error_model="numpy")(arrow_rates)
_messenger_target = njit(nogil=True, error_model="numpy")(messenger_target)


class WindowRates:
    """The laws of one itinerary, ready to be read for one window after another."""

    def __init__(self, itinerary: Itinerary) -> None:
        compiled.keep(ENTRIES, __file__, itinerary_module.__file__)
        messenger = np.array([0.0, 1.0, 1.0, math.inf])
        if (law := itinerary.transcription) is not None:
            messenger[:] = law.max_suppression, law.half_activity**law.power, law.power, law.response_min
        coupled = bool(itinerary.couplings)
        self.tables = *itinerary.law, itinerary.sources, itinerary.targets, itinerary.active, messenger, coupled

    def __call__(
        self, insulin_nM: float, counts: np.ndarray, copy_number: np.ndarray, mrna: np.ndarray, window_min: float
    ) -> tuple[np.ndarray, np.ndarray]:
        """The frozen rates of one window in every cell, and the messenger at its end.

        Args:
            insulin_nM: mean over the window, the same around all cells.
            counts: (n_cells, n_states) receptors at the window's start. copy_number: (n_cells,) R0 of each cell.
            mrna: (n_cells,) at the window's start.

        Returns:
            (n_cells, n_transitions) rates as `Itinerary.rates`; (n_cells,) mrna at the window's end.
        """
        rates, end = np.zeros((len(counts), len(self.tables[0]))), mrna.copy()
        all_rates(*self.tables, insulin_nM, counts, copy_number, end, window_min, rates)
        return rates, end


@njit(nogil=True, error_model="numpy")
def all_rates(
    numbers,
    load,
    membrane,
    bound,
    sources,
    targets,
    active,
    messenger,
    coupled,
    insulin,
    counts,
    copy_number,
    mrna,
    minutes,
    rates,
):
    """`WindowRates` on arrays, cell by cell; writes `rates`, and the messenger at the end over that at the start.

    messenger: max_suppression, half_activity^power, power, response_min.
    """
    fractions = np.zeros(counts.shape[1])
    for cell in range(len(counts)):
        for state in range(len(fractions)):
            fractions[state] = counts[cell, state] / copy_number[cell]
        _arrow_rates(numbers, load, membrane, bound, insulin, fractions, mrna[cell], rates[cell])
        if not coupled:
            continue
        middle = _half_step(rates[cell], sources, targets, fractions, 0.5 * minutes)
        activity = 0.0
        for state in range(len(middle)):
            activity += active[state] * middle[state]
        target = _messenger_target(messenger[0], messenger[1], messenger[2], activity)
        spent = minutes / messenger[3]
        gone = -math.expm1(-spent)
        mean = target + (mrna[cell] - target) * gone / spent if spent > 0.0 else mrna[cell]
        mrna[cell] += (target - mrna[cell]) * gone
        _arrow_rates(numbers, load, membrane, bound, insulin, middle, mean, rates[cell])


@njit(nogil=True, error_model="numpy")
def _half_step(rates, sources, targets, fractions, minutes):
    """Solves x (1 - Q minutes) = fractions + inflow minutes by elimination; the matrix is dominated by its diagonal."""
    n = len(fractions)
    matrix = np.eye(n)
    middle = fractions.copy()
    for arrow in range(len(rates)):
        flow = rates[arrow] * minutes
        if sources[arrow] < 0:
            middle[targets[arrow]] += flow
        else:
            matrix[sources[arrow], sources[arrow]] += flow
            matrix[targets[arrow], sources[arrow]] -= flow
    for pivot in range(n):
        for row in range(pivot + 1, n):
            share = matrix[row, pivot] / matrix[pivot, pivot]
            if share != 0.0:
                for column in range(pivot, n):
                    matrix[row, column] -= share * matrix[pivot, column]
                middle[row] -= share * middle[pivot]
    for row in range(n - 1, -1, -1):
        for column in range(row + 1, n):
            middle[row] -= matrix[row, column] * middle[column]
        middle[row] /= matrix[row, row]
    return middle


ENTRIES = (all_rates, _half_step, _arrow_rates, _messenger_target)
