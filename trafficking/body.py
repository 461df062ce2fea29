"""The vicious cycle: insulin removes receptors, fewer receptors need more insulin, and beta cells have to make it.

Window after window, a day unless the scenario says otherwise: the receptors of the organs and the insult set how
sensitive the body is; glucose, insulin and beta-cell mass follow from that; and in the insulin of this window the
receptors of the next one come about. All of it is expected numbers on daily means. Meals are not resolved: three a day
leave a lean cell 4 % (liver, muscle) or 1 % (fat) more surface receptors than their mean given all day.

A research and teaching model of a mean person who does not exist; nothing in it is medical advice.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from scipy.integrate import cumulative_trapezoid

from trafficking import organs, physiology
from trafficking.body_forms import BodyScenario
from trafficking.organs import ORGANS, Organ
from trafficking.physiology import HEALTHY, MG_PER_DL_PER_MM, NM_PER_UU_PER_ML, STAGES, YEAR_D, Checkup
from trafficking.results import Column

MINUTES_PER_DAY = 1440.0
USERS = ("muscle", "liver", "adipose")  # organs whose receptors set the body's sensitivity
_INFLAMED = ("muscle", "adipose")  # inflammation takes activity from these, not from the liver (Hotamisligil 1994)

COLUMNS = {
    "time_min": Column("min", "Time"),
    "glucose_mM": Column("mM", "Fasting glucose"),
    "insulin_nM": Column("nM", "Plasma insulin"),
    "beta_mg": Column("mg", "Beta-cell mass"),
    "wear": Column("1", "Gain of the beta cells' death rate"),
    "insult": Column("1", "Insult u (1 = none)"),
    "sensitivity": Column("1", "Insulin sensitivity relative to healthy"),
    "clearance": Column("1", "Insulin clearance relative to healthy"),
    "visceral_fat": Column("1", "Visceral fat relative to healthy"),
    "muscle_mass": Column("1", "Muscle mass relative to healthy"),
    "glut4": Column("1", "Level of GLUT4 relative to healthy"),
    "liver": Column("1", "Response of the liver, from treatment"),
    "year": Column("years", "Time"),
    "insulin_ratio": Column("1", "Fasting insulin relative to healthy"),
    "homa_ratio": Column("1", "HOMA-IR relative to healthy"),
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

    levels: one row per end of a window: time_min, glucose_mM, insulin_nM, beta_mg, wear, insult, sensitivity, clearance
        (both relative to healthy), and of each organ the insulin it sees, its surface receptors relative to the healthy
        body, and the activity below them. What holds at a time holds from it on.
    checkups: one row per year: glucose_mM, insulin_ratio, homa_ratio, exposure_mM_years, finding, stage, words.
    """

    scenario: BodyScenario
    levels: pd.DataFrame
    checkups: pd.DataFrame

    @cached_property
    def onset_year(self) -> float:
        """The year in which fasting glucose first reaches the diabetic level; nan if it never does."""
        glucose = self.levels["glucose_mM"].to_numpy()
        beyond = glucose >= physiology.constant("diabetic_fasting")
        if not beyond.any():
            return float("nan")
        first = int(np.argmax(beyond))
        return float(self.levels["time_min"].iloc[first]) / MINUTES_PER_DAY / YEAR_D


def simulate_body(scenario: BodyScenario, *, progress: Callable[[float], None] | None = None) -> BodyResult:
    """One person's years from the healthy state on.

    Args:
        progress: told the day after every window.
    """
    growth = scenario.growth
    healthy_nM = HEALTHY.insulin * NM_PER_UU_PER_ML
    people = organs.of_body(scenario.receptors, scenario.elasticity, healthy_nM)
    windows = round(scenario.duration_d / scenario.window_d)
    rows: list[dict[str, float]] = []
    beta, wear = HEALTHY.beta, 0.0
    for window in range(windows):
        day, after = window * scenario.window_d, (window + 1) * scenario.window_d
        middle = 0.5 * (day + after)
        sensitivity, clearance = _coupling(scenario, people, middle)
        # Secretion by a share and clearance over it are one thing to the balance.
        clearance /= scenario.course_at(middle)["secretion"]
        before = physiology.balance(growth.topp, beta, sensitivity, clearance)
        if not rows:
            rows.append(_row(scenario, people, 0.0, beta, wear))
        beta, wear = growth.advance(beta, wear, scenario.window_d, sensitivity, clearance)
        now = physiology.balance(growth.topp, beta, sensitivity, clearance)
        seen = physiology.organ_insulin(0.5 * (before.insulin + now.insulin) * NM_PER_UU_PER_ML)
        for name, organ in people.items():
            organ.advance(seen[name], scenario.window_d * MINUTES_PER_DAY)
        rows.append(_row(scenario, people, after, beta, wear))
        if progress is not None:
            progress(after)
    levels = pd.DataFrame(rows)
    return BodyResult(scenario, levels, _checkups(levels))


def _coupling(scenario: BodyScenario, people: dict[str, Organ], day: float) -> tuple[float, float]:
    """Sensitivity, mL/uU per day, and clearance, per day, with the receptors as they are and the insult of a day."""
    response, course = 0.0, scenario.course_at(day)
    scale = {"muscle": course["muscle_mass"] * course["glut4"], "liver": course["liver"]}
    for name in USERS:
        surface = scenario.dose * people[name].surface
        share = physiology.constant(f"{name}_share") * scale.get(name, 1.0)
        response += share * physiology.strength(surface, _activity(scenario, name, day), scenario.power)
    clearance = physiology.clearance(
        scenario.growth.topp, scenario.dose * people["liver"].surface, scenario.hepatic_clearance
    )
    return physiology.sensitivity(scenario.insult_at(day) * course["insult"], response), clearance


def _activity(scenario: BodyScenario, organ: str, day: float) -> float:
    return scenario.activity_at(day) * scenario.course_at(day)["activity"] if organ in _INFLAMED else 1.0


def _row(scenario: BodyScenario, people: dict[str, Organ], day: float, beta: float, wear: float) -> dict[str, float]:
    topp = scenario.growth.topp
    sensitivity, clearance = _coupling(scenario, people, day)
    course = scenario.course_at(day)
    now = physiology.balance(topp, beta, sensitivity, clearance / course["secretion"])
    insulin_nM = now.insulin * NM_PER_UU_PER_ML
    row = {
        "time_min": day * MINUTES_PER_DAY,
        "glucose_mM": now.glucose / MG_PER_DL_PER_MM,
        "insulin_nM": insulin_nM,
        "beta_mg": beta,
        "wear": wear,
        "insult": scenario.insult_at(day) * course["insult"],
        "sensitivity": sensitivity / physiology.constant("sensitivity"),
        "clearance": clearance / topp.clearance,
        **{name: course[name] for name in ("visceral_fat", "muscle_mass", "glut4", "liver")},
    }
    for name, seen in physiology.organ_insulin(insulin_nM).items():
        row[f"{name}_insulin_nM"] = seen
        row[f"{name}_surface"] = scenario.dose * people[name].surface
        row[f"{name}_activity"] = _activity(scenario, name, day)
    return row


def _checkups(levels: pd.DataFrame) -> pd.DataFrame:
    """One check-up a year, after each full year; stages are read off the state and never set."""
    days = levels["time_min"].to_numpy() / MINUTES_PER_DAY
    glucose, insulin = levels["glucose_mM"].to_numpy(), levels["insulin_nM"].to_numpy()
    above = np.maximum(glucose - physiology.constant("diabetic_fasting"), 0.0)
    exposure = cumulative_trapezoid(above, days, initial=0.0) / YEAR_D
    years = np.arange(1, int(days[-1] / YEAR_D + 1e-9) + 1)
    at = np.searchsorted(days, years * YEAR_D - 1e-6)
    ratio = insulin / (HEALTHY.insulin * NM_PER_UU_PER_ML)
    seen = [Checkup(float(glucose[i]), float(ratio[i]), None, float(exposure[i])) for i in at]
    found = physiology.stages(seen)
    healthy_mM = HEALTHY.glucose / MG_PER_DL_PER_MM
    return pd.DataFrame(
        {
            "time_min": levels["time_min"].to_numpy()[at],
            "year": years,
            "glucose_mM": glucose[at],
            "insulin_ratio": ratio[at],
            "homa_ratio": glucose[at] / healthy_mM * ratio[at],
            "exposure_mM_years": exposure[at],
            "finding": np.array([physiology.finding(each) for each in seen], dtype=np.int64),
            "stage": np.array(found, dtype=np.int64),
            "words": pd.Series([STAGES[stage] for stage in found], dtype="str"),
        }
    )
