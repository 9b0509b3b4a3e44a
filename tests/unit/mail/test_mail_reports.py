"""Reports for mail programs, read back by the standard library: DSN, receipts, refusals."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from notify_fixtures import NINE, SENT, STAMP, failed, parsed, text_of

from gateway.domain import numbers
from gateway.domain.outcome import Cause
from gateway.domain.states import DeliveryState
from gateway.language import LANGUAGES
from gateway.mail import serialise
from gateway.notify import receipt, refusal, status_notice
from gateway.notify.batch import Batch
from gateway.notify.mail_report import fax_address, fields_of, header_of, plain
from gateway.notify.refusal import Refusal
from gateway.notify.status_notice import Status

if TYPE_CHECKING:
    from email.message import EmailMessage, Message

    from gateway.notify.result import Result

RAW = (
    b"Received: from x\r\nFrom: Alice <alice@acme.example>\r\n"
    b'To: "Customer"\r\n <0363684300@fax.example.org>\r\n'
    b"Subject: Order /pw hunter2\r\nMessage-ID: <request-1@acme.example>\r\nBcc: boss@acme.example\r\n"
    b"Date: Mon, 01 Apr 2024 09:00:00 +0900\r\n\r\nbody hunter2\r\n"
)
STATUS = Status(
    SENT,
    final="FAX=+81363684300@fax.example.org",
    reporter="fax.example.org",
    original="rfc822;0363684300@fax.example.org",
    envelope_id="QQ314159",
)


def notified(status: Status = STATUS, quoted: str = "") -> EmailMessage:
    return parsed(serialise(status_notice.compose(status, quoted, STAMP)))


def about(result: Result) -> Status:
    return replace(STATUS, result=result)


def blocks(mail: EmailMessage) -> list[Message]:
    """The groups of fields of the machine's part."""
    (part,) = [part for part in mail.walk() if part.get_content_type().startswith("message/")]
    payload = part.get_payload()
    assert isinstance(payload, list)
    return payload


def fields(mail: EmailMessage) -> dict[str, str]:
    return {name: str(value) for block in blocks(mail) for name, value in block.items()}


def test_a_fax_that_arrived_is_reported_as_delivered() -> None:
    mail = notified()
    assert mail.get_content_type() == "multipart/report"
    assert mail.get_param("report-type") == "delivery-status"
    whole, number = blocks(mail)
    assert dict(whole.items()) == {
        "Original-Envelope-Id": "QQ314159",
        "Reporting-MTA": "dns; fax.example.org",
        "Arrival-Date": "Mon, 01 Apr 2024 00:00:05 +0000",
    }
    assert dict(number.items()) == {
        "Original-Recipient": "rfc822; 0363684300@fax.example.org",
        "Final-Recipient": "rfc822; FAX=+81363684300@fax.example.org",
        "Action": "delivered",
        "Status": "2.0.0",
        "Last-Attempt-Date": "Mon, 01 Apr 2024 00:01:40 +0000",
        "Final-Log-ID": "41230077",
        "X-Fax-Pages": "2 of 2",
        "X-Fax-Remote-ID": "81363684300",
    }


def test_a_fax_that_was_never_dialled_has_no_last_attempt() -> None:
    assert "Last-Attempt-Date" not in fields(notified(about(failed(Cause.ENCRYPTED_DOCUMENT, dials=0))))


@pytest.mark.parametrize(
    ("result", "status", "diagnostic"),
    [
        (failed(Cause.BUSY), "5.4.5", "x-fax; 6017 The number was busy."),
        (failed(Cause.NO_ANSWER), "5.4.1", "x-fax; 6018 Nobody answered."),
        (failed(Cause.ENCRYPTED_DOCUMENT), "5.6.1", "x-fax; 204000 A document is protected by a password."),
        (failed(Cause.TOO_MANY_PAGES), "5.3.4", "x-fax; 204000 The document has too many pages for one fax."),
        (
            failed(Cause.PAGE_REJECTED, pages_confirmed=1),
            "5.4.2",
            "x-fax; 3268 The far machine rejected page 2 as unreadable.",
        ),
        (
            failed(Cause.UNCERTAIN, state=DeliveryState.UNCERTAIN),
            "5.4.2",
            "x-fax; 256 The call ended before page 1 was confirmed; the page may have arrived.",
        ),
    ],
)
def test_a_failure_has_code_number_and_sentence(result: Result, status: str, diagnostic: str) -> None:
    found = fields(notified(about(result)))
    assert (found["Action"], found["Status"], found["Diagnostic-Code"]) == ("failed", status, diagnostic)


def test_what_the_client_did_not_say_is_left_out() -> None:
    found = fields(notified(replace(STATUS, original="", envelope_id="")))
    assert "Original-Recipient" not in found
    assert "Original-Envelope-Id" not in found


def test_the_frame_of_a_report_is_that_of_a_result() -> None:
    mail = notified()
    assert mail["Auto-Submitted"] == "auto-replied"
    assert mail["In-Reply-To"] == "<request-1@acme.example>"
    assert mail["X-Loop"] == "fax.example.org"
    assert mail["Subject"] == "Delivery report -> 0081363684300"


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_person_reads_it_in_their_language(language: str) -> None:
    mail = notified(about(replace(SENT, language=language)))
    part = next(part for part in mail.walk() if part.get_content_type() == "text/plain")
    assert ("Your fax to" in part.get_content()) == (language == "en")


def test_the_request_is_quoted_by_few_fields_and_never_with_a_password() -> None:
    quoted = header_of(RAW, "Order")
    assert quoted.splitlines() == [
        "From: Alice <alice@acme.example>",
        'To: "Customer" <0363684300@fax.example.org>',
        "Message-ID: <request-1@acme.example>",
        "Date: Mon, 01 Apr 2024 09:00:00 +0900",
        "Subject: Order",
    ]
    mail = notified(quoted=quoted)
    assert [part.get_content_type() for part in mail.walk()][-1] == "text/rfc822-headers"
    assert "hunter2" not in mail.as_string()
    assert "boss" not in mail.as_string()


def test_a_japanese_subject_is_quoted_as_encoded_words() -> None:
    quoted = header_of(RAW, "注文 5521")
    assert "Subject: =?utf-8?" in quoted
    assert quoted.isascii()


@pytest.mark.parametrize(
    ("destination", "sub", "address"),
    [
        ("0081363684300", "", "FAX=+81363684300@fax.example.org"),
        ("0012025550123", "42", "FAX=+12025550123/T33S=42@fax.example.org"),
    ],
)
def test_the_address_of_a_fax_is_one_we_take(destination: str, sub: str, address: str) -> None:
    assert fax_address(destination, "fax.example.org", sub) == address
    read = numbers.parse(address.rpartition("@")[0], "81", "")
    assert (read.canonical, read.sub) == (destination, sub)


def batch(*results: Result, name: str = "") -> Batch:
    return Batch(41230077, results, NINE, NINE, name=name, request_id="<request-1@acme.example>")


def received(whole: Batch) -> EmailMessage:
    return parsed(serialise(receipt.compose(whole, "fax.example.org", STAMP)))


def test_a_receipt_says_dispatched_if_every_number_got_it() -> None:
    mail = received(batch(SENT))
    assert mail.get_content_type() == "multipart/report"
    assert mail.get_param("report-type") == "disposition-notification"
    assert mail["Subject"] == "Receipt -> 0081363684300"
    assert fields(mail) == {
        "Reporting-UA": "fax.example.org; Postline",
        "Final-Recipient": "rfc822; FAX=+81363684300@fax.example.org",
        "Original-Message-ID": "<request-1@acme.example>",
        "Disposition": "automatic-action/MDN-sent-automatically; dispatched",
    }
    assert "Your fax to 0081363684300 was sent." in mail.get_payload(0).get_content()


def test_and_processed_with_an_error_if_one_did_not() -> None:
    found = fields(received(batch(SENT, failed(Cause.BUSY), name="customers")))
    assert found["Final-Recipient"] == "rfc822; list=customers@fax.example.org"
    assert found["Disposition"] == "automatic-action/MDN-sent-automatically; processed/error"
    assert found["Error"] == "1 of 2 numbers did not confirm the whole fax"


def test_a_receipt_asks_for_no_receipt() -> None:
    assert received(batch(SENT))["Disposition-Notification-To"] is None


def refused(**changes: object) -> EmailMessage:
    one = Refusal(
        Cause.BAD_OPTION,
        "/d: 25:99 is no time; write `2030-01-31 09:30`, or `09:30` for the next such time",
        subject="Order /d 25:99",
        request_id="<request-1@acme.example>",
    )
    return parsed(serialise(refusal.compose(replace(one, **changes), STAMP)))  # type: ignore[arg-type]


def test_a_refusal_says_why_with_the_code_and_what_to_do() -> None:
    mail = refused()
    assert mail["Subject"] == "Mail not accepted for faxing <- Order /d 25:99"
    assert mail["In-Reply-To"] == "<request-1@acme.example>"
    assert mail["Auto-Submitted"] == "auto-replied"
    text = text_of(mail)
    assert text.startswith("Your mail was not accepted for faxing. Nothing was sent.")
    assert "Why: An option of the fax has an impossible value." in text
    assert "Detail: /d: 25:99 is no time" in text
    assert "What to do: Correct the option and send the mail again." in text
    assert "Status code: 5.5.4" in text


def test_a_refusal_without_a_subject_has_no_dangling_arrow() -> None:
    assert refused(subject="")["Subject"] == "Mail not accepted for faxing"


def test_a_refusal_quotes_the_bad_argument_in_every_language() -> None:
    for language in LANGUAGES:
        assert "25:99" in text_of(refused(language=language))


def test_a_refusal_may_be_html_or_legacy_japanese() -> None:
    assert refused(html=True).get_content_type() == "multipart/alternative"
    assert refused(language="ja", legacy=True).get_content_charset() == "iso-2022-jp"


@given(st.binary(max_size=400))
@example(b"From: a\rBcc: b\r\n\r\n")
@example(b"From: \xff\x00\r\n\tfolded\r\nno field\r\n: empty\r\n")
def test_any_request_can_be_quoted(raw: bytes) -> None:
    for name, value in fields_of(raw):
        assert name.isascii()
        assert value == plain(value)
    quoted = header_of(raw, "x")
    assert quoted.isascii()
    assert "\r" not in quoted


TEXT = st.text(alphabet=st.characters(codec=None), max_size=60)


@given(TEXT, TEXT, TEXT, TEXT, st.binary(max_size=100))
@example(
    "=?utf-8?B?DQpCY2M6IHg=?=",
    "rfc822;x\r\nAction: relayed",
    "a\n\nStatus: 2.0.0",
    "\r\nBcc: x",
    b"From: x\r\n",
)
def test_no_text_from_outside_makes_a_field(
    subject: str, original: str, envelope_id: str, csid: str, raw: bytes
) -> None:
    result = failed(Cause.BUSY, subject=subject, remote_id=csid, detail=subject, request_id=envelope_id)
    mail = notified(
        replace(about(result), original=original, envelope_id=envelope_id), header_of(raw, subject)
    )
    assert mail["Bcc"] is None
    assert len(blocks(mail)) == 2
    found = fields(mail)
    assert set(found) <= {
        "Original-Envelope-Id", "Reporting-MTA", "Arrival-Date", "Original-Recipient", "Final-Recipient",
        "Action", "Status", "Diagnostic-Code", "Last-Attempt-Date", "Final-Log-ID",
        "X-Fax-Pages", "X-Fax-Remote-ID",
    }  # fmt: skip
    assert (found["Action"], found["Status"]) == ("failed", "5.4.5")
    other = received(batch(replace(SENT, subject=subject), name=original))
    assert other["Bcc"] is None
    assert len(blocks(other)) == 1
    answer = refused(subject=subject, reason=csid, request_id=envelope_id)
    assert answer["Bcc"] is None
    assert answer["Subject"].count("\n") == 0
