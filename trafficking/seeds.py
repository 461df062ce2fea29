"""Converts the seeds of Mesa, its widgets and numpy into the one integer that starts a run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from trafficking.faults import shown


def seed_from(given: Any, name: str = "seed") -> int:
    """The integer seed for whatever Mesa and its widgets give.

    Args:
        given: a whole number, also as text or float; a list of these, or a numpy SeedSequence or generator, from
            which a seed is drawn; None for a random seed.
        name: the argument, for the message.

    Raises:
        ValueError: anything else, in one line.
    """
    if given is None or isinstance(given, np.random.SeedSequence):
        sequence = given or np.random.SeedSequence()
        return int(sequence.generate_state(1, np.uint64)[0] >> np.uint64(11))  # a float holds it exactly
    if isinstance(given, np.random.Generator | np.random.BitGenerator):
        return int(np.random.default_rng(given).integers(2**53))
    if isinstance(given, Sequence | np.ndarray) and not isinstance(given, str | bytes) and len(given):
        return seed_from(np.random.SeedSequence([seed_from(each, name) for each in given]))
    value = given
    if isinstance(given, str) and given.strip().isdecimal() and len(given) <= 40:
        value = int(given)
    elif isinstance(given, float | np.floating) and np.isfinite(given) and given == int(given):
        value = int(given)
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or not 0 <= value < 2**63:
        what = f"a whole number from 0 to {2**63 - 1}, a numpy generator or SeedSequence, or None is needed"
        raise ValueError(f"{name}: {shown(given)} given; {what}")
    return int(value)
