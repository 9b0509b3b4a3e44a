"""From rows to a mail: what the account set, and the pages it wants to see."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import pytest
from notify_fixtures import Clock, mail_server, owe_result, parsed, text_of
from PIL import Image, ImageDraw

from gateway.domain.outcome import Cause
from gateway.domain.states import DeliveryState
from gateway.store.models import Attempt, Delivery, Page
from render.coding import coded_page
from render.tiff import write_tiff

if TYPE_CHECKING:
    from email.message import EmailMessage

    from sqlalchemy.orm import Session

    from gateway.store.blobs import LocalBlobs
    from gateway.store.database import AsyncStore


async def mail_of(store: AsyncStore, clock: Clock, sender: Any, **changes: Any) -> EmailMessage:
    """Owe a result, change its rows as told, send it; return the mail that arrived."""

    def prepare(session: Session) -> None:
        delivery = session.get_one(Delivery, owe_result(session, "alice@acme.example", clock))
        account = delivery.fax.account
        account.settings = {"notify": account.settings["notify"] | changes.pop("notify", {})}
        for attempt in changes.pop("attempts", ()):
            delivery.attempts.append(attempt)
        delivery.fax.masters = changes.pop("masters", {})
        for name, value in changes.items():
            setattr(delivery, name, value)

    await store.run(prepare)
    async with mail_server() as server:
        await sender(server.hop).sweep()
    return parsed(server.accepted[0])


def attempt(**values: Any) -> Attempt:
    return Attempt(epoch=1, line="sim", started_at=Clock().at, **values)


async def test_the_account_chooses_language_and_format(store: AsyncStore, clock: Clock, sender: Any) -> None:
    mail = await mail_of(store, clock, sender, notify={"language": "en", "format": "csv"})
    assert mail["Subject"] == "Fax sent successfully -> 0081363684300"
    assert text_of(mail).startswith("1,,2,0,注文 5521,0081363684300,0,2024-04-01 09:00:05,")


async def test_a_format_of_another_release_is_told_as_text(
    store: AsyncStore, clock: Clock, sender: Any
) -> None:
    mail = await mail_of(store, clock, sender, notify={"format": "smoke signals"})
    assert "送信結果: OK" in text_of(mail)


async def test_a_call_over_a_simulated_line_is_said_to_be_one(
    store: AsyncStore, clock: Clock, sender: Any
) -> None:
    mail = await mail_of(store, clock, sender, attempts=[attempt(simulated=True)])
    assert mail["X-Postline-Simulated"] == "yes"
    assert text_of(mail).startswith("【模擬回線】")


@pytest.mark.parametrize(("pages", "status"), [([], "3230-"), ([Page(n=1, state="sending")], "3223-")])
async def test_whether_a_page_was_under_way_decides_the_number_of_a_disconnect(
    store: AsyncStore, clock: Clock, sender: Any, pages: list[Page], status: str
) -> None:
    mail = await mail_of(
        store,
        clock,
        sender,
        attempts=[attempt(pages=pages)],
        cause=Cause.REMOTE_DISCONNECT,
        state=DeliveryState.FAILED,
        pages_confirmed=0,
    )
    assert f"送信結果: {status}" in text_of(mail)


async def test_the_image_is_the_sent_pages_as_group_3_in_the_resolution_of_the_call(
    store: AsyncStore, blobs: LocalBlobs, clock: Clock, sender: Any
) -> None:
    page = Image.new("1", (1728, 300), 1)
    ImageDraw.Draw(page).rectangle((100, 50, 900, 200), fill=0)
    masters = {
        name: blobs.put("master", write_tiff([coded_page(page, name), coded_page(page, name)]))
        for name in ("standard", "fine")
    }
    mail = await mail_of(
        store,
        clock,
        sender,
        notify={"attach_image": True},
        masters=masters,
        attempts=[attempt(resolution="standard", pages=[Page(n=n, state="confirmed") for n in (1, 2)])],
    )
    (image,) = mail.iter_attachments()
    with Image.open(io.BytesIO(image.get_content())) as tiff:
        assert (tiff.n_frames, tiff.info["compression"], tiff.info["dpi"][1]) == (2, "group3", 98.0)
        assert tiff.convert("1").tobytes() == page.tobytes()


async def test_the_image_has_the_header_line_of_the_call(
    store: AsyncStore, blobs: LocalBlobs, clock: Clock, sender: Any
) -> None:
    page = coded_page(Image.new("1", (1728, 600), 1), "fine")
    masters = {"fine": blobs.put("master", write_tiff([page, page]))}
    sent = [Page(n=n, state="confirmed") for n in (1, 2)]
    calls = [attempt(resolution="fine", pages=sent, header="Acme\tP. {Page}/02")]
    mail = await mail_of(store, clock, sender, notify={"attach_image": True}, masters=masters, attempts=calls)
    (image,) = mail.iter_attachments()
    with Image.open(io.BytesIO(image.get_content())) as tiff:
        assert tiff.convert("1").getextrema() == (0, 255), "the page itself is white"


@pytest.mark.parametrize(
    ("calls", "warned"),
    [
        (({1: "confirmed", 2: "awaiting"}, {2: "confirmed"}), "2ページは二重に届いている可能性があります"),
        (({1: "confirmed", 2: "sending"}, {2: "confirmed"}), ""),
        (({1: "confirmed", 2: "awaiting"}, {}), ""),
    ],
)
async def test_the_sender_is_told_of_a_page_that_may_have_arrived_twice(
    store: AsyncStore, clock: Clock, sender: Any, calls: tuple[dict[int, str], ...], warned: str
) -> None:
    attempts = [attempt(pages=[Page(n=n, state=state) for n, state in pages.items()]) for pages in calls]
    text = text_of(await mail_of(store, clock, sender, attempts=attempts))
    assert ("二重" in text) == bool(warned)
    assert warned in text


async def test_the_page_that_was_refused_is_named_though_later_ones_were_taken(
    store: AsyncStore, clock: Clock, sender: Any
) -> None:
    states = {1: "confirmed", 2: "rejected", 3: "confirmed"}
    mail = await mail_of(
        store,
        clock,
        sender,
        notify={"language": "en"},
        attempts=[attempt(pages=[Page(n=n, state=state) for n, state in states.items()])],
        cause=Cause.PAGE_REJECTED,
        state=DeliveryState.FAILED,
        pages_confirmed=2,
    )
    assert "page 2" in text_of(mail).lower()
    assert "page 3" not in text_of(mail).lower()


SAYS_SO_ITSELF = (Cause.NO_RESPONSE_PAGE, Cause.UNCERTAIN)
"""Its sentence stands twice in the mail: as the reason, and in the line of the result."""


@pytest.mark.parametrize(
    ("cause", "calls"),
    [
        (Cause.BUSY, ({1: "awaiting"}, {})),
        (Cause.CALL_DROPPED, ({1: "awaiting"},)),
        (Cause.CANCELLED, ({1: "awaiting"},)),
        (Cause.NO_RESPONSE_PAGE, ({1: "awaiting"},)),
        (Cause.UNCERTAIN, ({1: "awaiting"},)),
    ],
)
async def test_a_page_that_may_have_arrived_is_told_of_once_whatever_ended_the_last_call(
    store: AsyncStore, clock: Clock, sender: Any, cause: Cause, calls: tuple[dict[int, str], ...]
) -> None:
    final = {Cause.CANCELLED: DeliveryState.CANCELLED, Cause.UNCERTAIN: DeliveryState.UNCERTAIN}
    attempts = [attempt(pages=[Page(n=n, state=kind) for n, kind in pages.items()]) for pages in calls]
    changes = {"state": final.get(cause, DeliveryState.FAILED), "cause": cause, "pages_confirmed": 0}
    mail = await mail_of(store, clock, sender, notify={"language": "en"}, attempts=attempts, **changes)
    text = text_of(mail)
    assert text.count("may have arrived") == (2 if cause in SAYS_SO_ITSELF else 1)
    assert "Page 1 may have arrived" in text or cause in SAYS_SO_ITSELF
