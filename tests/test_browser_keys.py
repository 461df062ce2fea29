"""Keys in a real browser: each that the list names, and what a key belongs to. Waits are for states, never for time."""

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from pages import Visit, go
from trafficking.dashboard.pages import PLACES

NAMES = {"Space": " ", "←": "ArrowLeft", "→": "ArrowRight", "−": "-", "Esc": "Escape", "Page\u00a0Up": "PageUp"}
NAMES |= {"Page\u00a0Down": "PageDown"}
ROWS = """rows => rows.map(row => [...row.querySelector('th').childNodes]
    .map(part => part.textContent.trim()).filter(text => text && text !== 'or'))"""
DOSE = "Number(document.querySelector('.dose-thumb').getAttribute('aria-valuenow'))"
ZOOMED = "document.querySelector('.plot').dataset.zoomed === 'true'"


def documented(page: Page) -> list[str]:
    """The keys of the list, as it writes them; "1 … 8" is each of them."""
    keys: list[str] = []
    for row in page.locator("dialog.keys tr").evaluate_all(ROWS):
        keys += map(str, range(int(row[0]), int(row[2]) + 1)) if "…" in row else row
    return keys


def press(page: Page, key: str) -> None:
    """Presses a key while the focus is nowhere."""
    page.evaluate("document.activeElement.blur()")
    assert page.evaluate("document.activeElement === document.body")
    page.keyboard.press(NAMES.get(key, key))


def plays(page: Page, key: str) -> None:
    press(page, key)
    expect(page.locator(".chip")).to_have_text("Running")
    press(page, key)
    expect(page.locator(".chip")).to_have_text("Paused")


def steers(wanted: str) -> Callable[[Page, str], None]:
    def check(page: Page, key: str) -> None:
        was = page.evaluate(DOSE)
        press(page, key)
        page.wait_for_function(f"(was => {{ const now = {DOSE}; return {wanted}; }})({was})")

    return check


def zooms(wanted: bool) -> Callable[[Page, str], None]:
    def check(page: Page, key: str) -> None:
        if not wanted:
            press(page, "+")
            page.wait_for_function(ZOOMED)
        press(page, key)
        page.wait_for_function(ZOOMED if wanted else f"!({ZOOMED})")

    return check


def opens(number: int) -> Callable[[Page, str], None]:
    def check(page: Page, key: str) -> None:
        press(page, key)
        expect(page.locator(".pages [aria-current=page]")).to_have_text(PLACES[number - 1].name)

    return check


def enlarges(page: Page, key: str) -> None:
    for view in ("lecture", "desk"):
        press(page, key)
        expect(page.locator("html")).to_have_attribute("data-view", view)


def goes_on(page: Page, key: str) -> None:
    press(page, key)
    assert page.evaluate("document.activeElement !== document.body")


def uses(page: Page, key: str) -> None:
    page.locator(".pages a").last.focus()
    page.keyboard.press(key)
    expect(page.locator(".pages [aria-current=page]")).to_have_text(PLACES[-1].name)
    go(page, "Live")


def lists(page: Page, key: str) -> None:
    press(page, key)
    expect(page.locator("dialog.keys")).to_be_visible()
    page.keyboard.press("1")  # nothing is gone to behind a dialog
    page.keyboard.press("Escape")
    expect(page.locator("dialog.keys")).to_be_hidden()


DOES: dict[str, Callable[[Page, str], None]] = {
    "Space": plays,
    "→": steers("now > was"),
    "←": steers("now < was"),
    "Page\u00a0Up": steers("now > 9 * was && now < 11 * was"),
    "Page\u00a0Down": steers("now < was / 9 && now > was / 11"),
    "Home": steers("now === 0"),
    "End": steers("now === 1000"),
    "+": zooms(True),
    "−": zooms(False),
    "0": zooms(False),
    "Esc": zooms(False),
    **{str(number): opens(number) for number in range(len(PLACES), 0, -1)},
    "L": enlarges,
    "Tab": goes_on,
    "Enter": uses,
    "?": lists,
}


def test_every_key_of_the_list_does_what_the_list_says(visit: Visit):
    page = visit()
    assert sorted(documented(page)) == sorted(DOES), "each key of the list has its test, and each test its key"
    expect(page.locator(".sentence-main")).to_contain_text("at 10 nM")
    press(page, "Space")
    expect(page.locator(".chip")).to_have_text("Paused")
    for key, check in DOES.items():
        check(page, key)
        if key == "+":
            press(page, "0")


def test_a_key_belongs_to_what_has_the_focus_and_to_the_browser_with_a_modifier(visit: Visit):
    page = visit()
    press(page, "Space")
    expect(page.locator(".chip")).to_have_text("Paused")
    page.get_by_role("button", name="More").focus()
    page.keyboard.press("Space")
    expect(page.locator("#drawer")).to_be_visible()
    expect(page.locator(".chip")).to_have_text("Paused")
    page.keyboard.press("l")
    expect(page.locator("html")).to_have_attribute("data-view", "lecture")
    slider = page.get_by_role("slider", name="Insulin")
    was = slider.get_attribute("aria-valuenow")
    for key in ("Control+ArrowRight", "Alt+Home", "Control+1", "Control+l"):
        slider.press(key)
    assert slider.get_attribute("aria-valuenow") == was
    go(page, "Compare")
    name = page.get_by_label("Name").first
    name.press_sequentially("1 l?+0")
    expect(name).to_have_value("1 l?+0")
    expect(page.locator("html")).to_have_attribute("data-view", "lecture")
    expect(page.locator("dialog.keys")).to_be_hidden()
    expect(page.locator(".pages [aria-current=page]")).to_have_text("Compare")
    page.get_by_role("button", name="View").click()
    page.get_by_label("Single keys off").check()
    page.keyboard.press("Escape")
    for key in ("L", "1", "?"):
        press(page, key)
    expect(page.locator("html")).to_have_attribute("data-view", "lecture")
    expect(page.locator(".pages [aria-current=page]")).to_have_text("Compare")


def test_with_reduced_motion_keys_of_the_slider_move_insulin_and_no_time(visit: Visit):
    page = visit(reduced_motion="reduce")
    expect(page.locator(".chip")).to_have_text("Finished")
    ended = page.locator(".deck-pace").inner_text()
    for said in ("0.001 nM", "0.0011 nM", "0.0013 nM"):
        press(page, "→")
        expect(page.get_by_role("slider")).to_have_attribute("aria-valuetext", re.compile(f"^{said}"))
    expect(page.locator(".chip")).to_have_text("Paused")
    expect(page.locator(".deck-note")).to_contain_text("press Play")
    expect(page.locator(".sentence-main")).to_contain_text("after 0 min at 0.0013 nM")
    page.get_by_role("button", name="More").click()
    rows = page.locator(".drawer-log tbody tr")
    expect(rows).to_have_count(1)
    expect(rows.first).to_contain_text(ended)
    press(page, "Space")
    expect(page.locator(".chip")).to_have_text("Finished")
    expect(page.locator(".sentence-main")).to_contain_text("after 24 h at 0.0013 nM")
