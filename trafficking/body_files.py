"""Body scenarios in: those that come with the package, and a user's own."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from trafficking import titles
from trafficking.body_forms import BodyScenario
from trafficking.faults import ScenarioError, nearest, override, shown
from trafficking.io import read_toml, shipped

# Keys that do not move what a life comes to, so that its title still holds when they are set.
_HARMLESS = ("name", "title", "question", "expected", "sources", "notes", "resolution")


def body_names() -> tuple[str, ...]:
    """Names of the body scenarios that come with the package, sorted."""
    return tuple(sorted(path.stem for path in _shipped().glob("*.toml")))


def body_text(name: str) -> str:
    """The file of a body scenario that comes with the package."""
    return (_shipped() / f"{name}.toml").read_text(encoding="utf-8")


def is_body(source: str | Path) -> bool:
    """Whether this names a body scenario, or is a file of one: with a body's keys, and no exposure."""
    if str(source) in body_names():
        return True
    try:
        tables = read_toml(Path(source))
    except (ValueError, RecursionError):  # whoever reads it as something else says what is wrong
        return False
    return "exposure" not in tables and bool({"duration", "insult", "beta_cells"} & tables.keys())


def load_body(source: str | Path, changes: Mapping[str, str] | None = None) -> BodyScenario:
    """Reads a body scenario.

    Args:
        source: path of a TOML file, or the name of a body scenario that comes with the package.
        changes: what to put in place of the file's values, as text, by the path of the key: `{"duration": "5 y"}`.

    Raises:
        ScenarioError: one line per fault, each beginning with the file.
    """
    try:
        given = read_toml(_find(source))
        for key, value in (changes or {}).items():
            given = override(given, key, value)
        return BodyScenario.from_dict(_retitled(given, changes or {}))
    except ScenarioError as fault:
        raise ScenarioError([f"{source}: {line}" for line in fault.lines]) from None
    except RecursionError:
        raise ScenarioError([f"{source}: nested too deeply"]) from None


def body_of(given: Any) -> BodyScenario:
    """The body scenario that is meant: one, or the name or path of one.

    Raises:
        ScenarioError: none of these, or one that cannot be used.
    """
    if isinstance(given, BodyScenario):
        return given
    if isinstance(given, str | Path):
        return load_body(given)
    fix = "; BodyScenario.from_dict makes one of tables" if isinstance(given, Mapping) else ""
    raise ScenarioError([f"scenario: {shown(given)} given; a BodyScenario, or its name or path, is needed{fix}"])


def _retitled(given: dict[str, Any], changes: Mapping[str, str]) -> dict[str, Any]:
    """These tables with a title that says what was changed, without what the unchanged ones ask and expect."""
    moving = {key: text for key, text in changes.items() if key not in _HARMLESS}
    title = given.get("title") or given.get("name")
    if not moving or "title" in changes or not isinstance(title, str):
        return given
    unsaid = {key: "" for key in ("question", "expected") if key not in changes}
    return given | {"title": titles.changed(title, moving)} | unsaid


def _shipped() -> Path:
    return shipped() / "body"


def _find(source: str | Path) -> Path:
    known = body_names()
    if str(source) in known:
        return _shipped() / f"{source}.toml"
    path = Path(source)
    if path.suffix != ".toml" and not path.exists():
        hint = nearest(source, known) or f"; allowed are {', '.join(known)}"
        raise ScenarioError([f"neither a file nor the name of a body scenario{hint}"])
    return path
