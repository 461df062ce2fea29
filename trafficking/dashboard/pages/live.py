"""Live: a sentence, a plot, the receptors of the cell, and the insulin in the reader's hand."""

from __future__ import annotations

import solara

from ..desk import DOTS, Desk
from ..elements import box

CELL_CAPTION = f"{DOTS} receptors of this cell, a dot each, coloured by where it is"


def view(desk: Desk) -> list[solara.Element]:
    """What Live shows, from top to bottom."""
    cell = box("section", "card cell", [box("p", "cell-caption", [CELL_CAPTION]), desk.strip])
    numbers = box("section", "card", [desk.numbers])
    stage = [box("section", "card plot-card", [desk.plot]), box("aside", "aside", [numbers, cell])]
    return [
        desk.headline,
        box("div", "stage", stage),
        box("section", "card", [desk.dose]),
        box("section", "card", [desk.controls]),
    ]
