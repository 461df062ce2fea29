"""The figure of a trial of prevention: who has fallen ill by when in each arm, and the reductions."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from trafficking.plots import INK, MUTED, SMALL, TEXT, ruled, titled
from trafficking.trial import ARMS, Trial, data

_COLOURS = {"untreated": INK, "lifestyle": "#0072b2", "metformin": "#d55e00"}
_DASHES = {"untreated": "-", "lifestyle": "--", "metformin": "-."}


def trial(found: Trial) -> Figure:
    """Left the share of people with diabetes over the years, right the reduction of its incidence."""
    figure = Figure(figsize=(10.0, 4.6), facecolor="white")
    titled(figure, f"A trial of prevention in silico: {len(found.people)} people in every arm")
    course, less = figure.subplots(1, 2)
    _course(course, found)
    _reductions(less, found)
    words = (
        "The incidence without is set, the reductions follow from assumed sizes of the effects.\n"
        "Measured: Knowler 2002, doi 10.1056/NEJMoa012512. People who do not exist; not medical advice."
    )
    figure.text(0.02, 0.012, words, fontsize=SMALL, color=MUTED, va="bottom")
    figure.tight_layout(rect=(0.0, 0.09, 1.0, 1.0))
    return figure


def _course(axes: Axes, found: Trial) -> None:
    end = data()["follow_years"]
    for arm in ARMS:
        years = np.sort(found.people[f"{arm}_years"].dropna().to_numpy())
        share = 100.0 * np.arange(len(years) + 1) / len(found.people)
        x, y = np.append(np.insert(years, 0, 0.0), end), np.append(share, share[-1])
        axes.step(x, y, where="post", color=_COLOURS[arm], linestyle=_DASHES[arm], linewidth=2.0, label=arm)
    axes.set_xlim(0.0, end)
    axes.set_ylim(bottom=0.0)
    axes.set_xlabel("Years", color=INK, fontsize=TEXT)
    axes.set_ylabel("People with diabetes (%)", color=INK, fontsize=TEXT)
    axes.legend(fontsize=SMALL, frameon=False, loc="upper left")
    ruled(axes)


def _reductions(axes: Axes, found: Trial) -> None:
    arms = [arm for arm in ARMS if arm != "untreated"]
    for place, arm in enumerate(arms):
        seen = found.reduction(arm), tuple(data()["measured"][arm]["reduction"])
        for shift, (middle, low, high), fill in zip((-0.1, 0.1), seen, ("white", _COLOURS[arm]), strict=True):
            x = place + shift
            axes.plot([x, x], [low, high], color=_COLOURS[arm], linewidth=2.0)
            axes.plot(x, middle, "o", mfc=fill, mec=_COLOURS[arm], mew=1.8, markersize=8)
    axes.axhline(0.0, color=MUTED, linewidth=0.9)
    axes.set_xlim(-0.6, len(arms) - 0.4)
    axes.set_xticks(range(len(arms)), arms)
    axes.set_ylabel("Incidence less by (%), 95 % interval", color=INK, fontsize=TEXT)
    axes.set_title("open: simulated, filled: measured", fontsize=SMALL, color=INK, loc="left")
    ruled(axes)
