"""Surface receptors over many cells, as a flow cytometer shows them: one histogram per time, on a logarithmic axis.

Each histogram stands on a line of its own, the earliest on top, so that none is told from another by colour alone.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from trafficking import units
from trafficking.plots import GRID, INK, MUTED, SIZE, SMALL, TEXT, footnote, heading, plain
from trafficking.results import Result, cell_surface

_EARLY, _LATE = np.array([0.56, 0.77, 0.90]), np.array([0.00, 0.29, 0.47])  # from light to dark, of one hue
_LEFT, _RIGHT, _BOTTOM, _TOP = 0.15, 0.79, 0.125, 0.815
_ROWS = 6
_HIGH = 1.25  # of the highest outline, in rows
_FEWEST = 0.5  # receptors; cells without any stand here, since a logarithmic axis has no zero


def histograms(result: Result, at_min: Sequence[float] | None = None) -> Figure:
    """Surface receptors per cell at a few of the recorded times.

    Args:
        at_min: recorded times, min; default: the first, the last, and up to four between.

    Raises:
        ValueError: nothing was recorded of single cells, or not at one of these times.
    """
    known = np.unique(result.cells["time_min"].to_numpy())
    if not len(known):
        cell_surface(result)  # says why
    chosen = known[np.unique(np.linspace(0, len(known) - 1, _ROWS).round().astype(int))]
    times = chosen.tolist() if at_min is None else list(at_min)
    if not times:
        raise ValueError("at_min: no times given; leave it out, or name at least one")
    surfaces = [cell_surface(result, time) for time in times]
    seen = [np.maximum(surface, _FEWEST) for surface in surfaces]
    edges = _edges(seen)
    figure = Figure(figsize=SIZE, facecolor="white")
    panel = figure.add_axes((_LEFT, _BOTTOM, _RIGHT - _LEFT, _TOP - _BOTTOM))
    heights = [_density(surface, edges) for surface in seen]
    scale = _HIGH / max(float(height.max()) for height in heights)
    for row, (time, surface, height) in enumerate(zip(times, surfaces, heights, strict=True)):
        share = row / max(len(times) - 1, 1)
        floor = float(len(times) - 1 - row)
        _draw_row(panel, edges, height * scale, surface, floor, (1.0 - share) * _EARLY + share * _LATE)
        _draw_words(panel, result, time, surface, floor)
    _draw_axes(panel, edges, len(times), float(np.median(seen[0])))
    heading(figure, result, 0.075)
    empty = sum(int((surface < _FEWEST).sum()) for surface in surfaces)
    note = f"{len(seen[0]):,} cells; every outline holds the same area. Dotted: the first median"
    footnote(figure, note + (f". {empty:,} counts of no receptor stand at 0" if empty else ""), 0.075)
    return figure


def _draw_row(
    panel: Axes, edges: np.ndarray, height: np.ndarray, surface: np.ndarray, floor: float, colour: np.ndarray
) -> None:
    rgb = tuple(colour.tolist())
    outline = np.concatenate([[0.0], np.repeat(height, 2), [0.0]]) + floor
    x = np.repeat(edges, 2)
    order = 20.0 - floor  # a later row stands in front of an earlier one
    panel.fill_between(x, outline, floor, color=rgb, alpha=0.94, linewidth=0.0, zorder=order)
    panel.plot(x, outline, color="white", linewidth=2.4, zorder=order + 0.1)
    panel.plot(x, outline, color=tuple((0.72 * colour).tolist()), linewidth=1.1, zorder=order + 0.2)
    panel.axhline(floor, color=GRID, linewidth=0.8, zorder=1)
    middle = max(float(np.median(surface)), _FEWEST)
    top = floor + height[min(max(int(np.searchsorted(edges, middle, side="right")) - 1, 0), len(height) - 1)]
    mark = panel.plot([middle, middle], [floor, top], color=INK, linewidth=1.6, zorder=order + 0.3)[0]
    mark.set_path_effects([withStroke(linewidth=3.2, foreground="white")])
    mark.set_solid_capstyle("butt")


def _draw_words(panel: Axes, result: Result, time: float, surface: np.ndarray, floor: float) -> None:
    low, middle, high = np.percentile(surface, (5.0, 50.0, 95.0))
    insulin = result.scenario.protocol.value(time)
    dose = units.friendly(insulin, "insulin") if insulin else "no insulin"
    rows = (
        (-0.015, "right", f"After {units.friendly(time, 'time')}" if time else "Start", dose),
        (1.02, "left", f"median {_size(middle)}", f"5\N{EN DASH}95 %: {_size(low)} to {_size(high)}"),
    )
    for x, side, first, second in rows:
        for words, up, colour, size, weight in ((first, 13, INK, TEXT, "bold"), (second, 1, MUTED, SMALL, "normal")):
            panel.annotate(
                words, (x, floor), xycoords=("axes fraction", "data"), xytext=(0, up), textcoords="offset points",
                ha=side, va="bottom", color=colour, fontsize=size, fontweight=weight, annotation_clip=False,
            )  # fmt: skip


def _draw_axes(panel: Axes, edges: np.ndarray, rows: int, first_median: float) -> None:
    panel.set_xscale("log")
    panel.set_xlim(edges[0], edges[-1])
    panel.set_ylim(0.0, rows - 1 + 1.06 * _HIGH)
    panel.axvline(first_median, color=MUTED, linewidth=1.0, dashes=(1.2, 2.4), zorder=60)
    plain(panel)
    panel.spines["left"].set_visible(False)
    panel.set_yticks([])
    # Steps within a decade are named where there are few decades.
    wide = edges[-1] / edges[0] > 1e4
    panel.xaxis.set_major_locator(LogLocator(subs=(1.0,) if wide else (1.0, 2.0, 5.0)))
    panel.xaxis.set_minor_locator(LogLocator(subs=tuple(range(2, 10))))
    panel.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:,.0f}" if x >= 1.0 else "0"))
    panel.xaxis.set_minor_formatter(NullFormatter())
    panel.tick_params(axis="x", which="minor", color=MUTED, length=2)
    panel.grid(axis="x", which="major", color=GRID, linewidth=0.8, zorder=0)
    panel.set_axisbelow(True)
    panel.set_xlabel("Surface receptors per cell", color=INK, fontsize=TEXT, labelpad=6)


def _edges(surfaces: Sequence[np.ndarray]) -> np.ndarray:
    """Edges of the bins, even on the logarithmic axis but never closer than one receptor, with room on either side.

    The width is that of Freedman & Diaconis (1981, Z Wahrscheinlichkeitstheorie 57:453) for the narrowest of the
    histograms, within what a page can show.
    """
    logs = [np.log10(surface) for surface in surfaces]
    low, high = (float(extreme) for extreme in (min(map(np.min, logs)) - 0.12, max(map(np.max, logs)) + 0.12))
    spread = min(float(np.subtract(*np.percentile(each, (75.0, 25.0)))) for each in logs)
    width = max(2.0 * spread / len(logs[0]) ** (1.0 / 3.0), 0.02)
    edges = 10.0 ** np.linspace(low, high, min(max(math.ceil((high - low) / width), 30), 120) + 1)
    edges = np.unique(np.where(edges < 100.0, np.floor(edges) + 0.5, edges))
    # Cells without a receptor have a bin of their own.
    return edges if edges[0] > _FEWEST else np.concatenate([[0.7 * _FEWEST, 1.4 * _FEWEST], edges[1:]])


def _density(surface: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """(n_bins,) share of the cells per decade in each bin, so that outlines of unequal bins have equal areas."""
    return np.histogram(surface, edges)[0] / len(surface) / np.diff(np.log10(edges))


def _size(receptors: float) -> str:
    return f"{receptors:,.0f}" if receptors >= 100.0 else f"{receptors:.3g}"
