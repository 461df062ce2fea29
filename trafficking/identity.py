"""Who a receptor is, and which random streams a run has: names and keys that nothing else in the run can change."""

from __future__ import annotations

import numpy as np

from trafficking.faults import shown

MOST_CELLS = 1 << 20  # that an identity can tell apart
_CELL, SOURCE_BIT = 36, 56  # where the cell's number and the source begin, in bits
_TAGS = {
    "path": 1,
    "start": 2,
    "source": 3,
    "total": 4,
    "counts": 5,
    "cell": 6,
    "division": 7,
    "assay": 8,
    "factor": 9,
    "intervention": 10,
    "sample": 11,
    "person": 12,
    "resampling": 13,
}


def check_seed(seed: int, replicate: int) -> None:
    """Raises ValueError unless both are integers that name a run."""
    for name, value, limit in (("seed", seed, 2**63), ("replicate", replicate, 2**32)):
        if isinstance(value, bool) or not isinstance(value, int | np.integer) or not 0 <= value < limit:
            raise ValueError(f"{name}: {shown(value)} given; an integer from 0 to {limit - 1} is needed")


def run_key(seed: int, replicate: int, stream: str) -> np.uint64:
    """The key of one stream of a run: "path", "start", "source", "total", "cell", "division"; a pure function."""
    return _words(seed, replicate, stream, 1)[0]


def philox(seed: int, replicate: int, stream: str) -> np.random.Generator:
    """A generator of numpy's for one stream of a run."""
    return np.random.Generator(np.random.Philox(key=_words(seed, replicate, stream, 2)))


def _words(seed: int, replicate: int, stream: str, n: int) -> np.ndarray:
    return np.random.SeedSequence((seed, replicate, _TAGS[stream])).generate_state(n, np.uint64)


def cell_bits(cells: np.ndarray) -> np.ndarray:
    """uint64 parts of identities that name these cells (numbers from 0)."""
    return cells.astype(np.uint64) << np.uint64(_CELL)


def identities_of(source: int | np.ndarray, bits: np.ndarray | np.uint64, numbers: np.ndarray) -> np.ndarray:
    """uint64 identities: 8 bits how it came to be (0: present at the start), 20 bits cell, 36 bits number.

    Args:
        source: 0, or 1 more than the synthesis arrow's place among its kind. bits: `cell_bits`.
    """
    return numbers.astype(np.uint64) | bits | np.asarray(source, dtype=np.uint64) << np.uint64(SOURCE_BIT)


def number_of(identities: np.ndarray) -> np.ndarray:
    """int64 numbers of receptors within their cell and source."""
    return (identities & np.uint64((1 << _CELL) - 1)).astype(np.int64)


def cell_of(identity: int) -> int:
    """The number of the cell that a receptor belongs to."""
    return (identity >> _CELL) % MOST_CELLS


def identity_text(identity: int) -> str:
    """ "start-17" for a receptor present at the start, "born-42" for the 42nd made after it (numbers from 0).

    Receptors of other cells than the first are called "cell5-start-17".
    """
    source, cell = identity >> SOURCE_BIT, cell_of(identity)
    number = identity % (1 << _CELL)
    origin = "start" if source == 0 else "born" if source == 1 else f"born{source}"
    return f"{f'cell{cell}-' if cell else ''}{origin}-{number}"
