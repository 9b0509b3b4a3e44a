"""Bytes of text to Unicode, taking the superset of every declared charset, and never failing.

Senders name a charset and use its vendor extension (windows-31j in "shift_jis", GB 18030 in "gb2312"), so
the superset is decoded. Undeclared text is UTF-8 if it is valid UTF-8, else ISO-2022-JP if it shows that
charset's escapes, else the configured charset, CP932 or windows-1252. What cannot be decoded becomes U+FFFD.
"""

from __future__ import annotations

import codecs
import re

_SUPERSETS = {
    "iso-2022-jp": ("iso2022_jp_ext", "iso2022_jp_2004", "iso2022_jp_2"),
    "iso-2022-jp-1": ("iso2022_jp_ext",),
    "iso-2022-jp-2": ("iso2022_jp_2", "iso2022_jp_ext"),
    "iso-2022-jp-3": ("iso2022_jp_2004",),
    "shift_jis": ("cp932", "shift_jis_2004"),
    "shift-jis": ("cp932", "shift_jis_2004"),
    "sjis": ("cp932", "shift_jis_2004"),
    "x-sjis": ("cp932", "shift_jis_2004"),
    "windows-31j": ("cp932",),
    "euc-jp": ("euc_jp", "euc_jis_2004"),
    "gb2312": ("gb18030",),
    "gbk": ("gb18030",),
    "big5": ("cp950", "big5hkscs"),
    "iso-8859-1": ("cp1252", "latin_1"),
    "us-ascii": ("utf_8",),
    "ascii": ("utf_8",),
    "ks_c_5601-1987": ("cp949",),
    "euc-kr": ("cp949",),
}
_NO_CHARSETS = frozenset({"undefined", "idna", "punycode", "unicode-escape", "raw-unicode-escape"})
"""Python's own codecs that no mail means; some of them fail even where what they cannot read is replaced."""

_LANGUAGES = (
    ("iso2022_jp", "ja"),
    ("iso-2022-jp", "ja"),
    ("euc_j", "ja"),
    ("shift_jis", "ja"),
    ("cp932", "ja"),
    ("gb", "zh-cn"),
    ("hz", "zh-cn"),
    ("big5", "zh-tw"),
    ("cp950", "zh-tw"),
    ("cp949", "ko"),
    ("euc_kr", "ko"),
    ("koi8", "ru"),
    ("cp1251", "ru"),
)
_JIS_ESCAPE = re.compile(rb"\x1b\$[@B(]|\x1b\([JI]")
_KANA = re.compile("[\u3040-\u30ff\uff66-\uff9f]")
_HANGUL = re.compile("[\uac00-\ud7af]")
_HAN = re.compile("[\u3400-\u9fff]")


def decode(data: bytes, declared: str | None = None, default: str = "") -> tuple[str, str]:
    """Return (text, codec used). `declared` is the MIME charset, `default` the configured one."""
    for mark, codec in (
        (codecs.BOM_UTF8, "utf_8_sig"),
        (codecs.BOM_UTF16_LE, "utf_16"),
        (codecs.BOM_UTF16_BE, "utf_16"),
    ):
        if data.startswith(mark):
            return data.decode(codec, "replace"), codec
    candidates = _candidates(data, (declared or "").strip(" \"'").lower(), default.lower())
    for codec in candidates:
        try:
            return data.decode(codec), codec
        except (UnicodeError, ValueError):
            continue
    return data.decode(candidates[0], "replace"), candidates[0]


def _candidates(data: bytes, declared: str, default: str) -> list[str]:
    # An ASCII label on 8-bit text is no information; neither is a name nobody knows.
    if declared and _known(declared) and not (declared in {"us-ascii", "ascii"} and not data.isascii()):
        return _family(declared)
    guesses = ["iso2022_jp_ext"] if _JIS_ESCAPE.search(data) else []
    guesses.append("utf_8")
    if default and _known(default):
        guesses += _family(default)
    return [*guesses, "cp932", "cp1252", "latin_1"]


def _family(name: str) -> list[str]:
    return list(_SUPERSETS.get(name, (name,)))


def _known(name: str) -> bool:
    if name in _SUPERSETS:
        return True
    try:
        codec = codecs.lookup(name)
    except (LookupError, ValueError):
        return False
    # The only way to tell text codecs from zip or rot13.
    return codec._is_text_encoding and codec.name not in _NO_CHARSETS  # noqa: SLF001


def language(text: str, codec: str = "") -> str:
    """Guess a language tag for choosing fonts: ja, zh-cn, zh-tw, ko, ru, or "" where it does not matter."""
    for start, tag in _LANGUAGES:
        if codec.startswith(start):
            return tag
    sample = text[:20_000]
    if _KANA.search(sample):
        return "ja"
    if _HANGUL.search(sample):
        return "ko"
    han = "".join(_HAN.findall(sample))
    if not han:
        return ""
    fits = {"zh-cn": _share(han, "gb2312"), "ja": _share(han, "cp932"), "zh-tw": _share(han, "big5")}
    return max(fits, key=lambda tag: fits[tag])


def _share(han: str, codec: str) -> int:
    return len(han.encode(codec, "ignore"))
