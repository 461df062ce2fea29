"""A run as the text of a link: all that it takes to simulate it again, wherever this version of the package is.

Scenario, seed, steering log, the minute it had come to and the speed, as JSON, compressed, in letters that an address
may hold. What comes out of a link goes through the scenario's own checks: it names no file and holds nothing that runs.
"""

from __future__ import annotations

import base64
import json
import zlib
from dataclasses import replace

from .kept import Kept, KeptError

MOST_LETTERS = 6000  # what chat programs and mail leave whole
_MARK = "1."  # the form of links
_MOST_BYTES = 2_000_000  # of a link that is unpacked

TOO_LONG = (
    "This run makes a link of {0:,} letters, and above {1:,} links get cut off on their way."
    " Send the file instead: Export, The whole run; trafficking rerun takes it."
)
OTHER_VERSION = "This link was made by trafficking {0}; it was simulated by {1} here, and its numbers may differ."


class LinkTooLong(ValueError):
    """The run is better sent as a file."""


def written(kept: Kept) -> str:
    """The text of a link to this run.

    Raises:
        LinkTooLong: above `MOST_LETTERS`; the message says what to send instead.
    """
    packed = zlib.compress(json.dumps(kept.to_dict(), allow_nan=False, separators=(",", ":")).encode(), 9)
    text = _MARK + base64.urlsafe_b64encode(packed).decode().rstrip("=")
    if len(text) > MOST_LETTERS:
        raise LinkTooLong(TOO_LONG.format(len(text), MOST_LETTERS))
    return text


def read(text: str) -> tuple[Kept, str]:
    """The run that a link describes, paused where it was, and what to say with it.

    Raises:
        KeptError: it is no such link, or not the whole of one, or its scenario is refused.
    """
    if not text.startswith(_MARK):
        raise KeptError("it was made by a program that writes links in another way")
    if len(text) > MOST_LETTERS:
        raise KeptError(f"it is longer than any link of this program: {len(text):,} letters")
    unpacking = zlib.decompressobj()
    try:
        packed = base64.b64decode(text.removeprefix(_MARK) + "==", altchars=b"-_")
        content = unpacking.decompress(packed, _MOST_BYTES)
        if not unpacking.eof:
            raise KeptError("it is not whole, or it unpacks to more than a run takes")
        given = json.loads(content)
    except KeptError:
        raise
    except (ValueError, zlib.error, RecursionError):
        raise KeptError("it is not whole; copy it again") from None
    kept = Kept.from_dict(given)
    note = "" if kept.ours else OTHER_VERSION.format(kept.version, Kept.version)
    return replace(kept, status="paused" if kept.time_min > 0.0 else "running"), note
