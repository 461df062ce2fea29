"""Live: a sentence, a plot, the receptors of the cell, and the insulin in the reader's hand."""

from __future__ import annotations

import solara

from ..desk import DOTS, Desk
from ..elements import box, what

CELL_CAPTION = f"{DOTS} receptors of this cell, a dot each, coloured by where it is"

FELT_TITLE = "What this cell would feel"

PLOT = (
    "Time runs to the right; each line counts the cell's receptors in one place. Left: the hour around a change of "
    "insulin. Right: the whole run. The left scale is in percent of the reference, the right one in receptors; the "
    "strip below is insulin, on a logarithmic scale.",
    "Drag to zoom, double click or Escape for the whole; + and − zoom as well. Point at a line for its values.",
)
NUMBERS = (
    "What the lines of the plot say at this moment, and which line is which. A row is a button: press it to hide or "
    "show its line. Surface receptors can bind insulin; those inside cannot, and may come back or be destroyed."
)
CELL = (
    "A sample of the receptors, each simulated by itself. A dot keeps its place for life; its colour says where the "
    "receptor is now, and a free place is one whose receptor has been destroyed."
)
INSULIN = (
    "The insulin around the cell. Move it and the cell answers from the next moment on. The coloured bands are what "
    "human blood holds; beyond 1 nM only experimenters go."
)
FELT = (
    "If this cell were given a dose for a moment, how much signal would it make? The pale curve is the cell at the "
    "start, the strong one the cell now; the dot is the insulin around it. 100 % is the start at the highest dose.",
    "Signal = gain · activity · bound / (bound + h), with bound the surface receptors that hold insulin over R0, in "
    "equilibrium with the dose. With h = 0.1 there are receptors to spare: losing half of them shifts the curve "
    "more than it lowers it. Shape and h are assumptions, not measurements.",
)


def view(desk: Desk) -> list[solara.Element]:
    """What Live shows, from top to bottom."""
    cell = box("section", "card cell", [box("p", "cell-caption", [CELL_CAPTION]), desk.strip, what(CELL)])
    numbers = box("section", "card numbers-card", [desk.numbers, what(NUMBERS)])
    stage = [
        box("section", "card plot-card", [desk.plot, desk.branching.widget, what(*PLOT)]),
        box("aside", "aside", [numbers, cell]),
    ]
    return [
        desk.headline,
        box("div", "stage", stage),
        box(
            "div",
            "hands",
            [
                box("section", "card dose-card", [desk.dose, what(INSULIN)]),
                box("section", "card felt-card", [box("h2", "felt-title", [FELT_TITLE]), desk.felt, what(*FELT)]),
            ],
        ),
        box("section", "card deck-card", [desk.controls]),
    ]
