"""Which waiting delivery a line looks at next: the most urgent that nothing bars.

What bars a delivery is found first, in a handful of index look-ups over the few rows that are on a line or
failed a moment ago, and then named in the query: asking it of every waiting row made a claim cost a third of
a second where thousands wait. Whether the choice still holds is asked again by `queue.claim`, under its lock.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from sqlalchemy import ColumnElement, Select, func, or_, select

from gateway.domain.retry import FAULTS
from gateway.domain.states import DeliveryState, FaxState
from gateway.store.models import Account, Attempt, Delivery, Fax

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

    from gateway.store.leases import LineTraits

WAITING: Final = (DeliveryState.QUEUED, DeliveryState.WAITING_RETRY, DeliveryState.HELD)
ON_A_LINE: Final = (DeliveryState.CLAIMED, DeliveryState.DIALLING, DeliveryState.CONNECTED)
FAULT_PAUSE: Final = timedelta(minutes=5)
"""How long a line leaves alone a delivery that it failed by its own fault."""


@dataclass(slots=True)
class Barred:
    """What a line does not look at now: destinations in a call, deliveries, accounts of other lines."""

    destinations: set[str] = field(default_factory=set)
    numbers: set[int] = field(default_factory=set)
    accounts: set[int] = field(default_factory=set)


def barred(session: Session, line: LineTraits, now: datetime, at_once: int) -> Barred:
    """Return what is barred for a line; `at_once`: calls that may stand to one destination."""
    calls = select(Delivery.destination).where(Delivery.state.in_(ON_A_LINE)).group_by(Delivery.destination)
    faults = select(Attempt.delivery_number).where(
        Attempt.line == line.name, Attempt.ended_at > now - FAULT_PAUSE, Attempt.cause.in_(FAULTS)
    )
    elsewhere = select(Account.id).where(wanted_group().not_in(["", line.group]))
    return Barred(
        set(session.scalars(calls.having(func.count() >= at_once))),
        set(session.scalars(faults)),
        set(session.scalars(elsewhere)),
    )


def most_urgent(line: LineTraits, now: datetime, without: Barred) -> Select[Delivery]:
    """Return the query for the next delivery to look at; it locks the row, past those others have locked."""
    return (
        select(Delivery)
        .join(Fax)
        .where(Fax.state == FaxState.READY, Delivery.state.in_(WAITING), Delivery.due_at <= now)
        .where(Delivery.destination.not_in(without.destinations), Delivery.number.not_in(without.numbers))
        .where(Delivery.account_id.not_in(without.accounts), *prefixes(line))
        .order_by(Delivery.priority.desc(), Delivery.due_at, Delivery.number)
        .limit(1)
        .with_for_update(skip_locked=True, of=Delivery)
        .execution_options(populate_existing=True)
    )


def wanted_group() -> ColumnElement[str]:
    """Return the group of lines an account asks for, "" for any."""
    return func.coalesce(Account.settings["lines"].as_string(), "")


def prefixes(line: LineTraits) -> list[ColumnElement[bool]]:
    """Return the conditions under which a line may call a delivery's destination."""
    rules = [~Delivery.destination.startswith(prefix, autoescape=True) for prefix in line.deny]
    if line.allow:
        allowed = (Delivery.destination.startswith(prefix, autoescape=True) for prefix in line.allow)
        rules.append(or_(*allowed))
    return rules
