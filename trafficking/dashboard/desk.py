"""One reader's session: a run that is watched, the widgets that show it, and what each page keeps.

Widgets change outside the rendering of Solara, which is for what changes a few times a minute.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import parse_qs

import traitlets

from trafficking import io, library, treatments, units
from trafficking.preparing import is_kept
from trafficking.scenario import Scenario, ScenarioError

from . import budget, exports, hearing, links, store, words
from .address import INSTEAD, STEP, TRAVEL, Address
from .budget import Budget, OverBudget
from .cell_view import Cell
from .controls import Controls
from .dose import Dose
from .editor import Editing
from .felt import Felt
from .forks import INSULIN
from .futures import Branching
from .keeping import Keeping
from .kept import Kept, KeptError
from .launcher import SCENARIO_VARIABLE
from .notes import Notes
from .paces import GUIDED, SPEEDS
from .picture import LINES, Ground, Picture
from .plot import TimeSeries
from .readout import Headline, Numbers
from .replicates import NUMBER, Replicates
from .runner import Runner
from .scenes import Moment, Scene
from .sight import Sight
from .task import Task
from .viewing import EVERY_S

DEFAULT = "chronic_insulin"
OWN = "own"  # the entry of the scenario list for one that is no file of the package

NO_SCENARIO = "?scenario={}: no such scenario; choose one from the list."

State = TypeVar("State")

STATUS_WORDS = {
    "preparing": "Preparing",
    "computing": "Computing",
    "returning": "Going back",
    "restoring": "Computing again",
    "running": "Running",
    "paused": "Paused",
    "away": "Paused",
    "finished": "Finished",
    "failed": "Stopped",
}


@lru_cache
def shipped() -> dict[str, Scenario]:
    """The scenarios that come with the package, by name, the default first."""
    ours = sorted(io.scenario_names(), key=lambda name: name != DEFAULT)
    return {scenario.name: scenario for scenario in map(io.load_scenario, (*ours, *io.published_names()))}


@lru_cache
def _choices() -> list[list[str]]:
    """[name, title, group] of what the package has, as the list of scenarios shows it."""
    published = {name.split("/")[1] for name in io.published_names()}
    groups = {False: "Questions", True: "Published experiments"}
    return [[name, known.title or name, groups[name in published]] for name, known in shipped().items()]


def _named(search: str, name: str) -> str:
    """What an address has under a name; "" where it has nothing."""
    return parse_qs(search).get(name, [""])[0]


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

    def __init__(self, search: str | None = None, *, session: str | None = None) -> None:
        """Opens what the address asks for: `?run=` and an id, `?link=` and a link, `?scenario=` and a name.

        Args:
            session: what tells this browser from others, whose budget its pages share; None: one of its own.
        """
        self.plot = TimeSeries(lines=LINES)
        self.headline = Headline(
            parts=["", "Preparing", f" a cell{'' if is_kept('agents') else ', once per installation'} …"]
        )
        self.numbers = Numbers(lines=LINES)
        self.cell = Cell()
        self.dose = Dose()
        self.felt = Felt()
        self.controls = Controls()
        for shared in ("hidden", "logarithmic"):  # what the legend is told, the plot shows
            traitlets.link((self.numbers, shared), (self.plot, shared))
        self._shipped = shipped()
        self._closed = False
        self._own: Scenario | None = None  # the latest that is none of the package's
        self._run_id = ""
        self._number = -1
        self._ground: Ground | None = None
        self._kept: dict[Callable[[], Any], Any] = {}
        self._asked = search or ""  # the address that was last opened
        self._way = INSTEAD  # how the id of the run that comes next gets into the address
        self._felt_s = 0.0  # when what the cell would feel was last drawn
        self._watching: list[Callable[[Scene], None]] = []
        self.plot.listen(self._hear_plot)
        self.dose.listen(self._hear_dose)
        self.controls.listen(self._hear_controls)
        self.cell.listen(self._hear_cell)
        self.budget = Budget() if session is None else budget.of(session)
        self.address, self.keeping, self.notes = Address(), Keeping(self.budget), Notes(self.budget)
        self._scene: Scene | None = None  # the latest
        scenario, self._complaint = self._first(self._asked)
        self.travel: Callable[[str], None] = lambda address: None  # to another page
        taking = self._asked_for(self._asked)
        self.runner = Runner(scenario, show=self.show, keeping=self.keeping, taking=taking, budget=self.budget)
        self.replicates = Replicates(self.runner.refresh, self.budget)
        self.branching = Branching(self.plot, self.runner)
        self.address.listen(self._hear_address)
        self.plot.observe(self._attend, ["hidden", "logarithmic", "zoom"])
        self.runner.start()

    def close(self) -> None:
        """Ends the session: its thread, its run and its exports."""
        self._closed = True
        self.runner.close()
        self.replicates.close()
        store.drop(self._run_id)
        for kept in self._kept.values():
            kept.close()

    def keep(self, kind: Callable[[], State]) -> State:
        """What a page needs to find again when the reader comes back to it: one of each kind, made on first use.

        Args:
            kind: its class; made without arguments, and closed with the session.
        """
        if kind not in self._kept:
            self._kept[kind] = kind()
            if isinstance(task := getattr(self._kept[kind], "task", None), Task):
                task.budget = self.budget
        return self._kept[kind]

    def watch(self, see: Callable[[Scene], None]) -> Callable[[], None]:
        """Shows every scene to a page too, in the runner's thread; returns what ends that."""
        self._watching.append(see)
        return lambda: self._watching.remove(see) if see in self._watching else None

    @property
    def run_id(self) -> str:
        """The key to the files of the run on Live."""
        return self._run_id

    @property
    def going_on(self) -> bool:
        """Whether the run on Live is under way."""
        return self.controls.state.get("status") in ("preparing", "computing", "running")

    def edit(self) -> Editing:
        """The exposure editor, on the scenario of this run."""
        editing, scenario = self.keep(Editing), self.runner.opened
        editing.attend(scenario, own=not self._is_shipped(scenario), run=self.show_on_live)
        return editing

    def show_on_live(self, scenario: Scenario) -> None:
        """Opens a scenario and goes to Live, which is one step for the reader."""
        self._way = TRAVEL
        self.runner.open(scenario, seed=self.runner.seed)
        self.travel("/")

    def visit(self, search: str | None) -> None:
        """Opens what an address asks for, such as `?scenario=washout`; asked for again, nothing happens."""
        if (search or "") != self._asked:
            self._asked = search or ""
            self.seek(self._asked)

    def seek(self, search: str, way: str = STEP) -> None:
        """Opens the scenario that an address asks for; nothing where it asks for none."""
        name = _named(search, "scenario")
        if name in self._shipped:
            self._way = way
            self.runner.open(self._shipped[name], seed=self.runner.seed)
        elif name:
            self._complaint = NO_SCENARIO.format(name)
            self.runner.refresh()

    def _asked_for(self, search: str) -> Callable[[Runner], Kept] | None:
        """What gives the run that an address asks for; None where it asks for none."""
        run_id, link = _named(search, "run"), _named(search, "link")
        return self._taking(run_id, link) if run_id or link else None

    def _taking(self, run_id: str, link: str = "") -> Callable[[Runner], Kept]:
        """What gives a kept run, or that of a link."""

        def of_id(runner: Runner) -> tuple[Kept, str]:
            return self.keeping.take_up(run_id, runner)

        def of_link(runner: Runner) -> tuple[Kept, str]:
            found = links.read(link)
            self.keeping.begin(runner)
            return found

        def take(runner: Runner) -> Kept:
            try:
                kept, self._complaint = of_link(runner) if link else of_id(runner)
                self.budget.hold(runner, budget.size(kept.scenario))
            except (KeptError, OverBudget) as fault:
                what = "This link was not opened" if link else "The run of this address was not opened"
                here = "Here is a new one" if self._ground is None else "The one that was on goes on"
                self._complaint = f"{what}: {str(fault).rstrip('.')}. {here}."
                raise KeptError(str(fault)) from None
            return kept

        return take

    def _link(self) -> None:
        """Offers a link to the run as it is."""
        scene = self._scene
        if scene is None or scene.moment is None:
            return
        rows = tuple((row.time_min, row.name, row.old, row.new) for row in scene.steering)
        run = Kept(
            self.runner.opened, scene.scenario, scene.seed, scene.time_min, rows, speed=scene.speed, sight=scene.sight
        )
        try:
            self.address.offer(links.written(run))
        except links.LinkTooLong as fault:
            self._complaint = str(fault)
            self.runner.refresh()

    def _first(self, search: str) -> tuple[Scenario, str]:
        """The scenario to open with: that of the address, the one the launcher was given, or the default."""
        name = _named(search, "scenario")
        if name in self._shipped:
            return self._shipped[name], ""
        if name:
            return self._shipped[DEFAULT], NO_SCENARIO.format(name)
        wanted = os.environ.get(SCENARIO_VARIABLE, DEFAULT)
        try:
            return io.load_scenario(wanted), ""
        except (OSError, ScenarioError) as fault:
            return self._shipped[DEFAULT], f"{Path(wanted).name} was not opened: {fault}"

    # -- from the browser ------------------------------------------------------------------------------------------

    def _hear_plot(self, message: dict) -> None:
        if "picked_min" in message:
            return self.branching.pick(hearing.number(message, "picked_min"))
        self.runner.acknowledge(hearing.whole(message, "acknowledged"), reduced_motion=bool(message.get("reduced")))

    def _hear_address(self, message: dict) -> None:
        if "tab" in message:
            return self.notes.know(hearing.text(message, "tab"))
        run_id = hearing.text(message, "back")
        if run_id != self.keeping.run_id:
            self._way = INSTEAD
            self.runner.take_up(self._taking(run_id))

    def _attend(self, _: object) -> None:
        plot = self.plot
        self.runner.attend(Sight.of({"hidden": plot.hidden, "logarithmic": plot.logarithmic, "zoom": plot.zoom}))

    def _hear_dose(self, message: dict) -> None:
        dose = hearing.number(message, "insulin_nM", 0.0, 1000.0)
        self.runner.steer(dose, gesture=hearing.whole(message, "gesture"))

    def _hear_cell(self, message: dict) -> None:
        if "seen" in message:
            self.runner.look(bool(message["seen"]))
        else:
            self.runner.pick(self.cell.chosen(message))

    def _hear_controls(self, message: dict) -> None:
        self._complaint = ""
        match hearing.text(message, "do"):
            case "play":
                self.runner.play()
            case "pause":
                self.runner.pause()
            case "step":
                self.runner.step()
            case "reset":
                self.runner.reset()
            case "speed":
                self.runner.speed(hearing.text(message, "speed"))
            case "scenario":
                self._open_listed(hearing.text(message, "scenario"))
            case "tissue" if (tissue := hearing.text(message, "tissue")) in library.tissues():
                self.runner.open(on_tissue(self.runner.opened, tissue), seed=self.runner.seed)
            case "band" if self._ground is not None:
                self.replicates.toggle(self._ground.scenario, seed=self.runner.seed)
                self.runner.refresh()
            case "treat":
                self.runner.treat(hearing.text(message, "name"), hearing.number(message, "to"))
            case "link":
                self._link()
            case "anew":
                self._anew(hearing.whole(message, "receptors"), hearing.whole(message, "seed"))

    def _open_listed(self, name: str) -> None:
        """Opens a scenario of the list, where it holds one of this name."""
        scenario = self._own if name == OWN else self._shipped.get(name)
        if scenario is not None:
            self.runner.open(scenario, seed=self.runner.seed)

    def _anew(self, receptors: int, seed: int) -> None:
        """Opens the scenario with these; the run that is on stays if they are refused."""
        if not 0 <= seed < 2**63:
            self._complaint = f"seed: {seed} is not allowed; it must be a whole number from 0 to 2^63 - 1."
            return self.runner.refresh()
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
        self._scene = scene
        if scene.number != self._number:
            self._number = scene.number
            self._ground = None
            self.cell.begin()
            store.drop(self._run_id)
            self._run_id = store.add(exports.of_run(self.runner.taken, self.runner.other))
            if self._closed:  # meanwhile
                return store.drop(self._run_id)
            self.address.place(self.keeping.run_id, self._way)
            self._way = STEP
            self._show_sight(scene.sight)
            if not self._is_shipped(self.runner.opened):
                self._own = self.runner.opened
        if scene.moment is not None:
            self._draw(scene, scene.moment)
        elif scene.status == "computing" and self._ground is None:
            self.headline.parts = ["", "Computing", " the whole curve …"]
        self._dress(scene)
        for see in tuple(self._watching):
            see(scene)
        self.branching.show(scene)
        with self.plot.hold_sync():
            self.plot.seq = scene.seq

    def _show_sight(self, sight: Sight) -> None:
        with self.plot.hold_sync():
            self.plot.hidden, self.plot.logarithmic, self.plot.zoom = list(sight.hidden), sight.logarithmic, sight.parts

    def _is_shipped(self, scenario: Scenario) -> bool:
        """Whether the package has this scenario, the size of the cell apart; a name alone does not tell."""
        known = self._shipped.get(scenario.name)
        return known is not None and known.to_dict() | {"receptors": scenario.receptors} == scenario.to_dict()

    def _draw(self, scene: Scene, moment: Moment) -> None:
        if self._ground is None or not self._ground.under(scene):
            self._ground = Ground.of(scene)
            self.plot.plan = self._ground.ahead
            self.plot.ghost = Picture(scene, moment, self._ground).ghost_frame
            self.plot.measured = Picture(scene, moment, self._ground).measured
        picture = Picture(scene, moment, self._ground)
        band = self.replicates.curves(scene.scenario)
        if self.plot.band != band:
            self.plot.band = band
        with self.plot.hold_sync():
            self.plot.frame, self.plot.view = picture.frame, picture.view
        with self.headline.hold_sync():
            self.headline.parts = picture.headline
            self.headline.detail = words.unbroken(picture.half_times)
            self.headline.remark = picture.remark
        with self.numbers.hold_sync():
            self.numbers.values = picture.now
            self.numbers.base = words.base(self._ground.base, self._ground.of_words, scene.scenario.cells.number)
            self.numbers.notes = words.shown_besides(self.plot.measured, bool(band), NUMBER)
        now = time.monotonic()
        if now >= self._felt_s + EVERY_S or scene.status != "running":  # as often as the eye can follow
            self._felt_s = now
            self.felt.show(moment, scene.scenario)
        self.cell.show(scene, moment)
        by_hand = (
            "set by you"
            if any(row.name == INSULIN for row in scene.steering)
            else "set by the scenario until you move it"
        )
        with self.dose.hold_sync():
            self.dose.insulin_nM, self.dose.gesture, self.dose.note = moment.insulin_nM, scene.gesture, by_hand
            self.dose.enabled = True

    def _dress(self, scene: Scene) -> None:
        """What the buttons and lists show."""
        scenario = self.runner.opened
        own = [] if self._own is None else [[OWN, self._own.title or self._own.name]]
        log = [
            [words.span(row.time_min), words.thing(row.name), *(words.setting(row.name, x) for x in (row.old, row.new))]
            for row in reversed(scene.steering)
        ]
        about = [("Scenario", scenario.question), ("Expected", scenario.expected), ("Notes", scenario.notes)]
        self.controls.state = {
            "status": scene.status,
            "words": STATUS_WORDS[scene.status],
            "pace": self._pace(scene),
            "note": self._complaint or scene.message or self.keeping.fault,
            "speed": scene.speed,
            "speeds": [[GUIDED, "Guided"], *([name, name] for name in SPEEDS)],
            "scenario": OWN if scenario is self._own else scenario.name,
            "scenarios": own + _choices(),
            "band": self.replicates.says(scene.scenario),
            "tissue": scenario.tissue,
            "tissues": [[name, library.tissue(name).title] for name in library.tissues()],
            "receptors": scenario.receptors,
            "seed": scene.seed,
            "treatments": [[name, treatments.title(name), level] for name, level in scene.levels],
            "run": self._run_id if self._ground else "",
            "log": log,
            "about": [[name, text] for name, text in about if text],
        }

    @staticmethod
    def _pace(scene: Scene) -> str:
        if scene.status == "returning" and scene.ghost is not None:
            return f"{words.span(scene.time_min)} of {words.span(scene.ghost.from_min)}"
        if scene.status == "computing":
            return f"{100.0 * scene.time_min / scene.scenario.duration_min:.0f} % of the curve"
        if scene.status == "running" and scene.pace:
            return words.pace(scene.pace) + ("" if scene.kept_up else ", as fast as it goes")
        return "warming up" if scene.status == "preparing" else words.span(scene.time_min)
