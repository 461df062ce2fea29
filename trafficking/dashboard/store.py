"""Runs by an id that nobody can guess, and the files made of them, for as long as their page is open.

A file is made on disk when asked for and leaves as a stream of blocks: a table of a million rows never passes through
the page's own connection. The only state that sessions share.
"""

from __future__ import annotations

import csv
import secrets
import tempfile
import threading
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

import pandas as pd

from trafficking import io, results, scenario_text
from trafficking.results import Result

from .scenes import Steering

PLOTTED, WHOLE, STEERING, SCENARIO = "plotted.csv", "run.zip", "steering.csv", "scenario.toml"
OTHER, OTHER_STEERING = "other_future.csv", "other_future_steering.csv"
_BLOCK = 1 << 18  # bytes; a response costs a thread switch per block

Future = tuple[Result, tuple[Steering, ...], Result]
Taken = Callable[[], Future | None]

_runs: dict[str, tuple[Taken, Taken]] = {}
_guard = threading.Lock()


def _none() -> None:
    return None


def add(taken: Taken, other: Taken = _none) -> str:
    """Makes a run available for export.

    Args:
        taken: gives its tables up to now, its steering log, and the tables of a run that ends now; from any thread.
        other: the same of the other future of a run that was taken back.

    Returns:
        Its id, which is the only key to it.
    """
    run_id = secrets.token_urlsafe(18)
    with _guard:
        _runs[run_id] = taken, other
    return run_id


def drop(run_id: str) -> None:
    with _guard:
        _runs.pop(run_id, None)


def stream(run_id: str, name: str) -> tuple[Iterator[bytes], str, str] | None:
    """A file of a run: its blocks, media type and file name; None where there is no such run or file."""
    with _guard:
        known = _runs.get(run_id)
    now = known[0]() if known is not None and name in (PLOTTED, WHOLE, SCENARIO) else None
    if known is None or now is None:
        return None
    result, _, ended = now
    stem = f"{result.scenario.name}-seed{result.seed}"
    file = tempfile.TemporaryFile()
    if name == PLOTTED:
        plotted(result).to_csv(file, index=False, lineterminator="\n")
        media_type, shown = "text/csv; charset=utf-8", f"{stem}-plotted.csv"
    elif name == SCENARIO:
        file.write(steered(ended).encode())
        media_type, shown = "application/toml; charset=utf-8", f"{result.scenario.name}-steered.toml"
    else:
        _write_whole(now, known[1](), file, stem)
        media_type, shown = "application/zip", f"{stem}.zip"
    file.seek(0)
    return _blocks(file), media_type, shown


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


def steered(result: Result) -> str:
    """The scenario file of a run: what was changed by hand is plain segments and treatments in it."""
    seed = result.seed
    remark = f"A run as it was steered. To run it again: trafficking run FILE --seed {seed}, with the same tables."
    return scenario_text.written(result.scenario, remark=remark)


def _write_whole(future: Future, other: Future | None, file: IO[bytes], stem: str) -> None:
    """A zip with the run folder, which `trafficking rerun` takes as it is, and beside its own files what was plotted,
    the steering log, the scenario file, and what became of the other future."""
    result, steering, ended = future
    with tempfile.TemporaryDirectory(prefix="trafficking-") as place:
        folder = Path(place) / stem
        io.save(ended, folder)
        _write_curves(folder, plotted(result), steering, PLOTTED, STEERING)
        (folder / SCENARIO).write_text(steered(ended), encoding="utf-8", newline="")
        if other is not None:
            _write_curves(folder, plotted(other[0]), other[1], OTHER, OTHER_STEERING)
        with zipfile.ZipFile(file, "w", compression=zipfile.ZIP_DEFLATED, compresslevel=3) as archive:
            for path in sorted(folder.rglob("*")):
                if path.is_file():
                    archive.write(path, f"{stem}/{path.relative_to(folder).as_posix()}")


def _write_curves(folder: Path, curves: pd.DataFrame, steering: tuple[Steering, ...], name: str, log_name: str) -> None:
    curves.to_csv(folder / name, index=False, lineterminator="\n")
    with (folder / log_name).open("w", encoding="utf-8", newline="") as log:
        rows = csv.writer(log, lineterminator="\n")
        rows.writerow(["time_min", "name", "old", "new"])
        rows.writerows([row.time_min, row.name, row.old, row.new] for row in steering)


def _blocks(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        while block := file.read(_BLOCK):
            yield block
