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

from gateway.language import N_, language_of, translations
from gateway.mail import (
    ASCII_7BIT,
    LONGEST_7BIT_LINE,
    UTF8_BASE64,
    begin,
    message_id_of,
    one_line,
    write_text,
)
from gateway.notice import clock_time
from gateway.notify.result import notice_of
from gateway.stationery import OURS

if TYPE_CHECKING:
    from email.message import EmailMessage

    from gateway.mail import Stamp
    from gateway.notify.result import Result
    from gateway.stationery import Stationery

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
REPLIED: Final = "auto-replied"
UNSURE: Final = N_("Fax not confirmed")


def compose(result: Result, stamp: Stamp, stationery: Stationery = OURS) -> EmailMessage:
    """Return the mail about a result in the format and language the account asked for."""
    language = language_of(result.language)
    say = translations(language).ugettext
    title = say(
        N_("Fax sent successfully") if result.sent else UNSURE if result.uncertain else N_("Fax failed")
    )
    mail = begin(stamp, subject_line(title, result.destination, language, stationery), auto_submitted=REPLIED)
    mail["X-TransactionID"] = str(result.number)
    answers(mail, result.request_id)
    if result.simulated:
        mail["X-Postline-Simulated"] = "yes"
    BODIES[result.format](mail, result, stationery)
    if result.image is not None:
        attach(mail, result.image, ("image", "tiff"), f"{result.number}.tif")
    if result.report is not None:
        attach(mail, result.report, ("application", "pdf"), f"report-{result.number}.pdf")
    return mail


def subject_line(title: str, about: str, language: str, stationery: Stationery, arrow: str = "->") -> str:
    """Return the subject of a mail, as its template has it; a mail's frame cleans it."""
    return stationery.draw("subject.txt", language, title=title, arrow=arrow, about=about)


def answers(mail: EmailMessage, request_id: str) -> None:
    """Tie a mail to the request it answers, if that had an identifier one may answer to."""
    if found := message_id_of(request_id):
        mail["In-Reply-To"] = found
        mail["References"] = found


def attach(mail: EmailMessage, data: bytes, kind: tuple[str, str], name: str) -> None:
    """Attach a file of ours behind the body."""
    if mail.get_content_type() != "multipart/mixed":
        mail.make_mixed()
    mail.add_attachment(data, maintype=kind[0], subtype=kind[1], filename=name)


def write_people_text(mail: EmailMessage, result: Result, stationery: Stationery) -> None:
    """Set the body a person reads; in ISO-2022-JP where a Japanese account keeps to it."""
    language = language_of(result.language)
    legacy = result.legacy and language == "ja"
    write_text(mail, notice_of(result, language).as_text(language, stationery), legacy=legacy)


def write_html(mail: EmailMessage, result: Result, stationery: Stationery) -> None:
    """Set the same words as text and as HTML; the reader's program chooses."""
    language = language_of(result.language)
    notice = notice_of(result, language)
    write_text(mail, notice.as_text(language, stationery))
    mail.add_alternative(notice.as_html(language, stationery), subtype="html", **UTF8_BASE64)


def write_csv(mail: EmailMessage, result: Result, stationery: Stationery) -> None:  # noqa: ARG001  (no words in it)
    """Set one CSV record as the body."""
    write_machine_text(mail, csv_record(result))


def write_xml(mail: EmailMessage, result: Result, stationery: Stationery) -> None:
    """Set one XML document as the body."""
    write_machine_text(mail, xml_document(result, stationery), ascii_allowed=False)


BODIES: Final = {"text": write_people_text, "html": write_html, "csv": write_csv, "xml": write_xml}


def write_machine_text(mail: EmailMessage, text: str, *, ascii_allowed: bool = True) -> None:
    """Set a body for programs: as it is where it is ASCII in short lines, otherwise UTF-8 in base64."""
    longest = max(map(len, text.splitlines()), default=0)
    plain = ascii_allowed and text.isascii() and longest <= LONGEST_7BIT_LINE
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


def xml_document(result: Result, stationery: Stationery = OURS) -> str:
    """Return the ten fields as elements of `FaxResult`, after an XML declaration."""
    return stationery.draw("result.xml", "en", fields=xml_fields(result))


def xml_fields(result: Result) -> list[tuple[str, str]]:
    """Return name and value of the ten fields, every character one that XML allows."""
    return [(name, xml_characters(value)) for name, value in zip(FIELDS, fields(result), strict=True)]


def xml_characters(text: str) -> str:
    """Return text without the two characters outside the controls that XML 1.0 section 2.2 forbids."""
    return text.replace("\ufffe", "").replace("\uffff", "")
