"""Timers, verdicts, tables, and the sessions given events no well-behaved line would give."""

from __future__ import annotations

import pytest
from t30_fixtures import ANSWERER, CALLER, Tray, burst, feed, names, pages, stream
from t30_script import FULL_DIS

from modem import t4
from modem.actions import (
    Action,
    Answer,
    Barrier,
    Dial,
    HangUp,
    ListenData,
    ListenFrames,
    SendFrames,
    SendPage,
    Silence,
    WaitSilence,
)
from modem.capabilities import Dcs, Dis, negotiate
from modem.coding import Coding, Compression
from modem.events import (
    BurstEnded,
    CallFailed,
    CarrierLost,
    CarrierSeen,
    CarrierWrong,
    Connected,
    DataEnded,
    DataReceived,
    DriverFailed,
    Event,
    FrameReceived,
    HungUp,
    Sent,
)
from modem.fcf import Fcf, Frame
from modem.incoming import CarrierData
from modem.notices import Dialling, Finished, Notice
from modem.polling import FetchingReceiver, FetchingSender, OfferingReceiver, PolledSender
from modem.rates import Rate
from modem.receiver import T30Receiver
from modem.result import Reason
from modem.sender import T30Sender
from modem.session import MOST_ECHOES, Session
from modem.simline import Line, RuleBrokenError
from modem.states import State
from modem.timers import Timer, TimerSet

MH = Compression.MH
DCS = negotiate(Dis(FULL_DIS), Coding(MH), Rate.V17_14400)


def sender(count: int = 1) -> T30Sender:
    return T30Sender(CALLER, pages(count, rows=20))


def receiver() -> T30Receiver:
    return T30Receiver(ANSWERER, Tray())


def in_training(session: T30Sender) -> list[Action]:
    session.start(0.0)
    session.handle(Connected(), 5.0)
    actions = feed(session, burst(Frame(Fcf.DIS, fif=FULL_DIS)), 7.0)
    session.handle(Sent(), 12.0)
    return actions


def after_page(session: T30Sender) -> list[Action]:
    in_training(session)
    feed(session, burst(Frame(Fcf.CFR)), 14.0)
    return session.handle(Sent(), 20.0)


# -- timers ----------------------------------------------------------------------------------------------


def test_a_timer_runs_from_its_last_start() -> None:
    timers = TimerSet()
    timers.start(Timer.T4, 0.0)
    timers.start(Timer.T4, 1.0)
    assert timers.next() == 1.0 + Timer.T4.seconds
    assert timers.take_expired(Timer.T4.seconds) == []
    assert timers.take_expired(1.0 + Timer.T4.seconds) == [Timer.T4]
    assert timers.next() is None


def test_expired_timers_come_earliest_first_and_once() -> None:
    timers = TimerSet()
    timers.start(Timer.T1, 0.0, 5.0)
    timers.start(Timer.T2, 0.0, 2.0)
    timers.start(Timer.T4, 0.0, 9.0)
    assert timers.take_expired(6.0) == [Timer.T2, Timer.T1]
    assert timers.take_expired(6.0) == []
    assert timers.running(Timer.T4)


def test_timers_left_out_are_neither_next_nor_taken() -> None:
    timers = TimerSet()
    timers.start(Timer.T4, 0.0, 1.0)
    timers.start(Timer.BURST, 0.0, 3.0)
    without = frozenset({Timer.T4})
    assert timers.next(without) == 3.0
    assert timers.take_expired(2.0, without) == []
    assert timers.expired(Timer.T4, 2.0)
    assert not timers.expired(Timer.BURST, 2.0)
    assert not timers.expired(Timer.T1, 2.0)
    timers.clear()
    assert timers.next() is None


@pytest.mark.parametrize(
    ("timer", "least", "most"),
    [(Timer.T1, 30, 40), (Timer.T2, 5, 7), (Timer.T4, 2.55, 3.45), (Timer.DIAL, 60, 100)],
)
def test_timers_keep_the_tolerances_of_t30(timer: Timer, least: float, most: float) -> None:
    assert least <= timer.seconds <= most


# -- verdict on a page -----------------------------------------------------------------------------------


def judged(bad: int, *, ended: bool = True, gap: float = 0.1, longest_line: int = 0) -> Fcf:
    incoming = CarrierData()
    incoming.add(b"\x00", 10.0)
    incoming.ended(20.0)
    scan = t4.Scan(1000, tuple(range(bad)), bad, ended, longest_line)
    return incoming.verdict(scan, Rate.V27_4800, 20.0 + gap)


@pytest.mark.parametrize(
    ("bad", "answer"),
    [(0, Fcf.MCF), (49, Fcf.MCF), (50, Fcf.RTP), (149, Fcf.RTP), (150, Fcf.RTN), (1000, Fcf.RTN)],
)
def test_copy_quality_goes_by_the_share_of_bad_lines(bad: int, answer: Fcf) -> None:
    assert judged(bad) is answer


def test_a_page_without_rtc_is_cut_off_only_when_its_command_was_long_in_coming() -> None:
    assert judged(0, ended=False, gap=0.2) is Fcf.MCF
    assert judged(0, ended=False, gap=1.2) is Fcf.RTN
    assert judged(0, ended=False, gap=5.0) is Fcf.RTN
    assert judged(0, ended=True, gap=5.0) is Fcf.MCF


@pytest.mark.parametrize(("bits", "answer"), [(4800 * 49 // 10, Fcf.MCF), (4800 * 51 // 10, Fcf.RTN)])
def test_a_line_lasts_five_seconds_at_most(bits: int, answer: Fcf) -> None:
    assert judged(0, longest_line=bits) is answer


def test_a_page_knows_its_time_on_the_line() -> None:
    incoming = CarrierData()
    incoming.carrier(10.0)
    incoming.add(t4.finish(stream(MH, 1728, 20, 1), MH), 11.0)
    incoming.ended(12.5)
    page, scan = incoming.read(3, Dcs(DCS.fif), Rate.V17_14400)
    assert (page.n, page.seconds, page.rows, page.rate, page.ecm) == (3, 2.5, 20, 14400, False)
    assert scan.ended
    incoming.clear()
    assert incoming.data == b""


# -- tables ----------------------------------------------------------------------------------------------


MACHINES = (T30Sender, T30Receiver, OfferingReceiver, PolledSender, FetchingSender, FetchingReceiver)


@pytest.mark.parametrize("machine", MACHINES)
def test_every_entry_of_a_table_names_a_step_of_the_machine(machine: type[Session]) -> None:
    for (state, _), step in machine.table.items():
        assert callable(getattr(machine, step))
        assert state not in (State.IDLE, State.ENDING, State.DONE)


@pytest.mark.parametrize("machine", MACHINES)
def test_no_machine_waits_for_what_only_it_can_say(machine: type[Session]) -> None:
    """Hear the other station's words only; DTC is heard by whom it reaches, said by who fetches."""
    ours = machine.own_frames - ({Fcf.DTC} if machine is FetchingReceiver else set())
    assert not {signal for _, signal in machine.table} & ours


# -- beginning -------------------------------------------------------------------------------------------


def test_nothing_is_dialled_before_the_intention_is_stored() -> None:
    session = sender()
    actions = session.start(0.0)
    notice = session.take_notices()[0]
    assert isinstance(notice, Dialling)
    assert actions == [Barrier(notice.id), Dial(CALLER.number)]


def test_nothing_is_answered_before_the_intention_is_stored() -> None:
    session = receiver()
    actions = session.start(0.0)
    assert actions == [Barrier(session.take_notices()[0].id), Answer()]


def test_the_time_for_dialling_runs_from_the_stored_notice() -> None:
    session = sender()
    session.start(0.0)
    session.stored(session.take_notices()[0].id, 20.0)
    assert session.next_deadline() == 20.0 + Timer.DIAL.seconds


def test_nobody_answering_ends_the_call_without_dcn() -> None:
    session = sender()
    session.start(0.0)
    assert session.timeout(Timer.DIAL.seconds) == [HangUp()]
    session.handle(HungUp(), 91.0)
    assert session.result
    assert session.result.reason is Reason.NO_ANSWER


@pytest.mark.parametrize("reason", [Reason.BUSY, Reason.NO_DIALTONE, Reason.VOICE_OR_DATA, Reason.NO_CARRIER])
def test_what_the_modem_says_of_the_call_is_its_result(reason: Reason) -> None:
    session = sender()
    session.start(0.0)
    assert session.handle(CallFailed(reason, "said so"), 9.0) == []
    assert session.done
    assert session.result
    assert (session.result.reason, session.result.t30, session.result.line_seconds) == (
        reason,
        "said so",
        0.0,
    )


def test_a_store_that_hangs_is_not_laid_to_the_modem() -> None:
    session = sender()
    after_page(session)
    deadline = session.next_deadline()
    assert deadline is not None
    session.timeout(deadline)
    session.handle(HungUp(), deadline + 1.0)
    assert session.result
    assert (session.result.reason, session.result.t30) == (Reason.MODEM_ERROR, "no word that it is stored")


def test_a_modem_that_hangs_is_told_from_a_store_that_does() -> None:
    session = sender()
    after_page(session)
    for notice in session.take_notices():
        session.stored(notice.id, 20.1)
    deadline = session.next_deadline()
    assert deadline is not None
    session.timeout(deadline)
    session.handle(HungUp(), deadline + 1.0)
    assert session.result
    assert session.result.t30 == "the modem did not finish sending"


# -- the burst being heard -------------------------------------------------------------------------------


def test_a_wait_is_not_judged_while_a_burst_is_heard() -> None:
    session = sender()
    in_training(session)
    t4_ends = 12.0 + Timer.T4.seconds
    session.handle(CarrierSeen(fast=False), t4_ends - 0.1)
    assert session.timeout(t4_ends) == []
    assert (session.next_deadline() or 0) > t4_ends
    actions = feed(session, [FrameReceived(Frame(Fcf.CFR), fcs_ok=True), BurstEnded()], t4_ends + 1)
    assert "SendPage" in names(actions)


def test_a_damaged_burst_beyond_the_wait_counts_as_silence_at_once() -> None:
    session = sender()
    in_training(session)
    session.handle(CarrierSeen(fast=False), 15.0)
    session.handle(FrameReceived(None, fcs_ok=False, raw=b"\xff\x13"), 16.0)
    assert "TSI+DCS" in names(session.handle(BurstEnded(), 16.0))


def test_a_burst_without_end_is_broken_off() -> None:
    session = sender()
    in_training(session)
    session.handle(CarrierSeen(fast=False), 13.0)
    assert session.next_deadline() == 13.0 + Timer.BURST.seconds
    assert "TSI+DCS" in names(session.timeout(13.0 + Timer.BURST.seconds))


def test_a_frame_that_is_not_the_last_of_its_burst_answers_nothing() -> None:
    session = sender()
    in_training(session)
    assert feed(session, burst(Frame(Fcf.CFR, final=False)), 13.0) == [ListenFrames()]


def test_a_frame_with_a_bad_fcs_answers_nothing() -> None:
    session = sender()
    in_training(session)
    events = [CarrierSeen(fast=False), FrameReceived(Frame(Fcf.CFR), fcs_ok=False), BurstEnded()]
    assert feed(session, events, 13.0) == [ListenFrames()]


def test_either_x_bit_is_taken() -> None:
    session = sender()
    in_training(session)
    assert "SendPage" in names(feed(session, burst(Frame(Fcf.CFR, x=True)), 13.0))


def test_an_echo_is_not_counted_but_not_for_ever() -> None:
    session = sender()
    after_page(session)
    session.handle(Sent(), 22.0)
    echo = burst(Frame(Fcf.EOP, x=True))
    deadline = session.next_deadline()
    assert feed(session, echo, 23.0) == [ListenFrames()]
    assert (session.next_deadline() or 0) > (deadline or 0)
    for _ in range(MOST_ECHOES - 1):
        feed(session, echo, 24.0)
    deadline = session.next_deadline()
    feed(session, echo, 25.0)
    assert session.next_deadline() == deadline


def test_a_receiver_without_carrier_listens_again_and_then_gives_the_line_up() -> None:
    session = sender()
    session.start(0.0)
    session.handle(Connected(), 1.0)
    for _ in range(20):
        assert session.handle(CarrierLost(), 1.0) == [ListenFrames()]
    assert session.handle(CarrierLost(), 1.0) == [HangUp()]


# -- repeated and late -----------------------------------------------------------------------------------


def test_a_confirmation_heard_twice_confirms_once() -> None:
    session = sender(3)
    after_page(session)
    session.handle(Sent(), 22.0)
    mcf = burst(Frame(Fcf.MCF))
    assert "SendPage" in names(feed(session, mcf, 24.0))
    feed(session, mcf, 24.5)
    confirmed = [one for one in session.take_notices() if type(one).__name__ == "PageConfirmed"]
    assert len(confirmed) == 1


def test_the_post_page_command_waits_for_its_notice() -> None:
    actions = after_page(sender())
    assert names(actions) == ["Barrier", "Silence", "EOP", "ListenFrames"]


def test_the_next_page_waits_for_the_confirmation_to_be_stored() -> None:
    session = sender(2)
    after_page(session)
    session.handle(Sent(), 22.0)
    assert names(feed(session, burst(Frame(Fcf.MCF)), 24.0)) == ["Barrier", "WaitSilence", "SendPage"]


def test_a_page_behind_another_leaves_a_slow_receiver_time_to_listen() -> None:
    session = sender(count=2)
    in_training(session)
    first = feed(session, burst(Frame(Fcf.CFR)), 14.0)
    session.handle(Sent(), 20.0)
    session.handle(Sent(), 22.0)
    second = feed(session, burst(Frame(Fcf.MCF)), 24.0)
    waits = [[one.ms for one in actions if isinstance(one, WaitSilence)] for actions in (first, second)]
    assert waits == [[60], [150]]


def test_our_own_v21_is_followed_by_silence_of_ours_and_theirs_by_waiting() -> None:
    actions = in_training(sender())
    assert names(actions) == ["WaitSilence", "TSI+DCS", "Silence", "SendTraining", "ListenFrames"]
    assert [one.ms for one in actions if isinstance(one, Silence)] == [60]


def test_a_new_dis_in_training_gets_the_same_dcs_again() -> None:
    session = sender()
    in_training(session)
    narrow = burst(Frame(Fcf.DIS, fif=bytes.fromhex("00 02 00")))
    sent = next(one for one in feed(session, narrow, 13.0) if isinstance(one, SendFrames))
    dcs = Dcs(sent.frames[-1].fif)
    assert (dcs.rate, dcs.compression) == (Rate.V17_14400, Compression.MR)


def test_a_dis_that_takes_back_receiving_ends_the_call() -> None:
    session = sender()
    in_training(session)
    assert names(feed(session, burst(Frame(Fcf.DIS, fif=bytes(3))), 13.0))[-2:] == ["DCN", "HangUp"]


# -- ends ------------------------------------------------------------------------------------------------


def test_a_driver_that_never_finishes_sending_is_a_modem_error() -> None:
    session = sender()
    session.start(0.0)
    session.handle(Connected(), 1.0)
    feed(session, burst(Frame(Fcf.DIS, fif=FULL_DIS)), 2.0)
    deadline = session.next_deadline()
    assert deadline
    assert session.timeout(deadline) == [HangUp()]
    session.handle(HungUp(), deadline)
    assert session.result
    assert session.result.reason is Reason.MODEM_ERROR


def test_a_driver_that_fails_ends_the_call_with_its_reason() -> None:
    session = sender()
    in_training(session)
    assert session.handle(DriverFailed(Reason.CALL_DROPPED, "gone"), 13.0) == [HangUp()]
    session.handle(HungUp(), 13.0)
    assert session.result
    assert (session.result.reason, session.result.t30) == (Reason.CALL_DROPPED, "gone")


def test_a_line_that_hangs_up_by_itself_is_a_dropped_call() -> None:
    session = sender()
    in_training(session)
    session.handle(HungUp(), 13.0)
    session.handle(HungUp(), 13.1)
    assert session.result
    assert session.result.reason is Reason.CALL_DROPPED


def test_a_modem_that_does_not_hang_up_does_not_hold_the_call() -> None:
    session = sender()
    in_training(session)
    session.cancel(13.0)
    while not session.done:
        session.timeout(session.next_deadline() or 0.0)
    assert session.result
    assert session.result.reason is Reason.CANCELLED


def test_a_call_cancelled_before_it_began_has_a_result() -> None:
    session = sender()
    assert session.cancel(0.0) == []
    assert session.done
    assert session.cancel(1.0) == []
    assert isinstance(session.take_notices()[-1], Finished)


def test_a_finished_session_does_nothing_more() -> None:
    session = sender()
    session.start(0.0)
    session.handle(CallFailed(Reason.BUSY), 1.0)
    assert session.handle(Connected(), 2.0) == []
    assert session.next_deadline() is None
    assert session.timeout(99.0) == []


def test_the_log_tells_frames_training_pages_and_the_end() -> None:
    session = sender()
    after_page(session)
    session.cancel(21.0)
    session.handle(HungUp(), 22.0)
    log = session.take_trace()
    assert {entry.kind for entry in log} == {"frame", "training", "page", "note"}
    assert {entry.direction for entry in log} >= {">", "<"}
    assert any(entry.text.startswith("DCS: 14400 bit/s V.17") and entry.raw for entry in log)
    assert log[-1].text == "call ended: cancelled"
    assert [entry.at for entry in log] == sorted(entry.at for entry in log)
    assert session.take_trace() == []


def test_a_password_is_not_in_words_in_the_log() -> None:
    session = T30Sender(type(CALLER)("call", "1", pwd="4711", compressions=(MH,)), pages(1, rows=20))
    in_training(session)
    assert not any("4711" in entry.text for entry in session.take_trace())


# -- the receiver's odd moments --------------------------------------------------------------------------


def listening_for_page() -> T30Receiver:
    session = receiver()
    session.start(0.0)
    session.handle(Connected(), 3.0)
    session.handle(Sent(), 5.0)
    actions = feed(session, burst(Frame(Fcf.DCS, x=True, fif=DCS.fif)), 7.0)
    assert actions == [ListenData(Rate.V17_14400, long=True)]
    feed(session, [CarrierSeen(fast=True), DataReceived(bytes(2700))], 9.0)
    actions = session.handle(DataEnded(), 10.0)
    assert names(actions) == ["WaitSilence", "CFR", "ListenData"]
    assert actions[-1] == ListenData(Rate.V17_14400, long=False)
    session.handle(Sent(), 11.5)
    return session


def test_a_page_that_stops_coming_is_heard_out_on_v21() -> None:
    session = listening_for_page()
    session.handle(DataReceived(t4.finish(stream(MH, 1728, 20, 1), MH)), 13.0)
    assert session.timeout(13.0 + Timer.DATA.seconds) == [ListenFrames()]
    assert names(feed(session, burst(Frame(Fcf.EOP, x=True)), 25.0))[-2:] == ["MCF", "ListenFrames"]


def test_a_click_on_the_fast_carrier_is_no_page() -> None:
    session = listening_for_page()
    session.handle(DataReceived(b"\xff\x00\x13"), 12.0)
    assert session.handle(DataEnded(), 12.1) == [ListenFrames()]
    assert names(feed(session, burst(Frame(Fcf.MPS, x=True)), 30.0))[-2:] == ["DCN", "HangUp"]


def confirmed_mps(session: T30Receiver) -> None:
    session.handle(DataReceived(t4.finish(stream(MH, 1728, 20, 1), MH)), 13.0)
    session.handle(DataEnded(), 13.5)
    assert "MCF" in names(feed(session, burst(Frame(Fcf.MPS, x=True)), 15.0))
    session.handle(Sent(), 17.0)


def test_an_echo_after_our_answer_does_not_make_a_later_command_a_repetition() -> None:
    session = listening_for_page()
    confirmed_mps(session)
    session.handle(CarrierWrong(), 18.0)
    assert feed(session, burst(Frame(Fcf.MCF)), 19.5) == [ListenFrames()]
    assert names(feed(session, burst(Frame(Fcf.MPS, x=True)), 40.0))[-2:] == ["DCN", "HangUp"]


def test_noise_in_a_training_check_is_never_kept_as_a_page() -> None:
    tray = Tray()
    session = listening_for_page()
    session._sink = tray
    confirmed_mps(session)
    session.handle(CarrierWrong(), 18.0)
    feed(session, burst(Frame(Fcf.DCS, x=True, fif=DCS.fif)), 19.5)
    session.handle(DataReceived(stream(MH, 1728, 20, 1)), 22.0)
    session.handle(HungUp(), 23.0)
    session.handle(HungUp(), 23.1)
    assert [page.n for page in tray.pages] == [1]


def test_who_it_is_is_told_once_however_often_the_dis_comes() -> None:
    session = sender()
    in_training(session)
    feed(session, burst(Frame(Fcf.DIS, fif=FULL_DIS)), 13.0)
    assert sum(type(one).__name__ == "Identified" for one in session.take_notices()) == 1


def test_a_line_dropped_after_a_confirmed_eop_is_a_success() -> None:
    session = listening_for_page()
    session.handle(DataReceived(t4.finish(stream(MH, 1728, 20, 1), MH)), 13.0)
    session.handle(DataEnded(), 13.5)
    feed(session, burst(Frame(Fcf.EOP, x=True)), 15.0)
    session.handle(Sent(), 17.0)
    session.handle(HungUp(), 17.5)
    session.handle(HungUp(), 17.6)
    assert session.result
    assert session.result.success


def test_a_line_dropped_before_the_confirmation_left_is_not() -> None:
    session = listening_for_page()
    session.handle(DataReceived(t4.finish(stream(MH, 1728, 20, 1), MH)), 13.0)
    session.handle(DataEnded(), 13.5)
    feed(session, burst(Frame(Fcf.EOP, x=True)), 15.0)
    session.handle(HungUp(), 15.5)
    session.handle(HungUp(), 15.6)
    assert session.result
    assert not session.result.success
    assert session.result.pages[0].state.value == "awaiting"


def test_half_a_page_is_kept_when_the_line_goes() -> None:
    tray = Tray()
    session = T30Receiver(ANSWERER, tray)
    session.start(0.0)
    session.handle(Connected(), 3.0)
    session.handle(Sent(), 5.0)
    feed(session, burst(Frame(Fcf.DCS, x=True, fif=DCS.fif)), 7.0)
    feed(session, [DataReceived(bytes(2700)), DataEnded()], 9.0)
    session.handle(Sent(), 11.0)
    data = stream(MH, 1728, 60, 1)
    session.handle(DataReceived(data[: len(data) // 2]), 12.0)
    session.handle(HungUp(), 12.5)
    session.handle(HungUp(), 12.6)
    assert 0 < tray.pages[0].rows < 60
    assert session.result
    assert [page.state.value for page in session.result.pages] == ["awaiting"]


def test_v21_in_place_of_the_training_check_is_listened_to() -> None:
    session = receiver()
    session.start(0.0)
    session.handle(Connected(), 3.0)
    session.handle(Sent(), 5.0)
    feed(session, burst(Frame(Fcf.DCS, x=True, fif=DCS.fif)), 7.0)
    assert session.handle(CarrierWrong(), 8.0) == [ListenFrames()]
    assert isinstance(feed(session, burst(Frame(Fcf.DCS, x=True, fif=DCS.fif)), 10.0)[-1], ListenData)


# -- the rules of a list, which the simulated line holds ----------------------------------------------------


class Rude:
    """A party that gives whatever list it was made with."""

    done = False

    def __init__(self, *lists: list[Action]) -> None:
        self._lists = list(lists)

    def start(self, now: float) -> list[Action]:  # noqa: ARG002  (the seam)
        return self._lists.pop(0)

    def handle(self, event: Event, now: float) -> list[Action]:  # noqa: ARG002  (the seam)
        return self._lists.pop(0) if self._lists else []

    def stored(self, notice_id: int, now: float) -> list[Action]:  # noqa: ARG002  (the seam)
        return []

    def next_deadline(self) -> float | None:
        return None

    def timeout(self, now: float) -> list[Action]:  # noqa: ARG002  (the seam)
        return []

    def take_notices(self) -> list[Notice]:
        return []


MCF = SendFrames((Frame(Fcf.MCF),))


@pytest.mark.parametrize(
    "actions",
    [
        [Dial("1"), ListenFrames()], [ListenFrames(), MCF], [ListenFrames(), ListenFrames()], [HangUp(), MCF],
        [MCF, Dial("1")],
    ],
)  # fmt: skip
def test_a_list_against_the_rules_is_refused(actions: list[Action]) -> None:
    with pytest.raises(RuleBrokenError):
        Line(Rude(actions), receiver()).run()


def test_a_second_list_while_the_first_is_being_sent_is_refused() -> None:
    talkative = Rude([Dial("1")], [SendPage(Rate.V17_14400, bytes(9000))])
    line = Line(talkative, receiver())
    line.at(8.5, lambda: line.caller.perform([MCF]))
    with pytest.raises(RuleBrokenError):
        line.run()
