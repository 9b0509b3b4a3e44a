"""From rows to mails: what the outbox sender needs to compose a result mail or a note to the operator.

The rows are read in one transaction; blobs are read, and the mail is composed, after it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Final

import structlog

from gateway.language import N_
from gateway.mail import UTF8_BASE64, OutgoingMail, begin, one_line
from gateway.notify import axatel
from gateway.notify.office import from_nobody
from gateway.notify.report_rows import order_of
from gateway.notify.result_mail import compose
from gateway.notify.rows import result_of, taste_of
from gateway.store.models import Delivery
from gateway.transmitted import found, origins
from render.coding import coded_page, image
from render.errors import RenderError
from render.tiff import write_tiff

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

    from gateway.mail import Stamp
    from gateway.notify.office import Office
    from gateway.notify.report_rows import ReportOrder
    from gateway.notify.result import Result
    from gateway.notify.rows import Taste
    from gateway.notify.sender import Work
    from gateway.store.leases import MailLease
    from gateway.transmitted import Origin
    from render.tiff import TiffPage


NO_IMAGE: Final = N_("The picture of the pages could not be attached.")
NO_REPORT: Final = N_("The transmission report could not be drawn.")

log = structlog.get_logger("mail")


@dataclass(frozen=True, slots=True)
class ResultWriter:
    """Writes the result mails."""

    office: Office

    def __call__(self, session: Session, lease: MailLease) -> Work:
        """Read the delivery; the work composes the mail about it."""
        delivery = session.get_one(Delivery, lease.delivery_number)
        taste = taste_of(session, delivery.fax)
        if axatel.is_asked(delivery.fax):
            result = result_of(session, delivery, lease, taste)
            return partial(self.write_status, result, axatel.started(delivery), self.office.stamp(lease))
        pages = origins(delivery) if taste.attach_image or taste.report else []
        order = _Order(
            result=result_of(session, delivery, lease, taste),
            taste=taste,
            image=pages if taste.attach_image else [],
            report=order_of(delivery, pages) if taste.report else None,
            page_url=self.office.page_url(delivery.number),
            stamp=self.office.stamp(lease),
        )
        return partial(self.write, order)

    def write(self, order: _Order) -> OutgoingMail:
        """Compose the mail; what cannot be attached is said in it, for the news matters more."""
        result, contents = order.result, order.taste.contents
        if not contents:
            result = result.without_contents(order.page_url)
        if order.image:
            result = self._with_image(result, order.image)
        if order.report is not None:
            result = self._with_report(result, order.report, contents=contents)
        return from_nobody(compose(result, order.stamp, self.office.stationery))

    def write_status(self, result: Result, begun: datetime | None, stamp: Stamp) -> OutgoingMail:
        """Compose the answer of Axatel's mail face."""
        return from_nobody(axatel.compose(result, begun, stamp))

    def _with_image(self, result: Result, pages: list[Origin]) -> Result:
        try:
            return replace(result, image=as_group3(found(pages, self.office.blobs.read)))
        except (OSError, RenderError) as error:
            log.warning("image.not_attached", number=result.number, error=str(error))
            return replace(result, missing=(*result.missing, NO_IMAGE))

    def _with_report(self, result: Result, order: ReportOrder, *, contents: bool) -> Result:
        try:
            return replace(result, report=order.drawn(self.office, result, contents=contents))
        except (OSError, RenderError) as error:
            log.warning("report.not_drawn", number=result.number, error=str(error))
            return replace(result, missing=(*result.missing, NO_REPORT))


@dataclass(frozen=True, slots=True)
class _Order:
    """What of the rows a result mail needs. `image` are the pages to attach, as they were sent."""

    result: Result
    taste: Taste
    image: list[Origin]
    report: ReportOrder | None
    page_url: str
    stamp: Stamp


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
