"""How finely smooth insulin is divided into windows, so that no compartment is off by a thousandth of all receptors.

In a window insulin is taken at its mean. Where it changes by s nM per min, the dose that receptors have had, in nM min,
is then off by at most s w^2 / 8 inside a window w and exact at its end. A nM min binds at most the share k of the free
receptors, k the rate constant of association, so at no time are more than k s w^2 / 8 of all receptors elsewhere than
they should be: of second order in w, and met by w = sqrt(8 tolerance / (k s)) whatever the other rates are. Measured at
`mean` against windows an eighth as long, ramps from no insulin are off by 0.7 to 0.9 of the tolerance and oscillations
by 0.02 to 0.9 (periods of 7 min to 8 h, up to 10 uM).

A window depends on the shape of its segment alone and never on how long it lasts, so that a run that is cut short,
steered or held longer keeps every bit of what came before.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from trafficking import units
from trafficking.exposure import Exposure, Meals, Oscillation, Ramp, Segment, Series
from trafficking.itinerary import Itinerary

LONGEST_MIN = 1.0  # of a window that the file does not give
TOLERANCE = 1e-3  # of R0
_MOST_CUTS = 5000  # of a period, a ramp or the way between two points, whatever the dose
_LEAST_MIN = 1e-9
Values = float | np.ndarray


class Piece(NamedTuple):
    """A stretch of smooth insulin: its steepest change, the time in which its shape takes its course, its duration."""

    slope_nM_per_min: float
    span_min: float
    lasting_min: float


class Cut(NamedTuple):
    """What windows make of an exposure.

    finest_min: the shortest of them. windows: how many smooth insulin takes. off: share of R0 that may be off.
    """

    finest_min: float
    windows: float
    off: float


def association(itinerary: Itinerary) -> float:
    """The largest rate constant at which a receptor of any state binds, per nM per min."""
    out: dict[str | None, float] = {}
    for arrow in itinerary.transitions:
        if arrow.needs_ligand:
            out[arrow.source] = out.get(arrow.source, 0.0) + arrow.rate
    return max(out.values(), default=0.0)


def longest_min(slope_nM_per_min: Values, span_min: Values, per_nM_min: float) -> np.ndarray:
    """The longest windows that pieces of an exposure may be cut into, min; two digits, rounded down.

    Args:
        slope_nM_per_min, span_min: as in `Piece`, of one piece or of many. per_nM_min: `association`.
    """
    with np.errstate(divide="ignore", over="ignore"):
        enough = np.sqrt(8.0 * TOLERANCE / (per_nM_min * np.asarray(slope_nM_per_min)))
    wide = np.clip(np.maximum(enough, np.asarray(span_min) / _MOST_CUTS), _LEAST_MIN, LONGEST_MIN)
    digits = 10.0 ** (1.0 - np.floor(np.log10(wide)))
    return np.floor(wide * digits) / digits


def window_from(protocol: Exposure, time_min: float, per_nM_min: float) -> float:
    """The longest window of the stretch of smooth insulin that begins at `time_min`, min."""
    piece = piece_from(*protocol.place(time_min))
    chosen = float(longest_min(piece.slope_nM_per_min, piece.span_min, per_nM_min))
    return max(chosen, _LEAST_MIN * time_min)  # finer ones are lost in the digits of a time


def piece_from(segment: Segment, x: float) -> Piece:
    """The piece of a segment in which its minute x lies."""
    match segment:
        case Series(times_min=times):
            i = min(int(np.searchsorted(times, x, side="right")), len(times) - 1)
            width = times[i] - times[i - 1] if i else 0.0
            slope = abs(segment.insulin_nM[i] - segment.insulin_nM[i - 1]) / width if width else 0.0
            return Piece(slope, width, width)
        case Ramp(over_min=over):
            return Piece(abs(segment.end_nM - segment.start_nM) / over, over, over)
        case Oscillation(period_min=period):
            return Piece(2.0 * math.pi * segment.amplitude_nM / period, period, segment.duration_min)
        case Meals(peak_after_min=peak):
            slope = segment.rise_nM * math.e / peak * _steepest(peak, segment.meal_times_min, segment.every_min)
            return Piece(slope, peak, segment.duration_min)
    return Piece(0.0, segment.duration_min, segment.duration_min)


def cut(protocol: Exposure, itinerary: Itinerary, window_min: float | None = None) -> Cut:
    """What windows of a given length, or those chosen here, make of an exposure."""
    per_nM_min = association(itinerary)
    finest, windows, off = LONGEST_MIN if window_min is None else window_min, 0.0, 0.0
    for segment in protocol.segments:
        slopes, spans, lasting = _pieces(segment)
        wide = longest_min(slopes, spans, per_nM_min) if window_min is None else np.full(len(slopes), window_min)
        long = np.minimum(wide, lasting)
        finest = min(finest, float(wide[wide < lasting].min(initial=finest)))
        windows += float((lasting / long).sum())
        off = max(off, float((per_nM_min * slopes * long * long / 8.0).max(initial=0.0)))
    return Cut(finest, windows, off)


def windows(protocol: Exposure, itinerary: Itinerary, window_min: float | None, *, constant_too: bool) -> float:
    """How many windows a run takes; constant insulin takes some where receptors, or a medium, are read again."""
    smooth = cut(protocol, itinerary, window_min).windows
    again = protocol.duration_min / (LONGEST_MIN if window_min is None else window_min)
    return smooth + (again if constant_too or itinerary.couplings else 0.0)


def remarks(protocol: Exposure, itinerary: Itinerary, window_min: float | None) -> list[str]:
    """What to say where windows are longer than smooth insulin needs, if they are."""
    made = cut(protocol, itinerary, window_min)
    if made.off <= TOLERANCE * (1.0 + 1e-9):
        return []
    off = f"up to {100.0 * min(made.off, 1.0):.2g} % of R0 may be off"
    window, needed = (units.friendly(each.finest_min, "time") for each in (made, cut(protocol, itinerary)))
    if window_min is None:
        return [f"window: {window} is not short enough: {off}"]
    best = f"without `window`, at most {100.0 * TOLERANCE:g} %"
    return [f"window: {window} given, where smooth insulin needs {needed}: {off}; {best}"]


def _pieces(segment: Segment) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(n,) slopes, spans and durations of the pieces of a segment in which insulin changes, as in `Piece`."""
    if isinstance(segment, Series):
        ends = np.minimum(segment.times_min, segment.duration_min)
        widths, lasting = np.diff(segment.times_min), np.diff(ends)
        with np.errstate(over="ignore"):
            slopes = np.abs(np.diff(segment.insulin_nM)) / widths
        held = (lasting > 0.0) & (slopes > 0.0)
        return slopes[held], widths[held], lasting[held]
    slope, span, lasting = piece_from(segment, 0.0)
    smooth = slice(0, int(slope > 0.0))
    return np.array([slope])[smooth], np.array([span])[smooth], np.array([min(lasting, segment.duration_min)])[smooth]


@lru_cache(maxsize=256)
def _steepest(peak_min: float, meal_times_min: tuple[float, ...], every_min: float) -> float:
    """The steepest change of surges that overlap, over that of one at its meal; at any meal, after many days.

    A surge u exp(1 - u) changes by (1 - u) exp(1 - u), u since the meal over the time to its peak: most at the meal,
    downwards most at u = 2, and by less the older it is.
    """
    days = np.arange(math.ceil(60.0 * peak_min / every_min) + 1) * every_min
    steepest = 0.0
    for meal in meal_times_min:
        ages = (meal - np.array(meal_times_min)[:, None] + days).ravel() / peak_min
        older = ages[ages > 0.0]
        falling = np.where(older > 2.0, (older - 1.0) * np.exp(-older), math.exp(-2.0))
        steepest = max(steepest, 1.0 + float(np.maximum(falling, (1.0 - older) * np.exp(-older)).sum()))
    return steepest
