"""The web application around Solara's: who may ask, what a browser may do with the answer, export, health.

Imported by `launcher` only, after it has set the environment that Solara reads.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import solara.server.server
import solara.server.starlette as solara_web
from starlette.applications import Starlette
from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from . import store
from .launcher import CDN_FOLDER, EXTENSIONS

# Vue compiles its templates in the browser and anywidget loads its modules from blobs, hence unsafe-eval and blob:.
CONTENT_SECURITY_POLICY = "; ".join(
    [
        "default-src 'self'",
        "script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "media-src 'self' data: blob:",
        "font-src 'self' data:",
        "worker-src 'self' blob:",
        "object-src 'none'",
        "base-uri 'self'",
        "form-action 'self'",
        "frame-ancestors 'self'",
    ]
)
SECURITY_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
    # Tells other sites nothing, as no-referrer does; that one would also hide the origin of the page's closing beacon.
    "Referrer-Policy": "same-origin",
}


def _styles() -> str:
    """The sheets of all pages, that of the page around them first."""
    sheets = Path(str(files("trafficking.dashboard") / "static" / "css")).glob("*.css")
    return "\n".join(
        sheet.read_text() for sheet in sorted(sheets, key=lambda sheet: (sheet.stem != "page", sheet.stem))
    )


def _appearance() -> str:
    """The script that decides on theme, motion and view before anything is drawn."""
    return (files("trafficking.dashboard") / "static" / "appearance.js").read_text()


_REPAIRS = [
    ("<html>", '<html lang="en">'),
    ('<link rel="icon" type="image/png" sizes="any" href="/static/assets/favicon.png">', ""),  # Solara's own
    (", maximum-scale=1, user-scalable=no, minimal-ui", ""),
    ("<v-progress-linear :style", '<v-progress-linear aria-label="Working" :style'),
    # The page has its own colours, light or dark, from its first moment.
    ("</head>", f"<style>{_styles()}</style><script>{_appearance()}</script></head>"),
]


def application(hosts: Sequence[str]) -> Starlette:
    """The dashboard as an ASGI application that answers to these host names ("*": to any)."""
    solara.server.server.get_nbextension_names = lambda: EXTENSIONS
    dropped = {"/resourcez", "/_solara/api/evict/{kernel_id}"}
    theirs: list[BaseRoute] = [
        Route(route.path, _page) if isinstance(route, Route) and route.endpoint is solara_web.root else route
        for route in solara_web.routes
        if getattr(route, "path", None) not in dropped
    ]
    return Starlette(
        routes=[
            Route("/healthz", _healthz),
            Route("/export/{run}/{name}", _export),
            Route("/static/assets/favicon.svg", _icon),
            Mount("/_solara/cdn", Vendored(directory=CDN_FOLDER)),
            *theirs,
        ],
        lifespan=solara_web.lifespan,
        middleware=[
            Middleware(SecurityHeaders),
            Middleware(TrustedHostMiddleware, allowed_hosts=hosts, www_redirect=False),
            Middleware(OriginGuard),
            *solara_web.middleware,
        ],
    )


class OriginGuard:
    """Turns away what another site's page asks for: WebSockets and everything that is not plain reading."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        reading = scope["type"] == "http" and scope["method"] in ("GET", "HEAD", "OPTIONS")
        if scope["type"] in ("http", "websocket") and not reading:
            headers = Headers(scope=scope)
            origin = headers.get("origin")
            if origin is not None and urlsplit(origin).netloc.lower() != headers.get("host", "").lower():
                if scope["type"] == "websocket":
                    await send({"type": "websocket.close", "code": 1008})
                else:
                    await PlainTextResponse("Request from another origin", status_code=403)(scope, receive, send)
                return
        await self.app(scope, receive, send)


class SecurityHeaders:
    """Adds to every answer what a browser may do with it."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def guarded(message: Message) -> None:
            if message["type"] in ("http.response.start", "websocket.http.response.start"):
                MutableHeaders(scope=message).update(SECURITY_HEADERS)
            await send(message)

        await self.app(scope, receive, guarded)


class Vendored(solara_web.StaticCdn):
    """Solara's front-end from this package alone; a file that is missing is a 404 and never fetched."""

    def lookup_path(self, path: str) -> Any:
        return StaticFiles.lookup_path(self, path)


async def _page(request: Request) -> Response:
    response = await solara_web.root(request)
    if isinstance(response, HTMLResponse):
        page = bytes(response.body).decode()
        for found, better in _REPAIRS:
            page = page.replace(found, better, 1)
        response.body = page.encode()
        response.headers["content-length"] = str(len(response.body))
        response.headers["cache-control"] = "no-store"
    return response


async def _icon(_: Request) -> Response:
    return FileResponse(CDN_FOLDER.parent / "favicon.svg")


async def _healthz(_: Request) -> Response:
    return JSONResponse({"status": "ok"})


def _export(request: Request) -> Response:
    found = store.stream(request.path_params["run"], request.path_params["name"])
    if found is None:
        return PlainTextResponse("There is no such run or file; a run lives as long as its page.", status_code=404)
    blocks, media_type, filename = found
    headers = {"Content-Disposition": f'attachment; filename="{filename}"', "Cache-Control": "no-store"}
    return StreamingResponse(blocks, media_type=media_type, headers=headers)
