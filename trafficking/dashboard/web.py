"""The web application around Solara's: who may ask, what a browser may do with the answer, export, health.

Imported by `launcher` only, after it has set the environment that Solara reads.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from importlib.resources import files
from pathlib import Path
from typing import Any

import solara.server.server
import solara.server.starlette as solara_web
from anyio import to_thread
from solara.server import kernel_context
from starlette.applications import Starlette
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from . import keeping, kept_runs, store
from .guards import MessageGuard, TokenGuard
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
ENDS_WITHIN_S = 5.0  # to write the runs of all sessions when the server is told to end
SECURITY_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
    # Tells other sites nothing, as no-referrer does; that one would also hide the origin of the page's closing beacon.
    "Referrer-Policy": "same-origin",
}


_CLOSE = "/_solara/api/close/{kernel_id}"


def _styles() -> str:
    """The sheets of all pages, that of the page around them first."""
    sheets = Path(str(files("trafficking.dashboard") / "static" / "css")).glob("*.css")
    return "\n".join(
        sheet.read_text(encoding="utf-8")
        for sheet in sorted(sheets, key=lambda sheet: (sheet.stem != "page", sheet.stem))
    )


def _appearance() -> str:
    """The script that decides on theme, motion and view before anything is drawn."""
    return (files("trafficking.dashboard") / "static" / "appearance.js").read_text(encoding="utf-8")


_LOST = """<div class="lost" role="alert">
                <h2>The connection to the server is lost</h2>
                <p>Your run is kept. This page goes on by itself as soon as the server answers.</p>
                <button type="button" @click="reload()">Reload now</button></div>"""
_NOWHERE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>trafficking: no such page</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><style>
:root { color-scheme: light dark; }
body { font: 1.1rem/1.5 system-ui, sans-serif; display: grid; place-items: center; min-height: 100vh; margin: 0; }
main { max-width: 26rem; padding: 2rem; } h1 { font-size: 1.5rem; font-weight: 300; }
</style></head><body><main><h1>There is no such page</h1>
<p><a href="/">To the cell, and to all pages</a></p></main></body></html>"""
_REPAIRS = [
    ("<html>", '<html lang="en">'),
    ('<link rel="icon" type="image/png" sizes="any" href="/static/assets/favicon.png">', ""),  # Solara's own
    (", maximum-scale=1, user-scalable=no, minimal-ui", ""),
    ("<v-progress-linear :style", '<v-progress-linear aria-label="Working" :style'),
    (
        """<v-progress-circular indeterminate size="128" style="text-align: center;">Server
                disconnected.</v-progress-circular>""",
        _LOST,
    ),
    (
        "{ value: (connectionStatus != 'connected') && wasConnected }",
        "{ value: connectionStatus != 'connected' && wasConnected && !needsRefresh && !cancelAutoRefresh }",
    ),
    ('<v-card-title class="text-h5 grey lighten-2">Please refresh the page<', "<v-card-title>Reload to go on<"),
    (
        "Could not restore session. Please refresh.",
        "The server was started again, or this page was away for long. Your run was kept on disk: reload the page,"
        " and it goes on where it was.",
    ),
    ("Refresh now\n", "Reload\n"),
    ("Cancel\n", "Not now\n"),
    # The address holds the run: where the server was started again the page reloads itself, as it said it would.
    ("if(solara.forceRefresh) {", "if (value) {"),
    (
        "App is disconnected, and may not function properly. Please refresh the page.",
        "This page is no longer connected to its run. Reload it to go on.",
    ),
    # Where anywidget lies is told by its extension's script, which a slow connection delivers after the first widget.
    (
        "map: {\n                '*': {",
        "map: {\n                '*': {\n        'anywidget': 'nbextensions/anywidget/index',",
    ),
    # The page has its own colours, light or dark, from its first moment.
    ("</head>", f"<style>{_styles()}</style><script>{_appearance()}</script></head>"),
]


def application(
    hosts: Sequence[str], *, origins: Sequence[str] = (), token: str = "", secure: bool = False
) -> Starlette:
    """The dashboard as an ASGI application.

    Args:
        hosts: names it answers to ("*": to any).
        origins: of pages that may talk to it besides its own, as behind a proxy that changes the Host header.
        token: lets in only who has it; "" lets in everybody.
        secure: whether browsers reach it by https alone.
    """
    solara.server.server.get_nbextension_names = lambda: EXTENSIONS
    dropped = {"/resourcez", "/_solara/api/evict/{kernel_id}", _CLOSE}
    theirs: list[BaseRoute] = [
        Route(route.path, _page) if isinstance(route, Route) and route.endpoint is solara_web.root else route
        for route in solara_web.routes
        if getattr(route, "path", None) not in dropped
    ]
    return Starlette(
        routes=[
            Route("/healthz", _healthz),
            Route("/export/{run}/{name}", _export),
            Route(_CLOSE, _close, methods=["POST"]),
            Route("/static/assets/favicon.svg", _icon),
            Mount("/_solara/cdn", Vendored(directory=CDN_FOLDER)),
            *theirs,
        ],
        lifespan=_lifespan,
        middleware=[
            Middleware(SecurityHeaders),
            Middleware(TrustedHostMiddleware, allowed_hosts=hosts, www_redirect=False),
            Middleware(OriginGuard, origins=origins),
            *([Middleware(TokenGuard, token=token, secure=secure)] if token else []),
            Middleware(MessageGuard),
            *solara_web.middleware,
        ],
    )


@asynccontextmanager
async def _lifespan(app: Starlette) -> AsyncIterator[None]:
    """Solara's own; then the runs of all sessions are on disk before the server ends."""
    await to_thread.run_sync(kept_runs.clean)
    async with solara_web.lifespan(app):
        yield
    await to_thread.run_sync(keeping.all_given_up, ENDS_WITHIN_S)


class OriginGuard:
    """Turns away what another site's page asks for: WebSockets and everything that is not plain reading."""

    def __init__(self, app: ASGIApp, *, origins: Sequence[str] = ()) -> None:
        self.app, self._origins = app, {origin.lower() for origin in origins}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        reading = scope["type"] == "http" and scope["method"] in ("GET", "HEAD", "OPTIONS")
        if scope["type"] in ("http", "websocket") and not reading:
            headers = Headers(scope=scope)
            origin = headers.get("origin")
            ours = {*self._origins, *(f"{scheme}://{headers.get('host', '').lower()}" for scheme in ("http", "https"))}
            if origin is not None and origin.lower() not in ours:
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
    try:
        response = await solara_web.root(request)
    except HTTPException as fault:
        if fault.status_code != 404:
            raise
        return HTMLResponse(_NOWHERE, status_code=404)
    if isinstance(response, HTMLResponse):
        page = bytes(response.body).decode()
        for found, better in _REPAIRS:
            page = page.replace(found, better, 1)
        response.body = page.encode()
        response.headers["content-length"] = str(len(response.body))
        response.headers["cache-control"] = "no-store"
        # Solara's cookie is for pages embedded in other sites; this page may not be embedded.
        response.raw_headers = [
            (name, value.replace(b"SameSite=none", b"SameSite=lax") if name == b"set-cookie" else value)
            for name, value in response.raw_headers
        ]
    return response


async def _icon(_: Request) -> Response:
    return FileResponse(CDN_FOLDER.parent / "favicon.svg")


async def _healthz(_: Request) -> Response:
    return JSONResponse({"status": "ok"})


def _close(request: Request) -> Response:
    """A page is left. Only the browser that opened it can say so, and only of a page that there is."""
    context = kernel_context.contexts.get(request.path_params["kernel_id"])
    session = solara.server.server.get_session_id_cookie(request.cookies)
    page = request.query_params.get("session_id")
    if context is None or session != context.session_id or page not in context.page_status:
        return Response()
    return solara_web.close(request)


def _export(request: Request) -> Response:
    try:
        found = store.stream(request.path_params["run"], request.path_params["name"])
    except store.Busy:
        words = f"{store.MOST_AT_ONCE} files of this page are on their way; ask again when one has come."
        return PlainTextResponse(words, status_code=429, headers={"Retry-After": "5"})
    if found is None:
        return PlainTextResponse("There is no such run or file; a run lives as long as its page.", status_code=404)
    blocks, media_type, filename = found
    headers = {"Content-Disposition": f'attachment; filename="{filename}"', "Cache-Control": "no-store"}
    return StreamingResponse(blocks, media_type=media_type, headers=headers)
