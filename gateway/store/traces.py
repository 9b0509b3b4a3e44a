"""The session log of a call as a blob: one JSON object a line, packed.

The ladder comes first, then the recording, every octet of the modem with its time: for people, and for
`python -m modem.cli replay`. A recording holds the pages of the call, so it is as private as they are and
goes when they go. Packed because a recording in hex is four times the pages it came from.
"""

from __future__ import annotations

import gzip
import json
import zlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_GZIP = b"\x1f\x8b"


def pack(entries: Iterable[Mapping[str, object]]) -> bytes:
    """Return a log, one object an entry, as a blob's octets; equal logs give equal octets."""
    return gzip.compress(as_lines(entries), compresslevel=5, mtime=0)


def unpack(blob: bytes) -> bytes:
    """Return the JSON lines of a blob; logs of before they were packed are lines already.

    Raises OSError for a damaged blob.
    """
    if not blob.startswith(_GZIP):
        return blob
    try:
        return gzip.decompress(blob)
    except (EOFError, zlib.error) as error:
        raise OSError("the log is damaged") from error


def as_lines(entries: Iterable[Mapping[str, object]]) -> bytes:
    """Return the log as JSON lines."""
    return "".join(json.dumps(entry, ensure_ascii=False) + "\n" for entry in entries).encode()
