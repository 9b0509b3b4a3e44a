"""Why a sender was believed, in words: the kept evidence (`mailin.evidence`) for a page.

Total over the proofs that doors write into `Message.evidence`; a test reads their sources. What the proof
names (a network, a domain, a login) stands beside the sentence, as it was kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from gateway.language import N_

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Proof:
    """`words` is a msgid; `names` are what the evidence says of it: cleaned when shown, perhaps none."""

    words: str
    names: tuple[str, ...] = ()


PROOFS: Final[dict[str, Proof]] = {
    "auth": Proof(N_("The sender signed in."), ("login",)),
    "client_certificate": Proof(N_("The sending machine showed its certificate."), ("sha256",)),
    "network": Proof(N_("The mail came from a network of this account."), ("network",)),
    "trusted_network": Proof(N_("The mail came from a network the operator trusts."), ("network",)),
    "mailbox": Proof(
        N_("The mail was fetched from a mailbox on a server the operator trusts."), ("mailbox",)
    ),
    "envelope": Proof(N_("The sender's address alone; this account accepts that.")),
    "spf": Proof(N_("The sender's domain allows mail from that machine (SPF)."), ("domain",)),
    "dkim": Proof(N_("The mail carries a valid signature of the sender's domain (DKIM)."), ("domain",)),
    "relay": Proof(N_("A mail server the operator trusts proved the sender."), ("relay", "method")),
    "smime": Proof(N_("The mail is signed with the sender's certificate.")),
    "command": Proof(N_("Handed in on the command line of the server.")),
}
"""`evidence["by"]` -> the sentence, and the keys of the evidence that are shown with it."""


def of(evidence: Mapping[str, Any]) -> Proof | None:
    """Return what a page says of kept evidence, names filled in; None where nothing is known of it."""
    proof = PROOFS.get(str(evidence.get("by", "")))
    if proof is None:
        return None
    return Proof(proof.words, tuple(str(evidence[key]) for key in proof.names if evidence.get(key)))
