"""Certificates that accounts and the operator gave us, or that came by signed mail.

`purpose`: "encrypt" (mail to `address` is encrypted to it), "pin" (the only signer of `address`), "domain"
(may vouch for `*@domain`), "gateway" (may sign around another signature), "client" (a TLS client of the
account). Rows hold DER and what it says; what may be believed of it is decided where it is used. Every change
leaves an audit row.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sqlalchemy import ColumnElement, or_, select

from gateway.domain.errors import Refused
from gateway.store import audit
from gateway.store.models import Account, Certificate, Route, Sender

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

PURPOSES: Final = ("encrypt", "client", "pin", "domain", "gateway")
WITH_ADDRESS: Final = frozenset({"encrypt", "pin", "domain"})
WITHOUT: Final = frozenset({"gateway"})  # a client's address is a pattern, or "" for all of the account
SIGNERS: Final = ("pin", "domain", "gateway")


class BadCertificate(Refused):
    """A certificate that cannot serve the purpose."""

    code = "bad-certificate"


@dataclass(frozen=True, slots=True)
class Given:
    """A certificate to keep: its octets, SHA-256 of them in hex, and whose it is, in any case."""

    purpose: str
    der: bytes
    fingerprint: str
    not_after: datetime
    address: str = ""


def add(
    session: Session, account_id: int | None, given: Given, *, source: str, actor: str, now: datetime
) -> Certificate:
    """Keep a certificate; the same again changes nothing. `account_id` None is the operator's.

    Raises `BadCertificate` for a purpose there is not, or an address that is missing or too many.
    """
    check(given)
    row = _row(session, account_id, given)
    if row is None:
        row = Certificate(
            account_id=account_id,
            purpose=given.purpose,
            address=given.address.lower(),
            fingerprint=given.fingerprint,
            der=b64encode(given.der).decode("ascii"),
            source=source,
            not_after=given.not_after,
            created_at=now,
        )
        session.add(row)
        session.flush()
        _noted(session, "certificate.added", row, actor, now)
    return row


def enrol(session: Session, account_id: int, given: Given, *, actor: str, now: datetime) -> Certificate:
    """Keep the certificate that an address mailed us, in place of the one it mailed before."""
    for row in found(session, account_id, purpose="encrypt", address=given.address):
        if row.source == "mail" and row.fingerprint != given.fingerprint:
            remove(session, row, actor=actor, now=now)
    return add(session, account_id, given, source="mail", actor=actor, now=now)


def is_kept(session: Session, account_id: int, given: Given) -> bool:
    """Say whether the account has this certificate already, for this purpose and address."""
    return _row(session, account_id, given) is not None


def remove(session: Session, row: Certificate, *, actor: str, now: datetime) -> None:
    """Drop a certificate."""
    _noted(session, "certificate.removed", row, actor, now)
    session.delete(row)
    session.flush()


def found(
    session: Session, account_id: int | None, *, purpose: str = "", address: str = ""
) -> Sequence[Certificate]:
    """Return the certificates of an account (None: the operator's), oldest first."""
    query = select(Certificate).where(Certificate.account_id == account_id)
    if purpose:
        query = query.where(Certificate.purpose == purpose)
    if address:
        query = query.where(Certificate.address == address.lower())
    return session.scalars(query.order_by(Certificate.id)).all()


def to_encrypt_to(session: Session, account_id: int | None, address: str, now: datetime) -> tuple[bytes, ...]:
    """Return DER of the certificates that mail to this address is encrypted to, the newest first.

    Those of the account, else the operator's; never one that is out of date.
    """
    for owner in dict.fromkeys((account_id, None)):
        rows = found(session, owner, purpose="encrypt", address=address)
        if usable := tuple(der_of(row) for row in reversed(rows) if row.not_after > now):
            return usable
    return ()


def signers(session: Session, account_id: int) -> Sequence[Certificate]:
    """Return what the account and the operator say of signers: pins, domain signers, gateways."""
    theirs: ColumnElement[bool] = or_(Certificate.account_id == account_id, Certificate.account_id.is_(None))
    query = select(Certificate).where(theirs, Certificate.purpose.in_(SIGNERS))
    return session.scalars(query.order_by(Certificate.id)).all()


def der_of(row: Certificate) -> bytes:
    """Return the octets of a kept certificate."""
    return b64decode(row.der)


def accounts_of(session: Session, address: str) -> list[int]:
    """Return the accounts that know an address: as a sender, or because faxes are forwarded to it.

    Only addresses written out count: a pattern names nobody.
    """
    wanted = address.lower()
    owners = set(session.scalars(select(Sender.account_id).where(Sender.pattern == wanted)))
    for route in session.scalars(select(Route)):
        if any(one.lower() == wanted for one in route.forward):
            owners.add(route.account_id)
    return sorted(owners)


def enrolled(session: Session, account_id: int, address: str) -> bool:
    """Whether an address mailed us a certificate: mail to it is protected then, unless a rule says otherwise.

    One that is out of date counts too: what was once asked for does not go out in clear because time passed.
    """
    rows = found(session, account_id, purpose="encrypt", address=address)
    return any(row.source == "mail" for row in rows)


def check(given: Given) -> None:
    """Raise `BadCertificate` for a purpose there is not, or an address that does not go with it."""
    if given.purpose not in PURPOSES:
        raise BadCertificate(f"purpose is one of {', '.join(PURPOSES)}")
    if given.purpose in WITH_ADDRESS and not given.address:
        raise BadCertificate(f"a certificate for the purpose {given.purpose!r} needs an address")
    if given.purpose in WITHOUT and given.address:
        raise BadCertificate(f"a certificate for the purpose {given.purpose!r} takes no address")
    if given.purpose == "domain" and not given.address.startswith("*@"):
        raise BadCertificate("a domain signer vouches for *@domain")


def _row(session: Session, account_id: int | None, given: Given) -> Certificate | None:
    rows = found(session, account_id, purpose=given.purpose)
    address = given.address.lower()
    return next((r for r in rows if (r.address, r.fingerprint) == (address, given.fingerprint)), None)


def _noted(session: Session, action: str, row: Certificate, actor: str, now: datetime) -> None:
    audit.note(
        session,
        action,
        now,
        row.account_id,
        actor,
        purpose=row.purpose,
        address=row.address,
        fingerprint=row.fingerprint,
    )


def owner_name(session: Session, row: Certificate) -> str:
    """Return the name of the account that owns a certificate, "" for the operator's."""
    return session.get_one(Account, row.account_id).name if row.account_id is not None else ""
