"""When a run stops to look up: where insulin jumps or treatments begin and end, and the grid of windows between."""

from __future__ import annotations

import bisect
import math
from typing import Any, NamedTuple

import numpy as np

from trafficking import grid
from trafficking.scenario import Scenario
from trafficking.treatments import acting, under
from trafficking.treatments import edges as treatment_edges


class Stretch(NamedTuple):
    """The protocol between two edges.

    level: its insulin in nM where that is constant. treatments: those that act in it. window_min: the longest window.
    """

    from_min: float
    to_min: float
    level: float | None
    treatments: tuple[Any, ...]
    window_min: float


class Timetable:
    """The stretches of a scenario and the ends of its windows."""

    def __init__(self, scenario: Scenario) -> None:
        self._scenario = scenario
        edges = scenario.protocol.edges
        if scenario.treatments:
            edges = tuple(sorted({*edges, *treatment_edges(scenario.treatments)}))
        self._edges = edges
        self._association = grid.association(scenario.unlabelled)
        self._known: Stretch | None = None

    def stretch(self, now: float) -> Stretch:
        """The one that holds a minute; read once for all minutes within it."""
        known = self._known
        if known is None or not known.from_min <= now < known.to_min:
            known = self._known = self._read(now)
        return known

    def _read(self, now: float) -> Stretch:
        protocol, edges, scenario = self._scenario.protocol, self._edges, self._scenario
        following = bisect.bisect_right(edges, now)
        start = edges[following - 1] if following else 0.0
        end = edges[following] if following < len(edges) else math.inf
        level = protocol.value(now) if protocol.constant_between(now, end) else None
        end = min(end, max(scenario.duration_min, now))
        treatments = acting(scenario.treatments, now) if scenario.treatments else ()
        return Stretch(start, end, level, treatments, self._longest(start, treatments, smooth=level is None))

    def _longest(self, start: float, treatments: tuple[Any, ...], *, smooth: bool) -> float:
        """The longest window of the stretch that begins at `start`: as given or, where insulin is smooth, as needed."""
        scenario = self._scenario
        if scenario.given_window_min is not None:
            return scenario.given_window_min
        if not smooth:
            return grid.LONGEST_MIN
        warmed = grid.association(under(scenario.unlabelled, treatments)) if treatments else 0.0
        return grid.window_from(scenario.protocol, start, max(self._association, warmed))

    def ends(self, now: float, most: int) -> np.ndarray:
        """(most,) minutes at which the next windows on the grid of this stretch end, also beyond its own end."""
        stretch = self.stretch(now)
        return stretch.from_min + (self._steps(stretch, now) + np.arange(most)) * stretch.window_min

    def next_end(self, now: float) -> float:
        """Where the window that starts now ends: on the grid that starts at the last edge, or at the next edge."""
        stretch = self.stretch(now)
        return min(stretch.from_min + self._steps(stretch, now) * stretch.window_min, stretch.to_min)

    def _steps(self, stretch: Stretch, now: float) -> int:
        """Windows from the start of a stretch to the first end of one that is still to come."""
        window = stretch.window_min
        steps = int((now - stretch.from_min) / window)
        while stretch.from_min + steps * window <= now:
            steps += 1
        return steps
