"""The one door behind every way in: what one submission writes, and what a repeated one does not."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from gateway.domain.states import DeliveryState, FaxState
from gateway.intake.submission import Accepted, Submission, accept
from gateway.store import accounts
from gateway.store.faxes import Recipient
from gateway.store.models import Account, Audit, BlobRow, Delivery, Event, Fax, Message

if TYPE_CHECKING:
    from gateway.store.database import Store

NOON = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
A, B = Recipient("0081312345678", "Jane"), Recipient("0081344772288")
BLOB = "message/ab/ab" + "0" * 62
ACCOUNTS = [
    {"name": "acme", "country": "81", "senders": ["alice@acme.example"], "retries": {"dials": 2}},
    {"name": "other", "country": "81", "senders": ["bob@other.example"]},
]


@pytest.fixture(autouse=True)
def two_accounts(store: Store) -> None:
    store.run(accounts.provision, ACCOUNTS, now=NOON)


def account_id(store: Store, name: str = "acme") -> int:
    with store.reading() as session:
        account = accounts.account_named(session, name)
        assert account is not None
        return account.id


def a_submission(store: Store, *recipients: Recipient, **known: Any) -> Submission:
    base = Submission(
        door="smtp",
        account_id=account_id(store),
        sender="alice@acme.example",
        recipients=recipients or (A,),
        blob=BLOB,
        size=7,
        sha256=BLOB[-64:],
        message_id="<1@acme.example>",
        dedupe="d" * 64,
        peer="192.0.2.1",
        evidence={"by": "envelope"},
    )
    return replace(base, **known)


def rows(store: Store, kind: type[Any]) -> list[Any]:
    with store.reading() as session:
        return list(session.query(kind).order_by(next(iter(kind.__table__.primary_key))))


def test_everything_is_written_in_one_transaction(store: Store) -> None:
    accepted = store.run(accept, a_submission(store, A, B), NOON)
    [message], [fax], deliveries = rows(store, Message), rows(store, Fax), rows(store, Delivery)
    assert accepted == Accepted(tuple(d.number for d in deliveries), duplicate=False)
    assert accepted.number == deliveries[0].number
    assert (fax.message_id, fax.state, fax.notify_to) == (message.id, FaxState.ACCEPTED, "alice@acme.example")
    assert [(d.destination, d.contact, d.state, d.max_dials) for d in deliveries] == [
        ("0081312345678", "Jane", DeliveryState.CREATED, 2),
        ("0081344772288", "", DeliveryState.CREATED, 2),
    ]
    assert (message.blob, message.size, message.peer) == (BLOB, 7, "192.0.2.1")
    assert (message.evidence, message.received_at) == ({"by": "envelope"}, NOON)
    assert [(row.key, row.size) for row in rows(store, BlobRow)] == [(BLOB, 7)]
    assert [event.kind for event in rows(store, Event)] == ["fax.accepted"]
    [line] = [line for line in rows(store, Audit) if line.action == "submission.accepted"]
    assert (line.actor, line.data["numbers"]) == ("alice@acme.example", list(accepted.numbers))


def test_a_failure_leaves_nothing(store: Store) -> None:
    def accept_and_fail(session: Any) -> None:
        accept(session, a_submission(store), NOON)
        raise ZeroDivisionError

    submission = a_submission(store)
    assert submission
    with pytest.raises(ZeroDivisionError):
        store.run(accept_and_fail)
    assert [rows(store, kind) for kind in (Message, Fax, Delivery, Event, BlobRow)] == [[]] * 5


def test_the_same_number_twice_is_one_delivery(store: Store) -> None:
    accepted = store.run(accept, a_submission(store, A, replace(A, contact="J."), B), NOON)
    assert len(accepted.numbers) == len(rows(store, Delivery)) == 2


def test_a_repeated_submission_gets_the_old_numbers(store: Store) -> None:
    first = store.run(accept, a_submission(store, A, B), NOON)
    again = store.run(accept, a_submission(store, B, A), NOON + HOUR)
    assert again == Accepted((first.numbers[1], first.numbers[0]), duplicate=True)
    assert len(rows(store, Fax)) == 1
    assert [line.action for line in rows(store, Audit)][-1] == "submission.duplicate"


def test_only_numbers_that_did_not_get_it_become_a_new_fax(store: Store) -> None:
    first = store.run(accept, a_submission(store, A), NOON)
    second = store.run(accept, a_submission(store, A, B), NOON + HOUR)
    assert second.duplicate is False
    assert second.numbers[0] == first.number
    assert [(d.destination, d.fax_id) for d in rows(store, Delivery)] == [
        (A.destination, rows(store, Fax)[0].id),
        (B.destination, rows(store, Fax)[1].id),
    ]
    third = store.run(accept, a_submission(store, B, A), NOON + HOUR)
    assert third == Accepted(tuple(reversed(second.numbers)), duplicate=True)


@pytest.mark.parametrize(
    "other",
    [{"dedupe": "e" * 64}, {"dedupe": None}, {"message_id": "<2@acme.example>"}],
    ids=["another text", "no key", "another Message-ID"],
)
def test_what_differs_is_a_new_fax(store: Store, other: dict[str, Any]) -> None:
    store.run(accept, a_submission(store), NOON)
    assert store.run(accept, a_submission(store, **other), NOON).duplicate is False
    assert len(rows(store, Fax)) == 2


def test_another_account_never_sees_our_numbers(store: Store) -> None:
    ours = store.run(accept, a_submission(store), NOON)
    theirs = store.run(accept, a_submission(store, account_id=account_id(store, "other")), NOON)
    assert theirs.duplicate is False
    assert theirs.number != ours.number


@pytest.mark.parametrize(
    ("later", "duplicate"), [(24 * HOUR, True), (24 * HOUR + timedelta(seconds=1), False)]
)
def test_the_window_is_a_day(store: Store, later: timedelta, duplicate: bool) -> None:
    store.run(accept, a_submission(store), NOON)
    assert store.run(accept, a_submission(store), NOON + later).duplicate is duplicate


def test_copies_that_arrive_at_once_are_one_fax(store: Store) -> None:
    submission = a_submission(store, A, B)
    barrier, numbers = threading.Barrier(6), []

    def send() -> None:
        barrier.wait(20)
        numbers.append(store.run(accept, submission, NOON).numbers)

    threads = [threading.Thread(target=send) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(numbers) == 6
    assert len(set(numbers)) == 1
    assert len(rows(store, Fax)) == 1


def test_different_submissions_at_once_get_different_numbers(store: Store) -> None:
    submissions = [a_submission(store, dedupe=f"{n:064}") for n in range(6)]
    numbers = []
    threads = [
        threading.Thread(target=lambda s=s: numbers.append(store.run(accept, s, NOON).number))
        for s in submissions
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(numbers)) == 6


def test_numbers_of_the_simulator_keep_their_status(store: Store) -> None:
    store.run(accept, a_submission(store, Recipient("0099999996017", simulated_status=6017)), NOON)
    assert [d.simulated_status for d in rows(store, Delivery)] == [6017]


def test_an_account_that_is_gone_is_an_error_and_no_row(store: Store) -> None:
    with pytest.raises(Exception, match=r"(?i)foreign|found"):
        store.run(accept, a_submission(store, account_id=999), NOON)
    assert rows(store, Message) == []
    assert len(rows(store, Account)) == 2
