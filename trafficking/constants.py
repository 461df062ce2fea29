"""All constants of the tissues in one table: value, unit, range, source, and how well each is known."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from trafficking.library import Tissue, Value, tissue, tissues

COLUMNS = (
    "tissue",
    "symbol",
    "meaning",
    "value",
    "unit",
    "low",
    "high",
    "status",
    "confidence",
    "fitted",
    "matters",
    "citation",
    "identifier",
    "note",
)
_CONFIDENCE = {"measured": "high", "derived": "medium", "fit": "low", "assumption": "none"}


def constants(name: str | None = None) -> pd.DataFrame:
    """One row per constant of a tissue, or of all; the columns are `COLUMNS`.

    status: measured (printed in the source), derived (arithmetic on printed numbers), fit (adjusted inside the range)
    or assumption. confidence: high, medium, low or none, as the data say or else the status; a constant on which no
    observation depends has none. fitted: whether the value was adjusted to what the model is held against.

    Raises:
        KeyError: there is no such tissue.
    """
    chosen = tissues() if name is None else (name,)
    rows = [_entry(each, value) for each in chosen for value in values(tissue(each)).values()]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def values(known: Tissue) -> Mapping[str, Value]:
    """The numbers of a tissue by their symbol: receptors, insulin seen, and the constants of its itinerary."""
    own = {"R0": known.receptors, "lean": known.lean, "obese": known.obese}
    return {symbol: value for symbol, value in own.items() if value is not None} | dict(known.values)


def _entry(name: str, value: Value) -> list[object]:
    confidence = (value.confidence or _CONFIDENCE[value.status]) if value.matters else "none"
    place = [name, value.symbol, value.meaning, value.value, value.unit or "1", value.low, value.high]
    known = [value.status, confidence, value.status == "fit", value.matters]
    return [*place, *known, value.source, value.identifier, value.note]
