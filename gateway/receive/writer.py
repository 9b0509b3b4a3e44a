"""From rows to the mail of one forward; the outbox sender calls this for rows of kind "forward".

The envelope sender is `fwd+<token>@<fax domain>`, so that a bounce finds its forward (design.md section 5b).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from gateway.domain.outcome import Cause
from gateway.mail import OutgoingMail, Stamp, serialise
from gateway.receive.document import assemble, in_format
from gateway.receive.forward_mail import Received, compose
from gateway.stationery import OURS
from gateway.store.models import Account, Forward

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy.orm import Session

    from gateway.stationery import Stationery
    from gateway.store.blobs import BlobStore
    from gateway.store.leases import MailLease
    from gateway.store.models import Reception


@dataclass(frozen=True, slots=True)
class ForwardWriter:
    """Writes the mails of forwards. `author` is the address in From, `domain` the fax domain of bounces."""

    author: str
    domain: str
    blobs: BlobStore
    stationery: Stationery = OURS
    public_url: str = ""

    def __call__(self, session: Session, lease: MailLease) -> Callable[[], OutgoingMail]:
        """Read the forward and its reception; the work fetches the pages and composes the mail."""
        forward = session.get_one(Forward, lease.forward_id)
        reception = forward.reception
        account = session.get(Account, reception.account_id) if reception.account_id else None
        received = received_of(reception, account)
        keys = [reception.document] if reception.document else [page.blob for page in reception.pages]
        if not received.contents:
            url = f"{self.public_url.rstrip('/')}/fax/{received.number}" if self.public_url else ""
            received, keys = replace(received, page_url=url), []
        bounces = f"fwd+{forward.token}@{self.domain}" if forward.token else self.author
        return partial(self.write, received, keys, forward.format, bounces, lease)

    def write(
        self, received: Received, keys: list[str], form: str, bounces: str, lease: MailLease
    ) -> OutgoingMail:
        """Compose the mail with the pages attached; `keys` are the blobs that hold them, in order."""
        attachment = None
        if received.contents:
            document = assemble(self.blobs.read(key) for key in keys)
            attachment = in_format(document, form, str(received.number))
        stamp = Stamp(self.author, lease.recipient, lease.message_id, lease.created_at)
        mail = compose(received, attachment, form, stamp, self.stationery)
        return OutgoingMail(bounces, lease.recipient, serialise(mail), report_failure=True)


def received_of(reception: Reception, account: Account | None) -> Received:
    """Return a reception as its reader may see it; the operator reads English and UTC."""
    notify = account.settings.get("notify", {}) if account else {}
    return Received(
        number=reception.number,
        received_at=reception.ended_at or reception.started_at,
        pages=len(reception.pages),
        called=reception.called,
        caller=reception.caller,
        remote_id=reception.remote_id,
        sub=reception.sub,
        line_seconds=reception.line_seconds,
        bad_lines=tuple(page.bad_lines for page in reception.pages),
        partial=reception.cause is not Cause.RECEIVED,
        simulated=reception.simulated,
        unmatched=account is None,
        timezone=account.timezone if account else "UTC",
        language=str(notify.get("language", "en")),
        legacy=bool(notify.get("legacy_iso2022jp", False)),
        contents=bool(notify.get("contents", True)),
    )
