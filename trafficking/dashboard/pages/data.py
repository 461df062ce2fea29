"""Data: the tables of the run on Live, and every file that it can be taken away as."""

from __future__ import annotations

import logging
import threading
import time
from typing import Any

import solara

from trafficking import library
from trafficking.results import Result

from .. import exports, hearing, tables, words
from ..desk import Desk
from ..elements import box, what_in
from ..exports import Taken
from ..tables import Tables

AGAIN_S = 3.0  # between two readings of a run that goes on; longer where reading takes long
PAGE = 15  # rows; what is seen at once, and all that crosses to the browser

_log = logging.getLogger(__name__)


class Reading:
    """The tables of a run as they stood when they were read, and which of them is shown."""

    def __init__(self) -> None:
        self.widget = Tables(asked=_ASKED)
        self._desk: Desk | None = None
        self._result: Result | None = None
        self._run_id, self._steered, self._again_s = "", 0, 0.0
        self._table, self._first = "compartments", 0
        self._guard, self._reading = threading.Lock(), threading.Lock()
        self.widget.listen(self._hear)

    def close(self) -> None:
        self._desk = self._result = None

    def read(self, desk: Desk) -> None:
        """Reads the tables of the run on Live as they are now, in a thread: the run may be busy."""
        self._desk = desk
        if not self._reading.acquire(blocking=False):  # its end will show what is asked for
            return
        if self._result is None:
            self._say("Reading the tables …")
        threading.Thread(target=self._read, args=(desk,), name="trafficking-tables", daemon=True).start()

    def _read(self, desk: Desk) -> None:
        began = time.monotonic()
        try:
            run_id, taken = _taken(desk)
        except Exception as fault:  # a page with a message beats a dead one
            _log.exception("the tables were not read")
            return self._say(f"The tables could not be read: {fault or type(fault).__name__}")
        finally:
            self._reading.release()
        if self._desk is None or taken is None:
            return
        with self._guard:
            fresh = run_id != self._run_id
            (self._result, steering, _), self._run_id = taken, run_id
            self._steered = len(steering)
            self._again_s = max(AGAIN_S, 20.0 * (time.monotonic() - began)) if desk.going_on else 0.0
            if fresh or self._table not in tables.names(self._result):
                self._table, self._first = "compartments", 0
        self._show()

    def _hear(self, message: dict) -> None:
        asked = hearing.text(message, "do")
        if asked == "read" and self._desk is not None:
            return self.read(self._desk)
        if self._result is None:
            return
        with self._guard:
            if asked == "table" and (name := hearing.text(message, "table")) in tables.names(self._result):
                self._table, self._first = name, 0
            elif asked == "page":
                last = max(len(tables.frame(self._result, self._table)) - 1, 0) // PAGE * PAGE
                self._first = min(max(hearing.whole(message, "first"), 0) // PAGE * PAGE, last)
        self._show()

    def _say(self, note: str) -> None:
        self.widget.state = {**self.widget.state, "note": note}

    def _show(self) -> None:
        with self._guard:
            if self._result is not None:
                self.widget.state = self._pictured(self._result)

    def _pictured(self, result: Result) -> dict[str, Any]:
        table, scenario = tables.frame(result, self._table), result.scenario
        numbers = tables.summary(table)
        title, about = tables.ABOUT[self._table]
        return {
            "note": "",
            "run": self._run_id,
            "again_s": self._again_s,
            "scenario": scenario.title or scenario.name,
            "made": f"Scenario {scenario.name}, {library.tissue(scenario.tissue).title}, seed {result.seed}, "
            f"{_by_hand(self._steered)}, as it stood at {words.span(_reached(result))}",
            "tables": [[name, tables.ABOUT[name][0], len(tables.frame(result, name))] for name in tables.names(result)],
            "table": self._table,
            "title": title,
            "about": about,
            "columns": [
                {**column, "summary": [tables.said(value) for value in numbers.get(column["name"], ())]}
                for column in tables.described(table, self._table)
            ],
            "rows": tables.rows(table, self._first, PAGE),
            "first": self._first,
            "total": len(table),
            "page": PAGE,
            "files": _files(self._table, self._steered),
        }


def _taken(desk: Desk) -> tuple[str, Taken | None]:
    """The key to the files of the run on Live, and its tables: both of the same run, though another may be opened."""
    while True:
        run_id, taken = desk.run_id, desk.runner.taken()
        if desk.run_id == run_id:
            return run_id, taken


def _by_hand(steered: int) -> str:
    return "no move by hand" if not steered else f"{steered} {'move' if steered == 1 else 'moves'} by hand"


def _reached(result: Result) -> float:
    return float(result.counts["time_min"].iloc[-1])


def _files(table: str, steered: int) -> list[list]:
    """What can be taken away: [group, [[file, name, kind], ...]]."""
    one = [[f"{table}.csv", "This table", "CSV"]]
    if table != "compartments":
        one.append([f"{table}.parquet", "This table", "Parquet"])
    return [
        ["All of it", [[exports.WHOLE, "The whole run", "zip"], [exports.PLOTTED, "What is plotted", "CSV"]]],
        [tables.ABOUT[table][0], one],
        [
            "To run it again",
            [[exports.SCENARIO, "Scenario", "TOML"], [exports.STEERING, "Steering log", f"CSV, {_by_hand(steered)}"]],
        ],
        ["Figure for print", [[f"figure.{kind}", kind.upper(), ""] for kind in exports.FIGURES]],
    ]


@solara.component
def View(desk: Desk) -> None:
    reading = desk.keep(Reading)
    solara.use_effect(lambda: reading.read(desk), [])
    box("div", "data-page", [reading.widget])


_ASKED = what_in(
    files=(
        "The run on Live as files, as it stands when you take them: all of it, the table chosen below, or the figure. "
        "The scenario file gives the same run again, moves by hand included: save it and type “trafficking run” with "
        "its name.",
        "Parquet files keep units and labels with each column; R, Python and Julia read them.",
    ),
    columns=(
        "The numbers behind the plot on Live, as the simulation wrote them down. Choose a table: each line below is "
        "one of its columns, with what it means, its unit, and its smallest, mean, largest and final value.",
        "The mean is over the rows, and rows need not lie at even distances in time.",
    ),
    rows=(
        "The rows of the chosen table, fifteen at a time, in its own units. While the run goes on they are read again "
        "now and then; Read again does it at once.",
    ),
)
