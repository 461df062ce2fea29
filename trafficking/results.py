"""The tables of a run, what their columns mean, and the numbers that people read off them.

Four tables hold a run, one row per time: `counts` (receptors in each state), `events` (passages along each arrow since
the row before), `exposure` (insulin and messenger) and `histories` (every transition of a followed sample). Where there
are several cells a fifth, `cells`, has the receptors of each at a few times. Everything else here is computed from
them: surface and live receptors, percent of a reference, the two clocks of insulin's effect (redistribution within
minutes, loss over hours), and the receptors made, recycled and degraded.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from trafficking import units
from trafficking.equality import by_value
from trafficking.half_times import HalfTimes, Step, clocks, strongest_step
from trafficking.identity import identity_text
from trafficking.itinerary import Itinerary
from trafficking.scenario import Scenario

TABLES = ("counts", "events", "exposure", "histories", "cells")
DAUGHTER = "daughter"  # where a followed receptor goes that a division takes out of the cell
ONE_CELL = TABLES[:-1]  # of one cell `counts` says it all
_BETWEEN = ("from_min", "to_min", "replicate")  # of `events`, whose other columns are arrows


@dataclass(frozen=True)
class Column:
    """What a column holds: its unit ("1" for a plain ratio, "" for text) and its name on an axis."""

    unit: str
    label: str


COLUMNS = {
    "time_min": Column("min", "Time"),
    "from_min": Column("min", "From (excluded)"),
    "to_min": Column("min", "To (included)"),
    "replicate": Column("1", "Replicate"),
    "insulin_nM": Column("nM", "Insulin"),
    "nominal_nM": Column("nM", "Insulin as given"),
    "destroyed_nM": Column("nM", "Insulin destroyed by the cells"),
    "mrna": Column("1", "Receptor messenger relative to insulin-free"),
    "receptor": Column("", "Receptor identity"),
    "cell": Column("1", "Cell"),
    "copy_number": Column("receptors", "Receptors of the cell without insulin (R0)"),
    "synthesis": Column("1", "Synthesis relative to what the cell's size needs"),
    "source": Column("", "State left"),
    "target": Column("", "State entered"),
    "surface": Column("receptors", "Surface"),
    "early_endosome": Column("receptors", "Early endosome"),
    "recycling": Column("receptors", "Recycling endosome"),
    "lysosome": Column("receptors", "Lysosome"),
    "live": Column("receptors", "Total (without lysosome)"),
    "surface_free": Column("receptors", "Surface, free"),
    "surface_bound": Column("receptors", "Surface, insulin bound"),
    "early_endosome_bound": Column("receptors", "Early endosome, insulin bound"),
    "early_endosome_free": Column("receptors", "Early endosome, free"),
    "recycling_endosome": Column("receptors", "Recycling endosome"),
    "degraded": Column("receptors", "Degraded since the start"),
}
"""Every named column once. States and arrows of an itinerary of one's own are described by `column`."""


def column(name: str, table: str = "counts") -> Column:
    """Unit and label of a column; a state or an arrow unknown to `COLUMNS` is labelled by its own name."""
    words = name.replace("_", " ").capitalize()
    if table == "events" and name not in _BETWEEN:  # the arrow `synthesis` is not the column of the cells
        return Column("passages", f"{words}, passages")
    return COLUMNS.get(name) or Column("receptors", words)


@by_value
@dataclass(frozen=True, eq=False)
class Result:
    """One finished run: its scenario and its tables. Versions and hashes are added when it is saved.

    counts: time_min, replicate, one column per state; integers at `agents` and `counts`, expected numbers at `mean`.
        A state of compartment "out" counts all receptors that ever entered it.
    events: from_min, to_min, replicate, one column per arrow: passages in (from, to]; expected ones at `counts` (given
        the counts) and at `mean`, which know no paths.
    exposure: time_min, replicate, insulin_nM (from that time on), mrna (relative to insulin-free). In a finite medium
        insulin_nM is what is left in it, nominal_nM what was given last, and destroyed_nM what the cells have destroyed
        since the start.
    histories: receptor, time_min, source, target; followed receptors only.
    cells: time_min, replicate, cell, copy_number, synthesis, one column per state; at the times that the scenario
        names. A run of one cell has no rows: its counts are those of the cell.

    In a run of several cells `counts` and `events` are sums over the cells, and `mrna` is their mean.
    """

    scenario: Scenario
    seed: int
    replicate: int
    counts: pd.DataFrame
    events: pd.DataFrame
    exposure: pd.DataFrame
    histories: pd.DataFrame
    cells: pd.DataFrame

    @cached_property
    def surface(self) -> np.ndarray:
        """(n,) receptors at the membrane, bound or not."""
        return surface(self.counts, self.scenario.itinerary)

    @cached_property
    def live(self) -> np.ndarray:
        """(n,) receptors that can still come back: all but lysosome and degraded."""
        return live(self.counts, self.scenario.itinerary)

    @cached_property
    def compartments(self) -> pd.DataFrame:
        """One row per time: time_min, surface, early_endosome, recycling, lysosome, live (receptors)."""
        return compartments(self.counts, self.scenario.itinerary)

    @cached_property
    def reference(self) -> Reference:
        """What 100 % is in this run: for several cells, all of them together, as large as they were drawn."""
        if not len(self.cells):
            return reference(self.scenario)
        first = self.cells["time_min"].to_numpy() == self.cells["time_min"].iloc[0]
        return reference(self.scenario, float(self.cells["copy_number"].to_numpy()[first].sum()))

    @cached_property
    def half_times(self) -> HalfTimes:
        """The two clocks of this run; see `half_times`."""
        return half_times(self)

    @cached_property
    def totals(self) -> Totals:
        """Receptors made, recycled and degraded in the whole run."""
        return totals(self.events, self.scenario.itinerary)


@by_value
class CellCounts(NamedTuple):
    """The cells of a run one by one, as bare arrays.

    time_min: (k,). counts: (k, n_cells, n_states), receptors. copy_number: (n_cells,), R0 of each cell, receptors.
    synthesis: (n_cells,), that of each cell relative to what its size needs (1 = balanced).
    """

    time_min: np.ndarray
    counts: np.ndarray
    copy_number: np.ndarray
    synthesis: np.ndarray


def tables(
    scenario: Scenario,
    seed: int,
    replicate: int,
    time_min: np.ndarray,
    counts: np.ndarray,
    mrna: np.ndarray,
    passages: np.ndarray,
    log: tuple[np.ndarray, np.ndarray, np.ndarray] | None = None,
    cells: CellCounts | None = None,
    medium: np.ndarray | None = None,
) -> Result:
    """Names the bare arrays of a run.

    Args:
        time_min: (n,), from 0. counts: (n, n_states). mrna: (n,).
        passages: (n - 1, n_transitions) since the row before.
        log: transitions of the followed in order of time: identities uint64, minutes, indices of transitions.
        cells: the cells one by one, where there are several.
        medium: (n, 3) insulin in a finite medium, that given, and that destroyed, nM.
    """
    itinerary, protocol = scenario.itinerary, scenario.protocol
    arrows = [arrow.name for arrow in itinerary.transitions]
    if medium is None:
        dish = [("insulin_nM", np.array([protocol.value(time) for time in time_min.tolist()]))]
    else:
        dish = list(zip(("insulin_nM", "nominal_nM", "destroyed_nM"), medium.T, strict=True))
    runs = np.full(len(time_min), replicate, dtype=np.int64)
    head, between = [("time_min", time_min), ("replicate", runs)], [("from_min", time_min[:-1])]
    between += [("to_min", time_min[1:]), ("replicate", runs[: len(time_min) - 1])]
    return Result(
        scenario=scenario,
        seed=seed,
        replicate=replicate,
        counts=_table([*head, *zip(itinerary.state_names, counts.T, strict=True)]),
        events=_table([*between, *zip(arrows, passages.T, strict=True)]),
        exposure=_table([*head, *dish[:1], ("mrna", mrna), *dish[1:]]),
        histories=_no_histories().copy() if log is None else _histories(itinerary, *log),
        cells=cells_table(itinerary, replicate, cells, counts.dtype),
    )


def _table(columns: list[tuple[str, np.ndarray]]) -> pd.DataFrame:
    # A dict of names would do; pandas takes longer over the names of a short table than over all else.
    table = pd.DataFrame({place: column for place, (_, column) in enumerate(columns)})
    table.columns = _names(tuple(name for name, _ in columns))
    return table


@lru_cache(maxsize=64)
def _names(names: tuple[str, ...]) -> pd.Index:
    return pd.Index(names)


@lru_cache
def _no_histories() -> pd.DataFrame:
    text = pd.Series([], dtype="str")
    return pd.DataFrame({"receptor": text, "time_min": np.zeros(0), "source": text, "target": text})


def _histories(itinerary: Itinerary, identities: np.ndarray, times: np.ndarray, codes: np.ndarray) -> pd.DataFrame:
    known, which = np.unique(identities, return_inverse=True)
    names = np.array([identity_text(int(identity)) for identity in known], dtype=object)
    # The last entry serves index -1: a receptor that is made comes from no state.
    states = np.array([*itinerary.state_names, DAUGHTER, "synthesis"], dtype=object)
    # Numbers beyond the arrows are receptors moved by hand, see `Receptors.treat`.
    n, n_arrows = len(itinerary.states) + 1, len(itinerary.transitions)
    moved, arrows = codes >= n_arrows, np.minimum(codes, max(n_arrows - 1, 0))
    by_hand = np.where(moved, codes - n_arrows, 0)
    left = np.where(moved, by_hand // n, itinerary.sources[arrows])
    entered = np.where(moved, by_hand % n, itinerary.targets[arrows])
    return pd.DataFrame(
        {
            "receptor": pd.Series(names[which], dtype="str"),
            "time_min": times,
            "source": pd.Series(states[left], dtype="str"),
            "target": pd.Series(states[entered], dtype="str"),
        }
    )


def cells_table(itinerary: Itinerary, replicate: int, cells: CellCounts | None, numbers: np.dtype) -> pd.DataFrame:
    """The table of the cells one by one; None makes one of no rows, whose receptors are of the type `numbers`."""
    if cells is None:
        return _no_cells(itinerary.state_names, numbers).copy()
    times, n_cells = len(cells.time_min), len(cells.copy_number)
    head = [
        ("time_min", np.repeat(np.asarray(cells.time_min, dtype=float), n_cells)),
        ("replicate", np.full(times * n_cells, replicate, dtype=np.int64)),
        ("cell", np.tile(np.arange(n_cells, dtype=np.int64), times)),
        ("copy_number", np.tile(np.asarray(cells.copy_number, dtype=float), times)),
        ("synthesis", np.tile(np.asarray(cells.synthesis, dtype=float), times)),
    ]
    rows = cells.counts.reshape(times * n_cells, len(itinerary.states))
    return _table([*head, *zip(itinerary.state_names, rows.T, strict=True)])


@lru_cache(maxsize=16)
def _no_cells(states: tuple[str, ...], numbers: np.dtype) -> pd.DataFrame:
    whole, real, counts = (np.zeros(0, kind) for kind in (np.int64, np.float64, numbers))
    head = [("time_min", real), ("replicate", whole), ("cell", whole), ("copy_number", real), ("synthesis", real)]
    return _table([*head, *((name, counts) for name in states)])


# -- where the receptors are -------------------------------------------------------------------------------------------


def surface(counts: pd.DataFrame, itinerary: Itinerary) -> np.ndarray:
    """(n,) receptors at the membrane in each row of `counts`."""
    return receptors_in(counts, itinerary, itinerary.mask("membrane"))


def live(counts: pd.DataFrame, itinerary: Itinerary) -> np.ndarray:
    """(n,) receptors outside lysosome and ends in each row of `counts`."""
    return receptors_in(counts, itinerary, itinerary.live)


def compartments(counts: pd.DataFrame, itinerary: Itinerary) -> pd.DataFrame:
    """The five curves that people plot: surface, early endosome, recycling, lysosome and live total, in receptors."""
    masks = {
        "surface": itinerary.mask("membrane"),
        "early_endosome": itinerary.mask("early_endosome"),
        "recycling": itinerary.mask("recycling"),
        "lysosome": itinerary.mask("lysosome"),
        "live": itinerary.live,
    }
    curves = {name: receptors_in(counts, itinerary, mask) for name, mask in masks.items()}
    return pd.DataFrame({"time_min": counts["time_min"].to_numpy(), **curves})


def receptors_in(counts: pd.DataFrame, itinerary: Itinerary, mask: np.ndarray) -> np.ndarray:
    """(n,) receptors in the states of a mask ((n_states,) bool) in each row of `counts`."""
    names = [name for name, wanted in zip(itinerary.state_names, mask, strict=True) if wanted]
    return counts[names].to_numpy().sum(axis=1)


def cell_surface(result: Result, at_min: float | None = None) -> np.ndarray:
    """(n_cells,) receptors at the membrane of each cell at one of the recorded times, min; default: the last.

    Raises:
        ValueError: the cells were not recorded then.
    """
    table = result.cells
    times = table["time_min"].to_numpy()
    if not len(times):
        raise ValueError("cells: nothing is recorded of single cells; set cells.number to more than 1 in the scenario")
    at = times[-1] if at_min is None else at_min
    rows = np.isclose(times, at, rtol=1e-12, atol=1e-9)
    if not rows.any():
        known = ", ".join(units.friendly(time, "time") for time in np.unique(times).tolist())
        raise ValueError(f"at_min: {at!r} given; the cells are recorded at {known} (set cells.record in the scenario)")
    return surface(table[rows], result.scenario.itinerary)


# -- what 100 % is -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Reference:
    """What counts as 100 %, in words ("insulin-free", "lean", "start"), and its receptors in all cells together."""

    words: str
    surface: float
    live: float


def reference(scenario: Scenario, copy_number: float | None = None) -> Reference:
    """The reference of a scenario: the expected insulin-free, lean or starting cell, times the number of cells.

    Args:
        copy_number: R0 of all cells together as they were drawn; default: that of as many mean cells.
    """
    mean_cells = scenario.cells.number
    # A start that is given as integers is the same in every cell, however large.
    counted = scenario.reference == "start" and scenario.start.counts is not None
    share = mean_cells if copy_number is None or counted else copy_number / scenario.receptors
    itinerary, numbers = scenario.itinerary, scenario.reference_counts * share
    surface, live = (float(numbers[mask].sum()) for mask in (itinerary.mask("membrane"), itinerary.live))
    return Reference(scenario.reference_label, surface, live)


def percent_of(receptors: Any, whole: float) -> Any:
    """`receptors` (a number or an array of any shape) as percent of `whole`; nan where the reference has none."""
    return np.asarray(receptors, dtype=float)[()] * (100.0 / whole if whole > 0.0 else np.nan)


# -- the two clocks ----------------------------------------------------------------------------------------------------


def step_of(scenario: Scenario) -> Step | None:
    """The strongest step of a scenario; time 0 is one where the cell was used to less insulin before."""
    used_to = None if scenario.start.state == "counts" else scenario.start_insulin_nM
    return strongest_step(scenario.protocol, used_to)


def half_times(result: Result) -> HalfTimes:
    """The two clocks of a run: how fast insulin moves receptors inside, and how fast it costs the cell receptors.

    Both are counted from the strongest step of insulin and read within its stretch (`strongest_step`, `clocks`).
    """
    noisy = result.scenario.resolution != "mean"
    times = result.counts["time_min"].to_numpy()
    return clocks(times, result.surface, result.live, step_of(result.scenario), noisy=noisy)


# -- made, recycled, degraded ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Totals:
    """Passages over a run: into the cell by synthesis, from an endosome back to the membrane, and into an end."""

    made: float
    recycled: float
    degraded: float


def totals(events: pd.DataFrame, itinerary: Itinerary) -> Totals:
    """Sums `events` by what each arrow does; a receptor that recycles ten times counts ten times."""
    inside = itinerary.mask("early_endosome", "recycling")
    membrane, out = itinerary.mask("membrane"), itinerary.out
    made = recycled = degraded = 0.0
    for arrow, source, target in zip(itinerary.transitions, itinerary.sources, itinerary.targets, strict=True):
        passages = float(events[arrow.name].sum())
        if source < 0:
            made += passages
        elif inside[source] and membrane[target]:
            recycled += passages
        if out[target]:
            degraded += passages
    return Totals(made, recycled, degraded)
