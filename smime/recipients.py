"""The content key out of a recipient's entry: RSA (PKCS #1 v1.5, OAEP), ECDH (P-256/384/521, X25519).

RFC 3560, 5753, 8418; every primitive is cryptography's. A failure to unwrap is never told: the caller gets
None and goes on with a random key of the right length (smime.md section 7), so that wrong padding and wrong
key look alike. Entries of others are never opened.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, x25519
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.kdf.x963kdf import X963KDF
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap

from smime import oid, structures
from smime.errors import MalformedError
from smime.parse import Algorithm, guarded, load_algorithm
from smime.signature import HASHES, AlgorithmError, hash_for, hash_of, mask_hash

if TYPE_CHECKING:
    from cryptography.hazmat.primitives import hashes

    from smime.certificates import Identity
    from smime.parse import Recipient

CURVES = {"secp256r1", "secp384r1", "secp521r1"}
FAILURES = (
    ValueError,
    TypeError,
    InvalidUnwrap,
    UnsupportedAlgorithm,
    MalformedError,
    AlgorithmError,
)


def supported(recipient: Recipient) -> bool:
    """Return whether we know this way of handing over a key."""
    known = {oid.RSA, oid.RSA_OAEP, *oid.X963, *oid.HKDF}
    return recipient.algorithm.oid in known


def unwrap(recipient: Recipient, identity: Identity) -> bytes | None:
    """Return the content key, or None for any failure."""
    try:
        if recipient.originator_algorithm:
            return _agreed(recipient, identity)
        return _transported(recipient, identity)
    except FAILURES:
        return None


def _transported(recipient: Recipient, identity: Identity) -> bytes | None:
    if not isinstance(identity.key, rsa.RSAPrivateKey):
        return None
    scheme: padding.AsymmetricPadding = padding.PKCS1v15()
    if recipient.algorithm.oid == oid.RSA_OAEP:
        scheme = oaep(recipient.algorithm.parameters)
    return identity.key.decrypt(recipient.encrypted_key, scheme)


@guarded
def oaep(encoded: bytes) -> padding.OAEP:
    """Read RSAES-OAEP parameters; SHA-1 and no label when absent (RFC 4055 4.1).

    :raises MalformedError: not the structure. :raises AlgorithmError: a hash or mask we do not know.
    """
    if not encoded or encoded == b"\x05\x00":
        encoded = b"\x30\x00"
    parameters = structures.OaepParameters.load(encoded, strict=True)
    mask = padding.MGF1(hash_for(mask_hash(parameters["mask"])))
    return padding.OAEP(mask, hash_for(hash_of(parameters["hash"])), _label(parameters["source"]))


def _label(source: structures.AlgorithmIdentifier) -> bytes | None:
    if isinstance(source, structures.Void):
        return None
    if source["algorithm"].dotted != oid.P_SPECIFIED:
        raise MalformedError("an OAEP label from an unknown source")
    return structures.OctetString.load(source["parameters"].dump(), strict=True).native or None


def _agreed(recipient: Recipient, identity: Identity) -> bytes | None:
    secret = _secret(recipient, identity)
    if secret is None or not _wraps(recipient.algorithm):
        return None
    wrap = load_algorithm(recipient.algorithm.parameters)
    for kek in keys(recipient.algorithm.oid, wrap, recipient.ukm, secret):
        try:
            return aes_key_unwrap(kek, recipient.encrypted_key)
        except InvalidUnwrap:
            continue
    return None


def _wraps(algorithm: Algorithm) -> bool:
    return bool(algorithm.parameters) and load_algorithm(algorithm.parameters).oid in oid.AES_WRAP


def _secret(recipient: Recipient, identity: Identity) -> bytes | None:
    key = identity.key
    if isinstance(key, x25519.X25519PrivateKey) and recipient.originator_algorithm == oid.X25519:
        return key.exchange(x25519.X25519PublicKey.from_public_bytes(recipient.originator))
    if isinstance(key, ec.EllipticCurvePrivateKey) and key.curve.name in CURVES:
        public = ec.EllipticCurvePublicKey.from_encoded_point(key.curve, recipient.originator)
        return key.exchange(ec.ECDH(), public)
    return None


def keys(method: str, wrap: Algorithm, ukm: bytes | None, secret: bytes) -> list[bytes]:
    """Return the key-encryption keys an originator may have derived (RFC 5753 7.2, RFC 8418 2.2).

    With HKDF, programs differ on whether `ukm` is also the salt; key wrap tells which is right.
    """
    size = oid.AES_WRAP[wrap.oid]
    info = shared_info(wrap, ukm, size)
    if method in oid.X963:
        return [X963KDF(_hash(oid.X963[method]), size, info).derive(secret)]
    salts = {ukm or None, None}
    return [HKDF(_hash(oid.HKDF[method]), size, salt, info).derive(secret) for salt in salts]


def _hash(dotted: str) -> hashes.HashAlgorithm:
    return HASHES[dotted]()


def shared_info(wrap: Algorithm, ukm: bytes | None, size: int) -> bytes:
    """Return DER of ECC-CMS-SharedInfo (RFC 5753 7.2); `size` of the key in octets."""
    fields: dict[str, object] = {
        "key": structures.AlgorithmIdentifier.load(wrap.encoded),
        "public": (size * 8).to_bytes(4, "big"),
    }
    if ukm is not None:
        fields["entity"] = ukm
    return bytes(structures.SharedInfo(fields).dump())
