"""One outbound call: prepare every coding, write the attempts, dial, write each step, close the attempts.

The order is the promise. An attempt's row is written before the modem is touched; `Dialling` before the dial
string leaves; `PageAwaiting` before the post-page command; `PageConfirmed` before the next page. What the
crash points name are the windows of durability.md section 4. Other faxes for the same number that are due go
along in the same call, each with its own lease, attempt, pages and end: a call is shared, a promise is not.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import structlog

from gateway.domain import memory as rules
from gateway.domain import retry
from gateway.domain.errors import LostLease
from gateway.lines import ends
from gateway.lines.journal import Journal
from gateway.lines.keeper import LeaseKeeper
from gateway.lines.orders import CannotBegin, Work, order, work_of
from gateway.lines.pages import JoinedPages
from gateway.lines.record import OutboundRecord
from gateway.lines.roster import Roster
from gateway.observe.crash import crash_point
from gateway.store import company, endings, memory, queue
from gateway.store.leases import held
from gateway.store.models import Delivery
from modem import notices as n
from modem.recording import RecordedCall
from modem.run import Mailbox, run_call

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

    from gateway.domain.outcome import Cause
    from gateway.domain.retry import Advice
    from gateway.lines.base import Seat
    from gateway.store.leases import Lease
    from modem.caller import Incoming
    from modem.coding import PageSource, ReceivedPage
    from modem.job import CallJob
    from modem.result import CallResult

log = structlog.get_logger()

CRASH_AFTER: dict[type[n.Notice], str] = {
    n.Dialling: "delivery.dialled",
    n.PageSending: "page.sending",
    n.PageAwaiting: "page.awaiting",
    n.PageConfirmed: "page.confirmed",
}


class NothingReceived:
    """The sink of a call that only sends."""

    def store(self, page: ReceivedPage) -> None:
        """Refuse: a caller that does not poll receives no page."""
        raise AssertionError(f"page {page.n} came in on an outbound call")


def place(seat: Seat, lease: Lease, mailbox: Mailbox) -> Incoming | None:
    """Make one call for a claimed delivery and write how it ended; never raises for what the line did.

    Deliveries that may share the call are claimed here. A call that comes in before ours is dialled is
    returned; the deliveries are given back then. Raises `Unavailable` when the store fails.
    """
    plant = seat.plant
    try:
        others = plant.store.run(company.claim, lease, plant.now(), rules=plant.dialling)
    except LostLease as lost:
        log.error("call.not_ours", fax=lease.number, detail=lost.detail)  # noqa: TRY400  (the fence held)
        return None
    leases = in_order([lease, *others])
    roster = Roster(mailbox.cancel)
    keeper = LeaseKeeper(plant, leases, lambda gone: roster.leave(gone.number))
    try:
        known = plant.store.read(memory.recall, lease.destination, plant.now())
        advice = advice_for(leases, known, plant.now())
        work = joined(seat, still_wanted(seat, works_of(seat, leases, advice, known.dis)), known)
        if seat.stopping():
            for one in work:
                _give_back(seat, one.lease)
        elif work and (job := job_of(seat, work, advice)):
            return _place(seat, roster, work, job, mailbox)
    finally:
        keeper.close()
    return None


def in_order(leases: Sequence[Lease]) -> list[Lease]:
    """Put those whose own pages broke a call before last: they must not keep the others from arriving."""

    def broke(lease: Lease) -> int:
        return sum(tried.pages > 0 and tried.cause in retry.LINE_TROUBLE for tried in lease.tried)

    return sorted(leases, key=broke)


def advice_for(leases: Sequence[Lease], known: rules.Known, now: datetime) -> Advice:
    """Return how to make the call: as careful as the calls before, of every member and to the number, say."""
    return retry.merged(rules.advice(known, now), *(retry.advice(lease.tried) for lease in leases))


def works_of(seat: Seat, leases: Sequence[Lease], advice: Advice, dis: bytes) -> list[Work]:
    """Return the deliveries with their pages; one that cannot be sent at all fails here, alone."""
    works = []
    for lease in leases:
        try:
            works.append(work_of(seat.plant, seat.line, lease, advice, dis))
        except CannotBegin as error:
            _impossible(seat, lease, error)
    seat.plant.stock.tidy()
    return works


def still_wanted(seat: Seat, works: list[Work]) -> list[Work]:
    """Leave out what its owner cancelled while its pages were made ready: nobody is rung up for that."""
    cancelled = seat.plant.store.read(queue.cancel_requested, [work.lease.number for work in works])
    for work in works:
        if work.lease.number in cancelled:
            _give_back(seat, work.lease)
    return [work for work in works if work.lease.number not in cancelled]


def joined(seat: Seat, works: list[Work], known: rules.Known) -> list[Work]:
    """Leave out what would need an EOM where the machine does not come back after one; it is due at once."""
    if not works or known.no_eom_at is None:
        return works
    first, *rest = works
    kept = [first, *(work for work in rest if first.pages.alike(work.pages))]
    for work in rest:
        if work not in kept:
            _give_back(seat, work.lease)
    return kept


def job_of(seat: Seat, works: Sequence[Work], advice: Advice) -> CallJob | None:
    """Return the engine's order; None where the number may not be dialled, which ends every delivery."""
    try:
        return order(seat.line, works, advice)
    except CannotBegin as error:
        for work in works:
            _impossible(seat, work.lease, error)
        return None


def _impossible(seat: Seat, lease: Lease, error: CannotBegin) -> None:
    log.error("call.impossible", fax=lease.number, cause=error.cause, why=error.text)
    plant = seat.plant
    with _while_ours(lease):
        plant.store.run(give_up, lease, error.cause, error.text, plant.now(), new_id=plant.new_id)


def _give_back(seat: Seat, lease: Lease) -> None:
    plant = seat.plant
    with _while_ours(lease):
        plant.store.run(queue.give_back, lease, plant.now(), new_id=plant.new_id)


@contextmanager
def _while_ours(lease: Lease) -> Iterator[None]:
    """Write about a fax that may be another worker's by now: then the fence held, and that is logged."""
    try:
        yield
    except LostLease as lost:
        log.error("call.not_ours", fax=lease.number, detail=lost.detail)  # noqa: TRY400  (the fence held)


def give_up(
    session: Session, lease: Lease, cause: Cause, detail: str, now: datetime, *, new_id: Callable[[], str]
) -> None:
    """Let a delivery fail before any dial, so that it does not hold up the line; raises `LostLease`."""
    delivery = held(session, Delivery, lease.number, lease.epoch, lease.worker)
    endings.end(session, delivery, "fail", cause, now, new_id=new_id, detail=detail)


def _place(
    seat: Seat, roster: Roster, works: Sequence[Work], job: CallJob, mailbox: Mailbox
) -> Incoming | None:
    begun: list[tuple[Work, int]] = []
    for work in works:
        if (attempt := _attempt(seat, work, begun[0][1] if begun else None)) is not None:
            begun.append((work, attempt))
    if not begun:
        return None
    crash_point("delivery.claimed")
    roster.fill([(work.lease, attempt, work.pages.count) for work, attempt in begun])
    record = OutboundRecord(seat.plant, roster)
    result, incoming = call(seat, job, JoinedPages([work.pages for work, _ in begun]), record, mailbox)
    if incoming is None:
        ends.write(seat, roster, job, result)
        seat.ended(result)
        return None
    for member in roster:
        log.info("line.glare", line=seat.line.name, fax=member.lease.number)
        _give_back(seat, member.lease)
    return incoming


def _attempt(seat: Seat, work: Work, call: int | None) -> int | None:
    """Write the attempt of one member of a call, `call` being the first's; None where its lease is gone."""
    line = seat.line
    with _while_ours(work.lease):
        return seat.plant.store.run(
            queue.start_attempt,
            work.lease,
            line=line.name,
            simulated=line.simulated,
            now=seat.plant.now(),
            look=work.look,
            call=call,
        )
    return None


def call(
    seat: Seat, job: CallJob, pages: PageSource, record: OutboundRecord, mailbox: Mailbox
) -> tuple[CallResult, Incoming | None]:
    """Run the call with its journal beside it; say which call came in before it was dialled, if one did."""
    roster = record.roster

    def stored(notice: n.Notice) -> None:
        if point := CRASH_AFTER.get(type(notice)):
            crash_point(point)
        if isinstance(notice, n.PageConfirmed):
            roster.went_on(notice.n)
            if roster.must_end() or (notice.n < pages.count and seat.stopping()):
                mailbox.cancel()
        mailbox.stored(notice.id)

    journal = Journal(seat.plant.store, record, stored=stored, failed=lambda _: mailbox.cancel())
    try:
        placed = RecordedCall(job, pages, NothingReceived(), seat.profile)
        result = run_call(placed, seat.port, clock=seat.plant.clock, on_notice=journal.put, mailbox=mailbox)
    finally:
        journal.close()
    return seat.timed(placed.recorded() or result), placed.incoming
