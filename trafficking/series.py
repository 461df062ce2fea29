"""Recorded insulin as a CSV file: what a laboratory's table must look like, and what is wrong with one.

The header carries the units, `time [min],insulin [uU/mL]` or `time_min,insulin_uU_per_mL`. Other columns are not read,
and lines that begin with # are remarks. Times rise; the decimal mark is a point.
"""

from __future__ import annotations

import csv
import math
import re
from typing import Any

from trafficking.faults import ScenarioError, shown

_MOST_LINES = 50


def columns(text: str) -> dict[str, Any]:
    """The content of a CSV file as the keys of a scenario's series: time_unit, insulin_unit, times, insulin.

    Raises:
        ScenarioError: one line per fault, each with the number of its row.
    """
    reader = csv.reader(line if not line.startswith("#") else "" for line in text.splitlines())
    try:
        rows = [(reader.line_num, row) for row in reader if any(cell.strip() for cell in row)]
    except csv.Error as fault:
        raise ScenarioError([f"row {reader.line_num}: {fault}"]) from None
    if not rows:
        raise ScenarioError(["is empty; a header such as time [min],insulin [uU/mL] and rows of numbers is needed"])
    (first, header), body = rows[0], rows[1:]
    places, units = {}, {}
    for name in ("time", "insulin"):
        found = [(i, unit) for i, title in enumerate(header) if (unit := _unit_in(title, name)) is not None]
        if len(found) != 1:
            what = "no column" if not found else f"{len(found)} columns"
            example = "time [min]" if name == "time" else "insulin [uU/mL]"
            given = ", ".join(title.strip() for title in header)
            raise ScenarioError([f"row {first}: {what} {name} with its unit in {shown(given)}; write {example}"])
        places[name], units[name] = found[0]
    if not body:
        raise ScenarioError([f"row {first}: a header and no rows"])
    lines: list[str] = []
    numbers: dict[str, list[float]] = {"time": [], "insulin": []}
    for number, row in body:
        for name, i in places.items():
            value = _number(row[i] if i < len(row) else "")
            if value is None:
                lines.append(f"row {number}: {name} is {shown(row[i] if i < len(row) else '')}; a number is needed")
            elif value < 0.0:
                lines.append(f"row {number}: {name} is {value!r}; it must not be negative")
            elif name == "time" and numbers["time"] and value <= numbers["time"][-1]:
                lines.append(f"row {number}: time {value!r} comes after {numbers['time'][-1]!r}; times must increase")
            else:
                numbers[name].append(value)
    if lines:
        more = [f"... and {len(lines) - _MOST_LINES} more faults"] if len(lines) > _MOST_LINES else []
        raise ScenarioError([*lines[:_MOST_LINES], *more])
    return {
        "time_unit": units["time"],
        "insulin_unit": units["insulin"],
        "times": numbers["time"],
        "insulin": numbers["insulin"],
    }


def _unit_in(title: str, name: str) -> str | None:
    """The unit in `time [min]` or `time_min`, None where the title is not that of `name`."""
    match = re.fullmatch(rf"\s*{name}(?:\s*\[([^\]]+)\]|_(\S+))\s*", title, re.IGNORECASE)
    return (match[1] or match[2].replace("_per_", "/")).strip() if match else None


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None
