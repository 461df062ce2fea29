"""The insulin receptors of an organ at the resolution `mean`, and stand-ins whose answer is a formula.

An organ is one mean cell of its tissue in the insulin that reaches it. It begins at the steady state of the healthy
body, whose surface receptors are 1. The laws of the receptors are those of every other run: nothing is written twice.
"""

from __future__ import annotations

import math
from typing import Protocol

import numpy as np

from trafficking.cells import Start, drawn
from trafficking.counts import Expectation
from trafficking.physiology import constant, organ_insulin
from trafficking.scenario import Scenario
from trafficking.window import WindowRates

ORGANS = ("muscle", "liver", "adipose", "ovary", "pancreas")
STEP_MIN = 360.0  # 0.5 % of the liver's surface is lost on the day insulin doubles, below 0.1 % later
_STILL = 1e-3  # an organ whose insulin and surface move by less needs no steps within a window
_NO_RECORDS = np.zeros(0)


class Organ(Protocol):
    """surface: receptors at the surface over those of the healthy body."""

    @property
    def surface(self) -> float: ...

    def advance(self, insulin_nM: float, minutes: float) -> None: ...


class MeanReceptors:
    """The receptors of one organ: the mean equations of its tissue.

    insulin_nM of `advance` is a mean over the window. Binding and recycling follow it within minutes and are exact for
    frozen rates; the laws that couple receptors are read at the midpoint of each step.
    """

    def __init__(self, tissue: str, healthy_nM: float, *, step_min: float = STEP_MIN) -> None:
        """
        Args:
            healthy_nM: insulin that the organ sees in the healthy body; its receptors begin in that steady state.
            step_min: laws are read again after at most this long while the organ is on the move.
        """
        level = f"{healthy_nM!r} nM"
        scenario = Scenario.from_dict(
            {
                "name": tissue,
                "tissue": tissue,
                "resolution": "mean",
                "start": {"state": "steady", "insulin": level},
                "exposure": [{"kind": "constant", "insulin": level, "duration": "1 d"}],
            }
        )
        itinerary = scenario.itinerary
        fractions, mrna = scenario.start_fractions
        cells = drawn(scenario.receptors, 1, 0.0, 0.0, seed=0)
        total = float(scenario.receptors * fractions.sum())
        self._population = Expectation(itinerary, Start(np.array([total]), fractions / fractions.sum()), cells=cells)
        self._law = WindowRates(itinerary)
        self._copy_number, self._mrna = cells.copy_number, np.array([mrna])
        self._membrane = itinerary.mask("membrane")
        self._step_min = step_min
        self._healthy = self._at_surface()
        self._seen_nM, self._still = healthy_nM, True

    @property
    def surface(self) -> float:
        return self._at_surface() / self._healthy

    def advance(self, insulin_nM: float, minutes: float) -> None:
        """Carries the receptors through `minutes` of constant insulin."""
        before = self.surface
        still = self._still and abs(insulin_nM - self._seen_nM) < _STILL * self._seen_nM
        steps = 1 if still else math.ceil(minutes / self._step_min - 1e-9)
        step = minutes / steps
        for _ in range(steps):
            counts = self._population.counts
            rates, self._mrna = self._law(insulin_nM, counts, self._copy_number, self._mrna, step)
            self._population.advance(rates, 0.0, step, _NO_RECORDS)
        self._seen_nM, self._still = insulin_nM, abs(self.surface - before) < _STILL * before

    def _at_surface(self) -> float:
        return float(self._population.counts[0, self._membrane].sum())


class StandIn:
    """Receptors whose surface number follows insulin as r = (I / I0)^-elasticity; with elasticity 0 it never changes.

    It takes half a day to follow, and is never above 1.3 (assumptions; steady states below that depend on neither).
    """

    def __init__(self, healthy_nM: float, elasticity: float) -> None:
        self.surface = 1.0
        self._healthy_nM, self._elasticity = healthy_nM, elasticity
        self._response_min, self._most = constant("response") * 1440.0, constant("most_surface")

    def advance(self, insulin_nM: float, minutes: float) -> None:
        """Goes on by `minutes` of constant insulin."""
        if self._elasticity == 0.0:
            return
        ratio = max(insulin_nM / self._healthy_nM, 1e-12)
        target = min(ratio**-self._elasticity, self._most)
        self.surface = target + (self.surface - target) * math.exp(-minutes / self._response_min)


def of_body(kind: str, elasticity: float | None, healthy_nM: float, *, step_min: float = STEP_MIN) -> dict[str, Organ]:
    """The receptors of every organ in the healthy body.

    Args:
        kind: organs, stand_in or held, see `BodyScenario`. elasticity: of a stand-in.
        healthy_nM: plasma insulin of the healthy body.
        step_min: see `MeanReceptors`.
    """
    seen = organ_insulin(healthy_nM)
    if kind == "organs":
        return {organ: MeanReceptors(organ, seen[organ], step_min=step_min) for organ in ORGANS}
    return {organ: StandIn(seen[organ], elasticity or 0.0) for organ in ORGANS}
