"""Letters of Japanese mail and the charsets its programs write them in, under every label that is about.

The encoders are the other way round of what the gateway reads, and share no code with it.
"""

from __future__ import annotations

from itertools import product

LETTERS = {
    "business": "拝啓 貴社ますますご清栄のこととお慶び申し上げます。\r\n見積書の件、表示能力ソ予構わず。",
    "vendor": "①②⑳ⅠⅩⅰⅹ㈱㈲㍻№℡㌔㍉㎜㎏髙﨑德彅仼纊",
    "kana": "ｶﾀｶﾅ ﾊﾞﾋﾟﾌﾞ ｶﾌﾞｼｷｶﾞｲｼｬ ﾔﾏﾀﾞ｡｢｣､･",
    "marks": "10～20－5∥…―‘’“”￥￠￡￢±×÷°′″℃★※〒→",
    "trail": "ソ十表予能構申貼暴\r\n|\\ {~}",
    "greek": "ΑΒΓαβγЖжя┌─┬┐│└",
}


# label -> codec its programs mean
LABELS = {
    "Shift_JIS": "cp932",
    "shift-jis": "cp932",
    "x-sjis": "cp932",
    "SJIS": "cp932",
    "Windows-31J": "cp932",
    "MS932": "cp932",
    "cp932": "cp932",
    "ms_kanji": "cp932",
    "csShiftJIS": "cp932",
    "x-ms-cp932": "cp932",
    "windows-932": "cp932",
    "EUC-JP": "eucjp",
    "x-euc-jp": "eucjp",
    "euc_jp": "eucjp",
    "eucJP-ms": "eucjp",
    "CP51932": "eucjp",
    "UTF-8": "utf-8",
    "utf8": "utf-8",
    "unicode-1-1-utf-8": "utf-8",
    "UTF-16": "utf-16",
    "UTF-16LE": "utf-16-le",
    "UTF-16BE": "utf-16-be",
    "UTF-7": "utf-7",
    "ISO-2022-JP": "jis",
    "iso-2022-jp-1": "jis",
    "ISO-2022-JP-MS": "jis",
    "csISO2022JP": "jis",
    "cp50220": "jis",
    "cp50221": "jis",
    "cp50222": "jis",
    "JIS": "jis",
    "x-windows-iso2022jp": "jis",
}


def jis(text: str, roman: bytes = b"\x1b(B", kanji: bytes = b"\x1b$B") -> bytes:
    """Encode as CP50221 does: by way of CP932, with the vendors' rows and ESC ( I for half-width kana."""
    out, state = bytearray(), roman
    for letter in text:
        coded = letter.encode("cp932")
        if len(coded) == 2:
            want, coded = kanji, _to_jis(coded)
        elif coded[0] > 0x7F:
            want, coded = b"\x1b(I", bytes([coded[0] & 0x7F])
        else:
            want = roman
        out += (want if want != state else b"") + coded
        state = want
    return bytes(out + (roman if state != roman else b""))


def _to_jis(pair: bytes) -> bytes:
    lead, trail = _plain_row(pair)
    row = (lead - (0x81 if lead < 0xA0 else 0xC1)) * 2 + 0x21
    if trail >= 0x9F:
        return bytes([row + 1, trail - 0x7E])
    return bytes([row, trail - (0x20 if trail > 0x7E else 0x1F)])


def _plain_row(pair: bytes) -> bytes:
    # IBM's rows have no place in JIS; programs write NEC's selection of them (rows 89 to 92).
    if pair[0] < 0xFA:
        return pair
    for lead, trail in product((0xED, 0xEE), range(0x40, 0xFD)):
        if trail != 0x7F and bytes((lead, trail)).decode("cp932", "replace") == pair.decode("cp932"):
            return bytes((lead, trail))
    return b"\x81\xac"


def eucjp(text: str) -> bytes:
    """Encode as Windows' EUC (CP51932): kana by SS2, the vendors' rows as they are."""
    out = bytearray()
    for letter in text:
        coded = letter.encode("cp932")
        if len(coded) == 2:
            out += bytes(byte | 0x80 for byte in _to_jis(coded))
        else:
            out += (b"\x8e" if coded[0] > 0x7F else b"") + coded
    return bytes(out)


def coded(text: str, codec: str) -> bytes:
    """Return text in one of the codecs of `LABELS`."""
    return jis(text) if codec == "jis" else eucjp(text) if codec == "eucjp" else text.encode(codec)


def lines(text: str) -> str:
    """Return text with the line ends of a reading."""
    return text.replace("\r\n", "\n")
