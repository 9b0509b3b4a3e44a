"""Delivery status notifications (RFC 3464): what a client's mail system asked for with NOTIFY (RFC 3461).

A page counts as delivered when the receiving machine confirmed it, and a fax when all its pages are. An
uncertain fax is reported as failed, with words that say it may have arrived: there is no field for doubt.
RET=FULL is answered with headers like RET=HDRS: a fax is not worth mailing back (RFC 3461 leaves that to us).
"""

from __future__ import annotations

from dataclasses import dataclass
from email.utils import format_datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from gateway.language import language_of, translations
from gateway.notify import mail_report
from gateway.notify.mail_report import fax_address, header_of
from gateway.notify.office import from_nobody
from gateway.notify.result import notice_of
from gateway.notify.result_mail import answers, subject_line
from gateway.notify.rows import result_of, taste_of
from gateway.stationery import OURS
from gateway.store.models import Delivery
from gateway.wording import WORDS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from email.message import EmailMessage

    from sqlalchemy.orm import Session

    from gateway.mail import OutgoingMail, Stamp
    from gateway.notify.mail_report import Fields
    from gateway.notify.office import Office
    from gateway.notify.result import Result
    from gateway.notify.sender import Work
    from gateway.stationery import Stationery
    from gateway.store.leases import MailLease


@dataclass(frozen=True, slots=True)
class Status:
    """What a notification tells.

    `final` is the fax's address, `reporter` our domain; `original` (ORCPT) and `envelope_id` are what the
    client said, "" if it did not.
    """

    result: Result
    final: str
    reporter: str
    original: str = ""
    envelope_id: str = ""


@dataclass(frozen=True, slots=True)
class StatusWriter:
    """Writes delivery status notifications."""

    office: Office

    def __call__(self, session: Session, lease: MailLease) -> Work:
        """Read the delivery; the work composes the notification."""
        delivery = session.get_one(Delivery, lease.delivery_number)
        message, taste = delivery.fax.message, taste_of(session, delivery.fax)
        result = result_of(session, delivery, lease, taste)
        if not taste.contents:
            result = result.without_contents(self.office.page_url(delivery.number))
        asked: Mapping[str, Any] = message.envelope if message else {}
        status = Status(
            result,
            final=fax_address(delivery.destination, self.office.domain, delivery.sub),
            reporter=self.office.domain,
            original=str(delivery.dsn.get("orcpt", "")),
            envelope_id=str(asked.get("envid", "")),
        )
        blob = message.blob if message and taste.contents else ""
        return partial(self.write, status, blob, self.office.stamp(lease))

    def write(self, status: Status, blob: str, stamp: Stamp) -> OutgoingMail:
        """Compose the notification; a request that is gone is not quoted."""
        quoted = ""
        if blob:
            try:
                quoted = header_of(self.office.blobs.read(blob), status.result.subject)
            except OSError:
                quoted = ""
        return from_nobody(compose(status, quoted, stamp, self.office.stationery))


def compose(status: Status, quoted: str, stamp: Stamp, stationery: Stationery = OURS) -> EmailMessage:
    """Return the notification, its words in the account's language."""
    result, language = status.result, language_of(status.result.language)
    title = translations(language).ugettext("Delivery report")
    subject = subject_line(title, result.destination, language, stationery)
    text = notice_of(result, language).as_text(language, stationery)
    blocks = (of_message(status), of_recipient(status))
    mail = mail_report.compose(stamp, subject, text, "delivery-status", blocks=blocks, quoted=quoted)
    mail["X-TransactionID"] = str(result.number)
    answers(mail, result.request_id)
    if result.simulated:
        mail["X-Postline-Simulated"] = "yes"
    return mail


def of_message(status: Status) -> Fields:
    """Return the fields about the request as a whole (RFC 3464 section 2.2)."""
    return (
        ("Original-Envelope-Id", status.envelope_id),
        ("Reporting-MTA", f"dns; {status.reporter}"),
        ("Arrival-Date", format_datetime(status.result.submitted_at)),
    )


def of_recipient(status: Status) -> Fields:
    """Return the fields about the number (RFC 3464 section 2.3)."""
    result = status.result
    kind, _, address = status.original.partition(";")
    why = WORDS[result.told_cause].why % {"page": result.stopped_at or result.pages_confirmed + 1}
    return (
        ("Original-Recipient", f"{kind}; {address}" if address else ""),
        ("Final-Recipient", f"rfc822; {status.final}"),
        ("Action", "delivered" if result.sent else "failed"),
        ("Status", result.enhanced),
        ("Diagnostic-Code", "" if result.sent else f"x-fax; {result.status} {why}"),
        ("Last-Attempt-Date", format_datetime(result.completed_at) if result.dials else ""),
        ("Final-Log-ID", str(result.number)),
        ("X-Fax-Pages", f"{result.pages_confirmed} of {result.pages}"),
        ("X-Fax-Remote-ID", result.remote_id),
    )
