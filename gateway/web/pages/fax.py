"""One fax, out or in: its pages, what happened, the calls with their ladders, who sent it, who got it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from starlette.exceptions import HTTPException

from gateway import transmitted, wording
from gateway.domain.outcome import Cause
from gateway.store import history as store
from gateway.store import traces
from gateway.store.faxes import get_delivery
from gateway.store.receptions import get_reception
from gateway.web import ladder, outlook, proofs, seals, sheets, timeline, words
from gateway.web.live import whole
from gateway.web.site import site_of
from gateway.web.view import look, page, zones

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session
    from starlette.requests import Request
    from starlette.responses import Response

    from gateway.store.blobs import BlobStore
    from gateway.store.models import Attempt, Delivery, Event, Outbox, Reception
    from gateway.web.ladder import Rung
    from gateway.web.outlook import Outlook
    from gateway.web.sheets import Sheet
    from gateway.web.site import Site

ZOOMS: Final = 3


@dataclass(frozen=True, slots=True)
class Sent:
    """A delivery and all that is shown of it."""

    delivery: Delivery
    events: Sequence[Event]
    signals: Sequence[Event]
    mails: Sequence[Outbox]
    sharing: dict[int, list[int]]
    outlook: Outlook
    zone: str


@dataclass(frozen=True, slots=True)
class Got:
    """A reception and all that is shown of it."""

    reception: Reception
    events: Sequence[Event]
    signals: Sequence[Event]
    zone: str


@dataclass(frozen=True, slots=True)
class Ladder:
    """The ladder of one call; `live` while it still grows. `line_seconds`: how long it took on the line.

    `seconds` is how long it took by our clock: far less where a simulated line runs faster than time.
    """

    rungs: list[Rung]
    live: bool
    line_seconds: float = 0.0

    @property
    def seconds(self) -> float:
        """Time of the last signal."""
        return self.rungs[-1].at if self.rungs else 0.0

    @property
    def hurried(self) -> bool:
        """Whether the line ran faster than time, so that the seconds of its signals are not a telephone's."""
        return self.line_seconds > 2 * self.seconds > 0


@dataclass(frozen=True, slots=True)
class Viewer:
    """The page on show among its neighbours; `zoom` from 1, fitted, to `ZOOMS`."""

    sheets: list[Sheet]
    n: int
    zoom: int

    @property
    def current(self) -> Sheet | None:
        """The page on show, None if there is none yet."""
        return self.sheets[self.n - 1] if self.sheets else None

    def link(self, n: int, zoom: int | None = None) -> str:
        """Return the query that shows another page or size, "" where there is none."""
        zoom = self.zoom if zoom is None else zoom
        return f"?page={n}&zoom={zoom}" if 0 < n <= len(self.sheets) and 0 < zoom <= ZOOMS else ""


async def fax(request: Request) -> Response:
    """Show a fax by its public number."""
    number = request.path_params["number"]
    found = await look(request, read, number, site_of(request))
    if found is None:
        raise HTTPException(404)
    draw = show_sent if isinstance(found, Sent) else show_got
    return await draw(request, found)  # type: ignore[arg-type]


def read(session: Session, number: int, site: Site) -> Sent | Got | None:
    """Return the delivery or reception of this number with what belongs to it."""
    if whole(str(number)) == 0:
        return None
    events, signals = store.events_of(session, number), store.signals_of(session, number)
    if delivery := get_delivery(session, number):
        mails = store.mails_about(session, number)
        return Sent(
            delivery,
            events,
            signals,
            mails,
            sharing=store.sharing(session, delivery),
            outlook=outlook.of(session, delivery, site.now(), silent=site.silent),
            zone=delivery.fax.account.timezone,
        )
    if reception := get_reception(session, number):
        zone = zones(session).get(reception.account_id, "UTC")
        return Got(reception, events, signals, zone)
    return None


async def show_sent(request: Request, found: Sent) -> Response:
    """Draw the page of a delivery."""
    delivery, blobs = found.delivery, site_of(request).blobs
    cause = delivery.cause if delivery.cause not in (None, Cause.SENT, Cause.RECEIVED) else None
    message = delivery.fax.message
    return page(
        request,
        "fax.html",
        "history",
        number=delivery.number,
        fax=delivery.fax,
        delivery=delivery,
        word=words.of_delivery(delivery),
        reason=wording.WORDS[cause] if cause else None,
        viewer=viewer_of(request, sheets.of_delivery(delivery)),
        moments=timeline.moments(found.events),
        ladders=[await ladder_of(blobs, call, found.signals, call.id) for call in delivery.attempts],
        lines_of={call.id: header_of(call) for call in delivery.attempts},
        sharing=found.sharing,
        outlook=found.outlook,
        troubles=list(outlook.troubles(found.outlook.known)),
        wording=wording.WORDS,
        words=words,
        resolutions=wording.RESOLUTIONS,
        mails=found.mails,
        seal=seals.of(message.verdict) if message else None,
        proof=proofs.of(message.evidence) if message else None,
        simulated=any(call.simulated for call in delivery.attempts),
        zone=found.zone,
    )


async def show_got(request: Request, found: Got) -> Response:
    """Draw the page of a reception."""
    reception = found.reception
    return page(
        request,
        "reception.html",
        "history",
        number=reception.number,
        reception=reception,
        word=words.of_reception(reception),
        viewer=viewer_of(request, sheets.of_reception(reception)),
        moments=timeline.moments(found.events),
        ladder=await ladder_of(site_of(request).blobs, reception, found.signals, None),
        broken=reception.cause not in (None, Cause.RECEIVED),
        words=words,
        resolutions=wording.RESOLUTIONS,
        zone=found.zone,
    )


def header_of(call: Attempt) -> str:
    """Return the header line of the first page of a call, its columns apart; "" for none."""
    header = transmitted.look_of(call).header
    return "  ·  ".join(header.columns(call.first_page)) if header else ""


def viewer_of(request: Request, pages: list[Sheet]) -> Viewer:
    """Return the viewer as the query asks for it; a number beyond the ends shows the nearest page."""
    n, zoom = whole(request.query_params.get("page")), whole(request.query_params.get("zoom"))
    return Viewer(pages, min(max(n, 1), max(len(pages), 1)), min(max(zoom, 1), ZOOMS))


async def ladder_of(
    blobs: BlobStore, call: Attempt | Reception, signals: Sequence[Event], attempt: int | None
) -> Ladder:
    """Return a call's ladder: from its log if it has one, else from what was told of it so far."""
    if call.trace_blob is not None:
        try:
            log = await asyncio.to_thread(lambda key: traces.unpack(blobs.read(key)), call.trace_blob)
            return Ladder(ladder.of_log(log), live=False, line_seconds=call.line_seconds)
        except OSError:
            pass  # the log is gone; the live signals may still be there
    return Ladder(ladder.of_events(signals, attempt), live=call.ended_at is None)
