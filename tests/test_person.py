"""What is computed for whoever draws a person: two lives, the tests of a clinic, and the insulin that organs see."""

from functools import lru_cache

import numpy as np
import pytest

from trafficking import person
from trafficking.body_files import load_body
from trafficking.faults import ScenarioError
from trafficking.organs import ORGANS
from trafficking.person import Cycle


@lru_cache
def vicious() -> Cycle:
    return person.cycle(12.0, window_d=10.0)


def test_a_cycle_has_two_lives_that_differ_by_the_loss_of_receptors_alone():
    found = vicious()
    assert (found.held.levels["muscle_surface"] == 1.0).all()
    assert found.own.levels["muscle_surface"].min() < 0.9
    assert found.own.scenario.to_dict() | {"receptors": "held"} == found.held.scenario.to_dict()
    assert found.forward_years == pytest.approx(found.held.onset_year - found.own.onset_year)
    assert found.forward_years > 0.3


def test_each_year_has_its_stage_with_receptors_activity_and_glut4_beside():
    found = vicious()
    for life, stages in ((found.own, found.own_stages), (found.held, found.held_stages)):
        assert stages["year"].tolist() == list(range(1, 13))
        assert stages["stage"].tolist() == life.checkups["stage"].tolist()
        seen = life.levels.set_index("time_min").loc[stages["time_min"]]
        assert stages["liver_surface"].tolist() == seen["liver_surface"].tolist()
    assert found.own_stages["muscle_glut4"].iloc[-1] < 0.95
    assert {f"{organ}_activity" for organ in ORGANS} <= set(found.own_stages.columns)


def test_tests_of_a_clinic_at_a_year_are_those_of_that_day():
    life = vicious().own
    early, late = (person.tolerance_test(life, year) for year in (0.0, 12.0))
    assert late.two_hours_mM == life.checkups["two_hours_mM"].iloc[-1] > early.two_hours_mM + 2.0
    assert person.glucose_clamp(life, 12.0).m < person.glucose_clamp(life, 0.0).m
    with pytest.raises(ValueError, match="lasts from day 0 to day 4380"):
        person.tolerance_test(life, 12.5)


def test_organs_see_insulin_in_their_own_place():
    seen = person.insulin_seen(vicious().own, 0.0)
    assert seen == pytest.approx({"muscle": 0.036, "liver": 0.15, "adipose": 0.036, "ovary": 0.036, "pancreas": 0.06})
    later = person.insulin_seen(vicious().own, 8.0)
    assert np.array([later[organ] / seen[organ] for organ in ORGANS]) == pytest.approx(later["liver"] / seen["liver"])
    assert later["liver"] > 1.5 * seen["liver"]


def test_progress_goes_from_nothing_to_all_and_a_scenario_may_be_given():
    told: list[float] = []
    person.cycle(1.0, scenario=load_body("compensated_obesity"), progress=told.append)
    assert told == sorted(told)
    assert told[-1] == pytest.approx(1.0)
    with pytest.raises(ScenarioError, match="duration: '900.0 y' given"):
        person.cycle(900.0)
