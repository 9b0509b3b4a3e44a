"""The journal of a call: a thread that writes what the engine tells, so that the port thread never waits.

A notice goes in by `put`; the thread writes all that have gathered in one transaction and then reports each
as stored. If the store fails, nothing is reported: the engine holds its output and the call
is ended. That is the safe side: a page is confirmed late or never, but not falsely.
"""

from __future__ import annotations

import queue
import threading
from typing import TYPE_CHECKING, Protocol

import structlog

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy.orm import Session

    from gateway.store.database import Store
    from modem.notices import Notice

log = structlog.get_logger()


class Record(Protocol):
    """What a kind of call writes for its notices; `lines.outbound` and `lines.inbound` implement it."""

    def write(self, session: Session, notices: Sequence[Notice]) -> None:
        """Write these notices, in order; raises LostLease when the delivery is another worker's now."""
        ...


class Journal:
    """Writes the notices of one call, in order, in its own thread."""

    def __init__(
        self,
        store: Store,
        record: Record,
        *,
        stored: Callable[[Notice], None],
        failed: Callable[[Exception], None],
    ) -> None:
        """`stored(notice)`, for every notice, and `failed(error)` are called from the journal's thread."""
        self._store, self._record = store, record
        self._stored, self._failed = stored, failed
        self._queue: queue.SimpleQueue[Notice | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="journal", daemon=True)
        self._thread.start()

    def put(self, notice: Notice) -> None:
        """Hand over a notice; returns at once."""
        self._queue.put(notice)

    def close(self) -> None:
        """Write what is left and end the thread."""
        self._queue.put(None)
        self._thread.join()

    def _work(self) -> None:
        while True:
            batch, over = self._gather()
            if batch and not self._write(batch):
                return
            if over:
                return

    def _gather(self) -> tuple[list[Notice], bool]:
        batch: list[Notice] = []
        item = self._queue.get()
        while item is not None:
            batch.append(item)
            if self._queue.empty():
                return batch, False
            item = self._queue.get()
        return batch, True

    def _write(self, batch: list[Notice]) -> bool:
        try:
            with self._store.begin() as session:
                self._record.write(session, batch)
        except Exception as error:
            log.exception("journal.failed")
            self._failed(error)
            return False
        for notice in batch:
            self._stored(notice)
        return True
