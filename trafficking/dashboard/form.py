"""A form of native inputs with a button for a long computation, and a sheet with its answer: for pages that compute."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib.resources import files
from typing import Any

import traitlets

from .hearing import Listener
from .jobs import Job, said
from .notes import Note

_STATIC = files("trafficking.dashboard") / "static"


class Form(Listener):
    """Fields with their values, a button that starts a computation, and how far that is.

    fields: dicts of name, label, value and kind: "select" (options as [value, text]), "number" (low, high, step) or
    "text"; "optional" ones may stay empty, "live" ones tell of each change at once.
    filled: values by name that are put into the fields, as [count, values].
    answered: the values that the answer on the page belongs to; none before there is one. Where the fields differ from
    them, the form says so.
    typed: what the fields hold, kept by the browser alone, which puts it back when the reader comes back to the page.
    state: busy, share (0 to 1), words, fault.
    The browser sends {"do": "start", "values": {...}}, {"do": "cancel"} and {"do": "change", "values": {...}}.
    """

    _esm = (_STATIC / "form.js").read_text(encoding="utf-8")

    label = traitlets.Unicode("").tag(sync=True)
    fields = traitlets.List().tag(sync=True)
    action = traitlets.Unicode("").tag(sync=True)
    filled = traitlets.List().tag(sync=True)
    answered = traitlets.Dict().tag(sync=True)
    typed = traitlets.Dict().tag(sync=True)
    state = traitlets.Dict({"busy": False, "share": 0.0, "words": "", "fault": ""}).tag(sync=True)

    def follow(self, job: Job[Any], *, before: bool = False) -> None:
        """Shows how far a job is; once it is done, the answer on the page is the one to what it was asked.

        Args:
            before: whether an earlier answer is shown, which stays if this one does not come.
        """
        words = said(job)
        if before and job.status == "cancelled":
            words += "; what is shown was computed before"
        fault = f"It stopped: {job.fault}" if job.status == "failed" else ""
        with self.hold_sync():
            if job.status == "done":
                self.answered = job.asked
            self.state = {"busy": job.going, "share": job.share, "words": words, "fault": fault}

    def lasting(self, job: Job[Any] | None) -> dict[str, Any]:
        """What is to come back after a reload: what a job was asked, or where it came to nothing, what was answered."""
        asked = {} if job is None else job.asked
        return dict(asked if job is not None and (job.going or job.status == "done") else self.answered or asked)

    def own(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Of these values those of the form's fields; the others as the form has them."""
        return {field["name"]: values.get(field["name"], field["value"]) for field in self.fields}

    def recall(self, note: Note | None, check: Callable[[dict[str, Any]], Any]) -> dict[str, Any]:
        """Fills in what was asked for before a reload, and gives it; as the form opens where `check` refuses it."""
        first = self.own({})
        if note is None:
            return first
        try:
            values = self.own(note.words["values"])
            check(values)
        except (AttributeError, KeyError, TypeError, ValueError):
            return first
        self.fill(values)
        return values

    def fill(self, values: Mapping[str, Any]) -> None:
        """Puts values into the fields of these names."""
        self.filled = [self.filled[0] + 1 if self.filled else 1, dict(values)]

    def complain(self, fault: str) -> None:
        """Says what is wrong with what was asked for."""
        self.state = {"busy": False, "share": 0.0, "words": "", "fault": fault}


class Sheet(Listener):
    """What is answered (`of`), a sentence, a table and links to files.

    state: of, sentence, detail, caption; head as [label, unit]; rows with cells as texts, the first of which is its
    name, a note under that, and a look (colour and dash) where it has a curve; removable; links as [address, name,
    kind].
    The browser sends {"remove": number of the row} where rows can be taken away.
    """

    _esm = (_STATIC / "sheet.js").read_text(encoding="utf-8")

    state = traitlets.Dict().tag(sync=True)


def number(values: Mapping[str, Any], name: str, label: str, low: float, high: float) -> float:
    """A number out of a form.

    Raises:
        ValueError: it is none, or beyond its limits; in words for the reader.
    """
    try:
        value = float(values[name])
    except (KeyError, TypeError, ValueError):
        value = float("nan")
    if not low <= value <= high:
        raise ValueError(f"{label}: {values.get(name)!r} given; a number from {low:g} to {high:g} is needed")
    return value


def chosen(values: Mapping[str, Any], name: str, label: str, allowed: Mapping[str, Any] | tuple[str, ...]) -> str:
    """A choice out of a form; ValueError if it is none of those offered."""
    value = values.get(name)
    if not isinstance(value, str) or value not in allowed:
        raise ValueError(f"{label}: {value!r} given; allowed are {', '.join(allowed)}")
    return value
