"""The result mail: what became of one fax to one number, for a person or for a program.

Formats and fields follow `spec/email-interface.md` sections 4.2 to 4.5: text (UTF-8 in base64), html (the
text and an HTML part), csv and xml (machine-readable, as `text/plain`; pure ASCII goes as us-ascii 7bit).
Nothing here decides whether or to whom a mail is sent, and nothing here sends. The envelope sender of every
result is null (`spec/threats.md` section 4).
"""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Final
from xml.sax.saxutils import escape

from gateway.language import N_, language_of, translations
from gateway.mail import ASCII_7BIT, UTF8_BASE64, begin, message_id_of, one_line
from gateway.notice import clock_time
from gateway.notify.result import notice_of

if TYPE_CHECKING:
    from email.message import EmailMessage

    from gateway.mail import Stamp
    from gateway.notify.result import Result

FORMATS: Final = ("text", "html", "csv", "xml")
FIELDS: Final = (
    "TransactionID",
    "CSID",
    "PagesSent",
    "Status",
    "OriginalSubject",
    "DestinationFax",
    "Duration",
    "SubmitTime",
    "CompletionTime",
    "Contact",
)
LONGEST_7BIT_LINE: Final = 990  # RFC 5321 section 4.5.3.1.6 allows 998 and a line end


def compose(result: Result, stamp: Stamp) -> EmailMessage:
    """Return the mail about a result in the format and language the account asked for."""
    say = translations(language_of(result.language)).ugettext
    title = N_("Fax sent successfully") if result.sent else N_("Fax failed")
    mail = begin(stamp, f"{say(title)} -> {result.destination}", auto_submitted="auto-replied")
    mail["X-TransactionID"] = str(result.number)
    if request_id := message_id_of(result.request_id):
        mail["In-Reply-To"] = request_id
        mail["References"] = request_id
    if result.simulated:
        mail["X-Postline-Simulated"] = "yes"
    BODIES[result.format](mail, result)
    if result.image is not None:
        mail.make_mixed()
        mail.add_attachment(result.image, maintype="image", subtype="tiff", filename=f"{result.number}.tif")
    return mail


def write_text(mail: EmailMessage, result: Result) -> None:
    """Set the body a person reads."""
    language = language_of(result.language)
    mail.set_content(notice_of(result, language).as_text(language), **UTF8_BASE64)


def write_html(mail: EmailMessage, result: Result) -> None:
    """Set the same words as text and as HTML; the reader's program chooses."""
    language = language_of(result.language)
    write_text(mail, result)
    html = notice_of(result, language).as_html(language)
    mail.add_alternative(html, subtype="html", **UTF8_BASE64)


def write_csv(mail: EmailMessage, result: Result) -> None:
    """Set one CSV record as the body."""
    write_machine_text(mail, csv_record(result))


def write_xml(mail: EmailMessage, result: Result) -> None:
    """Set one XML document as the body."""
    write_machine_text(mail, xml_document(result), ascii_allowed=False)


BODIES: Final = {"text": write_text, "html": write_html, "csv": write_csv, "xml": write_xml}


def write_machine_text(mail: EmailMessage, text: str, *, ascii_allowed: bool = True) -> None:
    """Set a body for programs: as it is where it is ASCII in short lines, otherwise UTF-8 in base64."""
    plain = ascii_allowed and text.isascii() and len(max(text.splitlines(), key=len)) <= LONGEST_7BIT_LINE
    mail.set_content(text, **(ASCII_7BIT if plain else UTF8_BASE64))


def fields(result: Result) -> tuple[str, ...]:
    """Return the ten fields of email-interface 4.4, in `FIELDS` order, exact but for removed controls."""
    raw = (
        str(result.number),
        result.remote_id,
        str(result.pages_confirmed),
        str(result.status),
        result.subject,
        result.destination,
        str(round(result.line_seconds)),
        clock_time(result.submitted_at, result.timezone),
        clock_time(result.completed_at, result.timezone),
        result.contact,
    )
    return tuple(one_line(value) for value in raw)


def csv_record(result: Result) -> str:
    """Return one RFC 4180 record, quoted only where needed, ended by CRLF, without a header row."""
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator="\r\n").writerow(fields(result))
    return out.getvalue()


def xml_document(result: Result) -> str:
    """Return the ten fields as elements of `FaxResult`, after an XML declaration."""
    pairs = zip(FIELDS, fields(result), strict=True)
    rows = (f"  <{name}>{escape(xml_characters(value))}</{name}>" for name, value in pairs)
    return "\n".join(('<?xml version="1.0" encoding="utf-8"?>', "<FaxResult>", *rows, "</FaxResult>", ""))


def xml_characters(text: str) -> str:
    """Return text without the two characters outside the controls that XML 1.0 section 2.2 forbids."""
    return text.replace("\ufffe", "").replace("\uffff", "")
