"""The calling machine: phases A to E of T.30 for a document to be sent, without ECM.

Theory of operation
-------------------
DIALLING     the number is out; `Connected` opens the V.21 ear
WAIT_DIS     T1: NSF, CSI, DIS. A DIS answers three questions: may we send, in which coding, how fast
TRAINING     (PWD)(SUB)(SID) TSI DCS and a TCF are out; T4. CFR opens the page, FTT asks for a lower rate (a
             fresh count), DIS says they missed the DCS, silence and CRP repeat it, three times in all
PAGE         the page is on the fast carrier; when it has left, `PageAwaiting` is stored before its command
AWAITING     MPS, EOM or EOP is out; T4. MCF, RTP and PIP confirm the page; RTN and PIN reject it; silence and
             CRP repeat the command, three times in all
REOPEN       EOM was confirmed: the far end starts again with DIS

A page is confirmed by exactly one step, `_confirmed`, which leaves AWAITING at once: a confirmation heard
twice finds a state that does not ask for one. After MCF the next page needs no training, after RTP it does.
A DIS in place of a confirmation says that the far end lost the page and begins again: so do we, with that
page. After EOM it may as well have lost only our command, which is then repeated.
A rejected page goes again at a lower rate, twice at most; RTN does not tell whether the far end kept it, so
to go on as if it had would be a false success (spec/t30-class1.md section 5). DCN in any state ends the
call: nobody answers a DCN. We have no operator: PIP counts as MCF, PIN as RTN.

Polling is not spoken yet: a DTC is declined. ECM would take the place of PAGE and AWAITING (PPS for MPS).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from modem import plan, t4
from modem.actions import Action, Barrier, Dial, ListenFrames, SendPage, SendTraining, Silence
from modem.capabilities import Dcs, Dis, negotiate
from modem.fcf import Fcf, Frame
from modem.ident import decode_ident, encode_address, encode_ident
from modem.notices import (
    Answered,
    Identified,
    PageAwaiting,
    PageConfirmed,
    PageRejected,
    PageSending,
)
from modem.rates import Rate
from modem.result import PageState, Reason
from modem.session import TURN_ROUND, Cue, Session, State, Table
from modem.timers import Timer

if TYPE_CHECKING:
    from collections.abc import Iterable

    from modem.coding import Coding, PageSource
    from modem.job import CallJob

TRIES = 3  # T.30 5.4.1: a command is sent three times in all
PAGE_SENDS = 3  # the first time and two more after RTN
CARRIER_GAP = Silence(70)  # between our own V.21 and our own fast carrier, either way
EOP_GAP = Silence(90)

_TABLE: Table = {
    (State.DIALLING, Cue.CONNECTED): "_answered",
    (State.DIALLING, Cue.SILENCE): "_nobody",
    (State.WAIT_DIS, Fcf.DIS): "_identified",
    (State.WAIT_DIS, Fcf.DTC): "_decline_poll",
    (State.WAIT_DIS, Cue.SILENCE): "_no_dis",
    (State.TRAINING, Fcf.CFR): "_send_page",
    (State.TRAINING, Fcf.FTT): "_slower",
    (State.TRAINING, Fcf.DIS): "_dcs_missed",
    (State.TRAINING, Fcf.CRP): "_train_again",
    (State.TRAINING, Cue.SILENCE): "_train_again",
    (State.PAGE, Cue.SENT): "_page_left",
    (State.AWAITING, Fcf.MCF): "_confirmed",
    (State.AWAITING, Fcf.PIP): "_confirmed",
    (State.AWAITING, Fcf.RTP): "_confirmed_retrain",
    (State.AWAITING, Fcf.RTN): "_rejected",
    (State.AWAITING, Fcf.PIN): "_rejected",
    (State.AWAITING, Fcf.DIS): "_begun_again",
    (State.AWAITING, Fcf.CRP): "_ask_again",
    (State.AWAITING, Cue.SILENCE): "_ask_again",
    (State.REOPEN, Fcf.DIS): "_identified",
    (State.REOPEN, Cue.SILENCE): "_no_reopening",
}

_OWN = frozenset(
    {
        Fcf.DCS,
        Fcf.TSI,
        Fcf.SUB,
        Fcf.SID,
        Fcf.PWD,
        Fcf.NSS,
        Fcf.MPS,
        Fcf.EOM,
        Fcf.EOP,
        Fcf.PPS,
        Fcf.EOR,
        Fcf.RR,
    }
)


class T30Sender(Session):
    """Sends the pages of a `PageSource` in one call."""

    table = _TABLE
    own_frames = _OWN
    direction = "out"

    def __init__(self, job: CallJob, pages: PageSource, rates: Iterable[Rate] = tuple(Rate)) -> None:
        super().__init__(job, rates)
        self._source = pages
        self._offered: Dis | None = None  # the last DIS heard
        self._dis: Dis | None = None  # the DIS in force
        self._met: tuple[str, bytes] | None = None
        self._in_force: Dcs | None = None
        self._document: tuple[Coding, ...] = ()
        self._first = 1  # number of the page `_document` begins with
        self._n = 1
        self._tries = 0
        self._sends = 0
        self._failed: set[Rate] = set()
        self._began = 0.0
        self._octets = b""

    def start(self, now: float) -> list[Action]:
        """Dial, once the intention is stored."""
        self.now = now
        return [self._begin(State.DIALLING, Timer.DIAL, self.job.number), Dial(self.job.number)]

    # -- phase B ----------------------------------------------------------------------------------------

    def _answered(self) -> list[Action]:
        self._tell(Answered)
        self.state = State.WAIT_DIS
        return self._listen(ListenFrames(), Timer.T1)

    def _nobody(self) -> list[Action]:
        return self._end(Reason.NO_ANSWER, "no fax signal after dialling")

    def _no_dis(self) -> list[Action]:
        return self._end(Reason.NO_CARRIER, "T1 without DIS")

    def _no_reopening(self) -> list[Action]:
        return self._end(Reason.CALL_DROPPED, "no DIS after EOM")

    def _decline_poll(self) -> list[Action]:
        return self._end(Reason.REMOTE_CANNOT_RECEIVE, "the far machine polls, it does not receive")

    def _take_burst(self, frames: list[Frame]) -> None:
        fields = {frame.fcf: frame.fif for frame in frames}
        if Fcf.DIS in fields:
            self._offered = Dis(fields[Fcf.DIS])
            self._meet(decode_ident(fields.get(Fcf.CSI, b"")), fields.get(Fcf.NSF, b""))

    def _meet(self, ident: str, nsf: bytes) -> None:
        """Tell who it is, once; a repeated DIS may come without its first frames."""
        if (ident, nsf) != self._met and (ident or nsf or self._met is None):
            self._met = ident, nsf
            self.remote_id = ident or self.remote_id
            self._tell(Identified, ident=self.remote_id, nsf=nsf)

    def _identified(self) -> list[Action]:
        self._tries = 0
        return self._settle_parameters()

    def _settle_parameters(self) -> list[Action]:
        """Choose coding and speed by the DIS just heard, or leave."""
        self._dis = self._offered
        dis = self._their_dis()
        if not dis.can_receive:
            return self._end(Reason.REMOTE_CANNOT_RECEIVE, "DIS bit 10 is 0")
        self._first = self._n
        self._document = plan.codings(dis, self._source, self.job.compressions, self._n)
        if not self._document:
            return self._end(Reason.INCOMPATIBLE, "no prepared coding suits the DIS")
        if self.rate not in dis.rates:
            self.rate = plan.first_rate(self.rates - self._failed, dis.rates)
        if self.rate is None:
            return self._end(Reason.INCOMPATIBLE, "no modem in common")
        return self._train()

    def _train(self, *before: Action) -> list[Action]:
        self.state = State.TRAINING
        self._tries += 1
        rate = self._speed()
        identity = (Fcf.TSI, encode_ident(self.job.ident))
        burst = self._frames(*self._addresses(), identity, (Fcf.DCS, self._dcs().fif))
        actions = self._transmit(*before, TURN_ROUND, burst, CARRIER_GAP, SendTraining(rate), wait=Timer.T4)
        self._note(">", "training", f"TCF {rate.bits} bit/s {rate.modulation}")
        return [*actions, ListenFrames()]

    def _addresses(self) -> list[tuple[Fcf, bytes]]:
        dis = self._their_dis()
        wanted = (
            (Fcf.PWD, self.job.pwd, dis.password),
            (Fcf.SUB, self.job.sub, dis.sub_address),
            (Fcf.SID, self.job.sid, dis.password),
        )
        return [(fcf, encode_address(text)) for fcf, text, permitted in wanted if text and permitted]

    def _dcs(self) -> Dcs:
        sent = {fcf for fcf, _ in self._addresses()}
        password = bool(sent & {Fcf.PWD, Fcf.SID})
        coding = self._coding()
        return negotiate(self._their_dis(), coding, self._speed(), sub=Fcf.SUB in sent, password=password)

    def _train_again(self) -> list[Action]:
        if self._tries >= TRIES:
            return self._end(Reason.NO_RESPONSE_DCS, f"DCS sent {TRIES} times, FTT {self.ftt}")
        return self._train()

    def _dcs_missed(self) -> list[Action]:
        if self._tries >= TRIES:
            return self._end(Reason.NO_RESPONSE_DCS, "DCS not recognised")
        return self._settle_parameters()

    def _slower(self) -> list[Action]:
        self.ftt += 1
        if not self._fall_back():
            return self._end(Reason.TRAINING_FAILED, f"FTT {self.ftt} times, down to the lowest rate")
        return self._train()

    def _fall_back(self) -> bool:
        """Go one rate down with a fresh count of tries; False below the last."""
        rate = self._speed()
        self._failed.add(rate)
        lower = plan.next_rate(rate, self.rates, self._their_dis().rates, self._failed)
        self.rate = lower or rate
        self._tries = 0
        return lower is not None

    # -- phase C ----------------------------------------------------------------------------------------

    def _send_page(self, *before: Action) -> list[Action]:
        """Put page `_n` on the fast carrier: short training, the line has just been trained."""
        dcs, coding, rate = self._dcs(), self._coding(), self._speed()
        if not self.pages.get(self._n):
            self._sends = 0
        self._sends += 1
        self._began = self.now
        source = self._source.page(self._n, coding)
        self._octets = t4.finish(source, coding.compression, rate=rate.bits, scan_ms=dcs.min_scan_ms)
        self._agreed(dcs)
        self._page(
            self._n,
            state=PageState.SENDING,
            compression=coding.compression.value,
            bytes=len(self._octets),
            rate=rate.bits,
        )
        self._tell(PageSending, n=self._n)
        self._note(">", "page", f"page {self._n}: {len(self._octets)} octets, {dcs}")
        self.state = State.PAGE
        return self._transmit(*before, TURN_ROUND, SendPage(rate, self._octets))

    def _agreed(self, dcs: Dcs) -> None:
        if dcs == self._in_force:
            return
        self._in_force = dcs
        self._tell_negotiated(dcs)

    def _page_left(self) -> list[Action]:
        self._page(self._n, state=PageState.AWAITING, seconds=self.now - self._began)
        self._tries = 0
        gap = EOP_GAP if self._command() is Fcf.EOP else CARRIER_GAP
        return self._ask(self._barrier(PageAwaiting, n=self._n), gap)

    # -- phase D ----------------------------------------------------------------------------------------

    def _ask(self, *before: Action) -> list[Action]:
        self.state = State.AWAITING
        self._tries += 1
        burst = self._frames((self._command(), b""))
        return [*self._transmit(*before, burst, wait=Timer.T4), ListenFrames()]

    def _ask_again(self) -> list[Action]:
        if self._tries >= TRIES:
            text = f"{self._command().label} sent {TRIES} times, no answer"
            return self._end(Reason.NO_RESPONSE_PAGE, text)
        return self._ask(TURN_ROUND)

    def _confirmed(self) -> list[Action]:
        barrier = self._count_page()
        command = self._command()
        if command is Fcf.EOP:
            return self._end(Reason.SENT, "", barrier)
        self._n += 1
        if command is Fcf.MPS:
            return self._send_page(barrier)
        self.state = State.REOPEN
        return self._listen(ListenFrames(), Timer.T1, barrier)

    def _confirmed_retrain(self) -> list[Action]:
        if self._command() is not Fcf.MPS:
            return self._confirmed()
        barrier = self._count_page()
        self._n += 1
        self._tries = 0
        return self._train(barrier)

    def _count_page(self) -> Barrier:
        """Mark the page as confirmed: the only place that does."""
        seconds = self.now - self._began
        self._page(self._n, state=PageState.CONFIRMED, seconds=seconds)
        rate = self.pages[self._n].rate
        return self._barrier(PageConfirmed, n=self._n, bytes=len(self._octets), seconds=seconds, rate=rate)

    def _rejected(self) -> list[Action]:
        self.rtn += 1
        self._page(self._n, state=PageState.REJECTED)
        self._tell(PageRejected, n=self._n)
        if self._sends >= PAGE_SENDS:
            return self._end(Reason.PAGE_REJECTED, f"page {self._n} sent {self._sends} times")
        self._fall_back()  # at the lowest rate the page goes again as it did
        return self._train()

    def _begun_again(self) -> list[Action]:
        """Send the page again to a machine that went back to phase B instead of confirming it."""
        if self._command() is Fcf.EOM:
            return self._listen_again()
        if self._sends >= PAGE_SENDS:
            return self._end(Reason.NO_RESPONSE_PAGE, f"DIS in place of a confirmation, page {self._n}")
        self._fall_back()
        return self._settle_parameters()

    # -- where we are -----------------------------------------------------------------------------------

    def _their_dis(self) -> Dis:
        assert self._dis is not None  # noqa: S101  (every state behind WAIT_DIS has one)
        return self._dis

    def _coding(self) -> Coding:
        return self._document[self._n - self._first]

    def _command(self) -> Fcf:
        return plan.command(self._document, self._n - self._first)

    def _remote_left(self) -> list[Action]:
        text = f"DCN while {self.state.value}"
        if self.state is State.TRAINING and self.ftt == 0 and not self.pages:
            text += " at the first training"
        return self._end(Reason.REMOTE_DISCONNECT, text, dcn=False)
