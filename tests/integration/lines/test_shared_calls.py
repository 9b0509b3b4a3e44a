"""One call, several faxes: each keeps its own lease, attempt, pages and end, whatever the others do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from lines_fixtures import IDENTITY

from gateway.domain.errors import LostLease
from gateway.domain.outcome import Cause
from gateway.domain.retry import Advice
from gateway.domain.states import DeliveryState
from gateway.lines import ends
from gateway.lines.orders import work_of
from gateway.lines.outbound import in_order
from gateway.lines.record import OutboundRecord
from gateway.lines.roster import Roster
from gateway.store import company, memory, queue
from gateway.store.models import Delivery
from modem import notices as n
from modem.job import CallJob
from modem.result import CallResult, PageResult, PageState, Reason, TraceEntry
from modem.sending import NO_REOPENING

if TYPE_CHECKING:
    from collections.abc import Callable

    from lines_fixtures import Desk
    from sqlalchemy.orm import Session

    from gateway.lines.base import Seat
    from gateway.store.leases import Lease

SENT, WAITING, CONNECTED = DeliveryState.SENT, DeliveryState.WAITING_RETRY, DeliveryState.CONNECTED


class SharedCall:
    """A call for three faxes of two pages each, told notice by notice as the engine and the journal do it."""

    def __init__(self, desk: Desk, pages: tuple[int, ...] = (2, 2, 2)) -> None:
        self.desk = desk
        self.faxes = [desk.fax(count) for count in pages]
        lead = desk.house.claim("sim", "host/sim/")
        assert lead is not None
        self.leases: list[Lease] = [lead, *desk.store.run(company.claim, lead, desk.house.now)]
        assert [lease.number for lease in self.leases] == self.faxes
        self.hung_up = 0
        self.roster = Roster(self._hang_up)
        self.roster.fill([(lease, self._attempt(lease), lease.pages) for lease in self.leases])
        self.record = OutboundRecord(desk.plant, self.roster)
        self.ids = 0

    def _hang_up(self) -> None:
        self.hung_up += 1

    def _attempt(self, lease: Lease) -> int:
        start = queue.start_attempt
        return self.desk.store.run(start, lease, line="sim", simulated=True, now=self.desk.house.now)

    def tell(self, *notices: n.Notice) -> None:
        """Write one batch, then report it as stored, as the journal does."""
        self.desk.store.run(self.record.write, notices)
        for notice in notices:
            if isinstance(notice, n.PageConfirmed):
                self.roster.went_on(notice.n)
                self.hung_up += self.roster.must_end()

    def connect(self) -> None:
        self.tell(n.Dialling(1, 0.0, "0312345678"))
        self.tell(n.Answered(2, 0.0))

    def page(self, page: int, upto: str = "confirmed") -> None:
        """Bring a page of the call so far."""
        self.tell(n.PageSending(0, 0.0, page))
        if upto != "sending":
            self.tell(n.PageAwaiting(0, 0.0, page))
        if upto == "confirmed":
            self.tell(n.PageConfirmed(0, 0.0, page, 1000, 4.0, 14400))

    def end(self, seat: Seat, reason: Reason, confirmed: int = 0, **result: object) -> None:
        """Write the end of the call."""
        pages = tuple(PageResult(p, "out", PageState.CONFIRMED) for p in range(1, confirmed + 1))
        values = {"line_seconds": 60.0, "dis": "00ce99c400", **result}
        ended = CallResult(reason is Reason.SENT, reason, pages=pages, **values)  # type: ignore[arg-type]
        ends.write(seat, self.roster, CallJob("call"), ended)

    def states(self) -> list[DeliveryState]:
        return [self.desk.state(number) for number in self.faxes]

    def pages(self) -> list[list[tuple[int, str]]]:
        rows = [self.desk.delivery(number) for number in self.faxes]
        return [[(page.n, page.state) for a in row.attempts for page in a.pages] for row in rows]

    def dials_left(self) -> list[int]:
        rows = [self.desk.delivery(number) for number in self.faxes]
        return [row.max_dials - row.dials for row in rows]


@pytest.fixture
def call(desk: Desk) -> SharedCall:
    shared = SharedCall(desk)
    shared.connect()
    return shared


def test_dialling_and_the_answer_are_written_for_every_member(call: SharedCall) -> None:
    assert call.states() == [CONNECTED] * 3
    assert [call.desk.delivery(number).dials for number in call.faxes] == [1, 1, 1]


def test_each_page_of_the_call_is_a_page_of_its_own_fax(call: SharedCall) -> None:
    for page in range(1, 6):
        call.page(page)
    call.page(6, "awaiting")
    both = [(1, "confirmed"), (2, "confirmed")]
    assert call.pages() == [both, both, [(1, "confirmed"), (2, "awaiting")]]


def test_a_call_that_went_well_ends_every_fax_and_shares_out_its_seconds(
    call: SharedCall, seat: Seat
) -> None:
    for page in range(1, 7):
        call.page(page)
    call.end(seat, Reason.SENT, confirmed=6)
    assert call.states() == [SENT] * 3
    assert [call.desk.delivery(number).line_seconds for number in call.faxes] == [20.0] * 3
    assert call.desk.house.kinds(call.faxes[2]).count("delivery.sent") == 1


def test_a_call_cut_in_the_second_fax_leaves_the_first_sent_and_the_third_its_dials(
    call: SharedCall, seat: Seat
) -> None:
    for page in (1, 2, 3):
        call.page(page)
    call.page(4, "sending")
    call.end(seat, Reason.CALL_DROPPED, confirmed=3)
    assert call.states() == [SENT, WAITING, WAITING]
    causes = [call.desk.delivery(number).cause for number in call.faxes]
    assert causes == [Cause.SENT, Cause.CALL_DROPPED, Cause.INTERNAL]
    assert [call.desk.delivery(number).line_seconds for number in call.faxes] == [30.0, 30.0, 0.0]


def test_a_member_that_was_passed_over_never_fails_for_it(desk: Desk, seat: Seat) -> None:
    desk.house.account(name="acme", country="81", senders=["alice@acme.example"], retries={"dials": 1})
    call = SharedCall(desk)
    call.connect()
    call.page(1, "sending")
    call.end(seat, Reason.PAGE_REJECTED)
    assert call.states() == [DeliveryState.FAILED, WAITING, WAITING]
    assert call.dials_left() == [0, 1, 1]


def test_a_number_that_is_busy_costs_every_member_its_dial(call: SharedCall, seat: Seat) -> None:
    call.end(seat, Reason.BUSY, dis="")
    assert call.states() == [WAITING] * 3
    assert [call.desk.delivery(number).cause for number in call.faxes] == [Cause.BUSY] * 3


def test_who_broke_the_last_call_goes_last_in_the_next(call: SharedCall, seat: Seat) -> None:
    call.page(1, "sending")
    call.end(seat, Reason.CALL_DROPPED)
    call.desk.house.later(minutes=5)
    lead = call.desk.house.claim("sim", "host/sim/")
    assert lead is not None
    others = call.desk.store.run(company.claim, lead, call.desk.house.now)
    assert [lease.number for lease in in_order([lead, *others])] == [*call.faxes[1:], call.faxes[0]]


def test_silence_after_eom_leaves_the_confirmed_fax_sent_and_is_remembered(
    call: SharedCall, seat: Seat
) -> None:
    for page in (1, 2):
        call.page(page)
    call.end(seat, Reason.CALL_DROPPED, confirmed=2, t30=NO_REOPENING)
    assert call.states() == [SENT, WAITING, WAITING]
    known = call.desk.store.read(memory.recall, call.leases[0].destination, call.desk.house.now)
    assert known.no_eom_at is not None


# -- a page that is refused while the call goes on: RTN to EOM


def refuse(call: SharedCall, page: int) -> None:
    """Let the far machine refuse a page behind which the engine goes on with the next."""
    call.page(page, "awaiting")
    call.tell(n.PageRejected(0, 0.0, page))


def test_a_fax_with_a_refused_page_goes_again_and_those_behind_it_are_sent(
    call: SharedCall, seat: Seat
) -> None:
    call.page(1)
    refuse(call, 2)
    for page in (3, 4, 5, 6):
        call.page(page)
    call.end(seat, Reason.PAGE_REJECTED, confirmed=5)
    assert call.states() == [WAITING, SENT, SENT]
    assert call.desk.delivery(call.faxes[0]).cause is Cause.PAGE_REJECTED


def test_what_ends_the_call_later_is_not_told_of_the_fax_with_the_refused_page(
    call: SharedCall, seat: Seat
) -> None:
    call.tell(n.Negotiated(0, 0.0, 9600, "MH", "standard", 1728, ecm=False, text=""))
    call.page(1)
    refuse(call, 2)
    call.tell(n.Negotiated(0, 0.0, 7200, "MH", "standard", 1728, ecm=False, text=""))
    call.page(3, "sending")
    call.end(seat, Reason.CALL_DROPPED, confirmed=1, rate=7200)
    rows = [call.desk.delivery(number) for number in call.faxes]
    assert [row.cause for row in rows] == [Cause.PAGE_REJECTED, Cause.CALL_DROPPED, Cause.INTERNAL]
    assert [row.attempts[0].rate for row in rows[:2]] == [9600, 7200]


def test_pages_taken_behind_a_refused_one_of_the_same_fax_are_not_sent_again(desk: Desk, seat: Seat) -> None:
    call = SharedCall(desk, pages=(4,))
    call.connect()
    call.page(1)
    refuse(call, 2)
    call.page(3)
    call.page(4)
    call.end(seat, Reason.PAGE_REJECTED, confirmed=3)
    desk.house.later(minutes=5)
    lease = desk.house.claim("sim", "host/sim/")
    assert lease is not None
    assert work_of(desk.plant, IDENTITY, lease, Advice()).pages.count == 1
    call.roster = Roster(call._hang_up)
    call.roster.fill([(lease, call._attempt(lease), 1)])
    call.record = OutboundRecord(desk.plant, call.roster)
    call.connect()
    call.page(1)
    call.end(seat, Reason.SENT, confirmed=1)
    assert call.states() == [SENT]
    assert call.pages()[0][-1] == (2, "confirmed")


# -- members that leave


def lose(call: SharedCall, index: int) -> None:
    """Let another worker take this member, as after a lease that ran out."""

    def taken(session: Session) -> None:
        row = session.get_one(Delivery, call.faxes[index])
        row.epoch += 1
        row.worker = "elsewhere/usb0/"

    call.desk.store.run(taken)


def cancel(call: SharedCall, index: int) -> None:
    """Let the owner cancel this member."""
    house = call.desk.house
    call.desk.store.run(queue.request_cancel, call.faxes[index], house.now, new_id=house.new_id)


@pytest.mark.parametrize("leaves", [lose, cancel])
def test_the_call_ends_before_the_pages_of_a_member_that_left_and_the_first_is_sent(
    call: SharedCall, seat: Seat, leaves: Callable[[SharedCall, int], None]
) -> None:
    call.page(1)
    leaves(call, 1)
    call.tell(n.PageSending(0, 0.0, 2), n.PageAwaiting(0, 0.0, 2))
    assert call.hung_up == 0
    # The engine tells the next page in one breath with the confirmation, and waits for that to be stored.
    call.tell(n.PageConfirmed(0, 0.0, 2, 1000, 4.0, 14400), n.PageSending(0, 0.0, 3))
    assert call.hung_up == 1
    assert call.pages()[0] == [(1, "confirmed"), (2, "confirmed")]
    assert call.pages()[1] == []
    call.end(seat, Reason.CANCELLED, confirmed=2)
    gone = DeliveryState.CANCELLED if leaves is cancel else CONNECTED
    assert call.states() == [SENT, gone, WAITING]
    assert call.dials_left()[2] >= 1


@pytest.mark.parametrize("leaves", [lose, cancel])
def test_behind_a_refused_page_too_the_call_ends_before_a_member_that_left(
    call: SharedCall, seat: Seat, leaves: Callable[[SharedCall, int], None]
) -> None:
    """No confirmation is waited for there: the call is ended as soon as the next page is told."""
    call.page(1)
    refuse(call, 2)
    leaves(call, 1)
    call.tell(n.PageSending(0, 0.0, 3))
    assert call.hung_up == 1
    assert call.pages()[1] == []
    call.end(seat, Reason.CANCELLED, confirmed=1)
    gone = DeliveryState.CANCELLED if leaves is cancel else CONNECTED
    assert call.states() == [WAITING, gone, WAITING]
    assert call.dials_left()[2] >= 1


def test_a_member_that_loses_its_lease_while_its_page_is_out_ends_the_call_unwritten(
    call: SharedCall, seat: Seat
) -> None:
    for page in (1, 2):
        call.page(page)
    call.page(3, "sending")
    lose(call, 1)
    with pytest.raises(LostLease):
        call.tell(n.PageAwaiting(0, 0.0, 3))
    assert call.pages()[1] == [(1, "sending")]
    call.end(seat, Reason.CANCELLED, confirmed=2)
    assert call.states() == [SENT, CONNECTED, WAITING]


def test_a_member_that_was_lost_after_its_last_page_was_confirmed_disturbs_nobody(
    call: SharedCall, seat: Seat
) -> None:
    for page in (1, 2):
        call.page(page)
    lose(call, 0)
    for page in (3, 4, 5, 6):
        call.page(page)
    assert call.hung_up == 0
    call.end(seat, Reason.SENT, confirmed=6)
    assert call.states()[1:] == [SENT, SENT]


def test_the_owner_of_the_page_that_is_out_ends_the_call_at_once_by_cancelling(
    call: SharedCall, seat: Seat
) -> None:
    for page in (1, 2):
        call.page(page)
    call.page(3, "sending")
    cancel(call, 1)
    call.roster.leave(call.faxes[1])  # as the lease keeper does
    assert call.hung_up == 1
    call.end(seat, Reason.CANCELLED, confirmed=2)
    assert call.states() == [SENT, DeliveryState.CANCELLED, WAITING]


def test_a_fax_that_is_over_cannot_be_taken_out_of_the_call_any_more(call: SharedCall) -> None:
    for page in (1, 2):
        call.page(page)
    call.roster.leave(call.faxes[0])
    assert call.hung_up == 0
    assert not call.roster.must_end()


def test_one_cancelled_before_the_answer_ends_the_call_and_costs_the_others_nothing(
    call: SharedCall, seat: Seat
) -> None:
    cancel(call, 0)
    call.roster.leave(call.faxes[0])
    assert call.hung_up == 1
    call.end(seat, Reason.CANCELLED)
    assert call.states() == [DeliveryState.CANCELLED, WAITING, WAITING]
    assert min(call.dials_left()[1:]) >= 1


def test_the_ladder_goes_to_every_member_that_is_ours(call: SharedCall) -> None:
    lose(call, 2)
    call.tell(n.Traced(9, 0.0, TraceEntry(1.0, ">", "frame", "DCS")))
    counts = [call.desk.house.kinds(number).count("call.trace") for number in call.faxes]
    assert counts == [1, 1, 0]


# -- a process that dies


@pytest.mark.parametrize(
    ("upto", "state", "next_page"),
    [("sending", WAITING, 2), ("awaiting", WAITING, 2), ("confirmed", SENT, 3)],
)
def test_recovery_settles_each_member_by_its_own_pages(
    call: SharedCall, upto: str, state: DeliveryState, next_page: int
) -> None:
    for page in (1, 2, 3):
        call.page(page)
    call.page(4, upto)
    rows = {found.number: found.row for found in call.desk.house.recover("host/sim/")}
    assert call.states() == [SENT, state, WAITING]
    assert rows[call.faxes[0]] == 9
    assert rows[call.faxes[1]] == {"sending": 6, "awaiting": 7, "confirmed": 9}[upto]
    confirmed = call.desk.delivery(call.faxes[1]).pages_confirmed
    assert confirmed == next_page - 1
    call.desk.house.later(minutes=5)
    while (lease := call.desk.house.claim("sim", "host/sim/")) is not None:
        assert lease.number != call.faxes[0], "a fax that was sent is never called for again"
        assert lease.first_page == (next_page if lease.number == call.faxes[1] else 1)
        call.desk.store.run(queue.dialled, lease, call._attempt(lease), call.desk.house.now)
        call.desk.house.recover("nobody")
        call.desk.store.run(_off_the_line, lease.number)


def _off_the_line(session: Session, number: int) -> None:
    session.get_one(Delivery, number).state = DeliveryState.FAILED
