"""How the page feels, in a real browser; `make benchmark` runs this too.

The slider's latency is the time from a key on its thumb to the sentence that names the new dose, on the screen, while
the run goes on. With ten sessions nine others run meanwhile; they read and acknowledge what a page does, but draw
nothing, since ten people have ten machines of their own (`clients`). Frames are scenes that the plot has drawn in a
second. Memory is that of the server, after one session and after many have come and gone.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

from clients import Client
from conftest import Dashboard, browser_program

ARGUMENTS = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
# What a key on the slider takes to the sentence, milliseconds.
LATENCY = """async (count) => {
    const [thumb, sentence] = ['.dose-thumb', '.sentence-main'].map((name) => document.querySelector(name));
    const times = [];
    for (let i = 0; i < count; i++) {
        const [key, said] = i % 2 ? ['PageDown', 'at 100 nM'] : ['End', 'at 1,000 nM'];
        const begun = performance.now();
        const seen = new Promise((resolve) => {
            const watcher = new MutationObserver(() => {
                if (!sentence.textContent.includes(said)) return;
                watcher.disconnect();
                requestAnimationFrame(() => resolve(performance.now() - begun));
            });
            watcher.observe(sentence, { subtree: true, childList: true, characterData: true });
        });
        thumb.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true }));
        thumb.dispatchEvent(new KeyboardEvent('keyup', { key, bubbles: true }));
        times.push(await seen);
        await new Promise((resolve) => setTimeout(resolve, 400));
    }
    return times;
}"""
FRAMES = """async (seconds) => {
    const plot = document.querySelector('.plot');
    const from = Number(plot.dataset.seq), begun = performance.now();
    await new Promise((resolve) => setTimeout(resolve, 1000 * seconds));
    return (Number(plot.dataset.seq) - from) / (performance.now() - begun) * 1000;
}"""
DRAWN = "document.querySelector('.plot')?.dataset.seq > 1 && document.querySelector('.numbers-count')?.textContent"


def opened(browser: Browser, url: str) -> tuple[Page, float]:
    """A page whose run goes on, and the seconds to its first picture."""
    page = browser.new_context(viewport={"width": 1366, "height": 768}).new_page()
    begun = time.monotonic()
    page.goto(url)
    page.wait_for_function(DRAWN)
    return page, time.monotonic() - begun


def latencies(page: Page, count: int = 6) -> list[float]:
    """Milliseconds from the slider to the sentence while the run goes on at an hour a second."""
    page.get_by_role("combobox", name="Speed").select_option("1 h/s")
    return page.evaluate(LATENCY, count)


def resident_mb(pid: int) -> float:
    """Memory of a process now, in MB."""
    fields = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    return int(fields["VmRSS"].split()[0]) / 1000.0


def measured(*, sessions: int = 10, visits: int = 100) -> dict[str, Any]:
    """Every figure by its name."""
    program = browser_program()
    figures: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as home, sync_playwright() as playwright:
        server = Dashboard(Path(home))
        try:
            url = server.url()
            browser = playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
            opened(browser, url)[0].context.close()  # templates are compiled
            page, figures["first picture, s"] = opened(browser, url)
            figures["slider alone, ms"] = statistics.median(latencies(page))
            page.get_by_role("combobox", name="Speed").select_option("5 min/s")
            figures["frames per second"] = page.evaluate(FRAMES, 5)
            figures["memory with one session, MB"] = resident_mb(server.process.pid)
            others = [Client(url) for _ in range(sessions - 1)]
            for each in others:
                each.wait_for(lambda client: client.scenes > 3)
            many = latencies(page, 120)
            figures[f"slider, {sessions} sessions, median ms"] = statistics.median(many)
            figures[f"slider, {sessions} sessions, 95th percentile ms"] = statistics.quantiles(many, n=20)[-1]
            for each in others:
                each.close()
            page.context.close()
            for _ in range(visits):
                opened(browser, url)[0].context.close()
            figures[f"memory after {visits} sessions, MB"] = resident_mb(server.process.pid)
            browser.close()
        finally:
            server.stop()
    return figures


if __name__ == "__main__":
    import sys

    for name, value in measured(visits=int(sys.argv[1]) if sys.argv[1:] else 100).items():
        print(f"{name}: {value:.3g}")
