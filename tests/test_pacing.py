"""Many sessions on one server: turns, and pictures per second."""

import pytest

from conftest import Opened
from test_dashboard import until
from trafficking import io as files
from trafficking.dashboard import pacing


@pytest.fixture(autouse=True)
def _two_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pacing, "AT_ONCE", 2)
    monkeypatch.setattr(pacing, "_line", {})
    return


def test_those_who_came_first_compute_and_the_others_move_up():
    places = [pacing.Place() for _ in range(5)]
    assert [place.ahead() for place in places] == [0, 0, 1, 2, 3]
    places[0].leave()
    assert [place.ahead() for place in places[1:]] == [0, 0, 1, 2]
    assert places[0].ahead() == 3


def test_one_run_gets_thirty_pictures_a_second_and_many_share(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(pacing, "AT_ONCE", 10)
    monkeypatch.setattr(pacing, "PICTURES_PER_S", 30)
    rates = []
    for _ in range(12):
        pacing.Place().ahead()
        rates.append(round(1.0 / pacing.frame_s(), 3))
    assert rates[:3] == [30.0, 15.0, 10.0]
    assert rates[9:] == [3.0, 3.0, 3.0]


def test_a_run_that_waits_says_how_many_come_before_it_and_then_runs(opened: Opened):
    small = files.load_scenario("chronic_insulin", {"receptors": "1000"})
    before = [pacing.Place() for _ in range(2)]
    assert [place.ahead() for place in before] == [0, 0]
    one, screen = opened(small)
    until(lambda: bool(screen.scenes) and "1 before you" in screen.last.message)
    assert screen.last.time_min == 0.0
    before[0].leave()
    until(lambda: screen.last.time_min > 100.0)
    assert screen.last.message == ""
    one.pause()
    until(lambda: screen.last.status == "paused")
    third = pacing.Place()
    assert third.ahead() == 0  # who rests holds no place
