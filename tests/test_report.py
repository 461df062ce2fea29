"""The six lines of a run: one cell or many, and what is odd about the itinerary."""

import dataclasses

from runs import hand_made, hand_made_cells
from trafficking import report


def test_one_cell_is_called_one_cell():
    said = dict(report.six_lines(hand_made(), "runs/x"))
    assert "one cell of 1,000 receptors insulin-free (R0)" in said["Run"]
    assert "cells" not in said["Surface"]
    assert said["Files"].startswith("runs/x (run.json, tables as Parquet and CSV, figure.png)")


def test_many_cells_are_counted_and_their_spread_is_said():
    run = hand_made_cells()
    said = dict(report.six_lines(run, "runs/x", ["figure.png", "cells.png"]))
    assert "40 cells of 1,000 receptors on average insulin-free (R0; size CV 0.3)" in said["Run"]
    assert "in all cells); one cell at the end: median" in said["Surface"]
    assert "5-95 % of cells" in said["Surface"]
    assert said["Caution"].index("cell size CV = 0.3 (assumption)") > 0
    assert "figure.png, cells.png" in said["Files"]


def test_cells_that_were_last_written_down_before_the_end_say_when():
    run = hand_made_cells()
    cut = dataclasses.replace(run, cells=run.cells[run.cells["time_min"] <= 90.0])
    assert "one cell at 1.5 h: median" in report.surface(cut)


def test_a_state_without_a_way_out_is_said_under_caution():
    scenario = hand_made().scenario
    given = scenario.to_dict() | {"start": {"counts": {"surface_free": 10}}, "reference": "start"}
    arrows = given["itinerary"]["transitions"]
    given["itinerary"]["transitions"] = [arrow for arrow in arrows if arrow.get("source") != "lysosome"]
    said = report.caution(type(scenario).from_dict(given))
    assert "no arrow leads out of lysosome, which is not an end, so receptors pile up there" in said


def test_what_was_done_at_the_bench_is_said():
    treatments = [{"kind": "monensin", "at": "1 h"}, {"kind": "division", "at": "90 min"}]
    said = report.done(hand_made(treatments=treatments, medium={"cells_per_ml": 1e6}))
    assert "1,000,000 cells per mL; monensin from 1 h: nothing inside returns to the surface; division at 1.5 h" in said
