"""The dashboard without a browser: its words, its thinning of curves, its runner, its exports, its page."""

import gc
import io
import threading
import time
import weakref
import zipfile
from collections.abc import Iterator

import numpy as np
import pandas as pd
import pytest
import solara

from cells import SWITCHED_ON
from sessions import Opened, Screen, until
from trafficking import io as files
from trafficking import library, simulation
from trafficking.dashboard import (
    app,
    cell_view,
    controls,
    desk,
    dose,
    exports,
    forks,
    launcher,
    paces,
    picture,
    plot,
    readout,
    runner,
    scenes,
    store,
    words,
)
from trafficking.dashboard.app import _header
from trafficking.dashboard.hearing import Unheard
from trafficking.half_times import HalfTimes, Step
from trafficking.scenario import Scenario


@pytest.fixture(scope="module")
def small() -> Scenario:
    """The default scenario on a small cell in windows of a minute: quick, and told from no other."""
    laws = {f"parameters.{symbol}": str(value) for symbol, value in SWITCHED_ON.items()}
    return files.load_scenario("chronic_insulin", {"receptors": "2000"} | laws)


# -- words -------------------------------------------------------------------------------------------------------------


def test_the_sentence_says_what_the_cell_has_left():
    parts = words.headline(
        31_412, 93_266, of="the start", since_min=1440.0, insulin_nM=10.0, restless=False, time_min=1500.0
    )
    assert "".join(parts) == "Surface receptors: 34 % of the start (31,400 of 93,300) after 24 h at 10 nM."
    parts = words.headline(42_000, 93_266, of="lean", since_min=61, insulin_nM=0.0, restless=False, time_min=0.0)
    assert "".join(parts).endswith("45 % of lean (42,000 of 93,300) after 1 h 1 min without insulin.")


def test_what_is_all_receptors_names_the_cells_where_there_are_several():
    lean, start = words.REFERENCES["lean"], words.REFERENCES["start"]
    assert words.base(932.66, lean).startswith("100 % = 933 at the surface, a lean person's level.")
    assert words.base(932_661, start, 1000).startswith("100 % = 932,661 at the surface of 1,000 cells, the starting")


def test_insulin_that_never_rests_is_given_as_it_is_now():
    times = np.arange(100.0)
    assert words.since_change(times, np.where(times < 40, 0.0, 10.0)) == (59.0, False)
    assert words.since_change(times, np.zeros(100)) == (99.0, False)
    assert words.since_change(times, np.sin(times) + 1.0)[1]
    steered = np.where(times < 97, 0.0, 5.0)
    assert not words.since_change(times, steered)[1]


@pytest.mark.parametrize(
    ("minutes", "said"),
    [(0.0, "0 min"), (59.9, "59 min"), (60.0, "1 h"), (72.0, "1 h 12 min"), (1440.0, "24 h"), (10080.0, "7 d")],
)
def test_times_are_said_as_people_say_them(minutes: float, said: str):
    assert words.span(minutes) == said


@pytest.mark.parametrize(("pace", "said"), [(15.0, "15 min/s"), (60.0, "1 h/s"), (120.0, "2 h/s"), (230.0, "3.8 h/s")])
def test_the_pace_is_said(pace: float, said: str):
    assert words.pace(pace) == said


def test_means_of_small_cells_keep_a_decimal():
    assert words.rounded(4.3) == "4.3"
    assert [words.rounded(count) for count in (4.0, 420.4, 31_412.0)] == ["4", "420", "31,400"]
    assert (
        "(6 of 4.3)"
        in words.headline(6.0, 4.3, of="the start", since_min=60.0, insulin_nM=0.0, restless=False, time_min=60.0)[2]
    )


def test_half_times_are_so_far_only_while_insulin_stays():
    clocks = HalfTimes(Step(60.0, 0.0, 10.0, 1500.0), 8.2, 214.0)
    assert words.half_times(clocks, 600.0) == (
        "Half-time of redistribution: 8 min so far. Half-time of loss: 3 h 34 min so far."
    )
    assert words.half_times(clocks, 1600.0) == (
        "Half-time of redistribution: 8 min. Half-time of loss: 3 h 34 min. Read in 24 h at 10 nM."
    )
    early = HalfTimes(Step(60.0, 0.0, 10.0, 1500.0), 4.0, None, "", "no loss")
    assert words.half_times(early, 65.0).endswith("Half-time of loss: no loss so far.")


# -- what is drawn -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (0.3, 0.3, "Half of the full signal takes 0.3 nM, as at a lean person's level. A full dose"),
        (0.3, 0.309, "Half of the full signal takes the same insulin: 0.31 nM. A full dose"),
        (0.3, 0.69, "Half of the full signal takes 2.3 times the insulin: 0.69 nM. A full dose"),
        (
            0.3,
            np.inf,
            "No dose brings half of the full signal any more; the most is 97 % of that at a lean person's level",
        ),
    ],
)
def test_a_dose_that_has_hardly_moved_is_not_called_one_time_the_insulin(before: float, after: float, said: str):
    assert words.felt(before, after, most=0.97, left=0.8, of="a lean person's level").startswith(said)


def test_a_number_and_its_unit_stay_on_one_line():
    text = "97 % of 0.41 nM after 2 h 38 min, 2.3 times, in 3 days"
    assert words.unbroken(text).split(" ") == [
        *("97\N{NO-BREAK SPACE}%", "of", "0.41\N{NO-BREAK SPACE}nM", "after", "2\N{NO-BREAK SPACE}h"),
        *("38\N{NO-BREAK SPACE}min,", "2.3\N{NO-BREAK SPACE}times,", "in", "3", "days"),
    ]


def test_thinned_curves_keep_their_extremes():
    times = np.arange(12_345.0)
    rng = np.random.default_rng(1)
    curves = rng.normal(size=(5, times.size)).cumsum(axis=1)
    curves[2, 7_777] = 1e6
    thin_times, thin = plot.decimate(times, curves, most=1000)
    assert thin_times.size <= 1000
    assert np.all(np.diff(thin_times) >= 0.0)
    np.testing.assert_array_equal(thin.max(axis=1), curves.max(axis=1))
    np.testing.assert_array_equal(thin.min(axis=1), curves.min(axis=1))
    np.testing.assert_array_equal(thin[:, [0, -1]], curves[:, [0, -1]])


def test_short_curves_are_drawn_as_they_are():
    times, curves = np.arange(10.0), np.ones((2, 10))
    assert plot.decimate(times, curves)[1] is curves


def test_the_guided_pace_tells_the_story_in_ten_seconds():
    time_min, seconds, reached = 0.0, 0.0, {}
    for milestone in (60.0, 120.0, 1500.0):
        while time_min < milestone:
            time_min += paces.guided_pace(time_min, 60.0) * 0.01
            seconds += 0.01
        reached[milestone] = seconds
    assert reached[60.0] == pytest.approx(1.0, abs=0.05)
    assert reached[120.0] - reached[60.0] == pytest.approx(4.0, abs=0.2)
    assert reached[1500.0] - reached[120.0] == pytest.approx(6.0, abs=0.2)
    assert paces.guided_pace(1501.0, 60.0) == 120.0


def test_bands_of_the_slider_are_in_order_and_within_it():
    edges = [edge for band in dose.BANDS for edge in (band["from_nM"], band["to_nM"])]
    assert edges == sorted(edges)
    assert edges[0] >= 1e-3
    assert edges[-1] == 1000.0


# -- the runner --------------------------------------------------------------------------------------------------------


def test_a_run_plays_by_itself_to_its_end(small: Scenario, opened: Opened):
    _, screen = opened(small)
    until(lambda: screen.last.status == "finished")
    assert screen.last.time_min == small.duration_min
    assert [scene.seq for scene in screen.scenes] == list(range(1, len(screen.scenes) + 1))


def test_nothing_more_is_shown_before_the_browser_has_answered(small: Scenario, opened: Opened):
    one, screen = opened(small, answers=False)
    until(lambda: bool(screen.scenes))
    one.acknowledge(screen.last.seq)
    until(lambda: screen.last.moment is not None)
    shown = len(screen.scenes)
    came = one._run.time_min
    until(lambda: one._run.time_min > came + 60.0)
    assert len(screen.scenes) == shown
    one.acknowledge(screen.last.seq)
    until(lambda: len(screen.scenes) == shown + 1)


def test_to_acknowledge_what_was_never_sent_opens_no_flood(small: Scenario, opened: Opened):
    one, screen = opened(small, answers=False)
    until(lambda: bool(screen.scenes))
    one.acknowledge(10**400)
    until(lambda: screen.last.moment is not None)
    shown, came = len(screen.scenes), one._run.time_min
    until(lambda: one._run.time_min > came + 60.0)
    assert len(screen.scenes) == shown


def test_a_page_that_does_not_answer_pauses_its_run_and_finds_it_again(
    small: Scenario, opened: Opened, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(runner, "AWAY_S", 0.3)
    one, screen = opened(small, answers=False)
    until(lambda: one._base.status == "away")
    came = one._run.time_min
    assert came > 0.0
    one.acknowledge(screen.last.seq)
    until(lambda: screen.last.status == "paused")
    assert "kept" in screen.last.message
    assert screen.last.time_min == came


def test_a_run_waits_for_a_viewer_who_does_not_answer(small: Scenario, opened: Opened, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(runner, "LOST_S", 0.2)
    one, screen = opened(small, answers=False, speed="1 h/s")
    until(lambda: time.monotonic() > one._shown_at + 0.5)
    came, turned = one._run.time_min, one._worked_at
    until(lambda: one._worked_at > turned + 0.3)
    assert one._run.time_min == came
    screen.answers = True
    one.acknowledge(screen.last.seq)
    until(lambda: screen.last.time_min > came)


def test_a_scene_lost_with_the_link_is_replaced(small: Scenario, opened: Opened, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(runner, "LOST_S", 0.05)
    one, screen = opened(small, answers=False)
    until(lambda: bool(screen.scenes))
    seen = screen.last.seq
    until(lambda: time.monotonic() > one._shown_at + 0.1)
    one.acknowledge(seen - 1)
    until(lambda: screen.last.seq > seen)


def test_a_paused_run_stands_still_and_goes_on(small: Scenario, opened: Opened):
    one, screen = opened(small)
    until(lambda: screen.last.time_min > 100.0)
    one.pause()
    until(lambda: screen.last.status == "paused")
    came, turns = screen.last.time_min, len(screen.scenes)
    assert not one._waiting
    one.step()
    until(lambda: screen.last.time_min == came + small.window_min)
    assert len(screen.scenes) == turns + 1
    one.play()
    until(lambda: screen.last.time_min > came + 60.0)


@pytest.mark.parametrize("resolution", ["agents", "counts", "mean"])
def test_between_two_rows_the_page_shows_the_present(small: Scenario, opened: Opened, resolution: str):
    rare = Scenario.from_dict(small.to_dict() | {"record": "30 min", "resolution": resolution})
    one, screen = opened(rare, speed="5 min/s")
    until(lambda: screen.last.moment is not None and screen.last.time_min > 61.0)
    one.pause()
    until(lambda: screen.last.status == "paused")
    for _ in range(2):
        came = screen.last.time_min
        one.step()
        until(lambda came=came: screen.last.time_min == came + rare.window_min)
        recorded = screen.last.moment.recorded
        assert recorded["time_min"][-1] == screen.last.time_min
        assert {len(rows) for rows in recorded.values()} == {len(recorded["time_min"])}
    one.steer(2.0)
    until(lambda: screen.last.steering != ())
    shown = picture.Picture(screen.last, screen.last.moment, picture.Ground.of(screen.last))
    assert "after 0 min at 2 nM" in "".join(shown.headline)


def test_steering_acts_at_once_and_is_written_down(small: Scenario, opened: Opened):
    one, screen = opened(small)
    until(lambda: screen.last.time_min > 300.0)
    one.pause()
    one.steer(2.5, gesture=1)
    until(lambda: screen.last.gesture == 1)
    came = screen.last.time_min
    assert screen.last.moment.insulin_nM == 2.5
    assert screen.last.steering == (scenes.Steering(came, "insulin_nM", 10.0, 2.5),)
    one.steer(0.5, gesture=2)  # the same moment: the hand had not finished
    until(lambda: screen.last.gesture == 2)
    assert screen.last.steering == (scenes.Steering(came, "insulin_nM", 10.0, 0.5),)
    one.steer(10.0, gesture=3)
    until(lambda: screen.last.gesture == 3)
    assert screen.last.steering == ()


def test_a_steered_run_is_repeated_from_its_own_scenario(small: Scenario, opened: Opened):
    one, screen = opened(small)
    until(lambda: screen.last.time_min > 200.0)
    one.steer(0.2)
    until(lambda: screen.last.status == "finished")
    result, steering, _ = one.taken()
    assert len(steering) == 1
    again = simulation.simulate(result.scenario, seed=result.seed)
    for table in ("counts", "events", "exposure", "histories"):
        pd.testing.assert_frame_equal(getattr(again, table), getattr(result, table))


def test_moving_the_slider_after_the_end_takes_the_run_further(small: Scenario, opened: Opened):
    one, screen = opened(small)
    until(lambda: screen.last.status == "finished")
    one.steer(10.0)
    until(lambda: screen.last.status == "finished" and screen.last.time_min > small.duration_min)
    assert screen.last.time_min == small.duration_min + forks.FURTHER_MIN


def test_with_reduced_motion_changes_after_the_end_are_one_and_wait_for_play(small: Scenario, opened: Opened):
    one, screen = opened(small, reduced_motion=True)
    until(lambda: screen.last.status == "finished")
    drug, was = next((name, level) for name, level in screen.last.levels if name != "temperature")
    for gesture, insulin_nM in enumerate((1.0, 2.0, 10.0), start=1):
        one.steer(insulin_nM, gesture=gesture)
        until(lambda gesture=gesture: screen.last.gesture == gesture)
        assert (screen.last.status, screen.last.time_min) == ("paused", small.duration_min)
        assert "Play" in screen.last.message
    one.treat(drug, 1.0 - was)
    until(lambda: len(screen.last.steering) == 2)
    assert screen.last.status == "paused"
    one.play()
    until(lambda: screen.last.status == "finished")
    assert screen.last.time_min == small.duration_min + forks.FURTHER_MIN
    assert {row.time_min for row in screen.last.steering} == {small.duration_min}
    shown = {scene.time_min for scene in screen.scenes if scene.moment}
    assert shown <= {0.0, small.duration_min, screen.last.time_min}


def test_reduced_motion_shows_the_finished_curve_and_no_motion(small: Scenario, opened: Opened):
    one, screen = opened(small, reduced_motion=True)
    until(lambda: screen.last.status == "finished")
    drawn = [scene for scene in screen.scenes if scene.moment is not None]
    assert {scene.time_min for scene in drawn} <= {0.0, small.duration_min}
    one.play()
    until(lambda: screen.last.status == "running" and 0.0 < screen.last.time_min < small.duration_min)


def test_reset_takes_the_same_cell_back_to_its_start(small: Scenario, opened: Opened):
    one, screen = opened(small)
    until(lambda: screen.last.moment is not None)
    start = screen.scenes[1].moment.recorded["counts"][0].tolist()
    until(lambda: screen.last.time_min > 100.0)
    one.steer(1.0)
    one.reset()
    until(lambda: screen.last.status == "paused")
    assert screen.last.time_min == 0.0
    assert screen.last.steering == ()
    assert screen.last.moment.recorded["counts"][0].tolist() == start
    assert one.opened is small


def test_another_seed_is_another_run(small: Scenario, opened: Opened):
    one, screen = opened(small)
    until(lambda: screen.last.moment is not None)
    one.open(small, seed=2)
    until(lambda: screen.last.number == 2 and screen.last.moment is not None)
    assert screen.last.seed == 2
    assert one.taken()[0].seed == 2


def test_a_fault_is_said_and_does_not_end_the_session(small: Scenario, opened: Opened, monkeypatch: pytest.MonkeyPatch):
    one, screen = opened(small)
    until(lambda: screen.last.moment is not None)

    def broken(*_: object, **__: object) -> None:
        raise ValueError("the cell has burst")

    monkeypatch.setattr(simulation.Run, "advance", broken)
    until(lambda: screen.last.status == "failed")
    assert "the cell has burst" in screen.last.message
    assert "Traceback" not in screen.last.message
    monkeypatch.undo()
    one.reset()
    one.play()
    until(lambda: screen.last.time_min > 10.0)


def test_a_scene_that_cannot_be_shown_does_not_end_the_session(small: Scenario, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(runner, "LOST_S", 0.05)
    screen, broken = Screen(), [True]

    def show(scene: scenes.Scene) -> None:
        if broken and scene.moment is not None:
            raise ValueError("no picture")
        screen.show(scene)

    one = screen.runner = runner.Runner(small, show=show)
    one.start()
    one.acknowledge(0)
    until(lambda: screen.scenes and screen.last.status == "failed")  # said at once: no answer comes for a lost scene
    assert "The run stopped: no picture" in screen.last.message
    broken.clear()
    one.reset()
    until(lambda: screen.scenes and screen.last.status == "paused")
    one.close()
    one._thread.join(10)


def test_two_sessions_share_nothing(small: Scenario, opened: Opened):
    one, first = opened(small)
    other, second = opened(small)
    until(lambda: min(first.last.time_min, second.last.time_min) > 100.0)
    one.steer(1000.0)
    until(lambda: first.last.steering != ())
    seen = second.last.seq
    until(lambda: second.last.seq > seen)
    assert second.last.steering == ()
    assert second.last.moment.insulin_nM in (0.0, 10.0)


def test_a_closed_session_ends_its_thread_and_frees_its_run(small: Scenario):
    screen = Screen()
    screen.runner = runner.Runner(small, show=screen.show)
    screen.runner.start()
    screen.runner.acknowledge(0)
    until(lambda: screen.scenes and screen.last.moment is not None)
    run, thread = weakref.ref(screen.runner._run), screen.runner._thread
    screen.runner.close()
    thread.join(10)
    assert not thread.is_alive()
    assert screen.runner.taken() is None
    screen.scenes.clear()
    gc.collect()
    assert run() is None


# -- exports -----------------------------------------------------------------------------------------------------------


def fetch(run_id: str, name: str) -> tuple[bytes, str, str]:
    blocks, media_type, filename = store.stream(run_id, name)
    pieces = list(blocks)
    assert all(len(piece) >= 65_536 for piece in pieces[:-1])
    return b"".join(pieces), media_type, filename


def test_what_is_plotted_is_exported_with_units_while_the_run_goes_on(small: Scenario, opened: Opened):
    one, screen = opened(small)
    run_id = store.add(exports.of_run(one.taken))
    until(lambda: screen.last.time_min > 200.0)
    one.steer(3.0)
    until(lambda: screen.last.steering != ())
    content, media_type, filename = fetch(run_id, exports.PLOTTED)
    table = pd.read_csv(io.BytesIO(content))
    assert media_type.startswith("text/csv")
    assert filename.endswith("-plotted.csv")
    assert list(table.columns[:2]) == ["time (min)", "Surface (receptors)"]
    assert all("(" in column for column in table.columns)
    steered = table[table["time (min)"] >= screen.last.steering[0].time_min]
    assert (steered["Insulin (nM)"] == 3.0).all()
    store.drop(run_id)
    assert store.stream(run_id, exports.PLOTTED) is None


def test_the_whole_run_goes_out_as_one_archive_that_can_be_run_again(small: Scenario, opened: Opened, tmp_path):
    one, screen = opened(small)
    run_id = store.add(exports.of_run(one.taken))
    until(lambda: screen.last.time_min > 200.0)
    one.steer(3.0)
    until(lambda: screen.last.status == "finished")
    content, media_type, _ = fetch(run_id, exports.WHOLE)
    store.drop(run_id)
    assert media_type == "application/zip"
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        archive.extractall(tmp_path)
    (folder,) = tmp_path.iterdir()
    assert {"run.json", "counts.parquet", "counts.csv", exports.PLOTTED, exports.STEERING} <= {
        path.name for path in folder.iterdir()
    }
    log = pd.read_csv(folder / exports.STEERING)
    assert list(log.columns) == ["time_min", "name", "old", "new"]
    assert log[["name", "old", "new"]].values.tolist() == [["insulin_nM", 10.0, 3.0]]
    saved = files.load_run(folder)
    again = simulation.simulate(saved.scenario, seed=saved.seed)
    pd.testing.assert_frame_equal(again.counts, pd.read_parquet(folder / "counts.parquet"))


@pytest.mark.parametrize("resolution", ["agents", "counts", "mean"])
def test_a_run_taken_away_unfinished_can_be_run_again(small: Scenario, opened: Opened, tmp_path, resolution: str):
    one, screen = opened(Scenario.from_dict(small.to_dict() | {"resolution": resolution}))
    until(lambda: screen.last.time_min > 100.0)
    one.steer(3.0)
    until(lambda: screen.last.steering != () and screen.last.time_min > screen.last.steering[-1].time_min)
    one.pause()
    until(lambda: screen.last.status == "paused")
    one.steer(0.5)  # acts from here on: no row of this run has felt it
    until(lambda: len(screen.last.steering) == 2)
    run_id = store.add(exports.of_run(one.taken))
    content, _, _ = fetch(run_id, exports.WHOLE)
    store.drop(run_id)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        archive.extractall(tmp_path)
    (folder,) = tmp_path.iterdir()
    saved = files.load_run(folder)
    assert saved.scenario.duration_min == screen.last.time_min < small.duration_min
    again = simulation.simulate(saved.scenario, seed=saved.seed)
    for table in ("counts", "events", "exposure", "histories"):
        pd.testing.assert_frame_equal(getattr(again, table), pd.read_parquet(folder / f"{table}.parquet"))
    assert len(pd.read_csv(folder / exports.STEERING)) == 2


def test_runs_are_found_by_their_own_id_alone(small: Scenario, opened: Opened):
    one, screen = opened(small)
    until(lambda: screen.last.moment is not None)
    ids = [store.add(exports.of_run(one.taken)) for _ in range(2)]
    assert ids[0] != ids[1]
    assert all(len(run_id) >= 22 for run_id in ids)
    for run_id, name in (("", exports.WHOLE), ("../x", exports.WHOLE), (ids[0], "../run.json"), (ids[0], "")):
        assert store.stream(run_id, name) is None
    for run_id in ids:
        store.drop(run_id)


# -- the page ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def rendered(monkeypatch: pytest.MonkeyPatch, tmp_path) -> Iterator:
    """The rendered page on a small cell, opened by the name of a file as the launcher names one."""
    path = tmp_path / "small.toml"
    path.write_text(
        'name = "small"\ntitle = "A small cell"\nreceptors = 2000\n'
        '[[exposure]]\nkind = "constant"\nduration = "1 h"\ninsulin = "0 nM"\n'
        '[[exposure]]\nkind = "constant"\nduration = "400 h"\ninsulin = "10 nM"\n'
    )
    monkeypatch.setenv(launcher.SCENARIO_VARIABLE, str(path))
    before = set(threading.enumerate())
    box, context = solara.render(app.Page(), handle_error=False)
    yield context
    context.close()
    until(lambda: not [t for t in set(threading.enumerate()) - before if t.name == "trafficking-run"])


def widget(rendered, kind: type):
    return rendered.find(kind).widget


def answer(curve: plot.TimeSeries) -> None:
    """Does what the browser does: greets, and acknowledges every scene."""
    curve.observe(lambda change: send(curve, acknowledged=change.new, reduced=False), "seq")
    send(curve, acknowledged=curve.seq, reduced=False)


def send(target, **message) -> None:
    target._handle_custom_msg(message, [])


def test_the_page_opens_with_the_scenario_it_was_given_and_plays(rendered):
    curve, sentence = widget(rendered, plot.TimeSeries), widget(rendered, readout.Headline)
    answer(curve)
    until(lambda: curve.seq > 0 and len(curve.frame) > 0)
    assert "".join(sentence.parts).startswith("Surface receptors: ")
    rows = sum(curve.view["rows"])
    assert len(curve.frame) == 4 * rows * (2 + len(picture.LINES))
    assert widget(rendered, controls.Controls).state["scenario"] == desk.OWN
    until(lambda: len(widget(rendered, cell_view.CellView).dots) > 0)  # which come after the curves of a scene
    values = widget(rendered, readout.Numbers).values
    assert len(values) == len(picture.LINES)


def test_a_file_named_like_one_of_the_packages_scenarios_is_not_taken_for_it(monkeypatch: pytest.MonkeyPatch, tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(
        f'name = "{desk.DEFAULT}"\ntitle = "Mine"\nreceptors = 2000\n'
        '[[exposure]]\nkind = "constant"\nduration = "2 h"\ninsulin = "3 nM"\n'
    )
    monkeypatch.setenv(launcher.SCENARIO_VARIABLE, str(path))
    _, context = solara.render(app.Page(), handle_error=False)
    try:
        deck = widget(context, controls.Controls)
        answer(widget(context, plot.TimeSeries))
        until(lambda: bool(deck.state))
        assert deck.state["scenario"] == desk.OWN
        send(deck, do="scenario", scenario="basal")
        until(lambda: deck.state["scenario"] == "basal")
        assert [desk.OWN, "Mine"] in deck.state["scenarios"]
        send(deck, do="scenario", scenario=desk.OWN)
        until(lambda: deck.state["scenario"] == desk.OWN)
        assert deck.state["receptors"] == 2000
    finally:
        context.close()


def test_the_slider_steers_the_page(rendered):
    curve, slider, deck = (widget(rendered, kind) for kind in (plot.TimeSeries, dose.Dose, controls.Controls))
    answer(curve)
    until(lambda: curve.seq > 0 and slider.enabled)
    send(slider, insulin_nM=100.0, gesture=1)
    until(lambda: slider.gesture == 1)
    assert slider.insulin_nM == 100.0
    until(lambda: bool(deck.state["log"]))
    assert deck.state["log"][0][1:] == ["insulin", "no insulin", "100 nM"]
    assert any(by_hand for _, _, by_hand in curve.view["marks"])


def test_a_tissue_opens_at_its_lean_insulin_and_says_what_is_extrapolated(rendered):
    curve, slider, deck = (widget(rendered, kind) for kind in (plot.TimeSeries, dose.Dose, controls.Controls))
    answer(curve)
    until(lambda: slider.enabled)
    send(deck, do="tissue", tissue="ovary")

    def came() -> bool:
        return deck.state["tissue"] == "ovary" and slider.insulin_nM == library.tissue("ovary").lean.value

    until(came)
    until(lambda: "xtrapolated" in sentence_of(rendered))


def sentence_of(rendered) -> str:
    return widget(rendered, readout.Headline).remark


def test_a_scenario_that_cannot_be_opened_is_said_on_the_page(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(launcher.SCENARIO_VARIABLE, "no_such_scenario")
    _, context = solara.render(app.Page(), handle_error=False)
    try:
        deck = widget(context, controls.Controls)
        until(lambda: bool(deck.state))
        assert "no_such_scenario" in deck.state["note"]
        assert deck.state["scenario"] == desk.DEFAULT
    finally:
        context.close()


def test_wrong_numbers_in_the_drawer_are_refused_in_words(rendered):
    curve, deck = widget(rendered, plot.TimeSeries), widget(rendered, controls.Controls)
    answer(curve)
    until(lambda: bool(deck.state))
    send(deck, do="anew", receptors=-5, seed=1)
    until(lambda: "receptors" in deck.state["note"])


def test_what_the_cell_would_feel_is_drawn_also_while_the_cell_is_out_of_sight():
    sitting, seen = desk.Desk(), []
    try:
        sitting.watch(lambda scene: (seen.append(scene), sitting.runner.acknowledge(scene.seq)))
        sitting.runner.look(False)
        # It ends in insulin, however late a busy machine comes to look: a day later the cell would have recovered.
        sitting.runner.open(desk.shipped()["chronic_insulin"].lasting(360.0), seed=1)
        until(lambda: seen and (seen[-1].status, seen[-1].time_min) == ("finished", 360.0))
        until(lambda: "times the insulin" in sitting.felt.view.get("words", ""))
        now = len(np.frombuffer(sitting.felt.curves, dtype="<f4")) // 2
        start, later = np.split(np.frombuffer(sitting.felt.curves, dtype="<f4"), [now])
        assert (later[1:] < start[1:]).all()
    finally:
        sitting.close()


def test_a_question_asked_again_opens_its_scenario_again():
    sitting, opened = desk.Desk(), []
    header = _header(sitting, lambda path: opened.append(path))
    try:
        for path, travelled in (("/", []), ("/", []), ("/data", ["/"])):  # on Live there is no way to go
            header.path = path
            header._handle_custom_msg({"go": "/?scenario=washout"}, [])
            until(lambda: sitting.runner.opened.name == "washout")
            assert opened == travelled
            sitting.runner.open(desk.shipped()["basal"], seed=1)
            until(lambda: sitting.runner.opened.name == "basal")
        header._handle_custom_msg({"go": "/body"}, [])
        assert opened[-1] == "/body"
    finally:
        sitting.close()


def test_a_seed_or_a_speed_that_is_none_leaves_the_run_alone(monkeypatch: pytest.MonkeyPatch):
    sitting, opened, speeds = desk.Desk(), [], []
    try:
        monkeypatch.setattr(sitting.runner, "open", lambda scenario, *, seed: opened.append(seed))
        monkeypatch.setattr(sitting.runner, "speed", speeds.append)
        for seed in (-1, 2**63):
            sitting._hear_controls({"do": "anew", "receptors": 1000, "seed": seed})
            assert f"seed: {seed} is not allowed" in sitting._complaint
        assert opened == []
        sitting._hear_controls({"do": "anew", "receptors": 1000, "seed": 2**63 - 1})
        assert opened == [2**63 - 1]
        with pytest.raises(Unheard, match="speed: .* given; a text is needed"):
            sitting._hear_controls({"do": "speed", "speed": ["12 h/s"]})
        assert speeds == []
    finally:
        sitting.close()
