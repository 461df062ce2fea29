"""What the pages of a browser's tab hold for its reader, over a reload: forms as they were filled in, and pinned runs.

A tab has an id of its own, which its browser keeps for as long as the tab is open; each page has one file under that
id, beside the kept runs. What comes out of a file goes through the same checks as what comes from a form.
"""

from __future__ import annotations

import io
import json
import logging
import threading
import zipfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from . import kept_runs

_WORDS = "words"  # the name of what is no array; it is JSON

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Note:
    """words: texts, numbers, lists and tables. arrays: by name."""

    words: Mapping[str, Any]
    arrays: Mapping[str, np.ndarray] = field(default_factory=dict)

    def to_bytes(self) -> bytes:
        """The note as an npz file without anything that could be executed."""
        file = io.BytesIO()
        text = np.frombuffer(json.dumps(self.words, allow_nan=False).encode(), np.uint8)
        np.savez(file, allow_pickle=False, **{_WORDS: text}, **self.arrays)
        return file.getvalue()

    @classmethod
    def from_bytes(cls, data: bytes) -> Note:
        """Reads what `to_bytes` gave; ValueError for anything else."""
        try:
            with np.load(io.BytesIO(data), allow_pickle=False) as found:
                arrays = {name: found[name] for name in found.files}
            words = json.loads(arrays.pop(_WORDS).tobytes())
        except (KeyError, OSError, EOFError, zipfile.BadZipFile, RecursionError) as fault:
            raise ValueError(f"no note: {fault}") from None
        if not isinstance(words, dict):
            raise ValueError("no note: its words are no table")
        return cls(words, arrays)


class Notes:
    """The notes of one session, from when its browser has said which tab it is."""

    def __init__(self, session: object = None) -> None:
        """session: whose share of the room on disk they take."""
        self._session = session
        self._tab = ""
        self._known = False
        self._waiting: list[tuple[str, Callable[[Note | None], None]]] = []
        self._guard = threading.Lock()

    def know(self, tab: str) -> None:
        """The browser has said which tab it is; "" where it keeps nothing. Said again, nothing happens."""
        with self._guard:
            if self._known:
                return
            self._tab, self._known = tab if kept_runs.is_id(tab) else "", True
            waiting, self._waiting = self._waiting, []
        for page, use in waiting:
            use(self._read(page))

    def recall(self, page: str, use: Callable[[Note | None], None]) -> None:
        """Calls `use` with what this page has noted, None for nothing: at once, or as soon as the tab is known."""
        with self._guard:
            if not self._known:
                return self._waiting.append((page, use))
        use(self._read(page))

    def put(self, page: str, note: Note) -> None:
        """Notes what a page holds, in the place of what it noted before. A full disk costs the note alone."""
        if self._tab:
            with suppress(OSError), self._guard:
                self._path(page).parent.mkdir(parents=True, exist_ok=True, mode=0o700)
                kept_runs.put(self._path(page), note.to_bytes(), self._session)

    def _read(self, page: str) -> Note | None:
        if not self._tab:
            return None
        try:
            return Note.from_bytes(self._path(page).read_bytes())
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as fault:
            _log.info("a note of %s was dropped: %s", page, fault)
            return None

    def _path(self, page: str) -> Path:
        return kept_runs.folder() / f"{self._tab}.{page}{kept_runs.NOTES}"
