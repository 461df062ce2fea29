"""A protocol in the making: its file means what the page shows, its curve is the exposure, and faults have a place."""

import json
import math
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trafficking import forms, io, scenario_text, toml, units
from trafficking.dashboard import draft as drafts
from trafficking.dashboard import editor, preview
from trafficking.dashboard.draft import KINDS, Draft
from trafficking.scenario import Scenario, ScenarioError
from trafficking.simulation import simulate

CSV = "time [h],insulin [uU/mL]\n0,10\n1,60\n2.5,20\n"
FORMS = {
    "constant": forms.ConstantForm,
    "washout": forms.WashoutForm,
    "ramp": forms.RampForm,
    "pulses": forms.PulsesForm,
    "meals": forms.MealsForm,
    "oscillation": forms.OscillationForm,
    "series": forms.SeriesForm,
}


@pytest.fixture(scope="module")
def day() -> Scenario:
    return io.load_scenario("chronic_insulin", {"receptors": "500"})


@pytest.fixture
def draft(day: Scenario) -> Draft:
    return Draft.of(day, own=False)


def every_kind(draft: Draft) -> Draft:
    """A draft with a segment of each kind."""
    for kind in KINDS:
        if KINDS[kind].example:
            draft = draft.added(kind, len(draft.segments) - 1)
    return draft.recorded(len(draft.segments) - 1, "plasma.csv", CSV)


# -- files -------------------------------------------------------------------------------------------------------------

TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=20)
VALUES = st.one_of(st.booleans(), st.integers(-(2**63), 2**63 - 1), st.floats(allow_nan=False), TEXTS)
TABLES = st.recursive(
    st.dictionaries(TEXTS, st.one_of(VALUES, st.lists(VALUES, max_size=40)), max_size=4),
    lambda inner: st.dictionaries(TEXTS, st.one_of(VALUES, inner, st.lists(inner, min_size=1, max_size=3)), max_size=4),
    max_leaves=8,
)


@given(TABLES)
@settings(max_examples=200, deadline=None)
def test_tables_are_read_from_their_toml_as_they_were(tables: dict):
    assert tomllib.loads(toml.text(tables, remark="a remark\nof two lines")) == tables


def test_nothing_that_toml_has_no_form_for_is_written():
    with pytest.raises(TypeError, match="None has no form in TOML"):
        toml.text({"a": None})


@pytest.mark.parametrize("name", [*io.scenario_names(), *io.published_names()])
def test_every_scenario_goes_through_its_text_unchanged(name: str):
    scenario = io.load_scenario(name)
    again = scenario_text.read(scenario_text.written(scenario))
    assert again == scenario
    assert again.to_dict() == scenario.to_dict()


def test_the_text_of_a_scenario_may_name_no_other_file():
    text = 'name = "a"\n[[exposure]]\nkind = "series"\nfile = "/etc/passwd"\n'
    with pytest.raises(ScenarioError, match=r"exposure\[0\]\.file: '/etc/passwd' given; from here no other file is"):
        scenario_text.read(text)


def test_the_file_of_a_draft_gives_its_exposure_and_its_tables(draft: Draft, tmp_path: Path):
    edited = every_kind(draft).named("mine")
    file = tmp_path / "mine.toml"
    file.write_text(edited.text())
    again = io.load_scenario(file)
    assert again == edited.scenario
    assert again.protocol == edited.scenario.protocol
    assert io.table_files(simulate(again)) == io.table_files(simulate(edited.scenario))


def test_the_command_line_runs_the_file_of_a_draft(draft: Draft, tmp_path: Path):
    edited = draft.changed(1, "duration", "90 min").changed(1, "insulin", "60 uU/mL").removed(2).named("short_day")
    (tmp_path / "short_day.toml").write_text(edited.text())
    command = [sys.executable, "-m", "trafficking", "run", "short_day.toml", "--seed", "5", "--out", "here"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    manifest = json.loads((tmp_path / "here" / "run.json").read_text())
    assert manifest["scenario"] == edited.scenario.to_dict()
    expected = io.table_files(simulate(edited.scenario, seed=5))
    assert all((tmp_path / "here" / name).read_bytes() == content for name, content in expected.items())


# -- the form ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", FORMS)
def test_the_page_offers_the_keys_that_a_file_may_have(kind: str):
    aliases = {field.alias or name for name, field in FORMS[kind].model_fields.items()} - {"kind"}
    elsewhere = {"times", "insulin", "file"} if kind == "series" else set()  # these come from a table
    assert {field.key for field in KINDS[kind].fields} == aliases - elsewhere
    needed = {field.alias for field in FORMS[kind].model_fields.values() if field.is_required()} - {None}
    assert {field.key for field in KINDS[kind].fields if not field.default} == needed


@pytest.mark.parametrize("kind", [kind for kind in KINDS if KINDS[kind].example])
def test_the_segment_to_begin_with_is_sound(draft: Draft, kind: str):
    added = draft.added(kind, 0)
    assert added.faults == {}
    assert [segment["kind"] for segment in added.segments] == ["constant", kind, "constant", "washout"]


@pytest.mark.parametrize("kind", [kind for kind in KINDS if KINDS[kind].example])
def test_what_may_be_left_out_is_what_the_page_shows_in_its_place(draft: Draft, kind: str):
    added = draft.added(kind, 0)
    for field in KINDS[kind].fields:
        if field.default:
            assert added.changed(1, field.key, field.default).scenario.protocol == added.scenario.protocol
            assert field.key not in added.changed(1, field.key, " ").segments[1]


@given(st.floats(1e-9, 1e9), st.sampled_from(["time", "insulin"]))
def test_what_people_read_is_the_very_same_number(value: float, measure: str):
    assert units.parse(drafts.plain(value, measure), measure) == value


@pytest.mark.parametrize(
    ("minutes", "said"), [(0.0, "0 min"), (90.0, "1.5 h"), (60.0, "1 h"), (1.5, "1.5 min"), (10080.0, "7 d")]
)
def test_times_are_written_as_people_write_them(minutes: float, said: str):
    assert drafts.plain(minutes, "time") == said


def test_faults_stand_at_their_fields_in_the_scenarios_own_words(draft: Draft):
    wrong = draft.changed(0, "duration", "-3 h").changed(1, "insulin", "10").named("no name!")
    assert not wrong.valid
    with pytest.raises(ScenarioError) as refused:
        wrong.base.changed(exposure=list(wrong.segments), name=wrong.name)
    said = dict(line.split(": ", 1) for line in refused.value.lines)
    assert wrong.faults[0, "duration"] == said["exposure[0].duration"]
    assert wrong.faults[1, "insulin"] == said["exposure[1].insulin"]
    assert wrong.faults[-1, "name"].endswith(said["name"])
    shown = preview.form(wrong)
    assert [field["fault"] for field in shown[0]["fields"]] == [said["exposure[0].duration"], ""]
    assert [segment["faulty"] for segment in shown] == [True, True, False]


def test_values_that_do_not_go_together_are_said_at_the_one_that_is_at_fault(draft: Draft):
    wrong = draft.added("oscillation", 0).changed(1, "amplitude", "5 nM")
    assert "must not exceed mean" in wrong.faults[1, "amplitude"]


def test_segments_are_moved_doubled_and_removed(draft: Draft):
    kinds = [[segment["kind"] for segment in one.segments] for one in (draft.moved(2, 0), draft.doubled(2))]
    assert kinds == [["washout", "constant", "constant"], ["constant", "constant", "washout", "washout"]]
    assert [segment["kind"] for segment in draft.removed(0).segments] == ["constant", "washout"]
    with pytest.raises(ScenarioError, match="at least one segment"):
        draft.removed(0).removed(0).removed(0)


def test_what_was_expected_of_another_exposure_is_not_expected_of_this_one(draft: Draft, day: Scenario):
    assert day.expect != ()
    assert (draft.scenario.expect, draft.scenario.expected, draft.scenario.question) == ((), "", "")
    assert Draft.of(day, own=True).scenario.question == day.question


def test_treatments_beyond_the_end_are_left_out_and_counted():
    chase = io.load_scenario("cycloheximide_chase")
    late = Scenario.from_dict(chase.to_dict() | {"treatments": [{"kind": "monensin", "at": "2 h"}]})
    short = Draft.of(late, own=True).changed(0, "duration", "1 h")
    assert (short.scenario.treatments, short.left_out) == ((), 1)
    assert Draft.of(late, own=True).left_out == 0


# -- tables and files that a reader brings -----------------------------------------------------------------------------


def test_a_table_becomes_a_segment_with_its_units(draft: Draft):
    recorded = draft.recorded(0, "plasma.CSV", CSV)
    segment = recorded.scenario.protocol.segments[1]
    assert segment.times_min == (0.0, 60.0, 150.0)
    assert segment.insulin_nM == (0.06, 0.36, 0.12)  # 1 uU/mL = 6 pM
    assert preview.said(segment, 60.0) == "1 h to 3 h 30 min: 0.06 nM to 0.36 nM, 3 points"


@pytest.mark.parametrize(
    ("file", "text", "said"),
    [
        ("a.csv", "time,insulin\n1,2\n", r"a.csv: row 1: no column time with its unit in .*: write time \[min\]"),
        ("a.csv", CSV.replace("60", "sixty"), "a.csv: row 3: insulin is 'sixty'; a number is needed"),
        ("a.csv", CSV.replace("2.5,", "0.5,"), "a.csv: row 4: time 0.5 comes after 1.0; times must increase"),
        ("a.csv", CSV.replace("60", "-60"), "a.csv: row 3: insulin is -60.0; it must not be negative"),
        ("a.csv", CSV.replace("uU/mL", "mmHg"), "a.csv: row 1: no column insulin .*'mmHg' is not a known unit"),
        ("a.csv", "", "a.csv: is empty; a header"),
        (
            "a.csv",
            "time_min,insulin_nM\n" + "".join(f"{i},1\n" for i in range(100_001)),
            "row 100002: a table of more than 100,000",
        ),
        ("a.csv", "# remark\n" * 300_000 + "time_min,insulin_nM\n0,1\n", r"a.csv: has 2.7 MB; at most 2 MB"),
        ("a.xlsx", "PK\x03\x04", r"a.xlsx: a table as CSV \(.csv or .txt\) is needed"),
        ("a.csv", "PK\x03\x04\0\0", "a.csv: is no text in UTF-8"),
        ("a.csv", "time [min],insulin [\ufffdU/mL]\n", "a.csv: is no text in UTF-8"),
    ],
)
def test_a_table_that_cannot_be_read_is_refused_with_its_place(draft: Draft, file: str, text: str, said: str):
    with pytest.raises(ScenarioError, match=said):
        draft.recorded(0, file, text)


def test_a_table_of_the_most_rows_is_taken(draft: Draft):
    rows = "".join(f"{i},{i % 7}\n" for i in range(100_000))
    recorded = draft.recorded(2, "long.csv", f"time_min,insulin_nM\n{rows}")
    assert len(recorded.scenario.protocol.segments[3].times_min) == 100_000
    times, doses = preview.curve(recorded.scenario.protocol)
    assert len(times) <= preview.MOST_POINTS
    assert (doses.min(), doses.max()) == (0.0, 10.0)


@pytest.mark.parametrize(
    ("file", "text", "said"),
    [
        ("a.toml", 'name = "a"\nexposure = 3\n', "a.toml: exposure: 3 given; a list is needed"),
        ("a.toml", "name = \n", "a.toml: line 1, column 8: Invalid value"),
        ("a.toml", 'name = "a"\n[[exposure]]\nkind = "series"\nfile = "b.csv"\n', "no other file is read"),
        ("a.json", "{}", r"a.json: a scenario file \(.toml\) is needed"),
        ("a.toml", "#" * 2_000_001, "a.toml: has 2.0 MB; at most 2 MB"),
        ("a.toml", "a = " + "[" * 5000, "a.toml: .*nested too deeply|a.toml: line 1"),
    ],
)
def test_a_scenario_file_that_cannot_be_read_is_refused(file: str, text: str, said: str):
    with pytest.raises(ScenarioError, match=said):
        Draft.opened(file, text)


# -- the curve ---------------------------------------------------------------------------------------------------------


def test_the_curve_is_the_exposure_itself(draft: Draft):
    protocol = every_kind(draft).scenario.protocol
    times, doses = preview.curve(protocol)
    assert times[0] == 0.0
    assert times[-1] == protocol.duration_min
    jumps = np.flatnonzero(np.diff(times) == 0.0)
    for i, (time, dose) in enumerate(zip(times.tolist(), doses.tolist(), strict=True)):
        before = i in jumps or i == len(times) - 1
        assert dose == protocol.value(math.nextafter(time, 0.0) if before and time else time)
    assert doses.max() == pytest.approx(protocol.max_nM, rel=0.02)


def test_a_month_of_pulses_is_drawn_with_few_points_and_all_its_height():
    pulses = [
        {"kind": "pulses", "duration": "30 d", "base": "0.1 nM", "peak": "3 nM", "width": "1 min", "period": "5 min"}
    ]
    protocol = Scenario.from_dict({"name": "beat", "exposure": pulses}).protocol
    times, doses = preview.curve(protocol)
    assert len(times) <= preview.MOST_POINTS
    assert (doses.min(), doses.max()) == (0.1, 3.0)


def test_handles_stand_on_the_curve(draft: Draft):
    edited = every_kind(draft)
    protocol, starts = edited.scenario.protocol, preview.bounds(edited.scenario.protocol)
    seen = set()
    for i, segment in enumerate(edited.segments):
        for handle in edited.handles(i):
            seen.add((segment["kind"], handle.key))
            time = starts[i] + handle.at_min
            near = [protocol.value(max(time + shift, 0.0)) for shift in (-1e-6, 0.0)]
            assert any(math.isclose(handle.nM, value, rel_tol=1e-3, abs_tol=1e-12) for value in near), (segment, handle)
    doses = {(kind, field.key) for kind in KINDS for field in KINDS[kind].fields if field.measure == "insulin"}
    assert seen == doses | {(kind, "duration") for kind in KINDS}


@pytest.mark.parametrize(
    ("kind", "key", "to", "said"),
    [
        ("constant", "insulin", 3.14159, "3.1 nM"),
        ("constant", "insulin", 0.0002, "0 nM"),
        ("constant", "duration", 97.3, "97 min"),
        ("constant", "duration", 1439.0, "24 h"),
        ("constant", "duration", 0.0, "0.5 min"),
        ("washout", "duration", 7000.0, "116 h"),
        ("meals", "rise", 2.05, "2 nM"),
        ("oscillation", "amplitude", 1.5, "0.5 nM"),
    ],
)
def test_a_handle_that_is_dragged_changes_its_value(draft: Draft, kind: str, key: str, to: float, said: str):
    at_hand = draft.added(kind, 0)
    dragged = at_hand.dragged(1, key, to)
    assert dragged.segments[1][key] == said
    others = [segment for i, segment in enumerate(dragged.segments) if i != 1]
    assert others == [segment for i, segment in enumerate(at_hand.segments) if i != 1]


def test_arrow_keys_move_a_handle_up_and_down_the_same_way(draft: Draft):
    assert draft.nudged(1, "insulin", 1).segments[1]["insulin"] == "11 nM"
    assert draft.nudged(1, "insulin", 1).nudged(1, "insulin", -1).segments[1]["insulin"] == "10 nM"
    between = draft.changed(1, "insulin", "10.5 nM")
    assert [between.nudged(1, "insulin", by).segments[1]["insulin"] for by in (1, -1)] == ["11 nM", "10 nM"]
    assert draft.nudged(1, "insulin", 20).segments[1]["insulin"] == "100 nM"
    assert draft.nudged(1, "insulin", -20).segments[1]["insulin"] == "1 nM"
    assert draft.nudged(0, "insulin", 1).segments[0]["insulin"] == "1 pM"
    assert draft.nudged(0, "insulin", 1).nudged(0, "insulin", -1).segments[0]["insulin"] == "0 nM"
    assert draft.nudged(1, "duration", 1).segments[1]["duration"] == "24.5 h"
    assert draft.nudged(1, "duration", 1).nudged(1, "duration", -1) == draft


# -- the session -------------------------------------------------------------------------------------------------------


class Reader:
    """Does what the page does."""

    def __init__(self, scenario: Scenario) -> None:
        self.ran: list[Scenario] = []
        self.saved: list[dict] = []
        self.editing = editor.Editing()
        self.editing.widget.send = self.saved.append
        self.editing.attend(scenario, own=False, run=self.ran.append)

    def ask(self, what: str, **more: object) -> dict:
        self.editing.hear({"do": what, "count": self.state["count"] + 1, **more})
        return self.state

    @property
    def state(self) -> dict:
        return self.editing.widget.state


def test_a_session_edits_runs_and_saves(day: Scenario):
    reader = Reader(day)
    assert reader.ask("add", kind="pulses", segment=1)["selected"] == 2
    assert reader.ask("set", segment=2, key="peak", text="3 nM")["valid"]
    assert reader.ask("csv", file="plasma.csv", text=CSV)["done"] == "plasma.csv is segment 4 now."
    assert reader.ask("csv", file="plasma.csv", text="x")["note"].startswith("plasma.csv: row 1: no column time")
    assert len(reader.state["segments"]) == 5
    reader.ask("save")
    (file,) = reader.saved
    assert file["save"] == "my_chronic_insulin.toml"
    assert scenario_text.read(file["text"]) == reader.editing.draft.scenario
    reader.ask("run")
    assert reader.ran == [reader.editing.draft.scenario]
    assert reader.ask("toml", file="b.toml", text=file["text"])["segments"][2]["kind"] == "pulses"


def test_a_movement_of_the_hand_is_one_thing_to_take_back(day: Scenario):
    reader = Reader(day)
    for to in (3.0, 5.0, 7.0):
        reader.ask("drag", segment=1, key="insulin", gesture="1", to=to)
    assert reader.state["segments"][1]["fields"][1]["text"] == "7 nM"
    reader.ask("drag", segment=1, key="insulin", gesture="2", to=2.0)
    assert reader.ask("undo")["segments"][1]["fields"][1]["text"] == "7 nM"
    back = reader.ask("undo")
    assert back["segments"][1]["fields"][1]["text"] == "10 nM"
    assert not back["undo"]


def test_what_can_be_taken_back_holds_few_recorded_numbers(day: Scenario, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(editor, "_MOST_WEIGHT", 500)
    reader, table = Reader(day), "time_min,insulin_nM\n" + "".join(f"{minute},1\n" for minute in range(100))
    for count in range(6):
        reader.ask("csv", segment=0, file="series.csv", text=table)
        drafts = reader.editing._drafts
        assert len(drafts) == 2 or sum(draft.weight for draft in drafts) <= 500
        assert len(reader.editing.draft.segments) == count + 4
    assert len(reader.ask("undo")["segments"]) == 8
    assert not reader.state["undo"]
    for _ in range(3):
        reader.ask("name", text="n")
        reader.ask("name", text="x" * 1000)
    assert len(reader.editing._drafts) == 2


def test_a_protocol_holds_no_more_numbers_than_a_run_may(day: Scenario, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(drafts, "MOST_NUMBERS", 500)
    reader, table = Reader(day), "time_min,insulin_nM\n" + "".join(f"{minute},1\n" for minute in range(100))
    reader.ask("csv", segment=0, file="series.csv", text=table)
    assert reader.ask("double", segment=1)["note"] == ""
    for ask in ({"do": "double"}, {"do": "csv", "file": "series.csv", "text": table}):
        note = reader.ask(ask.pop("do"), segment=1, **ask)["note"]
        assert "the protocol would hold 6" in note
        assert "at most 500 are allowed" in note
        assert len(reader.state["segments"]) == 5


def test_a_hand_finds_its_way_back_from_what_cannot_be(day: Scenario):
    reader = Reader(day)
    reader.ask("add", kind="oscillation", segment=0)
    assert not reader.ask("drag", segment=1, key="amplitude", gesture="1", to=4.0)["valid"]
    assert reader.ask("drag", segment=1, key="amplitude", gesture="1", to=1.5)["valid"]


def test_while_there_are_faults_the_last_sound_curve_stays_and_nothing_runs(day: Scenario):
    reader = Reader(day)
    curve = reader.editing.widget.curve
    state = reader.ask("set", segment=1, key="insulin", text="much")
    assert (state["valid"], state["grips"]) == (False, [])
    assert reader.editing.widget.curve == curve
    assert reader.ask("run")["note"].startswith("exposure[1].insulin: 'much'")
    assert reader.ask("save")["valid"] is False
    assert (reader.ran, reader.saved) == ([], [])


def test_a_draft_stays_while_its_scenario_does_and_gives_way_to_another(day: Scenario):
    reader = Reader(day)
    reader.ask("set", segment=1, key="insulin", text="3 nM")
    reader.editing.attend(day, own=False, run=reader.ran.append)
    assert reader.state["segments"][1]["fields"][1]["text"] == "3 nM"
    reader.editing.attend(reader.editing.draft.scenario, own=True, run=reader.ran.append)  # it was run
    assert len(reader.state["segments"]) == 3
    reader.editing.attend(io.load_scenario("washout"), own=False, run=reader.ran.append)
    assert [segment["kind"] for segment in reader.state["segments"]] == ["constant", "washout"]
    assert reader.ask("undo")["segments"][1]["fields"][1]["text"] == "3 nM"


def test_messages_that_name_no_segment_or_no_deed_change_nothing(day: Scenario):
    reader = Reader(day)
    before = reader.editing.draft
    for message in (
        {"what": "fly"},
        {"what": "add", "kind": "series"},
        {"what": "undo"},
        {"what": "select", "segment": 99},
    ):
        reader.ask(message.pop("what"), **message)
    assert reader.ask("set", segment=0, key="__class__", text="1")["note"] == "exposure[0].__class__: no such key"
    assert reader.editing.draft is before
