"""Our receiver in ECM against libspandsp's fax machine as caller: codings, modems, bad lines, slow stores.

The far end and the modem are other people's code; pages are compared pixel by pixel.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from softmodem_fixtures import (
    FAR,
    OURS,
    SoftLine,
    answering,
    drawn_pages,
    same_pixels,
    save_tiff,
    tiff_images,
)

from modem.coding import Compression, Resolution
from modem.notices import PageStored
from modem.result import PageState, Reason
from modem.tiff import PageFolder

if TYPE_CHECKING:
    from pathlib import Path

    from modem.notices import Notice
    from modem.tiff import Picture

ALL = tuple(Compression)
RATES = {"V.17": 14400, "V.29": 9600, "V.27ter": 4800}


def called(folder: Path, pictures: list[Picture], far: dict[str, Any]) -> SoftLine:
    """Return a line whose far machine calls us with these pages."""
    soft = SoftLine(folder / "far", {"ecm": True} | far)
    soft.exchange.call_in(OURS, save_tiff(pictures, folder / "document.tif"), FAR)
    soft.wait_for_ring()
    return soft


def arrived(sink: PageFolder, pictures: list[Picture]) -> bool:
    got = [tiff_images(sink.files[n])[0] for n in sorted(sink.files)]
    return len(got) == len(pictures) and all(
        same_pixels(one, sent.image) for one, sent in zip(got, pictures, strict=True)
    )


@pytest.mark.parametrize("family", RATES)
@pytest.mark.parametrize("compression", Compression)
def test_pages_in_ecm_are_received_pixel_for_pixel(
    tmp_path: Path, family: str, compression: Compression
) -> None:
    pictures = drawn_pages(3, height=150)
    soft = called(tmp_path, pictures, {"modems": (family,), "compressions": (compression.value,)})
    sink = PageFolder(tmp_path / "got")
    result = soft.run(answering(sink, compressions=ALL))
    assert (result.success, result.reason, result.rate) == (True, Reason.RECEIVED, RATES[family])
    assert result.ecm
    assert {page.coding.compression for page in sink.pages.values()} == {compression}
    assert not any(page.bad_lines for page in sink.pages.values())
    assert arrived(sink, pictures)


@pytest.mark.parametrize("octets", [64, 256])
def test_several_blocks_a_page(tmp_path: Path, octets: int) -> None:
    pictures = drawn_pages(2, Resolution.FINE, height=2200)
    soft = called(tmp_path, pictures, {"compressions": ("MH",)})
    sink = PageFolder(tmp_path / "got")
    result = soft.run(answering(sink, compressions=(Compression.MH,), ecm_octets=octets))
    assert result.success
    assert result.ecm
    assert arrived(sink, pictures)
    blocks = [entry.text for entry in result.trace if entry.direction == "<" and entry.text.startswith("PPS")]
    assert len(blocks) > 2 or octets == 256


def test_a_caller_without_ecm_is_received_without(tmp_path: Path) -> None:
    pictures = drawn_pages(2)
    soft = called(tmp_path, pictures, {"ecm": False})
    sink = PageFolder(tmp_path / "got")
    result = soft.run(answering(sink, compressions=ALL))
    assert (result.success, result.ecm) == (True, False)
    assert arrived(sink, pictures)


def test_a_job_without_ecm_does_not_offer_it(tmp_path: Path) -> None:
    pictures = drawn_pages(1)
    soft = called(tmp_path, pictures, {})
    sink = PageFolder(tmp_path / "got")
    result = soft.run(answering(sink, compressions=ALL, ecm=False))
    assert (result.success, result.ecm) == (True, False)
    assert arrived(sink, pictures)


@pytest.mark.parametrize("late_seconds", [1.0, 2.5, 6.0, 15.0])
def test_a_page_stored_late_is_confirmed_after_rnr_and_never_before(
    tmp_path: Path, late_seconds: float
) -> None:
    pictures = drawn_pages(2, height=100)
    soft = called(tmp_path, pictures, {})
    sink = PageFolder(tmp_path / "got")
    call = answering(sink, compressions=ALL)
    late: list[int] = []

    def hold(notice: Notice) -> bool:
        if isinstance(notice, PageStored) and notice.n == 1:
            late.append(notice.id)
            return False
        return True

    call.start(soft.now)
    while not late:
        soft.step(call, hold)
    until = soft.now + late_seconds
    while soft.now < until:
        soft.step(call, hold)
    said = [data.get("name") for event, data in soft.events if event == "frame"]
    assert "MCF" not in said
    call.stored(late[0], soft.now)
    while not call.done:
        soft.step(call)
    assert call.result is not None
    assert (call.result.success, call.result.confirmed) == (True, 2)
    ours = [entry.text for entry in call.result.trace if entry.direction == ">" and entry.kind == "frame"]
    assert ("RNR" in ours) == (late_seconds > 2.0)
    assert arrived(sink, pictures)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_bursts_of_noise_cost_frames_and_no_pel(tmp_path: Path, seed: int) -> None:
    pictures = drawn_pages(2, Resolution.FINE, height=900)
    burst = {"bursts": {"every_s": 9.0, "length_ms": 60.0, "level_dbm0": -5.0}, "seed": seed}
    soft = called(tmp_path, pictures, burst)
    sink = PageFolder(tmp_path / "got")
    result = soft.run(answering(sink, compressions=ALL))
    assert result.success, result
    assert result.ppr > 0
    assert [page.state for page in result.pages] == [PageState.CONFIRMED] * 2
    assert arrived(sink, pictures)
