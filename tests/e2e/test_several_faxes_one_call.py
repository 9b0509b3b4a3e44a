"""Several mails to one number, one call; a call that was cut goes on where it broke, and says so."""

from __future__ import annotations

from email.message import EmailMessage
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from house import LINES, REST, House, letter, queued_number
from waiting import wait_until

from gateway.demo import settings
from gateway.demo.evidence import pixels
from gateway.domain.header import Header, Look
from gateway.domain.states import DeliveryState
from gateway.transmitted import drawn, look_of, setting_of
from render.tiff import read_tiff, write_tiff

if TYPE_CHECKING:
    from gateway.store.models import Attempt, Delivery

pytestmark = pytest.mark.timeout(300)


def tried_in_vain(house: House, number: int) -> bool:
    return house.state_of(number) is DeliveryState.WAITING_RETRY


def calls_answered(house: House) -> list[Path]:
    """Return what the far machine printed, one file for each call that brought a page."""
    return [Path(record["file"]) for record in house.ledger("end") if record.get("file")]


def as_printed(house: House, delivery: Delivery, attempt: Attempt) -> list[object]:
    """Return size and pixels of the pages of an attempt, as its row says they went out."""
    return list(in_look(house, delivery, attempt.resolution, look_of(attempt)))[attempt.first_page - 1 :]


def in_look(house: House, delivery: Delivery, resolution: str, look: Look) -> list[object]:
    """Return size and pixels of all pages of a fax as a call of this look would send them."""
    master = read_tiff(house.blobs.read(delivery.fax.masters[resolution]))
    return list(pixels(write_tiff([drawn(page, setting_of(look, n)) for n, page in enumerate(master, 1)])))


def test_two_mails_to_a_number_that_was_busy_go_in_one_call_with_a_result_each(house: House) -> None:
    house.far(settings.BUSY, answers="busy")
    house.start_all()
    faxes = [queued_number(house.mail(letter(settings.BUSY, subject))) for subject in ("First", "Second /rs")]
    for number in faxes:
        wait_until(lambda number=number: tried_in_vain(house, number), 60, house.log(LINES))
    house.far(settings.BUSY, answers="fax")
    house.no_more_waiting()
    first, second = (house.delivery(number) for number in faxes)
    assert [row.state for row in (first, second)] == [DeliveryState.SENT] * 2
    assert first.attempts[-1].trace_blob == second.attempts[-1].trace_blob, "it was one call"
    (printed,) = calls_answered(house)
    both = as_printed(house, first, first.attempts[-1]) + as_printed(house, second, second.attempts[-1])
    assert pixels(printed.read_bytes()) == both
    assert sum(row.attempts[-1].line_seconds for row in (first, second)) > 0
    for number, subject in zip(faxes, ("First", "Second"), strict=True):
        body = house.result(settings.SENDER, number).get_body(("plain",))
        assert isinstance(body, EmailMessage)
        assert subject in body.get_content()


def test_a_call_that_was_cut_goes_on_with_the_page_it_broke_in_and_says_continued(house: House) -> None:
    house.far(settings.FAX, drop={"page": 2, "after_s": 1.0, "times": 1})
    house.start_all()
    number = queued_number(house.mail(letter(text="page one\f page two\f page three\n")))
    wait_until(lambda: tried_in_vain(house, number), 60, house.log(LINES))
    house.no_more_waiting()
    delivery = house.delivery(number)
    assert delivery.state is DeliveryState.SENT
    last = delivery.attempts[-1]
    assert last.first_page == 2
    printed = pixels(calls_answered(house)[-1].read_bytes())
    assert printed == as_printed(house, delivery, last)
    plain = in_look(house, delivery, last.resolution, Look(Header(last.header, first=2)))
    assert printed[0] != plain[1], "page 2 says that it continues"
    assert printed[1] == plain[2], "page 3 does not"


@pytest.mark.parametrize(
    ("point", "calls_made"), [("page.sending", 2), ("page.awaiting", 2), ("page.confirmed", 2)]
)
def test_a_gateway_killed_in_a_shared_call_loses_and_doubles_nothing(
    house: House, point: str, calls_made: int
) -> None:
    house.far(settings.BUSY, answers="busy")
    house.start(REST)
    faxes = [queued_number(house.mail(letter(settings.BUSY, subject))) for subject in ("One", "Two")]
    for number in faxes:
        house.delivery_drawn(number)
    house.far(settings.BUSY, answers="fax")
    house.start(LINES, crash_at=point)
    house.wait_for_death(LINES)
    house.start(LINES)
    for number in faxes:
        wait_until(lambda number=number: house.no_longer_on_a_line(number), 60, "recovery")
    house.no_more_waiting()
    deliveries = [house.delivery(number) for number in faxes]
    assert [row.state for row in deliveries] == [DeliveryState.SENT] * 2
    confirmed = sum(page.state == "confirmed" for row in deliveries for a in row.attempts for page in a.pages)
    assert confirmed == 2, "each page is confirmed once"
    assert len(list(house.ledger("call"))) == calls_made
    assert len(house.box(settings.SENDER, 2)) == 2
