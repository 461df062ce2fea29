"""Where receptors are kept: slots in a few slabs, each with a region for every cell.

Receptors stay where they are for life; a slot whose receptor has left is free, and the next newborn of its cell takes
it. Where a cell has no room left a slab is added, and nothing is copied. Who lies where means nothing: each receptor
has its own random stream, named by its identity.
"""

from __future__ import annotations

import math

import numpy as np

from trafficking.kernel import GROUP, enter_state
from trafficking.stream import draw_uniform, jitted, stream_key

_LEAST_ROOM = 2 * GROUP  # of a cell in a new slab
_SPARSE = 256  # slots to one free one, beyond which none is sought


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
    def in_use(self) -> int:
        """Slots that are looked at, free ones among them."""
        return in_use(self.first, self.used)

    def house(self, newborn: tuple[np.ndarray, ...], cells: np.ndarray, waiting: np.ndarray, n: int) -> int:
        """Gives slots to the first `n` of the newborn (columns) whom `waiting` names; how many found none.

        They stand first in `waiting` then.
        """
        mine = (*self.columns, self.alarms, self.first, self.used, self.seek, self.vacant, self.free)
        return house(*mine, *newborn, cells, waiting, n)

    def compact(self) -> None:
        """Moves the receptors of each cell to the front of its region, in place."""
        compact(*self.columns, self.alarms, self.first, self.used, self.seek, self.vacant, self.free)

    def living(self) -> tuple[np.ndarray, tuple[np.ndarray, ...]]:
        """The receptors that are alive, cell by cell: the cell of each (n,) int64, and their columns."""
        slots = np.flatnonzero(self.states != self.free)
        return np.searchsorted(self.first, slots, side="right") - 1, tuple(column[slots] for column in self.columns)


def roomy(totals: np.ndarray) -> np.ndarray:
    """(n_cells,) slots for cells that hold about `totals` receptors and scatter as random numbers do."""
    return (totals + 6.0 * np.sqrt(totals) + 8.0).astype(np.int64)


def room_to_grow(slots: np.ndarray, needy: np.ndarray) -> np.ndarray:
    """(n_cells,) slots of a further slab for cells that have `slots`, where they are `needy` (bool).

    Generous, so that slabs stay few: what is never used costs two bytes of memory per slot.
    """
    return np.where(needy, np.maximum(slots // 2, _LEAST_ROOM), 0)


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
def in_use(first, used):
    """See `Slab.in_use`."""
    slots = 0
    for cell in range(len(used)):
        slots += used[cell] - first[cell]
    return slots


ENTRIES = (begin, compact, house, in_use)
