"""A run that is watched: a thread of its own carries it on at the pace that eyes can follow.

The page tells the runner what was asked for, by a queue; the runner shows scenes, at most fifteen a second and only
after the browser has acknowledged the last. A page that stops answering pauses its run and keeps it. Nothing here
knows a rate or a receptor: the science is `simulation.Run`.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import pairwise
from queue import Empty, SimpleQueue
from typing import Any

import numpy as np

from trafficking.exposure import Exposure
from trafficking.results import Result
from trafficking.scenario import Scenario
from trafficking.simulation import Run

from .places import Crowd
from .viewing import Followed, Viewing

FRAME_S = 1.0 / 15.0  # between two scenes
AWAY_S = 30.0  # without an acknowledgement: longer than a browser takes to mend a broken link (18.7 s measured)
LOST_S = 3.0  # after which a scene that was not acknowledged counts as lost, and the run waits for its viewer
FURTHER_MIN = 24 * 60.0  # a hand on the slider is given at least this much time to see what comes of it

GUIDED = "guided"
SPEEDS = {"5 min/s": 5.0, "15 min/s": 15.0, "1 h/s": 60.0, "2 h/s": 120.0, "4 h/s": 240.0, "12 h/s": 720.0}

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Steering:
    """One change by hand, as the event log has it."""

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


@dataclass(frozen=True)
class Scene:
    """What there is to show.

    status: preparing, computing, running, paused, away, finished or failed; message: a sentence to go with it.
    number: counts the runs of this session; seq: the scenes.
    pace: simulated minutes per second; kept_up: false where that is less than was asked for.
    gesture: the last gesture on the slider that has been done.
    first_step_min: when the protocol, as it was opened, first changes insulin.
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
    time_min: float = 0.0
    moment: Moment | None = None


def guided_pace(time_min: float, step_min: float | None) -> float:
    """Simulated minutes per second that let both clocks be seen: redistribution in minutes, loss in hours.

    Before insulin changes an hour takes one second; the hour after the change takes four; the rest of that day six;
    what follows goes at two hours a second.

    Args:
        step_min: when insulin last changed by hand, or else when it first changed; None if it has not.
    """
    if step_min is None or time_min < step_min:
        return 60.0
    since = time_min - step_min
    if since < 60.0:
        return 15.0
    return 230.0 if since < 24 * 60.0 else 120.0


def first_change(protocol: Exposure) -> float | None:
    """When insulin first leaves its starting value, in minutes; None where it never does."""
    for start, end in pairwise((0.0, *protocol.edges)):
        if not protocol.constant_between(0.0, end):
            return start
    return None


def _up_to_now(run: Run) -> dict[str, np.ndarray]:
    """What was recorded, and the present."""
    recorded = run.recorded
    if run.time_min <= recorded["time_min"][-1]:
        return recorded
    now = {"time_min": run.time_min, "counts": run.counts, "insulin_nM": run.insulin_nM, "mrna": run.mrna}
    return {name: np.concatenate([rows, np.asarray(now[name])[None]]) for name, rows in recorded.items()}


class Runner:
    """One session's run. Every public method may be called from any thread and returns at once."""

    def __init__(self, scenario: Scenario, *, seed: int = 1, show: Callable[[Scene], None]) -> None:
        """A runner at rest until `start`.

        Args:
            show: called in the runner's thread with each scene.
        """
        self._show = show
        self._waiting: deque[tuple[Callable[..., None], tuple]] = deque()
        self._bell = threading.Condition()
        self._run: Run | None = None  # touched by this runner's thread alone
        self._base = Scene("preparing", seed, scenario)
        self._closed = False
        self._greeted = False
        self._still = False  # reduced motion: compute at once, show the end
        self._fresh = True  # something has changed since the last scene
        self._opened = scenario  # as it was before any steering
        self._sent = self._answered = 0
        self._heard_at = self._worked_at = self._shown_at = time.monotonic()
        self._aim = 0.0  # the simulated time that the pace asks for
        self._viewing, self._untold = Viewing(), False
        self._meter: deque[tuple[float, float]] = deque(maxlen=15)
        self._tell(self._open, scenario, seed)
        self._thread = threading.Thread(target=self._work, name="trafficking-run", daemon=True)

    def start(self) -> None:
        """Starts the thread, which prepares the run and then waits for the browser's first acknowledgement."""
        self._thread.start()

    # -- what may be asked for -------------------------------------------------------------------------------------

    def acknowledge(self, seq: int, *, reduced_motion: bool = False) -> None:
        """The browser has scene `seq`, or is merely still there."""
        with self._bell:
            self._heard_at = time.monotonic()
            self._answered = max(seq, self._answered)
            if seq < self._sent and self._heard_at > self._shown_at + LOST_S:
                # The page is there and the scene is not: it went with the link. The next one replaces it.
                self._answered = self._sent
                self._waiting.append((self._again, ()))
            self._bell.notify()
        if not self._greeted or self._base.status == "away":
            self._tell(self._welcome, reduced_motion)

    def play(self) -> None:
        with self._bell:
            self._heard_at = time.monotonic()  # whoever presses Play is there
        self._tell(self._play)

    def pause(self) -> None:
        self._tell(self._pause)

    def step(self) -> None:
        """Pauses and goes on by one window."""
        self._tell(self._step)

    def reset(self) -> None:
        """The same scenario and seed from the start, paused."""
        self._tell(self._reset)

    def speed(self, name: str) -> None:
        self._tell(self._set_speed, name)

    def steer(self, insulin_nM: float, *, gesture: int = 0) -> None:
        """Insulin from the next window on; the protocol of the scenario no longer decides."""
        self._tell(self._steer, insulin_nM, gesture)

    def open(self, scenario: Scenario, *, seed: int) -> None:
        """Leaves this run and plays another."""
        self._tell(self._open, scenario, seed)

    def look(self, looking: bool) -> None:
        """Whether the cell is in sight; out of sight it is not shown."""
        self._tell(self._look, looking)

    def pick(self, identity: int | None) -> None:
        """Tells the life of this receptor with every scene; None: of none."""
        self._tell(self._pick, identity)

    def refresh(self) -> None:
        """Shows a scene again, though nothing in the run has changed."""
        self._tell(self._again)

    @property
    def opened(self) -> Scenario:
        """The scenario as it was before any steering."""
        return self._opened

    @property
    def seed(self) -> int:
        return self._base.seed

    def close(self) -> None:
        """Ends the thread and lets go of the run."""
        with self._bell:
            self._closed = True
            self._bell.notify()

    def taken(self) -> tuple[Result, tuple[Steering, ...], Result] | None:
        """The tables and the steering log up to now, and the run as if it ended now; None before there is a run."""
        answer: SimpleQueue[tuple[Result, tuple[Steering, ...], Result] | None] = SimpleQueue()
        self._tell(self._take, answer)
        while self._thread.is_alive():
            with suppress(Empty):
                return answer.get(timeout=0.5)
        return None

    # -- the thread ------------------------------------------------------------------------------------------------

    def _tell(self, what: Callable[..., None], *args: object) -> None:
        with self._bell:
            self._waiting.append((what, args))
            self._bell.notify()

    def _work(self) -> None:
        try:
            while not self._closed:
                self._attempt(self._turn)
                self._attempt(self._present)
                self._rest()
        finally:
            self._run = None

    def _attempt(self, what: Callable[[], None]) -> None:
        """The thread's edge: a page with a message beats a dead one."""
        try:
            what()
        except Exception as fault:
            _log.exception("the run stopped")
            self._say("failed", f"The run stopped: {fault or type(fault).__name__}. Reset, under More, starts it anew.")

    def _turn(self) -> None:
        """Does what was asked for, and carries the run on if it is time to."""
        self._obey()
        if self._run is not None and self._base.status in ("running", "computing"):
            if time.monotonic() >= self._due():
                self._go_on(self._run)
        self._untold = not self._viewing.go_on()
        self._fresh = self._fresh or self._untold

    def _go_on(self, run: Run) -> None:
        """Carries the run to where the pace wants it by now, for one frame's worth of work at most."""
        now = time.monotonic()
        if now - self._heard_at > AWAY_S:
            return self._say("away", "Paused: this page has not answered for 30 s. The run is kept.")
        if self._answered < self._sent and now - self._shown_at > LOST_S:
            self._worked_at = now  # nobody is watching: the story waits
            return
        pace, until = 0.0, run.duration_min
        if self._base.status == "running":
            pace, first = self._wanted_pace(run.time_min), self._base.first_step_min
            self._aim += pace * min(now - self._worked_at, 4.0 * FRAME_S)
            if self._base.speed == GUIDED and first is not None and run.time_min < first:
                self._aim = min(self._aim, first)  # the pace changes there
            until = self._aim
        self._worked_at, deadline = now, now + FRAME_S
        run.advance(until, keep_going=lambda: time.monotonic() < deadline and not (self._waiting or self._closed))
        self._fresh = True
        if run.finished:
            return self._say("finished")
        if time.monotonic() >= deadline:
            self._aim = run.time_min
        self._measure(run.time_min, pace)

    def _wanted_pace(self, time_min: float) -> float:
        if self._base.speed != GUIDED:
            return SPEEDS[self._base.speed]
        steering = self._base.steering
        return guided_pace(time_min, steering[-1].time_min if steering else self._base.first_step_min)

    def _measure(self, time_min: float, wanted: float) -> None:
        now = time.monotonic()
        self._meter.append((now, time_min))
        then, from_min = self._meter[0]
        measured = (time_min - from_min) / (now - then) if now > then + 0.5 else wanted
        kept_up = measured > 0.85 * wanted
        self._base = replace(self._base, pace=wanted if kept_up else measured, kept_up=kept_up)

    def _present(self, *, at_once: bool = False) -> None:
        """Shows a scene if there is something new and the browser is ready for it."""
        if not self._fresh or (self._answered < self._sent and not at_once):
            return
        now, status = time.monotonic(), self._base.status
        if status == "computing" and now < self._shown_at + 0.5:
            return
        self._fresh, self._shown_at = False, now
        self._sent += 1
        scene, run = replace(self._base, seq=self._sent), self._run
        if run is not None:
            moment = None if status == "computing" else self._moment(run)
            scene = replace(scene, scenario=run.scenario, time_min=run.time_min, moment=moment)
        self._show(scene)

    def _moment(self, run: Run) -> Moment:
        crowd = self._viewing.crowd(run, at_once=self._base.status != "running")
        return Moment(
            run.insulin_nM, float(run.cells.copy_number.sum()), _up_to_now(run), crowd, self._viewing.followed
        )

    def _obey(self) -> None:
        while not self._closed:
            with self._bell:
                if not self._waiting:
                    return
                what, args = self._waiting.popleft()
            what(*args)

    def _rest(self) -> None:
        with self._bell:
            if self._waiting or self._closed:
                return
            if self._untold:
                return
            if self._base.status in ("running", "computing"):
                self._bell.wait(max(self._due() - time.monotonic(), 0.0))
            else:
                self._bell.wait()

    def _due(self) -> float:
        """When the run may go on: at once while it computes, else a frame after it last did."""
        return self._worked_at + (FRAME_S if self._base.status == "running" else 0.0)

    # -- commands, in the thread -----------------------------------------------------------------------------------

    def _say(self, status: str, message: str = "", **more: Any) -> None:
        pace = self._base.pace if status == "running" else 0.0
        self._base = replace(self._base, status=status, message=message, pace=pace, **more)
        self._fresh = True

    def _again(self) -> None:
        self._fresh = True

    def _look(self, looking: bool) -> None:
        self._viewing.look(looking)
        self._fresh = True

    def _pick(self, identity: int | None) -> None:
        self._viewing.pick(self._run, identity)
        self._fresh = True

    def _open(self, scenario: Scenario, seed: int) -> None:
        self._opened = scenario
        first = first_change(scenario.protocol)
        number = self._base.number + 1
        self._base = replace(self._base, scenario=scenario, seed=seed, first_step_min=first, number=number, steering=())
        self._say("preparing")
        self._run = None
        self._present(at_once=True)
        self._viewing.begin()
        self._run = Run(scenario, seed=seed, remember=True)
        self._start()

    def _start(self) -> None:
        if not self._greeted:
            self._say("preparing")
        elif self._still:
            self._say("computing")
        else:
            self._say("running")
        self._set_out()

    def _set_out(self) -> None:
        """From here and now on: no debt of simulated time is carried over a pause."""
        self._aim = self._run.time_min if self._run else 0.0
        self._worked_at = time.monotonic()
        self._meter.clear()

    def _welcome(self, reduced_motion: bool) -> None:
        if self._base.status == "away":
            self._say("paused", "Paused while this page was away. The run is kept: press Play to go on.")
        elif not self._greeted:
            self._greeted, self._still = True, reduced_motion
            if self._run is not None and self._base.status == "preparing":
                self._start()

    def _play(self) -> None:
        if self._run is None:
            return
        self._still = False
        if self._run.finished:
            self._open(self._opened, self._base.seed)
        self._say("running")
        self._set_out()

    def _pause(self) -> None:
        if self._base.status in ("running", "computing"):
            self._say("paused")

    def _step(self) -> None:
        if self._run is None or self._run.finished:
            return
        self._run.advance_window()
        self._say("finished" if self._run.finished else "paused")

    def _reset(self) -> None:
        self._open(self._opened, self._base.seed)
        self._say("paused")

    def _set_speed(self, name: str) -> None:
        if name == GUIDED or name in SPEEDS:
            self._say(self._base.status, self._base.message, speed=name)
            self._set_out()

    def _steer(self, insulin_nM: float, gesture: int) -> None:
        run, status, log = self._run, self._base.status, self._base.steering
        if run is None or status == "failed":
            return self._say(status, self._base.message, gesture=gesture)
        old = run.insulin_nM
        run.steer(insulin_nM, until_min=run.time_min + FURTHER_MIN)
        if log and log[-1].time_min == run.time_min:  # the hand had not finished
            old, log = log[-1].old, log[:-1]
        if old != insulin_nM:
            log = (*log, Steering(run.time_min, "insulin_nM", old, insulin_nM))
        if status == "finished":
            status = "computing" if self._still else "running"
            self._set_out()
        self._say(status, steering=log, gesture=gesture)

    def _take(self, answer: SimpleQueue) -> None:
        run = self._run
        if run is None:
            answer.put(None)
        else:
            # Before the first step there is nothing to end.
            ended = run.so_far() if run.time_min > 0.0 else run.result()
            answer.put((run.result(), self._base.steering, ended))
