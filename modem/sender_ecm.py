"""Pages in ECM: bursts of frames, partial page signals, corrections. T.30 Annex A.

Theory of operation
-------------------
BLOCK        frames of the block at hand are on the fast carrier: all of them, or those a PPR named
ASKED        PPS is out; T4. Before the PPS of the last block `PageAwaiting` is stored. MCF confirms the
             block, and with the last block the page; PPR asks for frames again; RNR asks for patience, which
             RR answers, T5 in all; silence and CRP repeat the question, three times in all; the other answers
             are taken as without ECM
CORRECTING   the fourth PPR was answered by CTC, at the same rate where the round halved what was missing,
             else one rate lower; CTR opens a new round with long training
GIVING_UP    EOR is out; ERR ends it

Rounds go on as long as they bring something; the lowest rate is not left for want of speed. When one brings
nothing there is no good way on: frames missing from MMR spoil the rest of the page. From MH and MR few of
them spoil few lines, so the far end is told by EOR to keep what it has. Either way the page is not confirmed,
the call ends with `ecm-failed`, and the page goes again in the next.

Block and page counters are modulo 256; pages count from 0 over the call (A.4.3).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from modem import t4
from modem.actions import Action, SendPage
from modem.coding import Compression
from modem.ecm_send import BlockSender
from modem.fcf import X_BIT, Fcf, Frame
from modem.rates import Rate
from modem.result import PageState, Reason
from modem.sending import CARRIER_GAP, TRIES, Sending
from modem.session import TURN_ROUND
from modem.states import Cue, State, Table
from modem.timers import Timer

if TYPE_CHECKING:
    from collections.abc import Iterable

    from modem.coding import Coding, PageSource
    from modem.job import CallJob

FEW = 0.05  # share of frames a page may lack and still be of use, as copy quality has it for lines
NULL = 0  # in place of a command: the page has more blocks
RATE_BITS = 0b111100  # bits 11 to 14 of a DCS in its second octet: all a CTC says (A.4.3)

ECM_TABLE: Table = {
    (State.BLOCK, Cue.SENT): "_block_left",
    (State.ASKED, Cue.SENT): "_prepare",
    (State.ASKED, Fcf.MCF): "_block_confirmed",
    (State.ASKED, Fcf.PIP): "_block_confirmed",
    (State.ASKED, Fcf.RTP): "_block_retrain",
    (State.ASKED, Fcf.RTN): "_rejected",
    (State.ASKED, Fcf.PIN): "_rejected",
    (State.ASKED, Fcf.PPR): "_requested",
    (State.ASKED, Fcf.RNR): "_hold",
    (State.ASKED, Fcf.DIS): "_begun_again",
    (State.ASKED, Cue.UNKNOWN): "_not_understood",
    (State.ASKED, Fcf.CRP): "_ask_again",
    (State.ASKED, Cue.SILENCE): "_ask_again",
    (State.CORRECTING, Fcf.CTR): "_corrected",
    (State.CORRECTING, Fcf.DCN): "_ecm_failed",
    (State.CORRECTING, Fcf.CRP): "_agree_again",
    (State.CORRECTING, Cue.SILENCE): "_agree_again",
    (State.GIVING_UP, Fcf.ERR): "_ecm_failed",
    (State.GIVING_UP, Fcf.MCF): "_ecm_failed",
    (State.GIVING_UP, Fcf.RNR): "_hold",
    (State.GIVING_UP, Fcf.DCN): "_ecm_failed",
    (State.GIVING_UP, Fcf.CRP): "_agree_again",
    (State.GIVING_UP, Cue.SILENCE): "_agree_again",
}


class EcmPages(Sending):
    """Sends pages in ECM."""

    def __init__(self, job: CallJob, pages: PageSource, rates: Iterable[Rate] = tuple(Rate)) -> None:
        super().__init__(job, pages, rates)
        self._blocks = BlockSender(b"")  # the page at hand
        self._cut: tuple[object, BlockSender] = (None, self._blocks)  # made for, and the page cut ahead
        self._request = b""
        self._held_since: float | None = None  # the first RNR of a row

    # -- blocks -----------------------------------------------------------------------------------------

    def _send_blocks(self, *before: Action) -> list[Action]:
        """Begin page `_n`."""
        self._blocks = self._cut_page(self._n, self._coding())
        self._cut = None, self._blocks
        self._open_page(self._blocks.size)
        return self._send_block(*before)

    def _cut_page(self, n: int, coding: Coding) -> BlockSender:
        made_for = n, coding, self._ecm_octets()
        if self._cut[0] != made_for:
            page = self._source.page(n, coding)
            whole = page if coding.compression is Compression.MMR else t4.finish(page, coding.compression)
            self._cut = made_for, BlockSender(whole, self._ecm_octets())
        return self._cut[1]

    def _send_block(self, *before: Action, long: bool = False) -> list[Action]:
        blocks = self._blocks
        self.state = State.BLOCK
        self._held_since = None
        frames = f"{len(blocks.wanted)} of {blocks.frames} frames"
        self._note(">", "page", f"page {self._n} block {blocks.block + 1} of {blocks.blocks}: {frames}")
        carrier = SendPage(self._speed(), blocks.burst(self._speed()), long)
        return self._transmit(*before, TURN_ROUND, carrier)

    def _prepare_blocks(self, n: int) -> None:
        """Frame what follows a good answer: the next block, or the first of page `n`."""
        if n == self._n and self.state is not State.TRAINING:
            self._blocks.prepare(self._speed(), ahead=1)
        else:
            self._cut_page(n, self._coding()).prepare(self._speed(), ahead=0)

    def _block_left(self) -> list[Action]:
        blocks = self._blocks
        begun = blocks.last and self.pages[self._n].state is PageState.SENDING
        barrier = [self._await_page()] if begun else []
        command = self._octet(self._command()) if blocks.last else NULL
        fif = bytes((command, (self._n - 1) % 256)) + blocks.counts
        return self._ask(State.ASKED, Fcf.PPS, fif, *barrier, CARRIER_GAP)

    def _octet(self, command: Fcf) -> int:
        return command | X_BIT if self._x else command

    # -- answers ----------------------------------------------------------------------------------------

    def _take_burst(self, frames: list[Frame]) -> None:
        super()._take_burst(frames)
        self._request = next((one.fif for one in frames if one.fcf is Fcf.PPR), self._request)

    def _block_confirmed(self) -> list[Action]:
        if self._blocks.last:
            return self._confirmed()
        self._blocks.next_block()
        return self._send_block()

    def _block_retrain(self) -> list[Action]:
        """Take RTP: it can stand behind a whole page only."""
        return self._confirmed_retrain() if self._blocks.last else self._listen_again()

    def _requested(self) -> list[Action]:
        self.ppr += 1
        self._blocks.ask(self._request)
        return self._agree_anew() if self._blocks.must_settle else self._send_block()

    def _hold(self) -> list[Action]:
        """Wait for a receiver that is busy with what it has."""
        if self._held_since is None:
            self._held_since = self.now
        if self.now - self._held_since >= Timer.T5.seconds:
            return self._end(Reason.ECM_FAILED, f"RNR for {Timer.T5.seconds:.0f} s (T5)")
        return self._ask(self.state, Fcf.RR, b"", TURN_ROUND)

    def _asked_about(self) -> Fcf:
        return super()._asked_about() if self._blocks.last or self.state is not State.ASKED else Fcf.MPS

    # -- corrections ------------------------------------------------------------------------------------

    def _agree_anew(self) -> list[Action]:
        """Agree how to go on after a round of requests."""
        blocks = self._blocks
        lower = not blocks.improving and bool(blocks.wanted) and self._fall_back()
        if blocks.hopeless and not lower:
            return self._give_up()
        rate_alone = bytes((0, self._dcs().fif[1] & RATE_BITS))
        return self._ask(State.CORRECTING, Fcf.CTC, rate_alone, TURN_ROUND)

    def _corrected(self) -> list[Action]:
        self._blocks.new_round()
        self._agreed(self._dcs())
        self._page(self._n, rate=self._speed().bits)
        return self._send_block(long=True)

    def _agree_again(self) -> list[Action]:
        return self._ask_again() if self._tries < TRIES else self._ecm_failed()

    def _give_up(self) -> list[Action]:
        blocks = self._blocks
        bearable = len(blocks.wanted) <= FEW * blocks.frames
        if self._coding().compression is Compression.MMR or not bearable:
            return self._ecm_failed()
        return self._ask(State.GIVING_UP, Fcf.EOR, bytes((self._octet(Fcf.EOP),)), TURN_ROUND)

    def _ecm_failed(self) -> list[Action]:
        self._reject_page()
        blocks, rate = self._blocks, self._speed()
        missing = f"{len(blocks.wanted)} of {blocks.frames} frames missing"
        text = f"page {self._n}, block {blocks.block + 1}: {missing} at {rate.bits} {rate.modulation}"
        text += f", {self._question[0].label} was last" if self.state is not State.ASKED else ""
        return self._end(Reason.ECM_FAILED, text, dcn=self._signal is not Fcf.DCN)
