"""The history people look at: faxes out and in, in one list, newest first.

Deliveries and receptions share one sequence of public numbers, so a number is also the cursor. Reads only.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sqlalchemy import ColumnElement, false, func, or_, select, true
from sqlalchemy.orm import selectinload

from gateway.domain.outcome import Cause
from gateway.domain.states import FINAL_DELIVERY, DeliveryState, ReceptionState
from gateway.store.faxes import everything
from gateway.store.models import Attempt, Delivery, Event, Fax, Outbox, Reception

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session

DIRECTIONS: Final = ("out", "in")
STATES: Final = ("underway", "done", "failed")
LADDER_EVENTS: Final = 2000


@dataclass(frozen=True, slots=True)
class Search:
    """What to list: `direction` out, in; `state` one of `STATES`; parts of number, subject; "" is any."""

    direction: str = ""
    state: str = ""
    number: str = ""
    subject: str = ""


def history(
    session: Session,
    search: Search,
    *,
    account_id: int | None = None,
    before: int | None = None,
    limit: int = 50,
) -> list[Delivery | Reception]:
    """Return the newest faxes that fit, newest first, all loaded; `before` continues below a number."""
    found: list[Delivery | Reception] = []
    if search.direction != "in":
        found += _deliveries(session, search, account_id, before, limit)
    if search.direction != "out" and not search.subject:
        found += _receptions(session, search, account_id, before, limit)
    return sorted(found, key=lambda row: -row.number)[:limit]


def calls_of_line(session: Session, line: str, limit: int = 20) -> list[Attempt | Reception]:
    """Return the last calls of a line, newest first, out and in."""
    out = select(Attempt).where(Attempt.line == line).order_by(Attempt.id.desc()).limit(limit)
    loaded = selectinload(Attempt.delivery), selectinload(Attempt.pages)
    inward = select(Reception).where(Reception.line == line).order_by(Reception.number.desc()).limit(limit)
    calls: list[Attempt | Reception] = [*session.scalars(out.options(*loaded))]
    calls += session.scalars(inward.options(selectinload(Reception.pages)))
    return sorted(calls, key=lambda call: call.started_at, reverse=True)[:limit]


def sharing(session: Session, delivery: Delivery) -> dict[int, list[int]]:
    """Return, for each attempt of a delivery, the other deliveries whose pages went out in the same call."""
    calls = {attempt.call: attempt.id for attempt in delivery.attempts if attempt.call is not None}
    query = select(Attempt.call, Attempt.delivery_number).where(Attempt.call.in_(calls)).order_by(Attempt.id)
    others: dict[int, list[int]] = {}
    for call, number in session.execute(query.where(Attempt.delivery_number != delivery.number)):
        others.setdefault(calls[call or 0], []).append(number)
    return others


def owed(session: Session, limit: int = 20) -> tuple[int, Sequence[Outbox]]:
    """Return how many mails are not handed over yet, and the oldest of them."""
    open_rows = Outbox.state.in_(("owed", "sending"))
    count = session.scalar(select(func.count()).select_from(Outbox).where(open_rows)) or 0
    return count, session.scalars(select(Outbox).where(open_rows).order_by(Outbox.id).limit(limit)).all()


def mails_about(session: Session, delivery: int) -> Sequence[Outbox]:
    """Return the mails about a delivery, or about the fax it belongs to, oldest first."""
    fax = select(Delivery.fax_id).where(Delivery.number == delivery).scalar_subquery()
    about = or_(Outbox.delivery_number == delivery, Outbox.fax_id == fax)
    return session.scalars(select(Outbox).where(about).order_by(Outbox.id)).all()


def events_of(session: Session, number: int) -> Sequence[Event]:
    """Return what happened to one fax, oldest first, the signals of its calls left out."""
    query = select(Event).where(Event.number == number, Event.kind != "call.trace")
    return session.scalars(query.order_by(Event.id).limit(500)).all()


def signals_of(session: Session, number: int) -> Sequence[Event]:
    """Return the batches of live signals of a fax's calls, oldest first."""
    query = select(Event).where(Event.number == number, Event.kind == "call.trace")
    return session.scalars(query.order_by(Event.id).limit(LADDER_EVENTS)).all()


def _deliveries(
    session: Session, search: Search, account_id: int | None, before: int | None, limit: int
) -> Sequence[Delivery]:
    query = select(Delivery).join(Fax).where(_delivery_state(search.state))
    query = query.order_by(Delivery.number.desc()).limit(limit).options(*everything())
    if search.number:
        query = query.where(_number_in(search.number, Delivery.destination, Delivery.remote_id))
    if search.subject:
        query = query.where(Fax.subject.icontains(search.subject, autoescape=True))
    if account_id is not None:
        query = query.where(Delivery.account_id == account_id)
    if before is not None:
        query = query.where(Delivery.number < before)
    return session.scalars(query).all()


def _receptions(
    session: Session, search: Search, account_id: int | None, before: int | None, limit: int
) -> Sequence[Reception]:
    query = select(Reception).where(_reception_state(search.state)).order_by(Reception.number.desc())
    query = query.limit(limit).options(selectinload(Reception.pages), selectinload(Reception.forwards))
    if search.number:
        columns = (Reception.caller, Reception.called, Reception.remote_id)
        query = query.where(_number_in(search.number, *columns))
    if account_id is not None:
        query = query.where(Reception.account_id == account_id)
    if before is not None:
        query = query.where(Reception.number < before)
    return session.scalars(query).all()


def _delivery_state(state: str) -> ColumnElement[bool]:
    if state == "underway":
        return Delivery.state.not_in(FINAL_DELIVERY)
    if state == "done":
        return Delivery.state == DeliveryState.SENT
    return Delivery.state.in_(FINAL_DELIVERY - {DeliveryState.SENT}) if state == "failed" else true()


def _reception_state(state: str) -> ColumnElement[bool]:
    if state == "underway":
        return Reception.state == ReceptionState.RECEIVING
    if state == "done":
        return Reception.cause == Cause.RECEIVED
    return Reception.cause != Cause.RECEIVED if state == "failed" else true()


def _number_in(text: str, *columns: ColumnElement[str] | object) -> ColumnElement[bool]:
    # A trunk 0 or 00 in front is how people write it, not part of what is stored.
    digits = re.sub(r"\D", "", text).lstrip("0")
    if not digits:
        return false()
    return or_(*(func.replace(column, " ", "").contains(digits) for column in columns))
