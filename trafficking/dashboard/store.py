"""Files by an id that nobody can guess, for as long as the page they belong to is open.

A file is made on disk when asked for and leaves as a stream of blocks: a table of a million rows never passes through
the page's own connection. Few of one page are made at a time, since each takes room on disk until it has left.
"""

from __future__ import annotations

import secrets
import tempfile
import threading
import weakref
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import IO

MOST_AT_ONCE = 4  # files of one shelf that are made or on their way
_BLOCK = 1 << 18  # bytes; a response costs a thread switch per block


@dataclass(frozen=True)
class Export:
    """A file that can be made: what writes it, its media type, and the name under which it is saved."""

    write: Callable[[IO[bytes]], None]
    media_type: str
    filename: str


Find = Callable[[str], Export | None]


class Busy(Exception):
    """So many files of this shelf are made or on their way that no other can be."""


_shelves: dict[str, Find] = {}
_leaving: Counter[str] = Counter()
_guard = threading.Lock()


def add(find: Find) -> str:
    """Makes files available.

    Args:
        find: gives the file of a name, None where there is none; from any thread. Names are looked up, never opened.

    Returns:
        An id, which is the only key to them.
    """
    shelf = secrets.token_urlsafe(18)
    with _guard:
        _shelves[shelf] = find
    return shelf


def drop(shelf: str) -> None:
    with _guard:
        _shelves.pop(shelf, None)


def stream(shelf: str, name: str) -> tuple[Iterator[bytes], str, str] | None:
    """A file: its blocks, media type and file name; None where there is no such shelf or file.

    Raises:
        Busy: too many of this shelf are asked for at a time.
    """
    with _guard:
        find = _shelves.get(shelf)
        if find is None:
            return None
        if _leaving[shelf] >= MOST_AT_ONCE:
            raise Busy
        _leaving[shelf] += 1
    with ExitStack() as held:
        held.callback(_gone, shelf)
        export = find(name)
        if export is None:
            return None
        file = held.enter_context(tempfile.TemporaryFile())
        export.write(file)
        file.seek(0)
        return _Blocks(file, held.pop_all()), export.media_type, export.filename


class _Blocks:
    """The blocks of a file, which is let go after the last one, or with whoever read them."""

    def __init__(self, file: IO[bytes], held: ExitStack) -> None:
        self._file, self._end = file, weakref.finalize(self, held.close)

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        block = self._file.read(_BLOCK) if self._end.alive else b""
        if not block:
            self._end()
            raise StopIteration
        return block


def _gone(shelf: str) -> None:
    with _guard:
        _leaving[shelf] -= 1
        if not _leaving[shelf]:
            del _leaving[shelf]
