"""What each line is doing, for people to see. Nothing decides by it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from gateway.store import events
from gateway.store.models import LineStatus

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session


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

    `kind`: modem | simulated. `state`: starting | idle | calling | answering | out_of_service.
    """
    row = session.get(LineStatus, name)
    changed = row is None or (row.state, row.number) != (state, number)
    if row is None:
        row = LineStatus(name=name, since=now)
        session.add(row)
    row.kind, row.state, row.device, row.detail = kind, state, device, detail
    row.number, row.worker = number, worker
    if changed:
        row.since = now
        events.append(
            session, "line.state", now, number=number, line=name, kind=kind, state=state, detail=detail
        )


def all_lines(session: Session) -> Sequence[LineStatus]:
    """Return every line ever reported, by name."""
    return session.scalars(select(LineStatus).order_by(LineStatus.name)).all()


def forget(session: Session, keep: Sequence[str]) -> None:
    """Delete the rows of lines that are no longer configured."""
    for row in session.scalars(select(LineStatus).where(LineStatus.name.not_in(keep))):
        session.delete(row)
