"""Values of a scenario file with their units, and the frozen form of a table: what every part of a file is made of."""

from __future__ import annotations

import math
import numbers
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from typing import Annotated, Any, Self, TypeVar

import numpy as np
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
    "glucose": "a glucose concentration",
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


_UNITS = {"time": "min", "insulin": "nM", "glucose": "mM", "rate": "per min", "association": "per nM per min"}


def measured(given: Any, kind: str, place: str, *, most: float = math.inf, zero: bool = True) -> float:
    """A quantity that code gives: a number in the package's unit of `kind`, or text with its unit.

    Args:
        place: the name of the argument, for the message. most: in the package's unit. zero: whether 0 is allowed.

    Raises:
        ValueError: neither of the two, negative, not finite or too large; one line.
    """
    if isinstance(given, str):
        try:
            value = units.parse(given, kind)
        except ValueError as fault:
            raise ValueError(f"{place}: {fault}") from None
    elif isinstance(given, bool | np.bool_) or not isinstance(given, numbers.Real):
        unit = _UNITS[kind]
        raise ValueError(f"{place}: {shown(given)} given; {_MEASURES[kind]} is needed, a number in {unit} or text")
    else:
        try:
            value = float(given)
        except OverflowError:
            value = math.inf
    least = "at least 0" if zero else "above 0"
    if not 0.0 <= value <= most or (value == 0.0 and not zero) or math.isinf(value):
        up_to = f" and at most {units.friendly(most, kind)}" if math.isfinite(most) else ""
        raise ValueError(f"{place}: {shown(given)} given; {_MEASURES[kind]} {least}{up_to} is needed")
    return value + 0.0  # -0.0 becomes 0.0


class Form(BaseModel):
    """A table of a scenario file: frozen, and no other keys than its own.

    However it is made or copied, its values are checked, and what is wrong is said as for a file (`ScenarioError`).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    def __init__(self, *given: Any, **tables: Any) -> None:
        """Takes the keys of the table by name, with the values that a file would give them."""
        if given:
            hint = f"{type(self).__name__}(key=value, ...) or {type(self).__name__}.model_validate(tables)"
            raise ScenarioError([f"{type(self).__name__}: {shown(given[0])} given; its keys are given by name: {hint}"])
        with _in_our_words(type(self)):
            super().__init__(**tables)

    # Pydantic is not to call it for each table within a table.
    __init__.__pydantic_base_init__ = True  # type: ignore[attr-defined]

    @classmethod
    def model_validate(cls, obj: Any, **more: Any) -> Self:
        """The form of a table.

        Raises:
            ScenarioError: one line per fault.
        """
        with _in_our_words(cls):
            return super().model_validate(obj, **more)

    @classmethod
    def model_validate_json(cls, json_data: str | bytes | bytearray, **more: Any) -> Self:
        """The form of a table that is written in JSON; see `model_validate`."""
        with _in_our_words(cls):
            return super().model_validate_json(json_data, **more)

    @classmethod
    def model_construct(cls, _fields_set: set[str] | None = None, **values: Any) -> Self:
        """Refused: it would be made without a check."""
        raise ScenarioError([f"{cls.__name__}.model_construct: checks nothing; use {cls.__name__}(key=value, ...)"])

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """A copy with some values replaced, and checked: update takes fields or keys, with values as in a file."""
        if not update:
            return super().model_copy(deep=deep)
        fields = type(self).model_fields
        named = {(fields[key].alias or key) if key in fields else key: value for key, value in update.items()}
        return self._remade(named)

    def copy(self, **more: Any) -> Self:
        """As `model_copy`."""
        unknown = more.keys() - {"update", "deep"}
        if unknown:
            raise ScenarioError([f"copy: {key} given; allowed are update, deep" for key in sorted(unknown)])
        return self.model_copy(**more)

    def _remade(self, changes: Mapping[str, Any]) -> Self:
        tables = self.model_dump(by_alias=True, exclude_unset=True, mode="json")
        return type(self).model_validate(tables | dict(changes))

    def __setattr__(self, name: str, value: Any) -> None:
        cls = type(self).__name__
        raise ScenarioError([f"{name}: a {cls} is frozen; make another one with model_copy(update={{{name!r}: ...}})"])

    def __delattr__(self, name: str) -> None:
        raise ScenarioError([f"{name}: a {type(self).__name__} is frozen; nothing can be deleted from it"])


F = TypeVar("F", bound=Form)


def replaced(form: F, **values: Any) -> F:
    """A copy of a form with values of its fields that need no check, for code that has checked them."""
    return BaseModel.model_copy(form, update=values)


@contextmanager
def _in_our_words(form: type[Form]) -> Iterator[None]:
    try:
        yield
    except ValidationError as refused:
        schema = form.json_schema() if issubclass(form, Document) else form.model_json_schema(by_alias=True)
        raise ScenarioError(lines(refused.errors(include_url=False), schema)) from None


class Document(Form):
    """A whole file: tables in and out, and its JSON schema."""

    @classmethod
    def from_dict(cls, given: Mapping[str, Any]) -> Self:
        """What a file says, from its tables.

        Raises:
            ScenarioError: one line per fault.
        """
        return cls.model_validate(given)

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
