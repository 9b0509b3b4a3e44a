"""An account's lists of numbers: written whole, read whole (email-interface section 1.3).

A list is replaced in one transaction, so a mail goes to the old one or the new one, never to a mixture. Each
change has an audit row. Whether a number may be called is asked when a list is written, and again, as for
every number, just before the call.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete, func, insert, select

from gateway.domain.number_lists import Entry
from gateway.domain.numbers import simulated_status
from gateway.store import audit
from gateway.store.faxes import Recipient
from gateway.store.models import ListEntry, RecipientList

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

    from gateway.store.models import Account


def replace(
    session: Session, account: Account, name: str, entries: Sequence[Entry], now: datetime, *, actor: str = ""
) -> bool:
    """Write a list, new or in place of the one of this name; say whether that changed anything.

    `name` and `entries` come from `domain.number_lists`.
    """
    row = _row(session, account.id, name)
    if row is not None and _entries(session, row) == list(entries):
        return False
    action = "list.created" if row is None else "list.changed"
    if row is None:
        row = RecipientList(account_id=account.id, name=name, created_at=now)
        session.add(row)
        session.flush()
    session.execute(delete(ListEntry).where(ListEntry.list_id == row.id))
    values = [
        {
            "list_id": row.id,
            "position": position,
            "destination": entry.destination,
            "sub": entry.sub[:20],
            "person": entry.person,
            "company": entry.company,
        }
        for position, entry in enumerate(entries)
    ]
    session.execute(insert(ListEntry), values)
    audit.note(session, action, now, account.id, actor, account=account.name, list=name, numbers=len(entries))
    return True


def remove(session: Session, account: Account, name: str, now: datetime, *, actor: str = "") -> bool:
    """Delete a list; say whether there was one."""
    row = _row(session, account.id, name)
    if row is None:
        return False
    session.execute(delete(ListEntry).where(ListEntry.list_id == row.id))
    session.execute(delete(RecipientList).where(RecipientList.id == row.id))
    audit.note(session, "list.removed", now, account.id, actor, account=account.name, list=name)
    return True


def names(session: Session, *, account_id: int) -> dict[str, int]:
    """Return the account's lists by name, with how many numbers each holds."""
    query = (
        select(RecipientList.name, func.count(ListEntry.id).label("numbers"))
        .join(ListEntry, ListEntry.list_id == RecipientList.id)
        .where(RecipientList.account_id == account_id)
        .group_by(RecipientList.name)
        .order_by(RecipientList.name)
    )
    return {row.name: row.numbers for row in session.execute(query)}


def entries(session: Session, name: str, *, account_id: int) -> list[Entry] | None:
    """Return a list in its order; None if the account has none of this name."""
    row = _row(session, account_id, name)
    return None if row is None else _entries(session, row)


def recipients(session: Session, name: str, *, account_id: int) -> tuple[Recipient, ...] | None:
    """Return whom a list sends to, in its order; None if the account has none of this name."""
    found = entries(session, name, account_id=account_id)
    return None if found is None else tuple(map(_recipient, found))


def _row(session: Session, account_id: int, name: str) -> RecipientList | None:
    query = select(RecipientList).where(RecipientList.account_id == account_id, RecipientList.name == name)
    return session.scalar(query)


def _entries(session: Session, row: RecipientList) -> list[Entry]:
    columns = ListEntry.destination, ListEntry.sub, ListEntry.person, ListEntry.company
    query = select(*columns).where(ListEntry.list_id == row.id).order_by(ListEntry.position)
    return [Entry(*found) for found in session.execute(query)]


def _recipient(entry: Entry) -> Recipient:
    status = simulated_status(entry.destination)
    return Recipient(entry.destination, contact=entry.contact, simulated_status=status, sub=entry.sub)
