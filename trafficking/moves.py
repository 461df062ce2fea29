"""Receptors moved by hand: at a label each goes on in its state's twin, at a division half of them leave.

Who leaves is drawn from a stream of the cell's own, by the receptor's identity, so that nobody's path depends on it.
"""

from __future__ import annotations

import numpy as np

from trafficking.slots import Slab
from trafficking.stream import draw_uniform, jitted, stream_key


def move_slab(
    slab: Slab,
    counts: np.ndarray,
    vacant: np.ndarray,
    keys: np.ndarray,
    occasion: int,
    to: np.ndarray,
    keep: np.ndarray,
) -> None:
    """Moves the receptors of a slab, in place.

    Args:
        counts: (n_cells, n_states) and vacant: (n_cells,) slots that were left, both kept right.
        keys: (n_cells,) uint64 of the streams. occasion: which division of the run this is.
        to: (n_states,) the state into which each goes. keep: (n_states,) the chance to stay in the cell.
    """
    _move(
        slab.states, slab.identities, slab.first, slab.used, counts, vacant, keys, np.uint64(occasion),
        to.astype(np.int64), keep.astype(float), slab.free,
    )  # fmt: skip


def staying(identities: np.ndarray, keys: np.ndarray, occasion: int, keep: np.ndarray) -> np.ndarray:
    """(n,) whether each of some receptors stays in its cell.

    Args:
        identities: (n,) uint64. keys: (n,) uint64, those of their cells. keep: (n,) chances.
    """
    stays = np.ones(len(identities), dtype=bool)
    _stay(identities, keys.astype(np.uint64), np.uint64(occasion), keep.astype(float), stays)
    return stays


@jitted
def _stays(key, occasion, identity, keep):
    return keep >= 1.0 or draw_uniform(stream_key(stream_key(key, occasion), identity), 0) < keep


@jitted
def _stay(identities, keys, occasion, keep, stays):
    for i in range(len(identities)):
        stays[i] = _stays(keys[i], occasion, identities[i], keep[i])


@jitted
def _move(states, identities, first, used, counts, vacant, keys, occasion, to, keep, free):
    for cell in range(len(used)):
        for slot in range(first[cell], used[cell]):
            state = np.int64(states[slot])
            if state == free:
                continue
            counts[cell, state] -= 1
            if _stays(keys[cell], occasion, identities[slot], keep[state]):
                states[slot] = to[state]
                counts[cell, to[state]] += 1
            else:
                states[slot] = free
                vacant[cell] += 1


ENTRIES = (_move, _stay, _stays)
