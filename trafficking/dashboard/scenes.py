"""What a watched run has to show at one moment: values, which nobody writes to again."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trafficking.scenario import Scenario
from trafficking.simulation import Run
from trafficking.treatments import SWITCHES, level

from .paces import GUIDED
from .places import Crowd
from .sight import Sight
from .viewing import Followed


@dataclass(frozen=True)
class Steering:
    """One change by hand, as the event log has it: `insulin_nM`, the share that a drug takes away, or `temperature`."""

    time_min: float
    name: str
    old: float
    new: float


@dataclass(frozen=True)
class Moment:
    """The run itself at one time. Arrays are its own and are never written to again.

    copy_number: R0 of all cells together.
    recorded: as `Run` has it; where the run is past its last row, the present is a row more.
    crowd: receptors to be drawn; None where the last ones will do. followed: the one that was picked, if any.
    """

    insulin_nM: float
    copy_number: float
    recorded: dict[str, np.ndarray]
    crowd: Crowd | None = None
    followed: Followed | None = None

    @classmethod
    def of(cls, run: Run) -> Moment:
        return cls(run.insulin_nM, float(run.cells.copy_number.sum()), _up_to_now(run))


@dataclass(frozen=True)
class Ghost:
    """The other future of a run that was taken back: what became of it, as far as it had come.

    from_min: where the two part; before it they are the same.
    """

    from_min: float
    scenario: Scenario
    moment: Moment
    steering: tuple[Steering, ...]


@dataclass(frozen=True)
class Scene:
    """What there is to show.

    status: preparing, computing, running, returning, paused, away, finished or failed; message: a sentence with it.
    number: counts the runs of this session; seq: the scenes.
    pace: simulated minutes per second; kept_up: false where that is less than was asked for.
    gesture: the last gesture on the slider that has been done.
    first_step_min: when the protocol, as it was opened, first changes insulin.
    steering: the changes by hand up to now. levels: of each drug, and the temperature, now. sight: what is in view.
    moment: None before there is a run, and while one is computed.
    """

    status: str
    seed: int
    scenario: Scenario
    first_step_min: float | None = None
    message: str = ""
    number: int = 0
    seq: int = 0
    speed: str = GUIDED
    pace: float = 0.0
    kept_up: bool = True
    gesture: int = 0
    steering: tuple[Steering, ...] = ()
    levels: tuple[tuple[str, float], ...] = ()
    sight: Sight = Sight()
    time_min: float = 0.0
    moment: Moment | None = None
    ghost: Ghost | None = None


def levels(run: Run) -> tuple[tuple[str, float], ...]:
    """(name, level) of each drug and the temperature, from now on."""
    return tuple((name, level(run.scenario.treatments, name, run.time_min)) for name in SWITCHES)


def unusual(levels: tuple[tuple[str, float], ...]) -> tuple[tuple[str, float], ...]:
    """Of these, the drugs that are given and the temperature that is not the usual one."""
    return tuple((name, to) for name, to in levels if to != level((), name, 0.0))


def _up_to_now(run: Run) -> dict[str, np.ndarray]:
    """What was recorded, and the present."""
    recorded = run.recorded
    if run.time_min <= recorded["time_min"][-1]:
        return recorded
    now = {"time_min": run.time_min, "counts": run.counts, "insulin_nM": run.insulin_nM, "mrna": run.mrna}
    return {name: np.concatenate([rows, np.asarray(now[name])[None]]) for name, rows in recorded.items()}
