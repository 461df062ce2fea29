"""What each organ does with the signal of its receptors: uptake, output, lipolysis, androgen, secretion; 1 = healthy.

What lowers the body's sensitivity outside the receptor, the insult u and days of high glucose, is taken as loss of g,
the share of the signal that is passed on; free fatty acids take more of it in muscle and liver. Two arms keep the whole
signal: lipogenesis in the liver, and androgen in the ovary. Read-outs act on nothing in a life, but for free fatty
acids, which the loop computes by the same formulas (`signals`). Glucagon is left out: it would raise the liver's output
further.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from trafficking.body import BodyResult
from trafficking.organs import ORGANS
from trafficking.physiology import DAY_MIN, HEALTHY, NM_PER_UU_PER_ML, organ_insulin
from trafficking.plasma import healthy_day
from trafficking.signals import data, fatty_acids, glut4, held_back, lipid_loss, signal, value


@dataclass(frozen=True)
class Readout:
    """One row: its column, organ, words, the way it goes in resistance, where that ends, evidence grade and source.

    seen_in: where it goes that way: `clamped`, at equal insulin, or `own`, where the person's own insulin drives it on.
    """

    name: str
    organ: str
    words: str
    resistant: str
    seen_in: str
    clinical_end: str
    grade: str
    source: str


def rows() -> tuple[Readout, ...]:
    """The read-outs in their order."""
    return tuple(Readout(**entry) for entry in data()["readouts"])


def readouts(result: BodyResult, *, same_insulin: bool = False) -> pd.DataFrame:
    """The read-outs of a life.

    Args:
        same_insulin: in the insulin of the healthy body instead of the person's own, as a clamp would have it.

    Returns:
        One row per row of `result.levels`: time_min and a column for each of `rows()`, 1 = healthy.
    """
    levels = result.levels
    healthy_nM = _healthy(result)
    rest = {organ: signal(seen, 1.0, 1.0) for organ, seen in healthy_nM.items()}
    now = {organ: _signal(levels, organ, seen if same_insulin else None) for organ, seen in healthy_nM.items()}
    gain = levels["insult"].to_numpy() * (1.0 - levels["toxicity"].to_numpy())
    fat, muscle, level, treated = (
        levels[name].to_numpy() for name in ("visceral_fat", "muscle_mass", "glut4", "liver")
    )
    insulin = levels["insulin_nM"].to_numpy() / (HEALTHY.insulin * NM_PER_UU_PER_ML)
    globulin = np.maximum(insulin, value("least_insulin")) ** -value("binding_globulin")
    lipolysis = held_back(gain * now["adipose"], rest["adipose"])
    acids = fatty_acids(lipolysis, fat)
    lipid = gain * (1.0 - result.scenario.fatty_acids * lipid_loss(acids))
    at_surface = level * glut4(lipid * now["muscle"]) / glut4(rest["muscle"])
    return pd.DataFrame(
        {
            "time_min": levels["time_min"].to_numpy(),
            "muscle_glut4": at_surface,
            "muscle_uptake": at_surface * muscle,
            "muscle_glycogen": level * lipid * now["muscle"] / rest["muscle"],
            "liver_output": held_back(lipid * treated * now["liver"], rest["liver"]),
            "liver_lipogenesis": now["liver"] / rest["liver"],
            "liver_glycogen": lipid * treated * now["liver"] / rest["liver"],
            "adipose_glut4": glut4(gain * now["adipose"]) / glut4(rest["adipose"]),
            "adipose_lipolysis": lipolysis,
            "adipose_fatty_acids": acids,
            "ovary_androgen": now["ovary"] / rest["ovary"],
            "pancreas_secretion": insulin * levels["clearance"].to_numpy(),
            "pancreas_capacity": levels["beta_mg"].to_numpy() / HEALTHY.beta,
            "men_testosterone": globulin / (1.0 + value("axis") * (fat - 1.0)),
            "men_oestradiol": 1.0 + value("aromatase") * (fat - 1.0),
        }
    )


def _healthy(result: BodyResult) -> Mapping[str, float]:
    """Insulin that the organs of a healthy body see: its fasting level or, with meals, the mean of its days."""
    return organ_insulin(float(healthy_day(result.scenario.meals).levels_nM.mean()))


def _signal(levels: pd.DataFrame, organ: str, insulin_nM: float | None) -> np.ndarray:
    """S of an organ in every row, in one insulin or in its own."""
    surface, activity = (levels[f"{organ}_{what}"].to_numpy() for what in ("surface", "activity"))
    seen = levels[f"{organ}_insulin_nM"].to_numpy() if insulin_nM is None else np.full(len(levels), insulin_nM)
    return signal(seen, surface, activity)


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
    """Healthy against resistant: the row of highest insulin and the last to be read, in own and in healthy insulin.

    Returns:
        One row per read-out: name, organ, words, expected (up or down), seen_in (the column that goes that way),
        healthy, clamped, own, last, clinical_end, grade, source.
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
                "seen_in": row.seen_in,
                "healthy": 1.0,
                "clamped": float(clamped[row.name].iloc[peak]),
                "own": float(own[row.name].iloc[peak]),
                "last": float(own[row.name].iloc[result.last_to_read]),
                "clinical_end": row.clinical_end,
                "grade": row.grade,
                "source": row.source,
            }
            for row in rows()
        ]
    )
