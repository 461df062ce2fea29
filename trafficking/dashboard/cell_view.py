"""The drawn cell: a dot per receptor, between the surface, endosomes and lysosomes, and one of them followed.

The server says in which state each receptor is, a byte each, a few times a second; where dots are in between, and how
they get there, is the browser's. Positions within a compartment mean nothing.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib.resources import files
from typing import Any

import numpy as np
import traitlets

from trafficking.itinerary import Itinerary

from . import words
from .hearing import Listener, whole
from .life import NAMES, PLACES, Life
from .places import Crowd, Places, Proportions
from .runner import Moment, Scene
from .scenes import unusual

_STATIC = files("trafficking.dashboard") / "static" / "cell"
SHEET = ("shapes", "scenery", "labels", "ferries", "swarm", "paint", "sheet")  # all that draws a cell
PAGE = (*SHEET, "webm", "film", "picking", "view")
FILM = (*SHEET, "studio")  # in a worker, where there is no page


def _script(parts: tuple[str, ...]) -> str:
    return "\n".join((_STATIC / f"{part}.js").read_text(encoding="utf-8") for part in parts)


class CellView(Listener):
    """`dots` has one byte per place: the index of a state in `kinds`, or 255 where the place is free.

    kinds: {key, name, bound} of each state; key: its compartment, as the page's colours name it. place: of the receptor
    that is followed, or -1. pickable: whether dots are receptors that can be followed. insulin: 0 to 1, how much there
    is around the cell, on the logarithmic scale of the slider. The browser sends {"pick": place}, {"random": true},
    {"drop": true} and {"seen": bool}.
    """

    _esm = f"{_script(PAGE)}\nconst STUDIO = {json.dumps(_script(FILM))};\n"

    dots = traitlets.Bytes(b"").tag(sync=True)
    kinds = traitlets.List().tag(sync=True)
    place = traitlets.Int(-1).tag(sync=True)
    pickable = traitlets.Bool(False).tag(sync=True)
    insulin = traitlets.Float(0.0).tag(sync=True)
    share = traitlets.Float(1.0, help="the chance of each receptor to be among the dots").tag(sync=True)
    numbers = traitlets.Dict(help="receptors, by key; bound: those with insulin, wherever they are").tag(sync=True)
    caption = traitlets.Unicode("").tag(sync=True)
    clock = traitlets.Unicode("").tag(sync=True)
    text = traitlets.Unicode("").tag(sync=True)
    name = traitlets.Unicode("cell", help="of the files that are saved").tag(sync=True)
    run = traitlets.Int(-1).tag(sync=True)


class LifePanel(Listener):
    """The followed receptor, as `Life.panel` has it; empty where there is none. The browser sends {"drop": true}."""

    _esm = (_STATIC / "life.js").read_text(encoding="utf-8")

    panel = traitlets.Dict().tag(sync=True)


class Cell:
    """The two widgets of one session, and who sits where in them."""

    def __init__(self) -> None:
        self.view, self.panel = CellView(), LifePanel()
        self._places, self._shares = Places(), Proportions()
        self._crowd: Crowd | None = None
        self._itinerary: Itinerary | None = None
        self._lot = np.random.default_rng(1)  # whom the button takes; no part of the run

    def listen(self, hear: Callable[[dict], None]) -> None:
        """Call `hear` with every message of either widget."""
        self.view.listen(hear)
        self.panel.listen(hear)

    def chosen(self, message: dict) -> int | None:
        """The receptor that a message of the browser picks; None: nobody."""
        if "pick" in message:
            return self._places.receptor_at(whole(message, "pick"))
        if message.get("random") and self._crowd is not None and len(self._crowd.identities):
            return int(self._lot.choice(self._crowd.identities))
        return None

    def begin(self) -> None:
        """Another run."""
        self._places, self._shares, self._crowd = Places(), Proportions(), None
        self.panel.panel = {}

    def show(self, scene: Scene, moment: Moment) -> None:
        """Puts a scene into the widgets."""
        itinerary = scene.scenario.itinerary
        crowd = moment.crowd
        with self.view.hold_sync():
            if crowd is not None:
                self._seat(crowd, itinerary, scene)
            self.view.insulin = strength(moment.insulin_nM)
            acting = [words.insulin(moment.insulin_nM), *words.acting(unusual(scene.levels))]
            self.view.name = f"{scene.scenario.name}{'-steered' if scene.steering else ''}-seed{scene.seed}"
            self.view.clock = " · ".join([words.span(scene.time_min), *acting])
            place = -1 if moment.followed is None else self._places.place_of(moment.followed.identity)
            self.view.place = place
        if moment.followed is None:
            self.panel.panel = {}
        elif crowd is not None or self.panel.panel.get("told", 0.0) < 1.0:
            seen = None if place < 0 or not self.view.dots else self.view.dots[place]
            life = Life(moment.followed, itinerary, scene.time_min)
            self.panel.panel = life.panel(place=place, seen_as=seen)

    def _seat(self, crowd: Crowd, itinerary: Itinerary, scene: Scene) -> None:
        self._crowd = crowd
        single = scene.scenario.resolution == "agents"
        if itinerary is not self._itinerary or scene.number != self.view.run:
            self._itinerary = itinerary
            self.view.kinds = kinds(itinerary)
            self.view.run = scene.number
        self.view.dots = self._places.arrange(crowd) if single else self._shares.arrange(crowd.counts, ~itinerary.out)
        shown = len(self.view.dots) - self.view.dots.count(255)
        self.view.pickable = single
        self.view.share, self.view.numbers = crowd.share, numbers(crowd.counts, itinerary)
        self.view.caption = caption(shown, crowd.alive, single=single)
        self.view.text = text(crowd.counts, itinerary, scene.time_min)


def kinds(itinerary: Itinerary) -> list[dict[str, Any]]:
    """{key, name, bound} of each state."""
    return [
        {"key": PLACES[state.compartment][0], "name": state.name.replace("_", " "), "bound": state.bound}
        for state in itinerary.states
    ]


def numbers(counts: np.ndarray, itinerary: Itinerary) -> dict[str, int]:
    """Receptors by the key of their compartment, and of all of those the ones with insulin bound."""
    found = {"bound": round(float(counts[~itinerary.out & itinerary.bound].sum()))}
    for kind, count in zip(kinds(itinerary), counts.tolist(), strict=True):
        found[kind["key"]] = found.get(kind["key"], 0) + round(count)
    return found


def strength(insulin_nM: float) -> float:
    """Where insulin lies between 0.001 and 1,000 nM on a logarithmic scale, 0 to 1; 0 for less."""
    return 0.0 if insulin_nM <= 1e-3 else float(min(np.log10(insulin_nM * 1e3) / 6.0, 1.0))


def caption(shown: int, alive: int, *, single: bool) -> str:
    """What a dot is, and whether all receptors have one.

    Args:
        shown: dots. alive: receptors of the run. single: whether a dot is a receptor.
    """
    if not single:
        return f"{shown:,} dots in proportion to numbers: this run has no single receptors."
    if shown == alive:
        return f"All {alive:,} receptors, a dot each."
    return f"A random part: {shown:,} of {alive:,} receptors, a dot each."


def text(counts: np.ndarray, itinerary: Itinerary, time_min: float) -> str:
    """The picture for those who cannot see it."""
    parts = []
    for key, name in NAMES.items():
        here = np.array([PLACES[state.compartment][0] == key for state in itinerary.states])
        if here.any():
            bound = counts[here & itinerary.bound].sum()
            with_it = f" ({bound:,.0f} with insulin bound)" if (here & itinerary.bound).any() else ""
            parts.append(f"{name.lower()} {counts[here].sum():,.0f}{with_it}")
    return f"Drawn cell after {words.span(time_min)}. Receptors: {', '.join(parts)}."
