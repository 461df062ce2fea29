"""The dose of half of the effect: found where it is known, held by its interval, denied where there is none."""

import numpy as np
import pytest

from trafficking import dose_curves
from trafficking.dose_curves import Curve, fitted, half_effect
from trafficking.scenario import Scenario
from trafficking.simulation import simulate

DOSES = np.concatenate([[0.0], np.geomspace(0.01, 100.0, 13)])


def scenario(**changes) -> Scenario:
    exposure = [{"kind": "constant", "duration": "4 h", "insulin": "1 nM"}]
    return Scenario.from_dict({"name": "cells", "receptors": 500, "record": "20 min", "exposure": exposure, **changes})


@pytest.mark.parametrize(
    "curve", [Curve(1000.0, 200.0, 1.3, 1.1), Curve(0.0, 70.0, 0.08, 0.8), Curve(50.0, 90.0, 9.0, 2.5)]
)
def test_a_hill_curve_is_found_again(curve: Curve):
    found = fitted(DOSES, curve.at(DOSES))
    np.testing.assert_allclose(found, curve, rtol=0.01, atol=0.01 * abs(curve.end - curve.start))
    effect = half_effect(DOSES, curve.at(DOSES))
    assert effect.how == "profile"
    assert effect.low_nM <= effect.curve.ec50_nM <= effect.high_nM
    assert effect.high_nM / effect.low_nM < 1.05, "numbers without chance that are a Hill curve leave no doubt"


def scattered(curve: Curve, seed: int, replicates: int = 12, size: float = 60.0) -> np.ndarray:
    """Replicates about a curve, with normal scatter."""
    generator = np.random.Generator(np.random.Philox(seed))
    return curve.at(DOSES) + generator.normal(0.0, size, (replicates, len(DOSES)))


def test_the_interval_of_replicates_holds_the_truth_as_often_as_it_says():
    # 40 data sets: an interval of 95 % misses more than 7 of them with a chance of 0.1 %.
    curve = Curve(1000.0, 200.0, 1.3, 1.1)
    effects = [half_effect(DOSES, scattered(curve, seed)) for seed in range(40)]
    assert {effect.how for effect in effects} == {"bootstrap"}
    held = [effect.low_nM <= curve.ec50_nM <= effect.high_nM for effect in effects]
    assert sum(held) >= 33
    # The twin: held against a dose that is half as high again, the same intervals are found wanting.
    assert sum(effect.low_nM <= 1.5 * curve.ec50_nM <= effect.high_nM for effect in effects) < 33


def test_more_scatter_widens_the_interval():
    curve = Curve(1000.0, 200.0, 1.3, 1.1)
    narrow, wide = (half_effect(DOSES, scattered(curve, 3, size=size)) for size in (10.0, 80.0))
    assert np.log(wide.high_nM / wide.low_nM) > 4.0 * np.log(narrow.high_nM / narrow.low_nM)


@pytest.mark.parametrize(
    ("values", "why"),
    [
        (np.full(14, 100.0), "moves this by 0.0 % at most"),
        (np.zeros(14), "nothing is there"),
        (Curve(100.0, 20.0, 300.0, 1.0).at(DOSES), "has not levelled off at 100 nM"),
        (Curve(100.0, 20.0, 0.003, 1.0).at(DOSES), "there at the lowest dose, 0.01 nM"),
        (np.where(DOSES == 0.0, 100.0, np.linspace(20.0, 90.0, 14)), "the effect is largest at 0.01 nM already"),
    ],
)
def test_where_there_is_no_such_dose_the_reason_is_given(values: np.ndarray, why: str):
    effect = half_effect(DOSES, values)
    assert effect.curve is None
    assert why in effect.words


def test_an_effect_within_the_scatter_is_none():
    effect = half_effect(DOSES, scattered(Curve(1000.0, 970.0, 1.0, 1.0), 5, replicates=5, size=60.0))
    assert effect.curve is None
    assert "scatter" in effect.words


def test_a_cell_that_comes_back_at_the_highest_doses_is_fitted_up_to_its_largest_effect():
    values = Curve(100.0, 20.0, 0.5, 1.2).at(DOSES)
    values[-2:] += 25.0
    effect = half_effect(DOSES, values)
    assert effect.rows == len(DOSES) - 2
    assert effect.curve.ec50_nM == pytest.approx(0.5, rel=0.1)


def test_a_sweep_reads_what_its_runs_say():
    shares = []
    made = dose_curves.sweep(
        scenario(resolution="counts"), doses_nM=[0.1, 10.0], exposure_min=240.0, replicates=3, progress=shares.append
    )
    assert made.doses_nM.tolist() == [0.0, 0.1, 10.0]
    assert shares == sorted(shares)
    assert (len(shares), shares[-1]) == (9, 1.0)
    again = simulate(
        scenario(
            resolution="counts",
            follow=0,
            exposure=[{"kind": "constant", "duration": "240.0 min", "insulin": "10.0 nM"}],
            start={"state": "steady", "insulin": "0 nM"},
        ),
        replicate=2,
    )
    last = again.counts.iloc[-1]
    assert made.values["surface"][2, 2] == again.surface[-1] == last["surface_free"] + last["surface_bound"]
    assert made.values["total"][2, 2] == again.live[-1]
    assert made.values["bound"][2, 2] == last["surface_bound"]
    assert made.values["signal"][:, 0].tolist() == [0.0, 0.0, 0.0], "without insulin there is no signal"


@pytest.mark.parametrize(("doses", "replicates"), [([], 1), ([0.0, 1.0], 1), ([1.0, 0.5], 1), ([1.0], 0)])
def test_a_sweep_that_makes_no_sense_is_refused(doses: list[float], replicates: int):
    with pytest.raises(ValueError, match="needed"):
        dose_curves.sweep(scenario(), doses_nM=doses, replicates=replicates)
