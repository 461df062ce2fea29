"""What is too much for one run: receptors, rows, windows, and time beyond the precision of a clock."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from trafficking import units
from trafficking.exposure import Constant, Exposure, Meals, PulseTrain, Segment, Series
from trafficking.itinerary import Itinerary

_MOST_CLOCK = 2.0**33  # beyond it a clock in float64 no longer resolves a millionth of its unit
_MOST_AGENTS = 10**8
_BYTES_PER_AGENT = 24
_MOST_NUMBERS = 10**7  # in a table, and windows in a run
_MOST_EDGES = 10**6


def crowded(protocol: Exposure) -> Iterator[tuple[str, str]]:
    """The exposure, if it has so many pulses, meals and points that merely to list them takes long."""
    edges = [_edges(segment) for segment in protocol.segments]
    if sum(edges) > _MOST_EDGES:
        worst = max(range(len(edges)), key=edges.__getitem__)
        what = f"about {sum(edges):.3g} pulse edges, points and (each counted as many) meals"
        yield "exposure", f"{what}; at most {_MOST_EDGES:,} are allowed, and exposure[{worst}] has most of them"


def excesses(
    itinerary: Itinerary,
    protocol: Exposure,
    *,
    agents: bool,
    receptors: int,
    placed: int,
    record_min: float,
    window_min: float,
) -> Iterator[tuple[str, str]]:
    """The keys of a scenario that ask for too much, each with what to do about it.

    Args:
        agents: whether every receptor is simulated.
        receptors: R0. placed: receptors that the start gives as integers.
    """
    for key, number in (("receptors", receptors), ("start.counts", placed)):
        if agents and number > _MOST_AGENTS:
            memory = number * _BYTES_PER_AGENT / 1e9
            yield (
                key,
                f"{number:,} given, one by one about {memory:.3g} GB of memory; at most {_MOST_AGENTS:,} are allowed, "
                'or use resolution = "counts" or "mean" (--resolution counts)',
            )
    duration = protocol.duration_min
    if not duration <= _MOST_CLOCK:
        yield "exposure", f"lasts {duration:.3g} min; at most {_MOST_CLOCK:.3g} min (16,000 years) are allowed"
        return
    columns = len(itinerary.states)
    if duration / record_min * columns > _MOST_NUMBERS:
        least = units.friendly(1.01 * duration * columns / _MOST_NUMBERS, "time")
        rows = f"{duration / record_min:.3g} rows of {columns} states"
        yield "record", f"{units.friendly(record_min, 'time')} given, for {rows}; use at least {least}"
    smooth = any(not isinstance(segment, Constant | PulseTrain) for segment in protocol.segments)
    if (smooth or itinerary.couplings) and duration / window_min > _MOST_NUMBERS:
        least = units.friendly(1.01 * duration / _MOST_NUMBERS, "time")
        windows = f"{duration / window_min:.3g} windows"
        yield "window", f"{units.friendly(window_min, 'time')} given, for {windows}; use at least {least}"
    fastest = _fastest(itinerary, protocol.max_nM, receptors)
    if agents and not fastest * duration < _MOST_CLOCK:
        yield (
            "exposure",
            f"{duration:.3g} min at up to {fastest:.3g} transitions per min are beyond the precision of a clock; "
            'shorten it, or use resolution = "counts" or "mean"',
        )


def _edges(segment: Segment) -> float:
    match segment:
        case PulseTrain():
            return 2.0 * segment.duration_min / segment.period_min
        case Meals():
            # Insulin after a meal is a sum over the meals of the days before, the more the slower they fade.
            felt_days = 2.0 + 60.0 * segment.peak_after_min / segment.every_min
            days = max(segment.duration_min / segment.every_min, 1.0)
            return 5.0 * felt_days * days * len(segment.meal_times_min)
        case Series():
            return len(segment.times_min)
    return 1.0


def _fastest(itinerary: Itinerary, insulin_nM: float, receptors: int) -> float:
    """An upper bound of the rate out of any state, and of all births, per minute."""
    out = np.zeros(len(itinerary.states) + 1)  # the last one is synthesis, whose source is -1
    for source, arrow in zip(itinerary.sources, itinerary.transitions, strict=True):
        ligand = insulin_nM if arrow.needs_ligand else 1.0
        births = receptors if source < 0 else 1
        out[source] += (arrow.rate + arrow.extra) * ligand * births
    return float(out.max())
