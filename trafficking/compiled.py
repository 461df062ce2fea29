"""Where compiled kernels are kept between runs: a private folder, named after everything that they depend on.

The cache saves time and nothing else: whatever is missing, damaged or owned by another user is recompiled, and code
that cannot be kept is compiled in memory. With numba's own cache, a damaged file ends the program, a flipped bit is run
as code, and entries are lost when two processes write one index.
"""

from __future__ import annotations

import hashlib
import os
import pickle
import platform
import stat
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numba
import numpy as np
from numba.core.caching import FunctionCache
from numba.core.compiler import CompileResult
from numba.core.serialize import dumps

from trafficking import __version__, ownership, printing

_SUFFIX = ".nbc"
_DIGEST_BYTES = 32  # SHA-256 of all that follows, at the head of every file

_lock, _saying = threading.Lock(), threading.Lock()
_kept: set[str] = set()
_said: set[str] = set()
_unkept = ""


# -- the folder --------------------------------------------------------------------------------------------------------


def base_folder() -> Path:
    """The folder of everything that is kept: TRAFFICKING_CACHE_DIR, else the user's cache folder."""
    given = os.environ.get("TRAFFICKING_CACHE_DIR")
    if given:
        return Path(given)
    import platformdirs

    return Path(platformdirs.user_cache_dir("trafficking", appauthor=False))


def cache_folder(*sources: str) -> Path:
    """The folder for code compiled from the files `sources`; not created here.

    Its name is a digest of their texts and of the versions: nothing else notices a change of what they depend on.
    """
    text = b"".join(Path(source).read_bytes() for source in sources)
    versions = f"{__version__} {numba.__version__} {np.__version__} {platform.python_version()} {platform.machine()}"
    return base_folder() / "kernel" / hashlib.sha256(text + versions.encode()).hexdigest()[:16]


def is_kept(*sources: str) -> bool:
    """Whether code compiled from these files lies in its folder, so that nobody has to wait for it."""
    folder = cache_folder(*sources)
    try:
        return any(name.endswith(_SUFFIX) for name in os.listdir(folder)) and refused(folder) is None
    except OSError:
        return False


def refused(folder: Path) -> str | None:
    """Why nothing is read from a folder that `cache_folder` named, in words; None if it is this user's alone.

    Raises:
        OSError: it cannot be looked at.
    """
    why = ownership.fault(base_folder()) or ownership.fault(folder)
    return why and f"{why}, or set TRAFFICKING_CACHE_DIR to a folder of your own"


def make(folder: Path) -> None:
    """Makes a folder that `cache_folder` named; OSError where nothing can be written, or others can write, into it."""
    _check(folder)
    for place in (folder.parent.parent, folder.parent, folder):  # parents=True would forget the mode
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
    _check(folder)  # another user may have made it first
    probe = folder / f".probe-{os.getpid()}-{threading.get_ident()}"
    with _written(probe) as file:
        file.write(bytes(4096))  # a full disk still takes an empty file
    probe.unlink()


def _check(folder: Path) -> None:
    if why := refused(folder):
        raise PermissionError(None, why)


@contextmanager
def _written(path: Path) -> Iterator[Any]:
    """A file to write, for this user alone; nothing is left of it where that fails."""
    try:
        with open(path, "wb", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
            yield file
    except BaseException:
        with suppress(OSError):
            path.unlink()
        raise


# -- what is kept in it ------------------------------------------------------------------------------------------------


def keep(functions: Iterable[Any], *sources: str) -> None:
    """Lets numba functions keep their compiled code; once per process, before they are called.

    sources: all files that they were compiled from, the one they stand in first.

    Where no folder can be written, or others could, they compile in memory, and one line on standard error says so.
    """
    with _lock:
        if sources[0] in _kept or numba.config.DISABLE_JIT:
            return
        _kept.add(sources[0])
        folder = cache_folder(*sources)
        try:
            make(folder)
        except OSError as fault:
            _cannot_keep(folder, fault)
            return
        for function in functions:
            function._cache = _Kept(function.py_func, folder)  # what `enable_caching` does with numba's own


def unkept() -> str:
    """Why this process could not keep code that it compiled; empty if it could."""
    return _unkept


def damaged() -> tuple[list[tuple[Path, str]], int, int]:
    """What is kept and cannot be read, with the reason; and the number and the bytes of all files that are kept."""
    found, number, size = [], 0, 0
    for path in sorted((base_folder() / "kernel").glob(f"*/*{_SUFFIX}")):
        try:
            size += len(_read(path))
            number += 1
        except FileNotFoundError:  # another process replaces it
            continue
        except (OSError, ValueError) as fault:
            found.append((path, _words(fault)))
    return found, number + len(found), size


def mend() -> None:
    """Deletes what is kept and cannot be read, so that it is compiled when it is needed."""
    for path, _ in damaged()[0]:
        with suppress(OSError):
            path.unlink()


class _Kept(FunctionCache):
    """The compiled code of one function, a file for each signature; every fault of a file is a missing one."""

    def __init__(self, function: Any, folder: Path) -> None:
        self._py_func = function  # what numba's `_index_key` reads
        self._folder = folder

    @property
    def cache_path(self) -> str:
        return str(self._folder)

    def enable(self) -> None:
        pass

    def disable(self) -> None:
        pass

    def flush(self) -> None:
        pass

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        target_context.refresh()
        key = self._index_key(sig, target_context.codegen())
        path = self._path(key)
        try:
            known, content = pickle.loads(_read(path))
            return CompileResult._rebuild(target_context, *content) if known == key else None
        except FileNotFoundError:
            return None
        except Exception as fault:  # whatever damaged bytes make of the reader
            _tell("damaged", f"kept code cannot be read ({path}: {_words(fault)}); it is compiled anew")
            return None

    def save_overload(self, sig: Any, data: Any) -> None:
        if data.lifted or data.library.has_dynamic_globals:  # bound to this process
            return
        key = self._index_key(sig, data.codegen)
        path = self._path(key)
        partial = path.with_name(f".{path.name}.{os.getpid()}-{threading.get_ident()}")
        try:
            content = dumps((key, data._reduce()))
            with _written(partial) as file:
                file.write(hashlib.sha256(content).digest() + content)
            partial.replace(path)
        except Exception as fault:  # whatever it is, the run has its code
            with suppress(OSError):
                partial.unlink()
            _cannot_keep(self._folder, fault)

    def _path(self, key: tuple[Any, ...]) -> Path:
        code = self._py_func.__code__
        # Types as text are the same in every process; that two differ only in what no text shows is seen on reading.
        text = f"{code.co_filename} {code.co_firstlineno} {[repr(part) for part in key[0]]} {key[1:]}"
        name = f"{Path(code.co_filename).stem}.{code.co_name}-{hashlib.sha256(text.encode()).hexdigest()[:16]}"
        return self._folder / f"{name}{_SUFFIX}"


def _read(path: Path) -> bytes:
    """The content of a file that is kept; ValueError if it is not as it was written or not this user's."""
    # A pipe in its place would be waited for.
    with open(path, "rb", opener=lambda name, flags: os.open(name, flags | getattr(os, "O_NONBLOCK", 0))) as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise ValueError("not a file")
        if not ownership.is_own(status):
            raise ValueError("others can write it")
        digest, content = file.read(_DIGEST_BYTES), file.read()
    if hashlib.sha256(content).digest() != digest:
        raise ValueError("damaged" if digest else "empty")
    return content


def _words(fault: Exception) -> str:
    return (isinstance(fault, OSError) and fault.strerror) or str(fault) or type(fault).__name__


def _cannot_keep(folder: Path, fault: Exception) -> None:
    global _unkept
    _unkept = f"cannot keep compiled code in {folder.parent} ({_words(fault)})"
    _tell("unkept", f"{_unkept}; compiling in memory")


def _tell(kind: str, text: str) -> None:
    """Says something once in a process."""
    with _saying:
        if kind in _said:
            return
        _said.add(kind)
    printing.tell(f"trafficking: {text}")
