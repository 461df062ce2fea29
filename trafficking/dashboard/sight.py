"""What of a run its reader has in view: kept and linked with it, and never part of its numbers.

It comes from browsers, from files and from links, so `Sight.of` reads it: what is not as it should be is left out.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

PANELS = ("hour", "whole")
_MOST_LINES, _LONGEST_KEY = 32, 40
_FURTHEST_MIN = 1e9
_IDENTITIES = 2**64


@dataclass(frozen=True)
class Sight:
    """hidden: keys of lines that are put away. logarithmic: whether the axis of receptors is.

    zoom: (panel, from, to) of each panel of which a part is shown, in minutes on its own axis. followed: the identity
    of the receptor whose life is told, if any.
    """

    hidden: tuple[str, ...] = ()
    logarithmic: bool = False
    zoom: tuple[tuple[str, float, float], ...] = ()
    followed: int | None = None

    @classmethod
    def of(cls, given: Any) -> Sight:
        """Reads what `to_dict` gave, or anything else."""
        if not isinstance(given, Mapping):
            return cls()
        hidden, zoom, followed = given.get("hidden"), given.get("zoom"), given.get("followed")
        lines = hidden[:_MOST_LINES] if isinstance(hidden, list | tuple) else ()
        parts = zoom if isinstance(zoom, Mapping) else {}
        known = isinstance(followed, int) and not isinstance(followed, bool) and 0 <= followed < _IDENTITIES
        return cls(
            hidden=tuple(key for key in lines if isinstance(key, str) and len(key) <= _LONGEST_KEY),
            logarithmic=given.get("logarithmic") is True,
            zoom=tuple((panel, *part) for panel in PANELS if (part := _part(parts.get(panel)))),
            followed=followed if known else None,
        )

    def to_dict(self) -> dict[str, Any]:
        """As lists and tables; what is as at first is left out, since a link has few letters."""
        found = {
            "hidden": list(self.hidden),
            "logarithmic": self.logarithmic,
            "zoom": self.parts,
            "followed": self.followed,
        }
        return {name: value for name, value in found.items() if value not in ([], False, {}, None)}

    @property
    def parts(self) -> dict[str, list[float]]:
        """The zoom as the plot has it: [from, to] by panel."""
        return {panel: [start, end] for panel, start, end in self.zoom}

    def of_another_run(self) -> Sight:
        """What stays when another run is opened: how lines are drawn, but neither its times nor its receptors."""
        return replace(self, zoom=(), followed=None)


def _part(given: Any) -> tuple[float, float] | None:
    if not isinstance(given, list | tuple) or len(given) != 2:
        return None
    if not all(isinstance(end, int | float) and math.isfinite(end) and abs(end) < _FURTHEST_MIN for end in given):
        return None
    return (float(given[0]), float(given[1])) if given[0] < given[1] else None
