"""Exact second moments against closed formulas."""

import math

import numpy as np
import pytest

from trafficking.moments import exact_moments
from trafficking.scenario import Scenario


def alone(transitions: list[dict], start: dict, **more: object) -> Scenario:
    places = {"a": "membrane", "b": "early_endosome", "gone": "out"}
    given = {
        "name": "alone",
        "itinerary": {
            "states": [{"name": name, "compartment": place} for name, place in places.items()],
            "transitions": transitions,
        },
        "receptors": 100,
        "reference": "start",
        "start": start,
        "exposure": [{"kind": "washout", "duration": "20 min"}],
    }
    return Scenario.from_dict(given | more)


def arrow(name: str, source: str | None, target: str, rate: float) -> dict:
    law = {"law": "constant"} if source else {"law": "synthesis"}
    return {"name": name, "target": target, "rate": f"{rate} /min"} | law | ({"source": source} if source else {})


TIMES = np.array([4.0, 7.0, 20.0])


def test_exchange_of_given_numbers_is_binomial():
    arrows = [arrow("in", "a", "b", 0.3), arrow("out", "b", "a", 0.1)]
    variance, following = exact_moments(alone(arrows, {"counts": {"a": 80}}), TIMES)
    inside = 0.75 * (1.0 - np.exp(-0.4 * TIMES))
    assert variance[:, 1] == pytest.approx(80 * inside * (1.0 - inside), rel=1e-9)
    stay = [0.75 + 0.25 * math.exp(-0.4 * lag) for lag in np.diff(TIMES)]
    assert following[:, 1] == pytest.approx(80 * inside[:2] * (np.array(stay) - inside[1:]), rel=1e-9)


def test_immigration_and_death_are_poisson_between_times_too():
    arrows = [arrow("make", None, "a", 0.02), arrow("die", "a", "gone", 0.1), arrow("stay", "a", "b", 0.0)]
    variance, following = exact_moments(alone(arrows, {"counts": {}}), TIMES)
    alive = 20.0 * (1.0 - np.exp(-0.1 * TIMES))
    assert variance[:, 0] == pytest.approx(alive, rel=1e-9)
    assert following[:, 0] == pytest.approx(alive[:2] * np.exp(-0.1 * np.diff(TIMES)), rel=1e-9)
    assert variance[:, 2] == pytest.approx(2.0 * TIMES - alive, rel=1e-9)


def test_a_fixed_total_shared_out_is_multinomial_and_a_poisson_one_is_poisson():
    arrows = [arrow("in", "a", "b", 0.3), arrow("out", "b", "a", 0.1)]
    fixed, _ = exact_moments(alone(arrows, {"state": "steady"}), TIMES)
    free, _ = exact_moments(alone(arrows, {"state": "steady", "total": "poisson"}), TIMES)
    assert fixed[:, 1] == pytest.approx(np.full(3, 100 * 0.75 * 0.25), rel=1e-9)
    assert free[:, 1] == pytest.approx(np.full(3, 75.0), rel=1e-9)


def test_coupled_scenarios_are_refused():
    with pytest.raises(ValueError, match="sorting"):
        exact_moments(
            Scenario.from_dict(
                {"name": "x", "parameters": {"esat": 0.6}, "exposure": [{"kind": "washout", "duration": "1 h"}]}
            ),
            TIMES,
        )
