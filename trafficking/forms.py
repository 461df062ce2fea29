"""What the exposure and the itinerary of a scenario file look like: insulin over time, states and arrows.

Forms are frozen pydantic models that know the exposure and the itinerary they describe, and how to write them again.
"""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Callable, Iterable
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, model_validator

from trafficking import exposure, units
from trafficking.faults import Faults, choice, listed, nearest, numbers, shown, words
from trafficking.itinerary import COMPARTMENTS, Itinerary, State, Transcription, Transition
from trafficking.quantities import (
    MOST,
    MOST_MINUTES,
    MOST_POINTS,
    Association,
    Duration,
    Form,
    Insulin,
    Name,
    Phase,
    PositiveNumber,
    PositiveShare,
    Power,
    Rate,
    Share,
    Switch,
    Time,
)

# -- insulin over time -------------------------------------------------------------------------------------------------


def _proved(build: Callable[[], exposure.Segment]) -> None:
    """Lets the segment itself say what does not go together, in the words of the file."""
    try:
        build()
    except Faults:
        raise
    except ValueError as fault:
        field, _, what = str(fault).partition(": ")
        unit = "nM" if field.endswith("_nM") else "min"
        field, what = (re.sub(r"_(min|nM)\b", "", text) for text in (field, what))
        raise Faults([(field, f"{what} (in {unit})" if "must" in what else what)]) from None


class _Shape(Form):
    """A form whose fields are those of an exposure segment."""

    shape: ClassVar[type]

    @model_validator(mode="after")
    def _goes_together(self) -> _Shape:
        _proved(self.segment)
        return self

    def segment(self) -> exposure.Segment:
        """The segment described. ValueError: its values do not go together."""
        return self.shape(**{field.name: getattr(self, field.name) for field in dataclasses.fields(self.shape)})


class ConstantForm(_Shape):
    """Insulin clamped at one level."""

    shape = exposure.Constant
    kind: Literal["constant"]
    duration_min: Duration = Field(alias="duration")
    insulin_nM: Insulin = Field(alias="insulin")


class WashoutForm(Form):
    """No insulin."""

    kind: Literal["washout"]
    duration_min: Duration = Field(alias="duration")

    def segment(self) -> exposure.Segment:
        return exposure.Constant(self.duration_min, 0.0)


class RampForm(_Shape):
    """Insulin moves in a straight line from `start` to `end` in `over`, then stays."""

    shape = exposure.Ramp
    kind: Literal["ramp"]
    duration_min: Duration = Field(alias="duration")
    start_nM: Insulin = Field(alias="start")
    end_nM: Insulin = Field(alias="end")
    over_min: Duration = Field(alias="over")


class PulsesForm(_Shape):
    """Square pulses of `peak` for `width`, the first at `first`, again every `period`; `base` between them."""

    shape = exposure.PulseTrain
    kind: Literal["pulses"]
    duration_min: Duration = Field(alias="duration")
    base_nM: Insulin = Field(alias="base")
    peak_nM: Insulin = Field(alias="peak")
    width_min: Duration = Field(alias="width")
    period_min: Duration = Field(alias="period")
    first_min: Time = Field(0.0, alias="first")


class MealsForm(_Shape):
    """A surge of `rise` above `basal`, highest `peak_after` each of `meal_times`; the same meals `every` day."""

    shape = exposure.Meals
    kind: Literal["meals"]
    duration_min: Duration = Field(alias="duration")
    basal_nM: Insulin = Field(alias="basal")
    rise_nM: Insulin = Field(alias="rise")
    peak_after_min: Duration = Field(alias="peak_after")
    meal_times_min: Annotated[tuple[Time, ...], listed(1, 100)] = Field(alias="meal_times")
    every_min: Duration = Field(1440.0, alias="every")

    @model_validator(mode="after")
    def _fades_within_a_day(self) -> MealsForm:
        if self.peak_after_min > self.every_min:
            day = units.friendly(self.every_min, "time")
            raise Faults(
                [("peak_after", f"{units.friendly(self.peak_after_min, 'time')} given; at most `every`, {day}")]
            )
        return self


class OscillationForm(_Shape):
    """A sine of `amplitude` around `mean`, rising through it at `phase`."""

    shape = exposure.Oscillation
    kind: Literal["oscillation"]
    duration_min: Duration = Field(alias="duration")
    mean_nM: Insulin = Field(alias="mean")
    amplitude_nM: Insulin = Field(alias="amplitude")
    period_min: Duration = Field(alias="period")
    phase_min: Phase = Field(0.0, alias="phase")


class SeriesForm(Form):
    """Recorded points joined by straight lines; the last value holds to the end. `scale` multiplies the insulin.

    `times` are counted from the start of the segment, or are hours of a day that says `start`; the first value holds
    up to the first of them.
    """

    kind: Literal["series"]
    duration_min: Duration | None = Field(None, alias="duration", description="default: up to the last time")
    start_min: Time | None = Field(
        None, alias="start", description="what `times` say at the start of the segment, such as 8 h; default: 0 min"
    )
    time_unit: Annotated[str, words(20)] = Field("min", description="unit of `times`, such as min or h")
    insulin_unit: Annotated[str, words(20)] = Field("nM", description="unit of `insulin`, such as pM or uU/mL")
    times: Annotated[tuple[float, ...], numbers(1, MOST_POINTS, 0.0, 1e9)] | None = Field(
        None, description="rising numbers"
    )
    insulin: Annotated[tuple[float, ...], numbers(1, MOST_POINTS, 0.0, 1e9)] | None = Field(
        None, description="one number per time"
    )
    scale: PositiveNumber = Field(1.0, description="insulin at the cell over insulin in the series")
    file: Annotated[str, words(1000)] | None = Field(None, description="a CSV file instead of `times` and `insulin`")

    @model_validator(mode="after")
    def _whole(self) -> SeriesForm:
        if self.file is not None:
            other = (
                "give either the file or `times` and `insulin`"
                if self.times or self.insulin
                else ("a scenario opens no files; trafficking.load_scenario reads it and puts its numbers here")
            )
            raise Faults([("file", f"{shown(self.file)} given; {other}")])
        missing = [key for key in ("times", "insulin") if getattr(self, key) is None]
        if missing:
            raise Faults((key, "missing; needed is a list of numbers, or `file`") for key in missing)
        _proved(self.segment)
        return self

    def segment(self) -> exposure.Segment:
        times = self._converted("times", "time", 1.0)
        insulin = self._converted("insulin", "insulin", self.scale)
        start = self.start_min or 0.0
        if start > times[0] * (1.0 + 1e-12):  # "8.1 h" may round to another neighbour than 8.1 times 60
            given, first = (units.friendly(time, "time") for time in (start, times[0]))
            raise Faults([("start", f"{given} given; at most {first}, the first of `times`, is allowed")])
        times = tuple(max(time - start, 0.0) for time in times)
        duration = times[-1] if self.duration_min is None else self.duration_min
        if not 0.0 < duration <= MOST_MINUTES:
            raise Faults(
                [("duration", f"missing; the last of `times` is at {duration!r} min, which is not a duration")]
            )
        return exposure.Series(duration, times, insulin)

    def lead(self) -> str:
        """What to say of the first value where it is put in front of the series and no `start` was given, else ''."""
        segment = self.segment()
        lead = segment.times_min[0] if isinstance(segment, exposure.Series) else 0.0
        if self.start_min is not None or not lead:
            return ""
        first, written = units.friendly(lead, "time"), f"{(self.times or (0.0,))[0]:.15g} {self.time_unit}"
        level, lasting = units.friendly(segment.value(0.0), "insulin"), units.friendly(segment.duration_min, "time")
        held = f"the first value, {level}, is held for {first} in front of the series, whose times begin at {first}"
        if lead >= segment.duration_min:
            held = f"the times of the series begin at {first}, beyond its end at {lasting}: only {level} is given"
        return f'{held}; are these hours of the day? start = "{written}" begins with them, start = "0 min" keeps this'

    def _converted(self, key: str, kind: str, scale: float) -> tuple[float, ...]:
        """The numbers of a column in the package's unit, none of them beyond what a file may give elsewhere."""
        given, unit = getattr(self, key), getattr(self, f"{kind}_unit")
        size = self._unit(f"{kind}_unit", kind) * scale
        values = tuple(value * size for value in given)
        if max(values) > MOST[kind]:
            i = next(i for i, value in enumerate(values) if value > MOST[kind])
            is_, most = units.friendly(values[i], kind), units.friendly(MOST[kind], kind)
            scaled = f" times {scale:g}" if scale != 1.0 else ""
            said = f"{given[i]:g} {unit}{scaled} given, {is_}; at most {most} is allowed. Is {unit!r} the unit?"
            raise Faults([(f"{key}[{i}]", said)])
        return values

    def _unit(self, key: str, kind: str) -> float:
        given = getattr(self, key)
        try:
            return units.parse(f"1 {given}", kind)
        except ValueError:
            spelled = units.respelled(given, kind)
            example = f'"{spelled}"' if spelled else '"min" or "h"' if kind == "time" else '"pM" or "uU/mL"'
            raise Faults([(key, f"{shown(given)} given; a unit such as {example} is needed")]) from None


SegmentForm = Annotated[
    ConstantForm | WashoutForm | RampForm | PulsesForm | MealsForm | OscillationForm | SeriesForm,
    Field(discriminator="kind"),
]
INSULIN_KEYS = ("insulin", "start", "end", "base", "peak", "basal", "rise", "mean", "amplitude")

_KINDS: dict[type, tuple[str, type[Form]]] = {
    exposure.Constant: ("constant", ConstantForm),
    exposure.Ramp: ("ramp", RampForm),
    exposure.PulseTrain: ("pulses", PulsesForm),
    exposure.Meals: ("meals", MealsForm),
    exposure.Oscillation: ("oscillation", OscillationForm),
}


def segment_table(segment: exposure.Segment, was: Form | None = None) -> dict[str, Any]:
    """A segment as a scenario file writes it; a series says where it begins if the form that it came from does."""
    if isinstance(segment, exposure.Series):
        began = isinstance(was, SeriesForm) and was.start_min is not None
        return {
            "kind": "series",
            "duration": units.text(segment.duration_min, "time"),
            **({"start": units.text(0.0, "time")} if began else {}),
            "times": list(segment.times_min),
            "insulin": list(segment.insulin_nM),
        }
    kind, form = _KINDS[type(segment)]
    table: dict[str, Any] = {"kind": kind}
    for field in dataclasses.fields(segment):
        measure = "time" if field.name.endswith("_min") else "insulin"
        value = getattr(segment, field.name)
        texts = [units.text(each, measure) for each in (value if isinstance(value, tuple) else (value,))]
        table[form.model_fields[field.name].alias or ""] = texts if isinstance(value, tuple) else texts[0]
    return table


# -- the itinerary -----------------------------------------------------------------------------------------------------


class StateForm(Form):
    """Where a receptor can be. `activity`: share of it that counts as active for transcription."""

    name: Name
    compartment: Annotated[str, choice(*COMPARTMENTS)]
    bound: Switch = False
    activity: Share = 0.0


class _Arrow(Form):
    name: Name
    source: Name
    target: Name


class ConstantLaw(_Arrow):
    """Every receptor in `source` takes this arrow at the same rate."""

    law: Literal["constant"]
    rate: Rate


class LigandLaw(_Arrow):
    """The rate is in proportion to the ligand."""

    law: Literal["first_order_in_ligand"]
    rate: Association


class HillLaw(_Arrow):
    """rate + extra x^power / (half_occupancy^power + x^power), x the occupied share of the surface."""

    law: Literal["hill_in_occupancy"]
    rate: Rate
    extra: Rate
    half_occupancy: PositiveShare
    power: Power


class SaturableLaw(_Arrow):
    """rate / (1 + load / half_load), load the receptors in the `load` states over R0."""

    law: Literal["saturable_in_load"]
    rate: Rate
    load: Annotated[tuple[Name, ...], listed(1, 200)]
    half_load: PositiveNumber


class SynthesisLaw(Form):
    """New receptors, in R0 per minute; without a rate it is solved from the insulin-free steady state."""

    name: Name
    law: Literal["synthesis"]
    target: Name
    rate: Rate | None = None


ArrowForm = Annotated[
    ConstantLaw | LigandLaw | HillLaw | SaturableLaw | SynthesisLaw,
    Field(discriminator="law"),
]


class TranscriptionForm(Form):
    """Active receptors suppress synthesis: 1 - max_suppression A^power / (half_activity^power + A^power)."""

    max_suppression: Share
    half_activity: PositiveNumber = Field(description="active receptors over R0")
    power: Power
    response_min: Duration = Field(alias="response")


class ItineraryForm(Form):
    """States and arrows of any receptor."""

    states: Annotated[tuple[StateForm, ...], listed(1, 200)]
    transitions: Annotated[tuple[ArrowForm, ...], listed(0, 2000)]
    transcription: TranscriptionForm | None = None

    @model_validator(mode="after")
    def _sound(self) -> ItineraryForm:
        names = [state.name for state in self.states]
        found = [
            (f"transitions[{i}].{key}", f"{name!r} is not a state; states are {', '.join(names)}{nearest(name, names)}")
            for i, arrow in enumerate(self.transitions)
            for key, name in _ends(arrow)
            if name not in names
        ]
        synthesis = [arrow.rate for arrow in self.transitions if isinstance(arrow, SynthesisLaw)]
        if len({rate is None for rate in synthesis}) > 1:
            found.append(("transitions", "either every synthesis arrow has a rate, or none"))
        if found:
            raise Faults(found)
        try:
            self.drawn()
        except ValueError as fault:
            where, _, what = str(fault).partition(": ")
            raise Faults([(re.sub(r" \(.*?\)", "", where), what)]) from None
        return self

    @property
    def gives_synthesis(self) -> bool:
        """Whether nothing about synthesis is left to be solved."""
        return all(arrow.rate is not None for arrow in self.transitions)

    def drawn(self) -> Itinerary:
        """The itinerary; synthesis that is to be solved has rate 0."""
        given = self.transcription
        return Itinerary(
            states=tuple(State(**state.model_dump()) for state in self.states),
            transitions=tuple(_transition(arrow) for arrow in self.transitions),
            transcription=None if given is None else Transcription(**given.__dict__),
        )


def itinerary_table(itinerary: Itinerary) -> dict[str, Any]:
    """An itinerary as a scenario file writes it.

    Each arrow takes the simplest law that holds it: an `extra` of 0 or an endless `half_load` is a constant.
    """
    table: dict[str, Any] = {
        "states": [dataclasses.asdict(state) for state in itinerary.states],
        "transitions": [_arrow_table(arrow) for arrow in itinerary.transitions],
    }
    if itinerary.transcription is not None:
        slow = itinerary.transcription
        table["transcription"] = {
            "max_suppression": slow.max_suppression,
            "half_activity": slow.half_activity,
            "power": slow.power,
            "response": units.text(slow.response_min, "time"),
        }
    return table


def _ends(arrow: Any) -> Iterable[tuple[str, str]]:
    for key in ("source", "target"):
        if hasattr(arrow, key):
            yield key, getattr(arrow, key)
    for i, name in enumerate(getattr(arrow, "load", ())):
        yield f"load[{i}]", name


def _transition(arrow: Any) -> Transition:
    given = {key: value for key, value in arrow.__dict__.items() if key != "law"}
    if isinstance(arrow, SynthesisLaw):
        given |= {"source": None, "rate": arrow.rate or 0.0}
    return Transition(**given, needs_ligand=isinstance(arrow, LigandLaw))


def _arrow_table(arrow: Transition) -> dict[str, Any]:
    table: dict[str, Any] = {"name": arrow.name, "source": arrow.source, "target": arrow.target, "law": "constant"}
    kind = "association" if arrow.needs_ligand else "rate"
    table["rate"] = units.text(arrow.rate, kind)
    if arrow.source is None:
        del table["source"]
        table["law"] = "synthesis"
    elif arrow.needs_ligand:
        table["law"] = "first_order_in_ligand"
    elif arrow.load and math.isfinite(arrow.half_load):
        table |= {"law": "saturable_in_load", "load": list(arrow.load), "half_load": arrow.half_load}
    elif arrow.extra != 0.0:
        table |= {"law": "hill_in_occupancy", "extra": units.text(arrow.extra, "rate")}
        table |= {"half_occupancy": arrow.half_occupancy, "power": arrow.power}
    return table
