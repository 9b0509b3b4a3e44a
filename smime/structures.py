"""The ASN.1 of RFC 5652, 5083, 5753, 3279, 4055, 5084 and 8551, as far as mail uses it.

Types only, for asn1crypto: no rule and no parsing. What we hand on untouched (names, certificates, algorithm
parameters, attribute values) is `Any`, so that the library never interprets hostile octets it need not.
"""

from __future__ import annotations

from typing import ClassVar

from asn1crypto.core import (
    Any,
    BitString,
    Choice,
    GeneralizedTime,
    Integer,
    Null,
    ObjectIdentifier,
    OctetBitString,
    OctetString,
    Sequence,
    SequenceOf,
    SetOf,
    UTCTime,
    Void,
)

from smime import oid

__all__ = ["Any", "Null", "ObjectIdentifier", "OctetString", "Sequence", "UTCTime", "Void"]

OPTIONAL = {"optional": True}


def _implicit(number: int) -> dict[str, object]:
    return {"implicit": number, "optional": True}


class AlgorithmIdentifier(Sequence):
    """RFC 5280 4.1.1.2."""

    _fields: ClassVar = [("algorithm", ObjectIdentifier), ("parameters", Any, OPTIONAL)]


class AlgorithmIdentifiers(SetOf):
    """DigestAlgorithmIdentifiers."""

    _child_spec = AlgorithmIdentifier


class IssuerAndSerial(Sequence):
    """RFC 5652 10.2.4."""

    _fields: ClassVar = [("issuer", Any), ("serial", Integer)]


class CertificateReference(Choice):
    """SignerIdentifier and RecipientIdentifier."""

    _alternatives: ClassVar = [
        ("issuer_and_serial", IssuerAndSerial),
        ("key_id", OctetString, {"implicit": 0}),
    ]


class Values(SetOf):
    """AttributeValues."""

    _child_spec = Any


class Attribute(Sequence):
    """RFC 5652 5.3."""

    _fields: ClassVar = [("type", ObjectIdentifier), ("values", Values)]


class Attributes(SetOf):
    """Signed, unsigned and authenticated attributes."""

    _child_spec = Attribute


class SignerInfo(Sequence):
    """RFC 5652 5.3."""

    _fields: ClassVar = [
        ("version", Integer),
        ("sid", CertificateReference),
        ("digest_algorithm", AlgorithmIdentifier),
        ("signed_attributes", Attributes, _implicit(0)),
        ("signature_algorithm", AlgorithmIdentifier),
        ("signature", OctetString),
        ("unsigned_attributes", Attributes, _implicit(1)),
    ]


class SignerInfos(SetOf):
    """RFC 5652 5.1."""

    _child_spec = SignerInfo


class EncapsulatedContent(Sequence):
    """RFC 5652 5.2."""

    _fields: ClassVar = [
        ("content_type", ObjectIdentifier),
        ("content", OctetString, {"explicit": 0, "optional": True}),
    ]


class Certificates(SetOf):
    """RFC 5652 10.2.3; also the lists of revocations."""

    _child_spec = Any


class SignedData(Sequence):
    """RFC 5652 5.1."""

    _fields: ClassVar = [
        ("version", Integer),
        ("digest_algorithms", AlgorithmIdentifiers),
        ("content", EncapsulatedContent),
        ("certificates", Certificates, _implicit(0)),
        ("lists", Certificates, _implicit(1)),
        ("signers", SignerInfos),
    ]


class KeyTransport(Sequence):
    """RFC 5652 6.2.1."""

    _fields: ClassVar = [
        ("version", Integer),
        ("rid", CertificateReference),
        ("algorithm", AlgorithmIdentifier),
        ("encrypted_key", OctetString),
    ]


class OriginatorPublicKey(Sequence):
    """RFC 5652 6.2.2."""

    _fields: ClassVar = [("algorithm", AlgorithmIdentifier), ("public_key", OctetBitString)]


class Originator(Choice):
    """OriginatorIdentifierOrKey."""

    _alternatives: ClassVar = [
        ("issuer_and_serial", IssuerAndSerial),
        ("key_id", OctetString, {"implicit": 0}),
        ("key", OriginatorPublicKey, {"implicit": 1}),
    ]


class RecipientKeyIdentifier(Sequence):
    """RFC 5652 6.2.2."""

    _fields: ClassVar = [
        ("key_id", OctetString),
        ("date", GeneralizedTime, OPTIONAL),
        ("other", Any, OPTIONAL),
    ]


class AgreementReference(Choice):
    """KeyAgreeRecipientIdentifier."""

    _alternatives: ClassVar = [
        ("issuer_and_serial", IssuerAndSerial),
        ("key_id", RecipientKeyIdentifier, {"implicit": 0}),
    ]


class RecipientEncryptedKey(Sequence):
    """RFC 5652 6.2.2."""

    _fields: ClassVar = [("rid", AgreementReference), ("encrypted_key", OctetString)]


class RecipientEncryptedKeys(SequenceOf):
    """RFC 5652 6.2.2."""

    _child_spec = RecipientEncryptedKey


class KeyAgreement(Sequence):
    """RFC 5652 6.2.2, RFC 5753."""

    _fields: ClassVar = [
        ("version", Integer),
        ("originator", Originator, {"explicit": 0}),
        ("ukm", OctetString, {"explicit": 1, "optional": True}),
        ("algorithm", AlgorithmIdentifier),
        ("keys", RecipientEncryptedKeys),
    ]


class Unread(Sequence):
    """What we never read: recipients by password or shared key, certificates of originators."""

    _fields: ClassVar[list[object]] = []


class RecipientInfo(Choice):
    """RFC 5652 6.2."""

    _alternatives: ClassVar = [
        ("transport", KeyTransport),
        ("agreement", KeyAgreement, {"implicit": 1}),
        ("kek", Unread, {"implicit": 2}),
        ("password", Unread, {"implicit": 3}),
        ("other", Unread, {"implicit": 4}),
    ]


class RecipientInfos(SetOf):
    """RFC 5652 6.1."""

    _child_spec = RecipientInfo


class EncryptedContent(Sequence):
    """RFC 5652 6.1."""

    _fields: ClassVar = [
        ("content_type", ObjectIdentifier),
        ("algorithm", AlgorithmIdentifier),
        ("content", OctetString, _implicit(0)),
    ]


class EnvelopedData(Sequence):
    """RFC 5652 6.1."""

    _fields: ClassVar = [
        ("version", Integer),
        ("originator", Unread, _implicit(0)),
        ("recipients", RecipientInfos),
        ("content", EncryptedContent),
        ("attributes", Attributes, _implicit(1)),
    ]


class AuthEnvelopedData(Sequence):
    """RFC 5083 2.1."""

    _fields: ClassVar = [
        ("version", Integer),
        ("originator", Unread, _implicit(0)),
        ("recipients", RecipientInfos),
        ("content", EncryptedContent),
        ("authenticated", Attributes, _implicit(1)),
        ("mac", OctetString),
        ("attributes", Attributes, _implicit(2)),
    ]


class ContentInfo(Sequence):
    """RFC 5652 3."""

    _fields: ClassVar = [("content_type", ObjectIdentifier), ("content", Any, {"explicit": 0})]
    _oid_pair: ClassVar = ("content_type", "content")
    _oid_specs: ClassVar = {
        oid.SIGNED_DATA: SignedData,
        oid.ENVELOPED_DATA: EnvelopedData,
        oid.AUTH_ENVELOPED_DATA: AuthEnvelopedData,
    }


class PssParameters(Sequence):
    """RFC 4055 3.1."""

    _fields: ClassVar = [
        ("hash", AlgorithmIdentifier, {"explicit": 0, "optional": True}),
        ("mask", AlgorithmIdentifier, {"explicit": 1, "optional": True}),
        ("salt", Integer, {"explicit": 2, "default": 20}),
        ("trailer", Integer, {"explicit": 3, "default": 1}),
    ]


class OaepParameters(Sequence):
    """RFC 4055 4.1."""

    _fields: ClassVar = [
        ("hash", AlgorithmIdentifier, {"explicit": 0, "optional": True}),
        ("mask", AlgorithmIdentifier, {"explicit": 1, "optional": True}),
        ("source", AlgorithmIdentifier, {"explicit": 2, "optional": True}),
    ]


class AeadParameters(Sequence):
    """RFC 5084 3.2: GCMParameters."""

    _fields: ClassVar = [("nonce", OctetString), ("tag", Integer, {"default": 12})]


class SharedInfo(Sequence):
    """RFC 5753 7.2: ECC-CMS-SharedInfo."""

    _fields: ClassVar = [
        ("key", AlgorithmIdentifier),
        ("entity", OctetString, {"explicit": 0, "optional": True}),
        ("public", OctetString, {"explicit": 2}),
    ]


class SigningTime(Choice):
    """RFC 5652 11.3."""

    _alternatives: ClassVar = [("utc", UTCTime), ("general", GeneralizedTime)]


class Capabilities(SequenceOf):
    """RFC 8551 2.5.2."""

    _child_spec = AlgorithmIdentifier


class TbsCertificate(Sequence):
    """RFC 5280 4.1.1.1, opened as far as the issuer."""

    _fields: ClassVar = [
        ("version", Integer, {"explicit": 0, "default": 0}),
        ("serial", Integer),
        ("signature", AlgorithmIdentifier),
        ("issuer", Any),
        ("validity", Any),
        ("subject", Any),
        ("key", Any),
        ("issuer_id", BitString, _implicit(1)),
        ("subject_id", BitString, _implicit(2)),
        ("extensions", Any, {"explicit": 3, "optional": True}),
    ]


class Certificate(Sequence):
    """RFC 5280 4.1."""

    _fields: ClassVar = [
        ("tbs", TbsCertificate),
        ("algorithm", AlgorithmIdentifier),
        ("signature", BitString),
    ]
