"""Exposure: insulin over time as the reader wants it, on the cell that Live shows."""

from __future__ import annotations

import solara

from ..desk import Desk
from ..elements import box


@solara.component
def View(desk: Desk) -> None:
    editing = solara.use_memo(desk.edit, [])
    box("div", "exposure", [editing.widget])
