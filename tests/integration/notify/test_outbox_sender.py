"""The outbox sender against mail servers of every temper: each mail is sent once, or fails and says why."""

from __future__ import annotations

import asyncio
import random
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from notify_fixtures import Clock, mail_server, owe_result, parsed, text_of
from sqlalchemy import select

from gateway.notify.hop import NextHop
from gateway.store import outbox
from gateway.store.models import Event, Outbox

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from gateway.mail import OutgoingMail
    from gateway.notify.sender import OutboxSender
    from gateway.store.blobs import LocalBlobs
    from gateway.store.database import AsyncStore

LEASE = timedelta(minutes=10)


def rows(session: Session) -> list[Outbox]:
    return list(session.scalars(select(Outbox).order_by(Outbox.id)))


async def owe(store: AsyncStore, clock: Clock, *recipients: str) -> None:
    for recipient in recipients:
        await store.run(owe_result, recipient, clock)


async def settle(store: AsyncStore, clock: Clock, sender: OutboxSender) -> list[Outbox]:
    """Sweep, moving the clock to each next due time, until nothing is owed any more."""
    for _ in range(200):
        await sender.sweep()
        found = await store.read(rows)
        due = [row.due_at for row in found if row.state == "owed"]
        if not due:
            return found
        clock.at = max(clock.at, min(due))
    raise AssertionError("the outbox never settled")


async def test_a_result_is_composed_delivered_and_closed(
    store: AsyncStore, clock: Clock, sender: Any
) -> None:
    await owe(store, clock, "alice@acme.example")
    async with mail_server() as server:
        assert await sender(server.hop).sweep() == 1
    (row,) = await store.read(rows)
    (content,) = server.accepted
    mail = parsed(content)
    assert (row.state, row.tries, row.done_at) == ("sent", 1, clock())
    assert server.envelopes == [("<>", ["alice@acme.example"])]
    assert mail["Message-ID"] == row.message_id
    assert mail["Subject"] == "FAX送信が成功しました -> 0081363684300"
    assert mail["In-Reply-To"] == "<request-1@acme.example>"
    assert "送信ページ数: 2 / 2" in text_of(mail)
    assert "宛名: 山田" in text_of(mail)
    kinds = await store.read(lambda session: session.scalars(select(Event.kind)).all())
    assert "mail.sent" in kinds


async def test_a_server_that_is_down_is_tried_by_the_schedule_and_given_up_after_48_hours(
    store: AsyncStore, clock: Clock, sender: Any
) -> None:
    async with mail_server() as server:
        closed = server.hop
    start = clock()
    await owe(store, clock, "alice@acme.example")
    (row,) = await settle(store, clock, sender(closed))
    assert row.state == "failed"
    assert "gave up after 48 hours" in row.last_error
    assert timedelta(hours=47) < clock() - start <= timedelta(hours=48)
    assert row.tries > 48


async def test_the_mail_leaves_once_the_server_is_back(store: AsyncStore, clock: Clock, sender: Any) -> None:
    await owe(store, clock, "alice@acme.example")
    async with mail_server() as gone:
        closed = gone.hop
    await sender(closed).sweep()
    (row,) = await store.read(rows)
    assert (row.state, row.tries) == ("owed", 1)
    assert row.due_at == clock() + timedelta(minutes=1)
    async with mail_server() as server:
        assert await sender(server.hop).sweep() == 0
        clock.forward(minutes=1)
        assert await sender(server.hop).sweep() == 1
    assert len(server.accepted) == 1


@pytest.mark.parametrize("way", ["busy", "slow"])
async def test_a_server_that_cannot_now_is_asked_again(
    store: AsyncStore, clock: Clock, sender: Any, way: str
) -> None:
    await owe(store, clock, "alice@acme.example")
    async with mail_server(plan=[way, way]) as server:
        (row,) = await settle(store, clock, sender(server.hop))
    assert (row.state, row.tries) == ("sent", 3)
    assert len(server.accepted) == 1


async def test_a_server_that_drops_before_its_250_gets_the_very_same_mail_again(
    store: AsyncStore, clock: Clock, sender: Any
) -> None:
    await owe(store, clock, "alice@acme.example")
    async with mail_server(plan=["drop"]) as server:
        (row,) = await settle(store, clock, sender(server.hop))
    assert row.state == "sent"
    assert server.ids() == [row.message_id, row.message_id]
    assert server.accepted[0] == server.accepted[1]


async def test_a_second_250_does_no_harm(store: AsyncStore, clock: Clock, sender: Any) -> None:
    await owe(store, clock, "alice@acme.example", "bob@acme.example")
    async with mail_server(plan=["twice", "twice"]) as server:
        found = await settle(store, clock, sender(server.hop))
    assert [row.state for row in found] == ["sent", "sent"]
    assert len(server.accepted) == 2


async def test_a_recipient_refused_for_good_fails_at_once_and_visibly(
    store: AsyncStore, clock: Clock, sender: Any, records: list[dict[str, Any]]
) -> None:
    await owe(store, clock, "gone@acme.example")
    async with mail_server(refuse={"gone@acme.example"}) as server:
        await sender(server.hop).sweep()
    (row,) = await store.read(rows)
    assert (row.state, row.tries) == ("failed", 1)
    assert row.last_error == "550 5.1.1 no such user"
    assert [r["event"] for r in records if r["log_level"] == "error"] == ["mail.failed"]


async def test_a_mail_refused_for_good_after_its_last_dot_fails(
    store: AsyncStore, clock: Clock, sender: Any
) -> None:
    await owe(store, clock, "alice@acme.example")
    async with mail_server(plan=["never"]) as server:
        await sender(server.hop).sweep()
    (row,) = await store.read(rows)
    assert (row.state, row.last_error) == ("failed", "554 5.6.0 no")


async def test_one_bad_address_never_holds_back_the_others(
    store: AsyncStore, clock: Clock, sender: Any
) -> None:
    await owe(
        store,
        clock,
        "gone@a.example",
        "later@b.example",
        "no address",
        "alice@acme.example",
        "日本@c.example",
    )
    async with mail_server(refuse={"gone@a.example"}, later={"later@b.example"}) as server:
        await sender(server.hop).sweep()
    states = {row.recipient: row.state for row in await store.read(rows)}
    assert states == {
        "gone@a.example": "failed",
        "later@b.example": "owed",
        "no address": "failed",
        "alice@acme.example": "sent",
        "日本@c.example": "failed",
    }


async def test_a_mail_that_cannot_be_composed_fails_alone_and_is_logged(
    store: AsyncStore, clock: Clock, sender: Any, records: list[dict[str, Any]]
) -> None:
    await owe(store, clock, "alice@acme.example", "bob@acme.example")

    def spoil(session: Session) -> None:
        session.scalars(select(Outbox)).first().delivery_number = None  # type: ignore[union-attr]

    await store.run(spoil)
    async with mail_server() as server:
        await sender(server.hop).sweep()
    first, second = await store.read(rows)
    assert (first.state, second.state) == ("failed", "sent")
    assert "could not be composed" in first.last_error
    assert "mail.not_composed" in [record["event"] for record in records]


async def test_a_kind_nobody_writes_fails_its_row_only(store: AsyncStore, clock: Clock, sender: Any) -> None:
    await owe(store, clock, "alice@acme.example")
    async with mail_server() as server:
        lone = replace(sender(server.hop), writers={})
        await lone.sweep()
    (row,) = await store.read(rows)
    assert row.state == "failed"


async def test_a_note_reaches_the_operator(store: AsyncStore, clock: Clock, sender: Any) -> None:
    await store.run(
        outbox.owe,
        "note",
        "ops@example.org",
        new_id=lambda: "<n.1@fax.example.org>",
        now=clock(),
        data={"subject": "Line usb0\r\nBcc: x@y is out of service", "text": "No dial tone.\nThree times."},
    )
    async with mail_server() as server:
        await sender(server.hop).sweep()
    mail = parsed(server.accepted[0])
    assert mail["Subject"] == "Line usb0 Bcc: x@y is out of service"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert text_of(mail).splitlines() == ["No dial tone.", "Three times."]


async def test_a_strangers_mail_to_the_operator_is_attached_as_it_came(
    store: AsyncStore, clock: Clock, sender: Any, blobs: LocalBlobs
) -> None:
    raw = b"From: x@y\r\nContent-Type: multipart/mixed; boundary=\xff\r\n\r\nhello\r\n"
    await store.run(
        outbox.owe,
        "note",
        "ops@example.org",
        new_id=lambda: "<n.2@fax.example.org>",
        now=clock(),
        data={"subject": "Mail from x@y", "text": "It is attached.", "blob": blobs.put("message", raw)},
    )
    async with mail_server() as server:
        await sender(server.hop).sweep()
    (attachment,) = parsed(server.accepted[0]).iter_attachments()
    assert attachment.get_filename() == "message.eml"
    assert attachment.get_content() == raw


async def test_a_crash_before_the_row_is_closed_sends_the_same_mail_when_the_lease_is_over(
    store: AsyncStore, clock: Clock, sender: Any
) -> None:
    await owe(store, clock, "alice@acme.example")
    async with mail_server() as server:
        await store.run(outbox.claim_due, "dead worker", clock(), LEASE)
        assert await sender(server.hop).sweep() == 0
        clock.forward(minutes=11)
        assert await sender(server.hop).sweep() == 1
    (row,) = await store.read(rows)
    assert (row.state, server.ids()) == ("sent", [row.message_id])


async def test_a_sender_that_lost_its_lease_writes_nothing(
    store: AsyncStore, clock: Clock, sender: Any, records: list[dict[str, Any]]
) -> None:
    await owe(store, clock, "alice@acme.example")
    async with mail_server() as server:
        slow = sender(server.hop)

        async def deliver_late(mail: OutgoingMail) -> str:
            clock.forward(minutes=11)
            await store.run(outbox.claim_due, "another", clock(), LEASE)
            return await server.hop.deliver(mail)

        await replace(slow, deliver=deliver_late).sweep()
    (row,) = await store.read(rows)
    assert (row.state, row.worker) == ("sending", "another")
    assert "mail.lease_lost" in [record["event"] for record in records]


async def test_no_more_mails_are_under_way_at_once_than_allowed(
    store: AsyncStore, clock: Clock, sender: Any
) -> None:
    await owe(store, clock, *(f"u{n}@acme.example" for n in range(12)))
    under_way, most = 0, 0
    all_hands = asyncio.Barrier(3)

    async def deliver(_: OutgoingMail) -> str:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        await asyncio.wait_for(all_hands.wait(), 30)
        under_way -= 1
        return "250 OK"

    bounded = replace(sender(NextHop("127.0.0.1", 1, tls=False, name="x")), deliver=deliver, at_once=3)
    assert await bounded.sweep() == 12
    assert most == 3


async def test_the_role_sends_what_comes_while_it_runs_and_stops_when_told(
    store: AsyncStore, clock: Clock, sender: Any
) -> None:
    stop = asyncio.Event()
    async with mail_server() as server:
        role = asyncio.create_task(sender(server.hop).run(stop))
        for name in ("alice", "bob"):
            await owe(store, clock, f"{name}@acme.example")
            assert await asyncio.wait_for(server.arrivals.get(), 30) == f"{name}@acme.example"
        stop.set()
        await role
    assert len(server.accepted) == 2


async def test_a_slow_mail_does_not_hold_up_the_role(store: AsyncStore, clock: Clock, sender: Any) -> None:
    stop = asyncio.Event()
    async with mail_server() as server:
        stuck = asyncio.Event()

        async def deliver(mail: OutgoingMail) -> str:
            if mail.recipient == "slow@acme.example":
                await stuck.wait()
            return await server.hop.deliver(mail)

        role = asyncio.create_task(replace(sender(server.hop), deliver=deliver).run(stop))
        await owe(store, clock, "slow@acme.example", "alice@acme.example")
        assert await asyncio.wait_for(server.arrivals.get(), 30) == "alice@acme.example"
        stop.set()
        stuck.set()
        await role
    assert {row.state for row in await store.read(rows)} == {"sent"}


@pytest.mark.parametrize("seed", range(5))
async def test_whatever_the_server_does_each_mail_ends_sent_once_or_failed_with_a_reason(
    store: AsyncStore, clock: Clock, sender: Any, seed: int
) -> None:
    chance = random.Random(seed)
    await owe(store, clock, *(f"u{n}@acme.example" for n in range(10)))
    plan = [chance.choice(["busy", "drop", "twice", "take", "never", "take"]) for _ in range(60)]
    async with mail_server(plan=plan, refuse={"u3@acme.example"}, later={"u7@acme.example"}) as server:
        found = await settle(store, clock, sender(server.hop))
    taken = server.ids()
    for row in found:
        assert (row.state, row.message_id in taken) in (("sent", True), ("failed", False), ("failed", True))
        assert row.state == "sent" or row.last_error
    bodies: dict[str, set[bytes]] = {}
    for content in server.accepted:
        bodies.setdefault(str(parsed(content)["Message-ID"]), set()).add(content)
    assert all(len(different) == 1 for different in bodies.values())
    assert {row.recipient for row in found if row.state == "failed"} >= {"u3@acme.example", "u7@acme.example"}
