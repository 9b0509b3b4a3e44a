"""A migrated SQLite database, blobs beside it and a clock that stands, for whoever needs no other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from notify_fixtures import Clock

from gateway.store.blobs import Floor, LocalBlobs
from gateway.store.database import AsyncStore
from gateway.store.migrate import upgrade

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


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
