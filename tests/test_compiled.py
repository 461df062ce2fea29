"""Compiled code is kept where only its user can write, under a name that changes with everything it depends on."""

import errno
import os
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from numba import njit

from trafficking import compiled, kernel, ownership, terminal, warming
from trafficking.dashboard import doctor

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


def twice(number):
    return 2 * number


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for compiled code, not there yet."""
    monkeypatch.setenv("TRAFFICKING_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def process(cache: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """`twice` in what a new process would have: nothing said, nothing compiled."""

    def begun(*, keep: bool = True) -> Any:
        for name, value in {"_said": set(), "_kept": set(), "_unkept": ""}.items():
            monkeypatch.setattr(compiled, name, value)
        function = njit(twice)
        if keep:
            compiled.keep([function], __file__)
        assert function(21) == 42
        return function

    return begun


def spoil_empty(file: Path) -> None:
    file.write_bytes(b"")


def spoil_half(file: Path) -> None:
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def spoil_garbage(file: Path) -> None:
    file.write_bytes(b"\x80\x05garbage" * 50)


def spoil_bit(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[-200] ^= 1
    file.write_bytes(content)


def spoil_folder(file: Path) -> None:
    file.unlink()
    file.mkdir()


def spoil_pipe(file: Path) -> None:
    file.unlink()
    os.mkfifo(file)


def spoil_writable(file: Path) -> None:
    file.chmod(0o666)


SPOILS = [spoil_empty, spoil_half, spoil_garbage, spoil_bit, spoil_folder, spoil_pipe, spoil_writable]


@pytest.mark.parametrize("spoil", SPOILS, ids=lambda spoil: spoil.__name__)
def test_damaged_compiled_code_is_none_and_that_is_said_once(
    spoil: Callable[[Path], None], cache: Path, process: Callable, capsys: pytest.CaptureFixture[str]
):
    process()
    (file,) = cache.rglob("*.nbc")
    spoil(file)
    name, fits, detail = doctor.compiled_code()
    assert (name, fits) == ("compiled code", False)
    assert str(file) in detail
    capsys.readouterr()
    again = process()
    assert sum(again.stats.cache_misses.values()) == 1
    said = capsys.readouterr().err.splitlines()
    assert str(file) in said[0]
    assert "compiled anew" in said[0]
    if spoil is spoil_folder:  # which nothing of ours has put there, so it stays
        assert len(said) == 2
        assert "cannot keep compiled code" in said[1]
        return
    assert len(said) == 1
    assert doctor.compiled_code()[1]
    assert sum(process().stats.cache_hits.values()) == 1
    assert capsys.readouterr().err == ""


def test_a_warm_up_deletes_what_is_damaged(cache: Path, process: Callable):
    process()
    (file,) = cache.rglob("*.nbc")
    spoil_half(file)
    compiled.mend()
    assert not file.exists()
    assert doctor.compiled_code()[1]


@pytest.mark.parametrize("written", ["nothing", "half"])
def test_a_disk_that_fills_up_costs_only_what_was_kept(
    written: str, cache: Path, process: Callable, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    whole = compiled._written

    @contextmanager
    def full(path: Path) -> Iterator[Any]:
        with whole(path) as file:
            if path.name.startswith(".probe"):
                yield file
                return
            if written == "half":
                file.write(b"half")
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(compiled, "_written", full)
    process()
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 1
    assert f"{cache / 'kernel'} (No space left on device)" in said[0]
    assert [path for path in cache.rglob("*") if path.is_file()] == []
    name, fits, detail = doctor.compiled_code()
    assert (name, fits) == ("compiled code", False)
    assert "No space left" in detail


def test_a_part_that_could_not_be_kept_is_not_taken_for_ready(
    cache: Path, process: Callable, monkeypatch: pytest.MonkeyPatch
):
    process(keep=False)
    warming._signs.cache_clear()
    monkeypatch.setattr(warming, "PARTS", {"one": lambda: compiled._cannot_keep(cache, OSError(errno.ENOSPC, "full"))})
    warming.warm_up(["one"])
    assert not warming.is_ready("one")
    warming._signs.cache_clear()


def given_away(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Has a path belong to somebody else."""
    if os.geteuid() == 0:
        os.lchown(path, 12345, -1)
    else:
        monkeypatch.setattr(os, "geteuid", lambda: 12345)


def foreign(place: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    place.mkdir()
    given_away(place, monkeypatch)
    return place


def open_to_all(place: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    place.mkdir()
    place.chmod(0o777)
    return place


def sticky(place: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    place.mkdir()
    place.chmod(0o1777)
    return place


def below_a_folder_open_to_all(place: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return open_to_all(place, monkeypatch) / "mine"


def below_a_foreign_folder(place: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (place / "mine").mkdir(parents=True)
    given_away(place, monkeypatch)
    return place / "mine"


def foreign_link(place: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (place / "shared").mkdir(parents=True)
    (place / "shared").chmod(0o1777)
    (place / "mine").mkdir()
    (place / "shared" / "link").symlink_to(place / "mine")
    given_away(place / "shared" / "link", monkeypatch)
    return place / "shared" / "link"


def link_to_an_open_folder(place: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    open_to_all(place, monkeypatch)
    (place.parent / "link").symlink_to(place.name)
    return place.parent / "link"


@pytest.mark.parametrize(
    "made",
    [
        foreign,
        open_to_all,
        sticky,
        below_a_folder_open_to_all,
        below_a_foreign_folder,
        foreign_link,
        link_to_an_open_folder,
    ],
    ids=lambda made: made.__name__,
)
def test_nothing_is_read_or_kept_where_somebody_else_could_put_code(
    made: Callable,
    tmp_path: Path,
    process: Callable,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
):
    given = made(tmp_path / "place", monkeypatch)
    monkeypatch.setenv("TRAFFICKING_CACHE_DIR", str(given))
    process()
    (said,) = capsys.readouterr().err.splitlines()
    assert str(tmp_path) in said
    assert "set TRAFFICKING_CACHE_DIR to a folder of your own" in said
    assert "belongs to" in said or "can be written by everybody (mode " in said
    assert said.endswith("compiling in memory")
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
    checks = {name: (fits, detail) for name, fits, detail in doctor._folders()}
    assert not checks["folder for compiled code"][0]
    assert "TRAFFICKING_CACHE_DIR" in checks["folder for compiled code"][1]
    assert not warming.can_keep()
    assert not compiled.is_kept(__file__)


def test_code_that_was_kept_before_a_folder_was_opened_to_all_is_not_read(
    cache: Path, process: Callable, capsys: pytest.CaptureFixture[str]
):
    process()
    cache.chmod(0o777)
    assert sum(process().stats.cache_hits.values()) == 0
    assert "chmod go-w" in capsys.readouterr().err
    cache.chmod(0o700)
    assert sum(process().stats.cache_hits.values()) == 1


def test_links_of_ones_own_and_private_folders_in_tmp_are_trusted(tmp_path: Path):
    shared = tmp_path / "shared"
    (shared / "mine").mkdir(parents=True)
    shared.chmod(0o1777)
    (tmp_path / "link").symlink_to("shared/mine")
    assert ownership.fault(tmp_path / "link" / "cache") is None
    (tmp_path / "round").symlink_to("round")
    assert "leads nowhere" in str(ownership.fault(tmp_path / "round"))


def test_a_file_that_ends_early_is_not_taken_for_an_interruption():
    import typer

    app = typer.Typer()

    @app.command()
    def read() -> None:
        raise EOFError("a file ended")

    with pytest.raises(EOFError):
        terminal.asked(lambda **options: app([], **options))


def test_a_fault_of_an_unnamed_file_is_not_said_of_standard_output():
    assert terminal.reason(OSError(errno.ENOSPC, "No space left on device")) == "No space left on device"
