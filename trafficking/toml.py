"""Tables as TOML text, out and in again: texts, numbers, switches, lists, tables.

Python reads TOML and does not write it. Numbers are in their shortest form that gives the same number again. What is
read is measured first, since `tomllib` takes memory with the square of a dotted key: 1.5 GB for one of 40 kB.
"""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Mapping, Sequence
from typing import Any

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_WIDE = 120  # characters; a longer list takes several lines
MOST_LEVELS = 20  # of a key, and of lists and tables within each other; a scenario needs five
MOST_ENTRIES = 200_000  # parts of keys, tables and lists; the longest exposure has half as many
TOO_DEEP = "nested too deeply; a scenario needs five levels at most"
_MARKS = re.compile(
    r'''
    # Each string ends with the text at the latest, so that nothing is looked at twice.
    """ [^"\\]*+ (?: (?: \\. | "{1,2}+(?!") ) [^"\\]*+ )*+ (?: "{3,5} | \\?\Z )
    | \'{3} .*? (?: \'{3,5} | \Z )
    | " [^"\\\n]*+ (?: \\[^\n] [^"\\\n]*+ )*+ "?
    | ' [^'\n]*+ '?
    | \# [^\n]*+
    | (?<! [\w+-] ) [\w+-]{1001,}+
    | [.=,\n\[\]{}]
    ''',
    re.VERBOSE | re.DOTALL | re.ASCII,
)
_ESCAPES = {'"': '\\"', "\\": "\\\\", "\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r"}


def text(tables: Mapping[str, Any], *, remark: str = "") -> str:
    """`tables` as the text of a TOML file.

    Args:
        tables: in the order in which they are to be read; at each level plain values come before tables.
        remark: lines of a comment on top.

    Raises:
        TypeError: a value that TOML has no form for, such as None.
    """
    head = [f"# {line}".rstrip() for line in remark.splitlines()]
    return "\n".join([*head, *([""] if head else []), *_table(tables, ())]).strip("\n") + "\n"


def read(text: str) -> dict[str, Any]:
    """The tables of a TOML text.

    Raises:
        ValueError: it is none, or takes more than any scenario does; one line, which begins with the place.
    """
    _measure(text.replace("\r\n", "\n"))
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as fault:
        what, _, place = str(fault).rpartition(" (at ")
        what = what if len(what) <= 200 else f"{what[:200]} ..."  # it may repeat a long key
        raise ValueError(f"{place.rstrip(')')}: {what}" if what else place) from None
    except RecursionError:
        raise ValueError(TOO_DEEP) from None


def _measure(text: str) -> None:
    """Refuses what would take more memory or time than its length suggests; strings and comments are skipped."""
    try:
        text.encode()
    except UnicodeEncodeError as fault:
        raise ValueError(f"{_line(text, fault.start)}: half of a surrogate pair; text in UTF-8 is needed") from None
    level = dots = entries = 0
    for mark in _MARKS.finditer(text):
        match mark[0]:
            case ".":
                dots += 1
            case "[" | "{":
                level, dots, entries = level + 1, 0, entries + 1
            case "=" | "]" | "}":
                level -= mark[0] != "="
                dots, entries = 0, entries + dots + 1
            case "," | "\n":
                dots = 0
            case word if word[0] not in "\"'#":
                what = f"a number or key of {len(word):,} characters; at most 1,000 are allowed"
                raise ValueError(f"{_line(text, mark.start())}: {what}")
        if dots > MOST_LEVELS or level > MOST_LEVELS:
            raise ValueError(f"{_line(text, mark.start())}: {TOO_DEEP}")
        if entries > MOST_ENTRIES:
            raise ValueError(f"{_line(text, mark.start())}: more than {MOST_ENTRIES:,} keys, tables and lists")


def _line(text: str, at: int) -> str:
    return f"line {text.count(chr(10), 0, at) + 1}"


def _table(table: Mapping[str, Any], path: tuple[str, ...]) -> list[str]:
    lines = [f"{_key(key)} = {_value(value)}" for key, value in table.items() if not _is_tables(value)]
    for key, value in table.items():
        if not _is_tables(value):
            continue
        name = ".".join(map(_key, (*path, key)))
        for entry in [value] if isinstance(value, Mapping) else value:
            lines += ["", f"[{name}]" if isinstance(value, Mapping) else f"[[{name}]]"]
            lines += _table(entry, (*path, key))
    return lines


def _is_tables(value: Any) -> bool:
    if isinstance(value, Mapping):
        return True
    listed = isinstance(value, Sequence) and not isinstance(value, str)
    return listed and len(value) > 0 and all(isinstance(entry, Mapping) for entry in value)


def _key(key: str) -> str:
    return key if _BARE.fullmatch(key) else _quoted(key)


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return repr(value) if math.isfinite(value) else f"{value:+}".replace("+nan", "nan")
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{_key(key)} = {_value(each)}" for key, each in value.items()) + " }"
    if isinstance(value, Sequence):
        return _list([_value(each) for each in value])
    raise TypeError(f"{value!r} has no form in TOML; allowed are texts, numbers, switches, lists and tables")


def _list(entries: Sequence[str]) -> str:
    line = f"[{', '.join(entries)}]"
    if len(line) <= _WIDE:
        return line
    lines = [""]
    for entry in entries:
        if lines[-1] and len(lines[-1]) + len(entry) > _WIDE - 8:
            lines.append("")
        lines[-1] += f" {entry},"
    return "[\n" + "".join(f"   {line}\n" for line in lines) + "]"


def _quoted(given: str) -> str:
    plain = "".join(_ESCAPES.get(c) or (f"\\u{ord(c):04x}" if ord(c) < 32 or ord(c) == 127 else c) for c in given)
    return f'"{plain}"'
