"""What a provisioning file says, written as rows.

Idempotent: accounts are found by name, their parts by login, pattern, token or match. What the file does not
name stays, unless it is pruned; an account that ever sent or received keeps its row, as its numbers stay
valid for ever, and loses only what it is reached by. Each account that changed has an audit row that names
the parts, never a secret.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import delete, exists, select, update

from gateway.domain.errors import BadConfig
from gateway.store import audit, certificates, lists
from gateway.store.credentials import digest, hashed, verified
from gateway.store.models import (
    Account,
    Audit,
    Base,
    Certificate,
    Event,
    Fax,
    Forward,
    Message,
    Reception,
    RecipientList,
    Replay,
    Route,
    Sender,
    Token,
    User,
)
from gateway.store.provisioning.tables import UNBOUND, AccountSpec, read_accounts

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

    from gateway.domain.dialling import Rules
    from gateway.store.provisioning.inbound import RouteSpec
    from gateway.store.provisioning.people import UserSpec

ACCESS: Final = (Sender, User, Token, Route, RecipientList, Certificate)
"""What an account is reached by, and what is kept for it alone; without these it can do nothing."""


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
    session: Session,
    accounts: Sequence[Mapping[str, Any]],
    *,
    prune: bool = False,
    now: datetime,
    actor: str = "",
    rules: Rules = UNBOUND,
) -> Changes:
    """Create or update `accounts` (the `[[account]]` tables of design.md section 5) by name.

    Raises `BadConfig` for an unknown key (naming the nearest), an impossible value, or a sender, login or
    token that another account has; nothing is changed then. `prune` removes what is not named. `actor` goes
    to the audit; `rules` are the site's, for numbers of lists.
    """
    specs = read_accounts(accounts, rules)
    outcome: dict[str, list[str]] = {"created": [], "updated": [], "unchanged": [], "removed": []}
    for spec in specs:
        outcome[_one(session, spec, prune=prune, now=now, actor=actor)].append(spec.name)
    if prune:
        outcome["removed"] = _remove_others(session, {spec.name for spec in specs}, now, actor)
    changes = Changes(**{verb: tuple(names) for verb, names in outcome.items()})
    audit.note(session, "provision", now, actor=actor, changes=str(changes))
    return changes


def _one(session: Session, spec: AccountSpec, *, prune: bool, now: datetime, actor: str) -> str:
    account = session.scalar(select(Account).where(Account.name == spec.name))
    created = account is None
    if account is None:
        account = Account(name=spec.name, settings={})
        session.add(account)
    changed = {"columns": _set(account, spec.columns)}
    session.flush()
    changed["users"] = _users(session, account, spec.users, prune=prune)
    session.flush()
    changed["senders"] = _senders(session, account, spec, prune=prune)
    changed["tokens"] = _tokens(session, account, spec.tokens, prune=prune)
    changed["routes"] = _routes(session, account, spec.routes, prune=prune)
    changed["lists"] = _lists(session, account, spec, prune=prune, now=now, actor=actor)
    changed["certificates"] = _certificates(session, account, spec, prune=prune, now=now, actor=actor)
    session.flush()
    parts = [part for part, differs in changed.items() if differs]
    if created or parts:
        action = "account.created" if created else "account.changed"
        audit.note(session, action, now, account.id, actor, account=account.name, changed=parts)
    return "created" if created else "updated" if parts else "unchanged"


def _senders(session: Session, account: Account, spec: AccountSpec, *, prune: bool) -> bool:
    """Write the account's senders and its users' addresses; a sender belongs to the user who names it."""
    ids = {user.login: user.id for user in _of(session, User, account)}
    owners: dict[str, int | None] = dict.fromkeys(spec.senders)
    owners |= {pattern: ids[user.login] for user in spec.users for pattern in user.addresses}
    changed = False
    for pattern, user_id in owners.items():
        row = session.scalar(select(Sender).where(Sender.pattern == pattern))
        _same_account(session, row, account, f"sender {pattern}")
        if row is None:
            row = Sender(account_id=account.id, pattern=pattern)
            session.add(row)
            changed = True
        changed |= _set(row, {"user_id": user_id})
    return changed | (prune and _drop(session, Sender, account, lambda row: row.pattern not in owners))


def _users(session: Session, account: Account, specs: Sequence[UserSpec], *, prune: bool) -> bool:
    changed = False
    for spec in specs:
        row = session.scalar(select(User).where(User.login == spec.login))
        _same_account(session, row, account, f"login {spec.login}")
        if row is None:
            row = User(account_id=account.id, login=spec.login, settings={})
            session.add(row)
        changed |= _set(
            row,
            {"extension": spec.extension, "roles": list(spec.roles), "settings": dict(spec.settings)},
        )
        if spec.password is not None and not verified(row.password, spec.password):
            row.password = hashed(spec.password)
            changed = True
    logins = {spec.login for spec in specs}
    return changed | (prune and _drop(session, User, account, lambda row: row.login not in logins))


def _tokens(session: Session, account: Account, tokens: Sequence[tuple[str, str]], *, prune: bool) -> bool:
    changed = False
    digests = {digest(value): face for face, value in tokens}
    for sha256, face in digests.items():
        row = session.scalar(select(Token).where(Token.sha256 == sha256))
        _same_account(session, row, account, f"token of {face}")
        if row is None:
            row = Token(account_id=account.id, sha256=sha256)
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
            row = Route(account_id=account.id, called=called, line=line, sub=sub, settings={})
            session.add(row)
        changed |= _set(
            row,
            {
                "position": position,
                "forward": list(spec.forward),
                "format": spec.format,
                "settings": dict(spec.settings),
            },
        )
    matches = {spec.match for spec in specs}
    return changed | (
        prune and _drop(session, Route, account, lambda row: (row.called, row.line, row.sub) not in matches)
    )


def _lists(
    session: Session, account: Account, spec: AccountSpec, *, prune: bool, now: datetime, actor: str
) -> bool:
    changed = [
        lists.replace(session, account, name, entries, now, actor=actor)
        for name, entries in spec.lists.items()
    ]
    unwanted = set(lists.names(session, account_id=account.id)) - set(spec.lists) if prune else set()
    return any([*changed, *(lists.remove(session, account, name, now, actor=actor) for name in unwanted)])


def _certificates(
    session: Session, account: Account, spec: AccountSpec, *, prune: bool, now: datetime, actor: str
) -> bool:
    """Keep the certificates of the file; pruning leaves those that came by mail or command alone."""
    before = {row.id for row in certificates.found(session, account.id)}
    kept = {
        certificates.add(session, account.id, given, source="provision", actor=actor, now=now).id
        for given in spec.certificates
    }
    unwanted = [row for row in certificates.found(session, account.id) if row.id not in kept and prune]
    dropped = [row for row in unwanted if row.source == "provision"]
    for row in dropped:
        certificates.remove(session, row, actor=actor, now=now)
    return bool(kept - before or dropped)


def _remove_others(session: Session, names: set[str], now: datetime, actor: str) -> list[str]:
    """Take away the access of accounts not in `names`, and the account itself if it never did anything."""
    removed = []
    for account in session.scalars(select(Account).where(Account.name.not_in(names))):
        had_access = [_drop(session, kind, account, lambda _: True) for kind in ACCESS]
        session.flush()
        unused = not _used(session, account)
        if unused:
            session.execute(delete(Replay).where(Replay.account_id == account.id))
            session.execute(update(Audit).where(Audit.account_id == account.id).values(account_id=None))
            session.delete(account)
        if unused or any(had_access):
            kept = None if unused else account.id
            action = "account.removed" if unused else "account.locked_out"
            audit.note(session, action, now, kept, actor, account=account.name)
            removed.append(account.name)
    return removed


def _used(session: Session, account: Account) -> bool:
    pointing = (Fax, Message, Reception, Forward, Event)
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
