"""Lets the far machine hear MPS where the sender says EOP or EOM after a page that is being rejected.

libspandsp 0.0.6 takes the retraining DCS after RTN only if the page had ended with MPS; after EOP or EOM it
sends DCN, which machines that follow T.30 figure A.7 do not. The page is bad by real line errors and the
machine judges it by itself; only the command it answers is covered by a burst that fits into it. Without ECM
only: there the machine asks for the damaged frames again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from modem.sim.spandsp import Burst

if TYPE_CHECKING:
    from modem.sim.spandsp import Samples

MPS = bytes.fromhex("ff134f")


class Disguise:
    """Worn by the sender's bursts from the end of a spoilt page until its RTN."""

    def __init__(self) -> None:
        self._burst: Burst | None = None

    def cover(self, samples: Samples, *, silent: bool) -> None:
        """Replace a block of the sender's burst; silence between bursts stays silence."""
        if silent:
            self.take_off()
            return
        self._burst = self._burst or Burst(MPS)
        self._burst.transmit(samples)

    def take_off(self) -> None:
        """End the burst that is covered now, if any."""
        if self._burst is not None:
            self._burst.close()
            self._burst = None
