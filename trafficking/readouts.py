"""What each organ does with the signal of its receptors: uptake, output, lipolysis, androgen, secretion; 1 = healthy.

The chain: bound surface receptors give a signal S = a b / (b + half), IRS-1 and PI3K pass on the share g of it, and
GLUT4 at the surface = level x (basal + (1 - basal) g S). What lowers the body's sensitivity outside the receptor, the
insult u and days of high glucose, is taken as loss of g. Two arms keep the whole signal: lipogenesis in the liver, and
androgen in the ovary. These are read off a life and act on nothing in it; constants, sources and evidence grades are in
`data/readouts.toml`. Glucagon is left out: it would raise the liver's output further.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any

import numpy as np
import pandas as pd

from trafficking.body import BodyResult
from trafficking.organs import ORGANS
from trafficking.physiology import DAY_MIN, HEALTHY, NM_PER_UU_PER_ML, organ_insulin

_HEALTHY_NM = organ_insulin(HEALTHY.insulin * NM_PER_UU_PER_ML)


@dataclass(frozen=True)
class Readout:
    """One row: its column, organ, words, the way it goes in resistance, where that ends, evidence grade and source."""

    name: str
    organ: str
    words: str
    resistant: str
    clinical_end: str
    grade: str
    source: str


@lru_cache
def _data() -> dict[str, Any]:
    return tomllib.loads(files("trafficking").joinpath("data", "readouts.toml").read_text(encoding="utf-8"))


def rows() -> tuple[Readout, ...]:
    """The read-outs in their order."""
    return tuple(Readout(**entry) for entry in _data()["readouts"])


def constants() -> Mapping[str, Mapping[str, Any]]:
    """value, status, meaning and source of every constant."""
    return _data()["values"]


def _value(name: str) -> float:
    return _data()["values"][name]["value"]


def signal(insulin_nM: np.ndarray | float, surface: np.ndarray | float, activity: np.ndarray | float) -> np.ndarray:
    """S of an organ: a b / (b + half), with b the bound surface receptors over R0.

    Args:
        insulin_nM: that the organ sees. surface: over the lean body's. activity: a, 1 = healthy.
    """
    occupied = np.asarray(insulin_nM) / (np.asarray(insulin_nM) + _value("affinity_nM"))
    bound = _value("surface_share") * np.asarray(surface) * occupied
    return np.asarray(activity) * bound / (bound + _value("half_signal"))


def readouts(result: BodyResult, *, same_insulin: bool = False) -> pd.DataFrame:
    """The read-outs of a life.

    Args:
        same_insulin: in the insulin of the healthy body instead of the person's own, as a clamp would have it.

    Returns:
        One row per row of `result.levels`: time_min and a column for each of `rows()`, 1 = healthy.
    """
    levels = result.levels
    rest = {organ: signal(seen, 1.0, 1.0) for organ, seen in _HEALTHY_NM.items()}
    now = {
        organ: signal(
            _HEALTHY_NM[organ] if same_insulin else levels[f"{organ}_insulin_nM"],
            levels[f"{organ}_surface"],
            levels[f"{organ}_activity"],
        )
        for organ in _HEALTHY_NM
    }
    gain = levels["insult"].to_numpy() * (1.0 - levels["toxicity"].to_numpy())
    fat, muscle, glut4, treated = (
        levels[name].to_numpy() for name in ("visceral_fat", "muscle_mass", "glut4", "liver")
    )
    insulin = levels["insulin_nM"].to_numpy() / (HEALTHY.insulin * NM_PER_UU_PER_ML)
    lipolysis = _held_back(gain * now["adipose"], rest["adipose"])
    acids = lipolysis * fat
    lipid = gain / (1.0 + _value("fatty_acids") * np.maximum(acids - 1.0, 0.0))
    at_surface = glut4 * _glut4(lipid * now["muscle"]) / _glut4(rest["muscle"])
    return pd.DataFrame(
        {
            "time_min": levels["time_min"].to_numpy(),
            "muscle_glut4": at_surface,
            "muscle_uptake": at_surface * muscle,
            "muscle_glycogen": glut4 * lipid * now["muscle"] / rest["muscle"],
            "liver_output": _held_back(lipid * treated * now["liver"], rest["liver"]),
            "liver_lipogenesis": now["liver"] / rest["liver"],
            "liver_glycogen": lipid * treated * now["liver"] / rest["liver"],
            "adipose_glut4": _glut4(gain * now["adipose"]) / _glut4(rest["adipose"]),
            "adipose_lipolysis": lipolysis,
            "adipose_fatty_acids": acids,
            "ovary_androgen": now["ovary"] / rest["ovary"],
            "pancreas_secretion": insulin * levels["clearance"].to_numpy(),
            "pancreas_capacity": levels["beta_mg"].to_numpy() / HEALTHY.beta,
            "men_testosterone": insulin ** -_value("binding_globulin") / (1.0 + _value("axis") * (fat - 1.0)),
            "men_oestradiol": 1.0 + _value("aromatase") * (fat - 1.0),
        }
    )


def beside_stages(result: BodyResult) -> pd.DataFrame:
    """Every yearly check-up with what the receptors of the organs are like then.

    Returns:
        One row per year: time_min, year, stage, words, glucose_mM, two_hours_mM, insulin_nM, beta_mg; surface receptors
        and activity of each organ over healthy, `muscle_surface`, `muscle_activity` and so on; `muscle_glut4` and
        `adipose_glut4`, GLUT4 at the surface over healthy; `men_testosterone` and `men_oestradiol`.
    """
    checks = result.checkups.reset_index(drop=True)
    at = [result.row_at(minute / DAY_MIN) for minute in checks["time_min"]]
    columns = ["insulin_nM", "beta_mg", *(f"{organ}_{what}" for organ in ORGANS for what in ("surface", "activity"))]
    work = readouts(result)[["muscle_glut4", "adipose_glut4", "men_testosterone", "men_oestradiol"]]
    seen = [table.iloc[at].reset_index(drop=True) for table in (result.levels[columns], work)]
    return pd.concat([checks[["time_min", "year", "stage", "words", "glucose_mM", "two_hours_mM"]], *seen], axis=1)


def compared(result: BodyResult) -> pd.DataFrame:
    """Healthy against resistant: the row of highest insulin and the last one, in own and in healthy insulin.

    Returns:
        One row per read-out: name, organ, words, expected, healthy, clamped, own, last, clinical_end, grade, source.
    """
    own, clamped = readouts(result), readouts(result, same_insulin=True)
    peak = int(result.levels["insulin_nM"].to_numpy().argmax())
    return pd.DataFrame(
        [
            {
                "name": row.name,
                "organ": row.organ,
                "words": row.words,
                "expected": row.resistant,
                "healthy": 1.0,
                "clamped": float(clamped[row.name].iloc[peak]),
                "own": float(own[row.name].iloc[peak]),
                "last": float(own[row.name].iloc[-1]),
                "clinical_end": row.clinical_end,
                "grade": row.grade,
                "source": row.source,
            }
            for row in rows()
        ]
    )


def _glut4(signal: np.ndarray) -> np.ndarray:
    """GLUT4 at the surface over all of it, at this signal."""
    basal = _value("basal")
    return basal + (1.0 - basal) * signal


def _held_back(signal_now: np.ndarray, signal_healthy: np.ndarray) -> np.ndarray:
    """What insulin has not suppressed, over the same in the healthy body."""
    return (1.0 - signal_now) / (1.0 - signal_healthy)
