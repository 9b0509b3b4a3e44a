"""The least a call can take: coded bits at the full rate, and the shortest exchange T.30 lets one have.

Shortest means every tolerance used: preambles 15 % short of a second (5.3.1), silences 20 ms short of 75
(T.30 table of 5.1), training as V.17 has it. The far machine's share (tone, its frames) is in it too.
"""

from __future__ import annotations

from modem.hdlc import frame_bits

SILENCE = 0.055
PREAMBLE = 0.85
V21, FLAG = 300.0, 8
LONG, SHORT, TCF = 1.393, 0.142, 1.5
CALLED_TONE = 0.2 + 2.6
ECM_FLAGS = 0.2
FRAME, FRAMES, HEAD = 256, 256, 3
IDENT, DIS, DCS, PPS = 20, 8, 6, 4
"""Octets of the information field of each frame."""


def burst(*fields: int) -> float:
    """Return the seconds of one V.21 burst of frames with information fields of so many octets."""
    bits = sum((HEAD + field + 2) * 8 + FLAG for field in fields)
    return SILENCE + PREAMBLE + bits / V21


def set_up() -> float:
    """Return the seconds from the answer to CFR."""
    return CALLED_TONE + burst(IDENT, DIS) + burst(DCS) + SILENCE + LONG + TCF + burst(0)


def page(octets: int, rate: int = 14400) -> float:
    """Return the seconds of a page without ECM, from one confirmation to the next."""
    return SILENCE + SHORT + octets * 8 / rate + burst(0) + burst(0)


def ecm_page(data: bytes, rate: int = 14400) -> float:
    """Return the seconds of a page in blocks."""
    blocks = range(0, len(data), FRAME * FRAMES)
    return framed(data) / rate + len(blocks) * (SILENCE + SHORT + ECM_FLAGS + burst(PPS) + burst(0))


def framed(data: bytes) -> int:
    """Return the bits of a page's ECM frames on the line: head, FCS, inserted zeros, a flag behind each."""
    bits = 0
    for at in range(0, len(data), FRAME):
        frame = bytes([0xFF, 0x03, 0x06, at // FRAME % FRAMES]) + data[at : at + FRAME].ljust(FRAME, b"\0")
        bits += len(frame_bits(frame)) + FLAG
    return bits


def tail() -> float:
    """Return the seconds from the last confirmation to on-hook."""
    return burst(0)
