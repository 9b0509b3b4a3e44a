"""From drawn pages to the queue: a fax that is large for its account waits for a person first.

`release` is the only way a fax becomes ready, so no door walks around an approval. What a person decides is
in the audit with their name. Resending an old fax is in `resend`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, select

from gateway.domain.errors import Refused
from gateway.domain.outcome import Cause
from gateway.domain.states import DELIVERY, FAX, FaxState, step
from gateway.store import audit, endings, events, holds, together
from gateway.store.models import Delivery, Fax

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from sqlalchemy import ColumnElement
    from sqlalchemy.orm import Session

NOT_APPROVED = "It was not approved."
REAL = Delivery.simulated_status.is_(None)
GOOD, BAD = Delivery.simulated_status == 0, Delivery.simulated_status != 0
"""Numbers that are called, and simulator numbers that end well or not."""


def release(session: Session, fax: Fax, now: datetime, *, new_id: Callable[[], str]) -> None:
    """Make a fax ready and queue its numbers, all together; those to simulator numbers end at once."""
    fax.state = step(FAX, fax.state, "release")
    session.flush()
    times = select(Delivery.due_at).where(*together.untouched(fax), REAL).distinct()
    for due_at in session.scalars(times).all():  # as a rule one: all were wished for the same time
        _queue(session, fax, Delivery.due_at == due_at, max(now, due_at), now)
    endings.end_together(
        session, fax, "simulate", Cause.SIMULATED, now, GOOD, new_id=new_id, pages_confirmed=fax.pages
    )
    endings.end_together(session, fax, "fail", Cause.SIMULATED, now, BAD, new_id=new_id)


def _queue(session: Session, fax: Fax, which: ColumnElement[bool], due_at: datetime, now: datetime) -> None:
    """Queue numbers of a fax that are due at the same time; hold them where the window is closed."""
    queued = ("queue", "delivery.queued", {"due_at": due_at.isoformat()})
    if (closed := holds.closed(fax.account, due_at)) is None:
        together.move(session, fax, [queued], now, which, REAL, due_at=due_at)
        return
    held = ("hold", "delivery.held", holds.told(closed, closed.until))
    why = {"held_for": closed.reason, "held_since": now, "due_at": closed.until}
    together.move(session, fax, [queued, held], now, which, REAL, **why)


def start(session: Session, delivery: Delivery, now: datetime, *, new_id: Callable[[], str]) -> None:
    """Queue a delivery whose fax is ready, or hold it where its time lies outside the account's window."""
    if delivery.simulated_status is None:
        delivery.state = step(DELIVERY, delivery.state, "queue")
        endings.record(session, "delivery.queued", delivery, now, due_at=delivery.due_at.isoformat())
        if (closed := holds.closed(delivery.fax.account, delivery.due_at)) is not None:
            holds.hold(session, delivery, closed, now)
    elif delivery.simulated_status == 0:
        delivery.pages_confirmed = delivery.fax.pages
        endings.end(session, delivery, "simulate", Cause.SIMULATED, now, new_id=new_id)
    else:
        endings.end(session, delivery, "fail", Cause.SIMULATED, now, new_id=new_id)


def needs_approval(session: Session, fax: Fax) -> str:
    """Return why a person has to approve this fax, in words for the log; "" if nobody has to.

    The account's `approval` gives the most pages, over all numbers, and the most numbers that go without.
    """
    limits = fax.account.settings.get("approval", {})
    called = select(func.count()).select_from(Delivery).where(Delivery.fax_id == fax.id, REAL)
    numbers = session.scalars(called).one()
    pages = fax.pages * numbers
    if numbers > limits.get("numbers", numbers):
        return f"{numbers} numbers"
    return f"{pages} pages" if pages > limits.get("pages", pages) else ""


def ask(session: Session, fax: Fax, why: str, now: datetime) -> None:
    """Let a fax wait for a person."""
    fax.state = step(FAX, fax.state, "ask_approval")
    _record(session, "fax.awaiting_approval", fax, now, why=why)
    session.flush()


def waiting(session: Session, *, account_id: int | None = None) -> list[Fax]:
    """Return the faxes that wait for approval, of an account or of all, oldest first."""
    query = select(Fax).where(Fax.state == FaxState.AWAITING_APPROVAL).order_by(Fax.id)
    if account_id is not None:
        query = query.where(Fax.account_id == account_id)
    return list(session.scalars(query))


def approve(
    session: Session,
    number: int,
    now: datetime,
    *,
    actor: str,
    new_id: Callable[[], str],
    account_id: int | None = None,
    user_id: int | None = None,
) -> Fax:
    """Let a waiting fax go, named by any of its numbers.

    `user_id` is who decides, None for the operator. Raises `Refused` if it does not wait, is not the
    account's, or is that user's own.
    """
    fax = _waiting(session, number, account_id)
    if user_id is not None and fax.user_id == user_id:
        raise Refused("Whoever sent a fax cannot approve it.")
    audit.note(session, "fax.approved", now, fax.account_id, actor, number=number)
    _record(session, "fax.approved", fax, now, actor=actor)
    release(session, fax, now, new_id=new_id)
    return fax


def send_back(
    session: Session,
    number: int,
    now: datetime,
    *,
    actor: str,
    new_id: Callable[[], str],
    account_id: int | None = None,
) -> Fax:
    """Return a waiting fax to its sender: its deliveries are cancelled. Raises `Refused`."""
    fax = _waiting(session, number, account_id)
    fax.state = step(FAX, fax.state, "return")
    fax.cause, fax.cause_detail = Cause.CANCELLED, NOT_APPROVED
    audit.note(session, "fax.returned", now, fax.account_id, actor, number=number)
    _record(session, "fax.returned", fax, now, actor=actor)
    endings.end_together(session, fax, "cancel", Cause.CANCELLED, now, new_id=new_id, detail=NOT_APPROVED)
    return fax


def _waiting(session: Session, number: int, account_id: int | None) -> Fax:
    query = select(Fax).join(Delivery).where(Delivery.number == number).with_for_update(of=Fax)
    if account_id is not None:
        query = query.where(Fax.account_id == account_id)
    fax = session.scalar(query)
    if fax is None:
        raise Refused(f"There is no fax {number}.")
    if fax.state is not FaxState.AWAITING_APPROVAL:
        raise Refused(f"Fax {number} does not wait for approval; it is {fax.state.value}.")
    return fax


def _record(session: Session, kind: str, fax: Fax, now: datetime, **data: str) -> None:
    events.append(
        session,
        kind,
        now,
        account_id=fax.account_id,
        number=together.first(session, fax.id),
        fax_id=fax.id,
        pages=fax.pages,
        numbers=together.count(session, fax.id),
        **data,
    )
