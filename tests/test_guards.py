"""The guards of the server: the token, and what a browser may send."""

import asyncio
import json
import struct
import sys
import tempfile
import threading
import uuid
from collections.abc import Iterator
from contextlib import suppress
from html import unescape
from pathlib import Path
from urllib.parse import urlencode, urljoin, urlsplit

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from clients import Client
from conftest import Dashboard
from sessions import until
from test_launcher import ask, launch, upgrade
from trafficking.dashboard import guards, opening

TOKEN = "a token of the tests"


def message(kind: str = "kernel_info_request", **more: object) -> dict:
    header = {"msg_id": "1", "msg_type": kind, "username": "", "session": "s", "version": "5.3", "date": "2026-01-01"}
    return {"header": header, "parent_header": {}, "metadata": {}, "channel": "shell", "content": {}, **more}


def open_socket(url: str, **options: object) -> ClientConnection:
    place = f"ws://{urlsplit(url).netloc}/jupyter/api/kernels/{uuid.uuid4()}/channels?session_id=s"
    return connect(place, max_size=None, open_timeout=60, **options)  # type: ignore[arg-type]


def listen(socket: ClientConnection) -> None:
    """Hears whatever is said, to the end of the connection."""
    while True:
        socket.recv(timeout=60)


def answers(socket: ClientConnection) -> bool:
    """Whether the session behind the socket still does what it is asked."""
    socket.send(json.dumps(message()))
    while True:
        said = json.loads(socket.recv(timeout=60))
        if said["header"]["msg_type"] == "kernel_info_reply":
            return True


# -- the token ---------------------------------------------------------------------------------------------------------


BROWSER = """
import json, os, pathlib, sys, urllib.parse
page = pathlib.Path(urllib.parse.urlsplit(sys.argv[1]).path)
modes = [path.stat().st_mode & 0o777 for path in (page, page.parent)]
seen = {"asked": sys.argv[1:], "modes": modes, "page": page.read_text()}
here = pathlib.Path(__file__).parent
(here / "partial").write_text(json.dumps(seen))
(here / "partial").rename(here / "seen.json")
"""


@pytest.fixture(scope="module")
def browsed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Dashboard, Path]]:
    """A server with a token that has opened a browser, which notes what it was started with."""
    place = tmp_path_factory.mktemp("locked")
    (place / "browser.py").write_text(BROWSER)
    (place / "temporary").mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TRAFFICKING_TOKEN", TOKEN)  # on the command line it would be in the list of processes
        patch.setenv("BROWSER", f"{sys.executable} {place / 'browser.py'} %s")
        patch.setenv("TMPDIR", str(place / "temporary"))
        running = Dashboard(place, "--open")
    try:
        yield running, place
    finally:
        running.stop()


@pytest.fixture(scope="module")
def locked(browsed: tuple[Dashboard, Path]) -> str:
    return browsed[0].url()


def test_the_printed_address_opens_the_door_and_a_cookie_keeps_it_open(locked: str):
    assert urlsplit(locked).query.startswith("token=")
    answer = ask(locked, path=f"/compare?scenario=washout&token={TOKEN.replace(' ', '+')}")
    assert (answer.status, answer.headers["Location"]) == (303, "/compare?scenario=washout")
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert TOKEN not in cookie
    kept = cookie.split(";")[0]
    assert ask(locked, Cookie=kept).status == 200
    assert ask(locked, path="/export/no-such-run/run.zip", Cookie=kept).status == 404
    assert upgrade(locked, Cookie=kept) == 101


def test_the_browser_is_started_with_a_private_file_and_not_with_the_token(
    locked: str, browsed: tuple[Dashboard, Path]
):
    _, place = browsed
    until((place / "seen.json").exists)
    seen = json.loads((place / "seen.json").read_text())
    assert len(seen["asked"]) == 1
    assert seen["asked"][0].startswith("file://")
    assert "token" not in seen["asked"][0]
    assert seen["modes"] == [0o600, 0o700]
    assert f'href="{locked}"' in seen["page"]
    assert [path.name for path in (place / "temporary").rglob("*.html")] == ["open.html"]


def test_the_private_file_goes_with_the_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    asked: list[str] = []
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(opening.webbrowser, "open", asked.append)
    forget = opening.begin("http://127.0.0.1:8765/?token=it's%20%22mine%22")
    until(lambda: len(asked) == 1)
    page = next(tmp_path.rglob("*.html")).read_text()
    assert unescape(page.partition('href="')[2].partition('"')[0]) == "http://127.0.0.1:8765/?token=it's%20%22mine%22"
    forget()
    assert list(tmp_path.iterdir()) == []
    opening.begin("http://127.0.0.1:8765/")
    until(lambda: asked[1:] == ["http://127.0.0.1:8765/"])


ELSEWHERE = [
    "//evil.example/x",
    "///evil.example/x",
    "/\\evil.example/x",
    "\\\\evil.example/x",
    "/\t/evil.example/x",
    "/\r\nLocation: //evil.example/",
    "http://evil.example/x",
    "@evil.example/x",
    "/?x=//evil.example",
    "",
]


@pytest.mark.parametrize("path", ELSEWHERE, ids=repr)
def test_the_door_leads_to_no_other_server(path: str):
    said: list[dict] = []

    async def send(message: dict) -> None:
        said.append(message)

    async def ask_at_the_door() -> None:
        query = urlencode({"token": TOKEN, "next": "//evil.example"}).encode()
        scope = {"type": "http", "scheme": "http", "path": path, "query_string": query, "headers": []}
        await guards.TokenGuard(None, token=TOKEN)(scope, None, send)

    alone = threading.Thread(target=lambda: asyncio.run(ask_at_the_door()))
    alone.start()
    alone.join()
    headers = dict(said[0]["headers"])
    assert said[0]["status"] == 303
    there = headers[b"location"].decode("ascii")
    assert urlsplit(urljoin("http://127.0.0.1/", there)).netloc == "127.0.0.1"
    assert there[:1] == "/"
    assert there[1:2] not in ("/", "\\")
    assert there.isprintable()
    assert TOKEN not in there


def test_a_page_is_closed_by_its_own_browser_alone(dashboard_url: str):
    client = Client(dashboard_url)
    goodbye = client._goodbye
    place = goodbye.full_url.removeprefix(dashboard_url.rstrip("/"))
    for asked in (place, place.partition("?")[0], f"{place}x", "/_solara/api/close/none"):
        assert ask(dashboard_url, "POST", asked).status == 200
        assert ask(dashboard_url, "POST", asked.replace("?", "?x="), Cookie="solara-session-id=other").status == 200
    client.wait_for(lambda seen: seen.scenes >= 3, 120.0)
    assert ask(dashboard_url, "POST", f"{place}x", Cookie=str(goodbye.get_header("Cookie"))).status == 200
    before = client.scenes
    client.wait_for(lambda seen: seen.scenes >= before + 3, 120.0)
    client.close()


def test_a_socket_of_no_page_is_closed(dashboard_url: str):
    assert ask(dashboard_url, path="/healthz").status == 200
    place = f"ws://{urlsplit(dashboard_url).netloc}/jupyter/api/kernels/{uuid.uuid4()}/channels"
    with pytest.raises(InvalidStatus, match="403"):
        connect(place, open_timeout=60)


def test_without_the_token_there_is_only_a_door(locked: str):
    for path in (
        "/",
        "/compare",
        "/export/no-such-run/run.zip",
        "/static/main-vuetify.js",
        "/nowhere",
        "/?token=wrong",
    ):
        answer = ask(locked, path=path)
        assert answer.status == 401, path
        assert "asks for its token" in answer.body.decode()  # type: ignore[attr-defined]
    assert ask(locked, "POST", "/_solara/api/close/k?session_id=s").status == 401
    assert upgrade(locked) == 403
    assert upgrade(locked, Cookie="trafficking-0=x") == 403
    assert ask(locked, path="/healthz").status == 200


def test_a_token_that_can_be_tried_out_is_refused():
    done = launch("--port", "0", "--token", "short")
    assert done.returncode == 1
    assert "--token: 5 characters given, at least 16" in done.stderr


def test_an_address_with_a_path_is_no_public_one():
    done = launch("--port", "0", "--public-url", "https://example.org/receptors")
    assert done.returncode == 1
    assert "--public-url" in done.stderr


def test_behind_a_proxy_its_name_and_its_origin_are_right_and_cookies_are_for_https(tmp_path: Path):
    running = Dashboard(tmp_path, "--public-url", "https://receptors.example.org/", "--token", TOKEN)
    try:
        url = running.url()
        answer = ask(url, path=f"/?token={TOKEN.replace(' ', '+')}", Host="receptors.example.org")
        assert answer.status == 303
        assert "Secure" in answer.headers["Set-Cookie"]
        kept = answer.headers["Set-Cookie"].split(";")[0]
        page = ask(url, Host="receptors.example.org", Cookie=kept, X_Forwarded_Proto="https")
        assert page.status == 200
        assert "SameSite=lax" in page.headers["Set-Cookie"]
        assert "Secure" in page.headers["Set-Cookie"]
        for host in ("receptors.example.org", urlsplit(url).netloc):
            assert upgrade(url, Host=host, Cookie=kept, Origin="https://receptors.example.org") == 101
        assert upgrade(url, Host="receptors.example.org", Cookie=kept, Origin="https://evil.example") == 403
        assert ask(url, Host="evil.example", Cookie=kept).status == 400
    finally:
        running.stop()


# -- messages ----------------------------------------------------------------------------------------------------------

JUNK = [
    "",
    json.dumps(message()).replace('"s"', "9" * 5000),
    "no JSON",
    "[]",
    "null",
    "{}",
    "[" * 100_000,
    json.dumps(message("execute_request")),
    json.dumps(message() | {"header": {"msg_type": ["comm_msg"]}}),
    json.dumps(message("comm_msg", content={"comm_id": 7, "data": {}})),
    json.dumps(message("comm_msg", content={"comm_id": "c", "data": 7})),
    json.dumps({name: part for name, part in message().items() if name != "content"}),
    b"",
    b"\xff\xff\xff\xff",
    struct.pack("!II", 1, 1 << 30) + b"{}",
    struct.pack("!II", 1, 8) + b"no JSON",
]


HALVES = {"a": ["\ud800x", {"\udfff": 1}, "\ud800\ud83d\ude00"], "whole": "\N{GRINNING FACE}", "said": "\\ud800"}


def test_half_of_a_surrogate_pair_becomes_what_any_file_can_hold():
    mended = guards.mended(json.dumps(HALVES))
    whole = "\N{GRINNING FACE}"
    assert json.loads(mended) == {"a": ["\ufffdx", {"\ufffd": 1}, f"\ufffd{whole}"], "whole": whole, "said": "\\ud800"}
    plain = json.dumps({"a": [whole, "\\ud800", "\n"]})
    assert guards.mended(plain) == plain


def test_what_the_page_sends_is_well_formed():
    plain = json.dumps(message("comm_msg", content={"comm_id": "c", "data": {"method": "custom"}}))
    assert guards.well_formed(plain, None)
    head = json.dumps(message("comm_open", content={"comm_id": "c", "data": {}})).encode()
    assert guards.well_formed(None, struct.pack("!III", 2, 12, 12 + len(head)) + head + b"a buffer")
    head = json.dumps(message("comm_open", content={"comm_id": "\ud800", "data": {}})).encode()
    assert not guards.well_formed(None, struct.pack("!III", 2, 12, 12 + len(head)) + head + b"a buffer")
    for junk in JUNK:
        assert not guards.well_formed(*((junk, None) if isinstance(junk, str) else (None, junk)))
    assert not guards.well_formed(plain + " " * guards.LARGEST_MESSAGE, None)


def test_no_message_ends_a_session(dashboard_url: str):
    with open_socket(dashboard_url) as socket:
        for junk in JUNK:
            socket.send(junk)
        socket.send(json.dumps(message(metadata={"long": "x" * guards.LARGEST_MESSAGE})))
        socket.send(json.dumps(message("comm_msg", content={"comm_id": "nobody", "data": {"method": "custom"}})))
        assert answers(socket)


def test_who_sends_nothing_else_is_shown_out(dashboard_url: str):
    with open_socket(dashboard_url) as socket:
        for _ in range(guards.MOST_MALFORMED + 1):
            socket.send("no JSON")
        with pytest.raises(ConnectionClosed):
            listen(socket)


def test_a_message_beyond_all_measure_closes_the_connection_and_not_the_server(dashboard_url: str):
    with open_socket(dashboard_url) as socket:
        with suppress(ConnectionClosed):
            socket.send("x" * (3 * guards.LARGEST_MESSAGE))
        with pytest.raises(ConnectionClosed):
            listen(socket)
    with open_socket(dashboard_url) as socket:
        assert answers(socket)


def test_a_flood_is_slowed_down_and_a_hand_on_the_slider_is_not(monkeypatch: pytest.MonkeyPatch):
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    monkeypatch.setattr(asyncio, "sleep", sleep)

    def waited(count: int, per_s: float) -> float:
        times = iter([index / per_s for index in range(count + 1)])
        slept.clear()

        async def receive() -> dict:
            return {"type": "websocket.receive", "text": json.dumps(message())}

        async def app(scope: dict, receive, send) -> None:
            for _ in range(count):
                await receive()

        guard = guards.MessageGuard(app, clock=lambda: next(times))
        # A thread of its own: the browser that other tests hold open keeps an event loop in this one.
        scope = {"type": "websocket", "query_string": b"session_id=s"}
        alone = threading.Thread(target=lambda: asyncio.run(guard(scope, receive, None)))
        alone.start()
        alone.join()
        return sum(slept)

    assert waited(5000, 75.0) == 0.0
    assert waited(1000, 1e6) == 0.0
    assert waited(2000, 1e6) > 1.0


def test_a_token_may_come_from_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("TRAFFICKING_TOKEN", TOKEN)
    running = Dashboard(tmp_path)
    try:
        assert ask(running.url()).status == 401
    finally:
        running.stop()
