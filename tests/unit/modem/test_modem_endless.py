"""Far ends that never stop: whatever they go on with, the call is over long before its own limit of hours."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from t30_fixtures import ANSWERER, CALLER, Tray, burst, feed, pages, stream
from t30_script import FULL_DIS

from modem import t4
from modem.capabilities import Dis, negotiate
from modem.coding import Coding, Compression
from modem.events import (
    BurstEnded,
    CarrierSeen,
    Connected,
    DataEnded,
    DataReceived,
    Event,
    FrameReceived,
    HungUp,
    Sent,
)
from modem.fcf import Fcf, Frame
from modem.rates import Rate
from modem.receiver import T30Receiver
from modem.result import PageState, Reason
from modem.sender import T30Sender

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from modem.session import Session

HOURS = 4 * 3600.0
MH = Compression.MH
DCS = Frame(Fcf.DCS, x=True, fif=negotiate(Dis(FULL_DIS), Coding(MH), Rate.V17_14400).fif)
DIS = Frame(Fcf.DIS, fif=FULL_DIS)
PAGE = t4.finish(stream(MH, 1728, 20, 1), MH)
TCF = [CarrierSeen(fast=True), DataReceived(bytes(2700)), DataEnded()]
PAGE_HEARD = [CarrierSeen(fast=True), DataReceived(PAGE), DataEnded()]


def answerer(tray: Tray | None = None) -> T30Receiver:
    return T30Receiver(replace(ANSWERER, max_seconds=HOURS), tray or Tray())


def caller() -> T30Sender:
    return T30Sender(replace(CALLER, max_seconds=HOURS), pages(2, rows=20))


def ends_after(
    session: Session, opening: Sequence[Event], again: Sequence[Event], every: float = 2.0
) -> float:
    """Play the opening, then the same again and again; return how many seconds that went on."""
    session.start(0.0)
    now = play(session, [Connected(), Sent()], 0.0)
    for event in opening:
        now = play(session, [event, Sent()], now + 0.5)
    began = now
    while not session.done:
        assert now < HOURS / 2, f"it still goes on, {session.state.value}"
        now = play(session, [*again, Sent()], until(session, now + every))
        if session.state.value == "ending":
            session.handle(HungUp(), now)
    return now - began


def play(session: Session, events: Sequence[Event], now: float) -> float:
    feed(session, events, now)
    return now


def until(session: Session, moment: float) -> float:
    while not session.done and (due := session.next_deadline()) is not None and due <= moment:
        session.timeout(due)
    return moment


BAD_FRAME = [CarrierSeen(fast=False), FrameReceived(None, fcs_ok=False, raw=b"\xff\x13\x82")]
NOT_FINAL = [FrameReceived(Frame(Fcf.TSI, x=True, final=False, fif=b"1"), fcs_ok=True)]
TRAINED = [*burst(DCS), *TCF]


@pytest.mark.parametrize("make", [caller, answerer])
@pytest.mark.parametrize("noise", [BAD_FRAME, NOT_FINAL], ids=["damaged", "never final"])
def test_frames_without_end_on_v21_do_not_hold_the_line(
    make: Callable[[], Session], noise: list[Event]
) -> None:
    assert ends_after(make(), [], noise) < 120


def test_a_burst_without_end_is_judged_like_a_damaged_one() -> None:
    session = caller()
    session.start(0.0)
    feed(session, [Connected(), *burst(DIS)], 1.0)
    session.handle(Sent(), 5.0)
    now = 5.5
    while session.state.value == "training" and now < 60:
        feed(session, BAD_FRAME, until(session, now))
        now += 1.0
    assert any(entry.text.startswith("TCF") and entry.at > 20 for entry in session.take_trace())


def test_a_caller_that_answers_every_dis_with_crp_is_left_at_t1() -> None:
    session = answerer()
    assert ends_after(session, [], burst(Frame(Fcf.CRP, x=True))) < 60
    assert session.result
    assert session.result.reason is Reason.NO_CARRIER


@pytest.mark.parametrize(
    "opening",
    [TRAINED, [*TRAINED, *PAGE_HEARD, *burst(Frame(Fcf.MPS, x=True))]],
    ids=["CFR", "MCF"],
)
def test_a_caller_that_asks_for_the_same_answer_for_ever_is_left(opening: list[Event]) -> None:
    session = answerer()
    again: list[Event] = [CarrierSeen(fast=True), DataEnded(), *burst(Frame(Fcf.CRP, x=True))]
    assert ends_after(session, opening, again) < 300
    assert session.result
    assert not session.result.success


def test_a_repeated_eop_for_ever_is_still_a_page_received() -> None:
    session = answerer()
    eop = burst(Frame(Fcf.EOP, x=True))
    assert ends_after(session, [*TRAINED, *PAGE_HEARD, *eop], eop) < 120
    assert session.result
    assert session.result.success
    assert session.result.confirmed == 1


def test_a_caller_that_never_sends_its_training_check_is_left() -> None:
    assert ends_after(answerer(), [], burst(DCS), every=7.0) < 600


def test_a_caller_that_never_trains_well_is_left() -> None:
    bad = [*burst(DCS), CarrierSeen(fast=True), DataReceived(b"\x55" * 2700), DataEnded()]
    session = answerer()
    assert ends_after(session, [], bad, every=7.0) < 600
    assert session.result
    assert session.result.reason is Reason.TRAINING_FAILED


def test_a_caller_that_sends_only_bad_pages_is_left() -> None:
    spoilt = bytes(octet ^ (0x10 if i % 20 == 0 else 0) for i, octet in enumerate(PAGE))
    page = [CarrierSeen(fast=True), DataReceived(spoilt), DataEnded(), *burst(Frame(Fcf.MPS, x=True))]
    session = answerer()
    assert ends_after(session, [], [*TRAINED, *page], every=3.0) < 900
    assert session.result
    assert session.result.rtn > 1
    assert [one.state for one in session.result.pages] == [PageState.REJECTED]


def test_a_training_check_without_end_is_judged_as_it_is() -> None:
    session = answerer()
    zeros = [DataReceived(bytes(1800))]
    assert ends_after(session, [*burst(DCS), CarrierSeen(fast=True)], zeros, every=1.0) < 2000
    assert any("TCF" in entry.text and entry.at < 60 for entry in session.take_trace())


def test_a_page_without_end_is_kept_as_far_as_it_came_and_memory_stays_small() -> None:
    tray = Tray()
    session = answerer(tray)
    second = [DataReceived(stream(MH, 1728, 20, 1))]
    seconds = ends_after(session, [*TRAINED, CarrierSeen(fast=True)], second, every=1.0)
    assert 600 < seconds < 2000
    assert session.result
    assert session.result.reason is Reason.CALL_DROPPED
    assert [page.state for page in session.result.pages] == [PageState.AWAITING]
    assert 600 * 20 < tray.pages[0].rows < 2000 * 20


def test_a_page_of_twelve_minutes_is_a_page() -> None:
    """A photograph in fine at 2400 bit/s."""
    session = answerer(tray := Tray())
    session.start(0.0)
    feed(session, [Connected(), Sent(), *burst(DCS), *TCF, Sent(), CarrierSeen(fast=True)], 1.0)
    for second in range(720):
        feed(session, [DataReceived(stream(MH, 1728, 20, 1))], until(session, 2.0 + second))
    actions = feed(session, [DataEnded(), *burst(Frame(Fcf.EOP, x=True))], 723.0)
    assert Fcf.MCF in [frame.fcf for one in actions for frame in getattr(one, "frames", ())]
    assert tray.pages[0].rows == 720 * 20


@pytest.mark.parametrize("echo", [Fcf.TSI, Fcf.DCS, Fcf.EOP])
def test_a_caller_that_hears_only_itself_gives_up(echo: Fcf) -> None:
    own = burst(Frame(echo, x=True))
    other = burst(Frame(Fcf.CFR))
    assert ends_after(caller(), [], [*own, *other], every=5.0) < 250
    assert isinstance(own[-1], BurstEnded)
