"""The figure of a life: insulin, receptors, glucose and beta cells over the years, beside receptors held constant."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from trafficking import physiology
from trafficking.body import GONE, BodyResult
from trafficking.organs import ORGANS
from trafficking.plots import GRID, INK, INSULIN, MUTED, SMALL, TEXT, literal, ruled, titled

_SIZE = (11.0, 9.0)  # inches
_STAGES = ("#ffffff", "#e8f1fa", "#fdf0d5", "#f8d5c9", "#e8b4c4")  # 0 to 4
_GLUCOSE, _BETA = "#d55e00", "#009e73"
_ORGANS = {
    "muscle": ("#0072b2", "-"),
    "liver": ("#d55e00", "--"),
    "adipose": ("#e69f00", "-."),
    "ovary": ("#cc79a7", ":"),
    "pancreas": ("#009e73", (0, (5, 1, 1, 1, 1, 1))),
}
_MOST_POINTS = 3000
_LETTERS = 150  # in a line below the panels
_MOST_MM = 16.0  # of glucose that is shown: the ceiling of the equation, above 30, would press the rise flat
_BAND = 0.022  # of the width of a panel: narrower bands have no room for the number of their stage


def life(results: Sequence[tuple[str, BodyResult]]) -> Figure:
    """Four rows (insulin, surface receptors, glucose, beta-cell mass) and a column for each result with its title.

    The shade behind the curves is the stage at the yearly check-ups.
    """
    figure = Figure(figsize=_SIZE, facecolor="white")
    scenario = results[0][1].scenario
    titled(figure, scenario.title or scenario.name)
    panels = figure.subplots(4, len(results), sharex=True, sharey="row", squeeze=False)
    for column, (title, result) in enumerate(results):
        _draw(panels[:, column], result)
        panels[0, column].set_title(literal(title), fontsize=TEXT, color=INK, loc="left")
        panels[-1, column].set_xlabel(f"{result.clock[0].capitalize()}s", color=INK, fontsize=TEXT)
    labels = (
        "Plasma insulin (uU/mL)",
        "Surface receptors\n(% of lean)",
        "Glucose (mM):\nfasting, 2 h after 75 g",
        "Beta-cell mass (mg)",
    )
    for panel, label in zip(panels[:, 0], labels, strict=True):
        panel.set_ylabel(label, color=INK, fontsize=TEXT - 1.0)
    # Above the panel: within it the names would lie on one curve or the other.
    panels[1, 0].legend(
        fontsize=SMALL, frameon=False, ncols=5, loc="lower left", bbox_to_anchor=(-0.01, 1.0), borderaxespad=0.0,
        columnspacing=1.2, handlelength=2.4,
    )  # fmt: skip
    foot = _foot(results)
    figure.text(0.02, 0.012, foot, fontsize=SMALL, color=MUTED, va="bottom")
    figure.tight_layout(rect=(0.0, 0.02 + 0.018 * (foot.count("\n") + 1), 1.0, 1.0))
    return figure


def _draw(panels: np.ndarray, result: BodyResult) -> None:
    table = result.levels.iloc[:: max(1, len(result.levels) // _MOST_POINTS)]
    _, unit_min = result.clock
    times = table["time_min"].to_numpy() / unit_min
    insulin, receptors, glucose, beta = panels
    insulin.plot(times, table["insulin_nM"] / physiology.NM_PER_UU_PER_ML, color=INSULIN, linewidth=2.2)
    for organ in ORGANS:
        colour, dashes = _ORGANS[organ]
        share = 100.0 * table[f"{organ}_surface"]
        receptors.plot(times, share, color=colour, linestyle=dashes, linewidth=1.8, label=organ)
    glucose.plot(times, table["glucose_mM"], color=_GLUCOSE, linewidth=2.2)
    tests = result.checkups["time_min"] / unit_min, result.checkups["two_hours_mM"]
    shown = tests[1] <= _MOST_MM
    if shown.any():  # an empty line that is not clipped upsets the layout
        glucose.plot(tests[0][shown], tests[1][shown], "o", color=_GLUCOSE, mfc="white", markersize=4.0, clip_on=False)
    for level in ("impaired_fasting", "diabetic_fasting"):
        glucose.axhline(physiology.constant(level), color=MUTED, linewidth=0.9, linestyle=(0, (4, 3)))
    _onset(glucose, result)
    beta.plot(times, table["beta_mg"], color=_BETA, linewidth=2.2)
    for panel in panels:
        _shade(panel, result)
        ruled(panel)
        panel.set_xlim(times[0], times[-1])
        panel.xaxis.set_major_locator(MaxNLocator(integer=True))
        _veil(panel, result)
    for panel in (insulin, beta):
        panel.set_ylim(bottom=0.0)
    glucose.set_ylim(top=min(glucose.get_ylim()[1], _MOST_MM))
    _number(insulin, result)


def _onset(panel: Axes, result: BodyResult) -> None:
    """Marks when fasting glucose reaches the diabetic level."""
    word, unit_min = result.clock
    if np.isnan(result.onset_year):
        return
    time = result.onset_year * physiology.YEAR_D * physiology.DAY_MIN / unit_min
    level = physiology.constant("diabetic_fasting")
    panel.plot([time], [level], "o", color=INK, markersize=5.0, zorder=6)
    panel.annotate(
        f"{level:.1f} mM in {word} {time:.1f}",
        (time, level),
        xytext=(4, -13),
        textcoords="offset points",
        fontsize=SMALL,
        color=INK,
        bbox={"facecolor": "white", "alpha": 0.7, "linewidth": 0.0, "pad": 1.0},
    )


def _veil(panel: Axes, result: BodyResult) -> None:
    """Greys what is not to be read: the years after the beta cells are all but gone."""
    _, unit_min = result.clock
    end = panel.get_xlim()[1]
    if (start := result.read_to_min / unit_min) < end:
        panel.axvspan(start, end, facecolor="white", edgecolor=GRID, hatch="////", linewidth=0.0, alpha=0.85, zorder=5)


def _number(panel: Axes, result: BodyResult) -> None:
    """The stage as a number at the foot of its shade."""
    bands: list[tuple[float, float, int]] = []
    for start, end, stage in _bands(result):
        if bands and bands[-1][2] == stage:
            bands[-1] = (bands[-1][0], end, stage)
        else:
            bands.append((start, end, stage))
    room = _BAND * (panel.get_xlim()[1] - panel.get_xlim()[0])
    for start, end, stage in bands:
        end = min(end, result.read_to_min / result.clock[1])
        if end - start > room:
            place: dict[str, Any] = {"transform": panel.get_xaxis_transform(), "ha": "center", "va": "bottom"}
            panel.text(0.5 * (start + end), 0.03, str(stage), fontsize=SMALL, color=MUTED, **place)


def _bands(result: BodyResult) -> list[tuple[float, float, int]]:
    """From, to (in the unit of its clock) and stage of each year between check-ups."""
    _, unit_min = result.clock
    times = np.append(result.checkups["time_min"], result.levels["time_min"].iloc[-1]) / unit_min
    stages = result.checkups["stage"].tolist()
    return [(start, end, stage) for (start, end), stage in zip(pairwise(times), stages, strict=True)]


def _shade(panel: Axes, result: BodyResult) -> None:
    """From each check-up to the next one, or to the end, in the colour of the stage."""
    for start, end, stage in _bands(result):
        if stage and end > start:
            panel.axvspan(start, end, color=_STAGES[stage], linewidth=0.0, zorder=0)


def _foot(results: Sequence[tuple[str, BodyResult]]) -> str:
    seen = sorted({stage for _, result in results for stage in result.checkups["stage"].tolist()})
    named = [f"{stage} {physiology.STAGES[stage]}" for stage in seen]
    checkups = (
        f"Shade and number: stage from one yearly check-up to the next ({', '.join(named)}). "
        f"Circles: yearly glucose tolerance test, up to {_MOST_MM:g} mM. "
    )
    gone = any(np.isfinite(result.read_to_min) for _, result in results)
    veiled = f"Hatched: not to be read, fewer than {100.0 * GONE:g} % of the beta cells are left. " if gone else ""
    said = (
        f"{checkups if named else ''}{veiled}Dashed: 6.1 and 7.0 mM fasting. "
        "A research and teaching model of a mean person; not medical advice."
    )
    return textwrap.fill(said, _LETTERS)
