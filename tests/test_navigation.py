"""The names of pages at the top, in a real browser: one session goes through them, and its run goes on."""

import re
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from pages import UNDER_WAY, Visit, go
from trafficking.dashboard.pages import PLACES

ELSEWHERE = [place for place in PLACES if place.view is not None]


def scenes(page: Page) -> int:
    """How many scenes of the run on Live the browser has been given."""
    return int(page.locator(".plot").get_attribute("data-seq"))


def test_the_run_on_live_goes_on_while_other_pages_are_open(visit: Visit):
    page = visit()
    page.get_by_role("slider").press("ArrowRight")
    expect(page.locator(".dose-note")).to_have_text("set by you")
    for place in ELSEWHERE:
        go(page, place.name)
        assert urlsplit(page.url).path == f"/{place.path}"
        assert place.name in page.title()
        expect(page.locator(".live")).to_be_hidden()
        seen = scenes(page)
        page.wait_for_function(f"Number(document.querySelector('.plot').dataset.seq) > {seen + 3}")
    go(page, "Live")
    expect(page.locator(".dose-note")).to_have_text("set by you")
    expect(page.get_by_role("slider")).to_be_visible()


def test_back_and_forward_go_through_the_pages_of_one_session(visit: Visit):
    page = visit()
    page.get_by_role("slider").press("ArrowRight")
    expect(page.locator(".dose-note")).to_have_text("set by you")
    go(page, "Data")
    page.go_back()
    expect(page.locator("[aria-current=page]")).to_have_text("Live")
    expect(page.locator(".dose-note")).to_have_text("set by you")
    page.go_forward()
    expect(page.locator("[aria-current=page]")).to_have_text("Data")
    expect(page.locator(".live")).to_be_hidden()


@pytest.mark.parametrize("place", ELSEWHERE, ids=lambda place: place.path)
def test_a_page_that_is_opened_by_its_address_or_reloaded_is_that_page(visit: Visit, place):
    page = visit(place.path)
    for _ in range(2):
        expect(page.locator("[aria-current=page]")).to_have_text(place.name)
        expect(page.locator(f"main.{place.path}")).to_be_visible()
        assert page.locator(".v-app-bar, .v-tabs").count() == 0, "no bars but our own"
        page.reload()
        page.wait_for_function(UNDER_WAY)


def test_pages_are_opened_by_keyboard_alone(visit: Visit):
    page = visit()
    link = page.get_by_role("navigation", name="Pages").get_by_role("link", name="Data", exact=True)
    for _ in range(20):
        page.keyboard.press("Tab")
        if link.evaluate("link => link === document.activeElement"):
            break
    page.keyboard.press("Enter")
    expect(page.locator("[aria-current=page]")).to_have_text("Data")
    expect(page).to_have_url(re.compile(r"/data(\?|$)"))


def test_a_page_that_is_gone_to_is_the_main_part_and_the_footer_stays_one(visit: Visit):
    page = visit()
    for name in ("Compare", "Model", "Live", "Data"):
        go(page, name)
        expect(page.locator("main:visible")).to_have_count(1)
        expect(page.locator("footer")).to_have_count(1)
        expect(page.locator("footer")).to_contain_text("Not medical advice")
