"""The two clocks of insulin's effect, read off curves: redistribution within minutes, and loss over hours."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trafficking.exposure import Exposure

_FEWEST_ROWS = 5  # in a stretch of insulin, for a half-time to mean anything


@dataclass(frozen=True)
class Step:
    """The strongest step of insulin: when (min), from and to which level (nM), and when it was taken back (min)."""

    at_min: float
    before_nM: float
    after_nM: float
    until_min: float


@dataclass(frozen=True)
class HalfTimes:
    """Half-times of redistribution and loss in min after `step`; where one is None, its `_words` say why."""

    step: Step | None
    redistribution_min: float | None
    loss_min: float | None
    redistribution_words: str = ""
    loss_words: str = ""


def strongest_step(exposure: Exposure, before_nM: float | None = None) -> Step | None:
    """The largest sudden rise of insulin, the first of equals; None where insulin never jumps up.

    Args:
        before_nM: insulin to which the cell was used before time 0; by default what it starts with, so that time 0
            is no step.

    The stretch ends with the first sudden fall to less than halfway between the two levels, or with the exposure.
    """
    start = exposure.value(0.0)
    times = [0.0, *(t for t in exposure.edges if t < exposure.duration_min)]
    befores = [start if before_nM is None else before_nM]
    befores += [exposure.value(float(np.nextafter(t, 0.0))) for t in times[1:]]
    afters = [exposure.value(t) for t in times]
    rises = [after - before for before, after in zip(befores, afters, strict=True)]
    best = int(np.argmax(rises))
    # A kink of a smooth exposure differs from its left neighbour by rounding only.
    if rises[best] <= 1e-6 * max(afters[best], 1e-9):
        return None
    middle = 0.5 * (befores[best] + afters[best])
    falls = (t for t, before, after in zip(times, befores, afters, strict=True) if before > middle >= after)
    until = next((t for t in falls if t > times[best]), exposure.duration_min)
    return Step(times[best], befores[best], afters[best], until)


def clocks(
    time_min: np.ndarray, surface: np.ndarray, live: np.ndarray, step: Step | None, *, noisy: bool = True
) -> HalfTimes:
    """Both half-times from bare curves of shape (n,), so that a run in progress can be read too.

    Redistribution: the share of live receptors that are inside first reaches halfway from its value at the step to its
    peak within the stretch. Loss: the live total first falls halfway from its value at the step to its value at the
    end of the stretch. Times between two rows are interpolated. A change within three standard errors of counting is
    no change (only where `noisy`; expected numbers have no such noise). Noise also lifts the peak: with 2,000 receptors
    a half-time of 8.6 min reads as about 9 min.
    """
    if step is None:
        return HalfTimes(None, None, None, "no step of insulin", "no step of insulin")
    first = max(int(np.searchsorted(time_min, step.at_min, side="right")) - 1, 0)
    last = int(np.searchsorted(time_min, step.until_min, side="right"))
    if last - first < _FEWEST_ROWS:
        why = "insulin came too recently" if time_min[-1] < step.until_min else "insulin stayed too briefly"
        if time_min[-1] < step.at_min:
            why = "insulin has not come yet"
        return HalfTimes(step, None, None, why, why)
    since = time_min[first:last] - step.at_min
    total = live[first:last].astype(float)
    if not np.all(total > 0.0):
        return HalfTimes(step, None, None, "the cell ran out of receptors", "the cell ran out of receptors")
    inside = 1.0 - surface[first:last] / total
    error = 1.5 / np.sqrt(total[0]) if noisy else 1e-9
    redistribution = _half_way(since, inside, float(inside.max()), error)
    error = 3.0 * np.sqrt(total[0]) if noisy else 1e-9 * total[0]
    loss = _half_way(since, -total, -float(total[-1]), error)
    return HalfTimes(
        step,
        redistribution,
        loss,
        "" if redistribution is not None else "no redistribution",
        "" if loss is not None else "no loss",
    )


def clock_words(half_time_min: float) -> str:
    """A half-time as precise as it deserves: two digits, "8.8 min" or "3.6 h"."""
    unit, size = ("h", half_time_min / 60.0) if half_time_min >= 90.0 else ("min", half_time_min)
    return f"{size:.0f} {unit}" if size >= 9.95 else f"{size:.2g} {unit}"


def _half_way(since_min: np.ndarray, rising: np.ndarray, end: float, error: float) -> float | None:
    """When `rising` first reaches halfway from its first value to `end`, min; None if that change is within `error`."""
    if end - rising[0] <= error:
        return None
    goal = 0.5 * (rising[0] + end)
    after = int(np.argmax(rising >= goal))
    low, high = rising[after - 1], rising[after]
    share = (goal - low) / (high - low)
    return float(max(since_min[after - 1] + share * (since_min[after] - since_min[after - 1]), 0.0))
