"""The vicious cycle: insulin removes receptors, fewer receptors need more insulin, and beta cells have to make it.

Window after window, a day unless the scenario says otherwise, and never across a moment at which something begins or
ends: the receptors of the organs and the insult set how sensitive the body is; glucose, insulin and beta-cell mass
follow from that; and in the insulin of this window the receptors of the next one come about. Insulin is that of daily
means, or rises and falls with three meals a day; glucose and beta cells over the years follow the fasting state in
both. The receptors of the organs are expected numbers, random numbers, or single receptors (`resolution`), and then one
life differs from the next.

A research and teaching model of a mean person who does not exist; nothing in it is medical advice.
"""

from __future__ import annotations

import bisect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from numbers import Real
from pathlib import Path
from typing import Any, Self

import numpy as np
import pandas as pd

from trafficking import body_coupling, checkups, organs, physiology, plasma
from trafficking.body_coupling import Slow
from trafficking.body_files import body_of
from trafficking.body_forms import BodyScenario
from trafficking.equality import by_value
from trafficking.faults import shown
from trafficking.identity import check_seed
from trafficking.meals import Fasting
from trafficking.organs import ORGANS, Organ
from trafficking.physiology import DAY_MIN, MG_PER_DL_PER_MM, NM_PER_UU_PER_ML, YEAR_D, Levels
from trafficking.plasma import Plasma, Steady, ThreeMeals
from trafficking.results import Column
from trafficking.snapshot import Snapshot

MINUTES_PER_DAY = DAY_MIN
GONE = 0.05  # of the healthy beta-cell mass: fewer keep no body alive, and the equations know no death (assumption)
_YEARS_FROM_D = 2.0 * YEAR_D
_SHARED_BY_FORKS = ("window", "meals", "receptors", "elasticity", "resolution", "receptors_per_organ")

COLUMNS = {
    "time_min": Column("min", "Time"),
    "glucose_mM": Column("mM", "Fasting glucose"),
    "insulin_nM": Column("nM", "Plasma insulin"),
    "beta_mg": Column("mg", "Beta-cell mass"),
    "wear": Column("1", "Gain of the beta cells' death rate"),
    "insult": Column("1", "Insult u (1 = none)"),
    "sensitivity": Column("1", "Insulin sensitivity relative to healthy"),
    "toxicity": Column("1", "Sensitivity lost to days of high glucose"),
    "fatty_acids": Column("1", "Free fatty acids relative to healthy"),
    "peripheral_response": Column("1", "Response of muscle and fat to insulin relative to healthy"),
    "hepatic_response": Column("1", "Response of the liver to insulin relative to healthy"),
    "clearance": Column("1", "Insulin clearance relative to healthy"),
    "secretion": Column("1", "Insulin secretion of a beta cell, from treatment"),
    "visceral_fat": Column("1", "Visceral fat relative to healthy"),
    "muscle_mass": Column("1", "Muscle mass relative to healthy"),
    "glut4": Column("1", "Level of GLUT4 relative to healthy"),
    "liver": Column("1", "Response of the liver, from treatment"),
    "year": Column("years", "Time"),
    "insulin_ratio": Column("1", "Fasting insulin relative to healthy"),
    "homa_ratio": Column("1", "HOMA-IR relative to healthy"),
    "two_hours_mM": Column("mM", "Glucose 2 h after 75 g"),
    "exposure_mM_years": Column("mM years", "Cumulative fasting glucose above 7.0 mM"),
    "finding": Column("1", "Stage that this check-up suggests"),
    "stage": Column("1", "Stage, two check-ups in a row"),
    "words": Column("", "Stage in words"),
    **{
        f"{organ}_{what}": Column(unit, f"{label}, {organ}")
        for organ in ORGANS
        for what, unit, label in (
            ("insulin_nM", "nM", "Insulin seen"),
            ("surface", "1", "Surface receptors relative to lean"),
            ("activity", "1", "Activity below the receptor"),
        )
    },
}


@by_value
@dataclass(frozen=True, eq=False)
class BodyResult:
    """One finished life.

    levels: one row per end of a window: time_min, glucose_mM, insulin_nM, beta_mg, wear, insult, toxicity, sensitivity,
        the responses of its parts and clearance (all relative to healthy), and of each organ the insulin it sees, its
        surface receptors relative to the healthy body, and the activity below them. What holds at a time holds from it
        on; with meals an organ's insulin is the mean of the window that ends there, and all else is the fasting state.
    checkups: one row per year, see `checkups.yearly`.
    """

    scenario: BodyScenario
    levels: pd.DataFrame
    checkups: pd.DataFrame
    seed: int = 1

    @property
    def clock(self) -> tuple[str, float]:
        """The word in which its times are best said, and how many minutes that is: year, or day if it is short."""
        days = self.scenario.duration_d
        return ("year", YEAR_D * MINUTES_PER_DAY) if days >= _YEARS_FROM_D else ("day", MINUTES_PER_DAY)

    @cached_property
    def onset_year(self) -> float:
        """The year in which fasting glucose first reaches the diabetic level; nan if it never does."""
        glucose = self.levels["glucose_mM"].to_numpy()
        beyond = glucose >= physiology.constant("diabetic_fasting")
        if not beyond.any():
            return float("nan")
        first = int(np.argmax(beyond))
        return float(self.levels["time_min"].iloc[first]) / MINUTES_PER_DAY / YEAR_D

    @cached_property
    def read_to_min(self) -> float:
        """When 5 % of the healthy beta cells are left, inf: never. Later glucose goes to its equation's ceiling."""
        gone = self.levels["beta_mg"].to_numpy() < GONE * physiology.HEALTHY.beta
        return float(self.levels["time_min"].iloc[int(np.argmax(gone))]) if gone.any() else float("inf")

    @property
    def last_to_read(self) -> int:
        """The last row of `levels` before `read_to_min`: mass falls so fast that the next may hold next to nothing."""
        return int((self.levels["time_min"].to_numpy() < self.read_to_min).sum()) - 1

    def fasting_at(self, day: float) -> Fasting:
        """The body on a day, ready for the tests of `clinic`, which leave this life as it is.

        Raises:
            ValueError: the life has no such day.
        """
        return checkups.fasting(self.levels.iloc[self.row_at(day)].to_dict())

    def row_at(self, day: float) -> int:
        """The row of `levels` that holds on a day.

        Raises:
            ValueError: the life has no such day.
        """
        days = self.levels["time_min"].to_numpy() / MINUTES_PER_DAY
        if isinstance(day, bool) or not isinstance(day, Real) or not 0.0 <= day <= days[-1] + 1e-6:
            raise ValueError(f"day {_day(day)} given; this life lasts from day 0 to day {days[-1]:g}")
        return int(np.searchsorted(days, day + 1e-6, side="right")) - 1


class Life:
    """A life on its way, window after window.

    It can be saved at the end of any of them, and goes on from there to the same bytes; or it can be forked there and
    go on as another person who has lived the same way so far.
    """

    def __init__(
        self,
        scenario: BodyScenario | str | Path,
        *,
        seed: int = 1,
        replicate: int = 0,
        threads: int | None = None,
        saved: Mapping[str, np.ndarray] | None = None,
    ) -> None:
        """Begins in health, or where `saved` was made by `snapshot`; for other arguments see `simulate_body`."""
        check_seed(seed, replicate)
        scenario = body_of(scenario)
        self.scenario, self.seed, self.replicate, self._threads = scenario, seed, replicate, threads
        day = plasma.healthy_day(scenario.meals)
        self._healthy_nM = float(day.levels_nM.mean())
        self._people = _people(scenario, day, seed=seed, replicate=replicate, threads=threads, saved=saved)
        self._insulin: Plasma = ThreeMeals() if scenario.meals == "three" else Steady()
        self._slow, self._day = Slow(), 0.0
        self._rows: list[dict[str, float]] = []
        if saved is None:
            self._rows.append(self._row(0.0, self._healthy_nM))
            return
        self._slow = Slow(*saved["slow"].tolist())
        self._insulin.take_up(saved["plasma"])
        names = [name for name in saved if name.startswith("levels.")]
        columns = zip(*(saved[name].tolist() for name in names), strict=True)
        self._rows = [dict(zip((name.removeprefix("levels.") for name in names), row, strict=True)) for row in columns]
        self._day = float(saved["day"])

    @property
    def day(self) -> float:
        """How many days have been lived."""
        return self._day

    @property
    def time_min(self) -> float:
        return self.day * MINUTES_PER_DAY

    @property
    def duration_min(self) -> float:
        return self.scenario.duration_d * MINUTES_PER_DAY

    @property
    def finished(self) -> bool:
        return self._day >= self.scenario.duration_d

    def advance(self, to_d: float = float("inf"), *, keep_going: Callable[[float], bool] | None = None) -> None:
        """Lives on to the end, or until `day` is at least `to_d`.

        Args:
            to_d: a day of this life, not a duration.
            keep_going: told the day after every window; False stops there.

        Raises:
            ValueError: the day lies in the past.
        """
        if isinstance(to_d, bool) or not isinstance(to_d, Real) or not to_d >= self.day - 1e-9:
            raise ValueError(f"to_d: {shown(to_d)} given; a day is needed, not before {self.day:g}, which is now")
        while not self.finished and self.day < to_d - 1e-9:
            self._window()
            if keep_going is not None and not keep_going(self.day):
                return

    def result(self) -> BodyResult:
        """What has been lived so far."""
        levels = self.levels
        return BodyResult(self.scenario, levels, checkups.yearly(levels), self.seed)

    @property
    def levels(self) -> pd.DataFrame:
        """The levels so far, as of `BodyResult`, without the check-ups, which take most of its time."""
        return pd.DataFrame(self._rows)

    def snapshot(self) -> Snapshot:
        """This life now, as a value."""
        arrays = {"day": np.array(self._day), "slow": np.array(self._slow), "plasma": self._insulin.save()}
        for name, organ in self._people.items():
            arrays |= {f"{name}.{key}": array for key, array in organ.save().items()}
        arrays |= {f"levels.{name}": np.array([row[name] for row in self._rows]) for name in self._rows[0]}
        return Snapshot(self.scenario.to_dict(), int(self.seed), int(self.replicate), self.time_min, arrays)

    @classmethod
    def resume(cls, snapshot: Snapshot, *, threads: int | None = None) -> Self:
        """The life that gave `snapshot`, ready to go on to the same bytes."""
        scenario = BodyScenario.from_dict(snapshot.scenario)
        given: dict[str, Any] = {"seed": snapshot.seed, "replicate": snapshot.replicate}
        return cls(scenario, **given, threads=threads, saved=snapshot.arrays)

    def fork(self, scenario: BodyScenario) -> Self:
        """A second life that goes on from here as another scenario, whose past is not looked at.

        Raises:
            ValueError: its receptors, meals or windows are of another kind.
        """
        mine, other = (each.to_dict() for each in (self.scenario, scenario))
        for key in _SHARED_BY_FORKS:
            if mine.get(key) != other.get(key):
                raise ValueError(f"fork: {key} = {other.get(key)!r} given; this life has {mine.get(key)!r}")
        saved = self.snapshot().arrays
        return type(self)(scenario, seed=self.seed, replicate=self.replicate, threads=self._threads, saved=saved)

    # -- one window ------------------------------------------------------------------------------------------------

    def _window(self) -> None:
        scenario, slow, ends_d = self.scenario, self._slow, self.scenario.ends_d
        end_d = ends_d[bisect.bisect_right(ends_d, self._day)]
        window_d, middle_d = end_d - self._day, 0.5 * (self._day + end_d)
        growth = scenario.growth
        now = body_coupling.coupled(scenario, self._surface(), slow, middle_d)
        before = physiology.balance(growth.topp, slow.beta, now.sensitivity, now.fading)
        beta, wear = growth.advance(
            slow.beta, slow.wear, window_d, now.sensitivity, clearance=now.clearance, secretion=now.secretion
        )
        balance = physiology.balance(growth.topp, beta, now.sensitivity, now.fading)
        middle = Levels(*(0.5 * (first + last) for first, last in zip(before, balance, strict=True)))
        stretches = self._insulin.window(body_coupling.between_meals(scenario, middle, now), window_d * MINUTES_PER_DAY)
        for name, ratio in physiology.organ_insulin(1.0).items():
            self._people[name].advance(ratio * stretches.levels_nM, stretches.minutes)
        mean_nM, surface = float(stretches.levels_nM.mean()), self._surface()["adipose"]
        seen_nM = [physiology.organ_insulin(level)["adipose"] for level in (mean_nM, self._healthy_nM)]
        acids = body_coupling.acids(scenario, surface, now.gain, middle_d, *seen_nM)
        toxicity = scenario.toxicity
        lost = 0.0 if toxicity is None else toxicity.advance(slow.toxicity, middle.glucose, window_d)
        self._slow = Slow(beta, wear, lost, acids)
        self._day = end_d
        self._rows.append(self._row(self.day, mean_nM))

    def _surface(self) -> dict[str, float]:
        return {name: self.scenario.dose * organ.surface for name, organ in self._people.items()}

    def _row(self, day: float, mean_nM: float) -> dict[str, float]:
        scenario, slow, surface = self.scenario, self._slow, self._surface()
        topp = scenario.growth.topp
        now = body_coupling.coupled(scenario, surface, slow, day)
        course = scenario.course_at(day)
        levels = physiology.balance(topp, slow.beta, now.sensitivity, now.fading)
        insulin_nM = levels.insulin * NM_PER_UU_PER_ML
        row = {
            "time_min": day * MINUTES_PER_DAY,
            "glucose_mM": levels.glucose / MG_PER_DL_PER_MM,
            "insulin_nM": insulin_nM,
            "beta_mg": slow.beta,
            "wear": slow.wear,
            "insult": scenario.insult_at(day) * course["insult"],
            "toxicity": slow.toxicity,
            "fatty_acids": slow.acids,
            "sensitivity": now.sensitivity / physiology.constant("sensitivity"),
            "peripheral_response": now.periphery,
            "hepatic_response": now.liver,
            "clearance": now.clearance / topp.clearance,
            "secretion": now.secretion,
            **{name: course[name] for name in ("visceral_fat", "muscle_mass", "glut4", "liver")},
        }
        seen_nM = mean_nM if scenario.meals == "three" else insulin_nM
        for name, seen in physiology.organ_insulin(seen_nM).items():
            row[f"{name}_insulin_nM"] = seen
            row[f"{name}_surface"] = surface[name]
            row[f"{name}_activity"] = body_coupling.activity(scenario, name, day, course)
        return row


def _day(given: object) -> str:
    return f"{given:g}" if isinstance(given, float) else shown(given)


def simulate_body(
    scenario: BodyScenario | str | Path,
    *,
    seed: int = 1,
    replicate: int = 0,
    threads: int | None = None,
    progress: Callable[[float], None] | None = None,
) -> BodyResult:
    """One person's years from the healthy state on.

    Args:
        scenario: a body scenario, or the name or path of one.
        seed, replicate: of random numbers, where the scenario's resolution has any.
        threads: at most this many for single receptors; no result depends on it.
        progress: told the day after every window.
    """

    if progress is not None and not callable(progress):
        raise ValueError(f"progress: {shown(progress)} given; a function is needed, or None")

    def told(day: float) -> bool:
        if progress is not None:
            progress(day)
        return True

    life = Life(scenario, seed=seed, replicate=replicate, threads=threads)
    life.advance(keep_going=told)
    return life.result()


def _people(
    scenario: BodyScenario,
    day: plasma.Stretches,
    *,
    seed: int,
    replicate: int,
    threads: int | None,
    saved: Mapping[str, np.ndarray] | None,
) -> Mapping[str, Organ]:
    if scenario.receptors != "organs":
        return organs.stand_ins(day, scenario.elasticity or 0.0, saved=saved)
    return organs.of_body(
        day,
        scenario.window_d * MINUTES_PER_DAY,
        resolution=scenario.resolution,
        receptors=None if scenario.resolution == "mean" else scenario.receptors_per_organ,
        seed=seed,
        replicate=replicate,
        threads=threads,
        saved=saved,
    )
