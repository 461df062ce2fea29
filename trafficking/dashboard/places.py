"""Which dot of the cell view is which receptor: a place for life, and a fixed random part of a cell that is too large.

Where nobody is followed, because a run has numbers alone, dots are shared out to the states in proportion.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from trafficking.simulation import Run

MOST = 100_000  # receptors that are drawn; of more, a random part of about so many
SPARE = 10_000  # so many more or fewer are shown before the part is chosen anew
FREE = 255  # a place without a receptor
ALL = 2**64 - 1  # the highest lot


class Crowd(NamedTuple):
    """Receptors of one moment. identities (k,) uint64 and states (k,) uint8, of `alive` in all; counts: (n_states,).

    share: the chance of each receptor to be among them. Without identities (both empty) there are numbers alone.
    """

    identities: np.ndarray
    states: np.ndarray
    alive: int
    counts: np.ndarray
    share: float


class Sampler:
    """Chooses who is shown of those alive: all of them, or, of more than there is room for, a random part.

    A receptor that is shown stays so while the part grows; the part is chosen anew when they become too many, or few
    enough to leave room. Where they all fit they are all shown, however many there once were.
    """

    def __init__(self) -> None:
        self._below = ALL

    def take(self, run: Run) -> Crowd:
        """Those of the run who are shown now, at most MOST and SPARE."""
        counts = np.asarray(run.counts)
        alive = int(round(float(counts[~run.itinerary.out].sum())))
        room = MOST + SPARE
        if alive <= MOST:
            self._below = ALL
        elif abs(alive * (self._below / ALL) - MOST) > SPARE:
            self._below, room = int(ALL * (MOST / alive)), MOST
        identities, states = run.sample(self._below)
        while len(identities) > room:
            self._below = int(self._below * (MOST / len(identities)))
            identities, states = run.sample(self._below)
        return Crowd(identities, states, alive, counts, self._below / ALL)


class Places:
    """Each receptor keeps its place for life. One that was left stays empty for a scene, so that a death is seen.

    Nobody waits for a place: where the empty ones do not suffice, as after a long gap between two scenes, there are
    more, at most as many as receptors in two scenes.
    """

    def __init__(self) -> None:
        self._who = np.zeros(0, np.uint64)  # rising
        self._where = np.zeros(0, np.int64)
        self._empty = np.zeros(0, np.int64)  # to be taken from the front
        self._row = np.zeros(0, np.uint8)

    def arrange(self, crowd: Crowd) -> bytes:
        """One byte for each place that was ever taken: the index of its receptor's state, or FREE."""
        order = np.argsort(crowd.identities)
        who, states = crowd.identities[order], crowd.states[order]
        at = np.searchsorted(self._who, who)
        known = at < len(self._who)
        known[known] = self._who[at[known]] == who[known]
        stays = np.zeros(len(self._who), dtype=bool)
        stays[at[known]] = True
        left, newcomers = self._where[~stays], int((~known).sum())
        added = np.arange(len(self._row), len(self._row) + max(newcomers - len(self._empty), 0))
        where = np.empty(len(who), np.int64)
        where[known] = self._where[at[known]]
        where[~known] = np.concatenate([self._empty[:newcomers], added])
        self._empty = np.concatenate([self._empty[newcomers:], left])
        self._who, self._where = who, where
        self._row = np.concatenate([self._row, np.full(len(added), FREE, np.uint8)])
        self._row[left] = FREE
        self._row[where] = states
        return self._row.tobytes()

    def receptor_at(self, place: int) -> int | None:
        """The identity of the receptor in a place."""
        (found,) = np.nonzero(self._where == place)
        return int(self._who[found[0]]) if len(found) else None

    def place_of(self, identity: int) -> int:
        """The place of a receptor; -1 if it has none."""
        at = int(np.searchsorted(self._who, np.uint64(identity)))
        return int(self._where[at]) if at < len(self._who) and int(self._who[at]) == identity else -1


class Proportions:
    """Dots in proportion to numbers. A dot changes its state only when the numbers do, and then as few as possible."""

    def __init__(self, dots: int = 4_000) -> None:
        self._row = np.full(dots, FREE, np.uint8)
        self._whole = 0.0  # receptors for which all dots stand

    def arrange(self, counts: np.ndarray, alive: np.ndarray) -> bytes:
        """One byte for each dot: the index of its state, or FREE.

        Args:
            counts: (n_states,) receptors. alive: (n_states,) false for ends, which have no dots.
        """
        present = np.where(alive, counts, 0.0).astype(float)
        self._whole = max(self._whole, float(present.sum()))
        wanted = apportioned(present, len(self._row), self._whole)
        have = np.bincount(self._row, minlength=FREE + 1)
        goal = np.zeros(FREE + 1, np.int64)
        goal[: len(wanted)], goal[FREE] = wanted, len(self._row) - wanted.sum()
        leave = [np.flatnonzero(self._row == kind)[: have[kind] - goal[kind]] for kind in np.flatnonzero(have > goal)]
        come = np.repeat(np.arange(FREE + 1), np.maximum(goal - have, 0))
        if len(come):
            self._row[np.concatenate(leave)] = come
        return self._row.tobytes()


def apportioned(counts: np.ndarray, dots: int, whole: float) -> np.ndarray:
    """(n,) whole numbers of dots, in proportion to counts, by largest remainder.

    Args:
        counts: (n,) of at most `whole` together, for which all the dots would stand.
    """
    if whole <= 0.0:
        return np.zeros(len(counts), np.int64)
    exact = counts * (dots / whole)
    floor = np.floor(exact + 1e-9).astype(np.int64)
    missing = int(round(float(exact.sum()))) - int(floor.sum())
    floor[np.argsort(floor - exact, kind="stable")[: max(missing, 0)]] += 1
    return floor
