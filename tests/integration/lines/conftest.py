"""A desk for each test: a migrated SQLite database, a blob store, one account."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest
from lines_fixtures import IDENTITY, Desk, PoliteModem, exchange
from store_fixtures import migrated_sqlite

from gateway.lines.base import Seat
from modem.profiles import named

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sim_fixtures import Running


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return migrated_sqlite(tmp_path_factory.mktemp("template"))


@pytest.fixture
def desk(sqlite_template: Path, tmp_path: Path) -> Iterator[Desk]:
    path = shutil.copy(sqlite_template, tmp_path / "postline.sqlite")
    desk = Desk(tmp_path, f"sqlite:///{path}")
    yield desk
    desk.house.close()


@pytest.fixture
def fast(tmp_path: Path) -> Iterator[Running]:
    with exchange(tmp_path / "exchange") as process:
        yield process


@pytest.fixture
def seat(desk: Desk) -> Iterator[Seat]:
    """A seat at a modem that is polite and hears nobody."""
    port = PoliteModem()
    yield Seat(desk.plant, IDENTITY, port, named("softmodem"))
    port.close()
