"""Signing and encrypting the mails we owe: around every writer, by what its account or forward asks for.

`Sealed` wraps a writer: the rows are asked who wants what in the same transaction, the mail is sealed after
it was composed. Where encryption is required and no certificate may be used now, no mail leaves, in clear or
otherwise: it waits, and the operator is told (`trust_watch`). Reports for machines (DSN, MDN) are
encrypted where that is required, and never signed: a program has to find them (smime.md section 9).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import structlog

import smime
from gateway.domain.errors import Unavailable
from gateway.store import certificates, reports
from gateway.store.models import Account, Delivery, Fax, Forward
from smime.encryption import can_encrypt_to
from smime.paths import current

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from cryptography import x509
    from sqlalchemy.orm import Session

    from gateway.keyring import Keyring
    from gateway.mail import OutgoingMail
    from gateway.notify.sender import Work, Writer
    from gateway.store.leases import MailLease

log = structlog.get_logger("smime")

FOR_MACHINES: Final = frozenset({"dsn", "mdn"})
ALWAYS_SIGNED: Final = frozenset({"enrolled"})
NEVER: Final = frozenset({"note"})  # to the operator, about everybody
NO_CERTIFICATE: Final = "no certificate to encrypt to"


class NoCertificate(Unavailable):
    """Encryption is required and impossible now; somebody may give a certificate in time."""

    code = "no-certificate"


@dataclass(frozen=True, slots=True)
class Wish:
    """What a mail is to get. `encrypt`: never | try | required; `given` are DER, the newest first.

    `conceal` hides the outer subject too, where it quotes what came encrypted.
    """

    sign: bool = False
    encrypt: str = "never"
    given: tuple[bytes, ...] = ()
    conceal: bool = False


@dataclass(frozen=True, slots=True)
class Sealed:
    """A writer whose mails are signed and encrypted as asked. `keys` gives the keyring in force."""

    inner: Writer
    keys: Callable[[], Keyring]
    now: Callable[[], datetime]

    def __call__(self, session: Session, lease: MailLease) -> Work:
        """Read what the mail tells of, and what its reader is to get."""
        work = self.inner(session, lease)
        wish = wish_of(session, lease, self.now())
        return work if wish == Wish() else partial(self.write, work, wish)

    def write(self, work: Work, wish: Wish) -> OutgoingMail:
        """Compose and seal the mail. Raises `NoCertificate`."""
        return seal(work(), wish, self.keys(), self.now())


def seal(mail: OutgoingMail, wish: Wish, keys: Keyring, at: datetime) -> OutgoingMail:
    """Return the mail signed and encrypted as wished. Raises `NoCertificate`."""
    signer = keys.own[0] if wish.sign and keys.own else None
    if wish.sign and signer is None:
        log.warning("smime.not_signed", recipient=mail.recipient, why="[smime] names no identity")
    identity = signer.identity() if signer else None
    chain = smime.load_certificates(signer.chain[1:]) if signer else []
    recipients = _usable(wish, at) if wish.encrypt != "never" else []
    if recipients:
        content = smime.encrypt(
            mail.content,
            recipients=recipients,
            at=at,
            signer=identity,
            chain=chain,
            cipher=keys.cipher,
            conceal=wish.conceal,
        )
        return replace(mail, content=content)
    if wish.encrypt == "required":
        raise NoCertificate(f"{NO_CERTIFICATE} for {mail.recipient}")
    if identity is None:
        return mail
    return replace(mail, content=smime.sign(mail.content, identity=identity, at=at, chain=chain))


def _usable(wish: Wish, at: datetime) -> list[x509.Certificate]:
    found = smime.load_certificates(wish.given)
    return [one for one in found if can_encrypt_to(one) and current(one, at) is smime.Status.VALID]


def wish_of(session: Session, lease: MailLease, now: datetime) -> Wish:
    """Return what a mail that is owed is to get."""
    if lease.kind in NEVER:
        return Wish()
    account_id, asked, conceal = _asked(session, lease)
    encrypt = str(asked.get("encrypt", "never"))
    if lease.kind in FOR_MACHINES:
        return _given(session, account_id, lease, now, Wish(encrypt=_strict(encrypt), conceal=conceal))
    sign = asked.get("sign") is True or lease.kind in ALWAYS_SIGNED
    return _given(session, account_id, lease, now, Wish(sign, encrypt, conceal=conceal))


def _strict(encrypt: str) -> str:
    return encrypt if encrypt == "required" else "never"


def _given(session: Session, account_id: int | None, lease: MailLease, now: datetime, wish: Wish) -> Wish:
    if wish.encrypt == "never":
        return replace(wish, conceal=False)
    return replace(wish, given=certificates.to_encrypt_to(session, account_id, lease.recipient, now))


def _asked(session: Session, lease: MailLease) -> tuple[int | None, dict[str, Any], bool]:
    """Return whose mail it is, what its rows ask for, and whether it may quote what came encrypted."""
    if lease.forward_id is not None:
        forward = session.get_one(Forward, lease.forward_id)
        return forward.account_id, dict(forward.protection), False
    fax = _fax(session, lease)
    if fax is not None:
        return fax.account_id, reports.notify_settings(session, fax.account, fax.user_id), came_encrypted(fax)
    account_id = lease.data.get("account_id")
    account = session.get(Account, account_id) if account_id else None
    if account is None:
        return None, {}, False
    return account.id, reports.notify_settings(session, account, lease.data.get("user_id")), False


def _fax(session: Session, lease: MailLease) -> Fax | None:
    if lease.delivery_number is not None:
        return session.get_one(Delivery, lease.delivery_number).fax
    return session.get(Fax, lease.fax_id) if lease.fax_id is not None else None


def came_encrypted(fax: Fax) -> bool:
    """Whether the mail of a fax was encrypted to us: nothing of it goes out in clear."""
    return bool(fax.message and fax.message.verdict.get("encryption") == smime.Encryption.DECRYPTED.value)
