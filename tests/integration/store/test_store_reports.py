"""Which mails an end owes and to whom, on both databases."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import event, select

from gateway.domain.outcome import Cause
from gateway.store import faxes, history, queue, reports, resend
from gateway.store.faxes import Recipient
from gateway.store.models import Account, Delivery, Fax, Message, Outbox, User

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session
    from store_fixtures import House

ALICE = "alice@acme.example"
OPS = "ops@acme.example"
NUMBER, OTHER = "0081312345678", "0081312345679"


def notify(house: House, **table: Any) -> None:
    def change(session: Session) -> None:
        account = session.scalars(select(Account)).one()
        account.settings = {**account.settings, "notify": table}

    house.run(change)


def simulated(*statuses: int) -> list[Recipient]:
    """Recipients that end as soon as their fax is drawn, with these status numbers."""
    return [Recipient(f"0099999999{n:04d}", simulated_status=s) for n, s in enumerate(statuses)]


def mails(house: House) -> list[tuple[str, str, int | None, int | None]]:
    with house.store.reading() as session:
        rows = session.scalars(select(Outbox).order_by(Outbox.id)).all()
    return [(row.kind, row.recipient, row.delivery_number, row.fax_id) for row in rows]


def kinds(house: House) -> list[str]:
    return [kind for kind, *_ in mails(house)]


def sent(house: House, *statuses: int, **named: Any) -> list[int]:
    numbers = house.accept(recipients=simulated(*statuses), **named)
    house.draw()
    return numbers


def with_message(house: House, *, sender: str = ALICE, envelope: dict[str, Any] | None = None) -> None:
    """Give the newest fax the mail it came by."""

    def write(session: Session) -> None:
        fax = session.scalars(select(Fax).order_by(Fax.id.desc()).limit(1)).one()
        fax.message = Message(
            account_id=fax.account_id,
            door="smtp",
            blob="mail/ab/cd",
            size=1,
            sha256="ab",
            sender=sender,
            envelope=envelope or {},
            received_at=house.now,
        )

    house.run(write)


def asked(house: House, numbers: Sequence[int], *words: str) -> None:
    def write(session: Session) -> None:
        for number in numbers:
            session.get_one(Delivery, number).dsn = {"notify": list(words)}

    house.run(write)


def test_one_result_a_number(house: House) -> None:
    first, second = sent(house, 0, 6017)
    assert mails(house) == [("result", ALICE, first, None), ("result", ALICE, second, None)]


def test_the_default_address_gets_a_copy(house: House) -> None:
    notify(house, default_address=OPS)
    (number,) = sent(house, 0)
    assert mails(house) == [("result", ALICE, number, None), ("result", OPS, number, None)]


def test_or_it_gets_the_result_alone(house: House) -> None:
    notify(house, default_address=OPS, only_default=True)
    (number,) = sent(house, 0)
    assert mails(house) == [("result", OPS, number, None)]


def test_two_mails_about_one_end_have_two_message_ids(house: House) -> None:
    notify(house, default_address=OPS)
    sent(house, 0)
    with house.store.reading() as session:
        assert len(set(session.scalars(select(Outbox.message_id)))) == 2


def test_only_failures_if_the_account_wants_it_so(house: House) -> None:
    notify(house, when="failure")
    _, failed = sent(house, 0, 6017)
    assert mails(house) == [("result", ALICE, failed, None)]


def test_a_mail_may_ask_for_silence(house: House) -> None:
    sent(house, 0, 6017, options={"notify": "never"})
    assert mails(house) == []


def test_a_user_chooses_over_the_account(house: House) -> None:
    notify(house, when="always", default_address=OPS)

    def user(session: Session) -> int:
        row = User(account_id=1, login="alice", settings={"notify": {"when": "failure"}}, roles=[])
        session.add(row)
        session.flush()
        return row.id

    user_id = house.run(user)
    house.accept(recipients=simulated(0, 6017))

    def own(session: Session) -> None:
        session.scalars(select(Fax)).one().user_id = user_id

    house.run(own)
    house.draw()
    assert [(kind, to) for kind, to, *_ in mails(house)] == [("result", ALICE), ("result", OPS)]


def test_a_list_is_summed_up_when_its_last_number_has_come_to_rest(house: House) -> None:
    house.accept(recipients=[*simulated(0, 6017), Recipient(NUMBER)])

    def a_list(session: Session) -> None:
        session.scalars(select(Fax)).one().batch = "customers"

    house.run(a_list)
    house.draw()
    assert mails(house) == []
    house.call(["confirmed", "confirmed"]).finish()
    assert mails(house) == [("batch", ALICE, None, 1)]


@pytest.mark.parametrize(
    ("when", "statuses", "owed"),
    [
        ("success", (0, 0), ["batch"]),
        ("success", (0, 6017), []),
        ("failure", (0, 0), []),
        ("failure", (0, 6017), ["batch"]),
        ("never", (0, 6017), []),
    ],
)
def test_a_summary_is_a_success_if_all_of_it_was(
    house: House, when: str, statuses: tuple[int, ...], owed: list[str]
) -> None:
    notify(house, when=when, batch=True)
    sent(house, *statuses)
    assert kinds(house) == owed


def test_a_refused_fax_to_several_numbers_has_one_summary(house: House) -> None:
    notify(house, batch=True)
    house.accept(NUMBER, OTHER)
    lease = house.run(faxes.claim_fax, "drawer/1", house.now, house.later(minutes=1) - house.now)
    house.run(faxes.refuse, lease, Cause.TOO_MANY_PAGES, "too many", house.now, new_id=house.new_id)
    assert mails(house) == [("batch", ALICE, None, 1)]


def test_one_number_is_no_batch(house: House) -> None:
    notify(house, batch=True)
    sent(house, 0)
    assert kinds(house) == ["result"]


def test_a_number_of_a_list_sent_again_later_has_a_result_of_its_own(house: House) -> None:
    notify(house, batch=True)
    _, busy = sent(house, 0, 6017)
    again = house.run(resend.resend, busy, house.now, actor="test", new_id=house.new_id)
    assert mails(house) == [("batch", ALICE, None, 1), ("result", ALICE, again.number, None)]


def test_a_number_sent_again_before_the_others_are_done_is_not_in_the_summary(house: House) -> None:
    notify(house, batch=True)
    busy, _ = house.accept(recipients=[*simulated(6017), Recipient(NUMBER)])
    house.draw()
    again = house.run(resend.resend, busy, house.now, actor="test", new_id=house.new_id)
    assert mails(house) == [("result", ALICE, again.number, None)]
    house.call(["confirmed", "confirmed"]).finish()
    assert kinds(house) == ["result", "batch"]


def test_an_uncertain_number_does_not_hold_the_summary_up_and_is_told_of_later(house: House) -> None:
    def ask(session: Session) -> None:
        session.scalars(select(Account)).one().uncertain = "ask"

    notify(house, batch=True)
    house.run(ask)
    _, unsure = house.accept(recipients=[*simulated(0), Recipient(NUMBER)])
    house.draw()
    house.call(["confirmed", "awaiting"]).finish(Cause.NO_RESPONSE_PAGE)
    assert kinds(house) == ["batch"]
    house.run(queue.resolve, unsure, send_again=False, now=house.now, new_id=house.new_id)
    assert kinds(house) == ["batch", "result"]


def test_a_client_that_asked_gets_a_report_at_its_envelope_address(house: House) -> None:
    numbers = house.accept(recipients=simulated(0, 6017), sender=ALICE, notify_to=OPS)
    with_message(house)
    asked(house, numbers, "failure")
    house.draw()
    assert mails(house) == [
        ("result", OPS, numbers[0], None),
        ("result", OPS, numbers[1], None),
        ("dsn", ALICE, numbers[1], None),
    ]


def test_the_report_goes_out_instead_of_the_result(house: House) -> None:
    notify(house, dsn="instead")
    numbers = house.accept(recipients=simulated(0, 6017))
    with_message(house)
    asked(house, numbers, "success", "failure")
    house.draw()
    assert kinds(house) == ["dsn", "dsn"]


def test_a_fax_without_a_mail_owes_no_report(house: House) -> None:
    numbers = house.accept(recipients=simulated(6017))
    asked(house, numbers, "failure")
    house.draw()
    assert kinds(house) == ["result"]


def test_a_list_is_one_address_to_its_client_and_not_reported_number_by_number(house: House) -> None:
    numbers = house.accept(recipients=simulated(0, 6017))
    with_message(house)
    asked(house, numbers, "success", "failure")

    def a_list(session: Session) -> None:
        session.scalars(select(Fax)).one().batch = "customers"

    house.run(a_list)
    house.draw()
    assert kinds(house) == ["batch"]


def test_a_receipt_is_owed_once_to_the_sender_who_asked(house: House) -> None:
    notify(house, mdn=True)
    house.accept(recipients=simulated(0, 6017))
    with_message(house, envelope={"disposition_to": "Alice@ACME.example"})
    house.draw()
    assert sorted(kinds(house)) == ["mdn", "result", "result"]
    assert ("mdn", ALICE, None, 1) in mails(house)


def test_who_asks_for_a_receipt_is_read_with_the_mail(house: House) -> None:
    notify(house, mdn=True)
    house.accept(recipients=simulated(0))
    with_message(house, envelope={"envid": "7"})
    house.draw(disposition_to=ALICE)
    assert sorted(kinds(house)) == ["mdn", "result"]
    with house.store.reading() as session:
        assert session.scalars(select(Message.envelope)).one() == {"envid": "7", "disposition_to": ALICE}


@pytest.mark.parametrize("asker", ["", "mallory@evil.example"])
def test_a_receipt_goes_nowhere_else(house: House, asker: str) -> None:
    notify(house, mdn=True)
    house.accept(recipients=simulated(0))
    with_message(house, envelope={"disposition_to": asker})
    house.draw()
    assert kinds(house) == ["result"]


def test_receipts_are_off_unless_an_account_wants_them(house: House) -> None:
    house.accept(recipients=simulated(0))
    with_message(house, envelope={"disposition_to": ALICE})
    house.draw()
    assert kinds(house) == ["result"]


def test_a_refusal_names_its_account_and_quotes_the_mail(house: House) -> None:
    def refuse(session: Session) -> None:
        account = session.scalars(select(Account)).one()
        reports.owe_refusal(
            session,
            account,
            ALICE,
            Cause.NOTHING_TO_SEND,
            "The mail holds no TIFF.",
            now=house.now,
            new_id=house.new_id,
            subject="0312345678",
            request_id="<1@acme.example>",
        )

    house.run(refuse)
    with house.store.reading() as session:
        row = session.scalars(select(Outbox)).one()
    assert (row.kind, row.recipient, row.delivery_number, row.fax_id) == ("refusal", ALICE, None, None)
    assert row.data == {
        "account_id": 1,
        "user_id": None,
        "cause": "nothing-to-send",
        "reason": "The mail holds no TIFF.",
        "subject": "0312345678",
        "request_id": "<1@acme.example>",
        "face": "",
        "in_part": False,
    }
    notify(house, when="success")
    house.run(refuse)
    assert len(mails(house)) == 1


def test_mails_about_a_number_are_those_of_its_fax_too(house: House) -> None:
    notify(house, batch=True)
    first, second = sent(house, 0, 0)
    (other,) = sent(house, 0)
    for number in (first, second):
        assert [row.kind for row in house.store.read(history.mails_about, number)] == ["batch"]
    assert [row.delivery_number for row in house.store.read(history.mails_about, other)] == [other]


def test_a_refused_list_is_asked_about_once_however_long_it_is(house: House) -> None:
    def statements(numbers: int) -> int:
        house.accept(*(f"00813{n:08d}" for n in range(numbers)))

        def a_list(session: Session) -> None:
            session.scalars(select(Fax).order_by(Fax.id.desc()).limit(1)).one().batch = "customers"

        house.run(a_list)
        lease = house.run(faxes.claim_fax, "drawer/1", house.now, timedelta(minutes=5))
        said: list[str] = []

        def listen(*arguments: Any) -> None:
            said.append(arguments[2])

        event.listen(house.store.engine, "before_cursor_execute", listen)
        house.run(faxes.refuse, lease, Cause.TOO_MANY_PAGES, "too many", house.now, new_id=house.new_id)
        event.remove(house.store.engine, "before_cursor_execute", listen)
        return len(said)

    assert statements(10) == statements(200)
    assert kinds(house) == ["batch", "batch"]
