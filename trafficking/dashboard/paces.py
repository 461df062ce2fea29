"""How fast a watched run goes: so that eyes can follow what happens."""

from __future__ import annotations

from itertools import pairwise

from trafficking.exposure import Exposure

GUIDED = "guided"
SPEEDS = {"5 min/s": 5.0, "15 min/s": 15.0, "1 h/s": 60.0, "2 h/s": 120.0, "4 h/s": 240.0, "12 h/s": 720.0}


def guided_pace(time_min: float, step_min: float | None) -> float:
    """Simulated minutes per second that let both clocks be seen: redistribution in minutes, loss in hours.

    Before insulin changes an hour takes one second; the hour after the change takes four; the rest of that day six;
    what follows goes at two hours a second.

    Args:
        step_min: when insulin last changed by hand, or else when it first changed; None if it has not.
    """
    if step_min is None or time_min < step_min:
        return 60.0
    since = time_min - step_min
    if since < 60.0:
        return 15.0
    return 230.0 if since < 24 * 60.0 else 120.0


def first_change(protocol: Exposure) -> float | None:
    """When insulin first leaves its starting value, in minutes; None where it never does."""
    for start, end in pairwise((0.0, *protocol.edges)):
        if not protocol.constant_between(0.0, end):
            return start
    return None
