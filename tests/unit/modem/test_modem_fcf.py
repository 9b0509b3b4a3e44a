"""Frames against the table of T.30 as the specification prints it."""

from __future__ import annotations

import pytest

from modem.fcf import WITHOUT_X, Fcf, Frame, is_final, reverse_bits

# name, T.30 print with X = 0, T.30 print with X = 1 (None where the frame has no X bit)
TABLE = """
DIS 01 -    CSI 02 -    NSF 04 -    DTC 81 -    CIG 82 -    NSC 84 -    PWD 83 -    SEP 85 -
PSA 86 -    CIA 87 -    ISP 88 -    DCS 41 C1   TSI 42 C2   NSS 44 C4   SUB 43 C3   SID 45 C5
TSA 46 C6   IRA 47 C7   CTC 48 C8   CFR 21 A1   FTT 22 A2   CTR 23 A3   CSA 24 A4   EOM 71 F1
MPS 72 F2   EOP 74 F4   PRI_EOM 79 F9  PRI_MPS 7A FA  PRI_EOP 7C FC  EOS 78 F8  PPS 7D FD  EOR 73 F3
RR 76 F6    MCF 31 B1   RTP 33 B3   RTN 32 B2   PIP 35 B5   PIN 34 B4   PPR 3D BD   RNR 37 B7
ERR 38 B8   FDM 3F BF   DCN 5F DF   CRP 58 D8   FNV 53 D3   TNR 57 D7   TR 56 D6    FCD 60 -   RCP 61 -
"""
WORDS = TABLE.split()
ROWS = [tuple(WORDS[i : i + 3]) for i in range(0, len(WORDS), 3)]


@pytest.mark.parametrize(("name", "printed", "with_x"), ROWS)
def test_each_frame_has_the_octet_t30_prints(name: str, printed: str, with_x: str) -> None:
    fcf = Fcf[name]
    assert reverse_bits(bytes([fcf])).hex().upper() == printed
    assert (fcf in WITHOUT_X) == (with_x == "-")
    if with_x != "-":
        assert reverse_bits(Frame(fcf, x=True).encode()[2:3]).hex().upper() == with_x


def test_the_table_names_every_frame_once() -> None:
    assert {row[0] for row in ROWS} == {fcf.name for fcf in Fcf}
    assert len(ROWS) == len(Fcf)


@pytest.mark.parametrize("fcf", Fcf)
@pytest.mark.parametrize("x", [False, True])
@pytest.mark.parametrize("final", [False, True])
def test_a_frame_survives_the_line(fcf: Fcf, x: bool, final: bool) -> None:
    frame = Frame(fcf, x and fcf not in WITHOUT_X, final, b"\x01\x02")
    assert Frame.decode(frame.encode()) == frame


def test_confirmation_prints_as_the_standard_does() -> None:
    assert Frame(Fcf.CFR).encode() == bytes.fromhex("FF 13 84")
    assert Frame(Fcf.CFR).print_form == "FF C8 21 (CFR)"
    assert str(Frame(Fcf.PRI_MPS)) == "PRI-MPS"


def test_a_frame_without_x_bit_never_carries_one() -> None:
    assert Frame(Fcf.DIS, x=True).encode() == Frame(Fcf.DIS).encode()


@pytest.mark.parametrize("raw", ["", "ff", "ff13", "fe1384", "ff0084", "ff1300", "ff1387"])
def test_octets_that_are_no_frame_decode_to_nothing(raw: str) -> None:
    assert Frame.decode(bytes.fromhex(raw)) is None


def test_the_last_frame_of_a_burst_is_known_even_when_its_name_is_not() -> None:
    assert is_final(bytes.fromhex("ff1300"))
    assert not is_final(bytes.fromhex("ff0300"))
    assert not is_final(b"")
