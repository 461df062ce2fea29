"""The Mesa view: one `Receptor` object per receptor in a `TraffickingModel`, for runs that people want to change.

The objects own no rates and no stepping rule. They ask the same kernel function as the arrays do, with the same random
streams, so their trajectories are those of `simulate` to the last bit; a subclass that changes nothing keeps them so.
Comfortable up to some ten thousand receptors; the arrays are a hundred times faster.

    class Blinking(Receptor):
        def on_transition(self, source, target, time_min):
            print(self.name, source, "->", target, time_min)

    model = TraffickingModel("chronic_insulin", receptors=500, receptor_class=Blinking)
    model.step()                                      # one window
    model.agents.select(lambda r: r.state == "surface_bound")
"""

from __future__ import annotations

import itertools
import weakref
from collections.abc import Iterator
from difflib import get_close_matches
from functools import partial
from typing import Any

import mesa
import numpy as np
from mesa.datacollection import DataCollector

from trafficking import kernel, stream
from trafficking.cells import Cells, Start
from trafficking.clocks import Clocks
from trafficking.identity import identity_text
from trafficking.io import load_scenario
from trafficking.itinerary import Itinerary
from trafficking.moves import staying
from trafficking.receptors import compile_all, starting_slab
from trafficking.scenario import Scenario
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
        self, model: TraffickingModel, columns: tuple[np.ndarray, ...], slot: int, born_min: float | None = None
    ) -> None:
        """columns: states, targets, identities and draws of some receptors, of which this is the one at `slot`."""
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
        if state not in names:
            near = get_close_matches(state, names, 1)
            hint = f"; did you mean {near[0]!r}?" if near else f"; states are {', '.join(names)}"
            raise ValueError(f"move_to: {state!r} is no state{hint}")
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


class TraffickingModel(mesa.Model):
    """A scenario as a Mesa model: `step()` advances one window, `agents` are the receptors.

    run: the simulation underneath (time, messenger, recorded tables). datacollector: counts per state, minute and
    insulin, one row at the start and one per step. running: false once the scenario has ended.
    """

    def __init__(
        self,
        scenario: Scenario | str = "chronic_insulin",
        *,
        seed: int = 1,
        receptors: int | None = None,
        insulin_nM: float | None = None,
        receptor_class: type[Receptor] = Receptor,
    ) -> None:
        """Makes one object for each receptor of the starting cell.

        Args:
            scenario: a scenario, or the name or path of one.
            seed: integer; the receptors equal those of `simulate(scenario, seed=seed)`.
            receptors: R0 of the cell, in place of the scenario's.
            insulin_nM: clamps insulin from the first window on, in place of the scenario's exposure.
            receptor_class: a subclass of `Receptor` with behaviour of its own.
        """
        super().__init__(rng=seed)
        if not isinstance(scenario, Scenario):
            scenario = load_scenario(scenario)
        changes: dict[str, Any] = {"resolution": "agents"}
        if receptors is not None:
            changes["receptors"] = receptors
        scenario = scenario.changed(**changes)
        if scenario.cells.number > 1:
            raise ValueError(f"cells: {scenario.cells.number:,} given; a Mesa model holds one cell, set cells to 1")
        self.flock: _Flock
        self.itinerary: Itinerary
        self.run = Run(scenario, seed=seed, populate=partial(_Flock, self, receptor_class))
        if insulin_nM is not None:
            self.run.steer(insulin_nM)
        self.running: bool = not self.run.finished
        reporters: dict[str, Any] = {"time_min": "time_min", "insulin_nM": "insulin_nM"}
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

    def step(self) -> None:
        """Advances one window; does nothing once the scenario has ended."""
        if self.running:
            self.run.advance_window()
            self.datacollector.collect(self)
            self.running = not self.run.finished


def _count(state: int, model: TraffickingModel) -> int:
    return int(model.flock.counts[0, state])
