"""Class 1 steps that listen: a V.21 burst frame by frame, a training check or a page.

They hand frames on with the modem's verdict on the FCS and page octets as they come; what a frame asks
for is the session's business. Each wait ends by itself: a carrier that never stops is broken off here.
T.31 8.3.3-8.3.5, `+FAR` 8.5.1; "HDLC carrier did not stop" and the CONNECT bug: `spec/t30-class1.md` 9, 11.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from modem.atparser import Code, Data, Report, Result, Token
from modem.class1_link import Breakable, Modem
from modem.events import (
    BurstEnded,
    CarrierLost,
    CarrierSeen,
    CarrierWrong,
    DataEnded,
    DataReceived,
    FrameReceived,
)
from modem.fcf import Frame, is_final
from modem.result import Reason

if TYPE_CHECKING:
    from modem.events import Event
    from modem.rates import Rate

IDLE_SECONDS = 120.0
CARRIER_SECONDS = 12.0
NEXT_FRAME_SECONDS = 2.5
LONGEST_FRAME = 1024
MOST_EMPTY = 5
STRAY_CONNECT = b"\r\nCONNECT\r\n"
PLAIN_NO_CARRIER = b"\r\nNO CARRIER\r\n"


def fcs_good(raw: bytes) -> bool:
    """Tell whether the last two octets are the FCS of the rest (V.41, as X.25 and T.30 5.3.7 use it)."""
    register = 0xFFFF
    for octet in raw:
        register ^= octet
        for _ in range(8):
            register = (register >> 1) ^ (0x8408 if register & 1 else 0)
    return register == 0xF0B8


def without_strays(raw: bytearray) -> bytes:
    """Cut off what soft modems repeat before a frame they had kept."""
    bare = bytes(raw)
    while bare.startswith(STRAY_CONNECT):
        bare = bare.removeprefix(STRAY_CONNECT)
    return bare


class _Listen(Breakable):
    """What both listens share: the command, and one repetition when it is refused."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self._text = text
        self._seen = False
        self._refused = False

    def begin(self) -> None:
        """Ask the modem to receive."""
        self.link.command(self._text, within=IDLE_SECONDS, data=True)

    def given_up(self) -> None:
        """Nothing, or a carrier without end: report its end all the same."""
        self._over()

    def _over(self) -> None:
        self.done = True
        self.link.emit(self._ending() if self._seen else CarrierLost())

    def _ending(self) -> Event:
        return BurstEnded()

    def _carrier(self, *, fast: bool) -> None:
        self.link.wait(CARRIER_SECONDS)
        if not self._seen:
            self._seen = True
            self.link.emit(CarrierSeen(fast))

    def _refuse(self, token: Result) -> None:
        """ERROR without a carrier: once it may be a leftover, twice the modem has left the call."""
        if not self._refused:
            self._refused = True
            self.link.command(self._text, within=IDLE_SECONDS, data=True)
            return
        self.done = True
        self.link.fail(Reason.CALL_DROPPED, f"{self._text}: {token.code}")


class ListenBurst(_Listen):
    """AT+FRH=3 until the frame with the final bit, or until the carrier goes.

    Behind a damaged frame, which may have been the final one, many modems wait for another carrier without
    a word: the next frame of a burst comes within `NEXT_FRAME_SECONDS`, or the burst is over.
    """

    def __init__(self) -> None:
        super().__init__("AT+FRH=3")
        self._frame = bytearray()
        self._connected = False
        self._empty = 0

    def begin(self) -> None:
        """Go on with a reception that ATD or +FRH:3 began, else ask for one."""
        if self.link.modem is Modem.HEARING:
            self.link.modem = Modem.COMMAND
            self._connected = self.link.parser.in_data
            self.link.wait(IDLE_SECONDS)
        else:
            super().begin()

    def token(self, token: Token) -> None:
        """Collect octets, judge at the result."""
        if isinstance(token, Data):
            if not self._aborting:
                self._carrier(fast=False)
            self._frame += token.data[: LONGEST_FRAME - len(self._frame)]
            self._look_for_the_end()
        elif isinstance(token, Result):
            self._result(token)

    def _result(self, token: Result) -> None:
        if token.code is Code.CONNECT:
            self._connected = True
            self._carrier(fast=False)
        elif self._aborting or token.code not in (Code.OK, Code.ERROR):
            self._over()
        elif self._connected:
            self._judge(good=token.code is Code.OK)
        elif token.code is Code.ERROR:
            self._refuse(token)
        else:
            self._ask_again()

    def _look_for_the_end(self) -> None:
        """End where only flags came: soft modems say NO CARRIER without a DLE ETX before it.

        No frame begins with CR LF: its first octet is the address, FF.
        """
        if self._frame.endswith(PLAIN_NO_CARRIER) and without_strays(self._frame) == PLAIN_NO_CARRIER:
            self.link.parser.leave_data()
            self._over()

    def _ask_again(self) -> None:
        """Repeat the command after an OK without a CONNECT: a leftover of an earlier one."""
        self._empty += 1
        if self._empty > MOST_EMPTY:
            self._over()
        else:
            self.link.command(self._text, within=IDLE_SECONDS, data=True)

    def _judge(self, *, good: bool) -> None:
        raw, self._frame, self._connected = without_strays(self._frame), bytearray(), False
        count = self.link.profile.fcs_octets
        if not good and self.link.profile.trust_own_fcs and count == 2:
            good = len(raw) > 4 and fcs_good(raw)
        octets = raw[: len(raw) - count] if count else raw
        if octets or not good:
            frame = Frame.decode(octets) if good else None
            self.link.emit(FrameReceived(frame, good, octets))
        if good and (is_final(octets) or not octets):
            self._over()
        else:
            self.link.command(self._text, within=NEXT_FRAME_SECONDS, data=True)


class ListenFast(_Listen):
    """AT+FRM: octets of a TCF or page until the carrier goes; V.21 in its place ends it as `CarrierWrong`."""

    def __init__(self, rate: Rate, *, long: bool) -> None:
        super().__init__(f"AT+FRM={rate.code(long=long)}")
        self._octets = 0

    def token(self, token: Token) -> None:
        """Hand data on as it comes."""
        if isinstance(token, Data):
            self._data(token.data)
        elif isinstance(token, Report) and token.name == "+FRH" and not self._seen:
            self.link.modem = Modem.HEARING
            self.link.parser.data_follows = True
            self._wrong()
        elif isinstance(token, Result):
            self._result(token)

    def _data(self, data: bytes) -> None:
        if self._aborting:
            return
        self._carrier(fast=True)
        self._octets += len(data)
        self.link.emit(DataReceived(data))

    def _result(self, token: Result) -> None:
        if token.code is Code.CONNECT:
            self._carrier(fast=True)
        elif token.code is Code.FCERROR and not self._seen:
            self._wrong()
        elif token.code is Code.ERROR and not (self._seen or self._aborting):
            self._refuse(token)
        elif token.code is not Code.OK or self._seen or self._aborting:
            self.link.note("<", f"[{self._octets} octets]")
            self._over()

    def _wrong(self) -> None:
        self.done = True
        self.link.emit(CarrierWrong())

    def _ending(self) -> Event:
        return DataEnded()
