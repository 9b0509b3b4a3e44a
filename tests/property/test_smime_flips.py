"""The byte-flip property of smime.md section 10: what is signed cannot change and stay valid.

One octet of a valid signed mail is changed. Inside the signed part the verdict is never `valid`; anywhere
else it may be, and then what would be drawn is the same, octet for octet.
"""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from smime_fixtures import (
    HEAD,
    PAYLOAD,
    Authority,
    Envelope,
    Signing,
    ec_key,
    ed_key,
    judge,
    opaque,
    rsa_key,
    signed_data,
    signed_mail,
)

import smime
from smime.encryption import enveloped
from smime.mime import canonical

BODY = b"Content-Type: text/plain; charset=us-ascii\r\n\r\nPlease send 10 boxes.  \r\n\r\n-- \r\nAlice\r\n"
PROTECTED = (
    b"From: Alice <alice@acme.example>\r\nTo: +81312345678@fax.example.org\r\nSubject: order /rs\r\n"
    + BODY.replace(b"us-ascii", b'us-ascii; hp="clear"')
)
ROOT = Authority.root()
RSA = Signing(ROOT.person(key=rsa_key()))
ELLIPTIC = Signing(ROOT.person(key=ec_key()))
EDWARDS = Signing(ROOT.person(key=ed_key()), digest="sha512")
OPAQUE = signed_data(BODY, ELLIPTIC, envelope=Envelope(content=BODY))
ME = ROOT.person("fax@fax.example.org", rsa_key("gateway"))
SEALED = enveloped(PAYLOAD, [ME.certificate], "aes256-gcm")
MAILS = {
    "rsa": (signed_mail(RSA, payload=BODY), BODY),
    "ecdsa": (signed_mail(ELLIPTIC, payload=BODY), BODY),
    "ed25519": (signed_mail(EDWARDS, payload=BODY), BODY),
    "protected": (signed_mail(ELLIPTIC, payload=PROTECTED), PROTECTED),
}


def shown(verdict: smime.Verdict) -> bytes:
    """What would be drawn: the message from its Content-Type on."""
    return verdict.message[verdict.message.index(b"Content-Type: text/plain") :]


@pytest.mark.parametrize("name", MAILS)
def test_the_mails_are_valid_before_they_are_changed(name: str) -> None:
    mail, payload = MAILS[name]
    verdict = judge(mail, ROOT)
    assert verdict.valid
    assert verdict.content == payload


@pytest.mark.parametrize("name", MAILS)
def test_every_octet_of_the_signed_part(name: str) -> None:
    mail, payload = MAILS[name]
    start = mail.index(payload)
    for place in range(start, start + len(payload)):
        changed = bytearray(mail)
        changed[place] ^= 0x01
        assert not judge(bytes(changed), ROOT).valid, place - start


@settings(max_examples=150, deadline=None)
@given(name=st.sampled_from(sorted(MAILS)), data=st.data())
def test_any_octet_anywhere(name: str, data: st.DataObject) -> None:
    mail, payload = MAILS[name]
    place = data.draw(st.integers(0, len(mail) - 1))
    octet = data.draw(st.integers(1, 255))
    changed = bytearray(mail)
    changed[place] ^= octet
    verdict = judge(bytes(changed), ROOT)
    start = mail.index(payload)
    if start <= place < start + len(payload):
        assert not verdict.valid
    elif verdict.valid:
        assert verdict.content == payload
        assert shown(verdict) == shown(judge(mail, ROOT))


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_any_octet_of_an_opaque_signature(data: st.DataObject) -> None:
    der = bytearray(OPAQUE)
    place = data.draw(st.integers(0, len(der) - 1))
    der[place] ^= data.draw(st.integers(1, 255))
    verdict = judge(opaque(bytes(der)), ROOT)
    if verdict.valid:
        assert verdict.content == BODY


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_octets_removed_added_or_moved(data: st.DataObject) -> None:
    mail, payload = MAILS["ecdsa"]
    start = mail.index(payload)
    place = data.draw(st.integers(start, start + len(payload) - 1))
    more = data.draw(st.binary(max_size=3))
    less = data.draw(st.integers(0, 3))
    changed = mail[:place] + more + mail[place + less :]
    verdict = judge(changed, ROOT)
    if verdict.valid:
        assert verdict.content == payload


def test_line_ends_may_change_on_the_way() -> None:
    mail, payload = MAILS["rsa"]
    verdict = judge(mail.replace(b"\r\n", b"\n"), ROOT)
    assert verdict.valid
    assert verdict.content == canonical(payload)


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_any_octet_of_an_authenticated_ciphertext(data: st.DataObject) -> None:
    der = bytearray(SEALED)
    place = data.draw(st.integers(0, len(der) - 1))
    der[place] ^= data.draw(st.integers(1, 255))
    opened = smime.decrypt(opaque(bytes(der), "authEnveloped-data", HEAD), identities=[ME])
    assert opened.content in {b"", PAYLOAD}
