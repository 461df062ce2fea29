"""Checks of the arrays of a saved run against its scenario: names, types, shapes, and consistent numbers.

Compiled code reads a snapshot without checking bounds, so inconsistent arrays must not reach it.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from trafficking.record import Record
from trafficking.scenario import Scenario
from trafficking.snapshot import SnapshotError

_PAST = "past."  # of a chronicle; see there
_CLOCK = 5  # numbers of a clock that are saved
_WORDS = 13  # of a generator's state

Layout = Mapping[str, tuple[type, tuple[str, ...]]]

_RECEPTORS: Layout = {
    "crowd.cells": (np.int64, ("cells",)),
    "clocks.states": (np.float64, ("cells", "states and unused", "columns of a clock")),
    "clocks.sources": (np.float64, ("cells", "synthesis arrows", "columns of a clock")),
    "synthesis.born": (np.int64, ("cells", "synthesis arrows")),
    "synthesis.next_reading": (np.float64, ("cells", "synthesis arrows")),
    "followed.cells": (np.int64, ("followed receptors",)),
    **{
        f"{group}.{name}": (kind, (axis,))
        for group, axis in (("crowd", "other receptors"), ("followed", "followed receptors"))
        for name, kind in (
            ("states", np.uint8),
            ("targets", np.float64),
            ("identities", np.uint64),
            ("draws", np.uint32),
        )
    },
}
_BESIDE: dict[str, Layout] = {
    "agents": _RECEPTORS,
    "counts": {"stream": (np.uint64, ("words of the generator",))},
    "mean": {},
}
_MEDIUM: Layout = {"medium.now": (np.float64, ("numbers",)), "medium.rows": (np.float64, ("rows", "columns"))}
_CHRONICLE: Layout = {
    f"{_PAST}first_rates": (np.float64, ("cells", "arrows")),
    f"{_PAST}is_move": (np.bool_, ("entries",)),
    f"{_PAST}from_to_min": (np.float64, ("stretches", "ends")),
    f"{_PAST}rates": (np.float64, ("stretches", "cells", "arrows")),
    f"{_PAST}moved_min": (np.float64, ("moves",)),
    f"{_PAST}occasion": (np.int64, ("moves",)),
}


def check(scenario: Scenario, time_min: float, arrays: Mapping[str, np.ndarray]) -> None:
    """Raises SnapshotError unless a run of this scenario can be at this minute with these arrays."""
    if not 0.0 <= time_min <= scenario.duration_min:
        raise SnapshotError(f"stands at {time_min:g} min of a run of {scenario.duration_min:g} min")
    n_states, n_arrows = len(scenario.itinerary.states), len(scenario.itinerary.transitions)
    sizes = {
        "cells": scenario.cells.number,
        "states": n_states,
        "states and unused": n_states + 1,
        "arrows": n_arrows,
        "synthesis arrows": len(scenario.itinerary.synthesis),
        "columns of a clock": _CLOCK,
        "words of the generator": _WORDS,
        "columns": 3,
        "ends": 2,
    }
    _fit(_layout(scenario, arrays), sizes, arrays)
    _check_record(scenario, time_min, arrays)
    codes = arrays["log.transition"]
    if len(codes) and not 0 <= codes.min() <= codes.max() < n_arrows + (n_states + 1) ** 2:
        raise SnapshotError("holds transitions that its scenario does not have")
    if scenario.resolution == "agents":
        _check_receptors(scenario, arrays)
    if "medium.now" in arrays and len(arrays["medium.now"]) not in (3, 5):
        raise SnapshotError("does not say how much insulin is in the medium")
    if f"{_PAST}first_rates" in arrays:
        _check_past(n_states, arrays)


def _layout(scenario: Scenario, arrays: Mapping[str, np.ndarray]) -> Layout:
    counted = np.float64 if scenario.resolution == "mean" else np.int64
    passed = np.int64 if scenario.resolution == "agents" else np.float64
    return {
        "counts": (counted, ("cells", "states")),
        "mrna": (np.float64, ("cells",)),
        "record.time_min": (np.float64, ("rows",)),
        "record.counts": (counted, ("rows", "states")),
        "record.mrna": (np.float64, ("rows",)),
        "record.passages": (passed, ("rows", "arrows")),
        "record.pending": (passed, ("arrows",)),
        "record.cell_time_min": (np.float64, ("times of the cells",)),
        "record.cell_counts": (np.number, ("times of the cells", "cells", "states")),
        "log.identity": (np.uint64, ("transitions",)),
        "log.time_min": (np.float64, ("transitions",)),
        "log.transition": (np.int64, ("transitions",)),
        **_BESIDE[scenario.resolution],
        **(_MEDIUM if scenario.medium is not None else {}),
        **(_CHRONICLE if any(name.startswith(_PAST) for name in arrays) else {}),
    }


def _fit(layout: Layout, sizes: dict[str, int], arrays: Mapping[str, np.ndarray]) -> None:
    """Every array there, of its type, and as long as the others along the axes that they share."""
    strange = [name for name in arrays if name not in layout and name not in (f"{_PAST}to", f"{_PAST}keep")]
    if strange:
        raise SnapshotError(f"holds {strange[0][:60]!r}, which a run of its scenario does not have")
    for name, (kind, axes) in layout.items():
        if name not in arrays:
            raise SnapshotError(f"lacks {name!r}, which a run of its scenario has")
        array = arrays[name]
        if not np.issubdtype(array.dtype, kind) or array.ndim != len(axes):
            shape = f"{array.dtype} in {array.ndim} dimensions"
            raise SnapshotError(f"holds {name!r} as {shape}; {kind.__name__} in {len(axes)} are needed")
        for axis, size in zip(axes, array.shape, strict=True):
            if sizes.setdefault(axis, size) != size:
                raise SnapshotError(f"contradicts itself: {name!r} is of {size:,} {axis}, others of {sizes[axis]:,}")
        if array.dtype.kind == "f" and np.isnan(array).any():
            raise SnapshotError(f"holds values in {name!r} that are not numbers")
    for name in ("counts", "record.counts", "record.cell_counts", "mrna"):
        values = arrays[name]
        if values.size and (not np.isfinite(values).all() or values.min() < -1e-6 * max(1.0, float(values.max()))):
            raise SnapshotError(f"holds values in {name!r} that are negative or not finite")


def _check_record(scenario: Scenario, time_min: float, arrays: Mapping[str, np.ndarray]) -> None:
    times = arrays["record.time_min"]
    due = 1 + len(Record(scenario, scenario.cells.number).between(0.0, time_min))
    rises = len(times) > 0 and times[0] == 0.0 and times[-1] <= time_min and bool((np.diff(times) > 0.0).all())
    # After a run was lengthened, one row may lie off the steps.
    if not rises or abs(len(times) - due) > 1:
        raise SnapshotError(f"contradicts itself: its rows are not those of a run that stands at {time_min:g} min")
    if not np.isin(arrays["record.cell_time_min"], times).all():
        raise SnapshotError("contradicts itself: its cells were recorded at other times than its rows")


def _check_receptors(scenario: Scenario, arrays: Mapping[str, np.ndarray]) -> None:
    """The receptors one by one are as many in each state of each cell as the counts say."""
    n_cells, n_states = arrays["counts"].shape
    totals, followed = arrays["crowd.cells"], arrays["followed.cells"]
    if len(totals) and (totals.min() < 0 or totals.sum() != len(arrays["crowd.states"])):
        raise SnapshotError("contradicts itself: its cells do not hold as many receptors as there are")
    if len(followed) and not 0 <= followed.min() <= followed.max() < n_cells:
        raise SnapshotError("contradicts itself: it follows receptors of cells that do not exist")
    cells = np.concatenate([np.repeat(np.arange(n_cells), totals), followed])
    states = np.concatenate([arrays["crowd.states"], arrays["followed.states"]]).astype(np.int64)
    if len(states) and states.max() >= n_states:
        raise SnapshotError("contradicts itself: it holds receptors in states that its scenario does not have")
    found = np.bincount(cells * n_states + states, minlength=n_cells * n_states).reshape(n_cells, n_states)
    inside = ~scenario.itinerary.out
    if found[:, ~inside].any() or not np.array_equal(found[:, inside], arrays["counts"][:, inside]):
        raise SnapshotError("contradicts itself: its receptors are not in the states in which it counts them")


def _check_past(n_states: int, arrays: Mapping[str, np.ndarray]) -> None:
    is_move, moves = arrays[f"{_PAST}is_move"], len(arrays[f"{_PAST}moved_min"])
    if is_move.sum() != moves or (~is_move).sum() != len(arrays[f"{_PAST}from_to_min"]):
        raise SnapshotError("contradicts itself: its past has other stretches and moves than it lists")
    for name in ("to", "keep"):
        array = arrays.get(f"{_PAST}{name}")
        if array is None or (moves and array.shape != (moves, n_states)) or len(array) != moves:
            raise SnapshotError(f"contradicts itself: its past does not say where receptors were moved ({name})")
    to = arrays[f"{_PAST}to"]
    if moves and (to.dtype.kind not in "iu" or not 0 <= to.min() <= to.max() < n_states):
        raise SnapshotError("contradicts itself: its past moves receptors into states that do not exist")
