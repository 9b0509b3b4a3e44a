"""The one door behind every way in: a submission becomes rows in one transaction, or nothing at all.

The door has already put the bytes on stable storage and knows who sends. Whether the same submission came
before is decided here, recipient by recipient (durability.md section 3): a client that lost our answer gets
the old numbers, and only numbers that did not get this message yet become a new fax. Nothing is parsed or
drawn here; `rendering.py` does that later.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from gateway.store import audit, faxes
from gateway.store.database import one_at_a_time
from gateway.store.models import Account, Delivery, Fax, Message

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

    from gateway.store.faxes import Recipient

DEDUPE_WINDOW = timedelta(hours=24)

Place = tuple[str, str]
"""Canonical number and sub-address: what one delivery goes to."""


@dataclass(frozen=True, slots=True)
class Submission:
    """What came in by one door in one piece.

    `blob`, `size`, `sha256`: the raw bytes, already on stable storage. `dedupe`: hex key of the same content
    for this account, None where repeating is meant. `evidence`: why we believe the sender. `verdict`: what
    S/MIME found. `envelope`: RET and ENVID of RFC 3461. `user_id`: the user who sends, if it is one. `batch`:
    the list it goes to, "" for none.
    """

    door: str
    account_id: int
    sender: str
    recipients: tuple[Recipient, ...]
    blob: str
    size: int
    sha256: str
    message_id: str = ""
    dedupe: str | None = None
    peer: str = ""
    evidence: dict[str, Any] = field(default_factory=dict)
    subject: str = ""
    options: dict[str, Any] = field(default_factory=dict)
    verdict: dict[str, Any] = field(default_factory=dict)
    envelope: dict[str, Any] = field(default_factory=dict)
    user_id: int | None = None
    batch: str = ""


@dataclass(frozen=True, slots=True)
class Accepted:
    """The public numbers, in the order of the recipients; `duplicate` when nothing new was created."""

    numbers: tuple[int, ...]
    duplicate: bool

    @property
    def number(self) -> int:
        """The first number, which names the whole."""
        return self.numbers[0]


def accept(
    session: Session, submission: Submission, now: datetime, window: timedelta = DEDUPE_WINDOW
) -> Accepted:
    """Write message, fax, deliveries, event and audit line; return the numbers. The caller commits."""
    recipients = {(r.destination, r.sub): r for r in submission.recipients}  # the same twice is sent once
    known = _already_accepted(session, submission, now - window)
    new = [recipient for place, recipient in recipients.items() if place not in known]
    if new:
        known |= _create(session, submission, new, now)
    audit.note(
        session,
        "submission.accepted" if new else "submission.duplicate",
        now,
        submission.account_id,
        submission.sender,
        numbers=[known[place] for place in recipients],
        peer=submission.peer,
        evidence=submission.evidence,
    )
    return Accepted(tuple(known[place] for place in recipients), duplicate=not new)


def _already_accepted(session: Session, submission: Submission, since: datetime) -> dict[Place, int]:
    """Return place -> number of the same message accepted since then."""
    if submission.dedupe is None:
        return {}
    one_at_a_time(session, f"dedupe {submission.dedupe}")
    query = (
        select(Delivery.destination, Delivery.sub, Delivery.number)
        .join(Fax, Delivery.fax_id == Fax.id)
        .join(Message, Fax.message_id == Message.id)
        .where(
            Message.account_id == submission.account_id,
            Message.dedupe == submission.dedupe,
            Message.message_id == submission.message_id,
            Message.received_at >= since,
        )
        .order_by(Delivery.number.desc())
    )
    return {(row.destination, row.sub): row.number for row in session.execute(query)}


def _create(
    session: Session, submission: Submission, recipients: Sequence[Recipient], now: datetime
) -> Mapping[Place, int]:
    message = faxes.store_message(
        session,
        account_id=submission.account_id,
        door=submission.door,
        blob=submission.blob,
        size=submission.size,
        sha256=submission.sha256,
        sender=submission.sender,
        now=now,
        message_id=submission.message_id,
        dedupe=submission.dedupe,
        peer=submission.peer,
        evidence=submission.evidence,
        verdict=submission.verdict,
        envelope=submission.envelope,
    )
    fax = faxes.create_fax(
        session,
        account=session.get_one(Account, submission.account_id),
        message=message,
        recipients=recipients,
        subject=submission.subject,
        notify_to=submission.sender,
        options=submission.options,
        now=now,
        user_id=submission.user_id,
        batch=submission.batch,
    )
    return {(d.destination, d.sub): d.number for d in fax.deliveries}
