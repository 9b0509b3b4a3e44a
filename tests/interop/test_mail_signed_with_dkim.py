"""Mail signed by dkimpy, its key in a local name server: taken if the signature holds, and only then."""

from __future__ import annotations

import base64
import smtplib
from email.message import EmailMessage
from typing import TYPE_CHECKING

import dkim
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from dns_fixtures import BROKEN, NameServer
from mail_door_fixtures import TO, MailDoor, mail_door, swaks
from postfix_fixtures import Postfix
from waiting import wait_until

from gateway.demo import settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [pytest.mark.timeout(300), pytest.mark.xdist_group("dkim")]

DOMAIN = settings.SENDER.partition("@")[2]
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
NAME = f"fax._domainkey.{DOMAIN}"
LATE = f"late._domainkey.{DOMAIN}"
FIELDS = [b"from", b"to", b"subject", b"date", b"message-id"]


@pytest.fixture(scope="module")
def names() -> Iterator[NameServer]:
    with NameServer() as names:
        public = KEY.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        for name in (NAME, LATE):
            names.txt(name, f"v=DKIM1; k=rsa; p={base64.b64encode(public).decode()}")
        yield names


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory, names: NameServer) -> Iterator[MailDoor]:
    table = f'\n[dns]\nnameservers = ["127.0.0.1:{names.port}"]\ntimeout_s = 2.0\n'
    with mail_door(tmp_path_factory.mktemp("door"), extra=table) as door:
        yield door


def letter(subject: str) -> bytes:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = settings.SENDER, TO, subject
    mail["Date"] = "Mon, 23 Nov 2026 03:00:00 +0000"
    mail["Message-ID"] = f"<{subject.replace(' ', '.')}@{DOMAIN}>"
    mail.set_content("Please deliver 12 boxes.\n")
    return mail.as_bytes().replace(b"\n", b"\r\n")


def signed(subject: str, selector: bytes = b"fax") -> bytes:
    pem = KEY.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )
    mail = letter(subject)
    return bytes(dkim.sign(mail, selector, DOMAIN.encode(), pem, include_headers=FIELDS)) + mail


def hand_in(door: MailDoor, mail: bytes) -> tuple[int, str]:
    """Hand a mail in from an address that proves nothing; return the answer to DATA."""
    with smtplib.SMTP("127.0.0.1", door.port, timeout=60) as client:
        client.ehlo("client.acme.example")
        client.mail(settings.SENDER)
        code, text = client.rcpt(TO)
        assert code == 250, text
        code, text = client.data(mail)
        return code, text.decode()


def test_a_signed_mail_is_taken_and_we_know_why(door: MailDoor) -> None:
    code, text = hand_in(door, signed("signed"))
    assert code == 250, text
    evidence = door.messages()[-1].evidence
    assert evidence["by"] == "dkim"
    assert evidence["domain"] == DOMAIN


@pytest.mark.parametrize(
    ("old", "new"),
    [(b"12 boxes", b"13 boxes"), (b"Subject: changed", b"Subject: chanqed")],
    ids=["the body", "the subject"],
)
def test_one_octet_changed_on_the_way_is_refused(door: MailDoor, old: bytes, new: bytes) -> None:
    before = len(door.messages())
    code, text = hand_in(door, signed("changed").replace(old, new))
    assert (code, text[:5]) == (550, "5.7.1")
    assert len(door.messages()) == before


def test_a_mail_without_a_signature_is_refused(door: MailDoor) -> None:
    code, text = hand_in(door, letter("unsigned"))
    assert (code, text[:5]) == (550, "5.7.1")


def test_while_the_key_cannot_be_had_the_mail_is_put_off_and_taken_later(
    door: MailDoor, names: NameServer
) -> None:
    mail = signed("key away", b"late")
    names.moods[LATE] = BROKEN
    code, text = hand_in(door, mail)
    assert (code, text[:3]) == (451, "4.7"), text
    del names.moods[LATE]
    assert hand_in(door, mail)[0] == 250


def test_a_signature_survives_postfix_in_between(door: MailDoor) -> None:
    """The relay comes from an address that proves nothing: what it hands on must prove itself."""
    relay = f"127.0.0.1:{door.port}"
    with Postfix(relay=relay, domains=(settings.DOMAIN,)) as postfix:
        with smtplib.SMTP("127.0.0.1", postfix.port, timeout=60) as client:
            client.sendmail(settings.SENDER, [TO], signed("over a relay"))
        wait_until(lambda: not postfix.waiting(), 60, f"an empty queue\n{postfix.log()[-3000:]}")
        assert "status=sent" in postfix.log(), postfix.log()[-3000:]
    assert door.messages()[-1].evidence["by"] == "dkim"


def test_swaks_can_send_a_signed_file(door: MailDoor, tmp_path: Path) -> None:
    file = tmp_path / "signed.eml"
    file.write_bytes(signed("sent by swaks"))
    said = swaks(door.port, "--data", f"@{file}")
    assert said.returncode == 0, said.stdout
    assert door.messages()[-1].evidence["by"] == "dkim"
