"""A protocol in the making: segments as a scenario file has them, what is wrong with them, and how a hand changes them.

A draft is a value: every change gives another one. What it means is decided by `Scenario` alone, whose words are shown
where they belong; no insulin is computed here.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from trafficking import exposure, scenario_text, series, units
from trafficking.faults import ScenarioError, shown
from trafficking.io import LARGEST_SCENARIO
from trafficking.scenario import Scenario

Table = Mapping[str, Any]

LARGEST_CSV = 2_000_000  # bytes
MOST_SEGMENTS = 200  # that a page can list
MOST_NUMBERS = 2_000_000  # times and doses of recorded series in all of them
_LEAST_NM = 5e-4  # a hand that goes lower means no insulin
_RUNGS = 20  # steps of an arrow key per decade, as on the insulin slider
_LOWEST_RUNG = -3 * _RUNGS  # 1 pM
_FAULT = re.compile(r"exposure\[(\d+)\](?:\.(\w+)(?:\[\d+\])?)?: (.*)")


@dataclass(frozen=True)
class Field:
    """One value of a segment: its key in a file, its name on the page, and what it measures."""

    key: str
    label: str
    measure: str  # time, insulin, times, number or unit
    default: str = ""  # what a file may leave out


@dataclass(frozen=True)
class Kind:
    """A kind of segment, and one to begin with."""

    title: str
    fields: tuple[Field, ...]
    example: Table


_LASTS = Field("duration", "Lasts", "time")
KINDS: dict[str, Kind] = {
    "constant": Kind(
        "Constant",
        (_LASTS, Field("insulin", "Insulin", "insulin")),
        {"duration": "1 h", "insulin": "10 nM"},
    ),
    "washout": Kind("Washout", (_LASTS,), {"duration": "1 h"}),
    "ramp": Kind(
        "Ramp",
        (_LASTS, Field("start", "From", "insulin"), Field("end", "To", "insulin"), Field("over", "Within", "time")),
        {"duration": "3 h", "start": "0.1 nM", "end": "10 nM", "over": "2 h"},
    ),
    "pulses": Kind(
        "Pulses",
        (
            _LASTS,
            Field("base", "Between pulses", "insulin"),
            Field("peak", "Pulse", "insulin"),
            Field("width", "Width", "time"),
            Field("period", "One every", "time"),
            Field("first", "First after", "time", "0 min"),
        ),
        {"duration": "6 h", "base": "0.1 nM", "peak": "10 nM", "width": "10 min", "period": "1 h"},
    ),
    "meals": Kind(
        "Meals",
        (
            _LASTS,
            Field("basal", "Between meals", "insulin"),
            Field("rise", "Rise after a meal", "insulin"),
            Field("peak_after", "Highest after", "time"),
            Field("meal_times", "Meals at", "times"),
            Field("every", "Again every", "time", "24 h"),
        ),
        {
            "duration": "24 h",
            "basal": "0.05 nM",
            "rise": "0.5 nM",
            "peak_after": "45 min",
            "meal_times": ["7 h", "12.5 h", "18.5 h"],
        },
    ),
    "oscillation": Kind(
        "Oscillation",
        (
            _LASTS,
            Field("mean", "Mean", "insulin"),
            Field("amplitude", "Swing", "insulin"),
            Field("period", "Period", "time"),
            Field("phase", "Rises through the mean at", "time", "0 min"),
        ),
        {"duration": "6 h", "mean": "1 nM", "amplitude": "0.8 nM", "period": "2 h"},
    ),
    "series": Kind(
        "Recorded series",
        (
            Field("duration", "Lasts", "time", "to the last point"),
            Field("start", "Times begin at", "time", "0 min of the table"),
            Field("scale", "Times", "number", "1"),
            Field("time_unit", "Unit of time", "unit", "min"),
            Field("insulin_unit", "Unit of insulin", "unit", "nM"),
        ),
        {},
    ),
}


def plain(value: float, kind: str) -> str:
    """A time or an insulin as people write it, "24 h", where that gives the very same number; else in min or nM."""
    if kind == "time":
        sizes = {"s": 1.0 / 60.0, "min": 1.0, "h": 60.0, "d": 1440.0}
        order = ["d"] * (abs(value) > 72 * 60) + ["h"] * (abs(value) >= 60) + ["min", "s"]
    else:
        sizes = {"pM": 1e-3, "nM": 1.0}
        order = ["pM", "nM"] if 0.0 < value < 0.01 else ["nM"]
    for unit in order:
        text = f"{value / sizes[unit]:.4g} {unit}"
        if units.parse(text, kind) == value:
            return text
    return units.text(value, kind)


@dataclass(frozen=True)
class Draft:
    """Segments under a scenario's cell.

    base: the scenario whose cell and conditions they are given to.
    own: whether the words of `base` are the reader's own, and so hold for what is made of it.
    """

    base: Scenario
    segments: tuple[Table, ...]
    name: str
    own: bool = False

    @classmethod
    def of(cls, scenario: Scenario, *, own: bool) -> Draft:
        """The protocol of a scenario, as somebody might have written it."""
        segments = tuple(_friendly(table) for table in scenario.to_dict()["exposure"])
        return cls(scenario, segments, scenario.name if own else f"my_{scenario.name}"[:64], own)

    @classmethod
    def opened(cls, file: str, text: str) -> Draft:
        """The scenario of a file that a browser has read; ScenarioError says what is wrong with it."""
        _check_upload(file, text, (".toml",), LARGEST_SCENARIO, "a scenario file (.toml)")
        try:
            return cls.of(scenario_text.read(text), own=True)
        except ScenarioError as fault:
            raise ScenarioError([f"{_named(file)}: {line}" for line in fault.lines]) from None

    # -- what it comes to ------------------------------------------------------------------------------------------

    @cached_property
    def _made(self) -> Scenario | ScenarioError:
        words = {} if self.own else {"title": "", "question": "", "sources": [], "notes": self._origin}
        planned = self.base.to_dict().get("treatments", [])
        tables = words | {"name": self.name, "expected": "", "expect": [], "treatments": []}
        try:
            made = self.base.changed(exposure=[dict(segment) for segment in self.segments], **tables)
            kept = [
                table
                for table, treatment in zip(planned, self.base.treatments, strict=True)
                if treatment.at_min <= made.duration_min
            ]
            return made.changed(treatments=kept) if kept else made
        except ScenarioError as fault:
            return fault

    @property
    def _origin(self) -> str:
        return f"Cell and conditions of the scenario {self.base.name}, under an exposure of its own."

    @property
    def scenario(self) -> Scenario:
        """The scenario; ScenarioError where the draft is none yet."""
        if isinstance(self._made, ScenarioError):
            raise self._made
        return self._made

    @property
    def valid(self) -> bool:
        return isinstance(self._made, Scenario)

    @cached_property
    def weight(self) -> int:
        """How much it holds: numbers in lists and characters in texts."""
        values = [self.name, *(value for segment in self.segments for value in segment.values())]
        return sum(len(value) for value in values if isinstance(value, list | tuple | str))

    @property
    def left_out(self) -> int:
        """Treatments of the base that lie beyond the end."""
        return len(self.base.treatments) - len(self.scenario.treatments) if self.valid else 0

    @cached_property
    def faults(self) -> dict[tuple[int, str], str]:
        """What is wrong, by segment and key; (-1, key) where it is no segment's, (i, "") where it is no one value's."""
        found: dict[tuple[int, str], str] = {}
        for line in self._made.lines if isinstance(self._made, ScenarioError) else ():
            match = _FAULT.fullmatch(line)
            if match is not None:
                kind = self.segments[int(match[1])].get("kind", "")
                known = kind in KINDS and match[2] in {field.key for field in KINDS[kind].fields}
                place, what = (int(match[1]), match[2] if known else ""), match[3]
                what = what if known or not match[2] else f"{match[2]}: {what}"
            else:
                place, what = (-1, "name" if line.startswith("name: ") else ""), line
            found[place] = f"{found[place]}; {what}" if place in found else what
        return found

    def text(self) -> str:
        """The scenario file; ScenarioError where the draft is none yet, or its file would be too large."""
        remark = f"{self.scenario.name}: a scenario of trafficking. To run it: trafficking run {self.name}.toml"
        return scenario_text.written(self.scenario, exposure=self.segments, remark=remark)

    # -- changes ---------------------------------------------------------------------------------------------------

    def named(self, name: str) -> Draft:
        return replace(self, name=name)

    def changed(self, i: int, key: str, text: str) -> Draft:
        """One value written anew. An empty text leaves it to its default."""
        segment = dict(self.segments[i])
        field = next((field for field in KINDS[segment["kind"]].fields if field.key == key), None)
        if field is None:
            raise ScenarioError([f"exposure[{i}].{key}: no such key"])
        if not text.strip() and field.default:
            segment.pop(key, None)
        elif field.measure == "times":
            segment[key] = [part.strip() for part in text.split(",")]
        elif field.measure == "number":
            segment[key] = _number(text)
        else:
            segment[key] = text.strip()
        return self._with(i, segment)

    def added(self, kind: str, after: int) -> Draft:
        """One more segment, of this kind, behind segment `after` (-1: in front)."""
        return self._inserted(after + 1, {"kind": kind, **KINDS[kind].example})

    def doubled(self, i: int) -> Draft:
        return self._inserted(i + 1, self.segments[i])

    def removed(self, i: int) -> Draft:
        if len(self.segments) == 1:
            raise ScenarioError(["a protocol needs at least one segment; change this one, or add another first"])
        return replace(self, segments=(*self.segments[:i], *self.segments[i + 1 :]))

    def moved(self, i: int, to: int) -> Draft:
        """Segment `i` in place `to`."""
        rest = [*self.segments[:i], *self.segments[i + 1 :]]
        to = min(max(to, 0), len(rest))
        return replace(self, segments=(*rest[:to], self.segments[i], *rest[to:]))

    def recorded(self, after: int, file: str, text: str) -> Draft:
        """One more segment, behind `after`: a table that a browser has read; ScenarioError says what is wrong."""
        _check_upload(file, text, (".csv", ".txt"), LARGEST_CSV, "a table as CSV (.csv or .txt)")
        try:
            draft = self._inserted(after + 1, {"kind": "series", **series.columns(text)})
            found = {key: what for (i, key), what in draft.faults.items() if i == after + 1}
            if found:
                raise ScenarioError([f"{key}: {what}" if key else what for key, what in found.items()])
        except ScenarioError as fault:
            raise ScenarioError([f"{_named(file)}: {line}" for line in fault.lines]) from None
        return draft

    def _with(self, i: int, segment: Table) -> Draft:
        return replace(self, segments=(*self.segments[:i], segment, *self.segments[i + 1 :]))

    def _inserted(self, i: int, segment: Table) -> Draft:
        if len(self.segments) >= MOST_SEGMENTS:
            raise ScenarioError([f"{len(self.segments)} segments are there; the page lists at most {MOST_SEGMENTS}"])
        more = replace(self, segments=(*self.segments[:i], segment, *self.segments[i:]))
        if more.weight > MOST_NUMBERS:
            raise ScenarioError(
                [f"the protocol would hold {more.weight:,} numbers; at most {MOST_NUMBERS:,} are allowed"]
            )
        return more

    # -- by hand on the curve --------------------------------------------------------------------------------------

    def dragged(self, i: int, key: str, to: float) -> Draft:
        """The end of segment `i` (duration) taken to `to` minutes after its start, or a dose of it to `to` nM."""
        if key == "duration":
            step = time_step(to)
            return self.changed(i, key, plain(max(round(to / step), 1) * step, "time"))
        rest = next((handle.beneath_nM for handle in self.handles(i) if handle.key == key), 0.0)
        return self.changed(i, key, _dose(to - rest))

    def nudged(self, i: int, key: str, by: int) -> Draft:
        """A handle moved by so many small steps, as an arrow key does."""
        handle = next((handle for handle in self.handles(i) if handle.key == key), None)
        if handle is None:
            return self
        if key == "duration":
            step = time_step(handle.value * (1.0 if by > 0 else 0.999))
            return self.dragged(i, key, handle.value + by * step)
        if handle.value <= 0.0:
            return self.changed(i, key, _dose(1e-3 if by > 0 else 0.0))
        at = _rung(handle.value, up=by > 0) + by
        return self.changed(i, key, "0 nM" if at < _LOWEST_RUNG else _dose(10.0 ** (at / _RUNGS)))

    def handles(self, i: int) -> list[Handle]:
        """What a hand may take hold of in segment `i`; nothing while the draft has faults."""
        keys = {field.key for field in KINDS[self.segments[i]["kind"]].fields}
        found = handles(self.scenario.protocol.segments[i]) if self.valid else []
        return [handle for handle in found if handle.key in keys]


@dataclass(frozen=True)
class Handle:
    """A value of a segment that stands on the curve.

    at_min: from the segment's start. nM: how high. value: in min or nM. beneath_nM: what else insulin is made of there.
    """

    key: str
    at_min: float
    nM: float
    value: float
    beneath_nM: float = 0.0


def handles(segment: exposure.Segment) -> list[Handle]:
    """Where the values of a segment stand on its curve: its end, and its doses."""

    def dose(key: str, at_min: float, value: float, beneath_nM: float = 0.0) -> Handle:
        return Handle(key, min(at_min, segment.duration_min), value + beneath_nM, value, beneath_nM)

    end = segment.duration_min
    found = [Handle("duration", end, segment.value(_before(end)), end)]
    match segment:
        case exposure.Constant():
            found.append(dose("insulin", end / 2.0, segment.insulin_nM))
        case exposure.Ramp():
            found.append(dose("start", 0.0, segment.start_nM))
            found.append(dose("end", segment.over_min, segment.end_nM))
        case exposure.PulseTrain():
            gap = segment.first_min + (segment.width_min + segment.period_min) / 2.0
            found.append(dose("base", gap, segment.base_nM))
            found.append(dose("peak", segment.first_min + segment.width_min / 2.0, segment.peak_nM))
        case exposure.Meals():
            peak = segment.meal_times_min[0] + segment.peak_after_min
            found.append(dose("basal", segment.meal_times_min[0] / 2.0, segment.basal_nM))
            found.append(dose("rise", peak, segment.rise_nM, segment.value(peak) - segment.rise_nM))
        case exposure.Oscillation():
            crest = (segment.phase_min + segment.period_min / 4.0) % segment.period_min
            through = (segment.phase_min + segment.period_min / 2.0) % segment.period_min
            found.append(dose("mean", through, segment.mean_nM))
            found.append(dose("amplitude", crest, segment.amplitude_nM, segment.mean_nM))
    return found


def time_step(minutes: float) -> float:
    """How finely a hand sets a time of this length, min."""
    ladder: list[tuple[float, float]] = [(10, 0.5), (120, 1), (720, 5), (2880, 30), (20_160, 120)]
    return next((step for most, step in ladder if minutes <= most), 1440.0)


def _rung(insulin_nM: float, *, up: bool) -> int:
    """The rung of the ladder on which a dose stands, or the one from which the next in this direction is counted."""
    at = math.log10(insulin_nM) * _RUNGS
    if float(f"{10.0 ** (round(at) / _RUNGS):.2g}") == insulin_nM:
        return round(at)
    return math.floor(at) if up else math.ceil(at)


def _before(minutes: float) -> float:
    return minutes * (1.0 - 1e-12)


def _dose(insulin_nM: float) -> str:
    """To two digits, as a hand means it."""
    return plain(float(f"{insulin_nM:.2g}"), "insulin") if insulin_nM >= _LEAST_NM else "0 nM"


def _number(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text  # which the scenario will not take, and say so


def _friendly(table: Table) -> dict[str, Any]:
    """A segment with its values as people write them, each the very same number."""
    fields = {field.key: field for field in KINDS[table["kind"]].fields}
    say: dict[str, Callable[[Any], Any]] = {
        "time": lambda text: plain(units.parse(text, "time"), "time"),
        "insulin": lambda text: plain(units.parse(text, "insulin"), "insulin"),
        "times": lambda texts: [plain(units.parse(text, "time"), "time") for text in texts],
    }
    shown = {
        key: say[fields[key].measure](value) if key in fields and fields[key].measure in say else value
        for key, value in table.items()
    }
    return {key: value for key, value in shown.items() if key not in fields or not _usual(fields[key], value)}


def _usual(field: Field, value: Any) -> bool:
    return bool(field.default) and str(value) in (field.default, f"{field.default}.0")


def _check_upload(file: str, text: str, endings: tuple[str, ...], largest: int, wanted: str) -> None:
    """Refuses what is no such file. The name is only looked at and shown; no file of this machine is opened."""
    if not file.lower().endswith(endings):
        raise ScenarioError([f"{_named(file)}: {wanted} is needed"])
    size = len(text.encode(errors="surrogatepass"))
    if size > largest:
        raise ScenarioError([f"{_named(file)}: has {size / 1e6:.1f} MB; at most {largest / 1e6:g} MB are allowed"])
    if "\0" in text or "\ufffd" in text:
        raise ScenarioError([f"{_named(file)}: is no text in UTF-8; save it as UTF-8, a sheet as CSV"])


def _named(file: str) -> str:
    return file if file.isprintable() and len(file) < 100 else shown(file)
