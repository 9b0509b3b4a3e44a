"""The render role with the real sandbox: accepted faxes come out ready, refused, or back in the queue."""

from __future__ import annotations

import asyncio
import pickle
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
from intake_fixtures import ACCOUNTS, CORPUS, NOON, House, Scripted, a_reading
from sqlalchemy import func, select
from waiting import wait_until

from gateway.domain.errors import Unavailable
from gateway.domain.outcome import Cause
from gateway.domain.states import DeliveryState, FaxState
from gateway.intake.reading import ReadError
from gateway.intake.rendering import LEASE, Order, TooManyInAll, count_pages, notification_address
from gateway.intake.submission import Submission, accept
from gateway.mailin.message import read
from gateway.store import accounts, faxes
from gateway.store.database import Store
from gateway.store.faxes import Recipient
from gateway.store.models import Account, Delivery, Event, Fax, Outbox
from render.document import Rendering
from render.errors import RenderFailed

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from render.sandbox import Sandbox


def mail(name: str) -> bytes:
    return (CORPUS / f"{name}.eml").read_bytes()


async def test_a_text_mail_becomes_pages_at_both_resolutions_and_its_delivery_is_queued(
    house: House, sandbox: Sandbox
) -> None:
    await house.submit(mail("iso2022jp_body_raw_subject"))
    assert await house.role(sandbox).sweep() == 1
    fax, delivery = await house.one(Fax), await house.one(Delivery)
    assert (fax.state, fax.subject, fax.pages) == (FaxState.READY, "見積のお願い", 1)
    assert fax.options == {"resolution": "fine"}
    assert {name: house.blobs.read(key)[:2] for name, key in fax.masters.items()} == {
        "standard": b"II",
        "fine": b"II",
    }
    assert (delivery.state, delivery.contact) == (DeliveryState.QUEUED, "山田太郎")


async def test_the_whole_mail_corpus_is_drawn_or_refused_with_a_cause(house: House, sandbox: Sandbox) -> None:
    samples = sorted(CORPUS.glob("*.eml"))
    for number, sample in enumerate(samples):
        await house.submit(sample.read_bytes(), f"008131234{number:04}")
    assert await house.role(sandbox).sweep() == len(samples)
    faxes_of = await house.store.read(lambda session: session.query(Fax).order_by(Fax.id).all())
    refused = {sample.stem: fax.cause for sample, fax in zip(samples, faxes_of, strict=True) if fax.cause}
    assert refused == {
        "nothing": Cause.NOTHING_TO_SEND,
        "pdf_only_bb": Cause.NOTHING_TO_SEND,
        "smime_inside": Cause.UNSUPPORTED_DOCUMENT,
    }
    assert all(fax.pages for fax in faxes_of if not fax.cause)


async def test_a_mail_with_nothing_to_send_fails_its_deliveries_and_owes_the_result(
    house: House, sandbox: Sandbox
) -> None:
    await house.submit(mail("pdf_only_bb"))
    await house.role(sandbox).sweep()
    fax, delivery, owed = await house.one(Fax), await house.one(Delivery), await house.one(Outbox)
    assert (fax.state, fax.cause) == (FaxState.REFUSED, Cause.NOTHING_TO_SEND)
    assert (delivery.state, delivery.cause) == (DeliveryState.FAILED, Cause.NOTHING_TO_SEND)
    assert (owed.kind, owed.recipient, owed.delivery_number) == (
        "result",
        "alice@acme.example",
        delivery.number,
    )


RECEIPT_WANTED = b"Disposition-Notification-To: <alice@acme.example>\r\n"


@pytest.mark.parametrize("known", ["read", "wished", "drawn"])
async def test_who_asked_for_a_receipt_gets_one_for_a_refused_fax_too(house: House, known: str) -> None:
    def wants_receipts(session: Session) -> None:
        session.get_one(Account, 1).settings = {"notify": {"mdn": True}}

    asked = "alice@acme.example"
    reading = a_reading(
        disposition_to=asked, options={"due": "2040-01-01 09:00"} if known == "wished" else {}
    )
    answers = {
        "read": [
            ReadError("nothing-to-send", "The mail holds nothing that could be faxed.", "", ("", ""), asked)
        ],
        "wished": [reading],
        "drawn": [reading, RenderFailed("", "The renderer failed on this document.")],
    }
    await house.store.run(wants_receipts)
    await house.submit(b"\r\nhello")
    await house.role(Scripted(*answers[known])).sweep()
    owed = await house.store.read(lambda session: {(o.kind, o.recipient) for o in session.query(Outbox)})
    assert owed == {("result", asked), ("mdn", asked)}


async def test_a_mail_that_is_not_understood_still_tells_who_wants_a_receipt() -> None:
    with pytest.raises(ReadError) as found:
        read(RECEIPT_WANTED + mail("pdf_only_bb"), {"domains": ["fax.example.org"]})
    assert pickle.loads(pickle.dumps(found.value)).disposition_to == "alice@acme.example"  # noqa: S301  (our own)


async def test_a_damaged_attachment_is_refused_under_its_name(house: House, sandbox: Sandbox) -> None:
    damaged = mail("octet_stream_pdf").replace(b"application/octet-stream", b"application/pdf")
    head, _, _ = damaged.partition(b"JVBERi0")
    await house.submit(head + b"JVBERi0x\r\n--=_b1--\r\n")
    await house.role(sandbox).sweep()
    fax = await house.one(Fax)
    assert (fax.state, fax.cause) == (FaxState.REFUSED, Cause.UNREADABLE_DOCUMENT)
    assert "ORDER.PDF" in fax.cause_detail


async def test_too_many_pages_are_refused(house: House, sandbox: Sandbox) -> None:
    await house.submit(b"Subject: long\r\n\r\n" + b"a\f" * 5 + b"b\r\n")
    await house.role(sandbox, max_pages=5).sweep()
    assert (await house.one(Fax)).cause is Cause.TOO_MANY_PAGES


async def test_pages_times_numbers_have_a_limit_too(house: House) -> None:
    await house.submit(b"\r\nhello", *(f"008131234{n:04}" for n in range(51)))
    await house.role(Scripted(a_reading(), Rendering({"fine": b"x"}, pages=99))).sweep()
    assert (await house.one(Fax)).cause is Cause.TOO_MANY_PAGES


@pytest.mark.parametrize(
    ("pages", "numbers", "to_lists", "fits"),
    [
        (10, 500, False, True),
        (1, 5001, False, False),
        (1, 5001, True, True),
        (1, 20_000, True, True),
        (3, 6667, True, False),
    ],
)
def test_the_limit_of_pages_and_one_past_it(pages: int, numbers: int, *, to_lists: bool, fits: bool) -> None:
    order = Order({}, numbers, to_lists, {}, ZoneInfo("UTC"), NOON)
    if fits:
        count_pages(pages, order)
    else:
        with pytest.raises(TooManyInAll, match=f"{pages} pages to {numbers} numbers are more than"):
            count_pages(pages, order)


async def test_a_reader_that_dies_is_an_unreadable_mail_not_a_lost_one(house: House) -> None:
    await house.submit(b"\r\nhello")
    await house.role(Scripted(RenderFailed("", "The document took too long to draw."))).sweep()
    fax = await house.one(Fax)
    assert (fax.state, fax.cause) == (FaxState.REFUSED, Cause.UNREADABLE_DOCUMENT)


async def test_a_fault_of_ours_fails_only_that_fax_and_says_so(house: House) -> None:
    await house.submit(b"\r\nhello")
    await house.submit(b"\r\nsecond")
    scripted = Scripted(KeyError("a bug"), a_reading(), Rendering({"fine": b"II"}, pages=1))
    assert await house.role(scripted).sweep() == 2
    causes = await house.store.read(lambda s: [fax.cause for fax in s.query(Fax).order_by(Fax.id)])
    assert causes == [Cause.INTERNAL, None]


async def test_a_fax_is_given_back_when_the_storage_does_not_take_its_pages(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    await house.submit(b"\r\nhello")
    role = house.role(Scripted(a_reading(), Rendering({"fine": b"II"}, pages=1)))

    def refuse(_kind: str, _data: bytes) -> str:
        raise Unavailable("no")

    monkeypatch.setattr(house.blobs, "put", refuse)
    lease = await house.store.run(faxes.claim_fax, "test", NOON, LEASE)
    assert lease is not None
    await role._one(lease)
    fax = await house.one(Fax)
    assert (fax.state, fax.worker) == (FaxState.ACCEPTED, None)


async def test_stopping_gives_back_what_is_under_way(house: House) -> None:
    await house.submit(b"\r\nhello")
    stop, started = asyncio.Event(), asyncio.Event()

    class Endless:
        async def arun(self, *_: Any, **__: Any) -> Any:
            started.set()
            await asyncio.Event().wait()

    running = asyncio.create_task(house.role(Endless()).run(stop))
    await asyncio.wait_for(started.wait(), 20)
    assert (await house.one(Fax)).state is FaxState.RENDERING
    stop.set()
    await asyncio.wait_for(running, 20)
    assert (await house.one(Fax)).state is FaxState.ACCEPTED


async def test_the_role_is_woken_by_an_acceptance(house: House) -> None:
    stop = asyncio.Event()
    scripted = Scripted(a_reading(), Rendering({"fine": b"II"}, pages=1))
    role = house.role(scripted, idle_seconds=3600.0)
    running = asyncio.create_task(role.run(stop))
    await house.submit(b"\r\nhello")
    role.wake.set()
    ready = select(func.count()).where(Fax.state == FaxState.READY)
    looker = Store(house.store.url)
    await asyncio.to_thread(wait_until, lambda: looker.read(lambda s: s.scalar(ready)), 20)
    looker.close()
    stop.set()
    await asyncio.wait_for(running, 20)
    kinds = await house.store.read(lambda s: [event.kind for event in s.query(Event).order_by(Event.id)])
    assert kinds == ["fax.accepted", "fax.rendered", "delivery.queued"]


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (("", ""), "alice@acme.example"),
        (("sales@orders.acme.example", ""), "sales@orders.acme.example"),
        (("stranger@evil.example", "ALICE@acme.example"), "ALICE@acme.example"),
        (("bob@other.example", "stranger@evil.example"), "alice@acme.example"),
    ],
    ids=["none", "reply-to of the account", "from of the account", "another account's"],
)
async def test_results_go_only_to_addresses_of_the_account(
    house: House, wanted: tuple[str, ...], expected: str
) -> None:
    found = await house.store.read(notification_address, 1, wanted, "alice@acme.example")
    assert found == expected


async def timed(house: House, **settings: Any) -> None:
    """Give the account these settings, too."""
    await house.store.run(accounts.provision, [ACCOUNTS[0] | settings], now=NOON)


async def test_a_deferred_mail_is_due_at_its_time_in_the_accounts_zone(
    house: House, sandbox: Sandbox
) -> None:
    await timed(house, timezone="Asia/Tokyo")  # it is 21:00 there
    await house.submit(b"Subject: Order /h {To} P.{Page} /d 2026-03-05 09:30\r\n\r\nfive chairs\r\n")
    await house.role(sandbox).sweep()
    fax, delivery = await house.one(Fax), await house.one(Delivery)
    assert (fax.subject, fax.options) == ("Order", {"header": "{To} P.{Page}", "defer": "2026-03-05 09:30"})
    assert (delivery.state, delivery.due_at) == (
        DeliveryState.QUEUED,
        datetime(2026, 3, 5, 0, 30, tzinfo=UTC),
    )


async def test_a_deferred_mail_due_outside_the_window_waits_for_it(house: House) -> None:
    await timed(house, calling_window="08:00-18:00")
    await house.submit(b"\r\nhello")
    scripted = Scripted(a_reading(options={"defer": "20:00"}), Rendering({"fine": b"II"}, pages=1))
    await house.role(scripted).sweep()
    delivery = await house.one(Delivery)
    assert (delivery.state, delivery.held_for) == (DeliveryState.HELD, "window")
    assert delivery.due_at == datetime(2026, 3, 5, 8, 0, tzinfo=UTC)


async def test_a_mail_deferred_too_far_is_refused_before_it_is_drawn(house: House) -> None:
    await house.submit(b"\r\nhello")
    scripted = Scripted(a_reading(subject="Order", options={"defer": "2026-04-04 12:01"}))
    await house.role(scripted).sweep()
    fax = await house.one(Fax)
    assert (fax.state, fax.cause, fax.subject) == (FaxState.REFUSED, Cause.BAD_OPTION, "Order")
    assert "more than 30 days ahead" in fax.cause_detail
    assert len(scripted.called) == 1


async def test_an_impossible_time_is_refused_and_not_sent_at_once(house: House, sandbox: Sandbox) -> None:
    await house.submit(b"Subject: Order /d 25:99\r\n\r\nfive chairs\r\n")
    await house.role(sandbox).sweep()
    assert (await house.one(Fax)).cause is Cause.BAD_OPTION


async def test_the_time_of_a_door_counts_unless_the_mail_has_its_own(house: House) -> None:
    key = house.blobs.put("message", b"\r\nhello")
    for own, due in (({}, 15), ({"defer": "16:00"}, 16)):
        submission = Submission(
            "smtp",
            1,
            "alice@acme.example",
            (Recipient("0081312345678"),),
            key,
            8,
            key[-64:],
            options={"defer": "15:00"},
        )
        await house.store.run(accept, submission, NOON)
        await house.role(Scripted(a_reading(options=own), Rendering({"fine": b"II"}, pages=1))).sweep()
        newest = await house.store.read(lambda s: s.query(Delivery).order_by(Delivery.number.desc()).first())
        assert newest is not None
        assert newest.due_at == NOON.replace(hour=due)
