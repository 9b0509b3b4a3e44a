"""From rows to a summary: thousands of deliveries read by a handful of queries, none of them loaded whole."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import structlog
from sqlalchemy import func, select

from gateway.domain.outcome import Cause
from gateway.domain.states import PageState
from gateway.notify.batch import Batch
from gateway.notify.batch_mail import compose
from gateway.notify.office import from_nobody
from gateway.notify.result import Result
from gateway.notify.rows import taste_of
from gateway.store.models import Attempt, Delivery, Fax, Page
from render.errors import RenderError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from sqlalchemy.orm import Session

    from gateway.mail import OutgoingMail, Stamp
    from gateway.notify.office import Office
    from gateway.notify.rows import Taste
    from gateway.notify.sender import Work
    from gateway.stationery import Stationery
    from gateway.store.leases import MailLease

LONG: Final = 500
COMPOSED: Final = "gateway.notify.batch_rows:composed"

log = structlog.get_logger("outbox")


@dataclass(frozen=True, slots=True)
class BatchWriter:
    """Writes the summaries."""

    office: Office
    children: Callable[..., Any] | None = None
    """`render.sandbox.Sandbox.run`; None composes every mail here."""

    def __call__(self, session: Session, lease: MailLease) -> Work:
        """Read the fax and its numbers; the work composes the mail."""
        fax = session.get_one(Fax, lease.fax_id)
        taste = taste_of(session, fax)
        batch = batch_of(session, fax, taste, lease.created_at)
        if not taste.contents:
            batch = batch.without_contents(self.office.page_url(batch.number))
        return partial(self.write, batch, self.office.stamp(lease))

    def write(self, batch: Batch, stamp: Stamp) -> OutgoingMail:
        """Compose the mail; a long one in a child, for its seconds of Python would slow down all of us."""
        if self.children is not None and len(batch.results) > LONG:
            try:
                mail: OutgoingMail = self.children(COMPOSED, batch, stamp, self.office.stationery)
            except RenderError as error:
                log.warning("batch.composed_here", number=batch.number, why=str(error))
            else:
                return mail
        return composed(batch, stamp, self.office.stationery)


def composed(batch: Batch, stamp: Stamp, stationery: Stationery) -> OutgoingMail:
    """Return the mail about a batch, ready to be sent."""
    return from_nobody(compose(batch, stamp, stationery))


def batch_of(session: Session, fax: Fax, taste: Taste, now: datetime) -> Batch:
    """Return the summary of a fax: its numbers as they were first sent, not what was sent again later."""
    message = fax.message
    submitted = message.received_at if message else fax.created_at
    common: dict[str, Any] = {
        "submitted_at": submitted,
        "timezone": fax.account.timezone,
        "language": taste.language,
        "format": taste.format,
        "subject": fax.subject,
    }
    query = select(*COLUMNS).where(Delivery.fax_id == fax.id, Delivery.resend_of.is_(None))
    rows = session.execute(query.order_by(Delivery.number)).all()
    seen = _Calls.of(session, fax)
    return Batch(
        **common,
        number=rows[0].number,
        name=fax.batch,
        results=tuple(_result(row, fax, seen, common, now) for row in rows),
        completed_at=max((row.completed_at for row in rows if row.completed_at), default=now),
        legacy=taste.legacy,
        request_id=message.message_id if message else "",
        warnings=tuple(fax.warnings),
    )


COLUMNS = (
    Delivery.number,
    Delivery.destination,
    Delivery.contact,
    Delivery.state,
    Delivery.cause,
    Delivery.completed_at,
    Delivery.remote_id,
    Delivery.pages_confirmed,
    Delivery.line_seconds,
    Delivery.dials,
    Delivery.simulated_status,
)


@dataclass(frozen=True, slots=True)
class _Calls:
    """What the calls of a fax say of its deliveries, by their numbers.

    `begun`: a page was under way in the last call; `stopped_at`: the first page without a confirmation, of
    those that arrived in part.
    """

    simulated: frozenset[int]
    begun: frozenset[int]
    stopped_at: Mapping[int, int]

    @classmethod
    def of(cls, session: Session, fax: Fax) -> _Calls:
        calls = select(Attempt.delivery_number).join(Delivery).where(Delivery.fax_id == fax.id)
        last = select(func.max(Attempt.id)).join(Delivery).where(Delivery.fax_id == fax.id)
        last = last.group_by(Attempt.delivery_number)
        begun = select(Attempt.delivery_number).join(Page).where(Attempt.id.in_(last)).distinct()
        there = select(Attempt.delivery_number, Page.n).join(Page).join(Delivery, Attempt.delivery)
        there = there.where(
            Delivery.fax_id == fax.id,
            Delivery.pages_confirmed.between(1, fax.pages - 1),
            Page.state == PageState.CONFIRMED.value,
        )
        confirmed: dict[int, set[int]] = {}
        for number, n in session.execute(there):
            confirmed.setdefault(number, set()).add(n)
        return cls(
            frozenset(session.scalars(calls.where(Attempt.simulated.is_(True)).distinct())),
            frozenset(session.scalars(begun)),
            {number: min(set(range(1, fax.pages + 1)) - pages) for number, pages in confirmed.items()},
        )


def _result(row: Any, fax: Fax, seen: _Calls, common: Mapping[str, Any], now: datetime) -> Result:
    return Result(
        **common,
        number=row.number,
        destination=row.destination,
        contact=row.contact,
        state=row.state,
        cause=row.cause or Cause.INTERNAL,
        completed_at=row.completed_at or now,
        remote_id=row.remote_id,
        pages=fax.pages,
        pages_confirmed=row.pages_confirmed,
        stopped_at=seen.stopped_at.get(row.number, 0),
        line_seconds=row.line_seconds,
        dials=row.dials,
        page_begun=row.number in seen.begun,
        simulated_line=row.number in seen.simulated,
        simulated_status=row.simulated_status,
    )
