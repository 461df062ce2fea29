"""A run at the end of a window, as a value: everything it needs to go on to the same bits, and nothing else.

As bytes: one line that names the format, the length of a JSON header, the header, the arrays one after another, and the
SHA-256 of all that. Numbers are little-endian. Nothing in it can be executed.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any

import numpy as np

_MAGIC = b"trafficking snapshot 2\n"
_DIGEST = 32
_KINDS = frozenset("biuf")


class SnapshotError(ValueError):
    """Bytes that are no snapshot of this version, or not the whole of one."""


@dataclass(frozen=True)
class Snapshot:
    """scenario: the complete tables of it. arrays: by name."""

    scenario: dict[str, Any]
    seed: int
    replicate: int
    time_min: float
    arrays: dict[str, np.ndarray]

    def to_bytes(self) -> bytes:
        """The snapshot as the bytes of a file; the same snapshot gives the same bytes."""
        arrays = {name: np.ascontiguousarray(a, dtype=a.dtype.newbyteorder("<")) for name, a in self.arrays.items()}
        header = {
            "scenario": self.scenario,
            "seed": self.seed,
            "replicate": self.replicate,
            "time_min": self.time_min,
            "arrays": {name: [array.dtype.str, list(array.shape)] for name, array in arrays.items()},
        }
        text = json.dumps(header, allow_nan=False).encode()
        body = b"".join(
            [_MAGIC, len(text).to_bytes(8, "little"), text, *(array.tobytes() for array in arrays.values())]
        )
        return body + hashlib.sha256(body).digest()

    @classmethod
    def from_bytes(cls, data: bytes) -> Snapshot:
        """Reads what `to_bytes` wrote.

        Raises:
            SnapshotError: anything else, down to a single changed bit.
        """
        if not data.startswith(_MAGIC):
            if data.startswith(_MAGIC[:20]):
                written, ours = data[: data.find(b"\n")].decode(errors="replace"), _MAGIC.decode().strip()
                raise SnapshotError(f"written as {written!r:.60}, this program reads {ours!r}")
            raise SnapshotError("is no snapshot of a run")
        body, digest = data[:-_DIGEST], data[-_DIGEST:]
        if hashlib.sha256(body).digest() != digest:
            raise SnapshotError("is damaged or incomplete: its checksum does not fit")
        start = len(_MAGIC) + 8
        length = int.from_bytes(body[len(_MAGIC) : start], "little")
        header = json.loads(body[start : start + length])
        arrays, at = {}, start + length
        for name, (kind, shape) in header.pop("arrays").items():
            dtype = np.dtype(kind)
            if dtype.kind not in _KINDS:
                raise SnapshotError(f"holds an array of kind {kind!r}, which no snapshot has")
            count = int(np.prod(shape, dtype=np.int64))
            arrays[name] = np.frombuffer(body, dtype, count, at).reshape(shape).astype(dtype.newbyteorder("="))
            at += count * dtype.itemsize
        return cls(arrays=arrays, **header)
