"""Targets: each is sound, names its source, and asks for what a reading can tell of a scenario that ships."""

import copy
import inspect
import tomllib
from importlib.resources import files

import pytest

from trafficking import io, library
from trafficking.readings import READINGS, Bench
from trafficking.targets import parsed, targets

SCORE = {*(f"D{i}" for i in range(1, 15)), "D17", *(f"A{i}" for i in range(1, 6)), "H1", "H2"}
# Printed in biology.md's table of rows; a range is never widened without a source.
RANGES = {
    "D1": (0.85, 0.95), "D2": (0.30, 0.35), "D3": (7.0, 14.0), "D4": (2.4, 3.6), "D5": (0.0, 10.0), "D6": (0.0, 20.0),
    "D8": (3.0, 4.0), "D9": (0.40, 0.50), "D10": (0.40, 0.50), "D11": (1.7, 3.5), "D12": (0.05, 0.30),
    "D13": (0.0, 0.25), "D14": (0.80, 1.0), "A1": (0.87, 0.93), "A2": (2.0, 3.5), "A3": (0.26, 0.34),
    "A4": (15_000.0, 25_000.0), "H1": (0.042, 0.056), "H2": (0.10, 0.15), "H3": (0.85, 0.95),
}  # fmt: skip
ALL = {target.id: target for target in targets()}


def read(name: str) -> dict:
    return tomllib.loads((files("trafficking") / "data" / name).read_text(encoding="utf-8"))


def changed(key: str, value: object) -> dict:
    given = copy.deepcopy(read("targets.toml"))
    given["targets"][1][key] = value
    return given


def test_the_score_has_its_22_rows():
    assert {target.id for target in targets() if target.counted} == SCORE


def test_ranges_are_those_that_were_published():
    assert {name: (ALL[name].low, ALL[name].high) for name in RANGES} == RANGES
    assert all(ALL[name].low == 0.93 for name in ("D7", "A5", "T23"))


def test_rows_of_the_score_stand_on_the_cell_that_they_are_asked_of():
    of_first_letter = {"D": "culture", "A": "adipose", "H": "liver"}
    assert all(ALL[name].tissue == of_first_letter[name[0]] for name in SCORE)


def test_what_was_not_read_is_said_and_not_counted():
    assert {target.id for target in targets() if not target.verified} == {"D15", "D16"}
    assert all(target.verified for target in targets() if target.counted)


def test_lines_that_disagree_are_asked_of_their_own_presets():
    assert {target.tissue for target in targets() if target.id.endswith(("-htc", "-3t3_c2"))} == {"htc", "3t3_c2"}
    for target in targets():
        base, _, line = target.id.partition("-")
        if line in ("htc", "3t3_c2"):
            assert (target.low, target.high, target.reading) == (ALL[base].low, ALL[base].high, ALL[base].reading)


def test_no_constant_was_fitted_to_a_blind_row():
    """A source of a fitted constant is not the source of a blind number."""
    fitted = {
        value.source
        for name in library.tissues()
        for value in library.tissue(name).values.values()
        if value.status in ("fit", "derived", "measured")
    }
    assert [target.id for target in targets() if target.blind and target.source in fitted] == []
    assert any(target.blind for target in targets())


@pytest.mark.parametrize("target", targets(), ids=lambda target: target.id)
def test_every_target_names_a_reading_a_shipped_experiment_and_a_tissue(target):
    inspect.signature(READINGS[target.reading]).bind(Bench("mean"), None, **target.arguments)
    assert f"published/{target.scenario}" in io.published_names()
    assert target.tissue in library.tissues()
    assert target.source
    assert target.identifier


def test_every_published_experiment_is_used_and_says_what_it_asks_and_where_it_is_from():
    assert {f"published/{target.scenario}" for target in targets()} == set(io.published_names())
    for name in io.published_names():
        shipped = io.load_scenario(name)
        assert shipped.name == name.removeprefix("published/")
        assert shipped.title
        assert shipped.question.endswith("?")
        assert shipped.expected.endswith(".")
        assert shipped.sources


def test_published_experiments_do_not_crowd_the_list_of_scenarios():
    assert not set(io.published_names()) & set(io.scenario_names())
    assert io.scenario_text("published/fao_1989").startswith('name = "fao_1989"')


def test_a_misspelt_published_experiment_is_answered_with_the_right_one():
    with pytest.raises(io.ScenarioError, match="did you mean 'published/fao_1989'"):
        io.load_scenario("published/fao_1998")


@pytest.mark.parametrize(
    ("key", "value", "says"),
    [
        ("low", 9.0, "low must be the smaller one"),
        ("value", 0.9, "must lie in the range"),
        ("id", "D1", "used twice"),
        ("standing", "guessed", "allowed are fitted, in-sample, by construction, blind"),
        ("source", "nobody2020", "'nobody2020' given"),
        ("range_by", "them", "allowed are source, ours"),
        ("coment", "", "no such key"),
        ("arguments", {"att": "20 min"}, "no such key; allowed are at"),
        ("arguments", {"at": "20 nM"}, "20 nM"),
        ("met", False, "a target that is missed is explained"),
        ("stricter_than", "D9", "the id of a row above is needed"),
    ],
)
def test_an_unsound_target_is_refused_and_named(key, value, says):
    with pytest.raises(ValueError, match=says):
        parsed(changed(key, value), read("sources.toml"))


def test_a_target_without_a_range_is_refused():
    given = copy.deepcopy(read("targets.toml"))
    del given["targets"][0]["low"]
    with pytest.raises(ValueError, match=r"targets\[0\] \(D1\).low: missing"):
        parsed(given, read("sources.toml"))


def test_the_ends_of_a_range_are_in_it():
    target = ALL["D9"]
    assert target.holds(0.40)
    assert target.holds(0.50)
    assert not target.holds(0.501)
    assert not target.holds(float("nan"))
