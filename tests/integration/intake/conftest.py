"""Tests that ask for `store` run twice, on SQLite and on PostgreSQL; `house` draws what it is handed."""

from __future__ import annotations

import asyncio
import shutil
from typing import TYPE_CHECKING

import pytest
from intake_fixtures import ACCOUNTS, NOON, House
from store_fixtures import Cluster, migrated_sqlite

from gateway.store import accounts, migrate
from gateway.store.blobs import LocalBlobs
from gateway.store.database import AsyncStore, Store
from render.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    cluster = Cluster()
    cluster.execute("CREATE DATABASE migrated")
    migrate.upgrade(cluster.url("migrated"))
    yield cluster
    cluster.stop()


@pytest.fixture(scope="module")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return migrated_sqlite(tmp_path_factory.mktemp("template"))


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    if request.param == "sqlite":
        path = shutil.copy(request.getfixturevalue("sqlite_template"), tmp_path / "db.sqlite")
        url = f"sqlite:///{path}"
    else:
        cluster: Cluster = request.getfixturevalue("cluster")
        url = cluster.url(cluster.fresh("migrated"))
    store = Store(url)
    yield store
    store.close()


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    url = f"sqlite:///{tmp_path / 'db.sqlite'}"
    await asyncio.to_thread(migrate.upgrade, url)
    store = AsyncStore(url)
    await store.run(accounts.provision, ACCOUNTS, now=NOON)
    yield House(store, LocalBlobs(tmp_path / "blobs"))
    await store.close()


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(("gateway.mailin.message", "render.pages")) as sandbox:
        yield sandbox
