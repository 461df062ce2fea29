"""What is too much for one run: receptors, births, rows, windows, and time beyond the precision of a clock.

All of it is refused before anything is allocated, with an estimate of what it would take and with what to do instead.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from trafficking import units
from trafficking.exposure import Exposure, Meals, PulseTrain, Segment, Series
from trafficking.itinerary import Itinerary, reachable

_MOST_CLOCK = 2.0**33  # beyond it a clock in float64 no longer resolves a millionth of its unit
_MOST_TRANSITIONS = 2.0**30  # of one receptor, each of which takes two and sometimes more of its 2^32 draws
_MOST_AGENTS = 10**8
_BYTES_PER_AGENT = 24
_BYTES_PER_CELL = 2_000
_MOST_BIRTHS = 10**10
_BIRTHS_PER_SECOND = 1e6  # at best: the whole life of each has to be simulated
_MOST_NUMBERS = 10**7  # in a table, and windows in a run
_MOST_EDGES = 10**6
_INSTEAD = 'or use resolution = "counts" or "mean" (--resolution counts)'


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
    cells: int,
    receptors: int,
    placed: int,
    record_min: float,
    window_min: float,
    windows: float,
    chosen: bool = False,
) -> Iterator[tuple[str, str]]:
    """The keys of a scenario that ask for too much, each with what to do about it.

    Args:
        agents: whether every receptor is simulated.
        cells: how many there are. receptors: R0 of one. placed: receptors that the start gives each as integers.
        window_min: the shortest window. windows: how many there are. chosen: whether the program chose the window.
    """
    crowds = False
    for key, number in (("receptors", receptors), ("start.counts", placed)):
        if agents and cells * number > _MOST_AGENTS:
            crowds, memory = True, _gigabytes(cells * number, cells)
            each = f"{number:,} given" if cells == 1 else f"{number:,} given in each of {cells:,} cells"
            yield key, f"{each}, one by one about {memory} of memory; at most {_MOST_AGENTS:,} are allowed, {_INSTEAD}"
    duration = protocol.duration_min
    if not duration <= _MOST_CLOCK:
        yield "exposure", f"lasts {duration:.3g} min; at most {_MOST_CLOCK:.3g} min (16,000 years) are allowed"
        return
    columns = len(itinerary.states)
    if duration / record_min * columns > _MOST_NUMBERS:
        least = units.friendly(1.01 * duration * columns / _MOST_NUMBERS, "time")
        rows = f"{duration / record_min:.3g} rows of {columns} states"
        yield "record", f"{units.friendly(record_min, 'time')} given, for {rows}; use at least {least}"
    if windows > _MOST_NUMBERS:
        least = units.friendly(1.01 * duration / _MOST_NUMBERS, "time")
        by = "needed where insulin is steepest" if chosen else "given"
        yield "window", f"{units.friendly(window_min, 'time')} {by}, for {windows:.3g} windows; use at least {least}"
    fastest, births = _fastest(itinerary, protocol.max_nM, receptors)
    pace = max(fastest, births)
    if agents and not (pace * duration < _MOST_CLOCK and fastest * duration < _MOST_TRANSITIONS):
        clock = not pace * duration < _MOST_CLOCK
        beyond = "beyond the precision of a clock" if clock else "more than the random numbers of one receptor last for"
        yield (
            "exposure",
            f"{duration:.3g} min at up to {pace if clock else fastest:.3g} transitions per min are {beyond}; "
            'shorten it, or use resolution = "counts" or "mean"',
        )
    elif agents and not crowds:
        yield from _births(itinerary, protocol, cells, receptors)


def _births(itinerary: Itinerary, protocol: Exposure, cells: int, receptors: int) -> Iterator[tuple[str, str]]:
    """Synthesis, if it makes more receptors than memory holds or patience awaits.

    Only the living need memory. By Little's law as many live at once as are made in a mean life, or in the whole run
    where that is shorter or a life has no end; twice the most is let pass, since a balanced cell of the largest size
    makes as many as it starts with. All that are made need time: a year of 100,000 receptors in a cell in culture makes
    70 million, a hundredth of what is refused. Synthesis is bounded by its rate without insulin, messenger 1.
    """
    made = _made(itinerary, protocol, cells, receptors)
    if made <= _MOST_AGENTS:
        return
    together = alive(itinerary, protocol, cells=cells, receptors=receptors)
    if together > 2.0 * _MOST_AGENTS:
        memory = _gigabytes(together, cells)
        what = f"of which about {together:.3g} live at once, {memory} of memory; at most {_MOST_AGENTS:,} are allowed"
    elif made > _MOST_BIRTHS:
        hours = made / _BIRTHS_PER_SECOND / 3600.0
        what = f"one by one at least {hours:.3g} h of computing; at most {_MOST_BIRTHS:,} are allowed"
    else:
        return
    yield (
        "itinerary",
        f"synthesis makes {made:.3g} receptors in this run, {what}; lower it, shorten the run, {_INSTEAD}",
    )


def alive(itinerary: Itinerary, protocol: Exposure, *, cells: int, receptors: int) -> float:
    """How many of the receptors that a run makes live at once, at most; up to twice as many as in truth."""
    made = _made(itinerary, protocol, cells, receptors)
    life_min = max(_mean_life(itinerary, level) for level in (0.0, protocol.max_nM)) if made > 0.0 else 0.0
    return min(made, made / protocol.duration_min * life_min)


def _made(itinerary: Itinerary, protocol: Exposure, cells: int, receptors: int) -> float:
    per_min = sum(itinerary.transitions[arrow].rate for arrow in itinerary.synthesis) * float(receptors) * cells
    return per_min * protocol.duration_min


def _mean_life(itinerary: Itinerary, insulin_nM: float) -> float:
    """Mean time from synthesis to an end, without crowding, min; inf where some who are made never reach one."""
    numbers = itinerary.rates(insulin_nM, np.zeros(len(itinerary.states)))
    inflow = itinerary.inflow(numbers)
    generator = itinerary.generator(numbers)
    reach = reachable(generator > 0.0)
    born = (inflow > 0.0) @ reach & ~itinerary.out
    if not np.all((reach @ itinerary.out)[born]):
        return np.inf
    lives = np.linalg.solve(-generator[np.ix_(born, born)], np.ones(int(born.sum())))
    return float(inflow[born] @ lives / inflow.sum())


def _gigabytes(receptors: float, cells: int) -> str:
    return f"{(receptors * _BYTES_PER_AGENT + cells * _BYTES_PER_CELL) / 1e9:.3g} GB"


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


def _fastest(itinerary: Itinerary, insulin_nM: float, receptors: int) -> tuple[float, float]:
    """Upper bounds of the rate out of any state and of all births in a cell, per minute."""
    out = np.zeros(len(itinerary.states) + 1)  # the last one is synthesis, whose source is -1
    for source, arrow in zip(itinerary.sources, itinerary.transitions, strict=True):
        ligand = insulin_nM if arrow.needs_ligand else 1.0
        births = receptors if source < 0 else 1
        out[source] += (arrow.rate + arrow.extra) * ligand * births
    return float(out[:-1].max()), float(out[-1])
