"""The page Experiments without a browser: rows as `trafficking validate` has them, curves, and the way to Live."""

import threading

import numpy as np
import pytest

from trafficking import validation
from trafficking.dashboard import trials
from trafficking.dashboard.pages import PLACES, experiments
from trafficking.targets import targets

SOME = ("D1", "D2", "D5", "D8")
PATIENCE_S = 120.0


def test_rows_are_those_of_the_validation():
    expected = validation.validate(only=",".join(SOME), dish=False).rows
    assert [row.target.id for row in expected] == list(SOME)
    for row in expected:
        found = trials.row(row.target.id)
        assert (found.mean, found.met) == (row.mean, row.met)


def test_a_row_is_computed_once():
    assert trials.row("D1") is trials.row("D1")


def test_the_list_has_every_target_and_hides_no_miss():
    listed = {target.id: trials.listed(target, None) for target in targets()}
    assert len(listed) == len(targets())
    assert {row["outcome"] for row in listed.values()} == {""}
    target = trials.target_of("D1")
    assert trials.listed(target, trials.row("D1"))["outcome"] == ("met" if trials.row("D1").met else "missed")
    missed = [each for each in targets() if not each.met]
    assert missed
    for each in missed:
        shown = trials.listed(each, trials.row(each.id))
        assert shown["outcome"] == "missed", each.id
        assert shown["why"]


@pytest.mark.parametrize("identity", [target.id for target in targets() if target.id in SOME])
def test_the_curve_holds_the_number_that_was_read_off(identity: str):
    found = trials.row(identity)
    drawn = trials.curves(found)
    x, y = (found.mean, found.seen.at) if found.seen.across else (found.seen.at, found.mean)
    assert np.interp(x, drawn[0].x, drawn[0].y) == pytest.approx(y, rel=1e-3)
    assert len(drawn) >= 2


def test_every_protocol_is_said_in_words():
    for target in targets():
        assert "Simulated: " in trials.protocol(target)
        assert trials.experiment_title(target)


def test_the_page_keeps_rows_as_they_come_and_opens_an_experiment_on_live(monkeypatch: pytest.MonkeyPatch):
    few = tuple(trials.target_of(identity) for identity in SOME)
    monkeypatch.setattr(experiments, "targets", lambda: few)
    done, opened = threading.Event(), []

    class Desk:
        show_on_live = opened.append

    kept = experiments.Trials()
    kept.board.observe(lambda _: done.set() if not kept.board.state["busy"] else None, "state")
    kept.begin()
    assert done.wait(PATIENCE_S)
    assert list(kept.rows) == list(SOME)
    assert kept.board.headline.startswith("Met: ")
    kept._hear({"choose": "D8"})
    assert kept.detail.detail["id"] == "D8"
    kept.desk = Desk()
    kept._hear({"run": "D8"})
    assert opened == [validation.experiment(trials.target_of("D8"))]
    kept._hear({"run": "nothing", "choose": "nothing"})
    assert (len(opened), kept.board.chosen) == (1, "D8")
    table = kept._export("experiments.csv")
    assert table is not None
    assert kept._export("../run.json") is None
    kept.close()


def test_the_page_has_an_address():
    assert "experiments" in [place.path for place in PLACES]
