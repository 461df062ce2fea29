"""The minutes after a meal: at rest with the body of the years, and its equations solved as they should be."""

import math

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from trafficking import meals, physiology
from trafficking.meals import HEALTHY, Fasting, Meal, course
from trafficking.physiology import Topp
from trafficking.plasma import ThreeMeals, healthy_day

TOPP = Topp.published()
DRINK = [Meal(0.0, 75.0)]


def body(beta: float, sensitivity: float, clearance: float = 1.0) -> Fasting:
    """A body that `physiology` balances, the loss of sensitivity shared evenly by its organs."""
    at = physiology.balance(TOPP, 300.0 * beta, 0.72 * sensitivity, TOPP.clearance * clearance)
    return Fasting(at.glucose, at.insulin, beta, clearance, sensitivity, sensitivity)


BODIES = [
    HEALTHY,
    body(1.0, 0.3),
    body(2.0, 0.5),
    body(0.3, 0.5),
    body(1.5, 0.7, clearance=0.6),
    body(0.1, 1.2),
]


def test_the_healthy_body_fasts_where_the_body_of_the_years_rests():
    assert HEALTHY[:2] == physiology.HEALTHY[:2] == (100.0, 10.0)
    assert HEALTHY[2:] == (1.0, 1.0, 1.0, 1.0)


@pytest.mark.parametrize("someone", BODIES)
def test_without_a_meal_any_body_stays_where_it_is_balanced(someone: Fasting):
    day = course(someone, 1440.0)
    assert day.glucose == pytest.approx(someone.glucose, rel=1e-9)
    assert day.insulin == pytest.approx(someone.insulin, rel=1e-9)


def test_a_body_off_its_balance_does_not_stay_there():
    """The twin: rest is a property of the equations, not of a simulator that never moves."""
    state = course(HEALTHY, 1.0).state
    state[0] *= 1.1
    assert np.ptp(course(HEALTHY, 60.0, state=state).glucose) > 5.0


@pytest.mark.parametrize("someone", BODIES)
def test_secretion_at_rest_is_that_of_beta_cell_mass_and_glucose(someone: Fasting):
    """Portal insulin of the resting state, over the healthy one, against the balance of the body of the years."""
    own, healthy = (course(each, 1.0).state[10] for each in (someone, HEALTHY))
    drive = TOPP.secretory_drive(someone.glucose) / TOPP.secretory_drive(100.0)
    assert own / healthy == pytest.approx(someone.beta * drive, rel=1e-9)


def test_at_the_fasting_levels_of_the_paper_the_state_is_the_published_one():
    """Initial values of BIOMD0000000379, which were rounded: tissue glucose, insulin in liver and plasma."""
    state = course(Fasting(178.0 / 1.88, 25.0 / 6.0), 1.0).state
    assert state[:4] == pytest.approx([178.0, 135.0, 4.5, 1.25], rel=0.01)


@pytest.mark.parametrize("someone", [HEALTHY, body(1.0, 0.3), body(2.0, 0.5)])
def test_steps_of_a_minute_follow_the_equations(someone: Fasting):
    """Against an adaptive solver of another order, at a meal."""
    numbers, rest = meals._at_rest(someone)
    rest[4] = 75_000.0

    def slopes(_time: float, y: np.ndarray) -> np.ndarray:
        change = np.empty(12)
        meals._slopes(y, numbers, 75_000.0, 0.0, False, change)
        return change

    exact = solve_ivp(
        slopes, (0.0, 240.0), rest, t_eval=np.arange(0.0, 241.0, 30.0), rtol=1e-9, atol=1e-9, max_step=1.0
    )
    own = course(someone, 240.0, meals=DRINK)
    assert own.glucose[::30] == pytest.approx(exact.y[0] / 1.88, rel=1e-4)
    assert own.insulin[::30] == pytest.approx(exact.y[3] / 0.05 / 6.0, rel=1e-3)


def test_beta_cells_that_compensate_in_full_leave_glucose_as_in_health():
    """The product of sensitivity and secretion decides the tolerance."""
    healthy, resistant = (course(each, 240.0, meals=DRINK) for each in (HEALTHY, body(2.0, 0.5)))
    assert resistant.glucose == pytest.approx(healthy.glucose, abs=0.01)
    assert resistant.insulin == pytest.approx(2.0 * healthy.insulin, rel=1e-3)
    assert course(body(1.5, 0.5), 240.0, meals=DRINK).glucose.max() > healthy.glucose.max() + 5.0  # the twin


def test_a_meal_is_absorbed_and_gone_by_the_next_morning():
    night = course(HEALTHY, 720.0, meals=DRINK)
    assert night.state[4:7].sum() < 1.0  # mg of 75,000
    assert night.glucose[-1] == pytest.approx(100.0, abs=1.5)


def test_a_day_in_quarters_is_the_day_in_one_piece():
    whole, quarters = ThreeMeals(), ThreeMeals()
    for _ in range(2):
        day = whole.window(HEALTHY, 1440.0).levels_nM
        parts = np.concatenate([quarters.window(HEALTHY, 360.0).levels_nM for _ in range(4)])
        assert np.array_equal(parts, day)


def test_insulin_of_a_healthy_day_peaks_three_times_about_its_fasting_level():
    levels = healthy_day("three").levels_nM
    assert len(levels) == 144
    peaks = [levels[start : start + 18].max() for start in (6, 36, 72)]  # three hours from each meal
    assert min(peaks) > 3.0 * 0.06
    assert levels[-6:].mean() == pytest.approx(0.06, rel=0.1)
    # A mean two thirds above fasting is what biology's section 3 takes the organs of a lean body to see.
    assert levels.mean() / 0.06 == pytest.approx(1.67, abs=0.15)


def test_the_numbers_have_sources_and_are_finite():
    for each in physiology.constants(meals.FILE).values():
        assert each.status in ("measured", "derived", "assumption"), each.symbol
        assert (each.source == "none") == (each.status == "assumption"), each.symbol
        assert math.isfinite(each.value)


@pytest.mark.parametrize("body", [meals.HEALTHY, meals.HEALTHY._replace(periphery=10.0, liver=10.0)])
@pytest.mark.parametrize("infusion", [1.0, 8.0, 60.0, 100.0])
def test_a_clamp_does_not_hang_on_the_step_however_much_insulin_is_given(body: meals.Fasting, infusion: float):
    """In steps of a minute, uptake in 60 mU per kg and min or more used to run away."""
    given = 6.0 * infusion
    coarse = meals.course(body, 120, infusion=given, clamp_at=body.glucose)
    fine = meals.course(body, 120, infusion=given, clamp_at=body.glucose, step_min=0.05)
    assert coarse.infused == pytest.approx(fine.infused[::20], abs=0.1)
    assert coarse.infused[-40:] == pytest.approx(fine.infused[::20][-40:], abs=1e-3)
    assert coarse.infused.max() < 14.0
