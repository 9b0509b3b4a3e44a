"""Revocation lists: good, revoked or unknown, for every certificate below the anchor (smime.md section 4).

Lists come from the operator, loaded by a timed job; nothing is fetched and no address in a certificate is
followed. A list counts when its issuer's name, key identifier and signature fit, it is within its dates,
and nothing critical in it is beyond us: no delta lists, no indirect lists, no lists by reason (RFC 5280 5,
6.3). A certificate that stands on an out-of-date list stays revoked; one that does not is unknown.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.x509.oid import CRLEntryExtensionOID, ExtensionOID

from smime.certificates import UNREADABLE, extension
from smime.verdict import Reason, Revocation

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPublicKeyTypes

UNDERSTOOD = {
    ExtensionOID.ISSUING_DISTRIBUTION_POINT,
    ExtensionOID.AUTHORITY_KEY_IDENTIFIER,
    ExtensionOID.CRL_NUMBER,
}
UNDERSTOOD_IN_ENTRIES = {CRLEntryExtensionOID.CRL_REASON, CRLEntryExtensionOID.INVALIDITY_DATE}


@dataclass(frozen=True, slots=True)
class State:
    """What the lists say, and why."""

    revocation: Revocation
    reason: Reason = Reason.OK


def of_path(
    chain: Sequence[x509.Certificate], lists: Sequence[x509.CertificateRevocationList], at: datetime
) -> State:
    """Return the state of a path, leaf first: revoked if any is, unknown if any is, else good."""
    states = [of_one(one, issuer, lists, at) for one, issuer in pairwise(chain)]
    for wanted in (Revocation.REVOKED, Revocation.UNKNOWN):
        for state in states:
            if state.revocation is wanted:
                return state
    return State(Revocation.GOOD)


def of_one(
    certificate: x509.Certificate,
    issuer: x509.Certificate,
    lists: Sequence[x509.CertificateRevocationList],
    at: datetime,
) -> State:
    """Return the state of one certificate by the lists of its issuer."""
    states = [_by_list(certificate, one, at) for one in lists if _issued(one, certificate, issuer)]
    for wanted in (Revocation.REVOKED, Revocation.GOOD, Revocation.UNKNOWN):
        for state in states:
            if state.revocation is wanted:
                return state
    return State(Revocation.UNKNOWN, Reason.NO_LIST)


def _issued(
    one: x509.CertificateRevocationList, certificate: x509.Certificate, issuer: x509.Certificate
) -> bool:
    """Return whether the issuer of the certificate made this list."""
    usage = extension(issuer, ExtensionOID.KEY_USAGE)
    if usage and isinstance(usage.value, x509.KeyUsage) and not usage.value.crl_sign:
        return False
    key: CertificateIssuerPublicKeyTypes = issuer.public_key()  # type: ignore[assignment]
    try:
        return one.issuer == certificate.issuer and _same_key(one, issuer) and one.is_signature_valid(key)
    except (*UNREADABLE, UnsupportedAlgorithm):
        return False


def _same_key(one: x509.CertificateRevocationList, issuer: x509.Certificate) -> bool:
    own = extension(issuer, ExtensionOID.SUBJECT_KEY_IDENTIFIER)
    named = [
        entry.value.key_identifier
        for entry in one.extensions
        if isinstance(entry.value, x509.AuthorityKeyIdentifier)
    ]
    if not own or not isinstance(own.value, x509.SubjectKeyIdentifier) or not named or named[0] is None:
        return True
    return named[0] == own.value.digest


def _by_list(certificate: x509.Certificate, one: x509.CertificateRevocationList, at: datetime) -> State:
    try:
        if not _covers(one, certificate):
            return State(Revocation.UNKNOWN, Reason.LIST_NOT_UNDERSTOOD)
        entry = one.get_revoked_certificate_by_serial_number(certificate.serial_number)
    except UNREADABLE:
        return State(Revocation.UNKNOWN, Reason.LIST_NOT_UNDERSTOOD)
    if entry is not None:
        return _entry(entry)
    if one.next_update_utc is None or not one.last_update_utc <= at <= one.next_update_utc:
        return State(Revocation.UNKNOWN, Reason.LIST_EXPIRED)
    return State(Revocation.GOOD)


def _entry(entry: x509.RevokedCertificate) -> State:
    if any(one.critical and one.oid not in UNDERSTOOD_IN_ENTRIES for one in entry.extensions):
        return State(Revocation.UNKNOWN, Reason.LIST_NOT_UNDERSTOOD)
    return State(Revocation.REVOKED, Reason.ON_LIST)


def _covers(one: x509.CertificateRevocationList, certificate: x509.Certificate) -> bool:
    """Return whether we understand this list and it is about certificates of this kind."""
    for item in one.extensions:
        if item.critical and item.oid not in UNDERSTOOD:
            return False
        if isinstance(item.value, x509.DeltaCRLIndicator):
            return False
        if isinstance(item.value, x509.IssuingDistributionPoint) and not _in_scope(item.value, certificate):
            return False
    return True


def _in_scope(scope: x509.IssuingDistributionPoint, certificate: x509.Certificate) -> bool:
    if scope.indirect_crl or scope.only_some_reasons or scope.only_contains_attribute_certs:
        return False
    basic = extension(certificate, ExtensionOID.BASIC_CONSTRAINTS)
    authority = bool(basic and isinstance(basic.value, x509.BasicConstraints) and basic.value.ca)
    if scope.only_contains_user_certs and authority:
        return False
    if scope.only_contains_ca_certs and not authority:
        return False
    return scope.relative_name is None and (scope.full_name is None or _points_there(scope, certificate))


def _points_there(scope: x509.IssuingDistributionPoint, certificate: x509.Certificate) -> bool:
    points = extension(certificate, ExtensionOID.CRL_DISTRIBUTION_POINTS)
    if not points or not isinstance(points.value, x509.CRLDistributionPoints):
        return False
    names = {name for point in points.value for name in point.full_name or ()}
    return not names.isdisjoint(scope.full_name or ())
