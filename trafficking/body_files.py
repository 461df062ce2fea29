"""Body scenarios in: those that come with the package, and a user's own."""

from __future__ import annotations

import tomllib
from importlib.resources import files
from pathlib import Path
from typing import Any

from trafficking.body_forms import BodyScenario
from trafficking.faults import ScenarioError, nearest, shown

_LARGEST = 1_000_000  # bytes


def body_names() -> tuple[str, ...]:
    """Names of the body scenarios that come with the package, sorted."""
    return tuple(sorted(path.stem for path in _shipped().glob("*.toml")))


def load_body(source: str | Path) -> BodyScenario:
    """Reads a body scenario.

    Args:
        source: path of a TOML file, or the name of a body scenario that comes with the package.

    Raises:
        ScenarioError: one line per fault, each beginning with the file.
    """
    try:
        return BodyScenario.from_dict(_tables(_find(source)))
    except ScenarioError as fault:
        raise ScenarioError([f"{source}: {line}" for line in fault.lines]) from None


def _shipped() -> Path:
    """In a wheel the scenarios lie in the package; in a checkout beside it."""
    package = Path(str(files("trafficking")))
    inside = package / "scenarios"
    return (inside if inside.is_dir() else package.parent / "scenarios") / "body"


def _find(source: str | Path) -> Path:
    known = body_names()
    if str(source) in known:
        return _shipped() / f"{source}.toml"
    path = Path(source)
    if path.suffix != ".toml" and not path.exists():
        hint = nearest(source, known) or f"; allowed are {', '.join(known)}"
        raise ScenarioError([f"neither a file nor the name of a body scenario{hint}"])
    return path


def _tables(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            content = file.read(_LARGEST + 1)
    except OSError as fault:
        raise ScenarioError([f"cannot be read: {fault.strerror}"]) from None
    if len(content) > _LARGEST:
        raise ScenarioError([f"over {_LARGEST:,} bytes; a body scenario is far smaller"])
    try:
        return tomllib.loads(content.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise ScenarioError(["not UTF-8 text; save the file as UTF-8"]) from None
    except tomllib.TOMLDecodeError as fault:
        raise ScenarioError([f"no valid TOML: {shown(str(fault))}"]) from None
    except RecursionError:
        raise ScenarioError(["nested too deeply"]) from None
