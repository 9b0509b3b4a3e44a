"""Result mails, read back by the standard library: what a clerk sees and what a program parses."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from lxml import etree
from notify_fixtures import NINE, SENT, STAMP, failed, mailed, text_of

from gateway.domain.outcome import Cause
from gateway.domain.states import DeliveryState
from gateway.mail import BadMail, Stamp, serialise
from gateway.notify.result_mail import BODIES, FIELDS, FORMATS, compose, csv_record

if TYPE_CHECKING:
    from gateway.notify.result import Result

GOLDEN = Path(__file__).parents[2] / "golden" / "mail"

LETTERS: dict[str, Result] = {
    "sent-en-text": SENT,
    "sent-ja-text": replace(SENT, language="ja", subject="注文 5521", contact="山田"),
    "busy-ja-text": failed(Cause.BUSY, language="ja", subject="注文 5521", contact="山田"),
    "partly-en-text": replace(
        failed(
            Cause.REMOTE_DISCONNECT,
            pages=3,
            pages_confirmed=1,
            line_seconds=48.2,
            remote_id="+81 3 6368 4300",
        ),
        warnings=("Unknown option /etc stays in the subject.",),
    ),
    "refused-en-text": failed(
        Cause.ENCRYPTED_DOCUMENT, dials=0, pages=0, detail="invoice.pdf", page_begun=False
    ),
    "uncertain-en-text": failed(Cause.UNCERTAIN, state=DeliveryState.UNCERTAIN, pages_confirmed=1),
    "simulated-line-en-html": replace(SENT, simulated_line=True, format="html"),
    "test-number-ja-text": failed(
        Cause.SIMULATED, simulated_status=6017, destination="0099999996017", dials=0, language="ja"
    ),
    "sent-en-csv": replace(SENT, format="csv"),
    "sent-ja-csv": replace(SENT, format="csv", language="ja", subject="注文1", contact="山田"),
    "sent-en-xml": replace(SENT, format="xml", subject="A & B <c>"),
    "busy-zh-text": failed(Cause.BUSY, language="zh-CN"),
    "busy-ru-text": failed(Cause.BUSY, language="ru"),
}


@pytest.mark.parametrize("name", sorted(LETTERS))
def test_the_mail_is_the_one_we_read_and_approved(name: str) -> None:
    golden = GOLDEN / f"{name}.eml"
    composed = serialise(compose(LETTERS[name], STAMP))
    assert golden.exists(), f"read the mail, then save it as {golden}"
    assert composed == golden.read_bytes()


def test_every_approved_mail_is_still_written() -> None:
    assert {path.stem for path in GOLDEN.glob("*.eml") if not path.stem.startswith("forward-")} == set(
        LETTERS
    )


def test_the_frame_says_it_is_automatic_and_what_it_answers() -> None:
    mail = mailed(SENT)
    assert mail["Auto-Submitted"] == "auto-replied"
    assert mail["X-Auto-Response-Suppress"] == "All"
    assert mail["In-Reply-To"] == mail["References"] == "<request-1@acme.example>"
    assert mail["X-TransactionID"] == "41230077"
    assert mail["Message-ID"] == STAMP.message_id
    assert mail["To"] == "alice@acme.example"
    assert mail["From"].addresses[0].addr_spec == "fax@fax.example.org"
    assert mail["X-Postline-Simulated"] is None


def test_a_second_sending_is_the_same_mail_octet_for_octet() -> None:
    result = replace(SENT, format="html", image=b"II*\0pages")
    assert serialise(compose(result, STAMP)) == serialise(compose(result, STAMP))


@pytest.mark.parametrize(
    ("language", "success", "failure"),
    [
        ("ja", "FAX送信が成功しました -> 0081363684300", "FAX送信が失敗しました -> 0081363684300"),
        ("en", "Fax sent successfully -> 0081363684300", "Fax failed -> 0081363684300"),
    ],
)
@pytest.mark.parametrize("form", FORMATS)
def test_the_subject_is_the_one_of_the_contract(language: str, success: str, failure: str, form: str) -> None:
    assert mailed(replace(SENT, language=language, format=form))["Subject"] == success
    assert mailed(failed(Cause.BUSY, language=language, format=form))["Subject"] == failure


@pytest.mark.parametrize(
    ("language", "subject"),
    [
        ("ja", "FAX送信の完了を確認できませんでした"),
        ("en", "Fax not confirmed"),
        ("zh-CN", "无法确认传真是否送达"),
        ("ru", "Доставка факса не подтверждена"),
    ],
)
def test_a_fax_that_may_have_arrived_is_not_said_to_have_failed(language: str, subject: str) -> None:
    unsure = failed(Cause.UNCERTAIN, state=DeliveryState.UNCERTAIN, language=language)
    assert mailed(unsure)["Subject"] == f"{subject} -> 0081363684300"


def test_a_text_mail_is_utf8_in_base64() -> None:
    mail = mailed(replace(SENT, subject="plain ascii"))
    assert mail.get_content_type() == "text/plain"
    assert mail.get_content_charset() == "utf-8"
    assert mail["Content-Transfer-Encoding"] == "base64"


def test_a_clerk_reads_how_much_arrived_why_the_rest_did_not_and_what_to_do() -> None:
    text = text_of(mailed(failed(Cause.REMOTE_DISCONNECT, pages=3, pages_confirmed=1)))
    assert "arrived only in part: 1 page of 3 was confirmed" in text
    assert "Why: The far machine broke off at page 2." in text
    assert "What to do: Send it again." in text
    assert "Calls made: 4" in text
    assert "Submitted: 2024-04-01 09:00:05 (Asia/Tokyo)" in text


def test_a_failure_in_japanese_is_number_hyphen_sentence() -> None:
    text = text_of(mailed(failed(Cause.BUSY, language="ja")))
    assert "送信結果: 6017-話し中でした。" in text


@pytest.mark.parametrize(
    ("result", "opening"),
    [
        (SENT, "confirmed all 2 pages"),
        (replace(SENT, pages=1, pages_confirmed=1), "confirmed the page"),
        (failed(Cause.BUSY), "was NOT sent"),
        (failed(Cause.CANCELLED, state=DeliveryState.CANCELLED), "was cancelled"),
        (failed(Cause.UNCERTAIN, state=DeliveryState.UNCERTAIN, pages_confirmed=1), "not certain"),
        (failed(Cause.SIMULATED, simulated_status=6017), "was not dialled"),
    ],
)
def test_the_first_sentence_says_whether_it_arrived(result: Result, opening: str) -> None:
    assert opening in text_of(mailed(result)).splitlines()[0]


def test_a_document_that_could_not_be_drawn_is_told_as_such_at_a_test_number_too() -> None:
    mail = mailed(failed(Cause.ENCRYPTED_DOCUMENT, simulated_status=0))
    assert mail["X-Postline-Simulated"] is None
    assert "Result: 204000-A document is protected by a password." in text_of(mail)
    assert "What to do" in text_of(mail)


@pytest.mark.parametrize("form", FORMATS)
def test_a_simulated_line_is_said_in_the_header_of_every_format(form: str) -> None:
    assert mailed(replace(SENT, simulated_line=True, format=form))["X-Postline-Simulated"] == "yes"
    assert mailed(replace(SENT, cause=Cause.SIMULATED, simulated_status=0, format=form))[
        "X-Postline-Simulated"
    ]


@pytest.mark.parametrize(
    ("language", "word"), [("en", "SIMULATED"), ("ja", "模擬回線"), ("zh-CN", "模拟线路"), ("ru", "ИМИТАЦИЯ")]
)
def test_a_simulated_line_is_the_first_thing_a_reader_sees(language: str, word: str) -> None:
    text = text_of(mailed(replace(SENT, simulated_line=True, language=language)))
    assert word in text.splitlines()[0]


@pytest.mark.parametrize("cause", Cause)
@pytest.mark.parametrize("language", ["en", "ja", "zh-CN", "ru"])
def test_every_cause_makes_a_mail_in_every_language(cause: Cause, language: str) -> None:
    text = text_of(mailed(failed(cause, language=language)))
    assert "%(" not in text
    assert "%d" not in text


def test_html_carries_the_same_text_and_escapes_what_comes_from_outside() -> None:
    mail = mailed(replace(SENT, format="html", subject="<script>alert(1)</script>"))
    html = mail.get_body(("html",))
    assert mail.get_content_type() == "multipart/alternative"
    assert html is not None
    assert "<script>" not in html.get_content()
    assert "&lt;script&gt;" in html.get_content()
    assert text_of(mail) == text_of(mailed(replace(SENT, subject="<script>alert(1)</script>")))


def test_the_pages_follow_the_words_when_the_account_wants_them() -> None:
    mail = mailed(replace(SENT, image=b"II*\0pages"))
    text, image = mail.iter_parts()
    assert mail.get_content_type() == "multipart/mixed"
    assert text.get_content_type() == "text/plain"
    assert (image.get_content_type(), image.get_filename()) == ("image/tiff", "41230077.tif")
    assert image.get_content() == b"II*\0pages"


@pytest.mark.parametrize(
    ("subject", "charset", "encoding"), [("Order 1", "us-ascii", "7bit"), ("注文1", "utf-8", "base64")]
)
def test_csv_is_ascii_7bit_just_when_the_decoded_subject_is_ascii(
    subject: str, charset: str, encoding: str
) -> None:
    mail = mailed(replace(SENT, format="csv", subject=subject))
    assert mail.get_content_type() == "text/plain"
    assert (mail.get_content_charset(), mail["Content-Transfer-Encoding"]) == (charset, encoding)


def test_csv_with_a_japanese_contact_is_not_mislabelled_as_ascii() -> None:
    mail = mailed(replace(SENT, format="csv", contact="山田"))
    assert mail.get_content_charset() == "utf-8"
    assert "山田" in text_of(mail)


def test_csv_is_one_record_of_the_ten_fields_in_their_order() -> None:
    record = csv_record(replace(SENT, contact="Yamada"))
    assert record == (
        "41230077,81363684300,2,0,Order 5521,0081363684300,61,"
        "2024-04-01 09:00:05,2024-04-01 09:01:40,Yamada\r\n"
    )


def test_csv_quotes_only_where_needed_and_loses_only_controls() -> None:
    (row,) = csv.reader(io.StringIO(csv_record(replace(SENT, subject='a "b", c\r\n\x00d', contact="=1+1"))))
    assert row[4] == 'a "b", c d'
    assert row[9] == "=1+1"
    assert ',"a ""b"", c d",' in csv_record(replace(SENT, subject='a "b", c\r\n\x00d'))


def test_a_long_csv_line_never_breaks_the_limit_of_mail_lines() -> None:
    content = serialise(compose(replace(SENT, format="csv", subject="x" * 2000), STAMP))
    assert max(map(len, content.split(b"\r\n"))) <= 998


def test_xml_is_well_formed_and_has_the_ten_elements_in_order() -> None:
    mail = mailed(replace(SENT, format="xml", subject="A & B\x0b<c> 注文\uffff", contact="山田"))
    document = text_of(mail)
    root = etree.fromstring(document.encode())
    assert mail.get_content_type() == "text/plain"
    assert document.startswith("<?xml")
    assert [element.tag for element in root] == list(FIELDS)
    assert root.findtext("OriginalSubject") == "A & B <c> 注文"
    assert root.findtext("Status") == "0"


def test_times_are_in_the_time_zone_of_the_account_across_its_clock_changes() -> None:
    winter, summer = datetime(2024, 1, 15, 23, 30, tzinfo=UTC), datetime(2024, 7, 15, 23, 30, tzinfo=UTC)
    berlin = replace(SENT, timezone="Europe/Berlin", submitted_at=winter, completed_at=summer)
    assert ",2024-01-16 00:30:00,2024-07-16 01:30:00," in csv_record(berlin)


def test_an_unknown_time_zone_never_stops_a_result() -> None:
    assert "2024-04-01 00:00:05 (UTC)" in text_of(mailed(replace(SENT, timezone="Mars/Olympus")))


def test_only_a_well_formed_identifier_is_answered_to() -> None:
    assert mailed(replace(SENT, request_id="no identifier"))["In-Reply-To"] is None
    assert mailed(replace(SENT, request_id="<a@b>\r\nBcc: <x@y>"))["In-Reply-To"] == "<a@b>"


def test_a_long_identifier_stays_in_one_piece() -> None:
    long = f"<{'a' * 200}@{'b' * 200}>"
    content = serialise(compose(replace(SENT, request_id=long), STAMP))
    assert f"In-Reply-To: {long}\r\n".encode() in content


@pytest.mark.parametrize(
    "address",
    [
        "",
        "alice",
        "a b@c.example",
        "a@b\r\nBcc: x@y",
        "<a@b>",
        "日本@acme.example",
        "a@b,c@d",
        "@b",
        f"{'a' * 250}@b.cc",
    ],
)
def test_what_is_no_address_gets_no_mail(address: str) -> None:
    with pytest.raises(BadMail):
        compose(SENT, Stamp(STAMP.author, address, STAMP.message_id, NINE))


def test_every_format_of_the_contract_is_written() -> None:
    assert tuple(BODIES) == FORMATS == ("text", "html", "csv", "xml")


def test_the_date_is_that_of_the_owed_row() -> None:
    later: dict[str, Any] = {"completed_at": NINE + timedelta(days=2)}
    assert mailed(replace(SENT, **later))["Date"].datetime == NINE


@pytest.mark.parametrize("form", FORMATS)
def test_without_contents_nothing_the_sender_wrote_comes_back(form: str) -> None:
    twice = "Page 2 may have arrived twice: the first time its confirmation was not seen."
    result = failed(
        Cause.ENCRYPTED_DOCUMENT,
        subject="secret plan",
        contact="secret friend",
        detail="secret.pdf: The PDF asks for a password.",
        warnings=("secret.xls: The picture is damaged.", twice),
        image=b"II*\0secret",
        format=form,
    )
    mail = mailed(result.without_contents("https://fax.example.org/fax/41230077"))
    text = text_of(mail)
    assert "secret" not in text
    assert not list(mail.iter_attachments())
    assert "204000" in text
    if form in ("text", "html"):
        assert "Page 2 may have arrived twice" in text
        assert "More about it: https://fax.example.org/fax/41230077" in text


def test_what_should_be_attached_and_is_not_is_said() -> None:
    text = text_of(
        mailed(replace(SENT, missing=("The transmission report could not be drawn.",), language="ru"))
    )
    assert "Не удалось составить отчёт о передаче." in text  # noqa: RUF001  (Cyrillic is meant)
