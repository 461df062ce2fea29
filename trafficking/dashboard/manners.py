"""Good manners: the View menu (theme, lecture view, motion, keys) and the tour. Both live in the browser alone."""

from __future__ import annotations

from importlib.resources import files

import anywidget
import traitlets

from .hearing import Listener, whole

_STATIC = files("trafficking.dashboard") / "static"

# Each step lights a panel of Live and says what it is.
STEPS = (
    {
        "panel": ".live .sentence",
        "title": "One sentence says it all",
        "text": "How many insulin receptors the cell still has at its surface, beside how many it had, and "
        "what insulin did it. The line below gives two half-times: how fast receptors are hidden, and how fast they "
        "are lost.",
    },
    {
        "panel": ".live .plot-card",
        "title": "Two clocks",
        "text": "Each line counts the receptors in one place of the cell. On the left the hour after insulin changed: "
        "receptors move inside. On the right the whole run: they are destroyed faster than they are made.",
    },
    {
        "panel": ".live .cell-card",
        "title": "Every dot is a receptor",
        "text": "Each receptor of the cell is simulated by itself. Its colour is that of its line in the plot: where "
        "it is now.",
    },
    {
        "panel": ".live .dose-card",
        "title": "The insulin is in your hand",
        "text": "Move it, and the cell answers from the next moment on. The coloured bands say what blood holds when "
        "fasting and after a meal; doses beyond that are given by experimenters.",
    },
    {
        "panel": ".live .deck-card",
        "title": "Play, choose, take it home",
        "text": "Play and pause, choose another scenario, download what is plotted or the whole run. More has the "
        "rest: tissue, number of receptors, seed, and a log of what you changed.",
    },
)


class Manners(Listener):
    """The View menu, the list of keys, what the keys do, and whether the server answers.

    The browser sends {"there": n} while it has heard nothing for a second, and `there` becomes n.
    """

    _esm = "\n".join((_STATIC / name).read_text(encoding="utf-8") for name in ("silence.js", "manners.js"))

    there = traitlets.Int(0).tag(sync=True)

    def __init__(self) -> None:
        super().__init__()
        self.listen(lambda message: setattr(self, "there", whole(message, "there")))


class Tour(anywidget.AnyWidget):
    """Five steps through Live; `steps` as {"panel": CSS selector, "title": ..., "text": ...}."""

    _esm = (_STATIC / "tour.js").read_text(encoding="utf-8")

    steps = traitlets.List(list(STEPS)).tag(sync=True)
