"""Fixtures: watched runs, and for tests in a real browser the browser and one dashboard for the session."""

import os
import queue
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import platformdirs
import pytest
from playwright.sync_api import Browser, Page, expect

from pages import PATIENCE_MS, UNDER_WAY, Visit
from sessions import Opened, Screen
from trafficking.dashboard import kept_runs, runner
from trafficking.scenario import Scenario

BROWSERS = [
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
]


def browser_program() -> str:
    """Where the browser is; a missing one is an error, since a skipped browser test proves nothing."""
    for name in BROWSERS:
        if found := shutil.which(name):
            return found
    raise RuntimeError("No browser for the tests: install the package chromium (make test does it where it may).")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A test in a real browser is marked as one, and gets a second try, which the summary names.

    Files with such tests come first: they take longest, and one of them left to the end keeps one process busy alone.
    """
    slow_files = set()
    for item in items:
        if "browser" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.flaky(reruns=1))
            slow_files.add(item.path)
    items.sort(key=lambda item: item.path not in slow_files)


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A folder for kept runs and notes, not there yet."""
    folder = tmp_path / "runs"
    monkeypatch.setenv(kept_runs.FOLDER_VARIABLE, str(folder))
    return folder


@pytest.fixture(scope="session")
def chromium() -> str:
    return browser_program()


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict, chromium: str) -> dict:
    # Chromium's own traffic in the background (updates, sync) would look like requests of the page.
    quiet = ["--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"]
    args = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", *quiet]
    return {**browser_type_launch_args, "executable_path": chromium, "args": args}


@pytest.fixture(autouse=True, scope="session")
def _runs_of_their_own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What tests simulate on the page is not kept among the user's own runs."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TRAFFICKING_RUNS_DIR", str(tmp_path_factory.mktemp("runs")))
        yield


@pytest.fixture
def opened() -> Iterator[Opened]:
    """Opens runners as a page does and ends them all."""
    running = []

    def start(scenario: Scenario, *, reduced_motion: bool = False, answers: bool = True, speed: str = "12 h/s"):
        screen = Screen(answers, reduced_motion)
        screen.runner = runner.Runner(scenario, show=screen.show)
        running.append(screen.runner)
        screen.runner.speed(speed)
        screen.runner.start()
        screen.runner.acknowledge(0, reduced_motion=reduced_motion)
        return screen.runner, screen

    yield start
    for one in running:
        one.close()
        one._thread.join(10)
        assert not one._thread.is_alive()


class Dashboard:
    """A dashboard in a process of its own, with a home of its own; compiled code is shared with other runs."""

    def __init__(self, home: Path, *arguments: str) -> None:
        shared = os.environ.get("TRAFFICKING_CACHE_DIR") or platformdirs.user_cache_dir("trafficking", appauthor=False)
        folders = {f"XDG_{kind}_HOME": str(home / kind.lower()) for kind in ("CACHE", "CONFIG", "DATA", "STATE")}
        places = {"TRAFFICKING_CACHE_DIR": shared, "TRAFFICKING_RUNS_DIR": str(home / "cache" / "runs")}
        self.home = home
        self._errors = (home / "stderr.txt").open("w+")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "trafficking", "dashboard", "--port", "0", "--no-open", *arguments],
            cwd=home,
            env={**os.environ, **folders, **places, "HOME": str(home)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
        )

    def url(self, timeout_s: float = 120) -> str:
        """The address that the dashboard prints once it serves."""
        lines: queue.Queue[str] = queue.Queue()
        assert self.process.stdout is not None
        threading.Thread(
            target=lambda pipe: lines.put(pipe.readline()), args=(self.process.stdout,), daemon=True
        ).start()
        try:
            line = lines.get(timeout=timeout_s)
        except queue.Empty:
            line = ""
        assert line.startswith("Dashboard: http://127.0.0.1:"), f"printed {line!r}; standard error: {self.errors()}"
        return line.removeprefix("Dashboard: ").strip()

    def errors(self) -> str:
        return (self.home / "stderr.txt").read_text()

    def stop(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()
        self._errors.close()


@pytest.fixture(scope="session")
def dashboard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dashboard]:
    running = Dashboard(tmp_path_factory.mktemp("dashboard"))
    try:
        yield running
    finally:
        running.stop()


@pytest.fixture(scope="session")
def dashboard_url(dashboard: Dashboard) -> str:
    return dashboard.url()


@pytest.fixture
def visit(browser: Browser, dashboard_url: str) -> Iterator[Visit]:
    """Opens a page, in a browser context of its own; nothing may fail in it and nothing may leave this machine."""
    contexts, faults, asked = [], [], set()

    def open_page(path: str = "", *, width: int = 1366, height: int = 768, **options: str) -> Page:
        context = browser.new_context(viewport={"width": width, "height": height}, accept_downloads=True, **options)
        context.set_default_timeout(PATIENCE_MS)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda fault: faults.append(str(fault)))
        page.on("console", lambda said: faults.append(said.text) if said.type == "error" else None)
        page.on("request", lambda request: asked.add(urlsplit(request.url).netloc))
        page.on("websocket", lambda socket: asked.add(urlsplit(socket.url).netloc))
        page.goto(dashboard_url.rstrip("/") + "/" + path)
        page.wait_for_function(UNDER_WAY)
        return page

    expect.set_options(timeout=PATIENCE_MS)
    yield open_page
    for context in contexts:
        context.close()
    assert faults == []
    assert asked - {""} == {urlsplit(dashboard_url).netloc}, "blob: and data: apart, only the server is asked"
