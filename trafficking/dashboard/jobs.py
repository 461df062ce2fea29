"""Long computations that pages ask for: each in a thread of its own, with progress, and it can be cancelled.

All sessions of a server share its cores: as many jobs compute at a time as there are cores but one, the others wait
their turn and say so. A job whose page somebody looks at goes ahead of all whose pages were left: those stop where they
next report their progress, and go on later from there. The second job of a session comes after the first of all others.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Collection, Mapping
from itertools import count
from typing import Any, Generic, TypeVar

from . import beforehand
from .budget import Budget, OverBudget, Piece

Result = TypeVar("Result")
Progress = Callable[[float], None]

AT_ONCE = max((os.cpu_count() or 2) - 1, 1)

_log = logging.getLogger(__name__)
_turns = count()
_rounds = [0]  # how often it has been the turn of each session: one that asks for much may not keep the others waiting
_waiting: set[Job[Any]] = set()
_at_work: set[Job[Any]] = set()
_bell = threading.Condition()


class Cancelled(Exception):
    """Raised in a job where it reports its progress, once nobody wants its result any more."""


class Job(Generic[Result]):
    """One computation. Its state may be read from any thread.

    status: preparing (its code is being compiled), waiting, working, done, failed or cancelled.
    ahead: jobs that come before it while it waits. left: whether nobody looks at its page.
    asked: the values of the form that it answers.
    share: of the work, 0 to 1; result: once done; fault: what went wrong, once failed.
    """

    def __init__(
        self,
        work: Callable[[Progress], Result],
        *,
        changed: Callable[[Job[Result]], None],
        needs: Collection[str] = (),
        left: bool = False,
        asked: Mapping[str, Any] | None = None,
        budget: Budget | None = None,
    ) -> None:
        """Queues the work and returns at once.

        Args:
            work: called in the job's thread with a function to report its progress to, 0 to 1.
            changed: called with the job, in its thread, at most five times a second, at each change of status, and
                when the number of jobs before it changes.
            needs: the parts of the compiled code (see `warming`) that it waits for while they are being made.
            left: whether it begins for a page that nobody looks at.
            asked: the values of the form that the result will be the answer to.
            budget: of its session, beyond which it fails.
        """
        self.status, self.share, self.fault = "waiting", 0.0, ""
        self.result: Result | None = None
        self.asked: dict[str, Any] = dict(asked or {})
        self._work, self._changed, self._needs = work, changed, needs
        self._unwanted = threading.Event()
        self._left, self._turn = left, next(_turns)
        self._told = 0.0
        self._budget = budget or Budget()
        self._piece: Piece | None = None
        with _bell:
            busy = any(job._budget is self._budget for job in (*_at_work, *_waiting))
            self._budget.rounds = max(self._budget.rounds + 1 if busy else 0, _rounds[0])
            self._round = self._budget.rounds
            _waiting.add(self)
        threading.Thread(target=self._live, name="trafficking-job", daemon=True).start()

    @property
    def ahead(self) -> int:
        with _bell:
            return sum(job._place < self._place for job in _ready()) if self in _waiting else 0

    @property
    def going(self) -> bool:
        """Whether it is still to come to an end."""
        return self.status in ("preparing", "waiting", "working")

    @property
    def left(self) -> bool:
        return self._left

    @left.setter
    def left(self, left: bool) -> None:
        with _bell:
            self._left = left
            _bell.notify_all()

    def cancel(self) -> None:
        """Ends the job at its next report of progress, or before it begins."""
        self._unwanted.set()
        _ring()

    @property
    def _place(self) -> tuple[bool, int, int]:
        return self._left, self._round, self._turn

    def _live(self) -> None:
        try:
            self._piece = self._budget.piece()
            self._await_turn()
            self._report(0.0)
            self.result = self._work(self._report)
            self._become("done")
        except Cancelled:
            self._become("cancelled")
        except OverBudget as fault:
            self.fault = str(fault)
            self._become("failed")
        except Exception as fault:  # a page with a message beats a dead one
            _log.exception("a job stopped")
            self.fault = str(fault) or type(fault).__name__
            self._become("failed")
        finally:
            if self._piece is not None:
                self._piece.done()
            with _bell:
                _waiting.discard(self)
                _at_work.discard(self)
                _bell.notify_all()

    def _await_turn(self) -> None:
        told: tuple[str, int] = "", -1
        while not self._takes_turn(told):
            told = self._standing()
            self._become(told[0])
        self._become("working")

    def _takes_turn(self, told: tuple[str, int]) -> bool:
        """Waits for the turn, or until the job stands otherwise than it `told`; whether the turn has come."""
        with _bell:
            _bell.wait_for(lambda: self._unwanted.is_set() or self._is_next() or self._standing() != told)
            if self._unwanted.is_set():
                raise Cancelled
            if not self._is_next():
                return False
            _waiting.remove(self)
            _at_work.add(self)
            _rounds[0] = max(self._round, _rounds[0])
            _bell.notify_all()
        return True

    def _standing(self) -> tuple[str, int]:
        return ("preparing", 0) if beforehand.pending(self._needs) else ("waiting", self.ahead)

    def _is_next(self) -> bool:
        """Whether it is its turn; jobs of pages that were left keep no other from beginning, and make room."""
        busy = sum(self._left or not job._left for job in _at_work)
        return busy < AT_ONCE and min(_ready(), key=lambda job: job._place, default=None) is self

    def _report(self, share: float) -> None:
        if self._unwanted.is_set():
            raise Cancelled
        if self._piece is not None:
            self._piece.report(share)
        if self._left:
            self._make_room()
        self.share = share
        now = time.monotonic()
        if now >= self._told + 0.2:
            self._told = now
            self._changed(self)

    def _make_room(self) -> None:
        """Waits for another turn where a page that somebody looks at needs this one."""
        with _bell:
            seen = [job for job in (*_at_work, *_ready()) if not job._left]
            if not seen or len(_at_work) + sum(job in _waiting for job in seen) <= AT_ONCE:
                return
            _at_work.remove(self)
            _waiting.add(self)
            _bell.notify_all()
        self._await_turn()

    def _become(self, status: str) -> None:
        self.status = status
        self._changed(self)


def said(job: Job[Any]) -> str:
    """How a job stands, in words; nothing once it is done, or has failed, which its fault says."""
    standing = {
        "preparing": beforehand.WORDS,
        "waiting": f"Waiting: {job.ahead} before this one" if job.ahead else "About to begin",
        "working": f"{100.0 * job.share:.0f} % done",
        "cancelled": f"Cancelled at {100.0 * job.share:.0f} %" if job.share else "Cancelled",
    }
    return standing.get(job.status, "")


def _ready() -> list[Job[Any]]:
    """Jobs that wait for nothing but their turn."""
    return [job for job in _waiting if not beforehand.pending(job._needs)]


def _ring() -> None:
    with _bell:
        _bell.notify_all()


beforehand.ring(_ring)
