"""Factors change the constants that the evidence points at, and say what is assumed."""

import math

import numpy as np
import pytest

from trafficking import library
from trafficking.factors import SIGNAL, factors, multipliers
from trafficking.scenario import Scenario, ScenarioError
from trafficking.simulation import simulate


def scenario(tissue: str = "culture", insulin: str = "1 nM", **changes) -> Scenario:
    given = {
        "name": "conditions",
        "tissue": tissue,
        "resolution": "mean",
        "follow": 0,
        "exposure": [{"kind": "constant", "insulin": insulin, "duration": "1 h"}],
    }
    return Scenario.from_dict(given | changes)


def surface(given: Scenario) -> float:
    return float(given.start_fractions[0][given.itinerary.mask("membrane")].sum())


def test_every_factor_acts_on_known_symbols_and_has_a_source_or_no_number():
    known = {*library.parameters(), *SIGNAL}
    for name, factor in factors().items():
        assert set(factor.acts) <= known, name
        assert factor.title, name
        assert factor.note, name
        assert factor.direction in ("seen", "claimed"), name
        assert factor.source or not factor.acts, name


@pytest.mark.parametrize("name", ["gm3", "cholesterol_depletion", "cholesterol_excess"])
def test_gm3_and_cholesterol_act_on_signal_and_entry_and_not_on_loss(name):
    assert set(factors()[name].acts) <= {"keB", "dkeB", *SIGNAL}
    assert surface(scenario(factors=[name])) >= surface(scenario())


@pytest.mark.parametrize(
    ("name", "expected"),
    [("p31comet_loss", 0.57), ("bubr1_loss", 1.14), ("march1", 0.74), ("ephb4", 0.66), ("gm3", 1.14)],
)
def test_the_steady_surface_moves_as_far_as_worked_out_before(name, expected):
    # The steady states of another program, with the constants of the first release.
    first = {"kdis": "0.12 /min", "kL": "0.0105 /min", "kc": "0.0008 /min", "esat": 0.6, "kfast": "0.18 /min"}
    with_it = surface(scenario(factors=[name], parameters=first))
    assert with_it / surface(scenario(parameters=first)) == pytest.approx(expected, abs=0.04)


def test_receptors_are_made_as_without_the_factor():
    made = [
        next(arrow.rate for arrow in given.itinerary.transitions if arrow.source is None)
        for given in (scenario("htc"), scenario("htc", factors=["march1"]))
    ]
    assert made[0] == made[1]
    lost = simulate(scenario("htc", factors=["march1"], insulin="0 nM")).live
    assert lost[0] < 0.9 * simulate(scenario("htc", insulin="0 nM")).live[0]


def test_a_factor_of_what_a_cell_has_not_changes_nothing_and_says_so():
    """The cell in culture has no constitutive loss, on which MARCH1 acts; fat cells have."""
    plain, more = scenario(), scenario(factors=["march1"])
    assert more.drawn == plain.drawn
    assert any("march1: kc x 2 (" in line and "kc is 0 in this cell, so nothing" in line for line in more.assumptions)
    given = scenario("adipose", factors=["march1"])
    assert not any("is 0 in this cell" in line for line in given.assumptions)


@pytest.mark.parametrize(
    ("tissue", "alone"), [("adipose", False), ("muscle", False), ("liver", True), ("culture", True)]
)
def test_a_factor_that_was_seen_in_other_tissues_alone_says_so(tissue: str, alone: bool):
    given = scenario(tissue, factors=["tnf"])
    words = f"seen in muscle and adipose alone, in {tissue} it is not known to act"
    assert any(words in line for line in given.assumptions) == alone


def test_a_size_of_ones_own_scales_all_that_the_factor_does():
    stronger = multipliers([(factors()["tnf"], 0.49)])
    assert stronger["activity"] == pytest.approx(0.49)
    assert stronger["gain"] == pytest.approx(0.3**2)
    given = scenario("htc", factors=[{"name": "march1", "size": 3.0}])
    rates = {arrow.name: arrow.rate for arrow in given.itinerary.transitions}
    assert rates["free_constitutive_loss"] == pytest.approx(3.0 * library.tissue("htc").values["kc"].value)


def test_factors_multiply_and_parameters_come_first():
    given = scenario(factors=["reduced_affinity", "tight_analogue"], parameters={"koff": "0.1 /min"})
    rates = {arrow.name: arrow.rate for arrow in given.itinerary.transitions}
    assert rates["dissociation"] == pytest.approx(0.2)
    assert rates["endosomal_dissociation"] == pytest.approx(0.5 * library.tissue("culture").values["kdis"].value)


def test_sizes_are_drawn_two_fold_either_way():
    factor = factors()["march1"]
    drawn = factor.sample(20_000, seed=3)
    assert np.median(drawn) == pytest.approx(2.0, rel=0.02)
    assert np.mean((drawn > 1.0) & (drawn < 4.0)) == pytest.approx(0.95, abs=0.007)
    assert np.array_equal(drawn[:5], factor.sample(5, seed=3))
    assert math.isnan(factors()["membrane_lipids"].size)


def test_a_kinase_dead_receptor_enters_as_without_insulin_and_signals_nothing():
    given = scenario(factors=["kinase_dead"])
    rates = {arrow.name: arrow.rate for arrow in given.itinerary.transitions}
    assert rates["bound_internalisation"] == rates["basal_internalisation"]
    assert not given.itinerary.active.any()
    assert given.response is not None
    assert given.response.activity == 0.0


def test_a_run_with_factors_says_what_is_assumed_and_can_be_written_down():
    given = scenario(factors=["reduced_affinity", "membrane_lipids"])
    assert any("koff x 2 (direction claimed, size assumed)" in line for line in given.assumptions)
    assert any("no number found" in line for line in given.assumptions)
    assert Scenario.from_dict(given.to_dict()) == given


def test_new_receptors_may_take_time_to_the_surface():
    young, plain = scenario(maturation="3 h", insulin="0 nM"), scenario(insulin="0 nM")
    assert surface(young) == pytest.approx(surface(plain), rel=1e-9)  # as many live receptors, R0
    made = sum(arrow.rate for arrow in young.itinerary.transitions if arrow.source is None)
    assert young.start_fractions[0][0] == pytest.approx(180.0 * made)  # Little's law
    assert not young.itinerary.live[0]
    stopped = scenario(
        maturation="3 h",
        insulin="0 nM",
        treatments=[{"kind": "cycloheximide", "at": "0 min"}],
    )
    counts = simulate(stopped).counts
    assert counts["biosynthetic"].iloc[-1] / counts["biosynthetic"].iloc[0] == pytest.approx(math.exp(-1.0 / 3.0))
    assert Scenario.from_dict(young.to_dict()) == young


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["march"], "factors[0].name: 'march' given; allowed are"),
        ("march1", "a list of names, or of tables with name and size, is needed"),
        (["march1", "march1"], "factors[1]: 'march1' is given twice"),
        ([{"name": "march1", "size": 0}], "factors[0].size: 0 given"),
        ([{"name": "kinase_dead", "size": 2}], "factors[0].size: 2 given; kinase_dead has no size, leave it out"),
        ([{"name": "march1", "sise": 2}], "factors[0].sise: no such key"),
    ],
)
def test_a_factor_that_cannot_be_meant_is_refused(given, said):
    with pytest.raises(ScenarioError) as refused:
        scenario(factors=given)
    assert said in str(refused.value)


def test_factors_need_the_itinerary_of_a_tissue():
    own = scenario().to_dict()
    with pytest.raises(ScenarioError, match="these change the itinerary of a tissue"):
        Scenario.from_dict(own | {"factors": ["march1"]})
