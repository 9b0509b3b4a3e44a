"""Tokens of programs: made, listed and revoked. The value is seen once, by whoever asked for it.

A token opens one face for one account, with the rights of a user where one is named. Each change has an audit
row; what is kept cannot be turned back into the token.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import select

from gateway.domain.errors import Refused
from gateway.store import audit
from gateway.store.credentials import digest
from gateway.store.models import Token
from gateway.store.provisioning.people import FACES

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

    from gateway.store.models import Account, User

LEAST: Final = 20
"""Characters of a value: it is kept as a plain hash, so it must be too long to guess."""


def create(
    session: Session,
    account: Account,
    face: str,
    now: datetime,
    *,
    value: str,
    actor: str,
    name: str = "",
    user: User | None = None,
    expires_at: datetime | None = None,
) -> Token:
    """Keep a token. `value` is random, and the caller's to show; raises `Refused`."""
    if face not in FACES:
        raise Refused(f"There is no face {face!r}; there are {', '.join(FACES)}.")
    if len(value) < LEAST:
        raise Refused(f"A token has at least {LEAST} characters.")
    if user is not None and user.account_id != account.id:
        raise Refused(f"{user.login} is no user of account {account.name}.")
    token = Token(
        account_id=account.id,
        face=face,
        sha256=digest(value),
        name=name[:100],
        user_id=user.id if user else None,
        created_at=now,
        expires_at=expires_at,
    )
    session.add(token)
    session.flush()
    _note(session, "token.created", token, now, actor)
    return token


def listed(session: Session, *, account_id: int | None = None) -> Sequence[Token]:
    """Return the tokens of an account, or of all, oldest first."""
    query = select(Token).order_by(Token.id)
    if account_id is not None:
        query = query.where(Token.account_id == account_id)
    return session.scalars(query).all()


def revoke(
    session: Session, token_id: int, now: datetime, *, actor: str, account_id: int | None = None
) -> bool:
    """Delete a token, at once and for good; say whether there was one, in this account if one is named."""
    query = select(Token).where(Token.id == token_id)
    if account_id is not None:
        query = query.where(Token.account_id == account_id)
    token = session.scalar(query)
    if token is None:
        return False
    _note(session, "token.revoked", token, now, actor)
    session.delete(token)
    session.flush()
    return True


def _note(session: Session, action: str, token: Token, now: datetime, actor: str) -> None:
    data = {"token": token.id, "face": token.face, "name": token.name}
    audit.note(session, action, now, token.account_id, actor, **data)
