"""Our receiver against calling machines that behave as TSB-85 groups A, B and D do."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import pairwise

import pytest
from t30_fixtures import ANSWERER, COMMON, Tray, stream
from t30_script import FULL_DIS, Script

from modem import t4
from modem.capabilities import Dcs, Dis, negotiate, offer
from modem.coding import Coding, Compression, Resolution
from modem.fcf import Fcf, Frame
from modem.ident import encode_ident
from modem.notices import Identified, PageStored
from modem.rates import Rate
from modem.receiver import T30Receiver
from modem.result import CallResult, PageState, Reason
from modem.simline import Line, Said

MH, MR = Compression.MH, Compression.MR
ROWS = 100
OFFER = offer(rates=Rate, compressions=(MH, MR), resolutions=COMMON)


def dcs(coding: Coding, rate: Rate = Rate.V17_14400) -> Frame:
    return Frame(Fcf.DCS, x=True, fif=negotiate(Dis(FULL_DIS), coding, rate).fif)


def spoiled(share: float) -> bytes:
    """Return a page with this share of its lines (of ROWS) unreadable."""
    bits = t4.to_bits(stream(MH, 1728, ROWS, 3))
    head, *lines = bits.split(t4.EOL)
    step = ROWS / max(1, round(share * ROWS))
    bad = {round(i * step) for i in range(round(share * ROWS))}
    spoilt = ["1" + line if i in bad else line for i, line in enumerate(lines)]
    return t4.finish(t4.to_octets(t4.EOL.join([head, *spoilt])), MH)


GOOD = t4.finish(stream(MH, 1728, ROWS, 1), MH)
SECOND = t4.finish(stream(MH, 1728, ROWS, 2), MH)
CUT = GOOD[: len(GOOD) // 2]
NO_LINES = b"\xff" * 400 + t4.to_octets(t4.EOL)


def stretched(seconds: float) -> bytes:
    """Return a page whose second line is filled until it lasts so long at 14400 bit/s."""
    before, line, *rest = t4.to_bits(stream(MH, 1728, ROWS, 1)).split(t4.EOL)[1:]
    filled = line.ljust(round(seconds * 14400) - len(t4.EOL), "0")
    return t4.finish(t4.to_octets(t4.EOL + t4.EOL.join([before, filled, *rest])), MH)


PAGES = (
    GOOD, SECOND, spoiled(0.04), spoiled(0.10), spoiled(0.16), CUT, NO_LINES, stretched(4.9), stretched(5.1),
)  # fmt: skip
FRAMES = {
    "DCS": dcs(Coding(MH)),
    "DCS12": dcs(Coding(MH), Rate.V17_12000),
    "MMR": Frame(Fcf.DCS, x=True, fif=bytes.fromhex("00 22 00 40")),
    "ECM": Frame(Fcf.DCS, x=True, fif=bytes.fromhex("00 22 00 04")),
    "V33": Frame(Fcf.DCS, x=True, fif=bytes.fromhex("00 12 00")),
    "LONG": Frame(Fcf.DCS, x=True, fif=dcs(Coding(MH)).fif[:2] + bytes.fromhex("80 80 80 80 80 00")),
    "OURS": Frame(Fcf.DIS, fif=OFFER.fif),
    "SUB": Frame(Fcf.SUB, x=True, fif=encode_ident("4711")),
}
TRAINED = "> TCF 14400\n< CFR\n"
OPENING = "< DIS\n> TSI DCS\n" + TRAINED
LAST_PAGE = "> page 1\n> EOP\n< MCF\n> DCN"
SECOND_PAGE = "> page 2\n> EOP\n< MCF\n> DCN"


@dataclass(frozen=True)
class Case:
    """A far end, how the call ends, and the states of the pages we report."""

    text: str
    reason: Reason
    states: str = ""  # c confirmed, a awaiting, r rejected
    frames: dict[str, Frame] = field(default_factory=dict)


CASES = {
    "one page": Case(OPENING + LAST_PAGE, Reason.RECEIVED, "c"),
    "no DCN after EOP": Case(OPENING + "> page 1\n> EOP\n< MCF\nwait 20", Reason.RECEIVED, "c"),
    "two pages": Case(OPENING + "> page 1\n> MPS\n< MCF\n" + SECOND_PAGE, Reason.RECEIVED, "cc"),
    "a DCS of eight octets": Case(
        "< DIS\n> TSI LONG\n" + TRAINED + LAST_PAGE, Reason.RECEIVED, "c"
    ),
    "sub-address": Case(
        "< DIS\n> SUB TSI DCS\n" + TRAINED + LAST_PAGE, Reason.RECEIVED, "c"
    ),
    "EOM, then DIS again": Case(
        OPENING
        + "> page 1\n> EOM\n< MCF\n< DIS\n> DCS\n" + TRAINED + SECOND_PAGE,
        Reason.RECEIVED,
        "cc",
    ),
    "never a DCS": Case("< DIS\n" * 7 + "< DCN", Reason.NO_CARRIER),
    "answered at the second DIS": Case("< DIS\n" + OPENING + LAST_PAGE, Reason.RECEIVED, "c"),
    "damaged DCS": Case(
        "< DIS\n> TSI !DCS\n> TCF 14400\n" + OPENING + LAST_PAGE, Reason.RECEIVED, "c"
    ),
    "CRP to DIS, twice": Case(
        "< DIS\n> CRP\n< DIS\n> CRP\n" + OPENING + LAST_PAGE, Reason.RECEIVED, "c"
    ),
    "DCS twice without training": Case(
        "< DIS\n> DCS\n< FTT\n> DCS\n< FTT\n> TSI DCS\n" + TRAINED + LAST_PAGE,
        Reason.RECEIVED,
        "c",
    ),
    "a training check of 10101": Case(
        "< DIS\n> DCS\n> TCF 14400 bad\n< FTT\n> DCS12\n> TCF 12000\n< CFR\n" + LAST_PAGE,
        Reason.RECEIVED,
        "c",
    ),
    "CFR missed": Case(
        OPENING + "wait 3\n> DCS\n" + TRAINED + LAST_PAGE, Reason.RECEIVED, "c"
    ),
    "DCN after DIS": Case("< DIS\n> DCN\n< nothing 5", Reason.REMOTE_DISCONNECT),
    "DCN after CFR": Case(OPENING + "> DCN\n< nothing 5", Reason.REMOTE_DISCONNECT),
    "DCN after a page": Case(OPENING + "> page 1\n> DCN\n< nothing 5", Reason.REMOTE_DISCONNECT, "a"),
    "DCN after MCF to MPS": Case(
        OPENING + "> page 1\n> MPS\n< MCF\n> DCN\n< nothing 5", Reason.REMOTE_DISCONNECT, "c"
    ),
    "silence after CFR": Case(OPENING + "wait 90", Reason.CALL_DROPPED),
    "silence after a page": Case(OPENING + "> page 1\nwait 90", Reason.CALL_DROPPED, "a"),
    "silence after EOM": Case(
        OPENING + "> page 1\n> EOM\n< MCF\n" + "< DIS\n" * 7 + "< DCN", Reason.CALL_DROPPED, "c"
    ),
    "EOP repeated": Case(
        OPENING + "> page 1\n> EOP\n< MCF\nwait 2\n> EOP\n< MCF\n> DCN", Reason.RECEIVED, "c"
    ),
    "MPS repeated": Case(
        OPENING + "> page 1\n> MPS\n< MCF\nwait 1.5\n> MPS\n< MCF\n" + SECOND_PAGE,
        Reason.RECEIVED,
        "cc",
    ),
    "MPS repeated twice": Case(
        OPENING
        + "> page 1\n> MPS\n< MCF\nwait 1.5\n> MPS\n< MCF\nwait 1.5\n> MPS\n< MCF\n" + SECOND_PAGE,
        Reason.RECEIVED,
        "cc",
    ),
    "EOM repeated": Case(
        OPENING
        + "> page 1\n> EOM\n< MCF\nwait 2\n> EOM\n< MCF\n< DIS\n> DCS\n" + TRAINED + SECOND_PAGE,
        Reason.RECEIVED,
        "cc",
    ),
    "damaged EOP gets no answer": Case(
        OPENING + "> page 1\n> !EOP\n< nothing 3\n> EOP\n< MCF\n> DCN", Reason.RECEIVED, "c"
    ),
    "damaged MPS gets no answer": Case(
        OPENING + "> page 1\n> !MPS\n< nothing 3\n> MPS\n< MCF\n" + SECOND_PAGE,
        Reason.RECEIVED,
        "cc",
    ),
    "a repeated MPS damaged, then once more": Case(
        OPENING
        + "> page 1\n> MPS\n< MCF\nwait 1.5\n> !MPS\n< nothing 3\n> MPS\n< MCF\n" + SECOND_PAGE,
        Reason.RECEIVED,
        "cc",
    ),
    "PRI-MPS and PRI-EOP count as plain": Case(
        OPENING + "> page 1\n> PRI-MPS\n< MCF\n> page 2\n> PRI-EOP\n< MCF\n> DCN", Reason.RECEIVED, "cc"
    ),
    "4 % bad lines": Case(OPENING + "> page 3\n> EOP\n< MCF\n> DCN", Reason.RECEIVED, "c"),
    "10 % bad lines": Case(OPENING + "> page 4\n> EOP\n< RTP\n> DCN", Reason.RECEIVED, "c"),
    "10 % bad lines, then another page": Case(
        OPENING + "> page 4\n> MPS\n< RTP\n> DCS\n" + TRAINED + LAST_PAGE,
        Reason.RECEIVED,
        "cc",
    ),
    "16 % bad lines": Case(
        OPENING + "> page 5\n> EOP\n< RTN\n> DCN\n< nothing 5", Reason.REMOTE_DISCONNECT, "r"
    ),
    "16 % bad lines, sent again": Case(
        OPENING + "> page 5\n> EOP\n< RTN\n> DCS12\n> TCF 12000\n< CFR\n" + LAST_PAGE,
        Reason.RECEIVED,
        "c",
    ),
    "RTN missed": Case(
        OPENING + "> page 5\n> EOP\nwait 4\n> EOP\n< RTN\n> DCN\n< nothing 5", Reason.REMOTE_DISCONNECT, "r"
    ),
    "not a single line": Case(OPENING + "> page 7\n> EOP\n< DCN", Reason.PAGE_REJECTED),
    "the first page was not heard": Case(OPENING + "> page 1 lost\n> EOP\n< DCN", Reason.PAGE_REJECTED),
    "a later page was not heard": Case(
        OPENING + "> page 1\n> MPS\n< MCF\nwait 4\n> page 2 lost\n> EOP\n< DCN", Reason.PAGE_REJECTED, "c"
    ),
    "a page cut off in the middle": Case(
        OPENING + "> page 6\nwait 4\n> EOP\n< RTN\n> DCN\n< nothing 5", Reason.REMOTE_DISCONNECT, "r"
    ),
    "MMR without ECM": Case("< DIS\n> MMR\n< DCN", Reason.INCOMPATIBLE),
    "ECM we did not offer": Case("< DIS\n> ECM\n< DCN", Reason.INCOMPATIBLE),
    "V.33": Case("< DIS\n> V33\n< DCN", Reason.INCOMPATIBLE),
    "it polls": Case("< DIS\n> DTC\n< DCN", Reason.POLL_REFUSED),
    "post-page command before any page": Case(
        "< DIS\n> EOP\n< DIS\n> DCN\n< nothing 5", Reason.REMOTE_DISCONNECT
    ),
    "our own DIS comes back": Case(
        "< DIS\n> OURS\n" + "wait 0.1\n> TSI DCS\n" + TRAINED + LAST_PAGE,
        Reason.RECEIVED,
        "c",
    ),
    "a DIS in answer to ours wants a document": Case("< DIS\n> CSI DIS\n< DCN", Reason.POLL_REFUSED),
    "it polls after EOM": Case(
        OPENING + "> page 1\n> EOM\n< MCF\n> DTC\n< DCN", Reason.POLL_REFUSED, "c"
    ),
    "EOP again, then the line goes": Case(
        OPENING + "> page 1\n> EOP\n< MCF\nwait 2\n> EOP\n< MCF\nhang up", Reason.RECEIVED, "c"
    ),
    "a line of 4.9 s": Case(OPENING + "> page 8\n> EOP\n< MCF\n> DCN", Reason.RECEIVED, "c"),
    "a line of 5.1 s": Case(
        OPENING + "> page 9\n> EOP\n< RTN\n> DCN\n< nothing 5", Reason.REMOTE_DISCONNECT, "r"
    ),
}  # fmt: skip
LETTERS = {PageState.CONFIRMED: "c", PageState.AWAITING: "a", PageState.REJECTED: "r"}


@dataclass
class Played:
    """What a case left behind."""

    result: CallResult
    said: list[Said]
    heard: list[Said]
    tray: Tray
    line: Line


def play(case: Case) -> Played:
    """Run the case to its end."""
    script = Script(case.text, answers=False, frames=FRAMES | case.frames, pages=PAGES)
    tray = Tray()
    receiver = T30Receiver(ANSWERER, tray)
    line = Line(script, receiver, script.conditions())
    line.run()
    assert receiver.result, "the receiver did not end"
    assert script.done, f"the far end was left at step {script._at + 1}: {script._step()}"
    said = [one for one in line.said if one.side == "answerer"]
    return Played(receiver.result, said, [one for one in line.said if one.side == "caller"], tray, line)


@pytest.mark.parametrize("name", CASES)
def test_the_receiver_ends_the_call_as_t30_asks(name: str) -> None:
    case = CASES[name]
    result = play(case).result
    states = "".join(LETTERS[page.state] for page in result.pages)
    assert (result.reason, states) == (case.reason, case.states)
    assert result.success == (case.reason is Reason.RECEIVED)


@pytest.mark.parametrize("name", CASES)
def test_every_reported_page_was_handed_to_the_sink(name: str) -> None:
    played = play(CASES[name])
    assert [page.n for page in played.result.pages] == sorted({page.n for page in played.tray.pages})
    assert len(played.tray.pages) == len(played.result.pages)


@pytest.mark.parametrize("name", CASES)
def test_a_confirmation_never_leaves_before_its_page_is_stored(name: str) -> None:
    played = play(CASES[name])
    stored = [one.at for one in played.line.notices["answerer"] if isinstance(one, PageStored)]
    confirmations = [one.at for one in played.said if one.what in ("MCF", "RTP")]
    confirmed = sum(page.state is PageState.CONFIRMED for page in played.result.pages)
    assert len(stored) >= confirmed
    assert len(confirmations) >= confirmed
    assert not confirmations or min(confirmations) >= min(stored)


def test_the_page_arrives_octet_for_octet() -> None:
    page = play(CASES["one page"]).tray.pages[0]
    assert page.data == GOOD
    assert (page.rows, page.bad_lines, page.coding, page.rate) == (ROWS, (), Coding(MH), 14400)
    assert page.seconds == pytest.approx(len(GOOD) * 8 / 14400, abs=1.5)


def test_bad_lines_are_numbered_for_whoever_repairs_them() -> None:
    page = play(CASES["4 % bad lines"]).tray.pages[0]
    assert len(page.bad_lines) == 4
    assert page.longest_bad_run == 1
    assert page.rows == ROWS


def test_dis_is_repeated_t4_after_silence_and_not_beyond_t1() -> None:
    times = [one.at for one in play(CASES["never a DCS"]).said if one.what == "DIS"]
    burst = 1.0 + (len(encode_ident("")) + 7 + len(FULL_DIS) + 7) * 8 * 1.05 / 300
    assert all(2.6 <= later - earlier - burst <= 4.0 for earlier, later in pairwise(times))
    assert 30 <= times[-1] - times[0] <= 42


def test_after_eom_the_pause_before_dis_is_t2() -> None:
    said = play(CASES["EOM, then DIS again"]).said
    mcf = next(one.at for one in said if one.what == "MCF")
    again = next(one.at for one in said if one.what == "CSI" and one.at > mcf)
    left = mcf + 1.0 + 7 * 8 * 1.05 / 300
    assert 5.0 <= again - left <= 7.0


def test_tsi_and_sub_are_told() -> None:
    played = play(CASES["sub-address"])
    told = [one for one in played.line.notices["answerer"] if isinstance(one, Identified)]
    assert [(one.ident, one.sub) for one in told] == [("+81 3 3333 4444", "4711")]
    assert played.result.remote_id == "+81 3 3333 4444"


def test_a_confirmation_is_given_after_75_ms_and_within_the_t4_of_the_far_end() -> None:
    played = play(CASES["one page"])
    eop = next(one.at for one in played.heard if one.what == "EOP")
    mcf = next(one.at for one in played.said if one.what == "MCF")
    left = eop + 1.0 + 7 * 8 * 1.05 / 300
    assert 0.055 <= mcf - left <= 2.55


def test_no_frame_of_the_answerer_has_an_x_bit() -> None:
    for name in ("one page", "16 % bad lines, sent again", "MMR without ECM"):
        for one in play(CASES[name]).said:
            assert not any(frame.x for frame in getattr(one.action, "frames", ()))


def test_mr_pages_are_read_in_two_dimensions() -> None:
    coding = Coding(MR, resolution=Resolution.FINE)
    data = t4.finish(stream(MR, 1728, ROWS, 1), MR)
    case = replace(CASES["one page"], frames={"DCS": dcs(coding)})
    script = Script(case.text, answers=False, frames=FRAMES | case.frames, pages=(data,))
    tray = Tray()
    receiver = T30Receiver(ANSWERER, tray)
    Line(script, receiver, script.conditions()).run()
    assert (tray.pages[0].coding, tray.pages[0].rows, tray.pages[0].bad_lines) == (coding, ROWS, ())


def test_a_rate_beyond_our_dis_fails_its_training_however_good() -> None:
    text = "< DIS\n> DCS\n> TCF 14400\n< FTT\n> DCN\n< nothing 5"
    script = Script(text, answers=False, frames=FRAMES)
    receiver = T30Receiver(replace(ANSWERER, max_rate=9600), Tray())
    Line(script, receiver, script.conditions()).run()
    assert script.done
    assert receiver.result
    assert receiver.result.reason is Reason.REMOTE_DISCONNECT


def test_our_dis_promises_no_ecm_and_no_mmr() -> None:
    burst = next(one.action for one in play(CASES["one page"]).said if one.what == "DIS")
    dis = Dis(burst.frames[-1].fif)  # type: ignore[union-attr]
    assert not dis.ecm
    assert not dis.bit(31)
    assert dis.rates == frozenset(Rate)
    assert Dcs(FRAMES["DCS"].fif).rate is Rate.V17_14400
