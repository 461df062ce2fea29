"""What was measured in the very experiment that is running: points for the plot, each with its range and its source."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from trafficking.scenario import Scenario
from trafficking.targets import Target, targets
from trafficking.validation import experiment

# Which line a reading is compared with, what it is a share of at the start, and whether it counts what is lost.
_READINGS = {
    "binding_left": ("surface", "surface", False),
    "binding_lost": ("surface", "surface", True),
    "total_left": ("total", "live", False),
    "surface_share": ("surface", "live", False),
}
_FREE = {"receptors", "resolution", "follow", "expect", "record"}  # what may differ in the same experiment


def points(scenario: Scenario, *, surface: float, live: float) -> list[dict[str, Any]]:
    """The measured levels of an experiment; none for a scenario that is no published one.

    Args:
        surface, live: receptors at the surface, and all that are not lost, at the start of the run.

    Returns:
        line: the key of the line it belongs to; time_min; low, value (or None) and high in receptors; name, words and
        source to go with it.
    """
    of = {"surface": surface, "live": live}
    return [_point(target, of) for target in targets() if _plotted(target) and _of(target, scenario)]


def _plotted(target: Target) -> bool:
    # A share of all receptors at a later time would need that of the run, not of its start.
    return target.reading in _READINGS and (target.reading != "surface_share" or target.arguments["at_min"] == 0.0)


def _of(target: Target, scenario: Scenario) -> bool:
    """Whether a scenario is the experiment of this target, the size of the cell and the like apart."""
    if (target.scenario, target.tissue) != (scenario.name, scenario.tissue):
        return False
    return _described(_experiment(target.id)) == _described(scenario)


def _described(scenario: Scenario) -> dict[str, Any]:
    return {key: given for key, given in scenario.to_dict().items() if key not in _FREE}


def _point(target: Target, of: dict[str, float]) -> dict[str, Any]:
    line, base, lost = _READINGS[target.reading]
    low, value, high = (
        None if share is None else (1.0 - share if lost else share) * of[base]
        for share in (target.low, target.value, target.high)
    )
    said = "" if target.value is None else f"{100.0 * target.value:.0f} %, "
    whose = "range of the source" if target.range_by == "source" else "range set here"
    return {
        "line": line,
        "time_min": target.arguments["at_min"],
        "low": high if lost else low,
        "value": value,
        "high": low if lost else high,
        "name": target.system,
        "words": f"{target.observable}: {said}{100.0 * target.low:.0f} to {100.0 * target.high:.0f} % ({whose})",
        "source": f"{target.source} ({target.identifier})",
    }


@lru_cache
def _experiment(identity: str) -> Scenario:
    return experiment(next(target for target in targets() if target.id == identity))
