"""From a call that ended to a mail in somebody's box, over the real store, real pages and a real server."""

from __future__ import annotations

import asyncio
import io
import itertools
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pikepdf
import pypdfium2
import pytest
from notify_fixtures import Clock, mail_server, parsed, text_of
from PIL import Image, ImageChops, ImageDraw
from sqlalchemy import select

from gateway.domain.outcome import Cause
from gateway.domain.states import ForwardState, ReceptionState
from gateway.notify.sender import OutboxSender
from gateway.receive.routing import NO_RULE, Router
from gateway.receive.writer import ForwardWriter
from gateway.store import certificates, receptions
from gateway.store.certificates import Given
from gateway.store.models import Account, BlobRow, Forward, Outbox, Reception, Route
from gateway.store.receptions import StoredPage
from render.coding import coded_page
from render.tiff import read_tiff, write_tiff

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from gateway.store.blobs import LocalBlobs
    from gateway.store.database import AsyncStore

WIDTH, ROWS = 1728, 400


def picture(n: int) -> Image.Image:
    page = Image.new("1", (WIDTH, ROWS), 1)
    ImageDraw.Draw(page).rectangle((100 * n, 50, 100 * n + 300, 200), fill=0)
    return page


def page_file(n: int) -> bytes:
    return write_tiff([coded_page(picture(n), "fine")])


def add_route(session: Session, *addresses: str, called: str = "+81344772288", form: str = "pdf") -> int:
    account = Account(name="acme", timezone="Asia/Tokyo", settings={"notify": {"language": "ja"}})
    session.add(account)
    session.flush()
    session.add(Route(account_id=account.id, called=called, forward=list(addresses), format=form))
    return account.id


def receive(session: Session, blobs: LocalBlobs, clock: Clock, pages: int, *, complete: bool = True) -> int:
    number = receptions.open_reception(
        session, line="usb0", worker="lines", now=clock(), called="0344772288", caller="0312345678"
    )
    receptions.identified(session, number, remote_id="+81 3 1234 5678")
    for n in range(1, pages + 1):
        key = blobs.put("page", page_file(n))
        page = StoredPage(n, key, WIDTH, ROWS, "fine", "MH", bad_lines=2 if n == 2 else 0)
        receptions.page_stored(session, number, page, clock())
        receptions.page_confirmed(session, number, n)
    cause = Cause.RECEIVED if complete else Cause.CALL_DROPPED
    receptions.close_reception(
        session, number, cause=cause, now=clock(), complete=complete, line_seconds=60.0
    )
    return number


@pytest.fixture
def router(store: AsyncStore, blobs: LocalBlobs, clock: Clock) -> Router:
    ids, tokens = itertools.count(1), itertools.count(1)
    return Router(
        store=store,
        blobs=blobs,
        operator=("ops@example.org",),
        now=clock,
        new_id=lambda: f"<f.{next(ids)}@fax.example.org>",
        new_token=lambda: f"t{next(tokens)}",
        idle_seconds=0.01,
    )


def sender_to(hop: Any, store: AsyncStore, blobs: LocalBlobs, clock: Clock) -> OutboxSender:
    writer = ForwardWriter("fax@fax.example.org", "fax.example.org", blobs)
    return OutboxSender(store, {"forward": writer}, hop.deliver, clock, "outbox-1")


def forwards(session: Session) -> list[Forward]:
    return list(session.scalars(select(Forward).order_by(Forward.id)))


def read(session: Session, number: int) -> Reception:
    return session.get_one(Reception, number)


def same_picture(left: Image.Image, right: Image.Image) -> bool:
    return (
        left.size == right.size
        and ImageChops.difference(left.convert("L"), right.convert("L")).getbbox() is None
    )


async def test_a_fax_goes_to_every_address_of_its_rule_and_says_which_rule(
    store: AsyncStore, blobs: LocalBlobs, clock: Clock, router: Router
) -> None:
    account = await store.run(add_route, "alice@acme.example", "backup@gmail.example", "alice@acme.example")
    number = await store.run(receive, blobs, clock, 2)
    assert await router.sweep() == 1
    reception = await store.read(read, number)
    assert (reception.state, reception.account_id) == (ReceptionState.ROUTED, account)
    assert reception.rule == "called number +81344772288: account acme"
    found = await store.read(forwards)
    assert [row.address for row in found] == ["alice@acme.example", "backup@gmail.example"]
    assert [row.token for row in found] == ["t1", "t2"]
    assert await router.sweep() == 0


async def test_the_document_is_one_file_of_all_pages_and_its_row_is_written(
    store: AsyncStore, blobs: LocalBlobs, clock: Clock, router: Router
) -> None:
    await store.run(add_route, "alice@acme.example")
    number = await store.run(receive, blobs, clock, 3)
    await router.sweep()
    key = (await store.read(read, number)).document
    assert key is not None
    pages = read_tiff(blobs.read(key))
    assert [page.rows for page in pages] == [ROWS] * 3
    assert await store.read(lambda session: session.get(BlobRow, key)) is not None
    tiff = Image.open(io.BytesIO(blobs.read(key)))
    for n in range(3):
        tiff.seek(n)
        assert same_picture(tiff.convert("1"), picture(n + 1))


async def test_what_no_rule_wants_goes_to_the_operator(
    store: AsyncStore, blobs: LocalBlobs, clock: Clock, router: Router
) -> None:
    await store.run(add_route, "alice@acme.example", called="+81399999999")
    number = await store.run(receive, blobs, clock, 1)
    async with mail_server() as server:
        await router.sweep()
        await sender_to(server.hop, store, blobs, clock).sweep()
    reception = await store.read(read, number)
    assert (reception.rule, reception.account_id) == (NO_RULE, None)
    assert "No forwarding rule matches" in text_of(parsed(server.accepted[0]))
    assert server.envelopes == [("fwd+t1@fax.example.org", ["ops@example.org"])]


async def test_a_call_that_broke_off_is_forwarded_and_marked_as_partial(
    store: AsyncStore, blobs: LocalBlobs, clock: Clock, router: Router
) -> None:
    await store.run(add_route, "alice@acme.example")
    await store.run(receive, blobs, clock, 1, complete=False)
    async with mail_server() as server:
        assert await router.sweep() == 1
        await sender_to(server.hop, store, blobs, clock).sweep()
    mail = parsed(server.accepted[0])
    assert mail["Subject"] == "FAXを一部だけ受信しました <- +81 3 1234 5678"
    assert "【不完全】" in text_of(mail)


async def test_a_call_without_a_page_is_forwarded_to_nobody(
    store: AsyncStore, blobs: LocalBlobs, clock: Clock, router: Router
) -> None:
    await store.run(add_route, "alice@acme.example")
    number = await store.run(receive, blobs, clock, 0, complete=False)
    assert await router.sweep() == 0
    assert (await store.read(read, number)).state is ReceptionState.PARTIAL


async def test_the_pdf_shows_the_pages_pixel_for_pixel_to_a_reader_not_ours(
    store: AsyncStore, blobs: LocalBlobs, clock: Clock, router: Router
) -> None:
    await store.run(add_route, "alice@acme.example")
    await store.run(receive, blobs, clock, 2)
    async with mail_server() as server:
        await router.sweep()
        await sender_to(server.hop, store, blobs, clock).sweep()
    (attachment,) = parsed(server.accepted[0]).iter_attachments()
    assert attachment.get_content_type() == "application/pdf"
    with pikepdf.open(io.BytesIO(attachment.get_content())) as pdf:
        assert len(pdf.pages) == 2
    document = pypdfium2.PdfDocument(attachment.get_content())
    for n, page in enumerate(document, 1):
        (image,) = page.get_objects(filter=[pypdfium2.raw.FPDF_PAGEOBJ_IMAGE])
        assert same_picture(image.get_bitmap().to_pil(), picture(n))
    document.close()


async def test_the_tiff_and_the_words_arrive_and_the_forward_is_sent(
    store: AsyncStore, blobs: LocalBlobs, clock: Clock, router: Router
) -> None:
    await store.run(add_route, "alice@acme.example", form="tiff")
    number = await store.run(receive, blobs, clock, 2)
    async with mail_server() as server:
        await router.sweep()
        await sender_to(server.hop, store, blobs, clock).sweep()
    mail = parsed(server.accepted[0])
    (attachment,) = mail.iter_attachments()
    assert attachment.get_filename() == f"{number}.tif"
    assert attachment.get_content() == blobs.read((await store.read(read, number)).document or "")
    assert mail["Subject"] == "FAXを受信しました <- +81 3 1234 5678"
    assert {
        "着信番号: 0344772288",
        "発信者番号: 0312345678",
        "ページ数: 2",
        "通信時間(秒): 60",
        "乱れた行数: 2",
    } <= set(text_of(mail).splitlines())
    (forward,) = await store.read(forwards)
    assert (forward.state, forward.sent_at) == (ForwardState.SENT, clock())


async def test_one_refused_address_fails_and_the_other_still_gets_the_fax(
    store: AsyncStore, blobs: LocalBlobs, clock: Clock, router: Router
) -> None:
    await store.run(add_route, "gone@acme.example", "backup@gmail.example")
    await store.run(receive, blobs, clock, 1)
    async with mail_server(refuse={"gone@acme.example"}) as server:
        await router.sweep()
        await sender_to(server.hop, store, blobs, clock).sweep()
    gone, backup = await store.read(forwards)
    assert (gone.state, gone.detail) == (ForwardState.FAILED, "550 5.1.1 no such user")
    assert backup.state is ForwardState.SENT
    assert len(server.accepted) == 1


async def test_a_reception_whose_page_is_lost_waits_and_holds_up_no_other(
    store: AsyncStore, blobs: LocalBlobs, clock: Clock, router: Router
) -> None:
    await store.run(add_route, "alice@acme.example")
    broken = await store.run(receive, blobs, clock, 1)
    page = blobs.path((await store.read(lambda s: receptions.get_reception(s, broken))).pages[0].blob)
    saved = page.read_bytes()
    page.write_bytes(b"not a TIFF")
    other = await store.run(lambda s: receive_of(s, blobs, clock))
    assert await router.sweep() == 1
    assert (await store.read(read, other)).state is ReceptionState.ROUTED
    page.write_bytes(saved)
    assert await router.sweep() == 0
    clock.forward(minutes=1)
    assert await router.sweep() == 1
    assert (await store.read(read, broken)).state is ReceptionState.ROUTED


def receive_of(session: Session, blobs: LocalBlobs, clock: Clock) -> int:
    """A reception whose only page differs from page 1 of the others."""
    number = receptions.open_reception(session, line="usb0", worker="lines", now=clock(), called="0344772288")
    page = StoredPage(1, blobs.put("page", page_file(9)), WIDTH, ROWS, "fine", "MH")
    receptions.page_stored(session, number, page, clock())
    receptions.close_reception(session, number, cause=Cause.RECEIVED, now=clock(), complete=True)
    return number


async def test_two_routers_never_forward_one_fax_twice(
    store: AsyncStore, blobs: LocalBlobs, clock: Clock, router: Router
) -> None:
    await store.run(add_route, "alice@acme.example")
    await store.run(receive, blobs, clock, 1)
    counts = await asyncio.gather(router.sweep(), router.sweep())
    assert sum(counts) == 1
    assert len(await store.read(lambda session: session.scalars(select(Outbox)).all())) == 1


async def test_the_role_routes_what_comes_while_it_runs_and_stops_when_told(
    store: AsyncStore, blobs: LocalBlobs, clock: Clock, router: Router
) -> None:
    await store.run(add_route, "alice@acme.example")
    stop, routed = asyncio.Event(), asyncio.Event()

    def new_token() -> str:
        routed.set()
        return "t"

    role = asyncio.create_task(replace(router, new_token=new_token).run(stop))
    number = await store.run(receive, blobs, clock, 1)
    await asyncio.wait_for(routed.wait(), 30)
    stop.set()
    await role
    assert (await store.read(read, number)).state is ReceptionState.ROUTED


async def test_each_address_gets_its_own_format_and_protection(
    store: AsyncStore, blobs: LocalBlobs, clock: Clock, router: Router
) -> None:
    def prepare(session: Session) -> None:
        add_route(session, "a@acme.example", "b@acme.example", "c@acme.example")
        session.query(Route).one().settings = {
            "b@acme.example": {"format": "tiff", "sign": True, "encrypt": "try"}
        }
        given = Given("encrypt", b"der", "f" * 64, clock() + timedelta(days=9), "c@acme.example")
        certificates.enrol(session, session.query(Account).one().id, given, actor="c", now=clock())

    await store.run(prepare)
    await store.run(receive, blobs, clock, 1)
    await router.sweep()
    rows = await store.read(lambda s: [(f.address, f.format, f.protection) for f in forwards(s)])
    assert rows == [
        ("a@acme.example", "pdf", {}),
        ("b@acme.example", "tiff", {"sign": True, "encrypt": "try"}),
        ("c@acme.example", "pdf", {"sign": True, "encrypt": "required"}),
    ]
