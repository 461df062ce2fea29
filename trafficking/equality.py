"""Equality of results: field by field, tables and arrays by content."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, TypeVar

import numpy as np

_Class = TypeVar("_Class", bound=type[Any])


def by_value(of: _Class) -> _Class:
    """Makes a dataclass or named tuple compare by the content of its fields, tables included.

    Their own comparison raises, since tables and arrays compare element by element. The objects are not hashable,
    since their tables are mutable.
    """
    names = getattr(of, "_fields", None) or [field.name for field in fields(of)]

    def equal(self: Any, other: object) -> Any:
        if type(other) is not type(self):
            return NotImplemented
        return all(alike(getattr(self, name), getattr(other, name)) for name in names)

    def different(self: Any, other: object) -> Any:
        same = equal(self, other)
        return same if same is NotImplemented else not same

    for name, method in (("__eq__", equal), ("__ne__", different), ("__hash__", None)):
        setattr(of, name, method)
    return of


def alike(one: Any, other: Any) -> bool:
    """Whether two values are equal; nan is equal to nan, and a table to one with the same columns, types and values."""
    if isinstance(one, np.ndarray) or isinstance(other, np.ndarray):
        return type(one) is type(other) and one.dtype == other.dtype and _arrays(one, other)
    if hasattr(one, "equals") and hasattr(one, "columns"):
        return type(one) is type(other) and bool(one.equals(other))
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(alike(value, other[key]) for key, value in one.items())
    if isinstance(one, float) and isinstance(other, float):
        return one == other or (one != one and other != other)
    if type(one) in (list, tuple) and type(one) is type(other):
        return len(one) == len(other) and all(map(alike, one, other))
    return bool(one == other)


def _arrays(one: np.ndarray, other: np.ndarray) -> bool:
    return bool(np.array_equal(one, other, equal_nan=one.dtype.kind in "fc"))
