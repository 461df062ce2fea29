"""The cells of a run: how large each is, how much it makes, and the keys of its random streams.

Cells differ by log-normal factors of mean 1: one for size, on copy number and synthesis together, so that a cell at
rest stays at rest, and one for synthesis alone. A single cell is the mean cell. Each cell has its own streams, so one
cell more changes no other.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from trafficking import stream
from trafficking.identity import cell_bits, run_key

_STREAMS = ("path", "start", "source", "total", "division")


@dataclass(frozen=True)
class Cells:
    """copy_number: (n,) R0 of each cell. synthesis: (n,) relative to what its size needs. bits: (n,) uint64, what names
    the cell in its receptors' identities. path, start, source, total, division: (n,) uint64, keys of its streams.
    """

    copy_number: np.ndarray
    synthesis: np.ndarray
    bits: np.ndarray
    path: np.ndarray
    start: np.ndarray
    source: np.ndarray
    total: np.ndarray
    division: np.ndarray

    def __len__(self) -> int:
        return len(self.copy_number)

    @property
    def making(self) -> np.ndarray:
        """(n,) receptors per minute that a synthesis of 1 R0 per minute means in each cell."""
        return self.copy_number * self.synthesis


class Start(NamedTuple):
    """Where the receptors of the starting cells are.

    totals: (n_cells,) receptors of each, whole numbers but at `mean`. shares: (n_states,) chances of each receptor to
    be in each state. placed: (n_states,) integers, the same in every cell, where receptors are not drawn but placed.
    """

    totals: np.ndarray
    shares: np.ndarray
    placed: np.ndarray | None = None

    @property
    def expected(self) -> np.ndarray:
        """(n_cells, n_states) receptors."""
        if self.placed is not None:
            return np.tile(self.placed, (len(self.totals), 1))
        return self.totals[:, None] * self.shares


def drawn(
    receptors: float, number: int, size_cv: float, synthesis_cv: float, *, seed: int, replicate: int = 0
) -> Cells:
    """The cells of one run.

    Args:
        receptors: R0 of the mean cell. number: of cells. size_cv, synthesis_cv: coefficients of variation.
    """
    key = run_key(seed, replicate, "cell")
    several = number > 1
    size, synthesis = (
        _factors(key, which, number, cv if several else 0.0) for which, cv in enumerate((size_cv, synthesis_cv))
    )
    streams = {name: np.full(number, run_key(seed, replicate, name)) for name in _STREAMS}
    return Cells(receptors * size, synthesis, cell_bits(np.arange(number)), **streams)


def replicas(receptors: float, *, seed: int, replicates: Iterable[int]) -> Cells:
    """Single cells of many runs, side by side: each has the streams of its own replicate."""
    which = list(replicates)
    streams = {
        name: np.array([run_key(seed, replicate, name) for replicate in which], dtype=np.uint64) for name in _STREAMS
    }
    n = len(which)
    return Cells(np.full(n, float(receptors)), np.ones(n), np.zeros(n, np.uint64), **streams)


def starting_totals(expected: np.ndarray, cells: Cells, *, poisson: bool) -> np.ndarray:
    """(n_cells,) whole numbers of receptors: rounded, or drawn from each cell's own stream."""
    if not poisson:
        return np.rint(expected)
    keys = (stream.stream_key(key, bits) for key, bits in zip(cells.total, cells.bits, strict=True))
    generators = (np.random.Generator(np.random.Philox(key=int(key))) for key in keys)
    return np.array([generator.poisson(mean) for generator, mean in zip(generators, expected, strict=True)], float)


def _factors(key: np.uint64, which: int, number: int, cv: float) -> np.ndarray:
    """(number,) log-normal factors of mean 1; nine digits, so that no library's last bit reaches the receptors."""
    if cv == 0.0:
        return np.ones(number)
    from scipy.special import ndtri  # heavy

    width = math.sqrt(math.log1p(cv * cv))
    chances = np.array(
        [stream.draw_uniform(np.uint64(stream.stream_key(key, np.uint64(i))), which) for i in range(number)]
    )
    exact = np.exp(width * ndtri(np.maximum(chances, 2.0**-54)) - 0.5 * width * width)
    return np.array([float(f"{factor:.9g}") for factor in exact])
