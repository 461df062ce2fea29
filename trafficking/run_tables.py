"""Checks of the tables of a run against its scenario, when a run is read: columns, types and rows.

A run folder may come from anywhere. Its hashes show that no file has changed since it was written, not who wrote it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd

from trafficking.scenario import Scenario

_KINDS = {"i": "whole numbers", "f": "numbers", "O": "text"}


def columns(scenario: Scenario) -> dict[str, dict[str, str]]:
    """For each table the columns in their order, and what each holds: "i" whole numbers, "f" numbers, "O" text."""
    itinerary = scenario.itinerary
    counted = "f" if scenario.resolution == "mean" else "i"
    passed = "i" if scenario.resolution == "agents" else "f"
    states = dict.fromkeys(itinerary.state_names, counted)
    dish = ("nominal_nM", "destroyed_nM") if scenario.medium is not None else ()
    head = {"time_min": "f", "replicate": "i"}
    return {
        "counts": head | states,
        "events": {"from_min": "f", "to_min": "f", "replicate": "i"}
        | dict.fromkeys((arrow.name for arrow in itinerary.transitions), passed),
        "exposure": head | dict.fromkeys(("insulin_nM", "mrna", *dish), "f"),
        "histories": {"receptor": "O", "time_min": "f", "source": "O", "target": "O"},
        "cells": head | {"cell": "i", "copy_number": "f", "synthesis": "f"} | states,
    }


def faults(
    tables: Mapping[str, pd.DataFrame], scenario: Scenario, replicate: int, elsewhere: Iterable[str]
) -> list[str]:
    """What is wrong with the tables of a run, one line each.

    Args:
        tables: by name. elsewhere: where a followed receptor may come from or go to beside the states.
    """
    expected, places = columns(scenario), {*scenario.itinerary.state_names, *elsewhere}
    lines, sound = [], {}
    for name, table in tables.items():
        wrong = _columns_wrong(table, expected[name])
        if wrong:
            lines.append(f"{name}.parquet: {wrong}")
        else:
            sound[name] = table
            lines += [f"{name}.parquet: {line}" for line in _values_wrong(table, expected[name], replicate, places)]
    if lines:
        return lines
    return [f"{name}.parquet: {line}" for name, line in _rows_wrong(sound, scenario)]


def _columns_wrong(table: pd.DataFrame, expected: Mapping[str, str]) -> str | None:
    given = [str(name) for name in table.columns]
    if given != list(expected):
        lacks = [name for name in expected if name not in given]
        has = [name for name in given if name not in expected]
        said = [f"lacks {lacks[0]!r}"] if lacks else []
        said += [f"has {has[0][:60]!r}"] if has else []
        return f"other columns than a run of its scenario: it {' and '.join(said) or 'has them in another order'}"
    for name, kind in expected.items():
        holds = "O" if pd.api.types.is_string_dtype(table[name]) else table[name].dtype.kind
        if holds not in ("if" if kind == "f" else kind):
            return f"{name} holds {table[name].dtype}; {_KINDS[kind]} are needed"
    return None


def _values_wrong(table: pd.DataFrame, kinds: Mapping[str, str], replicate: int, places: set[str]) -> list[str]:
    lines = []
    for name, kind in kinds.items():
        if kind == "O":
            if table[name].isna().any():
                lines.append(f"{name} has gaps")
            continue
        # Rounding may leave an expected number of 0 slightly negative.
        values = table[name].to_numpy()
        if not np.isfinite(values).all():
            lines.append(f"{name} has values that are not finite")
        elif len(values) and values.min() < -1e-6 * max(1.0, float(np.abs(values).max())):
            lines.append(f"{name} has values below 0")
    if "replicate" in kinds and (table["replicate"] != replicate).any():
        lines.append(f"replicate is not {replicate} throughout, as run.json says")
    if "source" in kinds:
        if strange := {*table["source"], *table["target"]} - places:
            lines.append(f"{str(min(strange, key=str))[:60]!r} is not a state of its scenario")
    return lines


def _rows_wrong(tables: Mapping[str, pd.DataFrame], scenario: Scenario) -> list[tuple[str, str]]:
    """Tables whose rows do not fit together, or the scenario."""
    lines, times = [], tables["counts"]["time_min"].to_numpy()
    if not len(times) or times[0] != 0.0 or times[-1] != scenario.duration_min or (np.diff(times) <= 0.0).any():
        lines.append(("counts", f"its times do not rise from 0 to {scenario.duration_min:g} min"))
    if not np.array_equal(tables["exposure"]["time_min"].to_numpy(), times):
        lines.append(("exposure", "its times are not those of counts.parquet"))
    between = tables["events"]["from_min"].to_numpy(), tables["events"]["to_min"].to_numpy()
    if not (np.array_equal(between[0], times[:-1]) and np.array_equal(between[1], times[1:])):
        lines.append(("events", "its times are not those between the rows of counts.parquet"))
    if "cells" in tables:
        cells, number = tables["cells"], scenario.cells.number
        at = np.unique(cells["time_min"].to_numpy())
        fits = len(cells) == number * len(at) and np.isin(at, times).all()
        if not (fits and np.array_equal(cells["cell"].to_numpy(), np.tile(np.arange(number), len(at)))):
            lines.append(("cells", f"it does not have a row for each of {number:,} cells at its times"))
    return lines
