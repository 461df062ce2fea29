"""Dose-response: how much insulin it takes, and the dose of half of the effect where there is one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import solara

from trafficking import dose_curves, library, units
from trafficking.dose_curves import READOUTS, HalfEffect, Sweep
from trafficking.scenario import Scenario

from .. import exports, hearing, store, words
from ..chart import Axis, Chart, Curve, Region
from ..desk import Desk
from ..dose import BANDS
from ..elements import box, what
from ..form import Form, Sheet, chosen, number
from ..jobs import Job, Progress
from ..notes import Note
from ..store import Export
from ..task import Task, in_view

RESOLUTIONS = {"mean": "Expected numbers", "counts": "Random numbers, replicates"}
PAGE = "dose-response"  # its notes are known by this name
_MOST_DOSES, _MOST_REPLICATES = 40, 200
_SEED = 1


@dataclass(frozen=True)
class Wish:
    """What was asked for, checked."""

    scenario: Scenario
    doses_nM: tuple[float, ...]
    exposure_min: float
    replicates: int


def wish(values: Mapping[str, Any]) -> Wish:
    """What a form asks for; ValueError in words for the reader."""
    low = number(values, "low", "Lowest dose, nM", 1e-4, 1e3)
    high = number(values, "high", "Highest dose, nM", 1e-4, 1e3)
    if high <= low:
        raise ValueError(f"Highest dose, nM: {high:g} given; it must be above the lowest, {low:g}")
    doses = int(number(values, "doses", "Doses", 6, _MOST_DOSES))
    hours = number(values, "hours", "Exposure, h", 0.1, 336)
    tissue = chosen(values, "tissue", "Tissue", library.tissues())
    resolution = chosen(values, "resolution", "Resolution", RESOLUTIONS)
    asked = int(number(values, "replicates", "Replicates", 1, _MOST_REPLICATES))
    scenario = Scenario.from_dict(
        {
            "name": f"{tissue}_dose_response",
            "tissue": tissue,
            "resolution": resolution,
            "record": units.text(hours * 60.0 / 20.0, "time"),
            "exposure": [{"kind": "constant", "duration": units.text(hours * 60.0, "time"), "insulin": "0 nM"}],
        }
    )
    return Wish(scenario, tuple(np.geomspace(low, high, doses)), hours * 60.0, asked if resolution == "counts" else 1)


class Doses:
    """The sweep of a session, and how it is shown."""

    def __init__(self) -> None:
        self.form = Form(label="Dose-response", action="Compute the curve", fields=_fields())
        self.shown = Form(label="What is shown", fields=[_READOUT])
        self.chart, self.sheet = Chart(), Sheet()
        self.task: Task[Sweep] = Task(self._changed)
        self.desk: Desk | None = None
        self._sweep: Sweep | None = None
        self._effects: dict[str, HalfEffect] = {}
        self._readout = "surface"
        self._shelf = store.add(self._export)
        self.form.listen(self._hear)
        self.shown.listen(self._hear_choice)

    def close(self) -> None:
        store.drop(self._shelf)
        self.task.cancel()

    def begin(self, note: Note | None = None) -> None:
        """Computes a curve the first time the page is seen: the one before a reload, or that of the form."""
        if self.task.job is not None:
            return
        values = self.form.recall(note, wish)
        self._start(wish(values), values)

    def _hear(self, message: dict) -> None:
        asked_for = hearing.text(message, "do")
        if asked_for == "cancel":
            self.task.cancel()
        elif asked_for == "start":
            try:
                asked = wish(hearing.values(message))
            except ValueError as fault:
                self.form.complain(str(fault))
            else:
                if self._start(asked, self.form.own(hearing.values(message))):
                    self._note(self.task.job)

    def _note(self, job: Job[Sweep] | None) -> None:
        if self.desk is not None:
            self.desk.notes.put(PAGE, Note({"values": self.form.lasting(job)}))

    def _start(self, asked: Wish, values: Mapping[str, Any] | None = None) -> bool:
        def work(report: Progress) -> Sweep:
            return dose_curves.sweep(
                asked.scenario,
                doses_nM=asked.doses_nM,
                exposure_min=asked.exposure_min,
                replicates=asked.replicates,
                seed=_SEED,
                progress=report,
            )

        return self.task.start(work, needs=[asked.scenario.resolution], asked=values)

    def _changed(self, job: Job[Sweep]) -> None:
        if job.status == "done" and job.result is not None:
            self._sweep, self._effects = job.result, {}
            self._draw()
        if job.status in ("cancelled", "failed"):  # a reload is to bring back what is shown
            self._note(job)
        self.form.follow(job, before=self._sweep is not None)
        self.task.coming.follow(job, there=self._sweep is not None)

    def _hear_choice(self, message: dict) -> None:
        name = hearing.text(hearing.values(message), "readout")
        if name in READOUTS:
            self._readout = name
            self._draw()

    def _effect(self, sweep: Sweep) -> HalfEffect:
        if self._readout not in self._effects:
            found = dose_curves.half_effect(sweep.doses_nM, sweep.values[self._readout], seed=_SEED)
            self._effects[self._readout] = found
        return self._effects[self._readout]

    def _draw(self) -> None:
        sweep = self._sweep
        if sweep is None:
            return
        effect, (label, unit) = self._effect(sweep), READOUTS[self._readout]
        said = sentence(sweep, self._readout, effect)
        self.chart.show(
            curves(sweep, self._readout, effect),
            x=Axis("Insulin", "nM", kind="log"),
            y=Axis(label, unit, low=0.0),
            title=f"{label} after {words.span(sweep.exposure_min)}",
            text=f"{label} by dose of insulin. {said}",
            of=told(sweep),
            regions=[Region(band["from_nM"], band["to_nM"], band["name"], f"band-{i}") for i, band in enumerate(BANDS)],
        )
        self.sheet.state = {
            "of": told(sweep),
            "sentence": said,
            "detail": detail(sweep, effect),
            "caption": "The control has no insulin. Percentages are of it."
            if sweep.values[self._readout][:, 0].mean()
            else "The control has no insulin.",
            "head": _head(sweep, self._readout),
            "rows": _rows(sweep, self._readout),
            "links": [[f"/export/{self._shelf}/doses.csv", "All read-outs", "CSV"]],
        }

    def _export(self, name: str) -> Export | None:
        sweep = self._sweep
        if name != "doses.csv" or sweep is None:
            return None
        hours = f"{sweep.exposure_min / 60.0:g}h"
        return exports.of_frame(frame(sweep), f"{sweep.scenario.name}-{hours}-{sweep.scenario.resolution}.csv")


def curves(sweep: Sweep, readout: str, effect: HalfEffect) -> list[Curve]:
    """The points of a sweep with the spread of their replicates, and Hill's curve where there is one."""
    doses, values = sweep.doses_nM[1:], sweep.values[readout][:, 1:]
    low, high = (None, None) if len(values) < 2 else np.quantile(values, [0.025, 0.975], axis=0)
    found = []
    if effect.curve is not None:
        fine = np.geomspace(doses[0], sweep.doses_nM[effect.rows - 1], 200)
        found.append(Curve("Hill’s curve", fine, effect.curve.at(fine), "surface", width=2.0))
    name = "Simulated" if len(values) < 2 else f"Median of {len(values)} replicates, and where 95 % of them lie"
    found.append(
        Curve(name, doses, np.median(values, axis=0), "early_endosome", line=False, points=True, low=low, high=high)
    )
    return found


def told(sweep: Sweep) -> str:
    """What a sweep is the answer to: the cells, the doses, how long, and how it was computed."""
    scenario, doses = sweep.scenario, sweep.doses_nM[1:].tolist()
    low, high = (units.friendly(float(dose), "insulin") for dose in (doses[0], doses[-1]))
    many = len(next(iter(sweep.values.values())))
    how = "expected numbers" if scenario.resolution == "mean" else f"{many} replicates of random numbers"
    cells = library.tissue(scenario.tissue).title
    asked = f"{len(doses)} doses from {low} to {high} for {words.span(sweep.exposure_min)}"
    return f"{cells[:1].upper()}{cells[1:]}, {asked}, {how}"


def sentence(sweep: Sweep, readout: str, effect: HalfEffect) -> str:
    """What the sweep says, with its numbers."""
    label, unit = READOUTS[readout]
    means = sweep.values[readout].mean(axis=0)
    row = effect.rows - 1 if effect.rows else int(np.argmax(np.abs(means - means[0])))
    at = units.friendly(float(sweep.doses_nM[row]), "insulin")
    size = "" if unit == "receptors" else f" {unit}"
    moved = f"{label}: {words.short(means[0])}{size} without insulin, {words.short(means[row])}{size} at {at}."
    if effect.curve is None:
        return f"{moved} No dose of half of the effect: {effect.words}."
    half, low, high = (words.short(x) for x in (effect.curve.ec50_nM, effect.low_nM, effect.high_nM))
    return f"Half of the effect at {half} nM ({low} to {high}). {moved}"


def detail(sweep: Sweep, effect: HalfEffect) -> str:
    """How the dose of half of the effect was found."""
    if effect.curve is None:
        return ""
    half = effect.curve.ec50_nM
    said = [
        f"EC50 {words.short(half)} nM, {words.short(units.uU_per_mL(half))} µU/mL; Hill slope {effect.curve.slope:.2f}"
    ]
    if effect.how == "bootstrap":
        said.append(f"95 % interval over {len(next(iter(sweep.values.values())))} replicates, drawn anew (bootstrap)")
    else:
        said.append(
            "95 % interval: how closely Hill’s curve fits these numbers, which have no chance in them (profile)"
        )
    if effect.rows < len(sweep.doses_nM):
        least = units.friendly(float(sweep.doses_nM[effect.rows - 1]), "insulin")
        said.append(f"fitted up to {least}, where the effect is largest")
    return ". ".join(said) + "."


def frame(sweep: Sweep) -> pd.DataFrame:
    """Every run of a sweep, one row each: replicate, dose and all read-outs, with units."""
    replicates, doses = next(iter(sweep.values.values())).shape
    table = {
        "replicate": np.repeat(np.arange(replicates), doses),
        "insulin (nM)": np.tile(sweep.doses_nM, replicates),
        "exposure (min)": np.full(replicates * doses, sweep.exposure_min),
        "tissue": sweep.scenario.tissue,
        "resolution": sweep.scenario.resolution,
    }
    for name, (label, unit) in READOUTS.items():
        table[f"{label} ({unit})"] = sweep.values[name].ravel()
    return pd.DataFrame(table)


def _head(sweep: Sweep, readout: str) -> list[list[str]]:
    label, unit = READOUTS[readout]
    many = len(sweep.values[readout]) > 1
    head = [["Insulin", "nM"], ["Insulin", "µU/mL"], ["Median" if many else label.split(",")[0], unit]]
    head += [["95 % of replicates", unit]] if many else []
    return [*head, ["Of the control", "%"]] if sweep.values[readout][:, 0].mean() else head


def _rows(sweep: Sweep, readout: str) -> list[dict[str, Any]]:
    values = sweep.values[readout]
    control, found = float(np.median(values[:, 0])), []
    for dose, column in zip(sweep.doses_nM.tolist(), values.T, strict=True):
        middle = float(np.median(column))
        cells = [words.short(dose), words.short(units.uU_per_mL(dose)), words.short(middle, 4)]
        if len(values) > 1:
            low, high = np.quantile(column, [0.025, 0.975])
            cells.append(f"{words.short(low, 4)} to {words.short(high, 4)}")
        if values[:, 0].mean():
            cells.append(f"{100.0 * middle / control:.1f}" if control else "–")
        found.append({"cells": cells})
    return found


def _fields() -> list[dict[str, Any]]:
    tissues = [[name, library.tissue(name).title] for name in library.tissues()]
    return [
        {"name": "tissue", "label": "Tissue", "kind": "select", "options": tissues, "value": "culture"},
        _number("low", "Lowest dose", "nM", 0.01, 0.0001, 1000),
        _number("high", "Highest dose", "nM", 100, 0.0001, 1000),
        _number("doses", "Doses", "", 13, 6, _MOST_DOSES, 1),
        _number("hours", "Exposure", "h", 24, 0.1, 336),
        {"name": "resolution", "label": "Resolution", "kind": "select", "value": "mean",
         "options": [list(each) for each in RESOLUTIONS.items()]},
        _number("replicates", "Replicates", "of random numbers", 20, 1, _MOST_REPLICATES, 1),
    ]  # fmt: skip


def _number(
    name: str, label: str, unit: str, value: float, low: float, high: float, step: Any = "any"
) -> dict[str, Any]:
    return {"name": name, "label": label, "unit": unit, "kind": "number", "value": value, "low": low, "high": high,
            "step": step}  # fmt: skip


_READOUT = {
    "name": "readout",
    "label": "Read at the end",
    "kind": "select",
    "options": [[name, label] for name, (label, _) in READOUTS.items()],
    "value": "surface",
    "live": True,
}


@solara.component
def View(desk: Desk) -> None:
    doses = desk.keep(Doses)
    doses.desk = desk
    solara.use_effect(lambda: in_view(doses.task, desk.replicates, lambda: desk.notes.recall(PAGE, doses.begin)), [])
    plot, rows = (box("div", f"coming-{kind}", [doses.task.coming]) for kind in ("plot", "rows"))
    box("section", "card", [doses.form, what(*_ASKED)])
    box(
        "div",
        "answer",
        [
            box("section", "card answer-chart", [doses.shown, doses.chart, plot, what(*_CURVE)]),
            box("section", "card answer-sheet", [doses.sheet, rows, what(*_HALF)]),
        ],
    )


_ASKED = (
    "What is to be computed: cells of one tissue, a row of doses from the lowest to the highest at equal steps of "
    "their logarithm, and how long the cells stay in each. Expected numbers have no chance in them and are quick.",
    "Random numbers repeat each dose with as many single cells as you say, which shows how far one cell differs from "
    "the next; it does not show how far real cells differ in their constants.",
)
_CURVE = (
    "Cells that have never met insulin are given one dose each, for as long as you say, and read at the end: a point "
    "for each dose. Tinted behind: insulin in blood between meals, after a meal, and what only an experimenter gives.",
    "The signal is what the cell makes of bound receptors (form and size are assumptions): it is half-way at a lower "
    "dose than binding, because few receptors are enough.",
)
_HALF = (
    "The dose at which half of the largest effect is reached is the EC50; its interval says how well it is known. "
    "Where there is no effect, or the doses do not show both of its ends, there is none, and the sentence says why.",
)
