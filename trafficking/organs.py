"""The insulin receptors of an organ at any resolution, and stand-ins whose answer is a formula.

An organ is one cell of its tissue in the insulin that reaches it. It begins as that of the healthy body, whose surface
receptors are 1: at the steady state of its fasting insulin or, with meals, where its days no longer change. The laws of
the receptors are those of every other run: nothing is written twice.
"""

from __future__ import annotations

import itertools
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
    ) -> None:
        """
        Args:
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
            itinerary, start, cells=cells, seed=seed, replicate=replicate, threads=threads, rates=rates
        )
        self._membrane = itinerary.mask("membrane")
        self._step_min, self._now_min = step_min, 0.0
        self._healthy, self._hour = healthy.surface, len(healthy.surface) - 1
        # A cell that rests is carried on in one step; random numbers are never quite at rest.
        self._seen_nM, self._still, self._rests = healthy.insulin_nM, True, resolution == "mean"

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
        steps = 1
        if minutes > self._step_min:
            before = self._at_surface()
            still = self._rests and self._still and abs(level - self._seen_nM) < _STILL * self._seen_nM
            steps = 1 if still else math.ceil(minutes / self._step_min - 1e-9)
        step, begun = minutes / steps, self._now_min
        for i in range(steps):
            rates, self._mrna = self._law(level, self._population.counts, self._copy_number, self._mrna, step)
            start, end = begun + i * step, begun + (i + 1) * step
            self._population.advance(rates, start, end, _NO_RECORDS)
        self._now_min = begun + minutes
        if minutes > self._step_min:
            self._seen_nM, self._still = level, abs(self._at_surface() - before) < _STILL * before

    def _at_surface(self) -> float:
        return float(self._population.counts[0, self._membrane].sum())


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

    def __init__(self, healthy_nM: np.ndarray, elasticity: float) -> None:
        """
        Args:
            healthy_nM: (n,) insulin of the healthy body in the stretches of a day, to which each is compared.
        """
        self.surface = 1.0
        self._healthy_nM, self._elasticity = itertools.cycle(healthy_nM.tolist()), elasticity
        self._response_min, self._most = constant("response") * DAY_MIN, constant("most_surface")

    def advance(self, insulin_nM: np.ndarray, minutes: float) -> None:
        """Goes on by stretches of constant insulin, `minutes` each."""
        if self._elasticity == 0.0:
            return
        kept = math.exp(-minutes / self._response_min)
        for level, healthy in zip(insulin_nM.tolist(), self._healthy_nM, strict=False):
            target = min(max(level / healthy, 1e-12) ** -self._elasticity, self._most)
            self.surface = target + (self.surface - target) * kept


def stand_ins(day: Stretches, elasticity: float) -> dict[str, Organ]:
    """Stand-ins for the receptors of every organ; day: plasma insulin of the healthy body."""
    ratios = organ_insulin(1.0)
    return {organ: StandIn(ratios[organ] * day.levels_nM, elasticity) for organ in ORGANS}


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
) -> Mapping[str, Organ]:
    """The receptors of every organ in the healthy body.

    Args:
        day: its plasma insulin. window_min: after which the body asks for the surface.
        receptors: R0 of every organ; default: each tissue's own. seed, replicate: every organ has streams of its own.
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
        )
    return people
