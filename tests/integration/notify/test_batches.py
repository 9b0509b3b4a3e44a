"""From the rows of a list to its summary."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from notify_fixtures import Clock, mail_server, parsed, text_of

from gateway.domain.outcome import Cause
from gateway.domain.states import DeliveryState
from gateway.store import faxes, outbox
from gateway.store.models import Account, Attempt, Delivery, Page

if TYPE_CHECKING:
    from collections.abc import Callable
    from email.message import EmailMessage

    from sqlalchemy.orm import Session

    from gateway.store.database import AsyncStore

DONE = {"state": DeliveryState.SENT, "cause": Cause.SENT, "pages_confirmed": 3}
FAILED = {"state": DeliveryState.FAILED}


def prepare(session: Session, clock: Clock, ends: list[dict[str, Any]], **notify: Any) -> int:
    """Write a fax to as many numbers as there are `ends`, each ended so; owe its summary."""
    account = Account(name="acme", timezone="Asia/Tokyo", settings={"notify": notify})
    session.add(account)
    session.flush()
    recipients = [faxes.Recipient(f"00813123456{n:02d}", contact=f"Contact {n}") for n in range(len(ends))]
    fax = faxes.create_fax(session, account=account, subject="Order 1", recipients=recipients, now=clock())
    fax.pages, fax.batch = 3, "customers"
    for delivery, end in zip(fax.deliveries, ends, strict=True):
        delivery.completed_at = clock()
        for name, value in end.items():
            setattr(delivery, name, value)
    outbox.owe(
        session, "batch", "a@x.example", new_id=lambda: "<b.1@fax.example.org>", now=clock(), fax_id=fax.id
    )
    return fax.id


async def summary(
    store: AsyncStore,
    sender: Any,
    clock: Clock,
    ends: list[dict[str, Any]],
    also: Callable[..., None] | None = None,
    **notify: Any,
) -> EmailMessage:
    fax_id = await store.run(prepare, clock, ends, **notify)
    if also is not None:
        await store.run(also, fax_id)
    async with mail_server() as server:
        await sender(server.hop).sweep()
    assert server.envelopes == [("<>", ["a@x.example"])]
    return parsed(server.accepted[0])


def call(*pages: tuple[int, str], **values: Any) -> Attempt:
    attempt = Attempt(epoch=1, line="usb0", started_at=Clock().at, **values)
    attempt.pages = [Page(n=n, state=state) for n, state in pages]
    return attempt


async def test_the_summary_of_a_list(store: AsyncStore, clock: Clock, sender: Any) -> None:
    ends = [DONE, {**FAILED, "cause": Cause.BUSY}, {**FAILED, "cause": None}]
    mail = await summary(store, sender, clock, ends)
    assert mail["Subject"] == "Fax sent in part -> customers (1/3)"
    assert mail["X-TransactionID"] == "1"
    text = text_of(mail)
    assert "0081312345600 (Contact 0): OK" in text
    assert "0081312345601 (Contact 1): 6017-The number was busy." in text
    assert "0081312345602 (Contact 2): 1-" in text


async def test_the_page_that_was_refused_is_named_though_later_ones_were_taken(
    store: AsyncStore, clock: Clock, sender: Any
) -> None:
    rejected = {
        **FAILED,
        "cause": Cause.PAGE_REJECTED,
        "pages_confirmed": 2,
        "attempts": [call((1, "confirmed"), (2, "rejected"), (3, "confirmed"))],
    }
    text = text_of(await summary(store, sender, clock, [DONE, rejected]))
    assert "rejected page 2" in text


async def test_a_disconnect_has_the_number_of_where_it_happened(
    store: AsyncStore, clock: Clock, sender: Any
) -> None:
    cut = {**FAILED, "cause": Cause.REMOTE_DISCONNECT}
    ends = [{**cut, "attempts": [call((1, "sending"))]}, {**cut, "attempts": [call((1, "sending")), call()]}]
    text = text_of(await summary(store, sender, clock, ends))
    assert "0081312345600 (Contact 0): 3223-" in text
    assert "0081312345601 (Contact 1): 3230-" in text


async def test_simulated_lines_are_said_to_be_so(store: AsyncStore, clock: Clock, sender: Any) -> None:
    mail = await summary(store, sender, clock, [DONE, {**DONE, "attempts": [call(simulated=True)]}])
    assert mail["X-Postline-Simulated"] == "yes"
    assert text_of(mail).startswith("SIMULATED")


async def test_what_was_sent_again_later_is_not_in_the_summary(
    store: AsyncStore, clock: Clock, sender: Any
) -> None:
    def again(session: Session, fax_id: int) -> None:
        first = session.query(Delivery).filter_by(fax_id=fax_id).order_by(Delivery.number).first()
        assert first is not None
        number = faxes.allocate(session, "delivery")
        session.add(Delivery(
            number=number, fax_id=fax_id, account_id=first.account_id, destination="0081399999999",
            state=DeliveryState.QUEUED, due_at=clock(), created_at=clock(), resend_of=first.number,
        ))  # fmt: skip

    mail = await summary(store, sender, clock, [DONE, DONE], again)
    assert mail["Subject"].endswith("(2/2)")
    assert "99999999" not in text_of(mail)


async def test_an_account_without_contents_gets_numbers_and_an_address(
    store: AsyncStore, clock: Clock, sender: Any
) -> None:
    text = text_of(await summary(store, sender, clock, [DONE], contents=False))
    assert "Order" not in text
    assert "Contact 0" not in text
    assert "https://fax.example.org/fax/1" in text
