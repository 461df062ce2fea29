"""What the README shows works as it stands there."""

import re
import shlex
import tomllib
from pathlib import Path

import pytest
from typer.main import get_command

from trafficking.__main__ import app
from trafficking.body import simulate_body
from trafficking.body_files import load_body
from trafficking.body_forms import BodyScenario
from trafficking.scenario import Scenario

LIFE = load_body("vicious_cycle").to_dict() | {"window": "5 d"}
ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, flags=re.DOTALL)


@pytest.mark.parametrize("block", blocks("python"))
def test_each_python_block_of_the_readme_runs_alone(block, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    names: dict = {}
    exec(compile(block, "README.md", "exec"), names)
    said = capsys.readouterr().out
    if "run" in names:
        assert (tmp_path / "my_run" / "run.json").is_file()
        assert "surface_free" in said
        assert said.splitlines()[-1] == "True"
    if "model" in names:
        assert names["model"].time == names["model"].time_min == 61.0
        assert "'membrane': " in said


def test_the_scenarios_of_the_readme_load():
    tables = [tomllib.loads(block) for block in blocks("toml")]
    people = [BodyScenario.from_dict(each) for each in tables if "exposure" not in each]
    assert [person.meals for person in people] == ["three"]
    for each in (each for each in tables if "exposure" in each):
        scenario = Scenario.from_dict(each)
        assert scenario.tissue == "adipose"
        assert scenario.protocol.max_nM == 20.0


def test_the_commands_of_the_readme_are_understood():
    lines = [line for block in blocks("sh") for line in block.splitlines() if line.startswith("trafficking ")]
    assert len(lines) >= 8
    for line in lines:
        name, *arguments = shlex.split(line, comments=True)[1:]
        get_command(app).commands[name].make_context(name, arguments)


def test_a_new_machine_is_tried_with_the_commands_of_the_readme_in_their_order():
    commands = re.findall(r"^make \w+", blocks("sh")[0], flags=re.MULTILINE)
    assert commands == ["make run", "make dashboard", "make test"]
    tried = re.findall(r"^make --no-print-directory (\w+)", (ROOT / ".ci" / "run").read_text(), flags=re.MULTILINE)
    assert [f"make {target}" for target in tried] == commands


def test_the_pictures_of_the_readme_exist():
    for path in re.findall(r"!\[[^\]]*\]\(([^)]+)\)", README):
        assert (Path(__file__).parent.parent / path).is_file(), path


def test_every_test_that_a_page_of_the_docs_names_is_there():
    here = Path(__file__).parent
    named = [
        (page.name, *found)
        for page in (here.parent / "docs").glob("*.md")
        for found in re.findall(r"`(test_\w+\.py)::(test_\w+)`", page.read_text(encoding="utf-8"))
    ]
    assert len(named) > 15
    missing = [each for each in named if f"\ndef {each[2]}(" not in (here / each[1]).read_text(encoding="utf-8")]
    assert missing == []


def test_the_years_by_which_receptor_loss_brings_diabetes_forward_are_those_of_the_program():
    said = re.search(
        r"sooner with the loss: by ([0-9.]+) years in `vicious_cycle`, by ([0-9.]+) if there are no\s", README
    )
    assert said is not None
    held = simulate_body(BodyScenario.from_dict(LIFE).held()).onset_year
    own, none_to_spare = (
        simulate_body(BodyScenario.from_dict(LIFE | more)).onset_year for more in ({}, {"power": 1.0})
    )
    assert float(said[1]) == pytest.approx(held - own, abs=0.08)
    assert float(said[2]) == pytest.approx(held - none_to_spare, abs=0.08)
