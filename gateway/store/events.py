"""The append-only record of changes: feeds live pages, subscriptions, webhooks and audit.

An event is written in the transaction of the change it tells of. Ids grow in the order of commits, also on
PostgreSQL, so that a reader who remembers the last id it saw misses nothing: events of a transaction are
inserted at its very end, one transaction at a time. Nothing is ever changed or deleted here.
"""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import ColumnElement, Executable, Select, func, insert, literal, select
from sqlalchemy import event as sqlalchemy_event
from sqlalchemy.orm import Session

from gateway.store.database import is_postgresql, one_at_a_time
from gateway.store.models import Delivery, Event

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

KINDS = frozenset(
    {
        "fax.accepted",
        "fax.rendered",
        "fax.refused",
        "fax.awaiting_approval",
        "fax.approved",
        "fax.returned",
        "delivery.queued",
        "delivery.held",
        "delivery.cancel_requested",
        "delivery.dialling",
        "delivery.connected",
        "delivery.sent",
        "delivery.failed",
        "delivery.retry",
        "delivery.uncertain",
        "delivery.cancelled",
        "page.sending",
        "page.awaiting",
        "page.confirmed",
        "page.rejected",
        "call.trace",
        "reception.started",
        "reception.page",
        "reception.closed",
        "forward.sent",
        "forward.failed",
        "line.state",
        "dialling.paused",
        "dialling.resumed",
        "alarm",
        "mail.sent",
    }
)
PENDING = "postline_events"
NEW_EVENTS = insert(Event)
EVERY_DELIVERY: Final[dict[str, ColumnElement[Any]]] = {
    "destination": Delivery.destination.expression,
    "dials": Delivery.dials.expression,
    "pages_confirmed": Delivery.pages_confirmed.expression,
}
"""What every event of a delivery tells, with its state."""


def append(
    session: Session,
    kind: str,
    now: datetime,
    /,
    *,
    account_id: int | None = None,
    number: int | None = None,
    fax_id: int | None = None,
    **data: Any,
) -> None:
    """Record that something happened; the row gets its id when the transaction ends.

    `number` is a delivery's or reception's; `data` must be JSON. Raises ValueError for a kind not in `KINDS`.
    """
    if kind not in KINDS:
        raise ValueError(f"{kind!r} is not an event of this product")
    row = {
        "at": now,
        "account_id": account_id,
        "number": number,
        "fax_id": fax_id,
        "kind": kind,
        "data": data,
    }
    session.info.setdefault(PENDING, []).append(row)


def append_each(
    session: Session, kind: str, now: datetime, /, *which: ColumnElement[bool], **data: Any
) -> None:
    """Record that the same happened to many deliveries; `which` they are is asked when the transaction ends.

    Each gets an event as `append` would write it, with the facts of its own row in it (`EVERY_DELIVERY`);
    `data` is the same for all. The database makes the rows: thousands cost one statement.
    """
    if kind not in KINDS:
        raise ValueError(f"{kind!r} is not an event of this product")
    session.info.setdefault(PENDING, []).append(_of_each(session, kind, now, which, data))


def _of_each(
    session: Session, kind: str, now: datetime, which: Sequence[ColumnElement[bool]], data: dict[str, Any]
) -> Executable:
    told: list[Any] = []
    for name, column in {**EVERY_DELIVERY, **data}.items():
        told += (name, column)
    as_object = func.json_build_object if is_postgresql(session) else func.json_object
    values: dict[str, ColumnElement[Any]] = {
        "at": literal(now, Event.at.type),
        "account_id": Delivery.account_id.expression,
        "number": Delivery.number.expression,
        "fax_id": Delivery.fax_id.expression,
        "kind": literal(kind),
        "data": as_object(*told),
    }
    rows: Select[Any] = select(*[value.label(name) for name, value in values.items()])
    return insert(Event).from_select(list(values), rows.where(*which).order_by(Delivery.number))


def since(
    session: Session,
    after_id: int,
    *,
    limit: int = 500,
    account_id: int | None = None,
    number: int | None = None,
    kinds: Collection[str] = (),
) -> Sequence[Event]:
    """Return up to `limit` events with an id above `after_id`, oldest first."""
    _write(session)
    query = select(Event).where(Event.id > after_id).order_by(Event.id).limit(limit)
    if account_id is not None:
        query = query.where(Event.account_id == account_id)
    if number is not None:
        query = query.where(Event.number == number)
    if kinds:
        query = query.where(Event.kind.in_(kinds))
    return session.scalars(query).all()


def last_id(session: Session) -> int:
    """Return the id of the newest event, 0 if there is none: where a new subscriber starts."""
    return session.scalar(select(Event.id).order_by(Event.id.desc()).limit(1)) or 0


@sqlalchemy_event.listens_for(Session, "before_commit")
def _write(session: Session) -> None:
    rows = session.info.pop(PENDING, None)
    if not rows:
        return
    session.flush()  # first, so that no row lock is waited for while holding the order of events
    one_at_a_time(session, "events")
    connection = session.connection()
    for together, some in groupby(rows, key=lambda row: isinstance(row, dict)):
        if together:
            connection.execute(NEW_EVENTS, list(some))
        else:
            for statement in some:
                connection.execute(statement)


@sqlalchemy_event.listens_for(Session, "after_rollback")
def _forget(session: Session) -> None:
    session.info.pop(PENDING, None)
