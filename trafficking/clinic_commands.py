"""The tests of a clinic on the command line: `ogtt` and `clamp` of a person at a time of their life."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from trafficking import printing, units
from trafficking.options import Overwrite, Person, Settings, settings_read
from trafficking.preparing import prepare

if TYPE_CHECKING:
    import pandas as pd

    from trafficking.body import BodyResult
    from trafficking.meals import Fasting

_LEAST_INSULIN = 1.0  # uU/mL: a tenth of the healthy fasting level
_LEAST_M = 1e-6  # mg per kg and min: rounding is left below it
At = Annotated[str, typer.Option("--at", metavar="TIME", help='When in this life, such as "5 y" or "200 d".')]
Out = Annotated[Path | None, typer.Option(metavar="FILE", help="Write the table as a CSV file.")]


def ogtt(
    scenario: Person = "vicious_cycle",
    at: At = "0 y",
    grams: Annotated[float, typer.Option(min=1.0, max=500.0, help="Glucose that is drunk.")] = 75.0,
    settings: Settings = None,
    out: Out = None,
    overwrite: Overwrite = False,
) -> None:
    """Oral glucose tolerance test of a body scenario at a time. Not medical advice."""
    from trafficking import clinic, meals, physiology, terminal

    life, day = _lived(scenario, at, settings)
    body = life.fasting_at(day)
    test, healthy = clinic.ogtt(body, grams=grams), clinic.ogtt(meals.HEALTHY, grams=grams)
    printing.write(_printed(test.table, healthy.table, "glucose_mM"))
    seen = physiology.Checkup(
        body.glucose / physiology.MG_PER_DL_PER_MM, body.insulin / physiology.HEALTHY.insulin, test.two_hours_mM
    )
    lines = [
        (
            "2 h",
            f"{test.two_hours_mM:.1f} mM (impaired from 7.8, diabetic from 11.1); healthy {healthy.two_hours_mM:.1f}",
        ),
        ("Peak", f"glucose {test.peak_mM:.1f} mM, insulin {test.peak_nM / physiology.NM_PER_UU_PER_ML:.0f} uU/mL"),
        *_indices(body, test.matsuda / healthy.matsuda),
        (
            "Stage",
            f"{physiology.finding(seen)} {physiology.STAGES[physiology.finding(seen)]}, as far as one test tells",
        ),
        *_beyond_reading(life, day),
        ("Caution", "a research and teaching model; not medical advice"),
    ]
    if grams != meals.constant("oral_g"):
        lines = [line for line in lines if line[0] != "Stage"]  # the limits are those of 75 g
    terminal.show(lines)
    _write(test.table, out, overwrite)


def clamp(
    scenario: Person = "vicious_cycle",
    at: At = "0 y",
    infusion: Annotated[float, typer.Option(min=0.0, max=100.0, help="Insulin, mU per kg and min.")] = 1.0,
    target: Annotated[
        float | None, typer.Option(min=2.0, max=50.0, help="Where glucose is held, mM; default: the fasting level.")
    ] = None,
    settings: Settings = None,
    out: Out = None,
    overwrite: Overwrite = False,
) -> None:
    """Glucose clamp of a body scenario at a time: the glucose that insulin makes it use. Not medical advice."""
    from trafficking import clinic, meals, physiology, terminal

    life, day = _lived(scenario, at, settings)
    body = life.fasting_at(day)
    try:
        test = clinic.clamp(body, infusion=infusion, target_mM=target)
    except ValueError as fault:
        terminal.refuse(f"--{fault}")
    healthy = clinic.clamp(meals.HEALTHY, infusion=infusion)
    printing.write(_printed(test.table, healthy.table, "glucose_infused"))
    held = body.glucose / physiology.MG_PER_DL_PER_MM if target is None else target
    normal = held < physiology.constant("impaired_fasting")
    kind = (
        "euglycaemic" if normal else "isoglycaemic: what more glucose does by itself is in M; --target 5.5 holds less"
    )
    where = "at the fasting level, " if target is None else f"after {test.falling_min:.0f} min of insulin alone, at "
    lines = [
        ("Held", f"{where}{held:.1f} mM ({kind})"),
        ("M", f"{test.m:.2f} mg/kg/min in the last 40 min; healthy {healthy.m:.2f}"),
        (
            "Measured",
            "means of 18 studies of people who are not obese, at 40 mU per m2 and min: 4.7 to 8.7 (Bergman 1985, as "
            "cited in doi 10.2337/dc11-2339)",
        ),
    ]
    if test.m > _LEAST_M:
        beside = f", {test.m_per_i / healthy.m_per_i:.2f} times healthy" if normal else ""
        lines.append(("M/I", f"{test.m_per_i:.1f} for 100 uU/mL{beside}"))
    caution = ("Caution", "a research and teaching model; not medical advice")
    terminal.show([*lines, *_beyond_reading(life, day), caution])
    _write(test.table, out, overwrite)


def _beyond_reading(life: BodyResult, day: float) -> list[tuple[str, str]]:
    """A line that says up to when to read this life, if the test is made later."""
    from trafficking import body_report
    from trafficking.physiology import DAY_MIN

    return [("Read to", body_report.read_to(life))] if day * DAY_MIN > life.read_to_min else []


def _indices(body: Fasting, matsuda_ratio: float) -> list[tuple[str, str]]:
    """HOMA-IR and Matsuda over healthy; neither says anything of a body that makes next to no insulin."""
    from trafficking import clinic

    if body.insulin < _LEAST_INSULIN:
        why = f"not defined: fasting insulin is below {_LEAST_INSULIN:g} uU/mL"
        return [("HOMA-IR", why), ("Matsuda", why)]
    return [
        ("HOMA-IR", f"{clinic.homa_ratio(body):.2f} times healthy"),
        ("Matsuda", f"{matsuda_ratio:.2f} times healthy"),
    ]


def _lived(scenario: str, at: str, settings: list[str] | None) -> tuple[BodyResult, float]:
    """The life, no longer than it has to be, and the day."""
    from trafficking import body_files, terminal
    from trafficking.body import Life
    from trafficking.body_forms import day_of

    chosen = body_files.load_body(scenario, settings_read(settings))
    try:
        day = day_of(at)
    except ValueError as fault:
        terminal.refuse(f"--at: {fault}")
    if day > chosen.duration_d:
        terminal.refuse(f"--at: {at!r} given; {chosen.name} lasts {chosen.duration_d:g} d")
    prepare(chosen.resolution, body=True)
    life = Life(chosen)
    with terminal.Progress(chosen.name, max(day, 1.0), lambda days: f"{units.number(days, 3)} days") as progress:

        def told(lived_d: float) -> bool:
            progress(lived_d)
            return True

        life.advance(day, keep_going=told)
    return life.result(), day


def _printed(table: pd.DataFrame, healthy: pd.DataFrame, column: str) -> str:
    """A column and the insulin of the test beside those of the healthy body; insulin in the clinic's unit."""
    from trafficking.physiology import NM_PER_UU_PER_ML

    title = {"glucose_mM": "glucose, mM", "glucose_infused": "glucose, mg/kg/min"}[column]
    lines = [f"{'min':>5}{title:>20}{'healthy':>9}{'insulin, uU/mL':>17}{'healthy':>9}"]
    for own, other in zip(table.to_dict("records"), healthy.to_dict("records"), strict=True):
        insulin, usual = (each["insulin_nM"] / NM_PER_UU_PER_ML for each in (own, other))
        lines.append(
            f"{own['time_min']:>5.0f}{_hundredths(own[column]):>20}{_hundredths(other[column]):>9}{insulin:>17.1f}{usual:>9.1f}"
        )
    return "\n".join([*lines, ""])


def _hundredths(value: float) -> str:
    return f"{round(value, 2) + 0.0:.2f}"  # no "-0.00"


def _write(table: pd.DataFrame, out: Path | None, overwrite: bool) -> None:
    if out is None:
        return
    from trafficking import folders, io, terminal

    if out.exists() and not overwrite:
        terminal.refuse(f"--out: {out} exists; --overwrite replaces it")
    folders.replace_file(out, io.csv_bytes(table))
    printing.say(out)
