"""Figures that go with results: one that cannot be drawn costs itself and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Mapping


def drawn(figures: Mapping[str, Callable[[], bytes]]) -> tuple[dict[str, bytes], dict[str, str]]:
    """Draws what can be drawn.

    Args:
        figures: what gives the content of each file, by its name.

    Returns:
        The contents by name; and for those that failed the cause, on one line.
    """
    contents, failed = {}, {}
    for name, draw in figures.items():
        try:
            contents[name] = draw()
        except Exception as fault:  # whatever it is, in matplotlib or in here: the numbers are worth more
            lines = str(fault).strip().splitlines()
            failed[name] = f"{type(fault).__name__}: {lines[-1].strip()}" if lines else type(fault).__name__
    return contents, failed
