"""Values of a scenario file with their units, and the frozen form of a table: what every part of a file is made of."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from trafficking import units
from trafficking.faults import Read, ScenarioError, lines, named, number, shown, switch

MOST_MINUTES = 2.0**33  # 16,000 years
MOST_NM = 1e6
MOST = {"time": MOST_MINUTES, "insulin": MOST_NM}  # of a value, in the package's units
MOST_RECEPTORS = 10**15
MOST_POINTS = 100_000  # of a recorded series
_MOST_PER_MIN = 1e9

_MEASURES = {
    "time": "a time",
    "insulin": "an insulin concentration",
    "rate": "a rate constant",
    "association": "an association rate constant",
}


def quantity(kind: str, most: float, examples: list[str], *, zero: bool = True, signed: bool = False) -> Read:
    """Text with a unit, in the package's unit of `kind`, from 0 (or above it) up to `most`."""

    such_as = " or ".join(f'"{example}"' for example in examples[:2])
    needed = f"{_MEASURES[kind]} with its unit, such as {such_as}"

    def read(given: Any) -> float:
        if not isinstance(given, str):
            raise ValueError(f"{shown(given)} given; text is needed, {needed}")
        value = units.parse(given, kind) + 0.0  # -0.0 becomes 0.0
        if value < 0.0 and not signed:
            raise ValueError(f"{shown(given)} given; must not be negative")
        if value == 0.0 and not zero:
            raise ValueError(f"{shown(given)} given; must be more than 0")
        if abs(value) > most:
            raise ValueError(f"{shown(given)} given; at most {units.friendly(most, kind)} is allowed")
        return value

    schema = {"type": "string", "description": needed, "examples": examples}
    return Read(read, schema, lambda value: units.text(value, kind))


Time = Annotated[float, quantity("time", MOST_MINUTES, ["30 min", "24 h", "0 min"])]
Duration = Annotated[float, quantity("time", MOST_MINUTES, ["24 h", "1 min", "7 d"], zero=False)]
Phase = Annotated[float, quantity("time", MOST_MINUTES, ["-30 min", "0 min"], signed=True)]
Insulin = Annotated[float, quantity("insulin", MOST_NM, ["10 nM", "60 uU/mL", "lean"])]
Rate = Annotated[float, quantity("rate", _MOST_PER_MIN, ["0.012 /min", "0.7 /h"])]
Association = Annotated[float, quantity("association", _MOST_PER_MIN, ["0.06 /nM/min", "1e6 /M/s"])]
Number = Annotated[float, number(0.0, 1e9)]
Power = Annotated[float, number(0.0, 20.0)]
Share = Annotated[float, number(0.0, 1.0)]
PositiveShare = Annotated[float, number(0.0, 1.0, zero=False)]
PositiveNumber = Annotated[float, number(0.0, 1e9, zero=False)]
Switch = Annotated[bool, switch()]
Name = Annotated[str, named()]

# How each kind of constant in `data/insulin_receptor.toml` is read. Two rates may add up on one arrow.
READERS: Mapping[str, Read] = {
    "rate": quantity("rate", 0.5 * _MOST_PER_MIN, ["0.012 /min", "0.7 /h"]),
    "association": quantity("association", _MOST_PER_MIN, ["0.06 /nM/min"]),
    "time": quantity("time", MOST_MINUTES, ["6 h"], zero=False),
    "number": number(0.0, 1e9, zero=False),
    "share": number(0.0, 1.0),
    "occupancy": number(0.0, 1.0, zero=False),
    "power": number(0.0, 20.0),
}


class Form(BaseModel):
    """A table of a scenario file: frozen, and no other keys than its own."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Document(Form):
    """A whole file: tables in and out, and its JSON schema."""

    @classmethod
    def from_dict(cls, given: Mapping[str, Any]) -> Self:
        """What a file says, from its tables.

        Raises:
            ScenarioError: one line per fault.
        """
        try:
            return cls.model_validate(given)
        except ValidationError as refused:
            raise ScenarioError(lines(refused.errors(include_url=False), cls.json_schema())) from None

    def to_dict(self) -> dict[str, Any]:
        """The complete tables, of texts and numbers; `from_dict` gives an equal document."""
        return self.model_dump(by_alias=True, exclude_none=True, mode="json")

    @classmethod
    def json_schema(cls) -> dict[str, Any]:
        """JSON schema of such a file."""
        return _schema(cls)

    @classmethod
    def _default_text(cls, value: float) -> str:
        """How a file writes the default of a quantity with a unit."""
        return units.text(value, "time")

    @classmethod
    def _complete_schema(cls, schema: dict[str, Any]) -> None:
        """Writes into the schema what the fields alone do not say; for documents that know more."""


@lru_cache
def _schema(document: type[Document]) -> dict[str, Any]:
    schema = document.model_json_schema(by_alias=True)
    for table in (schema, *schema["$defs"].values()):
        for entry in table.get("properties", {}).values():
            default = entry.get("default", ...)
            if default is None:
                del entry["default"]  # left to the tissue, or to other keys
            elif isinstance(default, float) and entry.get("type") == "string":
                entry["default"] = document._default_text(default)
    document._complete_schema(schema)
    return schema
