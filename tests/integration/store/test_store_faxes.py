"""Faxes from acceptance to pages or refusal, on both databases."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select
from store_fixtures import NOON, House

from gateway.domain.errors import LostLease
from gateway.domain.outcome import Cause
from gateway.domain.states import DeliveryState, FaxState
from gateway.store import accounts, audit, events, faxes
from gateway.store.models import BlobRow, Message, Outbox

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from gateway.store.leases import FaxLease

BLOB = "message/cd/cd" + "0" * 62
MINUTE = timedelta(seconds=60)


def claimed(house: House) -> FaxLease:
    lease: FaxLease | None = house.run(faxes.claim_fax, "drawer/1", house.now, MINUTE)
    assert lease is not None
    return lease


def store(house: House, dedupe: str | None = None) -> None:
    def write(session: Session) -> None:
        account = accounts.account_named(session, "acme")
        assert account is not None
        message = faxes.store_message(
            session,
            account_id=account.id,
            door="smtp",
            blob=BLOB,
            size=123,
            sha256="cd" + "0" * 62,
            sender="alice@acme.example",
            message_id="<1@acme.example>",
            dedupe=dedupe,
            peer="192.0.2.1",
            evidence={"network": "trusted"},
            now=house.now,
        )
        recipient = faxes.Recipient("0081312345678")
        faxes.create_fax(session, account=account, message=message, recipients=[recipient], now=house.now)

    house.run(write)


def test_every_recipient_is_a_delivery_with_its_own_number_in_order(house: House) -> None:
    numbers = house.accept("0081312345678", "0081612345678", "00442079460000")
    assert numbers == sorted(numbers)
    assert [house.delivery(n).destination for n in numbers] == [
        "0081312345678",
        "0081612345678",
        "00442079460000",
    ]
    assert {house.delivery(n).state for n in numbers} == {DeliveryState.CREATED}
    (event,) = house.store.read(events.since, 0)
    assert (event.kind, event.number, event.data) == ("fax.accepted", numbers[0], {"numbers": numbers})


def test_a_fax_to_nobody_is_refused(house: House) -> None:
    with pytest.raises(ValueError, match="recipient"):
        house.accept()


def test_the_message_and_its_blob_are_written_with_the_fax(house: House) -> None:
    store(house)
    with house.store.reading() as session:
        message = session.scalars(select(Message)).one()
        assert (message.blob, message.door, message.evidence) == (BLOB, "smtp", {"network": "trusted"})
        assert session.get_one(BlobRow, BLOB).size == 123
    lease = claimed(house)
    assert (lease.blob, lease.door, lease.sender) == (BLOB, "smtp", "alice@acme.example")


def test_a_fax_without_a_message_can_be_claimed_too(house: House) -> None:
    (number,) = house.accept("0081312345678")
    lease = claimed(house)
    assert (lease.blob, lease.door, lease.number) == (None, "", number)


def test_the_oldest_fax_is_drawn_first(house: House) -> None:
    first, second = house.accept("0081312345678"), house.accept("0081612345678")
    assert [claimed(house).number, claimed(house).number] == first + second
    assert house.run(faxes.claim_fax, "drawer/1", house.now, MINUTE) is None


def test_drawing_writes_what_the_message_asked_for(house: House) -> None:
    (number,) = house.accept("0081312345678", options={"resolution": "standard"}, subject="raw")
    house.draw(
        3,
        subject="Order 5521",
        notify_to="bob@acme.example",
        options={"resolution": "fine"},
        warnings=["unknown-modifier"],
        contacts={"0081312345678": "Tanaka"},
        due_at=NOON + timedelta(days=1),
        max_dials=2,
        priority=7,
    )
    delivery = house.delivery(number)
    fax = delivery.fax
    assert (fax.state, fax.pages, fax.subject) == (FaxState.READY, 3, "Order 5521")
    assert (fax.notify_to, fax.options, fax.warnings) == (
        "bob@acme.example",
        {"resolution": "fine"},
        ["unknown-modifier"],
    )
    assert (delivery.state, delivery.contact, delivery.max_dials, delivery.priority) == (
        DeliveryState.QUEUED,
        "Tanaka",
        2,
        7,
    )
    assert delivery.due_at == NOON + timedelta(days=1)


def test_drawing_leaves_what_the_message_did_not_say(house: House) -> None:
    (number,) = house.accept("0081312345678", subject="kept", priority=3)
    house.draw(1)
    delivery = house.delivery(number)
    assert (delivery.fax.subject, delivery.fax.notify_to) == ("kept", "alice@acme.example")
    assert (delivery.priority, delivery.max_dials, delivery.interval_minutes) == (3, 4, None)


def test_a_time_in_the_past_means_now(house: House) -> None:
    (number,) = house.accept("0081312345678")
    house.draw(1, due_at=NOON - timedelta(days=1))
    assert house.delivery(number).due_at == NOON


@pytest.mark.parametrize(
    ("status", "state", "pages"), [(0, DeliveryState.SENT, 2), (6017, DeliveryState.FAILED, 0)]
)
def test_a_simulator_number_ends_without_a_call_and_says_so(
    house: House, status: int, state: DeliveryState, pages: int
) -> None:
    recipient = faxes.Recipient(f"009999999{status:04d}", simulated_status=status)
    (number,) = house.accept(recipients=[recipient])
    house.draw(2)
    delivery = house.delivery(number)
    assert (delivery.state, delivery.cause, delivery.pages_confirmed) == (state, Cause.SIMULATED, pages)
    assert (delivery.attempts, delivery.dials) == ([], 0)
    assert house.claim() is None
    with house.store.reading() as session:
        assert session.scalars(select(Outbox.delivery_number)).all() == [number]


def test_a_refused_fax_has_its_row_in_the_account_s_audit(house: House) -> None:
    (number,) = house.accept("0081312345678")
    lease = claimed(house)
    house.run(faxes.refuse, lease, Cause.BAD_OPTION, "/d: no time", house.now, new_id=house.new_id)
    (row,) = (row for row in house.store.read(audit.latest, account_id=1) if row.action == "fax.refused")
    assert row.data == {"number": number, "cause": "bad-option", "detail": "/d: no time"}


def test_a_refused_fax_fails_every_delivery_and_owes_every_result(house: House) -> None:
    numbers = house.accept("0081312345678", "0081612345678")
    lease = claimed(house)
    house.run(
        faxes.refuse,
        lease,
        Cause.ENCRYPTED_DOCUMENT,
        "contract.pdf",
        house.now,
        new_id=house.new_id,
        subject="Contract",
        notify_to="bob@acme.example",
    )
    for number in numbers:
        delivery = house.delivery(number)
        assert (delivery.state, delivery.cause) == (DeliveryState.FAILED, Cause.ENCRYPTED_DOCUMENT)
        assert delivery.cause_detail == "contract.pdf"
    fax = house.delivery(numbers[0]).fax
    assert (fax.state, fax.cause, fax.subject) == (
        FaxState.REFUSED,
        Cause.ENCRYPTED_DOCUMENT,
        "Contract",
    )
    with house.store.reading() as session:
        rows = session.scalars(select(Outbox)).all()
    assert [(row.recipient, row.delivery_number) for row in rows] == [
        ("bob@acme.example", number) for number in numbers
    ]
    assert house.kinds() == ["fax.accepted", "fax.refused", "delivery.failed", "delivery.failed"]


def test_a_drawing_that_is_given_back_is_drawn_by_another(house: House) -> None:
    house.accept("0081312345678")
    lease = claimed(house)
    house.run(faxes.give_back, lease)
    again = claimed(house)
    assert (again.fax_id, again.epoch) == (lease.fax_id, lease.epoch + 1)


def test_a_long_drawing_keeps_its_lease_by_renewing(house: House) -> None:
    house.accept("0081312345678")
    lease = claimed(house)
    house.later(seconds=50)
    house.run(faxes.renew_fax, lease, house.now, MINUTE)
    house.later(seconds=50)
    assert house.run(faxes.claim_fax, "drawer/2", house.now, MINUTE) is None


def test_a_lost_drawing_writes_nothing(house: House) -> None:
    house.accept("0081312345678")
    lost = claimed(house)
    house.later(seconds=61)
    claimed(house)
    with pytest.raises(LostLease):
        house.run(faxes.refuse, lost, Cause.RENDER_FAILED, "", house.now, new_id=house.new_id)
    with pytest.raises(LostLease):
        house.run(faxes.give_back, lost)
    with pytest.raises(LostLease):
        house.run(faxes.renew_fax, lost, house.now, MINUTE)


def test_a_fax_with_the_same_key_is_found_within_the_window_only(house: House) -> None:
    store(house, dedupe="d" * 64)
    found = house.run(faxes.find_duplicate, "d" * 64, NOON)
    assert found is not None
    assert [delivery.number for delivery in found.deliveries] == [1]
    assert house.run(faxes.find_duplicate, "e" * 64, NOON) is None
    assert house.run(faxes.find_duplicate, "d" * 64, NOON + timedelta(seconds=1)) is None


def test_a_delivery_is_shown_to_its_account_only(house: House) -> None:
    house.account(name="other", senders=["eve@other.example"])
    (mine,), (theirs,) = house.ready(), house.ready(sender="eve@other.example")
    account = house.delivery(mine).account_id
    assert house.store.read(faxes.get_delivery, theirs, account_id=account) is None
    assert house.store.read(faxes.get_fax, house.delivery(theirs).fax_id, account_id=account) is None
    listed = house.store.read(faxes.deliveries, account_id=account)
    assert [delivery.number for delivery in listed] == [mine]
    everybody = house.store.read(faxes.deliveries)
    assert [delivery.number for delivery in everybody] == [theirs, mine]
    assert [d.number for d in house.store.read(faxes.deliveries, before=theirs)] == [mine]
