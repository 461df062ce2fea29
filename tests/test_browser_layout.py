"""What stands where on laptops, projectors and phones, in a real browser. Waits are for states, never for time."""

import re

import pytest
from playwright.sync_api import Page, expect

from pages import Visit, breaches, fits, go, photograph

LAPTOPS = [(1024, 768), (1280, 720), (1366, 768), (1920, 1080)]
# Whatever writes on a canvas is noted by where the canvas stands.
WRITTEN = """() => {
    window.written = {};
    const write = CanvasRenderingContext2D.prototype.fillText;
    CanvasRenderingContext2D.prototype.fillText = function (text, ...rest) {
        const place = this.canvas.closest('.plot-whole .plot-receptors') ? 'whole' : 'elsewhere';
        (window.written[place] ??= []).push(text);
        return write.call(this, text, ...rest);
    };
}"""
CUT = """selector => [...document.querySelectorAll(selector)]
    .filter(e => e.getClientRects().length && e.scrollWidth > e.clientWidth).map(e => e.textContent)"""


def edges(page: Page, selector: str) -> dict[str, float]:
    """Where an element that is seen begins and ends, in pixels of the window."""
    expect(page.locator(selector)).to_be_visible()
    return page.locator(selector).evaluate("e => e.getBoundingClientRect().toJSON()")


def at_insulin(page: Page) -> None:
    expect(page.locator(".sentence-main")).to_contain_text("at 10 nM")


def back_to_two_hours(page: Page) -> None:
    """Two hours of insulin, and back to when the first was over."""
    page.get_by_role("combobox", name="Speed").select_option("2 h/s")
    page.wait_for_function("/after [2-9] h.* at 10 nM/.test(document.querySelector('.sentence-main').textContent)")
    page.get_by_role("button", name="Go back in time").click()
    page.get_by_label("Back to").fill("2 h")
    page.keyboard.press("Enter")
    expect(page.locator(".futures-legend")).to_contain_text("from 2 h on")
    expect(page.locator(".chip")).to_have_text("Paused")


@pytest.mark.parametrize(("width", "height"), LAPTOPS)
def test_a_lecture_stands_on_one_screen_with_all_that_a_lecturer_needs(visit: Visit, width: int, height: int):
    page = visit("?view=lecture", width=width, height=height)
    at_insulin(page)
    for part in (".deck-play", ".dose-track", ".plot-card", ".cell-card", ".futures", ".felt-words", ".felt svg"):
        assert edges(page, part)["bottom"] <= height, part
    assert page.evaluate("document.documentElement.scrollHeight") <= height
    assert fits(page, width)
    assert edges(page, ".dose-tick:last-of-type")["right"] <= edges(page, ".dose")["right"]
    rights = page.locator(".numbers td").evaluate_all("cells => cells.map(e => e.getBoundingClientRect().right)")
    assert max(rights) <= edges(page, ".numbers-card")["right"]
    assert edges(page, ".plot-whole .plot-receptors .u-over")["height"] >= 60
    photograph(page, f"lecture-{width}")


@pytest.mark.parametrize(("width", "height"), LAPTOPS)
def test_what_steers_is_in_sight_without_scrolling(visit: Visit, width: int, height: int):
    page = visit(width=width, height=height)
    at_insulin(page)
    for part in (".deck-play", ".dose-track", ".futures", ".felt-words"):
        assert edges(page, part)["bottom"] <= height, part


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_lecture_can_be_used_by_everybody(visit: Visit, scheme: str):
    page = visit("?view=lecture", color_scheme=scheme)
    at_insulin(page)
    page.locator(".cellview-stage").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    expect(page.locator(".life-bar")).to_be_visible()
    assert edges(page, ".deck-play")["bottom"] <= 768
    assert breaches(page) == []


@pytest.mark.parametrize(("width", "height"), [(1366, 768), (1920, 1080)])
def test_the_life_of_a_receptor_is_seen_whole(visit: Visit, width: int, height: int):
    page = visit(width=width, height=height)
    at_insulin(page)
    page.get_by_role("button", name="Pause").click()  # else the receptor moves on between two looks
    expect(page.locator(".chip")).to_have_text("Paused")
    page.locator(".cellview-stage").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    expect(page.locator(".life-bar")).to_be_visible()
    expect(page.locator(".life summary")).to_be_visible()
    card = edges(page, ".life-card")
    assert card["bottom"] <= height
    bottoms = page.locator(".life > *:visible, .life-body > *").evaluate_all(
        "parts => parts.map(e => e.getBoundingClientRect().bottom)"
    )
    assert max(bottoms) <= card["bottom"]
    assert edges(page, ".deck-play")["bottom"] <= height
    drop, mark = edges(page, ".life-head button"), edges(page, ".life-card > .what summary")
    assert drop["right"] <= mark["left"] or drop["top"] >= mark["bottom"]


def test_a_way_back_is_told_on_one_screen_and_names_what_was_changed(visit: Visit):
    page = visit()
    page.evaluate(f"({WRITTEN})()")
    back_to_two_hours(page)
    expect(page.locator(".deck-note")).to_contain_text("Back in time")
    assert edges(page, ".deck-note")["bottom"] <= 768
    assert edges(page, ".deck-play")["bottom"] <= 768
    buttons = [edges(page, f".futures [data-do={name}]")["top"] for name in ("swap", "drop")]
    assert buttons[0] == buttons[1]
    page.get_by_role("slider", name="Insulin").press("PageDown")
    expect(page.locator(".dose-note")).to_have_text("set by you")
    page.wait_for_function("window.written.whole.includes('1 nM')")


def test_titles_of_the_plot_are_whole(visit: Visit):
    page = visit()
    at_insulin(page)
    page.get_by_role("slider", name="Insulin").press("Home")
    expect(page.locator(".plot-hour b")).to_have_text("First hour without insulin")
    assert page.evaluate(CUT, ".plot figcaption") == []


def test_letters_of_the_felt_signal_can_be_read_and_quantities_stay_whole(visit: Visit):
    page = visit()
    at_insulin(page)
    expect(page.locator(".felt-words")).to_contain_text("of the receptors")
    words = page.locator(".felt-words").evaluate("e => e.textContent")
    assert re.search(r"\d (%|nM|times)", words) is None
    assert re.search("\\d\N{NO-BREAK SPACE}%", words)
    page.wait_for_function(
        """() => {  // as drawn, whatever the scale of the picture; letters are a sixth higher than their size
            const letters = [...document.querySelectorAll('.felt text')].map(e => e.getBoundingClientRect().height);
            return letters.length >= 5 && Math.min(...letters) >= 11 * 7 / 6;
        }""",
        timeout=10_000,
    )
    lefts = page.locator(".felt text").evaluate_all("texts => texts.map(e => e.getBoundingClientRect().left)")
    assert min(lefts) >= edges(page, ".felt-words")["right"]


def test_on_a_phone_the_cell_follows_the_plot(visit: Visit):
    page = visit(width=390, height=844)
    at_insulin(page)
    top = page.evaluate("scrollY")
    plot, cell = edges(page, ".plot-card"), edges(page, ".cell-card")
    assert 0 <= cell["top"] - plot["bottom"] <= 24
    assert top + cell["bottom"] <= 1.5 * 844
    assert edges(page, ".dose-card")["top"] >= cell["bottom"]


def test_names_of_stages_are_whole_or_stand_below(visit: Visit):
    page = visit("body", width=390, height=844)
    page.wait_for_function("document.querySelectorAll('.ribbon-bar li').length > 2", timeout=120_000)
    expect(page.locator(".ribbon-key")).to_contain_text("compensatory hyperinsulinaemia")
    assert page.evaluate(CUT, ".ribbon-bar li") == []
    assert fits(page, 390)


def test_a_diagram_wider_than_the_screen_says_so(visit: Visit):
    page = visit("model", width=390, height=844)
    page.wait_for_function("Number(document.querySelector('.diagram')?.dataset.seq) > 1")
    view = page.locator(".diagram-view")
    assert view.evaluate("e => e.scrollWidth > e.clientWidth")
    expect(page.locator(".diagram-more")).to_be_visible()
    view.evaluate("e => e.scrollTo(e.scrollWidth, 0)")
    expect(view).to_have_class(re.compile("ended"))
    page.set_viewport_size({"width": 1366, "height": 768})
    expect(page.locator(".diagram-more")).to_be_hidden()


def test_experiments_are_all_listed_with_the_chosen_one_beside_them(visit: Visit):
    page = visit("experiments")
    page.wait_for_function("Number(document.querySelector('.board')?.dataset.done) > 0")
    last = page.locator(".board tbody button").last
    last.click()
    expect(page.locator(".board tr.chosen button")).to_have_attribute("data-id", last.get_attribute("data-id"))
    assert page.locator(".board .table-view").evaluate("e => e.scrollHeight <= e.clientHeight")
    expect(page.locator(".board-detail")).to_be_in_viewport()
    assert edges(page, ".board table")["right"] <= edges(page, ".trials-chosen")["left"]
    assert edges(page, ".board thead th:first-child")["top"] >= 0


def test_the_head_of_the_compared_runs_is_two_lines_on_a_phone(visit: Visit):
    page = visit(width=390, height=844)
    at_insulin(page)
    go(page, "Compare")
    page.get_by_role("button", name="Pin the run on Live").click()
    expect(page.locator(".pins-sheet tbody tr")).to_have_count(1)
    head = edges(page, ".pins-sheet thead")
    assert head["height"] <= 64
    assert fits(page, 390)
