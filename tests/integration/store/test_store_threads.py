"""Many workers at once, on both databases: nothing is claimed twice, nothing fails for a lock."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select, text
from store_fixtures import Call, House
from waiting import wait_until

from gateway.domain.states import DeliveryState
from gateway.store import accounts, events, faxes, outbox, queue
from gateway.store.database import AsyncStore
from gateway.store.models import Delivery, Fax

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from gateway.store.leases import Lease

WORKERS, FAXES = 8, 120


def fill(house: House, count: int, *, same_number: bool = False) -> set[int]:
    recipients = [faxes.Recipient(f"00813123{0 if same_number else n:05d}") for n in range(count)]
    numbers = house.accept(recipients=recipients)
    house.draw(pages=1)
    return set(numbers)


def together(work: Any) -> list[Any]:
    start = threading.Barrier(WORKERS)

    def one(n: int) -> Any:
        start.wait()
        return work(n)

    with ThreadPoolExecutor(WORKERS) as pool:
        return list(pool.map(one, range(WORKERS)))


def test_many_threads_claim_each_delivery_once_and_no_lock_fails(house: House) -> None:
    numbers = fill(house, FAXES)

    def claim_all(n: int) -> list[int]:
        found = []
        while (lease := house.claim(f"usb{n}")) is not None:
            found.append(lease.number)
        return found

    claimed = [number for part in together(claim_all) for number in part]
    assert len(claimed) == len(set(claimed))
    assert set(claimed) == numbers


def test_many_threads_make_whole_calls_and_every_fax_is_sent(house: House) -> None:
    numbers = fill(house, 40)

    def work(n: int) -> int:
        calls = 0
        while (lease := house.claim(f"usb{n}")) is not None:
            call = Call(house, lease, f"usb{n}")
            call.dial()
            call.connect()
            call.page(1)
            call.finish()
            calls += 1
        return calls

    assert sum(together(work)) == len(numbers)
    with house.store.reading() as session:
        assert set(session.scalars(select(Delivery.state))) == {DeliveryState.SENT}
        assert set(session.scalars(select(Delivery.dials))) == {1}


def test_threads_never_call_one_number_at_the_same_time(house: House) -> None:
    fill(house, 12, same_number=True)
    calling = threading.Semaphore(1)
    collisions: list[int] = []

    def work(n: int) -> int:
        calls = 0
        while lease := claim_or_wait(house, n):
            if not calling.acquire(blocking=False):
                collisions.append(lease.number)
            call = Call(house, lease, f"usb{n}")
            call.dial()
            call.connect()
            call.page(1)
            calling.release()
            call.finish()
            calls += 1
        return calls

    assert sum(together(work)) == 12
    assert collisions == []


def claim_or_wait(house: House, n: int) -> Lease | None:
    """Claim; if another line is calling, wait for it; None when nothing waits any more."""

    def tried() -> tuple[Lease | None] | None:
        lease = house.claim(f"usb{n}")
        if lease is not None:
            return (lease,)
        return (None,) if house.store.read(queue.next_due) is None else None

    found = wait_until(tried, what="the number to be free")
    assert found is not None
    return found[0]


def test_many_threads_draw_each_fax_once(house: House) -> None:
    for _ in range(30):
        house.accept("0081312345678")

    def work(n: int) -> list[int]:
        found = []
        while lease := house.run(faxes.claim_fax, f"drawer/{n}", house.now, timedelta(seconds=60)):
            found.append(lease.fax_id)
        return found

    drawn = [fax for part in together(work) for fax in part]
    assert sorted(drawn) == sorted(set(drawn))
    assert len(drawn) == 30


def test_many_threads_send_each_mail_once(house: House) -> None:
    with house.store.begin() as session:
        for n in range(60):
            outbox.owe(session, "note", f"{n}@x.example", new_id=house.new_id, now=house.now)

    def work(n: int) -> list[int]:
        found = []
        while leases := house.run(outbox.claim_due, f"out/{n}", house.now, timedelta(seconds=60), 3):
            for lease in leases:
                house.run(outbox.sent, lease, house.now)
                found.append(lease.id)
        return found

    sent = [mail for part in together(work) for mail in part]
    assert sorted(sent) == sorted(set(sent))
    assert len(sent) == 60


def test_public_numbers_grow_and_are_never_given_twice(house: House) -> None:
    def work(_: int) -> list[int]:
        return [house.run(faxes.allocate, "reception") for _ in range(15)]

    parts = together(work)
    assert all(part == sorted(part) for part in parts)
    everything = [number for part in parts for number in part]
    assert len(everything) == len(set(everything))


def test_two_copies_of_a_mail_that_arrive_at_once_become_one_fax(house: House) -> None:
    def accept(session: Session) -> int:
        found = faxes.find_duplicate(session, "k" * 64, house.now - timedelta(hours=24))
        if found is not None:
            return found.deliveries[0].number
        owner = accounts.account_named(session, "acme")
        assert owner is not None
        message = faxes.store_message(
            session,
            account_id=owner.id,
            door="smtp",
            blob="message/ab/ab" + "0" * 62,
            size=1,
            sha256="ab" + "0" * 62,
            sender="alice@acme.example",
            dedupe="k" * 64,
            now=house.now,
        )
        fax = faxes.create_fax(
            session,
            account=owner,
            message=message,
            recipients=[faxes.Recipient("0081312345678")],
            now=house.now,
        )
        return fax.deliveries[0].number

    numbers = together(lambda _: house.run(accept))
    assert len(set(numbers)) == 1
    with house.store.reading() as session:
        assert len(session.scalars(select(Fax.id)).all()) == 1


def test_a_reader_who_remembers_the_last_event_misses_none(house: House) -> None:
    """Events are numbered in the order of their commits, however the transactions overlap."""
    done = threading.Event()
    seen: list[int] = []

    def read() -> None:
        last = 0
        while not (done.is_set() and not house.store.read(events.since, last)):
            for event in house.store.read(events.since, last):
                seen.append(event.id)
                last = event.id

    reader = threading.Thread(target=read)
    reader.start()

    def write(n: int) -> None:
        for i in range(20):
            with house.store.begin() as session:
                events.append(session, "call.trace", house.now, number=n, i=i)
                session.execute(text("SELECT 1"))
                events.append(session, "call.trace", house.now, number=n, i=i)

    try:
        together(write)
    finally:
        done.set()
        reader.join(60)
    assert len(seen) == WORKERS * 40
    assert seen == sorted(set(seen))


async def test_coroutines_and_threads_share_one_queue(house: House) -> None:
    numbers = fill(house, 30)
    store = AsyncStore(house.store.url)

    async def claim_all(n: int) -> list[int]:
        found = []
        line = queue.LineTraits(f"async{n}")
        while (lease := await store.run(queue.claim, line, f"async/{n}", house.now)) is not None:
            found.append(lease.number)
        return found

    def claim_in_thread() -> list[int]:
        found = []
        while (lease := house.claim("thread")) is not None:
            found.append(lease.number)
        return found

    parts = await asyncio.gather(*(claim_all(n) for n in range(4)), asyncio.to_thread(claim_in_thread))
    await store.close()
    claimed = [number for part in parts for number in part]
    assert sorted(claimed) == sorted(numbers)


async def test_a_cancelled_caller_does_not_cut_its_transaction(house: House) -> None:
    store = AsyncStore(house.store.url)
    began = asyncio.Event()

    def slow(session: Session) -> None:
        began.set()
        outbox.owe(session, "note", "ops@x.example", new_id=house.new_id, now=house.now)

    task = asyncio.ensure_future(store.run(slow))
    await began.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await store.close()
    assert len(house.run(outbox.claim_due, "out/1", house.now, timedelta(seconds=60))) == 1


async def test_an_error_in_a_transaction_reaches_the_caller_and_undoes_it(house: House) -> None:
    store = AsyncStore(house.store.url)

    def breaks(session: Session) -> None:
        outbox.owe(session, "note", "ops@x.example", new_id=house.new_id, now=house.now)
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        await store.run(breaks)
    await store.close()
    assert house.run(outbox.claim_due, "out/1", house.now, timedelta(seconds=60)) == []
