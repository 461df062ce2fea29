"""Is each part of the itinerary earned? Nested itineraries, fitted to the same published numbers from several starts.

The smallest has binding, entry, one rate back to the surface, one to the lysosome, and synthesis (solved from the
insulin-free balance, so it costs no parameter), as in Koschorreck & Gilles 2008 (doi 10.1186/1752-0509-2-43) with
turnover added. Each larger one adds a part. It is fitted from the best of many places spread over the published ranges
(`data/tissues/culture.toml`) and from the fit of the smaller one, and keeps that where nothing better is found: a part
may also be absent, and so a larger itinerary cannot do worse.

A number inside its range costs nothing, one outside the squared distance to the range in quarters of its width, so that
a range counts as plus and minus two standard deviations. AICc = cost + 2k + 2k(k+1)/(n-k-1) for k free constants and n
numbers (Hurvich & Tsai 1989, Biometrika 76:297); lower is better, and a difference below 2 means little.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from trafficking import io, library
from trafficking.equality import by_value
from trafficking.readings import READINGS, Bench
from trafficking.scenario import Scenario
from trafficking.sketches import Sketcher
from trafficking.targets import Target, targets

_ROWS = tuple(f"D{i}" for i in range(1, 15))
_PULL = 0.03  # weak, towards the middle of a range: without it the fit has no slope inside the ranges
_ABSENT = ("ksort", "esat", "kc", "smax")  # constants whose part may be absent: their range begins at none
_FIRST_STEPS = 5  # of each start, before the two best go on
_UNSEEN = 30.0  # cost, as a distance, of a number that a fit does not show at all, such as a half-time


@dataclass(frozen=True)
class Candidate:
    """An itinerary: which constants are free; all others that belong to a part of it that is absent are off.

    maturation_min: how long new receptors take to the surface, a fixed number; None: no time.
    """

    name: str
    parts: str
    free: tuple[str, ...]
    maturation_min: float | None = None


_SMALLEST = ("koff", "ke0", "keB", "kdis", "kfast", "kL")
_WITH_ENDOSOME = (*_SMALLEST, "ksort", "krr")
_WITH_SORTING = (*_WITH_ENDOSOME, "esat")
_WITH_TRANSCRIPTION = (*_WITH_SORTING, "kc", "smax", "K_A")
_MATURATION_MIN = 180.0  # 3 h in all in 3T3-L1, PMID 6368559
CANDIDATES = (
    Candidate("a", "binding, entry, one recycling and one lysosomal rate, synthesis", _SMALLEST),
    Candidate("b", "a, and the recycling endosome", _WITH_ENDOSOME),
    Candidate("c", "b, and saturable sorting", _WITH_SORTING),
    Candidate("d", "c, and constitutive loss and transcription", _WITH_TRANSCRIPTION),
    Candidate("e", "d, and receptors that mature for 3 h", _WITH_TRANSCRIPTION, _MATURATION_MIN),
)


@by_value
@dataclass(frozen=True, eq=False)
class Fit:
    """The best of several fits of one itinerary: its constants and the numbers that they give."""

    candidate: Candidate
    constants: Mapping[str, float]
    targets: tuple[Target, ...]
    simulated: np.ndarray

    @property
    def cost(self) -> float:
        return float(np.sum(_outside(self.targets, self.simulated) ** 2))

    @property
    def met(self) -> int:
        return sum(target.holds(value) for target, value in zip(self.targets, self.simulated, strict=True))

    @property
    def aicc(self) -> float:
        """Infinite where there are as many free constants as numbers."""
        k, n = len(self.candidate.free), len(self.targets)
        return self.cost + 2.0 * k + 2.0 * k * (k + 1.0) / (n - k - 1.0) if n > k + 1 else math.inf

    @property
    def at_bounds(self) -> list[str]:
        """The free constants that stand at an end of their range."""
        found = []
        for symbol in self.candidate.free:
            low, high = _bounds(symbol)
            place = (_inner(symbol, self.constants[symbol]) - low) / (high - low)
            if not 0.01 < place < 0.99:
                found.append(symbol)
        return found


def compare(
    *,
    only: Sequence[str] = _ROWS,
    candidates: Sequence[Candidate] = CANDIDATES,
    starts: int = 8,
    evaluations: int = 12,
    seed: int = 1,
    progress: Callable[[float], None] | None = None,
) -> list[Fit]:
    """Fits nested itineraries of the cell in culture, the smallest first.

    Args:
        only: ids of the targets. starts: of each fit, the best of eight times as many places that a Sobol sequence
            spreads over the ranges; the fit of the itinerary before is one more. evaluations: at most this many steps
            of the two that come closest in a few.
        progress: called with the number of starts done; of each candidate but the first there is one more.
    """
    chosen = tuple(target for target in targets() if target.id in only)
    fits: list[Fit] = []
    done = 0
    for candidate in candidates:
        experiments = _Experiments(chosen, candidate.maturation_min)
        limits = np.array([_bounds(symbol) for symbol in candidate.free])
        distances = partial(_distances, experiments, candidate.free, limits)
        begin = _best_places(distances, len(candidate.free), starts, seed)
        if fits:
            begin.append(_place(fits[-1].constants, candidate.free, limits))
        found = []
        for place in begin:
            found.append(_descended(distances, place, _FIRST_STEPS))
            done += 1
            if progress is not None:
                progress(done)
        found.sort(key=lambda pair: pair[0])
        found[:2] = [_descended(distances, place, evaluations) for _, place in found[:2]]
        _, place = min(found, key=lambda pair: pair[0])
        constants = _constants(candidate.free, limits[:, 0] + place * (limits[:, 1] - limits[:, 0]))
        fits.append(
            _no_worse(Fit(candidate, constants, chosen, simulated(chosen, constants, candidate.maturation_min)), fits)
        )
    return fits


def _best_places(distances: Callable[[np.ndarray], np.ndarray], free: int, starts: int, seed: int) -> list[np.ndarray]:
    """The `starts` places (n_free,) of a Sobol sequence from which the way to the numbers is shortest."""
    from scipy.stats import qmc

    places = 0.05 + 0.9 * qmc.Sobol(free, seed=seed).random_base2(math.ceil(math.log2(8 * starts)))
    costs = [float(np.sum(distances(place) ** 2)) for place in places]
    return [places[i] for i in np.argsort(costs, kind="stable")[:starts]]


def _place(constants: Mapping[str, float], free: Sequence[str], limits: np.ndarray) -> np.ndarray:
    """(n_free,) where the constants of a smaller itinerary lie between the limits; a part that it lacks is absent."""
    inner = {symbol: _inner(symbol, value) for symbol, value in constants.items()}
    at = np.array([inner.get(symbol, limits[i, 0]) for i, symbol in enumerate(free)])
    return np.clip((at - limits[:, 0]) / (limits[:, 1] - limits[:, 0]), 0.0, 1.0)


def _descended(
    distances: Callable[[np.ndarray], np.ndarray], place: np.ndarray, evaluations: int
) -> tuple[float, np.ndarray]:
    """Half the sum of squared distances where the descent from a place ends, and that place (n_free,)."""
    from scipy.optimize import least_squares

    inside = np.clip(place, 1e-6, 1.0 - 1e-6)
    found = least_squares(distances, inside, bounds=(0.0, 1.0), diff_step=0.01, ftol=1e-5, max_nfev=evaluations)
    return float(found.cost), found.x


def _no_worse(fit: Fit, smaller: Sequence[Fit]) -> Fit:
    """The fit, or that of the itinerary before it, which it contains, if that costs less; a fixed part is contained in
    none."""
    if not smaller or fit.cost <= smaller[-1].cost or fit.candidate.maturation_min is not None:
        return fit
    before = smaller[-1]
    limits = np.array([_bounds(symbol) for symbol in fit.candidate.free])
    place = _place(before.constants, fit.candidate.free, limits)
    constants = _constants(fit.candidate.free, limits[:, 0] + place * (limits[:, 1] - limits[:, 0]))
    return Fit(fit.candidate, constants, before.targets, before.simulated)


def table(fits: Sequence[Fit]) -> pd.DataFrame:
    """One row per itinerary: parts, free constants, rows met, cost, AICc and its distance from the best."""
    least = min(fit.aicc for fit in fits)
    rows = [
        {
            "model": fit.candidate.name,
            "parts": fit.candidate.parts,
            "free": len(fit.candidate.free),
            "rows": len(fit.targets),
            "met": fit.met,
            "cost": fit.cost,
            "aicc": fit.aicc,
            "above_best": fit.aicc - least if math.isfinite(fit.aicc) else math.inf,
            "at_bounds": " ".join(fit.at_bounds),
        }
        for fit in fits
    ]
    return pd.DataFrame(rows)


def numbers(fits: Sequence[Fit]) -> pd.DataFrame:
    """One row per itinerary and number: what was simulated, its range, and whether it is met."""
    rows = [
        {
            "model": fit.candidate.name,
            "id": target.id,
            "simulated": value,
            "low": target.low,
            "high": target.high,
            "met": target.holds(value),
        }
        for fit in fits
        for target, value in zip(fit.targets, fit.simulated.tolist(), strict=True)
    ]
    return pd.DataFrame(rows)


def fitted(fits: Sequence[Fit]) -> pd.DataFrame:
    """One row per itinerary and free constant: its fitted value, unit and range."""
    known, culture = library.parameters(), library.tissue("culture").values
    rows = [
        {
            "model": fit.candidate.name,
            "symbol": symbol,
            "value": fit.constants[symbol],
            "unit": known[symbol].unit or "1",
            "low": culture[symbol].low,
            "high": culture[symbol].high,
        }
        for fit in fits
        for symbol in fit.candidate.free
    ]
    return pd.DataFrame(rows)


def simulated(
    chosen: Sequence[Target], constants: Mapping[str, float], maturation_min: float | None = None
) -> np.ndarray:
    """(n_targets,) what the cell in culture with these constants gives at `mean`; not a number where it shows none."""
    bench = Bench("mean")
    written = {f"parameters.{symbol}": _written(symbol, value) for symbol, value in constants.items()}
    written |= _maturing(maturation_min)
    pairs = ((target, _experiment(target, written)) for target in chosen)
    return np.array([READINGS[target.reading](bench, scenario, **target.arguments).value for target, scenario in pairs])


class _Experiments:
    """The experiments of some targets, for one set of constants after another: quick, and good for a fit."""

    def __init__(self, chosen: tuple[Target, ...], maturation_min: float | None = None) -> None:
        self.targets, self._maturation_min = chosen, maturation_min
        self._scenarios = [_experiment(target, _maturing(maturation_min)) for target in chosen]
        self._sketcher: Any = Sketcher()  # stands in for a bench

    def numbers(self, constants: Mapping[str, float]) -> np.ndarray:
        """(n_targets,) as `simulated`, to a thousandth."""
        self._sketcher.take(library.tissue("culture").itinerary(constants), maturation_min=self._maturation_min)
        pairs = zip(self.targets, self._scenarios, strict=True)
        return np.array([READINGS[t.reading](self._sketcher, s, **t.arguments).value for t, s in pairs])


def _maturing(minutes: float | None) -> dict[str, str]:
    return {} if minutes is None else {"maturation": f"{minutes!r} min"}


def _experiment(target: Target, changes: Mapping[str, str]) -> Scenario:
    return io.load_scenario(f"published/{target.scenario}", {**target.changes, **changes, "tissue": "culture"})


# -- constants and their ranges ----------------------------------------------------------------------------------------


def _bounds(symbol: str) -> tuple[float, float]:
    """The published range of a constant of the cell in culture; esat counts as 1 / esat, which is 0 without it."""
    value = library.tissue("culture").values[symbol]
    if symbol == "esat":
        return 0.0, 1.0 / value.low
    return (0.0 if symbol in _ABSENT else value.low), value.high


def _inner(symbol: str, value: float) -> float:
    return 1.0 / value if symbol == "esat" else value


def _constants(free: Sequence[str], inner: np.ndarray) -> dict[str, float]:
    """The free constants, and zero (none, for esat) for those of every part that is absent."""
    off = {"ksort": 0.0, "esat": 1e9, "kc": 0.0, "smax": 0.0}
    given = dict(zip(free, (float(value) for value in inner), strict=True))
    if "esat" in given:
        given["esat"] = min(1.0 / max(given["esat"], 1e-9), 1e9)
    return {symbol: value for symbol, value in off.items() if symbol not in free} | given


def _written(symbol: str, value: float) -> str:
    return f"{value!r} /min" if library.parameters()[symbol].kind == "rate" else repr(value)


# -- distances ---------------------------------------------------------------------------------------------------------


def _distances(experiments: _Experiments, free: Sequence[str], limits: np.ndarray, place: np.ndarray) -> np.ndarray:
    """(2 n,) what a fit squares, for constants at a place (n_free,) between their `limits` (n_free, 2)."""
    values = experiments.numbers(_constants(free, limits[:, 0] + place * (limits[:, 1] - limits[:, 0])))
    chosen = experiments.targets
    return np.concatenate([_outside(chosen, values), _PULL * _off_middle(chosen, values)])


def _outside(chosen: Sequence[Target], values: np.ndarray) -> np.ndarray:
    """(n,) distance of each number to its range, in quarters of the range's width; 0 inside."""
    low, high = np.array([(target.low, target.high) for target in chosen]).T
    outside = np.maximum(np.maximum(low - values, values - high), 0.0) / (0.25 * (high - low))
    return np.where(np.isfinite(values), outside, _UNSEEN)


def _off_middle(chosen: Sequence[Target], values: np.ndarray) -> np.ndarray:
    low, high = np.array([(target.low, target.high) for target in chosen]).T
    off = (values - 0.5 * (low + high)) / (0.25 * (high - low))
    return np.where(np.isfinite(off), off, _UNSEEN)
