"""Leases: who may write to a row, and until when.

A claim sets `worker` and `lease_until` and raises `epoch`, the fencing token. Every later write of the holder
goes through `held`, which finds the row only while token and worker are still the holder's; otherwise it
raises `LostLease`, and the holder stops at once. A lease that has run out is still good for writing results
until someone else claims or recovers the row (durability.md section 5).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import select

from gateway.domain.costs import FREE, Tariff
from gateway.domain.errors import LostLease
from gateway.store.models import Delivery, Fax, Outbox

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

    from gateway.domain.retry import Tried

Row = TypeVar("Row", Delivery, Fax, Outbox)


@dataclass(frozen=True, slots=True)
class LineTraits:
    """What of a line matters to the queue. `allow` and `deny` are prefixes of canonical numbers ("0081").

    An account whose setting `lines` names a group is called out for by lines of that `group` only; others by
    any line. One that only answers does not dial (`dials`).
    """

    name: str
    simulated: bool = False
    allow: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()
    group: str = ""
    dials: bool = True


@dataclass(frozen=True, slots=True)
class Lease:
    """A claimed delivery, and all a call worker needs to know of it.

    `destination` is canonical, `country`, `area_code` and `international` (may it call abroad) are the
    account's; `left` are the pages, from 1 and in order, that the far machine has not confirmed: mostly all
    from one on, but one that it refused may stand before others that it took; `masters` maps a resolution to
    the blob key of a Class F TIFF; `options["header"]` is the template of the header line, "" for none;
    `sender` is the mail address that gets the result; `cut_white` lets white at the foot of pages be left
    out; `tried` are the earlier calls, oldest first (`domain.retry.advice` reads them);
    `tariff` is what the call costs.
    """

    number: int
    epoch: int
    worker: str
    fax_id: int
    account_id: int
    destination: str
    country: str
    area_code: str
    left: tuple[int, ...]
    pages: int
    dials: int
    max_dials: int
    sub: str = ""
    contact: str = ""
    subject: str = ""
    masters: dict[str, str] = field(default_factory=dict)
    options: dict[str, Any] = field(default_factory=dict)
    international: bool = False
    timezone: str = "UTC"
    language: str = "en"
    sender: str = ""
    cut_white: bool = False
    tried: tuple[Tried, ...] = ()
    tariff: Tariff = FREE

    @property
    def first_page(self) -> int:
        """The page of the fax that the call begins with; one above the page count when none is left."""
        return self.left[0] if self.left else self.pages + 1


@dataclass(frozen=True, slots=True)
class Renewed:
    """What a holder learns when it renews: until when, and whether the owner asked to cancel."""

    lease_until: datetime
    cancel_requested: bool


@dataclass(frozen=True, slots=True)
class FaxLease:
    """A fax claimed for drawing. `blob` is the message as it came in, None if nothing came by a door."""

    fax_id: int
    epoch: int
    worker: str
    account_id: int
    door: str
    blob: str | None
    sender: str
    number: int


@dataclass(frozen=True, slots=True)
class MailLease:
    """A mail or webhook claimed for sending. `tries` counts those before this one."""

    id: int
    epoch: int
    worker: str
    kind: str
    recipient: str
    message_id: str
    delivery_number: int | None
    forward_id: int | None
    tries: int
    created_at: datetime
    data: dict[str, Any] = field(default_factory=dict)
    fax_id: int | None = None


def held(session: Session, kind: type[Row], key: int, epoch: int, worker: str) -> Row:
    """Return the row, locked, if this lease still holds it; raise `LostLease` otherwise."""
    identity = kind.number if kind is Delivery else kind.id  # type: ignore[attr-defined]
    query = select(kind).where(identity == key, kind.epoch == epoch, kind.worker == worker)
    row = session.scalar(query.with_for_update().execution_options(populate_existing=True))
    if row is None:
        raise LostLease(
            "Another worker owns this now.", detail=f"{kind.__tablename__} {key}, {worker}, epoch {epoch}"
        )
    return row


def take(row: Delivery | Fax | Outbox, worker: str, until: datetime) -> None:
    """Give the row to `worker` under a new fencing token."""
    row.worker, row.lease_until = worker, until
    row.epoch += 1


def let_go(row: Delivery | Fax | Outbox) -> None:
    """End the lease; its holder can write no more, for the worker no longer matches."""
    row.worker = row.lease_until = None
