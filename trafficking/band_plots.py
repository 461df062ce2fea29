"""The figure of interventions: what each does to fasting glucose over the years, with the doubt about its size."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from trafficking import physiology
from trafficking.bands import Band
from trafficking.body import BodyResult
from trafficking.physiology import DAY_MIN, YEAR_D
from trafficking.plots import GRID, INK, MUTED, SMALL, TEXT, TITLE, plain

_COLOUR = "#d55e00"
_WIDE = 3  # panels side by side
_PANEL = (3.7, 2.5)  # inches
_BEFORE_YEARS = 1.0  # shown before the intervention begins


class Panel(NamedTuple):
    """One intervention: its title, its grade of evidence, and the lives with it."""

    title: str
    grade: str
    band: Band


def interventions(untreated: BodyResult, panels: Sequence[Panel], start_d: float) -> Figure:
    """A panel per intervention: fasting glucose, mM, its middle course and the central 90 % of the drawn ones.

    Args:
        untreated: the same person without, dashed in every panel.
        start_d: when interventions begin, days; the year before it is shown too.
    """
    rows = math.ceil(len(panels) / _WIDE)
    figure = Figure(figsize=(_WIDE * _PANEL[0], rows * _PANEL[1] + 1.0), facecolor="white")
    title = untreated.scenario.title or untreated.scenario.name
    figure.suptitle(title, x=0.02, ha="left", fontsize=TITLE, fontweight="bold", color=INK)
    grid = np.ravel(figure.subplots(rows, _WIDE, sharex=True, sharey=True, squeeze=False))
    for axes, panel in zip(grid, panels, strict=False):
        _draw(axes, untreated, panel, start_d)
    grid[0].set_ylim(_heights(untreated, panels, start_d))
    for axes in grid[len(panels) :]:
        axes.set_visible(False)
    for axes in grid[::_WIDE]:
        axes.set_ylabel("Fasting glucose (mM)", color=INK, fontsize=TEXT - 1.0)
    for axes in grid[max(len(panels) - _WIDE, 0) : len(panels)]:
        axes.set_xlabel("Years", color=INK, fontsize=TEXT - 1.0)
        axes.tick_params(labelbottom=True)
    figure.text(
        0.02,
        0.012,
        "Line: middle size of the effect; shade: central 90 % of drawn sizes. Dashed: without. Thin lines: 6.1 and "
        "7.0 mM.\nA shade that leaves its panel goes on beyond it. How an intervention acts is an assumption where its row "
        "says so; not medical advice.",
        fontsize=SMALL,
        color=MUTED,
        va="bottom",
    )
    figure.tight_layout(rect=(0.0, 0.4 / figure.get_figheight(), 1.0, 1.0))
    return figure


def _draw(axes: Axes, untreated: BodyResult, panel: Panel, start_d: float) -> None:
    plain(axes)
    axes.grid(color=GRID, linewidth=0.8)
    axes.set_axisbelow(True)
    for level in ("impaired_fasting", "diabetic_fasting"):
        axes.axhline(physiology.constant(level), color=MUTED, linewidth=0.7)
    years, low, high = _years(panel.band.middle), *panel.band.limits("glucose_mM")
    axes.fill_between(years, low, high, color=_COLOUR, alpha=0.25, linewidth=0.0)
    axes.plot(years, panel.band.middle.levels["glucose_mM"], color=_COLOUR, linewidth=2.0)
    axes.plot(_years(untreated), untreated.levels["glucose_mM"], color=INK, linewidth=1.2, linestyle=(0, (4, 2)))
    start = start_d / YEAR_D
    axes.axvline(start, color=MUTED, linewidth=0.9, linestyle=":")
    axes.set_xlim(max(start - _BEFORE_YEARS, 0.0), years[-1])
    axes.set_title(f"{panel.title}\nevidence: {panel.grade}", fontsize=SMALL, color=INK, loc="left")


def _heights(untreated: BodyResult, panels: Sequence[Panel], start_d: float) -> tuple[float, float]:
    """Ends of the axis by the middle courses: one drawn life that fails must not flatten all others."""
    shown = [untreated, *(panel.band.middle for panel in panels)]
    seen = [life.levels["glucose_mM"][_years(life) >= start_d / YEAR_D - _BEFORE_YEARS] for life in shown]
    low, high = min(float(each.min()) for each in seen), max(float(each.max()) for each in seen)
    return low - 0.1 * (high - low), high + 0.15 * (high - low)


def _years(life: BodyResult) -> np.ndarray:
    return life.levels["time_min"].to_numpy() / DAY_MIN / YEAR_D
