"""Signing and encrypting what we send (smime.md section 9), and the names other programs use."""

from __future__ import annotations

import inspect
from typing import Any

import pytest
from asn1crypto import cms
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed448
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from smime_fixtures import (
    AT,
    DAY,
    PAYLOAD,
    Authority,
    ec_key,
    ed_key,
    judge,
    key_pem,
    pem,
    rsa_key,
    usage,
    word,
    x25519_key,
)

import smime
from smime import BadInputError, Identity, NoCertificateError, mime
from smime.encryption import wants_oaep
from smime.entities import detached
from smime.parse import SignedPart, open_cms
from smime.policy import Limits
from smime.structures import Capabilities

MAIL = (
    b"From: alice@acme.example\r\nTo: bob@acme.example\r\nSubject: Fax 4711\r\nMIME-Version: 1.0\r\n"
    + PAYLOAD
)


@pytest.fixture(scope="module")
def root() -> Authority:
    return Authority.root()


KEYS = {
    "rsa": rsa_key,
    "p256": ec_key,
    "p384": lambda: ec_key("a", ec.SECP384R1),
    "p521": lambda: ec_key("a", ec.SECP521R1),
    "ed25519": ed_key,
}


@pytest.mark.parametrize("opaque", [False, True])
@pytest.mark.parametrize("kind", KEYS)
def test_what_we_sign_we_find_valid(root: Authority, kind: str, *, opaque: bool) -> None:
    mail = smime.sign(MAIL, identity=root.person(key=KEYS[kind]()), at=AT, opaque=opaque)
    verdict = judge(mail, root)
    assert word(verdict) == ("valid", "ok")
    assert verdict.header("subject") == "Fax 4711"
    assert verdict.signer is not None
    assert verdict.signer.signed_at == AT
    assert "2.16.840.1.101.3.4.1.42" in verdict.signer.capabilities


def test_pss(root: Authority) -> None:
    verdict = judge(smime.sign(MAIL, identity=root.person(key=rsa_key()), at=AT, pss=True), root)
    assert verdict.valid
    assert verdict.signer is not None
    assert verdict.signer.algorithm == "rsa-pss"


def signed_part(mail: bytes) -> SignedPart:
    part = open_cms(detached(mime.entity(mail)).signature, Limits())
    assert isinstance(part, SignedPart)
    return part


def test_the_chain_is_enclosed_without_its_root(root: Authority) -> None:
    middle = root.authority("Middle")
    chain = [middle.certificate, root.certificate]
    mail = smime.sign(MAIL, identity=middle.person(), at=AT, chain=chain)
    assert len(signed_part(mail).certificates) == 2
    assert judge(mail, root).valid


def test_the_signed_structure_is_strict_der(root: Authority) -> None:
    data = detached(mime.entity(smime.sign(MAIL, identity=root.person(), at=AT))).signature
    info = cms.ContentInfo.load(data, strict=True)
    assert info.dump(force=True) == data
    assert info["content"]["signer_infos"][0]["signed_attrs"].native


@pytest.mark.parametrize("body", ["ä".encode(), b"x" * 999])
def test_what_transport_may_change_is_not_signed(root: Authority, body: bytes) -> None:
    with pytest.raises(BadInputError):
        smime.sign(MAIL + body + b"\r\n", identity=root.person(), at=AT)
    smime.sign(MAIL + b"x" * 998 + b"\r\n", identity=root.person(), at=AT)


def test_a_key_that_cannot_sign_is_refused(root: Authority) -> None:
    key = x25519_key()
    who = Identity(root.certify(key, root.certificate.subject), key)
    with pytest.raises(BadInputError):
        smime.sign(MAIL, identity=who, at=AT)


def test_no_recipient_no_mail() -> None:
    with pytest.raises(NoCertificateError):
        smime.encrypt(MAIL, recipients=[], at=AT)


@pytest.mark.parametrize(
    "options",
    [
        {"last": AT - DAY},
        {"first": AT + DAY},
        {"usage_bits": usage("digital_signature")},
        {"key": ec_key("k", ec.SECP256K1)},
        {"key": ed_key()},
    ],
)
def test_one_recipient_who_cannot_be_encrypted_to_stops_the_mail(
    root: Authority, options: dict[str, Any]
) -> None:
    good = root.person("bob@acme.example", rsa_key()).certificate
    bad = root.person(**options).certificate
    with pytest.raises(NoCertificateError):
        smime.encrypt(MAIL, recipients=[good, bad], at=AT)


def test_usage_for_encryption_depends_on_the_key(root: Authority) -> None:
    for key, bit in ((rsa_key(), "key_encipherment"), (ec_key(), "key_agreement")):
        who = root.person(key=key, usage_bits=usage(bit))
        assert smime.encrypt(MAIL, recipients=[who.certificate], at=AT)
    wrong = root.person(key=ec_key(), usage_bits=usage("key_encipherment"))
    with pytest.raises(NoCertificateError):
        smime.encrypt(MAIL, recipients=[wrong.certificate], at=AT)


def test_oaep_where_the_certificate_asks_for_it(root: Authority) -> None:
    def able(*dotted: str) -> x509.Certificate:
        value = Capabilities([{"algorithm": one} for one in dotted]).dump()
        capability = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.840.113549.1.9.15"), value)
        return root.person(key=rsa_key(), extra=[(capability, False)]).certificate

    oaep = able("1.2.3", "1.2.840.113549.1.1.7")
    assert wants_oaep(oaep)
    assert not wants_oaep(able("1.2.3"))
    assert not wants_oaep(root.person().certificate)
    opened = smime.decrypt(
        smime.encrypt(MAIL, recipients=[oaep], at=AT), identities=[Identity(oaep, rsa_key())]
    )
    assert opened.layers[0].algorithms == ("rsa-oaep", "aes256-cbc")
    damaged = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.840.113549.1.9.15"), b"?")
    assert not wants_oaep(root.person(extra=[(damaged, False)]).certificate)


def test_every_recipient_opens_the_same_mail(root: Authority) -> None:
    people = [root.person(f"{kind}@acme.example", KEYS[kind]()) for kind in ("rsa", "p256", "p521")]
    mail = smime.encrypt(MAIL, recipients=[one.certificate for one in people], at=AT)
    contents = {smime.decrypt(mail, identities=[one]).content for one in people}
    assert len(contents) == 1
    assert b"Please call back." in contents.pop()


def test_two_mails_share_no_octet_of_ciphertext(root: Authority) -> None:
    who = root.person(key=rsa_key()).certificate
    first, second = (smime.encrypt(MAIL, recipients=[who], at=AT).splitlines()[-5:] for _ in range(2))
    assert not set(first) & set(second)


# -- identities


def test_identities_are_read_from_pem_and_der(root: Authority) -> None:
    who = root.person(key=rsa_key())
    read = Identity.load(pem(who.certificate), key_pem(who.key))
    assert read.certificate == who.certificate
    binary = who.key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    assert Identity.load(who.certificate.public_bytes(Encoding.DER), binary).certificate == who.certificate
    assert "key" not in repr(read)


def test_identities_that_do_not_fit_are_refused(root: Authority) -> None:
    who = root.person(key=rsa_key())
    with pytest.raises(BadInputError, match="does not belong"):
        Identity.load(pem(who.certificate), key_pem(ec_key()))
    with pytest.raises(BadInputError, match="cannot be read"):
        Identity.load(pem(who.certificate), b"no key")
    with pytest.raises(BadInputError, match="kind"):
        Identity.load(pem(who.certificate), key_pem(ed448.Ed448PrivateKey.generate()))


def test_a_moment_without_a_zone_is_refused(root: Authority) -> None:
    with pytest.raises(BadInputError, match="time zone"):
        judge(MAIL, root, at=AT.replace(tzinfo=None))


# -- the names of design.md section 2


def test_the_seams() -> None:
    def keywords(function: Any) -> list[str]:
        return list(inspect.signature(function).parameters)

    assert keywords(smime.verify)[:6] == ["message", "trust", "crls", "sender", "at", "policy"]
    assert keywords(smime.decrypt)[:2] == ["message", "identities"]
    for name in smime.__all__:
        assert hasattr(smime, name), name
