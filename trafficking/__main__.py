"""The command line. Every command imports what it needs when it runs, so that help is there at once."""

from __future__ import annotations

import os
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from trafficking import (
    bench_commands,
    body_commands,
    clinic_commands,
    evidence_commands,
    intervention_commands,
    organ_commands,
    printing,
    trial_commands,
)
from trafficking.options import Named, Overwrite, Seed, Settings, Threads, settings_read
from trafficking.preparing import prepare

if TYPE_CHECKING:
    from trafficking.scenario import Scenario

DEFAULT = "chronic_insulin"
# Keys that do not move the curves, so that what a scenario expects still holds when they are set.
_HARMLESS = ("name", "title", "question", "sources", "notes", "receptors", "resolution", "record", "follow")
_HARMLESS_OF_CELLS = ("cells", "cells.number", "cells.size_cv", "cells.record")

app = typer.Typer(
    name="trafficking",
    help="Simulate single insulin receptors: surface, endosomes, lysosome, and what lasting insulin does to them.",
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

RunFolder = Annotated[Path, typer.Argument(metavar="RUN", help="Folder of a finished run.", show_default=False)]
StoppedRun = Annotated[
    Path, typer.Argument(metavar="RUN", help="Folder that the stopped run was to become.", show_default=False)
]


@app.callback(invoke_without_command=True)
def _whole(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Show the version and leave.")] = False,
) -> None:
    if version:
        from trafficking import __version__

        printing.say(f"trafficking {__version__}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        print(context.get_help())  # typer's own, with its colours


@app.command()
def run(
    scenario: Named = DEFAULT,
    insulin: Annotated[
        str | None, typer.Option(metavar="AMOUNT", help='Highest constant level of insulin instead, such as "10 nM".')
    ] = None,
    duration: Annotated[
        str | None, typer.Option(metavar="TIME", help='Cut the scenario at, or hold its end up to, such as "48 h".')
    ] = None,
    receptors: Annotated[int | None, typer.Option(min=1, help="Receptors of the cell without insulin, R0.")] = None,
    resolution: Annotated[
        str | None, typer.Option(metavar="agents|counts|mean", help="Every receptor, random numbers, or expected ones.")
    ] = None,
    seed: Seed = 1,
    settings: Settings = None,
    threads: Threads = None,
    out: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Where to write; default runs/SCENARIO-seedSEED, numbered.")
    ] = None,
    overwrite: Overwrite = False,
) -> None:
    """Run a scenario: six lines of summary, and a folder with tables and a figure; or a person's years (see `body`)."""
    from trafficking import body_files

    if body_files.is_body(scenario):
        if insulin is not None:
            _refused_of_a_body(scenario)
        changes = settings_read(settings)
        options = {"duration": duration, "resolution": resolution, "receptors_per_organ": receptors}
        changes |= {key: str(value) for key, value in options.items() if value is not None}
        person = body_files.load_body(scenario, changes)
        body_commands.live(person, seed=seed, threads=threads, out=out, overwrite=overwrite)
        return
    experiment = _chosen(scenario, _changes(settings, receptors, resolution), insulin, duration)
    prepare(experiment.resolution)
    from trafficking import completion, folders, io

    name = f"{experiment.name}-seed{seed}"
    with folders.claim_free(name, out=out, marker=io.MANIFEST, overwrite=overwrite) as (place, folder):
        completion.finish(_begun(experiment, seed=seed, threads=threads), place, folder)


@app.command()
def resume(folder: StoppedRun, threads: Threads = None, overwrite: Overwrite = False) -> None:
    """Go on with a run that was stopped (Ctrl-C), to the same bytes as if it had not been."""
    from trafficking import completion, io, stopped, terminal

    try:
        taken_up = stopped.take_up(folder, threads=threads)
    except (ValueError, FileNotFoundError) as fault:
        terminal.refuse(fault)
    run = Path(os.path.relpath(stopped.run_of(folder)))
    allowed = overwrite or stopped.may_replace(folder, marker=io.MANIFEST)
    with io.claim(run, overwrite=allowed, resuming=True) as place:
        completion.finish(taken_up, place, run)


@app.command()
def scenarios(
    name: Annotated[
        str | None,
        typer.Argument(help="Print this one as a file to start your own from; `published` and `body` list others."),
    ] = None,
) -> None:
    """List the scenarios that come with the package, or print one."""
    from trafficking import body_files, io, terminal

    if name == "body":
        body_commands.listed()
        return
    if name in body_files.body_names():
        printing.write(body_files.body_text(name), end="")
        return
    if name is not None and name != "published":
        printing.write(io.scenario_text(name), end="")
        return
    names = io.scenario_names() if name is None else io.published_names()
    width = max(len(known) for known in names)
    for known in names:
        printing.say(f"{known:<{width}}  {io.load_scenario(known).title}")
    if sys.stdout is not None and sys.stdout.isatty():
        terminal.tell("")
        terminal.tell("Run one with `trafficking run NAME`; print one with `trafficking scenarios NAME`.")
        if name is None:
            terminal.tell(
                "Published experiments: `trafficking scenarios published`; a person's years: `... scenarios body`."
            )


@app.command()
def schema(
    body: Annotated[bool, typer.Option("--body", help="That of a person's years instead of a cell's hours.")] = False,
) -> None:
    """Print the JSON schema of scenario files, with which editors complete and check them."""
    import json

    from trafficking.body_forms import BodyScenario
    from trafficking.scenario import Scenario

    printing.write(json.dumps((BodyScenario if body else Scenario).json_schema(), indent=2))


@app.command()
def verify(
    scenario: Named,
    replicates: Annotated[int, typer.Option(min=4, help="Runs of each of agents and counts.")] = 24,
    receptors: Annotated[
        int, typer.Option(min=100, help="R0 of each; coupled scenarios also take four times it.")
    ] = 2500,
    seed: Seed = 1,
    alpha: Annotated[float, typer.Option(min=1e-12, max=0.5, help="Chance of a false alarm, in all.")] = 1e-3,
    settings: Settings = None,
) -> None:
    """Compare single receptors and random numbers with the mean equations: exit status 0 if they agree, 1 if not."""
    from trafficking import terminal, units

    experiment = _chosen(scenario, _changes(settings))
    prepare(experiment.resolution)
    from trafficking import verification

    runs = 2 * replicates * (2 if experiment.itinerary.couplings or experiment.medium else 1)
    with terminal.Progress(f"{runs} runs", runs, lambda number: f"{units.number(number, 2)} runs") as progress:
        try:
            report = verification.verify(
                experiment, replicates=replicates, receptors=receptors, seed=seed, alpha=alpha, progress=progress
            )
        except ValueError as fault:
            terminal.refuse(fault)
    printing.write(report.text)
    for remark in experiment.remarks:
        printing.say(f"remark: {remark}")
    raise typer.Exit(0 if report.passed else terminal.FAILED)


@app.command()
def plot(
    folder: RunFolder,
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Draw anew into this .png, .pdf or .svg; default: open the run's own."),
    ] = None,
    what: Annotated[
        str, typer.Option(metavar="figure|cells", help="The curves over time, or the surface of many cells one by one.")
    ] = "figure",
    overwrite: Overwrite = False,
) -> None:
    """Draw a run's figure, or open the one in its folder."""
    from trafficking import io, terminal

    if what not in ("figure", "cells"):
        terminal.refuse(f"--what: {what!r} given; allowed are figure, cells")
    if out is None:
        figure = folder / f"{what}.png"
        _checked(lambda: io.read_manifest(folder))
        if not figure.is_file():
            if what == "cells" and io.load_run(folder).scenario.cells.number == 1:
                terminal.refuse(f"--what: 'cells' given; {folder} is a run of one cell, which has no such figure")
            option = "" if what == "figure" else f" --what {what}"
            terminal.refuse(f"{folder} holds no {what}.png; draw one with{option} --out FILE.png")
        printing.say(figure)
        if sys.platform != "linux" or os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"):
            typer.launch(str(figure))
        return
    kind = out.suffix.lower().removeprefix(".")
    if kind not in ("png", "pdf", "svg"):
        terminal.refuse(f"--out: {out} given; a file that ends in .png, .pdf or .svg is needed")
    if out.exists() and not overwrite:
        terminal.refuse(f"--out: {out} exists; --overwrite replaces it")
    result = _checked(lambda: io.load_run(folder))
    if what == "cells":
        from trafficking.results import cell_surface

        _checked(lambda: cell_surface(result))  # of one cell it says that there is no such figure
    from trafficking import completion

    completion.draw(result, what, out, kind)
    printing.say(out)


@app.command()
def rerun(
    folder: RunFolder,
    threads: Threads = None,
    out: Annotated[Path | None, typer.Option(metavar="FOLDER", help="Keep the new run in this folder.")] = None,
    overwrite: Overwrite = False,
) -> None:
    """Run a finished run again and compare the tables byte for byte: exit status 0 if equal, 1 if not."""
    from trafficking import io, terminal

    manifest, contents = _checked(lambda: io.check_run(folder))
    before = _checked(lambda: io.load_run(folder))
    prepare(before.scenario.resolution)
    from trafficking import completion

    with ExitStack() as stack:
        place = None if out is None else stack.enter_context(io.claim(out, overwrite=overwrite))
        again = _begun(before.scenario, seed=before.seed, replicate=before.replicate, threads=threads)
        if place is None or out is None:
            result = completion.simulated(again)
        else:
            result, _ = completion.saved(again, place, out)
    files = io.table_files(result)
    different = [name for name, content in files.items() if contents.get(name) != content]
    if not different:
        printing.say(f"equal: all {len(files)} table files of {folder} have the same bytes")
        return
    printing.say(f"not equal: {', '.join(different)}")
    now, then = io.versions(), manifest.get("versions", {})
    changed = [
        f"{name} {then.get(name, 'unknown')} then, {now[name]} now" for name in now if then.get(name) != now[name]
    ]
    printing.say(f"versions: {'; '.join(changed) or 'the same'}")
    raise typer.Exit(terminal.FAILED)


@app.command()
def dashboard(
    scenario: Annotated[str | None, typer.Argument(help="Scenario to open with; default chronic_insulin.")] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="0 takes any free one.")] = None,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    open_browser: Annotated[bool, typer.Option("--open/--no-open", help="Open the page in a browser.")] = True,
    allow_remote: Annotated[
        bool, typer.Option("--allow-remote", help="Let other machines in: whoever reaches the port can use the page.")
    ] = False,
    token: Annotated[
        str | None,
        typer.Option(
            envvar="TRAFFICKING_TOKEN", help="Let in only who has it; 'new' makes one. 16 characters or more."
        ),
    ] = None,
    public_url: Annotated[
        str | None, typer.Option(help="Where browsers find the page behind a reverse proxy: https://NAME/.")
    ] = None,
    session_receptors: Annotated[
        int, typer.Option(min=1, help="How many the runs of one browser may hold together.")
    ] = 10_000_000,
    session_work: Annotated[
        str, typer.Option(help="How much computing one browser may have waiting or under way, on one core.")
    ] = "1 min",
) -> None:
    """Open the dashboard in the browser."""
    if scenario is not None:
        _chosen(scenario, {})
    from trafficking.dashboard import launcher

    sys.exit(
        launcher.serve(
            host=host,
            port=port,
            open_browser=open_browser,
            scenario=scenario,
            allow_remote=allow_remote,
            token=token,
            public_url=public_url,
            session_receptors=session_receptors,
            session_work=session_work,
        )
    )


@app.command()
def doctor(
    warm_up: Annotated[bool, typer.Option("--warm-up", help="Compile the kernel now and keep it.")] = False,
) -> None:
    """Check versions, the page's files, ports and folders: exit status 0 if all is well, 1 if not."""
    from trafficking import terminal
    from trafficking.dashboard import doctor as looked_at

    found = looked_at.checks()
    width = max(len(name) for name, *_ in found)

    def shown(name: str, fits: bool, detail: str) -> bool:
        printing.say(f"{'ok  ' if fits else 'FAIL'}  {name:<{width}}  {detail}")
        return fits

    verdicts = [shown(*check) for check in found]
    if warm_up:
        verdicts.append(shown("compiled", True, f"in {_compiled():.1f} s"))
    verdicts.append(shown(*looked_at.compiled_code()))  # what the warm-up made is looked at too
    raise typer.Exit(0 if all(verdicts) else terminal.FAILED)


for _command in (
    bench_commands.assay,
    bench_commands.causes,
    body_commands.body,
    clinic_commands.ogtt,
    clinic_commands.clamp,
    organ_commands.organs,
    organ_commands.stages,
    intervention_commands.interventions,
    trial_commands.trial,
    organ_commands.consequences,
    evidence_commands.validate,
    evidence_commands.parameters,
    evidence_commands.compare_models,
):
    app.command()(_command)


# -- what several commands do ------------------------------------------------------------------------------------------


def _changes(settings: list[str] | None, receptors: int | None = None, resolution: str | None = None) -> dict[str, str]:
    """The options as changes to a scenario file: text by the path of the key."""
    changes = settings_read(settings)
    if receptors is not None:
        changes["receptors"] = str(receptors)
    if resolution is not None:
        changes["resolution"] = resolution
    return changes


def _moving(changes: dict[str, str]) -> dict[str, str]:
    """Those of the changes that may move a curve."""
    return {
        key: text
        for key, text in changes.items()
        if not key.startswith(_HARMLESS) and key.partition("[")[0] not in _HARMLESS_OF_CELLS
    }


def _refused_of_a_body(name: str) -> None:
    from trafficking import terminal

    terminal.refuse(f"--insulin: {name} is a person's years, whose insulin follows from the body; nothing sets it")


def _chosen(name: str, changes: dict[str, str], insulin: str | None = None, duration: str | None = None) -> Scenario:
    """The scenario that the options describe."""
    from trafficking import io, terminal, titles, units

    moving, unsaid = _moving(changes), {"expected": "", "expect": "[]"}
    scenario = io.load_scenario(name, changes | (unsaid if moving else {}))
    if insulin is not None:
        segments = scenario.to_dict()["exposure"]
        levels = {
            i: units.parse(segment["insulin"], "insulin")
            for i, segment in enumerate(segments)
            if segment["kind"] == "constant"
        }
        if not levels:
            terminal.refuse(f"--insulin: {name} has no constant level of insulin; change its exposure with --set")
        highest = max(levels.values())
        chosen = {f"exposure[{i}].insulin": insulin for i, level in levels.items() if level == highest}
        scenario = io.load_scenario(name, {**changes, **chosen, **unsaid})
        moving |= {"insulin": insulin}
    if moving and "title" not in changes:
        title = titles.changed(scenario.title or scenario.name, moving)
        scenario = scenario.changed(title=title, question=changes.get("question", ""))
    if duration is not None:
        try:
            minutes = units.parse(duration, "time")
            if minutes <= 0.0:
                raise ValueError(f"{duration!r} given; a time above 0 is needed")
            scenario = scenario.lasting(minutes)
        except ValueError as fault:
            terminal.refuse("\n".join(f"--duration: {line}" for line in str(fault).split("\n")))
    return scenario


def _begun(scenario: Scenario, *, seed: int, replicate: int = 0, threads: int | None = None) -> Any:
    """The run at its start."""
    from trafficking import terminal
    from trafficking.simulation import Run

    try:
        return Run(scenario, seed=seed, replicate=replicate, threads=threads)
    except ValueError as fault:
        if not str(fault).startswith("seed:"):  # any other is a mistake of this program
            raise
        terminal.refuse(fault)


def _compiled() -> float:
    """Seconds it took to compile what runs need, to run it once, and to let matplotlib find its fonts."""
    import time

    from trafficking import compiled, io, plots, warming
    from trafficking.simulation import simulate

    begun = time.monotonic()
    if warming.can_keep():
        compiled.mend()
    warming.warm_up()
    plots.render(plots.depletion(simulate(io.load_scenario(DEFAULT, {"resolution": "mean", "follow": "0"}))))
    return time.monotonic() - begun


def _checked(read: Any) -> Any:
    from trafficking import terminal

    try:
        return read()
    except ValueError as fault:
        terminal.refuse(fault)


def main() -> None:
    """Entry point of the command `trafficking`."""
    from trafficking import terminal

    printing.guard()
    sys.exit(terminal.ended(lambda: terminal.asked(app)))


if __name__ == "__main__":
    main()
