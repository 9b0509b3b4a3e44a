"""Killed between any two steps of a pickup: when it runs again each mail is one fax, and the box is tidy.

The steps are those of durability.md sections 3 and 4 and the two a mailbox adds: fetched but not accepted,
accepted but not deleted at the server. `tests/interop/test_mailbox_crashes.py` kills real processes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from pickup_fixtures import Drawer, Office, mail

from gateway.store.models import Fax, Pickup

if TYPE_CHECKING:
    from pathlib import Path

POINTS = (
    "pickup.fetched",
    "smtp.spooled",
    "smtp.renamed",
    "smtp.committed",
    "pickup.settled",
    "pickup.disposed",
)


class Killed(BaseException):
    """What nothing of ours may catch."""


class Trap:
    """Kills once, at the `nth` passing of a point."""

    def __init__(self, point: str, nth: int) -> None:
        self.point, self.left = point, nth
        self.sprung = False

    def __call__(self, point: str) -> None:
        if point == self.point and not self.sprung:
            self.left -= 1
            if not self.left:
                self.sprung = True
                raise Killed


async def interrupted(folder: Path, drawer: Drawer, trap: Trap) -> None:
    async with Office(folder, crash=trap) as office:
        with pytest.raises(Killed):
            await office.pick_up(office.collector(drawer))


@pytest.mark.parametrize("message_id", ["", "{n}@acme.example"], ids=["unnamed", "named"])
@pytest.mark.parametrize("point", POINTS)
async def test_each_mail_is_one_fax_wherever_we_were_killed(
    tmp_path: Path, point: str, message_id: str
) -> None:
    drawer = Drawer()
    for n in range(3):
        drawer.put(mail(f"031234567{n}@fax.example.org", message_id=message_id.format(n=n)))
    trap = Trap(point, 1 if point == "pickup.disposed" else 2)
    await interrupted(tmp_path, drawer, trap)
    assert trap.sprung
    async with Office(tmp_path) as office:
        await office.pick_up(office.collector(drawer))
        assert sorted(office.numbers) == [f"008131234567{n}" for n in range(3)]
        assert len(office.rows(Fax)) == len(office.rows(Pickup)) == 3
        assert {row.number for row in office.rows(Pickup)} == {1, 2, 3}
        assert drawer.mails == {}


@pytest.mark.parametrize("point", ["pickup.fetched", "pickup.settled"])
async def test_a_refusal_is_told_once_wherever_we_were_killed(tmp_path: Path, point: str) -> None:
    drawer = Drawer()
    drawer.put(mail("12@fax.example.org"))
    await interrupted(tmp_path, drawer, Trap(point, 1))
    async with Office(tmp_path) as office:
        await office.pick_up(office.collector(drawer))
        assert len(office.owed("refusal")) == len(office.audited("pickup.refused")) == 1


async def test_a_move_that_was_cut_short_is_finished(tmp_path: Path) -> None:
    drawer = Drawer()
    drawer.put(mail())
    await interrupted(tmp_path, drawer, Trap("pickup.settled", 1))
    async with Office(tmp_path) as office:
        await office.pick_up(office.collector(drawer, after="move", move_to="Done"))
        assert (drawer.mails, len(drawer.folders["Done"])) == ({}, 1)
