"""Two futures of one run: what was changed by hand, the way back to an earlier minute, and the course not taken.

A minute of the past is reached again from a state that was kept before it, or from the start, with the same random
numbers: nothing changed, the second future is the first to the last bit.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from trafficking.simulation import Run
from trafficking.snapshot import Snapshot
from trafficking.treatments import level, switched

from .scenes import Ghost, Moment, Steering

FURTHER_MIN = 24 * 60.0  # whoever changes something is given at least this much time to see what comes of it
_STATES = 8  # kept of a run, evenly over its time; to come back costs at most an eighth of it
_LARGEST_STATE = 8_000_000  # bytes; of larger cells none are kept
_PER_RECEPTOR = 32  # bytes in a state

INSULIN = "insulin_nM"


@dataclass
class Future:
    """One course of a run.

    steering: every change by hand, in order of time. Those still to come belong to a future that was gone back in;
    each lasts until what it changes is changed again.
    """

    run: Run
    steering: tuple[Steering, ...] = ()
    _kept: list[Snapshot] = field(default_factory=list)

    def steer(self, insulin_nM: float) -> None:
        """Insulin from now on; no plan and no later change of it applies any more."""
        old = self.run.insulin_nM
        self.run.steer(insulin_nM, until_min=self.run.time_min + FURTHER_MIN)
        self._log(INSULIN, old, insulin_nM)

    def treat(self, name: str, to: float) -> None:
        """A drug or the temperature from now on (see `treatments.switched`); ValueError if there is none such."""
        now, scenario = self.run.time_min, self.run.scenario
        old, treatments = level(scenario.treatments, name, now), switched(scenario.treatments, name, now, to)
        if self.run.finished:
            if scenario.medium is not None:
                raise ValueError("The run has ended, and with it what is in the medium: go back first.")
            self.run.steer(self.run.insulin_nM, until_min=now + FURTHER_MIN)
        self.run.treat(treatments)
        self._log(name, old, to)

    def _log(self, name: str, old: float, new: float) -> None:
        now = self.run.time_min
        at_once = [row.old for row in self.steering if row.name == name and row.time_min == now]
        old = at_once[0] if at_once else old  # the hand had not finished
        kept = [row for row in self.steering if row.name != name or row.time_min < now]
        kept += [Steering(now, name, old, new)] if old != new else []
        self.steering = tuple(sorted(kept, key=lambda row: row.time_min))

    def passed(self) -> tuple[Steering, ...]:
        """The changes by hand up to now."""
        return tuple(row for row in self.steering if row.time_min <= self.run.time_min)

    # -- back in time ----------------------------------------------------------------------------------------------

    def keep(self) -> None:
        """Keeps the present state, if it is time to."""
        run = self.run
        last = self._kept[-1].time_min if self._kept else 0.0
        if run.finished or run.time_min < last + run.duration_min / _STATES:
            return
        single = run.scenario.resolution == "agents"
        receptors = float(run.counts[run.itinerary.live].sum()) if single else 0.0
        if receptors * _PER_RECEPTOR + sum(column.nbytes for column in run.recorded.values()) < _LARGEST_STATE:
            self._kept.append(run.snapshot())
        if len(self._kept) > _STATES + 4:  # the run has been made longer again and again
            self._kept = self._kept[1::2]

    def back(self, at_min: float) -> Future:
        """The same course, as it was at the last kept state up to `at_min`; `Run.advance` leads on to that minute."""
        states = [state for state in self._kept if state.time_min <= at_min]
        run = self.run
        if states:
            again = Run.resume(replace(states[-1], scenario=run.scenario.to_dict()), chronicle=run.chronicle)
        else:
            remember = run.chronicle is not None
            again = Run(run.scenario, seed=run.seed, replicate=run.replicate, remember=remember)
        return Future(again, self.steering, states)

    def ghost(self, from_min: float) -> Ghost:
        """What became of this future, to be shown beside another that parted from it at `from_min`."""
        return Ghost(from_min, self.run.scenario, Moment.of(self.run), self.passed())
