"""The constants of a scenario by name: read off any itinerary, changed within their ranges, and what is then said."""

import math

import pytest

from trafficking import io, library
from trafficking.named_constants import changed, constants_of, number, refusal
from trafficking.scenario import Scenario, ScenarioError

ITINERARY = {
    "states": [
        {"name": "outside", "compartment": "membrane"},
        {"name": "held", "compartment": "membrane", "bound": True, "activity": 1.0},
        {"name": "gone", "compartment": "out"},
    ],
    "transitions": [
        {"name": "on", "source": "outside", "target": "held", "law": "first_order_in_ligand", "rate": "0.1 /nM/min"},
        {"name": "off", "source": "held", "target": "outside", "law": "constant", "rate": "0.2 /min"},
        {"name": "loss", "source": "held", "target": "gone", "law": "constant", "rate": "0.01 /min"},
        {"name": "wear", "source": "outside", "target": "gone", "law": "constant", "rate": "0.001 /min"},
        {"name": "making", "target": "outside", "law": "synthesis", "rate": "0.001 /min"},
    ],
}


@pytest.fixture
def own() -> Scenario:
    return Scenario.from_dict(
        {
            "name": "own",
            "itinerary": ITINERARY,
            "receptors": 1000,
            "exposure": [{"kind": "constant", "insulin": "1 nM", "duration": "1 h"}],
        }
    )


def by_symbol(scenario: Scenario) -> dict:
    return {constant.symbol: constant for constant in constants_of(scenario)}


@pytest.mark.parametrize("name", ["chronic_insulin", "washout", "chronic_hyperinsulinaemia_muscle"])
def test_constants_of_a_tissue_are_read_off_its_scenario(name: str):
    scenario = io.load_scenario(name)
    known = library.tissue(scenario.tissue).values
    found = by_symbol(scenario)
    assert {symbol: found[symbol].value for symbol in known} == {s: value.value for s, value in known.items()}
    assert set(found) == {*known, "R0", "ksyn"}


def test_what_a_file_or_a_factor_changed_is_read_off_too():
    crowded = by_symbol(io.load_scenario("crowded_sorting"))
    assert (crowded["esat"].value, crowded["esat"].published) == (0.2, library.tissue("culture").values["esat"].value)
    analogue = by_symbol(io.load_scenario("tight_binding_analogue"))
    assert analogue["kdis"].value == 0.5 * analogue["kdis"].published


def test_a_change_is_that_of_a_file_with_the_constant_in_it():
    by_hand = changed(io.load_scenario("chronic_insulin"), {"kfast": 0.1})
    by_file = io.load_scenario("chronic_insulin", {"parameters.kfast": "0.1 /min"})
    assert by_hand.itinerary == by_file.itinerary
    assert by_hand.exposure == by_file.exposure
    unlike = io.load_scenario("chronic_insulin", {"parameters.kfast": "0.11 /min"})
    assert by_hand.itinerary != unlike.itinerary


def test_a_change_stands_in_the_scenario_that_is_written_down():
    scenario = changed(io.load_scenario("chronic_insulin"), {"kfast": 0.1, "R0": 50_000})
    again = Scenario.from_dict(scenario.to_dict())
    assert again.to_dict() == scenario.to_dict()
    assert "kfast = 0.1 /min (changed)" in again.assumptions
    usual = library.tissue("culture").values["kfast"].value
    assert f"kfast from {usual:g} /min to 0.1 /min" in again.notes
    assert again.receptors == 50_000
    assert "kfast, R0 changed" in again.title


def test_changes_one_after_the_other_are_all_kept():
    scenario = changed(changed(io.load_scenario("crowded_sorting"), {"kL": 0.005}), {"koff": 0.1})
    found = by_symbol(scenario)
    assert (found["kL"].value, found["koff"].value, found["esat"].value) == (0.005, 0.1, 0.2)


def test_synthesis_that_a_scenario_gives_stays_given():
    labelled = io.load_scenario("published/fao_1989")
    assert by_symbol(labelled)["ksyn"].value == 0.0
    assert by_symbol(changed(labelled, {"kfast": 0.1}))["ksyn"].value == 0.0
    solved = io.load_scenario("chronic_insulin")
    before, after = (by_symbol(each)["ksyn"].value for each in (solved, changed(solved, {"kL": 0.005})))
    assert after < before


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"kfast": 0.5}, "kfast: 0.5 /min given; 0.04 /min to 0.3 /min is allowed, the range that is believed"),
        ({"kfist": 0.1}, "kfist: no such constant"),
        ({"ksyn": 0.1}, "ksyn: follows from the others"),
        ({"kfast": math.nan}, "kfast: no number given"),
    ],
)
def test_what_is_out_of_range_is_refused_in_words(changes: dict[str, float], said: str):
    with pytest.raises(ScenarioError, match=said.replace("(", r"\(")):
        changed(io.load_scenario("chronic_insulin"), changes)


def test_the_published_value_is_always_allowed():
    known = by_symbol(io.load_scenario("crowded_sorting"))
    assert all(refusal(known, symbol, known[symbol].published) == "" for symbol in known if known[symbol].editable)


def test_numbers_of_an_itinerary_of_ones_own_can_be_changed_tenfold(own: Scenario):
    found = by_symbol(own)
    assert found["on.rate"].unit == "/nM/min"
    assert (found["off.rate"].low, found["off.rate"].high) == (0.02, 2.0)
    other = changed(own, {"off.rate": 0.4, "on.rate": 0.05})
    rates = {arrow.name: arrow.rate for arrow in other.itinerary.transitions}
    assert rates == {"on": 0.05, "off": 0.4, "loss": 0.01, "wear": 0.001, "making": 0.001}
    with pytest.raises(ScenarioError, match="ten times either way"):
        changed(own, {"off.rate": 3.0})


def test_a_constant_is_written_with_its_unit():
    assert [number(*each) for each in ((0.18, "/min"), (20_000, "receptors"), (math.inf, "R0"), (2.0, ""))] == [
        "0.18 /min",
        "20,000 receptors",
        "never reached",
        "2",
    ]
