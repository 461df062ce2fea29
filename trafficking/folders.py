"""A folder that is whole or absent: filled under a hidden name beside its place, then renamed.

Whoever writes a folder first claims it, so that two writers never meet. What is written lies in `.NAME.partial-PID`
until it is complete, on disk and checked; only then does it get its name. A folder that is replaced waits as
`.NAME.replaced` meanwhile, and comes back by itself if the writer died between the two renames.
"""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

try:
    import fcntl
except ModuleNotFoundError:  # Windows: there the rename alone decides between two writers
    fcntl = None  # type: ignore[assignment]


class Claim:
    """The sole right to write `path` for as long as the `claim` block lasts."""

    def __init__(self, path: Path, overwrite: bool) -> None:
        self.path = path
        self._overwrite = overwrite

    def fill(self, write: Callable[[Path], None]) -> None:
        """Lets `write` fill a hidden folder, then gives it its name; if anything fails nothing is left of it."""
        partial = _hidden(self.path, f"partial-{os.getpid()}")
        partial.mkdir()
        try:
            write(partial)
            _sync_folder(partial)
            self._swap(partial)
        except BaseException:
            shutil.rmtree(partial, ignore_errors=True)
            raise

    def _swap(self, partial: Path) -> None:
        replaced = _hidden(self.path, "replaced")
        if self.path.exists():
            if not self._overwrite:
                raise FileExistsError(_taken(self.path))
            self.path.rename(replaced)
        try:
            partial.rename(self.path)
        except BaseException:
            if replaced.exists():
                replaced.rename(self.path)
            raise
        _sync_folder(self.path.parent)
        shutil.rmtree(replaced, ignore_errors=True)


def fill_free(name: str, write: Callable[[Path], None], *, out: Path | None, marker: str, overwrite: bool) -> Path:
    """Fills `out`, or else the first of runs/NAME, runs/NAME-2, ... that is free, and says which.

    Raises:
        FileExistsError: as `claim`, of `out`.
    """
    number = 1
    while True:
        folder = out or Path("runs") / f"{name}{f'-{number}' if number > 1 else ''}"
        try:
            with claim(folder, marker=marker, overwrite=overwrite) as place:
                place.fill(write)
            return folder
        except FileExistsError:
            if out is not None:
                raise
            number += 1


@contextmanager
def claim(folder: str | Path, *, marker: str, overwrite: bool = False) -> Iterator[Claim]:
    """Claims the place of a folder, and puts right what an earlier writer left there when it died.

    Args:
        marker: a file that every folder of this sort holds; a folder without it is never replaced.
        overwrite: whether a folder of this sort may be replaced.

    Raises:
        FileExistsError: something is there that may not be replaced, or another process is writing there.
        OSError: the place cannot be written.
    """
    path = Path(os.path.realpath(folder))  # behind a link the run is replaced, not the link
    made = _make_parents(path.parent)
    try:
        with locked(path):
            _put_right(path)
            for stale in path.parent.glob(f"{_glob_safe(_hidden(path, 'partial-').name)}*"):
                shutil.rmtree(stale, ignore_errors=True)
            _check_free(path, marker, overwrite)
            yield Claim(path, overwrite)
    finally:
        for parent in made:
            with suppress(OSError):  # not empty: someone's work lies in it
                parent.rmdir()


def put_back(folder: str | Path) -> None:
    """Gives a folder its name back if its writer died while replacing it; a writer at work is left alone."""
    path = Path(os.path.abspath(folder))
    if not path.exists() and _hidden(path, "replaced").exists():
        with suppress(FileExistsError), locked(path):
            _put_right(path)


def write_file(path: Path, content: bytes) -> None:
    """Writes a new file through to the disk and reads it back; OSError if it does not hold what was written."""
    try:
        with path.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except OSError as fault:
        raise OSError(fault.errno, fault.strerror, str(path)) from None  # a full disk does not name the file
    if path.read_bytes() != content:
        raise OSError(f"{path}: does not read back as it was written")


def replace_file(path: Path, content: bytes) -> None:
    """Writes a file or replaces it, whole or not at all."""
    partial = _hidden(path, f"partial-{os.getpid()}")
    try:
        write_file(partial, content)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def replace_files(folder: Path, contents: Mapping[str, bytes]) -> None:
    """`replace_file` for each name, in a folder that is made if there is none."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in contents.items():
        replace_file(folder / name, content)


def _hidden(path: Path, suffix: str) -> Path:
    return path.with_name(f".{path.name}.{suffix}")


def _put_right(path: Path) -> None:
    replaced = _hidden(path, "replaced")
    if replaced.exists():
        if path.exists():
            shutil.rmtree(replaced)
        else:
            replaced.rename(path)


def _check_free(path: Path, marker: str, overwrite: bool) -> None:
    if not path.exists() and not path.is_symlink():
        return
    if path.is_dir() and not path.is_symlink() and not any(path.iterdir()):
        path.rmdir()
    elif not (path.is_dir() and (path / marker).is_file()):
        raise FileExistsError(f"{path} exists and is no run; it is left alone")
    elif not overwrite:
        raise FileExistsError(_taken(path))


def _taken(path: Path) -> str:
    return f"{path} exists; choose another folder, or say --overwrite (in Python overwrite=True) to replace it"


def _make_parents(folder: Path) -> list[Path]:
    """Makes `folder`; returns what had to be made, innermost first."""
    made = [path for path in (folder, *folder.parents) if not path.exists()]
    if folder.exists() and not folder.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(folder))
    folder.mkdir(parents=True, exist_ok=True)
    return made


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """The sole right to write `path`, among all threads and processes (on Windows: nobody asks).

    Raises:
        FileExistsError: somebody else has it.
    """
    if fcntl is None:
        yield
        return
    lock = _hidden(path, "lock")
    while True:
        handle = os.open(lock, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(handle)
            raise FileExistsError(f"{path} is being written by another process") from None
        # The lock file is removed with its lock: make sure that ours is the one others will find.
        with suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(handle), os.stat(lock)):
                break
        os.close(handle)
    try:
        yield
    finally:
        with suppress(FileNotFoundError):
            lock.unlink()
        os.close(handle)


def _sync_folder(folder: Path) -> None:
    if os.name != "posix":  # elsewhere a folder cannot be opened
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _glob_safe(name: str) -> str:
    return "".join(f"[{c}]" if c in "*?[" else c for c in name)
