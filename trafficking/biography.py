"""The life of one receptor of a run, told again from the run's chronicle, to the last bit.

The receptor need not have been followed. Its stream is its own, so it takes the same steps at the same times whether it
is alone or among a million others.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from trafficking import kernel, moves
from trafficking.chronicle import Chronicle, Move, Stretch
from trafficking.clocks import Clocks
from trafficking.identity import SOURCE_BIT, cell_of, number_of
from trafficking.receptors import compile_all, starting_slab
from trafficking.stream import stream_key
from trafficking.synthesis import Synthesis

MADE = -1  # the source of a receptor's first step, if it was made during the run


class Step(NamedTuple):
    """A move at a time, from one state to another, as indices; source `MADE`: its birth.

    A target beyond the states: it left with the other daughter of a division.
    """

    time_min: float
    source: int
    target: int


class Biography:
    """One receptor's steps, as far as they have been told.

    first_state: where it was at time 0; None if it was made later. time_min: how far the telling has come.
    """

    def __init__(self, chronicle: Chronicle, identity: int) -> None:
        """
        Raises:
            ValueError: the chronicle is not complete, or nobody in the run has this identity.
        """
        if not chronicle.complete:
            raise ValueError("this run has too many cells and windows for its past to be kept")
        compile_all()
        self.identity, self.time_min, self.steps = identity, 0.0, list[Step]()
        self.first_state: int | None = None
        self._chronicle, self._done = chronicle, 0
        self._cell = cell_of(identity)
        if self._cell >= len(chronicle.cells):
            raise ValueError(f"receptor {identity}: the run has no cell {self._cell}")
        self._clocks = Clocks(chronicle.itinerary, chronicle.cells)
        self._key = np.uint64(stream_key(chronicle.cells.path[self._cell], np.uint64(identity)))
        self._synthesis = Synthesis(self._clocks)
        self._nobody = np.zeros((len(chronicle.cells), len(chronicle.itinerary.states)), np.int64)
        self._state, self._target, self._draw = self._clocks.free, 0.0, 0
        self._begin()

    @property
    def alive(self) -> bool:
        return self._state != self._clocks.free

    @property
    def state(self) -> int | None:
        """The index of the state it is in now; None before its birth and after its end."""
        return self._state if self.alive else None

    def go_on(self, keep_going: Callable[[], bool] = lambda: True) -> bool:
        """Tells on, up to the present of the run; whether it got there."""
        entries = self._chronicle.entries
        while True:
            if self._done >= len(entries):
                return True
            entry = entries[self._done]
            if isinstance(entry, Move):
                self._move(entry)
            elif entry.end_min > self.time_min:
                self._pass(entry)
            # The last stretch may still grow.
            if self._done == len(entries) - 1:
                if isinstance(entry, Move):
                    self._done += 1
                return True
            self._done += 1
            if not keep_going():
                return False

    def _begin(self) -> None:
        chronicle, clocks = self._chronicle, self._clocks
        clocks.begin_window(chronicle.first_rates, 0.0, 0.0, self._nobody)
        if self.identity >> SOURCE_BIT:
            return
        slab, _ = starting_slab(chronicle.start, clocks)
        number = int(number_of(np.array([self.identity], np.uint64))[0])
        slot = int(slab.first[self._cell]) + number
        if slot >= slab.used[self._cell] or slab.states[slot] == clocks.free:
            raise ValueError(f"receptor {self.identity}: the run started without it")
        self._state, self._target, self._draw = int(slab.states[slot]), float(slab.targets[slot]), int(slab.draws[slot])
        self.first_state = self._state

    def _pass(self, stretch: Stretch) -> None:
        now, end = max(stretch.start_min, self.time_min), stretch.end_min
        self._clocks.begin_window(stretch.rates, now, end, self._nobody)
        unborn = not self.steps and self.first_state is None
        if unborn and self.identity >> SOURCE_BIT:
            now = self._be_born(end)
        if self.alive:
            self._advance(now, end)
        self.time_min = end

    def _be_born(self, end: float) -> float:
        """Looks for it among those made up to `end`; when it was born."""
        wanted = np.uint64(self.identity)
        for newborn in self._synthesis.make(end):
            (found,) = np.nonzero(newborn.identities == wanted)
            if len(found):
                born = float(newborn.born_min[found[0]])
                self._state = int(newborn.states[found[0]])
                clock = self._clocks.states[self._cell]
                self._target, self._draw = kernel.enter_state(self._state, born, self._key, 0, clock)
                self.steps.append(Step(born, MADE, self._state))
                return born
        return end

    def _advance(self, now: float, end: float) -> None:
        tables = self._clocks.tables_of(self._cell)
        while self.alive:
            before = self._state
            transition, now, state, self._target, self._draw = kernel.advance_receptor(
                before, self._target, self._draw, self._key, now, end, *tables
            )
            if transition < 0:
                return
            self._state = int(self._clocks.left[state])
            self.steps.append(Step(now, before, int(state)))

    def _move(self, move: Move) -> None:
        if not self.alive:
            return
        before, keys = self._state, self._chronicle.cells.division
        who = np.array([self.identity], np.uint64)
        stays = moves.staying(who, keys[[self._cell]], move.occasion, move.keep[[before]])[0]
        after = int(move.to[before]) if stays else self._clocks.free
        if after != before:
            self.steps.append(Step(move.at_min, before, after))
        self._state = after
