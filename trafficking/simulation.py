"""A run: one cell through time, window after window.

Each window asks the exposure for its mean insulin, the itinerary for the rates of arrows at the window's midpoint, and
the population (single receptors or expected numbers) to move on. What couples receptors to each other is read between
windows only; inside a window every path is exact.
"""

from __future__ import annotations

import bisect
import math
import os
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, Protocol

import numpy as np

from trafficking.counts import Expectation, Numbers
from trafficking.itinerary import Itinerary
from trafficking.receptors import Receptors, run_key
from trafficking.results import Result, tables
from trafficking.scenario import Scenario
from trafficking.snapshot import Snapshot
from trafficking.window import WindowRates

_LOG = ("identity", "time_min", "transition")
_ROWS = ("time_min", "counts", "mrna", "passages")
_EVENTS_PER_CALL = 4_000_000  # about 0.1 s of kernel on one core


class Population(Protocol):
    """Receptors of one cell that can be carried through a window: `Receptors`, `Expectation`, or Mesa's agents."""

    counts: np.ndarray

    def advance(
        self, rates: np.ndarray, start_min: float, end_min: float, records: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]: ...


_WITHOUT_IDENTITIES: dict[str, Callable[..., Population]] = {"counts": Numbers, "mean": Expectation}


class _Stretch(NamedTuple):
    """The exposure between two edges; level: its insulin in nM where that is constant."""

    from_min: float
    to_min: float
    level: float | None


class Run:
    """A run in progress.

    time_min: how far it has come. mrna: the messenger now, relative to insulin-free. population: the receptors.
    """

    def __init__(
        self,
        scenario: Scenario,
        *,
        seed: int = 1,
        replicate: int = 0,
        threads: int | None = None,
        populate: Callable[..., Population] = Receptors,
        saved: Snapshot | None = None,
    ) -> None:
        """Draws the starting cell, or takes up a run where it was `saved` (see `resume`).

        Args:
            seed, replicate: integers of at least 0; together they name every random stream of the run.
            threads: at most this many; default one per processor. No result depends on it.
            populate: makes the receptors at `agents`; takes what `Receptors` takes.
        """
        _check_seed(seed, replicate)
        self.scenario, self.seed, self.replicate = scenario, seed, replicate
        self.time_min = 0.0 if saved is None else saved.time_min
        self._threads = threads or os.cpu_count() or 1
        self._logs: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
        self._record = _Record(scenario)
        self._insulin = np.zeros(0)  # of the rows that were asked for so far
        self._known_stretch: _Stretch | None = None
        self._asked = False
        self._window_rates = WindowRates(self.itinerary)
        start, self.mrna = starting_cell(scenario, seed=seed, replicate=replicate)
        if saved is not None:
            self.mrna = saved.mrna
        make = populate if scenario.resolution == "agents" else _WITHOUT_IDENTITIES[scenario.resolution]
        if saved is None:
            first = self._rates(start / scenario.receptors, self._law_end()[0])[0]
            begun: dict[str, Any] = {"rates": first}
        else:
            begun = {"rates": None, "saved": saved.arrays}
        self.population = make(
            self.itinerary,
            start,
            copy_number=scenario.receptors,
            seed=seed,
            replicate=replicate,
            threads=threads,
            follow=scenario.follow,
            **begun,
        )
        if saved is None:
            self._record.begin(self.population.counts, self.mrna)
        else:
            self._record.take_up(saved.arrays)
            if len(saved.arrays["log.time_min"]):
                self._logs.append(tuple(saved.arrays[f"log.{name}"] for name in _LOG))  # type: ignore[arg-type]

    @classmethod
    def resume(cls, snapshot: Snapshot, *, threads: int | None = None) -> Run:
        """The run that gave `snapshot`, ready to go on to the same bits."""
        scenario = Scenario.from_dict(snapshot.scenario)
        return cls(scenario, seed=snapshot.seed, replicate=snapshot.replicate, threads=threads, saved=snapshot)

    def snapshot(self) -> Snapshot:
        """This run now, as a value; `advance` and `steer` leave it at the end of a window, where it can be saved."""
        if not isinstance(self.population, Receptors | Numbers | Expectation):
            raise TypeError("snapshot: only runs of the engine's own populations can be saved, not Mesa's objects")
        log = self._joined_log() or (np.zeros(0, np.uint64), np.zeros(0), np.zeros(0, np.int64))
        return Snapshot(
            scenario=self.scenario.to_dict(),
            seed=int(self.seed),
            replicate=int(self.replicate),
            time_min=self.time_min,
            mrna=self.mrna,
            arrays=self.population.save()
            | self._record.save()
            | {f"log.{name}": column for name, column in zip(_LOG, log, strict=True)},
        )

    def fork(self) -> Run:
        """A second run that goes on from here: with the same random numbers, under a future of its own."""
        return Run.resume(self.snapshot(), threads=self._threads)

    # -- what it is now --------------------------------------------------------------------------------------------

    @property
    def itinerary(self) -> Itinerary:
        return self.scenario.itinerary

    @property
    def states(self) -> tuple[str, ...]:
        return self.itinerary.state_names

    @property
    def counts(self) -> np.ndarray:
        """(n_states,) receptors now; an end holds all that ever arrived."""
        return self.population.counts

    @property
    def insulin_nM(self) -> float:
        """Insulin from now on, nM."""
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

    @property
    def recorded(self) -> dict[str, np.ndarray]:
        """What was recorded so far: time_min (n,), counts (n, n_states), insulin_nM (n,), mrna (n,)."""
        times, counts, mrna, _ = self._record.rows()
        new = [self.scenario.protocol.value(time) for time in times[len(self._insulin) :].tolist()]
        self._insulin = np.append(self._insulin, new)
        return {"time_min": times, "counts": counts, "insulin_nM": self._insulin, "mrna": mrna}

    # -- going on --------------------------------------------------------------------------------------------------

    def advance(self, until_min: float | None = None, *, keep_going: Callable[[], bool] | None = None) -> None:
        """Goes on in whole windows, at most up to `until_min` (default: the end).

        Args:
            keep_going: asked between calls into the kernel, about every 0.1 s; stops when it says False.
        """
        until = self.duration_min if until_min is None else min(until_min, self.duration_min)
        self._asked = keep_going is not None
        while not self.finished and (keep_going is None or keep_going()):
            end = self._window_end(until)
            if not self.time_min < end <= until:
                return
            self._window(end)

    def advance_window(self) -> None:
        """Goes on by one window: to the next multiple of the scenario's window, or to a jump of the exposure before."""
        if self.finished:
            return
        steps = int(self.time_min / self.scenario.window_min) + 1
        while steps * self.scenario.window_min <= self.time_min:
            steps += 1
        self._window(min(self._window_end(steps * self.scenario.window_min), self.duration_min))

    def steer(self, insulin_nM: float, *, until_min: float | None = None) -> None:
        """Clamps insulin from now on, to the end of the scenario or to `until_min`; what was planned no longer applies.

        `scenario` becomes the steered one: run afresh, it gives this run's tables.
        """
        self.scenario = self.scenario.steered(self.time_min, insulin_nM, max(until_min or 0.0, self.duration_min))
        self._record.extend(self.duration_min)
        self._known_stretch = None
        self._insulin = self._insulin[:0]  # the row of this minute says what holds from now on

    def result(self) -> Result:
        """The tables up to now; of a run in progress those of the whole plan as far as they are known."""
        times, counts, mrna, passages = self._record.rows()
        log = self._joined_log()
        return tables(self.scenario, self.seed, self.replicate, times, counts, mrna, passages[1:], log)

    def so_far(self) -> Result:
        """The tables of a run that ends now: its scenario, run afresh, gives the same ones.

        Raises:
            ValueError: no time has passed yet.
        """
        if self.finished:
            return self.result()
        scenario = self.scenario.lasting(self.time_min)
        times, counts, mrna, passages = self._record.closed(self.time_min, self.counts, self.mrna)
        log = self._joined_log()
        return tables(scenario, self.seed, self.replicate, times, counts, mrna, passages[1:], log)

    def _joined_log(self) -> tuple[np.ndarray, np.ndarray, np.ndarray] | None:
        if len(self._logs) > 1:  # joined for good, so that asking again is cheap
            identities, times_min, transitions = (np.concatenate(column) for column in zip(*self._logs, strict=True))
            self._logs = [(identities, times_min, transitions)]
        return self._logs[0] if self._logs else None

    def _window(self, end: float) -> None:
        fractions = self.population.counts / self.scenario.receptors
        rates, mrna = self._rates(fractions, end)
        records = self._record.between(self.time_min, end)
        passages, counts = self.population.advance(rates, self.time_min, end, records)
        self._record.add(records, counts, self._mrna_at(records, end, mrna), passages)
        self.time_min, self.mrna = end, mrna
        if isinstance(self.population, Receptors):
            log = self.population.take_log()
            if len(log[0]):
                self._logs.append(log)

    def _rates(self, fractions: np.ndarray, end: float) -> tuple[np.ndarray, float]:
        stretch = self._stretch()
        insulin = stretch.level
        if insulin is None or end > stretch.to_min:
            insulin = self.scenario.protocol.mean(self.time_min, end)
        return self._window_rates(insulin, fractions, self.mrna, end - self.time_min)

    def _mrna_at(self, records: np.ndarray, end: float, mrna: float) -> np.ndarray:
        transcription = self.itinerary.transcription
        if transcription is None or mrna == self.mrna:
            return np.full(len(records), mrna)
        response = transcription.response_min
        way = np.expm1(-(records - self.time_min) / response) / math.expm1(-(end - self.time_min) / response)
        return self.mrna + (mrna - self.mrna) * way

    def _window_end(self, until: float) -> float:
        """Where the window that starts now ends.

        At every edge of the exposure; between edges on the grid that starts at the last one, where insulin is smooth
        or receptors are coupled. Elsewhere rates do not change, and a cut is for the patience of the caller alone.
        """
        end, free = self._law_end()
        if not free:
            return end
        if self.scenario.resolution != "agents":
            # A stretch split in two rounds, or is drawn, differently: cut only where records cut anyway.
            return min(end, self._record.next_after(self.time_min))
        return min(end, until, self.time_min + self._patience_min())

    def _law_end(self) -> tuple[float, bool]:
        """Until when the rates of a window that starts now may hold, and whether it may be cut anywhere before."""
        stretch, now = self._stretch(), self.time_min
        if not self.itinerary.couplings and stretch.level is not None:
            return stretch.to_min, True
        window = self.scenario.window_min
        steps = int((now - stretch.from_min) / window)
        while stretch.from_min + steps * window <= now:
            steps += 1
        return min(stretch.from_min + steps * window, stretch.to_min), False

    def _stretch(self) -> _Stretch:
        """The exposure between its last edge and its next one, read once."""
        known = self._known_stretch
        if known is None or not known.from_min <= self.time_min < known.to_min:
            protocol, now = self.scenario.protocol, self.time_min
            edges = protocol.edges
            following = bisect.bisect_right(edges, now)
            start = edges[following - 1] if following else 0.0
            end = edges[following] if following < len(edges) else math.inf
            level = protocol.value(now) if protocol.constant_between(now, end) else None
            known = self._known_stretch = _Stretch(start, min(end, max(self.duration_min, now)), level)
        return known

    def _patience_min(self) -> float:
        """Minutes that hold about 0.1 s of work, at the present pace of transitions and births, if somebody asks.

        Births are bounded in any case: those of one call are held side by side.
        """
        receptors = self.scenario.receptors
        rates = self._rates(self.population.counts / receptors, self.time_min + 1e-9)[0]
        inner = self.itinerary.sources
        births = float(rates[self.itinerary.synthesis].sum()) * receptors
        pace = births + float(rates @ np.where(inner >= 0, self.population.counts[inner], 0)) * self._asked
        return _EVENTS_PER_CALL / pace if pace > 0.0 else math.inf


def simulate(
    scenario: Scenario,
    *,
    seed: int = 1,
    replicate: int = 0,
    threads: int | None = None,
    progress: Callable[[float], None] | None = None,
) -> Result:
    """Runs a scenario from its start to its end.

    Args:
        seed, replicate: integers of at least 0; the same pair gives the same result to the last bit.
        threads: at most this many; no result depends on it.
        progress: called with the simulated minute, about every 0.1 s.
    """
    run = Run(scenario, seed=seed, replicate=replicate, threads=threads)

    def tell() -> bool:
        assert progress is not None
        progress(run.time_min)
        return True

    run.advance(keep_going=tell if progress is not None else None)
    return run.result()


def starting_cell(scenario: Scenario, *, seed: int, replicate: int) -> tuple[np.ndarray, float]:
    """Receptors per state (n_states,) at time 0 and the messenger.

    Integers where the scenario gives them; else proportions times one total, which is rounded once (or, if the scenario
    says so, drawn from a Poisson distribution) and then shared out at random by `agents`.
    """
    fractions, mrna = scenario.start_fractions
    if scenario.start.counts is not None:
        return np.array([scenario.start.counts.get(name, 0) for name in scenario.itinerary.state_names]), mrna
    total = float(fractions.sum() * scenario.receptors)
    if scenario.start.total == "rounded":
        whole = float(round(total))
    elif scenario.resolution == "mean":
        whole = total
    else:
        key = run_key(seed, replicate, "total")
        whole = float(np.random.Generator(np.random.Philox(int(key))).poisson(total))
    return fractions / fractions.sum() * whole if total > 0.0 else fractions, mrna


class _Record:
    """The rows of a run, at the multiples of the recording step and at the end."""

    def __init__(self, scenario: Scenario) -> None:
        self._step = scenario.record_min
        self._duration = scenario.duration_min
        self._parts: list[tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]] = []
        self._pending = np.zeros(len(scenario.itinerary.transitions), dtype=np.int64)

    def begin(self, counts: np.ndarray, mrna: float) -> None:
        self._parts.append((np.zeros(1), counts[None].copy(), np.array([mrna]), self._pending[None]))

    def between(self, start: float, end: float) -> np.ndarray:
        """Record times in (start, end], each a whole number of steps, and the end of the run."""
        first, last = int(start / self._step) - 1, int(end / self._step) + 2
        times = np.arange(max(first, 0), last) * self._step
        times = times[(times > start) & (times <= end)]
        if end >= self._duration:
            # A whole number of steps may round to just before the end; that is the end.
            times = np.append(times[times < end - 4.0 * math.ulp(end)], end)
        return times

    def next_after(self, now: float) -> float:
        return float(self.between(now, min(now + 2.0 * self._step, self._duration))[0])

    def add(self, records: np.ndarray, counts: np.ndarray, mrna: np.ndarray, passages: np.ndarray) -> None:
        """Takes a window: counts at each record, and passages up to each record and after the last."""
        passages[0] += self._pending.astype(passages.dtype)
        self._pending = passages[-1]
        if len(records):
            self._parts.append((records, counts, mrna, passages[:-1]))

    def extend(self, duration_min: float) -> None:
        """The run now lasts `duration_min`; a row that stood only because it was the end is given back."""
        times, counts, mrna, passages = self._parts[-1]
        ended = times[-1] == self._duration < duration_min
        if ended and round(times[-1] / self._step) * self._step != times[-1]:
            self._pending = self._pending + passages[-1]
            self._parts[-1] = times[:-1], counts[:-1], mrna[:-1], passages[:-1]
            if len(times) == 1:
                self._parts.pop()
        self._duration = duration_min

    def closed(
        self, end: float, counts: np.ndarray, mrna: float
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """`rows`, ending with a row of this minute."""
        columns = self.rows()
        if columns[0][-1] >= end - 4.0 * math.ulp(end):  # a whole number of steps that rounds to this minute is it
            return np.append(columns[0][:-1], end), *columns[1:]
        last = np.array([end]), counts[None], np.array([mrna]), self._pending[None]
        times, all_counts, messenger, passages = (np.concatenate(pair) for pair in zip(columns, last, strict=True))
        return times, all_counts, messenger, passages

    def save(self) -> dict[str, np.ndarray]:
        rows = dict(zip(_ROWS, self.rows(), strict=True)) | {"pending": self._pending}
        return {f"record.{name}": column.copy() for name, column in rows.items()}

    def take_up(self, saved: Mapping[str, np.ndarray]) -> None:
        times, counts, mrna, passages = (saved[f"record.{name}"] for name in _ROWS)
        self._parts, self._pending = [(times, counts, mrna, passages)], saved["record.pending"]

    def rows(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Times (n,), counts (n, n_states), mrna (n,), passages since the row before (n, n_transitions)."""
        if len(self._parts) > 1:  # joined for good, so that asking again is cheap
            times, counts, mrna, passages = (np.concatenate(column) for column in zip(*self._parts, strict=True))
            self._parts = [(times, counts, mrna, passages)]
        return self._parts[0]


def _check_seed(seed: int, replicate: int) -> None:
    for name, value, limit in (("seed", seed, 2**63), ("replicate", replicate, 2**32)):
        if isinstance(value, bool) or not isinstance(value, int | np.integer) or not 0 <= value < limit:
            raise ValueError(f"{name}: {value!r} given; an integer from 0 to {limit - 1} is needed")
