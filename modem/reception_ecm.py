"""Pages with error correction: blocks of frames, asked for again until they are whole (T.30 Annex A).

States and rules are told in `modem.receiver`; frames, blocks and their counters in `modem.ecm_receive`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from modem import t4
from modem.actions import Action, ListenFrames
from modem.capabilities import Dcs
from modem.coding import Coding, Compression, ReceivedPage
from modem.ecm_receive import PageReceiver, PartialPage, Place, command_of, is_command
from modem.fcf import Fcf
from modem.rates import Rate
from modem.reception import CONFIRMATIONS, Reception
from modem.result import Reason
from modem.states import Cue, State, Table
from modem.timers import Timer

if TYPE_CHECKING:
    from collections.abc import Iterable

    from modem.coding import PageSink
    from modem.job import CallJob

AFTER_RCP = 0.5  # seconds the carrier may go on behind an RCP; the far end's V.21 preamble lasts 1 s
LONGEST_BLOCK_BITS = 256 * 264 * 8 * 6 / 5
COMMAND_PATIENCE = 20.0  # seconds for the command of a block: three times T4, and the bursts themselves
LONGEST_BUSY = 90.0  # seconds of RNR; a sender's T5 ends it after 65 at the latest
MOST_VAIN_PPR = 40  # a sender asks 4 times at each of 8 rates at most

TABLE: Table = {
    (State.RECEIVING_BLOCK, Cue.SENT): "_answer_left",
    (State.RECEIVING_BLOCK, Cue.DATA_ENDED): "_block_ended",
    (State.RECEIVING_BLOCK, Cue.WRONG_CARRIER): "_command_in_place_of_block",
    (State.RECEIVING_BLOCK, Cue.NO_CARRIER): "_block_ended",
    (State.RECEIVING_BLOCK, Cue.SILENCE): "_block_ended",
    (State.BLOCK_END, Fcf.PPS): "_partial_page",
    (State.BLOCK_END, Fcf.EOR): "_given_up",
    (State.BLOCK_END, Fcf.CTC): "_other_rate",
    (State.BLOCK_END, Fcf.RR): "_asked_at_block_end",
    (State.BLOCK_END, Fcf.CRP): "_asked_at_block_end",
    (State.BLOCK_END, Fcf.DCS): "_take_dcs",
    (State.BLOCK_END, Cue.SILENCE): "_far_end_silent",
    (State.BUSY, Fcf.CRP): "_ready_yet",
    (State.BUSY, Cue.SILENCE): "_far_end_silent",
    **{(State.BUSY, asked): "_ready_yet" for asked in (Fcf.RR, Fcf.PPS, Fcf.EOR)},
    **{
        (state, Cue.STORE_SLOW): "_not_ready"
        for state in (State.RECEIVING_BLOCK, State.REOPENING, State.CLOSING)
    },
    **{
        (state, asked): "_confirmed_again"
        for state in (State.PHASE_B, State.REOPENING, State.CLOSING)
        for asked in (Fcf.PPS, Fcf.EOR, Fcf.RR)
    },
    (State.REOPENING, Fcf.EOR): "_given_up",
    (State.CLOSING, Fcf.EOR): "_given_up",
}  # fmt: skip


class EcmReception(Reception):
    """Adds pages that come as blocks."""

    def __init__(self, job: CallJob, sink: PageSink, rates: Iterable[Rate] = tuple(Rate)) -> None:
        super().__init__(job, sink, rates)
        self._blocks = PageReceiver()
        self._framed: tuple[Coding, int] | None = None  # how the pages are coded and cut into frames
        self._page_began = 0.0
        self._vain = 0  # PPR without a frame gained
        self._due: tuple[Fcf, bytes] | None = None  # what RNR stands in for
        self._busy_since = 0.0

    # -- phase C ----------------------------------------------------------------------------------------

    def _take_dcs(self) -> list[Action]:
        """Begin the page anew, unless a line trained once more in the middle of one: its blocks stand."""
        same = self._dcs is not None and (self._dcs.coding, self._dcs.ecm_octets) == self._framed
        if self.state is State.REOPENING or not same:
            self._blocks.begin_again()
        self._blocks.forget_block()
        self._framed = self._their_dcs().coding, self._their_dcs().ecm_octets
        return super()._take_dcs()

    def _open(self) -> list[Action]:
        self._blocks.begin_again()
        return super()._open()

    def _respond(self, answer: Fcf, *before: Action, fif: bytes = b"") -> list[Action]:
        actions = super()._respond(answer, *before, fif=fif)
        if self.state is State.RECEIVING_BLOCK:
            self._blocks.block.carrier()
        return actions

    def _data(self, data: bytes) -> None:
        if self.state is not State.RECEIVING_BLOCK:
            super()._data(data)
            return
        if self._blocks.empty:
            self._page_began = self.now
        self._incoming.carrier(self.now)
        block = self._blocks.block
        if block.ended:
            return
        block.feed(data)
        self._await_data()
        if block.ended:
            self._timers.start(Timer.DATA, self.now, AFTER_RCP)

    def _command_in_place_of_block(self) -> list[Action]:
        actions = self._block_ended()
        self._burst_at = self.now
        return actions

    def _block_ended(self) -> list[Action]:
        """Hear the PPS; where no RCP closed the block the far end may be sending still."""
        self.state = State.BLOCK_END
        heard = 0.0 if self._incoming.began is None else self.now - self._incoming.began
        longest = 0.0 if self._blocks.block.ended else LONGEST_BLOCK_BITS / self._speed().bits
        rest = max(0.0, longest - heard)
        return self._listen(ListenFrames(), Timer.REST, seconds=COMMAND_PATIENCE + rest)

    # -- phase D ----------------------------------------------------------------------------------------

    def _partial_page(self) -> list[Action]:
        """Ask for what is missing, confirm what is whole; nothing is counted for a repetition."""
        pps = PartialPage.read(self._fif)
        if pps is None:
            return self._listen_again()
        place = self._blocks.place(pps)
        certain = self._in_time() and not self._blocks.counts_anew
        if place is Place.REPEATED and (certain or not self._blocks.block.empty):
            return self._block_again(pps)
        if place is Place.BEYOND:
            return self._end(Reason.PAGE_REJECTED, f"page {self._n}: a block was not received at all")
        self._blocks.block.announced(pps.last, more_follows=pps.command is None)
        if not self._blocks.block.complete:
            return self._ask_for_missing()
        self._blocks.confirm(pps)
        return self._block_done(pps.command, Fcf.MCF)

    def _heard(self) -> bool:
        """Tell whether a fast carrier came since our last answer."""
        return self._incoming.began is not None

    def _block_again(self, pps: PartialPage) -> list[Action]:
        """Confirm once more a block that is confirmed, whether its frames came again or not."""
        self._blocks.forget_block()
        self._command = pps.command or Fcf.MPS
        self._repeats = 0 if self._heard() else self._repeats
        if not self._said(Fcf.MCF):
            self._answer = Fcf.MCF, b""
        return self._answer_again()

    def _ask_for_missing(self) -> list[Action]:
        if self._said(Fcf.PPR) and not self._heard():
            return self._answer_again()
        gained = self._blocks.block.gained()
        self._vain = 0 if gained else self._vain + 1
        if self._vain > MOST_VAIN_PPR:
            return self._end(Reason.ECM_FAILED, f"PPR {self._vain} times in vain")
        self.ppr += 1
        self._repeats = 0
        return self._respond(Fcf.PPR, fif=self._blocks.block.ppr())

    def _given_up(self) -> list[Action]:
        """Take the block as it is (EOR); one that we are through with is not taken again."""
        if not is_command(self._fif):
            return self._listen_again()
        if self._said(Fcf.MCF, Fcf.ERR) and not self._heard():
            self._command = command_of(self._fif) or Fcf.MPS
            self._answer = Fcf.ERR, b""
            return self._answer_again()
        self._blocks.give_up()
        return self._block_done(command_of(self._fif), Fcf.ERR)

    def _block_done(self, command: Fcf | None, answer: Fcf) -> list[Action]:
        """Go on to the next block, or read the page, hand it on and answer its command."""
        self._command = command or Fcf.MPS
        self._repeats = self._vain = self._trainings = 0
        if command is None:
            return self._respond(answer)
        page = self._read_page()
        self._blocks.forget_page()
        if not page.rows:
            self._loose = page
            return self._end(Reason.PAGE_REJECTED, f"page {self._n} has no lines")
        actions = self._confirm(page, answer)
        self._timers.start(Timer.STORE, self.now)
        return actions

    def _read_page(self) -> ReceivedPage:
        """Read the page; what stands behind a gap of MMR cannot be read."""
        dcs = self._their_dcs()
        coding = dcs.coding
        data, gap = self._blocks.octets()
        if gap is not None and coding.compression is Compression.MMR:
            data = data[:gap]
        scan = t4.scan(data, coding.compression, coding.width)
        self._note("<", "page", f"page {self._n}: {scan.rows} lines, {len(scan.bad_lines)} bad, ECM")
        return ReceivedPage(
            n=self._n,
            coding=coding,
            data=data,
            rows=scan.rows,
            bad_lines=scan.bad_lines,
            longest_bad_run=scan.longest_bad_run,
            rate=self._speed().bits,
            ecm=True,
            seconds=self.now - self._page_began,
        )

    def _other_rate(self) -> list[Action]:
        """Obey CTC: the missing frames come at another rate, with long training."""
        rate = Dcs(self._fif).rate if self._fif else self.rate
        if rate is None or rate not in self.rates:
            return self._end(Reason.INCOMPATIBLE, "CTC names a rate beyond our DIS")
        self._vain = self._repeats = 0
        if rate is not self.rate:
            self.rate = rate
            self._tell_negotiated(self._their_dcs())
        return self._respond(Fcf.CTR)

    def _asked_at_block_end(self) -> list[Action]:
        """Take RR or CRP: behind a block, heard or missed, they do not ask for the MCF of the one before."""
        missed = self._said(*CONFIRMATIONS) and not self._in_time()
        return self._listen_again() if missed or self._heard() else self._answer_again()

    def _confirmed_again(self) -> list[Action]:
        """Repeat a confirmation; where we gave none the question was not for us."""
        if not self._said(*CONFIRMATIONS):
            return self._listen_again()
        pps = PartialPage.read(self._fif) if self._signal is Fcf.PPS else None
        if pps and self._said(Fcf.MCF) and not self._blocks.was_last(pps):
            return self._end(Reason.PAGE_REJECTED, f"page {self._n} was not received at all")
        return self._answer_again()

    # -- the store ---------------------------------------------------------------------------------------

    def stored(self, notice_id: int, now: float) -> list[Action]:
        """Let the confirmation go out, or have it ready for the next RR."""
        actions = super().stored(notice_id, now)
        if self.ecm and self._held is not None and self._held[0] == notice_id:
            self._held = None
            self._timers.stop(Timer.STORE)
        return actions

    def _not_ready(self) -> list[Action]:
        """Say RNR in place of the confirmation that is held back."""
        if self._held is None:
            return []
        self._note(" ", "note", "the page is not stored yet: RNR")
        self._due = self._answer
        self._busy_since = self.now
        return self._respond(Fcf.RNR)

    def _ready_yet(self) -> list[Action]:
        """Confirm at last, or ask for patience once more."""
        if self._held is not None or self._due is None:
            if self.now - self._busy_since > LONGEST_BUSY:
                return self._end(
                    Reason.MODEM_ERROR, f"page {self._n - 1} was not stored in {LONGEST_BUSY:.0f} s"
                )
            return self._respond(Fcf.RNR)
        (answer, fif), self._due = self._due, None
        return self._respond(answer, fif=fif)

    def _answer_left(self) -> list[Action]:
        self._timers.stop(Timer.STORE)
        return super()._answer_left()

    def _unfinished(self) -> ReceivedPage | None:
        if not self.ecm or self._dcs is None or self.rate is None or self._blocks.empty:
            return super()._unfinished()
        return self._read_page()
