"""Options that several commands take, and how they are read."""

from __future__ import annotations

from typing import Annotated

import typer

Named = Annotated[str, typer.Argument(metavar="SCENARIO", help="A name from `trafficking scenarios`, or a TOML file.")]
Person = Annotated[
    str, typer.Argument(metavar="SCENARIO", help="A name from `trafficking body --list`, or a TOML file.")
]
Settings = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="KEY=VALUE", help='Change any value, such as exposure[1].insulin="20 nM"; repeatable.'
    ),
]
Seed = Annotated[int, typer.Option(min=0, help="Starts the random numbers; the same seed, the same receptors.")]
Threads = Annotated[int | None, typer.Option(min=1, help="At most this many; no result depends on it.")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace what is there.")]


def settings_read(settings: list[str] | None) -> dict[str, str]:
    """KEY=VALUE as changes to a scenario file: text by the path of the key."""
    from trafficking import terminal

    changes: dict[str, str] = {}
    for setting in settings or ():
        key, equals, value = setting.partition("=")
        if not equals or not key.strip():
            terminal.refuse(f"--set: {setting!r} given; KEY=VALUE is needed, such as receptors=50000")
        changes[key.strip()] = value.strip()
    return changes
