"""Figures that accompany results: if one cannot be drawn, everything else is still written."""

from __future__ import annotations

from collections.abc import Callable, Mapping


def drawn(figures: Mapping[str, Callable[[], bytes]]) -> tuple[dict[str, bytes], dict[str, str]]:
    """Draws each figure that can be drawn.

    Args:
        figures: functions that return the content of a file, by its name.

    Returns:
        The contents by name, and for each that failed the cause, in one line.
    """
    contents, failed = {}, {}
    for name, draw in figures.items():
        try:
            contents[name] = draw()
        except Exception as fault:  # any fault, in matplotlib or here: the numbers matter more
            lines = str(fault).strip().splitlines()
            failed[name] = f"{type(fault).__name__}: {lines[-1].strip()}" if lines else type(fault).__name__
    return contents, failed
