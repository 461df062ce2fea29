"""What a cell would feel of a dose with the receptors that it has: signal against insulin, and how far the curve moved.

The signal is that of `[response]`: gain * activity * bound / (bound + half_bound), with `bound` the surface receptors
with insulin over R0. Insulin is given for a moment, so that binding settles and receptors do not move: then bound =
surface * dose / (dose + K_D). Where `half_bound` is less than the surface there are receptors to spare, and a loss of
receptors costs sensitivity before it costs the full response. The form and `half_bound` are assumptions.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from trafficking.cell_forms import Response
from trafficking.itinerary import Itinerary


def affinity_nM(itinerary: Itinerary) -> float:
    """K_D of the surface, nM: release over binding. Not a number unless there is one way to bind, and one back."""
    surface = {state.name: state.bound for state in itinerary.states if state.compartment == "membrane"}
    on = [t for t in itinerary.transitions if t.needs_ligand and surface.get(t.source or "") is False]
    if len(on) != 1 or surface.get(on[0].target) is not True or on[0].rate <= 0.0:
        return math.nan
    off = [t.rate for t in itinerary.transitions if (t.source, t.target) == (on[0].target, on[0].source)]
    return off[0] / on[0].rate if len(off) == 1 else math.nan


@dataclass(frozen=True)
class Sense:
    """A cell's answer to a dose given for a moment.

    surface: receptors at the surface over R0, free and bound. affinity_nM: K_D. activity: of a bound receptor now.
    """

    surface: float
    affinity_nM: float
    law: Response
    activity: float = 1.0

    @property
    def strength(self) -> float:
        """The signal that more and more bound receptors would approach."""
        return self.law.gain * self.activity

    @property
    def most(self) -> float:
        """The signal with every surface receptor bound."""
        return self.strength * self.surface / (self.surface + self.law.half_bound)

    def signal(self, insulin_nM: np.ndarray | float) -> np.ndarray:
        """The signal at each dose."""
        dose = np.asarray(insulin_nM, dtype=float)
        bound = self.surface * dose / (dose + self.affinity_nM)
        return self.strength * bound / (bound + self.law.half_bound)

    def dose_nM(self, signal: float) -> float:
        """The dose that gives this signal; infinite where none does."""
        if signal >= self.most:
            return math.inf
        bound = self.law.half_bound * signal / (self.strength - signal)
        return self.affinity_nM * bound / (self.surface - bound)
