"""The life of one receptor for the panel beside the cell: where it has been, for how long, and how it ended.

Built from every one of its steps, so that what the panel says is what the run did, not what was seen a few times a
second.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from typing import Any, NamedTuple

from trafficking.biography import MADE
from trafficking.identity import identity_text
from trafficking.itinerary import Itinerary

from . import words
from .viewing import Followed

PLACES = {
    "membrane": ("surface", "At the surface"),
    "early_endosome": ("early_endosome", "In an early endosome"),
    "recycling": ("recycling", "In the recycling endosome"),
    "lysosome": ("lysosome", "In a lysosome"),
    "biosynthetic": ("biosynthetic", "Being made: not yet at the surface"),
    "out": ("out", "Destroyed"),
}
NAMES = {
    "surface": "Surface",
    "early_endosome": "Early endosome",
    "recycling": "Recycling",
    "lysosome": "Lysosome",
    "biosynthetic": "Being made",
}
MOST_STEPS = 12  # that are listed, the latest first
MOST_PIECES = 240  # of the bar; shorter ones are joined


class Stay(NamedTuple):
    """In a state, or a compartment, from one time to another (min)."""

    where: Any
    from_min: float
    to_min: float


@dataclass(frozen=True)
class Life:
    """A followed receptor of a run of this itinerary that has come to `time_min`."""

    followed: Followed
    itinerary: Itinerary
    time_min: float

    @cached_property
    def stays(self) -> list[Stay]:
        """In states, one after another; the last lasts until now, or is the last before its end."""
        steps = self.followed.steps
        marks = [] if self.followed.first_state is None else [(0.0, self.followed.first_state)]
        marks += [(step.time_min, step.target) for step in steps]
        ends = [time for time, _ in marks[1:]] + [self.followed.told_min] * bool(marks)  # none before it is made
        return [Stay(state, start, end) for (start, state), end in zip(marks, ends, strict=True) if self._is_in(state)]

    @cached_property
    def visits(self) -> list[Stay]:
        """In compartments, by the key of each: stays there that follow each other are one."""
        return [
            Stay(key, same[0].from_min, same[-1].to_min)
            for key, same in (
                (key, list(group)) for key, group in groupby(self.stays, lambda stay: self.key(stay.where))
            )
        ]

    @cached_property
    def cycles(self) -> int:
        """Returns from inside to the surface."""
        states = self.itinerary.states
        return sum(
            step.source != MADE
            and step.target < len(states)
            and states[step.target].compartment == "membrane"
            and states[step.source].compartment in ("early_endosome", "recycling")
            for step in self.followed.steps
        )

    @cached_property
    def ended_min(self) -> float | None:
        steps = self.followed.steps
        return steps[-1].time_min if steps and not self._is_in(steps[-1].target) else None

    @property
    def born_min(self) -> float | None:
        """None if it is older than the run, or was not born as far as its life has been told."""
        return self.followed.steps[0].time_min if self.followed.first_state is None and self.followed.steps else None

    def key(self, state: int) -> str:
        """The compartment of a state as the page's colours name it."""
        return PLACES[self.itinerary.states[state].compartment][0]

    def panel(self, *, place: int, seen_as: int | None) -> dict[str, Any]:
        """What the panel shows.

        Args:
            place: of its dot; -1 if it has none. seen_as: the state in which the crowd has it, if its past is unknown.
        """
        who = self.followed
        shown: dict[str, Any] = {"name": identity_text(who.identity), "place": place, "note": who.unknown}
        if who.unknown or not self.stays:
            unborn = not who.unknown and who.told_min >= self.time_min  # as after a way back to before it was made
            now = "Not made yet" if unborn else "" if seen_as is None else self._where(seen_as)
            told = 1.0 if who.unknown or unborn else 0.0
            return shown | {"born": "", "facts": [["Now", now]], "told": told, "bar": [], "rows": [], "steps": []}
        return shown | {
            "born": self._born,
            "facts": self._facts,
            "told": 1.0 if self.time_min <= 0.0 else who.told_min / self.time_min,
            "bar": self.bar,
            "rows": self.rows,
            "steps": self._latest,
        }

    @property
    def bar(self) -> list[list[Any]]:
        """[key, from, to] of each visit, as shares of its life so far; visits too short to be seen are left out."""
        begin, end = self.stays[0].from_min, self.stays[-1].to_min
        length = max(end - begin, 1e-9)
        pieces = [[key, (start - begin) / length, (stop - begin) / length] for key, start, stop in self.visits]
        pieces = [piece for piece in pieces if piece[2] - piece[1] > 1.0 / (4 * MOST_PIECES)] or pieces[-1:]
        return sorted(sorted(pieces, key=lambda piece: piece[1] - piece[2])[:MOST_PIECES], key=lambda piece: piece[1])

    @property
    def rows(self) -> list[list[Any]]:
        """[key, name, visits, minutes in all, share of its life] of each compartment it has been in."""
        whole = max(sum(visit.to_min - visit.from_min for visit in self.visits), 1e-9)
        table = []
        for key, name in NAMES.items():
            lengths = [visit.to_min - visit.from_min for visit in self.visits if visit.where == key]
            if lengths:
                total = sum(lengths)
                table.append([key, name, len(lengths), words.span(total), f"{100.0 * total / whole:.0f} %"])
        return table

    @property
    def _facts(self) -> list[list[str]]:
        last = self.stays[-1]
        until = self.ended_min if self.ended_min is not None else self.followed.told_min
        age = words.span(until - self.stays[0].from_min)
        age = age if self.followed.first_state is None else f"more than {age}"
        if self.ended_min is None:
            now = f"{self._where(last.where)}, for {words.span(until - last.from_min)}"
            return [["Now", now], ["Age", age], ["Cycles", f"{self.cycles:,}"]]
        end = self.followed.steps[-1].target
        how = "Left with the other daughter cell" if end >= len(self.itinerary.states) else "Destroyed"
        place = NAMES[self.key(last.where)].lower()
        return [
            ["End", f"{how} at {words.span(until)}, from the {place}"],
            ["Age", age],
            ["Cycles", f"{self.cycles:,}"],
        ]

    @property
    def _born(self) -> str:
        return "Older than the run" if self.born_min is None else f"Made at {words.span(self.born_min)}"

    @property
    def _latest(self) -> list[list[str]]:
        states = self.itinerary.states
        listed = []
        for step in reversed(self.followed.steps[-MOST_STEPS:]):
            if step.target >= len(states):
                what = "left with the other daughter cell"
            elif step.source == MADE:
                what = f"made: {_plain(states[step.target].name)}"
            else:
                what = f"{_plain(states[step.source].name)} → {_plain(states[step.target].name)}"
            listed.append([words.clock(step.time_min), what])
        return listed

    def _where(self, state: int) -> str:
        of = self.itinerary.states[state]
        if of.compartment == "out":
            return PLACES["out"][1]
        return PLACES[of.compartment][1] + (", insulin bound" if of.bound else "")

    def _is_in(self, state: int) -> bool:
        return state < len(self.itinerary.states) and self.itinerary.states[state].compartment != "out"


def _plain(name: str) -> str:
    return name.replace("_", " ")
