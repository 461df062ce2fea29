"""What a scenario file says of cells: what is known of one, where its receptors start, and how many cells there are.

Cells of one scenario are of one kind. They differ by chance alone: by size, which scales a cell's copy number and its
synthesis together, and, if asked, by synthesis for their size. Flow cytometers see such cells as a broad histogram.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer

from trafficking import units
from trafficking.faults import Faults, choice, listed, nearest, number, shown, whole, words
from trafficking.itinerary import Itinerary
from trafficking.quantities import (
    MOST_RECEPTORS,
    Duration,
    Form,
    Insulin,
    Number,
    PositiveNumber,
    Share,
    Switch,
    Time,
    replaced,
)

_MOST_NUMBERS = 5 * 10**7  # in the table of the cells one by one
_TIMES = 11  # stretches between the times at which cells are written down, where the file names none

Spread = Annotated[float, number(0.0, 3.0)]


class Evidence(Form):
    """What is known of the cell. `measured`: lowest and highest insulin in which its receptors were studied."""

    title: Annotated[str, words(200)] = ""
    lean_nM: Insulin | None = Field(None, alias="lean")
    obese_nM: Insulin | None = Field(None, alias="obese")
    measured_nM: Annotated[tuple[Insulin, ...], listed(2, 2)] | None = Field(None, alias="measured")
    measured_note: Annotated[str, words(1000)] = ""
    assumed: Annotated[tuple[Annotated[str, words(200)], ...], listed(0, 200)] = ()


class Start(Form):
    """Where receptors are at time 0.

    `steady`: the steady state of the mean equations at `insulin` (default: insulin at time 0); `insulin_free`: that
    without insulin; `surface`: all R0 receptors at the surface, unbound; `counts`: integers per state.
    """

    state: Annotated[str, choice("steady", "insulin_free", "surface", "counts")] = "steady"
    insulin_nM: Insulin | None = Field(None, alias="insulin")
    filled_in_nM: Insulin | None = Field(
        None,
        alias="filled_in",
        description="written by the program: insulin of the steady state, where `insulin` is not given",
        json_schema_extra={"readOnly": True},
    )
    total: Annotated[str, choice("rounded", "poisson")] = "rounded"
    counts: dict[str, Annotated[int, whole(0, MOST_RECEPTORS)]] | None = Field(None, description="in each cell alike")

    def completed(self, itinerary: Itinerary, insulin_nM: float) -> Start:
        """This start with its state; where no insulin of the steady state is given, that at time 0 is filled in.

        What is filled in stays apart from what is given, so that an experiment with insulin of its own can tell cells
        that lived in some from cells of which the file says nothing. It stays the same under another exposure.
        """
        state = "counts" if self.counts is not None and "state" not in self.model_fields_set else self.state
        found = []
        if state == "counts" and self.counts is None:
            found.append(("start.counts", "missing; needed are integers per state"))
        if state != "counts" and self.counts is not None:
            found.append(("start.counts", f"integers per state go with state = 'counts', not with {state!r}"))
        if self.insulin_nM is not None and state != "steady":
            found.append(("start.insulin", f"only state = 'steady' has an insulin; {shown(state)} is given"))
        if state == "counts" and self.total == "poisson":
            found.append(("start.total", "'poisson' given; integers per state are not drawn, leave it out"))
        names = itinerary.state_names
        for name in self.counts or ():
            if name not in names:
                found.append(
                    (f"start.counts.{name}", f"no such state; states are {', '.join(names)}{nearest(name, names)}")
                )
        if state == "surface" and not itinerary.mask("membrane").any():
            found.append(("start.state", "'surface' given; the itinerary has no state in the membrane"))
        if found:
            raise Faults(found)
        filled_in = insulin_nM if self.filled_in_nM is None else self.filled_in_nM
        open_ = state == "steady" and self.insulin_nM is None
        return replaced(self, state=state, filled_in_nM=filled_in if open_ else None)


class Coupling(Form):
    """Which laws let receptors act on each other."""

    endocytosis: Switch = True
    sorting: Switch = True
    transcription: Switch = True


class Response(Form):
    """What becomes of the signal below bound receptors; it acts on nothing else in the cell.

    Signal = gain * activity * bound / (bound + half_bound R0). The activity of the receptors falls while many are
    bound, towards 1 - most * bound / (bound + half_bound R0), and comes back with the time `recovery`.
    """

    gain: Number = Field(1.0, description="of the steps below the receptor; 1 in a healthy cell")
    activity: Number = Field(1.0, description="of a bound receptor's kinase; 1 in a healthy cell")
    half_bound: PositiveNumber = Field(0.1, description="bound receptors over R0 at half of the signal (assumption)")
    most: Share = Field(0.0, description="largest loss of activity under lasting insulin; 0: none (direction seen)")
    recovery_min: Duration = Field(
        50.0, alias="recovery", description="time in which activity follows; 50 min bring 90 % back in 2 h (fit)"
    )


class Expected(Form):
    """A published or predicted outcome: surface receptors at a time, in % of the reference."""

    at_min: Time = Field(alias="at")
    surface_percent: Number
    tolerance: Number = Field(description="percentage points")


class Cells(Form):
    """How many cells there are, and how they differ. A single cell is always the mean cell: its CVs have no effect.

    A CV is the coefficient of variation, over the cells, of a log-normal factor of mean 1.
    """

    number: Annotated[int, whole(1, 100_000)] = Field(1, description="cells; a single one is the mean cell")
    size_cv: Spread = Field(
        0.3,
        description="CV of the factor on copy number and synthesis together (a guess, without a source); "
        "of no effect on a single cell",
    )
    synthesis_cv: Spread = Field(
        0.0, description="CV of one more factor, on synthesis alone; of no effect on a single cell"
    )
    record_min: Annotated[tuple[Time, ...], listed(0, 1000)] = Field(
        (),
        alias="record",
        description="when the counts of each cell are written down; default: start, end, and ten times between; "
        "a single cell has no such table",
    )

    def words(self, receptors: int, when: str) -> str:
        """How many cells of which size, `when` saying at what insulin: "one cell of 2,000 receptors at rest (R0)"."""
        size = f"of {receptors:,} receptors"
        if self.number == 1:
            return f"one cell {size} {when} (R0)"
        spread = f", synthesis CV {self.synthesis_cv:g}" if self.synthesis_cv else ""
        return f"{self.number:,} cells {size} on average {when} (R0; size CV {self.size_cv:g}{spread})"

    @property
    def assumed(self) -> list[str]:
        """How cells differ, each as 'cell size CV = 0.3 (assumption)'; nothing for a single cell."""
        if self.number == 1:
            return []
        default = type(self).model_fields["size_cv"].default
        said = [f"cell size CV = {self.size_cv:g} ({'assumption' if self.size_cv == default else 'changed'})"]
        if self.synthesis_cv > 0.0:
            said.append(f"cell synthesis CV = {self.synthesis_cv:g} (changed)")
        return said

    @property
    def gives_times(self) -> bool:
        """Whether the times at which cells are written down are given, and not filled in."""
        return self.number > 1 and "record_min" in self.model_fields_set

    def timed(self, duration_min: float, step_min: float, columns: int) -> Cells:
        """These cells with the times at which they are written down: steps of the run, rising; () for a single cell.

        What is filled in is not written into a file, since it follows from the rest.

        Args:
            step_min: between the rows of the run's tables, of which every time is one.
            columns: states in the table.
        """
        if "record_min" in self.model_fields_set:
            times = self._checked(duration_min, step_min)
        else:
            steps = (round(i * duration_min / (_TIMES * step_min)) for i in range(_TIMES))
            times = [*(step * step_min for step in steps), duration_min]
        times = sorted({ended(time, duration_min) for time in times})
        numbers = self.number * len(times) * columns
        if self.number > 1 and numbers > _MOST_NUMBERS:
            what = f"{len(times)} times of {self.number:,} cells and {columns} states are {numbers:,} numbers"
            raise Faults([("cells.record", f"{what}; at most {_MOST_NUMBERS:,}, so give fewer times, or fewer cells")])
        made = self.model_copy()
        object.__setattr__(made, "record_min", tuple(times) if self.number > 1 else ())  # not among what is given
        return made

    def kept(self, duration_min: float, step_min: float) -> list[str]:
        """The times that a run of this length has too, as a file writes them."""
        found = (on_grid(time, duration_min, step_min) for time in self.record_min if time <= duration_min)
        return [units.text(time, "time") for time in found if time is not None]

    def _checked(self, duration_min: float, step_min: float) -> list[float]:
        times, found = [], []
        end, step = (units.friendly(time, "time") for time in (duration_min, step_min))
        for i, given in enumerate(self.record_min):
            time, said = on_grid(given, duration_min, step_min), units.friendly(given, "time")
            if time is not None:
                times.append(time)
            elif given > duration_min:
                found.append((f"cells.record[{i}]", f"{said} given; the run ends at {end}"))
            else:
                where = f"a whole number of `record` steps of {step}, or the end of the run, {end}, is needed"
                found.append((f"cells.record[{i}]", f"{said} given; {where}"))
        if found:
            raise Faults(found)
        return times

    @model_serializer(mode="wrap")
    def _table(self, written: SerializerFunctionWrapHandler) -> dict[str, Any]:
        table = written(self)
        if not self.gives_times:
            table.pop("record", None)
        return table


def cells_table(given: Any) -> Any:
    """`cells` of a scenario file with its short form, a bare number, spelled out."""
    if isinstance(given, Mapping | Form):
        return given
    try:
        return {"number": whole(1, 100_000).read(given)}
    except ValueError as fault:
        raise ValueError(f"{fault}, or a table such as {{ number = 1000, size_cv = 0.3 }}") from None


def on_grid(time_min: float, duration_min: float, step_min: float) -> float | None:
    """The whole number of steps, or the end, that a time is but for rounding; None where it is neither."""
    if math.isclose(time_min, duration_min, rel_tol=1e-12):
        return duration_min
    exact = round(time_min / step_min) * step_min
    near = math.isclose(time_min, exact, rel_tol=1e-9, abs_tol=1e-9 * step_min)
    return ended(exact, duration_min) if near and time_min < duration_min else None


def ended(time_min: float, duration_min: float) -> float:
    """A time, or the end of the run where a whole number of steps rounds to just before or after that."""
    return duration_min if time_min >= duration_min - 4.0 * math.ulp(duration_min) else time_min
