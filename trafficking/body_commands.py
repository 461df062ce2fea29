"""One person over years on the command line: with the receptors of the organs, and with their number held constant."""

from __future__ import annotations

import json
import math
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from trafficking import printing, units
from trafficking.options import Overwrite, Person, Seed, Settings, Threads, settings_read
from trafficking.preparing import prepare

if TYPE_CHECKING:
    import pandas as pd

    from trafficking import folders
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
        printing.say(f"{name:<{width}}  {body_files.load_body(name).title}")


def live(scenario: BodyScenario, *, seed: int, threads: int | None, out: Path | None, overwrite: bool) -> None:
    """Simulates a life, prints its stages, then simulates what it is compared with, and writes and prints that too."""
    from trafficking import terminal
    from trafficking.folders import claim_free

    prepare(scenario.resolution, body=True)
    name = f"body-{scenario.name}"
    # Claimed first: a life cannot be resumed, so a wrong place must not turn up only at its end.
    with claim_free(name, out=out, marker=MARKER, overwrite=overwrite) as (place, folder):
        life = _simulated(scenario, seed, threads)
        unsaid = _print_stages(life)
        results = [(_OWN, life)]
        if scenario.receptors != "held":
            results.append((_HELD, _simulated(scenario.held())))
        lives = [result for _, result in results]
        others = _what_if(scenario, lives)
        failed, fault = _written(results, place, folder)
    if unsaid is not None:
        raise unsaid
    _print_facts(lives, others, [] if fault else [("Files", shlex.quote(str(folder)))])
    for figure, why in failed.items():
        terminal.tell(f"{figure} could not be drawn ({why}); the tables are written without it")
    if fault is not None:
        terminal.refuse(f"{terminal.reason(fault)}; nothing was written as {folder}", terminal.FAILED)


def _print_stages(life: BodyResult) -> OSError | None:
    """Prints the stages; returns a fault of the output, to be raised once the life is written."""
    from trafficking import body_report, stage_report

    try:
        printing.write(f"{life.scenario.title or life.scenario.name}\n\n{body_report.timeline(life)}\n")
        if described := stage_report.beside_description(life):
            printing.write(f"{described}\n")
    except OSError as fault:
        return fault
    return None


def _print_facts(lives: list[BodyResult], others: list[tuple[str, BodyResult]], files: list[tuple[str, str]]) -> None:
    from trafficking import body_report, coupling_error, terminal

    scenario = lives[0].scenario
    lines = body_report.facts(lives, others)
    if scenario.receptors != "held":
        expected = lives[0] if scenario.resolution == "mean" else _simulated(_changed(scenario, resolution="mean"))
        error = coupling_error.coupling_error(expected)
        lines.append(("Window", body_report.window(scenario.window_d, error)))
        if scenario.meals == "three":
            lines.append(("Meals", _beside_means(expected)))
    how = "three meals a day" if scenario.meals == "three" else "daily means without meals"
    lines.append(("Caution", f"{'; '.join(scenario.assumptions)}; {how}; not medical advice"))
    terminal.show([*lines, *files])


def _simulated(scenario: BodyScenario, seed: int = 1, threads: int | None = None) -> BodyResult:
    from trafficking import terminal
    from trafficking.body import simulate_body
    from trafficking.physiology import YEAR_D

    kind = scenario.resolution if scenario.receptors == "organs" else scenario.receptors.replace("_", "-")
    with terminal.Progress(
        f"{scenario.name}, {kind}", scenario.duration_d, lambda days: f"{units.number(days / YEAR_D, 2)} years"
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


def _written(
    results: list[tuple[str, BodyResult]], place: folders.Claim, folder: Path
) -> tuple[dict[str, str], OSError | None]:
    """Writes figures, tables and the scenario in a folder, whole or not at all.

    Returns:
        The figures that could not be drawn, and why; the fault that kept the folder from being written. The results
        are printed in either case.
    """
    from trafficking import body_plots, figures, organ_plots, plots, readouts, terminal
    from trafficking.folders import write_files

    life = results[0][1]
    work = readouts.readouts(life)
    title = f"What the organs do: {life.scenario.title or life.scenario.name}"
    with terminal.Stop("stopping once the files are written") as stop:
        pictures, failed = figures.drawn(
            {
                "figure.png": lambda: plots.render(body_plots.life(results)),
                "organs.png": lambda: plots.render(organ_plots.organs(work, title)),
            }
        )
        contents = {**pictures, **_tables([result for _, result in results], work)}
        try:
            place.fill(lambda partial: write_files(partial, contents))
        except OSError as fault:
            return failed, fault
    if stop.status:
        terminal.refuse(f"stopped; the files are written: {folder}", stop.status)
    return failed, None


def _tables(lives: list[BodyResult], work: pd.DataFrame) -> dict[str, bytes]:
    from trafficking import io, stage_report

    life = lives[0]
    contents = {
        "readouts.csv": io.csv_bytes(work),
        "stages.csv": io.csv_bytes(stage_report.stage_starts(life)),
    }
    for result, suffix in zip(lives, ("", "_held"), strict=False):
        contents[f"levels{suffix}.csv"] = io.csv_bytes(result.levels)
        contents[f"checkups{suffix}.csv"] = io.csv_bytes(result.checkups)
    made_by = {"format": FORMAT, "scenario": life.scenario.to_dict(), "seed": life.seed, "versions": io.versions()}
    contents[MARKER] = f"{json.dumps(made_by, indent=1, ensure_ascii=False)}\n".encode()
    return contents
