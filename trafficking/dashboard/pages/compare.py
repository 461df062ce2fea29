"""Compare: up to six runs over each other, their differences, and what is read off them."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

import solara

from trafficking.half_times import clock_words
from trafficking.scenario import Scenario, ScenarioError

from .. import exports, hearing, pinboard, pins, store, words
from ..chart import Axis, Chart
from ..desk import Desk, shipped
from ..elements import box, what
from ..form import Form, Sheet, chosen, number
from ..jobs import Job
from ..notes import Note
from ..pins import MOST, QUANTITIES, UNITS, Pin
from ..store import Export
from ..task import Task, in_view

RESOLUTIONS = {"mean": "Expected numbers", "counts": "Random numbers", "agents": "Single receptors"}
PAGE = "compare"  # its notes are known by this name
_LONGEST_NAME = 80  # letters
_FULL = f"{MOST} runs are pinned; remove one first."
_NOTHING = "Nothing is pinned yet: pin the run on Live, or compute a scenario and pin that."
_MOST_REPLICATES = 200
_MINUS = "\N{MINUS SIGN}"


class Comparison:
    """The pins of a session, and how they are shown."""

    def __init__(self) -> None:
        self.live = Form(label="The run on Live", action="Pin the run on Live", fields=[_NAME])
        self.other = Form(label="Another run", action="Compute and pin", fields=_fields())
        self.shown = Form(label="What is shown", fields=self._choices([]))
        self.chart, self.sheet = Chart(), Sheet(state={"sentence": _NOTHING})
        self.desk: Desk | None = None
        self._pins: list[Pin] = []
        self._chosen = {"quantity": "surface", "unit": "percent", "base": "", "times": "0, 1, 6, 24"}
        self.task: Task[Pin] = Task(self._changed)
        self._recalled = False
        self._guard = threading.RLock()
        self._shelf = store.add(self._export)
        self.live.listen(self._hear_live)
        self.other.listen(self._hear_other)
        self.shown.listen(self._hear_choice)
        self.sheet.listen(self._hear_sheet)

    def close(self) -> None:
        store.drop(self._shelf)
        self.desk = None
        self.task.cancel()

    def attend(self, desk: Desk) -> None:
        """The session whose run on Live can be pinned."""
        self.desk = desk
        desk.notes.recall(PAGE, self.recall)

    def recall(self, note: Note | None) -> None:
        """Puts back what was pinned before a reload, once."""
        first, self._recalled = not self._recalled, True
        if note is None or not first:
            return
        with self._guard:
            ours, self._pins = self._pins, pinboard.recalled(note)
            given = note.words.get("chosen")
            if isinstance(given, dict) and not ours:
                with suppress(ValueError):  # shown in a way that there no longer is
                    self._choose(given)
        for pin in ours:  # pinned while the note was on its way
            self._pin(pin)
        self._draw()
        self.shown.fill(self._chosen)

    def _note(self) -> None:
        if self.desk is not None:
            self.desk.notes.put(PAGE, pinboard.noted(self._pins, self._chosen))

    # -- from the browser ------------------------------------------------------------------------------------------

    def _hear_live(self, message: dict) -> None:
        desk = self.desk
        if hearing.text(message, "do") != "start" or desk is None:
            return
        asked = str(hearing.values(message).get("name", ""))[:_LONGEST_NAME]
        taken = desk.runner.taken()
        if taken is None:
            return self.live.complain("The run on Live is not ready yet; try again in a moment.")
        title = taken[0].scenario.title or taken[0].scenario.name
        pinned = self._pin(pins.of_result(taken[0], name=asked or f"{title} (Live)", look=0, by_hand=len(taken[1])))
        self.live.complain("" if pinned else _FULL)

    def _hear_other(self, message: dict) -> None:
        asked_for = hearing.text(message, "do")
        if asked_for == "cancel":
            self.task.cancel()
        elif asked_for == "start":
            try:
                scenario, name, replicates, seed = wish(hearing.values(message))
            except ValueError as fault:
                return self.other.complain(str(fault))
            if len(self._pins) >= MOST:
                return self.other.complain(_FULL)
            self.task.start(
                lambda report: pins.computed(
                    scenario, name=name, look=0, replicates=replicates, seed=seed, progress=report
                ),
                needs=[scenario.resolution],
            )

    def _changed(self, job: Job[Pin]) -> None:
        if job.status == "done" and job.result is not None and not self._pin(job.result):
            return self.other.complain(_FULL)
        self.other.follow(job)

    def _hear_choice(self, message: dict) -> None:
        values = hearing.values(message)
        try:
            self._choose(values)
        except ValueError as fault:
            return self.shown.complain(str(fault))
        self.shown.complain("")
        self._draw()
        self._note()

    def _choose(self, values: Mapping[str, Any]) -> None:
        """Shows the pins so; ValueError in words for the reader."""
        times = str(values.get("times", ""))
        pins.times_of(times)
        with self._guard:
            base = str(values.get("base", ""))
            self._chosen = {
                "quantity": chosen(values, "quantity", "Quantity", QUANTITIES),
                "unit": chosen(values, "unit", "Unit", UNITS),
                "base": base if any(pin.name == base for pin in self._pins) else "",
                "times": times,
            }

    def _hear_sheet(self, message: dict) -> None:
        with self._guard:
            row = hearing.whole(message, "remove")
            if 0 <= row < len(self._pins):
                gone = self._pins.pop(row)
                if self._chosen["base"] == gone.name:
                    self._chosen["base"] = ""
        self._draw()
        self._note()

    # -- to the browser --------------------------------------------------------------------------------------------

    def _pin(self, pin: Pin) -> bool:
        """Adds a pin with a name and a look of its own; False where there is no room."""
        with self._guard:
            if len(self._pins) >= MOST:
                return False
            taken, name, again = {each.name for each in self._pins}, pin.name, 2
            while name in taken:
                name, again = f"{pin.name} ({again})", again + 1
            look = min(set(range(MOST)) - {each.look for each in self._pins})
            self._pins.append(replace(pin, name=name, look=look))
        self._draw()
        self._note()
        return True

    def _draw(self) -> None:
        with self._guard:
            shown, (quantity, unit, base) = list(self._pins), self._showing()
            self.shown.fields = self._choices([pin.name for pin in shown])
            label = QUANTITIES[quantity]
            scale = "receptors" if unit == "receptors" else "% of reference surface"
            minus = f" minus {base.name}" if base else ""
            self.chart.show(
                pins.overlay(shown, quantity, unit, base),
                x=Axis("Time", "min", kind="time"),
                y=Axis(f"{label}{minus}", scale, low=None if base else 0.0),
                title=f"{label}{minus}",
                text=f"{label}{minus} over time, {scale}, of {len(shown)} runs: {', '.join(p.name for p in shown)}.",
            )
            self.sheet.state = self._sheet(shown, quantity, unit, base)

    def _showing(self) -> tuple[str, str, Pin | None]:
        base = next((pin for pin in self._pins if pin.name == self._chosen["base"]), None)
        return self._chosen["quantity"], self._chosen["unit"], base

    def _sheet(self, shown: list[Pin], quantity: str, unit: str, base: Pin | None) -> dict[str, Any]:
        if not shown:
            return {"sentence": _NOTHING}
        at_min = pins.times_of(self._chosen["times"])
        until = min(float(pin.time_min[-1]) for pin in shown)
        size = "receptors" if unit == "receptors" else "%"
        head = [["Run", ""], *([f"at {words.span(at)}", size] for at in at_min)]
        head += [
            ["Area", f"{size} × h, to {words.span(until)}"],
            ["Redistribution", "half-time"],
            ["Loss", "half-time"],
        ]
        rows = []
        for pin in shown:
            values = [_said(value, unit) for value in pins.at_times(pin, quantity, unit, at_min, base)]
            area = pins.area(pin, quantity, unit, until, base)
            values.append(f"{_MINUS if area < 0.0 else ''}{words.short(abs(area), 4)}" if until > 0.0 else "–")
            values += [
                _clock(pin.half_times.redistribution_min, pin.half_times.redistribution_words),
                _clock(pin.half_times.loss_min, pin.half_times.loss_words),
            ]
            look = {"colour": f"pin-{pin.look}", "dash": list(pins.DASHES[pin.look])}
            rows.append({"look": look, "note": pin.of, "cells": [pin.name, *values]})
        many = [pin for pin in shown if pin.replicates > 1]
        return {
            "head": head,
            "rows": rows,
            "removable": True,
            "detail": "Bands hold 95 % of the replicates; lines are their medians." if many else "",
            "caption": "100 % is the surface of each run’s own reference. Half-times are those of the whole run, "
            "after its strongest step of insulin.",
            "links": [[f"/export/{self._shelf}/overlay.csv", "What is shown", "CSV"]]
            + [[f"/export/{self._shelf}/replicates-{pin.look}.csv", f"Replicates: {pin.name}", "CSV"] for pin in many],
        }

    def _export(self, name: str) -> Export | None:
        with self._guard:
            shown, (quantity, unit, base) = list(self._pins), self._showing()
        if name == "overlay.csv" and shown:
            return exports.of_frame(pins.frame(shown, quantity, unit, base), "compared.csv")
        for pin in shown:
            if name == f"replicates-{pin.look}.csv" and pin.replicates > 1:
                return exports.of_frame(pins.replicate_frame(pin), f"{pin.scenario.name}-seed{pin.seed}-replicates.csv")
        return None

    @staticmethod
    def _choices(names: list[str]) -> list[dict[str, Any]]:
        def select(name: str, label: str, options: Mapping[str, str], value: str) -> dict[str, Any]:
            listed = [list(each) for each in options.items()]
            return {"name": name, "label": label, "kind": "select", "options": listed, "value": value, "live": True}

        return [
            select("quantity", "Quantity", QUANTITIES, "surface"),
            select("unit", "Unit", UNITS, "percent"),
            select("base", "Minus", {"": "nothing", **{name: name for name in names}}, ""),
            {"name": "times", "label": "Times of the table", "unit": "h", "kind": "text", "value": "0, 1, 6, 24",
             "live": True},
        ]  # fmt: skip


def wish(values: Mapping[str, Any]) -> tuple[Scenario, str, int, int]:
    """What a form asks for: scenario, name, replicates, seed; ValueError in words for the reader."""
    known = shipped()
    name = chosen(values, "scenario", "Scenario", known)
    resolution = chosen(values, "resolution", "Resolution", RESOLUTIONS)
    asked = int(number(values, "replicates", "Replicates", 1, _MOST_REPLICATES))
    seed = int(number(values, "seed", "Seed", 0, 2**53))
    replicates = 1 if resolution == "mean" else asked
    if replicates > 1 and known[name].cells.number > 1:
        raise ValueError(f"Replicates: {replicates} given; {name} has many cells, of which only one run can be pinned")
    try:
        scenario = known[name].changed(resolution=resolution, follow=0)
    except ScenarioError as fault:
        raise ValueError(str(fault)) from None
    title = str(values.get("name", "")).strip() or scenario.title or scenario.name
    return scenario, title[:_LONGEST_NAME], replicates, seed


def _said(value: float, unit: str) -> str:
    if value != value:
        return "–"
    text = words.rounded(abs(value)) if unit == "receptors" else f"{abs(value):.1f}"
    return f"{_MINUS}{text}" if value < 0.0 and float(text.replace(",", "")) else text


def _clock(minutes: float | None, why: str) -> str:
    return clock_words(minutes) if minutes is not None else why


_NAME = {"name": "name", "label": "Name", "unit": "if you like", "kind": "text", "value": "", "optional": True}


def _fields() -> list[dict[str, Any]]:
    scenarios = [[name, scenario.title or name] for name, scenario in shipped().items()]
    return [
        {"name": "scenario", "label": "Scenario", "kind": "select", "options": scenarios, "value": scenarios[0][0]},
        {"name": "resolution", "label": "Resolution", "kind": "select", "value": "mean",
         "options": [list(each) for each in RESOLUTIONS.items()]},
        {"name": "replicates", "label": "Replicates", "unit": "of random runs", "kind": "number", "value": 1, "low": 1,
         "high": _MOST_REPLICATES, "step": 1},
        {"name": "seed", "label": "Seed", "kind": "number", "value": 1, "low": 0, "high": 2**53, "step": 1},
        _NAME,
    ]  # fmt: skip


@solara.component
def View(desk: Desk) -> None:
    comparison = desk.keep(Comparison)
    solara.use_effect(lambda: comparison.attend(desk), [])
    solara.use_effect(lambda: in_view(comparison.task, desk.replicates), [])
    box(
        "div",
        "pinning",
        [
            box("section", "card", [comparison.live, what(*_LIVE)]),
            box("section", "card", [comparison.other, what(*_OTHER)]),
        ],
    )
    box("section", "card answer-chart", [comparison.shown, comparison.chart, what(*_CURVES)])
    box("section", "card pins-sheet", [comparison.sheet, what(*_NUMBERS)])


_LIVE = (
    "Keeps the run on Live as it stands now, with all that you did to it. What you do there afterwards does not move "
    "the pin: pin it again to see the difference.",
)
_OTHER = (
    "Computes a scenario of the package from its start to its end, and pins it. Expected numbers are the mean over "
    "endlessly many cells; random numbers are one cell, and with the same seed the same cell again.",
    "Replicates repeat a random run to show how much of a difference is chance. Constants are the same in all of them, "
    "so what is not known of the constants does not show.",
)
_CURVES = (
    "Up to six runs over each other. A pin keeps the run as it stood: what you do on Live afterwards does not move it. "
    "Each has its colour and its dash; press a name above the curves to put one away, drag over them to look closer.",
    "“Minus” shows every curve as its difference from the one you choose. With replicates, the same cell is run so "
    "many times by other random numbers: the line is their median, and 95 % of them lie in the band.",
)
_NUMBERS = (
    "The curves in numbers: at the times you name, the area under each as far as the shortest run goes, and how fast "
    "insulin moved receptors inside (redistribution) and cost the cell receptors (loss): half-times after its "
    "strongest step, or why there is none. Two runs that differ less than replicates of one do have not been told "
    "apart.",
)
