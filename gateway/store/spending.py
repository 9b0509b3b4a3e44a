"""What accounts may spend: those that anybody could spend for, and those whose cap can never be reached.

And the end of patience: a fax that was held for its account's credit for a day fails and is told to its
sender (status 205000; email-interface section 4.6). `holds` decides what is held.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import func, select

from gateway.domain.outcome import Cause
from gateway.domain.states import DeliveryState
from gateway.store import endings, holds
from gateway.store.models import Account, Delivery

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from sqlalchemy.orm import Session

    from gateway.domain.dialling import Rules

BATCH: Final = 250
"""How many faxes one look ends, so that no transaction is long."""
NO_CREDIT: Final = "The account's spending cap was reached and left no room for this fax for a day."


def give_up(session: Session, now: datetime, *, new_id: Callable[[], str]) -> list[int]:
    """Let faxes fail that were held for credit for a day; return their numbers."""
    query = (
        select(Delivery)
        .where(Delivery.state == DeliveryState.HELD, Delivery.held_for == holds.CREDIT)
        .where(Delivery.held_since <= now - holds.PATIENCE)
        .order_by(Delivery.number)
        .limit(BATCH)
        .with_for_update(skip_locked=True)
    )
    found = list(session.scalars(query))
    for delivery in found:
        endings.end(session, delivery, "fail", Cause.CREDIT, now, new_id=new_id, detail=NO_CREDIT)
    return [delivery.number for delivery in found]


def held(session: Session) -> dict[int, int]:
    """Return how many faxes of each account wait for its credit."""
    waiting = Delivery.state == DeliveryState.HELD, Delivery.held_for == holds.CREDIT
    query = select(Delivery.account_id, func.count().label("faxes")).where(*waiting)
    return {row.account_id: row.faxes for row in session.execute(query.group_by(Delivery.account_id))}


def unguarded(session: Session, rules: Rules) -> Iterator[tuple[str, str]]:
    """Yield (account, why) of accounts whose spending nothing limits although something should."""
    for account in session.scalars(select(Account).order_by(Account.name)):
        caps = rules.caps.over(account.settings.get("caps", {}))
        capped = caps.cost_per_day is not None or caps.cost_per_month is not None
        if account.sender_evidence == "envelope" and not capped:
            yield account.name, "anybody can send in its name, and it has no spending cap"
        elif capped and not rules.prices.tariffs:
            yield account.name, "it has a spending cap, and there is no price list to count by"
