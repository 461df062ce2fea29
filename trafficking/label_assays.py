"""Assays that follow a label: surface label and trypsin, labelled receptors that age, and labelled insulin going in.

Tables and arguments are as in `assays`, which lists these too.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from scipy.integrate import cumulative_trapezoid

from trafficking import units
from trafficking.arguments import on_a_scenario
from trafficking.binding import Noise, reader_of
from trafficking.dishes import (
    INSIDE,
    MATURE,
    clamped,
    crossing,
    entered,
    labelled,
    labelled_over_time,
    per_cell,
    resting,
    slope_of_ratio,
    states_in,
    within,
    without_later,
)
from trafficking.scenario import Scenario
from trafficking.simulation import simulate

TRACER_NM = 0.05  # nM: well below the affinity, and above what a counter needs
_MOST_ROWS = 20_000  # of a table that is finer than its scenario asks for


@on_a_scenario
def label_protection(
    scenario: Scenario,
    *,
    label_min: float = 0.0,
    seed: int = 1,
    replicate: int = 0,
    noise: Noise | None = None,
) -> pd.DataFrame:
    """Receptors at the surface are labelled; later trypsin in the cold removes the label that is still there.

    Dishes are taken every minute or oftener, however seldom the scenario is recorded: half of the label is in within
    minutes. In weeks and years they are fewer, 20,000 in all.

    Args:
        label_min: when they are labelled, min.

    Returns:
        time_min (since the label), labelled_receptors, inside_receptors (safe from trypsin), inside_percent (of the
        label given). attrs: half_time_min, to half of the highest share seen inside, nan where nothing comes in;
        plateau_percent, that share.
    """
    reader = reader_of(scenario, seed, replicate, noise)
    within("label_min", label_min, 0.0, scenario.duration_min)
    step = min(scenario.record_min, max(1.0, scenario.duration_min / _MOST_ROWS))
    label = {"at": units.text(label_min, "time"), "of": "surface"}
    marked = labelled(scenario, label, record=units.text(step, "time"))
    result = simulate(marked, seed=seed, replicate=replicate)
    table = labelled_over_time(result, label_min, {"labelled_receptors": None, "inside_receptors": INSIDE})
    whole = float(table["labelled_receptors"].iloc[0])
    table["inside_receptors"] = reader.read(table["inside_receptors"])
    table["inside_percent"] = 100.0 * table["inside_receptors"] / whole if whole > 0.0 else np.nan
    inside = table["inside_percent"].fillna(0.0).to_numpy()
    until = int(inside.argmax()) + 1
    most = float(inside[until - 1])
    half = crossing(table["time_min"].to_numpy()[:until], inside[:until], 0.5 * most) if most > 0.0 else np.nan
    table.attrs = {"plateau_percent": most if whole > 0.0 else np.nan, "half_time_min": half}
    return table


@on_a_scenario
def pulse_chase(
    scenario: Scenario,
    *,
    of: str = "all",
    label_min: float = 0.0,
    pulse_min: float = 60.0,
    seed: int = 1,
    replicate: int = 0,
    noise: Noise | None = None,
) -> pd.DataFrame:
    """How long labelled receptors last.

    Args:
        of: "all", as heavy amino acids tell those present from those made later; "newborn", those made in a pulse.
        label_min: when the label begins. pulse_min: how long a pulse for newborn receptors lasts.

    Returns:
        time_min (since the label, or the pulse's end), labelled_receptors (mature: surface, endosomes), percent (of
        the most that there was). attrs: half_life_h, from a straight line through the logarithm of what is left
        between 90 and 10 % after the maximum.
    """
    reader = reader_of(scenario, seed, replicate, noise)
    within("label_min", label_min, 0.0, scenario.duration_min)
    label: dict[str, Any] = {"at": units.text(label_min, "time"), "of": of}
    begin = label_min
    if of == "newborn":
        begin = label_min + within("pulse_min", pulse_min, 0.0, scenario.duration_min, above=True)
        within("label_min + pulse_min", begin, 0.0, scenario.duration_min)
        label["until"] = units.text(begin, "time")
    elif of != "all":
        raise ValueError(f"of: {of!r} given; 'all' or 'newborn' is needed")
    result = simulate(labelled(scenario, label), seed=seed, replicate=replicate)
    table = labelled_over_time(result, begin, {"labelled_receptors": MATURE})
    table["labelled_receptors"] = reader.read(table["labelled_receptors"])
    numbers = table["labelled_receptors"].to_numpy()
    most, first = float(numbers.max()), int(numbers.argmax())
    table["percent"] = 100.0 * numbers / most if most > 0.0 else np.nan
    share = numbers[first:] / most if most > 0.0 else numbers[first:]
    fit = (share <= 0.9) & (share >= 0.1)
    table.attrs["half_life_h"] = float("nan")
    if fit.sum() >= 2:
        slope = np.polyfit(table["time_min"].to_numpy()[first:][fit], np.log(share[fit]), 1)[0]
        table.attrs["half_life_h"] = float(-np.log(2.0) / slope / 60.0)
    return table


# -- uptake ------------------------------------------------------------------------------------------------------------


@on_a_scenario
def endocytic_rate(
    scenario: Scenario,
    *,
    insulin_nM: float = TRACER_NM,
    until_min: float = 10.0,
    seed: int = 1,
    replicate: int = 0,
    noise: Noise | None = None,
) -> pd.DataFrame:
    """Labelled insulin on warm cells; acid takes off what is at the surface, the rest is inside.

    Insulin that has come in stays counted, bound or not: in these few minutes little of it leaves the cell. Over the
    first `until_min`, inside = Ke * integral of surface (Wiley & Cunningham 1982 J Biol Chem 257:4222, from memory).
    The tracer takes the place of the scenario's exposure; treatments after `until_min` are not done.

    Args:
        insulin_nM: of the tracer, given from the start to cells without insulin.

    Returns:
        time_min, surface_receptors (insulin at the surface), inside_receptors, ratio (inside over surface),
        surface_integral_receptor_min. attrs: ke_per_min, slope of inside on the integral; ratio_slope_per_min, slope of
        the ratio on time, as some papers print it.

    Raises:
        ValueError: by the scenario's own start, cells hold insulin already, which would be counted as tracer.
    """
    reader = reader_of(scenario, seed, replicate, noise)
    within("insulin_nM", insulin_nM, 0.0, 1e6)
    within("until_min", until_min, 0.0, 1e6, above=True)
    step = min(scenario.record_min, until_min / 40.0)
    given = scenario.changed(
        start=_tracer_free(scenario),
        exposure=[clamped(insulin_nM, until_min)],
        record=units.text(step, "time"),
        expect=[],
        treatments=without_later(scenario, until_min, np.inf).to_dict().get("treatments", []),
    )
    result = simulate(given, seed=seed, replicate=replicate)
    at_surface = per_cell(result, states_in(given, "membrane") & given.itinerary.bound)
    taken = entered(result, *INSIDE, bound=True) / given.cells.number
    times = result.counts["time_min"].to_numpy()
    area = cumulative_trapezoid(at_surface, times, initial=0.0)
    table = pd.DataFrame({"time_min": times, "surface_receptors": reader.read(at_surface)})
    table["inside_receptors"] = reader.read(taken)
    table["ratio"] = table["inside_receptors"] / table["surface_receptors"].where(table["surface_receptors"] > 0.0)
    table["surface_integral_receptor_min"] = area
    x, y = area, table["inside_receptors"].to_numpy()
    table.attrs["ke_per_min"] = float(x @ y / (x @ x)) if x.any() else float("nan")
    table.attrs["ratio_slope_per_min"] = slope_of_ratio(times, y, table["surface_receptors"].to_numpy(), until_min)
    return table


def _tracer_free(scenario: Scenario) -> dict[str, Any]:
    """The scenario's own start, or that without insulin; ValueError where receptors hold insulin from the start."""
    if scenario.start.filled_in_nM is not None:
        return {"state": "insulin_free", "total": scenario.start.total}
    held = float(scenario.start_fractions[0][scenario.itinerary.bound].sum()) * scenario.receptors
    if held > 0.0:
        what = f"{held:,.0f} receptors of a cell hold insulin from the start, which would be counted as tracer"
        raise ValueError(f"start: {what}; give it without insulin, such as start.state = 'insulin_free'")
    return resting(scenario)
