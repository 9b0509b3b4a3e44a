"""How long a transmission takes on the line: the guard of a session, and the clock of `modem.simline`.

Nominal figures of T.30 (preamble 1 s, TCF 1.5 s) and of the training sequences of V.17, V.27ter and V.29.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from modem.actions import SendFrames, SendPage, SendTraining, Silence, WaitSilence
from modem.rates import Modulation, Rate

if TYPE_CHECKING:
    from collections.abc import Iterable

    from modem.actions import Action
    from modem.fcf import Frame

PREAMBLE = 1.0
TCF = 1.5
V21_BITS = 300
FRAME_OVERHEAD = 4  # FCS and flags, octets
STUFFING = 1.05
CARRIER_TAIL = 0.05

_TRAINING = {Modulation.V17: 1.393, Modulation.V29: 0.253, Modulation.V27TER: 0.923}
_SHORT_V17 = 0.142


def frame(one: Frame) -> float:
    """Return the seconds of one frame on V.21, preamble not included."""
    return (len(one.encode()) + FRAME_OVERHEAD) * 8 * STUFFING / V21_BITS


def training(rate: Rate, *, long: bool) -> float:
    """Return the seconds of the training sequence before data."""
    if rate.modulation is Modulation.V17 and not long:
        return _SHORT_V17
    return _TRAINING[rate.modulation]


def seconds(action: Action) -> float:
    """Return the seconds of one action; 0 for those whose length the far end decides."""
    match action:
        case SendFrames(frames):
            return PREAMBLE + sum(frame(one) for one in frames) + CARRIER_TAIL
        case SendTraining(rate):
            return training(rate, long=True) + TCF + CARRIER_TAIL
        case SendPage(rate, data, long):
            return training(rate, long=long) + len(data) * 8 / rate.bits + CARRIER_TAIL
        case Silence(ms) | WaitSilence(ms):
            return ms / 1000
        case _:
            return 0.0


def total(actions: Iterable[Action]) -> float:
    """Return the seconds of a list of actions."""
    return sum(seconds(action) for action in actions)
