"""Wait for an incoming call: prepare the modem, count rings, keep who called whom, notice a modem that hangs.

Between calls a port belongs to a `RingWatch`; when it has heard enough the owner starts a `FaxCall` of
role "answer" on the same port. It answers nothing itself. A call that came in while we were about to dial is
handed to a watch as `heard`: the modem is then prepared without a reset, which would make it forget the call.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from modem.atparser import CallerLine, Report, Result, Ring, Text, Token
from modem.caller import Incoming
from modem.class1_call import Prepare
from modem.class1_link import Link
from modem.events import CallFailed

if TYPE_CHECKING:
    from modem.profiles import Profile
    from modem.result import TraceEntry

__all__ = ["Incoming", "RingWatch"]

RING_GAP_SECONDS = 10.0
LOOK_SECONDS = 300.0
"""How often a modem that says nothing is asked whether it lives."""


class RingWatch:
    """Sans-IO like `FaxCall`. `incoming` is set once `rings` rings were heard; `failed` says why not."""

    def __init__(self, profile: Profile, rings: int = 1, heard: Incoming | None = None) -> None:
        """`heard`: the call that is coming in already, if one is."""
        self._link = Link(profile)
        required, optional = profile.between_calls if heard is None else profile.between_rings
        self._again = profile.once_more
        self._prepare = Prepare(required, optional, profile.settle_ms / 1000)
        self._rings = rings
        self._heard, self._comes_in = heard or Incoming(), heard is not None
        self._last_ring: float | None = None
        self._started = False
        self._look_at: float | None = None

    @property
    def ready(self) -> bool:
        """Whether the modem took its settings."""
        return self._prepare.done and not self.failed

    @property
    def failed(self) -> str:
        """Why the modem cannot be used, "" while it can."""
        failure = next((event for event in self._link.events if isinstance(event, CallFailed)), None)
        return failure.detail if failure else ""

    @property
    def ringing(self) -> bool:
        """Whether a call comes in, enough rings or not: nobody may dial into it."""
        return self._last_ring is not None

    @property
    def incoming(self) -> Incoming | None:
        """The call to answer now."""
        return self._heard if self._heard.rings >= self._rings else None

    def start(self, now: float) -> None:
        """Begin to prepare the modem; harmless when repeated."""
        if not self._started:
            self._started = True
            self._link.now = now
            self._last_ring = now if self._comes_in else None
            self._prepare.run(self._link)

    def look(self, now: float) -> None:
        """Ask a modem that was quiet for `LOOK_SECONDS` whether it lives; `ready` again when it said so.

        It is told its settings again, without a reset: one that lost its power meanwhile forgot them, and
        would answer calls by itself or keep the caller's number from us.
        """
        if self._look_at is None:
            self._look_at = now + LOOK_SECONDS
        if now >= self._look_at and self.ready and not self.ringing:
            self._look_at = now + LOOK_SECONDS
            self._link.now = now
            required, optional = self._again
            self._prepare = Prepare(("AT",), (*required, *optional))
            self._prepare.run(self._link)

    def receive_data(self, data: bytes, now: float) -> None:
        """Take octets of the modem."""
        self._link.now = now
        self._link.parser.feed(data)
        while (token := self._link.parser.next()) is not None:
            self._take(token)

    def data_to_send(self) -> bytes:
        """Return octets for the modem."""
        return self._link.take()

    def put_back(self, data: bytes) -> None:
        """Take octets back that the port did not accept."""
        self._link.push(data)

    def next_deadline(self) -> float | None:
        """Return when `timeout` wants to be called."""
        if not self._prepare.done:
            return self._link.deadline
        return None if self._last_ring is None else self._last_ring + RING_GAP_SECONDS

    def timeout(self, now: float) -> None:
        """Repeat a command, or forget a caller who stopped ringing."""
        deadline = self.next_deadline()
        if deadline is None or now < deadline:
            return
        self._link.now = now
        if not self._prepare.done:
            self._prepare.expired()
        else:
            self._heard, self._last_ring = Incoming(), None

    def take_trace(self) -> list[TraceEntry]:
        """Return the trace lines since the last call."""
        taken, self._link.trace = self._link.trace, []
        return taken

    def _take(self, token: Token) -> None:
        match token:
            case Ring():
                self._link.note("<", "RING")
                self._keep(token)
            case CallerLine(key, value):
                self._link.note("<", f"{key}={value}")
                self._keep(token)
            case Result() | Report() | Text() if not self._prepare.done:
                self._prepare.token(token)

    def _keep(self, token: Ring | CallerLine) -> None:
        self._last_ring = self._link.now
        self._heard = self._heard.with_token(token)
