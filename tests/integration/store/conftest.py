"""Every test that asks for `url` or `house` runs twice: on SQLite and on PostgreSQL."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import pytest
from store_fixtures import Cluster, House, migrated_sqlite

from gateway.store import migrate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    cluster = Cluster()
    cluster.execute("CREATE DATABASE migrated")
    migrate.upgrade(cluster.url("migrated"))
    yield cluster
    cluster.stop()


@pytest.fixture(scope="session")
def shared_database(cluster: Cluster) -> str:
    """One database for all tests, emptied before each: making one a test costs hundreds of files."""
    return cluster.fresh("migrated")


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return migrated_sqlite(tmp_path_factory.mktemp("template"))


@pytest.fixture(params=["sqlite", "postgresql"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def empty_url(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if kind == "sqlite":
        return f"sqlite:///{tmp_path / 'empty.sqlite'}"
    cluster: Cluster = request.getfixturevalue("cluster")
    return cluster.url(cluster.fresh())


@pytest.fixture
def url(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if kind == "sqlite":
        path = shutil.copy(request.getfixturevalue("sqlite_template"), tmp_path / "postline.sqlite")
        return f"sqlite:///{path}"
    cluster: Cluster = request.getfixturevalue("cluster")
    cluster.empty(request.getfixturevalue("shared_database"))
    return cluster.url(request.getfixturevalue("shared_database"))


@pytest.fixture
def make_house(url: str) -> Iterator[Callable[..., House]]:
    """Return a function that opens a house with the account settings given."""
    houses = []

    def make(**account: Any) -> House:
        houses.append(House(url, **account))
        return houses[-1]

    yield make
    for house in houses:
        house.close()


@pytest.fixture
def house(make_house: Callable[..., House]) -> House:
    return make_house()
