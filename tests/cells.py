"""Small itineraries whose laws are known, and cells made from them, for the tests."""

import numpy as np

from trafficking.itinerary import Itinerary, State, Transition
from trafficking.receptors import Receptors

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
    rates = itinerary.rates(0.0, np.zeros(len(numbers)))
    given = {"copy_number": max(int(numbers.sum()), 1), "follow": 0} | more
    return Receptors(itinerary, numbers, rates=rates, seed=seed, **given)


def constant_rates(receptors: Receptors) -> np.ndarray:
    itinerary = receptors.clocks.itinerary
    return itinerary.rates(0.0, np.zeros(len(itinerary.states)))


def portrait(receptors: Receptors) -> np.ndarray:
    """Everything that there is to know of the receptors alive, in order of identity, as bytes."""
    pools = [*receptors._blocks, receptors.followed]
    columns = [np.concatenate([pool.arrays[i] for pool in pools]) for i in range(4)]
    alive = columns[0] != 255
    order = np.argsort(columns[2][alive], kind="stable")
    return np.concatenate([column[alive][order].view(np.uint8).ravel() for column in columns])
