"""What a delivery's end, or its next try, writes: the state, the event and the result mail, all at once.

Every way a delivery can come to rest goes through `end` or `wait`, inside the transaction of whatever
caused it, so that no final state is without its event and no owed mail without its row.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from gateway.domain.states import DELIVERY, DeliveryState, PageState, step
from gateway.store import events, reports, together
from gateway.store.leases import let_go
from gateway.store.models import Attempt, Delivery, Page

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from sqlalchemy import ColumnElement
    from sqlalchemy.orm import Session

    from gateway.domain.outcome import Cause
    from gateway.domain.retry import Again
    from gateway.store.models import Fax

KIND = {
    DeliveryState.SENT: "delivery.sent",
    DeliveryState.FAILED: "delivery.failed",
    DeliveryState.UNCERTAIN: "delivery.uncertain",
    DeliveryState.CANCELLED: "delivery.cancelled",
}


def end(
    session: Session,
    delivery: Delivery,
    event: str,
    cause: Cause,
    now: datetime,
    *,
    new_id: Callable[[], str],
    detail: str = "",
) -> None:
    """Bring a delivery to rest by `event` of its table; owe the mails that this end owes."""
    _come_to_rest(session, delivery, event, cause, now, detail=detail)
    reports.owe_at_end(session, delivery.fax, [delivery], now, new_id)
    session.flush()


def end_together(
    session: Session,
    fax: Fax,
    event: str,
    cause: Cause,
    now: datetime,
    *where: ColumnElement[bool],
    new_id: Callable[[], str],
    detail: str = "",
    **values: Any,
) -> None:
    """Bring all numbers of a fax to rest that never got into the queue, or those of them that fulfil `where`.

    What they owe is asked once for all: asked for each, a list of 20,000 would hold the database for minutes.
    """
    state = step(DELIVERY, DeliveryState.CREATED, event)
    path = [(event, KIND[state], {"cause": cause.value, "detail": detail})]
    values |= {"cause": cause, "cause_detail": detail, "completed_at": now}
    ended = together.move(session, fax, path, now, *where, **values)
    if ended:
        reports.owe_at_end(session, fax, ended, now, new_id)
    session.flush()


def _come_to_rest(
    session: Session, delivery: Delivery, event: str, cause: Cause, now: datetime, *, detail: str
) -> None:
    delivery.state = step(DELIVERY, delivery.state, event)
    delivery.cause, delivery.cause_detail = cause, detail
    delivery.completed_at = now
    let_go(delivery)
    record(session, KIND[delivery.state], delivery, now, cause=cause.value, detail=detail)


def wait(
    session: Session, delivery: Delivery, event: str, cause: Cause, *, again: Again, now: datetime
) -> None:
    """Put a delivery back for another call at `again.due_at`."""
    delivery.state = step(DELIVERY, delivery.state, event)
    delivery.cause, delivery.due_at = cause, again.due_at
    let_go(delivery)
    record(
        session,
        "delivery.retry",
        delivery,
        now,
        cause=cause.value,
        due_at=again.due_at.isoformat(),
        next_page=next_page(session, delivery),
        advice=asdict(again.advice),
    )
    session.flush()


def record(session: Session, kind: str, delivery: Delivery, now: datetime, **data: Any) -> None:
    """Append an event of this delivery, with what every reader of its events wants to know."""
    events.append(
        session,
        kind,
        now,
        account_id=delivery.account_id,
        number=delivery.number,
        fax_id=delivery.fax_id,
        destination=delivery.destination,
        state=delivery.state.value,
        dials=delivery.dials,
        pages_confirmed=delivery.pages_confirmed,
        **data,
    )


def confirmed_pages(session: Session, delivery: Delivery) -> set[int]:
    """Return the pages, from 1, that the far machine confirmed, in any attempt or to the delivery resent."""
    query = select(Page.n).join(Attempt).where(Attempt.delivery_number == delivery.number)
    now_there = session.scalars(query.where(Page.state == PageState.CONFIRMED.value))
    there = {*range(1, delivery.first_page), *now_there}
    if delivery.first_page > 1 and delivery.resend_of is not None:  # the rest of another one
        old = session.get(Delivery, delivery.resend_of)
        there |= confirmed_pages(session, old) if old is not None else set()
    return there


def pages_left(session: Session, delivery: Delivery) -> tuple[int, ...]:
    """Return the pages that no attempt got confirmed, in order."""
    confirmed = confirmed_pages(session, delivery)
    return tuple(n for n in range(1, delivery.fax.pages + 1) if n not in confirmed)


def next_page(session: Session, delivery: Delivery) -> int:
    """Return the first page no attempt got confirmed; one above the page count when all are."""
    left = pages_left(session, delivery)
    return left[0] if left else delivery.fax.pages + 1
