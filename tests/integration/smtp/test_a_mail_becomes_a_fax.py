"""The thin path: a mail in, rows out, and what the 250 promises."""

from __future__ import annotations

import smtplib
from email.message import EmailMessage
from typing import TYPE_CHECKING

from smtp_fixtures import MAIL

from gateway.domain.states import DeliveryState, FaxState
from gateway.store.models import BlobRow, Delivery, Event, Fax, Message

if TYPE_CHECKING:
    from smtp_fixtures import Client, Door


def test_one_text_mail_becomes_one_accepted_fax(door: Door, client: Client) -> None:
    reply = client.fax("+81312345678@fax.example.org")
    [delivery] = door.rows(Delivery)
    assert reply == f"250 2.0.0 queued as {delivery.number}"
    assert (delivery.destination, delivery.state) == ("0081312345678", DeliveryState.CREATED)
    [fax] = door.rows(Fax)
    assert (fax.state, fax.notify_to) == (FaxState.ACCEPTED, "alice@acme.example")
    [message] = door.rows(Message)
    assert (message.door, message.sender, message.peer) == ("smtp", "alice@acme.example", "127.0.0.1")
    assert message.evidence == {"by": "trusted_network", "network": "127.0.0.0/8"}
    assert door.blobs.read(message.blob) == MAIL
    assert [(row.key, row.size) for row in door.rows(BlobRow)] == [(message.blob, len(MAIL))]
    assert [event.kind for event in door.rows(Event)] == ["fax.accepted"]
    assert len(door.audited("submission.accepted")) == 1
    assert door.spooled == []
    assert door.woken.is_set()


def test_a_library_client_is_served(door: Door) -> None:
    mail = EmailMessage()
    mail["Subject"], mail["From"], mail["To"] = "Order", "alice@acme.example", "03-1234-5678@fax.example.org"
    mail.set_content("注文\n" * 20)
    with smtplib.SMTP("127.0.0.1", door.port) as smtp:
        assert smtp.send_message(mail) == {}
    assert door.numbers == ["0081312345678"]


def test_several_recipients_are_one_fax_with_several_deliveries(door: Door, client: Client) -> None:
    reply = client.fax("+81312345678@fax.example.org", "0344772288@fax.example.org")
    deliveries = door.rows(Delivery)
    assert [d.destination for d in deliveries] == ["0081312345678", "0081344772288"]
    assert len(door.rows(Fax)) == 1
    assert reply.endswith(f"queued as {deliveries[0].number}")


def test_the_same_number_written_twice_is_faxed_once(door: Door, client: Client) -> None:
    client.fax(
        "+81312345678@fax.example.org", "03-1234-5678@fax.example.org", "0081-3-1234-5678@fax.example.org"
    )
    assert door.numbers == ["0081312345678"]


def test_a_forbidden_number_leaves_an_audit_line_and_no_fax(door: Door, client: Client) -> None:
    client.envelope("0990-123456@fax.example.org", "bob@fax.example.org")
    (row,) = door.audited("number.refused")
    assert (row.account_id, row.actor) == (1, "alice@acme.example")
    assert row.data["number"] == "0990-123456"
    assert "premium" in row.data["why"]
    assert door.rows(Fax) == []


def test_a_number_that_costs_more_is_taken_with_a_warning(door: Door, client: Client) -> None:
    client.fax("0570-012-345@fax.example.org")
    [fax] = door.rows(Fax)
    assert fax.warnings == ["0081570012345: a call to this number costs more than an ordinary call."]
