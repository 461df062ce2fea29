"""What is read off the tables of a run: where receptors are, the two clocks, and what passed."""

import numpy as np
import pytest

from runs import hand_made, hand_made_cells, scenario
from trafficking import results
from trafficking.exposure import Constant, Exposure, Meals, PulseTrain
from trafficking.half_times import HalfTimes, Step, clock_words, clocks, strongest_step

HOUR = 60.0


def test_tables_have_the_declared_columns_with_time_first():
    run = hand_made()
    assert list(run.counts) == ["time_min", "replicate", *run.scenario.itinerary.state_names]
    arrows = [arrow.name for arrow in run.scenario.itinerary.transitions]
    assert list(run.events) == ["from_min", "to_min", "replicate", *arrows]
    assert list(run.exposure) == ["time_min", "replicate", "insulin_nM", "mrna"]
    assert list(run.histories) == ["receptor", "time_min", "source", "target"]
    for table in results.TABLES:
        for name in getattr(run, table):
            assert results.column(name, table).label


def test_counts_are_integers_and_know_their_replicate():
    run = hand_made()
    assert all(run.counts[name].dtype == np.int64 for name in run.scenario.itinerary.state_names)
    assert set(run.counts["replicate"]) == set(run.events["replicate"]) == {2}


def test_insulin_in_a_row_is_its_value_from_then_on():
    insulin = hand_made().exposure.set_index("time_min")["insulin_nM"]
    assert (insulin[59.0], insulin[60.0], insulin[179.0], insulin[180.0]) == (0.0, 10.0, 10.0, 0.0)


def test_histories_name_receptors_and_states():
    rows = hand_made().histories.to_dict("records")
    assert rows[0] == {"receptor": "start-17", "time_min": 0.5, "source": "surface_free", "target": "surface_bound"}
    assert rows[1] == {"receptor": "born-3", "time_min": 1.25, "source": "synthesis", "target": "surface_free"}


def test_a_run_that_follows_no_one_has_an_empty_table_of_histories():
    run = hand_made()
    table = results.tables(run.scenario, 1, 0, np.zeros(1), np.zeros((1, 7)), np.ones(1), np.zeros((0, 14))).histories
    assert len(table) == 0
    assert list(table) == ["receptor", "time_min", "source", "target"]


def test_live_receptors_are_all_but_lysosome_and_degraded():
    curves = hand_made().compartments
    parts = curves[["surface", "early_endosome", "recycling"]].sum(axis=1)
    np.testing.assert_array_equal(curves["live"], parts)


def test_both_half_times_are_found():
    found = hand_made().half_times
    assert found.step == Step(60.0, 0.0, 10.0, 180.0)
    assert found.redistribution_min == pytest.approx(10.0, abs=0.3)
    # 1000 falls to 250 at the end of two hours; halfway is 625.
    assert found.loss_min == pytest.approx(60.0 * np.log2(1000.0 / 625.0), abs=0.3)


def test_the_reference_is_the_insulin_free_cell_by_default():
    run = hand_made()
    assert run.reference.words == "insulin-free"
    assert run.reference.live == pytest.approx(1000.0)
    assert run.reference.surface == pytest.approx(858.66, abs=0.01)


def test_the_reference_may_be_the_start():
    run = hand_made(reference="start", start={"counts": {"surface_free": 400, "recycling_endosome": 100}})
    assert (run.reference.words, run.reference.surface, run.reference.live) == ("start", 400.0, 500.0)


def test_percent_of_nothing_is_not_a_number():
    assert results.percent_of(5.0, 10.0) == 50.0
    assert np.isnan(results.percent_of(np.ones(3), 0.0)).all()


def test_totals_count_passages_by_what_arrows_do():
    assert hand_made().totals == results.Totals(made=240.0, recycled=480.0, degraded=240.0)


# -- many cells --------------------------------------------------------------------------------------------------------


def test_the_table_of_cells_goes_by_time_and_then_by_cell():
    run = hand_made_cells(40)
    states = run.scenario.itinerary.state_names
    assert list(run.cells) == ["time_min", "replicate", "cell", "copy_number", "synthesis", *states]
    assert run.cells["time_min"].tolist() == np.repeat([0.0, 60.0, 90.0, 180.0, 240.0], 40).tolist()
    assert run.cells["cell"].tolist() == list(range(40)) * 5
    assert set(run.cells["replicate"]) == {2}
    first = run.cells.iloc[0]
    assert (first["copy_number"], first["synthesis"], first["surface_free"]) == (500.0, 1.0, 500)


@pytest.mark.parametrize("resolution", ["agents", "mean"])
def test_a_run_of_one_cell_has_a_table_of_cells_without_rows_but_of_the_same_types(resolution: str):
    one, many = hand_made(resolution=resolution), hand_made_cells(2, resolution=resolution)
    assert len(one.cells) == 0
    assert one.cells.dtypes.equals(many.cells.dtypes)


def test_the_empty_tables_of_two_runs_are_not_the_same_object():
    assert hand_made().cells is not hand_made().cells


def test_the_reference_of_many_cells_is_as_large_as_they_are():
    run = hand_made_cells(40)
    assert run.reference.live == pytest.approx(40 * 1000.0)
    larger = results.reference(run.scenario, 60_000.0)
    assert (larger.live, larger.words) == (pytest.approx(60_000.0), "insulin-free")
    assert results.reference(run.scenario) == run.reference
    assert results.percent_of(run.surface[0], run.reference.live) == pytest.approx(100.0)


def test_a_start_in_integers_is_the_same_in_every_cell():
    start = {"counts": {"surface_free": 400, "recycling_endosome": 100}}
    found = results.reference(scenario(reference="start", start=start, cells=10), 12_345.0)
    assert (found.surface, found.live) == (4000.0, 5000.0)


def test_the_surface_of_each_cell_is_read_at_a_recorded_time():
    run = hand_made_cells(40)
    assert results.cell_surface(run, 0.0).tolist() == np.round(np.linspace(500.0, 1500.0, 40)).tolist()
    at_end = run.cells[run.cells["time_min"] == 240.0]
    assert results.cell_surface(run).tolist() == at_end["surface_free"].tolist()


def test_a_time_at_which_cells_were_not_written_down_is_refused_with_those_that_were():
    with pytest.raises(ValueError, match=r"^at_min: 61.0 given; .* 0 min, 1 h, 1.5 h, 3 h, 4 h"):
        results.cell_surface(hand_made_cells(), 61.0)
    with pytest.raises(ValueError, match=r"set cells.number"):
        results.cell_surface(hand_made())


# -- the strongest step ------------------------------------------------------------------------------------------------


def constants(*levels: float) -> Exposure:
    return Exposure(tuple(Constant(HOUR, level) for level in levels))


def test_the_strongest_of_several_steps_is_found():
    assert strongest_step(constants(0.0, 1.0, 10.0, 5.0, 5.5)) == Step(120.0, 1.0, 10.0, 180.0)


def test_a_small_fall_does_not_end_the_stretch():
    assert strongest_step(constants(0.0, 10.0, 8.0, 2.0)) == Step(60.0, 0.0, 10.0, 180.0)


def test_constant_insulin_makes_no_step():
    assert strongest_step(constants(10.0)) is None
    assert strongest_step(constants(10.0, 1.0)) is None


def test_insulin_from_the_first_moment_is_a_step_for_a_cell_that_knew_none():
    assert strongest_step(constants(10.0), before_nM=0.0) == Step(0.0, 0.0, 10.0, 60.0)
    assert results.step_of(scenario(start={"state": "insulin_free"})) == Step(60.0, 0.0, 10.0, 180.0)


def test_meals_make_no_step():
    assert strongest_step(Exposure((Meals(1440.0, 0.05, 0.4, 45.0, (420.0, 750.0)),))) is None


def test_the_first_of_equal_pulses_is_the_step():
    train = PulseTrain(600.0, 0.0, 1.0, 10.0, 60.0, 30.0)
    assert strongest_step(Exposure((train,))) == Step(30.0, 0.0, 1.0, 40.0)


# -- clocks that cannot be read ----------------------------------------------------------------------------------------

STEP = Step(0.0, 0.0, 10.0, 100.0)
TIMES = np.arange(0.0, 101.0)


def test_without_a_step_there_are_no_clocks():
    assert clocks(TIMES, TIMES, TIMES, None) == HalfTimes(None, None, None, "no step of insulin", "no step of insulin")


def test_a_cell_that_loses_nothing_has_no_half_time_of_loss():
    live = np.full(101, 1000)
    found = clocks(TIMES, live - np.minimum(5 * TIMES, 300.0), live, STEP)
    assert found.redistribution_min == pytest.approx(30.0)
    assert (found.loss_min, found.loss_words) == (None, "no loss")


def test_noise_of_counting_is_no_redistribution():
    rng = np.random.default_rng(1)
    live = np.full(101, 10_000)
    found = clocks(TIMES, rng.binomial(live, 0.9), live, STEP)
    assert (found.redistribution_min, found.redistribution_words) == (None, "no redistribution")


def test_a_mean_has_no_noise_and_keeps_small_changes():
    live = np.full(101, 100.0)
    surface = 90.0 - np.minimum(TIMES, 10.0) * 1e-3
    assert clocks(TIMES, surface, live, STEP).redistribution_min is None
    assert clocks(TIMES, surface, live, STEP, noisy=False).redistribution_min == pytest.approx(5.0)


def test_clocks_wait_for_insulin_to_act():
    live = np.full(3, 1000)
    found = clocks(np.arange(3.0), live, live, STEP)
    assert (found.redistribution_min, found.loss_words) == (None, "insulin came too recently")
    before = clocks(np.arange(3.0), live, live, Step(5.0, 0.0, 10.0, 60.0))
    assert before.redistribution_words == before.loss_words == "insulin has not come yet"
    short = Step(0.0, 0.0, 10.0, 2.0)
    assert clocks(TIMES, TIMES + 1, TIMES + 1, short).loss_words == "insulin stayed too briefly"


def test_an_empty_cell_has_no_clocks():
    found = clocks(TIMES, np.zeros(101), np.zeros(101), STEP)
    assert (found.redistribution_min, found.loss_words) == (None, "the cell ran out of receptors")


@pytest.mark.parametrize(
    ("minutes", "words"), [(8.7973, "8.8 min"), (14.2, "14 min"), (89.9, "90 min"), (220.0, "3.7 h"), (4000.0, "67 h")]
)
def test_a_half_time_is_said_with_two_digits(minutes: float, words: str):
    assert clock_words(minutes) == words
