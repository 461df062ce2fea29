"""The command `body`: one person over years, with the receptors of the organs and with their number held constant."""

from __future__ import annotations

import json
import math
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from trafficking.options import Overwrite

if TYPE_CHECKING:
    from trafficking.body import BodyResult
    from trafficking.body_forms import BodyScenario

MARKER = "body.json"
FORMAT = "trafficking body 1"


def body(
    scenario: Annotated[
        str, typer.Argument(metavar="SCENARIO", help="A name that --list shows, or a TOML file.")
    ] = "vicious_cycle",
    out: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Where to write; default runs/body-SCENARIO, numbered.")
    ] = None,
    overwrite: Overwrite = False,
    names: Annotated[bool, typer.Option("--list", help="List the body scenarios that come with the package.")] = False,
) -> None:
    """Simulate glucose, insulin, beta cells and the receptors of five organs over years. Not medical advice."""
    from trafficking import body_files, body_plots, plots

    if names:
        width = max(map(len, body_files.body_names()))
        for name in body_files.body_names():
            print(f"{name:<{width}}  {body_files.load_body(name).title}")
        return
    chosen = body_files.load_body(scenario)
    results = [("Receptors as insulin leaves them", _simulated(chosen))]
    if chosen.receptors != "held":
        results.append(("Receptor number held constant", _simulated(chosen.held())))
    figure = plots.render(body_plots.life(results))
    folder = _written([result for _, result in results], figure, out, overwrite)
    print("\n".join([*said([result for _, result in results]), f"Files      {shlex.quote(str(folder))}"]))


def said(results: list[BodyResult]) -> list[str]:
    """The lines on a life; with a second result, that with receptors held, also what the receptors' loss adds."""
    from trafficking.body import MINUTES_PER_DAY
    from trafficking.physiology import YEAR_D

    life = results[0]
    scenario, levels = life.scenario, life.levels
    years = levels["time_min"].to_numpy() / MINUTES_PER_DAY / YEAR_D
    insulin, muscle = levels["insulin_nM"].to_numpy(), levels["muscle_surface"].to_numpy()
    most, fewest = int(insulin.argmax()), int(muscle.argmin())
    stages = [" ".join(str(stage) for stage in result.checkups["stage"]) for result in results]
    lines = [
        f"Body       {scenario.title or scenario.name}",
        f"Stages     {stages[0]}  (yearly check-ups; a stage needs two in a row)",
        *(f"held       {timeline}  (receptor number held constant)" for timeline in stages[1:]),
        f"Insulin    highest in year {years[most]:.1f}, {insulin[most] / insulin[0]:.2f} times healthy",
        f"Receptors  muscle fewest in year {years[fewest]:.1f}, {100.0 * muscle[fewest]:.0f} % of lean; "
        f"{100.0 * muscle[-1]:.0f} % at the end",
        f"Diabetes   {_onset(results)}",
        f"Caution    {'; '.join(scenario.assumptions)}; daily means without meals; not medical advice",
    ]
    return lines


def _onset(results: list[BodyResult]) -> str:
    """When fasting glucose reaches 7.0 mM, and by how much the loss of receptors moves that."""
    first = results[0].onset_year
    words = "fasting glucose stays below 7.0 mM" if math.isnan(first) else f"fasting glucose 7.0 mM in year {first:.1f}"
    if len(results) == 1:
        return words
    held = results[1].onset_year
    if math.isnan(held) and math.isnan(first):
        return f"{words}, and so it does with receptors held"
    if math.isnan(held):
        return f"{words}, with receptors held not at all: the loss of receptors brings it about"
    if math.isnan(first):
        return f"{words}, with receptors held it reaches that in year {held:.1f}: their loss holds it off"
    way = "forward" if first <= held else "back"
    return f"{words}, with receptors held {held:.1f}: their loss puts it {way} by {abs(held - first):.1f} years"


def _simulated(scenario: BodyScenario) -> BodyResult:
    from trafficking import terminal
    from trafficking.body import simulate_body
    from trafficking.physiology import YEAR_D

    words = f"{scenario.name}, {scenario.receptors.replace('_', '-')}"
    with terminal.Progress(words, scenario.duration_d, lambda days: f"{days / YEAR_D:.2g} years") as progress:
        return simulate_body(scenario, progress=progress)


def _written(results: list[BodyResult], figure: bytes, out: Path | None, overwrite: bool) -> Path:
    """Writes figure, tables and the scenario in a folder, whole or not at all."""
    from trafficking import folders

    number = 1
    while True:
        numbered = f"body-{results[0].scenario.name}{f'-{number}' if number > 1 else ''}"
        folder = out or Path("runs") / numbered
        try:
            with folders.claim(folder, marker=MARKER, overwrite=overwrite) as place:
                place.fill(lambda partial: _fill(partial, results, figure))
            return folder
        except FileExistsError:
            if out is not None:
                raise
            number += 1


def _fill(folder: Path, results: list[BodyResult], figure: bytes) -> None:
    from trafficking import folders, io, organ_plots, plots, readouts

    work = readouts.readouts(results[0])
    title = f"What the organs do: {results[0].scenario.title or results[0].scenario.name}"
    contents: dict[str, bytes] = {
        "figure.png": figure,
        "organs.png": plots.render(organ_plots.organs(work, title)),
        "readouts.csv": io.csv_bytes(work),
    }
    for result, suffix in zip(results, ("", "_held"), strict=False):
        contents[f"levels{suffix}.csv"] = io.csv_bytes(result.levels)
        contents[f"checkups{suffix}.csv"] = io.csv_bytes(result.checkups)
    made_by = {"format": FORMAT, "scenario": results[0].scenario.to_dict(), "versions": io.versions()}
    contents[MARKER] = f"{json.dumps(made_by, indent=1, ensure_ascii=False)}\n".encode()
    for name, content in contents.items():
        folders.write_file(folder / name, content)
