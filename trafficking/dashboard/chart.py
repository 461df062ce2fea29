"""A chart of curves for pages that change when something is done: lines, bands, points, on linear, log or time axes.

Curves need not share their times: the browser gets one x axis with all of them and holes where a curve has no point.
The live plot, which changes fifteen times a second, is `plot`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from importlib.resources import files
from typing import Any, Literal

import anywidget
import numpy as np
import traitlets

from .plot import decimate

_STATIC = files("trafficking.dashboard") / "static"
_MOST_ROWS = 1000  # of one curve; a screen has hardly more columns


@dataclass(frozen=True)
class Axis:
    """What an axis counts, in which unit, and where it ends.

    kind: linear, log, or time (values in min, written as min, h or d). low, high: None leaves that end to the data.
    """

    label: str
    unit: str = ""
    kind: Literal["linear", "log", "time"] = "linear"
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Curve:
    """One curve: (n,) x and y, and how it is drawn.

    colour: name of a CSS variable, without its dashes. line, points: whether they are drawn; dash, width in px.
    low, high: (n,) ends of a band, or of error bars where only points are drawn; both or neither.
    """

    label: str
    x: np.ndarray
    y: np.ndarray
    colour: str = "surface"
    dash: tuple[float, ...] = ()
    width: float = 2.0
    line: bool = True
    points: bool = False
    low: np.ndarray | None = None
    high: np.ndarray | None = None

    def __post_init__(self) -> None:
        given = {"y": self.y, "low": self.low, "high": self.high}
        for name, values in given.items():
            if values is not None and len(values) != len(self.x):
                raise ValueError(f"{self.label}: {name} has {len(values)} values; x has {len(self.x)}")
        if (self.low is None) != (self.high is None):
            raise ValueError(f"{self.label}: low and high are given together or not at all")


@dataclass(frozen=True)
class Mark:
    """A place on the x axis with a few words."""

    x: float
    label: str


@dataclass(frozen=True)
class Region:
    """A stretch of the x axis, tinted behind the curves; `colour` as for a curve."""

    low: float
    high: float
    label: str
    colour: str = "band-0"


class Chart(anywidget.AnyWidget):
    """`frame` holds float32 columns of `view.rows` rows: x, then y (and low, high) of each of `view.curves`."""

    _esm = (
        (_STATIC / "uplot" / "uPlot.iife.min.js").read_text(encoding="utf-8")
        + "\n"
        + (_STATIC / "chart.js").read_text(encoding="utf-8")
    )
    _css = (_STATIC / "uplot" / "uPlot.min.css").read_text(encoding="utf-8")

    frame = traitlets.Bytes(b"").tag(sync=True)
    view = traitlets.Dict().tag(sync=True)

    def show(
        self,
        curves: Sequence[Curve],
        *,
        x: Axis,
        y: Axis,
        title: str,
        text: str,
        of: str = "",
        marks: Sequence[Mark] = (),
        regions: Sequence[Region] = (),
    ) -> None:
        """Draws these curves in place of those before.

        Args:
            title: above the chart. text: what it shows, for those who cannot see it.
            of: what was asked, and these curves are the answer to.
        """
        thin = [_thinned(curve) for curve in curves]
        grid, columns = aligned(thin)
        with self.hold_sync():
            self.frame = np.concatenate([grid, *columns]).astype("<f4").tobytes()
            self.view = {
                "rows": len(grid),
                "curves": [_drawn(curve) for curve in curves],
                "x": asdict(x),
                "y": asdict(y),
                "title": title,
                "text": f"{of}: {text}" if of else text,
                "of": of,
                "marks": [[mark.x, mark.label] for mark in marks],
                "regions": [asdict(region) for region in regions],
                "seq": self.view.get("seq", 0) + 1,
            }

    def clear(self) -> None:
        """Draws nothing, and takes no room."""
        self.view = {"rows": 0, "seq": self.view.get("seq", 0) + 1}


def aligned(curves: Sequence[Curve]) -> tuple[np.ndarray, list[np.ndarray]]:
    """All curves over one x axis: (n,) the x of all, rising; (n,) y, low and high of each, nan where it has none."""
    grid = np.unique(np.concatenate([np.asarray(curve.x, dtype=float) for curve in curves])) if curves else np.zeros(0)
    columns = []
    for curve in curves:
        places = np.searchsorted(grid, curve.x)
        for values in (curve.y, curve.low, curve.high):
            if values is not None:
                column = np.full(len(grid), np.nan)
                column[places] = values
                columns.append(column)
    return grid, columns


def _thinned(curve: Curve) -> Curve:
    band = curve.low is not None and curve.high is not None
    rows = np.array([curve.y, curve.low, curve.high] if band else [curve.y], dtype=float)
    x, rows = decimate(np.asarray(curve.x, dtype=float), rows, _MOST_ROWS)
    return replace(curve, x=x, y=rows[0], low=rows[1] if band else None, high=rows[2] if band else None)


def _drawn(curve: Curve) -> dict[str, Any]:
    return {
        "label": curve.label,
        "colour": curve.colour,
        "dash": list(curve.dash),
        "width": curve.width,
        "line": curve.line,
        "points": curve.points,
        "spread": curve.low is not None,
    }
