"""A run in six lines: what was done, what became of the surface, what passed, how fast, on what ground, and where.

Text only, without colour or width: a terminal adds those.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from trafficking import exposure, units
from trafficking.half_times import clock_words
from trafficking.results import Result, cell_surface, percent_of
from trafficking.scenario import Scenario
from trafficking.treatments import describe

_MOST_SEGMENTS = 6
_MOST_ASSUMPTIONS = 8


def six_lines(result: Result, where: str, figures: Sequence[str] = ("figure.png",)) -> list[tuple[str, str]]:
    """The summary of a run as (label, text), one line each.

    Args:
        where: path of the run folder, as the user may type it. figures: files that lie in it beside the tables.
    """
    holds = ", ".join(["run.json", "tables as Parquet and CSV", *figures])
    return [
        ("Run", done(result)),
        ("Surface", surface(result)),
        ("Receptors", passed(result)),
        ("Half-times", clocks(result)),
        ("Caution", caution(result.scenario)),
        ("Files", f"{where} ({holds})" + (f"; open it: trafficking plot {where}" if "figure.png" in figures else "")),
    ]


def done(result: Result) -> str:
    """What was done to which cell."""
    scenario = result.scenario
    cell = scenario.evidence.title or scenario.tissue
    how = {
        "agents": f"every receptor, seed {result.seed}",
        "counts": f"random numbers of receptors, seed {result.seed}",
        "mean": "expected numbers",
    }[scenario.resolution]
    given = protocol_words(scenario) + _bench_words(scenario)
    size = scenario.cells.words(scenario.receptors, "insulin-free")
    return f"{scenario.name}: {cell}, {size}, {how}: {given}"


def protocol_words(scenario: Scenario) -> str:
    """The exposure in the order of its segments: "1 h without insulin, 24 h at 10 nM (1,667 uU/mL)"."""
    segments = scenario.protocol.segments
    said = [_segment_words(segment) for segment in segments[:_MOST_SEGMENTS]]
    if len(segments) > _MOST_SEGMENTS:
        said.append(f"and {len(segments) - _MOST_SEGMENTS} more segments")
    return ", ".join(said)


def _bench_words(scenario: Scenario) -> str:
    """What else was done: "; 1e+06 cells per mL; monensin from 4 h: nothing inside returns to the surface"."""
    said = [f"{units.number(scenario.medium.cells_per_ml)} cells per mL"] if scenario.medium is not None else []
    said += [describe(treatment) for treatment in scenario.treatments[:_MOST_SEGMENTS]]
    if len(scenario.treatments) > _MOST_SEGMENTS:
        said.append(f"and {len(scenario.treatments) - _MOST_SEGMENTS} more treatments")
    return "".join(f"; {words}" for words in said)


def surface(result: Result) -> str:
    """Surface receptors 30 min and 24 h after the strongest step of insulin (or the start), and at the end."""
    step, times = result.half_times.step, result.counts["time_min"].to_numpy()
    since, whole = (step.at_min if step else 0.0), result.reference.surface
    said = []
    for name, at in (("30 min", since + 30.0), ("24 h", since + 1440.0), ("the end", float(times[-1]))):
        if at > times[-1]:
            said.append(f"{name}: not reached")
            continue
        receptors = float(np.interp(at, times, result.surface))
        share = f"{percent_of(receptors, whole):.1f} %" if whole else "-"
        said.append(f"{name}: {share} ({units.number(receptors)} receptors)")
    start = f"after insulin stepped to {units.friendly(step.after_nM, 'insulin')}" if step else "after the start"
    in_all = "" if result.scenario.cells.number == 1 else " in all cells"
    return (
        f"{start}, {', '.join(said)}; 100 % = {result.reference.words} ({units.number(whole)}{in_all}){_spread(result)}"
    )


def passed(result: Result) -> str:
    """Receptors made, recycled and degraded."""
    totals = result.totals
    lasting = units.friendly(result.scenario.duration_min, "time")
    made, degraded = f"{units.number(totals.made)} made", f"{units.number(totals.degraded)} degraded"
    return f"{made}, {units.number(totals.recycled)} times recycled to the surface, {degraded} in {lasting}"


def clocks(result: Result) -> str:
    """Both half-times, or why there is none."""
    clocks = result.half_times
    if clocks.step is None:
        return "none: insulin makes no step up in this scenario"
    said = []
    for name, half_time, why in (
        ("redistribution (surface to inside)", clocks.redistribution_min, clocks.redistribution_words),
        ("loss (of all live receptors)", clocks.loss_min, clocks.loss_words),
    ):
        said.append(f"{name} {clock_words(half_time)}" if half_time is not None else f"{name}: {why}")
    return ", ".join(said)


def caution(scenario: Scenario) -> str:
    """What is extrapolated or assumed."""
    extrapolated = "; ".join(scenario.extrapolated)
    said = f"extrapolated: {extrapolated}" if extrapolated else "nothing extrapolated in insulin"
    known = scenario.assumptions
    assumed = ", ".join(known[:_MOST_ASSUMPTIONS])
    if len(known) > _MOST_ASSUMPTIONS:
        assumed += f" and {len(known) - _MOST_ASSUMPTIONS} more (run.json, under evidence)"
    return "; ".join([*scenario.remarks, said, f"fitted or assumed: {assumed or 'nothing'}"])


def _spread(result: Result) -> str:
    """How the surface differs between cells when they were last written down; nothing for a single cell."""
    if not len(result.cells):
        return ""
    low, middle, high = map(units.number, np.percentile(cell_surface(result), (5.0, 50.0, 95.0)))
    last, end = float(result.cells["time_min"].iloc[-1]), float(result.counts["time_min"].iloc[-1])
    at = "at the end" if last == end else f"at {units.friendly(last, 'time')}"
    return f"; one cell {at}: median {middle}, 5-95 % of cells {low} to {high}"


def _segment_words(segment: exposure.Segment) -> str:
    lasting = units.friendly(segment.duration_min, "time")
    low, high = (units.friendly(level, "insulin") for level in segment.extremes())
    match segment:
        case exposure.Constant(insulin_nM=0.0):
            return f"{lasting} without insulin"
        case exposure.Constant():
            return f"{lasting} at {high} ({units.activity(segment.insulin_nM)} uU/mL)"
        case exposure.Ramp():
            ends = (units.friendly(level, "insulin") for level in (segment.start_nM, segment.end_nM))
            return f"{lasting} with a ramp from {' to '.join(ends)}"
        case exposure.PulseTrain():
            width, period = (units.friendly(time, "time") for time in (segment.width_min, segment.period_min))
            return f"{lasting} of pulses to {high} ({width} every {period})"
        case exposure.Meals():
            return f"{lasting} of {len(segment.meal_times_min)} meals a day ({low} to {high})"
        case exposure.Oscillation():
            return f"{lasting} swinging from {low} to {high} every {units.friendly(segment.period_min, 'time')}"
        case _:
            lead = segment.times_min[0]
            held = f", its first value for {units.friendly(lead, 'time')} in front" if lead else ""
            held = ", its first value alone" if lead >= segment.duration_min else held
            return f"{lasting} of a recorded series ({low} to {high}{held})"
