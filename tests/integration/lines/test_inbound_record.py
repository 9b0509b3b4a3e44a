"""Each notice of an inbound call becomes its row; a page is on disk before anybody may say so."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from lines_fixtures import IDENTITY, FullDisk, PoliteModem, received

from gateway.domain.errors import LostLease
from gateway.domain.outcome import Cause
from gateway.domain.states import ReceptionState
from gateway.lines import inbound
from gateway.lines.base import Seat
from gateway.lines.inbound import InboundRecord, NothingToSend, Tray, keep
from gateway.store import events, traces
from gateway.store.blobs import LocalBlobs
from modem import notices as n
from modem.coding import Coding, Compression
from modem.profiles import named
from modem.result import CallResult, PageResult, PageState, Reason, TraceEntry
from modem.ring import Incoming
from modem.run import Mailbox
from render.coding import decode, image
from render.tiff import read_tiff

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lines_fixtures import Desk


@pytest.fixture
def seat(desk: Desk) -> Iterator[Seat]:
    port = PoliteModem()
    yield Seat(desk.plant, IDENTITY, port, named("softmodem"))
    port.close()


class Call:
    """An inbound call whose notices a test writes one by one."""

    def __init__(self, desk: Desk, seat: Seat, incoming: Incoming | None = None) -> None:
        self.desk, self.tray = desk, Tray()
        self.record = InboundRecord(seat, incoming or Incoming(1), self.tray, "host/sim/")

    def tell(self, *notices: n.Notice) -> None:
        self.desk.store.run(self.record.write, notices)

    def page(self, number: int = 1) -> None:
        self.tray.store(received(number))
        self.tell(n.PageStored(number, 0.0, number))


def result(*pages: PageState, success: bool = True) -> CallResult:
    return CallResult(
        success=success,
        reason=Reason.RECEIVED if success else Reason.CALL_DROPPED,
        remote_id="+81 3 1234 5678",
        rate=14400,
        line_seconds=31.5,
        pages=tuple(PageResult(k, "in", state) for k, state in enumerate(pages, 1)),
        trace=(TraceEntry(0.0, "<", "at", "RING"),),
    )


def test_the_reception_exists_before_the_call_is_answered(desk: Desk, seat: Seat) -> None:
    call = Call(desk, seat, Incoming(2, caller="0312345678", called="0344772288"))
    call.tell(n.Dialling(1, 0.0, ""))
    row = desk.reception(call.record.number)
    assert row.state is ReceptionState.RECEIVING
    assert (row.line, row.worker, row.simulated) == ("sim", "host/sim/", True)
    assert (row.caller, row.called) == ("0312345678", "0344772288")


def test_where_the_network_names_no_called_number_it_is_the_lines_own(desk: Desk, seat: Seat) -> None:
    call = Call(desk, seat)
    call.tell(n.Dialling(1, 0.0, ""))
    assert desk.reception(call.record.number).called == IDENTITY.number


def test_the_far_machines_name_and_sub_address_are_kept_for_routing(desk: Desk, seat: Seat) -> None:
    call = Call(desk, seat)
    call.tell(n.Dialling(1, 0.0, ""), n.Identified(2, 0.0, "+81 3 1234 5678", sub="41"))
    row = desk.reception(call.record.number)
    assert (row.remote_id, row.sub) == ("+81 3 1234 5678", "41")


def test_a_page_is_a_file_with_the_far_machines_pixels_before_its_row_exists(desk: Desk, seat: Seat) -> None:
    call = Call(desk, seat)
    call.tell(n.Dialling(1, 0.0, ""))
    call.page()
    (row,) = desk.reception(call.record.number).pages
    (page,) = read_tiff(desk.blobs.read(row.blob))
    sent = received()
    assert image(page).tobytes() == decode(sent.data, "MH", 1728, sent.rows).tobytes()
    assert (row.n, row.rows, row.width, row.compression, row.rate) == (1, 120, 1728, "MH", 14400)
    assert not row.confirmed, "stored is not confirmed"


def test_bad_lines_are_repaired_and_counted_in_the_row_and_the_file(desk: Desk) -> None:
    bad = received(bad=(30, 31))
    with desk.store.begin() as session:
        stored = keep(desk.plant, session, bad)
    assert (stored.bad_lines, stored.longest_bad_run) == (2, 2)
    (page,) = read_tiff(desk.blobs.read(stored.blob))
    assert (page.bad_rows, page.worst_run) == (2, 2)


def test_a_page_that_is_repeated_replaces_the_first_copy(desk: Desk, seat: Seat) -> None:
    call = Call(desk, seat)
    call.tell(n.Dialling(1, 0.0, ""))
    call.page()
    first = desk.reception(call.record.number).pages[0].blob
    call.tray.store(replace(received(7), n=1))
    call.tell(n.PageStored(9, 0.0, 1))
    (row,) = desk.reception(call.record.number).pages
    assert row.blob != first


def test_the_ladder_of_a_call_that_was_never_answered_belongs_to_nobody(desk: Desk, seat: Seat) -> None:
    call = Call(desk, seat)
    entry = TraceEntry(0.5, "<", "at", "RING")
    call.tell(n.Traced(1, 0.0, entry))
    assert "call.trace" not in desk.house.kinds()
    call.tell(n.Dialling(2, 0.0, ""), n.Traced(3, 0.0, entry))
    assert desk.house.kinds(call.record.number).count("call.trace") == 1


def test_after_a_reception_was_closed_its_late_worker_can_write_no_more(desk: Desk, seat: Seat) -> None:
    call = Call(desk, seat)
    call.tell(n.Dialling(1, 0.0, ""))
    inbound.close(desk.plant, call.record.number, result(success=False))
    with pytest.raises(LostLease):
        call.page()


# -- the end


def test_a_call_that_ended_in_order_is_complete_with_its_confirmed_pages(desk: Desk, seat: Seat) -> None:
    call = Call(desk, seat)
    call.tell(n.Dialling(1, 0.0, ""))
    call.page(1)
    call.page(2)
    inbound.close(desk.plant, call.record.number, result(PageState.CONFIRMED, PageState.CONFIRMED))
    row = desk.reception(call.record.number)
    assert (row.state, row.cause) == (ReceptionState.COMPLETE, Cause.RECEIVED)
    assert [page.confirmed for page in row.pages] == [True, True]
    assert (row.rate, row.line_seconds, row.remote_id) == (14400, 31.5, "+81 3 1234 5678")
    assert b"RING" in traces.unpack(desk.blobs.read(row.trace_blob or ""))


def test_a_call_that_broke_leaves_its_good_pages_marked_partial(desk: Desk, seat: Seat) -> None:
    call = Call(desk, seat)
    call.tell(n.Dialling(1, 0.0, ""))
    call.page(1)
    inbound.close(desk.plant, call.record.number, result(PageState.CONFIRMED, success=False))
    row = desk.reception(call.record.number)
    assert (row.state, row.cause) == (ReceptionState.PARTIAL, Cause.CALL_DROPPED)
    assert len(row.pages) == 1


def test_a_full_disk_loses_the_session_log_but_the_fax_stays_complete(desk: Desk, seat: Seat) -> None:
    call = Call(desk, seat)
    call.tell(n.Dialling(1, 0.0, ""))
    call.page(1)
    full = replace(desk.plant, blobs=LocalBlobs(desk.folder / "blobs", files=FullDisk()))
    inbound.close(full, call.record.number, result(PageState.CONFIRMED))
    row = desk.reception(call.record.number)
    assert (row.state, row.trace_blob) == (ReceptionState.COMPLETE, None)


def test_a_reception_somebody_else_closed_ends_quietly(desk: Desk, seat: Seat) -> None:
    """Its line must live: the caller hung up, and another worker settled what looked dead."""
    port = seat.port
    assert isinstance(port, PoliteModem)
    mailbox, closer = Mailbox(), threading.Event()

    class Closed(PoliteModem):
        def write(self, data: bytes) -> int:
            if b"ATA" in data:
                for number in desk.receptions():
                    inbound.close(desk.plant, number, result(success=False))
                closer.set()
                self.say(b"\r\nNO CARRIER\r\n")
                return len(data)
            return super().write(data)

    modem = Closed()
    inbound.answer(replace(seat, port=modem), Incoming(1), mailbox, "host/sim/")
    mailbox.close()
    modem.close()
    assert closer.is_set()
    (number,) = desk.receptions()
    assert desk.reception(number).cause is Cause.CALL_DROPPED


def test_a_caller_who_gave_up_leaves_a_reception_without_pages(desk: Desk, seat: Seat) -> None:
    class Gone(PoliteModem):
        def write(self, data: bytes) -> int:
            if b"ATA" in data:
                self.say(b"\r\nNO CARRIER\r\n")
                return len(data)
            return super().write(data)

    modem, mailbox = Gone(), Mailbox()
    inbound.answer(replace(seat, port=modem), Incoming(1, caller="0312345678"), mailbox, "host/sim/")
    mailbox.close()
    modem.close()
    (number,) = desk.receptions()
    row = desk.reception(number)
    assert (row.state, row.cause, row.pages) == (ReceptionState.PARTIAL, Cause.NO_CARRIER, [])
    assert [e.kind for e in desk.store.read(events.since, 0, number=number)][-1] == "reception.closed"


@pytest.mark.parametrize("ask", ["shape", "size", "page"])
def test_a_call_that_only_receives_has_nothing_to_send(ask: str) -> None:
    source = NothingToSend()
    assert source.count == 0
    arguments = (1,) if ask == "shape" else (1, Coding(Compression.MH))
    with pytest.raises(KeyError):
        getattr(source, ask)(*arguments)


def test_the_tray_hands_each_page_over_once() -> None:
    tray = Tray()
    tray.store(received(1))
    assert tray.take(1).n == 1
    with pytest.raises(KeyError):
        tray.take(1)
