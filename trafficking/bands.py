"""How far the doubt about an intervention reaches: replicates of a life that differ in the size of its effect alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from trafficking.body import BodyResult, simulate_body
from trafficking.body_forms import BodyScenario
from trafficking.identity import philox

COLUMNS = ("glucose_mM", "insulin_nM", "sensitivity", "visceral_fat")


@dataclass(frozen=True)
class Band:
    """One life with the middle effects, and the same life with effects drawn from their ranges.

    draws: (replicates, rows) of `middle.levels` for each of `COLUMNS`.
    """

    middle: BodyResult
    draws: Mapping[str, np.ndarray]

    def limits(self, what: str) -> tuple[np.ndarray, np.ndarray]:
        """(rows,) ends of the central 95 % of one of `COLUMNS`."""
        low, high = np.quantile(self.draws[what], (0.025, 0.975), axis=0)
        return low, high

    @property
    def start_d(self) -> float:
        """Day on which the last of the interventions begins."""
        return self.middle.scenario.interventions[-1].times[0]

    def table(self, name: str) -> pd.DataFrame:
        """One row per time: `time_min`, the name, then middle, low and high of each of `COLUMNS`."""
        columns: dict[str, object] = {"time_min": self.middle.levels["time_min"], "intervention": name}
        for what in COLUMNS:
            low, high = self.limits(what)
            columns |= {what: self.middle.levels[what], f"{what}_low": low, f"{what}_high": high}
        return pd.DataFrame(columns)


def drawn(scenario: BodyScenario, *, seed: int, replicate: int) -> BodyScenario:
    """The same person with effects drawn: one deviate per intervention, the k-th for the k-th in the file.

    Replicates of one number share their deviates whatever else differs (common random numbers). That all arrows of an
    intervention deviate together is an assumption.
    """
    deviates = philox(seed, replicate, "intervention").standard_normal(max(len(scenario.interventions), 1))
    given = scenario.to_dict()
    entries = [
        {**entry, "deviate": float(np.clip(z, -5.0, 5.0))}
        for entry, z in zip(given["interventions"], deviates, strict=False)
    ]
    return BodyScenario.from_dict({**given, "interventions": entries})


def band(
    scenario: BodyScenario, *, replicates: int = 20, seed: int = 1, lived: Callable[[], None] = lambda: None
) -> Band:
    """Simulates the middle and `replicates` draws; `lived` is called after each life."""
    lives = []
    for k in range(replicates):
        lives.append(simulate_body(drawn(scenario, seed=seed, replicate=k)).levels)
        lived()
    middle = simulate_body(scenario)
    lived()
    return Band(middle, {what: np.array([life[what] for life in lives]) for what in COLUMNS})
