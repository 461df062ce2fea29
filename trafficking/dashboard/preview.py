"""What a draft looks like: insulin over its whole time, where its segments stand, and what a hand can take hold of."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np

from trafficking import exposure, units
from trafficking.exposure import Exposure

from . import words
from .draft import KINDS, Draft, Field, plain
from .plot import decimate

MOST_POINTS = 2000  # of the curve; more than a screen has columns
_MOST_EDGES = 50_000  # that are looked at; of more, evenly chosen ones
_BENDS = 60  # points between two edges where insulin is smooth


def curve(protocol: Exposure) -> tuple[np.ndarray, np.ndarray]:
    """The protocol as a line for drawing: (n,) minutes and (n,) nM; a jump is two points at one time."""
    edges = protocol.edges[:: -(-len(protocol.edges) // _MOST_EDGES)]
    bends = max(min(_BENDS, 2 * MOST_POINTS // len(edges)), 1)
    times, doses = [0.0], [protocol.value(0.0)]
    for start, end in itertools.pairwise((0.0, *edges)):
        if bends > 1 and not protocol.constant_between(start, end):
            inner = np.linspace(start, end, bends + 1)[1:-1].tolist()
            times += inner
            doses += [protocol.value(time) for time in inner]
        times += [end, end]
        doses += [protocol.value(math.nextafter(end, 0.0)), protocol.value(end)]
    # What is held after the end is no part of the protocol.
    thin_times, thin = decimate(np.array(times[:-1]), np.array(doses[:-1])[None], most=MOST_POINTS)
    return thin_times, thin[0]


def bounds(protocol: Exposure) -> list[float]:
    """Where the segments begin, in minutes, and where the last one ends."""
    return [0.0, *itertools.accumulate(segment.duration_min for segment in protocol.segments)]


def summary(protocol: Exposure) -> str:
    """The whole protocol in a line."""
    low, high = protocol.min_nM, protocol.max_nM
    dose = words.insulin(low) if low == high else f"{words.insulin(low)} to {words.insulin(high)}"
    mean = protocol.mean(0.0, protocol.duration_min)
    return f"{words.span(protocol.duration_min)} in all, {dose}, mean {words.insulin(mean)}"


def said(segment: exposure.Segment, start_min: float) -> str:
    """One segment in words, for its line in the list."""
    low, high = segment.extremes()
    dose = words.insulin(low) if low == high else f"{words.insulin(low)} to {words.insulin(high)}"
    when = f"{words.span(start_min)} to {words.span(start_min + segment.duration_min)}"
    points = ""
    if isinstance(segment, exposure.Series):
        points = f", {len(segment.times_min):,} points"
        if lead := segment.times_min[0]:
            points += f", its first value for {words.span(lead)} in front"
    return f"{when}: {dose}{points}"


def form(draft: Draft) -> list[dict[str, Any]]:
    """The segments as a page lists them: kind, title, fields with their texts and faults, and what it comes to."""
    protocol = draft.scenario.protocol if draft.valid else None
    starts = bounds(protocol) if protocol else []
    listed = []
    for i, segment in enumerate(draft.segments):
        kind = KINDS[segment["kind"]]
        listed.append(
            {
                "kind": segment["kind"],
                "title": kind.title,
                "fields": [_field(draft, i, field) for field in kind.fields],
                "fault": draft.faults.get((i, ""), ""),
                "faulty": any(place[0] == i for place in draft.faults),
                "says": said(protocol.segments[i], starts[i]) if protocol else "",
            }
        )
    return listed


def _field(draft: Draft, i: int, field: Field) -> dict[str, str]:
    value = draft.segments[i].get(field.key, "")
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return {
        "key": field.key,
        "label": field.label,
        "measure": field.measure,
        "text": text,
        "default": field.default,
        "fault": draft.faults.get((i, field.key), ""),
    }


def grips(draft: Draft, i: int) -> list[dict[str, Any]]:
    """The handles of segment `i` on the curve of the whole protocol, each with what it says to those who cannot see."""
    if not draft.valid:
        return []
    start = bounds(draft.scenario.protocol)[i]
    labels = {field.key: field.label for field in KINDS[draft.segments[i]["kind"]].fields}
    return [
        {
            "key": handle.key,
            "axis": "time" if handle.key == "duration" else "dose",
            "time_min": start + handle.at_min,
            "nM": handle.nM,
            "value": handle.value,
            "start_min": start,
            "label": f"Segment {i + 1}, {labels[handle.key].lower()}",
            "text": _spoken(handle.value, "time" if handle.key == "duration" else "insulin"),
        }
        for handle in draft.handles(i)
    ]


def _spoken(value: float, measure: str) -> str:
    return plain(value, "time") if measure == "time" else units.friendly(value, "insulin")
