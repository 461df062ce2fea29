"""The page: names of pages on top, and the one whose address is open below them.

A session has a `Desk`, whichever page is open. Live stays where it is while others are shown, so that its run goes on.
"""

from __future__ import annotations

from collections.abc import Callable

import solara
from solara.server.kernel_context import get_current_context, has_current_context

from . import words
from .address import STEP, TRAVEL
from .desk import Desk
from .elements import box
from .header import Header
from .hearing import text
from .manners import Manners, Tour
from .pages import PLACES, Place, live

TAGLINE = "the insulin receptors of one cell, each one simulated"
QUESTIONS = [
    ["Does it come back?", "/?scenario=washout"],
    ["What would a patient's insulin do?", "/?scenario=chronic_hyperinsulinaemia"],
    ["What does this do to the body?", "/body"],
]


def _opened(path: str) -> Place:
    return next((place for place in PLACES if place.path == path), PLACES[0])


def _session() -> str | None:
    """What tells this browser from others: its cookie. All that send none count as one; None: there is no server."""
    if not has_current_context():
        return None
    told = get_current_context().session_id
    return "" if told.startswith("session-id-cookie-unavailable") else told


def _header(desk: Desk, go: Callable[[str], None]) -> Header:
    header = Header(tagline=TAGLINE, pages=[[f"/{place.path}", place.name] for place in PLACES], questions=QUESTIONS)

    def follow(message: dict) -> None:
        # A question asked again has the address that is open already, and the router would not stir.
        path, _, search = text(message, "go").partition("?")
        away = path != header.path
        desk.seek(search, TRAVEL if away else STEP)
        if away:
            go(path)

    header.listen(follow)
    return header


@solara.component
def Page() -> None:
    router = solara.use_router()
    desk = solara.use_memo(lambda: Desk(router.search, session=_session()), [])
    solara.use_effect(lambda: desk.close, [])
    desk.travel = router.push
    place = _opened(router.parts[0])
    header = solara.use_memo(lambda: _header(desk, router.push), [])
    manners = solara.use_memo(lambda: [Manners(), Tour()], [])
    solara.use_effect(lambda: desk.visit(router.search), [router.search])
    solara.use_effect(lambda: setattr(header, "path", f"/{place.path}"), [place.path])
    solara.Title("trafficking: insulin receptors of one cell" if place.view is None else f"{place.name} · trafficking")
    with_it = [] if place.view is None else [place.view(desk)]
    here, elsewhere = ({}, {"hidden": True}) if with_it else ({"hidden": True}, {})
    box(
        "div",
        "page",
        [
            box("header", "", [header, desk.address, *manners]),
            box("main", "live", live.view(desk), **elsewhere),
            # Always there: an element in its place would be made into the next one, the footer, with its tag.
            box("main", f"place {place.path}", with_it, **here),
            box("footer", "colophon", [box("span", "", [words.FOOTER])]),
        ],
    )


@solara.component
def Layout(children: list) -> None:
    """The page alone, without Solara's bars around it."""
    box("div", "", children)


# Solara puts the layout of "/" around every page.
routes = [
    solara.Route(place.path or "/", component=Page, label=place.name, layout=None if place.path else Layout)
    for place in PLACES
]
