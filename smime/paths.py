"""From a signer's certificate to an operator's anchor: a path now, a path at another time, or none.

Building and RFC 5280 checks are cryptography's verifier; we add what its web profile lacks or wrongly asks
of mail (smime.md section 3): CA certificates may carry emailProtection, key usage may be absent, Ed25519
authorities exist (`edpaths`). Anchors come from the operator only. Revocation, key usage of the leaf and
addresses are judged elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID
from cryptography.x509.verification import (
    Criticality,
    ExtensionPolicy,
    Policy,
    PolicyBuilder,
    Store,
    VerificationError,
)

from smime import edpaths
from smime.certificates import extension
from smime.signature import weak_key
from smime.verdict import Reason, Status

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

MAIL = {ExtendedKeyUsageOID.EMAIL_PROTECTION, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE}
TRIES = 4


@dataclass(frozen=True, slots=True)
class Path:
    """`chain` from leaf to anchor, () when there is none; then `status` and `reason` say why."""

    chain: tuple[x509.Certificate, ...] = ()
    status: Status = Status.VALID
    reason: Reason = Reason.OK


def find(
    leaf: x509.Certificate,
    helpers: Sequence[x509.Certificate],
    anchors: Sequence[x509.Certificate],
    at: datetime,
    depth: int,
) -> Path:
    """Find a path valid at `at`. `helpers` come with the message and are trusted for nothing."""
    if chain := _chain(leaf, helpers, anchors, at, depth):
        return Path(chain)
    for moment in _other_times(leaf, [*helpers, *anchors], at):
        if _chain(leaf, helpers, anchors, moment, depth):
            status = Status.EXPIRED if moment < at else Status.NOT_YET_VALID
            return Path((), status, Reason.CERTIFICATE_TIME)
    return _why_none(leaf, edpaths.whenever(leaf, helpers, anchors, depth), at)


def _why_none(leaf: x509.Certificate, links: tuple[x509.Certificate, ...], at: datetime) -> Path:
    """Say why there is no path at any time. `links` lead to an anchor but for dates and strength, or ()."""
    dates = [current(one, at) for one in links]
    for status in (Status.EXPIRED, Status.NOT_YET_VALID):
        if status in dates:
            return Path((), status, Reason.CERTIFICATE_TIME)
    if any(map(edpaths.weakly_signed, [leaf, *links[1:-1]])) or any(map(weak_key, links[1:])):
        return Path((), Status.WEAK, Reason.WEAK_CERTIFICATE)
    return Path((), Status.UNTRUSTED, Reason.NO_PATH)


def _chain(
    leaf: x509.Certificate,
    helpers: Sequence[x509.Certificate],
    anchors: Sequence[x509.Certificate],
    at: datetime,
    depth: int,
) -> tuple[x509.Certificate, ...]:
    if not anchors:
        return ()
    builder = PolicyBuilder().store(Store(list(anchors))).time(at).max_chain_depth(depth)
    verifier = builder.extension_policies(
        ca_policy=authorities(), ee_policy=ExtensionPolicy.permit_all()
    ).build_client_verifier()
    try:
        return tuple(verifier.verify(leaf, list(helpers)).chain)
    except VerificationError:
        return edpaths.chain(leaf, helpers, anchors, at, depth)
    except ValueError:  # a name or date the verifier cannot read
        return ()


def authorities() -> ExtensionPolicy:
    """Return what we ask of CA certificates (RFC 5280 6.1.4, RFC 8550 4.4)."""
    return (
        ExtensionPolicy.permit_all()
        .require_present(x509.BasicConstraints, Criticality.AGNOSTIC, None)
        .may_be_present(x509.KeyUsage, Criticality.AGNOSTIC, _signs_certificates)
        .may_be_present(x509.ExtendedKeyUsage, Criticality.AGNOSTIC, _serves_mail)
    )


def _signs_certificates(_policy: Policy, _of: x509.Certificate, usage: x509.KeyUsage | None) -> None:
    if usage is not None and not usage.key_cert_sign:
        raise ValueError("this certificate may not sign certificates")


def _serves_mail(_policy: Policy, _of: x509.Certificate, usage: x509.ExtendedKeyUsage | None) -> None:
    if usage is not None and MAIL.isdisjoint(usage):
        raise ValueError("this authority is not for mail")


def _other_times(leaf: x509.Certificate, others: Sequence[x509.Certificate], at: datetime) -> list[datetime]:
    """Return moments within the leaf's life at which a path may have been good."""
    first, last = leaf.not_valid_before_utc, leaf.not_valid_after_utc
    issuers = {leaf.issuer, *(one.issuer for one in others)}
    near = [one for one in others if one.subject in issuers]
    edges = {edge for one in near for edge in (one.not_valid_before_utc, one.not_valid_after_utc)}
    inside = sorted((edge for edge in edges if first < edge < last), key=lambda edge: abs(edge - at))
    own = [last, first] if at > last else [first, last]
    return [edge for edge in [*own, *inside] if edge != at][:TRIES]


def usage_problem(leaf: x509.Certificate) -> Reason | None:
    """Return why this certificate may not sign mail, or None (smime.md section 3, RFC 8550 4.4.2)."""
    usage = extension(leaf, ExtensionOID.KEY_USAGE)
    if usage and isinstance(usage.value, x509.KeyUsage):
        signs = usage.value.digital_signature or usage.value.content_commitment
        if not signs:
            return Reason.KEY_USAGE
    extended = extension(leaf, ExtensionOID.EXTENDED_KEY_USAGE)
    if extended and isinstance(extended.value, x509.ExtendedKeyUsage) and MAIL.isdisjoint(extended.value):
        return Reason.EXTENDED_KEY_USAGE
    return None


def current(certificate: x509.Certificate, at: datetime) -> Status:
    """Return whether a certificate is within its own dates."""
    if at < certificate.not_valid_before_utc:
        return Status.NOT_YET_VALID
    return Status.EXPIRED if at > certificate.not_valid_after_utc else Status.VALID
