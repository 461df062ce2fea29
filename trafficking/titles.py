"""Titles of scenarios that differ from their file: the title says what was changed.

Figures, tables and pages then never show an outdated title.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from trafficking import units

LONGEST = 200  # letters
_STEERED = re.compile(r"(?P<title>.*), steered from (?P<time>.+?) on", re.DOTALL)
_MOST_CHANGES = 3  # that are named


def steered(title: str, at_min: float) -> str:
    """The title of a scenario steered by hand from a minute on: "A day in insulin, steered from 2 h on".

    If it is steered again, the first time stays.
    """
    if known := _STEERED.fullmatch(title):
        title, at_min = known["title"], min(at_min, _minutes(known["time"], at_min))
    return _ended(title, f", steered from {_time(at_min)} on")


def lasting(title: str, duration_min: float, planned_min: float) -> str:
    """The title of a scenario that was cut at a minute, or continues beyond its plan."""
    if duration_min < planned_min:
        return _ended(title, f", the first {_time(duration_min)}")
    return _ended(title, f", held up to {_time(duration_min)}")


def changed(title: str, changes: Mapping[str, str]) -> str:
    """The title of a scenario with some values replaced; changes: text by the path of the key."""
    named = [f"{key} = {' '.join(str(value).split())[:40]}" for key, value in list(changes.items())[:_MOST_CHANGES]]
    if len(changes) > _MOST_CHANGES:
        named.append(f"and {len(changes) - _MOST_CHANGES} more")
    said = "".join(letter for letter in ", ".join(named) if letter.isprintable())
    return _ended(title, f", changed: {said}")


def _ended(title: str, end: str) -> str:
    return f"{title[: max(LONGEST - len(end), 0)]}{end}"[:LONGEST]


def _time(minutes: float) -> str:
    return units.friendly(minutes, "time") if minutes else "the start"


def _minutes(text: str, otherwise: float) -> float:
    try:
        return units.parse(text, "time")
    except ValueError:
        return 0.0 if text == "the start" else otherwise
