"""The equations of an itinerary in words: what sets the rate of an arrow, and what fills and empties a state."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from trafficking.itinerary import Itinerary, Transition

from .drawing import words

Where = list[tuple[str, str, str]]  # symbol, what it is, the key of its value now
Entry = Mapping[str, Any]


def equation(arrow: Transition, entry: Entry | None = None) -> str:
    """The rate law of an arrow.

    Args:
        entry: the constants that it is drawn from, as the data have it; without it the equation has its numbers.
    """
    body = " + ".join(entry["rate"]) if entry else f"{arrow.rate:.4g}"
    if arrow.extra > 0.0 or (entry and "extra" in entry):
        extra, half, power = _crowding(arrow, entry)
        body += f" + {extra} · x^{power} / ({half}^{power} + x^{power})"
    if arrow.source is None:
        return f"new receptors = {body} · M · R0"
    if arrow.needs_ligand:
        body = f"{f'({body})' if ' + ' in body else body} · [insulin]"
    if arrow.load or (entry and "half_load" in entry):
        half_load = entry["half_load"] if entry else f"{arrow.half_load:.4g}"
        body = f"{f'({body})' if ' + ' in body else body} / (1 + load / {half_load})"
    return f"rate = {body}"


def load_of(arrow: Transition, entry: Entry | None = None) -> tuple[str, ...]:
    """The states whose receptors slow an arrow, or would if its half load could be reached."""
    return arrow.load or tuple((entry or {}).get("load", ()))


def where(arrow: Transition, itinerary: Itinerary, entry: Entry | None = None) -> Where:
    """What the letters of an equation mean."""
    found: Where = []
    if arrow.needs_ligand:
        found.append(("[insulin]", "insulin around the cell", "insulin"))
    if arrow.extra > 0.0 or (entry and "extra" in entry):
        found.append(("x", "occupied share of the surface receptors", "occupancy"))
    if load := load_of(arrow, entry):
        found.append(("load", f"receptors in {_listed(load)}, over R0", "load"))
    if arrow.source is None:
        found.append(("R0", "receptors of the cells without insulin", "copy_number"))
        found.append(("M", _messenger(itinerary), "mrna"))
    return found


def balance(name: str, itinerary: Itinerary) -> str:
    """What fills and empties a state, arrow by arrow."""
    entering = [_flow(arrow) for arrow in itinerary.transitions if arrow.target == name]
    leaving = [words(arrow.name) for arrow in itinerary.transitions if arrow.source == name]
    gains = " + ".join(entering) or "0"
    losses = f" − ({' + '.join(leaving)}) · {words(name)}" if leaving else ""
    return f"d({words(name)})/dt = {gains}{losses}"


def _flow(arrow: Transition) -> str:
    return words(arrow.name) if arrow.source is None else f"{words(arrow.name)} · {words(arrow.source)}"


def _crowding(arrow: Transition, entry: Entry | None) -> tuple[str, str, str]:
    if entry:
        return entry["extra"], entry["half_occupancy"], entry["power"]
    return f"{arrow.extra:.4g}", f"{arrow.half_occupancy:.4g}", f"{arrow.power:.4g}"


def _messenger(itinerary: Itinerary) -> str:
    if itinerary.transcription is None:
        return "the receptor's messenger, 1 throughout"
    return (
        "the receptor's messenger; it moves in tauM towards 1 − smax · A^h / (K_A^h + A^h), "
        "with A the active receptors over R0"
    )


def _listed(names: Sequence[str]) -> str:
    return " and ".join(words(name) for name in names)
