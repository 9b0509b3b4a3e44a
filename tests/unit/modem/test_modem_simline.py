"""The simulated line itself: who hears what, when, and what a cut transmission leaves behind."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from modem import airtime
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
    SendTraining,
    Silence,
    WaitSilence,
)
from modem.events import (
    BurstEnded,
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
from modem.notices import Dialling, Notice
from modem.rates import Rate
from modem.simend import CED, LATE_FOR_TRAINING
from modem.simline import Conditions, Line

if TYPE_CHECKING:
    from collections.abc import Callable

MCF, EOP = Frame(Fcf.MCF), Frame(Fcf.EOP, x=True)
UP = 5.0 + CED


@dataclass
class Puppet:
    """A party that keeps what it hears and gives the list it was made with."""

    at_start: list[Action] = field(default_factory=list)
    connected: list[Action] = field(default_factory=list)
    heard: list[tuple[float, Event]] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    done: bool = False

    def start(self, now: float) -> list[Action]:  # noqa: ARG002  (the seam)
        return self.at_start

    def handle(self, event: Event, now: float) -> list[Action]:
        self.heard.append((now, event))
        return self.connected if isinstance(event, Connected) else []

    def stored(self, notice_id: int, now: float) -> list[Action]:  # noqa: ARG002  (the seam)
        return []

    def next_deadline(self) -> float | None:
        return None

    def timeout(self, now: float) -> list[Action]:  # noqa: ARG002  (the seam)
        return []

    def take_notices(self) -> list[Notice]:
        taken, self.notices = self.notices, []
        return taken

    def events(self) -> list[Event]:
        return [event for _, event in self.heard if not isinstance(event, Connected)]

    def when(self, kind: type) -> float:
        return next(at for at, event in self.heard if isinstance(event, kind))


def talk(
    caller: list[Action],
    answerer: list[Action],
    conditions: Conditions | None = None,
    **later: Callable[[Line], None],
) -> tuple[Puppet, Puppet]:
    """Connect two puppets, give each its list; `later` at the second named in `at_<tenths>`."""
    one, other = Puppet([Dial("1")], caller), Puppet([Answer()], answerer)
    line = Line(one, other, conditions)
    for name, what in later.items():
        line.at(UP + int(name.removeprefix("at_")) / 10, lambda what=what: what(line))  # type: ignore[misc]
    line.run(until=120.0)
    return one, other


def test_a_burst_is_heard_frame_by_frame_and_ends_with_its_final_frame() -> None:
    csi = Frame(Fcf.CSI, final=False, fif=bytes(20))
    caller, answerer = talk([ListenFrames()], [SendFrames((csi, MCF))])
    assert caller.events() == [
        CarrierSeen(fast=False),
        FrameReceived(csi, fcs_ok=True, raw=csi.encode()),
        FrameReceived(MCF, fcs_ok=True, raw=MCF.encode()),
        BurstEnded(),
    ]
    assert answerer.events() == [Sent()]
    assert caller.when(BurstEnded) == pytest.approx(
        UP + airtime.PREAMBLE + airtime.frame(csi) + airtime.frame(MCF)
    )


def test_delay_moves_everything_by_itself() -> None:
    caller, answerer = talk([ListenFrames()], [SendFrames((MCF,))], Conditions(delay=0.7))
    assert caller.when(CarrierSeen) == pytest.approx(UP + 0.7)
    assert answerer.when(Sent) == pytest.approx(UP + airtime.seconds(SendFrames((MCF,))))


def test_a_damaged_frame_arrives_as_nothing_with_a_bad_fcs() -> None:
    caller, _ = talk([ListenFrames()], [SendFrames((MCF,))], Conditions(frame=lambda _side, _frame: None))
    assert caller.events() == [
        CarrierSeen(fast=False),
        FrameReceived(None, fcs_ok=False, raw=MCF.encode()),
        BurstEnded(),
    ]


def test_who_sends_hears_nothing() -> None:
    caller, answerer = talk([SendFrames((EOP,))], [SendFrames((MCF,))])
    assert caller.events() == [Sent()]
    assert answerer.events() == [Sent()]


def test_frames_begun_before_listening_are_missed() -> None:
    caller, _ = talk([], [SendFrames((MCF,))], at_11=lambda line: line.caller.perform([ListenFrames()]))
    assert caller.events() == []


def test_a_burst_can_be_joined_during_its_preamble() -> None:
    caller, _ = talk([], [SendFrames((MCF,))], at_8=lambda line: line.caller.perform([ListenFrames()]))
    assert FrameReceived(MCF, fcs_ok=True, raw=MCF.encode()) in caller.events()


@pytest.mark.parametrize("action", [SendTraining(Rate.V29_9600), SendPage(Rate.V29_9600, bytes(5000))])
def test_fast_data_arrives_in_pieces_between_carrier_and_end(action: Action) -> None:
    sent = bytes(5000) if isinstance(action, SendPage) else bytes(1800)
    caller, _ = talk([ListenData(Rate.V29_9600, long=True)], [action])
    events = caller.events()
    assert events[0] == CarrierSeen(fast=True)
    assert events[-1] == DataEnded()
    assert b"".join(event.data for event in events if isinstance(event, DataReceived)) == sent
    assert caller.when(DataReceived) == pytest.approx(UP + airtime.training(Rate.V29_9600, long=True))


@pytest.mark.parametrize(
    "listen",
    [
        ListenData(Rate.V17_12000, long=False), ListenData(Rate.V17_14400, long=True), ListenFrames(),
    ],
)  # fmt: skip
def test_a_page_at_another_rate_or_with_other_training_is_not_heard(listen: Action) -> None:
    caller, _ = talk([listen], [SendPage(Rate.V17_14400, bytes(500))])
    assert caller.events() == []


def test_a_fast_receiver_that_opens_too_late_misses_the_training() -> None:
    assert LATE_FOR_TRAINING < 0.2
    page = SendPage(Rate.V17_14400, bytes(500))
    listen = ListenData(Rate.V17_14400, long=False)
    late, _ = talk([], [page], at_2=lambda line: line.caller.perform([listen]))
    assert late.events() == []
    early, _ = talk([], [Silence(300), page], at_2=lambda line: line.caller.perform([listen]))
    assert DataEnded() in early.events()


def test_v21_in_place_of_fast_data_is_said_at_once() -> None:
    caller, _ = talk([ListenData(Rate.V17_14400, long=True)], [SendFrames((MCF,))])
    assert caller.events() == [CarrierWrong()]
    assert caller.when(CarrierWrong) == pytest.approx(UP)


def test_waiting_for_silence_outlasts_the_far_carrier() -> None:
    page = SendPage(Rate.V17_14400, bytes(3600))
    caller, answerer = talk([WaitSilence(70), SendFrames((EOP,)), ListenFrames()], [page, ListenFrames()])
    ended = answerer.when(Sent)
    begun = next(at for at, event in answerer.heard if event == CarrierSeen(fast=False))
    assert 0.07 <= begun - ended <= 0.12
    assert FrameReceived(EOP, fcs_ok=True, raw=EOP.encode()) in answerer.events()
    assert caller.events()[0] == Sent()


def test_an_echo_comes_back_to_who_listens_by_then() -> None:
    caller, _ = talk([SendFrames((EOP,)), ListenFrames()], [], Conditions(echo=1.5))
    assert FrameReceived(EOP, fcs_ok=True, raw=EOP.encode()) in caller.events()
    caller, _ = talk([SendFrames((EOP,)), ListenFrames()], [], Conditions(echo=0.3))
    assert caller.events() == [Sent()]


def test_a_page_cut_short_ends_for_the_listener_at_that_moment() -> None:
    page = SendPage(Rate.V17_14400, bytes(18000))
    caller, answerer = talk(
        [ListenData(Rate.V17_14400, long=False)],
        [page],
        at_30=lambda line: line.answerer.perform([SendFrames((Frame(Fcf.DCN),)), HangUp()]),
    )
    assert caller.when(DataEnded) == pytest.approx(UP + 3.0)
    assert 0 < sum(len(event.data) for event in caller.events() if isinstance(event, DataReceived)) < 18000
    assert isinstance(answerer.events()[-1], HungUp)


def test_a_barrier_holds_the_list_until_its_notice_is_stored() -> None:
    one, other = Puppet([Barrier(1), Dial("1")]), Puppet([Answer()])
    one.notices = [Dialling(1, 0.0, "1")]
    line = Line(one, other, Conditions(storing=lambda _side, _notice: 2.5))
    line.run(until=60.0)
    assert other.when(Connected) == pytest.approx(2.5 + UP)
    assert line.notices["caller"] == [Dialling(1, 0.0, "1")]


def test_the_log_names_what_was_said() -> None:
    one, other = Puppet([Dial("1")], [ListenFrames()]), Puppet([Answer()])
    other.connected = [
        SendFrames((MCF,)),
        Silence(70),
        SendTraining(Rate.V27_2400),
        SendPage(Rate.V27_4800, b"1"),
    ]
    line = Line(one, other)
    line.run(until=60.0)
    assert [(said.side, said.what) for said in line.said] == [
        ("answerer", "MCF"), ("answerer", "TCF 2400"), ("answerer", "page 4800"),
    ]  # fmt: skip
    assert line.said[0].at == pytest.approx(UP)
