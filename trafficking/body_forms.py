"""One person over years, as a file: what goes wrong, how the beta cells are limited, and which receptors act.

Like `Scenario`, a body scenario is complete once it is made and opens no files; another is made from `to_dict`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from functools import cached_property
from typing import Annotated, Any, Self

import numpy as np
from pydantic import Field, field_validator, model_validator

from trafficking.faults import Faults, Read, choice, listed, number, shown, whole, words
from trafficking.interventions import ARROWS, Given, arrow, course, interventions
from trafficking.physiology import (
    DAY_MIN,
    HEALTHY,
    MG_PER_DL_PER_MM,
    YEAR_D,
    Exhaustion,
    GlucoseToxicity,
    Growth,
    Topp,
    constant,
)
from trafficking.plasma import BIN_MIN
from trafficking.quantities import Document, Form, Name, PositiveNumber, PositiveShare, Share

_NUMBER_THEN_UNIT = re.compile(r"([-+]?[0-9]+\.?[0-9]*(?:[eE][+-]?[0-9]{1,3})?)\s*(\S+)")
_LONGEST_YEARS = 100.0
LONGEST_WINDOW_D = 10.0
_TESTOSTERONES = {"testosterone_men", "testosterone_women"}
_SAME_D = 1e-6  # moments that are no further apart are one


def _measured(what: str, units: Mapping[str, float], example: str, *, least: float, most: float) -> Read:
    """Text with a unit, from `least` to `most` in the first of `units` (unit -> how many of the first it is)."""
    first = next(iter(units))

    def read(given: Any) -> float:
        needed = f'{what} with its unit, such as "{example}"'
        match = _NUMBER_THEN_UNIT.fullmatch(given.strip()) if isinstance(given, str) and len(given) < 60 else None
        if match is None or match.group(2) not in units:
            raise ValueError(f"{shown(given)} given; text is needed, {needed} (units: {', '.join(units)})")
        value = float(match.group(1)) * units[match.group(2)]
        if not least <= value <= most:
            raise ValueError(f"{shown(given)} given; from {least:g} to {most:g} {first} are allowed")
        return value

    schema = {"type": "string", "description": f"{what} with its unit", "examples": [example]}
    return Read(read, schema, lambda value: f"{value!r} {first}")


_DAYS = {"d": 1.0, "y": YEAR_D}
_MOST_D = _LONGEST_YEARS * YEAR_D
_TIME = _measured("a time", _DAYS, "2 y", least=0.0, most=_MOST_D)
When = Annotated[float, _TIME]
Lasting = Annotated[float, _measured("a time", _DAYS, "10 y", least=1.0, most=_MOST_D)]
Window = Annotated[float, _measured("a time", _DAYS, "1 d", least=0.01, most=LONGEST_WINDOW_D)]
Years = Annotated[float, _measured("a time", {"y": 1.0, "d": 1.0 / YEAR_D}, "5 y", least=0.1, most=1e6)]
Mass = Annotated[float, _measured("a mass", {"mg": 1.0, "g": 1e3}, "900 mg", least=HEALTHY.beta + 1.0, most=1e6)]
Glucose = Annotated[
    float, _measured("a glucose", {"mg/dL": 1.0, "mM": MG_PER_DL_PER_MM}, "26 mg/dL", least=1.0, most=1e4)
]
PerYear = Annotated[float, _measured("a rate", {"/y": 1.0}, "0.05 /y", least=0.0, most=100.0)]


def day_of(given: str) -> float:
    """The day of a time such as "5 y"; ValueError says what is wrong with any other text."""
    return _TIME.read(given)


class Point(Form):
    """A factor from a time on; between two points it moves along a straight line."""

    at_d: When = Field(alias="at")
    factor: Annotated[float, number(0.01, 10.0)]


class InterventionForm(Form):
    """An intervention of `data/interventions.toml`, from start to stop."""

    name: Annotated[str, choice(*interventions())]
    start_d: When = Field(0.0, alias="start")
    stop_d: When = Field(_MOST_D, alias="stop", description="default: it goes on")
    deviate: Annotated[float, number(-5.0, 5.0)] = Field(
        0.0, description="standard deviations from the middle of its effect, towards benefit"
    )

    @property
    def times(self) -> tuple[float, float]:
        return self.start_d, self.stop_d

    @model_validator(mode="after")
    def _lasting(self) -> Self:
        if not self.start_d < self.stop_d:
            raise Faults([("stop", f"{self.stop_d:g} d given; must come after start, {self.start_d:g} d")])
        return self


class ExhaustionForm(Form):
    """Slow wear of beta cells that secrete too much for years; form and numbers are assumptions."""

    threshold: PositiveNumber = Field(default_factory=lambda: constant("threshold"), description="healthy secretion")
    wear_per_year: PerYear = Field(default_factory=lambda: constant("wear"), alias="wear")
    recovery_years: Years = Field(default_factory=lambda: constant("recovery"), alias="recovery")


class ToxicityForm(Form):
    """Days of high glucose take sensitivity away; the form is an assumption, its numbers are fitted to two studies."""

    most: PositiveShare = Field(
        default_factory=lambda: constant("toxic_most"), description="share of sensitivity that can be lost"
    )
    half_mg_per_dL: Glucose = Field(
        default_factory=lambda: constant("toxic_half"), alias="half", description="above healthy: half of that is lost"
    )
    days: Lasting = Field(default_factory=lambda: constant("toxic_days"), description="in which it follows")


class BetaCells(Form):
    """The limits of the beta cells; without any they always grow to what is needed."""

    cap_mg: Mass | None = Field(
        None, alias="cap", description="mass beyond which they no longer replicate (assumption)"
    )
    death: Annotated[float, number(0.8, 100.0)] = Field(
        1.0,
        description="death rate over the healthy one; below 0.8 they would grow until fasting glucose is below 4 mM",
    )
    exhaustion: ExhaustionForm | None = Field(None, description="default: they do not wear out")


class BodyScenario(Document):
    """One person over years: frozen, validated, complete."""

    name: Name = Field(description="a name of letters, digits, dashes and underscores")
    title: Annotated[str, words(200)] = ""
    question: Annotated[str, words(1000)] = ""
    expected: Annotated[str, words(2000, paragraphs=True)] = ""
    sources: Annotated[tuple[Annotated[str, words(500)], ...], listed(0, 50)] = ()
    notes: Annotated[str, words(10_000, paragraphs=True)] = ""
    duration_d: Lasting = Field(alias="duration", description="a time such as 10 y; a year has 365 d")
    window_d: Window = Field(1.0, alias="window", description="the organs and the body are coupled this often")
    insult: Annotated[tuple[Point, ...], listed(0, 1000)] = Field(
        (), description="u: insulin sensitivity over healthy, all but receptors and activity; default 1"
    )
    activity: Annotated[tuple[Point, ...], listed(0, 1000)] = Field(
        (), description="a: what follows the receptor in muscle and fat, 1 = healthy; default 1"
    )
    visceral_fat: Annotated[tuple[Point, ...], listed(0, 1000)] = Field(
        (), description="visceral fat over healthy, before interventions; default 1"
    )
    interventions: Annotated[tuple[InterventionForm, ...], listed(0, 20)] = ()
    receptors: Annotated[str, choice("organs", "stand_in", "held")] = Field(
        "organs", description="those of each organ, a stand-in r = (I/I0)^-elasticity, or their number held constant"
    )
    elasticity: Annotated[float, number(0.0, 0.99)] | None = Field(None, description="of the stand-in")
    dose: Annotated[float, number(0.01, 2.0)] = Field(1.0, description="receptors made over normal; 0.5: Insr+/-")
    power: Annotated[float, number(0.0, 2.0)] = Field(
        default_factory=lambda: constant("power"), description="q: sensitivity goes with receptors to this power"
    )
    hepatic_clearance: Share = Field(
        default_factory=lambda: constant("hepatic_clearance"),
        description="share of insulin's clearance that goes with liver receptors; 0: none",
    )
    fatty_acids: Annotated[float, number(0.0, 2.0)] = Field(
        1.0, description="how much of their measured effect free fatty acids have on muscle and liver; 0: none"
    )
    glucose_toxicity: ToxicityForm | None = Field(
        None, description="days of high glucose lower sensitivity (assumption); default: they do not"
    )
    meals: Annotated[str, choice("none", "three")] = Field(
        "none", description="daily means of insulin, or three meals a day, minute by minute"
    )
    resolution: Annotated[str, choice("mean", "counts", "agents")] = Field(
        "mean", description="receptors of the organs: expected numbers, random numbers, or every single one"
    )
    receptors_per_organ: Annotated[int, whole(100, 10_000_000)] = Field(
        100_000, description="of one cell without insulin, at counts and agents"
    )
    beta_cells: BetaCells = Field(default_factory=lambda: BetaCells.model_validate({}))

    @classmethod
    def _default_text(cls, value: float) -> str:
        return f"{value!r} d"

    def held(self) -> Self:
        """The same person with receptors whose number never changes."""
        given = {key: value for key, value in self.to_dict().items() if key != "elasticity"}
        return self.from_dict(given | {"receptors": "held", "resolution": "mean"})

    def treated(self, name: str, start: str, *, stop: str | None = None, deviate: float = 0.0) -> Self:
        """The same person with one more intervention, `deviate` standard deviations from the middle of its effect.

        Args:
            stop: default: it goes on.
        """
        before = self.to_dict()
        one = {"name": name, "start": start, "deviate": deviate} | ({} if stop is None else {"stop": stop})
        return self.from_dict({**before, "interventions": [*before.get("interventions", []), one]})

    # -- when ------------------------------------------------------------------------------------------------------

    @cached_property
    def ends_d(self) -> tuple[float, ...]:
        """The days on which its windows end: every `window`, every year, and wherever something begins or ends.

        With meals a window ends at its hours of the day alone, so other moments move to the nearest of those days.
        """
        moments = {point.at_d for points in (self.insult, self.activity, self.visceral_fat) for point in points}
        moments |= {day for each in self.interventions for day in each.times}
        moments |= {float(year * YEAR_D) for year in range(1, int(self.duration_d / YEAR_D) + 1)}
        if self.meals != "none":
            moments = {float(round(day)) for day in moments}
        window_d = self.window_d
        if self.meals != "none" and window_d < 1.0:
            window_d = 1.0 / round(1.0 / window_d)  # however a third of a day is written, three of them are a day
        grid = (window_d * k for k in range(1, math.ceil(self.duration_d / window_d)))
        days = sorted({day for day in moments if 0.0 < day < self.duration_d}.union(grid))
        ends = [day for day, later in zip(days, [*days[1:], self.duration_d], strict=False) if later - day > _SAME_D]
        return (*ends, self.duration_d)

    # -- what it says ----------------------------------------------------------------------------------------------

    def insult_at(self, day: float) -> float:
        """u on a day; 1 is healthy."""
        return _between(self.insult, day)

    def activity_at(self, day: float) -> float:
        """a of muscle and fat on a day; 1 is healthy."""
        return _between(self.activity, day)

    def course_at(self, day: float) -> dict[str, float]:
        """What interventions and visceral fat make of each arrow on a day, and of `activity` in muscle and fat."""
        if not (self.interventions or self.visceral_fat):
            return dict.fromkeys((*ARROWS, "activity"), 1.0)
        given = [Given(interventions()[each.name], *each.times, each.deviate) for each in self.interventions]
        found = course(given, day)
        found["visceral_fat"] *= _between(self.visceral_fat, day)
        found["insult"] *= found["visceral_fat"] ** -arrow("fat_on_insult")
        found["activity"] = found["visceral_fat"] ** -arrow("fat_on_activity")
        return found

    @cached_property
    def growth(self) -> Growth:
        """What moves beta-cell mass."""
        given = self.beta_cells
        published = Topp.published()
        topp = Topp(**{**published.__dict__, "death": published.death * given.death})
        worn = given.exhaustion
        exhaustion = None if worn is None else Exhaustion(worn.threshold, worn.wear_per_year, worn.recovery_years)
        return Growth(topp, given.cap_mg or math.inf, exhaustion)

    @cached_property
    def toxicity(self) -> GlucoseToxicity | None:
        """What days of high glucose do to sensitivity, where that is switched on."""
        given = self.glucose_toxicity
        return None if given is None else GlucoseToxicity(given.most, given.half_mg_per_dL, given.days)

    @property
    def assumptions(self) -> list[str]:
        """What has no source and matters here, each as 'q = 0.5 (assumption)'."""
        said = [f"q = {self.power:g}"]
        if self.receptors == "organs":
            shares = (f"{organ} {constant(f'{organ}_share'):g}" for organ in ("muscle", "liver", "adipose"))
            said += [f"shares of sensitivity: {', '.join(shares)}"]
        else:
            said += [f"receptors {self.receptors.replace('_', '-')}"]
        if self.hepatic_clearance and self.receptors != "held":
            said += [f"{100 * self.hepatic_clearance:g} % of clearance goes with liver receptors"]
        if self.fatty_acids and self.receptors != "stand_in":
            said += ["free fatty acids act for years as they do for hours"]
        if self.activity:
            said += [f"activity below the receptor down to {min(point.factor for point in self.activity):g}"]
        if self.beta_cells.cap_mg is not None:
            said += [f"cap on beta cells = {self.beta_cells.cap_mg:g} mg"]
        if self.interventions:
            said += ["how interventions act on the model"]
        if (worn := self.beta_cells.exhaustion) is not None:
            said += [f"beta cells wear by {worn.wear_per_year:g} a year and load above {worn.threshold:g}"]
        if (toxic := self.glucose_toxicity) is not None:
            said += [f"up to {100.0 * toxic.most:g} % of sensitivity lost to days of high glucose"]
        return [f"{each} (assumption)" for each in said]

    # -- how it is made --------------------------------------------------------------------------------------------

    @field_validator("insult", "activity", "visceral_fat")
    @classmethod
    def _in_order(cls, given: tuple[Point, ...]) -> tuple[Point, ...]:
        found = []
        for i in range(1, len(given)):
            if not given[i - 1].at_d < given[i].at_d:
                found.append((f"[{i}].at", f"{given[i].at_d:g} d given; must come after {given[i - 1].at_d:g} d"))
        if found:
            raise Faults(found)
        return given

    @model_validator(mode="after")
    def _fitting(self) -> Self:
        found = []
        if self.receptors == "stand_in" and self.elasticity is None:
            found.append(("elasticity", "missing; receptors = 'stand_in' needs a number, such as 0.3"))
        if self.receptors != "stand_in" and self.elasticity is not None:
            found.append(("elasticity", f"only receptors = 'stand_in' have one; {shown(self.receptors)} is given"))
        if self.resolution != "mean" and self.receptors != "organs":
            others = f"receptors = {shown(self.receptors)} are a formula"
            found.append(("resolution", f"{shown(self.resolution)} given; {others}, so use 'mean'"))
        if not fits(self.meals, self.window_d):
            words = f"whole days, or a day divided in windows of whole {BIN_MIN} min, are needed with meals"
            found.append(("window", f"{self.window_d:g} d given; {words}"))
        if self.meals != "none" and not _whole(self.duration_d):
            found.append(("duration", f"{self.duration_d:g} d given; with meals whole days are needed"))
        if self.duration_d < self.window_d:
            found.append(
                ("duration", f"{self.duration_d:g} d given; at least a window, {self.window_d:g} d, is needed")
            )
        if self.duration_d / self.window_d > 1e6:
            found.append(("window", f"{self.duration_d / self.window_d:,.0f} windows in the run; at most 1,000,000"))
        for i, each in enumerate(self.interventions):
            if each.times[0] >= self.duration_d:
                what = f"{each.times[0]:g} d given; must come before the end of the life, {self.duration_d:g} d"
                found.append((f"interventions[{i}].start", what))
            if self.meals != "none" and each.stop_d - each.start_d < 1.0:
                what = (
                    f"{each.stop_d:g} d given, {each.stop_d - each.start_d:g} d after start; with meals a day is needed"
                )
                found.append((f"interventions[{i}].stop", what))
        found += _at_once(self.interventions)
        if found:
            raise Faults(found)
        return self


def _at_once(given: tuple[InterventionForm, ...]) -> list[tuple[str, str]]:
    """Faults of interventions that are given while they are given already; their effects would multiply."""
    found = []
    for i, each in enumerate(given):
        for before in given[:i]:
            if not (before.start_d < each.stop_d and each.start_d < before.stop_d):
                continue
            until = "" if before.stop_d == _MOST_D else f" to {before.stop_d:g} d"
            when = f"already given from {before.start_d:g} d{until}"
            if before.name == each.name:
                what = f"it is {when}, and once at a time is allowed"
            elif {before.name, each.name} == _TESTOSTERONES:
                what = f"{shown(before.name)} is {when}, and one person takes the one for men or the one for women"
            else:
                continue
            found.append((f"interventions[{i}].name", f"{shown(each.name)} given; {what}"))
            break
    return found


def _between(points: tuple[Point, ...], day: float) -> float:
    if not points:
        return 1.0
    return float(np.interp(day, [point.at_d for point in points], [point.factor for point in points]))


def fits(meals: str, window_d: float) -> bool:
    """Whether windows of this length begin at the same hours every day, as those with meals must."""
    if meals == "none":
        return True
    if window_d < 1.0:
        return _whole(1.0 / window_d) and _whole(window_d * DAY_MIN / BIN_MIN)
    return _whole(window_d)


def _whole(number: float) -> bool:
    return abs(number - round(number)) < 1e-6
