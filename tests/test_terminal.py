"""What a command shows while it works, and numbers as it prints them."""

import re
from collections.abc import Callable

import pandas as pd
import pytest
from typer.testing import CliRunner

from trafficking import bench_commands, terminal
from trafficking.__main__ import app
from trafficking.assays import ASSAYS


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Seconds that tests set."""
    now = [0.0]
    monkeypatch.setattr("trafficking.terminal.time.monotonic", lambda: now[0])
    return now


def told(clock: list[float], done_at: Callable[[float], float], capsys: pytest.CaptureFixture[str]) -> list[str]:
    """The lines on a file of 100 units of work, of which `done_at` says how much is done after so many seconds."""
    progress = terminal.Progress("work", 100.0, lambda units: f"{units:.2g} units")
    while progress.done < 100.0:
        progress(done_at(clock[0]))
        clock[0] += 0.25
    return capsys.readouterr().err.splitlines()


def test_no_time_left_is_said_while_code_is_compiled_or_work_has_hardly_begun(
    clock: list[float], capsys: pytest.CaptureFixture[str]
):
    # 31 s of compiling, then 20 s of work: an average since the start would promise hours
    lines = told(clock, lambda s: max(s - 31.0, 0.0) * 5.0, capsys)
    assert lines[:3] == ["work: 0 %"] * 3
    assert re.fullmatch(r"work: \d+ %, 5 units per s, \d+ s left", lines[3])
    assert abs(int(lines[3].split()[-3]) - 11) <= 1


def test_the_time_left_follows_the_pace_of_the_last_while(clock: list[float], capsys: pytest.CaptureFixture[str]):
    # a quarter is done at once, as without insulin; then one unit takes a second
    lines = told(clock, lambda s: 5.0 * s if s < 5.0 else 25.0 + (s - 5.0), capsys)
    assert lines[1].startswith("work: 40 %, ")
    assert lines[2].endswith("1 units per s, 49 s left")


def test_work_that_stands_still_has_no_end(clock: list[float], capsys: pytest.CaptureFixture[str]):
    progress = terminal.Progress("work", 100.0, lambda units: f"{units:g} units")
    for _ in range(100):
        progress(0.5)
        clock[0] += 0.25
    assert set(capsys.readouterr().err.splitlines()) == {"work: 0 %"}


def test_a_table_of_an_assay_has_four_digits_and_no_exponents(capsys: pytest.CaptureFixture[str]):
    table = pd.DataFrame(
        {"time_min": [0, 1440], "receptors": [85_866.3, 4_776.0], "signal": [3.758e-254, float("nan")]}
    )
    table.attrs["sites_receptors"] = 85_866.3
    bench_commands._show(table, csv=False)
    said = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert said[1:] == [["0", "85,870", "<0.000001"], ["1,440", "4,776", "-"], ["sites_receptors", "=", "85,870"]]
    bench_commands._show(table, csv=True)
    assert capsys.readouterr().out == "time_min,receptors,signal\n0,85866.3,3.758e-254\n1440,4776.0,\n"


def test_the_help_of_assay_lists_all_assays():
    assert set(bench_commands.NAMES) == set(ASSAYS)
    shown = " ".join(CliRunner().invoke(app, ["assay", "--help"], env={"COLUMNS": "400"}).stdout.split())
    assert ", ".join(ASSAYS) in shown


def test_the_help_of_resume_asks_for_a_stopped_run():
    shown = CliRunner().invoke(app, ["resume", "--help"], env={"COLUMNS": "200"}).stdout
    assert "stopped run" in shown
    assert "finished" not in shown
