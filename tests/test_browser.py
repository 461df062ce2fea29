"""The dashboard in a real browser: what a reader sees, does and takes home. Waits are for states, never for time."""

import json
import re
import zipfile
from pathlib import Path

import pandas as pd
import pytest
from playwright.sync_api import Page, expect

from pages import ARTEFACTS, Visit, breaches


def counts(page: Page) -> dict[str, int]:
    """The numbers beside the plot."""
    rows = page.locator(".numbers tbody tr")
    cells = rows.evaluate_all("rows => rows.map(r => [r.dataset.line, r.querySelector('.numbers-count').textContent])")
    return {line: int(text.replace(",", "")) for line, text in cells}


def wait_for_counts(page: Page, condition: str) -> None:
    """Waits until a condition holds for the numbers beside the plot, named by their lines."""
    page.wait_for_function(
        f"""() => {{
            const now = {{}};
            for (const row of document.querySelectorAll('.numbers tbody tr'))
                now[row.dataset.line] = Number(row.querySelector('.numbers-count').textContent.replaceAll(',', ''));
            return {condition};
        }}"""
    )


def at_rest(page: Page, tissue: str, dose: str) -> dict[str, int]:
    """Changes to a cell of this tissue at rest, whose insulin nobody but the reader moves; its numbers."""
    page.get_by_role("button", name="More").click()
    page.get_by_label("Tissue").select_option(tissue)
    expect(page.get_by_role("slider")).to_have_attribute("aria-valuetext", re.compile(dose))
    expect(page.locator(".chip")).to_have_text("Running")
    page.wait_for_function("document.querySelector('.deck-pace').textContent === '1 h/s'")
    return counts(page)


def click_slider(page: Page, share: float) -> None:
    """Clicks the insulin slider at a share of its width."""
    box = page.locator(".dose-track").bounding_box()
    page.mouse.click(box["x"] + share * box["width"], box["y"] + 0.4 * box["height"])


def test_the_page_opens_running_and_tells_its_story(visit: Visit):
    page = visit()
    sentence = page.locator(".sentence-main")
    expect(sentence).to_have_text(
        re.compile(
            r"^Surface receptors: \d+ % of the level without insulin "
            r"\([\d,]+ of 85,900\) after .* (without insulin|10 nM)\.$"
        )
    )
    expect(sentence).to_contain_text("at 10 nM")
    wait_for_counts(page, "now.surface < 75000 && now.early_endosome > 15000")
    expect(page.locator(".deck-pace")).to_have_text(re.compile("(min|h)/s"))
    expect(page.locator(".sentence-detail")).to_contain_text("Half-time of redistribution")
    expect(page.get_by_role("slider")).to_have_attribute("aria-valuetext", re.compile("10 nM.*1,667.*experimenter"))
    for name in ("Pause", "More"):
        expect(page.get_by_role("button", name=name)).to_be_in_viewport()
    for name in ("What is plotted", "The whole run"):
        expect(page.get_by_role("link", name=name)).to_be_in_viewport()
    for name in ("Speed", "Scenario"):
        expect(page.get_by_role("combobox", name=name)).to_be_in_viewport()
    # What asks something of the run or the cell; rows of the legend show and hide lines, a question mark explains.
    kinds = ["button", "a", "select", "input", "[role=slider]", "summary"]
    ours = ", ".join(f"{kind}:visible:not(.numbers *, .what *)" for kind in kinds)
    assert page.locator(".live").locator(ours).count() <= 9
    expect(page.locator(".cellview-ground")).to_have_attribute("aria-label", re.compile("Drawn cell.*surface"))
    ARTEFACTS.mkdir(exist_ok=True)
    page.screenshot(path=ARTEFACTS / "dashboard-opening.png")


def test_the_slider_moved_by_mouse_empties_the_surface_and_fills_the_endosome(visit: Visit):
    page = visit()
    before = at_rest(page, "liver", "0.25 nM")
    click_slider(page, 0.69)
    expect(page.get_by_role("slider")).to_have_attribute("aria-valuetext", re.compile("experimenter"))
    wait_for_counts(
        page, f"now.surface < {0.8 * before['surface']} && now.early_endosome > {1.3 * before['early_endosome']}"
    )
    expect(page.locator(".dose-note")).to_have_text("set by you")
    expect(page.locator(".drawer-log tbody tr")).to_have_count(1)
    expect(page.locator(".sentence-remark")).to_contain_text("Extrapolated")


def test_the_slider_moved_by_keyboard_empties_the_surface_and_fills_the_endosome(visit: Visit):
    page = visit()
    before = at_rest(page, "culture", "no insulin")
    slider = page.get_by_role("slider", name="Insulin")
    slider.focus()
    for key, said in [
        ("ArrowRight", "^0.001 nM, 0.17 micro"),
        ("ArrowUp", "^0.0011 nM"),
        ("ArrowLeft", "^0.001 nM"),
        ("ArrowDown", "^no insulin$"),
        ("PageUp", "^0.01 nM"),
        ("End", "^1,000 nM, 166,667 microunits per millilitre, experimenter"),
        ("PageDown", "^100 nM"),
        ("Home", "^no insulin$"),
        ("End", "^1,000 nM"),
    ]:
        page.keyboard.press(key)
        expect(slider).to_have_attribute("aria-valuetext", re.compile(said))
    wait_for_counts(
        page, f"now.surface < {0.8 * before['surface']} && now.early_endosome > {1.3 * before['early_endosome']}"
    )
    expect(page.locator(".sentence-main")).to_contain_text("at 1,000 nM")


def test_the_page_does_not_wait_for_a_script_that_a_slow_connection_delivers_late(visit: Visit):
    page = visit()
    page.context.route(
        "**/anywidget/extension.js*",
        lambda asked: asked.fulfill(content_type="text/javascript", body="define(() => ({}));"),
    )
    page.reload()
    expect(page.locator(".sentence-main")).to_contain_text("Surface receptors")
    wait_for_counts(page, "now.surface > 0")


def test_a_hand_that_comes_back_to_where_it_was_has_decided_nothing(visit: Visit):
    page = visit()
    expect(page.locator(".sentence-main")).to_contain_text("at 10 nM")
    page.wait_for_function(
        """() => {  // the thumb has glided to its place
            const left = document.querySelector('.dose-thumb').getBoundingClientRect().left;
            const still = left === window.lastLeft;
            window.lastLeft = left;
            return still;
        }""",
        polling=200,
    )
    box = page.locator(".dose-thumb").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 60, y)
    page.mouse.move(x, y)
    page.mouse.up()
    page.get_by_role("combobox", name="Speed").select_option("12 h/s")
    expect(page.locator(".sentence-main")).to_contain_text("without insulin")
    expect(page.get_by_role("slider")).to_have_attribute("aria-valuetext", "no insulin")
    expect(page.locator(".dose-note")).to_have_text(re.compile("by the scenario"))


def test_a_key_held_down_is_one_movement(visit: Visit):
    page = visit()
    at_rest(page, "culture", "no insulin")
    page.get_by_role("slider").focus()
    for _ in range(20):
        page.keyboard.down("ArrowRight")
    page.keyboard.up("ArrowRight")
    expect(page.get_by_role("slider")).to_have_attribute("aria-valuetext", re.compile("^0.0089 nM"))
    expect(page.locator(".drawer-log tbody tr").first).to_contain_text("0.0089 nM")
    assert page.locator(".drawer-log tbody tr").count() <= 2


def test_exports_taken_while_running_hold_the_sliders_change(visit: Visit, tmp_path: Path):
    page = visit()
    expect(page.locator(".sentence-main")).to_contain_text("at 10 nM")
    click_slider(page, 0.33)
    expect(page.locator(".dose-note")).to_have_text("set by you")
    expect(page.locator(".sentence-main")).to_contain_text("at 0.0")
    dose = float(page.get_by_role("slider").get_attribute("aria-valuenow"))
    assert 0.01 < dose < 0.1
    files = {}
    for name in ("What is plotted", "The whole run"):
        with page.expect_download() as download:
            page.get_by_role("link", name=name).click()
        files[name] = tmp_path / download.value.suggested_filename
        download.value.save_as(files[name])

    plotted = pd.read_csv(files["What is plotted"])
    assert {"time (min)", "Surface (receptors)", "Insulin (nM)"} <= set(plotted.columns)
    assert plotted["Insulin (nM)"].iloc[-1] == dose
    assert 10.0 in plotted["Insulin (nM)"].values

    with zipfile.ZipFile(files["The whole run"]) as archive:
        archive.extractall(tmp_path)
    (folder,) = (path for path in tmp_path.iterdir() if path.is_dir())
    (change,) = pd.read_csv(folder / "steering.csv").to_dict("records")
    assert (change["name"], change["old"], change["new"]) == ("insulin_nM", 10.0, dose)
    tables = [pd.read_parquet(folder / "exposure.parquet"), pd.read_csv(folder / "exposure.csv")]
    for table in tables:
        changed = table[table["time_min"] >= change["time_min"]]
        assert (changed["insulin_nM"] == dose).all()
        assert table[table["time_min"] < change["time_min"]]["insulin_nM"].iloc[-1] == 10.0
    surface = pd.read_parquet(folder / "counts.parquet").filter(like="surface").sum(axis=1)
    assert surface.iloc[0] > surface.iloc[-1]
    scenario = json.loads((folder / "run.json").read_text())["scenario"]
    assert f"{dose} nM" in json.dumps(scenario["exposure"])


def test_two_tabs_do_not_share_a_run(visit: Visit):
    one, other = visit(), visit()
    at_rest(one, "culture", "no insulin")
    expect(other.locator(".sentence-main")).to_contain_text("at 10 nM")
    click_slider(one, 0.97)
    expect(one.locator(".dose-note")).to_have_text("set by you")
    expect(one.locator(".sentence-main")).to_contain_text(re.compile(r"at \d{3} nM"))
    seen = other.locator(".plot").get_attribute("data-seq")
    other.wait_for_function(f"Number(document.querySelector('.plot').dataset.seq) > {int(seen) + 3}")
    expect(other.locator(".dose-note")).to_have_text(re.compile("by the scenario"))
    ids = [tab.get_by_role("link", name="The whole run").get_attribute("href") for tab in (one, other)]
    assert ids[0] != ids[1]


def test_a_paused_page_stands_still(visit: Visit):
    page = visit()
    page.get_by_role("button", name="Pause").click()
    expect(page.locator(".chip")).to_have_text("Paused")
    expect(page.get_by_role("button", name="Play")).to_be_visible()
    stood = page.locator(".sentence-main").inner_text()
    page.get_by_role("button", name="More").click()
    page.get_by_role("button", name="Reset").click()
    expect(page.locator(".sentence-main")).to_contain_text("after 0 min without insulin")
    assert page.locator(".sentence-main").inner_text() != stood
    page.get_by_role("button", name="Step one window").click()
    expect(page.locator(".sentence-main")).to_contain_text("after 1 min without insulin")
    page.get_by_role("button", name="Play").click()
    expect(page.locator(".sentence-main")).to_contain_text("at 10 nM")


def test_who_asks_for_little_motion_is_shown_the_finished_curve(visit: Visit):
    page = visit(reduced_motion="reduce")
    expect(page.locator(".chip")).to_have_text("Finished")
    expect(page.locator(".sentence-main")).to_have_text(
        re.compile(r"9\d % of the level without insulin .* after 24 h without insulin\.$")
    )
    expect(page.get_by_role("button", name="Play")).to_be_enabled()
    ARTEFACTS.mkdir(exist_ok=True)
    page.screenshot(path=ARTEFACTS / "dashboard.png")


@pytest.mark.parametrize(
    ("width", "height", "scheme"),
    [(390, 844, "light"), (1024, 768, "light"), (1366, 768, "dark"), (1920, 1080, "dark")],
)
def test_the_page_fits_its_screen(visit: Visit, width: int, height: int, scheme: str):
    page = visit(width=width, height=height, color_scheme=scheme)
    wait_for_counts(page, "now.early_endosome > 15000")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    wide = "[...document.querySelectorAll('.numbers td')].map(e => e.getBoundingClientRect().right)"
    card = "document.querySelector('.numbers').getBoundingClientRect().right"
    assert max(page.evaluate(wide)) <= page.evaluate(card) + 1
    tops = [page.locator(f".plot-{panel} .plot-receptors").bounding_box()["y"] for panel in ("hour", "whole")]
    assert width < 700 or tops[0] == tops[1], "panels side by side share their y axis"
    if width > 1000:
        assert page.evaluate("document.documentElement.scrollHeight") <= height
    ground = page.evaluate("getComputedStyle(document.querySelector('.v-application')).backgroundColor")
    assert (max(map(int, re.findall(r"\d+", ground)[:3])) < 60) == (scheme == "dark")
    ARTEFACTS.mkdir(exist_ok=True)
    page.screenshot(path=ARTEFACTS / f"dashboard-{width}-{scheme}.png", full_page=True)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_can_be_used_by_everybody(visit: Visit, scheme: str):
    page = visit(color_scheme=scheme)
    expect(page.locator(".sentence-main")).to_contain_text("at 10 nM")
    assert breaches(page) == []
    page.get_by_role("button", name="More").click()
    rows, seen = page.locator(".drawer-log tbody tr"), page.locator(".plot")
    while rows.count() < 10:  # more than the log shows without scrolling
        page.get_by_role("slider").press("ArrowLeft")
        drawn = int(seen.get_attribute("data-seq"))
        page.wait_for_function(f"Number(document.querySelector('.plot').dataset.seq) > {drawn + 3}")
    assert breaches(page) == []


@pytest.mark.parametrize(("width", "height"), [(390, 844), (1366, 768)])
def test_each_step_of_the_tour_lights_its_panel(visit: Visit, width: int, height: int):
    page = visit(width=width, height=height)
    page.locator("[data-tour=start]").click()
    for number in range(1, 6):
        expect(page.locator(".tour-where")).to_have_text(f"Step {number} of 5")
        expect(page.locator(".tour-light")).to_be_visible()
        card = page.locator(".tour-card").bounding_box()
        assert 0 <= card["x"] <= card["x"] + card["width"] <= width
        page.locator("[data-tour=next]").click()
    expect(page.locator(".tour-card")).to_be_hidden()
