"""A trial of prevention in silico: people at risk, each of them followed without, with lifestyle, and with metformin.

People differ in what lowers their sensitivity and in how fast their beta cells wear. Each is one person in all arms, of
the same deviates, so that arms differ by the intervention alone. How often the untreated fall ill is set; what the
interventions take away from that follows from their assumed sizes (`data/interventions.toml`). It is no blind test:
several settings of how people differ were tried, and the reductions were seen meanwhile.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any

import numpy as np
import pandas as pd

from trafficking import checkups, clinic, physiology
from trafficking.body import Life
from trafficking.body_files import load_body
from trafficking.body_forms import BodyScenario
from trafficking.equality import by_value
from trafficking.identity import philox
from trafficking.physiology import DAY_MIN, YEAR_D

ARMS = ("untreated", "lifestyle", "metformin")
_MOST_ASKED = 50  # people who are asked for each that is let in
_RESAMPLED = 2000  # times


@lru_cache
def data() -> Mapping[str, Any]:
    """`data/trial.toml`."""
    return tomllib.loads(files("trafficking").joinpath("data", "trial.toml").read_text(encoding="utf-8"))


@by_value
@dataclass(frozen=True, eq=False)
class Trial:
    """What became of the people.

    people: a row for each: person, its insult and wear over the middle person's, and per arm the years until diabetes
        was found, `untreated_years` and so on; nan where it was not within the follow-up.
    asked: how many people were looked at for that.
    """

    people: pd.DataFrame
    asked: int
    seed: int

    def cases(self, arm: str) -> int:
        return int(self.people[f"{arm}_years"].notna().sum())

    def incidence(self, arm: str) -> float:
        """Cases per 100 person-years."""
        return float(_incidence(self.people[f"{arm}_years"].to_numpy()[None])[0])

    def reduction(self, arm: str) -> tuple[float, float, float]:
        """By how many percent the incidence is below the untreated, and the ends of its 95 % interval.

        The interval is that of people drawn anew with replacement, the same ones in both arms.
        """
        years = {name: self.people[f"{name}_years"].to_numpy() for name in ("untreated", arm)}
        drawn = philox(self.seed, 0, "resampling").integers(0, len(self.people), (_RESAMPLED, len(self.people)))
        with np.errstate(divide="ignore", invalid="ignore"):
            less = 100.0 * (1.0 - _incidence(years[arm][drawn]) / _incidence(years["untreated"][drawn]))
        low, high = np.nanquantile(less, (0.025, 0.975))
        untreated = self.incidence("untreated")
        middle = 100.0 * (1.0 - self.incidence(arm) / untreated) if untreated else math.nan
        return middle, float(low), float(high)


def _incidence(years: np.ndarray) -> np.ndarray:
    """(n, people) years until diabetes, nan for none -> (n,) cases per 100 person-years."""
    lived = np.nan_to_num(years, nan=data()["follow_years"])
    return 100.0 * np.isfinite(years).sum(axis=1) / lived.sum(axis=1)


def trial(people: int = 100, *, seed: int = 1, progress: Callable[[float], None] | None = None) -> Trial:
    """Asks one person after the other until so many could be let in, and follows each in every arm.

    Args:
        progress: told how many have been followed.

    Raises:
        ValueError: hardly anybody can be let in.
    """
    rows: list[dict[str, float]] = []
    asked = 0
    while len(rows) < people:
        if asked >= _MOST_ASKED * people:
            raise ValueError(f"{len(rows)} of {asked:,} people could be let in; data/trial.toml asks for others")
        deviates = philox(seed, asked, "person").standard_normal(3)
        asked += 1
        found = _followed(*(float(np.clip(each, -5.0, 5.0)) for each in deviates))
        if found is not None:
            rows.append({"person": asked, **found})
            if progress is not None:
                progress(len(rows))
    return Trial(pd.DataFrame(rows), asked, seed)


def _followed(insult: float, wear: float, benefit: float) -> dict[str, float] | None:
    """One person of these deviates in every arm; None: not let in."""
    spread = data()["spread"]
    person = {name: math.exp(spread[name]["value"] * z) for name, z in (("insult", insult), ("wear", wear))}
    scenario = _person(**person)
    before = Life(scenario)
    before.advance(data()["start_years"] * YEAR_D)
    if not _let_in(before.levels.iloc[-1].to_dict()):
        return None
    years, start = {}, f"{data()['start_years']!r} y"
    for arm in ARMS:
        treated = scenario if arm == "untreated" else scenario.treated(arm, start, deviate=benefit)
        life = before.fork(treated)
        life.advance()
        years[f"{arm}_years"] = _years_until_found(life.levels)
    return {**person, **years}


def _person(*, insult: float, wear: float) -> BodyScenario:
    """The middle person with these factors on what is left by the insult and on the wear of the beta cells."""
    middle = load_body(data()["scenario"])
    given, worn = middle.to_dict(), middle.beta_cells.exhaustion
    assert worn is not None  # without wear nobody falls ill
    first, *later = given["insult"]
    left = [{**point, "factor": min(point["factor"] * insult, 1.0)} for point in later]
    per_year = worn.wear_per_year * wear * data()["set"]["wear"]["value"]
    exhaustion = {**given["beta_cells"]["exhaustion"], "wear": f"{per_year!r} /y"}
    windows = math.ceil((data()["start_years"] + data()["follow_years"]) * YEAR_D / middle.window_d)
    changed = {
        "insult": [first, *left],
        "beta_cells": {**given["beta_cells"], "exhaustion": exhaustion},
        "duration": f"{windows * middle.window_d!r} d",
    }
    return BodyScenario.from_dict({**given, **changed})


def _let_in(row: dict[str, float]) -> bool:
    """Whether somebody of these levels may take part."""
    entry = data()["entry"]
    lowest, highest = entry["fasting_mM"]
    if not lowest <= row["glucose_mM"] < highest:
        return False
    lowest, highest = entry["two_hours_mM"]
    return bool(lowest <= clinic.ogtt(checkups.fasting(row)).two_hours_mM < highest)


def _years_until_found(levels: pd.DataFrame) -> float:
    """Years from the start to the first diabetic fasting level, or tolerance test of a yearly check-up; nan: none."""
    start, end = data()["start_years"], data()["start_years"] + data()["follow_years"]
    years = levels["time_min"].to_numpy() / DAY_MIN / YEAR_D
    fasting = years[levels["glucose_mM"].to_numpy() >= physiology.constant("diabetic_fasting")]
    tests = checkups.yearly(levels)
    tested = tests["year"][tests["two_hours_mM"] >= physiology.constant("diabetic_two_hours")].to_numpy()
    found = np.concatenate([fasting, tested])
    found = found[(found > start) & (found <= end)]
    return float(found.min() - start) if len(found) else math.nan
