"""The command `trial`: a trial of prevention in silico beside the one that was made."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Annotated

import typer

from trafficking import printing, units


def trial(
    people: Annotated[
        int, typer.Option(min=10, max=10_000, help="Who take part; each is followed in every arm.")
    ] = 100,
    seed: Annotated[int, typer.Option(min=0, help="Starts the random numbers.")] = 1,
    out: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Write the people as a table, and a figure.")
    ] = None,
) -> None:
    """Follow people at risk without, with lifestyle and with metformin: cases of diabetes beside the trial's."""
    from trafficking import figures, folders, io, plots, terminal, trial_plots
    from trafficking import trial as trials

    if out is not None:
        out.mkdir(parents=True, exist_ok=True)  # first: what takes minutes should not fail at its place
    with terminal.Progress("trial", people, lambda done: f"{units.number(done, 2)} people") as progress:
        found = trials.trial(people, seed=seed, progress=progress)
    years, measured = trials.data()["follow_years"], trials.data()["measured"]
    printing.say(f"{people} people of {found.asked} who were asked, {years:g} years, in every arm")
    printing.say()
    printing.say(f"{'':<11}{'cases':>6}{'per 100 person-years':>23}{'measured':>10}{'less by, %':>22}{'measured':>20}")
    for arm in trials.ARMS:
        line = f"{arm:<11}{found.cases(arm):>6}{found.incidence(arm):>23.1f}{measured[arm]['incidence']:>10.1f}"
        if arm != "untreated":
            less, seen = (_with_range(each) for each in (found.reduction(arm), measured[arm]["reduction"]))
            line += f"{less:>22}{seen:>20}"
        printing.say(line)
    said = (
        "The untreated were brought near the measured incidence by the wear of beta cells, in "
        f"{trials.data()['tries']} tries in which the reductions were seen too; the effect of each intervention is an "
        "assumption in size. The interval is that of who takes part, not of the effect. Measured: Knowler 2002, doi "
        "10.1056/NEJMoa012512. A research and teaching model of people who do not exist; not medical advice."
    )
    printing.write(f"\n{textwrap.fill(said, 116)}")
    if out is not None:
        pictures, failed = figures.drawn({"trial.png": lambda: plots.render(trial_plots.trial(found))})
        contents = {"trial.csv": io.csv_bytes(found.people), **pictures}
        folders.replace_files(out, contents)
        printing.say()
        printing.say(f"written: {out} ({', '.join(contents)})")
        for name, why in failed.items():
            terminal.tell(f"{name} could not be drawn ({why}); the table is written without it")


def _with_range(numbers: tuple[float, float, float] | list[float]) -> str:
    middle, low, high = numbers
    return f"{middle:.0f} ({low:.0f} to {high:.0f})"
