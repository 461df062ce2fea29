"""Compare: what is drawn over each other is what the runs say, and pins keep the run as it stood."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from playwright.sync_api import Page, expect

from pages import SCREENS, Visit, breaches, fits, go, photograph
from runs import hand_made, scenario
from trafficking import half_times, simulation
from trafficking.dashboard import pins, store
from trafficking.dashboard.pages import compare
from trafficking.dashboard.pins import Pin


def hand_pin(name: str = "one", look: int = 0) -> Pin:
    return pins.of_result(hand_made(), name=name, look=look)


def replicated_pin() -> Pin:
    """Three replicates: half, all and one and a half of a run made by hand."""
    one = hand_pin("three", 1)
    return replace(one, values={name: np.concatenate([0.5 * v, v, 1.5 * v]) for name, v in one.values.items()})


def test_a_pin_holds_what_its_run_says():
    result, pin = hand_made(), hand_pin()
    np.testing.assert_array_equal(pin.middle("surface", "receptors"), result.surface)
    np.testing.assert_array_equal(pin.middle("live", "receptors"), result.live)
    np.testing.assert_array_equal(pin.middle("bound", "receptors"), result.counts["surface_bound"])
    np.testing.assert_allclose(pin.middle("surface", "percent"), 100.0 * result.surface / result.reference.surface)
    assert pin.half_times == result.half_times
    assert pin.made == "agents, seed 7, 4 h"


def test_replicates_are_those_of_single_runs_with_median_band_and_half_times():
    small = scenario(resolution="counts", receptors=300)
    shares: list[float] = []
    pin = pins.computed(small, name="n", look=2, replicates=4, seed=3, progress=shares.append)
    runs = [simulation.simulate(small, seed=3, replicate=k) for k in range(4)]
    np.testing.assert_array_equal(pin.values["surface"], [run.surface for run in runs])
    assert shares == [0.25, 0.5, 0.75, 1.0]
    low, high = pin.band("surface", "receptors")
    np.testing.assert_allclose(low, np.quantile([run.surface for run in runs], 0.025, axis=0))
    np.testing.assert_allclose(high, np.quantile([run.surface for run in runs], 0.975, axis=0))
    assert isinstance(pin.half_times, half_times.HalfTimes)
    table = pins.replicate_frame(pin)
    assert len(table) == 4 * len(pin.time_min)
    third = table[table["replicate"] == 2]
    np.testing.assert_array_equal(third["Surface receptors (receptors)"], runs[2].surface)


def test_one_run_computed_is_the_run_of_its_seed():
    small = scenario(receptors=300)
    shares: list[float] = []
    pin = pins.computed(small, name="n", look=2, replicates=1, seed=9, progress=shares.append)
    np.testing.assert_array_equal(pin.middle("surface", "receptors"), simulation.simulate(small, seed=9).surface)
    assert pin.band("surface", "receptors") is None
    assert all(0.0 <= share <= 1.0 for share in shares)


def test_a_difference_is_taken_as_far_as_both_runs_reach():
    long, short = hand_pin(), hand_pin("short", 1)
    half = replace(
        short, time_min=short.time_min[:101:2], values={k: 0.5 * v[:, :101:2] for k, v in short.values.items()}
    )
    (curve,) = pins.overlay([long], "surface", "receptors", half)
    assert curve.x[-1] == 100.0
    even = curve.x % 2 == 0
    np.testing.assert_allclose(curve.y[even], 0.5 * long.middle("surface", "receptors")[:101:2])
    (own,) = pins.overlay([half], "surface", "receptors", half)
    assert not own.y.any()


def test_values_at_times_and_areas_are_those_of_straight_lines():
    pin = hand_pin()
    line = replace(pin, time_min=np.array([0.0, 60.0, 240.0]), values={"surface": np.array([[100.0, 40.0, 40.0]])})
    assert pins.at_times(line, "surface", "receptors", [0.0, 30.0, 240.0]) == [100.0, 70.0, 40.0]
    assert np.isnan(pins.at_times(line, "surface", "receptors", [300.0])).all()
    assert pins.area(line, "surface", "receptors", 60.0) == pytest.approx(70.0)
    assert pins.area(line, "surface", "receptors", 30.0) == pytest.approx(42.5)
    assert pins.area(line, "surface", "receptors", 240.0) == pytest.approx(70.0 + 120.0)


def test_a_table_of_the_overlay_has_the_band_of_replicates():
    table = pins.frame([hand_pin(), replicated_pin()], "surface", "receptors")
    one, three = (table[table["run"] == name] for name in ("one", "three"))
    np.testing.assert_array_equal(one["Surface receptors (receptors)"], three["Surface receptors (receptors)"])
    assert one["2.5 % of replicates below"].isna().all()
    assert (three["2.5 % of replicates below"] < three["97.5 % of replicates below"]).all()


@pytest.mark.parametrize(
    ("text", "minutes"), [("0, 1, 24", [0.0, 60.0, 1440.0]), ("0.5", [30.0]), ("1;2", [60.0, 120.0])]
)
def test_times_are_read_as_hours(text: str, minutes: list[float]):
    assert pins.times_of(text) == minutes


@pytest.mark.parametrize("text", ["", "one", "-1", "1,,2", "nan", "1,2,3,4,5,6,7,8,9"])
def test_what_is_no_time_is_refused_in_words(text: str):
    with pytest.raises(ValueError, match="^Times, h: "):
        pins.times_of(text)


WISH = {"scenario": "washout", "resolution": "mean", "replicates": 1, "seed": 1, "name": ""}


def test_a_form_becomes_a_scenario():
    made, name, replicates, seed = compare.wish(WISH | {"resolution": "counts", "replicates": "12", "seed": "5"})
    assert (made.name, made.resolution, name, replicates, seed) == ("washout", "counts", made.title, 12, 5)
    assert compare.wish(WISH | {"replicates": 12})[2] == 1, "expected numbers have no replicates"


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"scenario": "../x"}, "^Scenario: '../x' given"),
        ({"resolution": "guess"}, "^Resolution: 'guess' given; allowed are mean"),
        ({"replicates": 0}, "^Replicates: 0 given; a number from 1 to 200"),
        ({"seed": "x"}, "^Seed: 'x' given"),
        ({"scenario": "cell_population", "resolution": "counts", "replicates": 2}, "many cells"),
    ],
)
def test_a_form_that_makes_no_sense_is_answered_in_words(wrong: dict, said: str):
    with pytest.raises(ValueError, match=said):
        compare.wish(WISH | wrong)


def test_pins_have_names_and_looks_of_their_own_and_six_is_the_end():
    comparison = compare.Comparison()
    try:
        assert [comparison._pin(hand_pin()) for _ in range(7)] == [True] * 6 + [False]
        names, looks = zip(*((pin.name, pin.look) for pin in comparison._pins), strict=True)
        assert names[:3] == ("one", "one (2)", "one (3)")
        assert sorted(looks) == list(range(6))
        comparison._hear_sheet({"remove": 1})
        assert comparison._pin(hand_pin())
        assert sorted(pin.look for pin in comparison._pins) == list(range(6)), "the look that was free is taken"
    finally:
        comparison.close()


def test_the_base_that_is_removed_is_no_base_any_more_and_files_go_with_the_page():
    comparison = compare.Comparison()
    comparison._pin(hand_pin())
    comparison._pin(replicated_pin())
    choice = {"quantity": "live", "unit": "receptors", "base": "three", "times": "0, 2"}
    comparison._hear_choice({"values": choice})
    assert comparison.chart.view["title"].endswith("minus three")
    blocks, _, _ = store.stream(comparison._shelf, "replicates-1.csv")
    assert b"".join(blocks).count(b"\n") == 1 + 3 * 241
    comparison._hear_sheet({"remove": 1})
    assert "minus" not in comparison.chart.view["title"]
    assert store.stream(comparison._shelf, "replicates-1.csv") is None
    assert store.stream(comparison._shelf, "../overlay.csv") is None
    comparison.close()
    assert store.stream(comparison._shelf, "overlay.csv") is None


# -- in a browser ------------------------------------------------------------------------------------------------------


def pin_scenario(page: Page, name: str, rows: int, **choices: str) -> None:
    form = page.get_by_role("form", name="Another run")
    form.get_by_label("Scenario").select_option(name)
    for label, value in choices.items():
        field = form.get_by_label(label.capitalize())
        if label == "resolution":
            field.select_option(value)
        else:
            field.fill(value)
    form.get_by_role("button", name="Compute and pin").click()
    expect(page.locator(".pins-sheet .sheet")).to_have_attribute("data-rows", str(rows))


def test_runs_are_pinned_compared_taken_home_and_removed(visit: Visit, tmp_path: Path):
    page = visit()
    expect(page.locator(".sentence-main")).to_contain_text("at 10 nM")
    go(page, "Compare")
    expect(page.locator(".sheet-sentence")).to_contain_text("Nothing is pinned yet")
    page.get_by_label("Name").first.fill("mine")
    page.get_by_role("button", name="Pin the run on Live").click()
    expect(page.locator(".pins-sheet .sheet")).to_have_attribute("data-rows", "1")
    pin_scenario(page, "washout", 2)
    pin_scenario(page, "chronic_insulin", 3, resolution="counts", replicates="3")
    names = "mine, The long way back, A day in insulin, a day to recover"
    expect(page.locator(".chart-plot")).to_have_attribute(
        "aria-label", f"Surface receptors over time, % of reference surface, of 3 runs: {names}."
    )
    rows = page.locator(".pins-sheet tbody tr")
    expect(rows.nth(0)).to_contain_text("mine")
    expect(rows.nth(2)).to_contain_text("3 replicates of seed 1")
    page.get_by_role("combobox", name="Unit").select_option("receptors")
    page.get_by_role("combobox", name="Minus").select_option("The long way back")
    expect(page.locator(".chart figcaption b")).to_have_text("Surface receptors minus The long way back")
    page.get_by_label("Times of the table").fill("0, 2")
    page.get_by_label("Times of the table").press("Tab")
    expect(rows.nth(1).locator("td").nth(1)).to_have_text("0")
    with page.expect_download() as download:
        page.get_by_role("link", name="What is shown CSV").click()
    download.value.save_as(tmp_path / "shown.csv")
    table = pd.read_csv(tmp_path / "shown.csv")
    assert set(table["run"]) == {"mine", "The long way back", "A day in insulin, a day to recover"}
    difference = table[table["run"] == "A day in insulin, a day to recover"]["Surface receptors (receptors)"]
    cell = rows.nth(2).locator("td").nth(0)
    assert float(cell.inner_text().replace(",", "")) == pytest.approx(difference.iloc[0], rel=0.01)
    with page.expect_download() as download:
        page.get_by_role("link", name="Replicates: A day in insulin").click()
    download.value.save_as(tmp_path / "replicates.csv")
    assert set(pd.read_csv(tmp_path / "replicates.csv")["replicate"]) == {0, 1, 2}
    go(page, "Live")
    go(page, "Compare")
    expect(rows).to_have_count(3)
    page.get_by_role("button", name="Remove mine").click()
    expect(rows).to_have_count(2)
    curve = page.get_by_role("button", name="The long way back", exact=True)
    curve.focus()
    page.keyboard.press("Enter")
    expect(curve).to_have_attribute("aria-pressed", "false")


def test_what_cannot_be_is_said_in_words(visit: Visit):
    page = visit("compare")
    page.get_by_role("button", name="Pin the run on Live").click()
    expect(page.locator(".pins-sheet .sheet")).to_have_attribute("data-rows", "1")
    page.get_by_label("Times of the table").fill("soon")
    page.get_by_label("Times of the table").press("Tab")
    expect(page.get_by_role("alert").filter(has_text="Times, h: 'soon' given")).to_be_visible()


def test_a_long_computation_can_be_cancelled(visit: Visit):
    page = visit("compare")
    form = page.get_by_role("form", name="Another run")
    form.get_by_label("Resolution").select_option("counts")
    form.get_by_label("Replicates").fill("200")
    form.get_by_role("button", name="Compute and pin").click()
    expect(form.get_by_role("progressbar")).to_be_visible()
    form.get_by_role("button", name="Cancel").click()
    expect(form.get_by_role("status")).to_have_text("Cancelled")
    expect(page.locator(".sheet-sentence")).to_contain_text("Nothing is pinned yet")


@pytest.mark.parametrize(("width", "height", "scheme"), SCREENS)
def test_the_page_fits_its_screen_and_can_be_used_by_everybody(visit: Visit, width: int, height: int, scheme: str):
    page = visit("compare", width=width, height=height, color_scheme=scheme)
    pin_scenario(page, "washout", 1)
    pin_scenario(page, "chronic_insulin", 2, resolution="counts", replicates="5")
    assert fits(page, width)
    assert breaches(page) == []
    photograph(page, f"compare-{width}-{scheme}")
