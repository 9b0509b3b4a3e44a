"""Our sender against far machines that behave as the conformance procedures (TSB-85 groups F, G, I) do."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from t30_fixtures import CALLER, Document, Sheet, pages
from t30_script import FULL_DIS, Script

from modem.actions import SendFrames, SendPage, SendTraining
from modem.capabilities import Dcs, Dis, offer
from modem.coding import Compression, Resolution
from modem.fcf import Fcf, Frame
from modem.rates import Rate
from modem.result import CallResult, PageState, Reason
from modem.sender import T30Sender
from modem.simline import Line, Said

if TYPE_CHECKING:
    from modem.job import CallJob

ONE, TWO = pages(1), pages(2)
OPENING = "> CSI DIS\n< DCS\n< TCF 14400\n> CFR\n< page 14400\n"
MIXED = Document((Sheet(), Sheet(resolutions=(Resolution.STANDARD,))))
NO_RECEIVE = Frame(Fcf.DIS, fif=bytes((FULL_DIS[0], FULL_DIS[1] & ~2, *FULL_DIS[2:])))
PLAIN_DIS = Frame(Fcf.DIS, fif=bytes.fromhex("00 02 00"))  # V.27ter 2400, MH, standard, 20 ms


def dis(**fields: object) -> Frame:
    """Return a DIS that offers everything but what is named."""
    everything: dict[str, object] = {
        "rates": Rate,
        "compressions": (Compression.MH, Compression.MR),
        "resolutions": tuple(Resolution),
    }
    return Frame(Fcf.DIS, fif=offer(**(everything | fields)).fif)  # type: ignore[arg-type]


@dataclass(frozen=True)
class Case:
    """A far end, what we send it, and how the call ends; `confirmed` pages."""

    text: str
    reason: Reason
    confirmed: int = 0
    document: Document = ONE
    frames: dict[str, Frame] = field(default_factory=dict)
    job: CallJob = CALLER


FALLBACK = ("14400", "12000", "V17-9600", "9600", "7200", "4800", "2400")
SECOND_AT_12000 = "> MCF\n< page 12000\n< EOP\n> MCF\n< DCN"
LADDER = "".join(f"< DCS\n< TCF {rate}\n> FTT\n" for rate in FALLBACK)
AGAIN_AT_12000 = "< DCS\n< TCF 12000\n> CFR\n< page 12000\n< EOP\n> MCF\n< DCN"

CASES = {
    "one page": Case(OPENING + "< EOP\n> MCF\n< DCN", Reason.SENT, 1),
    "two pages without new training": Case(
        OPENING + "< MPS\n> MCF\n< page 14400\n< EOP\n> MCF\n< DCN", Reason.SENT, 2, TWO
    ),
    "NSF before the DIS": Case(
        "> NSF CSI DIS\n< DCS\n< TCF 14400\n> CFR\n< page 14400\n< EOP\n> MCF\n< DCN", Reason.SENT, 1
    ),
    "late DIS, 29.999 s": Case("wait 29.999\n" + OPENING + "< EOP\n> MCF\n< DCN", Reason.SENT, 1),
    "late DIS, 40.001 s": Case("wait 30\nwait 10.001\n> CSI DIS", Reason.NO_CARRIER),
    "no DIS at all": Case("< DCN", Reason.NO_CARRIER),
    "damaged DIS, then a good one": Case(
        "> CSI !DIS\nwait 3\n" + OPENING + "< EOP\n> MCF\n< DCN", Reason.SENT, 1
    ),
    "CSI damaged, DIS good": Case(
        "> !CSI DIS\n< DCS\n< TCF 14400\n> CFR\n< page 14400\n< EOP\n> MCF\n< DCN", Reason.SENT, 1
    ),
    "CRP in place of DIS": Case("> CRP\nwait 3\n" + OPENING + "< EOP\n> MCF\n< DCN", Reason.SENT, 1),
    "DCN in place of DIS": Case("> DCN\n< nothing 5", Reason.REMOTE_DISCONNECT),
    "cannot receive": Case("> CSI DIS\n< DCN", Reason.REMOTE_CANNOT_RECEIVE, frames={"DIS": NO_RECEIVE}),
    "polls us": Case("> DTC\n< DCN", Reason.REMOTE_CANNOT_RECEIVE),
    "DCS not recognised": Case(
        "> DIS\n" + "< DCS\n< TCF 14400\n> DIS\n" * 3 + "< DCN", Reason.NO_RESPONSE_DCS
    ),
    "DCS missed once": Case("> DIS\n< DCS\n< TCF 14400\n" + OPENING + "< EOP\n> MCF\n< DCN", Reason.SENT, 1),
    "no answer to DCS": Case("> DIS\n" + "< DCS\n< TCF 14400\n" * 3 + "< DCN", Reason.NO_RESPONSE_DCS),
    "damaged CFR, then a good one": Case(
        "> DIS\n< DCS\n< TCF 14400\n> !CFR\n< DCS\n< TCF 14400\n> CFR\n< page 14400\n< EOP\n> MCF\n< DCN",
        Reason.SENT,
        1,
    ),
    "CRP to DCS": Case(
        "> DIS\n< DCS\n< TCF 14400\n> CRP\n< DCS\n< TCF 14400\n> CFR\n< page 14400\n< EOP\n> MCF\n< DCN",
        Reason.SENT,
        1,
    ),
    "CRP to every DCS": Case("> DIS\n" + "< DCS\n< TCF 14400\n> CRP\n" * 3 + "< DCN", Reason.NO_RESPONSE_DCS),
    "a confirmation nobody asked for": Case(
        "> DIS\n" + "< DCS\n< TCF 14400\n> MCF\n" * 3 + "< DCN", Reason.NO_RESPONSE_DCS
    ),
    "DCN to DCS": Case("> DIS\n< DCS\n< TCF 14400\n> DCN\n< nothing 5", Reason.REMOTE_DISCONNECT),
    "training fails once": Case(
        "> DIS\n< DCS\n< TCF 14400\n> FTT\n< DCS\n< TCF 12000\n> CFR\n< page 12000\n< EOP\n> MCF\n< DCN",
        Reason.SENT,
        1,
    ),
    "training fails down to 2400": Case("> DIS\n" + LADDER + "< DCN", Reason.TRAINING_FAILED),
    "two silent tries, then FTT: the count begins afresh": Case(
        "> DIS\n" + "< DCS\n< TCF 14400\n" * 3 + "> FTT\n" + "< DCS\n< TCF 12000\n" * 3 + "< DCN",
        Reason.NO_RESPONSE_DCS,
    ),
    "no answer to EOP": Case(OPENING + "< EOP\n" * 3 + "< DCN", Reason.NO_RESPONSE_PAGE),
    "no answer to MPS": Case(OPENING + "< MPS\n" * 3 + "< DCN", Reason.NO_RESPONSE_PAGE, document=TWO),
    "no answer to EOM": Case(OPENING + "< EOM\n" * 3 + "< DCN", Reason.NO_RESPONSE_PAGE, document=MIXED),
    "damaged MCF": Case(OPENING + "< EOP\n> !MCF\n< EOP\n> MCF\n< DCN", Reason.SENT, 1),
    "damaged MCF three times": Case(
        OPENING + "< EOP\n> !MCF\n" * 3 + "< DCN", Reason.NO_RESPONSE_PAGE
    ),
    "CRP to EOP": Case(OPENING + "< EOP\n> CRP\n< EOP\n> MCF\n< DCN", Reason.SENT, 1),
    "CRP to MPS for ever": Case(
        OPENING + "< MPS\n> CRP\n" * 3 + "< DCN", Reason.NO_RESPONSE_PAGE, document=TWO
    ),
    "DCN to MPS": Case(OPENING + "< MPS\n> DCN\n< nothing 5", Reason.REMOTE_DISCONNECT, document=TWO),
    "DCN to EOP": Case(OPENING + "< EOP\n> DCN\n< nothing 5", Reason.REMOTE_DISCONNECT),
    "DCN in the middle of two pages": Case(
        OPENING + "< MPS\n> MCF\n< page 14400\n< EOP\n> DCN\n< nothing 5", Reason.REMOTE_DISCONNECT, 1, TWO
    ),
    "our own EOP comes back": Case(OPENING + "< EOP\n> EOP\n> MCF\n< DCN", Reason.SENT, 1),
    "RTP trains again, slower": Case(
        OPENING + "< MPS\n> RTP\n< DCS\n< TCF 12000\n> CFR\n< page 12000\n< EOP\n> MCF\n< DCN",
        Reason.SENT,
        2,
        TWO,
    ),
    "RTP at the end is a confirmation": Case(OPENING + "< EOP\n> RTP\n< DCN", Reason.SENT, 1),
    "PIP is a confirmation": Case(
        OPENING + "< MPS\n> PIP\n< page 14400\n< EOP\n> PIP\n< DCN", Reason.SENT, 2, TWO
    ),
    "RTN sends the page again, slower": Case(
        OPENING + "< MPS\n> RTN\n< DCS\n< TCF 12000\n> CFR\n< page 12000\n< MPS\n" + SECOND_AT_12000,
        Reason.SENT,
        2,
        TWO,
    ),
    "PIN counts as RTN": Case(
        OPENING + "< MPS\n> PIN\n< DCS\n< TCF 12000\n> CFR\n< page 12000\n< MPS\n" + SECOND_AT_12000,
        Reason.SENT,
        2,
        TWO,
    ),
    "RTN three times": Case(
        OPENING
        + "< MPS\n> RTN\n< DCS\n< TCF 12000\n> CFR\n< page 12000\n"
        + "< MPS\n> RTN\n< DCS\n< TCF V17-9600\n> CFR\n< page V17-9600\n"
        + "< MPS\n> RTN\n< DCN",
        Reason.PAGE_REJECTED,
        document=TWO,
    ),
    "RTN for the last page keeps the first": Case(
        OPENING + "< MPS\n> MCF\n< page 14400\n< EOP\n> RTN\n< DCN",
        Reason.PAGE_REJECTED,
        1,
        TWO,
    ),
    "DIS in place of a confirmation: the page goes again": Case(
        OPENING + "< EOP\n> DIS\n" + AGAIN_AT_12000, Reason.SENT, 1
    ),
    "DIS in place of every confirmation": Case(
        OPENING
        + "< EOP\n> DIS\n< DCS\n< TCF 12000\n> CFR\n< page 12000\n"
        + "< EOP\n> DIS\n< DCS\n< TCF V17-9600\n> CFR\n< page V17-9600\n"
        + "< EOP\n> DIS\n< DCN",
        Reason.NO_RESPONSE_PAGE,
    ),
    "DIS in place of a confirmation of EOM: EOM again": Case(
        OPENING
        + "< EOM\n> DIS\n< EOM\n> MCF\n"
        + "> DIS\n< DCS\n< TCF 14400\n> CFR\n< page 14400\n< EOP\n> MCF\n< DCN",
        Reason.SENT,
        2,
        MIXED,
    ),
    "another format needs EOM": Case(
        OPENING + "< EOM\n> MCF\nwait 6\n> DIS\n< DCS\n< TCF 14400\n> CFR\n< page 14400\n< EOP\n> MCF\n< DCN",
        Reason.SENT,
        2,
        MIXED,
    ),
    "silence after EOM": Case(OPENING + "< EOM\n> MCF\n< DCN", Reason.CALL_DROPPED, 1, MIXED),
    "V.27ter 2400, MH, standard only": Case(
        "> DIS\n< DCS\n< TCF 2400\n> CFR\n< page 2400\n< EOP\n> MCF\n< DCN",
        Reason.SENT,
        1,
        frames={"DIS": PLAIN_DIS},
    ),
    "V.29 only": Case(
        "> DIS\n< DCS\n< TCF 9600\n> FTT\n< DCS\n< TCF 7200\n> FTT\n< DCN",
        Reason.TRAINING_FAILED,
        frames={"DIS": dis(rates=(Rate.V29_9600, Rate.V29_7200))},
    ),
    "a job capped at 4800": Case(
        "> DIS\n< DCS\n< TCF 4800\n> CFR\n< page 4800\n< EOP\n> MCF\n< DCN",
        Reason.SENT,
        1,
        job=replace(CALLER, max_rate=4800),
    ),
    "fine only, to a machine without": Case(
        "> DIS\n< DCN",
        Reason.INCOMPATIBLE,
        document=Document((Sheet(resolutions=(Resolution.FINE,)),)),
        frames={"DIS": PLAIN_DIS},
    ),
    "the far end is gone after the first page": Case(
        OPENING + "hang up", Reason.NO_RESPONSE_PAGE, document=TWO
    ),
}  # fmt: skip


def play(case: Case) -> tuple[CallResult, list[Said]]:
    """Run the case to its end."""
    script = Script(case.text, frames=case.frames)
    sender = T30Sender(case.job, case.document)
    line = Line(sender, script, script.conditions())
    line.run()
    assert sender.result, "the sender did not end"
    assert script.done, f"the far end was left at step {script._at + 1}: {script._step()}"
    return sender.result, [said for said in line.said if said.side == "caller"]


@pytest.mark.parametrize("name", CASES)
def test_the_sender_ends_the_call_as_t30_asks(name: str) -> None:
    case = CASES[name]
    result, _ = play(case)
    assert (result.reason, result.confirmed) == (case.reason, case.confirmed)
    assert result.success == (case.reason is Reason.SENT)


@pytest.mark.parametrize("name", CASES)
def test_every_frame_of_ours_has_its_x_bit_and_only_the_last_is_final(name: str) -> None:
    _, said = play(CASES[name])
    heard_dis = "DIS" in CASES[name].text and name != "late DIS, 40.001 s"
    for action in (one.action for one in said):
        if isinstance(action, SendFrames):
            assert [frame.final for frame in action.frames] == [False] * (len(action.frames) - 1) + [True]
            assert all(frame.x == heard_dis for frame in action.frames)


@pytest.mark.parametrize(
    ("name", "what"),
    [("no answer to EOP", "EOP"), ("no answer to MPS", "MPS"), ("no answer to EOM", "EOM")],
)
def test_a_command_goes_out_three_times_t4_apart(name: str, what: str) -> None:
    _, said = play(CASES[name])
    times = [one.at for one in said if one.what == what]
    assert len(times) == 3
    burst = 1.0 + 7 * 8 * 1.05 / 300 + 0.05
    for earlier, later in pairwise(times):
        assert 2.6 <= later - earlier - burst <= 3.45


def test_dcs_goes_out_three_times_and_each_has_its_tcf() -> None:
    _, said = play(CASES["no answer to DCS"])
    assert [one.what for one in said] == ["TSI", "DCS", "TCF 14400"] * 3 + ["DCN"]


def test_t1_runs_from_the_answer_not_from_dialling() -> None:
    result, _ = play(CASES["no DIS at all"])
    assert 30 <= result.line_seconds <= 42


def test_v17_trains_long_for_the_check_and_short_for_the_page() -> None:
    _, said = play(CASES["one page"])
    assert [one.action.long for one in said if isinstance(one.action, SendPage)] == [False]
    assert sum(isinstance(one.action, SendTraining) for one in said) == 1


def test_after_three_failures_of_v17_its_lowest_rate_is_passed_over() -> None:
    _, said = play(CASES["training fails down to 2400"])
    tried = [one.action.rate for one in said if isinstance(one.action, SendTraining)]
    assert tried == [
        Rate.V17_14400, Rate.V17_12000, Rate.V17_9600, Rate.V29_9600, Rate.V29_7200, Rate.V27_4800,
        Rate.V27_2400,
    ]  # fmt: skip


def test_nobody_answers_a_dcn() -> None:
    for name in ("DCN to DCS", "DCN to EOP", "DCN in place of DIS"):
        _, said = play(CASES[name])
        assert "DCN" not in [one.what for one in said]


def test_an_unanswered_page_is_awaiting_not_lost_and_not_sent() -> None:
    result, _ = play(CASES["no answer to EOP"])
    assert [page.state for page in result.pages] == [PageState.AWAITING]
    assert not result.success


def test_a_rejected_page_is_counted_and_stays_rejected() -> None:
    result, _ = play(CASES["RTN three times"])
    assert result.rtn == 3
    assert [page.state for page in result.pages] == [PageState.REJECTED]


def test_the_first_training_refused_by_dcn_is_named_for_the_memory_of_the_number() -> None:
    result, _ = play(CASES["DCN to DCS"])
    assert "first training" in result.t30


def test_a_remote_identity_is_read_from_csi() -> None:
    result, _ = play(CASES["one page"])
    assert result.remote_id == "+81 3 1111 2222"


@pytest.mark.parametrize("name", CASES)
def test_a_dcs_states_nothing_the_dis_did_not_offer(name: str) -> None:
    case = CASES[name]
    offered = Dis(case.frames["DIS"].fif if "DIS" in case.frames else FULL_DIS)
    _, said = play(case)
    for frame in (f for one in said if isinstance(one.action, SendFrames) for f in one.action.frames):
        if frame.fcf is Fcf.DCS:
            dcs = Dcs(frame.fif)
            assert dcs.rate in offered.rates
            assert dcs.compression in offered.compressions
            assert dcs.resolution in offered.resolutions
            assert not dcs.ecm
            for number in (15, 16, 41, 42, 43, 49, 50):
                assert not dcs.bit(number) or offered.bit(number)


def test_sub_goes_out_only_where_the_dis_allows_it() -> None:
    job = replace(CALLER, sub="1234#", sid="77", pwd="99")
    _, said = play(replace(CASES["one page"], job=job))
    assert [one.what for one in said][:5] == ["PWD", "SUB", "SID", "TSI", "DCS"]
    _, said = play(replace(CASES["V.27ter 2400, MH, standard only"], job=job))
    assert [one.what for one in said][:2] == ["TSI", "DCS"]


def test_a_slow_printer_gets_its_fill_bits() -> None:
    slow = {"DIS": dis(min_scan_ms=40)}
    plain, _ = play(CASES["one page"])
    filled, said = play(replace(CASES["one page"], frames=slow))
    dcs = next(
        f for one in said if isinstance(one.action, SendFrames) for f in one.action.frames if f.fcf is Fcf.DCS
    )
    assert Dcs(dcs.fif).min_scan_ms == 40
    assert filled.pages[0].bytes >= 120 * 14400 * 40 // 8000
    assert plain.pages[0].bytes < filled.pages[0].bytes
