"""Plain elements of a page."""

from __future__ import annotations

from html import escape
from typing import Any

import solara

QUESTION = "What am I looking at?"


def box(tag: str, name: str, children: list, **attributes: Any) -> solara.Element:
    """An element with a class, children (text, widgets or elements) and attributes (aria-label as aria_label)."""
    named = {key.rstrip("_").replace("_", "-"): value for key, value in attributes.items()}
    return solara.v.Html(tag=tag, class_=name, children=children, attributes=named)


def what(*paragraphs: str) -> solara.Element:
    """What a panel shows, in plain words, folded away under a question; stands in the corner of a card."""
    text = [box("p", "", [paragraph]) for paragraph in paragraphs]
    return box("details", "what", [box("summary", "", [box("span", "", [QUESTION])]), box("div", "", text)])


def what_in(**cards: tuple[str, ...]) -> dict[str, str]:
    """The same for the cards that a widget draws itself: HTML, by the name of the card."""

    def written(paragraphs: tuple[str, ...]) -> str:
        text = "".join(f"<p>{escape(paragraph)}</p>" for paragraph in paragraphs)
        return f'<details class="what"><summary><span>{QUESTION}</span></summary><div>{text}</div></details>'

    return {name: written(paragraphs) for name, paragraphs in cards.items()}
