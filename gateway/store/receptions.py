"""Inbound calls: what was received, and who gets it.

A page's blob is on stable storage and its row written before the page is confirmed to the sender; the row
is marked confirmed after. A call that broke leaves what was stored, marked partial; nothing stored is thrown
away. Once a reception is closed, or taken from a dead worker, late writes of its worker raise `LostLease`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sqlalchemy import exists, select
from sqlalchemy.orm import selectinload

from gateway.domain.errors import LostLease
from gateway.domain.outcome import Cause
from gateway.domain.states import RECEPTION, ForwardState, ReceptionState, step
from gateway.store import events, outbox
from gateway.store.faxes import allocate
from gateway.store.models import Forward, ReceivedPage, Reception

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime
    from typing import Any

    from sqlalchemy.orm import Session

LONGEST_NUMBER = 40
CLOSED = (ReceptionState.COMPLETE, ReceptionState.PARTIAL)


@dataclass(frozen=True, slots=True)
class StoredPage:
    """One received page. `n` from 1; `blob` the key of a one-page Class F TIFF; `width`, `rows` in pixels."""

    n: int
    blob: str
    width: int
    rows: int
    resolution: str
    compression: str
    bad_lines: int = 0
    longest_bad_run: int = 0
    rate: int = 0
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class ForwardTo:
    """One address a reception goes to. `token` is the random part of its envelope sender `fwd+<token>@`.

    `protection`: sign (bool), encrypt (never | try | required); left out: neither.
    """

    address: str
    format: str = "pdf"
    token: str | None = None
    protection: dict[str, Any] = field(default_factory=dict)


def open_reception(
    session: Session,
    *,
    line: str,
    worker: str,
    now: datetime,
    simulated: bool = False,
    called: str = "",
    caller: str = "",
) -> int:
    """Write that a call was answered; return its public number."""
    called, caller = _as_number(called), _as_number(caller)
    number = allocate(session, "reception")
    session.add(
        Reception(
            number=number,
            state=ReceptionState.RECEIVING,
            line=line,
            worker=worker,
            simulated=simulated,
            called=called,
            caller=caller,
            started_at=now,
        )
    )
    session.flush()
    events.append(session, "reception.started", now, number=number, line=line, called=called, caller=caller)
    return number


def _as_number(told: str) -> str:
    """Return what a modem gave as a number: an exchange may send an address in its place, or noise."""
    return "".join(filter(str.isprintable, told))[:LONGEST_NUMBER]


def identified(session: Session, number: int, *, remote_id: str = "", sub: str = "") -> None:
    """Write who the far machine says it is, and the sub-address it asked for. Raises `LostLease`."""
    row = _receiving(session, number)
    row.remote_id, row.sub = remote_id[:40], sub[:20]


def page_stored(session: Session, number: int, page: StoredPage, now: datetime) -> None:
    """Write a page that is on stable storage, before it is confirmed to the sender.

    A page that was not confirmed is replaced when the sender repeats it. Raises `LostLease`.
    """
    _receiving(session, number)
    row = _page(session, number, page.n)
    if row is not None and row.confirmed:
        raise ValueError(f"page {page.n} of {number} is confirmed already")
    if row is None:
        row = ReceivedPage(reception_number=number, n=page.n)
        session.add(row)
    row.blob, row.width, row.rows = page.blob, page.width, page.rows
    row.resolution, row.compression = page.resolution, page.compression
    row.bad_lines, row.longest_bad_run = page.bad_lines, page.longest_bad_run
    row.rate, row.seconds = page.rate, page.seconds
    session.flush()
    events.append(
        session, "reception.page", now, number=number, n=page.n, rows=page.rows, bad_lines=page.bad_lines
    )


def page_confirmed(session: Session, number: int, n: int) -> None:
    """Write that we confirmed page `n` to the sender. Raises `LostLease`."""
    _receiving(session, number)
    row = _page(session, number, n)
    if row is None:
        raise ValueError(f"page {n} of {number} was never stored")
    row.confirmed = True
    session.flush()


def close_reception(
    session: Session,
    number: int,
    *,
    cause: Cause,
    now: datetime,
    complete: bool,
    t30: str = "",
    remote_id: str = "",
    rate: int = 0,
    ecm: bool = False,
    line_seconds: float = 0.0,
    trace_blob: str | None = None,
) -> ReceptionState:
    """Write the end of an inbound call; return the state. Raises `LostLease`.

    Complete only if the sender said end of procedure and a page is stored; anything else is partial.
    """
    row = _receiving(session, number)
    row.remote_id = remote_id[:40] or row.remote_id
    row.t30, row.rate, row.ecm = t30, rate, ecm
    row.line_seconds, row.trace_blob = line_seconds, trace_blob
    _close(session, row, cause, now, complete=complete and _pages(session, number) > 0)
    return row.state


def recover_receptions(session: Session, now: datetime, *, worker_prefix: str) -> list[int]:
    """Close, as partial, the receptions of dead workers whose name starts so; return their numbers."""
    query = select(Reception).where(
        Reception.state == ReceptionState.RECEIVING,
        Reception.worker.startswith(worker_prefix, autoescape=True),
    )
    rows = session.scalars(query.order_by(Reception.number).with_for_update()).all()
    for row in rows:
        _close(session, row, Cause.INTERNAL, now, complete=False)
    return [row.number for row in rows]


def unrouted(session: Session, limit: int = 20) -> Sequence[Reception]:
    """Return closed receptions with pages that have no forwards yet, oldest first, pages loaded."""
    has_pages = exists().where(ReceivedPage.reception_number == Reception.number)
    query = select(Reception).where(Reception.state.in_(CLOSED), has_pages)
    return session.scalars(
        query.order_by(Reception.number).limit(limit).options(selectinload(Reception.pages))
    ).all()


def route(
    session: Session,
    number: int,
    forwards: Sequence[ForwardTo],
    *,
    rule: str,
    now: datetime,
    new_id: Callable[[], str],
    account_id: int | None = None,
    document: str | None = None,
    data: dict[str, Any] | None = None,
) -> list[int]:
    """Give a closed reception to its addresses: a forward and an outbox row each; return the forward ids.

    `rule` says in words which route matched; `account_id` None is the operator's. A second call raises
    `IllegalTransition`, so nobody gets the same fax twice by two routers.
    """
    row = session.get_one(Reception, number, with_for_update=True, populate_existing=True)
    row.state = step(RECEPTION, row.state, "route")
    row.rule, row.account_id = rule, account_id
    row.document = document or row.document
    return [_forward(session, row, to, now, new_id=new_id, data=data or {}) for to in forwards]


def get_reception(session: Session, number: int, *, account_id: int | None = None) -> Reception | None:
    """Return a reception with pages and forwards loaded; None unless it is the account's."""
    query = select(Reception).where(Reception.number == number)
    if account_id is not None:
        query = query.where(Reception.account_id == account_id)
    return session.scalar(query.options(selectinload(Reception.pages), selectinload(Reception.forwards)))


def receptions(
    session: Session, *, account_id: int | None = None, before: int | None = None, limit: int = 50
) -> Sequence[Reception]:
    """Return the newest receptions, newest first, pages and forwards loaded."""
    query = select(Reception).order_by(Reception.number.desc()).limit(limit)
    if account_id is not None:
        query = query.where(Reception.account_id == account_id)
    if before is not None:
        query = query.where(Reception.number < before)
    loaded = selectinload(Reception.pages), selectinload(Reception.forwards)
    return session.scalars(query.options(*loaded)).all()


def _receiving(session: Session, number: int) -> Reception:
    query = select(Reception).where(Reception.number == number, Reception.state == ReceptionState.RECEIVING)
    row = session.scalar(query.with_for_update().execution_options(populate_existing=True))
    if row is None:
        raise LostLease("This reception is closed.", detail=f"reception {number}")
    return row


def _page(session: Session, number: int, n: int) -> ReceivedPage | None:
    return session.scalar(
        select(ReceivedPage).where(ReceivedPage.reception_number == number, ReceivedPage.n == n)
    )


def _pages(session: Session, number: int) -> int:
    return len(session.scalars(select(ReceivedPage.n).where(ReceivedPage.reception_number == number)).all())


def _close(session: Session, row: Reception, cause: Cause, now: datetime, *, complete: bool) -> None:
    row.state = step(RECEPTION, row.state, "complete" if complete else "break")
    row.cause, row.ended_at, row.worker = cause, now, None
    session.flush()
    events.append(
        session,
        "reception.closed",
        now,
        number=row.number,
        state=row.state.value,
        cause=cause.value,
        pages=_pages(session, row.number),
    )


def _forward(
    session: Session,
    row: Reception,
    to: ForwardTo,
    now: datetime,
    *,
    new_id: Callable[[], str],
    data: dict[str, Any],
) -> int:
    forward = Forward(
        reception_number=row.number,
        account_id=row.account_id,
        address=to.address,
        format=to.format,
        token=to.token,
        protection=dict(to.protection),
        state=ForwardState.PENDING,
    )
    session.add(forward)
    session.flush()
    outbox.owe(session, "forward", to.address, new_id=new_id, now=now, forward_id=forward.id, data=data)
    return forward.id
