"""Published experiments beside simulated ones: which measured numbers the shipped constants meet, and which they miss.

A number that constants were fitted to shows that the model can say it, not that it is right; numbers that no constant
depends on are counted apart.
"""

from __future__ import annotations

import fnmatch
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from trafficking import io
from trafficking.readings import READINGS, Bench, Seen
from trafficking.scenario import Scenario
from trafficking.targets import Target, targets

COLUMNS = (
    "id",
    "system",
    "observable",
    "unit",
    "measured",
    "low",
    "high",
    "range_by",
    "simulated",
    "spread",
    "in_dish",
    "outcome",
    "standing",
    "counted",
    "stricter_than",
    "verified",
    "tissue",
    "scenario",
    "citation",
    "identifier",
    "why",
)
"""Columns of the table. spread: standard deviation over replicates, not a number for one or at `mean`. in_dish: the
number in a finite medium, which the cells deplete; not a number where no dish was used. stricter_than: the row that
this one reads by a stricter rule."""

HEAD = ("id", "cells (preset)", "what, unit", "measured", "range", "simulated", "", "in dish", "standing", "record")
"""Titles of the columns of the table as text."""

_ERRORS = 3.0  # of the mean of the replicates
CELLS_PER_ML = 1e6  # of the finite medium; ours


@dataclass(frozen=True)
class Row:
    """A target, what each replicate gave, the curve of the first, and the number in a finite medium, if asked for."""

    target: Target
    simulated: tuple[float, ...]
    seen: Seen
    in_dish: float = math.nan

    @property
    def mean(self) -> float:
        return float(np.mean(self.simulated))

    @property
    def spread(self) -> float:
        """Standard deviation over the replicates; not a number for one."""
        return float(np.std(self.simulated, ddof=1)) if len(self.simulated) > 1 else math.nan

    @property
    def met(self) -> bool:
        """Whether the mean of the replicates lies in the range."""
        return self.target.holds(self.mean)

    @property
    def beyond(self) -> float:
        """How far the mean lies outside of the range; 0 within it."""
        return max(self.target.low - self.mean, self.mean - self.target.high, 0.0)

    @property
    def at_the_edge(self) -> bool:
        """Whether it is missed by so little that chance may have done it: less than three standard errors."""
        error = self.spread / math.sqrt(len(self.simulated))
        return not self.met and self.beyond < _ERRORS * error


@dataclass(frozen=True)
class Validation:
    """All rows at one resolution, and what they come to."""

    resolution: str
    rows: tuple[Row, ...]

    @property
    def table(self) -> pd.DataFrame:
        """One row per target; the columns are `COLUMNS`."""
        return pd.DataFrame([_entry(row) for row in self.rows], columns=list(COLUMNS))

    @property
    def lost(self) -> list[Row]:
        """The rows that the last release met by expected numbers and this one misses by more than chance."""
        return [row for row in self.rows if row.target.met and not row.met and not row.at_the_edge]

    @property
    def moved(self) -> list[Row]:
        """The rows whose outcome is another in a finite medium."""
        asked = [row for row in self.rows if not math.isnan(row.in_dish)]
        return [row for row in asked if row.target.holds(row.in_dish) != row.met]

    @property
    def headline(self) -> str:
        """How many rows are met, those in view when constants were chosen and the blind ones apart."""
        counted = [row for row in self.rows if row.target.counted]
        others = [row for row in self.rows if not row.target.counted and row.target.verified]
        strict = [row for row in others if row.target.stricter_than]
        seen = [row for row in others if not row.target.blind and not row.target.stricter_than]
        blind = [row for row in self.rows if row.target.blind]
        unread = [row for row in self.rows if not row.target.verified]
        sure = sum(row.target.standing == "by construction" for row in seen)
        others_words = f"of {{}} other rows ({sure} by construction)" if sure else "of {} other rows"
        said = [(counted, "of the {} rows of the score"), (seen, others_words), (unread, "of {} unverified rows")]
        parts = [f"{_met(rows)} {words.format(len(rows))}" for rows, words in said if rows]
        met = f"met: {', '.join(parts)}, all in-sample" if parts else "met: none was asked for"
        if strict:
            met += f"; {_met(strict)} of {len(strict)} stricter readings"
        if not blind:
            return met
        directions = sum(row.target.value is None for row in blind)
        words = f" ({directions} of them ask for a direction only)" if directions else ""
        return f"{met}; {_met(blind)} of {len(blind)} blind rows{words}"


def validate(
    *,
    resolution: str = "mean",
    only: str = "*",
    replicates: int | None = None,
    dish: bool = True,
    seed: int = 1,
    threads: int | None = None,
    progress: Callable[[float], None] | None = None,
) -> Validation:
    """Simulates the published experiments and reads off them what was measured.

    Args:
        only: ids of the targets wanted, as a pattern such as "D*"; several with commas.
        replicates: at `agents` and `counts`, default 3; `mean` has no chance in it and runs once.
        dish: whether numbers measured in a dish are simulated once more, by the first replicate, with 10^6 cells in
            each mL of a medium that they deplete; otherwise insulin stays what the exposure says.
        progress: called with the number of targets done.

    Raises:
        ValueError: no target has such an id.
    """
    chosen = selected(only)
    runs = 1 if resolution == "mean" else replicates or 3
    values: dict[str, list[float]] = {target.id: [] for target in chosen}
    first: dict[str, Seen] = {}
    depleted: dict[str, float] = {}
    done = 0
    for replicate in range(runs):
        bench = Bench(resolution, seed=seed, replicate=replicate, threads=threads)
        for target in chosen:
            seen = _read(bench, target)
            values[target.id].append(seen.value)
            first.setdefault(target.id, seen)
            if dish and target.dish and replicate == 0:
                depleted[target.id] = _read(bench, target, {"medium.cells_per_ml": f"{CELLS_PER_ML:g}"}).value
            done += 1
            if progress is not None:
                progress(done / runs)
    rows = tuple(
        Row(target, tuple(values[target.id]), first[target.id], depleted.get(target.id, math.nan)) for target in chosen
    )
    return Validation(resolution, rows)


def selected(only: str) -> tuple[Target, ...]:
    """The targets whose ids match one of the patterns, in the order of the file; ValueError if none does."""
    patterns = [pattern.strip() for pattern in only.split(",")]
    found = tuple(t for t in targets() if any(fnmatch.fnmatchcase(t.id, pattern) for pattern in patterns))
    if not found:
        raise ValueError(f"only: {only!r} given; no target has such an id; known are {', '.join(_ids())}")
    return found


def experiment(target: Target, changes: Mapping[str, str] | None = None) -> Scenario:
    """The scenario of a target: the published experiment on the target's tissue, with further changes."""
    given = {**target.changes, "tissue": target.tissue, **(changes or {})}
    return io.load_scenario(f"published/{target.scenario}", given)


def _read(bench: Bench, target: Target, changes: Mapping[str, str] | None = None) -> Seen:
    return READINGS[target.reading](bench, experiment(target, changes), **target.arguments)


def number(value: float | None) -> str:
    """A number as a table shows it: three digits, or none after the point where it is large; '-' for none."""
    if value is None or math.isnan(value):
        return "-"
    return f"{value:,.0f}" if abs(value) >= 1000.0 else f"{value:.3g}"


def text(validation: Validation) -> str:
    """The table as plain text, the misses explained below it, and the headline."""
    lines = [HEAD, *(_cells(row) for row in validation.rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(HEAD) - 1)]
    shown = [
        "  ".join([*(cell.ljust(width) for cell, width in zip(line[:-1], widths, strict=True)), line[-1]])
        for line in lines
    ]
    return "\n".join([*shown, "", *remarks(validation), validation.headline])


def markdown(validation: Validation) -> str:
    """The same as a page of documentation."""
    lines = [HEAD, tuple("---" for _ in HEAD), *(_cells(row) for row in validation.rows)]
    rows = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    misses = "\n".join(f"- {line}" for line in remarks(validation))
    return f"**{validation.headline}.**\n\n{rows}\n\n\\* a range that we gave.\n\n{misses}\n".replace(" * |", " \\* |")


def explained(validation: Validation) -> list[str]:
    """One line per missed target: why."""
    return [f"{row.target.id} is missed{_why(row)}" for row in validation.rows if not row.met]


def _why(row: Row) -> str:
    if not row.target.met:
        return f": {_flat(row.target.why)}"
    where = f" by {row.beyond:.2g} {row.target.unit}, and met by expected numbers (--resolution mean)"
    return f"{where}; chance may have done it" if row.at_the_edge else where


def remarks(validation: Validation) -> list[str]:
    """What stands below the table: the misses explained, what a finite medium changes, what met rows rest on."""
    return [*explained(validation), *_moved(validation), *_kept_in_mind(validation)]


def row_cells(validation: Validation) -> list[tuple[str, ...]]:
    """The rows as texts, in the columns of `HEAD`."""
    return [_cells(row) for row in validation.rows]


def _cells(row: Row) -> tuple[str, ...]:
    target = row.target
    simulated = number(row.mean)
    if not math.isnan(row.spread):
        simulated += f" +- {number(row.spread)}"
    bounds = f"{number(target.low)} to {number(target.high)}"
    standing = target.standing if target.verified else f"{target.standing}, unverified"
    return (
        target.id,
        f"{target.system} ({target.tissue})",
        f"{target.observable}, {target.unit}",
        number(target.value),
        bounds if target.range_by == "source" else f"{bounds} *",
        simulated,
        "met" if row.met else "MISSED",
        number(row.in_dish),
        standing,
        target.identifier,
    )


def _entry(row: Row) -> list[object]:
    target = row.target
    return [
        target.id,
        target.system,
        target.observable,
        target.unit,
        math.nan if target.value is None else float(target.value),
        target.low,
        target.high,
        target.range_by,
        row.mean,
        row.spread,
        row.in_dish,
        "met" if row.met else "missed",
        target.standing,
        target.counted,
        target.stricter_than,
        target.verified,
        target.tissue,
        target.scenario,
        target.source,
        target.identifier,
        _flat(target.why),
    ]


def _moved(validation: Validation) -> list[str]:
    ids = ", ".join(row.target.id for row in validation.moved)
    return [f"in a medium of 10^6 cells per mL, which they deplete, the outcome is another for {ids}"] if ids else []


def _kept_in_mind(validation: Validation) -> list[str]:
    """What to know about rows that are met, those with the same words in one line."""
    words: dict[str, list[str]] = {}
    for row in validation.rows:
        if row.met and row.target.why:
            words.setdefault(_flat(row.target.why), []).append(row.target.id)
    return [f"{', '.join(ids)}: {text}" for text, ids in words.items()]


def _met(rows: Sequence[Row]) -> int:
    return sum(row.met for row in rows)


def _flat(paragraph: str) -> str:
    return " ".join(paragraph.split())


def _ids() -> list[str]:
    return [target.id for target in targets()]
