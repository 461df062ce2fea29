"""Compiled code is kept where only its user can write, under a name that changes with everything it depends on."""

import os
import stat
import subprocess
import sys
from pathlib import Path

from trafficking import compiled, kernel

SMALL = (
    "from trafficking.io import load_scenario; from trafficking.simulation import simulate; "
    "changes = {'receptors': '50', 'follow': '0'}; "
    "print(simulate(load_scenario('acute_exposure', changes)).counts.iloc[-1].sum() > 0); "
    "simulate(load_scenario('acute_exposure', changes))"
)


def simulated(cache: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"TRAFFICKING_CACHE_DIR": cache}
    return subprocess.run([sys.executable, "-c", SMALL], env=environment, capture_output=True, text=True, check=True)


def test_compiled_code_is_kept_in_a_private_folder_and_found_again(tmp_path: Path):
    cache = tmp_path / "cache"
    assert simulated(str(cache)).stdout == "True\n"
    folders = [path for path in cache.rglob("*") if path.is_dir() and path.parent.name in ("cache", "kernel")]
    assert len(folders) >= 2
    assert {stat.S_IMODE(path.stat().st_mode) for path in (cache, *folders)} == {0o700}
    kept = {path: path.stat().st_mtime_ns for path in cache.rglob("*.nbc")}
    assert kept
    simulated(str(cache))
    assert {path: path.stat().st_mtime_ns for path in cache.rglob("*.nbc")} == kept


def test_without_a_place_to_keep_it_code_is_compiled_in_memory_and_that_is_said_once(tmp_path: Path):
    (tmp_path / "file").write_text("")
    done = simulated(str(tmp_path / "file" / "below"))
    assert done.stdout == "True\n"
    lines = done.stderr.strip().splitlines()
    assert len(lines) == len(set(lines)) == 1
    assert "compiling in memory" in lines[0]


def test_the_folder_changes_with_every_source(tmp_path: Path):
    other = tmp_path / "law.py"
    other.write_text("a")
    before = compiled.cache_folder(kernel.__file__, str(other))
    assert before != compiled.cache_folder(kernel.__file__)
    other.write_text("b")
    assert before != compiled.cache_folder(kernel.__file__, str(other))


TEXTS = """
from numba.core import event

class Compiled(event.Listener):
    modules = set()

    def on_start(self, event):
        self.modules.add(event.data["dispatcher"].py_func.__module__)

    def on_end(self, event):
        pass

event.register("numba:compile", Compiled())
from trafficking.io import load_scenario
from trafficking.simulation import simulate
simulate(load_scenario("acute_exposure", {"resolution": "mean", "follow": "0"}))
print("trafficking.propagator" in Compiled.modules, sorted(m for m in Compiled.modules if "unicode" in m))
"""


def test_expected_numbers_compile_no_messages(tmp_path: Path):
    """Assigned as a whole, arrays bring a message about their shapes, whose texts take longer than everything else."""
    environment = os.environ | {"TRAFFICKING_CACHE_DIR": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", TEXTS], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "True []"
