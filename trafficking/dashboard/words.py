"""What the page says about a run, in plain words. Text only: the numbers come from the run.

Everything here is a pure function of numbers, so that each sentence on the page can be tested without a page.
"""

from __future__ import annotations

import math

import numpy as np

from trafficking.half_times import HalfTimes

REFERENCES = {"insulin_free": "insulin-free", "lean": "lean", "start": "the start"}

NO_DOTS = "No single receptors are followed here: the scenario asks for numbers alone, or for none."
FOOTER = "A research and teaching model of one cell. Not medical advice."


def span(minutes: float) -> str:
    """A stretch of time as people say it: "34 min", "1 h 12 min", "24 h", "3 d 4 h"."""
    whole = int(minutes + 1e-6)
    if whole < 60:
        return f"{whole} min"
    if whole < 72 * 60:
        hours, rest = divmod(whole, 60)
        return f"{hours} h {rest} min" if rest else f"{hours} h"
    days, hours = divmod(whole // 60, 24)
    return f"{days} d {hours} h" if hours else f"{days} d"


def short(value: float, digits: int = 3) -> str:
    """A number to `digits` significant digits, without exponent, thousands separated: 0.06, 16.7, 1,670."""
    if value == 0.0 or not math.isfinite(value):
        return "0" if value == 0.0 else "-"
    places = max(digits - 1 - math.floor(math.log10(abs(value))), 0)
    text = f"{value:,.{places}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def rounded(count: float) -> str:
    """A count to three significant digits: 31,400."""
    if count < 1000:
        return f"{count:,.0f}"
    scale = 10 ** (math.floor(math.log10(count)) - 2)
    return f"{round(count / scale) * scale:,.0f}"


def half_time(rate_per_min: float) -> str:
    """How long half of the receptors would wait at this rate alone: "3.9 min", "11 h"."""
    if rate_per_min <= 0.0:
        return "never"
    minutes = math.log(2.0) / rate_per_min
    if minutes < 100.0:
        return f"{short(minutes, 2)} min"
    return f"{short(minutes / 60.0, 2)} h" if minutes < 72 * 60.0 else f"{short(minutes / 1440.0, 2)} d"


def insulin(insulin_nM: float) -> str:
    return "no insulin" if insulin_nM == 0.0 else f"{short(insulin_nM)} nM"


def pace(minutes_per_second: float) -> str:
    """Simulated time per second of the viewer's: "15 min/s", "2 h/s"."""
    if minutes_per_second < 60.0:
        return f"{short(minutes_per_second, 2)} min/s"
    return f"{short(minutes_per_second / 60.0, 2)} h/s"


def since_change(times_min: np.ndarray, insulin_nM: np.ndarray) -> tuple[float, bool]:
    """How long insulin has been what it is.

    Args:
        times_min: (n,) times of the records.
        insulin_nM: (n,) insulin from each record on, nM.

    Returns:
        Minutes since the last change (since the start without one), and whether insulin is changing all the time
        (a meal, an oscillation), so that no single dose describes it.
    """
    changes = np.flatnonzero(np.diff(insulin_nM)) + 1
    if changes.size == 0:
        return float(times_min[-1] - times_min[0]), False
    last = int(changes[-1])
    restless = changes.size > 2 and last >= len(times_min) - 2 and int(changes[-3]) == last - 2
    return float(times_min[-1] - times_min[last]), restless


def headline(
    surface: float, base: float, *, of: str, since_min: float, insulin_nM: float, restless: bool, time_min: float
) -> tuple[str, str, str]:
    """The sentence on top in three parts; the middle one, the percentage, is set in bold."""
    percent = f"{100.0 * surface / base:.0f} %" if base > 0.0 else f"{surface:,.0f}"
    if restless:
        dose = f"after {span(time_min)}, insulin now at {insulin(insulin_nM)}"
    elif insulin_nM == 0.0:
        dose = f"after {span(since_min)} without insulin"
    else:
        dose = f"after {span(since_min)} at {insulin(insulin_nM)}"
    return "Surface receptors: ", percent, f" of {of} ({rounded(surface)} of {rounded(base)}) {dose}."


def base(receptors: float, reference: str, cells: int = 1) -> str:
    """What 100 % is, under the numbers."""
    where = "at the start" if reference == "start" else reference
    of_all = "" if cells == 1 else f" of {cells:,} cells"
    return f"100 % = {receptors:,.0f} at the surface{of_all}, {where}. Total: all but lysosome."


def half_times(clocks: HalfTimes, time_min: float) -> str:
    """Both clocks, as far as they have run at `time_min`."""
    if clocks.step is None:
        return "Half-times of redistribution and of loss are read after a step of insulin."
    step = clocks.step
    so_far = " so far" if time_min < step.until_min else ""
    # What was read under insulin that has gone since is not taken for what the insulin of now does.
    when = "" if so_far else f" Read in {span(step.until_min - step.at_min)} at {insulin(step.after_nM)}."

    def one(minutes: float | None, why: str) -> str:
        if minutes is not None:
            return span(minutes) + so_far
        return why + so_far if why.startswith("no ") else why

    redistribution = one(clocks.redistribution_min, clocks.redistribution_words)
    loss = one(clocks.loss_min, clocks.loss_words)
    return f"Half-time of redistribution: {redistribution}. Half-time of loss: {loss}.{when}"


def dots(numbers: dict[str, int], places: int, *, followed: bool) -> str:
    """The strip of dots for those who cannot see it.

    Args:
        followed: whether the run follows single receptors at all; those that it follows may all be gone.
    """
    if not followed:
        return NO_DOTS
    parts = ", ".join(f"{count} {name}" for name, count in numbers.items())
    return f"{places} places for sampled receptors of this cell: {parts}, {places - sum(numbers.values())} free."
