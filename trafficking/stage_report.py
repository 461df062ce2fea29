"""Each stage of a life beside its popular description: what every organ's receptors do, and where the two disagree."""

from __future__ import annotations

import textwrap
from collections.abc import Hashable
from typing import Any

import pandas as pd

from trafficking.body import BodyResult
from trafficking.consequences import stages
from trafficking.organs import ORGANS
from trafficking.physiology import STAGES, USERS
from trafficking.readouts import readouts

_WIDTH = 100  # columns of a terminal
_GLUT4 = ("muscle", "adipose")  # the organs that take up glucose through it
_ROWS = {
    "surface": "surface receptors, %",
    "activity": "activity below, %",
    "insult_gain": "left by the insult, %",
    "glut4": "GLUT4, %",
}
_LEGEND = (
    "100 % = lean (receptors), healthy (the other rows). -: not there. 82 in 2: 82 % in stage 2",
    "The insult u, with what high glucose takes, is all of the resistance that is not receptors,",
    "activity or free fatty acids: one factor for muscle, liver and fat. The loop does not say where in",
    "the cell it sits; GLUT4 is read as if it were what IRS-1 and PI3K pass on (assumption).",
)
_LABEL = 26  # columns


def stage_starts(result: BodyResult) -> pd.DataFrame:
    """One row per stage that the life reaches, at the first check-up of that stage.

    Returns:
        stage, year, insult_gain (what the insult and days of high glucose leave of sensitivity in muscle, liver and
        fat alike, healthy = 1), `<organ>_surface` (lean = 1), `<organ>_activity` (healthy = 1), `<organ>_glut4` of
        muscle and fat (at the surface, healthy = 1), then receptors, signalling and body as commonly described, and
        the correction.
    """
    checkups = result.checkups.drop_duplicates("stage").sort_values("stage")
    seen = result.levels["time_min"].searchsorted(checkups["time_min"] - 1e-6)
    described = {int(row["stage"]): row for row in stages()}
    table = pd.DataFrame({"stage": checkups["stage"].to_numpy(), "year": checkups["year"].to_numpy()})
    table["insult_gain"] = (result.levels["insult"] * (1.0 - result.levels["toxicity"])).to_numpy()[seen]
    for kind in ("surface", "activity"):
        for organ in ORGANS:
            table[f"{organ}_{kind}"] = result.levels[f"{organ}_{kind}"].to_numpy()[seen]
    work = readouts(result)
    for organ in _GLUT4:
        table[f"{organ}_glut4"] = work[f"{organ}_glut4"].to_numpy()[seen]
    for words in ("receptors", "signalling", "body", "correction"):
        table[words] = [described[stage][words] for stage in table["stage"]]
    return table


def beside_description(result: BodyResult) -> str:
    """`stage_starts` in words, at most 100 letters a line; without check-ups nothing."""
    lines: list[str] = []
    for row in stage_starts(result).to_dict("records"):
        lines.append(f"Stage {row['stage']}, {STAGES[row['stage']]}, from the check-up of year {row['year']}")
        lines += _labelled("commonly described as", f"{row['receptors']}; {row['signalling']}; {row['body']}")
        lines.append(_cells("in the model", dict(zip(ORGANS, ORGANS, strict=True))))
        for kind, words in _ROWS.items():
            lines.append(_cells(words, {organ: _percent(row, organ, kind) for organ in ORGANS}))
        if row["correction"]:
            lines += _labelled("but", row["correction"])
    if lines:
        lines.append(_cells("fewest at a check-up", _fewest(result)))
        lines += _LEGEND
    return "\n".join(lines)


def _percent(row: dict[Hashable, Any], organ: str, kind: str) -> str:
    """A share of an organ at the start of a stage; "-" where the organ has none."""
    if kind == "insult_gain":
        share = row["insult_gain"] if organ in USERS else None
    else:
        share = row.get(f"{organ}_{kind}")
    return "-" if share is None else f"{100.0 * share:.0f}"


def _fewest(result: BodyResult) -> dict[str, str]:
    """Surface receptors of each organ at the check-up where they are fewest, and that stage."""
    seen = result.levels["time_min"].searchsorted(result.checkups["time_min"] - 1e-6)
    cells = {}
    for organ in ORGANS:
        shares = result.levels[f"{organ}_surface"].to_numpy()[seen]
        least = int(shares.argmin())
        cells[organ] = f"{100.0 * shares[least]:.0f} in {result.checkups['stage'].iloc[least]}"
    return cells


def _labelled(label: str, text: str) -> list[str]:
    start, hanging = f"  {label:<{_LABEL - 2}}", " " * _LABEL
    return textwrap.wrap(text, _WIDTH, initial_indent=start, subsequent_indent=hanging)


def _cells(label: str, cells: dict[str, str]) -> str:
    return f"  {label:<{_LABEL - 2}}{''.join(f'{cells[organ]:>10}' for organ in ORGANS)}"
