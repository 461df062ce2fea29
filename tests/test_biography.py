"""The life of any receptor can be told again from a run's chronicle, to the last bit, followed or not."""

import numpy as np
import pytest

from test_simulation import UNCOUPLED, scenario
from trafficking import chronicle as chronicles
from trafficking.biography import MADE, Biography
from trafficking.identity import identity_text
from trafficking.results import DAUGHTER
from trafficking.simulation import Run, simulate
from trafficking.snapshot import Snapshot

TABLES = ("counts", "events", "exposure", "histories")


def told(run: Run, identity: int) -> list[tuple[float, str, str]]:
    """Its steps as the table of histories has them."""
    life = Biography(run.chronicle, identity)
    assert life.go_on()
    names = (*run.states, DAUGHTER)
    return [(t, "synthesis" if source == MADE else names[source], names[target]) for t, source, target in life.steps]


def disagreements(run: Run) -> list[str]:
    """The followed receptors whose histories are not what their biographies tell."""
    lives = run.result().histories.groupby("receptor")
    known = {identity_text(int(who)): int(who) for who in np.unique(run._joined_log()[0])}
    wrong = []
    for name, life in lives:
        rows = list(life[["time_min", "source", "target"]].itertuples(index=False, name=None))
        if told(run, known[name]) != rows:
            wrong.append(name)
    assert len(known) > 20
    return wrong


KINDS = {
    "coupled": {},
    "uncoupled": {"coupling": UNCOUPLED},
    "cells": {"cells": {"number": 3, "size_cv": 0.3}, "receptors": 700},
    "treated": {"treatments": [{"kind": "division", "at": "47.3 min"}, {"kind": "cycloheximide", "at": "1 h"}]},
    "labelled": {"treatments": [{"kind": "label", "at": "40 min"}]},
    "maturing": {"maturation": "20 min"},
}
of_every_kind = pytest.mark.parametrize("changes", KINDS.values(), ids=KINDS)


@of_every_kind
def test_a_life_told_again_is_the_one_that_was_followed(changes: dict):
    run = Run(scenario(**changes), seed=3, remember=True)
    run.advance()
    assert disagreements(run) == []


def test_a_life_under_a_moving_hand_is_told_again():
    run = Run(scenario(), seed=3, remember=True)
    for until, dose in ((20.0, 3.0), (47.0, 0.0), (90.0, 50.0)):
        run.advance(until)
        run.steer(dose)
    run.advance()
    assert disagreements(run) == []


def test_a_wrong_rate_is_seen_in_the_lives():
    run = Run(scenario(), seed=3, remember=True)
    run.advance()
    entries = run.chronicle.entries
    entries[60] = entries[60]._replace(rates=entries[60].rates * 1.05)
    assert disagreements(run) != []


def test_a_life_is_told_as_far_as_the_run_has_come():
    run = Run(scenario(coupling=UNCOUPLED, follow=100), seed=3, remember=True)
    run.advance(10.0)
    who = int(run.followed[0][0])
    life = Biography(run.chronicle, who)
    for until in (15.0, 60.0, 61.0, 210.0):
        run.advance(until, keep_going=lambda: True)
        assert life.go_on()
        assert life.time_min == run.time_min
        afresh = Biography(run.chronicle, who)
        afresh.go_on()
        assert life.steps == afresh.steps


def test_a_run_that_remembers_is_the_same_run():
    given = scenario(receptors=500)
    run = Run(given, seed=5, remember=True)
    run.advance()
    plain = simulate(given, seed=5)
    assert all(getattr(run.result(), name).equals(getattr(plain, name)) for name in TABLES)


def test_a_resumed_run_carries_its_memory_on():
    run = Run(scenario(), seed=3, remember=True)
    run.advance(100.0)
    saved = Snapshot.from_bytes(run.snapshot().to_bytes())
    run.advance()
    again = Run.resume(saved, chronicle=run.chronicle)
    again.steer(0.5)
    again.advance()
    assert disagreements(again) == []
    assert disagreements(run) == []


@of_every_kind
@pytest.mark.parametrize("saved_min", [0.0, 90.0])
def test_a_run_saved_with_its_past_tells_the_same_lives(changes: dict, saved_min: float):
    run = Run(scenario(**changes), seed=3, remember=True)
    if saved_min:
        run.advance(saved_min)
    again = Run.resume(Snapshot.from_bytes(run.snapshot(past=True).to_bytes()))
    again.advance()
    assert disagreements(again) == []


def test_a_past_that_is_too_large_to_be_saved_is_not(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(chronicles, "MOST_SAVED", 500)
    run = Run(scenario(), seed=3, remember=True)
    run.advance()
    assert Run.resume(run.snapshot(past=True)).chronicle is None
    assert Run.resume(run.snapshot()).chronicle is None


def test_the_past_of_too_many_cells_is_not_kept_and_says_so(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(chronicles, "MOST_NUMBERS", 500)
    run = Run(scenario(), seed=3, remember=True)
    run.advance()
    assert run.chronicle.entries == []
    with pytest.raises(ValueError, match="too many cells"):
        Biography(run.chronicle, 0)


@pytest.mark.parametrize("identity", [10**9, 7 << 36])
def test_nobody_can_be_told_of_who_is_not_in_the_run(identity: int):
    run = Run(scenario(), seed=3, remember=True)
    run.advance(5.0)
    with pytest.raises(ValueError, match="run"):
        Biography(run.chronicle, identity)


def test_numbers_alone_have_no_chronicle():
    assert Run(scenario(resolution="mean"), remember=True).chronicle is None
    assert Run(scenario()).chronicle is None
