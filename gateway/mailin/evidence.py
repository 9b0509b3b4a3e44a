"""Who is the sender, and why we believe it (threats.md section 1).

An account is found by the envelope's MAIL FROM, never by the header. That text proves nothing by itself; what
else is asked for is the account's `sender_evidence`, from the least to the most:

    envelope   the text alone, from anywhere: the classic rule
    default    a trusted network of the operator, or any proof below
    verified   a proof: the account's own networks, ..., S/MIME
    smime      a valid S/MIME signature of the sender, whatever else was proved

What the connection shows is judged here, at RCPT. What only the mail itself can show (DKIM, S/MIME) is asked
at the end of DATA; until then the sender is `Provable`. All else is a `Stranger`, refused in one wording for
every cause.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from gateway.domain.roles import Permission, may
from gateway.mailin.settings import network_of
from gateway.store import accounts
from gateway.store.models import Sender

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.orm import Session

    from gateway.domain.dialling import Caller
    from gateway.mailin.envelope import Address
    from gateway.mailin.settings import Network, SmtpSettings
    from gateway.store.models import Account, User

Evidence = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Peer:
    """The other end of a connection, as far as it showed itself. `address`: its IP address."""

    address: str


@dataclass(frozen=True, slots=True)
class KnownSender:
    """An account that this connection may send for, its dialling rules, and the proof.

    `user_id`: the user whose address it is, None for none. `smime_policy` is the account's.
    """

    account_id: int
    caller: Caller
    evidence: Evidence = field(default_factory=dict)
    smime_policy: str = "verify"
    user_id: int | None = None


@dataclass(frozen=True, slots=True)
class Provable:
    """An account whose sender the mail itself may prove: `by` names the judges that can.

    `passing`: another proof was out of reach (DNS trouble), so that a refusal would not be for good.
    """

    account_id: int
    caller: Caller
    by: frozenset[str]
    smime_policy: str = "verify"
    user_id: int | None = None
    passing: bool = False

    def proved(self, evidence: Evidence) -> KnownSender:
        """Return the sender as known."""
        return KnownSender(self.account_id, self.caller, evidence, self.smime_policy, self.user_id)


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

    `judges` are the proofs that can be asked for at the end of DATA: "dkim", "smime".
    """
    if not sender.domain:
        return Stranger("null sender")
    row = accounts.sender_row(session, sender.key)
    if row is None:
        return Stranger("unknown sender", _owner_of_domain(session, sender.domain))
    account, user = row.account, accounts.user_behind(session, row.user_id)
    if user is not None and not may(user.roles, Permission.SEND):
        return Stranger("this user may not send", account.id)
    wanted = account.sender_evidence
    later = judges & {"smime"} if wanted == "smime" else judges
    claim = Provable(account.id, accounts.caller(account), later, account.smime_policy, row.user_id)
    if wanted != "smime" and (evidence := next(_shown(account, user, peer, settings), None)):
        return claim.proved(evidence)
    return claim if later else Stranger("no proof of the sender", account.id)


def _shown(account: Account, user: User | None, peer: Peer, settings: SmtpSettings) -> Iterator[Evidence]:
    """Yield what the connection proves for an account, the best first."""
    if network := network_of(peer.address, networks_of(account, user)):
        yield {"by": "network", "network": str(network)}
    network = settings.trusted_network(peer.address)
    if network and account.sender_evidence != "verified":
        yield {"by": "trusted_network", "network": str(network)}
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
