"""Numbers that experimenters print, read off simulated experiments: shares, half-times, rates, half-maximal doses.

Each function runs what it needs on a `Bench` and returns what it saw: the number, and the curve on which it stands, so
that a figure can draw the measured one over it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.integrate import cumulative_trapezoid

from trafficking import units
from trafficking.dishes import INSIDE, crossing, entered, slope_of_ratio
from trafficking.equality import by_value
from trafficking.results import Result, receptors_in
from trafficking.scenario import Scenario, override
from trafficking.signals import value as constant
from trafficking.simulation import simulate

_SHORTEST_MIN = 60.0  # of a curve that is shown
_VISIBLE = 0.95  # a fall to less than this share can be seen in binding; ours


@by_value
@dataclass(frozen=True, eq=False)
class Seen:
    """A number read off a simulated curve.

    x, y: (n,) the curve. across: true where the number is a place on the x axis (a half-time, a dose) and `at` its
    height; else the number is a height and `at` its place on the x axis.
    """

    value: float
    x: np.ndarray
    y: np.ndarray
    x_label: str
    y_label: str
    at: float
    across: bool = False


class Bench:
    """Runs scenarios at one resolution and keeps the results, so that several numbers can be read off one run."""

    def __init__(self, resolution: str, *, seed: int = 1, replicate: int = 0, threads: int | None = None) -> None:
        self.resolution, self.seed, self.replicate, self.threads = resolution, seed, replicate, threads
        self._known: dict[str, Result] = {}

    def run(self, scenario: Scenario, changes: dict[str, str] | None = None) -> Result:
        """The result of a scenario with some of its values changed, by the path of the key."""
        given: dict[str, Any] = scenario.to_dict() | {"resolution": self.resolution, "follow": 0, "expect": []}
        for key, text in (changes or {}).items():
            given = override(given, key, text)
        key = json.dumps(given, sort_keys=True)
        if key not in self._known:
            changed = Scenario.from_dict(given)
            self._known[key] = simulate(changed, seed=self.seed, replicate=self.replicate, threads=self.threads)
        return self._known[key]

    def doses(self, scenario: Scenario, doses_nM: Sequence[float]) -> list[Result]:
        """One result per dose, given in place of the first level of insulin."""
        return [self.run(scenario, {"exposure[0].insulin": units.text(dose, "insulin")}) for dose in doses_nM]


# -- where receptors are -----------------------------------------------------------------------------------------------


def surface_share(bench: Bench, scenario: Scenario, *, at_min: float) -> Seen:
    """Share of the live receptors that stand at the surface."""
    result = bench.run(scenario)
    return _level(result, result.surface / result.live, at_min, "Share at the surface")


def total_left(bench: Bench, scenario: Scenario, *, at_min: float) -> Seen:
    """Live receptors over those at the start."""
    result = bench.run(scenario)
    return _level(result, result.live / result.live[0], at_min, "Total receptors over the start")


def binding_left(bench: Bench, scenario: Scenario, *, at_min: float) -> Seen:
    """Surface receptors over those at the start; the wash before it is part of the scenario."""
    result = bench.run(scenario)
    return _level(result, result.surface / result.surface[0], at_min, "Binding over the start")


def binding_lost(bench: Bench, scenario: Scenario, *, at_min: float) -> Seen:
    """Share of the starting surface receptors that is no longer there."""
    result = bench.run(scenario)
    return _level(result, 1.0 - result.surface / result.surface[0], at_min, "Binding lost")


def inside_left(bench: Bench, scenario: Scenario, *, at_min: float) -> Seen:
    """Receptors in endosomes over those at the start."""
    result = bench.run(scenario)
    return _level(result, _inside(result) / _inside(result)[0], at_min, "Inside over the start")


def moved_inside(bench: Bench, scenario: Scenario, *, at_min: float) -> Seen:
    """Receptors that insulin added to the endosomes, over the surface receptors at the start."""
    result = bench.run(scenario)
    return _level(result, _gained(result) / result.surface[0], at_min, "Surface receptors moved inside")


def messenger(bench: Bench, scenario: Scenario, *, at_min: float) -> Seen:
    """The receptor's messenger relative to insulin-free."""
    result = bench.run(scenario)
    return _level(result, result.exposure["mrna"].to_numpy(), at_min, "Messenger")


def surface_ratio(bench: Bench, scenario: Scenario, *, insulin_nM: float) -> Seen:
    """Surface receptors in steady state at the scenario's insulin over those at `insulin_nM`."""
    result = bench.run(scenario)
    low = units.text(insulin_nM, "insulin")
    other = bench.run(scenario, {"exposure[0].insulin": low, "start.insulin": low})
    ratio = float(result.surface.mean() / other.surface.mean())
    doses = np.array([insulin_nM, scenario.protocol.value(0.0)])
    return Seen(ratio, doses, np.array([1.0, ratio]), "Insulin (nM)", "Surface receptors", float(doses[1]))


def two_phases(bench: Bench, scenario: Scenario) -> Seen:
    """Share of five claims that hold, each by at least 5 %.

    After 30 min the surface is lower and the inside higher than at the start; after 16 h surface and total are lower
    than at the start, and the inside lower than after 30 min.
    """
    result = bench.run(scenario)
    times, inside = _minutes(result), _inside(result)
    early, late = (int(np.searchsorted(times, at)) for at in (30.0, 960.0))
    claims = [
        result.surface[early] < _VISIBLE * result.surface[0],
        inside[0] < _VISIBLE * inside[early],
        result.surface[late] < _VISIBLE * result.surface[0],
        result.live[late] < _VISIBLE * result.live[0],
        inside[late] < _VISIBLE * inside[early],
    ]
    held = np.cumsum(claims) / len(claims)
    return Seen(float(held[-1]), np.arange(1.0, 6.0), held, "Claim", "Share of all five that hold so far", 5.0)


# -- how fast they move ------------------------------------------------------------------------------------------------


def inside_half_time(bench: Bench, scenario: Scenario, *, until_min: float) -> Seen:
    """Half-time of the rise of the receptors in endosomes to their number at `until_min`, min."""
    result = bench.run(scenario)
    return _half_way(_minutes(result), _gained(result) / result.surface[0], 0.0, until_min, "Moved inside")


def surface_half_time(bench: Bench, scenario: Scenario, *, until_min: float) -> Seen:
    """Half-time of the fall of the surface to its number at `until_min`, min."""
    result = bench.run(scenario)
    return _half_way(_minutes(result), result.surface / result.surface[0], 0.0, until_min, "Surface over the start")


def return_half_time(bench: Bench, scenario: Scenario, *, since_min: float) -> Seen:
    """Half-time with which the share of receptors inside falls from `since_min`, when insulin goes, to the end, min."""
    result = bench.run(scenario)
    end = scenario.duration_min
    return _half_way(_minutes(result), 1.0 - result.surface / result.live, since_min, end, "Share inside")


def accumulation(bench: Bench, scenario: Scenario, *, within_min: float) -> Seen:
    """Steepest rise of the receptors in endosomes over `within_min`, receptors per min."""
    result = bench.run(scenario)
    times, gained = _minutes(result), _gained(result)
    rows = round(within_min / result.scenario.record_min)
    rates = (gained[rows:] - gained[:-rows]) / within_min
    best = int(np.argmax(rates))
    middles = times[rows:] - 0.5 * within_min
    first = slice(0, 20 * rows)
    where = float(middles[best])
    return Seen(float(rates[best]), middles[first], rates[first], "Time (min)", "Receptors moved inside per min", where)


def loss_half_time(bench: Bench, scenario: Scenario) -> Seen:
    """Half-time of the fall of the live receptors to their number at the end, h."""
    result = bench.run(scenario)
    hours = _minutes(result) / 60.0
    end = float(hours[-1])
    return _half_way(hours, result.live / result.live[0], 0.0, end, "Total over the start", "Time (h)")


def half_life(bench: Bench, scenario: Scenario) -> Seen:
    """Hours until half of the receptors of the start are gone, in a scenario without synthesis."""
    result = bench.run(scenario)
    hours = _minutes(result) / 60.0
    return _crossing(hours, result.live / result.live[0], 0.5, 0.0, "Of the receptors at the start", "Time (h)")


def recovery(bench: Bench, scenario: Scenario, *, since_min: float, at_min: float) -> Seen:
    """Share of the binding lost at `since_min` that has come back."""
    result = bench.run(scenario)
    binding = result.surface / result.surface[0]
    lost = 1.0 - np.interp(since_min, _minutes(result), binding)
    return _level(result, 1.0 - (1.0 - binding) / lost, at_min, "Lost binding recovered", since_min)


# -- labels ------------------------------------------------------------------------------------------------------------


def label_inside(bench: Bench, scenario: Scenario, *, at_min: float) -> Seen:
    """Share of a surface label that trypsin does not reach, in a scenario that starts with all receptors labelled."""
    result = bench.run(scenario)
    return _level(result, _hidden(result), at_min, "Surface label inside")


def label_half_time(bench: Bench, scenario: Scenario, *, until_min: float) -> Seen:
    """Half-time of the label's way inside to its share at `until_min`, min."""
    result = bench.run(scenario)
    return _half_way(_minutes(result), _hidden(result), 0.0, until_min, "Surface label inside")


def label_speed_up(bench: Bench, scenario: Scenario, *, at_min: float) -> Seen:
    """Surface label inside with insulin over that without."""
    result, control = bench.run(scenario), bench.run(scenario, {"exposure[0].insulin": "0 nM"})
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = _hidden(result) / _hidden(control)
    known = np.isfinite(ratio)
    times = _minutes(result)[known]
    seen = float(np.interp(at_min, times, ratio[known]))
    return Seen(seen, times, ratio[known], "Time (min)", "Label inside, with insulin over without", at_min)


def entry_ratio(bench: Bench, scenario: Scenario, *, at_min: float) -> Seen:
    """Entries per surface receptor and minute up to `at_min` with insulin over those without."""
    result, control = bench.run(scenario), bench.run(scenario, {"exposure[0].insulin": "0 nM"})
    ratio = _entry(result)[1:] / _entry(control)[1:]
    times = _minutes(result)[1:]
    label = "Entry, with insulin over without"
    return Seen(float(np.interp(at_min, times, ratio)), times, ratio, "Time (min)", label, at_min)


def ligand_entry(bench: Bench, scenario: Scenario, *, at_min: float) -> Seen:
    """The ligand's endocytic rate constant Ke: insulin taken in over the integral of surface-bound insulin, per min."""
    result = bench.run(scenario)
    taken, bound = entered(result, "early_endosome", bound=True), _integral(result, _bound(result, "membrane"))
    rate = taken[1:] / bound[1:]
    times = _minutes(result)[1:]
    return Seen(float(np.interp(at_min, times, rate)), times, rate, "Time (min)", "Ke (per min)", at_min)


def entry_slope(bench: Bench, scenario: Scenario, *, until_min: float) -> Seen:
    """Slope of insulin inside over insulin at the surface against time, up to `until_min`, per min."""
    result = bench.run(scenario)
    times, surface = _minutes(result), _bound(result, "membrane")
    taken = entered(result, "early_endosome", bound=True)
    ends = times[times > 0.2 * until_min]
    slopes = np.array([slope_of_ratio(times, taken, surface, end) for end in ends])
    return Seen(float(np.interp(until_min, ends, slopes)), ends, slopes, "Up to (min)", "Slope (per min)", until_min)


def signal_ratio(bench: Bench, scenario: Scenario, *, at_min: float) -> Seen:
    """Signal of the bound surface receptors with the scenario's drug over that without it.

    The signal is b / (b + half), with b the bound surface receptors over the live ones of the start.
    """
    half = constant("half_signal")
    runs = (bench.run(scenario), bench.run(scenario, {"treatments[0].strength": "0"}))
    bound = [_bound(result, "membrane")[1:] / result.live[0] for result in runs]
    with_drug, without = (share / (share + half) for share in bound)
    times, label = _minutes(runs[0])[1:], "Signal, with the drug over without"
    ratio = with_drug / without
    return Seen(float(np.interp(at_min, times, ratio)), times, ratio, "Time (min)", label, at_min)


def ligand_inside(bench: Bench, scenario: Scenario, *, at_min: float) -> Seen:
    """Share of the cell's insulin that was taken in, all that ever entered counted as there."""
    result = bench.run(scenario)
    taken = entered(result, "early_endosome", bound=True)
    return _level(result, taken / (taken + _bound(result, "membrane")), at_min, "Labelled insulin inside")


# -- doses -------------------------------------------------------------------------------------------------------------


def half_maximal_dose(bench: Bench, scenario: Scenario, *, doses_nM: Sequence[float], at_min: float) -> Seen:
    """Insulin that costs half the binding that the highest dose costs, nM."""
    lost = []
    for result in bench.doses(scenario, doses_nM):
        binding = result.surface / result.surface[0]
        lost.append(1.0 - float(np.interp(at_min, _minutes(result), binding)))
    return _half_dose(doses_nM, np.array(lost), "Binding lost")


def half_displacing_dose(bench: Bench, scenario: Scenario, *, doses_nM: Sequence[float], at_min: float) -> Seen:
    """Insulin that halves the share of a tracer bound to the cell, inside included, against that at the lowest dose."""
    bound = [
        float(np.interp(at_min, _minutes(result), _bound(result, "membrane", *INSIDE) / result.surface[0]))
        for result in bench.doses(scenario, doses_nM)
    ]
    tracer = np.array(bound) / np.array(doses_nM)
    return _half_dose(doses_nM, tracer / tracer[0], "Tracer bound, over the lowest dose", 0.5)


READINGS: dict[str, Callable[..., Seen]] = {
    reading.__name__: reading
    for reading in (
        surface_share,
        total_left,
        binding_left,
        binding_lost,
        inside_left,
        moved_inside,
        messenger,
        surface_ratio,
        two_phases,
        inside_half_time,
        surface_half_time,
        return_half_time,
        accumulation,
        loss_half_time,
        half_life,
        recovery,
        label_inside,
        label_half_time,
        label_speed_up,
        entry_ratio,
        ligand_entry,
        entry_slope,
        signal_ratio,
        ligand_inside,
        half_maximal_dose,
        half_displacing_dose,
    )
}
"""Every reading by its name, as targets name it."""


# -- curves of a run ---------------------------------------------------------------------------------------------------


def _minutes(result: Result) -> np.ndarray:
    return result.counts["time_min"].to_numpy()


def _inside(result: Result) -> np.ndarray:
    """(n,) receptors in endosomes."""
    return result.live - result.surface


def _gained(result: Result) -> np.ndarray:
    return _inside(result) - _inside(result)[0]


def _hidden(result: Result) -> np.ndarray:
    """(n,) receptors inside, the lysosome included, over all that are not degraded."""
    itinerary = result.scenario.itinerary
    inside = _inside(result) + receptors_in(result.counts, itinerary, itinerary.mask("lysosome"))
    return inside / (inside + result.surface)


def _bound(result: Result, *compartments: str) -> np.ndarray:
    """(n,) receptors with insulin in these compartments."""
    itinerary = result.scenario.itinerary
    return receptors_in(result.counts, itinerary, itinerary.mask(*compartments) & itinerary.bound)


def _entry(result: Result) -> np.ndarray:
    """(n,) entries per surface receptor and minute since the start; not a number in the first row."""
    with np.errstate(invalid="ignore"):
        return entered(result, "early_endosome") / _integral(result, result.surface)


def _integral(result: Result, curve: np.ndarray) -> np.ndarray:
    """(n,) integral of a curve over time since the start, by trapezia."""
    return cumulative_trapezoid(curve, _minutes(result), initial=0.0)


# -- numbers of a curve ------------------------------------------------------------------------------------------------


def _level(result: Result, curve: np.ndarray, at_min: float, label: str, since_min: float = 0.0) -> Seen:
    times = _minutes(result)
    # What comes long after the number is not shown: it would press the curve up to it against the axis.
    until = max(3.0 * at_min, _SHORTEST_MIN)
    known = (times >= since_min) & (times <= until) & np.isfinite(curve)
    seen = float(np.interp(at_min, times[known], curve[known]))
    if min(times[-1], until) <= 180.0:
        return Seen(seen, times[known], curve[known], "Time (min)", label, at_min)
    return Seen(seen, times[known] / 60.0, curve[known], "Time (h)", label, at_min / 60.0)


def _half_way(x: np.ndarray, y: np.ndarray, start: float, end: float, label: str, x_label: str = "Time (min)") -> Seen:
    """When y is halfway from its value at `start` to its value at `end`, counted from `start`."""
    goal = 0.5 * float(np.interp(start, x, y) + np.interp(end, x, y))
    stretch = (x >= start) & (x <= end)
    return _crossing(x[stretch], y[stretch], goal, start, label, x_label)


def _crossing(x: np.ndarray, y: np.ndarray, goal: float, start: float, label: str, x_label: str) -> Seen:
    """Where y first crosses `goal`, counted from `start`; not a number where it never does, or begins there."""
    where = float("nan") if y[0] == goal else crossing(x, y, goal)
    return Seen(where - start, x - start, y, x_label, label, goal, across=True)


def _half_dose(doses_nM: Sequence[float], effect: np.ndarray, label: str, goal: float | None = None) -> Seen:
    """The dose of half the effect of the last one, or of `goal`, interpolated on the logarithm."""
    half = 0.5 * float(effect[-1]) if goal is None else goal
    seen = _crossing(np.log(doses_nM), effect, half, 0.0, label, "Insulin (nM)")
    return Seen(float(np.exp(seen.value)), np.exp(seen.x), seen.y, seen.x_label, label, seen.at, across=True)
