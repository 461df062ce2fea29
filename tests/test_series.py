"""Recorded series: a table that could be read in two ways is refused, with its row, the likely cause and the fix."""

import re
import tracemalloc

import pytest

from trafficking import io, report, series
from trafficking.dashboard.draft import Draft
from trafficking.scenario import Scenario, ScenarioError

HEADER = "time [min],insulin [pM]\n"


def refused(text: str) -> str:
    with pytest.raises(ScenarioError) as fault:
        series.columns(text)
    assert all(len(line) < 400 and "\n" not in line for line in fault.value.lines)
    return "\n".join(fault.value.lines)


def read(text: str) -> tuple[list[float], list[float]]:
    table = series.columns(text)
    return table["times"], table["insulin"]


# -- cells -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ("0,36\n30,1,204\n", "row 3: 3 cells under a header of 2 in '30,1,204'; is 1,204 .* thousands. Write 1204"),
        ("0,0,35\n30,2,1\n", "row 2: 3 cells .*decimal commas. Save the table with decimal points"),
        ('"1",0,36\n"2",30,300\n', r"row 2: 3 cells .*row names. .*row.names = FALSE"),
        ("1,0,36\n2,30,300\n", r"row 3: 3 cells .*row names. .*row.names = FALSE"),
        ("0,36,\n30,300,\n", "row 3: 3 cells .*remove the comma at its end"),
        ("0,36\n30,3e2,a, b, c\n", "row 3: 5 cells .*in quotation marks"),
        ("0,36\n30\n", "row 3: 1 cell under a header of 2 in '30'; an empty cell needs its comma"),
        ('0,"1,204"\n', "row 2: insulin is '1,204'; write a decimal point and no separator of thousands"),
        ("0,1\u00a0204\n", r"row 2: insulin is '1\\xa0204'; .*U\+00A0"),
        ("0,1\u202f204\n", r"row 2: insulin is .*U\+202F"),
        ("\u22125,1\n", r"row 2: time is '\u22125'; .*U\+2212"),
        ("-5,1\n", "row 2: time is -5.0; it must not be negative: count times from the first row"),
        ("0,\n", "row 2: insulin is ''; .*leave the row out"),
        ("0,NA\n", "row 2: insulin is 'NA'; .*leave the row out"),
        ("0,inf\n", "row 2: insulin is 'inf'; a number is needed"),
        ("0,1_0\n", "row 2: insulin is '1_0'; a number is needed"),
        ("0,<2\n", "row 2: insulin is '<2'; a number is needed"),
        ("0,1\n0,2\n", "row 3: time 0.0 comes after 0.0; .*one row per time"),
        ('0,1\n1,"2\n2,3\n3,4\n', "row 3: a quotation mark is not closed in its row"),
        ('0,1\n1,"2"0\n', "row 3: a quotation mark closes before the cell ends"),
        ("0,1\n# drawn late\n1,2\n", "row 3: '# drawn late' begins with #; remarks stand above the header only"),
        ("0,1\n #1,2\n", "row 3: .*begins with #"),
        ("0,2000000001\n", "row 2: insulin 2e.09 pM is 2,000,000 nM; at most 1,000,000 nM"),
    ],
)
def test_a_row_that_could_mean_something_else_is_refused(rows: str, said: str):
    assert re.search(said, refused(HEADER + rows))


@pytest.mark.parametrize(
    "text",
    [
        "\ufeff" + HEADER + "0,36\n30,300\n",
        (HEADER + "0,36\n30,300\n").replace("\n", "\r"),
        (HEADER + "0,36\n30,300\n").replace("\n", "\r\n"),
        '# a "remark, with half a quotation\n' + HEADER + "\n0,36\n\n30,300",
        "time [min],insulin [pM],\n0,36,\n,,\n30,300,\n",
        'sample,time [min],insulin [pM]\n"#1",0,36\n"a ""b"", c",30,300\n',
        '"time [min]","insulin [pM]"\n"0","36"\n"+3e1","300."\n',
        "time_min,insulin_pM,insulin_sd\n0,36,4\n30,300,\n",
    ],
)
def test_a_row_that_can_mean_one_thing_only_is_read(text: str):
    assert read(text) == ([0.0, 30.0], [36.0, 300.0])


def test_a_labelled_row_is_data_or_refused_and_never_passed_over():
    text = "sample,time [min],insulin [pM]\n1,0,42\n{},30,300\n3,60,200\n"
    assert read(text.format('"#2"')) == ([0.0, 30.0, 60.0], [42.0, 300.0, 200.0])
    assert refused(text.format("#2")).startswith("row 3: '#2,30,300' begins with #")


# -- the header --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("header", "said"),
    [
        ("time [min];insulin [pM]", "separated by semicolons"),
        ("time [min];insulin [pM];mean, SD", "separated by semicolons"),
        ("time [min]\tinsulin [pM]", "separated by tabs"),
        ('"time_min" "insulin_pM"', "separated by spaces"),
        ("Time (min),insulin [pM]", "for 'Time (min)' write time [min]"),
        ("time [min],insulin [pmol L-1]", "for 'insulin [pmol L-1]' write insulin [pmol/L]"),
        ("time [min],Insulin (pmol·L⁻¹)", "write insulin [pmol/L]"),
        ("time [min],insulin [pmol per L]", "write insulin [pmol/L]"),
        ("TIME [MIN],insulin [pM]", "write time [min]"),
        ("time,insulin [pM]", "'time' has no unit: write time [min]"),
        ("time [min],insulin [mmHg]", "'mmHg' is not a known unit of insulin: write one such as pM"),
        ("time [min],plasma insulin [pM]", "'plasma insulin [pM]' is not read: write insulin [uU/mL]"),
        ("time [min],insulin [pM],insulin [pM]", "2 columns insulin"),
        ("#time [min],insulin [pM]", "looks like the header; remove its #"),
        ('time [min],"insulin [pM]', "a quotation mark is not closed in its row"),
        ("time [min],insulin [" + "a" * 19_000 + "]", "no column insulin"),
    ],
)
def test_a_header_that_is_not_read_is_told_what_to_write(header: str, said: str):
    assert said in refused(f"{header}\n0,1\n1,2\n")


def test_the_columns_of_a_group_are_not_read_as_molar():
    assert "insulin 60 M is 60,000,000,000 nM; at most 1,000,000 nM" in refused(
        "time_min,insulin_M,glucose_M\n0,60,90\n"
    )


# -- large files -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (HEADER + "x,1\n" * 500_000, "... and more; reading stopped at row 52"),
        (HEADER + "# r\n" * 500_000, "... and more; reading stopped at row 52"),
        (HEADER + '0,"1\n' + "1,2\n" * 500_000, "row 2: a quotation mark is not closed"),
        (HEADER + ",\n" * 1_000_000, "row 100002: a table of more than 100,000 rows"),
        (HEADER + "1," * 1_000_000, "row 2: has 2,000,000 characters; at most 20,000"),
        ("# time [min],insulin [pM]\n" * 80_000, "no header in the first 10,000 rows"),
    ],
    ids=["words", "remarks", "quotation", "commas", "one row", "no header"],
)
def test_a_large_wrong_table_is_refused_without_being_held(text: str, said: str):
    tracemalloc.start()
    try:
        assert said in refused(text)
        assert tracemalloc.get_traced_memory()[1] < 10 * len(text)  # its characters once more, and no rows
    finally:
        tracemalloc.stop()


def test_of_a_long_list_of_faults_the_first_are_said():
    listed = {"kind": "series", "times": ["x"] * 90_000, "insulin": [1.0] * 90_000}
    with pytest.raises(ScenarioError) as fault:
        Scenario.from_dict({"name": "a", "exposure": [listed]})
    assert fault.value.lines[0].startswith("exposure[0].times[0]: 'x' given; a number of at least 0")
    assert len(fault.value.lines) == 51


# -- limits and the start ----------------------------------------------------------------------------------------------


def recorded(**keys: object) -> Scenario:
    table = {"kind": "series", "times": [8.0, 8.5, 9.0, 10.0], "insulin": [6, 60, 48, 20], "time_unit": "h"} | keys
    return Scenario.from_dict({"name": "a", "exposure": [{k: v for k, v in table.items() if v is not None}]})


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"insulin_unit": "M"}, r"exposure\[0\].insulin\[0\]: 6 M given, 6,000,000,000 nM; .* Is 'M' the unit"),
        ({"scale": 1e6}, r"exposure\[0\].insulin\[0\]: 6 nM times 1e\+06 given, 6,000,000 nM; at most 1,000,000 nM"),
        ({"times": [0, 1, 2, 9e8]}, r"exposure\[0\].times\[3\]: 9e\+08 h given, .* d; at most 5,970,000 d"),
        ({"insulin_unit": "pmol L-1"}, r'exposure\[0\].insulin_unit: .*a unit such as "pmol/L" is needed'),
        ({"start": "9 h"}, r"exposure\[0\].start: 9 h given; at most 8 h, the first of `times`"),
    ],
)  # fmt: skip
def test_a_series_is_held_to_the_limits_of_every_exposure(keys: dict, said: str):
    with pytest.raises(ScenarioError, match=said):
        recorded(**keys)


def test_hours_of_the_day_are_said_until_a_start_is_given():
    said = "the first value, 6 nM, is held for 8 h in front of the series"
    clock = recorded()
    assert len(clock.remarks) == 1
    assert clock.remarks[0].startswith(f"exposure[0]: {said}")
    assert 'start = "8 h" begins with them' in clock.remarks[0]
    assert said in report.caution(clock)
    assert "10 h of a recorded series (6 nM to 60 nM, its first value for 8 h in front)" in report.protocol_words(clock)
    assert recorded(start="0 min").remarks == []
    assert recorded(start="0 min").protocol == clock.protocol


def test_a_series_begins_where_it_is_told_to():
    started = recorded(start="8 h")
    assert (started.duration_min, started.remarks) == (120.0, [])
    assert [started.protocol.value(time) for time in (0.0, 30.0, 60.0)] == [6.0, 60.0, 48.0]
    assert recorded(start="7.5 h").protocol.value(60.0) == 60.0
    assert recorded(times=[8.1, 9.0], insulin=[1, 2], start="8.1 h").protocol.segments[0].times_min[0] == 0.0


@pytest.mark.parametrize("start", [None, "0 min", "7 h"])
def test_a_series_that_is_cut_or_steered_keeps_what_was_said_of_its_start(start: str | None):
    made = recorded(start=start)
    for changed in (
        made.lasting(500.0),
        made.lasting(30.0),
        made.steered(550.0, 1.0, 600.0),
        made.steered(900.0, 1.0, 1000.0),
    ):
        assert bool(changed.remarks) == (start is None)
        assert changed.protocol.value(20.0) == made.protocol.value(20.0)
        assert Scenario.from_dict(changed.to_dict()).remarks == changed.remarks


def test_a_series_that_is_never_reached_says_so():
    assert "beyond its end at 1 h: only 6 nM is given" in recorded(duration="1 h").remarks[0]


def test_the_page_says_of_a_table_what_a_file_would():
    draft = Draft.of(io.load_scenario("washout"), own=False)
    with pytest.raises(ScenarioError, match="a.csv: row 3: 3 cells under a header of 2"):
        draft.recorded(0, "a.csv", HEADER + "0,36\n30,1,204\n")
    late = draft.recorded(0, "a.csv", HEADER + "480,36\n510,300\n")
    assert late.scenario.remarks[0].startswith("exposure[1]: the first value, 0.036 nM, is held for 8 h")
    begun = late.changed(1, "start", "8 h")
    assert begun.scenario.remarks == draft.scenario.remarks
    assert begun.scenario.protocol.segments[1].times_min == (0.0, 30.0)
