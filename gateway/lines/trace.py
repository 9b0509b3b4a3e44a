"""The session log of a call, kept where there is room; what a live ladder shows of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from gateway.domain.errors import Unavailable
from gateway.store import blobs, traces

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gateway.lines.base import Plant
    from modem.result import TraceEntry

log = structlog.get_logger()


def kept(plant: Plant, entries: Iterable[TraceEntry]) -> str | None:
    """Store the log of a call; return its blob key, None where there is no room.

    The end of a call must be written whether or not its log can be: a full disk may not turn a fax that
    arrived into one that is sent again.
    """
    data = traces.pack(entry.as_object() for entry in entries)
    try:
        key = plant.blobs.put("trace", data)
        plant.store.run(blobs.record, key, len(data), plant.now())
    except Unavailable as error:
        log.warning("trace.not_kept", error=error.text, detail=error.detail)
        return None
    return key


def as_event(entry: TraceEntry) -> dict[str, object]:
    """Return what a live ladder shows of one entry."""
    return {"at": round(entry.at, 2), "dir": entry.direction, "kind": entry.kind, "text": entry.text}
