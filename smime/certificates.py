"""Certificates, revocation lists and keys: reading an operator's files, naming what a message encloses.

Loading an operator's input fails loudly (`BadInputError`); a certificate in a message that cannot be read is
left out, as if it were not there. Nothing is fetched and no file is opened: input is bytes.
"""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa, x25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.utils import CryptographyDeprecationWarning
from cryptography.x509.oid import ExtensionOID

from smime.errors import BadInputError, MalformedError
from smime.parse import Reference, issuer_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from cryptography.x509.oid import ObjectIdentifier

T = TypeVar("T")
Certificates: TypeAlias = bytes | x509.Certificate | Iterable[bytes | x509.Certificate]
Lists: TypeAlias = bytes | x509.CertificateRevocationList | Iterable[bytes | x509.CertificateRevocationList]
PrivateKey: TypeAlias = (
    rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | x25519.X25519PrivateKey
)
UNREADABLE = (ValueError, TypeError, UnsupportedAlgorithm, x509.DuplicateExtension, x509.InvalidVersion)
PEM = b"-----BEGIN"
RSA_MOST_BITS = 8192


@dataclass(frozen=True, slots=True)
class Identity:
    """A certificate with its private key: decrypts what was encrypted to it, signs what we send."""

    certificate: x509.Certificate
    key: PrivateKey = field(repr=False)

    @classmethod
    def load(
        cls, certificate: bytes, key: bytes, password: bytes | None = None, *, sound: bool = False
    ) -> Identity:
        """Read PEM or DER of both. `sound`: an RSA key was checked before, which takes some 50 ms.

        :raises BadInputError: unreadable, of a kind we do not use, or not belonging together.
        """
        loaded = load_certificates(certificate)
        if not loaded:
            raise BadInputError("the file holds no certificate")
        private = _load_key(key, password, sound=sound)
        if spki(private.public_key()) != spki(loaded[0].public_key()):
            raise BadInputError("the key does not belong to the certificate")
        return cls(loaded[0], private)


def _load_key(data: bytes, password: bytes | None, *, sound: bool) -> PrivateKey:
    load = serialization.load_pem_private_key if PEM in data else serialization.load_der_private_key
    try:
        key = load(data, password, unsafe_skip_rsa_key_validation=sound)
    except UNREADABLE as error:
        raise BadInputError("the private key cannot be read", type(error).__name__) from None
    if not isinstance(key, PrivateKey):
        raise BadInputError("a private key of a kind mail does not use")
    return key


def load_certificates(source: Certificates) -> list[x509.Certificate]:
    """Read PEM bundles, DER or loaded certificates.

    :raises BadInputError: one cannot be read.
    """
    return _load(source, x509.Certificate, x509.load_pem_x509_certificates, x509.load_der_x509_certificate)


def load_lists(source: Lists) -> list[x509.CertificateRevocationList]:
    """Read PEM bundles, DER or loaded revocation lists.

    :raises BadInputError: one cannot be read.
    """
    return _load(source, x509.CertificateRevocationList, _pem_lists, x509.load_der_x509_crl)


def _load(
    source: bytes | T | Iterable[bytes | T],
    kind: type[T],
    load_pem: Callable[[bytes], list[T]],
    load_der: Callable[[bytes], T],
) -> list[T]:
    if isinstance(source, kind):
        return [source]
    if not isinstance(source, bytes):
        assert isinstance(source, Iterable)  # noqa: S101  (narrows for the type checker)
        return [one for item in source for one in _load(item, kind, load_pem, load_der)]
    try:
        return load_pem(source) if PEM in source else [load_der(source)]
    except UNREADABLE as error:
        raise BadInputError("a certificate or revocation list cannot be read", str(error)) from None


def _pem_lists(data: bytes) -> list[x509.CertificateRevocationList]:
    end = b"-----END X509 CRL-----"
    blocks = data.split(end)[:-1]
    if not blocks:
        raise ValueError("no revocation list in this file")
    return [x509.load_pem_x509_crl(block + end) for block in blocks]


def readable(certificates: Iterable[bytes]) -> list[x509.Certificate]:
    """Return those certificates of a message that can be read, each once."""
    found = {encoded: _readable(encoded) for encoded in certificates}
    return [certificate for certificate in found.values() if certificate is not None]


def _readable(encoded: bytes) -> x509.Certificate | None:
    """Return a certificate, None for one whose parts cannot be read or whose key is a burden."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", CryptographyDeprecationWarning)  # e.g. a serial number below 1
            certificate = x509.load_der_x509_certificate(encoded)
            key = certificate.public_key()
            _touch(certificate)
    except (*UNREADABLE, CryptographyDeprecationWarning):
        return None
    return None if isinstance(key, rsa.RSAPublicKey) and key.key_size > RSA_MOST_BITS else certificate


def _touch(certificate: x509.Certificate) -> None:
    """Read every lazily parsed part that is read later, so that it fails here or never."""
    list(certificate.extensions)
    certificate.subject.rfc4514_string()
    certificate.issuer.rfc4514_string()
    _ = certificate.not_valid_before_utc, certificate.not_valid_after_utc, certificate.serial_number


def der(certificate: x509.Certificate) -> bytes:
    """Return DER."""
    return certificate.public_bytes(Encoding.DER)


def fingerprint(certificate: x509.Certificate) -> str:
    """Return SHA-256 of the certificate in hex."""
    return hashlib.sha256(der(certificate)).hexdigest()


def spki(key: object) -> bytes:
    """Return DER of a public key's SubjectPublicKeyInfo."""
    encoded: bytes = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)  # type: ignore[attr-defined]
    return encoded


def key_fingerprint(certificate: x509.Certificate) -> str:
    """Return SHA-256 of the SubjectPublicKeyInfo in hex."""
    return hashlib.sha256(spki(certificate.public_key())).hexdigest()


def extension(
    certificate: x509.Certificate, kind: ObjectIdentifier
) -> x509.Extension[x509.ExtensionType] | None:
    """Return an extension, or None when absent."""
    try:
        return certificate.extensions.get_extension_for_oid(kind)
    except x509.ExtensionNotFound:
        return None


def key_id(certificate: x509.Certificate) -> bytes:
    """Return the subject key identifier; SHA-1 of the key when there is none (RFC 5280 4.2.1.2)."""
    given = extension(certificate, ExtensionOID.SUBJECT_KEY_IDENTIFIER)
    if given and isinstance(given.value, x509.SubjectKeyIdentifier):
        return given.value.digest
    return x509.SubjectKeyIdentifier.from_public_key(certificate.public_key()).digest


def named_by(reference: Reference, certificate: x509.Certificate) -> bool:
    """Return whether `reference` names this certificate."""
    if reference.key_id:
        return reference.key_id == key_id(certificate)
    try:
        issuer = issuer_of(der(certificate))
    except MalformedError:
        return False
    return reference.serial == certificate.serial_number and reference.issuer == issuer
