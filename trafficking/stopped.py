"""Runs that were stopped: kept in a hidden folder beside the place of the run, which says how to go on.

The place of the run counts as taken meanwhile (`folders.claim`). A stopped run is gone once it is done, or once the
user said that it may be discarded.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path

from trafficking import folders
from trafficking.folders import SNAPSHOT
from trafficking.simulation import Run
from trafficking.snapshot import Snapshot, SnapshotError

_HOW, _REPLACES = "HOW_TO_GO_ON.txt", "replaces"


def place_of(folder: str | Path) -> Path:
    """Where the stopped run of `folder` is kept; `folder` may be that place itself."""
    path = Path(os.path.realpath(folder))
    return path if folders.is_stopped(path) else folders.hidden(path, folders.STOPPED)


def run_of(folder: str | Path) -> Path:
    """The run folder that a stopped run was to become; the reverse of `place_of`."""
    path = Path(os.path.realpath(folder))
    if not folders.is_stopped(path):
        return path
    return path.with_name(path.name.removeprefix(".").removesuffix(f".{folders.STOPPED}"))


def keep(claimed: folders.Claim, run: Run, command: str, *, marker: str) -> Path:
    """Keeps a run beside its claimed place for `command` to go on with, in place of an earlier one.

    Where the claim allows a run to be replaced, the one that is there now may be replaced later too.

    Args:
        marker: the file by which that run is known.

    Raises:
        RuntimeError: the run was interrupted within a window.
        OSError: it cannot be written; an earlier stopped run is as it was.
    """
    place = place_of(claimed.path)
    how = f"This run stopped at {run.time_min:g} of {run.duration_min:g} min. Go on with it:\n\n    {command}\n"
    replaces = _digest(claimed.path / marker) if claimed.overwrite else ""
    # The snapshot comes last: with it, and not before, there is a stopped run.
    contents = {_HOW: how.encode(), _REPLACES: replaces.encode(), SNAPSHOT: run.snapshot().to_bytes()}
    if place.exists():
        folders.replace_files(place, contents)
        return place
    partial = folders.hidden(claimed.path, f"partial-{os.getpid()}")
    try:
        folders.replace_files(partial, contents)
        partial.rename(place)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return place


def take_up(folder: str | Path, *, threads: int | None = None) -> Run:
    """The stopped run of `folder`, ready to go on.

    Raises:
        FileNotFoundError: there is none. SnapshotError: it is damaged, or of another version.
    """
    file = place_of(folder) / SNAPSHOT
    try:
        data = folders.read_file(file)
    except (FileNotFoundError, NotADirectoryError):
        missing = place_of(folder).name
        raise FileNotFoundError(f"{folder}: no stopped run is kept beside it ({missing} is missing)") from None
    except OSError as fault:
        raise SnapshotError(f"{file}: cannot be read: {fault.strerror}") from None
    try:
        return Run.resume(Snapshot.from_bytes(data), threads=threads)
    except SnapshotError as fault:
        raise SnapshotError(f"{file}: {fault}; begin the run anew, with --overwrite to discard this") from None


def may_replace(folder: str | Path, *, marker: str) -> bool:
    """Whether the stopped run of `folder` was allowed to replace the very run that is there now."""
    try:
        allowed = folders.read_file(place_of(folder) / _REPLACES).decode(errors="replace")
    except OSError:
        return False
    return allowed != "" and allowed == _digest(run_of(folder) / marker)


def _digest(file: Path) -> str:
    """SHA-256 of a file; "" where there is none."""
    try:
        return hashlib.sha256(folders.read_file(file)).hexdigest()
    except OSError:
        return ""
