"""Coded strips cut and joined without drawing them: how a header line gets onto a page that is coded already.

T.4 and T.6 code a white line below a white line in one known way, and that is all this rests on. In T.6
(MMR) the line above the first one is white by definition, so a white top of n lines is n bits of V0 and can
be cut away as bits; and a strip whose last line is white may stand above any other. In T.4 (MH, MR) every
line, or every first line of a strip, stands alone behind its EOL, so strips stand one below the other as
they are, the zeros between them being fill. Streams are LSB first, white = 0, without RTC; MMR ends with
EOFB. It refuses to know what is on a page, and to join above a line that is not white: callers see to that.
"""

from __future__ import annotations

_EOFB_BITS = 24


def white_top(mmr: bytes, rows: int) -> int:
    """Return how many lines at the top of a T.6 page are white."""
    bits = int.from_bytes(mmr, "little")
    # The lowest zero bit ends the run of V0 codes.
    return min(rows, ((bits + 1) & ~bits).bit_length() - 1)


def without_top(mmr: bytes, lines: int) -> bytes:
    """Cut `lines` white lines off the top of a T.6 page; the caller knows from `white_top` that it may."""
    return _octets(int.from_bytes(mmr, "little") >> lines)


def without_bottom(mmr: bytes, lines: int) -> bytes:
    """Cut `lines` white lines off the bottom of a T.6 page; the line above them must be white too."""
    bits = _body(mmr)
    return _closed(bits & ((1 << (bits.bit_length() - lines)) - 1), bits.bit_length() - lines)


def joined(compression: str, upper: bytes, lower: bytes) -> bytes:
    """Return one stream of two strips of the same width. The last line of `upper` must be white."""
    if compression != "MMR":
        return upper + lower
    above = _body(upper)
    return _octets(int.from_bytes(lower, "little") << above.bit_length() | above)


def _body(mmr: bytes) -> int:
    """Return the bits of a T.6 strip without its EOFB, as a number whose highest bit is the last one.

    That bit is 1, for the last line is white: V0. So no bit is lost at the top of the number.
    """
    bits = int.from_bytes(mmr, "little")
    body = bits & ((1 << (bits.bit_length() - _EOFB_BITS)) - 1)
    if body.bit_length() != bits.bit_length() - _EOFB_BITS:
        raise ValueError("the last line of the strip is not white")
    return body


def _closed(bits: int, length: int) -> bytes:
    """Put an EOFB (twice 000000000001) behind `length` bits."""
    eofb = 1 << 11 | 1 << 23
    return _octets(bits | eofb << length)


def _octets(bits: int) -> bytes:
    return bits.to_bytes((bits.bit_length() + 7) // 8, "little")
