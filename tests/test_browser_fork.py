"""Two futures in a real browser: back in time, one thing changed, both drawn. Waits are for states, never for time."""

import re
import zipfile
from pathlib import Path

import pandas as pd
import pytest
from playwright.sync_api import Page, expect

from pages import SCREENS, Visit, breaches, fits, photograph
from trafficking import io
from trafficking.simulation import simulate


def later(page: Page, hours: int) -> None:
    """Lets the run go until it is past so many hours of insulin, at a speed that leaves a slow machine time in them."""
    page.get_by_role("combobox", name="Speed").select_option("2 h/s")
    page.wait_for_function(
        f"""() => {{
            const said = document.querySelector('.sentence-main').textContent.match(/after (\\d+) h.* at 10 nM/);
            return said && Number(said[1]) >= {hours};
        }}"""
    )


def back_to(page: Page, time: str) -> None:
    """Goes back by keyboard."""
    page.get_by_role("button", name="Go back in time").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_label("Back to")).to_be_focused()
    page.get_by_label("Back to").fill(time)
    page.keyboard.press("Enter")
    expect(page.locator(".futures-legend")).to_contain_text(f"from {time} on")
    expect(page.locator(".chip")).to_have_text("Paused")


def click_slider(page: Page, share: float) -> None:
    track = page.locator(".dose-track")
    box = track.bounding_box()
    track.click(position={"x": share * box["width"], "y": 0.4 * box["height"]})


def test_a_time_that_is_typed_before_the_server_answers_goes_into_the_field(visit: Visit):
    page = visit()
    button = page.get_by_role("button", name="Go back in time")
    expect(button).to_be_enabled()
    at_once = "button => { button.click(); return document.activeElement.name; }"  # no answer can have come yet
    assert button.evaluate(at_once) == "at"
    page.keyboard.type("7")
    expect(page.locator(".futures .fault")).to_contain_text("'7'")  # a number without its unit
    expect(page.get_by_label("Back to")).to_have_value("7")
    expect(page.get_by_label("Back to")).to_be_focused()
    expect(page.locator(".live")).to_be_visible()  # 7 is the key of another page elsewhere


def test_a_reader_goes_back_changes_insulin_and_takes_both_futures_home(visit: Visit, tmp_path: Path):
    page = visit()
    later(page, 5)
    back_to(page, "4 h")
    expect(page.locator(".sentence-main")).to_contain_text("after 3 h at 10 nM")
    click_slider(page, 0.33)
    expect(page.locator(".dose-note")).to_have_text("set by you")
    page.get_by_role("button", name="Play").click()
    expect(page.locator(".sentence-main")).to_contain_text(re.compile(r"after \d+ h .*at 0\.0"))
    page.get_by_role("button", name="Pause").click()
    with page.expect_download() as download:
        page.get_by_role("link", name="The whole run").click()
    download.value.save_as(tmp_path / "run.zip")
    with zipfile.ZipFile(tmp_path / "run.zip") as archive:
        archive.extractall(tmp_path)
    (folder,) = (path for path in tmp_path.iterdir() if path.is_dir())
    left = pd.read_csv(folder / "other_future.csv")
    mine = pd.read_csv(folder / "plotted.csv")
    before = min(240, len(left), len(mine))
    pd.testing.assert_frame_equal(left[:before], mine[:before])
    assert left["Insulin (nM)"].iloc[-1] == 10.0
    assert mine["Insulin (nM)"].iloc[-1] < 0.1
    scenario = io.load_scenario(folder / "scenario.toml")
    again = io.table_files(simulate(scenario))
    assert {name: (folder / name).read_bytes() for name in again} == again


def test_the_other_future_can_be_gone_on_with_and_dropped(visit: Visit):
    page = visit()
    later(page, 5)
    back_to(page, "4 h")
    page.get_by_role("button", name="Go on with it").click()
    expect(page.locator(".sentence-main")).not_to_contain_text("after 3 h at 10 nM")
    expect(page.locator(".futures-legend")).to_contain_text("from 4 h on")
    page.get_by_role("button", name="Drop it").click()
    expect(page.locator(".futures-legend")).to_be_hidden()


def test_a_time_is_chosen_on_the_plot(visit: Visit):
    page = visit()
    later(page, 5)
    page.get_by_role("button", name="Go back in time").click()
    expect(page.locator(".plot-panels")).to_have_class(re.compile("picking"))
    plot = page.locator(".plot-whole .plot-receptors .u-over")
    plot.hover(position={"x": 5, "y": 20})  # waits until the plot has come to rest
    page.mouse.down()
    box = plot.bounding_box()
    page.mouse.move(box["x"] + 0.1 * box["width"], box["y"] + 20, steps=4)
    page.mouse.up()
    expect(page.get_by_label("Back to")).to_have_value(re.compile(r"^29\d min$|^4\.9 h$"))
    page.get_by_label("Back to").fill("9 d")
    expect(page.locator("#futures-fault")).to_contain_text("a time from 0 min to now")
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Go back in time")).to_be_focused()


def test_a_drug_acts_and_is_written_down(visit: Visit):
    page = visit()
    later(page, 2)
    page.get_by_role("button", name="More").click()
    page.get_by_role("checkbox", name="phenylarsine oxide").check()
    row = page.locator(".drawer-log tbody tr").first
    expect(row).to_contain_text("phenylarsine oxide")
    expect(row).to_contain_text("100 % blocked")
    page.get_by_role("combobox", name="Temperature").select_option("4")
    expect(page.locator(".drawer-log tbody tr")).to_have_count(2)
    expect(page.locator(".drawer-log tbody tr").first).to_contain_text("4 °C")
    expect(page.get_by_role("link", name="Save steering as scenario")).to_have_attribute(
        "href", re.compile(r"/scenario\.toml$")
    )


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_way_back_can_be_used_by_everybody(visit: Visit, scheme: str):
    page = visit(color_scheme=scheme)
    later(page, 4)
    page.get_by_role("button", name="Go back in time").click()
    expect(page.get_by_label("Back to")).to_be_visible()
    assert breaches(page) == []
    page.get_by_role("button", name="Go back", exact=True).click()
    expect(page.locator(".futures-legend")).to_be_visible()
    page.get_by_role("button", name="More").click()
    assert breaches(page) == []


@pytest.mark.parametrize(("width", "height", "scheme"), SCREENS)
def test_two_futures_fit_their_screen(visit: Visit, width: int, height: int, scheme: str):
    page = visit(width=width, height=height, color_scheme=scheme)
    later(page, 5)
    back_to(page, "4 h")
    click_slider(page, 0.33)
    page.get_by_role("button", name="Play").click()
    expect(page.locator(".sentence-main")).to_contain_text(re.compile(r"after \d+ h .*at 0\.0"))
    assert fits(page, width)
    photograph(page, f"futures-{width}-{scheme}")
