"""Claims about insulin over time: exact means, right-continuous jumps, and cuts that change nothing before them."""

import math
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.integrate import quad

from trafficking.exposure import Constant, Exposure, Meals, Oscillation, PulseTrain, Ramp, Series

WEEK_MIN = 7 * 1440.0
few = settings(max_examples=60, deadline=None, derandomize=True)

SHAPES = {
    "clamp": Constant(600.0, 10.0),
    "washout": Constant(600.0, 0.0),
    "ramp up": Ramp(600.0, 0.0, 10.0, 100.0),
    "ramp down": Ramp(600.0, 10.0, 0.3, 1000.0),
    "pulses": PulseTrain(600.0, 0.1, 10.0, 5.0, 15.0, 7.0),
    "pulses off the grid": PulseTrain(600.0, 0.0, 1.0, 0.1, 0.3, 0.7),
    "dips": PulseTrain(600.0, 10.0, 0.0, 20.0, 60.0),
    "three meals": Meals(4000.0, 0.06, 0.5, 45.0, (420.0, 720.0, 1140.0)),
    "snacks that overlap": Meals(600.0, 0.06, 0.5, 90.0, (0.0, 20.0, 33.0), 60.0),
    "ultradian": Oscillation(600.0, 0.3, 0.1, 120.0, 17.0),
    "pulsatile, full depth": Oscillation(600.0, 0.3, 0.3, 13.0, -2.0),
    "glucose tolerance test": Series(300.0, (0, 30, 60, 90, 120, 180), (0.06, 0.4, 0.5, 0.45, 0.3, 0.06)),
    "record that starts late": Series(300.0, (10.5, 11.25, 60.1), (0.0, 0.0, 1.0)),
    "single point": Series(300.0, (5.0,), (1.0,)),
}
every_shape = pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES.keys())


def integrated_mean(exposure, from_min, to_min):
    """The mean by adaptive quadrature of the values, between the edges."""
    cuts = [from_min, *(edge for edge in exposure.edges if from_min < edge < to_min), to_min]
    areas = (quad(exposure.value, a, b, epsabs=1e-11, epsrel=1e-11, limit=400)[0] for a, b in pairwise(cuts))
    return math.fsum(areas) / (to_min - from_min)


def gauss_mean(exposure, from_min, to_min):
    """The mean of a smooth short window to the last digits: only positive terms, so nothing cancels."""
    nodes, weights = np.polynomial.legendre.leggauss(24)
    values = [exposure.value(from_min + (to_min - from_min) * (1.0 + node) / 2.0) for node in nodes]
    return math.fsum(weights * values) / 2.0


minutes = st.floats(0.05, 900.0) | st.integers(1, 900).map(float) | st.integers(1, 9000).map(lambda n: n / 10)
levels = st.just(0.0) | st.floats(0.001, 100.0)


@st.composite
def shapes(draw):
    duration, a, b = draw(minutes), draw(levels), draw(levels)
    period = draw(st.floats(20.0, 300.0) | st.integers(20, 300).map(float) | st.just(20.1))
    knots = sorted(draw(st.lists(minutes, min_size=2, max_size=6, unique=True)))
    assume(min(y - x for x, y in pairwise(knots)) > 1e-6)
    return draw(
        st.sampled_from(
            [
                Constant(duration, a),
                Ramp(duration, a, b, draw(minutes)),
                PulseTrain(duration, a, b, period * draw(st.floats(0.05, 0.95)), period, draw(minutes)),
                Meals(duration, a, b, draw(st.floats(5.0, 200.0)), (0.1 * period, 0.5 * period), period),
                Oscillation(duration, max(a, b), min(a, b), period, draw(st.floats(-500.0, 500.0))),
                Series(duration, knots, [draw(levels) for _ in knots]),
            ]
        )
    )


exposures = st.lists(shapes(), min_size=1, max_size=4).map(Exposure)
shares = st.floats(0.0, 1.2)


# -- values --------------------------------------------------------------------------------------------------------


def test_a_clamp_holds_one_level_to_the_bit():
    exposure = Exposure([Constant(100.0, 0.1)])
    assert {exposure.mean(k * 0.3, k * 0.7 + 0.1) for k in range(100)} == {0.1}


def test_a_ramp_is_straight_and_then_stays():
    ramp = Exposure([Ramp(100.0, 2.0, 10.0, 80.0)])
    assert [ramp.value(t) for t in (0.0, 40.0, 80.0, 99.0, 500.0)] == [2.0, 6.0, 10.0, 10.0, 10.0]
    assert ramp.edges == (80.0, 100.0)


def test_pulses_rise_and_fall_at_their_edges():
    pulses = Exposure([PulseTrain(60.0, 0.5, 10.0, 5.0, 20.0, 10.0)])
    assert pulses.edges == (10.0, 15.0, 30.0, 35.0, 50.0, 55.0, 60.0)
    assert [pulses.value(t) for t in (0.0, 10.0, 14.9, 15.0, 30.0, 35.0, 59.0)] == [
        0.5,
        10.0,
        10.0,
        0.5,
        10.0,
        0.5,
        0.5,
    ]
    assert pulses.mean(0.0, 60.0) == pytest.approx((45 * 0.5 + 15 * 10.0) / 60.0, rel=1e-15)


def test_each_meal_peaks_at_its_time_with_its_rise():
    meals = Exposure([Meals(1440.0, 0.06, 0.5, 45.0, (420.0,))])
    assert meals.value(419.0) == 0.06
    assert meals.value(465.0) == 0.56
    assert meals.max_nM == 0.56
    assert meals.min_nM == 0.06


def test_meals_come_again_every_day():
    meals = Exposure([Meals(WEEK_MIN, 0.06, 0.5, 45.0, (420.0, 720.0))])
    assert meals.edges == (*(1440.0 * day + meal for day in range(7) for meal in (420.0, 720.0)), WEEK_MIN)
    assert meals.value(500.0 + 5 * 1440.0) == pytest.approx(meals.value(500.0), rel=1e-9)


def test_surges_that_overlap_add_up():
    one, two = (Meals(600.0, 0.0, 1.0, 60.0, times) for times in ((0.0,), (100.0,)))
    both = Meals(600.0, 0.0, 1.0, 60.0, (0.0, 100.0))
    assert both.value(170.0) == pytest.approx(one.value(170.0) + two.value(170.0), rel=1e-15)
    assert both.integral(50.0, 300.0) == pytest.approx(one.integral(50.0, 300.0) + two.integral(50.0, 300.0), rel=1e-14)


def test_old_meals_are_left_out_only_where_they_no_longer_count():
    meals = Meals(20_000.0, 0.0, 1.0, 200.0, (0.0,), 100.0)
    ages = (19_990.0 - np.arange(200) * 100.0) / 200.0
    assert meals.value(19_990.0) == pytest.approx(np.sum(ages * np.exp(1.0 - ages)), rel=1e-13)


def test_an_oscillation_swings_around_its_mean():
    sine = Exposure([Oscillation(240.0, 0.3, 0.1, 120.0, 30.0)])
    assert sine.value(30.0) == 0.3
    assert sine.value(60.0) == 0.4
    assert sine.value(120.0) == pytest.approx(0.2, rel=1e-15)
    assert sine.mean(0.0, 240.0) == pytest.approx(0.3, rel=1e-15)


def test_a_record_passes_through_its_points():
    shape = SHAPES["glucose tolerance test"]
    exposure = Exposure([shape])
    assert tuple(map(exposure.value, shape.times_min)) == shape.insulin_nM
    assert exposure.value(45.0) == pytest.approx(0.45, rel=1e-15)
    assert exposure.value(250.0) == 0.06


# -- means ---------------------------------------------------------------------------------------------------------


@every_shape
@pytest.mark.parametrize("start", [0.0, 0.1 + 0.2, 1440.0])
def test_mean_is_the_integral_of_the_values(shape, start):
    exposure = Exposure([Constant(start, 1.0), shape] if start else [shape])
    for share, other in ((0.0, 1.0), (0.123, 0.124), (0.3, 0.9), (0.02, 0.1), (0.4, 1.1)):
        window = start + share * shape.duration_min, start + other * shape.duration_min
        assert exposure.mean(*window) == pytest.approx(integrated_mean(exposure, *window), rel=1e-9, abs=1e-12)


@few
@given(exposures, shares, shares)
def test_mean_over_any_sequence_is_the_integral_of_the_values(exposure, share, other):
    window = sorted((share * exposure.duration_min, other * exposure.duration_min))
    assume(window[1] - window[0] > 1e-3)
    assert exposure.mean(*window) == pytest.approx(integrated_mean(exposure, *window), rel=1e-8, abs=1e-9)


def test_a_sample_of_the_left_edge_is_no_mean():
    ramp = Exposure([SHAPES["ramp up"]])
    assert ramp.value(10.0) != pytest.approx(integrated_mean(ramp, 10.0, 20.0), rel=1e-2)


@pytest.mark.parametrize("width", [1.0, 1e-3])
@pytest.mark.parametrize(
    "shape",
    [
        Meals(2 * WEEK_MIN, 0.0, 0.5, 45.0, (420.0, 720.0, 1140.0)),
        Meals(2 * WEEK_MIN, 0.06, 0.5, 45.0, (0.0,)),
        Meals(2 * WEEK_MIN, 0.0, 0.5, 0.25, (0.0,)),
        Oscillation(2 * WEEK_MIN, 0.3, 0.1, 13.0, 0.3),
        Oscillation(2 * WEEK_MIN, 0.3, 0.3, 120.0),
        Ramp(2 * WEEK_MIN, 10.0, 0.0, WEEK_MIN + 300.0),
        Series(2 * WEEK_MIN, (0.0, WEEK_MIN - 1.0, WEEK_MIN + 300.0), (0.0, 10.0, 0.0)),
    ],
    ids=lambda shape: type(shape).__name__ if not isinstance(shape, float) else None,
)
def test_short_windows_after_a_week_keep_their_digits(shape, width):
    exposure = Exposure([shape])
    for offset in (0.0, 0.125, 5.0, 37.0, 200.0, 299.0 - width):
        window = WEEK_MIN + offset, WEEK_MIN + offset + width
        assert exposure.mean(*window) == pytest.approx(gauss_mean(exposure, *window), rel=1e-12)


@few
@given(exposures)
def test_means_are_never_negative_and_stay_within_the_extremes(exposure):
    slack = 1e-12 * exposure.max_nM
    for t0, t1 in pairwise(np.linspace(0.0, exposure.duration_min, 97).tolist()):
        assert max(0.0, exposure.min_nM - slack) <= exposure.mean(t0, t1) <= exposure.max_nM + slack


@every_shape
def test_a_window_of_no_length_has_the_value_as_its_mean(shape):
    exposure = Exposure([shape, Constant(10.0, 3.0)])
    for t in (0.0, 45.0, shape.duration_min, shape.duration_min + 10.0):
        assert exposure.mean(t, t) == exposure.value(t)


def test_a_window_that_ends_before_it_begins_is_refused():
    with pytest.raises(ValueError, match="cannot end"):
        Exposure([Constant(10.0, 1.0)]).mean(5.0, 4.0)


# -- edges ---------------------------------------------------------------------------------------------------------


@few
@given(exposures)
def test_edges_are_sorted_unique_and_end_with_the_exposure(exposure):
    assert list(exposure.edges) == sorted(set(exposure.edges))
    assert exposure.edges[0] > 0.0
    assert exposure.edges[-1] == exposure.duration_min
    boundary = 0.0
    for segment in exposure.segments:
        boundary += segment.duration_min
        assert any(math.isclose(boundary, edge, rel_tol=1e-15) for edge in exposure.edges)


@few
@given(exposures)
def test_values_are_right_continuous_everywhere(exposure):
    for edge in exposure.edges:
        after = math.nextafter(edge, math.inf)
        assert after in exposure.edges or exposure.value(edge) == pytest.approx(exposure.value(after), abs=1e-4)


@few
@given(minutes, minutes, st.floats(20.0, 200.0), st.floats(0.05, 0.95))
def test_pulses_are_constant_between_edges_to_the_bit_wherever_the_train_starts(start, first, period, share):
    train = PulseTrain(10 * period, 0.3, 0.7, share * period, period, first)
    exposure = Exposure([Constant(start, 0.1), train, Constant(start, 0.1)])
    levels_seen = []
    for t0, t1 in pairwise((0.0, *exposure.edges)):
        assert exposure.constant_between(t0, t1)
        assert exposure.mean(t0, t1) == exposure.value(t0) == exposure.value(math.nextafter(t1, 0.0))
        levels_seen.append(exposure.value(t0))
    assert all(level != following for level, following in pairwise(levels_seen))


def test_pulse_edges_come_from_integers_and_do_not_drift():
    edges = Exposure([PulseTrain(10_000.0, 0.0, 1.0, 0.05, 0.1)]).edges
    assert edges[1::2][:-1] == tuple(k * 0.1 for k in range(1, 100_000))
    assert edges[0::2] == tuple(k * 0.1 + 0.05 for k in range(100_000))


def test_records_start_a_window_at_each_point():
    assert Exposure([SHAPES["record that starts late"]]).edges == (10.5, 11.25, 60.1, 300.0)


@few
@given(exposures, shares, shares)
def test_constant_between_is_true_only_of_constant_insulin(exposure, share, other):
    t0, t1 = sorted((share * exposure.duration_min, other * exposure.duration_min))
    assume(t1 - t0 > 1e-3)
    seen = {exposure.value(t) for t in np.linspace(t0, t1, 50, endpoint=False).tolist()}
    if exposure.constant_between(t0, t1):
        assert len(seen) == 1
    else:
        inside = [t for t in exposure.edges if t0 < t < t1]
        assert inside or len(seen) > 1 or 0.0 in seen


def test_after_the_end_insulin_stays_where_it_was():
    exposure = Exposure([Ramp(100.0, 0.0, 10.0, 200.0)])
    assert exposure.value(100.0) == exposure.value(1e6) == 5.0
    assert exposure.constant_between(100.0, 1e6)
    assert exposure.mean(0.0, 200.0) == pytest.approx((2.5 + 5.0) / 2.0, rel=1e-15)


def test_before_the_start_there_is_no_insulin_to_ask_for():
    with pytest.raises(ValueError, match="begins at 0 min"):
        Exposure([Constant(10.0, 1.0)]).value(-1.0)


@few
@given(exposures)
def test_extremes_are_the_lowest_and_highest_values(exposure):
    times = np.linspace(0.0, exposure.duration_min, 4001).tolist()
    times += [time for edge in exposure.edges for time in (math.nextafter(edge, 0.0), edge)]
    seen = [exposure.value(t) for t in times]
    slack = 1e-12 * max(seen)
    assert exposure.min_nM <= min(seen) + slack
    assert exposure.max_nM >= max(seen) - slack
    # Jumps and kinks are among the times, so a highest value that no sample meets is the flat top of a smooth curve.
    step = exposure.duration_min / 4000.0
    assert exposure.max_nM <= max(seen) + 100.0 * step
    assert exposure.min_nM >= min(seen) - 100.0 * step


# -- cuts and steering ---------------------------------------------------------------------------------------------


@few
@given(exposures, st.floats(0.01, 1.0), levels)
def test_steering_changes_no_bit_of_what_came_before(exposure, share, level):
    at = share * exposure.duration_min
    steered = exposure.steered(at, level, at + 60.0)
    before = [*np.linspace(0.0, at, 41).tolist()[:-1], *(edge for edge in exposure.edges if edge < at)]
    assert [steered.value(t) for t in before] == [exposure.value(t) for t in before]
    windows = list(pairwise(sorted({*before, at})))
    assert [steered.mean(*w) for w in windows] == [exposure.mean(*w) for w in windows]
    assert [steered.constant_between(*w) for w in windows] == [exposure.constant_between(*w) for w in windows]
    assert [edge for edge in steered.edges if edge < at] == [edge for edge in exposure.edges if edge < at]


@every_shape
def test_a_segment_cut_short_keeps_its_values_and_integrals(shape):
    cut = replace(shape, duration_min=shape.duration_min / 3.0)
    for x0, x1 in pairwise(np.linspace(0.0, cut.duration_min, 50).tolist()):
        assert cut.value(x0) == shape.value(x0)
        assert cut.integral(x0, x1) == shape.integral(x0, x1)
        assert cut.integral(0.0, x1) == shape.integral(0.0, x1)


def test_steering_acts_from_its_time_on_to_the_end_asked_for():
    steered = Exposure([Constant(60.0, 0.0), SHAPES["three meals"]]).steered(600.0, 5.0, 1500.0)
    assert steered.duration_min == 1500.0
    assert steered.edges == (60.0, 480.0, 600.0, 1500.0)
    assert steered.value(600.0) == steered.value(1499.0) == steered.value(9999.0) == 5.0
    assert steered.segments[-1] == Constant(900.0, 5.0)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(minutes, minutes, minutes)
def test_steering_starts_at_its_time_to_the_bit(first, second, further):
    at = round(10.0 * (first + second) + 1.0) * 0.1
    steered = Exposure([Constant(first, 1.0), Constant(at, 2.0)]).steered(at, 3.0, at + further)
    assert at in steered.edges
    assert steered.value(at) == 3.0
    assert steered.value(math.nextafter(at, 0.0)) == 2.0
    assert steered.duration_min == at + further


def test_steering_twice_at_one_time_keeps_the_second():
    exposure = Exposure([Constant(100.0, 1.0)])
    twice = exposure.steered(30.0, 2.0, 100.0).steered(30.0, 3.0, 100.0)
    assert twice == exposure.steered(30.0, 3.0, 100.0)
    assert twice.segments == (Constant(30.0, 1.0), Constant(70.0, 3.0))


@pytest.mark.parametrize(("at_min", "until_min"), [(-1.0, 5.0), (5.0, 5.0), (6.0, 5.0), (math.nan, 5.0)])
def test_steering_for_no_time_is_refused(at_min, until_min):
    with pytest.raises(ValueError, match="^until_min: "):
        Exposure([Constant(10.0, 1.0)]).steered(at_min, 2.0, until_min)


def test_steering_at_the_start_leaves_only_the_clamp():
    assert Exposure([Constant(100.0, 1.0)]).steered(0.0, 2.0, 50.0) == Exposure([Constant(50.0, 2.0)])


def test_steering_after_the_end_holds_the_last_value_until_then():
    steered = Exposure([Constant(100.0, 1.0)]).steered(150.0, 2.0, 200.0)
    assert steered.segments == (Constant(100.0, 1.0), Constant(50.0, 1.0), Constant(50.0, 2.0))
    at_the_end = Exposure([Constant(100.0, 1.0)]).steered(100.0, 2.0, 200.0)
    assert at_the_end.segments == (Constant(100.0, 1.0), Constant(100.0, 2.0))


# -- faults --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("bad", [math.nan, math.inf, -1.0])
@every_shape
def test_numbers_must_be_finite_and_not_negative(shape, bad):
    for name in shape.__dataclass_fields__:
        value = (bad, *getattr(shape, name)[1:]) if isinstance(getattr(shape, name), tuple) else bad
        if name == "phase_min" and bad == -1.0:
            continue
        with pytest.raises(ValueError, match=f"^{name}: "):
            replace(shape, **{name: value})


@pytest.mark.parametrize(
    ("fault", "build"),
    [
        ("duration_min", lambda: Constant(0.0, 1.0)),
        ("over_min", lambda: Ramp(10.0, 0.0, 1.0, 0.0)),
        ("width_min", lambda: PulseTrain(10.0, 0.0, 1.0, 5.0, 5.0)),
        ("period_min", lambda: PulseTrain(1e6, 0.0, 1.0, 1e-4, 1e-3)),
        ("meal_times_min", lambda: Meals(10.0, 0.0, 1.0, 45.0, ())),
        ("meal_times_min", lambda: Meals(10.0, 0.0, 1.0, 45.0, (720.0, 420.0))),
        ("meal_times_min", lambda: Meals(10.0, 0.0, 1.0, 45.0, (1440.0,))),
        ("every_min", lambda: Meals(1e6, 0.0, 1.0, 45.0, (0.0,), 1e-3)),
        ("amplitude_nM", lambda: Oscillation(10.0, 1.0, 1.1, 5.0)),
        ("times_min", lambda: Series(10.0, (0.0, 0.0), (1.0, 2.0))),
        ("times_min", lambda: Series(10.0, (), ())),
        ("insulin_nM", lambda: Series(10.0, (0.0, 1.0), (1.0,))),
        ("segments", lambda: Exposure(())),
    ],
)
def test_an_impossible_shape_is_refused_by_the_name_of_its_field(fault, build):
    with pytest.raises(ValueError, match=f"^{fault}: "):
        build()
