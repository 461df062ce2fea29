"""The way back in time: a minute of the past, chosen in a field or on the plot, and two futures from there."""

from __future__ import annotations

import math
from importlib.resources import files

import traitlets

from trafficking import units

from . import words
from .draft import plain
from .hearing import Listener, text
from .plot import TimeSeries
from .runner import Runner
from .scenes import Scene

_STATIC = files("trafficking.dashboard") / "static"


class Futures(Listener):
    """`state` is all that is shown; the browser sends {"do": name, ...} for each thing asked for."""

    _esm = (_STATIC / "futures.js").read_text(encoding="utf-8")

    state = traitlets.Dict().tag(sync=True)


class Branching:
    """What a reader chooses on the way back, and what the page says of it."""

    def __init__(self, plot: TimeSeries, runner: Runner) -> None:
        self.widget = Futures()
        self.widget.listen(self.hear)
        self._plot, self._runner = plot, runner
        self._scene: Scene | None = None
        self._text = self._fault = ""
        self._open = False
        self._chosen = 0  # counts the times that the page, or a touch of the plot, put into the field

    def hear(self, message: dict) -> None:
        """Does what the page asks for."""
        match text(message, "do"):
            case "open" if self._scene is not None:
                self._runner.pause()
                self._choose(_likely(self._scene))
            case "close":
                self._open = False
            case "at":
                self._text = text(message, "text")
                self._read()
            case "back":
                self._text = text(message, "text")
                self._leave()
            case "swap":
                self._runner.swap()
            case "drop":
                self._runner.drop()
        self._tell()

    def pick(self, time_min: float) -> None:
        """A time that was chosen on the plot."""
        if self._open:
            self._choose(round(time_min))
            self._tell()

    def show(self, scene: Scene) -> None:
        """Takes a scene. Called in the runner's thread."""
        self._scene = scene
        self._tell()

    def _choose(self, time_min: float) -> None:
        self._open, self._text = True, plain(float(time_min), "time")
        self._chosen += 1
        self._read()

    def _read(self) -> float | None:
        """The minute that the text names; None, and the fault said, where it names none of the past."""
        assert self._scene is not None
        try:
            time_min = units.parse(self._text, "time")
        except ValueError as fault:
            self._fault = str(fault)
            return None
        now = self._scene.time_min
        early = 0.0 <= time_min <= now
        self._fault = "" if early else f"{self._text} given; a time from 0 min to now, {words.span(now)}, is needed"
        if early:
            self._plot.picked_min = time_min
        return time_min if early else None

    def _leave(self) -> None:
        time_min = None if self._scene is None else self._read()
        if time_min is not None:
            self._open = False
            self._runner.fork(time_min)

    def _tell(self) -> None:
        scene = self._scene
        if scene is None:
            return
        self._plot.picking = self._open
        ghost = scene.ghost
        legend = ""
        if ghost is not None:
            later = [(row.time_min, row.name, row.new) for row in ghost.steering if row.time_min >= ghost.from_min]
            legend = words.other_future(ghost.from_min, later)
        self.widget.state = {
            "ready": scene.moment is not None and scene.time_min > 0.0 and scene.status != "returning",
            "open": self._open,
            "text": self._text,
            "chosen": self._chosen,
            "fault": self._fault,
            "legend": legend,
        }


def _likely(scene: Scene) -> float:
    """The minute that is most likely meant: that of the last change, or a moment before it, in tenths."""
    changes = [row.time_min for row in scene.steering if row.time_min < scene.time_min]
    if scene.first_step_min is not None and scene.first_step_min < scene.time_min:
        changes.append(scene.first_step_min)
    return math.floor(10.0 * max(changes, default=float(round(scene.time_min / 2.0)))) / 10.0
