"""What the tests of pages in a real browser share: see also the fixture `visit`."""

from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, expect

ARTEFACTS = Path(__file__).parent.parent / "test-artefacts"
AXE = (Path(__file__).parent / "assets" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")
PATIENCE_MS = 60_000  # a fresh server compiles its templates, and the machine may be busy
SCREENS = [(390, 844, "light"), (1366, 768, "dark"), (1920, 1080, "light")]
# A run that is shown as it stands, at its end or where it was left, may need fewer pictures.
UNDER_WAY = """() => Number(document.querySelector('.plot')?.dataset.seq) > 3
    || ['Finished', 'Paused'].includes(document.querySelector('.chip')?.textContent.trim())"""
_RULES = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}}

Visit = Callable[..., Page]


def breaches(page: Page) -> list[str]:
    """What axe-core finds on a page as it is now, one line each."""
    page.evaluate(AXE)
    found = page.evaluate("rules => axe.run(document, rules)", _RULES)["violations"]
    return [f"{one['id']}: {[node['target'] for node in one['nodes']]}" for one in found]


def photograph(page: Page, name: str) -> None:
    """Leaves a picture of the whole page for people to look at."""
    ARTEFACTS.mkdir(exist_ok=True)
    page.screenshot(path=ARTEFACTS / f"{name}.png", full_page=True)


def fits(page: Page, width: int) -> bool:
    """Whether nothing has to be scrolled sideways."""
    return page.evaluate("document.documentElement.scrollWidth") <= width


def go(page: Page, name: str) -> None:
    """Opens another page of the session by its name at the top."""
    page.get_by_role("navigation", name="Pages").get_by_role("link", name=name, exact=True).click()
    expect(page.get_by_role("navigation", name="Pages").locator("[aria-current=page]")).to_have_text(name)
