"""What stands in the browser's address: the id of the run, so that a reload finds it, and links that are copied."""

from __future__ import annotations

from importlib.resources import files

import anywidget
import traitlets

_STATIC = files("trafficking.dashboard") / "static"


class Address(anywidget.AnyWidget):
    """`run` takes the place of whatever the address asked for, without a step in the browser's history.

    `link` is [count, text] of the last link asked for: the browser puts its own address before it and copies it.
    """

    _esm = (_STATIC / "address.js").read_text(encoding="utf-8")

    run = traitlets.Unicode("").tag(sync=True)
    link = traitlets.List().tag(sync=True)

    def offer(self, text: str) -> None:
        """Gives the reader a link to copy."""
        self.link = [self.link[0] + 1 if self.link else 1, text]
