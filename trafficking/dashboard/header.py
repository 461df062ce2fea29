"""The top of every page: the program's name and the names of its pages, each a link with an address of its own."""

from __future__ import annotations

from importlib.resources import files

import traitlets

from .hearing import Listener

_STATIC = files("trafficking.dashboard") / "static"


class Header(Listener):
    """`pages` as [address, name], `path` the address that is open; `questions` as [text, address] lead into others.

    The browser sends {"go": address} for a plain click, so that a session goes on; a new tab opens a session anew.
    """

    _esm = (_STATIC / "header.js").read_text(encoding="utf-8")

    tagline = traitlets.Unicode("").tag(sync=True)
    pages = traitlets.List().tag(sync=True)
    questions = traitlets.List().tag(sync=True)
    path = traitlets.Unicode("/").tag(sync=True)
