"""ISO-2022-JP and EUC-JP as Japanese mail really has them, which Python's codecs refuse or read otherwise.

Both are read by way of CP932, so that the vendors' rows (NEC row 13, NEC's selection of IBM's letters) come
out as the letters people typed. ISO-2022-JP has half-width kana by ESC ( I, by SO/SI and as 8-bit; the set in
force outlasts a line end, as browsers have it. Nothing here fails: stray bytes become U+FFFD.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

SEGMENT = re.compile(rb"\x1b(\([BJIH]|\$[@BA]|\$\([CDOPQ@B])|([\x0e\x0f])")
KANJI = re.compile(rb"[\x21-\x7e]{2}")
EIGHT_BIT_KANA = re.compile(rb"[\xa1-\xdf]+")
EUC = re.compile(rb"\x8f[\xa1-\xfe]{2}|\x8e[\xa1-\xdf]|[\xa1-\xfe]{2}|[\x80-\xff]")
EIGHT_BIT = bytes(byte | 0x80 if 0x21 <= byte <= 0x5F else byte for byte in range(256))
FOREIGN = {
    b"$A": "iso2022_jp_2",
    b"$(C": "iso2022_jp_2",
    b"$(O": "iso2022_jp_2004",
    b"$(P": "iso2022_jp_2004",
    b"$(Q": "iso2022_jp_2004",
}


def iso2022jp(data: bytes) -> str:
    """Decode ISO-2022-JP with all its extensions seen in mail; stray bytes become U+FFFD."""
    text, state, shifted, at = [], b"(B", False, 0
    for match in SEGMENT.finditer(data):
        text.append(_segment(data[at : match.start()], state, shifted=shifted))
        at = match.end()
        if match[2]:
            shifted = match[2] == b"\x0e"
        else:
            state = match[1]
    text.append(_segment(data[at:], state, shifted=shifted))
    return "".join(text)


def eucjp(data: bytes) -> str:
    """Decode EUC-JP with the vendors' rows (CP51932, eucJP-ms); stray bytes become U+FFFD."""
    text, at = [], 0
    for match in EUC.finditer(data):
        text.append(data[at : match.start()].decode("ascii", "replace"))
        text.append(_euc(match[0]))
        at = match.end()
    text.append(data[at:].decode("ascii", "replace"))
    return "".join(text)


@cache
def _euc(letter: bytes) -> str:
    if len(letter) == 1:
        return "\ufffd"
    if letter[0] == 0x8E:
        return letter[1:].decode("cp932")
    seven = bytes(byte & 0x7F for byte in letter)
    if len(letter) == 3:
        return _jis_x_0212(seven[1:])
    return _jis_x_0208(seven)


def _segment(data: bytes, state: bytes, *, shifted: bool) -> str:
    if not data:
        return ""
    if shifted or state == b"(I":
        return _kana(data)
    if state in (b"$@", b"$B", b"$(@", b"$(B"):
        return _pairs(data, _jis_x_0208)
    if state == b"$(D":
        return _pairs(data, _jis_x_0212)
    if state in FOREIGN:
        return (b"\x1b" + state + data).decode(FOREIGN[state], "replace")
    text = EIGHT_BIT_KANA.sub(lambda m: _kana(m[0]).encode(), data).decode("utf-8", "replace")
    # JIS X 0201 has the yen there; its overline is left a tilde, for it stands in addresses of pages.
    return text.replace("\\", "¥") if state in (b"(J", b"(H") else text


def _kana(data: bytes) -> str:
    """Decode half-width kana, 7-bit or 8-bit."""
    return data.translate(EIGHT_BIT).decode("cp932", "replace")


def _pairs(data: bytes, one: Callable[[bytes], str]) -> str:
    """Decode pairs by `one`; what is no pair (a line end, a blank) stands for itself."""
    text, at = [], 0
    for match in KANJI.finditer(data):
        text.append(data[at : match.start()].decode("ascii", "replace"))
        text.append(one(match[0]))
        at = match.end()
    text.append(data[at:].decode("ascii", "replace"))
    return "".join(text)


@cache
def _jis_x_0208(pair: bytes) -> str:
    """Decode by way of Shift_JIS, which CP932 extends with the vendors' rows."""
    row, cell = pair
    lead = (row + 1) // 2 + (0x70 if row < 0x5F else 0xB0)
    trail = cell + (0x7E if row % 2 == 0 else 0x20 if cell >= 0x60 else 0x1F)
    return bytes((lead, trail)).decode("cp932", "replace")


@cache
def _jis_x_0212(pair: bytes) -> str:
    return (b"\x8f" + bytes(b | 0x80 for b in pair)).decode("euc_jp", "replace")
