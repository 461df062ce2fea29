"""What is done to the cells at a time: drugs, cold, labels, division, a change of medium.

A drug or a temperature multiplies the rates of the arrows that it acts on, which are chosen by where they lead, so that
it works for any itinerary. A label gives every state a twin, `labelled_...`, with the same ways out, and moves
receptors there: nothing else about them changes. What each blocks, with the source, stands in `data/bench.toml`.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import lru_cache
from importlib.resources import files
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from trafficking import units
from trafficking.exposure import Constant, Exposure, PulseTrain
from trafficking.faults import Faults, choice, nearest, number, shown
from trafficking.itinerary import Itinerary, State, Transition
from trafficking.quantities import Form, Share, Time, replaced

LABEL = "labelled_"
SWITCHES = ("cycloheximide", "chloroquine", "monensin", "phenylarsine_oxide", "kinase_inhibitor", "temperature")
AVOGADRO = 6.02214076e23  # per mol, exact (SI 2019)
_INSIDE = ("early_endosome", "recycling", "lysosome")
_STANDING_STILL = 1e200  # min: the response of a messenger that is as good as frozen


class _Timed(Form):
    at_min: Time = Field(alias="at", description="when it begins; the row of this time has it already")


class Drug(_Timed):
    """Takes the share `strength` (default 1, all) off the rates that the drug blocks, from `at` to `until`."""

    kind: Literal["cycloheximide", "chloroquine", "monensin", "phenylarsine_oxide", "kinase_inhibitor"]
    until_min: Time | None = Field(None, alias="until", description="when it is washed out; default: never")
    strength: Share = Field(1.0, description="share of the rates that is taken away; 1 blocks them")


class Temperature(_Timed):
    """Cells at another temperature from `at` to `until`; at 4 C and below insulin binds, and nothing else happens."""

    kind: Literal["temperature"]
    until_min: Time | None = Field(None, alias="until", description="back to 37 C; default: never")
    celsius: Annotated[float, number(0.0, 45.0)] = 4.0


class Label(_Timed):
    """Marks the receptors at the surface, or all that can come back, or those that are made from `at` to `until`."""

    kind: Literal["label"]
    of: Annotated[str, choice("surface", "all", "newborn")] = "surface"
    until_min: Time | None = Field(None, alias="until", description="the end of the pulse; goes with of = 'newborn'")


class Division(_Timed):
    """Every cell divides, and one daughter is followed: each receptor stays with chance 1/2. R0 and synthesis stay."""

    kind: Literal["division"]
    until_min: ClassVar[None] = None


class FreshMedium(_Timed):
    """A finite medium is replaced by one with the insulin that the exposure names."""

    kind: Literal["fresh_medium"]
    until_min: ClassVar[None] = None


Treatment = Annotated[Drug | Temperature | Label | Division | FreshMedium, Field(discriminator="kind")]
Treatments = tuple[Drug | Temperature | Label | Division | FreshMedium, ...]


class Medium(Form):
    """A dish: insulin that receptors bind leaves the medium, and comes back only if it is released at the surface."""

    cells_per_ml: Annotated[float, number(0.0, 1e10, zero=False)] = Field(description="cells per mL of medium")

    def nM_per_receptor(self, divisions: int = 0) -> float:
        """What one molecule bound by every cell takes from the medium, nM; daughters share it (see `medium`)."""
        return self.cells_per_ml * 2.0**divisions * 1e12 / AVOGADRO


# -- checks ------------------------------------------------------------------------------------------------------------


def checked(
    treatments: Treatments,
    itinerary: Itinerary,
    duration_min: float,
    *,
    medium: bool,
    on_grid: Callable[[float], float],
) -> Treatments:
    """The treatments with their times on the grid of the records where they are but for rounding.

    Args:
        itinerary: without labels. on_grid: a time in minutes to the recorded time that it means, or to itself.

    Raises:
        Faults: what cannot be meant.
    """
    found, kept = [], []
    for i, treatment in enumerate(treatments):
        at, until = on_grid(treatment.at_min), treatment.until_min
        if at > duration_min:
            given, end = (units.friendly(time, "time") for time in (at, duration_min))
            found.append((f"[{i}].at", f"{given} given; the run ends at {end}"))
        if until is not None:
            until = on_grid(until)
            if until <= at:
                given, begin = (units.friendly(time, "time") for time in (until, at))
                found.append((f"[{i}].until", f"{given} given; must come after `at`, {begin}"))
        if isinstance(treatment, Label) and (treatment.of == "newborn") != (until is not None):
            what = "missing; the end of the pulse is needed" if until is None else "goes with of = 'newborn' only"
            found.append((f"[{i}].until", what))
        if isinstance(treatment, Drug) and not any(_acts_on(treatment.kind, *ends) for ends in _ends(itinerary)):
            title = _bench()["drugs"][treatment.kind]["title"]
            found.append((f"[{i}].kind", f"{treatment.kind!r} given ({title}); the itinerary has no arrow for it"))
        if isinstance(treatment, FreshMedium) and not medium:
            found.append((f"[{i}].kind", "'fresh_medium' given; it needs a finite medium, [medium] cells_per_ml = 1e6"))
        timed = {"at_min": at} if until is None else {"at_min": at, "until_min": until}
        kept.append(replaced(treatment, **timed))
    if found:
        raise Faults(found)
    return tuple(kept)


def check_medium(itinerary: Itinerary, protocol: Exposure, kinds: Sequence[str]) -> None:
    """Refuses (Faults) what cannot be done in a finite medium. kinds: of the segments, as the file names them."""
    smooth = [i for i, s in enumerate(protocol.segments) if not isinstance(s, Constant | PulseTrain)]
    if smooth:
        what = "a finite medium is changed at once or not at all; allowed are constant, washout and pulses"
        raise Faults([(f"exposure[{i}].kind", f"{kinds[i]!r} given; {what}") for i in smooth])
    bound = {state.name: state.bound for state in itinerary.states}
    if not any(arrow.needs_ligand and bound[arrow.target] for arrow in itinerary.transitions):
        raise Faults([("medium", "given; but no arrow first order in ligand leads to a bound state")])


def describe(treatment: Any) -> str:
    """One line for a table or a figure: "chloroquine from 30 min to 2 h: nothing leaves the lysosome"."""
    when = units.friendly(treatment.at_min, "time")
    when = f"from {when}" if isinstance(treatment, Drug | Temperature) or treatment.until_min else f"at {when}"
    if treatment.until_min is not None:
        when += f" to {units.friendly(treatment.until_min, 'time')}"
    match treatment:
        case Drug(strength=strength):
            share = "" if strength == 1.0 else f" ({strength:.0%} of it)"
            return f"{treatment.kind} {when}: {_bench()['drugs'][treatment.kind]['title']}{share}"
        case Temperature(celsius=celsius):
            return f"{celsius:g} C {when}"
        case Label(of=of):
            return f"label of {of} receptors {when}"
    return f"{treatment.kind.replace('_', ' ')} {when}"


def assumed(treatments: Treatments) -> list[str]:
    """What the treatments take for granted without a source, each as 'Q10 of traffic = 2.5 (assumption)'."""
    if not any(isinstance(treatment, Temperature) for treatment in treatments):
        return []
    return [f"Q10 of {name} = {entry['value']:g} ({entry['status']})" for name, entry in _q10().items()]


def divisions(treatments: Treatments, until_min: float) -> int:
    """How often the cells have divided by this minute."""
    return sum(isinstance(treatment, Division) and treatment.at_min <= until_min for treatment in treatments)


# -- labels ------------------------------------------------------------------------------------------------------------


def with_twins(itinerary: Itinerary) -> Itinerary:
    """The itinerary with a labelled twin of every state and arrow; the twins crowd endosomes like the others."""

    def twin(name: str | None) -> str | None:
        return None if name is None else LABEL + name

    loaded = tuple(
        replace(arrow, load=(*arrow.load, *map(str, map(twin, arrow.load)))) for arrow in itinerary.transitions
    )
    twins = tuple(
        replace(
            arrow,
            name=LABEL + arrow.name,
            source=twin(arrow.source),
            target=LABEL + arrow.target,
            rate=arrow.rate if arrow.source is not None else 0.0,
        )
        for arrow in loaded
    )
    states = tuple(replace(state, name=LABEL + state.name) for state in itinerary.states)
    return replace(itinerary, states=(*itinerary.states, *states), transitions=(*loaded, *twins))


def labels(treatments: Treatments) -> bool:
    return any(isinstance(treatment, Label) for treatment in treatments)


def label_moves(itinerary: Itinerary, of: str) -> np.ndarray:
    """(n_states,) the state into which a label moves the receptors of each state of an itinerary with twins."""
    half = len(itinerary.states) // 2
    to = np.arange(2 * half)
    marked = itinerary.mask("membrane") if of == "surface" else itinerary.live
    to[:half][marked[:half]] += half
    return to


# -- rates -------------------------------------------------------------------------------------------------------------


def edges(treatments: Treatments) -> tuple[float, ...]:
    """Times after 0 at which a window must end, sorted."""
    times = {time for t in treatments for time in (t.at_min, t.until_min) if time is not None and time > 0.0}
    return tuple(sorted(times))


def acting(treatments: Treatments, time_min: float) -> Treatments:
    """Those that change rates from `time_min` on, in the order listed."""
    return tuple(
        t
        for t in treatments
        if (isinstance(t, Drug | Temperature) or (isinstance(t, Label) and t.of == "newborn"))
        and t.at_min <= time_min
        and (t.until_min is None or time_min < t.until_min)
    )


def title(name: str) -> str:
    """What a treatment that can be switched does, in a few words."""
    return "everything slows down" if name == "temperature" else str(_bench()["drugs"][name]["title"])


def level(treatments: Treatments, name: str, time_min: float) -> float:
    """What a drug takes away from `time_min` on (share of its rates), or how warm the cells are (`temperature`, C)."""
    found: list[Any] = [each for each in acting(treatments, time_min) if each.kind == name]
    if name == "temperature":
        return found[-1].celsius if found else float(_bench()["temperature"]["usual_celsius"])
    return 1.0 - math.prod(1.0 - each.strength for each in found)


def switched(treatments: Treatments, name: str, at_min: float, to: float) -> Treatments:
    """The treatments with a drug, or the temperature, at another level from `at_min` on, until it is changed again.

    Args:
        name: kind of drug, or `temperature`.
        to: share of the rates that the drug takes away, 0 for none; or degrees Celsius.

    Raises:
        ValueError: there is no such treatment, or no such level.
    """
    if name not in SWITCHES:
        raise ValueError(f"treatment: {shown(name)} given; allowed are {', '.join(SWITCHES)}{nearest(name, SWITCHES)}")
    kept: list[Any] = []
    for treatment in treatments:
        if treatment.kind != name or (treatment.until_min is not None and treatment.until_min <= at_min):
            kept.append(treatment)
        elif treatment.at_min < at_min:
            kept.append(replaced(treatment, until_min=at_min))
    if to == level((), name, at_min):
        return tuple(kept)
    key = "celsius" if name == "temperature" else "strength"
    form = Temperature if name == "temperature" else Drug
    for i, treatment in enumerate(kept):
        if treatment.kind == name and treatment.until_min == at_min and getattr(treatment, key) == to:
            return (*kept[:i], replaced(treatment, until_min=None), *kept[i + 1 :])
    return (*kept, form.model_validate({"kind": name, "at": units.text(at_min, "time"), key: to}))


def alike_before(these: Treatments, those: Treatments, time_min: float) -> bool:
    """Whether cells under either have had the same done to them up to `time_min`, and the same moves are planned."""

    def moves(treatments: Treatments) -> list[Any]:
        return [t for t in treatments if not isinstance(t, Drug | Temperature)]

    def acts(treatments: Treatments, time: float) -> list[Any]:
        return [replaced(t, at_min=0.0, until_min=None) for t in acting(treatments, time)]

    times = {time for time in (0.0, *edges(these), *edges(those)) if time < time_min}
    return moves(these) == moves(those) and all(acts(these, time) == acts(those, time) for time in times)


def under(itinerary: Itinerary, treatments: Sequence[Any]) -> Itinerary:
    """The itinerary with the rates that hold under these treatments: the same states and arrows in the same order."""
    for treatment in treatments:
        match treatment:
            case Drug(kind="kinase_inhibitor", strength=strength):
                itinerary = _without_kinase(itinerary, 1.0 - strength)
            case Drug(kind=kind, strength=strength):
                blocked = [_acts_on(kind, *ends) for ends in _ends(itinerary)]
                itinerary = _scaled(itinerary, [1.0 - strength if acts else 1.0 for acts in blocked])
            case Temperature(celsius=celsius):
                itinerary = at_celsius(itinerary, celsius)
            case Label():
                itinerary = _labelling_newborn(itinerary)
    return itinerary


def _ends(itinerary: Itinerary) -> list[tuple[State | None, State]]:
    states = {state.name: state for state in itinerary.states}
    return [(None if t.source is None else states[t.source], states[t.target]) for t in itinerary.transitions]


def _acts_on(drug: str, source: State | None, target: State) -> bool:
    at = "synthesis" if source is None else source.compartment
    match drug:
        case "cycloheximide":
            return source is None
        case "chloroquine":
            return at == "lysosome" and target.compartment != "lysosome"
        case "monensin":
            return at in _INSIDE and target.compartment == "membrane"
        case "phenylarsine_oxide":
            return at == "membrane" and target.compartment in _INSIDE
    return at == "membrane" and source is not None and source.bound and target.compartment in _INSIDE


def _scaled(itinerary: Itinerary, factors: Sequence[float]) -> Itinerary:
    """Every arrow times a factor of its own."""
    arrows = [
        replace(arrow, rate=arrow.rate * factor, extra=arrow.extra * factor)
        for arrow, factor in zip(itinerary.transitions, factors, strict=True)
    ]
    return replace(itinerary, transitions=tuple(arrows))


def _without_kinase(itinerary: Itinerary, left: float) -> Itinerary:
    """Bound receptors enter as unbound ones do, but for the share `left` of what insulin adds; their activity goes."""
    ends = _ends(itinerary)
    entering = [_acts_on("phenylarsine_oxide", *pair) for pair in ends]

    def basal(arrow: Transition, source: State, target: State) -> float:
        alike = [
            other.rate
            for other, (a, b), enters in zip(itinerary.transitions, ends, entering, strict=True)
            if enters and a is not None and not a.bound and b.compartment == target.compartment
            and other.name.startswith(LABEL) == arrow.name.startswith(LABEL)
        ]  # fmt: skip
        return min(arrow.rate, max(alike, default=0.0))

    arrows = []
    for arrow, (source, target), enters in zip(itinerary.transitions, ends, entering, strict=True):
        if enters and source is not None and source.bound:
            least = basal(arrow, source, target)
            arrow = replace(arrow, rate=least + left * (arrow.rate - least), extra=left * arrow.extra)
        arrows.append(arrow)
    states = tuple(replace(state, activity=left * state.activity) for state in itinerary.states)
    return replace(itinerary, states=states, transitions=tuple(arrows))


def at_celsius(itinerary: Itinerary, celsius: float) -> Itinerary:
    """The itinerary at another temperature than 37 C: Q10 values, and nothing but binding at 4 C and below."""
    still = celsius <= _bench()["temperature"]["still_celsius"]

    def speed(what: str) -> float:
        if still and what != "binding":
            return 0.0
        return float(_q10()[what]["value"]) ** ((celsius - _bench()["temperature"]["usual_celsius"]) / 10.0)

    def factor(source: State | None, target: State) -> float:
        if source is None:
            return speed("synthesis")
        if target.compartment == "out":
            return speed("degradation")
        return speed("binding" if source.compartment == target.compartment else "traffic")

    itinerary = _scaled(itinerary, [factor(*ends) for ends in _ends(itinerary)])
    if (slow := itinerary.transcription) is None:
        return itinerary
    pace = speed("synthesis")
    response = slow.response_min / pace if pace > 0.0 else _STANDING_STILL
    return replace(itinerary, transcription=replace(slow, response_min=min(response, _STANDING_STILL)))


def _labelling_newborn(itinerary: Itinerary) -> Itinerary:
    half = len(itinerary.transitions) // 2
    plain, twins = itinerary.transitions[:half], itinerary.transitions[half:]
    made = [arrow.source is None for arrow in plain]
    marked = tuple(replace(b, rate=a.rate + b.rate) if m else b for a, b, m in zip(plain, twins, made, strict=True))
    silent = tuple(replace(a, rate=0.0) if m else a for a, m in zip(plain, made, strict=True))
    return replace(itinerary, transitions=(*silent, *marked))


def _q10() -> dict[str, Any]:
    return _bench()["temperature"]["q10"]


@lru_cache
def _bench() -> dict[str, Any]:
    return tomllib.loads(files("trafficking").joinpath("data", "bench.toml").read_text(encoding="utf-8"))
