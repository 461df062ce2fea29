"""The figure of many cells: one outline per time, each with its median, on an axis that has room for empty cells."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from runs import hand_made, hand_made_cells
from trafficking import cytometry, plots, results


def texts(figure: Figure) -> str:
    found = [text.get_text() for text in figure.findobj(lambda artist: hasattr(artist, "get_text"))]
    return " | ".join(found).replace("\n", " ")


def test_every_time_has_a_row_with_its_insulin_and_its_median():
    run = hand_made_cells()
    said = texts(cytometry.histograms(run))
    for words in ("Start | no insulin", "After 1 h | 10 nM", "After 1.5 h", "After 3 h", "After 4 h", "40 cells"):
        assert words in said
    for time in (0.0, 90.0):
        assert f"median {np.median(results.cell_surface(run, time)):,.0f}" in said


def test_times_can_be_chosen():
    said = texts(cytometry.histograms(hand_made_cells(), [0.0, 180.0]))
    assert "After 3 h" in said
    assert "After 1 h" not in said


def test_of_many_recorded_times_six_are_drawn_the_first_and_the_last_among_them():
    run = hand_made_cells()
    record = [f"{minutes} min" for minutes in range(0, 241, 10)]
    times = np.arange(0.0, 241.0, 10.0)
    counts = np.repeat(run.cells.iloc[:40, 5:].to_numpy()[None], len(times), axis=0)
    one = hand_made(cells={"number": 40, "record": record})
    cells = results.CellCounts(times, counts, np.full(40, 1000.0), np.ones(40))
    table = results.cells_table(one.scenario.itinerary, 2, cells, counts.dtype)
    said = texts(cytometry.histograms(results.Result(**{**vars(run), "scenario": one.scenario, "cells": table})))
    assert said.count("median ") == 6
    assert "Start" in said
    assert "After 4 h" in said


def test_outlines_of_one_width_have_equal_areas():
    surfaces = [np.geomspace(500.0, 1500.0, 99), np.geomspace(50.0, 150.0, 99)]
    edges = cytometry._edges(surfaces)
    areas = [(cytometry._density(surface, edges) * np.diff(np.log10(edges))).sum() for surface in surfaces]
    assert areas == pytest.approx([1.0, 1.0])


def test_bins_are_never_narrower_than_a_receptor():
    edges = cytometry._edges([np.arange(1.0, 60.0)])
    assert edges[:3].tolist() == [0.35, 0.7, 1.5]  # none, one
    assert np.diff(edges[2:]).min() >= 1.0 - 1e-9


def test_cells_without_a_receptor_stand_apart_and_are_counted():
    run = hand_made_cells(2)
    run.cells.loc[run.cells["cell"] == 0, "surface_free"] = 0
    figure = cytometry.histograms(run)
    assert "5 counts of no receptor stand at 0" in texts(figure)
    assert "of no receptor" not in texts(cytometry.histograms(hand_made_cells()))
    assert plots.render(figure).startswith(b"\x89PNG")


def test_cells_that_are_all_alike_can_be_drawn():
    run = hand_made_cells(3)
    for name in run.scenario.itinerary.state_names:
        run.cells[name] = 7
    assert plots.render(cytometry.histograms(run)).startswith(b"\x89PNG")


def test_a_single_cell_has_no_histogram():
    with pytest.raises(ValueError, match=r"cells.number"):
        cytometry.histograms(hand_made())


def test_the_same_run_gives_the_same_picture():
    first, again = (plots.render(cytometry.histograms(hand_made_cells())) for _ in range(2))
    assert first == again
