"""A migrated SQLite database and a sender over it, for the tests of the outbox."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import structlog
from notify_fixtures import Clock

from gateway.notify.sender import OutboxSender
from gateway.notify.writers import NoteWriter, ResultWriter
from gateway.store.blobs import Floor, LocalBlobs
from gateway.store.database import AsyncStore
from gateway.store.migrate import upgrade

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from pathlib import Path

    from gateway.notify.hop import NextHop

AUTHOR = "fax@fax.example.org"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[AsyncStore]:
    url = f"sqlite:///{tmp_path / 'postline.sqlite'}"
    upgrade(url)
    opened = AsyncStore(url)
    yield opened
    await opened.close()


@pytest.fixture
def blobs(tmp_path: Path) -> LocalBlobs:
    return LocalBlobs(tmp_path / "blobs", floor=Floor(0, 0.0))


@pytest.fixture
def records() -> Iterator[list[structlog.typing.EventDict]]:
    with structlog.testing.capture_logs() as captured:
        yield captured


@pytest.fixture
def sender(store: AsyncStore, blobs: LocalBlobs, clock: Clock) -> Callable[[NextHop], OutboxSender]:
    def make(hop: NextHop) -> OutboxSender:
        return OutboxSender(
            store=store,
            writers={"result": ResultWriter(AUTHOR, blobs), "note": NoteWriter(AUTHOR, blobs)},
            deliver=hop.deliver,
            now=clock,
            worker="outbox-1",
            idle_seconds=0.01,
        )

    return make
