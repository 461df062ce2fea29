"""The signal below the receptor, and an activity that is lost and regained faster than receptors are.

In HTC cells the response to insulin is back 2 h after its removal, binding after 24 h (Heaton & Gelehrter 1981, PMID
7028753); lasting insulin lowers the kinase's activity with receptors still at the surface (Catalano
2014, doi 10.1371/journal.pone.0108693). A slow variable beside the number of receptors says as much: it is read off a
run's tables, and acts on nothing in the cell. Shape and sizes are assumptions (`cell_forms.Response`).
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from trafficking.cell_forms import Response
from trafficking.results import Result


def response(result: Result, given: Response | None = None) -> pd.DataFrame:
    """Activity and signal over time.

    Args:
        given: in place of the scenario's own `[response]`; where there is none either, a healthy cell's.

    Returns:
        One row per row of the run: time_min; activity (of a bound receptor, 1 = healthy); signal now; capacity, the
        signal if insulin occupied the whole surface. Signals are shares of that of R0 bound receptors without end.
    """
    law = given or result.scenario.signal_law
    itinerary = result.scenario.itinerary
    membrane = itinerary.mask("membrane")
    held = membrane & itinerary.bound
    counts = result.counts[list(itinerary.state_names)].to_numpy() / (
        result.scenario.receptors * result.scenario.cells.number
    )
    bound, surface = counts @ held, counts @ membrane
    times = result.counts["time_min"].to_numpy()
    activity = activity_over_time(times, bound, law)
    strength = law.gain * activity
    return pd.DataFrame(
        {
            "time_min": times,
            "activity": activity,
            "signal": strength * bound / (bound + law.half_bound),
            "capacity": strength * surface / (surface + law.half_bound),
        }
    )


def activity_over_time(times_min: np.ndarray, bound: np.ndarray, law: Response) -> np.ndarray:
    """(n,) activity at each time: da/dt = (target - a) / recovery, the target on a straight line between rows.

    Args:
        bound: (n,) surface receptors with insulin over R0.
    """
    target = law.activity * (1.0 - law.most * bound / (bound + law.half_bound))
    activity = np.empty(len(times_min))
    activity[0] = target[0]
    for i, minutes in enumerate(np.diff(times_min)):
        spent = minutes / law.recovery_min
        left = np.exp(-spent)
        slope = (target[i + 1] - target[i]) / spent
        # The exact answer to a ramp from one row to the next.
        activity[i + 1] = target[i + 1] - slope * (1.0 - left) + (activity[i] - target[i]) * left
    return activity
