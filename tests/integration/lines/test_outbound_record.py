"""Each notice of an outbound call becomes its row, in its transaction, under its lease."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gateway.domain.errors import IllegalTransition, LostLease
from gateway.domain.outcome import Cause
from gateway.domain.states import DeliveryState
from gateway.lines.record import OutboundRecord
from gateway.lines.roster import Roster
from gateway.store import events, queue
from modem import notices as n
from modem.result import TraceEntry

if TYPE_CHECKING:
    from lines_fixtures import Desk

    from gateway.store.leases import Lease

LADDER = TraceEntry(1.234, ">", "frame", "DCS 14400 bit/s")


def record_of(desk: Desk, lease: Lease, attempt: int) -> OutboundRecord:
    """Return the record of a call that has one member."""
    roster = Roster(lambda: None)
    roster.fill([(lease, attempt, len(lease.left))])
    return OutboundRecord(desk.plant, roster)


class Call:
    """An attempt of a claimed delivery whose notices a test writes one by one."""

    def __init__(self, desk: Desk, pages: int = 3) -> None:
        self.desk, self.lease = desk, desk.claimed(pages)
        self.attempt: int = desk.store.run(
            queue.start_attempt, self.lease, line="sim", simulated=True, now=desk.house.now
        )
        self.record = record_of(desk, self.lease, self.attempt)
        self.ids = 0

    def tell(self, *kinds: type[n.Notice], **values: object) -> None:
        """Write these notices as one batch."""
        notices = []
        for kind in kinds:
            self.ids += 1
            notices.append(kind(self.ids, 0.0, **values))
        self.desk.store.run(self.record.write, notices)

    def connected(self) -> None:
        self.tell(n.Dialling, number="0312345678")
        self.tell(n.Answered)


def pages_of(desk: Desk, number: int) -> list[tuple[int, str]]:
    return [(page.n, page.state) for a in desk.delivery(number).attempts for page in a.pages]


def test_dialling_is_a_dial_from_the_moment_it_is_written(desk: Desk) -> None:
    call = Call(desk)
    assert desk.state(call.lease.number) is DeliveryState.CLAIMED
    call.tell(n.Dialling, number="0312345678")
    row = desk.delivery(call.lease.number)
    assert (row.state, row.dials) == (DeliveryState.DIALLING, 1)
    assert row.attempts[0].dialled_at is not None


def test_an_answer_connects_the_delivery(desk: Desk) -> None:
    call = Call(desk)
    call.connected()
    row = desk.delivery(call.lease.number)
    assert row.state is DeliveryState.CONNECTED
    assert row.attempts[0].connected_at is not None


def test_a_page_goes_through_sending_awaiting_and_confirmed_with_its_figures(desk: Desk) -> None:
    call = Call(desk)
    call.connected()
    seen = []
    for kind, values in (
        (n.PageSending, {"n": 1}),
        (n.PageAwaiting, {"n": 1}),
        (n.PageConfirmed, {"n": 1, "bytes": 4711, "seconds": 6.5, "rate": 14400}),
    ):
        call.tell(kind, **values)
        seen += pages_of(desk, call.lease.number)
    assert seen == [(1, "sending"), (1, "awaiting"), (1, "confirmed")]
    row = desk.delivery(call.lease.number)
    page = row.attempts[0].pages[0]
    assert (page.bytes, page.seconds, page.rate) == (4711, 6.5, 14400)
    assert row.pages_confirmed == 1


def test_a_rejected_page_is_not_confirmed(desk: Desk) -> None:
    call = Call(desk)
    call.connected()
    for kind in (n.PageSending, n.PageAwaiting, n.PageRejected):
        call.tell(kind, n=1)
    assert pages_of(desk, call.lease.number) == [(1, "rejected")]
    assert desk.delivery(call.lease.number).pages_confirmed == 0


def test_a_resumed_call_writes_the_pages_of_the_fax_not_of_the_call(desk: Desk) -> None:
    first = desk.house.ready(pages=3)[0]
    earlier = desk.house.call(["confirmed", "sending"])
    earlier.finish(Cause.CALL_DROPPED)
    desk.house.later(minutes=5)
    lease = desk.house.claim("sim", "host/sim/")
    assert lease is not None
    assert (lease.number, lease.first_page) == (first, 2)
    attempt = desk.store.run(queue.start_attempt, lease, line="sim", simulated=True, now=desk.house.now)
    record = record_of(desk, lease, attempt)
    batch = [n.Dialling(1, 0.0, ""), n.Answered(2, 0.0), n.PageSending(3, 0.0, 1), n.PageAwaiting(4, 0.0, 1)]
    desk.store.run(record.write, batch)
    assert pages_of(desk, first)[-1] == (2, "awaiting")


def test_the_ladder_goes_out_as_one_event_a_batch(desk: Desk) -> None:
    call = Call(desk)
    call.tell(n.Traced, n.Traced, entry=LADDER)
    traces = desk.store.read(events.since, 0, number=call.lease.number, kinds=["call.trace"])
    assert [len(event.data["lines"]) for event in traces] == [2]
    assert traces[0].data["lines"][0] == {"at": 1.23, "dir": ">", "kind": "frame", "text": "DCS 14400 bit/s"}
    assert traces[0].data["attempt"] == call.attempt


@pytest.mark.parametrize(
    "kind", [n.Dialling, n.Answered, n.PageSending, n.PageAwaiting, n.PageRejected, n.Traced]
)
def test_after_another_worker_took_the_delivery_nothing_is_written(desk: Desk, kind: type[n.Notice]) -> None:
    call = Call(desk)
    desk.house.recover("host/sim/")
    taken = desk.house.claim("other", "elsewhere/other/")
    assert taken is not None
    before = desk.house.kinds()
    values: dict[str, object] = {"n": 1}
    if kind is n.Answered:
        values = {}
    elif kind in (n.Dialling, n.Traced):
        values = {"number": ""} if kind is n.Dialling else {"entry": LADDER}
    with pytest.raises(LostLease):
        call.tell(kind, **values)
    assert desk.house.kinds() == before
    assert desk.state(taken.number) is DeliveryState.CLAIMED


def test_a_batch_with_one_impossible_notice_leaves_no_trace(desk: Desk) -> None:
    call = Call(desk)
    call.connected()
    before = desk.house.kinds()
    with pytest.raises(IllegalTransition):
        desk.store.run(
            call.record.write, [n.PageSending(3, 0.0, 1), n.PageConfirmed(4, 0.0, 1, 100, 1.0, 9600)]
        )
    assert desk.house.kinds() == before
    assert pages_of(desk, call.lease.number) == []
