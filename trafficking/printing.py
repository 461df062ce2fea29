"""Terminal output: every line that is printed passes through here, without anything that would control the terminal.

File names, arguments and other people's files may hold escape sequences, which recolour or rewrite the screen, and
bidirectional marks, which display text in another order. They are escaped, as `\\x1b` and `\\u202e`.
"""

from __future__ import annotations

import errno
import re
import sys
import unicodedata
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

OUTPUT = "standard output"  # its name in a message

# Control (Cc), formatting with the bidirectional marks (Cf), lone surrogates (Cs), and line and paragraph separators.
_HIDDEN = ("Cc", "Cf", "Cs", "Zl", "Zp")
_LINE, _LINES = re.compile(r"[^ -~\t]"), re.compile(r"[^ -~\t\n]")  # characters that are checked


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


def write(text: str, end: str = "\n") -> None:
    """Prints lines that the program itself has broken, such as a table, on standard output."""
    _out(_LINES.sub(_spelled, f"{text}{end}"))


def guard() -> None:
    """Makes all output of this process printable and safe; called once, at its entry.

    Characters that a legacy console lacks are escaped instead of raising; so are control sequences in whatever other
    code writes to standard error, such as tracebacks, warnings and logs.
    """
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    if sys.stderr is not None and not isinstance(sys.stderr, Spelled):
        sys.stderr = Spelled(sys.stderr)  # type: ignore[assignment]


class Spelled:
    """A stream of text in which every invisible character but tabs and line ends is spelled out; `plain` is not."""

    def __init__(self, plain: Any) -> None:
        self.plain = plain

    def write(self, text: str) -> int:
        self.plain.write(_LINES.sub(_spelled, text))
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.plain, name)


@contextmanager
def output() -> Iterator[None]:
    """Adds the name of standard output to its OSErrors, which the system leaves out."""
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
        try:
            sys.stdout.write(text)
        except UnicodeEncodeError:  # in a program that has not called `guard`
            encoding = sys.stdout.encoding
            sys.stdout.write(text.encode(encoding, "backslashreplace").decode(encoding))
        sys.stdout.flush()


def _spelled(found: re.Match[str]) -> str:
    character = found[0]
    if unicodedata.category(character) not in _HIDDEN:
        return character
    return character.encode("unicode_escape", "surrogatepass").decode("ascii")
