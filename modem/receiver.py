"""The answering machine: phases A to E of T.30 for a document to be received, without ECM.

Theory of operation
-------------------
ANSWERING    off hook; CED and the V.21 preamble are the modem's
PHASE_B      (NSF) CSI DIS is out; T4, and T1 over all repetitions. DCS opens the training check
TCF          listening on the fast carrier, long training. Good: CFR. Bad: FTT. None: no answer, DCS comes
             again
RETRAIN      FTT, RTP or RTN is out; T2 for a new DCS
RECEIVING    CFR or MCF is out; T2 for the fast carrier of a page, short training
BETWEEN      something on V.21 instead of a page: DCS again (they missed CFR), a post-page command again (they
             missed our answer), DCN
POST_PAGE    the page's carrier has gone; MPS, EOM or EOP follows
REOPENING    EOM was confirmed; T2 of silence, then DIS again
CLOSING      EOP was confirmed; DCN is expected and not needed

**The repeated command.** A post-page command without a page before it is a repetition: it gets the same
answer once more and counts nothing. But a page may also have been missed whole, and to confirm that one
would lose it without a word. The two differ in time: a repetition begins within the far end's T4 after our
answer; so another command, a later one (`REPEAT_WINDOW`), or one behind a fast carrier that brought no line
tells of a lost page, and the call is ended with DCN.

**The page.** It is read when its command comes, handed to the sink, and confirmed when the owner has stored
it (write-ahead); `modem.incoming` has the verdict. A page without a single line is never answered with RTN,
confused senders count that as sent: DCN. What is not confirmed when the call ends is stored all the same and
reported as such.

**Stored too late.** When the barrier before a confirmation is lifted more than 2 s after the command, the far
end is about to repeat it or is doing so; the confirmation then waits for that repetition (`stored`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from modem import tcf
from modem.actions import Action, Answer, ListenData, ListenFrames
from modem.capabilities import Dcs, offer
from modem.coding import Compression
from modem.fcf import Fcf, Frame
from modem.ident import decode_ident, encode_ident
from modem.incoming import CarrierData
from modem.notices import Answered, Identified, PageStored
from modem.rates import Rate
from modem.result import PageState, Reason
from modem.session import TURN_ROUND, Cue, Session, State, Table
from modem.timers import Timer

if TYPE_CHECKING:
    from collections.abc import Iterable

    from modem.coding import PageSink, ReceivedPage
    from modem.job import CallJob

REPEAT_WINDOW = 4.0  # T4 of the far end at its longest (3.45 s), and the driver's delay
STORE_PATIENCE = 2.0
LONGEST_CLICK = 1.0  # seconds of a fast carrier without a line that are noise; more was a page
LONGEST_PAGE = 1200.0  # an A4 photograph in fine takes 12 minutes at 2400 bit/s
MOST_TRAININGS = 30  # DCS without a page confirmed; a sender tries each of 8 rates 3 times at most
MOST_REPEATS = 6  # the same answer again; T.30 asks for it twice at most

_POST_PAGE = (Fcf.MPS, Fcf.EOM, Fcf.EOP)

_TABLE: Table = {
    (State.ANSWERING, Cue.CONNECTED): "_open",
    (State.ANSWERING, Cue.SILENCE): "_nobody",
    (State.PHASE_B, Fcf.DCS): "_take_dcs",
    (State.PHASE_B, Fcf.DTC): "_decline_poll",
    (State.PHASE_B, Fcf.CRP): "_repeat_dis",
    (State.PHASE_B, Cue.SILENCE): "_repeat_dis",
    (State.TCF, Cue.DATA_ENDED): "_judge_tcf",
    (State.TCF, Cue.WRONG_CARRIER): "_no_tcf",
    (State.TCF, Cue.NO_CARRIER): "_no_tcf",
    (State.TCF, Cue.SILENCE): "_tcf_silent",
    (State.RETRAIN, Fcf.DCS): "_take_dcs",
    (State.RETRAIN, Cue.SILENCE): "_not_retrained",
    (State.RECEIVING, Cue.DATA_ENDED): "_page_ended",
    (State.RECEIVING, Cue.WRONG_CARRIER): "_command_instead",
    (State.RECEIVING, Cue.NO_CARRIER): "_no_page_yet",
    (State.RECEIVING, Cue.SILENCE): "_page_silent",
    (State.BETWEEN, Fcf.DCS): "_take_dcs",
    (State.BETWEEN, Cue.DAMAGED): "_damaged_repetition",
    (State.BETWEEN, Cue.SILENCE): "_far_end_silent",
    (State.POST_PAGE, Fcf.DCS): "_take_dcs",
    (State.POST_PAGE, Cue.SILENCE): "_far_end_silent",
    (State.REOPENING, Fcf.DCS): "_take_dcs",
    (State.REOPENING, Cue.SILENCE): "_open",
    (State.CLOSING, Fcf.DCN): "_closed",
    (State.CLOSING, Cue.SILENCE): "_closed",
    **{(State.POST_PAGE, command): "_judge_page" for command in _POST_PAGE},
    **{(State.BETWEEN, command): "_repeated" for command in _POST_PAGE},
    **{
        (state, command): "_answer_again"
        for state in (State.PHASE_B, State.RETRAIN, State.REOPENING, State.CLOSING)
        for command in (_POST_PAGE if state is not State.CLOSING else (Fcf.EOP,))
    },
    **{
        (state, Fcf.CRP): "_answer_again"
        for state in (State.RETRAIN, State.BETWEEN, State.REOPENING, State.CLOSING)
    },
    **{
        (state, Cue.SENT): "_answer_left"
        for state in (State.RECEIVING, State.RETRAIN, State.REOPENING, State.CLOSING)
    },
}

_OWN = frozenset(
    {
        Fcf.DIS,
        Fcf.CSI,
        Fcf.NSF,
        Fcf.CFR,
        Fcf.FTT,
        Fcf.MCF,
        Fcf.RTP,
        Fcf.RTN,
        Fcf.PIP,
        Fcf.PIN,
        Fcf.PPR,
        Fcf.RNR,
    }
)


class T30Receiver(Session):
    """Receives one document into a `PageSink`."""

    table = _TABLE
    own_frames = _OWN
    direction = "in"

    def __init__(self, job: CallJob, sink: PageSink, rates: Iterable[Rate] = tuple(Rate)) -> None:
        super().__init__(job, rates)
        self._sink = sink
        self._compressions = [c for c in job.compressions if c is not Compression.MMR]
        self._dis = offer(
            rates=self.rates,
            compressions=self._compressions,
            resolutions=job.receive_resolutions,
            widths=job.receive_widths,
            min_scan_ms=job.min_scan_ms,
        )
        self._dcs: Dcs | None = None
        self._sub = ""
        self._t1_ends = 0.0
        self._incoming = CarrierData()
        self._in_page = False  # what comes in is a page, no training check
        self._repeat_until = 0.0
        self._trainings = 0
        self._repeats = 0
        self._n = 1
        self._command = Fcf.EOP
        self._answer: Fcf | None = None
        self._loose: ReceivedPage | None = None  # read, but not confirmed
        self._unconfirmed: int | None = None  # its confirmation is on the way
        self._held: tuple[int, float] | None = None  # notice that holds it, and since when

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
        return self._send_dis()

    def _send_dis(self) -> list[Action]:
        before = [] if self.state is State.ANSWERING else [TURN_ROUND]
        self.state = State.PHASE_B
        nsf = [(Fcf.NSF, self.job.nsf)] if self.job.nsf else []
        burst = self._frames(*nsf, (Fcf.CSI, encode_ident(self.job.ident)), (Fcf.DIS, self._dis.fif))
        return [*self._transmit(*before, burst, wait=Timer.T4), ListenFrames()]

    def _repeat_dis(self) -> list[Action]:
        if self.now < self._t1_ends:
            return self._send_dis()
        if self.pages:
            return self._end(Reason.CALL_DROPPED, "T1 without DCS after EOM")
        return self._end(Reason.NO_CARRIER, "T1 without DCS")

    def _decline_poll(self) -> list[Action]:
        return self._end(Reason.POLL_REFUSED, "DTC, and no document to be polled")

    def _take_burst(self, frames: list[Frame]) -> None:
        fields = {frame.fcf: frame.fif for frame in frames}
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
        return (
            not dcs.ecm
            and not dcs.foreign
            and dcs.compression in self._compressions
            and dcs.resolution in self.job.receive_resolutions
            and dcs.width in self._dis.widths
        )

    def _tcf_silent(self) -> list[Action]:
        return self._judge_tcf() if self._incoming.data else self._no_tcf()

    def _no_tcf(self) -> list[Action]:
        """Say nothing: the far end repeats its DCS, and only then we repeat our DIS."""
        self._note("<", "training", "no training check")
        self.state = State.PHASE_B
        return self._listen(ListenFrames(), Timer.T2)

    def _judge_tcf(self) -> list[Action]:
        rate = self._speed()
        verdict = tcf.judge(self._incoming.data, rate)
        self._note("<", "training", f"TCF {rate.bits} bit/s {rate.modulation}: {verdict}")
        self._incoming.clear()
        if verdict.good and rate in self.rates:
            self._tell_negotiated(self._their_dcs())
            return self._respond(Fcf.CFR)
        return self._respond(Fcf.FTT)

    def _not_retrained(self) -> list[Action]:
        """After FTT begin again with DIS; after RTP and RTN the far end should have known better."""
        return self._far_end_silent() if self.pages or self._loose else self._repeat_dis()

    # -- phase C ----------------------------------------------------------------------------------------

    def _data(self, data: bytes) -> None:
        if self.state in (State.TCF, State.RECEIVING):
            self._incoming.add(data, self.now)
            self._await_data()

    def _carrier(self, *, fast: bool) -> None:
        super()._carrier(fast=fast)
        if fast and self.state in (State.TCF, State.RECEIVING):
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

    def _page_ended(self) -> list[Action]:
        self._incoming.ended(self.now)
        if not self._incoming.has_lines():
            self._note("<", "page", f"{len(self._incoming.data)} octets without a line")
            if self._incoming.seconds > LONGEST_CLICK:
                self._repeat_until = self.now
            return self._no_page_yet()
        self.state = State.POST_PAGE
        return self._listen(ListenFrames(), Timer.REST)

    def _page_silent(self) -> list[Action]:
        return self._page_ended() if self._incoming.data else self._no_page_yet()

    def _command_instead(self) -> list[Action]:
        actions = self._no_page_yet()
        self._burst_at = self.now
        return actions

    def _no_page_yet(self) -> list[Action]:
        """Hear what V.21 brings; the far end may be in the middle of a page we miss."""
        self.state = State.BETWEEN
        self._incoming.clear()
        return self._listen(ListenFrames(), Timer.REST)

    # -- phase D ----------------------------------------------------------------------------------------

    def _judge_page(self) -> list[Action]:
        """Read the page, hand it on, answer its command."""
        self._note_command()
        self._repeats = 0
        page, scan = self._incoming.read(self._n, self._their_dcs(), self._speed())
        answer = self._incoming.verdict(scan, self.now if self._burst_at is None else self._burst_at)
        self._note("<", "page", f"page {page.n}: {scan.rows} lines, {len(scan.bad_lines)} bad")
        self._incoming.clear()
        self._loose = page
        if not scan.rows:
            return self._end(Reason.PAGE_REJECTED, f"page {self._n} has no lines")
        if answer is Fcf.RTN:
            self.rtn += 1
            self._record(page, PageState.REJECTED)
            return self._respond(answer)
        self._record(page, PageState.AWAITING)
        return self._confirm(page, answer)

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
        self._sink.store(page)
        self._loose = None
        self._unconfirmed = page.n
        self._trainings = 0
        barrier = self._barrier(PageStored, n=page.n)
        self._held = (barrier.notice_id, self.now)
        self._n += 1
        return self._respond(answer, barrier)

    def _respond(self, answer: Fcf, *before: Action) -> list[Action]:
        """Send an answer and turn to what it asks for."""
        self._answer = answer
        burst = self._frames((answer, b""))
        return self._turn(*before, TURN_ROUND, burst)

    def _turn(self, *sending: Action) -> list[Action]:
        state = self._state_after()
        if state is State.RECEIVING:
            self._in_page = True
            self._incoming.clear()
            listen: Action = ListenData(self._speed(), long=False)
        else:
            listen = ListenFrames()
        actions = self._transmit(*sending, wait=Timer.T2)
        self.state = state
        return [*actions, listen]

    def _state_after(self) -> State:
        if self._answer is Fcf.CFR:
            return State.RECEIVING
        if self._answer in (Fcf.FTT, Fcf.RTN):
            return State.RETRAIN
        if self._command is Fcf.EOP:
            return State.CLOSING
        if self._command is Fcf.EOM:
            return State.REOPENING
        return State.RETRAIN if self._answer is Fcf.RTP else State.RECEIVING

    def _answer_left(self) -> list[Action]:
        """Take note that our answer is out: now the page counts as confirmed."""
        self._repeat_until = self.now + REPEAT_WINDOW
        self._held = None
        if self._unconfirmed is not None:
            self._page(self._unconfirmed, state=PageState.CONFIRMED)
            self._unconfirmed = None
        return []

    def _answer_again(self) -> list[Action]:
        """Repeat our last answer; a command that it did not answer is passed over."""
        if self._signal in _POST_PAGE:
            if self._answer not in (Fcf.MCF, Fcf.RTP, Fcf.RTN):
                return self._listen_again()
            self._note_command()
        self._repeats += 1
        if self._repeats > MOST_REPEATS:
            return self._closed() if self.state is State.CLOSING else self._asked_for_ever()
        return self._respond(self._answer) if self._answer else self._listen_again()

    def _asked_for_ever(self) -> list[Action]:
        return self._end(Reason.PROTOCOL, f"asked for the same answer {self._repeats} times")

    def _note_command(self) -> None:
        if isinstance(self._signal, Fcf):
            self._command = self._signal

    def _repeated(self) -> list[Action]:
        """Tell a repeated command from the command of a page we never saw."""
        in_time = self._burst_at is not None and self._burst_at <= self._repeat_until
        if in_time and self._signal is self._command and self._answer in (Fcf.MCF, Fcf.RTP, Fcf.RTN):
            return self._answer_again()
        return self._end(Reason.PAGE_REJECTED, f"page {self._n} was not received at all")

    def _damaged_repetition(self) -> list[Action]:
        """Give the far end the time to repeat once more what we could not read."""
        if self._burst_at is not None and self._burst_at <= self._repeat_until:
            self._repeat_until = max(self._repeat_until, self.now + REPEAT_WINDOW)
        return self._listen_again()

    def stored(self, notice_id: int, now: float) -> list[Action]:
        """Confirm the page, or, when that comes too late, wait for the command to be repeated."""
        super().stored(notice_id, now)
        if self._held is None or self._held[0] != notice_id or self.state in (State.ENDING, State.DONE):
            return []
        late = now - self._held[1] > STORE_PATIENCE
        self._held = None
        if not late:
            return []
        self._note(" ", "note", "page stored late: the confirmation waits for the repeated command")
        self._timers.stop(Timer.SEND)
        self._repeat_until = now + Timer.REST.seconds
        return self._no_page_yet()

    # -- phase E ----------------------------------------------------------------------------------------

    def _closed(self) -> list[Action]:
        """End well; a DCN is never answered by another."""
        return self._end(Reason.RECEIVED, dcn=self._signal is not Fcf.DCN)

    def _far_end_silent(self) -> list[Action]:
        return self._end(Reason.CALL_DROPPED, f"the far machine fell silent while {self.state.value}")

    def _remote_left(self) -> list[Action]:
        return self._end(Reason.REMOTE_DISCONNECT, f"DCN while {self.state.value}", dcn=False)

    def _line_gone(self) -> list[Action]:
        if self.state is State.CLOSING and self._unconfirmed is None:
            return self._end(Reason.RECEIVED, "the line was dropped after EOP", dcn=False)
        return super()._line_gone()

    def _settle(self) -> None:
        """Keep a page that came but was never confirmed."""
        if self._in_page and self._dcs and self.rate and self._incoming.has_lines():
            self._loose, _ = self._incoming.read(self._n, self._dcs, self.rate)
            self._record(self._loose, PageState.AWAITING)
        if self._loose and self._loose.rows:
            self._sink.store(self._loose)
            self._tell(PageStored, n=self._loose.n)

    # -- where we are -----------------------------------------------------------------------------------

    def _their_dcs(self) -> Dcs:
        assert self._dcs is not None  # noqa: S101  (every state behind PHASE_B has one)
        return self._dcs
