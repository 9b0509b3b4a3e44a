"""What the driver tells the session: the events of one line, in the order they happened.

Together with `modem.actions` this is the whole vocabulary between `T30Session` (frames, phases, timers)
and a driver (AT commands, byte streams). Neither knows more of the other than these two modules.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from modem.fcf import Frame
    from modem.result import Reason


@dataclass(frozen=True, slots=True)
class Connected:
    """The call stands. After `Dial` the V.21 receiver is on; after `Answer` the V.21 sender is on."""


@dataclass(frozen=True, slots=True)
class CallFailed:
    """The call never stood: BUSY, NO ANSWER, NO CARRIER, NO DIALTONE, ERROR or no reply of the modem."""

    reason: Reason
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Sent:
    """Every sending action of the current list has left the modem; a final listen is about to start."""


@dataclass(frozen=True, slots=True)
class CarrierSeen:
    """A receive carrier is up: V.21 flags (`fast` False) or a trained fast carrier (`fast` True)."""

    fast: bool


@dataclass(frozen=True, slots=True)
class FrameReceived:
    """One HDLC frame, FCS already removed. `frame` is None where the octets are no T.30 frame."""

    frame: Frame | None
    fcs_ok: bool
    raw: bytes = b""


@dataclass(frozen=True, slots=True)
class BurstEnded:
    """`ListenFrames` is over: the final frame came, or the V.21 carrier went. Nothing is listened to now."""


@dataclass(frozen=True, slots=True)
class DataReceived:
    """Octets of a TCF or a page, DLE shielding removed, as they come."""

    data: bytes


@dataclass(frozen=True, slots=True)
class DataEnded:
    """`ListenData` is over: the fast carrier went after it had been seen. Nothing is listened to now."""


@dataclass(frozen=True, slots=True)
class CarrierWrong:
    """`ListenData` met a V.21 carrier (+FCERROR or +FRH:3). The session answers with `ListenFrames`."""


@dataclass(frozen=True, slots=True)
class CarrierLost:
    """NO CARRIER where no carrier was seen in this listen: nobody there, or the line went."""


@dataclass(frozen=True, slots=True)
class HungUp:
    """The line is on hook again, by us or by the modem."""


@dataclass(frozen=True, slots=True)
class DriverFailed:
    """The modem stopped obeying in the middle of a call. The session ends the call with this reason."""

    reason: Reason
    detail: str = ""


Event = (
    Connected
    | CallFailed
    | Sent
    | CarrierSeen
    | FrameReceived
    | BurstEnded
    | DataReceived
    | DataEnded
    | CarrierWrong
    | CarrierLost
    | HungUp
    | DriverFailed
)
