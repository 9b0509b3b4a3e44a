"""All numbers of a fax at once: no more statements for hundreds than for three, and none moved twice."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import event
from store_fixtures import MASTER, NOON

from gateway.domain.outcome import Cause
from gateway.domain.states import DeliveryState
from gateway.store import events, faxes, queue, release, together

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from store_fixtures import House

    Step = Callable[[House, list[int]], None]


def refuse(house: House, _: list[int]) -> None:
    lease = house.run(faxes.claim_fax, "drawer/1", house.now, timedelta(seconds=60))
    house.run(faxes.refuse, lease, Cause.UNREADABLE_DOCUMENT, "no", house.now, new_id=house.new_id)


def draw(house: House, _: list[int]) -> None:
    house.draw(contacts={"0081300000001": "Anna"}, due_at=house.now, max_dials=2)


def approve(house: House, numbers: list[int]) -> None:
    house.draw()
    house.run(release.approve, numbers[0], house.now, actor="olga", new_id=house.new_id)


def send_back(house: House, numbers: list[int]) -> None:
    house.draw()
    house.run(release.send_back, numbers[0], house.now, actor="olga", new_id=house.new_id)


@contextmanager
def counted(house: House) -> Iterator[list[str]]:
    """Gather the statements that reach the database."""
    seen: list[str] = []

    def note(_c: Any, _cursor: Any, statement: str, *_: Any) -> None:
        seen.append(statement)

    event.listen(house.store.engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(house.store.engine, "before_cursor_execute", note)


def a_list(house: House, count: int, **recipient: Any) -> list[int]:
    numbers = (f"00813{n:08d}" for n in range(count))
    return house.accept(recipients=[faxes.Recipient(n, **recipient) for n in numbers], batch="all")


CASES: list[tuple[Step, dict[str, Any], dict[str, Any]]] = [
    (draw, {}, {}),
    (draw, {"calling_window": "18:00-20:00"}, {}),
    (draw, {}, {"simulated_status": 0}),
    (draw, {}, {"simulated_status": 6017}),
    (refuse, {}, {}),
    (approve, {"approval": {"numbers": 2}}, {}),
    (send_back, {"approval": {"numbers": 2}}, {}),
]
NAMES = ["released", "held", "simulated", "simulated-failure", "refused", "approved", "returned"]


@pytest.mark.parametrize(("step", "account", "recipient"), CASES, ids=NAMES)
def test_a_long_list_takes_no_more_statements_than_a_short_one(
    make_house: Callable[..., House], step: Step, account: dict[str, Any], recipient: dict[str, Any]
) -> None:
    house = make_house(**account)
    needed = []
    for count in (3, 300):
        with counted(house) as statements:
            step(house, a_list(house, count, **recipient))
        needed.append(len(statements))
    assert needed[0] == needed[1]


def test_every_number_of_a_list_gets_the_event_it_would_have_got_alone(house: House) -> None:
    alone = house.ready("0081300000009")
    numbers = a_list(house, 3)
    house.draw(2)

    def told(number: int) -> list[dict[str, Any]]:
        rows = house.store.read(events.since, 0, number=number, kinds=["delivery.queued"])
        return [{**row.data, "at": row.at, "account": row.account_id} for row in rows]

    (one,) = told(alone[0])
    assert one["due_at"] == NOON.isoformat()
    for number in numbers:
        assert told(number) == [one | {"destination": house.delivery(number).destination}]
    ids = [row.number for row in house.store.read(events.since, 0, kinds=["delivery.queued"])]
    assert ids == [*alone, *numbers]


def test_a_number_that_was_cancelled_before_stays_so_and_is_told_once(
    make_house: Callable[..., House],
) -> None:
    house = make_house(approval={"numbers": 1})
    numbers = a_list(house, 3)
    house.run(queue.request_cancel, numbers[1], house.now, new_id=house.new_id)
    send_back(house, numbers)
    assert [house.delivery(n).state for n in numbers] == [DeliveryState.CANCELLED] * 3
    assert [house.kinds(n).count("delivery.cancelled") for n in numbers] == [1, 1, 1]
    again = a_list(house, 3)
    house.run(queue.request_cancel, again[0], house.now, new_id=house.new_id)
    approve(house, again)
    assert [house.delivery(n).state.value for n in again] == ["cancelled", "queued", "queued"]
    assert ["delivery.queued" in house.kinds(n) for n in again] == [False, True, True]


def test_objects_of_the_same_transaction_show_what_was_moved(house: House) -> None:
    a_list(house, 3)
    lease = house.run(faxes.claim_fax, "drawer/1", house.now, timedelta(seconds=60))

    def look(session: Any) -> set[DeliveryState]:
        fax = session.get_one(faxes.Fax, lease.fax_id)
        assert {delivery.state for delivery in fax.deliveries} == {DeliveryState.CREATED}
        faxes.rendered(session, lease, faxes.Drawn({"fine": MASTER}, 1), house.now, new_id=house.new_id)
        assert together.first(session, fax.id) == fax.deliveries[0].number
        return {delivery.state for delivery in fax.deliveries}

    assert house.run(look) == {DeliveryState.QUEUED}
