"""The command `interventions`: one person given each intervention in turn, in words, tables and a figure."""

from __future__ import annotations

import json
import math
import shlex
import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from trafficking import printing, units
from trafficking.options import Overwrite, Person

if TYPE_CHECKING:
    from trafficking import folders
    from trafficking.bands import Band
    from trafficking.body import BodyResult
    from trafficking.body_forms import BodyScenario

MARKER = "interventions.json"
FORMAT = "trafficking interventions 1"

_FEW = 20  # draws
_MOST_MM = 16.0  # of glucose that is said of lives that lose their beta cells: it goes on to its equation's ceiling
_WIDTH = 116
_CAUTION = "A research and teaching model of a person who does not exist; not medical advice."


def interventions(
    scenario: Person = "stage2_patient",
    start: Annotated[str, typer.Option(metavar="TIME", help="When each begins.")] = "8 y",
    stop: Annotated[str | None, typer.Option(metavar="TIME", help="When each stops; default: it goes on.")] = None,
    replicates: Annotated[int, typer.Option(min=2, help="Draws of the size of each effect.")] = 24,
    seed: Annotated[int, typer.Option(min=0, help="Starts the draws.")] = 1,
    out: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Where to write; default runs/interventions-SCENARIO, numbered."),
    ] = None,
    overwrite: Overwrite = False,
) -> None:
    """Give one person each intervention in turn: the course of glucose, insulin and fat, each with its 95 % band."""
    from trafficking import body_files
    from trafficking.folders import claim_free

    base = body_files.load_body(scenario)
    _check_times(start, stop)
    # Claimed first: after minutes of computing the place must not turn out to be taken.
    name = f"interventions-{base.name}"
    with claim_free(name, out=out, marker=MARKER, overwrite=overwrite) as (place, folder):
        _compared(base, start, stop, replicates, seed, place, folder)


def _compared(
    base: BodyScenario,
    start: str,
    stop: str | None,
    replicates: int,
    seed: int,
    place: folders.Claim,
    folder: Path,
) -> None:
    """Simulates the untreated and each treated life, prints them one by one, and fills the claimed place."""
    import pandas as pd

    from trafficking import figures, intervention_plots, io, plots, terminal
    from trafficking.bands import band
    from trafficking.body import simulate_body
    from trafficking.folders import write_files
    from trafficking.interventions import interventions as known

    lives = len(known()) * (replicates + 1)
    bands: dict[str, Band] = {}
    with terminal.Progress(
        f"{base.name}, interventions", lives, lambda done: f"{units.number(done, 2)} lives"
    ) as progress:
        untreated = simulate_body(base)
        for name in known():
            treated = base.treated(name, start, stop=stop)
            bands[name] = band(treated, replicates=replicates, seed=seed, lived=lambda: progress(progress.done + 1.0))
    printing.say(_cells("intervention", "glucose mM, end", "change (year)", "insulin, end", "grade"))
    printing.say(_cells("none", *_at_end(untreated)))
    for name, each in known().items():
        printing.say(_line(each.title, bands[name], untreated, each.grade))
        printing.write(_filled(f"seen: {each.seen}. {each.note} ({each.source})", indent="   "))
    given = next(iter(bands.values()))
    pictures, failed = figures.drawn(
        {
            "figure.png": lambda: plots.render(
                intervention_plots.courses(untreated, bands, start_d=given.start_d, stop_d=given.stop_d)
            )
        }
    )
    made_by = {
        "format": FORMAT,
        "scenario": base.to_dict(),
        "start": start,
        "stop": stop,
        "replicates": replicates,
        "seed": seed,
        "versions": io.versions(),
    }
    contents = {
        **pictures,
        "bands.csv": io.csv_bytes(pd.concat([found.table(name) for name, found in bands.items()])),
        "untreated.csv": io.csv_bytes(untreated.levels),
        MARKER: f"{json.dumps(made_by, indent=1, ensure_ascii=False)}\n".encode(),
    }

    with terminal.Stop("stopping once the files are written") as told:
        place.fill(lambda partial: write_files(partial, contents))
    for name, why in failed.items():
        terminal.tell(f"{name} could not be drawn ({why}); the tables are written without it")
    if told.status:
        terminal.refuse(f"stopped; the files are written: {folder}", told.status)
    printing.say()
    terminal.show(
        [
            ("Band", f"{_band_words(bands)}; at the end of the run above"),
            ("Change", "the largest of glucose, middle less untreated, mM, and its year; insulin is over healthy"),
            *_lost(bands),
            ("Caution", f"how each acts on the model is an assumption where its row says so. {_CAUTION}"),
            ("Files", shlex.quote(str(folder))),
        ]
    )


def _check_times(start: str, stop: str | None) -> None:
    """Ends the program where one is no time, or the stop does not come after the start."""
    from trafficking import terminal
    from trafficking.body_forms import day_of

    days = []
    for option, given in (("--start", start), ("--stop", stop)):
        if given is None:
            return
        try:
            days.append(day_of(given))
        except ValueError as fault:
            terminal.refuse(f"{option}: {fault}")
    if days[1] <= days[0]:
        terminal.refuse(f"--stop: {stop!r} given; must come after --start, {start!r}")


def _shown() -> tuple[tuple[str, float], ...]:
    """The columns of the table and what they are divided by."""
    from trafficking.physiology import HEALTHY, NM_PER_UU_PER_ML

    return ("glucose_mM", 1.0), ("insulin_nM", HEALTHY.insulin * NM_PER_UU_PER_ML)


def _at_end(life: BodyResult) -> tuple[str, str, str]:
    """Glucose and insulin of a life at its end, and no change between them."""
    glucose, insulin = (life.levels[what].iloc[-1] / unit for what, unit in _shown())
    return _said(glucose, math.isfinite(life.read_to_min)), "", _said(insulin)


def _line(title: str, found: Band, untreated: BodyResult, grade: str) -> str:
    from trafficking.physiology import YEAR_D

    cells = []
    for what, unit in _shown():
        lost = what == "glucose_mM" and found.beta_cells_lost
        ends = (found.middle.levels[what], *found.limits(what))
        middle, low, high = (_said(list(end)[-1] / unit, lost) for end in ends)
        cells.append(f"{middle} ({low} to {high})")
    change, day = found.largest_change(untreated)
    return _cells(title, cells[0], f"{change:+.2f} ({day / YEAR_D:.1f})", cells[1], grade)


def _said(value: float, lost: bool = False) -> str:
    """lost: of a life that may have lost its beta cells, whose glucose says no more than that it is high."""
    return f"> {_MOST_MM:g}" if lost and value > _MOST_MM else f"{value:.2f}"


def _cells(title: str, glucose: str, change: str, insulin: str, grade: str = "") -> str:
    return f"{title:<48} {glucose:>19} {change:>13} {insulin:>19}  {grade}".rstrip()


def _band_words(bands: Mapping[str, Band]) -> str:
    found = next(iter(bands.values()))
    few = "; so few draws say little of the ends" if len(found.read_to_min) < _FEW else ""
    return f"the {found.words} of the size of each effect{few}"


def _lost(bands: Mapping[str, Band]) -> list[tuple[str, str]]:
    """A line that names the interventions in which some draws lose their beta cells."""
    from trafficking.body import GONE

    names = [name for name, found in bands.items() if found.beta_cells_lost]
    if not names:
        return []
    left = f"less than {100.0 * GONE:g} % of the healthy ones are left, and all that glucose says is that it is high"
    return [("Beta cells", f"some draws lose their beta cells ({', '.join(names)}): {left}")]


def _filled(text: str, indent: str) -> str:
    return textwrap.fill(text, _WIDTH, initial_indent=indent, subsequent_indent=indent)
