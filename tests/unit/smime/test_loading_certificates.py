"""What an operator gives us: certificates, lists and keys in every form, and a sentence for anything else."""

from __future__ import annotations

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.serialization import Encoding
from smime_fixtures import ALICE, Authority, Signing, ec_key, judge, key_pem, pem, rsa_key, signed_mail

from smime import BadInputError, Identity, load_certificates, load_lists
from smime.certificates import der, fingerprint, key_fingerprint, key_id, named_by
from smime.parse import Reference, issuer_of


@pytest.fixture(scope="module")
def root() -> Authority:
    return Authority.root()


def test_certificates_come_as_pem_der_objects_or_any_of_them(root: Authority) -> None:
    one, two = root.certificate, root.person().certificate
    assert load_certificates(one) == [one]
    assert load_certificates(der(one)) == [one]
    assert load_certificates(b"a comment\n" + pem(one) + b"\n# another\n" + pem(two)) == [one, two]
    assert load_certificates([der(one), two, pem(one) + pem(two)]) == [one, two, one, two]
    assert load_certificates(iter([one])) == [one]
    assert load_certificates([]) == []


def test_lists_come_the_same_ways(root: Authority) -> None:
    one, two = root.crl(), root.crl(root.person())
    binary = one.public_bytes(Encoding.DER)
    assert load_lists(one) == [one]
    assert load_lists([binary, two]) == [one, two]
    assert load_lists(pem(one) + b"text" + pem(two)) == [one, two]
    assert load_lists(()) == []


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"nothing",
        b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        b"-----BEGIN",
        b"\x30\x00",
    ],
)
def test_what_is_no_certificate_or_list_is_named(data: bytes) -> None:
    with pytest.raises(BadInputError):
        load_certificates(data)
    with pytest.raises(BadInputError):
        load_lists(data)


def test_one_bad_certificate_spoils_the_bundle_loudly(root: Authority) -> None:
    damaged = pem(root.certificate).replace(b"MII", b"!!!", 1)
    with pytest.raises(BadInputError):
        load_certificates(pem(root.certificate) + damaged)


def test_a_key_with_a_password(root: Authority) -> None:
    who = root.person(key=rsa_key())
    locked = who.key.private_bytes(
        Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"secret"),
    )
    assert Identity.load(pem(who.certificate), locked, b"secret").certificate == who.certificate
    for wrong in (None, b"other"):
        with pytest.raises(BadInputError, match="cannot be read"):
            Identity.load(pem(who.certificate), locked, wrong)


def test_the_first_certificate_of_a_bundle_is_the_identity(root: Authority) -> None:
    who = root.person(key=rsa_key())
    bundle = pem(who.certificate) + pem(root.certificate)
    assert Identity.load(bundle, key_pem(who.key)).certificate == who.certificate
    with pytest.raises(BadInputError, match="does not belong"):
        Identity.load(pem(root.certificate) + pem(who.certificate), key_pem(who.key))


def test_fingerprints_are_sha256_in_hex(root: Authority) -> None:
    certificate = root.person().certificate
    assert fingerprint(certificate) == certificate.fingerprint(hashes.SHA256()).hex()
    same_key = root.person("bob@acme.example").certificate
    assert key_fingerprint(certificate) == key_fingerprint(same_key)
    assert key_fingerprint(certificate) != key_fingerprint(root.person(key=ec_key("b")).certificate)


def test_key_identifiers_are_given_or_made(root: Authority) -> None:
    given, bare = root.person().certificate, root.person(key_id=False).certificate
    made = x509.SubjectKeyIdentifier.from_public_key(bare.public_key()).digest
    assert key_id(bare) == made == key_id(given)
    odd = x509.SubjectKeyIdentifier(b"my own")
    own = root.person(key_id=False, extra=[(odd, False)]).certificate
    assert key_id(own) == b"my own"


def test_references_name_one_certificate(root: Authority) -> None:
    certificate = root.person().certificate
    issuer = issuer_of(der(certificate))
    number = certificate.serial_number
    assert named_by(Reference(issuer=issuer, serial=number), certificate)
    assert not named_by(Reference(issuer=issuer, serial=number + 1), certificate)
    assert not named_by(Reference(issuer=issuer[:-1] + b"x", serial=number), certificate)
    assert named_by(Reference(key_id=key_id(certificate)), certificate)
    assert not named_by(Reference(key_id=b"other"), certificate)


def test_the_issuer_keeps_its_octets(root: Authority) -> None:
    certificate = root.person().certificate
    assert issuer_of(der(certificate)) == root.certificate.subject.public_bytes()


def test_trust_may_be_a_bundle(root: Authority) -> None:
    mail = signed_mail(Signing(root.person()))
    bundle = pem(Authority.root("Other").certificate) + pem(root.certificate)
    assert judge(mail, root, trust=bundle).valid
    assert judge(mail, root, trust=[der(root.certificate)], sender=ALICE).valid
    assert judge(mail, None).verdict.value == "untrusted"
