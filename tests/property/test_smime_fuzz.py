"""Whatever comes in: a verdict, a record or our own exception; never anything else."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from smime_fixtures import (
    AT,
    HEAD,
    PAYLOAD,
    Authority,
    Envelope,
    Signing,
    base64,
    detached,
    ec_key,
    judge,
    opaque,
    rsa_key,
    signed_data,
    signed_mail,
)

import smime
from smime import Identity, Status
from smime.acceptance import Rule, refusal
from smime.ber import definite
from smime.binding import listed, normal, same
from smime.encryption import enveloped
from smime.errors import MalformedError
from smime.mime import canonical, content_type, entity, split
from smime.parse import open_cms
from smime.policy import Limits

ROOT = Authority.root()
ALICE = ROOT.person()
ME: Identity = ROOT.person("fax@fax.example.org", rsa_key("gateway"))
SEEDS = [
    signed_data(PAYLOAD, Signing(ALICE)),
    signed_data(PAYLOAD, Signing(ALICE), envelope=Envelope(content=PAYLOAD)),
    signed_data(PAYLOAD, Signing(ROOT.person(key=rsa_key()), pss=True)),
    enveloped(PAYLOAD, [ME.certificate], "aes256-cbc"),
    enveloped(PAYLOAD, [ME.certificate], "aes256-gcm", oaep=True),
    enveloped(PAYLOAD, [ROOT.person("x@y.example", ec_key("x")).certificate, ME.certificate], "aes128-cbc"),
]
MANY = settings(max_examples=150, deadline=None)


@st.composite
def spoiled(draw: Any) -> bytes:
    """Draw CMS with octets changed, removed, doubled or made huge."""
    data = bytearray(draw(st.sampled_from(SEEDS)))
    for _ in range(draw(st.integers(1, 6))):
        place = draw(st.integers(0, len(data) - 1))
        action = draw(st.sampled_from(["change", "cut", "double", "length"]))
        if action == "change":
            data[place] = draw(st.integers(0, 255))
        elif action == "cut":
            del data[place : place + draw(st.integers(1, 9))]
        elif action == "double":
            data[place:place] = data[place : place + draw(st.integers(1, 40))]
        else:
            data[place : place + 1] = draw(
                st.sampled_from([b"\x80", b"\x84\xff\xff\xff\xff", b"\x82\x00\x10"])
            )
        if not data:
            return b""
    return bytes(data)


def is_answer(mail: bytes) -> None:
    verdict = judge(mail, ROOT, identities=[ME])
    assert verdict.verdict in Status
    for rule in Rule:
        refusal(verdict, rule)
    opened = smime.decrypt(mail, identities=[ME])
    assert bool(opened.content) <= (opened.encryption is smime.Encryption.DECRYPTED)
    assert verdict.as_json()
    assert opened.as_json()


@MANY
@given(data=spoiled())
def test_spoiled_cms(data: bytes) -> None:
    for mail in (opaque(data), opaque(data, "enveloped-data"), detached(PAYLOAD, data)):
        is_answer(mail)


@MANY
@given(data=st.one_of(st.binary(max_size=400), spoiled()))
def test_the_parsers_raise_only_ours(data: bytes) -> None:
    for parser in (lambda: definite(data), lambda: open_cms(data, Limits())):
        with suppress(MalformedError):
            assert parser() is not None


FRAGMENTS = st.sampled_from([
    b'Content-Type: multipart/signed; protocol="application/pkcs7-signature"; boundary=b\r\n',
    b"Content-Type: application/pkcs7-mime; smime-type=enveloped-data\r\n",
    b"Content-Type: application/pkcs7-signature\r\n",
    b'Content-Type: multipart/mixed; boundary="b"\r\n',
    b"Content-Type: message/rfc822; forwarded=no\r\n",
    b'Content-Type: text/plain; hp="cipher"; hp-legacy-display=1\r\n',
    b"Content-Transfer-Encoding: base64\r\n",
    b"From: Alice <alice@acme.example>\r\n",
    b"HP-Outer: Subject: x\r\n",
    b"\r\n",
    b"\n",
    b"--b\r\n",
    b"--b--\r\n",
    b"\r\n--b\r\n",
    b"text\r\n",
    base64(SEEDS[0]),
    base64(SEEDS[1]),
    base64(SEEDS[3]),
    signed_mail(Signing(ALICE), head=b""),
])  # fmt: skip


@MANY
@given(parts=st.lists(st.one_of(FRAGMENTS, st.binary(max_size=20)), max_size=14))
def test_mails_out_of_fragments(parts: list[bytes]) -> None:
    is_answer(b"".join(parts))
    is_answer(HEAD + b"".join(parts))


@MANY
@given(value=st.text(max_size=200))
def test_content_types_and_addresses(value: str) -> None:
    with suppress(MalformedError):
        assert "/" in content_type(value).name
    assert same(value, value) is (normal(value) is not None)
    assert isinstance(listed(value, [value, "*@" + value]), bool)


@MANY
@given(raw=st.binary(max_size=200))
def test_an_entity_keeps_every_octet(raw: bytes) -> None:
    part = entity(raw)
    assert part.raw == raw
    assert part.raw.startswith(part.head)
    assert part.raw.endswith(part.body)
    assert canonical(canonical(raw)) == canonical(raw)


@MANY
@given(parts=st.lists(st.binary(max_size=30).filter(lambda part: b"--b" not in part), max_size=5))
def test_parts_come_back_as_they_went_in(parts: list[bytes]) -> None:
    body = b"".join(b"--b\r\n" + part + b"\r\n" for part in parts) + b"--b--\r\n"
    assert split(body, "b") == parts


HOSTILE = {
    "deep": b"\x30\x80" * 200_000,
    "pieces": b"\x24\x80" + b"\x04\x01a" * 150_000 + b"\x00\x00",
    "too many pieces": b"\x24\x80" + b"\x04\x01a" * 450_000 + b"\x00\x00",
    "a huge integer": b"\x02\x83\x0f\x42\x40" + b"\x7f" * 1_000_000,
    "nothing but zeros": bytes(1_000_000),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_structures_are_refused(name: str) -> None:
    for mail in (opaque(HOSTILE[name]), detached(PAYLOAD, HOSTILE[name])):
        verdict = judge(mail, ROOT, identities=[ME], at=AT)
        assert verdict.verdict is Status.MALFORMED
