"""The itinerary as data: sound pictures, and rates that follow the named laws."""

import math
from dataclasses import replace

import numpy as np
import pytest

from cells import exchange, five_states
from trafficking.itinerary import Itinerary, State, Transcription, Transition
from trafficking.library import tissue, tissues

FREE, BOUND = State("free", "membrane"), State("bound", "membrane", bound=True)
INSIDE, OUT = State("inside", "early_endosome"), State("out", "out")


def culture() -> Itinerary:
    return tissue("culture").itinerary()


def rate_of(itinerary: Itinerary, name: str, insulin_nM: float, **shares: float) -> float:
    fractions = np.array([shares.get(state, 0.0) for state in itinerary.state_names])
    index = [t.name for t in itinerary.transitions].index(name)
    return float(itinerary.rates(insulin_nM, fractions)[index])


@pytest.mark.parametrize("name", tissues())
def test_rows_of_every_tissues_generator_sum_to_zero(name):
    itinerary = tissue(name).itinerary()
    fractions = np.full(len(itinerary.states), 0.1)
    generator = itinerary.generator(itinerary.rates(10.0, fractions))
    assert np.abs(generator.sum(axis=1)).max() < 1e-15


def test_no_insulin_means_no_binding_and_binding_is_in_proportion_to_insulin():
    assert rate_of(culture(), "association", 0.0, surface_free=1.0) == 0.0
    one = rate_of(culture(), "association", 1.0, surface_free=1.0)
    assert rate_of(culture(), "association", 100.0, surface_free=1.0) == pytest.approx(100.0 * one)


def test_doubling_every_rate_halves_every_dwell_time():
    plain = five_states()
    doubled = replace(plain, transitions=tuple(replace(t, rate=2.0 * t.rate) for t in plain.transitions))
    dwell = [-np.diag(i.generator(i.rates(0.0, np.zeros(6)))) for i in (plain, doubled)]
    assert np.allclose(dwell[1], 2.0 * dwell[0], rtol=1e-15)


def test_a_loaded_endosome_recycles_at_half_its_rate_when_the_load_is_the_half_load():
    itinerary = tissue("culture").itinerary({"esat": 0.6})
    index = [t.name for t in itinerary.transitions].index("fast_recycling")
    half = itinerary.transitions[index].half_load
    empty = rate_of(itinerary, "fast_recycling", 0.0)
    loaded = rate_of(itinerary, "fast_recycling", 0.0, early_endosome_bound=half / 2, early_endosome_free=half / 2)
    assert loaded == pytest.approx(empty / 2.0)
    assert rate_of(itinerary.without("sorting"), "fast_recycling", 0.0, early_endosome_free=half) == empty


def test_crowded_surfaces_take_bound_receptors_in_faster():
    itinerary = tissue("liver").itinerary()
    arrow = next(t for t in itinerary.transitions if t.name == "bound_internalisation")
    calm = rate_of(itinerary, "bound_internalisation", 0.0, surface_free=1.0)
    at_half = rate_of(
        itinerary,
        "bound_internalisation",
        0.0,
        surface_free=1.0 - arrow.half_occupancy,
        surface_bound=arrow.half_occupancy,
    )
    assert calm == pytest.approx(arrow.rate)
    assert at_half == pytest.approx(arrow.rate + arrow.extra / 2.0)
    assert rate_of(itinerary.without("endocytosis"), "bound_internalisation", 0.0, surface_bound=1.0) == arrow.rate


def test_transcription_is_half_suppressed_at_half_activity_and_free_without_it():
    law = Transcription(max_suppression=0.7, half_activity=0.05, power=2.0, response_min=360.0)
    assert law.target(0.0) == 1.0
    assert law.target(0.05) == pytest.approx(0.65)
    assert law.target(1e9) == pytest.approx(0.3)


def test_couplings_are_named_and_each_can_be_switched_off():
    assert tissue("liver").itinerary().couplings == ("endocytosis", "sorting", "transcription")
    crowded = tissue("culture").itinerary({"esat": 0.6, "smax": 0.05})
    assert crowded.couplings == ("sorting", "transcription")
    assert crowded.without("sorting").couplings == ("transcription",)
    assert crowded.without("endocytosis", "sorting", "transcription").couplings == culture().couplings == ()


def test_synthesis_can_be_set_to_a_number():
    assert (
        culture().with_synthesis(0.002).inflow(culture().with_synthesis(0.002).rates(0.0, np.zeros(7))).sum() == 0.002
    )


@pytest.mark.parametrize(
    ("states", "arrows", "complaint"),
    [
        ((), (), "at least one state"),
        ((FREE, FREE), (), r"states\[1\].name: 'free' is used twice"),
        ((State("free", "nucleus"),), (), r"compartment: 'nucleus' is none"),
        ((State("free", "membrane", activity=math.nan),), (), "activity: nan"),
        (
            (FREE, BOUND),
            (Transition("t", "free", "bount", 1.0),),
            r"transitions\[0\] \(t\).target: 'bount' is not a state",
        ),
        ((FREE, BOUND), (Transition("t", "fre", "bound", 1.0),), "source: 'fre' is not a state"),
        ((FREE, BOUND), (Transition("t", "free", "free", 1.0),), "must lead elsewhere"),
        ((FREE, OUT), (Transition("t", "out", "free", 1.0),), "is an end"),
        ((FREE, BOUND), (Transition("t", "free", "bound", -1.0),), r"rate: -1.0 given"),
        ((FREE, BOUND), (Transition("t", "free", "bound", math.inf),), "rate: inf given"),
        ((FREE, BOUND), (Transition("t", "free", "bound", math.nan),), "rate: nan given"),
        ((FREE, BOUND), (Transition("t", "free", "bound", 1.0, load=("x",)),), "load: 'x' is not a state"),
        ((FREE, BOUND), (Transition("t", "free", "bound", 1.0, half_load=0.0),), "half_load: 0.0 given"),
        ((FREE,), (Transition("t", None, "free", 1.0, needs_ligand=True),), "synthesis takes a plain rate"),
        ((FREE, BOUND), (Transition("t", "free", "bound", 1.0),) * 2, r"transitions\[1\].name: 't' is used twice"),
    ],
)
def test_an_unsound_picture_is_refused_with_the_place_at_fault(states, arrows, complaint):
    with pytest.raises(ValueError, match=complaint):
        Itinerary(states, arrows)


def test_unsound_transcription_is_refused():
    with pytest.raises(ValueError, match="max_suppression: 1.5 given"):
        replace(exchange(1.0, 1.0), transcription=Transcription(1.5, 0.1, 1.0, 60.0))
    with pytest.raises(ValueError, match="response_min: 0.0 given"):
        replace(exchange(1.0, 1.0), transcription=Transcription(0.5, 0.1, 1.0, 0.0))
