"""Our sessions over libspandsp's modems on lines that are slow, noisy or late to store, bit by bit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from softmodem_fixtures import (
    FAR,
    OURS,
    SoftLine,
    answering,
    drawn_pages,
    same_pixels,
    save_tiff,
    sending,
    tiff_images,
)

from modem.coding import Compression
from modem.notices import Notice, PageStored
from modem.result import PageState
from modem.tiff import PageFolder, PreparedPages

if TYPE_CHECKING:
    from pathlib import Path

BOTH = (Compression.MH, Compression.MR)
CONDITIONS = pytest.mark.parametrize(
    "far",
    [{"delay_ms": 250}, {"delay_ms": 600}, {"noise_dbm0": -65.0}, {"min_scan_ms": 40}, {"slow_answer_s": 20}],
    ids=str,
)


@CONDITIONS
def test_pages_go_out_whole(tmp_path: Path, far: dict[str, float]) -> None:
    soft = SoftLine(tmp_path, dict(far))
    pictures = drawn_pages(2, height=150)
    result = soft.run(sending(PreparedPages(pictures, BOTH), None))
    assert (result.success, result.confirmed) == (True, 2)
    (file,) = tmp_path.glob("*.tif")
    assert all(same_pixels(got, sent.image) for got, sent in zip(tiff_images(file), pictures, strict=True))


@pytest.mark.parametrize("far", [{"delay_ms": 250}, {"delay_ms": 600}, {"noise_dbm0": -65.0}], ids=str)
@pytest.mark.parametrize("scan_ms", [0, 20])
def test_pages_come_in_whole(tmp_path: Path, far: dict[str, float], scan_ms: int) -> None:
    soft = SoftLine(tmp_path / "far", dict(far))
    pictures = drawn_pages(2, height=150)
    soft.exchange.call_in(OURS, save_tiff(pictures, tmp_path / "document.tif"), FAR)
    soft.wait_for_ring()
    sink = PageFolder(tmp_path / "got")
    result = soft.run(answering(sink, min_scan_ms=scan_ms))
    assert (result.success, result.confirmed) == (True, 2)
    assert all(same_pixels(tiff_images(sink.files[n])[0], pictures[n - 1].image) for n in (1, 2))
    least = 150 * result.rate * scan_ms // 8000
    assert all(page.bytes >= least for page in result.pages)


@pytest.mark.parametrize("seconds", [1.0, 2.5, 4.0, 6.0])
def test_a_page_stored_late_is_confirmed_to_the_repeated_command(tmp_path: Path, seconds: float) -> None:
    soft = SoftLine(tmp_path / "far")
    pictures = drawn_pages(2, height=150)
    soft.exchange.call_in(OURS, save_tiff(pictures, tmp_path / "document.tif"), FAR)
    soft.wait_for_ring()
    sink = PageFolder(tmp_path / "got")
    call = answering(sink)
    held: list[tuple[int, float]] = []

    def late(notice: Notice) -> bool:
        if isinstance(notice, PageStored):
            held.append((notice.id, soft.now + seconds))
            return False
        return True

    call.start(soft.now)
    while call.result is None:
        soft.step(call, late)
        for notice_id, due in [one for one in held if one[1] <= soft.now]:
            held.remove((notice_id, due))
            call.stored(notice_id, soft.now)
    assert call.result.success
    assert [page.state for page in call.result.pages] == [PageState.CONFIRMED] * 2
    assert sorted(sink.files) == [1, 2]
