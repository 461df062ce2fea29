"""What keeps the runs of one session on disk, each under an id of its own, while it is their only writer.

A run whose id is asked for while somebody has it: a viewer who is there keeps it, and who asks gets a copy; a page that
no longer answers gives it up.
"""

from __future__ import annotations

import math
import threading
import time
from typing import Protocol

from . import kept_runs
from .kept import Kept, KeptError

EVERY_S = 10.0  # at most so much of a running run is lost with the server
SOON_S = 1.0  # between two writings of a run at rest
SHARE = 0.02  # of the time goes into writing, at most
GIVE_UP_S = 10.0  # for a page that is closing to write its run

COPY = "This run is open in another tab, so this is a copy of it: what you do here changes only the copy."
ELSEWHERE = "This run is open in another dashboard, so this is a copy of it as it was last kept."
BUSY = "it is open in another tab, which is still computing; try again when that is done"
OLD = "This run was kept by trafficking {0}; it was computed again by {1}, and its numbers may differ."


class Holder(Protocol):
    """Whoever has a run: the runner of a session."""

    def watched(self) -> bool: ...
    def kept(self) -> Kept | None: ...
    def hand_over(self) -> None: ...


_holders: dict[str, Holder] = {}
_guard = threading.Lock()


class Keeping:
    """The keeper of one session's runs. Its methods are called in its runner's thread.

    run_id: of the present run, "" before there is one. fault: why it cannot be kept, "" while it can.
    """

    def __init__(self, session: object = None) -> None:
        """session: whose share of the room on disk its runs take."""
        self.run_id = self.fault = ""
        self._session = session
        self._claim: kept_runs.Claim | None = None
        self._written: object = None
        self._written_at, self._pause_s = -math.inf, EVERY_S

    def begin(self, holder: Holder) -> None:
        """From here on the run is another: it gets an id of its own."""
        self.close()
        self._have(kept_runs.new_id(), holder)

    def take_up(self, run_id: str, holder: Holder) -> tuple[Kept, str]:
        """The run of this id, or a copy of it, and a sentence to say with it.

        Raises:
            KeptError: there is none, or it cannot be read.
        """
        self.close()
        kept, note = None, ""
        try:
            self._claim_of(run_id, holder)
        except kept_runs.Taken:
            other = _holders.get(run_id)
            kept, note = (other.kept(), COPY) if other is not None else (None, ELSEWHERE)
            if other is not None and kept is None:
                raise KeptError(BUSY) from None
            self._have(kept_runs.new_id(), holder)
        kept = kept or kept_runs.load(run_id)
        return kept, note if kept.ours else OLD.format(kept.version, Kept.version)

    def due_s(self, state: object, *, running: bool) -> float | None:
        """Seconds until the run is to be written; None while it is on disk as it is.

        Args:
            state: what tells the run as it is now from what was written.
        """
        if self._claim is None or state == self._written:
            return None
        return max(self._written_at + (self._pause_s if running else SOON_S) - time.monotonic(), 0.0)

    def write(self, kept: Kept, state: object, *, began: float) -> None:
        """Puts the run on disk; where that fails, what was kept before stays and `fault` says why.

        Args:
            began: when its snapshot was begun, on the monotonic clock.
        """
        if self._claim is None:
            return
        try:
            self._claim.write(kept)
            self.fault = ""
        except OSError as fault:
            self.fault = f"This run cannot be kept on disk: {fault.strerror or fault}."
        self._written, self._written_at = state, time.monotonic()
        self._pause_s = max(EVERY_S, (self._written_at - began) / SHARE)

    def close(self) -> None:
        """Gives the run up: others may have it."""
        with _guard:
            if self._claim is not None:
                _holders.pop(self.run_id, None)
                self._claim.release()
        self._claim, self._written, self._written_at = None, None, -math.inf

    def _have(self, run_id: str, holder: Holder) -> None:
        try:
            with _guard:
                self._claim = kept_runs.Claim(run_id, self._session)
                _holders[run_id] = holder
            self.fault = ""
        except OSError as fault:
            self.fault = f"Runs cannot be kept on disk: {kept_runs.folder()}: {fault.strerror or fault}."
        self.run_id = run_id

    def _claim_of(self, run_id: str, holder: Holder) -> None:
        """Claims an id, also from a page that no longer answers; Taken where somebody watches the run."""
        end, asked = time.monotonic() + GIVE_UP_S, False
        while True:
            other = _holders.get(run_id)
            if other is not None and not asked:
                if other.watched():
                    raise kept_runs.Taken(run_id)
                other.hand_over()
                asked = True
            try:
                return self._have(run_id, holder)
            except kept_runs.Taken:
                if other is None or time.monotonic() > end:
                    raise
            time.sleep(0.05)


def all_given_up(within_s: float) -> bool:
    """Waits until no session has a run any more, as when the server ends; whether it came to that."""
    end = time.monotonic() + within_s
    while _holders and time.monotonic() < end:
        time.sleep(0.02)
    return not _holders
