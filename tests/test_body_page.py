"""The page on the body is in step with the data that it shows."""

from pathlib import Path

from trafficking import physiology, readouts, signals
from trafficking.consequences import consequences
from trafficking.interventions import arrows, interventions

PAGE = (Path(__file__).parent.parent / "docs" / "body.md").read_text(encoding="utf-8")


def rows() -> list[str]:
    """Every row that the page must hold, made from the data."""
    found = [
        f"| {each.symbol} | {each.value:g} | {each.unit} | {each.meaning} | {each.status} | {each.source} |"
        for each in physiology.constants().values()
    ]
    found += [
        f"| {name} | {entry['value']:g} | {entry['meaning']} | {entry['status']} |"
        for table in (signals.constants(), arrows())
        for name, entry in table.items()
    ]
    found += [
        f"| {row.organ} | {row.words} | {row.resistant} | {row.clinical_end} | {row.grade} | {row.source} |"
        for row in readouts.rows()
    ]
    found += [
        f"| {each.title} | {each.seen} | {each.grade} | {each.source} | {each.note} |"
        for each in interventions().values()
    ]
    found += [
        f"| {row['name']} | {row['driver']} | {row['direction']} | {row['grade']} | {row['source']} | {row['note']} |"
        for row in consequences()
    ]
    return found


def test_the_page_holds_every_row_of_the_data():
    assert [row for row in rows() if row not in PAGE.splitlines()] == []


def test_the_page_says_what_it_is_not():
    assert "not medical advice" in PAGE
    assert "Glucagon" in PAGE
