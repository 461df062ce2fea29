"""Yearly check-ups: what a clinic would find, read off the levels of a life and never put into it.

A check-up takes fasting levels and an oral glucose tolerance test. The test is a branch: it starts from a row of the
levels and gives nothing back, so that a life is the same with check-ups and without.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from scipy.integrate import cumulative_trapezoid

from trafficking import clinic, physiology
from trafficking.meals import Fasting
from trafficking.physiology import DAY_MIN, HEALTHY, MG_PER_DL_PER_MM, NM_PER_UU_PER_ML, STAGES, YEAR_D, Checkup


def fasting(row: Mapping[str, float]) -> Fasting:
    """The body of one row of the levels, as the minutes after a meal need it."""
    return Fasting(
        glucose=row["glucose_mM"] * MG_PER_DL_PER_MM,
        insulin=row["insulin_nM"] / NM_PER_UU_PER_ML,
        beta=row["beta_mg"] / HEALTHY.beta * row["secretion"],
        clearance=row["clearance"],
        periphery=row["peripheral_response"],
        liver=row["hepatic_response"],
    )


def yearly(levels: pd.DataFrame) -> pd.DataFrame:
    """One check-up a year, after each full year.

    Returns:
        time_min, year, glucose_mM, insulin_ratio, homa_ratio, two_hours_mM, exposure_mM_years, finding, stage, words.
    """
    days = levels["time_min"].to_numpy() / DAY_MIN
    glucose, insulin = levels["glucose_mM"].to_numpy(), levels["insulin_nM"].to_numpy()
    above = np.maximum(glucose - physiology.constant("diabetic_fasting"), 0.0)
    exposure = cumulative_trapezoid(above, days, initial=0.0) / YEAR_D
    years = np.arange(1, int(days[-1] / YEAR_D + 1e-9) + 1)
    at = np.searchsorted(days, years * YEAR_D - 1e-6)
    ratio = insulin / (HEALTHY.insulin * NM_PER_UU_PER_ML)
    rows = levels.iloc[at].to_dict("records")
    two_hours = np.array([clinic.ogtt(fasting(row)).two_hours_mM for row in rows])
    seen = [
        Checkup(float(glucose[i]), float(ratio[i]), float(after), float(exposure[i]))
        for i, after in zip(at, two_hours, strict=True)
    ]
    found = physiology.stages(seen)
    healthy_mM = HEALTHY.glucose / MG_PER_DL_PER_MM
    return pd.DataFrame(
        {
            "time_min": levels["time_min"].to_numpy()[at],
            "year": years,
            "glucose_mM": glucose[at],
            "insulin_ratio": ratio[at],
            "homa_ratio": glucose[at] / healthy_mM * ratio[at],
            "two_hours_mM": two_hours,
            "exposure_mM_years": exposure[at],
            "finding": np.array([physiology.finding(each) for each in seen], dtype=np.int64),
            "stage": np.array(found, dtype=np.int64),
            "words": pd.Series([STAGES[stage] for stage in found], dtype="str"),
        }
    )
