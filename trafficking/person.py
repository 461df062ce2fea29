"""One person, for whoever draws them: the vicious cycle beside itself without feedback, and what a clinic finds then.

Everything here computes and returns; nothing prints, and no test changes a life. A research and teaching model of a
mean person who does not exist; not medical advice.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import pandas as pd

from trafficking import body_files, clinic, readouts
from trafficking.body import BodyResult, simulate_body
from trafficking.body_forms import BodyScenario
from trafficking.equality import by_value
from trafficking.organs import ORGANS
from trafficking.physiology import YEAR_D


@by_value
class Cycle(NamedTuple):
    """A life with the receptors of its organs, and the same one with their number held constant.

    own, held: see `BodyResult`; `levels` and `checkups` are data frames. own_stages, held_stages: see
    `readouts.beside_stages`. forward_years: by how much the loss of receptors brings fasting glucose of 7.0 mM forward;
    negative where it puts it back, nan where one of the two lives never comes to it.
    """

    own: BodyResult
    held: BodyResult
    own_stages: pd.DataFrame
    held_stages: pd.DataFrame
    forward_years: float


def cycle(
    years: float = 20.0,
    *,
    scenario: str | BodyScenario = "vicious_cycle",
    window_d: float = 5.0,
    progress: Callable[[float], None] | None = None,
) -> Cycle:
    """Simulates a person at `mean` over some years, with receptor feedback and without.

    Args:
        years: at least one window. scenario: of a body, or the name of one that comes with the package.
        window_d: days between two looks of the body at its receptors, at most 10; 20 years take a second at 5 d.
        progress: told the share done, 0 to 1.

    Raises:
        ScenarioError: years, window or scenario are not possible.
    """
    person = scenario if isinstance(scenario, BodyScenario) else body_files.load_body(scenario)
    lasting = {"duration": f"{years!r} y", "window": f"{window_d!r} d", "resolution": "mean"}
    person = BodyScenario.from_dict(person.to_dict() | lasting)
    lives = []
    for done, each in enumerate((person, person.held())):
        lives.append(simulate_body(each, progress=_share(progress, done, each.duration_d)))
    own, held = lives
    forward = held.onset_year - own.onset_year
    return Cycle(own, held, readouts.beside_stages(own), readouts.beside_stages(held), forward)


def tolerance_test(life: BodyResult, year: float, *, grams: float = 75.0, every: int = 10) -> clinic.OralTest:
    """An oral glucose tolerance test of a life at a year; see `clinic.ogtt`. The life stays as it is.

    Args:
        grams: of glucose. every: minutes between two rows of the table.

    Raises:
        ValueError: the life has no such year.
    """
    return clinic.ogtt(life.fasting_at(year * YEAR_D), grams=grams, every=every)


def glucose_clamp(life: BodyResult, year: float, *, infusion: float = 1.0, every: int = 5) -> clinic.Clamp:
    """A glucose clamp of a life at a year; see `clinic.clamp`. The life stays as it is.

    Args:
        infusion: of insulin, mU per kg and min. every: minutes between two rows of the table.

    Raises:
        ValueError: the life has no such year.
    """
    return clinic.clamp(life.fasting_at(year * YEAR_D), infusion=infusion, every=every)


def insulin_seen(life: BodyResult, year: float) -> dict[str, float]:
    """Insulin that reaches the receptors of each organ at a year, nM: the mean of a window, with meals too.

    Raises:
        ValueError: the life has no such year.
    """
    row = life.levels.iloc[life.row_at(year * YEAR_D)]
    return {organ: float(row[f"{organ}_insulin_nM"]) for organ in ORGANS}


def _share(progress: Callable[[float], None] | None, done: int, days: float) -> Callable[[float], None] | None:
    if progress is None:
        return None
    return lambda day: progress(0.5 * (done + day / days))
