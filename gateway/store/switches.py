"""The kill switch: dialling stopped by hand, at once and for every line, until someone lets it go on.

It is a row, so every process and host sees it at its next claim; calls that stand are not cut (`cancel` does
that). `[dialling] paused` in the configuration is the same for a gateway that shall start silent.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from gateway.store import audit, events
from gateway.store.models import Switch

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

DIALLING: Final = "dialling"


def paused(session: Session) -> Switch | None:
    """Return who stopped dialling, when and why; None while it goes on."""
    return session.get(Switch, DIALLING, populate_existing=True)


def pause(session: Session, now: datetime, *, actor: str, reason: str = "") -> bool:
    """Stop all dialling; say whether that changed anything."""
    if paused(session) is not None:
        return False
    session.add(Switch(name=DIALLING, actor=actor[:320], reason=reason, since=now))
    audit.note(session, "dialling.paused", now, actor=actor, reason=reason)
    events.append(session, "dialling.paused", now, actor=actor, reason=reason)
    session.flush()
    return True


def resume(session: Session, now: datetime, *, actor: str) -> bool:
    """Let dialling go on; say whether that changed anything."""
    row = paused(session)
    if row is None:
        return False
    session.delete(row)
    audit.note(session, "dialling.resumed", now, actor=actor)
    events.append(session, "dialling.resumed", now, actor=actor)
    session.flush()
    return True
