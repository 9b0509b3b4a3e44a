"""From rows to mails: what the outbox sender needs to compose a result mail or a note to the operator.

The rows are read in one transaction; blobs are read, and the mail is composed, after it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from gateway.mail import UTF8_BASE64, OutgoingMail, begin, one_line
from gateway.notify.office import from_nobody
from gateway.notify.result_mail import compose
from gateway.notify.rows import result_of, taste_of
from gateway.store.models import Delivery
from gateway.transmitted import found, origins
from render.coding import coded_page, image
from render.tiff import write_tiff

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from gateway.mail import Stamp
    from gateway.notify.office import Office
    from gateway.notify.result import Result
    from gateway.notify.sender import Work
    from gateway.store.leases import MailLease
    from gateway.transmitted import Origin
    from render.tiff import TiffPage


@dataclass(frozen=True, slots=True)
class ResultWriter:
    """Writes the result mails."""

    office: Office

    def __call__(self, session: Session, lease: MailLease) -> Work:
        """Read the delivery; the work composes the mail about it."""
        delivery = session.get_one(Delivery, lease.delivery_number)
        taste = taste_of(session, delivery.fax)
        result = result_of(session, delivery, lease, taste)
        if not taste.contents:
            result = result.without_contents(self.office.page_url(delivery.number))
        pages = origins(delivery) if taste.attach_image else []
        return partial(self.write, result, pages, self.office.stamp(lease))

    def write(self, result: Result, pages: list[Origin], stamp: Stamp) -> OutgoingMail:
        """Compose the mail; `pages` are to be attached, as they were sent."""
        if pages:
            result = replace(result, image=as_group3(found(pages, self.office.blobs.read)))
        return from_nobody(compose(result, stamp, self.office.stationery))


@dataclass(frozen=True, slots=True)
class NoteWriter:
    """Writes notes to the operator: `subject` and `text` stand in the outbox row's data, in English.

    `blob`, if the row names one, is a mail a stranger wrote: it is attached unparsed, as a file.
    """

    office: Office

    def __call__(self, session: Session, lease: MailLease) -> Work:  # noqa: ARG002  (the seam's signature)
        """Need nothing but the row itself."""
        return partial(self.write, lease)

    def write(self, lease: MailLease) -> OutgoingMail:
        """Compose the note."""
        stamp = self.office.stamp(lease)
        mail = begin(stamp, str(lease.data.get("subject", "Postline")), auto_submitted="auto-generated")
        lines = str(lease.data.get("text", "")).splitlines()
        mail.set_content("\n".join(one_line(line) for line in lines), **UTF8_BASE64)
        if key := lease.data.get("blob"):
            mail.add_attachment(
                self.office.blobs.read(str(key)),
                maintype="application",
                subtype="octet-stream",
                filename="message.eml",
            )
        return from_nobody(mail)


def as_group3(pages: list[TiffPage]) -> bytes:
    """Return a Class F TIFF coded one-dimensionally (email-interface 4.2: the image goes out as G3)."""
    return write_tiff([coded_page(image(page), page.resolution, "MH") for page in pages])
