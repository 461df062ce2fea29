"""Tests of a clinic, in silico: oral glucose tolerance, the glucose clamp, and the indices made of them.

Each takes a body as it is and gives a table; the body's own life goes on as if there had been none.
"""

from __future__ import annotations

from numbers import Integral
from typing import NamedTuple

import numpy as np
import pandas as pd

from trafficking import meals, physiology
from trafficking.equality import by_value
from trafficking.faults import number, shown
from trafficking.meals import Course, Fasting, Meal
from trafficking.physiology import MG_PER_DL_PER_MM, NM_PER_UU_PER_ML
from trafficking.quantities import measured

_PMOL_PER_MU = 6.0
_AT_THE_END_MIN = 40  # of a clamp: the glucose infused then is M
_LONGEST_TEST_MIN = 10_000
_MOST_FALLING_MIN = 720  # for insulin to bring glucose down to where it is held


@by_value
class OralTest(NamedTuple):
    """An oral glucose tolerance test.

    table: time_min, glucose_mM, insulin_nM. two_hours_mM, peak_mM: glucose. peak_nM: insulin. matsuda: of samples at 0,
    30, 60, 90 and 120 min, see `physiology`; show its ratio to that of the healthy body.
    """

    table: pd.DataFrame
    two_hours_mM: float
    peak_mM: float
    peak_nM: float
    matsuda: float


@by_value
class Clamp(NamedTuple):
    """A clamp: isoglycaemic at the body's own fasting level, euglycaemic at a normal one.

    table: time_min, glucose_mM, insulin_nM, glucose_infused. m: glucose infused in the last 40 min, mg per kg and min.
    insulin_uU_per_mL: then. m_per_i: m for 100 uU/mL. falling_min: until insulin had brought glucose down to where it
    is held, before the table begins.
    """

    table: pd.DataFrame
    m: float
    insulin_uU_per_mL: float
    m_per_i: float
    falling_min: float


def ogtt(body: Fasting, *, grams: float | None = None, minutes: int = 180, every: int = 30) -> OralTest:
    """Glucose drunk after a night without food; the stomach empties itself of it as of a meal.

    Args:
        grams: default 75. minutes: at least 120. every: minutes between two rows of the table.
    """
    _check_body(body)
    grams = meals.constant("oral_g") if grams is None else _number("grams", grams, 1000.0)
    minutes, every = _whole("minutes", minutes, 120), _whole("every", every, 1)
    course = meals.course(body, minutes, meals=[Meal(0.0, grams)])
    samples = course.glucose[:121:30].mean(), course.insulin[:121:30].mean()
    return OralTest(
        table=_table(course, every),
        two_hours_mM=float(course.glucose[120]) / MG_PER_DL_PER_MM,
        peak_mM=float(course.glucose.max()) / MG_PER_DL_PER_MM,
        peak_nM=float(course.insulin.max()) * NM_PER_UU_PER_ML,
        matsuda=physiology.matsuda(body.glucose, body.insulin, *map(float, samples)),
    )


def clamp(
    body: Fasting,
    *,
    infusion: float | None = None,
    target_mM: float | str | None = None,
    minutes: int = 120,
    every: int = 10,
) -> Clamp:
    """Insulin infused while glucose is held by an infusion of its own.

    Args:
        infusion: of insulin, mU per kg and min; default 1. minutes: at least 60.
        target_mM: where glucose is held; default the body's own fasting level. Insulin alone first brings it down to
            a lower one.

    Raises:
        ValueError: the target is above the fasting level, or is not reached in 12 h of this insulin.
    """
    _check_body(body)
    infusion = meals.constant("infusion") if infusion is None else _number("infusion", infusion, 1000.0)
    minutes, every = _whole("minutes", minutes, 60), _whole("every", every, 1)
    given = _PMOL_PER_MU * infusion
    if target_mM is None:
        target = body.glucose
    else:
        target = measured(target_mM, "glucose", "target_mM", most=100.0, zero=False) * MG_PER_DL_PER_MM
    falling = _falling_min(body, given, target)
    state = meals.course(body, falling, infusion=given).state if falling else None
    course = meals.course(body, minutes, infusion=given, clamp_at=target, state=state)
    m, level = (float(values[-_AT_THE_END_MIN:].mean()) for values in (course.infused, course.insulin))
    table = _table(course, every)
    table["glucose_infused"] = course.infused[::every]
    return Clamp(table, m, level, 100.0 * m / level, float(falling))


def _falling_min(body: Fasting, infusion: float, target: float) -> int:
    """Whole minutes of insulin, pmol per kg and min, until glucose is no higher than the target, mg/dL."""
    own, wanted = body.glucose / MG_PER_DL_PER_MM, target / MG_PER_DL_PER_MM
    if target > body.glucose:
        raise ValueError(f"target: {wanted:.3g} mM given; at most the fasting level, {own:.3g} mM")
    if target == body.glucose:
        return 0
    glucose = meals.course(body, _MOST_FALLING_MIN, infusion=infusion).glucose
    if glucose.min() > target:
        lowest = glucose.min() / MG_PER_DL_PER_MM
        raise ValueError(f"target: {wanted:.3g} mM given; 12 h of this insulin bring glucose down to {lowest:.3g} mM")
    return int(np.argmax(glucose <= target))


def homa_ratio(body: Fasting) -> float:
    """HOMA-IR over that of the healthy body, 2.47."""
    _check_body(body)
    own, healthy = (physiology.homa_ir(each.glucose / MG_PER_DL_PER_MM, each.insulin) for each in (body, meals.HEALTHY))
    return own / healthy


def _check_body(body: Fasting) -> None:
    if not isinstance(body, Fasting):
        made = "BodyResult.fasting_at(day), or meals.HEALTHY"
        raise ValueError(f"body: {shown(body)} given; a body is needed as it is after a night: {made}")


def _number(name: str, given: float, most: float) -> float:
    try:
        return number(0.0, most).read(given)
    except ValueError as fault:
        raise ValueError(f"{name}: {fault}") from None


def _whole(name: str, given: int, least: int) -> int:
    if isinstance(given, bool) or not isinstance(given, Integral) or not least <= given <= _LONGEST_TEST_MIN:
        allowed = f"whole minutes from {least} to {_LONGEST_TEST_MIN:,} are needed"
        raise ValueError(f"{name}: {shown(given)} given; {allowed}")
    return int(given)


def _table(course: Course, every: int) -> pd.DataFrame:
    rows = np.arange(0, len(course.time_min), every)
    return pd.DataFrame(
        {
            "time_min": course.time_min[rows],
            "glucose_mM": course.glucose[rows] / MG_PER_DL_PER_MM,
            "insulin_nM": course.insulin[rows] * NM_PER_UU_PER_ML,
        }
    )
