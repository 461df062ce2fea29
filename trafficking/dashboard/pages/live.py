"""Live: a sentence, a plot, the receptors of the cell, and the insulin in the reader's hand."""

from __future__ import annotations

import solara

from ..desk import Desk
from ..elements import box, what

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
    "A cell whose top is cut off. Between the outline and the rim of the cut you look at its outer surface; inside lie "
    "the organelles. A dot is an insulin receptor of the running simulation, coloured by the compartment it is in. A "
    "yellow cap is insulin that it has bound; yellow specks outside stand for insulin around the cell, more for a "
    "higher concentration, not to number.",
    "The simulation says in which compartment each receptor is and when it moves. Where in it a dot lies, and the way "
    "it takes, are drawn by your browser and mean nothing. Sizes are not to scale.",
    "Click a dot to follow its life; or reach the cell with Tab, go from dot to dot with the arrow keys, and press "
    "Enter.",
)
LIFE = (
    "The life of the receptor that you picked, from every step that it took in the simulation, not from what the "
    "picture shows. The bar is its life so far, coloured by compartment. A cycle is a return from inside to the "
    "surface."
)
INSULIN = (
    "The insulin around the cell. Move it and the cell answers from the next moment on. The coloured bands are what "
    "human blood holds; beyond 1 nM only experimenters go."
)
FELT = (
    "If this cell were given a dose for a moment, how much signal would it make? The pale curve is the cell at the "
    "level that is 100 % in the sentence on top, the strong one the cell now; the dot is the insulin around it. 100 % "
    "is the pale curve at the highest dose.",
    "Signal = gain · activity · bound / (bound + h), with bound the surface receptors that hold insulin over R0, in "
    "equilibrium with the dose. With h = 0.1 there are receptors to spare: losing half of them shifts the curve "
    "more than it lowers it. Shape and h are assumptions, not measurements.",
)
DECK = (
    "What makes the run go on, and how fast. Guided slows down around a change of insulin and hastens where little "
    "happens; any other speed is so much simulated time in a second of yours. The chip says what the run is doing.",
    "Scenario is what the cell lives through; choosing another begins anew. More has its tissue, the number of "
    "receptors, the seed of its random numbers, drugs, and a log of what you did by hand.",
)


def view(desk: Desk) -> list[solara.Element]:
    """What Live shows, from top to bottom."""
    numbers = box("section", "card numbers-card", [desk.numbers, what(NUMBERS)])
    stage = [
        box("section", "card plot-card", [desk.plot, desk.branching.widget, what(*PLOT)]),
        box("section", "card cell-card", [desk.cell.view, what(*CELL)]),
        numbers,
        box("section", "card life-card", [desk.cell.panel, what(LIFE)]),
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
        box("section", "card deck-card", [desk.controls, what(*DECK)]),
    ]
