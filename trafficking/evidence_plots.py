"""A figure per published experiment: the simulated curve, and over it the measured number with its range."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from trafficking.plots import INK, MUTED, SMALL, STROKES, TEXT, literal, ruled, titled
from trafficking.readings import Seen
from trafficking.targets import Target

_MEASURED = "#d55e00"
_WIDE = 3  # panels side by side
_PANEL = (3.9, 3.3)  # inches
_LONGEST = 46  # letters in a line above a panel
_FOOT_LETTERS = 57  # in a line below them, for each panel beside another


def experiment(title: str, numbers: Sequence[tuple[Target, Seen, float]]) -> Figure:
    """One panel per number: the simulated curve, the number as simulated (ring), and the range as measured (bar).

    Args:
        title: of the experiment. numbers: target, what was seen, and the simulated number (a mean over replicates).
    """
    columns = min(len(numbers), _WIDE)
    rows = math.ceil(len(numbers) / columns)
    figure = Figure(figsize=(max(columns, 2) * _PANEL[0], rows * _PANEL[1] + 1.0), facecolor="white")
    titled(figure, title)
    for place, (target, seen, simulated) in enumerate(numbers):
        panel = figure.add_subplot(rows, columns, place + 1)
        _draw(panel, target, seen, simulated)
    sources = "; ".join(dict.fromkeys(f"{target.source}, {target.identifier}" for target, *_ in numbers))
    note = "Line and ring: simulated. Bar: range as measured (dashed: given by us), diamond: the printed number. "
    words = _folded(note + sources, _FOOT_LETTERS * max(columns, 2))
    figure.text(0.02, 0.012, literal(words), fontsize=SMALL, color=MUTED, va="bottom")
    lines = words.count("\n") + 1
    foot = (0.16 * lines + 0.12) / figure.get_figheight()
    figure.tight_layout(rect=(0.0, foot, 1.0, 1.0))
    return figure


def _draw(panel: Axes, target: Target, seen: Seen, simulated: float) -> None:
    ruled(panel)
    stroke = STROKES["surface"]
    panel.plot(seen.x, seen.y, color=stroke.colour, linewidth=stroke.width, zorder=3)
    low, high = target.low, min(target.high, 1e9)
    style = "-" if target.range_by == "source" else (0, (2.0, 1.2))
    ends = ([low, high], [seen.at, seen.at])
    points = [[value] if value is None else [value, seen.at] for value in (target.value, simulated)]
    if not seen.across:
        ends = ends[::-1]
        points = [point[::-1] for point in points]
    panel.plot(*ends, color=_MEASURED, linewidth=3.0, linestyle=style, solid_capstyle="butt", zorder=4)
    # Caps, longer than the ring is wide: a short range would lie unseen beneath it.
    panel.plot(*ends, "|" if seen.across else "_", color=_MEASURED, markersize=15, mew=1.8, zorder=4)
    if target.value is not None:
        panel.plot(*points[0], "D", color=_MEASURED, markersize=6, zorder=5)
    if math.isfinite(simulated):
        panel.plot(*points[1], "o", mfc="none", mec=stroke.colour, mew=1.8, markersize=11, zorder=6)
    if seen.x_label.startswith("Insulin") and np.all(seen.x > 0.0):
        panel.set_xscale("log")
        if seen.x.max() < 10.0 * seen.x.min():  # too short for the decades to be enough
            panel.set_xticks(seen.x, [f"{x:.3g}" for x in seen.x])
            panel.xaxis.set_minor_locator(NullLocator())
    panel.set_xlabel(literal(seen.x_label), color=INK, fontsize=TEXT)
    panel.set_ylabel(literal(seen.y_label), color=INK, fontsize=TEXT)
    word = "met" if target.holds(simulated) else "missed"
    said = _folded(f"{target.id} {target.observable} ({target.tissue}): {word}", _LONGEST)
    panel.set_title(literal(said), fontsize=SMALL, color=INK, loc="left")


def _folded(text: str, width: int) -> str:
    lines = [""]
    for word in text.split():
        if lines[-1] and len(lines[-1]) + len(word) >= width:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return "\n".join(lines)
