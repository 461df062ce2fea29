"""The chart of curves without a browser: what crosses to it is what was given."""

import numpy as np
import pytest

from trafficking.dashboard import chart
from trafficking.dashboard.chart import Axis, Chart, Curve, Mark, Region


def shown(*curves: Curve, **more) -> tuple[Chart, np.ndarray]:
    """A chart of these curves, and its columns as the browser reads them: (columns, rows)."""
    made = Chart()
    made.show(curves, x=Axis("Time", "min", kind="time"), y=Axis("Surface", "receptors"), title="", text="", **more)
    return made, np.frombuffer(made.frame, dtype="<f4").reshape(-1, made.view["rows"])


def test_curves_of_different_times_share_one_axis_and_keep_their_points():
    _, columns = shown(
        Curve("one", np.array([0.0, 2.0]), np.array([5.0, 7.0])),
        Curve("other", np.array([1.0, 2.0, 3.0]), np.array([1.0, 2.0, 3.0])),
    )
    hole = np.nan
    np.testing.assert_array_equal(columns, [[0.0, 1.0, 2.0, 3.0], [5.0, hole, 7.0, hole], [hole, 1.0, 2.0, 3.0]])


def test_a_band_crosses_as_two_more_columns():
    x = np.array([0.0, 1.0])
    made, columns = shown(Curve("median", x, x + 5.0, low=x + 4.0, high=x + 7.0), Curve("plain", x, x))
    np.testing.assert_array_equal(columns, [x, x + 5.0, x + 4.0, x + 7.0, x])
    assert [curve["spread"] for curve in made.view["curves"]] == [True, False]


def test_a_long_curve_is_thinned_and_keeps_its_peak():
    x = np.arange(50_000.0)
    y = np.zeros(50_000)
    y[31_234] = 9.0
    made, columns = shown(Curve("spike", x, y))
    assert made.view["rows"] <= 1000
    assert columns[1].max() == 9.0
    assert columns[0][[0, -1]].tolist() == [0.0, 49_999.0]


def test_marks_regions_and_a_number_that_rises_with_each_drawing():
    curve = Curve("one", np.array([0.0, 1.0]), np.array([0.0, 1.0]))
    made, _ = shown(curve, marks=[Mark(0.5, "10 nM")], regions=[Region(0.1, 0.2, "fasting")])
    assert made.view["marks"] == [[0.5, "10 nM"]]
    assert made.view["regions"] == [{"low": 0.1, "high": 0.2, "label": "fasting", "colour": "band-0"}]
    first = made.view["seq"]
    made.show([curve], x=Axis("Time"), y=Axis("Surface"), title="", text="")
    assert made.view["seq"] == first + 1


def test_an_empty_chart_is_empty():
    made = Chart()
    made.show([], x=Axis("Time"), y=Axis("Surface"), title="", text="Nothing yet")
    assert (made.frame, made.view["rows"], made.view["curves"]) == (b"", 0, [])


def test_columns_that_do_not_fit_are_told_by_the_name_of_their_curve():
    x = np.zeros(2)
    with pytest.raises(ValueError, match="liver: y has 3 values; x has 2"):
        Curve("liver", x, np.zeros(3))
    with pytest.raises(ValueError, match="liver: low and high"):
        Curve("liver", x, x, low=x)


def test_aligned_without_curves_gives_no_rows():
    grid, columns = chart.aligned([])
    assert (len(grid), columns) == (0, [])
