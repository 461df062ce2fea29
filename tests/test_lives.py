"""What the histories say of single receptors agrees with the counts and with the laws of waiting."""

import numpy as np
import pytest
from scipy import stats

from test_simulation import UNCOUPLED, scenario
from trafficking.lives import cohort, first_passages, lives, stays
from trafficking.simulation import simulate

FALSE_ALARM = 1e-6


@pytest.fixture(scope="module")
def result():
    long = [{"kind": "constant", "insulin": "10 nM", "duration": "20 h"}]
    return simulate(scenario(receptors=2_000, follow=4_000, coupling=UNCOUPLED, exposure=long, record="10 min"), seed=3)


def test_stays_follow_one_another_without_gap(result):
    table = stays(result)
    assert (table["dwell_min"] >= 0.0).all()
    following = table.groupby("receptor")
    assert (following["from_min"].shift(-1).dropna() == table["to_min"][following.cumcount(ascending=False) > 0]).all()


def test_stays_add_up_to_the_counts(result):
    table, counts = stays(result), result.counts.set_index("time_min")
    for time in (200.0, 1_000.0):
        there = table[(table["from_min"] <= time) & (time < table["to_min"])]["state"].value_counts()
        # Everyone is followed; those who never moved by then are in no history.
        for state in ("early_endosome_bound", "early_endosome_free", "recycling_endosome"):
            assert there[state] == counts.loc[time, state]


def test_dwell_times_in_the_recycling_endosome_are_exponential(result):
    table = stays(result)
    early = table[(table["state"] == "recycling_endosome") & table["began"] & (table["from_min"] < 1_000.0)]
    assert early["ended"].all()
    dwell = early["dwell_min"].to_numpy(dtype=float)
    assert len(dwell) > 1_000
    assert stats.kstest(dwell, "expon", args=(0.0, 1.0 / 0.1)).pvalue > FALSE_ALARM
    assert stats.kstest(1.2 * dwell, "expon", args=(0.0, 1.0 / 0.1)).pvalue < FALSE_ALARM


def test_cycles_and_ends_are_those_of_the_events(result):
    table, events = lives(result), result.events
    returns = events[["fast_recycling", "slow_recycling"]].to_numpy().sum()
    assert table["cycles"].sum() == returns
    assert table["ended_min"].notna().sum() == events["lysosomal_degradation"].sum()
    assert table["born_min"].notna().sum() == events["synthesis"].sum()


def test_first_passage_to_the_lysosome(result):
    table = first_passages(result, "lysosome")
    assert (table["time_min"] >= 0.0).all()
    reached = result.histories[result.histories["target"] == "lysosome"]["receptor"]
    assert table["reached"].sum() == reached[reached.str.startswith("born")].nunique()
    with pytest.raises(ValueError, match="'lysosom' is not a state"):
        first_passages(result, "lysosom")


def test_a_label_put_on_at_a_time_is_never_lost(result):
    label = cohort(result, 600.0, ["surface_free", "surface_bound"])
    states = list(result.scenario.itinerary.state_names)
    assert label["time_min"].iloc[0] == 600.0
    assert (label[states].sum(axis=1) == label[states].iloc[0].sum()).all()
    assert label.iloc[0][["surface_free", "surface_bound"]].sum() == label[states].iloc[0].sum() > 300
    assert label["degraded"].is_monotonic_increasing
    assert label["degraded"].iloc[-1] > 0
    assert np.all(label[states].to_numpy() >= 0)
