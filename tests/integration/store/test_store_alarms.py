"""Velocity alarms, on both databases: what raises one, what does not, and that it is told once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select
from store_fixtures import Call, House

from gateway.domain.alarms import Thresholds
from gateway.domain.outcome import Cause
from gateway.store import alarms, audit
from gateway.store.models import Outbox

if TYPE_CHECKING:
    from collections.abc import Callable

    from gateway.domain.alarms import Alarm

TOKYO, LONDON, RIGA, DOMINICAN = "0081312345678", "00442079460000", "0037167228899", "0018095551234"
NEW_YORK = "0012125558596"


def look(house: House, thresholds: Thresholds | None = None, home: str = "") -> list[str]:
    found: list[Alarm] = house.run(
        alarms.look,
        thresholds or Thresholds(),
        house.now,
        operators=["ops@example.org", "boss@example.org"],
        new_id=house.new_id,
        home=home,
    )
    return [f"{alarm.kind} {alarm.what}" for alarm in found]


def call(house: House, number: str, cause: Cause = Cause.SENT, **named: str) -> None:
    """Send one page to a number; another cause than SENT is final."""
    house.ready(number, pages=1, **named)
    lease = house.claim()
    assert lease is not None
    placed = Call(house, lease)
    placed.dial()
    if cause is Cause.SENT:
        placed.connect()
        placed.page(1)
    placed.finish(cause)


def test_a_country_called_for_the_first_time_is_told_once(house: House) -> None:
    call(house, TOKYO)
    call(house, RIGA)
    assert look(house) == ["new-country LV"]
    assert look(house) == []
    house.later(minutes=30)
    call(house, RIGA)
    call(house, LONDON)
    assert look(house) == ["new-country GB"]
    house.later(days=2)
    call(house, RIGA)
    assert look(house) == []


def test_islands_behind_the_code_of_a_known_country_are_new(house: House) -> None:
    call(house, NEW_YORK)
    assert look(house) == ["new-country US"]
    house.later(hours=2)
    call(house, DOMINICAN)
    assert look(house) == ["new-country DO"]


def test_the_sites_country_is_home_to_an_account_without_one(make_house: Callable[..., House]) -> None:
    house = make_house(country="")
    call(house, TOKYO)
    assert look(house, home="81") == []
    assert look(house) == ["new-country JP"]


def test_many_calls_at_night_are_told_by_the_accounts_clock(make_house: Callable[..., House]) -> None:
    house = make_house(timezone="Asia/Tokyo")  # 21:00
    few = Thresholds(night_calls=2)
    for _ in range(2):
        call(house, TOKYO)
    assert look(house, few) == []
    house.later(hours=1)
    call(house, TOKYO)
    assert look(house, few) == []
    call(house, TOKYO)
    assert look(house, few) == ["night-calls 2"]


def test_many_numbers_without_a_fax_are_told(house: House) -> None:
    few = Thresholds(failed_numbers=2)
    for number in (TOKYO, TOKYO):
        call(house, number, Cause.VOICE_OR_DATA)
    assert look(house, few) == []  # one number, twice
    call(house, "0081312345679", Cause.VOICE_OR_DATA)
    assert look(house, few) == ["failed-numbers 2"]


def test_a_number_that_was_reached_after_all_has_not_failed(house: House) -> None:
    call(house, TOKYO, Cause.VOICE_OR_DATA)
    call(house, TOKYO)
    assert look(house, Thresholds(failed_numbers=1)) == []


def test_many_forbidden_numbers_are_told(house: House) -> None:
    for number in ("0990-1", "0990-2", "0990-2"):
        house.run(audit.note, "number.refused", house.now, 1, "alice@acme.example", number=number)
    assert look(house, Thresholds(refused_numbers=3)) == []
    assert look(house, Thresholds(refused_numbers=2)) == ["refused-numbers 2"]


def test_a_fax_that_waits_for_approval_is_told_once_each(make_house: Callable[..., House]) -> None:
    house = make_house(approval={"pages": 1})
    one, two = house.ready(pages=2)[0], house.ready(pages=3)[0]
    assert look(house) == [
        f"approval fax {one}, 2 pages to 1 numbers",
        f"approval fax {two}, 3 pages to 1 numbers",
    ]
    assert look(house) == []


@pytest.mark.parametrize(
    "off", [Thresholds(new_country=False, night_calls=0, failed_numbers=0, refused_numbers=0)]
)
def test_what_is_switched_off_is_not_told(house: House, off: Thresholds) -> None:
    house.later(hours=11)
    call(house, RIGA)
    call(house, LONDON, Cause.VOICE_OR_DATA)
    house.run(audit.note, "number.refused", house.now, 1, number="0990")
    assert look(house, off) == []


def test_every_operator_gets_a_note_and_the_account_a_row(house: House) -> None:
    call(house, RIGA)
    look(house)
    with house.store.reading() as session:
        notes = session.scalars(select(Outbox).where(Outbox.kind == "note")).all()
        assert [note.recipient for note in notes] == ["ops@example.org", "boss@example.org"]
        assert "acme called a country it never called before: LV" in notes[0].data["subject"]
        assert "postline dialling pause" in notes[0].data["text"]
        (row,) = (row for row in audit.latest(session, account_id=1) if row.action == "alarm")
        assert row.data == {"kind": "new-country", "key": "new-country LV", "what": "LV"}
    assert house.kinds()[-1] == "alarm"
