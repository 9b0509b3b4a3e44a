"""Summaries of lists: what a clerk sees, what a program parses, what a spreadsheet opens."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree
from notify_fixtures import NINE, SENT, STAMP, failed, parsed, text_of

from gateway.domain.outcome import Cause
from gateway.domain.states import DeliveryState
from gateway.mail import one_line, serialise
from gateway.notify.batch import ALL, FAILURES, Batch
from gateway.notify.batch_mail import compose, disarmed, table, xml_document
from gateway.notify.result_mail import FIELDS, FORMATS

if TYPE_CHECKING:
    from email.message import EmailMessage

    from gateway.notify.result import Result

GOT = replace(SENT, contact="山田")
BUSY = failed(Cause.BUSY, number=41230078, destination="0081312345679", contact="=HYPERLINK(1)")
PARTLY = failed(
    Cause.PAGE_REJECTED,
    number=41230079,
    destination="0081312345680",
    pages=3,
    pages_confirmed=2,
    stopped_at=2,
)


def batch(*results: Result, **changes: object) -> Batch:
    whole = Batch(
        number=41230077,
        results=results or (GOT, BUSY, PARTLY),
        submitted_at=NINE,
        completed_at=NINE,
        name="customers",
        subject="Order 5521",
        timezone="Asia/Tokyo",
        request_id="<request-1@acme.example>",
    )
    return replace(whole, **changes)  # type: ignore[arg-type]


def mailed(whole: Batch) -> EmailMessage:
    return parsed(serialise(compose(whole, STAMP)))


def many(count: int, sent: int) -> Batch:
    return batch(
        *(
            replace(SENT if n < sent else failed(Cause.BUSY), number=n + 1, destination=f"00813{n:08d}")
            for n in range(count)
        )
    )


@pytest.mark.parametrize(
    ("results", "subject", "opening"),
    [
        ((GOT,), "Fax sent successfully -> customers (1/1)", "sent to all numbers: 1 of 1."),
        ((GOT, BUSY), "Fax sent in part -> customers (1/2)", "sent to some numbers only: 1 of 2."),
        ((BUSY,), "Fax failed -> customers (0/1)", "was NOT sent: 0 of 1 numbers got it."),
    ],
)
def test_subject_and_first_sentence_say_how_many_got_it(
    results: tuple[Result, ...], subject: str, opening: str
) -> None:
    mail = mailed(batch(*results))
    assert mail["Subject"] == subject
    assert text_of(mail).splitlines()[0].endswith(opening)


def test_a_mail_to_several_numbers_is_named_by_the_first() -> None:
    assert mailed(batch(name=""))["Subject"] == "Fax sent in part -> 0081363684300 (1/3)"


def test_a_clerk_sees_each_number_and_why() -> None:
    text = text_of(mailed(batch()))
    assert "0081363684300 (山田): OK" in text
    assert "0081312345679 (=HYPERLINK(1)): 6017-The number was busy." in text
    assert "0081312345680: 3268-The far machine rejected page 2 as unreadable." in text
    assert "Numbers not sent to: 2" in text
    assert "List: customers" in text


def test_the_frame_is_that_of_a_result() -> None:
    mail = mailed(batch())
    assert mail["Auto-Submitted"] == "auto-replied"
    assert mail["In-Reply-To"] == "<request-1@acme.example>"
    assert mail["X-TransactionID"] == "41230077"
    assert mail["X-Postline-Simulated"] is None
    assert mailed(batch(replace(SENT, simulated_line=True)))["X-Postline-Simulated"] == "yes"


def test_html_has_both_and_the_table() -> None:
    mail = mailed(batch(format="html"))
    assert mail.get_content_type() == "multipart/mixed"
    html = mail.get_body(("html",))
    assert html is not None
    assert "6017-The number was busy." in html.get_content()
    assert "6017-The number was busy." in text_of(mail)
    assert [part.get_filename() for part in mail.iter_attachments()] == ["41230077.csv"]


def test_of_many_only_the_failures_are_listed() -> None:
    whole = many(ALL + 1, sent=ALL - 1)
    text = text_of(mailed(whole))
    assert text.count(": OK") == 0
    assert text.count("6017-") == 2
    assert "attached table" not in text


def test_of_very_many_failures_the_rest_is_in_the_table() -> None:
    whole = many(FAILURES + 30, sent=10)
    mail = mailed(whole)
    assert text_of(mail).count("6017-") == FAILURES
    assert "20 more numbers that did not get it are in the attached table." in text_of(mail)
    assert whole.unlisted == 20
    (attached,) = mail.iter_attachments()
    assert attached.get_content_type() == "text/csv"
    rows = list(csv.reader(io.StringIO(attached.get_content().lstrip("\ufeff"))))
    assert len(rows) == 1 + FAILURES + 30


def test_the_table_has_names_of_columns_words_and_no_formula() -> None:
    rows = list(csv.DictReader(io.StringIO(table(batch(), "en"), newline="")))
    assert list(rows[0]) == [*FIELDS, "Result"]
    assert [row["Result"] for row in rows][:2] == ["OK", "6017-The number was busy."]
    assert rows[1]["Contact"] == "'=HYPERLINK(1)"


@pytest.mark.parametrize("cell", ["=1", "+1", "-1", "@x", " =1", "＝1", '"=1', "\u3000+1", "\t1"])  # noqa: RUF001
def test_a_cell_that_could_be_a_formula_is_disarmed(cell: str) -> None:
    assert disarmed(cell) == f"'{cell}"


@pytest.mark.parametrize("cell", ["", "山田", "0081363684300", "a=b", "1-2"])
def test_any_other_cell_is_left_alone(cell: str) -> None:
    assert disarmed(cell) == cell


def test_csv_for_programs_is_one_exact_record_a_number() -> None:
    mail = mailed(batch(format="csv"))
    rows = list(csv.reader(io.StringIO(text_of(mail))))
    assert [row[0] for row in rows] == ["41230077", "41230078", "41230079"]
    assert rows[1][9] == "=HYPERLINK(1)"
    assert list(mail.iter_attachments()) == []
    assert mail.get_content_charset() == "utf-8"


def test_one_charset_for_all_records() -> None:
    assert mailed(batch(SENT, BUSY, format="csv")).get_content_charset() == "us-ascii"
    assert mailed(batch(SENT, GOT, format="csv")).get_content_charset() == "utf-8"


def test_xml_repeats_the_record_in_a_wrapper() -> None:
    root = etree.fromstring(xml_document(batch()).encode())
    assert [child.tag for child in root] == [
        "ParentTransactionID",
        "Total",
        "Succeeded",
        "Failed",
        *["FaxResult"] * 3,
    ]
    assert [root.findtext(tag) for tag in ("ParentTransactionID", "Total", "Succeeded", "Failed")] == [
        "41230077",
        "3",
        "1",
        "2",
    ]
    assert [child.tag for child in root[4]] == list(FIELDS)
    assert root[5].findtext("Status") == "6017"


def test_without_contents_nothing_the_sender_wrote_comes_back() -> None:
    whole = batch(GOT, BUSY, warnings=("secret.pdf: The PDF is damaged.",), subject="secret plan")
    for form in FORMATS:
        content = mailed(
            replace(whole.without_contents("https://fax.example.org/fax/1"), format=form)
        ).as_string()
        told = "".join(
            part.get_content() for part in parsed(content.encode()).walk() if not part.is_multipart()
        )
        assert "secret" not in told
        assert "山田" not in told
        assert "Order" not in told


def test_japanese_legacy_batches_are_iso_2022_jp() -> None:
    mail = mailed(batch(language="ja", legacy=True))
    part = mail.get_body(("plain",))
    assert part is not None
    assert part.get_content_charset() == "iso-2022-jp"
    assert mail["Subject"] == "FAX送信が一部失敗しました -> customers (1/3)"


TEXT = st.text(alphabet=st.characters(codec=None), max_size=30)


@given(TEXT, TEXT, TEXT, st.sampled_from(FORMATS))
def test_no_text_from_outside_makes_a_header_or_a_record(
    contact: str, subject: str, name: str, form: str
) -> None:
    results = (replace(SENT, contact=contact, subject=subject), replace(BUSY, contact=contact))
    mail = mailed(batch(*results, name=name, subject=subject, format=form))
    assert mail["Bcc"] is None
    assert mail["Subject"].count("\n") == 0
    if form == "csv":
        rows = list(csv.reader(io.StringIO(text_of(mail))))
        assert [row[9] for row in rows] == [one_line(contact)] * 2
    if form == "xml":
        assert len(etree.fromstring(text_of(mail).encode()).findall("FaxResult")) == 2


def test_an_uncertain_number_is_told_as_uncertain() -> None:
    unsure = failed(Cause.UNCERTAIN, state=DeliveryState.UNCERTAIN, pages_confirmed=1, stopped_at=2)
    text = text_of(mailed(batch(SENT, BUSY, unsure)))
    assert "256-The call ended before page 2 was confirmed" in text
    assert "Numbers not sent to: 1\r\nNumbers it is uncertain for: 1\r\n" in text
    alone = mailed(batch(unsure))
    assert alone["Subject"] == "Fax not confirmed -> customers (0/1)"
    assert "NOT sent" not in text_of(alone)
    marked = mailed(batch(unsure, format="html")).get_body(("html",))
    assert marked is not None
    assert "<strong>? 256-" in marked.get_content()
    assert "uncertain" not in text_of(mailed(batch(BUSY)))
