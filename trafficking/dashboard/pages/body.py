"""Body: one person over years, with receptor feedback and without, and what a clinic finds at any moment."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from importlib.resources import files
from typing import Any

import solara
import traitlets

from trafficking import body_files
from trafficking.interventions import interventions
from trafficking.organs import ORGANS
from trafficking.person import Cycle

from .. import exports, hearing, patient, store
from ..chart import Chart
from ..desk import Desk
from ..elements import box, what
from ..form import Form, Sheet
from ..hearing import Listener
from ..jobs import Job
from ..notes import Note
from ..patient import Wish
from ..store import Export
from ..task import Task, in_view

_STATIC = files("trafficking.dashboard") / "static"
PAGE = "body"  # its notes are known by this name
_OPENING = 8.0  # the year that is looked at first


class Ribbon(Listener):
    """Stages over the years as coloured ribbons with words, and the moment that is looked at.

    of: whose; ribbons: [title, [[from, to, stage, words], ...]]; end: the last year; year: the moment; organs: their
    names; stage: title and what is said of it. The browser sends {"year": number} and {"organ": name}.
    """

    _esm = (_STATIC / "ribbon.js").read_text(encoding="utf-8")

    of = traitlets.Unicode("").tag(sync=True)
    ribbons = traitlets.List().tag(sync=True)
    end = traitlets.Float(0.0).tag(sync=True)
    year = traitlets.Float(_OPENING).tag(sync=True)
    organs = traitlets.List().tag(sync=True)
    stage = traitlets.Dict().tag(sync=True)


class Person:
    """What the page keeps: what was asked for, both lives, and the moment."""

    def __init__(self) -> None:
        self.form = Form(label="The person", action="Follow this person", fields=fields())
        self.ribbon = Ribbon(organs=[[organ, organ.capitalize()] for organ in ORGANS])
        self.charts = {name: Chart() for name in ("insulin", "glucose", "receptors", "beta", "test", "clamp")}
        self.answer, self.findings, self.organs = Sheet(), Sheet(), Sheet()
        self.means, self.follows = Sheet(state=patient.means()), Sheet(state=patient.follows())
        self.desk: Desk | None = None
        self.task: Task[Cycle] = Task(self._changed)
        self.found: Cycle | None = None
        self._shelf = store.add(self._export)
        self.form.listen(self._hear_form)
        self.ribbon.listen(self._hear_ribbon)

    def close(self) -> None:
        store.drop(self._shelf)
        self.task.cancel()

    def begin(self, note: Note | None = None) -> None:
        """Follows a person, the first time the page is seen: the one before a reload, or the vicious cycle."""
        if self.task.job is not None:
            return
        values = self.form.recall(note, patient.wish)
        if note is not None:
            with suppress(hearing.Unheard):
                self.ribbon.year = hearing.number(note.words, "year", 0.0, 100.0)
        self._start(patient.wish(values), values)

    def _note(self, job: Job[Cycle] | None) -> None:
        if self.desk is not None:
            self.desk.notes.put(PAGE, Note({"values": self.form.lasting(job), "year": self.ribbon.year}))

    def _hear_form(self, message: dict) -> None:
        asked_for = hearing.text(message, "do")
        if asked_for == "cancel":
            self.task.cancel()
        elif asked_for == "start":
            try:
                asked = patient.wish(hearing.values(message))
            except ValueError as fault:
                self.form.complain(str(fault))
            else:
                if self._start(asked, self.form.own(hearing.values(message))):
                    self._note(self.task.job)

    def _start(self, asked: Wish, values: Mapping[str, Any] | None = None) -> bool:
        return self.task.start(partial(patient.lives, asked), needs=("mean", "body"), asked=values)

    def _changed(self, job: Job[Cycle]) -> None:
        if job.status == "done" and job.result is not None:
            self.found = job.result
            self._tell(job.result)
        if job.status in ("cancelled", "failed"):  # a reload is to bring back what is shown
            self._note(job)
        self.form.follow(job, before=self.found is not None)
        self.task.coming.follow(job, there=self.found is not None)

    def _hear_ribbon(self, message: dict) -> None:
        found, desk = self.found, self.desk
        if found is None:
            return
        if "year" in message:
            self.ribbon.year = hearing.number(message, "year", 0.0, self.ribbon.end)
            self._look(found)
            self._note(self.task.job)
        elif (organ := hearing.text(message, "organ")) in ORGANS and desk is not None:
            desk.show_on_live(patient.cell(found, organ, self.ribbon.year))

    def _tell(self, found: Cycle) -> None:
        end = float(patient.years_of(found.own)[-1])
        with self.ribbon.hold_sync():
            self.ribbon.of = patient.told(found)
            self.ribbon.end = end
            self.ribbon.year = min(self.ribbon.year, end)
            self.ribbon.ribbons = [
                ["With receptor feedback", patient.ribbon(found.own, end)],
                ["Receptors held constant", patient.ribbon(found.held, end)],
            ]
        links = [
            [f"/export/{self._shelf}/{name}", name.removesuffix(".csv").replace("_", " "), "CSV"] for name in _FILES
        ]
        self.answer.state = {
            "sentence": patient.forward_words(found),
            "detail": patient.sentence(found),
            "links": links,
            **patient.timeline(found),
        }
        self._look(found)

    def _look(self, found: Cycle) -> None:
        """Everything that depends on the moment."""
        year = self.ribbon.year
        drawn: dict[str, Any] = patient.charts(found, year)
        drawn["test"], drawn["clamp"] = patient.clinic_charts(found, year)
        for name, shown in drawn.items():
            self.charts[name].show(**shown, of=patient.told(found))
        self.findings.state = patient.findings(found, year)
        self.organs.state = patient.organs(found, year)
        self.ribbon.stage = patient.described(patient.stage_at(found.own, year))

    def _export(self, name: str) -> Export | None:
        found = self.found
        if found is None or name not in _FILES:
            return None
        return exports.of_frame(patient.frames(found, self.ribbon.year)[name], f"{patient.stem(found)}-{name}")


_FILES = (
    *(f"{what}_{life}.csv" for life in ("own", "held") for what in ("levels", "checkups", "tolerance_test", "clamp")),
    "organs.csv",
)


def fields() -> list[dict[str, Any]]:
    """What can be asked for, and how it stands at first."""
    people = [[name, body_files.load_body(name).title or name] for name in body_files.body_names()]
    given = [["", "none"], *([each.name, each.title] for each in interventions().values())]

    def a_number(name: str, label: str, unit: str, value: float, high: float) -> dict[str, Any]:
        return {"name": name, "label": label, "unit": unit, "kind": "number", "value": value, "low": 0, "high": high}

    def free(name: str, label: str, unit: str) -> dict[str, Any]:
        return {"name": name, "label": label, "unit": unit, "kind": "text", "value": "", "optional": True}

    def slot(which: str, label: str) -> list[dict[str, Any]]:
        return [
            {"name": f"intervention{which}", "label": label, "kind": "select", "options": given, "value": ""},
            a_number(f"start{which}", "from year", "", 8, 40),
            a_number(f"stop{which}", "to year", "", 15, 100),
        ]

    return [
        {"name": "scenario", "label": "Person", "kind": "select", "options": people, "value": patient.DEFAULT},
        a_number("years", "Years", "", patient.YEARS, 40),
        free("insult", "Sensitivity left by the insult", "0.05 to 1; empty: the person's own"),
        free("power", "Power q of receptors", "0 to 2; empty: the person's own"),
        *slot("", "Intervention"),
        *slot("2", "Another"),
    ]


@solara.component
def View(desk: Desk) -> None:
    kept = desk.keep(Person)
    kept.desk = desk
    solara.use_effect(lambda: in_view(kept.task, desk.replicates, lambda: desk.notes.recall(PAGE, kept.begin)), [])
    plot, rows = (lambda kind=kind: box("div", f"coming-{kind}", [kept.task.coming]) for kind in ("plot", "rows"))
    charts = {name: box("div", "person-chart", [chart, plot()]) for name, chart in kept.charts.items()}
    quartet = [charts[name] for name in ("insulin", "glucose", "receptors", "beta")]

    def card(name: str, title: str, words: tuple[str, ...], *children: Any) -> solara.Element:
        return box("section", f"card {name}", [what(*words), box("h2", "", [title]), *children])

    box(
        "div",
        "person",
        [
            card("person-ask", "Hyperinsulinaemia feeds itself: one person over years", _PERSON, kept.form),
            card("person-stages", "Stages", _STAGES, kept.ribbon, rows()),
            card("person-years", "Over the years", _YEARS, box("div", "person-charts", quartet)),
            card("person-check", "What receptor feedback adds, year by year", _CHECK, kept.answer, rows()),
            card(
                "person-clinic",
                "A clinic at this moment",
                _CLINIC,
                box("div", "person-charts", [charts["test"], charts["clamp"]]),
                kept.findings,
            ),
            card("person-organs", "What the organs do at this moment", _ORGANS, kept.organs, rows()),
            card("person-means", "What was seen of interventions", _MEANS, kept.means),
            card("person-follows", "What follows, and is not simulated", _FOLLOWS, kept.follows),
        ],
    )


_PERSON = (
    "Insulin removes receptors; fewer receptors need more insulin. The same person is simulated twice: with the "
    "receptors of every organ, and with their number held constant, so that what their loss adds can be seen.",
    "The insult is what lowers insulin sensitivity for reasons outside the receptor (1: none). Power q says how "
    "strongly sensitivity goes with receptor number: 0.5 means spare receptors. Both are assumptions.",
)
_STAGES = (
    "Each year has a check-up: fasting glucose and insulin, and a glucose tolerance test. A stage needs two "
    "check-ups in a row. Move the slider to look at a moment; everything below follows it.",
)
_YEARS = (
    "Insulin rises first, glucose years later; receptors fall where insulin is high; beta cells grow and then "
    "fail. Solid lines: with receptor feedback; dashed ones: receptors held constant. The vertical mark is the "
    "moment of the slider.",
    "Levels are those after a night without food: glucose in mM, insulin in µU/mL, receptors in % of the healthy "
    "person’s. Meals and the hours of a day are not drawn.",
)
_CHECK = (
    "Every yearly check-up of both lives. Receptors are those at the surface, in % of the healthy person's. All "
    "tables can be taken away as CSV files; tests are those of the moment of the slider.",
)
_CLINIC = (
    "The tolerance test: 75 g of glucose are drunk after a night without food. The clamp: insulin is infused and "
    "glucose held at its fasting level; the more glucose that takes, the more sensitive the body. HOMA-IR and "
    "Matsuda's index are made of fasting and test values, here over the healthy person's. No test changes the "
    "life.",
)
_ORGANS = (
    "What each organ does with the signal of its receptors, 1 in health. The size of most read-outs is an "
    "assumption; the direction and its evidence are in the last columns. The clinical end names the disease at "
    "the end of that road.",
)
_MEANS = (
    "What trials and observations saw, with their grade of evidence. In the model an intervention acts with the "
    "size in the package's data on sensitivity, liver, secretion, fat or muscle, never on the receptor. Never "
    "advice.",
)
_FOLLOWS = (
    "What goes with insulin resistance in people and is not in this model: the driver, the way it goes, and whether it"
    " is known to be causal, associated, or merely claimed. It is for reading beside the curves; no number on this "
    "page was computed from it.",
)
