from __future__ import annotations

import pytest
from softmodem_fixtures import drawn_pages

from modem.call import CallJob, FaxCall
from modem.coding import Compression, ReceivedPage
from modem.profiles import named
from modem.ring import Incoming, RingWatch
from modem.tiff import PreparedPages

PROFILE = named("generic", {"init": ["AT+FCLASS=1"], "optional": []})


def ready_watch(rings: int = 1) -> RingWatch:
    watch = RingWatch(PROFILE, rings)
    watch.start(10.0)
    asked = []
    while not watch.ready:
        asked.append(watch.data_to_send())
        watch.receive_data(b"\r\nOK\r\n", 10.0)
    assert asked == [b"ATZ\r", b"AT+FCLASS=1\r", b"AT+VCID=1\r"]
    return watch


def test_one_ring_with_its_numbers_is_a_call_to_answer() -> None:
    watch = ready_watch()
    assert watch.incoming is None
    watch.receive_data(b"\r\nNMBR=0312345678\r\nNDID=0344772288\r\nNAME=Alice\r\n", 20.0)
    assert watch.incoming is None
    watch.receive_data(b"\r\nRING\r\n", 20.1)
    assert watch.incoming == Incoming(1, "0312345678", "0344772288", "Alice")


def test_only_the_wanted_number_of_rings_is_enough() -> None:
    watch = ready_watch(rings=3)
    for at in (20.0, 26.0):
        watch.receive_data(b"\r\nRING\r\n", at)
        assert watch.incoming is None
    watch.receive_data(b"\r\nRING\r\n", 32.0)
    assert watch.incoming is not None


def test_a_caller_who_stops_ringing_is_forgotten() -> None:
    watch = ready_watch(rings=2)
    watch.receive_data(b"NMBR=1\r\nRING\r\n", 20.0)
    assert watch.next_deadline() == 30.0
    watch.timeout(29.9)
    watch.timeout(30.0)
    assert watch.next_deadline() is None
    watch.receive_data(b"RING\r\n", 40.0)
    assert watch.incoming is None
    watch.receive_data(b"RING\r\n", 46.0)
    assert watch.incoming == Incoming(2)


def test_a_ring_during_the_preparation_counts() -> None:
    watch = RingWatch(PROFILE)
    watch.start(0.0)
    watch.receive_data(b"\r\nRING\r\n", 0.1)
    assert watch.incoming == Incoming(1)


def test_a_watch_taken_up_again_asks_nothing_twice() -> None:
    watch = ready_watch()
    watch.start(11.0)
    assert watch.data_to_send() == b""


def test_a_dead_modem_fails_the_watch_after_three_tries() -> None:
    watch = RingWatch(PROFILE)
    watch.start(0.0)
    for _ in range(3):
        assert not watch.failed
        deadline = watch.next_deadline()
        assert deadline is not None
        watch.timeout(deadline)
    assert "does not answer ATZ" in watch.failed
    assert not watch.ready


def test_a_modem_without_fax_fails_the_watch() -> None:
    watch = RingWatch(PROFILE)
    watch.start(0.0)
    watch.receive_data(b"OK\r\n", 0.0)
    watch.receive_data(b"ERROR\r\n", 0.0)
    assert "refuses AT+FCLASS=1" in watch.failed


def test_octets_a_port_did_not_take_come_again() -> None:
    watch = RingWatch(PROFILE)
    watch.start(0.0)
    assert watch.data_to_send() == b"ATZ\r"
    watch.put_back(b"Z\r")
    assert watch.data_to_send() == b"Z\r"


def test_what_was_said_is_in_the_trace() -> None:
    watch = ready_watch()
    watch.receive_data(b"NMBR=12\r\nRING\r\n", 20.0)
    told = [(entry.direction, entry.text) for entry in watch.take_trace()]
    assert told[-2:] == [("<", "NMBR=12"), ("<", "RING")]
    assert watch.take_trace() == []


@pytest.mark.parametrize(
    ("said", "caller", "withheld"),
    [
        ("NMBR=0312345678", "0312345678", ""),
        ("NMBR = 03-1234-5678", "0312345678", ""),
        ("NMBR= (847) 555-1212", "8475551212", ""),
        ("NMBR=+81 3 1234 5678", "+81312345678", ""),
        ('CALLER NUMBER: "0312345678"', "0312345678", ""),
        ("DDN_NMBR=0312345678", "0312345678", ""),
        ("NMBR=P", "", "private"),
        ("NMBR = O", "", "unavailable"),
        ("nmbr=Out of area", "", "unavailable"),
        ("NMBR=alice@example", "alice@example", ""),
    ],
)
def test_caller_numbers_are_read_as_modems_write_them(said: str, caller: str, withheld: str) -> None:
    watch = ready_watch()
    watch.receive_data(f"\r\n{said}\r\nRING\r\n".encode(), 20.0)
    assert watch.incoming is not None
    assert (watch.incoming.caller, watch.incoming.withheld) == (caller, withheld)


def test_a_whole_caller_id_message_is_kept() -> None:
    watch = ready_watch()
    watch.receive_data(
        b"\r\nRING\r\nDATE = 1123\r\nTIME = 0915\r\nNAME = O\r\nNMBR = 1\r\nNDID = 22-33\r\n", 20.0
    )
    assert watch.incoming == Incoming(1, "1", "2233", "", "", "1123 0915")


def test_a_line_that_rings_is_not_free_however_many_rings_are_wanted() -> None:
    watch = ready_watch(rings=3)
    assert not watch.ringing
    watch.receive_data(b"NMBR=1\r\n", 20.0)
    assert watch.ringing, "the caller's number comes before the first ring in some countries"
    watch.timeout(30.0)
    assert not watch.ringing


def test_a_modem_that_is_long_quiet_is_asked_whether_it_lives() -> None:
    watch = ready_watch()
    watch.look(100.0)
    watch.look(399.9)
    assert watch.data_to_send() == b""
    watch.look(400.0)
    assert watch.data_to_send() == b"AT\r"
    assert not watch.ready
    told = []
    while not watch.ready:
        watch.receive_data(b"\r\nOK\r\n", 400.1)
        told.append(watch.data_to_send())
    assert told == [b"AT+FCLASS=1\r", b"AT+VCID=1\r", b""], "it may have been switched off and on meanwhile"
    watch.look(699.0)
    assert watch.data_to_send() == b""


def test_a_modem_that_hangs_while_idle_fails_the_watch() -> None:
    watch = ready_watch()
    watch.look(0.0)
    watch.look(300.0)
    while not watch.failed:
        deadline = watch.next_deadline()
        assert deadline is not None
        assert deadline < 315.0
        watch.timeout(deadline)
    assert watch.failed == "the modem does not answer AT"


def test_a_ringing_modem_is_not_asked() -> None:
    watch = ready_watch(rings=9)
    watch.look(0.0)
    watch.receive_data(b"RING\r\n", 299.0)
    watch.look(300.0)
    assert watch.data_to_send() == b""


# -- a call that came in while we were about to dial


class NoSink:
    def store(self, page: ReceivedPage) -> None:
        raise AssertionError(page.n)


def overtaken(*heard: bytes) -> FaxCall:
    """A call of ours whose modem hears this while it is prepared."""
    pages = PreparedPages(drawn_pages(1, height=20), (Compression.MH,))
    call = FaxCall(CallJob(role="call", number="0312345678"), pages, NoSink(), PROFILE)
    call.start(0.0)
    for notice in call.notices():
        call.stored(notice.id, 0.0)
    assert call.data_to_send() == b"ATZ\r"
    for octets in heard:
        call.receive_data(octets, 0.1)
    return call


def test_a_call_that_comes_in_is_told_with_its_caller_and_ours_is_not_dialled() -> None:
    call = overtaken(b"\r\nRING\r\n", b"\r\nNMBR=0398765432\r\n", b"\r\nNDID=0344772288\r\n")
    assert call.data_to_send() == b"ATH\r"
    call.receive_data(b"\r\nOK\r\n\r\nRING\r\n", 0.2)
    assert call.result is not None
    assert call.incoming == Incoming(2, "0398765432", "0344772288"), "its second ring counts, too"
    assert call.data_to_send() == b""


def test_a_call_of_ours_that_nothing_came_before_tells_of_none() -> None:
    call = overtaken(b"\r\nOK\r\n", b"\r\nOK\r\n")
    assert call.data_to_send().endswith(b"ATDT0312345678\r")
    call.receive_data(b"\r\nRING\r\n", 0.2)
    assert call.incoming is None, "what the modem says of the far end's ringing is no call"


def test_a_watch_that_takes_a_call_over_does_not_reset_the_modem() -> None:
    watch = RingWatch(PROFILE, 2, Incoming(1))
    watch.start(10.0)
    assert watch.ringing
    assert watch.incoming is None
    said = []
    while not watch.ready:
        said.append(watch.data_to_send())
        watch.receive_data(b"\r\nOK\r\n", 10.0)
    assert b"ATZ\r" not in said
    assert said[-1] == b"AT+VCID=1\r", "a caller's number may still come, between the rings"
    watch.receive_data(b"NMBR=0398765432\r\nRING\r\n", 14.0)
    assert watch.incoming == Incoming(2, "0398765432")


def test_a_call_taken_over_that_rings_no_more_is_forgotten() -> None:
    watch = RingWatch(PROFILE, 2, Incoming(1, "0398765432"))
    watch.start(10.0)
    while not watch.ready:
        watch.data_to_send()
        watch.receive_data(b"\r\nOK\r\n", 10.0)
    watch.timeout(20.0)
    assert not watch.ringing
