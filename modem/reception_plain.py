"""Pages without error correction: a stream of lines, judged when its post-page command comes.

States and rules are told in `modem.receiver`; the verdict on a page is made in `modem.incoming`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from modem.actions import Action, ListenFrames
from modem.fcf import Fcf
from modem.reception import POST_PAGE, REPEAT_WINDOW, STORE_PATIENCE, Reception
from modem.result import PageState, Reason
from modem.states import Cue, State, Table
from modem.timers import Timer

if TYPE_CHECKING:
    from modem.coding import ReceivedPage
    from modem.fcf import Frame

LONGEST_CLICK = 1.0  # seconds of a fast carrier without a line that are noise; more was a page

TABLE: Table = {
    (State.RECEIVING, Cue.SENT): "_answer_left",
    (State.RECEIVING, Cue.DATA_ENDED): "_page_ended",
    (State.RECEIVING, Cue.WRONG_CARRIER): "_command_instead",
    (State.RECEIVING, Cue.NO_CARRIER): "_no_page_yet",
    (State.RECEIVING, Cue.SILENCE): "_page_silent",
    (State.BETWEEN, Fcf.DCS): "_take_dcs",
    (State.BETWEEN, Fcf.CRP): "_asked_between",
    (State.BETWEEN, Cue.DAMAGED): "_damaged_repetition",
    (State.BETWEEN, Cue.SILENCE): "_far_end_silent",
    (State.POST_PAGE, Fcf.DCS): "_take_dcs",
    (State.POST_PAGE, Cue.SILENCE): "_far_end_silent",
    **{(State.POST_PAGE, command): "_judge_page" for command in POST_PAGE},
    **{(State.BETWEEN, command): "_repeated" for command in POST_PAGE},
    **{
        (state, command): "_command_again"
        for state in (State.PHASE_B, State.RETRAIN, State.REOPENING, State.CLOSING)
        for command in (POST_PAGE if state is not State.CLOSING else (Fcf.EOP,))
    },
}


class PlainReception(Reception):
    """Adds pages that come as lines."""

    _garbled = False  # a frame that could not be read was in the burst

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
        self._garbled = False
        self._incoming.clear()
        return self._listen(ListenFrames(), Timer.REST)

    def _judge_page(self) -> list[Action]:
        """Read the page, hand it on, answer its command."""
        self._note_command()
        self._repeats = 0
        page, scan = self._incoming.read(self._n, self._their_dcs(), self._speed())
        asked_at = self.now if self._burst_at is None else self._burst_at
        answer = self._incoming.verdict(scan, self._speed(), asked_at)
        self._note("<", "page", f"page {page.n}: {scan.rows} lines, {len(scan.bad_lines)} bad")
        self._incoming.clear()
        self._loose = page
        if not scan.rows:
            return self._end(Reason.PAGE_REJECTED, f"page {self._n} has no lines")
        if answer is Fcf.RTN:
            self.rtn += 1
            self._record(page, PageState.REJECTED)
            return self._respond(answer)
        return self._confirm(page, answer)

    def _note_command(self) -> None:
        if isinstance(self._signal, Fcf):
            self._command = self._signal

    def _command_again(self) -> list[Action]:
        """Repeat our answer to a post-page command; one that we did not answer is passed over.

        A machine may go on to a page where RTP or RTN asks for training, or behind EOM: that page is missed.
        """
        if not self._said(Fcf.MCF, Fcf.RTP, Fcf.RTN):
            return self._listen_again()
        if self.state is State.RETRAIN or self._signal is not self._command:
            return self._repeated()
        return self._answer_again()

    def _repeated(self) -> list[Action]:
        """Tell a repeated command from the command of a page we never saw."""
        if self._in_time() and self._signal is self._command and self._said(Fcf.MCF, Fcf.RTP, Fcf.RTN):
            return self._answer_again()
        return self._end(Reason.PAGE_REJECTED, f"page {self._n} was not received at all")

    def _asked_between(self) -> list[Action]:
        """Take CRP: behind a page we missed it does not ask for the answer to the one before."""
        return self._answer_again() if self._in_time() else self._listen_again()

    def _frame(self, frame: Frame | None, raw: bytes) -> None:
        super()._frame(frame, raw)
        self._garbled = self._garbled or frame is None

    def _damaged_repetition(self) -> list[Action]:
        """Give the far end the time to repeat once more what we could not read; flags alone say nothing."""
        if self._garbled and self._in_time():
            self._repeat_until = max(self._repeat_until, self.now + REPEAT_WINDOW)
        self._garbled = False
        return self._listen_again()

    def stored(self, notice_id: int, now: float) -> list[Action]:
        """Confirm the page, or, when that comes too late, wait for the command to be repeated."""
        super().stored(notice_id, now)
        ours = self._held is not None and self._held[0] == notice_id
        if self._held is None or not ours or self.ecm or self.state in (State.ENDING, State.DONE):
            return []
        late = now - self._held[1] > STORE_PATIENCE
        self._held = None
        if not late:
            return []
        self._note(" ", "note", "page stored late: the confirmation waits for the repeated command")
        self._timers.stop(Timer.SEND)
        self._repeat_until = now + Timer.REST.seconds
        return self._no_page_yet()

    def _unfinished(self) -> ReceivedPage | None:
        lines = self._in_page and not self.ecm and self._incoming.has_lines()
        if lines and self._dcs and self.rate:
            return self._incoming.read(self._n, self._dcs, self.rate)[0]
        return super()._unfinished()
