"""Charsets of mail: labels at their vendor's word, guesses, and nothing that could fail."""

from __future__ import annotations

import pytest

from gateway.mailin import charsets


@pytest.mark.parametrize("label", ["shift_jis", "Shift-JIS", "x-sjis", "windows-31j", '"cp932"', "MS_Kanji"])
def test_shift_jis_by_any_name_has_the_vendors_letters(label: str) -> None:
    assert charsets.decode("①髙﨑".encode("cp932"), label) == ("①髙﨑", "cp932")


@pytest.mark.parametrize(
    "label", ["ISO-2022-JP", "iso-2022-jp-ms", "iso2022jp", "csISO2022JP", "cp50221", "ISO-2022-JP-3"]
)
def test_iso_2022_jp_by_any_name_has_the_vendors_letters(label: str) -> None:
    row_13 = b"\x1b$B-!-j\x1b(B"
    assert charsets.decode(row_13, label) == ("①㈱", "iso2022jp")


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"abc", "abc"),
        (b'\x1b$B$"$$\x1b(B!', "あい!"),
        (b'\x1b$@$"\x1b(J\\5 ~', "あ¥5 ~"),
        (b"\x1b(I123\x1b(B", "ｱｲｳ"),
        (b"\x0e123\x0f!", "ｱｲｳ!"),
        (b"\xb1\xb2", "ｱｲ"),
        (b"\x1b$B|b\x1b(B", "髙"),
        (b"\x1b$(D0!\x1b(B", "丂"),
        (b'\x1b$B$"\r\n$$\x1b(B', "あ\r\nい"),
        (b"\x1b$B$", "$"),
        (b"\x1b$B\xff\xff", "\ufffd\ufffd"),
        (b"\x1b", "\x1b"),
        ("\u4e00\u9fa0".encode("iso2022_jp"), "\u4e00\u9fa0"),
    ],
)
def test_iso_2022_jp_as_it_is_found(data: bytes, text: str) -> None:
    assert charsets.iso2022jp(data) == text


def test_every_letter_of_jis_x_0208_is_what_windows_shows() -> None:
    """Python's own codec is the oracle, but for the six signs where Windows differs from the standard."""
    standard, windows_shows = "\u301c\u2016\u2212\xa2\xa3\xac", "\uff5e\u2225\uff0d\uffe0\uffe1\uffe2"
    windows = dict(zip(standard, windows_shows, strict=True))
    for row in range(0x21, 0x75):
        line = b"".join(bytes((row, cell)) for cell in range(0x21, 0x7F))
        for at in range(0, len(line), 2):
            data = b"\x1b$B" + line[at : at + 2] + b"\x1b(B"
            try:
                expected = data.decode("iso2022_jp")
            except UnicodeDecodeError:
                continue
            assert charsets.iso2022jp(data) == windows.get(expected, expected)


@pytest.mark.parametrize(
    ("data", "text", "codec"),
    [
        ("日本語".encode(), "日本語", "utf-8"),
        ("日本語".encode("iso2022_jp"), "日本語", "iso2022jp"),
        ("日本語".encode("cp932"), "日本語", "cp932"),
        ("Größe".encode("latin-1"), "Größe", "cp1252"),
        (b"\xff\xfea\0", "a", "utf-16"),
        (b"\xef\xbb\xbfa", "a", "utf-8-sig"),
        (b"\x81", "\x81", "latin-1"),
    ],
)
def test_unlabelled_text_is_guessed(data: bytes, text: str, codec: str) -> None:
    assert charsets.decode(data) == (text, codec)


def test_an_ascii_label_on_other_text_says_nothing() -> None:
    assert charsets.decode("日本語".encode("iso2022_jp"), "us-ascii")[0] == "日本語"
    assert charsets.decode("日本語".encode(), "us-ascii")[0] == "日本語"
    assert charsets.decode(b"abc", "us-ascii") == ("abc", "ascii")


@pytest.mark.parametrize(
    "label", ["zlib", "base64", "rot13", "idna", "punycode", "undefined", "no\0thing", "x" * 999, ""]
)
def test_labels_that_are_no_charset_are_not_used(label: str) -> None:
    assert charsets.codec_of(label) is None
    assert charsets.decode(b"abc", label)[0] == "abc"


def test_what_cannot_be_read_is_shown_as_such() -> None:
    assert charsets.decode(b"a\xffb", "utf-8") == ("a\ufffdb", "utf-8")
