"""Run folders and snapshots that may come from anywhere: what is wrong with them is said in one line each."""

import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from runs import hand_made, hand_made_cells
from test_simulation import scenario
from trafficking import completion, io, stopped
from trafficking.__main__ import app
from trafficking.simulation import Run, simulate
from trafficking.snapshot import Snapshot, SnapshotError


@pytest.fixture
def run_folder(tmp_path: Path) -> Path:
    return io.save(hand_made(), tmp_path / "run", extras={"figure.png": b"a picture"})


def fault(folder: Path) -> str:
    """What reading it says, on one line."""
    with pytest.raises(ValueError, match=".") as caught:
        io.load_run(folder)
    assert "\n" not in str(caught.value)
    return str(caught.value).removeprefix(f"{folder}: ")


def signed(folder: Path, change: Callable[[dict[str, Any]], None] | None = None) -> None:
    """Writes the hashes of what lies in a run folder now into its manifest, and changes that."""
    manifest = json.loads((folder / "run.json").read_text())
    for name in manifest["files"]:
        content = (folder / name).read_bytes()
        manifest["files"][name] = {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    if change is not None:
        change(manifest)
    (folder / "run.json").write_text(json.dumps(manifest))


def with_table(folder: Path, name: str, change: Callable[[pd.DataFrame], Any]) -> None:
    """Changes a table of a run, as Parquet and CSV, and signs the folder."""
    table = pd.read_parquet(folder / f"{name}.parquet")
    changed = change(table)
    changed = table if changed is None else changed
    changed.to_parquet(folder / f"{name}.parquet")
    (folder / f"{name}.csv").write_bytes(io.csv_bytes(changed))
    signed(folder)


# -- run folders -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["run.json", "counts.parquet", "figure.png"])
def test_what_is_no_ordinary_file_is_refused_and_not_waited_for(run_folder: Path, name: str):
    path = run_folder / name
    for put, says in (
        (os.mkfifo, "it is not an ordinary file"),
        (os.mkdir, "it is a folder"),
        (lambda place: os.symlink("/dev/zero", place), "it is not an ordinary file"),
        (lambda place: os.symlink("nowhere", place), "No such file"),
    ):
        path.unlink(missing_ok=True)
        put(path)
        assert says in fault(run_folder) or (name == "run.json" and "it holds no run.json" in fault(run_folder))
        if says == "it is a folder":
            path.rmdir()


def test_files_behind_links_are_files_of_a_run(run_folder: Path, tmp_path: Path):
    (run_folder / "counts.csv").rename(tmp_path / "elsewhere")
    (run_folder / "counts.csv").symlink_to(tmp_path / "elsewhere")
    assert io.load_run(run_folder).seed == 7


def test_an_added_file_is_found_and_what_systems_leave_is_not(run_folder: Path):
    for name in (".DS_Store", "Thumbs.db"):
        (run_folder / name).write_text("left by a system")
    assert io.load_run(run_folder).seed == 7
    (run_folder / "cells.csv").write_text("time_min\n")
    assert fault(run_folder) == "'cells.csv' was added to it, and is not in run.json; move it elsewhere"


def test_a_figure_drawn_into_a_run_folder_becomes_one_of_its_files(run_folder: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(completion, "_figure", lambda *_: b"another picture")
    for name in ("later.pdf", "figure.png"):
        done = CliRunner().invoke(app, ["plot", str(run_folder), "--out", str(run_folder / name), "--overwrite"])
        assert done.exit_code == 0, done.output
        assert io.check_run(run_folder)[1][name] == b"another picture"
    with pytest.raises(ValueError, match="is a table of this run"):
        io.add_file(run_folder, "counts.csv", b"")
    assert io.load_run(run_folder).seed == 7


@pytest.mark.parametrize("key", ["seed", "replicate"])
@pytest.mark.parametrize("value", [-1, True, 2**63, 1.5, "1", None, float("nan")])
def test_a_manifest_names_a_run_that_there_can_be(run_folder: Path, key: str, value: object):
    signed(run_folder, lambda manifest: manifest.update({key: value}))
    assert key in fault(run_folder)


@pytest.mark.parametrize(
    "change",
    [
        lambda manifest: manifest["files"].pop("counts.csv"),
        lambda manifest: manifest["files"].update({"..": {}}),
        lambda manifest: manifest["files"].update({"a\0b": {}}),
        lambda manifest: manifest["files"].update({"\x1b[2J": {}}),
        lambda manifest: manifest.update(versions=[]),
        lambda manifest: manifest.update(tables=3),
    ],
)
def test_an_odd_manifest_is_refused_in_one_printable_line(run_folder: Path, change: Callable):
    signed(run_folder, change)
    assert fault(run_folder).isprintable()


@pytest.mark.parametrize(
    ("name", "change", "says"),
    [
        ("counts", lambda t: t.rename(columns={"degraded": "lost"}), "it lacks 'degraded' and has 'lost'"),
        ("counts", lambda t: t[sorted(t.columns)], "it has them in another order"),
        ("events", lambda t: t.drop(columns="association"), "it lacks 'association'"),
        ("counts", lambda t: t.astype({"degraded": float}), "degraded holds float64; whole numbers are needed"),
        ("exposure", lambda t: t.astype({"mrna": str}), "mrna holds"),
        ("exposure", lambda t: t.assign(mrna=np.nan), "mrna has values that are not finite"),
        ("exposure", lambda t: t.assign(insulin_nM=-t["insulin_nM"]), "insulin_nM has values below 0"),
        ("counts", lambda t: t.assign(replicate=3), "replicate is not 2 throughout"),
        ("counts", lambda t: t.iloc[:-1], "its times do not rise from 0 to 240 min"),
        ("counts", lambda t: t.iloc[::-1], "its times do not rise from 0 to 240 min"),
        ("counts", lambda t: t.iloc[:0], "its times do not rise from 0 to 240 min"),
        ("exposure", lambda t: t.iloc[:-1], "its times are not those of counts.parquet"),
        ("events", lambda t: t.iloc[1:], "its times are not those between the rows of counts.parquet"),
        ("histories", lambda t: t.assign(source="\x1b[2J"), "is not a state of its scenario"),
        ("histories", lambda t: t.assign(receptor=None), "receptor"),
    ],
)
def test_tables_of_right_hashes_and_wrong_content_are_refused(run_folder: Path, name: str, change: Callable, says: str):
    with_table(run_folder, name, change)
    with pytest.raises(ValueError, match=name) as caught:
        io.load_run(run_folder)
    lines = str(caught.value).splitlines()
    assert any(line.startswith(f"{run_folder}: {name}.parquet: ") and says in line for line in lines)
    assert all(line.isprintable() for line in lines)


@pytest.mark.parametrize("content", [b"", b"PAR1", b"PAR1" + b"\0" * 200 + b"PAR1", b"time_min\n0\n"])
def test_what_is_no_parquet_is_refused(run_folder: Path, content: bytes):
    (run_folder / "counts.parquet").write_bytes(content)
    signed(run_folder)
    assert fault(run_folder) == "counts.parquet is not a Parquet file that can be read"


def test_more_rows_than_the_text_has_are_not_unpacked(run_folder: Path):
    pd.DataFrame({"time_min": np.zeros(3_000_000)}).to_parquet(run_folder / "counts.parquet")
    signed(run_folder)
    assert fault(run_folder).startswith("counts.parquet has 3,000,000 rows and counts.csv 241;")


def test_each_cell_has_its_row(tmp_path: Path):
    folder = io.save(hand_made_cells(), tmp_path / "cells")
    with_table(folder, "cells", lambda table: table.iloc[1:])
    assert "it does not have a row for each of 40 cells" in fault(folder)


@pytest.mark.parametrize("resolution", ["agents", "counts", "mean"])
@pytest.mark.parametrize("more", [{}, {"follow": 0}, {"cells": {"number": 3}}, {"medium": {"cells_per_ml": 1e6}}])
def test_what_was_simulated_is_read_again(tmp_path: Path, resolution: str, more: dict):
    result = simulate(scenario(resolution=resolution, receptors=200, record="7 min", **more), seed=2)
    assert io.table_files(io.load_run(io.save(result, tmp_path / "run"))) == io.table_files(result)


def test_odd_folders_are_one_line_on_the_command_line(run_folder: Path):
    signed(run_folder, lambda manifest: manifest.update(replicate=-1))
    for command in (["rerun", str(run_folder)], ["plot", str(run_folder), "--out", "x.png"]):
        done = CliRunner().invoke(app, command)
        assert (done.exit_code, done.stdout, len(done.stderr.splitlines())) == (2, "", 1)
        assert "replicate: -1 given" in done.stderr
    refused = CliRunner().invoke(app, ["run", "--out", "/"])
    assert isinstance(refused.exception, FileExistsError)
    assert str(refused.exception) == "/ exists and is not a run folder; it is left alone: choose another place"


# -- snapshots ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def halfway() -> dict[str, Snapshot]:
    """Runs of two cells in little medium, at each resolution, on their way."""
    found = {}
    for resolution in ("agents", "counts", "mean"):
        more = {"cells": {"number": 2}, "follow": 10, "medium": {"cells_per_ml": 1e6}}
        run = Run(scenario(resolution=resolution, receptors=50, **more), seed=4, remember=True)
        run.advance(60.0)
        found[resolution] = run.snapshot(past=True)
    return found


def resumed(snapshot: Snapshot, **changes: Any) -> None:
    Run.resume(Snapshot.from_bytes(Snapshot(**{**vars(snapshot), **changes}).to_bytes()))


def test_arrays_that_do_not_fit_together_are_refused(halfway: dict[str, Snapshot]):
    for snapshot in halfway.values():
        resumed(snapshot)
        for name, array in snapshot.arrays.items():
            for wrong in (array[:-1] if len(array) else np.zeros(3, array.dtype), array[None]):
                with pytest.raises(SnapshotError, match="contradicts|holds|does not say|stands"):
                    resumed(snapshot, arrays={**snapshot.arrays, name: wrong})
            with pytest.raises(SnapshotError, match="lacks|its past does not say"):
                resumed(snapshot, arrays={key: value for key, value in snapshot.arrays.items() if key != name})
            if array.dtype.kind == "f" and array.size:
                with pytest.raises(SnapshotError, match="not numbers|its rows|other times"):
                    resumed(snapshot, arrays={**snapshot.arrays, name: np.full_like(array, np.nan)})
        with pytest.raises(SnapshotError, match="'strange', which a run of its scenario does not have"):
            resumed(snapshot, arrays={**snapshot.arrays, "strange": np.zeros(1)})


@pytest.mark.parametrize(
    ("name", "to", "says"),
    [
        ("counts", 7, "its receptors are not in the states in which it counts them"),
        ("counts", -7, "are negative"),
        ("crowd.states", 200, "in states that its scenario does not have"),
        ("followed.states", 5, "not in the states"),
        ("followed.cells", 2, "of cells that do not exist"),
        ("crowd.cells", -1, "do not hold as many receptors"),
        ("crowd.states", 4, "not in the states"),
        ("log.transition", 1_000_000, "transitions that its scenario does not have"),
        ("record.time_min", 1e9, "its rows are not those"),
    ],
)
def test_receptors_are_where_they_are_counted(halfway: dict[str, Snapshot], name: str, to: int, says: str):
    arrays = halfway["agents"].arrays
    changed = np.full_like(arrays[name], to)
    with pytest.raises(SnapshotError, match=says):
        resumed(halfway["agents"], arrays={**arrays, name: changed})


@pytest.mark.parametrize(
    "changes",
    [{"seed": -1}, {"seed": 2**63}, {"replicate": -1}, {"time_min": -1.0}, {"time_min": 1e300}, {"scenario": {}}],
)
def test_a_snapshot_is_of_a_run_that_there_can_be(halfway: dict[str, Snapshot], changes: dict):
    with pytest.raises(SnapshotError, match=".") as caught:
        resumed(halfway["counts"], **changes)
    assert "\n" not in str(caught.value)


def bytes_of(header: bytes, arrays: bytes = b"") -> bytes:
    body = b"trafficking snapshot 2\n" + len(header).to_bytes(8, "little") + header + arrays
    return body + hashlib.sha256(body).digest()


@pytest.mark.parametrize(
    "change",
    [
        lambda header: header.pop("seed"),
        lambda header: header.update(seed=True),
        lambda header: header.update(replicate="0"),
        lambda header: header.update(time_min=float("nan")),
        lambda header: header.update(time_min=10**400),
        lambda header: header.update(scenario=[]),
        lambda header: header.update(more=1),
        lambda header: header.update(version="99.0"),
        lambda header: header.update(version=None),
        lambda header: header["arrays"].update(mrna=["<f8", [10**12]]),
        lambda header: header["arrays"].update(mrna=["<f8", [-1]]),
        lambda header: header["arrays"].update(mrna=["<f8", [True]]),
        lambda header: header["arrays"].update(mrna=["|O", [1]]),
        lambda header: header["arrays"].update(mrna=["<M8", [1]]),
        lambda header: header["arrays"].update(mrna=["<f8", [1] * 70]),
        lambda header: header["arrays"].update(mrna=7),
        lambda header: header["arrays"].update(mrna=["(1000000,)f8", [1]]),
    ],
)
def test_a_header_with_the_right_checksum_is_read_with_care(halfway: dict[str, Snapshot], change: Callable):
    data = halfway["mean"].to_bytes()
    begins, length = len(b"trafficking snapshot 2\n") + 8, int.from_bytes(data[23:31], "little")
    header = json.loads(data[begins : begins + length])
    change(header)
    with pytest.raises(SnapshotError, match=".") as caught:
        Snapshot.from_bytes(bytes_of(json.dumps(header).encode(), data[begins + length : -32]))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("header", [b"", b"[]", b"[" * 100_000, b"\xff", b"1" * 5_000])
def test_a_header_that_is_no_table_is_refused(header: bytes):
    with pytest.raises(SnapshotError, match="is damaged"):
        Snapshot.from_bytes(bytes_of(header))


def test_odd_stopped_runs_are_one_line_on_the_command_line(
    tmp_path: Path, halfway: dict[str, Snapshot], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".mine.stopped").mkdir()
    file = tmp_path / ".mine.stopped" / "snapshot"
    arrays = {**halfway["counts"].arrays, "mrna": np.ones(3)}
    contradictory = Snapshot(**{**vars(halfway["counts"]), "arrays": arrays}).to_bytes()
    for put, says in (
        (os.mkfifo, "cannot be read: it is not an ordinary file"),
        (lambda path: path.write_bytes(contradictory), "contradicts itself: 'mrna' is of 3 cells, others of 2"),
        (lambda path: path.write_bytes(b"trafficking snapshot 7\n"), "written as 'trafficking snapshot 7'"),
    ):
        file.unlink(missing_ok=True)
        put(file)
        done = CliRunner().invoke(app, ["resume", "mine"])
        assert (done.exit_code, done.stdout, len(done.stderr.splitlines())) == (2, "", 1)
        assert says in done.stderr
        assert file.exists()
    assert stopped.place_of("mine") == file.parent
