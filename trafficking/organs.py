"""The insulin receptors of an organ at any resolution, and stand-ins whose answer is a formula.

An organ is one cell of its tissue in the insulin that reaches it. It begins as that of the healthy body, whose surface
receptors are 1: at the steady state of its fasting insulin or, with meals, where its days no longer change. The laws of
the receptors are those of every other run: nothing is written twice.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol

import numpy as np

from trafficking.cells import Start, drawn
from trafficking.counts import Expectation, Numbers
from trafficking.itinerary import Itinerary
from trafficking.physiology import DAY_MIN, constant, organ_insulin
from trafficking.plasma import Stretches
from trafficking.receptors import Receptors
from trafficking.scenario import Scenario
from trafficking.window import WindowRates

ORGANS = ("muscle", "liver", "adipose", "ovary", "pancreas")
STEP_MIN = 360.0  # 0.5 % of the liver's surface is lost on the day insulin doubles, below 0.1 % later
_STILL = 1e-3  # an organ whose insulin and surface move by less needs no steps within a stretch
_SETTLED = 1e-9  # of the surface, from one day to the next
_MOST_DAYS = 400
_NO_RECORDS = np.zeros(0)
_POPULATIONS = {"mean": Expectation, "counts": Numbers, "agents": Receptors}


class Organ(Protocol):
    """surface: receptors at the surface over those of the healthy body, at the same hour if there are meals."""

    @property
    def surface(self) -> float: ...

    def advance(self, insulin_nM: np.ndarray, minutes: float) -> None: ...

    def save(self) -> dict[str, np.ndarray]: ...


class Healthy(NamedTuple):
    """The cell of an organ in the healthy body.

    itinerary: of its tissue. copy_number: R0. counts: (n_states,) expected, where a day begins. messenger: then.
    surface: (n,) receptors at the surface at the end of each window of a day, or of one longer window.
    """

    itinerary: Itinerary
    copy_number: float
    counts: np.ndarray
    messenger: float
    surface: np.ndarray
    insulin_nM: float


class OrganReceptors:
    """The receptors of one organ, expected (`mean`), counted (`counts`) or one by one (`agents`).

    insulin_nM of `advance`: means over stretches that last `minutes` each. Binding and recycling follow them within
    minutes and are exact for frozen rates; the laws that couple receptors are read at the midpoint of each step.
    """

    def __init__(
        self,
        healthy: Healthy,
        *,
        resolution: str = "mean",
        seed: int = 1,
        replicate: int = 0,
        threads: int | None = None,
        step_min: float = STEP_MIN,
        saved: Mapping[str, np.ndarray] | None = None,
    ) -> None:
        """
        Args:
            saved: by `save`, to go on from there; default: the healthy steady state.
            seed, replicate: of random numbers, see `Run`. threads: at most this many; no result depends on it.
            step_min: laws are read again after at most this long while the organ is on the move.
        """
        itinerary, total = healthy.itinerary, float(healthy.counts.sum())
        cells = drawn(healthy.copy_number, 1, 0.0, 0.0, seed=seed, replicate=replicate)
        self._law = WindowRates(itinerary)
        self._copy_number, self._mrna = cells.copy_number, np.array([healthy.messenger])
        start = Start(np.array([total if resolution == "mean" else round(total)]), healthy.counts / total)
        rates, _ = self._law(healthy.insulin_nM, healthy.counts[None, :], self._copy_number, self._mrna, 1.0)
        self._population: Any = _POPULATIONS[resolution](
            itinerary, start, cells=cells, seed=seed, replicate=replicate, threads=threads, rates=rates, saved=saved
        )
        self._membrane = itinerary.mask("membrane")
        self._step_min, self._now_min = step_min, 0.0
        self._healthy, self._hour = healthy.surface, len(healthy.surface) - 1
        # A cell that rests is carried on in one step; random numbers are never quite at rest.
        self._seen_nM, self._still, self._rests = healthy.insulin_nM, True, resolution == "mean"
        if saved is not None:
            self._mrna = saved["mrna"].copy()
            self._now_min, self._seen_nM, still, hour = saved["now"].tolist()
            self._still, self._hour = bool(still), int(hour)

    def save(self) -> dict[str, np.ndarray]:
        """Everything that the organ needs to go on, at the end of a window."""
        now = np.array([self._now_min, self._seen_nM, float(self._still), float(self._hour)])
        return {**self._population.save(), "mrna": self._mrna.copy(), "now": now}

    @property
    def surface(self) -> float:
        return self._at_surface() / float(self._healthy[self._hour])

    @property
    def state(self) -> tuple[np.ndarray, float]:
        """(n_states,) receptors now, and the messenger."""
        return self._population.counts[0].copy(), float(self._mrna[0])

    def advance(self, insulin_nM: np.ndarray, minutes: float) -> None:
        """Carries the receptors through stretches of constant insulin, all of one window."""
        for level in insulin_nM.tolist():
            self._stretch(level, minutes)
        self._hour = (self._hour + 1) % len(self._healthy)

    def _stretch(self, level: float, minutes: float) -> None:
        ends = [minutes]
        if minutes > self._step_min:
            before = self._at_surface()
            still = self._rests and self._still and abs(level - self._seen_nM) < _STILL * self._seen_nM
            ends = [minutes] if still else _ends(minutes, self._step_min)
        begun, start = self._now_min, 0.0
        for end in ends:
            rates, self._mrna = self._law(level, self._population.counts, self._copy_number, self._mrna, end - start)
            self._population.advance(rates, begun + start, begun + end, _NO_RECORDS)
            start = end
        self._now_min = begun + minutes
        if minutes > self._step_min:
            self._seen_nM, self._still = level, abs(self._at_surface() - before) < _STILL * before

    def _at_surface(self) -> float:
        return float(self._population.counts[0, self._membrane].sum())


def _ends(minutes: float, step_min: float) -> list[float]:
    """Ends of the steps of a stretch: equal ones for the day in which an organ answers, then ever longer ones."""
    first = min(minutes, DAY_MIN)
    steps = math.ceil(first / step_min - 1e-9)
    ends = [first * i / steps for i in range(1, steps + 1)]
    step = first / steps
    while ends[-1] < minutes:
        step *= 2.0
        left = minutes - ends[-1]
        ends.append(minutes if left < 1.5 * step else ends[-1] + step)
    return ends


def healthy_cell(
    tissue: str, day: Stretches, window_min: float, *, receptors: int | None = None, step_min: float = STEP_MIN
) -> Healthy:
    """The cell of a tissue that has lived healthy days until they no longer change it.

    Args:
        day: insulin that the cell sees. window_min: a day's fraction or several days.
        receptors: R0, instead of the tissue's own.
    """
    mean_nM = float(day.levels_nM.mean())
    level = f"{mean_nM!r} nM"
    given: dict[str, Any] = {
        "name": tissue,
        "tissue": tissue,
        "resolution": "mean",
        "start": {"state": "steady", "insulin": level},
        "exposure": [{"kind": "constant", "insulin": level, "duration": "1 d"}],
    }
    if receptors is not None:
        given["receptors"] = receptors
    scenario = Scenario.from_dict(given)
    itinerary = scenario.itinerary
    fractions, messenger = scenario.start_fractions
    counts = scenario.receptors * fractions
    membrane = itinerary.mask("membrane")
    surface = np.array([counts[membrane].sum()])
    cell = Healthy(itinerary, float(scenario.receptors), counts, messenger, surface, mean_nM)
    if len(day.levels_nM) == 1:
        return cell
    windows = max(round(DAY_MIN / window_min), 1)
    parts = day.levels_nM.reshape(windows, -1)
    organ = OrganReceptors(cell, step_min=step_min)
    for _ in range(_MOST_DAYS):
        before, surface = surface, np.empty(windows)
        for i, part in enumerate(parts):
            organ.advance(part, day.minutes)
            surface[i] = organ.state[0][membrane].sum()
        if abs(surface[-1] - before[-1]) < _SETTLED * before[-1]:
            break
    counts, messenger = organ.state
    return Healthy(itinerary, float(scenario.receptors), counts, messenger, surface, mean_nM)


class StandIn:
    """Receptors whose surface number follows insulin as r = (I / I0)^-elasticity; with elasticity 0 it never changes.

    It takes half a day to follow, and is never above 1.3 (assumptions; steady states below that depend on neither).
    """

    def __init__(
        self, healthy_nM: np.ndarray, elasticity: float, *, saved: Mapping[str, np.ndarray] | None = None
    ) -> None:
        """
        Args:
            healthy_nM: (n,) insulin of the healthy body in the stretches of a day, to which each is compared.
            saved: by `save`, to go on from there.
        """
        self._healthy_nM, self._elasticity = healthy_nM.tolist(), elasticity
        self._response_min, self._most = constant("response") * DAY_MIN, constant("most_surface")
        now = np.array([1.0, 0.0]) if saved is None else saved["now"]
        self.surface, self._at = float(now[0]), int(now[1])

    def advance(self, insulin_nM: np.ndarray, minutes: float) -> None:
        """Goes on by stretches of constant insulin, `minutes` each."""
        if self._elasticity == 0.0:
            return
        kept = math.exp(-minutes / self._response_min)
        for level in insulin_nM.tolist():
            target = min(max(level / self._healthy_nM[self._at], 1e-12) ** -self._elasticity, self._most)
            self.surface = target + (self.surface - target) * kept
            self._at = (self._at + 1) % len(self._healthy_nM)

    def save(self) -> dict[str, np.ndarray]:
        """Everything that it needs to go on."""
        return {"now": np.array([self.surface, float(self._at)])}


def stand_ins(day: Stretches, elasticity: float, *, saved: Mapping[str, np.ndarray] | None = None) -> dict[str, Organ]:
    """Stand-ins for the receptors of every organ; day: plasma insulin of the healthy body. saved: see `of_body`."""
    ratios = organ_insulin(1.0)
    return {organ: StandIn(ratios[organ] * day.levels_nM, elasticity, saved=_of_one(saved, organ)) for organ in ORGANS}


def _of_one(saved: Mapping[str, np.ndarray] | None, organ: str) -> dict[str, np.ndarray] | None:
    """What was saved of one organ, from what was saved of all: `muscle.now` as `now`."""
    if saved is None:
        return None
    prefix = f"{organ}."
    return {name.removeprefix(prefix): array for name, array in saved.items() if name.startswith(prefix)}


def of_body(
    day: Stretches,
    window_min: float,
    *,
    resolution: str = "mean",
    receptors: int | None = None,
    seed: int = 1,
    replicate: int = 0,
    threads: int | None = None,
    step_min: float = STEP_MIN,
    saved: Mapping[str, np.ndarray] | None = None,
) -> Mapping[str, Organ]:
    """The receptors of every organ in the healthy body.

    Args:
        day: its plasma insulin. window_min: after which the body asks for the surface.
        receptors: R0 of every organ; default: each tissue's own. seed, replicate: every organ has streams of its own.
        saved: what each organ saved, by "muscle." and its name for it; default: all begin in health.
    """
    ratios = organ_insulin(1.0)
    people: dict[str, Organ] = {}
    for i, organ in enumerate(ORGANS):
        seen = Stretches(ratios[organ] * day.levels_nM, day.minutes)
        people[organ] = OrganReceptors(
            healthy_cell(organ, seen, window_min, receptors=receptors, step_min=step_min),
            resolution=resolution,
            seed=seed,
            replicate=replicate * len(ORGANS) + i,
            threads=threads,
            step_min=step_min,
            saved=_of_one(saved, organ),
        )
    return people
