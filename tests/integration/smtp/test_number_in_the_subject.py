"""Axatel's mail face by SMTP (axatel.md): one address of the account stands for the number in the subject."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from smtp_fixtures import NOON, Door

from gateway.mailin.replies import NOT_ALLOWED, NUMBER_IN_SUBJECT, RECIPIENT_OK
from gateway.store import accounts
from gateway.store.models import Audit, Message

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from smtp_fixtures import Client

FAX = "fax@fax.example.org"
SENDER = "user12@scan.example"
NUMBER = "0081312345678"
ACCOUNT = {
    "name": "scanners",
    "country": "81",
    "area_code": "3",
    "senders": ["*@scan.example"],
    "axatel": {"mask": "user{mask}@scan.example", "address": "Fax@fax.example.org"},
}


@pytest.fixture
def door(tmp_path: Path) -> Iterator[Door]:
    """A listener that trusts loopback, with an account whose machines write numbers in subjects."""
    with Door(tmp_path) as door:
        door.store.run(accounts.provision, [ACCOUNT], now=NOON)
        yield door


def scan(subject: str = "FAX 03-1234-5678", from_: str = SENDER) -> bytes:
    written = f"From: {from_}\r\n" if from_ else ""
    return f"{written}Subject: {subject}\r\nMessage-ID: <scan@scan.example>\r\n\r\nSee it.\r\n".encode()


def test_the_number_of_the_subject_is_called_and_the_mail_is_marked(door: Door, client: Client) -> None:
    reply = client.fax("FAX@fax.example.org", sender=SENDER, mail=scan())
    [message] = door.rows(Message)
    assert reply.startswith("250 2.0.0 queued as ")
    assert door.numbers == [NUMBER]
    assert (message.door, message.envelope) == ("smtp", {"axatel": True})


def test_what_was_answered_twice_is_one_fax(door: Door, client: Client) -> None:
    assert client.fax(FAX, sender=SENDER, mail=scan()) == client.fax(FAX, sender=SENDER, mail=scan())
    assert door.numbers == [NUMBER]


def test_numbers_as_recipients_are_numbers_still(door: Door, client: Client) -> None:
    client.fax("0344772288@fax.example.org", sender=SENDER, mail=scan("Order 4711 of 2026"))
    assert door.numbers == ["0081344772288"]
    assert door.rows(Message)[0].envelope == {}


def test_the_digits_of_a_password_in_the_subject_are_no_second_number(door: Door, client: Client) -> None:
    client.fax(FAX, sender=SENDER, mail=scan("03-1234-5678 /pw secret4711"))
    assert door.numbers == [NUMBER]


@pytest.mark.parametrize("from_", ["", f"Scanner <{SENDER.upper()}>"])
def test_a_from_header_that_is_empty_or_agrees_is_taken(door: Door, client: Client, from_: str) -> None:
    client.fax(FAX, sender=SENDER, mail=scan(from_=from_))
    assert door.numbers == [NUMBER]


@pytest.mark.parametrize(
    ("subject", "said"),
    [
        ("Hello", "550 5.1.3 The subject names no fax number"),
        ("0312345678 or 0344772288", "550 5.1.3 The subject names more than one number"),
        ("0990123456", "553 5.1.3 This number may not be called from here"),
        ("123", "550 5.1.3 "),
    ],
)
def test_a_subject_without_one_number_is_refused_with_a_sentence_and_an_audit_row(
    door: Door, client: Client, subject: str, said: str
) -> None:
    assert client.fax(FAX, sender=SENDER, mail=scan(subject)).startswith(said)
    assert door.numbers == []
    assert [row.action for row in door.rows(Audit)][-1] == "mail.rejected"


def test_a_sender_outside_the_mask_is_turned_away_before_data(door: Door, client: Client) -> None:
    assert client.envelope(FAX, sender="boss@scan.example")[-1] == str(NOT_ALLOWED)
    assert door.audited("sender.refused")[0].data["why"] == "the sender does not fit the mask"


def test_a_from_header_of_somebody_else_is_turned_away(door: Door, client: Client) -> None:
    assert client.fax(FAX, sender=SENDER, mail=scan(from_="boss@scan.example")) == str(NOT_ALLOWED)
    assert door.numbers == []


def test_discarding_keeps_silent_about_it(tmp_path: Path) -> None:
    with Door(tmp_path, unauthenticated="discard") as door, door.client() as client:
        door.store.run(accounts.provision, [ACCOUNT], now=NOON)
        assert client.hello().fax(FAX, sender=SENDER, mail=scan(from_="boss@scan.example")) == "250 2.0.0 OK"
        assert door.numbers == []
        assert len(door.audited("mail.rejected")) == 1


@pytest.mark.usefixtures("door")
def test_the_address_of_one_account_is_nothing_to_another(client: Client) -> None:
    assert client.envelope(FAX)[-1].startswith("553 5.1.3")


@pytest.mark.parametrize("order", [1, -1])
def test_a_number_in_the_subject_has_no_company(door: Door, client: Client, order: int) -> None:
    both = (FAX, "0344772288@fax.example.org")[::order]
    assert client.envelope(*both, sender=SENDER)[-2:] == [str(RECIPIENT_OK), str(NUMBER_IN_SUBJECT)]
    assert client.data(scan()).startswith("250")
    assert door.numbers == [(NUMBER, "0081344772288")[order == -1]]
    assert door.rows(Message)[0].envelope == ({"axatel": True} if order == 1 else {})
