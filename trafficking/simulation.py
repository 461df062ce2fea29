"""A run: one cell or many through time, window after window.

Each window asks the exposure for its mean insulin, the itinerary for the rates of arrows at the window's midpoint in
each cell, and the population (single receptors or expected numbers) to move on. What couples receptors to each other
is read between windows only; inside a window every path is exact.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np

from trafficking import saved_layout
from trafficking.cells import Cells, drawn
from trafficking.chronicle import Chronicle
from trafficking.counts import Expectation, Numbers
from trafficking.faults import shown
from trafficking.grid import LONGEST_MIN
from trafficking.identity import check_seed, run_key
from trafficking.io import scenario_of
from trafficking.itinerary import Itinerary
from trafficking.medium import Dish
from trafficking.quantities import MOST_MINUTES, MOST_NM, measured
from trafficking.receptors import Receptors
from trafficking.record import Record
from trafficking.results import CellCounts, Result, tables
from trafficking.scenario import Scenario
from trafficking.snapshot import Snapshot, SnapshotError
from trafficking.starting import starting_cells
from trafficking.tally import Passed
from trafficking.timetable import Stretch, Timetable
from trafficking.treatments import (
    Division,
    FreshMedium,
    Label,
    Treatments,
    alike_before,
    divisions,
    label_moves,
    under,
)
from trafficking.window import WindowRates
from trafficking.windows import Plan

_LOG = ("identity", "time_min", "transition")
_EVENTS_PER_CALL = 4_000_000  # about 0.1 s of kernel on one core


class Population(Protocol):
    """Receptors that can be carried through a window: `Receptors`, `Numbers`, `Expectation`, or Mesa's agents."""

    counts: np.ndarray

    def advance(
        self,
        rates: np.ndarray,
        start_min: float,
        end_min: float,
        records: np.ndarray,
        cell_records: np.ndarray | None = None,
    ) -> Passed: ...


class _Begun(NamedTuple):
    """A window that was cut: where it began, where it ends, its rates, and the messenger ((n_cells,)) at both."""

    start_min: float
    end_min: float
    mrna: np.ndarray
    rates: np.ndarray
    mrna_at_end: np.ndarray


_WITHOUT_IDENTITIES: dict[str, Callable[..., Population]] = {"counts": Numbers, "mean": Expectation}


class Run:
    """A run in progress.

    time_min: how far it has come. cells: what differs between its cells. population: the receptors.
    """

    def __init__(
        self,
        scenario: Scenario | str | Path,
        *,
        seed: int = 1,
        replicate: int = 0,
        threads: int | None = None,
        populate: Callable[..., Population] = Receptors,
        cells: Cells | None = None,
        saved: Snapshot | None = None,
        remember: bool = False,
    ) -> None:
        """Draws the starting cells, or takes up a run where it was `saved` (see `resume`).

        Args:
            scenario: a scenario, or the name or path of one.
            seed, replicate: integers of at least 0; together they name every random stream of the run.
            threads: at most this many; default one per processor. No result depends on it.
            populate: makes the receptors at `agents`; takes what `Receptors` takes.
            cells: in place of those that the scenario describes; each is then recorded in every row.
            remember: keeps a `chronicle`, from which the life of any receptor can be told. No result depends on it.
        """
        check_seed(seed, replicate)
        _check_threads(threads)
        scenario = scenario_of(scenario)
        self.scenario, self.seed, self.replicate = scenario, seed, replicate
        self.time_min = 0.0 if saved is None else saved.time_min
        self._threads = threads
        self._logs: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
        several = scenario.cells
        self.cells = cells or drawn(
            scenario.receptors, several.number, several.size_cv, several.synthesis_cv, seed=seed, replicate=replicate
        )
        self._record = Record(scenario, len(self.cells), every_cell=cells is not None)
        self._insulin = np.zeros(0)  # of the rows that were asked for so far
        self._timetable = Timetable(scenario)
        self._stretch: Stretch | None = None
        self._asked = self._within_a_window = False
        self._begun: _Begun | None = None
        self._laws: dict[tuple[Any, ...], tuple[Itinerary, WindowRates]] = {}  # under each set of treatments
        self._act(())
        self._medium: Dish | None = None
        if scenario.medium is not None:
            nominal = scenario.protocol.value(0.0)
            self._medium = Dish(scenario.medium, self.itinerary, len(self.cells), nominal)
        start, mrna = starting_cells(scenario, self.cells)
        self.chronicle: Chronicle | None = None
        if scenario.resolution == "agents" and (remember if saved is None else Chronicle.is_in(saved.arrays)):
            self.chronicle = Chronicle(self.itinerary, self.cells, start)
        make = populate if scenario.resolution == "agents" else _WITHOUT_IDENTITIES[scenario.resolution]
        begun: dict[str, Any]
        if saved is None:
            self._mrna = np.full(len(self.cells), mrna)
            begun = {"rates": self._rates(start.expected, self._law_end(start.expected)[0])[0]}
            if self.chronicle is not None:
                self.chronicle.begin(begun["rates"])
        else:
            self._mrna = saved.arrays["mrna"].copy()
            begun = {"saved": saved.arrays}
            if self.chronicle is not None:
                self.chronicle.take_up(saved.arrays)
        self.population = make(
            self.itinerary,
            start,
            cells=self.cells,
            seed=seed,
            replicate=replicate,
            threads=threads,
            follow=scenario.follow,
            **begun,
        )
        self._moments = {treatment.at_min for treatment in scenario.treatments}
        if saved is None:
            if 0.0 in self._moments:
                self._treat(0.0, recorded=True)
            self._record.begin(self.population.counts, self.mrna)
        else:
            self._record.take_up(saved.arrays)
            if self._medium is not None:
                self._medium.take_up(saved.arrays, divisions(scenario.treatments, self.time_min))
            if len(saved.arrays["log.time_min"]):
                self._logs.append(tuple(saved.arrays[f"log.{name}"] for name in _LOG))  # type: ignore[arg-type]

    @classmethod
    def resume(cls, snapshot: Snapshot, *, threads: int | None = None, chronicle: Chronicle | None = None) -> Run:
        """The run that gave `snapshot`, ready to go on to the same bits.

        Args:
            chronicle: of that run or of one that went on from there; its part up to the snapshot is carried on. Without
                one the run has the past that the snapshot holds, if any.

        Raises:
            SnapshotError: the snapshot is of no run, or contradicts itself.
        """
        if not isinstance(snapshot, Snapshot):
            raise ValueError(f"resume: {shown(snapshot)} given; a Snapshot is needed: run.snapshot(), or of its bytes")
        try:
            scenario = Scenario.from_dict(snapshot.scenario)
            check_seed(snapshot.seed, snapshot.replicate)
        except ValueError as fault:
            line = "; ".join(str(fault).splitlines())
            raise SnapshotError(f"is not of a run that this program can go on with: {line}") from None
        saved_layout.check(scenario, snapshot.time_min, snapshot.arrays)
        run = cls(scenario, seed=snapshot.seed, replicate=snapshot.replicate, threads=threads, saved=snapshot)
        if chronicle is not None:
            run.chronicle = chronicle.until(snapshot.time_min)
        return run

    def snapshot(self, *, past: bool = False) -> Snapshot:
        """This run now, as a value; `advance` and `steer` leave it at the end of a window, where it can be saved.

        Args:
            past: with its chronicle, if it has one that is not too large, so that lives can be told of the resumed run.
        """
        self._check_whole()
        if self._begun is not None:
            raise ValueError(
                f"snapshot: {self.time_min:g} min lies within a window; {self._begun.end_min:g} min ends it"
            )
        if not isinstance(self.population, Receptors | Numbers | Expectation):
            raise TypeError("snapshot: only runs of the engine's own populations can be saved, not Mesa's objects")
        log = self._joined_log() or (np.zeros(0, np.uint64), np.zeros(0), np.zeros(0, np.int64))
        return Snapshot(
            scenario=self.scenario.to_dict(),
            seed=int(self.seed),
            replicate=int(self.replicate),
            time_min=self.time_min,
            arrays=self.population.save()
            | self._record.save()
            | ({} if self._medium is None else self._medium.save())
            | (self.chronicle.save() if past and self.chronicle is not None else {})
            | {"mrna": self._mrna.copy()}
            | {f"log.{name}": column for name, column in zip(_LOG, log, strict=True)},
        )

    def fork(self, at_min: float | str | None = None, *, insulin_nM: float | str | None = None) -> Run:
        """A second run that goes on from here with the same random numbers, under a future of its own.

        A receptor whose rates do not differ between two futures stays the same in both, to the last bit.

        Args:
            at_min: goes on to this minute first, if it is not there yet; it must be the end of a window.
            insulin_nM: clamps insulin in the second run, from that minute to its end.

        Raises:
            ValueError: the minute lies before the present, beyond the end, or within a window.
        """
        if at_min is not None:
            at_min = measured(at_min, "time", "fork")
            if not self.time_min <= at_min <= self.duration_min:
                given = f"fork: {at_min:g} min given"
                raise ValueError(f"{given}; the run is at {self.time_min:g} min and ends at {self.duration_min:g} min")
            self.advance(at_min)
            if self.time_min != at_min:
                near = f"the last end of a window before it is {self.time_min:g} min"
                raise ValueError(f"fork: {at_min:g} min lies within a window; {near}")
        other = Run.resume(self.snapshot(), threads=self._threads)
        if insulin_nM is not None:
            other.steer(insulin_nM)
        return other

    # -- what it is now --------------------------------------------------------------------------------------------

    @property
    def itinerary(self) -> Itinerary:
        return self.scenario.itinerary

    @property
    def states(self) -> tuple[str, ...]:
        return self.itinerary.state_names

    @property
    def counts(self) -> np.ndarray:
        """(n_states,) receptors of all cells now; an end holds all that ever arrived."""
        return self.population.counts.sum(axis=0)

    @property
    def cell_counts(self) -> np.ndarray:
        """(n_cells, n_states) receptors of each cell now."""
        return self.population.counts

    @property
    def mrna(self) -> float:
        """The messenger now relative to insulin-free, mean over the cells."""
        return float(self._mrna.mean())

    @property
    def insulin_nM(self) -> float:
        """Insulin from now on, nM; in a finite medium what is in it now."""
        if self._medium is not None:
            return max(self._medium.insulin_nM, 0.0)
        return self.scenario.protocol.value(self.time_min)

    @property
    def duration_min(self) -> float:
        return self.scenario.duration_min

    @property
    def finished(self) -> bool:
        return self.time_min >= self.duration_min

    @property
    def followed(self) -> tuple[np.ndarray, np.ndarray]:
        """Identities (uint64) and states (uint8) of the followed receptors that are alive."""
        if not isinstance(self.population, Receptors):
            return np.zeros(0, np.uint64), np.zeros(0, np.uint8)
        return self.population.followed_alive()

    def sample(self, below: int) -> tuple[np.ndarray, np.ndarray]:
        """Identities (uint64) and states (uint8) of the receptors alive whose lot is at most `below`, of 2^64 - 1.

        A receptor has its lot for life, drawn from a stream of its own; a smaller `below` gives a part of the same.
        """
        if not isinstance(self.population, Receptors):
            return np.zeros(0, np.uint64), np.zeros(0, np.uint8)
        return self.population.sampled(run_key(self.seed, self.replicate, "sample"), below)

    @property
    def recorded(self) -> dict[str, np.ndarray]:
        """What was recorded so far: time_min (n,), counts (n, n_states), insulin_nM (n,), mrna (n,)."""
        times, counts, mrna, _ = self._record.rows()
        if self._medium is not None:
            return {"time_min": times, "counts": counts, "insulin_nM": self._medium.rows()[:, 0], "mrna": mrna}
        new = [self.scenario.protocol.value(time) for time in times[len(self._insulin) :].tolist()]
        self._insulin = np.append(self._insulin, new)
        return {"time_min": times, "counts": counts, "insulin_nM": self._insulin, "mrna": mrna}

    @property
    def recorded_cells(self) -> tuple[np.ndarray, np.ndarray]:
        """Minutes (k,) at which each cell was written down, and counts (k, n_cells, n_states)."""
        return self._record.cells()

    # -- going on --------------------------------------------------------------------------------------------------

    def advance(self, until_min: float | str | None = None, *, keep_going: Callable[[], bool] | None = None) -> None:
        """Goes on in whole windows, at most up to `until_min` (default: the end).

        Args:
            until_min: a minute of the run, not a duration; "90 min" or "1.5 h" is as good.
            keep_going: asked between calls into the kernel, about every 0.1 s; stops when it says False.

        Raises:
            ValueError: the minute lies in the past.
        """
        until = self.duration_min
        if until_min is not None and not (isinstance(until_min, float) and until_min == math.inf):
            until = min(until, measured(until_min, "time", "until_min"))
        if until < self.time_min:
            past = f"until_min: {shown(until_min)} given, in the past: the run is at {self.time_min:g} min"
            raise ValueError(f"{past}; for so many minutes more give until_min=run.time_min + ...")
        if keep_going is not None and not callable(keep_going):
            raise ValueError(f"keep_going: {shown(keep_going)} given; a function is needed, or None")
        self._asked = keep_going is not None
        while not self.finished and (keep_going is None or keep_going()):
            if self._many_windows(until):
                continue
            end = self._window_end(until)
            if not self.time_min < end <= until:
                return
            self._window(end)

    def advance_window(self) -> None:
        """Goes on to the next multiple of the scenario's window (of 1 min, if none is given), or to a jump before."""
        end = self.window_end_min
        while self.time_min < end:
            self._window(min(self._window_end(end), self.duration_min))

    @property
    def window_end_min(self) -> float:
        """The minute to which `advance_window` goes."""
        step = self.scenario.given_window_min or LONGEST_MIN
        steps = int(self.time_min / step) + 1
        while steps * step <= self.time_min:
            steps += 1
        end, stretch = self._window_end(steps * step), self._stretch_now()
        while stretch.window_min < step and end < min(steps * step, stretch.to_min):
            end = self._timetable.next_end(end)
        return min(end, self.duration_min)

    def reach(self, at_min: float) -> None:
        """Goes on to this very minute (at most the end), also within a window; for receptors as objects.

        The rest of the window keeps the rates with which it began, so that a look in between changes nothing; steering
        there ends the window.
        """
        at_min = min(float(at_min), self.duration_min)
        while self.time_min < at_min:
            self._window(self._window_end(at_min), at_min)

    def steer(self, insulin_nM: float | str, *, until_min: float | str | None = None) -> None:
        """Clamps insulin from now on, to the end of the scenario or to `until_min`; what was planned no longer applies.

        `scenario` becomes the steered one: run afresh, it gives this run's tables.

        Args:
            insulin_nM: a number, or text such as "0.5 nM" or "60 uU/mL". until_min: a minute to come, also as text.
        """
        self._check_whole()
        insulin_nM = measured(insulin_nM, "insulin", "insulin_nM", most=MOST_NM)
        if until_min is not None:
            until_min = measured(until_min, "time", "until_min", most=MOST_MINUTES)
            if until_min <= self.time_min:
                raise ValueError(f"until_min: {until_min:g} min given; the run is at {self.time_min:g} min already")
        if self.finished and until_min is None:
            raise ValueError(
                f"steer: the run has ended, at {self.time_min:g} min; say until when it goes on (until_min)"
            )
        self.scenario = self.scenario.steered(self.time_min, insulin_nM, max(until_min or 0.0, self.duration_min))
        self._begun = None
        self._record.extend(self.scenario)
        self._timetable = Timetable(self.scenario)
        self._insulin = self._insulin[:0]  # the row of this minute says what holds from now on
        if self._medium is not None:
            self._medium.keep(len(self._record.rows()[0]))
            self._medium.give(insulin_nM, fresh=False, recorded=self._recorded_now())

    def treat(self, treatments: Treatments) -> None:
        """Takes these treatments in the place of the scenario's; drugs and temperatures may differ, from now on.

        `scenario` becomes the treated one: run afresh, it gives this run's tables.

        Raises:
            ValueError: they differ in what has been done already, or in labels, divisions and changes of medium.
        """
        self._check_whole()
        scenario = self.scenario.treated(self.time_min, treatments)
        if not alike_before(scenario.treatments, self.scenario.treatments, self.time_min):
            raise ValueError(
                f"treat: the past up to {self.time_min:g} min, labels, divisions and changes of medium stay as they are"
            )
        self.scenario, self._begun = scenario, None
        self._timetable = Timetable(self.scenario)

    def result(self) -> Result:
        """The tables up to now; of a run in progress those of the whole plan as far as they are known."""
        self._check_whole()
        times, counts, mrna, passages = self._record.rows()
        log = self._joined_log()
        medium = None if self._medium is None else self._medium.rows()
        return tables(
            self.scenario, self.seed, self.replicate, times, counts, mrna, passages[1:], log, self._cell_rows(), medium
        )

    def so_far(self) -> Result:
        """The tables of a run that ends now: its scenario, run afresh, gives the same ones.

        Raises:
            ValueError: no time has passed yet.
        """
        self._check_whole()
        if self.finished:
            return self.result()
        scenario = self.scenario.lasting(self.time_min)
        times, counts, mrna, passages = self._record.closed(self.time_min, self.counts, self.mrna)
        log = self._joined_log()
        medium = None if self._medium is None else self._medium.closed(len(times))
        return tables(
            scenario, self.seed, self.replicate, times, counts, mrna, passages[1:], log, self._cell_rows(), medium
        )

    def _cell_rows(self) -> CellCounts | None:
        if self.scenario.cells.number == 1:
            return None
        return CellCounts(*self._record.cells(), self.cells.copy_number, self.cells.synthesis)

    def _joined_log(self) -> tuple[np.ndarray, np.ndarray, np.ndarray] | None:
        if len(self._logs) > 1:  # joined for good, so that asking again is cheap
            identities, times_min, transitions = (np.concatenate(column) for column in zip(*self._logs, strict=True))
            self._logs = [(identities, times_min, transitions)]
        return self._logs[0] if self._logs else None

    def _check_whole(self) -> None:
        if self._within_a_window:
            raise RuntimeError(
                f"this run was interrupted within the window that began at {self.time_min:g} min, so some of its "
                "receptors are ahead of others; begin anew, or resume from a snapshot"
            )

    def _window(self, end: float, stop_min: float = math.inf) -> None:
        """Carries the receptors to the end of the window, or to `stop_min` within it."""
        self._check_whole()
        begun = self._begun or _Begun(self.time_min, end, self._mrna, *self._rates(self.population.counts, end))
        rates, end = begun.rates, min(begun.end_min, stop_min)
        records = self._record.between(self.time_min, end)
        of_cells = self._record.of_cells(records)
        before = None if self._medium is None else self.population.counts.copy()
        self._within_a_window = True
        if self.chronicle is not None:
            self.chronicle.add(self.time_min, end, rates)
        passed = self.population.advance(rates, self.time_min, end, records, of_cells)
        if self._medium is not None and before is not None:
            self._medium.pass_window(passed, before, self.population.counts)
            self._medium.give(self.scenario.protocol.value(end), fresh=False, recorded=_ends_with(records, end))
        if end in self._moments:
            self._treat(end, recorded=_ends_with(records, end))
            if _ends_with(records, end):
                passed.counts[-1] = self.population.counts.sum(axis=0)
                if of_cells is not None and _ends_with(of_cells, end):
                    passed.cells[-1] = self.population.counts
        edges, messenger = np.array([begun.start_min, begun.end_min]), np.array([begun.mrna, begun.mrna_at_end])
        self._record.add(records, passed.counts, self._mrna_at(records, edges, messenger), passed.passages)
        if of_cells is not None and len(of_cells):
            self._record.add_cells(of_cells, passed.cells)
        self._begun = begun if end < begun.end_min else None
        self._arrive(end, begun.mrna_at_end if self._begun is None else self._messenger(begun, end))

    def _many_windows(self, until: float) -> bool:
        """Goes on by many short windows in one call, where the receptors are quick with one; whether it did."""
        plan = self._plan(until)
        if plan is None:
            return False
        assert isinstance(self.population, Receptors)
        self._check_whole()
        self._within_a_window = True
        done, passed, mrna = self.population.advance_many(plan, self._window_rates, self._mrna)
        records, ends = plan.records_min[: len(passed.counts)], plan.ends_min[:done]
        edges = np.append(self.time_min, ends)
        self._record.add(records, passed.counts, self._mrna_at(records, edges, mrna), passed.passages)
        if plan.cell_records_min is not None and len(passed.cells):
            self._record.add_cells(plan.cell_records_min[: len(passed.cells)], passed.cells)
        self._arrive(float(ends[-1]), mrna[done])
        return True

    def _plan(self, until: float) -> Plan | None:
        """The windows to come that end within this stretch of the exposure, if it pays to take several at once."""
        if not isinstance(self.population, Receptors) or self._medium is not None or self.chronicle is not None:
            return None
        if self._begun is not None:
            return None
        most = self.population.windows_at_once
        if most < 2 or self._law_end()[1]:
            return None
        stretch = self._stretch_now()
        ends = self._timetable.ends(self.time_min, most)
        ends = ends[(ends < stretch.to_min) & (ends <= until)]
        if len(ends) < 2:
            return None
        if stretch.level is not None:
            insulin = np.full(len(ends), stretch.level)
        else:
            edges = [self.time_min, *ends.tolist()]
            insulin = np.array([self.scenario.protocol.mean(*each) for each in itertools.pairwise(edges)])
        records = self._record.between(self.time_min, float(ends[-1]))
        return Plan(self.time_min, ends, insulin, records, self._record.of_cells(records))

    def _arrive(self, end: float, mrna: np.ndarray) -> None:
        """The receptors are at the end of a window, with this messenger ((n_cells,))."""
        self.time_min, self._mrna = end, mrna
        if isinstance(self.population, Receptors):
            log = self.population.take_log()
            if len(log[0]):
                self._logs.append(log)
        self._within_a_window = False

    def _treat(self, at_min: float, *, recorded: bool) -> None:
        """Moves receptors, and changes the medium, as the treatments of this minute say, in the order listed.

        recorded: whether this minute is a row.
        """
        population: Any = self.population
        everybody, stays = np.arange(len(self.states)), np.ones(len(self.states))
        treatments = self.scenario.treatments
        # Numbered in order of time: what is planned later changes nothing now.
        occasion = sum(isinstance(treatment, Division) and treatment.at_min < at_min for treatment in treatments)
        for treatment in treatments:
            if treatment.at_min != at_min:
                continue
            match treatment:
                case Label(of=of) if of != "newborn":
                    self._move_all(population, label_moves(self.itinerary, of), stays, 0, at_min)
                case Division():
                    half = np.where(self.itinerary.out, 1.0, 0.5)
                    self._move_all(population, everybody, half, occasion, at_min)
                    occasion += 1
                    if self._medium is not None:
                        self._medium.divide()
                case FreshMedium() if self._medium is not None:
                    self._medium.give(self.scenario.protocol.value(at_min), fresh=True, recorded=recorded)

    def _move_all(self, population: Any, to: np.ndarray, keep: np.ndarray, occasion: int, at_min: float) -> None:
        population.treat(to, keep, occasion, at_min)
        if self.chronicle is not None:
            self.chronicle.move(to, keep, occasion, at_min)

    def _recorded_now(self) -> bool:
        return _ends_with(self._record.rows()[0], self.time_min)

    def _act(self, treatments: tuple[Any, ...]) -> None:
        """From now on arrows have the rates that hold under these treatments."""
        if treatments not in self._laws:
            law = under(self.itinerary, treatments)
            self._laws[treatments] = law, WindowRates(law)
        self._law, self._window_rates = self._laws[treatments]

    def _rates(self, counts: np.ndarray, end: float) -> tuple[np.ndarray, np.ndarray]:
        stretch = self._stretch_now()
        insulin = stretch.level
        if self._medium is not None:
            insulin = self._medium.mean(self._law, counts, end - self.time_min)
        elif insulin is None or end > stretch.to_min:
            insulin = self.scenario.protocol.mean(self.time_min, end)
        return self._window_rates(insulin, counts, self.cells.copy_number, self._mrna, end - self.time_min)

    def _mrna_at(self, records: np.ndarray, edges: np.ndarray, mrna: np.ndarray) -> np.ndarray:
        """Mean messenger over the cells at each record of the windows between `edges` ((n + 1,) minutes).

        mrna: (n + 1, n_cells) at each edge.
        """
        if not len(records) or self._law.transcription is None:
            return np.ones(len(records))
        response, means = self._law.transcription.response_min, np.array([float(each.mean()) for each in mrna])
        starts, ends = edges[:-1], edges[1:]
        of = np.searchsorted(ends, records)
        way = np.expm1((starts[of] - records) / response) / np.expm1((starts[of] - ends[of]) / response)
        return means[of] + (means[of + 1] - means[of]) * way

    def _messenger(self, begun: _Begun, at_min: float) -> np.ndarray:
        """(n_cells,) messenger at a minute within a window."""
        if self._law.transcription is None:
            return begun.mrna
        response = self._law.transcription.response_min
        way = math.expm1((begun.start_min - at_min) / response)
        return begun.mrna + (begun.mrna_at_end - begun.mrna) * way / math.expm1(
            (begun.start_min - begun.end_min) / response
        )

    def _window_end(self, until: float) -> float:
        """Where the window that starts now ends.

        At every edge of the exposure; between edges on the grid that starts at the last one, where insulin is smooth
        or receptors are coupled. Elsewhere rates do not change, and a cut is for the patience of the caller alone.
        """
        if self._begun is not None:
            return self._begun.end_min
        end, free = self._law_end()
        if not free:
            return end
        if self.scenario.resolution != "agents":
            # A stretch split in two rounds, or is drawn, differently: cut only where records cut anyway.
            return min(end, self._record.next_after(self.time_min))
        return min(end, until, self.time_min + self._patience_min() if self._asked else math.inf)

    def _law_end(self, counts: np.ndarray | None = None) -> tuple[float, bool]:
        """Until when the rates of a window that starts now may hold, and whether it may be cut anywhere before.

        counts: (n_cells, n_states) receptors now, where there is no population yet.
        """
        stretch = self._stretch_now()
        if not self._law.couplings and stretch.level is not None and self._medium is None:
            return stretch.to_min, True
        end = self._timetable.next_end(self.time_min)
        if self._medium is not None:
            counts = self.population.counts if counts is None else counts
            end = min(end, self.time_min + self._medium.longest_min(self._law, counts))
        return end, False

    def _stretch_now(self) -> Stretch:
        """The exposure between its last edge and its next one; arrows follow the treatments that act in it."""
        stretch = self._timetable.stretch(self.time_min)
        if stretch is not self._stretch:
            self._stretch = stretch
            self._act(stretch.treatments)
        return stretch

    def _patience_min(self) -> float:
        """Minutes that hold about 0.1 s of work, at the present pace of transitions and births."""
        counts, inner = self.population.counts, self.itinerary.sources
        rates = self._rates(counts, self.time_min + 1e-9)[0]
        births = float((rates[:, self.itinerary.synthesis].sum(axis=1) * self.cells.making).sum())
        pace = births + float((rates * np.where(inner >= 0, counts[:, inner], 0)).sum())
        return _EVENTS_PER_CALL / pace if pace > 0.0 else math.inf


def simulate(
    scenario: Scenario | str | Path,
    *,
    seed: int = 1,
    replicate: int = 0,
    threads: int | None = None,
    progress: Callable[[float], None] | None = None,
) -> Result:
    """Runs a scenario from its start to its end.

    Args:
        scenario: a scenario, or the name or path of one.
        seed, replicate: integers of at least 0; the same pair gives the same result to the last bit.
        threads: at most this many; no result depends on it.
        progress: called with the simulated minute, about every 0.1 s.
    """
    if progress is not None and not callable(progress):
        raise ValueError(f"progress: {shown(progress)} given; a function is needed, or None")
    run = Run(scenario, seed=seed, replicate=replicate, threads=threads)

    def tell() -> bool:
        assert progress is not None
        progress(run.time_min)
        return True

    run.advance(keep_going=tell if progress is not None else None)
    return run.result()


def _ends_with(times: np.ndarray, time: float) -> bool:
    return len(times) > 0 and bool(times[-1] == time)


def _check_threads(threads: int | None) -> None:
    if threads is not None and (isinstance(threads, bool) or not isinstance(threads, int) or threads < 1):
        raise ValueError(f"threads: {shown(threads)} given; a whole number of at least 1 is needed")
