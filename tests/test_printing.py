"""What is printed controls no terminal and fits every encoding, whatever a file, its name or an argument holds."""

import io
import json
import logging
import os
import subprocess
import sys
import unicodedata
from pathlib import Path

import pytest
from typer.testing import CliRunner

import trafficking
from trafficking import body_files, compiled, printing, terminal
from trafficking.__main__ import app
from trafficking.dashboard import launcher
from trafficking.faults import ScenarioError

# A colour, its one-byte form, a title, an override of direction, isolates, line ends that terminals or Python know.
EVIL = "a\x1b[31m\x9b1m\x1b]0;b\x07\u202ec\u2066\u200f\x85\u2028\r\nok  all is well"


def is_harmless(text: str) -> bool:
    return not {unicodedata.category(c) for c in text if c not in "\n\t"} & {"Cc", "Cf", "Cs", "Zl", "Zp"}


def is_one_harmless_line(text: str) -> bool:
    return is_harmless(text) and len(text.splitlines()) == 1


def test_what_cannot_be_seen_is_spelled_out_and_the_rest_stays():
    assert printing.printable("\x1b[0m\u202e\ud800\n") == r"[0m".join([r"\x1b", r"\u202e\ud800\n"])
    for text in ("測定", "Größe 5 µM ± 1 %", "a\u00a0b\u202fc\td", "𝛼"):
        assert printing.printable(text) == text


def test_every_way_to_print_is_harmless(capsys: pytest.CaptureFixture[str]):
    for line in (printing.say, printing.tell, lambda text: terminal.show([("Files", text)])):
        line(EVIL)
        said = capsys.readouterr()
        assert is_one_harmless_line(said.out + said.err), line
    printing.write(f"head\n{EVIL}")
    assert is_harmless(capsys.readouterr().out)
    for refused in (EVIL, ScenarioError([EVIL])):
        with pytest.raises(SystemExit):
            terminal.refuse(refused)
        assert is_harmless(capsys.readouterr().err)
    launcher._refuse(EVIL)
    assert is_one_harmless_line(capsys.readouterr().err)


def test_a_table_on_a_terminal_is_harmless(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):
    from trafficking import evidence_commands

    monkeypatch.setattr(evidence_commands, "_on_terminal", lambda: True)
    evidence_commands._print_table(["a"], [[EVIL]])
    assert is_harmless(capsys.readouterr().out)


def test_faults_of_scenarios_are_harmless_lines_also_in_python(tmp_path: Path):
    folder = tmp_path / EVIL
    folder.mkdir()
    (folder / "a.toml").write_text('name = "a"\n[[exposure]]\nkind = "series"\nfile = "b\\u001b\\u202e.csv"\n')
    for read, source in (
        (trafficking.load_scenario, folder / "a.toml"),
        (body_files.load_body, folder / "a.toml"),
        (body_files.load_body, EVIL),
        (trafficking.load_scenario, EVIL),
    ):
        with pytest.raises(ScenarioError) as fault:
            read(source)
        assert all(is_one_harmless_line(line) for line in fault.value.lines)
        assert is_harmless(str(fault.value))


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run whose folder has such a name, made by another version of such a name."""
    folder = tmp_path_factory.mktemp("place") / EVIL
    changes = {"resolution": "mean", "follow": "0", "receptors": "100"}
    result = trafficking.simulate(trafficking.load_scenario("acute_exposure", changes), seed=1)
    trafficking.save(result, folder, extras={"figure.png": b""})
    manifest = json.loads((folder / "run.json").read_text())
    manifest["versions"]["trafficking"] = EVIL
    (folder / "run.json").write_text(json.dumps(manifest))
    return folder


@pytest.mark.parametrize(
    "arguments",
    [
        ["rerun", "RUN"],
        ["plot", "RUN"],
        ["plot", "RUN", "--out", "RUN/c.svg", "--overwrite"],
        ["plot", "RUN", "--out", EVIL],
        ["run", EVIL],
        ["run", "--set", EVIL],
        ["run", "--duration", EVIL],
        ["run", "--out", "RUN"],
        ["scenarios", EVIL],
        ["ogtt", EVIL],
        ["resume", EVIL],
        ["assay", EVIL],
        ["assay", "scatchard", "--with", EVIL],
        ["parameters", "--tissue", EVIL],
        ["validate", "--only", EVIL],
    ],
    ids=lambda arguments: "-".join(arguments[:2]).replace(EVIL, "EVIL"),
)
def test_no_command_echoes_what_controls_a_terminal(
    arguments: list[str], run: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("typer.launch", lambda path: None)
    terminal.ended(lambda: terminal.asked(lambda **o: app([a.replace("RUN", str(run)) for a in arguments], **o)))
    said = capsys.readouterr()
    assert said.out + said.err
    assert is_harmless(said.out)
    assert is_harmless(said.err)


def test_a_rerun_that_differs_shows_versions_harmlessly(run: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("trafficking.io.table_files", lambda result: {EVIL: b"other"})
    said = CliRunner().invoke(app, ["rerun", str(run)])
    assert said.exit_code == terminal.FAILED
    assert [line.split(":")[0] for line in said.stdout.splitlines()] == ["not equal", "versions"]
    assert is_harmless(said.stdout)


def test_what_others_write_on_standard_error_is_spelled_out_too(monkeypatch: pytest.MonkeyPatch):
    errors = io.TextIOWrapper(io.BytesIO(), encoding="cp1252")
    output = io.TextIOWrapper(io.BytesIO(), encoding="cp1252")
    monkeypatch.setattr(sys, "stderr", errors)
    monkeypatch.setattr(sys, "stdout", output)
    printing.guard()
    printing.guard()
    logging.StreamHandler(sys.stderr).emit(logging.LogRecord("a", 40, "", 0, "測定 \x1b[31m \u202e", (), None))
    print("測定")
    sys.stderr.flush()
    assert errors.buffer.getvalue() == rb"\u6e2c\u5b9a \x1b[31m \u202e" + os.linesep.encode()
    sys.stdout.flush()
    assert output.buffer.getvalue() == rb"\u6e2c\u5b9a" + os.linesep.encode()


def test_lines_fit_a_legacy_encoding_also_where_python_calls_them(monkeypatch: pytest.MonkeyPatch):
    output = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", output)
    printing.say("測定 µ")
    assert output.buffer.getvalue() == rb"\u6e2c\u5b9a \xb5" + os.linesep.encode()


def test_the_line_on_code_that_is_not_kept_is_harmless(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / EVIL).write_bytes(b"")
    monkeypatch.setenv("TRAFFICKING_CACHE_DIR", str(tmp_path / EVIL))
    monkeypatch.setattr(compiled, "_said", set())
    monkeypatch.setattr(compiled, "_kept", set())
    monkeypatch.setattr(compiled, "_unkept", "")
    compiled.keep([], __file__)
    assert is_one_harmless_line(capsys.readouterr().err)


@pytest.mark.parametrize("arguments", [["doctor"], ["rerun", "測定/run"]], ids=lambda a: a[0])
def test_output_in_a_legacy_code_page_never_ends_in_a_traceback(arguments: list[str], run: Path, tmp_path: Path):
    place = tmp_path / "測定"
    place.mkdir()
    (place / "run").symlink_to(run)
    done = subprocess.run(
        [sys.executable, "-m", "trafficking", *arguments],
        cwd=place if arguments == ["doctor"] else tmp_path,
        env=os.environ | {"PYTHONIOENCODING": "cp1252"},
        capture_output=True,
        check=False,
    )
    assert b"Traceback" not in done.stderr
    assert rb"\u6e2c\u5b9a" in done.stdout
    assert done.returncode == 0
