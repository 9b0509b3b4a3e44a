"""From rows to what a result mail tells of: a finished delivery as its sender may see it. Reads only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gateway.details import TWICE
from gateway.domain.outcome import Cause
from gateway.domain.states import PageState
from gateway.notify.protection import came_encrypted
from gateway.notify.result import Result
from gateway.notify.result_mail import FORMATS
from gateway.store import endings, reports

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy.orm import Session

    from gateway.store.leases import MailLease
    from gateway.store.models import Delivery, Fax


@dataclass(frozen=True, slots=True)
class Taste:
    """How an account, or its user, wants mails: the part of the `notify` table that shapes them.

    `contents` False is the notice-only mode: nothing that the sender wrote or attached is mailed back.
    """

    format: str = "text"
    language: str = "en"
    attach_image: bool = False
    report: bool = False
    contents: bool = True
    legacy: bool = False

    @classmethod
    def of(cls, notify: Mapping[str, Any]) -> Taste:
        """Read a `notify` table; a format of another release is text."""
        form = str(notify.get("format", "text"))
        contents = bool(notify.get("contents", True))
        return cls(
            format=form if form in FORMATS else "text",
            language=str(notify.get("language", "en")),
            attach_image=contents and bool(notify.get("attach_image", False)),
            report=bool(notify.get("report", False)),
            contents=contents,
            legacy=bool(notify.get("legacy_iso2022jp", False)),
        )


def taste_of(session: Session, fax: Fax) -> Taste:
    """Return how mails about a fax are wanted; nothing of what came encrypted is quoted in clear."""
    notify = reports.notify_settings(session, fax.account, fax.user_id)
    if came_encrypted(fax) and notify.get("encrypt") != "required":
        notify = {**notify, "contents": False}
    return Taste.of(notify)


def result_of(session: Session, delivery: Delivery, lease: MailLease, taste: Taste) -> Result:
    """Return a finished delivery as its sender may see it."""
    fax, message = delivery.fax, delivery.fax.message
    return Result(
        number=delivery.number,
        destination=delivery.destination,
        state=delivery.state,
        cause=delivery.cause or Cause.INTERNAL,
        detail=delivery.cause_detail,
        submitted_at=message.received_at if message else fax.created_at,
        completed_at=delivery.completed_at or lease.created_at,
        timezone=fax.account.timezone,
        language=taste.language,
        format=taste.format,
        legacy=taste.legacy,
        subject=fax.subject,
        contact=delivery.contact,
        remote_id=delivery.remote_id,
        pages=fax.pages,
        pages_confirmed=delivery.pages_confirmed,
        stopped_at=endings.next_page(session, delivery),
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
