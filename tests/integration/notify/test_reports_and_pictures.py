"""Reports as PDF and pictures of pages: drawn from rows and blobs; a mail without them if they are gone."""

from __future__ import annotations

import io
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import pikepdf
import pypdfium2
import pytest
import structlog
from notify_fixtures import Clock, mail_server, owe_result, parsed, text_of
from PIL import Image

from gateway.store.models import Attempt, Delivery, Page
from gateway.transmitted import pages_of
from render.coding import coded_page
from render.errors import RenderFailed
from render.tiff import write_tiff

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from email.message import EmailMessage

    from sqlalchemy.orm import Session

    from gateway.notify.office import Office
    from gateway.store.blobs import LocalBlobs
    from gateway.store.database import AsyncStore


@pytest.fixture
def master(blobs: LocalBlobs) -> str:
    page = coded_page(Image.new("1", (1728, 2292), 1), "fine")
    return blobs.put("master", write_tiff([page, page]))


def prepare(session: Session, clock: Clock, master: str, calls: int, notify: dict[str, Any]) -> int:
    number = owe_result(session, "alice@acme.example", clock)
    delivery = session.get_one(Delivery, number)
    delivery.fax.account.settings = {"notify": {"language": "en", **notify}}
    delivery.fax.masters = {"fine": master}
    for _ in range(calls):
        call = Attempt(
            epoch=1,
            line="usb0",
            started_at=clock(),
            dialled_at=clock(),
            resolution="fine",
            rate=14400,
            line_seconds=61.4,
            cause="sent",
            remote_id="+81 3 6368 4300",
            header="Acme\tP. {Page}/02",
        )
        call.pages = [Page(n=n, state="confirmed", bytes=1000 + n, seconds=12.5, rate=14400) for n in (1, 2)]
        delivery.attempts.append(call)
    return number


@pytest.fixture
def mailed(
    store: AsyncStore, clock: Clock, sender: Any, master: str
) -> Callable[..., Awaitable[EmailMessage]]:
    """Return what sends the result of a fax with pages, with these `notify` settings."""

    async def send(calls: int = 1, master: str = master, **notify: Any) -> EmailMessage:
        await store.run(prepare, clock, master, calls, notify)
        async with mail_server() as server:
            await sender(server.hop).sweep()
        return parsed(server.accepted[0])

    return send


def attached(mail: EmailMessage) -> dict[str, Any]:
    return {str(part.get_filename()): part.get_content() for part in mail.iter_attachments()}


async def test_the_report_is_a_pdf_with_the_first_page_and_the_sum_of_what_was_sent(
    store: AsyncStore, blobs: LocalBlobs, mailed: Callable[..., Awaitable[EmailMessage]]
) -> None:
    mail = await mailed(report=True)
    report = attached(mail)["report-1.pdf"]
    text = "".join(page.get_textpage().get_text_range() for page in pypdfium2.PdfDocument(report))
    assert "Transmission report" in text
    assert "14400 bit/s" in text
    assert "ab" * 32 in text, "the submission as received"

    def sent(session: Session) -> str:
        delivery = session.get_one(Delivery, 1)
        _ = [call.pages for call in delivery.attempts]
        return sha256(write_tiff(pages_of(delivery, blobs.read))).hexdigest()

    assert await store.read(sent) in text
    with pikepdf.open(io.BytesIO(report)) as pdf:
        assert sum(len(page.get_images()) for page in pdf.pages) == 1


async def test_a_second_sending_has_the_same_report(
    store: AsyncStore, clock: Clock, sender: Any, master: str
) -> None:
    await store.run(prepare, clock, master, 1, {"report": True})
    async with mail_server(plan=["drop", "take"]) as server:
        await sender(server.hop).sweep()
        clock.forward(hours=1)
        await sender(server.hop).sweep()
    first, second = server.accepted
    assert first == second


async def test_report_and_image_stand_side_by_side(mailed: Callable[..., Awaitable[EmailMessage]]) -> None:
    mail = await mailed(report=True, attach_image=True, format="html")
    assert mail.get_content_type() == "multipart/mixed"
    assert list(attached(mail)) == ["1.tif", "report-1.pdf"]


async def test_a_fax_that_was_never_dialled_has_no_report(
    mailed: Callable[..., Awaitable[EmailMessage]],
) -> None:
    assert attached(await mailed(calls=0, report=True)) == {}


async def test_without_contents_the_report_has_no_picture_and_no_words_of_the_senders(
    mailed: Callable[..., Awaitable[EmailMessage]],
) -> None:
    mail = await mailed(report=True, attach_image=True, contents=False)
    assert list(attached(mail)) == ["report-1.pdf"]
    report = attached(mail)["report-1.pdf"]
    text = "".join(page.get_textpage().get_text_range() for page in pypdfium2.PdfDocument(report))
    assert "5521" not in text + text_of(mail)
    assert "山田" not in text + text_of(mail)
    assert "https://fax.example.org/fax/1" in text_of(mail)
    with pikepdf.open(io.BytesIO(report)) as pdf:
        assert sum(len(page.get_images()) for page in pdf.pages) == 0


async def test_pages_that_are_gone_do_not_keep_the_news_back(
    mailed: Callable[..., Awaitable[EmailMessage]],
) -> None:
    gone = "master/00/" + "0" * 64
    mail = await mailed(master=gone, report=True, attach_image=True)
    assert attached(mail) == {}
    assert "The picture of the pages could not be attached." in text_of(mail)
    assert "The transmission report could not be drawn." in text_of(mail)


async def test_a_typesetter_that_dies_does_not_keep_the_news_back(
    office: Office, mailed: Callable[..., Awaitable[EmailMessage]]
) -> None:
    def dies(*_: Any) -> bytes:
        raise RenderFailed("", "The renderer crashed.")

    object.__setattr__(office, "typeset", dies)
    with structlog.testing.capture_logs() as logged:
        mail = await mailed(report=True)
    assert "The transmission report could not be drawn." in text_of(mail)
    assert "report.not_drawn" in [record["event"] for record in logged]
