"""How far the vicious cycle hangs on how beta cells wear: the years by which receptor loss moves diabetes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from trafficking.body import simulate_body
from trafficking.body_forms import BodyScenario

THRESHOLDS = (1.1, 1.25, 1.5)  # healthy secretion
WEARS_PER_YEAR = (0.04, 0.08, 0.16)
RECOVERIES_Y = (5.0, 10.0, 20.0)


class Cell(NamedTuple):
    """Years until fasting glucose is 7.0 mM with receptors as insulin leaves them, and with their number held; nan: not
    within the life.
    """

    threshold: float
    wear_per_year: float
    recovery_y: float
    own_y: float
    held_y: float

    @property
    def forward_y(self) -> float:
        """Years by which the loss of receptors brings diabetes forward; nan if either life stays below it."""
        return self.held_y - self.own_y


def cell(scenario: BodyScenario, *, threshold: float, wear_per_year: float, recovery_y: float) -> Cell:
    """The same person with other constants of exhaustion.

    Args:
        threshold: secretory load carried without harm, in healthy secretion.
        wear_per_year: gain of the death rate per unit of load above it.
        recovery_y: time in which that gain fades.
    """
    given = scenario.to_dict()
    exhaustion = {"threshold": threshold, "wear": f"{wear_per_year} /y", "recovery": f"{recovery_y} y"}
    changed = BodyScenario.from_dict({**given, "beta_cells": {**given.get("beta_cells", {}), "exhaustion": exhaustion}})
    own, held = (simulate_body(each).onset_year for each in (changed, changed.held()))
    return Cell(threshold, wear_per_year, recovery_y, own, held)


def grid(
    scenario: BodyScenario,
    *,
    thresholds: Sequence[float] = THRESHOLDS,
    wears_per_year: Sequence[float] = WEARS_PER_YEAR,
    recoveries_y: Sequence[float] = RECOVERIES_Y,
) -> list[Cell]:
    """Every combination of them; the default 27 take a quarter of a minute at a window of 10 days."""
    return [
        cell(scenario, threshold=threshold, wear_per_year=wear, recovery_y=recovery)
        for threshold in thresholds
        for wear in wears_per_year
        for recovery in recoveries_y
    ]


def table(cells: Sequence[Cell]) -> str:
    """The grid as a table of Markdown: a row for threshold and wear, a column for each time of recovery."""
    recoveries = sorted({each.recovery_y for each in cells})
    heads = " | ".join(f"recovery {years:g} y" for years in recoveries)
    lines = [f"| threshold | wear, /y | {heads} |", f"| --- | --- |{' --- |' * len(recoveries)}"]
    found = {each[:3]: each for each in cells}
    for threshold, wear in dict.fromkeys((each.threshold, each.wear_per_year) for each in cells):
        words = " | ".join(_words(found[threshold, wear, years]) for years in recoveries)
        lines.append(f"| {threshold:g} | {wear:g} | {words} |")
    return "\n".join(lines)


def _words(each: Cell) -> str:
    if math.isnan(each.own_y):
        return "none"
    if math.isnan(each.held_y):
        return f"held: none ({each.own_y:.1f})"
    return f"{each.forward_y:.1f} ({each.own_y:.1f})"
