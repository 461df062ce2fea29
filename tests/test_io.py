"""Files in and out: a run folder is whole or absent and says what it holds; wrong files are refused line by line."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pyarrow import parquet

from runs import hand_made, hand_made_cells, scenario
from trafficking import folders, io, series
from trafficking.results import ONE_CELL, TABLES
from trafficking.scenario import ScenarioError

TABLE_FILES = {f"{name}.{kind}" for name in ONE_CELL for kind in ("parquet", "csv")}


@pytest.fixture
def run_folder(tmp_path: Path) -> Path:
    return io.save(hand_made(), tmp_path / "a run", extras={"figure.png": b"a picture"})


def hidden(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir() if path.name.startswith(".")]


# -- run folders -------------------------------------------------------------------------------------------------------


def test_a_run_comes_back_as_it_was_saved(run_folder: Path):
    before, after = hand_made(), io.load_run(run_folder)
    assert (after.scenario, after.seed, after.replicate) == (before.scenario, 7, 2)
    for name in TABLES:
        pd.testing.assert_frame_equal(getattr(after, name), getattr(before, name))


def test_a_run_folder_holds_its_tables_twice_and_a_manifest(run_folder: Path):
    assert {path.name for path in run_folder.iterdir()} == TABLE_FILES | {"run.json", "figure.png"}
    assert hidden(run_folder.parent) == []


def test_a_run_of_many_cells_has_a_table_of_them(tmp_path: Path):
    before = hand_made_cells()
    folder = io.save(before, tmp_path / "many")
    manifest = json.loads((folder / "run.json").read_text())
    assert manifest["tables"]["cells"]["rows"] == len(before.cells)
    assert manifest["files"].keys() == TABLE_FILES | {"cells.parquet", "cells.csv"}
    assert (folder / "cells.csv").read_text().splitlines()[1].startswith("0,2,0,500,1,500,")
    after = io.load_run(folder)
    for name in TABLES:
        pd.testing.assert_frame_equal(getattr(after, name), getattr(before, name))
    assert io.table_files(after) == io.table_files(before)


def test_a_run_from_before_there_were_cells_opens(run_folder: Path):
    manifest = json.loads((run_folder / "run.json").read_text())
    del manifest["scenario"]["cells"]
    canonical = json.dumps(manifest["scenario"], sort_keys=True, separators=(",", ":"))
    manifest["scenario_sha256"] = hashlib.sha256(canonical.encode()).hexdigest()
    (run_folder / "run.json").write_text(json.dumps(manifest))
    run = io.load_run(run_folder)
    assert run.scenario == hand_made().scenario
    pd.testing.assert_frame_equal(run.cells, hand_made().cells)


def test_the_manifest_has_the_hash_of_every_other_file(run_folder: Path):
    manifest = json.loads((run_folder / "run.json").read_text())
    others = [path for path in run_folder.iterdir() if path.name != "run.json"]
    assert manifest["files"].keys() == {path.name for path in others}
    for path in others:
        assert manifest["files"][path.name]["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()


def test_the_manifest_says_what_made_the_run(run_folder: Path):
    manifest = json.loads((run_folder / "run.json").read_text())
    assert (manifest["seed"], manifest["replicate"], manifest["name"]) == (7, 2, "hand_made")
    assert manifest["scenario"] == hand_made().scenario.to_dict()
    assert manifest["versions"].keys() >= {
        "trafficking",
        "python",
        "numpy",
        "scipy",
        "pandas",
        "pyarrow",
        "numba",
        "mesa",
    }
    assert manifest["tables"]["exposure"]["columns"]["insulin_nM"] == {"unit": "nM", "label": "Insulin"}
    assert manifest["tables"]["counts"]["rows"] == 241


def test_tables_have_the_same_bytes_every_time(run_folder: Path, tmp_path: Path):
    again = io.save(hand_made(), tmp_path / "elsewhere")
    for name in TABLE_FILES:
        assert (again / name).read_bytes() == (run_folder / name).read_bytes()


def test_csv_and_parquet_hold_the_same_values(run_folder: Path):
    for name in ONE_CELL:
        text = pd.read_csv(run_folder / f"{name}.csv")
        table = pd.read_parquet(run_folder / f"{name}.parquet")
        pd.testing.assert_frame_equal(text, table, check_dtype=False, check_exact=True)


def test_csv_has_floats_in_their_shortest_form_and_bare_line_ends(tmp_path: Path):
    run = hand_made()
    values = np.array([0.1, 1.0 / 3.0, 1e-300, 123456789.123456, 2.0**-1074, 1e22])
    run.exposure.loc[: len(values) - 1, "mrna"] = values
    folder = io.save(run, tmp_path / "run")
    lines = (folder / "exposure.csv").read_bytes().split(b"\n")
    assert lines[0] == b"time_min,replicate,insulin_nM,mrna"
    written = [line.split(b",")[3].decode() for line in lines[1 : len(values) + 1]]
    assert [float(text) for text in written] == values.tolist()
    assert all(len(text) <= len(repr(float(value))) for text, value in zip(written, values, strict=True))
    assert not any(line.endswith(b"\r") for line in lines)


def test_parquet_carries_units_and_nothing_of_the_day(run_folder: Path):
    schema = parquet.read_schema(run_folder / "exposure.parquet")
    assert schema.field("insulin_nM").metadata == {b"unit": b"nM", b"label": b"Insulin"}
    assert not schema.metadata


def test_a_run_is_not_overwritten_unless_asked(run_folder: Path):
    before = (run_folder / "run.json").read_bytes()
    with pytest.raises(FileExistsError, match="overwrite"):
        io.save(hand_made(), run_folder)
    assert (run_folder / "run.json").read_bytes() == before
    io.save(hand_made(resolution="mean"), run_folder, overwrite=True)
    assert io.load_run(run_folder).scenario.resolution == "mean"
    assert not (run_folder / "figure.png").exists()
    assert hidden(run_folder.parent) == []


def test_what_is_no_run_is_never_replaced(tmp_path: Path):
    folder = tmp_path / "thesis"
    folder.mkdir()
    (folder / "chapter.tex").write_text("mine")
    with pytest.raises(FileExistsError, match="is not a run folder"):
        io.save(hand_made(), folder, overwrite=True)
    assert (folder / "chapter.tex").read_text() == "mine"
    (tmp_path / "note.txt").write_text("mine")
    with pytest.raises(FileExistsError, match="is not a run folder"):
        io.save(hand_made(), tmp_path / "note.txt", overwrite=True)


def test_an_empty_folder_may_be_filled(tmp_path: Path):
    (tmp_path / "made").mkdir()
    assert io.load_run(io.save(hand_made(), tmp_path / "made")).seed == 7


@pytest.mark.parametrize("written", [0, 3, 8])
def test_a_full_disk_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, written: int):
    left = iter(range(written))
    write = folders.write_file

    def full(path: Path, content: bytes) -> None:
        if next(left, None) is None:
            path.write_bytes(content[:10])
            raise OSError(28, "No space left on device", str(path))
        write(path, content)

    monkeypatch.setattr(folders, "write_file", full)
    with pytest.raises(OSError, match="No space left"):
        io.save(hand_made(), tmp_path / "runs" / "one")
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_keeps_the_run_that_was_to_be_replaced(run_folder: Path, monkeypatch: pytest.MonkeyPatch):
    def full(path: Path, content: bytes) -> None:
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr(folders, "write_file", full)
    with pytest.raises(OSError, match="No space left"):
        io.save(hand_made(), run_folder, overwrite=True)
    assert io.load_run(run_folder).seed == 7
    assert hidden(run_folder.parent) == []


def test_a_run_comes_back_after_a_crash_while_it_was_replaced(run_folder: Path):
    run_folder.rename(run_folder.with_name(".a run.replaced"))
    assert io.load_run(run_folder).seed == 7
    assert hidden(run_folder.parent) == []


def test_the_next_writer_clears_what_a_dead_one_left(run_folder: Path):
    stale = run_folder.with_name(".a run.partial-999999")
    stale.mkdir()
    (stale / "counts.csv").write_text("half")
    shutil.copytree(run_folder, run_folder.with_name(".a run.replaced"))
    io.save(hand_made(), run_folder, overwrite=True)
    assert hidden(run_folder.parent) == []


def test_two_writers_never_share_a_folder(tmp_path: Path):
    with io.claim(tmp_path / "one"):
        with pytest.raises(FileExistsError, match="another process"):
            io.save(hand_made(), tmp_path / "one")
        io.save(hand_made(), tmp_path / "another")
    assert {path.name for path in tmp_path.iterdir()} == {"another"}


def test_a_killed_writer_leaves_its_place_free(tmp_path: Path):
    program = (
        "import os, signal, sys\nfrom trafficking import folders\n"
        "with folders.claim(sys.argv[1], marker='run.json') as place:\n"
        "    place.fill(lambda folder: os.kill(os.getpid(), signal.SIGKILL))\n"
    )
    done = subprocess.run([sys.executable, "-c", program, str(tmp_path / "one")], check=False)
    assert done.returncode == -9
    assert hidden(tmp_path) != []
    assert io.load_run(io.save(hand_made(), tmp_path / "one")).seed == 7
    assert hidden(tmp_path) == []


# -- damaged runs ------------------------------------------------------------------------------------------------------


def test_every_changed_file_is_found(run_folder: Path):
    for name in ("counts.csv", "events.parquet"):
        content = bytearray((run_folder / name).read_bytes())
        content[len(content) // 2] ^= 1
        (run_folder / name).write_bytes(content)
    (run_folder / "figure.png").unlink()
    with pytest.raises(ValueError, match="SHA-256") as caught:
        io.load_run(run_folder)
    lines = str(caught.value).splitlines()
    assert [line.split(": ")[1].split(" ")[0] for line in lines] == ["counts.csv", "events.parquet", "figure.png"]


def test_a_changed_scenario_is_found(run_folder: Path):
    text = (run_folder / "run.json").read_text()
    (run_folder / "run.json").write_text(text.replace('"10.0 nM"', '"11.0 nM"'))
    with pytest.raises(ValueError, match="the scenario in run.json is not as it was written"):
        io.load_run(run_folder)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "holds no run.json"),
        (b"", "is damaged"),
        (b'{"format": ', "is damaged"),
        (b"[" * 100_000, "is damaged"),
        (b"[]", "has format None"),
        (b'{"format": "trafficking run 99"}', "this version reads 'trafficking run 1'"),
        (b'{"format": "trafficking run 1"}', "files is missing"),
    ],
)
def test_a_folder_without_a_sound_manifest_is_refused(run_folder: Path, content: bytes | None, says: str):
    (run_folder / "run.json").unlink()
    if content is not None:
        (run_folder / "run.json").write_bytes(content)
    with pytest.raises(ValueError, match=says) as caught:
        io.load_run(run_folder)
    assert "\n" not in str(caught.value)


def test_a_manifest_cannot_reach_out_of_its_folder(run_folder: Path):
    manifest = json.loads((run_folder / "run.json").read_text())
    manifest["files"]["../secret"] = {"sha256": "0"}
    (run_folder / "run.json").write_text(json.dumps(manifest))
    with pytest.raises(ValueError, match="not a file of a run"):
        io.load_run(run_folder)


def test_no_folder_is_no_run(tmp_path: Path):
    with pytest.raises(ValueError, match="there is no such folder"):
        io.load_run(tmp_path / "nothing")


# -- scenario files ----------------------------------------------------------------------------------------------------

SMALL = """
name = "small"
receptors = 100
[[exposure]]
kind = "constant"
duration = "1 h"
insulin = "1 nM"
"""


def written(folder: Path, content: str | bytes, name: str = "mine.toml") -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def lines_of(path: Path | str, **more: dict) -> list[str]:
    with pytest.raises(ScenarioError) as caught:
        io.load_scenario(path, **more)
    return list(caught.value.lines)


@pytest.mark.parametrize("name", io.scenario_names())
def test_every_shipped_scenario_loads_by_its_name(name: str):
    assert io.load_scenario(name).name == name


def test_a_file_loads_by_its_path(tmp_path: Path):
    path = written(tmp_path, SMALL)
    assert io.load_scenario(path) == io.load_scenario(str(path))
    assert io.load_scenario(written(tmp_path, b"\xef\xbb\xbf" + SMALL.encode())).receptors == 100


def test_changes_take_the_place_of_values(tmp_path: Path):
    changes = {"exposure[0].insulin": "20 nM", "coupling.sorting": "false", "receptors": "50"}
    changed = io.load_scenario(written(tmp_path, SMALL), changes)
    assert (changed.protocol.max_nM, changed.coupling.sorting, changed.receptors) == (20.0, False, 50)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "name: missing"),
        (b"\xff\xfe" + SMALL.encode("utf-16-le"), "contains NUL bytes"),
        (SMALL.encode() + b'title = "\xe9t\xe9"', "line 8: not UTF-8"),
        (SMALL.encode() + b"\0", "contains NUL bytes"),
        (b"# " + b"x" * 10_000_000, "has 10.0 MB; a scenario may have 2 MB"),
        (b"a = " + b"[" * 20_000 + b"]" * 20_000, "nested too deeply"),
        (b"name = [", "end of document: "),
        (b"name = 'a'\nname = 'b'\n", "line 2, column 11: Cannot overwrite a value"),
        (SMALL.replace("kind", "kidn").encode(), "exposure[0].kind: missing"),
    ],
)
def test_a_bad_file_is_refused_with_its_name_and_one_line_per_fault(tmp_path: Path, content: bytes, says: str):
    path = written(tmp_path, content)
    lines = lines_of(path)
    assert all(line.startswith(f"{path}: ") and "\n" not in line for line in lines)
    assert any(says in line for line in lines), lines


def test_a_name_without_a_scenario_brings_the_nearest_one():
    assert lines_of("chronic_insulinn") == [
        "'chronic_insulinn' is neither a file nor the name of a scenario; did you mean 'chronic_insulin'?"
    ]
    assert "`trafficking scenarios` lists them" in lines_of("zzz")[0]


@pytest.mark.parametrize("name", ["", "x" * 5000, "a\0b", "-x", "new\nline", "../etc/passwd", "\u202egnp"])
def test_odd_names_are_refused_in_one_line(name: str):
    assert len(lines_of(name)) == 1
    assert lines_of(name)[0].isprintable()


def test_what_is_no_file_is_refused(tmp_path: Path):
    os.mkfifo(tmp_path / "pipe.toml")
    assert lines_of(tmp_path / "pipe.toml")[0].endswith("is no ordinary file; a scenario is one")
    assert lines_of(tmp_path)[0].endswith("is a folder; a scenario is a file")
    assert lines_of(tmp_path / "none.toml")[0].endswith("there is no such file")


# -- recorded series ---------------------------------------------------------------------------------------------------

RECORDED = SMALL.replace('"constant"', '"series"').replace('insulin = "1 nM"', 'file = "insulin.csv"')


@pytest.mark.parametrize(
    "header", ["time [min],insulin [uU/mL]", "time_min,insulin_uU_per_mL", " Time [min] , Insulin [mU/L]"]
)
def test_a_series_brings_its_units_in_the_header(tmp_path: Path, header: str):
    written(tmp_path, f"# a remark\n{header}\n0,10\n\n30,100\n60,20\n", "insulin.csv")
    protocol = io.load_scenario(written(tmp_path, RECORDED)).protocol
    assert [protocol.value(time) for time in (0.0, 15.0, 30.0, 60.0)] == pytest.approx([0.06, 0.33, 0.6, 0.12])


def test_other_columns_are_not_read():
    text = "time_min,replicate,insulin_nM,mrna\n0,0,1,1\n1,0,2,1\n"
    assert series.columns(text) == {
        "time_unit": "min",
        "insulin_unit": "nM",
        "times": [0.0, 1.0],
        "insulin": [1.0, 2.0],
    }


def test_a_run_needs_no_second_file(tmp_path: Path):
    written(tmp_path, "time_min,insulin_nM\n0,1\n60,2\n", "insulin.csv")
    loaded = io.load_scenario(written(tmp_path, RECORDED))
    assert "file" not in loaded.to_dict()["exposure"][0]
    assert type(loaded).from_dict(loaded.to_dict()) == loaded


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", ["is empty"]),
        ("time,insulin\n0,1\n", ["row 1: no column time with its unit", "row 1: no column insulin with its unit"]),
        ("time [min],glucose [mM]\n0,1\n", ["row 1: no column insulin with its unit"]),
        ("time [min],time [h],insulin [nM]\n0,0,1\n", ["row 1: 2 columns time"]),
        ("time [min],insulin [nM]\n", ["row 1: a header and no rows"]),
        ("# lab\ntime [min],insulin [nM]\n0,1\nx,2\n1,nan\n2\n3,-1\n2.5,1\n", [
            "row 4: time is 'x'", "row 5: insulin is 'nan'", "row 6: 1 cell under a header of 2",
            "row 7: insulin is -1.0", "row 8: time 2.5 comes after 3.0",
        ]),
        ("time [min],insulin [nM]\n0,1,5\n0,1\n", ["row 2: 3 cells under a header of 2"]),
        ("time [min],insulin [nM]\n0,1\n0,1\n", ["row 3: time 0.0 comes after 0.0"]),
        (
            "time [min],insulin [nM]\n" + "x,1\n" * 60,
            [f"row {n}: time" for n in range(2, 52)] + ["... and more; reading stopped"],
        ),
    ],
)  # fmt: skip
def test_a_bad_series_is_refused_row_by_row(tmp_path: Path, text: str, says: list[str]):
    written(tmp_path, text, "insulin.csv")
    path = written(tmp_path, RECORDED)
    lines = lines_of(path)
    assert len(lines) == len(says)
    for line, said in zip(lines, says, strict=True):
        assert line.startswith(f"{path}: exposure[0].file: insulin.csv: {said}")


@pytest.mark.parametrize("name", ["/etc/passwd", "../insulin.csv", "no.csv", "."])
def test_a_series_lies_beside_its_scenario(tmp_path: Path, name: str):
    assert len(lines_of(written(tmp_path, RECORDED.replace("insulin.csv", name)))) == 1


def test_units_stand_in_one_place_only(tmp_path: Path):
    written(tmp_path, "time_min,insulin_nM\n0,1\n60,2\n", "insulin.csv")
    path = written(tmp_path, RECORDED + 'time_unit = "h"\n')
    assert lines_of(path) == [f"{path}: exposure[0].time_unit: given in the file already"]


def test_the_scenario_of_a_hand_made_run_is_sound():
    assert scenario().duration_min == 240.0


def test_a_run_behind_a_link_is_replaced_and_the_link_stays(tmp_path):
    result = hand_made()
    io.save(result, tmp_path / "real")
    (tmp_path / "link").symlink_to("real")
    for _ in range(2):
        io.save(result, tmp_path / "link", overwrite=True)
    assert (tmp_path / "link").is_symlink()
    assert sorted(entry.name for entry in tmp_path.iterdir() if not entry.name.endswith(".lock")) == ["link", "real"]
