"""The finite medium of a run: how much insulin is left in it, window by window.

Every molecule that a receptor binds leaves the medium. It comes back where the receptor releases it at the surface;
released inside, or lost with its receptor, it is destroyed (an enzyme does that in the cell; here it is a label and no
rate). Medium + bound + destroyed = given, until the medium is changed.

When cells divide both daughters stay in the dish: from then on the one that is followed stands for twice as many cells.
The balance holds on average, since the other daughter's share of the receptors is taken to be that of the followed one.

Over a window the surface is held as it is at its start, and the insulin, which then decays exponentially towards a
balance, is averaged exactly: stable however many cells there are, and of second order in the window.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from trafficking.itinerary import Itinerary
from trafficking.tally import Passed
from trafficking.treatments import Medium

_MOST_TAKEN = 0.25  # of the insulin in one window, if receptors stayed free


class Dish:
    """A finite medium over time.

    insulin_nM: in it now. destroyed_nM: by the cells since the start, in nM of this medium.
    """

    def __init__(self, medium: Medium, itinerary: Itinerary, n_cells: int, nominal_nM: float) -> None:
        self._per_receptor = medium.nM_per_receptor() / n_cells
        bound = itinerary.bound
        surface = itinerary.mask("membrane")
        lost = bound[itinerary.sources] & ~bound[itinerary.targets] & (itinerary.sources >= 0)
        released = lost & surface[itinerary.sources] & surface[itinerary.targets]
        self._bound, self._destroys, self._releases = bound, lost & ~released, released
        self._binds = np.array([arrow.needs_ligand for arrow in itinerary.transitions])
        self._sources = itinerary.sources
        self.insulin_nM = self._nominal = nominal_nM
        self.destroyed_nM = 0.0
        self._before: tuple[float, float] | None = None  # insulin and nominal insulin until it was changed, just now
        self._rows = [np.array([[nominal_nM, nominal_nM, 0.0]])]

    def speed(self, law: Itinerary, counts: np.ndarray) -> tuple[float, float]:
        """What the surface ((n_cells, n_states) `counts`) takes, per minute, and what it gives back, nM per minute."""
        rates = np.array([arrow.rate for arrow in law.transitions])
        flow = self._per_receptor * rates * np.where(self._sources >= 0, counts.sum(axis=0)[self._sources], 0.0)
        return float(flow[self._binds].sum()), float(flow[self._releases].sum())

    def longest_min(self, law: Itinerary, counts: np.ndarray) -> float:
        """How long a window may be."""
        taken, _ = self.speed(law, counts)
        return _MOST_TAKEN / taken if taken > 0.0 else math.inf

    def mean(self, law: Itinerary, counts: np.ndarray, minutes: float) -> float:
        """Mean insulin of a window that starts now, nM."""
        now = max(self.insulin_nM, 0.0)
        taken, back = self.speed(law, counts)
        spent = taken * minutes
        if spent < 1e-9:
            return now + 0.5 * back * minutes
        balance = back / taken
        return balance + (now - balance) * -math.expm1(-spent) / spent

    def pass_window(self, passed: Passed, before: np.ndarray, after: np.ndarray) -> None:
        """Takes a window; before, after: (n_cells, n_states) receptors at its start and end."""
        totals = np.concatenate([passed.counts, after.sum(axis=0)[None]])
        held = (totals - before.sum(axis=0)) @ self._bound
        destroyed = np.cumsum(passed.passages @ self._destroys)
        gone = self._per_receptor * destroyed
        left = self.insulin_nM - self._per_receptor * (held + destroyed)
        self._before = None
        rows = len(passed.counts)
        self._rows.append(
            np.column_stack([np.maximum(left, 0.0), np.full(rows + 1, self._nominal), self.destroyed_nM + gone])[:rows]
        )
        self.insulin_nM, self.destroyed_nM = float(left[-1]), self.destroyed_nM + float(gone[-1])

    def give(self, nominal_nM: float, *, fresh: bool, recorded: bool) -> None:
        """At the end of a window the exposure names this insulin; another one than before, or `fresh`, is new medium.

        recorded: whether the end of the window is a row.
        """
        if fresh or nominal_nM != self._nominal:
            if not fresh:
                self._before = self._before or (self.insulin_nM, self._nominal)
            self.insulin_nM = self._nominal = nominal_nM
            if recorded:
                self.rows()[-1, :2] = nominal_nM

    def rows(self) -> np.ndarray:
        """(n, 3) insulin and nominal insulin of the rows of the run, and what was destroyed by then; nM."""
        if len(self._rows) > 1:
            self._rows = [np.concatenate(self._rows)]
        return self._rows[0]

    def closed(self, n: int) -> np.ndarray:
        """`rows` of a run whose last row, the n-th, is now."""
        # A run that ends now ends in the medium that it had; a new one would be for the minutes after.
        insulin, nominal = self._before or (self.insulin_nM, self._nominal)
        now = np.array([[max(insulin, 0.0), nominal, self.destroyed_nM]])
        return np.concatenate([self.rows()[: n - 1], now])

    def save(self) -> dict[str, np.ndarray]:
        now = np.array([self.insulin_nM, self._nominal, self.destroyed_nM, *(self._before or ())])
        return {"medium.now": now, "medium.rows": self.rows().copy()}

    def divide(self) -> None:
        """Every cell divides, and its daughters share the medium."""
        self._per_receptor *= 2.0

    def take_up(self, saved: Mapping[str, np.ndarray], divisions: int) -> None:
        """Goes on from what was saved, after so many divisions of the cells."""
        self.insulin_nM, self._nominal, self.destroyed_nM, *before = saved["medium.now"].tolist()
        self._before = (before[0], before[1]) if before else None
        self._rows = [saved["medium.rows"]]
        for _ in range(divisions):
            self.divide()

    def keep(self, n: int) -> None:
        """Forgets rows after the first n."""
        self._rows = [self.rows()[:n].copy()]
