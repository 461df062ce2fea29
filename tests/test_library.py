"""Tissues: every value stands in its range, names its source, and makes the cell that the literature describes."""

import math

import pytest

from trafficking import library, units
from trafficking.itinerary import COUPLINGS
from trafficking.master_equation import insulin_free, steady_state

ORGANS = ("adipose", "liver", "muscle", "ovary", "pancreas")
LINES = ("culture", "3t3_c2", "htc")
TISSUES = (*LINES, *ORGANS)
KINDS = {"rate": "rate", "association": "association", "time": "time"}


def balanced(name):
    itinerary = library.tissue(name).itinerary()
    return itinerary.with_synthesis(insulin_free(itinerary)[1])


def surface(itinerary, insulin_nM):
    return steady_state(itinerary, insulin_nM)[0][itinerary.mask("membrane")].sum()


def everything(tissue):
    named = {"R0": tissue.receptors, "lean": tissue.lean, "obese": tissue.obese, **tissue.values}
    return {symbol: value for symbol, value in named.items() if value is not None}


def test_there_are_five_organs_and_three_cultures_and_culture_comes_first():
    assert set(library.tissues()) == set(TISSUES)
    assert library.tissues()[0] == "culture"


def test_an_unknown_tissue_is_a_key_error():
    with pytest.raises(KeyError):
        library.tissue("brain")


@pytest.mark.parametrize("name", TISSUES)
def test_every_value_stands_in_its_range_and_says_how_it_is_known(name):
    for symbol, value in everything(library.tissue(name)).items():
        assert value.symbol == symbol
        assert value.low <= value.value <= value.high, symbol
        assert value.status in library.STATUSES, symbol
        assert value.meaning, symbol


@pytest.mark.parametrize("name", TISSUES)
def test_only_an_assumption_has_no_source(name):
    for symbol, value in everything(library.tissue(name)).items():
        if value.status != "assumption":
            assert value.identifier, symbol


@pytest.mark.parametrize("name", TISSUES)
def test_every_tissue_has_every_constant_but_synthesis(name):
    assert set(library.tissue(name).values) == set(library.parameters()) - {"ksyn"}


@pytest.mark.parametrize("name", TISSUES)
def test_units_of_the_data_are_those_of_the_package(name):
    for symbol, value in library.tissue(name).values.items():
        kind = library.parameters()[symbol].kind
        if kind in KINDS:
            assert units.parse(f"{value.value!r} {value.unit}", KINDS[kind]) == value.value


def test_what_a_tissue_does_not_state_is_taken_over_as_an_assumption():
    delay = library.tissue("muscle").values["tauM"]
    assert delay.value == library.tissue("culture").values["tauM"].value
    assert delay.status == "assumption"
    steep = library.tissue("ovary").values["theta_power"]
    assert (steep.status, steep.note) == ("assumption", "taken over from the cell in culture (fit there)")


@pytest.mark.parametrize("name", ["muscle", "ovary", "pancreas"])
def test_tissues_without_a_measured_range_say_why(name):
    tissue = library.tissue(name)
    assert tissue.measured_nM is None
    assert "found" in tissue.measured_note


def test_insulin_ranges_are_those_of_the_experiments():
    ranges = {name: library.tissue(name).measured_nM for name in ("culture", "adipose", "liver")}
    assert ranges == {"culture": (0.5, 17.2), "adipose": (17.2, 17.2), "liver": (0.05, 0.55)}


def test_insulin_of_lean_and_obese_people_is_given_for_organs_only():
    assert all(library.tissue(name).lean is None for name in LINES)
    seen = {name: (library.tissue(name).lean.value, library.tissue(name).obese.value) for name in ORGANS}
    assert seen == {
        "adipose": (0.06, 0.14),
        "liver": (0.25, 0.58),
        "muscle": (0.06, 0.14),
        "ovary": (0.06, 0.14),
        "pancreas": (0.10, 0.23),
    }


def test_the_culture_cell_has_85866_of_100000_receptors_at_its_surface_and_makes_122_a_minute():
    fractions, synthesis = insulin_free(library.tissue("culture").itinerary())
    assert round(fractions[:2].sum() * 100_000) == 85_866
    assert round(synthesis * 100_000, 1) == 122.1


@pytest.mark.parametrize(
    ("name", "ratio"), [("adipose", 0.78), ("liver", 0.67), ("muscle", 0.75), ("ovary", 0.73), ("pancreas", 0.72)]
)
def test_obese_over_lean_surface_receptors_are_the_tuned_ratios(name, ratio):
    tissue, itinerary = library.tissue(name), balanced(name)
    assert surface(itinerary, tissue.obese.value) / surface(itinerary, tissue.lean.value) == pytest.approx(
        ratio, abs=0.006
    )


def test_bound_hepatocyte_receptors_enter_faster_at_higher_insulin_as_measured():
    """0.049 per min at 0.051 nM and 0.131 at 0.551 nM, ranges 0.042-0.056 and 0.10-0.15 (Biochem J 1984 218:307)."""
    itinerary = balanced("liver")
    arrow = [t.name for t in itinerary.transitions].index("bound_internalisation")
    entry = [itinerary.rates(dose, steady_state(itinerary, dose)[0])[arrow] for dose in (0.0508, 0.551)]
    assert 0.042 <= entry[0] <= 0.056
    assert 0.10 <= entry[1] <= 0.15


def test_insulin_does_not_speed_entry_in_muscle():
    rates = {t.name: t.rate for t in library.tissue("muscle").itinerary().transitions}
    assert rates["bound_internalisation"] == rates["basal_internalisation"]


def test_switches_find_the_couplings_that_a_tissue_has():
    found = {name: library.tissue(name).itinerary().couplings for name in TISSUES}
    assert found["liver"] == COUPLINGS
    assert found["culture"] == found["htc"] == found["3t3_c2"] == ()
    assert found["adipose"] == ("transcription",)


def test_a_changed_constant_reaches_every_arrow_that_carries_it():
    plain, changed = (library.tissue("culture").itinerary(c) for c in ({}, {"kL": 0.02}))
    moved = {
        a.name: (a.rate, b.rate)
        for a, b in zip(plain.transitions, changed.transitions, strict=True)
        if a.rate != b.rate
    }
    assert moved == {"free_commitment": (0.0095, 0.02), "bound_commitment": (0.0095, 0.02)}


def test_assumed_values_leave_out_what_no_observation_depends_on():
    said = " ".join(library.tissue("culture").assumed({}))
    assert "kL = 0.0095 /min (fit)" in said
    assert not {"ksort", "krr", "theta50"} & {word for word in said.split()}
    assert library.tissue("culture").assumed({"kL": 0.02})[-1] == "kL = 0.02 /min (changed)"


def test_an_organ_without_kinetics_assumes_nearly_everything():
    statuses = {symbol: value.status for symbol, value in library.tissue("ovary").values.items()}
    assert {symbol for symbol, status in statuses.items() if status != "assumption"} == {"smax", "K_A", "h"}


def test_saturable_sorting_is_off_in_fat():
    assert math.isinf(library.tissue("adipose").values["esat"].value)
