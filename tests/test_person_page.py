"""The page Body without a browser: what may be asked for, curves and tables, tests at a moment, an organ on Live."""

import io
import threading

import numpy as np
import pandas as pd
import pytest

from trafficking import body_files, person
from trafficking.dashboard import patient
from trafficking.dashboard.app import QUESTIONS
from trafficking.dashboard.hearing import Unheard
from trafficking.dashboard.pages import body
from trafficking.interventions import interventions
from trafficking.organs import ORGANS
from trafficking.person import Cycle
from trafficking.simulation import simulate

PATIENCE_S = 120.0
FIRST = {field["name"]: field["value"] for field in body.fields()}


@pytest.fixture(scope="module")
def cycle() -> Cycle:
    return patient.lives(patient.wish(FIRST), lambda share: None)


def test_the_page_opens_on_fifteen_years_of_the_vicious_cycle():
    asked = patient.wish(FIRST)
    assert (asked.scenario, asked.years) == (body_files.load_body("vicious_cycle"), 15.0)
    assert ["What does this do to the body?", "/body"] in QUESTIONS


def test_insult_power_and_interventions_are_those_asked_for():
    some, other = list(interventions())[:2]
    asked = patient.wish(
        FIRST | {"insult": "0.7", "power": "1", "intervention": some, "start": "4", "stop": "9", "intervention2": other}
    ).scenario
    assert min(point.factor for point in asked.insult) == pytest.approx(0.7)
    assert asked.power == 1.0
    assert [(given.name, given.start_d / 365, given.stop_d / 365) for given in asked.interventions] == [
        (some, 4.0, 9.0),
        (other, 8.0, 15.0),
    ]


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"years": "0"}, "Years: '0' given; a number from 1 to 40"),
        ({"scenario": "nobody"}, "Person: 'nobody' given"),
        ({"insult": "3"}, "Sensitivity left by the insult: '3' given"),
        ({"intervention": "metformin", "start": "9", "stop": "4"}, "it must come after its start"),
        (
            {"intervention": "metformin", "intervention2": "metformin"},
            "^Metformin.* is chosen twice, in years that overlap;",
        ),
        (
            {"intervention": "testosterone_men", "intervention2": "testosterone_women"},
            "^One person cannot be given “Testosterone .*” and “Low-dose .*” in the same years",
        ),
        (
            {"intervention": "metformin", "start": "20", "stop": "30"},
            "starts in year 20; it must come before the end, 15",
        ),
        ({"intervention": "prayer"}, "Intervention: 'prayer' given"),
    ],
)
def test_what_cannot_be_is_refused_in_words(values: dict[str, str], said: str):
    with pytest.raises(ValueError, match=said):
        patient.wish(FIRST | values)


def test_a_life_is_simulated_once_for_all_who_ask_for_the_same(cycle: Cycle):
    assert patient.lives(patient.wish(FIRST), lambda share: None) is cycle


def test_the_curves_are_the_levels_of_both_lives(cycle: Cycle):
    drawn = patient.charts(cycle, 8.0)
    own, held = drawn["glucose"]["curves"][:2]
    assert np.array_equal(own.y, cycle.own.levels["glucose_mM"])
    assert np.array_equal(held.y, cycle.held.levels["glucose_mM"])
    assert [each.label for each in drawn["receptors"]["curves"]] == list(ORGANS)
    looks = {(each.colour, each.dash) for each in drawn["receptors"]["curves"]}
    assert len(looks) == len({dash for _, dash in looks}) == len(ORGANS), "never by colour alone"


def test_the_ribbon_follows_the_check_ups_without_a_gap(cycle: Cycle):
    parts = patient.ribbon(cycle.own, 15.0)
    assert parts[0][0] == 0.0
    assert parts[-1][1] == 15.0
    assert all(one[1] == other[0] and one[2] != other[2] for one, other in zip(parts, parts[1:], strict=False))
    for row in cycle.own.checkups.itertuples():
        assert patient.stage_at(cycle.own, row.year) == row.stage
        (here,) = [part for part in parts if part[0] <= row.year < part[1] or (row.year == part[1] == 15.0)]
        assert here[2] == row.stage


def test_the_years_that_feedback_adds_are_written_from_the_lives(cycle: Cycle):
    assert f"forward by {cycle.forward_years:.1f} years" in patient.forward_words(cycle)
    assert cycle.forward_years == pytest.approx(cycle.held.onset_year - cycle.own.onset_year)


def test_a_clinic_finds_what_the_package_finds(cycle: Cycle):
    drunk, held = patient.clinic_charts(cycle, 8.0)
    test, clamp = person.tolerance_test(cycle.own, 8.0), person.glucose_clamp(cycle.own, 8.0)
    assert np.array_equal(drunk["curves"][1].y, test.table["glucose_mM"])
    assert np.array_equal(held["curves"][1].y, clamp.table["glucose_infused"])
    rows = {row["cells"][0]: row["cells"][1:] for row in patient.findings(cycle, 8.0)["rows"]}
    assert rows["HOMA-IR over healthy"][0] == "1"
    assert float(rows["Glucose 2 h after 75 g, mM"][1]) == pytest.approx(test.two_hours_mM, rel=0.005)


def test_organs_of_the_healthy_start_are_one(cycle: Cycle):
    at_first = patient.organs(cycle, 0.0)["rows"]
    assert {row["cells"][3] for row in at_first} == {"1"}
    later = {(row["cells"][1], row["cells"][0]): row["cells"][4] for row in patient.organs(cycle, 8.0)["rows"]}
    assert later["muscle", "GLUT4 at the surface"] == "down"


def test_every_stage_has_its_description_and_every_consequence_its_grade():
    assert [patient.described(stage)["stage"] for stage in range(5)] == list(range(5))
    assert {row["cells"][3] for row in patient.follows()["rows"]} <= {"causal", "associated", "claimed"}
    assert len(patient.means()["rows"]) == len(interventions())
    assert "Not medical advice" in patient.means()["caption"]


@pytest.mark.parametrize("organ", ORGANS)
def test_an_organs_cell_begins_in_health_and_stands_in_the_insulin_of_the_year(cycle: Cycle, organ: str):
    scenario = patient.cell(cycle, organ, 8.0)
    assert scenario.tissue == organ
    assert scenario.protocol.value(60.0) == pytest.approx(person.insulin_seen(cycle.own, 8.0)[organ])
    assert scenario.start_insulin_nM == pytest.approx(person.insulin_seen(cycle.own, 0.0)[organ])
    assert type(scenario).from_dict(scenario.to_dict()) == scenario


def test_the_organs_cell_loses_receptors_as_the_person_did(cycle: Cycle):
    result = simulate(patient.cell(cycle, "liver", 8.0).changed(resolution="mean"))
    in_cell = float(result.surface[-1] / result.surface[0])
    in_person = float(cycle.own.levels["liver_surface"].iloc[cycle.own.row_at(8.0 * 365)])
    assert in_cell == pytest.approx(in_person, abs=0.05)


def test_the_page_shows_and_gives_away_what_was_computed():
    done = threading.Event()
    kept = body.Person()
    kept.form.observe(lambda _: done.set() if kept.found is not None else None, "state")
    kept.begin()
    assert done.wait(PATIENCE_S)
    assert kept.ribbon.end == pytest.approx(15.0, abs=0.02)
    assert "brings diabetes" in kept.answer.state["sentence"]
    kept._hear_ribbon({"year": 3.0})
    assert kept.ribbon.year == 3.0
    with pytest.raises(Unheard):
        kept._hear_ribbon({"year": float("nan")})
    assert kept.ribbon.year == 3.0
    assert "year 3.0" in kept.organs.state["sentence"]
    assert kept.found is not None
    addresses = [address for address, _, _ in kept.answer.state["links"]]
    assert {address.rsplit("/", 1)[1] for address in addresses} == set(patient.frames(kept.found, 3.0))
    for address in addresses:
        export = kept._export(address.rsplit("/", 1)[1])
        assert export is not None
        file = io.BytesIO()
        export.write(file)
        assert len(pd.read_csv(io.BytesIO(file.getvalue()))) > 0
    assert kept._export("../secret.csv") is None
    kept._hear_form({"do": "start", "values": {"years": "x"}})
    assert "Person" in kept.form.state["fault"] or "Years" in kept.form.state["fault"]
    kept.close()
