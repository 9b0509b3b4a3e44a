"""HDLC framing of ECM blocks inside a fast carrier: FCS, zero insertion, flags, both ways.

A Class 1 modem frames V.21 bursts itself and leaves the fast carrier alone (T.31 8.3.3), so the frames of
T.30 Annex A.3 are made and found here. What a frame means (FCD, RCP) is its caller's business. Nothing here
raises on what came off a line: octets that are no frame are `fcs_ok` False or nothing at all.

Octets are in DTE form, least significant bit first, and need not begin at an octet boundary of the carrier.
There is no loop over bits: a run of octets becomes a string of '0' and '1' in order of transmission, and then
`str.replace` is zero insertion, `str.split` finds the flags, and both run at the speed of C. A block of
64 KiB costs a few milliseconds either way, and eight calls share one interpreter.
"""

from __future__ import annotations

from binascii import crc_hqx
from dataclasses import dataclass
from typing import TYPE_CHECKING

from modem.fcf import reverse_bits

if TYPE_CHECKING:
    from collections.abc import Iterable

FLAG = "01111110"
FCS_OCTETS = 2
LEAST_OCTETS = 3  # address, control, FCF
MOST_OCTETS = 300  # an ECM frame has 260; what is longer lost a flag

_ONES = "111111"  # six of them stand in flags and aborts only
_LEAST_BITS = 8 * (LEAST_OCTETS + FCS_OCTETS)
_MOST_BITS = (MOST_OCTETS + FCS_OCTETS) * 8 * 6 // 5 + 2
_ASTRAY = "10"  # no piece between two flags begins with a one: whatever follows is dropped


@dataclass(frozen=True, slots=True)
class RawFrame:
    """What stood between two flags: octets without their FCS, and whether the FCS was right.

    Where it was not, the octets are what can be read. Never shorter than a frame can be.
    """

    octets: bytes
    fcs_ok: bool


def fcs(octets: bytes) -> bytes:
    """Return the frame check sequence as it is sent (T.30 5.3.7; CRC-16 of X.25)."""
    return reverse_bits((_register(octets) ^ 0xFFFF).to_bytes(FCS_OCTETS, "big"))


def _register(octets: bytes) -> int:
    """Return the state of the check register behind these octets, first bit sent on the left."""
    return crc_hqx(reverse_bits(octets), 0xFFFF)


_GOOD = _register(bytes(3) + fcs(bytes(3)))  # what the register holds behind any frame and its own FCS


def _to_bits(octets: bytes) -> str:
    """Return the bits in order of transmission."""
    if not octets:
        return ""
    return format(int.from_bytes(reverse_bits(octets), "big"), f"0{8 * len(octets)}b")


def _to_octets(bits: str) -> bytes:
    """Return whole octets of a bit string; bits left over at its end are dropped."""
    count = len(bits) // 8
    return reverse_bits(int(bits[: 8 * count] or "0", 2).to_bytes(count, "big"))


def frame_bits(octets: bytes) -> str:
    """Return one frame in order of transmission: FCS added, zeros inserted, without flags."""
    return _to_bits(octets + fcs(octets)).replace("11111", "111110")


def transmission(frames: Iterable[bytes], *, flags: int, after: int = 2) -> bytes:
    """Return the octets of a carrier: `flags` flags, the frames with one flag between, `after` at the end.

    The last octet is filled with the beginning of another flag.
    """
    pieces = "".join(frame_bits(frame) + FLAG for frame in frames)
    bits = FLAG * flags + pieces + FLAG * (after - bool(pieces))
    return _to_octets(bits + FLAG[: -len(bits) % 8])


class Deframer:
    """Finds the frames in the octets of a carrier as they come. Holds less than one frame."""

    def __init__(self) -> None:
        self._pending = _ASTRAY

    def feed(self, octets: bytes) -> list[RawFrame]:
        """Take octets; return the frames whose closing flag was among them, in order."""
        *pieces, rest = (self._pending + _to_bits(octets)).split(_ONES)
        self._pending = rest if len(rest) <= _MOST_BITS else _ASTRAY + rest[-len(_ONES) + 1 :]
        return [frame for piece in pieces if len(piece) > len("00") and (frame := _read(piece))]


def _read(piece: str) -> RawFrame | None:
    """Read what stood between the ones of two flags: their zeros, and a frame between these."""
    if piece[0] == "1" or len(piece) > _MOST_BITS:
        return None
    bits = piece[1:-1].replace("111110", "11111")
    if len(bits) < _LEAST_BITS:
        return None
    octets = _to_octets(bits)
    return RawFrame(octets[:-FCS_OCTETS], not len(bits) % 8 and _register(octets) == _GOOD)
