"""Variations of an experiment, and what is read off its tables: the handiwork that assays share."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from numbers import Real
from typing import Any

import numpy as np
import pandas as pd

from trafficking import units
from trafficking.faults import shown
from trafficking.results import Result, receptors_in
from trafficking.scenario import Scenario
from trafficking.treatments import LABEL

INSIDE = ("early_endosome", "recycling", "lysosome")
MATURE = ("membrane", "early_endosome", "recycling")


def rising(name: str, values: Sequence[float], *, least: int = 1) -> list[float]:
    """An argument of an assay as numbers that rise from 0 or above, at least so many; ValueError if it is none such."""
    numbers = _numbers(name, values)
    if len(numbers) < least or min(numbers) < 0.0 or any(b <= a for a, b in pairwise(numbers)):
        raise ValueError(f"{name}: {shown(values)} given; rising numbers from 0 on are needed, {least} or more")
    return numbers


def times_within(name: str, values: Sequence[float], last: float) -> list[float]:
    """An argument of an assay as minutes within a scenario; ValueError if it is none such."""
    numbers = _numbers(name, values)
    if not numbers:
        raise ValueError(f"{name}: {shown(values)} given; at least one time is needed, such as [0, 60]")
    for time in numbers:
        if not 0.0 <= time <= last:
            raise ValueError(f"{name}: {shown(time)} given; the scenario lasts {last:g} min")
    return numbers


def within(name: str, value: float, low: float, high: float, *, above: bool = False) -> float:
    """An argument of an assay as a number from `low` (or above it) to `high`; ValueError if it is none such."""
    sound = (
        isinstance(value, Real)
        and not isinstance(value, bool)
        and low <= value <= high
        and not (above and value == low)
    )
    if not sound:
        span = f"above {low:g} and up to {high:g}" if above else f"from {low:g} to {high:g}"
        raise ValueError(f"{name}: {shown(value)} given; a number {span} is needed")
    return float(value)


def _numbers(name: str, values: Sequence[float]) -> list[float]:
    sound = isinstance(values, Iterable) and not isinstance(values, str)
    if not sound or not all(isinstance(x, Real) and math.isfinite(x) for x in values):
        raise ValueError(f"{name}: {shown(values)} given; a list of numbers such as [0, 1, 10] is needed")
    return [float(value) for value in values]


def crossing(x: np.ndarray, y: np.ndarray, level: float, *, logarithmic: bool = False) -> float:
    """Where a curve first crosses `level`, on the straight line between two points (of log x); nan if it does not."""
    x, above = np.asarray(x, dtype=float), np.asarray(y, dtype=float) - level
    for i in range(len(x) - 1):
        if above[i] == 0.0:
            return float(x[i])
        if above[i] * above[i + 1] < 0.0:
            way = above[i] / (above[i] - above[i + 1])
            if logarithmic and x[i] > 0.0:
                return float(x[i] * (x[i + 1] / x[i]) ** way)
            return float(x[i] + way * (x[i + 1] - x[i]))
    return float(x[-1]) if len(x) and above[-1] == 0.0 else float("nan")


def slope_of_ratio(times_min: np.ndarray, inside: np.ndarray, surface: np.ndarray, until_min: float) -> float:
    """Slope per min of inside over surface against time, from a fifth of `until_min` on; nan where nothing is bound."""
    seen = (times_min > 0.2 * until_min) & (times_min <= until_min) & (surface > 0.0)
    return float(np.polyfit(times_min[seen], inside[seen] / surface[seen], 1)[0]) if seen.sum() >= 2 else float("nan")


def labelled(scenario: Scenario, label: dict[str, Any], **changes: Any) -> Scenario:
    """The scenario with a label; ValueError if it has one of its own, which could not be told from it."""
    if any(treatment.kind == "label" for treatment in scenario.treatments):
        raise ValueError("treatments: the scenario has a label of its own; take it out of them")
    tables = scenario.to_dict()
    given = [*tables.get("treatments", []), {"kind": "label", **label}]
    # The times at which cells are written down one by one need not be rows of the assay's, which are not read for that.
    cells = {key: value for key, value in tables["cells"].items() if key != "record"}
    return scenario.changed(treatments=given, cells=cells, follow=0, **changes)


def without_later(scenario: Scenario, after_min: float, until_min: float) -> Scenario:
    """The scenario without treatments that begin within (after, until]; labels stay, which change no rate."""
    later = [after_min < t.at_min <= until_min and t.kind != "label" for t in scenario.treatments]
    if not any(later):
        return scenario
    tables = scenario.to_dict()["treatments"]
    return scenario.changed(treatments=[table for table, drop in zip(tables, later, strict=True) if not drop])


def clamped(insulin_nM: float, minutes: float) -> dict[str, str]:
    return {
        "kind": "constant",
        "insulin": units.text(insulin_nM, "insulin"),
        "duration": units.text(minutes, "time"),
    }


def resting(scenario: Scenario) -> dict[str, Any]:
    """The start of cells before the insulin of an experiment: the scenario's own, or at rest where it names none.

    An insulin that the scenario gives is kept: its cells have lived in it. One that was filled in is that of an
    exposure which the experiment replaces.
    """
    given: dict[str, Any] = scenario.to_dict()["start"]
    if given.pop("filled_in", None) is not None:
        given["insulin"] = units.text(0.0, "insulin")
    return given


def states_in(scenario: Scenario, where: str) -> np.ndarray:
    itinerary = scenario.itinerary
    return itinerary.live if where == "live" else itinerary.mask(where)


def per_cell(result: Result, states: np.ndarray) -> np.ndarray:
    scenario = result.scenario
    return receptors_in(result.counts, scenario.itinerary, states) / scenario.cells.number


def entered(result: Result, *compartments: str, bound: bool = False) -> np.ndarray:
    """(n,) passages from the surface into these compartments since the start; of bound receptors only, if asked."""
    itinerary = result.scenario.itinerary
    surface, inside = itinerary.mask("membrane"), itinerary.mask(*compartments)
    arrows = [
        arrow.name
        for arrow, source, target in zip(itinerary.transitions, itinerary.sources, itinerary.targets, strict=True)
        if source >= 0 and surface[source] and inside[target] and (itinerary.bound[source] or not bound)
    ]
    return np.append(0.0, np.cumsum(result.events[arrows].to_numpy(dtype=float).sum(axis=1)))


def labelled_over_time(result: Result, begin_min: float, columns: Mapping[str, tuple[str, ...] | None]) -> pd.DataFrame:
    """Labelled receptors of the mean cell from `begin_min` on, by compartments (None: all but the ends)."""
    itinerary = result.scenario.itinerary
    marked = np.array([name.startswith(LABEL) for name in itinerary.state_names])
    times = result.counts["time_min"].to_numpy()
    rows = times >= begin_min
    table = pd.DataFrame({"time_min": times[rows] - begin_min})
    for name, compartments in columns.items():
        states = ~itinerary.out if compartments is None else itinerary.mask(*compartments)
        table[name] = per_cell(result, marked & states)[rows]
    return table
