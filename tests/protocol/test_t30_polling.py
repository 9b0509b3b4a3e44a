"""Polling both ways: our two ends with documents at either; far machines that poll or are polled, as text."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import product
from typing import TYPE_CHECKING, Any

import pytest
from t30_fixtures import ANSWERER, CALLER, Document, Tray, pages, stream
from t30_script import FULL_DIS, Script

from modem import t4
from modem.actions import SendFrames
from modem.capabilities import Dis, negotiate, offer
from modem.coding import Coding, Compression, Resolution
from modem.fcf import WITHOUT_X, Fcf, Frame
from modem.ident import encode_address, encode_ident
from modem.notices import Dialling, Finished, Identified, PageConfirmed, PageStored
from modem.polling import session
from modem.rates import Rate
from modem.result import PageState, Reason
from modem.simline import Conditions, Line

if TYPE_CHECKING:
    from modem.job import CallJob
    from modem.result import CallResult

MH = Compression.MH
ALL = tuple(Compression)
NOTHING = Document(())
FETCHES = replace(CALLER, poll=True)


@dataclass
class Poll:
    """A finished call: what each end made of it, and the pages that came to it."""

    line: Line
    caller: CallResult
    answerer: CallResult
    fetched: Tray
    received: Tray

    def said(self, side: str) -> list[str]:
        return [one.what for one in self.line.said if one.side == side]


def poll(
    ours: Document = NOTHING,
    theirs: Document = NOTHING,
    caller: CallJob = FETCHES,
    answerer: CallJob = ANSWERER,
    conditions: Conditions | None = None,
) -> Poll:
    """Call with `ours`, be answered with `theirs`."""
    fetched, received = Tray(), Tray()
    line = Line(session(caller, ours, fetched), session(answerer, theirs, received), conditions)
    line.run()
    results = (line.caller.party.result, line.answerer.party.result)  # type: ignore[attr-defined]
    assert all(results)
    return Poll(line, *results, fetched, received)


def kinds(result: CallResult) -> str:
    """Return the pages as `>1 <1`: direction and number, in the order of the call."""
    assert all(page.state is PageState.CONFIRMED for page in result.pages)
    return " ".join(("<" if page.direction == "in" else ">") + str(page.n) for page in result.pages)


# -- our two ends -------------------------------------------------------------------------------------------


def test_a_document_is_fetched() -> None:
    done = poll(theirs=pages(2))
    assert (done.caller.success, done.caller.reason) == (True, Reason.RECEIVED)
    assert (done.answerer.success, done.answerer.reason) == (True, Reason.SENT)
    assert (kinds(done.caller), kinds(done.answerer)) == ("<1 <2", ">1 >2")
    assert done.said("caller") == ["CIG", "DTC", "CFR", "MCF", "MCF"]
    assert [page.n for page in done.fetched.pages] == [1, 2]


def test_a_document_is_sent_and_another_fetched_in_one_call() -> None:
    done = poll(pages(2), pages(1))
    assert done.caller.success
    assert done.answerer.success
    assert (kinds(done.caller), kinds(done.answerer)) == (">1 >2 <1", "<1 <2 >1")
    assert done.said("caller") == [
        "TSI", "DCS", "TCF 14400", "page 14400", "MPS", "page 14400", "EOM", "CIG", "DTC", "CFR", "MCF",
    ]  # fmt: skip
    assert ([page.n for page in done.received.pages], [page.n for page in done.fetched.pages]) == (
        [1, 2],
        [1],
    )


@pytest.mark.parametrize(("ours", "theirs", "ecm"), [*product((0, 1, 3), (1, 3), (True, False))])
def test_every_mix_of_documents_arrives_both_ways(ours: int, theirs: int, ecm: bool) -> None:
    fields: dict[str, Any] = {"ecm": ecm, "compressions": ALL}
    out, back = pages(ours, rows=20, compressions=ALL), pages(theirs, rows=20, compressions=ALL)
    done = poll(out, back, replace(FETCHES, **fields), replace(ANSWERER, **fields))
    assert done.caller.success
    assert done.answerer.success
    for tray, count in ((done.received, ours), (done.fetched, theirs)):
        assert [page.n for page in tray.pages] == list(range(1, count + 1))
        for page in tray.pages:
            source = stream(page.coding.compression, 1728, page.rows, page.n)
            assert page.data.startswith(source)
            assert page.ecm == ecm


def test_the_fetched_document_may_change_its_coding_in_the_middle() -> None:
    document = pages(2, rows=30)
    sheets = (document.sheets[0], replace(document.sheets[1], resolutions=(Resolution.STANDARD,)))
    done = poll(theirs=Document(sheets))
    assert done.caller.success
    assert done.answerer.success
    assert done.said("answerer").count("EOM") == 1
    assert done.said("caller").count("DTC") == 2
    assert [page.coding.resolution for page in done.fetched.pages] == [Resolution.FINE, Resolution.STANDARD]


def test_nothing_there_to_fetch() -> None:
    done = poll()
    assert (done.caller.success, done.caller.reason) == (False, Reason.POLL_REFUSED)
    assert done.said("caller") == ["DCN"]


def test_a_document_sent_stays_confirmed_when_there_is_nothing_to_fetch() -> None:
    done = poll(pages(1))
    assert (done.caller.success, done.caller.reason) == (False, Reason.POLL_REFUSED)
    assert kinds(done.caller) == ">1"
    assert [page.n for page in done.received.pages] == [1]


@pytest.mark.parametrize(
    ("asks", "agreed", "caller", "answerer"),
    [
        ({"pwd": "4711"}, {"pwd": "4711"}, Reason.RECEIVED, Reason.SENT),
        ({"pwd": "4711"}, {}, Reason.RECEIVED, Reason.SENT),
        ({"pwd": "4712"}, {"pwd": "4711"}, Reason.BAD_PASSWORD, Reason.BAD_PASSWORD),
        ({}, {"pwd": "4711"}, Reason.BAD_PASSWORD, Reason.BAD_PASSWORD),
        ({"sep": "9"}, {"sep": "9"}, Reason.RECEIVED, Reason.SENT),
        ({"sep": "8"}, {"sep": "9"}, Reason.POLL_REFUSED, Reason.POLL_REFUSED),
        ({}, {"sep": "9"}, None, Reason.POLL_REFUSED),
        ({"sep": "9"}, {}, Reason.POLL_REFUSED, Reason.REMOTE_DISCONNECT),
        ({"sep": "9", "pwd": "1"}, {"sep": "9", "pwd": "1"}, Reason.RECEIVED, Reason.SENT),
    ],
)
def test_a_document_goes_only_to_who_asks_in_the_right_words(
    asks: dict[str, str], agreed: dict[str, str], caller: Reason | None, answerer: Reason
) -> None:
    done = poll(theirs=pages(1), caller=replace(FETCHES, **asks), answerer=replace(ANSWERER, **agreed))  # type: ignore[arg-type]
    assert caller in (None, done.caller.reason)
    assert done.answerer.reason is answerer
    assert len(done.fetched.pages) == (answerer is Reason.SENT)


def test_a_password_is_never_in_the_log() -> None:
    done = poll(theirs=pages(1), caller=replace(FETCHES, pwd="4711"), answerer=replace(ANSWERER, pwd="4711"))
    trace = [*done.line.caller.party.take_trace(), *done.line.answerer.party.take_trace()]  # type: ignore[attr-defined]
    assert trace
    assert not any("4711" in entry.text for entry in trace)


def test_the_x_bit_follows_the_station_not_its_role() -> None:
    done = poll(pages(1), pages(1))
    for one in done.line.said:
        if isinstance(one.action, SendFrames):
            for frame in one.action.frames:
                assert frame.x == (one.side == "caller") or frame.fcf in WITHOUT_X


def test_a_call_that_turns_round_has_one_log_one_count_of_notices_and_one_end() -> None:
    done = poll(pages(1), pages(1))
    for side in ("caller", "answerer"):
        told = done.line.notices[side]
        assert [one.id for one in told] == list(range(1, len(told) + 1))
        assert sum(isinstance(one, Dialling) for one in told) == 1
        assert [type(one) for one in told if isinstance(one, Finished)] == [Finished]
        assert isinstance(told[-1], Finished)
        kinds = [type(one) for one in told if isinstance(one, PageConfirmed | PageStored)]
        assert len(kinds) == 2
    assert done.caller.line_seconds == pytest.approx(done.answerer.line_seconds, abs=0.2)


def test_each_end_learns_who_the_other_is() -> None:
    done = poll(theirs=pages(1))
    assert done.caller.remote_id == ANSWERER.ident
    assert done.answerer.remote_id == CALLER.ident
    told = [one for one in done.line.notices["answerer"] if isinstance(one, Identified)]
    assert [one.ident for one in told] == [CALLER.ident]


def losing(side: str, label: str, numbers: set[int]) -> Conditions:
    seen = [0]

    def frame(sender: str, one: Frame) -> Frame | None:
        if (sender, one.fcf.label) != (side, label):
            return one
        seen[0] += 1
        return None if seen[0] in numbers else one

    return Conditions(frame=frame)


@pytest.mark.parametrize("times", [{1}, {1, 2}])
@pytest.mark.parametrize(
    ("side", "label"),
    [("caller", "DTC"), ("caller", "CIG"), ("answerer", "DCS"), ("caller", "CFR"), ("caller", "MCF"),
     ("answerer", "MPS"), ("answerer", "EOP"), ("answerer", "DIS"), ("answerer", "DCN")],
)  # fmt: skip
def test_a_frame_damaged_once_or_twice_costs_time_and_no_page(side: str, label: str, times: set[int]) -> None:
    done = poll(theirs=pages(2, rows=30), conditions=losing(side, label, times))
    assert done.caller.success, done.caller
    assert done.answerer.success, done.answerer
    assert [page.n for page in done.fetched.pages] == [1, 2]


def test_a_poll_never_heard_ends_both_ends() -> None:
    done = poll(theirs=pages(1), conditions=losing("caller", "DTC", set(range(1, 20))))
    assert done.caller.reason is Reason.CALL_DROPPED
    assert done.said("caller").count("DTC") == 3
    assert not done.answerer.success


@pytest.mark.parametrize("echo", [0.3, 1.0, 2.0])
def test_ends_that_hear_themselves_do_not_answer_themselves(echo: float) -> None:
    done = poll(pages(1), pages(1), conditions=Conditions(echo=echo))
    assert done.caller.success, done.caller
    assert done.answerer.success, done.answerer


@pytest.mark.parametrize("after", [0.0, 8.0, 12.0, 16.0, 20.0, 24.0, 28.0, 32.0, 36.0])
def test_cancelling_on_either_side_of_the_turn_ends_the_call(after: float) -> None:
    line = Line(session(FETCHES, pages(1), Tray()), session(ANSWERER, pages(1), Tray()))
    line.at(after, lambda: line.caller.perform(line.caller.party.cancel(line.now)))  # type: ignore[attr-defined]
    line.run()
    result = line.caller.party.result  # type: ignore[attr-defined]
    assert result.reason is Reason.CANCELLED
    assert result.line_seconds <= after


def test_a_caller_that_does_not_poll_is_received_by_a_machine_with_a_document() -> None:
    done = poll(pages(2), pages(1), caller=CALLER)
    assert (done.caller.reason, done.answerer.reason) == (Reason.SENT, Reason.RECEIVED)
    assert [page.n for page in done.received.pages] == [1, 2]


# -- far machines -------------------------------------------------------------------------------------------


def dis(**fields: Any) -> Frame:
    everything: dict[str, Any] = {
        "rates": Rate, "compressions": (MH,), "resolutions": (Resolution.STANDARD,), "document": True,
    }  # fmt: skip
    return Frame(Fcf.DIS, fif=offer(**(everything | fields)).fif)


def dtc(fif: bytes = FULL_DIS) -> Frame:
    return Frame(Fcf.DTC, fif=fif)


THEIR_DCS = Frame(Fcf.DCS, fif=negotiate(Dis(FULL_DIS), Coding(MH), Rate.V17_14400).fif)
FRAMES = {
    "HAS": dis(),
    "SELECTS": dis(selective=True),
    "CANNOT": Frame(Fcf.DIS, fif=bytes.fromhex("00 01 20")),  # a document, no bit 10
    "DCS": THEIR_DCS,
    "TSI": Frame(Fcf.TSI, fif=encode_ident("+81 3 1111 2222")),
    "POLLS": dtc(),
    "SHORT": dtc(bytes.fromhex("00 0a 08")),
    "PWD": Frame(Fcf.PWD, fif=encode_address("4711")),
    "WRONG": Frame(Fcf.PWD, fif=encode_address("0815")),
    "SEP": Frame(Fcf.SEP, fif=encode_address("9")),
}
PAGE = t4.finish(stream(MH, 1728, 60, 1), MH)
FETCHED = "> TSI DCS\n> TCF 14400\n< CFR\n> page 1\n> EOP\n< MCF\n> DCN"
GIVEN = "< DCS\n< TCF 14400\n> CFR\n< page 14400\n< EOP\n> MCF\n< DCN"


@dataclass(frozen=True)
class Case:
    """A far machine, our job, how the call ends, the pages as `kinds` has them."""

    text: str
    reason: Reason
    pages: str = ""
    job: dict[str, Any] = field(default_factory=dict)


BEING_POLLED = {
    "one page": Case("> HAS\n< DTC\n" + FETCHED, Reason.RECEIVED, "<1"),
    "CSI first": Case("> CSI HAS\n< DTC\n" + FETCHED, Reason.RECEIVED, "<1"),
    "it cannot receive, and need not": Case("> CANNOT\n< DTC\n" + FETCHED, Reason.RECEIVED, "<1"),
    "DTC missed": Case("> HAS\n< DTC\nwait 4\n> HAS\n< DTC\n" + FETCHED, Reason.RECEIVED, "<1"),
    "CRP to DTC": Case("> HAS\n< DTC\n> CRP\n< DTC\n" + FETCHED, Reason.RECEIVED, "<1"),
    "the training check fails once": Case(
        "> HAS\n< DTC\n> DCS\n> TCF 14400 bad\n< FTT\n" + FETCHED, Reason.RECEIVED, "<1"
    ),
    "two pages": Case(
        "> HAS\n< DTC\n> DCS\n> TCF 14400\n< CFR\n> page 1\n> MPS\n< MCF\n> page 1\n> EOP\n< MCF\n> DCN",
        Reason.RECEIVED,
        "<1 <2",
    ),
    "two documents": Case(
        "> HAS\n< DTC\n> DCS\n> TCF 14400\n< CFR\n> page 1\n> EOM\n< MCF\n< DTC\n" + FETCHED,
        Reason.RECEIVED,
        "<1 <2",
    ),
    "no document": Case("> DIS\n< DCN", Reason.POLL_REFUSED),
    "refused": Case("> DIS9\n< DTC\n> DCN\n< nothing 3", Reason.POLL_REFUSED),
    "a password is refused": Case("> HAS\n< DTC\n> DCN\n< nothing 3", Reason.BAD_PASSWORD, "", {"pwd": "1"}),
    "a password may be wanted": Case("> HAS\n< DTC\n> DCN\n< nothing 3", Reason.BAD_PASSWORD),
    "another selection": Case("> SELECTS\n< DTC\n> DCN\n< nothing 3", Reason.POLL_REFUSED, "", {"sep": "9"}),
    "a selection it does not know": Case("> HAS\n< DCN", Reason.POLL_REFUSED, "", {"sep": "9"}),
    "silence": Case("> HAS\n< DTC\n< DTC\n< DTC\n< DCN", Reason.CALL_DROPPED),
    "DCN later is no refusal": Case(
        "> HAS\n< DTC\n> DCS\n> TCF 14400\n< CFR\n> DCN\n< nothing 3", Reason.REMOTE_DISCONNECT
    ),
}


@pytest.mark.parametrize("name", BEING_POLLED)
def test_a_far_machine_is_polled_as_t30_asks(name: str) -> None:
    case = BEING_POLLED[name]
    without = Frame(Fcf.DIS, fif=bytes.fromhex("00 03 20"))  # bit 9, no bit 50
    script = Script(case.text, frames=FRAMES | {"DIS9": without}, pages=(PAGE,))
    tray = Tray()
    line = Line(session(replace(FETCHES, **case.job), NOTHING, tray), script, script.conditions())
    line.run()
    assert script.done, f"the far end was left at step {script._at + 1}: {script._step()}"
    result = line.caller.party.result  # type: ignore[attr-defined]
    assert (result.reason, kinds(result)) == (case.reason, case.pages), result.t30
    assert result.success == (case.reason is Reason.RECEIVED)
    assert len(tray.pages) == len(result.pages)


POLLING = {
    "by DTC": Case("< DIS\n> CIG POLLS\n" + GIVEN, Reason.SENT, ">1"),
    "by a DTC without bit 10": Case(
        "< DIS\n> SHORT\n< DCS\n< TCF 4800\n> CFR\n< page 4800\n< EOP\n> MCF\n< DCN", Reason.SENT, ">1"
    ),
    "by a DIS of its own": Case("< DIS\n> CSI DIS\n" + GIVEN, Reason.SENT, ">1"),
    "at the second DIS": Case("< DIS\n< DIS\n> POLLS\n" + GIVEN, Reason.SENT, ">1"),
    "DCS missed": Case("< DIS\n> POLLS\n< DCS\nwait 4\n> POLLS\n" + GIVEN, Reason.SENT, ">1"),
    "with a password nobody asked for": Case("< DIS\n> PWD CIG POLLS\n" + GIVEN, Reason.SENT, ">1"),
    "with the password": Case("< DIS\n> PWD POLLS\n" + GIVEN, Reason.SENT, ">1", {"pwd": "4711"}),
    "with a wrong one": Case("< DIS\n> WRONG POLLS\n< DCN", Reason.BAD_PASSWORD, "", {"pwd": "4711"}),
    "without one": Case("< DIS\n> POLLS\n< DCN", Reason.BAD_PASSWORD, "", {"pwd": "4711"}),
    "with the selection": Case("< DIS\n> SEP POLLS\n" + GIVEN, Reason.SENT, ">1", {"sep": "9"}),
    "with another": Case("< DIS\n> SEP POLLS\n< DCN", Reason.POLL_REFUSED, "", {"sep": "8"}),
    "DCN in place of CFR": Case(
        "< DIS\n> POLLS\n< DCS\n< TCF 14400\n> DCN\n< nothing 3", Reason.REMOTE_DISCONNECT
    ),
    "silence behind DTC": Case("< DIS\n> POLLS\n< DCS\n< DCS\n< DCS\n< DCN", Reason.NO_RESPONSE_DCS),
    "after its own document": Case(
        "< DIS\n> TSIX DCSX\n> TCF 14400\n< CFR\n> page 1\n> EOM\n< MCF\n< DIS\n> POLLS\n" + GIVEN,
        Reason.SENT,
        "<1 >1",
    ),
    "after its own document, before our DIS": Case(
        "< DIS\n> TSIX DCSX\n> TCF 14400\n< CFR\n> page 1\n> EOM\n< MCF\nwait 1\n> POLLS\n" + GIVEN,
        Reason.SENT,
        "<1 >1",
    ),
}


@pytest.mark.parametrize("name", POLLING)
def test_a_far_machine_polls_us_as_t30_asks(name: str) -> None:
    case = POLLING[name]
    theirs = {"TSIX": replace(FRAMES["TSI"], x=True), "DCSX": replace(THEIR_DCS, x=True)}
    script = Script(case.text, answers=False, frames=FRAMES | theirs, pages=(PAGE,))
    answerer = session(replace(ANSWERER, compressions=(MH,), **case.job), pages(1), Tray())
    line = Line(script, answerer, script.conditions())
    line.run()
    assert script.done, f"the far end was left at step {script._at + 1}: {script._step()}"
    result = line.answerer.party.result  # type: ignore[attr-defined]
    assert (result.reason, kinds(result)) == (case.reason, case.pages), result.t30
    assert result.success == (case.reason is Reason.SENT)


def test_our_dis_offers_the_document_again_after_a_document_was_received() -> None:
    done = poll(pages(1), pages(1))
    offers = [
        Dis(frame.fif)
        for one in done.line.said
        if isinstance(one.action, SendFrames) and one.side == "answerer"
        for frame in one.action.frames
        if frame.fcf is Fcf.DIS
    ]
    assert offers
    assert all(one.can_send and not one.selective_polling for one in offers)


def test_a_page_that_was_rejected_before_another_was_fetched_leaves_no_success() -> None:
    def worse(side: str, frame: Frame) -> Frame:
        return replace(frame, fcf=Fcf.RTN) if side == "answerer" and frame.fcf is Fcf.MCF else frame

    call = poll(pages(1, rows=20), pages(1, rows=20), conditions=Conditions(frame=worse))
    assert [(page.direction, page.state) for page in call.caller.pages] == [
        ("out", PageState.REJECTED),
        ("in", PageState.CONFIRMED),
    ]
    assert (call.caller.success, call.caller.reason) == (False, Reason.PAGE_REJECTED)
    assert "fetched; rejected: page 1" in call.caller.t30
