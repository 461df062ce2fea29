"""A session as a browser has it, without a browser: opens the page, reads what the server sends, acknowledges scenes.

Ten browsers that draw on the machine of the server measure the browsers. Ten of these leave the cores to the server, as
ten people on machines of their own do.
"""

from __future__ import annotations

import json
import struct
import threading
import urllib.request
import uuid
from collections.abc import Callable
from contextlib import ExitStack, suppress
from http.cookiejar import CookieJar
from urllib.parse import urlsplit

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect


class Client:
    """One session at the page of `url`, which goes on in a thread of its own until `close`.

    scenes: how many of the plot have come; sentence: what stands above it now. comms: of every widget that
    has a script of ours.
    """

    def __init__(self, url: str) -> None:
        self.scenes, self.sentence = 0, ""
        self.comms: list[str] = []
        self._models: dict[str, str] = {}  # what a comm is of: "plot" or "sentence"
        self._heard = threading.Condition()
        cookies = CookieJar()
        with urllib.request.build_opener(urllib.request.HTTPCookieProcessor(cookies)).open(url) as page:
            page.read()
        cookie = "; ".join(f"{each.name}={each.value}" for each in cookies)
        parts = urlsplit(url)
        self._session = uuid.uuid4().hex
        kernel, asked = uuid.uuid4(), f"session_id={self._session}"
        self._goodbye = urllib.request.Request(
            f"{parts.scheme}://{parts.netloc}/_solara/api/close/{kernel}?{asked}",
            method="POST",
            headers={"Cookie": cookie},
        )
        place = f"ws://{parts.netloc}/jupyter/api/kernels/{kernel}/channels?{asked}"
        self._link = ExitStack()
        self._socket = self._link.enter_context(
            connect(place, additional_headers={"Cookie": cookie}, max_size=None, compression=None)
        )
        control = uuid.uuid4().hex
        self._send("comm_open", {"comm_id": control, "target_name": "solara.control", "data": {}})
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        run = {"method": "run", "args": {"appName": None, "path": path, "dark": False, "themes": None}}
        self._send("comm_msg", {"comm_id": control, "data": run})
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def wait_for(self, what: Callable[[Client], object], timeout_s: float = 60.0) -> None:
        """Waits until `what(self)` is true; asked after each message."""
        with self._heard:
            if not self._heard.wait_for(lambda: what(self), timeout_s):
                raise TimeoutError(f"{self.scenes} scenes; {self.sentence!r}")

    def say(self, comm: str, content: object) -> None:
        """Sends a widget what a script of its might, or might not."""
        self._send("comm_msg", {"comm_id": comm, "data": {"method": "custom", "content": content}})

    def close(self) -> None:
        """Says that the page is left, as browsers do, and leaves it."""
        urllib.request.urlopen(self._goodbye).close()
        self._link.close()
        self._thread.join(10)

    def _send(self, kind: str, content: dict) -> None:
        header = {"msg_id": uuid.uuid4().hex, "msg_type": kind, "username": "", "session": self._session}
        header |= {"version": "5.3", "date": "2026-01-01T00:00:00Z"}
        empty = {"parent_header": {}, "metadata": {}, "buffers": []}
        self._socket.send(json.dumps({"header": header, "channel": "shell", "content": content, **empty}))

    def _listen(self) -> None:
        with suppress(ConnectionClosed):
            for said in self._socket:
                message = json.loads(said if isinstance(said, str) else _head(said))
                with self._heard:
                    self._take(message["header"]["msg_type"], message["content"])
                    self._heard.notify_all()

    def _take(self, kind: str, content: dict) -> None:
        state = content.get("data", {}).get("state", {}) if kind in ("comm_open", "comm_msg") else {}
        comm = content.get("comm_id", "")
        if kind == "comm_open" and "_esm" in state:
            self.comms.append(comm)
        if kind == "comm_open" and "picked_min" in state:
            self._models[comm] = "plot"
        elif kind == "comm_open" and "remark" in state:
            self._models[comm] = "sentence"
        elif kind == "comm_open" and "pickable" in state:
            self.say(comm, {"seen": True})
        model = self._models.get(comm)
        if model == "sentence":
            self.sentence = "".join(state.get("parts", [self.sentence]))
        elif model == "plot" and "seq" in state:
            self.scenes += state["seq"] > 0
            self.say(comm, {"acknowledged": state["seq"], "reduced": False})


def _head(said: bytes) -> bytes:
    """The JSON of a message that carries buffers."""
    (parts,) = struct.unpack("!I", said[:4])
    starts = struct.unpack(f"!{parts}I", said[4 : 4 * (parts + 1)])
    return said[starts[0] : starts[1] if parts > 1 else len(said)]
