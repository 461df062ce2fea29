"""The insulin slider: none, then 1 pM to 1,000 nM on a log scale, with three bands that say where life happens."""

from __future__ import annotations

from importlib.resources import files
from typing import Any

import traitlets

from trafficking import units

from .hearing import Listener

_STATIC = files("trafficking.dashboard") / "static"

# Orientation on the slider, never part of a run. Plasma insulin, nM.
BANDS: tuple[dict[str, Any], ...] = (
    {
        "name": "fasting",
        "from_nM": 0.025,  # basal insulin of the healthy human in Dalla Man 2007 (BIOMD0000000379, I_b = 25 pM)
        "to_nM": 0.12,  # 20 uU/mL, the upper end usually called normal: assumption
    },
    {
        "name": "after a meal",
        # 224 pM in the lean, 398 pM in the obese at 90-120 min of a glucose load (Diabetes 2005, 54(1), "muscle
        # interstitial insulin"); 600 pM (100 uU/mL) as the peak of a large meal: assumption
        "from_nM": 0.2,
        "to_nM": 0.6,
    },
    {
        "name": "experimenter’s dose",
        "from_nM": 1.0,  # beyond what the circulation holds for long: assumption; dishes get 1-100 nM
        "to_nM": 1000.0,
    },
)


class Dose(Listener):
    """A slider for insulin that keyboards and screen readers can use as well as mice and fingers.

    The browser sends {"insulin_nM": x, "gesture": k}; `gesture` comes back once k has been done, and until then the
    thumb stays where the hand put it.
    """

    _esm = (_STATIC / "dose.js").read_text(encoding="utf-8")

    insulin_nM = traitlets.Float(0.0).tag(sync=True)
    gesture = traitlets.Int(0).tag(sync=True)
    note = traitlets.Unicode("").tag(sync=True)
    enabled = traitlets.Bool(False).tag(sync=True)
    bands = traitlets.List(list(BANDS)).tag(sync=True)
    uU_per_mL = traitlets.Float(units.uU_per_mL(1.0), help="of 1 nM").tag(sync=True)
