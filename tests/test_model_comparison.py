"""Nested itineraries: a larger one can do all that a smaller one can, and pays for each constant."""

import dataclasses
import math
from itertools import pairwise

import numpy as np
import pytest

from trafficking import model_comparison as models
from trafficking.library import parameters, tissue
from trafficking.readings import READINGS, Bench
from trafficking.targets import targets
from trafficking.validation import experiment

QUICK = tuple(target for target in targets() if target.id in ("D1", "D6"))
CULTURE = {symbol: value.value for symbol, value in tissue("culture").values.items()}


def fit(simulated: list[float], free: int = 0, rows: int = 14) -> models.Fit:
    candidate = dataclasses.replace(models.CANDIDATES[0], free=models.CANDIDATES[-1].free[:free])
    chosen = tuple(target for target in targets() if target.counted)[:rows]
    constants = {symbol: CULTURE[symbol] for symbol in candidate.free}
    middle = [0.5 * (target.low + target.high) for target in chosen]
    return models.Fit(candidate, constants, chosen, np.array(simulated + middle[len(simulated) :]))


def test_each_itinerary_has_all_that_the_smaller_one_has_and_more():
    for small, large in pairwise(models.CANDIDATES):
        assert set(small.free) < set(large.free) or (small.free == large.free and large.maturation_min is not None)
    assert all(set(candidate.free) <= set(parameters()) for candidate in models.CANDIDATES)


def test_parts_that_an_itinerary_lacks_are_off():
    constants = models._constants(models.CANDIDATES[0].free, np.full(6, 0.05))
    assert [constants[symbol] for symbol in ("ksort", "kc", "smax", "esat")] == [0.0, 0.0, 0.0, 1e9]


def test_a_larger_itinerary_without_its_part_gives_the_numbers_of_the_smaller():
    small = models._constants(
        ("koff", "ke0", "keB", "kdis", "kfast", "kL"), np.array([0.2, 0.012, 0.021, 0.12, 0.18, 0.01])
    )
    large = small | {"krr": 0.12}
    assert models.simulated(QUICK, large) == pytest.approx(models.simulated(QUICK, small), rel=1e-12)


def test_a_larger_itinerary_with_its_part_gives_other_numbers():
    """The twin of the test above."""
    small = models._constants(
        ("koff", "ke0", "keB", "kdis", "kfast", "kL"), np.array([0.2, 0.012, 0.021, 0.12, 0.18, 0.01])
    )
    large = small | {"ksort": 0.05, "krr": 0.05}
    assert models.simulated(QUICK, large) != pytest.approx(models.simulated(QUICK, small), rel=1e-3)


def test_receptors_that_mature_change_numbers_where_synthesis_changes_and_only_there():
    chosen = tuple(target for target in targets() if target.id in ("D12", "D13", "D14"))
    law = models._constants(
        models.CANDIDATES[3].free, np.array([models._inner(s, CULTURE[s]) for s in models.CANDIDATES[3].free])
    )
    for smax, changes in ((0.0, False), (0.05, True)):
        constants = law | {"smax": smax}
        plain, late = (models.simulated(chosen, constants, minutes) for minutes in (None, 180.0))
        assert np.allclose(plain, late, rtol=1e-3) != changes
        sketched = models._Experiments(chosen, 180.0).numbers(constants)
        assert sketched == pytest.approx(late, abs=3e-3)


def test_a_number_in_its_range_costs_nothing_and_one_outside_its_distance_in_quarters_of_the_range():
    assert fit([]).cost == 0.0
    low, high = fit([]).targets[0].low, fit([]).targets[0].high
    assert fit([high + 0.5 * (high - low)]).cost == pytest.approx(4.0)
    assert fit([low - 0.25 * (high - low)]).cost == pytest.approx(1.0)


def test_a_number_that_is_not_there_costs_more_than_any_miss_nearby():
    assert fit([math.nan]).cost > 100.0
    assert fit([math.nan]).met == 13


def test_aicc_is_that_of_hurvich_and_tsai():
    """2k + 2k(k+1)/(n-k-1) without cost: 12 + 84/7 = 24 for 6 constants and 14 numbers."""
    assert fit([], free=6).aicc == pytest.approx(24.0)
    assert fit([], free=6, rows=7).aicc == math.inf


def test_esat_counts_as_its_inverse_so_that_none_is_a_number():
    assert models._bounds("esat") == (0.0, pytest.approx(1.0 / 0.3))
    assert models._constants(("esat",), np.array([0.0]))["esat"] == pytest.approx(1e9)


def test_a_constant_at_an_end_of_its_range_is_named():
    found = dataclasses.replace(fit([], free=2), constants={"koff": 0.24, "ke0": 0.012})
    assert found.at_bounds == ["koff"]


def test_fits_are_the_same_every_time_and_a_larger_itinerary_does_no_worse():
    def once(candidates: tuple[models.Candidate, ...]) -> list[models.Fit]:
        return models.compare(only=("D6",), candidates=candidates, starts=1, evaluations=1, seed=3)

    first, again = once(models.CANDIDATES[:2]), once(models.CANDIDATES[:1])
    assert first[0].constants == again[0].constants
    assert first[1].cost <= first[0].cost
    table = models.table(first)
    assert list(table["model"]) == ["a", "b"]
    assert list(table["free"]) == [6, 8]
    assert len(models.numbers(first)) == 2
    assert len(models.fitted(first)) == 14


def test_a_larger_itinerary_that_found_nothing_better_keeps_the_smaller_ones_fit():
    low, high = fit([]).targets[0].low, fit([]).targets[0].high
    small = dataclasses.replace(fit([high + 0.1 * (high - low)], free=6), candidate=models.CANDIDATES[0])
    constants = {symbol: CULTURE[symbol] for symbol in models.CANDIDATES[1].free}
    worse = dataclasses.replace(fit([high + 0.2 * (high - low)]), candidate=models.CANDIDATES[1], constants=constants)
    kept = models._no_worse(worse, [small])
    assert (kept.candidate, kept.cost) == (worse.candidate, small.cost)
    assert kept.constants["ksort"] == 0.0
    assert {s: kept.constants[s] for s in small.candidate.free} == pytest.approx(dict(small.constants), rel=1e-12)
    better = dataclasses.replace(worse, simulated=small.simulated - 0.05 * (high - low))
    assert models._no_worse(better, [small]) is better


def test_each_larger_itinerary_costs_no_more_than_the_one_before():
    together = ("D5", "D8", "D9", "D10")  # rows that no fit of the first meets at once
    fits = models.compare(only=together, starts=1, evaluations=2, seed=2)
    costs = [found.cost for found in fits]
    assert costs[0] > 0.0
    assert all(large <= small for small, large in zip(costs, costs[1:], strict=False))


@pytest.mark.parametrize("laws", [{}, {"esat": 0.6, "kc": 0.0008, "smax": 0.05}])
def test_the_curves_of_a_fit_are_those_of_the_program_to_a_thousandth(laws):
    chosen = tuple(target for target in targets() if target.id in models._ROWS)
    constants = {symbol: CULTURE[symbol] for symbol in models._WITH_ENDOSOME} | laws
    quick, full = models._Experiments(chosen).numbers(constants), models.simulated(chosen, constants)
    assert quick == pytest.approx(full, rel=1e-3)
    other = models._Experiments(chosen).numbers(constants | {"kL": 1.1 * constants["kL"]})
    assert other != pytest.approx(full, rel=1e-3)


def test_a_biosynthetic_state_explains_no_slow_recovery():
    """New receptors come in the same stream, however long they take; those of a gene that was silenced come late."""

    def recovered(**changes: str) -> list[float]:
        return [
            READINGS[target.reading](
                Bench("mean"), experiment(target, {**changes, "resolution": "mean"}), **target.arguments
            ).value
            for target in targets()
            if target.id in ("D13", "D14")
        ]

    late, silenced = {"maturation": "3 h"}, {"parameters.smax": "0.5"}
    assert recovered(**late) == pytest.approx(recovered(), rel=1e-4)  # cells start with whole receptors
    assert recovered(**silenced, **late)[0] < recovered(**silenced)[0] - 0.01
