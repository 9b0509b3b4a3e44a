"""What goes wrong with certificates and lists, told to the operator once a day: audit row, event, note.

In the rows it looks for mails that wait because encryption is required and there is no certificate. What
files hold (lists that ran out, a certificate of ours that ends soon) is found by the caller.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sqlalchemy import select

from gateway.domain.alarms import QUIET
from gateway.store import audit, events, outbox
from gateway.store.alarms import ALARM
from gateway.store.database import one_at_a_time
from gateway.store.models import Audit, Delivery, Fax, Forward, Outbox

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

SENTENCES: Final = {
    "no-certificate": "A mail to {what} must be encrypted and there is no certificate for it: it waits.",
    "list-ran-out": "The revocation list of {what} ran out: signatures under it are put off with 451.",
    "own-certificate": "The certificate of this gateway ends soon: {what}.",
    "anchor": "An authority that signatures lead to ends soon: {what}.",
}
ADVICE: Final = {
    "no-certificate": "Give one with `postline keys certificate add`, or have the reader send a signed mail "
    "to digitalid@; the mail is tried for 48 hours.",
    "list-ran-out": "Put a newer list where [smime] crls points to.",
    "own-certificate": "Add the new one in front of [smime] identity and keep the old one behind it.",
    "anchor": "Ask the authority for its new certificate and add it to [smime] trust.",
}


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something to tell. `kind` is a key of `SENTENCES`; `account_id` None is the operator's own."""

    kind: str
    what: str
    account_id: int | None = None

    @property
    def key(self) -> str:
        """What makes two troubles the same."""
        return f"{self.kind} {self.what}"


def tell(
    session: Session,
    troubles: Iterable[Trouble],
    now: datetime,
    *,
    operators: Sequence[str],
    new_id: Callable[[], str],
    waiting: str,
) -> list[Trouble]:
    """Tell what was not told within a day: these troubles, and of mails whose error begins with `waiting`."""
    one_at_a_time(session, "trust alarms")
    told = []
    for trouble in (*troubles, *_waiting(session, waiting)):
        if trouble.key not in _known(session, trouble.account_id, now):
            _tell(session, trouble, now, operators=operators, new_id=new_id)
            told.append(trouble)
    return told


def _waiting(session: Session, error: str) -> Iterator[Trouble]:
    query = select(Outbox).where(Outbox.state == "owed", Outbox.last_error.startswith(error, autoescape=True))
    for row in session.scalars(query.order_by(Outbox.id)):
        yield Trouble("no-certificate", row.recipient, _owner(session, row))


def _owner(session: Session, row: Outbox) -> int | None:
    if row.forward_id is not None:
        return session.get_one(Forward, row.forward_id).account_id
    if row.delivery_number is not None:
        return session.get_one(Delivery, row.delivery_number).account_id
    return session.get_one(Fax, row.fax_id).account_id if row.fax_id is not None else None


def _known(session: Session, account_id: int | None, now: datetime) -> set[str]:
    query = select(Audit).where(Audit.account_id == account_id, Audit.action == ALARM, Audit.at > now - QUIET)
    return {str(row.data.get("key")) for row in session.scalars(query)}


def _tell(
    session: Session, trouble: Trouble, now: datetime, *, operators: Sequence[str], new_id: Callable[[], str]
) -> None:
    sentence = SENTENCES[trouble.kind].format(what=trouble.what)
    audit.note(session, ALARM, now, trouble.account_id, kind=trouble.kind, key=trouble.key, what=trouble.what)
    events.append(session, "alarm", now, account_id=trouble.account_id, alarm=trouble.kind, what=trouble.what)
    data = {"subject": sentence, "text": f"{sentence}\n\n{ADVICE[trouble.kind]}\n"}
    for operator in operators:
        outbox.owe(session, "note", operator, new_id=new_id, now=now, data=data)
    session.flush()
