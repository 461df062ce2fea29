"""How long a body takes: ten years of check-ups, a year with three meals a day, a year of random numbers."""

from __future__ import annotations

import statistics
import time
from typing import NamedTuple

from trafficking.body import simulate_body
from trafficking.body_files import load_body
from trafficking.body_forms import BodyScenario


class Life(NamedTuple):
    """A life to be timed: what it is, the scenario, and the most seconds that it may take."""

    what: str
    scenario: BodyScenario
    most_s: float


def lives(*, full: bool) -> list[Life]:
    """full: also ninety days with every receptor of five organs."""
    cycle = load_body("vicious_cycle").to_dict()

    def life(what: str, most_s: float, **changed: object) -> Life:
        return Life(what, BodyScenario.from_dict({**cycle, **changed}), most_s)

    found = [
        life("ten years of a body at `mean`, daily means, yearly check-ups", 5.0, duration="10 y"),
        life("a year of a body at `mean`, three meals a day", 20.0, duration="1 y", meals="three"),
        life("a year of a body at `counts`, daily means", 20.0, duration="1 y", resolution="counts"),
        life("a year of a body at `counts`, three meals", 20.0, duration="1 y", resolution="counts", meals="three"),
    ]
    if full:
        every = {"resolution": "agents", "receptors_per_organ": 100_000}
        found.append(life("90 days of 100,000 receptors in each of five organs", 600.0, duration="90 d", **every))
    return found


def measured(*, full: bool = False, repeats: int = 3) -> list[tuple[str, float, float]]:
    """(what, median seconds, the most that it may take); the longest is run once."""
    found = []
    for life in lives(full=full):
        simulate_body(BodyScenario.from_dict({**life.scenario.to_dict(), "duration": "2 d"}))  # compiled
        times = []
        for seed in range(1 if life.most_s > 100.0 else repeats):
            begun = time.monotonic()
            simulate_body(life.scenario, seed=seed)
            times.append(time.monotonic() - begun)
        found.append((life.what, statistics.median(times), life.most_s))
    return found


if __name__ == "__main__":
    for what, seconds, most_s in measured():
        print(f"{what}: {seconds:.3g} s (at most {most_s:g})")
