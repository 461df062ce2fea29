"""Text that is read as TOML: bounded before it is parsed, and nothing that is allowed is touched by that."""

import tomllib
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trafficking import faults, io, scenario_text, toml
from trafficking.body_files import load_body
from trafficking.dashboard.draft import Draft
from trafficking.scenario import ScenarioError

DOTTED = ".".join("a" * 20_000)
SOUND = 'name = "x"\n[[exposure]]\nkind = "constant"\nduration = "1 h"\ninsulin = "1 nM"\n'

TOO_MUCH = {
    "a dotted key": f"{DOTTED} = 1",
    "a quoted one": ".".join(['"a"'] * 20_000) + " = 1",
    "one with blanks": " . ".join("a" * 20_000) + " = 1",
    "one of a table": f"[{DOTTED}]",
    "one of an inline table": f"a = {{{DOTTED} = 1}}",
    "one behind a string of four quotation marks": f'a = {{b = """x"""", {DOTTED} = "c"}}',
    "one behind a string of letters": f"a = {{b = '''x\"'''', {DOTTED} = 'c'}}",
    "one behind a mark in a string": f'a = "\\"" \n{DOTTED} = "x"',
    "a list of tables": f"[[{DOTTED}]]\nb = 1",
    "a long header above many keys": f"[{'.'.join('a' * 5000)}]\n" + "".join(f"k{i}.b = 1\n" for i in range(2000)),
    "lists within lists": "a = " + "[" * 20_000,
    "tables within tables": "a = " + "{a = " * 20_000,
}


@pytest.mark.parametrize("text", TOO_MUCH.values(), ids=TOO_MUCH)
def test_what_is_nested_beyond_any_scenario_is_refused_before_it_is_parsed(text: str):
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match=r"^line [12]: nested too deeply; a scenario needs five levels at most$"):
            toml.read(text)
        assert tracemalloc.get_traced_memory()[1] < 10 * len(text) + 1_000_000
    finally:
        tracemalloc.stop()


def many(line: str) -> str:
    return "".join(line.format(i) for i in range(2_000_000 // len(line.format(10**5))))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (many("k{0}.a.b.c.d.e.f.g.h.i.j = 1\n"), "line 18182: more than 200,000 keys, tables and lists"),
        (many("[k{0}]\n"), "line 100001: more than 200,000 keys, tables and lists"),
        (many("[[k]]\n"), "line 50001: more than 200,000 keys, tables and lists"),
        ("a = [" + "{a.a=1}," * 200_000 + "]", "line 1: more than 200,000 keys, tables and lists"),
        ("a = " + "9" * 5000, "line 1: a number or key of 5,000 characters; at most 1,000 are allowed"),
        ("b = 1\na = 0x" + "f" * 5000, "line 2: a number or key of 5,002 characters; at most 1,000 are allowed"),
        ("-" * 1_000_000, "line 1: a number or key of 1,000,000 characters; at most 1,000 are allowed"),
        ('["' + "k" * 9000 + '"]\n' + '["' + "k" * 9000 + '"]', "line 2, column 9004: Cannot declare ("),
    ],
    ids=lambda given: given[:12] if len(given) < 200 else "",
)
def test_what_takes_more_than_its_length_suggests_is_refused_in_a_line(text: str, says: str):
    with pytest.raises(ValueError, match="^line ") as refused:
        toml.read(text)
    assert str(refused.value).startswith(says)
    assert len(str(refused.value)) < 300
    assert "\n" not in str(refused.value)


SPARED = {
    "dots in a string": f'a = "{DOTTED}"',
    "in a literal one": f"a = '{DOTTED}'",
    "in long ones": f'a = """{DOTTED}\n"" \\""" {DOTTED}"""""\nb = \'\'\'{DOTTED}\'\'\'\'\'',
    "in a quoted key": f'"{DOTTED}" = 1',
    "in a comment": f"a = 1 # {DOTTED} \"\n# '''\n",
    "in many numbers": "a = [" + "1.5, " * 50_000 + "]",
    "marks in strings": "a = [" + '"[", "{", \'"\', ' * 20_000 + "]",
    "lists in a list": "a = [" + "[1.5, 2.5], " * 20_000 + "]",
    "tables in a list": "a = [" + "{ b.c = 1.5 }, " * 20_000 + "]",
    "windows": 'a = """x\r\ny"""\r\n[b]\r\nc = 1\r\n',
    "many digits": f"a = {'9' * 1000}\nb = 0x{'f' * 998}",
}


@pytest.mark.parametrize("text", SPARED.values(), ids=SPARED)
def test_what_strings_and_comments_hold_is_not_measured(text: str):
    assert toml.read(text) == tomllib.loads(text)


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.sampled_from(['"', "'", '"""', "'''", "\\", "\n", "#", "a", ".", "=", "[", "]", "{", "}", ",", "1"]))
)
def test_the_measure_sees_the_strings_that_the_parser_sees(parts: list[str]):
    """Behind any beginning that the parser accepts, a key is seen as one."""
    start = "".join(parts)
    try:
        tomllib.loads(start)
        tomllib.loads(f"{start}\n{'.'.join('b' * 22)} = 1")
    except tomllib.TOMLDecodeError:
        return
    with pytest.raises(ValueError, match="nested too deeply"):
        toml.read(f"{start}\n{'.'.join('b' * 22)} = 1")


def test_every_way_in_is_bounded(tmp_path):
    text, file = f"{SOUND}\n{DOTTED} = 1", tmp_path / "x.toml"
    file.write_text(text)
    sound = tmp_path / "sound.toml"
    sound.write_text(SOUND)
    ways = [
        lambda: io.load_scenario(file),
        lambda: load_body(file),
        lambda: io.parsed_toml(text),
        lambda: scenario_text.read(text),
        lambda: Draft.opened("x.toml", text),
        lambda: io.load_scenario(sound, {DOTTED: "1"}),
        lambda: faults.override({}, DOTTED, "1"),
    ]
    for way in ways:
        with pytest.raises(ScenarioError, match="nested too deeply") as refused:
            way()
        assert len(refused.value.lines) == 1
    for value in ("9" * 5000, f"[{'9' * 5000}]", "[" * 5000, f"{{{DOTTED} = 1}}"):
        with pytest.raises(ScenarioError, match="receptors: .* a whole number from 1 to") as refused:
            io.load_scenario(sound, {"receptors": value})
        assert len(refused.value.lines) == 1


def test_half_of_a_surrogate_pair_is_refused_in_a_line_wherever_it_stands(tmp_path):
    half = "\udcff"  # as in an argument of the command line that is no UTF-8
    (tmp_path / "sound.toml").write_text(SOUND)
    for text in (
        SOUND.replace("x", half),
        SOUND.replace("1 nM", f"1 {half}"),
        f"title = '{half}'\n{SOUND}",
        f"'{half}' = 1\n{SOUND}",
        f"a{half} = 1\n{SOUND}",
        f"{SOUND}# {half}",
    ):
        for way in (scenario_text.read, lambda text: Draft.opened("x.toml", text)):
            with pytest.raises(ScenarioError, match=r"line \d: half of a surrogate pair") as refused:
                way(text)
            assert len(refused.value.lines) == 1
    for key, value in (("name", half), ("title", f"'{half}'"), (half, "1"), ("receptors", half)):
        with pytest.raises(ScenarioError) as refused:
            io.load_scenario(tmp_path / "sound.toml", {key: value})
        assert len(refused.value.lines) == 1
        refused.value.lines[0].encode()


def test_the_first_faults_of_very_many_are_said_and_the_others_counted():
    keys = "".join(f"key{i} = 1\n" for i in range(5000))
    with pytest.raises(ScenarioError) as refused:
        scenario_text.read(keys + SOUND)
    assert refused.value.lines[0].startswith("key0: no such key")
    assert refused.value.lines[-1] == "... and 4950 more faults"
    assert len(refused.value.lines) == 51
    with pytest.raises(ScenarioError) as refused:
        scenario_text.read(f"{'k' * 900} = 1\n{SOUND}")
    assert len(refused.value.lines[0]) < 500
