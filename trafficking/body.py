"""The vicious cycle: insulin removes receptors, fewer receptors need more insulin, and beta cells have to make it.

Window after window, a day unless the scenario says otherwise: the receptors of the organs and the insult set how
sensitive the body is; glucose, insulin and beta-cell mass follow from that; and in the insulin of this window the
receptors of the next one come about. Insulin is that of daily means, or rises and falls with three meals a day; glucose
and beta cells over the years follow the fasting state in both. The receptors of the organs are expected numbers, random
numbers, or single receptors (`resolution`), and then one life differs from the next.

A research and teaching model of a mean person who does not exist; nothing in it is medical advice.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import pandas as pd

from trafficking import checkups, organs, physiology, plasma
from trafficking.body_forms import BodyScenario
from trafficking.meals import Fasting
from trafficking.organs import ORGANS, Organ
from trafficking.physiology import DAY_MIN, HEALTHY, MG_PER_DL_PER_MM, NM_PER_UU_PER_ML, USERS, YEAR_D, Levels
from trafficking.plasma import Plasma, Steady, ThreeMeals
from trafficking.results import Column

MINUTES_PER_DAY = DAY_MIN
_YEARS_FROM_D = 2.0 * YEAR_D
_INFLAMED = ("muscle", "adipose")  # inflammation takes activity from these, not from the liver (Hotamisligil 1994)

COLUMNS = {
    "time_min": Column("min", "Time"),
    "glucose_mM": Column("mM", "Fasting glucose"),
    "insulin_nM": Column("nM", "Plasma insulin"),
    "beta_mg": Column("mg", "Beta-cell mass"),
    "wear": Column("1", "Gain of the beta cells' death rate"),
    "insult": Column("1", "Insult u (1 = none)"),
    "sensitivity": Column("1", "Insulin sensitivity relative to healthy"),
    "toxicity": Column("1", "Sensitivity lost to days of high glucose"),
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


@dataclass(frozen=True)
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
        if not 0.0 <= day <= days[-1] + 1e-6:
            raise ValueError(f"day {day:g} given; this life lasts from day 0 to day {days[-1]:g}")
        return int(np.searchsorted(days, day + 1e-6, side="right")) - 1


class _Slow(NamedTuple):
    """What moves over months. beta: mg. wear, toxicity: see `physiology`."""

    beta: float
    wear: float
    toxicity: float


class _Coupling(NamedTuple):
    """What receptors, insult and interventions make of the body. sensitivity: mL/uU per day. clearance: per day.
    secretion: of a beta cell, and periphery, liver: responses to insulin, 1 = healthy."""

    sensitivity: float
    clearance: float
    secretion: float
    periphery: float
    liver: float

    @property
    def fading(self) -> float:
        """Clearance over secretion: secretion by a share and clearance over it are one thing to the balance."""
        return self.clearance / self.secretion


def simulate_body(
    scenario: BodyScenario,
    *,
    seed: int = 1,
    replicate: int = 0,
    threads: int | None = None,
    progress: Callable[[float], None] | None = None,
) -> BodyResult:
    """One person's years from the healthy state on.

    Args:
        seed, replicate: of random numbers, where the scenario's resolution has any.
        threads: at most this many for single receptors; no result depends on it.
        progress: told the day after every window.
    """
    growth, window_d = scenario.growth, scenario.window_d
    day = plasma.healthy_day(scenario.meals)
    people = _people(scenario, day, seed=seed, replicate=replicate, threads=threads)
    insulin: Plasma = ThreeMeals() if scenario.meals == "three" else Steady()
    slow = _Slow(HEALTHY.beta, 0.0, 0.0)
    rows = [_row(scenario, people, 0.0, slow, float(day.levels_nM.mean()))]
    for window in range(round(scenario.duration_d / window_d)):
        after = (window + 1) * window_d
        now = _coupled(scenario, people, slow, after - 0.5 * window_d)
        before = physiology.balance(growth.topp, slow.beta, now.sensitivity, now.fading)
        beta, wear = growth.advance(slow.beta, slow.wear, window_d, now.sensitivity, now.fading)
        balance = physiology.balance(growth.topp, beta, now.sensitivity, now.fading)
        middle = Levels(*(0.5 * (first + last) for first, last in zip(before, balance, strict=True)))
        slow = _Slow(beta, wear, _toxic(scenario, slow.toxicity, middle.glucose))
        stretches = insulin.window(_between_meals(scenario, middle, now), window_d * MINUTES_PER_DAY)
        for name, ratio in physiology.organ_insulin(1.0).items():
            people[name].advance(ratio * stretches.levels_nM, stretches.minutes)
        rows.append(_row(scenario, people, after, slow, float(stretches.levels_nM.mean())))
        if progress is not None:
            progress(after)
    levels = pd.DataFrame(rows)
    return BodyResult(scenario, levels, checkups.yearly(levels), seed)


def _people(
    scenario: BodyScenario, day: plasma.Stretches, *, seed: int, replicate: int, threads: int | None
) -> Mapping[str, Organ]:
    if scenario.receptors != "organs":
        return organs.stand_ins(day, scenario.elasticity or 0.0)
    return organs.of_body(
        day,
        scenario.window_d * MINUTES_PER_DAY,
        resolution=scenario.resolution,
        receptors=None if scenario.resolution == "mean" else scenario.receptors_per_organ,
        seed=seed,
        replicate=replicate,
        threads=threads,
    )


def _coupled(scenario: BodyScenario, people: Mapping[str, Organ], slow: _Slow, day: float) -> _Coupling:
    """What follows from the receptors and the slow states as they are, and the insult of a day."""
    course = scenario.course_at(day)
    scale = {"muscle": course["muscle_mass"] * course["glut4"], "liver": course["liver"]}
    responses = {}
    for name in USERS:
        activity = _activity(scenario, name, day, course)
        strength = physiology.strength(scenario.dose * people[name].surface, activity, scenario.power)
        responses[name] = scale.get(name, 1.0) * strength
    clearance = physiology.clearance(
        scenario.growth.topp, scenario.dose * people["liver"].surface, scenario.hepatic_clearance
    )
    left = scenario.insult_at(day) * course["insult"] * (1.0 - slow.toxicity)
    return _Coupling(
        physiology.sensitivity(left, physiology.shared(responses)),
        clearance,
        course["secretion"],
        left * physiology.shared(responses, _INFLAMED),
        left * responses["liver"],
    )


def _between_meals(scenario: BodyScenario, levels: Levels, now: _Coupling) -> Fasting:
    clearance = now.clearance / scenario.growth.topp.clearance
    beta = levels.beta / HEALTHY.beta * now.secretion
    return Fasting(levels.glucose, levels.insulin, beta, clearance, now.periphery, now.liver)


def _toxic(scenario: BodyScenario, loss: float, glucose: float) -> float:
    """The share of sensitivity that high glucose has taken at the end of a window at this glucose, mg/dL."""
    toxicity = scenario.toxicity
    return 0.0 if toxicity is None else toxicity.advance(loss, glucose, scenario.window_d)


def _activity(scenario: BodyScenario, organ: str, day: float, course: Mapping[str, float]) -> float:
    return scenario.activity_at(day) * course["activity"] if organ in _INFLAMED else 1.0


def _row(
    scenario: BodyScenario, people: Mapping[str, Organ], day: float, slow: _Slow, mean_nM: float
) -> dict[str, float]:
    topp = scenario.growth.topp
    coupling = _coupled(scenario, people, slow, day)
    course = scenario.course_at(day)
    now = physiology.balance(topp, slow.beta, coupling.sensitivity, coupling.fading)
    insulin_nM = now.insulin * NM_PER_UU_PER_ML
    row = {
        "time_min": day * MINUTES_PER_DAY,
        "glucose_mM": now.glucose / MG_PER_DL_PER_MM,
        "insulin_nM": insulin_nM,
        "beta_mg": slow.beta,
        "wear": slow.wear,
        "insult": scenario.insult_at(day) * course["insult"],
        "toxicity": slow.toxicity,
        "sensitivity": coupling.sensitivity / physiology.constant("sensitivity"),
        "peripheral_response": coupling.periphery,
        "hepatic_response": coupling.liver,
        "clearance": coupling.clearance / topp.clearance,
        "secretion": coupling.secretion,
        **{name: course[name] for name in ("visceral_fat", "muscle_mass", "glut4", "liver")},
    }
    seen_nM = mean_nM if scenario.meals == "three" else insulin_nM
    for name, seen in physiology.organ_insulin(seen_nM).items():
        row[f"{name}_insulin_nM"] = seen
        row[f"{name}_surface"] = scenario.dose * people[name].surface
        row[f"{name}_activity"] = _activity(scenario, name, day, course)
    return row
