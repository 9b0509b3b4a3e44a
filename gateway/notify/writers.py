"""From rows to mails: what the outbox sender needs to compose a result mail or a note to the operator.

The rows are read in one transaction; blobs are read, and the mail is composed, after it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from gateway.details import TWICE
from gateway.domain.outcome import Cause
from gateway.domain.states import PageState
from gateway.mail import UTF8_BASE64, OutgoingMail, Stamp, begin, one_line, serialise
from gateway.notify.result import Result
from gateway.notify.result_mail import BODIES, compose
from gateway.store import endings
from gateway.store.models import Delivery
from gateway.transmitted import found, origins
from render.coding import coded_page, image
from render.tiff import write_tiff

if TYPE_CHECKING:
    from email.message import EmailMessage

    from sqlalchemy.orm import Session

    from gateway.notify.sender import Work
    from gateway.store.blobs import BlobStore
    from gateway.store.leases import MailLease
    from gateway.transmitted import Origin
    from render.tiff import TiffPage


@dataclass(frozen=True, slots=True)
class ResultWriter:
    """Writes the result mails. `author` is the address in From (`mail.sender`)."""

    author: str
    blobs: BlobStore

    def __call__(self, session: Session, lease: MailLease) -> Work:
        """Read the delivery; the work composes the mail about it."""
        delivery = session.get_one(Delivery, lease.delivery_number)
        result = replace(result_of(delivery, lease), stopped_at=endings.next_page(session, delivery))
        pages = origins(delivery) if notify_settings(delivery).get("attach_image") else []
        return partial(self.write, result, pages, stamp_of(lease, self.author))

    def write(self, result: Result, pages: list[Origin], stamp: Stamp) -> OutgoingMail:
        """Compose the mail; `pages` are to be attached, as they were sent."""
        if pages:
            result = replace(result, image=as_group3(found(pages, self.blobs.read)))
        return from_nobody(compose(result, stamp))


@dataclass(frozen=True, slots=True)
class NoteWriter:
    """Writes notes to the operator: `subject` and `text` stand in the outbox row's data, in English.

    `blob`, if the row names one, is a mail a stranger wrote: it is attached unparsed, as a file.
    """

    author: str
    blobs: BlobStore

    def __call__(self, session: Session, lease: MailLease) -> Work:  # noqa: ARG002  (the seam's signature)
        """Need nothing but the row itself."""
        return partial(self.write, lease)

    def write(self, lease: MailLease) -> OutgoingMail:
        """Compose the note."""
        stamp = stamp_of(lease, self.author)
        mail = begin(stamp, str(lease.data.get("subject", "Postline")), auto_submitted="auto-generated")
        lines = str(lease.data.get("text", "")).splitlines()
        mail.set_content("\n".join(one_line(line) for line in lines), **UTF8_BASE64)
        if key := lease.data.get("blob"):
            mail.add_attachment(
                self.blobs.read(str(key)),
                maintype="application",
                subtype="octet-stream",
                filename="message.eml",
            )
        return from_nobody(mail)


def from_nobody(mail: EmailMessage) -> OutgoingMail:
    """Return a mail with the null envelope sender: nothing comes back, so nothing can loop."""
    return OutgoingMail("", mail["To"].addresses[0].addr_spec, serialise(mail))


def stamp_of(lease: MailLease, author: str) -> Stamp:
    """Return what the row fixes about its mail."""
    return Stamp(author, lease.recipient, lease.message_id, lease.created_at)


def result_of(delivery: Delivery, lease: MailLease) -> Result:
    """Return a finished delivery as its sender may see it."""
    fax, account, notify = delivery.fax, delivery.fax.account, notify_settings(delivery)
    message = fax.message
    form = str(notify.get("format", "text"))
    return Result(
        number=delivery.number,
        destination=delivery.destination,
        state=delivery.state,
        cause=delivery.cause or Cause.INTERNAL,
        detail=delivery.cause_detail,
        submitted_at=message.received_at if message else fax.created_at,
        completed_at=delivery.completed_at or lease.created_at,
        timezone=account.timezone,
        language=str(notify.get("language", "en")),
        format=form if form in BODIES else "text",
        subject=fax.subject,
        contact=delivery.contact,
        remote_id=delivery.remote_id,
        pages=fax.pages,
        pages_confirmed=delivery.pages_confirmed,
        line_seconds=delivery.line_seconds,
        dials=delivery.dials,
        page_begun=bool(delivery.attempts and delivery.attempts[-1].pages),
        simulated_line=any(attempt.simulated for attempt in delivery.attempts),
        simulated_status=delivery.simulated_status,
        request_id=message.message_id if message else "",
        unsure=tuple(unsure(delivery)),
        warnings=(*fax.warnings, *(TWICE % {"page": page} for page in perhaps_twice(delivery))),
    )


def unsure(delivery: Delivery) -> list[int]:
    """Return the pages that may have arrived: out in some call, confirmed in none."""
    pages = [page for attempt in delivery.attempts for page in attempt.pages]
    confirmed = {page.n for page in pages if page.state == PageState.CONFIRMED.value}
    return sorted({page.n for page in pages if page.state == PageState.AWAITING.value} - confirmed)


def perhaps_twice(delivery: Delivery) -> list[int]:
    """Return the pages that went out in a later call although the far machine may have had them."""
    unsure: set[int] = set()
    twice: set[int] = set()
    for attempt in delivery.attempts:
        twice |= unsure & {page.n for page in attempt.pages}
        unsure |= {page.n for page in attempt.pages if page.state == PageState.AWAITING.value}
    return sorted(twice)


def as_group3(pages: list[TiffPage]) -> bytes:
    """Return a Class F TIFF coded one-dimensionally (email-interface 4.2: the image goes out as G3)."""
    return write_tiff([coded_page(image(page), page.resolution, "MH") for page in pages])


def notify_settings(delivery: Delivery) -> dict[str, Any]:
    """Return the account's `notify` table."""
    return dict(delivery.fax.account.settings.get("notify", {}))
