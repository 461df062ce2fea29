"""Every answer of a page says what it is the answer of, and stays with it whatever the form holds by then."""

import io
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd
import pytest
from playwright.sync_api import expect

from pages import Visit, go, photograph
from runs import hand_made
from trafficking.dashboard import patient, pins, store
from trafficking.dashboard.form import Form
from trafficking.dashboard.jobs import Job, Progress
from trafficking.dashboard.notes import Note, Notes
from trafficking.dashboard.pages import body, dose_response
from trafficking.dashboard.task import Task

PATIENCE_S = 120.0
PERSON = {field["name"]: str(field["value"]) for field in body.fields()} | {"years": "2", "start": "1", "stop": "2"}
DOSES = {field["name"]: str(field["value"]) for field in dose_response._fields()} | {"doses": "6", "hours": "2"}
Kept = body.Person | dose_response.Doses


class Desk:
    """Stands in for a session: its notes are those of a tab."""

    def __init__(self) -> None:
        self.notes = Notes()
        self.notes.know("T" * 24)

    def noted(self, page: str) -> dict:
        found: list[Note | None] = []
        self.notes.recall(page, found.append)
        assert found[0] is not None
        return dict(found[0].words["values"])


@pytest.fixture
def answered(place: Path) -> Iterator[Callable[..., Kept]]:
    """Asks a page for something, as its form does, and waits for what becomes of that."""
    known: dict[type, Kept] = {}

    def ask(kind: type, do: str = "start", **values: str) -> Kept:
        if kind not in known:
            known[kind] = kind()
            known[kind].desk = Desk()
        kept = known[kind]
        bell, hear = threading.Event(), getattr(kept, "_hear_form", None) or kept._hear

        def see(_: object) -> None:
            if not kept.form.state["busy"]:
                bell.set()

        kept.form.observe(see, "state")
        hear({"do": "start", "values": (PERSON if kind is body.Person else DOSES) | values})
        if do == "cancel":
            hear({"do": "cancel"})
        assert bell.wait(PATIENCE_S)
        kept.form.unobserve(see, "state")
        return kept

    yield ask
    for kept in known.values():
        kept.close()


def of_body(kept: body.Person) -> set[str]:
    """What each card of the body says that it is of."""
    sheets = (kept.answer, kept.findings, kept.organs)
    charts = [chart.view for chart in kept.charts.values()]
    assert all(view["text"].startswith(view["of"]) for view in charts), "for those who cannot see it, too"
    return {kept.ribbon.of, *(sheet.state["of"] for sheet in sheets), *(view["of"] for view in charts)}


def files(shelf: str, links: list) -> dict[str, pd.DataFrame]:
    """What can be taken away, by the name under which it is saved."""
    found = {}
    for address, _, _ in links:
        blocks, _, name = store.stream(shelf, address.rsplit("/", 1)[1])
        found[name] = pd.read_csv(io.BytesIO(b"".join(blocks)))
    return found


def test_the_answers_of_the_body_are_those_of_what_was_given(answered):
    kept = answered(body.Person, intervention="metformin", insult="0.7")
    (said,) = of_body(kept)
    assert said == (
        "The vicious cycle: from resistance to overt diabetes, 2 years; Metformin from year 1 to 2; "
        "sensitivity left by the insult 0.7"
    )
    taken = files(kept._shelf, kept.answer.state["links"])
    assert {name.partition("-metformin_1_to_2y-insult_0.7-")[0] for name in taken} == {"vicious_cycle-2y"}
    assert all(set(table["person"]) == {said} for table in taken.values())
    live = patient.cell(kept.found, "liver", 2.0)
    assert "Metformin" in live.title
    assert "metformin" in live.name
    answered(body.Person)
    assert of_body(kept) == {"The vicious cycle: from resistance to overt diabetes, 2 years; no intervention"}
    assert not any("metformin" in name for name in files(kept._shelf, kept.answer.state["links"]))


def test_an_answer_stays_that_to_its_own_values_when_the_next_is_cancelled(answered):
    kept = answered(body.Person, intervention="metformin")
    before = of_body(kept)
    answered(body.Person, "cancel", years="40", power="1.7")
    assert of_body(kept) == before
    assert kept.form.answered == PERSON | {"intervention": "metformin"}
    assert kept.desk.noted("body") == kept.form.answered, "a reload brings back the pair"


def test_the_answers_of_doses_are_those_of_what_was_asked(answered):
    kept = answered(dose_response.Doses, tissue="liver")
    said = kept.sheet.state["of"]
    assert said == kept.chart.view["of"]
    assert said.endswith(", 6 doses from 0.01 nM to 100 nM for 2 h, expected numbers")
    ((name, table),) = files(kept._shelf, kept.sheet.state["links"]).items()
    assert name == "liver_dose_response-2h-mean.csv"
    assert set(table["tissue"]) == {"liver"}
    answered(dose_response.Doses, "cancel", resolution="counts", doses="40", replicates="200", hours="336")
    assert (kept.sheet.state["of"], kept.chart.view["of"]) == (said, said)
    assert kept.form.answered == DOSES | {"tissue": "liver"}
    assert kept.desk.noted("dose-response") == kept.form.answered


def test_what_is_asked_while_something_is_computed_is_neither_begun_nor_noted(place: Path):
    kept, going = body.Person(), threading.Event()
    kept.desk = Desk()

    def long(report: Progress) -> None:
        while not going.wait(0.01):
            report(0.5)

    kept.task.start(long, needs=(), asked=PERSON)
    kept._hear_form({"do": "start", "values": PERSON | {"intervention": "metformin"}})
    assert kept.task.job.asked == PERSON
    assert list(place.glob("*.notes")) == []
    going.set()
    kept.close()


def test_a_job_that_is_begun_again_is_the_answer_to_the_same_values():
    bell = threading.Event()
    form = Form(fields=[{"name": "years", "value": 15}])

    def changed(job: Job[None]) -> None:
        form.follow(job)
        if not job.going:
            bell.set()

    task: Task[None] = Task(changed)
    assert task.start(lambda report: None, needs=(), asked={"years": "3"})
    assert bell.wait(PATIENCE_S)
    bell.clear()
    form.answered = {}
    task.again()
    assert bell.wait(PATIENCE_S)
    assert form.answered == {"years": "3"}


def test_a_pin_says_what_was_run_whatever_it_is_called():
    run = hand_made()
    title = run.scenario.title or run.scenario.name
    own = pins.of_result(run, name="mine", look=0, by_hand=2)
    assert own.of.startswith(f"{title}, ")
    assert own.of.endswith("agents, seed 7, 4 h, 2 changes by hand")
    assert not pins.of_result(run, name=f"{title} (Live)", look=0).of.startswith(title)
    cold = run.scenario.changed(treatments=[{"kind": "temperature", "at": "1 h", "celsius": 4}])
    assert "4 C from 1 h" in pins.computed(cold, name="x", look=0, replicates=1, seed=1, progress=lambda _: None).of


# -- in a browser ------------------------------------------------------------------------------------------------------


def test_a_form_holds_what_was_chosen_and_says_where_its_answer_is_of_other_settings(visit: Visit):
    page = visit("body")
    form = page.get_by_role("form", name="The person")
    stale, of = form.locator(".form-stale"), page.locator(".person .sheet-of").first
    expect(of).to_contain_text("no intervention")
    expect(stale).to_have_text("")
    form.locator("[name=intervention]").select_option("metformin")
    expect(stale).to_contain_text("Settings have changed since")
    expect(of).to_contain_text("no intervention")
    photograph(page, "body-stale")
    form.get_by_role("button", name="Follow this person").click()
    expect(of).to_contain_text("Metformin from year 8 to 15")
    expect(stale).to_have_text("")
    form.locator("[name=intervention2]").select_option("lifestyle")
    for name in ("Live", "Body"):
        go(page, name)
    expect(form.locator("[name=intervention]")).to_have_value("metformin")
    expect(form.locator("[name=intervention2]")).to_have_value("lifestyle")
    expect(stale).to_contain_text("Settings have changed since")
    page.reload()
    expect(of).to_contain_text("Metformin from year 8 to 15")
    expect(form.locator("[name=intervention]")).to_have_value("metformin")
    expect(form.locator("[name=intervention2]")).to_have_value("")
    expect(stale).to_have_text("")
    titles = page.locator(".person .answer-of:visible").all_inner_texts()
    assert len(titles) >= 9
    assert len(set(titles)) == 1


def test_choices_that_act_at_once_are_there_on_the_way_back(visit: Visit):
    page = visit("dose-response")
    expect(page.locator(".sheet")).to_have_attribute("data-rows", "14")
    page.get_by_label("Read at the end").select_option("bound")
    expect(page.locator(".chart figcaption b")).to_contain_text("with insulin bound")
    for name in ("Live", "Dose-response"):
        go(page, name)
    expect(page.locator(".chart figcaption b")).to_contain_text("with insulin bound")
    expect(page.get_by_label("Read at the end")).to_have_value("bound")
    expect(page.locator(".form-stale").first).to_have_text("")
    page.get_by_role("spinbutton", name="Exposure").fill("24.0")
    expect(page.locator(".form-stale").first).to_have_text("")
    page.get_by_role("spinbutton", name="Exposure").fill("4")
    expect(page.locator(".form-stale").first).to_contain_text("Settings have changed since")
    expect(page.locator(".chart-of")).to_contain_text("for 24 h")
    photograph(page, "dose-response-stale")
