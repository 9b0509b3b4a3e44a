"""A receiver confirms nothing it does not hold, whatever comes between its last answer and a command."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from t30_ecm_words import block
from t30_fixtures import ANSWERER, Tray, burst, feed, names, stream

from modem import t4
from modem.capabilities import Dis, negotiate, offer
from modem.coding import Coding, Compression, Resolution
from modem.events import (
    BurstEnded,
    CarrierLost,
    CarrierSeen,
    CarrierWrong,
    Connected,
    DataEnded,
    DataReceived,
    FrameReceived,
    Sent,
)
from modem.fcf import Fcf, Frame
from modem.notices import PageStored
from modem.rates import Rate
from modem.receiver import T30Receiver
from modem.result import PageState
from modem.t4codes import EOL

if TYPE_CHECKING:
    from modem.actions import Action

MH = Compression.MH
OFFER = offer(rates=Rate, compressions=(MH,), resolutions=(Resolution.STANDARD,), ecm=True)
PAGE = t4.finish(stream(MH, 1728, 60, 1), MH)
FRAMES = -(-len(PAGE) // 64)
ANSWERED = 20.0  # when the answer to page 1 has left


def command(fcf: Fcf) -> Frame:
    return Frame(fcf, x=True)


def trained(*, ecm_octets: int = 0) -> T30Receiver:
    """Return a receiver whose CFR has left at 12 s."""
    receiver = T30Receiver(replace(ANSWERER, ecm=bool(ecm_octets)), Tray())
    receiver.start(0.0)
    dcs = negotiate(Dis(OFFER.fif), Coding(MH), Rate.V17_14400, ecm_octets=ecm_octets)
    feed(receiver, [Connected(), Sent(), *burst(Frame(Fcf.DCS, x=True, fif=dcs.fif))], 5.0)
    feed(receiver, [DataReceived(bytes(2700)), DataEnded(), Sent()], 12.0)
    receiver.take_notices()
    return receiver


def store(receiver: T30Receiver, now: float) -> list[Action]:
    (notice,) = (one for one in receiver.take_notices() if isinstance(one, PageStored))
    return receiver.stored(notice.id, now)


def one_page(data: bytes = PAGE, fcf: Fcf = Fcf.MPS) -> tuple[T30Receiver, list[Action]]:
    """Return a receiver whose answer to its first page has left, and that answer."""
    receiver = trained()
    feed(receiver, [DataReceived(data), DataEnded()], 17.0)
    answer = feed(receiver, burst(command(fcf)), 18.0)
    store(receiver, 18.1)
    receiver.handle(Sent(), ANSWERED)
    return receiver, answer


def poor_page() -> bytes:
    """Return a page with every tenth line spoiled: RTP."""
    lines = t4.to_bits(PAGE).split(EOL)
    spoiled = [line[:4] + "1111" + line[4:] if i % 10 == 5 else line for i, line in enumerate(lines)]
    return t4.to_octets(EOL.join(spoiled))


def refuses(receiver: T30Receiver, actions: list[Action]) -> bool:
    """Tell whether the call ends with DCN because a page is missing."""
    return "DCN" in names(actions) and not any(
        page.state is PageState.CONFIRMED and page.n == 2 for page in receiver.pages.values()
    )


@pytest.mark.parametrize("late", [0.0, 3.0, 8.0, 30.0])
def test_a_command_long_after_a_carrier_that_would_not_train_is_no_repetition(late: float) -> None:
    """The modem says +FCERROR of the carrier of page 2, hears nothing of it, and then its MPS."""
    receiver, _ = one_page()
    assert names(receiver.handle(CarrierWrong(), ANSWERED + 0.3)) == ["ListenFrames"]
    heard = feed(receiver, burst(command(Fcf.MPS)), ANSWERED + 2.0 + late)
    assert refuses(receiver, heard)


def test_a_command_whose_carrier_was_noticed_first_as_a_wrong_one_is_repeated_in_time() -> None:
    """The preamble began 3.6 s after our answer, the modem has V.21 for certain 0.8 s later."""
    receiver, _ = one_page()
    receiver.handle(CarrierWrong(), ANSWERED + 3.6)
    assert "MCF" in names(feed(receiver, burst(command(Fcf.MPS)), ANSWERED + 4.4))


def test_a_burst_without_a_frame_is_no_repetition_that_was_damaged() -> None:
    """Flags alone, an echo's end for one, do not open the time in which a command may be repeated."""
    receiver, _ = one_page()
    receiver.handle(CarrierWrong(), ANSWERED + 0.3)
    feed(receiver, [CarrierSeen(fast=False), BurstEnded()], ANSWERED + 1.0)
    assert refuses(receiver, feed(receiver, burst(command(Fcf.MPS)), ANSWERED + 4.8))


def test_a_repetition_that_was_damaged_leaves_time_for_another() -> None:
    receiver, _ = one_page()
    receiver.handle(CarrierWrong(), ANSWERED + 2.0)
    damaged = FrameReceived(None, fcs_ok=False, raw=b"\xff\x13\x4f")
    feed(receiver, [CarrierSeen(fast=False), damaged, BurstEnded()], ANSWERED + 3.0)
    assert "MCF" in names(feed(receiver, burst(command(Fcf.MPS)), ANSWERED + 6.5))


@pytest.mark.parametrize(("after", "answered"), [(1.0, True), (9.0, False)])
def test_crp_asks_for_our_last_answer_only_while_it_can_mean_that(after: float, *, answered: bool) -> None:
    """Later it stands behind a page we missed, and the answer would confirm that."""
    receiver, _ = one_page()
    receiver.handle(CarrierWrong(), ANSWERED + 0.3)
    actions = feed(receiver, burst(command(Fcf.CRP)), ANSWERED + after)
    assert ("MCF" in names(actions)) == answered


@pytest.mark.parametrize(
    ("fcf", "after", "answer"),
    [(Fcf.MPS, 3.2, "RTP"), (Fcf.MPS, 5.5, "DCN"), (Fcf.EOP, 3.2, "DCN"), (Fcf.CRP, 1.0, "RTP")],
)
def test_a_far_end_that_does_not_train_after_rtp_has_no_page_confirmed(
    fcf: Fcf, after: float, answer: str
) -> None:
    receiver, said = one_page(poor_page())
    assert "RTP" in names(said)
    assert answer in names(feed(receiver, burst(command(fcf)), ANSWERED + after))


@pytest.mark.parametrize("fcf", [Fcf.MPS, Fcf.EOP])
def test_another_command_behind_eom_is_of_a_page_that_was_missed(fcf: Fcf) -> None:
    receiver, _ = one_page(fcf=Fcf.EOM)
    assert refuses(receiver, feed(receiver, burst(command(fcf)), ANSWERED + 3.2))


def test_a_page_stored_too_late_is_not_confirmed_by_the_answer_to_something_else() -> None:
    """The far end did not wait: it trains again, and our CFR says nothing of the page."""
    receiver = trained()
    feed(receiver, [DataReceived(PAGE), DataEnded()], 17.0)
    feed(receiver, burst(command(Fcf.MPS)), 18.0)
    assert names(store(receiver, 21.0)) == ["ListenFrames"]
    dcs = negotiate(Dis(OFFER.fif), Coding(MH), Rate.V17_12000)
    feed(receiver, burst(Frame(Fcf.DCS, x=True, fif=dcs.fif)), 22.0)
    said = feed(receiver, [DataReceived(bytes(2250)), DataEnded()], 26.0)
    assert "CFR" in names(said)
    receiver.handle(Sent(), 28.0)
    assert receiver.pages[1].state is PageState.AWAITING


# -- ECM ---------------------------------------------------------------------------------------------------


def pps(fcf: Fcf, page: int, number: int, frames: int) -> Frame:
    return Frame(Fcf.PPS, x=True, fif=bytes((fcf, page, number, frames - 1)))


def one_block_page() -> T30Receiver:
    """Return a receiver in ECM whose MCF to page 1 (PPS-MPS 0 0) has left."""
    receiver = trained(ecm_octets=64)
    feed(receiver, [DataReceived(block(PAGE, 0, "0-255", 64)), DataEnded()], 17.0)
    assert "MCF" in names(feed(receiver, burst(pps(Fcf.MPS, 0, 0, FRAMES)), 18.0))
    store(receiver, 18.1)
    receiver.handle(Sent(), ANSWERED)
    return receiver


@pytest.mark.parametrize("asked", [Fcf.CRP, Fcf.RR])
def test_a_block_that_came_is_not_confirmed_by_repeating_the_answer_to_the_one_before(asked: Fcf) -> None:
    """Its PPS was damaged; what asks for our last answer comes behind another block."""
    receiver = one_block_page()
    feed(receiver, [DataReceived(block(PAGE, 0, "0-4", 64)), DataEnded()], 23.0)
    assert "MCF" not in names(feed(receiver, burst(command(asked)), 27.0))


@pytest.mark.parametrize("asked", [Fcf.CRP, Fcf.RR])
def test_an_answer_asked_for_again_before_anything_came_is_given_again(asked: Fcf) -> None:
    receiver = one_block_page()
    receiver.handle(CarrierWrong(), ANSWERED + 1.0)
    assert "MCF" in names(feed(receiver, burst(command(asked)), ANSWERED + 2.0))


@pytest.mark.parametrize("asked", [Fcf.CRP, Fcf.RR])
def test_a_block_missed_whole_is_not_confirmed_either(asked: Fcf) -> None:
    receiver = one_block_page()
    receiver.handle(CarrierLost(), ANSWERED + 6.0)
    assert "MCF" not in names(feed(receiver, burst(command(asked)), ANSWERED + 9.0))


def test_a_sender_that_counts_every_page_as_the_first_has_a_page_we_missed_asked_for() -> None:
    """Numbers alone say that PPS-EOP 0 0 was confirmed; its command says that it was not."""
    receiver = one_block_page()
    receiver.handle(CarrierWrong(), ANSWERED + 0.2)
    assert "PPR" in names(feed(receiver, burst(pps(Fcf.EOP, 0, 0, 8)), ANSWERED + 3.0))


def test_a_sender_known_to_count_every_page_as_the_first_is_asked_for_the_frames_at_once() -> None:
    receiver = one_block_page()
    other = t4.finish(stream(MH, 1728, 60, 2), MH)
    frames = -(-len(other) // 64)
    feed(receiver, [DataReceived(block(other, 0, "0-255", 64)), DataEnded()], ANSWERED + 3.0)
    assert "MCF" in names(feed(receiver, burst(pps(Fcf.MPS, 0, 0, frames)), ANSWERED + 4.0))
    store(receiver, ANSWERED + 4.1)
    receiver.handle(Sent(), ANSWERED + 5.0)
    receiver.handle(CarrierLost(), ANSWERED + 6.0)
    assert "PPR" in names(feed(receiver, burst(pps(Fcf.MPS, 0, 0, frames)), ANSWERED + 7.0))


def test_a_repetition_too_late_for_one_is_asked_for_its_frames() -> None:
    """They may be those of another page with the same counters; where they are not, all is well again."""
    receiver = one_block_page()
    feed(receiver, [CarrierLost()], ANSWERED + 6.0)
    again = burst(pps(Fcf.MPS, 0, 0, FRAMES))
    assert "PPR" in names(feed(receiver, again, ANSWERED + 9.0))
    receiver.handle(Sent(), ANSWERED + 10.0)
    feed(receiver, [DataReceived(block(PAGE, 0, "0-255", 64)), DataEnded()], ANSWERED + 12.0)
    assert "MCF" in names(feed(receiver, again, ANSWERED + 14.0))
    assert list(receiver.pages) == [1]


def test_a_burst_heard_long_after_a_wrong_carrier_is_heard_to_its_end() -> None:
    """The carrier of a block would not train; its PPS comes half a minute later (2400 bit/s)."""
    receiver = one_block_page()
    receiver.handle(CarrierWrong(), ANSWERED + 0.2)
    receiver.handle(CarrierSeen(fast=False), ANSWERED + 24.0)
    deadline = receiver.next_deadline()
    assert deadline is not None
    assert deadline >= ANSWERED + 26.0
