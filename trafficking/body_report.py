"""A life in words: the stages of its check-ups with the receptors beside them, and what their loss adds."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from trafficking.body import GONE, BodyResult
from trafficking.coupling_error import LARGEST_ERROR
from trafficking.organs import ORGANS
from trafficking.physiology import NM_PER_UU_PER_ML, constant

_HEAD = (
    f"{'year':>6}  {'stage':<41}{'fasting':>8}{'2 h':>7}{'insulin':>9}{'beta':>6}   surface receptors, % of lean"
    "{activity}\n"
    f"{'':>49}{'mM':>8}{'mM':>7}{'uU/mL':>9}{'mg':>6}   {' '.join(f'{organ:>8}' for organ in ORGANS)}"
)


def timeline(result: BodyResult) -> str:
    """A table: the first check-up, every one at which the stage changed, and the last; receptors of each organ beside.

    Receptors are those at the surface; where activity below them is not that of health, it stands behind a slash.
    """
    checkups = result.checkups
    if not len(checkups):
        return "no check-up: they are made after each full year"
    stages = checkups["stage"].tolist()
    changed = [i for i in range(len(stages)) if i in (0, len(stages) - 1) or stages[i] != stages[i - 1]]
    levels = result.levels.set_index("time_min")
    lines = [_line(checkups.iloc[i], levels.loc[checkups["time_min"].iloc[i]]) for i in changed]
    blunted = any((result.levels[f"{organ}_activity"] != 1.0).any() for organ in ORGANS)
    return "\n".join([_HEAD.format(activity=" / activity below them, %" if blunted else ""), *lines])


def _line(checkup: pd.Series, levels: pd.Series) -> str:
    receptors = []
    for organ in ORGANS:
        activity = levels[f"{organ}_activity"]
        beside = "" if activity == 1.0 else f"/{100.0 * activity:.0f}"
        receptors.append(f"{100.0 * levels[f'{organ}_surface']:.0f}{beside}")
    return (
        f"{checkup['year']:>6}  {checkup['stage']} {_words(checkup):<39}{checkup['glucose_mM']:>8.1f}"
        f"{checkup['two_hours_mM']:>7.1f}{levels['insulin_nM'] / NM_PER_UU_PER_ML:>9.1f}{levels['beta_mg']:>6.0f}   "
        f"{' '.join(f'{each:>8}' for each in receptors)}"
    )


def _words(checkup: Mapping[str, Any]) -> str:
    """The stage, and what this check-up alone suggests where no second one has said so."""
    once = f" ({checkup['finding']} once)" if checkup["finding"] > checkup["stage"] else ""
    return f"{checkup['words']}{once}"


def facts(results: Sequence[BodyResult], what_if: Sequence[tuple[str, BodyResult]] = ()) -> list[tuple[str, str]]:
    """Labelled lines on a life; with a second result, that with receptors held, also what the receptors' loss adds.

    Args:
        what_if: the same life under another assumption, in words.
    """
    life = results[0]
    levels = life.levels
    word, unit_min = life.clock
    when = f"{'on' if word == 'day' else 'in'} {word}"
    times = levels["time_min"].to_numpy() / unit_min
    insulin, muscle = levels["insulin_nM"].to_numpy(), levels["muscle_surface"].to_numpy()
    most, fewest = int(insulin.argmax()), int(muscle.argmin())
    found = []
    if len(life.checkups):
        found.append(("Stages", f"{_stages(life)}  (yearly check-ups; a stage needs two in a row)"))
        found += [("held", f"{_stages(held)}  (receptor number held constant)") for held in results[1:]]
    found += [
        ("Insulin", f"highest {when} {times[most]:.1f}, {insulin[most] / insulin[0]:.2f} times healthy"),
        (
            "Receptors",
            f"muscle fewest {when} {times[fewest]:.1f}, {100.0 * muscle[fewest]:.0f} % of lean; "
            f"{100.0 * muscle[-1]:.0f} % at the end",
        ),
        ("Diabetes", onset(results)),
    ]
    if math.isfinite(life.read_to_min):
        found.append(("Read to", read_to(life)))
    for words, other in what_if:
        found.append(("if", f"{words}: {_shifted(other, *results[1:])}"))
    found += [("Note", words) for words in _disagreements(life)]
    return found


def window(window_d: float, error: float) -> str:
    """What the window costs, and a warning if that is more than receptors are said to.

    Args:
        error: see `coupling_error`.
    """
    said = f"{window_d:g} d, which costs at most {100.0 * error:.2g} % of the receptors"
    if error <= LARGEST_ERROR:
        return said
    return f"{said}. Warning: more than {100.0 * LARGEST_ERROR:g} %; a shorter window costs less, in proportion"


def read_to(life: BodyResult) -> str:
    """Up to when to read a life whose beta cells are all but gone in the end, and why."""
    word, unit_min = life.clock
    return (
        f"{word} {life.read_to_min / unit_min:.1f}: then {100.0 * GONE:.0f} % of the beta cells are left, later fewer, "
        "and glucose goes to the ceiling of its equation (no kidney, no treatment, no death)"
    )


def onset(results: Sequence[BodyResult]) -> str:
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


def _shifted(other: BodyResult, held: BodyResult) -> str:
    """`onset` in few words; with receptors held it is what it was."""
    first, usual = other.onset_year, held.onset_year
    if math.isnan(first):
        return "never within this life"
    shift = (
        "" if math.isnan(usual) else f", {'forward' if first <= usual else 'back'} by {abs(usual - first):.1f} years"
    )
    return f"year {first:.1f}{shift}"


def _stages(result: BodyResult) -> str:
    return " ".join(str(stage) for stage in result.checkups["stage"])


def _disagreements(life: BodyResult) -> Iterator[str]:
    """Where the model does not do what the popular description of the stages has it do."""
    checkups = life.checkups
    if life.scenario.receptors == "held" or not (checkups["stage"] >= 3).any():
        return
    muscle = life.levels.set_index("time_min")["muscle_surface"].loc[checkups["time_min"]].to_numpy()
    fewest, stage = int(muscle.argmin()), checkups["stage"].to_numpy()
    percent = round(100.0 * muscle[fewest])
    if stage[fewest] < 3 and percent < 100:  # a body without insulin never loses any
        yield (
            "the popular description has fewest receptors in stage 3; here they are fewest in stage "
            f"{stage[fewest]} ({percent} %), when insulin is highest. "
            "Blood cells in type 2 diabetes had 55 to 60 % of normal"
        )
    if stage.max() >= 4:
        limit = f"{constant('lasting_exposure'):g} mM years of fasting glucose above 7.0 mM"
        yield f"stage 4 is {limit}, an index: complications are not simulated"
