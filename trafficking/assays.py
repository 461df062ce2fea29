"""Experiments as they are done at the bench, on any scenario and at its own resolution; each returns a table.

Columns carry their unit in the name: `_min`, `_nM`, `_percent`, `_receptors` (per cell, of the mean cell). Numbers that
an experimenter would print below the figure stand in `table.attrs`, with their unit in the name too. `noise` adds the
errors of the reading, from streams of their own; the cells are the same with and without.

Binding is read in the cold (`binding`), once the tracer has settled. Insulin still bound after the wash hides its
receptor, as it does in the dish.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd

from trafficking import units
from trafficking.arguments import on_a_scenario
from trafficking.binding import LONGEST_MIN, Noise, Reader, free_nM, reader_of, settling_min, share_bound
from trafficking.dishes import (
    INSIDE,
    clamped,
    crossing,
    resting,
    rising,
    states_in,
    times_within,
    within,
    without_later,
)
from trafficking.itinerary import Itinerary
from trafficking.label_assays import TRACER_NM, endocytic_rate, label_protection, pulse_chase
from trafficking.response import response
from trafficking.results import cell_surface
from trafficking.scenario import Scenario
from trafficking.simulation import Run, simulate
from trafficking.treatments import divisions

_DOSES = (0.0, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0)  # nM


# -- binding -----------------------------------------------------------------------------------------------------------


@on_a_scenario
def surface_binding(
    scenario: Scenario,
    *,
    at_min: Sequence[float] | None = None,
    wash_min: float = 30.0,
    tracer_nM: float = TRACER_NM,
    seed: int = 1,
    replicate: int = 0,
    noise: Noise | None = None,
) -> pd.DataFrame:
    """Tracer bound to intact cells, which are washed with warm insulin-free medium and then chilled.

    In a finite medium (`scenario.medium`) the tracer, given in as much of it, is depleted by what binds.

    Args:
        at_min: when dishes are taken, min; default: the start and the end.
        wash_min: how long the warm wash lasts; 0 for an ice-cold one.

    Returns:
        time_min, surface_receptors and hidden_receptors (with insulin still on them) after the wash, and
        bound_receptors (tracer), percent (of the same binding to the reference cell of the scenario).
    """
    return _binding(
        scenario, "membrane", reader_of(scenario, seed, replicate, noise), at_min=at_min, wash_min=wash_min,
        tracer_nM=tracer_nM, seed=seed, replicate=replicate,
    )  # fmt: skip


@on_a_scenario
def total_binding(
    scenario: Scenario,
    *,
    at_min: Sequence[float] | None = None,
    wash_min: float = 0.0,
    tracer_nM: float = TRACER_NM,
    seed: int = 1,
    replicate: int = 0,
    noise: Noise | None = None,
) -> pd.DataFrame:
    """Tracer bound to the receptors of dissolved cells, surface and inside, whose insulin is washed away.

    Returns:
        As `surface_binding`; live_receptors in place of surface_receptors, and nothing hidden. Lysosomes do not count.
    """
    return _binding(
        scenario, "live", reader_of(scenario, seed, replicate, noise), at_min=at_min, wash_min=wash_min,
        tracer_nM=tracer_nM, seed=seed, replicate=replicate,
    )  # fmt: skip


@on_a_scenario
def competition(
    scenario: Scenario,
    *,
    at_min: float = 0.0,
    competitor_nM: Sequence[float] = _DOSES,
    tracer_nM: float = TRACER_NM,
    binding_min: float | None = None,
    celsius: float = 4.0,
    acid_wash: bool = True,
    wash_min: float = 0.0,
    seed: int = 1,
    replicate: int = 0,
    noise: Noise | None = None,
) -> pd.DataFrame:
    """Unlabelled insulin drives the tracer off chilled cells.

    In a finite medium (`scenario.medium`) what is bound is missing from the medium.

    Args:
        at_min: when the cells are taken, min. binding_min, celsius: the incubation; by default it lasts 4 h, or longer
            where the tracer needs longer to settle. acid_wash: insulin at the surface is what counts; False: that which
            came in with its receptor in the warm, and is still on it, counts too.

    Returns:
        competitor_nM, free_nM (tracer and competitor), bound_receptors (both), tracer_receptors, percent (of the
        tracer bound without competitor). attrs: ic50_nM, insulin that halves the tracer.
    """
    reader = reader_of(scenario, seed, replicate, noise)
    doses_nM = rising("competitor_nM", competitor_nM)
    within("tracer_nM", tracer_nM, 0.0, 1e6, above=True)
    within("celsius", celsius, 0.0, 45.0)
    itinerary = scenario.unlabelled
    minutes = settling_min(itinerary, celsius) if binding_min is None else binding_min
    within("binding_min", minutes, 0.0, LONGEST_MIN, above=True)
    if not isinstance(acid_wash, bool):
        raise ValueError(f"acid_wash: {acid_wash!r} given; true or false is needed")
    share = _shares(itinerary, minutes, celsius, within=("membrane",) if acid_wash else ("membrane", *INSIDE))
    (counts,) = _dishes(scenario, [at_min], wash_min, seed, replicate)
    states = states_in(scenario, "membrane")
    sites, hidden = counts[states].sum(), counts[states & scenario.itinerary.bound].sum()
    per_receptor = _nM_per_receptor(scenario, at_min)
    rows = []
    for competitor in doses_nM:
        total = competitor + tracer_nM
        free = free_nM(total, (sites - hidden) * per_receptor, share)
        bound = float(reader.bind(sites - hidden, share(free)))
        rows.append([competitor, free, bound, bound * tracer_nM / total])
    table = pd.DataFrame(rows, columns=["competitor_nM", "free_nM", "bound_receptors", "tracer_receptors"])
    table["tracer_receptors"] = reader.read(table["tracer_receptors"])
    table["bound_receptors"] = table["tracer_receptors"] * (table["competitor_nM"] + tracer_nM) / tracer_nM
    first = float(table["tracer_receptors"].iloc[0])
    table["percent"] = 100.0 * table["tracer_receptors"] / first if first > 0.0 else np.nan
    doses = table["competitor_nM"].to_numpy() + tracer_nM
    table.attrs["ic50_nM"] = crossing(doses, table["percent"].to_numpy(), 50.0, logarithmic=True)
    return table


@on_a_scenario
def scatchard(scenario: Scenario, *, competitor_nM: Sequence[float] = _DOSES[:-1], **more: Any) -> pd.DataFrame:
    """The competition plotted as bound over free against bound; one kind of site gives a straight line.

    Args:
        more: as in `competition`.

    Returns:
        bound_receptors, free_nM, bound_over_free_receptors_per_nM. attrs: kd_nM and sites_receptors, from the slope and
        the intercept of the line; nan where it does not fall, as errors of the counter can have it.
    """
    table = competition(scenario, competitor_nM=rising("competitor_nM", competitor_nM, least=2), **more)
    table = table[["bound_receptors", "free_nM"]].copy()
    table["bound_over_free_receptors_per_nM"] = table["bound_receptors"] / table["free_nM"]
    bound = table["bound_receptors"]
    slope, intercept = np.polyfit(bound, table.iloc[:, -1], 1) if bound.nunique() > 1 else (0.0, 0.0)
    falls = slope < 0.0
    table.attrs = {
        "kd_nM": float(-1.0 / slope) if falls else float("nan"),
        "sites_receptors": float(-intercept / slope) if falls else float("nan"),
    }
    return table


# -- down-regulation ---------------------------------------------------------------------------------------------------


@on_a_scenario
def dose_response(
    scenario: Scenario,
    *,
    doses_nM: Sequence[float] = _DOSES,
    exposure_min: float = 1440.0,
    wash_min: float = 30.0,
    tracer_nM: float = TRACER_NM,
    seed: int = 1,
    replicate: int = 0,
    noise: Noise | None = None,
) -> pd.DataFrame:
    """Surface binding after so long at each dose, given in place of the scenario's exposure.

    Cells start as the scenario says, and where it gives no start, without insulin; its treatments are done to them too.
    Cells of one seed and replicate travel with the same random numbers at every dose, so that doses are compared in
    pairs; each dish binds its tracer with random numbers of its own.

    Args:
        doses_nM: rising; the first one is the control.

    Returns:
        dose_nM, bound_receptors, percent (of the control), loss_percent. attrs: ec50_nM, where half of the largest
        loss is reached, between doses on a logarithmic axis; most_percent, that loss.
    """
    reader = reader_of(scenario, seed, replicate, noise)
    doses = rising("doses_nM", doses_nM, least=2)
    within("exposure_min", exposure_min, 0.0, 1e7, above=True)
    bound = []
    for dose in doses:
        given = scenario.changed(exposure=[clamped(dose, exposure_min)], start=resting(scenario), expect=[])
        _, _, tracer = _bound(
            given, "membrane", reader, at_min=[exposure_min], wash_min=wash_min, tracer_nM=tracer_nM,
            seed=seed, replicate=replicate,
        )  # fmt: skip
        bound.append(float(tracer[0]))
    table = pd.DataFrame({"dose_nM": doses, "bound_receptors": reader.read(bound)})
    control = float(table["bound_receptors"].iloc[0])
    table["percent"] = 100.0 * table["bound_receptors"] / control if control > 0.0 else np.nan
    table["loss_percent"] = 100.0 - table["percent"]
    loss = table["loss_percent"].to_numpy()
    table.attrs["most_percent"] = most = float(np.nanmax(loss))
    # Some cells lose less again at the highest doses: half of the largest loss is looked for on the way up.
    until = int(np.nanargmax(loss)) + 1
    table.attrs["ec50_nM"] = crossing(table["dose_nM"].to_numpy()[:until], loss[:until], 0.5 * most, logarithmic=True)
    return table


@on_a_scenario
def recovery(
    scenario: Scenario,
    *,
    insulin_nM: float = 17.2,
    exposure_min: float = 1440.0,
    after_min: Sequence[float] = (0.0, 30.0, 60.0, 120.0, 180.0, 240.0, 360.0, 720.0, 1440.0),
    wash_min: float = 30.0,
    tracer_nM: float = TRACER_NM,
    seed: int = 1,
    replicate: int = 0,
    noise: Noise | None = None,
) -> pd.DataFrame:
    """Surface binding at times after insulin has been taken away; start and random numbers as in `dose_response`.

    Args:
        after_min: minutes after the end of the exposure; each dish then has its wash of `wash_min` besides.

    Returns:
        after_min, bound_receptors, control_receptors (tracer on cells that were not given this insulin, else treated
        alike and taken at the same time), percent (of these), recovered_percent (of the loss at the first time). attrs:
        loss_percent at the first time; half_time_h of the recovery.
    """
    reader = reader_of(scenario, seed, replicate, noise)
    times = rising("after_min", after_min)
    within("insulin_nM", insulin_nM, 0.0, 1e6)
    within("exposure_min", exposure_min, 0.0, 1e7, above=True)
    longest = times[-1]
    cells: dict[str, Any] = dict(wash_min=wash_min, tracer_nM=tracer_nM, seed=seed, replicate=replicate)
    pause = [{"kind": "washout", "duration": units.text(longest, "time")}] if longest > 0.0 else []
    met = scenario.changed(exposure=[clamped(insulin_nM, exposure_min), *pause], start=resting(scenario), expect=[])
    never = met.changed(exposure=[clamped(0.0, exposure_min + longest)])
    taken = [exposure_min + time for time in times]
    _, _, bound = _bound(met, "membrane", reader, at_min=taken, **cells)
    _, _, control = _bound(never, "membrane", reader, at_min=taken, **cells)
    seen, beside = np.split(reader.read(np.append(bound, control)), 2)
    table = pd.DataFrame({"after_min": times, "bound_receptors": seen, "control_receptors": beside})
    table["percent"] = 100.0 * table["bound_receptors"] / table["control_receptors"].where(beside > 0.0)
    first = float(table["percent"].iloc[0])
    table["recovered_percent"] = 100.0 * (table["percent"] - first) / (100.0 - first) if first != 100.0 else np.nan
    table.attrs["loss_percent"] = 100.0 - first
    half = crossing(np.array(times), table["recovered_percent"].to_numpy(), 50.0)
    table.attrs["half_time_h"] = half / 60.0
    return table


@on_a_scenario
def surface_histogram(
    scenario: Scenario,
    *,
    at_min: float | None = None,
    bins: int = 40,
    seed: int = 1,
    replicate: int = 0,
    noise: Noise | None = None,
) -> pd.DataFrame:
    """Surface receptors per cell, as a flow cytometer shows them; the scenario needs several cells.

    Args:
        at_min: one of the times at which the scenario writes its cells down; default: the end.

    Returns:
        low_receptors, high_receptors, cells. attrs: mean_receptors and cv of the readings.
    """
    reader = reader_of(scenario, seed, replicate, noise)
    within("bins", bins, 1, 10_000)
    numbers = reader.read(cell_surface(simulate(scenario, seed=seed, replicate=replicate), at_min))
    cells, edges = np.histogram(numbers, bins=bins)
    table = pd.DataFrame({"low_receptors": edges[:-1], "high_receptors": edges[1:], "cells": cells})
    mean = float(numbers.mean())
    table.attrs = {"mean_receptors": mean, "cv": float(numbers.std(ddof=1)) / mean if mean > 0.0 else float("nan")}
    return table


@on_a_scenario
def signalling(
    scenario: Scenario,
    *,
    at_min: Sequence[float] | None = None,
    seed: int = 1,
    replicate: int = 0,
    noise: Noise | None = None,
) -> pd.DataFrame:
    """How active bound receptors are, and what the cell can answer to insulin, beside its receptors.

    `[response]` of the scenario says how much activity lasting insulin takes; without it none is lost. Its shape and
    its sizes are assumptions (`cell_forms.Response`).

    Args:
        at_min: default: every row of the scenario.

    Returns:
        time_min, surface_percent of R0; activity_percent of a healthy receptor's; signal_percent now, and
        capacity_percent, the signal if insulin sat on the whole surface, both of what R0 bound receptors would give.

    Raises:
        ValueError: a time does not lie within the scenario, or noise is asked for: no error of a signal is known.
    """
    if noise is not None:
        raise ValueError("noise: given; no error of reading a signal is known, so it has none")
    result = simulate(scenario, seed=seed, replicate=replicate)
    found = response(result)
    times = found["time_min"].to_numpy()
    wanted = times if at_min is None else np.array(times_within("at_min", at_min, scenario.duration_min))
    whole = 1.0 / (1.0 + scenario.signal_law.half_bound)
    curves = {
        "surface_percent": result.surface / (scenario.receptors * scenario.cells.number),
        "activity_percent": found["activity"].to_numpy(),
        "signal_percent": found["signal"].to_numpy() / whole,
        "capacity_percent": found["capacity"].to_numpy() / whole,
    }
    return pd.DataFrame(
        {"time_min": wanted} | {name: 100.0 * np.interp(wanted, times, curve) for name, curve in curves.items()}
    )


ASSAYS: Mapping[str, Callable[..., pd.DataFrame]] = MappingProxyType(
    {
        assay.__name__: assay
        for assay in (
            surface_binding,
            total_binding,
            competition,
            scatchard,
            label_protection,
            pulse_chase,
            endocytic_rate,
            dose_response,
            recovery,
            surface_histogram,
            signalling,
        )
    }
)


OWN_INSULIN = frozenset({"dose_response", "recovery", "endocytic_rate"})
"""The assays that give insulin of their own, in place of the scenario's exposure."""


def _binding(
    scenario: Scenario,
    where: str,
    reader: Reader,
    *,
    at_min: Sequence[float] | None,
    wash_min: float,
    tracer_nM: float,
    seed: int,
    replicate: int,
) -> pd.DataFrame:
    times = [0.0, scenario.duration_min] if at_min is None else times_within("at_min", at_min, scenario.duration_min)
    within("tracer_nM", tracer_nM, 0.0, 1e6, above=True)
    sites, hidden, tracer = _bound(
        scenario, where, reader, at_min=times, wash_min=wash_min, tracer_nM=tracer_nM, seed=seed, replicate=replicate
    )
    name = "surface_receptors" if where == "membrane" else "live_receptors"
    seen = reader.read(tracer)
    table = pd.DataFrame({"time_min": times, name: sites, "hidden_receptors": hidden, "bound_receptors": seen})
    free = states_in(scenario, where) & ~(scenario.itinerary.bound & (where == "membrane"))
    whole = float(scenario.reference_counts[free].sum())
    whole *= _tracer_share(scenario, whole, tracer_nM, 0.0)
    table["percent"] = 100.0 * table["bound_receptors"] / whole if whole > 0.0 else np.nan
    return table


def _bound(
    scenario: Scenario,
    where: str,
    reader: Reader,
    *,
    at_min: Sequence[float],
    wash_min: float,
    tracer_nM: float,
    seed: int,
    replicate: int,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(n_times,) receptors of the mean cell, those of them that insulin hides on intact cells, and bound tracer."""
    counts = np.array(_dishes(scenario, at_min, wash_min, seed, replicate))
    states = states_in(scenario, where)
    sites = counts[:, states].sum(axis=1)
    hides = states & scenario.itinerary.bound & (where == "membrane")
    hidden = counts[:, hides].sum(axis=1)
    shares = [
        _tracer_share(scenario, float(open_sites), tracer_nM, time)
        for open_sites, time in zip(sites - hidden, at_min, strict=True)
    ]
    return sites, hidden, reader.bind(sites - hidden, np.array(shares))


def _tracer_share(scenario: Scenario, sites: float, tracer_nM: float, at_min: float) -> float:
    """The share of open sites of a cell that hold a tracer in the end; in a finite medium bound tracer is missing."""
    itinerary = scenario.unlabelled
    share = _shares(itinerary, settling_min(itinerary), 4.0)
    return share(free_nM(tracer_nM, sites * _nM_per_receptor(scenario, at_min), share))


def _nM_per_receptor(scenario: Scenario, at_min: float) -> float:
    """What one molecule bound by every cell takes from a finite medium; 0 where it is not finite."""
    medium = scenario.medium
    return 0.0 if medium is None else medium.nM_per_receptor(divisions(scenario.treatments, at_min))


def _dishes(scenario: Scenario, times: Sequence[float], wash_min: float, seed: int, replicate: int) -> list[np.ndarray]:
    """(n_states,) receptors of the mean cell in dishes taken at each time and washed, alike until then.

    What acts on the cells then goes on in the wash; what is planned for later is not done to a dish that was taken.
    """
    within("wash_min", wash_min, 0.0, 999_999.0)
    times_within("at_min", times, scenario.duration_min)
    quiet = scenario.changed(follow=0)
    run, found = Run(quiet, seed=seed, replicate=replicate), {}
    for time in sorted(set(times)):
        run.advance(time)
        dish, taken = run, without_later(quiet, time, time + wash_min)
        if taken is not quiet or run.time_min != time:
            # A run of its own: without what is planned, or ending a window where coupled receptors have none.
            dish = Run(
                taken.steered(time, taken.protocol.value(time), time + 1.0) if time else taken,
                seed=seed,
                replicate=replicate,
            )
            dish.advance(time)
        if wash_min > 0.0:
            dish = dish.fork()
            dish.steer(0.0, until_min=time + wash_min)
            dish.advance(time + wash_min)
        found[time] = dish.counts / quiet.cells.number
    return [found[time] for time in times]


def _shares(itinerary: Itinerary, minutes: float, celsius: float, **more: Any) -> Callable[[float], float]:
    return lambda insulin_nM: share_bound(itinerary, insulin_nM, minutes, celsius, **more)
