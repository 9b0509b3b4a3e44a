"""Mails and webhooks owed, written in the transaction of the change that owes them.

Sent at least once: a row is claimed, sent and closed; a crash between sends it again under the same
Message-ID, which is fixed when the row is written. A bad address holds up nobody else: each row has its own
schedule (`domain.schedule`). This module sends nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, or_, select

from gateway.domain.states import FORWARD, step
from gateway.store import events, together
from gateway.store.leases import MailLease, held, let_go, take
from gateway.store.models import Delivery, Fax, Forward, Outbox

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime, timedelta

    from sqlalchemy.orm import Session

KINDS = ("result", "batch", "dsn", "mdn", "refusal", "enrolled", "forward", "note")
"""result, dsn: about a delivery; batch, mdn: about a fax; refusal: about a mail that became none."""


def owe(
    session: Session,
    kind: str,
    recipient: str,
    *,
    new_id: Callable[[], str],
    now: datetime,
    delivery_number: int | None = None,
    fax_id: int | None = None,
    forward_id: int | None = None,
    data: dict[str, Any] | None = None,
    due_at: datetime | None = None,
) -> Outbox:
    """Add a mail to send, of one of `KINDS`; `new_id` gives its Message-ID, with brackets."""
    if kind not in KINDS:
        raise ValueError(f"{kind!r} is nothing the outbox sends")
    row = Outbox(
        kind=kind,
        state="owed",
        recipient=recipient,
        message_id=new_id(),
        delivery_number=delivery_number,
        fax_id=fax_id,
        forward_id=forward_id,
        data=data or {},
        tries=0,
        due_at=due_at or now,
        created_at=now,
    )
    session.add(row)
    session.flush()
    return row


def claim_due(
    session: Session, worker: str, now: datetime, lease: timedelta, limit: int = 1
) -> list[MailLease]:
    """Claim up to `limit` mails that are due, oldest first; also those whose sender's lease ran out."""
    due = and_(Outbox.state == "owed", Outbox.due_at <= now)
    lost = and_(Outbox.state == "sending", Outbox.lease_until < now)
    query = select(Outbox).where(or_(due, lost)).order_by(Outbox.due_at, Outbox.id).limit(limit)
    rows = session.scalars(query.with_for_update(skip_locked=True)).all()
    for row in rows:
        take(row, worker, now + lease)
        row.state = "sending"
    session.flush()
    return [_lease(row, worker) for row in rows]


def sent(session: Session, lease: MailLease, now: datetime) -> None:
    """Close a mail that the next hop took. Raises `LostLease`."""
    row = _end(session, lease, "sent", now)
    events.append(session, "mail.sent", now, kind=row.kind, recipient=row.recipient, **_about(session, row))
    if row.forward_id is not None:
        _forward(session, row.forward_id, "sent", now, "")


def again(session: Session, lease: MailLease, error: str, due_at: datetime) -> None:
    """Put a mail back that the next hop did not take now. Raises `LostLease`."""
    row = held(session, Outbox, lease.id, lease.epoch, lease.worker)
    row.state, row.due_at, row.last_error = "owed", due_at, error
    row.tries += 1
    let_go(row)
    session.flush()


def failed(session: Session, lease: MailLease, error: str, now: datetime) -> None:
    """Close a mail that nobody will take, or whose time is over. Raises `LostLease`."""
    row = _end(session, lease, "failed", now)
    row.last_error = error
    if row.forward_id is not None:
        _forward(session, row.forward_id, "fail", now, error)


def _end(session: Session, lease: MailLease, state: str, now: datetime) -> Outbox:
    row = held(session, Outbox, lease.id, lease.epoch, lease.worker)
    row.state, row.done_at = state, now
    row.tries += 1
    let_go(row)
    session.flush()
    return row


def _about(session: Session, row: Outbox) -> dict[str, Any]:
    """Return the account, number and fax a mail tells of, as far as it tells of one."""
    if row.delivery_number:
        delivery = session.get_one(Delivery, row.delivery_number)
        return {"account_id": delivery.account_id, "number": delivery.number, "fax_id": delivery.fax_id}
    if row.fax_id:
        fax = session.get_one(Fax, row.fax_id)
        return {"account_id": fax.account_id, "number": together.first(session, fax.id), "fax_id": fax.id}
    return {}


def _forward(session: Session, forward_id: int, event: str, now: datetime, detail: str) -> None:
    row = session.get_one(Forward, forward_id, with_for_update=True)
    row.state = step(FORWARD, row.state, event)
    row.detail = detail
    row.sent_at = now if event == "sent" else None
    events.append(
        session,
        "forward.sent" if event == "sent" else "forward.failed",
        now,
        account_id=row.account_id,
        number=row.reception_number,
        address=row.address,
        detail=detail,
    )


def _lease(row: Outbox, worker: str) -> MailLease:
    return MailLease(
        id=row.id,
        epoch=row.epoch,
        worker=worker,
        kind=row.kind,
        recipient=row.recipient,
        message_id=row.message_id,
        delivery_number=row.delivery_number,
        fax_id=row.fax_id,
        forward_id=row.forward_id,
        tries=row.tries,
        created_at=row.created_at,
        data=dict(row.data),
    )
