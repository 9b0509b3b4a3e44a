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

from sqlalchemy import bindparam, select

from gateway.store import acceptance, audit
from gateway.store.acceptance import NewFax
from gateway.store.database import one_at_a_time
from gateway.store.models import Delivery, Fax, Message

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

    from gateway.store.faxes import Recipient

DEDUPE_WINDOW = timedelta(hours=24)

LIKE_THESE = (
    select(
        Message.dedupe,
        Message.account_id,
        Message.message_id,
        Delivery.destination,
        Delivery.sub,
        Delivery.number,
    )
    .join(Fax, Delivery.fax_id == Fax.id)
    .join(Message, Fax.message_id == Message.id)
    .where(
        Message.dedupe.in_(bindparam("keys", expanding=True)),
        Message.received_at >= bindparam("since"),
    )
    .order_by(Delivery.number.desc())
)

Place = tuple[str, str]
"""Canonical number and sub-address: what one delivery goes to."""


@dataclass(frozen=True, slots=True)
class Submission:
    """What came in by one door in one piece.

    `blob`, `size`, `sha256`: the raw bytes, already on stable storage. `dedupe`: hex key of the same content
    for this account, None where repeating is meant. `evidence`: why we believe the sender. `verdict`: what
    S/MIME found. `envelope`: RET and ENVID of RFC 3461. `user_id`: the user who sends, if it is one. `batch`:
    the lists the numbers come from.
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
    return accept_all(session, [submission], now, window)[0]


def accept_all(
    session: Session, submissions: Sequence[Submission], now: datetime, window: timedelta = DEDUPE_WINDOW
) -> list[Accepted]:
    """Do that for several at once, no two of which have the same `dedupe`; all of them or none."""
    before = _already_accepted(session, submissions, now - window)
    cases = [_Case(submission, before.get(submission.dedupe, {})) for submission in submissions]
    new = [case for case in cases if case.new]
    for case, written in zip(
        new, acceptance.write(session, [case.as_fax() for case in new], now), strict=True
    ):
        case.known |= dict(zip(case.new, written.numbers, strict=True))
    audit.note_all(session, now, [case.line() for case in cases])
    return [Accepted(case.numbers, duplicate=not case.new) for case in cases]


def _already_accepted(
    session: Session, submissions: Sequence[Submission], since: datetime
) -> dict[str | None, dict[Place, int]]:
    """Return dedupe key -> place -> number of the same message accepted since then."""
    asked = {s.dedupe: s for s in submissions if s.dedupe is not None}
    if not asked:
        return {}
    for key in sorted(asked):  # in one order for everybody, so that nobody waits in a circle
        one_at_a_time(session, f"dedupe {key}")
    known: dict[str | None, dict[Place, int]] = {}
    for row in session.connection().execute(LIKE_THESE, {"keys": list(asked), "since": since}):
        submission = asked[row.dedupe]
        if (row.account_id, row.message_id) == (submission.account_id, submission.message_id):
            known.setdefault(row.dedupe, {})[row.destination, row.sub] = row.number
    return known


class _Case:
    """One submission on its way in: which of its recipients are new, and everybody's number in the end."""

    def __init__(self, submission: Submission, known: dict[Place, int]) -> None:
        self.submission = submission
        self.known = known
        self._places = {(r.destination, r.sub): r for r in submission.recipients}  # the same twice: sent once
        self.new = {place: r for place, r in self._places.items() if place not in known}

    @property
    def numbers(self) -> tuple[int, ...]:
        """The public numbers in the order of the recipients."""
        return tuple(self.known[place] for place in self._places)

    def as_fax(self) -> NewFax:
        """Return the rows that the new recipients cause."""
        asked = self.submission
        message = {
            "door": asked.door,
            "blob": asked.blob,
            "size": asked.size,
            "sha256": asked.sha256,
            "sender": asked.sender,
            "message_id": asked.message_id,
            "dedupe": asked.dedupe,
            "peer": asked.peer,
            "evidence": asked.evidence,
            "verdict": asked.verdict,
            "envelope": asked.envelope,
        }
        fax = {
            "subject": asked.subject,
            "notify_to": asked.sender,
            "options": asked.options,
            "user_id": asked.user_id,
            "batch": asked.batch[:64],
        }
        return NewFax(asked.account_id, tuple(self.new.values()), message, fax)

    def line(self) -> audit.Line:
        """Return the audit line of it."""
        asked = self.submission
        data = {"numbers": list(self.numbers), "peer": asked.peer, "evidence": asked.evidence}
        action = "submission.accepted" if self.new else "submission.duplicate"
        return audit.Line(action, asked.account_id, asked.sender, data)
