"""Tests of a clinic in silico: what a healthy and a resistant body are told, and that no test leaves a trace."""

import pytest

from trafficking import checkups, clinic, physiology
from trafficking.body import simulate_body
from trafficking.body_forms import BodyScenario
from trafficking.meals import HEALTHY, Fasting
from trafficking.physiology import Topp

TOPP = Topp.published()


def resistant(sensitivity: float, beta: float = 1.0) -> Fasting:
    at = physiology.balance(TOPP, 300.0 * beta, 0.72 * sensitivity)
    return Fasting(at.glucose, at.insulin, beta, 1.0, sensitivity, sensitivity)


def test_a_healthy_body_tolerates_glucose():
    """2-h glucose below 7.8 mM (WHO/IDF 2006), 1-h below 10.0 mM (anesth.unboundmedicine.com)."""
    test = clinic.ogtt(HEALTHY)
    at = test.table.set_index("time_min")["glucose_mM"]
    assert test.two_hours_mM < 7.8
    assert at[60] < 10.0
    assert at[30] > 7.0
    assert at.idxmax() in (30, 60)
    assert at[180] == pytest.approx(5.55, abs=0.3)
    assert 4.0 < test.peak_nM / 0.06 < 10.0


@pytest.mark.parametrize(
    ("someone", "stage"),
    [(HEALTHY, 0), (resistant(0.7), 2), (resistant(0.3), 3), (resistant(0.5, beta=2.0), 1), (resistant(1.0, 0.7), 2)],
)
def test_the_tolerance_test_tells_impaired_from_diabetic_from_compensated(someone: Fasting, stage: int):
    """All at once to 70 or 30 % of sensitivity; to half, compensated; to 70 % of the beta cells."""
    seen = physiology.Checkup(someone.glucose / 18.016, someone.insulin / 10.0, clinic.ogtt(someone).two_hours_mM)
    assert physiology.finding(seen) == stage


def test_a_clamp_holds_glucose_and_needs_less_of_it_in_resistance():
    bodies = HEALTHY, resistant(0.7, 1 / 0.7), resistant(0.4, 2.0)
    clamps = [clinic.clamp(each) for each in bodies]
    for body, each in zip(bodies, clamps, strict=True):
        assert each.table["glucose_mM"].to_numpy() == pytest.approx(body.glucose / 18.016)
    infused = [each.m for each in clamps]
    assert infused == sorted(infused, reverse=True)
    assert infused[2] < 0.6 * infused[0]
    assert 3.0 < infused[0] < 10.0  # mg per kg and min
    assert clamps[0].m_per_i == pytest.approx(100.0 * infused[0] / clamps[0].insulin_uU_per_mL)


def test_a_euglycaemic_clamp_first_brings_a_high_glucose_down():
    body = resistant(0.4)
    test = clinic.clamp(body, target_mM=5.5)
    assert test.table["glucose_mM"].to_numpy() == pytest.approx(5.5)
    assert 10 < test.falling_min < 720
    assert 0.0 < test.m < clinic.clamp(body).m  # without what more glucose does by itself
    assert clinic.clamp(HEALTHY).falling_min == 0.0
    own = HEALTHY.glucose / 18.016
    assert clinic.clamp(HEALTHY, target_mM=own - 0.01).m == pytest.approx(clinic.clamp(HEALTHY).m, rel=0.05)


def test_a_target_that_cannot_be_is_refused_with_what_can():
    with pytest.raises(ValueError, match="at most the fasting level, 5.55 mM"):
        clinic.clamp(HEALTHY, target_mM=7.0)
    with pytest.raises(ValueError, match="12 h of this insulin bring glucose down to"):
        clinic.clamp(resistant(0.4), infusion=0.01, target_mM=3.0)


def test_a_clamp_without_insulin_needs_no_glucose():
    for body in (HEALTHY, resistant(0.4, 2.0)):
        assert clinic.clamp(body, infusion=0.0).m == pytest.approx(0.0, abs=1e-9)


def test_indices_over_their_healthy_value():
    assert clinic.homa_ratio(HEALTHY) == pytest.approx(1.0)
    assert clinic.homa_ratio(resistant(0.5, 2.0)) == pytest.approx(2.0)
    healthy, worse = clinic.ogtt(HEALTHY).matsuda, clinic.ogtt(resistant(0.5, 2.0)).matsuda
    assert worse == pytest.approx(0.5 * healthy, rel=1e-3)


def life(**given: object) -> BodyScenario:
    insult = [{"at": "0 y", "factor": 1.0}, {"at": "2 y", "factor": 0.5}]
    return BodyScenario.from_dict({"name": "x", "duration": "3 y", "window": "5 d", "insult": insult, **given})


def test_tests_leave_a_life_as_it_is(monkeypatch: pytest.MonkeyPatch):
    result = simulate_body(life())
    before = result.levels.copy()
    for day in (0.0, 400.0, 1095.0):
        clinic.ogtt(result.fasting_at(day))
        clinic.clamp(result.fasting_at(day))
    assert result.levels.equals(before)

    def none(levels: object) -> None:
        return None

    monkeypatch.setattr(checkups, "yearly", none)
    assert simulate_body(life()).levels.equals(before)


def test_each_checkup_has_the_tolerance_test_of_its_day():
    result = simulate_body(life())
    for row in result.checkups.to_dict("records"):
        body = result.fasting_at(row["year"] * 365.0)
        assert clinic.ogtt(body).two_hours_mM == row["two_hours_mM"]
        assert clinic.homa_ratio(body) == pytest.approx(row["homa_ratio"])
    assert result.checkups["two_hours_mM"].max() > 7.8


def test_impaired_tolerance_comes_before_fasting_glucose_rises():
    insult = [{"at": "0 y", "factor": 1.0}, {"at": "8 y", "factor": 0.45}]
    worn = simulate_body(life(duration="10 y", insult=insult, beta_cells={"exhaustion": {}})).checkups
    first = worn[worn["finding"] == 2].iloc[0]
    assert first["two_hours_mM"] >= 7.8
    assert first["glucose_mM"] < 6.1


def test_a_day_outside_a_life_is_refused():
    with pytest.raises(ValueError, match="this life lasts from day 0 to day 1095"):
        simulate_body(life()).fasting_at(1200.0)
