"""What the session asks of the line, one list at a time.

Rules of a list, held by both sides and by tests:

* it is zero or more sending actions (`WaitSilence`, `Silence`, `SendFrames`, `SendTraining`, `SendPage`),
  then at most one of `ListenFrames`, `ListenData`, `HangUp`; or it is a single `Dial` or `Answer`;
* the driver performs it in order and reports one `Sent` when the sending part is over (if there was one);
* a new list may come only after `Sent` for a list without a listen, or after the listen ended, or in place
  of a running listen: then the driver aborts that listen first (one CAN, result swallowed);
* a list that ends in `HangUp` may come at any time, because the call is being ended (cancelled, out of time):
  the driver cuts a running send short (DLE ETX), drops what stood behind it and performs the new list;
* `Session.stored(notice_id, now)` is called before a barrier is lifted; a list it returns replaces the held
  one (a receiver that stored too late listens for the repeated command instead of talking over it);
* a `Barrier` may stand anywhere: no byte of what follows it leaves before the notice of that id is stored.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from modem.fcf import Frame
    from modem.rates import Rate


@dataclass(frozen=True, slots=True)
class Dial:
    """Call a number. `number` is a finished dial string of digits, `*`, `#`, `,`, `W`, `T`, `P`."""

    number: str


@dataclass(frozen=True, slots=True)
class Answer:
    """Go off hook and send CED, then a V.21 preamble."""


@dataclass(frozen=True, slots=True)
class WaitSilence:
    """Wait until the far end has been silent for `ms` (AT+FRS); bounded by the driver."""

    ms: int


@dataclass(frozen=True, slots=True)
class Silence:
    """Send `ms` of silence (AT+FTS)."""

    ms: int


@dataclass(frozen=True, slots=True)
class SendFrames:
    """One V.21 burst: preamble, then every frame; only the last has its final bit set."""

    frames: tuple[Frame, ...]


@dataclass(frozen=True, slots=True)
class SendTraining:
    """Train (long) at `rate` and send a TCF: 1.5 s of zero bits (T.30 5.3.4)."""

    rate: Rate


@dataclass(frozen=True, slots=True)
class SendPage:
    """Train at `rate` (`long` only where T.30 asks for it) and send these octets, LSB first."""

    rate: Rate
    data: bytes
    long: bool = False


@dataclass(frozen=True, slots=True)
class ListenFrames:
    """Receive one V.21 burst: frames until the one with the final bit, or until the carrier goes."""


@dataclass(frozen=True, slots=True)
class ListenData:
    """Receive a TCF or a page on the fast carrier. `long` training for a TCF, short for pages (V.17)."""

    rate: Rate
    long: bool


@dataclass(frozen=True, slots=True)
class HangUp:
    """Go on hook. The driver reports `HungUp`."""


@dataclass(frozen=True, slots=True)
class Barrier:
    """Hold everything behind this until `FaxCall.stored(notice_id)`: the write-ahead rule."""

    notice_id: int


SENDING = (WaitSilence, Silence, SendFrames, SendTraining, SendPage)

Action = (
    Dial
    | Answer
    | WaitSilence
    | Silence
    | SendFrames
    | SendTraining
    | SendPage
    | ListenFrames
    | ListenData
    | HangUp
    | Barrier
)
