"""What a call leaves in its rows for people to see: its look, its terms, its company, where it broke off."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import MetaData, Table, text
from store_fixtures import NOON

from gateway.domain.header import Header, Look
from gateway.domain.outcome import Cause
from gateway.store import migrate, queue
from gateway.store.database import Store
from gateway.transmitted import look_of

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection
    from store_fixtures import House

    from gateway.store.leases import Lease
    from gateway.store.models import Attempt


def begun(house: House, lease: Lease, **named: object) -> int:
    return int(house.run(queue.start_attempt, lease, line="usb0", simulated=False, now=house.now, **named))


def claimed(house: House) -> Lease:
    lease = house.claim()
    assert lease is not None
    return lease


def only_attempt(house: House, number: int) -> Attempt:
    [attempt] = house.delivery(number).attempts
    return attempt


def states(house: House, number: int) -> list[list[str]]:
    return [[page.state for page in attempt.pages] for attempt in house.delivery(number).attempts]


@pytest.mark.parametrize(
    "look",
    [
        Look(),
        Look(Header("Acme\tP. {Page}", first=1, note="続き", language="zh-CN"), a4=True),
        Look(cut_white=True),
    ],
)
def test_the_look_of_a_call_is_written_before_it_is_dialled(house: House, look: Look) -> None:
    [number] = house.ready()
    begun(house, claimed(house), look=look)
    assert look_of(only_attempt(house, number)) == look


def test_attempts_of_one_call_name_the_first_of_them(house: House) -> None:
    first, second = house.ready("0081312345678", "0081312345679")
    call = begun(house, claimed(house))
    begun(house, claimed(house), call=call)
    assert [only_attempt(house, number).call for number in (first, second)] == [call, call]


def test_what_was_agreed_is_known_while_the_call_stands(house: House) -> None:
    [number] = house.ready()
    call = house.call(["confirmed"])
    terms = {"rate": 9600, "ecm": True, "compression": "MMR", "resolution": "fine"}
    house.run(queue.agreed, call.lease, call.attempt, **terms)
    attempt = only_attempt(house, number)
    assert attempt.ended_at is None
    assert {name: getattr(attempt, name) for name in terms} == terms


def test_what_went_wrong_on_the_way_is_counted(house: House) -> None:
    [number] = house.ready()
    house.call(["confirmed", "confirmed"]).finish(ppr=3, rtn=1, ftt=2)
    attempt = only_attempt(house, number)
    assert (attempt.ppr, attempt.rtn, attempt.ftt) == (3, 1, 2)


def test_a_page_the_call_ended_in_is_broken_and_sent_anew_by_the_next(house: House) -> None:
    [number] = house.ready()
    house.call(["confirmed", "sending"]).finish(Cause.CALL_DROPPED)
    assert states(house, number) == [["confirmed", "broken"]]
    house.later(hours=1)
    house.call(["confirmed"]).finish()
    assert states(house, number) == [["confirmed", "broken"], ["confirmed"]]


@pytest.mark.parametrize("state", ["awaiting", "rejected"])
def test_a_page_that_was_out_keeps_what_is_known_of_it(house: House, state: str) -> None:
    [number] = house.ready()
    house.call([state]).finish(Cause.CALL_DROPPED)
    assert states(house, number) == [[state]]


def test_a_page_that_a_crash_took_is_broken_too(house: House) -> None:
    [number] = house.ready()
    house.call(["sending"])
    house.recover("host/")
    assert states(house, number) == [["broken"]]


def insert(connection: Connection, name: str, **values: Any) -> None:
    """Insert a row into a table as it is at this moment; what is not named is empty."""
    table = Table(name, MetaData(), autoload_with=connection)
    empty = {str: "", int: 0, bool: False, float: 0.0, object: {}, dict: {}, datetime: NOON}
    needed = (c for c in table.columns if not (c.nullable or c.server_default or c.name in values))
    connection.execute(table.insert(), {c.name: empty[c.type.python_type] for c in needed} | values)


def test_the_migration_closes_the_pages_of_calls_that_are_over(empty_url: str) -> None:
    store = Store(empty_url)
    config = Config()
    config.set_main_option("script_location", str(migrate.SCRIPTS))
    with store.engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0004")
        insert(connection, "account", id=1)
        insert(connection, "public_number", id=1)
        insert(connection, "fax", id=1, account_id=1)
        insert(connection, "delivery", number=1, fax_id=1, account_id=1)
        for attempt, ended in ((1, NOON), (2, None)):
            insert(connection, "attempt", id=attempt, delivery_number=1, ended_at=ended)
            insert(connection, "page", id=attempt, attempt_id=attempt, n=1, state="sending")
    migrate.upgrade(empty_url)
    with store.engine.connect() as connection:
        found = connection.execute(text("SELECT state FROM page ORDER BY id")).scalars().all()
    store.close()
    assert found == ["broken", "sending"]
