"""Compiled code made beforehand: signs of it, a process beside the server, and pages that then compile nothing."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from trafficking import warming
from trafficking.dashboard import beforehand

PAGES = """
from numba.core import event

class Compiled(event.Listener):
    names = []

    def on_start(self, event):
        self.names.append(event.data["dispatcher"].py_func.__name__)

    def on_end(self, event):
        pass

event.register("numba:compile", Compiled())
from trafficking import io
from trafficking.dashboard import patient, pins, trials
from trafficking.dashboard.pages import body, dose_response
from trafficking.dose_curves import sweep
from trafficking.simulation import Run

first = lambda fields: {field["name"]: field["value"] for field in fields}
Run(io.load_scenario("chronic_insulin"), seed=1, remember=True).advance_window()
found = patient.lives(patient.wish(first(body.fields()) | {"years": "2"}), lambda share: None)
patient.clinic_charts(found, 1.0), patient.findings(found, 1.0), patient.organs(found, 1.0)
for resolution in ("mean", "counts"):
    asked = dose_response.wish(first(dose_response._fields()) | {"resolution": resolution})
    sweep(asked.scenario, doses_nM=asked.doses_nM, exposure_min=asked.exposure_min, replicates=1, seed=1)
    pins.computed(
        io.load_scenario("washout", {"resolution": resolution, "follow": "0"}),
        name="", look=0, replicates=1, seed=1, progress=lambda share: None,
    )
trials.row("D1")
print(Compiled.names)
"""


@pytest.fixture
def nothing_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("TRAFFICKING_CACHE_DIR", str(tmp_path / "cache"))
    warming._signs.cache_clear()
    yield tmp_path / "cache"
    warming._signs.cache_clear()


def test_a_part_is_ready_once_it_was_made_and_kept(nothing_kept: Path, monkeypatch: pytest.MonkeyPatch):
    made, told = [], []
    monkeypatch.setattr(warming, "PARTS", {name: lambda name=name: made.append(name) for name in ("one", "two")})
    assert not warming.is_ready("one")
    warming.warm_up(["one"], tell=told.append)
    assert (made, told) == (["one"], ["one"])
    assert warming.is_ready("one")
    assert not warming.is_ready("two")


def test_without_a_place_to_keep_code_nothing_is_made_beforehand(nothing_kept: Path, monkeypatch: pytest.MonkeyPatch):
    nothing_kept.write_text("")
    begun = []
    monkeypatch.setattr(subprocess, "Popen", lambda *given, **more: begun.append(given))
    beforehand.begin()
    assert begun == []
    assert {"agents", *beforehand.PARTS} == warming.PARTS.keys()
    assert not beforehand.pending(warming.PARTS)


def test_a_process_beside_makes_what_is_missing_and_a_part_that_fails_holds_nobody_up(
    nothing_kept: Path, monkeypatch: pytest.MonkeyPatch
):
    rung = []
    monkeypatch.setattr(beforehand, "_bells", [lambda: rung.append(beforehand.pending(["no such part"]))])
    monkeypatch.setattr(beforehand, "_process", None)
    beforehand.begin(["no such part"])
    assert beforehand._process is not None
    assert beforehand._process.wait(timeout=60) != 0
    for thread in threading.enumerate():
        if thread.name == "trafficking-beforehand":
            thread.join(60)
    assert not beforehand.pending(["no such part"])
    assert rung[-1] is False


@pytest.mark.slow
def test_after_a_warm_up_no_page_compiles_anything(tmp_path: Path):
    environment = os.environ | {"TRAFFICKING_CACHE_DIR": str(tmp_path)}
    warm = [sys.executable, "-m", "trafficking.warming", *warming.PARTS]
    done = subprocess.run(warm, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.split() == list(warming.PARTS)
    seen = subprocess.run([sys.executable, "-c", PAGES], env=environment, capture_output=True, text=True, check=True)
    assert seen.stdout.strip() == "[]"
