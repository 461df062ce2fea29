"""What one session may take of a server: said where it is too much, and shared by all of its tabs."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from sessions import Screen, until
from test_jobs import Watch
from trafficking import io, limits
from trafficking.dashboard import budget, jobs, kept_runs, links, pacing, runner
from trafficking.dashboard.budget import Budget, OverBudget
from trafficking.dashboard.desk import Desk
from trafficking.dashboard.keeping import Keeping
from trafficking.dashboard.kept import Kept
from trafficking.dashboard.notes import Note, Notes
from trafficking.scenario import Scenario

pytestmark = pytest.mark.usefixtures("place")


class Page:
    """Stands in for the runner of a page."""

    def __init__(self, mine: Budget, away: bool = False) -> None:
        self._mine, self._away = mine, away
        self.told: list[str] = []

    def away(self) -> bool:
        return self._away

    def hand_over(self, message: str) -> None:
        self.told.append(message)
        self._mine.release(self)


@pytest.fixture
def small() -> Scenario:
    return io.load_scenario("chronic_insulin", {"receptors": "1000"})


@pytest.fixture
def allowed(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    def allow(receptors: int = budget.RECEPTORS, work_s: float = budget.WORK_S) -> None:
        monkeypatch.setattr(budget, "_allowed", [receptors, work_s])

    return allow


# -- receptors ---------------------------------------------------------------------------------------------------------


def test_ten_million_receptors_in_all_tabs_are_allowed_and_no_more():
    mine = Budget()
    one, other = Page(mine), Page(mine)
    mine.hold(one, 4e6)
    mine.hold(other, 6e6)
    with pytest.raises(OverBudget, match=r"about 5,000,000 receptors; one session may hold 10,000,000, of which 6,000"):
        mine.hold(one, 5e6)
    mine.hold(one, 3e6)  # in place of what it had, which was not lost
    mine.release(other)
    mine.hold(one, 10e6)


def test_tabs_of_a_browser_share_a_budget_and_others_have_their_own():
    mine = budget.of("a cookie")
    assert budget.of("a cookie") is mine
    assert budget.of("another") is not mine


def test_a_page_that_no_longer_answers_makes_room():
    mine = Budget()
    gone, there, new = Page(mine, away=True), Page(mine), Page(mine)
    mine.hold(gone, 5e6)
    mine.hold(there, 5e6)
    mine.hold(new, 5e6)
    assert gone.told == [budget.PUT_ASIDE]
    assert there.told == []
    with pytest.raises(OverBudget):
        mine.hold(gone, 1e6)


def test_a_run_counts_with_all_that_lives_and_is_kept_of_it(small: Scenario):
    assert budget.size(small) == pytest.approx(1000, rel=8.0)
    big = small.changed(receptors=1_000_000)
    assert 1.0e6 <= budget.size(big) < 1.1e6
    assert budget.size(big.changed(resolution="counts")) < 1e5
    many = io.load_scenario("washout", {"cells": "1000", "receptors": "10", "window": "30 min"})
    assert budget.size(many) >= 1000 * 100
    table = small.to_dict()
    (synthesis,) = [arrow for arrow in table["itinerary"]["transitions"] if arrow["name"] == "synthesis"]
    synthesis["rate"] = "100 /min"  # a hundred new receptors a minute for each that there is
    swollen = Scenario.from_dict(table)
    lives = limits.alive(swollen.itinerary, swollen.protocol, cells=1, receptors=1000)
    assert budget.size(swollen) >= lives / 2.0 > 1e7


@pytest.fixture
def sit(small: Scenario) -> Iterator[Callable[..., tuple[runner.Runner, Screen]]]:
    running = []

    def start(scenario: Scenario = small, mine: Budget | None = None, **more) -> tuple[runner.Runner, Screen]:
        screen = Screen(**{name: more.pop(name) for name in ("answers", "reduced_motion") if name in more})
        one = runner.Runner(scenario, show=screen.show, budget=mine, **more)
        running.append(one)
        screen.runner = one
        one.start()
        return one, screen

    yield start
    for one in running:
        one.close()
        one._thread.join(20)
        assert not one._thread.is_alive()


def test_a_run_that_is_too_large_is_refused_and_the_one_that_is_on_stays(sit, small: Scenario, allowed):
    allowed(receptors=20_000)
    one, screen = sit(mine=(mine := Budget()))
    one.acknowledge(0)
    until(lambda: bool(screen.scenes) and screen.last.time_min > 1.0)
    one.open(small.changed(receptors=50_000), seed=1)
    until(lambda: "one session may hold 20,000" in screen.last.message)
    assert "--session-receptors" in screen.last.message
    assert screen.last.scenario == small
    assert screen.last.status in ("running", "finished")
    other, seen = sit(small.changed(receptors=19_000), mine=mine)
    other.acknowledge(0)
    until(lambda: bool(seen.scenes) and seen.last.status == "failed")
    assert "in use in other tabs" in seen.last.message
    one.close()
    one._thread.join(20)
    other.reset()
    until(lambda: seen.last.status == "paused")


# -- work --------------------------------------------------------------------------------------------------------------


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """What has been spent, as the clock of a thread tells it."""
    spent = [0.0]
    monkeypatch.setattr(budget.time, "thread_time", lambda: spent[0])
    return spent


def test_a_core_minute_of_work_is_allowed_and_what_takes_longer_is_seen_early(measured: list[float]):
    mine = Budget()
    long, short = mine.piece(), mine.piece()
    measured[0] = 3.0
    long.report(0.1)  # 30 s in all
    with pytest.raises(
        OverBudget, match="This takes about 1 min of computing; one session may ask for 1 min at a time"
    ):
        short.report(0.05)
    short.report(0.11)
    with pytest.raises(OverBudget, match="27 s are under way or wait.*--session-work"):
        long.report(0.05)
    short.done()
    long.report(0.06)


def test_work_that_waits_counts_too():
    mine, pieces = Budget(), []
    for _ in range(30):
        pieces.append(mine.piece())
    with pytest.raises(OverBudget, match="1 min are under way or wait"):
        mine.piece()
    pieces[0].done()
    mine.piece()
    Budget().piece()


def test_a_job_beyond_the_budget_fails_in_words_and_frees_what_it_took(measured: list[float]):
    watch, mine = Watch(), Budget()

    def work(report: jobs.Progress) -> None:
        for percent in range(100):
            measured[0] += 1.0
            report(percent / 100.0)

    job = jobs.Job(work, changed=watch, budget=mine)
    watch.until(lambda: job.status == "failed")
    assert "one session may ask for 1 min at a time" in job.fault
    measured[0] = 0.0
    after = jobs.Job(lambda report: 1, changed=watch, budget=mine)
    watch.until(lambda: after.status == "done")
    assert not mine._work


def test_the_second_job_of_a_session_comes_after_the_first_of_others(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(jobs, "AT_ONCE", 1)
    watch, go, order, mine = Watch(), threading.Event(), [], Budget()
    first = jobs.Job(lambda report: go.wait(20.0), changed=watch, budget=mine)
    watch.until(lambda: first.status == "working")
    greedy = [
        jobs.Job(lambda report, i=i: order.append(f"mine {i}"), changed=watch, budget=mine)  # type: ignore[misc]
        for i in range(3)
    ]
    other = jobs.Job(lambda report: order.append("other"), changed=watch, budget=Budget())
    assert (other.ahead, [job.ahead for job in greedy]) == (0, [1, 2, 3])
    go.set()
    watch.until(lambda: all(job.status == "done" for job in (*greedy, other)))
    assert order == ["other", "mine 0", "mine 1", "mine 2"]


def test_the_second_run_of_a_session_waits_for_the_first_of_others(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(pacing, "AT_ONCE", 2)
    monkeypatch.setattr(pacing, "_line", {})
    mine = Budget()
    greedy, other = [pacing.Place(mine) for _ in range(3)], pacing.Place(Budget())
    assert [place.ahead() for place in greedy] == [0, 0, 1]
    assert other.ahead() == 0
    assert [place.ahead() for place in greedy] == [0, 1, 2]


def far(scenario: Scenario) -> Callable[[runner.Runner], Kept]:
    """What takes up a run that has to be computed again to its end."""
    return lambda _: Kept(scenario, scenario, 1, scenario.protocol.duration_min)


def test_a_link_to_a_minute_too_far_stops_where_it_has_come_to(sit, small: Scenario, allowed):
    allowed(work_s=budget._UNKNOWN_S / 2.0)
    one, screen = sit(mine=(mine := Budget()), taking=far(small))
    one.acknowledge(0)
    until(lambda: bool(screen.scenes) and screen.last.status == "paused")
    assert "--session-work" in screen.last.message
    assert "Play goes on from here" in screen.last.message
    assert screen.last.time_min < small.protocol.duration_min
    assert not mine._work
    one.play()
    until(lambda: screen.last.status == "running" and screen.last.time_min > 0.0)


def test_with_reduced_motion_a_run_that_takes_too_long_is_paused(sit, allowed):
    allowed(work_s=budget._UNKNOWN_S / 2.0)
    one, screen = sit(reduced_motion=True)
    one.acknowledge(0, reduced_motion=True)
    until(lambda: bool(screen.scenes) and "--session-work" in screen.last.message)
    assert screen.last.status == "paused"


def test_a_link_to_a_far_minute_computes_nothing_until_its_page_answers(sit, small: Scenario):
    one, screen = sit(answers=False, taking=far(small))
    until(lambda: one._base.status == "restoring")
    assert one._idle_s or one._run is None or one._run.time_min == 0.0
    until(lambda: one._idle_s == runner.WAITS_S)
    assert one._run is not None
    assert one._run.time_min == 0.0
    one.acknowledge(one._sent)
    screen.answers = True
    until(lambda: screen.last.status == "finished")


def test_a_link_whose_page_is_gone_waits_and_does_not_spin(sit, monkeypatch: pytest.MonkeyPatch):
    """A run on its way has no pace: what it waits for must have one."""
    monkeypatch.setattr(runner, "LOST_S", 0.0)
    scenario = io.load_scenario("chronic_insulin", {"receptors": "2000000"})
    one, screen = sit(scenario, answers=False, taking=far(scenario))
    one.acknowledge(0)
    until(lambda: one._idle_s == runner.WAITS_S and one._greeted)
    assert one._due() - one._worked_at == pytest.approx(runner.WAITS_S)
    assert one._run is not None
    assert one._run.time_min < scenario.protocol.duration_min


def test_runs_of_one_session_compute_one_at_a_time(sit):
    mine = Budget()
    one, screen = sit(mine=mine)
    one.acknowledge(0)
    until(lambda: bool(screen.scenes) and screen.last.time_min > 1.0)
    with mine.turn:
        until(lambda: one._base.status == "running")
        stands = one._run.time_min
        other, seen = sit(mine=Budget())
        other.acknowledge(0)
        until(lambda: bool(seen.scenes) and seen.last.time_min > 20.0)
        assert one._run.time_min == stands
    until(lambda: screen.last.time_min > stands)


def test_a_link_beyond_the_budget_is_said_on_the_page(allowed, small: Scenario):
    allowed(receptors=200_000)
    big = small.changed(receptors=300_000)
    link = links.written(Kept(big, big, 1, 100.0))
    sitting = Desk(f"link={link}", session="one")

    def said() -> bool:
        sitting.plot._handle_custom_msg({"acknowledged": sitting.plot.seq, "reduced": False}, [])
        return sitting.controls.state.get("note", "").startswith("This link was not opened: ")

    try:
        until(said)
        note = sitting.controls.state["note"]
        assert "one session may hold 200,000" in note
        assert note.endswith("Here is a new one.")
    finally:
        sitting.close()


# -- disk --------------------------------------------------------------------------------------------------------------


def kept(small: Scenario, size: int) -> Kept:
    return replace(Kept(small, small, 1, 0.0), snapshot=b"x" * size)


def write(keeper: Keeping, run: Kept) -> str:
    keeper.begin(None)  # type: ignore[arg-type]
    keeper.write(run, object(), began=0.0)
    keeper.close()
    return keeper.run_id


def test_each_writing_keeps_within_the_room_of_all(small: Scenario, place: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(kept_runs, "MOST_BYTES", 1_000_000)
    ids = []
    for _ in range(8):  # each from a session of its own
        ids.append(write(Keeping(Budget()), kept(small, 200_000)))
        assert sum(path.stat().st_size for path in place.iterdir()) <= 1_000_000
    left = {path.name for path in place.glob("*.run")}
    assert left == {f"{run_id}.run" for run_id in ids[-4:]}


def test_a_session_pushes_out_its_own_runs_first(small: Scenario, place: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(kept_runs, "MOST_BYTES", 1_000_000)
    other = write(Keeping(Budget()), kept(small, 200_000))
    mine = Budget()
    ids = [write(Keeping(mine), kept(small, 100_000)) for _ in range(20)]
    assert {path.name for path in place.glob("*.run")} == {f"{run_id}.run" for run_id in (other, *ids[-2:])}
    tabs = [Notes(mine) for _ in range(20)]
    for notes in tabs:
        notes.know(kept_runs.new_id())
        notes.put("body", Note({"words": "x" * 100_000}))
    assert sum(path.stat().st_size for path in place.iterdir()) <= 200_000 + 250_000 + 20_000
    assert (place / f"{other}.run").exists()


def test_a_run_that_takes_more_than_a_session_may_keep_is_said_and_costs_no_other(
    small: Scenario, place: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(kept_runs, "MOST_BYTES", 1_000_000)
    keeper = Keeping(Budget())
    first = write(keeper, kept(small, 100_000))
    write(keeper, kept(small, 300_000))
    assert keeper.fault.startswith("This run cannot be kept on disk: it takes 0 MB; at most 0 MB are kept")
    assert {path.name for path in place.glob("*.run")} == {f"{first}.run"}


def test_what_is_in_use_is_never_removed(small: Scenario, place: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(kept_runs, "MOST_BYTES", 1_000_000)
    mine = Budget()
    open_ones = [Keeping(mine) for _ in range(3)]
    for keeper in open_ones:
        keeper.begin(None)  # type: ignore[arg-type]
        keeper.write(kept(small, 100_000), object(), began=0.0)
    assert [bool(keeper.fault) for keeper in open_ones] == [False, False, True]
    assert "all of it is in use" in open_ones[2].fault
    for keeper in open_ones:
        keeper.close()


def test_files_of_a_session_are_counted_too(place: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(kept_runs, "MOST_FILES", 40)
    mine = Budget()
    for _ in range(30):
        notes = Notes(mine)
        notes.know(kept_runs.new_id())
        notes.put("body", Note({}))
    assert len(list(place.glob("*.notes"))) == 10
