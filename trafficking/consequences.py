"""What follows from insulin resistance and is not simulated, and how stages are commonly described."""

from __future__ import annotations

import tomllib
from functools import lru_cache
from importlib.resources import files


@lru_cache
def consequences() -> tuple[dict[str, str], ...]:
    """Rows of `data/consequences.toml`: name, driver, direction, grade (causal, associated, claimed), source, note."""
    return tuple(_read("consequences"))


@lru_cache
def stages() -> tuple[dict[str, str], ...]:
    """Rows of `data/stages.toml`: stage, receptors, signalling, body as commonly described, and the correction."""
    return tuple(_read("stages"))


def _read(name: str) -> list[dict[str, str]]:
    return tomllib.loads(files("trafficking").joinpath("data", f"{name}.toml").read_text(encoding="utf-8"))[name]
