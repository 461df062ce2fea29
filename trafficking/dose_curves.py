"""How much insulin it takes: what cells come to after so long at each dose, and the dose of half of the effect.

The curve is Hill's, start + (end - start) d^h / (d^h + EC50^h): a description, for the model itself has no Hill curve.
Some cells come back a little at the highest doses; half of the effect is looked for on the way to its largest.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

from trafficking import units
from trafficking.arguments import on_a_scenario
from trafficking.dishes import clamped, resting
from trafficking.equality import by_value
from trafficking.identity import philox
from trafficking.response import response
from trafficking.results import Result, receptors_in
from trafficking.scenario import Scenario
from trafficking.simulation import simulate

READOUTS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "surface": ("Surface receptors", "receptors"),
        "total": ("All receptors but those in lysosomes", "receptors"),
        "bound": ("Surface receptors with insulin bound", "receptors"),
        "signal": ("Signal, of the largest there can be", "%"),
    }
)
FEWEST_DOSES = 5  # four numbers describe the curve
FEWEST_REPLICATES = 5  # for a bootstrap over them
_DRAWS = 400
_LEVEL = 0.95
_LEVELLED_OFF = 0.75  # share of the fitted effect that the highest dose must reach
_LEAST_EFFECT = 0.02  # of the control, or of the largest value where the control is nothing
_SLOPES = np.geomspace(0.3, 6.0, 41)
_STEPS = 161


class Curve(NamedTuple):
    """Hill's curve: receptors or % without insulin and with endless insulin, nM at half of the way, and its slope."""

    start: float
    end: float
    ec50_nM: float
    slope: float

    def at(self, doses_nM: np.ndarray) -> np.ndarray:
        """(n,) values at these doses."""
        return self.start + (self.end - self.start) * _shape(
            np.asarray(doses_nM, dtype=float), self.ec50_nM, self.slope
        )


@by_value
@dataclass(frozen=True, eq=False)
class Sweep:
    """Cells at the end of an exposure, by dose.

    doses_nM: (n,) rising, the first is 0, the control. values: by read-out, (n_replicates, n).
    """

    scenario: Scenario
    exposure_min: float
    doses_nM: np.ndarray
    values: Mapping[str, np.ndarray]


@dataclass(frozen=True)
class HalfEffect:
    """The dose of half of the effect, nM, with its 95 % interval; None where there is none, and `words` say why.

    how: "bootstrap" over replicates, or "profile": how closely Hill's curve fits expected numbers. rows: doses used.
    """

    curve: Curve | None
    low_nM: float = float("nan")
    high_nM: float = float("nan")
    how: str = ""
    words: str = ""
    rows: int = 0


@on_a_scenario
def sweep(
    scenario: Scenario,
    *,
    doses_nM: Sequence[float],
    exposure_min: float = 1440.0,
    replicates: int = 1,
    seed: int = 1,
    progress: Callable[[float], None] | None = None,
) -> Sweep:
    """Exposes cells to each dose in place of the scenario's exposure, and reads all `READOUTS` at the end.

    Cells start as the scenario says, and where it gives no start, without insulin; its treatments are done to them too.

    Args:
        doses_nM: rising, above 0; a control without insulin is added.
        replicates: runs per dose; one is enough for expected numbers.
        progress: called with the share that is done, 0 to 1.
    """
    doses = np.array([0.0, *doses_nM])
    if len(doses) < 2 or not np.all(np.diff(doses) > 0.0):
        raise ValueError(f"doses_nM: {list(doses_nM)!r} given; doses above 0 that rise are needed")
    if replicates < 1:
        raise ValueError(f"replicates: {replicates!r} given; at least 1 is needed")
    found = {name: np.zeros((replicates, len(doses))) for name in READOUTS}
    for i, dose in enumerate(doses.tolist()):
        given = scenario.changed(exposure=[clamped(dose, exposure_min)], start=resting(scenario), expect=[], follow=0)
        for replicate in range(replicates):
            result = simulate(given, seed=seed, replicate=replicate)
            for name, value in read(result).items():
                found[name][replicate, i] = value
            if progress is not None:
                progress((i * replicates + replicate + 1) / (len(doses) * replicates))
    return Sweep(scenario, exposure_min, doses, MappingProxyType(found))


def read(result: Result) -> dict[str, float]:
    """The read-outs at the end of a run, of the mean cell."""
    itinerary, cells = result.scenario.itinerary, result.scenario.cells.number
    held = itinerary.mask("membrane") & itinerary.bound
    return {
        "surface": float(result.surface[-1]) / cells,
        "total": float(result.live[-1]) / cells,
        "bound": float(receptors_in(result.counts.iloc[-1:], itinerary, held)[0]) / cells,
        "signal": 100.0 * float(response(result)["signal"].iloc[-1]),
    }


def half_effect(doses_nM: np.ndarray, values: np.ndarray, *, seed: int = 1) -> HalfEffect:
    """The dose at which half of the effect is reached.

    Args:
        doses_nM: (n,) rising, the first is the control, 0. values: (n_replicates, n).
        seed: of the bootstrap.
    """
    doses, values = np.asarray(doses_nM, dtype=float), np.atleast_2d(np.asarray(values, dtype=float))
    means = values.mean(axis=0)
    if why := _no_effect(values):
        return HalfEffect(None, words=why)
    rows = int(np.argmax(np.abs(means - means[0]))) + 1
    if rows < FEWEST_DOSES:
        why = f"the effect is largest at {units.friendly(doses[rows - 1], 'insulin')} already; give more doses below it"
        return HalfEffect(None, words=why, rows=rows)
    given = doses[:rows]
    curve = fitted(given, means[:rows])
    if why := _out_of_reach(curve, given):
        return HalfEffect(None, words=why, rows=rows)
    if len(values) >= FEWEST_REPLICATES:
        low, high, how = *_bootstrapped(given, values[:, :rows], seed), "bootstrap"
    else:
        low, high, how = *_profiled(given, means[:rows], curve), "profile"
    return HalfEffect(curve, low, high, how, rows=rows)


def fitted(doses_nM: np.ndarray, values: np.ndarray) -> Curve:
    """Hill's curve closest to the values in least squares, on a grid of EC50 and slope that is refined twice."""
    doses, values = np.asarray(doses_nM, dtype=float), np.asarray(values, dtype=float)
    places, slopes = _places(doses), _SLOPES
    for _ in range(3):
        misfit = _misfit(doses, values, places, slopes)
        i, j = np.unravel_index(int(np.argmin(misfit)), misfit.shape)
        ec50, slope = float(places[i]), float(slopes[j])
        places, slopes = _around(places, int(i)), _around(slopes, int(j))
    shape = _shape(doses, ec50, slope)
    rise = float(np.cov(shape, values, bias=True)[0, 1] / shape.var())
    start = float(values.mean() - rise * shape.mean())
    return Curve(start, start + rise, ec50, slope)


def _no_effect(values: np.ndarray) -> str:
    """Why there is no effect to halve; empty where there is one."""
    means = values.mean(axis=0)
    change = float(np.abs(means - means[0]).max())
    whole = abs(means[0]) or float(np.abs(means).max())
    error = float(values.std(axis=0, ddof=1).max()) / np.sqrt(len(values)) if len(values) > 1 else 0.0
    if whole == 0.0:
        return "nothing is there to be read at any dose"
    if change < _LEAST_EFFECT * whole:
        return f"insulin moves this by {100.0 * change / whole:.1f} % at most, too little to speak of an effect"
    if change < 4.0 * error:
        return "the effect is within the scatter of the replicates; take more of them, or a larger cell"
    return ""


def _out_of_reach(curve: Curve, doses: np.ndarray) -> str:
    """Why the doses do not show where half of the effect is; empty where they do."""
    least, most = (units.friendly(float(dose), "insulin") for dose in (doses[1], doses[-1]))
    if curve.ec50_nM <= doses[1]:
        return f"more than half of the effect is there at the lowest dose, {least}; give lower doses"
    if _shape(doses[-1:], curve.ec50_nM, curve.slope)[0] < _LEVELLED_OFF:
        return f"the effect has not levelled off at {most}; give higher doses"
    return ""


def _bootstrapped(doses: np.ndarray, values: np.ndarray, seed: int) -> tuple[float, float]:
    """Ends of the interval over means of replicates drawn with replacement."""
    draws = philox(seed, 0, "assay").integers(0, len(values), (_DRAWS, len(values), values.shape[1]))
    means = np.take_along_axis(values[None], draws, axis=1).mean(axis=1)
    found = [fitted(doses, one).ec50_nM for one in means]
    low, high = np.quantile(found, [0.5 - 0.5 * _LEVEL, 0.5 + 0.5 * _LEVEL])
    return float(low), float(high)


def _profiled(doses: np.ndarray, values: np.ndarray, curve: Curve) -> tuple[float, float]:
    """The EC50s whose best curve fits hardly worse than the best of all (F test with what is left of the doses)."""
    from scipy.stats import f  # heavy

    places = np.unique(np.concatenate([_places(doses), curve.ec50_nM * np.geomspace(0.8, 1.25, 801)]))
    slopes = np.unique(np.concatenate([_SLOPES, curve.slope * np.geomspace(0.9, 1.1, 101)]))
    best = _misfit(doses, values, places, slopes).min(axis=1)
    free = len(doses) - 4
    within = places[best <= best.min() * (1.0 + f.ppf(_LEVEL, 1, free) / free)]
    return min(float(within[0]), curve.ec50_nM), max(float(within[-1]), curve.ec50_nM)


def _shape(doses: np.ndarray, ec50_nM: float, slope: float) -> np.ndarray:
    """(n,) share of the effect at each dose."""
    powers = (doses / ec50_nM) ** slope
    return powers / (1.0 + powers)


def _misfit(doses: np.ndarray, values: np.ndarray, places: np.ndarray, slopes: np.ndarray) -> np.ndarray:
    """(n_places, n_slopes) squares left by the best start and end, which are linear."""
    powers = (doses[None, None, :] / places[:, None, None]) ** slopes[None, :, None]
    shapes = powers / (1.0 + powers)
    shapes = shapes - shapes.mean(axis=2, keepdims=True)
    centred = values - values.mean()
    along, size = shapes @ centred, (shapes**2).sum(axis=2)
    return np.maximum(centred @ centred - along**2 / np.maximum(size, 1e-300), 0.0)


def _places(doses: np.ndarray) -> np.ndarray:
    return np.geomspace(doses[1] / 10.0, doses[-1] * 10.0, _STEPS)


def _around(grid: np.ndarray, at: int) -> np.ndarray:
    return np.geomspace(grid[max(at - 1, 0)], grid[min(at + 1, len(grid) - 1)], 41)
