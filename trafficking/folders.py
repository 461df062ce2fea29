"""A folder that is whole or absent: filled under a hidden name beside its place, then renamed.

Whoever writes a folder first claims it, so that two writers never meet. What is written lies in `.NAME.partial-PID`
until it is complete, on disk and checked; only then does it get its name. A folder that is replaced waits as
`.NAME.replaced` meanwhile, and comes back by itself if the writer died between the two renames. A place beside which a
stopped run is kept, `.NAME.stopped`, is taken (see `stopped`).
"""

from __future__ import annotations

import errno
import hashlib
import itertools
import os
import re
import shlex
import shutil
import stat
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from trafficking.faults import ScenarioError

try:
    import fcntl
except ModuleNotFoundError:  # Windows: there the rename alone decides between two writers
    fcntl = None  # type: ignore[assignment]


STOPPED, SNAPSHOT = "stopped", "snapshot"  # a stopped run: the suffix of its folder, and the file that makes it one
_OURS = re.compile(r"\..+\.(stopped|replaced|lock|partial-\d+)", re.DOTALL)
_LONGEST = 220  # bytes of a name that leave room for what is put around it; file systems allow 255


class Taken(FileExistsError):
    """A place that may not be written: something is there, is kept beside it, or is being written there."""


class Claim:
    """The sole right to write `path` for as long as the `claim` block lasts.

    overwrite: whether a folder that is there may be replaced. filled: whether the new folder has its name.
    """

    def __init__(self, path: Path, overwrite: bool) -> None:
        self.path, self.overwrite = path, overwrite
        self.filled = False

    def fill(self, write: Callable[[Path], None]) -> None:
        """Lets `write` fill a hidden folder, then gives it its name; if anything fails nothing is left of it.

        A stopped run that was kept beside the place is dropped: it is done, or was allowed to be discarded.
        """
        partial = hidden(self.path, f"partial-{os.getpid()}")
        partial.mkdir()
        try:
            write(partial)
            _sync_folder(partial)
            self._swap(partial)
        finally:
            # Asked of the disk: Ctrl-C may come between the rename and the line after it.
            self.filled = self.path.exists() and not partial.exists()
            shutil.rmtree(partial, ignore_errors=True)
            if self.filled:
                drop(hidden(self.path, STOPPED))

    def _swap(self, partial: Path) -> None:
        replaced = hidden(self.path, "replaced")
        if self.path.exists():
            if not self.overwrite:
                raise Taken(_taken(self.path))
            self.path.rename(replaced)
        try:
            partial.rename(self.path)
        except BaseException:
            if replaced.exists() and not self.path.exists():
                replaced.rename(self.path)
            raise
        _sync_folder(self.path.parent)
        shutil.rmtree(replaced, ignore_errors=True)


@contextmanager
def claim_free(name: str, *, out: Path | None, marker: str, overwrite: bool) -> Iterator[tuple[Claim, Path]]:
    """Claims `out`, or else the first of runs/NAME, runs/NAME-2, ... that is free; with its path as a user may type it.

    Raises:
        Taken, ScenarioError, OSError: as `claim`, of `out`.
    """
    with ExitStack() as stack:
        for number in itertools.count(1):
            folder = out or Path("runs") / f"{name}{f'-{number}' if number > 1 else ''}"
            try:
                place = stack.enter_context(claim(folder, marker=marker, overwrite=overwrite))
            except Taken:
                if out is not None:
                    raise
                continue
            yield place, folder
            return


@contextmanager
def claim(folder: str | Path, *, marker: str, overwrite: bool = False, resuming: bool = False) -> Iterator[Claim]:
    """Claims the place of a folder, and puts right what an earlier writer left there when it died.

    Args:
        marker: a file that every folder of this sort holds; a folder without it is never replaced.
        overwrite: whether a folder of this sort, or a stopped run kept beside it, may be replaced.
        resuming: whether the stopped run beside it is the one that is to become the folder.

    Raises:
        Taken: something is there that may not be replaced, or another process is writing there.
        ScenarioError: the name is too long, or one that is kept for what is hidden beside a folder.
        OSError: the place cannot be written.
    """
    path = Path(os.path.realpath(folder))  # behind a link the run is replaced, not the link
    _check_name(path)
    made = _make_parents(path.parent)
    try:
        with locked(path):
            _put_right(path)
            for stale in path.parent.glob(f"{_glob_safe(hidden(path, 'partial-').name)}*"):
                if stale.name.rpartition("-")[2].isdecimal():
                    shutil.rmtree(stale, ignore_errors=True)
            _check_stopped(path, overwrite or resuming)
            _check_free(path, marker, overwrite)
            yield Claim(path, overwrite)
    finally:
        for parent in made:
            with suppress(OSError):  # not empty: someone's work lies in it
                parent.rmdir()


def drop(place: Path) -> None:
    """Removes a stopped run, if there is one."""
    with suppress(FileNotFoundError):
        shutil.rmtree(place)


def put_back(folder: str | Path) -> None:
    """Gives a folder its name back if its writer died while replacing it; a writer at work is left alone."""
    path = Path(os.path.abspath(folder))
    if not path.exists() and hidden(path, "replaced").exists():
        with suppress(FileExistsError), locked(path):
            _put_right(path)


def read_file(path: Path) -> bytes:
    """The content of an ordinary file; OSError of anything else: a pipe may never come to an end, nor a device."""
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    try:
        kind = os.fstat(handle).st_mode
        if not stat.S_ISREG(kind):
            what = "it is a folder" if stat.S_ISDIR(kind) else "it is not an ordinary file"
            raise OSError(errno.EINVAL, what, str(path))
    except BaseException:
        os.close(handle)
        raise
    with open(handle, "rb") as file:
        return file.read()


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


def write_files(folder: Path, contents: Mapping[str, bytes]) -> None:
    """`write_file` for each name in a folder."""
    for name, content in contents.items():
        write_file(folder / name, content)


def replace_file(path: Path, content: bytes) -> None:
    """Writes a file or replaces it, whole or not at all."""
    partial = hidden(path, f"partial-{os.getpid()}")
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


def hidden(path: Path, suffix: str) -> Path:
    """The hidden neighbour of a path; of a very long name only its beginning and a digest."""
    name = path.name
    if len(os.fsencode(name)) > _LONGEST:
        name = f"{name[:32]}~{hashlib.sha256(os.fsencode(name)).hexdigest()[:16]}"
    return path.with_name(f".{name}.{suffix}")


def is_stopped(path: Path) -> bool:
    """Whether a path has the name of a stopped run."""
    return path.name.endswith(f".{STOPPED}") and _OURS.fullmatch(path.name) is not None


def _check_name(path: Path) -> None:
    if not path.name:
        raise Taken(f"{path} exists and is not a run folder; it is left alone: choose another place")
    if _OURS.fullmatch(path.name):
        raise ScenarioError([f"{path}: names like this are kept for what is hidden beside a run; choose another"])
    for name in (path, hidden(path, f"partial-{os.getpid()}")):
        try:
            os.lstat(name)
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError as fault:
            if fault.errno != errno.ENAMETOOLONG:
                raise
            size = len(os.fsencode(path.name))
            said = f"{path.name[:40]}... ({size} bytes): {fault.strerror}; choose a shorter name"
            raise ScenarioError([said]) from None


def _check_stopped(path: Path, allowed: bool) -> None:
    place = hidden(path, STOPPED)
    if not os.path.lexists(place):
        return
    if place.is_symlink() or not (place / SNAPSHOT).exists():
        raise Taken(f"{place} exists and is not a stopped run; it is left alone: choose another place, or move it away")
    if not allowed:
        resume = f"trafficking resume {shlex.quote(str(path))}"
        raise Taken(
            f"{path}: a stopped run is kept beside it; go on with it ({resume}), "
            "or say --overwrite (in Python overwrite=True) to discard it"
        )


def _put_right(path: Path) -> None:
    replaced = hidden(path, "replaced")
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
        raise Taken(f"{path} exists and is not a run folder; it is left alone: choose another place")
    elif not overwrite:
        raise Taken(_taken(path))


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
        Taken: somebody else has it.
    """
    if fcntl is None:
        yield
        return
    lock = hidden(path, "lock")
    while True:
        handle = os.open(lock, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(handle)
            raise Taken(f"{path} is being written by another process") from None
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
