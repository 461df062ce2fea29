"""The drawn cell shows the run: places for life, a fair part of a large cell, words with the run's own numbers."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import chi2

from test_simulation import UNCOUPLED, scenario
from trafficking.dashboard import cell_view, life, places, scenes
from trafficking.dashboard.forks import Future
from trafficking.dashboard.places import FREE, Crowd, Places, Proportions, Sampler, apportioned
from trafficking.dashboard.viewing import Viewing
from trafficking.identity import identity_text
from trafficking.itinerary import COMPARTMENTS
from trafficking.lives import lives
from trafficking.lives import stays as stays_of
from trafficking.simulation import Run


def crowd(who: list[int], states: list[int]) -> Crowd:
    return Crowd(np.array(who, np.uint64), np.array(states, np.uint8), len(who), np.zeros(4), 1.0)


def row(seats: Places, who: list[int], states: list[int]) -> list[int]:
    return list(seats.arrange(crowd(who, states)))


# -- places ------------------------------------------------------------------------------------------------------------


def test_a_receptor_keeps_its_place_for_life():
    seats = Places()
    assert row(seats, [30, 10, 20], [3, 1, 2]) == [1, 2, 3]
    assert row(seats, [10, 30, 40], [0, 3, 1]) == [0, FREE, 3, 1], "the newborn does not take a place just left"
    crowded = [30, 50, 60, 70, 80], [3, 2, 2, 2, 2]
    assert row(seats, *crowded) == [FREE, 2, 3, FREE, 2, 2, 2], "places that stood empty come first, then new ones"
    assert [seats.place_of(who) for who in (30, 50, 60, 70, 80, 10)] == [2, 1, 4, 5, 6, -1]
    assert [seats.receptor_at(place) for place in (2, 1, 4, 0)] == [30, 50, 60, None]
    assert row(seats, [30, 90], [3, 1]) == [1, FREE, 3, FREE, FREE, FREE, FREE]


def test_everybody_has_a_place_after_any_sequence_of_scenes():
    """Also where all but a few were replaced between two scenes, as after a gap in which nobody looked."""
    draw = np.random.default_rng(7)
    seats, before, born, most = Places(), np.zeros(0, np.int64), 0, 0
    for _ in range(300):
        stay = draw.permutation(before)[: int(len(before) * draw.choice([0.0, 0.1, 0.6, 0.97, 1.0]))]
        new = np.arange(born, born + draw.integers(0, 200))
        who, born = np.concatenate([stay, new]), born + len(new)
        states = draw.integers(0, 4, len(who))
        where = {one: seats.place_of(one) for one in stay.tolist()}
        shown = row(seats, who.tolist(), states.tolist())
        assert {one: shown[seats.place_of(one)] for one in who.tolist()} == dict(zip(who, states, strict=True))
        assert len(shown) - shown.count(FREE) == len(who), "a dot for each, and for no other"
        assert where == {one: seats.place_of(one) for one in stay.tolist()}
        most = max(most, len(who) + len(before) - len(stay))
        assert len(shown) == most, "no more places than the living and those that just died"
        before = who


def test_a_cell_of_full_size_is_all_there_after_a_gap():
    seats = Places()
    for first in (0, 60_000, 150_000, 600_000, 600_010):
        who = np.arange(first, first + places.MOST, dtype=np.uint64)
        states = (who % np.uint64(3)).astype(np.uint8)
        shown = np.frombuffer(seats.arrange(Crowd(who, states, len(who), np.zeros(4), 1.0)), np.uint8)
        assert np.bincount(shown, minlength=3)[:3].tolist() == np.bincount(states).tolist()
        assert len(shown) <= 2 * places.MOST


def of_state(run: Run, dots: bytes) -> list[int]:
    """Dots in each state."""
    return np.bincount(np.frombuffer(dots, np.uint8), minlength=FREE + 1)[: len(run.states)].tolist()


def test_a_run_fills_its_places_and_nobody_changes_seats():
    run = Run(scenario(), seed=1)
    seats, sampler, where = Places(), Sampler(), {}
    for until in np.arange(0.0, 211.0, 10.0):
        run.advance(until)
        shown = sampler.take(run)
        assert of_state(run, seats.arrange(shown)) == np.where(run.itinerary.out, 0, run.counts).tolist()
        assert len(shown.identities) == shown.alive
        for who in shown.identities[:200].tolist():
            assert where.setdefault(who, seats.place_of(who)) == seats.place_of(who)


@pytest.mark.parametrize("most", [100_000, 300])
def test_as_many_dots_as_living_receptors_after_gaps_ways_back_and_forks(monkeypatch: pytest.MonkeyPatch, most: int):
    """A cell that nobody looked at for days, one that is gone back in, forked, taken up again, and steered."""
    monkeypatch.setattr(places, "MOST", most)
    monkeypatch.setattr(places, "SPARE", most // 10)
    days = [{"kind": "constant", "insulin": "10 nM", "duration": "20 d"}]
    long = scenario(coupling=UNCOUPLED, parameters={}, receptors=1_000, exposure=days, record="1 h", follow=0)
    future = Future(Run(long, seed=1, remember=True))
    cell, viewing = cell_view.Cell(), Viewing()

    def looks_right(run: Run) -> None:
        show(cell, run, viewing)
        alive = int(run.counts[~run.itinerary.out].sum())
        drawn = of_state(run, cell.view.dots)
        assert sum(drawn) == len(cell.view.dots) - cell.view.dots.count(FREE)
        if sum(drawn) == alive:
            assert drawn == np.where(run.itinerary.out, 0, run.counts).tolist()
            assert cell.view.caption == f"All {alive:,} receptors, a dot each."
        else:
            assert alive > most, "all are drawn where they fit"
            identities, states = run.sample(int(places.ALL * cell.view.share))
            assert np.bincount(states, minlength=len(run.states)).tolist() == drawn, "each of the part, where it is"
            assert cell.view.caption == f"A random part: {len(identities):,} of {alive:,} receptors, a dot each."

    for until in (0.0, 10.0, 20.0, 3_000.0, 12_000.0, 12_001.0, 20_000.0):
        future.run.advance(until)
        future.keep()
        looks_right(future.run)
    back = future.back(5_000.0)
    back.run.advance(5_000.0)
    looks_right(back.run)
    back.steer(0.0)
    back.run.advance(25_000.0)
    looks_right(back.run)
    looks_right(future.run)
    looks_right(Run.resume(back.run.snapshot()))
    assert len(cell.view.dots) <= 2.2 * most


# -- a part of a large cell --------------------------------------------------------------------------------------------


def test_a_large_cell_is_shown_in_a_fixed_part(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(places, "MOST", 500)
    monkeypatch.setattr(places, "SPARE", 50)
    run = Run(scenario(), seed=1)
    sampler, before = Sampler(), set()
    for until in np.arange(0.0, 211.0, 10.0):
        run.advance(until)
        shown = sampler.take(run)
        now, alive = set(shown.identities.tolist()), set(run.sample(places.ALL)[0].tolist())
        assert len(now) <= 550
        assert len(alive) == shown.alive
        assert before & alive == before & now, "who is shown stays shown for life"
        assert abs(len(now) - shown.share * shown.alive) < 5.0 * np.sqrt(shown.share * shown.alive)
        before = now


class Emptying:
    """A run whose receptors are given: all that `Sampler` asks of one."""

    def __init__(self, lots: np.ndarray) -> None:
        self._lots, self.itinerary = lots, scenario().itinerary
        self.left = len(lots)

    @property
    def counts(self) -> np.ndarray:
        counts = np.zeros(len(self.itinerary.out), np.int64)
        counts[np.argmin(self.itinerary.out)] = self.left
        return counts

    def sample(self, below: int) -> tuple[np.ndarray, np.ndarray]:
        (chosen,) = np.nonzero(self._lots[: self.left] <= np.uint64(below))
        return chosen.astype(np.uint64), np.zeros(len(chosen), np.uint8)


def test_the_part_is_of_those_alive_and_all_of_them_are_shown_where_they_fit(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(places, "MOST", 500)
    monkeypatch.setattr(places, "SPARE", 50)
    lots = np.random.default_rng(1).integers(places.ALL, size=2_000, dtype=np.uint64)
    run, sampler, before = Emptying(lots), Sampler(), 0.0
    for run.left in range(2_000, 0, -10):
        shown = sampler.take(run)
        assert shown.alive == run.left
        if run.left <= 500:
            assert (len(shown.identities), shown.share) == (run.left, 1.0), "nobody of so few is left out"
        else:
            assert 400 < len(shown.identities) <= 550
        assert shown.share >= before, "who is shown is not taken away while room is won"
        before = shown.share
    run.left = 2_000
    assert len(sampler.take(run).identities) <= 550


def unfairness(pick, runs: int = 40) -> float:
    """Chi-square of the states of shown receptors against those of all, over many seeds (3 d.f. a run)."""
    total = 0.0
    for seed in range(runs):
        run = Run(scenario(receptors=4_000), seed=seed)
        run.advance(60.0)
        identities, states = run.sample(places.ALL)
        chosen = pick(run, identities, states)
        groups = run.itinerary.bound.astype(int) + 2 * run.itinerary.mask("membrane")
        share = np.bincount(groups[states], minlength=4) / len(states)
        found, n = np.bincount(groups[chosen], minlength=4), len(chosen)
        here = share > 0.0
        # A sample without replacement scatters less, by the part that is left.
        expected = n * share[here] * (1.0 - n / len(states))
        total += float(((found[here] - n * share[here]) ** 2 / expected).sum())
    return total


def test_the_part_that_is_shown_is_a_fair_sample():
    # False alarm in one of 10,000 sets of seeds; these seeds are fixed.
    limit = chi2.ppf(1.0 - 1e-4, 3 * 40)
    fair = unfairness(lambda run, identities, states: run.sample(places.ALL // 10)[1])
    assert fair < limit
    tenth = unfairness(lambda run, identities, states: np.sort(states)[: len(states) // 10])
    assert tenth > limit, "a part that prefers some states is found out"


# -- numbers without receptors -----------------------------------------------------------------------------------------


def test_dots_are_shared_out_in_proportion():
    assert apportioned(np.array([50.0, 30.0, 20.0]), 10, 100.0).tolist() == [5, 3, 2]
    assert apportioned(np.array([1.0, 1.0, 1.0]), 10, 3.0).sum() == 10
    assert apportioned(np.zeros(3), 10, 0.0).tolist() == [0, 0, 0]


def test_dots_in_proportion_move_only_when_numbers_do():
    shares, alive = Proportions(100), np.array([True, True, False])
    first = np.frombuffer(shares.arrange(np.array([60.0, 40.0, 0.0]), alive), np.uint8)
    same = np.frombuffer(shares.arrange(np.array([60.0, 40.0, 500.0]), alive), np.uint8)
    later = np.frombuffer(shares.arrange(np.array([50.0, 40.0, 10.0]), alive), np.uint8)
    assert (first == same).all()
    assert np.bincount(first, minlength=2).tolist() == [60, 40]
    assert (first != later).sum() == 10
    assert (later == FREE).sum() == 10


@pytest.mark.parametrize("resolution", ["counts", "mean"])
def test_a_run_of_numbers_says_that_its_dots_are_no_receptors(resolution: str):
    run = Run(scenario(resolution=resolution), seed=1)
    run.advance(60.0)
    cell = cell_view.Cell()
    show(cell, run, Viewing())
    assert not cell.view.pickable
    assert "no single receptors" in cell.view.caption
    assert cell.chosen({"random": True}) is None


# -- what is said ------------------------------------------------------------------------------------------------------


def show(cell: cell_view.Cell, run: Run, viewing: Viewing) -> None:
    while not viewing.go_on():
        pass
    shown = viewing.crowd(run, at_once=True)
    moment = replace(scenes.Moment.of(run), crowd=shown, followed=viewing.followed)
    scene = scenes.Scene("running", run.seed, run.scenario, number=1, time_min=run.time_min, moment=moment)
    cell.show(scene, moment)


def test_the_text_has_the_numbers_of_the_run():
    run = Run(scenario(), seed=1)
    run.advance(60.0)
    cell = cell_view.Cell()
    show(cell, run, Viewing())
    itinerary = run.itinerary
    surface, bound = itinerary.mask("membrane"), itinerary.bound
    assert f"surface {run.counts[surface].sum():,} ({run.counts[surface & bound].sum():,} with" in cell.view.text
    assert f"lysosome {run.counts[itinerary.mask('lysosome')].sum():,}" in cell.view.text
    assert cell.view.caption == f"All {run.counts[~itinerary.out].sum():,} receptors, a dot each."
    assert cell.view.text.startswith("Drawn cell after 1 h.")
    assert cell.view.numbers["surface"] == run.counts[surface].sum()
    assert cell.view.numbers["bound"] == run.counts[bound & ~itinerary.out].sum()


def test_a_part_is_said_to_be_one(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(places, "MOST", 500)
    monkeypatch.setattr(places, "SPARE", 50)
    run = Run(scenario(), seed=1)
    cell = cell_view.Cell()
    show(cell, run, Viewing())
    shown = sum(state != FREE for state in cell.view.dots)
    alive = run.counts[~run.itinerary.out].sum()
    assert cell.view.caption == f"A random part: {shown:,} of {alive:,} receptors, a dot each."
    assert 400 < shown <= 550


def test_compartments_without_a_drawing_of_their_own_do_not_exist():
    assert life.PLACES.keys() == set(COMPARTMENTS)
    assert set(life.NAMES) == {key for key, _ in life.PLACES.values()} - {"out"}


# -- the life of one ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def finished() -> Run:
    run = Run(scenario(follow=2_000), seed=2, remember=True)
    run.advance()
    return run


def picked(run: Run, who: int) -> life.Life:
    viewing = Viewing()
    viewing.pick(run, who)
    while not viewing.go_on():
        pass
    return life.Life(viewing.followed, run.itinerary, run.time_min)


def test_the_panel_agrees_with_the_tables_of_lives(finished: Run):
    result = finished.result()
    known = {identity_text(int(who)): int(who) for who in np.unique(finished._joined_log()[0])}
    table, dwells = lives(result).set_index("receptor"), stays_of(result)
    some = [name for name in table.index if name in known][:: max(len(table) // 60, 1)]
    assert len(some) > 50
    for name in some:
        one, expected = picked(finished, known[name]), table.loc[name]
        assert one.cycles == expected["cycles"]
        assert (one.ended_min is None) == np.isnan(expected["ended_min"])
        assert one.ended_min is None or one.ended_min == expected["ended_min"]
        assert one.born_min is None or one.born_min == expected["born_min"]
        mine = dwells[dwells["receptor"] == name]
        assert [stay.from_min for stay in one.stays] == mine["from_min"].tolist()
        assert [stay.to_min for stay in one.stays] == mine["to_min"].tolist()
        shown = one.panel(place=3, seen_as=None)
        assert shown["name"] == name
        assert shown["told"] == 1.0
        assert sum(to - start for _, start, to in shown["bar"]) == pytest.approx(1.0, abs=0.05)
        assert [row[2] for row in shown["rows"]] == [
            sum(visit.where == key for visit in one.visits) for key, *_ in shown["rows"]
        ]


def test_an_end_says_when_and_where(finished: Run):
    everybody = (picked(finished, who) for who in np.unique(finished._joined_log()[0]).tolist())
    ended = next(one for one in everybody if one.ended_min is not None)
    facts = dict(ended.panel(place=-1, seen_as=None)["facts"])
    assert facts["End"].startswith("Destroyed at ")
    assert facts["End"].endswith("from the lysosome")
    assert "Now" not in facts


def test_a_receptor_that_is_not_made_yet_is_said_to_be_so(finished: Run):
    everybody = (picked(finished, who) for who in np.unique(finished._joined_log()[0]).tolist())
    born = next(one for one in everybody if one.born_min)
    early = life.Life(replace(born.followed, steps=(), told_min=0.0), finished.itinerary, 0.0)
    shown = early.panel(place=-1, seen_as=None)
    assert shown["facts"] == [["Now", "Not made yet"]]
    assert shown["told"] == 1.0
    assert shown["rows"] == shown["bar"] == shown["steps"] == []


def test_a_past_that_is_not_kept_is_not_made_up(finished: Run, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(finished.chronicle, "complete", False)
    viewing = Viewing()
    viewing.pick(finished, 0)
    shown = life.Life(viewing.followed, finished.itinerary, 210.0).panel(place=0, seen_as=1)
    assert "Its past is not kept" in shown["note"]
    assert shown["facts"] == [["Now", "At the surface, insulin bound"]]
    assert shown["rows"] == shown["bar"] == shown["steps"] == []


def test_nothing_is_gathered_for_a_view_out_of_sight():
    run, viewing = Run(scenario(), seed=1), Viewing()
    viewing.look(False)
    assert viewing.crowd(run, at_once=True) is None
    viewing.look(True)
    assert viewing.crowd(run, at_once=True) is not None
    assert viewing.crowd(run, at_once=False) is None, "not more often than a few times a second"
