"""The schema of the database: bring it up to this release, or say why this release may not touch it.

Additive first, never backwards: a database that knows a revision we do not know belongs to a newer Postline,
and is refused. On PostgreSQL an advisory lock, on SQLite BEGIN IMMEDIATE, lets one process upgrade at a time.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from gateway.domain.errors import BadConfig
from gateway.store.database import Store, translated

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

SCRIPTS = Path(__file__).with_name("migrations")


def upgrade(url: str) -> None:
    """Create or upgrade the tables; harmless when nothing is to be done. Raises `BadConfig` if newer."""
    check(url)
    store = Store(url)
    try:
        with store.engine.begin() as connection:
            _alone(connection)
            config = _config()
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    finally:
        store.close()


def current(url: str) -> str | None:
    """Return the revision the database is at, None for an empty one; raise `Unavailable` if not there."""
    store = Store(url)
    try:
        with translated(), store.engine.connect() as connection:
            return MigrationContext.configure(connection).get_current_revision()
    finally:
        store.close()


def check(url: str) -> bool:
    """Return whether the database is at this release's schema; raise `BadConfig` if it is newer."""
    known = ScriptDirectory.from_config(_config())
    at = current(url)
    if at is not None and at not in {script.revision for script in known.walk_revisions()}:
        raise BadConfig(
            f"The database is at schema {at}, which this Postline (schema {known.get_current_head()}) does "
            "not know: a newer Postline made it. Install that version, or restore a backup made before it."
        )
    return at == known.get_current_head()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS).replace("%", "%%"))
    return config


def _alone(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SELECT pg_advisory_xact_lock(hashtextextended('postline schema', 0))")
