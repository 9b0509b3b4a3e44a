"""Accounts: who may send, who logs in, who gets inbound faxes; and `provision`, which writes them.

Provisioning is idempotent: accounts are found by name, their parts by login, pattern, token or match. What
the file does not name stays, unless it is pruned; an account that ever sent or received keeps its row, as its
numbers stay valid for ever, and loses only its senders, users, tokens and routes. Passwords are kept as
Argon2id hashes, tokens as SHA-256; neither is ever read back.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError
from sqlalchemy import exists, or_, select

from gateway.domain.dialling import Caller
from gateway.domain.errors import BadConfig
from gateway.domain.senders import best_pattern
from gateway.store import audit
from gateway.store.models import Account, Base, Fax, Forward, Message, Reception, Route, Sender, Token, User
from gateway.store.provisioning import AccountSpec, RouteSpec, UserSpec, read_accounts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

__all__ = [
    "Changes",
    "account_for_sender",
    "account_named",
    "caller",
    "find_token",
    "find_user",
    "provision",
    "routes",
    "sender_row",
]

HASHER = PasswordHasher()


@dataclass(frozen=True, slots=True)
class Changes:
    """What provisioning did, by account name."""

    created: tuple[str, ...] = ()
    updated: tuple[str, ...] = ()
    unchanged: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()

    def __str__(self) -> str:
        parts = {
            "created": self.created,
            "updated": self.updated,
            "unchanged": self.unchanged,
            "removed": self.removed,
        }
        return "; ".join(f"{verb}: {', '.join(names)}" for verb, names in parts.items() if names) or "nothing"


def provision(
    session: Session, accounts: Sequence[Mapping[str, Any]], *, prune: bool = False, now: datetime
) -> Changes:
    """Create or update `accounts` (the `[[account]]` tables of design.md section 5) by name.

    Raises `BadConfig` for an unknown key (naming the nearest), an impossible value, or a sender, login or
    token that another account has; nothing is changed then. `prune` removes what is not named.
    """
    specs = read_accounts(accounts)
    outcome: dict[str, list[str]] = {"created": [], "updated": [], "unchanged": [], "removed": []}
    for spec in specs:
        outcome[_one(session, spec, prune=prune)].append(spec.name)
    if prune:
        outcome["removed"] = _remove_others(session, {spec.name for spec in specs})
    changes = Changes(**{verb: tuple(names) for verb, names in outcome.items()})
    audit.note(session, "provision", now, changes=str(changes))
    return changes


def account_for_sender(session: Session, address: str) -> Account | None:
    """Return the account that this MAIL FROM may send for; see `sender_row`."""
    row = sender_row(session, address)
    return row.account if row is not None else None


def sender_row(session: Session, address: str) -> Sender | None:
    """Return the row this MAIL FROM may send by: exact before pattern, the closest pattern first.

    Case does not matter; the null sender is nobody's.
    """
    wanted = address.strip().lower()
    if not wanted:
        return None
    wild = or_(Sender.pattern.contains("*"), Sender.pattern.contains("?"))
    rows = session.scalars(select(Sender).where(or_(Sender.pattern == wanted, wild))).all()
    by_pattern = {row.pattern: row for row in rows}
    pattern = best_pattern(wanted, by_pattern)
    return by_pattern[pattern] if pattern is not None else None


def account_named(session: Session, name: str) -> Account | None:
    """Return the account of this name."""
    return session.scalar(select(Account).where(Account.name == name))


def caller(account: Account) -> Caller:
    """Return what dialling wants to know of an account."""
    return Caller(account.country, account.area_code, account.settings.get("international", False) is True)


def find_user(session: Session, login: str, password: str) -> User | None:
    """Return the user if the password is theirs. Takes as long for a login that does not exist."""
    user = session.scalar(select(User).where(User.login == login))
    if user is None or user.password is None:
        _verified(_nobody(), password)
        return None
    return user if _verified(user.password, password) else None


def find_token(session: Session, face: str, value: str) -> Token | None:
    """Return the token row of this value for this face."""
    return session.scalar(select(Token).where(Token.face == face, Token.sha256 == _sha256(value)))


def routes(session: Session) -> Sequence[Route]:
    """Return all inbound routes, in the order in which they are tried."""
    return session.scalars(select(Route).order_by(Route.account_id, Route.position, Route.id)).all()


def _one(session: Session, spec: AccountSpec, *, prune: bool) -> str:
    account = account_named(session, spec.name)
    created = account is None
    if account is None:
        account = Account(name=spec.name, settings={})
        session.add(account)
    changed = _set(account, spec.columns)
    session.flush()
    changed |= _senders(session, account, spec.senders, prune=prune)
    changed |= _users(session, account, spec.users, prune=prune)
    changed |= _tokens(session, account, spec.tokens, prune=prune)
    changed |= _routes(session, account, spec.routes, prune=prune)
    session.flush()
    return "created" if created else "updated" if changed else "unchanged"


def _senders(session: Session, account: Account, patterns: Iterable[str], *, prune: bool) -> bool:
    changed = False
    for pattern in patterns:
        row = session.scalar(select(Sender).where(Sender.pattern == pattern))
        _same_account(session, row, account, f"sender {pattern}")
        if row is None:
            session.add(Sender(account_id=account.id, pattern=pattern))
            changed = True
    return changed | (prune and _drop(session, Sender, account, lambda row: row.pattern not in patterns))


def _users(session: Session, account: Account, specs: Sequence[UserSpec], *, prune: bool) -> bool:
    changed = False
    for spec in specs:
        row = session.scalar(select(User).where(User.login == spec.login))
        _same_account(session, row, account, f"login {spec.login}")
        if row is None:
            row = User(account_id=account.id, login=spec.login)
            session.add(row)
        changed |= _set(row, {"extension": spec.extension, "roles": list(spec.roles)})
        if spec.password is not None and not _verified(row.password, spec.password):
            row.password = HASHER.hash(spec.password)
            changed = True
    logins = {spec.login for spec in specs}
    return changed | (prune and _drop(session, User, account, lambda row: row.login not in logins))


def _tokens(session: Session, account: Account, tokens: Sequence[tuple[str, str]], *, prune: bool) -> bool:
    changed = False
    digests = {_sha256(value): face for face, value in tokens}
    for digest, face in digests.items():
        row = session.scalar(select(Token).where(Token.sha256 == digest))
        _same_account(session, row, account, f"token of {face}")
        if row is None:
            row = Token(account_id=account.id, sha256=digest)
            session.add(row)
        changed |= _set(row, {"face": face})
    return changed | (prune and _drop(session, Token, account, lambda row: row.sha256 not in digests))


def _routes(session: Session, account: Account, specs: Sequence[RouteSpec], *, prune: bool) -> bool:
    changed = False
    kept = {(row.called, row.line, row.sub): row for row in _of(session, Route, account)}
    for position, spec in enumerate(specs):
        row = kept.get(spec.match)
        if row is None:
            called, line, sub = spec.match
            row = Route(account_id=account.id, called=called, line=line, sub=sub)
            session.add(row)
        changed |= _set(row, {"position": position, "forward": list(spec.forward), "format": spec.format})
    matches = {spec.match for spec in specs}
    return changed | (
        prune and _drop(session, Route, account, lambda row: (row.called, row.line, row.sub) not in matches)
    )


def _remove_others(session: Session, names: set[str]) -> list[str]:
    """Take away the access of accounts not in `names`, and the account itself if it never did anything."""
    removed = []
    for account in session.scalars(select(Account).where(Account.name.not_in(names))):
        had_access = [_drop(session, kind, account, lambda _: True) for kind in (Sender, User, Token, Route)]
        session.flush()
        unused = not _used(session, account)
        if unused:
            session.delete(account)
        if unused or any(had_access):
            removed.append(account.name)
    return removed


def _used(session: Session, account: Account) -> bool:
    pointing = (Fax, Message, Reception, Forward)
    return any(session.scalar(select(exists().where(kind.account_id == account.id))) for kind in pointing)


def _of(session: Session, kind: Any, account: Account) -> Sequence[Any]:
    return session.scalars(select(kind).where(kind.account_id == account.id)).all()


def _drop(session: Session, kind: Any, account: Account, unwanted: Callable[[Any], bool]) -> bool:
    rows = [row for row in _of(session, kind, account) if unwanted(row)]
    for row in rows:
        session.delete(row)
    return bool(rows)


def _set(row: Base, values: Mapping[str, Any]) -> bool:
    """Set what differs; say whether anything did."""
    different = {key: value for key, value in values.items() if getattr(row, key) != value}
    for key, value in different.items():
        setattr(row, key, value)
    return bool(different)


def _same_account(session: Session, row: Sender | User | Token | None, account: Account, what: str) -> None:
    if row is not None and row.account_id != account.id:
        owner = session.get_one(Account, row.account_id)
        raise BadConfig(f"account {account.name}: {what} belongs to account {owner.name} already")


def _verified(kept: str | None, password: str) -> bool:
    try:
        return kept is not None and HASHER.verify(kept, password)
    except VerifyMismatchError:
        return False


def _sha256(value: str) -> str:
    return hashlib.sha256(value.encode()).hexdigest()


@cache
def _nobody() -> str:
    """Return a hash that costs as much to check as any, for logins that do not exist."""
    return HASHER.hash(secrets.token_hex())
