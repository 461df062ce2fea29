"""Runs laid side by side: what is kept of each, how they are drawn over each other, and what is read off them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from trafficking import half_times, results
from trafficking.half_times import HalfTimes
from trafficking.library import tissue
from trafficking.replicates import replicated
from trafficking.results import Result
from trafficking.scenario import Scenario
from trafficking.simulation import simulate
from trafficking.treatments import describe

from . import words
from .chart import Curve

MOST = 6
DASHES = ((), (9.0, 4.0), (2.0, 4.0), (10.0, 4.0, 2.0, 4.0), (4.0, 3.0), (14.0, 4.0))
QUANTITIES = {
    "surface": "Surface receptors",
    "bound": "Surface receptors with insulin bound",
    "early_endosome": "Receptors in early endosomes",
    "recycling": "Receptors in recycling endosomes",
    "lysosome": "Receptors in lysosomes",
    "live": "All receptors but those in lysosomes",
}
UNITS = {"receptors": "receptors", "percent": "% of each one’s reference"}
BAND = (0.025, 0.975)
_MOST_TREATMENTS = 2  # that are told one by one


@dataclass(frozen=True)
class Pin:
    """One run, or replicates of one, kept for comparison.

    look: its number among the colours and dashes. values: by quantity, (n_replicates, n) receptors; reference: those
    that are 100 %.
    """

    name: str
    made: str
    look: int
    scenario: Scenario
    seed: int
    time_min: np.ndarray
    values: Mapping[str, np.ndarray]
    reference: float
    half_times: HalfTimes

    @property
    def replicates(self) -> int:
        return len(self.values["surface"])

    @property
    def of(self) -> str:
        """What was run, whatever the pin is called: scenario, tissue, treatments, and how it was made."""
        scenario = self.scenario
        title = scenario.title or scenario.name
        said = [] if self.name.startswith(title) else [title]
        treated = [describe(each) for each in scenario.treatments[:_MOST_TREATMENTS]]
        further = len(scenario.treatments) - len(treated)
        more = [f"{further} more treatments"] if further else []
        return "; ".join([", ".join([*said, tissue(scenario.tissue).title, self.made]), *treated, *more])

    def middle(self, quantity: str, unit: str) -> np.ndarray:
        """(n,) the run, or the median over its replicates, in receptors or percent."""
        return np.median(self.values[quantity], axis=0) * self._size(unit)

    def band(self, quantity: str, unit: str) -> tuple[np.ndarray, np.ndarray] | None:
        """(n,) ends of the stretch in which 95 % of the replicates lie; None where there is only one."""
        if self.replicates == 1:
            return None
        low, high = np.quantile(self.values[quantity], BAND, axis=0) * self._size(unit)
        return low, high

    def _size(self, unit: str) -> float:
        if unit == "receptors":
            return 1.0
        return 100.0 / self.reference if self.reference > 0.0 else float("nan")


def of_result(result: Result, *, name: str, look: int, by_hand: int = 0) -> Pin:
    """A run as it is, after so many changes by hand."""
    scenario = result.scenario
    until = words.span(float(result.counts["time_min"].iloc[-1]))
    made = f"{scenario.resolution}, seed {result.seed}, {until}" if scenario.resolution != "mean" else f"mean, {until}"
    if by_hand:
        made += f", {by_hand} {'change' if by_hand == 1 else 'changes'} by hand"
    counts = result.counts[list(scenario.itinerary.state_names)].to_numpy()[None]
    times = result.counts["time_min"].to_numpy()
    whole = result.reference.surface or float(scenario.receptors * scenario.cells.number)
    return Pin(name, made, look, scenario, result.seed, times, _read(scenario, counts), whole, result.half_times)


def computed(
    scenario: Scenario, *, name: str, look: int, replicates: int, seed: int, progress: Callable[[float], None]
) -> Pin:
    """A run of a scenario, or replicates of it.

    Args:
        progress: called with the share that is done, 0 to 1.
    """
    if replicates == 1:
        end = scenario.duration_min
        result = simulate(scenario, seed=seed, progress=lambda minute: progress(minute / end))
        return of_result(result, name=name, look=look)
    parts, times = [], np.zeros(0)
    for replicate in range(replicates):
        times, counts = replicated(scenario, [replicate], seed=seed)
        parts.append(counts[0])
        progress((replicate + 1) / replicates)
    values = _read(scenario, np.array(parts))
    made = f"{scenario.resolution}, {replicates} replicates of seed {seed}, {words.span(float(times[-1]))}"
    reference = results.reference(scenario).surface or float(scenario.receptors)
    clocks = half_times.clocks(
        times, np.median(values["surface"], axis=0), np.median(values["live"], axis=0), results.step_of(scenario)
    )
    return Pin(name, made, look, scenario, seed, times, values, reference, clocks)


def _read(scenario: Scenario, counts: np.ndarray) -> dict[str, np.ndarray]:
    """By quantity, (n_replicates, n) receptors from (n_replicates, n, n_states)."""
    itinerary = scenario.itinerary
    masks = {
        "surface": itinerary.mask("membrane"),
        "bound": itinerary.mask("membrane") & itinerary.bound,
        "early_endosome": itinerary.mask("early_endosome"),
        "recycling": itinerary.mask("recycling"),
        "lysosome": itinerary.mask("lysosome"),
        "live": itinerary.live,
    }
    return {name: counts[:, :, mask].sum(axis=2).astype(float) for name, mask in masks.items()}


# -- over each other ---------------------------------------------------------------------------------------------------


def overlay(pins: Sequence[Pin], quantity: str, unit: str, base: Pin | None = None) -> list[Curve]:
    """The curves of all pins; with a base, their differences from its run or median, as far as both reach."""
    return [
        Curve(pin.name, times, middle, f"pin-{pin.look}", DASHES[pin.look], 2.4, low=low, high=high)
        for pin in pins
        for times, middle, low, high in [_compared(pin, quantity, unit, base)]
    ]


def _compared(pin: Pin, quantity: str, unit: str, base: Pin | None) -> tuple[np.ndarray, Any, Any, Any]:
    times, middle = pin.time_min, pin.middle(quantity, unit)
    low, high = pin.band(quantity, unit) or (None, None)
    if base is None:
        return times, middle, low, high
    common = times <= base.time_min[-1]
    times = times[common]
    under = np.interp(times, base.time_min, base.middle(quantity, unit))
    ends = [None if end is None else end[common] - under for end in (low, high)]
    return times, middle[common] - under, *ends


def at_times(pin: Pin, quantity: str, unit: str, at_min: Sequence[float], base: Pin | None = None) -> list[float]:
    """The values of the overlay at these times, on straight lines between rows; nan beyond the run."""
    times, middle, _, _ = _compared(pin, quantity, unit, base)
    return [float(np.interp(at, times, middle, left=np.nan, right=np.nan)) for at in at_min]


def area(pin: Pin, quantity: str, unit: str, until_min: float, base: Pin | None = None) -> float:
    """The area under the curve of the overlay from 0 to `until_min`, in its unit times hours."""
    times, middle, _, _ = _compared(pin, quantity, unit, base)
    inside = np.append(times[times < until_min], until_min)
    values = np.interp(inside, times, middle)
    return float((0.5 * (values[1:] + values[:-1]) * np.diff(inside)).sum() / 60.0)


def frame(pins: Sequence[Pin], quantity: str, unit: str, base: Pin | None = None) -> pd.DataFrame:
    """The overlay as a table, one row per pin and time; the ends of the band where there are replicates."""
    label = f"{QUANTITIES[quantity]} ({'receptors' if unit == 'receptors' else '% of reference surface'})"
    parts = []
    for pin in pins:
        times, middle, low, high = _compared(pin, quantity, unit, base)
        part = {
            "run": pin.name,
            "made": pin.made,
            "scenario": pin.scenario.name,
            "tissue": pin.scenario.tissue,
            "time (min)": times,
            label: middle,
        }
        if low is not None:
            part |= {"2.5 % of replicates below": low, "97.5 % of replicates below": high}
        parts.append(pd.DataFrame(part))
    table = pd.concat(parts, ignore_index=True)
    if base is not None:
        table.insert(2, "minus", base.name)
    return table


def replicate_frame(pin: Pin) -> pd.DataFrame:
    """Every replicate of a pin: replicate, time, and all quantities in receptors."""
    n, rows = pin.values["surface"].shape
    table = {"replicate": np.repeat(np.arange(n), rows), "time (min)": np.tile(pin.time_min, n)}
    return pd.DataFrame(table | {f"{QUANTITIES[name]} (receptors)": pin.values[name].ravel() for name in QUANTITIES})


def times_of(text: str) -> list[float]:
    """Minutes out of hours that a reader wrote, such as "0, 1, 24".

    Raises:
        ValueError: something is no time, or there are too many.
    """
    found = []
    for part in text.replace(";", ",").split(","):
        try:
            hours = float(part)
        except ValueError:
            hours = float("nan")
        if not 0.0 <= hours <= 1e5:
            raise ValueError(f"Times, h: {part.strip()!r} given; hours from 0, with commas between them, are needed")
        found.append(60.0 * hours)
    if len(found) > 8:
        raise ValueError(f"Times, h: {len(found)} given; at most 8 fit the table")
    return found
