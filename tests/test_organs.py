"""The receptors of the organs at all resolutions, with meals and on daily means, and what windows and bins cost."""

import time

import numpy as np
import pytest
from scipy.stats import t as student

from trafficking import organs, plasma
from trafficking.body import BodyResult, simulate_body
from trafficking.body_forms import BodyScenario
from trafficking.coupling_error import coupling_error
from trafficking.itinerary import Itinerary
from trafficking.organs import ORGANS
from trafficking.plasma import Stretches, healthy_day
from trafficking.window import WindowRates

SURFACES = [f"{organ}_surface" for organ in ORGANS]
FALLING = [{"at": "0 d", "factor": 1.0}, {"at": "20 d", "factor": 0.5}]
REPLICATES = {"counts": 24, "agents": 12}
FALSE_ALARM = 1e-3  # of all comparisons of one resolution together


def person(**given: object) -> BodyScenario:
    return BodyScenario.from_dict({"name": "someone", "duration": "20 d", "insult": FALLING, **given})


def surfaces(result: BodyResult) -> np.ndarray:
    """(n, 5) surface receptors of each organ over the healthy ones."""
    return result.levels[SURFACES].to_numpy()


# -- mean, counts and agents ----------------------------------------------------------------------------------------


def short(meals: str, **given: object) -> BodyScenario:
    return person(meals=meals, duration={"none": "20 d", "three": "8 d"}[meals], **given)


def disagreement(resolution: str, meals: str, expected: np.ndarray) -> float:
    """The chance, times the number of organs, of a mean as far off at the end of a life as that of the worst organ."""
    scenario = short(meals, resolution=resolution, receptors_per_organ=5000)
    n = REPLICATES[resolution]
    ends = np.array([surfaces(simulate_body(scenario, seed=7, replicate=i))[-1] for i in range(n)])
    score = (ends.mean(axis=0) - expected) / (ends.std(axis=0, ddof=1) / np.sqrt(n))
    return float(len(ORGANS) * 2.0 * student.sf(np.abs(score), n - 1).min())


@pytest.mark.parametrize("meals", ["none", pytest.param("three", marks=pytest.mark.slow)])
@pytest.mark.parametrize("resolution", ["counts", "agents"])
def test_random_and_single_receptors_have_the_mean_that_is_expected(
    resolution: str, meals: str, monkeypatch: pytest.MonkeyPatch
):
    """False alarms: one in a thousand for each resolution. Twin: the way to the lysosome is 10 % faster."""
    assert disagreement(resolution, meals, surfaces(simulate_body(short(meals)))[-1]) > FALSE_ALARM

    class Wrong(WindowRates):
        def __init__(self, itinerary: Itinerary) -> None:
            super().__init__(itinerary)
            self.factors = np.array([1.1 if arrow.target == "lysosome" else 1.0 for arrow in itinerary.transitions])

        def __call__(self, *given: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            rates, messenger = super().__call__(*given)
            return self.factors * rates, messenger

    right = organs.healthy_cell

    def healthy_cell(*given: object, **more: object) -> organs.Healthy:
        with monkeypatch.context() as unchanged:
            unchanged.setattr(organs, "WindowRates", WindowRates)
            return right(*given, **more)

    monkeypatch.setattr(organs, "WindowRates", Wrong)
    monkeypatch.setattr(organs, "healthy_cell", healthy_cell)
    wrong = surfaces(simulate_body(short(meals)))[-1]
    monkeypatch.undo()
    assert disagreement(resolution, meals, wrong) < FALSE_ALARM


@pytest.mark.parametrize("resolution", ["counts", "agents"])
def test_the_scatter_of_an_organ_shrinks_with_the_root_of_its_receptors(resolution: str):
    def scatter(receptors: int) -> float:
        scenario = person(resolution=resolution, receptors_per_organ=receptors, duration="5 d")
        ends = [surfaces(simulate_body(scenario, replicate=i))[-1] for i in range(8)]
        return float(np.std(ends, axis=0, ddof=1).mean())

    assert 1.3 < scatter(1000) / scatter(4000) < 3.0  # 40 degrees of freedom each; 2 is expected


@pytest.mark.parametrize("resolution", ["counts", "agents"])
def test_a_seed_gives_one_life_whatever_the_threads(resolution: str):
    scenario = person(resolution=resolution, receptors_per_organ=20_000, duration="3 d", meals="three")
    one, again = (simulate_body(scenario, seed=5, threads=threads).levels for threads in (1, 2))
    assert one.to_csv().encode() == again.to_csv().encode()
    assert not one.equals(simulate_body(scenario, seed=6).levels)
    assert not one.equals(simulate_body(scenario, seed=5, replicate=1).levels)


def test_organs_have_random_numbers_of_their_own():
    scenario = person(resolution="counts", receptors_per_organ=1000)
    ends = np.array([surfaces(simulate_body(scenario, replicate=i))[-1] for i in range(24)])
    together = np.corrcoef(ends.T) - np.eye(len(ORGANS))
    assert np.abs(together).max() < 0.75  # one in 2,000 of ten pairs of 24 would be more


# -- meals ----------------------------------------------------------------------------------------------------------


def test_nothing_moves_in_a_healthy_body_that_eats():
    result = simulate_body(person(insult=[], meals="three"))
    assert surfaces(result) == pytest.approx(1.0, abs=1e-6)
    assert result.levels["glucose_mM"].to_numpy() == pytest.approx(100.0 / 18.016, rel=1e-6)


def test_meals_show_the_organs_more_insulin_and_cost_about_the_same_share_of_receptors():
    """Both are taken over a healthy body that lives in the same way, on means or with meals."""
    means, meals = (simulate_body(person(duration="60 d", meals=each)) for each in ("none", "three"))
    more = meals.levels["muscle_insulin_nM"] / means.levels["muscle_insulin_nM"]
    assert more.iloc[0] == pytest.approx(1.75, abs=0.05)
    assert surfaces(means)[-1].max() < 0.9
    lost = [1.0 - surfaces(each)[-1] for each in (means, meals)]
    assert np.all((lost[0] < lost[1]) & (lost[1] < 1.3 * lost[0]))  # most in fat


@pytest.mark.parametrize("organ", ORGANS)
def test_bins_of_ten_minutes_leave_every_compartment_within_the_limit(organ: str, monkeypatch: pytest.MonkeyPatch):
    """0.2 % of R0, against bins of a minute, at every hour of a healthy day; bins of two hours are beyond it."""

    def hours(bin_min: int) -> np.ndarray:
        monkeypatch.setattr(plasma, "BIN_MIN", bin_min)
        day = healthy_day("three")
        seen = Stretches(organs.organ_insulin(1.0)[organ] * day.levels_nM, day.minutes)
        healthy = organs.healthy_cell(organ, seen, 1440.0)
        cell, per_hour = organs.OrganReceptors(healthy), max(120 // bin_min, 1)
        found = []
        for part in seen.levels_nM.reshape(-1, per_hour):
            cell.advance(part, day.minutes)
            found.append(cell.state[0][~healthy.itinerary.out] / healthy.copy_number)
        return np.array(found)

    fine = hours(1)
    assert np.abs(hours(10) - fine).max() < 2e-3
    assert np.abs(hours(120) - fine).max() > 1e-3


# -- windows --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("meals", ["none", "three"])
def test_halving_the_window_of_the_loop_halves_its_error(meals: str):
    insult = [{"at": "0 d", "factor": 1.0}, {"at": "80 d", "factor": 0.7}]
    given = {"insult": insult, "duration": "80 d", "meals": meals}
    errors = np.array([coupling_error(simulate_body(person(window=f"{w} d", **given))) for w in (4.0, 2.0, 1.0)])
    assert np.all((errors[:-1] / errors[1:] > 1.8) & (errors[:-1] / errors[1:] < 2.5))
    assert errors[-1] < 2e-3


def test_the_error_that_is_said_bounds_the_one_that_is_made():
    scenario = person(duration="80 d", window="2 d")
    fine = surfaces(simulate_body(person(duration="80 d", window="0.125 d")))[::16]
    made = float(np.abs(surfaces(simulate_body(scenario)) - fine).max())
    said = coupling_error(simulate_body(scenario))
    assert 0.9 * made < said < 4.0 * made


def test_the_longest_window_is_held_against_a_shorter_one():
    assert coupling_error(simulate_body(person(window="10 d"))) > coupling_error(simulate_body(person(window="5 d")))


# -- how long it takes ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("resolution", ["mean", "counts"])
def test_a_year_of_five_organs_with_three_meals_a_day_takes_twenty_seconds_at_most(resolution: str):
    simulate_body(person(duration="2 d", meals="three", resolution=resolution))
    begun = time.process_time()
    simulate_body(person(duration="1 y", meals="three", resolution=resolution))
    assert time.process_time() - begun < 20.0
