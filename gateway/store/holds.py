"""Why a delivery may not be called now although it is due, and until when: windows and caps.

Looked at when the pages are ready and again at every claim, where what counts is decided: the answer and the
claim are one transaction. Calls are counted from their rows, by index, so a cap holds over restarts and over
all lines and hosts. A delivery that is held has its reason and its next look in its row; nothing wakes it but
the time.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, func, select

from gateway.domain import windows
from gateway.domain.states import DELIVERY, DeliveryState, step
from gateway.store import endings
from gateway.store.database import one_at_a_time
from gateway.store.models import Account, Attempt, Delivery, Fax

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

    from gateway.domain.caps import Limit
    from gateway.domain.dialling import Rules

WINDOW: Final = "window"
ACCOUNT_CAP: Final = "account-cap"
NUMBER_CAP: Final = "number-cap"
SOON: Final = timedelta(minutes=1)
"""When to look again where the calls that fill a cap have not been dialled yet."""


@dataclass(frozen=True, slots=True)
class Hold:
    """`reason` is one of the three above, `until` when to look again, `detail` the cap's name."""

    reason: str
    until: datetime
    detail: str = ""


def found(session: Session, delivery: Delivery, rules: Rules, now: datetime) -> Hold | None:
    """Return why this delivery may not be called now; None if it may."""
    account = session.get_one(Account, delivery.account_id)
    if (hold := closed(account, now)) is not None:
        return hold
    caps = rules.caps.over(account.settings.get("caps", {}))
    for limit in caps.limits():
        one_at_a_time(session, f"caps of account {account.id}")
        if (until := _free_at(session, limit, delivery, "account_id", now)) is not None:
            return Hold(ACCOUNT_CAP, until, limit.name)
    for limit in rules.number.limits():
        if (until := _free_at(session, limit, delivery, "destination", now)) is not None:
            return Hold(NUMBER_CAP, until, limit.name)
    return None


def closed(account: Account, at: datetime) -> Hold | None:
    """Return the hold of the account's calling window at a moment; None while it is open."""
    window = windows.read(account.settings.get("calling_window", ""))
    zone = ZoneInfo(account.timezone)
    return None if window.is_open(at, zone) else Hold(WINDOW, window.opening(at, zone))


def hold(session: Session, delivery: Delivery, why: Hold, now: datetime) -> None:
    """Put a delivery aside until `why.until`; held again for the same reason is no new event."""
    news = (delivery.state, delivery.held_for) != (DeliveryState.HELD, why.reason)
    if delivery.state is not DeliveryState.HELD:
        delivery.state = step(DELIVERY, delivery.state, "hold")
    delivery.held_for, delivery.due_at = why.reason, why.until
    if news:
        until = why.until.isoformat()
        endings.record(
            session, "delivery.held", delivery, now, reason=why.reason, detail=why.detail, due_at=until
        )
    session.flush()


def _free_at(session: Session, limit: Limit, delivery: Delivery, key: str, now: datetime) -> datetime | None:
    """Return when a limit lets the next call of the same `key` through; None if it does now.

    A call that is claimed and not dialled yet counts as well: of two lines that claim at once one may pass.
    """
    same = getattr(Attempt, key) == getattr(delivery, key)
    query = select(Attempt.dialled_at, Attempt.to_send).where(same, Attempt.dialled_at > now - limit.span)
    total = select(func.sum(Attempt.to_send) if limit.counts_pages else func.count()).select_from(Attempt)
    used = session.scalar(total.where(same, Attempt.dialled_at > now - limit.span)) or 0
    used += _claimed(session, limit, getattr(Delivery, key) == getattr(delivery, key))
    if used < limit.most:
        return None
    for at, pages in session.execute(query.order_by(Attempt.dialled_at)):
        used -= pages if limit.counts_pages else 1
        if used < limit.most and at is not None:
            until: datetime = at + limit.span
            return until
    return now + SOON


def _claimed(session: Session, limit: Limit, same: ColumnElement[bool]) -> int:
    amount = func.sum(Fax.pages) if limit.counts_pages else func.count()
    query = (
        select(amount).select_from(Delivery).join(Fax).where(Delivery.state == DeliveryState.CLAIMED, same)
    )
    return session.scalar(query) or 0
