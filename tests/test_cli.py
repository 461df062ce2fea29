"""The command line as a user meets it: a process with arguments, an exit status, and words on two streams."""

import contextlib
import json
import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import trafficking

SMALL = ["--receptors", "1000", "--duration", "2 h"]
LABELS = ["Run", "Surface", "Receptors", "Half-times", "Caution", "Files"]


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "trafficking", *arguments]


def call(*arguments: str, cwd: Path, **more) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        command(*arguments), cwd=cwd, capture_output=True, text=True, check=False, timeout=300, **more
    )
    assert "Traceback" not in done.stderr
    return done


@pytest.fixture(scope="module")
def default_run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, subprocess.CompletedProcess[str]]:
    """The default scenario with a small cell, run where nothing was."""
    place = tmp_path_factory.mktemp("place")
    return place, call("run", "--receptors", "2000", cwd=place)


# -- run ---------------------------------------------------------------------------------------------------------------


def test_a_run_prints_six_lines(default_run: tuple[Path, subprocess.CompletedProcess[str]]):
    place, done = default_run
    assert (done.returncode, done.stderr.replace("preparing", "").strip()[:40]) == (0, "")
    lines = done.stdout.splitlines()
    assert [line.split()[0] for line in lines] == LABELS
    said = dict(zip(LABELS, lines, strict=True))
    assert "cell in culture" in said["Run"]
    assert "1 h without insulin, 24 h at 10 nM (1,667 uU/mL), 24 h without insulin" in said["Run"]
    assert all(
        part in said["Surface"] for part in ("30 min: ", "24 h: ", "the end: ", " %", " receptors)", "insulin-free")
    )
    assert all(part in said["Receptors"] for part in ("made", "recycled", "degraded"))
    assert all(part in said["Half-times"] for part in ("redistribution", " min", "loss", " h"))
    assert all(part in said["Caution"] for part in ("extrapolated", "assumed", "(fit)"))
    assert "trafficking plot runs/chronic_insulin-seed1" in said["Files"]


def test_a_run_writes_tables_that_pandas_opens(default_run: tuple[Path, subprocess.CompletedProcess[str]]):
    folder = default_run[0] / "runs" / "chronic_insulin-seed1"
    counts = pd.read_parquet(folder / "counts.parquet")
    assert counts["time_min"].tolist() == np.arange(0.0, 49 * 60 + 1).tolist()
    assert (folder / "figure.png").read_bytes().startswith(b"\x89PNG")
    at_24_h = counts.loc[counts["time_min"] == 1500.0, ["surface_free", "surface_bound"]].sum(axis=1).item()
    assert at_24_h / (0.8587 * 2000) == pytest.approx(0.34, abs=0.06)


def test_a_second_run_takes_the_next_number(tmp_path: Path):
    for _ in range(2):
        assert call("run", *SMALL, cwd=tmp_path).returncode == 0
    assert {path.name for path in (tmp_path / "runs").iterdir()} == {"chronic_insulin-seed1", "chronic_insulin-seed1-2"}


def test_a_named_folder_is_replaced_only_when_told_to(tmp_path: Path):
    assert call("run", *SMALL, "--out", "mine", cwd=tmp_path).returncode == 0
    refused = call("run", *SMALL, "--out", "mine", "--seed", "2", cwd=tmp_path)
    assert (refused.returncode, refused.stdout, len(refused.stderr.splitlines())) == (2, "", 1)
    assert json.loads((tmp_path / "mine" / "run.json").read_text())["seed"] == 1
    assert call("run", *SMALL, "--out", "mine", "--seed", "2", "--overwrite", cwd=tmp_path).returncode == 0
    assert json.loads((tmp_path / "mine" / "run.json").read_text())["seed"] == 2
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_options_reach_the_run(tmp_path: Path):
    options = [
        "--insulin",
        "600 uU/mL",
        "--set",
        "coupling.sorting=false",
        "--resolution",
        "mean",
        "--set",
        "record=5 min",
    ]
    assert call("run", *SMALL, *options, "--out", "mine", cwd=tmp_path).returncode == 0
    scenario = trafficking.load_run(tmp_path / "mine").scenario
    assert scenario.protocol.max_nM == pytest.approx(3.6)
    assert (scenario.coupling.sorting, scenario.resolution, scenario.receptors) == (False, "mean", 1000)
    assert (scenario.duration_min, scenario.record_min) == (120.0, 5.0)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["run", "chronic_insulinn"], "did you mean 'chronic_insulin'?"),
        (["run", "nothing.toml"], "there is no such file"),
        (["run", "--insulin", "10"], "an insulin concentration with its unit"),
        (["run", "--insulin", "10 mg"], "an insulin concentration with its unit"),
        (["run", "ogtt", "--insulin", "1 nM"], "no constant level of insulin"),
        (["run", "--duration", "24"], "--duration: '24' has no unit"),
        (["run", "--duration", "0 h"], "a time above 0 is needed"),
        (["run", "--receptors", "many"], "--receptors"),
        (["run", "--seed", "-1"], "--seed"),
        (["run", "--set", "receptors"], "KEY=VALUE is needed"),
        (["run", "--set", "recptors=5"], "did you mean 'receptors'?"),
        (["run", "--set", "exposure[7].insulin=1 nM"], "no such position"),
        (["run", "--resolution", "agent"], "did you mean 'agents'?"),
        (["run", "--receptors", "1000000000"], "resolution"),
        (["run", "--no-such-option"], "No such option"),
        (["verify", "nothing.toml"], "there is no such file"),
        (["scenarios", "basall"], "did you mean 'basal'?"),
        (["plot", "nowhere"], "is not a run folder"),
        (["plot", "nowhere", "--out", "figure.jpg"], ".png, .pdf or .svg"),
        (["rerun", "nowhere"], "is not a run folder"),
        (["no-such-command"], "No such command"),
    ],
)
def test_wrong_input_is_one_line_and_writes_nothing(tmp_path: Path, arguments: list[str], says: str):
    done = call(*arguments, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert len(done.stderr.splitlines()) == 1
    assert says in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_every_fault_of_a_file_has_its_line(tmp_path: Path):
    (tmp_path / "mine.toml").write_text('name = "mine"\nreceptors = -1\nrecord = 5\nzzz = 1\nexposure = []\n')
    done = call("run", "mine.toml", cwd=tmp_path)
    lines = done.stderr.splitlines()
    assert done.returncode == 2
    assert len(lines) == 4
    for key in ("receptors", "record", "zzz", "exposure"):
        assert any(line.startswith(f"mine.toml: {key}: ") for line in lines)


def test_a_place_that_cannot_be_written_is_said_before_the_run(tmp_path: Path):
    (tmp_path / "runs").write_text("a file")
    done = call("run", *SMALL, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert "Not a directory" in done.stderr


def stopped(tmp_path: Path, number: signal.Signals) -> subprocess.CompletedProcess[str]:
    """A run of some seconds that was told to stop once its progress bar had come; stderr as a terminal saw it."""
    long = command(
        "run", "--set", "parameters.esat=0.6", "--receptors", "200000", "--out", "runs/mine", "--threads", "1"
    )
    terminal, end = pty.openpty()
    process = subprocess.Popen(long, cwd=tmp_path, stdout=subprocess.PIPE, stderr=end, text=True)
    os.close(end)
    seen, asked = b"", 0.0
    with contextlib.suppress(OSError):  # the terminal is gone when its last user is
        while block := os.read(terminal, 4096):
            seen += block
            if not asked and b"chronic_insulin" in seen:
                process.send_signal(number)
                asked = time.monotonic()
    assert process.stdout is not None
    output = process.stdout.read()
    process.stdout.close()
    assert process.wait(timeout=60) is not None
    assert 0.0 < time.monotonic() - asked < 10.0
    os.close(terminal)
    return subprocess.CompletedProcess(long, process.returncode, output, seen.decode())


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_stopped_run_leaves_nothing_under_its_name_and_can_be_resumed(tmp_path, number, status):
    done = stopped(tmp_path, number)
    assert (done.returncode, done.stdout) == (status, "")
    assert "Traceback" not in done.stderr
    assert "nothing was written as runs/mine. Go on with it: trafficking resume runs/mine" in done.stderr
    assert [entry.name for entry in (tmp_path / "runs").iterdir()] == [".mine.stopped"]
    assert "trafficking resume runs/mine" in (tmp_path / "runs" / ".mine.stopped" / "HOW_TO_GO_ON.txt").read_text()

    resumed = call("resume", "runs/mine", "--threads", "2", cwd=tmp_path)
    assert [line.split()[0] for line in resumed.stdout.splitlines()] == LABELS
    assert [entry.name for entry in (tmp_path / "runs").iterdir()] == ["mine"]
    again = call("rerun", "runs/mine", cwd=tmp_path)
    assert (again.returncode, again.stdout.split(":")[0]) == (0, "equal")


def test_a_stopped_run_that_is_damaged_or_missing_is_refused(tmp_path: Path):
    missing = call("resume", "runs/mine", cwd=tmp_path)
    assert missing.returncode == 2
    assert "no stopped run is kept beside it" in missing.stderr
    stopped(tmp_path, signal.SIGINT)
    snapshot = tmp_path / "runs" / ".mine.stopped" / "snapshot"
    data = bytearray(snapshot.read_bytes())
    data[len(data) // 2] ^= 1
    snapshot.write_bytes(data)
    damaged = call("resume", "runs/mine", cwd=tmp_path)
    assert (damaged.returncode, damaged.stdout) == (2, "")
    assert "is damaged or incomplete" in damaged.stderr
    assert snapshot.exists()


def test_a_reader_that_goes_away_is_no_fault(tmp_path: Path):
    process = subprocess.Popen(
        command("schema"), cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    errors = process.stderr.read()
    process.stderr.close()
    process.wait(timeout=60)
    assert errors == ""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_output_is_said_and_the_run_is_there(tmp_path: Path):
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            command("run", *SMALL), cwd=tmp_path, stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert done.returncode == 1
    assert done.stderr.strip().splitlines()[-1] == "standard output: No space left on device"
    assert (tmp_path / "runs" / "chronic_insulin-seed1" / "run.json").is_file()


def test_a_terminal_sees_a_bar_with_pace_and_time_left(tmp_path: Path):
    at_once = "import sys; from trafficking import __main__, terminal; terminal._BAR_AFTER_S = -1.0; "
    at_once += "terminal._PACE_KNOWN_S = terminal._PACE_KNOWN_SHARE = terminal._MARK_EVERY_S = 0.0; "
    at_once += "sys.exit(__main__.main())"
    terminal, end = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", at_once, "run", "--set", "follow=0"], cwd=tmp_path, stdout=subprocess.PIPE, stderr=end,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "120"}, text=True,
    )  # fmt: skip
    os.close(end)
    seen = b""
    while True:
        try:
            part = os.read(terminal, 4096)
        except OSError:  # the other end is closed
            break
        if not part:
            break
        seen += part
    os.close(terminal)
    output, _ = process.communicate(timeout=120)
    assert process.returncode == 0
    assert len(output.splitlines()) == 6
    for said in ("chronic_insulin", "%", " per s", "left"):
        assert said in seen.decode()


# -- the other commands ------------------------------------------------------------------------------------------------


def test_rerun_gives_the_same_bytes(default_run: tuple[Path, subprocess.CompletedProcess[str]]):
    done = call("rerun", "runs/chronic_insulin-seed1", "--threads", "1", cwd=default_run[0])
    assert done.returncode == 0
    assert done.stdout == "equal: all 8 table files of runs/chronic_insulin-seed1 have the same bytes\n"


def test_rerun_refuses_a_changed_run(tmp_path: Path):
    assert call("run", *SMALL, "--out", "mine", cwd=tmp_path).returncode == 0
    with (tmp_path / "mine" / "counts.csv").open("a") as file:
        file.write("1,2,3\n")
    done = call("rerun", "mine", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert "counts.csv is not as it was written" in done.stderr


@pytest.mark.parametrize(("kind", "begins"), [("png", b"\x89PNG"), ("pdf", b"%PDF"), ("svg", b"<?xml")])
def test_plot_draws_every_kind_of_figure(
    default_run: tuple[Path, subprocess.CompletedProcess[str]], tmp_path: Path, kind: str, begins: bytes
):
    out = tmp_path / f"figure.{kind}"
    arguments = ["plot", str(default_run[0] / "runs" / "chronic_insulin-seed1"), "--out", str(out)]
    assert call(*arguments, cwd=tmp_path).stdout.strip() == str(out)
    assert out.read_bytes().startswith(begins)
    if kind == "png":
        assert call(*arguments, cwd=tmp_path).returncode == 2


def test_plot_without_a_file_names_the_figure_of_the_run(default_run: tuple[Path, subprocess.CompletedProcess[str]]):
    blind = {name: value for name, value in os.environ.items() if name not in ("DISPLAY", "WAYLAND_DISPLAY")}
    done = call("plot", "runs/chronic_insulin-seed1", cwd=default_run[0], env=blind)
    assert (done.returncode, done.stdout) == (0, "runs/chronic_insulin-seed1/figure.png\n")


def test_a_run_of_many_cells_has_a_second_figure_and_can_be_repeated(tmp_path: Path):
    done = call("run", "cell_population", "--set", "cells=12", *SMALL, "--out", "cells", cwd=tmp_path)
    said = dict(zip(LABELS, done.stdout.splitlines(), strict=True))
    assert "12 cells of 1,000 receptors on average" in said["Run"]
    assert "median" in said["Surface"]
    table = pd.read_csv(tmp_path / "cells" / "cells.csv")
    assert table.groupby("time_min").size().to_dict() == {0.0: 12, 60.0: 12, 90.0: 12}
    # All cells together are what `counts` says.
    counts = pd.read_csv(tmp_path / "cells" / "counts.csv").set_index("time_min").loc[[0.0, 60.0, 90.0]]
    states = [name for name in counts if name != "replicate"]
    assert table.groupby("time_min")[states].sum().equals(counts[states])
    blind = {name: value for name, value in os.environ.items() if name not in ("DISPLAY", "WAYLAND_DISPLAY")}
    assert call("plot", "cells", "--what", "cells", cwd=tmp_path, env=blind).stdout == "cells/cells.png\n"
    assert call("plot", "cells", "--what", "cells", "--out", "c.svg", cwd=tmp_path).returncode == 0
    again = call("rerun", "cells", "--threads", "1", cwd=tmp_path)
    assert (again.returncode, again.stdout) == (0, "equal: all 10 table files of cells have the same bytes\n")


def test_a_single_cell_has_no_second_figure(default_run: tuple[Path, subprocess.CompletedProcess[str]]):
    run = "runs/chronic_insulin-seed1"
    missing = call("plot", run, "--what", "cells", cwd=default_run[0])
    assert missing.returncode == 2
    assert "is a run of one cell, which has no such figure" in missing.stderr
    refused = call("plot", run, "--what", "cells", "--out", "cells.svg", cwd=default_run[0])
    assert refused.returncode == 2
    assert "set cells.number to more than 1" in refused.stderr
    assert call("plot", run, "--what", "cels", cwd=default_run[0]).returncode == 2


def test_scenarios_lists_all_and_prints_one(tmp_path: Path):
    listed = call("scenarios", cwd=tmp_path).stdout
    assert {line.split()[0] for line in listed.splitlines()} >= {"chronic_insulin", "basal", "washout"}
    printed = call("scenarios", "chronic_insulin", cwd=tmp_path).stdout
    (tmp_path / "mine.toml").write_text(printed)
    assert trafficking.load_scenario(tmp_path / "mine.toml") == trafficking.load_scenario("chronic_insulin")


def test_schema_describes_every_key(tmp_path: Path):
    schema = json.loads(call("schema", cwd=tmp_path).stdout)
    assert schema["properties"].keys() >= {"name", "exposure", "receptors", "start", "coupling"}


def test_verify_gives_a_verdict(tmp_path: Path):
    sizes = ["--replicates", "6", "--receptors", "300"]
    done = call("verify", "basal", *sizes, "--set", "exposure[0].duration=1 h", cwd=tmp_path)
    assert done.returncode == 0
    assert "AGREE" in done.stdout


def test_doctor_looks_at_everything(tmp_path: Path):
    done = call("doctor", cwd=tmp_path)
    assert done.returncode == 0, done.stdout
    assert all(line.startswith("ok  ") for line in done.stdout.splitlines())
    assert list(tmp_path.iterdir()) == []


def test_help_and_version_are_there_at_once(tmp_path: Path):
    assert call("--version", cwd=tmp_path).stdout == f"trafficking {trafficking.__version__}\n"
    shown = call("--help", cwd=tmp_path).stdout
    for name in ("run", "scenarios", "schema", "verify", "plot", "rerun", "dashboard", "doctor"):
        assert name in shown
    assert call(cwd=tmp_path).stdout.split() == shown.split()
    heavy = "{'numpy', 'pandas', 'numba', 'matplotlib', 'mesa', 'pint', 'scipy', 'pyarrow', 'solara'}"
    program = (
        "import sys, runpy\nsys.argv = ['trafficking', '--help']\n"
        "try:\n    runpy.run_module('trafficking', run_name='__main__')\n"
        f"except SystemExit:\n    print('heavy:', sorted({heavy} & sys.modules.keys()))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert done.stdout.splitlines()[-1] == "heavy: []"


# -- the bench ---------------------------------------------------------------------------------------------------------


def test_an_assay_prints_its_table_and_its_numbers(tmp_path: Path):
    done = call("assay", "scatchard", "chronic_insulin", "--with", "binding_min=2000", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert "kd_nM = 2.95" in done.stdout
    rows = call("assay", "surface_binding", "--with", "at_min=[0, 60]", "--csv", "--noise", cwd=tmp_path).stdout
    assert rows.splitlines()[0] == "time_min,surface_receptors,hidden_receptors,bound_receptors,percent"
    assert len(rows.splitlines()) == 3


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["assay", "scatchrd"], "ASSAY: 'scatchrd' given; allowed are"),
        (["assay", "recovery", "--with", "wsh=3"], "--with: 'wsh=3' given; allowed are"),
        (["assay", "recovery", "--with", "wash_min"], "--with: 'wash_min' given; write wash_min=VALUE"),
        (["assay", "recovery", "--with", "wash_mn"], "; did you mean 'wash_min'?"),
        (["assay", "endocytic_rate", "--with", "until_min=0"], "until_min: 0 given; a number above 0 and up to"),
        (["assay", "label_protection", "--with", "label_min=1e9"], "label_min: 1000000000.0 given; a number from 0 to"),
        (["assay", "surface_binding", "--with", "at_min=[1e9]"], "at_min: 1000000000.0 given; the scenario lasts"),
        (["causes", "--set", "receptors"], "--set: 'receptors' given; KEY=VALUE is needed"),
    ],
)
def test_a_wrong_assay_is_one_line(tmp_path: Path, arguments: list[str], says: str):
    done = call(*arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1
    assert says in done.stderr


def test_causes_add_up_to_a_table(tmp_path: Path):
    done = call("causes", "acute_exposure", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert "bound receptors wait in the endosome" in done.stdout
