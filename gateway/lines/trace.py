"""The session log of a call as a file: one JSON object a line, for `modem.cli replay` and for people."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from modem.result import TraceEntry


def encode(entries: Iterable[TraceEntry]) -> bytes:
    """Return the log as JSON lines."""
    return "".join(json.dumps(asdict(entry), ensure_ascii=False) + "\n" for entry in entries).encode()


def as_event(entry: TraceEntry) -> dict[str, object]:
    """Return what a live ladder shows of one entry."""
    return {"at": round(entry.at, 2), "dir": entry.direction, "kind": entry.kind, "text": entry.text}
