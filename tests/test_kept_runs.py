"""Runs that outlive their page: on disk by id, taken up to the same bits, one writer each; and runs in links."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
import zlib
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from test_dashboard import Screen, until
from trafficking import folders, simulation
from trafficking import io as files
from trafficking.dashboard import keeping, kept_runs, links, runner
from trafficking.dashboard.keeping import Keeping
from trafficking.dashboard.kept import Kept, KeptError
from trafficking.results import Result
from trafficking.scenario import Scenario
from trafficking.simulation import Run

TABLES = ("counts", "events", "exposure", "histories")
AN_ID = "A" * 24


pytestmark = pytest.mark.usefixtures("place")


@pytest.fixture(scope="module")
def small() -> Scenario:
    return files.load_scenario("chronic_insulin", {"receptors": "1000"})


def stopped(scenario: Scenario, *, seed: int = 3, snapshot: bool = True) -> tuple[Run, Kept]:
    """A run that was steered at 400 min and kept at 900 min."""
    run = Run(scenario, seed=seed)
    run.advance(400.0)
    run.steer(0.7)
    run.advance(900.0)
    rows = ((400.0, "insulin_nM", 10.0, 0.7),)
    state = run.snapshot().to_bytes() if snapshot else b""
    return run, Kept(scenario, run.scenario, seed, run.time_min, rows, snapshot=state)


def ended(run: Run) -> Result:
    run.advance()
    assert run.finished
    return run.result()


def same(one: Result, other: Result) -> bool:
    return all(getattr(one, table).equals(getattr(other, table)) for table in TABLES)


# -- to the same bits --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("resolution", ["agents", "counts", "mean"])
@pytest.mark.parametrize("snapshot", [True, False])
def test_a_run_taken_up_gives_the_tables_of_one_never_interrupted(small: Scenario, resolution: str, snapshot: bool):
    run, left = stopped(small.changed(resolution=resolution), snapshot=snapshot)
    again = Kept.from_bytes(left.to_bytes())
    assert again == left
    taken_up = again.run()
    assert taken_up.time_min == (900.0 if snapshot else 0.0)
    assert same(ended(taken_up), ended(run))


def test_a_run_taken_up_with_another_seed_is_told_from_it(small: Scenario):
    run, left = stopped(small, snapshot=False)
    assert not same(ended(replace(left, seed=4).run()), ended(run))


def test_a_run_of_another_version_is_computed_again(small: Scenario):
    _, left = stopped(small)
    assert not replace(left, version="0.0.1").ours
    assert replace(left, version="0.0.1").run().time_min == 0.0


def test_a_snapshot_that_cannot_be_read_costs_time_and_no_bit(small: Scenario):
    run, left = stopped(small)
    again = replace(left, snapshot=left.snapshot[:-1]).run()
    assert again.time_min == 0.0
    assert same(ended(again), ended(run))


# -- on disk -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["", "..", "../../etc/passwd", "A" * 23, "A" * 25, "A" * 23 + "/", "A" * 23 + "\n", "é" * 24]
)
def test_what_is_no_id_never_becomes_a_file_name(name: str, place: Path):
    assert not kept_runs.is_id(name)
    for ask in (kept_runs.load, kept_runs.Claim):
        with pytest.raises(KeptError, match="no id of a run"):
            ask(name)
    assert not place.exists()


def test_ids_are_ids_and_never_the_same():
    ids = {kept_runs.new_id() for _ in range(1000)}
    assert len(ids) == 1000
    assert all(kept_runs.is_id(each) for each in ids)


def test_what_was_kept_is_read_back_and_a_changed_bit_is_noticed(small: Scenario, place: Path):
    _, left = stopped(small)
    claim = kept_runs.Claim(AN_ID)
    claim.write(left)
    claim.release()
    assert kept_runs.load(AN_ID) == left
    assert kept_runs.held() == (1, (place / f"{AN_ID}.run").stat().st_size)
    assert {path.name for path in place.iterdir()} == {f"{AN_ID}.run"}
    content = bytearray((place / f"{AN_ID}.run").read_bytes())
    content[len(content) // 2] ^= 1
    (place / f"{AN_ID}.run").write_bytes(content)
    with pytest.raises(KeptError, match="damaged"):
        kept_runs.load(AN_ID)


def test_a_run_that_is_not_there_is_said_in_words():
    with pytest.raises(KeptError, match="not kept here: unused runs go after 30 days"):
        kept_runs.load(AN_ID)


def test_a_run_has_one_writer_in_this_process_and_in_others(place: Path):
    claim = kept_runs.Claim(AN_ID)
    code = (
        f"from trafficking.dashboard import kept_runs as k\ntry:\n k.Claim('{AN_ID}')\nexcept k.Taken: print('taken')"
    )
    with pytest.raises(kept_runs.Taken):
        kept_runs.Claim(AN_ID)
    asked = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120)
    assert asked.stdout == "taken\n"
    claim.release()
    asked = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120)
    assert asked.stdout == ""
    kept_runs.Claim(AN_ID).release()


def test_a_server_killed_while_it_writes_leaves_the_last_good_state(small: Scenario, place: Path, tmp_path: Path):
    _, left = stopped(small)
    (tmp_path / "left").write_bytes(left.to_bytes())
    code = f"""
from pathlib import Path
from trafficking.dashboard import kept, kept_runs
left = kept.Kept.from_bytes(Path({str(tmp_path / "left")!r}).read_bytes())
claim = kept_runs.Claim("{AN_ID}")
while True:
    claim.write(left)
    print("written", flush=True)
"""
    for _ in range(5):
        with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as writer:
            assert writer.stdout is not None
            for _ in range(3):
                assert writer.stdout.readline() == "written\n"
            writer.send_signal(signal.SIGKILL)
        assert kept_runs.load(AN_ID) == left
    claim = kept_runs.Claim(AN_ID)  # which a dead writer does not hold
    claim.write(left)
    claim.release()
    assert {path.name for path in place.iterdir()} == {f"{AN_ID}.run"}


def test_old_runs_go_and_the_oldest_make_room(small: Scenario, place: Path, monkeypatch: pytest.MonkeyPatch):
    _, left = stopped(small)
    now, ids, in_use = time.time(), [letter * 24 for letter in "ABCDE"], []
    for run_id, days in zip(ids, (40.0, 20.0, 10.0, 1.0, 0.0), strict=True):
        claim = kept_runs.Claim(run_id)
        claim.write(left)
        if run_id == ids[1]:
            in_use.append(claim)
        else:
            claim.release()
        os.utime(place / f"{run_id}.run", (now - days * 86400.0,) * 2)
    for name in ("mine.txt", f".{ids[4]}.run.partial-1"):
        (place / name).write_text("x")
        os.utime(place / name, (now - 50 * 86400.0,) * 2)
    monkeypatch.setattr(kept_runs, "MOST_BYTES", 2 * len(left.to_bytes()))
    kept_runs.clean(now)
    still = {path.name for path in place.iterdir() if not path.name.endswith(".lock")}
    # Too old; in use, so kept; beyond the room; the two newest. A file that is none of ours is left alone.
    assert still == {f"{ids[1]}.run", f"{ids[3]}.run", f"{ids[4]}.run", "mine.txt"}


# -- sessions ----------------------------------------------------------------------------------------------------------

Sat = Callable[..., tuple[runner.Runner, Screen, keeping.Keeping]]


@pytest.fixture
def session(small: Scenario) -> Iterator[Sat]:
    """Opens sessions as the page does, on a new run or on one that is kept."""
    running = []

    def start(run_id: str = "", *, answers: bool = True) -> tuple[runner.Runner, Screen, keeping.Keeping]:
        screen, keeper = Screen(answers), keeping.Keeping()
        screen.notes = []  # type: ignore[attr-defined]

        def taking(asking: runner.Runner) -> Kept:
            found, note = keeper.take_up(run_id, asking)
            screen.notes.append(note)  # type: ignore[attr-defined]
            return found

        one = runner.Runner(small, show=screen.show, keeping=keeper, taking=taking if run_id else None)
        screen.runner = one
        running.append(one)
        one.start()
        one.acknowledge(0)
        until(lambda: bool(screen.scenes) and screen.last.moment is not None)
        return one, screen, keeper

    yield start
    for one in running:
        one.close()
        one._thread.join(20)
        assert not one._thread.is_alive()


def on_disk(keeper: keeping.Keeping) -> Kept | None:
    try:
        return kept_runs.load(keeper.run_id)
    except KeptError:
        return None


def test_a_closed_page_is_found_again_by_its_id_with_all_that_was_done(small: Scenario, session: Sat):
    one, screen, keeper = session()
    one.speed("1 h/s")
    until(lambda: screen.last.time_min > 200.0)
    one.pause()
    one.steer(2.5)
    until(lambda: screen.last.status == "paused" and len(screen.last.steering) == 1)
    came, run_id = screen.last.time_min, keeper.run_id
    one.close()
    again, seen, keeper = session(run_id)
    assert keeper.run_id == run_id
    assert (seen.last.status, seen.last.time_min, seen.last.speed) == ("paused", came, "1 h/s")
    assert seen.last.steering == screen.last.steering
    assert again.opened == small
    assert seen.notes == [""]
    again.speed("12 h/s")
    again.play()
    until(lambda: seen.last.status == "finished")
    result, *_ = again.taken()
    assert same(result, simulation.simulate(result.scenario, seed=result.seed))


def test_a_run_that_was_running_runs_on(session: Sat):
    one, screen, keeper = session()
    until(lambda: screen.last.time_min > 10.0)
    one.close()
    _, seen, _ = session(keeper.run_id)
    came = seen.last.time_min
    assert came > 0.0
    until(lambda: seen.last.status == "running" and seen.last.time_min > came)


def test_a_run_under_way_is_written_without_being_asked(session: Sat, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(keeping, "EVERY_S", 0.05)
    one, screen, keeper = session()
    until(lambda: on_disk(keeper) is not None and on_disk(keeper).time_min > 0.0)
    came = on_disk(keeper).time_min
    until(lambda: on_disk(keeper).time_min > came)
    one.pause()
    until(lambda: screen.last.status == "paused")
    until(lambda: on_disk(keeper).time_min == screen.last.time_min)


def test_the_second_tab_gets_a_copy_and_the_first_keeps_its_run(session: Sat):
    one, screen, keeper = session()
    one.pause()
    until(lambda: screen.last.status == "paused")
    other, seen, copy = session(keeper.run_id)
    assert seen.notes == [keeping.COPY]
    assert copy.run_id != keeper.run_id
    until(lambda: seen.last.time_min == screen.last.time_min)
    other.steer(1.0)
    other.step()
    until(lambda: seen.last.time_min > screen.last.time_min)
    until(lambda: on_disk(copy) is not None and len(on_disk(copy).steering) == 1)
    assert screen.last.steering == ()
    until(lambda: on_disk(keeper) is not None and on_disk(keeper).time_min == screen.last.time_min)
    one.step()
    until(lambda: screen.last.time_min == seen.last.time_min)


def test_a_run_that_is_still_computed_is_not_said_to_be_gone(session: Sat, monkeypatch: pytest.MonkeyPatch):
    one, screen, keeper = session()
    until(lambda: screen.last.time_min > 5.0)
    monkeypatch.setattr(one, "kept", lambda: None)
    with pytest.raises(KeptError, match="open in another tab, which is still computing"):
        Keeping().take_up(keeper.run_id, one)
    until(lambda: screen.last.time_min > 6.0)


def test_a_page_that_no_longer_answers_gives_its_run_up(session: Sat, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(runner, "WATCHED_S", 0.3)
    one, screen, keeper = session()
    until(lambda: screen.last.time_min > 5.0)
    screen.answers = False
    _, seen, heir = session(keeper.run_id)
    assert heir.run_id == keeper.run_id
    assert seen.notes == [""]
    until(lambda: one._base.status == "failed")
    one.acknowledge(one._sent)  # it was only asleep
    until(lambda: screen.last.status == "failed")
    assert "another window" in screen.last.message


def test_a_wrong_id_gives_a_new_run(session: Sat, small: Scenario):
    _, screen, keeper = session(AN_ID)
    assert screen.last.scenario == small
    assert kept_runs.is_id(keeper.run_id)
    assert keeper.run_id != AN_ID


def test_a_full_disk_is_said_and_ends_no_run(session: Sat, monkeypatch: pytest.MonkeyPatch):
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    one, screen, keeper = session()
    monkeypatch.setattr(folders, "replace_file", full)
    one.pause()
    until(lambda: keeper.fault != "")
    assert keeper.fault == "This run cannot be kept on disk: No space left on device."
    one.step()
    until(lambda: screen.last.status == "paused")
    monkeypatch.undo()
    one.step()
    until(lambda: keeper.fault == "")


def test_a_server_that_ends_waits_for_its_runs_to_be_written(session: Sat):
    one, screen, keeper = session()
    until(lambda: screen.last.time_min > 5.0)
    assert not keeping.all_given_up(0.0)
    one.close()
    assert keeping.all_given_up(20.0)
    assert on_disk(keeper).time_min >= 5.0


# -- links -------------------------------------------------------------------------------------------------------------


def test_a_link_gives_the_tables_of_the_run_it_was_made_of(small: Scenario):
    run, left = stopped(small, snapshot=False)
    again, note = links.read(links.written(left))
    assert (again.opened, again.steering, again.seed, again.time_min) == (small, left.steering, 3, 900.0)
    assert note == ""
    taken_up = again.run()
    taken_up.advance(again.time_min)
    assert taken_up.time_min == 900.0
    assert same(taken_up.result(), run.result())
    assert same(ended(taken_up), ended(run))


@pytest.mark.parametrize("name", files.scenario_names())
def test_every_scenario_of_the_package_fits_into_a_link(name: str):
    scenario = files.load_scenario(name)
    assert links.read(links.written(Kept(scenario, scenario, 1, 0.0)))[0].opened == scenario


def test_a_run_that_is_too_long_for_a_link_says_what_to_send(small: Scenario):
    _, left = stopped(small, snapshot=False)
    rows = tuple((minute * 1.37, "insulin_nM", minute / 7.0, minute / 11.0) for minute in range(1000))
    with pytest.raises(links.LinkTooLong, match="Send the file instead"):
        links.written(replace(left, steering=rows))


def test_a_link_of_another_version_says_so(small: Scenario):
    _, left = stopped(small, snapshot=False)
    again, note = links.read(links.written(replace(left, version="0.0.1")))
    assert "made by trafficking 0.0.1" in note
    assert again.opened == small


def packed(given: object) -> str:
    return "1." + urlsafe_b64encode(zlib.compress(json.dumps(given).encode())).decode().rstrip("=")


def test_links_that_are_none_are_refused_in_words(small: Scenario):
    _, left = stopped(small, snapshot=False)
    good, table = links.written(left), left.to_dict()
    bomb = "1." + urlsafe_b64encode(zlib.compress(b" " * 3_000_000, 9)).decode()
    wrong: list[tuple[str, str]] = [
        ("", "another way"),
        ("2." + good[2:], "another way"),
        (good[:-20], "not whole"),
        (good[:40] + "!" + good[41:], "not whole"),
        ("1." + "A" * 7000, "longer than any link"),
        (bomb, "unpacks to more"),
        ("1." + urlsafe_b64encode(zlib.compress(b"[" * 100_000)).decode(), "not whole"),
        (packed([]), "not what this program writes"),
        (packed(table | {"seed": True}), "not what this program writes"),
        (packed(table | {"time_min": 1e9}), "not what this program writes"),
        (packed(table | {"time_min": float("nan")}), "not what this program writes"),
        (packed(table | {"steering": [[1.0, "insulin_nM", [], 2.0]]}), "not what this program writes"),
        (packed(table | {"steering": [[1.0, "insulin_nM", 0, "abc"]]}), "not what this program writes"),
        (packed(table | {"steering": [[-5.0, "insulin_nM", 0, 3]]}), "not what this program writes"),
        (packed(table | {"steering": [[2.0, "insulin_nM", 0, 3], [1.0, "insulin_nM", 3, 4]]}), "not what this"),
        (packed(table | {"steering": [[1.0, "aspirin", 0, 1]]}), "not what this program writes"),
        (packed(table | {"seed": -3}), "its seed is -3; a whole number from 0"),
        (packed(table | {"seed": 2**80}), "its seed is 12089"),
        (packed(table | {"opened": table["opened"] | {"receptors": -1}}), "receptors"),
        (
            packed(table | {"opened": table["opened"] | {"exposure": [{"kind": "series", "file": "/etc/passwd"}]}}),
            "exposure",
        ),
    ]
    for text, said in wrong:
        with pytest.raises(KeptError, match=said):
            links.read(text)


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_whatever_stands_in_a_link_is_a_run_or_refused(data: st.DataObject):
    scenario = files.load_scenario("washout")
    table = Kept(scenario, scenario, 1, 0.0).to_dict()
    anything = st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=5,
    )
    where = data.draw(st.sampled_from([*table, "opened.exposure", "opened.cells", "opened.start", "opened.receptors"]))
    target, key = (table["opened"], where.split(".")[1]) if "." in where else (table, where)
    target[key] = data.draw(anything)
    try:
        found, _ = links.read(packed(table))
    except KeptError:
        return
    assert 0.0 <= found.time_min <= found.scenario.duration_min


def test_threads_of_sessions_end_with_them(session: Sat):
    before = threading.active_count()
    one, *_ = session()
    one.close()
    one._thread.join(20)
    assert threading.active_count() <= before
