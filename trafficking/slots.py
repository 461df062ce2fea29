"""Where receptors are kept: slots in a few slabs, each with a region for every cell.

Receptors mostly stay where they are for life; a slot whose receptor has left is free, and the next newborn of its cell
takes it. Where cells have no room left a slab is added for all of them, and nothing is copied; only where slabs become
many are the two smallest joined. Who lies where means nothing: each receptor has its own random stream, named by its
identity.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np

from trafficking.kernel import GROUP, enter_state, leaving_time
from trafficking.stream import draw_uniform, jitted, stream_key

_LEAST_ROOM = 2 * GROUP  # of a cell in a new slab
_SORTED = 65_536  # slots of a stretch that is sorted by itself: its room is all that sorting needs
_BUCKETS = 1_024
_SPARSE = 64  # slots to one free one, beyond which none is sought


class Slab:
    """Receptors side by side: states (n,) uint8, targets (n,) float64, identities (n,) uint64, draws (n,) uint32.

    The region of cell c is [first[c], first[c + 1]); beyond used[c] it was never used. alarms: (n / GROUP,), see
    `kernel`. A slot of state `free` holds nobody. seek: (n_cells,) where the search for a free slot goes on. vacant:
    (n_cells,) int64, how many of the used slots are free.
    """

    def __init__(self, room: np.ndarray, free: int) -> None:
        """room: (n_cells,) slots that each cell needs at least."""
        self.first = np.zeros(len(room) + 1, dtype=np.int64)
        np.cumsum(-(-room // GROUP) * GROUP, out=self.first[1:])
        self.used, self.seek = self.first[:-1].copy(), self.first[:-1].copy()
        self.vacant = np.zeros(len(room), dtype=np.int64)
        n = int(self.first[-1])
        self.free = free
        self.states = np.full(n, free, dtype=np.uint8)
        self.targets, self.identities = np.zeros(n), np.zeros(n, dtype=np.uint64)
        self.draws = np.zeros(n, dtype=np.uint32)
        self.alarms = np.full(n // GROUP, -math.inf)

    @property
    def columns(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        return self.states, self.targets, self.identities, self.draws

    @property
    def tables(self) -> tuple[np.ndarray, ...]:
        """columns, alarms, first, used, seek and vacant."""
        return *self.columns, self.alarms, self.first, self.used, self.seek, self.vacant

    @property
    def held(self) -> np.ndarray:
        """(n_cells,) receptors at most: slots that were used, without those known to be free again."""
        return self.used - self.first[:-1] - self.vacant

    @property
    def in_use(self) -> int:
        """Slots that are looked at, free ones among them."""
        return in_use(self.first, self.used)

    def house(self, newborn: tuple[np.ndarray, ...], cells: np.ndarray, waiting: np.ndarray, n: int) -> int:
        """Gives slots to the first `n` of the newborn (columns) whom `waiting` names; how many found none.

        They stand first in `waiting` then.
        """
        return house(*self.tables, self.free, *newborn, cells, waiting, n)

    def compact(self) -> None:
        """Moves the receptors of each cell to the front of its region, in place."""
        compact(*self.tables, self.free)

    def sort(self, clock: np.ndarray, now_min: float, horizon_min: float) -> None:
        """Puts those side by side who leave their state at about the same time, in stretches, so that few groups are
        woken by a window in which few receptors move, and memory is read in order.

        clock: (n_cells, ...), see `kernel`. horizon_min: from `now_min`; who leaves later keeps the present order.
        """
        columns = self.states, self.targets, self.identities, self.draws
        room = tuple(np.empty(_SORTED, column.dtype) for column in columns)
        order, buckets = np.empty(_SORTED, np.uint32), np.empty(_SORTED, np.uint32)
        begins = np.empty(_BUCKETS + 3, np.int64)
        mine = *columns, self.alarms, self.first, self.used, self.free
        sort(*mine, clock, now_min, horizon_min, order, buckets, begins, *room)

    def living(self) -> tuple[np.ndarray, tuple[np.ndarray, ...]]:
        """The receptors that are alive, cell by cell: the cell of each (n,) int64, and their columns."""
        slots = np.flatnonzero(self.states != self.free)
        return np.searchsorted(self.first, slots, side="right") - 1, tuple(column[slots] for column in self.columns)


def filled(room: np.ndarray, totals: np.ndarray, columns: tuple[np.ndarray, ...], free: int) -> Slab:
    """A slab of receptors that come cell by cell.

    room: (n_cells,) slots. totals: (n_cells,) receptors of each. columns: theirs, see `Slab`.
    """
    slab = Slab(room, free)
    where = np.arange(totals.sum()) + np.repeat(slab.first[:-1] - (np.cumsum(totals) - totals), totals)
    for mine, given in zip(slab.columns, columns, strict=True):
        mine[where] = given
    slab.used += totals
    return slab


def joined(one: Slab, other: Slab) -> Slab:
    """The receptors of two slabs in one, with room to grow for the cells that have some there."""
    held = one.held + other.held
    slab = Slab(np.where(held > 0, np.maximum(3 * held // 2, _LEAST_ROOM), 0), one.free)
    for each in (one, other):
        pour(*each.columns, each.first, each.used, each.free, *slab.columns, slab.used)
    return slab


def gathered(slabs: Iterable[Slab]) -> tuple[np.ndarray, tuple[np.ndarray, ...]]:
    """The receptors of some slabs, cell by cell: (n_cells,) how many each has, and their columns."""
    slabs = list(slabs)
    totals = np.zeros(len(slabs[0].used), np.int64)
    for slab in slabs:
        add_alive(slab.states, slab.first, slab.used, slab.free, totals)
    ends = np.cumsum(totals) - totals
    columns = tuple(np.empty(totals.sum(), column.dtype) for column in slabs[0].columns)
    for slab in slabs:
        pour(*slab.columns, slab.first, slab.used, slab.free, *columns, ends)
    return totals, columns


def sampled(
    states: np.ndarray, identities: np.ndarray, free: int, key: np.uint64, below: np.uint64
) -> tuple[np.ndarray, np.ndarray]:
    """Identities (k,) uint64 and states (k,) uint8 of the receptors in some slots whose lot is at most `below`.

    key: of the stream that the lots are drawn from, a 64-bit word for each identity.
    """
    chosen = np.empty(len(states), dtype=bool)
    _draw_lots(states, identities, np.uint8(free), key, below, chosen)
    return identities[chosen], states[chosen]


def roomy(totals: np.ndarray) -> np.ndarray:
    """(n_cells,) slots for cells that hold about `totals` receptors and scatter as random numbers do."""
    return (totals + 6.0 * np.sqrt(totals) + 8.0).astype(np.int64)


def room_to_grow(slots: np.ndarray, needy: np.ndarray, waiting: np.ndarray) -> np.ndarray:
    """(n_cells,) slots of a further slab for cells that have `slots`, where they are `needy` (bool) or somebody waits.

    Generous, so that slabs stay few: what is never used costs two bytes of memory per slot. waiting: (n_cells,)
    receptors that must find a slot.
    """
    room = np.maximum(np.maximum(slots // 2, _LEAST_ROOM), 9 * waiting // 8)
    return np.where(needy | (waiting > 0), room, 0)


@jitted
def begin(
    states,
    targets,
    identities,
    draws,
    first,
    used,
    totals,
    bits,
    starts,
    paths,
    share,
    bounds,
    left,
    clock,
    counts,
):
    """Fills the slots with the receptors of the starting cells, and counts them.

    Args:
        totals: (n_cells,) receptors. bits, starts, paths: (n_cells,) uint64, see `Cells`.
        share: (n_states,) cumulative chances of the states, the last one infinite; or none, and then
        bounds: (n_states,) the numbers at which each state ends. counts: (n_cells, n_states) int64, added to.
    """
    for cell in range(len(totals)):
        used[cell] = first[cell] + totals[cell]
        for number in range(totals[cell]):
            identity = bits[cell] | np.uint64(number)
            state = 0
            if len(share) > 0:
                chance = draw_uniform(stream_key(starts[cell], identity), 0)
                while chance >= share[state]:
                    state += 1
            else:
                while number >= bounds[state]:
                    state += 1
            counts[cell, state] += 1
            slot = first[cell] + number
            target, draw = enter_state(state, 0.0, stream_key(paths[cell], identity), 0, clock[cell])
            states[slot], targets[slot], identities[slot], draws[slot] = left[state], target, identity, np.uint32(draw)


@jitted
def house(
    states,
    targets,
    identities,
    draws,
    alarms,
    first,
    used,
    seek,
    vacant,
    free,
    new_states,
    new_targets,
    new_identities,
    new_draws,
    cells,
    waiting,
    n,
):
    """See `Slab.house`. Each cell's free slots are sought once around its region, from where the last search ended, if
    there are enough for that to be short."""
    homeless = slot = steps = 0
    cell = -1
    for k in range(n):
        i = waiting[k]
        if cells[i] != cell:
            cell = cells[i]
            steps = used[cell] - first[cell] if vacant[cell] * _SPARSE > used[cell] - first[cell] else 0
            slot = seek[cell] if seek[cell] < used[cell] else first[cell]
        while steps > 0 and states[slot] != free:
            slot += 1
            steps -= 1
            if slot >= used[cell]:
                slot = first[cell]
        taken = slot
        vacant[cell] -= 1
        if steps <= 0:
            vacant[cell] += 1
            if used[cell] == first[cell + 1]:
                waiting[homeless] = i
                homeless += 1
                continue
            taken = used[cell]
            used[cell] += 1
        states[taken], targets[taken] = new_states[i], new_targets[i]
        identities[taken], draws[taken] = new_identities[i], new_draws[i]
        alarms[taken // GROUP] = -np.inf
        seek[cell] = slot
    return homeless


@jitted
def pour(
    states, targets, identities, draws, first, used, free,
    new_states, new_targets, new_identities, new_draws, new_used,
):  # fmt: skip
    """Copies the receptors of each cell to where those that were copied before end, and moves that on: new_used."""
    for cell in range(len(used)):
        taken = new_used[cell]
        for slot in range(first[cell], used[cell]):
            if states[slot] != free:
                new_states[taken], new_targets[taken] = states[slot], targets[slot]
                new_identities[taken], new_draws[taken] = identities[slot], draws[slot]
                taken += 1
        new_used[cell] = taken


@jitted
def add_alive(states, first, used, free, totals):
    """Adds the receptors of each cell to `totals`."""
    for cell in range(len(used)):
        for slot in range(first[cell], used[cell]):
            totals[cell] += states[slot] != free


@jitted
def compact(states, targets, identities, draws, alarms, first, used, seek, vacant, free):
    """See `Slab.compact`."""
    for cell in range(len(used)):
        taken = first[cell]
        for slot in range(first[cell], used[cell]):
            if states[slot] != free:
                states[taken], targets[taken] = states[slot], targets[slot]
                identities[taken], draws[taken] = identities[slot], draws[slot]
                if taken != slot:
                    states[slot] = free
                taken += 1
        used[cell] = taken
        seek[cell], vacant[cell] = first[cell], 0
    for group in range(len(alarms)):
        alarms[group] = -np.inf


@jitted
def sort(
    states, targets, identities, draws, alarms, first, used, free, clock, now, horizon,
    order, buckets, begins, some_states, some_targets, some_identities, some_draws,
):  # fmt: skip
    """See `Slab.sort`. order, buckets, some_...: (_SORTED,), and begins: (_BUCKETS + 3,), to work in."""
    per_min = _BUCKETS / horizon
    for cell in range(len(used)):
        for low in range(first[cell], used[cell], _SORTED):
            high = min(low + _SORTED, used[cell])
            begins[:] = 0
            for slot in range(low, high):
                bucket = _BUCKETS + 1  # free slots come last
                if states[slot] != free:
                    wait = leaving_time(clock[cell], np.int64(states[slot]), targets[slot]) - now
                    bucket = np.int64(min(max(wait * per_min, 0.0), float(_BUCKETS)))
                buckets[slot - low] = bucket
                begins[bucket + 1] += 1
            for bucket in range(_BUCKETS + 2):
                begins[bucket + 1] += begins[bucket]
            for i in range(high - low):
                order[begins[buckets[i]]] = i
                begins[buckets[i]] += 1
            _arrange(states[low:high], order, some_states)
            _arrange(targets[low:high], order, some_targets)
            _arrange(identities[low:high], order, some_identities)
            _arrange(draws[low:high], order, some_draws)
    for group in range(len(alarms)):
        alarms[group] = -np.inf


@jitted
def _arrange(column, order, room):
    for i in range(len(column)):
        room[i] = column[order[i]]
    for i in range(len(column)):
        column[i] = room[i]


@jitted
def _draw_lots(states, identities, free, key, below, chosen):
    for slot in range(len(states)):
        chosen[slot] = states[slot] != free and stream_key(key, identities[slot]) <= below


@jitted
def in_use(first, used):
    """See `Slab.in_use`."""
    slots = 0
    for cell in range(len(used)):
        slots += used[cell] - first[cell]
    return slots


ENTRIES = (_draw_lots, add_alive, begin, compact, house, in_use, pour, sort)
