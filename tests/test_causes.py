"""Why receptors are lost: each cause switched off alone; and a response that comes back before the receptors do."""

import numpy as np
import pytest

from trafficking.causes import loss_by_cause
from trafficking.cell_forms import Response
from trafficking.response import activity_over_time, response
from trafficking.scenario import Scenario
from trafficking.simulation import simulate


def scenario(insulin: str = "10 nM", **changes) -> Scenario:
    given = {
        "name": "lost",
        "resolution": "mean",
        "follow": 0,
        "record": "10 min",
        "start": {"state": "insulin_free"},
        "exposure": [{"kind": "constant", "insulin": insulin, "duration": "12 h"}],
    }
    return Scenario.from_dict(given | changes)


# The constants of the first release, whatever the tissue's are by now.
FIRST = {
    "koff": "0.2 /min", "ke0": "0.012 /min", "keB": "0.021 /min", "kdis": "0.12 /min", "kfast": "0.18 /min",
    "ksort": "0.025 /min", "krr": "0.12 /min", "kL": "0.0105 /min", "klys": "0.03 /min", "kc": "0.0008 /min",
    "smax": 0.05, "esat": 0.6,
}  # fmt: skip


def test_saturable_sorting_adds_less_than_a_point_and_waiting_receptors_most_of_the_extra_loss():
    day = [{"kind": "constant", "insulin": "10 nM", "duration": "24 h"}]
    table = loss_by_cause(scenario(parameters=FIRST, exposure=day)).set_index("cause")
    assert 0.0 < table.loc["crowded endosomes sort slowly", "less_percent"] < 1.0
    assert table.loc["bound receptors wait in the endosome", "share_percent"] > 45.0
    assert table.loc["all of them", "share_percent"] == 100.0


def test_the_resting_cell_is_the_same_without_each_cause():
    table = loss_by_cause(scenario(parameters=FIRST))
    assert np.allclose(table["control_receptors"], table["control_receptors"].iloc[0], rtol=1e-4)


def test_a_cause_that_the_itinerary_has_not_is_not_listed():
    off = {"endocytosis": False, "sorting": False, "transcription": False}
    assert len(loss_by_cause(scenario(coupling=off))) == 3
    assert len(loss_by_cause(scenario(parameters=FIRST))) == 5


def test_receptors_are_counted_when_they_are_fewest_or_when_asked():
    washed = scenario(
        exposure=[
            {"kind": "constant", "insulin": "10 nM", "duration": "12 h"},
            {"kind": "washout", "duration": "24 h"},
        ]
    )
    assert 720.0 <= loss_by_cause(washed).attrs["at_min"] < 900.0
    early, late = (loss_by_cause(washed, at_min=at)["loss_percent"].iloc[0] for at in (60.0, 720.0))
    assert early < 0.5 * late


def test_slow_release_in_the_endosome_costs_receptors():
    plain, analogue = (simulate(scenario(factors=given)).live[-1] for given in ([], ["tight_analogue"]))
    assert analogue < 0.95 * plain


def test_release_that_saturates_with_load_is_a_switch_that_is_off():
    (law,) = {a.half_load for a in scenario().itinerary.transitions if a.name == "endosomal_dissociation"}
    assert law == np.inf
    crowded = scenario(parameters={"edis": 0.05})
    assert simulate(crowded).live[-1] < 0.95 * simulate(scenario()).live[-1]


# -- the response ------------------------------------------------------------------------------------------------------


def test_activity_follows_its_target_exactly_on_ramps():
    law = Response.model_validate({"most": 1.0, "recovery": "50 min", "half_bound": 1e6})
    times = np.linspace(0.0, 300.0, 7)
    target = 1.0 - 0.001 * times  # bound / (bound + 1e6) rises in a straight line, nearly
    bound = 1e6 * (1.0 - target) / target
    exact = target + 0.001 * 50.0 * (1.0 - np.exp(-times / 50.0))
    assert np.allclose(activity_over_time(times, bound, law), exact, atol=1e-12)


def test_the_response_is_back_in_two_hours_and_binding_in_a_day():
    given = scenario(
        "17.2 nM",
        response={"most": 0.6},
        exposure=[
            {"kind": "constant", "insulin": "17.2 nM", "duration": "24 h"},
            {"kind": "washout", "duration": "24 h"},
        ],
    )
    result = simulate(given)
    table = response(result).set_index("time_min")

    def recovered(values, minutes: float) -> float:
        return (values[1440.0 + minutes] - values[1440.0]) / (values[0.0] - values[1440.0])

    assert recovered(table["activity"], 120.0) > 0.85
    live = dict(zip(result.counts["time_min"], result.live, strict=True))
    assert recovered(live, 120.0) < 0.25
    assert recovered(live, 1440.0) > 0.75


def test_a_healthy_cell_has_full_activity_and_a_signal_of_spare_receptors():
    result = simulate(scenario())
    table = response(result)
    assert np.all(table["activity"] == 1.0)
    bound = result.counts["surface_bound"].to_numpy() / result.scenario.receptors
    assert np.allclose(table["signal"], bound / (bound + 0.1))
    assert np.all(table["signal"] <= table["capacity"] + 1e-12)


def test_factors_of_the_signal_change_the_response_and_no_receptor():
    plain, poor = (simulate(scenario(factors=given)) for given in ([], ["cholesterol_depletion"]))
    assert poor.counts.equals(plain.counts)
    assert np.allclose(response(poor)["signal"], 0.2 * response(plain)["signal"])


@pytest.mark.parametrize("key", ["most", "gain", "recovery"])
def test_a_response_that_cannot_be_meant_is_refused(key):
    with pytest.raises(ValueError, match=f"response.{key}: -1"):
        scenario(response={key: -1})
