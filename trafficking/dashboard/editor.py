"""The exposure editor: segments in a list, their insulin as a curve with handles, files in and out.

The page sends what was asked for and shows what comes back; the draft, its checks and its curve are the server's.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from importlib.resources import files
from typing import Any

import traitlets

from trafficking.scenario import Scenario, ScenarioError

from . import preview, words
from .draft import KINDS, Draft
from .hearing import Listener, number, text, whole
from .plot import pack

_STATIC = files("trafficking.dashboard") / "static"
_MOST_UNDONE = 100  # drafts that are kept
_MOST_WEIGHT = 1_000_000  # numbers of recorded series in all of them; the last two are kept anyhow


class Editor(Listener):
    """`state` is all that the form shows, `curve` float32 minutes and nM of the whole protocol; `asked`: see `what_in`.

    The browser sends {"do": name, "count": k, ...} for each thing asked for; `count` of the state comes back once k is
    done.
    A file to be saved goes out as the message {"save": name, "text": content}.
    """

    _esm = "\n".join((_STATIC / name).read_text(encoding="utf-8") for name in ("editor_curve.js", "editor.js"))

    state = traitlets.Dict().tag(sync=True)
    curve = traitlets.Bytes(b"").tag(sync=True)
    asked = traitlets.Dict({"protocol": "", "curve": "", "segments": ""}).tag(sync=True)


class Editing:
    """One reader's draft: what was changed can be taken back, and what is valid can be run or saved."""

    def __init__(self) -> None:
        self.widget = Editor()
        self.widget.listen(self.hear)
        self._run: Callable[[Scenario], None] = lambda scenario: None
        self._drafts: list[Draft] = []
        self._gesture: Any = None  # what is being dragged: one movement is one thing to take back
        self._selected = self._count = 0
        self._note = self._done = ""
        self._drawn: Draft | None = None  # the last without faults
        self._seen: Scenario | None = None  # the last that the reader came with

    def close(self) -> None:
        self.widget.close()

    def attend(self, scenario: Scenario, *, own: bool, run: Callable[[Scenario], None]) -> None:
        """Shows the protocol of this scenario; a draft that is still about it, or was run as it, stays as it is.

        Args:
            own: whether it is the reader's own, and no scenario of the package.
            run: what to do with a scenario that is to be run.
        """
        self._run = run
        if not self._drafts:
            self._drafts = [Draft.of(scenario, own=own)]
        elif scenario != self._seen and not (self.draft.valid and scenario == self.draft.scenario):
            self._put(Draft.of(scenario, own=own), 0)
        self._seen = scenario
        self._note = self._done = ""
        self._show()

    @property
    def draft(self) -> Draft:
        return self._drafts[-1]

    def hear(self, message: dict) -> None:
        """Does what the page asks for, and says so or why not."""
        self._count = whole(message, "count")
        self._note = self._done = ""
        if text(message, "do") != "drag":
            self._gesture = None
        try:
            self._obey(message)
        except ScenarioError as fault:
            self._note = "\n".join(fault.lines)
        self._show()

    def _obey(self, message: dict) -> None:
        draft = self.draft
        i = whole(message, "segment") if "segment" in message else self._selected
        i = min(max(i, 0), len(draft.segments) - 1)
        match text(message, "do"):
            case "select":
                self._selected = i
            case "set":
                self._put(draft.changed(i, text(message, "key"), text(message, "text")), i)
            case "name":
                self._put(draft.named(text(message, "text")), i)
            case "add" if (kind := text(message, "kind")) in KINDS:
                self._put(draft.added(kind, i), i + 1)
            case "double":
                self._put(draft.doubled(i), i + 1)
            case "remove":
                self._put(draft.removed(i), min(i, len(draft.segments) - 2))
            case "move":
                to = min(max(whole(message, "to"), 0), len(draft.segments) - 1)
                self._put(draft.moved(i, to), to)
            case "drag":
                self._drag(i, text(message, "key"), number(message, "to"), (text(message, "gesture"), i))
            case "nudge" if draft.valid:
                self._put(draft.nudged(i, text(message, "key"), whole(message, "by")), i)
            case "csv":
                self._put(draft.recorded(i, text(message, "file"), text(message, "text")), i + 1)
                self._done = f"{message['file']} is segment {i + 2} now."
            case "toml":
                self._put(Draft.opened(text(message, "file"), text(message, "text")), 0)
                self._done = f"{message['file']} is open."
            case "undo" if len(self._drafts) > 1:
                self._drafts.pop()
                self._selected = min(i, len(self.draft.segments) - 1)
            case "save":
                self.widget.send({"save": f"{draft.name}.toml", "text": draft.text()})
                self._done = f"{draft.name}.toml is saved. To run it: trafficking run {draft.name}.toml"
            case "run":
                self._run(draft.scenario)

    def _put(self, draft: Draft, selected: int) -> None:
        if draft != self.draft:
            self._keep([*self._drafts, draft])
        self._selected = selected

    def _keep(self, drafts: list[Draft]) -> None:
        weights = itertools.accumulate(draft.weight for draft in reversed(drafts))
        most = sum(so_far <= _MOST_WEIGHT for so_far in weights)
        self._drafts = drafts[-min(max(most, 2), _MOST_UNDONE) :]

    def _drag(self, i: int, key: str, to: float, gesture: Any) -> None:
        """From the draft as it was when the hand took hold, so that faults on the way do not stop the hand."""
        drafts = self._drafts[:-1] if gesture == self._gesture else self._drafts
        if drafts[-1].valid:
            self._keep([*drafts, drafts[-1].dragged(i, key, to)])
            self._gesture, self._selected = gesture, i

    def _show(self) -> None:
        draft = self.draft
        if draft.valid:
            self._drawn = draft
        drawn = self._drawn or draft
        protocol = drawn.scenario.protocol
        cell = draft.base.evidence.title or draft.base.tissue
        others = [what for (i, key), what in draft.faults.items() if i < 0 and not key]
        left_out = draft.left_out
        with self.widget.hold_sync():
            self.widget.curve = pack(preview_panel(drawn))
            self.widget.state = {
                "count": self._count,
                "name": draft.name,
                "name_fault": draft.faults.get((-1, "name"), ""),
                "cell": f"{cell}, {draft.base.receptors:,} receptors",
                "segments": preview.form(draft),
                "kinds": [[key, kind.title] for key, kind in KINDS.items() if kind.example],
                "selected": self._selected,
                "grips": preview.grips(draft, self._selected),
                "bounds": preview.bounds(protocol),
                "valid": draft.valid,
                "undo": len(self._drafts) > 1,
                "says": preview.summary(protocol),
                "note": "\n".join([*([self._note] if self._note else []), *others]),
                "done": self._done or (words.left_out(left_out) if left_out else ""),
            }


def preview_panel(draft: Draft) -> tuple[Any, Any]:
    """(n,) minutes and (1, n) nM of a valid draft."""
    times, doses = preview.curve(draft.scenario.protocol)
    return times, doses[None]
