"""From an end to the reports it owes: the whole way from rows to what the next hop takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from notify_fixtures import Clock, mail_server, owe_result, parsed

from gateway.domain.outcome import Cause
from gateway.domain.states import DeliveryState
from gateway.store import outbox, reports
from gateway.store.models import Account, Delivery

if TYPE_CHECKING:
    from email.message import EmailMessage

    from sqlalchemy.orm import Session

    from gateway.store.blobs import LocalBlobs
    from gateway.store.database import AsyncStore

GONE = "mail/00/" + "0" * 64
RAW = b"From: Alice <alice@acme.example>\r\nSubject: Order /pw hunter2\r\n\r\nbody\r\n"


def ended(session: Session, clock: Clock, blob: str, notify: dict[str, Any]) -> Delivery:
    """Write a fax that was busy, as a client that wants reports asked for it."""
    number = owe_result(session, "alice@acme.example", clock, state=DeliveryState.FAILED)
    delivery = session.get_one(Delivery, number)
    delivery.cause, delivery.pages_confirmed, delivery.sub = Cause.BUSY, 0, "42"
    delivery.dsn = {"notify": ["failure"], "orcpt": "rfc822;0363684300@fax.example.org"}
    message = delivery.fax.message
    assert message is not None
    message.blob = blob
    message.envelope = {"ret": "full", "envid": "QQ314159", "disposition_to": "alice@acme.example"}
    delivery.fax.account.settings = {"notify": {"language": "en", **notify}}
    return delivery


async def mails(sender: Any) -> list[EmailMessage]:
    async with mail_server() as server:
        await sender(server.hop).sweep()
    assert {sender for sender, _ in server.envelopes} == {"<>"}
    return [parsed(content) for content in server.accepted]


async def one(store: AsyncStore, clock: Clock, sender: Any, kind: str, blob: str = GONE, **notify: Any) -> EmailMessage:  # fmt: skip  # noqa: E501
    """Return the mail of this kind that the end owed beside its result."""

    def prepare(session: Session) -> None:
        delivery = ended(session, clock, blob, notify)
        about = {"delivery_number": delivery.number} if kind == "dsn" else {"fax_id": delivery.fax_id}
        outbox.owe(
            session, kind, "alice@acme.example", new_id=lambda: "<x@fax.example.org>", now=clock(), **about
        )

    await store.run(prepare)
    return next(mail for mail in await mails(sender) if mail["Message-ID"] == "<x@fax.example.org>")


async def test_a_delivery_report_has_what_the_client_said_and_quotes_the_header(
    store: AsyncStore, blobs: LocalBlobs, clock: Clock, sender: Any
) -> None:
    mail = await one(store, clock, sender, "dsn", blobs.put("mail", RAW))
    text = mail.as_string()
    assert "Original-Envelope-Id: QQ314159" in text
    assert "Original-Recipient: rfc822; 0363684300@fax.example.org" in text
    assert "Final-Recipient: rfc822; FAX=+81363684300/T33S=42@fax.example.org" in text
    assert "Status: 5.4.5" in text
    assert "From: Alice <alice@acme.example>" in text
    assert "hunter2" not in text


async def test_a_request_that_is_gone_is_not_quoted(store: AsyncStore, clock: Clock, sender: Any) -> None:
    mail = await one(store, clock, sender, "dsn")
    assert [part.get_content_type() for part in mail.iter_parts()] == [
        "text/plain",
        "message/delivery-status",
    ]


@pytest.mark.parametrize("kind", ["dsn", "mdn"])
async def test_without_contents_nothing_is_quoted(
    store: AsyncStore, blobs: LocalBlobs, clock: Clock, sender: Any, kind: str
) -> None:
    mail = await one(store, clock, sender, kind, blobs.put("mail", RAW), contents=False)
    assert "rfc822-headers" not in mail.as_string()
    text = next(part for part in mail.walk() if part.get_content_type() == "text/plain").get_content()
    assert "5521" not in text
    assert "https://fax.example.org/fax/1" in text


async def test_a_receipt_tells_of_the_fax(store: AsyncStore, clock: Clock, sender: Any) -> None:
    mail = await one(store, clock, sender, "mdn")
    assert "Disposition: automatic-action/MDN-sent-automatically; processed/error" in mail.as_string()
    assert mail["Subject"] == "Receipt -> 0081363684300"


@pytest.mark.parametrize(
    ("in_part", "told"),
    [
        (False, ("Mail not accepted for faxing <- Order", "Nothing was sent.")),
        (True, ("Some numbers not accepted for faxing <- Order", "The fax to the others goes on.")),
    ],
)
async def test_who_was_refused_some_numbers_is_not_told_that_nothing_was_sent(
    store: AsyncStore, clock: Clock, sender: Any, in_part: bool, told: tuple[str, str]
) -> None:
    def prepare(session: Session) -> None:
        account = Account(name="acme", settings={"notify": {"format": "text"}})
        session.add(account)
        session.flush()
        reports.owe_refusal(
            session,
            account,
            "bob@acme.example",
            Cause.NUMBER_REFUSED,
            "Not allowed to be called from here: 110.",
            now=clock(),
            new_id=lambda: "<x@fax.example.org>",
            subject="Order",
            in_part=in_part,
        )

    await store.run(prepare)
    (mail,) = await mails(sender)
    assert mail["Subject"] == told[0]
    assert mail.get_content().splitlines()[0].endswith(told[1])


@pytest.mark.parametrize(("contents", "shown"), [(True, True), (False, False)])
async def test_a_refusal_is_told_in_the_words_of_the_account(
    store: AsyncStore, clock: Clock, sender: Any, contents: bool, shown: bool
) -> None:
    def prepare(session: Session) -> None:
        account = Account(
            name="acme", settings={"notify": {"language": "ru", "format": "csv", "contents": contents}}
        )
        session.add(account)
        session.flush()
        reports.owe_refusal(
            session,
            account,
            "bob@acme.example",
            Cause.NOTHING_TO_SEND,
            "The mail holds nothing that could be faxed.",
            now=clock(),
            new_id=lambda: "<x@fax.example.org>",
            subject="0312345678",
        )

    await store.run(prepare)
    (mail,) = await mails(sender)
    text = mail.get_content()
    assert text.startswith("Ваше письмо не принято к отправке факсом.")
    assert "Код состояния: 5.6.0" in text
    assert ("0312345678" in text + mail["Subject"]) == shown
