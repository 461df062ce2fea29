"""Named tissues and the itinerary of their insulin receptor: every value with its range, its source and its standing.

The numbers live in `data/`; this file reads them on first use and keeps them. A tissue states what is known of it, and
takes the rest over from the cell in culture, marked as an assumption.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib.resources import files
from typing import Any

from trafficking.itinerary import Itinerary, State, Transcription, Transition

STATUSES = ("measured", "derived", "fit", "assumption")
_BASE = "culture"


@dataclass(frozen=True)
class Parameter:
    """A named constant of the itinerary. kind: how a scenario writes it; matters: as in `Value`."""

    symbol: str
    meaning: str
    kind: str
    unit: str
    matters: bool = True


@dataclass(frozen=True)
class Value:
    """One number of a tissue, in the package's units, with the range in which it is believed.

    status: measured (printed in the source), derived (arithmetic on printed numbers), fit (adjusted inside the range)
    or assumption (no number was found). source, identifier: citation, and DOI or PMID where there is one. matters:
    false where no observation that the model is held against depends on the value. confidence: how far the value can be
    trusted, where that is not what its status says.
    """

    symbol: str
    meaning: str
    value: float
    unit: str
    low: float
    high: float
    status: str
    source: str
    identifier: str
    note: str = ""
    matters: bool = True
    confidence: str = ""


@dataclass(frozen=True)
class Tissue:
    """A kind of cell: receptors per cell without insulin (R0), the insulin it sees, and the constants of its itinerary.

    measured_nM: the range of insulin in which its receptors were studied; None where none was, and `measured_note` says
    what there is. lean, obese: insulin seen on average over the day; None for a cell in culture.
    """

    name: str
    title: str
    receptors: Value
    lean: Value | None
    obese: Value | None
    measured_nM: tuple[float, float] | None
    measured_note: str
    values: Mapping[str, Value]

    def itinerary(self, changes: Mapping[str, float] | None = None) -> Itinerary:
        """The itinerary with this tissue's constants, some of them changed.

        Args:
            changes: symbol to value, in the package's units. Without `ksyn` the synthesis arrow has rate 0; solve it
                from the insulin-free balance.
        """
        return _draw({symbol: value.value for symbol, value in self.values.items()} | dict(changes or {}))

    def assumed(self, changes: Mapping[str, float]) -> list[str]:
        """The values that are a fit or an assumption and matter, and the changed ones: 'K_A = 0.1 R0 (fit)'."""
        known = [value for value in (self.receptors, self.lean, self.obese, *self.values.values()) if value is not None]
        doubtful = [v for v in known if v.status in ("fit", "assumption") and v.matters and v.symbol not in changes]
        said = [_said(v.symbol, v.value, v.unit, v.status) for v in doubtful]
        units = {symbol: parameter.unit for symbol, parameter in parameters().items()}
        return said + [_said(symbol, value, units[symbol], "changed") for symbol, value in changes.items()]


def tissues() -> tuple[str, ...]:
    """Names of the tissues, culture first."""
    return _tissue_names()


@lru_cache
def tissue(name: str) -> Tissue:
    """The tissue called `name`.

    Raises:
        KeyError: there is none.
    """
    if name not in _tissue_names():
        raise KeyError(name)
    data = _read("tissues", f"{name}.toml")
    given = {symbol: _value(symbol, entry) for symbol, entry in data["values"].items()}
    measured = data["measured"]
    return Tissue(
        name=name,
        title=data["title"],
        receptors=_value("R0", data["receptors"]),
        lean=_value("lean", data["lean"]) if "lean" in data else None,
        obese=_value("obese", data["obese"]) if "obese" in data else None,
        measured_nM=(measured["low"], measured["high"]) if "low" in measured else None,
        measured_note=measured["note"],
        values=given if name == _BASE else _taken_over() | given,
    )


@lru_cache
def parameters() -> Mapping[str, Parameter]:
    """The constants of the itinerary by their symbol; a tissue has a value for each but `ksyn`."""
    entries = _read("insulin_receptor.toml")["parameters"]
    return {symbol: Parameter(symbol=symbol, **entry) for symbol, entry in entries.items()}


def drawing() -> Mapping[str, Any]:
    """How the constants draw the itinerary: tables `states`, `transitions` and `transcription`, with their symbols."""
    return _read("insulin_receptor.toml")


@lru_cache
def _tissue_names() -> tuple[str, ...]:
    found = (files("trafficking") / "data" / "tissues").iterdir()
    names = sorted(entry.name.removesuffix(".toml") for entry in found if entry.name.endswith(".toml"))
    return (_BASE, *(name for name in names if name != _BASE))


@lru_cache
def _taken_over() -> dict[str, Value]:
    """What a tissue without numbers of its own borrows from the cell in culture."""
    note = "taken over from the cell in culture"
    return {
        symbol: replace(value, status="assumption", confidence="", note=f"{note} ({value.status} there)")
        for symbol, value in tissue(_BASE).values.items()
    }


def _value(symbol: str, entry: Mapping[str, Any]) -> Value:
    meanings = {
        "R0": ("receptors of one cell without insulin", "receptors"),
        "lean": ("insulin seen in lean people", "nM"),
        "obese": ("insulin seen in obese people", "nM"),
    }
    matters = True
    if symbol in meanings:
        meaning, unit = meanings[symbol]
    else:
        parameter = parameters()[symbol]
        meaning, unit, matters = parameter.meaning, parameter.unit, parameter.matters
    source = _read("sources.toml")[entry["source"]]
    return Value(
        symbol=symbol,
        meaning=meaning,
        value=entry["value"],
        unit=unit,
        low=entry["low"],
        high=entry["high"],
        status=entry["status"],
        source=source["citation"],
        identifier=source["id"],
        note=entry.get("note", ""),
        matters=entry.get("matters", matters),
        confidence=entry.get("confidence", ""),
    )


def _draw(values: Mapping[str, float]) -> Itinerary:
    drawing = _read("insulin_receptor.toml")

    def number(symbol: str) -> float:
        return values.get(symbol, 0.0)  # only `ksyn` may be absent

    def arrow(entry: Mapping[str, Any]) -> Transition:
        half_load = number(entry["half_load"]) if "half_load" in entry else math.inf
        return Transition(
            name=entry["name"],
            source=entry.get("source"),
            target=entry["target"],
            rate=sum(number(symbol) for symbol in entry["rate"]),
            needs_ligand=entry.get("needs_ligand", False),
            extra=number(entry["extra"]) if "extra" in entry else 0.0,
            half_occupancy=number(entry["half_occupancy"]) if "half_occupancy" in entry else 1.0,
            power=number(entry["power"]) if "power" in entry else 1.0,
            load=tuple(entry.get("load", ())) if math.isfinite(half_load) else (),
            half_load=half_load,
        )

    return Itinerary(
        states=tuple(State(**entry) for entry in drawing["states"]),
        transitions=tuple(arrow(entry) for entry in drawing["transitions"]),
        transcription=Transcription(**{key: number(symbol) for key, symbol in drawing["transcription"].items()}),
    )


def _said(symbol: str, value: float, unit: str, status: str) -> str:
    number = f"{value:,}" if isinstance(value, int) else f"{value:.6g}"
    return f"{symbol} = {number} {unit}".rstrip() + f" ({status})"


@lru_cache
def _read(*path: str) -> dict[str, Any]:
    text = files("trafficking").joinpath("data", *path).read_text(encoding="utf-8")
    return tomllib.loads(text)
