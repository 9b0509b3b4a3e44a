"""What every receiving station does: introduce itself, judge the training check, answer, store, end.

How a page comes, line by line or in blocks, is told in `modem.reception_plain` and `modem.reception_ecm`;
`modem.receiver` joins the three and holds the theory of operation. Follows T.30 5.3 (phases B, D and E).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from modem import tcf
from modem.actions import Action, Answer, ListenData, ListenFrames
from modem.capabilities import Dcs, Dis, offer
from modem.coding import Compression
from modem.events import DriverFailed, HungUp
from modem.fcf import Fcf, Frame
from modem.ident import decode_ident, encode_ident
from modem.incoming import CarrierData
from modem.notices import Answered, Identified, PageStored
from modem.rates import Rate
from modem.result import PageState, Reason
from modem.session import TURN_ROUND, Session
from modem.states import Cue, State, Table
from modem.timers import Timer

if TYPE_CHECKING:
    from collections.abc import Iterable

    from modem.coding import PageSink, ReceivedPage
    from modem.events import Event
    from modem.job import CallJob

REPEAT_WINDOW = 4.0  # T4 of the far end at its longest (3.45 s), and the driver's delay
STORE_PATIENCE = 2.0
LONGEST_PAGE = 1200.0  # an A4 photograph in fine takes 12 minutes at 2400 bit/s
MOST_TRAININGS = 30  # DCS without a page confirmed; a sender tries each of 8 rates 3 times at most
MOST_REPEATS = 6  # the same answer again; T.30 asks for it twice at most

POST_PAGE = (Fcf.MPS, Fcf.EOM, Fcf.EOP)
CONFIRMATIONS = (Fcf.MCF, Fcf.RTP, Fcf.ERR)

TABLE: Table = {
    (State.ANSWERING, Cue.CONNECTED): "_open",
    (State.ANSWERING, Cue.SILENCE): "_nobody",
    (State.PHASE_B, Fcf.DCS): "_take_dcs",
    (State.PHASE_B, Fcf.DTC): "_decline_poll",
    (State.PHASE_B, Fcf.DIS): "_decline_poll",
    (State.REOPENING, Fcf.DTC): "_decline_poll",
    (State.PHASE_B, Fcf.CRP): "_introduce_again",
    (State.PHASE_B, Cue.SILENCE): "_introduce_again",
    (State.TCF, Cue.DATA_ENDED): "_judge_tcf",
    (State.TCF, Cue.WRONG_CARRIER): "_no_tcf",
    (State.TCF, Cue.NO_CARRIER): "_no_tcf",
    (State.TCF, Cue.SILENCE): "_judge_tcf",
    (State.TCF, Fcf.DCS): "_take_dcs",
    (State.RETRAIN, Fcf.DCS): "_take_dcs",
    (State.RETRAIN, Cue.SILENCE): "_not_retrained",
    (State.REOPENING, Fcf.DCS): "_take_dcs",
    (State.REOPENING, Cue.SILENCE): "_open",
    (State.CLOSING, Fcf.DCN): "_closed",
    (State.CLOSING, Cue.SILENCE): "_closed",
    **{(state, Fcf.CRP): "_answer_again" for state in (State.RETRAIN, State.REOPENING, State.CLOSING)},
    **{(state, Cue.SENT): "_answer_left" for state in (State.RETRAIN, State.REOPENING, State.CLOSING)},
}

OWN_ANSWERS = frozenset(
    {Fcf.CFR, Fcf.FTT, Fcf.CTR, Fcf.MCF, Fcf.RTP, Fcf.RTN, Fcf.PIP, Fcf.PIN, Fcf.PPR, Fcf.RNR, Fcf.ERR}
)


class Reception(Session):
    """A station that receives into a `PageSink`; the ways of pages are added by its subclasses."""

    direction = "in"

    def __init__(self, job: CallJob, sink: PageSink, rates: Iterable[Rate] = tuple(Rate)) -> None:
        super().__init__(job, rates)
        self._sink = sink
        self._dis = self._offer()
        self._dcs: Dcs | None = None
        self._sub = ""
        self._t1_ends = 0.0
        self._incoming = CarrierData()
        self._in_page = False  # what comes in is a page, no training check
        self._repeat_until = 0.0
        self._trainings = 0
        self._repeats = 0
        self._n = 1
        self._fif = b""  # field of the frame that closed the last burst
        self._command = Fcf.EOP
        self._answer: tuple[Fcf, bytes] | None = None
        self._loose: ReceivedPage | None = None  # read, but not confirmed
        self._unconfirmed: int | None = None  # its confirmation is on the way
        self._held: tuple[int, float] | None = None  # notice that holds it, and since when

    def _offer(self, *, document: bool = False) -> Dis:
        job = self.job
        return offer(
            rates=self.rates,
            compressions=job.compressions,
            resolutions=job.receive_resolutions,
            widths=job.receive_widths,
            min_scan_ms=job.min_scan_ms,
            ecm=job.ecm,
            ecm_octets=job.ecm_octets,
            document=document,
            selective=bool(job.sep),
        )

    def start(self, now: float) -> list[Action]:
        """Go off hook, once that is stored."""
        self.now = now
        return [self._begin(State.ANSWERING, Timer.ANSWER, ""), Answer()]

    # -- phase B ----------------------------------------------------------------------------------------

    def _nobody(self) -> list[Action]:
        return self._end(Reason.MODEM_ERROR, "the modem did not answer the call", dcn=False)

    def _open(self) -> list[Action]:
        """Introduce ourselves, for the first time or again after EOM."""
        if self.state is State.ANSWERING:
            self._tell(Answered)
        self._t1_ends = self.now + Timer.T1.seconds
        return self._introduce()

    def _introduce(self) -> list[Action]:
        before = [] if self.state is State.ANSWERING else [TURN_ROUND]
        self.state = State.PHASE_B
        burst = self._frames(*self._introduction())
        return [*self._transmit(*before, burst, wait=Timer.T4), ListenFrames()]

    def _introduction(self) -> list[tuple[Fcf, bytes]]:
        nsf = [(Fcf.NSF, self.job.nsf)] if self.job.nsf else []
        identity = [(Fcf.CSI, encode_ident(self.job.ident))] if self.job.ident else []
        return [*nsf, *identity, (Fcf.DIS, self._dis.fif)]

    def _introduce_again(self) -> list[Action]:
        if self.now < self._t1_ends:
            return self._introduce()
        if self.pages:
            return self._end(Reason.CALL_DROPPED, "T1 without DCS after EOM")
        return self._end(Reason.NO_CARRIER, "T1 without DCS")

    def _decline_poll(self) -> list[Action]:
        """Leave a caller that wants to receive, whether it says so by DTC or by a DIS of its own."""
        return self._end(Reason.POLL_REFUSED, "the far machine polls, and there is no document")

    def _is_echo(self, closing: Frame) -> bool:
        """Take a DIS for our own only if it says what ours says."""
        if closing.fcf is Fcf.DIS:
            return closing.fif == self._dis.fif
        return super()._is_echo(closing)

    def _take_burst(self, frames: list[Frame]) -> None:
        fields = {frame.fcf: frame.fif for frame in frames}
        self._fif = next(frame.fif for frame in reversed(frames) if frame.final)
        if Fcf.DCS not in fields:
            return
        self._dcs = Dcs(fields[Fcf.DCS])
        ident = decode_ident(fields.get(Fcf.TSI, b"")) or self.remote_id
        sub = decode_ident(fields.get(Fcf.SUB, b"")) or self._sub
        if (ident, sub) != (self.remote_id, self._sub):
            self.remote_id, self._sub = ident, sub
            self._tell(Identified, ident=ident, sub=sub)

    def _take_dcs(self) -> list[Action]:
        """Listen to the training check at once: the far end's carrier follows within 75 ms."""
        dcs = self._their_dcs()
        rate = dcs.rate
        if rate is None or not self._acceptable(dcs):
            return self._end(Reason.INCOMPATIBLE, f"DCS beyond our DIS: {dcs}")
        self._trainings += 1
        if self._trainings > MOST_TRAININGS:
            return self._end(Reason.TRAINING_FAILED, f"DCS {MOST_TRAININGS} times without a page")
        self.rate = rate
        self._repeats = 0
        self._t1_ends = self.now + Timer.T1.seconds
        self.state = State.TCF
        self._in_page = False
        self._incoming.clear()
        return self._listen(ListenData(rate, long=True), Timer.TCF)

    def _acceptable(self, dcs: Dcs) -> bool:
        """Tell whether a DCS stays within our DIS. The rate is not asked for: its training fails."""
        return (
            not dcs.foreign
            and (self.job.ecm or not dcs.ecm)
            and dcs.compression in self._dis.compressions
            and (dcs.ecm or dcs.compression is not Compression.MMR)
            and dcs.resolution in self._dis.resolutions
            and dcs.width in self._dis.widths_at(dcs.resolution)
        )

    def _no_tcf(self) -> list[Action]:
        """Hear what V.21 brings, a DCS again for one; silence makes it a check that failed."""
        self._note("<", "training", "no training check")
        self._burst_at = None
        return [ListenFrames()]

    def _judge_tcf(self) -> list[Action]:
        rate = self._speed()
        verdict = tcf.judge(self._incoming.data, rate)
        self._note("<", "training", f"TCF {rate.bits} bit/s {rate.modulation}: {verdict}")
        self._incoming.clear()
        if verdict.good and rate in self.rates:
            self._tell_negotiated(self._their_dcs())
            return self._respond(Fcf.CFR)
        self.ftt += 1
        return self._respond(Fcf.FTT)

    def _not_retrained(self) -> list[Action]:
        """After FTT begin again with DIS; after RTP and RTN the far end should have known better."""
        return self._far_end_silent() if self.pages or self._loose else self._introduce_again()

    # -- fast carriers ----------------------------------------------------------------------------------

    def _data(self, data: bytes) -> None:
        if self.state in (State.TCF, State.RECEIVING):
            self._incoming.add(data, self.now)
            self._await_data()

    def _carrier(self, *, fast: bool) -> None:
        super()._carrier(fast=fast)
        if fast and self.state in (State.TCF, State.RECEIVING, State.RECEIVING_BLOCK):
            self._incoming.carrier(self.now)
            self._await_data()

    def _await_data(self) -> None:
        """Bound the silence inside a carrier, and the carrier itself, in place of the wait for it."""
        longest = LONGEST_PAGE if self._in_page else Timer.DATA.seconds
        began = self.now if self._incoming.began is None else self._incoming.began
        self._stop_wait()
        self._wait = Timer.DATA
        left = max(0.0, began + longest - self.now)
        self._timers.start(Timer.DATA, self.now, min(Timer.DATA.seconds, left))

    # -- answers ----------------------------------------------------------------------------------------

    def _record(self, page: ReceivedPage, state: PageState) -> None:
        self._page(
            page.n,
            state=state,
            compression=page.coding.compression.value,
            bytes=len(page.data),
            seconds=page.seconds,
            bad_lines=len(page.bad_lines),
            rate=page.rate,
        )

    def _confirm(self, page: ReceivedPage, answer: Fcf) -> list[Action]:
        """Hand the page on; its confirmation leaves when the owner has it."""
        self._record(page, PageState.AWAITING)
        self._sink.store(page)
        self._loose = None
        self._unconfirmed = page.n
        self._trainings = 0
        barrier = self._barrier(PageStored, n=page.n)
        self._held = (barrier.notice_id, self.now)
        self._n += 1
        return self._respond(answer, barrier)

    def _respond(self, answer: Fcf, *before: Action, fif: bytes = b"") -> list[Action]:
        """Send an answer and turn to what it asks for."""
        self._answer = answer, fif
        state = self._state_after(answer)
        self._incoming.clear()
        if state in (State.RECEIVING, State.RECEIVING_BLOCK):
            self._in_page = True
            listen: Action = ListenData(self._speed(), long=answer is Fcf.CTR)
        else:
            listen = ListenFrames()
        wait = Timer.REST if state is State.BUSY else Timer.T2
        actions = self._transmit(*before, TURN_ROUND, self._frames(self._answer), wait=wait)
        self.state = state
        return [*actions, listen]

    def _state_after(self, answer: Fcf) -> State:
        page = State.RECEIVING_BLOCK if self._their_dcs().ecm else State.RECEIVING
        match answer:
            case Fcf.CFR | Fcf.PPR | Fcf.CTR:
                return page
            case Fcf.FTT | Fcf.RTN:
                return State.RETRAIN
            case Fcf.RNR:
                return State.BUSY
        if self._command is Fcf.MPS:
            return State.RETRAIN if answer is Fcf.RTP else page
        return State.CLOSING if self._command is Fcf.EOP else State.REOPENING

    def _answer_left(self) -> list[Action]:
        """Take note that our answer is out: now the page counts as confirmed."""
        self._repeat_until = self.now + REPEAT_WINDOW
        self._held = None
        if self._unconfirmed is not None and self._said(*CONFIRMATIONS):
            self._page(self._unconfirmed, state=PageState.CONFIRMED)
            self._unconfirmed = None
        return []

    def _answer_again(self) -> list[Action]:
        """Say once more what we said last."""
        self._repeats += 1
        if self._repeats > MOST_REPEATS:
            return self._closed() if self.state is State.CLOSING else self._asked_for_ever()
        return self._respond(self._answer[0], fif=self._answer[1]) if self._answer else self._listen_again()

    def _asked_for_ever(self) -> list[Action]:
        return self._end(Reason.PROTOCOL, f"asked for the same answer {self._repeats} times")

    def _in_time(self) -> bool:
        """Tell whether this burst began while the far end could still miss our last answer."""
        return self._burst_at is not None and self._burst_at <= self._repeat_until

    def _stray_carrier(self) -> None:
        """Take it for a page that would not train: what comes behind it repeats nothing."""
        if self.state in (State.BETWEEN, State.BLOCK_END) and self._burst_at is not None:
            self._repeat_until = min(self._repeat_until, self._burst_at)

    def _said(self, *answers: Fcf) -> bool:
        """Tell whether our last answer was one of these."""
        return self._answer is not None and self._answer[0] in answers

    # -- phase E ----------------------------------------------------------------------------------------

    def _closed(self) -> list[Action]:
        """End well; a DCN is never answered by another."""
        return self._end(Reason.RECEIVED, dcn=self._signal is not Fcf.DCN)

    def _far_end_silent(self) -> list[Action]:
        return self._end(Reason.CALL_DROPPED, f"the far machine fell silent while {self.state.value}")

    def _remote_left(self) -> list[Action]:
        return self._end(Reason.REMOTE_DISCONNECT, f"DCN while {self.state.value}", dcn=False)

    def _heed(self, event: Event) -> list[Action]:
        """Take an event; once EOP is confirmed a line or modem that goes takes nothing with it."""
        if isinstance(event, HungUp | DriverFailed) and self._complete():
            return self._end(Reason.RECEIVED, "the line was dropped after EOP", dcn=False)
        return super()._heed(event)

    def _line_gone(self) -> list[Action]:
        if self._complete():
            return self._end(Reason.RECEIVED, "the line was dropped after EOP", dcn=False)
        return super()._line_gone()

    def _complete(self) -> bool:
        return self.state is State.CLOSING and self._unconfirmed is None

    def _settle(self) -> None:
        """Keep a page that came but was never confirmed."""
        loose = self._loose or self._unfinished()
        if loose and loose.rows:
            if loose is not self._loose:
                self._record(loose, PageState.AWAITING)
            self._sink.store(loose)
            self._tell(PageStored, n=loose.n)

    def _unfinished(self) -> ReceivedPage | None:
        """Return what there is of a page whose command never came."""
        return None

    # -- where we are -----------------------------------------------------------------------------------

    def _their_dcs(self) -> Dcs:
        assert self._dcs is not None  # noqa: S101  (every state behind PHASE_B has one)
        return self._dcs
