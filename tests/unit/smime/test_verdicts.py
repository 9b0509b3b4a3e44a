"""Every verdict and every reason of docs/smime.md, reached by a mail that deserves it."""

from __future__ import annotations

from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from smime_fixtures import (
    ALICE,
    AT,
    DAY,
    HEAD,
    MAIL_USE,
    MALLORY,
    PAYLOAD,
    WEB_USE,
    Authority,
    Envelope,
    Signing,
    detached,
    ec_key,
    ed_key,
    judge,
    opaque,
    rsa_key,
    self_signed,
    signed_data,
    signed_mail,
    signed_with_sha1,
    usage,
    word,
)

from smime import DomainSigner, Pin, Policy, RevocationMode, Status
from smime.certificates import der, fingerprint, key_fingerprint
from smime.parse import SignedPart, open_cms
from smime.policy import Limits


@pytest.fixture(scope="module")
def root() -> Authority:
    return Authority.root()


def test_a_mail_signed_by_its_sender_is_valid_and_its_payload_is_shown(root: Authority) -> None:
    verdict = judge(signed_mail(Signing(root.person())), root)
    assert word(verdict) == ("valid", "ok")
    assert verdict.valid
    assert verdict.content == PAYLOAD
    assert verdict.message.endswith(b"\r\n\r\nPlease call back.\r\n")
    assert b"Subject: order /rs\r\n" in verdict.message
    assert b"footer" not in verdict.message
    assert verdict.checked_at == AT


def test_the_signer_is_described(root: Authority) -> None:
    alice = root.person()
    signer = judge(signed_mail(Signing(alice)), root).signer
    assert signer is not None
    assert signer.subject == "CN=Alice"
    assert signer.issuer == "CN=Root"
    assert signer.serial == alice.certificate.serial_number
    assert signer.fingerprint == fingerprint(alice.certificate)
    assert signer.key == key_fingerprint(alice.certificate)
    assert signer.addresses == (ALICE,)
    assert (signer.algorithm, signer.digest) == ("ecdsa", "sha256")
    assert signer.signed_at == AT


def test_an_opaque_signature_is_valid_too(root: Authority) -> None:
    data = signed_data(PAYLOAD, Signing(root.person()), envelope=Envelope(content=PAYLOAD))
    verdict = judge(opaque(data), root)
    assert word(verdict) == ("valid", "ok")
    assert verdict.content == PAYLOAD


def old_root() -> Authority:
    return Authority.root("Old", key=rsa_key("ca"))


SIGNERS = {
    "rsa": lambda root: Signing(root.person(key=rsa_key())),
    "rsa sha384": lambda root: Signing(root.person(key=rsa_key()), digest="sha384"),
    "rsa sha512": lambda root: Signing(root.person(key=rsa_key()), digest="sha512"),
    "rsa named with hash": lambda root: Signing(
        root.person(key=rsa_key()), algorithm={"algorithm": "sha256_rsa"}
    ),
    "pss": lambda root: Signing(root.person(key=rsa_key()), pss=True),
    "pss sha512": lambda root: Signing(root.person(key=rsa_key()), pss=True, digest="sha512"),
    "pss without salt": lambda root: Signing(root.person(key=rsa_key()), pss=True, salt=0),
    "p256": lambda root: Signing(root.person()),
    "p384": lambda root: Signing(root.person(key=ec_key("a", ec.SECP384R1)), digest="sha384"),
    "p521": lambda root: Signing(root.person(key=ec_key("a", ec.SECP521R1)), digest="sha512"),
    "ed25519": lambda root: Signing(root.person(key=ed_key()), digest="sha512"),
    "by key identifier": lambda root: Signing(root.person(), by_key_id=True),
    "key identifier not in the certificate": lambda root: Signing(root.person(key_id=False), by_key_id=True),
    "no signing time": lambda root: Signing(root.person(), at=None),
    "attributes out of order": lambda root: Signing(root.person(), reverse=True),
    "usage for signing": lambda root: Signing(root.person(usage_bits=usage("digital_signature"))),
    "usage for commitment": lambda root: Signing(root.person(usage_bits=usage("content_commitment"))),
    "for mail": lambda root: Signing(root.person(use=MAIL_USE)),
}


@pytest.mark.parametrize("name", SIGNERS)
def test_every_way_to_sign_that_is_strong_is_valid(root: Authority, name: str) -> None:
    assert word(judge(signed_mail(SIGNERS[name](root)), root)) == ("valid", "ok")


BAD_SIGNERS: dict[str, tuple[Any, str, str]] = {
    "digest of something else": (
        lambda root: Signing(root.person(), digest_value=bytes(32)),
        "invalid",
        "digest_mismatch",
    ),
    "signature of something else": (
        lambda root: Signing(root.person(), signature=ec_key().sign(b"x", ec.ECDSA(hashes.SHA256()))),
        "invalid",
        "signature_mismatch",
    ),
    "signature by another key": (
        lambda root: Signing(root.person(key=ec_key("other")), named=root.person().certificate),
        "untrusted",
        "certificate_missing",
    ),
    "no signed attributes": (
        lambda root: Signing(root.person(), attributes=False),
        "invalid",
        "no_signed_attributes",
    ),
    "unknown algorithm": (
        lambda root: Signing(root.person(), algorithm={"algorithm": "sha256_dsa"}),
        "invalid",
        "unsupported_algorithm",
    ),
    "an elliptic curve of no standard mail knows": (
        lambda root: Signing(root.person(key=ec_key("k", ec.SECP256K1))),
        "invalid",
        "unsupported_algorithm",
    ),
    "two digests": (
        lambda root: Signing(root.person(), twice=["message_digest"]),
        "malformed",
        "bad_attributes",
    ),
    "two content types": (
        lambda root: Signing(root.person(), twice=["content_type"]),
        "malformed",
        "bad_attributes",
    ),
    "two signing times": (
        lambda root: Signing(root.person(), twice=["signing_time"]),
        "malformed",
        "bad_attributes",
    ),
    "no digest": (
        lambda root: Signing(root.person(), drop=["message_digest"]),
        "malformed",
        "bad_attributes",
    ),
    "no content type": (
        lambda root: Signing(root.person(), content_type=None),
        "malformed",
        "bad_attributes",
    ),
    "content type of something else": (
        lambda root: Signing(root.person(), content_type="enveloped_data"),
        "malformed",
        "bad_attributes",
    ),
    "hashes that disagree": (
        lambda root: Signing(root.person(), algorithm={"algorithm": "sha512_ecdsa"}),
        "malformed",
        "algorithm_mismatch",
    ),
    "rsa hashes that disagree": (
        lambda root: Signing(root.person(key=rsa_key()), algorithm={"algorithm": "sha512_rsa"}),
        "malformed",
        "algorithm_mismatch",
    ),
    "ed25519 without sha512": (
        lambda root: Signing(root.person(key=ed_key())),
        "malformed",
        "algorithm_mismatch",
    ),
    "expired": (
        lambda root: Signing(root.person(last=AT - DAY)),
        "expired",
        "certificate_time",
    ),
    "not yet valid": (
        lambda root: Signing(root.person(first=AT + DAY)),
        "not_yet_valid",
        "certificate_time",
    ),
    "signed long ago": (
        lambda root: Signing(root.person(), at=AT - 4 * DAY),
        "expired",
        "signing_time",
    ),
    "signed tomorrow": (
        lambda root: Signing(root.person(), at=AT + DAY),
        "not_yet_valid",
        "signing_time",
    ),
    "usage for encryption only": (
        lambda root: Signing(root.person(usage_bits=usage("key_encipherment"))),
        "wrong_usage",
        "key_usage",
    ),
    "for the web only": (
        lambda root: Signing(root.person(use=WEB_USE)),
        "wrong_usage",
        "extended_key_usage",
    ),
    "sha1": (lambda root: Signing(root.person(), digest="sha1"), "weak", "weak_digest"),
    "sha224": (lambda root: Signing(root.person(), digest="sha224"), "weak", "weak_digest"),
    "md5": (lambda root: Signing(root.person(key=rsa_key()), digest="md5"), "weak", "weak_digest"),
    "rsa 1024": (lambda root: Signing(root.person(key=rsa_key("w", 1024))), "weak", "weak_key"),
    "p192": (lambda root: Signing(root.person(key=ec_key("w", ec.SECP224R1))), "weak", "weak_key"),
    "certificate signed with sha1": (
        lambda _root: Signing(signed_with_sha1(old_root().person(), old_root())),
        "weak",
        "weak_certificate",
    ),
    "somebody else": (
        lambda root: Signing(root.person(MALLORY)),
        "address_mismatch",
        "sender",
    ),
    "nobody": (lambda root: Signing(root.person("")), "address_mismatch", "sender"),
    "self-signed": (lambda _root: Signing(self_signed()), "untrusted", "no_path"),
    "an authority of the same name": (
        lambda _root: Signing(Authority.root("Root", key=ec_key("forger")).person()),
        "untrusted",
        "no_path",
    ),
}


@pytest.mark.parametrize("name", BAD_SIGNERS)
def test_every_way_to_be_wrong_has_its_own_word(root: Authority, name: str) -> None:
    make, status, reason = BAD_SIGNERS[name]
    verdict = judge(signed_mail(make(root)), root)
    assert word(verdict) == (status, reason)
    assert verdict.replay == ""


def test_every_status_and_reason_of_signers_is_reached_in_these_tables() -> None:
    reached = {status for _, status, _ in BAD_SIGNERS.values()}
    elsewhere = {"none", "valid", "revoked", "revocation_unknown", "partial"}
    assert reached | elsewhere == {status.value for status in Status}


def test_a_changed_mail_is_invalid_whoever_signed_it() -> None:
    mail = signed_mail(Signing(self_signed())).replace(b"call back", b"pay twice")
    assert word(judge(mail, Authority.root())) == ("invalid", "digest_mismatch")


def test_a_certificate_that_is_not_enclosed_is_not_trusted(root: Authority) -> None:
    alice = root.person()
    mail = detached(PAYLOAD, signed_data(PAYLOAD, Signing(alice), envelope=Envelope(certificates=[])))
    assert word(judge(mail, root)) == ("untrusted", "certificate_missing")


def test_a_certificate_that_is_not_enclosed_may_be_configured(root: Authority) -> None:
    alice = root.person()
    mail = detached(PAYLOAD, signed_data(PAYLOAD, Signing(alice), envelope=Envelope(certificates=[])))
    policy = Policy(certificates=(der(alice.certificate),))
    assert word(judge(mail, root, policy=policy)) == ("valid", "ok")


def test_a_false_certificate_with_the_same_name_and_number_does_not_hide_the_right_one(
    root: Authority,
) -> None:
    alice = root.person()
    forger = Authority.root("Root", key=ec_key("forger"))
    double = (
        x509.CertificateBuilder()
        .subject_name(alice.certificate.subject)
        .issuer_name(alice.certificate.issuer)
        .public_key(ec_key("double").public_key())
        .serial_number(alice.certificate.serial_number)
        .not_valid_before(AT - DAY)
        .not_valid_after(AT + DAY)
        .sign(forger.key, hashes.SHA256())
    )
    envelope = Envelope(certificates=[double, alice.certificate])
    mail = detached(PAYLOAD, signed_data(PAYLOAD, Signing(alice), envelope=envelope))
    assert word(judge(mail, root)) == ("valid", "ok")


# -- mails that are not signed, or not wholly


def test_an_unsigned_mail_is_none_and_shown_as_it_came(root: Authority) -> None:
    mail = HEAD + b"Content-Type: text/plain\r\n\r\nHello\r\n"
    verdict = judge(mail, root)
    assert word(verdict) == ("none", "not_signed")
    assert verdict.message == mail


def test_a_pgp_signature_is_none(root: Authority) -> None:
    mail = (
        HEAD
        + b'Content-Type: multipart/signed; protocol="application/pgp-signature"; boundary=b\r\n\r\n'
        + b"--b\r\n\r\nHello\r\n--b\r\nContent-Type: application/pgp-signature\r\n\r\nxyz\r\n--b--\r\n"
    )
    assert word(judge(mail, root)) == ("none", "not_signed")


def test_certificates_alone_are_no_signature(root: Authority) -> None:
    envelope = Envelope(certificates=[root.person().certificate])
    verdict = judge(opaque(signed_data(b"", envelope=envelope), "certs-only"), root)
    assert word(verdict) == ("none", "certificates_only")


def test_a_signature_over_one_part_only_is_partial(root: Authority) -> None:
    signed = signed_mail(Signing(root.person()), head=b"")
    mail = (
        HEAD
        + b"Content-Type: multipart/mixed; boundary=outer\r\n\r\n--outer\r\n"
        + signed
        + b"\r\n--outer\r\nContent-Type: text/plain\r\n\r\nlist footer\r\n--outer--\r\n"
    )
    assert word(judge(mail, root)) == ("partial", "part_signed")


def test_an_opaque_signature_beside_other_parts_is_partial(root: Authority) -> None:
    data = signed_data(PAYLOAD, Signing(root.person()), envelope=Envelope(content=PAYLOAD))
    mail = (
        HEAD
        + b"Content-Type: multipart/mixed; boundary=outer\r\n\r\n--outer\r\n"
        + opaque(data, head=b"")
        + b"\r\n--outer--\r\n"
    )
    assert word(judge(mail, root)) == ("partial", "part_signed")


def test_a_signed_mail_forwarded_as_an_attachment_signs_nothing(root: Authority) -> None:
    signed = signed_mail(Signing(root.person()))
    mail = (
        HEAD
        + b"Content-Type: multipart/mixed; boundary=outer\r\n\r\n--outer\r\n\r\nsee below\r\n"
        + b"--outer\r\nContent-Type: message/rfc822\r\n\r\n"
        + signed
        + b"\r\n--outer--\r\n"
    )
    assert word(judge(mail, root)) == ("none", "not_signed")


# -- malformed


def broken(root: Authority) -> dict[str, bytes]:
    alice = Signing(root.person())
    data = signed_data(PAYLOAD, alice)
    good = detached(PAYLOAD, data)
    both = signed_data(PAYLOAD, alice, envelope=Envelope(content=PAYLOAD))
    return {
        "octets after the structure": detached(PAYLOAD, data + b"\x00"),
        "cut off": detached(PAYLOAD, data[:-40]),
        "content twice": detached(PAYLOAD, both),
        "opaque without content": opaque(data),
        "no base64": good.replace(b"\r\n\r\nMI", b"\r\n\r\n!!", 1),
        "three parts": good.replace(b"--=_edge--", b"--=_edge\r\n\r\nmore\r\n--=_edge--"),
        "one part": HEAD
        + b'Content-Type: multipart/signed; protocol="application/pkcs7-signature"; boundary=b\r\n\r\n'
        + b"--b\r\n\r\nx\r\n--b--\r\n",
        "no closing line": good.replace(b"--=_edge--", b""),
        "no boundary": good.replace(b'boundary="=_edge"', b"charset=x"),
        "second part is a picture": good.replace(
            b"Content-Type: application/pkcs7-signature; name", b"Content-Type: image/png; name"
        ),
        "two content types": b"Content-Type: text/plain\r\n" + good,
        "unknown transfer encoding": good.replace(
            b"Content-Transfer-Encoding: base64", b"Content-Transfer-Encoding: uuencode"
        ),
        "an envelope for a signature": detached(
            PAYLOAD,
            signed_data(PAYLOAD, alice, envelope=Envelope()).replace(
                b"\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02", b"\x2a\x86\x48\x86\xf7\x0d\x01\x07\x06", 1
            ),
        ),
    }


@pytest.mark.parametrize(
    "name",
    [
        "octets after the structure",
        "cut off",
        "content twice",
        "opaque without content",
        "no base64",
        "three parts",
        "one part",
        "no closing line",
        "no boundary",
        "second part is a picture",
        "two content types",
        "unknown transfer encoding",
        "an envelope for a signature",
    ],
)
def test_what_is_no_strict_cms_or_mime_is_malformed(root: Authority, name: str) -> None:
    verdict = judge(broken(root)[name], root)
    assert word(verdict) == ("malformed", "bad_structure")
    assert verdict.message == b""
    assert verdict.signer is None


def test_two_from_fields_are_malformed(root: Authority) -> None:
    mail = signed_mail(Signing(root.person()), head=b"From: bob@acme.example\r\n" + HEAD)
    assert word(judge(mail, root)) == ("malformed", "several_from")


# -- several signers


def test_one_good_signer_of_two_is_enough(root: Authority) -> None:
    stranger = Signing(self_signed(MALLORY))
    verdict = judge(signed_mail(stranger, Signing(root.person())), root)
    assert word(verdict) == ("valid", "ok")
    assert sorted(one.status.value for one in verdict.layers[0].signers) == ["untrusted", "valid"]
    assert verdict.signer is not None
    assert verdict.signer.status is Status.VALID


def test_no_good_signer_of_two_is_invalid(root: Authority) -> None:
    mail = signed_mail(Signing(self_signed()), Signing(root.person(MALLORY)))
    assert word(judge(mail, root)) == ("invalid", "no_good_signer")


def test_two_signers_with_the_same_fault_keep_its_word(root: Authority) -> None:
    mail = signed_mail(Signing(root.person(MALLORY)), Signing(root.person("eve@evil.example")))
    assert word(judge(mail, root)) == ("address_mismatch", "sender")


# -- pins and domain signers


def test_a_pinned_self_signed_certificate_is_valid() -> None:
    alice = self_signed()
    for pinned in (fingerprint(alice.certificate), key_fingerprint(alice.certificate).upper()):
        policy = Policy(pins=(Pin(ALICE, pinned),))
        verdict = judge(signed_mail(Signing(alice)), None, policy=policy)
        assert word(verdict) == ("valid", "ok")
        assert verdict.signer is not None
        assert verdict.signer.pinned


def test_a_sender_with_pins_is_believed_by_no_other_key(root: Authority) -> None:
    policy = Policy(pins=(Pin(ALICE, "00" * 32),))
    mail = signed_mail(Signing(root.person()))
    assert word(judge(mail, root, policy=policy)) == ("untrusted", "not_pinned")


def test_a_pinned_certificate_expires_all_the_same(root: Authority) -> None:
    alice = root.person(last=AT - DAY)
    policy = Policy(pins=(Pin(ALICE, fingerprint(alice.certificate)),))
    verdict = judge(signed_mail(Signing(alice)), root, policy=policy)
    assert word(verdict) == ("expired", "certificate_time")


def test_a_pin_of_somebody_else_changes_nothing(root: Authority) -> None:
    policy = Policy(pins=(Pin("bob@acme.example", "00" * 32),))
    assert judge(signed_mail(Signing(root.person())), root, policy=policy).valid


def test_a_domain_signer_vouches_for_every_address_of_its_domain_only(root: Authority) -> None:
    gateway = root.person("gateway@acme.example")
    print_of = fingerprint(gateway.certificate)
    mail = signed_mail(Signing(gateway))
    assert judge(mail, root, policy=Policy(domain_signers=(DomainSigner("ACME.example", print_of),))).valid
    other = Policy(domain_signers=(DomainSigner("other.example", print_of),))
    assert word(judge(mail, root, policy=other)) == ("address_mismatch", "sender")


def test_a_domain_signer_needs_a_path(root: Authority) -> None:
    gateway = self_signed("gateway@acme.example")
    policy = Policy(domain_signers=(DomainSigner("acme.example", fingerprint(gateway.certificate)),))
    assert word(judge(signed_mail(Signing(gateway)), root, policy=policy)) == ("untrusted", "no_path")


# -- switches


def test_an_operator_may_allow_weak_signatures(root: Authority) -> None:
    mail = signed_mail(Signing(root.person(), digest="sha1"))
    assert judge(mail, root, policy=Policy(allow_weak=True)).valid


def test_an_operator_may_allow_signatures_without_attributes(root: Authority) -> None:
    mail = signed_mail(Signing(root.person(), attributes=False))
    assert judge(mail, root, policy=Policy(allow_no_attributes=True)).valid


def test_signed_attributes_shown_as_content_are_never_valid(root: Authority) -> None:
    whole = signed_data(PAYLOAD, Signing(root.person()))
    part = open_cms(whole, Limits())
    assert isinstance(part, SignedPart)
    attributes = part.signers[0].attributes[0]
    confused = Signing(root.person(), attributes=False, signature=part.signers[0].signature)
    data = signed_data(attributes, confused, envelope=Envelope(content=attributes))
    verdict = judge(opaque(data), root, policy=Policy(allow_no_attributes=True))
    assert word(verdict) == ("invalid", "no_signed_attributes")


def test_other_content_without_attributes_is_malformed(root: Authority) -> None:
    one = Signing(root.person(), attributes=False)
    data = signed_data(PAYLOAD, one, envelope=Envelope(content=PAYLOAD))
    plain, compressed = (bytes.fromhex("06092a864886f70d0107" + last) for last in ("01", "05"))
    assert word(judge(opaque(data.replace(plain, compressed)), root)) == ("malformed", "bad_attributes")


def test_revocation_off_is_not_checked(root: Authority) -> None:
    alice = root.person()
    policy = Policy(revocation=RevocationMode.OFF)
    verdict = judge(signed_mail(Signing(alice)), root, crls=[root.crl(alice)], policy=policy)
    assert verdict.valid
    assert verdict.signer is not None
    assert verdict.signer.revocation.value == "unchecked"
