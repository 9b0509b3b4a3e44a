"""Many mails at once: they share commits, and none gets a number that is not on stable storage."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import event, select

from gateway.domain.errors import StorageFull, Unavailable
from gateway.intake import batch
from gateway.intake.batch import Counter
from gateway.intake.submission import Submission
from gateway.store import accounts
from gateway.store.database import AsyncStore
from gateway.store.faxes import Recipient
from gateway.store.models import Audit, Delivery, Fax, Message

if TYPE_CHECKING:
    from collections.abc import Callable

    from gateway.store.database import Store

NOON = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
BLOB = "message/ab/ab" + "0" * 62
ORDER = Submission(
    door="smtp",
    account_id=1,
    sender="alice@acme.example",
    recipients=(Recipient("0081312345678"),),
    blob=BLOB,
    size=7,
    sha256=BLOB[-64:],
    message_id="<1@acme.example>",
    dedupe="d" * 64,
)


def order(n: int, **known: Any) -> Submission:
    """Return the n-th of many different mails."""
    return replace(ORDER, dedupe=f"{n:064x}", message_id=f"<{n}@acme.example>", **known)


@pytest.fixture(autouse=True)
def one_account(store: Store) -> None:
    account = {"name": "acme", "country": "81", "senders": ["alice@acme.example"]}
    store.run(accounts.provision, [account], now=NOON)


def at(url: str) -> tuple[AsyncStore, Counter]:
    store = AsyncStore(url)
    return store, Counter(store, lambda: NOON, timedelta(hours=24))


async def hold_up(store: AsyncStore) -> tuple[threading.Event, asyncio.Task[None]]:
    """Keep the one writer busy; return what lets it go on."""
    begun, free = threading.Event(), threading.Event()

    def wait(_session: object) -> None:
        begun.set()
        free.wait(30)

    task = asyncio.create_task(store.run(wait))
    await asyncio.to_thread(begun.wait, 30)
    return free, task


async def all_at_once(url: str, submissions: list[Submission]) -> list[Any]:
    store, counter = at(url)
    try:
        return await asyncio.gather(*map(counter.accept, submissions), return_exceptions=True)
    finally:
        await store.close()


async def test_each_of_many_gets_its_own_numbers_in_its_own_order(store: Store) -> None:
    two = (Recipient("0081344772288"), Recipient("0081312345678"))
    accepted = await all_at_once(store.url, [order(n, recipients=two) for n in range(200)])
    with store.reading() as session:
        kept = {
            tuple(d.destination for d in fax.deliveries): [d.number for d in fax.deliveries]
            for fax in session.scalars(select(Fax))
        }
        message_of = {
            d.number: d.fax.message.message_id for d in session.scalars(select(Delivery)) if d.fax.message
        }
    assert list(kept) == [("0081344772288", "0081312345678")]
    for n, each in enumerate(accepted):
        assert [message_of[number] for number in each.numbers] == [f"<{n}@acme.example>"] * 2
    assert len({number for each in accepted for number in each.numbers}) == 400


async def test_mails_that_wait_together_share_one_commit(store: Store) -> None:
    db, counter = at(store.url)
    free, task = await hold_up(db)
    commits: list[int] = []
    event.listen(db._store.engine, "commit", lambda _connection: commits.append(1))
    first = asyncio.create_task(counter.accept(order(0)))
    await asyncio.sleep(0)
    others = [asyncio.create_task(counter.accept(order(n))) for n in range(1, 31)]
    await asyncio.sleep(0)
    free.set()
    await asyncio.gather(task, first, *others)
    await db.close()
    assert len(commits) <= 3  # the one that held us up, the first, and all the others


async def test_a_commit_waits_for_those_who_are_under_way(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch, "GATHER_S", 30.0)
    db, counter = at(store.url)
    commits: list[int] = []
    event.listen(db._store.engine, "commit", lambda _connection: commits.append(1))
    arrive = asyncio.Event()

    async def later() -> None:
        with counter.under_way():
            await arrive.wait()
            await counter.accept(order(2))

    second = asyncio.create_task(later())
    await asyncio.sleep(0)
    with counter.under_way():
        first = asyncio.create_task(counter.accept(order(1)))
        await asyncio.sleep(0)
        arrive.set()
        await asyncio.gather(first, second)
    await db.close()
    assert len(commits) == 1


async def test_a_mail_that_is_turned_away_on_its_way_keeps_nobody_waiting(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch, "GATHER_S", 30.0)
    db, counter = at(store.url)
    with counter.under_way():
        with counter.under_way():
            waiting = asyncio.create_task(counter.accept(order(1)))
            await asyncio.sleep(0)
        assert (await asyncio.wait_for(waiting, 20)).number
    await db.close()


async def test_one_who_is_under_way_for_long_is_not_waited_for(store: Store) -> None:
    db, counter = at(store.url)
    with counter.under_way(), counter.under_way():
        assert (await asyncio.wait_for(counter.accept(order(1)), 20)).number
    await db.close()


async def test_no_commit_carries_more_than_its_share(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch, "MOST", 3)
    db, counter = at(store.url)
    commits: list[int] = []
    event.listen(db._store.engine, "commit", lambda _connection: commits.append(1))
    await asyncio.gather(*(counter.accept(order(n)) for n in range(9)))
    await db.close()
    assert len(commits) == 3


async def test_the_same_mail_twice_at_once_is_one_fax(store: Store) -> None:
    accepted = await all_at_once(store.url, [order(1), order(1), order(2), order(1)])
    assert [each.duplicate for each in accepted] == [False, True, False, True]
    assert accepted[0].numbers == accepted[1].numbers == accepted[3].numbers
    with store.reading() as session:
        assert len(session.scalars(select(Message.id)).all()) == 2
        actions = session.scalars(select(Audit.action).where(Audit.account_id == 1).order_by(Audit.id)).all()
    assert [a for a in actions if a.startswith("submission")] == [
        "submission.accepted",
        "submission.accepted",
        "submission.duplicate",
        "submission.duplicate",
    ]


async def test_mails_without_a_key_are_never_taken_for_each_other(store: Store) -> None:
    accepted = await all_at_once(store.url, [replace(ORDER, dedupe=None)] * 5)
    assert len({each.number for each in accepted}) == 5


async def test_one_that_cannot_be_written_harms_no_other(store: Store) -> None:
    nobody = order(2, account_id=4711)
    good, bad, also_good = await all_at_once(store.url, [order(1), nobody, order(3)])
    assert isinstance(bad, Exception)
    with store.reading() as session:
        kept = session.scalars(select(Delivery.number)).all()
    assert sorted(kept) == sorted([good.number, also_good.number])


@pytest.mark.parametrize("error", [StorageFull("full"), Unavailable("locked")])
async def test_where_the_database_takes_nothing_nobody_is_promised_anything(
    store: Store, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fails(*_: object) -> None:
        raise error

    monkeypatch.setattr(batch, "accept_all", fails)
    assert await all_at_once(store.url, [order(n) for n in range(4)]) == [error] * 4
    with store.reading() as session:
        assert session.scalars(select(Fax.id)).all() == []


async def test_a_caller_that_hangs_up_is_accepted_all_the_same(store: Store) -> None:
    db, counter = at(store.url)
    free, task = await hold_up(db)
    waiting = asyncio.create_task(counter.accept(order(1)))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    free.set()
    await task
    second = await counter.accept(order(1))
    await db.close()
    assert second.duplicate


async def test_a_clerk_that_is_cancelled_leaves_nobody_waiting_for_ever(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    db, counter = at(store.url)
    free, task = await hold_up(db)
    begun, run = asyncio.Event(), db.run

    async def told(*words: Any) -> Any:
        begun.set()
        return await run(*words)

    monkeypatch.setattr(db, "run", told)
    first = asyncio.create_task(counter.accept(order(1)))
    await begun.wait()
    second = asyncio.create_task(counter.accept(order(2)))
    await asyncio.sleep(0)
    assert counter._clerk is not None
    counter._clerk.cancel()
    gone = await asyncio.wait_for(asyncio.gather(first, second, return_exceptions=True), 10)
    assert [type(one) for one in gone] == [asyncio.CancelledError] * 2
    free.set()
    await task
    assert (await counter.accept(order(1))).duplicate  # what was handed to the database is there
    assert not (await counter.accept(order(2))).duplicate
    await db.close()


async def test_a_commit_that_fails_is_told_before_anybody_hears_a_number(
    store: Store, make_failing: Callable[[AsyncStore], None]
) -> None:
    db, counter = at(store.url)
    make_failing(db)
    with pytest.raises(Unavailable):
        await counter.accept(order(1))
    await db.close()
    with store.reading() as session:
        assert session.scalars(select(Fax.id)).all() == []


@pytest.fixture
def make_failing() -> Callable[[AsyncStore], None]:
    """Return what makes the commits of a store fail as a broken disk would."""

    def broken(_connection: object) -> None:
        raise Unavailable("The database does not answer at the moment.", detail="disk I/O error")

    return lambda db: event.listen(db._store.engine, "commit", broken)
