"""What became of fetched mails, on both databases: settled once, found again, forgotten in the end."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from gateway.store import pickups
from gateway.store.models import Audit, Outbox, Pickup
from gateway.store.pickups import AlreadySettled, Outcome

if TYPE_CHECKING:
    from store_fixtures import House


def settle(house: House, uid: str, outcome: Outcome = Outcome.TAKEN, **named: Any) -> None:
    house.run(pickups.settle, "box", uid, outcome, house.now, **named)


def rows(house: House) -> list[Pickup]:
    return house.store.read(lambda session: list(session.query(Pickup).order_by(Pickup.id)))


def test_a_mail_is_settled_once_a_mailbox(house: House) -> None:
    settle(house, "a", number=7)
    with pytest.raises(AlreadySettled):
        settle(house, "a", Outcome.REFUSED)
    house.run(pickups.settle, "other", "a", Outcome.REFUSED, house.now, detail="550 5.7.1 no")
    assert [(row.mailbox, row.outcome, row.number) for row in rows(house)] == [
        ("box", "taken", 7),
        ("other", "refused", None),
    ]


def test_of_many_who_settle_one_mail_at_once_one_succeeds(house: House) -> None:
    won, lost = [], []

    def race() -> None:
        try:
            settle(house, "a")
        except AlreadySettled as error:
            lost.append(error)
        else:
            won.append(True)

    threads = [threading.Thread(target=race) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert (len(won), len(lost), len(rows(house))) == (1, 5, 1)


def test_thousands_of_names_are_looked_up_in_portions(house: House) -> None:
    for n in (0, 499, 500, 1200):
        settle(house, f"u{n}")
    found = house.store.read(pickups.settled, "box", [f"u{n}" for n in range(1500)])
    assert found == dict.fromkeys(("u0", "u499", "u500", "u1200"), Outcome.TAKEN)


def test_the_first_look_settles_what_lies_there_and_only_the_first(house: House) -> None:
    assert house.run(pickups.first_look, "box", "7", ["7/1", "7/2"], house.now)
    assert not house.run(pickups.first_look, "box", "7", ["7/1", "7/2", "7/3"], house.now)
    assert house.run(pickups.first_look, "box", "8", ["8/1"], house.now)
    assert [row.uid for row in rows(house)] == ["7/", "7/1", "7/2", "8/", "8/1"]
    assert {row.outcome for row in rows(house)} == {"left"}


def test_rows_are_forgotten_a_month_after_their_mail_is_gone(house: House) -> None:
    house.run(pickups.first_look, "box", "", ["there", "gone"], house.now)
    house.run(pickups.settle, "other", "gone", Outcome.TAKEN, house.now)
    house.later(days=30)
    assert house.run(pickups.forget, "box", {"there"}, house.now) == 0
    house.later(seconds=1)
    assert house.run(pickups.forget, "box", {"there"}, house.now) == 1
    assert [(row.mailbox, row.uid) for row in rows(house)] == [
        ("box", "/"),
        ("box", "there"),
        ("other", "gone"),
    ]


def test_an_alarm_is_told_to_each_operator_once_a_day_and_mailbox(house: House) -> None:
    def alarm(mailbox: str = "box") -> bool:
        told: bool = house.run(
            pickups.alarm,
            mailbox,
            "it does not answer",
            house.now,
            operators=("a@x.example", "b@x.example"),
            new_id=house.new_id,
        )
        return told

    assert (alarm(), alarm(), alarm("other")) == (True, False, True)
    house.now += timedelta(hours=24)
    assert alarm()
    notes = house.store.read(lambda session: session.query(Outbox).count())
    audited = house.store.read(lambda session: [row.data.get("key") for row in session.query(Audit)])
    assert notes == 6
    assert audited.count("mailbox box") == 2


def test_a_first_look_at_a_mailbox_of_which_some_mails_are_settled_leaves_those_as_they_are(
    house: House,
) -> None:
    settle(house, "7/2", Outcome.REFUSED)  # the operator wrote `after = "keep"` later
    assert house.run(pickups.first_look, "box", "7", ["7/1", "7/2", "7/3", "7/3"], house.now)
    found = house.store.read(pickups.settled, "box", ["7/1", "7/2", "7/3"])
    assert found == {"7/1": Outcome.LEFT, "7/2": Outcome.REFUSED, "7/3": Outcome.LEFT}
