"""HDLC framing of ECM: known octets, flags shared and broken, and what is no frame."""

from __future__ import annotations

import pytest

from modem import hdlc
from modem.fcf import ADDRESS, CONTROL_NOT_FINAL, Fcf
from modem.hdlc import FLAG, Deframer, RawFrame, frame_bits, transmission

RCP = bytes((ADDRESS, CONTROL_NOT_FINAL, Fcf.RCP))
FRAME = bytes((ADDRESS, CONTROL_NOT_FINAL, Fcf.FCD, 7)) + bytes(range(256))


def octets(bits: str) -> bytes:
    """Return bits as octets sent least significant bit first, filled with ones: an idle line."""
    filled = bits + "1" * (-len(bits) % 8)
    return bytes(int(filled[i : i + 8][::-1], 2) for i in range(0, len(filled), 8))


@pytest.mark.parametrize(
    ("frame", "sequence"),
    [
        ("ff 13 84", "ea 7d"),  # CFR as modems report it
        ("31 32 33 34 35 36 37 38 39", "6e 90"),  # the check value of CRC-16/X-25: 906E, low octet first
    ],
)
def test_the_check_sequence_is_that_of_x25(frame: str, sequence: str) -> None:
    assert hdlc.fcs(bytes.fromhex(frame)) == bytes.fromhex(sequence)


def test_a_zero_follows_every_five_ones() -> None:
    bits = frame_bits(bytes((0xFF, 0xFF, 0xFF)))
    assert "111111" not in bits
    assert bits.startswith("11111" + "0" + "11111" + "0" + "11111" + "0" + "11111" + "0" + "1111")


def test_zero_insertion_reaches_into_the_check_sequence() -> None:
    for n in range(1 << 12):
        assert "111111" not in frame_bits(bytes((ADDRESS, CONTROL_NOT_FINAL, n & 255, n >> 8)))


def test_a_carrier_is_flags_frames_and_flags() -> None:
    data = transmission([RCP, RCP, RCP], flags=3)
    bits = "".join(f"{octet:08b}"[::-1] for octet in data)
    assert bits.startswith(FLAG * 3 + frame_bits(RCP) + FLAG + frame_bits(RCP) + FLAG)
    assert (FLAG + frame_bits(RCP)) * 3 + FLAG * 2 in bits
    assert len(bits) - bits.rindex(FLAG) < 8 + 8


def test_a_carrier_without_frames_is_flags_alone() -> None:
    assert transmission([], flags=3, after=2) == bytes([0x7E] * 5)


def test_frames_come_out_as_they_went_in() -> None:
    frames = [FRAME, RCP, RCP, RCP]
    assert Deframer().feed(transmission(frames, flags=9)) == [RawFrame(one, fcs_ok=True) for one in frames]


def test_a_frame_is_told_as_soon_as_its_flag_is_there() -> None:
    deframer = Deframer()
    data = transmission([RCP], flags=1, after=1)
    assert deframer.feed(data[:-1]) == []
    assert deframer.feed(data[-1:]) == [RawFrame(RCP, fcs_ok=True)]


@pytest.mark.parametrize("shift", range(8))
def test_a_carrier_may_begin_at_any_bit(shift: int) -> None:
    bits = "0" * shift + FLAG * 2 + frame_bits(FRAME) + FLAG
    assert Deframer().feed(octets(bits)) == [RawFrame(FRAME, fcs_ok=True)]


def test_flags_may_share_a_zero() -> None:
    shared = "0111111" * 4 + "0"
    bits = shared + frame_bits(RCP) + shared + frame_bits(FRAME) + shared
    assert [one.octets for one in Deframer().feed(octets(bits))] == [RCP, FRAME]


def test_what_comes_before_the_first_flag_is_no_frame() -> None:
    assert Deframer().feed(octets(frame_bits(FRAME) + FLAG)) == []


def test_an_aborted_frame_is_no_frame_and_harms_no_other() -> None:
    begun = frame_bits(FRAME)[:800]
    bits = FLAG + begun + "0" + "1" * 15 + FLAG + frame_bits(RCP) + FLAG
    found = Deframer().feed(octets(bits))
    assert [one for one in found if one.fcs_ok] == [RawFrame(RCP, fcs_ok=True)]


def test_an_idle_line_is_nothing() -> None:
    deframer = Deframer()
    assert deframer.feed(b"\xff" * 5000) == []
    assert deframer.feed(bytes(5000)) == []
    assert deframer.feed(b"\x7e" * 5000) == []


def test_a_turned_bit_is_a_bad_frame() -> None:
    bits = FLAG + frame_bits(FRAME) + FLAG
    at = 400
    turned = bits[:at] + "01"[bits[at] == "0"] + bits[at + 1 :]
    (found,) = Deframer().feed(octets(turned + FLAG))
    assert not found.fcs_ok


def test_bits_that_are_no_whole_octets_are_a_bad_frame() -> None:
    (found,) = Deframer().feed(octets(FLAG + frame_bits(FRAME) + "0" + FLAG))
    assert not found.fcs_ok


def test_a_lost_flag_makes_one_bad_frame_of_two_and_the_third_is_good() -> None:
    bits = FLAG + frame_bits(RCP) + "0" * len(FLAG) + frame_bits(RCP) + FLAG + frame_bits(RCP) + FLAG
    assert [one.fcs_ok for one in Deframer().feed(octets(bits))] == [False, True]


def test_what_is_too_long_for_a_frame_is_dropped_whole_or_in_slices() -> None:
    bits = FLAG + frame_bits(bytes(hdlc.MOST_OCTETS * 2)) + FLAG + frame_bits(RCP) + FLAG
    data = octets(bits)
    assert [one.octets for one in Deframer().feed(data)] == [RCP]
    sliced = Deframer()
    assert [one.octets for i in range(0, len(data), 7) for one in sliced.feed(data[i : i + 7])] == [RCP]
