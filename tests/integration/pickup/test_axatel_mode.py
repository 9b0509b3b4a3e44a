"""A mailbox in Axatel's mode: number in the subject, one TIFF, a sender within the mask (axatel.md)."""

from __future__ import annotations

import asyncio
import io
from email.message import EmailMessage
from typing import TYPE_CHECKING, Any

import pytest
from pickup_fixtures import MASK, Drawer, Office
from PIL import Image

from gateway.domain.outcome import Cause
from gateway.intake.rendering import RenderRole
from gateway.store.accounts import account_named
from gateway.store.models import Delivery, Fax, Message
from render.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    async with Office(tmp_path) as office:

        def give_mask(session: Any) -> None:
            account = account_named(session, "axatel")
            account.settings = {
                **account.settings,
                "axatel": {"mask": MASK, "address": "fax@fax.example.org"},
            }

        office.store.run(give_mask)
        yield office


def tiff() -> bytes:
    file = io.BytesIO()
    page = Image.new("1", (1728, 1100), 1)
    page.paste(0, (100, 100, 500, 300))
    page.save(file, "TIFF", compression="group4", dpi=(204, 98))
    return file.getvalue()


def scan(
    subject: str = "+375 17 123-45-67",
    *,
    sender: str = "user12@scan.example",
    from_: str = "user12@scan.example",
    files: int = 1,
) -> bytes:
    mail = EmailMessage()
    mail["Return-Path"] = f"<{sender}>"
    if from_:
        mail["From"] = from_
    mail["Subject"], mail["Message-ID"] = subject, "<scan@scan.example>"
    mail.set_content("Scanned by a machine.\n")
    for n in range(files):
        mail.add_attachment(tiff(), maintype="image", subtype="tiff", filename=f"{n}.tif")
    return mail.as_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


async def pick_up(office: Office, content: bytes, **mailbox: Any) -> None:
    drawer = Drawer()
    drawer.put(content)
    await office.pick_up(office.collector(drawer, axatel=True, **mailbox))


async def test_the_number_of_the_subject_is_called_and_the_mail_is_marked(office: Office) -> None:
    await pick_up(office, scan())
    [message] = office.rows(Message)
    assert office.numbers == ["00375171234567"]
    assert (message.door, message.envelope) == ("mailbox", {"axatel": True})
    assert message.evidence == {"by": "mailbox", "mailbox": "box"}


@pytest.mark.parametrize(
    ("subject", "numbers", "refusals"), [("+375 17 123-45-67", ["00375171234567"], 0), ("Hello", [], 1)]
)
async def test_in_any_mailbox_the_address_of_the_account_stands_for_the_number_in_the_subject(
    office: Office, subject: str, numbers: list[str], refusals: int
) -> None:
    drawer = Drawer()
    drawer.put(b"X-Original-To: fax@fax.example.org\r\n" + scan(subject))
    await office.pick_up(office.collector(drawer))
    assert office.numbers == numbers
    assert [message.envelope for message in office.rows(Message)] == [{"axatel": True} for _ in numbers]
    assert [row.data["face"] for row in office.owed("refusal")] == ["axatel"] * refusals


@pytest.mark.parametrize(
    ("mail", "mailbox"),
    [
        (scan(sender="userx@scan.example", from_="userx@scan.example"), {}),
        (scan(sender="user1@evil.example"), {}),
        (scan(from_="boss@scan.example"), {}),
        (scan(sender=""), {}),
        (scan(), {"account": "acme"}),
        (scan(), {"trusted": False}),
    ],
)
async def test_a_sender_outside_the_mask_is_dropped_without_a_word(
    office: Office, mail: bytes, mailbox: dict[str, Any]
) -> None:
    await pick_up(office, mail, **mailbox)
    assert office.numbers == office.owed("refusal") == []
    assert len(office.audited("pickup.refused")) == 1


async def test_an_empty_from_header_is_no_contradiction(office: Office) -> None:
    await pick_up(office, scan(from_=""))
    assert len(office.numbers) == 1


@pytest.mark.parametrize(
    ("subject", "reason"),
    [
        ("Hello", "The subject names no fax number."),
        ("80171234567 and 80177654321", "The subject names more than one number."),
        ("+375 33", "Not a fax number that can be dialled: +37533."),
    ],
)
async def test_a_subject_without_one_number_is_refused_by_mail_at_once(
    office: Office, subject: str, reason: str
) -> None:
    await pick_up(office, scan(subject))
    [row] = office.owed("refusal")
    assert office.numbers == []
    assert (row.recipient, row.data["reason"]) == ("user12@scan.example", reason)
    assert row.data["face"] == "axatel"


@pytest.mark.parametrize("files", [0, 1, 2])
async def test_exactly_one_tiff_is_drawn_and_anything_else_ends_in_a_status_mail(
    office: Office, files: int
) -> None:
    await pick_up(office, scan(files=files))
    with Sandbox(("gateway.mailin.axatel",)) as sandbox:
        await asyncio.to_thread(sandbox.start)
        role = RenderRole(
            store=office.desk.store,
            blobs=office.blobs,
            sandbox=sandbox,
            readers={"mailbox": "gateway.mailin.axatel:read"},
            now=office.desk.now,
            new_id=office.desk.new_id,
            worker="test",
            wake=asyncio.Event(),
            domains=("fax.example.org",),
        )
        await role.sweep()
    [fax], [delivery] = office.rows(Fax), office.rows(Delivery)
    if files == 1:
        assert (fax.pages, fax.cause) == (1, None)
        assert office.owed("result") == []
    else:
        assert delivery.cause is Cause.UNSUPPORTED_DOCUMENT
        assert f"it holds {files} attachments" in delivery.cause_detail
        [row] = office.owed("result")
        assert row.recipient == "user12@scan.example"
