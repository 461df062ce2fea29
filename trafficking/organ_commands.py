"""The commands `organs`, `stages` and `consequences`: what a body's tables mean, in words."""

from __future__ import annotations

import math
import textwrap
from typing import Annotated

import typer

from trafficking import printing

_WIDTH = 116
_CAUTION = "A research and teaching model of a person who does not exist; not medical advice."
Body = Annotated[str, typer.Argument(metavar="SCENARIO", help="A body scenario's name, or a TOML file.")]


def organs(scenario: Body = "vicious_cycle") -> None:
    """Print what five organs do, healthy against resistant, with the clinical end of each."""
    from trafficking import body_files, body_report, readouts
    from trafficking.body import simulate_body

    result = simulate_body(body_files.load_body(scenario))
    printing.say(
        f"{'organ':<9} {'read-out':<45} {'clamped':>8} {'own':>6} {'last':>6}  {'resistant':<16} {'grade':<11} ends in"
    )
    for row in readouts.compared(result).itertuples():
        numbers = f"{row.clamped:>8.2f} {row.own:>6.2f} {row.last:>6.2f}"
        way = f"{row.expected:<4} in {row.seen_in}"
        printing.say(f"{row.organ:<9} {row.words:<45} {numbers}  {way:<16} {row.grade:<11} {row.clinical_end}")
    printing.say()
    _say(
        "healthy = 1. clamped: in the insulin of the healthy body, at the peak of insulin; own: in the person's own "
        "insulin then; last: in their own, at the end or as far as it is to be read. resistant: which way the read-out "
        "goes in resistance, and the column that shows it. Sizes are assumptions, directions have sources "
        "(data/readouts.toml)."
    )
    if math.isfinite(result.read_to_min):
        _say(f"Read to {body_report.read_to(result)}.")
    printing.write(
        f"\n{'year':>5} {'stage':>5}  surface receptors / activity of each organ, and GLUT4 of muscle and fat"
    )
    table, seen = readouts.readouts(result), result.levels
    at = seen["time_min"].searchsorted(result.checkups["time_min"] - 1e-6)
    for i, check in zip(at, result.checkups.itertuples(), strict=True):
        now = seen.iloc[i]
        shares = "  ".join(f"{name} {now[f'{name}_surface']:.2f}/{now[f'{name}_activity']:.2f}" for name in _names())
        glut4 = "/".join(f"{table[f'{name}_glut4'].iloc[i]:.2f}" for name in ("muscle", "adipose"))
        printing.say(f"{check.year:>5} {check.stage:>5}  {shares}  GLUT4 {glut4}")
    printing.write(f"\n{_CAUTION}")


def stages() -> None:
    """Print the stages as they are commonly described, and what the model and the evidence say to it."""
    from trafficking.consequences import stages
    from trafficking.physiology import STAGES

    for row in stages():
        printing.say(f"{row['stage']}  {STAGES[int(row['stage'])]}")
        for label in ("receptors", "signalling", "body", "correction"):
            if row[label]:
                _say(f"{label}: {row[label]}", indent="   ")


def consequences() -> None:
    """Print what follows from insulin resistance and is not simulated, with driver, evidence grade and source."""
    from trafficking.consequences import consequences

    for row in consequences():
        printing.say(f"{row['name']}: {row['direction']}, {row['grade']}, driven by {row['driver']}")
        _say(row["source"], indent="   ")
        _say(row["note"], indent="   ")
    printing.write(f"\nNone of these is simulated. {_CAUTION}")


def _names() -> tuple[str, ...]:
    from trafficking.organs import ORGANS

    return ORGANS


def _say(text: str, indent: str = "") -> None:
    printing.write(textwrap.fill(text, _WIDTH, initial_indent=indent, subsequent_indent=indent))
