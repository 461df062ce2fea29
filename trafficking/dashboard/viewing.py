"""What a reader looks at in the cell: a crowd of receptors a few times a second, and the life of the one picked out."""

from __future__ import annotations

import time
from dataclasses import dataclass

from trafficking.biography import Biography, Step
from trafficking.simulation import Run

from .places import Crowd, Sampler

EVERY_S = 0.2  # between two crowds: browsers draw what happens in between
TELLING_S = 0.03  # of a turn, for catching up with a life


@dataclass(frozen=True)
class Followed:
    """The receptor that was picked, at one time.

    first_state: the index of the state it started in; None if it was made later. steps: all that it did so far.
    told_min: how far its life has been told; until it reaches the present, `steps` end there.
    unknown: why its past cannot be told; "" where it can.
    """

    identity: int
    first_state: int | None
    steps: tuple[Step, ...]
    told_min: float
    unknown: str = ""


class Viewing:
    """Belongs to a runner's thread, but for `look`. One run after another is begun."""

    def __init__(self) -> None:
        self._looking = True
        self._sampler, self._taken_at = Sampler(), 0.0
        self._picked: int | None = None
        self._life: Biography | None = None
        self._unknown = ""

    def begin(self) -> None:
        """Another run: nobody is picked, and all are to be chosen anew."""
        self._sampler, self._taken_at = Sampler(), 0.0
        self.pick(None, None)

    def turn_to(self, run: Run | None) -> None:
        """Another future of the same run: the same receptors, and the life of the picked one in that future."""
        self.pick(run, self._picked)

    def look(self, looking: bool) -> None:
        """Whether anybody looks: nothing is gathered for a view out of sight."""
        self._looking = looking

    def pick(self, run: Run | None, identity: int | None) -> None:
        """Follows the life of a receptor from now on; None: of nobody."""
        self._picked, self._life, self._unknown = identity, None, ""
        if identity is None or run is None:
            return
        if run.chronicle is None:
            self._unknown = "Its past is not kept: this run was taken up from a saved state."
            return
        try:
            self._life = Biography(run.chronicle, identity)
        except ValueError as fault:
            self._unknown = f"Its past is not kept: {fault}."

    def crowd(self, run: Run, *, at_once: bool) -> Crowd | None:
        """Those who are shown, if a new look at them is due."""
        now = time.monotonic()
        if not self._looking or (now < self._taken_at + EVERY_S and not at_once):
            return None
        self._taken_at = now
        return self._sampler.take(run)

    def go_on(self) -> bool:
        """Tells the life of the picked receptor on, for a short while; whether it has come to the present."""
        if self._life is None or not self._looking:
            return True
        until = time.monotonic() + TELLING_S
        return self._life.go_on(lambda: time.monotonic() < until)

    @property
    def picked(self) -> int | None:
        """The identity of the receptor that is followed, if any."""
        return self._picked

    @property
    def followed(self) -> Followed | None:
        if self._picked is None:
            return None
        if self._life is None:
            return Followed(self._picked, None, (), 0.0, self._unknown)
        life = self._life
        return Followed(self._picked, life.first_state, tuple(life.steps), life.time_min)
