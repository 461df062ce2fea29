"""What am I looking at? Every card of every page answers that, in the same way."""

import re

import pytest
from playwright.sync_api import Page, expect

from pages import Visit
from trafficking.dashboard.elements import QUESTION
from trafficking.dashboard.pages import PLACES

# What of a page comes last, so that its cards are all there.
LAST = {
    "": ".deck-card",
    "compare": ".pins-sheet",
    "dose-response": ".answer-sheet",
    "body": ".person-follows",
    "experiments": ".trials .answer-chart",
    "exposure": ".editor-list",
    "model": ".constants",
    "data": ".tables-preview",
}
SENTENCE = re.compile(r"[.?](?=\s|[A-Z“]|$)")
WITHOUT = """() => [...document.querySelectorAll('main:not([hidden]) .card')]
    .filter((card) => card.querySelectorAll(':scope > .what').length !== 1).map((card) => card.className)"""
HEADINGS = """() => [...document.querySelectorAll('main:not([hidden]) h2')]
    .filter((title) => !title.closest('.card')?.querySelector(':scope > .what')).map((title) => title.textContent)"""


def opened(visit: Visit, path: str) -> Page:
    page = visit(path)
    expect(page.locator(f"main:not([hidden]) {LAST[path]}")).to_be_visible()
    return page


@pytest.mark.parametrize("path", [place.path for place in PLACES])
def test_every_card_and_every_heading_says_what_it_is(visit: Visit, path: str):
    page = opened(visit, path)
    assert page.locator("main:not([hidden]) .card").count() > 0
    assert page.evaluate(WITHOUT) == []
    assert page.evaluate(HEADINGS) == []
    texts = page.locator("main:not([hidden]) .card > .what > div")
    said = texts.evaluate_all("all => all.map((each) => each.textContent)")
    assert len(set(said)) == len(said)
    assert [text for text in said if len(SENTENCE.findall(text)) < 2] == []


@pytest.mark.parametrize("path", ["exposure", "data"])
def test_the_answer_opens_over_a_card_that_a_widget_draws(visit: Visit, path: str):
    page = opened(visit, path)
    question = page.locator(f"main:not([hidden]) {LAST[path]} > .what summary")
    expect(question).to_have_text(QUESTION)
    question.press("Enter")
    expect(page.locator(f"main:not([hidden]) {LAST[path]} > .what > div")).to_be_visible()
