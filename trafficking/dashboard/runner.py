"""A run that is watched: a thread of its own carries it on at the pace that eyes can follow.

The page tells the runner what was asked for, by a queue; the runner shows scenes, as often as `pacing` lets it and only
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
from dataclasses import replace
from queue import Empty, SimpleQueue
from typing import Any

from trafficking.results import Result
from trafficking.scenario import Scenario
from trafficking.simulation import Run

from . import pacing
from .budget import Budget, OverBudget, Piece, size
from .forks import Future
from .keeping import Keeping
from .kept import Kept, KeptError
from .paces import GUIDED, SPEEDS, first_change, guided_pace
from .scenes import Moment, Scene, Steering, levels
from .sight import Sight
from .viewing import Viewing

FRAME_S = 1.0 / 15.0  # of work at a time
AWAY_S = 30.0  # without an acknowledgement: longer than a browser takes to mend a broken link (18.7 s measured)
LOST_S = 3.0  # after which a scene that was not acknowledged counts as lost, and the run waits for its viewer
WATCHED_S = 2.0  # for a browser to answer that it is there
WAITS_S = 0.2  # before a run that has to wait looks again whether it may go on
_GOING = ("running", "computing", "returning", "restoring")  # statuses in which the run goes on
_WAITS = "Many runs are under way on this server. Yours waits its turn:"
_CHANGED = "Changed from here on: press Play to see what happens."
_UNWATCHED = ("computing", "returning", "restoring")  # as fast as it goes, without a picture of every moment
_HANDED_OVER = "This run was opened in another window, which has it now. Reload this page for a copy."
_ON_THE_WAY = ("returning", "restoring")  # to a minute where a run has been before; until then nothing is changed

_log = logging.getLogger(__name__)


class Runner:
    """One session's run. Every public method may be called from any thread and returns at once."""

    def __init__(
        self,
        scenario: Scenario,
        *,
        seed: int = 1,
        show: Callable[[Scene], None],
        keeping: Keeping | None = None,
        taking: Callable[[Runner], Kept] | None = None,
        budget: Budget | None = None,
    ) -> None:
        """A runner at rest until `start`.

        Args:
            show: called in the runner's thread with each scene.
            keeping: keeps its runs on disk; without it they end with the session.
            taking: gives a kept run to begin with, in this thread; KeptError: there is none, `scenario` it is.
            budget: of its session.
        """
        self._show = show
        self._keeping = keeping
        self._waiting: deque[tuple[Callable[..., None], tuple]] = deque()
        self._bell = threading.Condition()
        self._future: Future | None = None  # touched by this runner's thread alone
        self._other: Future | None = None  # the course that was left when the run was taken back
        self._parted_min, self._left = 0.0, "paused"
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
        self._budget = budget or Budget()
        self._piece: Piece | None = None  # of computing that goes on unwatched
        self._piece_from_min = 0.0
        self._place = pacing.Place(self._budget)
        self._idle_s = 0.0  # how long a run that has to wait does so before it looks again
        self._meter: deque[tuple[float, float]] = deque(maxlen=15)
        if taking is None:
            self._tell(self._open, scenario, seed)
        else:
            self._tell(self._take_up, taking)
        self._thread = threading.Thread(target=self._work, name="trafficking-run", daemon=True)

    def start(self) -> None:
        """Starts the thread, which prepares the run and then waits for the browser's first acknowledgement."""
        self._thread.start()

    # -- what may be asked for -------------------------------------------------------------------------------------

    def acknowledge(self, seq: int, *, reduced_motion: bool = False) -> None:
        """The browser has scene `seq`, or is merely still there."""
        with self._bell:
            self._heard_at = time.monotonic()
            self._answered = max(min(seq, self._sent), self._answered)
            if seq < self._sent and self._heard_at > self._shown_at + LOST_S:
                # The page is there and the scene is not: it went with the link. The next one replaces it.
                self._answered = self._sent
                self._waiting.append((self._again, ()))
            self._bell.notify_all()
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

    def treat(self, name: str, to: float) -> None:
        """A drug (share of its rates taken away) or the temperature (C) from the next window on."""
        self._tell(self._treat, name, to)

    def fork(self, at_min: float) -> None:
        """Takes the run back to the last end of a window up to `at_min`, and keeps its course as the other future."""
        self._tell(self._fork, at_min)

    def swap(self) -> None:
        """Goes on with the other future; this one becomes the other."""
        self._tell(self._swap)

    def drop(self) -> None:
        """Lets go of the other future."""
        self._tell(self._drop)

    def open(self, scenario: Scenario, *, seed: int) -> None:
        """Leaves this run and plays another."""
        self._tell(self._open, scenario, seed)

    def look(self, looking: bool) -> None:
        """Whether the cell is in sight; out of sight it is not shown."""
        self._tell(self._look, looking)

    def pick(self, identity: int | None) -> None:
        """Tells the life of this receptor with every scene; None: of none."""
        self._tell(self._pick, identity)

    def attend(self, sight: Sight) -> None:
        """What is in view now; whom it follows is left to `pick`."""
        self._tell(self._attend, sight)

    def take_up(self, taking: Callable[[Runner], Kept]) -> None:
        """Leaves this run and goes on with a kept one; where there is none, this run goes on."""
        self._tell(self._take_up, taking)

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
            self._bell.notify_all()

    def watched(self) -> bool:
        """Asks the browser whether it is there; waits for its answer."""
        asked = time.monotonic()
        self.refresh()
        with self._bell:
            self._bell.wait_for(lambda: self._heard_at > asked or self._closed, WATCHED_S)
            return self._heard_at > asked and not self._closed

    def kept(self) -> Kept | None:
        """The run as it would be kept now; None before there is one."""
        return self._answered_by(self._as_kept)

    def away(self) -> bool:
        """Whether the page has been silent for so long that its run is paused."""
        return time.monotonic() - self._heard_at > AWAY_S

    def hand_over(self, message: str = _HANDED_OVER) -> None:
        """Writes the run to disk and gives it up, to another session or to nobody."""
        self._tell(self._hand_over, message)

    def taken(self) -> tuple[Result, tuple[Steering, ...], Result] | None:
        """The tables and the steering log up to now, and the run as if it ended now; None before there is a run."""
        return self._answered_by(lambda: self._take(self._future))

    def other(self) -> tuple[Result, tuple[Steering, ...], Result] | None:
        """The same of the other future; None where there is none."""
        return self._answered_by(lambda: self._take(self._other))

    def _answered_by(self, ask: Callable[[], Any]) -> Any:
        answer: SimpleQueue[Any] = SimpleQueue()
        self._tell(lambda: answer.put(ask()))
        while self._thread.is_alive():
            with suppress(Empty):
                return answer.get(timeout=0.5)
        return None

    # -- the thread ------------------------------------------------------------------------------------------------

    @property
    def _run(self) -> Run | None:
        return None if self._future is None else self._future.run

    def _tell(self, what: Callable[..., None], *args: object) -> None:
        with self._bell:
            self._waiting.append((what, args))
            self._bell.notify_all()

    def _work(self) -> None:
        try:
            while not self._closed:
                self._attempt(self._turn)
                self._attempt(self._present)
                self._attempt(self._keep)
                self._rest()
        finally:
            self._place.leave()
            self._give_up()
            self._future = self._other = None
            self._charge_nothing()
            self._budget.release(self)

    def _attempt(self, what: Callable[[], None]) -> None:
        """The thread's edge: a page with a message beats a dead one."""
        try:
            what()
        except Exception as fault:
            _log.exception("the run stopped")
            if self._base.status != "failed":  # else what cannot be shown would be shown again and again
                said = f"The run stopped: {fault or type(fault).__name__}. Reset, under More, starts it anew."
                self._say("failed", said)

    def _turn(self) -> None:
        """Does what was asked for, and carries the run on if it is time to."""
        self._obey()
        if self._future is not None and self._base.status in _GOING and time.monotonic() >= self._due():
            self._go_on(self._future)
        self._untold = not self._viewing.go_on()
        self._fresh = self._fresh or self._untold

    def _go_on(self, future: Future) -> None:
        """Carries the run to where the pace wants it by now, for one frame's worth of work at most."""
        now = time.monotonic()
        if now - self._heard_at > AWAY_S:
            return self._say("away", "Paused: this page has not answered for 30 s. The run is kept.")
        self._idle_s = 0.0
        if not self._greeted or (self._answered < self._sent and now - self._shown_at > LOST_S):
            self._worked_at, self._idle_s = now, WAITS_S  # nobody is watching: the story waits
            return self._place.leave()
        if not self._has_turn():
            self._worked_at, self._idle_s = now, WAITS_S
            return
        run, pace = future.run, 0.0
        until = run.duration_min
        if self._base.status in ("returning", "restoring"):
            until = self._parted_min
        elif self._base.status == "running":
            pace, first = self._wanted_pace(future), self._base.first_step_min
            self._aim += pace * min(now - self._worked_at, 4.0 * pacing.frame_s())
            if self._base.speed == GUIDED and first is not None and run.time_min < first:
                self._aim = min(self._aim, first)  # the pace changes there
            until = self._aim
        self._worked_at, deadline = now, now + FRAME_S
        stopped = False

        def keep_going() -> bool:
            nonlocal stopped
            stopped = time.monotonic() >= deadline or bool(self._waiting) or self._closed
            return not stopped

        if not self._budget.turn.acquire(timeout=FRAME_S):
            return
        try:
            deadline = time.monotonic() + FRAME_S
            self._charge(run, until)
            run.advance(max(until, run.time_min), keep_going=keep_going)
        except OverBudget as fault:
            return self._stop_short(run, str(fault))
        finally:
            self._budget.turn.release()
        future.keep()
        self._fresh = True
        if self._base.status == "returning":
            return None if stopped else self._arrive(run)
        if self._base.status == "restoring":
            return None if stopped else self._restored()
        if run.finished:
            return self._say("finished")
        if time.monotonic() >= deadline:
            self._aim = run.time_min
        self._measure(run.time_min, pace)

    def _charge(self, run: Run, until_min: float) -> None:
        """Counts computing that nobody watches; OverBudget once it is seen to take too much."""
        if self._base.status not in _UNWATCHED:
            return
        if self._piece is None:
            self._piece, self._piece_from_min = self._budget.piece(), run.time_min
        way = until_min - self._piece_from_min
        self._piece.report((run.time_min - self._piece_from_min) / way if way > 0.0 else 1.0)

    def _charge_nothing(self) -> None:
        if self._piece is not None:
            self._piece.done()
        self._piece = None

    def _stop_short(self, run: Run, why: str) -> None:
        """On the way the run has come to more work than its session may ask for: it can be watched from here."""
        if self._base.status == "returning":
            self._arrive(run)
        self._say("paused", f"{why} This run is paused where it has come to: Play goes on from here.")

    def _has_turn(self) -> bool:
        """Whether this run may compute now; if not, it says how many come before it."""
        ahead = self._place.ahead()
        waits = f"{_WAITS} {ahead} before you." if ahead else ""
        if waits != self._base.message and (waits or self._base.message.startswith(_WAITS)):
            self._say(self._base.status, waits)
        return not ahead

    def _wanted_pace(self, future: Future) -> float:
        if self._base.speed != GUIDED:
            return SPEEDS[self._base.speed]
        steering = future.passed()
        return guided_pace(future.run.time_min, steering[-1].time_min if steering else self._base.first_step_min)

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
        scene, future = replace(self._base, seq=self._sent), self._future
        if future is not None:
            run = future.run
            scene = replace(
                scene,
                scenario=run.scenario,
                time_min=run.time_min,
                moment=None if status in ("computing", "failed") else self._moment(run),
                steering=future.passed(),
                levels=levels(run),
            )
        try:
            self._show(scene)
        except Exception:
            self._answered = self._sent  # it never left: no answer comes
            raise

    def _moment(self, run: Run) -> Moment:
        crowd = self._viewing.crowd(run, at_once=self._base.status not in _GOING)
        return replace(Moment.of(run), crowd=crowd, followed=self._viewing.followed)

    def _obey(self) -> None:
        while not self._closed:
            with self._bell:
                if not self._waiting:
                    return
                what, args = self._waiting.popleft()
            what(*args)

    def _rest(self) -> None:
        with self._bell:
            unshown = self._fresh and self._answered >= self._sent
            if self._waiting or self._closed or self._untold or unshown:
                return
            if self._base.status not in _GOING:
                self._place.leave()
            if self._base.status in _GOING:
                self._bell.wait(max(self._due() - time.monotonic(), 0.0))
            else:
                self._bell.wait(self._unkept_s())

    def _due(self) -> float:
        """When the run may go on: at once while it computes, else a frame after it last did."""
        return self._worked_at + max(pacing.frame_s() if self._base.status == "running" else 0.0, self._idle_s)

    # -- commands, in the thread -----------------------------------------------------------------------------------

    def _say(self, status: str, message: str = "", **more: Any) -> None:
        pace = self._base.pace if status == "running" else 0.0
        self._base = replace(self._base, status=status, message=message, pace=pace, **more)
        self._fresh = True
        if status not in _UNWATCHED:
            self._charge_nothing()

    def _again(self) -> None:
        self._fresh = True

    def _look(self, looking: bool) -> None:
        self._viewing.look(looking)
        self._fresh = True

    def _pick(self, identity: int | None) -> None:
        self._viewing.pick(self._run, identity)
        self._attend(self._base.sight)

    def _attend(self, sight: Sight) -> None:
        self._base = replace(self._base, sight=replace(sight, followed=self._viewing.picked))
        self._fresh = True

    def _open(self, scenario: Scenario, seed: int) -> None:
        first = self._future is None
        if not first and (refused := self._refused(scenario)):
            return self._say(self._base.status, refused)
        self._leave()
        self._opened = scenario
        self._begin_another(scenario, seed, self._base.sight.of_another_run())
        self._say("preparing")
        self._future = self._other = None
        if self._keeping is not None:
            self._keeping.begin(self)
        self._present(at_once=True)
        self._viewing.begin()
        if first and (refused := self._refused(scenario)):
            return self._say("failed", refused)
        self._future = Future(Run(scenario, seed=seed, remember=True))
        self._start()

    def _refused(self, scenario: Scenario) -> str:
        """Why the session may not hold this run; "" where it does from now on."""
        try:
            self._budget.hold(self, size(scenario))
        except OverBudget as fault:
            return str(fault)
        return ""

    def _begin_another(self, scenario: Scenario, seed: int, sight: Sight) -> None:
        self._charge_nothing()
        first, number = first_change(self._opened.protocol), self._base.number + 1
        self._base = replace(
            self._base, scenario=scenario, seed=seed, first_step_min=first, number=number, ghost=None, sight=sight
        )

    def _leave(self) -> None:
        """Puts the run on disk as it is, before another takes its place: by its id it can be gone back to."""
        if self._unkept_s() is not None:
            self._write()

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
        if self._run is None or self._base.status in _ON_THE_WAY:
            return
        if self._run.finished or self._base.status == "computing":
            self._still = False  # what comes at once is there or on its way: it is the motion that is wanted
        if self._run.finished:
            self._open(self._opened, self._base.seed)
        self._say("computing" if self._still else "running")
        self._set_out()

    def _pause(self) -> None:
        if self._base.status in ("running", "computing"):
            self._say("paused")

    def _step(self) -> None:
        if self._run is None or self._run.finished or self._base.status in _ON_THE_WAY:
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
        self._change(lambda future: future.steer(insulin_nM), gesture=gesture)

    def _treat(self, name: str, to: float) -> None:
        self._change(lambda future: future.treat(name, to))

    def _change(self, change: Callable[[Future], None], **more: Any) -> None:
        """Something of the run changes from now on; one that has ended goes on.

        Where curves come at once, a change waits for Play: else every step of a hand would become a day.
        """
        future, status = self._future, self._base.status
        if future is None or status in ("failed", *_ON_THE_WAY):
            return self._say(status, self._base.message, **more)
        try:
            change(future)
        except ValueError as fault:
            return self._say(status, str(fault), **more)
        if self._still and status in ("finished", "paused"):
            return self._say("paused", _CHANGED, **more)
        if status == "finished":
            status = "running"
            self._set_out()
        self._say(status, **more)

    # -- two futures, in the thread --------------------------------------------------------------------------------

    def _fork(self, at_min: float) -> None:
        future = self._future
        if future is None or self._base.status in ("preparing", "failed", *_ON_THE_WAY):
            return
        at_min = min(max(at_min, 0.0), future.run.time_min)
        self._future, self._other, self._parted_min = future.back(at_min), future, at_min
        self._viewing.turn_to(self._run)
        self._say("returning", ghost=future.ghost(at_min))
        self._set_out()

    def _arrive(self, run: Run) -> None:
        """The run is back where its futures part: at the last end of a window up to the minute asked for."""
        self._parted_min = run.time_min
        ghost = None if self._base.ghost is None else replace(self._base.ghost, from_min=run.time_min)
        self._say("paused", "Back in time: change one thing, and press Play to see what becomes of it.", ghost=ghost)

    def _swap(self) -> None:
        if self._future is None or self._other is None or self._base.status in _ON_THE_WAY:
            return
        self._future, self._other = self._other, self._future
        self._viewing.turn_to(self._run)
        ended = self._future.run.finished
        going = self._base.status if self._base.status in _GOING else "paused"
        self._say("finished" if ended else going, ghost=self._other.ghost(self._parted_min))
        self._set_out()

    def _drop(self) -> None:
        if self._base.status not in _ON_THE_WAY:
            self._other = None
            self._say(self._base.status, self._base.message, ghost=None)

    # -- what is kept, in the thread -------------------------------------------------------------------------------

    def _take_up(self, taking: Callable[[Runner], Kept]) -> None:
        """Goes on with a kept run as it was left, which may first have to be computed again."""
        self._leave()
        self._present(at_once=True)
        try:
            kept = taking(self)
            run = kept.run()
        except KeptError:
            return self._stay()
        self._viewing.begin()
        self._opened, self._other = kept.opened, None
        self._future = Future(run, tuple(Steering(*row) for row in kept.steering))
        self._begin_another(run.scenario, kept.seed, kept.sight)
        self._viewing.pick(run, kept.sight.followed)
        self._set_speed(kept.speed)
        self._parted_min, self._left = kept.time_min, kept.status
        if run.time_min < kept.time_min:
            self._say("restoring")
        else:
            self._restored()

    def _stay(self) -> None:
        """What was asked for is not to be had: the run that is on goes on, under an id of its own."""
        if self._future is None:
            return self._open(self._opened, self._base.seed)
        self._base = replace(self._base, number=self._base.number + 1)
        if self._keeping is not None:
            self._keeping.begin(self)
        self._fresh = True

    def _restored(self) -> None:
        """The run is where it was left."""
        ended = self._run is None or self._run.finished
        if self._left == "running" and not ended:
            self._start()
        else:
            self._say("finished" if ended else "paused")

    def _state(self) -> object:
        """Tells the run as it is now from what was kept of it; None where there is nothing to keep."""
        if self._future is None or self._base.status in ("preparing", "failed", "returning", "restoring", "computing"):
            return None
        return self._future.run.time_min, self._future.steering, self._base.status, self._base.speed, self._base.sight

    def _unkept_s(self) -> float | None:
        state = self._state()
        if self._keeping is None or state is None:
            return None
        return self._keeping.due_s(state, running=self._base.status == "running")

    def _keep(self) -> None:
        """Writes the run to disk, if it is time to."""
        if self._unkept_s() == 0.0:
            self._write()

    def _write(self) -> None:
        began, kept = time.monotonic(), self._as_kept()
        if self._keeping is not None and kept is not None:
            self._keeping.write(kept, self._state(), began=began)

    def _as_kept(self) -> Kept | None:
        future, base = self._future, self._base
        if future is None or self._state() is None:
            return None
        run = future.run
        return Kept(
            opened=self._opened,
            scenario=run.scenario,
            seed=base.seed,
            time_min=run.time_min,
            steering=tuple((row.time_min, row.name, row.old, row.new) for row in future.steering),
            speed=base.speed,
            status=base.status if base.status in ("running", "finished") else "paused",
            sight=base.sight,
            snapshot=run.snapshot(past=True).to_bytes() if run.time_min > 0.0 else b"",
        )

    def _give_up(self) -> None:
        """Writes what was not yet written and lets others have the run."""
        if self._keeping is not None:
            try:
                if self._unkept_s() is not None:
                    self._write()
            finally:
                self._keeping.close()

    def _hand_over(self, message: str) -> None:
        self._give_up()
        self._future = self._other = None
        self._budget.release(self)
        self._say("failed", message)

    @staticmethod
    def _take(future: Future | None) -> tuple[Result, tuple[Steering, ...], Result] | None:
        if future is None:
            return None
        run = future.run
        # Before the first step there is nothing to end.
        return run.result(), future.passed(), run.so_far() if run.time_min > 0.0 else run.result()
