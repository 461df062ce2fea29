"""Insulin over time, as the experimenter gives it: shapes laid end to end, with exact means over any window.

A segment is one shape in its own time x, minutes from its start. No shape depends on its segment's duration, so a
segment that is cut short keeps every bit of what came before the cut. Values are right-continuous: at a jump the new
value holds. Integrals are closed formulas over the window itself and never a difference of two large areas.

A step is two `Constant`s and a washout is a `Constant` at 0. All shapes have the methods that `Constant` describes.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from numbers import Real
from typing import Any, get_args

from trafficking.faults import shown

_MOST_REPEATS = 1_000_000  # pulses or days of meals in one segment; more is a slip in a unit, and each costs memory


@dataclass(frozen=True)
class Constant:
    """Insulin clamped at one level."""

    duration_min: float
    insulin_nM: float

    def __post_init__(self) -> None:
        _require(self, positive=("duration_min",), not_negative=("insulin_nM",))

    def value(self, x: float) -> float:
        """Insulin at x, nM."""
        return self.insulin_nM

    def integral(self, x0: float, x1: float) -> float:
        """Area under insulin from x0 to x1, nM min."""
        return self.insulin_nM * (x1 - x0)

    def jumps(self, until_min: float) -> tuple[float, ...]:
        """Jumps and kinks, where a window must end, strictly between 0 and `until_min`."""
        return ()

    def constant_between(self, x0: float, x1: float) -> bool:
        """Whether one value holds all over [x0, x1)."""
        return True

    def extremes(self) -> tuple[float, float]:
        """The lowest and the highest insulin the segment comes to, nM."""
        return self.insulin_nM, self.insulin_nM


@dataclass(frozen=True)
class Ramp:
    """Insulin moves in a straight line from `start_nM` to `end_nM` in `over_min`, then stays."""

    duration_min: float
    start_nM: float
    end_nM: float
    over_min: float

    def __post_init__(self) -> None:
        _require(self, positive=("duration_min", "over_min"), not_negative=("start_nM", "end_nM"))

    def value(self, x: float) -> float:
        return _line(0.0, self.start_nM, self.over_min, self.end_nM, x)

    def integral(self, x0: float, x1: float) -> float:
        foot = min(max(self.over_min, x0), x1)
        return (self.value(x0) + self.value(foot)) / 2.0 * (foot - x0) + self.end_nM * (x1 - foot)

    def jumps(self, until_min: float) -> tuple[float, ...]:
        return (self.over_min,) if self.over_min < until_min else ()

    def constant_between(self, x0: float, x1: float) -> bool:
        return x0 >= self.over_min or self.start_nM == self.end_nM

    def extremes(self) -> tuple[float, float]:
        return _span((self.start_nM, self.value(self.duration_min)))


@dataclass(frozen=True)
class PulseTrain:
    """Square pulses: `peak_nM` for `width_min` from `first_min` on, again every `period_min`; `base_nM` between."""

    duration_min: float
    base_nM: float
    peak_nM: float
    width_min: float
    period_min: float
    first_min: float = 0.0

    def __post_init__(self) -> None:
        _require(
            self,
            positive=("duration_min", "width_min", "period_min"),
            not_negative=("base_nM", "peak_nM", "first_min"),
        )
        if self.width_min >= self.period_min:
            raise ValueError(f"width_min: {self.width_min!r} must be below period_min, {self.period_min!r}")
        _refuse_too_many(self, "period_min")

    def value(self, x: float) -> float:
        k = _latest(x, self.first_min, self.period_min)
        return self.peak_nM if k >= 0 and x < self._fall(k) else self.base_nM

    def integral(self, x0: float, x1: float) -> float:
        first = max(_latest(x0, self.first_min, self.period_min), 0)
        last = _latest(x1, self.first_min, self.period_min)
        if last < 0:
            return self.base_nM * (x1 - x0)
        high_min = self._high_min(first, x0, x1)
        if last > first:
            high_min += (last - first - 1) * self.width_min + self._high_min(last, x0, x1)
        return self.base_nM * max(x1 - x0 - high_min, 0.0) + self.peak_nM * high_min

    def jumps(self, until_min: float) -> tuple[float, ...]:
        pulses = range(_latest(until_min, self.first_min, self.period_min) + 1)
        edges = [edge for k in pulses for edge in (self._rise(k), self._fall(k))]
        return tuple(edge for edge in edges if 0.0 < edge < until_min)

    def constant_between(self, x0: float, x1: float) -> bool:
        k = _latest(x0, self.first_min, self.period_min)
        next_edge = self._fall(k) if k >= 0 and x0 < self._fall(k) else self._rise(max(k + 1, 0))
        return x1 <= next_edge or self.base_nM == self.peak_nM

    def extremes(self) -> tuple[float, float]:
        seen = (x for x in (0.0, self._rise(0), self._fall(0)) if x < self.duration_min)
        return _span([self.value(x) for x in seen])

    def _rise(self, k: int) -> float:
        return self.first_min + k * self.period_min

    def _fall(self, k: int) -> float:
        return self.first_min + k * self.period_min + self.width_min

    def _high_min(self, k: int, x0: float, x1: float) -> float:
        """How long pulse k stands within [x0, x1]."""
        return max(0.0, min(x1, self._fall(k)) - max(x0, self._rise(k)))


@dataclass(frozen=True)
class Meals:
    """A basal level and a surge after each meal, the same meals every day.

    Each meal adds rise (x / p) exp(1 - x / p), x minutes after it, p = `peak_after_min`: it begins at the meal, is
    `rise_nM` high at p and fades. Surges that overlap add up.
    """

    duration_min: float
    basal_nM: float
    rise_nM: float
    peak_after_min: float
    meal_times_min: tuple[float, ...]
    every_min: float = 1440.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "meal_times_min", _floats("meal_times_min", self.meal_times_min))
        _require(
            self,
            positive=("duration_min", "peak_after_min", "every_min"),
            not_negative=("basal_nM", "rise_nM", "meal_times_min"),
        )
        _require_rising("meal_times_min", self.meal_times_min)
        if self.meal_times_min[-1] >= self.every_min:
            raise ValueError(f"meal_times_min: {self.meal_times_min[-1]!r} must be below every_min, {self.every_min!r}")
        _refuse_too_many(self, "every_min")

    def value(self, x: float) -> float:
        ages = ((x - meal) / self.peak_after_min for meal in self._meals(x, x))
        return self.basal_nM + self.rise_nM * math.fsum(age * math.exp(1.0 - age) for age in ages)

    def integral(self, x0: float, x1: float) -> float:
        surges = math.fsum(self._surge(max(x0 - meal, 0.0), x1 - max(x0, meal)) for meal in self._meals(x0, x1))
        return self.basal_nM * (x1 - x0) + self.rise_nM * self.peak_after_min * surges

    def jumps(self, until_min: float) -> tuple[float, ...]:
        return tuple(sorted(start for start in self._meals(0.0, until_min) if 0.0 < start < until_min))

    def constant_between(self, x0: float, x1: float) -> bool:
        return x1 <= self.meal_times_min[0] or self.rise_nM == 0.0

    def extremes(self) -> tuple[float, float]:
        turns = (0.0, *self.jumps(self.duration_min), self.duration_min)
        peaks = [min(self._peak_after(x), upper) for x, upper in pairwise(turns)]
        return _span([self.value(x) for x in (*turns, *peaks)])

    def _meals(self, x0: float, x1: float) -> list[float]:
        """Starts up to x1 of the meals felt from x0 on; older ones are below 1e-24 of those of the days after them."""
        felt = math.ceil(60.0 * self.peak_after_min / self.every_min) + 1
        starts = []
        for meal in self.meal_times_min:
            oldest = max(_latest(x0, meal, self.every_min) - felt, 0)
            starts += [meal + k * self.every_min for k in range(oldest, _latest(x1, meal, self.every_min) + 1)]
        return starts

    def _surge(self, age_min: float, width_min: float) -> float:
        """The integral of u exp(1 - u) over a window that begins `age_min` after the meal, u = age / p.

        It is exp(1 - u) (u (1 - exp(-w)) + (1 - (1 + w) exp(-w))), w the width over p. The last bracket is
        exp(-w) (exp(w) - 1 - w), summed as a series of positive terms where w is small and the difference would cancel.
        """
        u = age_min / self.peak_after_min
        w = width_min / self.peak_after_min
        if w < 1.0:
            term = tail = w * w / 2.0
            for n in range(3, 20):
                term *= w / n
                tail += term
            tail *= math.exp(-w)
        else:
            tail = 1.0 - (1.0 + w) * math.exp(-w)
        return math.exp(1.0 - u) * (tail - u * math.expm1(-w))

    def _peak_after(self, x: float) -> float:
        """Where the surges begun by x would be highest together after x (x itself where they only fade).

        Alike in shape, they add up to (a u + b) exp(-u), which has one peak.
        """
        ages = [(x - meal) / self.peak_after_min for meal in self._meals(x, x)]
        if not ages:
            return x
        youngest = min(ages)
        weights = [math.exp(youngest - age) for age in ages]
        mean_age = math.fsum(w * age for w, age in zip(weights, ages, strict=True)) / math.fsum(weights)
        return x + self.peak_after_min * max(1.0 - mean_age, 0.0)


@dataclass(frozen=True)
class Oscillation:
    """A sine around `mean_nM`, rising through it at `phase_min` (which may be negative)."""

    duration_min: float
    mean_nM: float
    amplitude_nM: float
    period_min: float
    phase_min: float = 0.0

    def __post_init__(self) -> None:
        _require(self, positive=("duration_min", "period_min"), not_negative=("mean_nM", "amplitude_nM"))
        if not _finite(self.phase_min):
            raise ValueError(f"phase_min: {shown(self.phase_min)} is not a finite number")
        if self.amplitude_nM > self.mean_nM:
            raise ValueError(f"amplitude_nM: {self.amplitude_nM!r} must not exceed mean_nM, {self.mean_nM!r}")

    def value(self, x: float) -> float:
        return self.mean_nM + self.amplitude_nM * self._sine(x)

    def integral(self, x0: float, x1: float) -> float:
        width = x1 - x0
        half_turn = math.sin(math.pi * math.fmod(width, 2.0 * self.period_min) / self.period_min)
        swing = self.amplitude_nM * self.period_min / math.pi * half_turn * self._sine(x0 + width / 2.0)
        return max(self.mean_nM * width + swing, 0.0)

    def jumps(self, until_min: float) -> tuple[float, ...]:
        return ()

    def constant_between(self, x0: float, x1: float) -> bool:
        return self.amplitude_nM == 0.0

    def extremes(self) -> tuple[float, float]:
        values = [self.value(0.0), self.value(self.duration_min)]
        for turn, value in ((0.25, self.mean_nM + self.amplitude_nM), (0.75, self.mean_nM - self.amplitude_nM)):
            if (self.phase_min + turn * self.period_min) % self.period_min < self.duration_min:
                values.append(value)
        return _span(values)

    def _sine(self, x: float) -> float:
        # fmod is exact, so the sine is as good after a month as in the first minute.
        return math.sin(2.0 * math.pi * math.fmod(x - self.phase_min, self.period_min) / self.period_min)


@dataclass(frozen=True)
class Series:
    """Recorded points joined by straight lines; the first value holds before them and the last one after."""

    duration_min: float
    times_min: tuple[float, ...]
    insulin_nM: tuple[float, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "times_min", _floats("times_min", self.times_min))
        object.__setattr__(self, "insulin_nM", _floats("insulin_nM", self.insulin_nM))
        _require(self, positive=("duration_min",), not_negative=("times_min", "insulin_nM"))
        _require_rising("times_min", self.times_min)
        if len(self.times_min) != len(self.insulin_nM):
            raise ValueError(f"insulin_nM: {len(self.insulin_nM)} values for {len(self.times_min)} times")

    def value(self, x: float) -> float:
        after = min(bisect_right(self.times_min, x), len(self.times_min) - 1)
        before = max(after - 1, 0)
        return _line(self.times_min[before], self.insulin_nM[before], self.times_min[after], self.insulin_nM[after], x)

    def integral(self, x0: float, x1: float) -> float:
        inside = self.times_min[bisect_right(self.times_min, x0) : bisect_left(self.times_min, x1)]
        points = [(x, self.value(x)) for x in (x0, *inside, x1)]
        return math.fsum((v + w) / 2.0 * (b - a) for (a, v), (b, w) in pairwise(points))

    def jumps(self, until_min: float) -> tuple[float, ...]:
        return tuple(x for x in self.times_min if 0.0 < x < until_min)

    def constant_between(self, x0: float, x1: float) -> bool:
        first = max(bisect_right(self.times_min, x0) - 1, 0)
        touched = self.insulin_nM[first : bisect_left(self.times_min, x1) + 1]
        return touched.count(touched[0]) == len(touched)

    def extremes(self) -> tuple[float, float]:
        seen = self.insulin_nM[: bisect_left(self.times_min, self.duration_min)]
        return _span((self.value(0.0), *seen, self.value(self.duration_min)))


Segment = Constant | Ramp | PulseTrain | Meals | Oscillation | Series


@dataclass(frozen=True)
class Exposure:
    """Segments one after the other; after the last one insulin stays where it ended."""

    segments: tuple[Segment, ...]

    def __post_init__(self) -> None:
        segments = tuple(self.segments) if isinstance(self.segments, Iterable) else (self.segments,)
        if not all(isinstance(each, Segment) for each in segments) or isinstance(self.segments, Segment):
            kinds = ", ".join(kind.__name__ for kind in get_args(Segment))
            raise ValueError(f"segments: {shown(self.segments)} given; a list is needed, of {kinds}")
        object.__setattr__(self, "segments", segments)
        if not self.segments:
            raise ValueError("segments: an exposure needs at least one")

    @cached_property
    def duration_min(self) -> float:
        """The end of the last segment."""
        return self._starts[-1]

    @cached_property
    def edges(self) -> tuple[float, ...]:
        """Every time in (0, duration_min] at which a window must end: boundaries, jumps and kinks, sorted."""
        inner = {t for snap, end in zip(self._snaps, self._starts[1:], strict=False) for t in snap if t < end}
        return tuple(sorted(inner.union(self._starts[1:])))

    @cached_property
    def min_nM(self) -> float:
        """The lowest insulin of the whole exposure."""
        return min(segment.extremes()[0] for segment in self._held_segments)

    @cached_property
    def max_nM(self) -> float:
        """The highest insulin of the whole exposure."""
        return max(segment.extremes()[1] for segment in self._held_segments)

    def value(self, time_min: float) -> float:
        """Insulin from `time_min` on, nM."""
        i = self._segment_from(time_min)
        return self._held_segments[i].value(self._local(i, time_min))

    def place(self, time_min: float) -> tuple[Segment, float]:
        """The segment that holds from `time_min` on, and that time in its own minutes."""
        i = self._segment_from(time_min)
        return self._held_segments[i], self._local(i, time_min)

    def mean(self, from_min: float, to_min: float) -> float:
        """Mean insulin over a window, nM: exact, and the very value where insulin is constant."""
        if self.constant_between(from_min, to_min):
            return self.value(from_min)
        area = width = 0.0
        for i, x0, x1 in self._pieces(from_min, to_min):
            area += self._held_segments[i].integral(x0, x1)
            width += x1 - x0
        return area / width if width else self.value(from_min)

    def constant_between(self, from_min: float, to_min: float) -> bool:
        """Whether one value of insulin holds all over [from_min, to_min)."""
        if to_min < from_min:
            raise ValueError(f"a window cannot end at {to_min!r} min, before it begins at {from_min!r} min")
        value = self.value(from_min)
        return from_min == to_min or all(
            self._held_segments[i].constant_between(x0, x1) and self._held_segments[i].value(x0) == value
            for i, x0, x1 in self._pieces(from_min, to_min)
        )

    def steered(self, at_min: float, insulin_nM: float, until_min: float) -> Exposure:
        """This exposure up to `at_min`, not a bit changed, then insulin clamped at `insulin_nM` up to `until_min`."""
        if not 0.0 <= at_min < until_min:
            raise ValueError(f"until_min: {until_min!r} must come after at_min, {at_min!r}, and that not before 0")
        last = bisect_left(self._starts, at_min)
        kept = list(self._held_segments[:last])
        if kept:
            kept[-1] = replace(kept[-1], duration_min=_length(self._starts[last - 1], at_min))
        return Exposure((*kept, Constant(_length(at_min, until_min), insulin_nM)))

    @cached_property
    def _starts(self) -> tuple[float, ...]:
        """Start of each segment and of what is held after them: sums in the order of the segments."""
        starts = [0.0]
        for segment in self.segments:
            starts.append(_after(starts[-1], segment.duration_min))
        return tuple(starts)

    @cached_property
    def _held_segments(self) -> tuple[Segment, ...]:
        """The segments and, after them, the last value held."""
        last = self.segments[-1]
        return (*self.segments, Constant(1.0, last.value(last.duration_min)))

    @cached_property
    def _snaps(self) -> tuple[dict[float, float], ...]:
        """For each segment: the jumps, from their rounded times in the exposure to their own exact x.

        t - start may round to the wrong side of a jump; looked up here, a window that ends or begins at an edge does
        so to the bit. The jumps just beyond the end are in, so that cutting a segment there leaves the table alike.
        """
        tables: list[dict[float, float]] = []
        for segment, (start, end) in zip(self.segments, pairwise(self._starts), strict=True):
            beyond = segment.duration_min + 2.0 * math.ulp(end)
            tables.append({start + x: x for x in segment.jumps(beyond)})
        return (*tables, {})

    def _local(self, i: int, time_min: float) -> float:
        """`time_min` in the own time of segment i."""
        start = self._starts[i]
        x = self._snaps[i].get(time_min)
        if x is None:
            x = time_min - start
            if start + x > time_min:  # rounded to beyond its time, and so perhaps beyond a jump
                x = math.nextafter(x, 0.0)
        return x

    def _segment_from(self, time_min: float) -> int:
        """The segment that holds from `time_min` on."""
        if not time_min >= 0.0:
            raise ValueError(f"an exposure begins at 0 min; {time_min!r} is before it")
        return bisect_right(self._starts, time_min) - 1

    def _pieces(self, from_min: float, to_min: float) -> list[tuple[int, float, float]]:
        """The window as (segment, x0, x1), one for each segment it touches."""
        first, last = self._segment_from(from_min), bisect_left(self._starts, to_min) - 1
        cuts = (from_min, *self._starts[first + 1 : last + 1], to_min)
        return [
            (i, self._local(i, t0), self._local(i, t1))
            for i, (t0, t1) in zip(range(first, last + 1), pairwise(cuts), strict=False)
        ]


def _require(segment: Segment, *, positive: tuple[str, ...], not_negative: tuple[str, ...]) -> None:
    for name in (*positive, *not_negative):
        given = getattr(segment, name)
        for value in given if isinstance(given, tuple) else (given,):
            if not _finite(value):
                raise ValueError(f"{name}: {shown(value)} is not a finite number")
            if value < 0.0 or (value == 0.0 and name in positive):
                raise ValueError(
                    f"{name}: {shown(value)} must {'be above 0' if name in positive else 'not be negative'}"
                )


def _finite(value: Any) -> bool:
    try:
        return isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value)
    except OverflowError:
        return False


def _floats(name: str, given: Any) -> tuple[float, ...]:
    if isinstance(given, str | bytes) or not isinstance(given, Iterable):
        raise ValueError(f"{name}: {shown(given)} given; a list of numbers is needed")
    values = tuple(given)
    for value in values:
        if not _finite(value):
            raise ValueError(f"{name}: {shown(value)} is not a finite number")
    return tuple(map(float, values))


def _require_rising(name: str, times_min: tuple[float, ...]) -> None:
    if not times_min:
        raise ValueError(f"{name}: at least one time is needed")
    for before, after in pairwise(times_min):
        if after <= before:
            raise ValueError(f"{name}: {after!r} comes after {before!r}; times must increase")


def _refuse_too_many(segment: PulseTrain | Meals, name: str) -> None:
    period_min = getattr(segment, name)
    if segment.duration_min / period_min > _MOST_REPEATS:
        raise ValueError(f"{name}: {period_min!r} repeats over {_MOST_REPEATS} times in {segment.duration_min!r} min")


def _span(values: Sequence[float]) -> tuple[float, float]:
    return min(values), max(values)


def _line(x0: float, v0: float, x1: float, v1: float, x: float) -> float:
    """The straight line from (x0, v0) to (x1, v1), flat outside; positive weights lose no digits on the way to 0."""
    if x <= x0 or v0 == v1:
        return v0
    if x >= x1:
        return v1
    return (v0 * (x1 - x) + v1 * (x - x0)) / (x1 - x0)


def _latest(x: float, first: float, period: float) -> int:
    """The largest k with first + k * period <= x, decided by comparing those very sums; negative before the first."""
    k = math.floor((x - first) / period)
    if first + (k + 1) * period <= x:
        return k + 1
    return k - 1 if first + k * period > x else k


def _after(start: float, duration: float) -> float:
    """start + duration, halves rounded up: rounded to even, every other end has no duration that leads to it."""
    end = start + duration
    lost = min(start, duration) - (end - max(start, duration))
    return end if lost <= 0.0 or lost < (math.nextafter(end, math.inf) - end) / 2.0 else math.nextafter(end, math.inf)


def _length(start: float, end: float) -> float:
    """The duration that leads from `start` to `end`, to the last bit."""
    near = end - start
    candidates = (near, math.nextafter(near, math.inf), math.nextafter(near, 0.0))
    return next(duration for duration in candidates if _after(start, duration) == end)
