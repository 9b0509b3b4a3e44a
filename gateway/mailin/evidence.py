"""Who is the sender, and why we believe it (threats.md section 1).

An account is found by the envelope's MAIL FROM, never by the header. That text proves nothing by itself; what
else is asked for is the account's `sender_evidence`, from the least to the most:

    envelope   the text alone, from anywhere: the classic rule
    default    a trusted network or mailbox of the operator, or any proof below
    verified   a proof: SMTP AUTH, a TLS client certificate, a network of the account's own, SPF, DKIM, what a
               trusted relay found out, S/MIME
    smime      a valid S/MIME signature of the sender, whatever else was proved

What the connection shows is judged here, at RCPT; SPF is asked there too. What only the mail itself can show
(a relay's Authentication-Results, DKIM, S/MIME) is asked at the end of DATA; until then the sender is
`Provable`. All else is a `Stranger`, refused in one wording for every cause.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from gateway.domain.conventions import DEFAULT
from gateway.domain.roles import Permission, may
from gateway.domain.senders import fits
from gateway.mailin.settings import network_of, relay_of
from gateway.store import accounts
from gateway.store.models import Certificate, Sender

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from sqlalchemy.orm import Session

    from gateway.domain.dialling import Caller
    from gateway.mailin.auth import Login
    from gateway.mailin.envelope import Address
    from gateway.mailin.settings import Network, SmtpSettings
    from gateway.store.models import Account, User

Evidence = dict[str, Any]

DOMAINS = frozenset({"relay", "dkim"})
"""Judges whose proofs are of a domain, and ask who in it wrote the mail."""


@dataclass(frozen=True, slots=True)
class Peer:
    """The other end of a connection, as far as it showed itself.

    `address`: its IP address. `hello`: what it calls itself. `login`: the user who signed in. `certificate`:
    SHA-256 of its TLS certificate's DER, hex, "" without one. `mailbox`: the mailbox a mail was fetched from,
    if the operator trusts what its server says of senders.
    """

    address: str
    hello: str = ""
    login: Login | None = None
    certificate: str = ""
    mailbox: str = ""


@dataclass(frozen=True, slots=True)
class KnownSender:
    """An account that this connection may send for, its dialling rules, and the proof.

    `user_id`: the user whose address it is, None for none. `smime_policy` is the account's; `conventions` are
    the spellings of other systems that it takes; `password_required`: the mail must hold one, for nobody
    signed in. `axatel`: the address that stands for the number in the subject, and who may write to it.
    """

    account_id: int
    caller: Caller
    evidence: Evidence = field(default_factory=dict)
    smime_policy: str = "verify"
    user_id: int | None = None
    conventions: tuple[str, ...] = DEFAULT
    password_required: bool = False
    axatel: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Provable:
    """An account whose sender the mail itself may prove: `by` names the judges that can.

    `passing`: another proof was out of reach (DNS trouble), so that a refusal would not be for good.
    `senders`: the patterns of the account's senders, for proofs of a domain (`author.py`).
    """

    account_id: int
    caller: Caller
    by: frozenset[str]
    smime_policy: str = "verify"
    user_id: int | None = None
    passing: bool = False
    conventions: tuple[str, ...] = DEFAULT
    password_required: bool = False
    senders: tuple[str, ...] = ()
    axatel: Mapping[str, str] = field(default_factory=dict)

    def proved(self, evidence: Evidence) -> KnownSender:
        """Return the sender as known."""
        return KnownSender(
            self.account_id,
            self.caller,
            evidence,
            self.smime_policy,
            self.user_id,
            self.conventions,
            self.password_required,
            self.axatel,
        )


@dataclass(frozen=True, slots=True)
class Stranger:
    """Nobody we may send for. `account_id`: whose audit gets the line, None = the operator's."""

    why: str
    account_id: int | None = None


def identify(
    session: Session,
    sender: Address,
    peer: Peer,
    settings: SmtpSettings,
    judges: frozenset[str] = frozenset(),
) -> KnownSender | Provable | Stranger:
    """Return the account behind an envelope sender, or why there is none.

    `judges` are the proofs that can be asked for later: "spf" at RCPT, the others at the end of DATA.
    """
    if not sender.domain:
        return Stranger("null sender")
    row = accounts.sender_row(session, sender.key)
    if row is None:
        return Stranger("unknown sender", _owner_of_domain(session, sender.domain))
    account, user = row.account, accounts.user_behind(session, row.user_id)
    if barred := _barred(session, account, user, peer.login):
        return barred
    later = _judges_for(account, peer, settings, judges - {"password"})  # a second factor, no proof
    claim = Provable(
        account.id,
        accounts.caller(account),
        later,
        account.smime_policy,
        row.user_id,
        conventions=tuple(accounts.preference(account, user, "conventions", DEFAULT)),
        password_required=peer.login is None
        and accounts.preference(account, user, "password_required", default=False) is True,
        axatel=accounts.preference(account, user, "axatel", {}),
    )
    if account.sender_evidence != "smime":
        place = _place(account, peer, settings, networks_of(account, user))
        if evidence := next(chain(_identity(session, account, sender, peer), place), None):
            return claim.proved(evidence)
    if not later:
        return Stranger("no proof of the sender", account.id)
    return replace(claim, senders=tuple(row.pattern for row in account.senders)) if later & DOMAINS else claim


def _barred(session: Session, account: Account, user: User | None, login: Login | None) -> Stranger | None:
    """Return who may not send although the address is registered: by role, or signed in for somebody else.

    A connection may outlive the user who signed in on it, so who that is now is looked up here.
    """
    if user is not None and not may(user.roles, Permission.SEND):
        return Stranger("this user may not send", account.id)
    if login is None:
        return None
    if login.account_id != account.id:
        return Stranger(f"{login.name} signed in for another account", login.account_id)
    signed_in = accounts.user_behind(session, login.user_id)
    if signed_in is None or signed_in.account_id != account.id:
        return Stranger(f"{login.name} signed in and was removed since", account.id)
    if not may(signed_in.roles, Permission.SEND):
        return Stranger(f"the roles of {login.name} allow no sending", account.id)
    return None


def _judges_for(
    account: Account, peer: Peer, settings: SmtpSettings, judges: frozenset[str]
) -> frozenset[str]:
    """Return who may be asked: a relay's own address says nothing about senders, so SPF is the relay's."""
    if account.sender_evidence == "smime":
        return judges & {"smime"}
    return judges - ({"spf"} if relay_of(peer.address, settings.trusted_relays) else {"relay"})


def _identity(session: Session, account: Account, sender: Address, peer: Peer) -> Iterator[Evidence]:
    """Yield who the peer proved to be, for an account."""
    if peer.login is not None:
        yield {"by": "auth", "login": peer.login.name}
    if peer.certificate:
        query = select(Certificate.address).where(
            Certificate.purpose == "client",
            Certificate.account_id == account.id,
            Certificate.fingerprint == peer.certificate,
        )
        if any(not address or fits(address, sender.key) for address in session.scalars(query)):
            yield {"by": "client_certificate", "sha256": peer.certificate}


def _place(
    account: Account, peer: Peer, settings: SmtpSettings, networks: Sequence[Network]
) -> Iterator[Evidence]:
    """Yield what it proves where the peer is, for an account with `networks` of its own.

    The address of a relay proves nothing, whoever names it: mail of strangers comes from there.
    """
    relay = relay_of(peer.address, settings.trusted_relays)
    if relay is None and (network := network_of(peer.address, networks)):
        yield {"by": "network", "network": str(network)}
    network = settings.trusted_network(peer.address)
    if network and account.sender_evidence != "verified":
        yield {"by": "trusted_network", "network": str(network)}
    if peer.mailbox and account.sender_evidence != "verified":
        yield {"by": "mailbox", "mailbox": peer.mailbox}
    if account.sender_evidence == "envelope":
        yield {"by": "envelope"}


def networks_of(account: Account, user: User | None) -> list[Network]:
    """Return the networks from which the account sends, or from which this user does."""
    return [ipaddress.ip_network(text) for text in accounts.preference(account, user, "networks", ())]


def _owner_of_domain(session: Session, domain: str) -> int | None:
    """Return the account all of whose rivals leave this mail domain alone."""
    has_domain = func.substr(Sender.pattern, func.length(Sender.pattern) - len(domain)) == f"@{domain}"
    owners = session.scalars(select(Sender.account_id).where(has_domain).distinct().limit(2)).all()
    return owners[0] if len(owners) == 1 else None
