"""The exposure editor in a real browser: by mouse, by keyboard, with files. Waits are for states, never for time."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, WebSocketRoute, expect

from pages import SCREENS, Visit, breaches, fits, go, photograph
from trafficking import io

GOOD = "time [h],insulin [uU/mL]\n0,10\n1,60\n2.5,20\n"
BAD = GOOD.replace("60", "sixty")


def edited(visit: Visit, **options) -> Page:
    """The editor, opened from Live."""
    page = visit(**options)
    page.get_by_role("link", name="Exposure").click()
    expect(page.locator(".editor")).to_have_attribute("data-valid", "true")
    expect(page).to_have_url(re.compile(r"/exposure(\?.*)?$"))
    return page


def segment(page: Page, number: int) -> Locator:
    return page.locator(".segments > li").nth(number - 1)


def field(page: Page, number: int, label: str) -> Locator:
    return segment(page, number).get_by_label(label, exact=True)


def taken(handle: Locator) -> tuple[float, float]:
    """Presses the mouse on a handle that has come to rest; where it is."""
    handle.hover()
    handle.page.mouse.down()
    box = handle.bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def test_a_protocol_is_built_by_form_and_run_on_live(visit: Visit):
    page = edited(visit)
    expect(page.locator(".editor-says")).to_have_text("49 h in all, no insulin to 10 nM, mean 4.9 nM")
    page.get_by_role("button", name="2 Constant").click()
    page.get_by_role("button", name="Pulses", exact=True).click()
    expect(page.locator(".segments > li")).to_have_count(4)
    expect(page.get_by_role("button", name="3 Pulses")).to_be_focused()
    field(page, 3, "Pulse").fill("60 uU/mL")
    expect(segment(page, 3).locator(".segment-says")).to_contain_text("0.1 nM to 0.36 nM")
    page.get_by_role("button", name="Move up segment 3").click()
    expect(page.get_by_role("button", name="Move up segment 2")).to_be_focused()
    page.get_by_role("button", name="Duplicate segment 1").click()
    expect(page.locator(".segments > li")).to_have_count(5)
    page.get_by_role("button", name="Remove segment 1").click()
    expect(page.locator(".segments > li")).to_have_count(4)
    page.get_by_label("Name").fill("beats")
    expect(page.locator(".editor")).to_have_attribute("data-valid", "true")
    page.get_by_role("button", name="Run it").click()
    expect(page).to_have_url(re.compile(r"/(\?.*)?$"))
    expect(page.locator("[name=scenario]")).to_have_value("own")
    expect(page.locator(".sentence-main")).to_be_visible()
    go(page, "Exposure")
    expect(field(page, 2, "Pulse")).to_have_value("60 uU/mL")


def test_a_fault_stands_at_its_field_and_nothing_runs_until_it_is_mended(visit: Visit):
    page = edited(visit)
    dose = field(page, 2, "Insulin")
    dose.fill("10 nm")
    expect(dose).to_have_attribute("aria-invalid", "true")
    expect(segment(page, 2).locator(".fault").nth(1)).to_contain_text("'nm' is not a known unit; did you mean 'nM'?")
    for name in ("Run it", "Save as scenario file"):
        expect(page.get_by_role("button", name=name)).to_be_disabled()
    dose.fill("10 pM")
    expect(dose).to_have_attribute("aria-invalid", "false")
    expect(page.get_by_role("button", name="Run it")).to_be_enabled()
    page.get_by_role("button", name="Undo").click()
    page.get_by_role("button", name="Undo").click()
    expect(dose).to_have_value("10 nM")


def test_handles_are_dragged_and_moved_by_keys(visit: Visit):
    page = edited(visit)
    page.get_by_role("button", name="2 Constant").click()
    dose, end = (page.get_by_role("slider", name=f"Segment 2, {what}") for what in ("insulin", "lasts"))
    expect(dose).to_have_attribute("aria-valuetext", "10 nM")
    x, y = taken(dose)
    page.mouse.move(x, y + 20, steps=3)
    page.mouse.move(x, y + 60, steps=3)
    page.mouse.up()
    expect(dose).not_to_have_attribute("aria-valuetext", "10 nM")
    assert 0.1 < float(dose.get_attribute("aria-valuenow")) < 9.0
    page.wait_for_function(
        "([handle, field]) => handle.getAttribute('aria-valuetext') === field.value",
        arg=[dose.element_handle(), field(page, 2, "Insulin").element_handle()],
    )
    page.get_by_role("button", name="Undo").click()
    expect(dose).to_have_attribute("aria-valuetext", "10 nM")

    x, y = taken(end)
    page.mouse.move(x - 80, y, steps=4)
    page.mouse.up()
    expect(end).not_to_have_attribute("aria-valuetext", "24 h")
    assert float(end.get_attribute("aria-valuenow")) < 1440.0

    dose.focus()
    for key, said in (("ArrowUp", "11 nM"), ("ArrowDown", "10 nM"), ("PageUp", "100 nM"), ("Home", "0 nM")):
        page.keyboard.press(key)
        expect(dose).to_have_attribute("aria-valuetext", said)
    expect(dose).to_be_focused()


class Held:
    """The server's side of a page's connection, whose messages wait while it is held."""

    def __init__(self, page: Page) -> None:
        self.on, self._waiting = False, []
        page.route_web_socket(re.compile("/jupyter/"), self._meet)

    def _meet(self, near: WebSocketRoute) -> None:
        far = near.connect_to_server()
        near.on_message(far.send)
        far.on_message(lambda message: self._waiting.append((near, message)) if self.on else near.send(message))

    def let_go(self) -> None:
        self.on = False
        for near, message in self._waiting:
            near.send(message)
        self._waiting.clear()


def middle(handle: Locator) -> tuple[float, float]:
    box = handle.bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


LINE = "document.querySelector('.editor-curve .line').getAttribute('d')"


@pytest.mark.parametrize(("what", "by"), [("insulin", (0, 70)), ("lasts", (-90, 0))])
def test_a_handle_follows_the_hand_before_any_answer_and_stays_where_it_was_let_go(
    visit: Visit, what: str, by: tuple[int, int]
):
    page = visit()
    held = Held(page)
    page.reload()
    page.get_by_role("link", name="Exposure").click()
    page.get_by_role("button", name="2 Constant").click()
    handle = page.get_by_role("slider", name=f"Segment 2, {what}")
    expect(handle).to_be_visible()
    said, line = handle.get_attribute("aria-valuetext"), page.evaluate(LINE)
    x, y = taken(handle)
    held.on = True
    page.mouse.move(x + by[0] / 2, y + by[1] / 2)
    page.mouse.move(x + by[0], y + by[1])
    page.wait_for_function(f"{LINE} !== '{line}'")
    assert middle(handle) == pytest.approx((x + by[0], y + by[1]), abs=1.5)
    assert handle.get_attribute("aria-valuetext") == said, "nothing was answered yet"
    page.mouse.up()
    assert middle(handle) == pytest.approx((x + by[0], y + by[1]), abs=1.5), "nor does it jump back"
    held.let_go()
    expect(handle).not_to_have_attribute("aria-valuetext", said)
    page.wait_for_function("document.querySelector('.editor').dataset.settled === 'true'")
    # On the steps of a hand: 2 digits of a dose, 30 minutes of a day.
    assert middle(handle) == pytest.approx((x + by[0], y + by[1]), abs=4.0), "the axes stay as well"
    page.get_by_role("button", name="Undo").click()
    expect(handle).to_have_attribute("aria-valuetext", said)


def test_the_whole_way_goes_by_keyboard(visit: Visit):
    page = edited(visit)
    page.get_by_role("button", name="1 Constant").focus()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Washout", exact=True).focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="2 Washout")).to_be_focused()
    for _ in range(5):  # past the buttons of the line, to its field
        page.keyboard.press("Tab")
    expect(field(page, 2, "Lasts")).to_be_focused()
    page.keyboard.press("Control+A")
    page.keyboard.type("2 h")
    page.keyboard.press("Enter")
    expect(segment(page, 2).locator(".segment-says")).to_have_text("1 h to 3 h: no insulin")
    page.get_by_role("button", name="Run it").focus()
    page.keyboard.press("Enter")
    expect(page.locator("[name=scenario]")).to_have_value("own")


def test_an_answer_that_comes_late_takes_no_focus_from_a_reader_who_went_on(visit: Visit):
    page = edited(visit)
    asked = page.locator(".editor").get_attribute("data-count")
    chosen, onward = (page.get_by_role("button", name=name, exact=True) for name in ("2 Constant", "Washout"))
    chosen.focus()
    onward_handle = onward.element_handle()
    chosen.evaluate("(button, onward) => { button.click(); onward.focus(); }", onward_handle)  # before any answer
    expect(page.locator(".editor")).not_to_have_attribute("data-count", asked)
    expect(chosen).to_have_attribute("aria-pressed", "true")
    expect(onward).to_be_focused()


def test_a_table_is_taken_or_refused_with_its_row(visit: Visit):
    page = edited(visit)
    upload = page.locator("input[name=csv]")
    upload.set_input_files({"name": "bad.csv", "mimeType": "text/csv", "buffer": BAD.encode()})
    note = page.get_by_role("alert").filter(has_text="bad.csv")
    expect(note).to_have_text("bad.csv: row 3: insulin is 'sixty'; a number is needed")
    upload.set_input_files({"name": "big.csv", "mimeType": "text/csv", "buffer": b"#" * 2_000_001})
    expect(page.locator(".editor-note")).to_have_text("big.csv: has 2.0 MB; at most 2 MB are allowed")
    upload.set_input_files({"name": "plasma.csv", "mimeType": "text/csv", "buffer": GOOD.encode()})
    expect(page.locator(".editor-done")).to_have_text("plasma.csv is segment 2 now.")
    expect(page.locator(".editor-note")).to_be_hidden()
    expect(segment(page, 2).locator(".segment-says")).to_have_text("1 h to 3 h 30 min: 0.06 nM to 0.36 nM, 3 points")


def test_a_saved_file_runs_on_the_command_line_and_opens_again(visit: Visit, tmp_path: Path):
    page = edited(visit)
    page.get_by_label("Name").fill("short_day")
    field(page, 2, "Lasts").fill("2 h")
    field(page, 3, "Lasts").fill("1 h")
    expect(page.locator(".editor-says")).to_contain_text("4 h in all")
    with page.expect_download() as download:
        page.get_by_role("button", name="Save as scenario file").click()
    assert download.value.suggested_filename == "short_day.toml"
    file = tmp_path / "short_day.toml"
    download.value.save_as(file)
    scenario = io.load_scenario(file)
    assert [each.duration_min for each in scenario.protocol.segments] == [60.0, 120.0, 60.0]
    command = [sys.executable, "-m", "trafficking", "run", file.name, "--out", "here"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert io.load_run(tmp_path / "here").scenario == scenario

    field(page, 2, "Lasts").fill("9 h")
    expect(page.locator(".editor-says")).to_contain_text("11 h in all")
    page.locator("input[name=toml]").set_input_files(file)
    expect(page.locator(".editor-done")).to_have_text("short_day.toml is open.")
    expect(field(page, 2, "Lasts")).to_have_value("2 h")
    elsewhere = b'name = "a"\n[[exposure]]\nkind = "series"\nfile = "secret.csv"\n'
    page.locator("input[name=toml]").set_input_files({"name": "a.toml", "mimeType": "", "buffer": elsewhere})
    expect(page.locator(".editor-note")).to_contain_text(
        "exposure[0].file: 'secret.csv' given; from here no other file"
    )


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_editor_can_be_used_by_everybody(visit: Visit, scheme: str):
    page = edited(visit, color_scheme=scheme)
    page.get_by_role("button", name="2 Constant").click()
    for kind in ("Meals", "Oscillation", "Ramp"):
        page.get_by_role("button", name=kind, exact=True).click()
        expect(page.locator(".segments > li.chosen")).to_contain_text(kind)
    assert breaches(page) == []
    field(page, 2, "Insulin").fill("much")
    expect(field(page, 2, "Insulin")).to_have_attribute("aria-invalid", "true")
    assert breaches(page) == []


@pytest.mark.parametrize(("width", "height", "scheme"), SCREENS)
def test_the_editor_fits_its_screen(visit: Visit, width: int, height: int, scheme: str):
    page = edited(visit, width=width, height=height, color_scheme=scheme)
    page.get_by_role("button", name="2 Constant").click()
    page.get_by_role("button", name="Meals", exact=True).click()
    expect(page.get_by_role("slider", name="Segment 3, rise after a meal")).to_be_visible()
    assert fits(page, width)
    photograph(page, f"editor-{width}-{scheme}")
