"""What the page says about a run, in plain words. Text only: the numbers come from the run.

Everything here is a pure function of numbers, so that each sentence on the page can be tested without a page.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

import numpy as np

from trafficking.half_times import HalfTimes

# What 100 % is, by the scenario's own word for it: one name, wherever a screen says it.
REFERENCES = {
    "insulin_free": "the level without insulin",
    "lean": "a lean person's level",
    "start": "the starting level",
}

_QUANTITY = re.compile(r"(?<=\d) (?=(?:%|[pn]M|µU/mL|min|h|d|times)(?!\w))")  # the space before a unit

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


def clock(minutes: float) -> str:
    """A time of the run to the second: "3:07:12"."""
    whole = int(minutes * 60.0 + 1e-6)
    return f"{whole // 3600}:{whole // 60 % 60:02d}:{whole % 60:02d}"


def short(value: float, digits: int = 3) -> str:
    """A number to `digits` significant digits, without exponent, thousands separated: 0.06, 16.7, 1,670."""
    if value == 0.0 or not math.isfinite(value):
        return "0" if value == 0.0 else "-"
    places = max(digits - 1 - math.floor(math.log10(abs(value))), 0)
    text = f"{value:,.{places}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def rounded(count: float) -> str:
    """A count to three significant digits: 31,400; means of small cells keep a decimal: 4.3."""
    if count < 100 and not float(count).is_integer():
        return f"{count:.1f}"
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


def change(name: str, level: float) -> str:
    """What was set by hand: "10 nM", "monensin", "monensin off", "25 °C"."""
    if name == "insulin_nM":
        return insulin(level)
    if name == "temperature":
        return f"{short(level)} °C"
    return f"{thing(name)} off" if level == 0.0 else thing(name) + ("" if level == 1.0 else f" {level:.0%}")


def thing(name: str) -> str:
    """What can be changed by hand, by its name in the log."""
    return "insulin" if name == "insulin_nM" else name.replace("_", " ")


def setting(name: str, level: float) -> str:
    """A level as the event log shows it: "10 nM", "25 °C", "none", "100 % blocked"."""
    if name in ("insulin_nM", "temperature"):
        return change(name, level)
    return "none" if level == 0.0 else f"{100.0 * level:.0f} % blocked"


def other_future(from_min: float, changes: list[tuple[float, str, float]]) -> str:
    """The legend of the course that was left.

    Args:
        changes: (minute, name, level) of what was changed by hand in it, from where the two part.
    """
    said = ", ".join(f"{change(name, level)} from {span(time)} on" for time, name, level in changes[:3])
    return f"Pale: the other future, from {span(from_min)} on" + (f" ({said})" if said else "") + "."


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


def acting(levels: Sequence[tuple[str, float]]) -> list[str]:
    """What acts on the cell besides insulin: ["monensin", "chloroquine at 40 %", "4 °C"].

    Args:
        levels: (name, level) of each drug that is given, as the share of its rates that it takes away, and of a
            temperature that is not the usual one.
    """
    return [
        change(name, level) if name == "temperature" or level == 1.0 else f"{thing(name)} at {100.0 * level:.0f} %"
        for name, level in levels
    ]


def besides(levels: Sequence[tuple[str, float]]) -> str:
    """The same as the end of a sentence on insulin: ", with monensin and chloroquine, at 4 °C"; "" for none."""
    drugs = acting([each for each in levels if each[0] != "temperature"])
    cold = acting([each for each in levels if each[0] == "temperature"])
    listed = " and ".join(filter(None, [", ".join(drugs[:-1]), *drugs[-1:]]))
    return (f", with {listed}" if drugs else "") + "".join(f", at {warm}" for warm in cold)


def headline(
    surface: float,
    base: float,
    *,
    of: str,
    since_min: float,
    insulin_nM: float,
    restless: bool,
    time_min: float,
    levels: Sequence[tuple[str, float]] = (),
) -> tuple[str, str, str]:
    """The sentence on top in three parts; the middle one, the percentage, is set in bold.

    Args:
        levels: what acts besides insulin, as `acting` takes it.
    """
    percent = f"{100.0 * surface / base:.0f} %" if base > 0.0 else f"{surface:,.0f}"
    if restless:
        dose = f"after {span(time_min)}, insulin now at {insulin(insulin_nM)}"
    elif insulin_nM == 0.0:
        dose = f"after {span(since_min)} without insulin"
    else:
        dose = f"after {span(since_min)} at {insulin(insulin_nM)}"
    whole = f" of {of} ({rounded(surface)} of {rounded(base)})"
    return "Surface receptors: ", percent, f"{whole} {dose}{besides(levels)}."


def base(receptors: float, level: str, cells: int = 1) -> str:
    """What 100 % is, under the numbers. level: by its name in `REFERENCES`."""
    of_all = "" if cells == 1 else f" of {cells:,} cells"
    return f"100 % = {receptors:,.0f} at the surface{of_all}, {level}. Total: all but lysosome."


def left_out(treatments: int) -> str:
    """Of a scenario whose exposure has become too short for its treatments."""
    what = "1 treatment begins" if treatments == 1 else f"{treatments} treatments begin"
    return f"{what} after the end, and will be left out."


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


NO_SIGNAL = "No signal is defined here: this receptor has no single affinity for insulin at the surface."


def felt(before_nM: float, after_nM: float, *, most: float, left: float, of: str) -> str:
    """How far the dose of the half signal has moved, and what a full dose still does.

    Args:
        before_nM, after_nM: the dose for half of the full signal, at the level that is 100 % and now; infinite where
            none gives it.
        most: the largest signal now over that at 100 %. left: the surface receptors now over 100 %.
        of: what is 100 %, by its name in `REFERENCES`.
    """
    if not math.isfinite(after_nM):
        return f"No dose brings half of the full signal any more; the most is {100.0 * most:.0f} % of that at {of}."
    full = f"A full dose gives {100.0 * most:.0f} % of the signal with {100.0 * left:.0f} % of the receptors"
    ratio = after_nM / before_nM
    if 0.98 < ratio < 1.02:
        return f"Half of the full signal takes {short(before_nM, 2)} nM, as at {of}. {full}."
    times = short(ratio, 2)
    needs = "the same insulin" if times == "1" else f"{times} times the insulin"
    return f"Half of the full signal takes {needs}: {short(after_nM, 2)} nM. {full}. 100 %: {of}."


def unbroken(text: str) -> str:
    """The same with numbers and their units kept on one line: "49 % of", "0.71 nM"."""
    return _QUANTITY.sub("\N{NO-BREAK SPACE}", text)


def shown_besides(measured: list[dict], banded: bool, replicates: int) -> list[str]:
    """What the plot shows besides its lines, for the legend."""
    said = [f"Diamond and bar, measured: {point['name']}, {point['words']}." for point in measured]
    band = f"Band: the middle 95 % of {replicates} replicates, and their median."
    return [*said, band] if banded else said
