"""Every receptor of a cell, each an entry of a few arrays: state, target, identity, draws.

Receptors live in blocks that threads take one after another; who lies where means nothing, because each receptor has
its own random stream, named by its identity: the cell, how it came to be (present at the start, or made through which
synthesis arrow), and a number. A few evenly numbered ones are followed, and write down every transition.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from trafficking import compiled, kernel
from trafficking.itinerary import Itinerary

BLOCK = 16_384
ONE_THREAD_BELOW = 50_000
_TAGS = {"path": 1, "start": 2, "source": 3, "total": 4}


def run_key(seed: int, replicate: int, stream: str) -> np.uint64:
    """The key of one stream of a run: "path", "start", "source" or "total"; a pure function of its arguments."""
    words = np.random.SeedSequence((seed, replicate, _TAGS[stream])).generate_state(1, np.uint64)
    return words[0]


def identity_text(identity: int) -> str:
    """ "start-17" for a receptor present at the start, "born-42" for the 42nd made after it (numbers from 0)."""
    source, number = identity >> 56, identity & ((1 << 36) - 1)
    return f"start-{number}" if source == 0 else f"born-{number}" if source == 1 else f"born{source}-{number}"


def identities_of(source: int, numbers: np.ndarray) -> np.ndarray:
    """uint64 identities: 8 bits how it came to be (0: present at the start), 20 bits cell, 36 bits number."""
    return numbers.astype(np.uint64) | np.uint64(source << 56)


class Clocks:
    """The hazard clocks of all states and synthesis arrows, as the kernel reads them."""

    def __init__(self, itinerary: Itinerary, copy_number: float, now_min: float) -> None:
        self.itinerary = itinerary
        self.enters = itinerary.targets.astype(np.uint8)
        self.gone = itinerary.out
        self.left = np.where(itinerary.out, kernel.FREE_SLOT, np.arange(len(itinerary.states))).astype(np.uint8)
        self.arrow = _ways_out(itinerary)
        self.share = np.full(self.arrow.shape, np.inf)
        self.states = _standing_still(int(kernel.FREE_SLOT) + 1, now_min)
        self.sources = _standing_still(len(itinerary.synthesis), now_min)
        self._copy_number = copy_number

    def set_rates(self, rates: np.ndarray, now_min: float) -> None:
        """From `now_min` on the arrows have these rates; a clock whose rate stays the same is not touched."""
        kernel.set_rates(rates, now_min, self.states, self.share, self.arrow)
        for source, arrow in enumerate(self.itinerary.synthesis.tolist()):
            kernel.turn_clock(self.sources, source, float(rates[arrow]) * self._copy_number, now_min)
        if self.reading() > kernel.LONGEST_CLOCK:
            raise ValueError(
                "duration: a hazard clock passed 2^33 mean dwell times, beyond float precision; shorten the run or "
                "slow the fastest rate"
            )

    def saved(self) -> dict[str, np.ndarray]:
        """Anchors, readings and rates; the shares follow from the rates of the next window."""
        return {"states": self.states, "sources": self.sources}

    def take_up(self, saved: Mapping[str, np.ndarray]) -> None:
        self.states[:], self.sources[:] = saved["states"], saved["sources"]

    def reading(self) -> float:
        """The highest reading of all clocks at their anchors."""
        return max(clocks[kernel.READING :: kernel.WIDE].max(initial=0.0) for clocks in (self.states, self.sources))

    def tables(self) -> tuple[np.ndarray, ...]:
        return self.states, self.share, self.arrow, self.enters


def _standing_still(n: int, now_min: float) -> np.ndarray:
    clocks = np.zeros((n, kernel.WIDE))
    clocks[:, kernel.ANCHOR] = now_min
    clocks[:, kernel.ORIGIN] = np.inf
    return clocks.ravel()


def _ways_out(itinerary: Itinerary) -> np.ndarray:
    """(n_states * WIDE,) transitions out of each state in the itinerary's order, padded with NO_ARROW."""
    table = np.full((len(itinerary.states), kernel.WIDE), kernel.NO_ARROW)
    for state in range(len(table)):
        ways = np.flatnonzero(itinerary.sources == state)
        table[state, : len(ways)] = ways
    return table.ravel()


def counts_at_records(counts: np.ndarray, passages: np.ndarray, itinerary: Itinerary) -> np.ndarray:
    """(n_records, n_states) receptors at each record of a window that ends with `counts`, from its `passages`."""
    still_to_come = np.cumsum(passages[:0:-1], axis=0)[::-1]
    return counts - still_to_come @ itinerary.incidence


class Pool:
    """Receptors side by side: states (n,) uint8, targets (n,) float64, identities (n,) uint64, draws (n,) uint32."""

    def __init__(self, identities: np.ndarray, states: np.ndarray) -> None:
        self.states = states
        self.identities = identities
        self.targets = np.zeros(len(identities))
        self.draws = np.zeros(len(identities), dtype=np.uint32)

    @property
    def arrays(self) -> tuple[np.ndarray, ...]:
        return self.states, self.targets, self.identities, self.draws

    def take(self, slots: np.ndarray, other: Pool, chosen: np.ndarray) -> None:
        """Copies the `chosen` receptors of `other` into `slots`."""
        for mine, theirs in zip(self.arrays, other.arrays, strict=True):
            mine[slots] = theirs[chosen]

    def subset(self, chosen: np.ndarray) -> Pool:
        part = Pool(self.identities[chosen], self.states[chosen])
        part.targets[:], part.draws[:] = self.targets[chosen], self.draws[chosen]
        return part


class Synthesis:
    """The sources of one cell: each synthesis arrow makes receptors when its own hazard clock says so."""

    def __init__(self, clocks: Clocks, seed: int, replicate: int) -> None:
        key = run_key(seed, replicate, "source")
        self._clocks = clocks
        self._path = run_key(seed, replicate, "path")
        self._keys = [np.uint64(kernel.stream_key(key, np.uint64(i))) for i in range(len(clocks.itinerary.synthesis))]
        self._born = [0] * len(self._keys)
        self._next_reading = [float(kernel.source_wait(key, 0)) for key in self._keys]

    def saved(self) -> dict[str, np.ndarray]:
        """How many receptors each source has made, and when it makes the next."""
        return {"born": np.array(self._born, dtype=np.int64), "next_reading": np.array(self._next_reading, dtype=float)}

    def take_up(self, saved: Mapping[str, np.ndarray]) -> None:
        self._born, self._next_reading = saved["born"].tolist(), saved["next_reading"].tolist()

    def make(self, end_min: float) -> Iterator[tuple[int, Pool, np.ndarray]]:
        """Receptors made up to `end_min`: the arrow, the newborn (not yet advanced) and their minutes of birth."""
        buffer = np.zeros(4096)
        for source, arrow in enumerate(self._clocks.itinerary.synthesis.tolist()):
            made = len(buffer)
            while made == len(buffer):
                born = self._born[source]
                made, self._next_reading[source] = kernel.births(
                    self._keys[source], born, self._next_reading[source], self._clocks.sources, source, end_min, buffer
                )
                self._born[source] = born + made
                if made:
                    times = buffer[:made].copy()
                    state = np.full(made, self._clocks.enters[arrow], np.uint8)
                    pool = Pool(identities_of(source + 1, np.arange(born, born + made)), state)
                    kernel.settle(*pool.arrays, times, self._path, self._clocks.states)
                    pool.states[:] = self._clocks.left[state]  # one made into an end needs no slot
                    yield arrow, pool, times


def starting_receptors(start: np.ndarray, clocks: Clocks, seed: int, replicate: int) -> Iterator[Pool]:
    """The receptors of a starting cell in pools of at most BLOCK; those that start in an end leave their slot free.

    Args:
        start: (n_states,) either integers, taken as they are, or floats: proportions times a whole total, from which
            each receptor draws its state.
    """
    total = int(round(float(start.sum())))
    path, key = run_key(seed, replicate, "path"), run_key(seed, replicate, "start")
    bounds = np.cumsum(start)
    share = bounds / max(float(bounds[-1]), 1.0)
    share[np.flatnonzero(start)[-1:]] = np.inf
    for first in range(0, total, BLOCK):
        numbers = np.arange(first, min(first + BLOCK, total))
        pool = Pool(identities_of(0, numbers), np.zeros(len(numbers), np.uint8))
        if np.issubdtype(start.dtype, np.integer):
            pool.states[:] = np.searchsorted(bounds, numbers, side="right")
        else:
            kernel.draw_states(pool.states, pool.identities, key, share)
        kernel.settle(*pool.arrays, np.zeros(1), path, clocks.states)
        yield pool


class Receptors:
    """All receptors of one cell.

    counts: (n_states,) receptors now; an end holds all that ever arrived. followed: those that write down their path.
    """

    def __init__(
        self,
        itinerary: Itinerary,
        start: np.ndarray,
        *,
        copy_number: int,
        rates: np.ndarray | None,
        seed: int,
        replicate: int = 0,
        threads: int | None = None,
        follow: int = 0,
        saved: Mapping[str, np.ndarray] | None = None,
    ) -> None:
        """Draws the starting cell at time 0, or takes up one that was `saved` by `save`.

        Args:
            start: (n_states,), see `starting_receptors`.
            copy_number: R0 of the cell; scales synthesis.
            rates: (n_transitions,) of the first window; a saved cell needs none.
            threads: at most this many; default one per processor. No result depends on it.
            follow: at most this many of those present at the start are followed, those of evenly spaced numbers, and of
                the newborn the same share.
        """
        compiled.keep(kernel.ENTRIES, kernel.__file__)
        self._path = run_key(seed, replicate, "path")
        whole = max(copy_number, round(float(start.sum())))
        self._every = -(-whole // follow) if follow > 0 else 0
        self._threads = threads or os.cpu_count() or 1
        self._workers: ThreadPoolExecutor | None = None
        self._log: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
        self._blocks: list[Pool] = []
        self._cursor = (0, 0)
        self.clocks = Clocks(itinerary, copy_number, 0.0)
        self.counts = np.zeros(len(itinerary.states), dtype=np.int64)
        self.followed = Pool(np.zeros(0, np.uint64), np.zeros(0, np.uint8))
        self._synthesis = Synthesis(self.clocks, seed, replicate)
        if saved is not None:
            self._take_up(saved)
            return
        assert rates is not None
        self.clocks.set_rates(rates, 0.0)
        for pool in starting_receptors(start, self.clocks, seed, replicate):
            self.counts += np.bincount(pool.states, minlength=len(self.counts))
            pool.states[self.clocks.gone[pool.states]] = kernel.FREE_SLOT
            chosen = self._is_followed(pool.identities) & (pool.states != kernel.FREE_SLOT)
            self.followed = _joined(self.followed, pool.subset(chosen))
            pool.states[chosen] = kernel.FREE_SLOT
            self._blocks.append(pool)

    def save(self) -> dict[str, np.ndarray]:
        """Everything that the cell needs to go on, at the end of a window: receptors, clocks, sources, counts."""
        saved = {"counts": self.counts.copy()}
        for name, pools in (("crowd", self._blocks), ("followed", [self.followed])):
            alive = [pool.states != kernel.FREE_SLOT for pool in pools]
            for i, part in enumerate(("states", "targets", "identities", "draws")):
                columns = [pool.arrays[i][mask] for pool, mask in zip(pools, alive, strict=True)]
                saved[f"{name}.{part}"] = np.concatenate(columns) if columns else self.followed.arrays[i][:0]
        return (
            saved
            | {f"clocks.{name}": table.copy() for name, table in self.clocks.saved().items()}
            | {f"synthesis.{name}": table for name, table in self._synthesis.saved().items()}
        )

    def _take_up(self, saved: Mapping[str, np.ndarray]) -> None:
        def pool(name: str, part: slice) -> Pool:
            taken = Pool(saved[f"{name}.identities"][part].copy(), saved[f"{name}.states"][part].copy())
            taken.targets, taken.draws = saved[f"{name}.targets"][part].copy(), saved[f"{name}.draws"][part].copy()
            return taken

        self.counts = saved["counts"].copy()
        self.followed = pool("followed", slice(None))
        for first in range(0, len(saved["crowd.states"]), BLOCK):
            self._blocks.append(pool("crowd", slice(first, first + BLOCK)))
        self.clocks.take_up({name: saved[f"clocks.{name}"] for name in ("states", "sources")})
        self._synthesis.take_up({name: saved[f"synthesis.{name}"] for name in ("born", "next_reading")})

    def advance(
        self, rates: np.ndarray, start_min: float, end_min: float, records: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Carries every receptor from `start_min` to `end_min` under frozen `rates`; see `Expectation.advance`."""
        self.clocks.set_rates(rates, start_min)
        passages = np.zeros((len(records) + 1, len(rates)), dtype=np.int64)
        newborn = list(self._synthesis.make(end_min))
        since = np.array([start_min])
        for part in self._advance_crowd(since, end_min, records, passages.shape):
            passages += part
        self._advance_followed(self.followed, since, end_min, records, passages)
        for arrow, pool, times in newborn:
            np.add.at(passages[:, arrow], np.searchsorted(records, times), 1)
            self._admit(arrow, pool, times, end_min, records, passages)
        self.counts += passages.sum(axis=0) @ self.clocks.itinerary.incidence
        return passages, counts_at_records(self.counts, passages, self.clocks.itinerary)

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
        alive = self.followed.states != kernel.FREE_SLOT
        return self.followed.identities[alive], self.followed.states[alive]

    def _is_followed(self, identities: np.ndarray) -> np.ndarray:
        if not self._every:
            return np.zeros(len(identities), dtype=bool)
        return identities % np.uint64(1 << 36) % np.uint64(self._every) == 0

    def _advance_crowd(
        self, since: np.ndarray, end_min: float, records: np.ndarray, shape: tuple[int, ...]
    ) -> list[np.ndarray]:
        """Passages of the crowd, one array per thread; the threads take block after block from one list."""
        blocks = iter(self._blocks)

        def work() -> np.ndarray:
            passages = np.zeros(shape, dtype=np.int64)
            room = np.empty(BLOCK, np.uint8), np.empty(BLOCK, np.uint32)
            for block in blocks:
                kernel.advance(*block.arrays, since, *self._surroundings(end_min, records, passages), *room)
            return passages

        threads = min(self._threads, len(self._blocks))
        if threads < 2 or len(self._blocks) * BLOCK < ONE_THREAD_BELOW:
            return [work()]
        if self._workers is None:
            self._workers = ThreadPoolExecutor(self._threads, thread_name_prefix="receptors")
        return [job.result() for job in [self._workers.submit(work) for _ in range(threads)]]

    def _surroundings(self, end_min: float, records: np.ndarray, passages: np.ndarray) -> tuple[Any, ...]:
        """What the kernel needs besides receptors, in its order."""
        return self._path, end_min, *self.clocks.tables(), self.clocks.left, records, passages

    def _advance_followed(
        self, pool: Pool, since: np.ndarray, end_min: float, records: np.ndarray, passages: np.ndarray
    ) -> None:
        done, room = 0, 4 * len(pool.states) + 64
        while done < len(pool.states):
            log = np.zeros(room, np.int64), np.zeros(room), np.zeros(room, np.int64)
            rest = tuple(array[done:] for array in pool.arrays)
            when = since if len(since) == 1 else since[done:]
            carried, rows = kernel.advance_followed(*rest, when, *self._surroundings(end_min, records, passages), *log)
            if rows:
                self._log.append((pool.identities[done:][log[0][:rows]], log[1][:rows].copy(), log[2][:rows].copy()))
            done += carried
            room *= 2

    def _admit(
        self, arrow: int, pool: Pool, times: np.ndarray, end_min: float, records: np.ndarray, passages: np.ndarray
    ) -> None:
        """Newborn receptors live from their birth to the window's end, then find a slot among the others."""
        chosen = self._is_followed(pool.identities)
        special, crowd = pool.subset(chosen), pool.subset(~chosen)
        if len(special.states):
            self._log.append((special.identities.copy(), times[chosen], np.full(len(special.states), arrow)))
            self._advance_followed(special, times[chosen], end_min, records, passages)
            self.followed = _joined(self.followed, special)
        if len(crowd.states):
            room = np.empty(len(crowd.states), np.uint8), np.empty(len(crowd.states), np.uint32)
            kernel.advance(*crowd.arrays, times[~chosen], *self._surroundings(end_min, records, passages), *room)
            self._house(crowd)

    def _house(self, crowd: Pool) -> None:
        """Finds slots for the living, from where the last search ended; opens a block when all are full."""
        waiting = np.flatnonzero(crowd.states != kernel.FREE_SLOT)
        number, cursor = self._cursor
        passed = 0
        slots = np.zeros(len(waiting), np.int64)
        while len(waiting):
            if passed > len(self._blocks) or not self._blocks:
                pool = Pool(np.zeros(BLOCK, np.uint64), np.full(BLOCK, kernel.FREE_SLOT))
                self._blocks.append(pool)
                number, cursor = len(self._blocks) - 1, 0
            block = self._blocks[number % len(self._blocks)]
            found, cursor = kernel.place(block.states, cursor, len(waiting), slots)
            block.take(slots[:found], crowd, waiting[:found])
            waiting = waiting[found:]
            if len(waiting):
                number, cursor, passed = (number + 1) % len(self._blocks), 0, passed + 1
        self._cursor = number, cursor


def _joined(one: Pool, other: Pool) -> Pool:
    """The living of both, one after the other."""
    alive = [pool.subset(pool.states != kernel.FREE_SLOT) for pool in (one, other)]
    pool = Pool(*(np.concatenate([getattr(part, name) for part in alive]) for name in ("identities", "states")))
    pool.targets = np.concatenate([part.targets for part in alive])
    pool.draws = np.concatenate([part.draws for part in alive])
    return pool
