"""One reader's session: a run that is watched, the widgets that show it, and what each page keeps.

Widgets change outside the rendering of Solara, which is for what changes a few times a minute.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import parse_qs

from trafficking import io, library, units
from trafficking.scenario import Scenario, ScenarioError

from . import store, words
from .controls import Controls
from .dose import Dose
from .launcher import SCENARIO_VARIABLE
from .picture import KINDS, LINES, Ground, Picture
from .plot import TimeSeries
from .readout import Headline, Numbers
from .runner import GUIDED, SPEEDS, Moment, Runner, Scene
from .strip import Seats, Strip

DEFAULT = "chronic_insulin"
DOTS = 400  # of the strip
STRIP_EVERY = 3  # scenes; dots that change faster cannot be followed
OWN = "own"  # the entry of the scenario list for one that is no file of the package

Kept = TypeVar("Kept")

STATUS_WORDS = {
    "preparing": "Preparing",
    "computing": "Computing",
    "running": "Running",
    "paused": "Paused",
    "away": "Paused",
    "finished": "Finished",
    "failed": "Stopped",
}


@lru_cache
def shipped() -> dict[str, Scenario]:
    """The scenarios that come with the package, by name, the default first."""
    return {name: io.load_scenario(name) for name in sorted(io.scenario_names(), key=lambda name: name != DEFAULT)}


def on_tissue(scenario: Scenario, tissue: str) -> Scenario:
    """The cell of another tissue at rest: in steady state at its lean insulin (none, in culture), for a day."""
    lean = library.tissue(tissue).lean
    dose = units.text(lean.value if lean else 0.0, "insulin")
    return Scenario.from_dict(
        {
            "name": f"{tissue}_at_rest",
            "title": f"{library.tissue(tissue).title}, {'lean insulin' if lean else 'no insulin'}: yours to steer",
            "tissue": tissue,
            "reference": "lean" if lean else "insulin_free",
            "resolution": scenario.resolution,
            "exposure": [{"kind": "constant", "duration": "24 h", "insulin": dose}],
        }
    )


class Desk:
    """One session: a runner, the widgets that show its scenes, and what the reader may ask of it."""

    def __init__(self) -> None:
        self.plot = TimeSeries(lines=LINES)
        self.headline = Headline(parts=["", "Preparing", " a cell at rest …"])
        self.numbers = Numbers(lines=LINES)
        self.strip = Strip(kinds=KINDS)
        self.dose = Dose()
        self.controls = Controls()
        self._shipped = shipped()
        self._closed = False
        self._own: Scenario | None = None  # the latest that is none of the package's
        self._run_id = ""
        self._number = -1
        self._ground: Ground | None = None
        self._seats = Seats(DOTS)
        self._kept: dict[Callable[[], Any], Any] = {}
        self._asked = ""  # the address that was last opened
        self._watching: list[Callable[[Scene], None]] = []
        self.plot.listen(self._hear_plot)
        self.dose.listen(self._hear_dose)
        self.controls.listen(self._hear_controls)
        scenario, self._complaint = self._first()
        self.runner = Runner(scenario, show=self.show)
        self.runner.start()

    def close(self) -> None:
        """Ends the session: its thread, its run and its exports."""
        self._closed = True
        self.runner.close()
        store.drop(self._run_id)
        for kept in self._kept.values():
            kept.close()

    def keep(self, kind: Callable[[], Kept]) -> Kept:
        """What a page needs to find again when the reader comes back to it: one of each kind, made on first use.

        Args:
            kind: its class; made without arguments, and closed with the session.
        """
        if kind not in self._kept:
            self._kept[kind] = kind()
        return self._kept[kind]

    def watch(self, see: Callable[[Scene], None]) -> Callable[[], None]:
        """Shows every scene to a page too, in the runner's thread; returns what ends that."""
        self._watching.append(see)
        return lambda: self._watching.remove(see) if see in self._watching else None

    def visit(self, search: str | None) -> None:
        """Opens what an address asks for, such as `?scenario=washout`; asked for again, nothing happens."""
        if (search or "") == self._asked:
            return
        self._asked = search or ""
        name = parse_qs(self._asked).get("scenario", [""])[0]
        if name in self._shipped:
            self.runner.open(self._shipped[name], seed=self.runner.seed)
        elif name:
            self._complaint = f"?scenario={name}: no such scenario; choose one from the list."
            self.runner.refresh()

    def _first(self) -> tuple[Scenario, str]:
        """The scenario to open with: the one the launcher was given, or the default."""
        wanted = os.environ.get(SCENARIO_VARIABLE, DEFAULT)
        try:
            return io.load_scenario(wanted), ""
        except (OSError, ScenarioError) as fault:
            return self._shipped[DEFAULT], f"{Path(wanted).name} was not opened: {fault}"

    # -- from the browser ------------------------------------------------------------------------------------------

    def _hear_plot(self, message: dict) -> None:
        self.runner.acknowledge(int(message["acknowledged"]), reduced_motion=bool(message.get("reduced")))

    def _hear_dose(self, message: dict) -> None:
        dose = min(max(float(message["insulin_nM"]), 0.0), 1000.0)
        self.runner.steer(dose, gesture=int(message["gesture"]))

    def _hear_controls(self, message: dict) -> None:
        self._complaint = ""
        match message["do"]:
            case "play":
                self.runner.play()
            case "pause":
                self.runner.pause()
            case "step":
                self.runner.step()
            case "reset":
                self.runner.reset()
            case "speed":
                self.runner.speed(message["speed"])
            case "scenario" if message["scenario"] in self._shipped:
                self.runner.open(self._shipped[message["scenario"]], seed=self.runner.seed)
            case "scenario" if message["scenario"] == OWN and self._own is not None:
                self.runner.open(self._own, seed=self.runner.seed)
            case "tissue" if message["tissue"] in library.tissues():
                self.runner.open(on_tissue(self.runner.opened, message["tissue"]), seed=self.runner.seed)
            case "anew":
                self._anew(int(message["receptors"]), int(message["seed"]))

    def _anew(self, receptors: int, seed: int) -> None:
        try:
            scenario = self.runner.opened.changed(receptors=receptors)
        except ScenarioError as fault:
            self._complaint = str(fault)
            self.runner.refresh()
        else:
            self.runner.open(scenario, seed=seed)

    # -- to the browser --------------------------------------------------------------------------------------------

    def show(self, scene: Scene) -> None:
        """Puts a scene into the widgets. Called in the runner's thread."""
        if self._closed:
            return
        if scene.number != self._number:
            self._number = scene.number
            self._ground, self._seats = None, Seats(DOTS)
            store.drop(self._run_id)
            self._run_id = store.add(self.runner.taken)
            if self._closed:  # meanwhile
                return store.drop(self._run_id)
            if not self._is_shipped(self.runner.opened):
                self._own = self.runner.opened
        if scene.moment is not None:
            self._draw(scene, scene.moment)
        elif scene.status == "computing" and self._ground is None:
            self.headline.parts = ["", "Computing", " the whole curve …"]
        self._dress(scene)
        for see in tuple(self._watching):
            see(scene)
        with self.plot.hold_sync():
            self.plot.seq = scene.seq

    def _is_shipped(self, scenario: Scenario) -> bool:
        """Whether the package has this scenario, the size of the cell apart; a name alone does not tell."""
        known = self._shipped.get(scenario.name)
        return known is not None and known.to_dict() | {"receptors": scenario.receptors} == scenario.to_dict()

    def _draw(self, scene: Scene, moment: Moment) -> None:
        if self._ground is None or self._ground.scenario is not scene.scenario:
            self._ground = Ground.of(scene)
            self.plot.plan = self._ground.ahead
        picture = Picture(scene, moment, self._ground)
        with self.plot.hold_sync():
            self.plot.frame, self.plot.view = picture.frame, picture.view
        with self.headline.hold_sync():
            self.headline.parts = picture.headline
            self.headline.detail = picture.half_times
            self.headline.remark = picture.remark
        with self.numbers.hold_sync():
            self.numbers.values = picture.now
            self.numbers.base = words.base(self._ground.base, self._ground.reference.words, scene.scenario.cells.number)
        if scene.status != "running" or scene.seq % STRIP_EVERY == 0 or not self.strip.dots:
            with self.strip.hold_sync():
                self.strip.dots = self._seats.arrange(*picture.seats())
                followed = scene.scenario.resolution == "agents" and scene.scenario.follow > 0
                self.strip.text = words.dots(picture.names(self._seats.seated()), DOTS, followed=followed)
        by_hand = "set by you" if scene.steering else "set by the scenario until you move it"
        with self.dose.hold_sync():
            self.dose.insulin_nM, self.dose.gesture, self.dose.note = moment.insulin_nM, scene.gesture, by_hand
            self.dose.enabled = True

    def _dress(self, scene: Scene) -> None:
        """What the buttons and lists show."""
        scenario = self.runner.opened
        own = [] if self._own is None else [[OWN, self._own.title or self._own.name]]
        log = [
            [words.span(row.time_min), "insulin", words.insulin(row.old), words.insulin(row.new)]
            for row in reversed(scene.steering)
        ]
        about = [("Scenario", scenario.question), ("Expected", scenario.expected), ("Notes", scenario.notes)]
        self.controls.state = {
            "status": scene.status,
            "words": STATUS_WORDS[scene.status],
            "pace": self._pace(scene),
            "note": self._complaint or scene.message,
            "speed": scene.speed,
            "speeds": [[GUIDED, "Guided"], *([name, name] for name in SPEEDS)],
            "scenario": OWN if scenario is self._own else scenario.name,
            "scenarios": own + [[name, shipped.title or name] for name, shipped in self._shipped.items()],
            "tissue": scenario.tissue,
            "tissues": [[name, library.tissue(name).title] for name in library.tissues()],
            "receptors": scenario.receptors,
            "seed": scene.seed,
            "run": self._run_id if self._ground else "",
            "log": log,
            "about": [[name, text] for name, text in about if text],
        }

    @staticmethod
    def _pace(scene: Scene) -> str:
        if scene.status == "computing":
            return f"{100.0 * scene.time_min / scene.scenario.duration_min:.0f} % of the curve"
        if scene.status == "running" and scene.pace:
            return words.pace(scene.pace) + ("" if scene.kept_up else ", as fast as it goes")
        return "warming up" if scene.status == "preparing" else words.span(scene.time_min)
