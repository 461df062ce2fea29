"""A scenario as the text of its file, out and in again, without a file: for what comes from and goes to elsewhere.

The text is complete, as the scenario is: nothing is left to a tissue that a later version may know better.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from trafficking import io, toml
from trafficking.faults import ScenarioError, shown
from trafficking.scenario import Scenario

_LAST = ("expect", "response", "coupling", "evidence", "itinerary")  # what few readers look for


def written(scenario: Scenario, *, exposure: Sequence[Mapping[str, Any]] | None = None, remark: str = "") -> str:
    """The text of a file that gives an equal scenario.

    Args:
        exposure: its segments as somebody wrote them ("24 h"), in place of plain minutes and nM.
        remark: a comment on top.

    Raises:
        ScenarioError: the file would be larger than one may be.
    """
    tables = {key: value for key, value in scenario.to_dict().items() if value not in ("", [], {})}
    if exposure is not None:
        tables["exposure"] = [dict(segment) for segment in exposure]
    tables |= {key: tables.pop(key) for key in _LAST if key in tables}
    text = toml.text(tables, remark=remark)
    _check_size(text)
    return text


def read(text: str) -> Scenario:
    """The scenario that a file with this text describes; it may name no other file.

    Raises:
        ScenarioError: one line per fault.
    """
    _check_size(text)
    given = io.parsed_toml(text)
    segments = given.get("exposure")
    for i, segment in enumerate(segments if isinstance(segments, list) else []):
        if isinstance(segment, Mapping) and "file" in segment:
            fix = "from here no other file is read; open the CSV file itself, or write `times` and `insulin`"
            raise ScenarioError([f"exposure[{i}].file: {shown(segment['file'])} given; {fix}"])
    try:
        return Scenario.from_dict(given)
    except RecursionError:
        raise ScenarioError([io.TOO_DEEP]) from None


def _check_size(text: str) -> None:
    size, most = len(text.encode(errors="surrogatepass")), io.LARGEST_SCENARIO
    if size > most:
        raise ScenarioError([f"has {size / 1e6:.1f} MB; a scenario may have {most / 1e6:g} MB"])
