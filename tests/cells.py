"""Small itineraries whose laws are known, and cells made from them, for the tests."""

import numpy as np

from trafficking.cells import Start, drawn
from trafficking.itinerary import Itinerary, State, Transition
from trafficking.receptors import Receptors

SWITCHED_ON = {"esat": 0.6, "kc": "0.0008 /min", "smax": 0.05}
"""Saturable sorting, constitutive loss and transcription, which the cell in culture goes without."""

BENCHMARK_RATES = {
    "bind": ("M", "B", 0.6),
    "release": ("B", "M", 0.2),
    "enter_free": ("M", "E", 0.002),
    "enter_bound": ("B", "E", 0.07),
    "sort": ("E", "R", 0.15),
    "commit": ("E", "L", 0.01),
    "return": ("R", "M", 0.1),
    "destroy": ("L", "out", 0.02),
    "make": (None, "M", 0.0005),
}


def five_states(**changed: float) -> Itinerary:
    """Surface free and bound, early and recycling endosome, lysosome; all rates constant, some `changed`."""
    places = {"M": "membrane", "B": "membrane", "E": "early_endosome", "R": "recycling", "L": "lysosome", "out": "out"}
    states = tuple(State(name, place, bound=name == "B") for name, place in places.items())
    rates = {name: (*ends, changed.get(name, rate)) for name, (*ends, rate) in BENCHMARK_RATES.items()}
    return Itinerary(states, tuple(Transition(name, a, b, rate) for name, (a, b, rate) in rates.items()))


def closed(itinerary: Itinerary) -> Itinerary:
    """`itinerary` without synthesis and without ways to an end: no receptor comes or goes."""
    ends = {state.name for state in itinerary.states if state.compartment == "out"}
    kept = tuple(t for t in itinerary.transitions if t.source is not None and t.target not in ends)
    return Itinerary(itinerary.states, kept)


def exchange(there: float, back: float) -> Itinerary:
    """Two states and two arrows."""
    states = (State("outside", "membrane"), State("inside", "early_endosome"))
    return Itinerary(
        states, (Transition("in", "outside", "inside", there), Transition("out", "inside", "outside", back))
    )


def cell(itinerary: Itinerary, start: dict[str, int], *, seed: int = 1, **more: object) -> Receptors:
    """A cell with `start` receptors per state under the itinerary's constant rates."""
    numbers = np.array([start.get(name, 0) for name in itinerary.state_names], dtype=np.int64)
    whole = more.pop("copy_number", max(int(numbers.sum()), 1))
    rates = itinerary.rates(0.0, np.zeros(len(numbers)))[None]
    begun = Start(np.array([numbers.sum()]), numbers / max(numbers.sum(), 1), numbers)
    return Receptors(itinerary, begun, rates=rates, cells=drawn(whole, 1, 0.0, 0.0, seed=seed), **more)


def constant_rates(receptors: Receptors) -> np.ndarray:
    itinerary = receptors.clocks.itinerary
    return np.tile(itinerary.rates(0.0, np.zeros(len(itinerary.states))), (len(receptors.counts), 1))


def columns(receptors: Receptors) -> tuple[np.ndarray, ...]:
    """states, targets, identities and draws of the receptors alive, in order of identity."""
    whole = [np.concatenate(parts) for parts in zip(*receptors.living(), strict=True)]
    order = np.argsort(whole[2], kind="stable")
    return tuple(column[order] for column in whole)


def portrait(receptors: Receptors) -> np.ndarray:
    """Everything that there is to know of the receptors alive, in order of identity, as bytes."""
    return np.concatenate([column.view(np.uint8).ravel() for column in columns(receptors)])
