"""A strip of dots, one per sampled receptor, coloured by where the receptor is now."""

from __future__ import annotations

import random
from importlib.resources import files

import anywidget
import numpy as np
import traitlets

_STATIC = files("trafficking.dashboard") / "static"

FREE = 255  # a place without a receptor


class Strip(anywidget.AnyWidget):
    """`dots` has one byte per place: the index of a kind in `kinds`, or 255 where the place is free."""

    _esm = (_STATIC / "strip.js").read_text()

    dots = traitlets.Bytes(b"").tag(sync=True)
    kinds = traitlets.List(traitlets.Unicode()).tag(sync=True)
    text = traitlets.Unicode("").tag(sync=True)


class Seats:
    """Which receptor has which place. A receptor keeps its place for life; a newborn takes a free one.

    Free places are taken in a scattered order, so that what is lost thins the strip out and does not shorten it.
    """

    def __init__(self, places: int) -> None:
        self.places = places
        self._scattered = random.Random(0).sample(range(places), places)
        self._place: dict[int, int] = {}
        self._alive: dict[int, int] = {}

    def arrange(self, identity: np.ndarray, kind: np.ndarray) -> bytes:
        """Seat these receptors and no others.

        Args:
            identity: (k,) who they are; for life, never used twice.
            kind: (k,) uint8, how each is drawn. Receptors that find no free place wait outside.
        """
        self._alive = alive = dict(zip(identity.tolist(), kind.tolist(), strict=True))
        self._place = {who: place for who, place in self._place.items() if who in alive}
        taken = set(self._place.values())
        free = (place for place in self._scattered if place not in taken)
        for who in alive:
            if who not in self._place:
                place = next(free, None)
                if place is None:
                    break
                self._place[who] = place
        row = np.full(self.places, FREE, dtype=np.uint8)
        for who, place in self._place.items():
            row[place] = alive[who]
        return row.tobytes()

    def seated(self) -> list[int]:
        """The kinds of those who have a place."""
        return [self._alive[who] for who in self._place]
