"""Mails fetched from mailboxes: what became of each, so that none is taken twice; alarms about mailboxes.

`settle` belongs in the transaction that accepts the fax: the row and the fax are there together, or neither.
A mail may be seen by two processes, or again after a crash; whoever comes second gets `AlreadySettled` and
nothing is written.
"""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from sqlalchemy import delete, select

from gateway.domain.errors import PostlineError
from gateway.store import audit, outbox
from gateway.store.database import one_at_a_time
from gateway.store.models import Audit, Pickup

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

ALARM: Final = "alarm"
QUIET: Final = timedelta(hours=24)
FORGOTTEN: Final = timedelta(days=30)
AT_ONCE: Final = 500  # names in one question; databases limit parameters


class Outcome(StrEnum):
    """What became of a fetched mail. LEFT: it stays where it is, for a person; nothing was decided."""

    TAKEN = "taken"
    REFUSED = "refused"
    LEFT = "left"


class AlreadySettled(PostlineError):  # noqa: N818  (reads as what happened)
    """This mail was settled before, by us or by another process."""

    code = "already-settled"


def settle(
    session: Session,
    mailbox: str,
    uid: str,
    outcome: Outcome,
    now: datetime,
    *,
    number: int | None = None,
    detail: str = "",
) -> None:
    """Write what became of a mail. Raises `AlreadySettled`."""
    one_at_a_time(session, f"pickup {mailbox} {uid}")
    if settled(session, mailbox, [uid]):
        raise AlreadySettled(f"{uid} of mailbox {mailbox} was settled before")
    session.add(
        Pickup(mailbox=mailbox, uid=uid, number=number, outcome=outcome.value, detail=detail, taken_at=now)
    )
    session.flush()


def settled(session: Session, mailbox: str, uids: Sequence[str]) -> dict[str, Outcome]:
    """Return what became of those of these mails that were settled."""
    found: dict[str, Outcome] = {}
    for at in range(0, len(uids), AT_ONCE):
        some = uids[at : at + AT_ONCE]
        query = select(Pickup.uid, Pickup.outcome).where(Pickup.mailbox == mailbox, Pickup.uid.in_(some))
        found |= {row.uid: Outcome(row.outcome) for row in session.execute(query)}
    return found


def first_look(session: Session, mailbox: str, era: str, uids: Collection[str], now: datetime) -> bool:
    """Settle all that lies in a mailbox that is seen for the first time; False where it was seen before.

    `era`: what the names are valid for. A server that renames all its mails makes a mailbox new.
    """
    mark = f"{era}/"
    one_at_a_time(session, f"pickup {mailbox} {mark}")
    if settled(session, mailbox, [mark]):
        return False
    before = settled(session, mailbox, list(uids))  # while the mailbox was not kept
    for uid in dict.fromkeys((mark, *uids)):  # identical mails may have one name (RFC 1939 section 7)
        if uid not in before:
            session.add(Pickup(mailbox=mailbox, uid=uid, outcome=Outcome.LEFT.value, taken_at=now))
    session.flush()
    return True


def forget(session: Session, mailbox: str, present: Collection[str], now: datetime) -> int:
    """Drop rows older than a month of mails that are no longer there; return how many."""
    old = select(Pickup.id, Pickup.uid).where(Pickup.mailbox == mailbox, Pickup.taken_at < now - FORGOTTEN)
    gone = [row.id for row in session.execute(old) if row.uid not in present and not row.uid.endswith("/")]
    for at in range(0, len(gone), AT_ONCE):
        session.execute(delete(Pickup).where(Pickup.id.in_(gone[at : at + AT_ONCE])))
    return len(gone)


def alarm(
    session: Session,
    mailbox: str,
    sentence: str,
    now: datetime,
    *,
    operators: Sequence[str],
    new_id: Callable[[], str],
) -> bool:
    """Tell the operators of a mailbox that cannot be read, once a day; False where they know."""
    key = f"mailbox {mailbox}"
    one_at_a_time(session, "alarms")
    query = select(Audit).where(Audit.action == ALARM, Audit.account_id.is_(None), Audit.at > now - QUIET)
    if any(row.data.get("key") == key for row in session.scalars(query)):
        return False
    audit.note(session, ALARM, now, kind="mailbox", key=key, what=sentence)
    data = {
        "subject": f"Mailbox {mailbox} cannot be read",
        "text": f"{sentence}.\n\nIt is tried again and again; until then its mails do not become faxes.\n",
    }
    for operator in operators:
        outbox.owe(session, "note", operator, new_id=new_id, now=now, data=data)
    return True
