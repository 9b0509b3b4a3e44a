"""Encrypting what we send, for every recipient certificate at once (smime.md section 9).

AES-256-CBC by default for reach, GCM or ChaCha20-Poly1305 by choice; RSA keys by PKCS #1 v1.5, or OAEP
where the certificate or the caller says so; EC and X25519 keys by ECDH. A recipient without a certificate
that may be used now stops the whole message: there is never a clear copy.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives import padding as blocks
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, x25519
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, ChaCha20Poly1305
from cryptography.hazmat.primitives.keywrap import aes_key_wrap
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ExtensionOID

from smime import oid, paths, signing, structures
from smime.certificates import extension
from smime.errors import NoCertificateError
from smime.parse import Algorithm, algorithm
from smime.protection import Protected, protected, written
from smime.recipients import keys
from smime.verdict import Status

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from smime.certificates import Identity

CIPHERS = {name: dotted for dotted, name in oid.NAMES.items() if name.startswith(("aes", "chacha20"))}
WRAP = "2.16.840.1.101.3.4.1.45"
WRAP_KEY = 32
NONCE = 12
TAG = 16
BLOCK = 16
CURVE_SCHEME = {
    "secp256r1": "1.3.132.1.11.1",
    "secp384r1": "1.3.132.1.11.2",
    "secp521r1": "1.3.132.1.11.3",
}
X25519_SCHEME = "1.2.840.113549.1.9.16.3.19"


def encrypt(
    message: bytes,
    *,
    recipients: Sequence[x509.Certificate],
    at: datetime,
    signer: Identity | None = None,
    chain: Sequence[x509.Certificate] = (),
    cipher: str = "aes256-cbc",
    oaep: bool = False,
    conceal: bool = True,
) -> bytes:
    """Return `message`, a whole mail, encrypted; with `signer`, signed inside.

    `cipher` is a name of `CIPHERS`; `oaep` forces OAEP for RSA keys; `conceal` hides the outer subject.

    :raises NoCertificateError: no recipient, or one whose certificate may not be used at `at`.
    :raises BadInputError: a message transport may change.
    """
    if not recipients:
        raise NoCertificateError("there is no certificate to encrypt to")
    for certificate in recipients:
        _usable(certificate, at)
    split = protected(message, "cipher", conceal=conceal)
    inner = split.payload
    if signer is not None:
        inner = signing.entity(Protected(split.payload, []), signer, at, chain)
    data = enveloped(inner, recipients, cipher, oaep=oaep)
    kind = "enveloped-data" if cipher.endswith("cbc") else "authEnveloped-data"
    return written([*split.outer, ("MIME-Version", b" 1.0")]) + signing.cms_part(kind, "smime.p7m", data)


def _usable(certificate: x509.Certificate, at: datetime) -> None:
    name = certificate.subject.rfc4514_string()
    if paths.current(certificate, at) is not Status.VALID:
        raise NoCertificateError(f"the certificate of {name} is out of date")
    if not can_encrypt_to(certificate):
        raise NoCertificateError(f"the certificate of {name} is not for encryption")


def can_encrypt_to(certificate: x509.Certificate) -> bool:
    """Return whether a certificate's key, and what it is certified for, allow encrypting mail to it."""
    public = certificate.public_key()
    rsa_key = isinstance(public, rsa.RSAPublicKey)
    curve = isinstance(public, ec.EllipticCurvePublicKey) and public.curve.name in CURVE_SCHEME
    if not (rsa_key or curve or isinstance(public, x25519.X25519PublicKey)):
        return False
    usage = extension(certificate, ExtensionOID.KEY_USAGE)
    if usage is None or not isinstance(usage.value, x509.KeyUsage):
        return True
    return usage.value.key_encipherment if rsa_key else usage.value.key_agreement


def enveloped(
    payload: bytes, recipients: Sequence[x509.Certificate], cipher: str, *, oaep: bool = False
) -> bytes:
    """Return DER of a ContentInfo: EnvelopedData for CBC, AuthEnvelopedData for the others.

    :raises NoCertificateError: a key no mail program can be encrypted to.
    """
    dotted = CIPHERS[cipher]
    key = os.urandom(oid.AES_CBC.get(dotted) or oid.AES_GCM.get(dotted) or 32)
    infos = [_recipient(certificate, key, oaep=oaep) for certificate in recipients]
    agreement = any(info.name == "agreement" for info in infos)
    if cipher.endswith("cbc"):
        body = {
            "version": 2 if agreement else 0,
            "recipients": infos,
            "content": _cbc(payload, key, dotted),
        }
        return _info(oid.ENVELOPED_DATA, structures.EnvelopedData(body))
    content, tag = _aead(payload, key, dotted)
    sealed = {"version": 0, "recipients": infos, "content": content, "mac": tag}
    return _info(oid.AUTH_ENVELOPED_DATA, structures.AuthEnvelopedData(sealed))


def _info(kind: str, content: structures.Sequence) -> bytes:
    return bytes(structures.ContentInfo({"content_type": kind, "content": content}).dump())


def _cbc(payload: bytes, key: bytes, dotted: str) -> dict[str, object]:
    vector = os.urandom(BLOCK)
    padder = blocks.PKCS7(BLOCK * 8).padder()
    encryptor = Cipher(algorithms.AES(key), modes.CBC(vector)).encryptor()
    padded = padder.update(payload) + padder.finalize()
    parameters = structures.OctetString(vector)
    return _content(dotted, parameters, encryptor.update(padded) + encryptor.finalize())


def _aead(payload: bytes, key: bytes, dotted: str) -> tuple[dict[str, object], bytes]:
    nonce = os.urandom(NONCE)
    if dotted == oid.CHACHA20_POLY1305:
        sealed = ChaCha20Poly1305(key).encrypt(nonce, payload, b"")
        parameters: structures.Sequence = structures.OctetString(nonce)
    else:
        sealed = AESGCM(key).encrypt(nonce, payload, b"")
        parameters = structures.AeadParameters({"nonce": nonce, "tag": TAG})
    return _content(dotted, parameters, sealed[:-TAG]), sealed[-TAG:]


def _content(dotted: str, parameters: structures.Sequence, data: bytes) -> dict[str, object]:
    chosen = {"algorithm": dotted, "parameters": structures.Any.load(parameters.dump())}
    return {"content_type": oid.DATA, "algorithm": chosen, "content": data}


def _recipient(certificate: x509.Certificate, key: bytes, *, oaep: bool) -> structures.RecipientInfo:
    public = certificate.public_key()
    if isinstance(public, rsa.RSAPublicKey):
        return _transport(certificate, public, key, oaep=oaep or wants_oaep(certificate))
    if isinstance(public, ec.EllipticCurvePublicKey) and public.curve.name in CURVE_SCHEME:
        own = ec.generate_private_key(public.curve)
        point = own.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        return _agreement(
            certificate,
            key,
            scheme=CURVE_SCHEME[public.curve.name],
            kind=oid.EC_PUBLIC_KEY,
            point=point,
            secret=own.exchange(ec.ECDH(), public),
        )
    if isinstance(public, x25519.X25519PublicKey):
        mine = x25519.X25519PrivateKey.generate()
        raw = mine.public_key().public_bytes_raw()
        shared = mine.exchange(public)
        return _agreement(certificate, key, scheme=X25519_SCHEME, kind=oid.X25519, point=raw, secret=shared)
    raise NoCertificateError("a certificate whose key is not for encryption")


def wants_oaep(certificate: x509.Certificate) -> bool:
    """Return whether the certificate's SMIMECapabilities name OAEP (RFC 4262)."""
    named = extension(certificate, x509.ObjectIdentifier(oid.CAPABILITIES))
    if named is None or not isinstance(named.value, x509.UnrecognizedExtension):
        return False
    try:
        items = structures.Capabilities.load(named.value.value, strict=True)
        return any(item["algorithm"].dotted == oid.RSA_OAEP for item in items)
    except (ValueError, TypeError):
        return False


def _transport(
    certificate: x509.Certificate, public: rsa.RSAPublicKey, key: bytes, *, oaep: bool
) -> structures.RecipientInfo:
    method: dict[str, object] = {"algorithm": oid.RSA, "parameters": signing.NULL}
    scheme: padding.AsymmetricPadding = padding.PKCS1v15()
    if oaep:
        method, scheme = _oaep(), padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)
    info = structures.KeyTransport(
        {
            "version": 0,
            "rid": structures.CertificateReference("issuer_and_serial", signing.reference(certificate)),
            "algorithm": method,
            "encrypted_key": public.encrypt(key, scheme),
        }
    )
    return structures.RecipientInfo("transport", info)


def _oaep() -> dict[str, object]:
    inner = structures.AlgorithmIdentifier({"algorithm": oid.SHA256})
    mask = {"algorithm": oid.MGF1, "parameters": structures.Any.load(inner.dump())}
    parameters = structures.OaepParameters({"hash": inner, "mask": mask})
    return {"algorithm": oid.RSA_OAEP, "parameters": structures.Any.load(parameters.dump())}


def _agreement(
    certificate: x509.Certificate, key: bytes, *, scheme: str, kind: str, point: bytes, secret: bytes
) -> structures.RecipientInfo:
    identifier = structures.AlgorithmIdentifier({"algorithm": WRAP})
    wrap: Algorithm = algorithm(identifier)
    kek = keys(scheme, wrap, None, secret)[0]
    public = structures.OriginatorPublicKey(
        {
            "algorithm": {"algorithm": kind},
            "public_key": point,
        }
    )
    rid = structures.AgreementReference("issuer_and_serial", signing.reference(certificate))
    info = structures.KeyAgreement(
        {
            "version": 3,
            "originator": structures.Originator("key", public),
            "algorithm": {"algorithm": scheme, "parameters": structures.Any.load(identifier.dump())},
            "keys": [{"rid": rid, "encrypted_key": aes_key_wrap(kek, key)}],
        }
    )
    return structures.RecipientInfo("agreement", info)
