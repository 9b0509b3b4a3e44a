from __future__ import annotations

import pytest

from modem.atparser import (
    AtParser,
    CallerLine,
    Code,
    Data,
    DataEnd,
    Report,
    Result,
    Ring,
    Text,
    Token,
    shield,
)


def tokens(data: bytes, *, data_follows: bool = False) -> list[Token]:
    parser = AtParser()
    parser.data_follows = data_follows
    parser.feed(data)
    return list(iter(parser.next, None))


@pytest.mark.parametrize("code", list(Code))
def test_every_result_code_is_known_by_its_own_name(code: Code) -> None:
    assert tokens(f"\r\n{code}\r\n".encode()) == [Result(code)]


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("NO DIAL TONE", Code.NO_DIALTONE),
        ("no carrier", Code.NO_CARRIER),
        ("FCERROR", Code.FCERROR),
        ("VOICE", Code.VOICE),
        ("BLACK LISTED", Code.BLACKLISTED),
        ("\x00\x7f?OK", Code.OK),
        ("  BUSY ", Code.BUSY),
    ],
)
def test_other_spellings_and_junk_before_a_code_are_understood(said: str, code: Code) -> None:
    assert tokens(f"{said}\r\n".encode("latin-1")) == [Result(code)]


def test_what_stands_behind_connect_is_kept() -> None:
    assert tokens(b"CONNECT 2400\r\n") == [Result(Code.CONNECT, "2400")]
    assert tokens(b"DELAYED 00:10:00\r\n") == [Result(Code.DELAYED, "00:10:00")]


def test_words_that_only_begin_like_a_code_are_text() -> None:
    assert tokens(b"OKAY\r\nERRORS 3\r\nCONNECTED\r\nRINGING\r\n") == [
        Text("OKAY"),
        Text("ERRORS 3"),
        Text("CONNECTED"),
        Text("RINGING"),
    ]


def test_rings_reports_and_caller_lines_are_told_apart() -> None:
    said = b'\r\nRING\r\n\r\nNMBR = 0312345678\r\n\r\nNDID=0344772288\r\n\r\n+FRH:3\r\n\r\n+FCSI: "X"\r\n'
    assert tokens(said) == [
        Ring(),
        CallerLine("NMBR", "0312345678"),
        CallerLine("NDID", "0344772288"),
        Report("+FRH", "3"),
        Report("+FCSI", '"X"'),
    ]


def test_flow_control_octets_and_nulls_vanish_from_lines() -> None:
    assert tokens(b"\x11\x13\r\n\x00O\x11K\x13\r\n") == [Result(Code.OK)]


def test_a_line_without_end_does_not_grow_for_ever() -> None:
    parser = AtParser()
    parser.feed(b"x" * 100_000 + b"\r\nOK\r\n")
    long, ok = iter(parser.next, None)
    assert isinstance(long, Text)
    assert len(long.text) <= 256
    assert ok == Result(Code.OK)


def test_connect_opens_data_only_when_data_follows() -> None:
    assert tokens(b"CONNECT\r\n\x41\x42\x10\x03\r\nOK\r\n") == [
        Result(Code.CONNECT),
        Text("AB"),
        Result(Code.OK),
    ]
    assert tokens(b"CONNECT\r\n\x41\x42\x10\x03\r\nOK\r\n", data_follows=True) == [
        Result(Code.CONNECT),
        Data(b"AB"),
        DataEnd(),
        Result(Code.OK),
    ]


def test_a_connect_with_a_speed_opens_no_data() -> None:
    assert tokens(b"CONNECT 9600\r\nOK\r\n", data_follows=True)[-1] == Result(Code.OK)


def test_data_may_begin_with_what_looks_like_a_line_end() -> None:
    assert tokens(b"CONNECT\r\n\n\r\x10\x03", data_follows=True) == [
        Result(Code.CONNECT),
        Data(b"\n\r"),
        DataEnd(),
    ]


def test_shielding_is_removed() -> None:
    said = b"CONNECT\r\n\x10\x10a\x10\x1ab\x10\x7fc\x10\x03"
    data = b"".join(token.data for token in tokens(said, data_follows=True) if isinstance(token, Data))
    assert data == b"\x10a\x10\x10bc"


def test_result_words_inside_data_are_data() -> None:
    said = b"CONNECT\r\n\r\nNO CARRIER\r\n\x10\x03\r\nNO CARRIER\r\n"
    assert tokens(said, data_follows=True) == [
        Result(Code.CONNECT),
        Data(b"\r\nNO CARRIER\r\n"),
        DataEnd(),
        Result(Code.NO_CARRIER),
    ]


def test_leaving_data_reads_lines_again() -> None:
    parser = AtParser()
    parser.data_follows = True
    parser.feed(b"CONNECT\r\nabc")
    assert list(iter(parser.next, None)) == [Result(Code.CONNECT), Data(b"abc")]
    assert parser.in_data
    parser.leave_data()
    parser.feed(b"\xff\xfe\x10\x03\r\nOK\r\n")
    assert list(iter(parser.next, None)) == [Result(Code.OK)]


def test_entering_data_needs_no_connect() -> None:
    parser = AtParser()
    parser.enter_data()
    parser.feed(b"OK\r\n\x10\x03")
    assert list(iter(parser.next, None)) == [Data(b"OK\r\n"), DataEnd()]


def test_shield_doubles_every_dle() -> None:
    assert shield(b"\x10\x03\x10") == b"\x10\x10\x03\x10\x10"
