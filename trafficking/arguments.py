"""Arguments of public functions: scenarios by name, quantities as text, and a one-line error for anything else."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from functools import wraps
from numbers import Integral, Real
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

import numpy as np

from trafficking.faults import nearest, shown
from trafficking.io import scenario_of
from trafficking.quantities import measured
from trafficking.scenario import Scenario

_P = ParamSpec("_P")
_R = TypeVar("_R")
_KINDS = {"min": "time", "nM": "insulin", "mM": "glucose"}


def on_a_scenario(
    function: Callable[Concatenate[Scenario, _P], _R],
) -> Callable[Concatenate[Scenario | str | Path, _P], _R]:
    """Lets a function of a scenario also take its name or path, and "30 min" or "10 nM" for a quantity.

    An argument that cannot be used raises a ValueError of one line, an unknown one a TypeError.
    """
    known = inspect.signature(function).parameters
    open_end = any(each.kind is each.VAR_KEYWORD for each in known.values())

    @wraps(function)
    def called(scenario: Scenario | str | Path, *args: _P.args, **given: _P.kwargs) -> _R:
        for name in given.keys() - known.keys():
            if not open_end:
                hint = nearest(name, known) or f"; allowed are {', '.join(known)}"
                raise TypeError(f"{function.__name__}: {name}: no such argument{hint}")
        read: Any = {name: _read(name, value, known) for name, value in given.items()}
        return function(scenario_of(scenario), *args, **read)

    return called


def _callback(name: str, given: Any) -> None:
    """Refuses what is neither a function nor None."""
    if given is not None and not callable(given):
        raise ValueError(f"{name}: {shown(given)} given; a function is needed, or None")


def _read(name: str, value: Any, known: Mapping[str, inspect.Parameter]) -> Any:
    """An argument converted to the type that the function annotates."""
    annotation = str(known[name].annotation) if name in known else ""
    if value is None and "None" in annotation:
        return None
    if annotation.startswith("Callable"):
        _callback(name, value)
    if annotation.startswith("int"):
        return _whole(name, value)
    if annotation.startswith("bool") and not isinstance(value, bool):
        raise ValueError(f"{name}: {shown(value)} given; true or false is needed")
    if annotation.startswith("float"):
        return _quantity(name, value)
    if annotation.startswith("Sequence[float]"):
        if isinstance(value, str | bytes) or not isinstance(value, Iterable):
            raise ValueError(f"{name}: {shown(value)} given; a list of numbers such as [0, 1, 10] is needed")
        return [_quantity(name, each) for each in value]
    return value


def _whole(name: str, value: Any) -> int:
    if isinstance(value, bool | np.bool_) or not isinstance(value, Integral):
        raise ValueError(f"{name}: {shown(value)} given; a whole number is needed")
    return int(value)


def _quantity(name: str, value: Any) -> Any:
    kind = _KINDS.get(name.rpartition("_")[2])
    if isinstance(value, str) and kind:
        return measured(value, kind, name)
    if not _is_number(value):
        text = ' or text with its unit, such as "1 h"' if kind == "time" else " or text with its unit" if kind else ""
        raise ValueError(f"{name}: {shown(value)} given; a number{text} is needed")
    return value


def _is_number(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool | np.bool_)
