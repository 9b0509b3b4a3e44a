"""Transfer encodings, broken as they arrive; files in text; soft lines."""

from __future__ import annotations

import base64
import binascii

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.mailin import flowed, inline_files, transfer

B64 = base64.b64encode


@pytest.mark.parametrize(
    ("raw", "data"),
    [
        (b"aGVsbG8=", b"hello"),
        (b"aGVs\r\nbG8=\r\n", b"hello"),
        (b"aGVsbG8", b"hello"),
        (b"aGVsbG8==", b"hello"),
        (b"aGVs\r\n\r\n\r\nbG8=", b"hello"),
        (b"aGVs bG8=", b"hello"),
        (b"aGVs*bG8=", b"hello"),
        (b"aGVsbG8=aGVsbG8=", b"hellohello"),
        (b"aGVsbG8=\r\naGVsbG8=", b"hellohello"),
        (b"aGVsbG8=\r\n-- \r\nA list footer!\r\n", b"hello\r\n-- \r\nA list footer!\r\n"),
        (b"hello, this is no base64\r\n", b"hello, this is no base64\r\n"),
        (b"====", b"===="),
        (b"", b""),
    ],
)
def test_base64_as_it_is_found(raw: bytes, data: bytes) -> None:
    assert transfer.decode(raw, "base64") == data


@pytest.mark.parametrize(
    ("raw", "data"),
    [
        (b"=e3=81=82", "あ".encode()),
        (b"=E3=81=\r\n=82", "あ".encode()),
        (b"a= \t\r\nb", b"ab"),
        (b"=ZZ", b"=ZZ"),
        (b"100=", b"100"),
        ("生=E3=81=82".encode(), "生あ".encode()),
    ],
)
def test_quoted_printable_as_it_is_found(raw: bytes, data: bytes) -> None:
    assert transfer.decode(raw, "quoted-printable") == data


@pytest.mark.parametrize(
    ("value", "name"),
    [("BASE64", "base64"), ("base64 (jis)", "base64"), (' "7bit";', "7bit"), ("", ""), ("(x)", "")],
)
def test_the_name_of_an_encoding_is_read_through_comments(value: str, name: str) -> None:
    assert transfer.method(value) == name


def test_an_unknown_encoding_leaves_the_octets() -> None:
    assert transfer.decode(b"a\xff", "x-unknown") == b"a\xff"


@given(st.binary(max_size=400), st.integers(1, 90))
def test_base64_in_lines_of_any_width_comes_back(data: bytes, width: int) -> None:
    text = B64(data)
    lines = b"\r\n".join(text[i : i + width] for i in range(0, len(text), width))
    assert transfer.decode(lines, "base64") == data


@given(st.binary(max_size=300), st.sampled_from(["base64", "quoted-printable", "x-uuencode"]))
def test_no_octets_make_it_fail(raw: bytes, name: str) -> None:
    assert isinstance(transfer.decode(raw, name), bytes)


def uuencoded(name: str, data: bytes) -> str:
    lines = [binascii.b2a_uu(data[i : i + 45]).decode() for i in range(0, len(data), 45)]
    return f"begin 644 {name}\n{''.join(lines)}`\nend\n"


@given(st.binary(min_size=1, max_size=300))
def test_a_file_in_the_text_is_taken_out_whole(data: bytes) -> None:
    text, files, warnings = inline_files.taken_out(f"before\n{uuencoded('表.bin', data)}after")
    assert (text, files, warnings) == ("before\nafter", [("表.bin", data)], [])


@pytest.mark.parametrize(
    "text",
    ["begin 644 with care\nand end\nend\n", "begin 644 a.txt\n", "begin 644 a.txt\nend\n", "We begin 644 x"],
)
def test_words_that_look_like_a_beginning_stay_words(text: str) -> None:
    assert inline_files.taken_out(text) == (text, [], [])


def test_yenc_is_left_out_and_said() -> None:
    text, files, warnings = inline_files.taken_out(
        "hi\n=ybegin line=128 size=5 name=a\n\x92\x8f\n=yend size=5\nho"
    )
    assert (text, files) == ("hi\nho", [])
    assert warnings == ["A file in yEnc was left out: attach the file itself"]


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("a \nb", "a b"),
        ("a \nb \nc\nd", "a b c\nd"),
        ("> a \n> b\nc", "> a b\nc"),
        ("> a \n>> b", "> a \n>> b"),
        ("a \n-- \nAlice", "a \n-- \nAlice"),
        (" From here", "From here"),
        ("  indented", " indented"),
        ("a ", "a "),
        ("", ""),
    ],
)
def test_soft_lines_are_joined(text: str, whole: str) -> None:
    assert flowed.joined(text, delete_space=False) == whole


def test_the_space_of_a_soft_break_goes_where_words_have_none() -> None:
    assert flowed.joined("お世話に \nなって", delete_space=True) == "お世話になって"
    assert flowed.joined("-- \nAlice", delete_space=True) == "-- \nAlice"


@given(st.text(alphabet="ab >-\n", max_size=80), st.booleans())
def test_no_visible_letter_is_lost_in_joining(text: str, delete: bool) -> None:
    joined = flowed.joined(text, delete_space=delete)
    assert [c for c in joined if c in "ab"] == [c for c in text if c in "ab"]
