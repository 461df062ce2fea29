"""Compiled code, made beforehand: each part of it is run once, small, so that nobody waits for it later.

`python -m trafficking.warming PART ...` does that in a process of its own, and prints the name of each part once done.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

import numba

from trafficking import compiled, printing

_SMALL = {"receptors": "1000", "exposure[1].duration": "2 h", "exposure[2].duration": "1 h"}


def _cell(**changes: str) -> None:
    from trafficking.io import load_scenario
    from trafficking.simulation import simulate

    simulate(load_scenario("chronic_insulin", _SMALL | changes))


def _body() -> None:
    from trafficking.body import simulate_body
    from trafficking.body_files import load_body

    simulate_body(load_body("vicious_cycle", {"duration": "1 y"}))


# By resolution, and for a body; in the order in which pages need them.
PARTS: dict[str, Callable[[], None]] = {
    "agents": lambda: _cell(resolution="agents", follow="10"),
    "mean": lambda: _cell(resolution="mean", follow="0"),
    "body": _body,
    "counts": lambda: _cell(resolution="counts", follow="0"),
}


def is_ready(part: str) -> bool:
    """Whether the code of a part was made since the program last changed, and is kept."""
    if numba.config.DISABLE_JIT:
        return True
    try:
        return _sign(part).exists() and compiled.refused(_signs()) is None
    except OSError:
        return False


def can_keep() -> bool:
    """Whether code that one process makes is found by another."""
    try:
        compiled.make(_signs())
    except OSError:
        return False
    return True


def warm_up(parts: Iterable[str] = tuple(PARTS), *, tell: Callable[[str], None] | None = None) -> None:
    """Makes the code of these parts, one after another, and keeps it where it can; `tell` is told each once done."""
    kept = can_keep()
    for part in parts:
        PARTS[part]()
        if kept and not compiled.unkept():
            with suppress(OSError):  # a sign too few costs a second
                _sign(part).touch(mode=0o600)
        if tell is not None:
            tell(part)


def _sign(part: str) -> Path:
    return _signs() / f"{part}.made"


@lru_cache
def _signs() -> Path:
    # Named after all of the program: a sign too few costs a second, one too many lets somebody wait unwarned.
    return compiled.cache_folder(*(str(file) for file in sorted(Path(__file__).parent.glob("*.py"))))


if __name__ == "__main__":
    warm_up(sys.argv[1:], tell=printing.say)
