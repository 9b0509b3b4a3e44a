"""The frames of T.30: control field values, the X bit, and the octets of one HDLC frame.

Octets are kept in DTE form: the least significant bit is sent first, as a Class 1 modem takes them.
T.30 itself prints bits in order of transmission, so its hex is the bit reversal of ours; `print_form`
gives it. Flags, bit stuffing and FCS belong to the modem (T.31) and are unknown here.

Refuses nothing: a frame this module cannot name decodes to None, never to an exception.
Follows T.30 5.3.6 (formats) and Annex A.4 (FCD, RCP).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

ADDRESS = 0xFF
CONTROL_NOT_FINAL = 0x03
CONTROL_FINAL = 0x13
FINAL_BIT = 0x10
X_BIT = 0x01


class Fcf(IntEnum):
    """Facsimile control fields in DTE form, the X bit cleared where a frame has one."""

    DIS = 0x80
    CSI = 0x40
    NSF = 0x20
    DTC = 0x81
    CIG = 0x41
    NSC = 0x21
    PWD = 0xC1
    SEP = 0xA1
    PSA = 0x61
    CIA = 0xE1
    ISP = 0x11
    DCS = 0x82
    TSI = 0x42
    NSS = 0x22
    SUB = 0xC2
    SID = 0xA2
    TSA = 0x62
    IRA = 0xE2
    CTC = 0x12
    CFR = 0x84
    FTT = 0x44
    CTR = 0xC4
    CSA = 0x24
    EOM = 0x8E
    MPS = 0x4E
    EOP = 0x2E
    PRI_EOM = 0x9E
    PRI_MPS = 0x5E
    PRI_EOP = 0x3E
    EOS = 0x1E
    PPS = 0xBE
    EOR = 0xCE
    RR = 0x6E
    MCF = 0x8C
    RTP = 0xCC
    RTN = 0x4C
    PIP = 0xAC
    PIN = 0x2C
    PPR = 0xBC
    RNR = 0xEC
    ERR = 0x1C
    FDM = 0xFC
    DCN = 0xFA
    CRP = 0x1A
    FNV = 0xCA
    TNR = 0xEA
    TR = 0x6A
    FCD = 0x06
    RCP = 0x86

    @property
    def label(self) -> str:
        """The name T.30 prints."""
        return self.name.replace("_", "-")


# Who speaks is fixed for these: the identification and polling groups, and the two ECM frames.
WITHOUT_X = frozenset(
    {
        Fcf.DIS, Fcf.CSI, Fcf.NSF, Fcf.DTC, Fcf.CIG, Fcf.NSC, Fcf.PWD, Fcf.SEP,
        Fcf.PSA, Fcf.CIA, Fcf.ISP, Fcf.FCD, Fcf.RCP,
    }
)  # fmt: skip

# Post-page commands, the operator-interrupt forms mapped on the plain ones: we have no operator.
PLAIN_POST_PAGE = {
    Fcf.MPS: Fcf.MPS, Fcf.EOM: Fcf.EOM, Fcf.EOP: Fcf.EOP,
    Fcf.PRI_MPS: Fcf.MPS, Fcf.PRI_EOM: Fcf.EOM, Fcf.PRI_EOP: Fcf.EOP,
}  # fmt: skip

_OCTETS = {
    octet: (fcf, x)
    for fcf in Fcf
    for octet, x in ([(fcf, False)] if fcf in WITHOUT_X else [(fcf, False), (fcf | X_BIT, True)])
}

REVERSED = bytes(int(f"{octet:08b}"[::-1], 2) for octet in range(256))


def reverse_bits(data: bytes) -> bytes:
    """Mirror every octet: DTE form to T.30 print form and back."""
    return data.translate(REVERSED)


def is_final(raw: bytes) -> bool:
    """Tell whether these octets, known frame or not, claim to be the last of their burst."""
    return len(raw) >= 2 and bool(raw[1] & FINAL_BIT)


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame. `x` is the X bit, always False where the frame has none; `fif` the information field."""

    fcf: Fcf
    x: bool = False
    final: bool = True
    fif: bytes = b""

    def encode(self) -> bytes:
        """Return address, control, FCF and FIF; the modem adds the FCS."""
        control = CONTROL_FINAL if self.final else CONTROL_NOT_FINAL
        octet = self.fcf | X_BIT if self.x and self.fcf not in WITHOUT_X else self.fcf
        return bytes((ADDRESS, control, octet)) + self.fif

    @classmethod
    def decode(cls, raw: bytes) -> Frame | None:
        """Read octets without FCS; None where they are no frame of T.30."""
        if len(raw) < 3 or raw[0] != ADDRESS or raw[1] not in (CONTROL_FINAL, CONTROL_NOT_FINAL):
            return None
        known = _OCTETS.get(raw[2])
        if known is None:
            return None
        return cls(known[0], known[1], is_final(raw), raw[3:])

    @property
    def print_form(self) -> str:
        """The frame as T.30 and most logs print it: `FF C8 21 (CFR)`."""
        return f"{reverse_bits(self.encode()).hex(' ').upper()} ({self.fcf.label})"

    def __str__(self) -> str:
        return self.fcf.label
