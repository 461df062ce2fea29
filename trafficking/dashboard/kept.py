"""A run of the page as it is kept: what was opened, what the hand did, how far it came, and a snapshot of it.

With the snapshot the run goes on at once; without one it is computed again from its scenario and seed, to the same
bits. As bytes: one line that names the format, the length of a JSON header, the header, the snapshot, and the SHA-256
of all that. Nothing in it can be executed, and no file is named in it.
"""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import dataclass, replace
from typing import Any

import trafficking
from trafficking.faults import shown
from trafficking.scenario import Scenario, ScenarioError
from trafficking.simulation import Run
from trafficking.snapshot import Snapshot, SnapshotError
from trafficking.treatments import title

from .forks import INSULIN
from .sight import Sight

_MAGIC = b"trafficking kept run 1\n"
_DIGEST = 32
_START = len(_MAGIC) + 8
MOST_CHANGES = 10_000  # by hand, in one run
STATUSES = ("running", "paused", "finished")

Row = tuple[float, str, float, float]


class KeptError(ValueError):
    """What was kept cannot be taken up; the message is for the reader of the page."""


@dataclass(frozen=True)
class Kept:
    """opened: the scenario before any steering; scenario: as it is now, which repeats the run from its start.

    steering: the event log as rows (time_min, name, old, new). time_min: how far the run had come. speed, status: of
    the page. sight: what of it was in view. version: of the package that wrote it. snapshot: its bytes, or none.
    """

    opened: Scenario
    scenario: Scenario
    seed: int
    time_min: float
    steering: tuple[Row, ...] = ()
    speed: str = "guided"
    status: str = "paused"
    sight: Sight = Sight()
    version: str = trafficking.__version__
    snapshot: bytes = b""

    @property
    def ours(self) -> bool:
        """Whether this very version of the package wrote it."""
        return self.version == trafficking.__version__

    def run(self) -> Run:
        """The run, where its snapshot has it, or else at its start.

        Raises:
            KeptError: its seed is none.
        """
        if self.snapshot and self.ours:
            try:
                return Run.resume(Snapshot.from_bytes(self.snapshot))
            except SnapshotError:
                return replace(self, snapshot=b"").run()
        try:
            return Run(self.scenario, seed=self.seed, remember=True)
        except ValueError as fault:
            raise KeptError(str(fault)) from None

    def to_dict(self) -> dict[str, Any]:
        """Everything but the snapshot, as texts, numbers, lists and tables."""
        return {
            "version": self.version,
            "seed": self.seed,
            "time_min": self.time_min,
            "speed": self.speed,
            "status": self.status,
            "sight": self.sight.to_dict(),
            "steering": [list(row) for row in self.steering],
            "opened": self.opened.to_dict(),
            "scenario": self.scenario.to_dict() if self.scenario != self.opened else None,
        }

    @classmethod
    def from_dict(cls, given: Any, snapshot: bytes = b"") -> Kept:
        """Reads what `to_dict` gave, through the scenario's own checks.

        Raises:
            KeptError: anything else.
        """
        try:
            opened = Scenario.from_dict(given["opened"])
            steered = given["scenario"]
            kept = cls(
                opened=opened,
                scenario=opened if steered is None else Scenario.from_dict(steered),
                seed=_checked(given["seed"], int),
                time_min=_number(given["time_min"]),
                steering=_rows(given["steering"]),
                speed=_checked(given["speed"], str)[:20],
                status=_checked(given["status"], str),
                sight=Sight.of(given.get("sight")),
                version=_printed(given["version"])[:40],
                snapshot=snapshot,
            )
        except ScenarioError as fault:
            raise KeptError(f"its scenario is refused: {fault}") from None
        except (KeyError, TypeError, ValueError, OverflowError):
            raise KeptError("it is not what this program writes") from None
        if kept.status not in STATUSES or not 0.0 <= kept.time_min <= kept.scenario.duration_min:
            raise KeptError("it is not what this program writes")
        if not 0 <= kept.seed < 2**63:
            raise KeptError(f"its seed is {shown(kept.seed)}; a whole number from 0 to 2^63 - 1 is needed")
        return kept

    def to_bytes(self) -> bytes:
        """The kept run as the bytes of a file."""
        header = json.dumps(self.to_dict(), allow_nan=False).encode()
        body = b"".join([_MAGIC, len(header).to_bytes(8, "little"), header, self.snapshot])
        return body + hashlib.sha256(body).digest()

    @classmethod
    def from_bytes(cls, data: bytes) -> Kept:
        """Reads what `to_bytes` wrote.

        Raises:
            KeptError: anything else, down to a single changed bit.
        """
        body, digest = data[:-_DIGEST], data[-_DIGEST:]
        if not data.startswith(_MAGIC) or hashlib.sha256(body).digest() != digest:
            raise KeptError("its file is damaged")
        end = _START + int.from_bytes(body[len(_MAGIC) : _START], "little")
        try:
            header = json.loads(body[_START:end])
        except (ValueError, RecursionError):
            raise KeptError("its file is damaged") from None
        return cls.from_dict(header, body[end:])


def _checked(value: Any, *kinds: type) -> Any:
    if (
        isinstance(value, bool)
        or not isinstance(value, kinds)
        or (isinstance(value, float) and not math.isfinite(value))
    ):
        raise TypeError(value)
    return value


def _rows(given: Any) -> tuple[Row, ...]:
    rows = _checked(given, list)
    if len(rows) > MOST_CHANGES:
        raise TypeError(rows)
    read = tuple((_number(time_min), _named(name), _number(old), _number(new)) for time_min, name, old, new in rows)
    times = [0.0, *(row[0] for row in read)]
    if times != sorted(times):
        raise ValueError(times)
    return read


def _printed(text: Any) -> str:
    """A text that is shown to the reader."""
    if not _checked(text, str).isprintable():
        raise ValueError(text)
    return text


def _number(value: Any) -> float:
    return float(_checked(value, int, float))


def _named(name: Any) -> str:
    """What a hand can change: insulin, the temperature, a drug."""
    if name != INSULIN:
        title(name)
    return name
