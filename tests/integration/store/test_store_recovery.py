"""The crash table of durability.md section 4, rows 4 to 9, on both databases."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, select
from store_fixtures import Call, House

from gateway.domain.errors import LostLease
from gateway.domain.outcome import Cause
from gateway.domain.states import DeliveryState, FaxState
from gateway.store import faxes, queue
from gateway.store.models import Outbox

if TYPE_CHECKING:
    from collections.abc import Callable

DEAD = "host/usb0/"


def mails(house: House) -> int:
    with house.store.reading() as session:
        return session.scalar(select(func.count()).select_from(Outbox)) or 0


def test_a_live_lease_is_left_alone(house: House) -> None:
    house.ready()
    house.call(["sending"])
    house.later(seconds=60)
    assert house.recover() == []
    assert house.recover("host/usb1/") == []


def test_a_restarted_worker_recovers_its_own_calls_without_waiting(house: House) -> None:
    (number,) = house.ready()
    house.call(["sending"])
    (found,) = house.recover(DEAD)
    assert (found.number, found.worker) == (number, "host/usb0/1")
    assert house.recover(DEAD) == []


def test_an_underscore_in_a_workers_name_is_no_wildcard(house: House) -> None:
    house.ready()
    house.claim(worker="host/a-b/1")
    assert house.recover("host/a_b/") == []


def test_row_4_claimed_but_not_dialled_is_called_again_and_used_no_dial(house: House) -> None:
    (number,) = house.ready()
    lease = house.claim()
    assert lease is not None
    Call(house, lease)
    (found,) = house.recover(DEAD)
    assert (found.row, found.state) == (4, DeliveryState.QUEUED)
    delivery = house.delivery(number)
    assert (delivery.dials, delivery.due_at) == (0, house.now)
    assert delivery.attempts[0].ended_at == house.now
    assert house.claim() is not None


def test_row_4_holds_even_when_no_attempt_was_written(house: House) -> None:
    house.ready()
    house.claim()
    (found,) = house.recover(DEAD)
    assert (found.row, found.state) == (4, DeliveryState.QUEUED)


def test_row_5_dialled_counts_as_a_dial_and_is_called_again(house: House) -> None:
    (number,) = house.ready()
    lease = house.claim()
    assert lease is not None
    Call(house, lease).dial()
    (found,) = house.recover(DEAD)
    assert (found.row, found.state) == (5, DeliveryState.WAITING_RETRY)
    delivery = house.delivery(number)
    assert (delivery.dials, delivery.cause) == (1, Cause.INTERNAL)
    assert delivery.due_at == house.now + timedelta(minutes=1)


def test_row_5_cannot_dial_for_ever(make_house: Callable[..., House]) -> None:
    house = make_house(retries={"dials": 2})
    (number,) = house.ready()
    states = []
    for _ in range(2):
        lease = house.claim()
        assert lease is not None
        Call(house, lease).dial()
        states.append(house.recover(DEAD)[0].state)
        house.later(minutes=1)
    assert states == [DeliveryState.WAITING_RETRY, DeliveryState.FAILED]
    assert house.delivery(number).cause is Cause.INTERNAL
    assert mails(house) == 1


@pytest.mark.parametrize("rule", ["resend_from_page", "ask", "never"])
def test_row_6_resumes_at_the_page_that_was_going(make_house: Callable[..., House], rule: str) -> None:
    house = make_house(uncertain=rule)
    house.ready(pages=3)
    house.call(["confirmed", "sending"])
    (found,) = house.recover(DEAD)
    assert (found.row, found.state) == (6, DeliveryState.WAITING_RETRY)
    house.later(minutes=1)
    lease = house.claim()
    assert lease is not None
    assert lease.first_page == 2


def test_row_6_holds_between_the_connection_and_the_first_page(house: House) -> None:
    house.ready()
    house.call()
    assert house.recover(DEAD)[0].row == 6


@pytest.mark.parametrize(
    ("rule", "state", "told"),
    [
        ("resend_from_page", DeliveryState.WAITING_RETRY, 0),
        ("ask", DeliveryState.UNCERTAIN, 1),
        ("never", DeliveryState.UNCERTAIN, 1),
    ],
)
def test_row_7_follows_the_accounts_rule(
    make_house: Callable[..., House], rule: str, state: DeliveryState, told: int
) -> None:
    house = make_house(uncertain=rule)
    (number,) = house.ready(pages=3)
    house.call(["confirmed", "awaiting"])
    (found,) = house.recover(DEAD)
    assert (found.row, found.state) == (7, state)
    assert mails(house) == told
    house.later(hours=1)
    lease = house.claim()
    if state is DeliveryState.UNCERTAIN:
        assert lease is None
        assert house.delivery(number).cause is Cause.UNCERTAIN
        assert "page 2" in house.delivery(number).cause_detail
        assert house.kinds(number)[-1] == "delivery.uncertain"
    else:
        assert lease is not None
        assert lease.first_page == 2


def test_row_7_with_no_dial_left_is_reported_as_uncertain(make_house: Callable[..., House]) -> None:
    house = make_house(retries={"dials": 1})
    (number,) = house.ready()
    house.call(["awaiting"])
    assert house.recover(DEAD)[0].state is DeliveryState.UNCERTAIN
    assert house.delivery(number).cause is Cause.UNCERTAIN


def test_row_9_all_pages_confirmed_is_sent_and_never_called_again(house: House) -> None:
    (number,) = house.ready()
    house.call(["confirmed", "confirmed"])
    (found,) = house.recover(DEAD)
    assert (found.row, found.state) == (9, DeliveryState.SENT)
    house.later(days=2)
    assert house.claim() is None
    assert house.delivery(number).dials == 1
    assert mails(house) == 1


def test_pages_confirmed_over_several_crashes_add_up_to_sent(house: House) -> None:
    (number,) = house.ready(pages=3)
    for _ in range(3):
        house.call(["confirmed"])
        house.recover(DEAD)
        house.later(minutes=1)
    delivery = house.delivery(number)
    assert (delivery.state, delivery.dials) == (DeliveryState.SENT, 3)
    assert [attempt.first_page for attempt in delivery.attempts] == [1, 2, 3]


@pytest.mark.parametrize("dialled", [False, True])
def test_a_cancelling_that_was_asked_for_before_the_crash_is_done(house: House, dialled: bool) -> None:
    (number,) = house.ready()
    lease = house.claim()
    assert lease is not None
    call = Call(house, lease)
    if dialled:
        call.dial()
    house.run(queue.request_cancel, number, house.now, new_id=house.new_id)
    assert house.recover(DEAD)[0].state is DeliveryState.CANCELLED
    assert house.claim() is None


def test_a_frozen_worker_that_wakes_finds_its_lease_gone(house: House) -> None:
    house.ready()
    call = house.call(["sending"])
    house.later(seconds=120)
    house.recover()
    house.later(minutes=1)
    new = house.call(["confirmed"])
    with pytest.raises(LostLease):
        house.run(queue.page_awaiting, call.lease, call.attempt, 1, house.now)
    new.page(2)
    assert new.finish() is DeliveryState.SENT


def test_a_drawing_whose_drawer_died_is_drawn_by_the_next(house: House) -> None:
    house.accept("0081312345678")
    first = house.run(faxes.claim_fax, "drawer/1", house.now, timedelta(seconds=60))
    assert house.run(faxes.claim_fax, "drawer/2", house.now, timedelta(seconds=60)) is None
    house.later(seconds=61)
    second = house.run(faxes.claim_fax, "drawer/2", house.now, timedelta(seconds=60))
    assert (second.fax_id, second.epoch) == (first.fax_id, first.epoch + 1)
    drawn = faxes.Drawn({}, 1)
    with pytest.raises(LostLease):
        house.run(faxes.rendered, first, drawn, house.now, new_id=house.new_id)
    house.run(faxes.rendered, second, drawn, house.now, new_id=house.new_id)
    assert house.store.read(faxes.get_fax, first.fax_id).state is FaxState.READY
