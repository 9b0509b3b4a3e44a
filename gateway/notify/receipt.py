"""Receipts (RFC 8098): one a fax, for a sender who asked by Disposition-Notification-To, if the account may.

`dispatched` is that RFC's word for "faxed": it is said only if every number got every page. Anything less is
`processed` with an error. No receipt goes anywhere but to the envelope sender (`store.reports`).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from gateway.language import language_of, translations
from gateway.mail import message_id_of
from gateway.notify import batch as batches
from gateway.notify import mail_report
from gateway.notify.batch_mail import about
from gateway.notify.batch_rows import batch_of
from gateway.notify.mail_report import fax_address
from gateway.notify.office import from_nobody
from gateway.notify.result import notice_of
from gateway.notify.result_mail import answers, subject_line
from gateway.notify.rows import taste_of
from gateway.stationery import OURS
from gateway.store.models import Fax

if TYPE_CHECKING:
    from email.message import EmailMessage

    from sqlalchemy.orm import Session

    from gateway.mail import OutgoingMail, Stamp
    from gateway.notify.batch import Batch
    from gateway.notify.mail_report import Fields
    from gateway.notify.office import Office
    from gateway.notify.sender import Work
    from gateway.stationery import Stationery
    from gateway.store.leases import MailLease


@dataclass(frozen=True, slots=True)
class ReceiptWriter:
    """Writes receipts."""

    office: Office

    def __call__(self, session: Session, lease: MailLease) -> Work:
        """Read the fax and its numbers; the work composes the receipt."""
        fax = session.get_one(Fax, lease.fax_id)
        taste = taste_of(session, fax)
        batch = batch_of(session, fax, taste, lease.created_at)
        if not taste.contents:
            batch = batch.without_contents(self.office.page_url(batch.number))
        stamp = self.office.stamp(lease)
        return partial(self.write, batch, stamp)

    def write(self, batch: Batch, stamp: Stamp) -> OutgoingMail:
        """Compose the receipt."""
        return from_nobody(compose(batch, self.office.domain, stamp, self.office.stationery))


def compose(batch: Batch, domain: str, stamp: Stamp, stationery: Stationery = OURS) -> EmailMessage:
    """Return the receipt, its words in the account's language."""
    language = language_of(batch.language)
    alone = len(batch.results) == 1 and not batch.name
    notice = notice_of(batch.results[0], language) if alone else batches.notice_of(batch, language)
    to = batch.results[0].destination if alone else about(batch)
    subject = subject_line(translations(language).ugettext("Receipt"), to, language, stationery)
    text = notice.as_text(language, stationery)
    kind = "disposition-notification"
    mail = mail_report.compose(stamp, subject, text, kind, blocks=(fields_of(batch, domain),))
    mail["X-TransactionID"] = str(batch.number)
    answers(mail, batch.request_id)
    if batch.simulated:
        mail["X-Postline-Simulated"] = "yes"
    return mail


def fields_of(batch: Batch, domain: str) -> Fields:
    """Return the fields of RFC 8098 section 3.1; `domain` is our fax domain."""
    to = f"list={batch.name}@{domain}" if batch.name else fax_address(batch.results[0].destination, domain)
    how = "automatic-action/MDN-sent-automatically"
    error = (
        f"{batch.failed} of {len(batch.results)} numbers did not confirm the whole fax"
        if batch.failed
        else ""
    )
    return (
        ("Reporting-UA", f"{domain}; Postline"),
        ("Final-Recipient", f"rfc822; {to}"),
        ("Original-Message-ID", message_id_of(batch.request_id) or ""),
        ("Disposition", f"{how}; {'processed/error' if batch.failed else 'dispatched'}"),
        ("Error", error),
    )
