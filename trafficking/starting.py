"""Where receptors are when a run begins."""

from __future__ import annotations

import numpy as np

from trafficking.cells import Cells, Start, starting_totals
from trafficking.scenario import Scenario


def starting_cells(scenario: Scenario, cells: Cells) -> tuple[Start, float]:
    """Where the receptors of the cells are at time 0, and the messenger.

    Integers where the scenario gives them; else proportions times one total per cell, which is rounded once (or, if the
    scenario says so, drawn from a Poisson distribution) and then shared out at random by `agents` and `counts`.
    """
    fractions, mrna = scenario.start_fractions
    if scenario.start.counts is not None:
        placed = np.array([scenario.start.counts.get(name, 0) for name in scenario.itinerary.state_names])
        return Start(np.full(len(cells), placed.sum()), placed / max(placed.sum(), 1), placed), mrna
    whole = float(fractions.sum())
    totals = whole * cells.copy_number
    if scenario.resolution != "mean":
        totals = starting_totals(totals, cells, poisson=scenario.start.total == "poisson")
    elif scenario.start.total == "rounded":
        totals = np.rint(totals)
    return Start(totals, fractions / whole if whole > 0.0 else fractions), mrna
