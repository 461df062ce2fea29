"""Buttons, lists and the drawer. The page is told what was asked for; what it means is the runner's business."""

from __future__ import annotations

from importlib.resources import files

import traitlets

from .hearing import Listener

_STATIC = files("trafficking.dashboard") / "static"


class Controls(Listener):
    """`state` is all that the buttons show; the browser sends {"do": name, ...} for each thing asked for."""

    _esm = (_STATIC / "controls.js").read_text(encoding="utf-8")

    state = traitlets.Dict().tag(sync=True)
