"""Accounts: whose a sender is, who stands behind it, and what the two prefer.

What a provisioning file writes is in `provisioning`, what opens a login in `credentials`; both are named
here too, for whoever only knows accounts. Nothing here decides whether a sender is believed: that is
`mailin.evidence`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sqlalchemy import or_, select

from gateway.domain.dialling import Caller
from gateway.domain.senders import best_pattern
from gateway.store.credentials import find_token, find_user
from gateway.store.models import Account, Route, Sender, User
from gateway.store.provisioning import Changes, provision

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session

__all__ = [
    "Changes",
    "account_for_sender",
    "account_named",
    "caller",
    "find_token",
    "find_user",
    "preference",
    "provision",
    "routes",
    "sender_row",
    "user_behind",
]


def sender_row(session: Session, address: str) -> Sender | None:
    """Return what registers this MAIL FROM: exact before pattern, the closest pattern first.

    Case does not matter; the null sender is nobody's.
    """
    wanted = address.strip().lower()
    if not wanted:
        return None
    if (exact := session.scalar(select(Sender).where(Sender.pattern == wanted))) is not None and (
        best_pattern(wanted, [exact.pattern]) is not None
    ):
        return exact
    wild = or_(Sender.pattern.contains("*"), Sender.pattern.contains("?"))
    by_pattern = {row.pattern: row for row in session.scalars(select(Sender).where(wild))}
    pattern = best_pattern(wanted, by_pattern)
    return by_pattern[pattern] if pattern is not None else None


def account_for_sender(session: Session, address: str) -> Account | None:
    """Return the account that this MAIL FROM may send for, as `sender_row` finds it."""
    row = sender_row(session, address)
    return None if row is None else session.get(Account, row.account_id)


def user_behind(session: Session, user_id: int | None) -> User | None:
    """Return the user of `Sender.user_id` or `Fax.user_id`; None where there is none, or none any more."""
    return None if user_id is None else session.get(User, user_id)


def preference(account: Account, user: User | None, key: str, default: Any) -> Any:
    """Return what is preferred for a key of `settings`: the user's before the account's before `default`.

    A value that is a table (`notify`, `smime`, `defaults`) is put together key by key, so that a user who
    changes the language keeps the account's format. Keys: `store.provisioning.preferences`.
    """
    kept = [row.settings[key] for row in (account, user) if row is not None and key in row.settings]
    if not any(isinstance(value, Mapping) for value in (default, *kept)):
        return kept[-1] if kept else default
    merged: dict[str, Any] = {}
    for value in (default, *kept):
        merged |= value or {}
    return merged


def account_named(session: Session, name: str) -> Account | None:
    """Return the account of this name."""
    return session.scalar(select(Account).where(Account.name == name))


def caller(account: Account) -> Caller:
    """Return what dialling wants to know of an account."""
    settings = account.settings
    return Caller(
        account.country,
        account.area_code,
        international=settings.get("international", False) is True,
        trunk_zero=settings.get("trunk_zero", False) is True,
    )


def routes(session: Session) -> Sequence[Route]:
    """Return all inbound routes, in the order in which they are tried."""
    return session.scalars(select(Route).order_by(Route.account_id, Route.position, Route.id)).all()
