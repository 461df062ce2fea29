"""The itinerary as a diagram, with what passes along each arrow now, and the equation of what was chosen."""

from __future__ import annotations

from dataclasses import asdict
from importlib.resources import files
from typing import Any

import numpy as np
import traitlets

from trafficking.itinerary import Itinerary

from . import drawing
from .hearing import Listener

_STATIC = files("trafficking.dashboard") / "static"


class Diagram(Listener):
    """`plan` is the drawing (see `plan`); `now` has float32: the rate and the flux of each arrow, then the counts.

    chosen: "arrow:NAME", "state:NAME" or "". detail: what is said of it. table: the transitions as rows of text.
    The browser sends {"choose": chosen}.
    """

    _esm = (_STATIC / "diagram.js").read_text(encoding="utf-8")

    plan = traitlets.Dict().tag(sync=True)
    now = traitlets.Bytes(b"").tag(sync=True)
    seq = traitlets.Int(0).tag(sync=True)
    title = traitlets.Unicode("").tag(sync=True)
    chosen = traitlets.Unicode("").tag(sync=True)
    detail = traitlets.Dict().tag(sync=True)


def plan(itinerary: Itinerary) -> dict[str, Any]:
    """What the browser draws: areas, boxes, curves and the lengths that they share."""
    drawn = drawing.draw(itinerary)
    curves = [
        asdict(curve) | {"made": arrow.source is None, "source": arrow.source or "", "target": arrow.target}
        for curve, arrow in zip(drawn.curves, itinerary.transitions, strict=True)
    ]
    return {
        "width": drawing.WIDTH,
        "height": drawn.height,
        "box": list(drawing.BOX),
        "areas": [asdict(area) for area in drawn.areas],
        "boxes": [asdict(box) for box in drawn.boxes],
        "curves": curves,
        "nucleus": list(drawn.nucleus or ()),
    }


def pack(rates: np.ndarray, flux: np.ndarray, counts: np.ndarray) -> bytes:
    """The numbers of a moment as the browser reads them."""
    return np.concatenate([rates, flux, counts]).astype("<f4").tobytes()
