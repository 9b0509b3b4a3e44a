"""Bytes of mail to text, as Japanese mail really is (threats.md section 3).

It never fails, and never runs a codec that is not one of text. Labels are taken at their vendor's word:
`shift_jis` is CP932, `iso-2022-jp` is what Microsoft calls CP50221, `euc-jp` is CP51932, for those are the
letters people's programs send. A label that the bytes themselves give the lie to is not followed: escapes of
ISO-2022-JP, well-formed UTF-8, or bytes the label cannot read while another Japanese charset can. Unlabelled
text is guessed: ISO-2022-JP by its escapes, UTF-8, the account's own charset, EUC-JP or CP932, Latin-1.
"""

from __future__ import annotations

import codecs
import re
from typing import Final

from gateway.mailin.jis import eucjp, iso2022jp

SUPERSETS: Final = {
    **dict.fromkeys(
        ("shift_jis", "shift-jis", "shift_jisx0213", "sjis", "x-sjis", "ms_kanji", "windows-31j",
         "cswindows31j", "x-ms-cp932", "windows-932", "ms932", "csshiftjis", "sjis-win", "cp943",
         "cp943c", "x-mac-japanese"),
        "cp932",
    ),
    **dict.fromkeys(
        ("euc-jp", "eucjp", "x-euc-jp", "euc_jp", "eucjp-ms", "eucjp-win", "cp51932",
         "cseucpkdfmtjapanese", "ujis"),
        "euc_jp",
    ),
    **dict.fromkeys(("unicode-1-1-utf-8", "utf8", "utf-8-mac", "x-utf-8", "cp65001"), "utf-8"),
    **dict.fromkeys(("gb2312", "gbk", "x-gbk", "gb_2312-80"), "gb18030"),
    **dict.fromkeys(("iso-8859-1", "iso8859-1", "latin1", "latin-1"), "cp1252"),
    **dict.fromkeys(("ks_c_5601-1987", "euc-kr", "ksc5601", "ks_c_5601"), "cp949"),
    **dict.fromkeys(("iso-8859-8-i", "iso-8859-8-e"), "iso8859-8"),
    "big5": "big5hkscs",
    "hz-gb-2312": "hz",
}  # fmt: skip
ISO_2022_JP: Final = re.compile(r"(iso[-_]?2022[-_]?jp|csiso2022jp|cp5022[012]|x-windows-iso2022jp|jis\Z)")
NOT_FOR_MAIL: Final = frozenset({"idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined"})
JAPANESE: Final = frozenset({"cp932", "euc_jp", "iso2022jp"})
BOMS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
WESTERN: Final = frozenset({"cp1252", "iso8859-15", "iso8859-2", "ascii", "cp437", "cp850", "mac_roman"})
WIDE: Final = frozenset({"utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"})
ESCAPED: Final = frozenset({"iso2022jp", "iso2022_kr", "hz", "utf-7"})

JIS_ESCAPE = re.compile(rb"\x1b\$[@B(]|\x1b\([JI]")
UTF_8_LETTER = re.compile(
    rb"[\xc2-\xdf][\x80-\xbf]|([\xe1-\xef][\x80-\xbf]{2}|\xf0[\x90-\xbf][\x80-\xbf]{2})"
)
PRIVATE_USE = re.compile("[\ue000-\uf8ff\U000f0000-\U0010fffd]")
KANA = re.compile("[\u3041-\u3096\u30a1-\u30fc\u3001\u3002\u3005\u300c\u300d]")
UNREADABLE = re.compile("[\ufffd\ue000-\uf8ff\x80-\x9f]")
LONE_HIGH = re.compile(rb"(?<![\x80-\xff])[\x80-\xff](?![\x80-\xff])")
WESTERN_LETTER = re.compile(rb"[\x80\x85\x91-\x94\x96\x97\x99\xa0-\xff]")
YEN = re.compile(r"(?<![\w:/\\.])\\(?=\d)")
SENSIBLE = re.compile("[\t\n\r -~\u3000-\u30ff\uff01-\uffef\u4e00-\u9fff\u2010-\u2fff\xa0-\xff]")
ORDERS: Final = ("utf-16-be", "utf-16-le")
GETA = "\u3013"
SYMBOLS = str.maketrans(dict(zip(
    "\uf0b7\uf0a7\uf0d8\uf0fc\uf06c\uf06e\uf075\uf071\uf0a8\uf0e0\uf04a\uf04c\uf0fe\uf0a2\uf0a1\uf076",
    "•▪➢✓●■◆❑□→☺☹☑○○❖", strict=True,
)))  # fmt: skip


def decode(data: bytes, label: str = "", default: str = "") -> tuple[str, str]:
    """Return (text, codec): `label` is what the mail says, `default` the account's charset, "" for neither.

    What cannot be read is U+FFFD, and what belongs to one maker's telephones alone is the geta mark, as their
    own gateways write it. A backslash before a sum in a Japanese charset is the yen sign its writer typed.
    """
    text, codec = _decode(data, label, default)
    if codec in JAPANESE and "\\" in text:
        text = YEN.sub("¥", text)
    if PRIVATE_USE.search(text):
        text = PRIVATE_USE.sub(GETA, text.translate(SYMBOLS))
    return text, codec


def _decode(data: bytes, label: str, default: str) -> tuple[str, str]:
    for mark, marked in BOMS:
        if data.startswith(mark):
            return data.decode(marked, "replace"), marked
    named = codec_of(label)
    is_plain = data.isascii() and b"\x1b" not in data
    if is_plain and named in {None, "ascii"}:
        return data.decode("ascii"), "ascii" if named else "utf-8"
    codec = _trusted(data, named) if named else guess(data, codec_of(default))
    return _by(data, codec), codec


def codec_of(label: str) -> str | None:
    """Return the codec for a label, None for an unknown or unfit one."""
    name = label.strip(" \t\"'").partition(",")[0].strip().lower()
    if ISO_2022_JP.match(name):
        return "iso2022jp"
    name = SUPERSETS.get(name, name)
    try:
        info = codecs.lookup(name)
    except (LookupError, ValueError):
        return None
    is_text = info._is_text_encoding  # noqa: SLF001  (the only way to tell text codecs from zip or rot13)
    return None if not is_text or info.name in NOT_FOR_MAIL else SUPERSETS.get(info.name, info.name)


def guess(data: bytes, default: str | None = None) -> str:
    """Return the codec that unlabelled text seems to be in; `default` is a codec to prefer to CP932."""
    if JIS_ESCAPE.search(data):
        return "iso2022jp"
    if wide := _wide_unmarked(data):
        return wide
    if _reads(data, "utf-8"):
        return "utf-8"
    if default and _reads(data, default):
        return default
    return _japanese(data) or (
        "cp1252" if all(byte not in data for byte in b"\x81\x8d\x8f\x90\x9d") else "latin-1"
    )


def _trusted(data: bytes, named: str) -> str:
    """Return the codec to read labelled text with: the label's own, or another its bytes speak for."""
    if named in WIDE:
        return _wide(data, named)
    escapes = JIS_ESCAPE.search(data) is not None
    if escapes and named not in ESCAPED:
        return "iso2022jp"
    if data.isascii() or (escapes and named == "iso2022jp"):
        return named
    if named in {"iso2022jp", "ascii"} or (named != "utf-8" and _is_utf_8(data)):
        return guess(data)  # 8-bit text under a 7-bit label: another charset, or bare half-width kana
    return _doubted(data, named)


def _doubted(data: bytes, named: str) -> str:
    """Return another codec than the label's where 8-bit text is Japanese that the label cannot mean."""
    if named in WESTERN:
        other = _japanese(data)
        return other if other and len(KANA.findall(_by(data, other))) > 1 else named
    if named in {"utf-8", "cp932", "euc_jp"} and not _reads(data, named):
        return _least_damaged(data, named)
    return named


def _by(data: bytes, codec: str) -> str:
    if codec == "iso2022jp":
        return iso2022jp(data)
    return eucjp(data) if codec == "euc_jp" else data.decode(codec, "replace")


def _reads(data: bytes, codec: str) -> bool:
    """Whether a codec reads all of it, and finds no letters that stand for nothing."""
    if codec in {"euc_jp", "iso2022jp"}:
        return "\ufffd" not in _by(data, codec)
    try:
        text = data.decode(codec)
    except UnicodeError:
        return False
    return codec != "cp932" or not PRIVATE_USE.search(text)  # it takes Western letters for private rows


def _is_utf_8(data: bytes) -> bool:
    """Whether 8-bit text is UTF-8 beyond doubt: sound, with letters of three bytes or several of two."""
    if not _reads(data, "utf-8"):
        return False
    letters = UTF_8_LETTER.findall(data)
    return sum(1 for letter in letters if letter) > 1 or len(letters) > 2


def _japanese(data: bytes) -> str | None:
    """Return the Japanese 8-bit charset that text seems to be in, None where it looks Western."""
    euc, windows = _reads(data, "euc_jp"), _reads(data, "cp932")
    if euc and (not windows or KANA.search(_by(data, "euc_jp"))):
        return "euc_jp"
    return "cp932" if windows and not _looks_western(data) else None


def _looks_western(data: bytes) -> bool:
    """Whether every 8-bit letter stands alone among ASCII and is one that Western text has."""
    lone = LONE_HIGH.findall(data)
    high = sum(1 for byte in data if byte > 0x7F) if len(data) < 100_000 else len(data)
    return len(lone) == high and all(WESTERN_LETTER.match(byte) for byte in lone)


def _least_damaged(data: bytes, named: str) -> str:
    """Return the codec under which the fewest letters are lost; the label's own where it is close."""
    lost = {codec: len(UNREADABLE.findall(_by(data, codec))) for codec in (named, "utf-8", "cp932", "euc_jp")}
    best = min(lost, key=lambda codec: lost[codec])
    return best if lost[best] * 4 < lost[named] else named


def _wide(data: bytes, named: str) -> str:
    """Return how to read text labelled UTF-16 or UTF-32 without a mark: the byte order that makes sense."""
    if b"\0" not in data and _reads(data, "utf-8"):
        return "utf-8"  # a label copied from a program's inside; the bytes went out in UTF-8
    if named != "utf-16":
        return named
    return max(ORDERS, key=lambda order: len(SENSIBLE.findall(data.decode(order, "replace"))))


def _wide_unmarked(data: bytes) -> str | None:
    """Return the byte order of UTF-16 without label and mark: its line ends have octets of nothing."""
    if b"\0" not in data or len(data) % 2:
        return None
    for order, full in zip(ORDERS, (1, 0), strict=True):
        text = data.decode(order, "replace")
        if b"\0" not in data[full::2] and len(SENSIBLE.findall(text)) * 10 > len(text) * 9:
            return order
    return None
