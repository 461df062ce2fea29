"""Experiments: published numbers beside simulated ones, met or missed, and each experiment's curve."""

from __future__ import annotations

import threading
from importlib.resources import files

import solara
import traitlets

from trafficking import validation
from trafficking.targets import targets
from trafficking.validation import Row

from .. import exports, hearing, store, trials
from ..chart import Chart
from ..desk import Desk
from ..elements import box, what
from ..hearing import Listener
from ..jobs import Job, Progress, said
from ..store import Export
from ..task import Task, in_view

_STATIC = files("trafficking.dashboard") / "static"


def _script(name: str) -> str:
    return "\n".join((_STATIC / each).read_text(encoding="utf-8") for each in ("outcome.js", name))


class Board(Listener):
    """The list of numbers.

    rows: see `trials.listed`; headline; state: busy, share, words, fault; chosen: id of the one that was chosen.
    The browser sends {"choose": id} and {"cancel": true}.
    """

    _esm = _script("board.js")

    rows = traitlets.List().tag(sync=True)
    headline = traitlets.Unicode("").tag(sync=True)
    state = traitlets.Dict({"busy": False, "share": 0.0, "words": "", "fault": ""}).tag(sync=True)
    chosen = traitlets.Unicode("").tag(sync=True)
    file = traitlets.Unicode("").tag(sync=True)


class Detail(Listener):
    """What is said of the chosen number, over its curve. The browser sends {"run": id}."""

    _esm = _script("detail.js")

    detail = traitlets.Dict().tag(sync=True)


class Trials:
    """What the page keeps: the rows as far as they have come, and the choice."""

    def __init__(self) -> None:
        self.board, self.detail, self.chart = Board(), Detail(), Chart()
        self.rows: dict[str, Row] = {}
        self.task: Task[None] = Task(self._changed)
        self.desk: Desk | None = None
        self._choosing = threading.Lock()  # a choice while numbers come in must not be overtaken by them
        self._shelf = store.add(self._export)
        self.board.file = f"/export/{self._shelf}/experiments.csv"
        self.board.rows = [trials.listed(target, None) for target in targets()]
        self.board.listen(self._hear)
        self.detail.listen(self._hear)
        self._choose(targets()[0].id)

    def close(self) -> None:
        store.drop(self._shelf)
        self.task.cancel()

    def begin(self) -> None:
        """Simulates all numbers, the first time the page is seen."""
        if self.task.job is None:
            self.task.start(self._work, needs=["mean"])

    def _work(self, report: Progress) -> None:
        wanted = [target.id for target in targets() if target.id not in self.rows]
        while wanted:
            report(1.0 - len(wanted) / len(targets()))
            chosen = self.board.chosen
            identity = wanted.pop(wanted.index(chosen) if chosen in wanted else 0)
            self.rows[identity] = trials.row(identity)

    def _changed(self, job: Job[None]) -> None:
        so_far = f"{len(self.rows)} of {len(targets())} numbers"
        counted = {"working": f"Simulating: {so_far}", "cancelled": f"Cancelled after {so_far}"}
        fault = f"It stopped: {job.fault}" if job.status == "failed" else ""
        found = [self.rows[target.id] for target in targets() if target.id in self.rows]
        with self.board.hold_sync():
            self.board.rows = [trials.listed(target, self.rows.get(target.id)) for target in targets()]
            self.board.headline = trials.headline(found) if found and job.status != "working" else ""
            busy = job.going
            words = counted.get(job.status, said(job))
            self.board.state = {"busy": busy, "share": job.share, "words": words, "fault": fault}
        self._choose()

    def _hear(self, message: dict) -> None:
        known = {target.id for target in targets()}
        if "choose" in message and (choice := hearing.text(message, "choose")) in known:
            self._choose(choice)
        elif message.get("cancel"):
            self.task.cancel()
        elif message.get("again"):
            self.task.again()
        elif "run" in message and (run := hearing.text(message, "run")) in known and self.desk is not None:
            self.desk.show_on_live(validation.experiment(trials.target_of(run)))

    def _choose(self, identity: str = "") -> None:
        """Shows this number, or the one that is chosen as it is now."""
        with self._choosing:
            self._show(identity or self.board.chosen)

    def _show(self, identity: str) -> None:
        target, found = trials.target_of(identity), self.rows.get(identity)
        self.board.chosen = identity
        self.detail.detail = {
            **trials.listed(target, found),
            "title": trials.experiment_title(target),
            "protocol": trials.protocol(target),
        }
        if self.task.job is not None:
            self.task.coming.follow(self.task.job, there=found is not None)
        if found is None:
            return self.chart.clear()
        x, y = trials.axes(found)
        outcome = "met" if found.met else "missed"
        self.chart.show(
            trials.curves(found),
            x=x,
            y=y,
            title=f"{target.observable}: {outcome}",
            of=trials.experiment_title(target),
            text=f"{target.observable}: measured {trials.with_unit(target.value, target.unit)}, allowed "
            f"{target.low:g} to {target.high:g}, simulated {trials.with_unit(found.mean, target.unit)}, {outcome}.",
        )

    def _export(self, name: str) -> Export | None:
        found = tuple(self.rows[target.id] for target in targets() if target.id in self.rows)
        if name != "experiments.csv" or not found:
            return None
        return exports.of_frame(validation.Validation("mean", found).table, "experiments.csv")


@solara.component
def View(desk: Desk) -> None:
    kept = desk.keep(Trials)
    kept.desk = desk
    solara.use_effect(lambda: in_view(kept.task, desk.replicates, kept.begin), [])
    plot = box("div", "coming-plot", [kept.task.coming])
    box(
        "div",
        "trials",
        [
            box("section", "card", [what(*_LIST), box("h2", "", ["Measured and simulated"]), kept.board]),
            box("section", "card answer-chart trials-chosen", [what(*_CURVE), kept.detail, kept.chart, plot]),
        ],
    )


_LIST = (
    "Every published number that the model is held against, grouped by the experiment it comes from. A number is met "
    "where the simulated one lies in the range: that of the source, or, marked “ours”, one that we gave because the "
    "source printed one number or words only.",
    "Fitted and in-sample numbers were in view when constants were chosen: meeting them shows that the model can say "
    "them, not that it is right. No constant depends on blind numbers. Misses stay in the list, each with what stands "
    "in its way. Simulated at expected numbers, in a medium that does not deplete.",
)
_CURVE = (
    "The line is the simulated curve of the chosen number. The point with its range is what was measured; where the "
    "number is a time or a dose, the range lies along the horizontal axis at the height at which it is read.",
)
