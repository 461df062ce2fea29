"""What the tests of a watched run share: see also the fixture `opened`."""

import time
from collections.abc import Callable

from trafficking.dashboard import runner, scenes


class Screen:
    """Stands in for the browser: keeps the scenes and acknowledges them, unless told not to."""

    def __init__(self, answers: bool = True, reduced_motion: bool = False) -> None:
        self.scenes: list[scenes.Scene] = []
        self.answers, self.reduced_motion = answers, reduced_motion
        self.runner: runner.Runner | None = None

    def show(self, scene: scenes.Scene) -> None:
        self.scenes.append(scene)
        if self.answers and self.runner is not None:
            self.runner.acknowledge(scene.seq, reduced_motion=self.reduced_motion)

    @property
    def last(self) -> scenes.Scene:
        return self.scenes[-1]


Opened = Callable[..., tuple[runner.Runner, Screen]]


def until(true: Callable[[], bool], seconds: float = 60.0) -> None:
    """Waits for a state, which is no time that passes but one that comes."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "did not come about"
        time.sleep(0.01)
