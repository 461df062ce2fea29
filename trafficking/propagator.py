"""Where the receptors of a window are expected at its end: the exponential of a small rate matrix, compiled.

A library's exponential of a 15 x 15 matrix takes a third of a millisecond, and the libraries beneath it wait for each
other's threads; a year in windows of five minutes needs a hundred thousand of them. Scaling, a Taylor series of a
matrix of norm at most 1/2, and doubling take a few microseconds, and give the integral over the window besides.

Arrays are copied and added number by number: for `a[:] = b` the compiler also compiles its message about shapes that
differ, which takes longer than all of this file.
"""

from __future__ import annotations

import numpy as np
from numba import njit

_TERMS = 14  # of the series: the next one is below 0.5^15 / 15! = 2e-17


@njit(nogil=True, error_model="numpy")
def propagate(matrix, minutes):
    """exp(matrix * minutes), and its integral over the minutes; both (n, n), of a matrix in per minute.

    All rows of the matrix but the last sum to zero: chances then sum to 1, and stay so however often they are doubled.
    """
    n = len(matrix)
    norm = 0.0
    for i in range(n):
        row = 0.0
        for j in range(n):
            row += abs(matrix[i, j])
        norm = max(norm, row)
    doublings = 0
    step = minutes
    while norm * step > 0.5:
        step *= 0.5
        doublings += 1
    transition = np.eye(n)
    integral = np.eye(n) * step
    term = np.eye(n)
    product = np.empty((n, n))
    for k in range(1, _TERMS + 1):
        multiply(term, matrix, product)
        for i in range(n):
            for j in range(n):
                term[i, j] = product[i, j] * (step / k)
                transition[i, j] += term[i, j]
                integral[i, j] += term[i, j] * (step / (k + 1))
    _balance(transition, integral, step)
    for _ in range(doublings):
        multiply(transition, integral, product)
        for i in range(n):
            for j in range(n):
                integral[i, j] += product[i, j]
        multiply(transition, transition, product)
        copy(product, transition)
        step *= 2.0
        _balance(transition, integral, step)
    return transition, integral


@njit(nogil=True, error_model="numpy")
def copy(matrix, target):
    """Writes a matrix into another of its shape."""
    for row in range(len(matrix)):
        for column in range(matrix.shape[1]):
            target[row, column] = matrix[row, column]


@njit(nogil=True, error_model="numpy")
def _balance(transition, integral, minutes):
    """Takes rounding out of the chances: none is negative, and nobody is lost, nor any of anybody's time."""
    for row in range(len(transition) - 1):
        chance = time = 0.0
        for column in range(len(transition)):
            transition[row, column] = max(transition[row, column], 0.0)
            chance += transition[row, column]
            time += integral[row, column]
        for column in range(len(transition)):
            transition[row, column] /= chance
            integral[row, column] *= minutes / time


@njit(nogil=True, error_model="numpy")
def fill(rates, sources, targets, matrix):
    """Writes the generator of `rates` into a zero matrix, and synthesis (source -1) into its last row."""
    for arrow in range(len(rates)):
        matrix[sources[arrow], targets[arrow]] += rates[arrow]
        if sources[arrow] >= 0:
            matrix[sources[arrow], sources[arrow]] -= rates[arrow]


@njit(nogil=True, error_model="numpy")
def multiply(a, b, product):
    """Writes the product of two small matrices into `product`; in a fixed order, so that its bits are fixed."""
    n = len(a)
    for i in range(n):
        for j in range(n):
            product[i, j] = 0.0
        for k in range(n):
            if a[i, k] != 0.0:
                for j in range(n):
                    product[i, j] += a[i, k] * b[k, j]


@njit(nogil=True, error_model="numpy")
def propagate_cells(rates, sources, targets, minutes, transition, integral):
    """`propagate` for each cell, into `transition` and `integral` ((n_cells, n_states + 1, n_states + 1)).

    rates: (n_cells, n_transitions). The last row is one receptor per minute and unit of synthesis. Cells whose inner
    rates are those of the cell before differ from it in synthesis at most, and share its work.
    """
    matrix = np.zeros(transition.shape[1:])
    for cell in range(len(rates)):
        if cell > 0 and same(rates[cell], rates[cell - 1]):
            copy(transition[cell - 1], transition[cell])
            copy(integral[cell - 1], integral[cell])
            continue
        matrix[:] = 0.0
        fill(rates[cell], sources, targets, matrix)
        stretch, over = propagate(matrix, minutes)
        copy(stretch, transition[cell])
        copy(over, integral[cell])


@njit(nogil=True, error_model="numpy")
def same(rates, others):
    """Whether two cells have the same rates, to the last bit."""
    for arrow in range(len(rates)):
        if rates[arrow] != others[arrow]:
            return False
    return True


@njit(nogil=True, error_model="numpy")
def passages(rates, sources, counts, making, integral, minutes, expected):
    """Adds the expected passages of all cells along each arrow in a stretch to `expected` ((n_transitions,)).

    counts: (n_cells, n_states) at its start. making: (n_cells,) what multiplies synthesis. integral: of the stretch.
    """
    n = counts.shape[1]
    for cell in range(len(counts)):
        for arrow in range(len(sources)):
            source = sources[arrow]
            if source < 0:
                expected[arrow] += rates[cell, arrow] * making[cell] * minutes
                continue
            time = making[cell] * integral[cell, n, source]
            for state in range(n):
                time += counts[cell, state] * integral[cell, state, source]
            expected[arrow] += rates[cell, arrow] * time


@njit(nogil=True, error_model="numpy")
def carry(transition, making, counts):
    """Carries expected numbers ((n_cells, n_states), in place) through a stretch."""
    n = counts.shape[1]
    after = np.empty(n)
    for cell in range(len(counts)):
        for state in range(n):
            after[state] = making[cell] * transition[cell, n, state]
            for before in range(n):
                after[state] += counts[cell, before] * transition[cell, before, state]
        for state in range(n):
            counts[cell, state] = after[state]


@njit(nogil=True, error_model="numpy")
def scatter(generator, transition, making, counts):
    """Carries random numbers ((n_cells, n_states) int64, in place): a multinomial out of each state, as binomials one
    after another, and Poisson numbers of the receptors that were made."""
    n = counts.shape[1]
    after = np.empty(n, np.int64)
    for cell in range(len(counts)):
        for state in range(n):
            after[state] = generator.poisson(max(making[cell] * transition[cell, n, state], 0.0))
        for before in range(n):
            left, chance = counts[cell, before], 1.0
            for state in range(n):
                if left == 0:
                    break
                share = transition[cell, before, state]
                if share <= 0.0:
                    continue
                gone = left if share >= chance else generator.binomial(left, share / chance)
                after[state] += gone
                left -= gone
                chance -= share
            # What rounding leaves of the chances belongs to those who stay.
            after[before] += left
        for state in range(n):
            counts[cell, state] = after[state]


ENTRIES = (propagate, propagate_cells, passages, carry, scatter, fill, multiply, copy, same, _balance)
