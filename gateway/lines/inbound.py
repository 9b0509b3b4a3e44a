"""One inbound call: answer, keep each page on disk before it is confirmed, close the reception.

The reception row is written before ATA. A page is repaired, coded as MMR and synced by the journal's thread
while the port thread stays silent (T.30 gives the far end's timer 3 s); only then MCF leaves. A broken call
leaves its good pages.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from gateway.domain.callers import Taken, caller_key
from gateway.domain.errors import LostLease
from gateway.domain.outcome import Cause
from gateway.lines import trace
from gateway.lines.journal import Journal
from gateway.observe.crash import crash_point
from gateway.store import blobs, events, memory, receptions
from modem import notices as n
from modem.coding import WIDTHS, Resolution
from modem.job import CallJob
from modem.rates import Modulation
from modem.recording import RecordedCall
from modem.run import Mailbox, run_call
from render.received import received_page
from render.tiff import write_tiff

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session

    from gateway.domain.callers import Narrowing
    from gateway.lines.base import Identity, Plant, Seat
    from modem.caller import Incoming
    from modem.coding import Coding, PageShape, ReceivedPage
    from modem.result import CallResult

log = structlog.get_logger()

COARSE = (Resolution.STANDARD, Resolution.FINE)

LONGEST_SECONDS = 4 * 3600.0
"""No reception lasts longer: 200 fine pages at 2400 bit/s."""


class NothingToSend:
    """The page source of a call that only receives."""

    count = 0

    def shape(self, n: int) -> PageShape:
        """Refuse."""
        raise KeyError(n)

    def size(self, n: int, coding: Coding) -> int:
        """Refuse."""
        raise KeyError(n, coding)

    def page(self, n: int, coding: Coding) -> bytes:
        """Refuse."""
        raise KeyError(n, coding)


class Tray:
    """The sink: keeps a page in memory until the journal takes it. One writer, one reader, by page number."""

    def __init__(self) -> None:
        self._pages: dict[int, ReceivedPage] = {}

    def store(self, page: ReceivedPage) -> None:
        """Take the page from the port's thread."""
        self._pages[page.n] = page

    def take(self, number: int) -> ReceivedPage:
        """Hand the page to the journal's thread."""
        return self._pages.pop(number)


class InboundRecord:
    """Writes the notices of an inbound call. `number` is the reception's, 0 until the call is answered."""

    def __init__(self, seat: Seat, incoming: Incoming, tray: Tray, worker: str) -> None:
        self._plant, self._line, self._worker = seat.plant, seat.line, worker
        self._incoming, self._tray = incoming, tray
        self.number = 0
        self.rows = self.bad_rows = 0

    def write(self, session: Session, notices: Sequence[n.Notice]) -> None:
        """Write these notices; raises `LostLease`."""
        for notice in notices:
            self._one(session, notice)
        ladder = [trace.as_event(t.entry) for t in notices if isinstance(t, n.Traced)]
        if ladder and self.number:
            events.append(session, "call.trace", self._plant.now(), number=self.number, lines=ladder)

    def _one(self, session: Session, notice: n.Notice) -> None:
        match notice:
            case n.Dialling():
                self.number = receptions.open_reception(
                    session,
                    line=self._line.name,
                    worker=self._worker,
                    now=self._plant.now(),
                    simulated=self._line.simulated,
                    called=self._incoming.called or self._line.number,
                    caller=self._incoming.caller,
                )
            case n.Identified():
                receptions.identified(session, self.number, remote_id=notice.ident, sub=notice.sub)
            case n.PageStored():
                self._page(session, self._tray.take(notice.n))

    def _page(self, session: Session, page: ReceivedPage) -> None:
        stored = keep(self._plant, session, page)
        self.rows, self.bad_rows = self.rows + page.rows, self.bad_rows + len(page.bad_lines)
        receptions.page_stored(session, self.number, stored, self._plant.now())


def keep(plant: Plant, session: Session, page: ReceivedPage) -> receptions.StoredPage:
    """Repair a page, put it on stable storage as a one-page Class F TIFF, return what its row says."""
    coding = page.coding
    drawn = received_page(
        page.data,
        coding.compression.value,
        coding.width,
        resolution=coding.resolution.value,
        rows=page.rows,
        bad_lines=page.bad_lines,
        longest_bad_run=page.longest_bad_run,
        inch=coding.inch,
    )
    document = write_tiff([drawn])
    key = plant.blobs.put("received", document)
    blobs.record(session, key, len(document), plant.now())
    return receptions.StoredPage(
        n=page.n,
        blob=key,
        width=drawn.width,
        rows=drawn.rows,
        resolution=coding.resolution.value,
        compression=coding.compression.value,
        bad_lines=len(page.bad_lines),
        longest_bad_run=page.longest_bad_run,
        rate=page.rate,
        seconds=page.seconds,
    )


def answer(seat: Seat, incoming: Incoming, mailbox: Mailbox, worker: str) -> None:
    """Answer one call and write what came of it; never raises for what the line did."""
    tray = Tray()
    record = InboundRecord(seat, incoming, tray, worker)
    known = seat.plant.store.read(memory.recall_caller, caller_key(incoming.caller), seat.plant.now())
    job = order(seat.line, known)
    journal = Journal(
        seat.plant.store,
        record,
        stored=lambda notice: stored(notice, mailbox),
        failed=lambda _: mailbox.cancel(),
    )
    try:
        taken = RecordedCall(job, NothingToSend(), tray, seat.profile)
        result = run_call(taken, seat.port, clock=seat.plant.clock, on_notice=journal.put, mailbox=mailbox)
        result = seat.timed(taken.recorded() or result)
    finally:
        journal.close()
    if record.number:
        remember(seat.plant, incoming, record, result)
        try:
            close(seat.plant, record.number, result)
        except LostLease as lost:
            log.error("reception.not_ours", detail=lost.detail)  # noqa: TRY400  (no fault of code)


def order(line: Identity, known: Narrowing) -> CallJob:
    """Return what the engine is asked to do, offering a poor caller less."""
    return CallJob(
        role="answer",
        ident=line.ident,
        max_rate=known.max_rate or 14400,
        modulations=tuple(m for m in Modulation if known.v17 or m is not Modulation.V17),
        max_seconds=LONGEST_SECONDS,
        receive_resolutions=COARSE if known.coarse else tuple(Resolution),
        receive_widths=WIDTHS[Resolution.STANDARD],
    )


def remember(plant: Plant, incoming: Incoming, record: InboundRecord, result: CallResult) -> None:
    """Learn from a call in which a fax machine was heard."""
    if not (result.rate or result.pages or result.ftt):
        return
    taken = Taken(result.success, plant.now(), record.rows, record.bad_rows, result.rtn, result.ftt)
    key = caller_key(incoming.caller, result.remote_id)
    plant.store.run(memory.learn_caller, key, taken)


def stored(notice: n.Notice, mailbox: Mailbox) -> None:
    """Tell the engine that a notice is on stable storage."""
    if isinstance(notice, n.PageStored):
        crash_point("reception.page_stored")
    mailbox.stored(notice.id)


def close(plant: Plant, number: int, result: CallResult) -> None:
    """Write the end of an inbound call."""
    key = trace.kept(plant, result.trace)
    with plant.store.begin() as session:
        for page in result.pages:
            if page.state.value == "confirmed":
                receptions.page_confirmed(session, number, page.n)
        state = receptions.close_reception(
            session,
            number,
            cause=Cause(result.reason.value),
            now=plant.now(),
            complete=result.success,
            t30=result.t30,
            remote_id=result.remote_id,
            rate=result.rate,
            ecm=result.ecm,
            line_seconds=result.line_seconds,
            trace_blob=key,
        )
    log.info("reception.closed", fax=number, state=state, cause=result.reason, pages=result.confirmed)
