"""Runs that were stopped: kept in a hidden folder beside the place of the run, which says how to go on."""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from pathlib import Path

from trafficking import folders
from trafficking.simulation import Run
from trafficking.snapshot import Snapshot, SnapshotError

_SNAPSHOT, _HOW = "snapshot", "HOW_TO_GO_ON.txt"


def place_of(folder: str | Path) -> Path:
    """Where the stopped run of `folder` is kept; `folder` may be that place itself."""
    path = Path(os.path.abspath(folder))
    if path.name.startswith(".") and path.name.endswith(".stopped"):
        return path
    return path.with_name(f".{path.name}.stopped")


def run_of(folder: str | Path) -> Path:
    """The run folder that a stopped run was to become; the reverse of `place_of`."""
    place = place_of(folder)
    return place.with_name(place.name.removeprefix(".").removesuffix(".stopped"))


def keep(folder: str | Path, run: Run, command: str) -> Path:
    """Keeps a run for `command` to go on with, in place of an earlier one; whole or not at all."""
    place = place_of(folder)
    partial = place.with_name(f"{place.name}-{os.getpid()}")
    partial.mkdir(parents=True)
    try:
        folders.write_file(partial / _SNAPSHOT, run.snapshot().to_bytes())
        how = f"This run stopped at {run.time_min:g} of {run.duration_min:g} min. Go on with it:\n\n    {command}\n"
        folders.write_file(partial / _HOW, how.encode())
        drop(folder)
        partial.rename(place)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return place


def take_up(folder: str | Path, *, threads: int | None = None) -> Run:
    """The stopped run of `folder`, ready to go on.

    Raises:
        FileNotFoundError: there is none. SnapshotError: it is damaged, or of another version.
    """
    file = place_of(folder) / _SNAPSHOT
    if not file.is_file():
        raise FileNotFoundError(f"{folder}: no stopped run is kept beside it ({place_of(folder).name} is missing)")
    try:
        return Run.resume(Snapshot.from_bytes(file.read_bytes()), threads=threads)
    except SnapshotError as fault:
        raise SnapshotError(f"{file}: {fault}") from None


def drop(folder: str | Path) -> None:
    """Forgets the stopped run of `folder`, if there is one."""
    with suppress(FileNotFoundError):
        shutil.rmtree(place_of(folder))
