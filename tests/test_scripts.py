"""The page's own scripts: several are put together into one, where a name means one thing."""

import re
from collections.abc import Iterator
from importlib import import_module
from importlib.resources import files
from pathlib import Path
from pkgutil import walk_packages

import anywidget
import pytest

from trafficking import dashboard

NAME = r"[A-Za-z_$][\w$]*"
DECLARED = re.compile(rf"\b(?:const|let|var|class|(?:async )?function)\*? +(?:({NAME})|[\[{{]([^=\]}}]*)[\]}}] *=)")
OURS = Path(str(files(dashboard) / "static"))


def widgets() -> dict[str, type[anywidget.AnyWidget]]:
    """Every widget of the dashboard that has a script."""
    for module in walk_packages(dashboard.__path__, f"{dashboard.__name__}."):
        if not module.name.endswith((".app", ".web")):  # pages that are served
            import_module(module.name)

    def below(kind: type) -> Iterator[type]:
        for one in kind.__subclasses__():
            yield from (one, *below(one))

    found = {one.__name__: one for one in below(anywidget.AnyWidget) if one.__module__.startswith(dashboard.__name__)}
    return {name: one for name, one in found.items() if "_esm" in vars(one)}


def declared(line: str) -> list[str]:
    """The names that a line of a script declares."""
    names: list[str] = []
    for one, many in DECLARED.findall(line):
        names += [one] if one else [part.split(":")[-1].strip(" .") for part in many.split(",")]
    return names


def hidden(script: str) -> set[str]:
    """Names of the whole script that mean another thing somewhere inside it."""
    lines = [line for line in script.splitlines() if len(line) < 2000]  # no library's, which stand in one line
    whole = {name for line in lines if not line.startswith(" ") for name in declared(line)}
    return whole & {name for line in lines if line.startswith(" ") for name in declared(line)}


def test_a_name_that_is_hidden_is_found():
    script = "function hear(event) {\n}\nfunction render() {\n  const [hear, deaf] = listen();\n  const deaf = 1;\n}\n"
    assert hidden(script) == {"hear"}
    assert hidden(script.replace("[hear,", "[alive,")) == set()


@pytest.mark.parametrize("name", sorted(widgets()))
def test_no_part_of_a_script_hides_a_name_of_the_whole(name: str):
    esm = str(widgets()[name]._esm)
    script = esm.partition("\nconst STUDIO = ")[0]
    assert hidden(script) == set()
