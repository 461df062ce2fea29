"""Conditions that act on receptors, as data: which constant each changes, in which direction, and how sure that is.

Directions were seen in the papers named; sizes are plausible and not measured. They act on the rates that the evidence
points at: cholesterol and GM3, for one, act on the signal and on entry, and remove no receptors.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib.resources import files
from typing import Any

import numpy as np

from trafficking.faults import Faults, joined, nearest, number, shown
from trafficking.identity import philox
from trafficking.itinerary import Itinerary

SIGNAL = ("activity", "gain")  # what acts on the signal, and is no rate
_WIDEST = 100.0


@dataclass(frozen=True)
class Factor:
    """One condition. acts: what each symbol is multiplied by, the leading one first. fold: of the 95 % range.

    direction: "seen" or "claimed". source: DOI, PMID or where the record was read. tissues: the only ones in which it
    was seen; none: it is not known to be one tissue's alone.
    """

    name: str
    title: str
    acts: Mapping[str, float]
    fold: float
    direction: str
    source: str
    note: str
    tissues: Sequence[str] = ()

    @property
    def size(self) -> float:
        """What the leading symbol is multiplied by; nan where nothing is."""
        return next(iter(self.acts.values()), math.nan)

    @property
    def scales(self) -> bool:
        """Whether another size than the one given can be meant."""
        return self.fold > 1.0

    def sized(self, size: float | None = None) -> dict[str, float]:
        """The multipliers at another size of the leading one; the others change alike, by the same power."""
        if size is None or not self.scales:
            return dict(self.acts)
        power = math.log(size) / math.log(self.size)
        return {symbol: value**power for symbol, value in self.acts.items()}

    def sample(self, n: int, *, seed: int = 1) -> np.ndarray:
        """(n,) sizes drawn from the log-normal, for runs that carry the doubt along."""
        width = math.log(self.fold) / 1.96
        return self.size * np.exp(width * philox(seed, 0, "factor").standard_normal(n))


@lru_cache
def factors() -> Mapping[str, Factor]:
    """All factors by name."""
    text = files("trafficking").joinpath("data", "factors.toml").read_text(encoding="utf-8")
    return {name: Factor(name=name, **entry) for name, entry in tomllib.loads(text).items()}


def chosen(given: Any) -> tuple[tuple[Factor, float | None], ...]:
    """What a scenario file names: factors, each with its size where one is given.

    Raises:
        Faults: what names none, or has no size.
    """
    known, found = factors(), []
    read: list[tuple[Factor, float | None]] = []
    if not isinstance(given, list | tuple):
        raise ValueError(f"{shown(given)} given; a list of names, or of tables with name and size, is needed")
    for i, entry in enumerate(given):
        table = entry if isinstance(entry, Mapping) else {"name": entry}
        where, name = f"[{i}]", str(table.get("name"))
        if name not in known:
            near = nearest(name, known)
            found.append(
                (joined(where, "name"), f"{shown(table.get('name'))} given; allowed are {', '.join(known)}{near}")
            )
            continue
        if unknown := [key for key in table if key not in ("name", "size")]:
            found.append((joined(where, unknown[0]), "no such key; allowed are name, size"))
        size, factor = table.get("size"), known[name]
        if any(factor.name == other.name for other, _ in read):
            found.append((where, f"{name!r} is given twice"))
        if size is not None and not factor.scales:
            found.append((joined(where, "size"), f"{shown(size)} given; {name} has no size, leave it out"))
        elif size is not None:
            try:
                size = number(1.0 / _WIDEST, _WIDEST).read(size)
            except ValueError as fault:
                found.append((joined(where, "size"), str(fault)))
        read.append((factor, size))
    if found:
        raise Faults(found)
    return tuple(read)


def multipliers(given: Iterable[tuple[Factor, float | None]]) -> dict[str, float]:
    """What each symbol is multiplied by, all factors together."""
    together: dict[str, float] = {}
    for factor, size in given:
        for symbol, value in factor.sized(size).items():
            together[symbol] = together.get(symbol, 1.0) * value
    return together


def conditioned(
    itinerary: Itinerary,
    draw: Callable[[dict[str, float]], Itinerary],
    usual: Mapping[str, float],
    by: Mapping[str, float],
) -> Itinerary:
    """An itinerary with its constants multiplied; synthesis stays that of the cell without the factors.

    Args:
        draw: makes the itinerary from constants. usual: the constants now. by: see `multipliers`.
    """
    changed = {symbol: usual[symbol] * size for symbol, size in by.items() if symbol not in SIGNAL}
    made = sum(itinerary.transitions[i].rate for i in itinerary.synthesis)
    itinerary = draw({**usual, **changed}).with_synthesis(made)
    states = tuple(replace(state, activity=state.activity * by.get("activity", 1.0)) for state in itinerary.states)
    return replace(itinerary, states=states)


def said(given: Iterable[tuple[Factor, float | None]], usual: Mapping[str, float], tissue: str) -> list[str]:
    """What each takes for granted: 'march1: kc x 2 (direction seen, size assumed)'.

    Args:
        usual: the constants that they act on; where all of a factor's are 0 it says that it changes nothing.
        tissue: that of the cell; where a factor was seen in others only it says so.
    """
    lines = []
    for factor, size in given:
        acts = ", ".join(f"{symbol} x {value:.3g}" for symbol, value in factor.sized(size).items())
        how = f"direction {factor.direction}, size {'assumed' if size is None else 'chosen'}"
        if acts and not any(usual.get(symbol, 1.0) for symbol in factor.acts):
            how += f"; {', '.join(factor.acts)} is 0 in this cell, so nothing changes"
        if factor.tissues and tissue not in factor.tissues:
            how += f"; seen in {' and '.join(factor.tissues)} alone, in {tissue} it is not known to act"
        lines.append(f"{factor.name}: {acts} ({how})" if acts else f"{factor.name}: {factor.note}")
    return lines
