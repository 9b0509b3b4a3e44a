"""Header fields inside the signed part: which hold, and what can be changed outside (RFC 9788)."""

from __future__ import annotations

from base64 import b64decode
from typing import TYPE_CHECKING

import pytest
from smime_fixtures import ALICE, AT, HEAD, PAYLOAD, Authority, Signing, judge, rsa_key, signed_mail, word

import smime
from smime import Identity, Protection, mime
from smime.display import without_display
from smime.headers import altered, present

if TYPE_CHECKING:
    from smime import Verdict

INNER = (
    b"From: Alice <alice@acme.example>\r\nTo: +81312345678@fax.example.org\r\nSubject: order /rs\r\n"
    b"Message-ID: <1@acme.example>\r\n"
)
TEXT = b'Content-Type: text/plain; charset=us-ascii; hp="clear"\r\n\r\nPlease call back.\r\n'


@pytest.fixture(scope="module")
def root() -> Authority:
    return Authority.root()


def shown(root: Authority, payload: bytes, head: bytes = HEAD) -> Verdict:
    return judge(signed_mail(Signing(root.person()), payload=payload, head=head), root)


@pytest.mark.parametrize(
    ("mark", "protection"),
    [
        (b'hp="clear"', Protection.RFC9788),
        (b"hp=clear", Protection.RFC9788),
        (b'hp="cipher"', Protection.RFC9788),
        (b'protected-headers="v1"', Protection.LEGACY),
        (b'hp="other"', Protection.NONE),
        (b'protected-headers="v2"', Protection.NONE),
    ],
)
def test_who_marks_the_payload_protects_the_header(
    root: Authority, mark: bytes, protection: Protection
) -> None:
    outer = HEAD.replace(b"order /rs", b"changed on the way /b")
    verdict = shown(root, INNER + TEXT.replace(b'hp="clear"', mark), outer)
    assert verdict.valid
    assert verdict.protection is protection
    subject = b"Subject: changed" if protection is Protection.NONE else b"Subject: order /rs\r\n"
    assert subject in verdict.message
    assert verdict.message.count(b"Subject:") == 1


def test_protected_fields_are_given_unfolded(root: Authority) -> None:
    folded = INNER.replace(b"Subject: order /rs", b"Subject: order\r\n /rs")
    verdict = shown(root, folded + TEXT)
    assert verdict.header("subject") == "order /rs"
    assert verdict.header("To") == "+81312345678@fax.example.org"
    assert verdict.header("x-none") is None


def test_of_the_outer_fields_only_the_traces_stay(root: Authority) -> None:
    outer = b"Received: from a by b\r\nX-Evil: /n\r\nCc: +81990@fax.example.org\r\n" + HEAD
    message = shown(root, INNER + TEXT, outer).message
    assert b"Received: from a by b\r\n" in message
    assert b"Return-Path: <alice@acme.example>" in message
    assert b"X-Evil" not in message
    assert b"Cc:" not in message


def test_without_protection_the_outer_fields_hold_and_inner_ones_do_not(root: Authority) -> None:
    verdict = shown(root, b"Subject: inner\r\nX-Inner: yes\r\n" + PAYLOAD)
    assert b"Subject: order /rs" in verdict.message
    assert b"inner" not in verdict.message.lower().replace(b"x-inner", b"inner")
    assert verdict.headers == ()


def test_a_wrapped_message_is_unwrapped(root: Authority) -> None:
    payload = b"Content-Type: message/rfc822; forwarded=no\r\n\r\n" + INNER + PAYLOAD
    verdict = shown(root, payload, HEAD.replace(b"order /rs", b"[...]"))
    assert verdict.protection is Protection.WRAPPED
    assert b"Subject: order /rs" in verdict.message
    assert verdict.message.endswith(b"\r\n\r\nPlease call back.\r\n")
    assert b"message/rfc822" not in verdict.message
    assert verdict.altered == ("subject", "message-id")


def test_a_forwarded_message_is_not_unwrapped(root: Authority) -> None:
    payload = b"Content-Type: message/rfc822\r\n\r\n" + INNER + PAYLOAD
    verdict = shown(root, payload)
    assert verdict.protection is Protection.NONE
    assert b"Content-Type: message/rfc822" in verdict.message


def test_the_inner_from_is_the_one_that_is_checked(root: Authority) -> None:
    outer = HEAD.replace(b"From: Alice <alice@acme.example>", b"From: boss@acme.example")
    assert shown(root, INNER + TEXT, outer).valid
    forged = INNER.replace(b"alice@acme.example", b"boss@acme.example")
    assert word(shown(root, forged + TEXT)) == ("address_mismatch", "from")
    assert word(shown(root, b"From: a@b.example\r\n" + INNER + TEXT)) == ("malformed", "several_from")


def test_fields_changed_outside_are_named() -> None:
    inner = mime.entity(b"Subject: a\r\nTo: b\r\nHP-Outer: Subject: [...]\r\nHP-Outer: To: b\r\n\r\n")
    same = mime.entity(b"Subject: [...]\r\nTo:  b\r\nReceived: x\r\n\r\n")
    assert altered(same, inner) == ()
    assert altered(mime.entity(b"Subject: other\r\nTo: b\r\n\r\n"), inner) == ("subject",)
    assert altered(mime.entity(b"Subject: [...]\r\n\r\n"), inner) == ("to",)
    clear = mime.entity(b'Subject: a\r\nContent-Type: text/plain; hp="clear"\r\n\r\n')
    assert altered(mime.entity(b"Subject: a\r\n\r\n"), clear) == ()
    assert altered(mime.entity(b"Subject: b\r\n\r\n"), clear) == ("subject",)


def test_hp_outer_is_not_shown(root: Authority) -> None:
    message = shown(root, INNER + b"HP-Outer: Subject: [...]\r\n" + TEXT).message
    assert b"HP-Outer" not in message


# -- legacy display


def cleaned(payload: bytes, protection: Protection = Protection.RFC9788) -> bytes:
    part = without_display(mime.entity(payload), protection)
    return mime.decoded(part) if part.type.name.startswith("text/") else part.raw


MARKED = b'Content-Type: text/plain; hp="cipher"; hp-legacy-display="1"\r\n'


def test_the_display_leaves_the_text() -> None:
    assert cleaned(MARKED + b"\r\nSubject: order\r\n\r\nBody\r\n\r\nmore\r\n") == b"Body\r\n\r\nmore\r\n"
    assert cleaned(MARKED + b"\r\nSubject: order\n\nBody\n") == b"Body\n"
    unmarked = b"Content-Type: text/plain\r\n\r\nSubject: order\r\n\r\nBody\r\n"
    assert cleaned(unmarked) == b"Subject: order\r\n\r\nBody\r\n"


def test_the_display_leaves_encoded_text() -> None:
    quoted = MARKED + b"Content-Transfer-Encoding: quoted-printable\r\n\r\nSubject: =C3=A4\r\n\r\nB=C3=B6\r\n"
    assert cleaned(quoted) == "Bö\r\n".encode()


def test_the_display_leaves_html() -> None:
    page = (
        b'Content-Type: text/html; hp-legacy-display="1"\r\n\r\n'
        b'<body><DIV class="header-protection-legacy-display">'
        b"<pre>Subject: order</pre></DIV><p>Body</p></body>"
    )
    assert cleaned(page) == b"<body><p>Body</p></body>"


@pytest.mark.parametrize(
    "text",
    [
        b'<div class="header-protection-legacy-display">' * 20_000,
        b"<div " * 200_000,
        b"<div" + b" class=" * 100_000,
        b"<div class" + b" " * 1_000_000,
        b'<div class="header-protection-legacy-display"></div ' * 20_000,
    ],
)
def test_html_made_to_be_slow_keeps_its_octets(root: Authority, text: bytes) -> None:
    """Patterns over all of it took minutes: the test ends because every octet is looked at once."""
    payload = INNER + b'Content-Type: text/html; hp="clear"; hp-legacy-display="1"\r\n\r\n' + text
    verdict = shown(root, payload)
    assert verdict.valid
    assert b64decode(mime.entity(verdict.message).body) == text


def test_the_display_leaves_every_alternative_and_nothing_else_changes() -> None:
    payload = (
        b"Content-Type: multipart/alternative; boundary=b\r\n\r\n--b\r\n"
        + MARKED
        + b"\r\nSubject: order\r\n\r\nBody\r\n"
        + b"--b\r\nContent-Type: image/png\r\n\r\nSubject: x\r\n\r\n--b--\r\n"
    )
    found = mime.split(without_display(mime.entity(payload), Protection.RFC9788).body, "b")
    assert mime.decoded(mime.entity(found[0])).strip() == b"Body"
    assert found[1] == b"Content-Type: image/png\r\n\r\nSubject: x\r\n"


def test_the_older_copy_of_the_header_leaves_as_a_part() -> None:
    payload = (
        b'Content-Type: multipart/mixed; boundary=b; protected-headers="v1"\r\n\r\n--b\r\n'
        b'Content-Type: text/rfc822-headers; protected-headers="v1"\r\n\r\nSubject: order\r\n'
        b"--b\r\n\r\nBody\r\n--b--\r\n"
    )
    left = without_display(mime.entity(payload), Protection.LEGACY)
    assert mime.split(left.body, "b") == [b"\r\nBody"]
    other = payload.replace(b"text/rfc822-headers", b"text/html")
    assert without_display(mime.entity(other), Protection.LEGACY).raw == other
    plain = mime.entity(TEXT)
    assert without_display(plain, Protection.LEGACY) == plain


def test_damaged_multiparts_keep_their_display() -> None:
    damaged = (
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n" + MARKED + b"\r\nSubject: x\r\n\r\nBody"
    )
    for protection in (Protection.RFC9788, Protection.LEGACY):
        assert without_display(mime.entity(damaged), protection).raw == damaged


# -- what we write, we read


@pytest.fixture(scope="module")
def gateway(root: Authority) -> Identity:
    return root.person("fax@fax.example.org", rsa_key())


OURS = (
    b"From: fax@fax.example.org\r\nTo: alice@acme.example\r\nSubject: Fax 4711 sent\r\n"
    b"Bcc: c@d\r\nMIME-Version: 1.0\r\n" + PAYLOAD
)


def test_our_signed_mails_protect_their_header(root: Authority, gateway: Identity) -> None:
    mail = smime.sign(OURS, identity=gateway, at=AT)
    verdict = judge(mail.replace(b"Fax 4711 sent", b"Fax 4711 lost", 1), root, sender="fax@fax.example.org")
    assert verdict.valid
    assert verdict.protection is Protection.RFC9788
    assert verdict.header("subject") == "Fax 4711 sent"
    assert verdict.header("bcc") is None
    assert verdict.altered == ("subject",)


def test_our_encrypted_mails_conceal_the_subject(root: Authority, gateway: Identity) -> None:
    alice = root.person(key=rsa_key("gateway"))
    mail = smime.encrypt(OURS, recipients=[alice.certificate], at=AT, signer=gateway)
    assert b"Subject: [...]\r\n" in mail
    assert b"4711" not in mail
    verdict = judge(mail, root, sender="fax@fax.example.org", identities=[alice])
    assert word(verdict) == ("valid", "ok")
    assert verdict.header("subject") == "Fax 4711 sent"
    assert verdict.altered == ()
    assert verdict.encrypted_inside
    moved = mail.replace(b"To: alice@acme.example", b"To: eve@evil.example")
    assert judge(moved, root, sender="fax@fax.example.org", identities=[alice]).altered == ("to",)


def test_the_subject_may_stay_readable(root: Authority) -> None:
    alice = root.person(key=rsa_key("gateway"))
    mail = smime.encrypt(OURS, recipients=[alice.certificate], at=AT, conceal=False)
    assert b"Subject: Fax 4711 sent\r\n" in mail
    assert smime.decrypt(mail, identities=[alice]).encryption.value == "decrypted"


def test_a_presented_message_has_one_mime_version() -> None:
    outer = mime.entity(b"From: a@b\r\nMIME-Version: 1.0\r\nContent-Type: multipart/signed\r\n\r\n")
    found = present(outer, mime.entity(PAYLOAD)).message
    assert found.count(b"MIME-Version") == 1
    inner = present(outer, mime.entity(b"MIME-Version: 1.0\r\n" + PAYLOAD)).message
    assert inner.count(b"MIME-Version") == 1


def test_only_the_sender_counts_not_the_display_name(root: Authority) -> None:
    named = INNER.replace(b"Alice <alice@acme.example>", b'"boss@acme.example" <alice@acme.example>')
    assert shown(root, named + TEXT).valid
    assert ALICE in str(shown(root, named + TEXT).header("from"))
