"""What a run did to its receptors, window by window: enough to tell the whole life of any one of them again.

Nothing is kept of single receptors. The path of a receptor is a pure function of its stream and of the rates around it,
so the rates of every window, which all receptors of a cell share, hold everybody's past.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from trafficking.cells import Cells, Start
from trafficking.itinerary import Itinerary

MOST_NUMBERS = 1 << 23  # of rates that are kept, 64 MB: a month of minutes for dozens of cells
MOST_SAVED = 1 << 20  # that go into a saved run, 8 MB: a saved run is written again and again
_SAVED = "past."  # the names of its arrays begin so


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

    def save(self) -> dict[str, np.ndarray]:
        """All of it as arrays by name; none where there is too much, and then a run that goes on has no past."""
        if not self.complete or self._numbers > MOST_SAVED:
            return {}
        stretches = [entry for entry in self.entries if isinstance(entry, Stretch)]
        moves = [entry for entry in self.entries if isinstance(entry, Move)]
        arrays = {
            "first_rates": self.first_rates,
            "is_move": np.array([isinstance(entry, Move) for entry in self.entries], dtype=bool),
            "from_to_min": np.array([entry[:2] for entry in stretches]).reshape(-1, 2),
            "rates": np.array([entry.rates for entry in stretches]).reshape(-1, *self.first_rates.shape),
            "moved_min": np.array([move.at_min for move in moves]),
            "occasion": np.array([move.occasion for move in moves], dtype=np.int64),
            "to": np.array([move.to for move in moves]),
            "keep": np.array([move.keep for move in moves]),
        }
        return {_SAVED + name: array for name, array in arrays.items()}

    @staticmethod
    def is_in(arrays: Mapping[str, np.ndarray]) -> bool:
        """Whether the arrays of a saved run hold its past."""
        return f"{_SAVED}first_rates" in arrays

    def take_up(self, arrays: Mapping[str, np.ndarray]) -> None:
        """Puts back what `save` gave."""
        of = {name.removeprefix(_SAVED): array for name, array in arrays.items() if name.startswith(_SAVED)}
        self.first_rates, self._numbers = of["first_rates"], of["rates"].size
        windows = zip(of["from_to_min"], of["rates"], strict=True)
        stretches = (Stretch(float(start), float(end), rates) for (start, end), rates in windows)
        moves = map(Move, map(float, of["moved_min"]), of["to"], of["keep"], map(int, of["occasion"]))
        self.entries = []
        for is_move in of["is_move"]:
            self.entries.append(next(moves) if is_move else next(stretches))
