"""What one session may take of a server: receptors that it holds, and computing that is still to be done for it.

A session is a browser, told by its cookie; all its tabs share one budget, and browsers without cookies share one as
well. Computing is measured in seconds of a core: what a piece has taken and, by its progress, will take in all. A run
that is watched needs none of it, since it waits for its viewer.
"""

from __future__ import annotations

import threading
import time
from typing import Protocol
from weakref import WeakValueDictionary

from trafficking import limits, units
from trafficking.scenario import Scenario

RECEPTORS = 10_000_000
WORK_S = 60.0
_UNKNOWN_S = 2.0  # what a piece counts for until its progress tells more
_PER_CELL = 100  # receptors that take as much memory as what is kept of a cell
_PER_NUMBER = 1 / 3  # the same of a number in a table
_MAKE_ROOM_S = 10.0  # for a page that no longer answers to write its run

PUT_ASIDE = (
    "This page has not answered for a while, and its browser has opened another run, which needed the room. The run is"
    " kept: reload this page to go on."
)

_allowed = [RECEPTORS, WORK_S]
_sessions: WeakValueDictionary[str, Budget] = WeakValueDictionary()
_guard = threading.Lock()


class OverBudget(ValueError):
    """More than a session may take; the message says how much that is, and what to do."""


class Holder(Protocol):
    """What holds receptors: the runner of a page."""

    def away(self) -> bool: ...
    def hand_over(self, message: str) -> None: ...


def allow(*, receptors: int, work_s: float) -> None:
    """Sets what each session of this server may take."""
    _allowed[:] = [receptors, work_s]


def of(session: str) -> Budget:
    """The budget of a session, the same for all its pages."""
    with _guard:
        return _sessions.setdefault(session, Budget())


def size(scenario: Scenario) -> float:
    """What a run holds, as a number of receptors: those that live at once, and what cells and tables take like them."""
    cells, states = scenario.cells.number, len(scenario.itinerary.states)
    rows = scenario.protocol.duration_min / scenario.record_min + cells * len(scenario.cells.record_min)
    receptors = 0.0
    if scenario.resolution == "agents":
        started = max(scenario.receptors, sum((scenario.start.counts or {}).values())) * float(cells)
        alive = limits.alive(scenario.itinerary, scenario.protocol, cells=cells, receptors=scenario.receptors)
        receptors = max(started, alive / 2.0)  # a balanced cell may make twice what it starts with, by this bound
    return max(receptors, _PER_CELL * cells) + rows * states * _PER_NUMBER


class Budget:
    """What one session takes.

    turn: whoever computes for a run that is watched has it, one at a time. rounds: how many jobs it has queued, as
    `jobs` counts them.
    """

    def __init__(self) -> None:
        self.turn, self.rounds = threading.Lock(), 0
        self._receptors: dict[Holder, float] = {}
        self._work: dict[Piece, float] = {}
        self._bell = threading.Condition()

    def hold(self, holder: Holder, receptors: float) -> None:
        """From now on `holder` has these, in place of what it had. Pages that no longer answer give theirs up first.

        Raises:
            OverBudget: all together would be too many; nothing has changed.
        """
        if self._takes(holder, receptors):
            return
        for other in [other for other in self._receptors if other is not holder and other.away()]:
            other.hand_over(PUT_ASIDE)
            self._await_release(other)
            if self._takes(holder, receptors):
                return
        with self._bell:
            taken = sum(held for each, held in self._receptors.items() if each is not holder)
        there = f", of which {taken:,.0f} are in use in other tabs" if taken else ""
        raise OverBudget(
            f"This run would hold about {receptors:,.0f} receptors; one session may hold {_allowed[0]:,}{there}."
            " Choose fewer, close other tabs, or start the server with a higher --session-receptors."
        )

    def _await_release(self, holder: Holder) -> None:
        with self._bell:
            self._bell.wait_for(lambda: holder not in self._receptors, _MAKE_ROOM_S)

    def release(self, holder: Holder) -> None:
        """`holder` has none any more."""
        with self._bell:
            self._receptors.pop(holder, None)
            self._bell.notify_all()

    def piece(self) -> Piece:
        """A new piece of work; OverBudget where there is too much already."""
        piece = Piece(self)
        self.expect(piece, _UNKNOWN_S)
        return piece

    def expect(self, piece: Piece, work_s: float) -> None:
        """So much a piece will have taken in all; OverBudget where that is too much with the others."""
        with self._bell:
            others = sum(expected for each, expected in self._work.items() if each is not piece)
            if others + work_s <= _allowed[1]:
                self._work[piece] = work_s
                return
        taken = f", and {_span(others)} are under way or wait" if others else ""
        raise OverBudget(
            f"This takes about {_span(work_s)} of computing; one session may ask for {_span(_allowed[1])} at a time"
            f"{taken}. Ask for less, or start the server with a longer --session-work."
        )

    def done(self, piece: Piece) -> None:
        with self._bell:
            self._work.pop(piece, None)

    def _takes(self, holder: Holder, receptors: float) -> bool:
        with self._bell:
            others = sum(held for each, held in self._receptors.items() if each is not holder)
            fits = others + receptors <= _allowed[0]
            if fits:
                self._receptors[holder] = receptors
            return fits


class Piece:
    """A piece of work, in the thread that does it; `done` ends it."""

    def __init__(self, budget: Budget) -> None:
        self._budget, self._began_s = budget, time.thread_time()

    def report(self, share: float) -> None:
        """So much of it is done, 0 to 1; OverBudget once all of it is seen to take too much."""
        spent = time.thread_time() - self._began_s
        if spent > _UNKNOWN_S:
            self._budget.expect(self, spent / min(max(share, 1e-6), 1.0))

    def done(self) -> None:
        self._budget.done(self)


def _span(seconds: float) -> str:
    return units.friendly(float(f"{seconds / 60.0:.2g}"), "time")
