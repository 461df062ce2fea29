"""How far the doubt about an intervention reaches: replicates of a life that differ in the size of its effect alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from trafficking.body import BodyResult, simulate_body
from trafficking.body_forms import BodyScenario
from trafficking.equality import by_value
from trafficking.identity import philox
from trafficking.physiology import DAY_MIN

COLUMNS = ("glucose_mM", "insulin_nM", "sensitivity", "visceral_fat", "muscle_mass", "glut4")
FEW = 10  # draws: fewer have no central 95 % worth the name, and may all lie on one side of the middle


@by_value
@dataclass(frozen=True, eq=False)
class Band:
    """One life with the middle effects, and the same life with effects drawn from their ranges.

    draws: (replicates, rows) of `middle.levels` for each of `COLUMNS`.
    read_to_min: (replicates,) when each draw has lost its beta cells, inf: never; see `BodyResult.read_to_min`.
    """

    middle: BodyResult
    draws: Mapping[str, np.ndarray]
    read_to_min: np.ndarray

    def limits(self, what: str) -> tuple[np.ndarray, np.ndarray]:
        """(rows,) ends of the central 95 % of one of `COLUMNS`; of few draws, least and most of them and the middle."""
        draws = self.draws[what]
        if len(draws) < FEW:
            all_of_them = np.vstack([draws, self.middle.levels[what]])
            return all_of_them.min(axis=0), all_of_them.max(axis=0)
        low, high = np.quantile(draws, (0.025, 0.975), axis=0)
        return low, high

    @property
    def words(self) -> str:
        """What `limits` are the ends of."""
        replicates = len(self.read_to_min)
        if replicates < FEW:
            return f"least to most of the middle and {replicates} draws"
        return f"central 95 % of {replicates} draws"

    @property
    def beta_cells_lost(self) -> bool:
        """Whether any draw, or the middle, loses its beta cells: its glucose then goes to its equation's ceiling."""
        return bool(np.isfinite([*self.read_to_min, self.middle.read_to_min]).any())

    def largest_change(self, untreated: BodyResult) -> tuple[float, float]:
        """Glucose of the middle less that of the untreated, where it is largest after the start, mM; and the day.

        What comes after either has lost its beta cells is left out. Windows of the two may end at other times.
        """
        times_min = self.middle.levels["time_min"].to_numpy()
        beside = np.interp(times_min, untreated.levels["time_min"], untreated.levels["glucose_mM"])
        change = self.middle.levels["glucose_mM"].to_numpy() - beside
        read_to_min = min(self.middle.read_to_min, untreated.read_to_min)
        change[(times_min < self.start_d * DAY_MIN - 1e-6) | (times_min > read_to_min)] = 0.0
        largest = int(np.abs(change).argmax())
        return float(change[largest]), float(times_min[largest] / DAY_MIN)

    @property
    def start_d(self) -> float:
        """Day on which the last of the interventions begins."""
        return self.middle.scenario.interventions[-1].times[0]

    @property
    def stop_d(self) -> float:
        """Day on which that one stops, which may be after the end of the life."""
        return self.middle.scenario.interventions[-1].times[1]

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
        lives.append(simulate_body(drawn(scenario, seed=seed, replicate=k)))
        lived()
    middle = simulate_body(scenario)
    lived()
    draws = {what: np.array([life.levels[what] for life in lives]) for what in COLUMNS}
    return Band(middle, draws, np.array([life.read_to_min for life in lives]))
