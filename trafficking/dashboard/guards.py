"""Who may ask the server for what: the token at the door, and the size, shape and rate of a browser's messages.

Each guard is an ASGI application around another. The token arrives once as ?token= and stays in a cookie that no script
can read.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import re
import struct
import time
from collections.abc import Callable
from urllib.parse import parse_qsl, quote, urlencode

from starlette.datastructures import Headers
from starlette.requests import cookie_parser
from starlette.responses import HTMLResponse, RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

SHORTEST_TOKEN = 16  # characters; shorter ones can be tried out
LARGEST_MESSAGE = 6_000_000  # bytes; a series of 2 MB as text, which JSON makes longer
MESSAGES_PER_S = 200.0  # lasting; a hand on the slider sends 60, a plot acknowledges 15
MESSAGES_AT_ONCE = 1000.0
MOST_MALFORMED = 20  # of one connection, before it is closed

_ESCAPES = re.compile(
    r"\\(?:u[dD][89abAB][\da-fA-F]{2}\\u[dD][c-fC-F][\da-fA-F]{2}|(?P<half>u[dD][89a-fA-F][\da-fA-F]{2})|.)"
)
_OPEN = {"/healthz"}
_KINDS = {"kernel_info_request", "comm_open", "comm_msg", "comm_close", "comm_info_request", "shutdown_request"}
_DOOR = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>trafficking: token</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><style>
:root {{ color-scheme: light dark; }}
body {{ font: 1.1rem/1.5 system-ui, sans-serif; display: grid; place-items: center; min-height: 100vh; margin: 0; }}
form {{ max-width: 26rem; padding: 2rem; display: grid; gap: 0.8rem; }}
h1 {{ font-size: 1.5rem; font-weight: 300; margin: 0; }} p {{ margin: 0; }}
input, button {{ font: inherit; padding: 0.5rem 0.7rem; }}
</style></head><body><main><form method="get"><h1>This dashboard asks for its token</h1><p>{said}</p>
<label for="token">Token</label><input id="token" name="token" type="password" autocomplete="off" required autofocus>
<button>Open</button></form></main></body></html>"""
_ASKED = "It stands in the address that the server printed when it was started, after ?token=."
_WRONG = "That was not the token. " + _ASKED


class TokenGuard:
    """Lets in who has the token: pages, files, exports and WebSockets alike."""

    def __init__(self, app: ASGIApp, *, token: str, secure: bool = False) -> None:
        """A door around `app`.

        Args:
            token: at least `SHORTEST_TOKEN` characters.
            secure: whether browsers reach the server by https alone.
        """
        self.app = app
        self._token, self._secure = token.encode(), secure
        self._pass = hmac.new(self._token, b"trafficking dashboard", hashlib.sha256).hexdigest()
        # Browsers keep cookies by host, whatever the port: two dashboards of one machine do not take each other's.
        self._name = f"trafficking-{hashlib.sha256(self._token).hexdigest()[:12]}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket") or scope["path"] in _OPEN or self._knows(scope):
            return await self.app(scope, receive, send)
        if scope["type"] == "websocket":
            return await send({"type": "websocket.close", "code": 1008})
        asked = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        given = [value for name, value in asked if name == "token"]
        if given and hmac.compare_digest(given[-1].encode(), self._token):
            rest = [(name, value) for name, value in asked if name != "token"]
            answer = RedirectResponse(_here(scope["path"], rest), status_code=303)
            answer.set_cookie(
                self._name, self._pass, httponly=True, samesite="lax", secure=self._secure or scope["scheme"] == "https"
            )
            return await answer(scope, receive, send)
        page = HTMLResponse(
            _DOOR.format(said=_WRONG if given else _ASKED), status_code=401, headers={"Cache-Control": "no-store"}
        )
        return await page(scope, receive, send)

    def _knows(self, scope: Scope) -> bool:
        cookies = cookie_parser(Headers(scope=scope).get("cookie", ""))
        return hmac.compare_digest(cookies.get(self._name, "").encode(), self._pass.encode())


def _here(path: str, query: list[tuple[str, str]]) -> str:
    """An address on this server, whatever the path was: one that begins with // or a scheme would lead to another."""
    place = "/" + quote(path.lstrip("/\\"))
    return f"{place}?{urlencode(query)}" if query else place


class MessageGuard:
    """Between browsers' WebSockets and their sessions: what is no message is dropped, a flood is slowed down."""

    def __init__(self, app: ASGIApp, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.app, self._clock = app, clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "websocket":
            return await self.app(scope, receive, send)
        if not dict(parse_qsl(scope.get("query_string", b"").decode("latin-1"))).get("session_id"):  # no page of ours
            return await send({"type": "websocket.close", "code": 1008})
        room, asked_at, malformed = MESSAGES_AT_ONCE, self._clock(), 0

        async def guarded() -> Message:
            nonlocal room, asked_at, malformed
            while True:
                message = await receive()
                if message["type"] != "websocket.receive":
                    return message
                now = self._clock()
                room = min(room + (now - asked_at) * MESSAGES_PER_S, MESSAGES_AT_ONCE) - 1.0
                asked_at = now
                if room < 0.0:
                    await asyncio.sleep(-room / MESSAGES_PER_S)
                if well_formed(message.get("text"), message.get("bytes")):
                    return {**message, "text": mended(message["text"])} if message.get("text") else message
                malformed += 1
                if malformed > MOST_MALFORMED:
                    await send({"type": "websocket.close", "code": 1008})
                    return {"type": "websocket.disconnect", "code": 1008}

        await self.app(scope, guarded, send)


def well_formed(text: str | None, content: bytes | None) -> bool:
    """Whether a message has the size and the shape of one that the page sends."""
    if len(text or content or "") > LARGEST_MESSAGE:
        return False
    try:
        message = json.loads(text if text is not None else _first_part(content or b""))
        if text is None:
            json.dumps(message, ensure_ascii=False).encode()  # ValueError for half of a surrogate pair
        header, kind = message["header"], message["header"]["msg_type"]
        return (
            kind in _KINDS
            and isinstance(header, dict)
            and isinstance(message["content"], dict)
            and isinstance(message["channel"], str)
            and (
                not kind.startswith("comm_")
                or kind == "comm_info_request"
                or isinstance(message["content"]["comm_id"], str)
            )
            and (kind != "comm_msg" or isinstance(message["content"]["data"], dict))
        )
    except (ValueError, KeyError, TypeError, IndexError, struct.error, RecursionError):
        return False


def mended(text: str) -> str:
    """A message with U+FFFD for each half of a surrogate pair that stands alone.

    A browser can send such a half; no file can hold it, nor can a message of the server.
    """
    return _ESCAPES.sub(lambda found: "\\ufffd" if found["half"] else found[0], text)


def _first_part(content: bytes) -> bytes:
    """The JSON of a message that carries buffers: the number of parts, where each begins, the parts."""
    (parts,) = struct.unpack("!I", content[:4])
    if not 1 <= parts <= 1000:
        raise ValueError(parts)
    starts = struct.unpack(f"!{parts}I", content[4 : 4 * (parts + 1)])
    if list(starts) != sorted(starts) or starts[-1] > len(content):
        raise ValueError(starts)
    return content[starts[0] : starts[1] if parts > 1 else len(content)]
