"""What opens a login or a face: passwords kept as Argon2id hashes, tokens as SHA-256; none is read back."""

from __future__ import annotations

import hashlib
import secrets
from functools import cache
from typing import TYPE_CHECKING

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError
from sqlalchemy import select

from gateway.store.models import Token, User

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

HASHER = PasswordHasher()


def find_user(session: Session, login: str, password: str) -> User | None:
    """Return the user if the password is theirs. Takes as long for a login that does not exist."""
    user = user_named(session, login)
    return user if is_password(user.password if user else None, password) else None


def user_named(session: Session, login: str) -> User | None:
    """Return the user of a login, whoever asks."""
    return session.scalar(select(User).where(User.login == login))


def is_password(kept: str | None, password: str) -> bool:
    """Say whether a password is the one whose hash was kept; takes as long where none was."""
    return verified(kept or _nobody(), password) and kept is not None


def find_token(session: Session, face: str, value: str, now: datetime) -> Token | None:
    """Return the token row of this value for this face, unless its time is over."""
    found = session.scalar(select(Token).where(Token.face == face, Token.sha256 == digest(value)))
    over = found is not None and found.expires_at is not None and found.expires_at <= now
    return None if over else found


def verified(kept: str | None, password: str) -> bool:
    """Say whether a password is the one whose hash was kept; takes about a tenth of a second."""
    try:
        return kept is not None and HASHER.verify(kept, password)
    except VerifyMismatchError:
        return False


def hashed(password: str) -> str:
    """Return the hash to keep of a password."""
    return HASHER.hash(password)


def digest(token: str) -> str:
    """Return what is kept of a token: its value is random, so a plain hash is enough to find it by."""
    return hashlib.sha256(token.encode()).hexdigest()


@cache
def _nobody() -> str:
    """Return a hash that costs as much to check as any, for logins that do not exist."""
    return HASHER.hash(secrets.token_hex())
