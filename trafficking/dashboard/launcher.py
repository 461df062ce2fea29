"""Starts the dashboard: one process, one printed address, everything on this machine.

Solara reads its settings from the environment when it is first imported. So this module sets them, and only then
imports `web`, which imports Solara.
"""

from __future__ import annotations

import errno
import ipaddress
import os
import secrets
import socket
import sys
import warnings
from collections.abc import Callable
from contextlib import suppress
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import platformdirs

from trafficking import printing, units

from . import budget
from .guards import LARGEST_MESSAGE, SHORTEST_TOKEN

PREFERRED_PORT = 8765
CDN_FOLDER = Path(str(files("trafficking.dashboard") / "static" / "cdn"))
# What the page loads besides its own files; a reader's other notebook extensions stay out of it.
EXTENSIONS = ["jupyter-vue/extension", "jupyter-vuetify/extension", "anywidget/extension"]
SCENARIO_VARIABLE = "TRAFFICKING_SCENARIO"
TOKEN_VARIABLE = "TRAFFICKING_TOKEN"
NEW_TOKEN = "new"


def serve(
    host: str = "127.0.0.1",
    port: int | None = None,
    open_browser: bool = True,
    scenario: str | None = None,
    *,
    allow_remote: bool = False,
    token: str | None = None,
    public_url: str | None = None,
    session_receptors: int = budget.RECEPTORS,
    session_work: str = "1 min",
) -> int:
    """Serves the dashboard until Ctrl-C and returns the exit status.

    Args:
        host: Address to listen on; other than this machine's own only with `allow_remote`.
        port: Port; 0 takes any free one, None takes 8765 and, if that is busy, any free one.
        open_browser: Whether to open the page, where there is a screen to open it on.
        scenario: Name or file of the scenario that the page opens with.
        allow_remote: Whether other machines may connect. Whoever reaches the port can use the page, or with a token
            whoever has that too.
        token: What the address must carry once, at least 16 characters; "new" makes one; None takes TRAFFICKING_TOKEN.
        public_url: Where browsers find the page behind a reverse proxy: http(s), a name, no path.
        session_receptors: How many receptors the runs of one browser may hold together.
        session_work: How much computing, on one core, one browser may have waiting or under way, such as "1 min".
    """
    try:
        work_min = units.parse(session_work, "time")
    except ValueError as fault:
        return _refuse(f"--session-work: {fault}")
    if session_receptors < 1 or work_min <= 0.0:
        return _refuse("--session-receptors and --session-work must be above zero")
    budget.allow(receptors=session_receptors, work_s=60.0 * work_min)
    token = os.environ.get(TOKEN_VARIABLE, "") if token is None else token
    token = secrets.token_urlsafe(24) if token == NEW_TOKEN else token
    if token and len(token) < SHORTEST_TOKEN:
        return _refuse(f"--token: {len(token)} characters given, at least {SHORTEST_TOKEN} are needed; or --token new")
    public = urlsplit(public_url or "")
    if public_url and (public.scheme not in ("http", "https") or not public.hostname or public.path not in ("", "/")):
        return _refuse(f"--public-url {public_url}: an address such as https://receptors.example.org/ is needed")
    if not allow_remote and not _is_loopback(host):
        return _refuse(
            f"--host {host}: the dashboard has no sign-in and listens on this machine only; from elsewhere use an SSH"
            f" tunnel (ssh -L {PREFERRED_PORT}:127.0.0.1:{PREFERRED_PORT} THIS-MACHINE)"
        )
    try:
        listener = _listen(host, port)
    except OSError as fault:
        if fault.errno == errno.EADDRINUSE:
            return _refuse(f"port {port} is busy; choose another with --port, or --port 0 for any free one")
        why = "no permission; choose one above 1023" if fault.errno == errno.EACCES else fault.strerror or fault
        return _refuse(f"cannot listen on {host}, --port {port}: {why}")
    try:
        # The name in the address decides which cookies and which Host headers are right, so it is the one we listen on.
        shown = "127.0.0.1" if host == "0.0.0.0" else "[::1]" if host == "::" else f"[{host}]" if ":" in host else host
        url = f"http://{shown}:{listener.getsockname()[1]}/"
        configure(f"{public.scheme}://{public.netloc}/" if public_url else url, scenario)
        hosts = ["*"] if allow_remote else ["127.0.0.1", "localhost", "[::1]", *filter(None, [public.hostname])]
        origins = [f"{public.scheme}://{public.netloc}"] if public_url else []
        secure = public.scheme == "https"
        guards = {"hosts": hosts, "origins": origins, "token": token, "secure": secure}
        return _run(listener, f"{url}?token={token}" if token else url, guards, open_browser=open_browser)
    except KeyboardInterrupt:
        return 130
    finally:
        listener.close()


def configure(url: str = "http://127.0.0.1/", scenario: str | None = None) -> None:
    """Sets the environment in which Solara must first be imported; settings of other Solara projects are dropped."""
    for name in [name for name in os.environ if name.upper().startswith("SOLARA_")]:
        del os.environ[name]
    cache = Path(platformdirs.user_cache_dir("trafficking", appauthor=False))
    os.environ.setdefault("IPYTHONDIR", str(cache / "ipython"))  # Solara starts an IPython shell, which keeps a profile
    os.environ.setdefault("MPLCONFIGDIR", str(cache / "matplotlib"))  # figures for export; it would write into the home
    os.environ.update(
        SOLARA_APP="trafficking.dashboard.app",
        SOLARA_MODE="production",
        SOLARA_BASE_URL=url,
        SOLARA_ROOT_PATH="",  # else Solara takes it from a header of the first request
        SOLARA_ASSETS_PROXY="true",
        SOLARA_ASSETS_PROXY_CACHE_DIR=str(CDN_FOLDER),
        SOLARA_ASSETS_FONTAWESOME_ENABLED="false",
        SOLARA_TELEMETRY_MIXPANEL_ENABLE="false",
        SOLARA_TELEMETRY_SERVER_USER_ID="none",  # else Solara writes one into the user's home
        SOLARA_HOME=str(cache / "solara"),
        SOLARA_SESSION_HTTP_ONLY="true",
        SOLARA_KERNEL_CULL_TIMEOUT="10m",
        SOLARA_SERVER_HTTP_GZIP="false",  # the server is on the reader's own machine
        SOLARA_THEME_SHOW_BANNER="false",
        SOLARA_THEME_LOADER="plain",
        SOLARA_THEME_TITLE="trafficking",
        PYTHON_DOTENV_DISABLED="1",  # else Solara reads a .env file that belongs to something else
    )
    if scenario is not None:
        os.environ[SCENARIO_VARIABLE] = scenario
    # Solara's advice for pages embedded in other sites; this page may not be embedded.
    warnings.filterwarnings("ignore", message="Cookies with samesite=none")


def _run(listener: socket.socket, url: str, guards: dict[str, Any], *, open_browser: bool) -> int:
    import uvicorn

    from . import beforehand, opening, web

    forget: list[Callable[[], None]] = []  # what opening the browser has left

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets=sockets)
            printing.say(f"Dashboard: {url}")
            beforehand.begin()
            if open_browser and _has_screen():
                with suppress(OSError):  # the printed address is still there to be opened by hand
                    forget.append(opening.begin(url))

        async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
            for each in forget:  # here, since the signal that ends the server may end the process right after
                each()
            await super().shutdown(sockets=sockets)

    config = uvicorn.Config(
        web.application(**guards),
        log_level="warning",
        use_colors=False,  # what controls the terminal is spelled out on standard error
        lifespan="on",
        ws_max_size=2 * LARGEST_MESSAGE,  # above it the connection is closed, and the page connects again
        ws_per_message_deflate=False,  # costs more than it saves between two programs of one machine
        timeout_graceful_shutdown=3,
    )
    try:
        Server(config).run(sockets=[listener])
    finally:
        beforehand.end()
    return 0


def _listen(host: str, port: int | None) -> socket.socket:
    if port is None:
        try:
            return _listen(host, PREFERRED_PORT)
        except OSError:
            return _listen(host, 0)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Named as TCP, since asyncio sets TCP_NODELAY on no other; without it each frame of a plot waits 40 ms.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if os.name == "posix":
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(128)
    except OSError:
        listener.close()
        raise
    return listener


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _has_screen() -> bool:
    if sys.platform != "linux":
        return True
    # A browser of the terminal would take over the terminal that shows the address.
    return any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "WSL_DISTRO_NAME", "BROWSER"))


def _refuse(why: str) -> int:
    printing.tell(f"trafficking dashboard: {why}")
    return 1
