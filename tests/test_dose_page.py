"""Dose-response: the sentence, the table and the file say what the sweep says; the chart can be read and moved in."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from playwright.sync_api import Page, expect

from pages import SCREENS, Visit, breaches, fits, photograph
from trafficking import dose_curves
from trafficking.dashboard.pages import dose_response
from trafficking.dose_curves import Curve, HalfEffect, Sweep
from trafficking.scenario import Scenario

WISH = {"tissue": "liver", "low": 0.1, "high": 10, "doses": 6, "hours": 4, "resolution": "mean", "replicates": 9}


def sweep_of(values: np.ndarray, doses: np.ndarray) -> Sweep:
    """A sweep whose every read-out has these values, (n_replicates, n)."""
    exposure = [{"kind": "constant", "duration": "4 h", "insulin": "0 nM"}]
    scenario = Scenario.from_dict({"name": "made", "exposure": exposure})
    return Sweep(scenario, 240.0, doses, {name: values for name in dose_curves.READOUTS})


DOSES = np.array([0.0, 0.1, 1.0, 10.0])


def test_a_form_becomes_doses_on_a_logarithmic_scale():
    asked = dose_response.wish(WISH)
    np.testing.assert_allclose(asked.doses_nM, np.geomspace(0.1, 10.0, 6))
    assert (asked.exposure_min, asked.replicates, asked.scenario.resolution) == (240.0, 1, "mean")
    assert dose_response.wish(WISH | {"resolution": "counts"}).replicates == 9
    assert asked.scenario.tissue == "liver"


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"low": 10, "high": 1}, "^Highest dose, nM: 1 given; it must be above the lowest, 10"),
        ({"low": "none"}, "^Lowest dose, nM: 'none' given"),
        ({"doses": 3}, "^Doses: 3 given; a number from 6 to 40"),
        ({"hours": 0}, "^Exposure, h: 0 given"),
        ({"tissue": "brain"}, "^Tissue: 'brain' given; allowed are culture"),
        ({"replicates": 1000}, "^Replicates: 1000 given"),
    ],
)
def test_a_form_that_makes_no_sense_is_answered_in_words(wrong: dict, said: str):
    with pytest.raises(ValueError, match=said):
        dose_response.wish(WISH | wrong)


def test_the_sentence_gives_the_dose_with_its_interval():
    made = sweep_of(np.array([[1000.0, 900.0, 500.0, 100.0]]), DOSES)
    effect = HalfEffect(Curve(1000.0, 90.0, 1.3, 1.0), 1.1, 1.6, "profile", rows=4)
    said = dose_response.sentence(made, "surface", effect)
    assert said.startswith("Half of the effect at 1.3 nM (1.1 to 1.6). ")
    assert "1,000 without insulin, 100 at 10 nM" in said
    detail = dose_response.detail(made, effect)
    assert "EC50 1.3 nM, 217 µU/mL; Hill slope 1.00" in detail
    assert "no chance in them" in detail


def test_the_sentence_says_why_there_is_no_such_dose():
    made = sweep_of(np.array([[1000.0, 999.0, 998.0, 1000.0]]), DOSES)
    effect = dose_curves.half_effect(made.doses_nM, made.values["surface"])
    said = dose_response.sentence(made, "surface", effect)
    assert "No dose of half of the effect: insulin moves this by 0.2 % at most" in said
    assert dose_response.detail(made, effect) == ""
    assert [curve.line for curve in dose_response.curves(made, "surface", effect)] == [False]


def test_points_are_medians_with_the_spread_of_their_replicates():
    values = np.arange(40.0).reshape(10, 4)
    (points,) = dose_response.curves(sweep_of(values, DOSES), "surface", HalfEffect(None))
    np.testing.assert_array_equal(points.x, DOSES[1:])
    np.testing.assert_allclose(points.y, np.median(values, axis=0)[1:])
    np.testing.assert_allclose(points.low, np.quantile(values, 0.025, axis=0)[1:])
    assert "10 replicates" in points.label


def test_the_file_has_every_run_and_all_read_outs_with_units():
    values = np.arange(8.0).reshape(2, 4)
    table = dose_response.frame(sweep_of(values, DOSES))
    assert len(table) == 8
    row = table[(table["replicate"] == 1) & (table["insulin (nM)"] == 1.0)]
    assert row["Surface receptors (receptors)"].item() == 6.0
    assert "Signal, of the largest there can be (%)" in table.columns


# -- in a browser ------------------------------------------------------------------------------------------------------


def drawn(visit: Visit, **options) -> Page:
    """The page with the curve that it computes as it opens."""
    page = visit("dose-response", **options)
    expect(page.locator(".sheet")).to_have_attribute("data-rows", "14")
    return page


def test_the_page_opens_with_a_curve_and_says_what_is_half_of_the_effect(visit: Visit, tmp_path: Path):
    page = drawn(visit)
    expect(page.locator(".sheet-sentence")).to_have_text(
        re.compile(r"^Half of the effect at [\d.]+ nM \([\d.]+ to [\d.]+\)\. Surface receptors: [\d,]+ without insulin")
    )
    with page.expect_download() as download:
        page.get_by_role("link", name="All read-outs").click()
    download.value.save_as(tmp_path / "doses.csv")
    table = pd.read_csv(tmp_path / "doses.csv")
    shown = page.locator(".sheet tbody tr").nth(7).locator("td").nth(1).inner_text()
    assert float(shown.replace(",", "")) == pytest.approx(table["Surface receptors (receptors)"].iloc[7], rel=1e-3)
    effect = dose_curves.half_effect(
        table["insulin (nM)"].to_numpy(), table["Surface receptors (receptors)"].to_numpy()
    )
    said = float(re.search(r"at ([\d.]+) nM", page.locator(".sheet-sentence").inner_text()).group(1))
    assert said == pytest.approx(effect.curve.ec50_nM, rel=0.01)


def test_another_read_out_is_shown_without_computing_again(visit: Visit):
    page = drawn(visit)
    page.get_by_label("Read at the end").select_option("signal")
    expect(page.locator(".chart figcaption b")).to_contain_text("Signal, of the largest there can be")
    expect(page.locator(".sheet-sentence")).to_contain_text("0 % without insulin")
    expect(page.locator(".form").first).to_have_attribute("data-busy", "false")


def test_replicates_are_computed_with_progress_and_can_be_cancelled(visit: Visit):
    page = drawn(visit)
    page.get_by_label("Resolution").select_option("counts")
    page.get_by_role("spinbutton", name="Replicates").fill("200")
    page.get_by_role("button", name="Compute the curve").click()
    expect(page.get_by_role("progressbar")).to_be_visible()
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("status").filter(has_text="Cancelled")).to_be_visible()
    page.get_by_role("spinbutton", name="Replicates").fill("5")
    page.get_by_role("spinbutton", name="Doses").fill("6")
    page.get_by_role("spinbutton", name="Exposure").fill("2")
    page.get_by_role("button", name="Compute the curve").click()
    expect(page.locator(".sheet")).to_have_attribute("data-rows", "7")
    expect(page.locator(".chart-legend")).to_contain_text("Median of 5 replicates")


def test_where_the_doses_show_no_half_the_page_says_so(visit: Visit):
    page = drawn(visit)
    page.get_by_role("spinbutton", name="Highest dose").fill("0.1")
    page.get_by_role("button", name="Compute the curve").click()
    expect(page.locator(".sheet-sentence")).to_contain_text(
        "No dose of half of the effect: the effect has not levelled"
    )
    page.get_by_role("spinbutton", name="Lowest dose").fill("0.5")
    page.get_by_role("button", name="Compute the curve").click()
    expect(page.get_by_role("alert").filter(has_text="Highest dose, nM: 0.1 given")).to_be_visible()


def test_the_chart_tells_values_with_units_and_can_be_zoomed_by_hand(visit: Visit):
    page = drawn(visit)
    over = page.locator(".chart .u-over")
    box = over.bounding_box()
    page.mouse.move(box["x"] + 0.5 * box["width"], box["y"] + 0.5 * box["height"])
    tip = page.locator(".chart-tip")
    expect(tip).to_have_text(re.compile(r"nM.*receptors"))
    page.mouse.down()
    page.mouse.move(box["x"] + 0.8 * box["width"], box["y"] + 0.5 * box["height"], steps=4)
    page.mouse.up()
    whole = page.get_by_role("button", name="Whole range")
    expect(whole).to_be_visible()
    whole.press("Enter")
    expect(whole).to_be_hidden()
    hill = page.get_by_role("button", name="Hill’s curve")
    hill.press("Space")
    expect(hill).to_have_attribute("aria-pressed", "false")
    hill.press("Space")
    expect(hill).to_have_attribute("aria-pressed", "true")


@pytest.mark.parametrize(("width", "height", "scheme"), SCREENS)
def test_the_page_fits_its_screen_and_can_be_used_by_everybody(visit: Visit, width: int, height: int, scheme: str):
    page = drawn(visit, width=width, height=height, color_scheme=scheme)
    assert fits(page, width)
    assert breaches(page) == []
    photograph(page, f"dose-response-{width}-{scheme}")
