"""The printed figure: one scale, two clocks, a name on every curve, and every scenario in it."""

import subprocess
import sys
from itertools import pairwise

import numpy as np
import pytest
from matplotlib.figure import Figure

from runs import hand_made
from trafficking import io, plots
from trafficking.results import Result
from trafficking.simulation import simulate


@pytest.fixture(scope="module")
def default_run() -> Result:
    return simulate(io.load_scenario("chronic_insulin", {"resolution": "mean"}))


def texts(figure: Figure) -> str:
    found = [text.get_text() for text in figure.findobj(lambda artist: hasattr(artist, "get_text"))]
    return " | ".join(found).replace("\n", " ")


def test_the_default_figure_shows_both_clocks(default_run: Result):
    said = texts(plots.depletion(default_run))
    assert "redistribution half-time 8.8 min" in said
    assert "loss half-time 4 h" in said


def test_the_first_hour_and_the_whole_run_share_one_scale(default_run: Result):
    first, _, whole, _ = plots.depletion(default_run).axes
    assert first.get_ylim() == whole.get_ylim()
    assert first.get_xlim() == (-10.0, 60.0)
    assert whole.get_xlim() == (-1.0, 48.0)


def test_percent_and_receptors_are_the_same_curve(default_run: Result):
    figure = plots.depletion(default_run)
    whole = figure.axes[2]
    counts = whole.child_axes[0]
    plots.render(figure)
    low, high = counts.get_ylim()
    assert (low, high) == pytest.approx(tuple(np.array(whole.get_ylim()) * default_run.reference.surface / 100.0))


def test_every_curve_has_its_name_colour_and_dash(default_run: Result):
    figure = plots.depletion(default_run)
    said = texts(figure)
    for name in ("Surface", "Early endosome", "Recycling endosome", "Lysosome", "Total without lysosome"):
        assert name in said
    looks = {(stroke.colour, stroke.dashes) for stroke in plots.STROKES.values()}
    assert len({colour for colour, _ in looks}) == len({dashes for _, dashes in looks}) == 5


def test_insulin_is_said_in_both_units(default_run: Result):
    assert "10 nM 1,667 µU/mL" in texts(plots.depletion(default_run))


def test_a_short_run_has_one_panel():
    panel, strip = plots.depletion(hand_made()).axes
    assert panel.get_xlim() == strip.get_xlim() == (-60.0, 180.0)


@pytest.mark.parametrize(
    "name", ["basal", "ogtt", "pulsatile_insulin", "three_meals_obese_liver", "chronic_hyperinsulinaemia"]
)
def test_every_sort_of_scenario_can_be_drawn(name: str):
    run = simulate(io.load_scenario(name, {"resolution": "mean", "window": "10 min", "record": "5 min"}))
    picture = plots.render(plots.depletion(run))
    assert picture.startswith(b"\x89PNG")


def test_an_empty_cell_can_be_drawn():
    run = simulate(io.load_scenario("basal", {"start.counts.lysosome": "1", "reference": "start", "receptors": "1"}))
    assert "% of R0" in texts(plots.depletion(run))


@pytest.mark.parametrize("wanted", [[0.0, 0.0, 0.0], [99.0, 100.0, 100.0], [10.0, 12.0, 90.0]])
def test_names_do_not_overlap(wanted: list[float]):
    places = plots._apart(wanted, [10.0] * 3, 0.0, 100.0)
    assert all(b - a >= 10.0 - 1e-9 for a, b in pairwise(places))
    assert min(places) >= 5.0 - 1e-9
    assert max(places) <= 95.0 + 1e-9


def test_the_same_run_gives_the_same_picture(default_run: Result):
    assert plots.render(plots.depletion(default_run)) == plots.render(plots.depletion(default_run))


def test_figures_need_neither_pyplot_nor_a_display():
    program = "import sys, trafficking.plots; sys.exit('matplotlib.pyplot' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
