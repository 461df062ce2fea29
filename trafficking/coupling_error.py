"""What the window of the loop costs: receptors of one window act on the next, and the error is of first order in it."""

from __future__ import annotations

import numpy as np

from trafficking.body import BodyResult, simulate_body
from trafficking.body_forms import LONGEST_WINDOW_D, BodyScenario, fits
from trafficking.organs import ORGANS

LARGEST_ERROR = 2e-3  # of the lean receptors: beyond it a window is said to be too long


def coupling_error(result: BodyResult) -> float:
    """The largest error of any organ's surface receptors at the ends of windows, as a share of the lean ones.

    Estimated at `mean`, without noise, from the same life in windows twice as long (half as long where those are not
    possible): the difference of the two is to the error as the difference of the windows is to the window.
    """
    scenario = result.scenario
    window_d = scenario.window_d
    other_d = 2.0 * window_d
    if other_d > LONGEST_WINDOW_D or not fits(scenario.meals, other_d):
        other_d = 0.5 * window_d
    own = result if scenario.resolution == "mean" else simulate_body(_with(scenario, window_d))
    other = simulate_body(_with(scenario, other_d))
    difference = np.abs(_at_common_times(own, other) - _at_common_times(other, own))
    return float(difference.max() * window_d / abs(other_d - window_d))


def _with(scenario: BodyScenario, window_d: float) -> BodyScenario:
    return BodyScenario.from_dict(scenario.to_dict() | {"window": f"{window_d!r} d", "resolution": "mean"})


def _at_common_times(one: BodyResult, other: BodyResult) -> np.ndarray:
    """(n, 5) surface receptors of `one` where `other` has a row, too."""
    mine, theirs = (np.rint(each.levels["time_min"].to_numpy()) for each in (one, other))
    return one.levels[[f"{organ}_surface" for organ in ORGANS]].to_numpy()[np.isin(mine, theirs)]
