"""The exchange's diary: one JSON object a line, on stable storage before anything that follows it happens.

It is the far side's evidence in crash tests: calls, page images stored, confirmations that were on the line.
It is only appended to, and a later run continues it.
"""

from __future__ import annotations

import fcntl
import json
import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from modem.sim.call import Call


class BusyFolderError(OSError):
    """Another exchange runs in this folder."""


class Ledger:
    """`clock` gives wall time in seconds since 1970. `last_call` is the highest call number so far.

    There is one writer: a second exchange in the same folder gets BusyFolderError.
    """

    def __init__(self, path: Path, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(self._file)
            raise BusyFolderError(f"{path.parent}: another exchange runs here") from error
        whole = path.read_bytes().rfind(b"\n") + 1
        os.ftruncate(self._file, whole)  # a crash may have cut the last line short
        self.last_call = max((entry["call"] for entry in read_ledger(path)), default=0)

    def write(self, event: str, call: Call, **data: Any) -> None:
        """Append one entry and force it to the disk; a stored page image goes first."""
        if event == "page" and (document := data.get("file")):
            _force(document)
        entry = {
            "at": datetime.fromtimestamp(self._clock(), UTC).isoformat(timespec="milliseconds"),
            "event": event,
            "call": call.n,
            "line_s": round(call.seconds, 2),
            **data,
        }
        os.write(self._file, json.dumps(entry).encode() + b"\n")
        os.fsync(self._file)

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)


def _force(document: str) -> None:
    descriptor = os.open(document, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read_ledger(path: Path) -> list[dict[str, Any]]:
    """Return the entries; a last line that a crash cut short is left out."""
    lines = path.read_text(encoding="utf-8").split("\n")[:-1]
    return [json.loads(line) for line in lines]
