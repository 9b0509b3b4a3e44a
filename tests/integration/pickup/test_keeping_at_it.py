"""A server that is away, a mail that cannot be taken: what is tried again, when, and who hears of it."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from pickup_fixtures import Drawer, Office, mail
from smtp_fixtures import NOON
from sqlalchemy import update
from waiting import wait_until

from gateway.mailin.judging import Opinion
from gateway.mailin.pickup import collector as module
from gateway.mailin.pickup.box import Denied, Trouble
from gateway.mailin.pickup.collector import LONGEST_WAIT, back_off
from gateway.store import pickups
from gateway.store.blobs import Floor
from gateway.store.models import Pickup

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from gateway.mailin.judging import Case

AWAY = Trouble("mail.example.org:993 does not answer")


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    async with Office(tmp_path) as office:
        yield office


def test_a_server_that_is_away_is_asked_ever_more_rarely_and_never_given_up() -> None:
    waits = [back_off(n) for n in range(1, 100)]
    assert waits[:4] == [5.0, 10.0, 20.0, 40.0]
    assert waits == sorted(waits)
    assert set(waits[10:]) == {LONGEST_WAIT}


def test_a_refused_password_is_not_tried_often_enough_to_lock_an_account() -> None:
    assert back_off(1, denied=True) >= 300
    assert back_off(50, denied=True) == LONGEST_WAIT


async def test_the_operators_hear_after_ten_minutes_and_once_a_day(office: Office) -> None:
    collector = office.collector(Drawer(trouble=AWAY))
    for minutes, told in ((0, 0), (9, 0), (10, 1), (60, 1), (24 * 60 + 11, 2)):
        office.now = module.datetime(2026, 3, 4, 12, tzinfo=office.now.tzinfo) + timedelta(minutes=minutes)
        await collector._failed(AWAY)
        assert len(office.owed("note")) == told
    [first, _] = office.owed("note")
    assert first.recipient == "ops@example.org"
    assert first.data["subject"] == "Mailbox box cannot be read"
    assert "does not answer" in first.data["text"]


async def test_a_refused_password_is_told_at_once(office: Office) -> None:
    await office.collector(Drawer())._failed(Denied("it would not let faxbox in", detail="NO [AUTH]"))
    [note] = office.owed("note")
    assert "NO [AUTH]" in note.data["text"]


async def test_a_server_that_comes_back_is_read_and_the_count_begins_anew(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "FIRST_WAIT", 0.01)
    drawer, stop = Drawer(trouble=AWAY), asyncio.Event()
    collector = office.collector(drawer)
    running = asyncio.create_task(collector.run(stop))
    await asyncio.to_thread(wait_until, lambda: collector.failures >= 2)
    drawer.put(mail())
    drawer.trouble = None
    async with asyncio.timeout(20):
        await office.woken.wait()
    await asyncio.to_thread(wait_until, lambda: collector.failures == 0)
    stop.set()
    await running
    assert office.numbers == ["0081312345678"]
    assert drawer.closed >= 3


async def test_a_fault_of_ours_ends_a_session_and_not_the_role(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "FIRST_WAIT", 0.01)
    drawer, stop = Drawer(), asyncio.Event()
    monkeypatch.setattr(drawer, "news", lambda _: 1 / 0)
    collector = office.collector(drawer)
    running = asyncio.create_task(collector.run(stop))
    await asyncio.to_thread(wait_until, lambda: collector.failures >= 1 or drawer.closed >= 2)
    stop.set()
    await running


async def test_one_mail_that_breaks_us_holds_up_no_other_and_stays_for_a_person(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawer = Drawer()
    bad = drawer.put(mail(message_id="bad@acme.example"))
    drawer.put(mail(message_id="good@acme.example"))
    fetch = drawer.fetch

    def broken(entry: Any, *arguments: Any) -> bool:
        if entry.uid == bad:
            raise ZeroDivisionError
        return fetch(entry, *arguments)

    monkeypatch.setattr(drawer, "fetch", broken)
    collector = office.collector(drawer)
    for _ in range(module.TRIES):
        await office.pick_up(collector)
        office.now += timedelta(minutes=15)
    assert office.numbers == ["0081312345678"]
    assert list(drawer.mails) == [bad]
    assert office.settled[bad] == "left"
    assert len(office.owed("note")) == 1


async def test_a_full_disk_leaves_the_mail_where_it_is(tmp_path: Path) -> None:
    drawer = Drawer()
    drawer.put(mail())
    async with Office(tmp_path, floor=Floor(octets=1 << 60, share=1.0)) as office:
        await office.pick_up(office.collector(drawer))
        assert (office.settled, office.numbers, len(drawer.mails)) == ({}, [], 1)
    async with Office(tmp_path) as office:
        await office.pick_up(office.collector(drawer))
        assert (len(office.numbers), drawer.mails) == (1, {})


async def test_a_mail_that_must_wait_is_not_fetched_at_every_look(tmp_path: Path) -> None:
    async def dns_is_away(_: Case) -> Opinion:
        return Opinion(passing=True)

    drawer = Drawer()
    drawer.put(mail())
    async with Office(tmp_path, judges={"dkim": dns_is_away}) as office:
        collector = office.collector(drawer, trusted=False)
        fetched = []
        for seconds in (0, 1, 5, 6, 15, 60):
            office.now = NOON + timedelta(seconds=seconds)
            await office.pick_up(collector)
            fetched.append(len(drawer.fetched))
        assert fetched == [1, 1, 2, 2, 3, 4]
        assert (office.settled, len(drawer.mails)) == ({}, 1)


async def test_rows_of_mails_long_gone_are_forgotten_and_those_still_there_are_not(office: Office) -> None:
    drawer = Drawer()
    gone, there = drawer.put(mail(message_id="a@x.example")), drawer.put(mail(message_id="b@x.example"))
    collector = office.collector(drawer, after="keep")
    await office.pick_up(collector)
    del drawer.mails[gone]
    office.now += pickups.FORGOTTEN + timedelta(days=1)
    await office.pick_up(collector)
    assert set(office.settled) == {"/", there}


async def test_a_mail_taken_by_another_process_meanwhile_is_left_to_it(office: Office) -> None:
    drawer = Drawer()
    uid = drawer.put(mail())
    [entry] = drawer.look()
    office.store.run(pickups.settle, "box", uid, pickups.Outcome.TAKEN, office.now, number=7)
    assert await office.collector(drawer)._one(drawer, entry) is pickups.Outcome.TAKEN
    assert office.numbers == []
    office.store.run(lambda session: session.execute(update(Pickup).values(outcome="refused")))
    assert await office.collector(drawer)._one(drawer, entry) is pickups.Outcome.REFUSED
