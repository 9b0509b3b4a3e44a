"""Pages without ECM: one fast carrier a page, then MPS, EOM or EOP. Phases C and D of T.30.

Theory of operation
-------------------
PAGE         the page is on the fast carrier; when it has left, `PageAwaiting` is stored before its command
AWAITING     MPS, EOM or EOP is out; T4. MCF, RTP and PIP confirm the page; RTN and PIN reject it; silence and
             CRP repeat the command, three times in all

We have no operator: PIP counts as MCF, PIN as RTN.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from modem import t4
from modem.actions import Action, SendPage, Silence, WaitSilence
from modem.fcf import Fcf
from modem.sending import CARRIER_GAP, Sending
from modem.session import TURN_ROUND
from modem.states import Cue, State, Table

if TYPE_CHECKING:
    from modem.coding import Coding

EOP_GAP = Silence(70)
AFTER_MCF = WaitSilence(150)
"""Before a page that follows another. HylaFAX listens only 0.10 to 0.16 s after its MCF: it misses a page
that comes sooner, takes the MPS behind it for a repeated one, and confirms what it never had."""

PLAIN_TABLE: Table = {
    (State.PAGE, Cue.SENT): "_page_left",
    (State.AWAITING, Cue.SENT): "_prepare",
    (State.AWAITING, Fcf.MCF): "_confirmed",
    (State.AWAITING, Fcf.PIP): "_confirmed",
    (State.AWAITING, Fcf.RTP): "_confirmed_retrain",
    (State.AWAITING, Fcf.RTN): "_rejected",
    (State.AWAITING, Fcf.PIN): "_rejected",
    (State.AWAITING, Fcf.DIS): "_begun_again",
    (State.AWAITING, Cue.UNKNOWN): "_not_understood",
    (State.AWAITING, Fcf.CRP): "_ask_again",
    (State.AWAITING, Cue.SILENCE): "_ask_again",
}


class PlainPages(Sending):
    """Sends pages without ECM."""

    _finished: tuple[object, bytes] = (None, b"")  # a page made ahead, and what it was made for

    def _send_plain(self, *before: Action) -> list[Action]:
        """Put page `_n` on the fast carrier: short training, the line has just been trained."""
        gap = AFTER_MCF if self.state is State.AWAITING else TURN_ROUND
        octets = self._octets(self._n, self._coding())
        self._open_page(len(octets))
        self.state = State.PAGE
        return self._transmit(*before, gap, SendPage(self._speed(), octets))

    def _prepare_plain(self, n: int) -> None:
        """Make page `n` while the line waits; it has the coding of page `_n`."""
        self._octets(n, self._coding())

    def _octets(self, n: int, coding: Coding) -> bytes:
        """Return page `n` with its fill and RTC."""
        scan_ms = self._their_dis().min_scan_ms(coding.resolution)
        made_for = n, coding, self._speed(), scan_ms
        if self._finished[0] != made_for:
            source = self._source.page(n, coding)
            octets = t4.finish(source, coding.compression, rate=self._speed().bits, scan_ms=scan_ms)
            self._finished = made_for, octets
        return self._finished[1]

    def _page_left(self) -> list[Action]:
        barrier, command = self._await_page(), self._command()
        gap = EOP_GAP if command is Fcf.EOP else CARRIER_GAP
        return self._ask(State.AWAITING, command, b"", barrier, gap)
