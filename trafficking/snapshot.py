"""A run at the end of a window, as a value: everything it needs to go on to the same bits, and nothing else.

As bytes: one line that names the format, the length of a JSON header, the header, the arrays one after another, and the
SHA-256 of all that. Numbers are little-endian. Nothing in it can be executed.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from dataclasses import dataclass
from typing import Any

import numpy as np

import trafficking
from trafficking.equality import by_value

_MAGIC = b"trafficking snapshot 2\n"
_DIGEST = 32
_KIND = re.compile(r"[<|](b1|[iu][1248]|f[48])")
_SORTS = {"scenario": dict, "seed": int, "replicate": int, "time_min": float, "arrays": dict}


class SnapshotError(ValueError):
    """Bytes that are no snapshot of this version, or not the whole of one."""


@by_value
@dataclass(frozen=True, eq=False)
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
            "version": trafficking.__version__,
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
            raise SnapshotError("is not a snapshot of a run")
        body, digest = data[:-_DIGEST], data[-_DIGEST:]
        if hashlib.sha256(body).digest() != digest:
            raise SnapshotError("is damaged or incomplete: its checksum does not fit")
        start = len(_MAGIC) + 8
        length = int.from_bytes(body[len(_MAGIC) : start], "little")
        try:
            header = json.loads(body[start : start + length])
        except (ValueError, RecursionError):
            raise SnapshotError("is damaged: its header is not JSON") from None
        _check_header(header)
        return cls(arrays=_arrays(header.pop("arrays"), body, start + length), **header)


def _check_header(header: Any) -> None:
    """Raises SnapshotError unless these are the values of a snapshot, by this version; takes the version out."""
    if not isinstance(header, dict):
        raise SnapshotError("is damaged: its header is not a table")
    ours, version = trafficking.__version__, header.pop("version", trafficking.__version__)
    if version != ours:  # which may step otherwise: the run would end as neither would have had it
        raise SnapshotError(f"was written by version {version!r:.40} of this program, which is version {ours!r}")
    for key, sort in _SORTS.items():
        value = header.get(key)
        if not isinstance(value, int | float if sort is float else sort) or isinstance(value, bool):
            raise SnapshotError(f"is damaged: {key} is missing or of the wrong sort")
    if header.keys() - _SORTS.keys():
        raise SnapshotError(f"is damaged: it says {min(header.keys() - _SORTS.keys())!r:.60}, which no snapshot has")
    try:
        header["time_min"] = float(header["time_min"])
    except OverflowError:
        header["time_min"] = math.inf
    if not math.isfinite(header["time_min"]):
        raise SnapshotError("is damaged: time_min is not a finite number")


def _arrays(described: dict[str, Any], body: bytes, at: int) -> dict[str, np.ndarray]:
    """The arrays that begin at this byte, one after another to the end; described: type and shape of each by name."""
    arrays = {}
    for name, about in described.items():
        kind, shape = about if isinstance(about, list) and len(about) == 2 else (None, None)
        if not isinstance(kind, str) or not _KIND.fullmatch(kind):
            raise SnapshotError(f"holds an array of kind {kind!r:.40}, which no snapshot has")
        if not isinstance(shape, list) or not all(type(size) is int and 0 <= size <= len(body) for size in shape):
            raise SnapshotError(f"holds an array of shape {shape!r:.60}, which no snapshot has")
        dtype, count = np.dtype(kind), math.prod(shape)
        if len(shape) > 8 or at + count * dtype.itemsize > len(body):
            raise SnapshotError("contradicts itself: its arrays are larger than it is")
        arrays[name] = np.frombuffer(body, dtype, count, at).reshape(shape).astype(dtype.newbyteorder("="))
        at += count * dtype.itemsize
    if at != len(body):
        raise SnapshotError("contradicts itself: its arrays are smaller than it is")
    return arrays
