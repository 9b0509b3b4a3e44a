"""What every writer of mails shares: who writes, for which domain, on whose stationery, with what help."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gateway.mail import OutgoingMail, Stamp, serialise
from gateway.stationery import OURS, Stationery

if TYPE_CHECKING:
    from email.message import EmailMessage

    from gateway.store.blobs import BlobStore
    from gateway.store.leases import MailLease

Typesetter = Callable[[str, str, Mapping[str, tuple[str, bytes]]], bytes]
"""HTML, CSS, pictures (Content-ID -> type, octets) to PDF: `render.typeset.typeset`, in a child."""


@dataclass(frozen=True, slots=True)
class Office:
    """`author` is the address in From, `domain` the fax domain, `public_url` where our pages are, or ""."""

    author: str
    domain: str
    blobs: BlobStore
    typeset: Typesetter
    stationery: Stationery = OURS
    public_url: str = ""

    def stamp(self, lease: MailLease) -> Stamp:
        """Return what the row fixes about its mail."""
        return Stamp(self.author, lease.recipient, lease.message_id, lease.created_at)

    def page_url(self, number: int) -> str:
        """Return where a fax is shown, "" where nowhere."""
        return f"{self.public_url.rstrip('/')}/fax/{number}" if self.public_url else ""


def from_nobody(mail: EmailMessage) -> OutgoingMail:
    """Return a mail with the null envelope sender: nothing comes back, so nothing can loop."""
    return OutgoingMail("", mail["To"].addresses[0].addr_spec, serialise(mail))
