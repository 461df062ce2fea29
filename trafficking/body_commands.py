"""One person over years on the command line: with the receptors of the organs, and with their number held constant."""

from __future__ import annotations

import json
import math
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from trafficking.options import Overwrite, Person, Seed, Settings, Threads, settings_read
from trafficking.preparing import prepare

if TYPE_CHECKING:
    from trafficking.body import BodyResult
    from trafficking.body_forms import BodyScenario

MARKER = "body.json"
FORMAT = "trafficking body 1"

_OWN, _HELD = "Receptors as insulin leaves them", "Receptor number held constant"


def body(
    scenario: Person = "vicious_cycle",
    resolution: Annotated[
        str | None, typer.Option(metavar="mean|counts|agents", help="Expected receptors, random numbers, or every one.")
    ] = None,
    seed: Seed = 1,
    settings: Settings = None,
    threads: Threads = None,
    out: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Where to write; default runs/body-SCENARIO, numbered.")
    ] = None,
    overwrite: Overwrite = False,
    names: Annotated[bool, typer.Option("--list", help="List the body scenarios that come with the package.")] = False,
) -> None:
    """Simulate glucose, insulin, beta cells and the receptors of five organs over years. Not medical advice."""
    from trafficking import body_files

    if names:
        listed()
        return
    changes = settings_read(settings)
    if resolution is not None:
        changes["resolution"] = resolution
    live(body_files.load_body(scenario, changes), seed=seed, threads=threads, out=out, overwrite=overwrite)


def listed() -> None:
    """Prints name and title of each body scenario that comes with the package."""
    from trafficking import body_files

    width = max(map(len, body_files.body_names()))
    for name in body_files.body_names():
        print(f"{name:<{width}}  {body_files.load_body(name).title}")


def live(scenario: BodyScenario, *, seed: int, threads: int | None, out: Path | None, overwrite: bool) -> None:
    """Simulates a life and the one with receptors held, writes both, and prints the stages and what they show."""
    from trafficking import body_plots, body_report, coupling_error, plots, stage_report, terminal

    prepare(scenario.resolution, body=True)
    results = [(_OWN, _simulated(scenario, seed, threads))]
    if scenario.receptors != "held":
        results.append((_HELD, _simulated(scenario.held())))
    lives = [result for _, result in results]
    others = _what_if(scenario, lives)
    figure = plots.render(body_plots.life(results))
    folder = _written(lives, figure, out, overwrite)
    print(f"{scenario.title or scenario.name}\n\n{body_report.timeline(lives[0])}\n")
    if described := stage_report.beside_description(lives[0]):
        print(f"{described}\n")
    lines = body_report.facts(lives, others)
    if scenario.receptors != "held":
        expected = lives[0] if scenario.resolution == "mean" else _simulated(_changed(scenario, resolution="mean"))
        error = coupling_error.coupling_error(expected)
        lines.append(("Window", body_report.window(scenario.window_d, error)))
        if scenario.meals == "three":
            lines.append(("Meals", _beside_means(expected)))
    how = "three meals a day" if scenario.meals == "three" else "daily means without meals"
    lines.append(("Caution", f"{'; '.join(scenario.assumptions)}; {how}; not medical advice"))
    terminal.show([*lines, ("Files", shlex.quote(str(folder)))])


def _simulated(scenario: BodyScenario, seed: int = 1, threads: int | None = None) -> BodyResult:
    from trafficking import terminal
    from trafficking.body import simulate_body
    from trafficking.physiology import YEAR_D

    kind = scenario.resolution if scenario.receptors == "organs" else scenario.receptors.replace("_", "-")
    with terminal.Progress(
        f"{scenario.name}, {kind}", scenario.duration_d, lambda days: f"{days / YEAR_D:.2g} years"
    ) as progress:
        return simulate_body(scenario, seed=seed, threads=threads, progress=progress)


def _what_if(scenario: BodyScenario, lives: list[BodyResult]) -> list[tuple[str, BodyResult]]:
    """The same life where the two assumptions that matter most are others, if it has diabetes and takes seconds."""
    quick = scenario.receptors == "organs" and scenario.resolution == "mean" and scenario.meals == "none"
    if not quick or all(math.isnan(life.onset_year) for life in lives):
        return []
    from trafficking.physiology import constant

    others = []
    if scenario.power != 1.0:
        others.append(("no receptors to spare (q = 1)", {"power": 1.0}))
    if scenario.hepatic_clearance:
        others.append(("clearance does not go with liver receptors", {"hepatic_clearance": 0.0}))
    else:
        share = constant("hepatic_clearance")
        others.append((f"{100.0 * share:g} % of clearance goes with liver receptors", {"hepatic_clearance": share}))
    return [(words, _simulated(_changed(scenario, **change))) for words, change in others]


def _changed(scenario: BodyScenario, **values: object) -> BodyScenario:
    return scenario.from_dict(scenario.to_dict() | values)


def _beside_means(life: BodyResult) -> str:
    """How far the receptors of a life with meals are from those of the same life on daily means."""
    means = _simulated(_changed(life.scenario, meals="none"))
    differences = life.levels.filter(like="_surface") - means.levels.filter(like="_surface")
    column = differences.abs().max().idxmax()
    most = differences[column].iloc[int(differences[column].abs().argmax())]
    way = "more" if most > 0.0 else "fewer"
    organ = column.removesuffix("_surface")
    return f"at most {100.0 * abs(most):.1f} % {way} surface receptors ({organ}) than on daily means"


def _written(results: list[BodyResult], figure: bytes, out: Path | None, overwrite: bool) -> Path:
    """Writes figure, tables and the scenario in a folder, whole or not at all."""
    from trafficking import folders

    name = f"body-{results[0].scenario.name}"
    return folders.fill_free(
        name, lambda partial: _fill(partial, results, figure), out=out, marker=MARKER, overwrite=overwrite
    )


def _fill(folder: Path, results: list[BodyResult], figure: bytes) -> None:
    from trafficking import folders, io, organ_plots, plots, readouts, stage_report

    work = readouts.readouts(results[0])
    title = f"What the organs do: {results[0].scenario.title or results[0].scenario.name}"
    contents: dict[str, bytes] = {
        "figure.png": figure,
        "organs.png": plots.render(organ_plots.organs(work, title)),
        "readouts.csv": io.csv_bytes(work),
        "stages.csv": io.csv_bytes(stage_report.stage_starts(results[0])),
    }
    for result, suffix in zip(results, ("", "_held"), strict=False):
        contents[f"levels{suffix}.csv"] = io.csv_bytes(result.levels)
        contents[f"checkups{suffix}.csv"] = io.csv_bytes(result.checkups)
    life = results[0]
    made_by = {"format": FORMAT, "scenario": life.scenario.to_dict(), "seed": life.seed, "versions": io.versions()}
    contents[MARKER] = f"{json.dumps(made_by, indent=1, ensure_ascii=False)}\n".encode()
    for name, content in contents.items():
        folders.write_file(folder / name, content)
