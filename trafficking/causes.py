"""Why a cell loses receptors: the loss under insulin, again with one cause after the other switched off.

A cell that is given no insulin is the control, so that what is shown is the loss that insulin causes; both start as the
scenario says, and where it gives no start, without insulin. Synthesis is set so that the resting cell has as many
receptors without a cause as with it. Causes act on each other, and their shares
need not add up to the whole.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd

from trafficking.arguments import on_a_scenario
from trafficking.dishes import clamped, resting
from trafficking.forms import itinerary_table
from trafficking.itinerary import Itinerary
from trafficking.master_equation import insulin_free, steady_state
from trafficking.scenario import Scenario
from trafficking.simulation import simulate
from trafficking.treatments import Drug, under

_ENDOSOMES = ("early_endosome", "recycling")


@on_a_scenario
def loss_by_cause(
    scenario: Scenario, *, at_min: float | None = None, seed: int = 1, replicate: int = 0
) -> pd.DataFrame:
    """The receptors that insulin costs a cell, and what remains of that loss without each cause.

    Args:
        at_min: when receptors are counted, min, one of the rows; default: when the whole cell has fewest.

    Returns:
        One row for the whole and one per cause that the itinerary has: cause; live_receptors then with insulin,
        control_receptors without; loss_percent of the control; less_percent, percentage points that the loss is
        smaller without the cause; share_percent of the whole loss. attrs: at_min.
    """
    rows: list[list[Any]] = []
    row = -1
    for cause, without in CAUSES.items():
        variant = without(scenario)
        if variant is None:
            continue
        times, treated = _live(variant, seed, replicate)
        if row < 0:
            row = int(treated.argmin()) if at_min is None else int(np.abs(times - at_min).argmin())
        live, control = float(treated[row]), float(_live(_without_insulin(variant), seed, replicate)[1][row])
        loss = 100.0 * (1.0 - live / control) if control > 0.0 else float("nan")
        rows.append([cause, live, control, loss])
    table = pd.DataFrame(rows, columns=["cause", "live_receptors", "control_receptors", "loss_percent"])
    whole = float(table["loss_percent"].iloc[0])
    table["less_percent"] = whole - table["loss_percent"]
    table["share_percent"] = 100.0 * table["less_percent"] / whole if whole != 0.0 else np.nan
    table.loc[0, ["less_percent", "share_percent"]] = [whole, 100.0]
    table.attrs["at_min"] = float(times[row])
    return table


def _live(scenario: Scenario, seed: int, replicate: int) -> tuple[np.ndarray, np.ndarray]:
    """(n,) minutes of the rows, and live receptors of the mean cell."""
    result = simulate(scenario, seed=seed, replicate=replicate)
    return result.counts["time_min"].to_numpy(), result.live / scenario.cells.number


def _without_insulin(scenario: Scenario) -> Scenario:
    return scenario.changed(exposure=[clamped(0.0, scenario.duration_min)], start=resting(scenario), expect=[])


def _as_it_is(scenario: Scenario) -> Scenario:
    return scenario.changed(start=resting(scenario), follow=0, expect=[])


def _redrawn(scenario: Scenario, change: Callable[[Itinerary], Itinerary]) -> Scenario | None:
    """The scenario with another itinerary; None where nothing changes."""
    assert scenario.drawn is not None
    before = scenario.drawn.drawn()
    after = change(before)
    if after == before:
        return None
    return _rested(scenario, after, scenario.to_dict()["coupling"])


def _rested(scenario: Scenario, drawn: Itinerary, coupling: dict[str, bool]) -> Scenario:
    """The scenario with another itinerary, which makes as many receptors as the resting cell needs to stay as large."""
    if len(drawn.synthesis):
        whole = float(steady_state(scenario.unlabelled, 0.0)[0][scenario.unlabelled.live].sum())
        off = (name for name, on in coupling.items() if not on)
        drawn = drawn.with_synthesis(whole * insulin_free(drawn.without(*off))[1])
    table = itinerary_table(drawn)
    return scenario.changed(itinerary=table, coupling=coupling, start=resting(scenario), follow=0, expect=[])


def _without_coupling(name: str) -> Callable[[Scenario], Scenario | None]:
    def without(scenario: Scenario) -> Scenario | None:
        if name not in scenario.unlabelled.couplings:
            return None
        assert scenario.drawn is not None
        return _rested(scenario, scenario.drawn.drawn(), scenario.to_dict()["coupling"] | {name: False})

    return without


def _without_fast_entry(scenario: Scenario) -> Scenario | None:
    """Bound receptors enter as free ones do; their activity stays."""

    def change(itinerary: Itinerary) -> Itinerary:
        slow = under(itinerary, [Drug.model_validate({"kind": "kinase_inhibitor", "at": "0 min"})])
        return replace(slow, states=itinerary.states)

    return _redrawn(scenario, change)


def _without_commitment_while_bound(scenario: Scenario) -> Scenario | None:
    """Receptors that wait in the endosome for their insulin to leave are safe meanwhile."""

    def change(itinerary: Itinerary) -> Itinerary:
        states = {state.name: state for state in itinerary.states}
        waiting = {name for name, state in states.items() if state.bound and state.compartment in _ENDOSOMES}
        doomed = {name for name, state in states.items() if state.compartment in ("lysosome", "out")}
        arrows = tuple(
            replace(arrow, rate=0.0, extra=0.0) if arrow.source in waiting and arrow.target in doomed else arrow
            for arrow in itinerary.transitions
        )
        return replace(itinerary, transitions=arrows)

    return _redrawn(scenario, change)


CAUSES: Mapping[str, Callable[[Scenario], Any]] = MappingProxyType(
    {
        "all of them": _as_it_is,
        "insulin speeds entry": _without_fast_entry,
        "bound receptors wait in the endosome": _without_commitment_while_bound,
        "crowded endosomes sort slowly": _without_coupling("sorting"),
        "a crowded surface enters faster": _without_coupling("endocytosis"),
        "fewer receptors are made": _without_coupling("transcription"),
    }
)
"""Each cause, and the scenario without it (None where it has no part)."""
