"""Connections and transactions: one way to write, one way to read, on SQLite and on PostgreSQL.

Repository functions are plain functions over a `Session`. `Store` runs them for threads, `AsyncStore` for
coroutines; both give each call one transaction, committed at its end, rolled back if it raises.

SQLite is opened as durability.md section 5 asks: WAL, synchronous=FULL, foreign keys on, ten seconds of
patience, and BEGIN IMMEDIATE before every writing transaction, so that a writer waits at its start instead of
failing in its middle. Reading transactions cannot write, on either database. Nothing here retries a commit:
when a connection breaks in a commit its outcome is unknown, and only the caller's key can tell.
"""

from __future__ import annotations

import asyncio
import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

from sqlalchemy import create_engine, event, func, make_url, select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from gateway.domain.errors import BadConfig, StorageFull, Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from concurrent.futures import Future

    from sqlalchemy.engine import URL, Connection, Engine
    from sqlalchemy.pool import ConnectionPoolEntry

P = ParamSpec("P")
R = TypeVar("R")

BUSY_SECONDS = 10
PRAGMAS = (
    f"PRAGMA busy_timeout={BUSY_SECONDS * 1000}",  # first: the others may have to wait
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    "PRAGMA foreign_keys=ON",
)
READERS, WRITERS = 4, 8  # threads of an `AsyncStore`; writers are PostgreSQL's
READING = {"postline_reading": True, "postgresql_readonly": True}


class Store:
    """The database for threads. `url`: `sqlite:///path` or `postgresql+psycopg://...`."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.engine = create_engine(_url(url), **_options(url))
        _prepare(self.engine)
        self._reader = self.engine.execution_options(**READING)

    @contextmanager
    def begin(self) -> Iterator[Session]:
        """Open a writing transaction; commit at the end of the block.

        Raises `StorageFull` or `Unavailable` when the database cannot take it; nothing was stored then,
        unless the connection broke in the commit itself.
        """
        with translated(), Session(self.engine, expire_on_commit=False) as session, session.begin():
            yield session

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Open a transaction that sees one state of the database and cannot write."""
        with translated(), Session(self._reader, expire_on_commit=False) as session:
            yield session

    def run(self, function: Callable[Concatenate[Session, P], R], /, *args: P.args, **kwargs: P.kwargs) -> R:
        """Return `function(session, ...)`, run in one writing transaction."""
        with self.begin() as session:
            return function(session, *args, **kwargs)

    def read(self, function: Callable[Concatenate[Session, P], R], /, *args: P.args, **kwargs: P.kwargs) -> R:
        """Return `function(session, ...)`, run in one reading transaction."""
        with self.reading() as session:
            return function(session, *args, **kwargs)

    def check(self) -> None:
        """Raise `BadConfig` if the database server does not sync what it commits."""
        self.read(check_durable)

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()


class AsyncStore:
    """The same database for coroutines, in threads. A cancelled caller never cuts a transaction in half.

    SQLite has one writer, and lets those who wait for it starve each other; so one thread writes to it, in
    the order in which it was asked to. PostgreSQL gets several, and groups their commits by itself.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self._store = Store(url)
        self._readers = ThreadPoolExecutor(READERS, "reader")
        self._writers = ThreadPoolExecutor(1 if url.startswith("sqlite") else WRITERS, "writer")
        self._running: set[asyncio.Future[Any]] = set()

    async def run(
        self, function: Callable[Concatenate[Session, P], R], /, *args: P.args, **kwargs: P.kwargs
    ) -> R:
        """Return `function(session, ...)`, run in one writing transaction even if we are cancelled."""
        return await self._shielded(self._writers.submit(self._store.run, function, *args, **kwargs))

    async def read(
        self, function: Callable[Concatenate[Session, P], R], /, *args: P.args, **kwargs: P.kwargs
    ) -> R:
        """Return `function(session, ...)`, run in one reading transaction."""
        return await self._shielded(self._readers.submit(self._store.read, function, *args, **kwargs))

    async def check(self) -> None:
        """Raise `BadConfig` if the database server does not sync what it commits."""
        await self.read(check_durable)

    async def close(self) -> None:
        """Let running transactions end, then close all connections."""
        await asyncio.gather(*self._running, return_exceptions=True)
        self._readers.shutdown()
        self._writers.shutdown()
        self._store.close()

    async def _shielded(self, work: Future[R]) -> R:
        future = asyncio.wrap_future(work)
        self._running.add(future)
        future.add_done_callback(self._ended)
        return await asyncio.shield(future)

    def _ended(self, future: asyncio.Future[Any]) -> None:
        self._running.discard(future)
        if not future.cancelled():
            future.exception()  # the caller may be gone; an error nobody waits for is not a second error


def check_durable(session: Session) -> None:
    """Raise `BadConfig` if commits of this connection are not on stable storage when they return."""
    if not is_postgresql(session):
        return
    for name in ("fsync", "synchronous_commit"):
        if session.scalar(select(func.current_setting(name))) in ("off", "local", "remote_write"):
            raise BadConfig(f"PostgreSQL runs with {name} off: a fax answered with 250 could be lost")


def is_postgresql(session: Session) -> bool:
    """Say whether this session speaks to PostgreSQL."""
    return session.get_bind().dialect.name == "postgresql"


def one_at_a_time(session: Session, name: str) -> None:
    """Wait until no other transaction is between this call and its end for the same `name`.

    SQLite needs nothing: it has one writer at a time.
    """
    if is_postgresql(session):
        session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(name, 0))))


@contextmanager
def translated() -> Iterator[None]:
    """Turn what the database cannot do now into our own passing errors."""
    try:
        yield
    except OperationalError as error:
        detail = str(error.orig)
        if "full" in detail or "No space left" in detail:
            raise StorageFull("The disk is full.", detail=detail) from error
        raise Unavailable("The database does not answer at the moment.", detail=detail) from error


def _url(url: str) -> URL:
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        return parsed.set(drivername="sqlite+pysqlite")
    if parsed.get_backend_name() == "postgresql":
        return parsed.set(drivername="postgresql+psycopg")
    raise BadConfig(f"database: {parsed.get_backend_name()!r} is neither sqlite nor postgresql")


def _options(url: str) -> dict[str, Any]:
    if url.startswith("sqlite"):
        # None: the driver begins nothing by itself; BEGIN comes from our event.
        return {"connect_args": {"isolation_level": None, "timeout": BUSY_SECONDS}}
    return {"pool_pre_ping": True}


def _prepare(engine: Engine) -> None:
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _set_pragmas)
        event.listen(engine, "begin", _begin)


def _set_pragmas(connection: Any, _entry: ConnectionPoolEntry) -> None:
    cursor = connection.cursor()
    for pragma in PRAGMAS:
        _execute_in_the_end(cursor, pragma)
    cursor.close()


def _execute_in_the_end(cursor: Any, pragma: str) -> None:
    """Execute; the switch of a new database to WAL fails at once where others work in it, timeout or not."""
    for _ in range(BUSY_SECONDS * 20):
        try:
            cursor.execute(pragma)
        except sqlite3.OperationalError as error:
            if "locked" not in str(error):
                raise
            time.sleep(0.05)
        else:
            return
    cursor.execute(pragma)


def _begin(connection: Connection) -> None:
    reading = connection.get_execution_options().get("postline_reading", False)
    if connection.info.get("postline_reading") is not reading:  # what it was opened for last
        connection.exec_driver_sql(f"PRAGMA query_only={'ON' if reading else 'OFF'}")
        connection.info["postline_reading"] = reading
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")
