"""Text as strangers label it: wrong, vendor-flavoured, or not at all."""

from __future__ import annotations

import pytest

from render.charsets import decode, language

JAPANESE = "ご注文を承りました。①㈱ ｶﾀｶﾅ"


@pytest.mark.parametrize(
    ("text", "codec", "declared"),
    [
        ("日本語テスト", "iso2022_jp", "ISO-2022-JP"),
        ("半角ｶﾅも", "iso2022_jp_ext", "iso-2022-jp"),
        (JAPANESE, "cp932", "Shift_JIS"),
        (JAPANESE, "cp932", "windows-31j"),
        ("日本語", "euc_jp", "EUC-JP"),
        ("简体中文镕", "gb18030", "gb2312"),
        ("繁體中文", "cp950", "Big5"),
        ("한국어", "cp949", "euc-kr"),
        ("Привет", "koi8_r", "koi8-r"),
        ("Счёт №", "cp1251", "windows-1251"),
        ("“quotes” €", "cp1252", "iso-8859-1"),
        ("Grüße", "latin_1", "latin1"),
        ("é", "utf_8", '"UTF-8"'),
    ],
)
def test_a_declared_charset_is_read_with_its_vendor_extensions(text: str, codec: str, declared: str) -> None:
    assert decode(text.encode(codec), declared)[0] == text


@pytest.mark.parametrize(
    "declared", ["undefined", "UNDEFINED", "idna", "punycode", "unicode_escape", "raw-unicode-escape", "zip"]
)
def test_a_codec_that_is_no_charset_of_mail_says_nothing(declared: str) -> None:
    assert decode(b"caf\xc3\xa9 \\u00e9", declared) == ("café \\u00e9", "utf_8")
    assert decode(b"\x00\xff", declared)[1] != declared.lower()


@pytest.mark.parametrize("codec", ["utf_8", "iso2022_jp", "cp932"])
def test_japanese_without_a_label_is_recognised(codec: str) -> None:
    assert decode("日本語のメール".encode(codec))[0] == "日本語のメール"


def test_the_configured_charset_comes_before_the_guesses() -> None:
    text = "Здравствуйте, товарищи"
    assert decode(text.encode("koi8_r"), None, "koi8-r")[0] == text


def test_valid_utf_8_outranks_the_configured_charset() -> None:
    assert decode("Grüße".encode(), None, "windows-1252")[0] == "Grüße"


@pytest.mark.parametrize("codec", ["utf_8_sig", "utf_16"])
def test_a_byte_order_mark_decides_over_the_label_and_is_not_drawn(codec: str) -> None:
    assert decode("Größe".encode(codec), "iso-8859-1")[0] == "Größe"


@pytest.mark.parametrize("declared", ["x-unknown", "zip", "rot13", "", "utf-8\0", "a" * 500])
def test_a_label_nobody_knows_is_no_label(declared: str) -> None:
    assert decode("Grüße".encode(), declared)[0] == "Grüße"


def test_an_ascii_label_on_eight_bit_text_is_no_information() -> None:
    assert decode("Grüße".encode("cp1252"), "us-ascii")[0] == "Grüße"


@pytest.mark.parametrize("declared", ["utf-8", "iso-2022-jp", "shift_jis", "gb2312", "big5", None])
def test_no_bytes_at_all_fail_to_decode(declared: str | None) -> None:
    text, _ = decode(bytes(range(256)) * 3, declared)
    assert text


def test_broken_text_keeps_what_can_be_read() -> None:
    assert decode(b"total \xff\xfe 100", "utf-8")[0] == "total \ufffd\ufffd 100"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Hello", ""),
        ("Привет", ""),
        ("これは直線", "ja"),
        ("安녕 안녕", "ko"),
        ("请查收报价单", "zh-cn"),
        ("請查收報價單", "zh-tw"),
        ("株式会社 東京 発注書 価格 様 込 円", "ja"),
    ],
)
def test_the_language_is_told_from_the_script(text: str, expected: str) -> None:
    assert language(text) == expected


@pytest.mark.parametrize(
    ("codec", "expected"), [("gb18030", "zh-cn"), ("cp932", "ja"), ("cp950", "zh-tw"), ("cp949", "ko")]
)
def test_a_national_charset_tells_the_language(codec: str, expected: str) -> None:
    assert language("直", codec) == expected
