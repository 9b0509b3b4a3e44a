"""All numbers of a fax at once: as many statements for a list of 20,000 as for one number.

SQLite has one writer. What would move thousands of numbers one object after the other holds it for seconds,
while lines have to write a page before they may confirm it; so here the database moves them, and writes
their events, by itself. Only numbers that still are as they were accepted are moved: later each has a life
of its own (`queue`, `calls`, `endings`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import func, select, update

from gateway.domain.states import DELIVERY, DeliveryState, step
from gateway.store import events
from gateway.store.models import Delivery

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import ColumnElement
    from sqlalchemy.orm import Session

    from gateway.store.models import Fax


class Moved(NamedTuple):
    """A number that was moved, as far as reports want to know it (`reports.Ended`)."""

    number: int
    state: DeliveryState
    dsn: dict[str, Any]
    resend_of: int | None = None  # what is sent again is no longer as it was accepted


def first(session: Session, fax_id: int) -> int:
    """Return the number that names the whole fax."""
    return session.scalars(select(func.min(Delivery.number)).where(Delivery.fax_id == fax_id)).one() or 0


def count(session: Session, fax_id: int) -> int:
    """Return how many numbers a fax has, those sent again included."""
    query = select(func.count()).select_from(Delivery).where(Delivery.fax_id == fax_id)
    return session.scalars(query).one()


def untouched(fax: Fax) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions that the numbers of a fax fulfil which are as they were accepted."""
    return Delivery.fax_id == fax.id, Delivery.state == DeliveryState.CREATED


def move(
    session: Session,
    fax: Fax,
    path: Sequence[tuple[str, str, dict[str, Any]]],
    now: datetime,
    *where: ColumnElement[bool],
    **values: Any,
) -> list[Moved]:
    """Take untouched numbers of a fax (those that fulfil `where`) along `path`; set `values` on them.

    Each step of the path is an event of the delivery table, the kind of the record it leaves, and what the
    record tells beyond what every record tells (`endings.record`).
    """
    session.flush()
    state, told = DeliveryState.CREATED, []
    for event, kind, data in path:
        state = step(DELIVERY, state, event)
        told.append((kind, {"state": state.value, **data}))
    change = update(Delivery).where(*untouched(fax), *where).values(state=state, **values)
    returned = session.connection().execute(change.returning(Delivery.number, Delivery.dsn))
    moved = sorted(Moved(row.number, state, row.dsn) for row in returned)
    if moved:
        _forget(session, fax)
        others = _others(session, fax, moved)
        for kind, data in told:
            events.append_each(session, kind, now, Delivery.fax_id == fax.id, *others, **data)
    return moved


def _forget(session: Session, fax: Fax) -> None:
    """Let the objects that this session has of these numbers be read again."""
    for row in session.identity_map.values():
        if isinstance(row, Delivery) and row.fax_id == fax.id:
            session.expire(row)


def _others(session: Session, fax: Fax, moved: Sequence[Moved]) -> list[ColumnElement[bool]]:
    """Return the condition that leaves out the numbers of a fax that were not moved; none in most cases."""
    if len(moved) == count(session, fax.id):
        return []
    numbers = {one.number for one in moved}
    all_numbers = session.scalars(select(Delivery.number).where(Delivery.fax_id == fax.id))
    return [Delivery.number.not_in([number for number in all_numbers if number not in numbers])]
