"""Decrypting: every algorithm, one outward error, ciphertext only as the whole (smime.md section 7).

OpenSSL does the same algorithms from outside in tests/interop/test_openssl_cms.py. What it cannot make
(X25519, ChaCha20, short tags, authenticated attributes) is made here.
"""

from __future__ import annotations

import os
from typing import Any

import pytest
from asn1crypto import algos, cms, core
from cryptography.hazmat.primitives.asymmetric import ec, padding, x25519
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.keywrap import aes_key_wrap
from smime_fixtures import (
    ALICE,
    AT,
    DAY,
    HEAD,
    PAYLOAD,
    Authority,
    Envelope,
    Signing,
    ec_key,
    judge,
    opaque,
    rsa_key,
    signed_data,
    signed_mail,
    word,
    x25519_key,
)

import smime
from smime import Encryption, Identity, Policy, Reason, content, signing, structures
from smime.certificates import der, fingerprint, key_id
from smime.decryption import plausible
from smime.encryption import CIPHERS, enveloped
from smime.parse import load_algorithm
from smime.recipients import keys

MAIL = HEAD + PAYLOAD


@pytest.fixture(scope="module")
def root() -> Authority:
    return Authority.root()


@pytest.fixture(scope="module")
def gateway(root: Authority) -> Identity:
    return root.person("fax@fax.example.org", rsa_key("gateway"))


def identity(root: Authority, kind: str) -> Identity:
    key = {
        "rsa": lambda: rsa_key("gateway"),
        "p256": lambda: ec_key("gateway"),
        "p384": lambda: ec_key("gateway", ec.SECP384R1),
        "p521": lambda: ec_key("gateway", ec.SECP521R1),
        "x25519": x25519_key,
    }[kind]()
    if kind == "x25519":
        signed = root.person("fax@fax.example.org", key=ec_key("stand-in"))
        return Identity(root.certify(key, signed.certificate.subject), key)
    return root.person("fax@fax.example.org", key)


def encrypted(payload: bytes, *who: Identity, cipher: str = "aes256-cbc", oaep: bool = False) -> bytes:
    data = enveloped(payload, [one.certificate for one in who], cipher, oaep=oaep)
    return opaque(data, "enveloped-data")


@pytest.mark.parametrize("kind", ["rsa", "p256", "p384", "p521", "x25519"])
@pytest.mark.parametrize("cipher", sorted(CIPHERS))
def test_what_we_encrypt_we_open(root: Authority, kind: str, cipher: str) -> None:
    me = identity(root, kind)
    opened = smime.decrypt(encrypted(PAYLOAD, me, cipher=cipher), identities=[me])
    assert opened.encryption is Encryption.DECRYPTED
    assert opened.content == PAYLOAD
    assert opened.layers[0].algorithms[1] == cipher
    assert opened.layers[0].recipient == fingerprint(me.certificate)
    assert (opened.code, opened.text, opened.failed) == ("", "", False)


def test_oaep(gateway: Identity) -> None:
    opened = smime.decrypt(encrypted(PAYLOAD, gateway, oaep=True), identities=[gateway])
    assert opened.content == PAYLOAD
    assert opened.layers[0].algorithms[0] == "rsa-oaep"


def test_each_of_several_keys_of_ours_opens(root: Authority, gateway: Identity) -> None:
    current = identity(root, "p256")
    for used in (gateway, current):
        opened = smime.decrypt(encrypted(PAYLOAD, used), identities=[gateway, current])
        assert opened.content == PAYLOAD
    both = smime.decrypt(encrypted(PAYLOAD, gateway, current), identities=[current])
    assert both.content == PAYLOAD


def test_an_expired_certificate_still_opens(root: Authority) -> None:
    old = root.person("fax@fax.example.org", rsa_key("gateway"), last=AT - DAY)
    assert smime.decrypt(encrypted(PAYLOAD, old), identities=[old]).content == PAYLOAD


# -- failures: one answer for the outside


def failures(root: Authority, gateway: Identity) -> dict[str, tuple[bytes, list[Identity], Policy]]:
    other = root.person("fax@fax.example.org", rsa_key("other"))
    impostor = Identity(gateway.certificate, rsa_key("other"))
    good = encrypted(PAYLOAD, gateway)
    cbc = enveloped(PAYLOAD, [gateway.certificate], "aes256-cbc")
    gcm = bytearray(enveloped(PAYLOAD, [gateway.certificate], "aes256-gcm"))
    gcm[-1] ^= 1
    return {
        "not for us": (good, [other], Policy()),
        "wrong key": (good, [impostor], Policy()),
        "no key at all": (good, [], Policy()),
        "wrong tag": (opaque(bytes(gcm), "enveloped-data"), [gateway], Policy()),
        "cut off": (opaque(cbc[:-20], "enveloped-data"), [gateway], Policy()),
        "half a block": (opaque(half_a_block(cbc), "enveloped-data"), [gateway], Policy()),
        "unknown cipher": (opaque(with_cipher(cbc, "rc2"), "enveloped-data"), [gateway], Policy()),
        "compressed": (opaque(compressed(), "compressed-data"), [gateway], Policy()),
        "no base64": (good.replace(b"\r\n\r\nMI", b"\r\n\r\n!I"), [gateway], Policy()),
        "not data inside": (opaque(with_inner_type(cbc), "enveloped-data"), [gateway], Policy()),
    }


def half_a_block(data: bytes) -> bytes:
    info = cms.ContentInfo.load(data)
    content = info["content"]["encrypted_content_info"]
    content["encrypted_content"] = content["encrypted_content"].native[:-8]
    return info.dump(force=True)


def with_cipher(data: bytes, name: str) -> bytes:
    info = cms.ContentInfo.load(data)
    content = info["content"]["encrypted_content_info"]
    content["content_encryption_algorithm"] = {"algorithm": name}
    return info.dump(force=True)


def with_inner_type(data: bytes) -> bytes:
    info = cms.ContentInfo.load(data)
    info["content"]["encrypted_content_info"]["content_type"] = "signed_data"
    return info.dump(force=True)


def compressed() -> bytes:
    inner = {"content_type": "data", "content": b"x"}
    data = cms.CompressedData(
        {"version": 0, "compression_algorithm": {"algorithm": "zlib"}, "encap_content_info": inner}
    )
    return cms.ContentInfo({"content_type": "compressed_data", "content": data}).dump()


EXPECTED = {
    "not for us": (Encryption.NO_RECIPIENT, Reason.NOT_FOR_US),
    "wrong key": (Encryption.FAILED, Reason.UNDECRYPTABLE),
    "no key at all": (Encryption.NO_RECIPIENT, Reason.NOT_FOR_US),
    "wrong tag": (Encryption.FAILED, Reason.UNDECRYPTABLE),
    "cut off": (Encryption.FAILED, Reason.UNDECRYPTABLE),
    "half a block": (Encryption.FAILED, Reason.UNDECRYPTABLE),
    "unknown cipher": (Encryption.UNSUPPORTED, Reason.UNSUPPORTED_ALGORITHM),
    "compressed": (Encryption.UNSUPPORTED, Reason.COMPRESSED),
    "no base64": (Encryption.FAILED, Reason.UNDECRYPTABLE),
    "not data inside": (Encryption.UNSUPPORTED, Reason.UNKNOWN_CONTENT),
}


@pytest.mark.parametrize("name", EXPECTED)
def test_every_failure_has_its_reason_inside_and_one_word_outside(
    root: Authority, gateway: Identity, name: str
) -> None:
    mail, identities, policy = failures(root, gateway)[name]
    opened = smime.decrypt(mail, identities=identities, policy=policy)
    assert (opened.encryption, opened.reason) == EXPECTED[name]
    assert (opened.code, opened.text) == ("5.7.5", "the message could not be decrypted")
    assert opened.content == b""
    verdict = judge(mail, root, identities=identities, policy=policy)
    assert (verdict.encryption, verdict.encryption_reason) == EXPECTED[name]
    assert verdict.message == b""
    assert word(verdict) == ("none", "not_signed")


def test_wrong_padding_and_wrong_key_do_the_same_work(
    gateway: Identity, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = []
    real = content.decrypt

    def counted(part: Any, key: bytes) -> bytes:
        calls.append(len(key))
        return real(part, key)

    monkeypatch.setattr(content, "decrypt", counted)
    whole = enveloped(PAYLOAD, [gateway.certificate], "aes256-cbc")
    info = cms.ContentInfo.load(whole)
    recipient = info["content"]["recipient_infos"][0].chosen
    for encrypted_key in (os.urandom(256), gateway.key.public_key().encrypt(bytes(7), padding.PKCS1v15())):
        recipient["encrypted_key"] = encrypted_key
        opened = smime.decrypt(opaque(info.dump(force=True), "enveloped-data"), identities=[gateway])
        assert opened.encryption is Encryption.FAILED
    assert calls == [32, 32]


def test_noise_is_not_taken_for_a_message() -> None:
    assert plausible(PAYLOAD)
    assert plausible("Grüße ohne Kopf".encode())
    assert plausible(b"Content-Type: image/png\r\n\r\n\x00\x01\x02")
    assert not plausible(b"\x9a\x01\x00noise\x1b")


# -- what OpenSSL cannot make


def test_x25519_with_user_keying_material_in_both_readings_of_hkdf(root: Authority) -> None:

    me = identity(root, "x25519")
    ephemeral = x25519.X25519PrivateKey.generate()
    secret = ephemeral.exchange(me.key.public_key())
    wrap = structures.AlgorithmIdentifier({"algorithm": "2.16.840.1.101.3.4.1.45"}).dump()
    scheme = "1.2.840.113549.1.9.16.3.19"
    content_key = os.urandom(32)
    for kek in keys(scheme, load_algorithm(wrap), b"material", secret):
        info = structures.KeyAgreement(
            {
                "version": 3,
                "originator": structures.Originator(
                    "key",
                    structures.OriginatorPublicKey(
                        {
                            "algorithm": {"algorithm": "1.3.101.110"},
                            "public_key": ephemeral.public_key().public_bytes_raw(),
                        }
                    ),
                ),
                "ukm": b"material",
                "algorithm": {"algorithm": scheme, "parameters": structures.Any.load(wrap)},
                "keys": [
                    {
                        "rid": structures.AgreementReference("key_id", {"key_id": key_id(me.certificate)}),
                        "encrypted_key": aes_key_wrap(kek, content_key),
                    }
                ],
            }
        )
        recipient = structures.RecipientInfo("agreement", info)
        opened = smime.decrypt(
            opaque(gcm([recipient], content_key, 16), "authEnveloped-data"), identities=[me]
        )
        assert opened.content == PAYLOAD


def gcm(
    recipients: list[Any], key: bytes, tag: int, stated: int | None = None, attributes: bytes = b""
) -> bytes:
    """AuthEnvelopedData with a tag of any length and, if given, authenticated attributes."""
    nonce = os.urandom(12)
    encryptor = Cipher(algorithms.AES(key), modes.GCM(nonce)).encryptor()
    encryptor.authenticate_additional_data(attributes)
    sealed = encryptor.update(PAYLOAD) + encryptor.finalize()
    parameters = structures.AeadParameters({"nonce": nonce, "tag": tag if stated is None else stated})
    fields: dict[str, Any] = {
        "version": 0,
        "recipients": recipients,
        "content": {
            "content_type": "1.2.840.113549.1.7.1",
            "algorithm": {
                "algorithm": "2.16.840.1.101.3.4.1.46",
                "parameters": structures.Any.load(parameters.dump()),
            },
            "content": sealed,
        },
        "mac": encryptor.tag[:tag],
    }
    if attributes:
        fields["authenticated"] = structures.Attributes.load(attributes)
    data = structures.AuthEnvelopedData(fields)
    info = structures.ContentInfo({"content_type": "1.2.840.113549.1.9.16.1.23", "content": data})
    return bytes(info.dump())


def to_rsa(who: Identity, key: bytes, scheme: Any = None, algorithm: Any = None) -> Any:
    info = structures.KeyTransport(
        {
            "version": 2,
            "rid": structures.CertificateReference("key_id", key_id(who.certificate)),
            "algorithm": algorithm or {"algorithm": "1.2.840.113549.1.1.1", "parameters": signing.NULL},
            "encrypted_key": who.key.public_key().encrypt(key, scheme or padding.PKCS1v15()),
        }
    )
    return structures.RecipientInfo("transport", info)


@pytest.mark.parametrize(("tag", "opens"), [(11, False), (12, True), (13, True), (16, True)])
def test_tags_have_12_to_16_octets(gateway: Identity, tag: int, *, opens: bool) -> None:
    key = os.urandom(32)
    mail = opaque(gcm([to_rsa(gateway, key)], key, tag), "authEnveloped-data")
    assert (smime.decrypt(mail, identities=[gateway]).content == PAYLOAD) is opens


def test_a_tag_shorter_than_it_says_is_refused(gateway: Identity) -> None:
    key = os.urandom(32)
    mail = opaque(gcm([to_rsa(gateway, key)], key, 12, stated=16), "authEnveloped-data")
    assert smime.decrypt(mail, identities=[gateway]).encryption is Encryption.FAILED


def test_authenticated_attributes_are_under_the_tag(gateway: Identity) -> None:
    key = os.urandom(32)
    attributes = cms.CMSAttributes([cms.CMSAttribute({"type": "content_type", "values": ["data"]})]).dump()
    data = gcm([to_rsa(gateway, key)], key, 16, attributes=attributes)
    assert smime.decrypt(opaque(data, "x"), identities=[gateway]).content == PAYLOAD
    changed = data.replace(attributes[2:], attributes[2:-1] + b"\x02")
    assert changed != data
    assert smime.decrypt(opaque(changed, "x"), identities=[gateway]).encryption is Encryption.FAILED


def test_oaep_from_an_unknown_source_of_labels_is_refused(gateway: Identity) -> None:
    key = os.urandom(32)
    parameters = algos.RSAESOAEPParams(
        {"p_source_algorithm": {"algorithm": "p_specified", "parameters": b""}}
    )
    spoiled = parameters.dump(force=True).replace(
        bytes.fromhex("2a864886f70d010109"), bytes.fromhex("2a864886f70d01017f")
    )
    algorithm = {
        "algorithm": "1.2.840.113549.1.1.7",
        "parameters": structures.Any.load(spoiled),
    }
    mail = opaque(gcm([to_rsa(gateway, key, algorithm=algorithm)], key, 16), "x")
    assert smime.decrypt(mail, identities=[gateway]).encryption is Encryption.FAILED


def test_an_unknown_way_to_hand_over_a_key_is_unsupported(gateway: Identity) -> None:
    key = os.urandom(32)
    algorithm = {"algorithm": "1.2.3.4"}
    mail = opaque(gcm([to_rsa(gateway, key, algorithm=algorithm)], key, 16), "x")
    assert smime.decrypt(mail, identities=[gateway]).encryption is Encryption.UNSUPPORTED


def test_other_recipients_may_hold_nonsense(root: Authority, gateway: Identity) -> None:
    key = os.urandom(32)
    other = root.person("bob@acme.example", rsa_key("other"))
    nonsense = {"algorithm": "1.2.3.4", "parameters": core.OctetString(b"?" * 40)}
    recipients = [to_rsa(other, b"x", algorithm=nonsense), to_rsa(gateway, key)]
    assert smime.decrypt(opaque(gcm(recipients, key, 16), "x"), identities=[gateway]).content == PAYLOAD


# -- only as the whole


def parts(*inner: bytes, kind: bytes = b"mixed") -> bytes:
    body = b"".join(b"--b\r\n" + one + b"\r\n" for one in inner)
    return HEAD + b"Content-Type: multipart/" + kind + b"; boundary=b\r\n\r\n" + body + b"--b--\r\n"


@pytest.mark.parametrize("kind", [b"mixed", b"related", b"alternative"])
def test_ciphertext_beside_other_parts_stays_closed(root: Authority, gateway: Identity, kind: bytes) -> None:
    inner = encrypted(PAYLOAD, gateway).removeprefix(HEAD)
    mail = parts(b'Content-Type: text/html\r\n\r\n<img src="http://evil.example/', inner, kind=kind)
    opened = smime.decrypt(mail, identities=[gateway])
    assert (opened.encryption, opened.reason) == (Encryption.PARTIAL, Reason.PART_ENCRYPTED)
    assert opened.content == b""
    assert judge(mail, root, identities=[gateway]).message == b""


def test_ciphertext_in_an_attached_message_stays_closed(gateway: Identity) -> None:
    mail = parts(b"Content-Type: message/rfc822\r\n\r\n" + encrypted(PAYLOAD, gateway))
    assert smime.decrypt(mail, identities=[gateway]).encryption is Encryption.PARTIAL


def test_ciphertext_that_hides_its_type_stays_closed(gateway: Identity) -> None:
    inner = encrypted(PAYLOAD, gateway).removeprefix(HEAD)
    unnamed = inner.replace(
        b"application/pkcs7-mime; smime-type=enveloped-data;", b"application/octet-stream;"
    )
    assert unnamed != inner
    assert smime.decrypt(parts(unnamed), identities=[gateway]).encryption is Encryption.PARTIAL
    untyped = inner.replace(b" smime-type=enveloped-data;", b"")
    assert smime.decrypt(parts(untyped), identities=[gateway]).encryption is Encryption.PARTIAL


def test_ciphertext_beside_parts_inside_a_ciphertext_stays_closed(gateway: Identity) -> None:
    inner = encrypted(PAYLOAD, gateway).removeprefix(HEAD)
    mail = encrypted(parts(inner).removeprefix(HEAD), gateway)
    opened = smime.decrypt(mail, identities=[gateway])
    assert opened.encryption is Encryption.PARTIAL
    assert opened.content == b""


def test_a_whole_message_named_only_by_its_file_is_opened(gateway: Identity) -> None:
    mail = encrypted(PAYLOAD, gateway).replace(
        b"application/pkcs7-mime; smime-type=enveloped-data;", b"application/octet-stream;"
    )
    assert smime.decrypt(mail, identities=[gateway]).content == PAYLOAD


def test_a_file_that_only_looks_like_cms_is_an_attachment(root: Authority) -> None:
    mail = HEAD + b"Content-Type: application/octet-stream; name=x.p7m\r\n\r\nnot CMS at all\r\n"
    assert word(judge(mail, root)) == ("none", "not_signed")
    assert judge(mail, root).encryption is Encryption.NONE


def test_an_unencrypted_mail_is_none(gateway: Identity) -> None:
    opened = smime.decrypt(MAIL, identities=[gateway])
    assert (opened.encryption, opened.failed, opened.content) == (Encryption.NONE, False, b"")


def test_a_ciphertext_inside_a_signature_is_opened(root: Authority, gateway: Identity) -> None:
    inner = encrypted(PAYLOAD, gateway).removeprefix(HEAD)
    mail = signed_mail(Signing(root.person()), payload=inner)
    assert smime.decrypt(mail, identities=[gateway]).content == PAYLOAD


def test_twice_encrypted_is_opened_twice(root: Authority, gateway: Identity) -> None:
    other = identity(root, "p256")
    mail = encrypted(encrypted(PAYLOAD, other).removeprefix(HEAD), gateway)
    assert smime.decrypt(mail, identities=[gateway, other]).content == PAYLOAD


def test_a_signature_inside_is_handed_over_whole(root: Authority, gateway: Identity) -> None:
    signed = signed_mail(Signing(root.person()), head=b"")
    opened = smime.decrypt(encrypted(signed, gateway), identities=[gateway])
    assert opened.content == signed
    assert [layer.kind for layer in opened.layers] == ["encrypted", "signed"]


def test_a_damaged_signature_inside_does_not_hide_what_was_decrypted(
    root: Authority, gateway: Identity
) -> None:
    signed = signed_mail(Signing(root.person()), head=b"").replace(b"--=_edge--", b"")
    opened = smime.decrypt(encrypted(signed, gateway), identities=[gateway])
    assert opened.content == signed
    assert opened.encryption is Encryption.DECRYPTED


def test_records_show_no_content(root: Authority, gateway: Identity) -> None:
    opened = smime.decrypt(encrypted(PAYLOAD, gateway), identities=[gateway])
    verdict = judge(encrypted(PAYLOAD, gateway), root, identities=[gateway])
    assert "call back" not in repr(opened) + str(opened.as_json()) + repr(verdict) + str(verdict.as_json())
    assert der(gateway.certificate).hex() not in repr(gateway)


def test_an_opaque_signature_in_der_inside_a_ciphertext(root: Authority, gateway: Identity) -> None:
    data = signed_data(PAYLOAD, Signing(root.person()), envelope=Envelope(content=PAYLOAD))
    mail = encrypted(opaque(data, head=b""), gateway)
    verdict = judge(mail, root, identities=[gateway], sender=ALICE)
    assert word(verdict) == ("valid", "ok")
    assert verdict.encrypted_inside
