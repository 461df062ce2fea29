"""The files that a run can be taken away as: its tables, all of it, the scenario that gives it again, its figure."""

from __future__ import annotations

import tempfile
import zipfile
from collections.abc import Callable
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import IO

import pandas as pd

import trafficking
from trafficking import io, plots, results, scenario_text, units
from trafficking.results import Result

from .scenes import Steering
from .store import Export, Find

PLOTTED, WHOLE, STEERING, SCENARIO = "plotted.csv", "run.zip", "steering.csv", "scenario.toml"
OTHER, OTHER_STEERING = "other_future.csv", "other_future_steering.csv"
FIGURES = {"png": "image/png", "svg": "image/svg+xml", "pdf": "application/pdf"}
CSV, PARQUET, ZIP, TOML = (
    "text/csv; charset=utf-8",
    "application/vnd.apache.parquet",
    "application/zip",
    "application/toml",
)
_PRINT_DPI = 300

Taken = tuple[Result, tuple[Steering, ...], Result]
"""The tables up to now, the steering log, and the tables of a run that ends now."""
_Write = Callable[[Taken, IO[bytes]], None]
_Ask = Callable[[], Taken | None]


def _none() -> None:
    return None


def of_run(taken: _Ask, other: _Ask = _none) -> Find:
    """The files of a run as it is when they are asked for.

    Args:
        taken: its tables and its log; None before there are any. Called from any thread.
        other: the same of the other future of a run that was taken back; it goes out with the whole run.
    """

    def find(name: str) -> Export | None:
        if name != WHOLE and name not in _FILES:
            return None
        now = taken()
        if now is None or (name in _CELLS and not len(now[0].cells)):
            return None
        if name == WHOLE:
            return Export(partial(_whole, now, other), ZIP, f"{_stem(now[0])}.zip")
        write, media_type = _FILES[name]
        return Export(partial(write, now), media_type, f"{_stem(now[0])}-{name}")

    return find


def of_frame(frame: pd.DataFrame, filename: str) -> Export:
    """A table as CSV."""
    return Export(lambda file: frame.to_csv(file, index=False, lineterminator="\n"), CSV, filename)


def plotted(result: Result) -> pd.DataFrame:
    """What the plot shows, at every recorded time, with units in the header."""
    curves, reference = result.compartments, result.reference
    table = {"time (min)": curves["time_min"]}
    for name in curves.columns[1:]:
        table[f"{results.COLUMNS[name].label} (receptors)"] = curves[name]
    for name in curves.columns[1:]:
        percent = results.percent_of(curves[name].to_numpy(), reference.surface)
        table[f"{results.COLUMNS[name].label} (% of {reference.words} surface)"] = percent
    table["Insulin (nM)"] = result.exposure["insulin_nM"]
    return pd.DataFrame(table)


def scenario_file(ended: Result, steering: tuple[Steering, ...]) -> str:
    """A scenario file that gives this run again up to where it ended; what was done by hand is part of it."""
    remark = [
        f"The run of this file: trafficking run FILE --seed {ended.seed}",
        f"Written by trafficking {trafficking.__version__}; it ends where the run stood, at "
        f"{units.friendly(ended.scenario.duration_min, 'time')}.",
    ]
    if steering:
        remark += ["", "Set by hand, and part of what follows:"]
    for row in steering:
        remark.append(f"  at {units.text(row.time_min, 'time')}: {row.name} from {row.old!r} to {row.new!r}")
    return scenario_text.written(ended.scenario, remark="\n".join(remark))


def _stem(result: Result) -> str:
    return f"{result.scenario.name}-seed{result.seed}"


def _plotted(now: Taken, file: IO[bytes]) -> None:
    plotted(now[0]).to_csv(file, index=False, lineterminator="\n")


def _table(name: str, kind: str, now: Taken, file: IO[bytes]) -> None:
    io.write_table(now[0], name, kind, file)


def _compartments(now: Taken, file: IO[bytes]) -> None:
    now[0].compartments.to_csv(file, index=False, lineterminator="\n")


def _scenario(now: Taken, file: IO[bytes]) -> None:
    _, steering, ended = now
    file.write(scenario_file(ended, steering).encode())


def _steering(now: Taken, file: IO[bytes]) -> None:
    frame = pd.DataFrame(
        [[row.time_min, row.name, row.old, row.new] for row in now[1]], columns=["time_min", "name", "old", "new"]
    )
    frame.to_csv(file, index=False, lineterminator="\n")


def _figure(kind: str, now: Taken, file: IO[bytes]) -> None:
    result, steering, _ = now
    steered = f", steered from {units.friendly(steering[0].time_min, 'time')} on" if steering else ""
    caption = f"Scenario {result.scenario.name}{steered}, seed {result.seed}, trafficking {trafficking.__version__}"
    file.write(plots.render(plots.depletion(result), kind, dpi=_PRINT_DPI, caption=caption))


def _whole(now: Taken, other: _Ask, file: IO[bytes]) -> None:
    """A zip with the run folder, which `trafficking rerun` takes as it is, and beside its own files what was plotted,
    the steering log, the scenario file, and what became of the other future."""
    stem, beside = _stem(now[0]), {name: (name, now) for name in (PLOTTED, STEERING, SCENARIO)}
    if (future := other()) is not None:
        beside |= {OTHER: (PLOTTED, future), OTHER_STEERING: (STEERING, future)}
    extras = {}
    for name, (kind, run) in beside.items():
        part = BytesIO()
        _FILES[kind][0](run, part)
        extras[name] = part.getvalue()
    with tempfile.TemporaryDirectory(prefix="trafficking-") as place:
        folder = Path(place) / stem
        io.save(now[2], folder, extras=extras)
        with zipfile.ZipFile(file, "w", compression=zipfile.ZIP_DEFLATED, compresslevel=3) as archive:
            for path in sorted(folder.rglob("*")):
                if path.is_file():
                    archive.write(path, f"{stem}/{path.relative_to(folder).as_posix()}")


_FILES: dict[str, tuple[_Write, str]] = {
    PLOTTED: (_plotted, CSV),
    STEERING: (_steering, CSV),
    SCENARIO: (_scenario, TOML),
    "compartments.csv": (_compartments, CSV),
    **{f"{name}.csv": (partial(_table, name, "csv"), CSV) for name in results.TABLES},
    **{f"{name}.parquet": (partial(_table, name, "parquet"), PARQUET) for name in results.TABLES},
    **{f"figure.{kind}": (partial(_figure, kind), media_type) for kind, media_type in FIGURES.items()},
}
_CELLS = ("cells.csv", "cells.parquet")
