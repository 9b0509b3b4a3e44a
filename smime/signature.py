"""Is this signature made by this key: RSA (PKCS #1 v1.5 and PSS), ECDSA on P-256/384/521, Ed25519.

Every primitive is cryptography's. This module reads the algorithm identifiers of RFC 3370, 4055, 5754,
8419, checks that the hashes they name agree (smime.md section 2.7), and says whether what was used is weak.
It trusts nobody.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from smime import oid, structures
from smime.certificates import RSA_MOST_BITS
from smime.parse import Algorithm, guarded, load_algorithm
from smime.verdict import Reason, Status

if TYPE_CHECKING:
    from cryptography import x509

HASHES: dict[str, type[hashes.HashAlgorithm]] = {
    oid.MD5: hashes.MD5,
    oid.SHA1: hashes.SHA1,
    oid.SHA224: hashes.SHA224,
    oid.SHA256: hashes.SHA256,
    oid.SHA384: hashes.SHA384,
    oid.SHA512: hashes.SHA512,
}
STRONG = {oid.SHA256, oid.SHA384, oid.SHA512}
CURVES = (ec.SECP256R1, ec.SECP384R1, ec.SECP521R1)
WEAK_CURVE_BITS = 256
RSA_BITS = 2048
NULL = b"\x05\x00"


class AlgorithmError(Exception):
    """The algorithms cannot be used together, or not at all; `status` and `reason` for the verdict."""

    def __init__(self, status: Status, reason: Reason) -> None:
        super().__init__(status, reason)
        self.status = status
        self.reason = reason


UNSUPPORTED = Status.INVALID, Reason.UNSUPPORTED_ALGORITHM
DISAGREE = Status.MALFORMED, Reason.ALGORITHM_MISMATCH


@dataclass(frozen=True, slots=True)
class Pss:
    """The parameters of RSASSA-PSS, checked (RFC 4055 3.1)."""

    hash: hashes.HashAlgorithm
    salt: int


def hash_for(dotted: str) -> hashes.HashAlgorithm:
    """Return a hash.

    :raises AlgorithmError: not one we know.
    """
    if dotted not in HASHES:
        raise AlgorithmError(*UNSUPPORTED)
    return HASHES[dotted]()


def digest(dotted: str, data: bytes) -> bytes:
    """Return the digest of `data`."""
    context = hashes.Hash(hash_for(dotted))
    context.update(data)
    return context.finalize()


def weakness(certificate: x509.Certificate, digest_algorithm: str) -> Reason | None:
    """Return why a signature by this key with this digest proves too little, or None."""
    if digest_algorithm not in STRONG:
        return Reason.WEAK_DIGEST
    return Reason.WEAK_KEY if weak_key(certificate) else None


def weak_key(certificate: x509.Certificate) -> bool:
    """Return whether a certificate's key is below RSA 2048 or P-256."""
    key = certificate.public_key()
    if isinstance(key, rsa.RSAPublicKey):
        return key.key_size < RSA_BITS
    return isinstance(key, ec.EllipticCurvePublicKey) and key.curve.key_size < WEAK_CURVE_BITS


def verified(
    certificate: x509.Certificate,
    algorithm: Algorithm,
    digest_algorithm: Algorithm,
    signature: bytes,
    data: bytes,
) -> bool:
    """Return whether `signature` over `data` was made by the certificate's key.

    :raises AlgorithmError: algorithms that do not fit together or that we do not know.
    """
    try:
        _verify(certificate.public_key(), algorithm, digest_algorithm, signature, data)
    except InvalidSignature:
        return False
    except (UnsupportedAlgorithm, ValueError):
        raise AlgorithmError(*UNSUPPORTED) from None
    return True


def _verify(
    key: Any, algorithm: Algorithm, digest_algorithm: Algorithm, signature: bytes, data: bytes
) -> None:
    if isinstance(key, rsa.RSAPublicKey) and key.key_size <= RSA_MOST_BITS:
        scheme, chosen = _rsa(algorithm, digest_algorithm.oid)
        key.verify(signature, data, scheme, chosen)
    elif isinstance(key, ec.EllipticCurvePublicKey):
        if algorithm.oid not in oid.ECDSA_WITH:
            raise AlgorithmError(*UNSUPPORTED)
        if key.curve.key_size >= WEAK_CURVE_BITS and not isinstance(key.curve, CURVES):
            raise AlgorithmError(*UNSUPPORTED)
        chosen = _same(oid.ECDSA_WITH[algorithm.oid], digest_algorithm.oid)
        key.verify(signature, data, ec.ECDSA(chosen))
    elif isinstance(key, ed25519.Ed25519PublicKey) and algorithm.oid == oid.ED25519:
        if digest_algorithm.oid != oid.SHA512 or algorithm.parameters:  # RFC 8419 3.1
            raise AlgorithmError(*DISAGREE)
        key.verify(signature, data)
    else:
        raise AlgorithmError(*UNSUPPORTED)


def _same(named: str, digest_algorithm: str) -> hashes.HashAlgorithm:
    if named != digest_algorithm:
        raise AlgorithmError(*DISAGREE)
    return hash_for(named)


def _rsa(
    algorithm: Algorithm, digest_algorithm: str
) -> tuple[padding.AsymmetricPadding, hashes.HashAlgorithm]:
    if algorithm.oid == oid.RSA_PSS:
        pss = pss_parameters(algorithm.parameters, digest_algorithm)
        return padding.PSS(padding.MGF1(pss.hash), pss.salt), pss.hash
    if algorithm.oid == oid.RSA:  # the usual way: the hash is named by digestAlgorithm
        return padding.PKCS1v15(), hash_for(digest_algorithm)
    if algorithm.oid in oid.RSA_WITH:
        return padding.PKCS1v15(), _same(oid.RSA_WITH[algorithm.oid], digest_algorithm)
    raise AlgorithmError(*UNSUPPORTED)


@guarded
def pss_parameters(encoded: bytes, digest_algorithm: str) -> Pss:
    """Read RSASSA-PSS parameters: one hash throughout, trailer 1 (RFC 4055 3.1).

    :raises MalformedError: not the structure. :raises AlgorithmError: the hashes differ.
    """
    if not encoded:
        raise AlgorithmError(*DISAGREE)
    parameters = structures.PssParameters.load(encoded, strict=True)
    named = hash_of(parameters["hash"])
    mask = mask_hash(parameters["mask"])
    salt = int(parameters["salt"].native)
    if parameters["trailer"].native != 1 or mask != named or named != digest_algorithm:
        raise AlgorithmError(*DISAGREE)
    if not 0 <= salt <= RSA_MOST_BITS // 8:
        raise AlgorithmError(*DISAGREE)
    return Pss(hash_for(named), salt)


def hash_of(value: Any) -> str:
    """Return the hash named by an optional AlgorithmIdentifier; SHA-1 when absent (RFC 4055)."""
    return oid.SHA1 if isinstance(value, structures.Void) else str(value["algorithm"].dotted)


def mask_hash(value: Any) -> str:
    """Return the hash inside an optional mask generation; MGF1 with SHA-1 when absent (RFC 4055)."""
    if isinstance(value, structures.Void):
        return oid.SHA1
    if value["algorithm"].dotted != oid.MGF1:
        raise AlgorithmError(*UNSUPPORTED)
    return load_algorithm(value["parameters"].dump()).oid


def replay_digest(certificate: x509.Certificate, signature: bytes, key: bytes) -> str:
    """Return SHA-256 in hex over signature and signer, for the replay memory (smime.md section 6.1).

    The signer is its key, because the certificate around a key may be exchanged; an ECDSA signature is
    taken in one of its two forms, because anybody can make the other from it.
    """
    public = certificate.public_key()
    if isinstance(public, ec.EllipticCurvePublicKey):
        r, s = decode_dss_signature(signature)
        order = public.curve.group_order
        signature = f"{r:x}.{min(s, order - s):x}".encode()
    return hashlib.sha256(hashlib.sha256(key).digest() + signature).hexdigest()
