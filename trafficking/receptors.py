"""Every receptor of every cell, each an entry of a few arrays: state, target, identity, draws.

Receptors lie in slabs (`slots`) of which threads take one stretch after another. A few evenly numbered ones are
followed, and write down every transition.
"""

from __future__ import annotations

import math
import os
from collections import deque
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, wait
from typing import NamedTuple

import numpy as np

from trafficking import births, compiled, crowd, kernel, moves, slots, stream, tally, windows
from trafficking.cells import Cells, Start
from trafficking.clocks import Clocks
from trafficking.identity import number_of
from trafficking.itinerary import Itinerary
from trafficking.slots import Slab
from trafficking.synthesis import Newborn, Synthesis
from trafficking.tally import Passed, Tally
from trafficking.window import WindowRates
from trafficking.windows import SLOT_NS, TRANSITION_NS, Plan

ALONE_BELOW_NS = 400_000.0  # work of a window that one thread does sooner than it wakes another
_MOST_JOINED = 1 << 20  # slots of several slabs that are still joined into one, for many windows in one call
_MOST_SLABS = 12  # each window looks at every cell in every slab
_MOST_WAITING = 65_536  # newborn without a slot that wait until one slab is added for all of them
_MOST_NS = 1e8  # of work in one call
_LEAST_STRETCH, _MOST_STRETCH = 8_192, 131_072  # slots of one call into the kernel
_STRETCHES_PER_THREAD = 12
_LINE = 16  # numbers, more than a line of memory
_WINDOWS_TO_TIDY = 64
_WINDOWS_TO_SORT = 256
_MOST_TALLIED = 2**25  # numbers, of all threads but one: each counts for itself, cell by cell
_COLUMNS = ("states", "targets", "identities", "draws")


class Receptors:
    """All receptors of all cells.

    counts: (n_cells, n_states) receptors now; an end holds all that ever arrived.
    """

    def __init__(
        self,
        itinerary: Itinerary,
        start: Start,
        *,
        cells: Cells,
        threads: int | None = None,
        follow: int = 0,
        rates: np.ndarray | None = None,
        saved: Mapping[str, np.ndarray] | None = None,
        **_: object,
    ) -> None:
        """Draws the starting cells at time 0, or takes up those that were `saved` by `save`.

        Args:
            threads: at most this many; default one per processor. No result depends on it.
            follow: at most about this many of those present at the start are followed, evenly spaced in number, and of
                the newborn the same share.
            rates: (n_cells, n_transitions) of the first window; saved cells need none.
        """
        compile_all()
        self.clocks = Clocks(itinerary, cells)
        self._synthesis = Synthesis(self.clocks)
        whole = max(float(cells.copy_number.sum()), float(start.totals.sum()))
        self._every = max(math.ceil(whole / follow), 1) if follow > 0 else 0
        self._threads = threads or os.cpu_count() or 1
        self._workers: ThreadPoolExecutor | None = None
        self._windows = self._sort_after = 0
        self._work_ns = math.inf  # of the last window
        self._log: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
        self._followed = _nobody()
        if saved is not None:
            self._take_up(saved)
            return
        assert rates is not None
        self.clocks.begin_window(rates, 0.0, 0.0, np.zeros((len(cells), len(itinerary.states)), np.int64))
        slab, self.counts = starting_slab(start, self.clocks)
        self._slabs = [slab]
        if self._every:
            self._follow_some(slab)
            slab.compact()
        self._in_use = slab.in_use

    # -- saved and taken up ----------------------------------------------------------------------------------------

    def save(self) -> dict[str, np.ndarray]:
        """Everything that the cells need to go on, at the end of a window: receptors, clocks, sources, counts."""
        totals, columns = slots.gathered(self._slabs)
        saved = {"counts": self.counts.copy(), "crowd.cells": totals}
        for name, column, followed in zip(_COLUMNS, columns, self._followed.columns, strict=True):
            saved[f"crowd.{name}"], saved[f"followed.{name}"] = column, followed.copy()
        return (
            saved
            | {"followed.cells": self._followed.cells.copy()}
            | {f"clocks.{name}": table for name, table in self.clocks.saved().items()}
            | {f"synthesis.{name}": table for name, table in self._synthesis.saved().items()}
        )

    def _take_up(self, saved: Mapping[str, np.ndarray]) -> None:
        columns = tuple(saved[f"crowd.{name}"] for name in _COLUMNS)
        slab = slots.filled(slots.roomy(saved["crowd.cells"]), saved["crowd.cells"], columns, self.clocks.free)
        self._slabs, self._in_use = [slab], slab.in_use
        self.counts = saved["counts"].copy()
        self._followed = _Followed(saved["followed.cells"], *(saved[f"followed.{name}"].copy() for name in _COLUMNS))
        self.clocks.take_up({name: saved[f"clocks.{name}"] for name in ("states", "sources")})
        self._synthesis.take_up({name: saved[f"synthesis.{name}"] for name in ("born", "next_reading")})

    # -- going on --------------------------------------------------------------------------------------------------

    def advance(
        self,
        rates: np.ndarray,
        start_min: float,
        end_min: float,
        records: np.ndarray,
        cell_records: np.ndarray | None = None,
    ) -> Passed:
        """Carries every receptor from `start_min` to `end_min` under frozen `rates`.

        Args:
            rates: (n_cells, n_transitions), as `Itinerary.rates`.
            records: rising times in (start_min, end_min] at which counts are wanted. cell_records: those among them at
                which each cell's own are.
        """
        seen = Tally(records, cell_records, len(self.counts), rates.shape[1])
        expected = self.clocks.begin_window(rates, start_min, end_min, self.counts)
        self._work_ns = self._in_use * SLOT_NS + expected * TRANSITION_NS
        self._advance_crowd(start_min, end_min, seen, 1 if self._work_ns < ALONE_BELOW_NS else self._threads)
        if len(self._followed.cells):
            self._advance_followed(self._followed, np.full(len(self._followed.cells), start_min), end_min, seen)
            self._followed = self._followed.alive(self.clocks.free)
        waiting: list[_Followed] = []
        for newborn in self._synthesis.make(end_min):
            waiting.append(self._admit(newborn, end_min, seen))
            if sum(len(some.cells) for some in waiting) >= _MOST_WAITING:
                self._add_room(waiting)
                waiting = []
        self._add_room(waiting)
        self._in_use = sum(slab.in_use for slab in self._slabs)
        passed = seen.close(self.counts, self.clocks.itinerary)
        self._windows += 1
        if self._windows % _WINDOWS_TO_TIDY == 0:
            self._tidy(end_min, end_min - start_min)
        return passed

    @property
    def windows_at_once(self) -> int:
        """How many windows `advance_many` should be given; less than 2 if it does not pay."""
        scattered = len(self._slabs) > 1 and self._in_use > _MOST_JOINED
        if scattered or (self._threads > 1 and self._work_ns >= ALONE_BELOW_NS):
            return 0
        return min(_WINDOWS_TO_TIDY - self._windows % _WINDOWS_TO_TIDY, _MOST_TALLIED // self.counts.size)

    def advance_many(self, plan: Plan, law: WindowRates, mrna: np.ndarray) -> tuple[int, Passed, np.ndarray]:
        """`advance` through one window of a plan after another, with their rates, on one thread.

        Args:
            law: gives the rates of each window. mrna: (n_cells,) the messenger at the start.

        Returns:
            How many windows were carried, at least one: fewer than planned where room is short or it takes long. What
            was recorded in them; (windows + 1, n_cells) the messenger at their start and ends.
        """
        if len(self._slabs) > 1:
            totals, columns = slots.gathered(self._slabs)
            self._slabs = [slots.filled(slots.roomy(3 * totals // 2), totals, columns, self.clocks.free)]
        slab, clocks, cells_of = self._slabs[0], self.clocks, self.clocks.cells
        n_arrows, record = len(clocks.itinerary.transitions), plan.tables()
        messenger = np.empty((len(plan) + 1, len(self.counts)))
        messenger[0] = mrna
        passed = Passed(
            np.zeros((len(plan.records_min) + 1, n_arrows), np.int64),
            np.zeros((len(plan.records_min), self.counts.shape[1]), np.int64),
            np.zeros((record[3][-1], *self.counts.shape), np.int64),
        )
        done, expected, highest, followed, log, lost = windows.carry(
            plan.start_min, plan.ends_min, plan.insulin_nM, law.tables,
            (cells_of.copy_number, cells_of.making, cells_of.bits, cells_of.path),
            clocks.all_tables,
            slab.tables, self._synthesis.tables, tuple(self._followed), self._every, record,
            (self.counts, messenger, passed.passages, passed.counts, passed.cells),
            windows.workspace(record, len(self.counts), n_arrows), _MOST_NS,
        )  # fmt: skip
        clocks.check(highest)
        self._followed = _Followed(*followed)
        if len(log[0]):
            self._log.append((log[0], log[1], log[2]))
        self._add_room([_Followed(*lost)])
        self._in_use = sum(each.in_use for each in self._slabs)
        self._work_ns = self._in_use * SLOT_NS + expected * TRANSITION_NS
        self._windows += done
        if self._windows % _WINDOWS_TO_TIDY == 0:
            self._tidy(plan.ends_min[done - 1], plan.ends_min[1] - plan.ends_min[0])
        rows, cell_rows = record[2][done], record[3][done]
        passed = Passed(passed.passages[: rows + 1], passed.counts[:rows], passed.cells[:cell_rows])
        return done, passed, messenger[: done + 1]

    def treat(self, to: np.ndarray, keep: np.ndarray, occasion: int, now_min: float) -> None:
        """Moves every receptor at `now_min`, the end of the last window.

        Args:
            to: (n_states,) the state into which each goes, of the same ways out as its own. keep: (n_states,) the
                chance that it stays in the cell. occasion: which division this is.
        """
        keys = self.clocks.cells.division
        for slab in self._slabs:
            moves.move_slab(slab, self.counts, slab.vacant, keys, occasion, to, keep)
        others, before = self._followed, self._followed.states.astype(np.int64)
        stays = moves.staying(others.identities, keys[others.cells], occasion, keep[before])
        after = np.where(stays, to[before], len(to))
        np.add.at(self.counts, (others.cells, before), -1)
        np.add.at(self.counts, (others.cells[stays], after[stays]), 1)
        # In the log, numbers beyond the transitions say from where to where; the last state is the other daughter.
        codes = len(self.clocks.enters) + before * (len(to) + 1) + after
        moved = np.flatnonzero(after != before)
        self._log.append((others.identities[moved], np.full(len(moved), now_min), codes[moved]))
        others.states[:] = np.where(stays, after, self.clocks.free)
        self._followed = others.alive(self.clocks.free)

    def take_log(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Transitions of the followed since the last call, in order of time: identities, times (min), transitions."""
        log, self._log = self._log, []
        if not log:
            return np.zeros(0, np.uint64), np.zeros(0), np.zeros(0, np.int64)
        identities, times, transitions = (np.concatenate(column) for column in zip(*log, strict=True))
        # A stable sort keeps the path of one receptor in order even where two of its events round to one time.
        order = np.lexsort((identities, times))
        return identities[order], times[order], transitions[order]

    def followed_alive(self) -> tuple[np.ndarray, np.ndarray]:
        """Identities (uint64) and states (uint8) of the followed receptors that are alive."""
        return self._followed.identities, self._followed.states

    def living(self) -> Iterator[tuple[np.ndarray, ...]]:
        """states, targets, identities and draws of all receptors alive, the followed ones last."""
        for slab in self._slabs:
            yield slab.living()[1]
        yield self._followed.columns

    def sampled(self, key: np.uint64, below: int) -> tuple[np.ndarray, np.ndarray]:
        """Identities (uint64) and states (uint8) of those alive whose lot, by `key`, is at most `below`."""
        columns = [(slab.states, slab.identities) for slab in self._slabs]
        columns.append((self._followed.states, self._followed.identities))
        chosen = [slots.sampled(*each, self.clocks.free, key, np.uint64(below)) for each in columns]
        return np.concatenate([who for who, _ in chosen]), np.concatenate([state for _, state in chosen])

    def _advance_crowd(self, start_min: float, end_min: float, seen: Tally, threads: int) -> None:
        """The threads take stretch after stretch from one list, this thread among them."""
        length = _MOST_STRETCH
        threads = max(1, min(threads, 1 + _MOST_TALLIED // seen.by_cell.size))
        if threads > 1:
            length = min(max(self._in_use // (threads * _STRETCHES_PER_THREAD), _LEAST_STRETCH), _MOST_STRETCH)
        length = -(-length // kernel.GROUP) * kernel.GROUP
        ends = [len(slab.states) for slab in self._slabs]
        stretches = iter([(at, low) for at, end in enumerate(ends) for low in range(0, end, length)])
        keys, clocks = self.clocks.cells.path, self.clocks

        def work(mine: Tally, vacant: np.ndarray) -> Tally:
            room = _apart(mine.passages.shape), *crowd.room_to_work()
            for at, low in stretches:
                slab = self._slabs[at]
                crowd.advance(
                    *slab.columns, slab.alarms, low, min(low + length, ends[at]), slab.first, slab.used, keys,
                    start_min, end_min, *clocks.tables, clocks.alarm, clocks.left, *mine.tables, vacant[at], *room,
                )  # fmt: skip
            return mine

        vacant = [_apart((len(self._slabs), len(self.counts))) for _ in range(threads)]
        if threads > 1 and self._workers is None:
            self._workers = ThreadPoolExecutor(self._threads - 1, thread_name_prefix="receptors")
        others = []
        try:
            if self._workers is not None:
                others = [self._workers.submit(work, seen.another(), vacant[i]) for i in range(1, threads)]
            work(seen, vacant[0])
        finally:
            deque(stretches, maxlen=0)  # whatever happened here, nobody starts on another stretch
            wait(others)
        for other in others:
            seen.add(other.result())
        for left in vacant:
            for slab, slots_left in zip(self._slabs, left, strict=True):
                slab.vacant += slots_left

    def _advance_followed(self, followed: _Followed, since: np.ndarray, end_min: float, seen: Tally) -> None:
        done, room = 0, 4 * len(since) + 64
        while done < len(since):
            log = np.zeros(room, np.int64), np.zeros(room), np.zeros(room, np.int64)
            rest = (array[done:] for array in (*followed.columns, followed.cells, since))
            carried, rows = crowd.advance_followed(
                *rest, self.clocks.cells.path, end_min, *self.clocks.tables, self.clocks.left, *seen.tables, *log
            )
            if rows:
                self._log.append(
                    (followed.identities[done:][log[0][:rows]], log[1][:rows].copy(), log[2][:rows].copy())
                )
            done += carried
            room *= 2

    def _admit(self, newborn: Newborn, end_min: float, seen: Tally) -> _Followed:
        """Newborn receptors live from their birth to the window's end, then find a slot; those that found none."""
        n, clocks = len(newborn.cells), self.clocks
        apart = np.zeros(n, dtype=bool)
        if self._every:
            apart = self._is_followed(newborn.identities, newborn.cells)
        births.advance_newborn(
            *newborn.columns, newborn.cells, newborn.born_min, newborn.arrows, apart, clocks.cells.path, end_min,
            *clocks.tables, clocks.left, *seen.tables,
        )  # fmt: skip
        alive = newborn.states != clocks.free
        if apart.any():
            arrows = newborn.arrows[apart].astype(np.int64)
            self._log.append((newborn.identities[apart], newborn.born_min[apart], arrows))
            living = apart & alive
            chosen = _Followed(newborn.cells[living], *(column[living] for column in newborn.columns))
            self._advance_followed(chosen, newborn.born_min[living], end_min, seen)
            self._followed = self._followed.and_(chosen.alive(clocks.free))
        waiting = np.flatnonzero(alive & ~apart)
        for slab in self._slabs:
            if not len(waiting):
                break
            waiting = waiting[: slab.house(newborn.columns, newborn.cells, waiting, len(waiting))]
        return _Followed(newborn.cells[waiting], *(column[waiting] for column in newborn.columns))

    def _add_room(self, waiting: list[_Followed]) -> None:
        """Adds a slab for newborn receptors that found no slot.

        Cells that are nearly full get room too, and the two smallest slabs are joined where there are too many: slabs
        stay few however many cells grow, and each receptor is moved rarely.
        """
        if not any(len(some.cells) for some in waiting):
            return
        some = _Followed(*(np.concatenate(column) for column in zip(*waiting, strict=True)))
        have = np.sum([np.diff(slab.first) for slab in self._slabs], axis=0)
        used = np.sum([slab.used - slab.first[:-1] for slab in self._slabs], axis=0)
        room = slots.room_to_grow(have, used > 0.95 * have, np.bincount(some.cells, minlength=len(have)))
        slab = Slab(room, self.clocks.free)
        slab.house(some.columns, some.cells, np.arange(len(some.cells)), len(some.cells))
        self._slabs = [*self._slabs, slab]
        while len(self._slabs) > _MOST_SLABS:
            *larger, one, other = sorted(self._slabs, key=lambda slab: slab.in_use, reverse=True)
            self._slabs = [*larger, slots.joined(one, other)]

    def _tidy(self, now_min: float, window_min: float) -> None:
        """Closes the gaps once they are most of the slots, so that they are not looked at for ever, and puts those in
        order who sleep."""
        vacant = sum(int(slab.vacant.sum()) for slab in self._slabs)
        if vacant > self._in_use // 2 + kernel.GROUP * len(self.counts):
            for slab in self._slabs:
                slab.compact()
            self._in_use = sum(slab.in_use for slab in self._slabs)
        if self._windows >= self._sort_after and self.clocks.alarm[:, kernel.QUIET].all():
            for slab in self._slabs:
                slab.sort(self.clocks.states, now_min, _WINDOWS_TO_SORT * window_min)
            self._sort_after = self._windows + _WINDOWS_TO_SORT

    # -- the followed ----------------------------------------------------------------------------------------------

    def _follow_some(self, slab: Slab) -> None:
        """Takes the followed out of the starting slab: every so many, counted across the cells."""
        totals, n = slab.used - slab.first[:-1], len(slab.used)
        counted = np.arange(0, int(totals.max(initial=0)) * n, self._every)
        numbers, cells = counted // n, counted % n
        chosen = numbers < totals[cells]
        numbers, cells = numbers[chosen], cells[chosen]
        where = slab.first[:-1][cells] + numbers
        alive = slab.states[where] != slab.free
        where, cells = where[alive], cells[alive]
        self._followed = _Followed(cells, *(column[where] for column in slab.columns))
        slab.states[where] = slab.free

    def _is_followed(self, identities: np.ndarray, cells: np.ndarray) -> np.ndarray:
        return (number_of(identities) * len(self.counts) + cells) % self._every == 0


class _Followed(NamedTuple):
    """Receptors side by side: the cell of each, (n,) int64, and the columns of a slab."""

    cells: np.ndarray
    states: np.ndarray
    targets: np.ndarray
    identities: np.ndarray
    draws: np.ndarray

    @property
    def columns(self) -> tuple[np.ndarray, ...]:
        return self[1:]

    def alive(self, free: int) -> _Followed:
        living = self.states != free
        return self if living.all() else _Followed(*(column[living] for column in self))

    def and_(self, others: _Followed) -> _Followed:
        return _Followed(*(np.concatenate(pair) for pair in zip(self, others, strict=True)))


def _nobody() -> _Followed:
    return _Followed(
        np.zeros(0, np.int64), np.zeros(0, np.uint8), np.zeros(0), np.zeros(0, np.uint64), np.zeros(0, np.uint32)
    )


def starting_slab(start: Start, clocks: Clocks) -> tuple[Slab, np.ndarray]:
    """The receptors of the starting cells, those that start in an end left out, and (n_cells, n_states) counts."""
    cells = clocks.cells
    totals = np.rint(start.totals).astype(np.int64)
    slab = Slab(slots.roomy(totals), clocks.free)
    share, bounds = np.zeros(0), np.zeros(0, np.int64)
    if start.placed is not None:
        bounds = np.cumsum(start.placed)
    else:
        share = np.cumsum(start.shares)
        share[np.flatnonzero(start.shares)[-1:]] = np.inf
    counts = np.zeros((len(cells), len(start.shares)), np.int64)
    slots.begin(
        *slab.columns, slab.first, slab.used, totals, cells.bits, cells.start, cells.path, share, bounds,
        clocks.left, clocks.states, counts,
    )  # fmt: skip
    return slab, counts


def _apart(shape: tuple[int, ...]) -> np.ndarray:
    """Zeros (int64) that share no line of memory with another thread's, which would slow both."""
    size = math.prod(shape)
    return np.zeros(size + 2 * _LINE, np.int64)[_LINE : _LINE + size].reshape(shape)


def compile_all() -> None:
    """Lets all compiled code of the receptors be kept between runs."""
    compiled.keep(kernel.ENTRIES, kernel.__file__, stream.__file__)
    compiled.keep(crowd.ENTRIES, crowd.__file__, kernel.__file__, stream.__file__)
    compiled.keep(slots.ENTRIES, slots.__file__, kernel.__file__, stream.__file__)
    compiled.keep(births.ENTRIES, births.__file__, kernel.__file__, stream.__file__)
    windows.compile_all()
    compiled.keep(tally.ENTRIES, tally.__file__, stream.__file__)
    compiled.keep(moves.ENTRIES, moves.__file__, stream.__file__)
    compiled.keep(stream.ENTRIES, stream.__file__)
