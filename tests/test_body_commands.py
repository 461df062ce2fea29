"""The command `trafficking body`, its files, its figure and its words."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from trafficking import body_commands, body_plots, plots
from trafficking.__main__ import app
from trafficking.body import BodyResult, simulate_body
from trafficking.body_files import body_names, load_body
from trafficking.body_forms import BodyScenario
from trafficking.faults import ScenarioError

SHORT = """
name = "short"
duration = "3 y"
window = "10 d"
hepatic_clearance = 0.0
insult = [{ at = "0 y", factor = 0.6 }]
beta_cells = { cap = "600 mg" }
"""


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "short.toml"
    path.write_text(SHORT)
    return path


def test_a_life_is_printed_and_written_whole(file: Path):
    done = CliRunner().invoke(app, ["body", str(file)])
    assert done.exit_code == 0, done.output
    labels = [line.split()[0] for line in done.stdout.splitlines()]
    assert labels == ["Body", "Stages", "held", "Insulin", "Receptors", "Diabetes", "Caution", "Files"]
    assert "not medical advice" in done.stdout
    folder = file.parent / "runs" / "body-short"
    assert sorted(path.name for path in folder.iterdir()) == [
        "body.json",
        "checkups.csv",
        "checkups_held.csv",
        "figure.png",
        "levels.csv",
        "levels_held.csv",
        "organs.png",
        "readouts.csv",
    ]
    again = BodyScenario.from_dict(json.loads((folder / "body.json").read_text())["scenario"])
    assert again == load_body(file)
    levels = simulate_body(again).levels.to_csv(index=False, lineterminator="\n")
    assert (folder / "levels.csv").read_bytes() == levels.encode()


def test_a_second_life_takes_the_next_number_and_a_named_folder_is_not_overwritten(file: Path):
    run = CliRunner().invoke
    assert all(run(app, ["body", str(file)]).exit_code == 0 for _ in range(2))
    assert (file.parent / "runs" / "body-short-2").is_dir()
    refused = run(app, ["body", str(file), "--out", "runs/body-short"])
    assert isinstance(refused.exception, FileExistsError)
    assert run(app, ["body", str(file), "--out", "runs/body-short", "--overwrite"]).exit_code == 0


def test_the_list_names_every_body_that_is_shipped():
    done = CliRunner().invoke(app, ["body", "--list"])
    assert [line.split()[0] for line in done.stdout.splitlines()] == list(body_names())
    assert "vicious_cycle" in body_names()


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"name = 'x'\nduration = '10 h'\n", "duration: '10 h' given"),
        (b"name = 'x\n", "end of document: "),
        (b"\xff\xfe", "line 1: not UTF-8 text"),
    ],
)
def test_a_faulty_file_is_answered_with_its_name_and_the_fault(tmp_path: Path, content: bytes, line: str):
    path = tmp_path / "body.toml"
    path.write_bytes(content)
    with pytest.raises(ScenarioError) as refused:
        load_body(path)
    assert refused.value.lines[0].startswith(f"{path}: {line}")


def test_a_misspelt_name_is_answered_with_the_right_one():
    with pytest.raises(ScenarioError, match="did you mean 'vicious_cycle'"):
        load_body("vicous_cycle")
    with pytest.raises(ScenarioError, match="there is no such file"):
        load_body("nowhere.toml")


def life(**given: object) -> BodyResult:
    insult = [{"at": "0 y", "factor": 1.0}, {"at": "1 y", "factor": 0.5}]
    return simulate_body(
        BodyScenario.from_dict({"name": "x", "duration": "4 y", "window": "10 d", "insult": insult, **given})
    )


@pytest.mark.parametrize(
    ("own", "held", "words"),
    [
        (float("nan"), float("nan"), "stays below 7.0 mM, and so it does with receptors held"),
        (9.0, float("nan"), "the loss of receptors brings it about"),
        (float("nan"), 9.0, "holds it off"),
        (9.0, 12.1, "their loss puts it forward by 3.1 years"),
        (12.1, 9.0, "their loss puts it back by 3.1 years"),
    ],
)
def test_what_the_loss_of_receptors_adds_is_said_whichever_way_it_goes(own: float, held: float, words: str):
    results = [life(receptors="held") for _ in range(2)]
    for result, onset in zip(results, (own, held), strict=True):
        result.__dict__["onset_year"] = onset
    assert any(words in line for line in body_commands.said(results))


def test_the_figure_has_four_rows_and_a_column_for_each_life():
    results = [("own", life(receptors="stand_in", elasticity=0.3)), ("held", life(receptors="held"))]
    figure = body_plots.life(results)
    assert len(figure.axes) == 8
    assert "not medical advice" in figure.texts[-1].get_text()
    assert plots.render(figure).startswith(b"\x89PNG")
