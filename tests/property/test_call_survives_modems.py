"""Whatever a modem says and however little an owner does, a call ends in bounded time, without raising."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st
from softmodem_fixtures import answering, drawn_pages, sending

from modem.atparser import shield
from modem.coding import Compression
from modem.fcf import Fcf, Frame
from modem.notices import WRITE_AHEAD
from modem.tiff import PreparedPages

if TYPE_CHECKING:
    from modem.call import FaxCall
    from modem.coding import ReceivedPage

PAGES = PreparedPages(drawn_pages(2, height=40), (Compression.MH, Compression.MR))
MAX_SECONDS = 120.0


def framed(fcf: Fcf) -> bytes:
    fif = b"\x00\x4e\x18" if fcf in (Fcf.DIS, Fcf.DCS) else b""
    return b"\r\nCONNECT\r\n" + shield(Frame(fcf, fif=fif).encode() + b"\xaa\xbb") + b"\x10\x03\r\nOK\r\n"


SAID = st.one_of(
    st.sampled_from(
        [b"\r\nOK\r\n"] * 4
        + [b"\r\nCONNECT\r\n"] * 2
        + [
            b"\r\nERROR\r\n",
            b"\r\nNO CARRIER\r\n",
            b"\r\n+FRH:3\r\n",
            b"\r\n+FCERROR\r\n",
            b"\x10\x03",
            b"\r\nBUSY\r\n",
        ]
    ),
    st.sampled_from([Fcf.DIS, Fcf.CFR, Fcf.MCF, Fcf.RTN, Fcf.FTT, Fcf.DCN, Fcf.DCS, Fcf.MPS, Fcf.EOP]).map(
        framed
    ),
    st.binary(max_size=8),
)
TURNS = st.lists(st.tuples(SAID, st.floats(min_value=0.0, max_value=4.0)), max_size=60)


class Nowhere:
    def store(self, page: ReceivedPage) -> None:
        """A sink."""


def play(call: FaxCall, turns: list[tuple[bytes, float]], *, stores: bool) -> float:
    """Let the modem say all of it, then nothing more; return how long the call took."""
    now = 0.0
    call.start(now)
    for said, pause in turns:
        settle(call, now, stores=stores)
        call.receive_data(said, now)
        now = run_until(call, now + pause, now, stores=stores)
    rounds = 0
    while not call.done:
        settle(call, now, stores=stores)
        deadline = call.next_deadline()
        if deadline is None:
            break
        rounds += 1
        assert rounds < 2000, "it goes round and round"
        now = max(now, deadline)
        call.handle_timeout(now)
    return now


def run_until(call: FaxCall, until: float, now: float, *, stores: bool) -> float:
    while (deadline := call.next_deadline()) is not None and deadline <= until:
        now = max(now, deadline)
        call.handle_timeout(now)
        settle(call, now, stores=stores)
    return until


def settle(call: FaxCall, now: float, *, stores: bool) -> None:
    for _ in range(200):
        taken = call.data_to_send()
        notices = [notice for notice in call.notices() if isinstance(notice, WRITE_AHEAD)]
        for notice in notices:
            assert call.data_to_send() == b""
            if stores:
                call.stored(notice.id, now)
        if not taken and not notices:
            return


@settings(max_examples=60, deadline=None)
@given(turns=TURNS, stores=st.booleans())
def test_a_sending_call_ends_whatever_the_modem_says(
    turns: list[tuple[bytes, float]], *, stores: bool
) -> None:
    call = sending(PAGES, Nowhere(), max_seconds=MAX_SECONDS)
    seconds = play(call, turns, stores=stores)
    assert call.result is not None
    assert seconds <= MAX_SECONDS + 60.0 + 240.0
    assert not call.result.success or call.result.confirmed == PAGES.count


@settings(max_examples=60, deadline=None)
@given(turns=TURNS, stores=st.booleans())
def test_an_answering_call_ends_whatever_the_modem_says(
    turns: list[tuple[bytes, float]], *, stores: bool
) -> None:
    call = answering(Nowhere(), max_seconds=MAX_SECONDS)
    seconds = play(call, turns, stores=stores)
    assert call.result is not None
    assert seconds <= MAX_SECONDS + 60.0 + 240.0
    assert not call.result.success or call.result.confirmed > 0
