"""What was refused or looked at, and by whom; for the operator or for the account concerned."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from gateway.store.models import Audit

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session


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


def latest(session: Session, *, account_id: int | None = None, limit: int = 100) -> Sequence[Audit]:
    """Return the newest lines of an account, or of the operator, newest first."""
    query = select(Audit).where(Audit.account_id == account_id)
    return session.scalars(query.order_by(Audit.id.desc()).limit(limit)).all()
