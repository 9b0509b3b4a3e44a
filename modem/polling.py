"""Polling, both ways: the line turns round, and the station that received sends, or the other way about.

Theory of operation
-------------------
`OfferingReceiver`  answers with a document at hand: its DIS says so (bit 9). DTC, or a DIS of the far end in
                    its place, asks for it; a wrong password or selection is answered by DCN. Otherwise
                    `PolledSender` goes on
`PolledSender`      begins with DCS; a DTC again means that the DCS was missed, one after EOM opens the next
                    document
`FetchingSender`    calls, sends its own document if it has one, its last page with EOM in place of EOP, and
                    fetches at the DIS behind it. No document there: DCN. Otherwise `FetchingReceiver` goes on
`FetchingReceiver`  says CIG (PWD)(SEP) DTC; T4, three times in all, and is answered by DCS; after EOM it says
                    DTC again. DCN in place of DCS refuses

Who turns round hands the whole call over (`Session._take_over`). The X bit follows the station.
T.30 5.3 (phase B, calling party to receive) and 5.3.6.2.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from modem import reception
from modem.capabilities import RECEIVE, Dis, with_bit
from modem.fcf import Fcf, Frame
from modem.ident import decode_ident, encode_address, encode_ident
from modem.rates import Rate
from modem.receiver import T30Receiver
from modem.result import PageState, Reason
from modem.sender import T30Sender
from modem.sending import TRIES
from modem.states import State

if TYPE_CHECKING:
    from collections.abc import Iterable

    from modem.actions import Action
    from modem.coding import PageSink, PageSource
    from modem.job import CallJob
    from modem.session import Session


def session(job: CallJob, pages: PageSource, sink: PageSink, rates: Iterable[Rate] = tuple(Rate)) -> Session:
    """Return the session a job asks for, polling or not."""
    if job.role == "call":
        return FetchingSender(job, pages, sink, rates) if job.poll else T30Sender(job, pages, rates)
    if pages.count:
        return OfferingReceiver(job, pages, sink, rates)
    return T30Receiver(job, sink, rates)


class OfferingReceiver(T30Receiver):
    """Receives, and gives its document to who asks for it in the right words."""

    table = T30Receiver.table | {
        (State.PHASE_B, Fcf.DTC): "_polled",
        (State.PHASE_B, Fcf.DIS): "_polled",
        (State.REOPENING, Fcf.DTC): "_polled",
    }

    def __init__(
        self, job: CallJob, pages: PageSource, sink: PageSink, rates: Iterable[Rate] = tuple(Rate)
    ) -> None:
        super().__init__(job, sink, rates)
        self._dis = self._offer(document=True)
        self._pages = pages
        self._asked: dict[Fcf, bytes] = {}

    def _take_burst(self, frames: list[Frame]) -> None:
        super()._take_burst(frames)
        self._asked = {frame.fcf: frame.fif for frame in frames}

    def _polled(self) -> list[Action]:
        """Turn round for a poller who knows what was agreed."""
        if not self._knows(Fcf.PWD, self.job.pwd):
            return self._end(Reason.BAD_PASSWORD, "the poller gave a wrong password, or none")
        if not self._knows(Fcf.SEP, self.job.sep):
            return self._end(Reason.POLL_REFUSED, "the poller asked for another document")
        sender = PolledSender(self.job, self._pages, self.rates)
        return sender.begin(self, self._asked)

    def _knows(self, fcf: Fcf, agreed: str | None) -> bool:
        given = decode_ident(self._asked.get(fcf, b""))
        return not agreed or given == decode_ident(encode_address(agreed))


class PolledSender(T30Sender):
    """Sends to a poller, having answered its call."""

    table = T30Sender.table | {
        (State.TRAINING, Fcf.DTC): "_dcs_missed",
        (State.AWAITING, Fcf.DTC): "_begun_again",
        (State.ASKED, Fcf.DTC): "_begun_again",
        (State.REOPEN, Fcf.DTC): "_identified",
    }

    def begin(self, answerer: Session, asked: dict[Fcf, bytes]) -> list[Action]:
        """Go on with the call; `asked` holds the frames of the burst that polls."""
        self._take_over(answerer)
        self._hear_poller(asked)
        return self._identified()

    def _addresses(self) -> list[tuple[Fcf, bytes]]:
        """Return none: password and selection were the poller's to give."""
        return []

    def _take_burst(self, frames: list[Frame]) -> None:
        self._hear_poller({frame.fcf: frame.fif for frame in frames})

    def _hear_poller(self, fields: dict[Fcf, bytes]) -> None:
        fif = fields.get(Fcf.DTC, fields.get(Fcf.DIS))
        if fif is None:
            return
        self._offered = Dis(with_bit(fif, RECEIVE))  # who polls receives, bit 10 or not
        ident = fields.get(Fcf.CIG, fields.get(Fcf.CSI, b""))
        self._meet(decode_ident(ident), fields.get(Fcf.NSC, fields.get(Fcf.NSF, b"")))


class FetchingSender(T30Sender):
    """Calls to fetch a document, and sends its own first if it has one."""

    def __init__(
        self, job: CallJob, pages: PageSource, sink: PageSink, rates: Iterable[Rate] = tuple(Rate)
    ) -> None:
        super().__init__(job, pages, rates)
        self._sink = sink

    def _command(self) -> Fcf:
        """Leave the line open behind the last page."""
        command = super()._command()
        return Fcf.EOM if command is Fcf.EOP else command

    def _identified(self) -> list[Action]:
        return super()._identified() if self._n <= self._source.count else self._fetch()

    def _fetch(self) -> list[Action]:
        dis = self._offered
        if dis is None or not dis.can_send:
            return self._end(Reason.POLL_REFUSED, "the far machine has no document (DIS bit 9)")
        if self.job.sep and not dis.selective_polling:
            return self._end(Reason.POLL_REFUSED, "the far machine knows no selective polling (DIS bit 47)")
        receiver = FetchingReceiver(self.job, self._sink, self.rates)
        return receiver.begin(self, dis)


class FetchingReceiver(T30Receiver):
    """Asks for a document by DTC, having placed the call."""

    table = T30Receiver.table | {
        (State.PHASE_B, Fcf.DIS): "_introduce_again",
        (State.PHASE_B, Fcf.DCN): "_refused",
    }
    own_frames = reception.OWN_ANSWERS | {Fcf.DTC}

    def __init__(self, job: CallJob, sink: PageSink, rates: Iterable[Rate] = tuple(Rate)) -> None:
        super().__init__(job, sink, rates)
        self._theirs = Dis(b"")
        self._tries = 0

    def begin(self, caller: Session, dis: Dis) -> list[Action]:
        """Go on with the call: `dis` says that a document is there."""
        self._take_over(caller)
        self._theirs = dis
        return self._open()

    def _open(self) -> list[Action]:
        self._tries = 0
        return super()._open()

    def _introduce(self) -> list[Action]:
        self._tries += 1
        return super()._introduce()

    def _introduction(self) -> list[tuple[Fcf, bytes]]:
        identity = [(Fcf.CIG, encode_ident(self.job.ident))] if self.job.ident else []
        password = [(Fcf.PWD, encode_address(self._password()))] if self._password() else []
        selection = [(Fcf.SEP, encode_address(self.job.sep))] if self.job.sep else []
        return [*identity, *password, *selection, (Fcf.DTC, self._dis.fif)]

    def _password(self) -> str:
        """Return the password that goes out: none to a machine that knows none."""
        return self.job.pwd or "" if self._theirs.password else ""

    def _introduce_again(self) -> list[Action]:
        if self._tries < TRIES:
            return self._introduce()
        return self._end(Reason.CALL_DROPPED, f"DTC sent {TRIES} times, no answer")

    def _end(
        self, reason: Reason, t30: str = "", *before: Action, dcn: bool = True, at_once: bool = False
    ) -> list[Action]:
        """End as usual; a page of ours that was rejected before we fetched leaves no success."""
        rejected = [str(page.n) for page in self._earlier if page.state is PageState.REJECTED]
        if reason is Reason.RECEIVED and rejected:
            reason, t30 = Reason.PAGE_REJECTED, f"fetched; rejected: page {', '.join(rejected)}"
        return super()._end(reason, t30, *before, dcn=dcn, at_once=at_once)

    def _refused(self) -> list[Action]:
        """Say what DCN in answer to DTC means: the wrong password, a missing one, or nothing to fetch."""
        if self._password():
            return self._end(Reason.BAD_PASSWORD, "DCN to DTC: the password was refused", dcn=False)
        if self._theirs.password and not self.job.sep:
            return self._end(Reason.BAD_PASSWORD, "DCN to DTC: it may want a password", dcn=False)
        return self._end(Reason.POLL_REFUSED, "DCN to DTC", dcn=False)
