"""Signing what we send: detached by default, the chain enclosed without its root (RFC 8551 3.5).

RSA (PKCS #1 v1.5 or PSS), ECDSA and Ed25519, the hash that fits the key. The moment of signing is an
argument. It checks no path: the operator's own certificate is not ours to doubt.
"""

from __future__ import annotations

import hashlib
from base64 import encodebytes
from datetime import UTC
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa

from smime import oid, structures
from smime.certificates import Identity, der
from smime.errors import BadInputError
from smime.parse import issuer_of
from smime.protection import Protected, protected, written
from smime.signature import digest, hash_for

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from cryptography import x509

NULL = structures.Null()
MICALG = {oid.SHA256: "sha-256", oid.SHA384: "sha-384", oid.SHA512: "sha-512"}
CURVE_HASH = {"secp256r1": oid.SHA256, "secp384r1": oid.SHA384, "secp521r1": oid.SHA512}
ECDSA = {hashed: dotted for dotted, hashed in oid.ECDSA_WITH.items()}
CAPABILITIES = ("2.16.840.1.101.3.4.1.46", "2.16.840.1.101.3.4.1.42", "2.16.840.1.101.3.4.1.2")


def sign(
    message: bytes,
    *,
    identity: Identity,
    at: datetime,
    chain: Sequence[x509.Certificate] = (),
    pss: bool = False,
    opaque: bool = False,
    protect: bool = True,
) -> bytes:
    """Return `message`, a whole mail, signed. `chain` are intermediates; a root among them is left out.

    `opaque` makes application/pkcs7-mime instead of multipart/signed; `protect` puts a copy of the header
    inside.

    :raises BadInputError: a key that cannot sign, or a message transport may change.
    """
    split = protected(message, "clear" if protect else None)
    head = written([*split.outer, ("MIME-Version", b" 1.0")])
    return head + entity(split, identity, at, chain, pss=pss, opaque=opaque)


def entity(
    split: Protected,
    identity: Identity,
    at: datetime,
    chain: Sequence[x509.Certificate] = (),
    *,
    pss: bool = False,
    opaque: bool = False,
) -> bytes:
    """Return the signed MIME entity around a payload: its Content-Type and body."""
    signed = signed_data(split.payload, identity, at, chain, pss=pss, detached=not opaque)
    if opaque:
        return cms_part("signed-data", "smime.p7m", signed)
    boundary = b"signed-" + hashlib.sha256(split.payload).hexdigest()[:40].encode()
    micalg = MICALG[signing_hash(identity)].encode()
    return b"\r\n".join(
        [
            b'Content-Type: multipart/signed; protocol="application/pkcs7-signature";',
            b" micalg=" + micalg + b'; boundary="' + boundary + b'"',
            b"",
            b"This is an S/MIME signed message.",
            b"--" + boundary,
            split.payload,
            b"--" + boundary,
            cms_part("", "smime.p7s", signed, kind="application/pkcs7-signature"),
            b"--" + boundary + b"--",
            b"",
        ]
    )


def cms_part(smime_type: str, name: str, data: bytes, kind: str = "application/pkcs7-mime") -> bytes:
    """Return a MIME entity that carries CMS (RFC 8551 3.2)."""
    declared = f" smime-type={smime_type};" if smime_type else ""
    head = (
        f'Content-Type: {kind};{declared} name="{name}"\r\n'
        f"Content-Transfer-Encoding: base64\r\n"
        f'Content-Disposition: attachment; filename="{name}"\r\n\r\n'
    )
    return head.encode("ascii") + encodebytes(data).replace(b"\n", b"\r\n")


def signed_data(
    payload: bytes,
    identity: Identity,
    at: datetime,
    chain: Sequence[x509.Certificate] = (),
    *,
    pss: bool = False,
    detached: bool = True,
) -> bytes:
    """Return DER of a ContentInfo with one signer (RFC 5652 5).

    :raises BadInputError: a key that cannot sign.
    """
    hashed = signing_hash(identity)
    attributes = _attributes(digest(hashed, payload), at)
    algorithm, signature = _signature(identity, hashed, attributes.dump(), pss=pss)
    enclosed = [identity.certificate, *(one for one in chain if one.subject != one.issuer)]
    content = {"content_type": oid.DATA} | ({} if detached else {"content": payload})
    signer = structures.SignerInfo(
        {
            "version": 1,
            "sid": structures.CertificateReference("issuer_and_serial", reference(identity.certificate)),
            "digest_algorithm": {"algorithm": hashed},
            "signed_attributes": attributes,
            "signature_algorithm": algorithm,
            "signature": signature,
        }
    )
    signed = structures.SignedData(
        {
            "version": 1,
            "digest_algorithms": [{"algorithm": hashed}],
            "content": content,
            "certificates": [structures.Any.load(der(one)) for one in enclosed],
            "signers": [signer],
        }
    )
    return bytes(structures.ContentInfo({"content_type": oid.SIGNED_DATA, "content": signed}).dump())


def reference(certificate: x509.Certificate) -> structures.IssuerAndSerial:
    """Return issuer and serial number, the issuer exactly as the certificate has it."""
    issuer = structures.Any.load(issuer_of(der(certificate)))
    return structures.IssuerAndSerial({"issuer": issuer, "serial": certificate.serial_number})


def signing_hash(identity: Identity) -> str:
    """Return the hash that fits the key.

    :raises BadInputError: a key that cannot sign.
    """
    key = identity.key
    if isinstance(key, ec.EllipticCurvePrivateKey) and key.curve.name in CURVE_HASH:
        return CURVE_HASH[key.curve.name]
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return oid.SHA512
    if isinstance(key, rsa.RSAPrivateKey):
        return oid.SHA256
    raise BadInputError("this key cannot sign mail")


def _attributes(message_digest: bytes, at: datetime) -> structures.Attributes:
    moment = structures.SigningTime("utc", structures.UTCTime(at.astimezone(UTC).replace(microsecond=0)))
    able = structures.Capabilities([{"algorithm": dotted} for dotted in CAPABILITIES])
    values = {
        oid.CONTENT_TYPE: structures.ObjectIdentifier(oid.DATA),
        oid.MESSAGE_DIGEST: structures.OctetString(message_digest),
        oid.SIGNING_TIME: moment,
        oid.CAPABILITIES: able,
    }
    return structures.Attributes(
        [{"type": dotted, "values": [structures.Any.load(value.dump())]} for dotted, value in values.items()]
    )


def _signature(identity: Identity, hashed: str, data: bytes, *, pss: bool) -> tuple[dict[str, object], bytes]:
    key, chosen = identity.key, hash_for(hashed)
    if isinstance(key, rsa.RSAPrivateKey) and pss:
        scheme = padding.PSS(padding.MGF1(chosen), chosen.digest_size)
        return _pss(hashed, chosen.digest_size), key.sign(data, scheme, chosen)
    if isinstance(key, rsa.RSAPrivateKey):
        return {"algorithm": oid.RSA, "parameters": NULL}, key.sign(data, padding.PKCS1v15(), chosen)
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return {"algorithm": ECDSA[hashed]}, key.sign(data, ec.ECDSA(chosen))
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return {"algorithm": oid.ED25519}, key.sign(data)
    raise BadInputError("this key cannot sign mail")


def _pss(hashed: str, salt: int) -> dict[str, object]:
    inner = structures.AlgorithmIdentifier({"algorithm": hashed})
    mask = {"algorithm": oid.MGF1, "parameters": structures.Any.load(inner.dump())}
    parameters = structures.PssParameters({"hash": inner, "mask": mask, "salt": salt})
    return {"algorithm": oid.RSA_PSS, "parameters": structures.Any.load(parameters.dump())}
