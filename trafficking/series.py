"""Recorded insulin as a CSV file: what a laboratory's table must look like, and what is wrong with one.

The header carries the units, `time [min],insulin [uU/mL]` or `time_min,insulin_uU_per_mL`. Other columns are not read,
lines above the header that begin with # are remarks, and every row has as many cells as the header. Cells are separated
by commas, so the decimal mark is a point and thousands have no mark. Times rise.

A table that could be read in two ways is refused, since a wrong reading looks like a measurement.
"""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Iterator
from typing import Any

from trafficking import units
from trafficking.faults import ScenarioError, shown
from trafficking.quantities import MOST, MOST_POINTS

_MOST_FAULTS = 50  # after which the rest is not read: whatever is wrong with so many rows is wrong with all
_MOST_CHARACTERS = 20_000  # of a row
_MOST_REMARKS = 10_000  # rows above the header
_EXAMPLES = {"time": "time [min]", "insulin": "insulin [uU/mL]"}
_EXAMPLE = ",".join(_EXAMPLES.values())
_SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "bars"}
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_MISSING = ("", "-", ".", "na", "n/a", "nan", "null", "none", "nd", "#n/a")
_POINT = "write a decimal point and no separator of thousands"
_EMPTY = "an empty cell needs its comma, too"


def columns(text: str) -> dict[str, Any]:
    """The content of a CSV file as the keys of a scenario's series: time_unit, insulin_unit, times, insulin.

    Raises:
        ScenarioError: one line per fault, each with the number of its row; at most about 50.
    """
    lines = enumerate(io.StringIO(text.removeprefix("\ufeff"), newline=None), start=1)
    first, header = _header(lines)
    table = _Table(first, header)
    for number, line in lines:
        if line.strip():
            table.add(number, line.rstrip("\n"))
        if table.rows > MOST_POINTS:
            raise ScenarioError([f"row {number}: a table of more than {MOST_POINTS:,} rows given; thin it out"])
        if len(table.faults) > _MOST_FAULTS:
            raise ScenarioError([*table.faults[:_MOST_FAULTS], f"... and more; reading stopped at row {number}"])
    if not table.rows and not table.faults:
        raise ScenarioError([f"row {first}: a header and no rows"])
    if table.faults:
        raise ScenarioError(table.faults)
    return {
        "time_unit": table.units["time"],
        "insulin_unit": table.units["insulin"],
        "times": table.numbers["time"],
        "insulin": table.numbers["insulin"],
    }


class _Table:
    """The rows under a header, read one by one; `faults` says what is wrong with them."""

    def __init__(self, first: int, header: str) -> None:
        self.faults: list[str] = []
        self.rows = 0
        self.numbers: dict[str, list[float]] = {"time": [], "insulin": []}
        if (separator := _other_separator(header)) and not _titles(header):
            where = f"cells are separated by {separator} in {shown(header.strip())}"
            fix = "save the table with commas between cells and points in numbers"
            raise ScenarioError([f"row {first}: {where}; {fix}"])
        try:
            titles = _cells(header)
        except ValueError as fault:
            raise ScenarioError([f"row {first}: {fault}"]) from None
        self._width = len(titles)
        self._places, self.units = _columns_read(first, header, titles)
        self._sizes = {name: units.parse(f"1 {unit}", name) for name, unit in self.units.items()}

    def add(self, number: int, line: str) -> None:
        """Reads one row."""
        try:
            if line.lstrip().startswith("#"):
                fix = 'remove the row or, if it is data, put its label in quotation marks, as in "#2"'
                raise ValueError(f"{shown(line)} begins with #; remarks stand above the header only: {fix}")
            cells = _cells(line)
            self.rows += 1
            if any(cell.strip() for cell in cells):
                self._check_width(line, cells)
                self._read(cells)
        except ValueError as fault:
            self.faults.append(f"row {number}: {fault}")

    def _read(self, cells: list[str]) -> None:
        for name, place in self._places.items():
            value = _number(name, cells[place])
            unit, size, before = self.units[name], self._sizes[name], self.numbers[name]
            if value < 0.0:
                count = ": count times from the first row" if name == "time" else ""
                raise ValueError(f"{name} is {value!r}; it must not be negative{count}")
            if value * size > MOST[name]:
                most = units.friendly(MOST[name], name)
                given = f"{name} {value:g} {unit} is {units.friendly(value * size, name)}"
                raise ValueError(f"{given}; at most {most} is allowed. Is {unit!r} its unit?")
            if name == "time" and before and value <= before[-1]:
                again = "; one row per time is needed, such as the mean" if value == before[-1] else ""
                raise ValueError(f"time {value!r} comes after {before[-1]!r}; times must increase{again}")
            before.append(value)

    def _check_width(self, line: str, cells: list[str]) -> None:
        """Refuses a row that has not one cell per title: read by position, its numbers might be others."""
        if len(cells) == self._width:
            return
        given = f"{len(cells)} cell{'s' * (len(cells) != 1)} under a header of {self._width} in {shown(line)}"
        raise ValueError(f"{given}; {self._likely(line, cells) if len(cells) > self._width else _EMPTY}")

    def _likely(self, line: str, cells: list[str]) -> str:
        """Why a row has too many cells, and what to write."""
        named = line.startswith('"') or cells[0].strip() == str(self.rows)
        if named and len(cells) == self._width + 1:
            return "are these row names? Give their column a title (in R: write.csv with row.names = FALSE)"
        if not cells[-1].strip():
            return "remove the comma at its end, and write points where others are decimal commas"
        pairs = [f"{a.strip()},{b.strip()}" for a, b in zip(cells, cells[1:], strict=False)]
        thousands = next((pair for pair in pairs if re.fullmatch(r"[+-]?[0-9]{1,3},[0-9]{3}(\.[0-9]*)?", pair)), "")
        if thousands:
            return f"is {thousands} a number with a separator of thousands? Write {thousands.replace(',', '')}"
        if any(re.fullmatch(r"[+-]?[0-9]+,[0-9]+", pair) for pair in pairs):
            return "are these decimal commas? Save the table with decimal points, 0.35 for 0,35"
        return "put a cell that contains a comma in quotation marks"


def _header(lines: Iterator[tuple[int, str]]) -> tuple[int, str]:
    """The number of the header's row, and the row: the first that is neither blank nor a remark."""
    hidden = ""
    for number, line in lines:
        remark = line.lstrip().startswith("#")
        if line.strip() and not remark:
            if hidden and not _titles(line):
                break
            return number, line.rstrip("\n")
        if remark and _titles(line.lstrip()[1:]):
            hidden = f"row {number}: {shown(line.strip())} looks like the header; remove its #"
        if number == _MOST_REMARKS:
            raise ScenarioError([f"no header in the first {number:,} rows; one such as {_EXAMPLE} is needed"])
    if hidden:
        raise ScenarioError([hidden])
    raise ScenarioError([f"is empty; a header such as {_EXAMPLE} and rows of numbers is needed"])


def _cells(line: str) -> list[str]:
    """The cells of a row; ValueError if it is none."""
    if len(line) > _MOST_CHARACTERS:
        raise ValueError(f"has {len(line):,} characters; at most {_MOST_CHARACTERS:,} are allowed, each row in a line")
    if '"' not in line:
        return line.split(",")
    try:
        return next(csv.reader([line], strict=True))
    except csv.Error as fault:
        what = "is not closed in its row" if "end of data" in str(fault) else "closes before the cell ends"
        raise ValueError(f"a quotation mark {what} in {shown(line)}; close the quotation, or remove the mark") from None


# -- the header --------------------------------------------------------------------------------------------------------


def _titles(line: str) -> bool:
    """Whether this is the header of a series: time and insulin are among its titles."""
    titles = line.split(",") if len(line) <= _MOST_CHARACTERS else []
    return all(any(_unit_in(title, name) for title in titles) for name in _EXAMPLES)


def _columns_read(first: int, header: str, titles: list[str]) -> tuple[dict[str, int], dict[str, str]]:
    """Where time and insulin stand, and their units."""
    places, found_units, faults = {}, {}, []
    for name, example in _EXAMPLES.items():
        found = [(i, unit) for i, title in enumerate(titles) if (unit := _unit_in(title, name)) is not None]
        given = shown(header.strip())
        if not found:
            fix = next((fix for title in titles if (fix := _retitled(title, name))), f"write {example}")
            faults.append(f"row {first}: no column {name} with its unit in {given}; {fix}")
        elif len(found) > 1:
            faults.append(f"row {first}: {len(found)} columns {name} in {given}; one is needed, rename the others")
        else:
            places[name], found_units[name] = found[0]
    if faults:
        raise ScenarioError(faults)
    return places, found_units


def _unit_in(title: str, name: str) -> str | None:
    """The unit in `time [min]` or `time_min`, None where the title is not that of `name` or its unit is none."""
    match = re.fullmatch(rf"\s*{name}(?:\s*\[([^\]]+)\]|_(\S+))\s*", title, re.IGNORECASE)
    unit = (match[1] or match[2].replace("_per_", "/")).strip() if match else None
    return unit if unit is not None and units.known(unit, name) else None


def _retitled(title: str, name: str) -> str:
    """What to write for a title that means `name` and is spelled in another way, else ''."""
    plain = title.strip().strip('"').strip()
    match = re.fullmatch(rf"{name}\b[\s_,:.]*(.*)|{name}_(.*)", plain, re.IGNORECASE)
    if match is None:
        return f"{shown(plain)} is not read: write {_EXAMPLES[name]}" if name in plain.lower() else ""
    unit = (match[1] or match[2] or "").strip(" ()[]{}").replace("_per_", "/")
    if not unit:
        return f"{shown(plain)} has no unit: write {_EXAMPLES[name]}"
    if spelled := units.respelled(unit, name):
        return f"for {shown(plain)} write {name} [{spelled}]"
    such_as = ", ".join(units.spellings(name)[:12])
    return f"{shown(unit)} is not a known unit of {name}: write one such as {such_as}"


def _other_separator(header: str) -> str:
    """The name of what separates the cells of a header that commas do not, else ''."""
    for mark, word in _SEPARATORS.items():
        if mark in header and _meant(header.split(mark)):
            return word
    return "spaces" if "," not in header and _meant(header.split()) else ""


def _meant(titles: list[str]) -> bool:
    starts = [title.strip(' "').lower() for title in titles]
    return all(any(start.startswith(name) for start in starts) for name in _EXAMPLES)


# -- numbers -----------------------------------------------------------------------------------------------------------


def _number(name: str, text: str) -> float:
    """The number in a cell; ValueError says why it is none."""
    plain = text.strip()
    if _NUMBER.fullmatch(plain) and math.isfinite(value := float(plain)):
        return value
    odd = next((character for character in plain if not character.isascii()), "")
    if plain.lower() in _MISSING:
        fix = "a number is needed; leave the row out if it is missing (two rows are joined by a straight line)"
    elif "," in plain:
        fix = _POINT
    elif odd:
        fix = f"a number is needed, of plain digits; U+{ord(odd):04X} stands in it"
    else:
        fix = "a number is needed"
    raise ValueError(f"{name} is {shown(text)}; {fix}")
