"""Code that pages need is compiled once the server serves, by a process beside it, so that no page stands still.

In the server's own process the compiler would hold up every page that is open. Live, which is seen first, waits for no
other process: it compiles what it needs by itself.
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
PARTS = ("mean", "body", "counts")  # in the order in which pages are likely to be opened
_WAY = 5  # how far it gives way to Live, as `nice` counts: all the way, and a busy machine never comes to it

_guard = threading.Lock()
_to_come: set[str] = set()
_bells: list[Callable[[], None]] = []
_process: subprocess.Popen[str] | None = None


def begin(parts: Iterable[str] = PARTS) -> None:
    """Has those of these parts compiled that are not kept, one after another; returns at once."""
    global _process
    missing = [part for part in parts if not warming.is_ready(part)]
    if not missing or not warming.can_keep():
        return
    command = [sys.executable, "-m", "trafficking.warming", *missing]
    with _guard:
        _to_come.update(missing)
    _process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
    assert _process.stdout is not None
    if hasattr(os, "setpriority"):
        os.setpriority(os.PRIO_PROCESS, _process.pid, _WAY)
    given = _process.stdout, missing
    threading.Thread(target=_listen, args=given, name="trafficking-beforehand", daemon=True).start()


def end() -> None:
    """Stops what is still being compiled: it is made when it is needed, or next time."""
    if _process is not None:
        _process.terminate()
        _process.wait()


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
