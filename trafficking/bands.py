"""How far the doubt about an intervention reaches: replicates of a life that differ in the size of its effect alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trafficking.body import BodyResult, simulate_body
from trafficking.body_forms import BodyScenario
from trafficking.identity import philox


@dataclass(frozen=True)
class Band:
    """One life with the middle effects, and the same life with effects drawn from their ranges.

    glucose_mM, insulin_nM: (replicates, rows) of `middle.levels`.
    """

    middle: BodyResult
    glucose_mM: np.ndarray
    insulin_nM: np.ndarray

    def limits(self, what: str) -> tuple[np.ndarray, np.ndarray]:
        """(rows,) ends of the central 90 % of "glucose_mM" or "insulin_nM"."""
        low, high = np.quantile(getattr(self, what), (0.05, 0.95), axis=0)
        return low, high


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


def band(scenario: BodyScenario, *, replicates: int = 20, seed: int = 1) -> Band:
    """Simulates the middle and `replicates` draws."""
    lives = [simulate_body(drawn(scenario, seed=seed, replicate=k)).levels for k in range(replicates)]
    glucose, insulin = (np.array([life[name] for life in lives]) for name in ("glucose_mM", "insulin_nM"))
    return Band(simulate_body(scenario), glucose, insulin)
