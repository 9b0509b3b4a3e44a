"""Bytes of mail to text, as Japanese mail really is (threats.md section 3).

It never fails, and never runs a codec that is not one of text. Labels are taken at their vendor's word:
`shift_jis` is CP932, `iso-2022-jp` is what Microsoft calls CP50221 (NEC row 13, IBM extensions, half-width
kana by ESC ( I, by SO/SI and as 8-bit), for those are the letters people's programs send. Unlabelled text is
guessed: UTF-8, ISO-2022-JP by its escapes, CP932, Latin-1.
"""

from __future__ import annotations

import codecs
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

SUPERSETS = {
    "shift_jis": "cp932",
    "shift-jis": "cp932",
    "sjis": "cp932",
    "x-sjis": "cp932",
    "ms_kanji": "cp932",
    "windows-31j": "cp932",
    "cswindows31j": "cp932",
    "x-ms-cp932": "cp932",
    "eucjp": "euc_jp",
    "x-euc-jp": "euc_jp",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "x-gbk": "gb18030",
    "iso-8859-1": "cp1252",
    "iso8859-1": "cp1252",
    "ks_c_5601-1987": "cp949",
    "euc-kr": "cp949",
}
ISO_2022_JP = re.compile(r"(iso[-_]?2022[-_]?jp|csiso2022jp|cp5022[012]|x-windows-iso2022jp)")
NOT_FOR_MAIL = frozenset({"idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined", "utf-7"})
JAPANESE = frozenset({"cp932", "euc_jp", "iso2022jp"})
BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))

JIS_ESCAPE = re.compile(rb"\x1b\$[@B(]|\x1b\([JI]")
SEGMENT = re.compile(rb"\x1b(\([BJIH]|\$[@B]|\$\([DOPQ@B])|([\x0e\x0f])")
PRIVATE_USE = re.compile("[\ue000-\uf8ff]")
KANJI = re.compile(rb"[\x21-\x7e]{2}")
EIGHT_BIT_KANA = re.compile(rb"[\xa1-\xdf]+")


def decode(data: bytes, label: str = "") -> tuple[str, str]:
    """Return (text, codec): `label` is what the mail says, "" for nothing. What cannot be read is U+FFFD."""
    for mark, marked in BOMS:
        if data.startswith(mark):
            return data.decode(marked, "replace"), marked
    named = codec_of(label)
    is_plain = data.isascii() and b"\x1b" not in data
    codec = guess(data) if named is None or (named == "ascii" and not is_plain) else named
    if codec == "iso2022jp":
        return iso2022jp(data), codec
    return data.decode(codec, "replace"), codec


def codec_of(label: str) -> str | None:
    """Return the codec for a label, None for an unknown or unfit one."""
    name = label.strip(" \t\"'").lower()
    if ISO_2022_JP.match(name):
        return "iso2022jp"
    name = SUPERSETS.get(name, name)
    try:
        info = codecs.lookup(name)
    except (LookupError, ValueError):
        return None
    is_text = info._is_text_encoding  # noqa: SLF001  (the only way to tell text codecs from zip or rot13)
    return None if not is_text or info.name in NOT_FOR_MAIL else SUPERSETS.get(info.name, info.name)


def guess(data: bytes) -> str:
    """Return the codec that unlabelled text seems to be in."""
    if JIS_ESCAPE.search(data):
        return "iso2022jp"
    for codec in ("utf-8", "cp932"):
        try:
            text = data.decode(codec)
        except UnicodeDecodeError:
            continue
        if not PRIVATE_USE.search(text):  # CP932 takes Western letters for its user-defined rows
            return codec
    return "cp1252" if all(byte not in data for byte in b"\x81\x8d\x8f\x90\x9d") else "latin-1"


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


def _segment(data: bytes, state: bytes, *, shifted: bool) -> str:
    if not data:
        return ""
    if shifted or state == b"(I":
        return _kana(data)
    if state in (b"$@", b"$B", b"$(@", b"$(B"):
        return _pairs(data, _jis_x_0208)
    if state == b"$(D":
        return _pairs(data, _jis_x_0212)
    if state in (b"$(O", b"$(P", b"$(Q"):
        return (b"\x1b" + state + data).decode("iso2022_jp_2004", "replace")
    return EIGHT_BIT_KANA.sub(lambda m: _kana(m[0]).encode(), data).decode("utf-8", "replace")


def _kana(data: bytes) -> str:
    """Decode half-width kana, 7-bit or 8-bit."""
    return bytes(b | 0x80 if 0x21 <= b <= 0x5F else b for b in data).decode("cp932", "replace")


def _pairs(data: bytes, one: Callable[[bytes], str]) -> str:
    """Decode pairs by `one`; what is no pair (a line end, a blank) stands for itself."""
    text, at = [], 0
    for match in KANJI.finditer(data):
        text.append(data[at : match.start()].decode("ascii", "replace"))
        text.append(one(match[0]))
        at = match.end()
    text.append(data[at:].decode("ascii", "replace"))
    return "".join(text)


def _jis_x_0208(pair: bytes) -> str:
    """Decode by way of Shift_JIS, which CP932 extends with the vendors' rows."""
    row, cell = pair
    lead = (row + 1) // 2 + (0x70 if row < 0x5F else 0xB0)
    trail = cell + (0x7E if row % 2 == 0 else 0x20 if cell >= 0x60 else 0x1F)
    return bytes((lead, trail)).decode("cp932", "replace")


def _jis_x_0212(pair: bytes) -> str:
    return (b"\x8f" + bytes(b | 0x80 for b in pair)).decode("euc_jp", "replace")
