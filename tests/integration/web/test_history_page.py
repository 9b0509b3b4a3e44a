from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from gateway.domain.outcome import Cause

if TYPE_CHECKING:
    from web_fixtures import Pages


def listed(page: str) -> list[int]:
    """Return the numbers in the list, in their order."""
    return [int(n) for n in re.findall(r'<th scope="row"><a href="/fax/(\d+)">', page)]


async def test_an_empty_history_says_how_to_begin(pages: Pages) -> None:
    assert "Mail a document to a fax number" in await pages.text("/history")


async def test_faxes_out_and_in_are_one_list_newest_first(pages: Pages) -> None:
    first, second, third = pages.sent(), pages.received(), pages.sent()
    assert listed(await pages.text("/history")) == [third, second, first]


async def test_the_front_page_is_the_history_where_there_is_no_demo(pages: Pages) -> None:
    number = pages.sent()
    assert listed(await pages.text("/")) == [number]


async def test_a_row_tells_state_number_subject_pages_and_the_time_in_the_accounts_zone(pages: Pages) -> None:
    pages.sent(subject="Monday delivery", pages=2)
    page = await pages.text("/history")
    for told in (
        "Sent",
        "+81 3-1234-5678",
        "Monday delivery",
        '2<span class="of">/2',
        "2030-06-01 21:00:00",
        "Asia/Tokyo",
    ):
        assert told in page


async def test_a_failed_row_says_why(pages: Pages) -> None:
    pages.failed(Cause.BUSY)
    page = await pages.text("/history")
    assert "Failed" in page
    assert "The number was busy." in page


async def test_a_broken_reception_is_not_called_received(pages: Pages) -> None:
    pages.received(complete=False)
    assert "Received in part" in await pages.text("/history")


async def test_a_call_without_a_page_says_so(pages: Pages) -> None:
    pages.received(pages=0, complete=False)
    assert "No page received" in await pages.text("/history")


async def test_only_what_went_over_a_simulated_line_is_marked_simulated(pages: Pages) -> None:
    pages.sent()
    assert 'class="sim"' not in await pages.text("/history")
    pages.received()
    assert (await pages.text("/history")).count('class="sim"') == 1


@pytest.fixture
def mixed(pages: Pages) -> dict[str, int]:
    return {
        "sent": pages.sent(subject="Apples & pears"),
        "failed": pages.failed(Cause.BUSY),
        "received": pages.received(),
        "partial": pages.received(complete=False),
        "queued": pages.fax("0033155551234", subject="Later")[0],
    }


FILTERS = [
    ("direction=out", {"sent", "failed", "queued"}),
    ("direction=in", {"received", "partial"}),
    ("state=done", {"sent", "received"}),
    ("state=failed", {"failed", "partial"}),
    ("state=underway", {"queued"}),
    ("number=3123 45678", {"sent", "failed"}),
    ("number=03-1234-5678", {"sent", "failed"}),
    ("number=%2B33", {"queued"}),
    ("number=98765432", {"received", "partial"}),
    ("number=nonsense", set()),
    ("subject=PEARS", {"sent"}),
    ("subject=%25", set()),
    ("subject=_", set()),
    ("direction=sideways&state=odd", {"sent", "failed", "received", "partial", "queued"}),
]


async def test_filters_narrow_the_list(pages: Pages, mixed: dict[str, int]) -> None:
    for query, expected in FILTERS:
        found = listed(await pages.text(f"/history?{query}"))
        assert set(found) == {mixed[name] for name in expected}, query


async def test_filters_stay_in_the_form_and_in_the_link_to_older_ones(pages: Pages) -> None:
    for _ in range(51):
        pages.fax(subject="Apples & pears")
    page = await pages.text("/history?subject=apples+%26")
    assert 'value="apples &amp;"' in page
    assert "/history?subject=apples+%26&amp;before=" in page


async def test_older_faxes_follow_without_a_gap_or_a_repetition(pages: Pages) -> None:
    numbers = sorted((pages.fax()[0] for _ in range(53)), reverse=True)
    first = await pages.text("/history")
    older = re.search(r'href="(/history\?before=\d+)"', first)
    assert older
    assert listed(first) + listed(await pages.text(older[1])) == numbers


async def test_a_senseless_cursor_shows_the_newest(pages: Pages) -> None:
    number = pages.sent()
    for before in ("x", "-1", "9" * 40, "²"):
        assert listed(await pages.text(f"/history?before={before}")) == [number]


async def test_a_hostile_subject_is_text_and_nothing_else(pages: Pages) -> None:
    pages.sent(subject="<script>alert('x')</script>\u202e\x07 & \"more\"")
    for path in ("/history", "/fax/1"):
        page = await pages.text(path)
        assert "<script>alert" not in page
        assert "&lt;script&gt;alert" in page
        assert "\u202e" not in page
        assert "\x07" not in page


async def test_hostile_filters_are_text_and_nothing_else(pages: Pages) -> None:
    page = await pages.text("/history")
    assert "<b>" not in page
    answer = await pages.browser.get("/history", params={"subject": '"><b>x', "number": "'><b>"})
    assert "<b>" not in answer.text
