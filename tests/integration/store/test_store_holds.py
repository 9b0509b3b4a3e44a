"""Windows, caps, approval and the kill switch at the queue, on both databases."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from store_fixtures import NOON, Call, House

from gateway.domain import header
from gateway.domain.caps import Caps, NumberCaps
from gateway.domain.costs import Prices, Tariff
from gateway.domain.dialling import Rules
from gateway.domain.errors import Refused
from gateway.domain.outcome import Cause
from gateway.domain.states import DeliveryState, FaxState
from gateway.store import events, faxes, queue, release, switches
from gateway.store.models import Attempt

if TYPE_CHECKING:
    from collections.abc import Callable

    from gateway.store.leases import Lease

TOKYO, OSAKA, KYOTO = "0081312345678", "0081661234567", "0081751234567"


def claim(house: House, rules: Rules, line: str = "usb0") -> Lease | None:
    lease: Lease | None = house.run(
        queue.claim, queue.LineTraits(line), f"host/{line}/1", house.now, rules=rules
    )
    return lease


def called(house: House, rules: Rules, pages: int = 1) -> int:
    """Claim and send what is due; return its number."""
    lease = claim(house, rules)
    assert lease is not None
    call = Call(house, lease)
    call.dial()
    call.connect()
    for n in range(1, pages + 1):
        call.page(n)
    assert call.finish() is DeliveryState.SENT
    return lease.number


def held(house: House, number: int) -> tuple[str, datetime]:
    delivery = house.delivery(number)
    assert delivery.state is DeliveryState.HELD
    return delivery.held_for, delivery.due_at


def news(house: House, number: int) -> list[dict[str, Any]]:
    return [e.data for e in house.store.read(events.since, 0, number=number) if e.kind == "delivery.held"]


# -- windows


def test_a_fax_drawn_outside_the_window_is_held_until_it_opens(make_house: Callable[..., House]) -> None:
    house = make_house(timezone="Asia/Tokyo", calling_window="08:00-20:00")  # noon UTC is 21:00 there
    (number,) = house.ready()
    morning = NOON + timedelta(hours=11)
    assert held(house, number) == ("window", morning)
    assert house.store.read(queue.next_due) == morning
    house.later(hours=10, minutes=59)
    assert house.claim() is None
    house.later(minutes=1)
    lease = house.claim()
    assert lease is not None
    assert house.delivery(number).held_for == ""
    assert [one["reason"] for one in news(house, number)] == ["window"]


def test_a_retry_that_falls_out_of_the_window_waits_for_the_next(make_house: Callable[..., House]) -> None:
    house = make_house(calling_window="Sat 08:00-12:05")  # noon is a Saturday's
    (number,) = house.ready()
    lease = house.claim()
    assert lease is not None
    call = Call(house, lease)
    call.dial()
    assert call.finish(Cause.BUSY) is DeliveryState.WAITING_RETRY
    house.later(minutes=10)
    assert house.claim() is None
    assert held(house, number) == ("window", NOON.replace(hour=8) + timedelta(days=7))
    house.now = NOON.replace(hour=8) + timedelta(days=7)
    again = house.claim()
    assert again is not None
    assert (again.number, again.dials) == (number, 1)


def test_a_deferred_fax_due_at_night_waits_for_the_morning(make_house: Callable[..., House]) -> None:
    house = make_house(calling_window="08:00-20:00")
    (number,) = house.accept(TOKYO)
    house.draw(due_at=NOON.replace(hour=22))
    assert held(house, number) == ("window", NOON.replace(hour=8) + timedelta(days=1))


def test_a_held_fax_can_be_cancelled(make_house: Callable[..., House]) -> None:
    house = make_house(calling_window="13:00-14:00")
    (number,) = house.ready()
    assert house.run(queue.request_cancel, number, house.now, new_id=house.new_id) is DeliveryState.CANCELLED
    house.later(hours=1)
    assert house.claim() is None


# -- caps


def test_an_account_calls_so_often_an_hour_and_no_more(make_house: Callable[..., House]) -> None:
    house = make_house(caps={"calls_per_hour": 2})
    first, second, third = (house.ready(n, pages=1)[0] for n in (TOKYO, OSAKA, KYOTO))
    assert called(house, Rules()) == first
    house.later(minutes=20)
    assert called(house, Rules()) == second
    assert house.claim() is None
    assert held(house, third) == ("account-cap", NOON + timedelta(hours=1))
    assert news(house, third)[0]["detail"] == "calls_per_hour"
    house.later(minutes=40)
    assert called(house, Rules()) == third


def test_a_call_that_is_claimed_and_not_dialled_counts(make_house: Callable[..., House]) -> None:
    house = make_house(caps={"calls_per_hour": 1})
    house.ready(TOKYO)
    (other,) = house.ready(OSAKA)
    assert house.claim("usb0") is not None
    assert house.claim("usb1") is None
    assert held(house, other) == ("account-cap", NOON + timedelta(minutes=1))


def test_pages_are_capped_by_what_calls_set_out_to_send(make_house: Callable[..., House]) -> None:
    house = make_house(caps={"pages_per_day": 5})
    house.ready(TOKYO, pages=4)
    called(house, Rules(), pages=4)
    house.ready(OSAKA, pages=9)  # one page is left, so it goes: else it would wait for ever
    called(house, Rules(), pages=9)
    (third,) = house.ready(KYOTO, pages=1)
    assert house.claim() is None
    assert held(house, third) == ("account-cap", NOON + timedelta(days=1))


def test_a_cap_of_nothing_stops_the_account(make_house: Callable[..., House]) -> None:
    house = make_house(caps={"calls_per_day": 0})
    (number,) = house.ready()
    assert house.claim() is None
    assert held(house, number)[0] == "account-cap"


def test_the_sites_caps_hold_for_accounts_without_their_own(make_house: Callable[..., House]) -> None:
    house = make_house()
    house.account(name="other", country="81", senders=["bob@other.example"], caps={"calls_per_hour": 9})
    rules = Rules(caps=Caps(calls_per_hour=1))
    house.ready(TOKYO, pages=1)
    called(house, rules)
    (mine,) = house.ready(OSAKA)
    (theirs,) = house.ready(KYOTO, sender="bob@other.example")
    lease = claim(house, rules)
    assert lease is not None
    assert lease.number == theirs
    assert held(house, mine)[0] == "account-cap"


def test_a_number_is_called_so_often_an_hour_whoever_calls(house: House) -> None:
    rules = Rules(number=NumberCaps(calls_per_hour=1))
    house.ready(TOKYO, pages=1)
    called(house, rules)
    again, elsewhere = house.ready(TOKYO)[0], house.ready(OSAKA)[0]
    lease = claim(house, rules)
    assert lease is not None
    assert lease.number == elsewhere
    assert held(house, again) == ("number-cap", NOON + timedelta(hours=1))


def test_a_number_with_several_lines_may_be_called_by_as_many(house: House) -> None:
    rules = Rules(number=NumberCaps(at_once=2))
    for _ in range(3):
        house.ready(TOKYO)
    leases = [claim(house, rules, line) for line in ("usb0", "usb1", "usb2")]
    assert [lease is not None for lease in leases] == [True, True, False]


def test_a_list_of_an_account_that_may_not_call_holds_up_nobody_else(
    make_house: Callable[..., House],
) -> None:
    house = make_house(calling_window="00:00-24:00", caps={"calls_per_day": 0})
    house.account(name="other", country="81", senders=["bob@other.example"])
    listed = [f"00813123{n:05}" for n in range(queue.LOOKS + 5)]
    numbers = house.ready(*listed)
    (free,) = house.ready(OSAKA, sender="bob@other.example")
    lease = house.claim()
    assert lease is not None
    assert lease.number == free
    states = [house.delivery(number).state for number in numbers]
    assert states.count(DeliveryState.HELD) == queue.HOLDS  # the rest is looked at by later claims


def test_a_number_that_costs_nothing_is_found_behind_many_that_do(make_house: Callable[..., House]) -> None:
    house = make_house(caps={"cost_per_day": 0})
    rules = Rules(prices=Prices((("", Tariff(10, 3)), ("008166", Tariff())), "JPY"))
    *_, free = house.ready(*(f"00813123{n:05}" for n in range(queue.HOLDS + 5)), OSAKA)
    lease = claim(house, rules)
    assert lease is not None
    assert lease.number == free


def test_what_a_call_is_for_stands_in_its_row(house: House) -> None:
    (number,) = house.ready(TOKYO, pages=3)
    house.call(["confirmed", "sending"]).finish(Cause.CALL_DROPPED)
    house.later(minutes=1)
    house.call()
    first, second = house.delivery(number).attempts
    assert (first.account_id, first.destination, first.to_send) == (1, TOKYO, 3)
    assert second.to_send == 2


# -- approval


@pytest.mark.parametrize(
    ("approval", "numbers", "pages", "waits"),
    [
        ({"pages": 4}, (TOKYO, OSAKA), 2, False),
        ({"pages": 4}, (TOKYO, OSAKA), 3, True),
        ({"numbers": 1}, (TOKYO,), 50, False),
        ({"numbers": 1}, (TOKYO, OSAKA), 1, True),
        ({}, (TOKYO, OSAKA), 100, False),
    ],
)
def test_a_fax_above_the_accounts_threshold_waits_for_a_person(
    make_house: Callable[..., House],
    approval: dict[str, int],
    numbers: tuple[str, ...],
    pages: int,
    waits: bool,
) -> None:
    house = make_house(approval=approval)
    (number, *_) = house.ready(*numbers, pages=pages)
    assert (house.delivery(number).fax.state is FaxState.AWAITING_APPROVAL) is waits
    assert (house.claim() is None) is waits


def test_test_numbers_need_no_approval(make_house: Callable[..., House]) -> None:
    house = make_house(approval={"numbers": 0})
    (number,) = house.accept(recipients=[faxes.Recipient("009999999" + "0000", simulated_status=0)])
    house.draw()
    assert house.delivery(number).state is DeliveryState.SENT


def test_an_approved_fax_keeps_the_time_it_was_deferred_to(make_house: Callable[..., House]) -> None:
    house = make_house(approval={"numbers": 0})
    (number,) = house.accept(TOKYO)
    house.draw(due_at=NOON + timedelta(hours=3), contacts={TOKYO: "Tanaka"})
    house.later(hours=1)
    house.run(release.approve, number, house.now, actor="ops", new_id=house.new_id)
    delivery = house.delivery(number)
    assert (delivery.due_at, delivery.contact) == (NOON + timedelta(hours=3), "Tanaka")
    assert house.kinds(number)[-3:] == ["fax.awaiting_approval", "fax.approved", "delivery.queued"]


def test_a_fax_sent_back_is_cancelled_and_told(make_house: Callable[..., House]) -> None:
    house = make_house(approval={"numbers": 0})
    (number,) = house.ready()
    house.run(release.send_back, number, house.now, actor="ops", new_id=house.new_id)
    delivery = house.delivery(number)
    assert (delivery.fax.state, delivery.state) == (FaxState.RETURNED, DeliveryState.CANCELLED)
    assert delivery.cause_detail == "It was not approved."
    with pytest.raises(Refused):
        house.run(release.approve, number, house.now, actor="ops", new_id=house.new_id)


# -- the kill switch


def test_while_dialling_is_paused_nothing_is_claimed_or_due(house: House) -> None:
    house.ready()
    assert claim(house, Rules(paused=True)) is None
    house.run(switches.pause, house.now, actor="ops", reason="fraud")
    assert house.claim() is None
    assert house.store.read(queue.next_due) is None
    assert house.run(switches.resume, house.now, actor="ops")
    assert not house.run(switches.resume, house.now, actor="ops")
    assert house.claim() is not None
    assert house.kinds()[-2:] == ["dialling.paused", "dialling.resumed"]


# -- what the lease says


@pytest.mark.parametrize(
    ("account", "own", "template"),
    [
        ({}, {}, header.DEFAULT),
        ({"header": ""}, {}, ""),
        ({"header": "{From}"}, {}, "{From}"),
        ({"header": "{From}"}, {"header": None}, "{From}"),
        ({"header": "{From}"}, {"header": ""}, ""),
        ({"header": "{From}"}, {"header": "P.{Page}"}, "P.{Page}"),
    ],
)
def test_the_header_line_is_the_faxs_own_or_the_accounts(
    make_house: Callable[..., House], account: dict[str, str], own: dict[str, str | None], template: str
) -> None:
    house = make_house(**account)
    house.accept(TOKYO)
    house.draw(options=own)
    lease = house.claim()
    assert lease is not None
    assert lease.options["header"] == template


def test_the_lease_says_whether_the_account_may_call_abroad(make_house: Callable[..., House]) -> None:
    house = make_house(international=True)
    house.ready()
    lease = house.claim()
    assert lease is not None
    assert lease.international


def test_old_calls_are_counted_after_the_upgrade(house: House) -> None:
    house.ready(pages=1)
    house.call(["confirmed"]).finish()
    with house.store.reading() as session:
        attempt = session.get_one(Attempt, 1)
        assert (attempt.account_id, attempt.destination) == (1, TOKYO)
