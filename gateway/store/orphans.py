"""Files without a row, and rows without a file: what a crash between rename and commit leaves behind.

A file that no row owns and that is older than the caller's patience is set aside, never deleted: its client
got no 250 and will come again. A row whose file is gone is an alarm. This module repairs nothing by itself.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from sqlalchemy import select

from gateway.store import audit
from gateway.store.models import Attempt, BlobRow, Fax, Message, ReceivedPage, Reception

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

    from gateway.store.blobs import LocalBlobs

BATCH = 500
NAMED_IN = (
    BlobRow.key,
    Message.blob,
    Attempt.trace_blob,
    Reception.document,
    Reception.trace_blob,
    ReceivedPage.blob,
)


def orphans(session: Session, blobs: LocalBlobs, older_than: datetime) -> list[str]:
    """Return the keys of files stored before `older_than` (aware) that no row owns or names."""
    found = []
    keys = blobs.keys(older_than)
    while batch := list(islice(keys, BATCH)):
        found += _unnamed(session, batch)
    return found


def quarantine(session: Session, blobs: LocalBlobs, older_than: datetime, now: datetime) -> list[str]:
    """Set all orphans aside and note them for the operator; return their keys."""
    keys = orphans(session, blobs, older_than)
    for key in keys:
        blobs.quarantine(key)
    if keys:
        audit.note(session, "blobs.quarantined", now, count=len(keys), keys=keys[:100])
    return keys


def missing(session: Session, blobs: LocalBlobs) -> list[str]:
    """Return the keys that rows own but no file holds: data is lost, the operator must know."""
    return [key for key in session.scalars(select(BlobRow.key)) if not blobs.path(key).exists()]


def _unnamed(session: Session, keys: Sequence[str]) -> list[str]:
    named: set[str | None] = set()
    for column in NAMED_IN:
        named.update(session.scalars(select(column).where(column.in_(keys))))
    rest = [key for key in keys if key not in named]
    masters = _masters(session) if rest else set()
    return [key for key in rest if key not in masters]


def _masters(session: Session) -> set[str]:
    """Return the keys of all drawn pages; they stand inside a JSON column."""
    return {key for masters in session.scalars(select(Fax.masters)) for key in masters.values()}
