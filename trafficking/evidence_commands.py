"""The commands that show the evidence: `validate`, `parameters` and `compare-models`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from trafficking import printing, units

if TYPE_CHECKING:
    from trafficking.validation import Validation

_STYLES = {"met": "green", "MISSED": "bold red"}


def validate(
    resolution: Annotated[
        str, typer.Option(metavar="agents|counts|mean", help="Expected numbers are quick; the others have a spread.")
    ] = "mean",
    only: Annotated[str, typer.Option(metavar="IDS", help='Only these targets, such as "D*" or "A1,A2".')] = "*",
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit status 1 if a row is missed that the last release met.")
    ] = False,
    out: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Write the table, and a figure per experiment.")
    ] = None,
    replicates: Annotated[int, typer.Option(min=1, help="Runs of each experiment at agents and counts.")] = 3,
    dish: Annotated[
        bool, typer.Option("--dish/--no-dish", help="Also in a medium of 10^6 cells per mL, which they deplete.")
    ] = True,
    seed: Annotated[int, typer.Option(min=0, help="Starts the random numbers.")] = 1,
) -> None:
    """Simulate the published experiments, and print measured beside simulated numbers."""
    from trafficking import terminal, validation

    if resolution not in ("agents", "counts", "mean"):
        terminal.refuse(f"--resolution: {resolution!r} given; allowed are agents, counts, mean")
    try:
        chosen = validation.selected(only)
    except ValueError as fault:
        terminal.refuse(f"--{fault}")
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)  # first: minutes of computing must not fail for want of a folder
    if resolution == "agents":
        terminal.tell("every receptor of every experiment is simulated; --resolution mean takes seconds")
    with terminal.Progress("experiments", len(chosen), lambda done: f"{units.number(done, 2)} numbers") as progress:
        found = validation.validate(
            resolution=resolution, only=only, replicates=replicates, dish=dish, seed=seed, progress=progress
        )
    _show(found)
    if out is not None:
        _write(found, out)
    if strict and found.lost:
        terminal.tell(f"missed, and met by the last release: {', '.join(row.target.id for row in found.lost)}")
        raise typer.Exit(terminal.FAILED)


def parameters(
    tissue: Annotated[str | None, typer.Option(metavar="NAME", help="Only this tissue; default: all.")] = None,
    form: Annotated[
        str, typer.Option("--as", metavar="text|csv|markdown", help="csv has all columns; markdown is for a page.")
    ] = "text",
) -> None:
    """Print the constants: value, unit, range, source, how well each is known, and whether it was fitted."""
    from trafficking import library, terminal
    from trafficking.constants import constants

    if tissue is not None and tissue not in library.tissues():
        from trafficking.faults import nearest

        known = library.tissues()
        terminal.refuse(f"--tissue: {tissue!r} given; allowed are {', '.join(known)}{nearest(tissue, known)}")
    if form not in ("text", "csv", "markdown"):
        terminal.refuse(f"--as: {form!r} given; allowed are text, csv, markdown")
    table = constants(tissue)
    if form == "csv":
        from trafficking import io

        printing.write(io.csv_bytes(table).decode(), end="")
        return
    head = ("tissue", "symbol", "value", "unit", "range", "known", "confidence", "fitted", "source")
    lines = [
        (
            row.tissue,
            row.symbol,
            f"{row.value:,}" if isinstance(row.value, int) else f"{units.number(row.value, 6)}",
            row.unit,
            f"{units.number(row.low, 6)} to {units.number(row.high, 6)}",
            row.status,
            row.confidence,
            "fitted" if row.fitted else "",
            ", ".join(part for part in (row.citation, row.identifier) if part),
        )
        for row in table.itertuples()
    ]
    if form == "text":
        _print_table(head, lines)
        return
    for line in (head, tuple("---" for _ in head), *lines):
        printing.say(f"| {' | '.join(line)} |")


def compare_models(
    starts: Annotated[int, typer.Option(min=1, help="Of each fit: the best of many places in the ranges.")] = 8,
    evaluations: Annotated[int, typer.Option(min=1, help="At most this many steps of the two best starts.")] = 12,
    seed: Annotated[int, typer.Option(min=0, help="Of the places.")] = 1,
    models: Annotated[
        str, typer.Option(metavar="a|ab|abc|abcd|abcde", help="Which itineraries, the smallest first.")
    ] = "abcde",
    out: Annotated[Path | None, typer.Option(metavar="FOLDER", help="Write the tables as CSV.")] = None,
) -> None:
    """Fit nested itineraries to the same published numbers: is each part earned? Takes minutes."""
    from trafficking import folders, model_comparison, terminal

    chosen = [candidate for candidate in model_comparison.CANDIDATES if candidate.name in models]
    names = "".join(candidate.name for candidate in model_comparison.CANDIDATES)
    if not chosen or set(models) - set(names):
        terminal.refuse(f"--models: {models!r} given; some of {names} are needed")
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
    fits_in_all = starts * len(chosen) + len(chosen) - 1
    with terminal.Progress("fits", fits_in_all, lambda done: f"{units.number(done, 2)} fits") as progress:
        fits = model_comparison.compare(
            candidates=chosen, starts=starts, evaluations=evaluations, seed=seed, progress=progress
        )
    table = model_comparison.table(fits)
    head = ("model", "parts", "free", "met", "cost", "AICc", "above the best", "at an end of its range")
    lines = [
        (
            row.model,
            row.parts,
            str(row.free),
            f"{row.met} of {row.rows}",
            f"{row.cost:.3g}",
            f"{row.aicc:.1f}",
            f"{row.above_best:.1f}",
            row.at_bounds or "none",
        )
        for row in table.itertuples()
    ]
    _print_table(head, lines)
    best = min(fits, key=lambda fit: fit.aicc)
    printing.write(
        f"\nlowest AICc: {best.candidate.name} ({best.candidate.parts}), {best.met} of {len(best.targets)} rows met"
    )
    if out is not None:
        from trafficking import io

        tables = {
            "models": table,
            "numbers": model_comparison.numbers(fits),
            "constants": model_comparison.fitted(fits),
        }
        folders.replace_files(out, {f"{name}.csv": io.csv_bytes(frame) for name, frame in tables.items()})
        printing.say(f"written: {out}")


# -- what they do in common --------------------------------------------------------------------------------------------


def _show(found: Validation) -> None:
    from trafficking import validation

    if _on_terminal():
        _print_table(validation.HEAD, validation.row_cells(found))
        printing.say()
        for line in [*validation.remarks(found), found.headline]:
            printing.say(line)
    else:
        printing.write(validation.text(found))
    printing.say("* a range that we gave; in dish: simulated in a medium of 10^6 cells per mL, which they deplete")


def _print_table(head: Sequence[str], lines: Sequence[Sequence[str]]) -> None:
    """A table fitted to the terminal; elsewhere in columns of plain text, one line per row."""
    if not _on_terminal():
        widths = [max(len(line[i]) for line in (head, *lines)) for i in range(len(head))]
        for line in (head, *lines):
            printing.say("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())
        return
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    shown = Table(box=SIMPLE_HEAD, pad_edge=False)
    for title in head:
        shown.add_column(title, overflow="fold")
    for line in lines:
        cells = [escape(printing.printable(cell)) for cell in line]
        shown.add_row(*(f"[{_STYLES[cell]}]{cell}[/]" if cell in _STYLES else cell for cell in cells))
    with printing.output():
        Console().print(shown)


def _on_terminal() -> bool:
    return sys.stdout is not None and sys.stdout.isatty()


def _write(found: Validation, out: Path) -> None:
    """The table as CSV and a figure per experiment."""
    from trafficking import evidence_plots, figures, folders, io, plots, terminal, validation

    contents = {"validation.csv": io.csv_bytes(found.table), "validation.md": validation.markdown(found).encode()}

    def figure(name: str) -> bytes:
        numbers = [(row.target, row.seen, row.mean) for row in found.rows if row.target.scenario == name]
        title = io.load_scenario(f"published/{name}").title
        return plots.render(evidence_plots.experiment(title, numbers))

    names = dict.fromkeys(row.target.scenario for row in found.rows)
    pictures, failed = figures.drawn({f"{name}.png": partial(figure, name) for name in names})
    folders.replace_files(out, contents | pictures)
    printing.say(f"written: {out} (validation.csv, validation.md and {len(pictures)} figures)")
    for name, why in failed.items():
        terminal.tell(f"{name} could not be drawn ({why}); the tables are written without it")
