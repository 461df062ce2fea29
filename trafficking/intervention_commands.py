"""The command `interventions`: one person given each intervention in turn, in words, tables and a figure."""

from __future__ import annotations

import json
import shlex
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from trafficking.options import Overwrite, Person

if TYPE_CHECKING:
    from trafficking.bands import Band

MARKER = "interventions.json"
FORMAT = "trafficking interventions 1"

_FEW = 20  # draws
_WIDTH = 116
_CAUTION = "A research and teaching model of a person who does not exist; not medical advice."


def interventions(
    scenario: Person = "stage2_patient",
    start: Annotated[str, typer.Option(metavar="TIME", help="When each begins.")] = "8 y",
    replicates: Annotated[int, typer.Option(min=2, help="Draws of the size of each effect.")] = 24,
    seed: Annotated[int, typer.Option(min=0, help="Starts the draws.")] = 1,
    out: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Where to write; default runs/interventions-SCENARIO, numbered."),
    ] = None,
    overwrite: Overwrite = False,
) -> None:
    """Give one person each intervention in turn: the course of glucose, insulin and fat, each with its 95 % band."""
    import pandas as pd

    from trafficking import body_files, folders, intervention_plots, io, plots, terminal
    from trafficking.bands import band
    from trafficking.body import simulate_body
    from trafficking.interventions import interventions as known

    base = body_files.load_body(scenario)
    lives = len(known()) * (replicates + 1)
    bands: dict[str, Band] = {}
    with terminal.Progress(f"{base.name}, interventions", lives, lambda done: f"{done:.0f} lives") as progress:
        untreated = simulate_body(base)
        for name in known():
            treated = base.treated(name, start)
            bands[name] = band(treated, replicates=replicates, seed=seed, lived=lambda: progress(progress.done + 1.0))
    print(f"{'intervention':<54} {'glucose mM':>18} {'insulin / healthy':>20}  grade")
    glucose, insulin = (untreated.levels[what].iloc[-1] / unit for what, unit in _shown())
    print(f"{'none':<54} {glucose:>18.2f} {insulin:>20.2f}")
    for name, each in known().items():
        print(_line(each.title, bands[name], each.grade))
        print(_filled(f"seen: {each.seen}. {each.note} ({each.source})", indent="   "))
    figure = intervention_plots.courses(untreated, bands, start_d=next(iter(bands.values())).start_d)
    made_by = {
        "format": FORMAT,
        "scenario": base.to_dict(),
        "start": start,
        "replicates": replicates,
        "seed": seed,
        "versions": io.versions(),
    }
    contents = {
        "figure.png": plots.render(figure),
        "bands.csv": io.csv_bytes(pd.concat([found.table(name) for name, found in bands.items()])),
        "untreated.csv": io.csv_bytes(untreated.levels),
        MARKER: f"{json.dumps(made_by, indent=1, ensure_ascii=False)}\n".encode(),
    }

    def write(partial: Path) -> None:
        for name, content in contents.items():
            folders.write_file(partial / name, content)

    folder = folders.fill_free(f"interventions-{base.name}", write, out=out, marker=MARKER, overwrite=overwrite)
    print()
    terminal.show(
        [
            (
                "Band",
                f"the central 95 % of {replicates} draws of the size of each effect; at the end of the run above"
                + ("; so few draws say little of the ends" if replicates < _FEW else ""),
            ),
            ("Caution", f"how each acts on the model is an assumption where its row says so. {_CAUTION}"),
            ("Files", shlex.quote(str(folder))),
        ]
    )


def _shown() -> tuple[tuple[str, float], ...]:
    """The columns of the table and what they are divided by."""
    from trafficking.physiology import HEALTHY, NM_PER_UU_PER_ML

    return ("glucose_mM", 1.0), ("insulin_nM", HEALTHY.insulin * NM_PER_UU_PER_ML)


def _line(title: str, found: Band, grade: str) -> str:
    cells = []
    for what, unit in _shown():
        low, high = (limit[-1] / unit for limit in found.limits(what))
        cells.append(f"{found.middle.levels[what].iloc[-1] / unit:.2f} ({low:.2f} to {high:.2f})")
    return f"{title:<54} {cells[0]:>18} {cells[1]:>20}  {grade}"


def _filled(text: str, indent: str) -> str:
    return textwrap.fill(text, _WIDTH, initial_indent=indent, subsequent_indent=indent)
