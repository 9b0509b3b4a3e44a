"""Faxes: from an accepted submission to pages that lines may send, or to a refusal that says why.

What is written when one is accepted is in `acceptance.py`. Drawing is a lease like a call; a crash gives the
fax back, for drawing again is harmless. Nothing here parses, draws or telephones.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, case, or_, select, update
from sqlalchemy.orm import selectinload

from gateway.domain.states import FAX, FaxState, step
from gateway.store import acceptance, audit, endings, events, release, together
from gateway.store.database import one_at_a_time
from gateway.store.leases import FaxLease, held, let_go, take
from gateway.store.models import Account, Attempt, Delivery, Fax, Message

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime, timedelta

    from sqlalchemy.orm import Session

    from gateway.domain.numbers import Destination
    from gateway.domain.outcome import Cause

COSTS_MORE = "{number}: a call to this number costs more than an ordinary call."


@dataclass(frozen=True, slots=True)
class Recipient:
    """One number of a submission. `destination` canonical; `simulated_status` 0..9999 ends without a call.

    `sub` is a T.30 sub-address behind the number: another one is another recipient. `warning` is told to the
    sender with the result. `dsn`: NOTIFY and ORCPT of RFC 3461, {} where nothing was asked.
    """

    destination: str
    contact: str = ""
    simulated_status: int | None = None
    sub: str = ""
    warning: str = ""
    dsn: Mapping[str, Any] = field(default_factory=dict, hash=False)

    @classmethod
    def of(cls, number: Destination) -> Recipient:
        """Return the recipient that a number, as it was written, stands for."""
        warning = COSTS_MORE.format(number=number.canonical) if number.shared_cost else ""
        return cls(
            number.canonical, simulated_status=number.simulated_status, sub=number.sub, warning=warning
        )


@dataclass(frozen=True, slots=True)
class Drawn:
    """What drawing found: pages, and what the message asked for. None leaves what the fax already has.

    `masters`: resolution ("standard", "fine") -> blob key of a Class F TIFF of all pages. `contacts`:
    canonical number -> display name; `contact` is one for all numbers and goes before these. `due_at`: not
    before (aware). `max_dials`: the total. `disposition_to`: who asked for a receipt, as the mail wrote it.
    """

    masters: Mapping[str, str]
    pages: int
    subject: str | None = None
    notify_to: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    warnings: Sequence[str] = ()
    contacts: Mapping[str, str] = field(default_factory=dict)
    contact: str = ""
    disposition_to: str = ""
    due_at: datetime | None = None
    max_dials: int | None = None
    interval_minutes: int | None = None
    priority: int | None = None


def allocate(session: Session, kind: str) -> int:
    """Take the next public number for a `delivery` or a `reception`; it never comes back."""
    return acceptance.allocate(session, kind, 1)[0]


def store_message(session: Session, *, account_id: int, now: datetime, **columns: Any) -> Message:
    """Write what a door stored; its `blob` is on stable storage, and its row is written here too."""
    (message_id,) = acceptance.messages(session, [{"account_id": account_id, **columns}], now)
    return session.get_one(Message, message_id)


def create_fax(
    session: Session,
    *,
    account: Account,
    recipients: Sequence[Recipient],
    now: datetime,
    message: Message | None = None,
    priority: int = 0,
    **columns: Any,
) -> Fax:
    """Write one accepted fax and its deliveries; `columns` are the fax's own (subject, options ...)."""
    known = {"message_id": message.id if message else None, **columns}
    new = acceptance.NewFax(account.id, recipients, None, known, priority)
    (written,) = acceptance.write(session, [new], now)
    return session.get_one(Fax, written.fax_id)


def find_duplicate(session: Session, dedupe: str, since: datetime) -> Fax | None:
    """Return the fax made of a message with this key that came at or after `since`, deliveries loaded.

    Until this transaction ends nobody else gets an answer for the same key, so two copies that arrive at
    once cannot both be new.
    """
    one_at_a_time(session, f"dedupe {dedupe}")
    query = select(Fax).join(Message).where(Message.dedupe == dedupe, Message.received_at >= since)
    return session.scalar(query.order_by(Fax.id).limit(1).options(selectinload(Fax.deliveries)))


def claim_fax(session: Session, worker: str, now: datetime, lease: timedelta) -> FaxLease | None:
    """Claim the oldest fax that waits for drawing, or whose drawer's lease ran out; None if there is none."""
    lost = and_(Fax.state == FaxState.RENDERING, Fax.lease_until < now)
    query = select(Fax).where(or_(Fax.state == FaxState.ACCEPTED, lost)).order_by(Fax.id).limit(1)
    fax = session.scalar(query.with_for_update(skip_locked=True, of=Fax))
    if fax is None:
        return None
    if fax.state is FaxState.RENDERING:
        fax.state = step(FAX, fax.state, "give_back")
    fax.state = step(FAX, fax.state, "start_rendering")
    take(fax, worker, now + lease)
    session.flush()
    return FaxLease(
        fax_id=fax.id,
        epoch=fax.epoch,
        worker=worker,
        account_id=fax.account_id,
        door=fax.message.door if fax.message else "",
        blob=fax.message.blob if fax.message else None,
        sender=fax.message.sender if fax.message else "",
        number=together.first(session, fax.id),
    )


def renew_fax(session: Session, lease: FaxLease, now: datetime, duration: timedelta) -> None:
    """Prolong the lease of a drawing. Raises `LostLease`."""
    held(session, Fax, lease.fax_id, lease.epoch, lease.worker).lease_until = now + duration


def give_back(session: Session, lease: FaxLease) -> None:
    """Return a fax undrawn, for another worker or a later time. Raises `LostLease`."""
    fax = held(session, Fax, lease.fax_id, lease.epoch, lease.worker)
    fax.state = step(FAX, fax.state, "give_back")
    let_go(fax)
    session.flush()


def rendered(
    session: Session, lease: FaxLease, drawn: Drawn, now: datetime, *, new_id: Callable[[], str]
) -> None:
    """Write the pages of a fax and queue its deliveries, unless a person has to approve it first.

    Raises `LostLease`. The blobs of `drawn.masters` are on stable storage and recorded (`blobs.record`).
    """
    fax = held(session, Fax, lease.fax_id, lease.epoch, lease.worker)
    _apply(fax, drawn)
    fax.state = step(FAX, fax.state, "rendered")
    let_go(fax)
    session.flush()
    events.append(
        session,
        "fax.rendered",
        now,
        account_id=fax.account_id,
        number=together.first(session, fax.id),
        fax_id=fax.id,
        pages=drawn.pages,
        warnings=list(drawn.warnings),
    )
    _apply_to_numbers(session, fax, drawn, now)
    if why := release.needs_approval(session, fax):
        release.ask(session, fax, why, now)
    else:
        release.release(session, fax, now, new_id=new_id)


def refuse(
    session: Session,
    lease: FaxLease,
    cause: Cause,
    detail: str,
    now: datetime,
    *,
    new_id: Callable[[], str],
    subject: str | None = None,
    notify_to: str | None = None,
    disposition_to: str = "",
    warnings: Sequence[str] = (),
) -> None:
    """End a fax that cannot be drawn or sent: every delivery fails with `cause`, results are owed.

    Raises `LostLease`.
    """
    fax = held(session, Fax, lease.fax_id, lease.epoch, lease.worker)
    fax.state = step(FAX, fax.state, "refuse")
    fax.cause, fax.cause_detail = cause, detail
    fax.subject = fax.subject if subject is None else subject
    fax.notify_to = fax.notify_to if notify_to is None else notify_to
    fax.warnings = list(warnings)
    _keep_disposition(fax, disposition_to)
    let_go(fax)
    number, why = together.first(session, fax.id), {"cause": cause.value, "detail": detail}
    events.append(session, "fax.refused", now, account_id=fax.account_id, number=number, fax_id=fax.id, **why)
    sender = fax.message.sender if fax.message is not None else ""
    audit.note(session, "fax.refused", now, fax.account_id, sender, number=number, **why)
    endings.end_together(session, fax, "fail", cause, now, new_id=new_id, detail=detail)


def get_fax(session: Session, fax_id: int, *, account_id: int | None = None) -> Fax | None:
    """Return a fax with its deliveries, message and account loaded; None unless it is the account's."""
    query = select(Fax).where(Fax.id == fax_id)
    if account_id is not None:
        query = query.where(Fax.account_id == account_id)
    loaded = selectinload(Fax.deliveries), selectinload(Fax.message), selectinload(Fax.account)
    return session.scalar(query.options(*loaded))


def get_delivery(session: Session, number: int, *, account_id: int | None = None) -> Delivery | None:
    """Return a delivery with fax, account, message, attempts and pages loaded; None unless the account's."""
    query = select(Delivery).where(Delivery.number == number)
    if account_id is not None:
        query = query.where(Delivery.account_id == account_id)
    return session.scalar(query.options(*everything()))


def deliveries(
    session: Session, *, account_id: int | None = None, before: int | None = None, limit: int = 50
) -> Sequence[Delivery]:
    """Return the newest deliveries, newest first, all loaded; `before` continues below a number."""
    query = select(Delivery).order_by(Delivery.number.desc()).limit(limit).options(*everything())
    if account_id is not None:
        query = query.where(Delivery.account_id == account_id)
    if before is not None:
        query = query.where(Delivery.number < before)
    return session.scalars(query).all()


def everything() -> tuple[Any, ...]:
    """Return the loader options that make a delivery usable after its session has closed."""
    fax = selectinload(Delivery.fax)
    return (
        fax.selectinload(Fax.message),
        fax.selectinload(Fax.account),
        fax.selectinload(Fax.deliveries),
        selectinload(Delivery.attempts).selectinload(Attempt.pages),
    )


def _apply(fax: Fax, drawn: Drawn) -> None:
    fax.masters, fax.pages = dict(drawn.masters), drawn.pages
    fax.options = {**fax.options, **drawn.options}
    fax.warnings = [*fax.warnings, *drawn.warnings]
    fax.subject = fax.subject if drawn.subject is None else drawn.subject
    fax.notify_to = fax.notify_to if drawn.notify_to is None else drawn.notify_to
    _keep_disposition(fax, drawn.disposition_to)


def _keep_disposition(fax: Fax, disposition_to: str) -> None:
    """Keep which address asked for a receipt; `store.reports` judges whether it may have one."""
    if disposition_to and fax.message is not None:
        fax.message.envelope = {**fax.message.envelope, "disposition_to": disposition_to[:320]}


def _apply_to_numbers(session: Session, fax: Fax, drawn: Drawn, now: datetime) -> None:
    """Set what the message wished for its numbers; a number's own name, from its list, stays."""
    wished = {
        "max_dials": drawn.max_dials,
        "interval_minutes": drawn.interval_minutes,
        "priority": drawn.priority,
        "due_at": max(now, drawn.due_at) if drawn.due_at else None,
    }
    values: dict[str, Any] = {name: value for name, value in wished.items() if value is not None}
    if drawn.contact:
        values["contact"] = case((Delivery.contact == "", drawn.contact[:200]), else_=Delivery.contact)
    if values:
        session.execute(update(Delivery).where(Delivery.fax_id == fax.id).values(values))
    if drawn.contacts and not drawn.contact:
        _name_numbers(session, fax, drawn.contacts)


def _name_numbers(session: Session, fax: Fax, contacts: Mapping[str, str]) -> None:
    """Name the numbers that have no name yet and that the header of the message names."""
    nameless = select(Delivery.number, Delivery.destination)
    nameless = nameless.where(Delivery.fax_id == fax.id, Delivery.contact == "")
    named = [
        {"number": row.number, "contact": contacts[row.destination][:200]}
        for row in session.execute(nameless)
        if contacts.get(row.destination)
    ]
    if named:
        session.execute(update(Delivery), named)
