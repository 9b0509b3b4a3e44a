"""Our sender in ECM against libspandsp's fax machine: every coding and modem, bad lines, a busy receiver.

The far end and the modem are other people's code; pages are compared pixel by pixel.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from softmodem_fixtures import FAR, SoftLine, drawn_pages, same_pixels, sending, tiff_images

from modem.coding import Compression, Resolution
from modem.result import PageState, Reason
from modem.tiff import PreparedPages

if TYPE_CHECKING:
    from pathlib import Path

    from modem.tiff import Picture

ALL = tuple(Compression)
RATES = {"V.17": 14400, "V.29": 9600, "V.27ter": 4800}


def arrived(folder: Path, pictures: list[Picture]) -> bool:
    """Tell whether the far machine has these pages and no others."""
    (file,) = folder.glob("*.tif")
    got = tiff_images(file)
    return len(got) == len(pictures) and all(
        same_pixels(one, sent.image) for one, sent in zip(got, pictures, strict=True)
    )


@pytest.mark.parametrize("family", RATES)
@pytest.mark.parametrize("compression", Compression)
def test_pages_in_ecm_arrive_pixel_for_pixel(tmp_path: Path, family: str, compression: Compression) -> None:
    soft = SoftLine(tmp_path, {"ecm": True, "modems": (family,)})
    pictures = drawn_pages(3, height=150)
    result = soft.run(sending(PreparedPages(pictures, (compression,)), None, compressions=(compression,)))
    assert (result.success, result.reason, result.rate) == (True, Reason.SENT, RATES[family])
    assert result.ecm
    assert {page.compression for page in result.pages} == {compression}
    assert (result.ppr, result.rtn, result.ftt) == (0, 0, 0)
    assert arrived(tmp_path, pictures)


@pytest.mark.parametrize("resolution", [Resolution.FINE, Resolution.SUPERFINE])
def test_small_frames_and_several_blocks(tmp_path: Path, resolution: Resolution) -> None:
    soft = SoftLine(tmp_path, {"ecm": True})
    pictures = drawn_pages(2, resolution, height=1200)
    source = PreparedPages(pictures, (Compression.MH,))
    result = soft.run(sending(source, None, compressions=(Compression.MH,), ecm_octets=64))
    assert result.success
    assert all(page.bytes > 64 * 256 for page in result.pages)
    questions = [entry.text for entry in result.trace if entry.text.startswith("PPS")]
    assert len(questions) >= 4
    assert arrived(tmp_path, pictures)


def test_the_quickest_coding_is_chosen(tmp_path: Path) -> None:
    soft = SoftLine(tmp_path, {"ecm": True})
    result = soft.run(sending(PreparedPages(drawn_pages(2), ALL), None, compressions=ALL))
    assert {page.compression for page in result.pages} == {"MMR"}


def test_a_machine_without_ecm_gets_its_pages_without(tmp_path: Path) -> None:
    soft = SoftLine(tmp_path, {"ecm": False})
    pictures = drawn_pages(2)
    result = soft.run(sending(PreparedPages(pictures, ALL), None, compressions=ALL))
    assert (result.success, result.ecm) == (True, False)
    assert arrived(tmp_path, pictures)


def test_a_busy_receiver_is_waited_for(tmp_path: Path) -> None:
    soft = SoftLine(tmp_path, {"ecm": True, "not_ready": 3})
    pictures = drawn_pages(1)
    result = soft.run(sending(PreparedPages(pictures, ALL), None, compressions=ALL))
    assert result.success
    assert "RR" in [entry.text for entry in result.trace]
    assert arrived(tmp_path, pictures)


@pytest.mark.parametrize(
    ("every_s", "length_ms", "level_dbm0"), [(5.3, 10.0, -12.0), (3.1, 5.0, -8.0), (2.3, 5.0, -12.0)]
)
def test_bursts_of_noise_cost_frames_not_pages(
    tmp_path: Path, every_s: float, length_ms: float, level_dbm0: float
) -> None:
    bursts = {"every_s": every_s, "length_ms": length_ms, "level_dbm0": level_dbm0}
    bursts |= {"toward": "far", "from_s": 14.0}
    soft = SoftLine(tmp_path, {"ecm": True, "bursts": bursts, "seed": 1})
    pictures = drawn_pages(2, Resolution.FINE, height=900)
    result = soft.run(sending(PreparedPages(pictures, ALL), None, compressions=ALL))
    assert result.success, result.t30
    assert result.ppr > 0
    assert arrived(tmp_path, pictures)


def test_a_line_cut_in_the_second_page_keeps_the_first_confirmed(tmp_path: Path) -> None:
    soft = SoftLine(tmp_path, {"ecm": True, "drop": {"page": 2, "after_s": 2.0}})
    result = soft.run(sending(PreparedPages(drawn_pages(3, height=1200), ALL), None, compressions=ALL))
    assert result.reason is Reason.CALL_DROPPED
    assert result.pages[0].state is PageState.CONFIRMED
    assert result.confirmed == 1


def test_the_far_machine_is_named_with_what_it_can_do(tmp_path: Path) -> None:
    soft = SoftLine(tmp_path, {"ecm": True})
    result = soft.run(sending(PreparedPages(drawn_pages(1), ALL), None, compressions=ALL))
    assert result.remote_id == FAR
    assert len(result.dis) >= 4
