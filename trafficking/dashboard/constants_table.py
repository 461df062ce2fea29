"""The constants of the run's cell in a table that can be searched, and changed within their ranges."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.resources import files
from typing import Any

import traitlets

from trafficking.named_constants import Constant, number

from .hearing import Listener

_STATIC = files("trafficking.dashboard") / "static"


# What a constant goes back to, by where its value comes from: nobody published one that was fitted or assumed.
_BACK = {
    "measured": "the published value",
    "derived": "the derived value",
    "fit": "the fitted value",
    "assumption": "the assumed value",
    "own": "the scenario's value",
}


class ConstantsTable(Listener):
    """`rows` as `rows` makes them; `marked` are symbols to stand out; `note` says what became of the last change.

    The browser sends {"symbol": symbol, "value": number} for a change and {"undo": true} to take all changes back.
    """

    _esm = (_STATIC / "constants_table.js").read_text(encoding="utf-8")

    rows = traitlets.List().tag(sync=True)
    cell = traitlets.Unicode("").tag(sync=True)
    marked = traitlets.List().tag(sync=True)
    note = traitlets.Unicode("").tag(sync=True)
    fault = traitlets.Unicode("").tag(sync=True)
    changes = traitlets.Int(0).tag(sync=True)


def rows(constants: Iterable[Constant], by_hand: Iterable[str]) -> list[dict[str, Any]]:
    """The table; `by_hand` are the symbols that the reader has changed."""
    touched = set(by_hand)
    return [_row(constant, constant.symbol in touched) for constant in constants]


def _row(constant: Constant, touched: bool) -> dict[str, Any]:
    usual = constant.value == constant.published
    mark = "changed by you" if touched else "" if usual else "changed by the scenario"
    return {
        "symbol": constant.symbol,
        "meaning": constant.meaning,
        "value": min(constant.value, 1e9),
        "words": constant.words,
        "unit": constant.unit,
        "low": constant.low,
        "high": min(constant.high, 1e9),
        "range": span(constant),
        "default": min(constant.published, 1e9),
        "default_words": number(constant.published, constant.unit),
        "back": f"Back to {_BACK[constant.status]}",
        "usual": usual,
        "status": constant.status,
        "confidence": constant.confidence,
        "fitted": constant.fitted,
        "source": constant.source,
        "identifier": constant.identifier,
        "note": constant.note,
        "arrows": list(constant.arrows),
        "editable": constant.editable and constant.low < constant.high,
        "mark": mark,
    }


def span(constant: Constant) -> str:
    """The range in which a constant is believed to lie."""
    if not constant.editable:
        return "follows from the others"
    if constant.low == constant.high:
        return "one value known"
    low, high = (number(end, constant.unit) for end in (constant.low, constant.high))
    return f"{low.removesuffix(constant.unit).strip()} to {high}"
