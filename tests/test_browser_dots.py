"""Where the dots of the drawn cell really are, in a real browser, on a page that has the cell alone."""

from collections.abc import Callable
from importlib.resources import files

import pytest
from playwright.sync_api import Browser, Page

from trafficking.dashboard.cell_view import CellView, kinds
from trafficking.scenario import Scenario

CARDS = [(410, 357), (478, 470), (350, 340), (900, 640)]  # on screens 1366, 1440 and 390 wide, and enlarged
_PAGE = """<!doctype html><html data-theme="light" data-motion="MOTION"><head><style>STYLES</style></head><body>
<section class="card cell-card"><div><div id="cell"></div></div></section></body></html>"""
_START = """async ([code, kinds]) => {
  const file = new Blob([code, '\\nexport { View };'], { type: 'text/javascript' });
  const { View } = await import(URL.createObjectURL(file));
  const heard = {};
  const traits = { dots: new DataView(new ArrayBuffer(0)), kinds, place: -1, pickable: true, insulin: 0.6, caption: '',
    clock: '', text: '', name: 'cell', run: 1, share: 1, numbers: {} };
  const model = { get: (name) => traits[name], on: (name, act) => (heard[name] = act), off: () => {}, send: () => {} };
  window.view = new View(model, document.getElementById('cell'));
  window.tell = (states) => {
    traits.dots = new DataView(Uint8Array.from(states).buffer);
    heard['change:dots']();
  };
  view.furnish();
}"""
# Dots that are not on their compartment, as [state, x, y]: within a body of it, or between rim and outline.
_ASTRAY = """() => {
  const { swarm, plan } = view;
  const ctx = document.createElement('canvas').getContext('2d');
  ctx.lineWidth = 7;  // dots sway, and edges are drawn
  const on = (path, x, y) => ctx.isPointInPath(path, x, y) || ctx.isPointInStroke(path, x, y);
  const there = (key, x, y) => {
    const bodies = plan.organelles[key];
    if (bodies) return bodies.some(({ path }) => on(path, x, y));
    const inside = ctx.isPointInPath(plan.rimPath, x, y) && !ctx.isPointInStroke(plan.rimPath, x, y);
    return on(plan.outerPath, x, y) && !inside;
  };
  const found = [];
  for (let i = 0; i < swarm.n; i += 1) {
    const key = swarm.keys[swarm.kind[i]];
    if (key && !there(key, swarm.x[i], swarm.y[i])) found.push([key, swarm.x[i], swarm.y[i]]);
  }
  return found;
}"""
_PAINTED = """() => {  // dots that one picture has
  const { painter } = view;
  let dots = 0;
  painter.stamp = function (where, disc, ...how) {
    if (disc === this.dot) dots += 1;
    return Object.getPrototypeOf(this).stamp.call(this, where, disc, ...how);
  };
  view.draw(performance.now(), true, painter.radius(view.swarm.most, view.plan));
  delete painter.stamp;
  return dots;
}"""

Cell = Callable[..., Page]


@pytest.fixture
def cell(browser: Browser) -> Cell:
    """Opens a page with a cell of no receptors, in a card of the first size."""
    exposure = [{"kind": "constant", "insulin": "10 nM", "duration": "1 h"}]
    sheets = sorted((files("trafficking.dashboard") / "static" / "css").iterdir(), key=lambda sheet: sheet.name)
    styles = "\n".join(sheet.read_text(encoding="utf-8") for sheet in sheets)
    states = kinds(Scenario.from_dict({"name": "dots", "exposure": exposure}).itinerary)

    def open_page(motion: str) -> Page:
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.set_content(_PAGE.replace("STYLES", styles).replace("MOTION", motion))
        sized(page, *CARDS[0])
        page.evaluate(_START, [CellView._esm, states])
        return page

    return open_page


def sized(page: Page, width: int, height: int) -> None:
    """Gives the card a size, and waits until the cell has taken notice."""
    page.evaluate(
        """([width, height]) => {
            const card = document.querySelector('.cell-card');
            [card.style.width, card.style.height] = [`${width}px`, `${height}px`];
            return new Promise((done) => setTimeout(() => requestAnimationFrame(done), 50));
        }""",
        [width, height],
    )


def states(n: int, shift: int = 0) -> list[int]:
    """The states of so many receptors: of six, the last of which is the lysosome."""
    return [(i + shift) % 6 for i in range(n)]


def test_without_motion_dots_lie_on_their_compartment_at_every_size(cell: Cell):
    page = cell("reduced")
    page.evaluate("tell", states(3_000))
    for size in (*CARDS, CARDS[0]):
        sized(page, *size)
        assert page.evaluate(_ASTRAY) == [], size
        assert page.evaluate("view.swarm.alive") == 3_000
    page.evaluate("tell", states(3_000, shift=1))
    assert page.evaluate(_ASTRAY) == []
    page.close()


def test_who_asks_for_less_motion_on_the_way_sees_everybody_arrived(cell: Cell):
    page = cell("full")
    page.evaluate("tell", states(3_000))
    page.wait_for_function("view.inSight")
    on_the_way = page.evaluate(f"states => {{ tell(states); return ({_ASTRAY})(); }}", states(3_000, shift=3))
    assert len(on_the_way) > 1_000
    page.evaluate(
        """() => {
            document.documentElement.dataset.motion = 'reduced';
            document.dispatchEvent(new Event('appearance'));
        }"""
    )
    assert page.evaluate(_ASTRAY) == []
    page.close()


@pytest.mark.parametrize("n", [6, 60, 20_000])
def test_every_dot_is_painted_however_large_it_is(cell: Cell, n: int):
    page = cell("reduced")
    page.evaluate("tell", [0, 1] * n)  # at the surface, up to the edge of the picture
    for size in CARDS:
        sized(page, *size)
        assert page.evaluate(_PAINTED) == 2 * n, size
    page.close()
