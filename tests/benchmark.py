"""How fast and how exact the engine is, beside other simulators, in one run on the same processors.

    make benchmark                         all peers, in .venv
    python tests/benchmark.py --small      a tenth of the receptors, to see whether everything works
    python tests/benchmark.py --full       ten million receptors, 24 h, 30 days of Q, a whole year, 1,000 cells too
    python tests/benchmark.py --write      the table to BENCHMARKS.md

Workload W: five states, constant rates (`cells.BENCHMARK_RATES`), N receptors that start in M, 2 h, counts every
minute. Coupled W: E->R is 0.15 / (1 + E / (0.6 N)). Workload Q: W with M->B at 0.001. In "1-min windows" the same law
has 1e9 N in place of 0.6 N: no number shows it, but rates are read and clocks set each minute. The unit is
microseconds per receptor-hour, N being the receptors at the start. All times are wall-clock times of whole runs,
tables included, beside the processor time that they took; the engines take turns, so that a busy minute meets all.
"""

from __future__ import annotations

import argparse
import datetime
import importlib.metadata
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import numpy as np
from numba import njit
from scipy.integrate import solve_ivp

import peers
from cells import BENCHMARK_RATES, SWITCHED_ON, five_states
from trafficking.forms import itinerary_table
from trafficking.io import load_scenario
from trafficking.itinerary import Itinerary
from trafficking.replicates import replicated
from trafficking.scenario import Scenario
from trafficking.simulation import simulate as simulated

ROOT = Path(__file__).parent.parent
HALF_LOAD = 0.6  # of coupled W, in R0
NO_LOAD = 1e9  # a coupling that is read in every window and that no number shows
CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
YEAR_MIN = 365 * 24 * 60
PACKAGES = "trafficking numba numpy scipy Mesa copasi_basico python-copasi libroadrunner gillespy2 bionetgen".split()

# -- the workloads -----------------------------------------------------------------------------------------------------


def coupled_states(half_load: float = HALF_LOAD, **changed: float) -> Itinerary:
    """Coupled W: sorting to recycling saturates with the receptors in E."""
    plain = five_states(**changed)
    arrows = (replace(t, load=("E",), half_load=half_load) if t.name == "sort" else t for t in plain.transitions)
    return replace(plain, transitions=tuple(arrows))


def workload(itinerary: Itinerary, receptors: int, minutes: float, **more: object) -> Scenario:
    """All receptors start in M; windows and records of 1 min; nobody is followed."""
    given = {
        "name": "benchmark",
        "receptors": receptors,
        "follow": 0,
        "reference": "start",
        "start": {"counts": {"M": receptors}},
        "itinerary": itinerary_table(itinerary),
        "exposure": [{"kind": "constant", "duration": f"{minutes} min", "insulin": "0 nM"}],
    }
    return Scenario.from_dict(given | more)


def ours(scenario: Scenario, threads: int) -> peers.Simulate:
    """Our engine as `simulate` runs it."""

    def simulate(seed: int) -> float:
        return float(simulated(scenario, seed=seed, threads=threads).counts["M"].iloc[-1])

    return simulate


def exact_m(itinerary: Itinerary, minutes: float) -> float:
    """Mean of M over N at the end: exact where rates are constant, up to 1 / N where they are coupled."""

    def change(_: float, fractions: np.ndarray) -> np.ndarray:
        rates = itinerary.rates(0.0, fractions)
        return fractions @ itinerary.generator(rates) + itinerary.inflow(rates)

    start = np.eye(len(itinerary.states))[0]
    return float(solve_ivp(change, (0.0, minutes), start, method="LSODA", rtol=1e-10, atol=1e-13).y[0, -1])


# -- the stopwatch -----------------------------------------------------------------------------------------------------


@dataclass
class Entrant:
    """What runs, the receptor-hours of one run, and what was measured of it, one number per run.

    exact: what `finals` (receptors in M at the end) should be on average, or None.
    """

    label: str
    run: Callable[[int], object]
    receptor_hours: float = 1.0
    exact: float | None = None
    note: str = ""
    warm: bool = True
    wall_s: list[float] = field(default_factory=list)
    cpu_s: list[float] = field(default_factory=list)
    finals: list[float] = field(default_factory=list)

    @property
    def seconds(self) -> float:
        return statistics.median(self.wall_s)

    @property
    def cost(self) -> float:
        """Microseconds per receptor-hour."""
        return 1e6 * self.seconds / self.receptor_hours

    @property
    def row(self) -> list[str]:
        """Label, cost with its spread, processor time, error of M, note."""
        scale = 1e6 / self.receptor_hours
        spread = f"{_digits(min(self.wall_s) * scale)} to {_digits(max(self.wall_s) * scale)}"
        error = ""
        if self.exact:
            off = np.array(self.finals) / self.exact - 1.0
            deviation = off.std(ddof=1) / len(off) ** 0.5 if len(off) > 1 else float("nan")
            error = f"{100 * off.mean():+.2f} ({100 * deviation:.2f})"
        cpu = _digits(statistics.median(self.cpu_s) * scale)
        return [self.label, _digits(self.cost), spread, cpu, error, self.note]


def race(entrants: Iterable[Entrant], repeats: int) -> None:
    """Runs all in turns, `repeats` times, after a first round that counts for nothing."""
    entrants = list(entrants)
    for turn in range(repeats + 1):
        for entrant in entrants:
            if turn == 0 and not entrant.warm:
                continue
            cpu, start = _cpu_s(), time.perf_counter()
            final = entrant.run(turn)
            wall = time.perf_counter() - start
            if turn:
                entrant.wall_s.append(wall)
                entrant.cpu_s.append(_cpu_s() - cpu)
                entrant.finals.append(float(final) if isinstance(final, float | int) else 0.0)


def _cpu_s() -> float:
    """Processor time of this process and of those that it waited for."""
    waited_for = os.times()
    return time.process_time() + waited_for.children_user + waited_for.children_system


def _digits(value: float) -> str:
    return f"{value:.3g}" if value < 1000 else f"{value:.0f}"


# -- what is measured --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Claim:
    """A measured number beside what is asked of it."""

    what: str
    measured: float
    asked: str
    holds: bool

    @property
    def row(self) -> list[str]:
        return [self.what, _digits(self.measured), self.asked, "" if not self.asked else "yes" if self.holds else "NO"]


def at_least(what: str, measured: float, asked: float) -> Claim:
    return Claim(what, measured, f"at least {asked:g}", measured >= asked)


def at_most(what: str, measured: float, asked: float) -> Claim:
    return Claim(what, measured, f"at most {asked:g}", measured <= asked)


@dataclass
class Report:
    """Rows of the two tables and lines below them."""

    rows: list[list[str]] = field(default_factory=list)
    claims: list[Claim] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)


def engines(report: Report, receptors: int, minutes: int, repeats: int, with_peers: bool) -> None:
    """Every engine on W and coupled W."""
    plain, coupled = five_states(), coupled_states()
    work = receptors * minutes / 60.0
    exact, exact_coupled = (receptors * exact_m(itinerary, minutes) for itinerary in (plain, coupled))
    open_loop, loop = workload(plain, receptors, minutes), workload(coupled, receptors, minutes)
    cut = workload(coupled_states(NO_LOAD), receptors, minutes)
    scatter = workload(plain, receptors, minutes, resolution="counts")
    mean = workload(plain, receptors, minutes, resolution="mean")
    race_of: dict[str, Entrant] = {}

    def enter(key: str, label: str, run: peers.Simulate, expected: float = exact, note: str = "", warm: bool = True):
        race_of[key] = Entrant(label, run, work, expected, note, warm)

    enter("open1", "agents, open loop, 1 thread", ours(open_loop, 1))
    enter("open2", "agents, open loop, 2 threads", ours(open_loop, 2))
    enter("cut1", "agents, 1-min windows, 1 thread", ours(cut, 1))
    enter("cut2", "agents, 1-min windows, 2 threads", ours(cut, 2))
    enter("coupled1", "agents, coupled W, 1 thread", ours(loop, 1), exact_coupled)
    enter("coupled2", "agents, coupled W, 2 threads", ours(loop, 2), exact_coupled)
    enter("counts", "counts", ours(scatter, 1), note="no identities; costs the same for any N")
    enter("mean", "mean", ours(mean, 1), note="expectation only; costs the same for any N")
    coupled_copasi = partial(peers.copasi, half_load=HALF_LOAD)
    own_process = "its own process, started anew each run"
    steps = "fixed step of 1 min: not exact"
    taught = partial(peers.mesa_objects, as_taught=True)
    for key, label, build, expected, note, warm in (
        ("copasi", "COPASI direct method", peers.copasi, exact, "exact, no identities", True),
        ("copasi_coupled", "COPASI direct method, coupled W", coupled_copasi, exact_coupled, "the same", True),
        ("gillespy2", "GillesPy2 C++ SSA", peers.gillespy2, exact, f"exact, no identities; {own_process}", True),
        ("roadrunner", "libRoadRunner Gillespie", peers.roadrunner, exact, "exact, no identities", True),
        ("nfsim", "NFsim", peers.nfsim, exact, f"exact, with identities; {own_process}", False),
        ("mesa", "one Mesa object per receptor", taught, exact, f"{steps}; as in Mesa's tutorial", False),
        ("lean", "the same, as lean as Mesa allows", peers.mesa_objects, exact, steps, False),
        ("numpy", "NumPy array of receptors", peers.numpy_steps, exact, steps, True),
    ):
        if not with_peers:
            continue
        try:
            build(BENCHMARK_RATES, 100, minutes)(1)  # a trial, so that what fails does so before the race
            enter(key, label, build(BENCHMARK_RATES, receptors, minutes), expected, note, warm)
        except Exception as fault:  # whatever keeps a peer from running is a line of the table
            reason = " ".join(str(fault).split())[:200]
            report.rows.append([label, "missing", "", "", "", f"{type(fault).__name__}: {reason}"])
    race(race_of.values(), repeats)
    report.rows[:0] = [entrant.row for entrant in race_of.values()]

    mine, mine_coupled = ("open2", "coupled2") if CORES > 1 else ("open1", "coupled1")
    asks = {
        "copasi": 15.0 if CORES > 1 else 10.0,
        "gillespy2": None,
        "roadrunner": None,
        "nfsim": 300.0,
        "mesa": 600.0,
        "lean": None,
        "numpy": None,
    }
    pairs = [(mine, other, ask) for other, ask in asks.items()]
    for one, other, ask in [*pairs, (mine_coupled, "copasi_coupled", 5.0 if CORES > 1 else 4.0)]:
        if other not in race_of:
            continue
        ratio = race_of[other].cost / race_of[one].cost
        what = f"{race_of[other].label} / {race_of[one].label}"
        report.claims.append(at_least(what, ratio, ask) if ask else Claim(what, ratio, "", True))
    if "copasi" in race_of:
        for one, other in (("open1", "copasi"), ("coupled1", "copasi_coupled"), ("cut2", "copasi")):
            ratio = race_of[other].cost / race_of[one].cost
            report.claims.append(Claim(f"{race_of[other].label} / {race_of[one].label}", ratio, "", True))


def day(report: Report, receptors: int, repeats: int, with_peers: bool) -> None:
    """W for 24 h: ours and the fastest exact peer, if it is there."""
    scenario, work = workload(five_states(), receptors, 1440), receptors * 24.0
    exact = receptors * exact_m(five_states(), 1440)
    runs = [
        Entrant("agents, open loop, 1 thread, 24 h", ours(scenario, 1), work, exact),
        Entrant("agents, open loop, 2 threads, 24 h", ours(scenario, 2), work, exact),
    ]
    if with_peers and not any(row[0].startswith("COPASI") and row[1] == "missing" for row in report.rows):
        build = peers.copasi(BENCHMARK_RATES, receptors, 1440)
        runs.append(Entrant("COPASI direct method, 24 h", build, work, exact))
    race(runs, repeats)
    report.rows += [run.row for run in runs]


def threads(report: Report, receptors: int, repeats: int) -> None:
    """The gain of a second thread, as a share of what a loop that only computes gains from it."""
    scenario = workload(five_states(), receptors, 120)
    cut = workload(coupled_states(NO_LOAD), receptors, 120)
    runs = {}
    for label, run in {
        "open loop": lambda seed, n: ours(scenario, n)(seed),
        "1-min windows": lambda seed, n: ours(cut, n)(seed),
        "pure compute": lambda seed, n: spin_in_threads(n),
    }.items():
        for n in (1, 2):
            runs[label, n] = Entrant(f"{label}, {n}", partial(run, n=n))
    race(runs.values(), repeats)
    # Turn by turn, since the machine of one turn is the same for all.
    gains = {
        label: [a / b for a, b in zip(runs[label, 1].wall_s, runs[label, 2].wall_s, strict=True)]
        for label in ("open loop", "1-min windows", "pure compute")
    }
    for label, asked in (("open loop", 0.85), ("1-min windows", 0.75)):
        shares = [a / b for a, b in zip(gains[label], gains["pure compute"], strict=True)]
        what = f"second thread's gain, {label}, N = {receptors:,}, over that of a pure compute loop"
        report.claims.append(at_least(what, statistics.median(shares), asked))
        one, two = runs[label, 1].seconds, runs[label, 2].seconds
        work = receptors * 2.0
        report.remarks.append(
            f"{label}, N = {receptors:,}: {1e6 * one / work:.3g} us per receptor-hour on one thread, "
            f"{1e6 * two / work:.3g} on two; gain {statistics.median(gains[label]):.2f} "
            f"({min(gains[label]):.2f} to {max(gains[label]):.2f}); a pure compute loop gains "
            f"{statistics.median(gains['pure compute']):.2f} "
            f"({min(gains['pure compute']):.2f} to {max(gains['pure compute']):.2f})."
        )


def spin_in_threads(n: int, rounds: int = 8, length: int = 60_000_000) -> None:
    with ThreadPoolExecutor(n) as workers:
        list(workers.map(_spin, [length] * rounds))


@njit(nogil=True)
def _spin(length: int) -> int:
    """Arithmetic that touches no memory."""
    word = np.uint64(1)
    for _ in range(length):
        word ^= word << np.uint64(13)
        word ^= word >> np.uint64(7)
        word ^= word << np.uint64(17)
    return word


def sizes(report: Report, numbers: list[int], repeats: int) -> None:
    """Cost against the number of receptors, and what a run costs that has next to none."""
    runs = [
        Entrant(f"{n}", ours(workload(five_states(), n, 120), 1), n * 2.0, warm=n < 10**7) for n in (1, 10**4, *numbers)
    ]
    race([run for run in runs if run.warm], repeats)
    race([run for run in runs if not run.warm], min(repeats, 3))
    empty, small, *large = runs
    points = [(float(run.label), run.seconds) for run in large]
    slope = float(np.polyfit(*np.log(np.array(points)).T, 1)[0])
    what = f"log-log slope of time against N, {' '.join(f'{n:.0e}' for n in numbers)}, open loop, 1 thread"
    report.claims.append(Claim(what, slope, "0.95 to 1.05", 0.95 <= slope <= 1.05))
    each = ", ".join(f"{1e6 * s / n / 2:.3g} at {n:.0e}" for n, s in [(1e4, small.seconds), *points])
    report.remarks.append(
        f"Fixed cost of a run (2 h, one receptor): {1e3 * empty.seconds:.1f} ms; at N = 10,000 a whole run takes "
        f"{1e3 * small.seconds:.1f} ms. Microseconds per receptor-hour, one thread, open loop: {each}."
    )


def quiet(report: Report, receptors: int, days: float, repeats: int) -> None:
    """Workload Q beside W, both in 1-min windows; counts are recorded every minute by both."""
    still, busy = five_states(bind=0.001), five_states()
    still_cut, busy_cut = coupled_states(NO_LOAD, bind=0.001), coupled_states(NO_LOAD)
    runs, short = {}, days < 5
    for n in (1, 2):
        runs["Q", n] = Entrant(
            "Q", ours(workload(still_cut, receptors, days * 1440), n), receptors * days * 24.0, warm=short
        )
        runs["W", n] = Entrant("W", ours(workload(busy_cut, receptors, 120), n), receptors * 2.0)
    runs["Q open", 1] = Entrant(
        "Q, open loop", ours(workload(still, receptors, days * 1440), 1), receptors * days * 24.0, warm=short
    )
    lived = receptors * receptor_hours(still, days * 1440)
    lived_busy = receptors * receptor_hours(busy, 120)
    race(runs.values(), repeats if short else min(repeats, 3))
    per_hour = {key: 1e6 * run.seconds / (lived_busy if key[0] == "W" else lived) for key, run in runs.items()}
    for n in (1, 2):
        what = f"Q ({days:g} d, 1-min windows) / W, per receptor-hour, N = {receptors:,}, on {n} thread{'s' * (n > 1)}"
        report.claims.append(at_most(what, per_hour["Q", n] / per_hour["W", n], 0.1))
    report.remarks.append(
        f"Q, N = {receptors:,}, {days:g} d in 1-min windows: {per_hour['Q', 1]:.3g} us per receptor-hour on one thread "
        f"and {per_hour['Q', 2]:.3g} on two ({1e6 * runs['Q', 1].seconds / (days * 1440):.0f} and "
        f"{1e6 * runs['Q', 2].seconds / (days * 1440):.0f} us per window); not cut into windows "
        f"{per_hour['Q open', 1]:.3g}; W in 1-min windows {per_hour['W', 1]:.3g} and {per_hour['W', 2]:.3g}. Synthesis "
        f"lets Q grow, so these receptor-hours are of receptors that lived: {lived / receptors / days / 24:.2f} N on "
        f"average; per hour of N, Q takes {runs['Q', 1].cost:.3g} and {runs['Q', 2].cost:.3g}."
    )


def receptor_hours(itinerary: Itinerary, minutes: float) -> float:
    """Expected hours that receptors other than the degraded live, summed, over N."""
    rates = itinerary.rates(0.0, np.zeros(len(itinerary.states)))
    generator, inflow = itinerary.generator(rates), itinerary.inflow(rates)

    def change(_: float, numbers: np.ndarray) -> np.ndarray:
        return np.append(numbers[:-1] @ generator + inflow, numbers[:-1][~itinerary.out].sum() / 60.0)

    start = np.eye(len(itinerary.states) + 1)[0]
    return float(solve_ivp(change, (0.0, minutes), start, method="LSODA", rtol=1e-8).y[-1, -1])


def year(report: Report, days: float, repeats: int) -> None:
    """`counts`, coupled, in windows of 5 min, a row each."""
    given = {"resolution": "counts", "window": "5 min", "record": "5 min"}
    run = Entrant("year", ours(workload(coupled_states(), 100_000, days * 1440, **given), 1), warm=days < 100)
    race([run], repeats)
    seconds = run.seconds * 365.0 / days
    source = "" if days == 365 else f", from {days:g} days"
    report.claims.append(at_most(f"seconds for a coupled year of `counts` in 5-min windows{source}", seconds, 10.0))


def many_cells(report: Report, cells: int, hours: float, repeats: int) -> None:
    """Cells of 10,000 receptors each, coupled one by one, in 1-min windows; and replicates of a tiny cell."""
    minutes = 60.0 * hours
    spread = {"number": cells, "size_cv": 0.3, "synthesis_cv": 0.2}
    given = workload(coupled_states(), 10_000, minutes, cells=spread)
    run = Entrant("cells", ours(given, CORES), cells * 10_000 * hours, warm=hours < 24.0)
    tiny = culture(100, 60.0)
    count = 10_000
    side_by_side = Entrant("replicates", lambda seed: replicated(tiny, range(count), seed=seed), warm=False)
    race([run, side_by_side], min(repeats, 3))
    what = f"seconds for {cells:,} cells of 10,000 receptors, each coupled, {hours:g} h"
    report.claims.append(at_most(what, run.seconds, 600.0) if hours >= 24 else Claim(what, run.seconds, "", True))
    what = f"seconds for {count:,} replicates of 100 receptors (culture cell, 10 nM, coupled) over an hour"
    report.claims.append(at_most(what, side_by_side.seconds, 30.0))
    report.remarks.append(
        f"{cells:,} coupled cells of 10,000 receptors on {CORES} threads: {run.cost:.3g} us per receptor-hour; one "
        f"such cell costs {one_cell_cost(minutes):.3g} on one thread."
    )


def growing_cells(report: Report, cells: int, repeats: int) -> None:
    """Uncoupled cells of 1,000 receptors that grow to twice or three times as many: the shipped scenario `washout`."""
    few = 100
    runs = {n: Entrant(f"{n} growing cells", ours_of_washout(n)) for n in (few, cells)}
    race(runs.values(), min(repeats, 3))
    per_cell = {n: 1e3 * run.seconds / n for n, run in runs.items()}
    what = f"time per growing cell among {cells:,} over that among {few} (washout, 1,000 receptors)"
    report.claims.append(at_most(what, per_cell[cells] / per_cell[few], 1.5))
    peak = peaks("--memory-of-cells", cells)[1]
    what = f"peak memory in MB of a process with {cells:,} of these cells, tables included"
    report.claims.append(at_most(what, peak, 1_000.0))
    report.remarks.append(
        f"Growing cells: {per_cell[few]:.3g} ms for each of {few}, {per_cell[cells]:.3g} ms for each of {cells:,}, on "
        "one thread, tables included."
    )


def ours_of_washout(cells: int) -> Callable[[int], object]:
    given = load_scenario("washout", {"cells": str(cells), "receptors": "1000", "record": "10 min"})
    return lambda seed: simulated(given, seed=seed, threads=1)


def one_cell_cost(minutes: float) -> float:
    alone = Entrant("one cell", ours(workload(coupled_states(), 10_000, minutes), 1), 10_000 * minutes / 60.0)
    race([alone], 3)
    return alone.cost


def culture(receptors: int, minutes: float) -> Scenario:
    """The culture cell under 10 nM of insulin, the laws that couple its receptors switched on."""
    exposure = [{"kind": "constant", "duration": f"{minutes} min", "insulin": "10 nM"}]
    given = {"name": "culture", "parameters": SWITCHED_ON, "receptors": receptors, "follow": 0, "exposure": exposure}
    return Scenario.from_dict(given)


def memory(report: Report, receptors: int) -> None:
    """Peak of a fresh process, above what it had after importing and compiling."""
    before, after = peaks("--memory", receptors)
    what = f"peak memory in MB above an empty process, {receptors:,} receptors (W, 2 h, open loop)"
    share = 300.0 if receptors >= 10**7 else None
    report.claims.append(at_most(what, after - before, share) if share else Claim(what, after - before, "", True))
    report.remarks.append(
        f"Memory, N = {receptors:,}: {before:.0f} MB after importing, compiling and a run of 1,000 receptors, "
        f"{after:.0f} MB at the peak: {(after - before) * 1e6 / receptors:.1f} bytes per receptor."
    )


def peaks(option: str, number: int) -> tuple[float, float]:
    """Peaks of a fresh process of this file in MB: after a small run, and after that of so many."""
    command = [sys.executable, __file__, option, str(number)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    before, after = (float(word) for word in done.stdout.split())
    return before, after


def memory_of_a_process(receptors: int = 0, cells: int = 0) -> None:
    """In a process of its own: prints its peak in MB after a small run and after the large one."""
    for number in (2, cells) if cells else (1_000, receptors):
        run = ours_of_washout(number) if cells else ours(workload(five_states(), number, 120), 2)
        run(1)
        print(_peak_mb())


def drawing(report: Report, dots: int) -> None:
    """Frames of the dashboard's cell in a browser that has no graphics card."""
    try:
        from frames import frame_rate
    except ImportError:
        report.remarks.append("the drawn cell was not measured: install the tests' packages and chromium for that")
        return
    what = f"frames per second of the drawn cell, {dots:,} dots, headless Chromium, software rendering"
    report.claims.append(at_least(what, frame_rate(dots), 30.0))


def body(report: Report, full: bool) -> None:
    """Years of a person; see `body_benchmark`."""
    from body_benchmark import measured

    report.claims += [at_most(f"seconds for {what}", seconds, most_s) for what, seconds, most_s in measured(full=full)]


def page(report: Report, visits: int) -> None:
    """How the dashboard feels in a browser, alone and with ten sessions; see `dashboard_benchmark`."""
    try:
        from dashboard_benchmark import measured
    except ImportError:
        report.remarks.append("the page was not measured: install the tests' packages and chromium for that")
        return
    figures = measured(visits=visits)
    asks = {
        "first picture, s": 3.0,
        "slider alone, ms": 150.0,
        "slider, 10 sessions, median ms": 300.0,
        "slider, 10 sessions, 95th percentile ms": 300.0,
    }
    for what, value in figures.items():
        if what in asks:
            report.claims.append(at_most(f"dashboard: {what}", value, asks[what]))
        elif what == "frames per second":
            report.claims.append(at_least(f"dashboard: {what} of the plot", value, 30.0))
        else:
            report.claims.append(Claim(f"dashboard: {what}", value, "", True))


def _peak_mb() -> float:
    """The highest resident memory of this process so far.

    On Linux from /proc, because `getrusage` of a child begins with the peak of the process that started it.
    """
    status = Path("/proc/self/status")
    if status.exists():
        (line,) = (line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) * 1024 / 1e6
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3)


# -- the tables --------------------------------------------------------------------------------------------------------


def markdown(head: list[str], rows: list[list[str]]) -> str:
    widths = [max(len(row[i]) for row in [head, *rows]) for i in range(len(head))]
    lines = [head, ["-" * width for width in widths], *rows]
    return "\n".join(
        "| " + " | ".join(cell.ljust(n) for cell, n in zip(line, widths, strict=True)) + " |" for line in lines
    )


def processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(": ")[2]
    return platform.processor() or platform.machine()


def versions() -> str:
    found = []
    for name in PACKAGES:
        try:
            found.append(f"{name} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            found.append(f"{name} missing")
    return ", ".join([f"Python {platform.python_version()}", *found])


def text(report: Report, head: str, receptors: int) -> str:
    return f"""# Benchmarks

Made by `make benchmark`; what is measured and how stands at the top of `tests/benchmark.py`.

{head}

## Microseconds per receptor-hour

N = {receptors:,}, 2 h unless it says 24 h. Medians of whole runs on the wall clock, their range, and the median of
processor time, over all threads and processes. Error: receptors in M at the end, mean of the runs against the exact
mean, with its standard error in brackets.

{markdown(["engine", "us", "range", "processor", "error of M, %", "remark"], report.rows)}

## Ratios and asks

{markdown(["what", "measured", "asked", "holds"], [claim.row for claim in report.claims])}

{"".join(f"- {remark}{chr(10)}" for remark in report.remarks)}"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument(
        "--full", action="store_true", help="ten million receptors, 24 h, 30 days of Q, a year, 1,000 cells"
    )
    parser.add_argument("--small", action="store_true", help="a tenth of the receptors")
    parser.add_argument("--write", action="store_true", help="write BENCHMARKS.md")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--without-peers", action="store_true")
    parser.add_argument("--memory", type=int, default=0, help=argparse.SUPPRESS)
    parser.add_argument("--memory-of-cells", type=int, default=0, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.memory or given.memory_of_cells:
        memory_of_a_process(given.memory, given.memory_of_cells)
        return
    begun, load = time.time(), os.getloadavg()[0]
    share = 10 if given.small else 1
    report = Report()
    engines(report, 100_000 // share, 120, given.repeats, not given.without_peers)
    if given.full:
        day(report, 100_000, given.repeats, not given.without_peers)
    threads(report, 1_000_000 // share, given.repeats)
    sizes(report, [100_000, 1_000_000, *([10_000_000] if given.full else [])], given.repeats)
    quiet(report, 100_000, 30 if given.full else 1, given.repeats)
    many_cells(report, 1_000 if given.full else 100 // share, 24.0 if given.full else 2.0, given.repeats)
    growing_cells(report, 10_000 // share, given.repeats)
    year(report, 365 if given.full else 30, given.repeats)
    memory(report, 1_000_000 // share)
    body(report, given.full)
    drawing(report, 50_000)
    page(report, 100 if given.full else 20)
    if given.full:
        memory(report, 10_000_000)
    head = (
        f"{datetime.date.today()}, {processor()}, {CORES} processors, {platform.system()}. Load average "
        f"{load:.1f} at the start and {os.getloadavg()[0]:.1f} at the end; {given.repeats} runs each; "
        f"{time.time() - begun:.0f} s in all{', a tenth of the receptors' if given.small else ''}.\n\n{versions()}"
    )
    tables = text(report, head, 100_000 // share)
    print(tables)
    if given.write:
        (ROOT / "BENCHMARKS.md").write_text(tables, encoding="utf-8")


if __name__ == "__main__":
    main()
