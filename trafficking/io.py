"""Files in and out: scenarios and recorded series in, run folders out and in again.

A scenario is a TOML file, or the name of one that comes with the package. A recorded series is a CSV file beside it
(`series`).

A run folder holds each table as Parquet and as CSV, whatever figures were drawn, and `run.json`: scenario, seed,
versions, and the SHA-256 of every other file. Tables of one run have the same bytes whenever they are written.
"""

from __future__ import annotations

import hashlib
import io
import json
import platform
import stat
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from importlib import metadata
from importlib.resources import files
from itertools import chain
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import trafficking
from trafficking import folders, series, toml
from trafficking.faults import ScenarioError, nearest, shown
from trafficking.scenario import Scenario, override

if TYPE_CHECKING:
    import pandas as pd

    from trafficking.results import Result

MANIFEST = "run.json"
FORMAT = "trafficking run 1"
LARGEST_SCENARIO = 2_000_000  # bytes
_LARGEST_SERIES = 10_000_000
TOO_DEEP = toml.TOO_DEEP
_ROWS_PER_GROUP = 100_000
_LIBRARIES = ("numpy", "scipy", "pandas", "pyarrow", "numba", "mesa")


# -- scenarios in ------------------------------------------------------------------------------------------------------


@lru_cache
def scenario_names() -> tuple[str, ...]:
    """Names of the scenarios that come with the package, sorted."""
    return tuple(sorted(path.stem for path in shipped().glob("*.toml")))


@lru_cache
def published_names() -> tuple[str, ...]:
    """Names of the published experiments that come with the package, such as "published/marshall_1985", sorted."""
    return tuple(sorted(f"published/{path.stem}" for path in (shipped() / "published").glob("*.toml")))


def scenario_text(name: str) -> str:
    """The file of a scenario that comes with the package; ScenarioError if there is none of that name."""
    known = (*scenario_names(), *published_names())
    if name not in known:
        raise ScenarioError([f"{shown(name)} is no name of a scenario{nearest(name, known)}"])
    return (shipped() / f"{name}.toml").read_text(encoding="utf-8")


def load_scenario(
    source: str | Path, changes: Mapping[str, str] | None = None, *, defaults: Mapping[str, str] | None = None
) -> Scenario:
    """Reads a scenario.

    Args:
        source: path of a TOML file, or the name of a scenario that comes with the package.
        changes: what to put in place of the file's values, as text, by the path of the key: `{"receptors": "1000",
            "exposure[1].insulin": "20 nM"}`.
        defaults: values of keys that the file leaves out, in place of the package's.

    Raises:
        ScenarioError: one line per fault, each beginning with the file.
    """
    if not isinstance(source, str | Path) or source == "":
        raise ScenarioError([f"scenario: {shown(source)} given; the name or path of one is needed"])
    if changes is not None and not (isinstance(changes, Mapping) and all(isinstance(key, str) for key in changes)):
        raise ScenarioError([f"changes: {shown(changes)} given; texts by the path of their keys are needed"])
    path = _find(source)
    where = _printable(source)
    try:
        given = dict(defaults or {}) | read_toml(path)
        for key, value in (changes or {}).items():
            given = override(*_spelled_out(given, key), value if isinstance(value, str) else shown(value))
        _read_series(given, path.parent)
        return Scenario.from_dict(given)
    except ScenarioError as fault:
        raise ScenarioError([f"{where}: {line}" for line in fault.lines]) from None
    except RecursionError:
        raise ScenarioError([f"{where}: {TOO_DEEP}"]) from None


def scenario_of(given: Any) -> Scenario:
    """The scenario that is meant: one, or the name or path of one.

    Raises:
        ScenarioError: none of these, or one that cannot be used.
    """
    if isinstance(given, Scenario):
        return given
    if isinstance(given, str | Path):
        return load_scenario(given)
    fix = "; Scenario.from_dict makes one of tables" if isinstance(given, Mapping) else ""
    raise ScenarioError([f"scenario: {shown(given)} given; a Scenario, or the name or path of one, is needed{fix}"])


def shipped() -> Path:
    """In a wheel the scenarios lie in the package; in a checkout beside it."""
    inside = Path(str(files("trafficking"))) / "scenarios"
    return inside if inside.is_dir() else inside.parent.parent / "scenarios"


def _find(source: str | Path) -> Path:
    text = str(source)
    if text in scenario_names() or text in published_names():
        return shipped() / f"{text}.toml"
    path = Path(source)
    try:
        there = path.exists()
    except (OSError, ValueError):  # no file system takes such a name
        raise ScenarioError([f"{shown(text)} cannot be the name of a file"]) from None
    alone = len(path.parts) == 1 or text.startswith("published/")
    named = not isinstance(source, Path) and path.suffix != ".toml" and alone
    if named and not there:
        hint = nearest(text, (*scenario_names(), *published_names())) or "; `trafficking scenarios` lists them"
        raise ScenarioError([f"{shown(text)} is neither a file nor the name of a scenario{hint}"])
    return path


def read_toml(path: Path) -> dict[str, Any]:
    """The tables of a scenario file; ScenarioError, without the file's name, if it is none."""
    return parsed_toml(_read_text(path, LARGEST_SCENARIO, "a scenario"))


def parsed_toml(text: str) -> dict[str, Any]:
    """The tables of such a file from its content; ScenarioError if it is no TOML."""
    try:
        return toml.read(text)
    except ValueError as fault:
        raise ScenarioError([str(fault)]) from None


def _read_text(path: Path, largest: int, what: str) -> str:
    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            raise ScenarioError([f"is a folder; {what} is a file"])
        if not stat.S_ISREG(status.st_mode):
            raise ScenarioError([f"is no ordinary file; {what} is one"])
        if status.st_size > largest:
            raise ScenarioError([f"has {status.st_size / 1e6:.1f} MB; {what} may have {largest / 1e6:g} MB"])
        content = path.read_bytes()
    except FileNotFoundError:
        raise ScenarioError(["there is no such file"]) from None
    except OSError as fault:
        raise ScenarioError([f"cannot be read: {fault.strerror}"]) from None
    if b"\0" in content:
        raise ScenarioError(["contains NUL bytes; a text file in UTF-8 is needed"])
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as fault:
        line = content.count(b"\n", 0, fault.start) + 1
        raise ScenarioError([f"line {line}: not UTF-8 text; save the file as UTF-8"]) from None


def _spelled_out(given: dict[str, Any], key: str) -> tuple[dict[str, Any], str]:
    """`cells`, short for `cells.number`, in full on both sides, so that either form changes the other."""
    number = given.get("cells")
    if key.startswith("cells.") and isinstance(number, int):
        return given | {"cells": {"number": number}}, key
    return given, "cells.number" if key == "cells" and isinstance(number, dict) else key


# -- recorded series in ------------------------------------------------------------------------------------------------


def _read_series(given: dict[str, Any], folder: Path) -> None:
    """Puts the numbers of every CSV file that the exposure names in the place of its name."""
    segments = given.get("exposure")
    for i, segment in enumerate(segments if isinstance(segments, list) else []):
        name = segment.get("file") if isinstance(segment, dict) else None
        if not isinstance(name, str) or segment.get("kind") != "series":
            continue  # if that is wrong, the scenario says so
        where = f"exposure[{i}].file"
        path = Path(name)
        if path.is_absolute() or ".." in path.parts:
            raise ScenarioError([f"{where}: {shown(name)} given; a file in the folder of the scenario is needed"])
        try:
            columns = series.columns(_read_text(folder / path, _LARGEST_SERIES, "a series"))
        except ScenarioError as fault:
            raise ScenarioError([f"{where}: {name}: {line}" for line in fault.lines]) from None
        clash = [key for key in columns if key in segment]
        if clash:
            raise ScenarioError([f"exposure[{i}].{key}: given in the file already" for key in clash])
        del segment["file"]
        segment.update(columns)


# -- runs out ----------------------------------------------------------------------------------------------------------


def save(
    result: Result,
    folder: str | Path | folders.Claim,
    *,
    overwrite: bool = False,
    extras: Mapping[str, bytes] | None = None,
) -> Path:
    """Writes a run folder, whole or not at all.

    Args:
        folder: its path, or a claim on it (`claim`).
        overwrite: whether a run that is already there, or a stopped one kept beside the place, may be replaced.
        extras: further files by name, such as figures.

    Returns:
        The path of the folder.

    Raises:
        FileExistsError: something is there, a stopped run is kept beside it, or another process is writing there.
        ScenarioError: the name is too long, or one that is kept for hidden files.
        OSError: the folder cannot be written; nothing is left of it.
    """
    from trafficking.results import Result

    if not isinstance(result, Result):
        raise ValueError(f"result: {shown(result)} given; the Result of a run is needed, such as run.result()")
    if not isinstance(folder, str | Path | folders.Claim) or folder == "" or "\0" in str(folder):
        raise ValueError(f"folder: {shown(folder)} given; the path of a folder is needed")
    if not isinstance(folder, folders.Claim):
        with claim(folder, overwrite=overwrite) as place:
            return save(result, place, extras=extras)

    def write(partial: Path) -> None:
        contents = {**table_files(result), **(extras or {})}
        folders.write_files(partial, contents)
        folders.write_file(partial / MANIFEST, _manifest_bytes(_manifest(result, contents)))

    folder.fill(write)
    return folder.path


def claim(folder: str | Path, *, overwrite: bool = False, resuming: bool = False) -> Any:
    """A claim on the place of a run folder, for a `with` block; see `folders.claim`."""
    return folders.claim(folder, marker=MANIFEST, overwrite=overwrite, resuming=resuming)


def table_files(result: Result) -> dict[str, bytes]:
    """The tables of a run as files: name to content, Parquet and CSV, the same bytes every time."""
    contents = {}
    for name in _tables(result.scenario):
        for kind in ("parquet", "csv"):
            buffer = io.BytesIO()
            write_table(result, name, kind, buffer)
            contents[f"{name}.{kind}"] = buffer.getvalue()
    return contents


def _tables(scenario: Scenario) -> tuple[str, ...]:
    from trafficking.results import ONE_CELL, TABLES

    return TABLES if scenario.cells.number > 1 else ONE_CELL


def _arrow(frame: pd.DataFrame, name: str) -> Any:
    """A table with the unit and label of each column, and nothing of who wrote it and when."""
    import pyarrow as pa

    from trafficking.results import column

    fields, arrays = [], []
    for title in frame.columns:
        kind = {"f": pa.float64(), "i": pa.int64()}.get(frame[title].dtype.kind, pa.string())
        described = column(title, name)
        meaning = {"unit": described.unit, "label": described.label}
        fields.append(pa.field(title, kind, nullable=False, metadata=meaning))
        arrays.append(pa.array(frame[title], type=kind))
    return pa.Table.from_arrays(arrays, schema=pa.schema(fields))


def write_table(result: Result, name: str, kind: str, file: IO[bytes]) -> None:
    """Writes one table of a run as "csv" or "parquet", the bytes of `table_files`, with a block of it in memory."""
    frame = getattr(result, name)
    starts = range(0, max(len(frame), 1), _ROWS_PER_GROUP)
    write = {"csv": _write_csv, "parquet": _write_parquet}[kind]
    write((_arrow(frame.iloc[start : start + _ROWS_PER_GROUP], name) for start in starts), file)


def _write_parquet(blocks: Iterator[Any], file: IO[bytes]) -> None:
    from pyarrow import parquet

    block = next(blocks)
    with parquet.ParquetWriter(file, block.schema, compression="zstd", compression_level=3, version="2.6") as writer:
        for table in chain([block], blocks):
            writer.write_table(table)


def _write_csv(blocks: Iterator[Any], file: IO[bytes]) -> None:
    from pyarrow import csv as arrow_csv

    for number, table in enumerate(blocks):
        if number == 0:  # Arrow would put quotes around the header; names hold nothing that needs them
            file.write(",".join(table.column_names).encode() + b"\n")
        arrow_csv.write_csv(table, file, arrow_csv.WriteOptions(include_header=False, quoting_style="none"))


def csv_bytes(frame: pd.DataFrame) -> bytes:
    """A table for reading elsewhere, not one of a run: "\n" line ends, floats in their shortest form."""
    return frame.to_csv(index=False, lineterminator="\n").encode()


def _manifest(result: Result, contents: Mapping[str, bytes]) -> dict[str, Any]:
    from trafficking.results import column

    scenario = result.scenario.to_dict()
    tables = {}
    for name in _tables(result.scenario):
        frame = getattr(result, name)
        described = {title: column(title, name) for title in frame.columns}
        tables[name] = {
            "rows": len(frame),
            "columns": {title: {"unit": c.unit, "label": c.label} for title, c in described.items()},
        }
    return {
        "format": FORMAT,
        "name": result.scenario.name,
        "seed": result.seed,
        "replicate": result.replicate,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "versions": versions(),
        "platform": {"system": platform.system(), "release": platform.release(), "machine": platform.machine()},
        "scenario": scenario,
        "scenario_sha256": _digest_of(scenario),
        "tables": tables,
        "files": {name: _entry(content) for name, content in contents.items()},
    }


def _entry(content: bytes) -> dict[str, Any]:
    return {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}


def _manifest_bytes(manifest: Mapping[str, Any]) -> bytes:
    return f"{json.dumps(manifest, indent=1, ensure_ascii=False, allow_nan=False)}\n".encode()


def versions() -> dict[str, str]:
    """Versions on which the bytes of a run depend."""
    found = {name: metadata.version(name) for name in _LIBRARIES}
    return {"trafficking": trafficking.__version__, "python": platform.python_version(), **found}


def _digest_of(scenario: Mapping[str, Any]) -> str:
    canonical = json.dumps(scenario, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(canonical.encode()).hexdigest()


# -- runs in -----------------------------------------------------------------------------------------------------------


def load_run(folder: str | Path) -> Result:
    """Reads a run folder and checks every file of it.

    Raises:
        ValueError: it is not a run folder, or not as it was written; one line per fault.
    """
    from trafficking import run_tables
    from trafficking.results import DAUGHTER, Result, cells_table

    if not isinstance(folder, str | Path) or folder == "":
        raise ValueError(f"folder: {shown(folder)} given; the path of a run folder is needed")
    manifest, contents = check_run(folder)
    where, replicate = _printable(folder), manifest["replicate"]
    try:
        scenario = Scenario.from_dict(manifest["scenario"])
    except ScenarioError as fault:
        lines = [f"{where}: {MANIFEST}: scenario: {line}" for line in fault.lines]
        raise ValueError("\n".join(lines)) from None
    frames, lines = {}, []
    for name in _tables(scenario):
        try:
            frames[name] = _frame(name, contents)
        except ValueError as fault:
            lines.append(f"{where}: {fault}")
    lines = lines or [
        f"{where}: {line}" for line in run_tables.faults(frames, scenario, replicate, (DAUGHTER, "synthesis"))
    ]
    if lines:
        raise ValueError("\n".join(lines))
    if "cells" not in frames:
        frames["cells"] = cells_table(scenario.itinerary, replicate, None, frames["counts"].dtypes.iloc[-1])
    return Result(scenario=scenario, seed=manifest["seed"], replicate=replicate, **frames)


def _frame(name: str, contents: Mapping[str, bytes]) -> pd.DataFrame:
    """One table of a run from its files; ValueError, on one line, if they hold none."""
    import pandas as pd  # noqa: F401  (what Arrow's tables become)
    import pyarrow as pa
    from pyarrow import parquet

    files = f"{name}.parquet", f"{name}.csv"
    for file in files:
        if file not in contents:
            raise ValueError(f"{MANIFEST} does not name {file!r}")
    unreadable = f"{files[0]} is not a Parquet file that can be read"
    try:
        stored = parquet.ParquetFile(io.BytesIO(contents[files[0]]))
    except (pa.ArrowException, OSError):
        raise ValueError(unreadable) from None
    # Before it is unpacked: a small file can say that it holds a great many rows.
    rows, lines = stored.metadata.num_rows, max(contents[files[1]].count(b"\n") - 1, 0)
    if rows != lines:
        raise ValueError(f"{files[0]} has {rows:,} rows and {files[1]} {lines:,}; a run has as many in both")
    try:
        return stored.read(use_threads=False).to_pandas(ignore_metadata=True)
    except (pa.ArrowException, OSError, ValueError):
        raise ValueError(unreadable) from None


def check_run(folder: str | Path) -> tuple[dict[str, Any], dict[str, bytes]]:
    """The manifest of a run folder and the content of its files, each as it was written.

    Hidden files, which systems leave in any folder, are not looked at.

    Raises:
        ValueError: it is not a run folder, or files are missing, changed or added; one line per fault.
    """
    where = _printable(folder)
    folders.put_back(folder)
    manifest = read_manifest(folder)
    lines, contents = [], {}
    for name, expected in manifest["files"].items():
        if Path(name).name != name or not name.isprintable() or not isinstance(expected, dict):
            lines.append(f"{where}: {MANIFEST} names {shown(name)}, which is not a file of a run")
            continue
        try:
            content = folders.read_file(Path(folder) / name)
        except OSError as fault:
            lines.append(f"{where}: {_printable(name)} cannot be read: {fault.strerror}")
            continue
        if hashlib.sha256(content).hexdigest() != expected.get("sha256"):
            lines.append(f"{where}: {_printable(name)} is not as it was written (its SHA-256 differs)")
        contents[name] = content
    for name in _added(folder, manifest["files"]):
        lines.append(f"{where}: {shown(name)} was added to it, and is not in {MANIFEST}; move it elsewhere")
    if _digest_of(manifest["scenario"]) != manifest["scenario_sha256"]:
        lines.append(f"{where}: the scenario in {MANIFEST} is not as it was written (its SHA-256 differs)")
    if lines:
        raise ValueError("\n".join(lines))
    return manifest, contents


def _added(folder: str | Path, known: Mapping[str, Any]) -> list[str]:
    """Names in a run folder that its manifest does not know."""
    left = ("Thumbs.db", "desktop.ini", MANIFEST)  # by Windows, and by us
    names = sorted(entry.name for entry in Path(folder).iterdir())
    return [name for name in names if not name.startswith(".") and name not in left and name not in known]


def add_file(folder: str | Path, name: str, content: bytes) -> None:
    """Puts a file into a run folder, such as a figure drawn later, or in the place of one; `run.json` names it.

    Raises:
        ValueError: it is not a run folder, or the name is that of a table or of `run.json`.
        OSError: it cannot be written.
    """
    manifest = read_manifest(folder)
    tables = {f"{table}.{kind}" for table in manifest.get("tables", {}) for kind in ("parquet", "csv")}
    if name in tables or name == MANIFEST:
        raise ValueError(f"{_printable(folder)}: {shown(name)} is a table of this run; choose another name")
    # Forgotten first: a writer that dies in between leaves a file too many, which can be moved, and no damaged one.
    if manifest["files"].pop(name, None) is not None:
        folders.replace_file(Path(folder) / MANIFEST, _manifest_bytes(manifest))
    manifest["files"][name] = _entry(content)
    folders.replace_files(Path(folder), {name: content, MANIFEST: _manifest_bytes(manifest)})


def read_manifest(folder: str | Path) -> dict[str, Any]:
    """`run.json` of a run folder; ValueError if there is none that this version understands."""
    where = _printable(folder)
    path = Path(folder) / MANIFEST
    try:
        manifest = json.loads(folders.read_file(path))
    except (FileNotFoundError, NotADirectoryError):
        what = f"it holds no {MANIFEST}" if Path(folder).is_dir() else "there is no such folder"
        raise ValueError(f"{where} is not a run folder: {what}") from None
    except OSError as fault:
        raise ValueError(f"{where}: {MANIFEST} cannot be read: {fault.strerror}") from None
    except (ValueError, RecursionError):
        raise ValueError(f"{where}: {MANIFEST} is damaged: it is not JSON") from None
    known = manifest.get("format") if isinstance(manifest, dict) else None
    if known != FORMAT:
        raise ValueError(f"{where}: {MANIFEST} has format {shown(known)}; this version reads {FORMAT!r}")
    expected = {"files": dict, "scenario": dict, "scenario_sha256": str, "seed": int, "replicate": int}
    if damaged := [key for key, kind in expected.items() if not isinstance(manifest.get(key), kind)]:
        raise ValueError(f"{where}: {MANIFEST} is damaged: {damaged[0]} is missing or of the wrong sort")
    if damaged := [key for key in ("tables", "versions") if not isinstance(manifest.get(key, {}), dict)]:
        raise ValueError(f"{where}: {MANIFEST} is damaged: {damaged[0]} is of the wrong sort")
    for key, limit in (("seed", 2**63), ("replicate", 2**32)):
        value = manifest[key]
        if isinstance(value, bool) or not 0 <= value < limit:
            allowed = f"an integer from 0 to {limit - 1} is needed"
            raise ValueError(f"{where}: {MANIFEST}: {key}: {shown(value)} given; {allowed}")
    return manifest


def _printable(path: str | Path) -> str:
    text = str(path)
    return text if text.isprintable() and len(text) < 500 else shown(text)
