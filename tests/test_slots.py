"""Where receptors are kept: few slabs and little memory, however many cells grow, and no bit depends on it."""

import numpy as np
import pytest

from cells import constant_rates, five_states, portrait
from trafficking import receptors as receptors_module
from trafficking.cells import Start, drawn
from trafficking.receptors import Receptors

FEW = 12  # slabs
BYTES = 22  # of a slot, with its share of an alarm
GROWTH = five_states(commit=0.0, make=0.02)  # nobody is lost


def cells_of(number: int, each: int = 30, **more: object) -> Receptors:
    """Cells alike, all of whose receptors start in M."""
    placed = np.array([each, 0, 0, 0, 0, 0])
    start = Start(np.full(number, each), placed / each, placed)
    rates = np.tile(GROWTH.rates(0.0, np.zeros(6)), (number, 1))
    return Receptors(GROWTH, start, rates=rates, cells=drawn(each, number, 0.0, 0.0, seed=4), threads=1, **more)


def grown(receptors: Receptors, growing: list[np.ndarray], minutes: float = 60.0) -> Receptors:
    """After one window for each group of cells that grow in it, while all others make nobody."""
    make = [arrow.source for arrow in GROWTH.transitions].index(None)
    for k, group in enumerate(growing):
        rates = constant_rates(receptors)
        others = np.ones(len(rates), dtype=bool)
        others[group] = False
        rates[others, make] = 0.0
        receptors.advance(rates, minutes * k, minutes * (k + 1), np.zeros(0))
    return receptors


def alive(receptors: Receptors) -> int:
    return int(receptors.counts[:, :-1].sum())


def slots_of(receptors: Receptors) -> int:
    return sum(len(slab.states) for slab in receptors._slabs)


ALL = np.arange(300)
ONE_BY_ONE = [ALL[k : k + 1] for k in range(0, 120)]
WAVES = [ALL[k % 3 :: 3] for k in range(12)]


@pytest.mark.parametrize("growing", [[ALL] * 4, ONE_BY_ONE, WAVES], ids=["together", "one by one", "in waves"])
def test_slabs_stay_few_and_full_however_many_cells_grow(growing):
    receptors = grown(cells_of(300), growing)
    assert alive(receptors) > 9_000 + 20 * sum(len(group) for group in growing)
    assert len(receptors._slabs) <= FEW
    assert slots_of(receptors) < 4 * alive(receptors) + 100 * 300


def test_one_cell_that_grows_a_hundredfold_takes_no_room_in_the_others():
    receptors = grown(cells_of(300), [ALL[7:8]] * 40, minutes=130.0)
    assert receptors.counts[7].sum() > 3_000
    assert len(receptors._slabs) <= FEW
    assert slots_of(receptors) < 300 * 100 + 4 * 3_500


def test_newborn_wait_for_one_slab_and_not_each_for_its_own(monkeypatch: pytest.MonkeyPatch):
    added = []
    monkeypatch.setattr(receptors_module, "Slab", lambda *given: added.append(given) or slab(*given))
    slab = receptors_module.slots.Slab
    grown(cells_of(1_000), [np.arange(1_000)], minutes=600.0)  # 360,000 newborn, in batches of a few thousand
    assert 2 <= len(added) <= 8


@pytest.mark.parametrize("growing", [[ALL] * 4, WAVES], ids=["together", "in waves"])
def test_joining_slabs_and_waiting_for_them_change_no_bit(growing, monkeypatch: pytest.MonkeyPatch):
    usual = grown(cells_of(300, follow=40), growing)
    monkeypatch.setattr(receptors_module, "_MOST_SLABS", 2)
    monkeypatch.setattr(receptors_module, "_MOST_WAITING", 50)
    other = grown(cells_of(300, follow=40), growing)
    assert len(other._slabs) <= 2
    assert np.array_equal(portrait(usual), portrait(other))
    assert np.array_equal(usual.counts, other.counts)
    assert all(np.array_equal(a, b) for a, b in zip(usual.take_log(), other.take_log(), strict=True))


def test_receptors_saved_out_of_several_slabs_go_on_as_if_they_had_not_been():
    whole = grown(cells_of(50), [ALL[:50]] * 3)
    assert len(whole._slabs) > 1
    saved = whole.save()
    assert np.array_equal(saved["crowd.cells"], whole.counts[:, :-1].sum(axis=1))
    again = Receptors(GROWTH, Start(np.zeros(50), np.zeros(6)), cells=drawn(30, 50, 0.0, 0.0, seed=4), saved=saved)
    for each in (whole, again):
        each.advance(constant_rates(each), 180.0, 240.0, np.zeros(0))
    assert np.array_equal(portrait(whole), portrait(again))


def test_a_receptor_takes_few_bytes():
    (slab,) = cells_of(1, each=100_000)._slabs
    arrays = (*slab.columns, slab.alarms)
    assert sum(array.nbytes for array in arrays) <= BYTES * len(slab.states)
    assert len(slab.states) < 1.05 * 100_000
