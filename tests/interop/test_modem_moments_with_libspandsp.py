"""Our engine with libspandsp: cancelled at every moment, and against each setting of a far number."""

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
    sending,
    tiff_images,
)

from modem.coding import Compression, Resolution
from modem.result import CallResult, PageState, Reason
from modem.tiff import PageFolder, PreparedPages

if TYPE_CHECKING:
    from pathlib import Path

    from modem.call import FaxCall

BOTH = (Compression.MH, Compression.MR)
MOMENTS = pytest.mark.parametrize(
    "after", [0.0, 0.3, 2.0, 4.5, 6.5, 8.0, 9.1, 9.7, 11.0, 12.2, 13.0, 13.6, 15.0, 17.0, 19.0, 25.0]
)


def cancelled(soft: SoftLine, call: FaxCall, after: float) -> tuple[CallResult, float]:
    """Run the call for `after` seconds, cancel it; return the result and how long it took to end."""
    call.start(soft.now)
    until = soft.now + after
    while soft.now < until and not call.done:
        soft.step(call)
    asked = soft.now
    call.cancel(soft.now)
    while call.result is None:
        assert soft.now < asked + 60, "a cancelled call goes on"
        soft.step(call)
    return call.result, soft.now - asked


@MOMENTS
def test_a_sender_cancelled_at_any_moment_is_on_hook_soon_and_claims_nothing(
    tmp_path: Path, after: float
) -> None:
    soft = SoftLine(tmp_path)
    call = sending(PreparedPages(drawn_pages(2, height=500), (Compression.MH,)), None)
    result, seconds = cancelled(soft, call, after)
    assert call.hung_up
    assert seconds < 10
    confirmed = sum(event == "mcf" for event, _ in soft.events)
    assert result.confirmed <= confirmed
    assert (result.reason is Reason.CANCELLED) == (not result.success)
    assert not result.success or confirmed == 2


@MOMENTS
def test_a_receiver_cancelled_at_any_moment_is_on_hook_soon_and_keeps_what_it_confirmed(
    tmp_path: Path, after: float
) -> None:
    soft = SoftLine(tmp_path / "far")
    soft.exchange.call_in(OURS, save_tiff(drawn_pages(2, height=500), tmp_path / "document.tif"), FAR)
    soft.wait_for_ring()
    sink = PageFolder(tmp_path / "got")
    call = answering(sink)
    result, seconds = cancelled(soft, call, after)
    assert call.hung_up
    assert seconds < 10
    assert sum(event == "mcf" for event, _ in soft.events) <= len(sink.files)
    assert {page.n for page in result.pages if page.state is PageState.CONFIRMED} <= set(sink.files)


def sent(
    folder: Path, pages: int = 2, soft: SoftLine | None = None, **far: Any
) -> tuple[CallResult, SoftLine, bool]:
    """Send to a far machine so set; return the result, the line, and whether its pages are ours."""
    soft = soft or SoftLine(folder, far)
    pictures = drawn_pages(pages, height=300)
    result = soft.run(sending(PreparedPages(pictures, BOTH), None))
    newest = sorted(folder.glob("*.tif"))[-1:]
    arrived = tiff_images(newest[0]) if newest and newest[0].stat().st_size > 8 else []
    whole = len(arrived) == pages and all(
        same_pixels(got, one.image) for got, one in zip(arrived, pictures, strict=True)
    )
    return result, soft, whole


@pytest.mark.parametrize(
    ("far", "rate", "compression"),
    [
        ({"modems": ("V.17",)}, 14400, "MR"),
        ({"modems": ("V.29", "V.27ter")}, 9600, "MR"),
        ({"modems": ("V.27ter",)}, 4800, "MR"),
        ({"compressions": ("MH",)}, 14400, "MH"),
        ({"compressions": ("MH", "MR")}, 14400, "MR"),
        ({"resolutions": ("standard",)}, 14400, "MR"),
        ({"ecm": True}, 14400, "MR"),
        ({"min_scan_ms": 5}, 14400, ""),
        ({"min_scan_ms": 10, "modems": ("V.29",)}, 9600, ""),
        ({"delay_ms": 40.0}, 14400, "MR"),
        ({"noise_dbm0": -60.0}, 14400, "MR"),
        ({"slow_answer_s": 0.0}, 14400, "MR"),
        ({"slow_answer_s": 40.0}, 14400, "MR"),
    ],
    ids=str,
)
def test_every_setting_of_a_far_machine_that_can_work_does(
    tmp_path: Path, far: dict[str, Any], rate: int, compression: str
) -> None:
    result, _, whole = sent(tmp_path, **far)
    assert (result.success, result.rate, whole) == (True, rate, True)
    assert not compression or {page.compression for page in result.pages} == {compression}


def test_the_far_ident_is_the_one_it_was_given_else_its_number(tmp_path: Path) -> None:
    assert sent(tmp_path / "a", pages=1, ident="FAX ROOM 7")[0].remote_id == "FAX ROOM 7"
    assert sent(tmp_path / "b", pages=1)[0].remote_id == FAR


@pytest.mark.parametrize("page", [1, 2])
def test_the_page_that_is_rejected_is_the_one_that_goes_again(tmp_path: Path, page: int) -> None:
    result, soft, whole = sent(tmp_path, pages=3, reject_pages=(page,), reject_times=1)
    assert (result.success, result.rtn, result.confirmed, whole) == (True, 1, 3, True)
    assert [one.rate for one in result.pages] == [14400] * (page - 1) + [12000] * (4 - page)
    assert [data["page"] for event, data in soft.events if event == "mcf"] == [1, 2, 3]


def test_a_last_page_that_is_rejected_ends_the_call_and_leaves_the_others_confirmed(tmp_path: Path) -> None:
    result, _, _ = sent(tmp_path, pages=3, reject_pages=(3,), reject_times=1)
    assert (result.success, result.reason, result.rtn) == (False, Reason.PAGE_REJECTED, 1)
    assert [page.state for page in result.pages] == [PageState.CONFIRMED] * 2 + [PageState.REJECTED]


def test_a_page_rejected_every_time_ends_the_call_and_leaves_the_others_confirmed(tmp_path: Path) -> None:
    result, soft, _ = sent(tmp_path, pages=3, reject_pages=(2,))
    assert (result.success, result.reason, result.rtn) == (False, Reason.PAGE_REJECTED, 3)
    assert [page.state for page in result.pages] == [PageState.CONFIRMED, PageState.REJECTED]
    assert [data["page"] for event, data in soft.events if event == "mcf"] == [1]


@pytest.mark.parametrize("page", [1, 2])
def test_a_line_dropped_once_is_whole_at_the_next_call(tmp_path: Path, page: int) -> None:
    drop = {"page": page, "after_s": 1.0, "times": 1}
    result, soft, whole = sent(tmp_path, drop=drop)
    assert (result.success, result.confirmed, whole) == (False, page - 1, False)
    assert result.reason is Reason.CALL_DROPPED
    again, _, whole = sent(tmp_path, soft=soft)
    assert (again.success, whole) == (True, True)


def test_a_person_who_answers_gets_no_page_and_is_left_when_they_hang_up(tmp_path: Path) -> None:
    result, soft, _ = sent(tmp_path, answers="voice", voice_s=5.0)
    assert (result.success, result.confirmed, result.pages) == (False, 0, ())
    assert [data["outcome"] for event, data in soft.events if event == "end"] == ["connected"]


@pytest.mark.parametrize("ecm", [False, True])
@pytest.mark.parametrize("resolution", [Resolution.STANDARD, Resolution.FINE])
@pytest.mark.parametrize("modems", [("V.17",), ("V.29",), ("V.27ter",)])
def test_a_far_machine_with_ecm_sends_to_us_as_our_dis_offers(
    tmp_path: Path, resolution: Resolution, modems: tuple[str, ...], *, ecm: bool
) -> None:
    soft = SoftLine(tmp_path / "far", {"ecm": True, "modems": modems})
    pictures = drawn_pages(2, resolution, height=200)
    soft.exchange.call_in(OURS, save_tiff(pictures, tmp_path / "document.tif"), FAR)
    soft.wait_for_ring()
    sink = PageFolder(tmp_path / "got")
    result = soft.run(answering(sink, ecm=ecm))
    assert (result.success, result.ecm, result.confirmed) == (True, ecm, 2)
    assert all(same_pixels(tiff_images(sink.files[n])[0], pictures[n - 1].image) for n in (1, 2))
