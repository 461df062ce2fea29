"""The runs of the page on disk, each in a file named by its id, which is the only key to it.

A file is replaced whole or not at all, and each has one writer at a time: whoever claimed its id, in whichever process.
Files that nobody wrote to for a month go, and the oldest where all together, or those of one session, take too much
room: that is looked at before each writing. What pages note beside the runs (`notes`) counts with them.
"""

from __future__ import annotations

import errno
import os
import re
import secrets
import threading
import time
from contextlib import ExitStack, suppress
from pathlib import Path
from weakref import WeakKeyDictionary

import platformdirs

from trafficking import folders

from .kept import Kept, KeptError

FOLDER_VARIABLE = "TRAFFICKING_RUNS_DIR"
OLDEST_DAYS = 30.0
MOST_BYTES = 2_000_000_000
MOST_FILES = 10_000
SHARE = 4  # of one session: a quarter of the bytes and of the files
SUFFIXES = (_SUFFIX, NOTES) = (".run", ".notes")
_LETTERS = 24  # of an id
_ID = re.compile(rf"[A-Za-z0-9_-]{{{_LETTERS}}}")


_written: WeakKeyDictionary[object, set[str]] = WeakKeyDictionary()  # names of the files that a session has written
_room = threading.Lock()


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

    def __init__(self, run_id: str, session: object = None) -> None:
        """Claims the id.

        Args:
            session: whose share of the room what is written counts for; None: of nobody.

        Raises:
            Taken: somebody has it, in this process or another.
            OSError: the folder cannot be written.
        """
        self.run_id, self._session = run_id, session
        path = _path(run_id)
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._held = ExitStack()
        try:
            self._held.enter_context(folders.locked(path))
        except FileExistsError:
            raise Taken(run_id) from None
        for stale in path.parent.glob(f".{run_id}.*.partial-*"):  # of a writer that was killed
            stale.unlink(missing_ok=True)

    def write(self, kept: Kept) -> None:
        """Replaces what is kept; after a crash at any moment either the old or the new is there.

        Raises:
            OSError: it cannot be written, or there is no room for it; what was kept before stays.
        """
        put(_path(self.run_id), kept.to_bytes(), self._session)

    def release(self) -> None:
        self._held.close()


def put(path: Path, content: bytes, session: object = None) -> None:
    """Replaces a file of this folder, once the oldest of the session, and of all, have made room for it.

    Raises:
        OSError: it cannot be written, or there is no room for it.
    """
    with _room:
        found = sorted(_files(), key=lambda file: file[2])
        if session is not None:
            mine = _written.setdefault(session, set())
            own = [file for file in found if file[0].name in mine and file[0] != path]
            gone = _make_room(own, len(content), SHARE, "this browser has kept")
            mine -= gone
            mine.add(path.name)
            found = [file for file in found if file[0].name not in gone]
        _make_room(found, len(content), 1, "this server keeps", spared=path)
        folders.replace_file(path, content)


def _make_room(
    files: list[tuple[Path, int, float]], size: int, share: int, who: str, spared: Path | None = None
) -> set[str]:
    """Removes the first of these files, as many as it takes, but none in use; returns their names."""
    most = MOST_BYTES // share
    if size > most:
        raise OSError(errno.EFBIG, f"it takes {size / 1e6:,.0f} MB; at most {most / 1e6:,.0f} MB are kept")
    over = sum(each for _, each, _ in files) + size - most
    many = len(files) + 1 - MOST_FILES // share
    gone = set()
    for path, each, _ in files:
        if over <= 0 and many <= 0:
            break
        if path != spared and path.suffix in SUFFIXES and _remove(path):
            over, many = over - each, many - 1
            gone.add(path.name)
    if over > 0 or many > 0:
        raise OSError(errno.ENOSPC, f"what {who} takes {most / 1e6:,.0f} MB, and all of it is in use")
    return gone


def _remove(path: Path) -> bool:
    """Removes a file that nobody has claimed; whether it is gone."""
    with suppress(Taken, OSError):
        claim = Claim(path.name[:_LETTERS])
        path.unlink(missing_ok=True)
        claim.release()
        return True
    return False


def clean(now: float | None = None) -> None:
    """Removes runs that are too old, the oldest beyond the room there is, and what a crash left behind."""
    now = time.time() if now is None else now
    room = float(MOST_BYTES)
    for path, size, used in sorted(_files(), key=lambda file: file[2], reverse=True):
        room -= size
        whole = path.suffix in SUFFIXES
        if whole and (used < now - OLDEST_DAYS * 86400.0 or room < 0.0):
            _remove(path)
        elif not whole and used < now - 86400.0:
            with suppress(Taken, OSError):
                Claim(path.name.removeprefix(".")[:_LETTERS]).release()  # which removes what a killed writer left


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
            name = path.name if path.suffix in SUFFIXES else path.name.removeprefix(".")
            rest = name[_LETTERS:]
            if is_id(name[:_LETTERS]) and (rest.startswith(_SUFFIX) or NOTES in rest) and path.is_file():
                with suppress(FileNotFoundError):
                    about = path.stat()
                    found.append((path, about.st_size, about.st_mtime))
    return found
