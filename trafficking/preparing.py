"""What is said before compiled code has to be made first, which takes longer than anyone expects."""

from __future__ import annotations


def is_kept(resolution: str, *, body: bool = False) -> bool:
    """Whether the code of a run is kept from an earlier one."""
    from trafficking import compiled, kernel, meals, propagator, stream

    sources = (kernel.__file__, stream.__file__) if resolution == "agents" else (propagator.__file__,)
    return compiled.is_kept(*sources) and not (body and not compiled.is_kept(meals.__file__))


def prepare(resolution: str, *, body: bool = False) -> None:
    """Says so, on standard error, if the code of a run is not kept from an earlier one.

    Args:
        resolution: of the receptors. body: whether glucose and insulin are simulated too.
    """
    from trafficking import terminal

    if not is_kept(resolution, body=body):
        terminal.tell("preparing: the kernel is compiled now, once; this takes about half a minute")
