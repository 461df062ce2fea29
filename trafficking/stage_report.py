"""Each stage of a life beside its popular description: what every organ's receptors do, and where the two disagree."""

from __future__ import annotations

import textwrap

import pandas as pd

from trafficking.body import BodyResult
from trafficking.consequences import stages
from trafficking.organs import ORGANS
from trafficking.physiology import STAGES
from trafficking.readouts import readouts

_WIDTH = 100  # columns of a terminal
_GLUT4 = ("muscle", "adipose")  # the organs that take up glucose through it
_LABEL = 26  # columns


def stage_starts(result: BodyResult) -> pd.DataFrame:
    """One row per stage that the life reaches, at the first check-up of that stage.

    Returns:
        stage, year, `<organ>_surface` (lean = 1), `<organ>_activity` (healthy = 1), `<organ>_glut4` of muscle and fat
        (at the surface, healthy = 1), then receptors, signalling and body as commonly described, and the correction.
    """
    checkups = result.checkups.drop_duplicates("stage").sort_values("stage")
    seen = result.levels["time_min"].searchsorted(checkups["time_min"] - 1e-6)
    described = {int(row["stage"]): row for row in stages()}
    table = pd.DataFrame({"stage": checkups["stage"].to_numpy(), "year": checkups["year"].to_numpy()})
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
        for kind, words in (
            ("surface", "surface receptors, %"),
            ("activity", "activity below, %"),
            ("glut4", "GLUT4, %"),
        ):
            shares = {organ: row.get(f"{organ}_{kind}") for organ in ORGANS}
            cells = {organ: "-" if share is None else f"{100.0 * share:.0f}" for organ, share in shares.items()}
            lines.append(_cells(words, cells))
        if row["correction"]:
            lines += _labelled("but", row["correction"])
    if lines:
        lines.append(_cells("fewest at a check-up", _fewest(result)))
        lines.append("100 % = lean (receptors), healthy (activity, GLUT4). -: no GLUT4. 82 in 2: 82 % in stage 2")
    return "\n".join(lines)


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
