"""Identity fields and makers."""

from __future__ import annotations

import pytest

from modem.fcf import Fcf, Frame
from modem.ident import decode_ident, describe_nsf, encode_address, encode_ident
from modem.wording import describe


def test_a_number_is_sent_last_character_first_and_filled_with_spaces() -> None:
    assert encode_ident("+0123456789") == bytes.fromhex("39 38 37 36 35 34 33 32 31 30 2B") + b" " * 9


@pytest.mark.parametrize("text", ["", "+81 3 1234 5678", "0", "1" * 20])
def test_a_number_comes_back_as_it_was(text: str) -> None:
    assert len(encode_ident(text)) == 20
    assert decode_ident(encode_ident(text)) == text


def test_what_is_no_digit_is_left_out_and_the_end_of_a_long_number_kept() -> None:
    assert decode_ident(encode_ident("Tel. (03) 1234-5678")) == "03 12345678"
    assert decode_ident(encode_ident("9" + "0123456789" * 2)) == "0123456789" * 2
    assert decode_ident(encode_address("12*34#")) == "12*34#"
    assert decode_ident(encode_ident("12*34#")) == "1234"


def test_letters_and_worse_of_real_machines_are_read_without_failing() -> None:
    assert decode_ident(b"EMCA") == "ACME"
    assert decode_ident(b"\x00\x01\xff1\n") == "1\xff"
    assert decode_ident(b"") == ""
    assert decode_ident(b"3" * 40) == "3" * 40


@pytest.mark.parametrize(
    ("nsf", "words"),
    [
        ("000025", "Japan, Ricoh"), ("000031ffff", "Japan, Sharp"), ("00000e", "Japan, Panasonic"),
        ("0000ff", "Japan"), ("b50001", "United States"), ("ad0001", "United States"), ("00", "Japan"),
        ("", ""), ("f7", ""),
    ],
)  # fmt: skip
def test_an_nsf_names_country_and_maker(nsf: str, words: str) -> None:
    assert describe_nsf(bytes.fromhex(nsf)) == words


def test_frames_are_described_and_a_password_is_not() -> None:
    assert describe(Frame(Fcf.TSI, fif=encode_ident("123"))) == "TSI: 123"
    assert describe(Frame(Fcf.NSF, fif=b"\x00\x00\x25")) == "NSF: Japan, Ricoh"
    assert describe(Frame(Fcf.MCF)) == "MCF"
    assert describe(Frame(Fcf.PWD, fif=encode_address("1234"))) == "PWD"
    assert describe(Frame(Fcf.DCS, fif=b"\x00\x22\x00")).startswith("DCS: 14400 bit/s V.17")
