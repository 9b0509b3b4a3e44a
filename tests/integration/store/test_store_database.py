"""Transactions on both databases: what is committed stays, what fails leaves nothing, readers only read."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError
from store_fixtures import NOON, Cluster, House, postgres_binary

from gateway.domain.errors import BadConfig, StorageFull, Unavailable
from gateway.store import audit, database, events, lines
from gateway.store.database import AsyncStore, Store, translated
from gateway.store.models import Audit, Fax

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy.orm import Session


def smuggle(session: Session) -> None:
    audit.note(session, "smuggled", NOON)
    session.flush()


def actions(house: House) -> list[str]:
    with house.store.reading() as session:
        return [row.action for row in audit.latest(session)]


def test_a_transaction_that_raises_leaves_nothing(house: House) -> None:
    def breaks(session: Session) -> None:
        audit.note(session, "kept?", NOON)
        session.flush()
        raise RuntimeError

    with pytest.raises(RuntimeError):
        house.run(breaks)
    assert "kept?" not in actions(house)


def test_a_transaction_that_ends_is_there_for_others(house: House) -> None:
    house.run(audit.note, "kept", NOON)
    other = Store(house.store.url)
    with other.reading() as session:
        assert "kept" in [row.action for row in audit.latest(session)]
    other.close()


def test_a_reading_transaction_cannot_write(house: House) -> None:
    with pytest.raises((Unavailable, DBAPIError)):
        house.store.read(smuggle)
    with house.store.begin() as session:
        audit.note(session, "written", NOON)
    assert "written" in actions(house)
    assert "smuggled" not in actions(house)


async def test_the_asynchronous_reader_cannot_write_either(house: House) -> None:
    store = AsyncStore(house.store.url)
    with pytest.raises((Unavailable, DBAPIError)):
        await store.read(smuggle)
    await store.run(audit.note, "written", NOON)
    await store.close()
    assert actions(house)[0] == "written"


def test_foreign_keys_are_kept(house: House) -> None:
    with pytest.raises(IntegrityError), house.store.begin() as session:
        session.add(Audit(at=NOON, account_id=4711, action="x", data={}))


def test_times_come_back_in_utc_whatever_zone_they_went_in(house: House) -> None:
    tokyo = timezone(timedelta(hours=9))
    house.run(audit.note, "tokyo", datetime(2030, 6, 1, 21, 0, tzinfo=tokyo))
    with house.store.reading() as session:
        row = audit.latest(session, limit=1)[0]
    assert row.at == NOON
    assert row.at.tzinfo is UTC


def test_rows_stay_readable_after_their_transaction(house: House) -> None:
    (number,) = house.ready()
    delivery = house.delivery(number)
    assert delivery.fax.account.name == "acme"
    assert delivery.fax.message is None
    assert delivery.attempts == []


def test_sqlite_is_opened_as_the_durability_rules_ask(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path / 'a.sqlite'}")
    with store.begin() as session:
        values = {
            name: session.scalar(text(f"PRAGMA {name}"))
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
    store.close()
    assert values == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 10000}


async def test_sqlite_is_opened_so_for_coroutines_too(tmp_path: Path) -> None:
    store = AsyncStore(f"sqlite:///{tmp_path / 'a.sqlite'}")
    assert await store.run(lambda session: session.scalar(text("PRAGMA synchronous"))) == 2
    assert await store.run(lambda session: session.scalar(text("PRAGMA foreign_keys"))) == 1
    await store.close()


def test_a_sqlite_writer_takes_the_lock_at_its_beginning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "PRAGMAS", ("PRAGMA journal_mode=WAL",))
    monkeypatch.setattr(database, "BUSY_SECONDS", 0)
    path = tmp_path / "a.sqlite"
    store = Store(f"sqlite:///{path}")
    with store.reading() as session:
        session.execute(text("SELECT 1"))
    with store.begin() as session:
        session.execute(text("SELECT 1"))
        other = sqlite3.connect(path, timeout=0, isolation_level=None)
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            other.execute("BEGIN IMMEDIATE")
        other.close()
    other = sqlite3.connect(path, timeout=0, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(Unavailable) as refusal, store.begin() as session:
        session.execute(text("SELECT 1"))
    other.close()
    store.close()
    assert refusal.value.retry == "later"


def test_a_reader_does_not_wait_for_a_writer(house: House) -> None:
    with house.store.begin() as session:
        audit.note(session, "unfinished", NOON)
        session.flush()
        assert "unfinished" not in actions(house)
    assert "unfinished" in actions(house)


def test_a_full_disk_is_told_as_a_full_disk() -> None:
    from sqlalchemy.exc import OperationalError

    with pytest.raises(StorageFull), translated():
        raise OperationalError("COMMIT", {}, sqlite3.OperationalError("database or disk is full"))
    with pytest.raises(StorageFull), translated():
        raise OperationalError("COMMIT", {}, psycopg.OperationalError("No space left on device"))


def test_a_connection_the_server_cut_is_replaced(cluster: Cluster) -> None:
    house = House(cluster.url(cluster.fresh("migrated")))
    cluster.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname LIKE 'test%' AND pid <> pg_backend_pid()"
    )
    house.run(audit.note, "still here", NOON)
    assert actions(house)[0] == "still here"
    house.close()


def test_a_server_cut_in_mid_transaction_is_unavailable_and_stores_nothing(cluster: Cluster) -> None:
    house = House(cluster.url(cluster.fresh("migrated")))

    def cut(session: Session) -> None:
        audit.note(session, "half", NOON)
        session.flush()
        pid = session.scalar(text("SELECT pg_backend_pid()"))
        cluster.execute(f"SELECT pg_terminate_backend({pid})")
        session.execute(text("SELECT 1"))

    with pytest.raises(Unavailable):
        house.run(cut)
    assert "half" not in actions(house)
    house.close()


def test_a_postgresql_that_does_not_sync_is_refused(cluster: Cluster) -> None:
    name = cluster.fresh("migrated")
    store = Store(cluster.url(name))
    store.check()
    store.close()
    cluster.execute(f"ALTER DATABASE {name} SET synchronous_commit = off")
    careless = Store(cluster.url(name))
    with pytest.raises(BadConfig, match="synchronous_commit"):
        careless.check()
    careless.close()


def test_another_kind_of_database_is_refused_by_name() -> None:
    with pytest.raises(BadConfig, match="mysql"):
        Store("mysql://localhost/x")


def test_a_missing_server_program_is_named_with_its_package() -> None:
    with pytest.raises(AssertionError, match="apt-get install postgresql"):
        postgres_binary("no-such-program")


def test_what_a_line_does_is_kept_and_told_only_when_it_changes(house: House) -> None:
    for detail, state in (("", "idle"), ("still", "idle"), ("", "calling"), ("", "idle")):
        house.later(seconds=1)
        house.run(lines.report, "usb0", house.now, kind="modem", state=state, detail=detail)
    assert house.kinds() == ["line.state"] * 3
    with house.store.reading() as session:
        (row,) = lines.all_lines(session)
    assert (row.name, row.state, row.since) == ("usb0", "idle", house.now)
    house.run(lines.forget, ["usb1"])
    with house.store.reading() as session:
        assert list(lines.all_lines(session)) == []


def test_an_operators_audit_is_not_an_accounts(house: House) -> None:
    house.run(audit.note, "sender.refused", NOON, None, "mallory@x.example", peer="192.0.2.1")
    house.run(audit.note, "sender.refused", NOON, 1, "bob@acme.example")
    with house.store.reading() as session:
        operators = audit.latest(session)
        accounts = audit.latest(session, account_id=1)
        assert [row.action for row in accounts] == ["sender.refused", "account.created"]
        assert accounts[0].actor == "bob@acme.example"
        assert operators[0].data == {"peer": "192.0.2.1"}
        assert session.get(Fax, 1) is None


def test_a_line_says_what_its_modem_is_once_it_has_reported(house: House) -> None:
    house.run(lines.identified, "usb0", NOON, profile="generic", modem="nobody knows the line yet")
    house.run(lines.report, "usb0", NOON, kind="modem", state="idle")
    house.run(lines.identified, "usb0", NOON, profile="conexant", modem="CX93001")
    house.run(lines.report, "usb0", NOON, kind="modem", state="calling")
    with house.store.reading() as session:
        (row,) = lines.all_lines(session)
    assert (row.profile, row.modem, row.probed_at) == ("conexant", "CX93001", NOON)


def test_an_operator_pauses_and_resumes_a_line_and_the_audit_knows(house: House) -> None:
    assert house.run(lines.pause, "usb0", NOON, paused=True, actor="root") is False
    house.run(lines.report, "usb0", NOON, kind="modem", state="idle")
    assert not house.store.read(lines.is_paused, "usb0")
    for _ in range(2):
        assert house.run(lines.pause, "usb0", NOON, paused=True, actor="root")
    assert house.store.read(lines.is_paused, "usb0")
    house.run(lines.report, "usb0", NOON, kind="modem", state="paused")
    assert house.store.read(lines.is_paused, "usb0"), "the line's own report does not undo it"
    assert house.run(lines.pause, "usb0", NOON, paused=False, actor="root")
    assert not house.store.read(lines.is_paused, "usb0")
    with house.store.reading() as session:
        assert [row.action for row in audit.latest(session, limit=2)] == ["line.resumed", "line.paused"]
    assert not house.store.read(lines.is_paused, "usb9")


def test_a_host_forgets_its_own_lines_only(house: House) -> None:
    for name, host in (("a", "one"), ("b", "one"), ("c", "two")):
        house.run(lines.report, name, NOON, kind="modem", state="idle", worker=f"{host}/{name}/")
    assert house.run(lines.forget, ["a"], "one") == ["b"]
    with house.store.reading() as session:
        assert [row.name for row in lines.all_lines(session)] == ["a", "c"]


def test_a_change_of_state_tells_what_the_line_did_before(house: House) -> None:
    for state in ("idle", "out_of_service", "idle"):
        house.run(lines.report, "usb0", NOON, kind="modem", state=state)
    with house.store.reading() as session:
        told = [(event.data["was"], event.data["state"]) for event in events.since(session, 0)]
    assert told == [("", "idle"), ("idle", "out_of_service"), ("out_of_service", "idle")]


class Refusing:
    """A cursor of a database that others are working in for a while."""

    def __init__(self, times: int, text: str = "database is locked") -> None:
        self.left, self.text, self.done = times, text, list[str]()

    def execute(self, pragma: str) -> None:
        if self.left:
            self.left -= 1
            raise sqlite3.OperationalError(self.text)
        self.done.append(pragma)


def test_a_database_that_others_make_ready_is_waited_for() -> None:
    cursor = Refusing(3)
    database._execute_in_the_end(cursor, "PRAGMA journal_mode=WAL")
    assert (cursor.left, cursor.done) == (0, ["PRAGMA journal_mode=WAL"])


def test_any_other_fault_of_a_database_is_told_at_once() -> None:
    cursor = Refusing(2, "disk I/O error")
    with pytest.raises(sqlite3.OperationalError, match="disk"):
        database._execute_in_the_end(cursor, "PRAGMA journal_mode=WAL")
    assert cursor.left == 1
