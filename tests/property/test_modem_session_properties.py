"""What holds for any input: sessions end, codecs never raise, nothing is promised beyond what was offered."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from t30_fixtures import ANSWERER, CALLER, Tray, call, pages, stream

from modem import t4, tcf
from modem.actions import (
    SENDING,
    Action,
    Answer,
    Barrier,
    Dial,
    HangUp,
    ListenData,
    ListenFrames,
    SendFrames,
)
from modem.capabilities import Dcs, Dis
from modem.coding import Compression
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
from modem.fcf import Fcf, Frame
from modem.ident import decode_ident, describe_nsf
from modem.notices import PageConfirmed, PageStored
from modem.rates import Rate
from modem.receiver import T30Receiver
from modem.result import PageState, Reason
from modem.sender import T30Sender
from modem.simline import Conditions
from modem.timers import Timer
from modem.wording import describe

if TYPE_CHECKING:
    from random import Random

    from modem.session import Session

MH, MR = Compression.MH, Compression.MR
LAST = (ListenFrames, ListenData, HangUp)

fifs = st.one_of(
    st.binary(max_size=12),
    st.sampled_from(
        [bytes.fromhex("00 7E B8 C4 80 18"), bytes.fromhex("00 02 00"), bytes.fromhex("00 22 00")]
    ),
)
frames = st.builds(Frame, st.sampled_from(Fcf), st.booleans(), st.booleans(), fifs)
page_data = st.sampled_from(
    [t4.finish(stream(MH, 1728, 20, 1), MH), b"\x00" * 2700, b"\x55" * 500, stream(MH, 1728, 20, 2), b""]
)
events: st.SearchStrategy[Event] = st.one_of(
    st.builds(FrameReceived, frames, st.booleans()),
    st.builds(FrameReceived, st.none(), st.booleans(), st.binary(max_size=6)),
    st.builds(CarrierSeen, st.booleans()),
    st.builds(DataReceived, page_data),
    st.sampled_from([BurstEnded(), DataEnded(), CarrierWrong(), CarrierLost(), Sent(), BurstEnded(), Sent()]),
)
histories = st.lists(st.tuples(st.floats(0.0, 8.0), events), max_size=60)
plausible = st.sampled_from(
    [
        Fcf.DIS,
        Fcf.CFR,
        Fcf.FTT,
        Fcf.MCF,
        Fcf.RTP,
        Fcf.RTN,
        Fcf.PIP,
        Fcf.PIN,
        Fcf.CRP,
        Fcf.DCS,
        Fcf.MPS,
        Fcf.EOP,
        Fcf.EOM,
    ]
)
answers = st.lists(st.tuples(st.floats(0.0, 6.0), plausible, fifs), max_size=40)


def make(kind: str) -> Session:
    if kind == "sender":
        return T30Sender(CALLER, pages(3, rows=20))
    return T30Receiver(ANSWERER, Tray())


def check_list(actions: list[Action]) -> None:
    """Hold a list to the grammar of modem.actions."""
    plain = [action for action in actions if not isinstance(action, Barrier)]
    if plain and isinstance(plain[0], Dial | Answer):
        assert len(plain) == 1
        return
    body = plain[:-1] if plain and isinstance(plain[-1], LAST) else plain
    assert all(isinstance(action, SENDING) for action in body)
    for action in body:
        if isinstance(action, SendFrames):
            assert [frame.final for frame in action.frames] == [False] * (len(action.frames) - 1) + [True]


def run(session: Session, history: list[tuple[float, Event]]) -> list[tuple[float, list[Action]]]:
    """Feed a history, timeouts in their places; returns every list with its time."""
    now, lists = 0.0, [(0.0, session.start(0.0))]

    def until(moment: float) -> None:
        while not session.done and (due := session.next_deadline()) is not None and due <= moment:
            lists.append((due, session.timeout(due)))

    for wait, event in [(0.5, Connected()), *history]:
        until(now + wait)
        now += wait
        lists.append((now, session.handle(event, now)))
    until(float("inf"))
    return lists


@pytest.mark.parametrize("kind", ["sender", "receiver"])
@given(history=histories)
@settings(max_examples=250, deadline=None)
def test_a_session_ends_whatever_happens_on_the_line(kind: str, history: list[tuple[float, Event]]) -> None:
    session = make(kind)
    lists = run(session, history)
    assert session.done
    assert session.result
    bound = session.job.max_seconds + Timer.HANG_UP.seconds + 5
    assert max(at for at, actions in lists if actions) <= bound
    for _, actions in lists:
        check_list(actions)
    assert sum(isinstance(one, HangUp) for _, actions in lists for one in actions) <= 1


@pytest.mark.parametrize("kind", ["sender", "receiver"])
@given(history=histories)
@settings(max_examples=100, deadline=None)
def test_silence_after_anything_is_bounded_by_the_timers_not_by_the_call(
    kind: str, history: list[tuple[float, Event]]
) -> None:
    """Nothing more comes from the line: three tries of the longest state and T1 are the most."""
    session = make(kind)
    quiet_from = 0.5 + sum(wait for wait, _ in history)
    last = max(at for at, _ in run(session, history))
    page = 60.0
    assert last - quiet_from <= 3 * page + 2 * Timer.T1.seconds + Timer.REST.seconds + Timer.SEND.seconds * 3


@pytest.mark.parametrize("kind", ["sender", "receiver"])
@given(history=histories)
@settings(max_examples=100, deadline=None)
def test_the_same_events_give_the_same_actions(kind: str, history: list[tuple[float, Event]]) -> None:
    assert run(make(kind), history) == run(make(kind), history)


@given(script=answers)
@settings(max_examples=250, deadline=None)
def test_each_page_is_confirmed_at_most_once_and_success_means_all(
    script: list[tuple[float, Fcf, bytes]],
) -> None:
    session = T30Sender(CALLER, pages(3, rows=20))
    session.start(0.0)
    session.handle(Connected(), 1.0)
    now, confirmations = 1.0, 0
    for wait, fcf, fif in script:
        now += wait
        session.handle(Sent(), now)
        session.handle(Sent(), now)
        frame = Frame(fcf, fif=fif)
        session.handle(FrameReceived(frame, fcs_ok=True), now)
        session.handle(BurstEnded(), now)
        confirmations += fcf in (Fcf.MCF, Fcf.RTP, Fcf.PIP)
    while not session.done:
        session.timeout(session.next_deadline() or now)
    confirmed = [one.n for one in session.take_notices() if isinstance(one, PageConfirmed)]
    assert confirmed == sorted(set(confirmed))
    assert len(confirmed) <= confirmations
    assert session.result
    assert session.result.success == (confirmed == [1, 2, 3])
    assert session.result.success == (session.result.reason is Reason.SENT)
    assert session.result.confirmed == len(confirmed)


@pytest.mark.parametrize("kind", ["sender", "receiver"])
@given(history=histories, share=st.floats(0.0, 1.0))
@settings(max_examples=100, deadline=None)
def test_cancelling_anywhere_says_dcn_and_hangs_up(
    kind: str, history: list[tuple[float, Event]], share: float
) -> None:
    session = make(kind)
    session.start(0.0)
    session.handle(Connected(), 0.5)
    now = 0.5
    for wait, event in history[: int(share * len(history))]:
        now += wait
        session.handle(event, now)
    ending = session.state.name in ("ENDING", "DONE")
    actions = session.cancel(now)
    if ending:
        assert actions == []
    else:
        assert isinstance(actions[-1], HangUp)
        assert [frame.fcf for one in actions if isinstance(one, SendFrames) for frame in one.frames] == [
            Fcf.DCN
        ]
    session.handle(HungUp(), now + 1)
    assert session.done


@given(fif=fifs)
@settings(max_examples=400, deadline=None)
def test_a_dcs_is_a_subset_of_any_dis(fif: bytes) -> None:
    session = T30Sender(CALLER, pages(2, rows=20))
    session.start(0.0)
    session.handle(Connected(), 1.0)
    session.handle(FrameReceived(Frame(Fcf.DIS, fif=fif), fcs_ok=True), 3.0)
    actions = session.handle(BurstEnded(), 3.0)
    sent = [frame for one in actions if isinstance(one, SendFrames) for frame in one.frames]
    dis = Dis(fif)
    if not dis.can_receive:
        assert [frame.fcf for frame in sent] == [Fcf.DCN]
        return
    dcs = Dcs(sent[-1].fif)
    assert sent[-1].fcf is Fcf.DCS
    assert dcs.rate in dis.rates
    assert dcs.width in dis.widths
    assert dcs.length in dis.lengths
    assert dcs.min_scan_ms >= dis.min_scan_ms(dcs.resolution)
    offered_or_extend = {number for number in range(1, 121) if dis.bit(number) or number % 8 == 0}
    free = {*range(11, 15), *range(17, 24)}
    assert {number for number in range(1, 121) if dcs.bit(number)} <= offered_or_extend | free


@given(raw=st.binary(max_size=40))
def test_no_octets_can_break_the_readers_of_frames(raw: bytes) -> None:
    frame = Frame.decode(raw)
    if frame is not None:
        assert Frame.decode(frame.encode()) == frame
        assert describe(frame)
        assert frame.print_form
    for reader in (Dis(raw), Dcs(raw)):
        assert str(reader)
    assert isinstance(decode_ident(raw), str)
    assert isinstance(describe_nsf(raw), str)


@given(
    data=st.binary(max_size=600),
    compression=st.sampled_from([MH, MR]),
    width=st.sampled_from([1728, 2048, 2432]),
)
@settings(max_examples=400, deadline=None)
def test_the_scanner_reads_anything(data: bytes, compression: Compression, width: int) -> None:
    scan = t4.scan(data, compression, width)
    assert 0 <= len(scan.bad_lines) <= scan.rows
    assert scan.longest_bad_run <= len(scan.bad_lines)
    assert list(scan.bad_lines) == sorted(set(scan.bad_lines))
    assert all(0 <= line < scan.rows for line in scan.bad_lines)
    assert t4.to_octets(t4.to_bits(data)) == data


@given(
    compression=st.sampled_from([MH, MR]),
    flips=st.lists(st.integers(0, 100_000), max_size=30),
    rate=st.sampled_from([2400, 9600, 14400]),
    scan_ms=st.sampled_from([0, 5, 10, 20, 40]),
)
@settings(max_examples=200, deadline=None)
def test_flipped_bits_never_make_more_bad_lines_than_they_can(
    compression: Compression, flips: list[int], rate: int, scan_ms: int
) -> None:
    data = bytearray(t4.finish(stream(compression, 1728, 40, 1), compression, rate=rate, scan_ms=scan_ms))
    for flip in set(flips):
        data[flip // 8 % len(data)] ^= 1 << flip % 8
    scan = t4.scan(bytes(data), compression, 1728)
    assert scan.rows <= 40 + len(set(flips))
    if not flips:
        assert (scan.rows, scan.bad_lines) == (40, ())
    if compression is MH:
        assert len(scan.bad_lines) <= 2 * len(set(flips))


@given(data=st.binary(max_size=3000), rate=st.sampled_from(Rate))
def test_the_verdict_on_a_training_check_is_total(data: bytes, rate: Rate) -> None:
    verdict = tcf.judge(data, rate)
    assert 0 <= verdict.dirt <= 1
    assert verdict.run <= len(data)
    assert not verdict.good or verdict.run >= rate.tcf_octets * 0.66


@given(losses=st.sets(st.integers(0, 60), max_size=25), count=st.integers(1, 3))
@settings(max_examples=150, deadline=None)
def test_whatever_frames_are_lost_no_page_is_confirmed_that_was_not_stored(
    losses: set[int], count: int
) -> None:
    heard = 0

    def damage(_side: str, frame: Frame) -> Frame | None:
        nonlocal heard
        heard += 1
        return None if heard in losses else frame

    done = call(pages(count, rows=20), conditions=Conditions(frame=damage))
    confirmed = [page.n for page in done.sent.pages if page.state is PageState.CONFIRMED]
    stored = [page.n for page in done.tray.pages]
    assert stored == sorted(set(stored))
    assert set(confirmed) <= set(stored)
    assert len(stored) <= len(confirmed) + 1
    assert done.sent.success == (len(confirmed) == count)
    told = [one.n for one in done.line.notices["answerer"] if isinstance(one, PageStored)]
    assert told == stored


@given(chance=st.randoms(use_true_random=False), lost=st.sampled_from([0.05, 0.15, 0.3]))
@settings(max_examples=60, deadline=None)
def test_on_a_line_that_loses_frames_and_carriers_no_page_is_confirmed_that_was_not_heard(
    chance: Random, lost: float
) -> None:
    """Pages that last longer than a repetition takes to come; shorter ones, see docs/modem.md."""

    def frame(_side: str, sent: Frame) -> Frame | None:
        return None if chance.random() < lost else sent

    def data(_side: str, octets: bytes) -> bytes:
        fate = chance.random() if any(octets) else 1.0
        if fate < 0.1:
            return b""
        return octets[: chance.randrange(len(octets))] if fate < 0.2 else octets

    conditions = Conditions(frame=frame, data=data, storing=lambda *_: chance.choice([0.0, 0.0, 2.5]))
    done = call(pages(3, rows=300), replace(CALLER, max_rate=2400), conditions=conditions)
    confirmed = [page.n for page in done.sent.pages if page.state is PageState.CONFIRMED]
    stored = [page.n for page in done.tray.pages]
    assert len(stored) == len(set(stored))
    assert set(confirmed) <= set(stored)
