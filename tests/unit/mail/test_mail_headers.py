"""Header fields to text: encoded words, raw Japanese, parameters, file names, addresses; always clean."""

from __future__ import annotations

from base64 import b64encode
from email import message_from_bytes

import pytest

from gateway.mailin import headers


def subject(value: bytes) -> str:
    return headers.text(message_from_bytes(b"Subject: " + value + b"\r\n\r\n"), "subject")


def disposition(value: bytes) -> headers.Value:
    message = message_from_bytes(b"Content-Disposition: " + value + b"\r\n\r\n")
    return headers.structured(message, "content-disposition")


def word(text: bytes, charset: str) -> bytes:
    return b"=?%s?B?%s?=" % (charset.encode(), b64encode(text))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (b"plain", "plain"),
        (b"folded\r\n value", "folded value"),
        (b"=?utf-8?Q?caf=C3=A9_noir?=", "café noir"),
        (b"=?utf-8*fr?q?caf=C3=A9?=", "café"),
        (word("①".encode("cp932"), "Shift_JIS"), "①"),
        (word("あ".encode("iso2022_jp"), "ISO-2022-JP") + b" /b", "あ /b"),
        ("件名".encode("iso2022_jp"), "件名"),
        ("件名".encode("cp932"), "件名"),
        ("件名".encode(), "件名"),
        ("生".encode("iso2022_jp") + b" " + word("語".encode(), "utf-8"), "生 語"),
        (word("件名".encode()[:4], "utf-8") + b"\r\n " + word("件名".encode()[4:], "UTF-8"), "件名"),
        (word(b"a", "utf-8") + b" " + word(b"b", "latin-1"), "ab"),
        (word(b"a", "utf-8") + b" b", "a b"),
        (b"=?utf-8?B?!!!?=", ""),
        (b"=?utf-8?B?YQ?=", "a"),
        (b"=?nobody-knows?Q?=41?=", "A"),
        (b"=?utf-8?X?a?=", "=?utf-8?X?a?="),
    ],
)
def test_subjects_are_decoded(value: bytes, text: str) -> None:
    assert subject(value) == text


@pytest.mark.parametrize(
    "value",
    [word(b"a\r\nBcc: x@y", "utf-8"), b"a\x00b\x1f\x7f", word("a\u202eb\u2066".encode(), "utf-8"), b"a\x0bb",
     word("a\x85b\u2028c".encode(), "utf-8"), b"\x80\x81\x9f", b"=?utf-7?B?K0FBMC0=?="],
)  # fmt: skip
def test_nothing_decoded_can_break_a_line_or_turn_the_writing(value: bytes) -> None:
    text = subject(value)
    assert text.isprintable()
    assert headers.clean(text) == text


@pytest.mark.parametrize(
    ("value", "name"),
    [
        (b"attachment; filename=a.pdf", "a.pdf"),
        (b'attachment; filename="a b.pdf"', "a b.pdf"),
        (b'attachment; filename="a;b\\"c.pdf"', 'a;b"c.pdf'),
        (b'attachment; FileName = "a.pdf" ; size=3', "a.pdf"),
        (b"attachment; filename*=utf-8''%E8%AB%8B.pdf", "請.pdf"),
        (b"attachment; filename=\"x.pdf\"; filename*=utf-8'ja'%E8%AB%8B.pdf", "請.pdf"),
        (b"attachment; filename*0*=utf-8''%E8%AB; filename*1*=%8B; filename*2=.pdf", "請.pdf"),
        (b"attachment; filename*1=b.pdf; filename*0=a", "ab.pdf"),
        (b"attachment; filename*=Shift_JIS''%87%40.pdf", "①.pdf"),
        (b'attachment; filename="' + word("請求".encode(), "utf-8") + b'.pdf"', "請求.pdf"),
        (b'attachment; filename="' + "い;ろ.pdf".encode("iso2022_jp") + b'"', "い;ろ.pdf"),
        (b'attachment; filename="' + "表示.pdf".encode("cp932") + b'"', "表示.pdf"),
        (b"attachment; filename*=%41", "A"),
        (b"attachment; filename*=utf-8''%ZZ", "%ZZ"),
        (b"attachment; filename=", ""),
    ],
)
def test_file_names_are_decoded(value: bytes, name: str) -> None:
    found = disposition(value)
    assert (found.word, found.parameters["filename"]) == ("attachment", name)


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\a\\b.pdf", "b.pdf"),
        ("a\u202efdp.exe", "afdp.exe"),
        ("a\r\nb", "a b"),
        ("..", ""),
        ("dir/", ""),
        ("x" * 300, "x" * 200),
        ("x" * 300 + ".pdf", "x" * 196 + ".pdf"),
        ("a." + "y" * 300, "a." + "y" * 198),
    ],
)
def test_file_names_are_cleaned(written: str, name: str) -> None:
    assert headers.file_name(written) == name


def test_the_word_of_a_field_is_without_comments_and_case() -> None:
    message = message_from_bytes(b"Content-Type: (x) Text/HTML (y); charset=a\r\n\r\n")
    assert headers.structured(message, "Content-Type") == headers.Value("text/html", {"charset": "a"})
    assert headers.structured(message, "X-Missing") == headers.Value("")


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (b"a@b.example", [("", "a@b.example")]),
        (b'"Doe, Jane" <j@d.example>, x@y.example', [("Doe, Jane", "j@d.example"), ("", "x@y.example")]),
        (word("山田, 太郎".encode(), "utf-8") + b" <y@t.example>", [("山田, 太郎", "y@t.example")]),
        ("山田".encode("iso2022_jp") + b" <y@t.example>", [("山田", "y@t.example")]),
        (b"", []),
        (b"undisclosed-recipients:;", []),
    ],
)
def test_addresses_are_read(value: bytes, found: list[tuple[str, str]]) -> None:
    message = message_from_bytes(b"To: " + value + b"\r\n\r\n")
    assert headers.addresses(message, "To") == found


def test_addresses_of_several_fields_are_joined() -> None:
    message = message_from_bytes(b"To: a@b\r\nTo: c@d\r\n\r\n")
    assert [address for _, address in headers.addresses(message, "To")] == ["a@b", "c@d"]
