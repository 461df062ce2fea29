"""What the page Model keeps: the diagram of the run on Live, what was chosen in it, the constants changed by hand."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any

from trafficking import named_constants
from trafficking.itinerary import Itinerary
from trafficking.named_constants import Constant, constants_of, symbols_of
from trafficking.scenario import Scenario, ScenarioError

from . import hearing, laws, words
from .constants_table import ConstantsTable, rows, span
from .desk import Desk
from .diagram import Diagram, pack, plan
from .drawing import words as said
from .passing import Passing
from .scenes import Scene, unusual

EVERY_S = 0.25  # between two pictures: eyes read numbers no faster


class Model:
    """The diagram and the table of one session; it follows whatever runs on Live."""

    def __init__(self) -> None:
        self.diagram = Diagram()
        self.table = ConstantsTable()
        self._desk: Desk | None = None
        self._base: Scenario | None = None  # as it was before any change by hand
        self._mine: Scenario | None = None  # what was opened with such changes
        self._left: Scenario | None = None  # what ran when it was asked for
        self._edits: dict[str, float] = {}
        self._constants: dict[str, Constant] = {}
        self._drawn: Itinerary | None = None
        self._shown_s = 0.0
        self._passing: Passing | None = None
        self.diagram.listen(self._hear_diagram)
        self.table.listen(self._hear_table)

    def attend(self, desk: Desk) -> Callable[[], None]:
        """Follows the run of a desk; returns what ends that."""
        self._desk = desk
        leave = desk.watch(self.show)
        desk.runner.refresh()
        return leave

    def close(self) -> None:
        self._desk = None

    # -- the run ---------------------------------------------------------------------------------------------------

    def show(self, scene: Scene) -> None:
        """Draws a scene, at most four a second. Called in the runner's thread."""
        desk, now = self._desk, time.monotonic()
        if desk is None or scene.moment is None:
            return
        opened = desk.runner.opened
        if opened is self._left:  # a change by hand is still on its way
            return
        self._left = None
        fresh = opened is not (self._mine or self._base)
        if fresh:
            self._base, self._mine, self._edits = opened, None, {}
            self.table.note = self.table.fault = ""  # what was said of another scenario
        if fresh or self._drawn is not scene.scenario.unlabelled:
            self._lay_out(scene.scenario, opened)
        if now < self._shown_s + EVERY_S and scene.status == "running" and not fresh:
            return
        self._shown_s = now
        self._passing = passing = Passing.of(scene.scenario, scene.moment, scene.time_min)
        with self.diagram.hold_sync():
            self.diagram.now = pack(passing.rates, passing.flux, passing.counts)
            acting = [words.insulin(passing.insulin_nM), *words.acting(unusual(scene.levels))]
            self.diagram.title = ", ".join([_cell(opened), words.span(scene.time_min), *acting])
            self.diagram.seq += 1
            self._tell()

    def _lay_out(self, scenario: Scenario, opened: Scenario) -> None:
        drawn = scenario.unlabelled
        if self._drawn is None or drawn.transitions != self._drawn.transitions:
            self.diagram.plan = plan(drawn)
        self._drawn = drawn
        self._constants = {constant.symbol: constant for constant in constants_of(opened)}
        with self.table.hold_sync():
            self.table.cell = f"{opened.title or opened.name}, {_cell(opened)}"
            self.table.rows = rows(self._constants.values(), self._edits)
            self.table.changes = len(self._edits)

    # -- what was chosen -------------------------------------------------------------------------------------------

    def _hear_diagram(self, message: dict) -> None:
        self.diagram.chosen = hearing.text(message, "choose")
        self._tell()

    def _tell(self) -> None:
        """What stands beside the diagram, and which constants stand out below it."""
        kind, _, name = self.diagram.chosen.partition(":")
        passing = self._passing
        detail: dict[str, Any] = {}
        if passing is not None and kind == "arrow":
            detail = self._arrow(name, passing)
        elif passing is not None and kind == "state":
            detail = self._state(name, passing)
        self.diagram.detail = detail
        self.table.marked = [row["symbol"] for row in detail.get("constants", [])]

    def _arrow(self, name: str, passing: Passing) -> dict[str, Any]:
        names = [arrow.name for arrow in passing.itinerary.transitions]
        if name not in names or self._base is None:
            return {}
        place = names.index(name)
        arrow, rate, flux = passing.itinerary.transitions[place], passing.rates[place], passing.flux[place]
        drawn_from = symbols_of(self._mine or self._base)
        entry = drawn_from[name] if drawn_from else None
        values = {
            "insulin": words.insulin(passing.insulin_nM),
            "occupancy": words.short(passing.occupancy),
            "load": words.short(passing.load(laws.load_of(arrow, entry))),
            "copy_number": f"{passing.copy_number:,.0f}",
            "mrna": words.short(passing.mrna),
        }
        passes = f"{words.short(flux)} receptors/min"
        now = [("Made now", passes)] if arrow.source is None else _pace(rate, passes)
        return {
            "title": said(name),
            "ends": f"{said(arrow.source) if arrow.source else 'synthesis'} → {said(arrow.target)}",
            "equation": laws.equation(arrow, entry),
            "where": [
                [symbol, meaning, values[key]] for symbol, meaning, key in laws.where(arrow, passing.itinerary, entry)
            ],
            "now": now,
            "constants": self._listed(lambda constant: name in constant.arrows),
        }

    def _state(self, name: str, passing: Passing) -> dict[str, Any]:
        itinerary = passing.itinerary
        if name not in itinerary.state_names:
            return {}
        place = itinerary.state_names.index(name)
        state, count = itinerary.states[place], passing.counts[place]
        leaving = float(passing.rates[itinerary.sources == place].sum())
        own = {a.name for a in itinerary.transitions if name in (a.source, a.target)}
        stay = f"{words.short(1.0 / leaving)} min" if leaving > 0.0 else "for good"
        share = f"{words.short(100.0 * count / passing.copy_number)} % of R0"
        carries = "carries insulin" if state.bound else "carries no insulin"
        return {
            "title": said(name),
            "ends": f"{carries}; counts as {state.activity:g} of an active receptor",
            "equation": laws.balance(name, itinerary),
            "where": [],
            "now": [("Receptors now", f"{count:,.0f} ({share})"), ("Mean stay now", stay)],
            "constants": self._listed(lambda constant: bool(own & set(constant.arrows))),
        }

    def _listed(self, wanted: Callable[[Constant], bool]) -> list[dict[str, Any]]:
        return [
            {
                "symbol": constant.symbol,
                "meaning": constant.meaning,
                "words": constant.words,
                "range": span(constant),
                "known": f"{constant.status}{', fitted' if constant.fitted else ''}; confidence {constant.confidence}",
                "source": constant.source,
                "identifier": constant.identifier,
            }
            for constant in self._constants.values()
            if constant.arrows and wanted(constant)
        ]

    # -- changes by hand -------------------------------------------------------------------------------------------

    def _hear_table(self, message: dict) -> None:
        if message.get("undo"):
            self._open({})
        elif (symbol := hearing.text(message, "symbol")) in self._constants:
            self._change(symbol, hearing.number(message, "value"))

    def _change(self, symbol: str, value: float) -> None:
        constant = self._constants[symbol]
        value = constant.published if value >= named_constants.OFF and math.isinf(constant.published) else value
        if fault := named_constants.refusal(self._constants, symbol, value):
            self.table.fault = fault
            return
        before = {each.symbol: each.value for each in constants_of(self._base)} if self._base else {}
        edits = self._edits | {symbol: value}
        self._open({key: edited for key, edited in edits.items() if edited != before.get(key)})

    def _open(self, edits: dict[str, float]) -> None:
        """Opens the scenario anew on Live, with these constants in place of its own."""
        desk, base = self._desk, self._base
        if desk is None or base is None or edits == self._edits:
            return
        try:
            scenario = named_constants.changed(base, edits)
        except (ScenarioError, ValueError) as fault:
            self.table.fault = str(fault)
            return
        self._left, self._mine, self._edits = desk.runner.opened, scenario, edits
        listed = ", ".join(
            f"{symbol} = {named_constants.number(value, self._constants[symbol].unit)}"
            for symbol, value in edits.items()
        )
        self.table.fault = ""
        self.table.note = (
            f"Live runs anew with {listed}. The change goes out with the run, in its scenario."
            if edits
            else "Live runs anew with the values it had before your changes."
        )
        desk.runner.open(scenario, seed=desk.runner.seed)


def _pace(rate: float, passes: str) -> list[tuple[str, str]]:
    half = words.half_time(rate)
    return [("Rate now", f"{words.short(rate)} /min"), ("Half-time now", half), ("Passing now", passes)]


def _cell(scenario: Scenario) -> str:
    return scenario.evidence.title or scenario.tissue
