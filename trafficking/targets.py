"""What was measured: published numbers as data, each with its range, its source, and how a simulation is read for it.

The numbers live in `data/targets.toml`; the experiments that give them are the scenarios under `published/`.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from functools import lru_cache
from importlib.resources import files
from typing import Any

from trafficking import units

STANDINGS = ("fitted", "in-sample", "by construction", "blind")
RANGES = ("source", "ours")
_ARGUMENTS = {
    "at": "time",
    "since": "time",
    "until": "time",
    "within": "time",
    "insulin": "insulin",
    "doses": "insulin",
}
_SUFFIXES = {"time": "min", "insulin": "nM"}


@dataclass(frozen=True)
class Target:
    """One published number, or one of ours put in place of the published words, and how to simulate it.

    id: its row. evidence: its row in the collection that it comes from. system: which cells. exposure, observable: in
    words. value: what was printed, None where only words were; low, high: the range in which a simulation meets it,
    given by the source or by us (`range_by`). unit: of all three. source: citation, identifier: DOI, PMID or the place
    where the record was read. verified: false where the number was not read. standing: fitted (constants were adjusted
    to it), in-sample (it was in view when constants were chosen), by construction (the itinerary cannot miss it) or
    blind (no constant depends on it). counted: one of the rows of the score. dish: measured on cells in a dish, whose
    medium they deplete. tissue: whose constants are used.
    scenario, changes: the experiment under `published/`, and what to put in place of its values. reading, arguments:
    which number to read off the runs; times in min, insulin in nM. met: whether the last release met it. why: what
    stands in the way, or what to keep in mind. stricter_than: the id of the row that this one reads by a stricter rule,
    or "".
    """

    id: str
    evidence: str
    system: str
    assay: str
    exposure: str
    observable: str
    value: float | None
    low: float
    high: float
    unit: str
    range_by: str
    source: str
    identifier: str
    verified: bool
    standing: str
    counted: bool
    dish: bool
    tissue: str
    scenario: str
    changes: Mapping[str, str]
    reading: str
    arguments: Mapping[str, Any]
    met: bool
    why: str = ""
    stricter_than: str = ""

    @property
    def blind(self) -> bool:
        return self.standing == "blind"

    def holds(self, simulated: float) -> bool:
        """Whether a simulated number lies in the range, its ends included."""
        return self.low <= simulated <= self.high


@lru_cache
def targets() -> tuple[Target, ...]:
    """All targets in the order of the file.

    Raises:
        ValueError: an entry is not sound; the message names it.
    """
    return parsed(_read("targets.toml"), _read("sources.toml"))


def parsed(given: Mapping[str, Any], sources: Mapping[str, Mapping[str, str]]) -> tuple[Target, ...]:
    """Targets from the tables of a file, checked; `sources` by the names that the entries use."""
    found = tuple(_target(f"targets[{i}]", entry, sources) for i, entry in enumerate(given["targets"]))
    for i, target in enumerate(found):
        if target.id in (other.id for other in found[:i]):
            raise ValueError(f"targets[{i}].id: {target.id!r} is used twice")
        if target.stricter_than and target.stricter_than not in (other.id for other in found[:i]):
            where = f"targets[{i}] ({target.id}).stricter_than"
            raise ValueError(f"{where}: {target.stricter_than!r} given; the id of a row above is needed")
    return found


def _target(where: str, entry: Mapping[str, Any], sources: Mapping[str, Mapping[str, str]]) -> Target:
    where = f"{where} ({entry.get('id', 'without id')})"
    defaults: dict[str, Any] = {
        "value": None,
        "changes": {},
        "arguments": {},
        "why": "",
        "stricter_than": "",
        "counted": False,
        "dish": True,
    }
    own = {field.name for field in fields(Target)} - {"identifier"}
    needed = {field.name for field in fields(Target) if field.default is MISSING} & own - defaults.keys()
    for key in entry:
        if key not in own:
            raise ValueError(f"{where}.{key}: no such key; allowed are {', '.join(sorted(own))}")
    for key in sorted(needed - entry.keys()):
        raise ValueError(f"{where}.{key}: missing")
    given = defaults | dict(entry)
    for key, allowed in (("standing", STANDINGS), ("range_by", RANGES), ("source", tuple(sources))):
        if given[key] not in allowed:
            raise ValueError(f"{where}.{key}: {given[key]!r} given; allowed are {', '.join(allowed)}")
    low, high, value = float(given["low"]), float(given["high"]), given["value"]
    if not (math.isfinite(low) and low < high):
        raise ValueError(f"{where}: low {low!r} and high {high!r} given; low must be the smaller one")
    if value is not None and not low <= value <= high:
        raise ValueError(f"{where}.value: {value!r} given; it must lie in the range, {low!r} to {high!r}")
    if not given["met"] and not given["why"]:
        raise ValueError(f"{where}.why: missing; a target that is missed is explained")
    source = sources[given["source"]]
    named = {"source": source["citation"], "identifier": source["id"], "low": low, "high": high}
    return Target(**(given | named | {"arguments": _arguments(where, given["arguments"])}))


def _arguments(where: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments of a reading: quantities become plain numbers whose names carry the unit."""
    read: dict[str, Any] = {}
    for key, value in given.items():
        if key not in _ARGUMENTS:
            allowed = ", ".join(_ARGUMENTS)
            raise ValueError(f"{where}.arguments.{key}: no such key; allowed are {allowed}")
        kind = _ARGUMENTS[key]
        texts = value if isinstance(value, list) else [value]
        numbers = tuple(units.parse(text, kind) for text in texts)
        read[f"{key}_{_SUFFIXES[kind]}"] = numbers if isinstance(value, list) else numbers[0]
    return read


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads(files("trafficking").joinpath("data", name).read_text(encoding="utf-8"))
