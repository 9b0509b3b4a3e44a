"""Which certificate the sender of a signed mail wants mail encrypted to.

The signer's own, where its key and usage allow; else another that the signature encloses for the same
address, on a path of its own that is as good as the signer's (people have one certificate to sign and one to
encrypt with). Nothing is stored here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from smime import binding, crl, paths
from smime.certificates import Certificates, Lists, der, load_certificates, load_lists, readable
from smime.encryption import can_encrypt_to
from smime.layers import innermost_signature
from smime.policy import Policy, RevocationMode
from smime.signature import weak_key
from smime.verdict import Revocation

if TYPE_CHECKING:
    from datetime import datetime

    from cryptography import x509

    from smime.verdict import Verdict


def encryption_certificate(
    verdict: Verdict,
    *,
    trust: Certificates,
    crls: Lists = (),
    at: datetime,
    policy: Policy | None = None,
) -> bytes:
    """Return DER of the certificate to encrypt to, b"" where a valid verdict brought none.

    `trust`, `crls`, `at` and `policy` are those the verdict was made with.
    """
    place = innermost_signature(verdict.layers)
    if not verdict.valid or verdict.signer is None or place is None:
        return b""
    [own] = load_certificates(verdict.signer.certificate)
    if can_encrypt_to(own):
        return der(own)
    policy = policy or Policy()
    anchors, lists = load_certificates(trust), load_lists(crls)
    enclosed = readable(verdict.layers[place].certificates)
    for one in enclosed:
        if one == own or not _same_person(one, own) or not can_encrypt_to(one) or weak_key(one):
            continue
        path = paths.find(one, [c for c in enclosed if c != one], anchors, at, policy.limits.path)
        if path.chain and _not_revoked(path.chain, lists, at, policy):
            return der(one)
    return b""


def _same_person(one: x509.Certificate, own: x509.Certificate) -> bool:
    theirs = binding.addresses(own)
    return any(binding.same(address, other) for address in binding.addresses(one) for other in theirs)


def _not_revoked(
    chain: tuple[x509.Certificate, ...],
    lists: list[x509.CertificateRevocationList],
    at: datetime,
    policy: Policy,
) -> bool:
    if policy.revocation is RevocationMode.OFF:
        return True
    state = crl.of_path(chain, lists, at).revocation
    hard = policy.revocation is RevocationMode.HARD or (
        policy.revocation is RevocationMode.AUTO and bool(lists)
    )
    return state is Revocation.GOOD or (state is Revocation.UNKNOWN and not hard)
