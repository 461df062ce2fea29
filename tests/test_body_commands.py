"""The command `trafficking body`, its files, its figure and its words."""

import json
from itertools import pairwise
from pathlib import Path

import pytest
from typer.testing import CliRunner

from trafficking import body_commands, body_plots, body_report, plots, stage_report
from trafficking.__main__ import app
from trafficking.body import BodyResult, simulate_body
from trafficking.body_files import body_names, is_body, load_body
from trafficking.body_forms import BodyScenario
from trafficking.faults import ScenarioError
from trafficking.organs import ORGANS
from trafficking.physiology import USERS

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


@pytest.mark.parametrize("command", ["body", "run"])
def test_a_life_is_printed_and_written_whole(file: Path, command: str):
    done = CliRunner().invoke(app, [command, str(file)])
    assert done.exit_code == 0, done.output
    name, table, described, facts = done.stdout.split("\n\n")
    assert name == "short"
    assert [line.split()[:2] for line in table.splitlines()[2:]] == [["1", "0"], ["2", "2"], ["3", "2"]]
    assert described.startswith("Stage 0, healthy, from the check-up of year 1\n")
    labels = [line.split()[0] for line in facts.splitlines()]
    assert labels == ["Stages", "held", "Insulin", "Receptors", "Diabetes", "Window", "Caution", "Files"]
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
        "stages.csv",
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


@pytest.mark.parametrize("words", [["body", "--list"], ["scenarios", "body"]])
def test_the_list_names_every_body_that_is_shipped(words: list[str]):
    done = CliRunner().invoke(app, words)
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


def test_insulin_of_a_person_is_not_for_the_user_to_set(file: Path):
    done = CliRunner().invoke(app, ["run", str(file), "--insulin", "1 nM"])
    assert done.exit_code == 2
    assert "insulin follows from the body" in done.stderr


def test_options_of_run_change_a_life_and_a_seed_gives_it_again(file: Path):
    options = ["--resolution", "counts", "--receptors", "2000", "--seed", "3", "--duration", "1 y"]
    options += ["--set", "power=1.0"]
    for name in ("a", "b"):
        done = CliRunner().invoke(app, ["run", str(file), *options, "--out", name])
        assert done.exit_code == 0, done.output
    one, other = (file.parent / name for name in ("a", "b"))
    for table in ("levels.csv", "checkups.csv", "body.json"):
        assert (one / table).read_bytes() == (other / table).read_bytes()
    made_by = json.loads((one / "body.json").read_text())
    scenario = BodyScenario.from_dict(made_by["scenario"])
    assert (scenario.resolution, scenario.receptors_per_organ, scenario.power) == ("counts", 2000, 1.0)
    again = simulate_body(scenario, seed=made_by["seed"]).levels.to_csv(index=False, lineterminator="\n")
    assert (one / "levels.csv").read_bytes() == again.encode()


def test_a_tolerance_test_and_a_clamp_at_a_time_of_a_life(file: Path):
    run = CliRunner().invoke
    healthy, ill = (run(app, ["ogtt", *words]).stdout for words in (["vicious_cycle"], [str(file), "--at", "2 y"]))
    two_hours = [float(each.split("2 h")[1].split()[0]) for each in (healthy, ill)]
    assert two_hours[0] < 7.8 < two_hours[1]
    assert len([line for line in ill.splitlines() if line[:5].strip().isdigit()]) == 7
    done = run(app, ["clamp", str(file), "--at", "2 y", "--out", "clamp.csv"])
    assert done.exit_code == 0, done.output
    assert "M/I" in done.stdout
    assert "times healthy" not in done.stdout  # held at another glucose than the healthy body
    gone = run(app, ["ogtt", "vicious_cycle", "--at", "20 y", "--set", "window=10 d"]).stdout
    assert "Matsuda     not defined: fasting insulin is below 1 uU/mL" in gone
    assert "Read to     year 15.6: then 5 % of the beta cells are left" in gone
    held = run(app, ["clamp", "vicious_cycle", "--at", "16 y", "--set", "window=10 d"]).stdout
    assert "Read to     year 15.6" in held
    assert "Read to" not in healthy + ill + done.stdout
    assert (file.parent / "clamp.csv").read_text().startswith("time_min,glucose_mM,insulin_nM,glucose_infused\n0.0,")
    assert not (file.parent / "runs").exists()


@pytest.mark.parametrize(
    ("at", "line"), [("5 h", "--at: '5 h' given; text is needed"), ("9 y", "--at: '9 y' given; short lasts 1095 d")]
)
def test_a_time_that_is_not_in_a_life_is_refused(file: Path, at: str, line: str):
    done = CliRunner().invoke(app, ["ogtt", str(file), "--at", at])
    assert done.exit_code == 2
    assert done.stderr.startswith(line)


def test_what_a_person_is_and_what_a_cell_is(file: Path):
    cell = file.parent / "cell.toml"
    cell.write_text('name = "cell"\n[[exposure]]\nkind = "constant"\ninsulin = "1 nM"\nduration = "1 h"\n')
    known = [is_body(each) for each in (file, "vicious_cycle", cell, "chronic_insulin", "nowhere.toml")]
    assert known == [True, True, False, False, False]
    assert not is_body("a\0b.toml")


def test_a_person_that_is_printed_is_a_file_to_start_from(tmp_path: Path):
    printed = CliRunner().invoke(app, ["scenarios", "vicious_cycle"]).stdout
    (tmp_path / "mine.toml").write_text(printed)
    assert load_body(tmp_path / "mine.toml") == load_body("vicious_cycle")
    schema = json.loads(CliRunner().invoke(app, ["schema", "--body"]).stdout)
    assert set(load_body("vicious_cycle").to_dict()) <= set(schema["properties"])


def test_a_life_with_meals_is_held_against_daily_means(file: Path):
    done = CliRunner().invoke(app, ["run", str(file), "--set", "meals=three", "--duration", "20 d"])
    assert done.exit_code == 0, done.output
    assert "no check-up" in done.stdout
    said = next(line for line in done.stdout.splitlines() if line.startswith("Meals"))
    assert 0.1 < float(said.split("at most ")[1].split(" %")[0]) < 5.0


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
    assert words in body_report.onset(results)


def test_the_table_has_every_change_of_stage_with_the_receptors_and_their_activity():
    insult = [{"at": "0 y", "factor": 1.0}, {"at": "8 y", "factor": 0.45}]
    activity = [{"at": "5 y", "factor": 1.0}, {"at": "6 y", "factor": 0.7}]
    given = {"name": "x", "duration": "12 y", "window": "10 d", "insult": insult, "activity": activity}
    result = simulate_body(BodyScenario.from_dict({**given, "beta_cells": {"exhaustion": {}}}))
    rows = body_report.timeline(result).splitlines()[2:]
    stages = result.checkups["stage"].tolist()
    changes = sum(after != before for before, after in pairwise(stages))
    assert len(rows) == 1 + changes + (stages[-1] == stages[-2])
    assert rows[0].split()[-5:][0].isdigit()
    assert rows[-1].split()[-5].endswith("/70")  # activity of muscle
    assert "activity below them" in body_report.timeline(result).splitlines()[0]
    facts = dict(body_report.facts([result, result]))
    assert "fewest in stage" in facts["Note"]


def test_receptors_that_are_never_fewer_than_lean_are_not_called_fewest():
    given = {"name": "x", "duration": "5 y", "window": "10 d", "beta_cells": {"death": 1.25}}
    result = simulate_body(BodyScenario.from_dict(given))
    seen = result.levels.set_index("time_min")["muscle_surface"].loc[result.checkups["time_min"]].to_numpy()
    assert 1.01 < seen[0] < seen[1:].min() - 0.01  # insulin falls from the start, so receptors are fewest in stage 0
    assert result.checkups["stage"].iloc[0] == 0
    assert result.checkups["stage"].max() >= 3
    assert "fewest in stage" not in "; ".join(words for label, words in body_report.facts([result]) if label == "Note")


@pytest.mark.parametrize(("error", "warned"), [(0.0016, False), (0.0021, True)])
def test_a_window_that_costs_too_many_receptors_is_warned_of(error: float, warned: bool):
    said = body_report.window(1.0, error)
    assert said.startswith(f"1 d, which costs at most {100.0 * error:.2g} % of the receptors")
    assert ("Warning: more than 0.2 %" in said) == warned


def test_the_figure_has_four_rows_and_a_column_for_each_life():
    results = [("own", life(receptors="stand_in", elasticity=0.3)), ("held", life(receptors="held"))]
    figure = body_plots.life(results)
    assert len(figure.axes) == 8
    assert "not medical advice" in figure.texts[-1].get_text()
    assert plots.render(figure).startswith(b"\x89PNG")


def test_the_figure_shows_the_rise_of_glucose_when_diabetes_begins_and_where_to_stop_reading():
    result = simulate_body(load_body("vicious_cycle"))
    figure = body_plots.life([("own", result)])
    insulin, receptors, glucose, beta = figure.axes
    assert glucose.get_ylim()[1] == 16.0
    assert [text.get_text() for text in glucose.texts] == [f"7.0 mM in year {result.onset_year:.1f}"]
    assert [text.get_text() for text in insulin.texts] == ["0", "1", "2", "3"]  # stage 4 lies beyond reading
    year_min = 365 * 1440
    for panel in (insulin, receptors, glucose, beta):
        hatched = [patch for patch in panel.patches if patch.get_hatch()]
        assert [patch.get_x() for patch in hatched] == [result.read_to_min / year_min]
    assert "Hatched: not to be read" in figure.texts[-1].get_text()
    kept = body_plots.life([("own", simulate_body(load_body("compensated_obesity")))])
    assert not any(patch.get_hatch() for patch in kept.axes[0].patches)
    assert "Hatched" not in kept.texts[-1].get_text()


def test_each_stage_stands_beside_its_description_with_the_receptors_at_its_first_check_up():
    result = simulate_body(load_body("vicious_cycle"))
    table = stage_report.stage_starts(result).set_index("stage")
    first = result.checkups.groupby("stage")["year"].first()
    assert table["year"].to_dict() == first.to_dict()
    levels = result.levels.set_index("time_min")
    assert table.loc[3, "liver_surface"] == levels.loc[first[3] * 365 * 1440, "liver_surface"]
    assert table.loc[4, "muscle_surface"] > table.loc[2, "muscle_surface"]  # receptors come back as insulin fails
    assert table.loc[4, "muscle_glut4"] < table.loc[2, "muscle_glut4"]
    said = stage_report.beside_description(result)
    assert max(map(len, said.splitlines())) <= 100
    assert all(row["correction"].split()[0] in said for row in table.to_dict("records") if row["correction"])
    assert "82 in 2" in said


def test_the_defect_below_the_receptors_is_printed_where_the_model_has_it():
    """Activity is untouched in this life, so that without its insult the table would show no defect in signalling."""
    result = simulate_body(load_body("vicious_cycle", {"glucose_toxicity": {}}))
    table = stage_report.stage_starts(result).set_index("stage")
    row = result.levels.iloc[result.row_at(365.0 * table.loc[4, "year"])]
    assert row["toxicity"] > 0.0
    assert table.loc[4, "insult_gain"] == row["insult"] * (1.0 - row["toxicity"])
    assert table.loc[4, "insult_gain"] < table.loc[1, "insult_gain"] < 1.0
    said = stage_report.beside_description(result)
    assert max(map(len, said.splitlines())) <= 100
    left = [line.split() for line in said.splitlines() if "left by the insult, %" in line][-1]
    share = f"{100.0 * table.loc[4, 'insult_gain']:.0f}"
    assert dict(zip(ORGANS, left[-5:], strict=True)) == dict.fromkeys(ORGANS, "-") | dict.fromkeys(USERS, share)
    assert "does not say where in the cell" in " ".join(said.split())
    for stage in (1, 2, 3):
        assert "not follow from the" in table.loc[stage, "correction"]


def test_a_life_without_check_ups_has_no_stages_to_describe():
    assert (
        stage_report.beside_description(simulate_body(BodyScenario.from_dict({"name": "x", "duration": "90 d"}))) == ""
    )


def test_a_test_before_an_intervention_begins_is_of_the_life_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The life is lived up to the day of the test and no other life is made of it."""
    monkeypatch.chdir(tmp_path)
    given = SHORT.replace("beta_cells", 'interventions = [{ name = "metformin", start = "2 y" }]\nbeta_cells')
    (tmp_path / "later.toml").write_text(given)
    (tmp_path / "never.toml").write_text(SHORT)
    runner = CliRunner()
    later, never = (runner.invoke(app, ["ogtt", f"{name}.toml", "--at", "400.5 d"]) for name in ("later", "never"))
    assert later.exit_code == 0, later.output
    assert later.stdout == never.stdout
    assert runner.invoke(app, ["clamp", "later.toml", "--set", "meals=three", "--at", "0 d"]).exit_code == 0


def test_a_life_is_shown_before_what_it_is_compared_with_is_simulated(file: Path, monkeypatch: pytest.MonkeyPatch):
    def only_one(scenario: BodyScenario, *more: object) -> BodyResult:
        if scenario.receptors == "held":
            raise KeyboardInterrupt
        return simulate_body(scenario)

    monkeypatch.setattr(body_commands, "_simulated", only_one)
    said = CliRunner().invoke(app, ["run", str(file)]).stdout
    assert "surface receptors, % of lean" in said
    assert "Stage 2, impaired glucose tolerance, from the check-up of year 2" in said
    assert "held" not in said


def test_an_output_that_is_full_does_not_cost_the_life(file: Path, monkeypatch: pytest.MonkeyPatch):
    def full(text: str, end: str = "") -> None:
        raise OSError(28, "No space left on device", "standard output")

    monkeypatch.setattr(body_commands.printing, "write", full)
    done = CliRunner().invoke(app, ["run", str(file)])
    assert isinstance(done.exception, OSError)
    assert (file.parent / "runs" / "body-short" / "body.json").is_file()
