"""Lives of the followed receptors, from a run's histories: stays, cycles, first passages and labelled cohorts.

A stay that began before the run, or still lasts at its end, is cut off by the run and not by the receptor; it is
marked, because dropping such stays would make the others look short.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from trafficking.results import DAUGHTER, Result

_MADE = "synthesis"  # the source of a receptor's first transition, if it was made during the run


def stays(result: Result) -> pd.DataFrame:
    """One row per stay of a followed receptor in a state, in order of receptor and time.

    Returns:
        receptor, state, from_min (0 if it was there at the start), to_min (the run's end if it still is),
        dwell_min, began and ended (whether the run saw it begin and end). Stays in an end are left out, and so are
        receptors that never moved, of which the histories know nothing.
    """
    moves = result.histories.sort_values("time_min", kind="stable").groupby("receptor", sort=True)
    end = float(result.counts["time_min"].iloc[-1])
    ends = {state.name for state in result.scenario.itinerary.states if state.compartment == "out"} | {DAUGHTER}
    table = pd.concat([pd.DataFrame(columns=["receptor"]), *(_stays_of(str(name), life, end) for name, life in moves)])
    table = table[~table["state"].isin(ends)] if len(table) else table.reindex(columns=_COLUMNS)
    return table[_COLUMNS].reset_index(drop=True)


_COLUMNS = ["receptor", "state", "from_min", "to_min", "dwell_min", "began", "ended"]


def _stays_of(receptor: str, moves: pd.DataFrame, end_min: float) -> pd.DataFrame:
    times, targets = moves["time_min"].tolist(), moves["target"].tolist()
    first = moves["source"].iloc[0]
    states, begins = targets, times
    began = [True] * len(times)
    if first != _MADE:
        states, begins, began = [first, *targets], [0.0, *times], [False, *began]
    stops = [*begins[1:], end_min]
    return pd.DataFrame(
        {
            "receptor": receptor,
            "state": states,
            "from_min": begins,
            "to_min": stops,
            "dwell_min": np.subtract(stops, begins),
            "began": began,
            "ended": [True] * (len(states) - 1) + [False],
        }
    )


def lives(result: Result) -> pd.DataFrame:
    """One row per followed receptor that moved or was made.

    Returns:
        receptor; born_min (nan if it was there at the start); ended_min (when it came to an end, or left with the other
        daughter of a division; nan if it lives);
        cycles (returns from inside to the membrane).
    """
    itinerary = result.scenario.itinerary
    at = {state.name: state.compartment for state in itinerary.states} | {DAUGHTER: "out"}
    moves = result.histories
    source, target = moves["source"].map(at), moves["target"].map(at)
    table = pd.DataFrame({"receptor": moves["receptor"], "time_min": moves["time_min"]})
    made, ended = moves["source"] == _MADE, target == "out"
    table["born_min"] = table["time_min"].where(made)
    table["ended_min"] = table["time_min"].where(ended)
    table["cycles"] = (target == "membrane") & source.isin(["early_endosome", "recycling"])
    by_receptor = table.groupby("receptor", sort=True)
    summary = by_receptor.agg(born_min=("born_min", "max"), ended_min=("ended_min", "max"), cycles=("cycles", "sum"))
    return summary.reset_index()


def first_passages(result: Result, state: str) -> pd.DataFrame:
    """How long followed receptors that were made during the run took to come to `state` first.

    Returns:
        receptor; time_min from birth to the first entry, or to its end or the run's; reached: whether it came there.
    """
    _require_state(result, state)
    end = float(result.counts["time_min"].iloc[-1])
    table = lives(result).dropna(subset="born_min").set_index("receptor")
    moves = result.histories
    entered = moves[moves["target"] == state].groupby("receptor")["time_min"].min().reindex(table.index)
    stop = entered.fillna(table["ended_min"]).fillna(end)
    passages = pd.DataFrame({"time_min": stop - table["born_min"], "reached": entered.notna()})
    return passages.reset_index()


def cohort(result: Result, at_min: float, states: Sequence[str]) -> pd.DataFrame:
    """Labels the followed receptors that are in `states` at `at_min`, and follows the label.

    Returns:
        time_min (the run's records from `at_min` on) and one integer column per state: labelled receptors in it.
        A surface-label or heavy-isotope experiment reads it as shares of the first row.
    """
    for name in states:
        _require_state(result, name)
    table = stays(result)
    there = table[(table["from_min"] <= at_min) & (at_min < table["to_min"]) & table["state"].isin(list(states))]
    labelled = table[table["receptor"].isin(there["receptor"])]
    times = result.counts["time_min"].to_numpy()
    times = times[times >= at_min]
    counts: dict[str, np.ndarray] = {"time_min": times}
    for state in result.scenario.itinerary.states:
        stay = labelled[labelled["state"] == state.name]
        if state.compartment == "out":
            moves = result.histories
            came = (moves["target"] == state.name) & moves["receptor"].isin(there["receptor"])
            counts[state.name] = _how_many_by(times, moves.loc[came, "time_min"])
        else:
            left = stay.loc[stay["ended"].astype(bool), "to_min"]
            counts[state.name] = _how_many_by(times, stay["from_min"]) - _how_many_by(times, left)
    return pd.DataFrame(counts)


def _how_many_by(times: np.ndarray, events: pd.Series) -> np.ndarray:
    return np.searchsorted(np.sort(events.to_numpy(dtype=float)), times, side="right")


def _require_state(result: Result, state: str) -> None:
    names = result.scenario.itinerary.state_names
    if state not in names:
        raise ValueError(f"{state!r} is not a state; states are {', '.join(names)}")
