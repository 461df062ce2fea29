"""Code that pages need is compiled while the server starts, by processes beside it, so that no page stands still.

In the server's own process the compiler would hold up every page that is open.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable
from typing import IO

from trafficking import warming

WORDS = "Preparing, once per installation…"
# Live is seen first: a process makes its receptors alone, and one that gives way to everything else makes the rest.
_TOGETHER = (("agents",), ("mean", "body", "counts"))
_WAY = 3  # how far the second gives way, as `nice` counts; a page may be waiting for it on a busy machine

_guard = threading.Lock()
_to_come: set[str] = set()
_bells: list[Callable[[], None]] = []
_processes: list[subprocess.Popen[str]] = []


def begin() -> None:
    """Has the parts compiled that are not kept; returns at once."""
    missing = [[part for part in parts if not warming.is_ready(part)] for parts in _TOGETHER]
    if not any(missing) or not warming.can_keep():
        return
    for way, parts in enumerate(missing):
        if parts:
            _make(parts, way * _WAY)


def _make(parts: list[str], way: int) -> None:
    command = [sys.executable, "-m", "trafficking.warming", *parts]
    with _guard:
        _to_come.update(parts)
    made = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
    assert made.stdout is not None
    _processes.append(made)
    if way and hasattr(os, "setpriority"):
        os.setpriority(os.PRIO_PROCESS, made.pid, way)
    threading.Thread(target=_listen, args=(made.stdout, parts), name="trafficking-beforehand", daemon=True).start()


def end() -> None:
    """Stops what is still being compiled: it is made when it is needed, or next time."""
    for process in _processes:
        process.terminate()
        process.wait()


def pending(parts: Iterable[str]) -> bool:
    """Whether some of these parts are still being compiled."""
    with _guard:
        return not _to_come.isdisjoint(parts)


def ring(bell: Callable[[], None]) -> None:
    """Calls `bell`, from any thread, whenever a part is ready or will not come."""
    _bells.append(bell)


def _listen(lines: IO[str], parts: list[str]) -> None:
    with lines:
        for line in lines:
            _made({line.strip()})
    _made(set(parts))  # what it did not come to is compiled where it is needed


def _made(parts: set[str]) -> None:
    with _guard:
        _to_come.difference_update(parts)
    for bell in _bells:
        bell()
