"""One person over years as the page Body shows them: what was asked for, the curves, a clinic's tests at a moment.

All science is that of `person` and what it stands on; here it becomes curves, tables and words.
"""

from __future__ import annotations

import math
import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from trafficking import body_files, body_report, consequences, person, readouts, units
from trafficking.body import BodyResult
from trafficking.body_forms import BodyScenario, InterventionForm
from trafficking.faults import ScenarioError
from trafficking.interventions import interventions
from trafficking.library import tissue
from trafficking.organs import ORGANS
from trafficking.person import Cycle
from trafficking.physiology import DAY_MIN, NM_PER_UU_PER_ML, STAGES, YEAR_D
from trafficking.scenario import Scenario

from . import words
from .chart import Axis, Curve, Mark
from .form import chosen, number

DEFAULT, YEARS = "vicious_cycle", 15.0
NEVER = "A research and teaching model of a mean person who does not exist. Not medical advice."
_INSULT_BY_Y = 8.0  # when an insult is complete in a person whose scenario has none; ours
_MOST_KEPT = 16
_OF_INTERVENTION = re.compile(r"interventions\[(?P<number>\d+)\]\.(?P<key>\w+): (?P<said>.*)")
_LOOKS = {
    "muscle": ("surface", ()),
    "liver": ("early_endosome", (9.0, 4.0)),
    "adipose": ("recycling", (2.0, 4.0)),
    "ovary": ("lysosome", (10.0, 4.0, 2.0, 4.0)),
    "pancreas": ("total", (4.0, 3.0)),
}

_kept: dict[tuple[str, float], Cycle] = {}  # lives that anyone has asked for: they depend on nothing else
_guard = threading.Lock()


@dataclass(frozen=True)
class Wish:
    """A person and how long to follow them."""

    scenario: BodyScenario
    years: float


def wish(values: Mapping[str, Any]) -> Wish:
    """What a form asks for; ValueError in words for the reader."""
    name = chosen(values, "scenario", "Person", body_files.body_names())
    years = number(values, "years", "Years", 1, 40)
    tables = body_files.load_body(name).to_dict()
    if str(values.get("insult", "")).strip():
        u = number(values, "insult", "Sensitivity left by the insult", 0.05, 1.0)
        tables["insult"] = _insult(tables.get("insult", []), u)
    if str(values.get("power", "")).strip():
        tables["power"] = number(values, "power", "Power q", 0.0, 2.0)
    given = [found for slot in ("", "2") if (found := _intervention(values, slot, years))]
    tables["interventions"] = [*tables.get("interventions", []), *given]
    try:
        return Wish(BodyScenario.from_dict(tables), years)
    except ScenarioError as fault:
        raise ValueError("; ".join(_in_words(line, tables["interventions"]) for line in fault.lines)) from None


def _insult(points: list[dict[str, Any]], u: float) -> list[dict[str, Any]]:
    """The insult of a person, with its worst at `u`."""
    worst = min((point["factor"] for point in points), default=1.0)
    if worst >= 1.0:
        return [{"at": "0 y", "factor": 1.0}, {"at": f"{_INSULT_BY_Y:g} y", "factor": u}]
    share = (1.0 - u) / (1.0 - worst)
    return [{**point, "factor": 1.0 - (1.0 - point["factor"]) * share} for point in points]


def _intervention(values: Mapping[str, Any], slot: str, years: float) -> dict[str, Any] | None:
    name = values.get(f"intervention{slot}") or ""
    if not name:
        return None
    known = interventions()
    chosen(values, f"intervention{slot}", "Intervention", tuple(known))
    start = number(values, f"start{slot}", f"Start of {known[name].title}, year", 0.0, 40.0)
    stop = number(values, f"stop{slot}", f"Stop of {known[name].title}, year", 0.0, 100.0)
    if start >= years:
        raise ValueError(f"{known[name].title}: starts in year {start:g}; it must come before the end, {years:g}")
    if stop <= start:
        raise ValueError(f"{known[name].title}: stops in year {stop:g}; it must come after its start, {start:g}")
    return {"name": name, "start": f"{start!r} y", "stop": f"{stop!r} y"}


def _in_words(line: str, given: list[dict[str, Any]]) -> str:
    """A fault of a person in the words of the form, which has no keys."""
    found = _OF_INTERVENTION.match(line)
    if found is None:
        return line
    one = given[int(found["number"])]
    title = interventions()[one["name"]].title
    if found["key"] != "name":
        return f"{title}, {found['key']}: {found['said']}"
    if sum(each["name"] == one["name"] for each in given) > 1:
        return f"{title} is chosen twice, in years that overlap; choose another, or let one end before the other starts"
    both = " and ".join(f"“{interventions()[each['name']].title}”" for each in given)
    return f"One person cannot be given {both} in the same years; choose one of them"


def lives(asked: Wish, progress: Callable[[float], None]) -> Cycle:
    """The life with receptor feedback and the one without; computed once for all who ask for the same."""
    key = (repr(asked.scenario.to_dict()), asked.years)
    with _guard:
        if key in _kept:
            return _kept[key]
    found = person.cycle(asked.years, scenario=asked.scenario, progress=progress)
    with _guard:
        while len(_kept) >= _MOST_KEPT:
            _kept.pop(next(iter(_kept)))
        _kept[key] = found
    return found


def told(found: Cycle) -> str:
    """What two lives are the answer to: the person, the years, what was given, and what is not the person's own."""
    life = found.own.scenario
    said = [f"{life.title or life.name}, {life.duration_d / YEAR_D:g} years", *map(_given, life.interventions)]
    if not life.interventions:
        said.append("no intervention")
    said += [f"{label} {value:g}" for label, _, value in _own_numbers(found)]
    return "; ".join(said)


def _given(one: InterventionForm) -> str:
    return f"{interventions()[one.name].title} from year {one.start_d / YEAR_D:g} to {one.stop_d / YEAR_D:g}"


def _own_numbers(found: Cycle) -> list[tuple[str, str, float]]:
    """(label, short name, value) of each number that differs from those in the person's file."""
    life = found.own.scenario
    file = body_files.load_body(life.name)
    both = [
        ("sensitivity left by the insult", "insult", _worst(life), _worst(file)),
        ("power q of receptors", "power", life.power, file.power),
    ]
    return [(label, short, value) for label, short, value, usual in both if value != usual]


def _worst(life: BodyScenario) -> float:
    return min((point.factor for point in life.insult), default=1.0)


def stem(found: Cycle) -> str:
    """The same as `told` for the names of files."""
    life = found.own.scenario
    parts = [life.name, f"{life.duration_d / YEAR_D:g}y"]
    parts += [f"{one.name}_{one.start_d / YEAR_D:g}_to_{one.stop_d / YEAR_D:g}y" for one in life.interventions]
    return "-".join([*parts, *(f"{short}_{value:g}" for _, short, value in _own_numbers(found))])


# -- over the years ----------------------------------------------------------------------------------------------------


def years_of(life: BodyResult) -> np.ndarray:
    """(n,) years of the rows of `levels`."""
    return life.levels["time_min"].to_numpy() / DAY_MIN / YEAR_D


def charts(found: Cycle, year: float) -> dict[str, dict[str, Any]]:
    """What each of the four charts shows: arguments of `Chart.show` by its name."""
    marks = [Mark(year, f"year {year:.1f}")]
    axis = Axis("Years", low=0.0, high=float(years_of(found.own)[-1]))
    two_hours = found.own.checkups
    glucose = _both(found, "glucose_mM", 1.0)
    glucose.append(
        Curve(
            "2 h after 75 g, with feedback", two_hours["year"].to_numpy(float), two_hours["two_hours_mM"].to_numpy(),
            "early_endosome", line=False, points=True,
        )
    )  # fmt: skip
    levels, years = found.own.levels, years_of(found.own)
    receptors = [
        Curve(organ, years, 100.0 * levels[f"{organ}_surface"].to_numpy(), _LOOKS[organ][0], _LOOKS[organ][1])
        for organ in ORGANS
    ]
    insulin = _both(found, "insulin_nM", 1.0 / NM_PER_UU_PER_ML)
    share = Axis("Surface receptors", "% of healthy")
    return {
        "insulin": _chart(insulin, axis, Axis("Fasting insulin", "µU/mL", low=0.0), "Insulin", marks),
        "glucose": _chart(glucose, axis, Axis("Glucose", "mM"), "Glucose", marks),
        "receptors": _chart(receptors, axis, share, "Receptors of each organ", marks),
        "beta": _chart(_both(found, "beta_mg", 1.0), axis, Axis("Beta-cell mass", "mg", low=0.0), "Beta cells", marks),
    }  # fmt: skip


def _both(found: Cycle, column: str, scale: float) -> list[Curve]:
    return [
        Curve("With receptor feedback", years_of(found.own), scale * found.own.levels[column].to_numpy(), "surface"),
        Curve(
            "Receptors held constant", years_of(found.held), scale * found.held.levels[column].to_numpy(),
            "total", (6.0, 4.0),
        ),
    ]  # fmt: skip


def _chart(curves: list[Curve], x: Axis, y: Axis, title: str, marks: list[Mark]) -> dict[str, Any]:
    ends = "; ".join(f"{each.label}: from {words.short(each.y[0])} to {words.short(each.y[-1])}" for each in curves)
    return {"curves": curves, "x": x, "y": y, "title": title, "text": f"{y.label}, {y.unit}. {ends}.", "marks": marks}


def ribbon(life: BodyResult, end: float) -> list[list[Any]]:
    """[from, to, stage, words] in years: the stage from one yearly check-up to the next change."""
    found: list[list[Any]] = [[0.0, end, 0, STAGES[0]]]
    for row in life.checkups.itertuples():
        if row.stage != found[-1][2]:
            found[-1][1] = float(row.year)
            found.append([float(row.year), end, int(row.stage), str(row.words)])
    return found


def sentence(found: Cycle) -> str:
    """What receptor feedback adds, in words."""
    said = body_report.onset([found.own, found.held])
    return f"{said[:1].upper()}{said[1:]}."


def timeline(found: Cycle) -> dict[str, Any]:
    """The yearly check-ups of both lives as a sheet."""
    held = found.held_stages.set_index("year")
    rows = []
    for row in found.own_stages.to_dict("records"):
        other = held.loc[row["year"]]
        cells = [
            f"{row['year']:.0f}", f"{row['stage']} {row['words']}", f"{other['stage']} {other['words']}",
            f"{row['glucose_mM']:.1f}", f"{other['glucose_mM']:.1f}", f"{row['two_hours_mM']:.1f}",
            f"{row['insulin_nM'] / NM_PER_UU_PER_ML:.1f}", f"{row['beta_mg']:.0f}",
            *(f"{100.0 * row[f'{organ}_surface']:.0f}" for organ in ORGANS), f"{100.0 * row['muscle_glut4']:.0f}",
        ]  # fmt: skip
        rows.append({"cells": cells})
    head = [
        ["Year", ""], ["Stage", "with feedback"], ["Stage", "receptors held"], ["Fasting", "mM"],
        ["Fasting, held", "mM"], ["2 h", "mM"], ["Insulin", "µU/mL"], ["Beta cells", "mg"],
        *([organ.capitalize(), "% receptors"] for organ in ORGANS), ["GLUT4, muscle", "% of healthy"],
    ]  # fmt: skip
    return {"of": told(found), "head": head, "rows": rows, "caption": "Yearly check-ups; a stage needs two in a row."}


# -- at a moment -------------------------------------------------------------------------------------------------------


def clinic_charts(found: Cycle, year: float) -> tuple[dict[str, Any], dict[str, Any]]:
    """The oral glucose tolerance test and the clamp at a year, each beside that of the healthy person at the start."""
    tests = [("Healthy", 0.0, "total", (6.0, 4.0)), (f"Year {year:.1f}", year, "early_endosome", ())]
    drunk, held = [], []
    for name, at, colour, dash in tests:
        test, clamp = person.tolerance_test(found.own, at), person.glucose_clamp(found.own, at)
        drunk.append(_of_table(name, test.table, "glucose_mM", colour, dash))
        held.append(_of_table(name, clamp.table, "glucose_infused", colour, dash))
    minutes = Axis("Time", "min")
    return (
        _chart(drunk, minutes, Axis("Glucose", "mM"), "Tolerance test: 75 g of glucose", []),
        _chart(held, minutes, Axis("Glucose infused", "mg/kg/min", low=0.0), "Clamp: glucose needed", []),
    )


def _of_table(name: str, table: pd.DataFrame, column: str, colour: str, dash: tuple[float, ...]) -> Curve:
    return Curve(name, table["time_min"].to_numpy(float), table[column].to_numpy(float), colour, dash)


def findings(found: Cycle, year: float) -> dict[str, Any]:
    """What a clinic finds at a year, as a sheet: the healthy person, with feedback, with receptors held."""
    columns = [_found(found.own, 0.0), _found(found.own, year), _found(found.held, year)]
    healthy = columns[0]
    names = [
        ("Fasting glucose, mM", "glucose"), ("Fasting insulin, µU/mL", "insulin"),
        ("Glucose 2 h after 75 g, mM", "two"),
        ("Beta-cell mass, mg", "beta"), ("HOMA-IR over healthy", "homa"), ("Matsuda index over healthy", "matsuda"),
        ("Clamp: glucose needed (M), mg/kg/min", "m"),
    ]  # fmt: skip
    relative = ("homa", "matsuda")
    rows = [
        {"cells": [name, *(words.short(c[key] / healthy[key] if key in relative else c[key]) for c in columns)]}
        for name, key in names
    ]
    now = f"year {year:.1f}"
    head = [["Finding", ""], ["Healthy", "year 0"], ["With feedback", now], ["Receptors held", now]]
    return {"of": told(found), "head": head, "rows": rows, "caption": NEVER}


def _found(life: BodyResult, year: float) -> dict[str, float]:
    row = life.levels.iloc[life.row_at(year * YEAR_D)]
    test, clamp = person.tolerance_test(life, year), person.glucose_clamp(life, year)
    glucose, insulin = float(row["glucose_mM"]), float(row["insulin_nM"]) / NM_PER_UU_PER_ML
    return {
        "glucose": glucose, "insulin": insulin, "two": test.two_hours_mM, "beta": float(row["beta_mg"]),
        "homa": glucose * insulin, "matsuda": test.matsuda, "m": clamp.m,
    }  # fmt: skip


def organs(found: Cycle, year: float) -> dict[str, Any]:
    """What each organ does at a year over what it did in health, and where that ends, as a sheet."""
    life = found.own
    now = readouts.readouts(life).iloc[life.row_at(year * YEAR_D)]
    rows = []
    for each in readouts.rows():
        value = float(now[each.name])
        way = "up" if value > 1.005 else "down" if value < 0.995 else "unchanged"
        cells = [each.words, each.organ, "1", words.short(value), way, each.clinical_end or "–", each.grade]
        rows.append({"cells": cells, "note": each.source})
    levels = life.levels.iloc[life.row_at(year * YEAR_D)]
    receptors = ", ".join(f"{organ} {100.0 * levels[f'{organ}_surface']:.0f} %" for organ in ORGANS)
    head = [
        ["What the organ does", ""], ["Organ", ""], ["Healthy", "1"], ["Now", "over healthy"], ["Way", ""],
        ["Clinical end", ""], ["Evidence", ""],
    ]  # fmt: skip
    return {
        "of": told(found),
        "head": head,
        "rows": rows,
        "sentence": f"Surface receptors in year {year:.1f}: {receptors} of healthy.",
    }


def stage_at(life: BodyResult, year: float) -> int:
    """The stage that the last check-up at or before a year has found."""
    done = life.checkups[life.checkups["year"] <= year + 1e-9]
    return int(done["stage"].iloc[-1]) if len(done) else 0


def described(stage: int) -> dict[str, str]:
    """How a stage is commonly described, and the correction."""
    return next(dict(each) for each in consequences.stages() if int(each["stage"]) == stage)


def follows() -> dict[str, Any]:
    """What follows from insulin resistance and is not simulated, as a sheet."""
    rows = [
        {
            "cells": [each["name"], each["driver"].replace("_", " "), each["direction"], each["grade"], each["source"]],
            "note": each.get("note", ""),
        }
        for each in consequences.consequences()
    ]
    head = [["Consequence", ""], ["Driver", "in the model"], ["Way", ""], ["Evidence", ""], ["Source", ""]]
    caption = "None of these is simulated: the rows say what is known to follow, and how well."
    return {"head": head, "rows": rows, "caption": caption}


def means() -> dict[str, Any]:
    """The interventions and what was seen of each, as a sheet."""
    rows = [
        {"cells": [each.title, each.seen, each.grade, each.source], "note": each.note}
        for each in interventions().values()
    ]
    head = [["Intervention", ""], ["What was seen", ""], ["Evidence", ""], ["Source", ""]]
    return {"head": head, "rows": rows, "caption": f"What was seen, never what to do. {NEVER}"}


def cell(found: Cycle, organ: str, year: float) -> Scenario:
    """The cell of an organ in the insulin that it sees at a year, from the steady state of the healthy person, 7 d."""
    then = person.insulin_seen(found.own, year)[organ]
    healthy = person.insulin_seen(found.own, 0.0)[organ]
    life = found.own.scenario
    title, given = tissue(organ).title, [f"with_{one.name}" for one in life.interventions]
    return Scenario.from_dict(
        {
            "name": "_".join([organ, "of", life.name, f"year_{round(year)}", *given])[:64],
            "title": f"{title} in year {year:.1f} of {told(found)}"[:200],
            "question": "What does the insulin of that year do to the receptors of a healthy cell?",
            "notes": f"{told(found)}. Insulin seen by {organ}: {units.friendly(healthy, 'insulin')} in health, "
            f"{units.friendly(then, 'insulin')} in year {year:.1f}. {NEVER}",
            "tissue": organ,
            "reference": "start",
            "record": "10 min",
            "start": {"state": "steady", "insulin": units.text(healthy, "insulin")},
            "exposure": [{"kind": "constant", "duration": "7 d", "insulin": units.text(then, "insulin")}],
        }
    )


# -- files -------------------------------------------------------------------------------------------------------------


def frames(found: Cycle, year: float) -> dict[str, pd.DataFrame]:
    """Everything that is shown, by the name of its file; units are in the names of columns, and `person` says whose."""
    tables = {}
    for name, life, stages in (("own", found.own, found.own_stages), ("held", found.held, found.held_stages)):
        tables[f"levels_{name}.csv"] = life.levels.assign(year=years_of(life))
        tables[f"checkups_{name}.csv"] = stages
        test, clamp = person.tolerance_test(life, year), person.glucose_clamp(life, year)
        tables[f"tolerance_test_{name}.csv"] = test.table.assign(year=year)
        tables[f"clamp_{name}.csv"] = clamp.table.assign(year=year)
    tables["organs.csv"] = readouts.readouts(found.own)
    return {name: table.assign(person=told(found)) for name, table in tables.items()}


def forward_words(found: Cycle) -> str:
    """By how much feedback moves diabetes, short enough for a headline."""
    forward = found.forward_years
    if math.isnan(forward):
        return "One of the two lives never reaches a fasting glucose of 7.0 mM in these years."
    way = "forward" if forward >= 0.0 else "back"
    return f"Receptor feedback brings diabetes {way} by {abs(forward):.1f} years."
