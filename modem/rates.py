"""The modulations of T.30 Table 2, in the order a sender falls back through them.

One table: bit rate, DCS bits 11-14, the DIS family that must be on offer, and the Class 1 carrier codes
(T.31 8.3) for long and short training. Only V.17 knows short training.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, StrEnum


class Modulation(StrEnum):
    """A fast modem family as DIS bits 11-14 offer it."""

    V27TER = "V.27ter"
    V29 = "V.29"
    V17 = "V.17"


@dataclass(frozen=True, slots=True)
class RateFacts:
    """One row: `dcs` holds bits 11-14 as T.30 prints them; `long`, `short` are +FTM/+FRM codes."""

    modulation: Modulation
    bits: int
    dcs: str
    long: int
    short: int


class Rate(Enum):
    """A trained speed, best first; the order is the fallback order of the specification."""

    V17_14400 = RateFacts(Modulation.V17, 14400, "0001", 145, 146)
    V17_12000 = RateFacts(Modulation.V17, 12000, "0101", 121, 122)
    V17_9600 = RateFacts(Modulation.V17, 9600, "1001", 97, 98)
    V29_9600 = RateFacts(Modulation.V29, 9600, "1000", 96, 96)
    V17_7200 = RateFacts(Modulation.V17, 7200, "1101", 73, 74)
    V29_7200 = RateFacts(Modulation.V29, 7200, "1100", 72, 72)
    V27_4800 = RateFacts(Modulation.V27TER, 4800, "0100", 48, 48)
    V27_2400 = RateFacts(Modulation.V27TER, 2400, "0000", 24, 24)

    @property
    def bits(self) -> int:
        """Bits a second."""
        return self.value.bits

    @property
    def modulation(self) -> Modulation:
        """The family that carries this rate."""
        return self.value.modulation

    @property
    def tcf_octets(self) -> int:
        """Octets of a 1.5 s training check at this rate (T.30 5.3.6.2.2)."""
        return self.value.bits * 3 // 16

    def code(self, *, long: bool) -> int:
        """Class 1 carrier code for +FTM and +FRM."""
        return self.value.long if long else self.value.short
