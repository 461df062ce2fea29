"""The tables of a run as a page shows them: what their columns mean, a summary, and a few rows at a time."""

from __future__ import annotations

from importlib.resources import files
from typing import Any

import numpy as np
import pandas as pd
import traitlets

from trafficking import results
from trafficking.results import Result

from .hearing import Listener

_STATIC = files("trafficking.dashboard") / "static"

ABOUT = {
    "counts": (
        "Receptors in each state",
        "One row per recorded time: how many receptors are in each state, and how many have been degraded so far.",
    ),
    "compartments": (
        "Receptors in each place",
        "The curves of the plot: receptors at the surface, in each endosome and in the lysosome, bound or not. "
        "The total leaves the lysosome out, from which no receptor comes back.",
    ),
    "exposure": (
        "Insulin and messenger",
        "One row per recorded time: the insulin that the cell meets from that time on, and its receptor messenger.",
    ),
    "events": (
        "Passages along each arrow",
        "One row per stretch between two recorded times: how many receptors took each step of the itinerary in it.",
    ),
    "histories": (
        "Lives of single receptors",
        "Every step of the receptors that are followed one by one: which, when, from where, to where.",
    ),
    "cells": ("Cell by cell", "The receptors of every single cell at the times that the scenario names."),
}
_LABELS_ONLY = ("replicate", "cell")  # numbers that name something, whose mean means nothing


def names(result: Result) -> tuple[str, ...]:
    """The tables that this run has, in the order of the page."""
    return tuple(name for name in ABOUT if name != "cells" or len(result.cells))


def frame(result: Result, name: str) -> pd.DataFrame:
    """A table by its name; `compartments` is computed from `counts`."""
    return getattr(result, name)


def described(table: pd.DataFrame, name: str) -> list[dict[str, str]]:
    """Name, label and unit of every column; a plain ratio and a text have no unit."""
    columns = {title: results.column(title, name) for title in table.columns}
    return [
        {"name": title, "label": column.label, "unit": "" if column.unit == "1" else column.unit}
        for title, column in columns.items()
    ]


def summary(table: pd.DataFrame) -> dict[str, tuple[float, float, float, float]]:
    """Smallest, mean, largest and final value of every column of numbers; all rows count the same."""
    found = {}
    for title in table.columns:
        values = table[title].to_numpy()
        if len(values) and values.dtype.kind in "if" and title not in _LABELS_ONLY:
            found[title] = (float(values.min()), float(values.mean()), float(values.max()), float(values[-1]))
    return found


def rows(table: pd.DataFrame, first: int, most: int) -> list[list[str]]:
    """Rows from the `first` on as text, at most so many."""
    return [[said(value) for value in row] for row in table.iloc[first : first + most].itertuples(index=False)]


def said(value: Any) -> str:
    """A value to seven digits at most; thousands are set apart."""
    if isinstance(value, str):
        return value
    if isinstance(value, int | np.integer):
        return f"{value:,}"
    text = f"{value:,.3f}" if abs(value) >= 1000.0 else f"{value:.7g}"
    return text.rstrip("0").rstrip(".") if "." in text and "e" not in text else text


class Tables(Listener):
    """`state` is all that is shown, `asked` what `what_in` gives.

    The browser sends {"do": name, ...} for each thing asked for.
    """

    _esm = (_STATIC / "tables.js").read_text(encoding="utf-8")

    state = traitlets.Dict().tag(sync=True)
    asked = traitlets.Dict({"files": "", "columns": "", "rows": ""}).tag(sync=True)
