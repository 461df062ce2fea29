"""What stands in the browser's address: the id of the run, so that a reload finds it. Links to copy; the tab's id."""

from __future__ import annotations

from importlib.resources import files

import traitlets

from .hearing import Listener

_STATIC = files("trafficking.dashboard") / "static"

# How the id of another run comes into the address: as a step of the browser's history, which its Back button undoes; in
# the place of what the address asked for; or with the step to Live that the page is about to take.
STEP, INSTEAD, TRAVEL = "step", "instead", "travel"


class Address(Listener):
    """`placed` is [count, run, way] of the last id of a run that was put into the address.

    `link` is [count, text] of the last link asked for: the browser puts its own address before it and copies it. It
    sends {"back": id} where its history led to the address of another run, and {"tab": id} at first: an id that a
    reload does not change, "" where the browser keeps nothing.
    """

    _esm = (_STATIC / "address.js").read_text(encoding="utf-8")

    placed = traitlets.List().tag(sync=True)
    link = traitlets.List().tag(sync=True)

    def place(self, run: str, way: str) -> None:
        """Puts the id of a run into the address."""
        self.placed = [self.placed[0] + 1 if self.placed else 1, run, way]

    def offer(self, text: str) -> None:
        """Gives the reader a link to copy."""
        self.link = [self.link[0] + 1 if self.link else 1, text]
