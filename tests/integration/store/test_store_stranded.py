"""Faxes that every line passes over, on both databases: they are found, and told to the operator once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from gateway.domain.alarms import Thresholds
from gateway.line_table import LineConfig
from gateway.store import alarms, lines, stranded
from gateway.store.leases import LineTraits
from gateway.store.models import Outbox

if TYPE_CHECKING:
    from store_fixtures import House

ACME = {"name": "acme", "country": "81", "senders": ["alice@acme.example"]}
TOKYO, LONDON = "0081312345678", "00442079460000"
DAY = LineTraits("usb0", group="day")


def waits(house: House, *known: LineTraits) -> list[tuple[str, int, str]]:
    found = house.run(stranded.stranded, known, house.now)
    return [(one.group, one.faxes, one.destination) for one in found]


def look(house: House, *known: LineTraits) -> list[str]:
    found = house.run(
        alarms.look,
        Thresholds(),
        house.now,
        operators=["ops@example.org"],
        new_id=house.new_id,
        lines=known or None,
    )
    return [alarm.what for alarm in found if alarm.kind == "no-line"]


@pytest.mark.parametrize(
    ("wanted", "line", "faxes"),
    [
        ("", DAY, 0),
        ("day", DAY, 0),
        ("night", DAY, 1),
        ("day", LineTraits("usb0", group="day", dials=False), 1),
        ("", LineTraits("usb0", dials=False), 1),
        ("", LineTraits("usb0", deny=("0081",)), 1),
        ("", LineTraits("usb0", allow=("0044",)), 1),
        ("", LineTraits("usb0", allow=("0081",)), 0),
    ],
)
def test_a_fax_that_no_line_may_carry_is_found(
    house: House, wanted: str, line: LineTraits, faxes: int
) -> None:
    house.account(**(ACME | {"lines": wanted}))
    house.ready(TOKYO)
    assert sum(count for _, count, _ in waits(house, line)) == faxes


def test_one_line_that_may_is_enough(house: House) -> None:
    house.account(**(ACME | {"lines": "night"}))
    house.ready(TOKYO)
    house.ready(LONDON)
    assert waits(house, DAY) == [("night", 2, LONDON)]
    assert waits(house, DAY, LineTraits("usb1", group="night", allow=("0044",))) == [("night", 1, TOKYO)]
    assert waits(house, DAY, LineTraits("usb1", group="night")) == []


def test_a_fax_that_is_not_due_does_not_wait_in_vain_yet(house: House) -> None:
    house.account(**(ACME | {"lines": "night"}))
    house.accept(TOKYO)
    house.draw(due_at=house.now.replace(year=house.now.year + 1))
    assert waits(house, DAY) == []


def test_the_operator_is_told_once_a_day(house: House) -> None:
    house.account(**(ACME | {"lines": "night"}))
    house.ready(TOKYO)
    assert look(house, DAY) == [f"1, for lines of group night, the first to {TOKYO}"]
    house.ready(LONDON)
    assert look(house, DAY) == []
    house.later(days=2)
    assert len(look(house, DAY)) == 1
    with house.store.reading() as session:
        mails = session.scalars(select(Outbox).where(Outbox.kind == "note")).all()
    assert [mail.recipient for mail in mails] == ["ops@example.org"] * 2
    assert "no line may carry" in mails[0].data["subject"]
    assert "`group`" in mails[0].data["text"]


def test_where_lines_of_others_may_carry_it_nothing_is_said(house: House) -> None:
    """A host that has no lines, or not all of them, cannot know what the others are for."""
    house.account(**(ACME | {"lines": "night"}))
    house.ready(TOKYO)
    assert look(house) == []
    house.run(lines.report, "elsewhere", house.now, kind="modem", state="idle", worker="other/elsewhere/")
    assert look(house, DAY) == []


def test_accounts_that_ask_for_lines_there_are_not_are_named(house: House) -> None:
    house.account(**(ACME | {"lines": "night"}))
    assert house.run(stranded.accounts_without_lines, [DAY]) == {"acme": "night"}
    assert house.run(stranded.accounts_without_lines, [LineTraits("usb1", group="night")]) == {}
    deaf = LineTraits("usb1", group="night", dials=False)
    assert house.run(stranded.accounts_without_lines, [deaf]) == {"acme": "night"}


@pytest.mark.parametrize(("direction", "dials"), [("in", False), ("out", True), ("both", True)])
def test_a_configured_line_is_what_its_table_says(direction: Any, dials: bool) -> None:
    line = LineConfig(name="sim", type="simulated", direction=direction, group="day", allow=["+81"])
    assert stranded.traits_of(line) == LineTraits(
        "sim", simulated=True, allow=("0081",), group="day", dials=dials
    )
