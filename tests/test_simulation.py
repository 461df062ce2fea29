"""Runs: windows, records, starts and steering."""

from types import SimpleNamespace

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.optimize import brentq

from cells import SWITCHED_ON, portrait
from trafficking import crowd, receptors
from trafficking.cells import replicas
from trafficking.replicates import replicated
from trafficking.scenario import Scenario
from trafficking.simulation import Run, simulate
from trafficking.starting import starting_cells

UNCOUPLED = {"endocytosis": False, "sorting": False, "transcription": False}


def scenario(**changes: object) -> Scenario:
    """Culture cell with all couplings, half an hour insulin-free, then two hours at 10 nM, then an hour without."""
    given = {
        "name": "short",
        "tissue": "culture",
        "parameters": SWITCHED_ON,
        "receptors": 2_000,
        "follow": 100,
        "exposure": [
            {"kind": "constant", "insulin": "0 nM", "duration": "30 min"},
            {"kind": "constant", "insulin": "10 nM", "duration": "2 h"},
            {"kind": "washout", "duration": "1 h"},
        ],
    }
    return Scenario.from_dict(given | changes)


def mean_counts(window: str, **changes: object) -> np.ndarray:
    run = Run(scenario(resolution="mean", window=window, record="10 min", **changes))
    run.advance()
    return run.recorded["counts"]


PLAIN = {
    "kon": 0.06, "koff": 0.177, "ke0": 0.0104, "keb": 0.0253, "kdis": 0.6, "kfast": 0.05, "ksort": 0.01, "krr": 0.1,
    "kl": 0.0095, "kc": 0.0, "esat": np.inf, "klys": 0.09, "smax": 0.0, "ka": 0.02, "h": 1.5, "tau": 360.0,
}  # fmt: skip


def textbook_culture_cell(minutes: list[float], **changed: float) -> np.ndarray:
    """Mean-field equations of the culture cell over R0, written out with the numbers of the evidence table.

    States: F, B, endosome bound, endosome free, recycling, lysosome; then the messenger. Insulin is 10 nM from 30 min
    on and 0 from 150 min on.
    """
    k = SimpleNamespace(**{**PLAIN, **changed})

    def flow(_t, y, insulin, synthesis):
        f, b, eb, ef, r, lys, m = y
        back = 1.0 / (1.0 + (eb + ef) / k.esat)
        active = max(b + 0.5 * eb, 0.0) ** k.h
        return [
            synthesis * m - k.kon * insulin * f + k.koff * b - (k.ke0 + k.kc) * f + k.kfast * back * ef + k.krr * r,
            k.kon * insulin * f - (k.koff + k.ke0 + k.keb + k.kc) * b,
            (k.ke0 + k.keb) * b - (k.kdis + k.kl) * eb,
            k.ke0 * f + k.kdis * eb - (k.kfast + k.ksort) * back * ef - k.kl * ef,
            k.ksort * back * ef - k.krr * r,
            k.kl * (ef + eb) + k.kc * (f + b) - k.klys * lys,
            (1.0 - k.smax * active / (k.ka**k.h + active) - m) / k.tau,
        ]

    def resting(inside):
        """Surface and recycling endosome that balance so many receptors in the early endosome."""
        back = 1.0 / (1.0 + inside / k.esat)
        return inside * ((k.kfast + k.ksort) * back + k.kl) / k.ke0, inside * k.ksort * back / k.krr

    inside = brentq(lambda inside: sum(resting(inside)) + inside - 1.0, 1e-6, 1.0, xtol=1e-15)
    surface, recycling = resting(inside)
    synthesis = k.kl * inside + k.kc * surface
    y, now, rows = np.array([surface, 0.0, 0.0, inside, recycling, synthesis / k.klys, 1.0]), 0.0, []
    for minute in minutes:
        for end in sorted({e for e in (30.0, 150.0) if now < e < minute} | {minute}):
            insulin = 10.0 if 30.0 <= now < 150.0 else 0.0
            if end > now:
                y = solve_ivp(flow, (now, end), y, "LSODA", args=(insulin, synthesis), rtol=1e-10, atol=1e-12).y[:, -1]
            now = end
        rows.append(y[:6])
    return np.array(rows)


@pytest.mark.parametrize(("parameters", "changed"), [({}, {}), (SWITCHED_ON, {"esat": 0.6, "kc": 8e-4, "smax": 0.05})])
def test_mean_follows_the_textbook_equations_of_the_culture_cell(parameters, changed):
    run = Run(scenario(resolution="mean", record="30 min", parameters=parameters))
    run.advance()
    recorded = run.recorded
    assert recorded["counts"].shape[0] == 8
    expected = textbook_culture_cell(recorded["time_min"].tolist(), **changed)
    # At the scenario's own window of a minute every compartment is within 0.2 % of R0 of the limit; it is far closer.
    assert np.abs(recorded["counts"][:, :6] / 2_000 - expected).max() < 2e-4


def step(before: str, after: str) -> list[dict[str, str]]:
    levels = ((before, "10 min"), (after, "40 min"))
    return [{"kind": "constant", "insulin": insulin, "duration": duration} for insulin, duration in levels]


LIVER = {"tissue": "liver", "parameters": {}, "exposure": step("0.25 nM", "0.58 nM")}
SORTING = {"coupling": {"transcription": False}, "exposure": step("0 nM", "10 nM")}


# In culture a jump to 10 nM drives the messenger's switch within 3 s, which windows of these lengths cannot see
# (it costs a millionth of R0): there the order is shown on sorting.
@pytest.mark.parametrize("changes", [LIVER, SORTING])
def test_halving_the_window_divides_its_error_by_four(changes):
    fine = mean_counts("0.125 min", **changes)
    errors = [np.abs(mean_counts(window, **changes) - fine).max() for window in ("2 min", "1 min", "0.5 min")]
    for coarse, half in zip(errors[:-1], errors[1:], strict=True):
        assert 3.6 < coarse / half < 4.4
    assert errors[1] < 0.002 * 2_000  # at the scenario's own window: within 0.2 % of R0


def test_without_coupling_neither_window_nor_record_changes_a_bit():
    runs = [
        Run(scenario(coupling=UNCOUPLED, window=window, record=record), seed=5)
        for window, record in (("1 min", "1 min"), ("7 min", "0.3 min"))
    ]
    for run in runs:
        run.advance()
    assert portrait(runs[0].population).tobytes() == portrait(runs[1].population).tobytes()
    assert runs[0].result().histories.equals(runs[1].result().histories)


@pytest.mark.parametrize("coupling", [{}, UNCOUPLED])
@pytest.mark.parametrize("resolution", ["agents", "counts", "mean"])
def test_stopping_on_the_way_changes_nothing(coupling, resolution):
    given = scenario(coupling=coupling, resolution=resolution)
    whole, pieces = Run(given, seed=3), Run(given, seed=3)
    whole.advance()
    for until in (0.0, 10.0, 10.5, 31.0, 77.7, 151.0):
        pieces.advance(until)
        assert pieces.time_min <= until
        assert pieces.result().counts["time_min"].iloc[-1] <= until
    pieces.advance()
    for name in ("counts", "events", "exposure", "histories"):
        assert getattr(whole.result(), name).equals(getattr(pieces.result(), name)), name


def test_threads_and_seeds():
    big = scenario(receptors=80_000)
    one, two, other = (simulate(big, seed=seed, threads=threads) for seed, threads in ((1, 1), (1, 2), (2, 1)))
    assert one.counts.equals(two.counts)
    assert one.histories.equals(two.histories)
    assert not one.counts.equals(other.counts)


def test_replicates_are_independent():
    finals = [simulate(scenario(follow=0), seed=1, replicate=r).counts.iloc[-1]["surface_free"] for r in range(8)]
    assert len(set(finals)) > 5


def test_every_row_holds_all_that_happened_up_to_its_minute():
    result = simulate(scenario(record="1 min"), seed=2)
    counts, events = result.counts, result.events
    states = list(result.scenario.itinerary.state_names)
    arrows = [t.name for t in result.scenario.itinerary.transitions]
    change = events[arrows].to_numpy() @ result.scenario.itinerary.incidence
    assert np.array_equal(np.diff(counts[states].to_numpy(), axis=0), change)
    assert counts["time_min"].tolist() == [float(i) for i in range(211)]
    bound = counts["surface_bound"].to_numpy()
    assert bound[:31].max() == 0
    assert bound[31] > 0


def test_insulin_in_a_row_is_its_value_from_then_on():
    exposure = simulate(scenario(), seed=1).exposure.set_index("time_min")["insulin_nM"]
    assert (exposure[29.0], exposure[30.0], exposure[149.0], exposure[150.0]) == (0.0, 10.0, 10.0, 0.0)


def test_the_end_is_recorded_even_off_the_recording_grid():
    result = simulate(scenario(record="50 min"), seed=1)
    assert result.counts["time_min"].tolist() == [0.0, 50.0, 100.0, 150.0, 200.0, 210.0]


def test_switches_off_the_grid_act_at_their_minute():
    exposure = [
        {"kind": "constant", "insulin": "0 nM", "duration": "10.25 min"},
        {"kind": "constant", "insulin": "100 nM", "duration": "0.5 min"},
        {"kind": "washout", "duration": "9.25 min"},
    ]
    result = simulate(scenario(exposure=exposure, receptors=50_000, record="0.25 min"), seed=1)
    bound = result.counts.set_index("time_min")["surface_bound"]
    assert bound[10.25] == 0
    assert bound[10.5] > 10_000
    assert bound[10.75] > bound[10.5] > 0
    assert bound[11.0] < bound[10.75]


def test_a_cell_that_starts_at_its_steady_state_stays_there():
    still = scenario(
        resolution="mean", exposure=[{"kind": "constant", "insulin": "10 nM", "duration": "5 h"}], receptors=100_000
    )
    counts = Run(still)
    counts.advance()
    live = counts.recorded["counts"][:, :-1]
    assert np.abs(live[-1] - live[0]).max() < 2.0  # of 100,000: the total is rounded to a whole receptor


def test_the_total_is_rounded_once_and_shared_out_at_random():
    runs = [Run(scenario(receptors=5_000), seed=seed) for seed in range(30)]
    starts = np.array([run.counts for run in runs])
    assert len(set(starts.sum(axis=1).tolist())) == 1
    assert starts[:, 0].std() > 5.0


def test_a_poisson_total_scatters_like_one():
    given = scenario(receptors=400, start={"total": "poisson"})
    totals = [
        starting_cells(given, replicas(given.receptors, seed=seed, replicates=[0]))[0].totals[0] for seed in range(600)
    ]
    # Variance over mean of 600 Poisson totals: 1 within 5 standard errors (false alarm 6e-7); a fixed total has 0.
    assert abs(np.var(totals) / np.mean(totals) - 1.0) < 5.0 * np.sqrt(2.0 / 600)
    assert Run(given, seed=3).counts.sum() == totals[3]


def test_a_start_may_be_given_in_integers_or_at_the_surface():
    given = {"surface_free": 700, "early_endosome_free": 300}
    run = Run(scenario(start={"counts": given}), seed=1)
    assert dict(zip(run.states, run.counts.tolist(), strict=True)) == dict.fromkeys(run.states, 0) | given
    label = Run(scenario(start={"state": "surface"}), seed=1)
    assert label.counts.tolist() == [2_000, 0, 0, 0, 0, 0, 0]


def test_a_steered_run_is_the_run_of_its_steered_scenario():
    live = Run(scenario(), seed=4)
    live.advance(45.0)
    live.steer(100.0)
    live.advance(60.0)
    assert live.recorded["insulin_nM"][-1] == 100.0
    live.steer(0.5, until_min=400.0)
    assert live.recorded["insulin_nM"][[44, 45, 59, 60]].tolist() == [10.0, 100.0, 100.0, 0.5]
    live.advance()
    assert live.time_min == 400.0
    again = simulate(Scenario.from_dict(live.scenario.to_dict()), seed=4)
    for name in ("counts", "events", "exposure", "histories"):
        assert getattr(live.result(), name).equals(getattr(again, name)), name
    assert again.exposure.set_index("time_min")["insulin_nM"][[44.0, 45.0, 60.0, 399.0]].tolist() == [
        10.0,
        100.0,
        0.5,
        0.5,
    ]


def test_a_finished_run_can_be_steered_on():
    live = Run(scenario(record="50 min"), seed=4)
    live.advance()
    live.steer(3.0, until_min=300.0)
    live.advance()
    again = simulate(live.scenario, seed=4)
    assert live.result().counts.equals(again.counts)
    assert live.result().events.equals(again.events)


def test_a_run_stops_when_asked():
    run = Run(scenario(), seed=1)
    asked = iter([True, True, False])
    run.advance(keep_going=lambda: next(asked))
    assert 0.0 < run.time_min < 30.0


@pytest.mark.parametrize("seed", [-1, 1.5, True, "1", 2**63])
def test_a_seed_that_is_no_small_integer_is_refused(seed):
    with pytest.raises(ValueError, match="seed: .* an integer from 0"):
        Run(scenario(), seed=seed)


def test_a_small_cell_behaves_as_a_large_one_but_for_noise():
    small, large = (Run(scenario(resolution="mean", receptors=n, record="30 min")) for n in (10**3, 10**6))
    for run in (small, large):
        run.advance()
    # The starting totals are whole numbers: a thousandth of R0 at most.
    assert np.abs(small.recorded["counts"] / 1e3 - large.recorded["counts"] / 1e6).max() < 1e-3


def test_steering_twice_after_the_end_is_allowed():
    run = Run(scenario().lasting(10.5), seed=1)
    run.advance()
    run.steer(1.0, until_min=20.0)
    run.steer(2.0, until_min=20.0)
    run.advance()
    assert run.result().counts.equals(simulate(run.scenario, seed=1).counts)


def test_a_step_that_rounds_to_just_before_the_end_is_the_end():
    times = simulate(scenario(record="0.29 min").lasting(29.0), seed=1).counts["time_min"]
    assert len(times) == 101
    assert times.iloc[-1] == 29.0


def test_the_followed_are_a_few_of_those_at_the_start():
    given = scenario(receptors=1, follow=40, start={"counts": {"surface_free": 2_000}})
    assert len(Run(given, seed=1).followed[0]) == 40
    assert len(Run(scenario(receptors=799, follow=400), seed=1).followed[0]) <= 400


def test_stiff_rates_lose_no_receptor_and_no_time():
    exchange = {
        "states": [{"name": "a", "compartment": "membrane"}, {"name": "b", "compartment": "early_endosome"}],
        "transitions": [
            {"name": "in", "source": "a", "target": "b", "law": "constant", "rate": "1e9 /min"},
            {"name": "out", "source": "b", "target": "a", "law": "constant", "rate": "1e9 /min"},
        ],
    }
    for resolution in ("counts", "mean"):
        given = {
            "name": "stiff",
            "itinerary": exchange,
            "receptors": 1_000,
            "resolution": resolution,
            "record": "30 d",
            "exposure": [{"kind": "washout", "duration": "700 d"}],
        }
        counts = simulate(Scenario.from_dict(given), seed=1).counts
        assert (counts["a"] + counts["b"]).to_numpy() == pytest.approx(1_000.0, abs=1e-6)


def test_a_busy_first_window_is_cut_for_the_patience_of_the_caller():
    busy = scenario(
        receptors=50_000, coupling=UNCOUPLED, window="3 h", parameters={"kon": "6 /nM/min", "koff": "60 /min"}
    )
    run, asked = Run(busy, seed=1), []
    run.advance(40.0, keep_going=lambda: asked.append(run.time_min) or True)
    assert len(asked) > 5


@pytest.mark.parametrize("resolution", ["agents", "counts", "mean"])
@pytest.mark.parametrize("coupling", [{}, UNCOUPLED])
def test_a_run_in_progress_can_be_closed_where_it_stands_and_run_again(resolution, coupling):
    # The step of insulin lies off the recording grid, and so do the windows after it.
    levels = (("0 nM", "10.5 min"), ("10 nM", "2 h"))
    exposure = [{"kind": "constant", "insulin": insulin, "duration": duration} for insulin, duration in levels]
    run = Run(scenario(resolution=resolution, coupling=coupling, exposure=exposure, record="2 min"), seed=6)
    run.advance(39.7)
    now = run.so_far()
    again = simulate(now.scenario, seed=6)
    for name in ("counts", "events", "exposure", "histories"):
        assert getattr(now, name).equals(getattr(again, name)), name
    run.advance()
    assert run.so_far().counts.equals(run.result().counts)


@pytest.mark.parametrize("threads", [1, 2])
def test_a_run_that_was_interrupted_within_a_window_says_so_from_then_on(threads, monkeypatch):
    run = Run(scenario(receptors=60_000, coupling=UNCOUPLED, follow=0), seed=1, threads=threads)
    run.advance(30.0)
    calls, whole = [], crowd.advance

    def interrupted(*arguments):
        calls.append(1)
        if len(calls) > 1:
            raise KeyboardInterrupt
        return whole(*arguments)

    monkeypatch.setattr(crowd, "advance", interrupted)
    monkeypatch.setattr(receptors, "_MOST_STRETCH", 16_384)
    with pytest.raises(KeyboardInterrupt):
        run.advance()
    monkeypatch.undo()
    for way_on in (run.advance, run.advance_window, run.snapshot, run.result, run.so_far, run.fork):
        with pytest.raises(RuntimeError, match="interrupted within the window that began at 30 min"):
            way_on()


def test_wrong_numbers_of_threads_replicates_and_minutes_are_refused():
    given = scenario(receptors=20)
    for threads in (0, -1, 1.5, True):
        with pytest.raises(ValueError, match="threads: .* a whole number of at least 1"):
            Run(given, threads=threads)
    for replicates in ([-1], [2**40], [1.5]):
        with pytest.raises(ValueError, match="replicate: "):
            replicated(given, replicates)
    with pytest.raises(ValueError, match="none given"):
        replicated(given, [])
    run = Run(given)
    with pytest.raises(ValueError, match="until_min: nan given"):
        run.advance(float("nan"))
    run.advance()
    with pytest.raises(ValueError, match="steer: the run has ended, at 210 min"):
        run.steer(3.0)
