"""Long computations that pages ask for: each in a thread of its own, with progress, and it can be cancelled.

All sessions of a server share its cores: as many jobs compute at a time as there are cores but one, the others wait
their turn and say so.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable
from itertools import count
from typing import Any, Generic, TypeVar

Result = TypeVar("Result")
Progress = Callable[[float], None]

AT_ONCE = max((os.cpu_count() or 2) - 1, 1)

_log = logging.getLogger(__name__)
_turns = count()
_waiting: dict[int, Job[Any]] = {}
_at_work: set[int] = set()
_bell = threading.Condition()


class Cancelled(Exception):
    """Raised in a job where it reports its progress, once nobody wants its result any more."""


class Job(Generic[Result]):
    """One computation. Its state may be read from any thread.

    status: waiting, working, done, failed or cancelled; ahead: jobs that come before it while it waits.
    share: of the work, 0 to 1; result: once done; fault: what went wrong, once failed.
    """

    def __init__(self, work: Callable[[Progress], Result], *, changed: Callable[[Job[Result]], None]) -> None:
        """Queues the work and returns at once.

        Args:
            work: called in the job's thread with a function to report its progress to, 0 to 1.
            changed: called with the job, in its thread, at most five times a second, at each change of status, and
                when the number of jobs before it changes.
        """
        self.status, self.share, self.fault = "waiting", 0.0, ""
        self.result: Result | None = None
        self._work, self._changed = work, changed
        self._unwanted = threading.Event()
        self._turn = next(_turns)
        self._told = 0.0
        with _bell:
            _waiting[self._turn] = self
        threading.Thread(target=self._live, name="trafficking-job", daemon=True).start()

    @property
    def ahead(self) -> int:
        with _bell:
            return sum(turn < self._turn for turn in _waiting) if self._turn in _waiting else 0

    @property
    def going(self) -> bool:
        """Whether it is still to come to an end."""
        return self.status in ("waiting", "working")

    def cancel(self) -> None:
        """Ends the job at its next report of progress, or before it begins."""
        self._unwanted.set()
        with _bell:
            _bell.notify_all()

    def _live(self) -> None:
        try:
            self._await_turn()
            self._report(0.0)
            self.result = self._work(self._report)
            self._become("done")
        except Cancelled:
            self._become("cancelled")
        except Exception as fault:  # a page with a message beats a dead one
            _log.exception("a job stopped")
            self.fault = str(fault) or type(fault).__name__
            self._become("failed")
        finally:
            with _bell:
                _waiting.pop(self._turn, None)
                _at_work.discard(self._turn)
                _bell.notify_all()

    def _await_turn(self) -> None:
        told = -1
        while not self._takes_turn(told):
            told = self.ahead
            self._changed(self)
        self._become("working")

    def _takes_turn(self, told: int) -> bool:
        """Waits for the turn, or until another number of jobs than `told` comes before; whether it has come."""

        def free() -> bool:
            return len(_at_work) < AT_ONCE and min(_waiting) == self._turn

        with _bell:
            _bell.wait_for(lambda: self._unwanted.is_set() or free() or self.ahead != told)
            if self._unwanted.is_set():
                raise Cancelled
            if not free():
                return False
            del _waiting[self._turn]
            _at_work.add(self._turn)
            _bell.notify_all()
        return True

    def _report(self, share: float) -> None:
        if self._unwanted.is_set():
            raise Cancelled
        self.share = share
        now = time.monotonic()
        if now >= self._told + 0.2:
            self._told = now
            self._changed(self)

    def _become(self, status: str) -> None:
        self.status = status
        self._changed(self)
