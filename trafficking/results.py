"""The tables of a run, what their columns mean, and the numbers that people read off them.

Four tables hold a run, one row per time: `counts` (receptors in each state), `events` (passages along each arrow since
the row before), `exposure` (insulin and messenger) and `histories` (every transition of a followed sample). Everything
else here is computed from them: surface and live receptors, percent of a reference, the two clocks of insulin's effect
(redistribution within minutes, loss over hours), and the receptors made, recycled and degraded.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from trafficking.exposure import Exposure
from trafficking.itinerary import Itinerary
from trafficking.scenario import Scenario

TABLES = ("counts", "events", "exposure", "histories")
_FEWEST_ROWS = 5  # in a stretch of insulin, for a half-time to mean anything


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
    "mrna": Column("1", "Receptor messenger relative to insulin-free"),
    "receptor": Column("", "Receptor identity"),
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
    if name in COLUMNS:
        return COLUMNS[name]
    words = name.replace("_", " ").capitalize()
    return Column("passages", f"{words}, passages") if table == "events" else Column("receptors", words)


@dataclass(frozen=True)
class Result:
    """One finished run: its scenario and its tables. Versions and hashes are added when it is saved.

    counts: time_min, replicate, one column per state; integers at `agents` and `counts`, expected numbers at `mean`.
        A state of compartment "out" counts all receptors that ever entered it.
    events: from_min, to_min, replicate, one column per arrow: passages in (from, to]; expected ones at `counts` (given
        the counts) and at `mean`, which know no paths.
    exposure: time_min, replicate, insulin_nM (from that time on), mrna (relative to insulin-free).
    histories: receptor, time_min, source, target; followed receptors only.
    """

    scenario: Scenario
    seed: int
    replicate: int
    counts: pd.DataFrame
    events: pd.DataFrame
    exposure: pd.DataFrame
    histories: pd.DataFrame

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
        """What 100 % is in this run."""
        return reference(self.scenario)

    @cached_property
    def half_times(self) -> HalfTimes:
        """The two clocks of this run; see `half_times`."""
        return half_times(self)

    @cached_property
    def totals(self) -> Totals:
        """Receptors made, recycled and degraded in the whole run."""
        return totals(self.events, self.scenario.itinerary)


def tables(
    scenario: Scenario,
    seed: int,
    replicate: int,
    time_min: np.ndarray,
    counts: np.ndarray,
    mrna: np.ndarray,
    passages: np.ndarray,
    log: tuple[np.ndarray, np.ndarray, np.ndarray] | None = None,
) -> Result:
    """Names the bare arrays of a run.

    Args:
        time_min: (n,), from 0. counts: (n, n_states). mrna: (n,).
        passages: (n - 1, n_transitions) since the row before.
        log: transitions of the followed in order of time: identities uint64, minutes, indices of transitions.
    """
    itinerary, protocol = scenario.itinerary, scenario.protocol
    arrows = [arrow.name for arrow in itinerary.transitions]
    insulin = [protocol.value(time) for time in time_min.tolist()]
    return Result(
        scenario=scenario,
        seed=seed,
        replicate=replicate,
        counts=_table(
            {"time_min": time_min, "replicate": replicate}, dict(zip(itinerary.state_names, counts.T, strict=True))
        ),
        events=_table(
            {"from_min": time_min[:-1], "to_min": time_min[1:], "replicate": replicate},
            dict(zip(arrows, passages.T, strict=True)),
        ),
        exposure=_table({"time_min": time_min, "replicate": replicate}, {"insulin_nM": insulin, "mrna": mrna}),
        histories=_histories(itinerary, log),
    )


def _table(head: dict[str, np.ndarray | int], columns: dict[str, np.ndarray | list[float]]) -> pd.DataFrame:
    # A table of no rows still has the types of a full one.
    frame = pd.DataFrame({**{name: value for name, value in head.items() if np.ndim(value)}, **columns})
    frame.insert(len(head) - 1, "replicate", np.full(len(frame), head["replicate"], dtype=np.int64))
    return frame


def _histories(itinerary: Itinerary, log: tuple[np.ndarray, np.ndarray, np.ndarray] | None) -> pd.DataFrame:
    from trafficking.receptors import identity_text  # brings numba, which readers of finished runs do without

    if log is None:
        log = np.zeros(0, np.uint64), np.zeros(0), np.zeros(0, np.int64)
    identities, times, arrows = log
    known, which = np.unique(identities, return_inverse=True)
    names = np.array([identity_text(int(identity)) for identity in known], dtype=object)
    # The last entry serves index -1: a receptor that is made comes from no state.
    states = np.array([*itinerary.state_names, "synthesis"], dtype=object)
    return pd.DataFrame(
        {
            "receptor": pd.Series(names[which], dtype="str"),
            "time_min": times,
            "source": pd.Series(states[itinerary.sources[arrows]], dtype="str"),
            "target": pd.Series(states[itinerary.targets[arrows]], dtype="str"),
        }
    )


# -- where the receptors are -------------------------------------------------------------------------------------------


def surface(counts: pd.DataFrame, itinerary: Itinerary) -> np.ndarray:
    """(n,) receptors at the membrane in each row of `counts`."""
    return _total(counts, itinerary, itinerary.mask("membrane"))


def live(counts: pd.DataFrame, itinerary: Itinerary) -> np.ndarray:
    """(n,) receptors outside lysosome and ends in each row of `counts`."""
    return _total(counts, itinerary, itinerary.live)


def compartments(counts: pd.DataFrame, itinerary: Itinerary) -> pd.DataFrame:
    """The five curves that people plot: surface, early endosome, recycling, lysosome and live total, in receptors."""
    masks = {
        "surface": itinerary.mask("membrane"),
        "early_endosome": itinerary.mask("early_endosome"),
        "recycling": itinerary.mask("recycling"),
        "lysosome": itinerary.mask("lysosome"),
        "live": itinerary.live,
    }
    curves = {name: _total(counts, itinerary, mask) for name, mask in masks.items()}
    return pd.DataFrame({"time_min": counts["time_min"].to_numpy(), **curves})


def _total(counts: pd.DataFrame, itinerary: Itinerary, mask: np.ndarray) -> np.ndarray:
    names = [name for name, wanted in zip(itinerary.state_names, mask, strict=True) if wanted]
    return counts[names].to_numpy().sum(axis=1)


# -- what 100 % is -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Reference:
    """The cell that counts as 100 %, in words ("insulin-free", "lean", "start"), and its receptors."""

    words: str
    surface: float
    live: float


def reference(scenario: Scenario) -> Reference:
    """The reference of a scenario: the expected insulin-free, lean or starting cell."""
    itinerary, numbers = scenario.itinerary, scenario.reference_counts
    surface, live = (float(numbers[mask].sum()) for mask in (itinerary.mask("membrane"), itinerary.live))
    return Reference(scenario.reference_label, surface, live)


def percent_of(receptors: Any, whole: float) -> Any:
    """`receptors` (a number or an array of any shape) as percent of `whole`; nan where the reference has none."""
    return np.asarray(receptors, dtype=float)[()] * (100.0 / whole if whole > 0.0 else np.nan)


# -- the two clocks ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Step:
    """The strongest step of insulin: when (min), from and to which level (nM), and when it was taken back (min)."""

    at_min: float
    before_nM: float
    after_nM: float
    until_min: float


@dataclass(frozen=True)
class HalfTimes:
    """Half-times of redistribution and loss in min after `step`; where one is None, its `_words` say why."""

    step: Step | None
    redistribution_min: float | None
    loss_min: float | None
    redistribution_words: str = ""
    loss_words: str = ""


def strongest_step(exposure: Exposure, before_nM: float | None = None) -> Step | None:
    """The largest sudden rise of insulin, the first of equals; None where insulin never jumps up.

    Args:
        before_nM: insulin to which the cell was used before time 0; by default what it starts with, so that time 0
            is no step.

    The stretch ends with the first sudden fall to less than halfway between the two levels, or with the exposure.
    """
    start = exposure.value(0.0)
    times = [0.0, *(t for t in exposure.edges if t < exposure.duration_min)]
    befores = [start if before_nM is None else before_nM]
    befores += [exposure.value(float(np.nextafter(t, 0.0))) for t in times[1:]]
    afters = [exposure.value(t) for t in times]
    rises = [after - before for before, after in zip(befores, afters, strict=True)]
    best = int(np.argmax(rises))
    # A kink of a smooth exposure differs from its left neighbour by rounding only.
    if rises[best] <= 1e-6 * max(afters[best], 1e-9):
        return None
    middle = 0.5 * (befores[best] + afters[best])
    falls = (t for t, before, after in zip(times, befores, afters, strict=True) if before > middle >= after)
    until = next((t for t in falls if t > times[best]), exposure.duration_min)
    return Step(times[best], befores[best], afters[best], until)


def step_of(scenario: Scenario) -> Step | None:
    """The strongest step of a scenario; a cell that starts insulin-free or labelled meets insulin first at 0 min."""
    fresh = scenario.start.state in ("insulin_free", "surface")
    return strongest_step(scenario.protocol, 0.0 if fresh else None)


def half_times(result: Result) -> HalfTimes:
    """The two clocks of a run: how fast insulin moves receptors inside, and how fast it costs the cell receptors.

    Both are counted from the strongest step of insulin and read within its stretch (`strongest_step`).
    Redistribution: the share of live receptors that are inside first reaches halfway from its value at the step to its
    peak within the stretch. Loss: the live total first falls halfway from its value at the step to its value at the
    end of the stretch. Times between two rows are interpolated. A change within three standard errors of counting is
    no change (only at `agents`; `mean` has no such noise). Noise also lifts the peak: with 2,000 receptors a
    half-time of 8.6 min reads as about 9 min.
    """
    noisy = result.scenario.resolution != "mean"
    times = result.counts["time_min"].to_numpy()
    return clocks(times, result.surface, result.live, step_of(result.scenario), noisy=noisy)


def clocks(
    time_min: np.ndarray, surface: np.ndarray, live: np.ndarray, step: Step | None, *, noisy: bool = True
) -> HalfTimes:
    """`half_times` from bare curves of shape (n,), so that a run in progress can be read too."""
    if step is None:
        return HalfTimes(None, None, None, "no step of insulin", "no step of insulin")
    first = max(int(np.searchsorted(time_min, step.at_min, side="right")) - 1, 0)
    last = int(np.searchsorted(time_min, step.until_min, side="right"))
    if last - first < _FEWEST_ROWS:
        why = "insulin came too recently" if time_min[-1] < step.until_min else "insulin stayed too briefly"
        return HalfTimes(step, None, None, why, why)
    since = time_min[first:last] - step.at_min
    total = live[first:last].astype(float)
    if not np.all(total > 0.0):
        return HalfTimes(step, None, None, "the cell ran out of receptors", "the cell ran out of receptors")
    inside = 1.0 - surface[first:last] / total
    error = 1.5 / np.sqrt(total[0]) if noisy else 1e-9
    redistribution = _half_way(since, inside, float(inside.max()), error)
    error = 3.0 * np.sqrt(total[0]) if noisy else 1e-9 * total[0]
    loss = _half_way(since, -total, -float(total[-1]), error)
    return HalfTimes(
        step,
        redistribution,
        loss,
        "" if redistribution is not None else "no redistribution",
        "" if loss is not None else "no loss",
    )


def clock_words(half_time_min: float) -> str:
    """A half-time as precise as it deserves: two digits, "8.8 min" or "3.6 h"."""
    unit, size = ("h", half_time_min / 60.0) if half_time_min >= 90.0 else ("min", half_time_min)
    return f"{size:.0f} {unit}" if size >= 9.95 else f"{size:.2g} {unit}"


def _half_way(since_min: np.ndarray, rising: np.ndarray, end: float, error: float) -> float | None:
    """When `rising` first reaches halfway from its first value to `end`, min; None if that change is within `error`."""
    if end - rising[0] <= error:
        return None
    goal = 0.5 * (rising[0] + end)
    after = int(np.argmax(rising >= goal))
    low, high = rising[after - 1], rising[after]
    share = (goal - low) / (high - low)
    return float(max(since_min[after - 1] + share * (since_min[after] - since_min[after - 1]), 0.0))


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
