"""Postfix in front of us, as most sites have it: verified TLS, a real queue, every answer of ours obeyed."""

from __future__ import annotations

import smtplib
import sqlite3
from contextlib import closing
from email.message import EmailMessage
from typing import TYPE_CHECKING

import pytest
from mail_door_fixtures import TO, TRUSTED, MailDoor, mail_door
from postfix_fixtures import Postfix
from waiting import wait_until

from gateway.demo import settings

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.timeout(300), pytest.mark.xdist_group("postfix")]


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MailDoor]:
    with mail_door(tmp_path_factory.mktemp("door")) as door:
        yield door


@pytest.fixture(scope="module")
def postfix(door: MailDoor) -> Iterator[Postfix]:
    """A Postfix that insists on TLS with a certificate it can check, and comes from the trusted address."""
    settings_of_it = {
        "smtp_tls_security_level": "secure",
        "smtp_tls_secure_cert_match": settings.DOMAIN,
        "smtp_tls_CAfile": door.certificate,
        "smtp_tls_loglevel": "1",
        "smtp_bind_address": TRUSTED,
        "relay_destination_recipient_limit": "600",
    }
    with Postfix(relay=f"127.0.0.1:{door.port}", domains=(settings.DOMAIN,), settings=settings_of_it) as it:
        yield it


def send(postfix: Postfix, subject: str, *recipients: str, sender: str = settings.SENDER) -> None:
    """Hand a mail to Postfix."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = sender, "undisclosed-recipients:;", subject
    mail["Message-ID"] = f"<{subject.replace(' ', '.')}@client.acme.example>"
    mail.set_content("Please deliver.\n")
    with smtplib.SMTP("127.0.0.1", postfix.port, timeout=60) as client:
        refused = client.sendmail(sender, list(recipients) or [TO], mail.as_bytes())
    assert not refused


def gone(postfix: Postfix) -> None:
    """Wait until the queue is empty."""
    wait_until(lambda: not postfix.waiting(), 60, f"an empty queue\n{postfix.log()[-4000:]}")


def logged(postfix: Postfix, *words: str) -> None:
    """Wait until one line of the log has all these words."""
    wait_until(
        lambda: any(all(word in line for word in words) for line in postfix.log().splitlines()),
        60,
        f"{words} in\n{postfix.log()[-4000:]}",
    )


def subjects(door: MailDoor) -> list[str]:
    """The subjects of all mails that were taken."""
    heads = [door.raw(message).partition(b"\r\n\r\n")[0].decode() for message in door.messages()]
    return [line[9:] for head in heads for line in head.split("\r\n") if line.startswith("Subject: ")]


def test_a_mail_comes_through_over_verified_tls(door: MailDoor, postfix: Postfix) -> None:
    send(postfix, "through postfix")
    gone(postfix)
    assert subjects(door).count("through postfix") == 1
    assert door.messages()[-1].evidence["by"] == "trusted_network"
    logged(postfix, "Verified TLS connection established")
    logged(postfix, "status=sent", "2.0.0 queued as")


def test_while_we_are_down_it_waits_there(door: MailDoor, postfix: Postfix) -> None:
    door.stop()
    try:
        send(postfix, "while down")
        logged(postfix, "status=deferred", "Connection refused")
        assert len(postfix.waiting()) == 1
    finally:
        door.start()
    postfix.flush()
    gone(postfix)
    assert subjects(door).count("while down") == 1


def test_our_451_puts_a_mail_off_and_it_is_faxed_once_in_the_end(door: MailDoor, postfix: Postfix) -> None:
    """Somebody holds the database: nothing can be promised, so nothing is."""
    with closing(sqlite3.connect(door.house.state / "postline.sqlite", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        send(postfix, "put off")
        logged(postfix, "status=deferred", "451 4.3.0")
        other.execute("ROLLBACK")
    assert subjects(door).count("put off") == 0
    postfix.flush()
    gone(postfix)
    assert subjects(door).count("put off") == 1


def test_a_stranger_is_bounced_there_and_never_by_us(door: MailDoor, postfix: Postfix) -> None:
    before = len(door.messages())
    send(postfix, "from a stranger", sender="mallory@elsewhere.example")
    logged(postfix, "status=bounced", "550 5.7.1")
    gone(postfix)
    assert len(door.messages()) == before


def test_one_bad_number_of_two_is_bounced_alone(door: MailDoor, postfix: Postfix) -> None:
    before = len(door.numbers())
    send(postfix, "one of two", TO, f"nonsense@{settings.DOMAIN}")
    logged(postfix, "nonsense@", "status=bounced", "553")
    gone(postfix)
    assert len(door.numbers()) == before + 1


def test_of_501_numbers_the_one_too_many_comes_later(door: MailDoor, postfix: Postfix) -> None:
    before = len(door.numbers())
    numbers = [f"+81334{n:06}@{settings.DOMAIN}" for n in range(501)]
    send(postfix, "to many", *numbers)
    logged(postfix, "452 4.5.3")
    postfix.flush()
    gone(postfix)
    assert sorted(door.numbers()[before:]) == [f"0081334{n:06}" for n in range(501)]
