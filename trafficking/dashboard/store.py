"""Files by an id that nobody can guess, for as long as the page they belong to is open.

A file is made on disk when asked for and leaves as a stream of blocks: a table of a million rows never passes through
the page's own connection. The only state that sessions share.
"""

from __future__ import annotations

import secrets
import tempfile
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import IO

_BLOCK = 1 << 18  # bytes; a response costs a thread switch per block


@dataclass(frozen=True)
class Export:
    """A file that can be made: what writes it, its media type, and the name under which it is saved."""

    write: Callable[[IO[bytes]], None]
    media_type: str
    filename: str


Find = Callable[[str], Export | None]

_shelves: dict[str, Find] = {}
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
    """A file: its blocks, media type and file name; None where there is no such shelf or file."""
    with _guard:
        find = _shelves.get(shelf)
    export = find(name) if find is not None else None
    if export is None:
        return None
    file = tempfile.TemporaryFile()
    try:
        export.write(file)
        file.seek(0)
    except BaseException:
        file.close()
        raise
    return _blocks(file), export.media_type, export.filename


def _blocks(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        while block := file.read(_BLOCK):
            yield block
