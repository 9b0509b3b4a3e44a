"""Paths that cryptography's verifier does not give: through Ed25519 authorities, and those of other times.

A narrow walk (RFC 5280 6.1, RFC 8410): each link is checked with cryptography's own
`verify_directly_issued_by`; every certificate must be within its dates; every authority must be one
(basicConstraints, keyCertSign, mail usage, path length). What is critical and not on this page refuses the
path. `chain` is tried only when an Ed25519 authority is near. `whenever` asks neither for dates nor for the
strength of authorities: it tells why a path is refused and never makes a signature valid.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID

from smime.certificates import extension

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

UNDERSTOOD = {
    ExtensionOID.BASIC_CONSTRAINTS,
    ExtensionOID.KEY_USAGE,
    ExtensionOID.EXTENDED_KEY_USAGE,
    ExtensionOID.SUBJECT_ALTERNATIVE_NAME,
}
MAIL = {ExtendedKeyUsageOID.EMAIL_PROTECTION, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE}
RSA_BITS = 2048
CHECKS = 64

Chain = tuple[x509.Certificate, ...]


def chain(
    leaf: x509.Certificate,
    helpers: Sequence[x509.Certificate],
    anchors: Sequence[x509.Certificate],
    at: datetime,
    depth: int,
) -> Chain:
    """Return a path from `leaf` to an anchor with at most `depth` authorities between, or ()."""
    others = [one for one in (*helpers, *anchors) if one != leaf]
    if not any(isinstance(one.public_key(), ed25519.Ed25519PublicKey) for one in others) or not _good(
        leaf, at
    ):
        return ()
    return _Walk(helpers, anchors, at, depth).up((leaf,))


def whenever(
    leaf: x509.Certificate,
    helpers: Sequence[x509.Certificate],
    anchors: Sequence[x509.Certificate],
    depth: int,
) -> Chain:
    """Return a path whose certificates need not be current, at one time, or strong; () without one."""
    return _Walk(helpers, anchors, None, depth).up((leaf,))


class _Walk:
    """Climbs from issuer to issuer, with a budget of signature checks."""

    def __init__(
        self,
        helpers: Sequence[x509.Certificate],
        anchors: Sequence[x509.Certificate],
        at: datetime | None,
        depth: int,
    ) -> None:
        self.helpers = helpers
        self.anchors = anchors
        self.at = at
        self.depth = depth
        self.left = CHECKS

    def up(self, path: Chain) -> Chain:
        """Return the first whole path that continues `path`, depth first, anchors before helpers."""
        below = len(path) - 1
        if below > self.depth:
            return ()
        for anchor in self.anchors:
            if self._issued(path[-1], anchor, below):
                return (*path, anchor)
        for helper in self.helpers:
            if helper not in path and self._issued(path[-1], helper, below):
                found = self.up((*path, helper))
                if found:
                    return found
        return ()

    def _issued(self, child: x509.Certificate, issuer: x509.Certificate, below: int) -> bool:
        if child.issuer != issuer.subject or not _authority(issuer, below) or not self._fit(issuer):
            return False
        self.left -= 1
        if self.left < 0:
            return False
        try:
            if self.at is None and weakly_signed(child):
                _check_weak(child, issuer)
            else:
                child.verify_directly_issued_by(issuer)
        except (InvalidSignature, UnsupportedAlgorithm, ValueError, TypeError):
            return False
        return True

    def _fit(self, issuer: x509.Certificate) -> bool:
        return self.at is None or (_strong(issuer) and _good(issuer, self.at))


def _check_weak(child: x509.Certificate, issuer: x509.Certificate) -> None:
    """Check a signature over SHA-1 or MD5, which `verify_directly_issued_by` no longer looks at."""
    key, weak = issuer.public_key(), child.signature_hash_algorithm
    if weak is None:
        raise InvalidSignature
    if isinstance(key, rsa.RSAPublicKey):
        key.verify(child.signature, child.tbs_certificate_bytes, padding.PKCS1v15(), weak)
    elif isinstance(key, ec.EllipticCurvePublicKey):
        key.verify(child.signature, child.tbs_certificate_bytes, ec.ECDSA(weak))
    else:
        raise InvalidSignature


def weakly_signed(certificate: x509.Certificate) -> bool:
    """Return whether a certificate is signed over SHA-1 or MD5."""
    try:
        return isinstance(certificate.signature_hash_algorithm, hashes.SHA1 | hashes.MD5)
    except UnsupportedAlgorithm:
        return False


def _good(certificate: x509.Certificate, at: datetime) -> bool:
    if not certificate.not_valid_before_utc <= at <= certificate.not_valid_after_utc:
        return False
    return all(not one.critical or _understood(one) for one in certificate.extensions)


def _understood(one: x509.Extension[x509.ExtensionType]) -> bool:
    """Constraints on mail names are checked for every path by `constraints`; other kinds refuse the path."""
    if isinstance(one.value, x509.NameConstraints):
        names = [*(one.value.permitted_subtrees or ()), *(one.value.excluded_subtrees or ())]
        return all(isinstance(name, x509.RFC822Name) for name in names)
    return one.oid in UNDERSTOOD


def _authority(certificate: x509.Certificate, below: int) -> bool:
    constraints = extension(certificate, ExtensionOID.BASIC_CONSTRAINTS)
    if constraints is None or not isinstance(constraints.value, x509.BasicConstraints):
        return False
    longest = constraints.value.path_length
    if not constraints.value.ca or (longest is not None and below > longest):
        return False
    return _usable(certificate)


def _usable(certificate: x509.Certificate) -> bool:
    usage = extension(certificate, ExtensionOID.KEY_USAGE)
    if usage and isinstance(usage.value, x509.KeyUsage) and not usage.value.key_cert_sign:
        return False
    extended = extension(certificate, ExtensionOID.EXTENDED_KEY_USAGE)
    return not (
        extended and isinstance(extended.value, x509.ExtendedKeyUsage) and MAIL.isdisjoint(extended.value)
    )


def _strong(certificate: x509.Certificate) -> bool:
    key = certificate.public_key()
    if isinstance(key, rsa.RSAPublicKey):
        return key.key_size >= RSA_BITS
    return isinstance(key, ed25519.Ed25519PublicKey) or (
        isinstance(key, ec.EllipticCurvePublicKey) and key.curve.key_size >= 256
    )
