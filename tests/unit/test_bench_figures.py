"""What the line benches compare with: reference pages as described, and the least seconds T.30 allows."""

from __future__ import annotations

import random
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "bench"))

import least
from reference_pages import CODINGS, DESCRIBED, ROWS, WIDTH, picture, sizes

from modem import hdlc


@pytest.mark.parametrize("resolution", ["standard", "fine"])
@pytest.mark.parametrize("name", ["dense", "letter", "photo"])
def test_a_reference_page_codes_to_about_what_is_described(resolution: str, name: str) -> None:
    described = dict(zip(CODINGS, DESCRIBED[resolution][name], strict=True))
    for coding, size in sizes(name, resolution).items():
        assert size / 1000 == pytest.approx(described[coding], rel=0.07, abs=0.6), coding


@pytest.mark.parametrize("resolution", ["standard", "fine"])
def test_every_reference_page_is_a_whole_sheet_and_the_blank_one_is_white(resolution: str) -> None:
    assert picture("letter", resolution).size == (WIDTH, ROWS[resolution])
    assert picture("blank", resolution).getextrema() == (255, 255)


def test_a_page_takes_its_bits_and_two_bursts() -> None:
    assert least.page(14400 // 8) - least.page(0) == pytest.approx(1.0)
    assert least.page(0) == pytest.approx(2 * (0.055 + 0.85 + 48 / 300) + 0.055 + 0.142)


def test_a_set_up_is_the_tone_four_bursts_of_frames_and_the_training() -> None:
    assert 9.5 < least.set_up() < 10.5


@pytest.mark.parametrize("octets", [1, 256, 257, 3000])
def test_framed_bits_are_those_of_the_frames_we_send(octets: int) -> None:
    data = random.Random(octets).randbytes(octets)
    frames = [
        bytes([0xFF, 0x03, 0x06, n]) + data[at : at + 256].ljust(256, b"\0")
        for n, at in enumerate(range(0, octets, 256))
    ]
    carrier = 8 * len(hdlc.transmission(frames, flags=1))
    assert 0 <= carrier - least.framed(data) - 16 <= 8


def test_a_page_of_two_blocks_pays_for_two() -> None:
    one, two = b"\0" * 65536, b"\0" * 65537
    extra = least.ecm_page(two) - least.ecm_page(one)
    assert extra == pytest.approx(least.ecm_page(b"\0"))
