"""The queue is the `delivery` table: due rows are claimed under a lease, and every write is fenced.

A line claims one delivery at a time: the most urgent one that is due, whose fax is ready, that the line may
dial, and whose destination no other line is calling (the far machine has one telephone; `[dialling] number`
may know of more). What a window or a cap forbids is held until it is due again (`holds`); while dialling is
paused nothing is claimed. A line whose own fault ended the last call of a delivery leaves it to the other
lines for a while. Callers find the rest of the life of a claimed delivery here too: `calls` writes it,
`recovery` mends it after a crash.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from gateway.domain import header
from gateway.domain.dialling import Rules
from gateway.domain.outcome import Cause
from gateway.domain.states import DELIVERY, DeliveryState, FaxState, step
from gateway.store import accounts, audit, candidates, endings, holds, switches
from gateway.store.calls import (
    CallOutcome,
    agreed,
    connected,
    dialled,
    finish,
    history,
    page_awaiting,
    page_confirmed,
    page_rejected,
    page_sending,
    start_attempt,
)
from gateway.store.candidates import ON_A_LINE, WAITING
from gateway.store.database import one_at_a_time
from gateway.store.endings import next_page
from gateway.store.leases import Lease, LineTraits, Renewed, held, let_go, take
from gateway.store.models import Account, Attempt, Delivery, Fax
from gateway.store.recovery import Recovered, recover

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from sqlalchemy.orm import Session

__all__ = [
    "CallOutcome",
    "Lease",
    "LineTraits",
    "Recovered",
    "Renewed",
    "agreed",
    "cancel_requested",
    "claim",
    "claimed",
    "connected",
    "dialled",
    "finish",
    "give_back",
    "next_due",
    "next_page",
    "page_awaiting",
    "page_confirmed",
    "page_rejected",
    "page_sending",
    "recover",
    "release",
    "renew",
    "request_cancel",
    "resolve",
    "start_attempt",
]

OPEN = Rules()
"""Rules that hold nobody back: no windows, no caps, one call at a time to a number."""
LOOKS = 50
"""How many deliveries one claim looks at; what is left over is looked at by the next."""
HOLDS = 5
"""How many of an account that may call nobody now: others shall not wait behind its list of thousands."""


def claim(
    session: Session,
    line: LineTraits,
    worker: str,
    now: datetime,
    lease_seconds: float = 60,
    *,
    rules: Rules = OPEN,
) -> Lease | None:
    """Claim the most urgent delivery this line may call now; None if there is none.

    `rules` are the site's: windows and caps are decided here, in the transaction of the claim.
    """
    if rules.paused or switches.paused(session) is not None:
        return None
    without = candidates.barred(session, line, now, rules.number.at_once)
    known: dict[int, holds.Hold] = {}
    looks: Counter[int] = Counter()
    for _ in range(LOOKS):
        delivery = session.scalar(candidates.most_urgent(line, now, without))
        if delivery is None:
            return None
        if not _alone(session, delivery, rules.number.at_once):
            without.destinations.add(delivery.destination)
        elif (why := holds.found(session, delivery, rules, now, known)) is not None:
            holds.hold(session, delivery, why, now)
            looks[delivery.account_id] += 1
            if looks[delivery.account_id] >= HOLDS and holds.holds_all(why, rules):
                without.accounts.add(delivery.account_id)
        else:
            until = now + timedelta(seconds=lease_seconds)
            return claimed(session, delivery, worker, until, rules)
    return None


def claimed(session: Session, delivery: Delivery, worker: str, until: datetime, rules: Rules = OPEN) -> Lease:
    """Give a waiting delivery, locked by the caller, to a worker."""
    if delivery.state is DeliveryState.HELD:
        delivery.state = step(DELIVERY, delivery.state, "queue")
        delivery.held_for, delivery.held_since = "", None
    delivery.state = step(DELIVERY, delivery.state, "claim")
    take(delivery, worker, until)
    session.flush()
    return replace(_lease(session, delivery, worker), tariff=rules.prices.of(delivery.destination))


def renew(session: Session, lease: Lease, now: datetime, lease_seconds: float = 60) -> Renewed:
    """Prolong a lease; say whether the call should be cancelled. Raises `LostLease`."""
    delivery = held(session, Delivery, lease.number, lease.epoch, lease.worker)
    until = now + timedelta(seconds=lease_seconds)
    delivery.lease_until = until
    session.flush()
    return Renewed(until, delivery.cancel_requested)


def release(session: Session, lease: Lease, now: datetime) -> None:
    """Give back a claimed delivery that was not dialled; it is due at once. Raises `LostLease`."""
    delivery = held(session, Delivery, lease.number, lease.epoch, lease.worker)
    _give_back(session, delivery, "release", now)


def give_back(session: Session, lease: Lease, now: datetime, *, new_id: Callable[[], str]) -> None:
    """Give back a delivery whose number never left, though it may have been about to. Raises `LostLease`.

    It is due at once and has used no dial; one that its owner cancelled meanwhile ends.
    """
    delivery = held(session, Delivery, lease.number, lease.epoch, lease.worker)
    about_to = delivery.state is DeliveryState.DIALLING
    delivery.dials -= about_to
    _give_back(session, delivery, "give_back" if about_to else "release", now)
    if delivery.cancel_requested:
        endings.end(session, delivery, "cancel", Cause.CANCELLED, now, new_id=new_id)


def _give_back(session: Session, delivery: Delivery, event: str, now: datetime) -> None:
    delivery.state = step(DELIVERY, delivery.state, event)
    open_attempts = Attempt.delivery_number == delivery.number, Attempt.ended_at.is_(None)
    for attempt in session.scalars(select(Attempt).where(*open_attempts)):
        attempt.ended_at, attempt.dialled_at = now, None
    let_go(delivery)
    endings.record(session, "delivery.queued", delivery, now)
    session.flush()


def request_cancel(
    session: Session,
    number: int,
    now: datetime,
    *,
    new_id: Callable[[], str],
    account_id: int | None = None,
    actor: str = "",
) -> DeliveryState | None:
    """Cancel a delivery: at once if it waits, at the next renewal if a line has it.

    Return its state afterwards; None if the account has no such delivery. A final state stays as it is.
    `actor` goes to the audit.
    """
    query = select(Delivery).where(Delivery.number == number).with_for_update()
    if account_id is not None:
        query = query.where(Delivery.account_id == account_id)
    delivery = session.scalar(query)
    if delivery is None:
        return None
    if delivery.state in ON_A_LINE and not delivery.cancel_requested:
        delivery.cancel_requested = True
        endings.record(session, "delivery.cancel_requested", delivery, now)
    elif delivery.state not in ON_A_LINE and (delivery.state, "cancel") in DELIVERY:
        endings.end(session, delivery, "cancel", Cause.CANCELLED, now, new_id=new_id)
    else:
        return delivery.state
    audit.note(session, "delivery.cancel", now, delivery.account_id, actor, number=number)
    session.flush()
    return delivery.state


def cancel_requested(session: Session, numbers: Collection[int]) -> set[int]:
    """Return those of these deliveries whose owner wants the call ended; cheap, a line asks often."""
    query = select(Delivery.number).where(Delivery.number.in_(numbers), Delivery.cancel_requested.is_(True))
    return set(session.scalars(query))


def resolve(
    session: Session, number: int, *, send_again: bool, now: datetime, new_id: Callable[[], str]
) -> None:
    """Decide an uncertain delivery for its operator: call again from the unconfirmed page, or let it fail."""
    delivery = session.get_one(Delivery, number, with_for_update=True)
    if not send_again:
        endings.end(session, delivery, "fail", Cause.UNCERTAIN, now, new_id=new_id)
        return
    delivery.state = step(DELIVERY, delivery.state, "queue")
    delivery.due_at, delivery.completed_at = now, None
    delivery.max_dials = max(delivery.max_dials, delivery.dials + 1)
    endings.record(session, "delivery.queued", delivery, now)
    session.flush()


def next_due(session: Session) -> datetime | None:
    """Return when the next waiting delivery is due, perhaps in the past; None if nothing may be called."""
    if switches.paused(session) is not None:
        return None
    query = select(func.min(Delivery.due_at)).join(Fax).where(Fax.state == FaxState.READY)
    return session.scalar(query.where(Delivery.state.in_(WAITING)))


def _alone(session: Session, delivery: Delivery, at_once: int) -> bool:
    """Say whether the destination has a telephone left, now that nobody else can begin to call it.

    On PostgreSQL two claims may each have chosen a fax for the same number; the second one sees it here.
    """
    one_at_a_time(session, f"destination {delivery.destination}")
    there = Delivery.destination == delivery.destination
    calls = session.scalar(select(func.count()).where(there, Delivery.state.in_(ON_A_LINE))) or 0
    return calls < at_once


def _lease(session: Session, delivery: Delivery, worker: str) -> Lease:
    fax, account = delivery.fax, session.get_one(Account, delivery.account_id)
    return Lease(
        number=delivery.number,
        epoch=delivery.epoch,
        worker=worker,
        fax_id=delivery.fax_id,
        account_id=delivery.account_id,
        destination=delivery.destination,
        country=account.country,
        area_code=account.area_code,
        left=endings.pages_left(session, delivery),
        pages=fax.pages,
        dials=delivery.dials,
        max_dials=delivery.max_dials,
        sub=delivery.sub,
        contact=delivery.contact,
        subject=fax.subject,
        masters=dict(fax.masters),
        options={**fax.options, "header": _header(fax, account)},
        international=accounts.caller(account).international,
        timezone=account.timezone,
        language=str(account.settings.get("notify", {}).get("language", "en")),
        sender=fax.notify_to,
        cut_white=account.settings.get("cut_white", False) is True,
        tried=tuple(history(session, delivery)),
    )


def _header(fax: Fax, account: Account) -> str:
    """Return the template of the header line: the fax's own, else the account's; "" for none."""
    return header.template(fax.options.get("header"), account.settings.get("header"))
