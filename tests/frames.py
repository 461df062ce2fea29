"""Frames per second of the drawn cell, in a headless browser without a graphics card, on a page of its own."""

from __future__ import annotations

import statistics
import time

from playwright.sync_api import sync_playwright

from conftest import browser_program
from trafficking.dashboard.cell_view import CellView, kinds
from trafficking.dashboard.web import _styles
from trafficking.scenario import Scenario

SIZE = 900, 640  # CSS pixels of the card
CHANGED = 0.05  # of the dots in each scene, five scenes a second
_PAGE = """<!doctype html><html data-theme="light"><head><style>STYLES</style></head>
<body><section class="card cell-card" style="width:WIDTHpx;height:HEIGHTpx"><div><div id="cell"></div></div></section>
</body></html>"""
_START = """async ([code, kinds, n, changed]) => {
  const { default: { render } } = await import(URL.createObjectURL(new Blob([code], { type: 'text/javascript' })));
  const dots = Uint8Array.from({ length: n }, () => Math.floor(Math.random() * (kinds.length - 1)));
  const traits = { dots: new DataView(dots.buffer), kinds, place: -1, pickable: true, insulin: 0.6, caption: '',
    clock: '', text: '', name: 'cell', run: 1, share: 1, numbers: {} };
  const heard = {};
  const model = { get: (name) => traits[name], on: (name, act) => (heard[name] = act), off: () => {}, send: () => {} };
  render({ model, el: document.getElementById('cell') });
  setInterval(() => {
    for (let i = 0; i < n * changed; i += 1) {
      dots[Math.floor(Math.random() * n)] = Math.floor(Math.random() * (kinds.length - 1));
    }
    heard['change:dots']();
  }, 200);
}"""


def frame_rate(dots: int, seconds: int = 6) -> float:
    """Frames drawn per second, the median of as many seconds, after the first two."""
    program = browser_program()
    exposure = [{"kind": "constant", "insulin": "10 nM", "duration": "1 h"}]
    states = kinds(Scenario.from_dict({"name": "frames", "exposure": exposure}).itinerary)
    with sync_playwright() as playwright:
        arguments = ["--headless", "--no-sandbox", "--disable-gpu"]
        browser = playwright.chromium.launch(executable_path=program, args=arguments)
        width, height = SIZE
        page = browser.new_page(viewport={"width": width + 50, "height": height + 50})
        page.set_content(_PAGE.replace("STYLES", _styles()).replace("WIDTH", str(width)).replace("HEIGHT", str(height)))
        page.evaluate(_START, [CellView._esm, states, dots, CHANGED])
        rates = []
        for _ in range(seconds + 2):
            time.sleep(1.05)  # how long is what is measured
            rates.append(float(page.locator(".cellview").get_attribute("data-fps") or 0.0))
        browser.close()
    return statistics.median(rates[2:])
