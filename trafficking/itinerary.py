"""The itinerary of a receptor: the states it may be in, the arrows between them, and the rate of every arrow.

A receptor waits at the surface, where insulin binds and leaves it. Free or bound it is taken into the early endosome
(bound receptors faster, because their kinase calls for clathrin); there insulin falls off in the acid, and the
receptor returns to the surface directly or by the recycling endosome, or is committed to the lysosome and destroyed.
New receptors reach the surface from synthesis. Insulin acts in four places and no others: on the binding arrow, on the
entry of crowded surfaces, on the sorting of crowded endosomes, and, through FoxO1, on synthesis.

States and arrows are data. The rate laws are a closed set: a constant; first order in ligand; a Hill function of
occupancy; saturable in load. One formula holds all four (`Itinerary.rates`), with neutral numbers where none is used.

Sources: the diagram follows Koschorreck & Gilles 2008 (doi 10.1186/1752-0509-2-43), Table 1, and Sedaghat 2002
(PMID 12376338); the numbers and theirs stand in `data/`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from trafficking.faults import shown

COMPARTMENTS = ("membrane", "early_endosome", "recycling", "lysosome", "biosynthetic", "out")
COUPLINGS = ("endocytosis", "sorting", "transcription")
MOST_STATES, MOST_TRANSITIONS, MOST_WAYS = 200, 250, 8  # what a byte can number, and the width of the kernel's tables


@dataclass(frozen=True)
class State:
    """Where a receptor is, and whether it carries insulin.

    `activity` is the share of a receptor in this state that counts as active for transcription (1 = fully active);
    the compartment "out" marks an absorbing end, whose receptors are counted and forgotten, and "biosynthetic" the way
    of a new receptor to the surface.
    """

    name: str
    compartment: str
    bound: bool = False
    activity: float = 0.0


@dataclass(frozen=True)
class Transition:
    """One arrow. Its rate now is

    (rate + extra * x^power / (half_occupancy^power + x^power)) * ligand / (1 + load / half_load),

    x being the occupied share of the surface and `load` the receptors in the `load` states over R0. `ligand` is the
    insulin concentration in nM where `needs_ligand`, else 1. The defaults leave the constant alone.

    rate, extra: per minute; per nM per minute with `needs_ligand`; for synthesis (no source) in R0 per minute.
    half_occupancy: occupied share of the surface, 0-1; half_load: in units of R0.
    """

    name: str
    source: str | None
    target: str
    rate: float
    needs_ligand: bool = False
    extra: float = 0.0
    half_occupancy: float = 1.0
    power: float = 1.0
    load: tuple[str, ...] = ()
    half_load: float = math.inf


@dataclass(frozen=True)
class Transcription:
    """FoxO1 and the messenger: active receptors suppress the making of new ones, after a delay.

    dM/dt = (s - M) / response_min, s = 1 - max_suppression A^power / (half_activity^power + A^power), with M the
    messenger relative to insulin-free and A the active receptors over R0. Direction: Puig & Tjian 2005 (Genes Dev
    19:2435), Cen 2019 (doi 10.1101/556571); size and delay are fitted or assumed, see `data/`.
    """

    max_suppression: float
    half_activity: float
    power: float
    response_min: float

    def target(self, activity: float) -> float:
        """The messenger level (1 = insulin-free) towards which `activity` (active receptors / R0) drives it."""
        return messenger_target(self.max_suppression, self.half_activity**self.power, self.power, activity)


@dataclass(frozen=True)
class Itinerary:
    """States and arrows in a fixed order, proved sound on construction (ValueError names the part at fault)."""

    states: tuple[State, ...]
    transitions: tuple[Transition, ...]
    transcription: Transcription | None = None

    def __post_init__(self) -> None:
        _prove_sound(self)

    # -- the picture as arrays -------------------------------------------------------------------------------------

    @cached_property
    def state_names(self) -> tuple[str, ...]:
        return tuple(state.name for state in self.states)

    @cached_property
    def sources(self) -> np.ndarray:
        """(n_transitions,) index of the state each arrow leaves; -1 for synthesis."""
        index = {name: i for i, name in enumerate(self.state_names)}
        return np.array([-1 if t.source is None else index[t.source] for t in self.transitions], dtype=np.int64)

    @cached_property
    def targets(self) -> np.ndarray:
        """(n_transitions,) index of the state each arrow enters."""
        index = {name: i for i, name in enumerate(self.state_names)}
        return np.array([index[t.target] for t in self.transitions], dtype=np.int64)

    @cached_property
    def incidence(self) -> np.ndarray:
        """(n_transitions, n_states): what one passage along each arrow adds to each count (-1, 0 or +1)."""
        change = np.zeros((len(self.transitions), len(self.states)), dtype=np.int64)
        arrows = np.arange(len(self.transitions))
        np.add.at(change, (arrows, self.targets), 1)
        inner = self.sources >= 0
        np.add.at(change, (arrows[inner], self.sources[inner]), -1)
        return change

    @cached_property
    def synthesis(self) -> np.ndarray:
        """Indices of the arrows that make receptors."""
        return np.flatnonzero(self.sources < 0)

    def mask(self, *compartments: str) -> np.ndarray:
        """(n_states,) true where the state lies in one of `compartments`."""
        return np.array([state.compartment in compartments for state in self.states])

    @cached_property
    def out(self) -> np.ndarray:
        """(n_states,) true for the absorbing ends whose receptors are gone."""
        return self.mask("out")

    @cached_property
    def live(self) -> np.ndarray:
        """(n_states,) true where a finished receptor can still come back: all but the lysosome and the ends.

        R0 counts these; receptors that are still on the way to their first surface (`biosynthetic`) are none yet.
        """
        return ~self.mask("biosynthetic", "lysosome", "out")

    @cached_property
    def bound(self) -> np.ndarray:
        """(n_states,) true where a receptor carries insulin."""
        return np.array([state.bound for state in self.states])

    @cached_property
    def active(self) -> np.ndarray:
        """(n_states,) share of a receptor in each state that counts as active."""
        return np.array([state.activity for state in self.states])

    @cached_property
    def law(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """What `arrow_rates` reads: numbers of each arrow, its load states, and the surface states, all and bound."""
        arrows = self.transitions
        numbers = np.zeros((len(arrows), 7))
        load = np.zeros((len(arrows), len(self.states)))
        for i, arrow in enumerate(arrows):
            half = arrow.half_occupancy**arrow.power
            kind = [float(arrow.needs_ligand), float(arrow.source is None)]
            numbers[i] = [arrow.rate, arrow.extra, half, arrow.power, arrow.half_load, *kind]
            load[i, [self.state_names.index(name) for name in arrow.load]] = 1.0
        membrane = self.mask("membrane")
        return numbers, load, membrane.astype(float), (membrane & self.bound).astype(float)

    # -- what the picture says now ---------------------------------------------------------------------------------

    def rates(self, insulin_nM: float, fractions: np.ndarray, mrna: float = 1.0) -> np.ndarray:
        """The rate of every arrow in this environment.

        Args:
            insulin_nM: insulin around the cell, nM.
            fractions: (n_states,) receptors in each state over the cell's R0.
            mrna: messenger relative to insulin-free; multiplies synthesis.

        Returns:
            (n_transitions,) per minute and receptor; for synthesis R0 per minute.
        """
        rates = np.zeros(len(self.transitions))
        arrow_rates(*self.law, insulin_nM, fractions, mrna, rates)
        return rates

    def generator(self, rates: np.ndarray) -> np.ndarray:
        """(n_states, n_states), per minute; row = from. Rows sum to zero; an absorbing row is zero throughout."""
        n = len(self.states)
        return (rates @ self._spread).reshape(n, n)

    def inflow(self, rates: np.ndarray) -> np.ndarray:
        """(n_states,) new receptors per minute into each state, in units of R0."""
        new = np.zeros(len(self.states))
        for arrow in self.synthesis:
            new[self.targets[arrow]] += rates[arrow]
        return new

    @cached_property
    def _spread(self) -> np.ndarray:
        """(n_transitions, n_states^2): where in the generator each rate stands, and with which sign."""
        n = len(self.states)
        spread = np.zeros((len(self.transitions), n, n))
        inner = np.flatnonzero(self.sources >= 0)
        spread[inner, self.sources[inner], self.targets[inner]] = 1.0
        spread[inner, self.sources[inner], self.sources[inner]] = -1.0
        return spread.reshape(len(self.transitions), n * n)

    def activity(self, fractions: np.ndarray) -> float:
        """Active receptors over R0: each state's receptors weighted by its `activity`."""
        return float(self.active @ fractions)

    # -- what the picture leaves open ------------------------------------------------------------------------------

    @cached_property
    def paths(self) -> np.ndarray:
        """(n_states, n_states), true where arrows lead from the row to the column at some insulin, or nowhere."""
        arrows = np.zeros((len(self.states),) * 2, dtype=bool)
        for source, target, arrow in zip(self.sources, self.targets, self.transitions, strict=True):
            if source >= 0 and arrow.rate + arrow.extra > 0.0:
                arrows[source, target] = True
        return reachable(arrows)

    def remarks(self, start: np.ndarray) -> list[str]:
        """Sentences on states that no receptor can reach, and on those that none can leave though they are no ends.

        Args:
            start: (n_states,) true where receptors may be at time 0.
        """
        made = np.zeros(len(self.states), dtype=bool)
        made[[self.targets[i] for i in self.synthesis if self.transitions[i].rate > 0.0]] = True
        filled = made @ self.paths
        reached = filled | (start @ self.paths)
        # An end leads nowhere else, and nothing is wrong with that.
        stuck = (self.paths.sum(axis=1) == 1) & ~self.out & reached
        endless = filled & ~(self.paths @ self.out) & ~stuck
        said = []
        for name in self._named(~reached):
            said.append(f"no path from synthesis or the start leads to {name}, so it stays empty")
        for name in self._named(stuck):
            growing = ", so receptors pile up there" if filled[self.state_names.index(name)] else ""
            said.append(f"no arrow leads out of {name}, which is not an end{growing}")
        if endless.any() and not (stuck & filled).any():
            said.append(f"no path leads from {', '.join(self._named(endless))} to an end, so receptors pile up there")
        return said

    def _named(self, mask: np.ndarray) -> list[str]:
        return [name for name, wanted in zip(self.state_names, mask, strict=True) if wanted]

    # -- switches --------------------------------------------------------------------------------------------------

    @cached_property
    def couplings(self) -> tuple[str, ...]:
        """Which of endocytosis, sorting and transcription let receptors act on each other here."""
        present = {
            "endocytosis": any(t.extra != 0.0 for t in self.transitions),
            "sorting": any(t.load and math.isfinite(t.half_load) for t in self.transitions),
            "transcription": self.transcription is not None and self.transcription.max_suppression != 0.0,
        }
        return tuple(name for name in COUPLINGS if present[name])

    def without(self, *couplings: str) -> Itinerary:
        """This itinerary with the named couplings off: each law keeps its insulin-free constant."""
        arrows = self.transitions
        if "endocytosis" in couplings:
            arrows = tuple(replace(t, extra=0.0) for t in arrows)
        if "sorting" in couplings:
            arrows = tuple(replace(t, load=(), half_load=math.inf) for t in arrows)
        transcription = None if "transcription" in couplings else self.transcription
        return replace(self, transitions=arrows, transcription=transcription)

    def maturing(self, minutes: float) -> Itinerary:
        """This itinerary with a state between synthesis and where it led, in which receptors mature for so long.

        Each synthesis arrow has a state of its own: `biosynthetic`, or `biosynthetic_<target>` where there are several.
        """
        made = list(self.synthesis)
        states, arrows = list(self.states), list(self.transitions)
        for i in made:
            target = self.transitions[i].target
            name = "biosynthetic" if len(made) == 1 else f"biosynthetic_{target}"
            out = "maturation" if len(made) == 1 else f"maturation_to_{target}"
            states.insert(0, State(name, "biosynthetic"))
            arrows[i] = replace(arrows[i], target=name)
            arrows.append(Transition(out, name, target, 1.0 / minutes))
        return replace(self, states=tuple(states), transitions=tuple(arrows))

    def with_synthesis(self, rate: float) -> Itinerary:
        """This itinerary with every synthesis arrow scaled so that together they make `rate` R0 per minute."""
        total = sum(self.transitions[i].rate for i in self.synthesis)
        scale = rate / total if total > 0.0 else 0.0
        share = rate / max(len(self.synthesis), 1)
        arrows = tuple(
            t if t.source is not None else replace(t, rate=t.rate * scale if total > 0.0 else share)
            for t in self.transitions
        )
        return replace(self, transitions=arrows)


def reachable(arrows: np.ndarray) -> np.ndarray:
    """(n_states, n_states), true where (n_states, n_states) arrows lead, one after another, or none at all."""
    paths = arrows | np.eye(len(arrows), dtype=bool)
    for _ in range(len(arrows).bit_length()):  # each round doubles the length of the paths
        paths = paths @ paths
    return paths


def arrow_rates(
    numbers: np.ndarray,
    load: np.ndarray,
    membrane: np.ndarray,
    bound: np.ndarray,
    insulin_nM: float,
    fractions: np.ndarray,
    mrna: float,
    rates: np.ndarray,
) -> None:
    """Writes the rate of every arrow into `rates`: the one formula of all rate laws (`Transition`).

    Plain loops over arrays, so that the windows of a run can have it compiled.

    Args:
        numbers: (n_transitions, 7) rate, extra, half_occupancy^power, power, half_load, needs ligand, is synthesis.
        load: (n_transitions, n_states), 1 for the states that load the arrow. membrane, bound: (n_states,), 1 for
            surface states, and for those with insulin bound.
    """
    surface = occupied = 0.0
    for state in range(len(fractions)):
        surface += membrane[state] * fractions[state]
        occupied += bound[state] * fractions[state]
    occupancy = occupied / surface if surface > 0.0 else 0.0
    for i in range(len(numbers)):
        rate, extra, half, power, half_load, ligand, made = numbers[i]
        if extra > 0.0:
            hill = occupancy**power
            rate += extra * hill / (half + hill)
        if half_load < math.inf:
            loaded = 0.0
            for state in range(len(fractions)):
                loaded += load[i, state] * fractions[state]
            rate /= 1.0 + loaded / half_load
        if ligand > 0.0:
            rate *= insulin_nM
        if made > 0.0:
            rate *= mrna
        rates[i] = rate


def messenger_target(max_suppression: float, half: float, power: float, activity: float) -> float:
    """The formula of `Transcription`; half: half_activity^power. Plain, so that it can be compiled."""
    x = max(activity, 0.0) ** power
    return 1.0 - max_suppression * x / (half + x)


def _prove_sound(itinerary: Itinerary) -> None:
    states, arrows, slow = itinerary.states, itinerary.transitions, itinerary.transcription
    for what, parts, kind in (("states", states, State), ("transitions", arrows, Transition)):
        if not isinstance(parts, tuple) or not all(isinstance(each, kind) for each in parts):
            raise ValueError(f"{what}: {shown(parts)} given; a tuple of {kind.__name__} is needed")
    if slow is not None and not isinstance(slow, Transcription):
        raise ValueError(f"transcription: {shown(slow)} given; a Transcription is needed, or None")
    names = [state.name for state in states]
    if not states:
        raise ValueError("states: an itinerary needs at least one state")
    if len(states) > MOST_STATES:
        raise ValueError(f"states: {len(states)} given, at most {MOST_STATES} allowed")
    for what, given in (("states", names), ("transitions", [t.name for t in arrows])):
        for i, name in enumerate(given):
            if name in given[:i]:
                raise ValueError(f"{what}[{i}].name: {name!r} is used twice; names must differ")
    for i, state in enumerate(states):
        if state.compartment not in COMPARTMENTS:
            raise ValueError(
                f"states[{i}].compartment: {state.compartment!r} is none; allowed are {', '.join(COMPARTMENTS)}"
            )
        _check_number(f"states[{i}].activity", state.activity)
    ends = {state.name for state in states if state.compartment == "out"}
    if len(arrows) > MOST_TRANSITIONS:
        raise ValueError(f"transitions: {len(arrows)} given, at most {MOST_TRANSITIONS} allowed")
    for i, name in enumerate(names):
        ways = sum(arrow.source == name for arrow in arrows)
        if ways > MOST_WAYS:
            raise ValueError(f"states[{i}] ({name}): {ways} transitions leave it, at most {MOST_WAYS} allowed")
    for i, arrow in enumerate(arrows):
        _prove_arrow(i, arrow, names, ends)
    if itinerary.transcription is not None:
        _prove_transcription(itinerary.transcription)


def _prove_arrow(i: int, arrow: Transition, names: list[str], ends: set[str]) -> None:
    where = f"transitions[{i}] ({arrow.name})"
    for end, name in (("source", arrow.source), ("target", arrow.target), *(("load", name) for name in arrow.load)):
        if name is not None and name not in names:
            raise ValueError(f"{where}.{end}: {name!r} is not a state; states are {', '.join(names)}")
    if arrow.source == arrow.target:
        raise ValueError(f"{where}: source and target are both {arrow.target!r}; an arrow must lead elsewhere")
    if arrow.source in ends:
        raise ValueError(f"{where}.source: {arrow.source!r} is an end (compartment out); nothing leaves it")
    if arrow.source is None and (arrow.needs_ligand or arrow.extra or arrow.load):
        raise ValueError(f"{where}: synthesis takes a plain rate; its regulation is `transcription`")
    for key in ("rate", "extra", "power"):
        _check_number(f"{where}.{key}", getattr(arrow, key))
    for key in ("half_occupancy", "half_load"):
        if not getattr(arrow, key) > 0.0:
            raise ValueError(f"{where}.{key}: {getattr(arrow, key)!r} given; a number above 0 is needed")


def _prove_transcription(transcription: Transcription) -> None:
    for key in ("max_suppression", "power"):
        _check_number(f"transcription.{key}", getattr(transcription, key))
    if transcription.max_suppression > 1.0:
        raise ValueError(f"transcription.max_suppression: {transcription.max_suppression!r} given; at most 1")
    for key in ("half_activity", "response_min"):
        value = getattr(transcription, key)
        if not (value > 0.0 and math.isfinite(value)):
            raise ValueError(f"transcription.{key}: {value!r} given; a finite number above 0 is needed")


def _check_number(where: str, value: float) -> None:
    if not (math.isfinite(value) and value >= 0.0):
        raise ValueError(f"{where}: {value!r} given; a finite number of at least 0 is needed")
