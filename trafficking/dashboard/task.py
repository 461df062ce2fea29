"""What a page computes: one job at a time, which goes ahead while the page is open, and what stands in its place."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from importlib.resources import files
from typing import Any, Generic

import traitlets

from .budget import Budget
from .hearing import Listener
from .jobs import Job, Progress, Result, said

_STATIC = files("trafficking.dashboard") / "static"


class Coming(Listener):
    """Stands where an answer will be, and says how far it is; the same one may stand in many cards.

    state: shown (until there is an answer), busy, share, title, words. The browser sends {"again": true}.
    """

    _esm = (_STATIC / "coming.js").read_text(encoding="utf-8")

    state = traitlets.Dict({"shown": True, "busy": True, "share": 0.0, "title": "", "words": ""}).tag(sync=True)

    def follow(self, job: Job[Any], *, there: bool) -> None:
        """Shows how far a job is, unless the answer is there."""
        title = "Comes when computed" if job.going else "Not computed"
        words = f"It stopped: {job.fault}" if job.status == "failed" else said(job)
        self.state = {"shown": not there, "busy": job.going, "share": job.share, "title": title, "words": words}


class Task(Generic[Result]):
    """The job of a page. `changed` is called as that of a `Job`."""

    def __init__(self, changed: Callable[[Job[Result]], None]) -> None:
        self.job: Job[Result] | None = None
        self.coming = Coming()
        self._changed = changed
        self._latest: tuple[Callable[[Progress], Result], Collection[str], Mapping[str, Any] | None] | None = None
        self._left = False
        self.budget: Budget | None = None  # of the session whose page it is
        self.coming.listen(lambda message: self.again() if message.get("again") else None)

    def start(
        self, work: Callable[[Progress], Result], *, needs: Collection[str], asked: Mapping[str, Any] | None = None
    ) -> bool:
        """Begins this work, with the parts of compiled code that it needs, unless there is some under way.

        Args:
            asked: the values of the form that it is the answer to; they stay with it.

        Returns:
            Whether it was begun.
        """
        if self.job is not None and self.job.going:  # its button is off: nobody asked by hand
            return False
        self._latest = work, needs, asked
        self.job = Job(work, changed=self._changed, needs=needs, left=self._left, asked=asked, budget=self.budget)
        return True

    def again(self) -> None:
        """Begins the latest work anew."""
        if self._latest is not None:
            work, needs, asked = self._latest
            self.start(work, needs=needs, asked=asked)

    def cancel(self) -> None:
        if self.job is not None:
            self.job.cancel()

    def look(self, seen: bool) -> None:
        """Whether somebody looks at the page."""
        self._left = not seen
        if self.job is not None:
            self.job.left = self._left


def in_view(task: Task[Any], elsewhere: Any, begin: Callable[[], None] = lambda: None) -> Callable[[], None]:
    """An effect of a page that is opened: its task goes ahead, that of Live (`elsewhere`) does not; returns its end."""

    def leave() -> None:
        task.look(False)
        elsewhere.look(True)

    elsewhere.look(False)
    task.look(True)
    begin()
    return leave
