"""What a page computes, and what stands in its cards until it is there."""

import threading

import pytest

from trafficking.dashboard import jobs, patient
from trafficking.dashboard.jobs import Job, Progress
from trafficking.dashboard.pages import body, dose_response
from trafficking.dashboard.task import Task, in_view

PATIENCE_S = 60.0


class Watch:
    """Waits for what becomes of a task; a double of Live, too, which notes whether somebody looks at it."""

    def __init__(self) -> None:
        self.bell, self.seen = threading.Condition(), True

    def __call__(self, _: object) -> None:
        with self.bell:
            self.bell.notify_all()

    def until(self, condition) -> None:
        with self.bell:
            assert self.bell.wait_for(condition, timeout=PATIENCE_S)

    def look(self, seen: bool) -> None:
        self.seen = seen


def forever(report: Progress) -> None:
    while True:
        report(0.25)


def test_a_task_has_one_job_at_a_time_and_begins_the_latest_anew():
    watch, done = Watch(), []
    task: Task[None] = Task(watch)
    task.again()
    assert task.job is None
    task.start(forever, needs=())
    first = task.job
    task.start(done.append, needs=())
    assert task.job is first
    task.cancel()
    watch.until(lambda: first.status == "cancelled")
    task.again()
    assert task.job is not first
    watch.until(lambda: task.job.status == "working")
    task.cancel()
    watch.until(lambda: task.job.status == "cancelled")
    assert done == []


def test_the_job_of_a_page_is_left_while_another_page_is_open():
    watch = Watch()
    task: Task[None] = Task(watch)
    leave = in_view(task, watch, lambda: task.start(forever, needs=()))
    assert (task.job.left, watch.seen) == (False, False)
    leave()
    assert (task.job.left, watch.seen) == (True, True)
    in_view(task, watch)
    assert (task.job.left, watch.seen) == (False, False)
    task.cancel()


def test_cards_of_the_body_say_what_comes_and_offer_to_compute_what_was_cancelled(monkeypatch: pytest.MonkeyPatch):
    kept, lives, at_work = body.Person(), patient.lives, threading.Event()

    def slow(asked: patient.Wish, report: Progress) -> None:
        report(0.4)
        at_work.set()
        forever(report)

    said = threading.Condition()
    kept.task.coming.observe(lambda _: Watch.__call__(watch, None), "state")
    watch = Watch()
    watch.bell = said
    monkeypatch.setattr(patient, "lives", slow)
    coming = kept.task.coming
    assert coming.state["shown"]
    kept.begin()
    assert at_work.wait(PATIENCE_S)
    watch.until(lambda: "25 % done" in coming.state["words"])
    assert (coming.state["title"], coming.state["busy"]) == ("Comes when computed", True)
    kept._hear_form({"do": "cancel"})
    watch.until(lambda: not coming.state["busy"])
    assert (coming.state["shown"], coming.state["title"]) == (True, "Not computed")
    assert coming.state["words"] == kept.form.state["words"] == "Cancelled at 25 %"
    monkeypatch.setattr(patient, "lives", lives)
    kept._start(patient.wish({field["name"]: field["value"] for field in body.fields()}))
    watch.until(lambda: not coming.state["shown"])
    assert kept.ribbon.end > 0.0
    kept.close()


def test_what_was_computed_before_stays_when_the_next_is_cancelled():
    kept, watch = dose_response.Doses(), Watch()
    kept.form.observe(watch, "state")
    kept.begin()
    watch.until(lambda: kept.sheet.state and not kept.form.state["busy"])
    assert not kept.task.coming.state["shown"]
    long = {field["name"]: field["value"] for field in dose_response._fields()}
    kept._hear({"do": "start", "values": long | {"resolution": "counts", "replicates": "200", "doses": "40"}})
    watch.until(lambda: kept.form.state["busy"])
    kept._hear({"do": "cancel"})
    watch.until(lambda: not kept.form.state["busy"])
    assert kept.form.state["words"].endswith("; what is shown was computed before")
    assert not kept.task.coming.state["shown"]
    kept.close()


def test_a_fault_is_said_where_the_answer_would_be():
    watch = Watch()

    def fail(report: Progress) -> None:
        raise ValueError("no insulin")

    def changed(job: Job[None]) -> None:
        task.coming.follow(job, there=False)
        watch(job)

    task: Task[None] = Task(changed)
    task.start(fail, needs=())
    watch.until(lambda: task.job is not None and task.job.status == "failed")
    assert task.coming.state["words"] == "It stopped: no insulin"
    assert jobs.said(task.job) == ""
