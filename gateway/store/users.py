"""Users, changed one by one: who logs in, with which roles, and which senders are theirs.

What a provisioning file does all at once, for a command or a page. Every change has an audit row of the
account with who made it; no password is ever in one. Refuses what another user or account has.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import delete, select

from gateway.domain.errors import Refused
from gateway.domain.roles import ROLES, USUAL
from gateway.store import audit
from gateway.store.credentials import hashed
from gateway.store.models import Account, Sender, Token, User

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

LEAST: Final = 8
"""Letters of a password: shorter ones are guessed, whatever is done against guessing."""


def named(session: Session, login: str, *, account_id: int | None = None) -> User | None:
    """Return the user of this login; None if there is none, or none in this account."""
    query = select(User).where(User.login == login)
    if account_id is not None:
        query = query.where(User.account_id == account_id)
    return session.scalar(query)


def all_users(session: Session, *, account_id: int | None = None) -> Sequence[User]:
    """Return the users of an account, or of all, by account and login."""
    query = select(User).order_by(User.account_id, User.login)
    if account_id is not None:
        query = query.where(User.account_id == account_id)
    return session.scalars(query).all()


def add(
    session: Session,
    account: Account,
    login: str,
    now: datetime,
    *,
    actor: str,
    name: str = "",
    roles: Sequence[str] = USUAL,
    addresses: Sequence[str] = (),
) -> User:
    """Add a user, who cannot log in before a password is set. Raises `Refused`."""
    if not login or not login.isprintable() or len(login) > 100:
        raise Refused("A login is 1 to 100 characters on one line.")
    if named(session, login) is not None:
        raise Refused(f"There is a user {login} already.")
    user = User(
        account_id=account.id, login=login, roles=_roles(roles), settings={"name": name} if name else {}
    )
    session.add(user)
    session.flush()
    _note(session, "user.added", user, now, actor, roles=user.roles)
    if addresses:
        set_addresses(session, user, addresses, now, actor=actor)
    return user


def set_password(session: Session, user: User, password: str, now: datetime, *, actor: str) -> None:
    """Set a password; only its hash is kept. Raises `Refused` for one that is too short."""
    if len(password) < LEAST:
        raise Refused(f"A password has at least {LEAST} characters.")
    user.password = hashed(password)
    _note(session, "user.password", user, now, actor)


def set_roles(session: Session, user: User, roles: Sequence[str], now: datetime, *, actor: str) -> None:
    """Give a user these roles and no others. Raises `Refused` for one that does not exist."""
    before, user.roles = user.roles, _roles(roles)
    _note(session, "user.roles", user, now, actor, before=before, roles=user.roles)


def set_addresses(
    session: Session, user: User, addresses: Sequence[str], now: datetime, *, actor: str
) -> None:
    """Make these senders the user's, and no others; ones that were only theirs may send no more.

    `addresses` are checked patterns in lower case. Raises `Refused` for one of another user or account.
    """
    for pattern in addresses:
        row = session.scalar(select(Sender).where(Sender.pattern == pattern))
        if row is not None and (row.account_id != user.account_id or row.user_id not in (None, user.id)):
            raise Refused(f"{pattern} belongs to somebody else already.")
        if row is None:
            session.add(Sender(account_id=user.account_id, pattern=pattern, user_id=user.id))
        else:
            row.user_id = user.id
    session.execute(delete(Sender).where(Sender.user_id == user.id, Sender.pattern.not_in(addresses)))
    user.settings = {**user.settings, "addresses": list(addresses)}
    _note(session, "user.addresses", user, now, actor, addresses=list(addresses))


def remove(session: Session, user: User, now: datetime, *, actor: str) -> None:
    """Delete a user, their tokens and the senders that were theirs; faxes they sent stay."""
    session.execute(delete(Sender).where(Sender.user_id == user.id))
    session.execute(delete(Token).where(Token.user_id == user.id))
    _note(session, "user.removed", user, now, actor)
    session.delete(user)
    session.flush()


def _roles(roles: Sequence[str]) -> list[str]:
    for role in roles:
        if role not in ROLES:
            raise Refused(f"There is no role {role!r}; there are {', '.join(ROLES)}.")
    return list(dict.fromkeys(roles))


def _note(session: Session, action: str, user: User, now: datetime, actor: str, **data: object) -> None:
    session.flush()
    audit.note(session, action, now, user.account_id, actor, login=user.login, **data)
