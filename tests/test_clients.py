"""Ten people on one server at once: every run goes on, and when they have left nothing of them is left either."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from clients import Client
from conftest import Dashboard

SCENES = 12
PATIENCE_S = 120.0


def eventually(holds: Callable[[], bool]) -> bool:
    """Whether it holds before patience ends; asked again and again, since nobody tells when a thread is gone."""
    deadline = time.monotonic() + PATIENCE_S
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def went_on(client: Client) -> bool:
    return client.scenes >= SCENES and "Surface receptors" in client.sentence


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="threads of another process are counted in /proc")
def test_ten_sessions_all_go_on_and_their_runs_end_when_they_leave(tmp_path: Path):
    server = Dashboard(tmp_path)
    try:
        url = server.url()
        tasks = Path(f"/proc/{server.process.pid}/task")
        people = [Client(url) for _ in range(10)]
        for each in people:
            each.wait_for(went_on, PATIENCE_S)
        busy = len(list(tasks.iterdir()))
        for each in people:
            each.close()
        # A thread of each run at least is gone; idle ones of the server's pool stay for whoever comes next.
        assert eventually(lambda: len(list(tasks.iterdir())) <= busy - len(people))
        assert "Traceback" not in server.errors()
    finally:
        server.stop()
