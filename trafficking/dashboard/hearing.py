"""What a page's scripts send, read before anything acts on it.

A script sends what its widget says; whoever writes messages by hand can send anything. A message that is not of the
kind its widget expects changes nothing, as `guards` drops what is no message at all.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Mapping
from typing import Any

import anywidget

_log = logging.getLogger(__name__)


class Unheard(ValueError):
    """A message that no script of ours sends."""


class Listener(anywidget.AnyWidget):
    """A widget whose browser sends messages, each a dict."""

    def listen(self, hear: Callable[[dict], None]) -> None:
        """Call `hear` with every message; it raises `Unheard` at those that it drops."""

        def heard(_: Any, message: Any, __: Any) -> None:
            try:
                if not isinstance(message, dict):
                    raise Unheard(f"{type(message).__name__} given")
                hear(message)
            except Unheard as fault:
                _log.info("a message to %s was dropped: %s", type(self).__name__, fault)

        self.on_msg(heard)


def number(message: Mapping[str, Any], key: str, low: float = -math.inf, high: float = math.inf) -> float:
    """A number of a message, brought between `low` and `high`."""
    value = message.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float) or not -1e300 < value < 1e300:
        raise Unheard(f"{key}: {value!r:.60} given; a number is needed")
    return min(max(float(value), low), high)


def whole(message: Mapping[str, Any], key: str) -> int:
    """A whole number of a message."""
    value = message.get(key)
    if isinstance(value, bool) or not (isinstance(value, int) or (isinstance(value, float) and value.is_integer())):
        raise Unheard(f"{key}: {value!r:.60} given; a whole number is needed")
    return int(value)


def text(message: Mapping[str, Any], key: str) -> str:
    """A text of a message."""
    value = message.get(key)
    if not isinstance(value, str):
        raise Unheard(f"{key}: {value!r:.60} given; a text is needed")
    return value


def values(message: Mapping[str, Any]) -> Mapping[str, Any]:
    """The values of a form, by the names of its fields; `form` reads them one by one."""
    found = message.get("values")
    if not isinstance(found, dict):
        raise Unheard(f"values: {found!r:.60} given; a dict is needed")
    return found
