"""A migrated SQLite database and a sender over it, for the tests of the outbox."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import structlog

from gateway.notify.batch_rows import BatchWriter
from gateway.notify.office import Office
from gateway.notify.receipt import ReceiptWriter
from gateway.notify.refusal import RefusalWriter
from gateway.notify.sender import OutboxSender
from gateway.notify.status_notice import StatusWriter
from gateway.notify.writers import NoteWriter, ResultWriter
from render.typeset import typeset

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from notify_fixtures import Clock

    from gateway.notify.hop import NextHop
    from gateway.store.blobs import LocalBlobs
    from gateway.store.database import AsyncStore

AUTHOR = "fax@fax.example.org"


@pytest.fixture
def records() -> Iterator[list[structlog.typing.EventDict]]:
    with structlog.testing.capture_logs() as captured:
        yield captured


@pytest.fixture
def office(blobs: LocalBlobs) -> Office:
    return Office(AUTHOR, "fax.example.org", blobs, typeset, public_url="https://fax.example.org")


@pytest.fixture
def sender(store: AsyncStore, office: Office, clock: Clock) -> Callable[[NextHop], OutboxSender]:
    def make(hop: NextHop) -> OutboxSender:
        return OutboxSender(
            store=store,
            writers={
                "result": ResultWriter(office),
                "batch": BatchWriter(office),
                "dsn": StatusWriter(office),
                "mdn": ReceiptWriter(office),
                "refusal": RefusalWriter(office),
                "note": NoteWriter(office),
            },
            deliver=hop.deliver,
            now=clock,
            worker="outbox-1",
            idle_seconds=0.01,
        )

    return make
