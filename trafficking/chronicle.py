"""What a run did to its receptors, window by window: enough to tell the whole life of any one of them again.

Nothing is kept of single receptors. The path of a receptor is a pure function of its stream and of the rates around it,
so the rates of every window, which all receptors of a cell share, hold everybody's past.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from trafficking.cells import Cells, Start
from trafficking.itinerary import Itinerary

MOST_NUMBERS = 1 << 23  # of rates that are kept, 64 MB: a month of minutes for dozens of cells


class Stretch(NamedTuple):
    """One or several windows with the same rates: (n_cells, n_transitions) per minute and receptor."""

    start_min: float
    end_min: float
    rates: np.ndarray


class Move(NamedTuple):
    """All receptors moved by hand; to, keep and occasion as `Receptors.treat` has them."""

    at_min: float
    to: np.ndarray
    keep: np.ndarray
    occasion: int


class Chronicle:
    """Stretches and moves in order of time.

    first_rates: (n_cells, n_transitions) with which the starting receptors draw their first waiting time.
    complete: false once there was too much to keep (many cells in many short windows); then nothing is kept.
    """

    def __init__(self, itinerary: Itinerary, cells: Cells, start: Start) -> None:
        self.itinerary, self.cells, self.start = itinerary, cells, start
        self.first_rates = np.zeros((len(cells), len(itinerary.transitions)))
        self.entries: list[Stretch | Move] = []
        self.complete = True
        self._numbers = 0

    def begin(self, rates: np.ndarray) -> None:
        self.first_rates = rates.copy()

    def add(self, start_min: float, end_min: float, rates: np.ndarray) -> None:
        """A window with these rates."""
        last = self.entries[-1] if self.entries else None
        if isinstance(last, Stretch) and last.end_min == start_min and np.array_equal(last.rates, rates):
            self.entries[-1] = last._replace(end_min=end_min)
            return
        self._numbers += rates.size
        self.complete = self.complete and self._numbers <= MOST_NUMBERS
        if self.complete:
            self.entries.append(Stretch(start_min, end_min, rates.copy()))
        else:
            self.entries.clear()

    def move(self, to: np.ndarray, keep: np.ndarray, occasion: int, at_min: float) -> None:
        if self.complete:
            self.entries.append(Move(at_min, to, keep, occasion))

    def until(self, time_min: float) -> Chronicle:
        """What this one says of the time up to a minute, to be carried on in another way."""
        other = Chronicle(self.itinerary, self.cells, self.start)
        other.first_rates, other.complete, other._numbers = self.first_rates, self.complete, self._numbers
        for entry in self.entries:
            if isinstance(entry, Move) and entry.at_min <= time_min:
                other.entries.append(entry)
            elif isinstance(entry, Stretch) and entry.start_min < time_min:
                other.entries.append(entry._replace(end_min=min(entry.end_min, time_min)))
        return other
