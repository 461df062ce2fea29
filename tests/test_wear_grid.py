"""What the docs say of the constants by which beta cells wear: cells of their table, simulated again."""

import math
from pathlib import Path

import pytest

from trafficking.body_files import load_body
from trafficking.wear_grid import Cell, cell, grid, table

PAGE = (Path(__file__).parent.parent / "docs" / "body.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("threshold", "wear", "words"),
    [(1.25, 0.08, "0.9 (7.9)"), (1.25, 0.04, "2.2 (10.1)"), (1.5, 0.04, "held: none (12.5)")],
)
def test_a_cell_of_the_page_is_what_the_model_gives(threshold: float, wear: float, words: str):
    person = load_body("vicious_cycle", {"window": "10 d"})
    cells = grid(person, thresholds=(threshold,), wears_per_year=(wear,), recoveries_y=(10.0,))
    assert table(cells).splitlines()[-1] == f"| {threshold:g} | {wear:g} | {words} |"
    row = next(line for line in PAGE.splitlines() if line.startswith(f"| {threshold:g} | {wear:g} |"))
    assert row.split(" | ")[3] == words


def test_ten_days_a_window_give_the_years_that_one_day_gives():
    coarse, fine = (
        cell(load_body("vicious_cycle", {"window": window}), threshold=1.25, wear_per_year=0.08, recovery_y=10.0)
        for window in ("10 d", "1 d")
    )
    assert coarse.own_y == pytest.approx(fine.own_y, abs=0.06)
    assert coarse.forward_y == pytest.approx(fine.forward_y, abs=0.06)


def test_a_life_without_diabetes_brings_nothing_forward():
    assert math.isnan(Cell(1.5, 0.04, 5.0, math.nan, math.nan).forward_y)
    assert table([Cell(1.5, 0.04, 5.0, math.nan, math.nan)]).endswith("| 1.5 | 0.04 | none |")
