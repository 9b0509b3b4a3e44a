"""The bounded reader of DATA: bytes are counted, hashed and spooled as they arrive.

The library's own reader keeps a line without an end in memory without limit (threats.md section 2); this one
never holds more than one chunk. It ends a mail at CRLF.CRLF and nowhere else, and stores nothing beyond the
limit. It does not look at what the mail says.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

END = b"\r\n.\r\n"
CHUNK = 65_536
SPOOL_PREFIX = "smtp-"
ANY_LINE_END = re.compile(rb"\r\n|\r|\n")


class TooSlow(Exception):  # noqa: N818  (reads as what happened)
    """The client stopped, or sends below the minimum rate, or used its time up."""


class Gone(Exception):  # noqa: N818
    """The client hung up in the middle of a mail."""


class Scanner:
    """Finds the end of a mail in a stream and takes the dots out (RFC 5321 section 4.5.2); no I/O.

    `feed` returns content that is sure to belong to the mail and never splits a CRLF. After the end, `done`
    is true and `rest` holds what the client sent behind it. `bare` tells of a CR or LF that stood alone.
    """

    def __init__(self, *, normalise: bool = False) -> None:
        self.done = False
        self.bare = False
        self.rest = b""
        self._normalise = normalise
        self._held = b"\r\n"  # so that a dot at the very start of the mail is at the start of a line
        self._invented = 2

    def feed(self, data: bytes) -> bytes:
        """Take bytes off the wire, return the content they complete."""
        data = self._held + data
        end = data.find(END)
        if end >= 0:
            self.done, self.rest, data = True, data[end + len(END) :], data[: end + 2]
        else:
            held = _length_of_started_end(data)
            self._held, data = data[len(data) - held :], data[: len(data) - held]
        return self._content(data)

    def _content(self, data: bytes) -> bytes:
        if not data:
            return b""
        whole = data.count(b"\r\n")
        bare = data.count(b"\r") != whole or data.count(b"\n") != whole
        self.bare = self.bare or bare
        data = data.replace(b"\r\n.", b"\r\n")[self._invented :]
        self._invented = 0
        return ANY_LINE_END.sub(b"\r\n", data) if bare and self._normalise else data


def _length_of_started_end(data: bytes) -> int:
    """Return how many bytes at the end of `data` might be the beginning of the end mark."""
    return next((n for n in range(len(END) - 1, 0, -1) if data.endswith(END[:n])), 0)


class SpoolFile:
    """A new file in a folder, hashed while it is written; `blobs.adopt` puts it on stable storage.

    Raises OSError as the disk does.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / f"{SPOOL_PREFIX}{secrets.token_hex(12)}"
        self._descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        self.size = 0
        self._hash = hashlib.sha256()

    @property
    def sha256(self) -> str:
        """Hex digest of everything written."""
        return self._hash.hexdigest()

    def write(self, data: bytes) -> None:
        """Append all of `data`."""
        view = memoryview(data)
        while view:
            view = view[os.write(self._descriptor, view) :]
        self._hash.update(data)
        self.size += len(data)

    def close(self) -> None:
        """End writing; once more does no harm."""
        if self._descriptor >= 0:
            descriptor, self._descriptor = self._descriptor, -1
            os.close(descriptor)

    def become(self, other: SpoolFile) -> None:
        """Take another finished file's place and content; the old content is gone."""
        self.close()
        other.path.replace(self.path)
        self.size, self._hash = other.size, other._hash

    def discard(self) -> None:
        """Close and remove the file, wherever it stands."""
        self.close()
        self.path.unlink(missing_ok=True)


def remove_leftovers(folder: Path, older_than: float) -> int:
    """Remove spool files last written before a time (seconds since 1970); return how many.

    What a killed process left here was never answered with a 250, and its client sends it again.
    """
    leftovers = [path for path in folder.glob(f"{SPOOL_PREFIX}*") if path.stat().st_mtime < older_than]
    for path in leftovers:
        path.unlink(missing_ok=True)
    return len(leftovers)


class Source(Protocol):
    """Where the bytes come from: a stream that takes back what was read too far."""

    async def read(self, n: int) -> bytes:
        """Return up to `n` bytes; empty at the end."""

    def unread(self, data: bytes) -> None:
        """Put bytes back in front."""


@dataclass(frozen=True, slots=True)
class Pace:
    """The clocks of DATA: longest silence (s), end of the session (loop time), slowest rate (bytes/s)."""

    idle_s: float
    session_ends: float
    min_rate: float
    clock: Callable[[], float]

    def wait(self, started: float, received: int) -> float:
        """Return how long the next read may take; raise `TooSlow` when there is no time left.

        The rate is judged from the start of DATA with one idle span of grace.
        """
        now = self.clock()
        slowest = started + self.idle_s + received / self.min_rate
        left = min(self.idle_s, self.session_ends - now, slowest - now)
        if left <= 0:
            raise TooSlow
        return left


@dataclass(frozen=True, slots=True)
class Received:
    """What DATA brought: whether it was too large, and whether its end was seen; `bare` as in `Scanner`."""

    too_large: bool
    ended: bool
    bare: bool


async def read_data(
    source: Source, spool: SpoolFile, pace: Pace, *, limit: int, grace: int, normalise: bool
) -> Received:
    """Read one mail into `spool`.

    Beyond `limit` bytes nothing more is stored; beyond `limit + grace` reading stops with `ended` false.
    Raise `TooSlow`, `Gone`, or OSError of the disk.
    """
    scanner = Scanner(normalise=normalise)
    started, received, too_large = pace.clock(), 0, False
    while not scanner.done and received <= limit + grace:
        try:
            async with asyncio.timeout(pace.wait(started, received)):
                chunk = await source.read(CHUNK)
        except TimeoutError as error:
            raise TooSlow from error
        if not chunk:
            raise Gone
        received += len(chunk)
        content = scanner.feed(chunk)
        too_large = too_large or spool.size + len(content) > limit
        if not too_large:
            spool.write(content)
    source.unread(scanner.rest)
    return Received(too_large=too_large, ended=scanner.done, bare=scanner.bare)
