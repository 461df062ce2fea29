"""Plain elements of a page."""

from __future__ import annotations

from typing import Any

import solara


def box(tag: str, name: str, children: list, **attributes: Any) -> solara.Element:
    """An element with a class, children (text, widgets or elements) and attributes (aria-label as aria_label)."""
    named = {key.rstrip("_").replace("_", "-"): value for key, value in attributes.items()}
    return solara.v.Html(tag=tag, class_=name, children=children, attributes=named)


def what(*paragraphs: str) -> solara.Element:
    """The answer, in plain words, to a reader who wonders what a panel shows."""
    words = [box("p", "", [paragraph]) for paragraph in paragraphs]
    return box("details", "what", [box("summary", "", ["What am I looking at?"]), *words])
