"""The published experiments and what the model makes of them: one row per measured number, simulated at `mean`.

A row is the same for everyone, so each is computed once per server.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np

from trafficking import report, validation
from trafficking.readings import READINGS, Bench
from trafficking.targets import Target, targets
from trafficking.treatments import describe
from trafficking.validation import Row, Validation, number

from .chart import Axis, Curve


@lru_cache
def _bench() -> Bench:
    """Runs that several numbers are read off."""
    return Bench("mean")


@lru_cache(maxsize=1000)
def row(identity: str) -> Row:
    """A target and what is simulated for it, at `mean` and in a medium that does not deplete."""
    target = target_of(identity)
    seen = READINGS[target.reading](_bench(), validation.experiment(target), **target.arguments)
    return Row(target, (seen.value,), seen)


def target_of(identity: str) -> Target:
    """The target with this id; KeyError where there is none."""
    for target in targets():
        if target.id == identity:
            return target
    raise KeyError(identity)


def headline(rows: list[Row]) -> str:
    """How many numbers are met, those in view when constants were chosen and the blind ones apart."""
    said = Validation("mean", tuple(rows)).headline
    return f"{said[:1].upper()}{said[1:]}."


def listed(target: Target, found: Row | None) -> dict[str, Any]:
    """One line of the list; without a row it is still to come."""
    return {
        "id": target.id,
        "group": experiment_title(target),
        "system": target.system,
        "observable": target.observable,
        "measured": with_unit(target.value, target.unit),
        "range": f"{number(target.low)} to {number(target.high)}",
        "ours": target.range_by == "ours",
        "simulated": with_unit(found.mean, target.unit) if found else "…",
        "outcome": "" if found is None else "met" if found.met else "missed",
        "standing": target.standing if target.verified else f"{target.standing}, unverified",
        "blind": target.blind,
        "tissue": target.tissue,
        "source": target.source,
        "identifier": target.identifier,
        "why": " ".join(target.why.split()),
    }


def with_unit(value: float | None, unit: str) -> str:
    """A number with its unit; "words only" where nothing was printed."""
    if value is None:
        return "words only"
    return number(value) if unit in ("share", "ratio") else f"{number(value)} {unit}"


@lru_cache(maxsize=1000)
def _title(scenario: str, tissue: str, identity: str) -> str:
    return validation.experiment(target_of(identity)).title or scenario


def experiment_title(target: Target) -> str:
    """The experiment that a number comes from."""
    return _title(target.scenario, target.tissue, target.id)


def protocol(target: Target) -> str:
    """What was done to the cells, in words."""
    scenario = validation.experiment(target)
    done = [report.protocol_words(scenario), *(describe(each) for each in scenario.treatments)]
    said = "; ".join(done).replace("uU/mL", "µU/mL")
    return f"{target.system}, {target.assay}; {target.exposure}. Simulated: {said}."


def curves(found: Row) -> list[Curve]:
    """The simulated curve with the number read off it, and the measured one with its range."""
    target, seen = found.target, found.seen
    drawn = [Curve("Simulated", seen.x, seen.y, "surface", width=2.5)]
    high = min(target.high, 1.5 * _largest(found))
    middle = target.value if target.value is not None else 0.5 * (target.low + high)
    name = "Measured, with its range" if target.value is not None else "Range for the words of the source"
    if seen.across:
        ends = np.array([target.low, high])
        drawn.append(Curve("Range", ends, np.full(2, seen.at), "early_endosome", width=5.0))
        drawn.append(_point(name, middle, seen.at, "early_endosome"))
        if math.isfinite(found.mean):
            drawn.append(_point("Read off the simulation", found.mean, seen.at, "surface"))
        return drawn
    drawn.append(
        Curve(
            name, np.array([seen.at]), np.array([middle]), "early_endosome", line=False, points=True,
            low=np.array([target.low]), high=np.array([high]),
        )
    )  # fmt: skip
    return drawn


def axes(found: Row) -> tuple[Axis, Axis]:
    """The axes of `curves`."""
    seen = found.seen
    label, _, rest = seen.x_label.partition(" (")
    logarithmic = seen.x_label.startswith("Insulin") and bool(np.all(seen.x > 0.0))
    return Axis(label, rest.removesuffix(")"), kind="log" if logarithmic else "linear"), Axis(seen.y_label)


def _largest(found: Row) -> float:
    seen = found.seen
    known = [abs(float(np.nanmax(seen.x if seen.across else seen.y))), abs(found.target.low)]
    return max(known) or 1.0


def _point(name: str, x: float, y: float, colour: str) -> Curve:
    return Curve(name, np.array([x]), np.array([y]), colour, line=False, points=True)
