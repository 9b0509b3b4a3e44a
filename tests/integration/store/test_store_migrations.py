"""Migrations on both databases: from nothing to the models, twice is once, and never into a newer schema."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text

from gateway.domain.errors import BadConfig
from gateway.store import migrate
from gateway.store.database import Store
from gateway.store.models import Base


def head() -> str:
    revision = ScriptDirectory(str(migrate.SCRIPTS)).get_current_head()
    assert revision is not None
    return revision


def test_an_empty_database_becomes_what_the_models_say(empty_url: str) -> None:
    assert migrate.current(empty_url) is None
    assert not migrate.check(empty_url)
    migrate.upgrade(empty_url)
    assert migrate.current(empty_url) == head()
    assert migrate.check(empty_url)
    store = Store(empty_url)
    with store.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []
    store.close()


def test_upgrading_twice_changes_nothing(empty_url: str) -> None:
    migrate.upgrade(empty_url)
    migrate.upgrade(empty_url)
    assert migrate.current(empty_url) == head()


def test_a_newer_schema_is_refused_in_a_clear_sentence(empty_url: str) -> None:
    url = empty_url
    migrate.upgrade(url)
    store = Store(url)
    with store.begin() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    store.close()
    with pytest.raises(BadConfig, match=r"9999.*newer Postline"):
        migrate.check(url)
    with pytest.raises(BadConfig, match="newer Postline"):
        migrate.upgrade(url)
    assert migrate.current(url) == "9999"


def test_a_migration_that_fails_leaves_the_database_as_it_was(
    empty_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(*_: object, **__: object) -> None:
        raise RuntimeError("power cut")

    with monkeypatch.context() as patched:
        patched.setattr("alembic.operations.ops.CreateIndexOp.create_index", breaks)
        with pytest.raises(RuntimeError, match="power cut"):
            migrate.upgrade(empty_url)
    store = Store(empty_url)
    assert inspect(store.engine).get_table_names() == []
    store.close()
    migrate.upgrade(empty_url)
    assert migrate.check(empty_url)


def test_several_processes_may_upgrade_at_once(empty_url: str) -> None:
    start = threading.Barrier(4)

    def upgrade(_: int) -> None:
        start.wait()
        migrate.upgrade(empty_url)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(upgrade, range(4)))
    assert migrate.check(empty_url)
