"""The live plot: a first-hour panel and a whole-run panel with one y axis, drawn in the browser by uPlot.

A frame crosses to the browser as one `bytes` trait, because lists would be walked element by element on the way. The
browser acknowledges each frame in its message handler, not when it draws: hidden tabs answer too.
"""

from __future__ import annotations

from importlib.resources import files

import numpy as np
import traitlets

from .hearing import Listener

_STATIC = files("trafficking.dashboard") / "static"
_PARTS = ("units", "paint", "chart", "zoom", "tip", "live")  # of the script, in the order in which they name each other


class TimeSeries(Listener):
    """Two panels over time. `frame` holds float32 columns, the whole run first, then the hour:

    time_min, insulin_nM and one column per line (receptors) for each panel; `view` says how many rows each has, where
    the axes end, what 100 % is and which moments are marked. The browser sends {"acknowledged": seq, "reduced": bool}
    and {"picked_min": x}.
    """

    _esm = "\n".join(
        (_STATIC / name).read_text(encoding="utf-8")
        for name in ("uplot/uPlot.iife.min.js", *(f"plot/{part}.js" for part in _PARTS))
    )
    _css = (_STATIC / "uplot" / "uPlot.min.css").read_text(encoding="utf-8")

    frame = traitlets.Bytes(b"").tag(sync=True)
    view = traitlets.Dict().tag(sync=True)
    lines = traitlets.List().tag(sync=True)
    ghost = traitlets.Bytes(b"", help="the other future: columns as in `frame`, one panel").tag(sync=True)
    picking = traitlets.Bool(False, help="whether a touch of the whole run chooses a time").tag(sync=True)
    picked_min = traitlets.Float(0.0, help="the time chosen").tag(sync=True)
    hidden = traitlets.List(traitlets.Unicode(), help="keys of the lines that are not shown").tag(sync=True)
    logarithmic = traitlets.Bool(False, help="whether the axis of receptors is").tag(sync=True)
    zoom = traitlets.Dict(help="[from, to] of each panel of which a part is shown, on its own axis").tag(sync=True)
    band = traitlets.Bytes(b"", help="time_min; low, median and high of each line: float32 columns").tag(sync=True)
    measured = traitlets.List(help="points, as `measured.points` has them").tag(sync=True)
    plan = traitlets.List(help="[time_min, insulin_nM] of the whole protocol").tag(sync=True)
    seq = traitlets.Int(0).tag(sync=True)


def decimate(times_min: np.ndarray, columns: np.ndarray, most: int = 1000) -> tuple[np.ndarray, np.ndarray]:
    """Fewer rows for drawing, keeping the extremes of every column.

    Args:
        times_min: (n,) ascending.
        columns: (k, n) values.
        most: rows to return at most.

    Returns:
        (m,) times and (k, m) values, m <= most. Each bucket of rows gives two: the lowest and the highest value of
        each column, in the order in which they came. The first and last row are always kept.
    """
    n = len(times_min)
    if n <= most:
        return times_min, columns
    buckets = (most - 2) // 2
    size = -(-(n - 2) // buckets)
    edges = np.arange(1, n - 1, size)
    low = np.minimum.reduceat(columns[:, 1 : n - 1], edges - 1, axis=1)
    high = np.maximum.reduceat(columns[:, 1 : n - 1], edges - 1, axis=1)
    ends = np.append(edges[1:], n - 1) - 1
    rising = columns[:, ends] >= columns[:, edges]
    thin = np.empty((len(columns), 2 * len(edges) + 2))
    thin[:, 0], thin[:, -1] = columns[:, 0], columns[:, -1]
    thin[:, 1:-1:2] = np.where(rising, low, high)
    thin[:, 2:-1:2] = np.where(rising, high, low)
    times = np.empty(2 * len(edges) + 2)
    times[0], times[-1] = times_min[0], times_min[-1]
    times[1:-1:2], times[2:-1:2] = times_min[edges], times_min[ends]
    return times, thin


def pack(*panels: tuple[np.ndarray, np.ndarray]) -> bytes:
    """Panels of (times, columns) one after the other as little-endian float32."""
    flat = [np.concatenate([times, columns.ravel()]) for times, columns in panels]
    return np.concatenate(flat).astype("<f4").tobytes()
