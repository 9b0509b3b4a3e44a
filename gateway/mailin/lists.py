"""Addresses of lists: `list=NAME@` always, `NAME@` where NAME is no number (email-interface section 1.3).

A list counts as one of the recipients of a mail; how many numbers all of them may hold together is a limit of
its own, met at RCPT so that what was taken stays whole.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from gateway.domain import number_lists
from gateway.domain.errors import BadList
from gateway.store import lists

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from gateway.store.faxes import Recipient

PREFIX: Final = "list="


def named(local: str) -> str | None:
    """Return the name of the list a local part asks for by `list=`, None if it does not."""
    return local[len(PREFIX) :].strip().lower() if local.lower().startswith(PREFIX) else None


def find(session: Session, local: str, account_id: int) -> tuple[str, tuple[Recipient, ...]] | None:
    """Return name and recipients of the list a local part names; None if the account has no such list."""
    try:
        name = number_lists.name(named(local) or local)
    except BadList:
        return None
    found = lists.recipients(session, name, account_id=account_id)
    return None if found is None else (name, found)
