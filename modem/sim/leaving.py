"""How a far machine leaves a call rudely: by hanging up, after a DCN out of turn, or by falling silent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modem.sim.libspandsp import SILENCE, ffi
from modem.sim.spandsp import Burst

if TYPE_CHECKING:
    from modem.sim.settings import How
    from modem.sim.spandsp import Samples

DCN = bytes.fromhex("ff13fb")
TURN_BLOCKS = 10
"""Silence before DCN: the other end has to finish its own burst and listen."""

DCN_BLOCKS = 55
"""As long as preamble, frame and closing flags of a DCN take at 300 bit/s."""


class Exit:
    """A machine on its way out: what it still sends, and whether it is off the line."""

    def __init__(self, how: How) -> None:
        self._how = how
        self._blocks = 0
        self._burst = Burst(DCN) if how == "dcn" else None

    @property
    def finished(self) -> bool:
        """Whether it has hung up; one that fell silent never does."""
        return self._how == "hang-up" or (self._how == "dcn" and self._blocks >= TURN_BLOCKS + DCN_BLOCKS)

    def transmit(self, samples: Samples) -> None:
        """Fill a block: silence, or a part of the DCN."""
        self._blocks += 1
        if self._burst is not None and TURN_BLOCKS < self._blocks <= TURN_BLOCKS + DCN_BLOCKS:
            self._burst.transmit(samples)
        else:
            ffi.buffer(samples)[:] = SILENCE

    def close(self) -> None:
        """Free the library's states."""
        if self._burst is not None:
            self._burst.close()
