"""The notebooks run from top to bottom as they are shipped, and hold what they claim."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

NOTEBOOKS = sorted((Path(__file__).parent.parent / "notebooks").glob("*.ipynb"))
NAMES = [path.stem for path in NOTEBOOKS]

# Runs the code cells of a notebook in one namespace, as a reader does, and names the cell that fails.
RUN_CELLS = """
import json, sys, warnings
warnings.simplefilter("error")
cells = json.load(open(sys.argv[1], encoding="utf-8"))["cells"]
names = {"__name__": "__main__"}
for cell in cells:
    if cell["cell_type"] == "code":
        try:
            exec(compile("".join(cell["source"]), cell["id"], "exec"), names)
        except BaseException:
            print(f"cell {cell['id']} raised", file=sys.stderr)
            raise
"""


def run_cells(notebook: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", RUN_CELLS, str(notebook)],
        cwd=folder,
        env={**os.environ, "MPLBACKEND": "Agg"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=600,
    )


def faults(notebook: dict[str, Any]) -> list[str]:
    """What keeps a notebook from being plain nbformat 4.5 without results."""
    found = []
    if (notebook.get("nbformat"), notebook.get("nbformat_minor")) != (4, 5):
        found.append("not nbformat 4.5")
    if set(notebook) != {"cells", "metadata", "nbformat", "nbformat_minor"}:
        found.append("keys at the top")
    if set(notebook.get("metadata", {})) != {"kernelspec", "language_info"}:
        found.append("metadata")
    cells = notebook.get("cells", [])
    ids = [cell.get("id", "") for cell in cells]
    if len(set(ids)) != len(ids):
        found.append("two cells of one id")
    for name, cell in zip(ids, cells, strict=True):
        own = {"outputs", "execution_count"} if cell.get("cell_type") == "code" else set()
        if cell.get("cell_type") not in ("code", "markdown"):
            found.append(f"{name}: kind of cell")
        if set(cell) != {"cell_type", "id", "metadata", "source"} | own or cell["metadata"]:
            found.append(f"{name}: keys")
        if not re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", name):
            found.append(f"{name!r}: id")
        if not isinstance(cell.get("source"), list) or not all(isinstance(line, str) for line in cell["source"]):
            found.append(f"{name}: source")
        if cell.get("outputs"):
            found.append(f"{name}: outputs")
        if cell.get("execution_count") is not None:
            found.append(f"{name}: execution count")
    return found


def notebook_of(*sources: str) -> dict[str, Any]:
    """A sound notebook with these code cells."""
    cells = [
        {
            "cell_type": "code",
            "execution_count": None,
            "id": f"cell-{number}",
            "metadata": {},
            "outputs": [],
            "source": source.splitlines(keepends=True),
        }
        for number, source in enumerate(sources)
    ]
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    metadata = {"kernelspec": kernel, "language_info": {"name": "python"}}
    return {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}


def test_there_is_a_notebook():
    assert "01_two_clocks" in NAMES


@pytest.mark.parametrize("path", NOTEBOOKS, ids=NAMES)
def test_a_notebook_is_sound_and_ships_without_results(path: Path):
    text = path.read_text(encoding="utf-8")
    assert faults(json.loads(text)) == []
    assert not re.search(r"/(home|Users|tmp|work|root)/|[A-Z]:\\\\", text)  # a path of somebody's machine


@pytest.mark.parametrize("path", NOTEBOOKS, ids=NAMES)
def test_a_notebook_ends_with_its_claims(path: Path):
    last = json.loads(path.read_text(encoding="utf-8"))["cells"][-1]
    assert last["cell_type"] == "code"
    assert sum(line.lstrip().startswith("assert ") for line in last["source"]) >= 5


@pytest.mark.parametrize("path", NOTEBOOKS, ids=NAMES)
def test_a_notebook_runs_from_top_to_bottom_and_its_claims_hold(path: Path, tmp_path: Path):
    done = run_cells(path, tmp_path)
    assert done.returncode == 0, done.stderr
    assert list(tmp_path.iterdir()) == []  # it leaves nothing behind


def test_a_cell_that_raises_is_reported(tmp_path: Path):
    path = tmp_path / "wrong.ipynb"
    path.write_text(json.dumps(notebook_of("half_time_min = 40.0", "assert 7.0 < half_time_min < 14.0", "1 / 0")))
    done = run_cells(path, tmp_path)
    assert done.returncode != 0
    assert "cell cell-1 raised" in done.stderr
    assert "AssertionError" in done.stderr


def test_stored_results_are_reported():
    assert faults(notebook_of("1 + 1")) == []
    ran = notebook_of("1 + 1", "2 + 2")
    ran["cells"][0]["execution_count"] = 3
    ran["cells"][1]["outputs"] = [{"output_type": "stream", "name": "stdout", "text": ["4"]}]
    assert faults(ran) == ["cell-0: execution count", "cell-1: outputs"]
    assert faults({**notebook_of("1 + 1"), "nbformat_minor": 4}) == ["not nbformat 4.5"]
