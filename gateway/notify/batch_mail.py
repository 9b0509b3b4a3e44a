"""The summary mail of a list: formats and fields of `spec/email-interface.md` 4.2 to 4.5.

CSV is one record a number, XML the ten fields repeated in a wrapper; both exact, for programs. A mail for
people lists what it can and has a table of all numbers attached, which is made to be opened in a spreadsheet:
with names of columns, and with every cell that could be a formula disarmed (`spec/threats.md` section 7).
"""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Final

from gateway.language import N_, language_of, translations
from gateway.mail import UTF8_BASE64, begin, for_people, write_text
from gateway.notify.batch import lines_of, notice_of, outcome
from gateway.notify.result_mail import (
    FIELDS,
    REPLIED,
    UNSURE,
    answers,
    fields,
    subject_line,
    write_machine_text,
    xml_fields,
)
from gateway.stationery import OURS

if TYPE_CHECKING:
    from collections.abc import Callable
    from email.message import EmailMessage

    from gateway.mail import Stamp
    from gateway.notify.batch import Batch
    from gateway.stationery import Stationery

FORMULA: Final = tuple("=+-@\t\r＝＋－＠")  # noqa: RUF001  (full-width forms count too)


def compose(batch: Batch, stamp: Stamp, stationery: Stationery = OURS) -> EmailMessage:
    """Return the mail about a batch in the format and language the account asked for."""
    language = language_of(batch.language)
    subject = subject_line(title(batch, language), about(batch), language, stationery)
    mail = begin(stamp, subject, auto_submitted=REPLIED)
    mail["X-TransactionID"] = str(batch.number)
    answers(mail, batch.request_id)
    if batch.simulated:
        mail["X-Postline-Simulated"] = "yes"
    BODIES[batch.format](mail, batch, stationery)
    return mail


def title(batch: Batch, language: str) -> str:
    """Return what the subject says of the whole."""
    gettext = translations(language).ugettext
    if not batch.failed:
        return gettext("Fax sent successfully")
    if batch.succeeded:
        return gettext("Fax sent in part")
    return gettext(UNSURE if batch.uncertain else N_("Fax failed"))


def about(batch: Batch) -> str:
    """Return the list or the first number, and how many got the fax."""
    return f"{batch.name or batch.results[0].destination} ({batch.succeeded}/{len(batch.results)})"


def write_people_text(mail: EmailMessage, batch: Batch, stationery: Stationery) -> None:
    """Set the body a person reads, and attach the table."""
    language = language_of(batch.language)
    text = _drawn("batch.txt", batch, language, stationery)
    write_text(mail, text, legacy=batch.legacy and language == "ja")
    attach_table(mail, batch, language)


def write_html(mail: EmailMessage, batch: Batch, stationery: Stationery) -> None:
    """Set the same words as text and as HTML, and attach the table."""
    language = language_of(batch.language)
    write_text(mail, _drawn("batch.txt", batch, language, stationery))
    mail.add_alternative(_drawn("batch.html", batch, language, stationery), subtype="html", **UTF8_BASE64)
    attach_table(mail, batch, language)


def _drawn(name: str, batch: Batch, language: str, stationery: Stationery) -> str:
    lines = [{key: for_people(cell) for key, cell in line.items()} for line in lines_of(batch, language)]
    return stationery.draw(name, language, notice=notice_of(batch, language).clean(), lines=lines)


def write_csv(mail: EmailMessage, batch: Batch, stationery: Stationery) -> None:  # noqa: ARG001  (no words in it)
    """Set one CSV record a number; one charset for all of them."""
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator="\r\n").writerows(map(fields, batch.results))
    write_machine_text(mail, out.getvalue())


def write_xml(mail: EmailMessage, batch: Batch, stationery: Stationery) -> None:
    """Set one XML document with a record a number."""
    write_machine_text(mail, xml_document(batch, stationery), ascii_allowed=False)


BODIES: Final[dict[str, Callable[[EmailMessage, Batch, Stationery], None]]] = {
    "text": write_people_text,
    "html": write_html,
    "csv": write_csv,
    "xml": write_xml,
}


def xml_document(batch: Batch, stationery: Stationery = OURS) -> str:
    """Return totals and the ten fields of each number, after an XML declaration."""
    return stationery.draw(
        "batch.xml",
        "en",
        number=str(batch.number),
        total=len(batch.results),
        succeeded=batch.succeeded,
        failed=batch.failed,
        records=[xml_fields(result) for result in batch.results],
    )


def attach_table(mail: EmailMessage, batch: Batch, language: str) -> None:
    """Attach all numbers as a table for spreadsheets."""
    mail.make_mixed()
    mail.add_attachment(
        table(batch, language).encode("utf-8-sig"),  # the mark tells spreadsheets that it is UTF-8
        maintype="text",
        subtype="csv",
        params={"charset": "utf-8"},
        filename=f"{batch.number}.csv",
    )


def table(batch: Batch, language: str) -> str:
    """Return the ten fields of each number and the result in words, under a row of names."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow((*FIELDS, "Result"))
    for result in batch.results:
        writer.writerow(map(disarmed, (*fields(result), for_people(outcome(result, language)))))
    return out.getvalue()


def disarmed(cell: str) -> str:
    """Return a cell that no spreadsheet takes for a formula."""
    return f"'{cell}" if cell.lstrip(" \u3000\"'").startswith(FORMULA) else cell
