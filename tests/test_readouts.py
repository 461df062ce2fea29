"""What organs do with their signal, and the words about stages and consequences: directions and sources."""

import dataclasses
import tomllib
from functools import lru_cache
from pathlib import Path

import pytest
from typer.testing import CliRunner

from trafficking import readouts, signals
from trafficking.__main__ import app
from trafficking.body import BodyResult, simulate_body
from trafficking.body_forms import BodyScenario
from trafficking.consequences import consequences, stages
from trafficking.physiology import STAGES

SHIPPED = Path(__file__).parent.parent / "scenarios" / "body"


@lru_cache
def lived(name: str) -> BodyResult:
    given = tomllib.loads((SHIPPED / f"{name}.toml").read_text()) | {"window": "10 d"}
    return simulate_body(BodyScenario.from_dict(given))


def test_a_healthy_body_has_every_readout_at_one():
    table = readouts.readouts(simulate_body(BodyScenario.from_dict({"name": "x", "duration": "1 y", "window": "10 d"})))
    assert table.drop(columns="time_min").to_numpy() == pytest.approx(1.0, abs=1e-5)


def test_the_healthy_signal_is_that_of_its_formula():
    """0.036 nM at a K_D of 1 nM fills 3.47 % of 90 % of R0; over that plus a tenth."""
    bound = 0.9 * 0.036 / 1.036
    assert readouts.signal(0.036, 1.0, 1.0) == pytest.approx(bound / (bound + 0.1))


@pytest.mark.parametrize("row", readouts.rows(), ids=lambda row: row.name)
def test_every_readout_goes_the_way_of_its_row(row: readouts.Readout):
    """Resistance of the organs themselves shows at equal insulin; what insulin drives on shows in the person's own."""
    found = readouts.compared(lived("five_organs")).set_index("name").loc[row.name]
    assert (found["expected"], found["seen_in"]) == (row.resistant, row.seen_in)
    value = found[row.seen_in]
    assert (value < 0.95) if row.resistant == "down" else (value > 1.05)


def test_what_high_glucose_takes_from_sensitivity_is_missing_from_glut4_and_not_from_lipogenesis():
    life = lived("five_organs")
    toxic = dataclasses.replace(life, levels=life.levels.assign(toxicity=0.3))
    without, with_it = readouts.readouts(life), readouts.readouts(toxic)
    for name in ("muscle_glut4", "adipose_glut4", "liver_glycogen"):
        assert (with_it[name] < without[name]).all()
    assert with_it["liver_lipogenesis"].equals(without["liver_lipogenesis"])


def test_lipogenesis_goes_on_where_output_is_no_longer_held_back():
    found = readouts.compared(lived("five_organs")).set_index("name")["own"]
    assert found["liver_output"] > 1.05
    assert found["liver_lipogenesis"] > 1.05
    assert found["liver_glycogen"] < 0.95  # the twin: the arm that does not stay sensitive


def test_the_last_of_a_failing_life_is_taken_where_it_is_still_to_be_read():
    life = lived("vicious_cycle")
    work = readouts.readouts(life)
    last = readouts.compared(life).set_index("name")["last"]
    assert life.levels["time_min"].iloc[life.last_to_read] < life.read_to_min
    assert last["pancreas_capacity"] == work["pancreas_capacity"].iloc[life.last_to_read] >= 0.05
    assert work["pancreas_capacity"].iloc[life.last_to_read + 1] < 0.05
    assert work["pancreas_capacity"].iloc[-1] < 1e-3  # the twin: at the end nothing is left
    fed = lived("five_organs")
    assert readouts.compared(fed)["last"].tolist() == readouts.readouts(fed).iloc[-1, 1:].tolist()


def test_organs_print_the_way_each_readout_goes_where_it_shows_and_how_far_to_read():
    said = {name: CliRunner().invoke(app, ["organs", name]).stdout for name in ("five_organs", "vicious_cycle")}
    for row in readouts.rows():
        line = next(each for each in said["five_organs"].splitlines() if f"{row.organ:<9} {row.words} " in each)
        assert f" {row.resistant:<4} in {row.seen_in} " in line
    assert "Read to" not in said["five_organs"]
    assert "Read to year 15.6: then 5 % of the beta cells are left" in said["vicious_cycle"]


def test_secretion_rises_and_then_fails():
    secretion = readouts.readouts(lived("vicious_cycle"))["pancreas_secretion"].to_numpy()
    assert secretion.max() > 1.5
    assert secretion[-1] < 0.85 * secretion.max()
    assert 0 < secretion.argmax() < len(secretion) - 1


def test_testosterone_of_men_falls_with_insulin_and_fat_and_does_not_run_away_without_insulin():
    fed = lived("five_organs")
    work = readouts.readouts(fed)
    last = fed.levels.iloc[-1]
    assert last["visceral_fat"] > 1.1  # else the row would be that of insulin alone
    insulin = last["insulin_nM"] / 0.06
    slimmer = dataclasses.replace(fed, levels=fed.levels.assign(visceral_fat=1.0))
    assert work["men_testosterone"].iloc[-1] < readouts.readouts(slimmer)["men_testosterone"].iloc[-1] < 1.0
    assert readouts.readouts(slimmer)["men_testosterone"].iloc[-1] == pytest.approx(insulin**-0.15)
    assert work["men_oestradiol"].iloc[-1] > 1.0
    assert (readouts.readouts(slimmer)["men_oestradiol"] == 1.0).all()
    without = lived("vicious_cycle")
    assert without.levels["insulin_nM"].iloc[-1] < 1e-3
    assert 1.0 < readouts.readouts(without)["men_testosterone"].max() < 1.2


def test_gain_is_what_divides_the_arms():
    """Without the insult the liver's output is held back by more insulin, and not let loose."""
    fewer = simulate_body(BodyScenario.from_dict({"name": "x", "duration": "2 y", "window": "10 d", "dose": 0.5}))
    assert readouts.readouts(fewer)["liver_output"].iloc[-1] < readouts.compared(lived("five_organs"))["own"].iloc[3]


def test_constants_and_rows_say_where_they_are_from():
    assert all(entry["status"] in ("measured", "derived", "assumption") for entry in signals.constants().values())
    assert all(entry["source"] for entry in signals.constants().values())
    assert {row.grade for row in readouts.rows()} <= {"causal", "associated", "claimed"}
    assert all(row.source and row.clinical_end for row in readouts.rows())


CONSEQUENCES = [
    "metabolic syndrome",
    "hypertension",
    "endothelial inflammation and atherosclerosis",
    "atherogenic dyslipidaemia",
    "brain and cognition",
    "Alzheimer's risk",
    "neuropathy",
    "nephropathy",
    "retinopathy",
    "fatigue",
    "sex hormones of women",
    "sex hormones of men",
]


def test_every_consequence_has_driver_direction_grade_source_and_note():
    keys = {"name", "driver", "direction", "grade", "source", "note"}
    assert [row["name"] for row in consequences()] == CONSEQUENCES
    assert all(set(row) == keys and all(text.strip() for text in row.values()) for row in consequences())
    assert {row["direction"] for row in consequences()} == {"up", "down"}
    assert {row["grade"] for row in consequences()} == {"causal", "associated", "claimed"}


def test_the_stages_are_described_one_by_one_and_corrected_where_the_model_disagrees():
    assert [row["stage"] for row in stages()] == list(range(len(STAGES)))
    levels, years = lived("vicious_cycle").levels, lived("vicious_cycle").checkups
    third = years.loc[years["stage"] == 3, "time_min"].iloc[0]
    fewest = levels["time_min"].iloc[int(levels["muscle_surface"].to_numpy().argmin())]
    assert "Not the stage of fewest receptors" in stages()[3]["correction"]
    assert levels["muscle_surface"].iloc[-1] > levels["muscle_surface"].min() + 0.02
    assert fewest < third + 2 * 365 * 1440


@pytest.mark.parametrize("command", [["organs", "five_organs"], ["stages"], ["consequences"]])
def test_the_commands_print_their_rows(command: list[str]):
    done = CliRunner().invoke(app, command)
    assert done.exit_code == 0, done.output
    expected = {"organs": readouts.rows(), "stages": stages(), "consequences": consequences()}[command[0]]
    assert len(done.stdout.splitlines()) > len(expected)
