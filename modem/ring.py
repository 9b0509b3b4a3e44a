"""Wait for an incoming call: prepare the modem, count rings, keep who called whom, notice a modem that hangs.

Between calls a port belongs to a `RingWatch`; when it has heard enough the owner starts a `FaxCall` of
role "answer" on the same port. It answers nothing itself. RING, NMBR= and NDID=: V.250 and V.253; a number
the network withholds is P (private) or O (out of area) there.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from modem.atparser import CallerLine, Report, Result, Ring, Text, Token
from modem.class1_call import Prepare
from modem.class1_link import Link
from modem.events import CallFailed

if TYPE_CHECKING:
    from modem.profiles import Profile
    from modem.result import TraceEntry

RING_GAP_SECONDS = 10.0
LOOK_SECONDS = 300.0
"""How often a modem that says nothing is asked whether it lives."""

WITHHELD = {
    **dict.fromkeys(("P", "PRIVATE", "ANONYMOUS", "WITHHELD"), "private"),
    **dict.fromkeys(("O", "OUT OF AREA", "UNAVAILABLE", "UNKNOWN", "-", "NONE"), "unavailable"),
}
NUMBER = re.compile(r"\+?[0-9*#]{1,32}")
"""What is left of a number without the marks people put between its digits."""


@dataclass(frozen=True, slots=True)
class Incoming:
    """A ringing line. `caller` and `called` as the network gave them, empty where it did not.

    `withheld` says why there is no caller: "private", "unavailable", or "" where nothing was said. `when` is
    the network's own date and time, as it spells them.
    """

    rings: int = 0
    caller: str = ""
    called: str = ""
    name: str = ""
    withheld: str = ""
    when: str = ""


def telephone(value: str) -> str:
    """Return a number without spaces, dashes and brackets; what is no number stays as it is."""
    bare = re.sub(r"[\s().\-/]", "", value)
    return bare if NUMBER.fullmatch(bare) else value


class RingWatch:
    """Sans-IO like `FaxCall`. `incoming` is set once `rings` rings were heard; `failed` says why not."""

    def __init__(self, profile: Profile, rings: int = 1) -> None:
        self._link = Link(profile)
        required, optional = profile.between_calls
        self._prepare = Prepare(required, optional, profile.settle_ms / 1000)
        self._rings = rings
        self._heard = Incoming()
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
            self._prepare.run(self._link)

    def look(self, now: float) -> None:
        """Ask a modem that was quiet for `LOOK_SECONDS` whether it lives; `ready` again when it said so."""
        if self._look_at is None:
            self._look_at = now + LOOK_SECONDS
        if now >= self._look_at and self.ready and not self.ringing:
            self._look_at = now + LOOK_SECONDS
            self._link.now = now
            self._prepare = Prepare(("AT",), ())
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
                self._last_ring = self._link.now
                self._heard = replace(self._heard, rings=self._heard.rings + 1)
            case CallerLine(key, value):
                self._link.note("<", f"{key}={value}")
                self._keep(key, value)
            case Result() | Report() | Text() if not self._prepare.done:
                self._prepare.token(token)

    def _keep(self, key: str, value: str) -> None:
        self._last_ring = self._link.now
        match key:
            case "NMBR" if why := WITHHELD.get(value.upper()):
                self._heard = replace(self._heard, withheld=why)
            case "NMBR":
                self._heard = replace(self._heard, caller=telephone(value), withheld="")
            case "NDID":
                self._heard = replace(self._heard, called=telephone(value))
            case "NAME" if value.upper() not in WITHHELD:
                self._heard = replace(self._heard, name=value)
            case "DATE" | "TIME":
                self._heard = replace(self._heard, when=f"{self._heard.when} {value}".strip())
