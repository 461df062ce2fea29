"""Runs that outlive their page, in a real browser: reload, two tabs, links, a cut connection, a server that dies."""

import os
import re
import signal
import socket
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from conftest import Dashboard
from pages import PATIENCE_MS, UNDER_WAY, Visit, breaches, photograph
from test_dashboard import until


def run_of(page: Page) -> str:
    """The id of the run in the address, once it is there."""
    page.wait_for_function("new URL(location.href).searchParams.get('run')")
    return parse_qs(urlsplit(page.url).query)["run"][0]


def pause_steered(page: Page) -> str:
    """Stops the run, sets insulin by hand and gives what the page then says."""
    page.get_by_role("button", name="Pause").click()
    expect(page.locator(".chip")).to_have_text("Paused")
    page.get_by_role("slider", name="Insulin").press("End")
    expect(page.locator(".dose-note")).to_have_text("set by you")
    expect(page.locator(".sentence-main")).to_contain_text("1,000 nM")
    return page.locator(".sentence-main").inner_text()


def reloaded(page: Page) -> None:
    page.reload()
    page.wait_for_function("Number(document.querySelector('.plot')?.dataset.seq) > 0")


def test_a_reload_finds_the_run_as_it_was_left(visit: Visit):
    page = visit()
    run_id = run_of(page)
    assert page.evaluate(
        "[...document.querySelectorAll('.v-overlay__scrim')].every(e => getComputedStyle(e).opacity === '0')"
    )
    steps = page.evaluate("history.length")
    said = pause_steered(page)
    reloaded(page)
    expect(page.locator(".chip")).to_have_text("Paused")
    expect(page.locator(".sentence-main")).to_have_text(said)
    expect(page.locator(".dose-note")).to_have_text("set by you")
    assert run_of(page) == run_id
    assert page.evaluate("history.length") == steps
    page.get_by_role("button", name="Play").click()
    expect(page.locator(".sentence-main")).not_to_have_text(said)


def test_back_after_a_question_finds_the_run_before_it(visit: Visit):
    page = visit()
    first, said = run_of(page), pause_steered(page)
    page.get_by_role("link", name="Does it come back?").click()
    page.wait_for_function(f"new URL(location.href).searchParams.get('run') !== '{first}'")
    expect(page.locator("[name=scenario]:visible")).to_have_value("washout")
    second = run_of(page)
    page.go_back()
    expect(page.locator(".dose-note")).to_have_text("set by you")
    expect(page.locator(".sentence-main")).to_have_text(said)
    expect(page.locator("[name=scenario]:visible")).to_have_value("chronic_insulin")
    assert run_of(page) == first
    page.go_forward()
    expect(page.locator("[name=scenario]:visible")).to_have_value("washout")
    assert run_of(page) == second


def test_back_after_a_run_that_another_page_opened_is_that_page(visit: Visit):
    page = visit("experiments")
    first = run_of(page)
    page.get_by_role("button", name="Run this experiment on Live").first.click()
    expect(page.locator("[aria-current=page]")).to_have_text("Live")
    page.wait_for_function(f"new URL(location.href).searchParams.get('run') !== '{first}'")
    page.go_back()
    expect(page.locator("[aria-current=page]")).to_have_text("Experiments")
    assert run_of(page) == first


def test_the_first_run_of_an_address_takes_no_step_of_the_history(visit: Visit):
    page = visit("?scenario=washout")
    expect(page.locator("[name=scenario]:visible")).to_have_value("washout")
    run_of(page)
    assert page.evaluate("history.length") == visit().evaluate("history.length")


def test_back_to_a_run_that_is_gone_says_so_and_goes_on(visit: Visit):
    page = visit()
    first = run_of(page)
    page.evaluate("history.pushState({}, '', '/?run=' + 'A'.repeat(24))")
    page.evaluate("history.pushState({}, '', '/?run=' + 'B'.repeat(24))")
    page.go_back()
    expect(page.locator(".deck-note")).to_contain_text("The run of this address was not opened: it is not kept here")
    expect(page.locator(".deck-note")).to_contain_text("The one that was on goes on.")
    page.wait_for_function(f"!['{first}', '{'A' * 24}'].includes(new URL(location.href).searchParams.get('run'))")
    expect(page.locator(".chip")).to_have_text("Running")


# What of the run is in view, as the page itself has it.
IN_VIEW = """() => ({
  hidden: [...document.querySelectorAll('.numbers-line[aria-pressed=false]')].map((line) => line.dataset.line),
  scale: document.querySelector('.plot').dataset.scale,
  zoomed: document.querySelector('.plot').dataset.zoomed,
  part: document.querySelector('.plot-whole .plot-axis').textContent,
  followed: document.querySelector('.life h2')?.textContent ?? '',
})"""


def arranged(page: Page) -> dict:
    """Puts a line away, changes the axis, looks closer and follows a receptor; gives what is then in view."""
    page.locator(".numbers-line").nth(2).click()
    page.get_by_role("button", name="Logarithmic axis").click()
    page.locator(".plot-whole").press("+")
    page.locator(".cellview summary").click()
    page.get_by_role("button", name="Follow one").click()
    expect(page.locator(".life-card")).to_be_visible()
    expect(page.locator(".plot")).to_have_attribute("data-zoomed", "true")
    expect(page.locator(".plot")).to_have_attribute("data-scale", "log")
    expect(page.locator(".numbers-line[aria-pressed=false]")).to_have_count(1)
    expect(page.locator(".life h2")).not_to_be_empty()
    return page.evaluate(IN_VIEW)


def comes_in_view(page: Page, seen: dict) -> None:
    """Waits until what `arranged` gave is in view: plot, numbers and panel are filled one after another."""
    page.wait_for_function(f"seen => JSON.stringify(({IN_VIEW})()) === JSON.stringify(seen)", arg=seen)


def test_a_reload_shows_what_was_in_view(visit: Visit):
    page = visit("?scenario=washout")
    page.get_by_role("button", name="Pause").click()
    expect(page.locator(".chip")).to_have_text("Paused")
    seen = arranged(page)
    assert seen["hidden"]
    assert seen["followed"]
    reloaded(page)
    comes_in_view(page, seen)
    expect(page.locator(".life-card")).not_to_contain_text("not kept")


def test_a_reload_finds_the_pins_and_how_they_were_shown(visit: Visit):
    page = visit("compare")
    for resolution in ("mean", "counts"):
        page.locator(".pinning [name=resolution]").select_option(resolution)
        page.get_by_role("button", name="Compute and pin").click()
        rows = page.locator(".pins-sheet tbody tr")
        expect(rows).to_have_count(1 if resolution == "mean" else 2)
    page.locator("[name=unit]").select_option("receptors")
    page.locator("[name=base]").select_option(index=1)
    expect(page.locator(".answer-chart figcaption b")).to_contain_text("Surface receptors minus")
    expect(page.locator(".pins-sheet tbody tr").first.locator("td").first).to_have_text("0")  # itself minus itself
    shown = page.locator(".pins-sheet table").inner_text()
    reloaded(page)
    expect(rows).to_have_count(2)
    page.wait_for_function("shown => document.querySelector('.pins-sheet table').innerText === shown", arg=shown)
    expect(page.locator("[name=unit]")).to_have_value("receptors")
    assert page.locator("[name=base]").input_value() != ""
    other = visit("compare")  # a tab of its own
    expect(other.locator(".pins-sheet")).to_contain_text("Nothing is pinned yet")


def test_a_reload_finds_the_person_and_the_moment(visit: Visit):
    page = visit("body")
    page.locator("[name=years]").fill("10")
    page.locator("[name=insult]").fill("0.6")
    page.get_by_role("button", name="Follow this person").click()
    expect(page.locator(".ribbon input[type=range]")).to_have_attribute("max", "10", timeout=2 * PATIENCE_MS)
    page.locator(".ribbon input[type=range]").fill("5")
    expect(page.locator(".person-clinic")).to_contain_text("year 5.0")
    found = page.locator(".person-clinic table").inner_text()
    reloaded(page)
    expect(page.locator("[name=insult]")).to_have_value("0.6")
    expect(page.locator("[name=years]")).to_have_value("10")
    expect(page.locator(".person-clinic")).to_contain_text("year 5.0")
    assert page.locator(".person-clinic table").inner_text() == found


def test_a_run_that_was_playing_plays_on_after_a_reload(visit: Visit):
    page = visit("?scenario=washout")
    page.get_by_label("Speed").select_option("5 min/s")  # hours until its end, wherever a slow machine has let it come
    expect(page.locator(".chip")).to_have_text("Running")
    run_id = run_of(page)
    reloaded(page)
    expect(page.locator(".chip")).to_have_text("Running")
    said = page.locator(".sentence-main").inner_text()
    expect(page.locator(".sentence-main")).not_to_have_text(said)
    assert run_of(page) == run_id


def test_a_second_tab_gets_a_copy_and_says_so(visit: Visit):
    page = visit()
    said = pause_steered(page)
    copy = page.context.new_page()
    copy.goto(page.url)
    copy.wait_for_function("Number(document.querySelector('.plot')?.dataset.seq) > 0")
    expect(copy.locator(".deck-note")).to_contain_text("open in another tab")
    expect(copy.locator(".sentence-main")).to_have_text(said)
    copy.wait_for_function(f"new URL(location.href).searchParams.get('run') !== '{run_of(page)}'")
    copy.get_by_role("button", name="Play").click()
    expect(copy.locator(".sentence-main")).not_to_have_text(said)
    expect(page.locator(".sentence-main")).to_have_text(said)
    photograph(copy, "runs-copy")


@pytest.mark.parametrize("wrong", ["A" * 24, "../../etc/passwd", "%00", "<script>"])
def test_an_address_of_no_run_is_said_in_words(visit: Visit, wrong: str):
    page = visit(f"?run={wrong}")
    expect(page.locator(".deck-note")).to_contain_text("The run of this address was not opened")
    page.wait_for_function(
        f"new URL(location.href).searchParams.get('run')?.length === 24 && !location.href.includes('{'A' * 24}')"
    )


def test_a_link_gives_the_run_to_somebody_else(visit: Visit):
    page = visit()
    said = pause_steered(page)
    seen = arranged(page)
    page.get_by_role("button", name="More").click()
    page.get_by_role("button", name="Copy link").click()
    field = page.get_by_role("textbox", name="Link to this run")
    expect(field).to_be_visible()
    expect(field).to_be_focused()
    link = field.input_value()
    assert urlsplit(link).query.startswith("link=1.")
    assert len(link) < 6000
    assert breaches(page) == []
    photograph(page, "runs-link")
    page.get_by_role("button", name="Close").click()
    expect(field).to_be_hidden()
    expect(page.get_by_role("button", name="Copy link")).to_be_focused()
    other = visit("?" + urlsplit(link).query)
    expect(other.locator(".chip")).to_have_text("Paused")
    expect(other.locator(".sentence-main")).to_have_text(said)
    expect(other.locator(".dose-note")).to_have_text("set by you")
    comes_in_view(other, seen)
    other.get_by_role("button", name="More").click()
    expect(other.locator(".drawer-log tbody tr")).to_have_count(1)
    assert run_of(other) != run_of(page)
    assert "link=" not in other.url


def test_a_link_that_is_none_is_said_in_words(visit: Visit):
    page = visit("?link=1.AAAA")
    expect(page.locator(".deck-note")).to_contain_text("This link was not opened: it is not whole; copy it again.")


# -- connections and servers -------------------------------------------------------------------------------------------


class Cable:
    """A TCP proxy before the server, which can be cut and mended."""

    def __init__(self, port: int) -> None:
        self._to, self._whole = port, threading.Event()
        self._whole.set()
        self._ends: list[socket.socket] = []
        self._door = socket.create_server(("127.0.0.1", 0))
        self.port = self._door.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                near, _ = self._door.accept()
            except OSError:
                return
            if not self._whole.is_set():
                near.close()
                continue
            try:
                far = socket.create_connection(("127.0.0.1", self._to))
            except OSError:
                near.close()
                continue
            self._ends += [near, far]
            for one, other in ((near, far), (far, near)):
                threading.Thread(target=self._carry, args=(one, other), daemon=True).start()

    @staticmethod
    def _carry(one: socket.socket, other: socket.socket) -> None:
        try:
            while block := one.recv(1 << 16):
                other.sendall(block)
        except OSError:
            pass
        finally:
            one.close()
            other.close()

    def cut(self) -> None:
        self._whole.clear()
        for end in self._ends:
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        self._ends.clear()

    def mend(self) -> None:
        self._whole.set()

    def close(self) -> None:
        self.cut()
        self._door.close()


@pytest.fixture
def page_of(browser: Browser) -> Iterator:
    """Opens a page whose connection may break; what the browser says of that is no fault of the page."""
    contexts = []

    def open_page(url: str, **options: object) -> Page:
        context = browser.new_context(viewport={"width": 1366, "height": 768}, **options)
        context.set_default_timeout(PATIENCE_MS)
        contexts.append(context)
        page = context.new_page()
        page.goto(url)
        page.wait_for_function(UNDER_WAY)
        return page

    expect.set_options(timeout=PATIENCE_MS)
    yield open_page
    for context in contexts:
        context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_cut_connection_is_said_and_mends_by_itself(page_of, dashboard_url: str, scheme: str):
    cable = Cable(urlsplit(dashboard_url).port or 0)
    try:
        page = page_of(f"http://127.0.0.1:{cable.port}/", color_scheme=scheme)
        said = pause_steered(page)
        run_id = run_of(page)
        cable.cut()
        expect(page.get_by_role("alert").filter(has_text="connection to the server is lost")).to_be_visible()
        assert breaches(page) == []
        photograph(page, f"runs-lost-{scheme}")
        cable.mend()
        expect(page.locator(".lost")).to_be_hidden()
        expect(page.locator(".sentence-main")).to_have_text(said)
        page.get_by_role("button", name="Play").click()
        expect(page.locator(".sentence-main")).not_to_have_text(said)
        assert run_of(page) == run_id
    finally:
        cable.close()


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_a_server_that_is_started_again_has_the_run(page_of, tmp_path: Path, how: signal.Signals):
    first = Dashboard(tmp_path)
    page = page_of(first.url())
    port = urlsplit(page.url).port
    said = pause_steered(page)
    run_id = run_of(page)
    kept = tmp_path / "cache" / "runs" / f"{run_id}.run"
    until(lambda: kept.exists() and b'"insulin_nM", ' in kept.read_bytes() and b"1000.0" in kept.read_bytes())
    first.process.send_signal(how)
    first.process.wait(20)
    first.stop()
    expect(page.locator(".lost")).to_be_visible()
    second = Dashboard(tmp_path, "--port", str(port))
    try:
        second.url()
        expect(page.locator(".chip")).to_have_text("Paused", timeout=2 * PATIENCE_MS)  # nobody had to reload it
        photograph(page, f"runs-restarted-{how.name}")
        expect(page.locator(".sentence-main")).to_have_text(said)
        assert run_of(page) == run_id
    finally:
        second.stop()


def test_a_killed_browser_uses_no_more_time_and_its_run_is_kept(chromium: str, tmp_path: Path, page_of):
    server = Dashboard(tmp_path)
    try:
        url = server.url()
        profile = tmp_path / "profile"
        args = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", f"--user-data-dir={profile}"]
        alone = subprocess.Popen(
            [chromium, *args, "--remote-debugging-port=0", f"{url}?scenario=basal"],
            stderr=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        )
        runs = tmp_path / "cache" / "runs"
        until(lambda: any(b'"status": "running"' in path.read_bytes() for path in runs.glob("*.run")), 120)
        os.killpg(alone.pid, signal.SIGKILL)
        alone.wait()
        (kept,) = runs.glob("*.run")
        until(lambda: b'"status": "paused"' in kept.read_bytes(), 60)  # the server has noticed
        page = page_of(f"{url}?run={kept.stem}")
        expect(page.locator(".chip")).to_have_text(re.compile("Paused|Finished"))
        expect(page.locator(".deck-note")).not_to_contain_text("copy")
    finally:
        server.stop()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_server_that_is_silent_is_said_to_be_waited_for(page_of, tmp_path: Path, scheme: str):
    server = Dashboard(tmp_path)
    try:
        page = page_of(server.url(), color_scheme=scheme)
        chip, sign = page.locator(".chip"), page.get_by_role("status").filter(has_text="Waiting for the server…")
        expect(chip).to_have_text("Running")
        expect(sign).to_have_count(0)
        server.process.send_signal(signal.SIGSTOP)  # its sockets stay open
        expect(sign).to_be_visible()
        expect(chip).to_have_text("Waiting")
        expect(page.locator(".lost")).to_be_hidden()
        assert breaches(page) == []
        photograph(page, f"runs-silent-{scheme}")
        server.process.send_signal(signal.SIGCONT)
        expect(sign).to_have_count(0)
        expect(chip).to_have_text("Running")
    finally:
        server.process.send_signal(signal.SIGCONT)
        server.stop()


def test_a_paused_run_asks_its_server_for_a_sign_of_life_too(page_of, tmp_path: Path):
    server = Dashboard(tmp_path)
    try:
        page = page_of(server.url())
        pause_steered(page)
        page.get_by_role("link", name="Model", exact=True).click()
        expect(page.locator(".place.model")).to_be_visible()
        sign = page.locator(".waiting")
        page.wait_for_function("Number(document.querySelector('.manners').dataset.there) >= 3")  # nothing else is said
        expect(sign).to_have_text("")
        server.process.send_signal(signal.SIGSTOP)
        expect(sign).to_have_text("Waiting for the server…")
        page.keyboard.press("Shift")
        assert sign.text_content() == "Waiting for the server…", "keys of the reader are no sign of the server"
        server.process.send_signal(signal.SIGCONT)
        expect(sign).to_have_text("")
    finally:
        server.process.send_signal(signal.SIGCONT)
        server.stop()
