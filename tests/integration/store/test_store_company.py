"""Which deliveries share a call, on both databases: claimed together, each under its own lease."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import func, select
from store_fixtures import Call, Cluster, House

from gateway.domain.caps import Caps, NumberCaps
from gateway.domain.dialling import Rules
from gateway.domain.errors import LostLease
from gateway.domain.outcome import Cause
from gateway.domain.states import DeliveryState
from gateway.store import company, queue
from gateway.store.faxes import Recipient

if TYPE_CHECKING:
    from gateway.store.leases import Lease

TOKYO, OSAKA = "0081312345678", "0081661234567"
BOB = {"name": "bob", "country": "81", "senders": ["bob@bob.example"]}


def led(house: House) -> Lease:
    """Claim the delivery that makes the call."""
    lease = house.claim()
    assert lease is not None
    return lease


def joining(house: House, lease: Lease, **named: Any) -> list[int]:
    return [one.number for one in house.run(company.claim, lease, house.now, **named)]


def test_what_is_due_for_the_number_goes_along_under_leases_of_its_own(house: House) -> None:
    numbers = [house.ready(TOKYO)[0] for _ in range(3)]
    lead = led(house)
    others = house.run(company.claim, lead, house.now)
    assert [lead.number, *(lease.number for lease in others)] == numbers
    assert {(lease.worker, lease.epoch) for lease in others} == {(lead.worker, 1)}
    assert [house.delivery(number).state for number in numbers] == [DeliveryState.CLAIMED] * 3
    assert house.claim("usb1") is None


def test_the_most_urgent_goes_first(house: House) -> None:
    numbers = [house.ready(TOKYO)[0] for _ in range(3)]

    def urgent(session: Any) -> None:
        for number, priority in zip(numbers, (9, 0, 5), strict=True):
            session.get_one(queue.Delivery, number).priority = priority

    house.run(urgent)
    assert joining(house, led(house)) == [numbers[2], numbers[1]]


def test_other_numbers_sub_addresses_accounts_and_times_stay_behind(house: House) -> None:
    house.account(**BOB)
    house.ready(TOKYO)
    house.ready(OSAKA)
    house.ready(recipients=[Recipient(TOKYO, sub="41")])
    house.ready(TOKYO, sender="bob@bob.example")
    (later,) = house.ready(TOKYO)

    def tomorrow(session: Any) -> None:
        session.get_one(queue.Delivery, later).due_at = house.now.replace(day=2)

    house.run(tomorrow)
    assert joining(house, led(house)) == []


def test_a_fax_with_another_identity_of_ours_stays_behind(house: House) -> None:
    """A machine is told once a call who calls."""
    numbers = [house.ready(TOKYO)[0] for _ in range(3)]

    def name(session: Any) -> None:
        for number, csid in zip(numbers, ("81 3 1", "81 3 2", "81 3 1"), strict=True):
            session.get_one(queue.Delivery, number).fax.options = {"csid": csid}

    house.run(name)
    assert joining(house, led(house)) == [numbers[2]]


def test_a_call_holds_only_so_many_pages_and_faxes(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(company, "PAGES", 6)
    numbers = [house.ready(TOKYO, pages=pages)[0] for pages in (2, 3, 2, 1)]
    assert joining(house, led(house)) == [numbers[1], numbers[3]], "the third does not fit any more"


def test_a_call_holds_only_so_many_faxes(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(company, "DELIVERIES", 2)
    numbers = [house.ready(TOKYO)[0] for _ in range(4)]
    assert joining(house, led(house)) == numbers[1:2]


def test_a_fax_resumed_takes_only_the_room_of_what_is_left_of_it(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    (resumed,) = house.ready(TOKYO, pages=5)
    house.call(["confirmed"] * 4).finish(Cause.CALL_DROPPED)
    house.later(minutes=5)
    monkeypatch.setattr(company, "PAGES", 3)
    house.ready(TOKYO, pages=2)
    house.run(lambda session: setattr(session.get_one(queue.Delivery, resumed), "priority", -1))
    lead = led(house)
    (other,) = house.run(company.claim, lead, house.now)
    assert (other.number, other.first_page) == (resumed, 5)


def test_pages_the_machine_could_not_take_go_alone_either_way(house: House) -> None:
    (misfit,) = house.ready(TOKYO)
    house.call().finish(Cause.INCOMPATIBLE)
    (other,) = house.ready(TOKYO)
    first = led(house)
    assert first.number == misfit
    assert joining(house, first) == []
    house.run(queue.release, first, house.now)
    house.run(lambda session: setattr(session.get_one(queue.Delivery, other), "priority", 1))
    second = led(house)
    assert second.number == other
    assert joining(house, second) == []


@pytest.mark.parametrize("rules", [Rules(caps=Caps(calls_per_hour=3)), Rules(number=NumberCaps(2, 3))])
def test_one_call_never_holds_more_than_a_cap_has_left(house: House, rules: Rules) -> None:
    for _ in range(5):
        house.ready(TOKYO)
    assert len(joining(house, led(house), rules=rules)) == 2


def test_nobody_counts_the_calls_of_a_number_while_companions_are_claimed(cluster: Cluster) -> None:
    """On PostgreSQL two transactions would both find the cap free. SQLite has one writer at a time."""
    house = House(cluster.url(cluster.fresh("migrated")))
    house.ready(TOKYO)
    lead = led(house)
    lock = func.pg_try_advisory_xact_lock(func.hashtextextended(f"destination {TOKYO}", 0))
    with house.store.begin() as one, house.store.begin() as other:
        company.claim(one, lead, house.now)
        assert other.scalar(select(lock)) is False
    house.close()


def test_a_cap_that_is_reached_keeps_a_companion_back(house: House) -> None:
    house.ready(TOKYO)
    (other,) = house.ready(TOKYO)
    lead = led(house)
    Call(house, lead).dial()
    capped = Rules(caps=Caps(calls_per_day=1))
    assert joining(house, lead, rules=capped) == []
    assert house.delivery(other).state is DeliveryState.QUEUED


def test_without_the_lease_of_the_call_nobody_may_join_it(house: House) -> None:
    house.ready(TOKYO)
    house.ready(TOKYO)
    lead = led(house)
    with pytest.raises(LostLease):
        house.run(company.claim, replace(lead, epoch=lead.epoch + 1), house.now)
    house.recover("host/usb0/")
    with pytest.raises(LostLease):
        house.run(company.claim, lead, house.now)


def test_a_companion_cancelled_while_it_waited_is_not_claimed(house: House) -> None:
    house.ready(TOKYO)
    (other,) = house.ready(TOKYO)
    lead = led(house)
    house.run(queue.request_cancel, other, house.now, new_id=house.new_id)
    assert joining(house, lead) == []
    assert house.delivery(other).state is DeliveryState.CANCELLED
