"""What holds for a receiver in ECM and for sessions that poll, whatever the line brings."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from t30_fixtures import ANSWERER, CALLER, Document, Tray, pages

from modem.actions import SENDING, Action, Answer, Barrier, Dial, HangUp, ListenData, ListenFrames
from modem.capabilities import negotiate, offer
from modem.coding import Coding, Compression, Resolution
from modem.ecm_receive import MOST_FRAMES, BlockReceiver, PageReceiver, PartialPage
from modem.events import (
    BurstEnded,
    CarrierLost,
    CarrierSeen,
    CarrierWrong,
    Connected,
    DataEnded,
    DataReceived,
    Event,
    FrameReceived,
    HungUp,
    Sent,
)
from modem.fcf import ADDRESS, CONTROL_NOT_FINAL, Fcf, Frame
from modem.hdlc import Deframer, transmission
from modem.notices import WRITE_AHEAD, PageStored
from modem.polling import session
from modem.rates import Rate
from modem.result import PageState, Reason
from modem.timers import Timer

if TYPE_CHECKING:
    from modem.session import Session

HEAD = bytes((ADDRESS, CONTROL_NOT_FINAL))
RCP = HEAD + bytes((Fcf.RCP,))


def fcd(number: int, data: bytes) -> bytes:
    return HEAD + bytes((Fcf.FCD, number)) + data


# -- blocks ------------------------------------------------------------------------------------------------


@st.composite
def blocks(draw: st.DrawFn) -> tuple[list[bytes], list[set[int]]]:
    """Return the frames of a block, and which of them each of some carriers loses."""
    size = draw(st.sampled_from([64, 256]))
    count = draw(st.integers(1, 60))
    octets = draw(st.randoms(use_true_random=False)).randbytes(size * count)
    frames = [octets[at : at + size] for at in range(0, len(octets), size)]
    return frames, draw(st.lists(st.sets(st.integers(0, count - 1)), max_size=5))


@given(blocks(), st.integers(1, 4000))
@settings(max_examples=50, deadline=None)
def test_a_block_equals_the_octets_of_the_sender_for_any_pattern_of_lost_frames(
    block: tuple[list[bytes], list[set[int]]], piece: int
) -> None:
    """The sender sends what the PPR names; a PPR names nothing only when all is there."""
    frames, losses = block
    receiver = BlockReceiver()
    wanted = list(range(len(frames)))
    for lost in [*losses, set()]:
        receiver.carrier()
        octets = transmission([*(fcd(n, frames[n]) for n in wanted if n not in lost), RCP], flags=20)
        for at in range(0, len(octets), piece):
            receiver.feed(octets[at : at + piece])
        receiver.announced(len(frames) - 1)
        asked = [n for n in range(MOST_FRAMES) if receiver.ppr()[n // 8] >> n % 8 & 1]
        wanted = [n for n in asked if n < len(frames)]
        assert receiver.complete == (not wanted)
        assert asked[len(wanted) :] == list(range(len(frames), MOST_FRAMES))
        if receiver.complete:
            break
    assert receiver.octets() == (b"".join(frames), None)


@given(st.binary(max_size=3000), st.integers(0, 255))
@settings(max_examples=80, deadline=None)
def test_no_octets_can_break_a_block(noise: bytes, last: int) -> None:
    receiver = BlockReceiver()
    receiver.feed(noise)
    receiver.announced(last)
    octets, gap = receiver.octets()
    assert (gap is None) == receiver.complete
    assert len(receiver.ppr()) == 32
    assert isinstance(octets, bytes)


@given(st.lists(st.tuples(st.binary(max_size=6), st.binary(max_size=300)), max_size=30))
@settings(max_examples=60, deadline=None)
def test_no_pps_can_break_a_page(heard: list[tuple[bytes, bytes]]) -> None:
    page = PageReceiver()
    for fif, data in heard:
        page.block.feed(transmission([fcd(data[0] if data else 0, data[:256])], flags=4))
        pps = PartialPage.read(fif)
        if pps is None:
            continue
        place = page.place(pps)
        assert page.place(pps) is place
        page.block.announced(pps.last)
        if page.block.complete:
            page.confirm(pps)
            assert page.block.empty
    octets, gap = page.octets()
    assert gap is None or 0 <= gap <= len(octets)


@given(st.binary(max_size=400), st.lists(st.integers(0, 400), max_size=20))
@settings(max_examples=60, deadline=None)
def test_frames_are_found_wherever_a_modem_cuts_the_octets(octets: bytes, cuts: list[int]) -> None:
    frames = [fcd(0, octets or b"x")[:260], RCP]
    line = transmission(frames, flags=6)
    whole = Deframer().feed(line)
    pieces = Deframer()
    found = []
    edges = [0, *sorted({cut for cut in cuts if cut < len(line)}), len(line)]
    for start, end in pairwise(edges):
        found += pieces.feed(line[start:end])
    assert found == whole


# -- sessions ----------------------------------------------------------------------------------------------

OFFER = offer(
    rates=Rate, compressions=tuple(Compression), resolutions=(Resolution.STANDARD,), ecm=True, document=True
)
DCS = Frame(Fcf.DCS, x=True, fif=negotiate(OFFER, Coding(Compression.MH), Rate.V17_14400, ecm_octets=64).fif)
ECM_JOB = replace(ANSWERER, ecm=True, compressions=tuple(Compression))
SENDS = replace(CALLER, ecm=True, poll=True)
KINDS = ("ecm receiver", "offers", "fetches", "sends and fetches")

frame_data = st.builds(fcd, st.integers(0, 20), st.binary(min_size=64, max_size=64))
carriers = st.lists(frame_data, max_size=8).map(lambda frames: transmission([*frames, RCP], flags=10))
commands = st.sampled_from(
    [Fcf.PPS, Fcf.EOR, Fcf.CTC, Fcf.RR, Fcf.CRP, Fcf.DCS, Fcf.DTC, Fcf.DIS, Fcf.DCN, Fcf.EOP, Fcf.CFR,
     Fcf.MCF, Fcf.PPR, Fcf.RNR, Fcf.CTR, Fcf.ERR, Fcf.FTT]
)  # fmt: skip
fields = st.one_of(
    st.builds(
        lambda *parts: bytes(parts),
        st.sampled_from([0, Fcf.MPS, Fcf.EOM, Fcf.EOP]),
        st.integers(0, 3),
        st.integers(0, 2),
        st.sampled_from([0, 3, 20, 255]),
    ),
    st.sampled_from([DCS.fif, OFFER.fif, b"", DCS.fif[:2], bytes(32), b"\xff" * 32]),
    st.binary(max_size=8),
)
frames = st.builds(Frame, commands, st.booleans(), st.just(value=True), fields)
events: st.SearchStrategy[Event] = st.one_of(
    st.builds(FrameReceived, frames, st.sampled_from([True, True, True, False])),
    st.builds(CarrierSeen, st.booleans()),
    st.builds(DataReceived, carriers),
    st.sampled_from([BurstEnded(), BurstEnded(), DataEnded(), CarrierWrong(), CarrierLost(), Sent(), Sent()]),
)
histories = st.lists(st.tuples(st.floats(0.0, 6.0), events), max_size=60)
stores = st.lists(st.sampled_from([0.0, 0.0, 2.5, 30.0]), min_size=1, max_size=6)


def make(kind: str) -> Session:
    document = pages(1, rows=10)
    if kind == "ecm receiver":
        return session(ECM_JOB, Document(()), Tray())
    if kind == "offers":
        return session(ECM_JOB, document, Tray())
    return session(SENDS, document if kind == "sends and fetches" else Document(()), Tray())


def opening(kind: str) -> list[tuple[float, Event]]:
    """Bring a session to where its pages begin."""
    hello = DCS if kind in ("ecm receiver", "offers") else Frame(Fcf.DIS, fif=OFFER.fif)
    events: list[Event] = [Connected(), Sent(), FrameReceived(hello, fcs_ok=True), BurstEnded()]
    if kind in ("ecm receiver", "offers"):
        events += [CarrierSeen(fast=True), DataReceived(bytes(2700)), DataEnded(), Sent()]
    return [(0.1, event) for event in events]


class Play:
    """A session through a history, its notices stored after a time; follows who takes over."""

    def __init__(self, kind: str, history: list[tuple[float, Event]], stores: list[float]) -> None:
        self.session = make(kind)
        self.lists: list[tuple[float, list[Action]]] = []
        self.notices: list[object] = []
        self._due: list[tuple[float, int]] = []
        self._stores = stores
        self._do(0.0, self.session.start(0.0))
        now = 0.0
        for wait, event in [*opening(kind), *history]:
            self._until(now + wait)
            now += wait
            self._do(now, self.session.handle(event, now))
        self._until(float("inf"))

    def _do(self, now: float, actions: list[Action]) -> None:
        self.session = self.session.successor or self.session
        self.lists.append((now, actions))
        for notice in self.session.take_notices():
            self.notices.append(notice)
            if isinstance(notice, WRITE_AHEAD):
                self._due.append((now + self._stores[len(self._due) % len(self._stores)], notice.id))

    def _until(self, moment: float) -> None:
        while not self.session.done:
            timer = self.session.next_deadline()
            stored = min(self._due, default=None)
            if stored and stored[0] <= moment and (timer is None or stored[0] <= timer):
                self._due.remove(stored)
                self._do(stored[0], self.session.stored(stored[1], stored[0]))
            elif timer is not None and timer <= moment:
                self._do(timer, self.session.timeout(timer))
            else:
                return


def check_list(actions: list[Action]) -> None:
    """Hold a list to the grammar of modem.actions."""
    plain = [action for action in actions if not isinstance(action, Barrier)]
    if plain and isinstance(plain[0], Dial | Answer):
        assert len(plain) == 1
        return
    body = plain[:-1] if plain and isinstance(plain[-1], ListenFrames | ListenData | HangUp) else plain
    assert all(isinstance(action, SENDING) for action in body)


@pytest.mark.parametrize("kind", KINDS)
@given(history=histories, stores=stores)
@settings(max_examples=50, deadline=None)
def test_a_call_ends_whatever_happens_on_the_line(
    kind: str, history: list[tuple[float, Event]], stores: list[float]
) -> None:
    play = Play(kind, history, stores)
    assert play.session.done
    assert play.session.result
    bound = play.session.job.max_seconds + Timer.HANG_UP.seconds + 5
    assert max(at for at, actions in play.lists if actions) <= bound
    for _, actions in play.lists:
        check_list(actions)
    assert sum(isinstance(one, HangUp) for _, actions in play.lists for one in actions) <= 1


@pytest.mark.parametrize("kind", KINDS)
@given(history=histories, stores=stores)
@settings(max_examples=25, deadline=None)
def test_the_same_events_give_the_same_actions(
    kind: str, history: list[tuple[float, Event]], stores: list[float]
) -> None:
    assert Play(kind, history, stores).lists == Play(kind, history, stores).lists


@pytest.mark.parametrize("kind", KINDS)
@given(history=histories, stores=stores)
@settings(max_examples=50, deadline=None)
def test_a_page_that_came_in_is_stored_once_and_success_means_confirmed(
    kind: str, history: list[tuple[float, Event]], stores: list[float]
) -> None:
    play = Play(kind, history, stores)
    result = play.session.result
    assert result
    incoming = [page for page in result.pages if page.direction == "in"]
    stored = [one.n for one in play.notices if isinstance(one, PageStored)]
    assert stored == sorted(set(stored)) == [page.n for page in incoming]
    assert all(page.state is not PageState.SENDING for page in incoming)
    assert result.success == (result.reason in (Reason.SENT, Reason.RECEIVED))
    if result.success:
        assert any(page.state is PageState.CONFIRMED for page in result.pages)


@pytest.mark.parametrize("kind", KINDS)
@given(history=histories, share=st.floats(0.0, 1.0))
@settings(max_examples=25, deadline=None)
def test_cancelling_anywhere_hangs_up(kind: str, history: list[tuple[float, Event]], share: float) -> None:
    one = make(kind)
    one.start(0.0)
    now = 0.0
    for wait, event in [*opening(kind), *history[: int(share * len(history))]]:
        now += wait
        one.handle(event, now)
        one = one.successor or one
    over = one.state.name in ("ENDING", "DONE")
    actions = one.cancel(now)
    assert over == (actions == [])
    assert over or isinstance(actions[-1], HangUp)
    one.handle(HungUp(), now + 1)
    assert one.done
