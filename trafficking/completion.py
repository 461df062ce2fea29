"""Completes a run: simulates it, draws its figures and saves its folder; if that fails, keeps the run for `resume`."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from trafficking import figures, folders, io, report, stopped, terminal, units
from trafficking.simulation import Run

if TYPE_CHECKING:
    from trafficking.results import Result


class _Stopped(Exception):
    """The run was asked to stop and did, at the end of a window. status: exit status of the program."""

    def __init__(self, status: int) -> None:
        self.status = status


def finish(begun: Run, place: folders.Claim, folder: Path) -> None:
    """Simulates to the end, saves tables and figures in the claimed place, and prints the six-line summary."""
    result, pictures = saved(begun, place, folder)
    terminal.show(report.six_lines(result, shlex.quote(str(folder)), pictures))


def saved(begun: Run, place: folders.Claim, folder: Path) -> tuple[Result, list[str]]:
    """Simulates to the end and saves tables and figures in the claimed place: the result, and the figures by name.

    If Ctrl-C, a full disk or a bug prevents that, the run is kept for `resume`.

    Args:
        folder: the path of the place as a user would type it.
    """
    try:
        simulate(begun)
        result = begun.result()
        pictures, failed = figures.drawn(_figures(result))
        io.save(result, place, extras=pictures)
    except BaseException as fault:
        if isinstance(fault, SystemExit) and fault.code == terminal.WRONG_INPUT:
            raise  # refused, and it would be refused again
        _end(begun, place, folder, fault)
    for name, why in failed.items():
        what = "" if name == "figure.png" else f" --what {Path(name).stem}"
        again = f"trafficking plot {shlex.quote(str(folder))}{what} --out {shlex.quote(str(folder / name))}"
        terminal.tell(f"{name} could not be drawn ({why}); the run is saved without it. Draw it again: {again}")
    return result, list(pictures)


def simulate(begun: Run) -> None:
    """Simulates to the end, with a progress bar.

    Raises:
        _Stopped: it was asked to stop earlier.
    """
    with (
        terminal.Progress(
            begun.scenario.name, begun.duration_min, lambda done: f"{units.friendly(done, 'time')} simulated"
        ) as progress,
        terminal.Stop("stopping at the end of this window") as stop,
    ):

        def keep_going() -> bool:
            progress(begun.time_min)
            return not stop.status

        try:
            begun.advance(keep_going=keep_going)
        except ValueError as fault:
            if not str(fault).startswith("duration:"):
                raise
            terminal.refuse(fault)
    if not begun.finished:
        raise _Stopped(stop.status)


def simulated(begun: Run) -> Result:
    """Simulates a run that is not saved; if it is asked to stop, ends the program."""
    try:
        simulate(begun)
    except _Stopped as fault:
        terminal.refuse(f"{_cause(begun, fault)[0]}; nothing was written", fault.status)
    return begun.result()


def draw(result: Result, what: str, out: Path, kind: str) -> None:
    """Draws one figure of a run, "figure" or "cells", into a file of this kind: png, pdf or svg."""
    contents, failed = figures.drawn({what: lambda: _figure(result, what, kind)})
    if failed:
        terminal.refuse(f"{out} could not be drawn ({failed[what]})", terminal.FAILED)
    if (out.parent / io.MANIFEST).is_file():  # a run folder with a file that its manifest lacks is refused
        io.add_file(out.parent, out.name, contents[what])
    else:
        folders.replace_file(out, contents[what])


def _figure(result: Result, what: str, kind: str = "png") -> bytes:
    """The curves of a run, or of several cells the surface of each, as a file."""
    from trafficking import cytometry, plots  # here, since matplotlib may be what fails

    return plots.render(plots.depletion(result) if what == "figure" else cytometry.histograms(result), kind)


def _figures(result: Result) -> dict[str, Callable[[], bytes]]:
    """What draws the figures of a run folder, by name."""
    names = ["figure", "cells"] if len(result.cells) else ["figure"]
    return {f"{name}.png": partial(_figure, result, name) for name in names}


def _end(begun: Run, place: folders.Claim, folder: Path, fault: BaseException) -> NoReturn:
    """Keeps the run and ends the program; a bug in this program is raised again once the run is kept."""
    words, status = _cause(begun, fault)
    if place.filled:
        terminal.refuse(f"{words}; the run is written: {folder}", status or terminal.FAILED)
    command = f"trafficking resume {shlex.quote(str(folder))}"
    try:
        with terminal.Stop("keeping the run"):
            stopped.keep(place, begun, command, marker=io.MANIFEST)
        said = f"{words}; nothing was written as {folder}. Go on with it: {command}"
    except (OSError, MemoryError, RuntimeError, KeyboardInterrupt) as second:
        terminal.tell(f"{words}; nothing was written as {folder}")
        said = f"the run could not be kept either: {_words(second)}"
    if status is not None:
        terminal.refuse(said, status)
    terminal.tell(said)
    raise fault


def _cause(begun: Run, fault: BaseException) -> tuple[str, int | None]:
    """What ended a run, in words, and the exit status; None for a bug in this program."""
    minutes = units.friendly(begun.duration_min, "time")
    at = "while it was written" if begun.finished else f"at {units.friendly(begun.time_min, 'time')} of {minutes}"
    match fault:
        case _Stopped():
            return f"stopped {at}", fault.status
        case KeyboardInterrupt():
            return f"interrupted {at}", terminal.INTERRUPTED
        case SystemExit():
            return f"terminated {at}", fault.code if isinstance(fault.code, int) else terminal.FAILED
        case FileExistsError():
            return _words(fault), terminal.WRONG_INPUT
        case OSError() | MemoryError():
            return _words(fault), terminal.FAILED
    return f"{type(fault).__name__} {at}, a bug in this program", None


def _words(fault: BaseException) -> str:
    if isinstance(fault, OSError):
        return terminal.reason(fault)
    return {MemoryError: "out of memory", KeyboardInterrupt: "interrupted"}.get(type(fault), str(fault))
