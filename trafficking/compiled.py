"""Where compiled kernels are kept between runs: a private folder, named after everything that they depend on."""

from __future__ import annotations

import hashlib
import os
import platform
import sys
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numba
import numpy as np

from trafficking import __version__

_lock = threading.Lock()
_kept: set[str] = set()
_unkept: set[str] = set()


def cache_folder(*sources: str) -> Path:
    """The folder for code compiled from the files `sources`; not created here.

    It lies in TRAFFICKING_CACHE_DIR, else in the user's cache folder. Numba notices a change of the file that a
    function stands in, but of nothing that it depends on: hence the digest of all texts and of the versions.
    """
    given = os.environ.get("TRAFFICKING_CACHE_DIR")
    if given:
        base = Path(given)
    else:
        import platformdirs

        base = Path(platformdirs.user_cache_dir("trafficking", appauthor=False))
    text = b"".join(Path(source).read_bytes() for source in sources)
    versions = f"{__version__} {numba.__version__} {np.__version__} {platform.python_version()} {platform.machine()}"
    return base / "kernel" / hashlib.sha256(text + versions.encode()).hexdigest()[:16]


def is_kept(*sources: str) -> bool:
    """Whether code compiled from these files lies in its folder, so that nobody has to wait for it."""
    return any(cache_folder(*sources).glob("**/*.nbi"))


def make(folder: Path) -> None:
    """Makes a folder that `cache_folder` named; OSError where nothing can be written into it."""
    for place in (folder.parent.parent, folder.parent, folder):  # parents=True would forget the mode
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
    probe = folder / f".probe-{os.getpid()}-{threading.get_ident()}"
    probe.touch(mode=0o600)
    probe.unlink()


def keep(functions: Iterable[Any], *sources: str) -> None:
    """Lets numba functions keep their compiled code; once per process, before they are called.

    sources: all files that they were compiled from, the one they stand in first.

    Where no folder can be written they compile in memory, and one line on standard error says so.
    """
    with _lock:
        if sources[0] in _kept or numba.config.DISABLE_JIT:
            return
        _kept.add(sources[0])
        folder = cache_folder(*sources)
        try:
            make(folder)
        except OSError as fault:
            if not _unkept:
                why = fault.strerror or fault
                print(
                    f"trafficking: cannot keep compiled code in {folder.parent} ({why}); compiling in memory",
                    file=sys.stderr,
                )
            _unkept.add(sources[0])
            return
        # Numba reads the folder from its settings when a cache is made, so the setting is ours only for a moment.
        before = numba.config.CACHE_DIR
        numba.config.CACHE_DIR = str(folder)
        try:
            for function in functions:
                function.enable_caching()
        finally:
            numba.config.CACHE_DIR = before
