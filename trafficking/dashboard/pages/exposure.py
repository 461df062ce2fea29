"""Exposure: insulin over time as the reader wants it, on the cell that Live shows."""

from __future__ import annotations

import solara

from ..desk import Desk
from ..editor import Editing
from ..elements import box, what_in


@solara.component
def View(desk: Desk) -> None:
    def opened() -> Editing:
        editing = desk.edit()
        editing.widget.asked = _ASKED
        return editing

    box("div", "exposure", [solara.use_memo(opened, []).widget])


_ASKED = what_in(
    protocol=(
        "A scenario of your own: the cell of the run on Live, in insulin as you lay it out below. Run it opens it on "
        "Live from its start, with the same seed. Saved as a file it can be opened here again, or run by “trafficking "
        "run”.",
        "Nothing here moves the run on Live before you press Run it.",
    ),
    curve=(
        "Insulin around the cell over the whole protocol, in nM, with the numbers of the segments above. Dashed lines "
        "are where one segment ends and the next begins. On the logarithmic axis “none” stands apart, since no insulin"
        " has no place there.",
        "It is what the cell is given, not what the cell makes of it: that is for Live to show.",
    ),
    segments=(
        "The protocol piece by piece, in the order in which the cell lives through it. Constant holds one "
        "concentration, ramp goes evenly from one to another, pulses and meals come again and again, oscillation is a "
        "wave, washout is no insulin.",
        "A recorded series is a table of times and concentrations that you measured; between two rows insulin goes "
        "along a straight line.",
    ),
)
