"""Long computations of the page: they report, wait their turn, can be cancelled, and fail in words."""

import threading
from collections.abc import Callable

import pytest

from trafficking.dashboard import beforehand, jobs

PATIENCE_S = 20.0


class Watch:
    """Waits for what a job becomes."""

    def __init__(self) -> None:
        self._bell = threading.Condition()

    def __call__(self, _: jobs.Job) -> None:
        with self._bell:
            self._bell.notify_all()

    def until(self, condition: Callable[[], bool]) -> None:
        with self._bell:
            assert self._bell.wait_for(condition, timeout=PATIENCE_S)


@pytest.fixture
def one_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "AT_ONCE", 1)


def test_a_job_reports_and_gives_its_result():
    watch, seen = Watch(), []
    job = jobs.Job(
        lambda report: (report(0.5), 42)[1], changed=lambda job: (seen.append((job.status, job.share)), watch(job))
    )
    watch.until(lambda: job.status == "done")
    assert (job.result, job.fault) == (42, "")
    assert ("working", 0.0) in seen


def test_jobs_wait_for_each_other_in_the_order_in_which_they_came(one_at_a_time: None):
    watch, go, order = Watch(), threading.Event(), []

    def first(report: jobs.Progress) -> None:
        go.wait(PATIENCE_S)
        order.append(1)

    one = jobs.Job(first, changed=watch)
    watch.until(lambda: one.status == "working")
    two = jobs.Job(lambda report: order.append(2), changed=watch)
    three = jobs.Job(lambda report: order.append(3), changed=watch)
    assert (two.status, two.ahead, three.ahead) == ("waiting", 0, 1)
    assert two.going
    go.set()
    watch.until(lambda: three.status == "done")
    assert order == [1, 2, 3]


def test_a_job_that_waits_says_so_and_how_many_come_before_it(one_at_a_time: None):
    watch, said = Watch(), []

    def forever(report: jobs.Progress) -> None:
        while True:
            report(0.1)

    def tell(job: jobs.Job) -> None:
        if job.status == "waiting":
            said.append(job.ahead)
        watch(job)

    one = jobs.Job(forever, changed=watch)
    watch.until(lambda: one.status == "working")
    two = jobs.Job(forever, changed=watch)
    three = jobs.Job(lambda report: 3, changed=tell)
    watch.until(lambda: said == [1])
    two.cancel()
    watch.until(lambda: said == [1, 0])
    one.cancel()
    watch.until(lambda: three.status == "done")
    assert not three.going


def test_a_job_is_cancelled_at_work_and_while_it_waits(one_at_a_time: None):
    watch, at_work, done = Watch(), threading.Event(), []

    def forever(report: jobs.Progress) -> None:
        while True:
            at_work.set()
            report(0.1)

    one = jobs.Job(forever, changed=watch)
    assert at_work.wait(PATIENCE_S)
    two = jobs.Job(lambda report: done.append(2), changed=watch)
    two.cancel()
    watch.until(lambda: two.status == "cancelled")
    assert one.status == "working"
    one.cancel()
    watch.until(lambda: one.status == "cancelled")
    three = jobs.Job(lambda report: done.append(3), changed=watch)
    watch.until(lambda: three.status == "done")
    assert done == [3], "a cancelled job gives its place up and does no work"


def test_a_job_that_fails_says_why_and_gives_its_place_up(one_at_a_time: None):
    watch = Watch()

    def fail(report: jobs.Progress) -> None:
        raise ValueError("insulin 5 nM: too much")

    job = jobs.Job(fail, changed=watch)
    watch.until(lambda: job.status == "failed")
    assert job.fault == "insulin 5 nM: too much"
    after = jobs.Job(lambda report: 1, changed=watch)
    watch.until(lambda: after.status == "done")


def test_the_page_in_view_goes_ahead_of_one_that_was_left(one_at_a_time: None):
    watch, enough = Watch(), threading.Event()

    def until_enough(report: jobs.Progress) -> None:
        while not enough.is_set():
            report(0.1)

    left = jobs.Job(until_enough, changed=watch)
    watch.until(lambda: left.status == "working")
    left.left = True
    seen = jobs.Job(until_enough, changed=watch)
    watch.until(lambda: (seen.status, left.status) == ("working", "waiting"))
    enough.set()
    watch.until(lambda: left.status == "done")
    assert seen.status == "done", "what was left goes on from where it was, once nobody waits"


def test_a_page_that_is_come_back_to_goes_ahead_again(one_at_a_time: None):
    watch, enough, order = Watch(), threading.Event(), []

    def until_enough(report: jobs.Progress) -> None:
        while not enough.is_set():
            report(0.1)

    now = jobs.Job(until_enough, changed=watch)
    watch.until(lambda: now.status == "working")
    first = jobs.Job(lambda report: order.append("first"), changed=watch, left=True)
    other = jobs.Job(lambda report: order.append("other"), changed=watch, left=True)
    assert (first.ahead, other.ahead) == (0, 1)
    other.left = False
    assert (first.ahead, other.ahead) == (1, 0)
    enough.set()
    watch.until(lambda: first.status == other.status == "done")
    assert order == ["other", "first"]


def test_a_job_that_was_left_is_cancelled_while_it_makes_room(one_at_a_time: None):
    watch = Watch()

    def forever(report: jobs.Progress) -> None:
        while True:
            report(0.1)

    left, seen = jobs.Job(forever, changed=watch, left=True), jobs.Job(forever, changed=watch)
    watch.until(lambda: (seen.status, left.status) == ("working", "waiting"))
    left.cancel()
    watch.until(lambda: left.status == "cancelled")
    seen.cancel()
    watch.until(lambda: seen.status == "cancelled")


def test_a_job_waits_for_its_code_and_lets_others_pass(one_at_a_time: None, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(beforehand, "_to_come", {"body"})
    watch = Watch()
    needy = jobs.Job(lambda report: 1, changed=watch, needs=["mean", "body"])
    given_up = jobs.Job(lambda report: 1, changed=watch, needs=["body"])
    watch.until(lambda: needy.status == given_up.status == "preparing")
    assert needy.going
    assert jobs.said(needy) == "Preparing, once per installation…"
    other = jobs.Job(lambda report: 2, changed=watch, needs=["mean"])
    watch.until(lambda: other.status == "done")
    given_up.cancel()
    watch.until(lambda: given_up.status == "cancelled")
    assert needy.status == "preparing"
    beforehand._made({"body"})
    watch.until(lambda: needy.status == "done")
