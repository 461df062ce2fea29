"""A title never outlives its truth: what was changed by hand or by an option stands in it, in figures too."""

import pytest
from matplotlib.figure import Figure

from test_simulation import scenario
from trafficking import __main__ as command
from trafficking import body_files, plots, titles
from trafficking.io import load_scenario
from trafficking.scenario import Scenario
from trafficking.simulation import Run
from trafficking.treatments import switched

DAY = "A day in insulin, a day to recover"


@pytest.fixture
def day() -> Scenario:
    return load_scenario("chronic_insulin")


def unsaid(made: Scenario) -> bool:
    return made.question == made.expected == ""


def texts(figure: Figure) -> str:
    return "\n".join(text.get_text() for text in figure.texts)


def test_a_steered_scenario_says_since_when_it_is(day: Scenario):
    assert day.title == DAY
    two = day.steered(120.0, 3.0, day.duration_min)
    assert two.title == f"{DAY}, steered from 2 h on"
    assert unsaid(two)
    assert two.steered(300.0, 1.0, day.duration_min).title == two.title
    assert two.steered(30.0, 1.0, day.duration_min).title == f"{DAY}, steered from 30 min on"
    assert (
        two.steered(0.0, 1.0, day.duration_min).steered(9.0, 2.0, 2940.0).title == f"{DAY}, steered from the start on"
    )
    drugged = two.treated(90.0, switched((), "monensin", 90.0, 1.0))
    assert drugged.title == f"{DAY}, steered from 1.5 h on"
    assert unsaid(drugged)
    assert day.treated(90.0, day.treatments) is day, "nothing was done"
    assert scenario().steered(60.0, 1.0, 210.0).title == "short, steered from 1 h on", (
        "one without a title has its name"
    )


def test_a_scenario_that_was_cut_or_prolonged_says_so(day: Scenario):
    short, long = day.lasting(120.0), day.lasting(5000.0)
    assert (short.title, long.title) == (f"{DAY}, the first 2 h", f"{DAY}, held up to 3.47 d")
    assert unsaid(short)
    assert unsaid(long)
    run = Run(scenario(resolution="mean"), seed=1)
    run.advance(60.0)
    assert run.so_far().scenario.title == "short, the first 1 h"
    assert run.result().scenario.title == "", "the plan still holds"


def test_figures_of_a_steered_run_say_that_it_was():
    given = scenario(title="Two hours", resolution="mean", expect=[], question="What happens?")
    planned, drugged = Run(given, seed=1), Run(given, seed=1)
    for run in (planned, drugged):
        run.advance(60.0)
    drugged.treat(switched((), "monensin", 60.0, 1.0))
    steered = planned.fork(insulin_nM=3.0)
    for run in (planned, drugged, steered):
        run.advance()
    assert "Two hours\n" in texts(plots.depletion(planned.result()))
    for run in (drugged, steered):
        assert "Two hours, steered from 1 h on" in texts(plots.depletion(run.result()))
    assert "monensin from 1 h" in texts(plots.depletion(drugged.result()))


@pytest.mark.parametrize(
    ("changes", "insulin", "duration", "title"),
    [
        ({"receptors": "500", "resolution": "mean"}, None, None, DAY),
        ({"exposure[1].insulin": "3  nM"}, None, None, f"{DAY}, changed: exposure[1].insulin = 3 nM"),
        ({"reference": "start"}, "3 nM", None, f"{DAY}, changed: reference = start, insulin = 3 nM"),
        ({}, "3 nM", "2 h", f"{DAY}, changed: insulin = 3 nM, the first 2 h"),
        ({}, None, "60 h", f"{DAY}, held up to 60 h"),
        ({"title": "Mine", "exposure[1].insulin": "3 nM"}, None, None, "Mine"),
    ],
)
def test_options_that_move_a_curve_stand_in_the_title(
    day: Scenario, changes: dict[str, str], insulin: str | None, duration: str | None, title: str
):
    made = command._chosen("chronic_insulin", changes, insulin, duration)
    assert made.title == title
    assert (made.question, made.expected) == (day.question, day.expected) if title == DAY else made.expected == ""
    assert made.question == "" or title in (DAY, "Mine")


def test_a_person_whose_life_was_changed_has_another_title():
    known = body_files.load_body("vicious_cycle")
    changed = body_files.load_body("vicious_cycle", {"duration": "5 y"})
    assert changed.title == f"{known.title}, changed: duration = 5 y"
    assert changed.question == changed.expected == ""
    assert body_files.load_body("vicious_cycle", {"resolution": "counts"}).title == known.title


def test_a_title_stays_as_short_as_a_file_may_have_it_and_within_its_figure():
    long = "x" * 200
    many = {f"parameters.k{i}": f"{i}\x1b" for i in range(9)}
    said = [titles.steered(long, 60.0), titles.lasting(long, 30.0, 60.0), titles.changed(long, many)]
    assert [len(title) for title in said] == [200, 200, 200]
    assert said[2].endswith("changed: parameters.k0 = 0, parameters.k1 = 1, parameters.k2 = 2, and 6 more")
    run = Run(scenario(title=said[2], resolution="mean"), seed=1)
    run.advance()
    figure = plots.depletion(run.result())
    figure.draw_without_rendering()
    (title,) = (text for text in figure.texts if text.get_text() == said[2])
    assert title.get_window_extent().x1 < figure.bbox.x1
