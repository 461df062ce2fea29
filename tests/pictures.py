"""Makes the pictures of README anew, from the page itself in a headless browser: `make pictures`.

Four pictures of pages and twenty seconds of the drawn cell, as WebP, in `docs/pictures`. They are made of the program
as it is and of seed 1, so that whoever doubts one can make it again.
"""

from __future__ import annotations

import base64
import io
import tempfile
import time
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from conftest import Dashboard, browser_program
from dashboard_benchmark import ARGUMENTS

FOLDER = Path(__file__).parent.parent / "docs" / "pictures"
SIZE = {"width": 1440, "height": 900}
SHARPNESS = 1.5  # pixels of the picture per CSS pixel
SECONDS, FRAMES_PER_S, WIDTH = 20, 5, 400  # of the capture; pixels
PATIENCE_MS = 180_000


def opened(browser: Browser, url: str, *, sharpness: float = SHARPNESS, **options: str) -> Page:
    context = browser.new_context(viewport=SIZE, device_scale_factor=sharpness, **options)
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    page.goto(url)
    page.wait_for_function("Number(document.querySelector('.plot')?.dataset.seq) > 1")
    return page


def save(page: Page, name: str) -> None:
    image = Image.open(io.BytesIO(page.screenshot()))
    image.save(FOLDER / f"{name}.webp", quality=85, method=6)


def live(browser: Browser, url: str) -> None:
    """Four hours at 10 nM, one receptor followed."""
    page = opened(browser, url)
    page.get_by_role("combobox", name="Speed").select_option("2 h/s")
    page.wait_for_function("/after 4 h.* at 10 nM/.test(document.querySelector('.sentence-main').textContent)")
    page.get_by_role("button", name="Pause").click()
    page.locator(".cellview-tools summary").click()
    page.locator(".cellview").get_by_role("button", name="Follow one at random").click()
    page.wait_for_function("document.querySelector('.life').dataset.receptor && document.querySelector('.life-bar')")
    page.wait_for_function("!document.querySelector('.life-body').innerText.includes('Reading its past')")
    page.locator(".cellview-tools summary").click()
    page.locator("[data-tour=never]").click()
    page.mouse.move(0, 0)
    save(page, "live")
    page.context.close()


def pages(browser: Browser, url: str) -> None:
    """Body and Experiments, once they have come to their end; the model in the dark."""
    for name, ready in (
        ("body", "document.querySelectorAll('.ribbon-bar li').length > 2"),
        ("experiments", "document.querySelector('.board-headline')?.textContent.includes('blind')"),
    ):
        page = opened(browser, f"{url}/{name}")
        page.wait_for_function(ready)
        save(page, name)
        page.context.close()
    page = opened(browser, f"{url}/model", color_scheme="dark")
    page.wait_for_function("Number(document.querySelector('.diagram')?.dataset.seq) > 1")
    save(page, "model")
    page.context.close()


def cell(browser: Browser, url: str) -> None:
    """Twenty seconds of the cell, from the first insulin on, as the page shows them."""
    page = opened(browser, url, sharpness=1.0)
    page.wait_for_function("document.querySelector('.sentence-main').textContent.includes('at 10 nM')")
    stage, caption = (page.locator(f".cellview-{part}").bounding_box() for part in ("stage", "caption"))
    assert stage is not None
    assert caption is not None
    place = (stage["x"], stage["y"], stage["x"] + stage["width"], caption["y"] + caption["height"])
    taken: list[tuple[float, bytes]] = []
    session = page.context.new_cdp_session(page)

    def take(frame: dict) -> None:
        taken.append((frame["metadata"]["timestamp"], base64.b64decode(frame["data"])))
        session.send("Page.screencastFrameAck", {"sessionId": frame["sessionId"]})

    session.on("Page.screencastFrame", take)
    session.send("Page.startScreencast", {"format": "png"})
    begun = time.monotonic()
    while time.monotonic() < begun + SECONDS + 0.5:
        page.wait_for_timeout(100)
    session.send("Page.stopScreencast")
    frames = []
    for moment in range(SECONDS * FRAMES_PER_S):
        at = taken[0][0] + moment / FRAMES_PER_S
        picture = Image.open(io.BytesIO(min(taken, key=lambda one: abs(one[0] - at))[1])).convert("RGB")
        picture = picture.crop(place)
        frames.append(picture.resize((WIDTH, round(WIDTH * picture.height / picture.width)), Image.Resampling.LANCZOS))
    frames[0].save(
        FOLDER / "cell.webp",
        save_all=True,
        append_images=frames[1:],
        duration=1000 // FRAMES_PER_S,
        loop=0,
        quality=35,
        method=6,
    )
    page.context.close()


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    program = browser_program()
    with tempfile.TemporaryDirectory() as home, sync_playwright() as playwright:
        server = Dashboard(Path(home))
        try:
            url = server.url().rstrip("/")
            browser = playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
            for make in (live, pages, cell):
                make(browser, url)
            browser.close()
        finally:
            server.stop()
    for path in sorted(FOLDER.glob("*.webp")):
        print(f"{path.relative_to(FOLDER.parent.parent)}: {path.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
