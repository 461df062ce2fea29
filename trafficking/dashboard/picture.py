"""What a scene looks like: from the numbers of a run to what the plot and the words are given."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from trafficking import half_times, results
from trafficking.itinerary import Itinerary
from trafficking.scenario import Scenario
from trafficking.treatments import SWITCHES, edges, level

from . import words
from .measured import points
from .plot import decimate, pack
from .scenes import Ghost, Moment, Scene, Steering, unusual

# The lines of the plot, in their order in the legend. Never by colour alone: each has its own dash and width.
LINES: list[dict[str, Any]] = [
    {"key": "surface", "label": "Surface", "width": 3, "dash": []},
    {"key": "early_endosome", "label": "Early endosome", "width": 2, "dash": [9, 4]},
    {"key": "recycling", "label": "Recycling", "width": 2, "dash": [2, 4]},
    {"key": "lysosome", "label": "Lysosome", "width": 2, "dash": [10, 4, 2, 4]},
    {"key": "total", "label": "Total", "width": 1.5, "dash": [4, 3]},
]
_COMPARTMENTS = ["membrane", "early_endosome", "recycling", "lysosome"]

MOST_MARKS = 12  # of a protocol; more would hide the curves, and the insulin panel shows them all
BEFORE_MIN, AFTER_MIN = 10.0, 60.0  # around the step, in the panel of the first hour


@dataclass(frozen=True)
class Ground:
    """What stays the same until a run's future changes: the reference, the marks, the plan, the other future."""

    scenario: Scenario
    reference: results.Reference
    steering: tuple[Steering, ...]
    ghost: Ghost | None = None

    @classmethod
    def of(cls, scene: Scene) -> Ground:
        copy_number = None if scene.moment is None else scene.moment.copy_number
        return cls(scene.scenario, results.reference(scene.scenario, copy_number), scene.steering, scene.ghost)

    def under(self, scene: Scene) -> bool:
        """Whether this is still the ground of a scene."""
        return self.scenario is scene.scenario and self.steering == scene.steering and self.ghost is scene.ghost

    @cached_property
    def base(self) -> float:
        """Receptors that are 100 %."""
        return base(self.scenario, self.reference)

    @cached_property
    def step(self) -> half_times.Step | None:
        return results.step_of(self.scenario)

    @property
    def of_words(self) -> str:
        """What 100 % is, in words."""
        return words.REFERENCES[self.scenario.reference]

    @cached_property
    def marks(self) -> list[list]:
        """[time_min, what in words, by hand]: where insulin jumps, and where drugs and cold come and go."""
        protocol = self.scenario.protocol
        by_hand = [[row.time_min, words.change(row.name, row.new), True] for row in self.steering]
        steered = {row.time_min for row in self.steering}
        planned = []
        for edge in protocol.edges:
            before, after = protocol.value(math.nextafter(edge, 0.0)), protocol.value(edge)
            jumps = edge < protocol.duration_min and not math.isclose(before, after, rel_tol=1e-6, abs_tol=1e-9)
            if jumps and edge not in steered:
                planned.append([edge, words.insulin(after), False])
        planned += self._treated
        return sorted(by_hand + (planned if len(planned) <= MOST_MARKS else []))

    @property
    def _treated(self) -> list[list]:
        """The marks of drugs and temperatures that the scenario plans."""
        given = self.scenario.treatments
        by_hand = {(row.time_min, row.name) for row in self.steering}
        found = []
        for edge in edges(given):
            for name in SWITCHES:
                before, after = level(given, name, math.nextafter(edge, 0.0)), level(given, name, edge)
                if before != after and edge < self.scenario.duration_min and (edge, name) not in by_hand:
                    found.append([edge, words.change(name, after), False])
        return found

    @cached_property
    def plan(self) -> list[list[float]]:
        """[time_min, insulin_nM] that draws the protocol from start to end."""
        protocol = self.scenario.protocol
        times = set(protocol.edges) | {0.0}
        if not self._stepped:
            times |= set(np.linspace(0.0, protocol.duration_min, 200).tolist())
        return [[time, protocol.value(time)] for time in sorted(times)]

    @property
    def ahead(self) -> list[list[float]]:
        """The plan as far as it can be told apart: a day of pulses is a grey block."""
        return self.plan if len(self.plan) <= 300 else []

    @cached_property
    def doses(self) -> tuple[float, float, bool]:
        """The insulin axis: log10 nM of its lowest and highest dose, and whether no insulin has a place on it."""
        other = [] if self.ghost is None else self.ghost.moment.recorded["insulin_nM"].tolist()
        seen = np.array([dose for _, dose in self.plan] + other)
        given = seen[seen > 1e-3]
        low, high = (given.min(), max(given.max(), self.scenario.protocol.max_nM)) if given.size else (0.1, 10.0)
        floor, roof = math.floor(math.log10(low) + 1e-9), math.ceil(math.log10(high) - 1e-9)
        return floor - (floor == roof), roof, bool((seen <= 1e-3).any())

    @cached_property
    def _stepped(self) -> bool:
        protocol = self.scenario.protocol
        ends = (0.0, *protocol.edges)
        return all(protocol.constant_between(a, b) for a, b in zip(ends, ends[1:], strict=False))


def base(scenario: Scenario, reference: results.Reference) -> float:
    """Receptors that are 100 %; a reference without any at the surface is measured by its R0."""
    return reference.surface or float(scenario.receptors * scenario.cells.number)


def curves_of(counts: np.ndarray, itinerary: Itinerary) -> np.ndarray:
    """(n_lines, n) receptors, rows as in LINES, from (n, n_states) counts."""
    masks = [itinerary.mask(compartment) for compartment in _COMPARTMENTS] + [itinerary.live]
    return np.stack([counts[:, mask].sum(axis=1) for mask in masks]).astype(float)


@dataclass(frozen=True)
class Picture:
    """One scene, ready for the widgets."""

    scene: Scene
    moment: Moment
    ground: Ground

    @cached_property
    def curves(self) -> np.ndarray:
        """(n_lines, n) receptors, rows as in LINES."""
        return curves_of(self.moment.recorded["counts"], self.scene.scenario.itinerary)

    @cached_property
    def now(self) -> list[list[float]]:
        """[receptors, percent] of each line."""
        return [[float(line[-1]), 100.0 * float(line[-1]) / self.ground.base] for line in self.curves]

    @property
    def headline(self) -> list[str]:
        recorded = self.moment.recorded
        since, restless = words.since_change(recorded["time_min"], recorded["insulin_nM"])
        clamped = [row.time_min for row in self.scene.steering if row.name == "insulin_nM"]
        if clamped:  # from there on, which may lie between two records
            since, restless = self.scene.time_min - clamped[-1], False
        return list(
            words.headline(
                self.curves[0, -1],
                self.ground.base,
                of=self.ground.of_words,
                since_min=since,
                insulin_nM=self.moment.insulin_nM,
                restless=restless,
                time_min=self.scene.time_min,
                levels=unusual(self.scene.levels),
            )
        )

    @property
    def half_times(self) -> str:
        noisy = self.scene.scenario.resolution != "mean"
        times = self.moment.recorded["time_min"]
        clocks = half_times.clocks(times, self.curves[0], self.curves[-1], self.ground.step, noisy=noisy)
        return words.half_times(clocks, self.scene.time_min)

    @property
    def view(self) -> dict:
        """Axes, marks and titles of the plot (see `TimeSeries`)."""
        origin, dose = self._origin
        floor, roof, none = self.ground.doses
        base = self.ground.base
        highest, end = self.curves.max(), self.scene.scenario.duration_min
        if self.ghost is not None:
            highest, end = max(highest, self.ghost[1].max()), max(end, self.ghost[0][-1])
        top = base * max(1.1, 0.1 * math.ceil(10.3 * highest / base))
        where = ", ".join(
            f"{line['label'].lower()} {receptors:,.0f} ({percent:.0f} %)"
            for line, (receptors, percent) in zip(LINES, self.now, strict=True)
        )
        return {
            "rows": [len(self._whole[0]), len(self._hour[0])],
            "hour": [-min(BEFORE_MIN, origin), AFTER_MIN],
            "whole": [0.0, end],
            "origin": origin,
            "base": base,
            "top": top,
            "floor": floor,
            "roof": roof,
            "none": none,
            "marks": self.ground.marks,
            "titles": {"hour": f"First hour{dose}", "whole": "Whole run"},
            "since": {"hour": "after the change" if self._changed else "since the start", "whole": "since the start"},
            "text": f"Receptors over time. After {words.span(self.scene.time_min)}: {where}.",
        }

    @property
    def frame(self) -> bytes:
        return pack(self._whole, self._hour)

    @cached_property
    def ghost(self) -> tuple[np.ndarray, np.ndarray] | None:
        """The other future from where it parts: (n,) minutes, and (1 + n_lines, n) insulin and receptors."""
        other = self.scene.ghost
        if other is None:
            return None
        times = other.moment.recorded["time_min"]
        columns = np.vstack(
            [other.moment.recorded["insulin_nM"], curves_of(other.moment.recorded["counts"], other.scenario.itinerary)]
        )
        first = max(int(np.searchsorted(times, other.from_min, side="right")) - 1, 0)
        return times[first:], columns[:, first:]

    @property
    def ghost_frame(self) -> bytes:
        """The other future as the plot takes it; the same origin as the panel of the hour is the browser's business."""
        return b"" if self.ghost is None else pack(decimate(*self.ghost))

    @property
    def measured(self) -> list[dict]:
        """What was measured in this very experiment, in receptors of this cell."""
        return points(self.scene.scenario, surface=float(self.curves[0, 0]), live=float(self.curves[-1, 0]))

    @property
    def remark(self) -> str:
        """What to say of states without a way in or out, and of insulin that no measurement covers; one line."""
        scenario = self.scene.scenario
        sentences, now = scenario.extrapolated, scenario.extrapolation(self.moment.insulin_nM)
        said = [f"{remark[:1].upper()}{remark[1:]}." for remark in scenario.remarks]
        if sentences:
            said.append(f"Extrapolated: {now}." if now in sentences else f"Extrapolated in part: {sentences[0]}.")
        return " ".join(said)

    @property
    def _changed(self) -> bool:
        return bool(self.scene.steering) or self.scene.first_step_min is not None

    @cached_property
    def _origin(self) -> tuple[float, str]:
        """The step whose hour is shown, in min, and the dose that it held, in words: the latest step by hand, else the
        protocol's first."""
        scene, protocol = self.scene, self.scene.scenario.protocol
        origin = scene.steering[-1].time_min if scene.steering else scene.first_step_min or 0.0
        dose = protocol.value(origin)
        if not protocol.constant_between(origin, min(origin + AFTER_MIN, protocol.duration_min)):
            return origin, ""
        return origin, f" at {words.insulin(dose)}" if dose else " without insulin"

    @cached_property
    def _columns(self) -> np.ndarray:
        return np.vstack([self.moment.recorded["insulin_nM"], self.curves])

    @cached_property
    def _whole(self) -> tuple[np.ndarray, np.ndarray]:
        return decimate(self.moment.recorded["time_min"], self._columns)

    @cached_property
    def _hour(self) -> tuple[np.ndarray, np.ndarray]:
        times = self.moment.recorded["time_min"]
        origin = self._origin[0]
        first, last = np.searchsorted(times, [origin - BEFORE_MIN - 1e-9, origin + AFTER_MIN + 1e-9])
        return decimate(times[first:last] - origin, self._columns[:, first:last])
