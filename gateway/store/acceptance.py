"""The rows of accepted faxes, many at a time: message, fax, public numbers, deliveries, one event a fax.

The commit after this is the promise of a 250, so it is written in as few statements as there are tables,
however many faxes and recipients come together: rows go in as plain values, not as objects. Nothing is
decided here: the caller knows who may send, and what was accepted before.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any

from sqlalchemy import CTE, Integer, String, bindparam, insert, literal, select

from gateway.domain.states import FAX, DeliveryState, FaxState, step
from gateway.store import blobs, events
from gateway.store.models import Account, Delivery, Fax, Message, PublicNumber

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy.engine import Connection
    from sqlalchemy.orm import Session
    from sqlalchemy.sql.dml import ReturningInsert

    from gateway.store.faxes import Recipient

DEFAULT_DIALS = 4

Row = dict[str, Any]
"""Column name -> value; a column that is left out gets its default."""


NEW_MESSAGES = insert(Message).returning(Message.id, sort_by_parameter_order=True)
NEW_FAXES = insert(Fax).returning(Fax.id, sort_by_parameter_order=True)
UP_TO: CTE = select(literal(1).label("n")).cte("up_to", recursive=True)
UP_TO = UP_TO.union_all(select(UP_TO.c.n + 1).where(UP_TO.c.n < bindparam("many", type_=Integer)))
NEW_NUMBERS = (
    insert(PublicNumber)
    .from_select(["kind"], select(bindparam("of_kind", type_=String)).select_from(UP_TO))
    .returning(PublicNumber.id)
)
NEW_DELIVERIES = insert(Delivery)
SETTINGS = select(Account.id, Account.settings).where(Account.id.in_(bindparam("accounts", expanding=True)))


@dataclass(frozen=True, slots=True)
class NewFax:
    """A fax to be written.

    `message` and `fax` are columns of those tables that the door knows; the blob of a message is on stable
    storage. `message` None: there is none, or `fax` names one that was written before.
    """

    account_id: int
    recipients: Sequence[Recipient]
    message: Row | None = None
    fax: Row = field(default_factory=dict)
    priority: int = 0


@dataclass(frozen=True, slots=True)
class Written:
    """What was written: the fax, and the public numbers in the order of its recipients."""

    fax_id: int
    numbers: tuple[int, ...]


def write(session: Session, new: Sequence[NewFax], now: datetime) -> list[Written]:
    """Write all of `new`, one delivery a recipient; raises ValueError for a fax without a recipient."""
    if not all(each.recipients for each in new):
        raise ValueError("a fax needs a recipient")
    if not new:
        return []
    connection = session.connection()
    stored = [{"account_id": each.account_id, **each.message} for each in new if each.message is not None]
    message_ids = iter(messages(session, stored, now))
    rows = [_fax(each, next(message_ids) if each.message is not None else None, now) for each in new]
    fax_ids = _inserted(connection, NEW_FAXES, rows)
    numbers = iter(allocate(session, "delivery", sum(len(each.recipients) for each in new)))
    written = [
        Written(fax_id, tuple(islice(numbers, len(each.recipients))))
        for each, fax_id in zip(new, fax_ids, strict=True)
    ]
    retries = _retries(connection, {each.account_id for each in new})
    deliveries = [
        {**row, **retries[each.account_id]}
        for each, done in zip(new, written, strict=True)
        for row in _deliveries(each, done, now)
    ]
    connection.execute(NEW_DELIVERIES, deliveries)
    for each, done in zip(new, written, strict=True):
        first, fax_id, numbered = done.numbers[0], done.fax_id, list(done.numbers)
        events.append(
            session,
            "fax.accepted",
            now,
            account_id=each.account_id,
            number=first,
            fax_id=fax_id,
            numbers=numbered,
        )
    return written


def messages(session: Session, rows: Sequence[Row], now: datetime) -> list[int]:
    """Write messages, and that their blobs are owned; return the ids in the order of the rows."""
    blobs.record_all(session, {row["blob"]: row["size"] for row in rows}, now)
    return _inserted(session.connection(), NEW_MESSAGES, [{"received_at": now, **row} for row in rows])


def allocate(session: Session, kind: str, count: int) -> list[int]:
    """Take the next `count` public numbers for a `delivery` or a `reception`; they never come back."""
    if not count:
        return []
    return sorted(session.connection().execute(NEW_NUMBERS, {"of_kind": kind, "many": count}).scalars())


def _fax(new: NewFax, message_id: int | None, now: datetime) -> Row:
    return {
        "account_id": new.account_id,
        "message_id": message_id,
        "state": step(FAX, FaxState.DRAFT, "accept"),
        "warnings": [recipient.warning for recipient in new.recipients if recipient.warning],
        "created_at": now,
        **new.fax,
    }


def _deliveries(new: NewFax, written: Written, now: datetime) -> Iterator[Row]:
    for number, recipient in zip(written.numbers, new.recipients, strict=True):
        yield {
            "number": number,
            "fax_id": written.fax_id,
            "account_id": new.account_id,
            "destination": recipient.destination,
            "sub": recipient.sub[:20],
            "contact": recipient.contact[:200],
            "dsn": dict(recipient.dsn),
            "state": DeliveryState.CREATED,
            "simulated_status": recipient.simulated_status,
            "priority": new.priority,
            "due_at": now,
            "created_at": now,
        }


def _retries(connection: Connection, accounts: set[int]) -> Mapping[int, Row]:
    """Return what each account says about dialling again, as columns of a delivery."""
    found = connection.execute(SETTINGS, {"accounts": list(accounts)})
    kept = {row.id: row.settings.get("retries", {}) for row in found}
    return {
        account: {
            "max_dials": retries.get("dials", DEFAULT_DIALS),
            "interval_minutes": retries.get("interval_minutes"),
        }
        for account, retries in kept.items()
    }


def _inserted(connection: Connection, statement: ReturningInsert[int], rows: Sequence[Row]) -> list[int]:
    """Insert rows; return their ids in the order of the rows."""
    return list(connection.execute(statement, rows).scalars()) if rows else []
