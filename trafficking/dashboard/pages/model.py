"""Model: the itinerary of the cell on Live as a diagram, its equations and its constants, which can be changed."""

from __future__ import annotations

import solara

from ..desk import Desk
from ..elements import box, what
from ..model import Model

_WHAT = (
    "Each box is a state that a receptor can be in, in the compartment where it is; the number in it is how many "
    "of the receptors of the run on Live are there now. Each arrow is a way from one state to the next. Its rate "
    "is the chance per minute that one receptor takes it, at the insulin of now; the half-time is how long half "
    "of the receptors would wait if this were their only way. The wider an arrow, the more receptors pass along "
    "it now (the width goes with the square root of receptors per minute). Choose an arrow or a box to see its "
    "equation and where its numbers come from."
)
_CONSTANTS = (
    "Every number of this cell, with the range in which it is believed to lie, where it comes from and how well "
    "it is known: measured (printed in the source), derived (arithmetic on printed numbers), fit (adjusted inside"
    " the range) or assumption (no number was found). Changing one opens the scenario on Live anew, from its "
    "start and with the same seed; the change is part of the run and of every file that it leaves in."
)


@solara.component
def View(desk: Desk) -> None:
    model = desk.keep(Model)
    solara.use_effect(lambda: model.attend(desk), [])
    box(
        "div",
        "place-body model",
        [
            box("section", "card", [what(_WHAT), box("h2", "", ["The itinerary now"]), model.diagram]),
            box("section", "card", [what(_CONSTANTS), box("h2", "", ["Constants"]), model.table]),
        ],
    )
