"""What can be done to a body over a time, as data: its effect, how far that is known, and the course it takes.

Peptides, testosterone and weight loss act on visceral fat, on muscle mass and on what follows the receptor, never on
the receptor itself. Fat and muscle take months; fat drives inflammation (activity a and insult u), muscle scales
disposal. Sizes, intervals, evidence grades and sources are in `data/interventions.toml`. Nothing here is advice.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any, NamedTuple

ARROWS = ("insult", "liver", "secretion", "visceral_fat", "muscle_mass", "glut4")
SLOW = ("visceral_fat", "muscle_mass")
_HARMFUL_WHEN_MORE = ("visceral_fat",)
_WIDTHS = 2.0 * 1.96  # standard deviations between the ends of a 95 % range


@dataclass(frozen=True)
class Intervention:
    """One row. acts: middle, low and high of what each arrow is multiplied by (95 % range, log-normal)."""

    name: str
    title: str
    acts: Mapping[str, Sequence[float]]
    seen: str
    grade: str
    source: str
    note: str

    def sizes(self, deviate: float = 0.0) -> dict[str, float]:
        """What each arrow is multiplied by, `deviate` standard deviations from the middle towards benefit."""
        found = {}
        for arrow, (middle, low, high) in self.acts.items():
            way = -1.0 if arrow in _HARMFUL_WHEN_MORE else 1.0
            found[arrow] = middle * math.exp(way * deviate * math.log(high / low) / _WIDTHS)
        return found


class Given(NamedTuple):
    """An intervention from start to stop, days."""

    intervention: Intervention
    start_d: float
    stop_d: float
    deviate: float


@lru_cache
def _data() -> dict[str, Any]:
    return tomllib.loads(files("trafficking").joinpath("data", "interventions.toml").read_text(encoding="utf-8"))


@lru_cache
def interventions() -> Mapping[str, Intervention]:
    """All interventions by name."""
    return {name: Intervention(name=name, **entry) for name, entry in _data().items() if name != "arrows"}


def arrow(name: str) -> float:
    """A constant of the arrows from fat and muscle to the body."""
    return _data()["arrows"][name]["value"]


def arrows() -> Mapping[str, Mapping[str, Any]]:
    """value, status and meaning of each of those constants."""
    return _data()["arrows"]


def course(given: Sequence[Given], day: float) -> dict[str, float]:
    """What each arrow is multiplied by on a day; 1 without interventions.

    Slow arrows relax, in their logarithm, to what is given now and back when it stops; the others follow at once.
    """
    logs = dict.fromkeys(ARROWS, 0.0)
    for each in given:
        if day < each.start_d:
            continue
        for name, size in each.intervention.sizes(each.deviate).items():
            logs[name] += math.log(size) * (_reached(each, day) if name in SLOW else float(day < each.stop_d))
    return {name: math.exp(value) for name, value in logs.items()}


def _reached(given: Given, day: float) -> float:
    """Share of a slow effect that is there."""
    months = arrow("months_d")
    risen = 1.0 - math.exp(-(min(day, given.stop_d) - given.start_d) / months)
    return risen * math.exp(-max(day - given.stop_d, 0.0) / months)
