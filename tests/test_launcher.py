"""The dashboard's server: who may ask, what it says when it cannot start, how it ends."""

import http.client
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from conftest import Dashboard


def ask(url: str, method: str = "GET", path: str = "/", **headers: str) -> http.client.HTTPResponse:
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=60)
    try:
        connection.request(method, path, headers={name.replace("_", "-"): text for name, text in headers.items()})
        answer = connection.getresponse()
        answer.body = answer.read()  # type: ignore[attr-defined]
        return answer
    finally:
        connection.close()


def upgrade(url: str, **headers: str) -> int:
    wanted = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec_WebSocket_Version": "13",
        "Sec_WebSocket_Key": "AAAAAAAAAAAAAAAAAAAAAA==",
    }
    return ask(url, path="/jupyter/api/kernels/k/channels?session_id=s", **wanted, **headers).status


def test_the_server_says_that_it_is_healthy(dashboard_url: str):
    assert ask(dashboard_url, path="/healthz").status == 200


def test_the_page_is_made_in_any_locale():
    """The scripts of the page hold letters beyond ASCII, and a terminal need not know them."""
    ascii_only = {"LC_ALL": "C", "LANG": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
    code = "from trafficking.dashboard import launcher; launcher.configure(); import trafficking.dashboard.app"
    done = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, **ascii_only}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def test_a_request_for_another_host_is_refused(dashboard_url: str):
    assert ask(dashboard_url, Host="evil.example").status == 400
    assert upgrade(dashboard_url, Host="evil.example") >= 400


def test_another_sites_page_can_open_no_socket_and_post_nothing(dashboard_url: str):
    assert upgrade(dashboard_url, Origin="http://evil.example") == 403
    closing = "/_solara/api/close/k?session_id=s"
    assert ask(dashboard_url, "POST", closing, Origin="http://evil.example").status == 403
    assert ask(dashboard_url, "POST", closing, Origin="null").status == 403
    assert ask(dashboard_url, "POST", closing, Origin=dashboard_url.rstrip("/")).status == 200


def test_every_answer_tells_the_browser_to_ask_nobody_else(dashboard_url: str):
    for path in ("/", "/healthz", "/nowhere/at/all"):
        headers = ask(dashboard_url, path=path).headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert "default-src 'self'" in headers["Content-Security-Policy"]
        assert "frame-ancestors 'self'" in headers["Content-Security-Policy"]
        assert headers["Referrer-Policy"] == "same-origin"


def test_the_page_is_readable_aloud_and_can_be_magnified(dashboard_url: str):
    answer = ask(dashboard_url)
    page = answer.body.decode()  # type: ignore[attr-defined]
    assert '<html lang="en">' in page
    assert "user-scalable=no" not in page
    assert "HttpOnly" in answer.headers["Set-Cookie"]


def test_a_front_end_file_that_is_missing_is_not_fetched_from_elsewhere(dashboard_url: str):
    assert ask(dashboard_url, path="/_solara/cdn/vega@5/build/vega.min.js").status == 404


def test_an_address_of_no_page_leads_back(dashboard_url: str):
    answer = ask(dashboard_url, path="/Compare")
    assert answer.status == 404
    assert '<a href="/">' in answer.body.decode()  # type: ignore[attr-defined]


def test_an_unknown_run_cannot_be_exported(dashboard_url: str):
    assert ask(dashboard_url, path="/export/no-such-run/run.zip").status == 404


def test_nothing_is_written_into_the_home_folder(dashboard: Dashboard, dashboard_url: str):
    assert {path.name for path in dashboard.home.iterdir()} - {"cache", "stderr.txt"} == set()


def launch(*arguments: str) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "trafficking", "dashboard", "--no-open", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60, stdin=subprocess.DEVNULL)


def test_a_busy_port_is_named_in_one_line():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = launch("--port", str(port))
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert f"port {port} is busy" in done.stderr
    assert "--port" in done.stderr


def test_other_machines_are_refused_unless_asked_for():
    done = launch("--port", "0", "--host", "0.0.0.0")
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "this machine only" in done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="no signal of the keyboard can be sent to one process there")
def test_ctrl_c_ends_the_dashboard_quietly(tmp_path: Path):
    running = Dashboard(tmp_path)
    try:
        running.url()
        running.process.send_signal(signal.SIGINT)
        assert running.process.wait(timeout=20) == 130
        assert running.errors() == ""
    finally:
        running.stop()
