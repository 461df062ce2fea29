"""The runs of the page on disk, each in a file named by its id, which is the only key to it.

A file is replaced whole or not at all, and each has one writer at a time: whoever claimed its id, in whichever process.
Files that nobody wrote to for a month go, and the oldest where all together take too much room.
"""

from __future__ import annotations

import os
import re
import secrets
import time
from contextlib import ExitStack, suppress
from pathlib import Path

import platformdirs

from trafficking import folders

from .kept import Kept, KeptError

FOLDER_VARIABLE = "TRAFFICKING_RUNS_DIR"
OLDEST_DAYS = 30.0
MOST_BYTES = 2_000_000_000
_SUFFIX = ".run"
_LETTERS = 24  # of an id
_ID = re.compile(rf"[A-Za-z0-9_-]{{{_LETTERS}}}")


class Taken(Exception):
    """Somebody else writes this run."""


def folder() -> Path:
    """Where runs are kept: TRAFFICKING_RUNS_DIR, else `runs` in the user's cache folder."""
    given = os.environ.get(FOLDER_VARIABLE)
    return Path(given) if given else Path(platformdirs.user_cache_dir("trafficking", appauthor=False)) / "runs"


def new_id() -> str:
    """An id that nobody can guess: 144 random bits in 24 letters, digits, - and _."""
    return secrets.token_urlsafe(18)


def is_id(text: str) -> bool:
    """Whether this could be an id; anything else must not become the name of a file."""
    return _ID.fullmatch(text) is not None


def load(run_id: str) -> Kept:
    """Reads a run.

    Raises:
        KeptError: there is none by this id, or it cannot be read; the message says which.
    """
    try:
        return Kept.from_bytes(_path(run_id).read_bytes())
    except FileNotFoundError:
        raise KeptError(f"it is not kept here: unused runs go after {OLDEST_DAYS:.0f} days") from None
    except OSError as fault:
        raise KeptError(f"its file cannot be read: {fault.strerror or fault}") from None


class Claim:
    """The sole right to write one run, until `release`."""

    def __init__(self, run_id: str) -> None:
        """Claims the id.

        Raises:
            Taken: somebody has it, in this process or another.
            OSError: the folder cannot be written.
        """
        self.run_id = run_id
        path = _path(run_id)
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._held = ExitStack()
        try:
            self._held.enter_context(folders.locked(path))
        except FileExistsError:
            raise Taken(run_id) from None
        for stale in path.parent.glob(f".{path.name}.partial-*"):  # of a writer that was killed
            stale.unlink(missing_ok=True)

    def write(self, kept: Kept) -> None:
        """Replaces what is kept; after a crash at any moment either the old or the new is there.

        Raises:
            OSError: it cannot be written; what was kept before stays.
        """
        folders.replace_file(_path(self.run_id), kept.to_bytes())

    def release(self) -> None:
        self._held.close()


def clean(now: float | None = None) -> None:
    """Removes runs that are too old, the oldest beyond the room there is, and what a crash left behind."""
    now = time.time() if now is None else now
    room = float(MOST_BYTES)
    for path, size, used in sorted(_files(), key=lambda file: file[2], reverse=True):
        room -= size
        whole = path.suffix == _SUFFIX
        if used < now - (OLDEST_DAYS if whole else 1.0) * 86400.0 or (whole and room < 0.0):
            with suppress(Taken, OSError):
                claim = Claim(
                    path.name.removeprefix("." if not whole else "")[:_LETTERS]
                )  # which removes what a killed writer left
                if whole:
                    path.unlink(missing_ok=True)
                claim.release()


def held() -> tuple[int, int]:
    """How many runs are kept, and how many bytes they take."""
    sizes = [size for path, size, _ in _files() if path.suffix == _SUFFIX]
    return len(sizes), sum(sizes)


def _path(run_id: str) -> Path:
    if not is_id(run_id):
        raise KeptError("this is no id of a run")
    return folder() / f"{run_id}{_SUFFIX}"


def _files() -> list[tuple[Path, int, float]]:
    """Files of ours with their sizes and the times they were written; others in the folder are left alone."""
    found = []
    with suppress(FileNotFoundError):
        for path in folder().iterdir():
            name = path.name.removeprefix(".") if path.suffix != _SUFFIX else path.name
            if is_id(name[:_LETTERS]) and name[_LETTERS:].startswith(_SUFFIX) and path.is_file():
                with suppress(FileNotFoundError):
                    about = path.stat()
                    found.append((path, about.st_size, about.st_mtime))
    return found
