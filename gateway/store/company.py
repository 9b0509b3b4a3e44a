"""Who may share a call: other deliveries to the number that is about to be called, due now.

Setting up a call costs some fifteen seconds and the far machine has one telephone, so what waits for it goes
along: same account (calls and their records are nobody else's business), same sub-address, same identity
of ours, no more pages than a call should hold. Windows and caps hold for each as if it were called alone. A
delivery whose pages the machine could not take goes alone, or it would spoil the coding of the others.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import select

from gateway.domain.outcome import Cause
from gateway.domain.states import FaxState
from gateway.store import candidates, endings, holds, queue
from gateway.store.database import one_at_a_time
from gateway.store.leases import held
from gateway.store.models import Delivery, Fax

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from sqlalchemy import Select
    from sqlalchemy.orm import Session

    from gateway.domain.dialling import Rules
    from gateway.store.leases import Lease

DELIVERIES, PAGES = 10, 50
"""Of one call, the first delivery included: a machine's tray and patience are not endless."""


def claim(
    session: Session,
    lease: Lease,
    now: datetime,
    *,
    rules: Rules = queue.OPEN,
    lease_seconds: float = 60,
) -> list[Lease]:
    """Claim, for the worker of this lease, the deliveries that may share its call; most urgent first.

    Raises `LostLease`: that the number is ours to call, and nobody else's, rests on this lease.
    """
    held(session, Delivery, lease.number, lease.epoch, lease.worker)
    if is_alone(lease):
        return []
    one_at_a_time(
        session, f"destination {lease.destination}"
    )  # as `queue.claim`: the number's caps are counted
    until = now + timedelta(seconds=lease_seconds)
    room = PAGES - len(lease.left)
    found: list[Lease] = []
    for delivery in session.scalars(_due(lease, now)):
        pages = len(endings.pages_left(session, delivery))
        alone = delivery.cause is Cause.INCOMPATIBLE or _ident(delivery.fax.options) != _ident(lease.options)
        if alone or pages > room or holds.found(session, delivery, rules, now) is not None:
            continue
        room -= pages
        found.append(queue.claimed(session, delivery, lease.worker, until, rules))
    return found


def _ident(options: Mapping[str, object]) -> object:
    """Return who a fax says we are, which a machine is told once a call."""
    return options.get("csid")


def is_alone(lease: Lease) -> bool:
    """Say whether this delivery goes without company."""
    return bool(lease.tried) and lease.tried[-1].cause is Cause.INCOMPATIBLE


def _due(lease: Lease, now: datetime) -> Select[Delivery]:
    alike = {
        Delivery.account_id: lease.account_id,
        Delivery.destination: lease.destination,
        Delivery.sub: lease.sub,
        Fax.state: FaxState.READY,
    }
    return (
        select(Delivery)
        .join(Fax)
        .where(*(column == value for column, value in alike.items()))
        .where(Delivery.state.in_(candidates.WAITING), Delivery.due_at <= now)
        .order_by(Delivery.priority.desc(), Delivery.due_at, Delivery.number)
        .limit(DELIVERIES - 1)
        .with_for_update(skip_locked=True, of=Delivery)
        .execution_options(populate_existing=True)
    )
