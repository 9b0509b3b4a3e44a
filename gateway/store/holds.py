"""Why a delivery may not be called now although it is due, and until when: windows, caps, credit.

Looked at when the pages are ready and again at every claim, where what counts is decided: the answer and the
claim are one transaction. Calls are counted from their rows, by index, so a cap holds over restarts and over
all lines and hosts. A delivery that is held has its reason and its next look in its row; nothing wakes it but
the time.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, func, literal, select

from gateway.domain import windows
from gateway.domain.states import DELIVERY, DeliveryState, step
from gateway.store import endings
from gateway.store.database import one_at_a_time
from gateway.store.models import Account, Attempt, Delivery, Fax

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

    from gateway.domain.caps import Limit
    from gateway.domain.costs import Tariff
    from gateway.domain.dialling import Rules

WINDOW: Final = "window"
ACCOUNT_CAP: Final = "account-cap"
NUMBER_CAP: Final = "number-cap"
CREDIT: Final = "credit"
SOON: Final = timedelta(minutes=1)
"""When to look again where the calls that fill a cap have not been dialled yet."""
PATIENCE: Final = timedelta(hours=24)
"""How long a fax waits for its account's credit; then it fails (`spending.give_up`)."""
AMOUNTS: Final[dict[str, ColumnElement[Any]]] = {
    "calls": literal(1),
    "pages": Attempt.to_send.expression,
    "cost": Attempt.cost.expression,
}


@dataclass(frozen=True, slots=True)
class Hold:
    """`reason` is one of the four above, `until` when to look again, `detail` the cap's name."""

    reason: str
    until: datetime
    detail: str = ""


def found(
    session: Session,
    delivery: Delivery,
    rules: Rules,
    now: datetime,
    known: dict[int, Hold] | None = None,
) -> Hold | None:
    """Return why this delivery may not be called now; None if it may.

    `known` keeps what holds whole accounts for the other looks of one claim: counting thirty days of calls
    for each of many faxes would hold up every line.
    """
    known = {} if known is None else known
    tariff = rules.prices.of(delivery.destination)
    before = known.get(delivery.account_id)
    if before is not None and not (before.reason == CREDIT and tariff.free):
        return before
    if (hold := _of_account(session, delivery, rules, now, tariff=tariff)) is not None:
        known[delivery.account_id] = hold
        return hold
    for limit in rules.number.limits():
        if (until := _free_at(session, limit, delivery, "destination", now, tariff=tariff)) is not None:
            return Hold(NUMBER_CAP, until, limit.name)
    return None


def holds_all(why: Hold, rules: Rules) -> bool:
    """Say whether what holds one delivery holds every other of its account."""
    if why.reason == CREDIT:
        return not any(tariff.free for _, tariff in rules.prices.tariffs)
    return why.reason in (WINDOW, ACCOUNT_CAP)


def _of_account(
    session: Session, delivery: Delivery, rules: Rules, now: datetime, *, tariff: Tariff
) -> Hold | None:
    account = session.get_one(Account, delivery.account_id)
    if (hold := closed(account, now)) is not None:
        return hold
    caps = rules.caps.over(account.settings.get("caps", {}))
    for limit in caps.limits():
        if limit.counts == "cost" and tariff.free:
            continue
        one_at_a_time(session, f"caps of account {account.id}")
        if (until := _free_at(session, limit, delivery, "account_id", now, tariff=tariff)) is not None:
            return Hold(CREDIT if limit.counts == "cost" else ACCOUNT_CAP, until, limit.name)
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
        delivery.held_since = now
    if why.reason == CREDIT and delivery.held_since is not None:
        delivery.due_at = max(now + SOON, min(why.until, delivery.held_since + PATIENCE))
    if news:
        endings.record(session, "delivery.held", delivery, now, **told(why, delivery.due_at))
    session.flush()


def told(why: Hold, until: datetime) -> dict[str, str]:
    """Return what the event of a hold tells."""
    return {"reason": why.reason, "detail": why.detail, "due_at": until.isoformat()}


def _free_at(
    session: Session, limit: Limit, delivery: Delivery, key: str, now: datetime, *, tariff: Tariff
) -> datetime | None:
    """Return when a limit lets the next call of the same `key` through; None if it does now.

    A call that is claimed and not dialled yet counts as well: of two lines that claim at once one may pass.
    """
    same = getattr(Attempt, key) == getattr(delivery, key), Attempt.dialled_at > now - limit.span
    amount = AMOUNTS[limit.counts]
    used = session.scalar(select(func.sum(amount)).select_from(Attempt).where(*same)) or 0
    used += _claimed(session, limit, getattr(Delivery, key) == getattr(delivery, key), tariff)
    if used < limit.most:
        return None
    query = select(Attempt.dialled_at, amount.label("amount")).where(*same).order_by(Attempt.dialled_at)
    for at, one in session.execute(query):
        used -= one
        if used < limit.most and at is not None:
            until: datetime = at + limit.span
            return until
    return now + SOON


def _claimed(session: Session, limit: Limit, same: ColumnElement[bool], tariff: Tariff) -> float:
    """Return what calls will use that are claimed and not dialled; their cost is reckoned at this tariff."""
    query = select(func.count(), func.coalesce(func.sum(Fax.pages), 0)).select_from(Delivery).join(Fax)
    calls, pages = session.execute(query.where(Delivery.state == DeliveryState.CLAIMED, same)).one()
    if limit.counts == "cost":
        return calls * tariff.estimate(0) + tariff.estimate(pages, first=False) if calls else 0.0
    return float(pages if limit.counts == "pages" else calls)
