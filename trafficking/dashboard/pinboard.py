"""Pinned runs as a note, and back: their numbers are kept, so that no run has to be computed again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from trafficking.half_times import HalfTimes
from trafficking.scenario import Scenario, ScenarioError

from .notes import Note
from .pins import MOST, QUANTITIES, Pin


def noted(pins: Sequence[Pin], chosen: Mapping[str, str]) -> Note:
    """The pins, and how they are shown."""
    words, arrays = [], {}
    for pin in pins:
        clocks = pin.half_times
        words.append(
            {
                "name": pin.name,
                "made": pin.made,
                "look": pin.look,
                "scenario": pin.scenario.to_dict(),
                "seed": pin.seed,
                "reference": pin.reference,
                "half_times": [
                    clocks.redistribution_min, clocks.loss_min, clocks.redistribution_words, clocks.loss_words,
                ],
            }
        )  # fmt: skip
        arrays[f"{pin.look}.time_min"] = pin.time_min
        arrays |= {f"{pin.look}.{quantity}": pin.values[quantity] for quantity in QUANTITIES}
    return Note({"pins": words, "chosen": dict(chosen)}, arrays)


def recalled(note: Note) -> list[Pin]:
    """The pins of a note; those that this version of the program cannot read are left out."""
    found: dict[int, Pin] = {}
    for words in note.words.get("pins", [])[:MOST]:
        try:
            pin = _pin(words, note.arrays)
        except (KeyError, TypeError, ValueError, ScenarioError):
            continue
        if 0 <= pin.look < MOST:
            found[pin.look] = pin
    return list(found.values())


def _pin(words: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> Pin:
    look = int(words["look"])
    times = arrays[f"{look}.time_min"]
    values = {quantity: arrays[f"{look}.{quantity}"] for quantity in QUANTITIES}
    if any(each.ndim != 2 or each.shape[1:] != times.shape for each in values.values()):
        raise ValueError("a pin needs a number for each of its times")
    redistribution, loss, *why = words["half_times"]
    clocks = HalfTimes(None, redistribution, loss, *map(str, why))
    return Pin(
        str(words["name"]), str(words["made"]), look, Scenario.from_dict(words["scenario"]), int(words["seed"]), times,
        values, float(words["reference"]), clocks,
    )  # fmt: skip
