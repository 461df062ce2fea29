"""The commands of the bench: `assay` does one of the virtual experiments, `causes` says why receptors are lost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from trafficking import printing, units
from trafficking.options import Named, Seed, Settings, settings_read

if TYPE_CHECKING:
    import pandas as pd

    from trafficking.scenario import Scenario

Resolution = Annotated[
    str | None,
    typer.Option(
        metavar="agents|counts|mean",
        help="Every receptor, random numbers, or expected ones; default: as the file says, else mean.",
    ),
]
Csv = Annotated[bool, typer.Option("--csv", help="All rows as CSV, to keep or to read elsewhere.")]
# Of the assays; `assays` itself takes a second to import, and help is there at once.
NAMES = (
    "surface_binding",
    "total_binding",
    "competition",
    "scatchard",
    "label_protection",
    "pulse_chase",
    "endocytic_rate",
    "dose_response",
    "recovery",
    "surface_histogram",
    "signalling",
)
_ROWS = 24  # of a table on the screen


def assay(
    name: Annotated[str, typer.Argument(metavar="ASSAY", help=f"One of {', '.join(NAMES)}.", show_default=False)],
    scenario: Named = "chronic_insulin",
    with_: Annotated[
        list[str] | None,
        typer.Option("--with", metavar="NAME=VALUE", help="An argument of the assay, such as wash_min=0; repeatable."),
    ] = None,
    noise: Annotated[bool, typer.Option("--noise", help="With the errors of wells and counter.")] = False,
    resolution: Resolution = None,
    seed: Seed = 1,
    settings: Settings = None,
    csv: Csv = False,
) -> None:
    """Do one of the virtual experiments on a scenario, and print its table."""
    from trafficking import assays, terminal
    from trafficking.binding import Noise
    from trafficking.faults import nearest

    if name not in assays.ASSAYS:
        near = nearest(name, assays.ASSAYS)
        terminal.refuse(f"ASSAY: {name!r} given; allowed are {', '.join(assays.ASSAYS)}{near}")
    given = _arguments(assays.ASSAYS[name], with_)
    experiment = _chosen(scenario, resolution, settings)
    try:
        table = assays.ASSAYS[name](experiment, seed=seed, noise=Noise() if noise else None, **given)
    except (ValueError, TypeError) as fault:
        terminal.refuse(fault)
    if name in assays.OWN_INSULIN:
        typer.echo(f"{name}: gives insulin of its own, in place of the scenario's exposure.", err=True)
    _show(table, csv)


def causes(
    scenario: Named = "chronic_insulin",
    resolution: Resolution = None,
    seed: Seed = 1,
    settings: Settings = None,
    csv: Csv = False,
) -> None:
    """Say why receptors are lost: the loss under insulin, with one cause after the other switched off."""
    from trafficking.causes import loss_by_cause

    _show(loss_by_cause(_chosen(scenario, resolution, settings), seed=seed), csv)


def _arguments(assay: Any, given: list[str] | None) -> dict[str, Any]:
    """NAME=VALUE as arguments: numbers, lists of numbers between brackets, or text."""
    import inspect

    from trafficking import terminal
    from trafficking.assays import competition  # which passes on what `scatchard` does not take itself
    from trafficking.faults import nearest, override

    taken = dict(inspect.signature(assay).parameters)
    if taken.pop("more", None) is not None:
        taken |= inspect.signature(competition).parameters
    known = [name for name in taken if name not in ("scenario", "seed", "noise")]
    read: dict[str, Any] = {}
    for text in given or ():
        name, equals, value = text.partition("=")
        name = name.strip()
        if not equals and name in known:
            terminal.refuse(f"--with: {text!r} given; write {name}=VALUE")
        if name not in known:
            terminal.refuse(f"--with: {text!r} given; allowed are {', '.join(known)}{nearest(name, known)}")
        read = override(read, name, value.strip())
    return read


def _chosen(name: str, resolution: str | None, settings: list[str] | None) -> Scenario:
    from trafficking import io

    changes = {"expected": "", "expect": "[]"} | ({} if resolution is None else {"resolution": resolution})
    return io.load_scenario(name, changes | settings_read(settings), defaults={"resolution": "mean"})


def _show(table: pd.DataFrame, csv: bool) -> None:
    if csv:
        from trafficking import io

        printing.write(io.csv_bytes(table).decode(), end="")
        return
    step = max(-(-len(table) // _ROWS), 1)
    whole = {name: "{:,}".format for name, kind in table.dtypes.items() if kind.kind == "i"}
    printing.write(table.iloc[::step].to_string(index=False, float_format=units.number, formatters=whole, na_rep="-"))
    for name, value in table.attrs.items():
        printing.say(f"{name} = {units.number(value)}")
