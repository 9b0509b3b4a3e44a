"""Calls that do not succeed: dialled again by cause, resumed where they broke, reported as they were."""

from __future__ import annotations

import pytest
from house import House, letter, queued_number
from waiting import wait_until

from gateway.demo import settings
from gateway.domain.outcome import Cause
from gateway.domain.states import DeliveryState

pytestmark = pytest.mark.timeout(300)

FORM_FEEDS = "page one\f page two\f page three\n"


def waiting(house: House, number: int) -> bool:
    return house.state_of(number) in (DeliveryState.WAITING_RETRY, DeliveryState.FAILED)


def let_it_try(house: House, number: int) -> None:
    wait_until(lambda: waiting(house, number), 60, "a call to end")
    house.no_more_waiting()


@pytest.mark.parametrize(
    ("number", "cause", "code", "english"),
    [
        (settings.BUSY, Cause.BUSY, "6017", "busy"),
        (settings.SILENT, Cause.NO_ANSWER, "6018", "answer"),
    ],
)
def test_a_number_that_does_not_take_the_call_is_dialled_as_often_as_the_account_says(
    house: House, number: str, cause: Cause, code: str, english: str
) -> None:
    house.start_all()
    fax = queued_number(house.mail(letter(number)))
    let_it_try(house, fax)
    delivery = house.delivery(fax)
    assert (delivery.state, delivery.cause, delivery.dials) == (DeliveryState.FAILED, cause, 2)
    assert delivery.pages_confirmed == 0
    text = house.read_mail(house.box(settings.SENDER, 1)[0])
    assert code in text
    assert english in text.lower()


def test_a_busy_number_that_comes_free_gets_its_fax(house: House) -> None:
    house.start_all()
    fax = queued_number(house.mail(letter(settings.BUSY)))
    wait_until(lambda: waiting(house, fax), 60, "the busy call to end")
    house.far(settings.BUSY, answers="fax")
    house.no_more_waiting()
    delivery = house.delivery(fax)
    assert (delivery.state, delivery.dials) == (DeliveryState.SENT, 2)


def test_a_call_dropped_in_page_two_is_resumed_at_page_two(house: House) -> None:
    house.far(settings.FAX, drop={"page": 2, "after_s": 1.0, "times": 1})
    house.start_all()
    fax = queued_number(house.mail(letter(text=FORM_FEEDS)))
    let_it_try(house, fax)
    delivery = house.delivery(fax)
    assert (delivery.state, delivery.pages_confirmed) == (DeliveryState.SENT, 3)
    first, second = delivery.attempts
    assert (first.first_page, second.first_page) == (1, 2)
    assert [page.n for page in second.pages] == [2, 3]
    confirmed = [record["page"] for record in house.ledger("mcf")]
    assert confirmed == [1, 1, 2], "page 1 once in the first call; the second call's pages are 2 and 3"


def test_a_simulator_number_ends_with_its_status_and_no_call(house: House) -> None:
    house.start_all()
    good = queued_number(house.mail(letter("00999-9999-0000")))
    bad = queued_number(house.mail(letter("00999-9999-6017")))
    assert house.delivery(good).state is DeliveryState.SENT
    assert house.delivery(bad).state is DeliveryState.FAILED
    assert "6017" in house.read_mail(house.box(settings.SENDER, 2)[-1]) + house.read_mail(
        house.box(settings.SENDER, 2)[0]
    )
    assert not list(house.ledger("call"))
