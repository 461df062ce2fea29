"""What reaches a terminal: every line that is printed goes through here, freed from what would control the terminal.

File names, arguments and other people's files may hold escape sequences, which recolour or rewrite the screen, and
bidirectional marks, which show a text in another order than it has. They are spelled out, as `\\x1b` and `\\u202e`.
"""

from __future__ import annotations

import errno
import re
import sys
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager

OUTPUT = "standard output"  # its name in a message

# Control (Cc), formatting with the bidirectional marks (Cf), lone surrogates (Cs), and line and paragraph separators.
_HIDDEN = ("Cc", "Cf", "Cs", "Zl", "Zp")
_LINE, _LINES = re.compile(r"[^ -~\t]"), re.compile(r"[^ -~\t\n]")  # what is looked at more closely


def printable(text: object) -> str:
    """A text as one line, each invisible character in it spelled out ("\\x1b"); tabs stay."""
    return _LINE.sub(_spelled, str(text))


def tell(text: object) -> None:
    """Prints a line on standard error."""
    if sys.stderr is not None:  # closed by the caller
        print(printable(text), file=sys.stderr, flush=True)


def say(text: object = "") -> None:
    """Prints a line on standard output."""
    _out(f"{printable(text)}\n")


def write(text: str) -> None:
    """Prints lines that the program itself has broken, such as a table, on standard output."""
    _out(_LINES.sub(_spelled, text))


def lossless() -> None:
    """Lets this process spell out what the encoding of its output lacks, where it would fail otherwise."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


@contextmanager
def output() -> Iterator[None]:
    """Gives a fault of standard output its name, which the system does not."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as fault:
        raise OSError(fault.errno or errno.EIO, fault.strerror, OUTPUT) from None


def _out(text: str) -> None:
    if sys.stdout is None:
        return
    with output():
        sys.stdout.write(text)
        sys.stdout.flush()


def _spelled(found: re.Match[str]) -> str:
    character = found[0]
    if unicodedata.category(character) not in _HIDDEN:
        return character
    return character.encode("unicode_escape", "surrogatepass").decode("ascii")
