"""Many windows in one compiled call: the same bits as one window after the other."""

import numpy as np
import pytest

from trafficking import kernel, receptors, windows
from trafficking.scenario import Scenario
from trafficking.simulation import Run

ALL_COUPLED = {"endocytosis": True, "sorting": True, "transcription": True}
STEPS = [
    {"kind": "constant", "insulin": "0 nM", "duration": "20 min"},
    {"kind": "constant", "insulin": "10 nM", "duration": "2 h"},
    {"kind": "washout", "duration": "30 min"},
]
RAMP = [{"kind": "ramp", "start": "0 nM", "end": "10 nM", "over": "100 min", "duration": "2 h"}]
GROWTH = {"counts": {"surface_free": 40}}


def scenario(**changes: object) -> Scenario:
    """A cell whose receptors are coupled: twenty minutes without insulin, two hours in it, half an hour without."""
    given = {"name": "coupled", "tissue": "liver", "receptors": 3_000, "follow": 150, "coupling": ALL_COUPLED}
    return Scenario.from_dict(given | {"exposure": STEPS} | changes)


def one_by_one(given: Scenario) -> Run:
    run = Run(given, seed=5, threads=1)
    while not run.finished:
        run.advance_window()
    return run


def at_once(given: Scenario) -> Run:
    run = Run(given, seed=5, threads=1)
    run.advance()
    return run


def portrait(run: Run) -> np.ndarray:
    """Every receptor alive, in order of identity: state, target, identity and draws."""
    columns = [np.concatenate(parts) for parts in zip(*run.population.living(), strict=True)]
    return np.array([column[np.argsort(columns[2])] for column in columns], dtype=object)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"follow": 0},
        {"follow": 3_000},
        {"record": "7 min", "window": "3 min"},
        {"record": "10 s", "window": "1 min"},
        {"window": "90 s", "exposure": RAMP, "coupling": dict.fromkeys(ALL_COUPLED, False)},
        {"cells": {"number": 5, "size_cv": 0.5, "synthesis_cv": 0.3, "record": ["31 min", "1 h", "2 h", "170 min"]}},
        {"treatments": [{"kind": "division", "at": "40 min"}, {"kind": "label", "of": "surface", "at": "50 min"}]},
        {"start": GROWTH, "follow": 20},
        {"start": GROWTH, "cells": 3},
    ],
    ids=["plain", "nobody", "all", "odd", "rows", "ramp", "cells", "treated", "growth", "growing cells"],
)
def test_many_windows_at_once_change_no_bit(changes: dict[str, object]):
    given = scenario(**changes)
    single, many = one_by_one(given), at_once(given)
    ours, theirs = single.result(), many.result()
    for name in ("counts", "events", "exposure", "histories", "cells"):
        table = getattr(ours, name)
        assert table is None or table.equals(getattr(theirs, name)), name
    assert (portrait(single) == portrait(many)).all()
    assert single.mrna == many.mrna


def test_a_run_of_short_windows_takes_many_at_once(monkeypatch: pytest.MonkeyPatch):
    taken, carry = [], windows.carry

    def counted(*arguments):
        done = carry(*arguments)
        taken.append(done[0])
        return done

    monkeypatch.setattr(windows, "carry", counted)
    run = at_once(scenario())
    assert sum(taken) > 150  # of 170
    assert len(taken) < 10
    assert run.finished


def test_a_call_for_many_windows_ends_when_it_has_worked_for_long(monkeypatch: pytest.MonkeyPatch):
    asked = []
    monkeypatch.setattr(receptors, "_MOST_NS", 1.0)
    run = Run(scenario(), seed=5, threads=1)
    run.advance(keep_going=lambda: asked.append(run.time_min) is None)
    assert len(asked) > 150
    assert (portrait(run) == portrait(at_once(scenario()))).all()


def test_many_windows_stop_where_they_are_told_to():
    run = Run(scenario(), seed=5, threads=1)
    run.advance(77.0)
    assert run.time_min == 77.0
    run.advance(80.5)
    assert run.time_min == 80.0
    run.advance()
    assert (portrait(run) == portrait(at_once(scenario()))).all()


def test_a_clock_beyond_precision_is_refused_among_many_windows_too(monkeypatch: pytest.MonkeyPatch):
    run = Run(scenario(), seed=5, threads=1)
    run.advance(10.0)
    run.population.clocks.states[:, kernel.READING :: kernel.WIDE] += 2.0**33
    with pytest.raises(ValueError, match=r"duration: a hazard clock passed 2\^33"):
        run.advance()


def test_sorting_by_the_time_of_leaving_loses_nobody_and_changes_no_bit(monkeypatch: pytest.MonkeyPatch):
    given = scenario(receptors=70_000, follow=50, window="10 s", exposure=STEPS[:1])
    monkeypatch.setattr(receptors, "_WINDOWS_TO_TIDY", 16)
    monkeypatch.setattr(receptors, "_WINDOWS_TO_SORT", 10**9)
    unsorted = at_once(given)
    monkeypatch.setattr(receptors, "_WINDOWS_TO_SORT", 16)
    sorts, sort = [], receptors.Slab.sort
    monkeypatch.setattr(receptors.Slab, "sort", lambda *given: (sorts.append(1), sort(*given)))
    in_order = at_once(given)
    assert sorts
    assert (portrait(unsorted) == portrait(in_order)).all()
    assert unsorted.result().counts.equals(in_order.result().counts)
