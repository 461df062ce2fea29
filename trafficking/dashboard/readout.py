"""The sentence on top and the numbers beside the plot, which are its legend too."""

from __future__ import annotations

from importlib.resources import files

import anywidget
import traitlets

_STATIC = files("trafficking.dashboard") / "static"


class Headline(anywidget.AnyWidget):
    """One sentence, always true: `parts` (the second is set in bold), `detail`, a quieter line, and a `remark`."""

    _esm = (_STATIC / "sentence.js").read_text(encoding="utf-8")

    parts = traitlets.List(traitlets.Unicode()).tag(sync=True)
    detail = traitlets.Unicode("").tag(sync=True)
    remark = traitlets.Unicode("").tag(sync=True)


class Numbers(anywidget.AnyWidget):
    """A row per line of the plot: `lines` as the plot has them, `values` as [receptors, percent].

    A row is a button that hides and shows its line. `notes` say what else the plot shows: a band, measured points.
    """

    _esm = (_STATIC / "numbers.js").read_text(encoding="utf-8")

    lines = traitlets.List().tag(sync=True)
    values = traitlets.List().tag(sync=True)
    base = traitlets.Unicode("").tag(sync=True)
    hidden = traitlets.List(traitlets.Unicode(), help="keys of the lines that are not shown").tag(sync=True)
    logarithmic = traitlets.Bool(False, help="whether the plot's axis of receptors is").tag(sync=True)
    notes = traitlets.List(traitlets.Unicode()).tag(sync=True)
