"""What a client asks to be told (RFC 3461) is kept with the mail and with each of its faxes."""

from __future__ import annotations

from smtp_fixtures import MAIL, Client, Door

from gateway.store.models import Delivery, Message


def test_it_is_kept(door: Door, client: Client) -> None:
    client.say("MAIL FROM:<alice@acme.example> RET=HDRS ENVID=order+2B7 SIZE=100 BODY=8BITMIME")
    for rcpt in (
        "<+81312345678@fax.example.org> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;bob@acme.example",
        "<+81312345679@fax.example.org> NOTIFY=NEVER",
        "<+81312345670@fax.example.org>",
    ):
        assert client.say(f"RCPT TO:{rcpt}").startswith("250 ")
    assert client.data().startswith("250 ")
    assert door.rows(Message)[0].envelope == {"ret": "hdrs", "envid": "order+7"}
    assert [row.dsn for row in door.rows(Delivery)] == [
        {"notify": ["success", "failure"], "orcpt": "rfc822;bob@acme.example"},
        {"notify": ["never"]},
        {},
    ]


def test_what_nobody_asked_for_is_empty(door: Door, client: Client) -> None:
    client.fax("+81312345678@fax.example.org")
    assert (door.rows(Message)[0].envelope, door.rows(Delivery)[0].dsn) == ({}, {})


def test_a_bad_wish_refuses_that_recipient_only(door: Door, client: Client) -> None:
    client.say("MAIL FROM:<alice@acme.example>")
    assert client.say("RCPT TO:<+81312345678@fax.example.org> NOTIFY=SOMETIMES").startswith(
        "501 5.5.4 NOTIFY"
    )
    assert client.say("RCPT TO:<+81312345679@fax.example.org> NOTIFY=FAILURE").startswith("250 ")
    assert client.data().startswith("250 ")
    assert door.numbers == ["0081312345679"]


def test_a_bad_wish_at_mail_opens_nothing(client: Client) -> None:
    assert client.say("MAIL FROM:<alice@acme.example> ENVID=").startswith("501 ")
    assert client.say("MAIL FROM:<alice@acme.example> RET=NONE").startswith("501 5.5.4 RET")
    assert client.say("RCPT TO:<+81312345678@fax.example.org>").startswith("503 ")
    assert client.fax("+81312345678@fax.example.org").startswith("250 ")


def test_the_first_wish_for_a_number_counts(door: Door, client: Client) -> None:
    client.say("MAIL FROM:<alice@acme.example>")
    client.say("RCPT TO:<+81312345678@fax.example.org> NOTIFY=FAILURE")
    client.say("RCPT TO:<03-1234-5678@fax.example.org> NOTIFY=NEVER")
    client.data()
    assert [row.dsn for row in door.rows(Delivery)] == [{"notify": ["failure"]}]


def test_a_whole_mail_may_be_sent_without_waiting(door: Door) -> None:
    """PIPELINING (RFC 2920): every command gets its own answer, in order, whatever the others were."""
    with door.client() as client:
        client.reply()
        client.send(
            b"EHLO client.example\r\nMAIL FROM:<alice@acme.example>\r\nRCPT TO:<nonsense@fax.example.org>\r\n"
            b"RCPT TO:<+81312345678@fax.example.org>\r\nDATA\r\n"
        )
        codes = [client.reply()[:3] for _ in range(5)]
        client.send(
            MAIL + b".\r\nMAIL FROM:<alice@acme.example>\r\nRCPT TO:<x@y.example>\r\nDATA\r\nQUIT\r\n"
        )
        codes += [client.reply()[:3] for _ in range(5)]
    assert codes == ["250", "250", "553", "250", "354", "250", "250", "550", "503", "221"]
    assert door.numbers == ["0081312345678"]


def test_after_a_refused_data_a_command_is_a_command(door: Door) -> None:
    with door.client() as client:
        client.hello()
        client.send(b"MAIL FROM:<mallory@evil.example>\r\nRCPT TO:<+81312345678@fax.example.org>\r\n")
        client.send(b"DATA\r\nNOOP\r\n")
        assert [client.reply()[:3] for _ in range(4)] == ["250", "550", "503", "250"]
