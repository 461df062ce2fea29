"""Model, Experiments and Body in a real browser. Waits are for states, never for time."""

import re

import pytest
from playwright.sync_api import expect

from pages import SCREENS, Visit, breaches, fits, go, photograph


def test_the_diagram_follows_the_run_and_a_choice_shows_its_equation(visit: Visit):
    page = visit()
    page.get_by_label("Speed").select_option("5 min/s")  # hours until its end, wherever a slow machine has let it come
    go(page, "Model")
    diagram = page.locator(".diagram")
    page.wait_for_function("Number(document.querySelector('.diagram').dataset.seq) > 3")
    expect(diagram.locator(".state")).to_have_count(7)
    expect(diagram.locator(".arrow")).to_have_count(14)
    first = page.locator(".state").first
    first.focus()
    page.keyboard.press("End")
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    expect(page.locator(".diagram-detail h3")).to_have_text("surface bound")
    arrow = page.get_by_role("button", name=re.compile("^Arrow fast recycling"))
    arrow.locator(".plate").click()
    expect(arrow).to_have_attribute("aria-pressed", "true")
    expect(page.locator(".diagram-equation")).to_have_text("rate = kfast / (1 + load / esat)")
    expect(page.locator(".constants tr.marked")).to_have_count(2)


def test_a_constant_changed_on_the_page_runs_anew_on_live(visit: Visit):
    page = visit("model")
    page.get_by_label("Search").fill("straight back")
    expect(page.locator(".constants tbody tr")).to_have_count(1)
    page.get_by_role("button", name="Change kfast").click()
    number = page.locator(".constants-editor [name=number]")
    expect(number).to_be_focused()
    number.fill("0.9")
    page.keyboard.press("Enter")
    expect(page.locator(".constants-fault")).to_contain_text("0.04 /min to 0.3 /min is allowed")
    number.fill("0.1")
    page.get_by_role("button", name="Run with this").click()
    expect(page.locator(".constants-mark")).to_have_text("changed by you")
    expect(page.locator(".constants-note")).to_contain_text("kfast = 0.1 /min")
    go(page, "Live")
    expect(page.get_by_role("combobox", name="Scenario").locator("option:checked")).to_contain_text("kfast changed")


def test_experiments_come_row_by_row_and_are_filtered_by_keyboard(visit: Visit):
    page = visit("experiments")
    page.wait_for_function("Number(document.querySelector('.board')?.dataset.done) > 0")
    headline = page.locator(".board-headline")
    expect(headline).to_contain_text("blind rows", timeout=120_000)
    shown = page.locator(".board tbody tr[data-outcome]")
    every = shown.count()
    page.get_by_label("Outcome").focus()
    page.keyboard.type("missed")
    expect(page.locator(".board tbody tr[data-outcome=met]")).to_have_count(0)
    assert 0 < shown.count() < every
    shown.first.get_by_role("button").click()
    expect(page.locator(".trials .chart figcaption")).to_contain_text("missed")
    page.get_by_role("button", name="Run this experiment on Live").click()
    expect(page.get_by_role("navigation", name="Pages").locator("[aria-current=page]")).to_have_text("Live")


def test_the_body_opens_on_the_vicious_cycle_and_an_organ_leads_to_live(visit: Visit):
    page = visit("body")
    expect(page.locator(".person-check .sheet-sentence")).to_have_text(
        re.compile(r"Receptor feedback brings diabetes forward by \d+\.\d years\.")
    )
    expect(page.locator(".ribbon-bar")).to_have_count(2)
    slider = page.get_by_role("slider", name="Moment, year")
    slider.focus()
    page.keyboard.press("Home")
    expect(page.locator(".person-organs .sheet-sentence")).to_contain_text("in year 0.0: muscle 100 %")
    with page.expect_download() as download:
        page.get_by_role("link", name="levels own").click()
    assert download.value.suggested_filename == "vicious_cycle-15y-levels_own.csv"
    page.get_by_role("combobox", name="Organ", exact=True).select_option("liver")
    page.get_by_role("button", name="See this organ's receptors now").click()
    expect(page.get_by_role("navigation", name="Pages").locator("[aria-current=page]")).to_have_text("Live")
    expect(page.get_by_role("combobox", name="Scenario").locator("option:checked")).to_contain_text("in year 0.0")


READY = {
    "model": "Number(document.querySelector('.diagram')?.dataset.seq) > 1",
    "experiments": "document.querySelector('.board-headline')?.textContent.includes('blind')",
    "body": "document.querySelectorAll('.ribbon-bar li').length > 2",
}


@pytest.mark.parametrize("name", READY)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_can_be_used_by_everyone(visit: Visit, name: str, scheme: str):
    page = visit(name, color_scheme=scheme)
    page.wait_for_function(READY[name], timeout=120_000)
    assert breaches(page) == []


@pytest.mark.parametrize("name", READY)
@pytest.mark.parametrize(("width", "height", "scheme"), SCREENS)
def test_pages_fit_phones_and_projectors(visit: Visit, name: str, width: int, height: int, scheme: str):
    page = visit(name, width=width, height=height, color_scheme=scheme)
    page.wait_for_function(READY[name], timeout=120_000)
    photograph(page, f"{name}-{width}")
    assert fits(page, width)
