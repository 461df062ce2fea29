"""Live: a sentence, a plot, the receptors of the cell, and the insulin in the reader's hand."""

from __future__ import annotations

import solara

from ..desk import Desk
from ..elements import box


def view(desk: Desk) -> list[solara.Element]:
    """What Live shows, from top to bottom."""
    stage = [
        box("section", "card plot-card", [desk.plot, desk.branching.widget]),
        box("section", "card cell-card", [desk.cell.view]),
        box("section", "card numbers-card", [desk.numbers]),
        box("section", "card life-card", [desk.cell.panel]),
    ]
    return [
        desk.headline,
        box("div", "stage", stage),
        box("section", "card", [desk.dose]),
        box("section", "card", [desk.controls]),
    ]
