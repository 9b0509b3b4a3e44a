"""Killed at every window of the crash table: nothing is lost, nothing is doubled that need not be.

Each test enters one row of durability.md section 4 on purpose (the process kills itself there), starts the
gateway again as a supervisor would, and counts at the far end: the exchange's ledger survives us.
"""

from __future__ import annotations

import smtplib
from typing import TYPE_CHECKING

import pytest
from house import LINES, REST, House, letter, queued_number
from waiting import wait_until

from gateway.demo import settings
from gateway.demo.evidence import equal
from gateway.demo.story import far_document
from gateway.domain.states import DeliveryState, ReceptionState

if TYPE_CHECKING:
    from collections.abc import Sequence

pytestmark = pytest.mark.timeout(300)


def confirmed_pages(house: House) -> int:
    """Pages the far machine confirmed, over all calls."""
    return sum(1 for _ in house.ledger("mcf"))


def calls(house: House) -> int:
    return sum(1 for _ in house.ledger("call"))


def result_mails(house: House) -> Sequence[object]:
    return house.box(settings.SENDER, 1)


def sent_exactly_once(house: House, number: int) -> None:
    house.no_more_waiting()
    delivery = house.delivery(number)
    assert delivery.state is DeliveryState.SENT, house.log(LINES)
    assert delivery.pages_confirmed == delivery.fax.pages == 1
    assert len(result_mails(house)) == 1


@pytest.mark.parametrize("point", ["smtp.spooled", "smtp.renamed", "smtp.committed"])
def test_rows_1_and_2_a_mail_whose_250_was_lost_is_faxed_once_when_the_client_repeats_it(
    house: House, point: str
) -> None:
    house.start(REST, crash_at=point)
    mail = letter()
    with pytest.raises((smtplib.SMTPServerDisconnected, ConnectionError)):
        house.mail(mail)
    house.wait_for_death(REST)
    house.start_all()
    number = queued_number(house.mail(mail))
    sent_exactly_once(house, number)
    assert house.numbers() == [number]
    assert (calls(house), confirmed_pages(house)) == (1, 1)


def test_row_3_a_fax_whose_drawing_was_killed_is_drawn_again(house: House) -> None:
    house.start(REST, crash_at="fax.drawn")
    number = queued_number(house.mail(letter()))
    house.wait_for_death(REST)
    house.start_all()
    house.leases_ran_out()
    sent_exactly_once(house, number)
    assert (calls(house), confirmed_pages(house)) == (1, 1)


@pytest.mark.parametrize(
    ("row", "point", "calls_made", "pages_confirmed"),
    [
        (4, "delivery.claimed", 1, 1),
        (5, "delivery.dialled", 1, 1),
        (6, "page.sending", 2, 1),
        (7, "page.awaiting", 2, 1),
        (8, "page.confirming", 2, 2),
        (9, "page.confirmed", 1, 1),
    ],
)
def test_rows_4_to_9_a_call_that_was_killed_is_taken_up_where_it_was(
    house: House, row: int, point: str, calls_made: int, pages_confirmed: int
) -> None:
    house.start(REST)
    number = queued_number(house.mail(letter()))
    house.start(LINES, crash_at=point)
    house.wait_for_death(LINES)
    assert house.state_of(number) is not DeliveryState.SENT
    house.start(LINES)
    wait_until(lambda: house.no_longer_on_a_line(number), 60, "recovery")
    sent_exactly_once(house, number)
    counted = (calls(house), confirmed_pages(house))
    assert counted == (calls_made, pages_confirmed), f"row {row}: {list(house.ledger())}"


@pytest.mark.parametrize("rule", ["ask", "never"])
def test_row_7_an_account_that_forbids_doubling_gets_uncertain_instead_of_a_second_call(
    house: House, rule: str
) -> None:
    house.change_account(uncertain=rule)
    house.start(REST)
    number = queued_number(house.mail(letter()))
    house.start(LINES, crash_at="page.awaiting")
    house.wait_for_death(LINES)
    house.start(LINES)
    delivery = house.delivery(number)
    assert delivery.state is DeliveryState.UNCERTAIN
    assert calls(house) == 1
    assert "page 1" in result_text(house)


def result_text(house: House) -> str:
    return house.read_mail(house.box(settings.SENDER, 1)[0])


def test_row_9_a_fax_whose_last_page_was_confirmed_is_never_dialled_again(house: House) -> None:
    house.start(REST)
    number = queued_number(house.mail(letter()))
    house.start(LINES, crash_at="page.confirmed")
    house.wait_for_death(LINES)
    house.start(LINES)
    assert house.delivery(number).state is DeliveryState.SENT
    assert calls(house) == 1


def test_row_11_a_page_stored_before_its_confirmation_survives_and_is_delivered_marked_partial(
    house: House,
) -> None:
    house.start(REST)
    house.start(LINES, crash_at="reception.page_stored")
    house.wait_for_line("idle")
    document = house.folder / "far.tif"
    document.write_bytes(far_document())
    result = house.call_in(document)
    assert not result["success"], "the far machine must not think its page was confirmed"
    assert confirmed_pages(house) == 0
    house.wait_for_death(LINES)
    house.start(LINES)
    reception = house.reception()
    assert reception.state in (ReceptionState.PARTIAL, ReceptionState.ROUTED)
    assert equal(house.blobs.read(reception.pages[0].blob), document.read_bytes())
    for address in settings.INBOX:
        assert "received in part" in house.read_mail(house.box(address, 1)[0])
