"""Writes the notices of an outbound call as rows, each into the delivery whose page it is about.

`Dialling` and `Answered` concern every member of the call, a page only its own. Before anything is written
the leases are looked at: where the member whose turn it is has lost its own, nothing is written and the call
ends; another one that lost its lease leaves the call quietly. A member's lease is looked at once more in the
transaction that confirms the page before its first: no page of a fax that is another worker's is begun.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from gateway.domain.errors import LostLease
from gateway.lines import trace
from gateway.observe.crash import crash_point
from gateway.store import events, queue
from gateway.store.leases import held
from gateway.store.models import Delivery
from modem import notices as n

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

    from gateway.lines.base import Plant
    from gateway.lines.roster import Member, Roster
    from gateway.store.leases import Lease

log = structlog.get_logger()


class OutboundRecord:
    """The `Record` of an outbound call."""

    def __init__(self, plant: Plant, roster: Roster) -> None:
        self._plant, self.roster = plant, roster
        self._refused = 0  # the page of the call that was refused last
        self.negotiated: n.Negotiated | None = None

    def write(self, session: Session, notices: Sequence[n.Notice]) -> None:
        """Write these notices; raises `LostLease` for the member that has its turn, ladder or not."""
        self._look_at_leases(session)
        for notice in notices:
            self._one(session, notice)
        if ladder := [trace.as_event(t.entry) for t in notices if isinstance(t, n.Traced)]:
            for member in self.roster:
                self._ladder(session, member, ladder)

    def _look_at_leases(self, session: Session) -> None:
        for member in self.roster.pending():
            try:
                self._held(session, member)
            except LostLease as lost:
                if self.roster.has_turn(member):
                    raise
                log.error("call.member_lost", fax=member.lease.number, detail=lost.detail)  # noqa: TRY400  (the fence held)
                self.roster.leave(member.lease.number)

    def _held(self, session: Session, member: Member) -> Delivery:
        lease = member.lease
        return held(session, Delivery, lease.number, lease.epoch, lease.worker)

    def _one(self, session: Session, notice: n.Notice) -> None:
        match notice:
            case n.Dialling():
                self._everybody(session, queue.dialled)
            case n.Answered():
                self._everybody(session, queue.connected)
            case n.Negotiated():
                self.negotiated = notice
            case n.PageSending():
                self._sending(session, notice.n)
            case n.PageAwaiting():
                self._page(session, notice.n, queue.page_awaiting)
            case n.PageConfirmed():
                crash_point("page.confirming")
                self._confirmed(session, notice)
            case n.PageRejected():
                self._page(session, notice.n, queue.page_rejected)
                self._refused = notice.n

    def _everybody(self, session: Session, step: Callable[[Session, Lease, int, datetime], None]) -> None:
        for member in self.roster.pending():
            step(session, member.lease, member.attempt, self._plant.now())

    def _page(
        self, session: Session, page: int, step: Callable[[Session, Lease, int, int, datetime], None]
    ) -> None:
        member = self.roster.of(page)
        step(session, member.lease, member.attempt, member.page_of_fax(page), self._plant.now())

    def _sending(self, session: Session, page: int) -> None:
        """Write that a page goes out, unless its fax left before.

        The engine tells a confirmation and the next page at once and then waits for the confirmation to be
        stored: the call ends there. Behind a page that was refused it waits for nothing: the call ends here.
        """
        member = self.roster.of(page)
        if passed_over := page == self._refused + 1:
            self.roster.went_on(self._refused)
            self._next_may_begin(session, member)
        if member.gone and (passed_over or not self.roster.has_turn(member)):
            return
        if self.negotiated is not None and self.negotiated is not member.agreed:
            self._agreed(session, member, self.negotiated)
        self._page(session, page, queue.page_sending)
        self.roster.begun(page, self.negotiated)

    def _agreed(self, session: Session, member: Member, now: n.Negotiated) -> None:
        terms = {"compression": now.compression, "resolution": now.resolution}
        queue.agreed(session, member.lease, member.attempt, rate=now.rate, ecm=now.ecm, **terms)

    def _confirmed(self, session: Session, notice: n.PageConfirmed) -> None:
        member = self.roster.of(notice.n)
        self._refused = 0
        queue.page_confirmed(
            session,
            member.lease,
            member.attempt,
            member.page_of_fax(notice.n),
            self._plant.now(),
            size=notice.bytes,
            seconds=notice.seconds,
            rate=notice.rate,
        )
        if notice.n == member.last and notice.n < self.roster.pages:
            self._next_may_begin(session, self.roster.of(notice.n + 1))

    def _next_may_begin(self, session: Session, member: Member) -> None:
        try:
            wanted = not self._held(session, member).cancel_requested
        except LostLease:
            wanted = False
        if not wanted:
            self.roster.leave(member.lease.number)

    def _ladder(self, session: Session, member: Member, lines: list[dict[str, object]]) -> None:
        try:
            self._held(session, member)
        except LostLease:
            return
        events.append(
            session,
            "call.trace",
            self._plant.now(),
            account_id=member.lease.account_id,
            number=member.lease.number,
            fax_id=member.lease.fax_id,
            attempt=member.attempt,
            lines=lines,
        )
