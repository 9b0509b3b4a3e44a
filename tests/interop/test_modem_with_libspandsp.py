"""Our engine on libspandsp's soft modem against libspandsp's fax machine: whole calls in simulated time.

The far end and the modem are other people's code; pages are compared pixel by pixel.
"""

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

from modem.coding import Compression, Resolution
from modem.notices import (
    Answered,
    Dialling,
    Finished,
    Identified,
    Negotiated,
    PageAwaiting,
    PageConfirmed,
    PageSending,
    PageStored,
    Traced,
)
from modem.profiles import named
from modem.result import PageState, Reason
from modem.tiff import PageFolder, PreparedPages

if TYPE_CHECKING:
    from pathlib import Path

RATES = {"V.17": 14400, "V.29": 9600, "V.27ter": 4800}
BOTH = (Compression.MH, Compression.MR)
FAMILIES = pytest.mark.parametrize("family", RATES)
CODINGS = pytest.mark.parametrize("compression", BOTH)
RESOLUTIONS = pytest.mark.parametrize("resolution", [Resolution.STANDARD, Resolution.FINE])


def prepared(
    count: int = 1, resolution: Resolution = Resolution.STANDARD, height: int = 120
) -> PreparedPages:
    return PreparedPages(drawn_pages(count, resolution, height), BOTH)


@FAMILIES
@CODINGS
@RESOLUTIONS
def test_three_pages_arrive_pixel_for_pixel(
    tmp_path: Path, family: str, compression: Compression, resolution: Resolution
) -> None:
    soft = SoftLine(tmp_path, {"modems": (family,)})
    pictures = drawn_pages(3, resolution, height=150)
    call = sending(PreparedPages(pictures, (compression,)), None, compressions=(compression,))
    result = soft.run(call)
    assert (result.success, result.reason, result.rate) == (True, Reason.SENT, RATES[family])
    assert [page.state for page in result.pages] == [PageState.CONFIRMED] * 3
    assert {page.compression for page in result.pages} == {compression}
    (file,) = tmp_path.glob("*.tif")
    arrived = tiff_images(file)
    assert len(arrived) == 3
    assert all(same_pixels(got, sent.image) for got, sent in zip(arrived, pictures, strict=True))


@FAMILIES
@CODINGS
@RESOLUTIONS
def test_three_pages_are_received_pixel_for_pixel(
    tmp_path: Path, family: str, compression: Compression, resolution: Resolution
) -> None:
    soft = SoftLine(tmp_path / "far", {"modems": (family,), "compressions": (compression.value,)})
    pictures = drawn_pages(3, resolution, height=150)
    soft.exchange.call_in(OURS, save_tiff(pictures, tmp_path / "document.tif"), FAR)
    soft.wait_for_ring()
    sink = PageFolder(tmp_path / "got")
    result = soft.run(answering(sink))
    assert (result.success, result.reason, result.rate) == (True, Reason.RECEIVED, RATES[family])
    assert result.remote_id == FAR
    assert {page.coding.compression for page in sink.pages.values()} == {compression}
    assert {page.coding.resolution for page in sink.pages.values()} == {resolution}
    assert not any(page.bad_lines for page in sink.pages.values())
    arrived = [tiff_images(sink.files[n])[0] for n in (1, 2, 3)]
    assert all(same_pixels(got, sent.image) for got, sent in zip(arrived, pictures, strict=True))


def test_a_rejected_page_goes_again_at_a_lower_rate(tmp_path: Path) -> None:
    # Page 1, because libspandsp 0.0.6 takes no new training after RTN to the last page.
    soft = SoftLine(tmp_path, {"reject_pages": (1,), "reject_times": 1})
    pictures = drawn_pages(2, height=400)
    result = soft.run(sending(PreparedPages(pictures, (Compression.MH,)), None))
    assert result.rtn == 1
    assert (result.success, result.confirmed) == (True, 2)
    assert result.pages[0].rate == 12000
    (file,) = tmp_path.glob("*.tif")
    assert same_pixels(tiff_images(file)[-1], pictures[1].image)


def test_a_receiver_with_slow_paper_gets_its_fill(tmp_path: Path) -> None:
    soft = SoftLine(tmp_path, {"min_scan_ms": 20})
    pictures = drawn_pages(1, height=150)
    result = soft.run(sending(PreparedPages(pictures, (Compression.MH,)), None))
    assert result.success
    assert result.pages[0].bytes >= 150 * 14400 * 0.020 / 8
    (file,) = tmp_path.glob("*.tif")
    assert same_pixels(tiff_images(file)[0], pictures[0].image)


def test_a_fine_page_becomes_standard_where_the_far_end_knows_no_more(tmp_path: Path) -> None:
    soft = SoftLine(tmp_path, {"resolutions": ("standard",)})
    pictures = drawn_pages(1, Resolution.FINE, height=200)
    result = soft.run(sending(PreparedPages(pictures, BOTH), None))
    assert result.success
    (file,) = tmp_path.glob("*.tif")
    assert same_pixels(tiff_images(file)[0], pictures[0].at(Resolution.STANDARD))


@pytest.mark.parametrize(
    ("answers", "reason"),
    [
        ("busy", Reason.BUSY),
        ("no-answer", Reason.NO_ANSWER),
        ("no-dialtone", Reason.NO_DIALTONE),
        ("voice", Reason.NO_CARRIER),
    ],
)
def test_calls_that_do_not_come_about_say_why(tmp_path: Path, answers: str, reason: Reason) -> None:
    soft = SoftLine(tmp_path, {"answers": answers})
    call = sending(prepared(), None)
    result = soft.run(call)
    assert not result.success
    assert result.reason in (reason, Reason.CALL_DROPPED if answers == "voice" else reason)
    assert result.confirmed == 0
    assert call.hung_up


def test_a_line_that_drops_in_page_two_keeps_page_one_confirmed(tmp_path: Path) -> None:
    soft = SoftLine(tmp_path, {"drop": {"page": 2, "after_s": 2.0}})
    result = soft.run(sending(PreparedPages(drawn_pages(3), (Compression.MH,)), None))
    assert not result.success
    assert result.reason is Reason.CALL_DROPPED
    assert [page.state for page in result.pages] == [PageState.CONFIRMED, PageState.SENDING]


def test_notices_tell_the_call_in_order(tmp_path: Path) -> None:
    soft = SoftLine(tmp_path)
    result = soft.run(sending(prepared(2), None))
    assert result.success
    ids = [notice.id for notice in soft.notices]
    assert ids == sorted(set(ids))
    told = [type(notice) for notice in soft.notices if not isinstance(notice, Traced)]
    page = [PageSending, PageAwaiting, PageConfirmed]
    assert told == [Dialling, Answered, Identified, Negotiated, *page, *page, Finished]
    ladder = [notice.entry.text for notice in soft.notices if isinstance(notice, Traced)]
    assert [name for name in ("CFR", "MPS", "MCF", "EOP", "DCN") if name in ladder] == [
        "CFR",
        "MPS",
        "MCF",
        "EOP",
        "DCN",
    ]


def test_the_last_notice_carries_the_result_and_its_trace(tmp_path: Path) -> None:
    soft = SoftLine(tmp_path)
    call = sending(prepared(), None)
    result = soft.run(call)
    last = soft.notices[-1]
    assert isinstance(last, Finished)
    assert last.result is result
    kinds = {entry.kind for entry in result.trace}
    assert {"at", "frame", "training", "page", "note"} <= kinds
    times = [entry.at for entry in result.trace]
    assert times == sorted(times)
    assert times[0] == 0.0


@pytest.mark.parametrize("kind", [Dialling, PageAwaiting, PageConfirmed])
def test_nothing_leaves_before_a_write_ahead_notice_is_stored(tmp_path: Path, kind: type) -> None:
    soft = SoftLine(tmp_path)
    call = sending(prepared(), None)
    held: list[int] = []

    def hold(notice: object) -> bool:
        if isinstance(notice, kind):
            held.append(notice.id)  # type: ignore[attr-defined]
            return False
        return True

    call.start(soft.now)
    while not held:
        soft.step(call, hold)
    assert call.data_to_send() == b""
    for _ in range(50):
        soft.step(call, hold)
        assert call.data_to_send() == b""
    call.stored(held[0], soft.now)
    released = call.data_to_send()
    assert released != b""
    soft.exchange.host_wrote(soft.line, released)
    while not call.done:
        soft.step(call)
    assert call.result is not None
    assert call.result.success


def test_a_modem_without_v17_calls_at_what_it_has(tmp_path: Path) -> None:
    slow = named("softmodem", {"carriers": ["24", "48", "72", "96"]})
    result = SoftLine(tmp_path).run(sending(prepared(), None, slow))
    assert (result.success, result.rate) == (True, 9600)


@pytest.mark.parametrize("late_seconds", [0.5, 2.5, 5.0, 8.0])
def test_a_received_page_is_not_confirmed_before_it_is_stored(tmp_path: Path, late_seconds: float) -> None:
    soft = SoftLine(tmp_path / "far")
    pictures = drawn_pages(1, height=100)
    soft.exchange.call_in(OURS, save_tiff(pictures, tmp_path / "document.tif"), FAR)
    soft.wait_for_ring()
    call = answering(PageFolder(tmp_path / "got"))
    late: list[int] = []

    def hold(notice: object) -> bool:
        if isinstance(notice, PageStored):
            late.append(notice.id)
        return not isinstance(notice, PageStored)

    call.start(soft.now)
    while not late:
        soft.step(call, hold)
    until = soft.now + late_seconds
    while soft.now < until:
        soft.step(call, hold)
        assert call.data_to_send() == b""
    assert "MCF" not in [data.get("name") for event, data in soft.events if event == "frame"]
    call.stored(late[0], soft.now)
    while not call.done:
        soft.step(call)
    assert call.result is not None
    assert (call.result.success, call.result.confirmed) == (True, 1)


def test_a_call_cancelled_in_a_page_ends_with_dcn_and_on_hook(tmp_path: Path) -> None:
    soft = SoftLine(tmp_path)
    call = sending(PreparedPages(drawn_pages(2, height=1000), (Compression.MH,)), None)
    call.start(soft.now)
    while not any(isinstance(notice, PageSending) for notice in soft.notices):
        soft.step(call)
    until = soft.now + 4.0
    while soft.now < until:
        soft.step(call)
    asked = soft.now
    call.cancel(asked)
    while not call.done:
        soft.step(call)
    assert call.result is not None
    assert call.result.reason is Reason.CANCELLED
    assert call.hung_up
    assert soft.now - asked < 8.0
    assert "DCN" in [data.get("name") for event, data in soft.events if event == "frame"]


def test_a_call_cancelled_while_dialling_goes_on_hook(tmp_path: Path) -> None:
    soft = SoftLine(tmp_path, {"answers": "no-answer"})
    call = sending(prepared(), None)
    call.start(soft.now)
    until = soft.now + 5.0
    while soft.now < until:
        soft.step(call)
    call.cancel(soft.now)
    while not call.done:
        soft.step(call)
    assert call.result is not None
    assert call.result.reason is Reason.CANCELLED
    assert call.hung_up
    assert soft.now - until < 8.0


def test_an_owner_who_never_stores_cannot_keep_the_call_for_ever(tmp_path: Path) -> None:
    soft = SoftLine(tmp_path)
    call = sending(prepared(), None, max_seconds=60.0)
    result = soft.run(call, seconds=130.0, on_notice=lambda notice: not isinstance(notice, PageAwaiting))
    assert not result.success
    assert result.pages[0].state is PageState.AWAITING
    assert not call.hung_up


def test_a_port_that_goes_away_ends_the_call_at_once(tmp_path: Path) -> None:
    soft = SoftLine(tmp_path)
    call = sending(prepared(), None)
    call.start(soft.now)
    for _ in range(200):
        soft.step(call)
    call.port_failed(soft.now, "usb0: the port is gone")
    assert call.result is not None
    assert call.result.reason is Reason.MODEM_ERROR
    assert "usb0" in call.result.t30
    assert call.data_to_send() == b""
