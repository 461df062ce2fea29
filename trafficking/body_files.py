"""Body scenarios in: those that come with the package, and a user's own."""

from __future__ import annotations

from pathlib import Path

from trafficking.body_forms import BodyScenario
from trafficking.faults import ScenarioError, nearest
from trafficking.io import read_toml, shipped


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
        return BodyScenario.from_dict(read_toml(_find(source)))
    except ScenarioError as fault:
        raise ScenarioError([f"{source}: {line}" for line in fault.lines]) from None
    except RecursionError:
        raise ScenarioError([f"{source}: nested too deeply"]) from None


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
