"""Do the resolutions of one scenario agree? A statistical check with a stated chance of false alarm.

All resolutions run in the same windows. Without coupling the mean equations are exact, so replicates of `agents` and
of `counts` must scatter around them. With coupling the mean of a small cell differs from the mean-field equations by an
amount in proportion to 1 / R0, so the difference is measured at R0 and at 4 R0 receptors and must fall to a quarter, or
vanish in the noise; a wrong rate leaves a difference that does not fall.

Scatter is compared too. Without coupling variances, and those of sums and differences of each state's numbers at
neighbouring times (which hold the covariance), have exact values; with coupling `agents` and `counts` must have the
same. Of many cells some are compared, each replicate with the expectation of its own cells.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from trafficking import units
from trafficking.arguments import on_a_scenario
from trafficking.equality import by_value
from trafficking.moments import exact_moments
from trafficking.scenario import Scenario
from trafficking.simulation import Run

_MOST_WINDOWS = 1_500
_MOST_CELLS = 6
_TIMES = 8
_NORMAL = 50.0  # variance, in receptors squared, from which a number of receptors is all but normal
_FEWEST = 200  # receptors seen or expected, over all replicates, below which a normal approximation means little


@by_value
@dataclass(frozen=True, eq=False)
class Report:
    """The outcome of `verify`.

    table: one row per comparison: `what` (mean, variance, ...), `resolution`, `time_min`, `state`, `expected` and
    `seen` (shares of R0, or their variances), `z` (how far apart, in standard errors of a normal law that is as
    improbable). passed: no |z| beyond `limit`. alpha: the chance that a correct program fails this check.
    """

    scenario: str
    table: pd.DataFrame
    limit: float
    alpha: float
    replicates: int
    receptors: tuple[int, ...]
    window_min: float
    coupled: bool
    cells: int

    @property
    def passed(self) -> bool:
        return bool((self.table["z"].abs() <= self.limit).all())

    @property
    def text(self) -> str:
        worst = self.table.loc[self.table["z"].abs().idxmax()]
        seen, expected = (units.number(worst[name], 5) for name in ("seen", "expected"))
        names = [name for name in ("agents", "counts") if self.table["resolution"].str.contains(name).any()]
        verdict = f"{', '.join(names)} and mean {'AGREE' if self.passed else 'DISAGREE: this is a bug'}"
        size = " and ".join(f"{n:,}" for n in self.receptors)
        many = f"{self.cells} cells of " if self.cells > 1 else ""
        how = (
            "coupled: the difference must fall to a quarter from the first to the second"
            if self.coupled
            else "no coupling: the mean equations are exact"
        )
        return (
            f"{self.scenario}: {verdict}\n"
            f"  {self.replicates} replicates of {many}{size} receptors, windows of {self.window_min:g} min; {how}\n"
            f"  largest of {len(self.table)} deviations: {abs(worst['z']):.2f} standard errors ({worst['what']} of "
            f"{worst['state']} at {worst['time_min']:g} min, {worst['resolution']}: {seen} seen, "
            f"{expected} expected, R0 = 1); allowed {self.limit:.2f}\n"
            f"  chance that a correct program fails this check: {self.alpha:g}"
        )


@on_a_scenario
def verify(
    scenario: Scenario,
    *,
    replicates: int = 24,
    receptors: int = 2_500,
    seed: int = 1,
    alpha: float = 1e-3,
    progress: Callable[[int], None] | None = None,
) -> Report:
    """Compares `agents` and `counts` with `mean` on one scenario.

    Args:
        replicates: runs of each; at least 4.
        receptors: R0 of each; with coupling a second set has four times as many.
        alpha: chance of a false alarm, shared over all comparisons.
        progress: called after each of these runs with the number of those done.
    """
    return compare(
        scenario, scenario, replicates=replicates, receptors=receptors, seed=seed, alpha=alpha, progress=progress
    )


def compare(
    tested: Scenario,
    mean: Scenario,
    *,
    resolutions: tuple[str, ...] = ("agents", "counts"),
    replicates: int,
    receptors: int,
    seed: int,
    alpha: float = 1e-3,
    progress: Callable[[int], None] | None = None,
) -> Report:
    """`verify`, with the expectation of another scenario: to see that a wrong one is found out."""
    if not 0.0 < alpha < 1.0:
        raise ValueError(f"alpha: {alpha!r} given; a chance between 0 and 1 is needed")
    if receptors < 1:
        raise ValueError(f"receptors: {receptors!r} given; at least 1 is needed")
    if replicates < 4:
        raise ValueError(f"replicates: {replicates} given; at least 4 are needed to judge the scatter")
    coupled = bool(tested.itinerary.couplings) or tested.medium is not None
    sizes = (receptors, 4 * receptors) if coupled else (receptors,)
    window = max(tested.window_min, tested.duration_min / _MOST_WINDOWS)
    times = _times(tested)
    done = itertools.count(1)

    def tell() -> None:
        if progress is not None:
            progress(next(done))

    def shares(resolution: str) -> list[np.ndarray]:
        sized = [_sized(tested, n, window, resolution) for n in sizes]
        return [_shares(scenario, times, replicates, seed + i, tell) for i, scenario in enumerate(sized)]

    many = tested.cells.number > 1
    means = [_sized(mean, n, window, "mean") for n in sizes]
    own = [_shares(sized, times, replicates if many else 1, seed + i) for i, sized in enumerate(means)]
    expected = [shares.mean(axis=0) for shares in own]
    seen = {name: [_alike(*trio) for trio in zip(shares(name), own, expected, strict=True)] for name in resolutions}
    wholes = [_whole(sized) for sized in means]
    parts = [_means(seen[name], expected, wholes).assign(resolution=name) for name in resolutions]
    if not coupled and not many and not tested.treatments:
        sized = _sized(mean, receptors, window, "mean")
        known = np.flatnonzero([_ends_a_window(sized, time) for time in times.tolist()])
        for name in resolutions if len(known) else ():
            part = _scatter(seen[name][0][:, known], sized, times[known])
            parts.append(part.assign(resolution=name, time_min=known[part["time_min"]]))
    elif len(resolutions) == 2:
        one, other = (seen[name][-1] for name in resolutions)
        parts.append(_two_samples(one, other, wholes[-1]).assign(resolution=" against ".join(resolutions)))
    table = pd.concat(parts, ignore_index=True)
    if table.empty:
        raise ValueError("verify: too few receptors in every state to compare; raise receptors or replicates")
    table["state"] = np.array(tested.itinerary.state_names)[table["state"]]
    table["time_min"] = times[table["time_min"]]
    return Report(
        scenario=tested.name,
        table=table,
        limit=_equivalent(alpha / len(table)),
        alpha=alpha,
        replicates=replicates,
        receptors=sizes,
        window_min=window,
        coupled=coupled,
        cells=means[0].cells.number,
    )


def _means(seen: list[np.ndarray], expected: list[np.ndarray], sizes: list[int]) -> pd.DataFrame:
    """Means of (replicates, n_times, n_states) shares at one size of cell, or the fall of their error over two."""
    from scipy.stats import t  # heavy

    off, error = [], []
    enough = np.zeros(expected[0].shape, dtype=bool)
    for shares, share, receptors in zip(seen, expected, sizes, strict=True):
        whole = receptors * len(shares)
        average = shares.mean(axis=0)
        most = np.maximum(share, average)
        enough |= most * whole >= _FEWEST
        off.append(average - share)
        # At least the scatter of counting: a state that one side believes empty must not look certain.
        scatter = shares.std(axis=0, ddof=1) / math.sqrt(len(shares))
        error.append(np.maximum(scatter, np.sqrt(np.maximum(most, 1.0 / whole) / whole)))
    if len(seen) == 2:
        deviation = (off[1] - off[0] / 4.0) / np.hypot(error[1], error[0] / 4.0)
    else:
        deviation = off[0] / error[0]
    chance = 2.0 * t.sf(np.abs(deviation), len(seen[0]) - 1)
    return _rows("mean", enough, expected[-1], seen[-1].mean(axis=0), chance, deviation)


def _alike(shares: np.ndarray, own: np.ndarray, expected: np.ndarray) -> np.ndarray:
    """(replicates, n_times, n_states) shares as if all replicates had the same cells.

    What sets the cells of a replicate apart is known: its own expectation, and a scatter that grows as the root of it.
    """
    size = np.sqrt(np.divide(expected, own, out=np.ones_like(shares), where=own > 0.0))
    return expected + (shares - own) * size


def _scatter(shares: np.ndarray, mean: Scenario, times: np.ndarray) -> pd.DataFrame:
    """Variances of (replicates, n_times, n_states) shares, and those over two times, against their exact values."""
    from scipy.stats import chi2

    variance, following = (moment / mean.receptors**2 for moment in exact_moments(mean, times))
    both = variance[:-1] + variance[1:]
    cases = {
        "variance": (shares, variance),
        "variance of the sum with the next time": (shares[:, :-1] + shares[:, 1:], both + 2.0 * following),
        "variance of the difference to the next time": (shares[:, 1:] - shares[:, :-1], both - 2.0 * following),
    }
    parts, freedom = [], len(shares) - 1
    for what, (sample, exact) in cases.items():
        enough = exact * mean.receptors**2 >= _NORMAL
        ratio = sample.var(axis=0, ddof=1) / np.where(enough, exact, 1.0)
        chance = 2.0 * np.minimum(chi2.sf(freedom * ratio, freedom), chi2.cdf(freedom * ratio, freedom))
        parts.append(_rows(what, enough, exact, sample.var(axis=0, ddof=1), chance, ratio - 1.0))
    return pd.concat(parts)


def _two_samples(one: np.ndarray, other: np.ndarray, receptors: int) -> pd.DataFrame:
    """Means and variances of two samples of (replicates, n_times, n_states) shares that must have one law."""
    from scipy.stats import f, t

    freedom = len(one) - 1
    enough = np.minimum(one.var(axis=0, ddof=1), other.var(axis=0, ddof=1)) * receptors**2 >= _NORMAL
    first, second = (np.where(enough, sample.var(axis=0, ddof=1), 1.0) for sample in (one, other))
    apart = (one.mean(axis=0) - other.mean(axis=0)) / np.sqrt((first + second) / len(one))
    mean_chance = 2.0 * t.sf(np.abs(apart), 2 * freedom)
    ratio = first / second
    chance = 2.0 * np.minimum(f.sf(ratio, freedom, freedom), f.cdf(ratio, freedom, freedom))
    return pd.concat(
        [
            _rows("mean", enough, other.mean(axis=0), one.mean(axis=0), mean_chance, apart),
            _rows("variance", enough, second, first, chance, ratio - 1.0),
        ]
    )


def _rows(
    what: str, enough: np.ndarray, expected: np.ndarray, seen: np.ndarray, chance: np.ndarray, sign: np.ndarray
) -> pd.DataFrame:
    """Rows of `Report.table` where `enough`; time and state still as indices."""
    time, state = np.nonzero(enough)
    return pd.DataFrame(
        {
            "what": what,
            "time_min": time,
            "state": state,
            "expected": expected[time, state],
            "seen": seen[time, state],
            "z": _equivalent(chance[time, state]) * np.sign(sign[time, state]),
        }
    )


def _equivalent(chance: np.ndarray | float) -> Any:
    """Standard errors that a normal law passes with this chance, both sides together."""
    from scipy.stats import norm

    return norm.isf(np.clip(chance, 1e-300, 1.0) / 2.0)


def _times(scenario: Scenario) -> np.ndarray:
    """The end and whole minutes spread over the run, denser after each jump of the exposure, where things happen."""
    duration = scenario.duration_min
    spread = [duration * (k + 1) / _TIMES for k in range(_TIMES)]
    after = [edge + delay for edge in (0.0, *scenario.protocol.edges[:3]) for delay in (5.0, 30.0)]
    whole = {float(round(time)) for time in (*spread, *after)}
    return np.array(sorted({time for time in whole if 0.0 < time < duration} | {duration}))


def _ends_a_window(scenario: Scenario, time_min: float) -> bool:
    """Whether exact moments can be had at this time: smooth insulin is cut in windows, and only their ends count."""
    protocol = scenario.protocol
    before = max((edge for edge in protocol.edges if edge <= time_min), default=0.0)
    after = min((edge for edge in protocol.edges if edge > time_min), default=scenario.duration_min)
    if before == time_min or protocol.constant_between(before, max(after, time_min)):
        return True
    return before + round((time_min - before) / scenario.window_min) * scenario.window_min == time_min


def _sized(scenario: Scenario, receptors: int, window_min: float, resolution: str) -> Scenario:
    given = scenario.to_dict()
    if scenario.start.counts is not None:
        share = receptors / scenario.receptors
        given["start"]["counts"] = {name: round(n * share) for name, n in scenario.start.counts.items()}
    cells = {"number": min(scenario.cells.number, _MOST_CELLS), "record": []}
    given["cells"] |= cells
    sizes = {"receptors": receptors, "follow": 0, "window": f"{window_min!r} min", "record": "1.0 min"}
    return Scenario.from_dict(given | sizes | {"resolution": resolution})


def _whole(scenario: Scenario) -> int:
    """R0 of all cells together, of the mean size."""
    return scenario.receptors * scenario.cells.number


def _shares(
    scenario: Scenario, times: np.ndarray, replicates: int, seed: int, tell: Callable[[], None] = lambda: None
) -> np.ndarray:
    """(replicates, n_times, n_states) receptors over R0 at `times`; calls `tell` after each run."""
    shares = []
    for replicate in range(replicates):
        run = Run(scenario, seed=seed, replicate=replicate, threads=1)
        run.advance()
        recorded = run.recorded
        rows = np.searchsorted(recorded["time_min"], times)
        shares.append(recorded["counts"][rows] / _whole(scenario))
        tell()
    return np.array(shares)
