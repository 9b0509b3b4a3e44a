"""What a call is asked to do, what makes it impossible, and what its end writes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from lines_fixtures import DESTINATION, IDENTITY, FullDisk, PoliteModem, masters_of
from waiting import wait_until

from gateway.domain.errors import StorageFull, Unavailable
from gateway.domain.memory import Known
from gateway.domain.outcome import Cause
from gateway.domain.retry import Tried
from gateway.domain.states import DeliveryState
from gateway.lines.base import Seat
from gateway.lines.ends import outcome_of
from gateway.lines.orders import CannotBegin, Work, order, work_of
from gateway.lines.outbound import advice_for, place
from gateway.lines.record import OutboundRecord
from gateway.lines.roster import Roster
from gateway.store import queue, traces
from gateway.store.blobs import LocalBlobs
from modem import notices as n
from modem.coding import Resolution
from modem.profiles import named
from modem.rates import Modulation
from modem.result import CallResult, Reason, TraceEntry
from modem.run import Mailbox

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lines_fixtures import Desk

    from gateway.lines.base import Identity
    from gateway.store.leases import Lease
    from modem.job import CallJob


ELSEWHERE = "0081387654321"


@pytest.fixture
def seat(desk: Desk) -> Iterator[Seat]:
    port = PoliteModem()
    yield Seat(desk.plant, IDENTITY, port, named("softmodem"))
    port.close()


def tried(*causes: Cause, desk: Desk) -> tuple[Tried, ...]:
    return tuple(Tried(cause, desk.house.now, "sim") for cause in causes)


def work(desk: Desk, lease: Lease) -> Work:
    """Return the pages of a delivery, prepared as its own history advises."""
    return work_of(desk.plant, IDENTITY, lease, advice_for([lease], Known(), desk.house.now))


def job(desk: Desk, lease: Lease, line: Identity = IDENTITY) -> CallJob:
    """Return the order of a call for this delivery alone."""
    return order(line, [work(desk, lease)], advice_for([lease], Known(), desk.house.now))


# -- the order


def test_the_number_is_dialled_in_national_form_behind_the_lines_prefix(desk: Desk) -> None:
    lease = desk.claimed()
    assert job(desk, lease).number == "0312345678"
    assert job(desk, lease, replace(IDENTITY, prefix="0,")).number == "0,0312345678"


def test_the_first_call_may_use_everything_and_later_ones_are_more_careful(desk: Desk) -> None:
    lease = desk.claimed()
    first = job(desk, lease)
    assert Modulation.V17 in first.modulations
    assert first.max_rate == 14400
    second = job(desk, replace(lease, tried=tried(Cause.CALL_DROPPED, desk=desk)))
    assert Modulation.V17 not in second.modulations
    twice = tried(Cause.CALL_DROPPED, Cause.TRAINING_FAILED, desk=desk)
    third = job(desk, replace(lease, tried=twice))
    assert (third.max_rate, third.ecm) == (9600, False)


def test_a_long_fax_gets_the_time_its_pages_need(desk: Desk) -> None:
    long, short = desk.claimed(20), desk.claimed(1, number=ELSEWHERE)
    assert job(desk, long).max_seconds > 20 * 60
    assert job(desk, short).max_seconds < 3600


def test_the_sub_address_is_sent_where_the_fax_has_one(desk: Desk) -> None:
    lease = desk.claimed()
    assert job(desk, lease).sub is None
    assert job(desk, replace(lease, sub="41")).sub == "41"


# -- the pages


@pytest.mark.parametrize(
    ("wanted", "offered"),
    [
        ("standard", {Resolution.STANDARD}),
        ("fine", {Resolution.STANDARD, Resolution.FINE}),
        ("", {Resolution.STANDARD, Resolution.FINE}),
    ],
)
def test_the_senders_resolution_limits_what_is_offered(
    desk: Desk, wanted: str, offered: set[Resolution]
) -> None:
    options = {"resolution": wanted} if wanted else {}
    lease = desk.claimed(1, masters=masters_of(1, 60, ("standard", "fine")), **options)
    assert set(work(desk, lease).pages.shape(1).resolutions) == offered


def test_a_wish_no_master_serves_is_served_as_well_as_can_be(desk: Desk) -> None:
    lease = desk.claimed(1, masters=masters_of(1, 60, ("fine",)), resolution="standard")
    assert work(desk, lease).pages.shape(1).resolutions == (Resolution.FINE,)


# -- calls that cannot begin


def test_drawn_pages_that_vanished_fail_the_fax_instead_of_the_line(desk: Desk, seat: Seat) -> None:
    lease = desk.claimed()
    desk.blobs.path(lease.masters["standard"]).unlink()
    with pytest.raises(CannotBegin, match="no longer on disk"):
        work(desk, lease)
    mailbox = Mailbox()
    place(seat, lease, mailbox)
    mailbox.close()
    row = desk.delivery(lease.number)
    assert (row.state, row.cause, row.dials) == (DeliveryState.FAILED, Cause.INTERNAL, 0)
    assert "no longer on disk" in row.cause_detail
    assert not seat.port.to_modem, "the modem was not touched"


def test_a_master_that_is_no_tiff_fails_the_fax(desk: Desk) -> None:
    lease = desk.claimed(1, masters={"standard": b"not a TIFF at all"})
    with pytest.raises(CannotBegin, match="cannot be used"):
        work(desk, lease)


def test_a_number_that_may_not_be_dialled_is_refused_and_named(desk: Desk) -> None:
    lease = replace(desk.claimed(), destination="00999999999")
    with pytest.raises(CannotBegin) as caught:
        job(desk, lease)
    assert caught.value.cause is Cause.NUMBER_REFUSED


def test_a_fax_whose_number_may_not_be_dialled_fails_without_a_word_to_the_modem(
    desk: Desk, seat: Seat
) -> None:
    lease = desk.claimed()
    mailbox = Mailbox()
    place(seat, replace(lease, destination="00999999999"), mailbox)
    mailbox.close()
    row = desk.delivery(lease.number)
    assert (row.state, row.cause, row.dials) == (DeliveryState.FAILED, Cause.NUMBER_REFUSED, 0)
    assert not seat.port.to_modem


def test_a_disk_that_fails_is_a_passing_fault(desk: Desk) -> None:
    lease = desk.claimed()
    master = desk.blobs.path(lease.masters["standard"])
    master.unlink()
    master.mkdir()  # reading it is an OSError that is no FileNotFoundError, for root, too
    with pytest.raises(Unavailable, match="cannot be read"):
        work(desk, lease)
    assert desk.state(lease.number) is DeliveryState.CLAIMED


# -- the end of a call


def dialled(desk: Desk) -> tuple[queue.Lease, OutboundRecord, int]:
    lease = desk.claimed()
    attempt = desk.store.run(queue.start_attempt, lease, line="sim", simulated=True, now=desk.house.now)
    roster = Roster(lambda: None)
    roster.fill([(lease, attempt, lease.pages)])
    record = OutboundRecord(desk.plant, roster)
    desk.store.run(record.write, [n.Dialling(1, 0.0, "")])
    return lease, record, attempt


def busy() -> CallResult:
    return CallResult(success=False, reason=Reason.BUSY, trace=(TraceEntry(0.1, "<", "at", "BUSY"),))


def test_the_outcome_carries_what_the_far_machine_agreed_to_and_the_session_log(desk: Desk) -> None:
    _, record, _ = dialled(desk)
    agreed = n.Negotiated(2, 0.0, 14400, "MR", "fine", 1728, ecm=False, text="")
    desk.store.run(record.write, [agreed])
    outcome = outcome_of(desk.plant, record.negotiated, busy())
    assert (outcome.cause, outcome.compression, outcome.resolution) == (Cause.BUSY, "MR", "fine")
    assert b'"BUSY"' in traces.unpack(desk.blobs.read(outcome.trace_blob or ""))


def test_a_full_disk_loses_the_session_log_but_not_how_the_call_ended(desk: Desk) -> None:
    lease, record, attempt = dialled(desk)
    full = LocalBlobs(desk.folder / "blobs", files=FullDisk())
    with pytest.raises(StorageFull):
        full.put("trace", b"log")
    outcome = outcome_of(replace(desk.plant, blobs=full), record.negotiated, busy())
    assert (outcome.cause, outcome.trace_blob) == (Cause.BUSY, None)
    desk.store.run(queue.finish, lease, attempt, outcome, desk.house.now, new_id=desk.house.new_id)
    assert desk.delivery(lease.number).cause is Cause.BUSY


def test_a_cancelled_delivery_ends_a_call_that_was_not_begun(desk: Desk, seat: Seat) -> None:
    lease = desk.claimed()
    mailbox = Mailbox()
    mailbox.cancel()
    desk.store.run(queue.request_cancel, lease.number, desk.house.now, new_id=desk.house.new_id)
    place(seat, lease, mailbox)
    mailbox.close()
    assert desk.state(lease.number) is DeliveryState.CANCELLED
    assert not any(b"ATD" in data for data in seat.port.to_modem)


def test_a_lease_that_was_taken_away_ends_the_work_without_a_word_to_the_modem(
    desk: Desk, seat: Seat
) -> None:
    lease = desk.claimed()
    desk.house.recover("host/sim/")
    mailbox = Mailbox()
    place(seat, lease, mailbox)
    mailbox.close()
    assert desk.state(lease.number) is DeliveryState.QUEUED
    assert not seat.port.to_modem


def test_the_dial_string_waits_until_dialling_is_written(desk: Desk, seat: Seat) -> None:
    """`ATD` may appear only when the row says dialled: watched from the store's side."""
    lease = desk.claimed(number=DESTINATION)
    mailbox = Mailbox()
    mailbox.cancel()
    place(seat, lease, mailbox)
    mailbox.close()
    said = b"".join(seat.port.to_modem)
    assert b"ATD" not in said
    wait_until(lambda: desk.state(lease.number) is DeliveryState.WAITING_RETRY, 10.0)


def test_a_fax_cancelled_while_its_pages_are_made_ready_is_not_dialled(desk: Desk, seat: Seat) -> None:
    lease = desk.claimed()
    house = desk.house
    house.run(queue.request_cancel, lease.number, house.now, new_id=house.new_id)
    mailbox = Mailbox()
    place(seat, lease, mailbox)
    mailbox.close()
    row = desk.delivery(lease.number)
    assert (row.state, row.dials, row.attempts) == (DeliveryState.CANCELLED, 0, [])
