"""One outbound call: prepare every coding, write the attempt, dial, write each step, close the attempt.

The order is the promise. The attempt row is written before the modem is touched; `Dialling` before the dial
string leaves; `PageAwaiting` before the post-page command; `PageConfirmed` before the next page. What the
crash points name are the windows of durability.md section 4.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from gateway.domain import retry
from gateway.domain.dialling import Caller, dial_string
from gateway.domain.errors import BadNumber, LostLease, Unavailable
from gateway.domain.outcome import Cause
from gateway.lines import trace
from gateway.lines.journal import Journal
from gateway.lines.keeper import LeaseKeeper
from gateway.lines.pages import PreparedPages
from gateway.observe.crash import crash_point
from gateway.store import endings, events, queue
from gateway.store.leases import held
from gateway.store.models import Delivery
from modem import notices as n
from modem.call import FaxCall
from modem.job import CallJob
from modem.rates import Modulation
from modem.result import Reason
from modem.run import Mailbox, run_call
from render.errors import RenderError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

    from gateway.domain.states import DeliveryState
    from gateway.lines.base import Identity, Plant, Seat
    from gateway.store.leases import Lease
    from modem.coding import ReceivedPage
    from modem.result import CallResult

log = structlog.get_logger()

RESOLUTIONS = {"standard": ("standard",), "fine": ("standard", "fine")}
SECONDS_BESIDE_PAGES, SECONDS_A_PAGE = 300.0, 300.0
"""How long a call may last: far more than a page takes at the slowest rate, so only a stuck call is ended."""


class NothingReceived:
    """The sink of a call that only sends."""

    def store(self, page: ReceivedPage) -> None:
        """Refuse: a caller that does not poll receives no page."""
        raise AssertionError(f"page {page.n} came in on an outbound call")


class OutboundRecord:
    """Writes the notices of an outbound call. Page k of the call is page `first` + k - 1 of the fax."""

    def __init__(self, plant: Plant, lease: Lease, attempt: int) -> None:
        self._plant, self._lease, self._attempt = plant, lease, attempt
        self.negotiated: n.Negotiated | None = None

    def write(self, session: Session, notices: Sequence[n.Notice]) -> None:
        """Write these notices; raises `LostLease`, also where they are only lines of the ladder."""
        held(session, Delivery, self._lease.number, self._lease.epoch, self._lease.worker)
        for notice in notices:
            self._one(session, notice)
        if ladder := [trace.as_event(t.entry) for t in notices if isinstance(t, n.Traced)]:
            events.append(
                session,
                "call.trace",
                self._plant.now(),
                account_id=self._lease.account_id,
                number=self._lease.number,
                fax_id=self._lease.fax_id,
                attempt=self._attempt,
                lines=ladder,
            )

    def _one(self, session: Session, notice: n.Notice) -> None:
        call, now = (session, self._lease, self._attempt), self._plant.now()
        match notice:
            case n.Dialling():
                queue.dialled(*call, now)
            case n.Answered():
                queue.connected(*call, now)
            case n.Negotiated():
                self.negotiated = notice
            case n.PageSending():
                queue.page_sending(*call, self._page(notice.n), now)
            case n.PageAwaiting():
                queue.page_awaiting(*call, self._page(notice.n), now)
            case n.PageConfirmed():
                crash_point("page.confirming")
                self._confirmed(session, notice)
            case n.PageRejected():
                queue.page_rejected(*call, self._page(notice.n), now)

    def _confirmed(self, session: Session, notice: n.PageConfirmed) -> None:
        queue.page_confirmed(
            session,
            self._lease,
            self._attempt,
            self._page(notice.n),
            self._plant.now(),
            size=notice.bytes,
            seconds=notice.seconds,
            rate=notice.rate,
        )

    def _page(self, page_of_call: int) -> int:
        return self._lease.first_page + page_of_call - 1


CRASH_AFTER: dict[type[n.Notice], str] = {
    n.Dialling: "delivery.dialled",
    n.PageSending: "page.sending",
    n.PageAwaiting: "page.awaiting",
    n.PageConfirmed: "page.confirmed",
}


class CannotBegin(Exception):  # noqa: N818  (reads as what happened)
    """The pages or the number of a fax are not what a call can be made from; no later try will help."""

    def __init__(self, cause: Cause, text: str) -> None:
        super().__init__(text)
        self.cause, self.text = cause, text


def place(seat: Seat, lease: Lease, mailbox: Mailbox) -> None:
    """Make one call for a claimed delivery and write how it ended; never raises for what the line did.

    Raises `Unavailable` when the store fails.
    """
    plant = seat.plant
    keeper = LeaseKeeper(plant, lease, mailbox.cancel)
    try:
        pages, job = work_of(seat, lease)
        _place(seat, lease, pages, job, mailbox)
    except CannotBegin as error:
        log.exception("call.impossible", fax=lease.number)
        plant.store.run(give_up, lease, error.cause, error.text, plant.now(), new_id=plant.new_id)
    except LostLease as lost:
        log.error("call.not_ours", fax=lease.number, detail=lost.detail)  # noqa: TRY400  (the fence held)
    finally:
        keeper.close()


def _place(seat: Seat, lease: Lease, pages: PreparedPages, job: CallJob, mailbox: Mailbox) -> None:
    plant, line = seat.plant, seat.line
    attempt = plant.store.run(
        queue.start_attempt, lease, line=line.name, simulated=line.simulated, now=plant.now()
    )
    crash_point("delivery.claimed")
    record = OutboundRecord(plant, lease, attempt)
    result = call(seat, job, pages, record, mailbox)
    outcome = outcome_of(plant, record, result)
    interrupted = seat.stopping() and result.reason is Reason.CANCELLED
    state = plant.store.run(
        finish, lease, attempt, outcome, plant.now(), new_id=plant.new_id, interrupted=interrupted
    )
    log.info(
        "call.ended",
        fax=lease.number,
        line=line.name,
        cause=outcome.cause,
        state=state,
        pages=result.confirmed,
        seconds=result.line_seconds,
    )


def work_of(seat: Seat, lease: Lease) -> tuple[PreparedPages, CallJob]:
    """Return what is to be sent and how; raises `CannotBegin`, or `Unavailable` for a disk that fails."""
    try:
        pages = prepared(seat.plant, lease)
        return pages, order(seat.line, lease, pages.count)
    except FileNotFoundError as error:
        raise CannotBegin(Cause.INTERNAL, "the drawn pages are no longer on disk") from error
    except OSError as error:
        raise Unavailable("The drawn pages cannot be read.", detail=str(error)) from error
    except BadNumber as error:
        raise CannotBegin(Cause.NUMBER_REFUSED, error.text) from error
    except (RenderError, ValueError) as error:
        raise CannotBegin(Cause.INTERNAL, f"the drawn pages cannot be used: {error}") from error


def give_up(
    session: Session, lease: Lease, cause: Cause, detail: str, now: datetime, *, new_id: Callable[[], str]
) -> None:
    """Let a delivery fail before any dial, so that it does not hold up the line; raises `LostLease`."""
    delivery = held(session, Delivery, lease.number, lease.epoch, lease.worker)
    endings.end(session, delivery, "fail", cause, now, new_id=new_id, detail=detail)


def finish(
    session: Session,
    lease: Lease,
    attempt: int,
    outcome: queue.CallOutcome,
    now: datetime,
    *,
    new_id: Callable[[], str],
    interrupted: bool,
) -> DeliveryState:
    """Write the end of a call. One that our own end `interrupted` costs the fax none of its dials."""
    if interrupted:
        delivery = held(session, Delivery, lease.number, lease.epoch, lease.worker)
        delivery.max_dials = max(delivery.max_dials, delivery.dials + 1)
    return queue.finish(session, lease, attempt, outcome, now, new_id=new_id)


def prepared(plant: Plant, lease: Lease) -> PreparedPages:
    """Return the pages still to be sent, in every coding the far machine may choose."""
    masters = {resolution: plant.blobs.read(key) for resolution, key in lease.masters.items()}
    wanted = RESOLUTIONS.get(str(lease.options.get("resolution", "")), tuple(masters))
    return PreparedPages(masters, first=lease.first_page, allowed=[r for r in wanted if r in masters])


def order(line: Identity, lease: Lease, pages: int) -> CallJob:
    """Return what the engine is asked to do for so many pages, made more careful by the calls before."""
    advice = retry.advice(lease.tried)
    caller = Caller(lease.country, lease.area_code, lease.international)
    return CallJob(
        role="call",
        number=dial_string(lease.destination, caller, line.dialling, line.prefix),
        ident=line.ident,
        ecm=advice.ecm,
        max_rate=advice.max_rate or 14400,
        modulations=tuple(m for m in Modulation if advice.v17 or m is not Modulation.V17),
        sub=lease.sub or None,
        max_seconds=SECONDS_BESIDE_PAGES + SECONDS_A_PAGE * pages,
    )


def call(
    seat: Seat, job: CallJob, pages: PreparedPages, record: OutboundRecord, mailbox: Mailbox
) -> CallResult:
    """Run the call with its journal beside it."""

    def stored(notice: n.Notice) -> None:
        if point := CRASH_AFTER.get(type(notice)):
            crash_point(point)
        if isinstance(notice, n.PageConfirmed) and notice.n < pages.count and seat.stopping():
            mailbox.cancel()
        mailbox.stored(notice.id)

    journal = Journal(seat.plant.store, record, stored=stored, failed=lambda _: mailbox.cancel())
    try:
        return run_call(
            FaxCall(job, pages, NothingReceived(), seat.profile),
            seat.port,
            clock=seat.plant.clock,
            on_notice=journal.put,
            mailbox=mailbox,
        )
    finally:
        journal.close()


def outcome_of(plant: Plant, record: OutboundRecord, result: CallResult) -> queue.CallOutcome:
    """Return what `queue.finish` wants to know; the session log becomes a blob first, if it can."""
    agreed = record.negotiated
    return queue.CallOutcome(
        cause=Cause(result.reason.value),
        t30=result.t30,
        remote_id=result.remote_id,
        rate=result.rate,
        ecm=result.ecm,
        compression=agreed.compression if agreed else "",
        resolution=agreed.resolution if agreed else "",
        line_seconds=result.line_seconds,
        trace_blob=trace.kept(plant, result.trace),
    )
