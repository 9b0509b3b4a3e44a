"""No text from outside can add a header, a line or a record to a mail of ours, whatever it is."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import replace

from hypothesis import example, given
from hypothesis import strategies as st
from notify_fixtures import SENT, STAMP, failed, parsed, text_of

from gateway.domain.outcome import Cause
from gateway.mail import one_line, serialise
from gateway.notify.office import Office
from gateway.notify.result_mail import FIELDS, FORMATS, compose, csv_record, fields
from gateway.notify.writers import NoteWriter
from gateway.receive import forward_mail
from gateway.receive.forward_mail import Received
from gateway.store.leases import MailLease

NASTY = st.sampled_from(
    [
        "\r\nBcc: victim@evil.example\r\n\r\nbody",
        "\nBcc: victim@evil.example",
        "=?utf-8?B?DQpCY2M6IHZpY3RpbUBldmlsLmV4YW1wbGU=?=",
        "=?utf-8?Q?=0D=0ABcc:_victim@evil.example?=",
        "=?iso-2022-jp?B?GyRC?= \x1b$B",
        "\x85Bcc: x\u2028Bcc: y\u2029",
        "\ud800\udfff",
        "\x00\x0b\x0c",
        "\u202e\u2066",
        '",\r\n0,"',
    ]
)
TEXT = st.lists(st.one_of(NASTY, st.text(alphabet=st.characters(codec=None), max_size=40)), max_size=3).map(
    "".join
)
FRAME = {
    "date",
    "from",
    "to",
    "subject",
    "message-id",
    "auto-submitted",
    "x-auto-response-suppress",
    "x-transactionid",
    "x-loop",
    "in-reply-to",
    "references",
    "x-postline-simulated",
    "content-type",
    "content-transfer-encoding",
    "mime-version",
}


def header_lines(content: bytes) -> list[bytes]:
    return content.split(b"\r\n\r\n", 1)[0].split(b"\r\n")


def check_header(content: bytes) -> None:
    mail = parsed(content)
    names = [name.lower() for name in mail]
    assert set(names) <= FRAME
    assert len(names) == len(set(names))
    assert mail["To"].addresses[0].addr_spec == STAMP.recipient
    assert len(mail["To"].addresses) == 1
    for line in header_lines(content):
        assert re.match(rb"[A-Za-z-]+:( |$)|[ \t]", line), line
        assert not re.search(rb"[\x00-\x08\x0a-\x1f\x7f-\xff]", line), line
        assert len(line) <= 998


@given(st.tuples(TEXT, TEXT, TEXT, TEXT, TEXT), st.sampled_from(FORMATS), st.sampled_from(["en", "ja", "ru"]))
@example(("=?utf-8?B?DQpCY2M6IHg=?=", "\r\n", "\r\nX: y", "<a@b>\r\nBcc: c", ""), "text", "en")
def test_a_result_mail_has_only_the_headers_we_set(
    outside: tuple[str, str, str, str, str], form: str, language: str
) -> None:
    subject, contact, csid, request_id, detail = outside
    result = failed(
        Cause.REMOTE_DISCONNECT,
        subject=subject,
        contact=contact,
        remote_id=csid,
        request_id=request_id,
        detail=detail,
        warnings=(subject, detail),
        format=form,
        language=language,
    )
    check_header(serialise(compose(result, STAMP)))


@given(csid=TEXT, caller=TEXT, sub=TEXT, form=st.sampled_from(["pdf", "tiff"]), partial=st.booleans())
@example(csid="=?utf-8?B?DQpCY2M6IHg=?=", caller="", sub="", form="pdf", partial=False)
def test_a_forward_has_only_the_headers_we_set(
    csid: str, caller: str, sub: str, form: str, *, partial: bool
) -> None:
    received = Received(
        7, STAMP.date, 1, called="+81344772288", caller=caller, remote_id=csid, sub=sub, partial=partial
    )
    content = serialise(forward_mail.compose(received, b"pages", form, STAMP))
    check_header(content)
    (attachment,) = parsed(content).iter_attachments()
    assert attachment.get_filename() == f"7.{'pdf' if form == 'pdf' else 'tif'}"
    assert attachment.get_content() == b"pages"


@given(TEXT, TEXT, TEXT)
def test_csv_reads_back_as_one_record_with_the_cleaned_values(subject: str, contact: str, csid: str) -> None:
    result = replace(SENT, subject=subject, contact=contact, remote_id=csid)
    rows = list(csv.reader(io.StringIO(csv_record(result), newline="")))
    assert len(rows) == 1
    assert dict(zip(FIELDS, rows[0], strict=True)) == dict(zip(FIELDS, fields(result), strict=True))
    assert rows[0][4] == one_line(subject)
    assert csv_record(result).count("\n") == 1


@given(TEXT)
def test_csv_quotes_a_field_only_if_it_must(subject: str) -> None:
    record = csv_record(replace(SENT, subject=subject))
    clean = one_line(subject)
    must = any(c in clean for c in '",')
    assert ('"' in record) == must


@given(TEXT)
def test_csv_survives_the_mail_and_its_charset_is_true(subject: str) -> None:
    mail = parsed(serialise(compose(replace(SENT, subject=subject, format="csv"), STAMP)))
    text = text_of(mail)
    assert next(csv.reader(io.StringIO(text)))[4] == one_line(subject)
    assert (mail.get_content_charset() == "us-ascii") == one_line(subject).isascii()


@given(st.text(alphabet=st.characters(codec=None)))
def test_cleaning_twice_changes_nothing(text: str) -> None:
    assert one_line(one_line(text)) == one_line(text)


@given(subject=TEXT, text=TEXT)
@example(subject="=?utf-8?B?DQpCY2M6IHg=?=", text="\r\nBcc: x\r\n\r\n")
def test_a_note_to_the_operator_has_only_the_headers_we_set(subject: str, text: str) -> None:
    lease = MailLease(
        id=1,
        epoch=1,
        worker="w",
        kind="note",
        recipient=STAMP.recipient,
        message_id=STAMP.message_id,
        delivery_number=None,
        forward_id=None,
        tries=0,
        created_at=STAMP.date,
        data={"subject": subject, "text": text},
    )
    office = Office(STAMP.author, "fax.example.org", None, None)  # type: ignore[arg-type]  # a note needs neither
    check_header(NoteWriter(office).write(lease).content)


@given(subject=TEXT, csid=TEXT)
def test_legacy_mails_have_only_the_headers_we_set(subject: str, csid: str) -> None:
    result = replace(SENT, subject=subject, remote_id=csid, language="ja", legacy=True)
    check_header(serialise(compose(result, STAMP)))
