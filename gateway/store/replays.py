"""The memory of signatures that carried a fax, so that a captured mail cannot carry another (smime.md 6).

Envelope, Subject and Message-ID are not under an ordinary signature. So a signature serves the recipients and
the wording it first came with; the same again is the same mail, and `intake.submission` answers with its old
numbers. Rows are kept until the signature itself is too old to pass.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import delete, select

from gateway.store.database import one_at_a_time
from gateway.store.models import Replay

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from sqlalchemy.orm import Session


@dataclass(frozen=True, slots=True)
class Use:
    """A signature and what it is used for.

    `digest` names signature and signer; `asked` is SHA-256 of the fields it need not cover; `recipients` are
    canonical numbers. `vouched`: the signature covers the recipients, so that a further one is no abuse.
    `until` is when it will be too old to pass, `repeats` how long the same mail counts as sent twice by
    mistake.
    """

    account_id: int
    digest: str
    asked: str
    recipients: tuple[str, ...]
    vouched: bool
    until: datetime
    repeats: timedelta


def first_use(session: Session, use: Use, now: datetime) -> bool:
    """Remember a use; return whether it is the first, or the same mail again: False is a replay.

    Nobody else gets an answer for the same signature until this transaction ends.
    """
    one_at_a_time(session, f"replay {use.digest}")
    query = select(Replay).where(Replay.account_id == use.account_id, Replay.digest == use.digest)
    known = {row.recipient: row for row in session.scalars(query)}
    new = [recipient for recipient in use.recipients if recipient not in known]
    old = [known[recipient] for recipient in use.recipients if recipient in known]
    if any(row.asked != use.asked for row in known.values()):
        return False
    if any(row.seen_at < now - use.repeats for row in old) or (known and new and not use.vouched):
        return False
    for recipient in dict.fromkeys(new):
        session.add(
            Replay(
                account_id=use.account_id,
                digest=use.digest,
                recipient=recipient,
                asked=use.asked,
                seen_at=now,
                until=use.until,
            )
        )
    session.flush()
    return True


def forget(session: Session, now: datetime) -> None:
    """Drop the rows of signatures that are too old to pass anyway."""
    session.execute(delete(Replay).where(Replay.until < now))
