"""A run is never lost: not by the next one, not by what fails after its last window; and a figure costs itself."""

import signal
from pathlib import Path

import matplotlib.mathtext
import pytest
from typer.testing import CliRunner, Result

from runs import hand_made, hand_made_cells
from trafficking import body_plots, completion, cytometry, folders, io, organ_plots, plots, readouts, stopped, terminal
from trafficking.__main__ import app
from trafficking.body import simulate_body
from trafficking.body_forms import BodyScenario
from trafficking.faults import ScenarioError
from trafficking.figures import drawn

MINE = """
name = "mine"
title = "costs $x_$ more"
receptors = 200
resolution = "counts"
[[exposure]]
kind = "constant"
duration = "1 h"
insulin = "1 nM"
"""
FIGURE = completion._figure
DOLLARS = "costs $x_$ more than $5"  # of which matplotlib would make mathematics that it cannot read


def call(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(completion, "_figure", lambda *_: b"a picture")  # to draw takes longer than all else
    (tmp_path / "mine.toml").write_text(MINE)
    return tmp_path


def interrupted(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> Result:
    """A run with Ctrl-C after its first window."""

    def ctrl_c(self: terminal.Progress, done: float) -> None:
        if done > 0.0:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(terminal.Progress, "__call__", ctrl_c)
        done = call(*arguments)
    assert done.exit_code == 130, done.output
    return done


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()} - {"mine.toml"}


# -- stopped runs ------------------------------------------------------------------------------------------------------


def test_a_place_with_a_stopped_run_beside_it_is_taken(place: Path, monkeypatch: pytest.MonkeyPatch):
    interrupted(monkeypatch, "run", "mine.toml")
    kept = (place / "runs" / ".mine-seed1.stopped" / "snapshot").read_bytes()
    assert call("run", "mine.toml").exit_code == 0
    assert names(place / "runs") == {".mine-seed1.stopped", "mine-seed1-2"}
    for arguments in (
        ("run", "mine.toml", "--out", "runs/mine-seed1"),
        ("rerun", "runs/mine-seed1-2", "--out", "runs/mine-seed1"),
        ("body", "vicious_cycle", "--out", "runs/mine-seed1"),
        ("interventions", "--out", "runs/mine-seed1"),
    ):
        refused = call(*arguments)
        assert isinstance(refused.exception, FileExistsError), arguments
        said = str(refused.exception)
        assert "a stopped run is kept beside it" in said
        assert "trafficking resume" in said
        assert "--overwrite" in said
    with pytest.raises(FileExistsError, match="a stopped run is kept beside it"):
        io.save(hand_made(), place / "runs" / "mine-seed1")
    assert (place / "runs" / ".mine-seed1.stopped" / "snapshot").read_bytes() == kept
    assert call("resume", "runs/mine-seed1").exit_code == 0
    assert names(place / "runs") == {"mine-seed1", "mine-seed1-2"}


def test_a_stopped_run_is_discarded_only_when_told_to_and_once_another_is_there(
    place: Path, monkeypatch: pytest.MonkeyPatch
):
    interrupted(monkeypatch, "run", "mine.toml", "--out", "mine")
    with monkeypatch.context() as patch:
        patch.setattr(io, "table_files", lambda result: 1 / 0)
        assert isinstance(call("rerun", "mine").exception, SystemExit)  # no run yet
        with pytest.raises(ZeroDivisionError):
            io.save(hand_made(), place / "mine", overwrite=True)
    assert names(place) == {".mine.stopped"}
    assert call("run", "mine.toml", "--out", "mine", "--overwrite").exit_code == 0
    assert names(place) == {"mine"}


def test_a_run_stopped_while_it_was_to_replace_another_is_resumed(place: Path, monkeypatch: pytest.MonkeyPatch):
    assert call("run", "mine.toml", "--out", "mine").exit_code == 0
    interrupted(monkeypatch, "run", "mine.toml", "--out", "mine", "--overwrite", "--seed", "2")
    interrupted(monkeypatch, "resume", "mine")
    assert io.load_run(place / "mine").seed == 1
    assert call("resume", "mine").exit_code == 0
    assert io.load_run(place / "mine").seed == 2
    assert names(place) == {"mine"}


def test_a_stopped_run_replaces_no_run_but_the_one_it_was_allowed_to(place: Path, monkeypatch: pytest.MonkeyPatch):
    assert call("run", "mine.toml", "--out", "mine").exit_code == 0
    interrupted(monkeypatch, "run", "mine.toml", "--out", "mine", "--overwrite", "--seed", "2")
    (place / "mine").rename(place / "first")
    assert call("run", "mine.toml", "--out", "other", "--seed", "3").exit_code == 0
    (place / "other").rename(place / "mine")  # by hand, while the run was stopped
    refused = call("resume", "mine")
    assert isinstance(refused.exception, FileExistsError)
    assert ".mine.stopped" in names(place)
    assert io.load_run(place / "mine").seed == 3
    assert call("resume", "mine", "--overwrite").exit_code == 0
    assert io.load_run(place / "mine").seed == 2


def test_a_rerun_that_is_to_be_kept_is_kept_when_it_is_stopped(place: Path, monkeypatch: pytest.MonkeyPatch):
    assert call("run", "mine.toml", "--out", "mine").exit_code == 0
    assert "trafficking resume again" in interrupted(monkeypatch, "rerun", "mine", "--out", "again").stderr
    assert call("resume", "again").exit_code == 0
    assert io.table_files(io.load_run("again")) == io.table_files(io.load_run("mine"))


def test_a_run_behind_a_link_is_stopped_and_found_beside_what_the_link_names(
    place: Path, monkeypatch: pytest.MonkeyPatch
):
    (place / "link").symlink_to("real")
    interrupted(monkeypatch, "run", "mine.toml", "--out", "link")
    assert names(place) == {"link", ".real.stopped"}
    assert isinstance(call("run", "mine.toml", "--out", "real").exception, FileExistsError)
    assert call("resume", "link").exit_code == 0
    assert names(place) == {"link", "real"}


def test_names_of_what_is_hidden_beside_a_run_are_no_names_of_runs(tmp_path: Path):
    for name in (".x.stopped", ".x.replaced", ".x.lock", ".x.partial-7"):
        with pytest.raises(ScenarioError, match="choose another"):
            io.save(hand_made(), tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_the_first_two_signals_are_noted_and_the_third_is_obeyed(capsys: pytest.CaptureFixture):
    stop = terminal.Stop("stopping")
    stop._note(terminal.INTERRUPTED, signal.SIGINT, None)
    stop._note(terminal.TERMINATED, signal.SIGTERM, None)
    assert stop.status == terminal.INTERRUPTED
    assert len(capsys.readouterr().err.splitlines()) == 2
    with pytest.raises(KeyboardInterrupt):
        stop._note(terminal.INTERRUPTED, signal.SIGINT, None)


# -- after the last window ---------------------------------------------------------------------------------------------


FULL = OSError(28, "No space left on device", "counts.csv")


@pytest.mark.parametrize(
    ("fault", "status", "says"),
    [
        (FULL, 1, "counts.csv: No space left on device"),
        (KeyboardInterrupt(), 130, "interrupted while it was written"),
        (SystemExit(143), 143, "terminated while it was written"),
        (MemoryError(), 1, "out of memory"),
    ],
)
def test_a_run_that_cannot_be_written_is_kept_and_resume_only_writes(
    place: Path, monkeypatch: pytest.MonkeyPatch, fault: BaseException, status: int, says: str
):
    def fail(*_: object) -> None:
        raise fault

    with monkeypatch.context() as patch:
        patch.setattr(folders, "write_files", fail)
        done = call("run", "mine.toml", "--out", "mine")
    assert (done.exit_code, done.stdout) == (status, "")
    assert done.stderr.splitlines() == [f"{says}; nothing was written as mine. Go on with it: trafficking resume mine"]
    assert names(place) == {".mine.stopped"}
    with monkeypatch.context() as patch:
        patch.setattr("trafficking.simulation.Run._window", fail)
        assert call("resume", "mine").exit_code == 0
    assert call("rerun", "mine").exit_code == 0


def test_a_mistake_of_the_program_costs_no_run(place: Path, monkeypatch: pytest.MonkeyPatch):
    with monkeypatch.context() as patch:
        patch.setattr(io, "table_files", lambda result: 1 / 0)
        done = call("run", "mine.toml", "--out", "mine")
    assert isinstance(done.exception, ZeroDivisionError)
    assert "Go on with it: trafficking resume mine" in done.stderr
    assert call("resume", "mine").exit_code == 0


def test_a_run_that_cannot_even_be_kept_is_said_in_two_lines(place: Path, monkeypatch: pytest.MonkeyPatch):
    def full(path: Path, content: bytes) -> None:
        raise OSError(28, "No space left on device", path.name)

    monkeypatch.setattr(folders, "write_file", full)
    done = call("run", "mine.toml", "--out", "mine")
    assert done.exit_code == 1
    first, second = done.stderr.splitlines()
    assert first.endswith("No space left on device; nothing was written as mine")
    assert second.startswith("the run could not be kept either: ")
    assert names(place) == set()


def test_ctrl_c_once_the_run_is_there_keeps_no_second_one(place: Path, monkeypatch: pytest.MonkeyPatch):
    swap = folders.Claim._swap

    def late(self: folders.Claim, partial: Path) -> None:
        swap(self, partial)
        raise KeyboardInterrupt

    monkeypatch.setattr(folders.Claim, "_swap", late)
    done = call("run", "mine.toml", "--out", "mine")
    assert done.exit_code == 130
    assert "the run is written: mine" in done.stderr
    assert names(place) == {"mine"}


@pytest.mark.parametrize("length", [200, 240, 255])
def test_any_name_that_the_disk_takes_is_one_for_a_run(tmp_path: Path, length: int):
    folder = tmp_path / ("x" * length)
    with io.claim(folder) as place:
        io.save(hand_made(), place)
    assert io.load_run(folder).seed == 7
    assert [path.name for path in tmp_path.iterdir()] == [folder.name]
    assert stopped.run_of(folder) == folder


@pytest.mark.parametrize("command", [["run", "mine.toml"], ["body"], ["interventions"]])
def test_a_name_that_is_too_long_is_refused_before_anything_is_simulated(
    place: Path, monkeypatch: pytest.MonkeyPatch, command: list[str]
):
    monkeypatch.setattr("trafficking.simulation.Run.__init__", lambda *_, **__: pytest.fail("simulated"))
    monkeypatch.setattr("trafficking.body.simulate_body", lambda *_, **__: pytest.fail("simulated"))
    done = call(*command, "--out", "é" * 128)
    assert isinstance(done.exception, ScenarioError)
    assert "(256 bytes): File name too long; choose a shorter name" in str(done.exception)
    assert names(place) == set()


# -- figures -----------------------------------------------------------------------------------------------------------


def test_a_figure_that_fails_costs_the_figure(place: Path, monkeypatch: pytest.MonkeyPatch):
    def fail(*_: object) -> None:
        raise ValueError("no such\nglyph")

    monkeypatch.setattr(completion, "_figure", FIGURE)
    with monkeypatch.context() as patch:
        patch.setattr(plots, "depletion", fail)
        done = call("run", "mine.toml", "--out", "mine")
    assert done.exit_code == 0
    (line,) = done.stderr.splitlines()
    assert line.startswith("figure.png could not be drawn (ValueError: glyph); the run is saved without it.")
    again = line.rpartition("Draw it again: trafficking ")[2].split()
    assert call(*again).exit_code == 0
    assert (place / "mine" / "figure.png").read_bytes().startswith(b"\x89PNG")
    assert call("rerun", "mine").exit_code == 0  # the figure is one of its files
    assert drawn({"a": lambda: b"a", "b": lambda: 1 / 0}) == ({"a": b"a"}, {"b": "ZeroDivisionError: division by zero"})


@pytest.fixture(scope="module")
def life():
    given = {"name": "short", "title": DOLLARS, "duration": "1 y", "window": "10 d"}
    return simulate_body(BodyScenario.from_dict(given))


@pytest.mark.parametrize(
    "figure",
    [
        lambda life: plots.depletion(hand_made(title=DOLLARS)),
        lambda life: cytometry.histograms(hand_made_cells(title=DOLLARS)),
        lambda life: body_plots.life([(DOLLARS, life)]),
        lambda life: organ_plots.organs(readouts.readouts(life), DOLLARS),
    ],
    ids=["curves", "cells", "life", "organs"],
)
def test_what_users_write_is_drawn_as_text(life, monkeypatch: pytest.MonkeyPatch, figure):
    def refuse(self: object, text: str, *_: object, **__: object) -> None:
        raise AssertionError(f"read as mathematics: {text}")

    monkeypatch.setattr(matplotlib.mathtext.MathTextParser, "parse", refuse)
    assert DOLLARS.encode() in plots.render(figure(life), "svg", caption=DOLLARS).replace(rb"\$", b"$")


def test_a_literal_text_is_shown_as_it_was_written():
    from matplotlib.text import Text

    for text in (DOLLARS, "$", r"\$", r"a \$ b $", "no money"):
        shown, mathematics = Text(text=plots.literal(text))._preprocess_math(plots.literal(text))
        assert (shown, mathematics) == (text, False)


def test_no_figure_sets_its_title_by_itself():
    package = Path(plots.__file__).parent
    found = {path.name for path in package.rglob("*.py") if "suptitle(" in path.read_text()}
    assert found == {"plots.py"}
