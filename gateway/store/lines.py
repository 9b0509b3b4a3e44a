"""What each line is doing, for people to see, and the operator's word that one shall rest.

A line writes its own row. Only `paused` is written by others and decides something: the line that reads it
ends its call, gives its port back and waits until it is resumed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import select

from gateway.store import audit, events
from gateway.store.models import LineStatus

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

STATES: Final = ("starting", "idle", "calling", "answering", "paused", "out_of_service")
IN_SERVICE: Final = frozenset({"starting", "idle", "calling", "answering"})


def report(
    session: Session,
    name: str,
    now: datetime,
    *,
    kind: str,
    state: str,
    device: str = "",
    detail: str = "",
    number: int | None = None,
    worker: str = "",
) -> None:
    """Write what line `name` does now; a change of state or number becomes a `line.state` event.

    `kind`: modem | simulated. `state`: one of `STATES`.
    """
    row = session.get(LineStatus, name)
    before = None if row is None else (row.state, row.number)
    if row is None:
        row = LineStatus(name=name, since=now, state="")
        session.add(row)
    row.kind, row.state, row.device, row.detail = kind, state, device, detail
    row.number, row.worker = number, worker
    if before != (state, number):
        row.since = now
        was = before[0] if before else ""
        events.append(
            session,
            "line.state",
            now,
            number=number,
            line=name,
            kind=kind,
            state=state,
            was=was,
            detail=detail,
        )


def identified(session: Session, name: str, now: datetime, *, profile: str, modem: str) -> None:
    """Write what the modem of a line said it is, and the profile that follows."""
    if (row := session.get(LineStatus, name)) is not None:
        row.profile, row.modem, row.probed_at = profile, modem, now


def pause(session: Session, name: str, now: datetime, *, paused: bool, actor: str) -> bool:
    """Take a line out of service, or give it back; False if no line of that name ever reported."""
    row = session.get(LineStatus, name, with_for_update=True)
    if row is None:
        return False
    if row.paused != paused:
        row.paused = paused
        audit.note(session, "line.paused" if paused else "line.resumed", now, None, actor, line=name)
    return True


def is_paused(session: Session, name: str) -> bool:
    """Say whether the operator took a line out of service; cheap, asked every second."""
    return session.scalar(select(LineStatus.paused).where(LineStatus.name == name)) is True


def all_lines(session: Session) -> Sequence[LineStatus]:
    """Return every line ever reported, by name."""
    return session.scalars(select(LineStatus).order_by(LineStatus.name)).all()


def forget(session: Session, keep: Sequence[str], host: str = "") -> list[str]:
    """Delete the rows of lines that are no longer configured, of this host if named; return their names."""
    query = select(LineStatus).where(LineStatus.name.not_in(keep))
    if host:
        query = query.where(LineStatus.worker.startswith(f"{host}/", autoescape=True))
    rows = session.scalars(query).all()
    for row in rows:
        session.delete(row)
    return [row.name for row in rows]
