"""What to do with deliveries whose worker died: the crash table of durability.md section 4, rows 4 to 9.

A delivery on a line whose lease ran out, or whose worker is known to be dead, is taken away from it (its
fencing token grows, so a worker that only slept can write no more) and settled by what is on disk:
4 claimed, not dialled: call again; 5 dialled: a dial, call again; 6 a page was going: resume at that page;
7 and 8 its confirmation may have been lost: the account's `uncertain` rule; 9 all pages confirmed: sent, and
never called again. The line itself must be hung up before its worker calls again; that is `lines`' duty.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import or_, select

from gateway.domain.outcome import Cause
from gateway.domain.states import DELIVERY, DeliveryState, step
from gateway.store import endings
from gateway.store.calls import awaiting_page, settle
from gateway.store.leases import let_go
from gateway.store.models import Attempt, Delivery

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from sqlalchemy.orm import Session

ON_A_LINE = (DeliveryState.CLAIMED, DeliveryState.DIALLING, DeliveryState.CONNECTED)


@dataclass(frozen=True, slots=True)
class Recovered:
    """One delivery taken from a dead worker: the row of the crash table, and its state now."""

    number: int
    row: int
    state: DeliveryState
    worker: str


def recover(
    session: Session, now: datetime, *, new_id: Callable[[], str], worker_prefix: str | None = None
) -> list[Recovered]:
    """Settle every delivery whose lease ran out, and all of workers whose name starts with `worker_prefix`.

    Give a prefix only for workers that cannot be alive any more: those of this process's former life.
    """
    dead = Delivery.lease_until < now
    if worker_prefix is not None:
        dead = or_(dead, Delivery.worker.startswith(worker_prefix, autoescape=True))
    query = select(Delivery).where(Delivery.state.in_(ON_A_LINE), dead).order_by(Delivery.number)
    rows = session.scalars(query.with_for_update(skip_locked=True)).all()
    return [_recover(session, delivery, now, new_id) for delivery in rows]


def _recover(session: Session, delivery: Delivery, now: datetime, new_id: Callable[[], str]) -> Recovered:
    worker = delivery.worker or ""
    delivery.epoch += 1
    attempt = session.scalar(
        select(Attempt)
        .where(Attempt.delivery_number == delivery.number, Attempt.ended_at.is_(None))
        .order_by(Attempt.id.desc())
        .limit(1)
    )
    row = crash_row(session, delivery, attempt)
    if row == 4 or attempt is None:
        _requeue(session, delivery, attempt, now, new_id)
    else:
        settle(session, delivery, attempt, Cause.INTERNAL, now, new_id=new_id)
    session.flush()
    return Recovered(delivery.number, row, delivery.state, worker)


def crash_row(session: Session, delivery: Delivery, attempt: Attempt | None) -> int:
    """Return the row of the crash table this delivery is in."""
    if delivery.state is DeliveryState.CLAIMED or attempt is None:
        return 4
    if delivery.state is DeliveryState.DIALLING:
        return 5
    if endings.next_page(session, delivery) > delivery.fax.pages:
        return 9
    return 6 if awaiting_page(session, attempt) is None else 7


def _requeue(
    session: Session, delivery: Delivery, attempt: Attempt | None, now: datetime, new_id: Callable[[], str]
) -> None:
    if attempt is not None:
        attempt.ended_at = now
    if delivery.cancel_requested:
        endings.end(session, delivery, "cancel", Cause.CANCELLED, now, new_id=new_id)
        return
    delivery.state = step(DELIVERY, delivery.state, "release")
    delivery.due_at = now
    let_go(delivery)
    endings.record(session, "delivery.queued", delivery, now)
