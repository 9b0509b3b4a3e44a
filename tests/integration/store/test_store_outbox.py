"""Mails owed and receptions routed, on both databases."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from gateway.domain.errors import IllegalTransition, LostLease
from gateway.domain.outcome import Cause
from gateway.domain.states import ForwardState, ReceptionState
from gateway.store import events, outbox, receptions
from gateway.store.models import Forward, Outbox
from gateway.store.receptions import ForwardTo, StoredPage

if TYPE_CHECKING:
    from store_fixtures import House

    from gateway.store.leases import MailLease

MINUTE = timedelta(seconds=60)


def owe(house: House, recipient: str = "ops@x.example", **named: Any) -> None:
    house.run(outbox.owe, "note", recipient, new_id=house.new_id, now=house.now, **named)


def claim(house: House, worker: str = "out/1", limit: int = 1) -> list[MailLease]:
    leases: list[MailLease] = house.run(outbox.claim_due, worker, house.now, MINUTE, limit)
    return leases


def page(n: int, **changes: Any) -> StoredPage:
    values = {
        "n": n,
        "blob": f"page/ab/ab{n:062d}",
        "width": 1728,
        "rows": 2292,
        "resolution": "fine",
        "compression": "MR",
        **changes,
    }
    return StoredPage(**values)


def opened(house: House, **named: Any) -> int:
    values = {"line": "usb0", "worker": "host/usb0/1", "now": house.now, "called": "0081344772288", **named}
    return int(house.run(receptions.open_reception, **values))


def received(house: House, pages: int = 2) -> int:
    number = opened(house)
    for n in range(1, pages + 1):
        house.run(receptions.page_stored, number, page(n), house.now)
        house.run(receptions.page_confirmed, number, n)
    house.run(receptions.close_reception, number, cause=Cause.RECEIVED, now=house.now, complete=True)
    return number


def route(house: House, number: int, *addresses: str) -> list[int]:
    forwards = [ForwardTo(address, "pdf", f"token-{address}") for address in addresses]
    ids: list[int] = house.run(
        receptions.route,
        number,
        forwards,
        rule="called 0081344772288",
        now=house.now,
        new_id=house.new_id,
        account_id=1,
    )
    return ids


def test_a_mail_is_claimed_sent_and_closed(house: House) -> None:
    owe(house, data={"text": "hello"})
    (lease,) = claim(house)
    assert (lease.recipient, lease.kind, lease.tries, lease.data) == (
        "ops@x.example",
        "note",
        0,
        {"text": "hello"},
    )
    assert claim(house, "out/2") == []
    house.run(outbox.sent, lease, house.now)
    house.later(days=1)
    assert claim(house) == []
    (event,) = house.store.read(events.since, 0)
    assert (event.kind, event.data) == ("mail.sent", {"kind": "note", "recipient": "ops@x.example"})


def test_a_mail_that_was_not_taken_waits_for_its_time(house: House) -> None:
    owe(house)
    (lease,) = claim(house)
    house.run(outbox.again, lease, "451 later", house.now + timedelta(minutes=5))
    assert claim(house) == []
    house.later(minutes=5)
    (again,) = claim(house)
    assert (again.tries, again.message_id) == (1, lease.message_id)
    with house.store.reading() as session:
        assert session.scalars(select(Outbox.last_error)).one() == "451 later"


def test_a_mail_of_a_dead_sender_goes_to_the_next_and_the_dead_one_cannot_close_it(house: House) -> None:
    owe(house)
    (dead,) = claim(house)
    house.later(seconds=61)
    (alive,) = claim(house, "out/2")
    assert alive.message_id == dead.message_id
    for write in (
        lambda: house.run(outbox.sent, dead, house.now),
        lambda: house.run(outbox.again, dead, "", house.now),
        lambda: house.run(outbox.failed, dead, "", house.now),
    ):
        with pytest.raises(LostLease):
            write()
    house.run(outbox.sent, alive, house.now)


def test_one_bad_address_holds_up_nobody(house: House) -> None:
    for n in range(3):
        owe(house, f"{n}@x.example")
    bad, *good = claim(house, limit=3)
    house.run(outbox.again, bad, "no", house.now + timedelta(hours=1))
    for lease in good:
        house.run(outbox.sent, lease, house.now)
    with house.store.reading() as session:
        states = {row.recipient: row.state for row in session.scalars(select(Outbox))}
    assert states == {"0@x.example": "owed", "1@x.example": "sent", "2@x.example": "sent"}


def test_a_mail_may_be_owed_for_later(house: House) -> None:
    owe(house, due_at=house.now + timedelta(hours=2))
    assert claim(house) == []
    house.later(hours=2)
    assert len(claim(house)) == 1


def test_an_unknown_kind_of_mail_is_a_bug(house: House) -> None:
    with pytest.raises(ValueError, match="telegram"):
        house.run(outbox.owe, "telegram", "x", new_id=house.new_id, now=house.now)


def test_an_unknown_kind_of_event_is_a_bug(house: House) -> None:
    with pytest.raises(ValueError, match=r"fax\.eaten"):
        house.run(events.append, "fax.eaten", house.now)


def test_events_are_read_on_from_the_last_one_seen(house: House) -> None:
    for number in (1, 2, 1):
        house.run(events.append, "call.trace", house.now, number=number, account_id=1)
    first = house.store.read(events.since, 0, limit=1)
    rest = house.store.read(events.since, first[0].id)
    assert [event.number for event in rest] == [2, 1]
    assert house.store.read(events.last_id) == rest[-1].id
    assert [e.number for e in house.store.read(events.since, 0, number=2)] == [2]
    assert house.store.read(events.since, 0, account_id=2) == []
    assert house.store.read(events.since, 0, kinds=["mail.sent"]) == []


def test_a_transaction_sees_its_own_events(house: House) -> None:
    with house.store.begin() as session:
        events.append(session, "call.trace", house.now, number=5)
        assert [event.number for event in events.since(session, 0)] == [5]
    assert house.kinds() == ["call.trace"]


def test_the_events_of_a_failed_transaction_are_gone(house: House) -> None:
    def breaks(session: Any) -> None:
        events.append(session, "call.trace", house.now)
        raise RuntimeError

    with pytest.raises(RuntimeError):
        house.run(breaks)
    assert house.kinds() == []


def test_an_inbound_fax_is_stored_page_by_page_and_routed(house: House) -> None:
    number = received(house)
    (found,) = house.store.read(receptions.unrouted)
    assert (found.number, found.state, len(found.pages)) == (number, ReceptionState.COMPLETE, 2)
    route(house, number, "alice@acme.example", "backup@gmail.example")
    reception = house.store.read(receptions.get_reception, number)
    assert reception.state is ReceptionState.ROUTED
    assert reception.rule == "called 0081344772288"
    assert [(f.address, f.state) for f in reception.forwards] == [
        ("alice@acme.example", ForwardState.PENDING),
        ("backup@gmail.example", ForwardState.PENDING),
    ]
    assert [lease.recipient for lease in claim(house, limit=5)] == [
        "alice@acme.example",
        "backup@gmail.example",
    ]
    assert house.store.read(receptions.unrouted) == []
    assert house.kinds(number) == [
        "reception.started",
        "reception.page",
        "reception.page",
        "reception.closed",
    ]


def test_inbound_and_outbound_share_one_sequence_of_numbers(house: House) -> None:
    (fax,) = house.accept("0081312345678")
    number = opened(house)
    (next_fax,) = house.accept("0081312345678")
    assert fax < number < next_fax


def test_nobody_gets_the_same_fax_twice_by_two_routers(house: House) -> None:
    number = received(house)
    route(house, number, "alice@acme.example")
    with pytest.raises(IllegalTransition):
        route(house, number, "alice@acme.example")
    assert len(claim(house, limit=5)) == 1


def test_a_page_is_there_before_it_is_confirmed(house: House) -> None:
    number = opened(house)
    with pytest.raises(ValueError, match="never stored"):
        house.run(receptions.page_confirmed, number, 1)
    house.run(receptions.page_stored, number, page(1), house.now)
    assert [p.confirmed for p in house.store.read(receptions.get_reception, number).pages] == [False]
    house.run(receptions.page_confirmed, number, 1)
    assert [p.confirmed for p in house.store.read(receptions.get_reception, number).pages] == [True]


def test_a_page_that_was_not_confirmed_is_replaced_and_a_confirmed_one_never(house: House) -> None:
    number = opened(house)
    house.run(receptions.page_stored, number, page(1, bad_lines=90), house.now)
    house.run(receptions.page_stored, number, page(1, bad_lines=0), house.now)
    (stored,) = house.store.read(receptions.get_reception, number).pages
    assert stored.bad_lines == 0
    house.run(receptions.page_confirmed, number, 1)
    with pytest.raises(ValueError, match="confirmed already"):
        house.run(receptions.page_stored, number, page(1), house.now)


def test_a_call_that_broke_is_partial_and_still_delivered(house: House) -> None:
    number = opened(house)
    house.run(receptions.identified, number, remote_id="81 3 9999 0000", sub="42")
    house.run(receptions.page_stored, number, page(1), house.now)
    state = house.run(
        receptions.close_reception, number, cause=Cause.CALL_DROPPED, now=house.now, complete=False
    )
    assert state is ReceptionState.PARTIAL
    (found,) = house.store.read(receptions.unrouted)
    assert (found.remote_id, found.sub, found.cause) == ("81 3 9999 0000", "42", Cause.CALL_DROPPED)


def test_a_call_without_a_page_is_partial_and_forwarded_to_nobody(house: House) -> None:
    number = opened(house)
    state = house.run(
        receptions.close_reception, number, cause=Cause.NO_CARRIER, now=house.now, complete=True
    )
    assert state is ReceptionState.PARTIAL
    assert house.store.read(receptions.unrouted) == []


def test_a_caller_with_no_number_but_something_long_is_answered_all_the_same(house: House) -> None:
    number = opened(house, caller="sip:alice\0\x1b@" + "x" * 200 + ".example", called="")
    assert house.store.read(receptions.get_reception, number).caller == "sip:alice@" + "x" * 30


def test_a_dead_workers_receptions_are_closed_as_partial(house: House) -> None:
    mine, other = opened(house), opened(house, worker="host/usb1/1")
    house.run(receptions.page_stored, mine, page(1), house.now)
    assert house.run(receptions.recover_receptions, house.now, worker_prefix="host/usb0/") == [mine]
    reception = house.store.read(receptions.get_reception, mine)
    assert (reception.state, reception.cause) == (ReceptionState.PARTIAL, Cause.INTERNAL)
    assert house.store.read(receptions.get_reception, other).state is ReceptionState.RECEIVING


def test_the_dead_worker_writes_no_more_pages(house: House) -> None:
    number = opened(house)
    house.run(receptions.recover_receptions, house.now, worker_prefix="host/usb0/")
    for write in (
        lambda: house.run(receptions.page_stored, number, page(1), house.now),
        lambda: house.run(receptions.page_confirmed, number, 1),
        lambda: house.run(receptions.identified, number, remote_id="x"),
        lambda: house.run(
            receptions.close_reception, number, cause=Cause.RECEIVED, now=house.now, complete=True
        ),
    ):
        with pytest.raises(LostLease):
            write()


def test_a_forward_is_sent_or_failed_with_its_mail(house: House) -> None:
    number = received(house)
    route(house, number, "good@x.example", "bad@x.example")
    good, bad = claim(house, limit=2)
    house.run(outbox.sent, good, house.now)
    house.run(outbox.failed, bad, "550 no such user", house.now)
    with house.store.reading() as session:
        rows = {row.address: row for row in session.scalars(select(Forward))}
    assert rows["good@x.example"].state is ForwardState.SENT
    assert rows["good@x.example"].sent_at == house.now
    assert rows["bad@x.example"].state is ForwardState.FAILED
    assert rows["bad@x.example"].detail == "550 no such user"
    assert house.kinds(number)[-2:] == ["forward.sent", "forward.failed"]


def test_receptions_are_listed_newest_first_and_to_their_account_only(house: House) -> None:
    first, second = received(house), received(house)
    route(house, first, "alice@acme.example")
    assert [r.number for r in house.store.read(receptions.receptions)] == [second, first]
    assert [r.number for r in house.store.read(receptions.receptions, account_id=1)] == [first]
    assert [r.number for r in house.store.read(receptions.receptions, before=second)] == [first]
    assert house.store.read(receptions.get_reception, second, account_id=1) is None
