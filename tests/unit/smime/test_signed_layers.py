"""Several layers: which signature decides, and what the others must be (smime.md section 7)."""

from __future__ import annotations

import pytest
from smime_fixtures import (
    ALICE,
    HEAD,
    MALLORY,
    PAYLOAD,
    Authority,
    Envelope,
    Signing,
    judge,
    opaque,
    rsa_key,
    self_signed,
    signed_data,
    signed_mail,
    word,
)

from smime import Identity, Policy
from smime.certificates import fingerprint
from smime.encryption import enveloped


@pytest.fixture(scope="module")
def root() -> Authority:
    return Authority.root()


@pytest.fixture(scope="module")
def me(root: Authority) -> Identity:
    return root.person("fax@fax.example.org", rsa_key("gateway"))


def signed(who: Identity, payload: bytes, head: bytes = b"") -> bytes:
    return signed_mail(Signing(who), payload=payload, head=head)


def sealed(me: Identity, payload: bytes, head: bytes = b"") -> bytes:
    return opaque(enveloped(payload, [me.certificate], "aes256-cbc"), "enveloped-data", head)


def test_signed_then_encrypted_is_decided_inside(root: Authority, me: Identity) -> None:
    mail = sealed(me, signed(root.person(), PAYLOAD), HEAD)
    verdict = judge(mail, root, identities=[me])
    assert word(verdict) == ("valid", "ok")
    assert [layer.kind for layer in verdict.layers] == ["encrypted", "signed"]
    assert verdict.encrypted_inside
    assert verdict.content == PAYLOAD
    bad = sealed(me, signed(root.person(MALLORY), PAYLOAD), HEAD)
    assert word(judge(bad, root, identities=[me])) == ("address_mismatch", "sender")


def test_a_triple_wrap_by_one_sender_is_valid(root: Authority, me: Identity) -> None:
    alice = root.person()
    mail = signed(alice, sealed(me, signed(alice, PAYLOAD)), HEAD)
    verdict = judge(mail, root, identities=[me])
    assert word(verdict) == ("valid", "ok")
    assert [layer.kind for layer in verdict.layers] == ["signed", "encrypted", "signed"]
    assert verdict.encrypted_inside


def test_a_triple_wrap_by_a_stranger_is_not(root: Authority, me: Identity) -> None:
    inner = sealed(me, signed(root.person(), PAYLOAD))
    assert word(judge(signed(root.person(MALLORY), inner, HEAD), root, identities=[me])) == (
        "address_mismatch",
        "outer_signer",
    )
    assert word(judge(signed(self_signed(), inner, HEAD), root, identities=[me])) == ("untrusted", "no_path")


def test_a_configured_gateway_may_sign_around(root: Authority, me: Identity) -> None:
    relay = root.person("relay@acme.example")
    mail = signed(relay, sealed(me, signed(root.person(), PAYLOAD)), HEAD)
    policy = Policy(gateways=(fingerprint(relay.certificate),))
    assert judge(mail, root, identities=[me], policy=policy).valid
    assert word(judge(mail, root, identities=[me])) == ("address_mismatch", "outer_signer")


def test_a_gateway_alone_signs_for_nobody(root: Authority) -> None:
    relay = root.person("relay@acme.example")
    policy = Policy(gateways=(fingerprint(relay.certificate),))
    found = judge(signed(relay, PAYLOAD, HEAD), root, policy=policy)
    assert word(found) == ("address_mismatch", "outer_signer")


def test_a_changed_outer_signature_spoils_a_good_inner_one(root: Authority) -> None:
    alice = root.person()
    mail = signed(alice, b"X-Note: a\r\n" + signed(alice, PAYLOAD), HEAD)
    assert judge(mail, root).valid
    assert word(judge(mail.replace(b"X-Note: a", b"X-Note: b"), root)) == ("invalid", "digest_mismatch")


def test_a_bad_inner_signature_is_not_mended_by_an_outer_one(root: Authority) -> None:
    alice = root.person()
    inner = signed(alice, PAYLOAD).replace(b"call back", b"pay twice")
    assert word(judge(signed(alice, inner, HEAD), root)) == ("invalid", "digest_mismatch")


def test_encrypted_then_signed_proves_nothing_unless_allowed(root: Authority, me: Identity) -> None:
    mail = signed(root.person(), sealed(me, PAYLOAD), HEAD)
    verdict = judge(mail, root, identities=[me])
    assert word(verdict) == ("none", "outer_only")
    assert verdict.content == PAYLOAD
    allowed = judge(mail, root, identities=[me], policy=Policy(allow_outer_signature=True))
    assert word(allowed) == ("valid", "ok")
    assert not allowed.encrypted_inside


def test_a_bad_signature_around_a_ciphertext_is_bad(root: Authority, me: Identity) -> None:
    mail = signed(root.person(MALLORY), sealed(me, PAYLOAD), HEAD)
    assert word(judge(mail, root, identities=[me])) == ("address_mismatch", "sender")


def test_a_signature_around_a_ciphertext_that_stays_closed_is_outer_only(
    root: Authority, me: Identity
) -> None:
    mail = signed(root.person(), sealed(me, PAYLOAD), HEAD)
    verdict = judge(mail, root)
    assert word(verdict) == ("none", "outer_only")
    assert verdict.encryption.value == "no_recipient"
    assert (verdict.message, verdict.content) == (b"", b"")


def test_a_signed_mail_with_a_ciphertext_attached_is_valid_but_not_opened(
    root: Authority, me: Identity
) -> None:
    payload = (
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n" + sealed(me, PAYLOAD) + b"\r\n--b--\r\n"
    )
    verdict = judge(signed(root.person(), payload, HEAD), root, identities=[me])
    assert word(verdict) == ("valid", "ok")
    assert verdict.encryption.value == "partial"
    assert verdict.message == b""


def test_an_opaque_signature_inside_a_detached_one(root: Authority) -> None:
    alice = root.person()
    inner = opaque(signed_data(PAYLOAD, Signing(alice), envelope=Envelope(content=PAYLOAD)), head=b"")
    verdict = judge(signed(alice, inner, HEAD), root)
    assert word(verdict) == ("valid", "ok")
    assert verdict.content == PAYLOAD


def test_an_unsigned_ciphertext_is_none_and_decrypted(root: Authority, me: Identity) -> None:
    verdict = judge(sealed(me, PAYLOAD, HEAD), root, identities=[me])
    assert word(verdict) == ("none", "not_signed")
    assert verdict.encryption.value == "decrypted"
    assert verdict.message.endswith(b"Please call back.\r\n")
    assert not verdict.encrypted_inside


def test_the_verdict_as_json_names_every_layer(root: Authority, me: Identity) -> None:
    shown = judge(sealed(me, signed(root.person(), PAYLOAD), HEAD), root, identities=[me]).as_json()
    assert [layer["kind"] for layer in shown["layers"]] == ["encrypted", "signed"]
    assert shown["layers"][0]["algorithms"] == ["rsa", "aes256-cbc"]
    assert shown["layers"][1]["signers"][0]["addresses"] == [ALICE]
    assert shown["signer"]["verdict"] == shown["verdict"] == "valid"
