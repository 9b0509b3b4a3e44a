"""Class 1 steps that send: silences, V.21 bursts, training checks and pages.

A page lies whole in memory before +FTM, so the fast carrier never starves; it leaves in small pieces, so
a cancel can end it. They know no page numbers and no T.30. T.31 8.3.1-8.3.4.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from modem.atparser import Code, Result, Token
from modem.class1_link import Breakable, Link, Modem, Step
from modem.result import Reason

if TYPE_CHECKING:
    from modem.fcf import Frame
    from modem.rates import Rate

V21_BITS = 300
DATA_MARGIN_SECONDS = 20.0


def lost(link: Link, text: str, token: Result | None) -> None:
    """Fail a sending list: NO CARRIER means the line went, anything else that the modem disobeys.

    A modem that went on hook by itself refuses all it is told: one ERROR may be a fault, two are a lost call.
    """
    said = f"{token.code}" if token else "no result in time"
    code = token.code if token else None
    dropped = code is Code.NO_CARRIER or (code is Code.ERROR and link.refused)
    link.fail(Reason.CALL_DROPPED if dropped else Reason.MODEM_ERROR, f"{text}: {said}")


class Pause(Step):
    """Do nothing for a time: modems that switch by delay instead of +FTS and +FRS."""

    def __init__(self, ms: int) -> None:
        super().__init__()
        self._ms = ms

    def begin(self) -> None:
        """Start the pause; `expired` of the base ends it."""
        self.link.wait(self._ms / 1000)

    def token(self, token: Token) -> None:
        """Take note that the line went meanwhile."""
        self.link.heed_no_carrier(token)

    def cut(self) -> Step | None:
        """End at once: nothing runs in the modem."""
        self.done = True
        return None


class KeepSilent(Step):
    """AT+FTS: silence between two things we send."""

    def __init__(self, ms: int) -> None:
        super().__init__()
        self._text = f"AT+FTS={-(-ms // 10)}"
        self._ms = ms

    def begin(self) -> None:
        """Send the command."""
        self.link.command(self._text, within=self._ms / 1000 + 3.0)

    def token(self, token: Token) -> None:
        """OK when the silence was sent."""
        if isinstance(token, Result):
            self.done = True
            if token.code is not Code.OK:
                lost(self.link, self._text, token)

    def expired(self) -> None:
        """Fail: the modem does not obey."""
        self.done = True
        lost(self.link, self._text, None)


class AwaitSilence(Breakable):
    """AT+FRS: wait until the far end was silent. A noisy line never is: then we send all the same."""

    def __init__(self, ms: int) -> None:
        super().__init__()
        self._ms = ms

    def begin(self) -> None:
        """Send the command."""
        limit = (self._ms + self.link.profile.frs_limit_ms) / 1000
        self.link.command(f"AT+FRS={-(-self._ms // 10)}", within=limit)

    def token(self, token: Token) -> None:
        """Any result ends it; that it was a refusal matters only if the next command is refused too."""
        if isinstance(token, Result) and token.code is not Code.CONNECT:
            self.done = True
            self.link.refused = token.code is not Code.OK and not self._aborting


class SendBurst(Step):
    """AT+FTH=3 and frames, each after its CONNECT; OK after the final one. Runs out even when replaced."""

    def __init__(self, frames: tuple[Frame, ...]) -> None:
        super().__init__()
        self._left = [frame.encode() for frame in frames]

    def begin(self) -> None:
        """After ATA the transmitter is on already."""
        if self.link.modem is Modem.SENDING:
            self.link.modem = Modem.COMMAND
            self._send_next()
        else:
            self.link.command("AT+FTH=3")

    def token(self, token: Token) -> None:
        """CONNECT asks for a frame; OK before any CONNECT is an old one."""
        if not isinstance(token, Result):
            return
        if token.code is Code.CONNECT and self._left:
            self.link.refused = False
            self._send_next()
        elif token.code is Code.OK and not self._left:
            self.done = True
        elif token.code is not Code.OK:
            self.done = True
            lost(self.link, "AT+FTH=3", token)

    def expired(self) -> None:
        """Fail: the burst did not end."""
        self.done = True
        lost(self.link, "AT+FTH=3", None)

    def _send_next(self) -> None:
        frame = self._left.pop(0)
        self.link.push_frame(frame)
        self.link.wait(5.0 + len(frame) * 10 / V21_BITS)


class SendFast(Step):
    """AT+FTM: training, then octets, then OK when the modem has sent them all."""

    def __init__(self, rate: Rate, data: bytes, *, long: bool) -> None:
        super().__init__()
        self._text = f"AT+FTM={rate.code(long=long)}"
        self._data = data
        self._seconds = len(data) * 8 / rate.bits + DATA_MARGIN_SECONDS
        self._state = "asked"

    def begin(self) -> None:
        """Send the command."""
        self.link.command(self._text)

    def token(self, token: Token) -> None:
        """CONNECT starts the data; OK ends it, and only once all of it was handed out."""
        if not isinstance(token, Result):
            return
        if self._state == "asked":
            self._answered(token)
        elif self._state == "sending" and token.code is Code.OK and not self.link.sending_bulk:
            self.done = True
        elif token.code is not Code.CONNECT:
            self.done = True
            self.link.drop_output()
            lost(self.link, self._text, token)

    def expired(self) -> None:
        """Either the profile's pause before the data is over, or the modem is stuck."""
        if self._state == "pausing":
            self._send()
            return
        self.done = True
        lost(self.link, self._text, None)

    def cut(self) -> Step | None:
        """End the page here; what the modem still holds goes out, what it was not given yet does not."""
        if self._state != "sending":
            self._data = b""
        self.link.cut_bulk()
        if self._state == "sending":
            self.link.wait(DATA_MARGIN_SECONDS)
        return None

    def _answered(self, token: Result) -> None:
        if token.code is Code.CONNECT:
            self.link.refused = False
            self._state = "pausing"
            if self.link.profile.ftm_connect_delay_ms:
                self.link.wait(self.link.profile.ftm_connect_delay_ms / 1000)
            else:
                self._send()
        elif token.code is not Code.OK:
            self.done = True
            lost(self.link, self._text, token)

    def _send(self) -> None:
        self._state = "sending"
        self.link.push_bulk(self._data)
        self.link.note(">", f"[{len(self._data)} octets]")
        self.link.wait(self._seconds)
