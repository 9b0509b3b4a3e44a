"""Authorities, people, lists and mails for the S/MIME tests, made with cryptography and asn1crypto.

The builder of signatures here (`signed_data`) is asn1crypto's own CMS with a knob for every way to be
wrong; it shares no line with smime/signing.py. Keys are made once a run: RSA 2048 is slow.
"""

from __future__ import annotations

import hashlib
from base64 import encodebytes
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

from asn1crypto import algos, cms, core
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa, x25519
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

import smime
from smime import Identity

if TYPE_CHECKING:
    from collections.abc import Sequence

AT = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)
ALICE = "alice@acme.example"
MALLORY = "mallory@evil.example"
PAYLOAD = b"Content-Type: text/plain; charset=us-ascii\r\n\r\nPlease call back.\r\n"
HEAD = (
    b"Return-Path: <alice@acme.example>\r\n"
    b"From: Alice <alice@acme.example>\r\n"
    b"To: +81312345678@fax.example.org\r\n"
    b"Subject: order /rs\r\n"
    b"MIME-Version: 1.0\r\n"
)


@cache
def rsa_key(name: str = "a", bits: int = 2048) -> rsa.RSAPrivateKey:
    """Return the RSA key of that name, the same all through a run."""
    assert name
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


@cache
def ec_key(name: str = "a", curve: type[ec.EllipticCurve] = ec.SECP256R1) -> ec.EllipticCurvePrivateKey:
    """Return the EC key of that name."""
    assert name
    return ec.generate_private_key(curve())


@cache
def ed_key(name: str = "a") -> ed25519.Ed25519PrivateKey:
    """Return the Ed25519 key of that name."""
    assert name
    return ed25519.Ed25519PrivateKey.generate()


@cache
def x25519_key() -> x25519.X25519PrivateKey:
    """Return the X25519 key."""
    return x25519.X25519PrivateKey.generate()


def distinguished(common: str, mail: str = "") -> x509.Name:
    """Return a name with a common name, and an emailAddress if asked."""
    parts = [x509.NameAttribute(NameOID.COMMON_NAME, common)]
    if mail:
        parts.append(x509.NameAttribute(NameOID.EMAIL_ADDRESS, mail))
    return x509.Name(parts)


def usage(*names: str) -> x509.KeyUsage:
    """Return a key usage with these bits."""
    bits = (
        "digital_signature",
        "content_commitment",
        "key_encipherment",
        "data_encipherment",
        "key_agreement",
        "key_cert_sign",
        "crl_sign",
        "encipher_only",
        "decipher_only",
    )
    return x509.KeyUsage(**{bit: bit in names for bit in bits})


MAIL_USE = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION])
WEB_USE = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH])


def utf8_mailbox(address: str) -> x509.OtherName:
    """Return an SmtpUTF8Mailbox (RFC 9598)."""
    return x509.OtherName(x509.ObjectIdentifier("1.3.6.1.5.5.7.8.9"), core.UTF8String(address).dump())


@dataclass
class Authority:
    """A certification authority: issues certificates and lists."""

    certificate: x509.Certificate
    key: Any

    @classmethod
    def root(cls, common: str = "Root", key: Any = None, **options: Any) -> Authority:
        """Return a self-signed authority."""
        key = key or ec_key(f"ca {common}")
        made = _certificate(distinguished(common), key.public_key(), None, key, authority=True, **options)
        return cls(made, key)

    def authority(self, common: str, key: Any = None, **options: Any) -> Authority:
        """Return an authority below this one."""
        key = key or ec_key(f"ca {common}")
        made = _certificate(distinguished(common), key.public_key(), self, key, authority=True, **options)
        return Authority(made, key)

    def person(self, address: str = ALICE, key: Any = None, **options: Any) -> Identity:
        """Return somebody's certificate and key; options as for `_certificate`."""
        key = key or ec_key()
        options.setdefault("names", [x509.RFC822Name(address)] if address else [])
        subject = options.pop("subject", distinguished("Alice"))
        return Identity(_certificate(subject, key.public_key(), self, key, **options), key)

    def certify(self, key: Any, subject: x509.Name) -> x509.Certificate:
        """Return a certificate for a key that cannot sign by itself."""
        return _certificate(subject, key.public_key(), self, self.key)

    def crl(
        self,
        *revoked: Identity | Authority,
        first: datetime = AT - DAY,
        last: datetime = AT + DAY,
        extensions: Sequence[tuple[x509.ExtensionType, bool]] = (),
        entry_extensions: Sequence[tuple[x509.ExtensionType, bool]] = (),
        key: Any = None,
    ) -> x509.CertificateRevocationList:
        """Return a revocation list."""
        builder = x509.CertificateRevocationListBuilder().issuer_name(self.certificate.subject)
        builder = builder.last_update(first).next_update(last)
        for one in revoked:
            entry = x509.RevokedCertificateBuilder().serial_number(one.certificate.serial_number)
            for value, critical in entry_extensions:
                entry = entry.add_extension(value, critical)
            builder = builder.add_revoked_certificate(entry.revocation_date(first).build())
        for value, critical in extensions:
            builder = builder.add_extension(value, critical)
        return builder.sign(key or self.key, _hash(key or self.key))


def _hash(key: Any) -> hashes.HashAlgorithm | None:
    return None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256()


def _certificate(
    subject: x509.Name,
    public: Any,
    issuer: Authority | None,
    own: Any,
    *,
    authority: bool = False,
    names: Sequence[x509.GeneralName] = (),
    usage_bits: x509.KeyUsage | None = None,
    use: x509.ExtendedKeyUsage | None = None,
    first: datetime = AT - 30 * DAY,
    last: datetime = AT + 300 * DAY,
    length: int | None = None,
    extra: Sequence[tuple[x509.ExtensionType, bool]] = (),
    key_id: bool = True,
) -> x509.Certificate:
    builder = x509.CertificateBuilder().subject_name(subject).public_key(public)
    builder = builder.issuer_name(issuer.certificate.subject if issuer else subject)
    builder = builder.serial_number(x509.random_serial_number())
    builder = builder.not_valid_before(first).not_valid_after(last)
    if authority:
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=length), critical=True)
        usage_bits = usage_bits or usage("key_cert_sign", "crl_sign")
    if key_id:
        builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    if usage_bits:
        builder = builder.add_extension(usage_bits, critical=True)
    if use:
        builder = builder.add_extension(use, critical=False)
    for value, critical in extra:
        builder = builder.add_extension(value, critical)
    signing = issuer.key if issuer else own
    return builder.sign(signing, _hash(signing))


def self_signed(address: str = ALICE, key: Any = None) -> Identity:
    """Return somebody's self-signed certificate."""
    key = key or ec_key("self")
    names = [x509.RFC822Name(address)]
    return Identity(_certificate(distinguished("Alice"), key.public_key(), None, key, names=names), key)


def signed_with_sha1(who: Identity, by: Authority) -> Identity:
    """Return the same certificate with an RSA signature over SHA-1, which cryptography no longer makes."""
    made = cms.Certificate.load(who.certificate.public_bytes(Encoding.DER))
    algorithm = {"algorithm": "sha1_rsa", "parameters": core.Null()}
    made["tbs_certificate"]["signature"] = algorithm
    made["signature_algorithm"] = algorithm
    weak = hashes.SHA1()  # noqa: S303  (what must be refused)
    made["signature_value"] = by.key.sign(made["tbs_certificate"].dump(force=True), padding.PKCS1v15(), weak)
    return Identity(x509.load_der_x509_certificate(made.dump(force=True)), who.key)


def pem(certificate: Any) -> bytes:
    """Return PEM of a certificate or list."""
    return certificate.public_bytes(Encoding.PEM)


def key_pem(key: Any) -> bytes:
    """Return PEM of a private key."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


# -- signatures, with a knob for every way to be wrong


@dataclass
class Signing:
    """How one signer signs. What is None is made right."""

    who: Identity
    digest: str = "sha256"
    algorithm: dict[str, Any] | None = None
    digest_value: bytes | None = None
    content_type: str | None = "data"
    at: datetime | None = AT
    attributes: bool = True
    by_key_id: bool = False
    twice: Sequence[str] = ()
    drop: Sequence[str] = ()
    extra: Sequence[dict[str, Any]] = ()
    pss: bool = False
    salt: int | None = None
    reverse: bool = False
    unsigned: Sequence[dict[str, Any]] = ()
    signature: bytes | None = None
    named: x509.Certificate | None = None


@dataclass
class Envelope:
    """What is around the signers."""

    content: bytes | None = None
    content_type: str = "data"
    certificates: Sequence[x509.Certificate] | None = None
    kind: str = "signed_data"
    trailing: bytes = b""
    extra_certificates: Sequence[x509.Certificate] = field(default_factory=list)


def signed_data(payload: bytes, *signers: Signing, envelope: Envelope | None = None) -> bytes:
    """Return DER of a ContentInfo over `payload`."""
    envelope = envelope or Envelope()
    included = envelope.certificates
    if included is None:
        included = [*(one.who.certificate for one in signers), *envelope.extra_certificates]
    inner: dict[str, Any] = {"content_type": envelope.content_type}
    if envelope.content is not None:
        inner["content"] = envelope.content
    data = cms.SignedData(
        {
            "version": "v3",
            "digest_algorithms": [{"algorithm": one.digest} for one in signers],
            "encap_content_info": inner,
            "certificates": [cms.Certificate.load(one.public_bytes(Encoding.DER)) for one in included],
            "signer_infos": [_signer_info(payload, one) for one in signers],
        }
    )
    whole = cms.ContentInfo({"content_type": envelope.kind, "content": data}).dump()
    for one in signers:
        if one.reverse:  # asn1crypto puts a set in order whenever it can: the octets are turned round here
            attributes = _attributes(payload, one)
            ordered = _in_order(attributes, reverse=False)
            assert ordered in whole
            whole = whole.replace(ordered, _in_order(attributes, reverse=True))
    return whole + envelope.trailing


def _signer_info(payload: bytes, one: Signing) -> cms.SignerInfo:
    named = cms.Certificate.load((one.named or one.who.certificate).public_bytes(Encoding.DER))
    body: dict[str, Any] = {
        "version": "v3" if one.by_key_id else "v1",
        "sid": _sid(named, by_key_id=one.by_key_id),
        "digest_algorithm": {"algorithm": one.digest},
        "signature_algorithm": one.algorithm or _algorithm(one),
    }
    signed = payload
    if one.attributes:
        body["signed_attrs"] = _attributes(payload, one)
        whole = b"\x31" + body["signed_attrs"].dump()[1:]
        ordered = _in_order(body["signed_attrs"], reverse=False)
        signed = whole.replace(ordered, _in_order(body["signed_attrs"], reverse=one.reverse))
    body["signature"] = _sign(signed, one) if one.signature is None else one.signature
    if one.unsigned:
        body["unsigned_attrs"] = list(one.unsigned)
    return cms.SignerInfo(body)


def _sid(named: cms.Certificate, *, by_key_id: bool) -> cms.SignerIdentifier:
    if by_key_id:
        key_id = hashlib.sha1(bytes(named.public_key["public_key"]), usedforsecurity=False).digest()
        return cms.SignerIdentifier("subject_key_identifier", key_id)
    both = {"issuer": named.issuer, "serial_number": named.serial_number}
    return cms.SignerIdentifier("issuer_and_serial_number", cms.IssuerAndSerialNumber(both))


def _in_order(attributes: cms.CMSAttributes, *, reverse: bool) -> bytes:
    return b"".join(sorted((attribute.dump() for attribute in attributes), reverse=reverse))


def _attributes(payload: bytes, one: Signing) -> cms.CMSAttributes:
    value = one.digest_value
    if value is None:
        value = hashlib.new(one.digest, payload).digest()
    found: list[dict[str, Any]] = []
    if one.content_type is not None:
        found.append({"type": "content_type", "values": [one.content_type]})
    found.append({"type": "message_digest", "values": [value]})
    if one.at is not None:
        found.append({"type": "signing_time", "values": [cms.Time({"utc_time": one.at})]})
    found = [attribute for attribute in found if attribute["type"] not in one.drop]
    found += [attribute for attribute in found if attribute["type"] in one.twice]
    return cms.CMSAttributes([cms.CMSAttribute(attribute) for attribute in [*found, *one.extra]])


def _algorithm(one: Signing) -> dict[str, Any]:
    if isinstance(one.who.key, rsa.RSAPrivateKey):
        if not one.pss:
            return {"algorithm": "rsassa_pkcs1v15"}
        salt = hashlib.new(one.digest).digest_size if one.salt is None else one.salt
        named = {"algorithm": one.digest}
        return {
            "algorithm": "rsassa_pss",
            "parameters": algos.RSASSAPSSParams(
                {
                    "hash_algorithm": named,
                    "mask_gen_algorithm": {"algorithm": "mgf1", "parameters": named},
                    "salt_length": salt,
                }
            ),
        }
    if isinstance(one.who.key, ed25519.Ed25519PrivateKey):
        return {"algorithm": "ed25519"}
    return {"algorithm": f"{one.digest}_ecdsa"}


def _sign(data: bytes, one: Signing) -> bytes:
    key = one.who.key
    chosen = {
        "md5": hashes.MD5(),  # noqa: S303  (what must be refused)
        "sha1": hashes.SHA1(),  # noqa: S303
        "sha224": hashes.SHA224(),
        "sha256": hashes.SHA256(),
        "sha384": hashes.SHA384(),
        "sha512": hashes.SHA512(),
    }[one.digest]
    if isinstance(key, rsa.RSAPrivateKey):
        salt = chosen.digest_size if one.salt is None else one.salt
        scheme = padding.PSS(padding.MGF1(chosen), salt) if one.pss else padding.PKCS1v15()
        return key.sign(data, scheme, chosen)
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return key.sign(data)
    return key.sign(data, ec.ECDSA(chosen))


# -- mails


def base64(data: bytes) -> bytes:
    """Return base64 in lines with CRLF."""
    return encodebytes(data).replace(b"\n", b"\r\n")


def detached(payload: bytes, signature: bytes, head: bytes = HEAD, boundary: bytes = b"=_edge") -> bytes:
    """Return a multipart/signed mail; its boundary grows where the payload has it already."""
    while b"--" + boundary in payload:
        boundary += b"+"
    return (
        head
        + b'Content-Type: multipart/signed; protocol="application/pkcs7-signature";\r\n'
        + b' micalg=sha-256; boundary="'
        + boundary
        + b'"\r\n\r\nThis is a signed message.\r\n--'
        + boundary
        + b"\r\n"
        + payload
        + b"\r\n--"
        + boundary
        + b"\r\nContent-Type: application/pkcs7-signature; name=smime.p7s\r\n"
        + b"Content-Transfer-Encoding: base64\r\n\r\n"
        + base64(signature)
        + b"--"
        + boundary
        + b"--\r\nA footer.\r\n"
    )


def opaque(data: bytes, kind: str = "signed-data", head: bytes = HEAD) -> bytes:
    """Return an application/pkcs7-mime mail."""
    return (
        head
        + b"Content-Type: application/pkcs7-mime; smime-type="
        + kind.encode()
        + b"; name=smime.p7m\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        + base64(data)
    )


def signed_mail(*signers: Signing, payload: bytes = PAYLOAD, head: bytes = HEAD) -> bytes:
    """Return a mail with a detached signature by these signers."""
    return detached(payload, signed_data(payload, *signers), head)


def judge(message: bytes, root: Authority | None, **options: Any) -> smime.Verdict:
    """Verify as Alice's mail at `AT`, unless told otherwise."""
    options.setdefault("sender", ALICE)
    options.setdefault("at", AT)
    options.setdefault("trust", [root.certificate] if root else [])
    return smime.verify(message, **options)


def word(verdict: smime.Verdict) -> tuple[str, str]:
    """Return verdict and reason."""
    return verdict.verdict.value, verdict.reason.value
