"""Data: what its tables say is what the run says, and every file on it can be taken home."""

import http.client
import re
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pandas as pd
import pytest
from playwright.sync_api import Page, expect

from pages import SCREENS, Visit, breaches, fits, go, photograph
from runs import hand_made, hand_made_cells
from trafficking import results
from trafficking.dashboard import tables
from trafficking.dashboard.pages import data


def test_a_summary_is_that_of_the_raw_rows():
    table = hand_made().counts
    found = tables.summary(table)
    assert found.keys() == set(table.columns) - {"replicate"}
    rows = table["early_endosome_free"].tolist()
    mean = sum(rows) / len(rows)
    assert found["early_endosome_free"] == pytest.approx((min(rows), mean, max(rows), rows[-1]), rel=1e-12)
    assert len({*found["early_endosome_free"]}) >= 3, "the numbers of the sample differ"


def test_text_and_empty_columns_have_no_summary():
    table = hand_made().histories
    assert tables.summary(table).keys() == {"time_min"}
    assert tables.summary(table.iloc[:0]) == {}


def test_every_column_of_every_table_is_described():
    result = hand_made_cells()
    assert set(tables.names(result)) == {*results.TABLES, "compartments"}
    for name in tables.names(result):
        table = tables.frame(result, name)
        described = tables.described(table, name)
        assert [column["name"] for column in described] == list(table.columns)
        assert all(column["label"] for column in described)
    units = {column["name"]: column["unit"] for column in tables.described(result.exposure, "exposure")}
    assert units == {"time_min": "min", "replicate": "", "insulin_nM": "nM", "mrna": ""}
    passages = {column["name"]: column for column in tables.described(result.events, "events")}
    arrows = {arrow.name for arrow in result.scenario.itinerary.transitions}
    assert {passages[name]["unit"] for name in arrows} == {"passages"}
    assert passages["synthesis"]["label"] == "Synthesis, passages"


def test_one_cell_has_no_table_of_cells():
    assert "cells" not in tables.names(hand_made())


def test_a_page_of_rows_is_those_rows_and_no_more():
    table = hand_made().compartments
    page = tables.rows(table, 230, 15)
    assert len(page) == 11
    assert page[0] == [tables.said(value) for value in table.iloc[230]]
    assert tables.rows(table, 241, 15) == []


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (1234567, "1,234,567"), (0.5, "0.5"), (1 / 3, "0.3333333"), (93294.25, "93,294.25"), (1e-9, "1e-09")]
    + [("start-1", "start-1"), (np.int64(4000), "4,000"), (np.float64(100.0), "100"), (12000.0, "12,000")],
)
def test_values_are_written_so_that_they_can_be_compared(value, text: str):
    assert tables.said(value) == text


class Changing:
    """A desk on which another run is opened while the tables of the one before are asked for."""

    def __init__(self) -> None:
        self.run_id, self.runner, self._runs = "one", self, iter(["of one or of two", "of two"])

    def taken(self) -> str:
        self.run_id = "two"
        return next(self._runs)


def test_tables_and_the_key_to_their_files_are_of_the_same_run():
    assert data._taken(Changing()) == ("two", "of two")


# -- in a browser ------------------------------------------------------------------------------------------------------


def paused_data(visit: Visit, **options) -> Page:
    """Data of a run that stands still somewhere after insulin came."""
    page = visit(**options)
    expect(page.locator(".sentence-main")).to_contain_text("at 10 nM")
    page.get_by_role("button", name="Pause").click()
    expect(page.locator(".chip")).to_have_text("Paused")
    go(page, "Data")
    expect(page.locator(".tables-where")).to_contain_text("Rows 1 to 15 of")
    return page


def taken(page: Page, link: str, folder: Path) -> Path:
    with page.expect_download() as download:
        page.get_by_role("link", name=link, exact=True).click()
    path = folder / download.value.suggested_filename
    download.value.save_as(path)
    return path


def test_the_rows_and_the_summary_shown_are_those_of_the_file(visit: Visit, tmp_path: Path):
    page = paused_data(visit)
    page.get_by_role("button", name=re.compile("^Receptors in each state")).click()
    expect(page.locator(".tables")).to_have_attribute("data-table", "counts")
    table = pd.read_csv(taken(page, "This table CSV", tmp_path))
    parquet = pd.read_parquet(taken(page, "This table Parquet", tmp_path))
    pd.testing.assert_frame_equal(parquet, table, check_dtype=False)
    expect(page.locator(".tables-where")).to_have_text(f"Rows 1 to 15 of {len(table):,}")
    for name, first in (("On", 15), ("Last", (len(table) - 1) // 15 * 15), ("First", 0)):
        page.get_by_role("button", name=name, exact=True).click()
        expect(page.locator(".tables")).to_have_attribute("data-first", str(first))
        cells = page.locator(".tables-rows tbody tr").first.locator("td").all_inner_texts()
        assert cells == [f"{first + 1:,}", *(tables.said(value) for value in parquet.astype(object).iloc[first])]
    page.get_by_label("Go to row").fill("40")
    page.keyboard.press("Tab")
    expect(page.locator(".tables")).to_have_attribute("data-first", "30")
    shown = page.locator(".tables-columns tr", has_text="surface_bound").locator("td.n").all_inner_texts()
    column = table["surface_bound"]
    assert shown == [tables.said(float(x)) for x in (column.min(), column.mean(), column.max(), column.iloc[-1])]


def test_a_run_that_goes_on_is_read_again(visit: Visit):
    page = visit("data")
    first = page.locator(".tables-made")
    expect(first).to_contain_text("as it stood at")
    stood = first.inner_text()
    expect(first).not_to_have_text(stood)
    expect(page.locator(".tables-where")).to_contain_text("Rows 1 to 15 of")


def test_every_file_on_the_page_can_be_taken(visit: Visit, tmp_path: Path):
    page = paused_data(visit)
    links = page.locator(".tables-files a").evaluate_all("links => links.map(a => a.innerText)")
    assert len(links) == 8
    found = {taken(page, " ".join(link.split()), tmp_path).name for link in links}
    stem = "chronic_insulin-seed1"
    assert found == {
        f"{stem}.zip",
        *(f"{stem}-{name}" for name in ("plotted.csv", "compartments.csv", "scenario.toml", "steering.csv")),
        *(f"{stem}-figure.{kind}" for kind in ("png", "svg", "pdf")),
    }
    assert all(path.stat().st_size > 20 for path in tmp_path.iterdir())


def test_a_large_table_does_not_pass_through_the_connection_of_the_page(visit: Visit, tmp_path: Path):
    frames: list[int] = []
    page = visit("")
    page.on("websocket", lambda socket: socket.on("framereceived", lambda frame: frames.append(len(frame))))
    page.reload()
    expect(page.locator(".sentence-main")).to_contain_text("at 10 nM")
    page.get_by_role("combobox", name="Speed").select_option("12 h/s")
    expect(page.locator(".chip")).to_have_text("Finished")
    go(page, "Data")
    page.get_by_role("button", name=re.compile("^Lives of single receptors")).click()
    expect(page.locator(".tables")).to_have_attribute("data-table", "histories")
    assert frames, "frames are counted"
    before = sum(frames)
    path = taken(page, "This table CSV", tmp_path)
    assert path.stat().st_size > 1_000_000
    page.get_by_role("button", name="On", exact=True).click()
    expect(page.locator(".tables")).to_have_attribute("data-first", "15")
    assert 0 < sum(frames) - before < 60_000


@pytest.mark.parametrize(
    "name",
    ["../run.json", "..%2f..%2frun.json", "%2e%2e%2frun.json", "..%5crun.json", "/etc/passwd", "%2fetc%2fpasswd"],
)
def test_no_other_file_of_the_server_can_be_asked_for(visit: Visit, dashboard_url: str, name: str):
    page = visit("data")
    href = page.get_by_role("link", name="The whole run zip").get_attribute("href")
    asked = http.client.HTTPConnection(urlsplit(dashboard_url).netloc)
    asked.request("GET", href.replace("run.zip", name))
    answer = asked.getresponse()
    body = answer.read()
    asked.close()
    assert answer.status in (404, 200)
    # What is no file of the run is nothing, or the page itself where the path leaves /export/.
    assert answer.status == 404 or b"<html" in body[:500]
    assert b"root:x:" not in body
    assert b"trafficking run 1" not in body


@pytest.mark.parametrize(("width", "height", "scheme"), SCREENS)
def test_the_page_fits_its_screen_and_can_be_used_by_everybody(visit: Visit, width: int, height: int, scheme: str):
    page = paused_data(visit, width=width, height=height, color_scheme=scheme)
    assert fits(page, width)
    assert breaches(page) == []
    photograph(page, f"data-{width}-{scheme}")
