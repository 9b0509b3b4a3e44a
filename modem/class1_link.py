"""The byte side of a Class 1 driver: what goes out, what came in, the events owed, the AT trace.

`Step` is one thing the driver does at a time (a command with its results, a burst, a listen); each step
works on the `Link` and says when it is done. Neither knows frames' meaning or T.30 timers; every wait on
a modem has a deadline here, so no step can last for ever. T.31 clause 8.
"""

from __future__ import annotations

from collections import deque
from enum import Enum
from typing import TYPE_CHECKING

from modem.atparser import AtParser, Code, Result, Token, shield
from modem.events import CallFailed, DriverFailed, Event
from modem.result import Reason, TraceEntry

if TYPE_CHECKING:
    from modem.caller import Incoming
    from modem.profiles import Profile

CAN = b"\x18"
DLE_ETX = b"\x10\x03"
CHUNK = 1024
COMMAND_SECONDS = 5.0


class Modem(Enum):
    """What the modem does when no step runs: after ATD and +FRH:3 it hears, after ATA it sends V.21."""

    COMMAND = "command"
    HEARING = "hearing"
    SENDING = "sending"


class Link:
    """Everything the steps share."""

    def __init__(self, profile: Profile) -> None:
        self.profile = profile
        self.parser = AtParser()
        self.modem = Modem.COMMAND
        self.events: deque[Event] = deque()
        self.trace: list[TraceEntry] = []
        self.deadline: float | None = None
        self.now = 0.0
        self.muted = False
        self.failed = False
        self.obeyed_hang_up = False
        self.refused = False  # NO CARRIER came unasked, or +FRS ended by something else than OK
        self.incoming: Incoming | None = None  # the call that came in before we dialled
        self._out = bytearray()
        self._bulk = b""
        self._bulk_at = 0

    def command(self, text: str, *, within: float = COMMAND_SECONDS, data: bool = False) -> None:
        """Send an AT command; `data` says that its CONNECT opens a data phase towards us."""
        self.parser.leave_data()
        self.parser.data_follows = data
        self._out += text.encode("ascii") + b"\r"
        self.deadline = self.now + within
        self.note(">", text)

    def push(self, octets: bytes) -> None:
        """Send octets as they are."""
        self._out += octets

    def push_frame(self, frame: bytes) -> None:
        """Send one frame, shielded and ended."""
        self._out += shield(frame) + DLE_ETX

    def push_bulk(self, data: bytes) -> None:
        """Send a page or TCF; `take` hands it out in small pieces, so that a cancel can still cut it."""
        self._bulk, self._bulk_at = data, 0
        if not data:
            self._out += DLE_ETX

    def cut_bulk(self) -> None:
        """Stop sending the page here and end it properly."""
        if self._bulk:
            self._bulk, self._bulk_at = b"", 0
            self._out += DLE_ETX

    def drop_output(self) -> None:
        """Forget everything that was not handed out."""
        self._out.clear()
        self._bulk, self._bulk_at = b"", 0

    def retract(self) -> bool:
        """Take back a command that was not handed out yet; False when the modem may have seen it."""
        waiting = bool(self._out)
        self._out.clear()
        return waiting

    def heed_no_carrier(self, token: Token) -> None:
        """Note what a modem says that goes on hook while nothing runs, as behind a barrier.

        It is no end of the call by itself, for some say it behind a listen too; the next command decides.
        """
        if isinstance(token, Result) and token.code is Code.NO_CARRIER:
            self.refused = True

    @property
    def sending_bulk(self) -> bool:
        """Whether part of a page is still to be handed out."""
        return bool(self._bulk)

    def take(self) -> bytes:
        """Return the next octets for the port; whole commands, pages in pieces of at most 2 KiB."""
        if self._out:
            octets = bytes(self._out)
            self._out.clear()
            return octets
        if not self._bulk:
            return b""
        piece = self._bulk[self._bulk_at : self._bulk_at + CHUNK]
        self._bulk_at += len(piece)
        if self._bulk_at < len(self._bulk):
            return shield(piece)
        self._bulk, self._bulk_at = b"", 0
        return shield(piece) + DLE_ETX

    def wait(self, seconds: float) -> None:
        """Set the deadline of the running step."""
        self.deadline = self.now + seconds

    def emit(self, event: Event) -> None:
        """Owe the session an event, unless its list was replaced meanwhile."""
        if not self.muted:
            self.events.append(event)

    def fail(self, reason: Reason, detail: str, *, before_call: bool = False) -> None:
        """Report that the list cannot be performed; the driver drops the rest of it."""
        self.failed = True
        self.drop_output()
        self.emit(CallFailed(reason, detail) if before_call else DriverFailed(reason, detail))

    def note(self, direction: str, text: str, kind: str = "at") -> None:
        """Add a line to the trace."""
        self.trace.append(TraceEntry(self.now, direction, kind, text))

    def break_off(self) -> None:
        """Send CAN and read lines from here on, whatever phase the modem was in."""
        self.drop_output()
        self.push(CAN)
        self.note(">", "<CAN>")
        self.parser.leave_data()
        self.parser.data_follows = False
        self.modem = Modem.COMMAND
        self.wait(2.0)


class Step:
    """One thing at a time. `done` ends it; a token it does not know means: wait for the deadline."""

    link: Link

    def __init__(self) -> None:
        self.done = False

    def run(self, link: Link) -> None:
        """Start on this link."""
        self.link = link
        self.begin()

    def begin(self) -> None:
        """Start: usually send a command."""

    def token(self, token: Token) -> None:
        """Take one token of the modem."""

    def expired(self) -> None:
        """Take the deadline; ends the step unless the step knows better."""
        self.done = True

    def cut(self) -> Step | None:
        """End early because the list was replaced; return the step that does it, None to let it run out."""
        return None


class Breakable(Step):
    """A command any character ends: broken off once, when its time is up or its list is replaced."""

    def __init__(self) -> None:
        super().__init__()
        self._aborting = False

    def expired(self) -> None:
        """Break off; when even that gets no answer, go on without."""
        if self._aborting:
            self.given_up()
            return
        self._aborting = True
        self.link.break_off()

    def given_up(self) -> None:
        """End without the modem's word."""
        self.done = True

    def cut(self) -> Step | None:
        """End it by one CAN, unless the modem never heard of it."""
        self.done = self.link.retract()
        return None if self.done else Abort()


class Abort(Step):
    """Break off a running receive, dial or +FRS with one CAN and swallow what comes of it."""

    def begin(self) -> None:
        """Send CAN."""
        self.link.break_off()

    def token(self, token: Token) -> None:
        """End with any result but CONNECT."""
        if isinstance(token, Result) and token.code is not Code.CONNECT:
            self.done = True
