"""What passes along each arrow of a run at this moment: the rate of its law, and the receptors that take it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from trafficking.itinerary import Itinerary
from trafficking.scenario import Scenario
from trafficking.treatments import LABEL, Label, acting, under

from .scenes import Moment


@dataclass(frozen=True)
class Passing:
    """A run at one moment, labels left aside; of several cells the mean one, its receptors times their number.

    itinerary: with the rates that drugs and temperature leave. counts: (n_states,) receptors of all cells.
    """

    itinerary: Itinerary
    counts: np.ndarray
    copy_number: float
    insulin_nM: float
    mrna: float

    @classmethod
    def of(cls, scenario: Scenario, moment: Moment, time_min: float) -> Passing:
        drawn = scenario.unlabelled
        treatments = [each for each in acting(scenario.treatments, time_min) if not isinstance(each, Label)]
        counts = np.zeros(len(drawn.states))
        places = {name: i for i, name in enumerate(drawn.state_names)}
        for name, count in zip(scenario.itinerary.state_names, moment.recorded["counts"][-1], strict=True):
            counts[places[name.removeprefix(LABEL)]] += count
        mrna = float(moment.recorded["mrna"][-1])
        return cls(under(drawn, treatments), counts, moment.copy_number, moment.insulin_nM, mrna)

    @cached_property
    def fractions(self) -> np.ndarray:
        """(n_states,) receptors over R0."""
        return self.counts / self.copy_number

    @cached_property
    def rates(self) -> np.ndarray:
        """(n_transitions,) per minute and receptor; for synthesis R0 per minute."""
        return self.itinerary.rates(self.insulin_nM, self.fractions, self.mrna)

    @cached_property
    def flux(self) -> np.ndarray:
        """(n_transitions,) receptors per minute that take each arrow now."""
        leaving = np.where(self.itinerary.sources < 0, self.copy_number, self.counts[self.itinerary.sources])
        return self.rates * leaving

    @cached_property
    def occupancy(self) -> float:
        """Share of the surface receptors that carry insulin; 0 where there are none."""
        surface = self.itinerary.mask("membrane")
        whole = float(self.counts[surface].sum())
        return float(self.counts[surface & self.itinerary.bound].sum()) / whole if whole > 0.0 else 0.0

    def load(self, names: tuple[str, ...]) -> float:
        """Receptors in these states over R0."""
        return float(sum(self.fractions[self.itinerary.state_names.index(name)] for name in names))
