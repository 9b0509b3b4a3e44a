"""The T.4 reader against streams libtiff made, whole and spoiled."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest
from PIL import Image
from t4_fixtures import coded, picture
from t30_fixtures import stream

from modem import t4
from modem.coding import Compression
from modem.t4codes import EOL, RUNS, codes

MH, MR = Compression.MH, Compression.MR
BOTH = pytest.mark.parametrize("compression", [MH, MR])


def lines_of(data: bytes) -> list[str]:
    """Return the coded lines of a stream, tag bits included, fill at their end."""
    return t4.to_bits(data).split(EOL)[1:]


def joined(lines: list[str]) -> bytes:
    return t4.to_octets("".join(EOL + line for line in lines))


@pytest.mark.parametrize("colour", ["white", "black"])
def test_the_code_words_are_complete_and_no_word_begins_another(colour: str) -> None:
    words = codes(colour)
    assert sorted(words.values()) == sorted(RUNS)
    ordered = sorted(words)
    assert not any(later.startswith(earlier) for earlier, later in pairwise(ordered))


@BOTH
@pytest.mark.parametrize("width", [1728, 2048, 2432])
@pytest.mark.parametrize("seed", range(4))
def test_every_line_of_libtiff_reads_well(compression: Compression, width: int, seed: int) -> None:
    scan = t4.scan(coded(picture(200, width, seed), compression), compression, width)
    assert (scan.rows, scan.bad_lines, scan.longest_bad_run) == (200, (), 0)


@BOTH
def test_every_run_length_reads_well(compression: Compression) -> None:
    image = Image.new("1", (2432, 2432), 1)
    image.putdata([0 if x >= y else 1 for y in range(2432) for x in range(2432)])
    scan = t4.scan(coded(image, compression), compression, 2432)
    assert (scan.rows, scan.bad_lines) == (2432, ())
    inverted = image.point(lambda value: 255 - value)
    scan = t4.scan(coded(inverted, compression), compression, 2432)
    assert (scan.rows, scan.bad_lines) == (2432, ())


@BOTH
def test_noise_pictures_read_well(compression: Compression) -> None:
    rng = random.Random(5)
    image = Image.frombytes("1", (1728, 60), rng.randbytes(1728 * 60 // 8))
    scan = t4.scan(coded(image, compression), compression, 1728)
    assert (scan.rows, scan.bad_lines) == (60, ())


@BOTH
def test_a_page_read_with_the_wrong_width_is_bad_in_every_line(compression: Compression) -> None:
    scan = t4.scan(coded(picture(50), compression), compression, 2048)
    assert scan.rows in (49, 50)
    assert len(scan.bad_lines) == scan.rows
    assert scan.longest_bad_run == scan.rows
    assert scan.bad_share == 1.0


@BOTH
def test_rtc_ends_the_page_and_is_no_line(compression: Compression) -> None:
    data = t4.finish(coded(picture(30), compression), compression)
    scan = t4.scan(data, compression, 1728)
    assert (scan.rows, scan.bad_lines, scan.ended) == (30, (), True)
    assert t4.scan(data + b"\x55" * 500, compression, 1728) == scan


@BOTH
def test_a_page_without_rtc_keeps_its_last_line_and_says_so(compression: Compression) -> None:
    scan = t4.scan(coded(picture(30), compression), compression, 1728)
    assert (scan.rows, scan.ended) == (30, False)


@BOTH
def test_a_page_cut_inside_a_line_drops_that_line(compression: Compression) -> None:
    data = coded(picture(30), compression)
    whole = t4.to_bits(data)
    cut = whole.rindex(EOL) - 9
    scan = t4.scan(t4.to_octets(whole[:cut]), compression, 1728)
    assert (scan.rows, scan.bad_lines, scan.ended) == (28, (), False)


@BOTH
def test_dirt_before_the_first_eol_is_no_line(compression: Compression) -> None:
    data = coded(picture(30), compression)
    scan = t4.scan(b"\xff\xff\xff" + data, compression, 1728)
    assert (scan.rows, scan.bad_lines) == (30, ())


def test_one_spoiled_mh_line_is_one_bad_line() -> None:
    lines = lines_of(coded(picture(30), MH))
    lines[7] = "1" + lines[7]
    lines[9], lines[10] = lines[9][:-1] + "1", "1" + lines[10]
    scan = t4.scan(joined(lines), MH, 1728)
    assert (scan.rows, scan.bad_lines, scan.longest_bad_run) == (30, (7, 9, 10), 2)


def test_one_spoiled_mr_line_spoils_the_lines_up_to_the_next_1d_line() -> None:
    lines = lines_of(coded(picture(30), MR))
    first = next(i for i, line in enumerate(lines[5:], 5) if line[0] == "1")
    following = next(i for i, line in enumerate(lines[first + 1 :], first + 1) if line[0] == "1")
    assert following > first + 1
    lines[first] = lines[first][0] + "1" * 20 + lines[first][1:]
    scan = t4.scan(joined(lines), MR, 1728)
    assert scan.bad_lines == tuple(range(first, following))
    assert scan.longest_bad_run == following - first


def test_a_line_that_would_fit_a_line_further_up_is_bad_all_the_same() -> None:
    bars = Image.new("1", (1728, 12), 1)
    bars.putdata([x // 16 % 2 for _ in range(12) for x in range(1728)])
    lines = lines_of(coded(bars, MR))
    start = next(i for i, line in enumerate(lines[2:], 2) if line[0] == "1")
    later = lines[start + 1 :]
    assert later[0][0] == "0"
    bad = [*lines[: start + 1], "0" + "0000000", *later]
    scan = t4.scan(joined(bad), MR, 1728)
    run = next((i for i, line in enumerate(later) if line[0] == "1"), len(later))
    assert scan.bad_lines == tuple(range(start + 1, start + 2 + run))


def test_a_run_of_no_length_is_no_change_for_the_line_below() -> None:
    white_100, black_0, white_1628 = "11011" + "00010101", "0000110111", "010011010" + "0011000"
    lines = ["1" + white_100 + black_0 + white_1628, "0" + "1", "1" + white_100 + black_0 + white_1628]
    scan = t4.scan(joined(lines), MR, 1728)
    assert (scan.rows, scan.bad_lines) == (3, ())


def test_a_spoiled_2d_line_does_not_spoil_the_lines_above() -> None:
    lines = lines_of(coded(picture(30), MR))
    second = next(i for i, line in enumerate(lines[5:], 5) if line[0] == "0")
    lines[second] = "0" + "0000000" + lines[second][1:]
    assert t4.scan(joined(lines), MR, 1728).bad_lines[0] == second


def test_an_mr_page_that_begins_in_two_dimensions_has_nothing_to_stand_on() -> None:
    lines = lines_of(coded(picture(8), MR))
    later = next(i for i, line in enumerate(lines) if line[0] == "0")
    scan = t4.scan(joined(lines[later:]), MR, 1728)
    assert scan.bad_lines[0] == 0


def test_a_lonely_double_eol_is_one_bad_line() -> None:
    lines = lines_of(coded(picture(10), MH))
    scan = t4.scan(joined([*lines[:4], "", *lines[4:]]), MH, 1728)
    assert (scan.rows, scan.bad_lines) == (11, (4,))


@pytest.mark.parametrize("data", [b"", b"\x00" * 1000, b"\xff" * 1000, b"\x00\x08", b"\x01"])
@BOTH
def test_what_is_no_page_has_no_lines(data: bytes, compression: Compression) -> None:
    scan = t4.scan(data, compression, 1728)
    assert (scan.rows, scan.bad_share) == (0, 1.0)


def test_a_page_is_told_from_a_click() -> None:
    assert t4.has_lines(coded(picture(1), MH))
    assert not t4.has_lines(b"\x00" * 300)
    assert not t4.has_lines(b"\xff" * 300)
    assert not t4.has_lines(b"")


@BOTH
@pytest.mark.parametrize(("rate", "ms"), [(14400, 5), (14400, 20), (9600, 40), (2400, 10), (7200, 0)])
def test_fill_makes_every_line_last_as_long_as_the_printer_needs(
    compression: Compression, rate: int, ms: int
) -> None:
    source = coded(picture(40), compression)
    data = t4.finish(source, compression, rate=rate, scan_ms=ms)
    bits = t4.to_bits(data)
    ends = [after for _, after in t4._eols(bits)]
    lengths = [later - earlier for earlier, later in pairwise(ends)][:40]
    assert min(lengths) >= rate * ms / 1000
    scan = t4.scan(data, compression, 1728)
    assert (scan.rows, scan.bad_lines, scan.ended) == (40, (), True)


@BOTH
def test_fill_adds_no_bit_where_none_is_needed(compression: Compression) -> None:
    source = coded(picture(40), compression)
    rtc = t4.to_octets((EOL + "1" if compression is MR else EOL) * 6)
    assert t4.finish(source, compression) == source + rtc
    assert t4.finish(source, compression, rate=14400, scan_ms=0) == source + rtc


def test_bits_and_octets_are_lsb_first() -> None:
    assert t4.to_bits(b"\x01\x80") == "1000000000000001"
    assert t4.to_octets("1000000000000001") == b"\x01\x80"
    assert t4.to_octets("11") == b"\x03"
    assert t4.to_bits(b"") == ""
    assert t4.to_octets("") == b""


@pytest.mark.parametrize("compression", [Compression.MH, Compression.MR])
@pytest.mark.parametrize("eols", [2, 3, 5])
def test_empty_lines_inside_a_page_are_bad_lines_and_not_its_end(compression: Compression, eols: int) -> None:
    tag = "1" if compression is Compression.MR else ""
    half = t4.to_bits(stream(compression, 1728, 30, 1)).rstrip("0")
    whole = half + ("0" * 8 + (t4.EOL + tag) * eols) + t4.to_bits(stream(compression, 1728, 20, 2))
    found = t4.scan(t4.finish(t4.to_octets(whole), compression), compression, 1728)
    assert found.ended
    assert found.rows == 30 + 20 + eols
    assert len(found.bad_lines) == eols


@pytest.mark.parametrize("garbage", [b"\xa5" * 200, b"\xff" * 50, bytes(100)])
def test_what_follows_the_end_of_a_page_adds_no_line(garbage: bytes) -> None:
    data = t4.finish(stream(Compression.MH, 1728, 30, 1), Compression.MH)
    found = t4.scan(data + garbage + t4.to_octets(t4.EOL) + garbage, Compression.MH, 1728)
    assert (found.rows, found.bad_lines, found.ended) == (30, (), True)
