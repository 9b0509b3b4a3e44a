"""Spending: what calls cost, the cap that holds faxes, and what becomes of those that waited too long."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import event
from store_fixtures import NOON, Call, House

from gateway.domain.alarms import Thresholds
from gateway.domain.caps import Caps
from gateway.domain.costs import Prices, Tariff
from gateway.domain.dialling import Rules
from gateway.domain.outcome import Cause
from gateway.domain.states import DeliveryState
from gateway.store import alarms, company, queue, spending
from gateway.store.models import Account, Attempt, Outbox

if TYPE_CHECKING:
    from collections.abc import Callable

    from gateway.store.leases import Lease

TOKYO, OSAKA, ABROAD = "0081312345678", "0081661234567", "0012025550123"
PRICES = Prices((("0081", Tariff(10, 3)), ("008166", Tariff()), ("", Tariff(0, 100))), "JPY")
RULES = Rules(prices=PRICES)


def claim(house: House, rules: Rules = RULES) -> Lease | None:
    lease: Lease | None = house.run(
        queue.claim, queue.LineTraits("usb0"), "host/usb0/1", house.now, rules=rules
    )
    return lease


def calling(house: House, rules: Rules = RULES) -> Call:
    lease = claim(house, rules)
    assert lease is not None, "nothing is due"
    call = Call(house, lease)
    call.dial()
    return call


def called(house: House, rules: Rules = RULES, seconds: float = 61.0) -> None:
    """Send what is due in a call of so many seconds."""
    call = calling(house, rules)
    call.connect()
    for n in call.lease.left:
        call.page(n)
    assert call.finish(line_seconds=seconds) is DeliveryState.SENT


def costs(house: House) -> list[float]:
    with house.store.reading() as session:
        return [attempt.cost for attempt in session.query(Attempt).order_by(Attempt.id)]


def capped(**caps: float) -> Rules:
    return replace(RULES, caps=Caps(**caps))


def test_a_call_costs_what_the_list_says_and_an_unanswered_one_nothing(house: House) -> None:
    house.ready(TOKYO)
    called(house, seconds=61.0)
    house.ready(ABROAD)
    called(house, seconds=30.0)
    house.ready(TOKYO)
    calling(house).finish(Cause.BUSY, line_seconds=20.0)
    assert costs(house) == [16.0, 100.0, 0.0]


def test_a_call_that_stands_counts_as_it_is_taken_to_cost_and_so_does_one_a_crash_ended(house: House) -> None:
    house.ready(TOKYO, pages=3)
    calling(house).connect()
    expected = [PRICES.of(TOKYO).estimate(3)]
    assert costs(house) == expected
    house.later(hours=1)
    house.recover("host/usb0/1")
    assert costs(house) == expected


def test_several_faxes_in_a_call_pay_the_call_once(house: House) -> None:
    house.ready(TOKYO, pages=1)
    house.ready(TOKYO, pages=1)
    lease = claim(house)
    assert lease is not None
    (second,) = house.run(company.claim, lease, house.now, rules=RULES)
    calls = [Call(house, lease)]
    calls.append(Call(house, second, call=calls[0].attempt))
    for call in calls:
        call.dial()
        call.connect()
        call.page(1)
    for call in calls:
        call.finish(line_seconds=30.0)
    assert costs(house) == [13.0, 1.5]


def test_a_cap_that_is_reached_holds_the_next_fax_for_credit_until_the_money_is_old(house: House) -> None:
    rules = capped(cost_per_day=16)
    house.ready(TOKYO)
    called(house, rules)
    (number,) = house.ready(TOKYO)
    assert claim(house, rules) is None
    delivery = house.delivery(number)
    assert (delivery.state, delivery.held_for) == (DeliveryState.HELD, "credit")
    assert (delivery.held_since, delivery.due_at) == (NOON, NOON + timedelta(days=1))
    house.later(days=1, seconds=1)
    lease = claim(house, rules)
    assert lease is not None
    assert house.delivery(number).held_since is None


@pytest.mark.parametrize(("cap", "goes"), [(16.0, False), (16.01, True)])
def test_below_the_cap_a_fax_goes_and_at_it_none(house: House, cap: float, *, goes: bool) -> None:
    house.ready(TOKYO)
    called(house, capped(cost_per_month=cap))
    house.ready(TOKYO)
    assert (claim(house, capped(cost_per_month=cap)) is not None) is goes


def test_what_an_account_may_spend_goes_before_what_all_may_and_free_numbers_always_go(
    make_house: Callable[..., House],
) -> None:
    house = make_house(caps={"cost_per_month": 10})
    house.ready(TOKYO)
    called(house, capped(cost_per_month=1000))
    house.ready(TOKYO)
    house.ready(OSAKA)
    lease = claim(house, capped(cost_per_month=1000))
    assert lease is not None
    assert lease.destination == OSAKA


def test_money_that_a_claimed_call_will_cost_is_spent_for_the_next_claim(house: House) -> None:
    rules = capped(cost_per_day=10)
    house.ready(TOKYO)
    house.ready("0081312345679")
    assert claim(house, rules) is not None
    assert claim(house, rules) is None


def test_an_account_without_credit_is_counted_once_a_claim_however_many_faxes_wait(house: House) -> None:
    house.ready(TOKYO)
    called(house, capped(cost_per_month=1))
    numbers = house.ready(*(f"008131234{n:04}" for n in range(30)))
    counted: list[str] = []

    def look(_c: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        counted.extend(["sum"] if "sum(attempt.cost)" in statement else [])

    event.listen(house.store.engine, "before_cursor_execute", look)
    assert claim(house, capped(cost_per_month=1)) is None
    assert len(counted) == 1
    assert {house.delivery(number).held_for for number in numbers} == {"credit"}


def held_fax(house: House, **settings: Any) -> int:
    """Leave a fax held for credit, its account's money spent at noon."""
    house.ready(TOKYO)
    called(house, capped(cost_per_month=1))
    (number,) = house.ready(TOKYO, **settings)
    assert claim(house, capped(cost_per_month=1)) is None
    return number


def test_a_fax_that_waited_a_day_for_credit_fails_and_its_sender_is_told(house: House) -> None:
    number = held_fax(house)
    house.later(hours=23, minutes=59)
    assert house.run(spending.give_up, house.now, new_id=house.new_id) == []
    house.later(minutes=1)
    assert house.run(spending.give_up, house.now, new_id=house.new_id) == [number]
    delivery = house.delivery(number)
    assert (delivery.state, delivery.cause) == (DeliveryState.FAILED, Cause.CREDIT)
    assert delivery.cause_detail == spending.NO_CREDIT
    with house.store.reading() as session:
        owed = session.query(Outbox).filter(Outbox.delivery_number == number).all()
        assert [(row.kind, row.recipient) for row in owed] == [("result", "alice@acme.example")]
    assert house.run(spending.give_up, house.now, new_id=house.new_id) == []


def test_looking_again_does_not_begin_the_day_anew(house: House) -> None:
    number = held_fax(house)
    assert house.delivery(number).due_at == NOON + timedelta(hours=24)  # though the money is old in a month
    house.later(hours=24)
    assert claim(house, capped(cost_per_month=1)) is None
    delivery = house.delivery(number)
    assert (delivery.held_since, delivery.due_at) == (NOON, house.now + timedelta(minutes=1))


def test_the_operator_is_told_once_a_day_that_an_account_has_spent_what_it_may(house: House) -> None:
    held_fax(house)

    def look() -> list[str]:
        quiet = Thresholds(new_country=False, night_calls=0)
        found = house.run(alarms.look, quiet, house.now, operators=["ops@x.example"], new_id=house.new_id)
        return [alarm.kind for alarm in found]

    house.later(hours=2)
    assert look() == ["credit"]
    assert look() == []


def test_accounts_that_anybody_could_spend_for_are_named(house: House) -> None:
    house.account(name="classic", senders=[], sender_evidence="envelope")
    house.account(name="guarded", senders=[], sender_evidence="envelope", caps={"cost_per_day": 5})

    def unguarded(rules: Rules) -> dict[str, str]:
        return dict(house.store.read(lambda session: list(spending.unguarded(session, rules))))

    assert list(unguarded(RULES)) == ["classic"]
    assert "anybody can send in its name" in unguarded(RULES)["classic"]
    assert "no price list" in unguarded(Rules())["guarded"]
    assert unguarded(capped(cost_per_month=5)) == {}
    with house.store.reading() as session:
        assert session.query(Account).count() == 3
