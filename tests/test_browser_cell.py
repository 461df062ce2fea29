"""The drawn cell in a real browser: it moves, tells of one receptor, and can be taken home. Waits are for states."""

import io
import json
import re
import shutil
import struct
import subprocess
import zipfile
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from pages import ARTEFACTS, Visit, breaches
from trafficking.lives import lives
from trafficking.scenario import Scenario
from trafficking.simulation import simulate

COLOURED = """() => {  // pixels that are drawn on the layer of the dots, and a digest of where
    const canvas = document.querySelector('.cellview-dots');
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    let [count, digest] = [0, 0];
    for (let i = 3; i < data.length; i += 4) if (data[i]) { count += 1; digest = (digest * 31 + i) % 1000000007; }
    return [count, digest];
}"""
FOLLOWED = "document.querySelector('.life').dataset.receptor && document.querySelector('.life-bar')"


def drawn(page: Page) -> tuple[int, int]:
    count, digest = page.evaluate(COLOURED)
    return count, digest


def wait_for_scene(page: Page, more: int = 2) -> None:
    seen = int(page.locator(".cellview").get_attribute("data-seq") or 0)
    page.wait_for_function(f"Number(document.querySelector('.cellview').dataset.seq) >= {seen + more}")


def paused(page: Page) -> None:
    page.get_by_role("button", name="Pause").click()
    expect(page.locator(".chip")).to_have_text("Paused")


def facts(page: Page) -> dict[str, str]:
    rows = page.locator(".life dl")
    return dict(zip(rows.locator("dt").all_inner_texts(), rows.locator("dd").all_inner_texts(), strict=True))


def tool(page: Page, name: str) -> None:
    menu = page.locator(".cellview-tools")
    if menu.get_attribute("open") is None:
        menu.locator("summary").click()
    page.locator(".cellview").get_by_role("button", name=name).click()


def test_dots_are_drawn_and_move(visit: Visit):
    page = visit()
    wait_for_scene(page)
    page.wait_for_function("Number(document.querySelector('.cellview').dataset.fps) > 0")
    count, before = drawn(page)
    assert count > 10_000
    page.wait_for_function(f"() => ({COLOURED})()[1] !== {before}")
    label = page.locator(".cellview-ground")
    expect(label).to_have_attribute("role", "img")
    expect(label).to_have_attribute("aria-label", re.compile(r"surface [\d,]+ \([\d,]+ with insulin bound\).*lysosome"))
    expect(page.locator(".cellview-caption")).to_have_text(
        re.compile(r"^(All|A random part: [\d,]+ of) [\d,]+ receptors")
    )


def test_the_words_have_the_numbers_beside_the_plot(visit: Visit):
    page = visit()
    wait_for_scene(page)
    paused(page)
    surface = page.locator(".numbers tr[data-line=surface] .numbers-count").inner_text()
    expect(page.locator(".cellview-ground")).to_have_attribute("aria-label", re.compile(f"surface {surface} "))


def test_a_clicked_receptor_is_followed_and_its_panel_agrees_with_itself(visit: Visit):
    page = visit()
    wait_for_scene(page)
    paused(page)
    box = page.locator(".cellview-stage").bounding_box()
    page.mouse.click(box["x"] + 0.5 * box["width"], box["y"] + 0.09 * box["height"])
    page.wait_for_function(FOLLOWED)
    name = page.locator(".life").get_attribute("data-receptor")
    expect(page.locator(".life h2")).to_have_text(f"Receptor {name}")
    place = int(page.locator(".cellview").get_attribute("data-place"))
    assert place >= 0
    assert facts(page)["Now"].startswith("At the surface")
    shares = [int(text.split()[0]) for text in page.locator(".life td:nth-child(4)").all_inner_texts()]
    assert sum(shares) == pytest.approx(100, abs=len(shares))
    page.get_by_role("button", name="Let go").click()
    expect(page.locator(".life")).to_have_attribute("data-receptor", "")


def test_the_panel_tells_what_the_tables_of_the_run_say(visit: Visit, tmp_path: Path):
    page = visit("?scenario=washout")
    wait_for_scene(page)
    tool(page, "Follow one at random")
    page.wait_for_function(FOLLOWED)
    paused(page)
    page.wait_for_function("!document.querySelector('.life-body').innerText.includes('Reading its past')")
    name = page.locator(".life").get_attribute("data-receptor")
    with page.expect_download() as download:
        page.get_by_role("link", name="The whole run").click()
    with zipfile.ZipFile(download.value.path()) as archive:
        archive.extractall(tmp_path)
    (folder,) = (path for path in tmp_path.iterdir() if path.is_dir())
    made = json.loads((folder / "run.json").read_text())
    life = retold(made, name)
    assert facts(page)["Cycles"] == f"{life['cycles']:,}"
    assert page.locator(".life-steps li").count() == min(life["steps"], 12)


def retold(made: dict, name: str) -> dict[str, int]:
    """The life of a receptor in a run that is done again with everybody followed."""
    given = Scenario.from_dict(made["scenario"] | {"follow": made["scenario"]["receptors"] * 2})
    result = simulate(given, seed=made["seed"])
    moves = result.histories[result.histories["receptor"] == name]
    table = lives(result).set_index("receptor")
    return {"cycles": int(table["cycles"].get(name, 0)), "steps": len(moves)}


def test_a_receptor_is_reached_by_keyboard(visit: Visit):
    page = visit()
    wait_for_scene(page)
    paused(page)
    stage = page.locator(".cellview-stage")
    stage.focus()
    for key in ("ArrowLeft", "ArrowUp", "Enter"):
        page.keyboard.press(key)
    page.wait_for_function(FOLLOWED)
    expect(page.locator(".life h2")).to_contain_text("Receptor ")
    page.keyboard.press("Escape")
    expect(page.locator(".life")).to_have_attribute("data-receptor", "")


def test_a_picture_is_taken_home(visit: Visit):
    page = visit()
    wait_for_scene(page)
    with page.expect_download() as download:
        tool(page, "Picture")
    assert re.fullmatch(r"chronic_insulin-seed\d+-cell\.png", download.value.suggested_filename)
    picture = Image.open(download.value.path()).convert("RGB")
    assert picture.size == (1920, 1080), "whatever the size on the screen"
    cell, strip = picture.crop((0, 0, 1920, 960)), picture.crop((0, 965, 1920, 1080))
    assert len(cell.getcolors(1 << 24)) > 500
    for told in (strip.crop((0, 0, 640, 115)), strip.crop((640, 0, 1920, 115))):
        assert len(told.getcolors(1 << 24)) > 20, "time and insulin on the left, numbers and colours on the right"
    assert len(cell.crop((0, 920, 120, 960)).getcolors(1 << 24)) < 100, "nothing is written on the cell's own part"
    expect(page.locator(".cellview-tools")).not_to_have_attribute("open", "")


def duration_of(film: bytes) -> float:
    """Milliseconds that a WebM file says it lasts (element 4489 of the segment information)."""
    at = film.index(b"\x44\x89\x88")
    return struct.unpack(">d", film[at + 3 : at + 11])[0]


def test_a_video_is_taken_home_and_can_be_opened(visit: Visit):
    page = visit()
    wait_for_scene(page)
    tool(page, "Record video")
    menu, sign = page.locator(".cellview-tools"), page.locator(".cellview-reel")
    expect(sign.get_by_role("status")).to_have_text(re.compile(r"^Recording (1920 × 1080|1280 × 720|960 × 540)$"))
    expect(menu).to_be_hidden()
    expect(page.locator(".cellview-menu")).to_be_hidden()
    expect(sign.get_by_role("button")).to_be_focused()
    wait_for_scene(page, 8)
    with page.expect_download() as download:
        sign.get_by_role("button", name="Stop and save").click()
    expect(sign).to_be_hidden()
    expect(menu).to_be_visible()
    assert re.fullmatch(r"chronic_insulin-seed\d+-cell\.webm", download.value.suggested_filename)
    film = Path(download.value.path()).read_bytes()
    assert film[:4] == b"\x1a\x45\xdf\xa3", "an EBML header"
    assert len(film) > 20_000
    assert 500.0 < duration_of(film) < 120_000.0
    frames = page.evaluate(
        """bytes => new Promise((resolve, reject) => {  // the browser can play it
            const video = document.createElement('video');
            video.onloadeddata = () => resolve([video.videoWidth, video.videoHeight, video.duration]);
            video.onerror = () => reject(video.error.message);
            video.src = URL.createObjectURL(new Blob([Uint8Array.from(bytes)], { type: 'video/webm' }));
        })""",
        list(film),
    )
    assert sign.locator("[role=status]").text_content() == f"Recording {frames[0]} × {frames[1]}"
    assert frames[2] == pytest.approx(duration_of(film) / 1000.0, rel=0.01)
    if probe := shutil.which("ffprobe"):
        asked = [probe, "-v", "error", "-show_entries", "format=duration", "-of", "csv=p=0", download.value.path()]
        told = subprocess.run(asked, capture_output=True, text=True, check=True).stdout
        assert float(told) == pytest.approx(frames[2], rel=0.05)


def test_who_asks_for_little_motion_sees_a_cell_that_stands_still(visit: Visit):
    page = visit(reduced_motion="reduce")
    expect(page.locator(".chip")).to_have_text("Finished")
    wait_for_scene(page, 0)
    page.wait_for_function(f"() => ({COLOURED})()[0] > 1000")
    before = drawn(page)
    page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    assert drawn(page) == before


def test_a_cell_out_of_sight_costs_nothing(visit: Visit):
    page = visit()
    wait_for_scene(page)
    page.get_by_role("link", name="Exposure").first.click()
    expect(page.locator(".cellview-stage")).to_be_hidden()
    plot = "Number(document.querySelector('.plot').dataset.seq)"
    # What was under way arrives; then the plot hears of scenes and the cell of none.
    page.wait_for_function(f"(window.since ??= {plot}) + 6 <= {plot}")
    seen, told = page.locator(".cellview").get_attribute("data-seq"), page.evaluate(plot)
    page.wait_for_function(f"{plot} >= {told} + 10")
    assert page.locator(".cellview").get_attribute("data-seq") == seen


@pytest.mark.parametrize(
    ("width", "height", "scheme"),
    [(390, 844, "light"), (390, 844, "dark"), (1440, 900, "light"), (1440, 900, "dark"), (1920, 1080, "light")],
)
def test_the_cell_fits_every_screen_in_both_themes(visit: Visit, width: int, height: int, scheme: str):
    page = visit(width=width, height=height, color_scheme=scheme)
    card = page.locator(".cell-card")
    card.scroll_into_view_if_needed()
    tool(page, "Follow one at random")
    page.wait_for_function(FOLLOWED)
    wait_for_scene(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    canvas = page.locator(".cellview-ground").bounding_box()
    assert min(canvas["width"], canvas["height"]) >= 150
    ARTEFACTS.mkdir(exist_ok=True)
    shot = Image.open(io.BytesIO(card.screenshot(path=ARTEFACTS / f"cell-{width}-{scheme}.png"))).convert("L")
    assert (shot.getpixel((shot.width // 2, 6)) < 60) == (scheme == "dark")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_followed_receptor_is_there_for_everybody(visit: Visit, scheme: str):
    page = visit(color_scheme=scheme)
    tool(page, "Follow one at random")
    page.wait_for_function(FOLLOWED)
    paused(page)
    assert breaches(page) == []


def test_a_row_of_the_legend_lights_its_line_also_a_hidden_one(visit: Visit):
    page = visit()
    paused(page)
    row, other = (page.locator(f".numbers-line[data-line={line}]") for line in ("early_endosome", "surface"))
    strongest = """key => {  // how much of a line's colour the plot has: pixels near it, by their opacity
        const colour = getComputedStyle(document.documentElement).getPropertyValue(`--${key}`);
        const line = colour.match(/[0-9a-f]{2}/gi).map((x) => parseInt(x, 16));
        let found = 0;
        for (const canvas of document.querySelectorAll('.plot-receptors canvas')) {
            const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
            for (let i = 0; i < data.length; i += 4) {
                const far = line.reduce((sum, part, k) => sum + Math.abs(data[i + k] - part), 0);
                if (far < 30) found += data[i + 3] / 255;
            }
        }
        return found;
    }"""
    plain = page.evaluate(strongest, "early_endosome")
    assert plain > 20
    row.click()
    page.wait_for_function(f"() => ({strongest})('early_endosome') < {0.1 * plain}")
    page.mouse.move(0, 0)
    row.hover()
    page.wait_for_function(f"() => ({strongest})('early_endosome') > {0.6 * plain}")
    expect(row).to_have_css("text-decoration-line", re.compile("line-through"))
    page.mouse.move(0, 0)
    page.wait_for_function(f"() => ({strongest})('early_endosome') < {0.1 * plain}")
    other.hover()
    expect(page.locator(".plot")).to_have_attribute("data-lit", "surface")
    assert page.evaluate(strongest, "early_endosome") < 0.1 * plain, "another row does not bring it back"
