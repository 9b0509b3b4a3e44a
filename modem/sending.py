"""What a sender does whatever carries its pages: phases A and B of T.30, and the account of its pages.

Theory of operation
-------------------
DIALLING     the number is out; `Connected` opens the V.21 ear
WAIT_DIS     T1: NSF, CSI, DIS. A DIS answers three questions: may we send, in which coding, how fast
TRAINING     (PWD)(SUB)(SID) TSI DCS and a TCF are out; T4. CFR opens the page, FTT asks for a lower rate (a
             fresh count), DIS (they missed the DCS), silence and CRP repeat it, three times in all
REOPEN       EOM was confirmed: the far end starts again with DIS

A page is confirmed by exactly one step, `_count_page`, and its callers leave the state that asked for the
confirmation at once: one heard twice finds a state that does not ask for one. After MCF the next page needs
no training, after RTP it gets one at a lower rate. A DIS in place of a confirmation says that the far end
lost the page and begins again: so do we, with that page. After EOM it may have lost only our command, which
is then repeated. A rejected page goes again at a lower rate, twice at most, where MPS was its command. Behind
EOP the call ends, behind EOM the next page waits for DIS, and the call is no success: RTN does not tell
whether the far end kept the page.

How pages and their questions go is `modem.sender_plain` and `modem.sender_ecm`; `modem.sender` joins them.
While the line waits for an answer the octets that follow a good one are made (`_prepare`): no page is built
at a turn-round.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING

from modem import plan
from modem.actions import Action, Barrier, Dial, ListenFrames, SendTraining, Silence
from modem.capabilities import Dcs, Dis, negotiate
from modem.fcf import Fcf, Frame
from modem.ident import decode_ident, encode_address, encode_ident
from modem.notices import Answered, Identified, PageAwaiting, PageConfirmed, PageRejected, PageSending
from modem.rates import Rate
from modem.result import PageState, Reason
from modem.session import TURN_ROUND, Session
from modem.states import State
from modem.timers import Timer

if TYPE_CHECKING:
    from collections.abc import Iterable

    from modem.coding import Coding, PageSource
    from modem.job import CallJob

TRIES = 3  # T.30 5.4.1: a command is sent three times in all
PAGE_SENDS = 3  # the first time and two more after RTN
CARRIER_GAP = Silence(60)  # T.30: 75 ms +-20 between our own V.21 and our own fast carrier, either way
NO_REOPENING = "no DIS after EOM"  # a memory of numbers looks for these words


class Sending(Session):
    """A call in which the pages of a `PageSource` are sent; see the module text."""

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
        self._question: tuple[Fcf, bytes] = (Fcf.DCN, b"")
        self._tries = 0
        self._sends = 0
        self._failed: set[Rate] = set()
        self._began = 0.0
        self._size = 0

    @abstractmethod
    def _send_page(self, *before: Action) -> list[Action]:
        """Put page `_n` on the fast carrier."""

    @abstractmethod
    def _prepare(self) -> list[Action]:
        """Make the octets that follow a good answer to what has just left; asks for nothing."""

    # -- phase A ----------------------------------------------------------------------------------------

    def start(self, now: float) -> list[Action]:
        """Dial, once the intention is stored."""
        self.now = now
        return [self._begin(State.DIALLING, Timer.DIAL, self.job.number), Dial(self.job.number)]

    def _answered(self) -> list[Action]:
        self._tell(Answered)
        self.state = State.WAIT_DIS
        return self._listen(ListenFrames(), Timer.T1)

    def _nobody(self) -> list[Action]:
        return self._end(Reason.NO_ANSWER, "no fax signal after dialling")

    def _no_dis(self) -> list[Action]:
        return self._end(Reason.NO_CARRIER, "T1 without DIS")

    def _no_reopening(self) -> list[Action]:
        return self._end(Reason.CALL_DROPPED, NO_REOPENING)

    def _decline_poll(self) -> list[Action]:
        return self._end(Reason.REMOTE_CANNOT_RECEIVE, "the far machine polls, it does not receive")

    # -- phase B ----------------------------------------------------------------------------------------

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
        if self.rate not in dis.rates:
            self.rate = plan.first_rate(self.rates - self._failed, dis.rates)
        if self.rate is None:
            return self._end(Reason.INCOMPATIBLE, "no modem in common")
        self._first = self._n
        carriage = plan.Carriage(self.rate.bits, self._ecm_octets())
        self._document = plan.codings(dis, self._source, self.job.compressions, self._n, carriage)
        if not self._document:
            return self._end(Reason.INCOMPATIBLE, "no prepared coding suits the DIS")
        return self._train()

    def _train(self, *before: Action) -> list[Action]:
        self.state = State.TRAINING
        self._tries += 1
        rate = self._speed()
        identity = [(Fcf.TSI, encode_ident(self.job.ident))] if self.job.ident else []
        burst = self._frames(*self._addresses(), *identity, (Fcf.DCS, self._dcs().fif))
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
        return negotiate(
            self._their_dis(),
            self._coding(),
            self._speed(),
            ecm_octets=self._ecm_octets(),
            sub=Fcf.SUB in sent,
            password=bool(sent & {Fcf.PWD, Fcf.SID}),
        )

    def _ecm_octets(self) -> int:
        """Return the size of our ECM frames; 0 where the pages go without ECM."""
        dis = self._their_dis()
        return min(self.job.ecm_octets, dis.ecm_octets) if self.job.ecm and dis.ecm else 0

    def _train_again(self) -> list[Action]:
        if self._tries >= TRIES:
            return self._end(Reason.NO_RESPONSE_DCS, f"DCS sent {TRIES} times, FTT {self.ftt}")
        return self._train()

    def _dcs_missed(self) -> list[Action]:
        """Say the same again: what was agreed stands until EOM opens a new phase B (docs/adr/0011)."""
        if self._offered and not self._offered.can_receive:
            return self._end(Reason.REMOTE_CANNOT_RECEIVE, "DIS bit 10 is 0")
        if self._tries >= TRIES:
            return self._end(Reason.NO_RESPONSE_DCS, "DCS not recognised")
        return self._train()

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

    # -- the account of the pages -----------------------------------------------------------------------

    def _open_page(self, octets: int) -> None:
        """Note that page `_n`, so many octets with its RTC, is about to go out."""
        dcs, coding = self._dcs(), self._coding()
        if not self.pages.get(self._n):
            self._sends = 0
        self._sends += 1
        self._began = self.now
        self._size = octets
        self._agreed(dcs)
        self._page(
            self._n,
            state=PageState.SENDING,
            compression=coding.compression.value,
            bytes=octets,
            rate=self._speed().bits,
        )
        self._tell(PageSending, n=self._n)
        self._note(">", "page", f"page {self._n}: {octets} octets, {dcs}")

    def _agreed(self, dcs: Dcs) -> None:
        if dcs == self._in_force:
            return
        self._in_force = dcs
        self._tell_negotiated(dcs)

    def _await_page(self) -> Barrier:
        """Note that all of page `_n` is out and its command is next."""
        self._page(self._n, state=PageState.AWAITING, seconds=self.now - self._began)
        return self._barrier(PageAwaiting, n=self._n)

    def _count_page(self) -> Barrier:
        """Mark the page as confirmed: the only place that does."""
        seconds = self.now - self._began
        self._page(self._n, state=PageState.CONFIRMED, seconds=seconds)
        rate = self.pages[self._n].rate
        return self._barrier(PageConfirmed, n=self._n, bytes=self._size, seconds=seconds, rate=rate)

    def _reject_page(self) -> None:
        self._page(self._n, state=PageState.REJECTED)
        self._tell(PageRejected, n=self._n)

    # -- commands and what they bring -------------------------------------------------------------------

    def _ask(self, state: State, fcf: Fcf, fif: bytes, *before: Action) -> list[Action]:
        """Send a command and wait T4 for its answer in `state`."""
        self.state = state
        self._question = fcf, fif
        self._tries = 0
        return self._put(*before)

    def _put(self, *before: Action) -> list[Action]:
        self._tries += 1
        burst = self._frames(self._question)
        return [*self._transmit(*before, burst, wait=Timer.T4), ListenFrames()]

    def _ask_again(self) -> list[Action]:
        if self._tries < TRIES:
            return self._put(TURN_ROUND)
        text = f"{self._question[0].label} sent {TRIES} times, no answer"
        return self._end(Reason.NO_RESPONSE_PAGE, text)

    def _confirmed(self) -> list[Action]:
        barrier = self._count_page()
        command = self._command()
        if command is Fcf.EOP:
            missing = self._rejections()
            return self._end(Reason.PAGE_REJECTED if missing else Reason.SENT, missing, barrier)
        if command is Fcf.EOM:
            return self._reopen(barrier)
        self._n += 1
        return self._send_page(barrier)

    def _reopen(self, *before: Action) -> list[Action]:
        """Go on with the next page once the far end has begun phase B again."""
        self._n += 1
        self.state = State.REOPEN
        return self._listen(ListenFrames(), Timer.T1, *before)

    def _rejections(self) -> str:
        """Name the pages that were rejected and not taken since; empty for none."""
        rejected = [str(n) for n, page in self.pages.items() if page.state is PageState.REJECTED]
        return f"rejected: page {', '.join(rejected)}; {self.rtn} RTN" if rejected else ""

    def _confirmed_retrain(self) -> list[Action]:
        if self._command() is not Fcf.MPS:
            return self._confirmed()
        barrier = self._count_page()
        self._n += 1
        self._fall_back()  # the page is good, but only just; at the lowest rate the next goes as it did
        return self._train(barrier)

    def _rejected(self) -> list[Action]:
        """Send the page again, unless the command closed the document: see docs/adr/0011."""
        self.rtn += 1
        self._reject_page()
        command = self._asked_about()
        if command is Fcf.EOP or self._sends >= PAGE_SENDS:
            return self._end(Reason.PAGE_REJECTED, self._rejections())
        if command is Fcf.EOM:
            return self._reopen()
        self._fall_back()  # at the lowest rate the page goes again as it did
        return self._train()

    def _not_understood(self) -> list[Action]:
        return self._end(Reason.PROTOCOL, f"unknown frame while {self.state.value}")

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

    def _asked_about(self) -> Fcf:
        """Return the command the answer just heard is to, as if a block with others behind it were a page."""
        return self._command()

    # -- ends -------------------------------------------------------------------------------------------

    def _remote_left(self) -> list[Action]:
        text = f"DCN while {self.state.value}"
        if self.state is State.TRAINING and self.ftt == 0 and not self.pages:
            text += " at the first training"
        if self.state is State.REOPEN:
            text = NO_REOPENING
        return self._end(Reason.REMOTE_DISCONNECT, text, dcn=False)

    def _line_gone(self) -> list[Action]:
        if self.state is State.REOPEN:
            return self._end(Reason.CALL_DROPPED, NO_REOPENING, dcn=False)
        return super()._line_gone()
