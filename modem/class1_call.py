"""Class 1 steps around a call: preparing the modem, dialling, answering, hanging up.

They turn results into `Connected`, `CallFailed` and `HungUp`. They judge no retry and know no T.30.
T.31 8.1 (service class), V.250 6.3 (call control), `spec/t30-class1.md` sections 9 and 11.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from modem.atparser import CallerLine, Code, Result, Ring, Token
from modem.caller import Incoming
from modem.class1_link import CAN, DLE_ETX, Abort, Modem, Step
from modem.events import Connected, HungUp
from modem.result import Reason

if TYPE_CHECKING:
    from modem.profiles import Profile

DIAL_SECONDS = 90.0
ANSWER_SECONDS = 60.0
INIT_TRIES, INIT_SECONDS = 3, 3.0
DIAL_CHARACTERS = frozenset("0123456789*#,WTP+")

CALL_RESULTS = {
    Code.BUSY: Reason.BUSY,
    Code.NO_ANSWER: Reason.NO_ANSWER,
    Code.NO_CARRIER: Reason.NO_CARRIER,
    Code.FCERROR: Reason.NO_CARRIER,
    Code.NO_DIALTONE: Reason.NO_DIALTONE,
    Code.ERROR: Reason.MODEM_ERROR,
    Code.VOICE: Reason.VOICE_OR_DATA,
    Code.DELAYED: Reason.MODEM_BLACKLIST,
    Code.BLACKLISTED: Reason.MODEM_BLACKLIST,
}


class Prepare(Step):
    """Run init commands one by one; an ERROR to a required one, or silence to all tries, fails the call.

    With `dialling`, so does a call that comes in meanwhile (glare): dialling into it would answer it as a
    caller. A line that rings has no dial tone for us, and that is the reason given. The call is kept as
    `Link.incoming`.
    """

    def __init__(
        self,
        required: tuple[str, ...],
        optional: tuple[str, ...],
        settle: float = 0.0,
        *,
        dialling: bool = False,
    ) -> None:
        super().__init__()
        self._dialling = dialling
        self._left = deque([(text, True) for text in required] + [(text, False) for text in optional])
        self._settle = settle
        self._settling = False
        self._tries = 0

    def begin(self) -> None:
        """Send the first command."""
        self._next()

    def token(self, token: Token) -> None:
        """OK goes on; ERROR goes on where the command was optional; the rest is noise."""
        if isinstance(token, Ring | CallerLine) and self._dialling:
            self.link.incoming = Incoming().with_token(token)
            self.link.fail(Reason.NO_DIALTONE, "a call comes in", before_call=True)
            self.done = True
            return
        if self._settling or not isinstance(token, Result) or token.code not in (Code.OK, Code.ERROR):
            return
        text, required = self._left[0]
        if token.code is Code.ERROR and required:
            self._give_up(f"the modem refuses {text}")
            return
        self._left.popleft()
        self._tries = 0
        if text == self.link.profile.reset and self._settle:
            self._settling = True
            self.link.wait(self._settle)
        else:
            self._next()

    def expired(self) -> None:
        """After the settling pause go on; after silence free the modem from whatever it does and repeat."""
        if self._settling:
            self._settling = False
            self._next()
        elif self._tries >= INIT_TRIES:
            self._give_up(f"the modem does not answer {self._left[0][0]}")
        else:
            self.link.push(DLE_ETX + CAN + b"\r")
            self._send()

    def cut(self) -> Step | None:
        """Stop: a cancelled call needs no preparation."""
        return Abort()

    def _next(self) -> None:
        if self._left:
            self._send()
        else:
            self.done = True

    def _send(self) -> None:
        self._tries += 1
        self.link.command(self._left[0][0], within=INIT_SECONDS)

    def _give_up(self, detail: str) -> None:
        self.link.fail(Reason.MODEM_ERROR, detail, before_call=True)
        self.done = True


def prepare_to_call(profile: Profile) -> Prepare:
    """Return everything a modem needs before ATD, reset included."""
    required, optional = profile.before_call
    return Prepare(required, optional, profile.settle_ms / 1000, dialling=True)


def prepare_to_answer(profile: Profile) -> Prepare:
    """Return the short form between two rings: no reset, a ringing modem would forget the call."""
    return Prepare(*profile.before_answer)


class _Establish(Step):
    """Send one command and wait for CONNECT, the modem's verdict, or the end of patience."""

    seconds = DIAL_SECONDS
    then = Modem.HEARING
    patience = Reason.NO_ANSWER

    def __init__(self, text: str) -> None:
        super().__init__()
        self._text = text

    def begin(self) -> None:
        """Send the command; after ATD the CONNECT opens V.21 reception at once."""
        self.link.command(self._text, within=self.seconds, data=self.then is Modem.HEARING)

    def token(self, token: Token) -> None:
        """CONNECT without more is fax; any other result ends the attempt. OK may be an old one."""
        if not isinstance(token, Result) or token.code is Code.OK:
            return
        self.done = True
        if token.code is Code.CONNECT and not token.detail:
            self.link.modem = self.then
            self.link.emit(Connected())
            return
        reason = CALL_RESULTS.get(token.code, Reason.VOICE_OR_DATA)
        self.link.fail(reason, f"{token.code} {token.detail}".strip(), before_call=True)

    def expired(self) -> None:
        """Break off, so that the line is free, and say so: the modem says nothing."""
        self.done = True
        self.link.fail(self.patience, f"no result within {self.seconds:.0f} s", before_call=True)
        self.link.push(CAN)

    def cut(self) -> Step | None:
        """End it by a character (V.250 5.6.1)."""
        return Abort()


class PlaceCall(_Establish):
    """ATD: afterwards the V.21 receiver is on."""

    def __init__(self, prefix: str, number: str) -> None:
        super().__init__(("ATD" if number[:1] in ("T", "P") else prefix) + number)
        self._number = number

    def begin(self) -> None:
        """Dial, unless the string holds something that is not dialling."""
        if self._number and set(self._number) <= DIAL_CHARACTERS:
            super().begin()
            return
        self.link.fail(Reason.MODEM_ERROR, f"not a dial string: {self._number!r}", before_call=True)
        self.done = True


class TakeCall(_Establish):
    """ATA: afterwards the V.21 transmitter is on."""

    seconds = ANSWER_SECONDS
    then = Modem.SENDING
    patience = Reason.NO_CARRIER

    def __init__(self) -> None:
        super().__init__("ATA")


class EndTransmit(Step):
    """Leave the V.21 transmission ATA began although there is nothing to send."""

    def begin(self) -> None:
        """End it by an empty frame."""
        self.link.modem = Modem.COMMAND
        self.link.push(DLE_ETX)
        self.link.wait(1.0)

    def token(self, token: Token) -> None:
        """Whatever the modem says, it heard us."""
        self.done = isinstance(token, Result)


class GoOnHook(Step):
    """ATH, twice at most. Reports `HungUp` in any case: the port's DTR is the last resort."""

    def __init__(self) -> None:
        super().__init__()
        self._tries = 0

    def begin(self) -> None:
        """Send ATH."""
        self._tries += 1
        self.link.command("ATH", within=3.0)

    def token(self, token: Token) -> None:
        """OK or ERROR; a NO CARRIER of the far end may come first."""
        if isinstance(token, Result) and token.code in (Code.OK, Code.ERROR):
            self.link.obeyed_hang_up = True
            self._finish()

    def expired(self) -> None:
        """Once more after freeing the modem from a data phase, then leave it to the port."""
        if self._tries >= 2:
            self.link.note("<", "no answer to ATH", "note")
            self._finish()
            return
        self.link.push(DLE_ETX + CAN + b"\r")
        self.begin()

    def _finish(self) -> None:
        self.done = True
        self.link.emit(HungUp())
