"""Do the resolutions of one scenario agree? A statistical check with a stated chance of false alarm.

All resolutions run in the same windows. Without coupling the mean equations are exact, so replicates of `agents` and
of `counts` must scatter around them. With coupling the mean of a small cell differs from the mean-field equations by an
amount in proportion to 1 / R0, so the difference is measured at R0 and at 4 R0 receptors and must fall to a quarter, or
vanish in the noise; a wrong rate leaves a difference that does not fall.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from trafficking.scenario import Scenario
from trafficking.simulation import Run

_MOST_WINDOWS = 1_500
_TIMES = 8
_FEWEST = 200  # receptors seen or expected, over all replicates, below which a normal approximation means little


@dataclass(frozen=True)
class Report:
    """The outcome of `verify`.

    table: one row per resolution, record time and state: `resolution` (agents or counts), `time_min`, `state`, `mean`
    (expected share of R0), `seen` (share seen), `standard_error`, `z`. passed: no deviation beyond `limit` standard
    errors. alpha: the chance that a correct program fails this check.
    """

    scenario: str
    table: pd.DataFrame
    limit: float
    alpha: float
    replicates: int
    receptors: tuple[int, ...]
    window_min: float
    coupled: bool

    @property
    def passed(self) -> bool:
        return bool((self.table["z"].abs() <= self.limit).all())

    @property
    def text(self) -> str:
        worst = self.table.loc[self.table["z"].abs().idxmax()]
        names = [*self.table["resolution"].unique(), "mean"]
        verdict = f"{', '.join(names[:-1])} and mean {'AGREE' if self.passed else 'DISAGREE: this is a bug'}"
        size = " and ".join(f"{n:,}" for n in self.receptors)
        how = (
            "coupled: the difference must fall to a quarter from the first to the second"
            if self.coupled
            else "no coupling: the mean equations are exact"
        )
        return (
            f"{self.scenario}: {verdict}\n"
            f"  {self.replicates} replicates of {size} receptors, windows of {self.window_min:g} min; {how}\n"
            f"  largest of {len(self.table)} deviations: {abs(worst['z']):.2f} standard errors "
            f"({worst['resolution']}, {worst['state']} at {worst['time_min']:g} min: {worst['seen']:.5f} of R0 against "
            f"{worst['mean']:.5f}); allowed {self.limit:.2f}\n"
            f"  chance that a correct program fails this check: {self.alpha:g}"
        )


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
    if replicates < 4:
        raise ValueError(f"replicates: {replicates} given; at least 4 are needed to judge the scatter")
    coupled = bool(tested.itinerary.couplings)
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

    expected = [_shares(_sized(mean, n, window, "mean"), times, 1, 0)[0] for n in sizes]
    names = np.array(tested.itinerary.state_names)
    parts = [
        _deviations(shares(resolution), expected, sizes, times, names).assign(resolution=resolution)
        for resolution in resolutions
    ]
    table = pd.concat(parts, ignore_index=True)
    if table.empty:
        raise ValueError("verify: too few receptors in every state to compare; raise receptors or replicates")
    return Report(
        scenario=tested.name,
        table=table,
        limit=_limit(alpha, len(table), replicates),
        alpha=alpha,
        replicates=replicates,
        receptors=sizes,
        window_min=window,
        coupled=coupled,
    )


def _deviations(
    seen: list[np.ndarray], expected: list[np.ndarray], sizes: tuple[int, ...], times: np.ndarray, names: np.ndarray
) -> pd.DataFrame:
    """Rows of `Report.table` from shares of (replicates, n_times, n_states) at one size of cell, or at two."""
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
        deviation, standard_error = off[1] - off[0] / 4.0, np.hypot(error[1], error[0] / 4.0)
    else:
        deviation, standard_error = off[0], error[0]
    row, state = np.nonzero(enough)
    return pd.DataFrame(
        {
            "time_min": times[row],
            "state": names[state],
            "mean": expected[-1][row, state],
            "seen": seen[-1].mean(axis=0)[row, state],
            "standard_error": standard_error[row, state],
            "z": deviation[row, state] / standard_error[row, state],
        }
    )


def _limit(alpha: float, comparisons: int, replicates: int) -> float:
    """Standard errors allowed: Student's t with the replicates' freedom, Bonferroni over all comparisons."""
    from scipy.stats import t  # heavy

    return float(t.isf(alpha / comparisons / 2.0, replicates - 1))


def _times(scenario: Scenario) -> np.ndarray:
    """The end and whole minutes spread over the run, denser after each jump of the exposure, where things happen."""
    duration = scenario.duration_min
    spread = [duration * (k + 1) / _TIMES for k in range(_TIMES)]
    after = [edge + delay for edge in (0.0, *scenario.protocol.edges[:3]) for delay in (5.0, 30.0)]
    whole = {float(round(time)) for time in (*spread, *after)}
    return np.array(sorted({time for time in whole if 0.0 < time < duration} | {duration}))


def _sized(scenario: Scenario, receptors: int, window_min: float, resolution: str) -> Scenario:
    given = scenario.to_dict()
    if scenario.start.counts is not None:
        share = receptors / scenario.receptors
        given["start"]["counts"] = {name: round(n * share) for name, n in scenario.start.counts.items()}
    sizes = {"receptors": receptors, "follow": 0, "window": f"{window_min!r} min", "record": "1.0 min"}
    return Scenario.from_dict(given | sizes | {"resolution": resolution})


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
        shares.append(recorded["counts"][rows] / scenario.receptors)
        tell()
    return np.array(shares)
