"""The score: published experiments beside simulated ones, and a table that cannot hide a miss."""

import dataclasses
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import t

from trafficking import evidence_plots, io, library, validation
from trafficking.assays import endocytic_rate
from trafficking.constants import constants
from trafficking.dishes import slope_of_ratio
from trafficking.plots import render
from trafficking.readings import READINGS, Bench
from trafficking.targets import targets

ALL = {target.id: target for target in targets()}


@pytest.fixture(scope="module")
def at_mean() -> validation.Validation:
    return validation.validate(resolution="mean")


def outcome(found: validation.Validation) -> dict[str, bool]:
    return {row.target.id: row.met for row in found.rows}


def asked(target_id: str, **changes: str) -> float:
    """The number of a target at `mean`, with constants of its tissue changed."""
    target = ALL[target_id]
    written = {f"parameters.{symbol}": value for symbol, value in changes.items()}
    scenario = io.load_scenario(f"published/{target.scenario}", {**target.changes, **written, "tissue": target.tissue})
    return READINGS[target.reading](Bench("mean"), scenario, **target.arguments).value


# -- the score ---------------------------------------------------------------------------------------------------------


def test_at_least_21_of_the_22_rows_of_the_score_are_met(at_mean):
    counted = [row.met for row in at_mean.rows if row.target.counted]
    assert len(counted) == 22
    assert sum(counted) >= 21


def test_the_outcome_of_every_row_is_the_one_that_was_released(at_mean):
    assert outcome(at_mean) == {target.id: target.met for target in targets()}


def test_each_cell_line_meets_the_rows_that_were_measured_on_it(at_mean):
    of_lines = [row for row in at_mean.rows if row.target.tissue in ("htc", "3t3_c2")]
    assert all(row.met for row in of_lines if not row.target.stricter_than)
    assert not all(row.met for row in of_lines)


def test_the_liver_loses_no_receptor_in_an_acute_hour(at_mean):
    assert outcome(at_mean)["T23"]


def test_every_miss_is_explained(at_mean):
    missed = [row for row in at_mean.rows if not row.met]
    assert missed
    assert len(validation.explained(at_mean)) == len(missed)
    assert all(row.target.why for row in missed)


def test_the_headline_counts_blind_rows_apart(at_mean):
    assert at_mean.headline.startswith("met: 21 of the 22 rows of the score")
    strict = [row for row in at_mean.rows if row.target.stricter_than]
    assert f"; {sum(row.met for row in strict)} of {len(strict)} stricter readings; " in at_mean.headline
    blind = [row for row in at_mean.rows if row.target.blind]
    assert f"; {sum(row.met for row in blind)} of {len(blind)} blind rows (2 of them" in at_mean.headline


def test_a_row_that_was_met_and_is_missed_is_found_out(at_mean):
    assert at_mean.lost == []
    row = next(row for row in at_mean.rows if row.target.id == "D2")
    spoilt = dataclasses.replace(at_mean, rows=(dataclasses.replace(row, simulated=(0.9,)),))
    assert [row.target.id for row in spoilt.lost] == ["D2"]


def test_a_miss_by_less_than_chance_is_called_so_and_not_lost(at_mean):
    row = next(row for row in at_mean.rows if row.target.id == "D10")
    edge, wide = ((0.402, 0.398, 0.3985), (0.39, 0.391, 0.392))
    for values, lost in ((edge, []), (wide, ["D10"])):
        found = dataclasses.replace(at_mean, rows=(dataclasses.replace(row, simulated=values),))
        assert [each.target.id for each in found.lost] == lost
        (said,) = validation.explained(found)
        assert said.startswith("D10 is missed by 0.0")
        assert said.endswith("chance may have done it") == (not lost)


def test_no_miss_is_without_its_reason_whatever_is_simulated(at_mean):
    worse = [dataclasses.replace(row, simulated=(row.target.high + 1.0,)) for row in at_mean.rows]
    said = validation.explained(dataclasses.replace(at_mean, rows=tuple(worse)))
    assert len(said) == len(worse)
    for row, line in zip(worse, said, strict=True):
        words = line.removeprefix(f"{row.target.id} is missed")
        assert len(words) > 20
        assert not words.startswith(": Met")


def test_a_row_that_was_missed_before_is_not_called_lost(at_mean):
    rows = tuple(row for row in at_mean.rows if row.target.id == "D9")
    assert dataclasses.replace(at_mean, rows=rows).lost == []


# -- how a number is read ----------------------------------------------------------------------------------------------


def test_a_stricter_reading_asks_the_same_number_of_the_same_cells():
    strict = [target for target in targets() if target.stricter_than]
    assert {target.stricter_than for target in strict} >= {"H1", "H2", "D13", "D17", "A3", "A4", "D3", "D5"}
    for target in strict:
        plain = ALL[target.stricter_than]
        assert (target.scenario, target.tissue, target.source) == (plain.scenario, plain.tissue, plain.source)
        assert not target.counted


def test_what_a_met_row_rests_on_is_said(at_mean):
    said = validation.remarks(at_mean)
    assert any(line.startswith("D17: The abstract says that the pools inside lose receptors") for line in said)
    assert any(line.startswith("T42, T42-fat: ") for line in said)


def test_the_slope_of_a_ratio_is_the_rate_where_the_surface_stands_still():
    """Inside = Ke * surface * t, so inside over surface rises by Ke per min; over a rising surface it falls short."""
    times = np.linspace(0.0, 10.0, 41)
    still, rising = np.full(41, 200.0), 200.0 * -np.expm1(-0.11 * times)
    assert slope_of_ratio(times, 0.05 * 200.0 * times, still, 10.0) == pytest.approx(0.05)
    taken = 0.05 * 200.0 * (times + np.expm1(-0.11 * times) / 0.11)
    assert 0.025 < slope_of_ratio(times, taken, rising, 10.0) < 0.04


def test_the_assay_and_the_row_read_the_same_slope():
    for identity in ("H1-slope", "H2-slope"):
        scenario = validation.experiment(ALL[identity], {"resolution": "mean"})
        found = endocytic_rate(scenario, insulin_nM=scenario.protocol.value(0.0)).attrs["ratio_slope_per_min"]
        assert found == pytest.approx(asked(identity), abs=1e-3)  # the rows of the experiment are 15 s apart


def washed(identity: str, minutes: float) -> float:
    """The number of a row with another warm wash than that of 30 min."""
    target = ALL[identity]
    arguments, changes = dict(target.arguments), {}
    if target.scenario == "heaton_1981_dose":
        changes, arguments["at_min"] = {"exposure[1].duration": f"{minutes:g} min"}, 360.0 + minutes
    elif target.reading == "recovery":
        arguments["since_min"] = 1440.0 + minutes
    else:
        arguments["at_min"] = 1440.0 + minutes
    return READINGS[target.reading](Bench("mean"), validation.experiment(target, changes), **arguments).value


@pytest.mark.parametrize("minutes", [15, 30, 60])
@pytest.mark.parametrize("preset", ["culture", "htc"])
def test_the_page_shows_what_another_wash_gives(preset: str, minutes: int):
    page = (Path(__file__).parent.parent / "docs" / "evidence.md").read_text(encoding="utf-8")
    (line,) = [line for line in page.splitlines() if line.startswith(f"| {preset} | {minutes} min |")]
    for row, said in zip(("D9", "D10", "D11", "D12", "D13", "D14"), line.split(" | ")[2:], strict=True):
        identity = row if preset == "culture" else f"{row}-htc"
        number, *star = said.removesuffix(" |").split()
        found = washed(identity, minutes)
        assert found == pytest.approx(float(number), abs=0.006 if row == "D11" else 0.0006)
        assert bool(star) == (not ALL[identity].holds(found))


# -- readings can fail -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("target_id", "changes"),
    [
        ("D1", {"ke0": "0.06 /min"}),
        ("D2", {"kfast": "0.6 /min"}),
        ("D3", {"ke0": "0.1 /min"}),
        ("D4", {"keB": "0 /min"}),
        ("D5", {"kfast": "0.04 /min"}),
        ("D6", {"kfast": "0.02 /min", "krr": "0.02 /min"}),
        ("D7", {"kL": "0.05 /min"}),
        ("D8", {"kL": "0.03 /min"}),
        ("D10", {"kL": "0.001 /min"}),
        ("D11", {"koff": "2 /min"}),
        ("D12", {"koff": "20 /min"}),
        ("D13", {"kL": "0.05 /min"}),
        ("D14", {"kL": "0.001 /min"}),
        ("D17", {"kL": "0.0001 /min", "kc": "0 /min"}),
        ("A2", {"kfast": "0.05 /min"}),
        ("A3", {"keB": "0.3 /min"}),
        ("A4", {"keB": "0.02 /min"}),
        ("A5", {"kL": "0.02 /min"}),
        ("H1", {"keB": "0.1 /min"}),
        ("H2", {"dkeB": "0 /min"}),
        ("T23", {"kL": "0.01 /min"}),
        ("T26", {"keB": "0.1 /min"}),
        ("T38", {"keB": "0.1 /min"}),
        ("M2", {"smax": "0"}),
        ("P-liver", {"smax": "0", "kL": "0.0005 /min"}),
        ("T21", {"keB": "0 /min"}),
        ("H2-slope", {"dkeB": "0 /min"}),
        ("D13-4h", {"kL": "0.05 /min"}),
        ("T42", {"keB": "0.3 /min"}),
        ("T42-fat", {"kfast": "0.04 /min"}),
    ],
)
def test_a_wrong_constant_misses_the_row(target_id, changes):
    target = ALL[target_id]
    assert target.holds(asked(target_id))
    assert not target.holds(asked(target_id, **changes))


def test_where_hardly_a_receptor_goes_there_is_no_half_life():
    value = asked("D15", kL="0.00001 /min", kc="0 /min")
    assert np.isnan(value)
    assert not ALL["D15"].holds(value)


def test_a_fresh_label_leaves_the_surface_at_the_rate_of_entry():
    """Without a way back the label inside is 1 - exp(-ke0 t), exactly."""
    target = ALL["D2"]
    given = {"parameters.keB": "0 /min", "parameters.kfast": "0 /min", "parameters.ksort": "0 /min"}
    given |= {"parameters.kc": "0 /min", "parameters.kL": "0 /min", "tissue": "culture"}
    scenario = io.load_scenario("published/fao_1989", given)
    seen = READINGS["label_inside"](Bench("mean"), scenario, **target.arguments)
    assert seen.value == pytest.approx(1.0 - np.exp(-0.0104 * 20.0), rel=1e-9)


def test_the_ligands_rate_is_that_of_the_arrow_where_it_does_not_change():
    """Ke = ke0 + keB for a receptor whose entry does not depend on occupancy; the trapezia cost 0.1 %."""
    given = {"parameters.dkeB": "0 /min", "tissue": "liver"}
    seen = READINGS["ligand_entry"](
        Bench("mean"), io.load_scenario("published/hepatocyte_entry_1984", given), at_min=10.0
    )
    assert seen.value == pytest.approx(0.012 + 0.036, rel=2e-3)


# -- the table and its figures -----------------------------------------------------------------------------------------


def test_the_table_has_a_row_per_target_and_units(at_mean):
    table = at_mean.table
    assert list(table.columns) == list(validation.COLUMNS)
    assert list(table["id"]) == [target.id for target in targets()]
    assert set(table["unit"]) == {"share", "min", "h", "ratio", "nM", "per min"}
    assert table["spread"].isna().all()


def test_at_counts_a_spread_stands_beside_the_mean():
    found = validation.validate(resolution="counts", only="H1,D17", replicates=3)
    assert [len(row.simulated) for row in found.rows] == [3, 3]
    assert found.rows[1].spread > 0.0
    assert "+-" in validation.text(found)


def test_the_page_of_documentation_shows_the_outcome_of_every_row(at_mean):
    """`trafficking validate --out FOLDER` writes that table anew, as validation.md."""
    page = (Path(__file__).parent.parent / "docs" / "evidence.md").read_text(encoding="utf-8")
    rows = {line.split(" | ")[0].removeprefix("| "): line for line in page.splitlines() if line.startswith("| ")}
    for row in at_mean.rows:
        assert f" | {'met' if row.met else 'MISSED'} | " in rows[row.target.id]
    assert at_mean.headline in page


def test_the_readme_states_the_headline_count(at_mean):
    readme = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
    assert at_mean.headline in " ".join(line.removeprefix("> ") for line in readme.splitlines())


def test_numbers_measured_in_a_dish_are_simulated_in_a_finite_medium_too(at_mean):
    in_dish = {row.target.id: row.in_dish for row in at_mean.rows if row.target.dish}
    assert all(np.isfinite(value) for value in in_dish.values())
    assert all(np.isnan(row.in_dish) for row in at_mean.rows if not row.target.dish)
    (low_dose,) = [row for row in at_mean.rows if row.target.id == "D12"]
    assert in_dish["D12"] < 0.9 * low_dose.mean  # so little insulin does not last
    assert "T29" in {row.target.id for row in at_mean.moved}


def test_a_pattern_that_no_target_has_is_refused():
    with pytest.raises(ValueError, match="no target has such an id"):
        validation.validate(only="Z*")


def test_every_experiment_has_a_figure_with_measured_over_simulated(at_mean):
    for name in sorted({row.target.scenario for row in at_mean.rows}):
        numbers = [(row.target, row.seen, row.mean) for row in at_mean.rows if row.target.scenario == name]
        figure = evidence_plots.experiment("A title", numbers)
        assert len(figure.axes) == len(numbers)
        for axes, (target, *_) in zip(figure.axes, numbers, strict=True):
            assert target.id in axes.get_title(loc="left")
            assert len(axes.lines) >= 3 - (target.value is None)
        width = figure.get_figwidth() * figure.dpi
        assert all(text.get_window_extent().x1 <= width for text in figure.texts)
        assert render(figure).startswith(b"\x89PNG")


# -- constants ---------------------------------------------------------------------------------------------------------


def test_the_table_of_constants_has_every_tissue_and_no_constant_without_a_word_on_it():
    table = constants()
    assert set(table["tissue"]) == set(library.tissues())
    assert (table["low"] <= table["value"]).all()
    assert (table["value"] <= table["high"]).all()
    assert set(table["status"]) <= set(library.STATUSES)
    assert table[table["status"] == "fit"]["fitted"].all()
    assert not table[table["status"] != "fit"]["fitted"].any()
    assert (table[~table["matters"]]["confidence"] == "none").all()


def test_an_unknown_tissue_has_no_constants():
    with pytest.raises(KeyError):
        constants("brain")


# -- the commands ------------------------------------------------------------------------------------------------------


def call(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-m", "trafficking", *arguments],
        cwd=cwd, capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert "Traceback" not in done.stderr
    return done


def test_validate_prints_the_table_and_writes_it_with_figures(tmp_path):
    done = call("validate", "--only", "D9,D10,T2*", "--strict", "--out", "score", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    for words in ("D9 ", "MISSED", "D9 is missed: HTC cells are finished", "blind rows", "PMID 7028753"):
        assert words in done.stdout
    written = pd.read_csv(tmp_path / "score" / "validation.csv")
    assert list(written.columns) == list(validation.COLUMNS)
    assert {path.name for path in (tmp_path / "score").glob("*.png")} == {
        f"{scenario}.png" for scenario in written["scenario"]
    }


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("validate", "--resolution", "guess"), "allowed are agents, counts, mean"),
        (("validate", "--only", "Z1"), "no target has such an id"),
        (("parameters", "--tissue", "livr"), "did you mean 'liver'?"),
        (("parameters", "--as", "html"), "allowed are text, csv, markdown"),
        (("compare-models", "--models", "z"), "some of abcde are needed"),
    ],
)
def test_wrong_words_are_refused(arguments, says, tmp_path):
    done = call(*arguments, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert says in done.stderr


def test_parameters_prints_value_range_source_and_standing(tmp_path):
    done = call("parameters", "--tissue", "htc", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    (line,) = [line for line in done.stdout.splitlines() if " keB " in line]
    assert all(words in line for words in ("0.12", "/min", "0.02 to 0.12", "fit", "fitted", "PMID 7028753"))
    table = call("parameters", "--as", "csv", cwd=tmp_path)
    assert table.stdout.startswith("tissue,symbol,meaning,value,unit")


def test_the_page_of_constants_is_what_the_program_prints():
    command = [sys.executable, "-m", "trafficking", "parameters", "--as", "markdown"]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    page = (Path(__file__).parent.parent / "docs" / "parameters.md").read_text(encoding="utf-8")
    assert page.endswith("\n\n" + printed)


def test_published_experiments_are_listed_when_asked_for(tmp_path):
    assert "published/" not in call("scenarios", cwd=tmp_path).stdout
    listed = call("scenarios", "published", cwd=tmp_path).stdout.splitlines()
    assert [line.split()[0] for line in listed] == list(io.published_names())


# -- single receptors --------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_single_receptors_give_the_numbers_of_the_mean(at_mean):
    """A t test per row over ten runs; all rows together raise a false alarm once in 10^4 fresh seeds.

    1 % is left for readings that are no straight line in the counts, such as the steepest minute. The twin: in most
    rows a number that is off by 5 % would be found.
    """
    single = validation.validate(resolution="agents", replicates=10, dish=False)
    most = t.ppf(1.0 - 0.5e-4 / len(single.rows), 9) / np.sqrt(10.0)
    allowed = {row.target.id: most * row.spread / row.mean + 0.01 for row in single.rows}
    off = {row.target.id: row.mean / exact.mean - 1.0 for exact, row in zip(at_mean.rows, single.rows, strict=True)}
    assert {name: size for name, size in off.items() if not abs(size) <= allowed[name]} == {}
    assert np.median(list(allowed.values())) < 0.05
