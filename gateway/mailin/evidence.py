"""Who is the sender, and why we believe it (threats.md section 1).

An account is found by the envelope's MAIL FROM, never by the header. That text proves nothing by itself: it
counts from a trusted network, or for an account that chose `sender_evidence = "envelope"`. No other proof
is known to this release, so all else is refused, at RCPT and in one wording for every cause.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from gateway.store import accounts
from gateway.store.models import Sender

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from gateway.domain.dialling import Caller
    from gateway.mailin.envelope import Address
    from gateway.mailin.settings import SmtpSettings


@dataclass(frozen=True, slots=True)
class KnownSender:
    """An account that this connection may send for, its dialling rules, and the proof."""

    account_id: int
    caller: Caller
    evidence: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Stranger:
    """Nobody we may send for. `account_id`: whose audit gets the line, None = the operator's."""

    why: str
    account_id: int | None = None


def identify(session: Session, sender: Address, peer: str, settings: SmtpSettings) -> KnownSender | Stranger:
    """Return the account behind an envelope sender, or why there is none."""
    if not sender.domain:
        return Stranger("null sender")
    account = accounts.account_for_sender(session, sender.key)
    if account is None:
        return Stranger("unknown sender", _owner_of_domain(session, sender.domain))
    evidence: dict[str, Any]
    if network := settings.trusted_network(peer):
        evidence = {"by": "trusted_network", "network": str(network)}
    elif account.sender_evidence == "envelope":
        evidence = {"by": "envelope"}
    else:
        return Stranger("no proof of the sender", account.id)
    return KnownSender(account.id, accounts.caller(account), evidence)


def _owner_of_domain(session: Session, domain: str) -> int | None:
    """Return the account all of whose rivals leave this mail domain alone."""
    has_domain = func.substr(Sender.pattern, func.length(Sender.pattern) - len(domain)) == f"@{domain}"
    owners = session.scalars(select(Sender.account_id).where(has_domain).distinct().limit(2)).all()
    return owners[0] if len(owners) == 1 else None
