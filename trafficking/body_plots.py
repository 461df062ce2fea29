"""The figure of a life: insulin, receptors, glucose and beta cells over the years, beside receptors held constant."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from trafficking import physiology
from trafficking.body import BodyResult
from trafficking.organs import ORGANS
from trafficking.plots import INK, INSULIN, MUTED, SMALL, TEXT, TITLE, ruled

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


def life(results: Sequence[tuple[str, BodyResult]]) -> Figure:
    """Four rows (insulin, surface receptors, glucose, beta-cell mass) and a column for each result with its title.

    The shade behind the curves is the stage at the yearly check-ups.
    """
    figure = Figure(figsize=_SIZE, facecolor="white")
    scenario = results[0][1].scenario
    figure.suptitle(scenario.title or scenario.name, x=0.02, ha="left", fontsize=TITLE, fontweight="bold", color=INK)
    panels = figure.subplots(4, len(results), sharex=True, sharey="row", squeeze=False)
    for column, (title, result) in enumerate(results):
        _draw(panels[:, column], result)
        panels[0, column].set_title(title, fontsize=TEXT, color=INK, loc="left")
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
    glucose.plot(*tests, "o", color=_GLUCOSE, markerfacecolor="white", markersize=4.0)
    for level in ("impaired_fasting", "diabetic_fasting"):
        glucose.axhline(physiology.constant(level), color=MUTED, linewidth=0.9, linestyle=(0, (4, 3)))
    beta.plot(times, table["beta_mg"], color=_BETA, linewidth=2.2)
    for panel in panels:
        _shade(panel, result)
        ruled(panel)
        panel.set_xlim(times[0], times[-1])
    for panel in (insulin, beta):
        panel.set_ylim(bottom=0.0)


def _shade(panel: Axes, result: BodyResult) -> None:
    """From each check-up to the next one, or to the end, in the colour of the stage."""
    _, unit_min = result.clock
    times = np.append(result.checkups["time_min"], result.levels["time_min"].iloc[-1]) / unit_min
    for (start, end), stage in zip(pairwise(times), result.checkups["stage"].tolist(), strict=True):
        if stage and end > start:
            panel.axvspan(start, end, color=_STAGES[stage], linewidth=0.0, zorder=0)


def _foot(results: Sequence[tuple[str, BodyResult]]) -> str:
    seen = sorted({stage for _, result in results for stage in result.checkups["stage"].tolist()})
    named = [f"{stage} {physiology.STAGES[stage]}" for stage in seen]
    checkups = (
        f"Shade: stage from one yearly check-up to the next ({', '.join(named)}). "
        "Circles: yearly glucose tolerance test. "
    )
    said = (
        f"{checkups if named else ''}Dashed: 6.1 and 7.0 mM fasting. "
        "A research and teaching model of a mean person; not medical advice."
    )
    return textwrap.fill(said, _LETTERS)
