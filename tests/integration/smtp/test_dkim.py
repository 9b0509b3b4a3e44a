"""DKIM at the door: which signatures prove the envelope sender, against keys on a name server of our own."""

from __future__ import annotations

import base64
import re
import shutil
import subprocess
from functools import cache
from typing import TYPE_CHECKING, Any

import dkim
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from dns_fixtures import BROKEN, NameServer
from smtp_fixtures import NOON, Door

from gateway.mailin.dkim import Dkim, is_aligned
from gateway.mailin.dkim_check import check
from gateway.mailin.dns import Resolver
from gateway.store.models import Message

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FAX = "+81312345678@fax.example.org"
MAIL = (
    b"From: Alice <alice@acme.example>\r\nTo: +81312345678@fax.example.org\r\nSubject: order\r\n"
    b"Message-ID: <one@acme.example>\r\nDate: Wed, 04 Mar 2026 12:00:00 +0000\r\n\r\n"
    b"Good  morning \r\n\r\n\r\n"
)
USUAL = (b"from", b"to", b"subject", b"date", b"message-id")


async def here(function: str, *args: Any) -> str:
    """Do in this process what the product does in a child."""
    assert function == "gateway.mailin.dkim_check:check"
    return check(*args)


@cache
def rsa_key(bits: int) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, bits)


def published(key: rsa.RSAPrivateKey, more: str = "") -> str:
    """Return the record of a public key."""
    der = key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return f"v=DKIM1; k=rsa; {more}p={base64.b64encode(der).decode()}"


def signed(mail: bytes = MAIL, domain: str = "acme.example", bits: int = 2048, **more: Any) -> bytes:
    """Return a mail with a signature of a domain on top."""
    pem = rsa_key(bits).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )
    field = dkim.sign(mail, b"fax", domain.encode(), pem, **({"include_headers": USUAL} | more))
    return bytes(field) + mail


def openssl(*words: str, given: bytes = b"") -> bytes:
    """Run openssl, which makes keys that our library would not."""
    program = shutil.which("openssl")
    assert program, "install the Debian package openssl"
    return subprocess.run([program, *words], input=given, check=True, capture_output=True).stdout


@pytest.fixture
def names() -> Iterator[NameServer]:
    with NameServer() as server:
        server.txt("fax._domainkey.acme.example", published(rsa_key(2048)))
        yield server


@pytest.fixture
def door(tmp_path: Path, names: NameServer) -> Iterator[Door]:
    """A door to which loopback proves nothing."""
    judge = Dkim(Resolver(names.servers, 2.0), here)
    with Door(tmp_path, judges={"dkim": judge}, trusted_networks=()) as door:
        yield door


def answer(door: Door, mail: bytes, sender: str = "alice@acme.example") -> str:
    """Return the reply to the end of DATA."""
    with door.client() as client:
        return client.hello().fax(FAX, mail=mail, sender=sender)


def refused(door: Door, mail: bytes) -> str:
    """Check that a mail is turned away, and return the audit's reason."""
    reply = answer(door, mail)
    assert reply.startswith("550 5.7.1 Not allowed to send here"), reply
    return str(door.audited("mail.rejected")[-1].data["why"])


def with_tag(mail: bytes, tag: bytes) -> bytes:
    """Put a tag into the signature, which breaks its arithmetic but is looked at before."""
    return mail.replace(b"v=1;", b"v=1; " + tag + b";", 1)


def test_a_signature_of_the_senders_domain_is_a_proof(door: Door) -> None:
    assert answer(door, signed()).startswith("250 ")
    assert door.rows(Message)[0].evidence == {
        "by": "dkim",
        "domain": "acme.example",
        "key": "fax._domainkey.acme.example",
    }


@pytest.mark.parametrize("canonical", [(b"simple", b"simple"), (b"relaxed", b"relaxed")])
def test_both_ways_of_writing_it_canonically(door: Door, canonical: tuple[bytes, bytes]) -> None:
    assert answer(door, signed(canonicalize=canonical)).startswith("250 ")


def test_the_exact_bytes_count_dots_and_white_space_too(door: Door) -> None:
    """The client doubles dots at line starts; what was signed has them once."""
    mail = signed(MAIL + b".hidden\r\n..\r\n \t trailing \r\n", canonicalize=(b"simple", b"simple"))
    with door.client() as client:
        client.hello().envelope(FAX)
        assert client.data(re.sub(rb"(?m)^\.", b"..", mail)).startswith("250 ")


def test_ed25519(door: Door, names: NameServer) -> None:
    key = Ed25519PrivateKey.generate()
    raw = key.private_bytes_raw()
    public = base64.b64encode(key.public_key().public_bytes_raw()).decode()
    names.txt("ed._domainkey.acme.example", f"v=DKIM1; k=ed25519; p={public}")
    field = dkim.sign(
        MAIL, b"ed", b"acme.example", base64.b64encode(raw), signature_algorithm=b"ed25519-sha256",
        include_headers=USUAL,
    )  # fmt: skip
    assert answer(door, bytes(field) + MAIL).startswith("250 ")


@pytest.mark.parametrize(
    ("signer", "domain", "speaks"),
    [
        ("acme.example", "acme.example", True),
        ("acme.example", "orders.acme.example", True),
        ("orders.acme.example", "acme.example", False),
        ("notacme.example", "acme.example", False),
        ("acme.example", "notacme.example", False),
        ("example", "acme.example", False),
        ("", "acme.example", False),
    ],
)
def test_who_speaks_for_a_domain(signer: str, domain: str, speaks: bool) -> None:
    assert is_aligned(signer, domain) == speaks


def test_a_domain_above_the_senders_may_sign(door: Door) -> None:
    assert answer(door, signed(), sender="shop@orders.acme.example").startswith("250 ")


def test_other_domains_prove_nothing_and_are_not_even_asked(door: Door, names: NameServer) -> None:
    assert refused(door, signed(domain="evil.example")) == "no DKIM signature of acme.example"
    assert names.asked == []


def test_without_a_signature_there_is_no_proof(door: Door) -> None:
    assert refused(door, MAIL) == "no DKIM signature of acme.example"


def test_a_foreign_signature_above_ours_does_no_harm(door: Door) -> None:
    assert answer(door, signed(signed(), domain="relay.example")).startswith("250 ")


@pytest.mark.parametrize(
    "change",
    [(b"morning", b"evening"), (b"order", b"0rder"), (b"Alice", b"Mallory"), (b"12:00:00", b"12:00:01")],
)
def test_what_is_signed_cannot_change(door: Door, change: tuple[bytes, bytes]) -> None:
    assert refused(door, signed().replace(*change))


@pytest.mark.parametrize(
    ("include", "missing"), [((b"from", b"to"), "Subject"), ((b"from", b"subject", b"subject"), "")]
)
def test_from_and_subject_must_be_signed(door: Door, include: tuple[bytes, ...], missing: str) -> None:
    mail = signed(include_headers=include)
    if missing:
        assert refused(door, mail) == f"DKIM of acme.example: {missing} is not signed"
    else:
        assert answer(door, mail).startswith("250 ")


@pytest.mark.parametrize(
    ("field", "why"),
    [
        (b"Subject: another\r\n", "Subject is not signed"),
        (b"From: mallory@evil.example\r\n", "there are 2 From fields"),
        (b"From: alice@acme.example\r\n", "there are 2 From fields"),
    ],
)
def test_a_second_subject_or_from_is_not_covered(door: Door, field: bytes, why: str) -> None:
    assert refused(door, field + signed()) == f"DKIM of acme.example: {why}"


@pytest.mark.parametrize(
    ("author", "taken"),
    [
        (b"Mallory <mallory@acme.example>", False),
        (b'"alice@acme.example" <mallory@acme.example>', False),
        (b"alice@acme.example, mallory@acme.example", False),
        (b"shop@orders.acme.example", True),
    ],
)
def test_the_author_must_be_a_sender_of_the_account(door: Door, author: bytes, taken: bool) -> None:
    """Mallory has a mail box in the same domain, and sends what it signed again under Alice's name."""
    mail = signed(MAIL.replace(b"Alice <alice@acme.example>", author))
    if taken:
        assert answer(door, mail).startswith("250 ")
    else:
        assert "no sender of the account" in refused(door, mail)


def test_a_part_of_the_body_is_not_enough(door: Door) -> None:
    assert "l=" in refused(door, signed(length=True) + b"and this was never signed\r\n")


def test_an_expired_signature(door: Door) -> None:
    at = int(NOON.timestamp())
    assert "expired" in refused(door, with_tag(signed(), b"x=%d" % at))
    assert "expired" not in refused(door, with_tag(signed(), b"x=%d" % (at + 1)))


@pytest.mark.parametrize("tag", [b"x=soon", b"x=-1", b"t=then"])
def test_times_that_are_none(door: Door, tag: bytes) -> None:
    mail = signed()
    if tag.startswith(b"t="):
        mail = re.sub(rb" t=\d+;", b"", mail, count=1)
    assert "a time is no number" in refused(door, with_tag(mail, tag))


def test_sha1_is_not_accepted(door: Door) -> None:
    assert "algorithm" in refused(door, signed().replace(b"a=rsa-sha256", b"a=rsa-sha1", 1))


@pytest.mark.parametrize(("bits", "code"), [(1024, "250 "), (1023, "550 ")])
def test_keys_of_1024_bits_and_one_less(door: Door, names: NameServer, bits: int, code: str) -> None:
    pem = openssl("genrsa", "-traditional", str(bits))
    public = openssl("rsa", "-pubout", "-outform", "DER", given=pem)
    names.txt("fax._domainkey.acme.example", f"v=DKIM1; p={base64.b64encode(public).decode()}")
    mail = bytes(dkim.sign(MAIL, b"fax", b"acme.example", pem, include_headers=USUAL)) + MAIL
    assert answer(door, mail).startswith(code)


def test_a_key_that_is_a_test_proves_nothing(door: Door, names: NameServer) -> None:
    names.txt("fax._domainkey.acme.example", published(rsa_key(2048), "t=s:y; "))
    assert "the key is a test" in refused(door, signed())


@pytest.mark.parametrize("record", ["v=DKIM1; p=", "v=DKIM1; k=rsa; p=!!", "nonsense", "v=DKIM2; p=AAAA"])
def test_keys_that_are_none(door: Door, names: NameServer, record: str) -> None:
    names.txt("fax._domainkey.acme.example", record)
    assert refused(door, signed())


def test_no_key_is_a_refusal_and_no_answer_is_not(door: Door, names: NameServer) -> None:
    names.moods["fax._domainkey.acme.example"] = BROKEN
    assert answer(door, signed()).startswith("451 4.7.0 ")
    names.moods.clear()
    names.records.clear()
    assert "there is no key" in refused(door, signed())


LAST = "gone5._domainkey.acme.example TXT"


def test_five_signatures_of_the_domain_are_looked_at(door: Door, names: NameServer) -> None:
    mail = signed()
    for n in range(4):
        mail = signed(mail).replace(b"s=fax", b"s=gone%d" % n, 1)
    assert answer(door, mail).startswith("250 ")
    assert refused(door, signed(mail).replace(b"s=fax", b"s=gone5", 1))
    assert "fax._domainkey.acme.example TXT" not in names.asked[names.asked.index(LAST) :]


def test_a_signature_with_a_tag_twice_is_none(door: Door) -> None:
    assert refused(door, with_tag(signed(), b"d=acme.example")) == "no DKIM signature of acme.example"


def test_a_child_that_dies_proves_nothing_and_is_our_fault(tmp_path: Path, names: NameServer) -> None:
    async def dies(*_: Any) -> str:
        raise RuntimeError("killed")

    judge = Dkim(Resolver(names.servers, 2.0), dies)
    with Door(tmp_path, judges={"dkim": judge}, trusted_networks=()) as door:
        assert answer(door, signed()).startswith("451 ")
        assert door.counts["Fax"] == 0
