"""What a file may say, value by value, and what is said back: where, what was given, what is allowed.

Pydantic finds the faults of a table; its words are for programmers and never reach the user.
"""

from __future__ import annotations

import copy
import dataclasses
import difflib
import math
import operator
import re
import reprlib
import unicodedata
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BeforeValidator, GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

from trafficking import toml
from trafficking.printing import printable

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

_MOST_LINES = 50
_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")

_repr = reprlib.Repr()
_repr.maxstring = _repr.maxother = _repr.maxlong = 60
_repr.maxlist = _repr.maxdict = _repr.maxtuple = 3
_repr.maxlevel = 2


class ScenarioError(ValueError):
    """A scenario that cannot be used. lines: one per fault, each beginning with the path of the key."""

    def __init__(self, lines: Sequence[str]) -> None:
        self.lines = tuple(map(printable, lines))
        super().__init__("\n".join(self.lines))


class Faults(ValueError):
    """Several faults found together, raised inside a validator. found: (path below this place, what is wrong)."""

    def __init__(self, found: Iterable[tuple[str, str]]) -> None:
        self.found = tuple(found)
        super().__init__("; ".join(what for _, what in self.found))


def shown(given: Any) -> str:
    """`given` as a file would write it, on one line and shortened."""
    if type(given).__module__ == "numpy" and hasattr(given, "item") and not getattr(given, "ndim", 1):
        given = given.item()  # a number of numpy, which is not imported for this: help must be there at once
    if isinstance(given, bool):
        return str(given).lower()
    if isinstance(given, Mapping):
        return "a table"
    if isinstance(given, int) and given.bit_length() > 200:
        return "a number of over 60 digits"
    return " ".join(_repr.repr(given).split())


def nearest(word: Any, words: Iterable[str]) -> str:
    """'; did you mean ...?' for a word like one of `words`, else ''."""
    known = {name.lower(): name for name in words}
    given = str(word) if isinstance(word, str | Path) else shown(word)
    close = difflib.get_close_matches(given[:100].lower(), known, n=1, cutoff=0.6)
    return f"; did you mean {known[close[0]]!r}?" if close else ""


def lines(errors: Iterable[ErrorDetails], schema: Mapping[str, Any]) -> list[str]:
    """Pydantic's errors in our words; `schema` (JSON schema of the model) knows the keys of each table."""
    rest = deque(errors)
    found: dict[str, None] = {}
    while rest and len(found) <= _MOST_LINES:  # each line may look for the nearest of many names
        found |= dict.fromkeys(_said(rest.popleft(), schema))
    more = len(found) + len(rest) - _MOST_LINES
    return [*found][:_MOST_LINES] + ([f"... and {more} more faults"] if more > 0 and len(found) > _MOST_LINES else [])


def joined(*parts: str) -> str:
    """Parts of a path as one: 'exposure' and '[0].insulin' -> 'exposure[0].insulin'."""
    whole = ""
    for part in parts:
        whole += part if not whole or not part or part.startswith("[") else f".{part}"
    return whole


def _said(error: ErrorDetails, schema: Mapping[str, Any]) -> list[str]:
    places, table = _walked(error["loc"], schema)
    path, kind, value = joined(*places), error["type"], error["input"]
    if kind == "value_error":
        fault = error["ctx"]["error"]
        if isinstance(fault, Faults):
            return [_line(joined(path, below), what) for below, what in fault.found]
        return [_line(path, str(fault))]
    keys = list(table.get("properties", {}))
    if kind == "missing":
        what = table["properties"][places[-1]].get("description") if places[-1] in keys else None
        return [_line(path, f"missing; needed is {what}" if what else "missing")]
    if kind == "extra_forbidden":
        offered = [key for key in keys if not table["properties"][key].get("readOnly")]
        near = nearest(places[-1], offered)
        return [_line(path, "no such key" + (near or f"; allowed are {', '.join(offered)}"))]
    if kind in ("union_tag_invalid", "union_tag_not_found"):
        ctx = error["ctx"]
        tag = str(ctx["discriminator"]).strip("'")
        allowed = [name.strip(" '") for name in str(ctx.get("expected_tags", "")).split(",") if name]
        choices = allowed or list(table.get("discriminator", {}).get("mapping", {}))
        said = f"{shown(value.get(tag))} given" if isinstance(value, Mapping) and tag in value else "missing"
        near = nearest(value.get(tag), choices) if isinstance(value, Mapping) and tag in value else ""
        return [_line(joined(path, tag), f"{said}; allowed are {', '.join(choices)}{near}")]
    if kind == "literal_error":
        allowed = [name.strip(" '") for name in error["ctx"]["expected"].replace(" or ", ",").split(",")]
        return [_line(path, f"{shown(value)} given; allowed are {', '.join(allowed)}{nearest(value, allowed)}")]
    if kind == "json_invalid":
        return [_line(path, f"is not JSON: {error['ctx']['error']}")]
    if kind in ("model_type", "model_attributes_type", "dict_type", "dict_attributes_type"):
        return [_line(path, f"{shown(value)} given; a table is needed")]
    return [_line(path, f"{shown(value)} given; not allowed here")]


def _line(path: str, what: str) -> str:
    return " ".join(f"{path}: {what}".split()) if path else " ".join(what.split())


def _walked(loc: tuple[int | str, ...], schema: Mapping[str, Any]) -> tuple[list[str], Mapping[str, Any]]:
    """The steps of a path as a file spells them, and the schema of the table in which the last step is taken."""
    places: list[str] = []
    node = table = _resolved(schema, schema)
    for step in loc:
        if isinstance(step, int):
            places.append(f"[{step}]")
            node = _resolved(node.get("items", {}), schema)
        elif step in node.get("discriminator", {}).get("mapping", {}):
            node = _resolved({"$ref": node["discriminator"]["mapping"][step]}, schema)  # names a kind, not a key
        else:
            places.append(step if step.isidentifier() and len(step) <= 64 else shown(step))
            table, node = node, _resolved(node.get("properties", {}).get(step, {}), schema)
            continue
        table = node
    return places, table


def _resolved(node: Mapping[str, Any], schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """`node` with references and 'or nothing' followed to what it is."""
    for option in node.get("anyOf", ()):
        if option.get("type") != "null":
            node = option
    if "$ref" in node:
        return schema["$defs"][node["$ref"].rsplit("/", 1)[1]]
    return node


# -- values ------------------------------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True, eq=False)
class Read:
    """How one value of a file is read, written, and described to an editor; `read` raises ValueError."""

    read: Callable[[Any], Any]
    schema: dict[str, Any]
    write: Callable[[Any], Any] | None = None

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        written = core_schema.plain_serializer_function_ser_schema(self.write) if self.write else None
        return core_schema.no_info_plain_validator_function(self.read, serialization=written)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: Any) -> dict[str, Any]:
        return dict(self.schema)


def number(least: float, most: float, *, zero: bool = True) -> Read:
    """A plain number from `least` (or above it) to `most`."""

    def read(given: Any) -> float:
        allowed = f"a number {'of at least' if zero else 'above'} {least:g}, at most {most:g}, is needed"
        if isinstance(given, bool) or not isinstance(given, int | float):
            raise ValueError(f"{shown(given)} given; {allowed}")
        value = float(given) if abs(given) <= 1e308 else math.nan
        if not (least <= value <= most) or (value == least and not zero):
            raise ValueError(f"{shown(given)} given; {allowed}")
        return value + 0.0

    bound = "minimum" if zero else "exclusiveMinimum"
    return Read(read, {"type": "number", bound: least, "maximum": most})


def numbers(least: int, most: int, low: float, high: float) -> Read:
    """A list of `least` to `most` plain numbers from `low` to `high`; of a list of faults the first few are said."""
    one = number(low, high)

    def read(given: Any) -> tuple[float, ...]:
        values: list[float] = []
        found: list[tuple[str, str]] = []
        for i, entry in enumerate(_entries(given, least, most)):
            try:
                values.append(one.read(entry))
            except ValueError as fault:
                found.append((f"[{i}]", str(fault)))
                if len(found) > _MOST_LINES:
                    break
        if found:
            raise Faults(found)
        return tuple(values)

    return Read(read, {"type": "array", "items": one.schema, "minItems": least, "maxItems": most})


def whole(least: int, most: int) -> Read:
    """A whole number from `least` to `most`."""

    def read(given: Any) -> int:
        allowed = f"a whole number from {least:,} to {most:,} is needed"
        if isinstance(given, float) and given.is_integer() and least <= given <= most:
            raise ValueError(f"{shown(given)} given; {allowed}, such as {int(given)}")
        try:
            value = operator.index(given)
        except TypeError:
            value = None
        if isinstance(given, bool) or value is None or not least <= value <= most:
            raise ValueError(f"{shown(given)} given; {allowed}")
        return value

    return Read(read, {"type": "integer", "minimum": least, "maximum": most})


def choice(*allowed: str) -> Read:
    """One of a few words."""

    def read(given: Any) -> str:
        if not isinstance(given, str) or given not in allowed:
            raise ValueError(f"{shown(given)} given; allowed are {', '.join(allowed)}{nearest(given, allowed)}")
        return given

    return Read(read, {"type": "string", "enum": list(allowed)})


def words(most: int, *, paragraphs: bool = False) -> Read:
    """Text of at most `most` characters, none of them invisible, freed from its line breaks.

    paragraphs: whether an empty line stays.
    """

    def read(given: Any) -> str:
        if not isinstance(given, str):
            raise ValueError(f"{shown(given)} given; text is needed")
        if len(given) > most:
            raise ValueError(f"text of {len(given)} characters given; at most {most} are allowed")
        for character in given:
            if unicodedata.category(character) in ("Cc", "Cf", "Cs") and character not in "\n\t":
                raise ValueError(f"contains the invisible character U+{ord(character):04X}; plain text is needed")
        parts = given.strip().split("\n\n") if paragraphs else [given]
        return "\n\n".join(" ".join(part.split()) for part in parts)

    return Read(read, {"type": "string", "maxLength": most})


def named() -> Read:
    """A name that may also name a folder."""

    def read(given: Any) -> str:
        if not isinstance(given, str) or not _NAME.fullmatch(given):
            raise ValueError(f"{shown(given)} given; 1 to 64 letters, digits, dashes or underscores are needed")
        return given

    return Read(read, {"type": "string", "pattern": f"^{_NAME.pattern}$"})


def switch() -> Read:
    """true or false."""

    def read(given: Any) -> bool:
        if not isinstance(given, bool):
            raise ValueError(f"{shown(given)} given; true or false is needed")
        return given

    return Read(read, {"type": "boolean"})


def listed(least: int, most: int) -> BeforeValidator:
    """A list of `least` to `most` entries."""
    return BeforeValidator(lambda given: _entries(given, least, most))


def _entries(given: Any, least: int, most: int) -> tuple[Any, ...]:
    if not isinstance(given, list | tuple):
        raise ValueError(f"{shown(given)} given; a list is needed")
    if not least <= len(given) <= most:
        bound = f"at most {most:,}" if len(given) > most else f"at least {least}"
        raise ValueError(f"a list of {len(given):,} given; {bound} needed")
    return tuple(given)


# -- a value replaced --------------------------------------------------------------------------------------------------


def override(given: Mapping[str, Any], path: str, text: str) -> dict[str, Any]:
    """The tables of a scenario file with one value replaced: override(tables, "exposure.1.insulin", "5 nM").

    Args:
        path: keys and list positions (from 0) joined by dots; "exposure[1].insulin" is the same.
        text: a TOML number, true or false, or list; anything else is text and needs no quotes.

    Raises:
        ScenarioError: the path leads nowhere.
    """
    steps = [step for step in re.split(r"\.|\[(\d+)\]", path) if step]
    if not steps:
        raise ScenarioError([f"{shown(path)}: names no key"])
    if len(steps) > toml.MOST_LEVELS:
        raise ScenarioError([f"{shown(path)}: {toml.TOO_DEEP}"])
    tables = copy.deepcopy(dict(given))
    here: Any = tables
    where = ""
    for i, step in enumerate(steps):
        above, last = where, i == len(steps) - 1
        place: int | str = step
        if isinstance(here, list):
            where = joined(above, f"[{step}]" if step.isdecimal() else step)
            if not step.isdecimal() or len(step) > 9 or int(step) >= len(here):
                there = f"positions 0 to {len(here) - 1}" if here else "no positions"
                raise ScenarioError([f"{where}: no such position; {above} has {there}"])
            place = int(step)
        else:
            where = joined(above, step)
            if not isinstance(here, dict):
                raise ScenarioError([f"{where}: no such key; {above} is {shown(here)}, not a table"])
            if not last:
                here.setdefault(place, {})
        if last:
            here[place] = _typed(text)
        here = here[place]
    return tables


def _typed(text: str) -> Any:
    try:
        read = toml.read(f"value = {text}")
    except ValueError:
        return text
    value = read["value"]
    return value if len(read) == 1 and isinstance(value, bool | int | float | str | list) else text
