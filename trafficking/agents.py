"""The Mesa view: one `Receptor` object per receptor in a `TraffickingModel`, for runs that people want to change.

The objects own no rates and no stepping rule. They ask the same kernel function as the arrays do, with the same random
streams, so their trajectories are those of `simulate` to the last bit; a subclass that changes nothing keeps them so.
Comfortable up to some ten thousand receptors; the arrays are a hundred times faster.

    class Blinking(Receptor):
        def on_transition(self, source, target, time_min):
            print(self.name, source, "->", target, time_min)

    model = TraffickingModel("chronic_insulin", seed=1, receptors=500, receptor_class=Blinking)
    model.step()                                      # one window
    model.run_for(60)                                 # one hour: Mesa's time is in minutes here
    model.agents.select(lambda r: r.state == "surface_bound")
"""

from __future__ import annotations

import inspect
import itertools
import math
import weakref
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import mesa
import numpy as np
from mesa.datacollection import DataCollector

from trafficking import kernel, stream
from trafficking.cells import Cells, Start
from trafficking.clocks import Clocks
from trafficking.faults import nearest, shown
from trafficking.identity import identity_text
from trafficking.io import scenario_of
from trafficking.itinerary import Itinerary
from trafficking.moves import staying
from trafficking.quantities import MOST_MINUTES, MOST_NM, measured
from trafficking.receptors import compile_all, starting_slab
from trafficking.scenario import Scenario
from trafficking.seeds import seed_from
from trafficking.simulation import Run
from trafficking.synthesis import Newborn, Synthesis
from trafficking.tally import Passed, padded


class _Counters(weakref.WeakKeyDictionary):
    """Mesa 3.3 numbers agents through a table that keeps every model alive; this one lets discarded models go."""

    def __missing__(self, model: mesa.Model) -> Iterator[int]:
        return self.setdefault(model, itertools.count(1))

    def __getitem__(self, model: mesa.Model) -> Iterator[int]:
        return super().__getitem__(model) if model in self else self.__missing__(model)


class Receptor(mesa.Agent):
    """One receptor.

    name: the engine's identity ("start-17", "born-42"), stable whatever else changes; `unique_id` is Mesa's own.
    state, compartment, bound: where it is now and whether it carries insulin. born_min: minute of its making, None for
    those present at the start. time_min: the minute up to which it has been carried. gone: whether it has left.
    """

    _ids = _Counters()

    def __init__(
        self,
        model: TraffickingModel,
        columns: tuple[np.ndarray, ...] | None = None,
        slot: int = 0,
        born_min: float | None = None,
    ) -> None:
        """columns: states, targets, identities and draws of some receptors, of which this is the one at `slot`."""
        if columns is None:
            made = "the model makes its receptors itself, as many as its `receptors` says"
            raise ValueError(f"Receptor: no place of a receptor given; {made}")
        super().__init__(model)
        states, targets, identities, draws = columns
        self.identity = int(identities[slot])
        self.born_min = born_min
        self.time_min = born_min or 0.0
        self._state, self._target, self._draw = int(states[slot]), float(targets[slot]), int(draws[slot])
        self.gone = self._carried = False
        self._key = np.uint64(stream.stream_key(model.flock.path, identities[slot]))

    @property
    def name(self) -> str:
        return identity_text(self.identity)

    @property
    def state(self) -> str:
        return self.model.itinerary.state_names[self._state]

    @state.setter
    def state(self, state: str) -> None:
        self.move_to(state)

    @property
    def compartment(self) -> str:
        return self.model.itinerary.states[self._state].compartment

    @property
    def bound(self) -> bool:
        return self.model.itinerary.states[self._state].bound

    def on_transition(self, source: str, target: str, time_min: float) -> None:
        """Called after each transition of this receptor, in order of time; for subclasses."""

    def move_to(self, state: str) -> None:
        """Puts this receptor into another state, from where it goes on with a fresh waiting time of its own stream.

        In `on_transition` this happens at the transition's minute, between steps at the model's. An end removes it.
        """
        names = self.model.itinerary.state_names
        if not isinstance(state, str) or state not in names:
            hint = nearest(state, names) or f"; states are {', '.join(names)}"
            raise ValueError(f"move_to: {shown(state)} is not a state{hint}")
        if self.gone:
            raise ValueError(f"move_to: {self.name} has left the cell and cannot be moved")
        flock = self.model.flock
        before, self._state = self._state, names.index(state)
        flock.note(before, self._state, self.time_min)
        self._target, self._draw = kernel.enter_state(
            self._state, self.time_min, self._key, self._draw, flock.clocks.states[0]
        )
        if not self._carried and flock.clocks.gone[self._state]:
            self._leave()

    def remove(self) -> None:
        """Takes this receptor out of the cell without a trace in any end."""
        if not self.gone:
            self.model.flock.note(self._state, None, self.time_min)
            self._leave()

    def _leave(self) -> None:
        self.gone = True
        super().remove()

    def carry(self, now: float, end: float, records: np.ndarray, passages: np.ndarray) -> None:
        """Lives from `now` to `end`; the model calls this once in each window."""
        flock, names = self.model.flock, self.model.itinerary.state_names
        self.time_min, self._carried = now, True
        while not self.gone:
            before = self._state
            transition, self.time_min, self._state, self._target, self._draw = kernel.advance_receptor(
                self._state, self._target, self._draw, self._key, self.time_min, end, *flock.clocks.tables_of(0)
            )
            if transition < 0:
                break
            passages[kernel.record_row(self.time_min, records, 0.0, 0.0), transition] += 1
            flock.note(before, self._state, self.time_min)
            self.on_transition(names[before], names[self._state], self.time_min)
            # Only now: a subclass may have taken it back from the end.
            if flock.clocks.gone[self._state] and not self.gone:
                self._leave()
        self._carried = False


class _Flock:
    """Receptors as objects, in the place of the arrays: what `simulation.Run` carries through windows."""

    def __init__(
        self,
        model: TraffickingModel,
        receptor_class: type[Receptor],
        itinerary: Itinerary,
        start: Start,
        *,
        cells: Cells,
        rates: np.ndarray,
        **_: object,
    ) -> None:
        compile_all()
        self._model, self._receptor_class = model, receptor_class
        model.flock, model.itinerary = self, itinerary
        self.path, self._division = cells.path[0], cells.division[0]
        self.clocks = Clocks(itinerary, cells)
        self.clocks.begin_window(rates, 0.0, 0.0, np.zeros((1, len(itinerary.states)), dtype=np.int64))
        self._records, self._changes = padded(np.zeros(0)), np.zeros((1, len(itinerary.states)), dtype=np.int64)
        self._synthesis = Synthesis(self.clocks)
        slab, self.counts = starting_slab(start, self.clocks)
        for slot in np.flatnonzero(slab.states != slab.free).tolist():
            receptor_class(model, slab.columns, slot)

    def advance(
        self,
        rates: np.ndarray,
        start_min: float,
        end_min: float,
        records: np.ndarray,
        cell_records: np.ndarray | None = None,
    ) -> Passed:
        """Carries every object through one window; see `Receptors.advance`. Newborn ones appear at its end."""
        self.clocks.begin_window(rates, start_min, end_min, self.counts)
        passages = np.zeros((len(records) + 1, rates.shape[1]), dtype=np.int64)
        self._records = records = padded(records)
        self._changes = np.zeros((len(passages), self.counts.shape[1]), dtype=np.int64)
        at_start = self.counts[0].copy()
        newborn = list(self._synthesis.make(end_min))
        for receptor in list(self._model.agents):
            if isinstance(receptor, Receptor):
                receptor.carry(start_min, end_min, records, passages)
        for batch in newborn:
            self._admit(batch, end_min, records, passages)
        counts = at_start + np.cumsum(self._changes[:-1], axis=0)
        return Passed(passages, counts, np.zeros((0, *self.counts.shape), dtype=np.int64))

    def treat(self, to: np.ndarray, keep: np.ndarray, occasion: int, now_min: float) -> None:
        """Moves every object at `now_min`, and removes those that leave; see `Receptors.treat`."""
        here = [receptor for receptor in self._model.agents if isinstance(receptor, Receptor)]
        identities = np.array([receptor.identity for receptor in here], dtype=np.uint64)
        states = np.array([receptor._state for receptor in here], dtype=np.int64)
        keys = np.full(len(here), self._division)
        for receptor, stays in zip(here, staying(identities, keys, occasion, keep[states]).tolist(), strict=True):
            before, receptor._state = receptor._state, int(to[receptor._state])
            self.counts[0, before] -= 1
            if stays:
                self.counts[0, receptor._state] += 1
            else:
                receptor._leave()

    def _admit(self, newborn: Newborn, end_min: float, records: np.ndarray, passages: np.ndarray) -> None:
        arrows = newborn.arrows.tolist()
        for slot, (arrow, born_min) in enumerate(zip(arrows, newborn.born_min.tolist(), strict=True)):
            passages[kernel.record_row(born_min, records, 0.0, 0.0), arrow] += 1
            state = int(newborn.states[slot])
            self.note(None, state, born_min)
            key = np.uint64(stream.stream_key(self.path, newborn.identities[slot]))
            newborn.targets[slot], newborn.draws[slot] = kernel.enter_state(
                state, born_min, key, 0, self.clocks.states[0]
            )
            if not self.clocks.gone[state]:
                receptor = self._receptor_class(self._model, newborn.columns, slot, born_min)
                receptor.carry(born_min, end_min, records, passages)

    def note(self, before: int | None, after: int | None, time_min: float) -> None:
        """One receptor fewer in `before` and one more in `after`, from `time_min` on."""
        row = kernel.record_row(time_min, self._records, 0.0, 0.0)
        for state, change in ((before, -1), (after, 1)):
            if state is not None:
                self.counts[0, state] += change
                self._changes[row, state] += change


class _Signature:
    """What Mesa's `batch_run` takes for the arguments of a model: all but `seed`.

    It puts None in the place of a `seed` that it finds there, also of one that was asked for; it then uses `rng`.
    """

    def __get__(self, model: TraffickingModel | None, owner: type) -> inspect.Signature:
        if "__init__" in {
            name for each in owner.__mro__[: owner.__mro__.index(TraffickingModel)] for name in vars(each)
        }:
            raise AttributeError("__signature__")  # a subclass has arguments of its own
        whole = inspect.signature(TraffickingModel.__init__)
        return whole.replace(
            parameters=[each for name, each in whole.parameters.items() if name not in ("self", "seed")]
        )


class TraffickingModel(mesa.Model):
    """A scenario as a Mesa model: `step()` advances one window, `agents` are the receptors.

    seed: the integer that repeats this model, drawn if none was given. run: the simulation underneath (messenger,
    recorded tables, scenario). time: minutes so far. datacollector: seed, minute, insulin and counts per state, one row
    at the start and one per step. running: false once the scenario has ended.

    Mesa's clock is in minutes: `run_for(60)` is an hour, and an event scheduled at 90 finds the receptors as they are
    at 90 min (Mesa 3.5). It ends with the scenario. A look between two windows changes nothing.
    """

    __signature__ = _Signature()

    def __init__(
        self,
        scenario: Scenario | str | Path = "chronic_insulin",
        *,
        seed: Any = None,
        receptors: int | str | None = None,
        insulin_nM: float | str | None = None,
        receptor_class: type[Receptor] = Receptor,
        rng: Any = None,
    ) -> None:
        """Makes one object for each receptor of the starting cell.

        Args:
            scenario: a scenario, or the name or path of one.
            seed: integer, also as text; the receptors equal those of `simulate(scenario, seed=seed)`. None: one is
                drawn, and is then in `seed` and in the table.
            receptors: R0 of the cell, in place of the scenario's; also as text.
            insulin_nM: clamps insulin from the first window on, in place of the scenario's exposure; also as text.
            receptor_class: a subclass of `Receptor` with behaviour of its own.
            rng: Mesa's other name of `seed`; a generator or SeedSequence of numpy's gives a seed drawn from it.

        Raises:
            ValueError: a value that is none of these; one line.
        """
        if seed is not None and rng is not None:
            raise ValueError("seed, rng: both given; give one of them")
        self.seed: int = seed_from(seed) if rng is None else seed_from(rng, "rng")
        if not (isinstance(receptor_class, type) and issubclass(receptor_class, Receptor)):
            raise ValueError(f"receptor_class: {shown(receptor_class)} given; a subclass of Receptor is needed")
        super().__init__(rng=self.seed)
        if hasattr(self, "_default_schedule"):
            self._default_schedule.stop()  # Mesa's own: a step at every whole number
        changes: dict[str, Any] = {"resolution": "agents"}
        if receptors is not None:
            changes["receptors"] = _whole(receptors)
        scenario = scenario_of(scenario).changed(**changes)
        if scenario.cells.number > 1:
            raise ValueError(f"cells: {scenario.cells.number:,} given; a Mesa model holds one cell, set cells to 1")
        self.flock: _Flock
        self.itinerary: Itinerary
        self.run = Run(scenario, seed=self.seed, populate=partial(_Flock, self, receptor_class))
        if insulin_nM is not None:
            self.run.steer(measured(_number(insulin_nM), "insulin", "insulin_nM", most=MOST_NM))
        self.time: float = self.run.time_min
        self.running: bool = not self.run.finished
        reporters: dict[str, Any] = {name: name for name in ("seed", "time_min", "insulin_nM")}
        for i, name in enumerate(self.itinerary.state_names):
            reporters[name] = partial(_count, i)
        self.datacollector = DataCollector(model_reporters=reporters)
        self.datacollector.collect(self)

    @property
    def time_min(self) -> float:
        """Simulated minutes so far."""
        return self.run.time_min

    @property
    def insulin_nM(self) -> float:
        """Insulin from now on, nM."""
        return self.run.insulin_nM

    @property
    def counts(self) -> dict[str, int]:
        """Receptors now in each state; an end holds all that ever arrived."""
        return dict(zip(self.itinerary.state_names, self.flock.counts[0].tolist(), strict=True))

    @property
    def scenario(self) -> Scenario:
        """Not to be had: Mesa's page takes what it finds here for a scenario of its own, and gives that on `Reset`."""
        raise AttributeError("scenario: a TraffickingModel has its scenario in run.scenario")

    @scenario.setter
    def scenario(self, scenario: Any) -> None:
        pass  # Mesa's own, of which nothing is read

    def step(self) -> None:
        """Advances one window; does nothing once the scenario has ended."""
        if not self.run.finished:
            self.run.advance_window()
            self.time = self.run.time_min
            self.datacollector.collect(self)
            self.running = not self.run.finished

    def run_for(self, duration: float | str) -> None:
        """Goes on for so many minutes ("1 h" is as good), at most to the end of the scenario.

        Each window on the way is a step, and scheduled events happen at their minutes.
        """
        self._advance_time(self.time_min + measured(duration, "time", "run_for", most=MOST_MINUTES))

    def run_until(self, end_time: float | str) -> None:
        """Goes on to this minute, at most to the end of the scenario; see `run_for`.

        Raises:
            ValueError: the minute lies in the past.
        """
        until = measured(end_time, "time", "run_until", most=MOST_MINUTES)
        if until < self.time_min:
            raise ValueError(f"run_until: {shown(end_time)} given; the model is at {self.time_min:g} min already")
        self._advance_time(until)

    def deregister_agent(self, agent: mesa.Agent) -> None:
        """Mesa's; a receptor that is deregistered leaves the cell."""
        if isinstance(agent, Receptor) and not agent.gone:
            agent.remove()
        else:
            super().deregister_agent(agent)

    def __copy__(self) -> TraffickingModel:
        raise TypeError("copy: two models cannot share receptors; copy.deepcopy makes a second set of them")

    # -- what Mesa calls -------------------------------------------------------------------------------------------

    def _wrapped_step(self) -> None:
        """Takes the place of `step` in every Mesa model: goes on to the end of the window, and counts it."""
        if not self.run.finished:
            self._advance_time(self.run.window_end_min)

    def _advance_time(self, until: float) -> None:
        """Mesa's loop over its events, with a window of receptors in the place of one unit of time."""
        until, self.time = min(until, self.run.duration_min), self.run.time_min
        while True:
            while self._next_event_min() <= self.time_min:
                self._event_list.pop_event().execute()
            if self.time_min >= until:
                return
            end = self.run.window_end_min
            at = min(until, end, self._next_event_min())
            if at == end:
                self.steps += 1
                self._user_step()
            self.run.reach(at)  # where a subclass did not call `step` of this class, or none is due
            self.time = self.run.time_min

    def _next_event_min(self) -> float:
        events = getattr(self, "_event_list", None)
        ahead = [] if events is None or events.is_empty() else events.peek_ahead(1)
        return ahead[0].time if ahead else math.inf


def _number(given: Any) -> Any:
    """A number that a text field of a page gives as text."""
    try:
        return float(given) if isinstance(given, str) else given
    except ValueError:
        return given


def _whole(given: Any) -> Any:
    """A whole number that a text field gives as text and a slider as a float; the scenario says what is wrong else."""
    number = _number(given)
    return int(number) if isinstance(number, float) and number.is_integer() else given


def _count(state: int, model: TraffickingModel) -> int:
    return int(model.flock.counts[0, state])
