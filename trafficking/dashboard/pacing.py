"""How the live runs of all sessions share a server: so many compute at a time, the others wait in line and say so.

The more of them run, the fewer pictures each gets, so that a hand on any slider is answered at once. The second run of
a session comes after the first of all others.
"""

from __future__ import annotations

import os
import threading
from collections import Counter

_CORES = os.cpu_count() or 2
AT_ONCE = 5 * _CORES
PICTURES_PER_S = 18 * _CORES  # of all sessions together
MOST_PER_S = 36.0  # of one session
LEAST_PER_S = 3.0

_line: dict[Place, None] = {}  # in the order in which they came
_guard = threading.Lock()


class Place:
    """The place of one run in the line."""

    def __init__(self, session: object = None) -> None:
        """session: whose run it is; None: of one of its own."""
        self._session = session or self

    def ahead(self) -> int:
        """How many are before this run in the line, which it joins with its first question; 0: it may compute."""
        with _guard:
            _line.setdefault(self)
            earlier: Counter[object] = Counter()
            order = []
            for came, place in enumerate(_line):
                order.append((earlier[place._session], came))
                earlier[place._session] += 1
            mine = order[list(_line).index(self)]
            return max(sum(other <= mine for other in order) - AT_ONCE, 0)

    def leave(self) -> None:
        """Lets the others move up."""
        with _guard:
            _line.pop(self, None)


def frame_s() -> float:
    """Seconds between two pictures of a run that is shown, with as many runs as there are now."""
    return 1.0 / min(max(PICTURES_PER_S / max(min(len(_line), AT_ONCE), 1), LEAST_PER_S), MOST_PER_S)
