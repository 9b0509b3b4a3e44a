"""What was refused or looked at, and by whom; for the operator or for the account concerned."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, insert, select

from gateway.store.models import Account, Audit

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session


NEW_LINES = insert(Audit)


@dataclass(frozen=True, slots=True)
class Line:
    """One line to be written; `data` must be JSON and hold no secret."""

    action: str
    account_id: int | None
    actor: str
    data: Mapping[str, Any]


def note(
    session: Session,
    action: str,
    now: datetime,
    account_id: int | None = None,
    actor: str = "",
    **data: Any,
) -> None:
    """Write one line. `account_id` None makes it the operator's; `data` must be JSON and hold no secret."""
    session.add(Audit(at=now, account_id=account_id, actor=actor[:320], action=action, data=data))


def note_all(session: Session, now: datetime, lines: Sequence[Line]) -> None:
    """Write several lines in one statement."""
    rows = [
        {
            "at": now,
            "account_id": line.account_id,
            "actor": line.actor[:320],
            "action": line.action,
            "data": dict(line.data),
        }
        for line in lines
    ]
    session.connection().execute(NEW_LINES, rows)


def latest(session: Session, *, account_id: int | None = None, limit: int = 100) -> Sequence[Audit]:
    """Return the newest lines of an account, or of the operator, newest first."""
    query = select(Audit).where(Audit.account_id == account_id)
    return session.scalars(query.order_by(Audit.id.desc()).limit(limit)).all()


def search(
    session: Session, *, account_id: int | None = None, action: str = "", limit: int = 100
) -> Sequence[tuple[Audit, str]]:
    """Return the newest lines with their account's name ("" for the operator's), newest first.

    Of one account, or of all and the operator; only of actions that begin with `action`.
    """
    query = select(Audit, func.coalesce(Account.name, "")).outerjoin(Account, Account.id == Audit.account_id)
    if account_id is not None:
        query = query.where(Audit.account_id == account_id)
    if action:
        query = query.where(Audit.action.startswith(action, autoescape=True))
    return [(row, name) for row, name in session.execute(query.order_by(Audit.id.desc()).limit(limit))]
