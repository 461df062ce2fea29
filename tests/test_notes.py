"""What pages hold over a reload: notes on disk by the id of a tab, read as what comes from a stranger."""

import json
import os
import time
from pathlib import Path

import numpy as np
import pytest

from trafficking import io as files
from trafficking.dashboard import kept_runs, pinboard, pins
from trafficking.dashboard.form import Form
from trafficking.dashboard.notes import Note, Notes
from trafficking.dashboard.pages.body import Person
from trafficking.dashboard.pages.compare import Comparison
from trafficking.dashboard.sight import Sight

A_TAB = "T" * 24


pytestmark = pytest.mark.usefixtures("place")


def of_tab(tab: str) -> Notes:
    found = Notes()
    found.know(tab)
    return found


def test_a_note_waits_for_the_tab_and_comes_back_to_it_alone():
    of_tab(A_TAB).put("body", Note({"year": 3.5}, {"rows": np.arange(4.0)}))
    session, seen = Notes(), []
    session.recall("body", seen.append)
    assert seen == []
    session.know(A_TAB)
    session.know("U" * 24)  # a browser says it once
    assert seen[0].words == {"year": 3.5}
    assert seen[0].arrays["rows"].tolist() == [0.0, 1.0, 2.0, 3.0]
    for tab in ("U" * 24, "", "../" * 8, "x"):
        of_tab(tab).recall("body", seen.append)
    assert seen[1:] == [None] * 4


@pytest.mark.parametrize("tab", ["", "../../etc/passwd", "A" * 25, "\0" * 24])
def test_a_tab_that_is_none_writes_nothing(place: Path, tab: str):
    of_tab(tab).put("body", Note({}))
    assert not place.exists()


@pytest.mark.parametrize("data", [b"", b"PK", b"junk" * 100, Note({"a": 1}).to_bytes()[:-30]])
def test_a_damaged_note_is_none(place: Path, data: bytes):
    place.mkdir()
    (place / f"{A_TAB}.body.notes").write_bytes(data)
    seen: list[Note | None] = []
    of_tab(A_TAB).recall("body", seen.append)
    assert seen == [None]


def test_a_note_that_would_run_code_is_none(place: Path):
    place.mkdir()
    np.savez(place / "note.npz", words=np.array([{"a": print}], dtype=object))
    (place / "note.npz").rename(place / f"{A_TAB}.body.notes")
    seen: list[Note | None] = []
    of_tab(A_TAB).recall("body", seen.append)
    assert seen == [None]


def test_old_notes_go_and_others_files_stay(place: Path):
    of_tab(A_TAB).put("body", Note({}))
    of_tab("U" * 24).put("compare", Note({}))
    (place / "mine.notes").write_text("a reader's own")
    old = time.time() - (kept_runs.OLDEST_DAYS + 1.0) * 86400.0
    for name in (f"{A_TAB}.body.notes", "mine.notes"):
        os.utime(place / name, (old, old))
    kept_runs.clean()
    assert sorted(path.name for path in place.iterdir()) == ["U" * 24 + ".compare.notes", "mine.notes"]


def test_pins_come_back_with_every_number():
    scenario = files.load_scenario("chronic_insulin", {"receptors": "500", "resolution": "counts"})
    many = pins.computed(scenario, name="many", look=2, replicates=3, seed=4, progress=lambda share: None)
    one = pins.computed(scenario, name="one", look=0, replicates=1, seed=4, progress=lambda share: None)
    note = Note.from_bytes(pinboard.noted([many, one], {"unit": "receptors"}).to_bytes())
    assert note.words["chosen"] == {"unit": "receptors"}
    again = pinboard.recalled(note)
    for pin, back in zip([many, one], again, strict=True):
        assert (back.name, back.made, back.look, back.seed, back.reference) == (
            pin.name, pin.made, pin.look, pin.seed, pin.reference,
        )  # fmt: skip
        assert back.scenario == pin.scenario
        assert back.half_times.loss_min == pin.half_times.loss_min
        assert all((back.values[name] == pin.values[name]).all() for name in pin.values)
        assert (back.time_min == pin.time_min).all()


@pytest.mark.parametrize(
    "wrong", [{"look": 99}, {"look": "x"}, {"scenario": {}}, {"half_times": 3}, {"reference": None}]
)
def test_a_pin_that_cannot_be_read_is_left_out(wrong: dict):
    scenario = files.load_scenario("basal", {"resolution": "mean"})
    pin = pins.computed(scenario, name="one", look=0, replicates=1, seed=4, progress=lambda share: None)
    note = pinboard.noted([pin], {})
    (words,) = note.words["pins"]
    assert pinboard.recalled(Note({"pins": [words | wrong, words]}, note.arrays))[0].name == "one"
    assert len(pinboard.recalled(Note({"pins": [words | wrong]}, note.arrays))) == 0


def test_a_form_that_is_no_longer_taken_opens_as_at_first():
    def check(values: dict) -> None:
        if values["years"] > 40:
            raise ValueError("too long")

    def recalled(note: Note | None) -> tuple[dict, bool]:
        form = Form(fields=[{"name": "years", "value": 15}])
        return form.recall(note, check), bool(form.filled)

    assert recalled(None) == ({"years": 15}, False)
    assert recalled(Note({"values": {"years": 20, "other": float("nan")}})) == ({"years": 20}, True)
    for words in ({}, {"values": {"years": 99}}, {"values": 3}, {"values": {"years": "x"}}):
        assert recalled(Note(words)) == ({"years": 15}, False)


def test_pins_come_back_though_they_can_no_longer_be_shown_so():
    scenario = files.load_scenario("basal", {"resolution": "mean"})
    pin = pins.computed(scenario, name="one", look=0, replicates=1, seed=4, progress=lambda share: None)
    page = Comparison()
    page.recall(pinboard.noted([pin], {"quantity": "of another version", "times": "0"}))
    assert [row["cells"][0] for row in page.sheet.state["rows"]] == ["one"]
    page.close()


def test_a_moment_that_is_none_keeps_the_person(monkeypatch: pytest.MonkeyPatch):
    asked = []
    page = Person()
    monkeypatch.setattr(page, "_start", lambda wish, values: asked.append(wish))
    page.begin(Note({"values": {"years": 7}, "year": "soon"}))
    assert (asked[0].years, page.ribbon.year) == (7, 8.0)
    page.close()


@pytest.mark.parametrize(
    "given",
    [
        None, [], "x", {"hidden": 3}, {"hidden": [3, "x" * 99]}, {"zoom": {"hour": [1]}}, {"zoom": {"hour": [2, 1]}},
        {"zoom": {"hour": [0, float("nan")]}}, {"zoom": {"hour": [0, 1e300]}}, {"zoom": {"minute": [0, 1]}},
        {"followed": -1}, {"followed": 2**64}, {"followed": True}, {"followed": "1"}, {"logarithmic": 1},
    ],
)  # fmt: skip
def test_a_sight_leaves_out_what_is_none(given: object):
    assert Sight.of(given) == Sight()


def test_a_sight_comes_back_from_json():
    sight = Sight(("surface",), True, (("hour", -5.0, 20.0), ("whole", 60.0, 90.5)), 2**63 + 5)
    assert Sight.of(json.loads(json.dumps(sight.to_dict()))) == sight
    assert Sight().to_dict() == {}
    assert sight.of_another_run() == Sight(("surface",), True)
