"""Tables as TOML text, which `tomllib` reads back to equal tables: texts, numbers, switches, lists, tables.

Python reads TOML and does not write it. Numbers are in their shortest form that gives the same number again.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_WIDE = 120  # characters; a longer list takes several lines
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
